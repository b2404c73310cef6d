#define _XOPEN_SOURCE 700 /* realpath() */
#include "file_io.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK 65536u

enum ct_err file_read(const char *path, struct buf *out, struct ct_errmsg *msg)
{
    size_t before = out->len;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return ct_fail(msg, errno == ENOENT || errno == ENOTDIR ? CT_ERR_NOT_FOUND : CT_ERR_IO,
                       "cannot read %s: %s", path, strerror(errno));
    enum ct_err err = CT_OK;
    ssize_t n = 1;
    while (!err && n > 0) {
        char chunk[CHUNK];
        n = read(fd, chunk, sizeof chunk);
        if (n < 0)
            err = ct_fail(msg, CT_ERR_IO, "cannot read %s: %s", path, strerror(errno));
        else if (buf_append(out, slice_make(chunk, (size_t)n)))
            err = ct_fail(msg, CT_ERR_LIMIT, "%s is larger than %zu bytes", path, out->max);
    }
    close(fd);
    if (err)
        out->len = before;
    return err;
}

static enum ct_err fill(int fd, struct slice text)
{
    while (text.len) {
        ssize_t n = write(fd, text.ptr, text.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return CT_ERR_IO;
        text = slice_sub(text, (size_t)n, text.len);
    }
    return fsync(fd) ? CT_ERR_IO : CT_OK;
}

enum ct_err file_write(const char *path, struct slice text, mode_t mode, struct ct_errmsg *msg)
{
    char real[PATH_MAX], temp[PATH_MAX + 16];
    struct stat st;
    if (!realpath(path, real) && snprintf(real, sizeof real, "%s", path) >= (int)sizeof real)
        return ct_fail(msg, CT_ERR_USAGE, "the path %s is too long", path);
    snprintf(temp, sizeof temp, "%s.XXXXXX", real);
    int fd = mkstemp(temp);
    if (fd < 0)
        return ct_fail(msg, CT_ERR_IO, "cannot write beside %s: %s", real, strerror(errno));
    enum ct_err err = fill(fd, text);
    if (!err && fchmod(fd, stat(real, &st) == 0 ? st.st_mode & 07777 : mode))
        err = CT_ERR_IO;
    if (close(fd))
        err = CT_ERR_IO;
    if (!err && rename(temp, real))
        err = CT_ERR_IO;
    if (err) {
        ct_fail(msg, err, "cannot write %s: %s", real, strerror(errno));
        unlink(temp);
    }
    return err;
}

enum ct_err file_read_line(const char *path, char *out, size_t cap, struct ct_errmsg *msg)
{
    struct buf text;
    buf_init(&text, cap + 64);
    enum ct_err err = file_read(path, &text, msg);
    struct slice line = buf_slice(&text);
    while (line.len && strchr(" \t\r\n", line.ptr[line.len - 1]))
        line.len--;
    while (line.len && strchr(" \t\r\n", line.ptr[0]))
        line = slice_sub(line, 1, line.len);
    if (!err && (line.len == 0 || line.len >= cap || slice_find(line, '\n') < line.len))
        err = ct_fail(msg, CT_ERR_USAGE, "%s holds no single line of at most %zu bytes", path, cap - 1);
    if (!err) {
        memcpy(out, line.ptr, line.len);
        out[line.len] = '\0';
    }
    if (text.data)
        memset(text.data, 0, text.len);
    buf_finish(&text);
    return err;
}
