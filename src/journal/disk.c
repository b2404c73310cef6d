#include "disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int disk_open(int dir_fd, const char *name, int flags)
{
    int fd = openat(dir_fd, name, flags | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
    struct stat st;
    bool lax = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 0077);
    if (fd >= 0 && (lax || (flags & O_CREAT)) && fchmod(fd, FILE_MODE) != 0 && (flags & O_CREAT)) {
        int saved = errno;
        close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

bool disk_write(int fd, const void *bytes, size_t len, uint64_t offset)
{
    ssize_t n;
    do
        n = pwrite(fd, bytes, len, (off_t)offset);
    while (n < 0 && errno == EINTR);
    if (n >= 0 && (size_t)n != len)
        errno = ENOSPC; /* the system says why only to a second write, which is not made */
    return n >= 0 && (size_t)n == len;
}

bool disk_read(int fd, void *bytes, size_t len, uint64_t offset, size_t *got)
{
    *got = 0;
    while (*got < len) {
        ssize_t n = pread(fd, (char *)bytes + *got, len - *got, (off_t)(offset + *got));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        if (n == 0)
            break;
        *got += (size_t)n;
    }
    return true;
}

bool disk_cut(int fd, uint64_t size)
{
    return ftruncate(fd, (off_t)size) == 0;
}

bool disk_remove(int dir_fd, const char *name)
{
    return unlinkat(dir_fd, name, 0) == 0;
}

bool disk_rename(int dir_fd, const char *from, const char *to)
{
    return renameat(dir_fd, from, dir_fd, to) == 0;
}

bool disk_sync(int fd)
{
    int result;
    do
        result = fsync(fd);
    while (result != 0 && errno == EINTR);
    return result == 0;
}
