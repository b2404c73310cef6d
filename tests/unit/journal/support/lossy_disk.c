#include "lossy_disk.h"

#include "disk.h"
#include "journals.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECTOR    512u
#define FILES_MAX 4096u
#define NAME_SIZE 64u

/* One change of a file that no fsync has covered. bytes NULL: cut to that length. */
struct change {
    uint64_t at;
    size_t len;
    char *bytes;
    bool doomed; /* an fsync failed: never reaches the device */
};

struct file {
    ino_t ino;
    char *kept; /* what the device has */
    size_t kept_len;
    struct change *changes;
    size_t count;
};

struct name {
    char text[NAME_SIZE];
    size_t file;
};

struct naming {
    struct name name;
    bool removed;
};

static struct {
    char folder[256];
    bool cut;
    struct file *files;
    size_t file_count;
    struct name names[FILES_MAX]; /* on the device */
    size_t name_count;
    struct naming *namings; /* since the folder's last fsync */
    size_t naming_count;
    unsigned sync_passes, sync_failures;
    unsigned write_passes, write_failures;
    int write_error;
    char bad_name[NAME_SIZE];
    uint64_t bad_from, bad_to;
    unsigned bad_count;
} disk;

static void *grown(void *items, size_t count, size_t size)
{
    void *bigger = realloc(items, count * size);
    assert_non_null(bigger);
    return bigger;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static size_t new_file(int fd)
{
    struct stat st;
    assert_int_equal(fstat(fd, &st), 0);
    disk.files = grown(disk.files, disk.file_count + 1, sizeof *disk.files);
    disk.files[disk.file_count] = (struct file){.ino = st.st_ino};
    return disk.file_count++;
}

/* The newest of that inode: the system gives numbers out again. */
static struct file *file_of(int fd)
{
    struct stat st;
    assert_int_equal(fstat(fd, &st), 0);
    for (size_t i = disk.file_count; i-- > 0;)
        if (disk.files[i].ino == st.st_ino)
            return &disk.files[i];
    fail_msg("a file that was not opened by disk_open()");
    return NULL;
}

static void note_name(const char *text, size_t file, bool removed)
{
    disk.namings = grown(disk.namings, disk.naming_count + 1, sizeof *disk.namings);
    struct naming *n = &disk.namings[disk.naming_count++];
    *n = (struct naming){.name.file = file, .removed = removed};
    snprintf(n->name.text, sizeof n->name.text, "%s", text);
}

static void note_change(struct file *f, uint64_t at, const char *bytes, size_t len)
{
    f->changes = grown(f->changes, f->count + 1, sizeof *f->changes);
    struct change *c = &f->changes[f->count++];
    *c = (struct change){.at = at, .len = len};
    if (bytes) {
        c->bytes = grown(NULL, 1, len);
        memcpy(c->bytes, bytes, len);
    }
}

static void keep_bytes(struct file *f, uint64_t at, const char *bytes, size_t len)
{
    if (at + len > f->kept_len) {
        f->kept = grown(f->kept, 1, at + len);
        memset(f->kept + f->kept_len, 0, at + len - f->kept_len);
        f->kept_len = at + len;
    }
    memcpy(f->kept + at, bytes, len);
}

static void keep_change(struct file *f, const struct change *c)
{
    if (c->bytes)
        keep_bytes(f, c->at, c->bytes, c->len);
    else if (c->at < f->kept_len)
        f->kept_len = c->at;
}

static void forget_changes(struct file *f)
{
    for (size_t i = 0; i < f->count; i++)
        free(f->changes[i].bytes);
    free(f->changes);
    f->changes = NULL;
    f->count = 0;
}

static void keep_naming(const struct naming *n)
{
    size_t at = 0;
    while (at < disk.name_count && strcmp(disk.names[at].text, n->name.text) != 0)
        at++;
    if (n->removed) {
        if (at < disk.name_count)
            disk.names[at] = disk.names[--disk.name_count];
        return;
    }
    assert_true(at < FILES_MAX);
    if (at == disk.name_count)
        disk.name_count++;
    disk.names[at] = n->name;
}

/* True when this call is one of those that are to fail. */
static bool fails(unsigned *passes, unsigned *failures)
{
    if (*failures == 0)
        return false;
    if (*passes > 0) {
        (*passes)--;
        return false;
    }
    (*failures)--;
    return true;
}

static bool unplugged(void)
{
    if (disk.cut)
        errno = EIO;
    return disk.cut;
}

/* --------------------------------------------------------------------------------------------- disk.h */

int disk_open(int dir_fd, const char *name, int flags)
{
    if (unplugged())
        return -1;
    int fd = openat(dir_fd, name, (flags & ~(O_CREAT | O_TRUNC)) | O_CLOEXEC | O_NOFOLLOW);
    if (fd >= 0) {
        if ((flags & O_TRUNC) && !disk_cut(fd, 0)) {
            close(fd);
            return -1;
        }
        return fd;
    }
    if (errno != ENOENT || !(flags & O_CREAT))
        return -1;
    fd = openat(dir_fd, name, flags | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
    if (fd >= 0)
        note_name(base_name(name), new_file(fd), false);
    return fd;
}

bool disk_write(int fd, const void *bytes, size_t len, uint64_t offset)
{
    if (unplugged())
        return false;
    bool fail = fails(&disk.write_passes, &disk.write_failures);
    size_t part = fail ? len / 2 : len;
    if (part > 0) {
        assert_int_equal(pwrite(fd, bytes, part, (off_t)offset), (ssize_t)part);
        note_change(file_of(fd), offset, bytes, part);
    }
    errno = disk.write_error;
    return !fail;
}

static bool is_bad(int fd, uint64_t offset, uint64_t *bad_at)
{
    struct stat st, bad;
    char path[512];
    if (disk.bad_count == 0)
        return false;
    snprintf(path, sizeof path, "%s/%s", disk.folder, disk.bad_name);
    if (fstat(fd, &st) != 0 || stat(path, &bad) != 0 || st.st_ino != bad.st_ino || offset >= disk.bad_to)
        return false;
    *bad_at = offset > disk.bad_from ? offset : disk.bad_from;
    return true;
}

bool disk_read(int fd, void *bytes, size_t len, uint64_t offset, size_t *got)
{
    *got = 0;
    if (unplugged())
        return false;
    uint64_t bad_at = 0;
    bool bad = is_bad(fd, offset, &bad_at) && bad_at < offset + len;
    size_t want = bad ? (size_t)(bad_at - offset) : len;
    while (*got < want) {
        ssize_t n = pread(fd, (char *)bytes + *got, want - *got, (off_t)(offset + *got));
        assert_true(n >= 0);
        if (n == 0)
            return true;
        *got += (size_t)n;
    }
    if (bad) {
        disk.bad_count--;
        errno = EIO;
    }
    return !bad;
}

bool disk_cut(int fd, uint64_t size)
{
    if (unplugged())
        return false;
    note_change(file_of(fd), size, NULL, 0);
    return ftruncate(fd, (off_t)size) == 0;
}

bool disk_remove(int dir_fd, const char *name)
{
    if (unplugged() || unlinkat(dir_fd, name, 0) != 0)
        return false;
    note_name(base_name(name), 0, true);
    return true;
}

bool disk_rename(int dir_fd, const char *from, const char *to)
{
    if (unplugged())
        return false;
    int fd = openat(dir_fd, from, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || renameat(dir_fd, from, dir_fd, to) != 0)
        return false;
    size_t file = (size_t)(file_of(fd) - disk.files);
    close(fd);
    note_name(base_name(from), 0, true);
    note_name(base_name(to), file, false);
    return true;
}

bool disk_sync(int fd)
{
    struct stat st;
    if (unplugged())
        return false;
    bool fail = fails(&disk.sync_passes, &disk.sync_failures);
    errno = EIO;
    assert_int_equal(fstat(fd, &st), 0);
    if (S_ISDIR(st.st_mode)) {
        for (size_t i = 0; i < disk.naming_count && !fail; i++)
            keep_naming(&disk.namings[i]);
        if (!fail)
            disk.naming_count = 0;
        return !fail;
    }
    struct file *f = file_of(fd);
    for (size_t i = 0; i < f->count; i++) {
        if (fail)
            f->changes[i].doomed = true;
        else if (!f->changes[i].doomed)
            keep_change(f, &f->changes[i]);
    }
    if (!fail)
        forget_changes(f);
    return !fail;
}

/* -------------------------------------------------------------------------------------------- the test */

static void forget_all(void)
{
    for (size_t i = 0; i < disk.file_count; i++) {
        forget_changes(&disk.files[i]);
        free(disk.files[i].kept);
    }
    free(disk.files);
    free(disk.namings);
    disk.files = NULL;
    disk.namings = NULL;
    disk.file_count = disk.naming_count = disk.name_count = 0;
}

void lossy_begin(const char *folder)
{
    memset(&disk, 0, sizeof disk);
    snprintf(disk.folder, sizeof disk.folder, "%s", folder);
}

void lossy_end(void)
{
    forget_all();
    memset(&disk, 0, sizeof disk);
}

void lossy_cut(void)
{
    disk.cut = true;
}

static unsigned chance(unsigned *seed, unsigned below)
{
    *seed = *seed * 1103515245u + 12345u;
    return (*seed >> 8) % below;
}

/* A write may have come to the device in part: sector by sector. */
static void keep_by_chance(struct file *f, const struct change *c, unsigned *seed)
{
    unsigned how = chance(seed, 4); /* 0: none, 1: all, else each sector for itself */
    if (how == 0 || c->doomed)
        return;
    if (!c->bytes || how == 1) {
        keep_change(f, c);
        return;
    }
    for (size_t at = 0; at < c->len;) {
        size_t piece = SECTOR - (size_t)((c->at + at) % SECTOR);
        if (piece > c->len - at)
            piece = c->len - at;
        if (chance(seed, 2))
            keep_bytes(f, c->at + at, c->bytes + at, piece);
        at += piece;
    }
}

static void empty_folder(void)
{
    DIR *dir = opendir(disk.folder);
    struct dirent *e;
    assert_non_null(dir);
    while ((e = readdir(dir)))
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            assert_int_equal(unlinkat(dirfd(dir), e->d_name, 0), 0);
    closedir(dir);
}

void lossy_restart(enum lossy_keeps keeps, unsigned seed)
{
    assert_true(disk.cut);
    if (keeps == LOSSY_CHANCE) {
        for (size_t i = 0; i < disk.file_count; i++)
            for (size_t k = 0; k < disk.files[i].count; k++)
                keep_by_chance(&disk.files[i], &disk.files[i].changes[k], &seed);
        size_t named = chance(&seed, (unsigned)disk.naming_count + 1);
        for (size_t i = 0; i < named; i++)
            keep_naming(&disk.namings[i]);
    }
    empty_folder();
    struct name *names = grown(NULL, disk.name_count + 1, sizeof *names);
    struct file *contents = grown(NULL, disk.name_count + 1, sizeof *contents);
    size_t count = disk.name_count;
    for (size_t i = 0; i < count; i++) {
        const struct file *f = &disk.files[disk.names[i].file];
        names[i] = disk.names[i];
        contents[i] = (struct file){.kept_len = f->kept_len, .kept = grown(NULL, 1, f->kept_len + 1)};
        if (f->kept_len > 0)
            memcpy(contents[i].kept, f->kept, f->kept_len);
    }
    forget_all();
    disk.cut = false;
    disk.sync_failures = disk.write_failures = disk.bad_count = 0;
    for (size_t i = 0; i < count; i++) {
        char *path = path_join(disk.folder, names[i].text);
        file_write(path, contents[i].kept, contents[i].kept_len);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        assert_true(fd >= 0);
        size_t at = new_file(fd);
        disk.files[at].kept = contents[i].kept;
        disk.files[at].kept_len = contents[i].kept_len;
        disk.names[disk.name_count] = names[i];
        disk.names[disk.name_count++].file = at;
        close(fd);
        free(path);
    }
    free(names);
    free(contents);
}

void lossy_fail_syncs(unsigned passed, unsigned count)
{
    disk.sync_passes = passed;
    disk.sync_failures = count;
}

void lossy_fail_writes(unsigned passed, unsigned count, int error)
{
    disk.write_passes = passed;
    disk.write_failures = count;
    disk.write_error = error;
}

void lossy_bad_block(const char *name, uint64_t from, uint64_t to, unsigned count)
{
    snprintf(disk.bad_name, sizeof disk.bad_name, "%s", name);
    disk.bad_from = from;
    disk.bad_to = to;
    disk.bad_count = to ? count : 0;
}
