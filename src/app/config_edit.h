/*
 * config_edit.h - changes one key of config.ini and leaves everything else as it is: comments, order, blank
 * lines, unknown keys, line ends.
 *
 * The file is replaced in one step (a reader sees the old or the new one), keeps its mode, and stays where it
 * is when its name is a symbolic link. A new file is readable by its owner only: settings may hold a token.
 */
#ifndef CT_APP_CONFIG_EDIT_H
#define CT_APP_CONFIG_EDIT_H

#include "buf.h"
#include "config.h"

/*
 * Appends text to out with the key set. Of a key that is there several times the last one, which is the one
 * that counts, gets the value; a comment behind it stays. A key that is not there comes at the end of its
 * section, a section that is not there at the end of the file.
 *
 * CT_ERR_FORMAT when the text cannot be parsed: it is never made worse. CT_ERR_USAGE when the value cannot be
 * written on one line so that it would read the same. name stands for the path in messages.
 */
enum ct_err config_edit_text(const char *name, struct slice text, struct slice section, struct slice key,
                             struct slice value, struct buf *out, struct ct_errmsg *msg);

/* Appends what is in the file; nothing when there is none. CT_ERR_IO, CT_ERR_LIMIT past CONFIG_BYTES_MAX. */
enum ct_err config_edit_read(const char *path, struct buf *out, struct ct_errmsg *msg);

/*
 * The same for the file, which is made, with its folder, when it is not there. seen is what the file held
 * when the user looked at it (NULL: nobody did); it becomes what the file holds now. CT_ERR_BUSY when it
 * holds something else by now: nothing is written over what somebody else wrote. Also CT_ERR_IO and the
 * above.
 */
enum ct_err config_edit_file(const char *path, struct buf *seen, struct slice section, struct slice key,
                             struct slice value, struct ct_errmsg *msg);

#endif
