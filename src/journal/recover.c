/*
 * recover.c - what journal_open() finds in the folder. Only the newest segment is read whole; of the others
 * the header is looked at, and reading checks the rest when it comes to it.
 */
#include "journal_private.h"

#include "clock.h"
#include "disk.h"
#include "folder.h"
#include "log.h"
#include "mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct listing {
    uint64_t *firsts; /* of the segments, sorted */
    size_t count;
    size_t cap;
    char (*corrupt)[FOLDER_NAME_MAX]; /* segments that were set aside, sorted */
    size_t corrupt_count;
    size_t corrupt_cap;
    uint64_t highest; /* number that anything in the folder is known to have had */
};

enum outcome { OUTCOME_KEPT, OUTCOME_GONE };

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void raise_to(uint64_t *highest, uint64_t seq)
{
    if (seq > *highest && seq <= FOLDER_SEQ_MAX)
        *highest = seq;
}

static void list_corrupt(struct listing *l, const char *name)
{
    char segment[FOLDER_NAME_MAX];
    size_t base = slice_find_slice(slice_str(name), SLICE_LIT(FOLDER_CORRUPT_END));
    uint64_t first;
    if (strlen(name) >= FOLDER_NAME_MAX || base == strlen(name))
        return;
    snprintf(segment, sizeof segment, "%.*s", (int)base, name);
    if (!folder_parse_segment_name(segment, &first))
        return;
    raise_to(&l->highest, first);
    if (l->corrupt_count == l->corrupt_cap) {
        l->corrupt_cap = l->corrupt_cap ? l->corrupt_cap * 2 : 16;
        l->corrupt = mem_grow(l->corrupt, l->corrupt_cap, sizeof *l->corrupt);
    }
    snprintf(l->corrupt[l->corrupt_count++], FOLDER_NAME_MAX, "%s", name);
}

static void list_one(struct journal *j, struct listing *l, const char *name)
{
    uint64_t first;
    struct slice s = slice_str(name);
    struct slice cursor_end = SLICE_LIT(FOLDER_CURSOR_END);
    if (folder_parse_segment_name(name, &first)) {
        struct stat st;
        if (fstatat(j->dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode))
            return;
        if (l->count == l->cap) {
            l->cap = l->cap ? l->cap * 2 : 64;
            l->firsts = mem_grow(l->firsts, l->cap, sizeof *l->firsts);
        }
        l->firsts[l->count++] = first;
        raise_to(&l->highest, first - 1);
    } else if (s.len > cursor_end.len && slice_eq(slice_sub(s, s.len - cursor_end.len, s.len), cursor_end)) {
        raise_to(&l->highest, cursor_highest(j->dir_fd, name));
    } else {
        list_corrupt(l, name);
    }
}

static enum ct_err list_folder(struct journal *j, struct listing *l, struct ct_errmsg *msg)
{
    int fd = openat(j->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir) {
        if (fd >= 0)
            close(fd);
        return ct_fail(msg, CT_ERR_IO, "cannot list %s: %s", j->config.dir, strerror(errno));
    }
    struct dirent *entry;
    while ((entry = readdir(dir)))
        list_one(j, l, entry->d_name);
    closedir(dir);
    if (l->count)
        qsort(l->firsts, l->count, sizeof *l->firsts, by_number);
    if (l->corrupt_count)
        qsort(l->corrupt, l->corrupt_count, sizeof *l->corrupt, by_name);
    return CT_OK;
}

static void remove_old_corrupt(struct journal *j, const struct listing *l)
{
    for (size_t i = 0; i + JOURNAL_CORRUPT_KEPT_MAX < l->corrupt_count; i++)
        if (!disk_remove(j->dir_fd, l->corrupt[i]))
            j->counters.io_errors++;
}

static enum ct_err set_aside(struct journal *j, const char *name, struct ct_errmsg *msg)
{
    j->counters.corrupt_segments++;
    log_warn("the segment %s/%s is damaged; it is set aside as *" FOLDER_CORRUPT_END, j->config.dir, name);
    return folder_set_aside(j->dir_fd, name, msg);
}

/* Opens the segment and reads its header. *head: CT_OK, or CT_ERR_FORMAT when it is not one. */
static enum ct_err open_segment(struct journal *j, uint64_t first, int flags, char *name, int *fd,
                                struct stat *st, uint32_t *salt, enum ct_err *head, struct ct_errmsg *msg)
{
    folder_segment_name(first, name);
    *fd = disk_open(j->dir_fd, name, flags);
    if (*fd < 0 || fstat(*fd, st) != 0) {
        enum ct_err err =
            ct_fail(msg, CT_ERR_IO, "cannot open %s/%s: %s", j->config.dir, name, strerror(errno));
        if (*fd >= 0)
            close(*fd);
        *fd = -1;
        return err;
    }
    char bytes[SEGMENT_HEADER_BYTES];
    size_t got;
    *head = disk_read(*fd, bytes, sizeof bytes, 0, &got) ? segment_header_read(slice_make(bytes, got), salt)
                                                         : CT_ERR_FORMAT;
    if (*head == CT_ERR_UNSUPPORTED) {
        close(*fd);
        *fd = -1;
        return ct_fail(
            msg, CT_ERR_UNSUPPORTED,
            "%s/%s was written by a later version; update, or choose another folder with --state-dir",
            j->config.dir, name);
    }
    return CT_OK;
}

/* What a whole scan of the newest segment tells. */
struct scan {
    uint64_t last; /* 0: no frame */
    uint64_t end;  /* behind the last whole frame */
    int64_t wall_ns;
    bool given_up; /* something behind end was not looked at, or could not be read */
    bool failed;   /* no memory to read it */
};

static struct scan scan_segment(int fd, uint32_t salt, uint64_t first, uint64_t size)
{
    struct scan result = {.end = SEGMENT_HEADER_BYTES};
    struct segment_scanner s;
    struct frame_header headers[FRAME_HEADERS_MAX];
    struct frame f;
    segment_scanner_init(&s, fd, salt, size);
    s.seq_min = first;
    s.seq_max = FOLDER_SEQ_MAX;
    unsigned failures = 0;
    enum ct_err err;
    while ((err = segment_next(&s, &f, headers)) != CT_END) {
        if (err == CT_OK) {
            result.last = f.seq;
            if (f.wall_ns > result.wall_ns)
                result.wall_ns = f.wall_ns;
            s.seq_min = f.seq + 1;
            result.end = s.offset;
        } else if (err == CT_ERR_FORMAT) {
            /* A whole frame that does not belong here is no torn tail: it is not for us to cut. */
            if (s.damage == SEGMENT_FOREIGN)
                result.end = s.offset;
            if (s.damage == SEGMENT_GIVEN_UP)
                result.given_up = true;
        } else if (err == CT_ERR_IO && ++failures < SEGMENT_IO_TRIES * 2) {
            continue; /* the scanner gives up what stays unreadable */
        } else {
            result.failed = err != CT_ERR_IO;
            result.given_up = true;
            break;
        }
        failures = 0;
    }
    result.given_up = result.given_up || s.lost_blocks;
    segment_scanner_finish(&s);
    return result;
}

/* Takes the newest segment: cuts its torn tail and leaves it open for appending. */
static enum ct_err take_newest(struct journal *j, uint64_t first, struct segment *out, enum outcome *outcome,
                               struct ct_errmsg *msg)
{
    char name[FOLDER_NAME_MAX];
    int fd;
    struct stat st;
    uint32_t salt = 0;
    enum ct_err head;
    *outcome = OUTCOME_GONE;
    enum ct_err err = open_segment(j, first, O_RDWR, name, &fd, &st, &salt, &head, msg);
    if (err)
        return err;
    uint64_t size = (uint64_t)st.st_size;
    if (head && size >= SEGMENT_HEADER_BYTES) {
        err = set_aside(j, name, msg);
        goto close_file;
    }
    struct scan scan = {0}; /* a file shorter than a header holds nothing */
    if (!head)
        scan = scan_segment(fd, salt, first, size);
    if (scan.failed) {
        err = ct_fail(msg, CT_ERR_NOMEM, "no memory to read %s/%s", j->config.dir, name);
        goto close_file;
    }
    if (scan.end <= SEGMENT_HEADER_BYTES && !scan.given_up) {
        j->counters.torn_bytes += size > scan.end ? size - scan.end : 0;
        if (!disk_remove(j->dir_fd, name))
            err = ct_fail(msg, CT_ERR_IO, "cannot remove %s/%s: %s", j->config.dir, name, strerror(errno));
        goto close_file;
    }

    *outcome = OUTCOME_KEPT;
    *out = (struct segment){.first = first,
                            .last = scan.last > first ? scan.last : first,
                            .bytes = size,
                            .wall_ns = scan.wall_ns,
                            .found = true};
    if (scan.given_up)
        goto close_file; /* kept as it is, for its readers; the next append starts a new one */
    if (size > scan.end) {
        if (!disk_cut(fd, scan.end)) {
            err = ct_fail(msg, CT_ERR_IO, "cannot cut the torn end of %s/%s: %s", j->config.dir, name,
                          strerror(errno));
            goto close_file;
        }
        j->counters.torn_bytes += size - scan.end;
        out->bytes = scan.end;
    }
    j->fd = fd;
    j->fd_dirty = true; /* the last process may have gone before its fsync */
    j->salt = salt;
    return CT_OK;

close_file:
    close(fd);
    return err;
}

/* Any other segment: its header, its size, its age. */
static enum ct_err take_older(struct journal *j, uint64_t first, uint64_t next, struct ct_errmsg *msg)
{
    char name[FOLDER_NAME_MAX];
    int fd;
    struct stat st;
    uint32_t salt;
    enum ct_err head;
    enum ct_err err = open_segment(j, first, O_RDONLY, name, &fd, &st, &salt, &head, msg);
    if (err)
        return err;
    close(fd);
    if (head)
        return set_aside(j, name, msg);
    struct segment *s = journal_add_segment(j, first);
    s->last = next - 1;
    s->bytes = (uint64_t)st.st_size;
    s->wall_ns = ((int64_t)st.st_mtime + 1) * NS_PER_SEC - 1;
    s->found = true;
    j->bytes += s->bytes;
    return CT_OK;
}

enum ct_err journal_recover(struct journal *j, struct ct_errmsg *msg)
{
    struct listing l = {0};
    enum ct_err err = list_folder(j, &l, msg);
    if (err)
        goto free_listing;
    remove_old_corrupt(j, &l);

    struct segment newest;
    enum outcome outcome = OUTCOME_GONE;
    while (l.count && outcome == OUTCOME_GONE) {
        raise_to(&l.highest, l.firsts[l.count - 1] - 1);
        err = take_newest(j, l.firsts[--l.count], &newest, &outcome, msg);
        if (err)
            goto free_listing;
    }
    if (outcome == OUTCOME_KEPT) {
        for (size_t i = 0; i < l.count; i++) {
            uint64_t next = i + 1 < l.count ? l.firsts[i + 1] : newest.first;
            err = take_older(j, l.firsts[i], next, msg);
            if (err)
                goto free_listing;
        }
        *journal_add_segment(j, newest.first) = newest;
        j->bytes += newest.bytes;
        raise_to(&l.highest, newest.last);
    }
    j->next_seq = l.highest + 1;

free_listing:
    free(l.firsts);
    free(l.corrupt);
    return err;
}
