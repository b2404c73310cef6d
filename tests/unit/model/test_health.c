/* What is said of the telemetry itself: signals that are missing, clocks, privacy settings. */
#include "test.h"

#include "fresh.h"

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

static const struct health_item *item(enum health_code code, int64_t ms)
{
    static struct health_item items[32];
    size_t count = model_health(s.model, STORY_AT(ms), false, items, 32);
    for (size_t i = 0; i < count && i < 32; i++)
        if (items[i].code == code)
            return &items[i];
    return NULL;
}

static struct session_health health(int64_t ms)
{
    struct session_health h;
    model_session_health(story_session(&s), STORY_AT(ms), &h);
    return h;
}

static void hooks_without_telemetry_are_told_after_a_while(void **state)
{
    (void)state;
    story_tell(&s, native(story_prompt(WITNESS_HOOK, 0, "p1", "hello")));
    story_tell(&s, native(story_tool_end(500, 100, "p1", "Bash", "u1")));
    assert_null(item(HEALTH_HOOKS_ONLY, 30000));
    const struct health_item *i = item(HEALTH_HOOKS_ONLY, 90000);
    assert_non_null(i);
    assert_int_equal(i->severity, HEALTH_WARNING);
    assert_non_null(strstr(i->message, "CLAUDE_CODE_ENABLE_TELEMETRY"));
    assert_ptr_equal(i->session, story_session(&s));
    /* Silent sessions are left alone. */
    assert_null(item(HEALTH_HOOKS_ONLY, 2 * 3600 * 1000));
    story_tell(&s, native(story_llm_log(91000, 300, "p1", "r1")));
    assert_null(item(HEALTH_HOOKS_ONLY, 95000));
}

static void logs_without_spans_are_told(void **state)
{
    (void)state;
    story_tell(&s, native(story_llm_log(900, 300, "p1", "r1")));
    assert_null(item(HEALTH_NO_TRACES, 5000));
    assert_non_null(item(HEALTH_NO_TRACES, 90000));
    story_tell(&s, native(story_llm_span(500, 900, "t1", "r1")));
    assert_null(item(HEALTH_NO_TRACES, 90000));
}

static void an_old_client_is_told_by_what_it_lacks(void **state)
{
    (void)state;
    story_tell(&s, native(story_llm_log(900, 300, "p1", "r1")));
    assert_non_null(item(HEALTH_OLD_CLIENT, 5000));
    struct event e = native(story_llm_log(1900, 300, "p1", "r2"));
    e.sequence = 3;
    story_tell(&s, e);
    assert_null(item(HEALTH_OLD_CLIENT, 5000));
}

static void privacy_settings_are_told(void **state)
{
    (void)state;
    struct event prompt = native(story_prompt(WITNESS_LOG, 0, "p1", NULL));
    prompt.redacted = true;
    story_tell(&s, prompt);
    struct event tool = native(story_tool_log(900, 100, "p1", "Bash", "u1"));
    tool.tools_withheld = true;
    story_tell(&s, tool);
    assert_true(health(1000).prompts_withheld && health(1000).tools_withheld);
    assert_non_null(strstr(item(HEALTH_PROMPTS_WITHHELD, 1000)->message, "OTEL_LOG_USER_PROMPTS"));
    assert_non_null(strstr(item(HEALTH_TOOLS_WITHHELD, 1000)->message, "OTEL_LOG_TOOL_DETAILS"));
    tool = native(story_tool_log(1900, 100, "p1", "Read", "u2"));
    tool.tools_told = true;
    story_tell(&s, tool);
    assert_false(health(2000).tools_withheld); /* some tools have nothing to tell */
}

/* Twenty records, delayed by an exporter that sends every five seconds. */
static void tell_with_clock(int64_t ahead_ms, int64_t outliers)
{
    for (int64_t i = 0; i < 20; i++) {
        struct event e = story_event(EVENT_STARTUP, WITNESS_LOG, i * 1000 + ahead_ms);
        int64_t arrival = i < outliers ? 40000000 : (i / 5 + 1) * 5000;
        story_tell(&s, arriving(e, arrival));
    }
}

static void clocks_that_agree_say_nothing(void **state)
{
    (void)state;
    tell_with_clock(0, 0);
    struct session_health h = health(30000);
    assert_true(h.has_clock);
    assert_int_equal(h.skew_ns, 0);
    assert_in_range(h.delay_ns / STORY_MS, 2500, 3500);
    assert_null(item(HEALTH_CLOCK_SKEW, 30000));
}

static void a_clock_that_is_ahead_is_seen_whatever_a_few_records_say(void **state)
{
    (void)state;
    tell_with_clock(600000, 4);
    story_tell(&s, story_prompt(WITNESS_LOG, 600000, "p1", "x"));
    struct session_health h = health(700000);
    assert_in_range(h.skew_ns / STORY_MS, 540000, 660000);
    assert_non_null(strstr(item(HEALTH_CLOCK_SKEW, 700000)->message, "ahead"));
}

static void a_clock_that_is_behind_is_seen(void **state)
{
    (void)state;
    tell_with_clock(-600000, 0);
    story_tell(&s, arriving(story_prompt(WITNESS_LOG, -600000, "p1", "x"), 5000));
    struct session_health h = health(30000);
    assert_in_range(-h.skew_ns / STORY_MS, 540000, 660000);
    assert_non_null(strstr(item(HEALTH_CLOCK_SKEW, 30000)->message, "late"));
}

static void few_records_tell_no_clock(void **state)
{
    (void)state;
    story_tell(&s, arriving(story_event(EVENT_STARTUP, WITNESS_LOG, 0), 900000));
    assert_false(health(900000).has_clock);
}

static void names_are_for_each_code(void **state)
{
    (void)state;
    for (int code = HEALTH_LOST_EVENTS; code <= HEALTH_DELTA_METRICS; code++)
        assert_true(strlen(health_code_name((enum health_code)code)) > 3);
    assert_string_equal(health_severity_name(HEALTH_ERROR), "error");
    assert_string_equal(metrics_verdict_name(METRICS_MORE), "more");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(hooks_without_telemetry_are_told_after_a_while),
        TEST(logs_without_spans_are_told),
        TEST(an_old_client_is_told_by_what_it_lacks),
        TEST(privacy_settings_are_told),
        TEST(clocks_that_agree_say_nothing),
        TEST(a_clock_that_is_ahead_is_seen_whatever_a_few_records_say),
        TEST(a_clock_that_is_behind_is_seen),
        TEST(few_records_tell_no_clock),
        TEST(names_are_for_each_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
