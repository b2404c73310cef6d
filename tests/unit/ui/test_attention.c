/* What is shown of alerts, what is silenced, who is told, and how often. */
#include "fixture.h"
#include "screen.h"

#include <stdio.h>

static struct fixture f;
static struct grid g;
static struct ui *ui;
static struct session *web, *api;

static void draw(void)
{
    f.model.generation++;
    ui_draw(ui, &f.data, &g);
}

static void open_with(const struct ui_attention *attention, const char *scenario)
{
    fixture_init(&f);
    scenario_find(scenario)->build(&f);
    grid_init(&g, 120, 36);
    ui = ui_create(&(struct ui_config){.attention = *attention});
    web = f.model.first;
    api = web->next;
}

static int open_all(void **state)
{
    (void)state;
    open_with(&(struct ui_attention){.bell = UI_WHEN_ALL, .notify = UI_WHEN_ALL}, "alarms");
    /* The program starts while nothing waits. */
    fixture_state(web, RUN_TOOL, 0, NULL);
    f.data.flow = NULL;
    struct session_signs none = {0};
    ((struct fixture_session *)api)->signs = none;
    api->next->context.reported_ns = 0;
    f.data.now_ns = FIXTURE_NOW;
    web->last_arrival_ns = FIXTURE_NOW;
    draw();
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    ui_destroy(ui);
    grid_finish(&g);
    fixture_finish(&f);
    return 0;
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, open_all, close_all)

static void pass(int64_t ns)
{
    f.data.now_ns += ns;
    for (struct session *s = f.model.first; s; s = s->next)
        s->last_arrival_ns = f.data.now_ns;
}

/* It waits since now for a permission. */
static void ask(struct session *s)
{
    fixture_state(s, RUN_PERMISSION, FIXTURE_NOW - f.data.now_ns, s->last_child->last_child);
    draw();
}

static void answer(struct session *s)
{
    fixture_state(s, RUN_TOOL, 0, NULL);
    draw();
}

static struct ui_notice take(void)
{
    struct ui_notice n;
    ui_take_notice(ui, &n);
    return n;
}

static void expect_quiet(void)
{
    struct ui_notice n;
    if (ui_take_notice(ui, &n))
        fail_msg("told: bell %d, \"%s\"", n.bell, n.text);
}

static void fail_calls(struct session *s, int64_t count)
{
    ((struct fixture_session *)s)->signs.failures = count;
    draw();
}

static void a_wait_that_begins_is_told_once(void **state)
{
    (void)state;
    expect_quiet();
    pass(SEC);
    ask(web);
    struct ui_notice n = take();
    assert_true(n.bell);
    assert_int_equal(n.count, 1);
    assert_non_null(strstr(n.text, "waits for your permission: "));
    assert_true(strncmp(n.text, "web-ui ", 7) == 0);
    for (int i = 0; i < 50; i++) {
        pass(10 * SEC);
        draw();
        expect_quiet();
    }
}

static void what_waits_since_before_the_start_is_not_told(void **state)
{
    (void)state;
    close_all(NULL);
    open_with(&(struct ui_attention){.bell = UI_WHEN_ALL, .notify = UI_WHEN_ALL}, "alarms");
    draw();
    expect_quiet();
    /* Nor while more of the history is read: its arrivals are older than the start. */
    fixture_state(api, RUN_PERMISSION, 5 * MIN, NULL);
    api->next->context.used_percentage = 99;
    draw();
    expect_quiet();
    /* What comes then is. */
    pass(SEC);
    fixture_state(api, RUN_PERMISSION, FIXTURE_NOW - f.data.now_ns, NULL);
    draw();
    assert_int_equal(take().count, 1);
}

static void there_is_at_most_one_a_minute_for_a_session_and_reason(void **state)
{
    (void)state;
    int told = 0;
    for (int i = 0; i < 120; i++) {
        pass(SEC);
        ask(web);
        told += take().count;
        pass(SEC);
        answer(web);
        told += take().count;
    }
    assert_int_equal(told, 4);
    /* Another session is another reason. */
    pass(SEC);
    ask(api);
    assert_int_equal(take().count, 1);
}

static void what_came_too_soon_is_told_when_the_minute_is_over(void **state)
{
    (void)state;
    pass(SEC);
    ask(web);
    assert_int_equal(take().count, 1);
    pass(SEC);
    answer(web);
    pass(SEC);
    ask(web);
    expect_quiet();
    int64_t due = ui_wake_ns(ui);
    assert_true(due > 0 && due <= FIXTURE_NOW + 61 * SEC);
    pass(58 * SEC);
    draw();
    assert_int_equal(take().count, 1);
    /* Answered meanwhile: nothing to tell. */
    answer(web);
    pass(SEC);
    ask(web);
    pass(SEC);
    answer(web);
    pass(2 * MIN);
    draw();
    expect_quiet();
}

static void settings_say_who_is_told(void **state)
{
    (void)state;
    for (int when = UI_WHEN_OFF; when <= UI_WHEN_ALL; when++) {
        close_all(NULL);
        open_with(&(struct ui_attention){.bell = (enum ui_when)when}, "busy");
        fixture_state(web, RUN_TOOL, 0, NULL);
        pass(0);
        draw();
        pass(SEC);
        ask(web);
        assert_int_equal(take().bell, when != UI_WHEN_OFF);
        fail_calls(api, 20);
        struct ui_notice n = take();
        assert_int_equal(n.bell, when == UI_WHEN_ALL);
        assert_int_equal(n.count, 0);
    }
}

static void an_alert_is_told_with_its_numbers(void **state)
{
    (void)state;
    pass(SEC);
    fail_calls(api, 14);
    struct ui_notice n = take();
    assert_int_equal(n.count, 1);
    assert_string_equal(
        n.text, "Rate limits for the public API: error storm: 14 failed calls in 5 minutes (limit 10)");
    fail_calls(api, 19);
    expect_quiet();
}

static void several_at_once_are_one_notification(void **state)
{
    (void)state;
    pass(SEC);
    fixture_state(web, RUN_PERMISSION, -SEC, web->last_child->last_child);
    ((struct fixture_session *)api)->signs.failures = 11;
    draw();
    assert_int_equal(take().count, 2);
}

static void the_header_counts_and_a_line_says_the_worst(void **state)
{
    (void)state;
    assert_int_equal(screen_find(&g, "alert"), -1);
    fail_calls(api, 14);
    assert_true(screen_row_has(&g, 0, "▲ 1 alert"));
    assert_true(screen_row_has(
        &g, 34, "▲ Rate limits for the public API: error storm: 14 failed calls in 5 minutes (limit 10)"));
    grid_resize(&g, 120, 12);
    draw();
    assert_true(screen_row_has(&g, 0, "▲ 1 alert"));
    assert_int_equal(screen_find(&g, "error storm"), -1);
}

static void keys(const char *script)
{
    fixture_keys(ui, &f, script);
    ui_draw(ui, &f.data, &g);
}

static void enter_leads_to_the_session(void **state)
{
    (void)state;
    fail_calls(api, 14);
    keys("A");
    assert_int_equal(ui_view(ui, &f.data).view, UI_VIEW_ALERTS);
    assert_true(screen_row_has(&g, 2, "error storm"));
    keys("Enter");
    struct ui_view v = ui_view(ui, &f.data);
    assert_int_equal(v.view, UI_VIEW_TREE);
    assert_true(v.session_id == api->id && v.node_id == 0);
    /* From the list, links are about it as well. */
    keys("g A");
    struct key t = {.code = 't'};
    assert_true(ui_key(ui, &f.data, &t).session_id == api->id);
    keys("Esc");
    assert_int_equal(ui_view(ui, &f.data).view, UI_VIEW_TREE);
}

static void one_is_silenced_for_good(void **state)
{
    (void)state;
    fail_calls(api, 14);
    keys("A x");
    assert_true(screen_find(&g, "silenced") > 0);
    assert_false(screen_row_has(&g, 0, " alert"));
    fail_calls(api, 0);
    fail_calls(api, 400);
    assert_false(screen_row_has(&g, 0, " alert"));
    /* Another session's is heard. */
    fail_calls(web, 11);
    assert_true(screen_row_has(&g, 0, "▲ 1 alert"));
    /* The same key takes it back. */
    fail_calls(web, 0);
    keys("x");
    assert_true(screen_row_has(&g, 0, "▲ 1 alert"));
}

static void one_is_silenced_until_it_changes(void **state)
{
    (void)state;
    fail_calls(api, 14);
    keys("A u");
    fail_calls(api, 19);
    assert_false(screen_row_has(&g, 0, " alert"));
    fail_calls(api, 20); /* twice the limit */
    assert_true(screen_row_has(&g, 0, "▲ 1 alert"));
    keys("u");
    assert_false(screen_row_has(&g, 0, " alert"));
    fail_calls(api, 0);
    fail_calls(api, 20); /* it was gone */
    assert_true(screen_row_has(&g, 0, "▲ 1 alert"));
}

static void all_are_silenced_for_an_hour(void **state)
{
    (void)state;
    fail_calls(api, 14);
    take();
    keys("A X");
    assert_false(screen_row_has(&g, 0, " alert"));
    pass(10 * SEC);
    fail_calls(web, 14);
    expect_quiet();
    assert_true(screen_find(&g, "silenced for") > 0);
    pass(61 * MIN);
    draw();
    assert_true(screen_row_has(&g, 0, "▲ 2 alerts"));
    /* It is told now: it still holds. */
    assert_int_equal(take().count, 1);
}

static void silences_are_bounded(void **state)
{
    (void)state;
    keys("A");
    for (int i = 0; i < 200; i++) {
        char *id = test_malloc(16);
        snprintf(id, 16, "s%d", i);
        struct session *s = fixture_session(&f, id, id, NULL);
        s->last_arrival_ns = f.data.now_ns;
        fail_calls(s, 14);
        keys("x");
        fail_calls(s, 0);
        s->session_id = s->title = SLICE_LIT("s");
        test_free(id);
    }
    draw();
    assert_screen_sound(&g);
}

static void the_title_and_the_highlight_can_be_off(void **state)
{
    (void)state;
    pass(SEC);
    ask(web);
    int row = screen_find(&g, "permission");
    assert_true(row > 0);
    assert_true(grid_at(&g, 2, 0)->flags & CELL_ATTENTION);
    assert_false(grid_at(&g, 3, 0)->flags & CELL_ATTENTION);
    close_all(NULL);
    open_with(&(struct ui_attention){.no_highlight = true, .no_title = true}, "busy");
    draw();
    assert_string_equal(ui_window_title(ui), "");
    for (int i = 0; i < g.rows; i++)
        assert_false(grid_at(&g, i, 0)->flags & CELL_ATTENTION);
    assert_int_equal(screen_find(&g, "nothing"), -1);
}

static void a_paused_screen_still_calls(void **state)
{
    (void)state;
    keys("P");
    pass(SEC);
    ask(web);
    assert_int_equal(take().count, 1);
    assert_true(screen_row_has(&g, 0, "PAUSED"));
}

static void nothing_wakes_it_while_nothing_is_due(void **state)
{
    (void)state;
    /* A paused screen has no ages that tick. */
    keys("P");
    assert_true(ui_wake_ns(ui) == 0);
    pass(SEC);
    ask(web);
    assert_true(ui_wake_ns(ui) == f.data.now_ns + 10 * MIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_wait_that_begins_is_told_once),
        TEST(what_waits_since_before_the_start_is_not_told),
        TEST(there_is_at_most_one_a_minute_for_a_session_and_reason),
        TEST(what_came_too_soon_is_told_when_the_minute_is_over),
        TEST(settings_say_who_is_told),
        TEST(an_alert_is_told_with_its_numbers),
        TEST(several_at_once_are_one_notification),
        TEST(the_header_counts_and_a_line_says_the_worst),
        TEST(enter_leads_to_the_session),
        TEST(one_is_silenced_for_good),
        TEST(one_is_silenced_until_it_changes),
        TEST(all_are_silenced_for_an_hour),
        TEST(silences_are_bounded),
        TEST(the_title_and_the_highlight_can_be_off),
        TEST(a_paused_screen_still_calls),
        TEST(nothing_wakes_it_while_nothing_is_due),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
