/* Explore URLs: panes with their queries, in the form of Grafana 10.2 and later and in the one before. */
#include "deeplink_private.h"
#include "escape.h"

#include <stdlib.h>

/* The form with any number of panes came with 10.2; before, there were a left and a right one. */
#define PANES_MAJOR 10
#define PANES_MINOR 2

static bool has_panes(const char *version)
{
    char *end;
    long major = strtol(*version == 'v' ? version + 1 : version, &end, 10);
    if (end == version || major <= 0)
        return true; /* unknown: a current one */
    long minor = *end == '.' ? strtol(end + 1, NULL, 10) : 0;
    return major > PANES_MAJOR || (major == PANES_MAJOR && minor >= PANES_MINOR);
}

/* Ids are three letters: Explore replaces others silently, and what refers to them is lost. */
static cJSON *add_pane(struct link *l, cJSON *panes, const char *id, const char *uid, cJSON **queries)
{
    if (!uid[0] && !l->err)
        l->err = CT_ERR_NOT_FOUND;
    cJSON *pane = link_object(l, panes, id);
    link_string(l, pane, "datasource", uid);
    *queries = link_array(l, pane, "queries");
    cJSON *bounds = link_object(l, pane, "range");
    link_string(l, bounds, "from", l->range.from);
    link_string(l, bounds, "to", l->range.to);
    return pane;
}

/* A query whose uid differs from its pane's would be dropped. */
static cJSON *add_query(struct link *l, cJSON *queries, const char *ref_id, const char *type, const char *uid)
{
    cJSON *item = l->err ? NULL : cJSON_CreateObject();
    if (!item || !cJSON_AddItemToArray(queries, item)) {
        cJSON_Delete(item);
        l->err = l->err ? l->err : CT_ERR_NOMEM;
        return NULL;
    }
    link_string(l, item, "refId", ref_id);
    cJSON *source = link_object(l, item, "datasource");
    link_string(l, source, "type", type);
    link_string(l, source, "uid", uid);
    return item;
}

static void tempo_pane(struct link *l, cJSON *panes)
{
    const struct deeplink_target *target = l->target;
    const char *uid = l->config->tempo_uid;
    char trace[2 * 16 + 1], span[2 * 8 + 1];
    cJSON *queries;
    cJSON *pane = add_pane(l, panes, "tra", uid, &queries);
    cJSON *query = add_query(l, queries, "A", "tempo", uid);
    link_string(l, query, "queryType", "traceql");
    if (!target->errors && link_hex_id(target->trace_id, 16, trace)) {
        link_string(l, query, "query", trace);
        if (link_hex_id(target->span_id, 8, span)) {
            cJSON *state = link_object(l, pane, "panelsState");
            link_string(l, link_object(l, state, "trace"), "spanId", span);
        }
        return;
    }
    query_traceql(l);
    link_text(l, query, "query");
    if (l->size == LINK_WHOLE) {
        link_number(l, query, "limit", 20);
        link_number(l, query, "spss", 10);
        link_string(l, query, "tableType", "traces");
    }
}

static void loki_pane(struct link *l, cJSON *panes)
{
    const char *uid = l->config->loki_uid;
    cJSON *queries;
    add_pane(l, panes, "log", uid, &queries);
    cJSON *query = add_query(l, queries, "A", "loki", uid);
    query_logql(l);
    link_text(l, query, "expr");
    link_string(l, query, "queryType", "range");
    if (l->size == LINK_WHOLE) {
        link_string(l, query, "editorMode", "code");
        link_number(l, query, "maxLines", 1000);
    }
}

/* Adds the text that was written as a PromQL query. Without a legend (NULL) Explore shows the labels. */
static void add_promql(struct link *l, cJSON *queries, const char *ref_id, const char *legend)
{
    cJSON *query = add_query(l, queries, ref_id, "prometheus", l->config->prometheus_uid);
    link_text(l, query, "expr");
    if (legend && l->size == LINK_WHOLE)
        link_string(l, query, "legendFormat", legend);
    link_bool(l, query, "range", true);
    link_bool(l, query, "instant", false);
    link_bool(l, query, "exemplar", true);
    if (l->size == LINK_WHOLE) {
        link_string(l, query, "editorMode", "code");
        link_string(l, query, "format", "time_series");
    }
}

/*
 * Two panes, because Explore draws a pane's series on one axis: tokens are thousands, dollars and seconds are
 * few. Exemplars hang on the latency of the span metrics, which carry no session: Claude Code's own metrics
 * have none, and do not know tools and errors either.
 */
static void mimir_panes(struct link *l, cJSON *panes)
{
    const char *uid = l->config->prometheus_uid;
    bool of_spans = query_is_of_spans(l->target);
    cJSON *queries;
    add_pane(l, panes, "tok", uid, &queries);
    if (of_spans)
        query_promql_calls(l);
    else
        query_promql_counter(l, "type", "claude_code_token_usage_tokens_total");
    add_promql(l, queries, "A", NULL);
    if (l->size == LINK_SINGLE)
        return;

    add_pane(l, panes, "usd", uid, &queries);
    if (!of_spans) {
        query_promql_counter(l, "model", "claude_code_cost_usage_USD_total");
        add_promql(l, queries, "A", NULL);
    }
    query_promql_latency(l);
    add_promql(l, queries, "B", "p95 seconds");
}

static void profiles_pane(struct link *l, cJSON *panes)
{
    const char *uid = l->config->pyroscope_uid;
    char profile[2 * 8 + 1];
    cJSON *queries;
    add_pane(l, panes, "pro", uid, &queries);
    cJSON *query = add_query(l, queries, "A", "grafana-pyroscope-datasource", uid);
    link_string(l, query, "queryType", "both");
    link_add_match(l, "{", "service_name", "=", link_profile_service(l));
    link_add(l, "}");
    link_text(l, query, "labelSelector");
    link_string(l, query, "profileTypeId", "process_cpu:cpu:nanoseconds:cpu:nanoseconds");
    link_array(l, query, "groupBy");
    cJSON *spans = link_array(l, query, "spanSelector");
    if (link_hex_id(l->target->profile_id, 8, profile) && !l->err &&
        !cJSON_AddItemToArray(spans, cJSON_CreateString(profile)))
        l->err = CT_ERR_NOMEM;
}

static void append_json(struct link *l, const char *before, const cJSON *json, struct buf *out)
{
    char *text = l->err ? NULL : cJSON_PrintUnformatted(json);
    if (!l->err)
        l->err = text ? buf_append_str(out, before) : CT_ERR_NOMEM;
    if (!l->err)
        l->err = escape_percent(slice_str(text), out);
    cJSON_free(text);
}

/* schemaVersion comes first. */
static void append_panes(struct link *l, const cJSON *panes, struct buf *out)
{
    if (!l->err)
        l->err = buf_append_str(out, "/explore?schemaVersion=1");
    append_json(l, "&panes=", panes, out);
}

static void append_left_right(struct link *l, const cJSON *panes, struct buf *out)
{
    static const char *const sides[] = {"?left=", "&right="};
    const cJSON *pane = panes ? panes->child : NULL;
    if (!l->err)
        l->err = buf_append_str(out, "/explore");
    for (size_t i = 0; i < sizeof sides / sizeof *sides && pane; i++, pane = pane->next)
        append_json(l, sides[i], pane, out);
}

enum ct_err explore_path(struct link *l, enum deeplink_kind kind, struct buf *out)
{
    cJSON *panes = cJSON_CreateObject();
    if (!panes)
        l->err = CT_ERR_NOMEM;
    switch (kind) {
    case DEEPLINK_TEMPO:
        tempo_pane(l, panes);
        break;
    case DEEPLINK_SPLIT:
        tempo_pane(l, panes);
        if (l->size < LINK_SINGLE)
            loki_pane(l, panes);
        break;
    case DEEPLINK_LOKI:
        loki_pane(l, panes);
        break;
    case DEEPLINK_MIMIR:
        mimir_panes(l, panes);
        break;
    case DEEPLINK_PROFILES:
        profiles_pane(l, panes);
        break;
    default:
        l->err = CT_ERR_USAGE;
        break;
    }
    if (has_panes(l->config->version))
        append_panes(l, panes, out);
    else
        append_left_right(l, panes, out);
    cJSON_Delete(panes);
    if (!l->err)
        l->err = buf_append_str(out, "&orgId=");
    return l->err ? l->err : escape_percent(slice_str(l->config->org_id), out);
}
