/*
 * term_entry.h - which terminfo entry to use, and what it says.
 */
#ifndef CT_UI_TERM_ENTRY_H
#define CT_UI_TERM_ENTRY_H

#include "buf.h"

#define TERM_ENTRY_NAME_MAX 80

/*
 * The entry's name into name. term is the user's; want_direct asks for a 24-bit relative of it
 * ("xterm-256color" has "xterm-direct"), which need not be installed. CT_ERR_UNSUPPORTED when term is unknown
 * or cannot move the cursor.
 */
enum ct_err term_entry_choose(const char *term, bool want_direct, int fd, char *name, struct ct_errmsg *msg);

/* By the name: terminals that print what they do not understand, or answer it with garbage, are not. */
bool term_entry_is_modern(const char *name);

/* A string of the entry that ncurses has in use ("kcuu1"), or NULL. */
const char *term_entry_string(const char *cap);

/* Appends what gives the terminal back, by the entry in use. */
enum ct_err term_entry_restore_bytes(struct buf *out);

/* The terminal does not wrap after its last column, or can be told not to. */
bool term_entry_has_corner(void);

/*
 * Appends the bytes that make the whole screen scroll: inserted and deleted lines stop at the region's end.
 * They move the cursor home, so they belong before a full repaint.
 */
enum ct_err term_entry_whole_region(int rows, struct buf *out);

#endif
