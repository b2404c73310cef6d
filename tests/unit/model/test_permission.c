/* Permission: seen at once through hooks, decided by whoever says so, and the human's own time alone. */
#include "test.h"

#include "fresh.h"

static struct event wait_span(int64_t from, int64_t to, const char *source, enum decision d)
{
    struct event e = story_event(EVENT_SPAN, WITNESS_SPAN, to);
    e.span_role = SPAN_ROLE_WAIT;
    e.source = slice_str(source);
    e.decision = d;
    e.wait_ns = slice_starts(e.source, SLICE_LIT("user")) ? (to - from) * STORY_MS : -1;
    return with_span(with_trace(e, "t1"), "s-wait", "s-tool");
}

static struct event tool_span(int64_t from, int64_t to)
{
    struct event e = story_event(EVENT_TOOL, WITNESS_SPAN, to);
    e.ids.tool_use_id = SLICE_LIT("u1");
    e.name = SLICE_LIT("Bash");
    e.span_role = SPAN_ROLE_TOOL;
    e.phase = PHASE_STARTED;
    e.start_ns = STORY_AT(from);
    e.end_ns = STORY_AT(to);
    return with_span(with_trace(e, "t1"), "s-tool", "s-turn");
}

static struct event notified(int64_t ms)
{
    struct event e = story_event(EVENT_PERMISSION, WITNESS_HOOK, ms);
    e.ids.prompt_id = SLICE_LIT("p1");
    e.source = SLICE_LIT("notification");
    return e;
}

static void begin(void)
{
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", NULL));
    story_tell(&s, story_tool_start(100, "p1", "Bash", "u1"));
}

static void a_prompt_makes_its_tool_wait(void **state)
{
    (void)state;
    begin();
    story_tell(&s, story_ask(130, "p1", "Bash"));
    struct run_status status = story_status(&s, 5000);
    assert_int_equal(status.state, RUN_PERMISSION);
    assert_int_equal(status.since_ns, STORY_AT(130));
    assert_string_equal(status.evidence, "PermissionRequest hook");
    assert_ptr_equal(status.node, story_node(&s, NODE_TOOL, "u1"));
    assert_int_equal(story_node(&s, NODE_TOOL, "u1")->state, NODE_WAITING);
    struct fleet fleet;
    model_fleet(s.model, STORY_AT(5000), STORY_START, &fleet);
    assert_int_equal(fleet.waiting, 1);
}

static void a_prompt_before_its_tool_is_known_waits_too(void **state)
{
    (void)state;
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", NULL));
    story_tell(&s, story_ask(130, "p1", "Bash"));
    assert_int_equal(story_status(&s, 5000).state, RUN_PERMISSION);
    assert_ptr_equal(story_status(&s, 5000).node, story_turn(&s, 1));
    story_tell(&s, story_tool_start(100, "p1", "Bash", "u1"));
    assert_int_equal(story_node(&s, NODE_TOOL, "u1")->state, NODE_WAITING);
}

static void an_unplaced_prompt_stands_until_anything_is_heard(void **state)
{
    (void)state;
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", NULL));
    story_tell(&s, story_ask(130, "p1", "Bash"));
    story_tell(&s, story_llm_log(900, 100, "p1", "r1"));
    assert_int_equal(story_status(&s, 1000).state, RUN_THINKING);
}

static void the_notification_alone_is_evidence(void **state)
{
    (void)state;
    begin();
    story_tell(&s, notified(6330));
    struct run_status status = story_status(&s, 7000);
    assert_int_equal(status.state, RUN_PERMISSION);
    assert_int_equal(status.since_ns, STORY_AT(6330));
    assert_string_equal(status.evidence, "permission_prompt notification");
}

static void the_notification_adds_nothing_to_the_prompt(void **state)
{
    (void)state;
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", NULL));
    story_tell(&s, story_tool_start(50, "p1", "Read", "u0")); /* runs beside it */
    story_tell(&s, notified(6330));
    story_tell(&s, story_tool_start(100, "p1", "Bash", "u1"));
    story_tell(&s, story_ask(130, "p1", "Bash"));
    struct run_status status = story_status(&s, 7000);
    assert_int_equal(status.since_ns, STORY_AT(130));
    assert_ptr_equal(status.node, story_node(&s, NODE_TOOL, "u1"));
    assert_int_equal(story_node(&s, NODE_TOOL, "u0")->state, NODE_RUNNING);
}

static void the_decision_ends_the_wait(void **state)
{
    (void)state;
    begin();
    story_tell(&s, story_ask(130, "p1", "Bash"));
    story_tell(&s, story_decision(3130, "p1", "Bash", "u1", DECISION_ACCEPTED, "user_temporary"));
    assert_int_equal(story_status(&s, 4000).state, RUN_TOOL);
    assert_int_equal(story_node(&s, NODE_TOOL, "u1")->wait_ns, 3000 * STORY_MS);
    story_tell(&s, story_tool_end(9130, 5990, "p1", "Bash", "u1"));
    const struct node *tool = story_node(&s, NODE_TOOL, "u1");
    assert_int_equal(tool->wait_ns, 3000 * STORY_MS); /* without the run */
    assert_int_equal(tool->duration_ns, 5990 * STORY_MS);
    assert_slice_equal(tool->source, "user_temporary");
    assert_int_equal(story_session(&s)->total.wait_ns, 3000 * STORY_MS);
}

static void the_span_s_measure_of_the_wait_is_the_best(void **state)
{
    (void)state;
    begin();
    story_tell(&s, story_ask(130, "p1", "Bash"));
    story_tell(&s, story_decision(3130, "p1", "Bash", "u1", DECISION_ACCEPTED, "user_temporary"));
    story_tell(&s,
               wait_span(110, 3130, "user_temporary", DECISION_ACCEPTED)); /* before its tool, as always */
    story_tell(&s, tool_span(105, 9000));
    assert_int_equal(story_node(&s, NODE_TOOL, "u1")->wait_ns, 3020 * STORY_MS);
}

static void hooks_alone_give_the_wait_up_to_the_run(void **state)
{
    (void)state;
    begin();
    story_tell(&s, story_ask(130, "p1", "Bash"));
    story_tell(&s, story_tool_end(9130, 6000, "p1", "Bash", "u1"));
    assert_int_equal(story_node(&s, NODE_TOOL, "u1")->wait_ns, 3000 * STORY_MS);
    assert_int_equal(story_node(&s, NODE_TOOL, "u1")->state, NODE_DONE);
}

static void a_rule_that_decides_keeps_nobody_waiting(void **state)
{
    (void)state;
    begin();
    story_tell(&s, story_ask(130, "p1", "Bash"));
    story_tell(&s, story_decision(170, "p1", "Bash", "u1", DECISION_REJECTED, "config"));
    story_tell(&s, wait_span(110, 170, "config", DECISION_REJECTED));
    story_tell(&s, tool_span(105, 175));
    const struct node *tool = story_node(&s, NODE_TOOL, "u1");
    assert_int_equal(tool->wait_ns, -1);
    assert_int_equal(tool->state, NODE_REJECTED);
}

static void a_rejection_is_no_error(void **state)
{
    (void)state;
    begin();
    story_tell(&s, story_ask(130, "p1", "Bash"));
    story_tell(&s, story_decision(2130, "p1", "Bash", "u1", DECISION_REJECTED, "user_reject"));
    const struct counters *c = &story_session(&s)->total;
    assert_int_equal(c->tool_rejections, 1);
    assert_int_equal(c->tool_errors, 0);
    assert_int_equal(c->tool_calls, 1);
    assert_int_equal(c->wait_ns, 2000 * STORY_MS);
    /* The user's no is the end of the turn. */
    assert_int_equal(story_status(&s, 3000).state, RUN_IDLE);
    assert_slice_equal(story_turn(&s, 1)->end_reason, "user_reject");
    assert_int_equal(story_turn(&s, 1)->state, NODE_INTERRUPTED);
    /* Its end does not make the tool an orphan. */
    story_tell(&s, story_stop(4000, "p1"));
    assert_int_equal(story_node(&s, NODE_TOOL, "u1")->state, NODE_REJECTED);
}

static void the_wait_span_alone_tells_the_decision(void **state)
{
    (void)state;
    story_tell(&s, tool_span(105, 175));
    story_tell(&s, wait_span(110, 170, "user_reject", DECISION_REJECTED));
    assert_int_equal(story_node(&s, NODE_TOOL, "u1")->state, NODE_REJECTED);
    assert_slice_equal(story_node(&s, NODE_TOOL, "u1")->source, "user_reject");
    assert_int_equal(story_node(&s, NODE_TOOL, "u1")->wait_ns, 60 * STORY_MS);
}

static void of_two_that_could_be_meant_the_same_command_is(void **state)
{
    (void)state;
    struct event first = story_tool_start(100, "p1", "Bash", "u1"),
                 second = story_tool_start(110, "p1", "Bash", "u2");
    struct event ask = story_ask(150, "p1", "Bash");
    first.detail = ask.detail = SLICE_LIT("rm -rf dist");
    second.detail = SLICE_LIT("ls");
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", NULL));
    story_tell(&s, first);
    story_tell(&s, second);
    story_tell(&s, ask);
    assert_int_equal(story_node(&s, NODE_TOOL, "u1")->state, NODE_WAITING);
    assert_int_equal(story_node(&s, NODE_TOOL, "u2")->state, NODE_RUNNING);
}

static void two_prompts_for_two_equal_calls_are_one_each(void **state)
{
    (void)state;
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", NULL));
    story_tell(&s, story_tool_start(100, "p1", "Bash", "u1"));
    story_tell(&s, story_tool_start(101, "p1", "Bash", "u2"));
    story_tell(&s, story_ask(120, "p1", "Bash"));
    story_tell(&s, story_ask(121, "p1", "Bash"));
    assert_int_equal(story_node(&s, NODE_TOOL, "u1")->state, NODE_WAITING);
    assert_int_equal(story_node(&s, NODE_TOOL, "u2")->state, NODE_WAITING);
}

static void a_call_that_was_decided_before_is_not_meant(void **state)
{
    (void)state;
    begin();
    story_tell(&s, story_decision(110, "p1", "Bash", "u1", DECISION_ACCEPTED, "config"));
    story_tell(&s, story_ask(60000, "p1", "Bash"));
    assert_int_equal(story_node(&s, NODE_TOOL, "u1")->state, NODE_RUNNING);
    story_tell(&s, story_tool_start(59990, "p1", "Bash", "u2"));
    assert_int_equal(story_node(&s, NODE_TOOL, "u2")->state, NODE_WAITING);
}

static void a_waiting_tool_whose_turn_ends_is_cut_off(void **state)
{
    (void)state;
    begin();
    story_tell(&s, story_ask(130, "p1", "Bash"));
    story_tell(&s, story_prompt(WITNESS_HOOK, 9000, "p2", NULL));
    assert_int_equal(story_node(&s, NODE_TOOL, "u1")->state, NODE_INTERRUPTED);
    assert_int_equal(story_status(&s, 9100).state, RUN_THINKING);
}

static void an_agent_waits_with_its_tool_and_goes_on_with_it(void **state)
{
    (void)state;
    struct event tied = story_agent_start(110, "p1", "a1", "Explore");
    tied.ids.tool_use_id = SLICE_LIT("task");
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", NULL));
    story_tell(&s, story_tool_start(100, "p1", "Agent", "task"));
    story_tell(&s, tied);
    story_tell(&s, with_agent(story_tool_start(200, "p1", "Bash", "u1"), "a1", NULL));
    story_tell(&s, with_agent(story_ask(210, "p1", "Bash"), "a1", NULL));
    assert_int_equal(story_node(&s, NODE_TOOL, "u1")->state, NODE_WAITING);
    assert_int_equal(story_node(&s, NODE_AGENT, "a1")->state, NODE_WAITING);
    assert_int_equal(story_node(&s, NODE_TOOL, "task")->state, NODE_WAITING);
    assert_int_equal(story_turn(&s, 1)->state, NODE_RUNNING);
    story_tell(&s, with_agent(story_tool_end(900, 90, "p1", "Bash", "u1"), "a1", NULL));
    assert_int_equal(story_node(&s, NODE_AGENT, "a1")->state, NODE_RUNNING);
    assert_int_equal(story_node(&s, NODE_TOOL, "task")->state, NODE_RUNNING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_prompt_makes_its_tool_wait),
        TEST(a_prompt_before_its_tool_is_known_waits_too),
        TEST(an_unplaced_prompt_stands_until_anything_is_heard),
        TEST(the_notification_alone_is_evidence),
        TEST(the_notification_adds_nothing_to_the_prompt),
        TEST(the_decision_ends_the_wait),
        TEST(the_span_s_measure_of_the_wait_is_the_best),
        TEST(hooks_alone_give_the_wait_up_to_the_run),
        TEST(a_rule_that_decides_keeps_nobody_waiting),
        TEST(a_rejection_is_no_error),
        TEST(the_wait_span_alone_tells_the_decision),
        TEST(of_two_that_could_be_meant_the_same_command_is),
        TEST(two_prompts_for_two_equal_calls_are_one_each),
        TEST(a_call_that_was_decided_before_is_not_meant),
        TEST(a_waiting_tool_whose_turn_ends_is_cut_off),
        TEST(an_agent_waits_with_its_tool_and_goes_on_with_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
