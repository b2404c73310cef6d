/* Alerts: each with its limit, its words and its end. */
#include "test.h"

#include "alerts.h"
#include "fresh.h"
#include "text.h"

#include <stdio.h>

#define MINUTE_MS (60 * 1000)

static struct alert_limits limits;
static struct alert_upstream upstreams[2];
static size_t upstream_count;
static struct alerts found;

static void look(int64_t ms)
{
    struct fleet fleet;
    model_fleet(s.model, STORY_AT(ms), STORY_START, &fleet);
    struct alert_input in = {.model = s.model,
                             .limits = &limits,
                             .now_ns = STORY_AT(ms),
                             .day_start_ns = STORY_START,
                             .fleet = &fleet,
                             .upstreams = upstreams,
                             .upstream_count = upstream_count};
    alerts_find(&in, &found);

    /* What is passed over because nothing was found there before has nothing now. */
    static struct alerts anew;
    for (const struct session *x = model_sessions(s.model); x; x = x->next)
        ((struct session *)(uintptr_t)x)->calm = (struct alerts_calm){0};
    alerts_find(&in, &anew);
    assert_int_equal(anew.total, found.total);
    assert_int_equal(anew.waiting_count, found.waiting_count);
    assert_true(anew.due_ns == found.due_ns && anew.newest_arrival_ns == found.newest_arrival_ns);
    for (size_t i = 0; i < found.count; i++) {
        assert_int_equal(anew.items[i].kind, found.items[i].kind);
        assert_int_equal(anew.items[i].session_id, found.items[i].session_id);
        assert_string_equal(anew.items[i].text, found.items[i].text);
    }
}

/* The alert of that kind at that time, or NULL. */
static const struct alert *alert(enum alert_kind kind, int64_t ms)
{
    look(ms);
    for (size_t i = 0; i < found.count; i++)
        if (found.items[i].kind == kind)
            return &found.items[i];
    return NULL;
}

static int open_all(void **state)
{
    fresh_open(state);
    alert_limits_init(&limits);
    upstream_count = 0;
    return 0;
}

#define ALERT_TEST(f) cmocka_unit_test_setup_teardown(f, open_all, fresh_close)

#define assert_alert(kind, ms, words)                                                                        \
    do {                                                                                                     \
        const struct alert *a_ = alert(kind, ms);                                                            \
        if (!a_)                                                                                             \
            fail_msg("no alert \"%s\" at %lld ms", alert_kind_name(kind), (long long)(ms));                  \
        assert_string_equal(a_->text, words);                                                                \
    } while (0)

static struct event native(struct event e)
{
    e.native = true;
    return e;
}

static struct event arriving(struct event e, int64_t ms)
{
    e.arrival_ns = STORY_AT(ms);
    return e;
}

static struct event with_input(struct event e, uint64_t hash, const char *detail)
{
    e.input_hash = hash;
    e.detail = slice_str(detail);
    return e;
}

static void spend(int64_t ms, const char *request, int64_t nano_usd)
{
    story_tell(&s, with_usage(story_llm_log(ms, 100, "p1", request), 10, 10, nano_usd));
}

static void a_budget_is_told_when_it_is_reached(void **state)
{
    (void)state;
    limits.session_usd = 3;
    limits.day_usd = 5;
    spend(1000, "r1", 2990000000);
    look(2000);
    assert_int_equal(found.total, 0);
    spend(3000, "r2", 10000000);
    assert_alert(ALERT_SESSION_COST, 4000, "$3.00 of $3.00 in this session");
    assert_null(alert(ALERT_DAY_COST, 4000));
    spend(5000, "r3", 2200000000);
    assert_alert(ALERT_DAY_COST, 6000, "$5.20 of $5.00 today");
    assert_true(found.items[0].kind == ALERT_DAY_COST && found.items[0].session_id == 0);
    assert_true(found.items[1].session_id == story_session(&s)->id);
    assert_int_equal(found.items[0].level, 0);
    spend(7000, "r4", 5000000000);
    assert_int_equal(alert(ALERT_DAY_COST, 8000)->level, 1);
}

static void a_budget_of_nothing_is_none(void **state)
{
    (void)state;
    spend(1000, "r1", INT64_C(900000000000));
    look(2000);
    assert_int_equal(found.total, 0);
}

static void fail_calls(int count, int64_t from_ms)
{
    for (int i = 0; i < count; i++) {
        char id[16];
        snprintf(id, sizeof id, "u%d", i);
        story_tell(&s, failing(story_tool_log(from_ms + i * 1000, 10, "p1", "Bash", id), "tool_error", "no"));
    }
}

static void many_failures_are_a_storm_until_they_are_past(void **state)
{
    (void)state;
    story_tell(&s, story_prompt(WITNESS_LOG, 0, "p1", "go"));
    fail_calls(9, 1000);
    assert_null(alert(ALERT_ERRORS, 20000));
    story_tell(&s, failing(story_llm_log(15000, 10, "p1", "r1"), "server", "500"));
    assert_alert(ALERT_ERRORS, 20000, "10 failed calls in 5 minutes (limit 10)");
    assert_true(found.due_ns > STORY_AT(20000) && found.due_ns <= STORY_AT(35000));
    assert_null(alert(ALERT_ERRORS, 6 * MINUTE_MS));
    limits.errors = 0;
    assert_null(alert(ALERT_ERRORS, 20000));
}

static void a_failure_with_two_witnesses_is_one(void **state)
{
    (void)state;
    limits.errors = 2;
    story_tell(&s, story_prompt(WITNESS_LOG, 0, "p1", "go"));
    story_tell(&s, failing(story_tool_end(1000, 10, "p1", "Bash", "u1"), "tool_error", "no"));
    look(2000);
    story_tell(&s, failing(story_tool_log(1000, 10, "p1", "Bash", "u1"), "tool_error", "no"));
    assert_null(alert(ALERT_ERRORS, 2000));
    limits.errors = 1;
    assert_alert(ALERT_ERRORS, 2000, "1 failed call in 5 minutes (limit 1)");
}

static void call(int64_t ms, const char *id, const char *tool, uint64_t hash)
{
    story_tell(&s, with_input(story_tool_start(ms, "p1", tool, id), hash, "npm test"));
    story_tell(&s, with_input(story_tool_end(ms + 500, 500, "p1", tool, id), hash, "npm test"));
}

static void the_same_call_again_and_again_is_a_loop(void **state)
{
    (void)state;
    static const char *const ids[] = {"u1", "u2", "u3", "u4", "u5", "u6"};
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", "go"));
    for (int i = 0; i < 4; i++)
        call(1000 + 1000 * i, ids[i], "Bash", 7);
    assert_null(alert(ALERT_LOOP, 6000));
    call(5000, ids[4], "Bash", 7);
    assert_alert(ALERT_LOOP, 6000, "Bash 5 times in a row with the same input: npm test");
    assert_true(found.items[0].node_id == story_node(&s, NODE_TOOL, "u5")->id);
    /* Something else ends it. */
    call(7000, ids[5], "Bash", 8);
    assert_null(alert(ALERT_LOOP, 8000));
}

static void calls_between_which_something_else_was_done_are_no_loop(void **state)
{
    (void)state;
    static const char *const ids[] = {"u1", "u2", "u3", "u4", "u5", "u6", "u7", "u8"};
    limits.repeats = 2;
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", "go"));
    for (int i = 0; i < 8; i++)
        call(1000 + 1000 * i, ids[i], i % 2 ? "Edit" : "Bash", 7);
    assert_null(alert(ALERT_LOOP, 10000));
}

static void inputs_that_nobody_knows_are_no_loop(void **state)
{
    (void)state;
    limits.repeats = 2;
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", "go"));
    call(1000, "u1", "Bash", 0);
    call(2000, "u2", "Bash", 0);
    assert_null(alert(ALERT_LOOP, 3000));
}

static void a_loop_is_over_with_its_turn(void **state)
{
    (void)state;
    limits.repeats = 2;
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", "go"));
    call(1000, "u1", "Bash", 7);
    call(2000, "u2", "Bash", 7);
    assert_non_null(alert(ALERT_LOOP, 3000));
    story_tell(&s, story_stop(4000, "p1"));
    assert_null(alert(ALERT_LOOP, 5000));
}

static void a_loop_inside_an_agent_is_found(void **state)
{
    (void)state;
    limits.repeats = 2;
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", "go"));
    story_tell(&s, story_agent_start(500, "p1", "a1", "Explore"));
    static const char *const ids[] = {"u1", "u2"};
    for (int i = 0; i < 2; i++)
        story_tell(&s,
                   with_agent(with_input(story_tool_end(2000 + 1000 * i, 500, "p1", "Grep", ids[i]), 9, "x"),
                              "a1", NULL));
    assert_non_null(alert(ALERT_LOOP, 6000));
}

static void hooks_and_logs_need_not_hash_alike(void **state)
{
    (void)state;
    limits.repeats = 2;
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", "go"));
    call(1000, "u1", "Bash", 7);
    story_tell(&s, with_input(story_tool_log(1600, 500, "p1", "Bash", "u1"), 99, "npm test"));
    call(2000, "u2", "Bash", 7);
    assert_non_null(alert(ALERT_LOOP, 3000));
}

static void hooks_without_the_telemetry_that_was_there_are_told(void **state)
{
    (void)state;
    story_tell(&s, native(story_prompt(WITNESS_HOOK, 0, "p1", "hello")));
    story_tell(&s, arriving(native(story_llm_log(900, 300, "p1", "r1")), 5000));
    story_tell(&s, native(story_tool_end(10000, 100, "p1", "Bash", "u1")));
    assert_null(alert(ALERT_SILENT, 60000));
    assert_true(found.due_ns == STORY_AT(10000 + 3 * MINUTE_MS));
    story_tell(&s, native(story_tool_end(3 * MINUTE_MS, 100, "p1", "Bash", "u2")));
    assert_alert(ALERT_SILENT, 4 * MINUTE_MS, "hooks come, but no telemetry for 3m");
    /* It comes again. */
    story_tell(&s, arriving(native(story_llm_log(4 * MINUTE_MS, 300, "p1", "r2")), 4 * MINUTE_MS + 1000));
    assert_null(alert(ALERT_SILENT, 5 * MINUTE_MS));
}

static void a_call_that_runs_for_long_is_not_silence(void **state)
{
    (void)state;
    story_tell(&s, native(story_prompt(WITNESS_HOOK, 0, "p1", "hello")));
    story_tell(&s, native(story_tool_start(1000, "p1", "Bash", "u1")));
    story_tell(&s, arriving(native(story_llm_log(900, 300, "p1", "r1")), 5000));
    assert_null(alert(ALERT_SILENT, 25 * MINUTE_MS));
}

static void an_open_turn_without_a_word_is_told_for_a_while(void **state)
{
    (void)state;
    story_tell(&s, native(story_prompt(WITNESS_HOOK, 0, "p1", "hello")));
    story_tell(&s, arriving(native(story_llm_log(900, 300, "p1", "r1")), 5000));
    assert_null(alert(ALERT_SILENT, 9 * MINUTE_MS));
    assert_true(found.due_ns == STORY_AT(5000 + 10 * MINUTE_MS));
    assert_alert(ALERT_SILENT, 12 * MINUTE_MS, "a turn is open, and not a word for 11m");
    assert_null(alert(ALERT_SILENT, 31 * MINUTE_MS));
}

static void a_full_context_is_told_by_what_the_client_says(void **state)
{
    (void)state;
    struct event e = story_event(EVENT_SESSION, WITNESS_STATUS, 1000);
    e.report = (struct event_report){.tells_context = true,
                                     .used_tokens = 184000,
                                     .window_tokens = 200000,
                                     .used_percentage = 92,
                                     .cost_nano_usd = -1};
    story_tell(&s, e);
    assert_alert(ALERT_CONTEXT, 2000, "92% full: 184k of 200k tokens");
    limits.context_percentage = 95;
    assert_null(alert(ALERT_CONTEXT, 2000));
}

static void who_waits_for_long_is_told_and_who_waits_is_listed(void **state)
{
    (void)state;
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", "go"));
    story_tell(&s, story_tool_start(1000, "p1", "Bash", "u1"));
    story_tell(&s, story_ask(2000, "p1", "Bash"));
    assert_null(alert(ALERT_WAITING, 3000));
    assert_int_equal(found.waiting_count, 1);
    assert_int_equal(found.waiting[0].state, RUN_PERMISSION);
    assert_true(found.waiting[0].since_ns == STORY_AT(2000));
    assert_true(found.due_ns == STORY_AT(2000 + 10 * MINUTE_MS));
    assert_alert(ALERT_WAITING, 75 * MINUTE_MS, "for 1h 14m, for your permission: Bash");
    assert_true(found.items[0].node_id == story_node(&s, NODE_TOOL, "u1")->id);
    assert_int_equal(found.items[0].level, 2);
    /* The minute ticks; nothing else does. */
    assert_true(found.due_ns == STORY_AT(2000 + 75 * MINUTE_MS));
    story_tell(&s, story_tool_end(76 * MINUTE_MS, 100, "p1", "Bash", "u1"));
    assert_null(alert(ALERT_WAITING, 77 * MINUTE_MS));
    assert_int_equal(found.waiting_count, 0);
}

static void an_upstream_that_is_away_is_told_by_its_name(void **state)
{
    (void)state;
    upstreams[0] = (struct alert_upstream){SLICE_LIT("alloy"), 0, 0};
    upstreams[1] = (struct alert_upstream){SLICE_LIT("cloud"), INT64_C(299) * 1000000000, 812};
    upstream_count = 2;
    look(1000);
    assert_int_equal(found.total, 0);
    assert_true(found.due_ns == STORY_AT(2000));
    upstreams[1].away_ns = INT64_C(420) * 1000000000;
    assert_alert(ALERT_UPSTREAM, 1000, "812 requests wait, the oldest for 7m");
    assert_string_equal(found.items[0].name, "cloud");
    upstreams[1].queued = 1;
    assert_alert(ALERT_UPSTREAM, 1000, "1 request waits, the oldest for 7m");
}

static void an_ended_session_and_an_old_one_raise_none(void **state)
{
    (void)state;
    limits.session_usd = 1;
    spend(1000, "r1", 2000000000);
    assert_non_null(alert(ALERT_SESSION_COST, 2000));
    assert_null(alert(ALERT_SESSION_COST, 31 * MINUTE_MS));
    struct event e = story_event(EVENT_SESSION, WITNESS_HOOK, 3000);
    e.ended = true;
    story_tell(&s, e);
    assert_null(alert(ALERT_SESSION_COST, 4000));
}

static void the_worst_are_kept_when_there_are_too_many(void **state)
{
    (void)state;
    static char names[100][16];
    limits.session_usd = 1;
    limits.context_percentage = 50;
    for (int i = 0; i < 100; i++) {
        char request[16];
        snprintf(names[i], sizeof names[i], "s%d", i);
        snprintf(request, sizeof request, "r%d", i);
        struct event e = story_event(EVENT_SESSION, WITNESS_STATUS, 1000);
        e.report = (struct event_report){.tells_context = true,
                                         .used_tokens = -1,
                                         .window_tokens = -1,
                                         .used_percentage = 60,
                                         .cost_nano_usd = -1};
        story_tell(&s, in_session(e, names[i]));
        if (i >= 90)
            story_tell(&s, in_session(with_usage(story_llm_log(1000, 10, "p", request), 1, 1, 2000000000),
                                      names[i]));
    }
    look(2000);
    assert_int_equal(found.total, 110);
    assert_int_equal(found.count, ALERTS_MAX);
    for (size_t i = 0; i < found.count; i++)
        assert_int_equal(found.items[i].kind, i < 10 ? ALERT_SESSION_COST : ALERT_CONTEXT);
}

static void hostile_words_stay_within_bounds(void **state)
{
    (void)state;
    static char wide[400];
    memset(wide, 'x', sizeof wide - 1);
    for (size_t i = 0; i + 3 < sizeof wide - 1; i += 3)
        memcpy(wide + i, "ゴ", 3);
    limits.repeats = 2;
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", "go"));
    story_tell(&s, with_input(story_tool_end(1000, 10, "p1", wide, "u1"), 7, wide));
    story_tell(&s, with_input(story_tool_end(2000, 10, "p1", wide, "u2"), 7, wide));
    const struct alert *a = alert(ALERT_LOOP, 3000);
    assert_non_null(a);
    assert_true(text_is_clean(slice_str(a->text)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALERT_TEST(a_budget_is_told_when_it_is_reached),
        ALERT_TEST(a_budget_of_nothing_is_none),
        ALERT_TEST(many_failures_are_a_storm_until_they_are_past),
        ALERT_TEST(a_failure_with_two_witnesses_is_one),
        ALERT_TEST(the_same_call_again_and_again_is_a_loop),
        ALERT_TEST(calls_between_which_something_else_was_done_are_no_loop),
        ALERT_TEST(inputs_that_nobody_knows_are_no_loop),
        ALERT_TEST(a_loop_is_over_with_its_turn),
        ALERT_TEST(a_loop_inside_an_agent_is_found),
        ALERT_TEST(hooks_and_logs_need_not_hash_alike),
        ALERT_TEST(hooks_without_the_telemetry_that_was_there_are_told),
        ALERT_TEST(a_call_that_runs_for_long_is_not_silence),
        ALERT_TEST(an_open_turn_without_a_word_is_told_for_a_while),
        ALERT_TEST(a_full_context_is_told_by_what_the_client_says),
        ALERT_TEST(who_waits_for_long_is_told_and_who_waits_is_listed),
        ALERT_TEST(an_upstream_that_is_away_is_told_by_its_name),
        ALERT_TEST(an_ended_session_and_an_old_one_raise_none),
        ALERT_TEST(the_worst_are_kept_when_there_are_too_many),
        ALERT_TEST(hostile_words_stay_within_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
