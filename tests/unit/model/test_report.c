/* What the client says of its session: status lines and starts. */
#include "test.h"

#include "fresh.h"

static struct event status(int64_t ms, int64_t used, double percentage)
{
    struct event e = story_event(EVENT_SESSION, WITNESS_STATUS, ms);
    e.model = SLICE_LIT("opus-5");
    e.model_name = SLICE_LIT("Opus 5");
    e.report.tells_context = true;
    e.report.used_tokens = used;
    e.report.window_tokens = 200000;
    e.report.used_percentage = percentage;
    e.report.cost_nano_usd = ms * 1000;
    return e;
}

static struct event started(int64_t ms, const char *source)
{
    struct event e = story_event(EVENT_SESSION, WITNESS_HOOK, ms);
    e.phase = PHASE_STARTED;
    e.source = slice_str(source);
    return e;
}

static void nothing_is_known_at_first(void **state)
{
    (void)state;
    story_tell(&s, started(0, "startup"));
    const struct session *got = story_session(&s);
    assert_int_equal(got->context.reported_ns, 0);
    assert_int_equal(got->context.used_tokens, -1);
    assert_int_equal(got->context.window_tokens, -1);
    assert_true(got->context.used_percentage < 0);
    assert_int_equal(got->limits.reported_ns, 0);
    assert_true(got->limits.five_hour.used_percentage < 0);
    assert_int_equal(got->reported_cost_nano_usd, -1);
    assert_true(slice_eq_str(got->start_source, "startup"));
}

static void the_newest_word_counts_whatever_the_order(void **state)
{
    (void)state;
    for (int order = 0; order < 2; order++) {
        struct event words[] = {status(1000, 5000, 2), status(2000, -1, -1), status(1500, 9000, 4)};
        words[0].report.tells_limits = true;
        words[0].report.five_hour = (struct event_limit){42, STORY_AT(9000)};
        words[0].branch = SLICE_LIT("main");
        for (int i = 0; i < 3; i++)
            story_tell(&s, in_session(words[order ? 2 - i : i], order ? "two" : "one"));
        const struct session *got = model_session(s.model, slice_str(order ? "two" : "one"));
        /* The client said last that it does not know: so nobody does. */
        assert_int_equal(got->context.used_tokens, -1);
        assert_int_equal(got->context.window_tokens, 200000);
        assert_int_equal(got->context.reported_ns, STORY_AT(2000));
        assert_true(got->limits.five_hour.used_percentage == 42);
        assert_int_equal(got->limits.five_hour.resets_ns, STORY_AT(9000));
        assert_true(got->limits.seven_day.used_percentage < 0);
        assert_int_equal(got->reported_cost_nano_usd, 2000000);
        assert_true(slice_eq_str(got->branch, "main"));
        assert_true(slice_eq_str(got->model_name, "Opus 5"));
    }
}

static void of_two_words_of_one_time_always_the_same_counts(void **state)
{
    (void)state;
    for (int order = 0; order < 2; order++) {
        const char *id = order ? "two" : "one";
        story_tell(&s, in_session(status(1000, order ? 9000 : 5000, 3), id));
        story_tell(&s, in_session(status(1000, order ? 5000 : 9000, 3), id));
        assert_int_equal(model_session(s.model, slice_str(id))->context.used_tokens, 9000);
    }
}

static void a_status_line_proves_neither_work_nor_hooks(void **state)
{
    (void)state;
    struct fleet f;
    story_tell(&s, status(60000, 1, 1));
    const struct session *got = story_session(&s);
    assert_false(got->real);
    assert_true(got->announced);
    assert_false(got->has_hooks);
    assert_int_equal(got->last_activity_ns, 0);
    assert_int_equal(got->total.turns, 0);
    assert_true(slice_eq_str(got->model, "opus-5"));
    model_fleet(s.model, STORY_AT(61000), STORY_START, &f);
    assert_int_equal(f.live, 1);
    assert_int_equal(f.sessions, 0);
    /* The model that it works with is the better word. */
    story_tell(&s, story_llm_log(62000, 100, "p1", "r1"));
    assert_true(slice_eq_str(story_session(&s)->model, "opus"));
}

static void an_ended_session_stays_so(void **state)
{
    (void)state;
    struct event end = story_event(EVENT_SESSION, WITNESS_HOOK, 3000);
    end.phase = PHASE_FINISHED;
    end.ended = true;
    story_tell(&s, story_prompt(WITNESS_HOOK, 1000, "p1", "hello"));
    story_tell(&s, end);
    story_tell(&s, status(3100, 1, 1)); /* drawn while the process ended */
    assert_int_equal(story_status(&s, 4000).state, RUN_ENDED);
}

static void a_start_says_how_and_with_what(void **state)
{
    (void)state;
    struct event resume = started(5000, "resume");
    resume.report.tells_context = true;
    resume.report.used_tokens = 13322;
    story_tell(&s, resume);
    story_tell(&s, started(1000, "startup"));
    const struct session *got = story_session(&s);
    assert_true(slice_eq_str(got->start_source, "resume"));
    assert_int_equal(got->context.used_tokens, 13322);
    assert_int_equal(got->context.window_tokens, -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_is_known_at_first),
        TEST(the_newest_word_counts_whatever_the_order),
        TEST(of_two_words_of_one_time_always_the_same_counts),
        TEST(a_status_line_proves_neither_work_nor_hooks),
        TEST(an_ended_session_stays_so),
        TEST(a_start_says_how_and_with_what),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
