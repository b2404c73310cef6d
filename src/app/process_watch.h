/*
 * process_watch.h - notices that a client's process is gone, however it went.
 *
 * A killed client says nothing, and its session would stay in whatever state it was. `claude-top hook` adds
 * the header PROCESS_HEADER (process_identity.h) to what it delivers over the Unix socket: the client's
 * process id and the time of its start, so that a number used again is not taken for it. Where the system has
 * pidfd_open(2) (Linux), the loop is woken when that process ends, and not before. Elsewhere nothing is
 * watched.
 *
 * The outcome is a frame in the journal like any other, a hook named ProcessExit, so that history,
 * viewers and recordings know it too.
 */
#ifndef CT_APP_PROCESS_WATCH_H
#define CT_APP_PROCESS_WATCH_H

#include "frame.h"

#include <stdbool.h>
#include <uv.h>

/* Sessions that are watched at once; the oldest gives way. */
#define PROCESS_WATCH_MAX 256

struct process_watch;

/* on_exit: the process of that session is gone. Called once for each session, from the loop. */
struct process_watch *process_watch_create(uv_loop_t *loop,
                                           void (*on_exit)(void *ctx, const char *session_id), void *ctx);

/* A frame that the model read, of this run or of an earlier one. Everything but a hook with the header is
 * ignored. */
void process_watch_frame(struct process_watch *w, const struct frame *frame);

/* Everything there is was read: processes that were gone before we came are reported now. */
void process_watch_settled(struct process_watch *w);

/* Ends by calling done (once) when all handles are closed, and frees itself. NULL is fine: done is called. */
void process_watch_stop(struct process_watch *w, void (*done)(void *ctx), void *ctx);

#endif
