#include "grid.h"

#include "mem.h"

#include <stdlib.h>

static const struct cell BLANK = {.text = " ", .len = 1, .width = 1};

static int clamp(int value, int low, int high)
{
    return value < low ? low : value > high ? high : value;
}

void grid_init(struct grid *g, int cols, int rows)
{
    g->cells = NULL;
    g->cols = g->rows = 0;
    grid_resize(g, cols, rows);
}

void grid_finish(struct grid *g)
{
    free(g->cells);
    g->cells = NULL;
    g->cols = g->rows = 0;
}

void grid_resize(struct grid *g, int cols, int rows)
{
    cols = clamp(cols, 1, GRID_COLS_MAX);
    rows = clamp(rows, 1, GRID_ROWS_MAX);
    if (cols != g->cols || rows != g->rows) {
        g->cells = mem_grow(g->cells, (size_t)cols * (size_t)rows, sizeof(*g->cells));
        g->cols = cols;
        g->rows = rows;
    }
    grid_clear(g);
}

void grid_clear(struct grid *g)
{
    size_t count = (size_t)g->cols * (size_t)g->rows;
    for (size_t i = 0; i < count; i++)
        g->cells[i] = BLANK;
}

/* Cuts a box to the grid; false when nothing is left. Sums in long: callers may pass any int. */
static bool clip(const struct grid *g, int *row, int *col, int *rows, int *cols)
{
    long top = *row, left = *col, bottom = top + *rows, right = left + *cols;
    top = top < 0 ? 0 : top;
    left = left < 0 ? 0 : left;
    bottom = bottom > g->rows ? g->rows : bottom;
    right = right > g->cols ? g->cols : right;
    if (top >= bottom || left >= right)
        return false;
    *row = (int)top;
    *col = (int)left;
    *rows = (int)(bottom - top);
    *cols = (int)(right - left);
    return true;
}

/* Before columns [from, to) of a row are overwritten: a wide cluster that straddles an edge becomes blanks.
 */
static void mend_edges(struct grid *g, int row, int from, int to)
{
    struct cell *first = grid_at(g, row, from);
    if (first->width == 0 && from > 0) {
        struct cell *head = first - 1;
        uint8_t role = head->role, flags = head->flags;
        *head = BLANK;
        head->role = role;
        head->flags = flags;
    }
    if (to < g->cols) {
        struct cell *after = grid_at(g, row, to);
        if (after->width == 0) {
            uint8_t role = after->role, flags = after->flags;
            *after = BLANK;
            after->role = role;
            after->flags = flags;
        }
    }
}

/* What came past text_clean() unseen must still not reach a terminal. */
static bool is_safe(struct slice bytes)
{
    if (bytes.len == 1)
        return bytes.ptr[0] >= 0x20 && bytes.ptr[0] < 0x7f;
    return bytes.len <= CELL_BYTES_MAX && text_is_clean(bytes);
}

static void put_cluster(struct grid *g, int row, int col, const struct text_cluster *c, uint8_t role)
{
    struct slice bytes = c->bytes;
    struct cell *cell = grid_at(g, row, col);
    int width = c->width;
    if (!is_safe(bytes)) {
        bytes = SLICE_LIT("\xef\xbf\xbd");
        width = 1;
    }
    cell->len = (uint8_t)bytes.len;
    memcpy(cell->text, bytes.ptr, bytes.len);
    cell->width = (uint8_t)width;
    cell->role = role;
    cell->flags = 0;
    if (c->width == 2) {
        struct cell *half = cell + 1;
        *half = BLANK;
        half->role = role;
        if (width == 2)
            half->len = half->width = 0;
    }
}

static bool is_plain(char c)
{
    return c >= 0x20 && c < 0x7f;
}

/*
 * How many bytes from the start are characters of one byte and one column, at most max: nearly all text on a
 * screen, which need not be decoded. The last one may carry a mark when something else follows, so it does
 * not count then.
 */
static size_t plain_prefix(struct slice text, size_t max)
{
    size_t n = 0;
    while (n < text.len && n < max && is_plain(text.ptr[n]))
        n++;
    return n > 0 && n < text.len && !is_plain(text.ptr[n]) ? n - 1 : n;
}

/* Text that has already been found to fit. */
static int put_fitting(struct grid *g, int row, int col, struct slice text, int role)
{
    struct text_cluster c;
    int at = col;
    for (size_t plain = plain_prefix(text, text.len); plain; plain--) {
        struct cell *cell = grid_at(g, row, at++);
        *cell = BLANK;
        cell->text[0] = *text.ptr;
        cell->role = (uint8_t)role;
        text = (struct slice){text.ptr + 1, text.len - 1};
    }
    while (text_next(&text, &c)) {
        put_cluster(g, row, at, &c, (uint8_t)role);
        at += c.width;
    }
    return at - col;
}

/* Cuts text to width columns. *cut: an ellipsis has to follow. Returns the columns, ellipsis included. */
static int fit(struct slice *text, int width, bool *cut)
{
    size_t used, room = (size_t)width;
    if (plain_prefix(*text, room + 1) == text->len || plain_prefix(*text, room + 1) > room) {
        *cut = text->len > room;
        *text = slice_sub(*text, 0, *cut ? room - 1 : room);
        return (int)text->len + (*cut ? 1 : 0);
    }
    struct slice whole = text_prefix(*text, room, &used);
    *cut = whole.len < text->len;
    if (*cut)
        whole = text_prefix(*text, room - 1, &used);
    *text = whole;
    return (int)used + (*cut ? 1 : 0);
}

static int put_cut(struct grid *g, int row, int col, struct slice text, bool cut, int role)
{
    static const struct text_cluster ELLIPSIS = {{"\xe2\x80\xa6", 3}, 0x2026, 1};
    int used = put_fitting(g, row, col, text, role);
    if (cut) {
        put_cluster(g, row, col + used, &ELLIPSIS, (uint8_t)role);
        used++;
    }
    return used;
}

int grid_put(struct grid *g, int row, int col, int width, struct slice text, int role)
{
    int rows = 1;
    bool cut;
    if (col < 0 || !clip(g, &row, &col, &rows, &width))
        return 0;
    int used = fit(&text, width, &cut);
    if (used == 0)
        return 0;
    mend_edges(g, row, col, col + used);
    return put_cut(g, row, col, text, cut, role);
}

int grid_put_right(struct grid *g, int row, int col, int width, struct slice text, int role)
{
    int rows = 1;
    bool cut;
    if (col < 0 || !clip(g, &row, &col, &rows, &width))
        return 0;
    int used = fit(&text, width, &cut);
    if (used == 0)
        return 0;
    mend_edges(g, row, col + width - used, col + width);
    return put_cut(g, row, col + width - used, text, cut, role);
}

void grid_fill(struct grid *g, int row, int col, int rows, int cols, int role)
{
    struct cell blank = BLANK;
    blank.role = (uint8_t)role;
    if (!clip(g, &row, &col, &rows, &cols))
        return;
    for (int y = row; y < row + rows; y++) {
        mend_edges(g, y, col, col + cols);
        for (int x = col; x < col + cols; x++)
            *grid_at(g, y, x) = blank;
    }
}

void grid_flag(struct grid *g, int row, int col, int rows, int cols, int flags)
{
    if (!clip(g, &row, &col, &rows, &cols))
        return;
    for (int y = row; y < row + rows; y++)
        for (int x = col; x < col + cols; x++)
            grid_at(g, y, x)->flags |= (uint8_t)flags;
}

static bool cell_equal(const struct cell *a, const struct cell *b)
{
    return a->len == b->len && a->width == b->width && a->role == b->role && a->flags == b->flags &&
           memcmp(a->text, b->text, a->len) == 0;
}

bool grid_equal(const struct grid *a, const struct grid *b)
{
    if (a->cols != b->cols || a->rows != b->rows)
        return false;
    size_t count = (size_t)a->cols * (size_t)a->rows;
    for (size_t i = 0; i < count; i++)
        if (!cell_equal(&a->cells[i], &b->cells[i]))
            return false;
    return true;
}

void grid_copy(struct grid *to, const struct grid *from)
{
    if (to->cols != from->cols || to->rows != from->rows)
        grid_resize(to, from->cols, from->rows);
    memcpy(to->cells, from->cells, (size_t)from->cols * (size_t)from->rows * sizeof(*to->cells));
}
