#include "dump.h"

static bool is_blank(const struct cell *cell)
{
    return cell->len == 1 && cell->text[0] == ' ';
}

enum ct_err dump_grid(const struct grid *grid, struct buf *out)
{
    enum ct_err err = CT_OK;
    for (int row = 0; row < grid->rows && !err; row++) {
        err = buf_append_char(out, grid_at(grid, row, 0)->flags & CELL_SELECTED ? '>' : '|');
        size_t end = out->len;
        for (int col = 0; col < grid->cols && !err; col++) {
            const struct cell *cell = grid_at(grid, row, col);
            err = buf_append(out, slice_make(cell->text, cell->len));
            if (!is_blank(cell))
                end = out->len;
        }
        out->len = end;
        err = err ? err : buf_append_char(out, '\n');
    }
    return err;
}

/* The sixteen have numbers of their own; base is 30 for the text, 40 for what lies behind it. */
static enum ct_err put_color(struct buf *out, struct color c, int base)
{
    if (c.kind == COLOR_RGB)
        return buf_printf(out, ";%d;2;%d;%d;%d", base + 8, c.r, c.g, c.b);
    if (c.kind == COLOR_INDEX && c.r < 8)
        return buf_printf(out, ";%d", base + c.r);
    if (c.kind == COLOR_INDEX && c.r < 16)
        return buf_printf(out, ";%d", base + 60 + c.r - 8);
    if (c.kind == COLOR_INDEX)
        return buf_printf(out, ";%d;5;%d", base + 8, c.r);
    return CT_OK;
}

static enum ct_err put_style(struct buf *out, struct style s)
{
    enum ct_err err = buf_printf(out, "\033[0%s%s%s%s%s", s.attrs & STYLE_BOLD ? ";1" : "",
                                 s.attrs & STYLE_DIM ? ";2" : "", s.attrs & STYLE_ITALIC ? ";3" : "",
                                 s.attrs & STYLE_UNDERLINE ? ";4" : "", s.attrs & STYLE_REVERSE ? ";7" : "");
    err = err ? err : put_color(out, s.fg, 30);
    err = err ? err : put_color(out, s.bg, 40);
    return err ? err : buf_append_char(out, 'm');
}

enum ct_err dump_ansi(const struct grid *grid, const struct theme *theme, enum color_depth depth,
                      struct buf *out)
{
    enum ct_err err = CT_OK;
    for (int row = 0; row < grid->rows && !err; row++) {
        struct style now = {.fg = {.kind = COLOR_DEFAULT}, .bg = {.kind = COLOR_DEFAULT}};
        for (int col = 0; col < grid->cols && !err; col++) {
            const struct cell *cell = grid_at(grid, row, col);
            struct style style = theme_style(theme, cell->role, cell->flags, depth);
            if (cell->width && !style_equal(style, now)) {
                err = put_style(out, style);
                now = style;
            }
            err = err ? err : buf_append(out, slice_make(cell->text, cell->len));
        }
        err = err ? err : buf_append_str(out, "\033[0m\n");
    }
    return err;
}
