/* Keys: scripts in, state and effects out. */
#include "desk.h"

#include "folds.h"

#include <stdio.h>

static int open_busy(void **state)
{
    (void)state;
    return desk_open("busy", 120, 24);
}

/* The text of the selected row is on the screen, flagged, and holds the words. */
static void assert_selected(const char *words)
{
    for (int row = 0; row < g.rows; row++)
        if (screen_row_flagged(&g, row, CELL_SELECTED)) {
            if (!screen_row_has(&g, row, words))
                fail_msg("the selected row %d does not say \"%s\"", row, words);
            return;
        }
    fail_msg("no row is selected on the screen, expected \"%s\"", words);
}

static void moving_ends_at_the_ends(void **state)
{
    (void)state;
    assert_selected("web-ui");
    keys("Up");
    assert_selected("web-ui");
    keys("j j Down k");
    assert_int_equal(view().selected, 2);
    keys("G");
    assert_int_equal(view().selected, view().rows - 1);
    assert_selected("scratch");
    keys("Down PgDn");
    assert_int_equal(view().selected, view().rows - 1);
    keys("g");
    assert_int_equal(view().selected, 0);
    keys("PgDn");
    assert_int_equal(view().selected, 20);
}

static void folding_and_unfolding(void **state)
{
    (void)state;
    size_t rows = view().rows;
    keys("-");
    assert_true(view().rows < rows);
    assert_int_equal(screen_find(&g, "#7"), -1);
    keys("Enter");
    assert_int_equal(view().rows, rows);
    keys("Space");
    assert_true(view().rows < rows);
    keys("Right Right");
    assert_selected("#7");
    keys("Left");
    assert_selected("#7");
    keys("Left");
    assert_selected("web-ui");
    keys("Left Left");
    assert_selected("web-ui");
}

static void only_the_newest_turn_starts_open(void **state)
{
    (void)state;
    assert_true(screen_find(&g, "LLM opus") > 0);
    assert_true(screen_find(&g, "#6 add a test") > 0);
    assert_int_equal(screen_find(&g, "test/auth.test.ts"), -1);
    keys("G");
    assert_int_equal(screen_find(&g, "say hello"), -1); /* ended long ago: folded altogether */
}

static void everything_below_opens_and_folds(void **state)
{
    (void)state;
    keys("*");
    assert_true(screen_find(&g, "test/auth.test.ts") > 0);
    keys("*");
    assert_int_equal(screen_find(&g, "#7"), -1);
    keys("+");
    assert_int_equal(screen_find(&g, "test/auth.test.ts"), -1);
    /* A row that was folded by hand opens with the rest. */
    keys("Down - Up *");
    assert_true(screen_find(&g, "Task explore") > 0);
    /* … and one that is folded afterwards stays folded. */
    keys("Down -");
    assert_int_equal(screen_find(&g, "Task explore"), -1);
}

static void folds_outlive_new_data(void **state)
{
    (void)state;
    keys("-");
    size_t rows = view().rows;
    fixture_settle(&f);
    ui_draw(ui, &f.data, &g);
    assert_int_equal(view().rows, rows);
}

static struct session *session_named(const char *name)
{
    for (struct session *s = f.model.first; s; s = s->next)
        if (slice_eq_str(s->title, name) || slice_eq_str(s->session_id, name) ||
            slice_find_slice(s->cwd, slice_str(name)) < s->cwd.len)
            return s;
    fail_msg("no session %s", name);
    return NULL;
}

static void the_selection_stays_on_its_node_while_rows_move(void **state)
{
    (void)state;
    keys("Down Down Down");
    assert_selected("Task explore");
    uint64_t id = view().node_id;
    for (int sort = 0; sort < UI_SORT_COUNT; sort++) {
        keys("s");
        assert_selected("Task explore");
        keys("S");
        assert_selected("Task explore");
    }
    fixture_state(session_named("docs"), RUN_PERMISSION, 400 * SEC, NULL);
    fixture_settle(&f);
    ui_draw(ui, &f.data, &g);
    assert_selected("Task explore");
    assert_true(view().node_id == id);
}

static void a_folded_away_selection_goes_to_what_folded_it(void **state)
{
    (void)state;
    keys("Down Down Down Down");
    assert_selected("LLM haiku");
    uint64_t call = view().node_id;
    keys("Left");
    assert_selected("Task explore");
    keys("Down");
    assert_true(view().node_id == call);
    struct session *s = session_named("web-ui");
    s->real = false; /* evicted under the user's hands */
    fixture_settle(&f);
    ui_draw(ui, &f.data, &g);
    assert_true(view().session_id != 0);
    assert_true(view().session_id != s->id);
}

static void rows_with_equal_keys_never_swap(void **state)
{
    char before[64] = "", after[64] = "";
    (void)state;
    for (struct session *s = f.model.first; s; s = s->next)
        s->total.cost_nano_usd = 5;
    f.model.generation++;
    keys("s s s");
    assert_int_equal(view().sort, UI_SORT_COST);
    for (int i = 0; i < 6; i++) {
        char *out = i ? after : before;
        size_t used = 0;
        for (int row = 2; row < g.rows - 1; row++)
            for (struct session *s = f.model.first; s; s = s->next) {
                char name[16];
                snprintf(name, sizeof(name), "%.*s", 8, s->session_id.ptr);
                if (screen_row_has(&g, row, name))
                    used += (size_t)snprintf(out + used, 64 - used, "%d ", (int)s->id);
            }
        if (i)
            assert_string_equal(before, after);
        f.model.generation++;
        ui_draw(ui, &f.data, &g);
    }
}

static void sorting_by_each_key(void **state)
{
    (void)state;
    keys("s s");
    assert_int_equal(view().sort, UI_SORT_NAME);
    keys("g");
    assert_selected("Rate limits");
    keys("S g");
    assert_true(view().inverted);
    assert_selected("web-ui");
    keys("s g");
    assert_int_equal(view().sort, UI_SORT_COST);
    assert_false(view().inverted);
    assert_selected("web-ui");
    keys("S g");
    assert_selected("ml-pipeline");
    keys("s g");
    assert_int_equal(view().sort, UI_SORT_TOKENS);
    assert_selected("web-ui");
    keys("s g");
    assert_int_equal(view().sort, UI_SORT_TIME);
    assert_selected("web-ui");
    keys("S g");
    assert_selected("scratch");
    keys("s");
    assert_int_equal(view().sort, UI_SORT_BURN);
    keys("s");
    assert_int_equal(view().sort, UI_SORT_ACTIVITY);
}

static void follow_keeps_the_newest_in_sight_until_the_user_moves(void **state)
{
    (void)state;
    grid_resize(&g, 120, 8);
    fixture_state(session_named("web-ui"), RUN_THINKING, SEC, NULL);
    struct session *api = session_named("Rate limits for the public API");
    fixture_tool(&f, api, api->last_child, "Bash", "the newest", NODE_RUNNING, 0, -1);
    fixture_settle(&f);
    ui_draw(ui, &f.data, &g);
    assert_true(view().follow);
    assert_true(screen_find(&g, "the newest") > 0);
    keys("g");
    assert_false(view().follow);
    assert_int_equal(screen_find(&g, "the newest"), -1);
    fixture_settle(&f);
    ui_draw(ui, &f.data, &g);
    assert_selected("web-ui");
    keys("F");
    assert_true(view().follow);
    assert_true(screen_find(&g, "the newest") > 0);
    keys("F");
    assert_false(view().follow);
}

static void follow_never_scrolls_a_waiting_session_away(void **state)
{
    (void)state;
    grid_resize(&g, 120, 16);
    ui_draw(ui, &f.data, &g);
    assert_true(view().follow);
    assert_true(screen_find(&g, "rm -rf dist/") > 0);
}

static void search_reveals_what_is_folded(void **state)
{
    (void)state;
    size_t rows = view().rows;
    keys("/ text:AUTH.TEST");
    assert_true(view().searching);
    assert_selected("test/auth.test.ts");
    assert_int_equal(view().hits, 1);
    assert_true(screen_row_flagged(&g, screen_find(&g, "auth.test.ts"), CELL_MATCH));
    keys("Esc");
    assert_false(view().searching);
    assert_selected("web-ui");
    assert_int_equal(view().rows, rows);
    keys("/ text:auth.test Enter");
    assert_false(view().searching);
    assert_selected("test/auth.test.ts");
    keys("Esc"); /* the highlight goes, the place stays */
    assert_selected("test/auth.test.ts");
    assert_string_equal(view().search, "");
    assert_false(screen_row_flagged(&g, screen_find(&g, "auth.test.ts"), CELL_MATCH));
}

static void search_goes_around_both_ways(void **state)
{
    (void)state;
    keys("/ text:bash Enter");
    assert_int_equal(view().hits, 3);
    assert_int_equal(view().hit, 1);
    assert_selected("rm -rf");
    keys("n");
    assert_selected("npm run lint");
    keys("n");
    assert_selected("npm test");
    keys("n");
    assert_selected("rm -rf");
    keys("N");
    assert_selected("npm test");
    assert_int_equal(view().hit, 3);
    keys("N N");
    assert_int_equal(view().hit, 1);
}

static void search_edits_its_text(void **state)
{
    (void)state;
    keys("/ text:zzz");
    assert_int_equal(view().hits, 0);
    assert_true(screen_find(&g, "not found") > 0);
    assert_selected("web-ui");
    keys("Backspace Backspace Backspace");
    assert_true(view().searching);
    keys("text:docs");
    assert_selected("docs");
    keys("C-u");
    assert_string_equal(view().search, "");
    assert_selected("web-ui");
    keys("text:é会");
    assert_string_equal(view().search, "é会");
    keys("Backspace");
    assert_string_equal(view().search, "é");
    keys("Backspace Backspace"); /* past the first character: leaves */
    assert_false(view().searching);
}

static void search_text_has_a_limit(void **state)
{
    (void)state;
    keys("/");
    for (int i = 0; i < 3 * UI_SEARCH_MAX; i++)
        keys("text:a");
    assert_int_equal(strlen(view().search), UI_SEARCH_MAX - 1);
    fixture_keys(ui, &f, "C-u");
    ui_key(ui, &f.data, &(struct key){.code = 0x202e}); /* a bidi control */
    ui_key(ui, &f.data, &(struct key){.code = 0x9b});
    assert_string_equal(view().search, "");
}

static void a_paused_screen_stands_still(void **state)
{
    struct grid before;
    (void)state;
    grid_init(&before, 1, 1);
    keys("Down P");
    assert_true(view().paused);
    assert_true(screen_row_has(&g, 0, "PAUSED"));
    grid_copy(&before, &g);
    struct session *s = fixture_session(&f, "new", "brand new", NULL);
    fixture_state(s, RUN_PERMISSION, 900 * SEC, NULL);
    f.model.fleet.live = 99;
    fixture_settle(&f);
    f.data.now_ns += 100 * SEC;
    ui_draw(ui, &f.data, &g);
    assert_true(grid_equal(&g, &before));
    assert_true(ui_wake_ns(ui) == 0);

    /* The selection moves on it, to be linked or copied; nothing else does. */
    uint64_t id = view().node_id;
    keys("Down");
    assert_true(view().node_id != id);
    assert_selected("LLM opus");
    keys("-");
    assert_true(screen_find(&g, "paused") > 0);
    keys("Down");
    assert_int_equal(screen_find(&g, "brand new"), -1);

    keys("P");
    assert_false(view().paused);
    assert_true(screen_find(&g, "brand new") > 0);
    grid_finish(&before);
}

static void a_paused_screen_survives_eviction_and_resizing(void **state)
{
    (void)state;
    keys("Down P");
    struct model kept = f.model;
    f.model.first = f.model.last = NULL;
    memset(f.model.by_id, 0, f.model.by_id_cap * sizeof(struct node *));
    f.model.generation++;
    for (int cols = 1; cols < 200; cols += 13) {
        grid_resize(&g, cols, 7 + cols % 30);
        keys("Down y Up t ? Esc");
    }
    assert_int_equal(keys("y").what & UI_COPY_TEXT, 0);
    keys("Esc");
    assert_false(view().paused);
    assert_true(view().session_id == 0);
    kept.generation = f.model.generation + 1;
    f.model = kept;
}

static void links_name_what_is_selected(void **state)
{
    (void)state;
    struct ui_effects e = keys("t");
    assert_true(e.what & UI_OPEN_LINK);
    assert_string_equal(e.link, "tempo");
    assert_true(e.session_id == session_named("web-ui")->id);
    assert_true(e.node_id == 0);
    e = keys("Down l");
    assert_string_equal(e.link, "loki");
    assert_true(e.node_id == session_named("web-ui")->last_child->id);
    e = keys("m");
    assert_string_equal(e.link, "mimir");
    e = keys("Y");
    assert_int_equal(e.what & (UI_COPY_LINK | UI_OPEN_LINK), UI_COPY_LINK);
    e = keys("y");
    assert_true(e.what & UI_COPY_TEXT);
    assert_string_equal(e.copy, "3f2a91bc-5b1e-4c7e-9d52-0a1b2c3d4e5f");
}

static void the_program_keys(void **state)
{
    (void)state;
    assert_true(keys("q").what & UI_QUIT);
    assert_true(keys("F10").what & UI_QUIT);
    assert_true(keys("C-z").what & UI_SUSPEND);
    assert_true(keys("C-l").what & UI_REPAINT);
    assert_true(keys("M").what & UI_TOGGLE_MOUSE);
    assert_int_equal(keys("Z").what, 0);
    assert_string_equal(ui_theme(ui)->name, "dark");
    keys("T");
    assert_string_equal(ui_theme(ui)->name, "light");
    for (int i = 1; i < THEME_BUILTIN_COUNT; i++) {
        assert_string_equal(ui_theme(ui)->name, theme_builtin_name(i));
        keys("T");
    }
    assert_string_equal(ui_theme(ui)->name, "dark");
}

static void help_opens_scrolls_and_closes(void **state)
{
    (void)state;
    keys("?");
    assert_true(view().help);
    assert_true(screen_find(&g, "one row up") > 0);
    keys("End");
    assert_int_equal(screen_find(&g, "one row up"), -1);
    keys("PgUp PgUp PgUp PgUp PgUp PgUp");
    assert_true(screen_find(&g, "one row up") > 0);
    assert_int_equal(keys("q").what & UI_QUIT, 0);
    assert_false(view().help);
    keys("F1 Esc");
    assert_false(view().help);
}

static void messages_last_until_the_next_key(void **state)
{
    (void)state;
    ui_say(ui, UI_ERROR, "no browser\033[2J: the link is copied");
    ui_draw(ui, &f.data, &g);
    assert_screen_sound(&g);
    assert_true(screen_row_has(&g, g.rows - 1, "the link is copied"));
    keys("Down");
    assert_false(screen_row_has(&g, g.rows - 1, "the link is copied"));
}

static struct ui_effects mouse(enum mouse_action action, int row, int col)
{
    struct ui_effects e = ui_key(ui, &f.data, &(struct key){KEYCODE_MOUSE, action, row, col});
    ui_draw(ui, &f.data, &g);
    return e;
}

static void the_mouse_selects_folds_scrolls_and_sorts(void **state)
{
    (void)state;
    mouse(MOUSE_PRESS, 5, 10);
    assert_selected("Task explore");
    mouse(MOUSE_DOUBLE, 5, 10);
    assert_int_equal(screen_find(&g, "Read src/auth.ts"), -1);
    mouse(MOUSE_WHEEL_DOWN, 5, 10);
    assert_int_equal(view().selected, 6);
    mouse(MOUSE_WHEEL_UP, 5, 10);
    assert_int_equal(view().selected, 3);
    for (int col = 0; col < g.cols; col++)
        if (memcmp(grid_at(&g, 1, col)->text, "C", 1) == 0 &&
            memcmp(grid_at(&g, 1, col + 1)->text, "O", 1) == 0) {
            mouse(MOUSE_PRESS, 1, col);
            break;
        }
    assert_int_equal(view().sort, UI_SORT_COST);
    uint64_t id = view().node_id;
    mouse(MOUSE_PRESS, 0, 0);
    mouse(MOUSE_PRESS, g.rows - 1, 0);
    mouse(MOUSE_PRESS, -5, 4000);
    assert_true(view().node_id == id);
}

static void folds_are_remembered_and_forgotten(void **state)
{
    struct folds folds;
    (void)state;
    folds_init(&folds);
    assert_int_equal(folds_get(&folds, 7), FOLD_AUTO);
    for (uint64_t id = 1; id <= 1000; id++)
        folds_set(&folds, id, 0, id % 2 ? FOLD_OPEN : FOLD_CLOSED);
    for (uint64_t id = 1; id <= 1000; id++)
        assert_int_equal(folds_get(&folds, fold_id(id, 0)), id % 2 ? FOLD_OPEN : FOLD_CLOSED);
    uint64_t version = folds.version;
    folds_set(&folds, 7, 0, FOLD_OPEN);
    assert_true(folds.version == version);
    for (uint64_t id = 1; id <= 2 * FOLDS_MAX; id++)
        folds_set(&folds, id, 0, FOLD_OPEN);
    assert_true(folds.count <= FOLDS_MAX);
    assert_int_equal(folds_get(&folds, fold_id(2 * FOLDS_MAX, 0)), FOLD_OPEN);
    assert_int_equal(folds_get(&folds, fold_id(1, 0)), FOLD_AUTO);
    folds_finish(&folds);
}

#define WITH_BUSY(test) cmocka_unit_test_setup_teardown(test, open_busy, desk_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_BUSY(moving_ends_at_the_ends),
        WITH_BUSY(folding_and_unfolding),
        WITH_BUSY(only_the_newest_turn_starts_open),
        WITH_BUSY(everything_below_opens_and_folds),
        WITH_BUSY(folds_outlive_new_data),
        WITH_BUSY(the_selection_stays_on_its_node_while_rows_move),
        WITH_BUSY(a_folded_away_selection_goes_to_what_folded_it),
        WITH_BUSY(rows_with_equal_keys_never_swap),
        WITH_BUSY(sorting_by_each_key),
        WITH_BUSY(follow_keeps_the_newest_in_sight_until_the_user_moves),
        WITH_BUSY(follow_never_scrolls_a_waiting_session_away),
        WITH_BUSY(search_reveals_what_is_folded),
        WITH_BUSY(search_goes_around_both_ways),
        WITH_BUSY(search_edits_its_text),
        WITH_BUSY(search_text_has_a_limit),
        WITH_BUSY(a_paused_screen_stands_still),
        WITH_BUSY(a_paused_screen_survives_eviction_and_resizing),
        WITH_BUSY(links_name_what_is_selected),
        WITH_BUSY(the_program_keys),
        WITH_BUSY(help_opens_scrolls_and_closes),
        WITH_BUSY(messages_last_until_the_next_key),
        WITH_BUSY(the_mouse_selects_folds_scrolls_and_sorts),
        cmocka_unit_test(folds_are_remembered_and_forgotten),
    };
    return cmocka_run_group_tests_name("ui/reduce", tests, NULL, NULL);
}
