/* What a call costs: the price table, estimates, burn rates. */
#include "test.h"

#include "fresh.h"

#define MINUTE (60 * 1000)

static const struct price items[] = {
    {"claude-a", false, 0, 4, 20, 0.20, 5, 8}, {"claude-a", false, 100000, 8, 40, 0.40, 10, 16},
    {"claude-a-*", false, 0, 1, 1, 1, 1, 1},   {"claude-a-5", false, 0, 2, 2, 2, 2, 2},
    {"own-*", true, 0, 7, 7, 7, 7, 7},         {"own-model-with-a-long-name", false, 0, 9, 9, 9, 9, 9},
};
static const struct price_table table = {items, sizeof items / sizeof items[0]};

static double input_price(const char *model, int64_t prompt)
{
    const struct price *p = price_find(&table, slice_str(model), prompt);
    return p ? p->input : -1;
}

static void names_lose_what_platforms_add(void **state)
{
    (void)state;
    static const char *const same[] = {
        "claude-a",
        "claude-a-20251101",
        "us.anthropic.claude-a-20251101-v1:0",
        "anthropic/claude-a",
        "claude-a@20251101",
        "claude-a[1m]",
        "models/claude-a",
        "global.anthropic.claude-a-v2",
        "claude-a-latest",
    };
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        struct slice name = price_plain_name(slice_str(same[i]));
        if (!slice_eq_str(name, "claude-a"))
            fail_msg("%s became %.*s", same[i], SLICE_ARG(name));
    }
    assert_true(slice_eq_str(price_plain_name(SLICE_LIT("gpt-4.1-mini")), "gpt-4.1-mini"));
    assert_int_equal(price_plain_name(SLICE_NULL).len, 0);
    assert_int_equal(price_plain_name(SLICE_LIT("-v1")).len, 0);
}

static void the_best_entry_wins(void **state)
{
    (void)state;
    assert_true(input_price("claude-a", 100000) == 4);
    assert_true(input_price("claude-a", 100001) == 8);
    assert_true(input_price("claude-a-4", 0) == 1);
    assert_true(input_price("claude-a-5", 0) == 2);
    assert_true(input_price("own-model-with-a-long-name", 0) == 7);
    assert_true(input_price("claude-b", 0) == -1);
    assert_true(input_price("claude", 0) == -1);
    assert_true(input_price("", 0) == -1);
    assert_null(price_find(NULL, SLICE_LIT("claude-a"), 0));
}

static void an_estimate_is_exact(void **state)
{
    (void)state;
    struct event_usage u = {4, 39, 9100, 4200, 0, -1};
    assert_int_equal(price_estimate(&table, SLICE_LIT("claude-a"), &u), 23616000);
    u.cache_creation_1h_tokens = 200;
    assert_int_equal(price_estimate(&table, SLICE_LIT("claude-a"), &u), 24216000);
    u.cache_creation_1h_tokens = 100000; /* no more than were written at all */
    assert_int_equal(price_estimate(&table, SLICE_LIT("claude-a"), &u), 36216000);
    u = (struct event_usage){100001, 1, -1, -1, -1, -1};
    assert_int_equal(price_estimate(&table, SLICE_LIT("claude-a"), &u), 800048000);
    u.input_tokens = u.output_tokens = INT64_C(1000000000000); /* ingest lets no more in */
    assert_int_equal(price_estimate(&table, SLICE_LIT("claude-a"), &u), -1);
    u = (struct event_usage){-1, -1, -1, -1, -1, -1};
    assert_int_equal(price_estimate(&table, SLICE_LIT("claude-a"), &u), -1);
    u.input_tokens = 5;
    assert_int_equal(price_estimate(&table, SLICE_LIT("claude-b"), &u), -1);
}

static struct event span(int64_t end, const char *request, const char *model)
{
    struct event e = with_usage(story_llm_span(end - 100, end, "t1", request), 1000000, 0, -1);
    e.model = slice_str(model);
    return e;
}

static int open_with_prices(void **state)
{
    (void)state;
    struct model_config config;
    model_config_init(&config);
    config.prices = &table;
    s.model = model_create(&config);
    return 0;
}

static void an_unknown_model_costs_unknown(void **state)
{
    (void)state;
    struct fleet f;
    story_tell(&s, span(1000, "r1", "claude-a-5"));
    story_tell(&s, span(2000, "r2", "nobody-knows"));
    const struct counters *t = &story_session(&s)->total;
    assert_int_equal(t->cost_nano_usd, 2000000000);
    assert_int_equal(t->cost_estimated_nano_usd, 2000000000);
    assert_int_equal(t->cost_estimated, 1);
    assert_int_equal(t->cost_unknown, 1);
    assert_int_equal(story_node(&s, NODE_LLM, "r2")->total.cost_unknown, 1);
    assert_int_equal(story_node(&s, NODE_LLM, "r1")->total.cost_estimated, 1);
    assert_int_equal(story_turn(&s, 1)->total.cost_estimated, 1);
    model_fleet(s.model, STORY_AT(3000), STORY_START, &f);
    assert_true(f.cost_today_is_estimate);
    assert_true(f.burn.is_estimate);
    /* What is reported is no estimate. */
    story_tell(&s, with_usage(story_llm_log(1000, 100, "p1", "r1"), 1000000, 0, 5));
    t = &story_session(&s)->total;
    assert_int_equal(t->cost_nano_usd, 5);
    assert_int_equal(t->cost_estimated, 0);
    model_fleet(s.model, STORY_AT(3000), STORY_START, &f);
    assert_false(f.cost_today_is_estimate);
    assert_false(f.burn.is_estimate);
}

static void burn_is_that_of_the_last_five_minutes(void **state)
{
    (void)state;
    struct fleet f;
    struct event other = with_usage(story_llm_log(60 * 1000, 100, "p9", "r9"), 50, 0, 1000);
    story_tell(&s, with_usage(story_llm_log(0, 100, "p1", "r1"), 900, 100, 10000000));
    story_tell(&s, with_usage(story_llm_log(2 * MINUTE, 100, "p1", "r2"), 3900, 100, 90000000));
    story_tell(&s, in_session(other, "session-2"));
    struct burn_rate burn = model_session_burn(story_session(&s), STORY_AT(2 * MINUTE));
    assert_int_equal(burn.tokens_per_min, 1000);
    assert_int_equal(burn.cost_nano_usd_per_hour, 1200000000);
    assert_false(burn.is_estimate);
    model_fleet(s.model, STORY_AT(2 * MINUTE), STORY_START, &f);
    assert_int_equal(f.burn.tokens_per_min, 1010);
    assert_int_equal(f.burn.cost_nano_usd_per_hour, 1200012000);
    /* The first call leaves the window, then the second. */
    burn = model_session_burn(story_session(&s), STORY_AT(4 * MINUTE + 59999));
    assert_int_equal(burn.tokens_per_min, 1000);
    burn = model_session_burn(story_session(&s), STORY_AT(5 * MINUTE));
    assert_int_equal(burn.tokens_per_min, 800);
    burn = model_session_burn(story_session(&s), STORY_AT(7 * MINUTE));
    assert_int_equal(burn.tokens_per_min, 0);
    assert_int_equal(burn.cost_nano_usd_per_hour, 0);
    /* Told twice, it burned once; a later call takes the bucket over. */
    for (int i = 0; i < 3; i++)
        story_tell(&s, with_usage(story_llm_log(10 * MINUTE, 100, "p1", "r3"), 500, 0, 1));
    burn = model_session_burn(story_session(&s), STORY_AT(10 * MINUTE));
    assert_int_equal(burn.tokens_per_min, 100);
    /* What comes late does not count as new. */
    story_tell(&s, with_usage(story_llm_log(1 * MINUTE, 100, "p1", "r4"), 5000, 0, 1));
    burn = model_session_burn(story_session(&s), STORY_AT(10 * MINUTE));
    assert_int_equal(burn.tokens_per_min, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_lose_what_platforms_add),
        cmocka_unit_test(the_best_entry_wins),
        cmocka_unit_test(an_estimate_is_exact),
        cmocka_unit_test_setup_teardown(an_unknown_model_costs_unknown, open_with_prices, fresh_close),
        TEST(burn_is_that_of_the_last_five_minutes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
