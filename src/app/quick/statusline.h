/*
 * statusline.h - what Claude Code tells its status line command, as one line for people.
 *
 * Only what the JSON holds is shown: a number that is not there leaves its place out. Text is cleaned.
 */
#ifndef CT_APP_STATUSLINE_H
#define CT_APP_STATUSLINE_H

#include "buf.h"

/* What the collector says of the session. */
struct statusline_burn {
    int64_t tokens_per_min; /* -1: not known */
    double usd_per_hour;    /* below zero: not known */
    bool is_estimate;
};

#define STATUSLINE_MAX 2048 /* bytes of a line */

/* Appends the line without its end; nothing when json is not an object. color: with SGR sequences. */
void statusline_line(struct slice json, const struct statusline_burn *burn, int64_t now_ns, bool color,
                     struct buf *out);

/* The session_id, into out (cap bytes); false when it has none that could stand in a URL. */
bool statusline_session(struct slice json, char *out, size_t cap);

#define STATUSLINE_FOLDER_MAX 4096

/* The folder that the session works in, or "." when it does not say. */
const char *statusline_folder(struct slice json, char out[STATUSLINE_FOLDER_MAX]);

/* The collector's answer. */
struct statusline_burn statusline_burn_parse(struct slice json);

#endif
