/* Records that name no session: held, shown under a provisional id, and moved when their session is known. */
#include "test.h"

#include "fresh.h"

static struct event unnamed(struct event e)
{
    e.ids.session_id = SLICE_NULL;
    e.sender = SLICE_LIT("0123456789abcdef");
    e.native = true;
    return e;
}

static void reopen(enum session_id_policy policy, size_t most)
{
    struct model_config config;
    model_config_init(&config);
    config.session_id_policy = policy;
    config.session_id_waiting_max = most;
    story_close(&s);
    s.model = model_create(&config);
}

static const struct session *provisional(void)
{
    return model_session(s.model, SLICE_LIT("unknown-01234567"));
}

static int64_t calls_of_all(void)
{
    int64_t sum = 0;
    for (const struct session *x = model_sessions(s.model); x; x = x->next)
        sum += x->total.llm_calls;
    return sum;
}

static void what_nobody_claims_is_shown_after_a_while(void **state)
{
    (void)state;
    story_tell(&s, unnamed(story_prompt(WITNESS_LOG, 0, "p1", "hello")));
    story_tell(&s, unnamed(story_llm_log(900, 300, "p1", "r1")));
    assert_null(provisional());
    assert_int_equal(model_due_ns(s.model), STORY_AT(5000));
    model_advance(s.model, STORY_AT(4999));
    assert_null(provisional());
    model_advance(s.model, STORY_AT(5000)); /* by the age of the oldest; the call is younger */
    assert_non_null(provisional());
    assert_true(provisional()->provisional);
    assert_int_equal(provisional()->total.turns, 1);
    assert_int_equal(provisional()->total.llm_calls, 0);
    assert_int_equal(model_due_ns(s.model), STORY_AT(5900));
    model_advance(s.model, STORY_AT(6000));
    assert_int_equal(provisional()->total.llm_calls, 1);
    assert_int_equal(model_due_ns(s.model),
                     STORY_AT(900) + REST_AFTER_NS); /* its silence is all that is due */
}

static void too_many_are_shown_at_once(void **state)
{
    (void)state;
    reopen(SESSION_ID_BUFFER, 2);
    story_tell(&s, unnamed(story_llm_log(100, 50, "p1", "r1")));
    story_tell(&s, unnamed(story_llm_log(200, 50, "p1", "r2")));
    assert_null(provisional());
    story_tell(&s, unnamed(story_llm_log(300, 50, "p1", "r3")));
    assert_int_equal(provisional()->total.llm_calls, 3);
}

static void the_eager_show_everything_at_once(void **state)
{
    (void)state;
    reopen(SESSION_ID_EAGER, 200);
    story_tell(&s, unnamed(story_llm_log(100, 50, "p1", "r1")));
    assert_int_equal(provisional()->total.llm_calls, 1);
}

static void a_hook_tells_whose_prompt_it_is(void **state)
{
    (void)state;
    story_tell(&s, unnamed(story_llm_log(900, 300, "p1", "r1")));
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", "hello"));
    assert_int_equal(story_session(&s)->total.llm_calls, 1);
    assert_child_of(story_node(&s, NODE_LLM, "r1"), story_turn(&s, 1));
    story_tell(&s, unnamed(story_llm_log(1900, 300, "p1", "r2"))); /* from now on at once */
    assert_int_equal(story_session(&s)->total.llm_calls, 2);
    model_advance(s.model, STORY_AT(60000));
    assert_null(provisional());
}

static void what_was_shown_moves_when_its_session_is_known(void **state)
{
    (void)state;
    struct fleet fleet;
    struct red_row rows[8];
    reopen(SESSION_ID_EAGER, 200);
    story_tell(&s, unnamed(with_usage(with_trace(story_llm_log(900, 300, "p1", "r1"), "t1"), 10, 20, 30)));
    story_tell(&s, unnamed(with_usage(with_trace(story_llm_log(1900, 300, "p2", "r2"), "t2"), 1, 2, 3)));
    assert_int_equal(provisional()->total.llm_calls, 2);
    story_tell(&s, story_llm_span(600, 900, "t1", "r1")); /* names its session, and is the same call */
    assert_int_equal(story_session(&s)->total.llm_calls, 1);
    assert_int_equal(story_session(&s)->total.cost_nano_usd, 30);
    assert_int_equal(provisional()->total.llm_calls, 1);
    assert_int_equal(calls_of_all(), 2);
    model_fleet(s.model, STORY_AT(2000), STORY_START, &fleet);
    assert_int_equal(fleet.total.llm_calls, 2);
    assert_int_equal(fleet.tokens_per_min, 33); /* nothing is left behind in any window */
    size_t n = model_red(s.model, STORY_AT(2000), 0, rows, 8);
    for (size_t i = 0; i < n; i++)
        if (rows[i].kind == RED_LLM)
            assert_int_equal(rows[i].count, 2);
    story_tell(&s, story_llm_span(1600, 1900, "t2", "r2"));
    assert_null(provisional());
    assert_int_equal(story_session(&s)->total.cost_nano_usd, 33);
    assert_int_equal(model_stats(s.model).evicted_sessions, 0);
}

static void the_trace_leads_from_a_prompt_to_its_session(void **state)
{
    (void)state;
    reopen(SESSION_ID_EAGER, 200);
    story_tell(&s, unnamed(with_trace(story_llm_log(900, 300, "p1", "r1"), "t1")));
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", "hello")); /* knows the prompt, not the trace */
    assert_null(provisional());
    assert_int_equal(story_session(&s)->total.llm_calls, 1);
}

static void a_sender_that_takes_the_provisional_id_gets_no_session(void **state)
{
    (void)state;
    reopen(SESSION_ID_EAGER, 200);
    story_tell(&s, unnamed(story_llm_log(900, 300, "p1", "r1")));
    struct event liar = in_session(story_llm_log(1900, 300, "p1", "r2"), "unknown-01234567");
    liar.native = true;
    story_tell(&s, liar);
    assert_int_equal(calls_of_all(), 2);
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", "hello"));
    assert_int_equal(story_session(&s)->total.llm_calls, 2);
    assert_null(provisional());
}

static void the_order_does_not_matter(void **state)
{
    (void)state;
    const struct event told[] = {unnamed(with_trace(story_llm_log(900, 300, "p1", "r1"), "t1")),
                                 story_prompt(WITNESS_HOOK, 0, "p1", "hello"),
                                 story_llm_span(600, 900, "t1", "r1"),
                                 unnamed(story_tool_log(1500, 200, "p1", "Bash", "u1"))};
    for (size_t from = 0; from < 4; from++)
        for (size_t step = 1; step < 4; step += 2) {
            reopen(SESSION_ID_EAGER, 200);
            for (size_t i = 0; i < 4; i++) {
                story_tell(&s, told[(from + i * step) % 4]);
                model_sessions(s.model);
            }
            assert_null(provisional());
            assert_int_equal(story_session(&s)->total.turns, 1);
            assert_int_equal(story_session(&s)->total.llm_calls, 1);
            assert_int_equal(story_session(&s)->total.tool_calls, 1);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_nobody_claims_is_shown_after_a_while),
        TEST(too_many_are_shown_at_once),
        TEST(the_eager_show_everything_at_once),
        TEST(a_hook_tells_whose_prompt_it_is),
        TEST(what_was_shown_moves_when_its_session_is_known),
        TEST(the_trace_leads_from_a_prompt_to_its_session),
        TEST(a_sender_that_takes_the_provisional_id_gets_no_session),
        TEST(the_order_does_not_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
