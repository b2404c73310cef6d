/* The client's own counters: both temporalities, repetitions, and what they say against the events. */
#include "test.h"

#include "fresh.h"

#define USD INT64_C(1000000000)

static struct event point(enum metric metric, int64_t from, int64_t to, int64_t value)
{
    struct event e = story_event(EVENT_METRIC, WITNESS_METRIC, to);
    e.metric = metric;
    e.metric_series = (uint64_t)metric * 16;
    e.start_ns = STORY_AT(from);
    e.metric_value = value;
    return e;
}

static struct event cumulative(struct event e)
{
    e.cumulative = true;
    return e;
}

static struct event series(struct event e, uint64_t n)
{
    e.metric_series += n;
    return e;
}

static int64_t value(enum metric metric)
{
    const struct session_metrics *m = model_session_metrics(story_session(&s));
    assert_non_null(m);
    return m->values[metric];
}

static struct session_health health(int64_t ms)
{
    struct session_health h;
    model_session_health(story_session(&s), STORY_AT(ms), &h);
    return h;
}

static void delta_points_add_up_once_each(void **state)
{
    (void)state;
    const struct event points[] = {point(METRIC_INPUT, 0, 60000, 5), point(METRIC_INPUT, 60000, 120000, 7),
                                   point(METRIC_INPUT, 120000, 180000, 11),
                                   point(METRIC_INPUT, 400000, 460000, 13)};
    static const int orders[][6] = {{0, 1, 2, 3, 0, 1}, {3, 2, 1, 0, 3, 2}, {2, 0, 3, 1, 1, 0}};
    for (size_t i = 0; i < 3; i++) {
        story_close(&s);
        story_open(&s);
        for (size_t k = 0; k < 6; k++)
            story_tell(&s, points[orders[i][k]]);
        assert_int_equal(value(METRIC_INPUT), 36);
    }
    assert_true(health(0).delta_metrics);
}

static void series_of_one_name_are_apart(void **state)
{
    (void)state;
    story_tell(&s, point(METRIC_OUTPUT, 0, 60000, 5));
    story_tell(&s, series(point(METRIC_OUTPUT, 0, 60000, 6), 1));
    assert_int_equal(value(METRIC_OUTPUT), 11);
}

static void cumulative_points_count_their_newest_and_each_start(void **state)
{
    (void)state;
    const struct event points[] = {
        cumulative(point(METRIC_COST, 0, 60000, 2 * USD)), cumulative(point(METRIC_COST, 0, 120000, 3 * USD)),
        cumulative(point(METRIC_COST, 0, 180000, 3 * USD)), /* idle: the same again */
        cumulative(point(METRIC_COST, 300000, 360000, USD)) /* another process */};
    static const int orders[][5] = {{0, 1, 2, 3, 3}, {3, 2, 1, 0, 1}, {1, 3, 0, 2, 0}};
    for (size_t i = 0; i < 3; i++) {
        story_close(&s);
        story_open(&s);
        for (size_t k = 0; k < 5; k++)
            story_tell(&s, points[orders[i][k]]);
        assert_int_equal(value(METRIC_COST), 4 * USD);
    }
    assert_false(health(0).delta_metrics);
}

static void long_sessions_stay_exact(void **state)
{
    (void)state;
    for (int64_t i = 0; i < 1000; i++) { /* with a pause after each */
        story_tell(&s, point(METRIC_INPUT, i * 120000, i * 120000 + 60000, 3));
        story_tell(&s, point(METRIC_INPUT, i * 120000, i * 120000 + 60000, 3));
    }
    assert_int_equal(value(METRIC_INPUT), 3000);
}

static void metrics_are_in_no_total_and_no_activity(void **state)
{
    (void)state;
    story_tell(&s, with_usage(story_llm_log(900, 300, "p1", "r1"), 10, 20, USD));
    int64_t activity = story_session(&s)->last_activity_ns;
    story_tell(&s, point(METRIC_COST, 0, 60000, 50 * USD));
    assert_int_equal(story_session(&s)->total.cost_nano_usd, USD);
    assert_int_equal(story_session(&s)->last_activity_ns, activity);
}

/* One event of $1 at a second, known from its process's first on, and an export a minute later. */
static void compare(int64_t metric_cost, int64_t sequence_after)
{
    struct event call = with_usage(story_llm_log(900, 300, "p1", "r1"), 10, 20, USD);
    call.sequence = 0;
    story_tell(&s, call);
    struct event other = story_event(EVENT_STARTUP, WITNESS_LOG, 1000);
    other.sequence = sequence_after;
    story_tell(&s, other);
    story_tell(&s, point(METRIC_COST, 0, 60000, metric_cost));
    story_tell(&s, point(METRIC_INPUT, 0, 60000, 10));
    story_tell(&s, point(METRIC_OUTPUT, 0, 60000, 20));
}

static void they_agree_only_when_both_are_settled(void **state)
{
    (void)state;
    compare(USD, 1);
    assert_int_equal(health(61000).metrics, METRICS_PENDING);
    assert_int_equal(health(80000).metrics, METRICS_AGREE);
    /* What is newer than the export is not judged. */
    story_tell(&s, with_usage(story_llm_log(70000, 300, "p1", "r2"), 10, 20, USD));
    assert_int_equal(health(90000).metrics, METRICS_AGREE);
}

static const struct health_item *item(enum health_code code, int64_t ms, bool forwarding)
{
    static struct health_item items[32];
    size_t count = model_health(s.model, STORY_AT(ms), forwarding, items, 32);
    assert_true(count <= 32);
    for (size_t i = 0; i < count; i++)
        if (items[i].code == code)
            return &items[i];
    return NULL;
}

static void metrics_that_count_less_were_lost(void **state)
{
    (void)state;
    compare(USD / 4, 1);
    assert_int_equal(health(80000).metrics, METRICS_LESS);
    const struct health_item *i = item(HEALTH_METRICS_DISAGREE, 80000, false);
    assert_non_null(i);
    assert_int_equal(i->severity, HEALTH_WARNING);
    assert_non_null(strstr(i->message, "events $1.00, metrics $0.25"));
}

static void metrics_that_count_more_are_a_loss_when_numbers_are_missing(void **state)
{
    (void)state;
    compare(4 * USD, 3);
    assert_int_equal(health(80000).metrics, METRICS_MORE);
    assert_int_equal(item(HEALTH_METRICS_DISAGREE, 80000, false)->severity, HEALTH_ERROR);
    assert_non_null(item(HEALTH_LOST_EVENTS, 80000, false));
    assert_null(item(HEALTH_LOST_EVENTS, 1500, false)); /* it may only be late */
}

static void metrics_that_count_more_are_interrupted_requests_when_none_is(void **state)
{
    (void)state;
    compare(4 * USD, 1);
    assert_int_equal(item(HEALTH_METRICS_DISAGREE, 80000, false)->severity, HEALTH_INFO);
    assert_null(item(HEALTH_LOST_EVENTS, 80000, false));
}

static void who_came_late_does_not_judge(void **state)
{
    (void)state;
    struct event call = with_usage(story_llm_log(9000, 300, "p1", "r1"), 10, 20, USD);
    call.sequence = 40;
    story_tell(&s, call);
    story_tell(&s, point(METRIC_COST, 0, 60000, 9 * USD)); /* from before we listened */
    assert_int_equal(health(100000).metrics, METRICS_PENDING);
}

static void metrics_alone_make_no_session_but_are_told_of(void **state)
{
    (void)state;
    story_tell(&s, point(METRIC_COST, 0, 60000, 2 * USD));
    assert_false(story_session(&s)->real);
    assert_true(health(70000).metrics_only);
    const struct health_item *i = item(HEALTH_METRICS_ONLY, 70000, false);
    assert_non_null(i);
    assert_non_null(strstr(i->message, "OTEL_LOGS_EXPORTER"));
    struct fleet fleet;
    model_fleet(s.model, STORY_AT(70000), 0, &fleet);
    assert_int_equal(fleet.sessions, 0);
    assert_int_equal(fleet.total.cost_nano_usd, 0);
}

/* The provisional session of `claude -c` sends only that it began. */
static void a_count_of_sessions_proves_none(void **state)
{
    (void)state;
    story_tell(&s, point(METRIC_OTHER, 0, 60000, 1));
    assert_false(health(70000).metrics_only);
    assert_null(model_session_metrics(story_session(&s)));
}

static void delta_is_told_where_there_is_an_upstream(void **state)
{
    (void)state;
    story_tell(&s, point(METRIC_COST, 0, 60000, USD));
    assert_null(item(HEALTH_DELTA_METRICS, 70000, false));
    const struct health_item *i = item(HEALTH_DELTA_METRICS, 70000, true);
    assert_non_null(i);
    assert_null(i->session);
}

static void hostile_points_stay_in_bounds(void **state)
{
    (void)state;
    for (int64_t i = 0; i < 3000; i++)
        story_tell(&s, cumulative(point(METRIC_OUTPUT, 9000 - i * 3, 60000, 1)));
    assert_int_equal(value(METRIC_OUTPUT), 3000);
    for (uint64_t i = 0; i < 5000; i++)
        story_tell(&s, series(point(METRIC_INPUT, 0, 60000, INT64_MAX / 4), i * 1000));
    assert_true(value(METRIC_INPUT) > 0);
    story_tell(&s, story_llm_log(900, 300, "p1", "r1"));
    assert_int_equal(health(100000).metrics, METRICS_PENDING); /* more series than are kept: no verdict */
    assert_true(model_stats(s.model).bytes < (size_t)4 << 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(delta_points_add_up_once_each),
        TEST(series_of_one_name_are_apart),
        TEST(cumulative_points_count_their_newest_and_each_start),
        TEST(long_sessions_stay_exact),
        TEST(metrics_are_in_no_total_and_no_activity),
        TEST(they_agree_only_when_both_are_settled),
        TEST(metrics_that_count_less_were_lost),
        TEST(metrics_that_count_more_are_a_loss_when_numbers_are_missing),
        TEST(metrics_that_count_more_are_interrupted_requests_when_none_is),
        TEST(who_came_late_does_not_judge),
        TEST(metrics_alone_make_no_session_but_are_told_of),
        TEST(a_count_of_sessions_proves_none),
        TEST(delta_is_told_where_there_is_an_upstream),
        TEST(hostile_points_stay_in_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
