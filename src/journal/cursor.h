/*
 * cursor.h - how far a reader has come, kept across restarts.
 *
 * A cursor is a small file beside the segments, replaced atomically (write to a new file, rename), that holds
 * one position per lane and a checksum (docs/journal.md). A missing or damaged file reads as position 0:
 * frames may be sent twice, never zero times. In memory mode (dir NULL) nothing is kept.
 *
 * Saving makes no fsync: after a power cut the file is an old one or damaged, and frames are sent again. That
 * a cursor outlives frames that were not fsynced does no harm either, because journal_open() gives out
 * numbers above every cursor in its folder only.
 */
#ifndef CT_JOURNAL_CURSOR_H
#define CT_JOURNAL_CURSOR_H

#include "errors.h"
#include "slice.h"

#define CURSOR_LANES    8
#define CURSOR_NAME_MAX 40

struct cursor {
    char *path;                  /* owned; NULL in memory mode */
    uint64_t done[CURSOR_LANES]; /* every frame of that lane with seq <= done was dealt with */
    bool found;                  /* there was a file when it was opened, a damaged one included */
};

/*
 * name: 1 to CURSOR_NAME_MAX letters, digits, '-', '_'; it becomes part of a file name, other ones are
 * CT_ERR_USAGE. Creates the folder when it is missing. CT_ERR_IO when the system refuses; *c is usable (and
 * empty) even then.
 */
enum ct_err cursor_open(struct cursor *c, const char *dir, const char *name, struct ct_errmsg *msg);

/* CT_ERR_IO: the file holds what it held before. */
enum ct_err cursor_save(const struct cursor *c, struct ct_errmsg *msg);
void cursor_finish(struct cursor *c);

#endif
