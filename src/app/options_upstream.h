/*
 * options_upstream.h - the destinations beside [upstream]: their names and their values.
 *
 * A further destination is a section [upstream NAME] of config.ini ([upstream.NAME] is the same), or the URL
 * of a flag that begins with NAME=. Its values are found by the rows of [upstream] in the one table; a row's
 * offset in struct options is one in struct upstream_options behind it.
 */
#ifndef CT_APP_OPTIONS_UPSTREAM_H
#define CT_APP_OPTIONS_UPSTREAM_H

#include "options_table.h"

/* A row of section [upstream]. */
bool option_is_upstream(const struct option *opt);

/* True for "upstream NAME" and "upstream.NAME", with the name, which need not be a good one. */
bool options_upstream_section(struct slice section, struct slice *name);

/*
 * True when the flag's value begins with NAME= of a further destination; *value is then what is behind it. A
 * URL cannot begin so by itself; of other values only the name of a destination that there is counts.
 */
bool options_upstream_prefix(const struct options *o, const struct option *opt, struct slice *value,
                             struct slice *name);

/*
 * The destination of that name, made with the built-in values when there is none yet. CT_ERR_USAGE for a name
 * that cannot be one, and past OPTIONS_DESTINATIONS_MAX.
 */
enum ct_err options_upstream_get(struct options *o, struct slice name, struct option_source first,
                                 struct option_upstream **out, struct ct_errmsg *msg);

/* The value and the origin of a row of [upstream] in u. */
void *options_upstream_field(struct option_upstream *u, const struct option *opt);
const void *options_upstream_value(const struct option_upstream *u, const struct option *opt);

/* "CLAUDE_TOP_UPSTREAM_HEADER_CLOUD" into out (OPTION_ENV_MAX bytes). */
const char *options_upstream_env_name(const struct option_upstream *u, const struct option *opt, char *out);

/* When everything was read: what a further destination did not say is what [upstream] says. */
void options_upstream_inherit(struct options *o);

#endif
