#include "screens.h"

#include <stdio.h>

/* The code point that starts here, decoded strictly; -1 when it is none. */
static long codepoint(const struct cell *cell, int at, int *len)
{
    const unsigned char *p = (const unsigned char *)cell->text + at;
    int left = cell->len - at;
    *len = p[0] < 0x80 ? 1 : p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (*len > left || (p[0] >= 0x80 && p[0] < 0xc2) || p[0] > 0xf4)
        return -1;
    long cp = *len == 1 ? p[0] : p[0] & (0xff >> (*len + 1));
    for (int i = 1; i < *len; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return -1;
        cp = cp << 6 | (p[i] & 0x3f);
    }
    static const long least[] = {0, 0, 0x80, 0x800, 0x10000};
    return cp < least[*len] || cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff) ? -1 : cp;
}

static bool harmful(long cp)
{
    static const struct {
        long from, to;
    } ranges[] = {
        {-1, 0x1f},       {0x7f, 0x9f},       {0x61c, 0x61c},     {0x200b, 0x200f},
        {0x2028, 0x202e}, {0x2060, 0x206f},   {0xfeff, 0xfeff},   {0xfff9, 0xfffb},
        {0xfe00, 0xfe0f}, {0x1f1e6, 0x1f1ff}, {0xe0000, 0xe0fff},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (cp >= ranges[i].from && cp <= ranges[i].to)
            return true;
    return false;
}

static const char *cell_problem(const struct grid *grid, int row, int col)
{
    const struct cell *cell = grid_at(grid, row, col);
    struct slice text = slice_make(cell->text, cell->len), rest = text;
    struct text_cluster cluster;
    if (cell->width == 0) {
        bool behind = col > 0 && grid_at(grid, row, col - 1)->width == 2;
        return !behind || cell->len ? "is half of a wide cluster that is not there" : NULL;
    }
    if (cell->len == 0 || cell->len > CELL_BYTES_MAX)
        return "has no text, or too much";
    for (int at = 0, len; at < cell->len; at += len)
        if (harmful(codepoint(cell, at, &len)))
            return "holds what a terminal must not get";
    if (!text_is_clean(text))
        return "holds text that is not clean";
    if (!text_next(&rest, &cluster) || rest.len || cluster.width != cell->width)
        return "is not one cluster of its width";
    if (cell->width == 2 && (col + 1 == grid->cols || grid_at(grid, row, col + 1)->width != 0))
        return "is wide and has no second half";
    return cell->width > 2 ? "is wider than two" : NULL;
}

const char *screen_problem(const struct grid *grid)
{
    static char words[128];
    for (int row = 0; row < grid->rows; row++)
        for (int col = 0; col < grid->cols; col++) {
            const char *what = cell_problem(grid, row, col);
            if (what) {
                snprintf(words, sizeof words, "cell %d of row %d of %dx%d %s", col, row, grid->cols,
                         grid->rows, what);
                return words;
            }
        }
    return NULL;
}
