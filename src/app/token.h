/*
 * token.h - the token that senders have to show, from the settings or from its file.
 */
#ifndef CT_APP_TOKEN_H
#define CT_APP_TOKEN_H

#include "options.h"
#include "receiver.h"

#define TOKEN_ROOM                                                                                           \
    (RECEIVER_TOKEN_MAX + 2) /* one more than allowed, so that too long a one is seen as such */

/*
 * Writes the token into out (TOKEN_ROOM bytes), "" when none is set. Of a file the blanks and line ends
 * around it do not count; it may be a pipe. *warning says, when others can read the file, what to do, else
 * "". CT_ERR_NOT_FOUND and CT_ERR_IO when it cannot be read, CT_ERR_USAGE when it is empty or too long. What
 * a token may consist of is the receiver's matter (receiver.h). No message repeats it.
 */
enum ct_err token_read(const struct options *o, char *out, struct ct_errmsg *warning, struct ct_errmsg *msg);

/* Overwrites it. */
void token_forget(char *token);

#endif
