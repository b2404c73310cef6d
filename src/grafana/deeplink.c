#include "deeplink.h"

#include "clock.h"
#include "escape.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>

/*
 * Explore reads numbers of 8, 15 and 19 digits as dates, so a bound must have 13: the year 2001 and later.
 * The upper end needs no clamp: the largest int64 of nanoseconds has 13 digits in milliseconds too.
 */
#define RANGE_MS_MIN INT64_C(1000000000000)

#define RANGE_TEXT_MAX 24

static const char *const kind_names[DEEPLINK_KIND_COUNT] = {
    [DEEPLINK_TEMPO] = "tempo",
    [DEEPLINK_LOKI] = "loki",
    [DEEPLINK_MIMIR] = "mimir",
    [DEEPLINK_PROFILES] = "profiles",
};

void deeplink_config_init(struct deeplink_config *config)
{
    *config = (struct deeplink_config){
        .root_url = "http://localhost:3000",
        .org_id = "1",
        .tempo_uid = "tempo",
        .loki_uid = "loki",
        .prometheus_uid = "prometheus",
        .pyroscope_uid = "pyroscope",
        .service_name = "claude-code",
    };
}

const char *deeplink_kind_name(enum deeplink_kind kind)
{
    return (unsigned)kind < DEEPLINK_KIND_COUNT ? kind_names[kind] : "";
}

bool deeplink_kind_parse(const char *name, enum deeplink_kind *out)
{
    for (int i = 0; i < DEEPLINK_KIND_COUNT; i++) {
        if (slice_eq_str(slice_str(name), kind_names[i])) {
            *out = (enum deeplink_kind)i;
            return true;
        }
    }
    return false;
}

/* ---- the pieces of a query ---- */

/* Collects the first failure, so that a query can be written down in one go. */
struct query {
    struct buf text;
    enum ct_err err;
};

static void query_init(struct query *q)
{
    buf_init(&q->text, DEEPLINK_URL_MAX);
    q->err = CT_OK;
}

static void query_add(struct query *q, const char *text)
{
    if (!q->err)
        q->err = buf_append_str(&q->text, text);
}

static void query_add_literal(struct query *q, struct slice value)
{
    if (!q->err)
        q->err = escape_literal(value, &q->text);
}

/* name="value", after a separator. */
static void query_add_match(struct query *q, const char *before, const char *name, struct slice value)
{
    query_add(q, before);
    query_add(q, name);
    query_add(q, "=");
    query_add_literal(q, value);
}

static void add_string(struct query *q, cJSON *object, const char *key, const char *value)
{
    if (!q->err && !cJSON_AddStringToObject(object, key, value))
        q->err = CT_ERR_NOMEM;
}

static void add_bool(struct query *q, cJSON *object, const char *key, bool value)
{
    if (!q->err && !cJSON_AddBoolToObject(object, key, value))
        q->err = CT_ERR_NOMEM;
}

static void add_number(struct query *q, cJSON *object, const char *key, double value)
{
    if (!q->err && !cJSON_AddNumberToObject(object, key, value))
        q->err = CT_ERR_NOMEM;
}

static cJSON *add_object(struct query *q, cJSON *object, const char *key)
{
    cJSON *child = q->err ? NULL : cJSON_AddObjectToObject(object, key);
    if (!child)
        q->err = q->err ? q->err : CT_ERR_NOMEM;
    return child;
}

static cJSON *add_array(struct query *q, cJSON *object, const char *key)
{
    cJSON *child = q->err ? NULL : cJSON_AddArrayToObject(object, key);
    if (!child)
        q->err = q->err ? q->err : CT_ERR_NOMEM;
    return child;
}

/* Adds what was written into q as a string, and starts q anew. */
static void add_text(struct query *q, cJSON *object, const char *key)
{
    const char *text = q->err ? NULL : buf_cstr(&q->text);
    if (text)
        add_string(q, object, key, text);
    else if (!q->err)
        q->err = CT_ERR_LIMIT;
    buf_clear(&q->text);
}

/* ---- panes ---- */

struct range {
    char from[RANGE_TEXT_MAX];
    char to[RANGE_TEXT_MAX];
};

static void bound_set(char *bound, int64_t ms)
{
    snprintf(bound, RANGE_TEXT_MAX, "%" PRId64, ms < RANGE_MS_MIN ? RANGE_MS_MIN : ms);
}

static void range_set(struct range *range, const struct deeplink_target *target)
{
    const int64_t margin = DEEPLINK_MARGIN_NS / NS_PER_MS;
    const bool live = target->to_ns <= 0;
    int64_t from = target->from_ns / NS_PER_MS;
    int64_t to = target->to_ns / NS_PER_MS;

    if (target->from_ns <= 0)
        from = to - DEEPLINK_DEFAULT_RANGE_NS / NS_PER_MS;
    if (live && target->from_ns <= 0)
        snprintf(range->from, RANGE_TEXT_MAX, "now-%" PRId64 "s", DEEPLINK_DEFAULT_RANGE_NS / NS_PER_SEC);
    else
        bound_set(range->from, from - margin);
    if (live)
        snprintf(range->to, RANGE_TEXT_MAX, "now");
    else
        bound_set(range->to, (to < from ? from : to) + margin);
}

/* Ids are three letters: Explore replaces others silently, and what refers to them is lost. */
static cJSON *add_pane(struct query *q, cJSON *panes, const char *id, const char *uid,
                       const struct range *range, cJSON **queries)
{
    cJSON *pane = add_object(q, panes, id);
    add_string(q, pane, "datasource", uid);
    *queries = add_array(q, pane, "queries");
    cJSON *bounds = add_object(q, pane, "range");
    add_string(q, bounds, "from", range->from);
    add_string(q, bounds, "to", range->to);
    return pane;
}

/* A query whose uid differs from its pane's would be dropped. */
static cJSON *add_query(struct query *q, cJSON *queries, const char *ref_id, const char *type,
                        const char *uid)
{
    cJSON *item = q->err ? NULL : cJSON_CreateObject();
    if (!item || !cJSON_AddItemToArray(queries, item)) {
        cJSON_Delete(item);
        q->err = q->err ? q->err : CT_ERR_NOMEM;
        return NULL;
    }
    add_string(q, item, "refId", ref_id);
    cJSON *source = add_object(q, item, "datasource");
    add_string(q, source, "type", type);
    add_string(q, source, "uid", uid);
    return item;
}

/* Lower-case hex of an id that has the right form and is not all zero, as OpenTelemetry demands. */
static bool hex_id(struct slice text, size_t bytes, char *out)
{
    uint8_t id[16];
    uint8_t any = 0;
    if (bytes > sizeof(id) || !slice_unhex(text, id, bytes))
        return false;
    for (size_t i = 0; i < bytes; i++)
        any |= id[i];
    slice_hex(id, bytes, out);
    return any != 0;
}

static void tempo_panes(struct query *q, cJSON *panes, const struct deeplink_config *config,
                        const struct deeplink_target *target, const struct range *range)
{
    char trace[2 * 16 + 1], span[2 * 8 + 1];
    cJSON *queries;
    cJSON *pane = add_pane(q, panes, "tra", config->tempo_uid, range, &queries);
    cJSON *query = add_query(q, queries, "A", "tempo", config->tempo_uid);
    add_string(q, query, "queryType", "traceql");
    if (hex_id(target->trace_id, 16, trace)) {
        add_string(q, query, "query", trace);
        if (hex_id(target->span_id, 8, span)) {
            cJSON *state = add_object(q, pane, "panelsState");
            add_string(q, add_object(q, state, "trace"), "spanId", span);
        }
        return;
    }
    if (target->session_id.len) {
        query_add(q, "{ span.session.id = ");
        query_add_literal(q, target->session_id);
    } else {
        query_add(q, "{ resource.service.name = ");
        query_add_literal(q, slice_str(config->service_name));
    }
    query_add(q, " }");
    add_text(q, query, "query");
    add_number(q, query, "limit", 20);
    add_number(q, query, "spss", 10);
    add_string(q, query, "tableType", "traces");
}

static void loki_panes(struct query *q, cJSON *panes, const struct deeplink_config *config,
                       const struct deeplink_target *target, const struct range *range)
{
    cJSON *queries;
    add_pane(q, panes, "log", config->loki_uid, range, &queries);
    cJSON *query = add_query(q, queries, "A", "loki", config->loki_uid);
    query_add_match(q, "{", "service_name", slice_str(config->service_name));
    query_add(q, "}");
    if (target->session_id.len)
        query_add_match(q, " | ", "session_id", target->session_id);
    if (target->tool_use_id.len)
        query_add_match(q, " | ", "tool_use_id", target->tool_use_id);
    else if (target->request_id.len)
        query_add_match(q, " | ", "request_id", target->request_id);
    else if (target->prompt_id.len)
        query_add_match(q, " | ", "prompt_id", target->prompt_id);
    add_text(q, query, "expr");
    add_string(q, query, "queryType", "range");
    add_string(q, query, "editorMode", "code");
    add_number(q, query, "maxLines", 1000);
}

/* Adds q's text as a PromQL query. Without a legend (NULL) Explore shows the labels. */
static void add_promql(struct query *q, cJSON *queries, const char *ref_id, const char *uid,
                       const char *legend)
{
    cJSON *query = add_query(q, queries, ref_id, "prometheus", uid);
    add_text(q, query, "expr");
    if (legend)
        add_string(q, query, "legendFormat", legend);
    add_bool(q, query, "range", true);
    add_bool(q, query, "instant", false);
    add_bool(q, query, "exemplar", true);
    add_string(q, query, "editorMode", "code");
    add_string(q, query, "format", "time_series");
}

/*
 * Of one session: its running total. Its series begin with a value instead of 0, so increase() would miss the
 * first export (all of a short session), and an idle client exports nothing, so the last value is carried on.
 * Of all sessions: the increase, because their sum would fall whenever one of them ends.
 */
static void promql_counter(struct query *q, const char *by, const char *metric,
                           const struct deeplink_target *target)
{
    query_add(q, "sum by (");
    query_add(q, by);
    query_add(q, target->session_id.len ? ") (last_over_time(" : ") (increase(");
    query_add(q, metric);
    const char *before = "{";
    if (target->session_id.len) {
        query_add_match(q, before, "session_id", target->session_id);
        before = ",";
    }
    if (target->model.len) {
        query_add_match(q, before, "model", target->model);
        before = ",";
    }
    if (*before == ',')
        query_add(q, "}");
    query_add(q, target->session_id.len ? "[$__range]))" : "[$__rate_interval]))");
}

/*
 * Two panes, because Explore draws a pane's series on one axis: tokens are thousands, dollars and seconds are
 * few. Exemplars hang on the latency of the span metrics, which carry no session: Claude Code's own metrics
 * have none.
 */
static void mimir_panes(struct query *q, cJSON *panes, const struct deeplink_config *config,
                        const struct deeplink_target *target, const struct range *range)
{
    const char *uid = config->prometheus_uid;
    cJSON *queries;

    add_pane(q, panes, "tok", uid, range, &queries);
    promql_counter(q, "type", "claude_code_token_usage_tokens_total", target);
    add_promql(q, queries, "A", uid, NULL);

    add_pane(q, panes, "usd", uid, range, &queries);
    promql_counter(q, "model", "claude_code_cost_usage_USD_total", target);
    add_promql(q, queries, "A", uid, NULL);
    query_add(q, "histogram_quantile(0.95, sum by (le) (rate(traces_span_metrics_duration_seconds_bucket");
    query_add_match(q, "{", "service_name", slice_str(config->service_name));
    query_add(q, "}[$__rate_interval])))");
    add_promql(q, queries, "B", uid, "p95 seconds");
}

static void profiles_panes(struct query *q, cJSON *panes, const struct deeplink_config *config,
                           const struct range *range)
{
    cJSON *queries;
    add_pane(q, panes, "pro", config->pyroscope_uid, range, &queries);
    cJSON *query = add_query(q, queries, "A", "grafana-pyroscope-datasource", config->pyroscope_uid);
    add_string(q, query, "queryType", "both");
    query_add_match(q, "{", "service_name", slice_str(config->service_name));
    query_add(q, "}");
    add_text(q, query, "labelSelector");
    add_string(q, query, "profileTypeId", "process_cpu:cpu:nanoseconds:cpu:nanoseconds");
    add_array(q, query, "groupBy");
    add_array(q, query, "spanSelector");
}

/* ---- the URL ---- */

/*
 * True for http(s)://host… without query or fragment, made of characters that a URL may hold; *root is then
 * without slashes at its end. The URL is handed to terminals and programs, so nothing else gets through.
 */
static bool root_is_sound(struct slice *root)
{
    size_t scheme = 0;
    if (slice_eq_nocase(slice_sub(*root, 0, 7), SLICE_LIT("http://")))
        scheme = 7;
    else if (slice_eq_nocase(slice_sub(*root, 0, 8), SLICE_LIT("https://")))
        scheme = 8;
    else
        return false;
    for (size_t i = 0; i < root->len; i++) {
        unsigned char c = (unsigned char)root->ptr[i];
        if (c <= 0x20 || c >= 0x7f || strchr("?#\"'<>\\^`{|}", c))
            return false;
    }
    if (root->len == scheme || strchr("/:@", root->ptr[scheme]))
        return false;
    while (root->ptr[root->len - 1] == '/')
        root->len--;
    return true;
}

static enum ct_err append_url(struct slice root, const char *org_id, struct slice panes, struct buf *out)
{
    enum ct_err err = buf_append(out, root);
    if (!err)
        err = buf_append_str(out, "/explore?schemaVersion=1&panes=");
    if (!err)
        err = escape_percent(panes, out);
    if (!err)
        err = buf_append_str(out, "&orgId=");
    return err ? err : escape_percent(slice_str(org_id), out);
}

enum ct_err deeplink_build(const struct deeplink_config *config, enum deeplink_kind kind,
                           const struct deeplink_target *target, struct buf *out)
{
    struct slice root = slice_str(config->root_url);
    if (!root_is_sound(&root))
        return CT_ERR_USAGE;

    struct query q;
    struct range range;
    struct buf url;
    char *text = NULL;
    query_init(&q);
    range_set(&range, target);
    buf_init(&url, DEEPLINK_URL_MAX);

    cJSON *panes = cJSON_CreateObject();
    if (!panes)
        q.err = CT_ERR_NOMEM;
    switch (kind) {
    case DEEPLINK_TEMPO:
        tempo_panes(&q, panes, config, target, &range);
        break;
    case DEEPLINK_LOKI:
        loki_panes(&q, panes, config, target, &range);
        break;
    case DEEPLINK_MIMIR:
        mimir_panes(&q, panes, config, target, &range);
        break;
    case DEEPLINK_PROFILES:
        profiles_panes(&q, panes, config, &range);
        break;
    case DEEPLINK_KIND_COUNT:
        q.err = CT_ERR_USAGE;
        break;
    }
    enum ct_err err = q.err;
    if (!err) {
        text = cJSON_PrintUnformatted(panes);
        err = text ? append_url(root, config->org_id, slice_str(text), &url) : CT_ERR_NOMEM;
    }
    if (!err)
        err = buf_append(out, buf_slice(&url));

    cJSON_free(text);
    cJSON_Delete(panes);
    buf_finish(&q.text);
    buf_finish(&url);
    return err;
}
