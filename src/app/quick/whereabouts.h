/*
 * whereabouts.h - what Claude Code does not say of where it works, and we can see: the branch.
 *
 * It goes to the collector inside the JSON that Claude Code gave, in a member of our own in front of the
 * others:
 * {"claude_top": {"branch": "feat/login"}, ...}.
 */
#ifndef CT_APP_WHEREABOUTS_H
#define CT_APP_WHEREABOUTS_H

#include "buf.h"

#define WHEREABOUTS_MEMBER "claude_top"
/* What is added at most. */
#define WHEREABOUTS_BYTES_MAX 640

/*
 * Appends json with the branch of the folder's working tree; just json when it is not an object with members,
 * or the folder is in none (a repository in the home folder counts for that folder only; home may be NULL).
 * Errors are those of buf_append().
 */
enum ct_err whereabouts_add(struct slice json, const char *folder, const char *home, struct buf *out);

#endif
