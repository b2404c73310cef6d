/* flock() locks the open file and not the process: a second journal of the same process is refused as well.
 */
#define _DEFAULT_SOURCE

#include "folder.h"

#include "disk.h"
#include "mem.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEGMENT_DIGITS 20u
#define PID_TEXT_MAX   32

static enum ct_err make_one(const char *path, struct ct_errmsg *msg)
{
    if (mkdir(path, FOLDER_MODE) == 0) {
        if (chmod(path, FOLDER_MODE) == 0)
            return CT_OK;
    } else if (errno == EEXIST || errno == EISDIR) {
        struct stat st;
        if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
            return CT_OK;
        errno = ENOTDIR;
    }
    return ct_fail(msg, CT_ERR_IO, "cannot create the folder %s: %s; choose another with --state-dir", path,
                   strerror(errno));
}

enum ct_err folder_make(const char *path, struct ct_errmsg *msg)
{
    if (!path[0])
        return ct_fail(msg, CT_ERR_USAGE, "the state folder has an empty name; choose one with --state-dir");
    char *copy = mem_strdup(slice_str(path));
    enum ct_err err = CT_OK;
    for (char *slash = strchr(copy + 1, '/'); slash && !err; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        /* A parent may be one that this user can only pass through: mkdir's errno does not tell, so look
         * first. */
        struct stat st;
        if (stat(copy, &st) != 0)
            err = make_one(copy, msg);
        *slash = '/';
    }
    if (!err)
        err = make_one(copy, msg);
    free(copy);
    return err;
}

/* The pid in the lock file, or 0. */
static long lock_holder(int fd)
{
    char text[PID_TEXT_MAX];
    size_t got;
    uint64_t pid;
    if (!disk_read(fd, text, sizeof text, 0, &got))
        return 0;
    struct slice line = slice_sub(slice_make(text, got), 0, slice_find(slice_make(text, got), '\n'));
    return slice_to_u64(slice_trim(line), &pid) && pid <= INT32_MAX ? (long)pid : 0;
}

enum ct_err folder_lock(int dir_fd, const char *path, int *fd, struct ct_errmsg *msg)
{
    *fd = disk_open(dir_fd, FOLDER_LOCK_NAME, O_RDWR | O_CREAT);
    if (*fd < 0)
        return ct_fail(msg, CT_ERR_IO, "cannot write in %s: %s; choose another folder with --state-dir", path,
                       strerror(errno));
    enum ct_err err = CT_OK;
    if (flock(*fd, LOCK_EX | LOCK_NB) != 0) {
        int why = errno;
        long pid = lock_holder(*fd);
        if (why != EWOULDBLOCK)
            err = ct_fail(msg, CT_ERR_IO, "cannot lock %s/" FOLDER_LOCK_NAME ": %s", path, strerror(why));
        else if (pid)
            err = ct_fail(msg, CT_ERR_BUSY,
                          "%s is in use by process %ld; end it, or choose another folder with --state-dir",
                          path, pid);
        else
            err = ct_fail(
                msg, CT_ERR_BUSY,
                "%s is in use by another process; end it, or choose another folder with --state-dir", path);
        goto close_file;
    }
    /* Always the same length: nothing has to be cut first, after which ext4 would flush the file at close. */
    char text[PID_TEXT_MAX];
    int len = snprintf(text, sizeof text, "%20ld\n", (long)getpid());
    if (!disk_write(*fd, text, (size_t)len, 0)) {
        /* The lock is what counts. On a full disk the next process merely cannot say who holds it. */
        if (errno != ENOSPC && errno != EDQUOT && errno != EFBIG) {
            err = ct_fail(msg, CT_ERR_IO, "cannot write %s/" FOLDER_LOCK_NAME ": %s", path, strerror(errno));
            goto close_file;
        }
    }
    return CT_OK;

close_file:
    close(*fd);
    *fd = -1;
    return err;
}

void folder_segment_name(uint64_t first, char *name)
{
    snprintf(name, FOLDER_NAME_MAX, "%020" PRIu64 FOLDER_SEGMENT_END, first);
}

bool folder_parse_segment_name(const char *name, uint64_t *first)
{
    struct slice s = slice_str(name);
    return s.len == SEGMENT_DIGITS + strlen(FOLDER_SEGMENT_END) &&
           slice_eq_str(slice_sub(s, SEGMENT_DIGITS, s.len), FOLDER_SEGMENT_END) &&
           slice_to_u64(slice_sub(s, 0, SEGMENT_DIGITS), first) && *first > 0 && *first <= FOLDER_SEQ_MAX;
}

enum ct_err folder_set_aside(int dir_fd, const char *name, struct ct_errmsg *msg)
{
    for (int i = 1; i <= FOLDER_CORRUPT_TRIES; i++) {
        char aside[FOLDER_NAME_MAX * 2];
        if (i == 1)
            snprintf(aside, sizeof aside, "%s" FOLDER_CORRUPT_END, name);
        else
            snprintf(aside, sizeof aside, "%s" FOLDER_CORRUPT_END "-%d", name, i);
        struct stat st;
        if (fstatat(dir_fd, aside, &st, AT_SYMLINK_NOFOLLOW) == 0)
            continue;
        if (disk_rename(dir_fd, name, aside))
            return CT_OK;
        return ct_fail(msg, CT_ERR_IO, "cannot set the damaged segment %s aside: %s", name, strerror(errno));
    }
    return ct_fail(msg, CT_ERR_IO,
                   "cannot set the damaged segment %s aside: remove old *" FOLDER_CORRUPT_END " files", name);
}
