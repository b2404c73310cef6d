/*
 * test_golden - draws scenarios at fixed sizes and compares every cell with tests/golden/<name>.txt.
 *
 * UPDATE_GOLDEN=1 writes the files instead; look at the difference before you commit it. A line begins with
 * '>' when its row is selected, else '|'; trailing blanks are dropped. To add a screen: one line in CASES.
 */
#include "test.h"

#include "buf.h"
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>

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
    {"busy-100x24-search", "busy", 100, 24, "/ text:expired Enter", false},
    {"busy-100x24-search-hidden", "busy", 100, 24, "/ text:auth.test", false},
    {"busy-100x24-not-found", "busy", 100, 24, "/ text:nowhere", false},
    {"busy-100x24-paused", "busy", 100, 24, "P", false},
    {"busy-100x24-by-cost", "busy", 100, 24, "s s s", false},
    {"busy-120x50-help", "busy", 120, 50, "?", false},
    {"busy-50x20-help-end", "busy", 50, 20, "? End", false},
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
#define SCREEN_MAX (1024 * 1024)

static void screen_to_text(const struct grid *grid, struct buf *out)
{
    for (int row = 0; row < grid->rows; row++) {
        bool selected = grid_at(grid, row, 0)->flags & CELL_SELECTED;
        assert_int_equal(buf_append_char(out, selected ? '>' : '|'), CT_OK);
        size_t end = out->len;
        for (int col = 0; col < grid->cols; col++) {
            const struct cell *cell = grid_at(grid, row, col);
            assert_int_equal(buf_append(out, slice_make(cell->text, cell->len)), CT_OK);
            if (cell->len != 1 || cell->text[0] != ' ')
                end = out->len;
        }
        out->len = end;
        assert_int_equal(buf_append_char(out, '\n'), CT_OK);
    }
}

static void golden_path(const char *name, char *out, size_t size)
{
    const char *root = getenv("CT_SOURCE_ROOT");
    assert_non_null(root);
    snprintf(out, size, "%s/tests/golden/%s.txt", root, name);
}

static void read_file(const char *path, struct buf *out)
{
    char chunk[4096];
    size_t n;
    FILE *file = fopen(path, "r");
    if (!file)
        fail_msg("%s is missing: run with UPDATE_GOLDEN=1, look at it, commit it", path);
    while ((n = fread(chunk, 1, sizeof(chunk), file)) > 0)
        assert_int_equal(buf_append(out, slice_make(chunk, n)), CT_OK);
    fclose(file);
}

static void write_file(const char *path, struct slice text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text.ptr, 1, text.len, file), text.len);
    assert_int_equal(fclose(file), 0);
}

static struct slice next_line(struct slice *rest)
{
    struct slice line = slice_sub(*rest, 0, slice_find(*rest, '\n'));
    *rest = slice_sub(*rest, line.len + 1, rest->len);
    return line;
}

static void compare(const char *path, struct slice expected, struct slice actual)
{
    for (int number = 1; expected.len || actual.len; number++) {
        struct slice want = next_line(&expected), got = next_line(&actual);
        if (!slice_eq(want, got))
            fail_msg("%s:%d\n  expected %.*s\n  drawn    %.*s\n(UPDATE_GOLDEN=1 accepts what is drawn)", path,
                     number, SLICE_ARG(want), SLICE_ARG(got));
    }
}

static void draws_as_recorded(void **state)
{
    const struct golden *g = *state;
    const char *update = getenv("UPDATE_GOLDEN");
    char path[512];
    struct fixture f;
    struct grid grid;
    struct buf text, expected;
    buf_init(&text, SCREEN_MAX);
    buf_init(&expected, SCREEN_MAX);
    fixture_init(&f);
    scenario_find(g->scenario)->build(&f);
    grid_init(&grid, g->cols, g->rows);
    struct ui *ui = ui_create(&(struct ui_config){.ascii = g->ascii});
    ui_draw(ui, &f.data, &grid);
    fixture_keys(ui, &f, g->keys);
    ui_draw(ui, &f.data, &grid);

    screen_to_text(&grid, &text);
    golden_path(g->name, path, sizeof(path));
    if (update && update[0] == '1') {
        write_file(path, buf_slice(&text));
    } else {
        read_file(path, &expected);
        compare(path, buf_slice(&expected), buf_slice(&text));
    }
    ui_destroy(ui);
    grid_finish(&grid);
    fixture_finish(&f);
    buf_finish(&text);
    buf_finish(&expected);
}

int main(void)
{
    static struct CMUnitTest tests[CASE_COUNT];
    for (size_t i = 0; i < CASE_COUNT; i++)
        tests[i] =
            (struct CMUnitTest){CASES[i].name, draws_as_recorded, NULL, NULL, (void *)(uintptr_t)&CASES[i]};
    return cmocka_run_group_tests_name("golden", tests, NULL, NULL);
}
