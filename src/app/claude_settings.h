/*
 * claude_settings.h - Claude Code's settings files: where they are, what they say, which of them wins.
 *
 * The order of precedence, as Claude Code has it: managed (written by an administrator), the project's own
 * settings.local.json, the project's settings.json, the user's. What stands in "env" of any of them is put
 * into Claude Code's environment, over what the shell has.
 */
#ifndef CT_APP_CLAUDE_SETTINGS_H
#define CT_APP_CLAUDE_SETTINGS_H

#include "paths.h"

#include <cjson/cJSON.h>
#include <limits.h>

enum claude_scope { CLAUDE_USER, CLAUDE_PROJECT, CLAUDE_LOCAL, CLAUDE_MANAGED, CLAUDE_SCOPE_COUNT };

/* Larger files are not read. */
#define CLAUDE_SETTINGS_MAX ((size_t)1024 * 1024)

struct claude_file {
    char path[PATH_MAX];
    bool there;
    cJSON *json; /* NULL: not there, or not readable, because of */
    struct ct_errmsg why;
};

struct claude_settings {
    struct claude_file files[CLAUDE_SCOPE_COUNT];
};

const char *claude_scope_name(enum claude_scope scope); /* "user", "project" … */

/*
 * Reads them all. folder: the project's. CLAUDE_CONFIG_DIR in env takes the place of ~/.claude. The managed
 * file is that of the system, or what CLAUDE_TOP_MANAGED_SETTINGS in env names, for tests and odd systems.
 */
void claude_settings_load(struct claude_settings *s, const struct env *env, const char *home,
                          const char *folder);
void claude_settings_finish(struct claude_settings *s);

/* The value of a variable for Claude Code and who says so (CLAUDE_SCOPE_COUNT: the shell's environment);
 * NULL: nobody. */
const char *claude_settings_env(const struct claude_settings *s, const struct env *env, const char *name,
                                enum claude_scope *scope);

/* A top-level key of the file that wins; NULL: nobody has it. */
const cJSON *claude_settings_key(const struct claude_settings *s, const char *key, enum claude_scope *scope);

#endif
