/*
 * journal.h - the append-only log of frames: one writer, any number of readers.
 *
 * Disk: a folder (0700) of segment files (0600) named by their first sequence number, each frame behind a
 * length and a checksum (docs/journal.md). Opening cuts a torn tail (what was being written when the process
 * died was never acknowledged) and sets a segment with a damaged header aside under another name, counted.
 * Memory: the same interface without files; everything is gone with the process.
 *
 * journal_append() writes the frame to the kernel before it returns, so that an acknowledged frame survives
 * kill -9; how far it survives power loss is the fsync policy. Appending to a full disk fails with CT_ERR_IO;
 * the frame is then kept in memory for all readers, and counted (stats.unsaved_frames): forwarding goes on,
 * and what is lost with the process is said. Every later append and journal_retain() tries the disk again,
 * oldest frame first.
 *
 * Sequence numbers rise and are never given out twice in a folder, not even for a frame that a power cut took
 * while a cursor beside it had already passed it; they may have gaps, which readers count as skipped.
 *
 * Retention: when the total would pass max_bytes, or a segment's newest frame is older than max_age_ns, whole
 * segments go, oldest first. Before one goes, on_retire is called so that the tee can count what it had not
 * forwarded yet. The newest segment never goes. Ages are measured by the uptime, so that a wall clock which
 * jumps takes nothing with it. For segments that were there before journal_open(), the time of the newest
 * frame is the file's modification time (never later than now, never earlier than that of the segment
 * before), and the last number the one before the next segment; they go when the wall clock still finds them
 * too old JOURNAL_CLOCK_SETTLES_NS after the start.
 *
 * The process must ignore SIGXFSZ: a file size limit is then a full disk, otherwise it is the end.
 *
 * Not thread-safe: one loop thread. Only one process may hold a folder: a lock file says who does.
 */
#ifndef CT_JOURNAL_JOURNAL_H
#define CT_JOURNAL_JOURNAL_H

#include "frame.h"

struct journal;
struct journal_reader;

/*
 * NEVER: the kernel writes when it likes; a power cut takes the last half minute or so.
 * INTERVAL: the same, until the application calls journal_sync_take() now and then (off the loop) or
 * journal_sync(). ALWAYS: journal_append() returns after the frame is on the device; each append waits for
 * it.
 */
enum journal_fsync { JOURNAL_FSYNC_NEVER, JOURNAL_FSYNC_INTERVAL, JOURNAL_FSYNC_ALWAYS };

#define JOURNAL_MAX_BYTES_DEFAULT     (UINT64_C(1) << 30)
#define JOURNAL_SEGMENT_BYTES_DEFAULT (UINT64_C(16) << 20)
#define JOURNAL_MAX_AGE_DEFAULT_NS    (INT64_C(7) * 24 * 3600 * 1000000000)
#define JOURNAL_CLOCK_SETTLES_NS      (INT64_C(5) * 60 * 1000000000)
#define JOURNAL_UNSAVED_MAX_DEFAULT   (UINT64_C(128) << 20) /* above FRAME_BYTES_MAX: any one frame fits */

/* Segments set aside as corrupt that stay in the folder; older ones are removed at open. */
#define JOURNAL_CORRUPT_KEPT_MAX 8

struct journal_config {
    const char *dir;    /* NULL: in memory */
    uint64_t max_bytes; /* retention by size */
    uint64_t
        segment_bytes;  /* a segment is closed when it would pass this; at most half of max_bytes is used */
    int64_t max_age_ns; /* retention by age of the newest frame in a segment; 0: no limit */
    uint64_t
        unsaved_max_bytes; /* frames kept in memory because the disk refused; then the oldest of them go */
    enum journal_fsync fsync;
    /*
     * Frames first..last are about to go; a reader can still read them inside the call. Appending and closing
     * the journal are not allowed in it.
     */
    void (*on_retire)(void *ctx, struct journal *j, uint64_t first, uint64_t last);
    void *ctx;
};

struct journal_stats {
    uint64_t first_seq; /* oldest frame still here; 0 when there is none */
    uint64_t last_seq;  /* newest number given out; 0 when nothing was ever appended */
    uint64_t bytes;     /* in segments */
    uint64_t segments;
    uint64_t retired_frames;   /* gone by retention since open */
    uint64_t torn_bytes;       /* cut off at open */
    uint64_t corrupt_segments; /* set aside at open */
    uint64_t damaged_frames;   /* times that a reader met bytes that no longer are a frame */
    uint64_t unsaved_frames;   /* now only in memory, because the disk refused */
    uint64_t unsaved_bytes;
    uint64_t unsaved_dropped; /* unsaved frames that went because of unsaved_max_bytes, since open */
    uint64_t io_errors;       /* writes, fsyncs and removals that the system refused, since open */
};

/* Fills in the defaults above, memory mode, fsync interval. */
void journal_config_init(struct journal_config *config);

/*
 * config is copied. CT_ERR_BUSY: another process has the folder, msg names it. CT_ERR_UNSUPPORTED: a later
 * version wrote the folder. CT_ERR_IO: the folder cannot be made, read or written.
 */
enum ct_err journal_open(const struct journal_config *config, struct journal **out, struct ct_errmsg *msg);

/* NULL is fine; readers must be closed first. Tries the disk for unsaved frames; fsyncs unless the policy is
 * never. */
void journal_close(struct journal *j);

/*
 * Gives frame->seq and writes the frame. The frame's bytes are copied or written; they need not live on.
 *
 * CT_OK: it is in the kernel (fsync always: on the device). CT_ERR_IO: readers get it, but the disk did not
 * take it. In both cases frame->seq is its number; after every other result it is 0 and no reader will see
 * the frame: CT_ERR_LIMIT (FRAME_BYTES_MAX, FRAME_HEADERS_MAX, or no room among the unsaved ones),
 * CT_ERR_NOMEM, CT_ERR_BUSY (called in on_retire).
 */
enum ct_err journal_append(struct journal *j, struct frame *frame, struct ct_errmsg *msg);

/*
 * Applies retention by age, tries the disk for unsaved frames, and notices when somebody removed the file
 * that is appended to; call it now and then, first right after journal_open(). uptime_ns: clock_uptime().
 * Size is applied on append. Returns in how many nanoseconds age will take the next segment, 0: none as
 * things are.
 */
int64_t journal_retain(struct journal *j, int64_t wall_ns, int64_t uptime_ns);

/* fsync of everything written so far. Blocks; for exit. */
enum ct_err journal_sync(struct journal *j, struct ct_errmsg *msg);

/*
 * For fsync = interval: descriptors of all that was written since the last call, to be fsynced and closed in
 * that order by the caller, in any thread, also after journal_close(). Returns how many, 0 when nothing is to
 * be done. When an fsync failed, call journal_sync_failed() on the loop thread: it is counted, and a new
 * segment is started, because what the device refused once may be lost though the next fsync succeeds. When
 * the caller stays away for so long that more segments than fit here were closed, journal_append() blocks for
 * the fsync of the oldest.
 */
#define JOURNAL_SYNC_FDS_MAX 8
size_t journal_sync_take(struct journal *j, int fds[JOURNAL_SYNC_FDS_MAX]);
bool journal_sync_fds(const int *fds, size_t count); /* in any thread; closes them; false: one failed */
void journal_sync_failed(struct journal *j);

struct journal_stats journal_stats(const struct journal *j);

/*
 * A reader starts at the first frame with seq >= from (from 0 or 1: the oldest). Frames that are gone before
 * the reader came to them (retention, damage, a removed file) are skipped; *skipped (may be NULL) says how
 * many.
 */
struct journal_reader *journal_reader_open(struct journal *j, uint64_t from);
void journal_reader_close(struct journal_reader *r); /* NULL is fine */

/*
 * CT_OK and the next frame, whose bytes live until the next call on this reader (retention does not take
 * them); CT_END when it has caught up (call again after an append); CT_ERR_FORMAT when stored bytes no longer
 * match their checksum: they are passed over, the next call goes on behind them, and its *skipped counts the
 * frames that were there; CT_ERR_IO and CT_ERR_NOMEM: nothing moved, try again later; what stays
 * unreadable is damage after SEGMENT_IO_TRIES. *skipped is set by every call.
 */
enum ct_err journal_reader_next(struct journal_reader *r, struct frame *out, uint64_t *skipped);

/* The sequence number that the next call would look at. */
uint64_t journal_reader_position(const struct journal_reader *r);

/*
 * A recording is one segment file by itself, with the same bytes: it can be copied out of a journal folder.
 */
struct recording;
enum ct_err recording_create(const char *path, struct recording **out,
                             struct ct_errmsg *msg); /* 0600, must not exist */

/* frame->seq is kept; 0 gets the next number. After CT_ERR_IO the file ends with the frame before. */
enum ct_err recording_append(struct recording *r, const struct frame *frame, struct ct_errmsg *msg);

/* CT_ERR_FORMAT: not a recording; CT_ERR_UNSUPPORTED: one of a later version. Reads what is there at this
 * moment. */
enum ct_err recording_open(const char *path, struct recording **out, struct ct_errmsg *msg);

/* As journal_reader_next(); CT_END at the end or at a torn tail. */
enum ct_err recording_next(struct recording *r, struct frame *out);
void recording_close(struct recording *r); /* NULL is fine */

#endif
