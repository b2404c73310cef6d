/* The part of the status that says how far the telemetry itself can be trusted. */
#include "status_json_private.h"

#define HEALTH_ITEMS_MAX 256

static void add_seconds(cJSON *o, const char *key, int64_t ns)
{
    cJSON_AddNumberToObject(o, key, (double)ns / 1e9);
}

static void add_metrics(cJSON *o, const struct session *s)
{
    const struct session_metrics *m = model_session_metrics(s);
    if (!m) {
        cJSON_AddNullToObject(o, "metrics");
        return;
    }
    cJSON *part = cJSON_AddObjectToObject(o, "metrics");
    add_time(part, "as_of", m->as_of_ns);
    cJSON_AddNumberToObject(part, "cost_usd", (double)m->values[METRIC_COST] / 1e9);
    add_int(part, "input_tokens", m->values[METRIC_INPUT]);
    add_int(part, "output_tokens", m->values[METRIC_OUTPUT]);
    add_int(part, "cache_read_tokens", m->values[METRIC_CACHE_READ]);
    add_int(part, "cache_creation_tokens", m->values[METRIC_CACHE_CREATION]);
    add_int(part, "lines_added", m->values[METRIC_LINES_ADDED]);
    add_int(part, "lines_removed", m->values[METRIC_LINES_REMOVED]);
    add_seconds(part, "active_user_seconds", m->values[METRIC_ACTIVE_USER]);
    add_seconds(part, "active_cli_seconds", m->values[METRIC_ACTIVE_CLI]);
    add_int(part, "commits", m->values[METRIC_COMMITS]);
    add_int(part, "pull_requests", m->values[METRIC_PULL_REQUESTS]);
    add_int(part, "edits_accepted", m->values[METRIC_EDITS_ACCEPTED]);
    add_int(part, "edits_rejected", m->values[METRIC_EDITS_REJECTED]);
}

void status_json_session_health(cJSON *session, const struct session *s, int64_t now_ns)
{
    struct session_health h;
    model_session_health(s, now_ns, &h);
    add_metrics(session, s);
    cJSON *o = cJSON_AddObjectToObject(session, "health");
    add_int(o, "lost_events", h.lost_events);
    cJSON_AddStringToObject(o, "metrics", metrics_verdict_name(h.metrics));
    if (h.has_clock) {
        cJSON_AddNumberToObject(o, "export_delay_ms", (double)(h.delay_ns / 1000) / 1000);
        cJSON_AddNumberToObject(o, "clock_skew_ms", (double)(h.skew_ns / 1000) / 1000);
    } else {
        cJSON_AddNullToObject(o, "export_delay_ms");
        cJSON_AddNullToObject(o, "clock_skew_ms");
    }
    cJSON_AddBoolToObject(o, "prompts_withheld", h.prompts_withheld);
    cJSON_AddBoolToObject(o, "tool_details_withheld", h.tools_withheld);
    cJSON_AddBoolToObject(o, "hooks", s->has_hooks);
    cJSON_AddBoolToObject(o, "logs", s->has_logs);
    cJSON_AddBoolToObject(o, "spans", s->has_spans);
}

void status_json_health(cJSON *root, const struct status_source *source)
{
    struct health_item *items = mem_array(HEALTH_ITEMS_MAX, sizeof *items);
    size_t count =
        model_health(source->model, source->now_ns, source->flow->has_upstream, items, HEALTH_ITEMS_MAX);
    cJSON *list = cJSON_AddArrayToObject(root, "health");
    for (size_t i = 0; i < count && i < HEALTH_ITEMS_MAX; i++) {
        cJSON *o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, "severity", health_severity_name(items[i].severity));
        cJSON_AddStringToObject(o, "code", health_code_name(items[i].code));
        add_text_or_null(o, "session_id", items[i].session ? items[i].session->session_id : SLICE_NULL);
        cJSON_AddStringToObject(o, "message", items[i].message);
        cJSON_AddItemToArray(list, o);
    }
    free(items);
}
