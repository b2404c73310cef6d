/*
 * process_identity.h - which process a number means: its id and when it started, "PID START" in the system's
 * own ticks, so that a number that is used again is not taken for the one before.
 */
#ifndef CT_APP_PROCESS_IDENTITY_H
#define CT_APP_PROCESS_IDENTITY_H

#include <stdbool.h>

#define PROCESS_HEADER     "X-Claude-Process" /* in what `claude-top hook` delivers */
#define PROCESS_HEADER_MAX 48

/* False when there is no such process, or the system does not tell (it has no /proc). */
bool process_identity_of(long pid, char out[PROCESS_HEADER_MAX]);

/* The nearest of pid and its ancestors that goes by that name (as in proc_pid_comm(5)), or 0. */
long process_ancestor(long pid, const char *name);

#endif
