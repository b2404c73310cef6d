/*
 * term_restore.h - gives the terminal back when the process dies of its own mistakes.
 *
 * The handler of SIGSEGV, SIGBUS, SIGFPE, SIGILL and SIGABRT writes bytes that were prepared before, sets
 * termios back and lets the signal do what it would have done without us. It runs on a stack of its own, so
 * that a stack overflow is caught too. Only calls that POSIX lists as async-signal-safe are made.
 */
#ifndef CT_UI_TERM_RESTORE_H
#define CT_UI_TERM_RESTORE_H

#include "slice.h"

#include <termios.h>

#define TERM_RESTORE_MAX 512 /* bytes of the prepared string; what is longer is not armed (false) */

/* fd and *saved are used until term_restore_disarm(); bytes are copied. Installs the handlers. */
bool term_restore_arm(int fd, const struct termios *saved, struct slice bytes);

/* Puts the handlers back that were there before. */
void term_restore_disarm(void);

#endif
