/*
 * file_io.h - small files whole: read within a bound, written so that at any moment the old or the new one is
 * there.
 */
#ifndef CT_APP_FILE_IO_H
#define CT_APP_FILE_IO_H

#include "buf.h"

#include <sys/types.h>

/* Appends the file's bytes. CT_ERR_NOT_FOUND, CT_ERR_LIMIT: larger than out can take; CT_ERR_IO. */
enum ct_err file_read(const char *path, struct buf *out, struct ct_errmsg *msg);

/*
 * Writes a file beside it, flushes that to disk and renames it over path. mode: of a new file; one that is
 * there keeps its own. A symbolic link stays one: the file that it leads to is replaced.
 */
enum ct_err file_write(const char *path, struct slice text, mode_t mode, struct ct_errmsg *msg);

/* The file's first line without the blanks around it: a token. CT_ERR_USAGE: empty, or more than a line. */
enum ct_err file_read_line(const char *path, char *out, size_t cap, struct ct_errmsg *msg);

#endif
