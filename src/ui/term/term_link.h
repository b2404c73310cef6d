/*
 * term_link.h - lays a hyperlink (OSC 8) over what a frame shows of a URL.
 *
 * ncurses knows no hyperlinks, so that the cells are written once more behind its frame, between saving and
 * restoring the cursor with its attributes (DECSC, DECRC). Pure: nothing is kept.
 */
#ifndef CT_UI_TERM_LINK_H
#define CT_UI_TERM_LINK_H

#include "buf.h"
#include "grid.h"
#include "theme.h"

/* Fewer columns of a URL say too little to be it. */
#define TERM_LINK_COLS_MIN 12

/*
 * Appends the sequences for every place where a row of the grid shows the beginning of url: whole, or up to
 * an ellipsis or the right edge. Nothing when there is none.
 */
enum ct_err term_link_draw(const char *url, const struct grid *grid, const struct theme *theme,
                           enum color_depth depth, struct buf *out);

/* Printable ASCII without blanks: nothing in it can end the sequence. */
bool term_link_is_sound(struct slice url);

#endif
