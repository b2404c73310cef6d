#include "dialog.h"

#include "glyph.h"
#include "ui_private.h"

#include <stdio.h>

static const struct dialog_look *look_of(const struct ui *ui)
{
    static const struct dialog_look *const LOOKS[DIALOG_KIND_COUNT] = {
        [DIALOG_COLUMNS] = &dialog_columns,
        [DIALOG_LINKS] = &dialog_links,
        [DIALOG_SETTINGS] = &dialog_settings,
    };
    return LOOKS[ui->dialog.kind];
}

/* ------------------------------------------------------------------------------------------- the cursor */

static bool selectable(const struct ui *ui, int index)
{
    const struct dialog_look *look = look_of(ui);
    return index >= 0 && index < look->count(ui) && (!look->selectable || look->selectable(ui, index));
}

/* To the nearest line at or beyond index that can be selected, in the direction of by; else stays. */
static void move_to(struct ui *ui, int index, int by)
{
    int count = look_of(ui)->count(ui), step = by < 0 ? -1 : 1;
    index = index < 0 ? 0 : index >= count ? count - 1 : index;
    for (int i = index; i >= 0 && i < count; i += step)
        if (selectable(ui, i)) {
            ui->dialog.cursor = i;
            return;
        }
    for (int i = index; i >= 0 && i < count; i -= step)
        if (selectable(ui, i)) {
            ui->dialog.cursor = i;
            return;
        }
}

static void move_by(struct ui *ui, int by, struct ui_effects *effects)
{
    move_to(ui, ui->dialog.cursor + by, by);
    if (look_of(ui)->moved)
        look_of(ui)->moved(ui, effects);
}

void dialog_open(struct ui *ui, enum dialog_kind kind)
{
    bool again = ui->dialog.kind == kind;
    ui->dialog.kind = kind;
    ui->dialog.editing = false;
    if (!again)
        ui->dialog.cursor = ui->dialog.top = 0;
    if (!selectable(ui, ui->dialog.cursor))
        move_to(ui, ui->dialog.cursor, 1);
}

void dialog_close(struct ui *ui)
{
    ui->dialog.kind = DIALOG_NONE;
    ui->dialog.editing = false;
}

unsigned dialog_context(const struct ui *ui)
{
    return ui->dialog.editing ? CONTEXT_EDIT : look_of(ui)->context;
}

/* --------------------------------------------------------------------------------------------- drawing */

static void draw_frame(struct grid *grid, struct area a, const char *title)
{
    grid_fill(grid, a.row, a.col, a.rows, a.cols, ROLE_TEXT);
    for (int col = 1; col + 1 < a.cols; col++) {
        grid_put(grid, a.row, a.col + col, 1, slice_str(glyph(GLYPH_RULE)), ROLE_TREE_LINE);
        grid_put(grid, a.row + a.rows - 1, a.col + col, 1, slice_str(glyph(GLYPH_RULE)), ROLE_TREE_LINE);
    }
    for (int row = 1; row + 1 < a.rows; row++) {
        grid_put(grid, a.row + row, a.col, 1, slice_str(glyph(GLYPH_GUIDE)), ROLE_TREE_LINE);
        grid_put(grid, a.row + row, a.col + a.cols - 1, 1, slice_str(glyph(GLYPH_GUIDE)), ROLE_TREE_LINE);
    }
    grid_put(grid, a.row, a.col, 1, slice_str(glyph(GLYPH_CORNER_1)), ROLE_TREE_LINE);
    grid_put(grid, a.row, a.col + a.cols - 1, 1, slice_str(glyph(GLYPH_CORNER_2)), ROLE_TREE_LINE);
    grid_put(grid, a.row + a.rows - 1, a.col, 1, slice_str(glyph(GLYPH_CORNER_3)), ROLE_TREE_LINE);
    grid_put(grid, a.row + a.rows - 1, a.col + a.cols - 1, 1, slice_str(glyph(GLYPH_CORNER_4)),
             ROLE_TREE_LINE);
    struct pen pen = {grid, a.row, a.col + 2, a.col + a.cols - 2};
    pen_str(&pen, " ", ROLE_TEXT);
    pen_str(&pen, title, ROLE_HELP_TITLE);
    pen_str(&pen, " ", ROLE_TEXT);
}

static void draw_scroll_mark(struct grid *grid, const struct dialog *d, int count)
{
    struct area a = d->frame;
    if (d->top > 0)
        grid_put(grid, d->list.row, a.col + a.cols - 1, 1, slice_str(glyph(GLYPH_UP)), ROLE_TEXT);
    if (d->top + d->list.rows < count)
        grid_put(grid, d->list.row + d->list.rows - 1, a.col + a.cols - 1, 1, slice_str(glyph(GLYPH_OPEN)),
                 ROLE_TEXT);
}

/* Centered, as large as its lines need and the screen allows; between the header and the footer. */
void dialog_draw(struct ui *ui, struct grid *grid)
{
    struct dialog *d = &ui->dialog;
    const struct dialog_look *look = look_of(ui);
    int count = look->count(ui), most = grid->rows - 2;
    int cols = look->cols + 4 < grid->cols - 2 ? look->cols + 4 : grid->cols;
    int note = look->note_rows ? look->note_rows(ui, cols - 4) : 0;
    if (note > most - 4)
        note = most > 4 ? most - 4 : 0;
    int rows = count + 2 + note < most ? count + 2 + note : most;
    d->frame = (struct area){1 + (most - rows) / 2, (grid->cols - cols) / 2, rows, cols};
    d->list = (struct area){d->frame.row + 1, d->frame.col + 2, rows - 2 - note, cols - 4};
    draw_frame(grid, d->frame, look->title);
    int height = d->list.rows > 1 ? d->list.rows : 1;
    d->cursor = d->cursor < count ? d->cursor : count - 1;
    d->cursor = d->cursor < 0 ? 0 : d->cursor;
    /* The heading above the first line that can be selected is shown with it. */
    int above = d->cursor > 0 && !selectable(ui, d->cursor - 1) ? d->cursor - 1 : d->cursor;
    d->top = above < d->top ? above : d->top;
    d->top = d->cursor >= d->top + height ? d->cursor - height + 1 : d->top;
    d->top = d->top > count - height ? count - height : d->top;
    d->top = d->top < 0 ? 0 : d->top;
    for (int i = 0; i < d->list.rows && d->top + i < count; i++) {
        struct area line = {d->list.row + i, d->list.col, 1, d->list.cols};
        look->draw(ui, grid, line, d->top + i);
        if (d->top + i == d->cursor)
            grid_flag(grid, line.row, d->frame.col + 1, 1, d->frame.cols - 2, CELL_SELECTED);
    }
    draw_scroll_mark(grid, d, count);
    if (note)
        look->draw_note(ui, grid, (struct area){d->list.row + d->list.rows, d->list.col, note, d->list.cols});
}

/* ---------------------------------------------------------------------------------------- keys and clicks */

void dialog_act(struct ui *ui, const struct ui_data *data, enum action action, struct ui_effects *effects)
{
    int page = ui->dialog.list.rows > 1 ? ui->dialog.list.rows - 1 : 1;
    switch (action) {
    case ACTION_DIALOG_CLOSE:
        dialog_close(ui);
        break;
    case ACTION_UP:
        move_by(ui, -1, effects);
        break;
    case ACTION_DOWN:
        move_by(ui, 1, effects);
        break;
    case ACTION_PAGE_UP:
        move_by(ui, -page, effects);
        break;
    case ACTION_PAGE_DOWN:
        move_by(ui, page, effects);
        break;
    case ACTION_FIRST:
        move_by(ui, -ui->dialog.cursor, effects);
        break;
    case ACTION_LAST:
        move_by(ui, look_of(ui)->count(ui), effects);
        break;
    case ACTION_REPAINT:
        effects->what |= UI_REPAINT;
        break;
    case ACTION_NONE:
        break;
    default:
        look_of(ui)->act(ui, data, action, effects);
        break;
    }
}

void dialog_key(struct ui *ui, const struct ui_data *data, const struct key *key, struct ui_effects *effects)
{
    if (ui->dialog.editing)
        dialog_edit_key(ui, data, key, effects);
    else
        dialog_act(ui, data, keymap_lookup(&ui->keymap, dialog_context(ui), key), effects);
}

void dialog_mouse(struct ui *ui, const struct ui_data *data, const struct key *key,
                  struct ui_effects *effects)
{
    const struct dialog *d = &ui->dialog;
    struct area f = d->frame;
    if (d->editing)
        return;
    if (key->mouse == MOUSE_WHEEL_UP || key->mouse == MOUSE_WHEEL_DOWN) {
        move_by(ui, key->mouse == MOUSE_WHEEL_UP ? -3 : 3, effects);
        return;
    }
    if (key->mouse != MOUSE_PRESS && key->mouse != MOUSE_DOUBLE)
        return;
    if (key->row < f.row || key->row >= f.row + f.rows || key->col < f.col || key->col >= f.col + f.cols) {
        dialog_close(ui);
        return;
    }
    int index = key->row - d->list.row + d->top;
    if (key->row < d->list.row || key->row >= d->list.row + d->list.rows || !selectable(ui, index))
        return;
    move_by(ui, index - d->cursor, effects);
    if (key->mouse == MOUSE_DOUBLE)
        look_of(ui)->act(ui, data, look_of(ui)->click, effects);
}
