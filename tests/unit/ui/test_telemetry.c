/* How far the screen can be trusted, on the screen: the header's mark, the flow view, the details. */
#include "desk.h"

#include <stdio.h>

static int open_busy(void **state)
{
    (void)state;
    return desk_make("busy", 200, 60);
}

static void only_what_is_wrong_has_a_mark(void **state)
{
    (void)state;
    keys("");
    assert_true(screen_row_has(&g, 0, "▲ 1 telemetry")); /* of two, one is only good to know */
    f.model.health[0].severity = HEALTH_INFO;
    f.model.generation++;
    f.data.now_ns += 2 * SEC;
    keys("");
    assert_int_equal(screen_row_has(&g, 0, "▲"), false);
}

static void the_mark_stays_on_small_screens(void **state)
{
    (void)state;
    for (int cols = 40; cols <= 200; cols += 8) {
        grid_resize(&g, cols, 20);
        keys("");
        assert_true(screen_row_has(&g, 0, "▲"));
        assert_true(screen_row_has(&g, 0, "$4.82"));
        assert_true(screen_row_has(&g, 0, "1 waiting"));
    }
}

static void the_flow_view_says_what_is_wrong(void **state)
{
    (void)state;
    keys("6");
    int row = screen_find(&g, "3 log events never came");
    assert_true(row > 0);
    assert_true(screen_row_has(&g, row, "error"));
    assert_true(screen_row_has(&g, row, "web-ui"));
    /* A viewer does not know the collector's flow, but it knows this. */
    f.data.flow = NULL;
    keys("");
    assert_true(screen_find(&g, "3 log events never came") > 0);
    assert_true(screen_find(&g, "the collector keeps these numbers") > 0);
    f.model.health_count = 0;
    f.model.generation++;
    f.data.now_ns += 2 * SEC;
    keys("");
    assert_true(screen_find(&g, "complete, as far as can be told") > 0);
}

static void more_than_fit_are_counted(void **state)
{
    (void)state;
    f.model.health_count = 100; /* as many are found, fewer are kept */
    for (int i = 0; i < 8; i++) {
        f.model.health[i].severity = HEALTH_WARNING;
        snprintf(f.model.health[i].message, sizeof(f.model.health[i].message), "number %d", i);
    }
    f.model.generation++;
    keys("6 G");
    assert_true(screen_row_has(&g, 0, "telemetry"));
    keys("g");
    assert_true(screen_find(&g, "number 7") > 0);
    assert_true(screen_find(&g, "68 more") > 0);
}

static void details_have_the_session_s_own(void **state)
{
    (void)state;
    keys("v");
    assert_true(screen_find(&g, "3 events never came") > 0);
    assert_true(screen_find(&g, "its clock is 12s ahead") > 0);
    assert_true(screen_find(&g, "agree with the events") > 0);
    assert_true(screen_find(&g, "details of tools are withheld") > 0);
    assert_true(screen_find(&g, "83%: 166k of 200k tokens") > 0);
    assert_true(screen_find(&g, "42% used, anew in 2h") > 0);
    assert_true(screen_find(&g, "$8.76 an hour") > 0);
    assert_true(screen_find(&g, "feat/login") > 0);
}

static void a_limit_that_was_reset_is_not_known(void **state)
{
    (void)state;
    keys("");
    assert_true(screen_row_has(&g, 0, "5h 42%"));
    assert_true(screen_row_has(&g, 0, "7d 13%"));
    f.data.now_ns += 3 * HOUR;
    keys("");
    assert_false(screen_row_has(&g, 0, "5h"));
    assert_true(screen_row_has(&g, 0, "7d 13%"));
    f.model.first->limits.reported_ns = 0; /* and who reports none has none */
    f.model.generation++;
    f.data.now_ns += MIN;
    keys("");
    assert_false(screen_row_has(&g, 0, "7d"));
}

/* Asking goes through every session: not with every frame, but what is new is not forgotten either. */
static void news_wait_for_the_pace_and_wake_the_screen(void **state)
{
    (void)state;
    keys("");
    f.model.health_count = 0;
    f.model.generation++;
    f.data.now_ns += SEC / 2;
    keys("");
    assert_true(screen_row_has(&g, 0, "▲"));
    assert_true(ui_wake_ns(ui) > 0 && ui_wake_ns(ui) <= f.data.now_ns + SEC / 2);
    f.data.now_ns += SEC / 2;
    keys("");
    assert_false(screen_row_has(&g, 0, "▲"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(only_what_is_wrong_has_a_mark, open_busy, desk_close),
        cmocka_unit_test_setup_teardown(the_mark_stays_on_small_screens, open_busy, desk_close),
        cmocka_unit_test_setup_teardown(the_flow_view_says_what_is_wrong, open_busy, desk_close),
        cmocka_unit_test_setup_teardown(more_than_fit_are_counted, open_busy, desk_close),
        cmocka_unit_test_setup_teardown(details_have_the_session_s_own, open_busy, desk_close),
        cmocka_unit_test_setup_teardown(a_limit_that_was_reset_is_not_known, open_busy, desk_close),
        cmocka_unit_test_setup_teardown(news_wait_for_the_pace_and_wake_the_screen, open_busy, desk_close),
    };
    return cmocka_run_group_tests_name("ui/telemetry", tests, NULL, NULL);
}
