/* Claude Code's log events, both client generations (2.1: typed and with ids; 2.0: numbers as text, no ids).
 */
#include "ingest_private.h"

#include <cjson/cJSON.h>

static void parent_span(const struct otlp_log *log, struct event *e)
{
    if (!log->ids.has_span_id)
        return;
    memcpy(e->ids.parent_span_id, log->ids.span_id, sizeof e->ids.parent_span_id);
    e->ids.has_parent_span_id = true;
}

/* Nothing else in the telemetry says that a session is over. */
static void leaving(struct ingest *in, struct slice command, const struct event *prompt)
{
    static const char *const words[] = {"exit", "quit", "clear"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (!slice_eq_str(command, words[i]))
            continue;
        struct event end = *prompt;
        end.kind = EVENT_SESSION;
        end.phase = PHASE_FINISHED;
        end.ended = true;
        end.source = slice_str(words[i]);
        end.detail = SLICE_NULL;
        end.ids.prompt_id = SLICE_NULL; /* the command's own turn has no end from this */
        end.ids.has_trace_id = false;
        ingest_emit(in, &end);
    }
}

static void user_prompt(struct ingest *in, const struct otlp_log *log, struct event *e)
{
    e->kind = EVENT_PROMPT;
    e->phase = PHASE_STARTED;
    ingest_prompt(in, otlp_attr_text(log->attrs, "prompt"), e);
    struct slice command = otlp_attr_text(log->attrs, "command_name");
    leaving(in, command, e);
    if (slice_eq_str(command, "compact"))
        e->turn_kind = TURN_KIND_COMPACT;
    else if (command.len && e->turn_kind == TURN_KIND_NONE)
        e->turn_kind = TURN_KIND_COMMAND;
    else if (e->turn_kind == TURN_KIND_NONE)
        e->turn_kind = TURN_KIND_PROMPT;
    if (e->redacted && command.len) {
        /* The name of a command is known even where the text is withheld. */
        char text[INGEST_NAME_MAX] = "/";
        size_t n = command.len < sizeof text - 2 ? command.len : sizeof text - 2;
        memcpy(text + 1, command.ptr, n);
        e->detail = ingest_clean(in, slice_make(text, n + 1), INGEST_NAME_MAX);
    }
}

static void llm(struct ingest *in, const struct otlp_log *log, struct event *e)
{
    e->kind = EVENT_LLM;
    e->model = ingest_attr(in, log->attrs, "model", INGEST_NAME_MAX);
    e->query_source = ingest_attr(in, log->attrs, "query_source", INGEST_NAME_MAX);
    e->auxiliary = ingest_is_auxiliary(e->query_source);
    ingest_finished(log->attrs, e);
    parent_span(log, e);
}

static void api_request(struct ingest *in, const struct otlp_log *log, struct event *e)
{
    llm(in, log, e);
    ingest_usage(log->attrs, &e->usage);
    e->ttft_ns = ingest_ms(log->attrs, "ttft_ms");
}

static void api_error(struct ingest *in, const struct otlp_log *log, struct event *e)
{
    int64_t attempt = 0, status = 0;
    llm(in, log, e);
    otlp_attr_int(log->attrs, "attempt", &attempt);
    otlp_attr_int(log->attrs, "status_code", &status);
    e->attempts = attempt > 0 && attempt < 1000 ? (int32_t)attempt : 0;
    if (attempt > 1) {
        /* The duration is that of the last attempt alone: not the call's. */
        e->duration_ns = -1;
        e->start_ns = 0;
    }
    e->failed = true;
    e->http_status = status > 0 && status < 1000 ? (int32_t)status : 0;
    e->error_message = ingest_attr(in, log->attrs, "error", INGEST_MESSAGE_MAX);
    e->error_type = ingest_error_type(status);
    if (e->error_type.len == 0)
        e->error_type = SLICE_LIT("transport");
}

/* Comes beside the api_error of the last attempt and names no request. */
static void api_retries_exhausted(struct ingest *in, const struct otlp_log *log, struct event *e)
{
    (void)in;
    (void)log;
    if (e->ids.agent_id.len)
        return;
    e->kind = EVENT_TURN;
    e->gave_up = true;
}

static void tool_name(struct ingest *in, const struct otlp_log *log, struct event *e)
{
    struct slice parameters = otlp_attr_text(log->attrs, "tool_parameters");
    e->name = ingest_attr(in, log->attrs, "tool_name", INGEST_NAME_MAX);
    e->spawns_agent = ingest_spawns_agent(e->name);
    e->asks_user = ingest_asks_user(e->name);
    if (slice_eq_str(e->name, "mcp_tool") && parameters.len) {
        /* The event says only "mcp_tool"; spans and hooks know it as mcp__server__tool. */
        cJSON *json = ingest_json(in, parameters);
        const char *server = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "mcp_server_name"));
        const char *tool = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "mcp_tool_name"));
        if (server && tool) {
            struct buf name;
            buf_init(&name, 2 * INGEST_NAME_MAX);
            if (buf_printf(&name, "mcp__%.64s__%.64s", server, tool) == CT_OK)
                e->name = ingest_clean(in, buf_slice(&name), INGEST_NAME_MAX);
            buf_finish(&name);
        }
        cJSON_Delete(json);
        e->vague_name = !server || !tool;
    } else {
        e->vague_name = slice_eq_str(e->name, "mcp_tool");
    }
    if (e->spawns_agent)
        e->agent_type = ingest_json_text(in, parameters, "subagent_type", INGEST_NAME_MAX);
    ingest_tool_input_text(in, otlp_attr_text(log->attrs, "tool_input"), e);
    if (e->detail.len == 0 && !e->spawns_agent)
        e->detail = ingest_tool_detail_text(in, parameters);
}

static void tool_decision(struct ingest *in, const struct otlp_log *log, struct event *e)
{
    struct slice decision = otlp_attr_text(log->attrs, "decision");
    e->kind = EVENT_TOOL;
    e->phase = PHASE_DECIDED;
    tool_name(in, log, e);
    e->decision = slice_eq_str(decision, "reject")   ? DECISION_REJECTED
                  : slice_eq_str(decision, "accept") ? DECISION_ACCEPTED
                                                     : DECISION_UNKNOWN;
    e->source = ingest_attr(in, log->attrs, "source", INGEST_NAME_MAX);
    if (log->ids.has_span_id) {
        /* Written inside the tool's own wait span. */
        e->span_role = SPAN_ROLE_WAIT;
        memcpy(e->ids.span_id, log->ids.span_id, sizeof e->ids.span_id);
        e->ids.has_span_id = true;
    }
}

static void tool_result(struct ingest *in, const struct otlp_log *log, struct event *e)
{
    bool success = true;
    e->kind = EVENT_TOOL;
    tool_name(in, log, e);
    e->tools_told = otlp_attr_get(log->attrs, "tool_input") || otlp_attr_get(log->attrs, "tool_parameters");
    e->tools_withheld = !e->tools_told;
    ingest_finished(log->attrs, e);
    otlp_attr_bool(log->attrs, "success", &success);
    e->failed = !success;
    if (!success) {
        e->error_type = ingest_attr(in, log->attrs, "error_type", INGEST_NAME_MAX);
        if (e->error_type.len == 0)
            e->error_type = SLICE_LIT("tool_error");
        e->error_message = ingest_attr(in, log->attrs, "error", INGEST_MESSAGE_MAX);
    }
    parent_span(log, e);
}

static void subagent_completed(struct ingest *in, const struct otlp_log *log, struct event *e)
{
    e->kind = EVENT_AGENT;
    e->name = ingest_attr(in, log->attrs, "agent_type", INGEST_NAME_MAX);
    e->vague_name = slice_eq_str(e->name, "custom");
    e->model = ingest_attr(in, log->attrs, "final_model", INGEST_NAME_MAX);
    otlp_attr_bool(log->attrs, "is_async", &e->background);
    ingest_finished(log->attrs, e);
    parent_span(log, e);
}

static void compaction(struct ingest *in, const struct otlp_log *log, struct event *e)
{
    bool success = true;
    e->kind = EVENT_COMPACTION;
    e->source = ingest_attr(in, log->attrs, "trigger", INGEST_NAME_MAX);
    ingest_finished(log->attrs, e);
    otlp_attr_bool(log->attrs, "success", &success);
    e->failed = !success;
    otlp_attr_int(log->attrs, "pre_tokens", &e->tokens_before);
    otlp_attr_int(log->attrs, "post_tokens", &e->tokens_after);
}

/* Hooks that Claude Code runs also show in its log: some of them mark what no event of its own does. */
static void hook_execution_start(struct ingest *in, const struct otlp_log *log, struct event *e)
{
    struct slice hook = otlp_attr_text(log->attrs, "hook_event");
    if (slice_eq_str(hook, "Stop") && e->ids.agent_id.len == 0) {
        e->kind = EVENT_TURN;
        e->phase = PHASE_FINISHED;
        e->end_ns = e->time_ns;
        e->source = SLICE_LIT("stop_hook");
    } else if (slice_eq_str(hook, "SubagentStart") && e->ids.agent_id.len) {
        struct slice name = otlp_attr_text(log->attrs, "hook_name");
        size_t colon = slice_find(name, ':');
        e->kind = EVENT_AGENT;
        e->phase = PHASE_STARTED;
        e->start_ns = e->time_ns;
        if (colon < name.len)
            e->name = ingest_clean(in, slice_sub(name, colon + 1, name.len), INGEST_NAME_MAX);
        parent_span(log, e);
    }
}

/* The client asks a model to name the session and gets {"title":"…"}. */
static void assistant_response(struct ingest *in, const struct otlp_log *log, struct event *e)
{
    struct slice text = slice_trim(otlp_attr_text(log->attrs, "response"));
    if (!slice_eq_str(otlp_attr_text(log->attrs, "query_source"), "generate_session_title") ||
        text.len == 0 || text.ptr[0] != '{')
        return;
    cJSON *json = ingest_json(in, text);
    const char *title = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "title"));
    if (title) {
        e->kind = EVENT_SESSION;
        e->title = ingest_clean(in, slice_str(title), INGEST_NAME_MAX);
    }
    cJSON_Delete(json);
}

static const struct {
    const char *name;
    void (*fill)(struct ingest *, const struct otlp_log *, struct event *);
} producers[] = {
    {"user_prompt", user_prompt},
    {"api_request", api_request},
    {"api_error", api_error},
    {"api_retries_exhausted", api_retries_exhausted},
    {"tool_decision", tool_decision},
    {"tool_result", tool_result},
    {"subagent_completed", subagent_completed},
    {"compaction", compaction},
    {"hook_execution_start", hook_execution_start},
    {"assistant_response", assistant_response},
};

void native_log(struct ingest *in, const struct otlp_resource *resource, const struct otlp_log *log,
                struct slice name)
{
    struct event e;
    event_init(&e, EVENT_STARTUP, WITNESS_LOG);
    bool named = ingest_common(in, resource, log->attrs, &log->ids, &e);
    e.native = true;
    e.time_ns = ingest_log_time(log);
    if (slice_starts(name, SLICE_LIT("claude_code.")))
        name = slice_sub(name, sizeof "claude_code." - 1, name.len);
    e.record = ingest_clean(in, name, INGEST_NAME_MAX);
    for (size_t i = 0; i < sizeof producers / sizeof *producers; i++)
        if (slice_eq_str(name, producers[i].name))
            producers[i].fill(in, log, &e);
    /* A client that withholds its session id is known by its trace or prompt. */
    if (named || (e.kind != EVENT_STARTUP && (e.ids.has_trace_id || e.ids.prompt_id.len)))
        ingest_emit(in, &e);
}
