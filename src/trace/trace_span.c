/* One span from a session, a node of its tree, or the wait for a permission. */
#include "trace_private.h"

#include <stdio.h>

enum { KIND_INTERNAL = 1, KIND_CLIENT = 3 };

/* Sampled. */
#define FLAGS 1

bool is_exported_kind(const struct node *n)
{
    struct node_more more;
    if (n->kind != NODE_TOOL || n->state != NODE_UNKNOWN)
        return n->kind != NODE_SPAN;
    model_node_more(n, &more);
    return more.identity.len > 0;
}

bool has_permission_span(const struct node *tool)
{
    return tool->kind == NODE_TOOL && (tool->wait_ns > 0 || tool->state == NODE_REJECTED ||
                                       slice_starts(tool->source, SLICE_LIT("user")));
}

static uint64_t stamp(int64_t ns)
{
    return ns > 0 ? (uint64_t)ns : 0;
}

static void times(struct trace_draft *d, int64_t start_ns, int64_t end_ns)
{
    d->span.start_ns = stamp(start_ns);
    d->span.end_ns = stamp(end_ns > start_ns ? end_ns : start_ns);
}

static void begin(struct trace_draft *d, const struct session *s, const char *openinference, int kind)
{
    struct otlp_span *span = &d->span;
    d->attr_count = d->link_count = 0;
    *span = (struct otlp_span){.kind = kind, .flags = FLAGS};
    trace_id_of_session(s, span->ids.trace_id);
    span->ids.has_trace_id = span->ids.has_span_id = true;
    if (openinference)
        attr_text(d, "openinference.span.kind", slice_str(openinference));
    attr_text(d, "session.id", s->session_id);
    attr_text(d, "gen_ai.conversation.id", s->session_id);
    if (s->native || !s->other_agent)
        attr_text(d, "gen_ai.provider.name", SLICE_LIT("anthropic"));
}

static void finish(struct trace_draft *d)
{
    d->span.attrs = (struct otlp_attrs){d->attrs, d->attr_count};
    d->span.links = d->links;
    d->span.link_count = d->link_count;
}

static void hang_from(struct trace_draft *d, const struct session *s, const struct node *parent)
{
    while (parent && !is_exported_kind(parent))
        parent = parent->parent;
    if (parent)
        trace_span_of_node(parent, d->span.parent_span_id);
    else
        trace_span_of_session(s, d->span.parent_span_id);
    d->span.has_parent = true;
}

static void failure(struct trace_draft *d, const struct node *n, bool with_message)
{
    if (n->state != NODE_FAILED)
        return;
    d->span.status = OTLP_STATUS_ERROR;
    attr_text(d, "error.type", n->error_type.len ? n->error_type : SLICE_LIT("_OTHER"));
    if (!with_message)
        return;
    d->span.status_message = n->error_message;
    attr_text(d, "error.message", n->error_message);
}

static int64_t end_of(const struct node *n)
{
    if (n->end_ns)
        return n->end_ns;
    return n->duration_ns > 0 ? n->start_ns + n->duration_ns : n->last_ns;
}

void draft_session(struct trace_draft *d, const struct session *s)
{
    const struct counters *c = &s->total;
    int64_t end = s->last_activity_ns;
    for (const struct node *n = s->first_child; n; n = n->next)
        end = end_of(n) > end ? end_of(n) : end;
    begin(d, s, "CHAIN", KIND_INTERNAL);
    trace_span_of_session(s, d->span.ids.span_id);
    d->span.name = name_of_session(d, s);
    times(d, s->started_ns, end);
    attr_int(d, "session.turn_count", c->turns);
    attr_int(d, "session.api_call_count", c->llm_calls);
    attr_int(d, "session.tool_call_count", c->tool_calls);
    attr_int(d, "session.error_count", c->llm_errors + c->tool_errors);
    attr_usage(d, c);
    attr_text(d, "claude.parent_session_id", s->parent_session_id);
    finish(d);
}

static void turn_attrs(struct trace_draft *d, const struct node *n, struct slice end_reason)
{
    const struct counters *c = &n->total;
    attr_text(d, "gen_ai.operation.name", SLICE_LIT("chat"));
    attr_text(d, "turn.kind", slice_str(turn_kind_name(n->turn_kind)));
    attr_text(d, "turn.start.source", n->source);
    attr_text(d, "turn.end.reason", n->end_reason.len ? n->end_reason : end_reason);
    attr_int(d, "turn.llm_call_count", c->llm_calls);
    attr_int(d, "turn.tool_call_count", c->tool_calls);
    attr_int(d, "turn.error_count", c->llm_errors + c->tool_errors);
    attr_ms(d, "turn.duration_ms", n->duration_ns);
    attr_usage(d, c);
    attr_text(d, "prompt.id", n->key);
    if (d->words.prompts)
        attr_text(d, "input.value", n->detail);
}

static void attempts(struct trace_draft *d, const struct node *n)
{
    struct otlp_span_event *events =
        n->attempt_count ? arena_alloc(d->arena, n->attempt_count * sizeof *events) : NULL;
    for (size_t i = 0; events && i < n->attempt_count; i++)
        events[i] =
            (struct otlp_span_event){stamp(n->attempt_ns[i]), SLICE_LIT("gen_ai.request.attempt"), {NULL, 0}};
    d->span.events = events;
    d->span.event_count = events ? n->attempt_count : 0;
}

static void llm_attrs(struct trace_draft *d, const struct node *n, const struct node_more *more)
{
    const struct session *s = n->session;
    if (s->native || !s->other_agent)
        attr_text(d, "gen_ai.system", SLICE_LIT("anthropic"));
    attr_text(d, "gen_ai.operation.name", SLICE_LIT("chat"));
    attr_text(d, "gen_ai.request.model", n->model);
    attr_text(d, "gen_ai.response.model", n->state == NODE_FAILED ? SLICE_NULL : n->model);
    if (n->state != NODE_FAILED)
        attr_usage(d, &n->total);
    if (n->wants_tools)
        attr_list(d, "gen_ai.response.finish_reasons", "tool_use");
    attr_ms(d, "llm.latency.total_ms", n->duration_ns);
    attr_ms(d, "llm.latency.ttft_ms", n->ttft_ns);
    attr_int(d, "attempt", n->attempts);
    attr_text(d, "request_id", n->key);
    attr_text(d, "query_source", n->name);
    attr_int(d, "http.response.status_code", more->http_status > 0 ? more->http_status : -1);
    failure(d, n, true);
    attempts(d, n);
}

/* "Exit code 3" at the beginning of what a shell command's failure says. */
static int64_t exit_code(struct slice message)
{
    static const char words[] = "Exit code ";
    uint64_t code;
    if (!slice_starts(message, SLICE_LIT(words)))
        return -1;
    struct slice rest = slice_sub(message, sizeof words - 1, message.len);
    size_t digits = 0;
    while (digits < rest.len && rest.ptr[digits] >= '0' && rest.ptr[digits] <= '9')
        digits++;
    return slice_to_u64(slice_sub(rest, 0, digits), &code) && code <= 255 ? (int64_t)code : -1;
}

static const char *tool_status(const struct node *n)
{
    switch (n->state) {
    case NODE_DONE:
        return "success";
    case NODE_FAILED:
        return "error";
    case NODE_REJECTED:
        return "rejected";
    case NODE_INTERRUPTED:
        return "interrupted";
    case NODE_UNKNOWN:
    case NODE_RUNNING:
    case NODE_WAITING:
        break;
    }
    return "unfinished";
}

static const struct {
    const char *tool;
    const char *key;
} details[] = {{"Bash", "tool.command"},        {"Read", "tool.file_path"},
               {"Write", "tool.file_path"},     {"Edit", "tool.file_path"},
               {"MultiEdit", "tool.file_path"}, {"NotebookEdit", "tool.file_path"},
               {"Grep", "tool.pattern"},        {"Glob", "tool.pattern"},
               {"WebFetch", "tool.url"},        {"WebSearch", "tool.query"}};

static const char *detail_key(struct slice tool)
{
    for (size_t i = 0; i < sizeof details / sizeof *details; i++)
        if (slice_eq_str(tool, details[i].tool))
            return details[i].key;
    return "tool.description";
}

static void tool_attrs(struct trace_draft *d, const struct node *n)
{
    attr_text(d, "gen_ai.operation.name", SLICE_LIT("execute_tool"));
    attr_text(d, "gen_ai.tool.name", n->name);
    attr_text(d, "gen_ai.tool.call.id", n->key);
    attr_text(d, "tool.status", slice_str(tool_status(n)));
    attr_ms(d, "tool.duration_ms", n->duration_ns);
    if (n->wait_ns > 0)
        attr_ms(d, "tool.wait_ms", n->wait_ns);
    attr_text(d, "tool.decision.source", n->source);
    if (n->background)
        attr_bool(d, "tool.background", true);
    if (d->words.tools)
        attr_text(d, detail_key(n->name), n->detail);
    attr_int(d, "tool.execution.exit_code", exit_code(n->error_message));
    failure(d, n, d->words.tools);
}

static void agent_attrs(struct trace_draft *d, const struct node *n)
{
    attr_text(d, "gen_ai.operation.name", SLICE_LIT("invoke_agent"));
    attr_text(d, "gen_ai.agent.id", n->key);
    if (d->words.tools) {
        attr_text(d, "gen_ai.agent.name", n->name);
        attr_text(d, "gen_ai.agent.description", n->detail);
    }
    attr_text(d, "claude.parent_session_id", n->session->session_id);
    if (n->background)
        attr_bool(d, "agent.background", true);
    attr_int(d, "agent.llm_call_count", n->total.llm_calls);
    attr_int(d, "agent.tool_call_count", n->total.tool_calls);
    attr_usage(d, &n->total);
    failure(d, n, d->words.tools);
}

static const char *openinference_of(const struct node *n)
{
    switch (n->kind) {
    case NODE_TURN:
    case NODE_AGENT:
        return "AGENT";
    case NODE_LLM:
        return "LLM";
    case NODE_TOOL:
        return "TOOL";
    case NODE_PERMISSION:
    case NODE_COMPACTION:
    case NODE_HOOK:
    case NODE_EVENT:
    case NODE_SPAN:
        break;
    }
    return NULL;
}

void draft_node(struct trace_draft *d, const struct node *n, struct slice end_reason)
{
    struct node_more more;
    model_node_more(n, &more);
    begin(d, n->session, openinference_of(n), n->kind == NODE_LLM ? KIND_CLIENT : KIND_INTERNAL);
    trace_span_of_node(n, d->span.ids.span_id);
    hang_from(d, n->session, n->parent);
    d->span.name = name_of_node(d, n);
    times(d, n->start_ns ? n->start_ns : n->session->started_ns, end_of(n));
    attr_int(d, "turn.number", n->number);
    switch (n->kind) {
    case NODE_TURN:
        turn_attrs(d, n, end_reason);
        failure(d, n, true);
        break;
    case NODE_LLM:
        llm_attrs(d, n, &more);
        break;
    case NODE_TOOL:
        tool_attrs(d, n);
        break;
    case NODE_AGENT:
        agent_attrs(d, n);
        break;
    case NODE_COMPACTION:
        attr_text(d, "compaction.trigger", n->source);
        attr_int(d, "compaction.tokens_before", n->tokens_before);
        attr_int(d, "compaction.tokens_after", n->tokens_after);
        failure(d, n, true);
        break;
    case NODE_HOOK:
        attr_text(d, "hook.name", n->name);
        attr_ms(d, "hook.duration_ms", n->duration_ns);
        failure(d, n, d->words.tools);
        break;
    case NODE_EVENT:
        attr_text(d, "notification.type", n->name);
        if (d->words.prompts)
            attr_text(d, "notification.message", n->detail);
        break;
    case NODE_PERMISSION:
    case NODE_SPAN:
        break;
    }
    links_of_node(d, n);
    finish(d);
}

void draft_permission(struct trace_draft *d, const struct node *tool)
{
    struct node_more more;
    model_node_more(tool, &more);
    int64_t wait = tool->wait_ns > 0 ? tool->wait_ns : 0;
    int64_t end = more.decided_ns > tool->start_ns + wait ? more.decided_ns : tool->start_ns + wait;
    begin(d, tool->session, NULL, KIND_INTERNAL);
    trace_span_of_permission(tool, d->span.ids.span_id);
    trace_span_of_node(tool, d->span.parent_span_id);
    d->span.has_parent = true;
    d->span.name = name_of_permission(d, tool);
    times(d, end - wait, end);
    attr_int(d, "turn.number", tool->number);
    attr_text(d, "permission.tool", tool->name);
    attr_text(d, "gen_ai.tool.call.id", tool->key);
    bool allowed = tool->state == NODE_DONE || tool->state == NODE_FAILED;
    attr_text(d, "permission.result",
              tool->state == NODE_REJECTED ? SLICE_LIT("denied")
              : allowed                    ? SLICE_LIT("approved")
                                           : SLICE_NULL);
    attr_text(d, "permission.source", tool->source);
    attr_ms(d, "permission.wait_ms", wait);
    finish(d);
}
