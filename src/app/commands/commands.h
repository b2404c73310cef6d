/*
 * commands.h - one function a command; main() calls the one that was asked for.
 *
 * Each returns the exit code. Errors are one line on stderr that says what to do (command_fail()).
 */
#ifndef CT_APP_COMMANDS_H
#define CT_APP_COMMANDS_H

#include "log.h"
#include "options.h"

typedef enum exit_code (*command_fn)(const struct options *o);

enum exit_code command_run(const struct options *o);
enum exit_code command_serve(const struct options *o);
enum exit_code command_status(const struct options *o);
enum exit_code command_record(const struct options *o);
enum exit_code command_replay(const struct options *o);
enum exit_code command_demo(const struct options *o);
enum exit_code command_link(const struct options *o);
enum exit_code command_setup(const struct options *o);
enum exit_code command_doctor(const struct options *o); /* 0, 1 or 2: ok, warn, fail */
enum exit_code command_themes(const struct options *o);
enum exit_code command_hook(const struct options *o);
enum exit_code command_statusline(const struct options *o);

/* "claude-top: <message>" on stderr; the exit code that goes with err. */
enum exit_code command_fail(enum ct_err err, const struct ct_errmsg *msg);

/* A sink for log.h: one line on stderr. Not while the screen is drawn. */
void command_log(void *ctx, enum log_level level, const char *line);

/* Shows a recording (replay.c); what: how the screen names it. */
enum exit_code replay_show(const struct options *o, const char *path, const char *what);

/*
 * The demo's recording lies beside the program: installed, or in the source tree of the build folder that it
 * runs from. CT_ERR_NOT_FOUND.
 */
#define REPLAY_PATH_MAX 4352
enum ct_err replay_find_demo(char path[REPLAY_PATH_MAX], struct ct_errmsg *msg);

/* A screen on what this user's collector receives, in this process or in another (pane.c). */
enum exit_code pane_show(const struct options *o);

/* --dump of the running collector. */
enum exit_code pane_dump(const struct options *o);

/* --dump: what the screen would show of data, to which it adds what the options know (dump.c). */
struct ui_data;
enum exit_code dump_screen(const struct options *o, struct ui_data *data);

/* The text form of a status (status_text.c); json is schema 1. False when it is not. */
bool status_text(struct slice json, struct buf *out);

#endif
