/* Search, filter and the mouse in the views that have rows of their own. */
#include "desk.h"

#include <stdio.h>

static int open_busy(void **state)
{
    (void)state;
    return desk_open("busy", 160, 40);
}

static int open_alarms(void **state)
{
    (void)state;
    return desk_open("alarms", 160, 40);
}

static struct ui_effects mouse(enum mouse_action action, int row, int col)
{
    struct ui_effects e = ui_key(ui, &f.data, &(struct key){KEYCODE_MOUSE, action, row, col});
    fixture_answer(ui, &e);
    ui_draw(ui, &f.data, &g);
    return e;
}

static bool selected_says(const char *words)
{
    for (int row = 0; row < g.rows; row++)
        if (screen_row_flagged(&g, row, CELL_SELECTED))
            return screen_row_has(&g, row, words);
    return false;
}

/* Where the words stand on a row. */
static int column_of(int row, const char *words)
{
    for (int col = 0; col < g.cols; col++) {
        size_t len = strlen(words), at = 0;
        for (int c = col; c < g.cols && at < len; c++) {
            const struct cell *cell = grid_at(&g, row, c);
            if (cell->len == 0 || at + cell->len > len || memcmp(cell->text, words + at, cell->len) != 0)
                break;
            at += cell->len;
        }
        if (at == len)
            return col;
    }
    fail_msg("row %d does not say \"%s\"", row, words);
    return -1;
}

static void click_on(int row, const char *words)
{
    mouse(MOUSE_PRESS, row, column_of(row, words));
}

static bool has_match(void)
{
    for (int row = 0; row < g.rows; row++)
        if (screen_row_flagged(&g, row, CELL_MATCH))
            return true;
    return false;
}

static void the_waterfall_is_searched(void **state)
{
    (void)state;
    keys("j w / text:grep");
    assert_int_equal(view().hits, 1);
    assert_true(selected_says("Grep"));
    assert_true(has_match());
    keys("Esc");
    assert_true(selected_says("#7"));
    keys("/ text:haiku Enter");
    assert_int_equal(view().hits, 2);
    size_t first = view().hit;
    keys("n");
    assert_int_equal(view().hit, first + 1);
    keys("N N");
    assert_int_equal(view().hit, first == 1 ? 2 : first - 1);
    keys("/ text:nowhere");
    assert_int_equal(view().hits, 0);
    assert_true(screen_row_has(&g, g.rows - 1, "not found"));
}

static void red_is_searched(void **state)
{
    (void)state;
    keys("r / text:Bash Enter");
    assert_true(selected_says("Bash"));
    assert_int_equal(view().hits, 1);
    assert_true(has_match());
    keys("n");
    assert_true(selected_says("Bash"));
    keys("Esc / text:opus");
    assert_true(selected_says("opus"));
    keys("Esc");
    assert_true(selected_says("Bash")); /* where it began */
}

static void events_are_searched(void **state)
{
    (void)state;
    keys("e / text:Bash Enter");
    assert_true(view().hits > 0);
    assert_true(selected_says("Bash"));
    assert_true(has_match());
    size_t hits = view().hits, hit = view().hit;
    keys("N");
    assert_int_equal(view().hit, hit > 1 ? hit - 1 : hits);
    assert_true(selected_says("Bash"));
}

static void events_are_filtered(void **state)
{
    (void)state;
    keys("e");
    int all = 0, some = 0;
    for (int row = 2; row < g.rows - 1; row++)
        all += screen_row_has(&g, row, ":");
    keys("f text:tool:Bash Enter");
    for (int row = 2; row < g.rows - 1; row++)
        if (screen_row_has(&g, row, ":")) {
            some++;
            assert_true(screen_row_has(&g, row, "Bash"));
        }
    assert_in_range(some, 1, all - 1);
    keys("f C-u text:nothingofthesort");
    assert_true(screen_find(&g, "No event passes the filter") > 0);
    keys("Esc");
    int again = 0;
    for (int row = 2; row < g.rows - 1; row++)
        again += screen_row_has(&g, row, ":");
    assert_int_equal(again, all);
}

static void red_is_filtered(void **state)
{
    (void)state;
    keys("r");
    assert_true(screen_find(&g, "Read") > 0);
    keys("f text:tool:Bash Enter");
    assert_true(screen_find(&g, "Bash") > 0);
    assert_int_equal(screen_find(&g, "Read"), -1);
    assert_true(screen_find(&g, "MODELS") > 0); /* tool: says nothing about models */
    keys("f C-u text:opus Enter");
    assert_true(screen_find(&g, "opus") > 0);
    assert_int_equal(screen_find(&g, "Bash"), -1);
}

/* Terms that name sessions: what is summed is summed over those. */
static void red_is_narrowed_to_sessions(void **state)
{
    (void)state;
    keys("r W"); /* all there is */
    assert_true(screen_find(&g, "Read") > 0);
    for (const struct session *s = model_sessions(f.data.model); s; s = s->next) {
        char script[128];
        snprintf(script, sizeof(script), "f C-u text:id:%.*s Enter", SLICE_ARG(s->session_id));
        keys(script);
        assert_int_equal(screen_find(&g, "Read"), -1);
        assert_true(screen_find(&g, "MODELS") > 0);
    }
    keys("f C-u text:id:nobody Enter");
    assert_true(screen_find(&g, "No call that passes the filter") > 0);
    assert_true(screen_row_has(&g, 0, "live in all")); /* the header is of all, and says so */
    keys("Esc");
    assert_true(screen_find(&g, "Read") > 0);
    assert_false(screen_row_has(&g, 0, "live in all"));
}

static void red_has_a_bar_for_each_minute(void **state)
{
    (void)state;
    keys("r");
    int title = 1, col = column_of(title, "LAST 15 MIN"), row = screen_find(&g, "opus-4-5");
    assert_true(col > 0 && row > 0);
    int from = col - 4;                                               /* flush right over 15 bars */
    assert_int_equal(grid_at(&g, row, from)->role, ROLE_COUNT_ERROR); /* with the errors of that minute */
    assert_int_equal(grid_at(&g, row, from + 14)->role, ROLE_TOKENS);
    row = screen_find(&g, "github");
    for (int i = 0; i < RED_ROW_MINUTES; i++)
        assert_int_equal(grid_at(&g, row, from + i)->role, ROLE_DIM);
    click_on(title, "LAST 15 MIN");
    assert_true(screen_row_has(&g, title, "▾LAST 15 MIN"));
    assert_int_equal(ui_wake_ns(ui) % SEC, 0);
    grid_resize(&g, 80, 24);
    keys("j");
    assert_int_equal(screen_find(&g, "LAST 15"), -1);
}

static int selected_row(void)
{
    for (int row = 1; row + 1 < g.rows; row++)
        if (screen_row_flagged(&g, row, CELL_SELECTED))
            return row;
    return -1;
}

/* Forward through all hits and around, and back again: each on the screen, flagged, and counted. */
static void go_through_hits(const char *words)
{
    char script[64];
    snprintf(script, sizeof(script), "/ text:%s", words);
    keys(script);
    struct ui_view v = view();
    assert_true(v.hits > 1);
    assert_int_equal(v.hit, 1);
    keys("Enter");
    for (size_t i = 1; i <= 2 * v.hits; i++) {
        int row = selected_row();
        assert_true(row > 0);
        assert_true(screen_row_flagged(&g, row, CELL_MATCH));
        assert_int_equal(view().hit, (i - 1) % v.hits + 1);
        keys(i < v.hits + 2 ? "n" : "N n n");
    }
    keys("N");
    keys("Esc");
    assert_int_equal(view().hits, 0);
    assert_int_equal(selected_row(), -1);
}

static void details_are_searched(void **state)
{
    (void)state;
    grid_resize(&g, 80, 12);
    keys("v");
    go_through_hits("o");
    keys("g / text:trace");
    assert_true(view().hits > 0);
    assert_true(screen_row_flagged(&g, selected_row(), CELL_MATCH));
    keys("Esc");
    assert_true(screen_find(&g, "session ") > 0); /* back where it began */
    keys("/ text:nothingofthesort");
    assert_int_equal(view().hits, 0);
    keys("Enter n");
    assert_true(screen_find(&g, "nothing to search for") > 0);
}

static void flow_is_searched(void **state)
{
    (void)state;
    grid_resize(&g, 80, 12);
    keys("6");
    go_through_hits("http");
    keys("/ text:segments Enter");
    assert_int_equal(view().hits, 1);
    assert_true(selected_says("journal"));
}

/* A hit may begin at the end of one line and go on in the next. */
static void words_are_found_across_lines(void **state)
{
    struct node *n = fixture_turn(&f, f.model.first, 9,
                                  "one two three four five six seven eight nine ten eleven twelve thirteen "
                                  "fourteen fifteen sixteen",
                                  NODE_DONE, MIN, SEC);
    (void)state;
    fixture_settle(&f);
    grid_resize(&g, 44, 30);
    ui_draw(ui, &f.data, &g);
    keys("/ text:sixteen Enter Esc v");
    assert_int_equal(view().node_id, n->id);
    for (int cols = UI_COLS_MIN; cols < 70; cols++) {
        grid_resize(&g, cols, 30);
        keys("");
        struct key slash;
        assert_true(key_parse(SLICE_LIT("/"), &slash));
        ui_key(ui, &f.data, &slash);
        for (const char *c = "seven eight nine ten"; *c; c++)
            ui_key(ui, &f.data, &(struct key){.code = (uint32_t)*c});
        assert_int_equal(view().hits, 1);
        keys("Esc");
    }
}

/* What is searched is where the keys go. */
static void the_pane_is_searched_when_it_has_the_keys(void **state)
{
    (void)state;
    keys("i Tab");
    uint64_t before = view().node_id;
    keys("/ text:id Enter");
    assert_true(view().hits > 0);
    assert_int_equal(view().node_id, before);
    for (int row = 0; row < g.rows; row++)
        for (int col = 0; col < 90; col++)
            assert_false(grid_at(&g, row, col)->flags & CELL_MATCH);
    keys("Esc Esc / text:Bash Enter");
    assert_true(selected_says("Bash"));
    assert_false(view().focused);
}

static void alerts_are_searched(void **state)
{
    (void)state;
    keys("A");
    keys("/ text:loop");
    assert_int_equal(view().hits, 1);
    assert_true(selected_says("loop"));
    keys("Esc / text:e");
    size_t hit = view().hit;
    assert_true(view().hits > 1);
    keys("Enter n");
    assert_int_not_equal(view().hit, hit);
    keys("N");
    assert_int_equal(view().hit, hit);
}

static void red_is_sorted_by_keys_and_clicks(void **state)
{
    (void)state;
    keys("r j");
    assert_true(screen_row_has(&g, 1, "▾CALLS"));
    click_on(1, "P95");
    assert_true(screen_row_has(&g, 1, "▾P95"));
    click_on(1, "P95");
    assert_true(screen_row_has(&g, 1, "▴P95"));
    keys("s");
    assert_true(screen_row_has(&g, 1, "▾P99"));
    keys("S");
    assert_true(screen_row_has(&g, 1, "▴P99"));
}

static void hints_are_clicked(void **state)
{
    int footer = g.rows - 1;
    (void)state;
    click_on(footer, "Waterfall");
    assert_int_equal(view().view, UI_VIEW_WATERFALL);
    click_on(footer, "RED");
    assert_int_equal(view().view, UI_VIEW_RED);
    click_on(footer, "1 Tree");
    assert_int_equal(view().view, UI_VIEW_TREE);
    click_on(footer, "Help");
    assert_true(view().help);
    click_on(footer, "Close");
    assert_false(view().help);
    click_on(footer, "Search");
    assert_true(view().searching);
    click_on(footer, "Cancel");
    assert_false(view().searching);
    click_on(footer, "o Open");
    assert_int_equal(view().dialog, CONTEXT_LINKS);
    assert_true(mouse(MOUSE_PRESS, footer, column_of(footer, "Copy")).what & UI_COPY_LINK);
    ui_draw(ui, &f.data, &g);
    keys("Esc");
    assert_true(mouse(MOUSE_PRESS, footer, column_of(footer, "Quit")).what & UI_QUIT);
}

/* Whatever a key does, a click on its line in the help does. */
static void the_help_is_clicked(void **state)
{
    (void)state;
    grid_resize(&g, 120, 100);
    keys("?");
    click_on(screen_find(&g, "the other way round"), "the other");
    assert_false(view().help);
    assert_true(view().inverted);
    keys("?");
    click_on(screen_find(&g, "everything known about"), "everything");
    assert_int_equal(view().view, UI_VIEW_DETAIL);
    keys("?");
    click_on(screen_find(&g, "expand the row"), "expand");
    assert_true(screen_find(&g, "does nothing in this view") > 0);
    assert_false(view().help);
    keys("1 ?");
    click_on(screen_find(&g, "a tool waits for your permission"), "a tool"); /* only says */
    assert_true(view().help);
    keys("Esc P ?");
    click_on(screen_find(&g, "next sort key"), "next");
    assert_true(screen_find(&g, "resume first") > 0);
}

static void hits_are_gone_through_by_mouse(void **state)
{
    int footer = g.rows - 1;
    (void)state;
    keys("/ text:Bash Enter");
    assert_true(view().hits > 2);
    assert_int_equal(view().hit, 1);
    click_on(footer, "n Next");
    click_on(footer, "n Next");
    assert_int_equal(view().hit, 3);
    click_on(footer, "N Before");
    assert_int_equal(view().hit, 2);
}

static void details_say_the_links(void **state)
{
    (void)state;
    grid_resize(&g, 120, 80);
    keys("v");
    int row = screen_find(&g, "Links");
    assert_true(row > 0);
    assert_true(screen_row_has(&g, row + 1, "t ") && screen_row_has(&g, row + 1, "Trace in Tempo"));
    assert_true(screen_row_has(&g, row + 2, "l ") && screen_row_has(&g, row + 2, "Logs in Loki"));
    assert_true(screen_find(&g, "Trace and logs: no trace known") > row);
    f.data.links = NULL;
    keys("g");
    assert_int_equal(screen_find(&g, "Links"), -1);
}

static void the_header_leads_to_more(void **state)
{
    (void)state;
    click_on(0, "telemetry");
    assert_int_equal(view().view, UI_VIEW_FLOW);
    click_on(0, "p95");
    assert_int_equal(view().view, UI_VIEW_RED);
    click_on(0, "claude-top");
    assert_int_equal(view().view, UI_VIEW_TREE);
    keys("P");
    mouse(MOUSE_PRESS, 0, 2); /* the banner lies over it */
    assert_true(view().paused);
}

static void the_pane_takes_clicks_and_the_wheel(void **state)
{
    (void)state;
    grid_resize(&g, 160, 16);
    keys("i");
    assert_false(view().focused);
    mouse(MOUSE_PRESS, 6, 150);
    assert_true(view().focused);
    mouse(MOUSE_PRESS, 3, 10);
    assert_false(view().focused);
    size_t selected = view().selected;
    mouse(MOUSE_WHEEL_DOWN, 6, 150);
    assert_int_equal(view().selected, selected); /* the details scrolled, and kept nothing else */
    assert_false(view().focused);
    assert_int_equal(screen_row_has(&g, 2, "session "), false);
    keys("Tab");
    mouse(MOUSE_WHEEL_DOWN, 6, 10);
    assert_int_equal(view().selected, selected + 3);
    assert_true(view().focused);
}

static void a_row_of_red_has_links_of_its_own(void **state)
{
    (void)state;
    struct ui_effects e = keys("r / text:Bash Enter t");
    assert_true(e.what & UI_OPEN_LINK);
    assert_int_equal(e.session_id, 0); /* of all sessions */
    assert_int_equal(e.red_kind, RED_TOOL);
    assert_string_equal(e.red_name, "Bash");
    e = keys("o j Enter");
    assert_string_equal(e.link, "loki");
    assert_string_equal(e.red_name, "Bash");
    keys("1");
    e = keys("t");
    assert_string_equal(e.red_name, "");
    assert_int_not_equal(e.session_id, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_waterfall_is_searched, open_busy, desk_close),
        cmocka_unit_test_setup_teardown(red_is_searched, open_busy, desk_close),
        cmocka_unit_test_setup_teardown(events_are_searched, open_busy, desk_close),
        cmocka_unit_test_setup_teardown(events_are_filtered, open_busy, desk_close),
        cmocka_unit_test_setup_teardown(red_is_filtered, open_busy, desk_close),
        cmocka_unit_test_setup_teardown(red_is_narrowed_to_sessions, open_busy, desk_close),
        cmocka_unit_test_setup_teardown(red_has_a_bar_for_each_minute, open_busy, desk_close),
        cmocka_unit_test_setup_teardown(details_are_searched, open_busy, desk_close),
        cmocka_unit_test_setup_teardown(flow_is_searched, open_busy, desk_close),
        cmocka_unit_test_setup_teardown(words_are_found_across_lines, open_busy, desk_close),
        cmocka_unit_test_setup_teardown(the_pane_is_searched_when_it_has_the_keys, open_busy, desk_close),
        cmocka_unit_test_setup_teardown(alerts_are_searched, open_alarms, desk_close),
        cmocka_unit_test_setup_teardown(red_is_sorted_by_keys_and_clicks, open_busy, desk_close),
        cmocka_unit_test_setup_teardown(hints_are_clicked, open_busy, desk_close),
        cmocka_unit_test_setup_teardown(the_help_is_clicked, open_busy, desk_close),
        cmocka_unit_test_setup_teardown(hits_are_gone_through_by_mouse, open_busy, desk_close),
        cmocka_unit_test_setup_teardown(details_say_the_links, open_busy, desk_close),
        cmocka_unit_test_setup_teardown(the_header_leads_to_more, open_busy, desk_close),
        cmocka_unit_test_setup_teardown(the_pane_takes_clicks_and_the_wheel, open_busy, desk_close),
        cmocka_unit_test_setup_teardown(a_row_of_red_has_links_of_its_own, open_busy, desk_close),
    };
    return cmocka_run_group_tests_name("ui/find", tests, NULL, NULL);
}
