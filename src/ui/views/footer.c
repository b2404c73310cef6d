/* The last line: the search text, a message, or the keys that matter, from the keymap. */
#include "glyph.h"
#include "ui_private.h"

#include <stdio.h>

#define HINT_PRIORITY_MAX 99

/* Enter has a sign of its own on keyboards. */
static const char *short_name(const struct key *key, char *name)
{
    return key->code == KEYCODE_ENTER ? glyph(GLYPH_ENTER) : key_name(key, name);
}

void footer_init(struct ui *ui)
{
    int count = 0;
    for (int p = 1; p <= HINT_PRIORITY_MAX; p++)
        for (int a = ACTION_NONE + 1; a < ACTION_COUNT; a++) {
            const struct action_info *info = action_info((enum action)a);
            struct key key;
            char name[KEY_NAME_MAX];
            if (info->priority != p || !info->label[0] || !keymap_key(&ui->keymap, (enum action)a, 0, &key))
                continue; /* or the user took its keys away */
            const char *shown = short_name(&key, name);
            struct hint *hint = &ui->hints[count++];
            snprintf(hint->key, sizeof(hint->key), "%s", shown);
            hint->action = (uint8_t)a;
            hint->width = (uint8_t)(text_width(slice_str(shown)) + 1 + strlen(info->label) + 2);
        }
    ui->hint_count = count;
}

/* That is where we are. */
static bool leads_here(const struct ui *ui, enum action action)
{
    static const enum action LEADS[UI_VIEW_COUNT] = {
        [UI_VIEW_TREE] = ACTION_VIEW_TREE,     [UI_VIEW_WATERFALL] = ACTION_VIEW_WATERFALL,
        [UI_VIEW_RED] = ACTION_VIEW_RED,       [UI_VIEW_EVENTS] = ACTION_VIEW_EVENTS,
        [UI_VIEW_DETAIL] = ACTION_VIEW_DETAIL, [UI_VIEW_FLOW] = ACTION_VIEW_FLOW,
    };
    return LEADS[ui->view] == action;
}

/* One hint that is not in the list of them. */
static void draw_hint(struct ui *ui, struct pen *pen, enum action action, const char *label)
{
    struct key key;
    char name[KEY_NAME_MAX];
    if (!keymap_key(&ui->keymap, action, 0, &key))
        return;
    int from = pen->col;
    pen_str(pen, short_name(&key, name), ROLE_FOOTER_KEY);
    pen_str(pen, " ", ROLE_FOOTER);
    pen_str(pen, label, ROLE_FOOTER);
    ui_add_hit(ui, pen->row, from, pen->col, action);
    pen->col += 2;
}

/* As many hints as fit, chosen by priority, shown in the order of the table. */
static void draw_hints(struct ui *ui, unsigned context, struct pen *pen)
{
    const struct hint *shown[ACTION_COUNT] = {0};
    int left = pen->edge - pen->col + 2;
    for (int i = 0; i < ui->hint_count; i++) {
        const struct hint *hint = &ui->hints[i];
        const struct action_info *info = action_info((enum action)hint->action);
        if (!(info->contexts & context) || hint->width > left || leads_here(ui, (enum action)hint->action))
            continue;
        /* Without a row there is nothing that the other keys could do. */
        if ((context & CONTEXT_NODES) && ui->rows.count == 0 && info->group != GROUP_PROGRAM)
            continue;
        shown[hint->action] = hint;
        left -= hint->width;
    }
    for (int a = ACTION_NONE + 1; a < ACTION_COUNT; a++) {
        if (!shown[a])
            continue;
        int from = pen->col;
        pen_str(pen, shown[a]->key, ROLE_FOOTER_KEY);
        pen_str(pen, " ", ROLE_FOOTER);
        pen_str(pen, action_info((enum action)a)->label, ROLE_FOOTER);
        ui_add_hit(ui, pen->row, from, pen->col, (enum action)a);
        pen->col += 2;
    }
}

static void draw_search(struct ui *ui, struct grid *grid, int row)
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
    if (!s->open && s->hits > 1) {
        draw_hint(ui, &pen, ACTION_NEXT, "Next");
        draw_hint(ui, &pen, ACTION_PREVIOUS, "Before");
    }
    draw_hints(ui, s->open ? CONTEXT_SEARCH : ui_context(ui), &pen);
}

static void draw_filter(struct ui *ui, struct grid *grid, int row)
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
