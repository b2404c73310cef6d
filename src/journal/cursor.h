/*
 * cursor.h - how far a reader has come, kept across restarts.
 *
 * A cursor is a small file beside the segments, replaced atomically (write to a new file, rename), that holds a
 * name and one position per lane. A missing or damaged file reads as position 0: frames may be sent twice, never
 * zero times. In memory mode (dir NULL) nothing is kept.
 */
#ifndef CT_JOURNAL_CURSOR_H
#define CT_JOURNAL_CURSOR_H

#include "errors.h"
#include "slice.h"

#define CURSOR_LANES 8

struct cursor {
    char *path;                  /* owned; NULL in memory mode */
    uint64_t done[CURSOR_LANES]; /* every frame of that lane with seq <= done was dealt with */
};

/* name: letters, digits, '-', '_' only; it becomes part of a file name. */
enum ct_err cursor_open(struct cursor *c, const char *dir, const char *name, struct ct_errmsg *msg);
enum ct_err cursor_save(const struct cursor *c, struct ct_errmsg *msg);
void cursor_finish(struct cursor *c);

#endif
