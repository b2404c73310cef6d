/*
 * opener.h - opens a URL in the user's browser.
 *
 * Never through a shell: the URL is one argument. The opener runs detached, with its input and output on
 * /dev/null, so that it can neither write on the screen nor end with this program.
 */
#ifndef CT_APP_OPENER_H
#define CT_APP_OPENER_H

#include "paths.h"

#define OPENER_ARGS_MAX 16 /* words of one $BROWSER entry */

/* What would be run; the strings live in the arena. */
struct opener_command {
    const char *argv[OPENER_ARGS_MAX + 2]; /* argv[0] is a path; NULL-terminated */
};

/*
 * Finds the command: the first entry of $BROWSER (separated by colons; words by blanks, no quoting; %s is the
 * URL, %% a percent sign, the URL is appended when there is no %s) whose program exists, then xdg-open, then
 * open (macOS).
 *
 * CT_ERR_UNSUPPORTED when this is an ssh session without a display and without $BROWSER: a browser would open
 * on the wrong machine, or none would. CT_ERR_NOT_FOUND when there is no program. CT_ERR_USAGE when url is
 * not http(s). In all these cases show the URL and copy it instead.
 */
enum ct_err opener_find(const struct env *env, const char *url, struct arena *arena,
                        struct opener_command *out, struct ct_errmsg *msg);

/* opener_find() and start. Returns at once; whether the browser came up is not known. */
enum ct_err opener_open(const struct env *env, const char *url, struct ct_errmsg *msg);

#endif
