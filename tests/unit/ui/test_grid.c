#include "screen.h"

#define WIDE "会"

static void assert_cell(const struct grid *g, int row, int col, const char *text)
{
    const struct cell *cell = grid_at(g, row, col);
    assert_slice_equal(slice_make(cell->text, cell->len), text);
}

static void sizes_are_clamped(void **state)
{
    (void)state;
    struct grid g;
    grid_init(&g, -3, 0);
    assert_int_equal(g.cols, 1);
    assert_int_equal(g.rows, 1);
    grid_resize(&g, 1 << 30, 1 << 30);
    assert_int_equal(g.cols, GRID_COLS_MAX);
    assert_int_equal(g.rows, GRID_ROWS_MAX);
    grid_finish(&g);
}

static void text_that_does_not_fit_ends_in_an_ellipsis(void **state)
{
    (void)state;
    struct grid g;
    grid_init(&g, 6, 1);
    assert_int_equal(grid_put(&g, 0, 0, 99, SLICE_LIT("abcdef"), 0), 6);
    assert_cell(&g, 0, 5, "f");
    assert_int_equal(grid_put(&g, 0, 0, 99, SLICE_LIT("abcdefg"), 0), 6);
    assert_cell(&g, 0, 4, "e");
    assert_cell(&g, 0, 5, "…");
    assert_int_equal(grid_put(&g, 0, 0, 1, SLICE_LIT("xy"), 0), 1);
    assert_cell(&g, 0, 0, "…");
    assert_cell(&g, 0, 1, "b");
    grid_finish(&g);
}

static void wide_text_is_cut_whole(void **state)
{
    (void)state;
    struct grid g;
    grid_init(&g, 5, 1);
    assert_int_equal(grid_put(&g, 0, 0, 5, SLICE_LIT(WIDE WIDE WIDE), 0), 5);
    assert_cell(&g, 0, 2, WIDE);
    assert_cell(&g, 0, 4, "…");
    grid_clear(&g);
    assert_int_equal(grid_put(&g, 0, 0, 4, SLICE_LIT(WIDE WIDE WIDE), 0), 3);
    assert_cell(&g, 0, 0, WIDE);
    assert_cell(&g, 0, 2, "…");
    assert_cell(&g, 0, 3, " ");
    assert_screen_sound(&g);
    grid_finish(&g);
}

static void overwriting_half_a_wide_cluster_blanks_the_other(void **state)
{
    (void)state;
    struct grid g;
    grid_init(&g, 4, 1);
    grid_put(&g, 0, 0, 4, SLICE_LIT(WIDE WIDE), 3);
    grid_put(&g, 0, 1, 2, SLICE_LIT("xy"), 0);
    assert_cell(&g, 0, 0, " ");
    assert_int_equal(grid_at(&g, 0, 0)->role, 3);
    assert_cell(&g, 0, 1, "x");
    assert_cell(&g, 0, 2, "y");
    assert_cell(&g, 0, 3, " ");
    assert_screen_sound(&g);
    grid_put(&g, 0, 0, 4, SLICE_LIT(WIDE WIDE), 3);
    grid_fill(&g, 0, 3, 1, 9, 0);
    assert_cell(&g, 0, 2, " ");
    assert_screen_sound(&g);
    grid_finish(&g);
}

static void flush_right_keeps_the_right_edge(void **state)
{
    (void)state;
    struct grid g;
    grid_init(&g, 8, 1);
    assert_int_equal(grid_put_right(&g, 0, 1, 6, SLICE_LIT("12"), 0), 2);
    assert_cell(&g, 0, 5, "1");
    assert_cell(&g, 0, 6, "2");
    assert_cell(&g, 0, 7, " ");
    grid_finish(&g);
}

static void nothing_is_drawn_outside(void **state)
{
    (void)state;
    struct grid g, blank;
    grid_init(&g, 4, 2);
    grid_init(&blank, 4, 2);
    struct slice text = SLICE_LIT("text");
    assert_int_equal(grid_put(&g, -1, 0, 4, text, 0), 0);
    assert_int_equal(grid_put(&g, 2, 0, 4, text, 0), 0);
    assert_int_equal(grid_put(&g, 0, 4, 4, text, 0), 0);
    assert_int_equal(grid_put(&g, 0, -2, 4, text, 0), 0);
    assert_int_equal(grid_put(&g, 0, 0, 0, text, 0), 0);
    assert_int_equal(grid_put(&g, 0, 0, -7, text, 0), 0);
    assert_int_equal(grid_put_right(&g, 0, INT32_MAX, INT32_MAX, text, 0), 0);
    grid_fill(&g, INT32_MAX, INT32_MAX, INT32_MAX, INT32_MAX, 1);
    grid_flag(&g, INT32_MIN, INT32_MIN, 5, 5, CELL_SELECTED);
    assert_true(grid_equal(&g, &blank));
    grid_finish(&g);
    grid_finish(&blank);
}

static void uncleaned_text_never_reaches_a_cell(void **state)
{
    (void)state;
    struct grid g;
    grid_init(&g, 20, 1);
    grid_put(&g, 0, 0, 20, SLICE_LIT("\033[2Ja\x7f\xc2\x9b\xff\xe2\x80\xae\n"), 0);
    assert_screen_sound(&g);
    assert_cell(&g, 0, 0, "\xef\xbf\xbd");
    assert_cell(&g, 0, 1, "[");
    grid_finish(&g);
}

static void copies_are_equal(void **state)
{
    (void)state;
    struct grid a, b;
    grid_init(&a, 9, 3);
    grid_init(&b, 1, 1);
    grid_put(&a, 1, 1, 8, SLICE_LIT("a" WIDE "b"), 5);
    grid_flag(&a, 1, 0, 1, 9, CELL_MATCH);
    assert_false(grid_equal(&a, &b));
    grid_copy(&b, &a);
    assert_true(grid_equal(&a, &b));
    grid_flag(&b, 0, 0, 1, 1, CELL_SELECTED);
    assert_false(grid_equal(&a, &b));
    grid_finish(&a);
    grid_finish(&b);
}

/* Any sequence of calls with any text and any box leaves a sound grid, and only the box is touched. */
static void random_drawing_keeps_the_invariants(void **state)
{
    static const char *const PARTS[] = {"a", WIDE,           "e\xcc\x81", "\xff", "\033",
                                        "👩", "\xe2\x80\x8d", "ﾊ",         "…",    "0"};
    (void)state;
    uint64_t seed = 7;
    for (int round = 0; round < 400; round++) {
        struct grid g, before;
        grid_init(&g, random_between(&seed, 1, 24), random_between(&seed, 1, 5));
        grid_init(&before, 1, 1);
        for (int step = 0; step < 60; step++) {
            char text[64];
            size_t len = 0;
            for (int n = random_between(&seed, 0, 12); n > 0; n--) {
                const char *part = PARTS[random_next(&seed) % 10];
                memcpy(text + len, part, strlen(part));
                len += strlen(part);
            }
            int row = random_between(&seed, -2, 6), col = random_between(&seed, -3, 26);
            int width = random_between(&seed, -2, 28);
            grid_copy(&before, &g);
            int used = 0;
            switch (random_next(&seed) % 3) {
            case 0:
                used = grid_put(&g, row, col, width, slice_make(text, len), 2);
                break;
            case 1:
                used = grid_put_right(&g, row, col, width, slice_make(text, len), 2);
                break;
            default:
                grid_fill(&g, row, col, random_between(&seed, -1, 4), width, 1);
                break;
            }
            assert_true(used >= 0 && used <= (width > 0 ? width : 0));
            assert_screen_sound(&g);
            for (int x = 0; x < g.cols && row >= 0 && row < g.rows; x++) {
                /* One column either side may lose the half of a wide cluster. */
                if (x >= col - 1 && x <= col + (width > 0 ? width : 0))
                    continue;
                assert_int_equal(grid_at(&g, row, x)->len, grid_at(&before, row, x)->len);
            }
        }
        grid_finish(&g);
        grid_finish(&before);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_are_clamped),
        cmocka_unit_test(text_that_does_not_fit_ends_in_an_ellipsis),
        cmocka_unit_test(wide_text_is_cut_whole),
        cmocka_unit_test(overwriting_half_a_wide_cluster_blanks_the_other),
        cmocka_unit_test(flush_right_keeps_the_right_edge),
        cmocka_unit_test(nothing_is_drawn_outside),
        cmocka_unit_test(uncleaned_text_never_reaches_a_cell),
        cmocka_unit_test(copies_are_equal),
        cmocka_unit_test(random_drawing_keeps_the_invariants),
    };
    return cmocka_run_group_tests_name("ui/grid", tests, NULL, NULL);
}
