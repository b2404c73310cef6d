/* The built-in prices against what the client reported in the captures, and traces whose cost nobody
 * reported. */
#include "test.h"

#include "price_file.h"
#include "world.h"

#include <math.h>
#include <stdlib.h>

#define FOUR_DECIMALS 50000 /* half of 0.0001 USD, in 1e-9 USD */

struct seen {
    struct price_list prices;
    int opus, sonnet, haiku;
};

static void on_event(void *ctx, const struct event *e)
{
    struct seen *seen = ctx;
    /* The interceptor's costs are from a table of its own. */
    if (e->kind != EVENT_LLM || e->usage.cost_nano_usd < 0 || !e->native)
        return;
    int64_t got = price_estimate(&seen->prices.table, e->model, &e->usage);
    if (llabs(got - e->usage.cost_nano_usd) >= FOUR_DECIMALS)
        fail_msg("%.*s was %lld nano dollars, the table says %lld", SLICE_ARG(e->model),
                 (long long)e->usage.cost_nano_usd, (long long)got);
    seen->opus += slice_eq_str(e->model, "claude-opus-5-5");
    seen->sonnet += slice_eq_str(e->model, "claude-sonnet-4-5-20250929");
    seen->haiku += slice_eq_str(e->model, "claude-haiku-4-5-20251001");
}

static void reported_costs_agree_to_four_decimals(void **state)
{
    (void)state;
    struct seen seen = {0};
    struct otlp_limits limits;
    struct ct_errmsg msg;
    otlp_limits_init(&limits);
    assert_int_equal(price_list_load(&seen.prices, NULL, false, &msg), CT_OK);
    struct ingest *in = ingest_create(&limits, on_event, &seen);
    char **names = capture_names();
    for (char **name = names; *name; name++) {
        struct capture c;
        capture_load(&c, *name, CAPTURE_WITHOUT_HOOKS);
        for (size_t i = 0; i < c.count; i++)
            ingest_frame(in, &c.frames[i]);
        capture_free(&c);
    }
    assert_true(seen.opus > 50);
    assert_true(seen.sonnet > 8);
    assert_true(seen.haiku > 2);
    capture_names_free(names);
    ingest_destroy(in);
    price_list_finish(&seen.prices);
}

static void apply(void *ctx, const struct event *e)
{
    model_apply(ctx, e);
}

static bool is_logs(const struct frame *f)
{
    return slice_eq_str(f->path, "/v1/logs");
}

/* Spans name the tokens, not the cost. */
static void traces_alone_are_estimated(void **state)
{
    (void)state;
    struct price_list prices;
    struct otlp_limits limits;
    struct model_config config;
    struct capture c;
    struct ct_errmsg msg;
    otlp_limits_init(&limits);
    model_config_init(&config);
    assert_int_equal(price_list_load(&prices, NULL, false, &msg), CT_OK);
    config.prices = &prices.table;
    struct model *m = model_create(&config);
    struct ingest *in = ingest_create(&limits, apply, m);
    capture_load(&c, "tools-json", CAPTURE_WITHOUT_HOOKS);
    for (size_t i = 0; i < c.count; i++)
        if (!is_logs(&c.frames[i]))
            ingest_frame(in, &c.frames[i]);
    const struct counters *t = &model_sessions(m)->total;
    assert_int_equal(t->llm_calls, 5);
    assert_int_equal(t->cost_estimated, 5);
    assert_int_equal(t->cost_unknown, 0);
    assert_int_equal(t->cost_estimated_nano_usd, t->cost_nano_usd);
    assert_int_equal(t->cost_nano_usd, 52230000);
    /* The report takes the estimate's place. */
    for (size_t i = 0; i < c.count; i++)
        if (is_logs(&c.frames[i]))
            ingest_frame(in, &c.frames[i]);
    t = &model_sessions(m)->total;
    assert_int_equal(t->llm_calls, 5);
    assert_int_equal(t->cost_estimated, 0);
    assert_int_equal(t->cost_estimated_nano_usd, 0);
    assert_int_equal(t->cost_nano_usd, 52230000);
    capture_free(&c);
    ingest_destroy(in);
    model_destroy(m);
    price_list_finish(&prices);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reported_costs_agree_to_four_decimals),
        cmocka_unit_test(traces_alone_are_estimated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
