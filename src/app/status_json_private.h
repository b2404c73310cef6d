/*
 * status_json_private.h - what status_json.c, status_flow.c and status_health.c share.
 */
#ifndef CT_APP_STATUS_JSON_PRIVATE_H
#define CT_APP_STATUS_JSON_PRIVATE_H

#include "clock.h"
#include "mem.h"
#include "status_json.h"

#include <cjson/cJSON.h>
#include <stdlib.h>

static inline void add_text(cJSON *o, const char *key, struct slice text)
{
    char *copy = mem_strdup(text);
    cJSON_AddStringToObject(o, key, copy);
    free(copy);
}

/* Absent facts are null: nothing is invented. */
static inline void add_text_or_null(cJSON *o, const char *key, struct slice text)
{
    if (text.len)
        add_text(o, key, text);
    else
        cJSON_AddNullToObject(o, key);
}

static inline void add_int(cJSON *o, const char *key, int64_t value)
{
    cJSON_AddNumberToObject(o, key, (double)value);
}

static inline void add_time(cJSON *o, const char *key, int64_t ns)
{
    char text[CLOCK_RFC3339_MAX];
    if (ns > 0)
        cJSON_AddStringToObject(o, key, clock_rfc3339(ns, text));
    else
        cJSON_AddNullToObject(o, key);
}

/* status_flow.c: adds "flow". */
void status_json_flow(cJSON *root, const struct status_source *source, const struct model_stats *model);

/* status_alerts.c: adds "alerts". */
void status_json_alerts(cJSON *root, const struct status_source *source);

/* status_health.c: adds "health", what is wrong with the telemetry, and to a session its "metrics" and
 * "health". */
void status_json_health(cJSON *root, const struct status_source *source);
void status_json_session_health(cJSON *session, const struct session *s, int64_t now_ns);

/* "idle", "ok", "retrying", "rejecting" */
const char *status_health_word(enum tee_health health);

/* status_json.c: what the upstreams took and what waits for them. */
void status_json_forwarding(cJSON *flow, const struct flow *f, int64_t now_ns);

#endif
