/* Histograms, RED rows and the fleet's windows. */
#include "test.h"

#include "fresh.h"
#include "histogram.h"
#include "red.h"

#include <stdio.h>
#include <stdlib.h>

#define SECOND INT64_C(1000000000)
#define MINUTE (60 * SECOND)

static struct event call(int64_t end_ms, int64_t ms, const char *request)
{
    return with_usage(story_llm_log(end_ms, ms, "p1", request), 100, 10, 5000);
}

static void a_quantile_is_within_its_stated_error(void **state)
{
    (void)state;
    int64_t worst_ns = INT64_C(70) * MINUTE;
    for (int64_t ns = 8000; ns < worst_ns; ns += ns / 37 + 1) {
        struct histogram h = {0};
        histogram_add(&h, ns);
        int64_t got = histogram_quantile(&h, 0.5), off = got > ns ? got - ns : ns - got;
        if ((double)off > (double)ns / (2.0 * HISTOGRAM_SUB) + 1000)
            fail_msg("%lld ns came back as %lld ns", (long long)ns, (long long)got);
    }
}

static void quantiles_are_those_of_the_sorted_values(void **state)
{
    (void)state;
    struct histogram h = {0};
    for (int i = 1000; i > 0; i--)
        histogram_add(&h, i * STORY_MS);
    const struct {
        double q;
        int64_t ms;
    } wanted[] = {{0, 1}, {0.5, 500}, {0.95, 950}, {0.99, 990}, {1, 1000}};
    for (size_t i = 0; i < 5; i++) {
        int64_t got = histogram_quantile(&h, wanted[i].q), want = wanted[i].ms * STORY_MS;
        assert_true(llabs(got - want) <= want / 16 + 1000);
    }
}

static void extremes_fall_into_the_outer_buckets(void **state)
{
    (void)state;
    struct histogram h = {0};
    assert_int_equal(histogram_quantile(&h, 0.5), -1);
    histogram_add(&h, -5);
    histogram_add(&h, 0);
    assert_int_equal(histogram_quantile(&h, 1), 500);
    histogram_add(&h, INT64_MAX);
    assert_true(histogram_quantile(&h, 1) > 60 * MINUTE);
}

static void what_is_taken_out_was_never_there(void **state)
{
    (void)state;
    struct histogram h = {0}, all = {0};
    histogram_add(&h, 5 * STORY_MS);
    histogram_add(&h, 900 * STORY_MS);
    histogram_remove(&h, 900 * STORY_MS);
    assert_int_equal(h.count, 1);
    assert_true(histogram_quantile(&h, 1) < 6 * STORY_MS);
    histogram_remove(&h, 900 * STORY_MS); /* was not in it */
    assert_int_equal(h.count, 1);
    histogram_merge(&all, &h);
    histogram_merge(&all, &h);
    assert_int_equal(all.count, 2);
}

static const struct red_row *find(const struct red_row *rows, size_t count, enum red_kind kind,
                                  const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (rows[i].kind == kind && slice_eq_str(rows[i].name, name))
            return &rows[i];
    return NULL;
}

static void rows_are_by_model_tool_server_and_session(void **state)
{
    (void)state;
    struct red_row rows[16];
    story_tell(&s, call(1000, 800, "r1"));
    story_tell(&s, failing(call(2000, 200, "r2"), "server", "500"));
    story_tell(&s, story_tool_log(3000, 40, "p1", "Bash", "u1"));
    story_tell(&s, story_tool_log(3100, 20, "p1", "mcp__demo__add", "u2"));
    story_tell(&s, story_tool_log(3200, 20, "p1", "mcp__demo__boom", "u3"));
    story_tell(&s, story_tool_start(3300, "p1", "Read", "u4")); /* still runs */
    size_t count = model_red(s.model, STORY_AT(4000), 5 * MINUTE, rows, 16);
    assert_int_equal(count, 6);
    const struct red_row *r = find(rows, count, RED_LLM, "opus");
    assert_int_equal(r->count, 2);
    assert_int_equal(r->errors, 1);
    assert_true(r->p95_ns > 700 * STORY_MS && r->p95_ns < 900 * STORY_MS);
    assert_true(r->p50_ns > 180 * STORY_MS && r->p50_ns < 220 * STORY_MS);
    assert_int_equal(r->ttft_p95_ns, -1);
    assert_true(r->rate_per_min > 0.39 && r->rate_per_min < 0.41);
    assert_int_equal(find(rows, count, RED_TOOL, "mcp__demo__add")->count, 1);
    assert_int_equal(find(rows, count, RED_MCP, "demo")->count, 2);
    assert_int_equal(find(rows, count, RED_SESSION, STORY_SESSION)->count, 2);
    /* By kind, then by name; a short array gets the first. */
    for (size_t i = 1; i < count; i++)
        assert_true(rows[i - 1].kind < rows[i].kind ||
                    (rows[i - 1].kind == rows[i].kind && slice_cmp(rows[i - 1].name, rows[i].name) < 0));
    assert_int_equal(model_red(s.model, STORY_AT(4000), 5 * MINUTE, rows, 1), 6);
}

static void a_better_witness_replaces_what_was_counted(void **state)
{
    (void)state;
    struct red_row row[2];
    struct event span = story_llm_span(0, 9000, "t1", "r1");
    span.attempts = 4;
    span.ttft_ns = 300 * STORY_MS;
    for (int i = 0; i < 3; i++) {
        story_tell(&s, call(9000, 100, "r1"));
        model_red(s.model, STORY_AT(9000), 0, row, 2);
        story_tell(&s, span);
    }
    model_red(s.model, STORY_AT(9000), 0, row, 2);
    assert_int_equal(row[0].count, 1);
    assert_int_equal(row[0].retries, 3);
    assert_true(row[0].p50_ns > 8 * SECOND);
    assert_true(row[0].ttft_p95_ns > 280 * STORY_MS && row[0].ttft_p95_ns < 320 * STORY_MS);
}

static void the_window_slides_by_minutes(void **state)
{
    (void)state;
    struct red_row row[2];
    story_tell(&s, call(0, 100, "r1"));
    story_tell(&s, call(10 * 60000, 100, "r2"));
    assert_int_equal(model_red(s.model, STORY_AT(10 * 60000), 15 * MINUTE, row, 2), 2);
    assert_int_equal(row[0].count, 2);
    model_red(s.model, STORY_AT(10 * 60000), 5 * MINUTE, row, 2);
    assert_int_equal(row[0].count, 1);
    model_red(s.model, STORY_AT(20 * 60000), 15 * MINUTE, row, 2);
    assert_int_equal(row[0].count, 1);
    assert_int_equal(model_red(s.model, STORY_AT(120 * 60000), 15 * MINUTE, row, 2), 0);
    model_red(s.model, STORY_AT(120 * 60000), 0, row, 2);
    assert_int_equal(row[0].count, 2);
    /* What comes late goes to its own minute, as long as that is kept. */
    story_tell(&s, call(9 * 60000, 100, "r3"));
    model_red(s.model, STORY_AT(10 * 60000), 5 * MINUTE, row, 2);
    assert_int_equal(row[0].count, 2);
}

static void a_minute_is_exact_to_five_seconds(void **state)
{
    (void)state;
    struct red_row row[2];
    char id[16];
    for (int i = 0; i < 120; i++) {
        snprintf(id, sizeof id, "r%d", i);
        story_tell(&s, call(i * 1000, 100, id));
    }
    model_red(s.model, STORY_AT(119000), MINUTE, row, 2);
    assert_true(row[0].count >= 55 && row[0].count <= 60);
    assert_true(row[0].rate_per_min > 54 && row[0].rate_per_min < 61);
    assert_true(row[0].p50_ns > 90 * STORY_MS && row[0].p50_ns < 110 * STORY_MS);
    model_red(s.model, STORY_AT(119000), 5 * MINUTE, row, 2);
    assert_int_equal(row[0].count, 120);
    assert_true(row[0].rate_per_min > 23.9 && row[0].rate_per_min < 24.1);
    /* What slid out of the minute is still in the longer windows. */
    assert_int_equal(model_red(s.model, STORY_AT(240000), MINUTE, row, 2), 0);
    model_red(s.model, STORY_AT(240000), 5 * MINUTE, row, 2);
    assert_int_equal(row[0].count, 120);
    assert_true(row[0].p95_ns > 0);
    /* No window is longer than the rings. */
    model_red(s.model, STORY_AT(240000), 60 * MINUTE, row, 2);
    assert_true(row[0].rate_per_min > 7.9 && row[0].rate_per_min < 8.1);
}

static void every_window_that_counts_a_call_has_its_duration(void **state)
{
    (void)state;
    static const int64_t windows[] = {MINUTE, 5 * MINUTE, 15 * MINUTE};
    struct red_row row[2];
    story_tell(&s, call(0, 100, "r1"));
    for (size_t w = 0; w < 3; w++) {
        for (int64_t ms = 0; ms < 16 * 60000; ms += 777) {
            bool there = model_red(s.model, STORY_AT(ms), windows[w], row, 2) > 0;
            bool inside = ms * STORY_MS < windows[w] - 5 * SECOND, outside = ms * STORY_MS >= windows[w];
            if ((inside && !there) || (outside && there))
                fail_msg("after %lld ms the call is %sin the window", (long long)ms, there ? "" : "not ");
            if (there && row[0].p99_ns < 0)
                fail_msg("after %lld ms the call has no duration", (long long)ms);
        }
    }
}

static void agents_are_rows_by_type(void **state)
{
    (void)state;
    struct red_row rows[8];
    for (int i = 0; i < 2; i++) {
        char id[8];
        snprintf(id, sizeof id, "a%d", i);
        struct event done = story_agent_stop(5000 + i * 1000, "p1", id, "Explore");
        story_tell(&s, story_agent_start(1000, "p1", id, "Explore"));
        story_tell(&s, with_agent(story_llm_log(2000 + i, 500, "p1", i ? "r1" : "r0"), id, NULL));
        story_tell(&s, done);
    }
    story_tell(&s, story_agent_start(1000, "p1", "a9", "Plan")); /* still runs */
    size_t count = model_red(s.model, STORY_AT(7000), 5 * MINUTE, rows, 8);
    const struct red_row *r = find(rows, count, RED_AGENT, "Explore");
    assert_non_null(r);
    assert_int_equal(r->count, 2);
    assert_int_equal(r->errors, 0);
    assert_int_equal(r->ttft_p95_ns, -1);
    assert_true(r->p99_ns > 4600 * STORY_MS && r->p99_ns < 5400 * STORY_MS);
    assert_null(find(rows, count, RED_AGENT, "Plan"));
}

static void a_session_has_rows_of_its_own(void **state)
{
    (void)state;
    struct red_row rows[300];
    char id[32], name[32];
    for (int i = 0; i < 100; i++) {
        snprintf(id, sizeof id, "u%d", i);
        snprintf(name, sizeof name, "mcp__s%02d__t", i);
        story_tell(&s, story_tool_log(1000 + i * 1000, 10, "p1", name, id));
    }
    story_tell(&s, failing(call(50000, 800, "r1"), "server", "500"));
    story_tell(&s, in_session(call(60000, 900, "r2"), "session-2"));
    size_t count = model_session_red(story_session(&s), STORY_AT(100000), 0, rows, 300);
    const struct red_row *llm = find(rows, count, RED_LLM, "opus");
    assert_int_equal(llm->count, 1);
    assert_int_equal(llm->errors, 1);
    assert_null(find(rows, count, RED_SESSION, STORY_SESSION));
    assert_int_equal(find(rows, count, RED_TOOL, "other")->count, 100 - RED_SERIES_MAX);
    assert_int_equal(find(rows, count, RED_MCP, "other")->count, 100 - RED_SERIES_MAX);
    assert_int_equal(count, 1 + 2 * (RED_SERIES_MAX + 1));
    for (size_t i = 1; i < count; i++)
        assert_true(rows[i - 1].kind < rows[i].kind ||
                    (rows[i - 1].kind == rows[i].kind && slice_cmp(rows[i - 1].name, rows[i].name) < 0));
    assert_int_equal(model_session_red(story_session(&s), STORY_AT(100000), 0, rows, 1), count);
    /* Its windows are exact. */
    count = model_session_red(story_session(&s), STORY_AT(100000), 10 * SECOND, rows, 300);
    int64_t tools = 0;
    for (size_t i = 0; i < count; i++)
        tools += rows[i].kind == RED_TOOL ? rows[i].count : 0;
    assert_int_equal(tools, 10);
    assert_true(rows[0].rate_per_min > 5.9 && rows[0].rate_per_min < 6.1);
}

/* What the minutes of a row are when the calls' own are first and later minutes before now. */
static void assert_minutes(const struct red_row *row, int first, int later)
{
    for (int i = 0; i < RED_ROW_MINUTES; i++) {
        int ago = RED_ROW_MINUTES - 1 - i;
        assert_int_equal(row->minutes[i].count, ago == first ? 2 : ago == later ? 1 : 0);
        assert_int_equal(row->minutes[i].errors, ago == first ? 1 : 0);
    }
}

/* Whatever the window, of all sessions and of one. */
static void a_row_says_what_each_minute_had(void **state)
{
    (void)state;
    const int64_t windows[] = {MINUTE, 5 * MINUTE, 15 * MINUTE, 0};
    int at = (int)(((STORY_AT(0) / MINUTE + 1) * MINUTE - STORY_AT(0)) / STORY_MS); /* a minute begins */
    story_tell(&s, call(at, 100, "r1"));
    story_tell(&s, failing(call(at + 59999, 100, "r2"), "server", "500"));
    story_tell(&s, call(at + 5 * 60000, 100, "r3"));
    for (int later = 0; later < 25; later++)
        for (size_t w = 0; w < 4; w++) {
            struct red_row all[8], one[8];
            int64_t now = STORY_AT(at) + (later + 5) * MINUTE;
            size_t count = model_red(s.model, now, windows[w], all, 8);
            assert_int_equal(model_session_red(story_session(&s), now, windows[w], one, 8), count / 2);
            assert_true(count == 2 || (windows[w] && later * MINUTE >= windows[w] - 5 * SECOND));
            if (count == 0)
                continue;
            assert_minutes(find(all, count, RED_LLM, "opus"), later + 5, later);
            assert_minutes(find(all, count, RED_SESSION, STORY_SESSION), later + 5, later);
            assert_minutes(&one[0], later + 5, later);
        }
}

static bool takes(const void *ctx, const struct session *session)
{
    return slice_eq_str(session->session_id, ctx);
}

static void some_sessions_have_rows_together(void **state)
{
    (void)state;
    struct red_row rows[16];
    for (int i = 0; i < 5; i++)
        story_tell(&s, call(1000 + i, 800, (const char *[]){"r1", "r2", "r3", "r4", "r5"}[i]));
    story_tell(&s, in_session(failing(call(2000, 900, "q1"), "server", "500"), "session-2"));
    story_tell(&s, in_session(story_tool_log(3000, 40, "p1", "Bash", "u1"), "session-2"));
    const int64_t windows[] = {MINUTE, 15 * MINUTE, 0};
    for (size_t w = 0; w < 3; w++) {
        int64_t now = STORY_AT(10000);
        size_t count = model_sessions_red(s.model, takes, "session-2", now, windows[w], rows, 16);
        assert_int_equal(count, 3);
        assert_int_equal(find(rows, count, RED_LLM, "opus")->count, 1);
        assert_int_equal(find(rows, count, RED_LLM, "opus")->errors, 1);
        assert_int_equal(find(rows, count, RED_LLM, "opus")->minutes[RED_ROW_MINUTES - 1].errors +
                             find(rows, count, RED_LLM, "opus")->minutes[RED_ROW_MINUTES - 2].errors,
                         1);
        assert_int_equal(find(rows, count, RED_TOOL, "Bash")->count, 1);
        assert_int_equal(find(rows, count, RED_SESSION, "session-2")->count, 1);
        assert_int_equal(model_sessions_red(s.model, takes, "nobody", now, windows[w], rows, 16), 0);
    }
    assert_int_equal(
        model_sessions_red(s.model, takes, "session-2", STORY_AT(60 * 60000), 15 * MINUTE, rows, 16), 0);
}

static void there_are_never_too_many_series(void **state)
{
    (void)state;
    struct red_row rows[1024];
    char id[32], name[32];
    for (int i = 0; i < 500; i++) {
        snprintf(id, sizeof id, "u%d", i);
        snprintf(name, sizeof name, "Tool%03d", i);
        story_tell(&s, story_tool_log(1000 + i, 10, "p1", name, id));
    }
    size_t count = model_red(s.model, STORY_AT(2000), 0, rows, 1024);
    assert_true(count <= RED_SERIES_MAX + 1);
    int64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += rows[i].count;
    assert_int_equal(sum, 500);
    assert_non_null(find(rows, count, RED_TOOL, "other"));
    /* A silent series makes room for a new one. */
    story_tell(&s, story_tool_log(60 * 60000, 10, "p1", "Fresh", "fresh"));
    count = model_red(s.model, STORY_AT(60 * 60000), 0, rows, 1024);
    assert_non_null(find(rows, count, RED_TOOL, "Fresh"));
    sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += rows[i].count;
    assert_int_equal(sum, 501);
    /* A correction of a call whose series is gone takes nothing from its successor. */
    for (int i = 0; i < 500; i++) {
        snprintf(id, sizeof id, "u%d", i);
        snprintf(name, sizeof name, "Tool%03d", i);
        story_tell(&s, failing(story_tool_log(1000 + i, 10, "p1", name, id), "e", "m"));
    }
    count = model_red(s.model, STORY_AT(60 * 60000), 0, rows, 1024);
    assert_int_equal(find(rows, count, RED_TOOL, "Fresh")->count, 1);
    for (size_t i = 0; i < count; i++)
        assert_true(rows[i].count >= 0 && rows[i].errors >= 0);
}

static void the_fleet_sees_the_last_minute_and_today(void **state)
{
    (void)state;
    struct fleet f;
    model_fleet(s.model, STORY_AT(0), STORY_START, &f);
    assert_int_equal(f.llm_p95_ns, -1);
    assert_true(f.llm_error_ratio < 0);
    story_tell(&s, call(1000, 100, "r0"));
    story_tell(&s, call(301000, 100, "r1"));
    story_tell(&s, call(302000, 300, "r2"));
    story_tell(&s, failing(call(330000, 200, "r3"), "server", "500"));
    model_fleet(s.model, STORY_AT(331000), STORY_START, &f);
    assert_int_equal(f.tokens_per_min, 330);
    assert_int_equal(f.llm_per_min, 3);
    assert_int_equal(f.cost_today_nano_usd, 20000);
    assert_true(f.llm_error_ratio > 0.33 && f.llm_error_ratio < 0.34);
    assert_int_equal(f.spark[FLEET_SPARK - 1], 110); /* 330 … 335 s */
    assert_int_equal(f.spark[FLEET_SPARK - 1 - 6], 220);
    assert_true(f.llm_p95_ns > 280 * STORY_MS && f.llm_p95_ns < 320 * STORY_MS);
    /* Yesterday's cost is not today's. */
    model_fleet(s.model, STORY_AT(331000), STORY_AT(900000), &f);
    assert_int_equal(f.cost_today_nano_usd, 0);
    assert_int_equal(f.total.cost_nano_usd, 20000);
    /* Told again, nothing changes. */
    story_tell(&s, call(302000, 300, "r2"));
    model_fleet(s.model, STORY_AT(331000), STORY_START, &f);
    assert_int_equal(f.tokens_per_min, 330);
    model_fleet(s.model, STORY_AT(900000), STORY_START, &f);
    assert_int_equal(f.tokens_per_min, 0);
    assert_int_equal(f.llm_p95_ns, -1);
}

static void a_session_is_live_while_it_is_heard_of(void **state)
{
    (void)state;
    struct fleet f;
    int64_t limit = LIVE_WITHIN_NS / STORY_MS;
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", NULL));
    story_tell(&s, story_stop(100, "p1"));
    model_fleet(s.model, STORY_AT(limit), STORY_START, &f);
    assert_int_equal(f.live, 1);
    model_fleet(s.model, STORY_AT(101 + limit), STORY_START, &f);
    assert_int_equal(f.live, 0);
    assert_int_equal(f.sessions, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quantile_is_within_its_stated_error),
        cmocka_unit_test(quantiles_are_those_of_the_sorted_values),
        cmocka_unit_test(extremes_fall_into_the_outer_buckets),
        cmocka_unit_test(what_is_taken_out_was_never_there),
        TEST(rows_are_by_model_tool_server_and_session),
        TEST(a_better_witness_replaces_what_was_counted),
        TEST(the_window_slides_by_minutes),
        TEST(a_minute_is_exact_to_five_seconds),
        TEST(every_window_that_counts_a_call_has_its_duration),
        TEST(agents_are_rows_by_type),
        TEST(a_session_has_rows_of_its_own),
        TEST(a_row_says_what_each_minute_had),
        TEST(some_sessions_have_rows_together),
        TEST(there_are_never_too_many_series),
        TEST(the_fleet_sees_the_last_minute_and_today),
        TEST(a_session_is_live_while_it_is_heard_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
