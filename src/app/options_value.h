/*
 * options_value.h - from text to a field of struct options and back.
 */
#ifndef CT_APP_OPTIONS_VALUE_H
#define CT_APP_OPTIONS_VALUE_H

#include "options_table.h"

/* Sets the field, or says in msg what the option wants ("wants a size such as 64MiB, not \"x\""). */
enum ct_err option_set(struct options *o, const struct option *opt, struct slice text, struct ct_errmsg *msg);

/* The same for a field of another structure than *o, for a destination's; strings go to the arena. */
enum ct_err option_set_field(struct arena *arena, const struct option *opt, void *field, struct slice text,
                             struct ct_errmsg *msg);
enum ct_err option_format_field(const struct option *opt, const void *field, struct buf *out);

/* Appends the value in a spelling that option_set() reads. */
enum ct_err option_format(const struct options *o, const struct option *opt, struct buf *out);

/*
 * Takes the text of an OPTION_LIST apart: trimmed items that are not empty, each ended by NUL in room
 * (text.len + 1 bytes), and NULL after the last of items (max + 1 pointers). Items past max are left out;
 * returns how many there are in the text.
 */
size_t option_list_split(struct slice text, char *room, const char **items, size_t max);

/*
 * The host and port of "HOST:PORT", "[V6]:PORT" or of a URL (whose default port is used). False when it is
 * neither. The host comes without brackets.
 */
bool option_split_address(struct slice text, struct slice *host, unsigned *port);
bool option_split_url(struct slice url, struct slice *host, unsigned *port);

/* "localhost", 127.0.0.0/8, ::1 */
bool option_is_loopback(struct slice host);
/* 0.0.0.0, ::, or nothing: every address of this machine */
bool option_is_any(struct slice host);

#endif
