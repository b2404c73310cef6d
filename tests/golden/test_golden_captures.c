/*
 * test_golden_captures - screens of recorded traffic by the real way: frames, ingest, model, ui. "Now" is
 * when the last frame arrived. To add a screen: one line in CASES.
 */
#include "test.h"

#include "capture.h"
#include "clock.h"
#include "golden.h"
#include "ingest.h"
#include "ui.h"

#include <stdio.h>

#define DAY_NS (INT64_C(24) * 3600 * NS_PER_SEC)

struct recorded {
    const char *name;
    const char *capture;
    const char *until; /* the last frame is the first hook with this in its body; NULL: all of them */
    enum capture_hooks hooks;
    const char *keys; /* pressed before the screen is compared: names with blanks between */
    bool looks;       /* one of each view: colours and attributes are compared, too */
};

static const struct recorded CASES[] = {
    {"capture-permission", "interactive", "\"PermissionRequest\"", CAPTURE_WITH_HOOKS, "", false},
    {"capture-interactive", "interactive", NULL, CAPTURE_WITH_HOOKS, "", true},
    {"capture-interactive-open", "interactive", NULL, CAPTURE_WITH_HOOKS, "G *", false},
    {"capture-background-running", "subagents-background", "\"Stop\"", CAPTURE_WITH_HOOKS, "", false},
    {"capture-background", "subagents-background", NULL, CAPTURE_WITH_HOOKS, "*", false},
    {"capture-failing", "failing-tool", NULL, CAPTURE_WITH_HOOKS, "*", false},
    /* Hooks would tell what the telemetry withholds. */
    {"capture-private", "tools-json-private", NULL, CAPTURE_WITHOUT_HOOKS, "", false},
    {"capture-old-client", "old-2.0.76-tools", NULL, CAPTURE_WITH_HOOKS, "", false},
    {"capture-waterfall", "subagents-background", NULL, CAPTURE_WITH_HOOKS, "j w", true},
    {"capture-waterfall-waits", "interactive", "\"PermissionRequest\"", CAPTURE_WITH_HOOKS, "j w", false},
    {"capture-details", "failing-tool", NULL, CAPTURE_WITH_HOOKS, "* G i", false},
    {"capture-server-error", "server-error-final", NULL, CAPTURE_WITH_HOOKS, "*", false},
    {"capture-red", "subagents-background", NULL, CAPTURE_WITH_HOOKS, "3", true},
    {"capture-events", "interactive", NULL, CAPTURE_WITH_HOOKS, "4", true},
    {"capture-detail", "interactive", "\"PermissionRequest\"", CAPTURE_WITH_HOOKS, "j 5", true},
    {"capture-flow", "interactive", NULL, CAPTURE_WITH_HOOKS, "6", true},
    {"capture-help", "interactive", NULL, CAPTURE_WITH_HOOKS, "?", true},
};

static const struct {
    int cols, rows;
} SIZES[] = {{40, 20}, {80, 24}, {120, 40}, {200, 60}};

#define CASE_COUNT (sizeof(CASES) / sizeof(CASES[0]))

static void on_event(void *ctx, const struct event *e)
{
    model_apply(ctx, e);
}

/* Feeds the frames up to the case's end; returns when the last one arrived. */
static int64_t feed(const struct recorded *r, const struct capture *c, struct ingest *in)
{
    for (size_t i = 0; i < c->count; i++) {
        const struct frame *f = &c->frames[i];
        assert_int_equal(ingest_frame(in, f), CT_OK);
        bool last = r->until && f->source == FRAME_HOOK &&
                    slice_find_slice(f->body, slice_str(r->until)) < f->body.len;
        if (last || (!r->until && i + 1 == c->count))
            return f->wall_ns;
    }
    fail_msg("%s: no hook with %s", r->capture, r->until);
    return 0;
}

static void press_all(struct ui *ui, const struct ui_data *data, struct slice names)
{
    while (names.len) {
        struct slice name = slice_sub(names, 0, slice_find(names, ' '));
        struct key key;
        names = slice_sub(names, name.len + 1, names.len);
        assert_true(key_parse(name, &key));
        ui_key(ui, data, &key);
    }
}

static void draws_as_recorded(void **state)
{
    const struct recorded *r = *state;
    struct capture c;
    struct model_config config;
    struct otlp_limits limits;
    model_config_init(&config);
    otlp_limits_init(&limits);
    capture_load(&c, r->capture, r->hooks);
    struct model *model = model_create(&config);
    struct ingest *in = ingest_create(&limits, on_event, model);
    int64_t now = feed(r, &c, in);
    struct ui_data data = {.model = model, .now_ns = now, .day_start_ns = now - now % DAY_NS};
    for (size_t i = 0; i < sizeof(SIZES) / sizeof(SIZES[0]); i++) {
        char name[80];
        struct grid grid;
        struct ui *ui = ui_create(NULL);
        snprintf(name, sizeof(name), "%s-%dx%d", r->name, SIZES[i].cols, SIZES[i].rows);
        grid_init(&grid, SIZES[i].cols, SIZES[i].rows);
        ui_draw(ui, &data, &grid);
        press_all(ui, &data, slice_str(r->keys));
        ui_draw(ui, &data, &grid);
        (r->looks ? golden_check_looks : golden_check)(name, &grid);
        grid_finish(&grid);
        ui_destroy(ui);
    }
    ingest_destroy(in);
    model_destroy(model);
    capture_free(&c);
}

int main(void)
{
    static struct CMUnitTest tests[CASE_COUNT];
    for (size_t i = 0; i < CASE_COUNT; i++)
        tests[i] =
            (struct CMUnitTest){CASES[i].name, draws_as_recorded, NULL, NULL, (void *)(uintptr_t)&CASES[i]};
    return cmocka_run_group_tests_name("captures", tests, NULL, NULL);
}
