/* The JSON of Claude Code's status line. */
#include "test.h"

#include "hearing.h"

#include <stdio.h>
#include <stdlib.h>

static struct hearing h;

static int setup(void **state)
{
    (void)state;
    hearing_open(&h);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    hearing_close(&h);
    return 0;
}

static enum ct_err hear(const char *json)
{
    return hear_body(&h, FRAME_HOOK, "/statusline", slice_str(json));
}

static void what_it_says_is_taken(void **state)
{
    (void)state;
    assert_int_equal(
        hear(
            "{\"session_id\":\"s1\",\"cwd\":\"/a\",\"version\":\"2.1.330\",\"prompt_id\":\"p1\","
            "\"model\":{\"id\":\"claude-opus-5-5\",\"display_name\":\"Opus\\u001b[31m 5.5\"},"
            "\"workspace\":{\"current_dir\":\"/srv/project\"},\"worktree\":{\"branch\":\"feat/x\"},"
            "\"cost\":{\"total_cost_usd\":0.024804},"
            "\"context_window\":{\"context_window_size\":1000000,\"used_percentage\":1.5,"
            "\"current_usage\":{\"input_tokens\":4,\"output_tokens\":18,\"cache_creation_input_tokens\":4200,"
            "\"cache_read_input_tokens\":9100}},"
            "\"rate_limits\":{\"five_hour\":{\"used_percentage\":42.5,\"resets_at\":1795370000},"
            "\"seven_day\":{\"used_percentage\":7,\"resets_at\":1795800000}}}"),
        CT_OK);
    const struct event *e = heard(&h);
    assert_int_equal(e->kind, EVENT_SESSION);
    assert_int_equal(e->witness, WITNESS_STATUS);
    assert_int_equal(e->time_ns, HEARING_ARRIVAL);
    assert_int_equal(e->ids.prompt_id.len, 0); /* it tells of no turn */
    assert_true(slice_eq_str(e->ids.session_id, "s1"));
    assert_true(slice_eq_str(e->model, "claude-opus-5-5"));
    assert_true(slice_eq_str(e->model_name, "Opus␛[31m 5.5"));
    assert_true(slice_eq_str(e->cwd, "/srv/project"));
    assert_true(slice_eq_str(e->branch, "feat/x"));
    assert_true(slice_eq_str(e->service_version, "2.1.330"));
    assert_true(e->report.tells_context && e->report.tells_limits);
    assert_int_equal(e->report.used_tokens, 13304);
    assert_int_equal(e->report.window_tokens, 1000000);
    assert_true(e->report.used_percentage == 1.5);
    assert_true(e->report.five_hour.used_percentage == 42.5);
    assert_int_equal(e->report.five_hour.resets_ns, INT64_C(1795370000) * 1000000000);
    assert_true(e->report.seven_day.used_percentage == 7);
    assert_int_equal(e->report.cost_nano_usd, 24804000);
    assert_int_equal(ingest_stats(h.ingest).status_lines, 1);
}

static void what_it_does_not_say_is_unknown(void **state)
{
    (void)state;
    assert_int_equal(hear("{\"session_id\":\"s1\",\"context_window\":{\"context_window_size\":200000,"
                          "\"current_usage\":null,\"used_percentage\":null},\"cost\":{}}"),
                     CT_OK);
    const struct event *e = heard(&h);
    assert_true(e->report.tells_context);
    assert_false(e->report.tells_limits);
    assert_int_equal(e->report.used_tokens, -1);
    assert_int_equal(e->report.window_tokens, 200000);
    assert_true(e->report.used_percentage < 0);
    assert_true(e->report.five_hour.used_percentage < 0);
    assert_int_equal(e->report.five_hour.resets_ns, 0);
    assert_int_equal(e->report.cost_nano_usd, -1);
    assert_int_equal(e->branch.len, 0);
    /* A usage with a hole in it is no usage. */
    assert_int_equal(
        hear("{\"session_id\":\"s1\",\"context_window\":{\"current_usage\":{\"input_tokens\":4}}}"), CT_OK);
    assert_int_equal(heard(&h)->report.used_tokens, -1);
    assert_int_equal(hear("{\"session_id\":\"s1\",\"rate_limits\":{\"seven_day\":{\"used_percentage\":3}}}"),
                     CT_OK);
    assert_true(heard(&h)->report.tells_limits);
    assert_true(heard(&h)->report.five_hour.used_percentage < 0);
    assert_true(heard(&h)->report.seven_day.used_percentage == 3);
}

static void nonsense_is_not_believed(void **state)
{
    (void)state;
    static const char *const refused[] = {
        "", "{}", "[]", "{\"session_id\":5}", "{\"session_id\":\"\"}", "{\"session_id\":\"s1\"", "null"};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        assert_int_equal(hear(refused[i]), CT_ERR_FORMAT);
        assert_int_equal(h.count, 0);
    }
    assert_int_equal(
        hear(
            "{\"session_id\":\"s1\",\"model\":\"x\",\"cost\":{\"total_cost_usd\":-1},"
            "\"context_window\":{\"context_window_size\":1e300,\"used_percentage\":-5,"
            "\"current_usage\":{\"input_tokens\":\"4\",\"cache_creation_input_tokens\":-4200,"
            "\"cache_read_input_tokens\":1e300}},"
            "\"rate_limits\":{\"five_hour\":{\"used_percentage\":1e9,\"resets_at\":1e18},\"seven_day\":[]}}"),
        CT_OK);
    const struct event *e = heard(&h);
    assert_int_equal(e->report.used_tokens, -1);
    assert_int_equal(e->report.window_tokens, -1);
    assert_true(e->report.used_percentage < 0);
    assert_int_equal(e->report.cost_nano_usd, -1);
    assert_true(e->report.five_hour.used_percentage < 0);
    assert_int_equal(e->report.five_hour.resets_ns, 0);
    assert_int_equal(e->model_name.len, 0);
}

static void a_huge_one_is_not_looked_at(void **state)
{
    (void)state;
    size_t len = 300 * 1024;
    char *text = malloc(len + 1);
    assert_non_null(text);
    int n = snprintf(text, len + 1, "{\"session_id\":\"s1\",\"x\":\"%0*d\"}", (int)len - 40, 0);
    assert_int_equal(hear_body(&h, FRAME_HOOK, "/statusline", slice_make(text, (size_t)n)), CT_ERR_LIMIT);
    assert_int_equal(h.count, 0);
    free(text);
}

static void a_start_tells_its_model_and_context(void **state)
{
    (void)state;
    assert_int_equal(
        hear_hook(&h, "SessionStart",
                  ",\"source\":\"resume\",\"model\":\"claude-opus-5-5\",\"context_tokens\":13322"),
        CT_OK);
    const struct event *e = heard(&h);
    assert_int_equal(e->kind, EVENT_SESSION);
    assert_true(slice_eq_str(e->source, "resume"));
    assert_true(slice_eq_str(e->model, "claude-opus-5-5"));
    assert_true(e->report.tells_context);
    assert_int_equal(e->report.used_tokens, 13322);
    assert_int_equal(hear_hook(&h, "SessionStart", ",\"source\":\"startup\""), CT_OK);
    assert_false(heard(&h)->report.tells_context);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_it_says_is_taken),
        TEST(what_it_does_not_say_is_unknown),
        TEST(nonsense_is_not_believed),
        TEST(a_huge_one_is_not_looked_at),
        TEST(a_start_tells_its_model_and_context),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
