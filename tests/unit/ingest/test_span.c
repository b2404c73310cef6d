/* Claude Code's own spans, and frames of every transport. */
#include "test.h"

#include "hearing.h"

#include <zlib.h>

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

static const struct event *span_event(const char *name, int status, const char *attributes)
{
    assert_int_equal(hear_span(&h, name, status, attributes), CT_OK);
    return heard(&h);
}

static void a_request_has_its_own_span_and_its_parent(void **state)
{
    (void)state;
    const struct event *e = span_event(
        "claude_code.llm_request", 0,
        ATTR("model", "opus") ATTR_INT("input_tokens", "4") ATTR_INT("output_tokens", "5")
            ATTR_INT("attempt", "2") ATTR("request_id", "r1") ATTR("stop_reason", "tool_use")
                ATTR_INT("ttft_ms", "90") ATTR("query_source_safe", "agent.builtin.general.purpose")
                    ATTR_BOOL("success", "true"));
    assert_int_equal(e->kind, EVENT_LLM);
    assert_int_equal(e->witness, WITNESS_SPAN);
    assert_int_equal(e->span_role, SPAN_ROLE_LLM);
    assert_int_equal(e->ids.span_id[0], 2);
    assert_int_equal(e->ids.parent_span_id[0], 3);
    assert_int_equal(e->start_ns, HEARING_TIME - 500 * HEARING_MS);
    assert_int_equal(e->end_ns, HEARING_TIME);
    assert_int_equal(e->duration_ns, 500 * HEARING_MS);
    assert_int_equal(e->attempts, 2);
    assert_int_equal(e->usage.input_tokens, 4);
    assert_int_equal(e->usage.cost_nano_usd, -1); /* spans know no cost */
    assert_true(e->wants_tools);
    assert_false(e->failed);
    assert_slice_equal(e->query_source, "agent:builtin:general.purpose");
}

static void a_failed_request_says_why(void **state)
{
    (void)state;
    const struct event *e =
        span_event("claude_code.llm_request", 2,
                   ATTR_BOOL("success", "false") ATTR_INT("status_code", "529") ATTR("error", "busy"));
    assert_true(e->failed);
    assert_slice_equal(e->error_type, "overloaded");
    assert_slice_equal(e->error_message, "busy");
    assert_int_equal(e->http_status, 529);
    e = span_event("claude_code.llm_request", 2, ""); /* the status alone */
    assert_true(e->failed);
    assert_slice_equal(e->error_type, "transport");
}

static void an_interaction_is_a_turn(void **state)
{
    (void)state;
    const struct event *e = span_event("claude_code.interaction", 0, ATTR("user_prompt", "hello"));
    assert_int_equal(e->kind, EVENT_TURN);
    assert_int_equal(e->span_role, SPAN_ROLE_TURN);
    assert_slice_equal(e->detail, "hello");
    assert_true(span_event("claude_code.interaction", 0, ATTR("user_prompt", "<REDACTED>"))->redacted);
}

static void a_tool_s_three_spans_tell_three_things(void **state)
{
    (void)state;
    const struct event *e =
        span_event("claude_code.tool", 0,
                   ATTR("tool_name", "Bash") ATTR("tool_use_id", "u1") ATTR("full_command", "ls"));
    assert_int_equal(e->kind, EVENT_TOOL);
    assert_int_equal(e->phase, PHASE_STARTED); /* its end is not a success */
    assert_int_equal(e->duration_ns, -1);      /* it includes the wait */
    assert_slice_equal(e->detail, "ls");
    e = span_event("claude_code.tool.execution", 0, ATTR("tool_use_id", "u1") ATTR_BOOL("success", "true"));
    assert_int_equal(e->phase, PHASE_FINISHED);
    assert_int_equal(e->start_ns, 0);
    assert_int_equal(e->duration_ns, 500 * HEARING_MS);
    assert_false(e->failed);
    e = span_event("claude_code.tool.execution", 2, ATTR("error", "x") ATTR("error_class", "ShellError"));
    assert_true(e->failed);
    assert_slice_equal(e->error_type, "ShellError");
    e = span_event("claude_code.tool.execution", 2, ATTR("error.type", "tool_error"));
    assert_slice_equal(e->error_type, "tool_error");
    e = span_event("claude_code.tool.blocked_on_user", 0,
                   ATTR("decision", "accept") ATTR("source", "user_temporary"));
    assert_int_equal(e->kind, EVENT_SPAN);
    assert_int_equal(e->span_role, SPAN_ROLE_WAIT);
    assert_int_equal(e->wait_ns, 500 * HEARING_MS);
    e = span_event("claude_code.tool.blocked_on_user", 0,
                   ATTR("decision", "reject") ATTR("source", "config"));
    assert_int_equal(e->wait_ns, -1); /* a rule kept nobody waiting */
    assert_int_equal(e->decision, DECISION_REJECTED);
}

static void a_tool_that_starts_agents_says_of_which_type(void **state)
{
    (void)state;
    const struct event *e =
        span_event("claude_code.tool", 0, ATTR("tool_name", "Agent") ATTR("subagent_type", "Plan"));
    assert_true(e->spawns_agent);
    assert_slice_equal(e->agent_type, "Plan");
}

static void a_span_without_a_session_id_may_name_its_conversation(void **state)
{
    (void)state;
    static const char format[] = "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"name\":\"claude_code."
                                 "llm_request\",\"attributes\":[{\"key\":"
                                 "\"gen_ai.conversation.id\",\"value\":{\"stringValue\":\"s7\"}}%s]}]}]}]}";
    buf_clear(&h.body);
    assert_int_equal(buf_printf(&h.body, format, ""), CT_OK);
    assert_int_equal(hear_body(&h, FRAME_OTLP_HTTP, "/v1/traces", buf_slice(&h.body)), CT_OK);
    assert_slice_equal(heard(&h)->ids.session_id, "s7");
    /* For a sub-agent that id is the agent's. */
    buf_clear(&h.body);
    assert_int_equal(buf_printf(&h.body, format, ATTR("agent_id", "a1")), CT_OK);
    assert_int_equal(hear_body(&h, FRAME_OTLP_HTTP, "/v1/traces", buf_slice(&h.body)), CT_OK);
    assert_int_equal(h.count, 0);
}

static void a_span_that_ends_before_it_starts_has_no_duration(void **state)
{
    (void)state;
    static const char body[] = "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"name\":\"claude_code.llm_"
                               "request\",\"startTimeUnixNano\":"
                               "\"18446744073709551615\",\"endTimeUnixNano\":\"5\",\"attributes\":[{\"key\":"
                               "\"session.id\",\"value\":{"
                               "\"stringValue\":\"s1\"}}]}]}]}]}";
    assert_int_equal(hear_body(&h, FRAME_OTLP_HTTP, "/v1/traces", SLICE_LIT(body)), CT_OK);
    assert_int_equal(heard(&h)->start_ns, 0);
    assert_int_equal(heard(&h)->duration_ns, -1);
}

static void a_span_names_its_profile(void **state)
{
    (void)state;
    const struct event *e =
        span_event("claude_code.llm_request", 0,
                   ATTR("request_id", "r1") ATTR("pyroscope.profile.id", "00F067aa0ba902b7"));
    assert_true(e->ids.has_profile_id);
    assert_memory_equal(e->ids.profile_id, "\x00\xf0\x67\xaa\x0b\xa9\x02\xb7", 8);
    e = span_event("GET /v1/messages", 0, ATTR("pyroscope.profile.id", "0102030405060708"));
    assert_int_equal(e->span_role, SPAN_ROLE_OTHER);
    assert_true(e->ids.has_profile_id);
    static const char *const others[] = {ATTR("pyroscope.profile.id", "0102030405060708090a0b0c0d0e0f10"),
                                         ATTR("pyroscope.profile.id", "010203040506070"),
                                         ATTR("pyroscope.profile.id", "010203040506070g"),
                                         ATTR("pyroscope.profile.id", ""),
                                         ATTR_INT("pyroscope.profile.id", "1"),
                                         ATTR("pyroscope.profile.url", "http://localhost:4040?query=x"),
                                         ""};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(span_event("claude_code.llm_request", 0, others[i])->ids.has_profile_id);
}

static void points_are_counted(void **state)
{
    (void)state;
    static const char body[] = "{\"resourceMetrics\":[{\"scopeMetrics\":[{\"metrics\":[{\"name\":\"claude_"
                               "code.cost.usage\",\"sum\":{"
                               "\"dataPoints\":[{\"asDouble\":1,\"timeUnixNano\":\"1\"},{\"asDouble\":2,"
                               "\"timeUnixNano\":\"2\"}]}}]}]}]}";
    assert_int_equal(hear_body(&h, FRAME_OTLP_HTTP, "/v1/metrics", SLICE_LIT(body)), CT_OK);
    assert_int_equal(h.count, 0);
    assert_int_equal(ingest_stats(h.ingest).metric_points, 2);
}

/* ExportLogsServiceRequest with one record: event.name "user_prompt", session.id "s1". */
static const uint8_t message[] = {
    0x0a, 0x3d, 0x12, 0x3b, 0x12, 0x39, /* resource_logs, scope_logs, log_records */
    0x32, 0x1b, 0x0a, 0x0a, 'e',  'v',  'e', 'n', 't', '.', 'n', 'a', 'm', 'e',  0x12,
    0x0d, 0x0a, 0x0b, 'u',  's',  'e',  'r', '_', 'p', 'r', 'o', 'm', 'p', 't',  0x32,
    0x1a, 0x0a, 0x0a, 's',  'e',  's',  's', 'i', 'o', 'n', '.', 'i', 'd', 0x12, 0x0c,
    0x0a, 0x0a, 's',  '1',  '-',  '-',  '-', '-', '-', '-', '-', '-'};

static enum ct_err hear_grpc(uint8_t flag, uint32_t length, const void *body, size_t n, const char *encoding)
{
    uint8_t framed[512] = {flag, (uint8_t)(length >> 24), (uint8_t)(length >> 16), (uint8_t)(length >> 8),
                           (uint8_t)length};
    memcpy(framed + 5, body, n);
    const struct frame_header header = {SLICE_LIT("grpc-encoding"), slice_str(encoding)};
    const struct frame frame = {
        .wall_ns = HEARING_ARRIVAL,
        .source = FRAME_OTLP_GRPC,
        .path = SLICE_LIT("/opentelemetry.proto.collector.logs.v1.LogsService/Export"),
        .headers = &header,
        .header_count = encoding ? 1 : 0,
        .body = slice_make(framed, 5 + n),
    };
    h.count = h.total = 0;
    return ingest_frame(h.ingest, &frame);
}

static void grpc_messages_are_taken_out_of_their_frames(void **state)
{
    (void)state;
    uint8_t packed[256];
    z_stream z = {.next_in = (uint8_t *)(uintptr_t)message,
                  .avail_in = sizeof message,
                  .next_out = packed,
                  .avail_out = sizeof packed};
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    uint32_t size = (uint32_t)z.total_out;
    deflateEnd(&z);
    assert_int_equal(hear_grpc(0, sizeof message, message, sizeof message, NULL), CT_OK);
    assert_int_equal(heard(&h)->kind, EVENT_PROMPT);
    assert_int_equal(hear_grpc(0, sizeof message, message, sizeof message, "gzip"), CT_OK); /* not this one */
    assert_slice_equal(heard(&h)->ids.session_id, "s1--------");
    assert_int_equal(hear_grpc(1, size, packed, size, "gzip"), CT_OK);
    assert_int_equal(heard(&h)->kind, EVENT_PROMPT);
    assert_int_equal(ingest_stats(h.ingest).decode_errors, 0);
}

static void broken_grpc_frames_are_decode_errors(void **state)
{
    (void)state;
    assert_int_equal(hear_grpc(0, sizeof message + 1, message, sizeof message, NULL), CT_ERR_FORMAT);
    assert_int_equal(hear_grpc(0, sizeof message - 1, message, sizeof message, NULL), CT_ERR_FORMAT);
    assert_int_equal(hear_grpc(2, sizeof message, message, sizeof message, NULL), CT_ERR_FORMAT);
    assert_int_equal(hear_grpc(1, sizeof message, message, sizeof message, "br"), CT_ERR_UNSUPPORTED);
    assert_int_equal(hear_grpc(1, sizeof message, message, sizeof message, "gzip"), CT_ERR_FORMAT);
    assert_int_equal(hear_body(&h, FRAME_OTLP_GRPC,
                               "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
                               SLICE_LIT("\0\0\0")),
                     CT_ERR_FORMAT);
    assert_int_equal(ingest_stats(h.ingest).decode_errors, 6);
}

static void frames_that_are_neither_are_unsupported(void **state)
{
    (void)state;
    assert_int_equal(hear_body(&h, FRAME_OTLP_HTTP, "/v1/nothing", SLICE_LIT("{}")), CT_ERR_UNSUPPORTED);
    assert_int_equal(hear_body(&h, FRAME_STATUSLINE, "/statusline", SLICE_LIT("{}")), CT_ERR_UNSUPPORTED);
    assert_int_equal(hear_body(&h, FRAME_OTLP_HTTP, "/v1/logs", SLICE_LIT("{")), CT_ERR_FORMAT);
    assert_int_equal(ingest_stats(h.ingest).decode_errors, 3);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_request_has_its_own_span_and_its_parent),
        TEST(a_failed_request_says_why),
        TEST(an_interaction_is_a_turn),
        TEST(a_tool_s_three_spans_tell_three_things),
        TEST(a_tool_that_starts_agents_says_of_which_type),
        TEST(a_span_without_a_session_id_may_name_its_conversation),
        TEST(a_span_that_ends_before_it_starts_has_no_duration),
        TEST(a_span_names_its_profile),
        TEST(points_are_counted),
        TEST(grpc_messages_are_taken_out_of_their_frames),
        TEST(broken_grpc_frames_are_decode_errors),
        TEST(frames_that_are_neither_are_unsupported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
