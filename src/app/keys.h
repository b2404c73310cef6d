/*
 * keys.h - the keys in force: the defaults, and what [keys] in config.ini makes of them.
 */
#ifndef CT_APP_KEYS_H
#define CT_APP_KEYS_H

#include "keymap.h"
#include "options.h"

/* CT_ERR_USAGE with "config.ini:12: …" when an action or a key does not exist, or when a key has two meanings
 * in one place. */
enum ct_err keys_read(const struct options *o, struct keymap *out, struct ct_errmsg *msg);

/* Every action with its keys, as a section that config.ini can hold. Errors as above. */
enum ct_err keys_print(const struct options *o, struct buf *out, struct ct_errmsg *msg);

#endif
