/*
 * errors.h - the one error type of the program.
 *
 * Functions that can fail return enum ct_err; 0 is success. Where a person has to act, the words go into a
 * struct ct_errmsg that the caller owns: one line, says what to do, no newline at its end. Nothing below
 * main() exits or prints.
 */
#ifndef CT_BASE_ERRORS_H
#define CT_BASE_ERRORS_H

#include <stdarg.h>

enum ct_err {
    CT_OK = 0,
    CT_END,             /* nothing more to read; not a failure */
    CT_AGAIN,           /* not now: more input, or room, is needed first */
    CT_ERR_NOMEM,       /* memory or a byte budget is used up */
    CT_ERR_LIMIT,       /* a named limit was met; the counter of that limit was raised */
    CT_ERR_FORMAT,      /* bytes that do not follow their format */
    CT_ERR_UNSUPPORTED, /* well-formed, but not something this program does */
    CT_ERR_IO,          /* the system refused; errno text is in the message */
    CT_ERR_NOT_FOUND,
    CT_ERR_BUSY,  /* held by somebody else (port, state folder) */
    CT_ERR_USAGE, /* the caller's or the user's words are off */
};

/* A short fixed English name, for logs and tests. */
const char *ct_err_name(enum ct_err err);

#define CT_ERRMSG_MAX 512

struct ct_errmsg {
    char text[CT_ERRMSG_MAX];
};

/* Sets the message (msg may be NULL) and returns err, so that `return ct_fail(msg, CT_ERR_IO, "…")` reads
 * well. */
enum ct_err ct_fail(struct ct_errmsg *msg, enum ct_err err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
