/*
 * options_load.h - between the command line and the finished settings: config.ini, the environment, the
 * checks.
 */
#ifndef CT_APP_OPTIONS_LOAD_H
#define CT_APP_OPTIONS_LOAD_H

#include "options_table.h"

struct given {
    const struct option *opt;
    struct slice value;
};

/* Applies config.ini, the environment and the flags in this order, fills in paths and checks what belongs
 * together. */
enum ct_err options_load(struct options *o, const struct given *flags, size_t flag_count,
                         const struct env *env, struct ct_errmsg *msg);

#endif
