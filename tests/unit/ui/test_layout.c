#include "screen.h"

#include "layout.h"

static const struct column_set *standard(void)
{
    static struct column_set set;
    columns_init(&set);
    return &set;
}

/* At every width: no overlap, nothing past the edge, columns by strict priority, each at least as wide as it
 * needs. */
static void columns_fit_at_every_width(void **state)
{
    (void)state;
    for (int cols = UI_COLS_MIN; cols <= 400; cols++) {
        struct layout l;
        int edge = 0, worst = 0;
        layout_compute(&l, standard(), cols);
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
            assert_int_equal(l.columns[c].width > 0, column_is_standard((enum column)c) &&
                                                         column_info((enum column)c)->priority <= worst);
    }
}

static void more_columns_as_the_screen_grows(void **state)
{
    static const struct {
        int cols;
        enum column shown, hidden;
    } SAMPLES[] = {
        {40, COLUMN_COST, COLUMN_MODEL},     {60, COLUMN_COST, COLUMN_CACHE},
        {80, COLUMN_MODEL, COLUMN_TTFT},     {100, COLUMN_CACHE, COLUMN_FOLDER},
        {120, COLUMN_ERRORS, COLUMN_FOLDER}, {200, COLUMN_FOLDER, COLUMN_COUNT},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(SAMPLES) / sizeof(SAMPLES[0]); i++) {
        struct layout l;
        layout_compute(&l, standard(), SAMPLES[i].cols);
        assert_true(l.columns[SAMPLES[i].shown].width > 0);
        if (SAMPLES[i].hidden < COLUMN_COUNT)
            assert_int_equal(l.columns[SAMPLES[i].hidden].width, 0);
    }
}

static void every_column_has_its_own_place_in_the_order(void **state)
{
    (void)state;
    for (int a = 0; a < COLUMN_COUNT; a++) {
        const struct column_info *info = column_info((enum column)a);
        assert_true(info->title[0] != '\0' && info->name[0] != '\0');
        assert_in_range(info->priority, 0, COLUMN_COUNT - 1);
        for (int b = a + 1; b < COLUMN_COUNT; b++) {
            assert_string_not_equal(info->name, column_info((enum column)b)->name);
            assert_true(info->priority == 0 || info->priority != column_info((enum column)b)->priority);
        }
    }
}

/* Any choice in any order, at every width: no overlap, nothing past the edge, what is not chosen is not
 * shown, and where all of it fits all of it stands in the chosen order. */
static void any_choice_fits_at_every_width(void **state)
{
    uint64_t seed = 7;
    (void)state;
    for (int round = 0; round < 60; round++) {
        struct column_set set;
        columns_init(&set);
        for (int i = 0; i < 30; i++) {
            columns_move(&set, random_between(&seed, 0, COLUMN_COUNT - 1), random_between(&seed, -9, 9));
            int c = random_between(&seed, 1, COLUMN_COUNT - 1);
            set.shown[c] = !set.shown[c];
        }
        assert_int_equal(set.order[0], COLUMN_NAME);
        for (int cols = UI_COLS_MIN; cols <= 400; cols += cols < 60 ? 1 : 17) {
            struct layout l;
            int edge = 0;
            layout_compute(&l, &set, cols);
            for (int i = 0; i < COLUMN_COUNT; i++) {
                int c = set.order[i];
                assert_true(set.shown[c] || l.columns[c].width == 0);
                if (l.columns[c].width == 0)
                    continue;
                assert_true(l.columns[c].col > edge);
                edge = l.columns[c].col + l.columns[c].width;
                assert_int_equal(layout_at(&l, l.columns[c].col), c);
            }
            assert_true(edge < cols);
            assert_true(l.columns[COLUMN_NAME].width >= 12);
            for (int c = 0; cols > 330 && c < COLUMN_COUNT; c++)
                assert_int_equal(l.columns[c].width > 0, set.shown[c]);
        }
    }
}

static void what_somebody_asked_for_stays_longest(void **state)
{
    struct column_set set;
    struct layout l;
    (void)state;
    columns_init(&set);
    layout_compute(&l, &set, 80);
    assert_int_equal(l.columns[COLUMN_RETRIES].width, 0);
    set.shown[COLUMN_RETRIES] = true;
    layout_compute(&l, &set, 80);
    assert_true(l.columns[COLUMN_RETRIES].width > 0);
    assert_true(l.columns[COLUMN_COST].width > 0);
}

static void a_set_reads_as_it_is_written(void **state)
{
    static const char *const TEXTS[] = {"", "state,cost", "cost,state,model", "name",
                                        "5h,7d,branch,folder,id"};
    char out[COLUMNS_TEXT_MAX];
    struct column_set set;
    struct ct_errmsg msg = {""};
    (void)state;
    for (size_t i = 0; i < sizeof(TEXTS) / sizeof(TEXTS[0]); i++) {
        assert_int_equal(columns_parse(&set, slice_str(TEXTS[i]), &msg), CT_OK);
        assert_string_equal(columns_format(&set, out), TEXTS[i]);
    }
    assert_int_equal(columns_parse(&set, SLICE_LIT(" cost ,, state\tname"), &msg), CT_OK);
    assert_string_equal(columns_format(&set, out), "cost,state");
    assert_int_equal(columns_parse(&set, SLICE_LIT("cost,prize"), &msg), CT_ERR_USAGE);
    assert_non_null(strstr(msg.text, "\"prize\""));
    assert_non_null(strstr(msg.text, "folder"));
    assert_int_equal(columns_parse(&set, SLICE_LIT("cost,cost"), &msg), CT_ERR_USAGE);
    assert_string_equal(columns_format(&set, out), "cost,state"); /* as it was */
    for (int c = 0; c < COLUMN_COUNT; c++)
        set.shown[c] = true;
    columns_format(&set, out);
    assert_int_equal(columns_parse(&set, slice_str(out), &msg), CT_OK); /* the longest one fits */
}

static void a_click_finds_its_column(void **state)
{
    struct layout l;
    (void)state;
    layout_compute(&l, standard(), 120);
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
        cmocka_unit_test(any_choice_fits_at_every_width),
        cmocka_unit_test(what_somebody_asked_for_stays_longest),
        cmocka_unit_test(a_set_reads_as_it_is_written),
        cmocka_unit_test(a_click_finds_its_column),
    };
    return cmocka_run_group_tests_name("ui/layout", tests, NULL, NULL);
}
