/*
 * desk.h - one screen over a hand-made scenario, made anew for each test of the file that includes this.
 */
#ifndef CT_TESTS_UI_DESK_H
#define CT_TESTS_UI_DESK_H

#include "screen.h"

#include "fixture.h"

static struct fixture f;
static struct ui *ui;
static struct grid g;

/* Nothing is drawn yet. */
static inline int desk_make(const char *scenario, int cols, int rows)
{
    fixture_init(&f);
    scenario_find(scenario)->build(&f);
    grid_init(&g, cols, rows);
    ui = ui_create(NULL);
    return 0;
}

static inline int desk_open(const char *scenario, int cols, int rows)
{
    desk_make(scenario, cols, rows);
    ui_draw(ui, &f.data, &g);
    return 0;
}

static inline int desk_close(void **state)
{
    (void)state;
    ui_destroy(ui);
    grid_finish(&g);
    fixture_finish(&f);
    return 0;
}

/* Types the script (fixture_keys()) and draws. The effects are those of its last key. */
static inline struct ui_effects keys(const char *script)
{
    struct ui_effects effects = fixture_keys(ui, &f, script);
    ui_draw(ui, &f.data, &g);
    assert_screen_sound(&g);
    return effects;
}

static inline struct ui_view view(void)
{
    return ui_view(ui, &f.data);
}

#endif
