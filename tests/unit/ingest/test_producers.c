/* Which producer a record is for, and what each but Claude Code's own makes of it. */
#include "test.h"

#include "hearing.h"

#include <stdio.h>

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

#define IDS         "\"traceId\":\"01010101010101010101010101010101\",\"spanId\":\"0202020202020202\","
#define PARENT      "\"parentSpanId\":\"0303030303030303\","
#define INTERCEPTOR ATTR("claude.session_id_source", "hook")

/* A record of that service and scope; attributes as of hearing.h, without session.id. */
static enum ct_err hear_from(const char *service, const char *scope, const char *signal, const char *record,
                             const char *attributes)
{
    bool spans = strcmp(signal, "traces") == 0;
    buf_clear(&h.body);
    assert_int_equal(
        buf_printf(&h.body,
                   "{\"resource%s\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{"
                   "\"stringValue\":\"%s\"}}]},\"scope%s\":[{\"scope\":{\"name\":\"%s\"},\"%s\":[{%s"
                   "\"attributes\":[{\"key\":\"x\",\"value\":{\"stringValue\":\"\"}}%s]}]}]}]}",
                   spans ? "Spans" : "Logs", service, spans ? "Spans" : "Logs", scope,
                   spans ? "spans" : "logRecords", record, attributes),
        CT_OK);
    return hear_body(&h, FRAME_OTLP_HTTP, spans ? "/v1/traces" : "/v1/logs", buf_slice(&h.body));
}

static const struct event *log_of(const char *service, const char *scope, const char *attributes)
{
    assert_int_equal(
        hear_from(service, scope, "logs", "\"timeUnixNano\":\"1795352399000000000\",", attributes), CT_OK);
    return heard(&h);
}

static const struct event *span_of(const char *service, const char *scope, const char *name,
                                   const char *attributes)
{
    char record[512];
    snprintf(record, sizeof record,
             IDS PARENT "\"name\":\"%s\",\"startTimeUnixNano\":\"1795352398000000000\","
                        "\"endTimeUnixNano\":\"1795352399000000000\",",
             name);
    assert_int_equal(hear_from(service, scope, "traces", record, attributes), CT_OK);
    return heard(&h);
}

/* Not by its name: anybody may be called claude-code. */
static void the_scope_and_the_attributes_decide(void **state)
{
    (void)state;
    const struct event *e = span_of("anything", "claude-interceptor", "LLM Call: x",
                                    ATTR("session.id", "s1") ATTR("openinference.span.kind", "LLM"));
    assert_int_equal(e->kind, EVENT_LLM);
    e = span_of("anything", "", "LLM Call: x",
                ATTR("session.id", "s1") ATTR("openinference.span.kind", "LLM") INTERCEPTOR);
    assert_int_equal(e->kind, EVENT_LLM);
    e = span_of("claude-code", "some.http.client", "GET /", ATTR("session.id", "s1"));
    assert_int_equal(e->kind, EVENT_SPAN);
    assert_int_equal(e->ids.session_id.len, 0); /* known by its trace alone */
    e = span_of("anything", "com.anthropic.claude_code.tracing", "claude_code.interaction",
                ATTR("session.id", "s1"));
    assert_int_equal(e->kind, EVENT_TURN);
    assert_true(e->native);
}

static void records_of_others_are_counted_and_passed_over(void **state)
{
    (void)state;
    assert_int_equal(
        hear_from("nginx", "x", "logs", "", ATTR("session.id", "s1") ATTR("event.name", "user_prompt")),
        CT_OK);
    assert_int_equal(h.count, 0);
    assert_int_equal(hear_from("nginx", "x", "traces", IDS, ""), CT_OK); /* a root: it hangs below nothing */
    assert_int_equal(h.count, 0);
    static const char metric[] =
        "{\"resourceMetrics\":[{\"scopeMetrics\":[{\"scope\":{\"name\":\"x\"},\"metrics\":[{"
        "\"name\":\"http.count\",\"sum\":{\"dataPoints\":[{\"asDouble\":1}]}}]}]}]}";
    assert_int_equal(hear_body(&h, FRAME_OTLP_HTTP, "/v1/metrics", SLICE_LIT(metric)), CT_OK);
    assert_int_equal(h.count, 0);
    struct ingest_stats stats = ingest_stats(h.ingest);
    assert_int_equal(stats.foreign_logs, 1);
    assert_int_equal(stats.foreign_spans, 1);
    assert_int_equal(stats.foreign_points, 1);
    assert_int_equal(stats.decode_errors, 0);
}

static void an_interceptor_s_call_belongs_to_the_turn_s_span(void **state)
{
    (void)state;
    static const char common[] = ATTR("session.id", "s1") ATTR("openinference.span.kind", "LLM")
        ATTR_INT("gen_ai.usage.input_tokens", "10") ATTR_INT("gen_ai.usage.output_tokens", "5")
            ATTR("gen_ai.request.model", "m") ATTR("gen_ai.response.finish_reasons", "tool_use");
    char attributes[1024];
    snprintf(attributes, sizeof attributes, "%s%s", common,
             ATTR_INT("turn.number", "2") ATTR_NUM("gen_ai.usage.cost_usd", "0.25"));
    const struct event *e = span_of("x", "claude-interceptor", "LLM Call", attributes);
    assert_true(e->ids.trace_is_session && e->ids.has_turn_span_id && e->wants_tools);
    assert_int_equal(e->ids.turn_span_id[0], 3);
    assert_int_equal(e->usage.cost_nano_usd, 250000000);
    assert_false(e->failed || e->no_turn);
    /* No turn, and no price in its table. */
    snprintf(attributes, sizeof attributes, "%s%s", common,
             ATTR_INT("turn.number", "0") ATTR_INT("gen_ai.usage.cost_usd", "0"));
    e = span_of("x", "claude-interceptor", "LLM Call", attributes);
    assert_true(e->no_turn);
    assert_false(e->ids.has_turn_span_id);
    assert_int_equal(e->usage.cost_nano_usd, -1);
    /* Its status is OK also where the request was refused. */
    snprintf(attributes, sizeof attributes, "%s%s", common, ATTR_INT("http.response.status_code", "529"));
    e = span_of("x", "claude-interceptor", "LLM Call", attributes);
    assert_true(e->failed);
    assert_slice_equal(e->error_type, "overloaded");
}

static void an_interceptor_s_other_spans(void **state)
{
    (void)state;
    const struct event *e =
        span_of("x", "claude-interceptor", "Permission: Write (denied)",
                ATTR("session.id", "s1") ATTR("openinference.span.kind", "PERMISSION")
                    ATTR("permission.tool", "Write") ATTR("permission.result", "denied")
                        ATTR_INT("permission.wait_ms", "70") ATTR("gen_ai.tool.call.id", "u1"));
    assert_int_equal(e->kind, EVENT_TOOL);
    assert_int_equal(e->decision, DECISION_REJECTED);
    assert_int_equal(e->wait_ns, 70 * HEARING_MS);
    assert_false(e->ids.has_span_id); /* the tool has its own */
    e = span_of("x", "claude-interceptor", "Claude Code Session",
                ATTR("session.id", "s2") ATTR("openinference.span.kind", "CHAIN")
                    ATTR("claude.parent_session_id", "s1"));
    assert_int_equal(e->kind, EVENT_SESSION);
    assert_true(e->ended);
    assert_slice_equal(e->parent_session_id, "s1");
    e = span_of(
        "x", "claude-interceptor", "Tool",
        ATTR("session.id", "s1") ATTR("openinference.span.kind", "TOOL") ATTR("gen_ai.tool.name", "Task")
            ATTR("tool.status", "error")
                ATTR("input.value", "{\\\"subagent_type\\\":\\\"Plan\\\",\\\"description\\\":\\\"look\\\"}"));
    assert_true(e->failed && e->spawns_agent && e->ids.turn_unsure);
    assert_slice_equal(e->agent_type, "Plan");
    assert_slice_equal(e->detail, "look");
    assert_slice_equal(e->error_type, "tool_error");
    e = log_of("x", "claude-interceptor",
               ATTR("session.id", "s1") ATTR("event.name", "ag_ui.run_finished")
                   ATTR("provider_stop_signal", "Stop"));
    assert_int_equal(e->kind, EVENT_TURN);
    assert_slice_equal(e->source, "stop_hook");
}

static void cached_tokens_are_no_input(void **state)
{
    (void)state;
    const struct event *e = span_of("app", "lib", "chat m",
                                    ATTR("gen_ai.operation.name", "chat") ATTR("gen_ai.conversation.id", "c1")
                                        ATTR_INT("gen_ai.usage.input_tokens", "100")
                                            ATTR_INT("gen_ai.usage.cache_read.input_tokens", "60")
                                                ATTR_INT("gen_ai.usage.cache_creation.input_tokens", "30"));
    assert_slice_equal(e->ids.session_id, "c1");
    assert_int_equal(e->usage.input_tokens, 10);
    assert_int_equal(e->usage.cache_read_tokens, 60);
    assert_int_equal(e->usage.cache_creation_tokens, 30);
    assert_int_equal(e->usage.cost_nano_usd, -1);
    assert_slice_equal(e->ids.request_id, "span:0202020202020202");
    /* A sender whose counts cannot be that: left as they are. */
    e = span_of("app", "lib", "chat m",
                ATTR("gen_ai.operation.name", "chat") ATTR_INT("gen_ai.usage.prompt_tokens", "10")
                    ATTR_INT("gen_ai.usage.cache_read_input_tokens", "60"));
    assert_int_equal(e->usage.input_tokens, 10);
    assert_int_equal(e->ids.session_id.len, 0);
    assert_true(e->ids.has_trace_id);
}

static void finish_reasons_are_read_in_both_forms(void **state)
{
    (void)state;
    const struct event *e = span_of(
        "app", "lib", "chat m",
        ATTR("gen_ai.operation.name", "chat") ATTR_RAW(
            "gen_ai.response.finish_reasons",
            "{\"arrayValue\":{\"values\":[{\"stringValue\":\"stop\"},{\"stringValue\":\"tool_calls\"}]}}"));
    assert_true(e->wants_tools);
    e = span_of("app", "lib", "chat m",
                ATTR("gen_ai.operation.name", "chat") ATTR("gen_ai.response.finish_reasons", "stop"));
    assert_false(e->wants_tools);
}

static void a_failure_s_type_may_be_its_status(void **state)
{
    (void)state;
    const struct event *e =
        span_of("app", "lib", "chat m", ATTR("gen_ai.operation.name", "chat") ATTR("error.type", "503"));
    assert_true(e->failed);
    assert_slice_equal(e->error_type, "server");
    assert_int_equal(e->http_status, 503);
    e = span_of("app", "lib", "chat m",
                ATTR("gen_ai.operation.name", "chat") ATTR("error.type", "TimeoutError"));
    assert_slice_equal(e->error_type, "TimeoutError");
}

static void gemini_s_restatements_are_passed_over(void **state)
{
    (void)state;
    assert_int_equal(hear_from("gemini-cli", "gemini-cli", "logs", "",
                               ATTR("event.name", "gen_ai.client.inference.operation.details")
                                   ATTR("session.id", "s1")),
                     CT_OK);
    assert_int_equal(h.count, 0);
    assert_int_equal(ingest_stats(h.ingest).foreign_logs, 0);
}

static void codex_without_a_conversation_is_nothing(void **state)
{
    (void)state;
    assert_int_equal(hear_from("codex_cli_rs", "codex", "logs", "",
                               ATTR("event.name", "codex.user_prompt") ATTR("session.id", "s1")),
                     CT_OK);
    assert_int_equal(h.count, 0);
}

/* A client that was told to send no session id: its sub-agents' spans have only the trace. */
static void a_native_record_without_a_session_goes_by_its_trace(void **state)
{
    (void)state;
    const struct event *e =
        span_of("claude-code", "com.anthropic.claude_code.tracing", "claude_code.llm_request",
                ATTR("agent_id", "a1") ATTR("gen_ai.conversation.id", "a1"));
    assert_int_equal(e->ids.session_id.len, 0);
    assert_true(e->ids.has_trace_id);
    assert_slice_equal(e->ids.agent_id, "a1");
}

static enum ct_err hear_point(const char *name, const char *point, int temporality, const char *attributes)
{
    buf_clear(&h.body);
    assert_int_equal(
        buf_printf(
            &h.body,
            "{\"resourceMetrics\":[{\"scopeMetrics\":[{\"metrics\":[{\"name\":\"%s\",\"sum\":{"
            "\"aggregationTemporality\":%d,\"isMonotonic\":true,\"dataPoints\":[{\"startTimeUnixNano\":"
            "\"1795352300000000000\",\"timeUnixNano\":\"1795352399000000000\",%s,\"attributes\":[{\"key\":"
            "\"session.id\",\"value\":{\"stringValue\":\"s1\"}}%s]}]}}]}]}]}",
            name, temporality, point, attributes),
        CT_OK);
    return hear_body(&h, FRAME_OTLP_HTTP, "/v1/metrics", buf_slice(&h.body));
}

static void counters_have_the_model_s_units(void **state)
{
    (void)state;
    static const struct {
        const char *name, *point, *attributes;
        enum metric metric;
        int64_t value;
    } points[] = {
        {"claude_code.cost.usage", "\"asDouble\":0.030701", "", METRIC_COST, 30701000},
        {"claude_code.token.usage", "\"asDouble\":21950", ATTR("type", "cacheRead"), METRIC_CACHE_READ,
         21950},
        {"claude_code.token.usage", "\"asInt\":\"7\"", ATTR("type", "input"), METRIC_INPUT, 7},
        {"claude_code.active_time.total", "\"asDouble\":2.305", ATTR("type", "cli"), METRIC_ACTIVE_CLI,
         INT64_C(2305000000)},
        {"claude_code.lines_of_code.count", "\"asDouble\":4", ATTR("type", "removed"), METRIC_LINES_REMOVED,
         4},
        {"claude_code.commit.count", "\"asDouble\":1", "", METRIC_COMMITS, 1},
        {"claude_code.pull_request.count", "\"asDouble\":2", "", METRIC_PULL_REQUESTS, 2},
        {"claude_code.code_edit_tool.decision", "\"asDouble\":1", ATTR("decision", "reject"),
         METRIC_EDITS_REJECTED, 1},
        {"claude_code.session.count", "\"asDouble\":1", "", METRIC_OTHER, 0},
        {"claude_code.token.usage", "\"asDouble\":1", ATTR("type", "thoughts"), METRIC_OTHER, 1},
        {"claude_code.cost.usage", "\"asDouble\":1e300", "", METRIC_OTHER, 0},
        {"claude_code.cost.usage", "\"asDouble\":-1", "", METRIC_OTHER, 0},
    };
    for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
        assert_int_equal(hear_point(points[i].name, points[i].point, 1, points[i].attributes), CT_OK);
        const struct event *e = heard(&h);
        assert_int_equal(e->kind, EVENT_METRIC);
        assert_int_equal(e->metric, points[i].metric);
        assert_int_equal(e->metric_value, points[i].value);
        assert_false(e->cumulative);
        assert_int_equal(e->start_ns, INT64_C(1795352300000000000));
    }
    assert_int_equal(hear_point("claude_code.cost.usage", "\"asDouble\":1", 2, ""), CT_OK);
    assert_true(heard(&h)->cumulative);
    assert_int_equal(hear_point("claude_code.cost.usage", "\"asDouble\":1", 0, ""), CT_OK);
    assert_int_equal(heard(&h)->metric, METRIC_OTHER); /* what it counts from is not said */
}

static void a_series_is_its_attributes_in_any_order(void **state)
{
    (void)state;
    assert_int_equal(hear_point("claude_code.cost.usage", "\"asDouble\":1", 1, ATTR("a", "1") ATTR("b", "2")),
                     CT_OK);
    uint64_t one = heard(&h)->metric_series;
    assert_int_equal(hear_point("claude_code.cost.usage", "\"asDouble\":9", 1, ATTR("b", "2") ATTR("a", "1")),
                     CT_OK);
    assert_true(heard(&h)->metric_series == one);
    assert_int_equal(hear_point("claude_code.cost.usage", "\"asDouble\":1", 1, ATTR("a", "2") ATTR("b", "1")),
                     CT_OK);
    assert_true(heard(&h)->metric_series != one);
    assert_int_equal(
        hear_point("claude_code.token.usage", "\"asDouble\":1", 1, ATTR("a", "1") ATTR("b", "2")), CT_OK);
    assert_true(heard(&h)->metric_series != one);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_scope_and_the_attributes_decide),
        TEST(records_of_others_are_counted_and_passed_over),
        TEST(an_interceptor_s_call_belongs_to_the_turn_s_span),
        TEST(an_interceptor_s_other_spans),
        TEST(cached_tokens_are_no_input),
        TEST(finish_reasons_are_read_in_both_forms),
        TEST(a_failure_s_type_may_be_its_status),
        TEST(gemini_s_restatements_are_passed_over),
        TEST(codex_without_a_conversation_is_nothing),
        TEST(a_native_record_without_a_session_goes_by_its_trace),
        TEST(counters_have_the_model_s_units),
        TEST(a_series_is_its_attributes_in_any_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
