/*
 * knobs.h - the variables OTEL_INTERCEPTOR_*, which users of the request interceptor have in their shells.
 * Those that are a setting here stand as aliases in options_table.c; another one does nothing, and somebody
 * should know.
 */
#ifndef CT_APP_KNOBS_H
#define CT_APP_KNOBS_H

#include "paths.h"

/* Named in the message; how many more there are is said. */
#define KNOBS_SHOWN 3

#define KNOBS_TEXT_MAX 400

struct knobs_words {
    char unknown[KNOBS_TEXT_MAX]; /* those that are set, and what each was perhaps meant to be */
    char known[KNOBS_TEXT_MAX];   /* all that there are */
};

/* True when some are set that nothing here knows. */
bool knobs_unknown(const struct env *env, struct knobs_words *out);

#endif
