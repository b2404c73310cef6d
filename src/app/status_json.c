#include "status_json_private.h"
#include "version.h"

#include <stdio.h>
#include <stdlib.h>

#define SCHEMA       1
#define RED_ROWS_MAX 512
#define MODELS_MAX   64
#define TRACES_MAX   1000

static void add_ms(cJSON *o, const char *key, int64_t ns)
{
    if (ns >= 0)
        cJSON_AddNumberToObject(o, key, (double)(ns / 1000) / 1000.0);
    else
        cJSON_AddNullToObject(o, key);
}

static void add_hex(cJSON *o, const char *key, bool present, const uint8_t *id, size_t len)
{
    char hex[2 * 16 + 1];
    if (present) {
        slice_hex(id, len, hex);
        cJSON_AddStringToObject(o, key, hex);
    } else {
        cJSON_AddNullToObject(o, key);
    }
}

static void add_counters(cJSON *o, const struct counters *c)
{
    add_int(o, "turns", c->turns);
    add_int(o, "llm_calls", c->llm_calls);
    add_int(o, "llm_errors", c->llm_errors);
    add_int(o, "llm_retries", c->llm_retries);
    add_int(o, "tool_calls", c->tool_calls);
    add_int(o, "tool_errors", c->tool_errors);
    add_int(o, "tool_rejections", c->tool_rejections);
    add_int(o, "agents", c->agents);
    add_int(o, "input_tokens", c->input_tokens);
    add_int(o, "output_tokens", c->output_tokens);
    add_int(o, "cache_read_tokens", c->cache_read_tokens);
    add_int(o, "cache_creation_tokens", c->cache_creation_tokens);
    cJSON_AddNumberToObject(o, "cost_usd", (double)c->cost_nano_usd / 1e9);
    cJSON_AddBoolToObject(o, "cost_is_estimate", c->cost_estimated > 0);
    cJSON_AddNumberToObject(o, "cost_estimated_usd", (double)c->cost_estimated_nano_usd / 1e9);
    add_int(o, "cost_estimated_calls", c->cost_estimated);
    add_int(o, "cost_unknown_calls", c->cost_unknown);
    add_ms(o, "human_wait_ms", c->wait_ns);
}

static void add_burn(cJSON *o, const struct burn_rate *burn)
{
    cJSON *part = cJSON_AddObjectToObject(o, "burn");
    add_int(part, "tokens_per_min", burn->tokens_per_min);
    cJSON_AddNumberToObject(part, "cost_per_hour_usd", (double)burn->cost_nano_usd_per_hour / 1e9);
    cJSON_AddBoolToObject(part, "is_estimate", burn->is_estimate);
}

static cJSON *node_json(const struct node *n, const struct trace_known *known);

static void add_children(cJSON *o, const char *key, const struct node *first, const struct trace_known *known)
{
    cJSON *list = cJSON_AddArrayToObject(o, key);
    for (const struct node *n = first; n; n = n->next)
        cJSON_AddItemToArray(list, node_json(n, known));
}

/* Its own, or those of the span that is made of it. */
static void add_span_ids(cJSON *o, const struct node *n, const struct trace_known *known)
{
    struct trace_link_ids ids;
    bool traced = trace_link_ids(known, n->session, n, &ids);
    add_hex(o, "trace_id", traced, ids.trace_id, sizeof ids.trace_id);
    add_hex(o, "span_id", traced && ids.has_span_id, ids.span_id, sizeof ids.span_id);
    cJSON_AddBoolToObject(o, "span_sent", traced && ids.sent);
}

static void add_profile(cJSON *o, const struct node *n)
{
    struct node_more more;
    model_node_more(n, &more);
    add_hex(o, "profile_id", more.has_profile_id, more.profile_id, sizeof more.profile_id);
}

static cJSON *turn_json(const struct node *n, const struct trace_known *known)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "kind", "turn");
    add_int(o, "number", n->number);
    cJSON_AddStringToObject(o, "turn_kind", turn_kind_name(n->turn_kind));
    add_text_or_null(o, "prompt", n->detail);
    cJSON_AddBoolToObject(o, "prompt_redacted", n->redacted && n->detail.len == 0);
    add_text_or_null(o, "prompt_id", n->key);
    add_span_ids(o, n, known);
    add_profile(o, n);
    add_text_or_null(o, "start_source", n->source);
    add_text_or_null(o, "end_reason", n->end_reason);
    cJSON_AddStringToObject(o, "state", node_state_name(n->state));
    add_text_or_null(o, "error_type", n->error_type);
    add_text_or_null(o, "error_message", n->error_message);
    add_time(o, "started_at", n->start_ns);
    add_ms(o, "duration_ms", n->duration_ns);
    add_text_or_null(o, "model", n->model);
    add_counters(o, &n->total);
    add_children(o, "children", n->first_child, known);
    return o;
}

static cJSON *node_json(const struct node *n, const struct trace_known *known)
{
    if (n->kind == NODE_TURN)
        return turn_json(n, known);
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "kind", node_kind_name(n->kind));
    add_text(o, "name", n->name);
    add_int(o, "turn_number", n->number);
    if (n->number == 0)
        cJSON_AddStringToObject(o, "turn_kind", turn_kind_name(TURN_KIND_BACKGROUND));
    add_text_or_null(o, "detail", n->detail);
    add_text_or_null(o, "id", n->key);
    add_text_or_null(o, "model", n->model);
    cJSON_AddStringToObject(o, "state", node_state_name(n->state));
    add_text_or_null(o, "source", n->source);
    add_text_or_null(o, "error_type", n->error_type);
    add_text_or_null(o, "error_message", n->error_message);
    add_time(o, "started_at", n->start_ns);
    add_ms(o, "duration_ms", n->duration_ns);
    add_ms(o, "ttft_ms", n->ttft_ns);
    add_ms(o, "wait_ms", n->wait_ns);
    add_int(o, "attempts", n->attempts);
    cJSON *attempts = n->kind == NODE_LLM ? cJSON_AddArrayToObject(o, "attempt_times") : NULL;
    for (size_t i = 0; attempts && i < n->attempt_count; i++) {
        char text[CLOCK_RFC3339_MAX];
        cJSON_AddItemToArray(attempts, cJSON_CreateString(clock_rfc3339(n->attempt_ns[i], text)));
    }
    cJSON_AddBoolToObject(o, "background", n->background);
    add_span_ids(o, n, known);
    add_profile(o, n);
    add_counters(o, &n->total);
    add_children(o, "children", n->first_child, known);
    return o;
}

void status_link_target(const struct session *s, const struct node *n, const struct run_status *status,
                        const struct trace_known *known, struct link_ids *ids, struct deeplink_target *out)
{
    *out = (struct deeplink_target){.session_id = s->session_id, .service_name = s->service_name};
    *ids = (struct link_ids){.unsent = false};
    struct trace_link_ids found;
    if ((n || !s->has_spans) && trace_link_ids(known, s, n, &found)) {
        ids->unsent = !found.sent;
        ids->unbegun = ids->unsent && !trace_has_begun(known, s);
        if (!ids->unbegun)
            slice_hex(found.trace_id, sizeof found.trace_id, ids->trace_id);
        if (!ids->unsent && found.has_span_id)
            slice_hex(found.span_id, sizeof found.span_id, ids->span_id);
    }
    out->trace_id = slice_str(ids->trace_id);
    out->span_id = slice_str(ids->span_id);
    if (!n) {
        bool over = status->state == RUN_ENDED;
        out->from_ns = s->started_ns;
        out->to_ns = over ? s->last_activity_ns : 0;
        return;
    }
    struct node_more more;
    model_node_more(n, &more);
    if (more.has_profile_id)
        slice_hex(more.profile_id, sizeof more.profile_id, ids->profile_id);
    out->profile_id = slice_str(ids->profile_id);
    if (n->kind == NODE_SPAN) /* what runs there is another program */
        out->profile_service = n->detail;
    bool open = n->state == NODE_RUNNING || n->state == NODE_WAITING || n->state == NODE_UNKNOWN;
    out->from_ns = n->start_ns;
    out->to_ns = open ? 0 : n->end_ns > n->last_ns ? n->end_ns : n->last_ns;
    if (n->kind == NODE_LLM)
        out->request_id = n->key;
    else if (n->kind == NODE_TOOL)
        out->tool_use_id = n->key;
    else if (n->kind == NODE_AGENT)
        out->agent_id = n->key;
    else if (n->kind == NODE_TURN)
        out->prompt_id = n->key;
    if (n->kind == NODE_TURN)
        out->turn_number = n->number;
    if (n->kind == NODE_LLM)
        out->model = n->model;
    if (n->kind == NODE_TOOL)
        out->tool = n->name;
}

static void add_links(cJSON *o, const struct deeplink_config *config, const struct deeplink_target *target)
{
    cJSON *links = cJSON_AddObjectToObject(o, "links");
    for (int kind = 0; kind < DEEPLINK_KIND_COUNT; kind++) {
        struct buf url;
        buf_init(&url, DEEPLINK_URL_MAX + 1);
        if (deeplink_build(config, (enum deeplink_kind)kind, target, &url) == CT_OK)
            add_text(links, deeplink_kind_name((enum deeplink_kind)kind), buf_slice(&url));
        buf_finish(&url);
    }
}

static void add_tokens(cJSON *o, const char *key, int64_t tokens)
{
    if (tokens >= 0)
        add_int(o, key, tokens);
    else
        cJSON_AddNullToObject(o, key);
}

static void add_percentage(cJSON *o, double percentage)
{
    if (percentage >= 0)
        cJSON_AddNumberToObject(o, "used_percentage", percentage);
    else
        cJSON_AddNullToObject(o, "used_percentage");
}

static void add_limit(cJSON *limits, const char *key, const struct session_limit *limit)
{
    if (limit->used_percentage < 0 && limit->resets_ns == 0) {
        cJSON_AddNullToObject(limits, key);
        return;
    }
    cJSON *o = cJSON_AddObjectToObject(limits, key);
    add_percentage(o, limit->used_percentage);
    add_time(o, "resets_at", limit->resets_ns);
}

/* What the client says of its session, or null. */
static void add_report(cJSON *o, const struct session *s)
{
    add_text_or_null(o, "model_name", s->model_name);
    add_text_or_null(o, "branch", s->branch);
    add_text_or_null(o, "start_source", s->start_source);
    cJSON *part = cJSON_AddObjectToObject(o, "context");
    add_tokens(part, "used_tokens", s->context.used_tokens);
    add_tokens(part, "window_size", s->context.window_tokens);
    add_percentage(part, s->context.used_percentage);
    add_time(part, "reported_at", s->context.reported_ns);
    part = cJSON_AddObjectToObject(o, "limits");
    add_limit(part, "five_hour", &s->limits.five_hour);
    add_limit(part, "seven_day", &s->limits.seven_day);
    add_time(part, "reported_at", s->limits.reported_ns);
    if (s->reported_cost_nano_usd >= 0)
        cJSON_AddNumberToObject(o, "reported_cost_usd", (double)s->reported_cost_nano_usd / 1e9);
    else
        cJSON_AddNullToObject(o, "reported_cost_usd");
}

static cJSON *session_json(const struct status_source *source, const struct session *s)
{
    struct run_status status = model_session_status(s, source->now_ns);
    cJSON *o = cJSON_CreateObject();
    add_text(o, "session_id", s->session_id);
    cJSON_AddBoolToObject(o, "provisional", s->provisional);
    cJSON_AddBoolToObject(o, "summary", s->summary);
    if (s->gone_until_ns)
        add_counters(cJSON_AddObjectToObject(o, "gone"), &s->gone);
    else
        cJSON_AddNullToObject(o, "gone");
    add_text_or_null(o, "service_name", s->service_name);
    add_text_or_null(o, "service_version", s->service_version);
    add_text_or_null(o, "title", s->title);
    add_text_or_null(o, "cwd", s->cwd);
    add_text_or_null(o, "model", s->model);
    add_report(o, s);
    cJSON_AddStringToObject(o, "state", run_state_name(status.state));
    add_time(o, "state_since", status.since_ns);
    cJSON_AddStringToObject(o, "state_evidence", status.evidence);
    add_time(o, "started_at", s->started_ns);
    add_time(o, "last_activity_at", s->last_activity_ns);
    add_counters(o, &s->total);
    struct burn_rate burn = model_session_burn(s, source->now_ns);
    add_burn(o, &burn);
    add_text_or_null(o, "parent_session_id", s->parent_session_id);
    status_json_session_health(o, s, source->now_ns);

    struct slice models[MODELS_MAX];
    size_t count = model_session_models(s, models, MODELS_MAX);
    cJSON *list = cJSON_AddArrayToObject(o, "models");
    for (size_t i = 0; i < count && i < MODELS_MAX; i++) {
        char *name = mem_strdup(models[i]);
        cJSON_AddItemToArray(list, cJSON_CreateString(name));
        free(name);
    }
    static uint8_t traces[TRACES_MAX][16];
    count = model_session_traces(s, traces, TRACES_MAX);
    list = cJSON_AddArrayToObject(o, "trace_ids");
    for (size_t i = 0; i < count && i < TRACES_MAX; i++) {
        char hex[33];
        slice_hex(traces[i], 16, hex);
        cJSON_AddItemToArray(list, cJSON_CreateString(hex));
    }
    bool synthesized = trace_is_synthesized(source->traces.synthesize, s);
    if (synthesized) {
        uint8_t ours[TRACE_ID_LEN];
        char hex[2 * TRACE_ID_LEN + 1];
        trace_id_of_session(s, ours);
        slice_hex(ours, sizeof ours, hex);
        cJSON_AddItemToArray(list, cJSON_CreateString(hex));
    }
    cJSON_AddBoolToObject(o, "synthesized", synthesized);
    cJSON_AddBoolToObject(o, "trace_sent", synthesized && trace_has_begun(&source->traces, s));
    struct link_ids ids;
    struct deeplink_target target;
    status_link_target(s, NULL, &status, &source->traces, &ids, &target);
    add_links(o, source->links, &target);
    add_children(o, "tree", s->first_child, &source->traces);
    return o;
}

static int by_start(const void *a, const void *b)
{
    const struct session *x = *(const struct session *const *)a, *y = *(const struct session *const *)b;
    if (x->started_ns != y->started_ns)
        return x->started_ns < y->started_ns ? -1 : 1;
    return slice_cmp(x->session_id, y->session_id);
}

static void add_sessions(cJSON *root, const struct status_source *source)
{
    model_advance(source->model, source->now_ns);
    size_t count = 0;
    for (const struct session *s = model_sessions(source->model); s; s = s->next)
        count += s->real;
    const struct session **list = mem_array(count, sizeof *list);
    size_t n = 0;
    for (const struct session *s = model_sessions(source->model); s; s = s->next)
        if (s->real)
            list[n++] = s;
    qsort(list, count, sizeof *list, by_start);
    struct fleet fleet;
    model_fleet(source->model, source->now_ns, 0, &fleet);
    cJSON *o = cJSON_AddObjectToObject(root, "totals");
    add_int(o, "sessions", fleet.sessions);
    add_int(o, "live", fleet.live);
    add_int(o, "waiting", fleet.waiting);
    add_counters(o, &fleet.total);
    add_burn(o, &fleet.burn);
    cJSON *sessions = cJSON_AddArrayToObject(root, "sessions");
    for (size_t i = 0; i < count; i++)
        cJSON_AddItemToArray(sessions, session_json(source, list[i]));
    free(list);
}

static const struct {
    const char *name;
    int64_t minutes;
} red_windows[] = {[RED_WINDOW_15M] = {"15m", 15},
                   [RED_WINDOW_5M] = {"5m", 5},
                   [RED_WINDOW_1M] = {"1m", 1},
                   [RED_WINDOW_ALL] = {"all", 0}};

const char *red_window_name(enum red_window w)
{
    return red_windows[w].name;
}

bool red_window_parse(struct slice name, enum red_window *out)
{
    for (size_t i = 0; i < sizeof red_windows / sizeof red_windows[0]; i++) {
        if (slice_eq_str(name, red_windows[i].name)) {
            *out = (enum red_window)i;
            return true;
        }
    }
    return false;
}

static int64_t red_window_ns(enum red_window w)
{
    return red_windows[w].minutes * 60 * NS_PER_SEC;
}

static void add_red(cJSON *root, const struct status_source *source)
{
    struct red_row *rows = mem_array(RED_ROWS_MAX, sizeof *rows);
    size_t count =
        model_red(source->model, source->now_ns, red_window_ns(source->red_window), rows, RED_ROWS_MAX);
    cJSON_AddStringToObject(root, "red_window", red_window_name(source->red_window));
    cJSON *list = cJSON_AddArrayToObject(root, "red");
    for (size_t i = 0; i < count && i < RED_ROWS_MAX; i++) {
        const struct red_row *r = &rows[i];
        cJSON *o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, "kind", red_kind_name(r->kind));
        add_text(o, "name", r->name);
        add_int(o, "count", r->count);
        if (source->red_window == RED_WINDOW_ALL)
            cJSON_AddNullToObject(o, "rate_per_min");
        else
            cJSON_AddNumberToObject(o, "rate_per_min", r->rate_per_min);
        add_int(o, "errors", r->errors);
        cJSON_AddNumberToObject(o, "error_ratio", r->count ? (double)r->errors / (double)r->count : 0);
        add_ms(o, "p50_ms", r->p50_ns);
        add_ms(o, "p95_ms", r->p95_ns);
        add_ms(o, "p99_ms", r->p99_ns);
        add_ms(o, "ttft_p50_ms", r->ttft_p50_ns);
        add_ms(o, "ttft_p95_ms", r->ttft_p95_ns);
        add_int(o, "retries", r->retries);
        int calls[RED_ROW_MINUTES], errors[RED_ROW_MINUTES];
        for (int k = 0; k < RED_ROW_MINUTES; k++) {
            calls[k] = r->minutes[k].count;
            errors[k] = r->minutes[k].errors;
        }
        cJSON_AddItemToObject(o, "calls_by_minute", cJSON_CreateIntArray(calls, RED_ROW_MINUTES));
        cJSON_AddItemToObject(o, "errors_by_minute", cJSON_CreateIntArray(errors, RED_ROW_MINUTES));
        cJSON_AddItemToArray(list, o);
    }
    free(rows);
}

const char *status_health_word(enum tee_health health)
{
    static const char *const words[] = {
        [TEE_IDLE] = "idle", [TEE_OK] = "ok", [TEE_RETRYING] = "retrying", [TEE_REJECTING] = "rejecting"};
    return words[health];
}

static void add_upstream_state(cJSON *o, const struct tee_stats *s)
{
    cJSON_AddStringToObject(o, "health", status_health_word(s->health));
    add_int(o, "last_status", s->last_status);
    if (s->last_grpc_status >= 0)
        add_int(o, "last_grpc_status", s->last_grpc_status);
    else
        cJSON_AddNullToObject(o, "last_grpc_status");
    add_text_or_null(o, "last_error", slice_str(s->last_error));
    add_text_or_null(o, "last_refusal", slice_str(s->last_refusal));
    add_int(o, "partial_successes", (int64_t)s->partial_successes);
    add_int(o, "rejected_records", (int64_t)s->rejected_records);
}

static void add_forwarded(cJSON *o, const struct tee_stats *s, int64_t now_ns)
{
    int64_t oldest = s->queued_oldest_wall_ns;
    cJSON *part = cJSON_AddObjectToObject(o, "forwarded");
    add_int(part, "requests", (int64_t)s->forwarded_requests);
    add_int(part, "bytes", (int64_t)s->forwarded_bytes);
    part = cJSON_AddObjectToObject(o, "queued");
    add_int(part, "requests", (int64_t)s->queued_requests);
    add_int(part, "bytes", (int64_t)s->queued_bytes);
    cJSON_AddNumberToObject(part, "oldest_seconds",
                            oldest > 0 && now_ns > oldest ? (double)(now_ns - oldest) / 1e9 : 0);
}

static cJSON *upstream_json(const struct flow_upstream *u, int64_t now_ns)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "name", u->name);
    cJSON_AddStringToObject(o, "protocol", u->protocol);
    add_text(o, "address", slice_str(u->address));
    cJSON *signals = cJSON_AddArrayToObject(o, "signals");
    for (int i = FRAME_SIGNAL_NONE + 1; i < FRAME_SIGNAL_COUNT; i++)
        if (u->signals & TEE_SIGNAL(i))
            cJSON_AddItemToArray(signals, cJSON_CreateString(frame_signal_name((enum frame_signal)i)));
    add_upstream_state(o, &u->tee);
    add_forwarded(o, &u->tee, now_ns);
    add_int(o, "held", (int64_t)u->tee.held_requests);
    add_int(o, "retries", (int64_t)u->tee.retries);
    add_int(o, "rejected", (int64_t)u->tee.rejected);
    add_int(o, "dropped", (int64_t)u->tee.dropped);
    if (u->next_retry_ns >= 0)
        cJSON_AddNumberToObject(o, "next_retry_seconds", (double)u->next_retry_ns / 1e9);
    else
        cJSON_AddNullToObject(o, "next_retry_seconds");
    return o;
}

void status_json_forwarding(cJSON *flow, const struct flow *f, int64_t now_ns)
{
    add_forwarded(flow, &f->tee, now_ns);
    add_int(flow, "held", (int64_t)f->tee.held_requests);
    if (f->has_upstream) {
        cJSON *o = cJSON_AddObjectToObject(flow, "upstream");
        cJSON_AddStringToObject(o, "name", f->upstreams[f->worst].name);
        add_upstream_state(o, &f->tee);
    } else {
        cJSON_AddNullToObject(flow, "upstream");
    }
    cJSON *upstreams = cJSON_AddArrayToObject(flow, "upstreams");
    for (size_t i = 0; i < f->upstream_count; i++)
        cJSON_AddItemToArray(upstreams, upstream_json(&f->upstreams[i], now_ns));
}

char *status_json(const struct status_source *source)
{
    char text[CLOCK_RFC3339_MAX];
    cJSON *root = cJSON_CreateObject();
    add_int(root, "schema", SCHEMA);
    cJSON_AddStringToObject(root, "generated_at", clock_rfc3339(source->now_ns, text));
    cJSON_AddStringToObject(root, "version", CT_VERSION);
    cJSON_AddBoolToObject(root, "catching_up", source->catching_up);
    add_sessions(root, source);
    add_red(root, source);
    struct model_stats stats = model_stats(source->model);
    cJSON *o = cJSON_AddObjectToObject(root, "model");
    add_int(o, "bytes", (int64_t)stats.bytes);
    add_int(o, "evicted_sessions", (int64_t)stats.evicted_sessions);
    add_int(o, "summaries", (int64_t)stats.summaries);
    add_int(o, "dropped_summaries", (int64_t)stats.dropped_summaries);
    add_int(o, "late_events", (int64_t)stats.late_events);
    add_int(o, "refused_events", (int64_t)stats.refused_events);
    add_int(o, "held_events", (int64_t)stats.orphans);
    add_int(o, "given_up_events", (int64_t)stats.orphans_given_up);
    add_int(o, "crowded_traces", (int64_t)stats.crowded_traces);
    add_int(o, "refused_spans", (int64_t)stats.refused_spans);
    status_json_alerts(root, source);
    status_json_health(root, source);
    status_json_flow(root, source, &stats);
    char *printed = cJSON_Print(root);
    cJSON_Delete(root);
    char *out = mem_alloc(strlen(printed) + 2);
    snprintf(out, strlen(printed) + 2, "%s\n", printed);
    cJSON_free(printed);
    return out;
}
