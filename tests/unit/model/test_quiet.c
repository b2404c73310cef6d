/* Turns of sessions that tell of none, and turns by hooks alone. */
#include "test.h"

#include "fresh.h"

static void reopen(enum turn_mode mode)
{
    story_close(&s);
    story_open_mode(&s, mode);
}

static struct event request(int64_t end, int64_t took, const char *id, bool wants_tools)
{
    struct event e = story_llm_log(end, took, NULL, id);
    e.wants_tools = wants_tools;
    return e;
}

static void silence_ends_a_turn_and_a_request_opens_the_next(void **state)
{
    (void)state;
    story_tell(&s, request(1000, 500, "r1", false));
    story_tell(&s, request(5000, 500, "r2", false));
    assert_int_equal(story_session(&s)->total.turns, 2);
    const struct node *first = story_turn(&s, 1);
    assert_child_of(story_node(&s, NODE_LLM, "r1"), first);
    assert_child_of(story_node(&s, NODE_LLM, "r2"), story_turn(&s, 2));
    assert_slice_equal(first->source, "heuristic");
    assert_slice_equal(first->end_reason, "idle_after_stop_reason");
    assert_int_equal(first->start_ns, STORY_AT(500));
    assert_int_equal(first->end_ns, STORY_AT(1000)); /* the last activity, not the end of the wait */
    assert_int_equal(first->number, 1);
}

static void a_request_within_the_idle_time_belongs_to_the_turn(void **state)
{
    (void)state;
    story_tell(&s, request(1000, 500, "r1", false));
    story_tell(&s, request(2600, 200, "r2", false)); /* began 1400 ms after the first */
    assert_int_equal(story_session(&s)->total.turns, 1);
}

static void tools_and_their_results_open_no_turn(void **state)
{
    (void)state;
    story_tell(&s, request(1000, 500, "r1", true));
    story_tell(&s, story_tool_log(20000, 18000, NULL, "Bash", "u1"));
    story_tell(&s, request(60000, 500, "r2", false)); /* answers it, however late */
    assert_int_equal(story_session(&s)->total.turns, 1);
    /* And nothing is closed while one runs. */
    story_tell(&s, story_decision(60100, NULL, "Bash", "u2", DECISION_ACCEPTED, "config"));
    story_tell(&s, request(90000, 500, "r3", false));
    assert_int_equal(story_session(&s)->total.turns, 1);
}

static void the_model_knows_when_silence_will_end_it(void **state)
{
    (void)state;
    story_tell(&s, request(1000, 500, "r1", false));
    assert_int_equal(story_turn(&s, 1)->state, NODE_RUNNING);
    assert_int_equal(model_due_ns(s.model), STORY_AT(2500));
    model_advance(s.model, STORY_AT(2499));
    assert_int_equal(story_turn(&s, 1)->state, NODE_RUNNING);
    model_advance(s.model, STORY_AT(2500));
    assert_int_equal(story_turn(&s, 1)->state, NODE_DONE);
    assert_int_equal(story_turn(&s, 1)->end_ns, STORY_AT(1000));
    assert_int_equal(model_due_ns(s.model), 0);
    /* A call after all takes the end back. */
    story_tell(&s, request(2400, 100, "r2", false));
    assert_int_equal(story_session(&s)->total.turns, 1);
    assert_int_equal(story_turn(&s, 1)->end_ns, 0);
    model_advance(s.model, STORY_AT(3900));
    assert_int_equal(story_turn(&s, 1)->end_ns, STORY_AT(2400));
}

static void an_arrival_is_time_too(void **state)
{
    (void)state;
    story_tell(&s, request(1000, 500, "r1", false));
    story_tell(&s, in_session(request(9000, 500, "x1", false), "another"));
    assert_int_equal(story_turn(&s, 1)->state, NODE_DONE);
}

static void the_order_of_arrival_does_not_matter(void **state)
{
    (void)state;
    const struct event told[] = {request(1000, 500, "r1", true),
                                 story_tool_log(2000, 900, NULL, "Bash", "u1"),
                                 request(3000, 500, "r2", false), request(9000, 500, "r3", false)};
    for (size_t from = 0; from < 4; from++) {
        reopen(TURN_MODE_AUTO);
        for (size_t i = 0; i < 4; i++) {
            story_tell(&s, told[(from + i * 3) % 4]);
            story_session(&s);
        }
        assert_int_equal(story_session(&s)->total.turns, 2);
        assert_int_equal(story_turn(&s, 1)->total.llm_calls, 2);
        assert_int_equal(story_turn(&s, 1)->total.tool_calls, 1);
        assert_int_equal(story_turn(&s, 2)->start_ns, STORY_AT(8500));
    }
}

static void one_prompt_is_better_evidence_than_silence(void **state)
{
    (void)state;
    story_tell(&s, request(1000, 500, "r1", false));
    assert_int_equal(story_session(&s)->total.turns, 1);
    story_tell(&s, story_prompt(WITNESS_LOG, 5000, "p1", NULL));
    assert_int_equal(story_session(&s)->total.turns, 1);
    assert_null(story_node(&s, NODE_LLM, "r1")->parent); /* of no prompt: before the first */
    assert_int_equal(story_node(&s, NODE_LLM, "r1")->number, 0);
}

static void silence_alone_counts_when_it_is_asked_for(void **state)
{
    (void)state;
    reopen(TURN_MODE_HEURISTIC);
    story_tell(&s, story_prompt(WITNESS_LOG, 400, "p1", "one"));
    story_tell(&s, story_llm_log(1000, 500, "p1", "r1"));
    story_tell(&s, story_prompt(WITNESS_LOG, 1200, "p2", "two"));
    story_tell(&s, story_llm_log(2000, 500, "p2", "r2"));
    story_tell(&s, story_llm_log(9000, 500, "p2", "r3"));
    assert_int_equal(story_session(&s)->total.turns, 2);
    assert_child_of(story_node(&s, NODE_LLM, "r2"), story_turn(&s, 1));
    assert_slice_equal(story_turn(&s, 1)->detail, "one");
}

static void hooks_alone_count_when_they_are_asked_for(void **state)
{
    (void)state;
    reopen(TURN_MODE_HOOKS);
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", NULL));
    story_tell(&s, with_trace(story_prompt(WITNESS_LOG, 10, "p1", NULL), "t1"));
    story_tell(&s, story_turn_span(0, 900, "t1", NULL));
    assert_int_equal(story_turn(&s, 1)->state, NODE_RUNNING); /* a span closes nothing */
    story_tell(&s,
               with_trace(story_llm_log(5000, 500, "p2", "r2"), "t2")); /* nor does a trace open anything */
    assert_int_equal(story_session(&s)->total.turns, 1);
    assert_child_of(story_node(&s, NODE_LLM, "r2"), story_turn(&s, 1));
    story_tell(&s, story_stop(6000, "p1"));
    assert_int_equal(story_turn(&s, 1)->state, NODE_DONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(silence_ends_a_turn_and_a_request_opens_the_next),
        TEST(a_request_within_the_idle_time_belongs_to_the_turn),
        TEST(tools_and_their_results_open_no_turn),
        TEST(the_model_knows_when_silence_will_end_it),
        TEST(an_arrival_is_time_too),
        TEST(the_order_of_arrival_does_not_matter),
        TEST(one_prompt_is_better_evidence_than_silence),
        TEST(silence_alone_counts_when_it_is_asked_for),
        TEST(hooks_alone_count_when_they_are_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
