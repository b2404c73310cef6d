#include "cursor.h"

#include "folder.h"
#include "journal_private.h"
#include "log.h"
#include "mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

/* magic[8] version:u32 lanes:u32 done:u64[lanes] crc32(all before):u32, little-endian */
#define CURSOR_VERSION 1u
#define AT_VERSION     8u
#define AT_LANES       12u
#define AT_DONE        16u
#define AT_CRC         (AT_DONE + 8u * CURSOR_LANES)
#define CURSOR_BYTES   (AT_CRC + 4u)
#define CURSOR_TMP_END ".tmp"

static const unsigned char magic[8] = {0x89, 'C', 'T', 'C', '\r', '\n', 0x1a, '\n'};

static void put_le(unsigned char *out, uint64_t v, int bytes)
{
    for (int i = 0; i < bytes; i++)
        out[i] = (unsigned char)(v >> (8 * i));
}

static uint64_t get_le(const unsigned char *in, int bytes)
{
    uint64_t v = 0;
    for (int i = bytes; i-- > 0;)
        v = v << 8 | in[i];
    return v;
}

static void encode(const uint64_t *done, unsigned char *out)
{
    memcpy(out, magic, sizeof magic);
    put_le(out + AT_VERSION, CURSOR_VERSION, 4);
    put_le(out + AT_LANES, CURSOR_LANES, 4);
    for (size_t i = 0; i < CURSOR_LANES; i++)
        put_le(out + AT_DONE + 8 * i, done[i], 8);
    put_le(out + AT_CRC, crc32_z(0, out, AT_CRC), 4);
}

static bool decode(const unsigned char *in, size_t len, uint64_t *done)
{
    if (len != CURSOR_BYTES || memcmp(in, magic, sizeof magic) != 0 ||
        get_le(in + AT_VERSION, 4) != CURSOR_VERSION || get_le(in + AT_LANES, 4) != CURSOR_LANES ||
        get_le(in + AT_CRC, 4) != crc32_z(0, in, AT_CRC))
        return false;
    for (size_t i = 0; i < CURSOR_LANES; i++) {
        done[i] = get_le(in + AT_DONE + 8 * i, 8);
        if (done[i] > FOLDER_SEQ_MAX)
            return false;
    }
    return true;
}

/* CT_ERR_NOT_FOUND, CT_ERR_IO (errno), CT_ERR_FORMAT; done is untouched then. */
static enum ct_err load(int dir_fd, const char *name, uint64_t *done)
{
    int fd = folder_open_file(dir_fd, name, O_RDONLY);
    if (fd < 0)
        return errno == ENOENT ? CT_ERR_NOT_FOUND : CT_ERR_IO;
    unsigned char bytes[CURSOR_BYTES + 1]; /* one more, so that a longer file is seen */
    uint64_t read[CURSOR_LANES];
    size_t got;
    enum ct_err err = CT_ERR_IO;
    if (folder_read(fd, bytes, sizeof bytes, 0, &got))
        err = decode(bytes, got, read) ? CT_OK : CT_ERR_FORMAT;
    int saved = errno;
    close(fd);
    errno = saved;
    if (!err)
        memcpy(done, read, sizeof read);
    return err;
}

uint64_t cursor_highest(int dir_fd, const char *name)
{
    uint64_t done[CURSOR_LANES];
    uint64_t highest = 0;
    if (load(dir_fd, name, done))
        return 0;
    for (size_t i = 0; i < CURSOR_LANES; i++)
        if (done[i] > highest)
            highest = done[i];
    return highest;
}

static bool good_name(const char *name)
{
    size_t len = strlen(name);
    return len > 0 && len <= CURSOR_NAME_MAX &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == len;
}

enum ct_err cursor_open(struct cursor *c, const char *dir, const char *name, struct ct_errmsg *msg)
{
    *c = (struct cursor){0};
    if (!good_name(name))
        return ct_fail(msg, CT_ERR_USAGE, "a cursor's name is 1 to %d letters, digits, '-' and '_'",
                       CURSOR_NAME_MAX);
    if (!dir)
        return CT_OK;
    enum ct_err err = folder_make(dir, msg);
    if (err)
        return err;
    size_t room = strlen(dir) + 1 + strlen(name) + sizeof FOLDER_CURSOR_END;
    c->path = mem_alloc(room);
    snprintf(c->path, room, "%s/%s" FOLDER_CURSOR_END, dir, name);
    err = load(AT_FDCWD, c->path, c->done);
    c->found = err != CT_ERR_NOT_FOUND;
    if (err == CT_ERR_IO)
        return ct_fail(msg, err, "cannot read %s: %s", c->path, strerror(errno));
    if (err == CT_ERR_FORMAT)
        log_warn("%s is damaged; what was forwarded before may be sent again", c->path);
    return CT_OK;
}

enum ct_err cursor_save(const struct cursor *c, struct ct_errmsg *msg)
{
    if (!c->path)
        return CT_OK;
    unsigned char bytes[CURSOR_BYTES];
    encode(c->done, bytes);
    size_t room = strlen(c->path) + sizeof CURSOR_TMP_END;
    char *tmp = mem_alloc(room);
    snprintf(tmp, room, "%s" CURSOR_TMP_END, c->path);
    enum ct_err err = CT_OK;
    int fd = folder_open_file(AT_FDCWD, tmp, O_WRONLY | O_CREAT | O_TRUNC);
    bool written = fd >= 0 && folder_write_once(fd, bytes, sizeof bytes, 0);
    if (!written || rename(tmp, c->path) != 0) {
        err = ct_fail(msg, CT_ERR_IO, "cannot save %s: %s", c->path, strerror(errno));
        if (fd >= 0)
            unlink(tmp);
    }
    if (fd >= 0)
        close(fd);
    free(tmp);
    return err;
}

void cursor_finish(struct cursor *c)
{
    free(c->path);
    *c = (struct cursor){0};
}
