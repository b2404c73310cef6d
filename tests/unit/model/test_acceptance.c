/*
 * What a system of this kind must get right, case by case: the acceptance cases of the request interceptor
 * that this model stands in for, and those that it failed.
 */
#include "test.h"

#include "fresh.h"

#define EVERY_ORDER 24

/* Tells four events in every order, each time to a model of its own that is looked at in between. */
static void in_every_order(const struct event *told, size_t count, void (*check)(void))
{
    size_t order[4];
    for (size_t n = 0; n < EVERY_ORDER; n++) {
        size_t left = n;
        for (size_t i = 0; i < count; i++)
            order[i] = i;
        for (size_t i = count; i > 1; i--) {
            size_t k = left % i, other = order[i - 1];
            left /= i;
            order[i - 1] = order[k];
            order[k] = other;
        }
        story_close(&s);
        story_open(&s);
        for (size_t i = 0; i < count; i++) {
            story_tell(&s, told[order[i]]);
            story_session(&s);
        }
        check();
    }
}

static void is_one_loop(void)
{
    const struct session *session = story_session(&s);
    assert_int_equal(session->total.turns, 1);
    assert_int_equal(session->total.llm_calls, 2);
    assert_int_equal(session->total.tool_calls, 1);
    assert_int_equal(model_stats(s.model).sessions, 1);
}

static void case_1_a_prompt_a_tool_loop_and_a_stop(void **state)
{
    (void)state;
    const struct event told[] = {story_llm_log(900, 400, "p1", "r1"),
                                 story_tool_log(1500, 500, "p1", "Bash", "u1"),
                                 story_llm_log(2100, 500, "p1", "r2"), story_stop(2200, "p1")};
    in_every_order(told, 4, is_one_loop);
    assert_slice_equal(story_turn(&s, 1)->end_reason, "stop_hook");
}

static void case_2_the_usage_of_one_call_is_merged(void **state)
{
    (void)state;
    struct event log = with_usage(story_llm_log(900, 400, "p1", "r1"), 41, 7, 12345000);
    struct event span = with_usage(story_llm_span(500, 900, "t1", "r1"), 41, 7, -1);
    span.usage.cache_read_tokens = 9000;
    story_tell(&s, span);
    story_tell(&s, with_trace(log, "t1"));
    story_tell(&s, span);
    const struct counters *c = &story_session(&s)->total;
    assert_int_equal(c->llm_calls, 1);
    assert_int_equal(c->input_tokens, 41);
    assert_int_equal(c->output_tokens, 7);
    assert_int_equal(c->cache_read_tokens, 9000);
    assert_int_equal(c->cost_nano_usd, 12345000);
}

static void case_3_three_agents_of_one_response_each_under_its_own_call(void **state)
{
    (void)state;
    static const char *const calls[] = {"u1", "u2", "u3"}, *const agents[] = {"a1", "a2", "a3"};
    static const char *const requests[] = {"r1", "r2", "r3"};
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", NULL));
    for (int i = 0; i < 3; i++)
        story_tell(&s, story_tool_start(100 + i, "p1", "Agent", calls[i]));
    for (int i = 2; i >= 0; i--) {
        struct event tied = story_agent_start(200 + i, "p1", agents[i], "Explore");
        tied.ids.tool_use_id = slice_str(calls[i]);
        story_tell(&s, with_agent(story_llm_log(900 + i, 300, "p1", requests[i]), agents[i], NULL));
        story_tell(&s, tied);
    }
    assert_int_equal(story_session(&s)->total.agents, 3);
    for (int i = 0; i < 3; i++) {
        assert_child_of(story_node(&s, NODE_AGENT, agents[i]), story_node(&s, NODE_TOOL, calls[i]));
        assert_child_of(story_node(&s, NODE_LLM, requests[i]), story_node(&s, NODE_AGENT, agents[i]));
    }
}

static void case_4_two_failures_and_a_success_are_three_calls(void **state)
{
    (void)state;
    story_tell(&s, story_prompt(WITNESS_LOG, 0, "p1", NULL));
    story_tell(&s, failing(story_llm_log(500, 100, "p1", "r1"), "rate_limit", "429"));
    story_tell(&s, failing(story_llm_log(900, 100, "p1", "r2"), "server", "500"));
    story_tell(&s, story_llm_log(1500, 300, "p1", "r3"));
    const struct node *turn = story_turn(&s, 1);
    assert_int_equal(turn->total.llm_calls, 3);
    assert_int_equal(turn->total.llm_errors, 2);
    assert_slice_equal(story_node(&s, NODE_LLM, "r1")->error_type, "rate_limit");
    assert_slice_equal(story_node(&s, NODE_LLM, "r2")->error_type, "server");
    assert_int_equal(story_node(&s, NODE_LLM, "r1")->state, NODE_FAILED);
    assert_int_equal(turn->state, NODE_RUNNING); /* the third one answered */
}

static void case_4_retries_are_attempts_of_one_call(void **state)
{
    (void)state;
    const int64_t began[] = {STORY_AT(100), STORY_AT(1200), STORY_AT(3300)};
    struct event span = story_llm_span(100, 4000, "t1", "r1");
    span.attempts = 3;
    span.attempt_ns = began;
    span.attempt_count = 3;
    story_tell(&s, span);
    story_tell(&s, with_trace(story_llm_log(4000, 700, "p1", "r1"), "t1"));
    const struct node *llm = story_node(&s, NODE_LLM, "r1");
    assert_int_equal(story_session(&s)->total.llm_calls, 1);
    assert_int_equal(story_session(&s)->total.llm_retries, 2);
    assert_int_equal(llm->attempt_count, 3);
    assert_memory_equal(llm->attempt_ns, began, sizeof began);
    assert_int_equal(llm->state, NODE_DONE);
}

static void is_approved_with_its_wait(void)
{
    const struct node *tool = story_node(&s, NODE_TOOL, "u1");
    assert_int_equal(tool->wait_ns, 3000 * STORY_MS); /* not the tool's run */
    assert_slice_equal(tool->source, "user_temporary");
    assert_int_equal(tool->state, NODE_DONE);
    assert_int_equal(story_session(&s)->total.tool_rejections, 0);
}

static void case_5_a_permission_with_its_wait(void **state)
{
    (void)state;
    const struct event told[] = {
        story_tool_start(100, "p1", "Bash", "u1"), story_ask(130, "p1", "Bash"),
        story_decision(3130, "p1", "Bash", "u1", DECISION_ACCEPTED, "user_temporary"),
        story_tool_end(9130, 5990, "p1", "Bash", "u1")};
    in_every_order(told, 4, is_approved_with_its_wait);
}

static void case_6_costs_add_up_to_the_nano_dollar(void **state)
{
    (void)state;
    static const int64_t costs[] = {12345600, 1, 99999, 700000000};
    static const char *const ids[] = {"r1", "r2", "r3", "r4"};
    int64_t sum = 0;
    for (int i = 0; i < 4; i++) {
        story_tell(&s, with_usage(story_llm_log(1000 * (i + 1), 100, "p1", ids[i]), 1, 1, costs[i]));
        sum += costs[i];
    }
    assert_int_equal(story_session(&s)->total.cost_nano_usd, sum);
    assert_int_equal(story_turn(&s, 1)->total.cost_nano_usd, sum);
}

static void case_7_a_tool_belongs_to_the_request_that_asked_for_it(void **state)
{
    (void)state;
    struct event result = failing(story_tool_log(1500, 500, "p1", "Bash", "u1"), "ShellError", "Exit code 3");
    result.ids.request_id = SLICE_LIT("r1");
    story_tell(&s, result);
    story_tell(&s, story_llm_log(900, 400, "p1", "r1"));
    assert_true(story_node(&s, NODE_LLM, "r1")->wants_tools);
    assert_slice_equal(story_node(&s, NODE_TOOL, "u1")->error_message, "Exit code 3");
}

static void case_8_an_agents_stop_is_not_its_turns(void **state)
{
    (void)state;
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", NULL));
    story_tell(&s, story_agent_start(100, "p1", "a1", "Explore"));
    story_tell(&s, with_agent(story_tool_start(200, "p1", "Bash", "u1"), "a1", NULL));
    story_tell(&s, with_agent(story_tool_end(300, 90, "p1", "Bash", "u1"), "a1", NULL));
    story_tell(&s, story_agent_stop(400, "p1", "a1", "Explore"));
    story_tell(&s, with_agent(story_stop(400, "p1"), "a1", NULL));
    assert_int_equal(story_node(&s, NODE_AGENT, "a1")->state, NODE_DONE);
    assert_int_equal(story_turn(&s, 1)->state, NODE_RUNNING);
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
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", NULL));
    story_tell(&s, permission);
    story_tell(&s, story_stop(1000, "p1"));
    story_tell(&s, idle);
    const struct node *first = story_turn(&s, 1)->first_child;
    assert_slice_equal(first->name, "permission_prompt");
    assert_slice_equal(first->next->name, "idle_prompt");
    assert_int_equal(story_status(&s, 61500).state, RUN_INPUT); /* not a permission */
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
    story_tell(&s, c);
    story_tell(&s, prompt);
    const struct node *n = story_turn(&s, 1)->first_child;
    assert_int_equal(n->kind, NODE_COMPACTION);
    assert_slice_equal(n->source, "manual");
    assert_int_equal(n->tokens_before, 3801);
    assert_int_equal(n->tokens_after, 3013);
    assert_slice_equal(story_turn(&s, 1)->end_reason, "compacted");
}

static void case_11_a_stop_without_a_turn(void **state)
{
    (void)state;
    story_tell(&s, story_stop(1000, NULL));
    assert_int_equal(story_session(&s)->total.turns, 0);
    story_tell(&s, story_stop(1000, "p1")); /* one that names a turn proves that there was one */
    assert_int_equal(story_session(&s)->total.turns, 1);
}

static void calls_of_no_prompt_have_turn_number_0(void **state)
{
    (void)state;
    story_tell(&s, story_llm_log(100, 50, NULL, "r0"));
    story_tell(&s, story_prompt(WITNESS_LOG, 500, "p1", NULL));
    story_tell(&s, story_llm_log(900, 300, "p1", "r1"));
    assert_int_equal(story_node(&s, NODE_LLM, "r0")->number, 0);
    assert_int_equal(story_node(&s, NODE_LLM, "r1")->number, 1);
    assert_int_equal(story_session(&s)->total.turns, 1);
}

static void orphan_tools_are_closed_when_their_turn_ends(void **state)
{
    (void)state;
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", NULL));
    story_tell(&s, story_tool_start(100, "p1", "Bash", "u1"));
    story_tell(&s, story_stop(900, "p1"));
    assert_int_equal(story_node(&s, NODE_TOOL, "u1")->state, NODE_INTERRUPTED);
    assert_int_equal(story_status(&s, 1000).state, RUN_IDLE);
}

static void sum_calls(const struct node *n, struct counters *sum)
{
    for (; n; n = n->next) {
        if (n->kind == NODE_LLM) {
            sum->input_tokens += n->total.input_tokens;
            sum->output_tokens += n->total.output_tokens;
            sum->cost_nano_usd += n->total.cost_nano_usd;
        }
        sum_calls(n->first_child, sum);
    }
}

static void totals_are_the_sum_of_their_calls(void **state)
{
    (void)state;
    struct counters sum = {0};
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", NULL));
    story_tell(&s, story_tool_start(100, "p1", "Agent", "u1"));
    story_tell(&s, story_agent_start(110, "p1", "a1", "Explore"));
    story_tell(&s, with_agent(with_usage(story_llm_log(500, 300, "p1", "r1"), 10, 20, 300), "a1", NULL));
    story_tell(&s, with_usage(story_llm_log(900, 300, "p1", "r2"), 1, 2, 30));
    story_tell(&s, with_usage(story_llm_log(-900, 300, NULL, "r0"), 5, 5, 5));
    sum_calls(story_session(&s)->first_child, &sum);
    const struct counters *c = &story_session(&s)->total;
    assert_int_equal(c->input_tokens, 16);
    assert_int_equal(sum.input_tokens, c->input_tokens);
    assert_int_equal(sum.output_tokens, c->output_tokens);
    assert_int_equal(sum.cost_nano_usd, c->cost_nano_usd);
}

static void the_models_name_is_that_of_the_main_conversation(void **state)
{
    (void)state;
    struct event title = story_llm_log(950, 100, "p1", "r1"), agent,
                 main = story_llm_log(800, 300, "p1", "r3");
    title.model = SLICE_LIT("haiku");
    title.auxiliary = true;
    agent = with_agent(story_llm_log(990, 100, "p1", "r2"), "a1", NULL);
    agent.model = SLICE_LIT("sonnet");
    story_tell(&s, title);
    story_tell(&s, agent);
    story_tell(&s, main);
    assert_slice_equal(story_session(&s)->model, "opus");
    assert_slice_equal(story_turn(&s, 1)->model, "opus");
    assert_slice_equal(story_node(&s, NODE_AGENT, "a1")->model, "sonnet");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(case_1_a_prompt_a_tool_loop_and_a_stop),
        TEST(case_2_the_usage_of_one_call_is_merged),
        TEST(case_3_three_agents_of_one_response_each_under_its_own_call),
        TEST(case_4_two_failures_and_a_success_are_three_calls),
        TEST(case_4_retries_are_attempts_of_one_call),
        TEST(case_5_a_permission_with_its_wait),
        TEST(case_6_costs_add_up_to_the_nano_dollar),
        TEST(case_7_a_tool_belongs_to_the_request_that_asked_for_it),
        TEST(case_8_an_agents_stop_is_not_its_turns),
        TEST(case_9_notifications_of_two_types),
        TEST(case_10_a_compaction_with_its_numbers),
        TEST(case_11_a_stop_without_a_turn),
        TEST(calls_of_no_prompt_have_turn_number_0),
        TEST(orphan_tools_are_closed_when_their_turn_ends),
        TEST(totals_are_the_sum_of_their_calls),
        TEST(the_models_name_is_that_of_the_main_conversation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
