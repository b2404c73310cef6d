/*
 * term_screen.h - ncurses, and what it says about this terminal.
 *
 * term_screen.c, term_color.c and term_entry.c are the only files of the program that include <curses.h> and
 * <term.h>. Nothing here touches the terminal: ncurses writes to a memory file, and every function appends
 * what the terminal is to get to a buffer.
 */
#ifndef CT_UI_TERM_SCREEN_H
#define CT_UI_TERM_SCREEN_H

#include "buf.h"
#include "grid.h"
#include "theme.h"

struct term_screen;

struct term_screen_config {
    const char *term;
    const char *colorterm; /* may be NULL */
    bool want_true;        /* colours: at most truecolor, 256, 16, or none */
    bool want_auto;        /* truecolor if $COLORTERM says so */
    enum color_depth most;
    bool utf8; /* LC_CTYPE is UTF-8: anything else is shown in ASCII */
    int rows, cols;
};

/* As terminal_open() says. */
enum ct_err term_screen_open(const struct term_screen_config *config, struct term_screen **out,
                             struct ct_errmsg *msg);
void term_screen_close(struct term_screen *s); /* NULL is fine; nothing is written */

enum color_depth term_screen_depth(const struct term_screen *s);

/* The terminal is of xterm's family: it swallows the sequences that it does not know, titles, OSC and modes.
 */
bool term_screen_modern(const struct term_screen *s);

/* A string of the terminal's terminfo entry, or NULL. */
const char *term_screen_string(const char *cap);

/* What gives the terminal back, without what ncurses would add to it by its state. */
enum ct_err term_screen_restore_bytes(const struct term_screen *s, struct buf *out);

void term_screen_resize(struct term_screen *s, int rows, int cols); /* the next frame is painted in full */
void term_screen_repaint(struct term_screen *s);

/*
 * Appends what makes the terminal show the grid; nothing when it does already. CT_ERR_LIMIT or CT_ERR_IO: the
 * frame is lost, and the next one is painted in full.
 */
enum ct_err term_screen_draw(struct term_screen *s, const struct grid *grid, const struct theme *theme,
                             struct buf *out);

/* Appends what leaves the alternate screen; the next term_screen_draw() enters it again. */
enum ct_err term_screen_leave(struct term_screen *s, struct buf *out);

uint64_t term_screen_substitutes(const struct term_screen *s);
uint64_t term_screen_pairs_refused(const struct term_screen *s);

#endif
