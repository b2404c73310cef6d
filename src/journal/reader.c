#include "journal_private.h"

#include "disk.h"
#include "folder.h"
#include "mem.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

struct journal_reader {
    struct journal *journal;
    uint64_t position;
    int fd;                   /* the segment being read, or -1 */
    uint64_t first;           /* its number */
    unsigned header_failures; /* EIO in a row from the header of the next segment */
    struct segment_scanner scanner;
    struct stored *held; /* the frame in memory that the caller has */
    struct frame_header headers[FRAME_HEADERS_MAX];
};

struct journal_reader *journal_reader_open(struct journal *j, uint64_t from)
{
    struct journal_reader *r = mem_alloc(sizeof *r);
    r->journal = j;
    r->position = from;
    r->fd = -1;
    if (from <= 1) {
        uint64_t oldest = journal_oldest(j);
        r->position = oldest ? oldest : j->next_seq;
    }
    segment_scanner_init(&r->scanner, -1, 0, 0);
    j->readers++;
    return r;
}

static void leave_segment(struct journal_reader *r)
{
    if (r->fd >= 0)
        close(r->fd);
    r->fd = -1;
}

void journal_reader_close(struct journal_reader *r)
{
    if (!r)
        return;
    assert(r->journal->readers > 0);
    r->journal->readers--;
    stored_unref(r->held);
    leave_segment(r);
    segment_scanner_finish(&r->scanner);
    free(r);
}

uint64_t journal_reader_position(const struct journal_reader *r)
{
    return r->position;
}

/* The segment that holds the position, or the next one behind it. The position is below journal_disk_end().
 */
static const struct segment *locate(const struct journal *j, uint64_t position)
{
    size_t low = 0;
    size_t high = j->count - 1;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (j->segments[mid].last < position)
            low = mid + 1;
        else
            high = mid;
    }
    return &j->segments[low];
}

/* Moves on to seq; what lies between is counted as skipped. */
static void skip_to(struct journal_reader *r, uint64_t seq, uint64_t *skipped)
{
    if (seq <= r->position)
        return;
    *skipped += seq - r->position;
    r->position = seq;
}

/* CT_END: the file is gone. CT_ERR_FORMAT: its header is no longer one. */
static enum ct_err enter_segment(struct journal_reader *r, const struct segment *s)
{
    leave_segment(r);
    char name[FOLDER_NAME_MAX];
    folder_segment_name(s->first, name);
    r->fd = disk_open(r->journal->dir_fd, name, O_RDONLY);
    if (r->fd < 0)
        return errno == ENOENT ? CT_END : CT_ERR_IO;
    char bytes[SEGMENT_HEADER_BYTES];
    size_t got;
    uint32_t salt = 0;
    enum ct_err err;
    if (disk_read(r->fd, bytes, sizeof bytes, 0, &got))
        err = segment_header_read(slice_make(bytes, got), &salt) ? CT_ERR_FORMAT : CT_OK;
    else
        err = errno == EIO && ++r->header_failures >= SEGMENT_IO_TRIES ? CT_ERR_FORMAT : CT_ERR_IO;
    if (err != CT_ERR_IO)
        r->header_failures = 0;
    if (err) {
        leave_segment(r);
        return err;
    }
    r->first = s->first;
    segment_scanner_finish(&r->scanner);
    segment_scanner_init(&r->scanner, r->fd, salt, s->bytes);
    r->scanner.seq_min = s->first;
    return CT_OK;
}

/* CT_END: nothing more in this segment, the position is behind it. */
static enum ct_err next_on_disk(struct journal_reader *r, struct frame *out, uint64_t *skipped)
{
    struct journal *j = r->journal;
    const struct segment *s = locate(j, r->position);
    if (r->fd < 0 || r->first != s->first) {
        enum ct_err err = enter_segment(r, s);
        if (err == CT_ERR_FORMAT)
            j->counters.damaged_frames++;
        if (err == CT_ERR_FORMAT || err == CT_END)
            skip_to(r, s->last + 1, skipped);
        if (err)
            return err;
    }
    r->scanner.limit = s->bytes;
    r->scanner.seq_max = s->last;
    for (;;) {
        enum ct_err err = segment_next(&r->scanner, out, r->headers);
        if (err == CT_ERR_FORMAT)
            j->counters.damaged_frames++;
        if (err == CT_END)
            skip_to(r, s->last + 1, skipped);
        if (err)
            return err;
        if (out->seq < r->position)
            continue; /* on the way to where the reader was opened */
        skip_to(r, out->seq, skipped);
        r->position = out->seq + 1;
        return CT_OK;
    }
}

/* Among the frames in memory; CT_END: caught up. */
static enum ct_err next_in_memory(struct journal_reader *r, struct frame *out, uint64_t *skipped)
{
    struct stored *f = stored_queue_find(&r->journal->queue, r->position);
    if (!f) {
        skip_to(r, r->journal->next_seq, skipped);
        return CT_END;
    }
    skip_to(r, f->seq, skipped);
    r->held = stored_ref(f);
    r->position = f->seq + 1;
    return frame_decode(stored_payload(f), out, r->headers);
}

enum ct_err journal_reader_next(struct journal_reader *r, struct frame *out, uint64_t *skipped)
{
    uint64_t unused;
    if (!skipped)
        skipped = &unused;
    *skipped = 0;
    stored_unref(r->held);
    r->held = NULL;
    uint64_t oldest = journal_oldest(r->journal);
    if (oldest)
        skip_to(r, oldest, skipped);
    while (r->position < journal_disk_end(r->journal)) {
        enum ct_err err = next_on_disk(r, out, skipped);
        if (err != CT_END)
            return err;
    }
    return next_in_memory(r, out, skipped);
}
