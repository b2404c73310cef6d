/*
 * options_rows.h - shorthand for the rows of options_table.c: which commands take a setting, and rows that
 * share everything but their names. For that file alone.
 */
#ifndef CT_APP_OPTIONS_ROWS_H
#define CT_APP_OPTIONS_ROWS_H

#include "clock.h"
#include "options_table.h"

#define ON(c)   (1u << COMMAND_##c)
#define EVERY   ((1u << COMMAND_COUNT) - 1)
#define COLLECT (ON(RUN) | ON(SERVE) | ON(DOCTOR))
#define SHOW    (ON(RUN) | ON(REPLAY) | ON(DEMO))
#define QUICK   (ON(HOOK) | ON(STATUSLINE))
#define LINKS   (EVERY & ~(ON(RECORD) | ON(SETUP) | ON(THEMES) | QUICK))

#define FIELD(f) .offset = offsetof(struct options, f), .size = sizeof(((struct options *)0)->f)

#define KIB    INT64_C(1024)
#define MIB    (1024 * KIB)
#define GIB    (1024 * MIB)
#define TIB    (1024 * GIB)
#define MAX_MS (24 * 3600 * INT64_C(1000))

/* Rows of settings that share everything but their names. */
#define LIMIT_BYTES(name, dashed, value, most, words)                                                        \
    {                                                                                                        \
        .flag = "limit-" dashed, .section = "limits", .key = #name, .value_name = "SIZE", .fallback = value, \
        .help = words, .example = value, .commands = COLLECT, .type = OPTION_BYTES, FIELD(limits.name),      \
        .min = KIB, .max = most, .advanced = true                                                            \
    }
#define LIMIT_COUNT(name, dashed, value, most, words)                                                        \
    {                                                                                                        \
        .flag = "limit-" dashed, .section = "limits", .key = #name, .value_name = "N", .fallback = value,    \
        .help = words, .example = value, .commands = COLLECT, .type = OPTION_INT, FIELD(limits.name),        \
        .min = 1, .max = most, .advanced = true                                                              \
    }
#define LIMIT_MS(name, dashed, value, words)                                                                 \
    {                                                                                                        \
        .flag = "limit-" dashed, .section = "limits", .key = #name, .value_name = "TIME", .fallback = value, \
        .help = words, .example = value, .commands = COLLECT, .type = OPTION_MS, FIELD(limits.name),         \
        .min = 1, .max = MAX_MS, .advanced = true                                                            \
    }
#define UPSTREAM_MS(name, dashed, value, words)                                                              \
    {                                                                                                        \
        .flag = "upstream-" dashed, .section = "upstream", .key = #name, .value_name = "TIME",               \
        .fallback = value, .help = words, .example = value, .commands = COLLECT, .type = OPTION_MS,          \
        FIELD(upstream.name), .min = 1, .max = MAX_MS, .advanced = true                                      \
    }
#define DATA_SOURCE(name, dashed, value, words)                                                              \
    {                                                                                                        \
        .flag = "grafana-" dashed, .section = "grafana", .key = #name, .value_name = "UID",                  \
        .fallback = value, .help = words, .example = value, .commands = LINKS, .type = OPTION_STRING,        \
        FIELD(grafana.name), .advanced = true                                                                \
    }

#endif
