/*
 * Gemini CLI's log events ("gemini_cli.…", by session.id and prompt_id). Read from its documentation
 * (docs/cli/telemetry.md), not from recorded traffic. Its gen_ai.… events and spans repeat the same calls and
 * are passed over.
 */
#include "ingest_private.h"

static void user_prompt(struct ingest *in, const struct otlp_log *log, struct event *e)
{
    struct slice prompt = otlp_attr_text(log->attrs, "prompt");
    e->kind = EVENT_PROMPT;
    e->phase = PHASE_STARTED;
    ingest_prompt(in, prompt, e);
    e->redacted |= prompt.len == 0;
}

static void llm(struct ingest *in, const struct otlp_log *log, struct event *e)
{
    e->kind = EVENT_LLM;
    e->model = ingest_attr(in, log->attrs, "model", INGEST_NAME_MAX);
    e->query_source = ingest_attr(in, log->attrs, "role", INGEST_NAME_MAX);
    e->auxiliary = slice_starts(e->query_source, SLICE_LIT("utility_"));
    ingest_finished(log->attrs, e);
}

static void api_response(struct ingest *in, const struct otlp_log *log, struct event *e)
{
    int64_t thoughts = -1;
    llm(in, log, e);
    ingest_tokens(log->attrs, "input_token_count", &e->usage.input_tokens);
    ingest_tokens(log->attrs, "cached_content_token_count", &e->usage.cache_read_tokens);
    ingest_tokens(log->attrs, "output_token_count", &e->usage.output_tokens);
    ingest_tokens(log->attrs, "thoughts_token_count", &thoughts);
    if (e->usage.output_tokens >= 0 && thoughts > 0) /* paid as output, counted apart */
        e->usage.output_tokens += thoughts;
    ingest_uncached_input(&e->usage);
}

static void api_error(struct ingest *in, const struct otlp_log *log, struct event *e)
{
    int64_t status = 0;
    llm(in, log, e);
    otlp_attr_int(log->attrs, "status_code", &status);
    e->failed = true;
    e->http_status = status > 0 && status < 1000 ? (int32_t)status : 0;
    e->error_type = ingest_error_type(status);
    if (e->error_type.len == 0)
        e->error_type = ingest_attr(in, log->attrs, "error_type", INGEST_NAME_MAX);
    if (e->error_type.len == 0)
        e->error_type = SLICE_LIT("transport");
    e->error_message = ingest_attr(in, log->attrs, "error", INGEST_MESSAGE_MAX);
    if (e->error_message.len == 0)
        e->error_message = ingest_attr(in, log->attrs, "error.message", INGEST_MESSAGE_MAX);
}

static void tool_call(struct ingest *in, const struct otlp_log *log, struct event *e)
{
    bool success = true;
    struct slice decision = otlp_attr_text(log->attrs, "decision");
    e->kind = EVENT_TOOL;
    e->name = ingest_attr(in, log->attrs, "function_name", INGEST_NAME_MAX);
    ingest_mcp_name(in, otlp_attr_text(log->attrs, "mcp_server_name"), e);
    ingest_tool_input_text(in, otlp_attr_text(log->attrs, "function_args"), e);
    ingest_finished(log->attrs, e);
    e->source = slice_eq_str(decision, "auto_accept") ? SLICE_LIT("config")
                : decision.len                        ? SLICE_LIT("user")
                                                      : SLICE_NULL;
    if (slice_eq_str(decision, "reject")) {
        e->phase = PHASE_DECIDED;
        e->decision = DECISION_REJECTED;
        return;
    }
    e->decision = decision.len ? DECISION_ACCEPTED : DECISION_UNKNOWN;
    otlp_attr_bool(log->attrs, "success", &success);
    if (success)
        return;
    e->failed = true;
    e->error_type = ingest_attr(in, log->attrs, "error_type", INGEST_NAME_MAX);
    if (e->error_type.len == 0)
        e->error_type = SLICE_LIT("tool_error");
    e->error_message = ingest_attr(in, log->attrs, "error", INGEST_MESSAGE_MAX);
}

static void chat_compression(struct ingest *in, const struct otlp_log *log, struct event *e)
{
    (void)in;
    e->kind = EVENT_COMPACTION;
    e->phase = PHASE_FINISHED;
    e->end_ns = e->time_ns;
    ingest_tokens(log->attrs, "tokens_before", &e->tokens_before);
    ingest_tokens(log->attrs, "tokens_after", &e->tokens_after);
}

static void agent_start(struct ingest *in, const struct otlp_log *log, struct event *e)
{
    e->kind = EVENT_AGENT;
    e->phase = PHASE_STARTED;
    e->start_ns = e->time_ns;
    e->name = ingest_attr(in, log->attrs, "agent_name", INGEST_NAME_MAX);
}

static void agent_finish(struct ingest *in, const struct otlp_log *log, struct event *e)
{
    e->kind = EVENT_AGENT;
    e->name = ingest_attr(in, log->attrs, "agent_name", INGEST_NAME_MAX);
    ingest_finished(log->attrs, e);
}

static const struct {
    const char *name;
    void (*fill)(struct ingest *, const struct otlp_log *, struct event *);
} producers[] = {
    {"gemini_cli.user_prompt", user_prompt},
    {"gemini_cli.api_response", api_response},
    {"gemini_cli.api_error", api_error},
    {"gemini_cli.tool_call", tool_call},
    {"gemini_cli.chat_compression", chat_compression},
    {"gemini_cli.agent.start", agent_start},
    {"gemini_cli.agent.finish", agent_finish},
};

bool gemini_repeats(const struct otlp_scope *scope)
{
    return slice_eq_str(scope->name, "gemini-cli");
}

void gemini_log(struct ingest *in, const struct otlp_resource *resource, const struct otlp_log *log,
                struct slice name)
{
    struct event e;
    event_init(&e, EVENT_STARTUP, WITNESS_LOG);
    if (!ingest_common(in, resource, log->attrs, &log->ids, &e))
        return;
    e.ids.prompt_id = ingest_attr(in, log->attrs, "prompt_id", INGEST_ID_MAX);
    e.other_agent = true;
    e.ids.has_trace_id = false; /* its traces are not its turns */
    e.time_ns = ingest_log_time(log);
    for (size_t i = 0; i < sizeof producers / sizeof *producers; i++)
        if (slice_eq_str(name, producers[i].name))
            producers[i].fill(in, log, &e);
    ingest_emit(in, &e);
}
