/*
 * status_json.h - schema 1: what `status --json`, `replay --json` and `--once --json` print.
 *
 * Fields are only ever added. docs/json.md lists them with their units. The output depends on the arguments
 * alone.
 */
#ifndef CT_APP_STATUS_JSON_H
#define CT_APP_STATUS_JSON_H

#include "alerts.h"
#include "deeplink.h"
#include "flow.h"
#include "model.h"
#include "trace_ids.h"

/* How far back "red" looks; as choices of --window (options_table.c) and ?window=. */
enum red_window { RED_WINDOW_15M, RED_WINDOW_5M, RED_WINDOW_1M, RED_WINDOW_ALL };

const char *red_window_name(enum red_window w);
bool red_window_parse(struct slice name, enum red_window *out);

struct status_source {
    const struct model *model;
    int64_t now_ns;
    const struct flow *flow;
    const struct deeplink_config *links;
    enum red_window red_window;
    struct trace_known traces;         /* which sessions have traces of ours, and what was sent of them */
    const struct alert_limits *alerts; /* NULL: the built-in ones */
    int64_t day_start_ns;              /* for the budget of the day */
    bool catching_up;                  /* the model has not read the whole journal yet */
};

/* One JSON object with a newline at its end; free() it. */
char *status_json(const struct status_source *source);

/* The link target of a session or of a node in it. */
struct link_ids {
    char trace_id[33];
    char span_id[17];
    char profile_id[17];
    bool unsent; /* it gets a span of ours, which was not sent yet: the target leads to its trace as it is, …
                  */
    bool unbegun; /* … or, when nothing of that was sent, to a search that finds nothing yet */
};
void status_link_target(const struct session *s, const struct node *n, const struct run_status *status,
                        const struct trace_known *known, struct link_ids *ids, struct deeplink_target *out);

#endif
