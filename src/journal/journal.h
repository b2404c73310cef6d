/*
 * journal.h - the append-only log of frames: one writer, any number of readers.
 *
 * Disk: a folder (0700) of segment files (0600) named by their first sequence number, each frame behind a length
 * and a checksum. Opening cuts a torn tail (what was being written when the process died was never
 * acknowledged) and sets a corrupt segment aside under another name, counted. Memory: the same interface
 * without files; everything is gone with the process.
 *
 * journal_append() writes the frame to the kernel before it returns, so that an acknowledged frame survives
 * kill -9; how far it survives power loss is the fsync policy. Appending to a full disk fails with CT_ERR_IO; the
 * frame is then kept in memory for the readers that are already there, and counted (stats.unsaved): forwarding
 * goes on, and what is lost with the process is said.
 *
 * Retention: when the total passes max_bytes, or a segment's newest frame is older than max_age_ns, whole
 * segments go, oldest first. Before one goes, on_retire is called so that the tee can count what it had not
 * forwarded yet. The newest segment never goes.
 *
 * Not thread-safe: one loop thread. Only one process may hold a folder: a lock file says who does.
 */
#ifndef CT_JOURNAL_JOURNAL_H
#define CT_JOURNAL_JOURNAL_H

#include "frame.h"

struct journal;
struct journal_reader;

enum journal_fsync { JOURNAL_FSYNC_NEVER, JOURNAL_FSYNC_INTERVAL, JOURNAL_FSYNC_ALWAYS };

#define JOURNAL_MAX_BYTES_DEFAULT     (UINT64_C(1) << 30)
#define JOURNAL_SEGMENT_BYTES_DEFAULT (UINT64_C(16) << 20)
#define JOURNAL_MAX_AGE_DEFAULT_NS    (INT64_C(7) * 24 * 3600 * 1000000000)

struct journal_config {
    const char *dir;        /* NULL: in memory */
    uint64_t max_bytes;     /* retention by size */
    uint64_t segment_bytes; /* a segment is closed when it would pass this */
    int64_t max_age_ns;     /* retention by age of the newest frame in a segment; 0: no limit */
    enum journal_fsync fsync;
    /* Frames first..last are about to go; a reader can still read them inside the call. */
    void (*on_retire)(void *ctx, struct journal *j, uint64_t first, uint64_t last);
    void *ctx;
};

struct journal_stats {
    uint64_t first_seq; /* oldest frame still here; 0 when there is none */
    uint64_t last_seq;  /* newest; 0 when nothing was ever appended */
    uint64_t bytes;
    uint64_t segments;
    uint64_t retired_frames;   /* gone by retention since open */
    uint64_t torn_bytes;       /* cut off at open */
    uint64_t corrupt_segments; /* set aside at open */
    uint64_t unsaved_frames;   /* only in memory, because the disk refused */
};

/* Fills in the defaults above, memory mode, fsync interval. */
void journal_config_init(struct journal_config *config);

enum ct_err journal_open(const struct journal_config *config, struct journal **out, struct ct_errmsg *msg);
void journal_close(struct journal *j); /* NULL is fine; readers must be closed first */

/* Gives frame->seq and writes the frame. The frame's bytes are copied or written; they need not live on. */
enum ct_err journal_append(struct journal *j, struct frame *frame, struct ct_errmsg *msg);

/* Applies retention by age; call now and then with the wall clock. Size is applied on append. */
void journal_retain(struct journal *j, int64_t wall_ns);

/* fsync of everything written so far. Blocks; for exit and for fsync = always. */
enum ct_err journal_sync(struct journal *j, struct ct_errmsg *msg);

struct journal_stats journal_stats(const struct journal *j);

/*
 * A reader starts at the first frame with seq >= from (from 0 or 1: the oldest). Frames that retention took
 * before the reader came to them are skipped; *skipped (may be NULL) says how many.
 */
struct journal_reader *journal_reader_open(struct journal *j, uint64_t from);
void journal_reader_close(struct journal_reader *r);

/*
 * CT_OK and the next frame, whose bytes live until the next call on this reader; CT_END when it has caught up
 * (call again after an append); CT_ERR_FORMAT when a stored frame no longer matches its checksum: it is skipped,
 * the next call goes on behind it.
 */
enum ct_err journal_reader_next(struct journal_reader *r, struct frame *out, uint64_t *skipped);

/* The sequence number that the next call would look at. */
uint64_t journal_reader_position(const struct journal_reader *r);

/*
 * A recording is one segment file by itself, with the same bytes: it can be copied out of a journal folder.
 */
struct recording;
enum ct_err recording_create(const char *path, struct recording **out, struct ct_errmsg *msg); /* 0600, must not exist */
enum ct_err recording_append(struct recording *r, const struct frame *frame, struct ct_errmsg *msg);
enum ct_err recording_open(const char *path, struct recording **out, struct ct_errmsg *msg);
/* As journal_reader_next(); CT_END at the end or at a torn tail. */
enum ct_err recording_next(struct recording *r, struct frame *out);
void recording_close(struct recording *r);

#endif
