/*
 * Spans of the request interceptor for Node (scope "claude-interceptor"): Claude Code Session, Turn #N, LLM
 * Call, Tool, Permission, with OpenInference kinds and gen_ai.* attributes.
 *
 * It puts a whole session into one trace: a turn is known by its span. An LLM call says the number of its
 * turn (0: none), tools and permissions only what they hang from, which is the session where there is no
 * turn.
 */
#include "ingest_private.h"

/* Token counts as Anthropic counts them: the cache's are not part of the input. */
static void usage(const struct otlp_span *span, struct event_usage *usage)
{
    ingest_tokens(span->attrs, "gen_ai.usage.input_tokens", &usage->input_tokens);
    ingest_tokens(span->attrs, "gen_ai.usage.output_tokens", &usage->output_tokens);
    ingest_tokens(span->attrs, "gen_ai.usage.cache_read_input_tokens", &usage->cache_read_tokens);
    ingest_tokens(span->attrs, "gen_ai.usage.cache_creation_input_tokens", &usage->cache_creation_tokens);
    ingest_cost(span->attrs, "gen_ai.usage.cost_usd", &usage->cost_nano_usd);
    /* Its price table gives 0 for a model that it does not list. */
    if (usage->cost_nano_usd == 0 && (usage->input_tokens > 0 || usage->output_tokens > 0))
        usage->cost_nano_usd = -1;
}

static void failure(struct ingest *in, const struct otlp_span *span, struct event *e)
{
    int64_t status = 0;
    otlp_attr_int(span->attrs, "http.response.status_code", &status);
    e->http_status = status > 0 && status < 1000 ? (int32_t)status : 0;
    e->error_type = ingest_attr(in, span->attrs, "error.type", INGEST_NAME_MAX);
    /* The span's status is OK also where the request was refused. */
    e->failed = e->error_type.len > 0 || status >= 400 || span->status == OTLP_STATUS_ERROR;
    if (!e->failed)
        return;
    if (e->error_type.len == 0)
        e->error_type = ingest_error_type(status);
    e->error_message = ingest_attr(in, span->attrs, "error.message", INGEST_MESSAGE_MAX);
    if (e->error_message.len == 0)
        e->error_message = ingest_clean(in, span->status_message, INGEST_MESSAGE_MAX);
}

static void hang_from_turn(const struct otlp_span *span, struct event *e)
{
    if (!span->has_parent)
        return;
    memcpy(e->ids.turn_span_id, span->parent_span_id, sizeof e->ids.turn_span_id);
    e->ids.has_turn_span_id = true;
}

static void llm(struct ingest *in, const struct otlp_span *span, struct event *e)
{
    int64_t turn = -1;
    e->kind = EVENT_LLM;
    e->span_role = SPAN_ROLE_LLM;
    e->model = ingest_attr(in, span->attrs, "gen_ai.response.model", INGEST_NAME_MAX);
    if (e->model.len == 0)
        e->model = ingest_attr(in, span->attrs, "gen_ai.request.model", INGEST_NAME_MAX);
    usage(span, &e->usage);
    e->wants_tools = ingest_finish_is_tools(span->attrs);
    failure(in, span, e);
    if (e->failed && e->error_type.len == 0)
        e->error_type = SLICE_LIT("transport");
    otlp_attr_int(span->attrs, "turn.number", &turn);
    if (turn > 0)
        hang_from_turn(span, e);
    e->no_turn = turn == 0;
}

static void asked_by(const struct otlp_span *span, struct event *e)
{
    for (size_t i = 0; i < span->link_count; i++) {
        const struct otlp_span_link *link = &span->links[i];
        if (!link->ids.has_span_id ||
            !slice_eq_str(otlp_attr_text(link->attrs, "link.type"), "produced_by_llm"))
            continue;
        memcpy(e->ids.asked_by_span_id, link->ids.span_id, sizeof e->ids.asked_by_span_id);
        e->ids.has_asked_by = true;
        return;
    }
}

static void tool(struct ingest *in, const struct otlp_span *span, struct event *e)
{
    static const char *const details[] = {"tool.command", "tool.file_path", "tool.pattern", "tool.url"};
    struct slice status = otlp_attr_text(span->attrs, "tool.status");
    e->kind = EVENT_TOOL;
    e->span_role = SPAN_ROLE_TOOL;
    e->name = ingest_attr(in, span->attrs, "gen_ai.tool.name", INGEST_NAME_MAX);
    e->ids.tool_use_id = ingest_attr(in, span->attrs, "gen_ai.tool.call.id", INGEST_ID_MAX);
    e->spawns_agent = ingest_spawns_agent(e->name);
    for (size_t i = 0; i < sizeof details / sizeof *details && e->detail.len == 0; i++)
        e->detail = ingest_attr(in, span->attrs, details[i], INGEST_DETAIL_MAX);
    if (e->detail.len == 0)
        e->detail = ingest_tool_detail_text(in, otlp_attr_text(span->attrs, "input.value"));
    if (e->spawns_agent)
        e->agent_type = ingest_json_text(in, otlp_attr_text(span->attrs, "input.value"), "subagent_type",
                                         INGEST_NAME_MAX);
    int64_t own = ingest_ms(span->attrs, "tool.duration_ms");
    if (own >= 0)
        e->duration_ns = own;
    failure(in, span, e);
    e->failed |= slice_eq_str(status, "error");
    if (e->failed && e->error_type.len == 0)
        e->error_type = SLICE_LIT("tool_error");
    asked_by(span, e);
    hang_from_turn(span, e);
    e->ids.turn_unsure = true;
}

/* A span beside its tool's. Its end is the tool's result, so the wait has the run in it; it is the sender's
 * word. */
static void permission(struct ingest *in, const struct otlp_span *span, struct event *e)
{
    struct slice result = otlp_attr_text(span->attrs, "permission.result");
    e->kind = EVENT_TOOL;
    e->phase = PHASE_DECIDED;
    e->name = ingest_attr(in, span->attrs, "permission.tool", INGEST_NAME_MAX);
    e->ids.tool_use_id = ingest_attr(in, span->attrs, "gen_ai.tool.call.id", INGEST_ID_MAX);
    e->ids.has_span_id = false; /* the tool has a span of its own */
    e->detail = ingest_attr(in, span->attrs, "permission.prompt", INGEST_DETAIL_MAX);
    e->decision = slice_eq_str(result, "denied")     ? DECISION_REJECTED
                  : slice_eq_str(result, "approved") ? DECISION_ACCEPTED
                                                     : DECISION_UNKNOWN;
    e->wait_ns = ingest_ms(span->attrs, "permission.wait_ms");
    e->end_ns = 0;
    e->duration_ns = -1;
    hang_from_turn(span, e);
    e->ids.turn_unsure = true;
}

static void turn(struct ingest *in, const struct otlp_span *span, struct event *e)
{
    e->kind = EVENT_TURN;
    e->span_role = SPAN_ROLE_TURN;
    e->source = ingest_attr(in, span->attrs, "turn.end.reason", INGEST_NAME_MAX);
    ingest_prompt(in, otlp_attr_text(span->attrs, "input.value"), e);
    memcpy(e->ids.turn_span_id, e->ids.span_id, sizeof e->ids.turn_span_id);
    e->ids.has_turn_span_id = e->ids.has_span_id;
}

static void session(struct ingest *in, const struct otlp_span *span, struct event *e)
{
    e->kind = EVENT_SESSION;
    e->ended = e->end_ns > 0;
    e->parent_session_id = ingest_attr(in, span->attrs, "claude.parent_session_id", INGEST_ID_MAX);
}

static const struct {
    const char *kind;
    void (*fill)(struct ingest *, const struct otlp_span *, struct event *);
} producers[] = {
    {"LLM", llm}, {"TOOL", tool}, {"AGENT", turn}, {"PERMISSION", permission}, {"CHAIN", session},
};

static void resource_facts(struct ingest *in, const struct otlp_resource *resource, struct event *e)
{
    e->cwd = ingest_attr(in, resource->attrs, "working_directory", INGEST_DETAIL_MAX);
    if (slice_eq_str(e->service_version, "unknown"))
        e->service_version = SLICE_NULL;
}

bool interceptor_is(const struct otlp_resource *resource, const struct otlp_scope *scope,
                    struct otlp_attrs attrs)
{
    return slice_eq_str(scope->name, "claude-interceptor") ||
           (otlp_attr_get(attrs, "openinference.span.kind") &&
            (otlp_attr_get(attrs, "claude.session_id_source") ||
             otlp_attr_get(resource->attrs, "claude.interceptor.version")));
}

void interceptor_span(struct ingest *in, const struct otlp_resource *resource, const struct otlp_span *span)
{
    struct event e;
    event_init(&e, EVENT_SPAN, WITNESS_SPAN);
    if (!ingest_common(in, resource, span->attrs, &span->ids, &e))
        return;
    ingest_span_facts(span, &e);
    resource_facts(in, resource, &e);
    e.phase = PHASE_FINISHED;
    e.ids.trace_is_session = true;
    struct slice kind = otlp_attr_text(span->attrs, "openinference.span.kind");
    size_t i = 0;
    while (i < sizeof producers / sizeof *producers && !slice_eq_str(kind, producers[i].kind))
        i++;
    if (i < sizeof producers / sizeof *producers)
        producers[i].fill(in, span, &e);
    else /* notifications, compactions, hooks: shown as what they are called */
        ingest_foreign_facts(in, resource, span, &e);
    ingest_emit(in, &e);
}

/* "ag_ui.run_finished": the end of a turn, often before the turn's span. */
void interceptor_log(struct ingest *in, const struct otlp_resource *resource, const struct otlp_log *log,
                     struct slice name)
{
    struct event e;
    event_init(&e, EVENT_STARTUP, WITNESS_LOG);
    if (!ingest_common(in, resource, log->attrs, &log->ids, &e))
        return;
    e.time_ns = ingest_log_time(log);
    e.ids.has_trace_id = false;
    resource_facts(in, resource, &e);
    if (slice_eq_str(name, "ag_ui.run_finished")) {
        e.kind = EVENT_TURN;
        e.phase = PHASE_FINISHED;
        e.end_ns = e.time_ns;
        e.source = slice_eq_str(otlp_attr_text(log->attrs, "provider_stop_signal"), "Stop")
                       ? SLICE_LIT("stop_hook")
                       : ingest_attr(in, log->attrs, "terminal_state_source", INGEST_NAME_MAX);
    }
    ingest_emit(in, &e);
}
