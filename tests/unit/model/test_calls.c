/* Calls: one node whatever the number of witnesses, the best witness for each fact, sums, and their order. */
#include "test.h"

#include "fresh.h"

#include <stdlib.h>

static void a_request_seen_twice_counts_once(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        story_tell(&s, with_usage(story_llm_log(900, 300, "p1", "r1"), 10, 20, 5000));
        story_tell(&s, with_usage(story_llm_span(500, 900, "t1", "r1"), 10, 20, -1));
    }
    const struct counters *c = &story_session(&s)->total;
    assert_int_equal(c->llm_calls, 1);
    assert_int_equal(c->input_tokens, 10);
    assert_int_equal(c->output_tokens, 20);
    assert_int_equal(c->cost_nano_usd, 5000);
    assert_int_equal(c->cost_unknown, 0);
    const struct node *call = story_node(&s, NODE_LLM, "r1");
    assert_int_equal(call->start_ns, STORY_AT(500)); /* the span's: the record knows the last attempt alone */
    assert_int_equal(call->duration_ns, 400 * STORY_MS);
    assert_int_equal(call->attempts, 1);
    assert_int_equal(call->witnesses, 1u << WITNESS_LOG | 1u << WITNESS_SPAN);
}

static void each_fact_is_the_best_witness_s_in_any_order(void **state)
{
    (void)state;
    struct event hook = story_tool_end(960, 60, "p1", "Bash", "u1");
    struct event record = story_tool_log(950, 40, "p1", "Bash", "u1");
    struct event tool = story_event(EVENT_TOOL, WITNESS_SPAN, 950), run = tool;
    tool.ids.tool_use_id = run.ids.tool_use_id = SLICE_LIT("u1");
    tool.span_role = SPAN_ROLE_TOOL;
    tool.phase = PHASE_STARTED;
    tool.start_ns = STORY_AT(100);
    tool.end_ns = STORY_AT(951);
    run.span_role = SPAN_ROLE_EXECUTION;
    run.phase = PHASE_FINISHED;
    run.end_ns = STORY_AT(949);
    run.duration_ns = 39 * STORY_MS;
    hook.detail = SLICE_LIT("from the hook");
    record.detail = SLICE_LIT("from the record");
    const struct event told[] = {hook, record, with_span(tool, "s-tool", "s-turn"),
                                 with_span(run, "s-run", "s-tool"), story_tool_start(90, "p1", "Bash", "u1")};
    for (int order = 0; order < 120; order++) {
        struct story other;
        size_t left[] = {0, 1, 2, 3, 4};
        story_open(&other);
        for (size_t n = 5, code = (size_t)order; n > 0; n--) {
            size_t pick = code % n;
            code /= n;
            story_tell(&other, told[left[pick]]);
            left[pick] = left[n - 1];
        }
        const struct node *call = story_node(&other, NODE_TOOL, "u1");
        assert_int_equal(call->start_ns, STORY_AT(100));
        assert_int_equal(call->end_ns, STORY_AT(949));
        assert_int_equal(call->duration_ns, 39 * STORY_MS);
        assert_slice_equal(call->detail, "from the record");
        assert_int_equal(call->state, NODE_DONE);
        assert_memory_equal(call->span_id, "s-tool", 7);
        assert_int_equal(story_session(&other)->total.tool_calls, 1);
        story_close(&other);
    }
}

static void a_hook_s_start_is_better_than_one_reckoned_from_the_end(void **state)
{
    (void)state;
    story_tell(&s, story_tool_log(9000, 50, "p1", "Bash", "u1")); /* 50 ms of run after a long wait */
    assert_int_equal(story_node(&s, NODE_TOOL, "u1")->start_ns, STORY_AT(8950));
    story_tell(&s, story_tool_start(1000, "p1", "Bash", "u1"));
    assert_int_equal(story_node(&s, NODE_TOOL, "u1")->start_ns, STORY_AT(1000));
    assert_int_equal(story_node(&s, NODE_TOOL, "u1")->duration_ns, 50 * STORY_MS);
}

static void a_name_that_stands_for_another_gives_way(void **state)
{
    (void)state;
    struct event vague = story_tool_log(900, 50, "p1", "mcp_tool", "u1");
    vague.vague_name = true;
    story_tell(&s, story_tool_start(800, "p1", "mcp__demo__add", "u1"));
    story_tell(&s, vague);
    assert_slice_equal(story_node(&s, NODE_TOOL, "u1")->name, "mcp__demo__add");
}

static void siblings_stand_by_start_and_then_by_key(void **state)
{
    (void)state;
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", NULL));
    story_tell(&s, story_llm_log(500, 100, "p1", "b"));
    story_tell(&s, story_tool_start(100, "p1", "Read", "z"));
    story_tell(&s, story_llm_log(510, 110, "p1", "a"));
    story_tell(&s, story_tool_start(450, "p1", "Read", "y"));
    static const char *const order[] = {"z", "a", "b", "y"};
    const struct node *n = story_turn(&s, 1)->first_child, *before = NULL;
    for (size_t i = 0; i < 4; i++) {
        assert_slice_equal(n->key, order[i]);
        assert_ptr_equal(n->prev, before);
        before = n;
        n = n->next;
    }
    assert_null(n);
    assert_ptr_equal(story_turn(&s, 1)->last_child, before);
    /* A better start moves it. */
    story_tell(&s, story_llm_span(50, 510, "t1", "a"));
    assert_slice_equal(story_turn(&s, 1)->first_child->key, "a");
}

static void sum(const struct node *n, struct counters *c)
{
    for (; n; n = n->next) {
        c->llm_calls += n->kind == NODE_LLM;
        c->tool_calls += n->kind == NODE_TOOL;
        c->turns += n->kind == NODE_TURN;
        sum(n->first_child, c);
    }
}

static void totals_are_the_sums_of_the_calls_at_every_level(void **state)
{
    (void)state;
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", NULL));
    story_tell(&s, with_usage(story_llm_log(500, 100, "p1", "r1"), 1, 2, 3));
    story_tell(&s, story_tool_start(600, "p1", "Agent", "u1"));
    struct event spawned = story_agent_start(610, "p1", "a1", "Explore");
    spawned.ids.tool_use_id = SLICE_LIT("u1");
    story_tell(&s, spawned);
    story_tell(&s, with_agent(with_usage(story_llm_log(900, 100, "p1", "r2"), 10, 20, 30), "a1", NULL));
    story_tell(
        &s, with_agent(failing(story_tool_log(950, 10, "p1", "Bash", "u2"), "ShellError", "1"), "a1", NULL));
    story_tell(&s, story_prompt(WITNESS_HOOK, 2000, "p2", NULL));
    story_tell(&s, with_usage(story_llm_log(2500, 100, "p2", "r3"), 100, 200, 300));
    const struct counters *tool = &story_node(&s, NODE_TOOL, "u1")->total;
    assert_int_equal(tool->llm_calls, 1);
    assert_int_equal(tool->input_tokens, 10);
    assert_int_equal(tool->tool_calls, 2); /* itself and what its agent called */
    assert_int_equal(tool->tool_errors, 1);
    assert_int_equal(tool->agents, 1);
    assert_int_equal(story_turn(&s, 1)->total.input_tokens, 11);
    assert_int_equal(story_turn(&s, 1)->total.cost_nano_usd, 33);
    const struct counters *all = &story_session(&s)->total;
    assert_int_equal(all->output_tokens, 222);
    assert_int_equal(all->cost_nano_usd, 333);
    struct counters seen = {0};
    sum(story_session(&s)->first_child, &seen);
    assert_int_equal(all->llm_calls, seen.llm_calls);
    assert_int_equal(all->tool_calls, seen.tool_calls);
    assert_int_equal(all->turns, seen.turns);
}

static void a_call_moves_when_its_place_becomes_known(void **state)
{
    (void)state;
    struct event run = with_span(with_trace(story_llm_span(700, 800, "t1", "r1"), "t1"), "s-llm", "s-run");
    story_tell(&s, run);
    assert_child_of(story_node(&s, NODE_LLM, "r1"), story_turn(&s, 1));
    struct event execution = story_event(EVENT_TOOL, WITNESS_SPAN, 900);
    execution.ids.tool_use_id = SLICE_LIT("u1");
    execution.name = SLICE_LIT("Agent");
    execution.span_role = SPAN_ROLE_EXECUTION;
    execution.phase = PHASE_FINISHED;
    story_tell(&s, with_span(with_trace(execution, "t1"), "s-run", "s-tool"));
    const struct node *tool = story_node(&s, NODE_TOOL, "u1");
    assert_child_of(story_node(&s, NODE_LLM, "r1"), tool);
    assert_int_equal(tool->total.llm_calls, 1);
    assert_int_equal(story_turn(&s, 1)->total.llm_calls, 1);
    assert_int_equal(story_session(&s)->total.llm_calls, 1);
}

static void retries_are_attempts_beyond_the_first(void **state)
{
    (void)state;
    struct event span = story_llm_span(0, 1500, "t1", "r1");
    span.attempts = 3;
    story_tell(&s, story_llm_log(1500, 200, "p1", "r1"));
    assert_int_equal(story_session(&s)->total.llm_retries, 0);
    story_tell(&s, span);
    assert_int_equal(story_session(&s)->total.llm_retries, 2);
    assert_int_equal(story_node(&s, NODE_LLM, "r1")->attempts, 3);
    assert_int_equal(story_session(&s)->total.llm_errors, 0);
}

static void a_failed_request_without_an_id_is_one_in_log_and_span(void **state)
{
    (void)state;
    struct event span = failing(story_llm_span(100, 900, "t1", NULL), "transport", "reset");
    struct event record = failing(story_llm_log(905, 0, "p1", NULL), "transport", "reset");
    story_tell(&s, with_trace(story_prompt(WITNESS_LOG, 0, "p1", NULL), "t1"));
    story_tell(&s, span);
    story_tell(&s, with_trace(record, "t1"));
    story_tell(&s, span);
    assert_int_equal(story_session(&s)->total.llm_calls, 1);
    assert_int_equal(story_session(&s)->total.llm_errors, 1);
    assert_int_equal(story_turn(&s, 1)->first_child->start_ns, STORY_AT(100));
    /* Another one, later. */
    story_tell(&s, failing(story_llm_span(1000, 1500, "t1", NULL), "transport", "reset"));
    assert_int_equal(story_session(&s)->total.llm_calls, 2);
}

static void an_unknown_cost_is_counted_as_unknown(void **state)
{
    (void)state;
    story_tell(&s, with_usage(story_llm_log(100, 10, "p1", "r1"), 5, 5, -1));
    story_tell(&s, with_usage(story_llm_log(200, 10, "p1", "r2"), 5, 5, 0));
    assert_int_equal(story_session(&s)->total.cost_unknown, 1);
    assert_int_equal(story_session(&s)->total.cost_nano_usd, 0);
}

static void old_results_without_ids_find_their_hooks(void **state)
{
    (void)state;
    story_tell(&s, story_prompt(WITNESS_LOG, 0, NULL, NULL));
    /* Two of one name, at nearly the same time: each record has its own hook. */
    story_tell(&s, story_tool_log(1000, 10, NULL, "Bash", NULL));
    story_tell(&s, story_tool_log(1010, 15, NULL, "Bash", NULL));
    assert_int_equal(story_session(&s)->total.tool_calls, 2);
    story_tell(&s, story_tool_end(1030, 20, NULL, "Bash", "u1"));
    story_tell(&s, story_tool_end(1040, 20, NULL, "Bash", "u2"));
    assert_int_equal(story_session(&s)->total.tool_calls, 2);
    /* One whose end the hooks never told. */
    story_tell(&s, story_tool_start(3000, NULL, "Read", "u3"));
    story_tell(&s, story_tool_log(3100, 90, NULL, "Read", NULL));
    assert_int_equal(story_session(&s)->total.tool_calls, 3);
    assert_int_equal(story_node(&s, NODE_TOOL, "u3")->state, NODE_DONE);
    /* Another tool is another call. */
    story_tell(&s, story_tool_log(3100, 90, NULL, "Write", NULL));
    assert_int_equal(story_session(&s)->total.tool_calls, 4);
}

static void two_equal_old_requests_of_other_moments_are_two(void **state)
{
    (void)state;
    story_tell(&s, with_usage(story_llm_log(1000, 300, NULL, NULL), 312, 8, 352000));
    story_tell(&s, with_usage(story_llm_log(1064, 300, NULL, NULL), 312, 8, 352000));
    story_tell(&s, with_usage(story_llm_log(1064, 300, NULL, NULL), 312, 8, 352000));
    assert_int_equal(story_session(&s)->total.llm_calls, 2);
}

static void records_without_ids_or_stamps_are_told_apart_by_content(void **state)
{
    (void)state;
    struct event e = with_usage(story_llm_log(1000, 300, NULL, NULL), 312, 8, 352000);
    e.stamp_ns = -1;
    e.time_ns = 0;
    story_tell(&s, e);
    e.arrival_ns += 1000 * STORY_MS; /* the same request, delivered again */
    story_tell(&s, e);
    assert_int_equal(story_session(&s)->total.llm_calls, 1);
}

static void a_tool_only_mentioned_is_not_shown(void **state)
{
    (void)state;
    struct event agent = story_agent_start(100, "p1", "a1", "Explore");
    agent.ids.tool_use_id = SLICE_LIT("u1");
    story_tell(&s, agent);
    assert_null(story_find(&s, NODE_TOOL, "u1"));
    assert_child_of(story_node(&s, NODE_AGENT, "a1"), story_turn(&s, 1));
    story_tell(&s, story_tool_start(90, "p1", "Agent", "u1"));
    assert_child_of(story_node(&s, NODE_AGENT, "a1"), story_node(&s, NODE_TOOL, "u1"));
}

static void a_request_that_tools_came_from_wants_tools(void **state)
{
    (void)state;
    struct event decided = story_decision(500, "p1", "Bash", "u1", DECISION_ACCEPTED, "config");
    decided.ids.request_id = SLICE_LIT("r1");
    story_tell(&s, decided);
    assert_null(story_find(&s, NODE_LLM, "r1"));
    story_tell(&s, story_llm_log(510, 100, "p1", "r1"));
    assert_true(story_node(&s, NODE_LLM, "r1")->wants_tools);
}

static void compactions_are_one_whoever_tells(void **state)
{
    (void)state;
    struct event begun = story_event(EVENT_COMPACTION, WITNESS_HOOK, 1000), done = begun, record = begun;
    begun.phase = PHASE_STARTED;
    begun.start_ns = STORY_AT(1000);
    done.phase = record.phase = PHASE_FINISHED;
    done.time_ns = done.end_ns = STORY_AT(1500);
    record.witness = WITNESS_LOG;
    record.time_ns = record.end_ns = STORY_AT(1510);
    record.start_ns = STORY_AT(995);
    record.tokens_before = 9000;
    record.tokens_after = 3000;
    begun.ids.prompt_id = done.ids.prompt_id = record.ids.prompt_id = SLICE_LIT("p1");
    begun.source = done.source = record.source = SLICE_LIT("manual");
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", "/compact"));
    story_tell(&s, begun);
    const struct node *n = story_turn(&s, 1)->first_child;
    assert_int_equal(n->kind, NODE_COMPACTION);
    assert_int_equal(n->state, NODE_RUNNING);
    story_tell(&s, record);
    story_tell(&s, done);
    n = story_turn(&s, 1)->first_child;
    assert_int_equal(n->state, NODE_DONE);
    assert_int_equal(n->tokens_before, 9000);
    assert_int_equal(n->tokens_after, 3000);
    assert_slice_equal(n->source, "manual");
    assert_null(n->next);
    /* The next one is another. */
    begun.time_ns = begun.start_ns = STORY_AT(8000);
    story_tell(&s, begun);
    assert_non_null(story_turn(&s, 1)->first_child->next);
}

static void notices_are_nodes_and_count_for_nothing(void **state)
{
    (void)state;
    struct event notice = story_event(EVENT_NOTICE, WITNESS_HOOK, 500);
    notice.name = SLICE_LIT("permission_prompt");
    notice.detail = SLICE_LIT("Claude needs your permission");
    notice.ids.prompt_id = SLICE_LIT("p1");
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", NULL));
    story_tell(&s, notice);
    story_tell(&s, notice);
    const struct node *n = story_turn(&s, 1)->first_child;
    assert_int_equal(n->kind, NODE_EVENT);
    assert_slice_equal(n->name, "permission_prompt");
    assert_null(n->next);
    assert_int_equal(story_session(&s)->total.tool_calls, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_request_seen_twice_counts_once),
        TEST(each_fact_is_the_best_witness_s_in_any_order),
        TEST(a_hook_s_start_is_better_than_one_reckoned_from_the_end),
        TEST(a_name_that_stands_for_another_gives_way),
        TEST(siblings_stand_by_start_and_then_by_key),
        TEST(totals_are_the_sums_of_the_calls_at_every_level),
        TEST(a_call_moves_when_its_place_becomes_known),
        TEST(retries_are_attempts_beyond_the_first),
        TEST(a_failed_request_without_an_id_is_one_in_log_and_span),
        TEST(an_unknown_cost_is_counted_as_unknown),
        TEST(old_results_without_ids_find_their_hooks),
        TEST(two_equal_old_requests_of_other_moments_are_two),
        TEST(records_without_ids_or_stamps_are_told_apart_by_content),
        TEST(a_tool_only_mentioned_is_not_shown),
        TEST(a_request_that_tools_came_from_wants_tools),
        TEST(compactions_are_one_whoever_tells),
        TEST(notices_are_nodes_and_count_for_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
