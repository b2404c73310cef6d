/*
 * line_diff.h - what changes between two texts, in the unified form that people know from diff -u.
 */
#ifndef CT_APP_LINE_DIFF_H
#define CT_APP_LINE_DIFF_H

#include "buf.h"

#define LINE_DIFF_CONTEXT   3
#define LINE_DIFF_LINES_MAX 4000 /* of either text, between the first and the last line that differ */

/* Appends the hunks; nothing when the texts are the same. CT_ERR_LIMIT: too many lines, or no room. */
enum ct_err line_diff(struct slice before, struct slice after, struct buf *out);

#endif
