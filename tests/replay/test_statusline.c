/* The status lines of the recorded sessions, among everything else. */
#include "test.h"

#include "mem.h"
#include "world.h"

#include <stdlib.h>

#define SESSION "3a5d10c2-2c80-46a7-8c4a-89c3836db537"
#define CLEARED "3056e7da-f69f-4c9b-bad6-b7bab0623f17"

static void check_reports(const struct model *m)
{
    const struct session *s = model_session(m, SLICE_LIT(CLEARED));
    assert_non_null(s);
    assert_true(slice_eq_str(s->model_name, "Opus 5.5"));
    assert_true(slice_eq_str(s->cwd, "/srv/project"));
    assert_true(slice_eq_str(s->start_source, "clear"));
    assert_int_equal(s->context.used_tokens, 13304);
    assert_int_equal(s->context.window_tokens, 1000000);
    assert_true(s->context.used_percentage == 1);
    assert_true(s->context.reported_ns > 0);
    assert_int_equal(s->reported_cost_nano_usd, 24804000);
    assert_int_equal(s->limits.reported_ns, 0); /* an API key has none */
    s = model_session(m, SLICE_LIT(SESSION));
    assert_true(slice_eq_str(s->start_source, "compact"));
    assert_true(s->context.reported_ns > 0);
}

static void the_order_does_not_matter(void **state)
{
    (void)state;
    struct capture c;
    capture_load(&c, "interactive", CAPTURE_WITH_STATUS);
    for (int order = 0; order < 3; order++) {
        struct world w;
        world_open(&w);
        for (size_t i = 0; i < c.count; i++) {
            assert_int_equal(world_feed(&w, &c.frames[order == 1 ? c.count - 1 - i : i]), CT_OK);
            if (order == 2) /* twice */
                assert_int_equal(world_feed(&w, &c.frames[i]), CT_OK);
        }
        check_reports(w.model);
        world_close(&w);
    }
    capture_free(&c);
}

/* They add to what is known of a session, and change nothing in its tree. */
static void the_tree_is_the_same_without_them(void **state)
{
    (void)state;
    static const char *const names[] = {"interactive", "interactive-grpc-default-intervals"};
    for (size_t n = 0; n < 2; n++) {
        char *texts[2];
        for (int with = 0; with < 2; with++) {
            struct capture c;
            struct world w;
            capture_load(&c, names[n], with ? CAPTURE_WITH_STATUS : CAPTURE_WITH_HOOKS);
            world_open(&w);
            for (size_t i = 0; i < c.count; i++)
                assert_int_equal(world_feed(&w, &c.frames[i]), CT_OK);
            if (with)
                assert_true(ingest_stats(w.ingest).status_lines > 10);
            texts[with] = mem_strdup(world_text(&w, TREE_SHAPE));
            world_close(&w);
            capture_free(&c);
        }
        assert_string_equal(texts[0], texts[1]);
        free(texts[0]);
        free(texts[1]);
    }
}

/* The client's own sum and ours, while nothing else happens in its process. */
static void reported_costs_agree_with_the_sums(void **state)
{
    (void)state;
    struct capture c;
    struct world w;
    capture_load(&c, "interactive", CAPTURE_WITH_STATUS);
    world_open(&w);
    for (size_t i = 0; i < c.count; i++)
        world_feed(&w, &c.frames[i]);
    const struct session *s = model_session(w.model, SLICE_LIT(CLEARED));
    assert_true(llabs(s->total.cost_nano_usd - s->reported_cost_nano_usd) < 50000);
    world_close(&w);
    capture_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_order_does_not_matter),
        cmocka_unit_test(the_tree_is_the_same_without_them),
        cmocka_unit_test(reported_costs_agree_with_the_sums),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
