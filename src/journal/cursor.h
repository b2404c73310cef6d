/*
 * cursor.h - how far a reader has come, kept across restarts.
 *
 * A cursor is a small file beside the segments with one position per lane, in two copies that each have a
 * number and a checksum (docs/journal.md). Saving replaces the older copy in place, so that the newer one is
 * whole whatever happens in between, and a full disk refuses the first saving only. A missing or damaged file
 * reads as position 0: frames may be sent twice, never zero times. In memory mode (dir NULL) nothing is kept.
 *
 * Saving makes no fsync; cursor_sync_take() lets the caller make one. After a power cut the position is the
 * one that was synced last or a later one, and frames behind it are sent again. That a cursor outlives frames
 * that were not fsynced does no harm, because journal_open() gives out numbers above every cursor in its
 * folder only.
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
    uint64_t generation;         /* of the newest copy */
    bool unsynced;               /* saved since the last cursor_sync_take(); the same for the folder */
    bool created;
    bool found; /* there was a file when it was opened, a damaged one included */
};

/*
 * name: 1 to CURSOR_NAME_MAX letters, digits, '-', '_'; it becomes part of a file name, other ones are
 * CT_ERR_USAGE. Creates the folder when it is missing. CT_ERR_IO when the system refuses; *c is usable (and
 * empty) even then.
 */
enum ct_err cursor_open(struct cursor *c, const char *dir, const char *name, struct ct_errmsg *msg);

/* CT_ERR_IO: the file holds what it held before. */
enum ct_err cursor_save(struct cursor *c, struct ct_errmsg *msg);

/*
 * Descriptors of what was saved since the last call, for journal_sync_fds() in any thread. Returns how many;
 * 0 when nothing is to be done.
 */
#define CURSOR_SYNC_FDS_MAX 2
size_t cursor_sync_take(struct cursor *c, int fds[CURSOR_SYNC_FDS_MAX]);
void cursor_finish(struct cursor *c);

#endif
