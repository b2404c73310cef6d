/* The screen as a function of data and size. */
#include "screen.h"

#include "fixture.h"
#include "format.h"
#include "glyph.h"
#include "label.h"
#include "status.h"

#include <stdio.h>

struct scene {
    struct fixture f;
    struct ui *ui;
    struct grid g;
};

static void open_scene(struct scene *scene, const char *scenario, int cols, int rows)
{
    fixture_init(&scene->f);
    scenario_find(scenario)->build(&scene->f);
    grid_init(&scene->g, cols, rows);
    scene->ui = ui_create(NULL);
    ui_draw(scene->ui, &scene->f.data, &scene->g);
}

static void close_scene(struct scene *scene)
{
    ui_destroy(scene->ui);
    grid_finish(&scene->g);
    fixture_finish(&scene->f);
}

/* Every size from nothing to more than enough, with text that breaks careless layouts, in every view. */
static void every_size_is_sound(void **state)
{
    static const char *const SCENARIOS_DRAWN[] = {"busy", "states", "empty", "connected", "hostile"};
    static const char *const KEYS[] = {"", "?", "/ text:a", "P"};
    (void)state;
    for (size_t s = 0; s < sizeof(SCENARIOS_DRAWN) / sizeof(SCENARIOS_DRAWN[0]); s++)
        for (size_t k = 0; k < sizeof(KEYS) / sizeof(KEYS[0]); k++) {
            struct scene scene;
            open_scene(&scene, SCENARIOS_DRAWN[s], 80, 24);
            fixture_keys(scene.ui, &scene.f, KEYS[k]);
            for (int cols = 1; cols <= 220; cols += cols < 45 ? 1 : 11)
                for (int rows = 1; rows <= 60; rows += rows < 8 ? 1 : 26) {
                    grid_resize(&scene.g, cols, rows);
                    ui_draw(scene.ui, &scene.f.data, &scene.g);
                    assert_screen_sound(&scene.g);
                }
            close_scene(&scene);
        }
}

static void random_keys_and_sizes_are_survived(void **state)
{
    (void)state;
    uint64_t seed = 99;
    for (int round = 0; round < 12; round++) {
        struct scene scene;
        open_scene(&scene, round % 2 ? "hostile" : "busy", 90, 24);
        for (int step = 0; step < 400; step++) {
            struct key key = {.code = (uint32_t)random_between(&seed, 1, 126)};
            if (random_next(&seed) % 3 == 0)
                key.code = (uint32_t)random_between(&seed, KEYCODE_UP, KEYCODE_RESIZE);
            key.mouse = (enum mouse_action)(random_next(&seed) % 5);
            key.row = random_between(&seed, -2, 70);
            key.col = random_between(&seed, -2, 240);
            ui_key(scene.ui, &scene.f.data, &key);
            if (random_next(&seed) % 8 == 0)
                grid_resize(&scene.g, random_between(&seed, 1, 220), random_between(&seed, 1, 60));
            if (random_next(&seed) % 4 == 0)
                scene.f.model.generation++;
            ui_draw(scene.ui, &scene.f.data, &scene.g);
            assert_screen_sound(&scene.g);
        }
        close_scene(&scene);
    }
}

static void the_same_data_gives_the_same_cells(void **state)
{
    struct scene a, b;
    (void)state;
    open_scene(&a, "busy", 120, 36);
    open_scene(&b, "busy", 120, 36);
    assert_true(grid_equal(&a.g, &b.g));
    ui_draw(a.ui, &a.f.data, &a.g);
    assert_true(grid_equal(&a.g, &b.g));
    close_scene(&a);
    close_scene(&b);
}

static void too_small_is_said(void **state)
{
    struct scene scene;
    (void)state;
    open_scene(&scene, "busy", 29, 20);
    assert_true(screen_find(&scene.g, "terminal too small") >= 0);
    grid_resize(&scene.g, 30, 5);
    ui_draw(scene.ui, &scene.f.data, &scene.g);
    assert_true(screen_find(&scene.g, "terminal too small") >= 0);
    grid_resize(&scene.g, 30, 6);
    ui_draw(scene.ui, &scene.f.data, &scene.g);
    assert_int_equal(screen_find(&scene.g, "terminal too small"), -1);
    close_scene(&scene);
}

static void ascii_screens_are_ascii(void **state)
{
    (void)state;
    for (const struct scenario *s = SCENARIOS; s->name; s++) {
        struct fixture f;
        struct grid g;
        fixture_init(&f);
        s->build(&f);
        grid_init(&g, 200, 50);
        struct ui *ui = ui_create(&(struct ui_config){.ascii = true});
        ui_draw(ui, &f.data, &g);
        for (int i = 0; i < g.cols * g.rows; i++)
            assert_true(g.cells[i].len == 1 && g.cells[i].text[0] >= ' ' && g.cells[i].text[0] < 0x7f);
        for (const char *c = ui_window_title(ui); *c; c++)
            assert_true(*c >= ' ' && *c < 0x7f);
        ui_destroy(ui);
        grid_finish(&g);
        fixture_finish(&f);
    }
}

/* States must be told apart without colour. */
static void states_differ_by_glyph_and_word(void **state)
{
    const struct status_look *looks[20];
    int count = 0;
    (void)state;
    for (int i = RUN_STARTING; i <= RUN_STALE; i++)
        looks[count++] = status_of_run((enum run_state)i);
    for (int i = NODE_UNKNOWN; i <= NODE_INTERRUPTED; i++)
        looks[count++] = status_of_node((enum node_state)i);
    for (int a = 0; a < count; a++) {
        assert_true(text_width(slice_str(looks[a]->brief)) <= (a <= RUN_STALE ? 6u : 7u));
        for (int b = a + 1; b < count; b++) {
            bool same_word = strcmp(looks[a]->word, looks[b]->word) == 0;
            bool same_glyph = looks[a]->glyph == looks[b]->glyph;
            bool across = a <= RUN_STALE && b > RUN_STALE; /* a running tool is a running call */
            assert_false(same_word != same_glyph && !across);
            assert_false(same_word && !across);
            assert_true(same_glyph || glyph_ascii(looks[a]->glyph) != glyph_ascii(looks[b]->glyph));
        }
    }
}

static void the_screen_says_when_it_changes_by_itself(void **state)
{
    struct scene scene;
    (void)state;
    open_scene(&scene, "busy", 120, 36);
    int64_t wake = ui_wake_ns(scene.ui);
    assert_true(wake > FIXTURE_NOW && wake <= FIXTURE_NOW + NS_PER_SEC);
    close_scene(&scene);

    open_scene(&scene, "empty", 120, 36);
    assert_true(ui_wake_ns(scene.ui) == 0);
    close_scene(&scene);

    open_scene(&scene, "busy", 120, 36);
    fixture_keys(scene.ui, &scene.f, "P");
    ui_draw(scene.ui, &scene.f.data, &scene.g);
    assert_true(ui_wake_ns(scene.ui) == 0);
    close_scene(&scene);
}

/* The time of the day at first, days after that; each text stands until it said it would change. */
static void since_when_something_rests(void **state)
{
    static const int64_t MINUTE = 60 * NS_PER_SEC, HOURS = 3600 * NS_PER_SEC;
    const int64_t today = 20000 * 24 * HOURS + 2 * HOURS, now = today + 21 * HOURS + 40 * MINUTE;
    char text[FORMAT_MAX], before[FORMAT_MAX];
    int64_t next;
    (void)state;
    assert_string_equal(status_since(now, today, now - 119 * NS_PER_SEC, text, &next), "119s");
    assert_true(next == now + NS_PER_SEC);
    assert_true(status_since_is_age(now, today, now - 119 * NS_PER_SEC));
    assert_string_equal(status_since(now, today, now - 4 * MINUTE, text, &next), "21:36");
    assert_false(status_since_is_age(now, today, now - 4 * MINUTE));
    assert_true(next >= now + 23 * HOURS + 56 * MINUTE && next % HOURS == 0);
    assert_string_equal(status_since(now, today, now - 23 * HOURS, text, &next), "22:40");
    assert_string_equal(status_since(now, today, now - 26 * HOURS, text, &next), "1d");
    assert_string_equal(status_since(now, today, now - 80 * HOURS, text, &next), "3d");
    assert_string_equal(status_since(now, 0, now - 4 * MINUTE, text, &next), "4m"); /* no day: as ever */
    assert_true(next <= now + MINUTE);
    for (int64_t at = now, since = now - 5 * MINUTE; at < now + 100 * HOURS; at = next) {
        status_since(at, today, since, before, &next);
        assert_true(next > at && next % HOURS == 0);
        assert_string_equal(status_since(next - 1, today, since, text, &(int64_t){0}), before);
        assert_string_not_equal(status_since(next, today, since, text, &(int64_t){0}), before);
    }
}

/* Ended, idle, silent, failed, never begun: nobody is woken to count their minutes. */
static void nothing_ticks_where_nothing_goes_on(void **state)
{
    static const struct {
        enum run_state state;
        const char *id;
    } RESTING[] = {{RUN_ENDED, "a"},  {RUN_IDLE, "b"},  {RUN_STALE, "c"},
                   {RUN_FAILED, "d"}, {RUN_INPUT, "e"}, {RUN_STARTING, "f"}};
    static const char *const VIEWS[] = {"1", "4", "5", "6", "7"};
    const int64_t minute = 60 * NS_PER_SEC;
    struct scene scene;
    (void)state;
    open_scene(&scene, "empty", 120, 36);
    for (size_t i = 0; i < sizeof(RESTING) / sizeof(RESTING[0]); i++) {
        struct session *s = fixture_session(&scene.f, RESTING[i].id, "rests", NULL);
        fixture_state(s, RESTING[i].state, 3 * minute, NULL);
    }
    fixture_settle(&scene.f);
    ui_draw(scene.ui, &scene.f.data, &scene.g);
    scene.f.data.now_ns += 10 * NS_PER_SEC; /* the telemetry's health has been looked at by then */
    const int64_t now = scene.f.data.now_ns;
    for (size_t v = 0; v < sizeof(VIEWS) / sizeof(VIEWS[0]); v++) {
        fixture_keys(scene.ui, &scene.f, VIEWS[v]);
        ui_draw(scene.ui, &scene.f.data, &scene.g);
        int64_t wake = ui_wake_ns(scene.ui);
        if (wake != 0 && wake <= now + 5 * minute)
            fail_msg("view %s wants to be drawn in %lld s", VIEWS[v], (long long)((wake - now) / NS_PER_SEC));
    }
    /* What waits for the human does count them, once a minute. */
    fixture_keys(scene.ui, &scene.f, "1");
    fixture_state(fixture_session(&scene.f, "g", "asks", NULL), RUN_PERMISSION, 3 * minute, NULL);
    fixture_settle(&scene.f);
    ui_draw(scene.ui, &scene.f.data, &scene.g);
    assert_true(ui_wake_ns(scene.ui) > now && ui_wake_ns(scene.ui) <= now + minute);
    close_scene(&scene);
}

static void the_window_title_tells_who_waits(void **state)
{
    struct scene scene;
    (void)state;
    open_scene(&scene, "busy", 80, 24);
    assert_string_equal(ui_window_title(scene.ui), "⏸ 1 · claude-top");
    assert_int_equal(ui_waiting(scene.ui), 1);
    scene.f.model.fleet.waiting = 0;
    ui_draw(scene.ui, &scene.f.data, &scene.g);
    assert_string_equal(ui_window_title(scene.ui), "claude-top");
    close_scene(&scene);
}

static void waiting_sessions_come_first(void **state)
{
    struct scene scene;
    (void)state;
    open_scene(&scene, "busy", 120, 40);
    int waiting = screen_find(&scene.g, "web-ui"), tool = screen_find(&scene.g, "Rate limits");
    int idle = screen_find(&scene.g, "0d9f8e7c"), ended = screen_find(&scene.g, "scratch");
    assert_int_equal(waiting, 2);
    assert_true(waiting < tool && tool < idle && idle < ended);
    close_scene(&scene);
}

static void the_first_run_screen_gives_way(void **state)
{
    struct scene scene;
    (void)state;
    open_scene(&scene, "empty", 80, 24);
    assert_true(screen_find(&scene.g, "claude-top setup --print-env") > 0);
    assert_true(screen_find(&scene.g, "127.0.0.1:4318") > 0);
    assert_true(screen_find(&scene.g, "127.0.0.1:4317") > 0);
    scene.f.data.received.requests = 1;
    ui_draw(scene.ui, &scene.f.data, &scene.g);
    assert_int_equal(screen_find(&scene.g, "Nothing received"), -1);
    fixture_session(&scene.f, "s", "first", NULL);
    fixture_settle(&scene.f);
    ui_draw(scene.ui, &scene.f.data, &scene.g);
    assert_true(screen_find(&scene.g, "first") > 0);
    assert_int_equal(screen_find(&scene.g, "no session yet"), -1);
    close_scene(&scene);
}

/* The upstream that is worst off is named where there are several, and all that it has to say has room. */
static void the_header_names_the_worst_upstream(void **state)
{
    struct scene scene;
    (void)state;
    open_scene(&scene, "busy", 160, 24);
    struct ui_upstream *up = &scene.f.data.upstream;
    *up = (struct ui_upstream){.state = UI_UPSTREAM_RETRYING,
                               .name = SLICE_LIT("cloud"),
                               .queued = 12,
                               .dropped = 3,
                               .held = 4,
                               .held_for = SLICE_LIT("gRPC")};
    ui_draw(scene.ui, &scene.f.data, &scene.g);
    assert_true(screen_row_has(&scene.g, 0, "cloud down, 12 wait, 3 lost, 4 held: no gRPC upstream"));
    grid_resize(&scene.g, 60, 24);
    ui_draw(scene.ui, &scene.f.data, &scene.g);
    assert_true(screen_row_has(&scene.g, 0, "cloud down, 12 wait, 3 lost, 4 held"));
    *up = (struct ui_upstream){.state = UI_UPSTREAM_OK, .held = 4};
    grid_resize(&scene.g, 120, 24);
    ui_draw(scene.ui, &scene.f.data, &scene.g);
    assert_true(screen_row_has(&scene.g, 0, "upstream ok, 4 held "));
    close_scene(&scene);
}

static void startup_records_are_no_session(void **state)
{
    struct scene scene;
    (void)state;
    open_scene(&scene, "empty", 80, 24);
    struct session *s = fixture_session(&scene.f, "s", "ghost", NULL);
    s->real = false;
    fixture_settle(&scene.f);
    ui_draw(scene.ui, &scene.f.data, &scene.g);
    assert_int_equal(screen_find(&scene.g, "ghost"), -1);
    s->announced = true;
    fixture_settle(&scene.f);
    ui_draw(scene.ui, &scene.f.data, &scene.g);
    assert_true(screen_find(&scene.g, "ghost") > 0);
    close_scene(&scene);
}

static void models_are_called_by_their_short_names(void **state)
{
    static const char *const SAMPLES[][3] = {
        {"claude-opus-4-5-20251101", "opus-4-5", "opus"},
        {"claude-3-5-haiku-20241022", "3-5-haiku", "haiku"},
        {"us.anthropic.claude-sonnet-4-5-20250929-v1:0", "sonnet-4-5", "sonnet"},
        {"claude-sonnet-4-5@20250929", "sonnet-4-5", "sonnet"},
        {"claude-opus-4-5[1m]", "opus-4-5", "opus"},
        {"gpt-x", "gpt-x", "gpt-x"},
        {"claude-", "claude-", "claude-"},
        {"", "", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(SAMPLES) / sizeof(SAMPLES[0]); i++) {
        assert_slice_equal(label_model(slice_str(SAMPLES[i][0])), SAMPLES[i][1]);
        assert_slice_equal(label_model_family(slice_str(SAMPLES[i][0])), SAMPLES[i][2]);
    }
    assert_slice_equal(label_basename(SLICE_LIT("/home/dev/api/")), "api");
    assert_slice_equal(label_basename(SLICE_LIT("/")), "/");
    assert_slice_equal(label_basename(SLICE_LIT("C:\\work\\api")), "api");
}

/* The linker sends the program's allocations through these (--wrap). */
void *__wrap_mem_alloc(size_t size);
void *__wrap_mem_array(size_t count, size_t size);
void *__wrap_mem_grow(void *ptr, size_t count, size_t size);
void *__real_mem_alloc(size_t size);
void *__real_mem_array(size_t count, size_t size);
void *__real_mem_grow(void *ptr, size_t count, size_t size);

static int allocations;

void *__wrap_mem_alloc(size_t size)
{
    allocations++;
    return __real_mem_alloc(size);
}

void *__wrap_mem_array(size_t count, size_t size)
{
    allocations++;
    return __real_mem_array(count, size);
}

void *__wrap_mem_grow(void *ptr, size_t count, size_t size)
{
    allocations++;
    return __real_mem_grow(ptr, count, size);
}

static void a_warm_frame_allocates_nothing(void **state)
{
    struct scene scene;
    (void)state;
    open_scene(&scene, "many", 200, 60);
    fixture_keys(scene.ui, &scene.f, "/ text:999 Enter s");
    ui_draw(scene.ui, &scene.f.data, &scene.g);
    assert_true(allocations > 0);
    allocations = 0;
    for (int i = 0; i < 10; i++) {
        scene.f.model.generation++;
        scene.f.data.now_ns += SEC;
        ui_draw(scene.ui, &scene.f.data, &scene.g);
        fixture_keys(scene.ui, &scene.f, "Down n N PgDn g");
    }
    assert_int_equal(allocations, 0);
    close_scene(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_size_is_sound),
        cmocka_unit_test(random_keys_and_sizes_are_survived),
        cmocka_unit_test(the_same_data_gives_the_same_cells),
        cmocka_unit_test(the_header_names_the_worst_upstream),
        cmocka_unit_test(a_warm_frame_allocates_nothing),
        cmocka_unit_test(too_small_is_said),
        cmocka_unit_test(ascii_screens_are_ascii),
        cmocka_unit_test(states_differ_by_glyph_and_word),
        cmocka_unit_test(the_screen_says_when_it_changes_by_itself),
        cmocka_unit_test(since_when_something_rests),
        cmocka_unit_test(nothing_ticks_where_nothing_goes_on),
        cmocka_unit_test(the_window_title_tells_who_waits),
        cmocka_unit_test(waiting_sessions_come_first),
        cmocka_unit_test(the_first_run_screen_gives_way),
        cmocka_unit_test(startup_records_are_no_session),
        cmocka_unit_test(models_are_called_by_their_short_names),
    };
    return cmocka_run_group_tests_name("ui/screen", tests, NULL, NULL);
}
