/* The choice of columns: which are shown, in what order. What is chosen is seen at once behind the list. */
#include "dialog.h"
#include "glyph.h"
#include "ui_private.h"
#include "wrap.h"

#include <stdio.h>

#define TITLE_COLS 9
#define LIST_COLS  66

static int count(const struct ui *ui)
{
    (void)ui;
    return COLUMN_COUNT - 1; /* the name is always there */
}

static enum column column_of(const struct ui *ui, int index)
{
    return (enum column)ui->columns.order[index + 1];
}

static void draw(const struct ui *ui, struct grid *grid, struct area line, int index)
{
    enum column c = column_of(ui, index);
    bool shown = ui->columns.shown[c];
    struct pen pen = {grid, line.row, line.col, line.col + line.cols};
    pen_str(&pen, shown ? glyph(GLYPH_DONE) : " ", ROLE_STATE_RUNNING);
    pen_str(&pen, " ", ROLE_TEXT);
    int from = pen.col;
    pen_str(&pen, column_info(c)->title, shown ? ROLE_HELP_KEY : ROLE_DIM);
    pen.col = from + TITLE_COLS;
    if (shown && ui->layout.columns[c].width == 0)
        pen_str(&pen, "no room: ", ROLE_WARNING);
    pen_str(&pen, column_info(c)->help, shown ? ROLE_TEXT : ROLE_DIM);
}

#define NOTE "Narrow screens drop columns; those you add stay longest."

static int note_rows(const struct ui *ui, int cols)
{
    struct slice rest = slice_str(NOTE);
    int rows = 0;
    (void)ui;
    for (; rest.len; rows++)
        wrap_next(&rest, cols);
    return rows;
}

static void draw_note(const struct ui *ui, struct grid *grid, struct area area)
{
    (void)ui;
    struct slice rest = slice_str(NOTE);
    for (int i = 0; i < area.rows && rest.len; i++)
        grid_put(grid, area.row + i, area.col, area.cols, wrap_next(&rest, area.cols), ROLE_DIM);
}

static void act(struct ui *ui, const struct ui_data *data, enum action action, struct ui_effects *effects)
{
    struct column_set *c = &ui->columns;
    int place = ui->dialog.cursor + 1;
    (void)data;
    switch (action) {
    case ACTION_COLUMN_TOGGLE:
        c->shown[c->order[place]] = !c->shown[c->order[place]];
        break;
    case ACTION_COLUMN_EARLIER:
        ui->dialog.cursor = columns_move(c, place, -1) - 1;
        break;
    case ACTION_COLUMN_LATER:
        ui->dialog.cursor = columns_move(c, place, 1) - 1;
        break;
    case ACTION_COLUMN_RESET:
        columns_init(c);
        break;
    case ACTION_COLUMN_SAVE:
        effects->what |= UI_SET;
        effects->setting = "columns";
        columns_format(c, effects->value);
        break;
    default:
        break;
    }
}

const struct dialog_look dialog_columns = {
    .context = CONTEXT_COLUMNS,
    .title = "Columns",
    .cols = LIST_COLS,
    .count = count,
    .draw = draw,
    .note_rows = note_rows,
    .draw_note = draw_note,
    .act = act,
    .click = ACTION_COLUMN_TOGGLE,
};
