/*
 * term_color.h - from styles to what ncurses draws with: attributes and colour pairs.
 *
 * The user's palette is never changed. Pairs are kept in a table of our own, as many as the terminal has and
 * at most TERM_COLOR_PAIRS; a style beyond it is shown with its attributes only, counted.
 */
#ifndef CT_UI_TERM_COLOR_H
#define CT_UI_TERM_COLOR_H

#include "theme.h"

#define TERM_COLOR_PAIRS 512

struct term_look {
    unsigned long attrs; /* ncurses' attr_t */
    short pair;
};

struct term_color {
    enum color_depth depth; /* what the theme is asked for */
    bool direct;            /* colour numbers are 24-bit values */
    int direct_floor;       /* numbers below it are the palette's */
    int colors;             /* the terminal's */
    int pair_max;           /* the last pair that may be used */
    int pair_count;         /* pairs in use: 1 … pair_count */
    bool has_default;       /* -1 is the terminal's own colour */
    uint64_t refused;
    struct {
        int fg, bg;
    } pairs[TERM_COLOR_PAIRS + 1];
};

/* After newterm(): looks at the terminfo entry in use. */
void term_color_init(struct term_color *c, enum color_depth most);

struct term_look term_color_look(struct term_color *c, struct style style);

/* All pairs are free again; to be called before every cell is drawn anew. */
void term_color_reset(struct term_color *c);

#endif
