/* Sub-agents: under the call that started them, by proof or by likelihood, in the foreground and behind it.
 */
#include "test.h"

#include "fresh.h"

static struct event agent_call(int64_t end, const char *agent, const char *request)
{
    return with_agent(story_llm_log(end, 50, "p1", request), agent, NULL);
}

static struct event spawn(int64_t ms, const char *id, const char *type)
{
    struct event e = story_tool_start(ms, "p1", "Agent", id);
    e.agent_type = slice_str(type);
    return e;
}

static void calls_tell_of_their_agent(void **state)
{
    (void)state;
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", NULL));
    story_tell(&s, agent_call(500, "a1", "r1"));
    const struct node *agent = story_node(&s, NODE_AGENT, "a1");
    assert_child_of(agent, story_turn(&s, 1));
    assert_child_of(story_node(&s, NODE_LLM, "r1"), agent);
    assert_int_equal(story_session(&s)->total.agents, 1);
    assert_int_equal(agent->state, NODE_RUNNING);
}

static void the_hook_after_the_call_ties_an_agent_to_it(void **state)
{
    (void)state;
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", NULL));
    story_tell(&s, spawn(100, "u1", NULL));
    story_tell(&s, spawn(110, "u2", NULL));
    story_tell(&s, agent_call(500, "a1", "r1"));
    assert_child_of(story_node(&s, NODE_AGENT, "a1"), story_node(&s, NODE_TOOL, "u1")); /* likely */
    struct event tied = story_agent_start(600, "p1", "a1", NULL);
    tied.ids.tool_use_id = SLICE_LIT("u2");
    story_tell(&s, tied);
    assert_child_of(story_node(&s, NODE_AGENT, "a1"), story_node(&s, NODE_TOOL, "u2")); /* certain */
}

static void spans_tie_an_agent_to_its_call(void **state)
{
    (void)state;
    struct event run = story_event(EVENT_TOOL, WITNESS_SPAN, 900);
    run.ids.tool_use_id = SLICE_LIT("u2");
    run.span_role = SPAN_ROLE_EXECUTION;
    run.phase = PHASE_FINISHED;
    story_tell(&s, with_trace(story_prompt(WITNESS_LOG, 0, "p1", NULL), "t1"));
    story_tell(&s, spawn(100, "u1", NULL));
    story_tell(&s, spawn(101, "u2", NULL));
    story_tell(&s, with_span(with_trace(agent_call(500, "a1", "r1"), "t1"), NULL, "s-run"));
    story_tell(&s, with_span(with_trace(run, "t1"), "s-run", "s-tool"));
    assert_child_of(story_node(&s, NODE_AGENT, "a1"), story_node(&s, NODE_TOOL, "u2"));
}

static void three_agents_of_three_calls_keep_to_their_own(void **state)
{
    (void)state;
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", NULL));
    static const char *const tools[] = {"u1", "u2", "u3"}, *const agents[] = {"a1", "a2", "a3"};
    for (int i = 2; i >= 0; i--)
        story_tell(&s, spawn(100 + i, tools[i], NULL));
    for (int i = 2; i >= 0; i--)
        story_tell(&s, story_agent_start(200 + i, "p1", agents[i], "Explore"));
    for (int i = 0; i < 3; i++)
        assert_child_of(story_node(&s, NODE_AGENT, agents[i]), story_node(&s, NODE_TOOL, tools[i]));
}

static void the_type_of_agent_tells_which_call(void **state)
{
    (void)state;
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", NULL));
    story_tell(&s, spawn(100, "u1", "Plan"));
    story_tell(&s, spawn(101, "u2", "Explore"));
    story_tell(&s, story_agent_start(200, "p1", "a1", "Explore"));
    story_tell(&s, story_agent_start(201, "p1", "a2", "Plan"));
    assert_child_of(story_node(&s, NODE_AGENT, "a1"), story_node(&s, NODE_TOOL, "u2"));
    assert_child_of(story_node(&s, NODE_AGENT, "a2"), story_node(&s, NODE_TOOL, "u1"));
}

static void a_call_that_was_over_long_ago_started_nothing(void **state)
{
    (void)state;
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", NULL));
    story_tell(&s, spawn(100, "u1", NULL));
    story_tell(&s, story_tool_end(900, 800, "p1", "Agent", "u1"));
    story_tell(&s, spawn(60000, "u2", NULL));
    story_tell(&s, story_agent_start(60010, "p1", "a1", "Explore"));
    assert_child_of(story_node(&s, NODE_AGENT, "a1"), story_node(&s, NODE_TOOL, "u2"));
}

static void nested_agents_hang_from_each_other(void **state)
{
    (void)state;
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", NULL));
    story_tell(&s, spawn(100, "u1", NULL));
    story_tell(&s, story_agent_start(110, "p1", "a1", "outer"));
    story_tell(&s, with_agent(spawn(200, "u2", NULL), "a1", NULL));
    story_tell(&s, with_agent(story_llm_log(500, 50, "p1", "r2"), "a2", "a1"));
    assert_child_of(story_node(&s, NODE_TOOL, "u2"), story_node(&s, NODE_AGENT, "a1"));
    assert_child_of(story_node(&s, NODE_AGENT, "a2"), story_node(&s, NODE_TOOL, "u2"));
    assert_int_equal(story_node(&s, NODE_LLM, "r2")->depth, 5);
    assert_int_equal(story_turn(&s, 1)->total.agents, 2);
}

static void a_background_agent_goes_on_after_its_turn(void **state)
{
    (void)state;
    struct event start = story_agent_start(110, "p1", "a1", "Explore");
    start.background = true;
    start.ids.tool_use_id = SLICE_LIT("u1");
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", NULL));
    story_tell(&s, spawn(100, "u1", NULL));
    story_tell(&s, start);
    story_tell(&s, story_tool_end(116, 16, "p1", "Agent", "u1"));
    story_tell(&s, with_agent(story_tool_start(300, "p1", "Bash", "u2"), "a1", NULL));
    story_tell(&s, story_stop(400, "p1"));
    assert_int_equal(story_turn(&s, 1)->state, NODE_DONE);
    assert_int_equal(story_node(&s, NODE_AGENT, "a1")->state, NODE_RUNNING);
    assert_int_equal(story_node(&s, NODE_TOOL, "u2")->state, NODE_RUNNING);
    story_tell(&s, story_agent_stop(900, "p1", "a1", "Explore"));
    assert_int_equal(story_node(&s, NODE_AGENT, "a1")->state, NODE_DONE);
    assert_int_equal(story_node(&s, NODE_TOOL, "u2")->state, NODE_INTERRUPTED);
}

static void calls_after_the_spawning_call_show_a_background_agent(void **state)
{
    (void)state;
    /* Nobody says so: its calls begin when the call that started it is over. */
    story_tell(&s, story_prompt(WITNESS_LOG, 0, "p1", NULL));
    struct event spawned = story_tool_log(116, 16, "p1", "Agent", "u1");
    story_tell(&s, spawned);
    story_tell(&s, agent_call(500, "a1", "r1"));
    const struct node *agent = story_node(&s, NODE_AGENT, "a1");
    assert_child_of(agent, story_node(&s, NODE_TOOL, "u1"));
    assert_true(agent->background);
    assert_int_equal(agent->state, NODE_RUNNING);
}

static void the_first_prompt_that_an_agent_names_is_its_own(void **state)
{
    (void)state;
    /* Later ones are what the process was asked in the meantime. */
    story_tell(&s, with_agent(story_tool_start(9000, "p2", "Bash", "u2"), "a1", NULL));
    story_tell(&s, story_prompt(WITNESS_HOOK, 5000, "p2", NULL));
    story_tell(&s, story_agent_start(100, "p1", "a1", "Explore"));
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", NULL));
    assert_child_of(story_node(&s, NODE_AGENT, "a1"), story_node(&s, NODE_TURN, "p1"));
    assert_child_of(story_node(&s, NODE_TOOL, "u2"), story_node(&s, NODE_AGENT, "a1"));
}

static void a_foreground_agent_is_done_when_its_call_is(void **state)
{
    (void)state;
    story_tell(&s, story_prompt(WITNESS_LOG, 0, "p1", NULL));
    story_tell(&s, agent_call(500, "a1", "r1"));
    story_tell(&s, story_tool_log(900, 800, "p1", "Agent", "u1"));
    assert_int_equal(story_node(&s, NODE_AGENT, "a1")->state, NODE_DONE);
    assert_false(story_node(&s, NODE_AGENT, "a1")->background);
}

static void a_session_s_end_cuts_off_background_agents_too(void **state)
{
    (void)state;
    struct event start = story_agent_start(110, "p1", "a1", "Explore"),
                 end = story_event(EVENT_SESSION, WITNESS_HOOK, 900);
    start.background = true;
    end.ended = true;
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", NULL));
    story_tell(&s, start);
    story_tell(&s, with_agent(story_tool_start(300, "p1", "Bash", "u2"), "a1", NULL));
    story_tell(&s, end);
    assert_int_equal(story_node(&s, NODE_AGENT, "a1")->state, NODE_INTERRUPTED);
    assert_int_equal(story_node(&s, NODE_TOOL, "u2")->state, NODE_INTERRUPTED);
}

static void a_stop_without_a_type_proves_no_agent(void **state)
{
    (void)state;
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", NULL));
    story_tell(&s, story_agent_stop(500, "p1", "a1", NULL));
    assert_null(story_find(&s, NODE_AGENT, "a1"));
    /* But it ends one that is known, also when the two come the wrong way round. */
    story_tell(&s, story_agent_start(100, "p1", "a1", "Explore"));
    assert_int_equal(story_node(&s, NODE_AGENT, "a1")->state, NODE_DONE);
    assert_int_equal(story_node(&s, NODE_AGENT, "a1")->end_ns, STORY_AT(500));
}

static void an_agent_that_starts_again_runs_again(void **state)
{
    (void)state;
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", NULL));
    story_tell(&s, story_agent_start(100, "p1", "a1", "Explore"));
    story_tell(&s, story_agent_stop(500, "p1", "a1", "Explore"));
    assert_int_equal(story_node(&s, NODE_AGENT, "a1")->state, NODE_DONE);
    story_tell(&s, story_agent_start(800, "p1", "a1", "Explore"));
    assert_int_equal(story_node(&s, NODE_AGENT, "a1")->state, NODE_RUNNING);
    story_tell(&s, story_agent_stop(900, "p1", "a1", "Explore"));
    assert_int_equal(story_node(&s, NODE_AGENT, "a1")->end_ns, STORY_AT(900));
}

static void a_sub_agent_s_stop_is_not_the_turn_s(void **state)
{
    (void)state;
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", NULL));
    story_tell(&s, with_agent(story_stop(500, "p1"), "a1", NULL));
    assert_int_equal(story_turn(&s, 1)->state, NODE_RUNNING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(calls_tell_of_their_agent),
        TEST(the_hook_after_the_call_ties_an_agent_to_it),
        TEST(spans_tie_an_agent_to_its_call),
        TEST(three_agents_of_three_calls_keep_to_their_own),
        TEST(the_type_of_agent_tells_which_call),
        TEST(a_call_that_was_over_long_ago_started_nothing),
        TEST(nested_agents_hang_from_each_other),
        TEST(a_background_agent_goes_on_after_its_turn),
        TEST(calls_after_the_spawning_call_show_a_background_agent),
        TEST(the_first_prompt_that_an_agent_names_is_its_own),
        TEST(a_foreground_agent_is_done_when_its_call_is),
        TEST(a_session_s_end_cuts_off_background_agents_too),
        TEST(a_stop_without_a_type_proves_no_agent),
        TEST(an_agent_that_starts_again_runs_again),
        TEST(a_sub_agent_s_stop_is_not_the_turn_s),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
