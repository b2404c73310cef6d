/*
 * contrast.h - whether text can be read: the contrast of WCAG 2.2 (1.4.3, 1.4.6), for the roles of a theme.
 *
 * Pure arithmetic. Indexed colours are taken as xterm has them (palette_rgb()); the terminal's own ink and
 * paper are given by the caller, who alone may know them.
 */
#ifndef CT_UI_CONTRAST_H
#define CT_UI_CONTRAST_H

#include "theme.h"

#define CONTRAST_TEXT  4.5 /* for text */
#define CONTRAST_GUIDE 3.0 /* for what is no text: the guides of the tree */

/* Relative luminance, 0 (black) to 1 (white). COLOR_RGB and COLOR_INDEX only. */
double contrast_luminance(struct color color);

/* 1 (the same) to 21 (black on white). */
double contrast_ratio(struct color a, struct color b);

/* The least that a role wants. */
double contrast_least(enum role role);

/* Whether a cell of that role ever carries those flags: rows are marked, bars and banners are not. */
bool contrast_meets(enum role role, int flags);

struct contrast_finding {
    enum role role;
    int flags; /* enum cell_flag of grid.h */
    double ratio, least;
};

/*
 * Every role on everything that it can stand on, as a terminal of that depth, ink and paper shows it: those
 * that have less than contrast_least() times scale. Returns how many there are; the first cap are in out.
 */
size_t contrast_find(const struct theme *theme, struct color ink, struct color paper, enum color_depth depth,
                     double scale, struct contrast_finding *out, size_t cap);

#endif
