/* getentropy() */
#define _DEFAULT_SOURCE

#include "journal_private.h"

#include "disk.h"
#include "folder.h"
#include "log.h"
#include "mem.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* A scratch buffer above this size is given back after the append that needed it. */
#define SCRATCH_KEPT (1024u * 1024u)

void journal_config_init(struct journal_config *config)
{
    *config = (struct journal_config){
        .max_bytes = JOURNAL_MAX_BYTES_DEFAULT,
        .segment_bytes = JOURNAL_SEGMENT_BYTES_DEFAULT,
        .max_age_ns = JOURNAL_MAX_AGE_DEFAULT_NS,
        .unsaved_max_bytes = JOURNAL_UNSAVED_MAX_DEFAULT,
        .fsync = JOURNAL_FSYNC_INTERVAL,
    };
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void release(struct journal *j)
{
    while (j->dirty_count)
        close(j->dirty_fds[--j->dirty_count]);
    close_fd(&j->fd);
    close_fd(&j->lock_fd); /* after the last write: the next process may come now */
    close_fd(&j->dir_fd);
    stored_queue_finish(&j->queue);
    buf_finish(&j->scratch);
    free(j->segments);
    free((char *)j->config.dir);
    free(j);
}

enum ct_err journal_open(const struct journal_config *config, struct journal **out, struct ct_errmsg *msg)
{
    *out = NULL;
    struct journal *j = mem_alloc(sizeof *j);
    j->config = *config;
    if (j->config.segment_bytes > j->config.max_bytes / 2)
        j->config.segment_bytes = j->config.max_bytes / 2;
    j->config.dir = config->dir ? mem_strdup(slice_str(config->dir)) : NULL;
    j->dir_fd = j->lock_fd = j->fd = -1;
    j->next_seq = 1;
    buf_init(&j->scratch, SEGMENT_ROOM + FRAME_BYTES_MAX);
    if (!config->dir) {
        *out = j;
        return CT_OK;
    }

    enum ct_err err = folder_make(config->dir, msg);
    if (err)
        goto release_all;
    j->dir_fd = open(config->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (j->dir_fd < 0) {
        err = ct_fail(msg, CT_ERR_IO, "cannot read the folder %s: %s; choose another with --state-dir",
                      config->dir, strerror(errno));
        goto release_all;
    }
    err = folder_lock(j->dir_fd, config->dir, &j->lock_fd, msg);
    if (err)
        goto release_all;
    err = journal_recover(j, msg);
    if (err)
        goto release_all;
    *out = j;
    return CT_OK;

release_all:
    release(j);
    return err;
}

uint64_t journal_oldest(const struct journal *j)
{
    if (j->count)
        return j->segments[0].first;
    const struct stored *f = stored_queue_first(&j->queue);
    return f ? f->seq : 0;
}

struct segment *journal_add_segment(struct journal *j, uint64_t first)
{
    if (j->count == j->cap) {
        j->cap = j->cap ? j->cap * 2 : 16;
        j->segments = mem_grow(j->segments, j->cap, sizeof *j->segments);
    }
    struct segment *s = &j->segments[j->count++];
    *s = (struct segment){.first = first, .last = first};
    return s;
}

static void announce(struct journal *j, uint64_t first, uint64_t last)
{
    if (!j->config.on_retire)
        return;
    j->retiring = true;
    j->config.on_retire(j->config.ctx, j, first, last);
    j->retiring = false;
}

void journal_retire_oldest(struct journal *j)
{
    struct segment s = j->segments[0];
    announce(j, s.first, s.last);
    if (journal_in_memory(j)) {
        while (j->queue.count && stored_queue_first(&j->queue)->seq <= s.last)
            stored_queue_pop(&j->queue);
    } else {
        char name[FOLDER_NAME_MAX];
        folder_segment_name(s.first, name);
        if (!disk_remove(j->dir_fd, name) && errno != ENOENT) {
            /* It is found again, and removed, by the next journal_open(). */
            j->counters.io_errors++;
            log_warn("cannot remove %s/%s: %s", j->config.dir, name, strerror(errno));
        }
    }
    j->counters.retired_frames += s.last - s.first + 1;
    j->bytes -= s.bytes;
    j->count--;
    memmove(j->segments, j->segments + 1, j->count * sizeof *j->segments);
}

/* Makes room for need more bytes under max_bytes, as far as the rule about the newest segment allows. */
static void make_room(struct journal *j, uint64_t need)
{
    while (j->count > 1 && j->bytes + need > j->config.max_bytes)
        journal_retire_oldest(j);
}

static enum ct_err refused(struct journal *j, const char *what, struct ct_errmsg *msg)
{
    int why = errno;
    j->counters.io_errors++;
    return ct_fail(msg, CT_ERR_IO, "cannot %s the journal in %s: %s", what, j->config.dir, strerror(why));
}

/* A closed segment waits for its fsync; when too many do, the oldest gets it now. */
static void leave_for_sync(struct journal *j, int fd)
{
    const size_t max = sizeof j->dirty_fds / sizeof j->dirty_fds[0];
    if (j->dirty_count == max) {
        if (!disk_sync(j->dirty_fds[0]))
            j->counters.io_errors++;
        close(j->dirty_fds[0]);
        j->dirty_count--;
        memmove(j->dirty_fds, j->dirty_fds + 1, j->dirty_count * sizeof j->dirty_fds[0]);
    }
    j->dirty_fds[j->dirty_count++] = fd;
}

/* Starts a segment whose first frame is the one in room; header and frame go in one write. */
static enum ct_err put_first(struct journal *j, char *room, size_t len, uint64_t seq, struct ct_errmsg *msg)
{
    uint32_t salt;
    if (getentropy(&salt, sizeof salt) != 0)
        return refused(j, "start a segment of", msg);
    char name[FOLDER_NAME_MAX];
    folder_segment_name(seq, name);
    /* A file of this name can only be one that an earlier attempt could not remove. */
    int fd = disk_open(j->dir_fd, name, O_RDWR | O_CREAT | O_TRUNC);
    if (fd < 0)
        return refused(j, "start a segment of", msg);
    segment_header_write(room, salt);
    segment_seal(room + SEGMENT_ROOM, len, salt);
    if (!disk_write(fd, room, SEGMENT_ROOM + len, 0)) {
        enum ct_err err = refused(j, "write", msg);
        disk_remove(j->dir_fd, name);
        close(fd);
        return err;
    }
    if (j->fd >= 0) {
        if (j->fd_dirty && j->config.fsync != JOURNAL_FSYNC_NEVER)
            leave_for_sync(j, j->fd);
        else
            close(j->fd);
    }
    j->fd = fd;
    j->salt = salt;
    j->dir_dirty = true;
    struct segment *s = journal_add_segment(j, seq);
    s->bytes = SEGMENT_HEADER_BYTES;
    j->bytes += SEGMENT_HEADER_BYTES;
    return CT_OK;
}

static enum ct_err sync_newest(struct journal *j, struct ct_errmsg *msg)
{
    if (j->fd_dirty && !disk_sync(j->fd))
        return refused(j, "fsync", msg);
    j->fd_dirty = false;
    if (j->dir_dirty && !disk_sync(j->dir_fd))
        return refused(j, "fsync", msg);
    j->dir_dirty = false;
    return CT_OK;
}

/*
 * fsync = always, and the device refused what the newest segment holds from its bytes on: as if it had not
 * been written. What an fsync refused may be gone from memory as well, so nothing more is added to that file.
 */
static void take_back(struct journal *j, uint64_t seq)
{
    struct segment *s = &j->segments[j->count - 1];
    if (s->first == seq) {
        char name[FOLDER_NAME_MAX];
        folder_segment_name(seq, name);
        disk_remove(j->dir_fd, name);
        j->bytes -= s->bytes;
        j->count--;
    } else if (!disk_cut(j->fd, s->bytes)) {
        j->counters.io_errors++;
    }
    close_fd(&j->fd);
    j->fd_dirty = false;
}

/* Adds the frame behind the last one of the newest segment, or starts a segment with it. */
static enum ct_err put(struct journal *j, char *room, size_t len, uint64_t seq, int64_t wall_ns,
                       struct ct_errmsg *msg)
{
    uint64_t need = SEGMENT_ENVELOPE_BYTES + (uint64_t)len;
    bool disk = !journal_in_memory(j);
    bool fits = j->count && (!disk || j->fd >= 0) &&
                j->segments[j->count - 1].bytes + need <= j->config.segment_bytes;
    make_room(j, need + (fits ? 0 : SEGMENT_HEADER_BYTES));
    struct segment *s = j->count ? &j->segments[j->count - 1] : NULL;
    if (disk && fits) {
        segment_seal(room + SEGMENT_ROOM, len, j->salt);
        if (!disk_write(j->fd, room + SEGMENT_HEADER_BYTES, (size_t)need, s->bytes)) {
            enum ct_err err = refused(j, "write", msg);
            /* If even this fails, the next write goes over the torn bytes, and opening knows them for what
             * they are. */
            if (!disk_cut(j->fd, s->bytes))
                j->counters.io_errors++;
            return err;
        }
    } else if (disk) {
        enum ct_err err = put_first(j, room, len, seq, msg);
        if (err)
            return err;
    } else if (!fits) {
        s = journal_add_segment(j, seq);
        s->bytes = SEGMENT_HEADER_BYTES;
        j->bytes += SEGMENT_HEADER_BYTES;
    }
    j->fd_dirty = disk;
    if (disk && j->config.fsync == JOURNAL_FSYNC_ALWAYS) {
        enum ct_err err = sync_newest(j, msg);
        if (err) {
            take_back(j, seq);
            return err;
        }
    }
    s = &j->segments[j->count - 1];
    s->last = seq;
    s->bytes += need;
    j->bytes += need;
    if (wall_ns > s->wall_ns)
        s->wall_ns = wall_ns;
    s->found = s->dated = false;
    return CT_OK;
}

/* Brings unsaved frames to disk, oldest first, until it refuses one. */
static enum ct_err save_unsaved(struct journal *j, struct ct_errmsg *msg)
{
    struct stored *f;
    while (!journal_in_memory(j) && (f = stored_queue_first(&j->queue))) {
        enum ct_err err = put(j, f->bytes, f->len, f->seq, f->wall_ns, msg);
        if (err)
            return err;
        stored_queue_pop(&j->queue);
    }
    return CT_OK;
}

/* The frame in scratch as a stored one, and room for it in the queue. NULL when there is no memory. */
static struct stored *make_stored(struct journal *j, uint64_t seq, int64_t wall_ns, struct ct_errmsg *msg)
{
    size_t len = j->scratch.len - SEGMENT_ROOM;
    struct stored *f = NULL;
    if (stored_queue_reserve(&j->queue))
        f = stored_create(j->scratch.data, len, seq, wall_ns);
    if (!f)
        ct_fail(msg, CT_ERR_NOMEM, "no memory to keep a request of %zu bytes", len);
    return f;
}

static enum ct_err append_to_memory(struct journal *j, uint64_t seq, int64_t wall_ns, struct ct_errmsg *msg)
{
    struct stored *f = make_stored(j, seq, wall_ns, msg);
    if (!f)
        return CT_ERR_NOMEM;
    /* Retirement comes first, so that its callback does not see the new frame; on disk it is the same. */
    enum ct_err err = put(j, f->bytes, f->len, seq, wall_ns, msg);
    stored_queue_push(&j->queue, f);
    return err;
}

/* The disk refused the frame in scratch. */
static enum ct_err keep_unsaved(struct journal *j, uint64_t seq, int64_t wall_ns, struct ct_errmsg *msg)
{
    uint64_t need = SEGMENT_ENVELOPE_BYTES + (uint64_t)(j->scratch.len - SEGMENT_ROOM);
    if (need > j->config.unsaved_max_bytes)
        return ct_fail(msg, CT_ERR_LIMIT,
                       "the disk is full and a request of %" PRIu64 " bytes is too large to keep", need);
    struct stored *f = make_stored(j, seq, wall_ns, msg);
    if (!f)
        return CT_ERR_NOMEM;
    while (j->queue.bytes + need > j->config.unsaved_max_bytes) {
        uint64_t gone = stored_queue_first(&j->queue)->seq;
        announce(j, gone, gone);
        stored_queue_pop(&j->queue);
        j->counters.unsaved_dropped++;
    }
    stored_queue_push(&j->queue, f);
    return CT_OK;
}

static enum ct_err append_to_disk(struct journal *j, uint64_t seq, int64_t wall_ns, struct ct_errmsg *msg)
{
    enum ct_err err = save_unsaved(j, msg);
    if (!err)
        err = put(j, j->scratch.data, j->scratch.len - SEGMENT_ROOM, seq, wall_ns, msg);
    if (!err)
        return CT_OK;
    enum ct_err kept = keep_unsaved(j, seq, wall_ns, msg);
    return kept ? kept : err;
}

enum ct_err journal_append(struct journal *j, struct frame *frame, struct ct_errmsg *msg)
{
    frame->seq = 0;
    if (j->retiring)
        return ct_fail(msg, CT_ERR_BUSY, "the journal cannot be appended to while it retires frames");
    buf_clear(&j->scratch);
    if (buf_reserve(&j->scratch, SEGMENT_ROOM))
        return ct_fail(msg, CT_ERR_NOMEM, "no memory to encode a request");
    memset(j->scratch.data, 0, SEGMENT_ROOM);
    j->scratch.len = SEGMENT_ROOM;

    uint64_t seq = j->next_seq;
    frame->seq = seq;
    enum ct_err err = frame_encode(frame, &j->scratch);
    if (err) {
        ct_fail(msg, err,
                err == CT_ERR_LIMIT ? "a request has too many headers or is too large for the journal"
                                    : "no memory to encode a request");
    } else {
        err = journal_in_memory(j) ? append_to_memory(j, seq, frame->wall_ns, msg)
                                   : append_to_disk(j, seq, frame->wall_ns, msg);
    }
    if (!err || err == CT_ERR_IO)
        j->next_seq++;
    else
        frame->seq = 0;
    if (j->scratch.cap > SCRATCH_KEPT)
        buf_finish(&j->scratch);
    return err;
}

/* Somebody removed the file that is appended to: what is appended from now on goes to one that has a name. */
static void leave_removed(struct journal *j)
{
    struct stat st;
    if (j->fd < 0 || fstat(j->fd, &st) != 0 || st.st_nlink > 0)
        return;
    j->counters.io_errors++;
    log_warn("somebody removed the newest segment of %s; requests in it are lost with it", j->config.dir);
    close_fd(&j->fd);
    j->fd_dirty = false;
}

int64_t journal_retain(struct journal *j, int64_t wall_ns, int64_t uptime_ns)
{
    if (j->retiring)
        return 0;
    leave_removed(j);
    save_unsaved(j, NULL);
    return journal_age(j, wall_ns, uptime_ns);
}

enum ct_err journal_sync(struct journal *j, struct ct_errmsg *msg)
{
    if (journal_in_memory(j))
        return CT_OK;
    while (j->dirty_count) {
        if (!disk_sync(j->dirty_fds[j->dirty_count - 1]))
            return refused(j, "fsync", msg);
        close(j->dirty_fds[--j->dirty_count]);
    }
    return sync_newest(j, msg);
}

/* A second descriptor for the caller's thread, so that neither side closes the other's. */
static bool share(int fd, int *out)
{
    *out = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    return *out >= 0;
}

size_t journal_sync_take(struct journal *j, int fds[JOURNAL_SYNC_FDS_MAX])
{
    size_t n = 0;
    while (n < j->dirty_count) {
        fds[n] = j->dirty_fds[n];
        n++;
    }
    j->dirty_count = 0;
    if (j->fd_dirty && share(j->fd, &fds[n])) {
        j->fd_dirty = false;
        n++;
    }
    if (j->dir_dirty && share(j->dir_fd, &fds[n])) {
        j->dir_dirty = false;
        n++;
    }
    return n;
}

bool journal_sync_fds(const int *fds, size_t count)
{
    bool well = true;
    for (size_t i = 0; i < count; i++) {
        well = disk_sync(fds[i]) && well;
        close(fds[i]);
    }
    return well;
}

void journal_sync_failed(struct journal *j)
{
    j->counters.io_errors++;
    /* What an fsync refused may be gone from memory as well, a header included: it is tried once more, and
     * the next frames get another file. */
    if (j->fd >= 0)
        leave_for_sync(j, j->fd);
    j->fd = -1;
    j->fd_dirty = false;
    j->dir_dirty = !journal_in_memory(j);
}

struct journal_stats journal_stats(const struct journal *j)
{
    struct journal_stats s = j->counters;
    s.first_seq = journal_oldest(j);
    s.last_seq = j->next_seq - 1;
    s.bytes = j->bytes;
    s.segments = j->count;
    s.unsaved_frames = journal_in_memory(j) ? 0 : j->queue.count;
    s.unsaved_bytes = journal_in_memory(j) ? 0 : j->queue.bytes;
    return s;
}

void journal_close(struct journal *j)
{
    if (!j)
        return;
    if (save_unsaved(j, NULL))
        log_warn("%zu requests that the disk refused are lost with this process", j->queue.count);
    if (j->config.fsync != JOURNAL_FSYNC_NEVER)
        journal_sync(j, NULL);
    release(j);
}
