/* getentropy() */
#define _DEFAULT_SOURCE

#include "disk.h"
#include "folder.h"
#include "journal.h"
#include "log.h"
#include "mem.h"
#include "segment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct recording {
    char *path;
    int fd;
    uint32_t salt;
    bool writing;

    uint64_t bytes; /* writing: of whole frames and the header */
    uint64_t next_seq;
    struct buf scratch;

    struct segment_scanner scanner; /* reading */
    struct frame_header headers[FRAME_HEADERS_MAX];
};

static struct recording *create(const char *path, int fd, bool writing)
{
    struct recording *r = mem_alloc(sizeof *r);
    r->path = mem_strdup(slice_str(path));
    r->fd = fd;
    r->writing = writing;
    r->next_seq = 1;
    buf_init(&r->scratch, SEGMENT_ENVELOPE_BYTES + FRAME_BYTES_MAX);
    segment_scanner_init(&r->scanner, fd, 0, 0);
    return r;
}

void recording_close(struct recording *r)
{
    if (!r)
        return;
    segment_scanner_finish(&r->scanner);
    buf_finish(&r->scratch);
    close(r->fd);
    free(r->path);
    free(r);
}

enum ct_err recording_create(const char *path, struct recording **out, struct ct_errmsg *msg)
{
    *out = NULL;
    int fd = disk_open(AT_FDCWD, path, O_RDWR | O_CREAT | O_EXCL);
    if (fd < 0 && errno == EEXIST)
        return ct_fail(msg, CT_ERR_IO, "%s exists already; choose another name or remove it", path);
    if (fd < 0)
        return ct_fail(msg, CT_ERR_IO, "cannot create %s: %s", path, strerror(errno));
    char header[SEGMENT_HEADER_BYTES];
    uint32_t salt;
    if (getentropy(&salt, sizeof salt) == 0) {
        segment_header_write(header, salt);
        if (disk_write(fd, header, sizeof header, 0)) {
            *out = create(path, fd, true);
            (*out)->salt = salt;
            (*out)->bytes = sizeof header;
            return CT_OK;
        }
    }
    ct_fail(msg, CT_ERR_IO, "cannot write %s: %s", path, strerror(errno));
    close(fd);
    unlink(path);
    return CT_ERR_IO;
}

enum ct_err recording_append(struct recording *r, const struct frame *frame, struct ct_errmsg *msg)
{
    if (!r->writing)
        return ct_fail(msg, CT_ERR_USAGE, "%s is open for reading", r->path);
    buf_clear(&r->scratch);
    if (buf_reserve(&r->scratch, SEGMENT_ENVELOPE_BYTES))
        return ct_fail(msg, CT_ERR_NOMEM, "no memory to record a request");
    r->scratch.len = SEGMENT_ENVELOPE_BYTES;
    struct frame numbered = *frame;
    if (numbered.seq == 0)
        numbered.seq = r->next_seq;
    enum ct_err err = frame_encode(&numbered, &r->scratch);
    if (err)
        return ct_fail(msg, err,
                       err == CT_ERR_LIMIT ? "a request is too large to be recorded"
                                           : "no memory to record a request");
    segment_seal(r->scratch.data + SEGMENT_ENVELOPE_BYTES, r->scratch.len - SEGMENT_ENVELOPE_BYTES, r->salt);
    if (!disk_write(r->fd, r->scratch.data, r->scratch.len, r->bytes)) {
        ct_fail(msg, CT_ERR_IO, "cannot write %s: %s", r->path, strerror(errno));
        /* Without effect it does no harm: readers know a torn tail, and the next append goes over it. */
        if (!disk_cut(r->fd, r->bytes))
            log_warn("cannot cut the torn end of %s: %s", r->path, strerror(errno));
        return CT_ERR_IO;
    }
    r->bytes += r->scratch.len;
    r->next_seq = numbered.seq + 1;
    return CT_OK;
}

enum ct_err recording_open(const char *path, struct recording **out, struct ct_errmsg *msg)
{
    *out = NULL;
    /* O_NONBLOCK: a named pipe must not hold the program up; it is refused below. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return ct_fail(msg, errno == ENOENT ? CT_ERR_NOT_FOUND : CT_ERR_IO, "cannot open %s: %s", path,
                       strerror(errno));
    enum ct_err err = CT_OK;
    struct stat st;
    char header[SEGMENT_HEADER_BYTES];
    size_t got;
    uint32_t salt = 0;
    if (fstat(fd, &st) != 0)
        err = ct_fail(msg, CT_ERR_IO, "cannot read %s: %s", path, strerror(errno));
    else if (!S_ISREG(st.st_mode))
        err = ct_fail(msg, CT_ERR_FORMAT, "%s is not a file; name a recording or a journal segment (*%s)",
                      path, FOLDER_SEGMENT_END);
    else if (!disk_read(fd, header, sizeof header, 0, &got))
        err = ct_fail(msg, CT_ERR_IO, "cannot read %s: %s", path, strerror(errno));
    else
        err = segment_header_read(slice_make(header, got), &salt);
    if (err == CT_ERR_UNSUPPORTED)
        ct_fail(msg, err, "%s was recorded by a later version of claude-top; update to read it", path);
    else if (err == CT_ERR_FORMAT && S_ISREG(st.st_mode))
        ct_fail(msg, err, "%s is not a claude-top recording, or its first bytes are damaged", path);
    if (err) {
        close(fd);
        return err;
    }
    *out = create(path, fd, false);
    segment_scanner_init(&(*out)->scanner, fd, salt, (uint64_t)st.st_size);
    return CT_OK;
}

enum ct_err recording_next(struct recording *r, struct frame *out)
{
    if (r->writing)
        return CT_ERR_USAGE;
    enum ct_err err = segment_next(&r->scanner, out, r->headers);
    if (err == CT_ERR_FORMAT && r->scanner.damage == SEGMENT_CUT_SHORT &&
        r->scanner.offset >= r->scanner.limit)
        return CT_END;
    return err;
}
