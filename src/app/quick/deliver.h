/*
 * deliver.h - hands one request to the running collector over its Unix socket, within a deadline.
 *
 * For the commands that Claude Code runs and waits for: nothing here blocks past the deadline, retries later,
 * prints or fails. A collector that is not there, dead, stopped or overloaded costs the request.
 */
#ifndef CT_APP_DELIVER_H
#define CT_APP_DELIVER_H

#include "buf.h"

/* The longest answer that is read. */
#define DELIVER_REPLY_MAX 4096

/*
 * POST target with a JSON body. header: one more line of the request's head, "Name: value", or NULL. reply:
 * NULL does not wait for the answer, which is right when the kernel has taken the bytes; else the body of the
 * answer is appended. deadline_ns: by clock_mono(). False when the request, or the answer that was asked for,
 * did not go through in time.
 */
bool deliver(const char *socket_path, const char *target, const char *header, struct slice body,
             int64_t deadline_ns, struct buf *reply);

/*
 * Reads fd to its end into out, as far as there is room. False when the deadline came first, it could not be
 * read, or there is more than fits (which is read all the same, so that the writer is not cut off).
 */
bool deliver_read_all(int fd, int64_t deadline_ns, struct buf *out);

#endif
