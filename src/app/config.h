/*
 * config.h - reads config.ini, line by line, for whoever knows what the keys mean.
 *
 * The format is inih's: sections in brackets, `key = value`, comments behind ';' or '#' at the start of a
 * line and behind ';' after a blank or right behind the '='. Lines may be indented; none continues on the
 * next.
 */
#ifndef CT_APP_CONFIG_H
#define CT_APP_CONFIG_H

#include "errors.h"
#include "slice.h"

/* One key. An error ends the reading; msg gets "file:line: " before the handler's own words. */
typedef enum ct_err (*config_handler_fn)(void *ctx, struct slice section, struct slice key,
                                         struct slice value, unsigned line, struct ct_errmsg *msg);

/* A file larger than this is not a settings file. */
#define CONFIG_BYTES_MAX (1024u * 1024u)

/*
 * CT_ERR_NOT_FOUND when there is no such file, CT_ERR_IO when it cannot be read, CT_ERR_FORMAT when a line is
 * neither a section nor a key nor a comment, is too long for inih or holds a NUL, CT_ERR_NOMEM, and what the
 * handler returns.
 */
enum ct_err config_read(const char *path, config_handler_fn handler, void *ctx, struct ct_errmsg *msg);

/* The same of a text that is in memory; name stands for the path in messages. */
enum ct_err config_read_text(const char *name, const char *text, config_handler_fn handler, void *ctx,
                             struct ct_errmsg *msg);

#endif
