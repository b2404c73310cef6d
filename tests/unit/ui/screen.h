/*
 * screen.h - what every grid must be, whatever was drawn on it, and a small fixed-seed generator for fuzzing.
 */
#ifndef CT_TESTS_UNIT_UI_SCREEN_H
#define CT_TESTS_UNIT_UI_SCREEN_H

#include "test.h"

#include "grid.h"
#include "theme.h"

static inline uint32_t random_next(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return (uint32_t)(*seed >> 33);
}

static inline int random_between(uint64_t *seed, int low, int high)
{
    return low + (int)(random_next(seed) % (uint32_t)(high - low + 1));
}

/* Fails unless every cell is sound and no wide cluster is split. */
static inline void assert_screen_sound(const struct grid *g)
{
    for (int row = 0; row < g->rows; row++)
        for (int col = 0; col < g->cols; col++) {
            const struct cell *cell = grid_at(g, row, col);
            struct slice text = slice_make(cell->text, cell->len);
            bool second = col > 0 && grid_at(g, row, col - 1)->width == 2;
            if (cell->len > CELL_BYTES_MAX || !text_is_clean(text) || cell->role >= ROLE_COUNT)
                fail_msg("cell %d,%d holds what no terminal may see", row, col);
            if ((cell->width == 0) != second || (cell->width == 0) != (cell->len == 0))
                fail_msg("cell %d,%d: a wide cluster is split", row, col);
            if (cell->width == 2 && col + 1 == g->cols)
                fail_msg("cell %d,%d: a wide cluster hangs over the edge", row, col);
            if (cell->len && text_width(text) != cell->width)
                fail_msg("cell %d,%d: width %d, measured %zu", row, col, cell->width, text_width(text));
        }
}

/* True when the row, read as text, holds the words. */
static inline bool screen_row_has(const struct grid *g, int row, const char *words)
{
    char text[4 * GRID_COLS_MAX];
    size_t len = 0;
    for (int col = 0; col < g->cols; col++) {
        const struct cell *cell = grid_at(g, row, col);
        memcpy(text + len, cell->text, cell->len);
        len += cell->len;
    }
    struct slice all = slice_make(text, len);
    return slice_find_slice(all, slice_str(words)) < all.len;
}

/* The first row that holds the words, or -1. */
static inline int screen_find(const struct grid *g, const char *words)
{
    for (int row = 0; row < g->rows; row++)
        if (screen_row_has(g, row, words))
            return row;
    return -1;
}

static inline bool screen_row_flagged(const struct grid *g, int row, int flag)
{
    for (int col = 0; col < g->cols; col++)
        if (grid_at(g, row, col)->flags & flag)
            return true;
    return false;
}

#endif
