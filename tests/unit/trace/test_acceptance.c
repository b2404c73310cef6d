/*
 * The acceptance cases of the request interceptor, on the spans that are exported: what test_acceptance.c of
 * the model holds of the tree.
 */
#include "test.h"

#include "exported.h"
#include "fresh.h"

#include <stdio.h>

static struct exported x;

static int open_both(void **state)
{
    fresh_open(state);
    exported_open(&x);
    x.config.content = TRACE_CONTENT_ALWAYS;
    exported_again(&x);
    return 0;
}

static int close_both(void **state)
{
    exported_close(&x);
    return fresh_close(state);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, open_both, close_both)

static void tell(struct event e)
{
    e.native = true;
    story_tell(&s, e);
}

static void end_session(int64_t ms)
{
    struct event e = story_event(EVENT_SESSION, WITNESS_HOOK, ms);
    e.ended = true;
    tell(e);
}

/* The session ended at ms, and everything is sent. */
static void finish(int64_t ms)
{
    end_session(ms);
    exported_run(&x, s.model, STORY_AT(ms + 1), TRACE_NOW);
    exported_distinct(&x);
}

#define assert_attr(span, key, value)                                                                        \
    do {                                                                                                     \
        const char *got_ = exported_attr(span, key);                                                         \
        if (!got_ || strcmp(got_, value) != 0)                                                               \
            fail_msg("%.*s: %s is %s, not %s", SLICE_ARG((span)->name), key, got_ ? got_ : "(none)", value); \
    } while (0)

static void case_1_a_prompt_a_tool_loop_and_a_stop(void **state)
{
    (void)state;
    struct event tool = story_tool_log(1500, 500, "p1", "Bash", "u1");
    tool.ids.request_id = SLICE_LIT("r1");
    tool.detail = SLICE_LIT("ls -la /srv");
    tell(story_prompt(WITNESS_HOOK, 0, "p1", "list the files"));
    tell(with_usage(story_llm_log(900, 400, "p1", "r1"), 50, 20, 1000000));
    tell(tool);
    tell(with_usage(story_llm_log(2100, 500, "p1", "r2"), 30, 10, 500000));
    tell(story_stop(2200, "p1"));
    finish(3000);
    const struct exported_span *session = exported_span(&x, "Claude Code Session");
    const struct exported_span *turn = exported_span(&x, "Turn #1: list the files");
    const struct exported_span *first = exported_span(&x, "LLM Call: opus \xe2\x86\x92 tools");
    const struct exported_span *call = exported_span(&x, "Tool: Execute command ls");
    const struct exported_span *second = exported_span(&x, "LLM Call: opus (30\xe2\x86\x92"
                                                           "10 tokens)");
    assert_int_equal(x.count, 5);
    assert_false(session->has_parent);
    assert_ptr_equal(exported_parent(&x, turn), session);
    assert_ptr_equal(exported_parent(&x, first), turn);
    assert_ptr_equal(exported_parent(&x, call), turn);
    assert_ptr_equal(exported_linked(&x, call, "produced_by_llm"), first);
    assert_ptr_equal(exported_linked(&x, second, "consumes_tool_result"), call);
    assert_null(exported_linked(&x, first, "consumes_tool_result"));
    assert_attr(session, "openinference.span.kind", "CHAIN");
    assert_attr(turn, "openinference.span.kind", "AGENT");
    assert_attr(first, "openinference.span.kind", "LLM");
    assert_attr(call, "openinference.span.kind", "TOOL");
    assert_int_equal(first->kind, 3);
    assert_int_equal(call->kind, 1);
    assert_attr(turn, "turn.end.reason", "stop_hook");
    assert_attr(turn, "turn.start.source", "hook");
    assert_attr(turn, "turn.number", "1");
    assert_attr(turn, "turn.llm_call_count", "2");
    assert_attr(turn, "gen_ai.usage.input_tokens", "80");
    assert_attr(turn, "gen_ai.usage.cost_usd", "0.0015");
    assert_attr(call, "tool.command", "ls -la /srv");
    assert_attr(first, "gen_ai.response.finish_reasons", "tool_use");
    for (size_t i = 0; i < x.count; i++) {
        assert_attr(&x.spans[i], "session.id", STORY_SESSION);
        assert_memory_equal(x.spans[i].ids.trace_id, session->ids.trace_id, TRACE_ID_LEN);
    }
    assert_slice_equal(x.scope, "claude-top");
}

static void case_2_usage_of_one_call_is_merged(void **state)
{
    (void)state;
    struct event log = with_usage(story_llm_log(900, 400, "p1", "r1"), 41, 7, 12345000);
    log.usage.cache_read_tokens = 9000;
    tell(log);
    tell(log);
    tell(story_stop(1000, "p1"));
    finish(2000);
    assert_int_equal(exported_named(&x, "LLM Call"), 1);
    const struct exported_span *llm = exported_span(&x, "LLM Call: opus (41\xe2\x86\x92"
                                                        "7 tokens)");
    assert_attr(llm, "gen_ai.usage.cache_read_input_tokens", "9000");
    assert_attr(llm, "gen_ai.usage.cost_usd", "0.012345");
}

static void case_3_three_agents_each_linked_to_its_own_call(void **state)
{
    (void)state;
    static const char *const calls[] = {"u1", "u2", "u3"}, *const agents[] = {"a1", "a2", "a3"};
    static const char *const types[] = {"Explore", "Plan", "general-purpose"};
    tell(story_prompt(WITNESS_HOOK, 0, "p1", NULL));
    for (int i = 0; i < 3; i++) {
        struct event start = story_tool_start(100 + i, "p1", "Task", calls[i]);
        start.detail = slice_str(types[i]);
        start.spawns_agent = true;
        tell(start);
    }
    for (int i = 2; i >= 0; i--) {
        struct event tied = story_agent_start(200 + i, "p1", agents[i], types[i]);
        tied.ids.tool_use_id = slice_str(calls[i]);
        tell(with_agent(story_llm_log(900 + i, 300, "p1", agents[i]), agents[i], NULL));
        tell(tied);
        tell(story_agent_stop(1000 + i, "p1", agents[i], types[i]));
    }
    tell(story_stop(2000, "p1"));
    finish(3000);
    assert_int_equal(exported_named(&x, "Subagent: "), 3);
    for (int i = 0; i < 3; i++) {
        char name[64], tool[64];
        snprintf(name, sizeof name, "Subagent: %s", types[i]);
        snprintf(tool, sizeof tool, "Tool: Spawn subagent %s", types[i]);
        const struct exported_span *agent = exported_span(&x, name), *call = exported_span(&x, tool);
        assert_ptr_equal(exported_parent(&x, agent), call);
        assert_ptr_equal(exported_linked(&x, agent, "parent_task"), call);
        assert_attr(agent, "claude.parent_session_id", STORY_SESSION);
        assert_attr(agent, "agent.llm_call_count", "1");
    }
}

static void case_4_failures_and_a_success(void **state)
{
    (void)state;
    struct event first = failing(story_llm_log(500, 100, "p1", "r1"), "rate_limit", "Too many requests");
    first.http_status = 429;
    tell(story_prompt(WITNESS_LOG, 0, "p1", NULL));
    tell(first);
    tell(failing(story_llm_log(900, 100, "p1", "r2"), "server", "500"));
    tell(story_llm_log(1500, 300, "p1", "r3"));
    tell(story_stop(1600, "p1"));
    finish(2000);
    assert_int_equal(exported_named(&x, "LLM Call"), 3);
    assert_attr(exported_span(&x, "Turn #1"), "turn.error_count", "2");
    size_t failed = 0;
    for (size_t i = 0; i < x.count; i++) {
        const struct exported_span *span = &x.spans[i];
        failed += span->status == OTLP_STATUS_ERROR;
        if (strcmp(exported_attr(span, "request_id") ? exported_attr(span, "request_id") : "", "r1") == 0) {
            assert_attr(span, "error.type", "rate_limit");
            assert_attr(span, "http.response.status_code", "429");
            assert_slice_equal(span->message, "Too many requests");
            assert_null(exported_attr(span, "gen_ai.usage.input_tokens"));
        }
    }
    assert_int_equal(failed, 2);
}

static void case_5_a_permission_with_the_humans_time_alone(void **state)
{
    (void)state;
    tell(story_prompt(WITNESS_HOOK, 0, "p1", NULL));
    tell(story_tool_start(100, "p1", "Bash", "u1"));
    tell(story_ask(130, "p1", "Bash"));
    tell(story_decision(3130, "p1", "Bash", "u1", DECISION_ACCEPTED, "user_temporary"));
    tell(story_tool_end(9130, 5990, "p1", "Bash", "u1"));
    tell(story_tool_start(9200, "p1", "Write", "u2"));
    tell(story_ask(9230, "p1", "Write"));
    tell(story_decision(10230, "p1", "Write", "u2", DECISION_REJECTED, "user_reject"));
    finish(11000);
    const struct exported_span *yes = exported_span(&x, "Permission: Bash (approved)");
    const struct exported_span *no = exported_span(&x, "Permission: Write (denied)");
    assert_attr(yes, "permission.wait_ms", "3000"); /* not the tool's run */
    assert_attr(yes, "permission.result", "approved");
    assert_attr(yes, "permission.source", "user_temporary");
    assert_int_equal(yes->start_ns, STORY_AT(130));
    assert_int_equal(yes->end_ns, STORY_AT(3130));
    assert_attr(no, "permission.result", "denied");
    assert_attr(no, "permission.wait_ms", "1000");
    assert_attr(exported_parent(&x, no), "tool.status", "rejected");
    assert_int_equal(exported_parent(&x, no)->status, OTLP_STATUS_UNSET);
}

static void case_6_costs_to_the_nano_dollar(void **state)
{
    (void)state;
    tell(with_usage(story_llm_log(1000, 100, "p1", "r1"), 1, 1, 12345600));
    tell(with_usage(story_llm_log(2000, 100, "p1", "r2"), 1, 1, 1));
    tell(with_usage(story_llm_log(3000, 100, "p1", "r3"), 1, 1, -1)); /* of a model without a price */
    tell(story_stop(3500, "p1"));
    finish(4000);
    const struct exported_span *session = exported_span(&x, "Claude Code Session");
    assert_attr(session, "gen_ai.usage.cost_usd", "0.012345601");
    assert_attr(session, "gen_ai.usage.cost_unknown_calls", "1");
    size_t without = 0;
    for (size_t i = 0; i < x.count; i++)
        without += exported_attr(&x.spans[i], "gen_ai.usage.cost_usd") == NULL;
    assert_int_equal(without, 1); /* unknown is not 0 */
}

static void case_7_a_tools_exit_code_and_its_call(void **state)
{
    (void)state;
    struct event result =
        failing(story_tool_log(1500, 500, "p1", "Bash", "u1"), "ShellError", "Exit code 3\nno");
    result.ids.request_id = SLICE_LIT("r1");
    tell(result);
    tell(story_llm_log(900, 400, "p1", "r1"));
    tell(story_stop(2000, "p1"));
    finish(3000);
    const struct exported_span *tool = exported_span(&x, "Tool: Bash");
    assert_attr(tool, "tool.execution.exit_code", "3");
    assert_attr(tool, "tool.status", "error");
    assert_attr(tool, "error.type", "ShellError");
    assert_int_equal(tool->status, OTLP_STATUS_ERROR);
    assert_ptr_equal(exported_linked(&x, tool, "produced_by_llm"),
                     exported_span(&x, "LLM Call: opus \xe2\x86\x92 tools"));
}

static void case_8_an_agents_stop_ends_the_agent_alone(void **state)
{
    (void)state;
    tell(story_prompt(WITNESS_HOOK, 0, "p1", NULL));
    tell(story_agent_start(100, "p1", "a1", "Explore"));
    tell(with_agent(story_tool_start(200, "p1", "Bash", "u1"), "a1", NULL));
    tell(with_agent(story_tool_end(300, 90, "p1", "Bash", "u1"), "a1", NULL));
    tell(story_agent_stop(400, "p1", "a1", "Explore"));
    exported_run(&x, s.model, STORY_AT(500), TRACE_NOW);
    assert_int_equal(x.count, 0); /* its turn goes on */
    tell(story_stop(900, "p1"));
    finish(1000);
    assert_int_equal(exported_span(&x, "Subagent: Explore")->end_ns, STORY_AT(400));
    assert_int_equal(exported_span(&x, "Turn #1")->end_ns, STORY_AT(900));
}

static void case_9_notifications_of_two_types(void **state)
{
    (void)state;
    struct event idle = story_event(EVENT_NOTICE, WITNESS_HOOK, 61000), permission;
    idle.name = SLICE_LIT("idle_prompt");
    idle.ids.prompt_id = SLICE_LIT("p1");
    permission = idle;
    permission.name = SLICE_LIT("permission_prompt");
    permission.time_ns = permission.arrival_ns = STORY_AT(500);
    tell(story_prompt(WITNESS_HOOK, 0, "p1", NULL));
    tell(permission);
    tell(story_stop(1000, "p1"));
    tell(idle);
    finish(62000);
    assert_attr(exported_span(&x, "Notification: idle_prompt"), "notification.type", "idle_prompt");
    assert_attr(exported_span(&x, "Notification: permission_prompt"), "turn.number", "1");
}

static void case_10_a_compaction_with_its_numbers(void **state)
{
    (void)state;
    struct event c = story_event(EVENT_COMPACTION, WITNESS_LOG, 900);
    c.phase = PHASE_FINISHED;
    c.start_ns = STORY_AT(400);
    c.end_ns = c.time_ns;
    c.duration_ns = c.end_ns - c.start_ns;
    c.source = SLICE_LIT("manual");
    c.tokens_before = 3801;
    c.tokens_after = 3013;
    c.ids.prompt_id = SLICE_LIT("p1");
    struct event prompt = story_prompt(WITNESS_LOG, 380, "p1", "/compact");
    prompt.turn_kind = TURN_KIND_COMPACT;
    tell(c);
    tell(prompt);
    finish(2000);
    const struct exported_span *span = exported_span(&x, "Compaction");
    assert_attr(span, "compaction.trigger", "manual");
    assert_attr(span, "compaction.tokens_before", "3801");
    assert_attr(span, "compaction.tokens_after", "3013");
    assert_attr(exported_parent(&x, span), "turn.kind", "compact");
}

static void case_11_a_stop_without_a_turn_makes_none(void **state)
{
    (void)state;
    tell(story_stop(1000, NULL));
    finish(2000);
    assert_int_equal(exported_named(&x, "Turn"), 0);
}

static void calls_of_no_prompt_hang_from_the_session(void **state)
{
    (void)state;
    tell(with_usage(story_llm_log(100, 50, NULL, "r0"), 5, 6, 70));
    tell(story_prompt(WITNESS_LOG, 500, "p1", NULL));
    tell(with_usage(story_llm_log(900, 300, "p1", "r1"), 1, 2, 30));
    finish(2000);
    const struct exported_span *first = exported_span(&x, "LLM Call: opus (5\xe2\x86\x92"
                                                          "6 tokens)");
    assert_attr(first, "turn.number", "0");
    assert_ptr_equal(exported_parent(&x, first), exported_span(&x, "Claude Code Session"));
    assert_attr(exported_span(&x, "Claude Code Session"), "gen_ai.usage.output_tokens", "8");
    assert_attr(exported_span(&x, "Claude Code Session"), "session.turn_count", "1");
}

static void orphan_tools_are_closed_with_their_turn(void **state)
{
    (void)state;
    tell(story_prompt(WITNESS_HOOK, 0, "p1", NULL));
    tell(story_tool_start(100, "p1", "Bash", "u1"));
    tell(story_stop(900, "p1"));
    finish(1000);
    assert_attr(exported_span(&x, "Tool: Bash"), "tool.status", "interrupted");
}

static void a_session_that_is_an_agent_names_its_parent(void **state)
{
    (void)state;
    struct event e = story_event(EVENT_SESSION, WITNESS_LOG, 10);
    e.parent_session_id = SLICE_LIT("the-parent");
    tell(e);
    tell(story_llm_log(100, 50, "p1", "r0"));
    finish(2000);
    assert_attr(exported_span(&x, "Claude Code Session"), "claude.parent_session_id", "the-parent");
}

static void tell_unnamed(struct event e)
{
    e.ids.session_id = SLICE_NULL;
    e.sender = SLICE_LIT("0123456789abcdef");
    tell(e);
}

#define FIRST_CALL                                                                                           \
    "LLM Call: opus (5\xe2\x86\x92"                                                                          \
    "6 tokens)"

/* What names no session is held; nobody claimed it, and so it goes under the provisional id. */
static void a_buffer_is_flushed_by_age(void **state)
{
    (void)state;
    tell_unnamed(story_prompt(WITNESS_LOG, 0, "p1", NULL));
    tell_unnamed(with_usage(story_llm_log(100, 50, "p1", "r1"), 5, 6, 70));
    exported_run(&x, s.model, STORY_AT(100) + MODEL_SESSION_ID_WAIT_NS - 1, TRACE_LAST);
    assert_int_equal(exported_named(&x, "LLM Call"), 0);
    exported_run(&x, s.model, STORY_AT(100) + MODEL_SESSION_ID_WAIT_NS, TRACE_LAST);
    assert_attr(exported_span(&x, FIRST_CALL), "session.id", "unknown-01234567");
}

static void a_buffer_is_flushed_by_count(void **state)
{
    (void)state;
    struct model_config config;
    model_config_init(&config);
    config.session_id_waiting_max = 2;
    story_close(&s);
    s.model = model_create(&config);
    tell_unnamed(story_prompt(WITNESS_LOG, 0, "p1", NULL));
    tell_unnamed(with_usage(story_llm_log(100, 50, "p1", "r1"), 5, 6, 70));
    exported_run(&x, s.model, STORY_AT(150), TRACE_LAST);
    assert_int_equal(x.count, 0);
    tell_unnamed(story_llm_log(200, 50, "p1", "r2"));
    exported_run(&x, s.model, STORY_AT(250), TRACE_LAST);
    assert_int_equal(exported_named(&x, "LLM Call"), 2);
    assert_attr(exported_span(&x, FIRST_CALL), "session.id", "unknown-01234567");
    exported_distinct(&x);
}

static void a_buffer_is_flushed_when_the_id_is_known(void **state)
{
    (void)state;
    tell_unnamed(with_usage(story_llm_log(100, 50, "p1", "r1"), 5, 6, 70));
    tell(story_prompt(WITNESS_HOOK, 0, "p1", NULL));
    finish(2000);
    assert_attr(exported_span(&x, FIRST_CALL), "session.id", STORY_SESSION);
    assert_ptr_equal(exported_parent(&x, exported_span(&x, FIRST_CALL)), exported_span(&x, "Turn #1"));
    exported_run(&x, s.model, STORY_AT(20000), TRACE_LAST);
    assert_int_equal(exported_named(&x, "LLM Call"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(case_1_a_prompt_a_tool_loop_and_a_stop),
        CASE(case_2_usage_of_one_call_is_merged),
        CASE(case_3_three_agents_each_linked_to_its_own_call),
        CASE(case_4_failures_and_a_success),
        CASE(case_5_a_permission_with_the_humans_time_alone),
        CASE(case_6_costs_to_the_nano_dollar),
        CASE(case_7_a_tools_exit_code_and_its_call),
        CASE(case_8_an_agents_stop_ends_the_agent_alone),
        CASE(case_9_notifications_of_two_types),
        CASE(case_10_a_compaction_with_its_numbers),
        CASE(case_11_a_stop_without_a_turn_makes_none),
        CASE(calls_of_no_prompt_hang_from_the_session),
        CASE(orphan_tools_are_closed_with_their_turn),
        CASE(a_session_that_is_an_agent_names_its_parent),
        CASE(a_buffer_is_flushed_by_age),
        CASE(a_buffer_is_flushed_by_count),
        CASE(a_buffer_is_flushed_when_the_id_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
