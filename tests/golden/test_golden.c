/*
 * test_golden - draws hand-made scenarios at fixed sizes and compares them with tests/golden/<name>.txt
 * (golden.h says how to accept a change). To add a screen: one line in CASES.
 */
#include "test.h"

#include "fixture.h"
#include "golden.h"

struct golden {
    const char *name;
    const char *scenario;
    int cols, rows;
    const char *keys; /* a script: key names with blanks between, text:abc types abc */
    bool ascii;
};

static const struct golden CASES[] = {
    {"busy-40x20", "busy", 40, 20, "", false},
    {"busy-60x24", "busy", 60, 24, "", false},
    {"busy-80x24", "busy", 80, 24, "", false},
    {"busy-120x36", "busy", 120, 36, "", false},
    {"busy-200x40", "busy", 200, 40, "", false},
    {"busy-120x36-ascii", "busy", 120, 36, "", true},
    {"busy-100x20-folded", "busy", 100, 20, "- Down - Down -", false},
    {"busy-40x20-waterfall", "busy", 40, 20, "j w", false},
    {"busy-80x24-waterfall", "busy", 80, 24, "j w", false},
    {"busy-120x36-waterfall", "busy", 120, 36, "j w j j", false},
    {"busy-200x40-waterfall", "busy", 200, 40, "j w i", false},
    {"busy-120x36-waterfall-ascii", "busy", 120, 36, "j w", true},
    {"busy-40x20-events", "busy", 40, 20, "e", false},
    {"busy-80x24-events", "busy", 80, 24, "j e k k", false},
    {"busy-160x30-events-one", "busy", 160, 30, "e a", false},
    {"busy-40x20-flow", "busy", 40, 20, "6", false},
    {"busy-80x24-flow", "busy", 80, 24, "6", false},
    {"busy-80x24-flow-end", "busy", 80, 24, "6 G", false},
    {"busy-160x36-flow", "busy", 160, 36, "6", false},

    {"busy-40x20-red", "busy", 40, 20, "r", false},
    {"busy-80x24-red", "busy", 80, 24, "r j j", false},
    {"busy-120x36-red", "busy", 120, 36, "r", false},
    {"busy-80x24-red-one", "busy", 80, 24, "r a", false},
    {"busy-80x24-filter", "busy", 80, 24, "f text:state:waiting", false},
    {"busy-80x24-filter-wrong", "busy", 80, 24, "f text:stat:w", false},
    {"busy-40x20-filter", "busy", 40, 20, "f text:state:waiting Enter", false},
    {"busy-40x20-details", "busy", 40, 20, "j i Tab j", false},
    {"busy-80x24-details", "busy", 80, 24, "j j i", false},
    {"busy-120x36-details", "busy", 120, 36, "i", false},
    {"busy-100x24-detail", "busy", 100, 24, "j j j v", false},
    {"busy-100x24-search", "busy", 100, 24, "/ text:expired Enter", false},
    {"busy-100x24-search-hidden", "busy", 100, 24, "/ text:auth.test", false},
    {"busy-100x24-not-found", "busy", 100, 24, "/ text:nowhere", false},
    {"busy-100x24-paused", "busy", 100, 24, "P", false},
    {"busy-100x24-by-cost", "busy", 100, 24, "s s s", false},
    {"busy-120x50-help", "busy", 120, 50, "?", false},
    {"busy-50x20-help-end", "busy", 50, 20, "? End", false},
    {"busy-40x20-columns", "busy", 40, 20, "c", false},
    {"busy-80x24-columns", "busy", 80, 24, "c Space j Left", false},
    {"busy-120x36-columns", "busy", 120, 36, "c G Up Up Up Up Space", false},
    {"busy-200x40-columns", "busy", 200, 40, "c", false},
    {"busy-40x20-links", "busy", 40, 20, "j o", false},
    {"busy-80x24-links", "busy", 80, 24, "j o", false},
    {"busy-120x36-links-whole", "busy", 120, 36, "j o Space", false},
    {"busy-40x20-settings", "busy", 40, 20, "F2", false},
    {"busy-80x24-settings", "busy", 80, 24, "F2 j", false},
    {"busy-80x24-settings-typed", "busy", 80, 24, "F2 G Enter C-u text:https://g.example", false},
    {"busy-120x36-settings-ascii", "busy", 120, 36, "F2", true},
    {"alarms-120x36", "alarms", 120, 36, "", false},
    {"alarms-40x20", "alarms", 40, 20, "", false},
    {"alarms-80x24", "alarms", 80, 24, "", false},
    {"alarms-120x36-list", "alarms", 120, 36, "A j x j u", false},
    {"alarms-80x24-list", "alarms", 80, 24, "A j", false},
    {"alarms-40x20-list", "alarms", 40, 20, "A End", false},
    {"alarms-80x24-list-ascii", "alarms", 80, 24, "A X", true},
    {"alarms-120x36-jump", "alarms", 120, 36, "A j j Enter", false},
    {"busy-80x24-no-alerts", "busy", 80, 24, "A", false},
    {"states-120x36", "states", 120, 36, "", false},
    {"states-120x36-ascii", "states", 120, 36, "", true},
    {"empty-80x24", "empty", 80, 24, "", false},
    {"empty-40x12", "empty", 40, 12, "", false},
    {"connected-80x24", "connected", 80, 24, "", false},
    {"hostile-100x24", "hostile", 100, 24, "", false},
    {"hostile-30x6", "hostile", 30, 6, "", false},
    {"too-small-29x6", "busy", 29, 6, "", false},
};

#define CASE_COUNT (sizeof(CASES) / sizeof(CASES[0]))

static void draws_as_recorded(void **state)
{
    const struct golden *g = *state;
    struct fixture f;
    struct grid grid;
    fixture_init(&f);
    scenario_find(g->scenario)->build(&f);
    grid_init(&grid, g->cols, g->rows);
    struct ui *ui = ui_create(&(struct ui_config){.ascii = g->ascii});
    ui_draw(ui, &f.data, &grid);
    fixture_keys(ui, &f, g->keys);
    ui_draw(ui, &f.data, &grid);
    golden_check(g->name, &grid);
    ui_destroy(ui);
    grid_finish(&grid);
    fixture_finish(&f);
}

int main(void)
{
    static struct CMUnitTest tests[CASE_COUNT];
    for (size_t i = 0; i < CASE_COUNT; i++)
        tests[i] =
            (struct CMUnitTest){CASES[i].name, draws_as_recorded, NULL, NULL, (void *)(uintptr_t)&CASES[i]};
    return cmocka_run_group_tests_name("golden", tests, NULL, NULL);
}
