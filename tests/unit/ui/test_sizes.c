/*
 * test_sizes - every view and everything that lies over one, at every size: no cell is unsound, nothing is
 * written over words that stand already, and what is too small says so.
 *
 * grid_put() and grid_put_right() are wrapped by the linker: whoever draws over something says so by filling
 * the place first.
 */
#include "screen.h"

#include "fixture.h"
#include "glyph.h"

#include <stdio.h>

int __real_grid_put(struct grid *g, int row, int col, int width, struct slice text, int role);
int __real_grid_put_right(struct grid *g, int row, int col, int width, struct slice text, int role);
int __wrap_grid_put(struct grid *g, int row, int col, int width, struct slice text, int role);
int __wrap_grid_put_right(struct grid *g, int row, int col, int width, struct slice text, int role);

static size_t looked;
static char overlap[256]; /* the first one of a screen; "": none */

/* Lines and bars are there to be written on. */
static bool is_ground(const struct cell *cell)
{
    static const enum glyph GROUND[] = {GLYPH_RULE,  GLYPH_GUIDE, GLYPH_BAR_1, GLYPH_BAR_2, GLYPH_BAR_3,
                                        GLYPH_BAR_4, GLYPH_BAR_5, GLYPH_BAR_6, GLYPH_BAR_7, GLYPH_BAR_8};
    struct slice text = slice_make(cell->text, cell->len);
    if (slice_eq_str(text, " ") || slice_eq_str(text, glyph(GLYPH_SHADE_1)) ||
        slice_eq_str(text, glyph(GLYPH_SHADE_2)))
        return true;
    for (size_t i = 0; i < sizeof(GROUND) / sizeof(GROUND[0]); i++)
        if (slice_eq_str(text, glyph(GROUND[i])))
            return true;
    return false;
}

static void look_below(const struct grid *g, int row, int from, int cols, struct slice text)
{
    looked++;
    if (overlap[0] || row < 0 || row >= g->rows)
        return;
    for (int col = from < 0 ? 0 : from; col < from + cols && col < g->cols; col++)
        if (!is_ground(grid_at(g, row, col))) {
            const struct cell *cell = grid_at(g, row, col);
            snprintf(overlap, sizeof(overlap), "\"%.*s\" at %d,%d of %dx%d is written over \"%.*s\"",
                     SLICE_ARG(slice_sub(text, 0, 40)), row, from, g->cols, g->rows, (int)cell->len,
                     cell->text);
            return;
        }
}

static int columns_of(struct slice text, int width)
{
    int cols = (int)text_width(slice_sub(text, 0, 4 * GRID_COLS_MAX));
    return cols < width ? cols : width;
}

int __wrap_grid_put(struct grid *g, int row, int col, int width, struct slice text, int role)
{
    look_below(g, row, col, columns_of(text, width), text);
    return __real_grid_put(g, row, col, width, text, role);
}

int __wrap_grid_put_right(struct grid *g, int row, int col, int width, struct slice text, int role)
{
    int cols = columns_of(text, width);
    look_below(g, row, col + width - cols, cols, text);
    return __real_grid_put_right(g, row, col, width, text, role);
}

/* Views, panes and what lies over them. The keys are pressed on a screen on which everything fits. */
static const char *const STATES[] = {
    "",
    "w",
    "r",
    "r W a",
    "e",
    "e k k",
    "v",
    "v G",
    "6",
    "6 G",
    "A",
    "A j",
    "i",
    "i Tab G",
    "w i",
    "?",
    "? G",
    "o",
    "o Space",
    "o G",
    "c",
    "c G",
    "F2",
    "F2 j j Enter",
    "F2 j j Enter text:漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字",
    "/ text:e",
    "/ text:漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字",
    "/ text:a Enter n",
    "v / text:e Enter n",
    "6 / text:e Enter",
    "f",
    "f text:sta Tab text:wait",
    "f text:nosuchkey:x",
    "f text:nothingofthesort Enter",
    "r f text:here Enter",
    "e f text:err Enter",
    "P",
    "* P ?",
    "T",
    "S",
    "y",
    "G *",
};

#define STATE_COUNT (sizeof(STATES) / sizeof(STATES[0]))

struct stage {
    struct fixture f;
    struct grid g;
    struct ui *ui[STATE_COUNT];
};

static void draw(struct stage *stage, size_t state, const char *scenario)
{
    overlap[0] = '\0';
    ui_draw(stage->ui[state], &stage->f.data, &stage->g);
    if (overlap[0])
        fail_msg("%s, after \"%s\": %s", scenario, STATES[state], overlap);
    assert_screen_sound(&stage->g);
    bool small = stage->g.cols < UI_COLS_MIN || stage->g.rows < UI_ROWS_MIN;
    bool said = screen_find(&stage->g, "terminal too") >= 0;
    if (stage->g.cols >= 20 && small != said)
        fail_msg("%s, after \"%s\": %dx%d", scenario, STATES[state], stage->g.cols, stage->g.rows);
}

static void open_stage(struct stage *stage, const struct scenario *scenario, bool ascii)
{
    fixture_init(&stage->f);
    scenario->build(&stage->f);
    grid_init(&stage->g, 120, 40);
    for (size_t i = 0; i < STATE_COUNT; i++) {
        stage->ui[i] = ui_create(&(struct ui_config){.ascii = ascii});
        draw(stage, i, scenario->name);
        fixture_keys(stage->ui[i], &stage->f, STATES[i]);
    }
}

static void close_stage(struct stage *stage)
{
    for (size_t i = 0; i < STATE_COUNT; i++)
        ui_destroy(stage->ui[i]);
    grid_finish(&stage->g);
    fixture_finish(&stage->f);
}

static void draw_at(struct stage *stage, size_t state, int cols, int rows, const char *scenario)
{
    grid_resize(&stage->g, cols, rows);
    draw(stage, state, scenario);
}

/* Sizes about which something changes: each state at a third of them, so that neighbours make up for each
 * other; of the larger ones samples. */
static void every_state_fits(void **state)
{
    const struct scenario *scenario = *state;
    struct stage stage;
    uint64_t seed = 2026;
    size_t next = 0;
    open_stage(&stage, scenario, false);
    static const int COLS[] = {1, 9, 19, 29, 30, 31, 33, 40, 52, 60, 71, 80, 99, 110, 120, 200, 400};
    static const int ROWS[] = {1, 2, 5, 6, 7, 8, 10, 15, 16, 23, 24, 40, 60, 120};
    for (size_t i = 0; i < STATE_COUNT; i++)
        for (size_t c = 0; c < sizeof(COLS) / sizeof(COLS[0]); c++)
            for (size_t r = 0; r < sizeof(ROWS) / sizeof(ROWS[0]); r++)
                if ((i + c + r) % 3 == 0)
                    draw_at(&stage, i, COLS[c], ROWS[r], scenario->name);
    assert_true(looked > STATE_COUNT * 50); /* the linker did wrap */
    for (int cols = 1; cols <= 44; cols++)
        for (int rows = 1; rows <= 16; rows++)
            draw_at(&stage, next++ % STATE_COUNT, cols, rows, scenario->name);
    for (int i = 0; i < 150; i++) {
        int cols = random_between(&seed, 1, 400), rows = random_between(&seed, 1, 120);
        draw_at(&stage, next++ % STATE_COUNT, cols, rows, scenario->name);
    }
    close_stage(&stage);
}

/* Keys and clicks of all kinds in between: no state that they lead to is worse. */
static void every_way_fits(void **state)
{
    const struct scenario *scenario = *state;
    struct stage stage;
    uint64_t seed = 7;
    open_stage(&stage, scenario, true);
    for (int step = 0; step < 700; step++) {
        size_t i = random_next(&seed) % STATE_COUNT;
        int code = random_between(&seed, 1, 126), row = random_between(&seed, -1, 60),
            col = random_between(&seed, -1, 200);
        struct key key = {.code = (uint32_t)code};
        if (random_next(&seed) % 3 == 0) {
            code = random_between(&seed, KEYCODE_UP, KEYCODE_RESIZE);
            key = (struct key){(uint32_t)code, (enum mouse_action)(random_next(&seed) % 5), row, col};
        }
        struct ui_effects effects = ui_key(stage.ui[i], &stage.f.data, &key);
        fixture_answer(stage.ui[i], &effects);
        int cols = random_between(&seed, 28, 200), rows = random_between(&seed, 5, 60);
        if (random_next(&seed) % 3 == 0)
            grid_resize(&stage.g, cols, rows);
        draw(&stage, i, scenario->name);
    }
    close_stage(&stage);
}

int main(void)
{
    static struct CMUnitTest tests[32];
    static char names[32][64];
    size_t count = 0;
    for (const struct scenario *s = SCENARIOS; s->name && count + 2 <= 32; s++) {
        snprintf(names[count], sizeof(names[count]), "%s at every size", s->name);
        tests[count] = (struct CMUnitTest){names[count], every_state_fits, NULL, NULL, (void *)(uintptr_t)s};
        count++;
        snprintf(names[count], sizeof(names[count]), "%s in every way", s->name);
        tests[count] = (struct CMUnitTest){names[count], every_way_fits, NULL, NULL, (void *)(uintptr_t)s};
        count++;
    }
    return _cmocka_run_group_tests("ui/sizes", tests, count, NULL, NULL);
}
