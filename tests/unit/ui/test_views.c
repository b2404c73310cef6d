/* Views beside the tree: switching, the selection they share, the pane with the details. */
#include "desk.h"

static int open_busy(void **state)
{
    (void)state;
    return desk_open("busy", 120, 24);
}

static void click(enum mouse_action action, int row, int col)
{
    ui_key(ui, &f.data, &(struct key){KEYCODE_MOUSE, action, row, col});
    ui_draw(ui, &f.data, &g);
}

static bool selected_says(const char *words)
{
    for (int row = 0; row < g.rows; row++)
        if (screen_row_flagged(&g, row, CELL_SELECTED))
            return screen_row_has(&g, row, words);
    return false;
}

static void keys_lead_to_views_and_back(void **state)
{
    (void)state;
    keys("w");
    assert_int_equal(view().view, UI_VIEW_WATERFALL);
    keys("v");
    assert_int_equal(view().view, UI_VIEW_DETAIL);
    keys("v");
    assert_int_equal(view().view, UI_VIEW_TREE);
    keys("2 Esc");
    assert_int_equal(view().view, UI_VIEW_TREE);
    keys("5 1");
    assert_int_equal(view().view, UI_VIEW_TREE);
    keys("w");
    assert_true(fixture_keys(ui, &f, "q").what & UI_QUIT);
}

static void the_waterfall_moves_the_selection_of_the_tree(void **state)
{
    (void)state;
    keys("j -"); /* turn 7, folded */
    assert_int_equal(screen_find(&g, "Read src/auth.ts"), -1);
    keys("w");
    assert_true(selected_says("#7"));
    keys("j j j j");
    assert_true(selected_says("Read src/auth.ts"));
    keys("1");
    assert_true(selected_says("Read src/auth.ts"));
    keys("w G j j");
    assert_true(selected_says("rm -rf"));
    keys("g k");
    assert_true(selected_says("#7"));
}

static void a_session_row_shows_its_newest_turn(void **state)
{
    (void)state;
    keys("w");
    assert_true(screen_find(&g, "#7 fix the flaky") >= 0);
    assert_false(screen_row_flagged(&g, 2, CELL_SELECTED));
    keys("j");
    assert_true(selected_says("#7"));
}

static void bars_stand_where_their_time_is(void **state)
{
    (void)state;
    keys("j w");
    int turn = screen_find(&g, "#7 "), last = screen_find(&g, "rm -rf"), first = screen_find(&g, "LLM opus");
    int from = -1, to = -1, end = -1;
    for (int col = 48; col < g.cols - 8; col++) {
        if (grid_at(&g, last, col)->role == ROLE_BAR_WAIT && from < 0)
            from = col;
        if (grid_at(&g, first, col)->role == ROLE_BAR_LLM)
            to = col;
        if (grid_at(&g, turn, col)->role == ROLE_BAR_OTHER)
            end = col;
    }
    assert_true(to >= 48);   /* the first call has a bar, */
    assert_true(from > to);  /* the permission comes after it, */
    assert_true(end > from); /* and the turn frames both */
    assert_int_equal(grid_at(&g, last, end)->role, ROLE_BAR_WAIT);
}

static void details_stand_beside_below_or_instead(void **state)
{
    (void)state;
    keys("j i");
    assert_true(view().pane);
    int row = screen_find(&g, "DETAILS");
    assert_int_equal(row, 1);
    assert_true(screen_row_has(&g, 1, "SESSION"));
    grid_resize(&g, 80, 40);
    keys("");
    assert_true(screen_find(&g, "DETAILS") > 10);
    assert_true(screen_row_has(&g, 1, "SESSION"));
    grid_resize(&g, 40, 20);
    keys("");
    assert_int_equal(screen_find(&g, "DETAILS"), 1);
    assert_false(screen_row_has(&g, 1, "SESSION"));
    keys("i");
    assert_int_equal(screen_find(&g, "DETAILS"), -1);
}

static void details_of_another_service_s_span_name_its_profile(void **state)
{
    (void)state;
    struct session *s = (struct session *)model_sessions(&f.model);
    struct node *span = fixture_node(&f, s, NULL, NODE_SPAN, NODE_DONE, SEC);
    span->has_span_id = true;
    memset(span->span_id, 0xa7, sizeof span->span_id);
    span->name = SLICE_LIT("POST /v1/messages");
    fixture_settle(&f);
    grid_resize(&g, 160, 40);
    for (int i = 0; i < 100 && view().node_id != span->id; i++)
        keys("j");
    assert_true(view().node_id == span->id);
    keys("i");
    assert_true(screen_find(&g, "span of another service") >= 0);
    assert_true(screen_find(&g, "profile id") > screen_find(&g, "Identity"));
    assert_true(screen_row_has(&g, screen_find(&g, "profile id"), "a7a7a7a7a7a7a7a7"));
}

static void the_focus_says_what_keys_scroll(void **state)
{
    (void)state;
    grid_resize(&g, 120, 12);
    keys("j i");
    uint64_t node = view().node_id;
    assert_true(screen_find(&g, "prompt") >= 0);
    keys("Tab G");
    assert_true(view().focused);
    assert_true(view().node_id == node);
    assert_int_equal(screen_find(&g, "what "), -1);
    assert_true(screen_find(&g, "Identity") >= 0 || screen_find(&g, "Links") >= 0 ||
                screen_find(&g, "seen by") >= 0 || screen_find(&g, "session  ") >= 0);
    keys("g");
    assert_true(screen_find(&g, "what ") >= 0);
    keys("Esc j");
    assert_false(view().focused);
    assert_true(view().node_id != node);
    keys("Tab Tab");
    assert_false(view().focused);
}

static void clicks_select_in_the_waterfall(void **state)
{
    (void)state;
    keys("j w");
    int row = screen_find(&g, "Grep refreshToken");
    click(MOUSE_PRESS, row, 60);
    assert_true(selected_says("Grep refreshToken"));
    click(MOUSE_PRESS, 1, 60); /* the axis */
    click(MOUSE_PRESS, g.rows - 2, 3);
    assert_true(selected_says("Grep refreshToken"));
    click(MOUSE_WHEEL_UP, row, 3);
    assert_false(selected_says("Grep refreshToken"));
}

static void events_follow_until_the_user_moves(void **state)
{
    (void)state;
    const struct session *web = f.model.first;
    keys("e");
    assert_true(screen_find(&g, "fix the flaky") < screen_find(&g, "rm -rf dist/"));
    assert_int_equal(screen_find(&g, "newest of all"), -1);
    grid_resize(&g, 120, 8); /* five of them */
    for (int i = 0; i < 3; i++)
        fixture_event(&f, web, EVENT_TOOL, WITNESS_HOOK, "Bash", "newest of all", "", 0);
    keys("");
    assert_int_equal(screen_find(&g, "newest of all"), 4);
    keys("k k k k");
    assert_true(selected_says("npm test"));
    int row = screen_find(&g, "npm test");
    for (int i = 0; i < 9; i++)
        fixture_event(&f, web, EVENT_TOOL, WITNESS_HOOK, "Bash", "later still", "", 0);
    keys("");
    assert_int_equal(screen_find(&g, "npm test"), row); /* it stands still */
    assert_int_equal(screen_find(&g, "later still"), -1);
    keys("G");
    assert_true(screen_find(&g, "later still") >= 0);
    keys("g");
    assert_true(selected_says("rate limits"));
}

static void events_of_one_session(void **state)
{
    (void)state;
    keys("e a");
    assert_int_equal(screen_find(&g, "npm test"), -1);
    assert_true(screen_find(&g, "rm -rf dist/") >= 0);
    keys("a");
    assert_true(screen_find(&g, "npm test") >= 0);
}

static void an_event_leads_to_its_row(void **state)
{
    (void)state;
    struct node *read = NULL;
    for (size_t i = 0; i < f.model.by_id_cap && !read; i++)
        if (f.model.by_id[i] && slice_eq_str(f.model.by_id[i]->name, "Read"))
            read = f.model.by_id[i];
    assert_non_null(read);
    read->key = SLICE_LIT("toolu_read");
    keys("e g j j j j Enter");
    assert_int_equal(view().view, UI_VIEW_TREE);
    assert_true(view().node_id == read->id);
    keys("e G k k");
    assert_true(selected_says("rm -rf"));
    struct ui_effects e = fixture_keys(ui, &f, "t");
    assert_true(e.what & UI_OPEN_LINK);
    assert_true(e.session_id == f.model.first->id);
}

static void events_that_fell_out_of_the_ring(void **state)
{
    (void)state;
    keys("e g");
    for (int i = 0; i < STREAM_ITEMS_MAX + 50; i++)
        fixture_event(&f, f.model.first, EVENT_TOOL, WITNESS_HOOK, "Bash", "make", "", 0);
    keys("");
    assert_true(selected_says("make"));
    keys("k k PgUp a j G");
    assert_true(screen_find(&g, "make") >= 0);
}

static void the_flow_says_what_goes_wrong(void **state)
{
    (void)state;
    keys("6");
    assert_int_equal(view().view, UI_VIEW_FLOW);
    assert_true(screen_find(&g, "connection refused; next attempt in 4.0s") >= 0);
    assert_true(screen_find(&g, "2 content_type") >= 0);
    assert_true(screen_find(&g, "12 events that the senders numbered never came") >= 0);
    keys("G");
    assert_true(screen_find(&g, "only in memory: the disk refuses") >= 0);
    keys("PgDn G g");
    assert_true(screen_row_has(&g, 2, "Upstreams"));
    f.data.flow = NULL;
    keys("G j");
    assert_true(screen_find(&g, "status --json") >= 0);
}

static void red_has_groups_windows_and_scopes(void **state)
{
    (void)state;
    keys("r");
    assert_int_equal(view().view, UI_VIEW_RED);
    assert_true(screen_find(&g, "MODELS") < screen_find(&g, "opus"));
    assert_true(screen_find(&g, "opus") < screen_find(&g, "haiku")); /* most calls first */
    assert_true(screen_find(&g, "SUB-AGENTS") < screen_find(&g, "Explore"));
    assert_true(screen_row_has(&g, screen_find(&g, "Bash"), "9.4%"));
    keys("j j j");
    assert_true(selected_says("Read"));
    keys("G");
    assert_true(selected_says("web-ui"));
    keys("Enter");
    assert_int_equal(view().view, UI_VIEW_TREE);
    assert_true(view().session_id == f.model.first->id);
    keys("r a");
    assert_int_equal(screen_find(&g, "TOOLS"), -1);
    assert_true(screen_find(&g, "MODELS of web-ui") >= 0);
    keys("a W");
    assert_true(screen_row_has(&g, 1, "all"));
    keys("W");
    assert_true(screen_find(&g, "No call has ended") >= 0);
    keys("j k G Enter W");
    assert_true(screen_find(&g, "MODELS") >= 0);
    click(MOUSE_PRESS, screen_find(&g, "github"), 5);
    assert_true(selected_says("github"));
    click(MOUSE_PRESS, screen_find(&g, "TOOLS"), 5);
    assert_true(selected_says("github"));
}

static void nothing_to_show_is_said(void **state)
{
    struct fixture empty;
    struct ui *own = ui_create(NULL);
    (void)state;
    fixture_init(&empty);
    struct session *s = fixture_session(&empty, "id-1", "bare", NULL);
    s->real = true;
    fixture_settle(&empty);
    fixture_keys(own, &empty, "w");
    ui_draw(own, &empty.data, &g);
    assert_true(screen_find(&g, "no turn yet") >= 0);
    fixture_keys(own, &empty, "j j PgDn v G j i Tab");
    ui_draw(own, &empty.data, &g);
    assert_screen_sound(&g);
    ui_destroy(own);
    fixture_finish(&empty);
}

static void every_view_fits_every_size(void **state)
{
    static const char *const KEYS[] = {"1", "w", "v", "e", "e k a", "6", "r j a", "1 i", "w"};
    (void)state;
    for (size_t k = 0; k < sizeof(KEYS) / sizeof(KEYS[0]); k++) {
        fixture_keys(ui, &f, "j j");
        fixture_keys(ui, &f, KEYS[k]);
        for (int cols = 1; cols <= 400; cols += cols < 60 ? 7 : 43)
            for (int rows = 1; rows <= 120; rows += rows < 12 ? 3 : 27) {
                grid_resize(&g, cols, rows);
                ui_draw(ui, &f.data, &g);
                assert_screen_sound(&g);
            }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(keys_lead_to_views_and_back, open_busy, desk_close),
        cmocka_unit_test_setup_teardown(the_waterfall_moves_the_selection_of_the_tree, open_busy, desk_close),
        cmocka_unit_test_setup_teardown(a_session_row_shows_its_newest_turn, open_busy, desk_close),
        cmocka_unit_test_setup_teardown(bars_stand_where_their_time_is, open_busy, desk_close),
        cmocka_unit_test_setup_teardown(details_stand_beside_below_or_instead, open_busy, desk_close),
        cmocka_unit_test_setup_teardown(details_of_another_service_s_span_name_its_profile, open_busy,
                                        desk_close),
        cmocka_unit_test_setup_teardown(the_focus_says_what_keys_scroll, open_busy, desk_close),
        cmocka_unit_test_setup_teardown(clicks_select_in_the_waterfall, open_busy, desk_close),
        cmocka_unit_test_setup_teardown(events_follow_until_the_user_moves, open_busy, desk_close),
        cmocka_unit_test_setup_teardown(events_of_one_session, open_busy, desk_close),
        cmocka_unit_test_setup_teardown(an_event_leads_to_its_row, open_busy, desk_close),
        cmocka_unit_test_setup_teardown(events_that_fell_out_of_the_ring, open_busy, desk_close),
        cmocka_unit_test_setup_teardown(the_flow_says_what_goes_wrong, open_busy, desk_close),
        cmocka_unit_test_setup_teardown(red_has_groups_windows_and_scopes, open_busy, desk_close),
        cmocka_unit_test_setup_teardown(nothing_to_show_is_said, open_busy, desk_close),
        cmocka_unit_test_setup_teardown(every_view_fits_every_size, open_busy, desk_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
