#include "cursor.h"

#include "disk.h"
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

/* A copy is: magic[8] version:u32 lanes:u32 generation:u64 done:u64[lanes] crc32(all before):u32,
 * little-endian */
#define CURSOR_VERSION 2u
#define AT_VERSION     8u
#define AT_LANES       12u
#define AT_GENERATION  16u
#define AT_DONE        24u
#define AT_CRC         (AT_DONE + 8u * CURSOR_LANES)
#define COPY_BYTES     (AT_CRC + 4u)
#define COPIES         2u
#define COPY_STRIDE    512u /* a device replaces a sector whole, or not at all */

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

static void encode(const struct cursor *c, uint64_t generation, unsigned char *out)
{
    memcpy(out, magic, sizeof magic);
    put_le(out + AT_VERSION, CURSOR_VERSION, 4);
    put_le(out + AT_LANES, CURSOR_LANES, 4);
    put_le(out + AT_GENERATION, generation, 8);
    for (size_t i = 0; i < CURSOR_LANES; i++)
        put_le(out + AT_DONE + 8 * i, c->done[i], 8);
    put_le(out + AT_CRC, crc32_z(0, out, AT_CRC), 4);
}

/* Version 1, of which there was one copy, had no generation: it is older than every other. */
static bool decode(const unsigned char *in, size_t len, uint64_t *generation, uint64_t *done)
{
    if (len < AT_GENERATION || memcmp(in, magic, sizeof magic) != 0 ||
        get_le(in + AT_LANES, 4) != CURSOR_LANES)
        return false;
    uint64_t version = get_le(in + AT_VERSION, 4);
    size_t at_done = version == 1 ? AT_GENERATION : AT_DONE,
           at_crc = at_done + sizeof(uint64_t) * CURSOR_LANES;
    if ((version != 1 && version != CURSOR_VERSION) || len < at_crc + 4 ||
        get_le(in + at_crc, 4) != crc32_z(0, in, at_crc))
        return false;
    *generation = version == 1 ? 0 : get_le(in + AT_GENERATION, 8);
    for (size_t i = 0; i < CURSOR_LANES; i++) {
        done[i] = get_le(in + at_done + 8 * i, 8);
        if (done[i] > FOLDER_SEQ_MAX)
            return false;
    }
    return true;
}

/* The newer of the copies that are whole. CT_ERR_NOT_FOUND, CT_ERR_IO (errno), CT_ERR_FORMAT: *c is
 * untouched. */
static enum ct_err load(int dir_fd, const char *name, struct cursor *c)
{
    int fd = disk_open(dir_fd, name, O_RDONLY);
    if (fd < 0)
        return errno == ENOENT ? CT_ERR_NOT_FOUND : CT_ERR_IO;
    bool any = false, failed = false;
    int why = 0;
    for (unsigned i = 0; i < COPIES; i++) {
        unsigned char bytes[COPY_BYTES];
        uint64_t generation, done[CURSOR_LANES];
        size_t got;
        if (!disk_read(fd, bytes, sizeof bytes, (uint64_t)i * COPY_STRIDE, &got)) {
            failed = true;
            why = errno;
        } else if (decode(bytes, got, &generation, done) && (!any || generation > c->generation)) {
            any = true;
            c->generation = generation;
            memcpy(c->done, done, sizeof done);
        }
    }
    close(fd);
    errno = why;
    return any ? CT_OK : failed ? CT_ERR_IO : CT_ERR_FORMAT;
}

uint64_t cursor_highest(int dir_fd, const char *name)
{
    struct cursor c = {0};
    uint64_t highest = 0;
    if (load(dir_fd, name, &c))
        return 0;
    for (size_t i = 0; i < CURSOR_LANES; i++)
        if (c.done[i] > highest)
            highest = c.done[i];
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
    err = load(AT_FDCWD, c->path, c);
    c->found = err != CT_ERR_NOT_FOUND;
    if (err == CT_ERR_IO)
        return ct_fail(msg, err, "cannot read %s: %s", c->path, strerror(errno));
    if (err == CT_ERR_FORMAT)
        log_warn("%s is damaged; what was forwarded before may be sent again", c->path);
    return CT_OK;
}

enum ct_err cursor_save(struct cursor *c, struct ct_errmsg *msg)
{
    if (!c->path)
        return CT_OK;
    unsigned char bytes[COPY_BYTES];
    encode(c, c->generation + 1, bytes);
    int fd = disk_open(AT_FDCWD, c->path, O_WRONLY);
    bool create = fd < 0 && errno == ENOENT;
    if (create)
        fd = disk_open(AT_FDCWD, c->path, O_WRONLY | O_CREAT);
    if (fd < 0 || !disk_write(fd, bytes, sizeof bytes, (c->generation + 1) % COPIES * COPY_STRIDE)) {
        enum ct_err err = ct_fail(msg, CT_ERR_IO, "cannot save %s: %s", c->path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return err;
    }
    close(fd);
    c->generation++;
    c->unsynced = true;
    c->created = c->created || create;
    return CT_OK;
}

/* The folder of path, for its fsync. */
static int open_folder(const char *path)
{
    char *folder = mem_strdup(slice_str(path));
    *strrchr(folder, '/') = '\0'; /* cursor_open() has put one there */
    int fd = open(folder[0] ? folder : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(folder);
    return fd;
}

size_t cursor_sync_take(struct cursor *c, int fds[CURSOR_SYNC_FDS_MAX])
{
    size_t n = 0;
    if (!c->unsynced || (fds[n] = disk_open(AT_FDCWD, c->path, O_RDONLY)) < 0)
        return 0;
    n++;
    c->unsynced = false;
    if (c->created && (fds[n] = open_folder(c->path)) >= 0) {
        c->created = false;
        n++;
    }
    return n;
}

void cursor_finish(struct cursor *c)
{
    free(c->path);
    *c = (struct cursor){0};
}
