/*
 * dump.h - a drawn grid as text for a file: plain, with colours for a terminal, or as a picture.
 *
 * Pure: the same grid and theme give the same bytes. Grids hold clean text only (grid.h); what XML does not
 * allow is replaced all the same.
 */
#ifndef CT_UI_DUMP_H
#define CT_UI_DUMP_H

#include "buf.h"
#include "grid.h"
#include "theme.h"

/* What a screen of the largest size (grid.h) may come to. */
#define DUMP_BYTES_MAX ((size_t)256 * 1024 * 1024)

/* All of them append to out and end in a newline; CT_ERR_LIMIT or CT_ERR_NOMEM when it has no room. */

/*
 * One line a row: '>' in front when the row is selected, else '|'; then the text of the cells, trailing
 * blanks dropped.
 */
enum ct_err dump_grid(const struct grid *grid, struct buf *out);

/* One line a row with SGR sequences (ECMA-48, 8.3.117), each line by itself: cut or joined it still holds. */
enum ct_err dump_ansi(const struct grid *grid, const struct theme *theme, enum color_depth depth,
                      struct buf *out);

/*
 * A picture by itself (SVG 1.1): no scripts, no fonts or files from elsewhere. Every run of text has the
 * width of its cells whatever font is found; bars, lines and the marks of states are shapes, not letters. The
 * terminal's own colours are chosen to go with the theme. title (may be empty) is for people who do not see
 * it.
 */
enum ct_err dump_svg(const struct grid *grid, const struct theme *theme, enum color_depth depth,
                     struct slice title, struct buf *out);

#endif
