/*
 * disk.h - every call by which this layer changes, reads or syncs a file, and nothing else: what a device
 * that fails, or a power cut, can come between. A test links its own implementation in place of disk.c
 * (tests/unit/journal/support/lossy_disk.h).
 */
#ifndef CT_JOURNAL_DISK_H
#define CT_JOURNAL_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FILE_MODE 0600

/*
 * Opens with O_CLOEXEC and without following a link; a file that this creates is 0600 whatever the umask, and
 * one that others could read is made so, where the system lets us. -1: errno.
 */
int disk_open(int dir_fd, const char *name, int flags);

/* All of buf at that offset with one pwrite. False, with errno, when less than that was written. */
bool disk_write(int fd, const void *bytes, size_t len, uint64_t offset);

/* Up to len bytes from offset on; less only at the end of the file. False with errno: *got were read before
 * it. */
bool disk_read(int fd, void *bytes, size_t len, uint64_t offset, size_t *got);

/* These are false with errno. */
bool disk_cut(int fd, uint64_t size);
bool disk_remove(int dir_fd, const char *name);
bool disk_rename(int dir_fd, const char *from, const char *to);

/* fsync of a file or a folder. It waits for the device; legal in any thread. */
bool disk_sync(int fd);

#endif
