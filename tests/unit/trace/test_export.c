/* When spans are due, that each is sent once, limits, and texts that attack. */
#include "test.h"

#include "exported.h"
#include "fresh.h"
#include "text.h"

#include <stdio.h>

static struct exported x;

static int open_both(void **state)
{
    fresh_open(state);
    exported_open(&x);
    return 0;
}

static int close_both(void **state)
{
    exported_close(&x);
    return fresh_close(state);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, open_both, close_both)

static void set_delay(int64_t ms)
{
    x.config.delay_ns = ms * STORY_MS;
    exported_again(&x);
}

static void tell_turn(const char *prompt, const char *request, int64_t ms)
{
    story_tell(&s, story_prompt(WITNESS_LOG, ms, prompt, NULL));
    story_tell(&s, with_usage(story_llm_log(ms + 500, 300, prompt, request), 3, 4, 5));
    story_tell(&s, story_stop(ms + 600, prompt));
}

static void a_turn_is_due_its_delay_after_it_was_seen_to_be_over(void **state)
{
    (void)state;
    set_delay(10000);
    tell_turn("p1", "r1", 0);
    assert_int_equal(exported_run(&x, s.model, STORY_AT(1000), TRACE_NOW), STORY_AT(11000));
    assert_int_equal(trace_exporter_stats(x.exporter).pending, 1);
    assert_int_equal(exported_run(&x, s.model, STORY_AT(10999), TRACE_NOW), STORY_AT(11000));
    assert_int_equal(x.count, 0);
    int64_t due = exported_run(&x, s.model, STORY_AT(11000), TRACE_NOW);
    assert_int_equal(x.count, 2);
    assert_int_equal(trace_exporter_stats(x.exporter).pending, 0);
    assert_int_equal(due, STORY_AT(600) + LIVE_WITHIN_NS); /* silence ends the session */
    exported_run(&x, s.model, due, TRACE_NOW);
    assert_int_equal(x.count, 3);
    exported_distinct(&x);
    assert_int_equal(exported_run(&x, s.model, due + 1, TRACE_NOW), 0);
}

static void what_comes_meanwhile_is_in_it_and_what_comes_later_below_it(void **state)
{
    (void)state;
    set_delay(10000);
    tell_turn("p1", "r1", 0);
    exported_run(&x, s.model, STORY_AT(1000), TRACE_NOW);
    story_tell(&s, with_usage(story_llm_log(400, 100, "p1", "r2"), 10, 20, 30));
    exported_run(&x, s.model, STORY_AT(11000), TRACE_NOW);
    assert_string_equal(exported_attr(exported_span(&x, "Turn #1"), "gen_ai.usage.input_tokens"), "13");
    struct event late = with_usage(story_llm_log(450, 100, "p1", "r3"), 7, 7, 7);
    late.arrival_ns = STORY_AT(20000);
    story_tell(&s, late);
    exported_run(&x, s.model, STORY_AT(20000), TRACE_NOW);
    exported_run(&x, s.model, STORY_AT(30000), TRACE_NOW);
    assert_ptr_equal(exported_parent(&x, exported_span(&x, "LLM Call: opus (7\xe2\x86\x92"
                                                           "7 tokens)")),
                     exported_span(&x, "Turn #1"));
    assert_int_equal(exported_named(&x, "Turn"), 1);
}

/* Each request is kept or not, and the process may end after each. */
static void killed_between_any_two_requests_nothing_is_lost_or_sent_twice(void **state)
{
    (void)state;
    for (int i = 0; i < 2000; i++) {
        char prompt[32], request[32];
        snprintf(prompt, sizeof prompt, "p%d", i);
        snprintf(request, sizeof request, "r%d", i);
        tell_turn(prompt, request, 1000 * i);
    }
    size_t whole;
    exported_run(&x, s.model, STORY_AT(4000000), TRACE_LAST);
    whole = x.count;
    assert_int_equal(whole, 2000 * 2 + 1);
    assert_true(x.requests >= 3);
    assert_true(x.largest <= TRACE_REQUEST_MAX);
    for (size_t die = 0; die < 4; die++) {
        exported_close(&x);
        exported_open(&x);
        x.refuse_after = die;
        exported_run(&x, s.model, STORY_AT(4000000), TRACE_LAST);
        assert_int_equal(x.requests, die);
        x.refuse_after = SIZE_MAX;
        exported_again(&x);
        exported_run(&x, s.model, STORY_AT(4000000), TRACE_LAST);
        assert_int_equal(x.count, whole);
    }
    exported_distinct(&x);
}

static void a_refused_request_is_made_again_by_the_same_exporter(void **state)
{
    (void)state;
    tell_turn("p1", "r1", 0);
    x.refuse_after = 0;
    int64_t due = exported_run(&x, s.model, STORY_AT(1000), TRACE_NOW);
    assert_true(due > STORY_AT(1000));
    assert_int_equal(trace_exporter_stats(x.exporter).refused, 1);
    x.refuse_after = SIZE_MAX;
    exported_run(&x, s.model, due, TRACE_NOW);
    assert_int_equal(x.count, 2);
}

static void one_run_has_a_bound_and_the_next_goes_on(void **state)
{
    (void)state;
    static char text[TRACE_REQUEST_MAX / 1024];
    memset(text, 'x', sizeof text);
    for (int i = 0; i < 5000; i++) {
        char request[32];
        snprintf(request, sizeof request, "r%d", i);
        struct event e = failing(story_llm_log(1000 + i, 1, "p1", request), "server", "no");
        e.error_message = slice_make(text, sizeof text);
        story_tell(&s, e);
    }
    story_tell(&s, story_stop(20000, "p1"));
    size_t runs = 0, before;
    int64_t due;
    do {
        before = (size_t)trace_exporter_stats(x.exporter).bytes;
        due = exported_run(&x, s.model, STORY_AT(21000), TRACE_NOW);
        assert_true(trace_exporter_stats(x.exporter).bytes - before <= TRACE_RUN_MAX + TRACE_REQUEST_MAX);
        runs++;
    } while (due == STORY_AT(21000));
    assert_true(runs > 2);
    assert_true(x.largest <= TRACE_REQUEST_MAX);
    assert_int_equal(exported_named(&x, "LLM Call"), 5000);
}

static void a_turn_that_goes_by_another_name_is_not_sent_again(void **state)
{
    (void)state;
    story_tell(&s, story_llm_log(500, 300, "p1", "r1"));
    story_tell(&s, story_stop(600, "p1"));
    exported_run(&x, s.model, STORY_AT(1000), TRACE_NOW);
    size_t before = x.count;
    /* After retention and a restart: of the same call another prompt is known. */
    story_close(&s);
    story_open(&s);
    story_tell(&s, story_llm_log(500, 300, "p2", "r1"));
    story_tell(&s, story_stop(600, "p2"));
    exported_again(&x);
    exported_run(&x, s.model, STORY_AT(2000), TRACE_NOW);
    assert_int_equal(x.count, before);
}

static void an_open_turn_goes_as_it_is_after_twelve_hours_of_silence(void **state)
{
    (void)state;
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", NULL));
    story_tell(&s, story_tool_start(100, "p1", "Bash", "u1"));
    int64_t due = exported_run(&x, s.model, STORY_AT(200), TRACE_LEAVING);
    assert_true(due > STORY_AT(200) && due <= STORY_AT(100) + WAITING_WITHIN_NS);
    assert_int_equal(x.count, 0);
    exported_run(&x, s.model, STORY_AT(100) + WAITING_WITHIN_NS, TRACE_NOW);
    assert_int_equal(x.count, 3);
    assert_string_equal(exported_attr(exported_span(&x, "Turn #1"), "turn.end.reason"), "silence");
    assert_string_equal(exported_attr(exported_span(&x, "Tool: Bash"), "tool.status"), "unfinished");
}

static void words_leave_where_the_clients_telemetry_has_them(void **state)
{
    (void)state;
    struct event tool = story_tool_end(900, 100, "p1", "Bash", "u1");
    tool.detail = SLICE_LIT("cat plan.txt");
    tool.native = true;
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", "the plan"));
    story_tell(&s, tool);
    story_tell(&s, story_stop(950, "p1"));
    exported_run(&x, s.model, STORY_AT(1000), TRACE_NOW); /* hooks alone */
    assert_null(exported_attr(exported_span(&x, "Turn #1"), "input.value"));
    assert_null(exported_attr(exported_span(&x, "Tool: Bash"), "tool.command"));
    struct event told = story_tool_log(900, 100, "p1", "Bash", "u1");
    told.tools_told = told.native = true;
    story_tell(&s, told);
    story_tell(&s, story_prompt(WITNESS_LOG, 0, "p1", "the plan"));
    exported_close(&x);
    exported_open(&x);
    exported_run(&x, s.model, STORY_AT(1000), TRACE_NOW);
    assert_string_equal(exported_attr(exported_span(&x, "Turn #1: the plan"), "input.value"), "the plan");
    assert_string_equal(exported_attr(exported_span(&x, "Tool: Execute command cat"), "tool.command"),
                        "cat plan.txt");
    exported_close(&x);
    exported_open(&x);
    x.config.content = TRACE_CONTENT_NEVER;
    exported_again(&x);
    exported_run(&x, s.model, STORY_AT(1000), TRACE_NOW);
    exported_span(&x, "Turn #1");
    exported_span(&x, "Tool: Bash");
}

static void texts_that_attack_stay_texts(void **state)
{
    (void)state;
    static const char *const texts[] = {"%s%n%d",   "\xe2\x86\x92\xe2\x86\x92",
                                        "mcp__",    "mcp____",
                                        "mcp__a__", "/",
                                        "://",      " ",
                                        "\"",       "http://",
                                        "a/",       "Exit code 99999999999999999999"};
    static char longest[4096];
    memset(longest, 'y', sizeof longest - 1);
    x.config.content = TRACE_CONTENT_ALWAYS;
    exported_again(&x);
    size_t count = sizeof texts / sizeof *texts + 1;
    for (size_t i = 0; i < count; i++) {
        static const char *const tools[] = {"Bash", "Read", "Grep", "WebFetch", "Task", NULL};
        const char *text = i + 1 < count ? texts[i] : longest;
        char prompt[16], id[16];
        snprintf(prompt, sizeof prompt, "p%zu", i);
        int64_t at = 1000 * (int64_t)i;
        story_tell(&s, story_prompt(WITNESS_LOG, at, prompt, text));
        for (size_t k = 0; k < 6; k++) {
            snprintf(id, sizeof id, "u%zu-%zu", i, k);
            struct event e =
                failing(story_tool_log(at + 100, 10, prompt, tools[k] ? tools[k] : text, id), text, text);
            e.detail = slice_str(text);
            story_tell(&s, e);
        }
        struct event llm = story_llm_log(at + 200, 10, prompt, prompt);
        llm.model = slice_str(text);
        story_tell(&s, llm);
        story_tell(&s, story_stop(at + 300, prompt));
    }
    exported_run(&x, s.model, STORY_AT(100000), TRACE_LAST);
    exported_distinct(&x);
    assert_int_equal(x.count, count * 8 + 1);
    for (size_t i = 0; i < x.count; i++) {
        assert_true(x.spans[i].name.len > 0 && x.spans[i].name.len < 600);
        assert_true(text_is_clean(x.spans[i].name));
        for (size_t k = 0; k < x.spans[i].attr_count; k++)
            assert_true(x.spans[i].attrs[k].text.len <= 2048);
    }
}

static void what_is_over_for_good_is_looked_at_again_when_something_is_heard_of_it(void **state)
{
    (void)state;
    enum { TURNS = 1500 };
    char prompt[32], request[32];
    uint64_t thaws, before;
    for (int i = 0; i < TURNS; i++) {
        snprintf(prompt, sizeof prompt, "p%d", i);
        snprintf(request, sizeof request, "r%d", i);
        tell_turn(prompt, request, 10000 * (int64_t)i);
        exported_run(&x, s.model, STORY_AT(10000 * (int64_t)i + 700), TRACE_NOW);
    }
    assert_int_equal(x.count, 2 * TURNS);
    assert_non_null(model_session_settled(story_session(&s), &before));
    exported_run(&x, s.model, STORY_AT(10000 * TURNS), TRACE_NOW);
    assert_int_equal(x.count, 2 * TURNS);
    struct event late = with_usage(story_llm_log(400, 100, "p0", "late"), 7, 7, 7);
    late.arrival_ns = STORY_AT(10000 * TURNS + 1000);
    story_tell(&s, late);
    exported_run(&x, s.model, STORY_AT(10000 * TURNS + 2000), TRACE_NOW);
    assert_int_equal(x.count, 2 * TURNS + 1);
    assert_slice_equal(exported_parent(&x, &x.spans[x.count - 1])->name, "Turn #1");
    model_session_settled(story_session(&s), &thaws);
    assert_int_equal(thaws, before + 1);
    tell_turn("next", "r-next", 10000 * TURNS + 5000);
    exported_run(&x, s.model, STORY_AT(10000 * TURNS + 6000), TRACE_NOW);
    exported_run(&x, s.model, STORY_AT(10000 * TURNS + 7000), TRACE_LAST);
    assert_int_equal(x.count, 2 * TURNS + 1 + 2 + 1);
    exported_distinct(&x);
}

static void a_session_that_leaves_the_model_is_forgotten_and_one_that_is_native_passed_over(void **state)
{
    (void)state;
    tell_turn("p1", "r1", 0);
    exported_run(&x, s.model, STORY_AT(1000), TRACE_NOW);
    size_t before = x.count;
    story_tell(&s, story_llm_span(5000, 6000, "t1", "r5"));
    tell_turn("p2", "r2", 7000);
    exported_run(&x, s.model, STORY_AT(5000), TRACE_LAST);
    assert_int_equal(x.count, before);
}

static void tell_native(struct event e)
{
    e.native = true;
    story_tell(&s, e);
}

/* Nobody says that it ended; silence does, and what the tree then says is what is sent. */
static void a_turn_of_log_events_alone_is_sent_when_silence_ended_it(void **state)
{
    (void)state;
    const int64_t rest = REST_AFTER_NS / STORY_MS;
    set_delay(10000);
    tell_native(story_prompt(WITNESS_LOG, 0, "p1", NULL));
    tell_native(with_usage(story_llm_log(500, 300, "p1", "r1"), 3, 4, 5));
    assert_int_equal(exported_run(&x, s.model, STORY_AT(1000), TRACE_NOW), STORY_AT(500 + rest));
    assert_int_equal(x.count, 0);
    assert_int_equal(exported_run(&x, s.model, STORY_AT(500 + rest), TRACE_NOW),
                     STORY_AT(500 + rest + 10000));
    exported_run(&x, s.model, STORY_AT(500 + rest + 10000), TRACE_NOW);
    assert_int_equal(x.count, 2);
    const struct exported_span *turn = exported_span(&x, "Turn #1");
    assert_string_equal(exported_attr(turn, "turn.end.reason"), "idle_after_stop_reason");
    assert_int_equal(turn->end_ns, story_turn(&s, 1)->end_ns);
    assert_int_equal(turn->status, OTLP_STATUS_UNSET);
    /* It was not over after all: it is open again in the tree, and what it does is sent by itself, below the
     * span. */
    tell_native(story_decision(200000, "p1", "Write", "u1", DECISION_ACCEPTED, "user_temporary"));
    tell_native(story_tool_log(201000, 900, "p1", "Write", "u1"));
    exported_run(&x, s.model, STORY_AT(201000), TRACE_NOW);
    assert_int_equal(story_turn(&s, 1)->state, NODE_RUNNING);
    tell_native(with_usage(story_llm_log(203000, 900, "p1", "r2"), 1, 1, 1));
    exported_run(&x, s.model, STORY_AT(203000), TRACE_NOW);
    exported_run(&x, s.model, STORY_AT(213000), TRACE_NOW);
    assert_int_equal(exported_named(&x, "Turn"), 1);
    assert_ptr_equal(exported_parent(&x, exported_span(&x, "Tool: Write")), exported_span(&x, "Turn #1"));
    assert_int_equal(exported_named(&x, "LLM Call"), 2);
    exported_run(&x, s.model, STORY_AT(203000 + rest + 10000), TRACE_LAST);
    assert_int_equal(exported_named(&x, "Turn"), 1);
    exported_distinct(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_turn_is_due_its_delay_after_it_was_seen_to_be_over),
        CASE(what_comes_meanwhile_is_in_it_and_what_comes_later_below_it),
        CASE(killed_between_any_two_requests_nothing_is_lost_or_sent_twice),
        CASE(a_refused_request_is_made_again_by_the_same_exporter),
        CASE(one_run_has_a_bound_and_the_next_goes_on),
        CASE(a_turn_that_goes_by_another_name_is_not_sent_again),
        CASE(an_open_turn_goes_as_it_is_after_twelve_hours_of_silence),
        CASE(words_leave_where_the_clients_telemetry_has_them),
        CASE(a_turn_of_log_events_alone_is_sent_when_silence_ended_it),
        CASE(texts_that_attack_stay_texts),
        CASE(what_is_over_for_good_is_looked_at_again_when_something_is_heard_of_it),
        CASE(a_session_that_leaves_the_model_is_forgotten_and_one_that_is_native_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
