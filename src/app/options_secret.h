/*
 * options_secret.h - a setting's value for others' eyes: what --print-config shows is put into bug reports.
 */
#ifndef CT_APP_OPTIONS_SECRET_H
#define CT_APP_OPTIONS_SECRET_H

#include "options_table.h"

/*
 * Appends the value in field as option_format_field() does, with *** for a secret, for what headers say, and
 * for the user in a URL. True when nothing had to be left out; else the text cannot be read back. As with
 * other writers of texts, a buffer that cannot hold it stays failed.
 */
bool option_show(const struct option *opt, const void *field, struct buf *out);

#endif
