/*
 * test_hostile - recorded traffic with hostile text in every string that the screen shows.
 *
 * Whatever the text: every cell is clean and of its own width, and nothing outside the columns that show text
 * changes: the same traffic with harmless text gives the same header, titles, footer, numbers and gaps.
 */
#include "test.h"

#include "hostile_text.h"
#include "ingest.h"
#include "layout.h"
#include "screens.h"
#include "ui.h"

#include <stdio.h>

#define LONG_BYTES (100 * 1024)
#define STEPS      5 /* screens looked at while a capture arrives */

static const char HARMLESS[] = "harmless";

static const struct {
    const char *name;
    struct slice text;
    int repeat_to; /* bytes; 0: as it stands */
} TEXTS[] = {
    {"terminal escapes", SLICE_LIT("\033[31m\033]0;x\a\033[2J\b\r\n\t\x7f"), 0},
    {"operating system commands", SLICE_LIT("\033]52;c;ZXZpbA==\033\\\033P$q\"p\033\\\x9c"), 0},
    {"C1 controls",
     SLICE_LIT("\xc2\x9b"
               "31m\xc2\x9d"
               "0;x\xc2\x9c\xc2\x85\x9b\x9d"),
     0},
    {"bidi controls", SLICE_LIT("\u202e\u202d\u2066\u2069\u200e\u200f\u061c"), 0},
    {"line breaks and NUL", SLICE_LIT("a\nb\rc\r\nd\u2028e\u2029f\0g\v\f"), 0},
    {"invalid UTF-8", SLICE_LIT("\xff\xfe\xc0\x80\xed\xa0\x80\xf5\x80\x80\x80\xe2\x82"), 0},
    {"wide", SLICE_LIT("\u6f22\u5b57\uff21\U0001f642"), 0},
    {"emoji sequences",
     SLICE_LIT("\U0001f468\u200d\U0001f469\u200d\U0001f467\U0001f1e9\U0001f1ea\u2764\ufe0f"), 0},
    {"zero width", SLICE_LIT("\u200b\u200c\u200d\u2060\ufeff\u00ad\u034f"), 0},
    {"combining marks", SLICE_LIT("e\u0301\u0302\u0303\u0304\u0305\u0306\u0307\u0308\u0309\u030a\u20dd"), 0},
    {"marks with no base", SLICE_LIT("\u0301\u0302\u0e31\u0e34\u1160\u11a8"), 0},
    {"tags and specials", SLICE_LIT("\U000e0001\U000e0041\ufff9\ufffb\uffff\U0010ffff\ue000"), 0},
    {"formats and quotes", SLICE_LIT("%s%n%99999d'\"\\$(id)`id`"), 0},
    {"many wide ones", SLICE_LIT("\u6f22"), LONG_BYTES},
    {"many escapes", SLICE_LIT("\033[A"), LONG_BYTES},
    {"many marks", SLICE_LIT("\u0301"), LONG_BYTES},
};

#define TEXT_COUNT (sizeof(TEXTS) / sizeof(TEXTS[0]))

static const struct {
    int cols, rows;
} SIZES[] = {{30, 6}, {40, 20}, {61, 17}, {80, 24}, {120, 40}, {200, 60}, {333, 50}};

#define SIZE_COUNT (sizeof(SIZES) / sizeof(SIZES[0]))

struct world {
    struct hostile_frames traffic;
    struct model *model;
    struct ingest *ingest;
    struct ui *ui;
    int64_t now_ns;
};

static void on_event(void *ctx, const struct event *e)
{
    model_apply(ctx, e);
}

static void open_world(struct world *w, const struct capture *c, struct slice text,
                       enum otlp_encoding encoding)
{
    struct model_config config;
    struct otlp_limits limits;
    model_config_init(&config);
    otlp_limits_init(&limits);
    hostile_make(&w->traffic, c, text, encoding);
    w->model = model_create(&config);
    w->ingest = ingest_create(&limits, on_event, w->model);
    w->ui = ui_create(NULL);
}

static void close_world(struct world *w)
{
    ui_destroy(w->ui);
    ingest_destroy(w->ingest);
    model_destroy(w->model);
    hostile_free(&w->traffic);
}

static void draw(struct world *w, struct grid *grid)
{
    const struct ui_data data = {.model = w->model, .now_ns = w->now_ns, .day_start_ns = 1};
    ui_draw(w->ui, &data, grid);
}

static void press(struct world *w, const char *name)
{
    const struct ui_data data = {.model = w->model, .now_ns = w->now_ns, .day_start_ns = 1};
    struct key key;
    assert_true(key_parse(slice_str(name), &key));
    ui_key(w->ui, &data, &key);
}

static void same_cells(const struct grid *a, const struct grid *b, int row, int from, int to,
                       const char *what)
{
    for (int col = from; col < to; col++) {
        const struct cell *x = grid_at(a, row, col), *y = grid_at(b, row, col);
        if (x->len != y->len || memcmp(x->text, y->text, x->len) != 0)
            fail_msg("%s: row %d, column %d of %dx%d is \"%.*s\", with harmless text \"%.*s\"", what, row,
                     col, a->cols, a->rows, (int)x->len, x->text, (int)y->len, y->text);
    }
}

/* Columns of text may differ, everything else may not. */
static void same_beside_text(const struct grid *hostile, const struct grid *harmless, const char *what)
{
    struct layout layout;
    struct column_set columns;
    columns_init(&columns);
    layout_compute(&layout, &columns, hostile->cols);
    for (int row = 0; row < hostile->rows; row++) {
        int col = 0;
        bool tree = row > 1 && row + 1 < hostile->rows;
        for (int c = 0; tree && c < COLUMN_COUNT; c++) {
            if (layout.columns[c].width == 0 || column_info((enum column)c)->right)
                continue;
            same_cells(hostile, harmless, row, col, layout.columns[c].col, what);
            col = layout.columns[c].col + layout.columns[c].width;
        }
        same_cells(hostile, harmless, row, col, hostile->cols, what);
    }
}

static void check_screen(struct world *hostile, struct world *harmless, size_t size, const char *what)
{
    struct grid a, b;
    grid_init(&a, SIZES[size].cols, SIZES[size].rows);
    grid_init(&b, SIZES[size].cols, SIZES[size].rows);
    draw(hostile, &a);
    draw(harmless, &b);
    const char *problem = screen_problem(&a);
    if (problem)
        fail_msg("%s: %s", what, problem);
    same_beside_text(&a, &b, what);
    grid_finish(&a);
    grid_finish(&b);
}

/* Of the other views: clean, and neither header, title nor footer is touched. */
static void check_view(struct world *hostile, struct world *harmless, size_t size, const char *what)
{
    struct grid a, b;
    grid_init(&a, SIZES[size].cols, SIZES[size].rows);
    grid_init(&b, SIZES[size].cols, SIZES[size].rows);
    draw(hostile, &a);
    draw(harmless, &b);
    const char *problem = screen_problem(&a);
    if (problem)
        fail_msg("%s: %s", what, problem);
    same_cells(&a, &b, 0, 0, a.cols, what);
    same_cells(&a, &b, a.rows - 1, 0, a.cols, what);
    grid_finish(&a);
    grid_finish(&b);
}

/* Views, panes and lists that show text from outside, each with its selection moved. */
static void check_views(struct world *hostile, struct world *harmless, size_t text, const char *name)
{
    static const char *const views[] = {"2", "3", "4", "5", "6", "1", "i", "o", "c"};
    char what[200];
    for (size_t v = 0; v < sizeof(views) / sizeof(views[0]); v++) {
        const char *const keys[] = {"Esc", views[v], "Down", "End", "PgUp"};
        for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++) {
            press(hostile, keys[k]);
            press(harmless, keys[k]);
            snprintf(what, sizeof(what), "%s, view %s, after %s", name, views[v], keys[k]);
            if (k > 0)
                check_view(hostile, harmless, (v + k + text) % SIZE_COUNT, what);
        }
    }
}

/* One capture with one text: looked at while it arrives, at every size at the end, and unfolded. */
static void check(const char *name, size_t text, struct slice bytes, enum otlp_encoding encoding, bool views)
{
    struct capture c;
    struct world hostile, harmless;
    char what[160];
    snprintf(what, sizeof(what), "%s in %s (%s)", TEXTS[text].name, name,
             encoding == OTLP_JSON ? "JSON" : "protobuf");
    capture_load(&c, name, CAPTURE_WITH_HOOKS);
    open_world(&hostile, &c, bytes, encoding);
    open_world(&harmless, &c, slice_str(HARMLESS), encoding);
    assert_true(hostile.traffic.strings > 20);
    size_t step = c.count / STEPS + 1;
    for (size_t i = 0; i < c.count; i++) {
        enum ct_err err = ingest_frame(hostile.ingest, &hostile.traffic.frames[i]);
        if (err)
            fail_msg("%s: frame %zu is refused: %s", what, i, ct_err_name(err));
        assert_int_equal(ingest_frame(harmless.ingest, &harmless.traffic.frames[i]), CT_OK);
        hostile.now_ns = harmless.now_ns = c.frames[i].wall_ns;
        if (i % step == 0)
            check_screen(&hostile, &harmless, i / step % SIZE_COUNT, what);
    }
    for (size_t i = 0; i < SIZE_COUNT; i++)
        check_screen(&hostile, &harmless, i, what);
    static const char *const keys[] = {"g", "*", "G", "PgUp", "?", "Esc", "s"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        press(&hostile, keys[i]);
        press(&harmless, keys[i]);
        check_screen(&hostile, &harmless, (i + text) % SIZE_COUNT, what);
    }
    if (views)
        check_views(&hostile, &harmless, text, what);
    close_world(&hostile);
    close_world(&harmless);
    capture_free(&c);
}

static void reaches_no_terminal(void **state)
{
    /* The long texts go into the first ones only, which have few strings. */
    static const struct {
        const char *name;
        bool protobuf_too;
        bool long_too;
        bool views; /* in all of them */
    } captures[] = {
        {"failing-tool", true, true, true},          {"mcp-tool", false, true, false},
        {"tools-json", true, false, false},          {"subagents-background", false, false, true},
        {"denied-tool", false, false, false},        {"old-2.0.76-subagent", false, false, false},
        {"server-error-final", false, false, false}, {"interactive", false, false, false},
    };
    size_t text = (size_t)(uintptr_t)*state;
    bool is_long = TEXTS[text].repeat_to > 0;
    struct buf repeated;
    buf_init(&repeated, LONG_BYTES * 2);
    do
        assert_int_equal(buf_append(&repeated, TEXTS[text].text), CT_OK);
    while (repeated.len < (size_t)TEXTS[text].repeat_to);
    for (size_t i = 0; i < sizeof(captures) / sizeof(captures[0]); i++) {
        if (is_long && !captures[i].long_too)
            continue;
        check(captures[i].name, text, buf_slice(&repeated), OTLP_JSON, captures[i].views);
        if (captures[i].protobuf_too && !is_long)
            check(captures[i].name, text, buf_slice(&repeated), OTLP_PROTOBUF, false);
    }
    buf_finish(&repeated);
}

int main(void)
{
    static struct CMUnitTest tests[TEXT_COUNT];
    for (size_t i = 0; i < TEXT_COUNT; i++)
        tests[i] = (struct CMUnitTest){TEXTS[i].name, reaches_no_terminal, NULL, NULL, (void *)(uintptr_t)i};
    return cmocka_run_group_tests_name("hostile text", tests, NULL, NULL);
}
