/* The lists over a view: the choice of columns, the links of a row, the settings. */
#include "desk.h"

#include "columns.h"

static int open_busy(void **state)
{
    (void)state;
    return desk_open("busy", 120, 36);
}

static struct ui_effects mouse(enum mouse_action action, int row, int col)
{
    struct ui_effects e = ui_key(ui, &f.data, &(struct key){KEYCODE_MOUSE, action, row, col});
    ui_draw(ui, &f.data, &g);
    return e;
}

/* The column title line of the tree. */
static bool has_title(const char *title)
{
    return screen_row_has(&g, 1, title);
}

static void columns_are_shown_and_hidden_at_once(void **state)
{
    (void)state;
    assert_true(has_title("MODEL"));
    keys("c");
    assert_int_equal(view().dialog, CONTEXT_COLUMNS);
    keys("j Space Esc");
    assert_int_equal(view().dialog, 0);
    assert_false(has_title("MODEL"));
    keys("c j Enter q");
    assert_true(has_title("MODEL"));
}

static void columns_move_and_come_back(void **state)
{
    struct ui_effects e;
    (void)state;
    keys("c j Left");
    assert_int_equal(view().dialog_line, 0); /* the cursor goes with its column */
    e = keys("w");
    assert_true(e.what & UI_SET);
    assert_string_equal(e.setting, "columns");
    assert_true(strncmp(e.value, "model,state,in,", 15) == 0);
    keys("Left Left");
    assert_int_equal(view().dialog_line, 0); /* never before the name */
    e = keys("r w");
    assert_string_equal(e.value, ""); /* the standard set */
    keys("G Right");
    assert_int_equal(view().dialog_line, COLUMN_COUNT - 2);
}

static void columns_take_the_mouse(void **state)
{
    int line;
    (void)state;
    keys("c");
    line = screen_find(&g, "model of the newest call");
    assert_true(line > 0);
    mouse(MOUSE_PRESS, line, 40);
    assert_int_equal(view().dialog_line, 1);
    mouse(MOUSE_DOUBLE, line, 40);
    assert_string_equal(keys("w").value + 6,
                        "in,out,cache,cost,burn,time,context,llm,tools,errors,agents,ttft,"
                        "wait,id,folder");
    mouse(MOUSE_WHEEL_DOWN, line, 40);
    assert_int_equal(view().dialog_line, 4);
    mouse(MOUSE_PRESS, 0, 0); /* beside it */
    assert_int_equal(view().dialog, 0);
}

static void a_chosen_set_is_used_from_the_start(void **state)
{
    struct ct_errmsg msg;
    struct ui *other = ui_create(&(struct ui_config){.columns = "cost,retries"});
    (void)state;
    ui_draw(other, &f.data, &g);
    assert_true(has_title("RETRY"));
    assert_false(has_title("STATE"));
    assert_int_equal(ui_set_columns(other, "state", &msg), CT_OK);
    ui_draw(other, &f.data, &g);
    assert_true(has_title("STATE"));
    assert_false(has_title("COST"));
    assert_int_equal(ui_set_columns(other, "x", &msg), CT_ERR_USAGE);
    ui_destroy(other);
    other = ui_create(&(struct ui_config){.columns = "no such column"});
    ui_draw(other, &f.data, &g);
    assert_true(has_title("COST"));
    ui_destroy(other);
}

static void numbers_of_a_session_have_columns(void **state)
{
    struct session *s = f.model.first;
    struct ct_errmsg msg;
    (void)state;
    ((struct fixture_session *)s)->burn = (struct burn_rate){.cost_nano_usd_per_hour = INT64_C(3200000000)};
    s->context = (struct session_context){.reported_ns = FIXTURE_NOW, .used_percentage = 83.9};
    s->limits = (struct session_limits){.reported_ns = FIXTURE_NOW,
                                        .five_hour = {42, FIXTURE_NOW + HOUR},
                                        .seven_day = {13, FIXTURE_NOW - 1}}; /* reset since */
    s->branch = SLICE_LIT("feat/login");
    assert_int_equal(ui_set_columns(ui, "burn,context,5h,7d,branch,started,retries", &msg), CT_OK);
    ui_draw(ui, &f.data, &g);
    int row = screen_find(&g, "feat/login");
    assert_true(row > 0);
    assert_true(screen_row_has(&g, row, "$3.20"));
    assert_true(screen_row_has(&g, row, "83%"));
    assert_true(screen_row_has(&g, row, "42%"));
    assert_false(screen_row_has(&g, row, "13%"));
    assert_true(screen_row_has(&g, row, "13:47")); /* started, by the day's start */
    row = screen_find(&g, "Rate limits");
    assert_true(row > 0);
    assert_false(screen_row_has(&g, row, "%"));
}

static void the_most_expensive_minute_sorts_first(void **state)
{
    struct session *last = f.model.last;
    (void)state;
    ((struct fixture_session *)last)->burn.cost_nano_usd_per_hour = INT64_C(90000000000);
    f.model.generation++;
    ui_set_sort(ui, UI_SORT_BURN);
    keys("g");
    assert_int_equal(view().session_id, last->id);
}

static void links_open_copy_and_show(void **state)
{
    struct ui_effects e;
    (void)state;
    uint64_t node = (keys("j"), view().node_id);
    e = keys("o");
    assert_true(e.what & UI_LIST_LINKS);
    assert_int_equal(view().dialog, CONTEXT_LINKS);
    assert_true(screen_find(&g, "Metrics") > 0);
    e = keys("j y");
    assert_true(e.what & UI_COPY_LINK);
    assert_string_equal(e.link, "loki");
    assert_int_equal(e.node_id, node);
    e = keys("k");
    assert_true(e.what & UI_SHOW_LINK); /* the one that is shown is a hyperlink */
    assert_string_equal(e.link, "tempo");
    assert_int_equal(screen_find(&g, "orgId=1"), -1);
    keys("Space");
    assert_true(screen_find(&g, "orgId=1") > 0);
    e = keys("Enter");
    assert_true(e.what & UI_OPEN_LINK);
    assert_string_equal(e.link, "tempo");
    assert_int_equal(e.session_id, view().session_id);
    assert_int_equal(view().dialog, 0);
}

static void a_link_that_grafana_has_to_make_applies_without_a_url(void **state)
{
    static const struct ui_link_item items[] = {
        {"mimir", "Metrics", "too long: Grafana is asked for a short one", "", "", true},
        {"loki", "Logs", "in Loki", "", "http://localhost:3000/x", false}};
    struct ui_effects e;
    (void)state;
    keys("o");
    ui_show_links(ui, "a session", items, 2);
    keys("");
    assert_true(screen_find(&g, "too long: Grafana is asked") > 0);
    e = keys("j k");
    assert_false(e.what & UI_SHOW_LINK); /* there is nothing to show yet */
    e = keys("Space");
    assert_false(e.what & UI_SHOW_LINK);
    e = keys("y");
    assert_true(e.what & UI_COPY_LINK);
    assert_string_equal(e.link, "mimir");
    e = keys("Enter");
    assert_true(e.what & UI_OPEN_LINK);
    assert_int_equal(view().dialog, 0);
}

static void a_link_that_does_not_apply_says_why(void **state)
{
    struct ui_effects e;
    (void)state;
    keys("o");
    assert_true(screen_find(&g, "no trace known") > 0);
    e = keys("G Enter");
    assert_false(e.what & (UI_OPEN_LINK | UI_SHOW_LINK));
    assert_int_equal(view().dialog, CONTEXT_LINKS);
    assert_true(screen_row_has(&g, g.rows - 1, "no trace known"));
    keys("Esc");
    assert_string_equal(keys("p").link, "profiles");
    assert_string_equal(keys("d").link, "dashboard");
}

static void settings_change_by_choice(void **state)
{
    struct ui_effects e;
    (void)state;
    e = keys("F2");
    assert_true(e.what & UI_LIST_SETTINGS);
    assert_int_equal(view().dialog, CONTEXT_SETTINGS);
    assert_true(ui_shows_settings(ui));
    assert_int_equal(view().dialog_line, 1); /* below its heading */
    e = keys("Enter");
    assert_true(e.what & UI_SET);
    assert_string_equal(e.setting, "theme");
    assert_string_equal(e.value, "light");
    assert_string_equal(keys("Left").value, "colorblind"); /* around the end */
    assert_string_equal(keys("Right").value, "light");
    e = keys("r");
    assert_string_equal(e.value, "dark");
    keys("j j j");
    assert_true(screen_find(&g, "next start") > 0);
    assert_string_equal(keys("Space").value, "on");
}

static void a_fixed_setting_says_by_what(void **state)
{
    (void)state;
    struct ui_effects e = keys(", j Enter");
    assert_false(e.what & UI_SET);
    assert_true(screen_row_has(&g, g.rows - 1, "by a flag"));
}

static void settings_are_typed(void **state)
{
    struct ui_effects e;
    (void)state;
    keys("F2 G Enter");
    assert_int_equal(view().dialog, CONTEXT_EDIT);
    e = keys("C-u text:http://gx Backspace text:rafana/q Backspace Backspace Enter");
    assert_true(e.what & UI_SET);
    assert_string_equal(e.setting, "grafana-url");
    assert_string_equal(e.value, "http://grafana");
    assert_int_equal(view().dialog, CONTEXT_SETTINGS);
    e = keys("Enter text:x Esc");
    assert_false(e.what & UI_SET);
    assert_int_equal(view().dialog, CONTEXT_SETTINGS);
    keys("k k Enter"); /* columns have a list of their own */
    assert_int_equal(view().dialog, CONTEXT_COLUMNS);
}

/* Whatever is pressed or clicked while a list is open, at any size: a sound screen. */
static void any_keys_at_any_size(void **state)
{
    static const char *const KEYS[] = {
        "c",   "o",         "F2", "Up", "Down", "PgDn", "Space", "Enter", "Left", "Right", "r", "g", "G",
        "Esc", "Backspace", "q",  "?",  "P",    "/",    "f",     "x",     "C-u",  "Tab",   "1", "e", "6"};
    uint64_t seed = 11;
    (void)state;
    for (int i = 0; i < 800; i++) {
        grid_resize(&g, random_between(&seed, 1, 140), random_between(&seed, 1, 45));
        if (random_between(&seed, 0, 3) == 0)
            mouse((enum mouse_action)random_between(&seed, MOUSE_PRESS, MOUSE_WHEEL_DOWN),
                  random_between(&seed, 0, 45), random_between(&seed, 0, 140));
        else
            keys(KEYS[random_between(&seed, 0, (int)(sizeof(KEYS) / sizeof(KEYS[0])) - 1)]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(columns_are_shown_and_hidden_at_once, open_busy, desk_close),
        cmocka_unit_test_setup_teardown(columns_move_and_come_back, open_busy, desk_close),
        cmocka_unit_test_setup_teardown(columns_take_the_mouse, open_busy, desk_close),
        cmocka_unit_test_setup_teardown(a_chosen_set_is_used_from_the_start, open_busy, desk_close),
        cmocka_unit_test_setup_teardown(numbers_of_a_session_have_columns, open_busy, desk_close),
        cmocka_unit_test_setup_teardown(the_most_expensive_minute_sorts_first, open_busy, desk_close),
        cmocka_unit_test_setup_teardown(links_open_copy_and_show, open_busy, desk_close),
        cmocka_unit_test_setup_teardown(a_link_that_grafana_has_to_make_applies_without_a_url, open_busy,
                                        desk_close),
        cmocka_unit_test_setup_teardown(a_link_that_does_not_apply_says_why, open_busy, desk_close),
        cmocka_unit_test_setup_teardown(settings_change_by_choice, open_busy, desk_close),
        cmocka_unit_test_setup_teardown(a_fixed_setting_says_by_what, open_busy, desk_close),
        cmocka_unit_test_setup_teardown(settings_are_typed, open_busy, desk_close),
        cmocka_unit_test_setup_teardown(any_keys_at_any_size, open_busy, desk_close),
    };
    return cmocka_run_group_tests_name("ui/dialogs", tests, NULL, NULL);
}
