/* Claude Code's log events, of both client generations. */
#include "test.h"

#include "hearing.h"

static struct hearing h;

static int setup(void **state)
{
    (void)state;
    hearing_open(&h);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    hearing_close(&h);
    return 0;
}

static const struct event *log_event(const char *name, const char *attributes)
{
    assert_int_equal(hear_log(&h, name, attributes), CT_OK);
    return heard(&h);
}

static void every_record_says_where_and_when(void **state)
{
    (void)state;
    const struct event *e = log_event("whatever", ATTR("prompt.id", "p1") ATTR_INT("event.sequence", "7")
                                                      ATTR("agent_id", "a1") ATTR("parent_agent_id", "a0"));
    assert_int_equal(e->kind, EVENT_STARTUP);
    assert_int_equal(e->witness, WITNESS_LOG);
    assert_slice_equal(e->ids.session_id, "s1");
    assert_slice_equal(e->ids.prompt_id, "p1");
    assert_slice_equal(e->ids.agent_id, "a1");
    assert_slice_equal(e->ids.parent_agent_id, "a0");
    assert_slice_equal(e->service_name, "claude-code");
    assert_slice_equal(e->service_version, "2.1.330");
    assert_true(e->ids.has_trace_id);
    assert_int_equal(e->ids.trace_id[15], 1);
    assert_int_equal(e->time_ns, HEARING_TIME);
    assert_int_equal(e->stamp_ns, HEARING_TIME);
    assert_int_equal(e->arrival_ns, HEARING_ARRIVAL);
    assert_int_equal(e->sequence, 7);
}

static void a_record_of_no_session_is_nobody_s(void **state)
{
    (void)state;
    static const char body[] =
        "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{\"attributes\":[{\"key\":"
        "\"event.name\",\"value\":{\"stringValue\":\"api_request\"}}]}]}]}]}";
    assert_int_equal(hear_body(&h, FRAME_OTLP_HTTP, "/v1/logs", SLICE_LIT(body)), CT_OK);
    assert_int_equal(h.count, 0);
    assert_int_equal(ingest_stats(h.ingest).logs, 1);
}

static void the_session_may_stand_on_the_resource_and_the_time_be_missing(void **state)
{
    (void)state;
    static const char body[] = "{\"resourceLogs\":[{\"resource\":{\"attributes\":[{\"key\":\"session.id\","
                               "\"value\":{\"stringValue\":"
                               "\"s9\"}}]},\"scopeLogs\":[{\"logRecords\":[{\"eventName\":\"claude_code.user_"
                               "prompt\",\"attributes\":[]},"
                               "{\"observedTimeUnixNano\":\"5000000000\",\"attributes\":[]}]}]}]}";
    assert_int_equal(hear_body(&h, FRAME_OTLP_HTTP, "/v1/logs", SLICE_LIT(body)), CT_OK);
    assert_int_equal(h.count, 2);
    assert_slice_equal(h.events[0].ids.session_id, "s9");
    assert_int_equal(h.events[0].kind, EVENT_PROMPT);
    assert_int_equal(h.events[0].time_ns, HEARING_ARRIVAL);
    assert_int_equal(h.events[0].stamp_ns, -1);
    assert_int_equal(h.events[1].time_ns, INT64_C(5000000000));
}

static void prompts_are_told_or_withheld(void **state)
{
    (void)state;
    const struct event *e =
        log_event("user_prompt", ATTR("prompt", "fix the\\nbug") ATTR("prompt_length", "11"));
    assert_int_equal(e->kind, EVENT_PROMPT);
    assert_slice_equal(e->detail, "fix the↵bug");
    assert_false(e->redacted);
    e = log_event("user_prompt", ATTR("prompt", "<REDACTED>"));
    assert_true(e->redacted);
    assert_int_equal(e->detail.len, 0);
    e = log_event("user_prompt", ATTR("prompt", "<REDACTED>") ATTR("command_name", "compact"));
    assert_true(e->redacted);
    assert_slice_equal(e->detail, "/compact");
}

#define USAGE_TYPED                                                                                          \
    ATTR_INT("input_tokens", "4")                                                                            \
    ATTR_INT("output_tokens", "52")                                                                          \
    ATTR_INT("cache_read_tokens", "9100")                                                                    \
    ATTR_INT("cache_creation_tokens", "4200") ATTR_INT("duration_ms", "283") ATTR_INT("ttft_ms", "133")
#define USAGE_TEXT                                                                                           \
    ATTR("input_tokens", "4")                                                                                \
    ATTR("output_tokens", "52")                                                                              \
    ATTR("cache_read_tokens", "9100")                                                                        \
    ATTR("cache_creation_tokens", "4200") ATTR("duration_ms", "283") ATTR("ttft_ms", "133")

static void requests_have_usage_cost_and_times(void **state)
{
    (void)state;
    static const char *const generations[] = {
        ATTR("model", "opus") USAGE_TYPED ATTR_NUM("cost_usd", "0.0238760001") ATTR("request_id", "r1")
            ATTR("query_source", "sdk"),
        ATTR("model", "opus") USAGE_TEXT ATTR("cost_usd", "0.0238760001") ATTR("request_id", "r1")
            ATTR("query_source", "sdk")};
    for (size_t i = 0; i < 2; i++) {
        const struct event *e = log_event("claude_code.api_request", generations[i]);
        assert_int_equal(e->kind, EVENT_LLM);
        assert_int_equal(e->phase, PHASE_FINISHED);
        assert_slice_equal(e->model, "opus");
        assert_slice_equal(e->query_source, "sdk");
        assert_slice_equal(e->ids.request_id, "r1");
        assert_int_equal(e->usage.input_tokens, 4);
        assert_int_equal(e->usage.output_tokens, 52);
        assert_int_equal(e->usage.cache_read_tokens, 9100);
        assert_int_equal(e->usage.cache_creation_tokens, 4200);
        assert_int_equal(e->usage.cost_nano_usd, 23876000);
        assert_int_equal(e->duration_ns, 283 * HEARING_MS);
        assert_int_equal(e->start_ns, HEARING_TIME - 283 * HEARING_MS);
        assert_int_equal(e->end_ns, HEARING_TIME);
        assert_int_equal(e->ttft_ns, 133 * HEARING_MS);
        assert_false(e->auxiliary);
        assert_true(e->ids.has_parent_span_id); /* the record stands in the span of who asked */
        assert_int_equal(e->ids.parent_span_id[0], 2);
        assert_false(e->ids.has_span_id);
    }
}

static void cost_may_come_in_micros_or_not_at_all(void **state)
{
    (void)state;
    assert_int_equal(log_event("api_request", ATTR_INT("cost_usd_micros", "24156"))->usage.cost_nano_usd,
                     24156000);
    assert_int_equal(log_event("api_request", "")->usage.cost_nano_usd, -1);
    assert_int_equal(log_event("api_request", ATTR_NUM("cost_usd", "0"))->usage.cost_nano_usd, 0);
}

static void numbers_out_of_all_reason_are_unknown(void **state)
{
    (void)state;
    const struct event *e = log_event(
        "api_request", ATTR_INT("input_tokens", "-4") ATTR_INT("output_tokens", "9223372036854775807")
                           ATTR("cache_read_tokens", "many") ATTR_NUM("cost_usd", "-1")
                               ATTR_INT("duration_ms", "-1") ATTR_NUM("ttft_ms", "1e300"));
    assert_int_equal(e->usage.input_tokens, -1);
    assert_int_equal(e->usage.output_tokens, -1);
    assert_int_equal(e->usage.cache_read_tokens, -1);
    assert_int_equal(e->usage.cost_nano_usd, -1);
    assert_int_equal(e->duration_ns, -1);
    assert_int_equal(e->start_ns, 0);
    assert_int_equal(e->ttft_ns, -1);
}

static void the_client_s_own_requests_are_auxiliary(void **state)
{
    (void)state;
    assert_true(log_event("api_request", ATTR("query_source", "generate_session_title"))->auxiliary);
    assert_true(log_event("api_request", ATTR("query_source", "compact"))->auxiliary);
    assert_false(log_event("api_request", ATTR("query_source", "repl_main_thread"))->auxiliary);
}

static void errors_are_typed_by_their_status(void **state)
{
    (void)state;
    static const struct {
        const char *attribute, *type;
    } wanted[] = {
        {ATTR_INT("status_code", "401"), "auth"},       {ATTR_INT("status_code", "403"), "auth"},
        {ATTR_INT("status_code", "429"), "rate_limit"}, {ATTR_INT("status_code", "408"), "timeout"},
        {ATTR_INT("status_code", "504"), "timeout"},    {ATTR_INT("status_code", "529"), "overloaded"},
        {ATTR_INT("status_code", "400"), "validation"}, {ATTR_INT("status_code", "500"), "server"},
        {ATTR("status_code", "503"), "server"},         {"", "transport"},
    };
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        const struct event *e = log_event("api_error", wanted[i].attribute);
        assert_true(e->failed);
        assert_slice_equal(e->error_type, wanted[i].type);
    }
}

static void an_error_s_duration_is_the_last_attempt_s_alone(void **state)
{
    (void)state;
    const struct event *e =
        log_event("api_error", ATTR("error", "Internal server error") ATTR_INT("attempt", "3")
                                   ATTR_INT("status_code", "500") ATTR_INT("duration_ms", "7"));
    assert_int_equal(e->attempts, 3);
    assert_int_equal(e->http_status, 500);
    assert_int_equal(e->duration_ns, -1);
    assert_int_equal(e->start_ns, 0);
    assert_slice_equal(e->error_message, "Internal server error");
    e = log_event("api_error", ATTR_INT("attempt", "1") ATTR_INT("duration_ms", "7"));
    assert_int_equal(e->duration_ns, 7 * HEARING_MS);
}

static void decisions_are_written_in_the_wait_span(void **state)
{
    (void)state;
    const struct event *e = log_event(
        "tool_decision", ATTR("tool_name", "Bash") ATTR("tool_use_id", "u1") ATTR("decision", "reject")
                             ATTR("source", "user_reject") ATTR("request_id", "r1")
                                 ATTR("tool_parameters", "{\\\"full_command\\\":\\\"ls -la\\\"}"));
    assert_int_equal(e->kind, EVENT_TOOL);
    assert_int_equal(e->phase, PHASE_DECIDED);
    assert_int_equal(e->decision, DECISION_REJECTED);
    assert_int_equal(e->span_role, SPAN_ROLE_WAIT);
    assert_true(e->ids.has_span_id);
    assert_false(e->ids.has_parent_span_id);
    assert_slice_equal(e->source, "user_reject");
    assert_slice_equal(e->detail, "ls -la");
    assert_slice_equal(e->ids.request_id, "r1");
    assert_int_equal(log_event("tool_decision", ATTR("decision", "accept"))->decision, DECISION_ACCEPTED);
    assert_int_equal(log_event("tool_decision", ATTR("decision", "?"))->decision, DECISION_UNKNOWN);
}

static void results_succeed_or_fail(void **state)
{
    (void)state;
    const struct event *e = log_event(
        "tool_result",
        ATTR("tool_name", "Read") ATTR("tool_use_id", "u1") ATTR("success", "true") ATTR("duration_ms", "12")
            ATTR("tool_input", "{\\\"file_path\\\":\\\"/a/b.c\\\",\\\"limit\\\":3}"));
    assert_false(e->failed);
    assert_int_equal(e->phase, PHASE_FINISHED);
    assert_int_equal(e->duration_ns, 12 * HEARING_MS);
    assert_slice_equal(e->detail, "/a/b.c");
    e = log_event("tool_result",
                  ATTR("success", "false") ATTR("error_type", "ShellError") ATTR("error", "failed"));
    assert_true(e->failed);
    assert_slice_equal(e->error_type, "ShellError");
    assert_slice_equal(e->error_message, "failed");
    e = log_event("tool_result", ATTR_BOOL("success", "false"));
    assert_slice_equal(e->error_type, "tool_error");
}

static void mcp_tools_get_their_real_names(void **state)
{
    (void)state;
    const struct event *e = log_event(
        "tool_result", ATTR("tool_name", "mcp_tool")
                           ATTR("tool_parameters",
                                "{\\\"mcp_server_name\\\":\\\"demo\\\",\\\"mcp_tool_name\\\":\\\"add\\\"}"));
    assert_slice_equal(e->name, "mcp__demo__add");
    assert_false(e->vague_name);
    e = log_event("tool_result", ATTR("tool_name", "mcp_tool"));
    assert_slice_equal(e->name, "mcp_tool");
    assert_true(e->vague_name);
    e = log_event("tool_result",
                  ATTR("tool_name", "mcp_tool") ATTR("tool_parameters", "{\\\"mcp_server_name\\\":5"));
    assert_true(e->vague_name);
}

static void tools_that_start_agents_say_of_which_type(void **state)
{
    (void)state;
    const struct event *e =
        log_event("tool_decision", ATTR("tool_name", "Agent")
                                       ATTR("tool_parameters", "{\\\"subagent_type\\\":\\\"Explore\\\"}"));
    assert_true(e->spawns_agent);
    assert_slice_equal(e->agent_type, "Explore");
    assert_int_equal(e->detail.len, 0);
    assert_true(log_event("tool_result", ATTR("tool_name", "Task"))->spawns_agent);
    assert_false(log_event("tool_result", ATTR("tool_name", "Bash"))->spawns_agent);
}

static void agents_complete(void **state)
{
    (void)state;
    const struct event *e =
        log_event("subagent_completed",
                  ATTR("agent_id", "a1") ATTR("agent_type", "Explore") ATTR_BOOL("is_async", "true")
                      ATTR_INT("duration_ms", "1200") ATTR("final_model", "haiku"));
    assert_int_equal(e->kind, EVENT_AGENT);
    assert_true(e->background);
    assert_slice_equal(e->name, "Explore");
    assert_slice_equal(e->model, "haiku");
    assert_int_equal(e->duration_ns, 1200 * HEARING_MS);
    assert_false(e->vague_name);
    assert_true(
        log_event("subagent_completed", ATTR("agent_id", "a1") ATTR("agent_type", "custom"))->vague_name);
}

static void compactions_have_their_numbers(void **state)
{
    (void)state;
    const struct event *e =
        log_event("compaction", ATTR("trigger", "manual") ATTR("success", "true") ATTR("duration_ms", "492")
                                    ATTR("pre_tokens", "3801") ATTR("post_tokens", "3013"));
    assert_int_equal(e->kind, EVENT_COMPACTION);
    assert_slice_equal(e->source, "manual");
    assert_int_equal(e->tokens_before, 3801);
    assert_int_equal(e->tokens_after, 3013);
    assert_false(e->failed);
    assert_true(log_event("compaction", ATTR("success", "false"))->failed);
}

static void hooks_in_the_log_mark_stops_and_agents(void **state)
{
    (void)state;
    const struct event *e =
        log_event("hook_execution_start", ATTR("hook_event", "Stop") ATTR("hook_name", "Stop"));
    assert_int_equal(e->kind, EVENT_TURN);
    assert_int_equal(e->phase, PHASE_FINISHED);
    assert_slice_equal(e->source, "stop_hook");
    assert_int_equal(e->end_ns, HEARING_TIME);
    e = log_event("hook_execution_start", ATTR("hook_event", "SubagentStart") ATTR(
                                              "hook_name", "SubagentStart:Explore") ATTR("agent_id", "a1"));
    assert_int_equal(e->kind, EVENT_AGENT);
    assert_slice_equal(e->name, "Explore");
    e = log_event("hook_execution_start", ATTR("hook_event", "Stop") ATTR("agent_id", "a1"));
    assert_int_equal(e->kind, EVENT_STARTUP);
    e = log_event("hook_execution_start", ATTR("hook_event", "PreToolUse"));
    assert_int_equal(e->kind, EVENT_STARTUP);
}

static void the_title_is_what_the_model_answers(void **state)
{
    (void)state;
    const struct event *e =
        log_event("assistant_response", ATTR("query_source", "generate_session_title")
                                            ATTR("response", " {\\\"title\\\": \\\"Fix the login\\\"}"));
    assert_int_equal(e->kind, EVENT_SESSION);
    assert_slice_equal(e->title, "Fix the login");
    static const char *const others[] = {
        ATTR("query_source", "generate_session_title") ATTR("response", "Hello"),
        ATTR("query_source", "generate_session_title") ATTR("response", "{\\\"title\\\": 5}"),
        ATTR("query_source", "generate_session_title") ATTR("response", "{\\\"title\\\": "),
        ATTR("query_source", "generate_session_title") ATTR("response", "<REDACTED>"),
        ATTR("query_source", "repl_main_thread") ATTR("response", "{\\\"title\\\": \\\"x\\\"}"),
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        e = log_event("assistant_response", others[i]);
        assert_int_equal(e->kind, EVENT_STARTUP);
        assert_int_equal(e->title.len, 0);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_record_says_where_and_when),
        TEST(a_record_of_no_session_is_nobody_s),
        TEST(the_session_may_stand_on_the_resource_and_the_time_be_missing),
        TEST(prompts_are_told_or_withheld),
        TEST(requests_have_usage_cost_and_times),
        TEST(cost_may_come_in_micros_or_not_at_all),
        TEST(numbers_out_of_all_reason_are_unknown),
        TEST(the_client_s_own_requests_are_auxiliary),
        TEST(errors_are_typed_by_their_status),
        TEST(an_error_s_duration_is_the_last_attempt_s_alone),
        TEST(decisions_are_written_in_the_wait_span),
        TEST(results_succeed_or_fail),
        TEST(mcp_tools_get_their_real_names),
        TEST(tools_that_start_agents_say_of_which_type),
        TEST(agents_complete),
        TEST(compactions_have_their_numbers),
        TEST(hooks_in_the_log_mark_stops_and_agents),
        TEST(the_title_is_what_the_model_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
