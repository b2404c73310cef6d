/*
 * frames_source.h - frames from a recording, or from the journal in a state folder: what was kept until now,
 * oldest first. Nothing is locked and nothing is changed, so that a running collector may own the folder.
 */
#ifndef CT_APP_FRAMES_SOURCE_H
#define CT_APP_FRAMES_SOURCE_H

#include "errors.h"
#include "frame.h"

struct frames_source;

/* path: a recording, a segment, or a folder with segments. CT_ERR_NOT_FOUND: it is not there, or the folder
 * holds none; else as recording_open(). */
enum ct_err frames_source_open(const char *path, struct frames_source **out, struct ct_errmsg *msg);
void frames_source_close(struct frames_source *s); /* NULL is fine */

/* False at the end. The frame lives until the next call; what is damaged is passed over. */
bool frames_source_next(struct frames_source *s, struct frame *out);

#endif
