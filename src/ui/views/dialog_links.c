/* The links of a row: open, copy or show. Those that do not apply say why. */
#include "dialog.h"
#include "glyph.h"
#include "ui_private.h"
#include "wrap.h"

#include <stdio.h>

#define TITLE_COLS 24
#define LIST_COLS  76

void ui_show_links(struct ui *ui, const char *about, const struct ui_link_item *items, size_t count)
{
    struct dialog *d = &ui->dialog;
    if (count == 0) {
        ui_say(ui, UI_INFO, "there are no links");
        return;
    }
    text_clean(slice_str(about), d->about, sizeof(d->about));
    d->links = items;
    d->link_count = (int)(count < UI_LINKS_MAX ? count : UI_LINKS_MAX);
    d->whole_url = false;
    dialog_open(ui, DIALOG_LINKS);
}

static int count(const struct ui *ui)
{
    return ui->dialog.link_count;
}

static const struct ui_link_item *selected(const struct ui *ui)
{
    return &ui->dialog.links[ui->dialog.cursor];
}

static bool applies(const struct ui_link_item *item)
{
    return item->url[0] || item->asks;
}

/* The key that opens this kind without the list. */
static enum action key_of(const char *kind)
{
    for (int a = ACTION_TEMPO; a <= ACTION_DASHBOARD; a++)
        if (strcmp(action_info((enum action)a)->name, kind) == 0)
            return (enum action)a;
    return ACTION_NONE;
}

static void draw(const struct ui *ui, struct grid *grid, struct area line, int index)
{
    const struct ui_link_item *item = &ui->dialog.links[index];
    struct pen pen = {grid, line.row, line.col, line.col + line.cols};
    struct key key;
    char name[KEY_NAME_MAX] = "";
    if (keymap_key(&ui->keymap, key_of(item->name), 0, &key))
        key_name(&key, name);
    pen_str(&pen, name, ROLE_HELP_KEY);
    pen.col = line.col + 3;
    pen_str(&pen, item->title, applies(item) ? ROLE_TEXT : ROLE_DIM);
    pen.col = pen.col + 2 > line.col + TITLE_COLS ? pen.col + 2 : line.col + TITLE_COLS;
    pen_str(&pen, applies(item) ? item->help : item->why, applies(item) ? ROLE_DETAIL : ROLE_WARNING);
}

static int note_rows(const struct ui *ui, int cols)
{
    struct slice rest = slice_str(selected(ui)->url);
    int rows = 0;
    if (cols < 1)
        return 1;
    while (rest.len) {
        wrap_next(&rest, cols);
        rows++;
    }
    return 2 + (ui->dialog.whole_url && rows > 1 ? rows : 1);
}

/* What the links are of, and the URL: one line is a hyperlink where the terminal knows them, all lines can be
 * selected by hand. */
static void draw_note(const struct ui *ui, struct grid *grid, struct area area)
{
    struct slice rest = slice_str(selected(ui)->url);
    if (area.rows > 1)
        grid_put(grid, area.row + 1, area.col, area.cols, slice_str(ui->dialog.about), ROLE_DIM);
    if (!ui->dialog.whole_url) {
        if (area.rows > 2)
            grid_put(grid, area.row + 2, area.col, area.cols, rest, ROLE_DETAIL);
        return;
    }
    for (int i = 2; i < area.rows && rest.len; i++)
        grid_put(grid, area.row + i, area.col, area.cols, wrap_next(&rest, area.cols), ROLE_TEXT);
}

static void ask(struct ui *ui, struct ui_effects *effects, enum ui_effect what)
{
    const struct ui_link_item *item = selected(ui);
    if (!applies(item)) {
        ui_say(ui, UI_WARNING, item->why);
        return;
    }
    effects->what |= (unsigned)what;
    effects->link = item->name;
    const struct ui_effects *of = &ui->dialog.link_target;
    effects->session_id = of->session_id;
    effects->node_id = of->node_id;
    effects->red_kind = of->red_kind;
    memcpy(effects->red_name, of->red_name, sizeof(effects->red_name));
}

static void moved(struct ui *ui, struct ui_effects *effects)
{
    if (selected(ui)->url[0])
        ask(ui, effects, UI_SHOW_LINK);
}

static void act(struct ui *ui, const struct ui_data *data, enum action action, struct ui_effects *effects)
{
    (void)data;
    switch (action) {
    case ACTION_LINK_OPEN:
        ask(ui, effects, UI_OPEN_LINK);
        if (effects->what & UI_OPEN_LINK)
            dialog_close(ui);
        break;
    case ACTION_LINK_COPY:
        ask(ui, effects, UI_COPY_LINK);
        break;
    case ACTION_LINK_SHOW:
        ui->dialog.whole_url = !ui->dialog.whole_url && selected(ui)->url[0];
        if (selected(ui)->url[0] || !applies(selected(ui)))
            ask(ui, effects, UI_SHOW_LINK);
        break;
    default:
        break;
    }
}

const struct dialog_look dialog_links = {
    .context = CONTEXT_LINKS,
    .title = "Open",
    .cols = LIST_COLS,
    .count = count,
    .draw = draw,
    .note_rows = note_rows,
    .draw_note = draw_note,
    .act = act,
    .click = ACTION_LINK_OPEN,
    .moved = moved,
};
