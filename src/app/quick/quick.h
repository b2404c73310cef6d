/*
 * quick.h - `claude-top hook` and `claude-top statusline`: what Claude Code runs, many times a minute, and
 * waits for; and `claude-top status --format`, which status bars run as often.
 *
 * They must be over in milliseconds, must not fail and must not say anything that Claude Code would read, so
 * they do without the libraries, the settings and the errors of the other commands: the launcher runs them
 * itself (launcher.c). Whatever goes wrong is left out in silence, and the exit code is 0.
 */
#ifndef CT_APP_QUICK_H
#define CT_APP_QUICK_H

#include "paths.h"

/* Where the collector listens, by flags (--socket, --state-dir, --config), environment and config.ini, as the
 * other commands find it. "" when it cannot be known. The text lives in the arena. */
const char *quick_socket(int argc, const char *const *argv, const struct env *env, struct arena *arena);

/* Both read standard input. then (statusline's --then; NULL or "": none): a command of somebody else's that
 * gets the same input and prints the line in place of ours; it takes over the process. */
void quick_hook(const char *socket, const struct env *env, const char *then);
void quick_statusline(const char *socket, const struct env *env, const char *then);

/* The command that argv asks for, or NULL: another command, or --help and the like. */
typedef void (*quick_fn)(const char *socket, const struct env *env, const char *then);
quick_fn quick_command(int argc, const char *const *argv);

/* The value of --flag VALUE or --flag=VALUE, the last one given; NULL: none. */
const char *quick_flag(int argc, const char *const *argv, const char *flag);

/* A line for a status bar. Strings are never NULL; cwd and session as the flags. */
struct quick_status {
    const char *socket, *format, *session, *cwd;
    bool watch; /* go on, and print a line when it has changed, until nobody reads */
};

/* Whether the command line is one that quick_status_main() understands whole; the program does the others. */
bool quick_status_wanted(int argc, const char *const *argv, const struct env *env);
int quick_status_main(int argc, const char *const *argv, const struct env *env, struct arena *arena);

/*
 * Returns the exit code: 0, also without a collector, because bars show failures; QUICK_USAGE, and one line
 * on stderr, when the template or the folder is wrong. Without a collector the line is what the template
 * makes of nothing.
 */
#define QUICK_USAGE 2
int quick_status(const struct quick_status *s, const struct env *env);

/* All the patience there is. Usual is a millisecond. */
#define QUICK_STDIN_MS      300  /* for the writer of our standard input */
#define QUICK_HOOK_MS       50   /* for the collector to take a hook */
#define QUICK_FORMAT_MS     400  /* for the collector's summary; usual is a millisecond */
#define QUICK_WATCH_MS      1000 /* between two looks of --watch */
#define QUICK_MISSES_MAX    3    /* looks without an answer after which there is no collector */
#define QUICK_STATUSLINE_MS 20   /* for the collector to take a status line and to say what is burned */

/* A hook that is larger, with what we add (whereabouts.h), is not sent: the collector would not look at it
 * (INGEST_HOOK_MAX). */
#define QUICK_HOOK_BYTES_MAX ((size_t)16 * 1024 * 1024)
/* A status line has about 1500. */
#define QUICK_STATUSLINE_BYTES_MAX ((size_t)256 * 1024)

#endif
