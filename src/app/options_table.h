/*
 * options_table.h - the one table of settings and the one table of commands.
 *
 * To add a setting: a field in struct options, a row here. Nothing else.
 */
#ifndef CT_APP_OPTIONS_TABLE_H
#define CT_APP_OPTIONS_TABLE_H

#include "options.h"

enum option_type {
    OPTION_STRING,
    OPTION_LIST, /* string: items joined by "; ", a semicolon in one is "\;" (option_list_split). A flag that
                    is given again adds an item, which it takes as it is */
    OPTION_PATH, /* string; "~/" is expanded */
    OPTION_ADDRESS, /* string: HOST:PORT, [V6]:PORT or nothing */
    OPTION_URL,     /* string: http:// or https:// with a host, or nothing */
    OPTION_BOOL,
    OPTION_ENUM,   /* int: index into choices */
    OPTION_SET,    /* int: bit 1 << index into choices, at least one; joined by commas */
    OPTION_INT,    /* 4 or 8 bytes wide, between min and max */
    OPTION_BYTES,  /* the same, with KiB, MiB, GiB (K, M, G) or kB, MB, GB */
    OPTION_MS,     /* milliseconds, with ms, s, m, h, d */
    OPTION_NS,     /* nanoseconds, the same */
    OPTION_NUMBER, /* double, not negative */
};

struct option {
    const char *flag;       /* without dashes */
    const char *section;    /* of config.ini; NULL: only a flag, for this one run */
    const char *key;        /* in that section; NULL: not in config.ini, but in the environment */
    const char *value_name; /* "ADDR"; NULL for OPTION_BOOL */
    const char *choices;    /* OPTION_ENUM, OPTION_SET: "disk|memory" */
    const char *suggest;    /* "auto|dark": values that completions offer, when there are others too */
    const char *fallback;   /* the built-in value as text */
    const char *alias;      /* a variable of the environment that means the same; NULL: none */
    const char *help;       /* one line, no full stop */
    const char *example;    /* a value */
    uint32_t commands;      /* bit 1 << enum command */
    enum option_type type;
    uint16_t offset; /* in struct options */
    uint16_t size;   /* of the field */
    int64_t min, max;
    bool advanced; /* only in --help-all, man page and --print-config */
    bool own;      /* of [upstream]: not taken over by [upstream NAME] */
    bool secret;   /* not on the command line, where every user of the machine can read it; never printed */
    bool headers;  /* OPTION_LIST of "Name: value": only the names are printed */
};

/* What completions offer for `theme`: the built-in ones. */
#define OPTION_THEMES "auto|dark|light|dusk|colorblind|high-contrast|mono"

extern const struct option option_table[];
extern const size_t option_count;

/* A section of config.ini and a heading in help. */
struct option_section {
    const char *name; /* NULL: flags for one run */
    const char *title;
};

extern const struct option_section option_sections[];
extern const size_t option_section_count;

struct command_info {
    const char *word;    /* "" for COMMAND_RUN */
    const char *args;    /* "FILE", "[KIND]", "" */
    const char *choices; /* of the first argument, or NULL */
    const char *suggest; /* the same, when there are others too */
    int args_min, args_max;
    bool file_arg;       /* the argument is a file: for completions */
    const char *summary; /* one line */
    const char *text;    /* a paragraph */
    const char *example;
    const char *example_says; /* what the example does */
};

extern const struct command_info command_table[COMMAND_COUNT];

/* Flags that stand in for a command; all commands take them. */
struct option_meta {
    const char *flag;
    char letter; /* 0: none */
    const char *value_name;
    const char *help;
    enum options_action action;
};

extern const struct option_meta option_metas[];
extern const size_t option_meta_count;

struct exit_info {
    enum exit_code code;
    const char *text;
};

extern const struct exit_info exit_table[];
extern const size_t exit_count;

const struct option *option_by_flag(struct slice flag);
const struct option *option_by_key(struct slice section, struct slice key);
static inline size_t option_index(const struct option *opt)
{
    return (size_t)(opt - option_table);
}

/* "CLAUDE_TOP_UPSTREAM_HTTP" into out (OPTION_ENV_MAX bytes); NULL when the option has none. */
#define OPTION_ENV_MAX 64
const char *option_env_name(const struct option *opt, char *out);

/* Takes the next choice off "a|b|c". */
bool option_next_choice(struct slice *rest, struct slice *choice);

/*
 * The candidate that is most like word, or NULL when none is near enough to be what was meant. The names come
 * from next(ctx), NULL at the end.
 */
const char *option_nearest(struct slice word, const char *(*next)(void *ctx), void *ctx);

#endif
