#include "term_link.h"

bool term_link_is_sound(struct slice url)
{
    for (size_t i = 0; i < url.len; i++) {
        if (url.ptr[i] <= ' ' || url.ptr[i] >= 127)
            return false;
    }
    return url.len > 0;
}

/* Columns from (row, col) that show the start of url; 0 when it is not there. */
static int shown_cols(struct slice url, const struct grid *grid, int row, int col)
{
    int n = 0;
    while (col + n < grid->cols && (size_t)n < url.len) {
        const struct cell *cell = grid_at(grid, row, col + n);
        if (cell->len != 1 || cell->text[0] != url.ptr[n])
            break;
        n++;
    }
    if ((size_t)n == url.len || n < TERM_LINK_COLS_MIN || col + n == grid->cols)
        return (size_t)n == url.len || n >= TERM_LINK_COLS_MIN ? n : 0;
    const struct cell *end = grid_at(grid, row, col + n);
    return slice_eq_str(slice_make(end->text, end->len), "\u2026") || (end->len == 1 && end->text[0] == '~')
               ? n
               : 0;
}

static void put_color(struct buf *out, struct color color, int base)
{
    if (color.kind == COLOR_RGB)
        buf_printf(out, ";%d;2;%d;%d;%d", base + 8, color.r, color.g, color.b);
    else if (color.kind == COLOR_INDEX && color.r < 8)
        buf_printf(out, ";%d", base + color.r);
    else if (color.kind == COLOR_INDEX && color.r < 16)
        buf_printf(out, ";%d", base + 60 + color.r - 8);
    else if (color.kind == COLOR_INDEX)
        buf_printf(out, ";%d;5;%d", base + 8, color.r);
}

static void put_style(struct buf *out, struct style style)
{
    static const struct {
        uint8_t attr;
        const char *code;
    } codes[] = {{STYLE_BOLD, ";1"},
                 {STYLE_DIM, ";2"},
                 {STYLE_ITALIC, ";3"},
                 {STYLE_UNDERLINE, ";4"},
                 {STYLE_REVERSE, ";7"}};
    buf_append_str(out, "\033[0");
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (style.attrs & codes[i].attr)
            buf_append_str(out, codes[i].code);
    }
    put_color(out, style.fg, 30);
    put_color(out, style.bg, 40);
    buf_append_char(out, 'm');
}

static enum ct_err put_link(struct slice url, const struct grid *grid, const struct theme *theme,
                            enum color_depth depth, int row, int col, int cols, struct buf *out)
{
    const struct cell *before = NULL;
    buf_printf(out, "\0337\033[%d;%dH\033]8;;%.*s\033\\", row + 1, col + 1, SLICE_ARG(url));
    for (int i = 0; i < cols; i++) {
        const struct cell *cell = grid_at(grid, row, col + i);
        if (!before || before->role != cell->role || before->flags != cell->flags)
            put_style(out, theme_style(theme, cell->role, cell->flags, depth));
        buf_append_char(out, cell->text[0]);
        before = cell;
    }
    return buf_append_str(out, "\033]8;;\033\\\0338");
}

enum ct_err term_link_draw(const char *url, const struct grid *grid, const struct theme *theme,
                           enum color_depth depth, struct buf *out)
{
    struct slice text = slice_str(url);
    size_t start = out->len;
    for (int row = 0; row < grid->rows; row++) {
        for (int col = 0; col < grid->cols; col++) {
            int cols = shown_cols(text, grid, row, col);
            if (cols == 0)
                continue;
            if (put_link(text, grid, theme, depth, row, col, cols, out)) {
                out->len = start; /* half a sequence would swallow what follows */
                return CT_ERR_LIMIT;
            }
            col += cols - 1;
        }
    }
    return CT_OK;
}
