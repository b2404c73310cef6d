/*
 * deeplink_private.h - what the files of a deep link share: a query that is written down in one go, the JSON
 * around it, the time range.
 */
#ifndef CT_GRAFANA_DEEPLINK_PRIVATE_H
#define CT_GRAFANA_DEEPLINK_PRIVATE_H

#include "deeplink.h"

#include <cjson/cJSON.h>

/* How much of a link stands in it: each step leaves out more. */
enum link_size {
    LINK_WHOLE,
    LINK_PLAIN,  /* without what only changes the looks */
    LINK_SINGLE, /* and without the second pane, or what hangs below the first query */
    LINK_SIZE_COUNT
};

#define RANGE_TEXT_MAX 24

struct range {
    char from[RANGE_TEXT_MAX];
    char to[RANGE_TEXT_MAX];
};

/* Everything that makes one link. Collects the first failure, so that it can be written down in one go. */
struct link {
    const struct deeplink_config *config;
    const struct deeplink_target *target;
    enum link_size size;
    struct range range;
    struct buf text; /* the query that is being written */
    enum ct_err err;
};

/* link_text.c: whose telemetry it is. */
struct slice link_service(const struct link *l);
struct slice link_profile_service(const struct link *l);

/* link_text.c: the text of a query. */
void link_add(struct link *l, const char *text);
void link_add_literal(struct link *l, struct slice value);
/* before, name, op and the value as a literal: ` | session_id="…"`. */
void link_add_match(struct link *l, const char *before, const char *name, const char *op, struct slice value);
/* The same with a literal that holds an anchored regular expression: before_value, the value quoted for RE2,
 * after_value. */
void link_add_regex(struct link *l, const char *before, const char *name, const char *before_value,
                    struct slice value, const char *after_value);

/* link_text.c: JSON; nothing is added after a failure. */
void link_string(struct link *l, cJSON *object, const char *key, const char *value);
void link_bool(struct link *l, cJSON *object, const char *key, bool value);
void link_number(struct link *l, cJSON *object, const char *key, double value);
cJSON *link_object(struct link *l, cJSON *object, const char *key);
cJSON *link_array(struct link *l, cJSON *object, const char *key);
/* Adds the text that was written as a string, and starts it anew. */
void link_text(struct link *l, cJSON *object, const char *key);

/* Lower-case hex of an id that has the right form and is not all zero, as OpenTelemetry demands. */
bool link_hex_id(struct slice text, size_t bytes, char *out);

/* deeplink_query.c: the queries, into the text. */
void query_traceql(struct link *l);
void query_logql(struct link *l);
/* The same metric for the target: a running total of the session, the increase of all of them. */
void query_promql_counter(struct link *l, const char *by, const char *metric);
/* The latency of span metrics, on which exemplars hang. */
void query_promql_latency(struct link *l);
void query_promql_calls(struct link *l);
/* True when the target is about something that Claude Code's own counters do not know: tools of all sessions,
 * failures. */
bool query_is_of_spans(const struct deeplink_target *target);

/* deeplink_explore.c, deeplink_app.c: what follows the root URL, into out. */
enum ct_err explore_path(struct link *l, enum deeplink_kind kind, struct buf *out);
enum ct_err app_path(struct link *l, enum deeplink_kind kind, struct buf *out);

#endif
