/*
 * folder.h - the state folder: private to its user, held by one process, and what lies in it.
 */
#ifndef CT_JOURNAL_FOLDER_H
#define CT_JOURNAL_FOLDER_H

#include "errors.h"
#include "slice.h"

#define FOLDER_MODE 0700

#define FOLDER_LOCK_NAME     "lock"
#define FOLDER_SEGMENT_END   ".ctj"     /* 20 digits before it: the first sequence number */
#define FOLDER_CORRUPT_END   ".corrupt" /* behind the whole name of a segment that was set aside */
#define FOLDER_CURSOR_END    ".cursor"
#define FOLDER_NAME_MAX      64
#define FOLDER_SEQ_MAX       (UINT64_MAX / 2) /* a higher number in a name, frame or cursor is damage */
#define FOLDER_CORRUPT_TRIES 100              /* names tried for one segment: .corrupt, .corrupt-2, … */

/* Creates what is missing of path, each folder 0700 whatever the umask. Folders that exist stay as they are.
 */
enum ct_err folder_make(const char *path, struct ct_errmsg *msg);

/*
 * Takes the folder for this process and writes its pid into the lock file. CT_ERR_BUSY when somebody has it:
 * the message names the process. The lock goes with *fd, also when the process is killed.
 */
enum ct_err folder_lock(int dir_fd, const char *path, int *fd, struct ct_errmsg *msg);

/* name holds FOLDER_NAME_MAX bytes. */
void folder_segment_name(uint64_t first, char *name);
bool folder_parse_segment_name(const char *name, uint64_t *first);

/* Renames a segment so that nothing reads it any more, and nothing of the kind is overwritten. */
enum ct_err folder_set_aside(int dir_fd, const char *name, struct ct_errmsg *msg);

#endif
