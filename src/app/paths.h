/*
 * paths.h - where things live, by the XDG base directory specification, and how the environment is asked.
 *
 * The environment comes as a lookup function, so that a test can bring its own.
 */
#ifndef CT_APP_PATHS_H
#define CT_APP_PATHS_H

#include "arena.h"
#include "errors.h"

struct env {
    const char *(*get)(void *ctx, const char *name); /* NULL when unset; lives as long as ctx */
    void *ctx;
    /* The variable of that number, its value behind '='; NULL past the last. NULL: they cannot be listed. */
    const char *(*item)(void *ctx, size_t i);
};

extern const struct env env_process; /* getenv() */

/* The value, or NULL when it is unset or empty. */
const char *env_get(const struct env *env, const char *name);

/* All absolute, all in the arena. Nothing is created. */
struct paths {
    const char *home;
    const char *state_dir;   /* $XDG_STATE_HOME/claude-top, else ~/.local/state/claude-top */
    const char *config_dir;  /* $XDG_CONFIG_HOME/claude-top, else ~/.config/claude-top */
    const char *config_file; /* config_dir/config.ini */
    const char *prices_file; /* config_dir/prices.ini */
    const char *runtime_dir; /* $XDG_RUNTIME_DIR, or NULL: a relative value counts as unset, as the
                                specification says */
};

/* CT_ERR_NOT_FOUND when neither $HOME nor the user database knows a home folder. */
enum ct_err paths_find(const struct env *env, struct arena *arena, struct paths *out, struct ct_errmsg *msg);

/* runtime_dir/claude-top.sock, or that file in state_dir (as configured) when there is no runtime folder. */
const char *paths_socket(const struct paths *paths, const char *state_dir, struct arena *arena);

/* "~" and "~/x" at the start mean the home folder; anything else is returned as it is. */
const char *paths_expand(const char *path, const char *home, struct arena *arena);

/*
 * Creates the folder and its missing parents with mode 0700. An existing one must belong
 * to this user. One that others can write in is refused, because something of theirs may be in it already;
 * one that others can only read is made 0700, which is logged.
 */
enum ct_err paths_make_private_dir(const char *path, struct ct_errmsg *msg);

/* CT_ERR_LIMIT when the path does not fit into a Unix socket address (sockaddr_un, about 107 bytes). */
enum ct_err paths_check_socket(const char *path, struct ct_errmsg *msg);

#endif
