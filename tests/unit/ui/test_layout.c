#include "test.h"

#include "layout.h"

/* At every width: no overlap, nothing past the edge, columns by strict priority, each at least as wide as it
 * needs. */
static void columns_fit_at_every_width(void **state)
{
    (void)state;
    for (int cols = UI_COLS_MIN; cols <= 400; cols++) {
        struct layout l;
        int edge = 0, worst = 0;
        layout_compute(&l, cols);
        for (int c = 0; c < COLUMN_COUNT; c++) {
            int width = l.columns[c].width;
            if (width == 0)
                continue;
            assert_true(l.columns[c].col > edge);
            edge = l.columns[c].col + width;
            assert_true(width >= column_info((enum column)c)->width);
            worst =
                column_info((enum column)c)->priority > worst ? column_info((enum column)c)->priority : worst;
        }
        assert_true(edge < cols);
        assert_true(l.columns[COLUMN_NAME].width >= 12);
        for (int c = 0; c < COLUMN_COUNT; c++)
            assert_int_equal(l.columns[c].width > 0, column_info((enum column)c)->priority <= worst);
    }
}

static void more_columns_as_the_screen_grows(void **state)
{
    static const struct {
        int cols;
        enum column shown, hidden;
    } SAMPLES[] = {
        {40, COLUMN_STATE, COLUMN_MODEL},    {60, COLUMN_COST, COLUMN_CACHE},
        {80, COLUMN_MODEL, COLUMN_TTFT},     {100, COLUMN_CACHE, COLUMN_FOLDER},
        {120, COLUMN_ERRORS, COLUMN_FOLDER}, {200, COLUMN_FOLDER, COLUMN_COUNT},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(SAMPLES) / sizeof(SAMPLES[0]); i++) {
        struct layout l;
        layout_compute(&l, SAMPLES[i].cols);
        assert_true(l.columns[SAMPLES[i].shown].width > 0);
        if (SAMPLES[i].hidden < COLUMN_COUNT)
            assert_int_equal(l.columns[SAMPLES[i].hidden].width, 0);
    }
}

static void every_column_has_its_own_place_in_the_order(void **state)
{
    (void)state;
    for (int a = 0; a < COLUMN_COUNT; a++) {
        assert_true(column_info((enum column)a)->title[0] != '\0');
        assert_in_range(column_info((enum column)a)->priority, 0, COLUMN_COUNT - 1);
        for (int b = a + 1; b < COLUMN_COUNT; b++)
            assert_int_not_equal(column_info((enum column)a)->priority,
                                 column_info((enum column)b)->priority);
    }
}

static void a_click_finds_its_column(void **state)
{
    struct layout l;
    (void)state;
    layout_compute(&l, 120);
    for (int c = 0; c < COLUMN_COUNT; c++)
        if (l.columns[c].width)
            assert_int_equal(layout_at(&l, l.columns[c].col), c);
    assert_int_equal(layout_at(&l, 0), COLUMN_NAME);
    assert_int_equal(layout_at(&l, 5000), COLUMN_COUNT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_fit_at_every_width),
        cmocka_unit_test(more_columns_as_the_screen_grows),
        cmocka_unit_test(every_column_has_its_own_place_in_the_order),
        cmocka_unit_test(a_click_finds_its_column),
    };
    return cmocka_run_group_tests_name("ui/layout", tests, NULL, NULL);
}
