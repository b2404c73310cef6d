/*
 * summary.h - a few figures for a status line: what `POST /summary` on the Unix socket answers.
 *
 * One JSON object of at most SUMMARY_BYTES_MAX, at the cost of one look at each session. docs/json.md has the
 * fields.
 */
#ifndef CT_APP_SUMMARY_H
#define CT_APP_SUMMARY_H

#include "flow.h"
#include "model.h"

#define SUMMARY_BYTES_MAX   3072
#define SUMMARY_FOLDERS_MAX 64
#define SUMMARY_REQUEST_MAX ((size_t)512 * 1024) /* a longer one asks for nothing */

/*
 * request: {"folders": [PATH …], "session": ID or "last"}, both optional: the sessions in those folders, that
 * session. Empty: all. free() the answer.
 */
char *summary_json(const struct model *model, const struct flow *flow, int64_t now_ns, int64_t day_start_ns,
                   struct slice request);

#endif
