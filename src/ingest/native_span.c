/* Claude Code's own (beta) spans: interaction, llm_request, tool and what is inside a tool. */
#include "ingest_private.h"

/* "agent.builtin.Explore" is what log events call "agent:builtin:Explore". */
static struct slice query_source(struct ingest *in, const struct otlp_span *span)
{
    char text[INGEST_NAME_MAX];
    struct slice safe = slice_sub(otlp_attr_text(span->attrs, "query_source_safe"), 0, sizeof text);
    bool agent = slice_starts(safe, SLICE_LIT("agent."));
    if (!agent)
        return ingest_clean(in, safe, INGEST_NAME_MAX);
    memcpy(text, safe.ptr, safe.len);
    int colons = 0;
    for (size_t i = 0; i < safe.len && colons < 2; i++) {
        if (text[i] == '.') {
            text[i] = ':';
            colons++;
        }
    }
    return ingest_clean(in, slice_make(text, safe.len), INGEST_NAME_MAX);
}

/* When each attempt began. A stream that broke and was asked for anew is two attempts of the same number. */
static void attempts(struct ingest *in, const struct otlp_span *span, struct event *e)
{
    int64_t *times = arena_alloc(&in->scratch, INGEST_ATTEMPTS_MAX * sizeof *times);
    size_t count = 0;
    for (size_t i = 0; times && i < span->event_count && count < INGEST_ATTEMPTS_MAX; i++)
        if (slice_eq_str(span->events[i].name, "gen_ai.request.attempt") &&
            span->events[i].time_ns <= INT64_MAX)
            times[count++] = (int64_t)span->events[i].time_ns;
    if (count < 2)
        return;
    e->attempt_ns = times;
    e->attempt_count = count;
    if ((int32_t)count > e->attempts)
        e->attempts = (int32_t)count;
}

static void llm_request(struct ingest *in, const struct otlp_span *span, struct event *e)
{
    int64_t attempt = 0, status = 0;
    bool success = true;
    e->kind = EVENT_LLM;
    e->span_role = SPAN_ROLE_LLM;
    e->phase = PHASE_FINISHED;
    e->model = ingest_attr(in, span->attrs, "model", INGEST_NAME_MAX);
    e->query_source = query_source(in, span);
    e->auxiliary = ingest_is_auxiliary(e->query_source);
    ingest_usage(span->attrs, &e->usage);
    e->usage.cost_nano_usd = -1;
    e->ttft_ns = ingest_ms(span->attrs, "ttft_ms");
    otlp_attr_int(span->attrs, "attempt", &attempt);
    e->attempts = attempt > 0 && attempt < 1000 ? (int32_t)attempt : 0;
    attempts(in, span, e);
    otlp_attr_bool(span->attrs, "success", &success);
    e->wants_tools = slice_eq_str(otlp_attr_text(span->attrs, "stop_reason"), "tool_use");
    if (!success || span->status == OTLP_STATUS_ERROR) {
        e->failed = true;
        otlp_attr_int(span->attrs, "status_code", &status);
        e->http_status = status > 0 && status < 1000 ? (int32_t)status : 0;
        e->error_message = ingest_attr(in, span->attrs, "error", INGEST_MESSAGE_MAX);
        e->error_type = ingest_error_type(status);
        if (e->error_type.len == 0)
            e->error_type = SLICE_LIT("transport");
    }
}

static void interaction(struct ingest *in, const struct otlp_span *span, struct event *e)
{
    e->kind = EVENT_TURN;
    e->span_role = SPAN_ROLE_TURN;
    e->phase = PHASE_FINISHED;
    ingest_prompt(in, otlp_attr_text(span->attrs, "user_prompt"), e);
}

static void tool(struct ingest *in, const struct otlp_span *span, struct event *e)
{
    static const char *const details[] = {"full_command", "file_path", "skill_name"};
    e->kind = EVENT_TOOL;
    e->span_role = SPAN_ROLE_TOOL;
    e->phase = PHASE_STARTED;
    e->duration_ns = -1; /* it includes the wait: the execution span has the tool's own time */
    e->name = ingest_attr(in, span->attrs, "tool_name", INGEST_NAME_MAX);
    e->spawns_agent = ingest_spawns_agent(e->name);
    e->asks_user = ingest_asks_user(e->name);
    if (e->spawns_agent)
        e->agent_type = ingest_attr(in, span->attrs, "subagent_type", INGEST_NAME_MAX);
    for (size_t i = 0; i < sizeof details / sizeof *details && e->detail.len == 0; i++)
        e->detail = ingest_attr(in, span->attrs, details[i], INGEST_DETAIL_MAX);
}

static void execution(struct ingest *in, const struct otlp_span *span, struct event *e)
{
    bool success = true;
    e->kind = EVENT_TOOL;
    e->span_role = SPAN_ROLE_EXECUTION;
    e->phase = PHASE_FINISHED;
    e->start_ns = 0; /* the tool began before its execution */
    otlp_attr_bool(span->attrs, "success", &success);
    if (!success || span->status == OTLP_STATUS_ERROR) {
        e->failed = true;
        e->error_type = ingest_attr(in, span->attrs, "error_class", INGEST_NAME_MAX);
        if (e->error_type.len == 0)
            e->error_type = ingest_attr(in, span->attrs, "error.type", INGEST_NAME_MAX);
        e->error_message = ingest_attr(in, span->attrs, "error", INGEST_MESSAGE_MAX);
    }
}

static void blocked_on_user(struct ingest *in, const struct otlp_span *span, struct event *e)
{
    struct slice decision = otlp_attr_text(span->attrs, "decision");
    e->kind = EVENT_SPAN;
    e->span_role = SPAN_ROLE_WAIT;
    e->source = ingest_attr(in, span->attrs, "source", INGEST_NAME_MAX);
    e->decision = slice_eq_str(decision, "reject")   ? DECISION_REJECTED
                  : slice_eq_str(decision, "accept") ? DECISION_ACCEPTED
                                                     : DECISION_UNKNOWN;
    /* A rule that decided at once kept no human waiting. */
    if (slice_starts(e->source, SLICE_LIT("user")))
        e->wait_ns = e->duration_ns;
}

static const struct {
    const char *name;
    void (*fill)(struct ingest *, const struct otlp_span *, struct event *);
} producers[] = {
    {"claude_code.interaction", interaction},
    {"claude_code.llm_request", llm_request},
    {"claude_code.tool", tool},
    {"claude_code.tool.execution", execution},
    {"claude_code.tool.blocked_on_user", blocked_on_user},
};

void native_span(struct ingest *in, const struct otlp_resource *resource, const struct otlp_span *span)
{
    struct event e;
    event_init(&e, EVENT_STARTUP, WITNESS_SPAN);
    bool named = ingest_common(in, resource, span->attrs, &span->ids, &e);
    e.native = true;
    ingest_span_facts(span, &e);
    e.record = ingest_clean(in, span->name, INGEST_NAME_MAX);
    for (size_t i = 0; i < sizeof producers / sizeof *producers; i++)
        if (slice_eq_str(span->name, producers[i].name))
            producers[i].fill(in, span, &e);
    /* A tool's inner spans name as conversation the agent that they belong to, without saying that it is one.
     */
    bool inner = e.span_role == SPAN_ROLE_WAIT || e.span_role == SPAN_ROLE_EXECUTION;
    if (inner && otlp_attr_text(span->attrs, "session.id").len == 0 &&
        otlp_attr_text(resource->attrs, "session.id").len == 0) {
        e.ids.session_id = SLICE_NULL;
        named = false;
    }
    /* A client that withholds its session id is known by its trace. */
    if (named || (e.kind != EVENT_STARTUP && e.ids.has_trace_id))
        ingest_emit(in, &e);
}
