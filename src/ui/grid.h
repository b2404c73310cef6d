/*
 * grid.h - a virtual screen: the only thing that views draw on and the only thing that a terminal shows.
 *
 * A cell holds one cluster (text.h) and a role: what the text means, not what colour it has; the theme gives
 * roles their looks. A wide cluster takes two cells: the second has width 0 and no text. Invariant, kept by
 * every grid_* function whatever it is given: no wide cluster is ever split, and nothing is written outside
 * the box asked for.
 */
#ifndef CT_UI_GRID_H
#define CT_UI_GRID_H

#include "slice.h"
#include "text.h"

#define CELL_BYTES_MAX (4 * (1 + TEXT_MARKS_MAX))

/* Limits of the screen: beyond them the rest of the terminal stays blank. */
#define GRID_COLS_MAX 1000
#define GRID_ROWS_MAX 500

enum cell_flag {
    CELL_SELECTED = 1,  /* the selected row */
    CELL_MATCH = 2,     /* part of a search hit */
    CELL_ATTENTION = 4, /* the row of a session that waits for the human */
};

struct cell {
    char text[CELL_BYTES_MAX];
    uint8_t len;   /* bytes of text; 0 in the second half of a wide cluster */
    uint8_t width; /* 1, 2, or 0 for that second half */
    uint8_t role;  /* enum role of theme.h */
    uint8_t flags; /* enum cell_flag */
};

struct grid {
    int cols;
    int rows;
    struct cell *cells; /* rows * cols, row by row; owned */
};

void grid_init(struct grid *g, int cols, int rows); /* sizes are clamped to 1 .. max; all blank */
void grid_finish(struct grid *g);
void grid_resize(struct grid *g, int cols, int rows); /* blank afterwards */
void grid_clear(struct grid *g);

static inline struct cell *grid_at(const struct grid *g, int row, int col)
{
    return &g->cells[(size_t)row * (size_t)g->cols + (size_t)col];
}

/*
 * Writes cleaned text from (row, col), at most width columns and never past the right edge. Text that does
 * not fit ends in an ellipsis. Returns the columns used. Anything outside the grid is simply not drawn.
 */
int grid_put(struct grid *g, int row, int col, int width, struct slice text, int role);

/* The same, flush right in width columns. */
int grid_put_right(struct grid *g, int row, int col, int width, struct slice text, int role);

/* Fills a box with blanks of a role. */
void grid_fill(struct grid *g, int row, int col, int rows, int cols, int role);

/* Sets flags on a box of cells. */
void grid_flag(struct grid *g, int row, int col, int rows, int cols, int flags);

bool grid_equal(const struct grid *a, const struct grid *b);
void grid_copy(struct grid *to, const struct grid *from);

#endif
