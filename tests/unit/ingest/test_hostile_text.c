/*
 * Whatever text is in whatever field of whatever record: what comes out cannot drive a terminal and is short.
 */
#include "test.h"

#include "hearing.h"
#include "text.h"

#include <stdio.h>

#define LONG 100000

static const char *const log_names[] = {"user_prompt",
                                        "api_request",
                                        "api_error",
                                        "tool_decision",
                                        "tool_result",
                                        "compaction",
                                        "subagent_completed",
                                        "hook_execution_start",
                                        "assistant_response",
                                        "unheard_of",
                                        "codex.conversation_starts",
                                        "codex.user_prompt",
                                        "codex.api_request",
                                        "codex.sse_event",
                                        "codex.tool_decision",
                                        "codex.tool_result",
                                        "gemini_cli.user_prompt",
                                        "gemini_cli.api_response",
                                        "gemini_cli.api_error",
                                        "gemini_cli.tool_call",
                                        "gemini_cli.agent.start",
                                        "gen_ai.client.inference.operation.details"};
/* What makes a span another producer's. */
static const char *const other_spans[] = {
    ATTR("gen_ai.operation.name", "chat"),
    ATTR("gen_ai.operation.name", "execute_tool"),
    ATTR("gen_ai.operation.name", "invoke_agent"),
    ATTR("openinference.span.kind", "LLM") ATTR("claude.session_id_source", "hook"),
    ATTR("openinference.span.kind", "TOOL") ATTR("claude.session_id_source", "hook"),
    ATTR("openinference.span.kind", "AGENT") ATTR("claude.session_id_source", "hook"),
    ATTR("openinference.span.kind", "CHAIN") ATTR("claude.session_id_source", "hook"),
    ATTR("openinference.span.kind", "PERMISSION") ATTR("claude.session_id_source", "hook"),
    ATTR("openinference.span.kind", "NOTIFICATION") ATTR("claude.session_id_source", "hook")};
static const char *const span_names[] = {
    "claude_code.interaction",    "claude_code.llm_request",          "claude_code.tool",
    "claude_code.tool.execution", "claude_code.tool.blocked_on_user", "unheard_of"};
static const char *const hook_names[] = {"SessionStart",      "SessionEnd",       "UserPromptSubmit",
                                         "PreToolUse",        "PostToolUse",      "PostToolUseFailure",
                                         "PermissionRequest", "PermissionDenied", "Notification",
                                         "SubagentStart",     "SubagentStop",     "Stop",
                                         "StopFailure",       "MessageDisplay",   "PreCompact",
                                         "PostCompact",       "UnheardOf"};

/* Every attribute that any producer reads. */
static const char *const keys[] = {"session.id",
                                   "prompt.id",
                                   "request_id",
                                   "tool_use_id",
                                   "agent_id",
                                   "parent_agent_id",
                                   "model",
                                   "query_source",
                                   "query_source_safe",
                                   "error",
                                   "error_type",
                                   "error_class",
                                   "error.type",
                                   "status_code",
                                   "attempt",
                                   "duration_ms",
                                   "ttft_ms",
                                   "input_tokens",
                                   "output_tokens",
                                   "cache_read_tokens",
                                   "cache_creation_tokens",
                                   "cost_usd",
                                   "cost_usd_micros",
                                   "prompt",
                                   "user_prompt",
                                   "command_name",
                                   "tool_name",
                                   "tool_parameters",
                                   "tool_input",
                                   "decision",
                                   "source",
                                   "success",
                                   "agent_type",
                                   "final_model",
                                   "is_async",
                                   "trigger",
                                   "pre_tokens",
                                   "post_tokens",
                                   "hook_name",
                                   "response",
                                   "full_command",
                                   "file_path",
                                   "skill_name",
                                   "subagent_type",
                                   "stop_reason",
                                   "event.sequence",
                                   "gen_ai.conversation.id",
                                   "gen_ai.response.id",
                                   "gen_ai.response.model",
                                   "gen_ai.request.model",
                                   "gen_ai.response.finish_reasons",
                                   "gen_ai.agent.name",
                                   "gen_ai.tool.name",
                                   "gen_ai.tool.call.id",
                                   "gen_ai.tool.call.arguments",
                                   "gen_ai.input.messages",
                                   "gen_ai.usage.input_tokens",
                                   "gen_ai.usage.cost_usd",
                                   "http.response.status_code",
                                   "error.message",
                                   "conversation.id",
                                   "event.kind",
                                   "input_token_count",
                                   "call_id",
                                   "arguments",
                                   "output",
                                   "mcp_server",
                                   "mcp_server_name",
                                   "prompt_id",
                                   "role",
                                   "function_name",
                                   "function_args",
                                   "agent_name",
                                   "turn.number",
                                   "turn.end.reason",
                                   "input.value",
                                   "tool.command",
                                   "tool.file_path",
                                   "tool.status",
                                   "tool.duration_ms",
                                   "permission.tool",
                                   "permission.result",
                                   "permission.prompt",
                                   "permission.wait_ms",
                                   "claude.parent_session_id"};
static const char *const fields[] = {"session_id",
                                     "prompt_id",
                                     "agent_id",
                                     "cwd",
                                     "tool_name",
                                     "tool_use_id",
                                     "source",
                                     "reason",
                                     "prompt",
                                     "agent_type",
                                     "error",
                                     "message",
                                     "notification_type",
                                     "last_assistant_message",
                                     "trigger"};
static const char *const inputs[] = {"command", "file_path",   "pattern", "url",          "query",
                                     "skill",   "description", "prompt",  "subagent_type"};

/* As they stand in JSON. */
static const char *const hostile[] = {
    "\\u001b]0;owned\\u0007\\u001b[2J\\u001b[31m",              /* escape sequences */
    "a\\u0000b\\u0007c\\u007f\\u0080\\u009b31m",                /* C0, DEL, C1 */
    "\\u202eevil\\u202c \\u2066x\\u2069 \\u200f\\u061c\\ufeff", /* bidi */
    "line\\nbreak\\r\\n\\u2028\\u2029\\ttab",
    "\xff\xfe\x80\xc3\x28\xe2\x82\xf0\x9f\x98\xed\xa0\x80\xf4\x90\x80\x80\xc0\xaf", /* invalid UTF-8 */
    "\\ud800 \\udfff lone",
    "e\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81 \xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9",
    "{\\\"title\\\":\\\"\\\\u001b[2J\\\",\\\"command\\\":\\\"\\\\u001b[2J\\\",\\\"mcp_server_name\\\":"
    "\\\"\\\\u202e\\\","
    "\\\"mcp_tool_name\\\":\\\"\\\\u0007\\\",\\\"subagent_type\\\":\\\"\\\\u009b\\\"}", /* once more, inside
                                                                                         */
    "mcp_tool",
    "generate_session_title",
    "SubagentStart",
    "Agent",
    "permission_prompt",
    "<REDACTED>",
    ""};

#define COUNT(a) (sizeof(a) / sizeof *(a))

static void check_text(const char *record, const char *field, struct slice text, size_t max)
{
    if (!text_is_clean(text))
        fail_msg("%s of %s is not clean", field, record);
    if (text.len > max)
        fail_msg("%s of %s has %zu bytes", field, record, text.len);
}

static void check_events(const struct hearing *h, const char *record)
{
    assert_int_equal(h->count, h->total);
    for (size_t i = 0; i < h->count; i++) {
        const struct event *e = &h->events[i];
        const struct {
            const char *field;
            struct slice text;
            size_t max;
        } all[] = {
            {"session id", e->ids.session_id, 160},
            {"prompt id", e->ids.prompt_id, 160},
            {"request id", e->ids.request_id, 160},
            {"tool use id", e->ids.tool_use_id, 160},
            {"agent id", e->ids.agent_id, 160},
            {"parent agent id", e->ids.parent_agent_id, 160},
            {"service name", e->service_name, 128},
            {"service version", e->service_version, 128},
            {"name", e->name, 128},
            {"detail", e->detail, 600},
            {"model", e->model, 128},
            {"query source", e->query_source, 128},
            {"error type", e->error_type, 128},
            {"error message", e->error_message, 400},
            {"source", e->source, 128},
            {"agent type", e->agent_type, 128},
            {"cwd", e->cwd, 600},
            {"title", e->title, 128},
            {"parent session id", e->parent_session_id, 160},
        };
        for (size_t k = 0; k < COUNT(all); k++)
            check_text(record, all[k].field, all[k].text, all[k].max);
    }
}

/* The text again and again, up to at least length bytes. */
static void repeat(struct buf *out, const char *text, size_t length)
{
    size_t from = out->len;
    do
        assert_int_equal(buf_append_str(out, text), CT_OK);
    while (*text && out->len - from < length);
}

static void attributes(struct buf *out, const char *text, size_t length)
{
    buf_clear(out);
    for (size_t i = 0; i < COUNT(keys); i++) {
        assert_int_equal(buf_printf(out, ",{\"key\":\"%s\",\"value\":{\"stringValue\":\"", keys[i]), CT_OK);
        repeat(out, text, length);
        assert_int_equal(buf_append_str(out, "\"}}"), CT_OK);
    }
}

static void hook_fields(struct buf *out, const char *text, size_t length)
{
    buf_clear(out);
    for (size_t i = 0; i < COUNT(fields); i++) {
        buf_printf(out, ",\"%s\":\"", fields[i]);
        repeat(out, text, length);
        buf_append_str(out, "\"");
    }
    buf_append_str(out, ",\"tool_response\":{\"agentId\":\"");
    repeat(out, text, length);
    buf_append_str(out, "\"},\"tool_input\":{\"x\":0");
    for (size_t i = 0; i < COUNT(inputs); i++) {
        buf_printf(out, ",\"%s\":\"", inputs[i]);
        repeat(out, text, length);
        buf_append_str(out, "\"");
    }
    assert_int_equal(buf_append_str(out, "}"), CT_OK);
}

static void everywhere(struct hearing *h, const char *text, size_t length)
{
    struct buf extra;
    buf_init(&extra, 64u << 20);
    attributes(&extra, text, length);
    const char *all = buf_cstr(&extra);
    assert_non_null(all);
    for (size_t i = 0; i < COUNT(log_names); i++) {
        arena_reset(&h->kept);
        assert_int_equal(hear_log(h, log_names[i], all), CT_OK);
        check_events(h, log_names[i]);
    }
    for (size_t i = 0; i < COUNT(span_names); i++) {
        arena_reset(&h->kept);
        assert_int_equal(hear_span(h, span_names[i], 2, all), CT_OK);
        check_events(h, span_names[i]);
    }
    for (size_t i = 0; i < COUNT(other_spans); i++) {
        struct buf whole;
        buf_init(&whole, 64u << 20);
        assert_int_equal(buf_append_str(&whole, other_spans[i]), CT_OK);
        assert_int_equal(buf_append_str(&whole, all), CT_OK);
        arena_reset(&h->kept);
        assert_int_equal(hear_span(h, text, 2, buf_cstr(&whole)), CT_OK);
        assert_true(h->count > 0);
        check_events(h, other_spans[i]);
        buf_finish(&whole);
    }
    hook_fields(&extra, text, length);
    all = buf_cstr(&extra);
    for (size_t i = 0; i < COUNT(hook_names); i++) {
        arena_reset(&h->kept);
        assert_int_equal(hear_hook(h, hook_names[i], all), CT_OK);
        check_events(h, hook_names[i]);
        /* The first session_id counts, as it does for whoever reads JSON in order. */
        assert_slice_equal(h->events[0].ids.session_id, "s1");
    }
    buf_finish(&extra);
}

static void hostile_text_comes_out_clean(void **state)
{
    (void)state;
    struct hearing h;
    hearing_open(&h);
    for (size_t i = 0; i < COUNT(hostile); i++)
        everywhere(&h, hostile[i], 0);
    hearing_close(&h);
}

static void long_text_comes_out_short(void **state)
{
    (void)state;
    struct hearing h;
    hearing_open(&h);
    static const char *const units[] = {"x", "\xff", "\\u001b[2J", "\xe4\xbd\xa0\xe5\xa5\xbd"};
    for (size_t i = 0; i < COUNT(units); i++)
        everywhere(&h, units[i], LONG);
    hearing_close(&h);
}

/* The session is the attacker's too: its own id, on every witness. */
static void a_hostile_session_id_is_clean_as_well(void **state)
{
    (void)state;
    struct hearing h;
    char body[512];
    hearing_open(&h);
    for (size_t i = 0; i < COUNT(hostile); i++) {
        snprintf(body, sizeof body, "{\"session_id\":\"%s\",\"hook_event_name\":\"Stop\"}", hostile[i]);
        enum ct_err err = hear_body(&h, FRAME_HOOK, "/hooks", slice_str(body));
        assert_int_equal(err, hostile[i][0] ? CT_OK : CT_ERR_FORMAT);
        check_events(&h, "Stop");
    }
    hearing_close(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hostile_text_comes_out_clean),
        cmocka_unit_test(long_text_comes_out_short),
        cmocka_unit_test(a_hostile_session_id_is_clean_as_well),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
