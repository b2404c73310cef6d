/* Turns: which records are one, when they begin and end, and what their end leaves behind. */
#include "test.h"

#include "fresh.h"

static void a_hook_and_a_record_of_one_prompt_are_one_turn(void **state)
{
    (void)state;
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", "hello"));
    story_tell(&s, story_prompt(WITNESS_LOG, 20, "p1", "hello"));
    assert_int_equal(story_session(&s)->total.turns, 1);
    const struct node *turn = story_turn(&s, 1);
    assert_slice_equal(turn->key, "p1");
    assert_slice_equal(turn->detail, "hello");
    assert_slice_equal(turn->source, "hook");
    assert_int_equal(turn->start_ns, STORY_AT(20)); /* the record's own time, not that of an arrival */
    assert_int_equal(turn->state, NODE_RUNNING);
}

static void prompts_within_a_moment_are_two_turns(void **state)
{
    (void)state;
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", "one"));
    story_tell(&s, story_prompt(WITNESS_HOOK, 3, "p2", "one"));
    assert_int_equal(story_session(&s)->total.turns, 2);
    assert_int_equal(story_turn(&s, 1)->state, NODE_DONE);
    assert_slice_equal(story_turn(&s, 1)->end_reason, "new_prompt");
    assert_int_equal(story_turn(&s, 2)->state, NODE_RUNNING);
}

static void text_typed_into_a_running_turn_opens_no_other(void **state)
{
    (void)state;
    const struct event told[] = {
        story_prompt(WITNESS_HOOK, 0, "p1", "first"),
        with_trace(story_prompt(WITNESS_LOG, 5, "p1", "first"), "t1"),
        story_prompt(WITNESS_HOOK, 900, "p1", "also do this"),
        with_trace(story_prompt(WITNESS_LOG, 905, "p1", "also do this"), "t1"),
    };
    for (size_t from = 0; from < 4; from++) {
        struct story other;
        story_open(&other);
        for (size_t i = 0; i < 4; i++)
            story_tell(&other, told[(from + i) % 4]);
        assert_int_equal(story_session(&other)->total.turns, 1);
        assert_slice_equal(story_turn(&other, 1)->detail, "first");
        assert_int_equal(story_turn(&other, 1)->start_ns, STORY_AT(5));
        story_close(&other);
    }
}

static void the_text_of_the_first_prompt_stands_when_the_record_withholds_it(void **state)
{
    (void)state;
    struct event redacted = story_prompt(WITNESS_LOG, 5, "p1", NULL);
    redacted.redacted = true;
    story_tell(&s, redacted);
    assert_true(story_turn(&s, 1)->redacted);
    story_tell(&s, story_prompt(WITNESS_HOOK, 900, "p1", "second"));
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", "first"));
    assert_slice_equal(story_turn(&s, 1)->detail, "first");
    assert_false(story_turn(&s, 1)->redacted);
    assert_true(story_session(&s)->redacted);
}

static void a_prompt_and_a_trace_that_begin_together_are_one_turn(void **state)
{
    (void)state;
    story_tell(&s, story_prompt(WITNESS_HOOK, 100, "p1", "hello"));
    story_tell(&s, story_turn_span(60, 900, "t1", "hello"));
    story_tell(&s, story_llm_span(200, 800, "t1", "r1"));
    assert_int_equal(story_session(&s)->total.turns, 1);
    const struct node *turn = story_turn(&s, 1);
    assert_child_of(story_node(&s, NODE_LLM, "r1"), turn);
    assert_true(turn->has_trace_id && memcmp(turn->trace_id, "t1", 3) == 0);
    assert_int_equal(turn->start_ns, STORY_AT(60));
    assert_int_equal(turn->end_ns, STORY_AT(900));
}

static void a_trace_that_says_another_text_is_another_turn(void **state)
{
    (void)state;
    story_tell(&s, story_prompt(WITNESS_HOOK, 100, "p1", "hello"));
    story_tell(&s, story_turn_span(60, 900, "t1", "something else"));
    assert_int_equal(story_session(&s)->total.turns, 2);
}

static void a_trace_far_from_a_prompt_is_another_turn(void **state)
{
    (void)state;
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", NULL));
    story_tell(&s, story_turn_span(5000, 9000, "t1", NULL));
    assert_int_equal(story_session(&s)->total.turns, 2);
}

static void the_nearest_of_several_traces_is_taken(void **state)
{
    (void)state;
    story_tell(&s, story_prompt(WITNESS_HOOK, 1000, "p1", NULL));
    story_tell(&s, story_prompt(WITNESS_HOOK, 1400, "p2", NULL));
    story_tell(&s, story_turn_span(1390, 1500, "t2", NULL));
    story_tell(&s, story_turn_span(1010, 1200, "t1", NULL));
    assert_int_equal(story_session(&s)->total.turns, 2);
    assert_memory_equal(story_turn(&s, 1)->trace_id, "t1", 3);
    assert_memory_equal(story_turn(&s, 2)->trace_id, "t2", 3);
}

static void proof_undoes_a_guess(void **state)
{
    (void)state;
    story_tell(&s, story_prompt(WITNESS_HOOK, 100, "p1", NULL));
    story_tell(&s, story_turn_span(60, 900, "t1", NULL));
    story_tell(&s, story_llm_span(200, 800, "t1", "r1"));
    assert_int_equal(story_session(&s)->total.turns, 1);
    /* The trace turns out to be that of another prompt. */
    story_tell(&s, with_trace(story_prompt(WITNESS_LOG, 80, "p0", "the real one"), "t1"));
    assert_int_equal(story_session(&s)->total.turns, 2);
    const struct node *real = story_node(&s, NODE_TURN, "p0"), *guessed = story_node(&s, NODE_TURN, "p1");
    assert_child_of(story_node(&s, NODE_LLM, "r1"), real);
    assert_false(guessed->has_trace_id);
    assert_int_equal(guessed->end_ns, 0);
    assert_int_equal(guessed->total.llm_calls, 0);
    assert_int_equal(real->total.llm_calls, 1);
    /* And the prompt's own trace comes. */
    story_tell(&s, with_trace(story_prompt(WITNESS_LOG, 110, "p1", NULL), "t2"));
    story_tell(&s, story_llm_span(1000, 1100, "t2", "r2"));
    assert_int_equal(story_session(&s)->total.turns, 2);
    assert_child_of(story_node(&s, NODE_LLM, "r2"), story_node(&s, NODE_TURN, "p1"));
}

static void a_call_that_names_both_joins_a_prompt_and_its_trace(void **state)
{
    (void)state;
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", NULL));
    story_tell(&s, story_turn_span(9000, 9900, "t1", NULL)); /* too far for a guess */
    assert_int_equal(story_session(&s)->total.turns, 2);
    story_tell(&s, with_trace(story_llm_log(9500, 100, "p1", "r1"), "t1"));
    assert_int_equal(story_session(&s)->total.turns, 1);
}

static void a_call_of_a_background_agent_joins_nothing(void **state)
{
    (void)state;
    story_tell(&s, with_trace(story_prompt(WITNESS_LOG, 0, "p1", NULL), "t1"));
    story_tell(&s, with_trace(story_prompt(WITNESS_LOG, 5000, "p2", NULL), "t2"));
    /* prompt.id is the process's newest one: it is not the agent's. */
    story_tell(&s, with_agent(with_trace(story_llm_log(6000, 100, "p2", "r1"), "t1"), "a1", NULL));
    const struct node *agent = story_node(&s, NODE_AGENT, "a1");
    assert_child_of(agent, story_node(&s, NODE_TURN, "p1"));
    assert_child_of(story_node(&s, NODE_LLM, "r1"), agent);
    assert_int_equal(story_session(&s)->total.turns, 2);
}

static void a_call_before_its_turn_is_known_makes_one_and_moves_nothing(void **state)
{
    (void)state;
    story_tell(&s, story_llm_span(200, 800, "t1", "r1"));
    const struct node *turn = story_turn(&s, 1);
    assert_slice_equal(turn->source, "heuristic");
    assert_int_equal(turn->start_ns, STORY_AT(200));
    uint64_t id = turn->id;
    story_tell(&s, with_trace(story_prompt(WITNESS_LOG, 100, "p1", "hello"), "t1"));
    assert_int_equal(story_session(&s)->total.turns, 1);
    /* A selection on the provisional node finds what took its place. */
    assert_ptr_equal(model_node_by_id(s.model, id), story_turn(&s, 1));
    assert_slice_equal(story_turn(&s, 1)->key, "p1");
}

static void the_open_prompt_gets_the_trace_whose_own_span_never_came(void **state)
{
    (void)state;
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", NULL));
    story_tell(&s, story_llm_span(30000, 31000, "t1", "r1"));
    assert_int_equal(story_session(&s)->total.turns, 1);
    assert_child_of(story_node(&s, NODE_LLM, "r1"), story_node(&s, NODE_TURN, "p1"));
}

static void a_trace_after_the_stop_is_a_turn_of_its_own(void **state)
{
    (void)state;
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", NULL));
    story_tell(&s, story_stop(1000, "p1"));
    story_tell(&s, story_llm_span(30000, 31000, "t1", "r1"));
    assert_int_equal(story_session(&s)->total.turns, 2);
}

static void two_prompts_in_one_trace_stay_two_turns(void **state)
{
    (void)state;
    /* A parent handed to two headless runs of one session. */
    story_tell(&s, with_trace(story_prompt(WITNESS_LOG, 0, "p1", "one"), "t1"));
    story_tell(&s, with_trace(story_llm_log(500, 100, "p1", "r1"), "t1"));
    story_tell(&s, with_trace(story_prompt(WITNESS_LOG, 9000, "p2", "two"), "t1"));
    story_tell(&s, with_trace(story_llm_log(9500, 100, "p2", "r2"), "t1"));
    assert_int_equal(story_session(&s)->total.turns, 2);
    assert_child_of(story_node(&s, NODE_LLM, "r1"), story_node(&s, NODE_TURN, "p1"));
    assert_child_of(story_node(&s, NODE_LLM, "r2"), story_node(&s, NODE_TURN, "p2"));
    assert_memory_equal(story_node(&s, NODE_TURN, "p2")->trace_id, "t1", 3);
}

static void old_clients_prompts_without_ids_are_joined_by_time_and_text(void **state)
{
    (void)state;
    story_tell(&s, story_prompt(WITNESS_LOG, 10, NULL, "hello"));
    story_tell(&s, story_prompt(WITNESS_HOOK, 60, NULL, "hello"));
    story_tell(&s, story_prompt(WITNESS_HOOK, 60, NULL, "hello")); /* once more */
    assert_int_equal(story_session(&s)->total.turns, 1);
    story_tell(&s, story_prompt(WITNESS_LOG, 500, NULL, "another"));
    assert_int_equal(story_session(&s)->total.turns, 2);
    story_tell(&s, story_llm_log(400, 100, NULL, "r1"));
    story_tell(&s, story_llm_log(900, 100, NULL, "r2"));
    assert_child_of(story_node(&s, NODE_LLM, "r1"), story_turn(&s, 1));
    assert_child_of(story_node(&s, NODE_LLM, "r2"), story_turn(&s, 2));
    /* A stop that names no turn ends the one that ran. */
    story_tell(&s, story_stop(450, NULL));
    assert_slice_equal(story_turn(&s, 1)->end_reason, "stop_hook");
    assert_int_equal(story_turn(&s, 1)->end_ns, STORY_AT(450));
    assert_int_equal(story_turn(&s, 2)->state, NODE_RUNNING);
}

static void a_stop_without_a_turn_makes_none(void **state)
{
    (void)state;
    story_tell(&s, story_stop(100, NULL));
    assert_null(story_session(&s)->first_child);
    assert_int_equal(story_session(&s)->total.turns, 0);
}

static void calls_of_no_prompt_hang_from_the_session(void **state)
{
    (void)state;
    story_tell(&s, story_llm_log(100, 50, NULL, "r0"));
    story_tell(&s, story_prompt(WITNESS_LOG, 500, "p1", NULL));
    const struct node *call = story_node(&s, NODE_LLM, "r0");
    assert_null(call->parent);
    assert_int_equal(call->number, 0);
    assert_ptr_equal(story_session(&s)->first_child, call);
    assert_int_equal(story_session(&s)->total.llm_calls, 1);
    assert_int_equal(story_turn(&s, 1)->total.llm_calls, 0);
}

static void a_late_earlier_prompt_takes_the_calls_of_its_time(void **state)
{
    (void)state;
    story_tell(&s, story_prompt(WITNESS_LOG, 0, NULL, "one"));
    story_tell(&s, story_llm_log(5500, 100, NULL, "r1"));
    assert_child_of(story_node(&s, NODE_LLM, "r1"), story_turn(&s, 1));
    story_tell(&s, story_prompt(WITNESS_LOG, 5000, NULL, "two"));
    assert_child_of(story_node(&s, NODE_LLM, "r1"), story_turn(&s, 2));
    assert_slice_equal(story_turn(&s, 2)->detail, "two");
}

static void orphans_are_closed_when_their_turn_ends(void **state)
{
    (void)state;
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", NULL));
    story_tell(&s, story_tool_start(100, "p1", "Bash", "u1"));
    assert_int_equal(story_node(&s, NODE_TOOL, "u1")->state, NODE_RUNNING);
    story_tell(&s, story_stop(900, "p1"));
    assert_int_equal(story_node(&s, NODE_TOOL, "u1")->state, NODE_INTERRUPTED);
    assert_int_equal(story_session(&s)->total.tool_calls, 1);
    assert_int_equal(story_session(&s)->total.tool_errors, 0);
    /* Its result comes after all. */
    story_tell(&s, story_tool_log(800, 700, "p1", "Bash", "u1"));
    assert_int_equal(story_node(&s, NODE_TOOL, "u1")->state, NODE_DONE);
}

static void the_next_prompt_ends_a_turn_at_its_last_activity(void **state)
{
    (void)state;
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", NULL));
    story_tell(&s, story_llm_log(700, 200, "p1", "r1"));
    story_tell(&s, story_prompt(WITNESS_HOOK, 60000, "p2", NULL));
    const struct node *turn = story_turn(&s, 1);
    assert_slice_equal(turn->end_reason, "new_prompt");
    assert_int_equal(turn->end_ns, STORY_AT(700));
    assert_int_equal(turn->duration_ns, 700 * STORY_MS);
}

static void a_turn_that_is_seen_to_go_on_is_not_ended_by_another_prompt(void **state)
{
    (void)state;
    /* Two processes on one session. */
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", NULL));
    story_tell(&s, story_prompt(WITNESS_HOOK, 1000, "p2", NULL));
    story_tell(&s, story_tool_start(2000, "p1", "Bash", "u1"));
    assert_int_equal(story_turn(&s, 1)->state, NODE_RUNNING);
    assert_int_equal(story_node(&s, NODE_TOOL, "u1")->state, NODE_RUNNING);
    story_tell(&s, story_prompt(WITNESS_HOOK, 3000, "p3", NULL));
    assert_int_equal(story_turn(&s, 1)->state, NODE_INTERRUPTED);
    assert_int_equal(story_node(&s, NODE_TOOL, "u1")->state, NODE_INTERRUPTED);
}

static void an_end_without_a_stop_was_the_users_doing(void **state)
{
    (void)state;
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", NULL));
    story_tell(&s, story_stop(900, "p1"));
    /* Esc while the answer streams: the span of the turn is all that comes. */
    story_tell(&s, story_prompt(WITNESS_HOOK, 2000, "p2", NULL));
    story_tell(&s, with_trace(story_prompt(WITNESS_LOG, 2000, "p2", NULL), "t2"));
    story_tell(&s, story_turn_span(1990, 4000, "t2", NULL));
    assert_slice_equal(story_turn(&s, 2)->end_reason, "interrupted");
    assert_int_equal(story_turn(&s, 2)->state, NODE_INTERRUPTED);
    assert_int_equal(story_turn(&s, 2)->total.llm_calls, 0);
    /* A command has no prompt hook, and no stop either. */
    story_tell(&s, with_trace(story_prompt(WITNESS_LOG, 6000, "p3", "/cost"), "t3"));
    story_tell(&s, story_turn_span(5990, 6010, "t3", "/cost"));
    assert_slice_equal(story_turn(&s, 3)->end_reason, "span_end");
    assert_int_equal(story_turn(&s, 3)->state, NODE_DONE);
}

static void esc_in_a_tool_is_the_users_doing_too(void **state)
{
    (void)state;
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", NULL));
    story_tell(&s, story_stop(900, "p1"));
    story_tell(&s, story_prompt(WITNESS_HOOK, 2000, "p2", NULL));
    story_tell(&s, with_trace(story_prompt(WITNESS_LOG, 2000, "p2", NULL), "t2"));
    story_tell(&s, story_tool_start(2500, "p2", "Bash", "u1"));
    story_tell(&s,
               failing(story_tool_log(4000, 1500, "p2", "Bash", "u1"), "ShellError", "Shell command failed"));
    story_tell(&s, story_turn_span(1990, 4010, "t2", NULL));
    assert_int_equal(story_turn(&s, 2)->state, NODE_INTERRUPTED);
    assert_int_equal(story_node(&s, NODE_TOOL, "u1")->state, NODE_FAILED);
    assert_int_equal(story_status(&s, 9000).state, RUN_IDLE);
}

static void a_shell_command_of_the_user_is_a_turn_of_its_trace(void **state)
{
    (void)state;
    /* "!ls": no prompt record; the prompt id in the log is still that of the prompt before. */
    story_tell(&s, with_trace(story_prompt(WITNESS_LOG, 0, "p1", "hello"), "t1"));
    story_tell(&s, story_turn_span(0, 900, "t1", "hello"));
    story_tell(&s, with_trace(story_llm_log(5500, 100, "p1", "r2"), "t2"));
    story_tell(&s, story_turn_span(5000, 5600, "t2", "ls"));
    assert_int_equal(story_session(&s)->total.turns, 2);
    assert_slice_equal(story_turn(&s, 2)->detail, "ls");
    assert_child_of(story_node(&s, NODE_LLM, "r2"), story_turn(&s, 2));
}

static void without_stop_hooks_an_end_is_just_an_end(void **state)
{
    (void)state;
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", NULL));
    story_tell(&s, with_trace(story_prompt(WITNESS_LOG, 0, "p1", NULL), "t1"));
    story_tell(&s, story_turn_span(0, 900, "t1", NULL));
    assert_slice_equal(story_turn(&s, 1)->end_reason, "span_end");
    assert_int_equal(story_turn(&s, 1)->state, NODE_DONE);
}

static void a_turn_whose_last_request_failed_has_failed(void **state)
{
    (void)state;
    story_tell(&s, with_trace(story_prompt(WITNESS_LOG, 0, "p1", NULL), "t1"));
    story_tell(&s, failing(story_llm_log(300, 100, "p1", "r1"), "rate_limit", "429"));
    story_tell(&s, story_llm_log(700, 100, "p1", "r2"));
    story_tell(&s, story_turn_span(0, 900, "t1", NULL));
    assert_int_equal(story_turn(&s, 1)->state, NODE_DONE); /* it went on after the failure */
    story_tell(&s, failing(story_llm_log(890, 100, "p1", "r3"), "server", "500"));
    assert_int_equal(story_turn(&s, 1)->state, NODE_FAILED);
    assert_slice_equal(story_turn(&s, 1)->error_type, "server");
    assert_int_equal(story_session(&s)->total.llm_errors, 2);
}

static void a_turn_shows_the_model_of_its_own_calls(void **state)
{
    (void)state;
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", NULL));
    story_tell(&s, story_llm_log(500, 100, "p1", "r1"));
    struct event title = story_llm_log(900, 100, "p1", "r2"), sub = story_llm_log(950, 100, "p1", "r3");
    title.model = sub.model = SLICE_LIT("haiku");
    title.auxiliary = true;
    story_tell(&s, title);
    story_tell(&s, with_agent(sub, "a1", NULL));
    assert_slice_equal(story_turn(&s, 1)->model, "opus");
    assert_slice_equal(story_node(&s, NODE_AGENT, "a1")->model, "haiku");
    assert_slice_equal(story_session(&s)->model, "opus");
    struct slice models[4];
    assert_int_equal(model_session_models(story_session(&s), models, 4), 2);
    assert_slice_equal(models[0], "opus");
    assert_slice_equal(models[1], "haiku");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_hook_and_a_record_of_one_prompt_are_one_turn),
        TEST(prompts_within_a_moment_are_two_turns),
        TEST(text_typed_into_a_running_turn_opens_no_other),
        TEST(the_text_of_the_first_prompt_stands_when_the_record_withholds_it),
        TEST(a_prompt_and_a_trace_that_begin_together_are_one_turn),
        TEST(a_trace_that_says_another_text_is_another_turn),
        TEST(a_trace_far_from_a_prompt_is_another_turn),
        TEST(the_nearest_of_several_traces_is_taken),
        TEST(proof_undoes_a_guess),
        TEST(a_call_that_names_both_joins_a_prompt_and_its_trace),
        TEST(a_call_of_a_background_agent_joins_nothing),
        TEST(a_call_before_its_turn_is_known_makes_one_and_moves_nothing),
        TEST(the_open_prompt_gets_the_trace_whose_own_span_never_came),
        TEST(a_trace_after_the_stop_is_a_turn_of_its_own),
        TEST(two_prompts_in_one_trace_stay_two_turns),
        TEST(old_clients_prompts_without_ids_are_joined_by_time_and_text),
        TEST(a_stop_without_a_turn_makes_none),
        TEST(calls_of_no_prompt_hang_from_the_session),
        TEST(a_late_earlier_prompt_takes_the_calls_of_its_time),
        TEST(orphans_are_closed_when_their_turn_ends),
        TEST(the_next_prompt_ends_a_turn_at_its_last_activity),
        TEST(a_turn_that_is_seen_to_go_on_is_not_ended_by_another_prompt),
        TEST(an_end_without_a_stop_was_the_users_doing),
        TEST(esc_in_a_tool_is_the_users_doing_too),
        TEST(a_shell_command_of_the_user_is_a_turn_of_its_trace),
        TEST(without_stop_hooks_an_end_is_just_an_end),
        TEST(a_turn_whose_last_request_failed_has_failed),
        TEST(a_turn_shows_the_model_of_its_own_calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
