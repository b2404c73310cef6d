/*
 * OpenAI Codex CLI's log events ("codex.…", by conversation.id). They carry no id of a prompt or a request:
 * calls belong to the prompt before them. Read from its source (codex-rs/otel), not from recorded traffic.
 *
 * A request is told of twice: codex.api_request when its answer begins, codex.sse_event "response.completed"
 * with the tokens when it ends. The second is the call; of the first only failures count, each attempt as
 * one.
 */
#include "ingest_private.h"

static void conversation_starts(struct ingest *in, const struct otlp_log *log, struct event *e)
{
    (void)in;
    (void)log;
    e->kind = EVENT_SESSION;
    e->phase = PHASE_STARTED;
    e->source = SLICE_LIT("startup");
}

static void user_prompt(struct ingest *in, const struct otlp_log *log, struct event *e)
{
    e->kind = EVENT_PROMPT;
    e->phase = PHASE_STARTED;
    ingest_prompt(in, otlp_attr_text(log->attrs, "prompt"), e);
}

static void llm(struct ingest *in, const struct otlp_log *log, struct event *e)
{
    e->kind = EVENT_LLM;
    e->model = ingest_attr(in, log->attrs, "model", INGEST_NAME_MAX);
    ingest_finished(log->attrs, e);
}

static void failed(struct ingest *in, const struct otlp_log *log, struct slice message, struct event *e)
{
    int64_t status = 0;
    llm(in, log, e);
    otlp_attr_int(log->attrs, "http.response.status_code", &status);
    e->failed = true;
    e->http_status = status > 0 && status < 1000 ? (int32_t)status : 0;
    e->error_type = ingest_error_type(status);
    if (e->error_type.len == 0)
        e->error_type = SLICE_LIT("transport");
    e->error_message = ingest_clean(in, message, INGEST_MESSAGE_MAX);
}

/* Also codex.websocket_request, which is the same by another transport. */
static void request(struct ingest *in, const struct otlp_log *log, struct event *e)
{
    struct slice message = otlp_attr_text(log->attrs, "error.message");
    int64_t status = 0;
    otlp_attr_int(log->attrs, "http.response.status_code", &status);
    if (message.len || status >= 400)
        failed(in, log, message, e);
}

static void sse_event(struct ingest *in, const struct otlp_log *log, struct event *e)
{
    struct slice kind = otlp_attr_text(log->attrs, "event.kind");
    struct slice message = otlp_attr_text(log->attrs, "error.message");
    int64_t reported = -1;
    if (message.len && (kind.len == 0 || slice_starts(kind, SLICE_LIT("response.")))) {
        failed(in, log, message, e);
        return;
    }
    /* The stream's own event of that name comes as well, without tokens. */
    ingest_tokens(log->attrs, "input_token_count", &reported);
    if (!slice_eq_str(kind, "response.completed") || reported < 0)
        return;
    llm(in, log, e);
    e->usage.input_tokens = reported;
    ingest_tokens(log->attrs, "output_token_count", &e->usage.output_tokens);
    ingest_tokens(log->attrs, "cached_token_count", &e->usage.cache_read_tokens);
    ingest_uncached_input(&e->usage);
}

static void tool(struct ingest *in, const struct otlp_log *log, struct event *e)
{
    e->kind = EVENT_TOOL;
    e->ids.tool_use_id = ingest_attr(in, log->attrs, "call_id", INGEST_ID_MAX);
    e->name = ingest_attr(in, log->attrs, "tool_name", INGEST_NAME_MAX);
}

static void tool_decision(struct ingest *in, const struct otlp_log *log, struct event *e)
{
    struct slice decision = otlp_attr_text(log->attrs, "decision");
    tool(in, log, e);
    e->phase = PHASE_DECIDED;
    e->decision = slice_starts(decision, SLICE_LIT("approved")) ? DECISION_ACCEPTED
                  : slice_starts(decision, SLICE_LIT("denied")) || slice_starts(decision, SLICE_LIT("abort"))
                      ? DECISION_REJECTED
                      : DECISION_UNKNOWN;
    e->source = ingest_attr(in, log->attrs, "source", INGEST_NAME_MAX);
}

static void tool_result(struct ingest *in, const struct otlp_log *log, struct event *e)
{
    bool success = true;
    tool(in, log, e);
    ingest_mcp_name(in, otlp_attr_text(log->attrs, "mcp_server"), e);
    ingest_tool_input_text(in, otlp_attr_text(log->attrs, "arguments"), e);
    ingest_finished(log->attrs, e);
    otlp_attr_bool(log->attrs, "success", &success);
    if (success)
        return;
    e->failed = true;
    e->error_type = SLICE_LIT("tool_error");
    e->error_message = ingest_attr(in, log->attrs, "output", INGEST_MESSAGE_MAX);
}

static const struct {
    const char *name;
    void (*fill)(struct ingest *, const struct otlp_log *, struct event *);
} producers[] = {
    {"codex.conversation_starts", conversation_starts},
    {"codex.user_prompt", user_prompt},
    {"codex.api_request", request},
    {"codex.websocket_request", request},
    {"codex.sse_event", sse_event},
    {"codex.tool_decision", tool_decision},
    {"codex.tool_result", tool_result},
};

void codex_log(struct ingest *in, const struct otlp_resource *resource, const struct otlp_log *log,
               struct slice name)
{
    struct event e;
    event_init(&e, EVENT_STARTUP, WITNESS_LOG);
    ingest_common(in, resource, log->attrs, &log->ids, &e);
    e.ids.session_id = ingest_attr(in, log->attrs, "conversation.id", INGEST_ID_MAX);
    if (e.ids.session_id.len == 0)
        return;
    e.other_agent = true;
    e.ids.has_trace_id = false; /* its traces are not its turns */
    e.time_ns = ingest_log_time(log);
    for (size_t i = 0; i < sizeof producers / sizeof *producers; i++)
        if (slice_eq_str(name, producers[i].name))
            producers[i].fill(in, log, &e);
    ingest_emit(in, &e);
}
