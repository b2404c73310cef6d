/* The last line: the search text, a message, or the keys that matter, from the keymap. */
#include "glyph.h"
#include "ui_private.h"

#include <stdio.h>

/* Enter has a sign of its own on keyboards. */
static const char *short_name(const struct key *key, char *name)
{
    return key->code == KEYCODE_ENTER ? glyph(GLYPH_ENTER) : key_name(key, name);
}

static int hint_width(const struct ui *ui, enum action action)
{
    struct key key;
    char name[KEY_NAME_MAX];
    if (!keymap_key(&ui->keymap, action, 0, &key))
        return 0; /* the user took its keys away */
    return (int)text_width(slice_str(short_name(&key, name))) + 1 + (int)strlen(action_info(action)->label) +
           2;
}

/* As many hints as fit, chosen by priority, shown in the order of the table. */
static void draw_hints(const struct ui *ui, unsigned context, struct pen *pen)
{
    bool shown[ACTION_COUNT] = {false};
    int left = pen->edge - pen->col + 2;
    for (int p = 1; p <= 99; p++)
        for (int a = ACTION_NONE + 1; a < ACTION_COUNT; a++) {
            const struct action_info *info = action_info((enum action)a);
            int width = hint_width(ui, (enum action)a);
            if (info->priority != p || !(info->contexts & context) || !info->label[0] || width == 0 ||
                width > left)
                continue;
            if (a == ACTION_VIEW_TREE && ui->view == UI_VIEW_TREE)
                continue; /* that is where we are */
            if (a == ACTION_VIEW_WATERFALL && ui->view == UI_VIEW_WATERFALL)
                continue;
            if (a == ACTION_VIEW_RED && ui->view == UI_VIEW_RED)
                continue;
            if (a == ACTION_VIEW_EVENTS && ui->view == UI_VIEW_EVENTS)
                continue;
            /* Without a row there is nothing that the other keys could do. */
            if ((context & CONTEXT_NODES) && ui->rows.count == 0 && info->group != GROUP_PROGRAM)
                continue;
            shown[a] = true;
            left -= width;
        }
    for (int a = ACTION_NONE + 1; a < ACTION_COUNT; a++) {
        struct key key;
        char name[KEY_NAME_MAX];
        if (!shown[a] || !keymap_key(&ui->keymap, (enum action)a, 0, &key))
            continue;
        pen_str(pen, short_name(&key, name), ROLE_FOOTER_KEY);
        pen_str(pen, " ", ROLE_FOOTER);
        pen_str(pen, action_info((enum action)a)->label, ROLE_FOOTER);
        pen->col += 2;
    }
}

static void draw_search(const struct ui *ui, struct grid *grid, int row)
{
    char count[64];
    const struct search *s = &ui->search;
    if (s->len == 0)
        count[0] = '\0';
    else if (s->hits == 0)
        snprintf(count, sizeof(count), "not found");
    else
        snprintf(count, sizeof(count), "%zu of %zu", s->hit, s->hits);
    struct pen pen = {grid, row, 1, grid->cols - 1};
    pen_str(&pen, "/", ROLE_FOOTER_KEY);
    /* A long text shows its end: that is where one types. */
    struct slice text = search_text(ui);
    int room = pen.edge - pen.col - 1 - (count[0] ? (int)strlen(count) + 3 : 0);
    struct text_cluster skipped;
    while (room > 0 && (int)text_width(text) > room && text_next(&text, &skipped))
        ;
    pen_put(&pen, text, ROLE_FOOTER_INPUT);
    if (s->open)
        pen_str(&pen, glyph(GLYPH_CURSOR), ROLE_FOOTER_KEY);
    pen.col += 3;
    pen_str(&pen, count, s->len && s->hits == 0 ? ROLE_WARNING : ROLE_FOOTER);
    pen.col += 3;
    draw_hints(ui, s->open ? CONTEXT_SEARCH : ui_context(ui), &pen);
}

static void draw_filter(const struct ui *ui, struct grid *grid, int row)
{
    char count[64];
    const struct filter_line *l = &ui->filter_line;
    struct pen pen = {grid, row, 1, grid->cols - 1};
    pen_str(&pen, "filter ", ROLE_FOOTER_KEY);
    struct slice text = l->open ? slice_make(l->text, l->len) : slice_str(ui->filter.text);
    int room = (pen.edge - pen.col) / 2;
    struct text_cluster skipped;
    while (room > 0 && (int)text_width(text) > room && text_next(&text, &skipped))
        ;
    pen_put(&pen, text, ROLE_FOOTER_INPUT);
    if (l->open)
        pen_str(&pen, glyph(GLYPH_CURSOR), ROLE_FOOTER_KEY);
    pen.col += 2;
    if (l->open && l->problem[0]) {
        pen_str(&pen, l->problem, ROLE_WARNING);
        return;
    }
    snprintf(count, sizeof(count), "%zu session%s", ui->rows.sessions, ui->rows.sessions == 1 ? "" : "s");
    pen_str(&pen, count, ROLE_FOOTER);
    pen.col += 2;
    draw_hints(ui, l->open ? CONTEXT_FILTER : ui_context(ui), &pen);
}

static void draw_more(struct grid *grid, int row)
{
    char text[32];
    snprintf(text, sizeof(text), "more below %s", glyph(GLYPH_OPEN));
    grid_put_right(grid, row, grid->cols / 2, grid->cols / 2 - 1, slice_str(text), ROLE_FOOTER);
}

void footer_draw(struct ui *ui, const struct ui_data *data, struct grid *grid, int row)
{
    static const int MESSAGE_ROLES[] = {
        [UI_INFO] = ROLE_TEXT, [UI_WARNING] = ROLE_WARNING, [UI_ERROR] = ROLE_ERROR};
    struct pen pen = {grid, row, 1, grid->cols - 1};
    (void)data;
    if (ui->message[0] && !ui->search.open && !ui->filter_line.open) {
        grid_fill(grid, row, 0, 1, grid->cols, ROLE_TEXT);
        pen_str(&pen, ui->message, MESSAGE_ROLES[ui->severity]);
    } else if (ui->search.open || (ui->search.len && !ui->help)) {
        draw_search(ui, grid, row);
    } else if (ui->filter_line.open || (ui->filter.count && !ui->help)) {
        draw_filter(ui, grid, row);
    } else {
        draw_hints(ui, ui_context(ui), &pen);
        if (ui->help && ui->help_top + grid->rows - 2 < ui->help_lines)
            draw_more(grid, row);
    }
}
