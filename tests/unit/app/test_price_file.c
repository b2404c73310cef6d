#define _XOPEN_SOURCE 700 /* nftw, mkdtemp */
/* prices.ini: the built-in one, the user's before it, and what is wrong in one. */
#include "app_fixture.h"

#include "price_file.h"

static const struct price *find(const struct price_list *list, const char *model)
{
    return price_find(&list->table, slice_str(model), 0);
}

static void the_built_in_prices_are_there(void **state)
{
    (void)state;
    struct price_list list;
    struct ct_errmsg msg;
    assert_int_equal(price_list_load(&list, "", false, &msg), CT_OK);
    assert_true(list.table.count > 15);
    assert_true(find(&list, "claude-opus-5-5")->input == 4);
    assert_true(find(&list, "claude-opus-4-5-20251101")->output == 25);
    assert_true(find(&list, "claude-opus-4-20250514")->output == 75);
    assert_true(price_find(&list.table, SLICE_LIT("claude-haiku-5-5"), 100001)->input == 0.5);
    assert_null(find(&list, "claude-opus-4-9"));
    assert_null(find(&list, "claude-sonnet-6"));
    assert_null(find(&list, "gpt-4.1"));
    for (size_t i = 0; i < list.table.count; i++) {
        const struct price *p = &list.table.items[i];
        if (!(p->input > 0 && p->output > p->input && p->cache_read < p->input &&
              p->cache_write_5m > p->input && p->cache_write_1h > p->cache_write_5m))
            fail_msg("the prices of %s are not in the usual order", p->pattern);
    }
    price_list_finish(&list);
}

static void the_users_come_first(void **state)
{
    struct price_list list;
    struct ct_errmsg msg;
    const char *path = temp_path(*state, "prices.ini");
    write_file(path,
               "; mine\n[claude-opus-*]\ninput = 3\noutput = 12.5 ; rebate\n"
               "[gpt-?.? over 1000]\ninput = 1\noutput = 2\ncache_read = 0\n",
               0600);
    assert_int_equal(price_list_load(&list, path, true, &msg), CT_OK);
    const struct price *p = find(&list, "claude-opus-5-5");
    assert_true(p->own && p->input == 3 && p->output == 12.5);
    assert_true(p->cache_read > 0.299 && p->cache_read < 0.301); /* what is left out follows from input */
    assert_true(p->cache_write_5m == 3.75 && p->cache_write_1h == 6);
    assert_true(find(&list, "claude-haiku-4-5")->input == 1);
    assert_null(find(&list, "gpt-4.1"));
    p = price_find(&list.table, SLICE_LIT("gpt-4.1"), 1001);
    assert_true(p && p->cache_read == 0);
    price_list_finish(&list);
}

static void a_bad_file_leaves_the_built_in_ones(void **state)
{
    static const struct {
        const char *text, *says;
    } files[] = {
        {"[claude-x]\ninput = 3\n", "[claude-x] has no output"},
        {"[a]\noutput = 3\n[b]\ninput = 1\noutput = 1\n", "[a] has no input"},
        {"[a]\ninput = 3\noutput = lots\n", ":3: output wants dollars"},
        {"[a]\ninput = -3\noutput = 1\n", ":2: input wants dollars"},
        {"[a]\ninput = 1e3\n", "1e3"},
        {"[a]\ninput = nan\n", "nan"},
        {"[a]\ninput = 1..2\n", "1..2"},
        {"[a]\ninput = 9999999\n", "9999999"},
        {"[a]\ninputs = 3\n", ":2: inputs is not known"},
        {"input = 3\n", "below a [model]"},
        {"[a over lots]\ninput = 3\n", "number of tokens"},
        {"[a over 99999999999999]\ninput = 3\n", "no prompt is that long"},
        {"nonsense\n", ":1:"},
        {"[aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]\ninput = 1\n", "too long"},
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct price_list list;
        struct ct_errmsg msg = {""};
        const char *path = temp_path(*state, "prices.ini");
        write_file(path, files[i].text, 0600);
        assert_int_not_equal(price_list_load(&list, path, false, &msg), CT_OK);
        if (!strstr(msg.text, files[i].says) || !strstr(msg.text, path))
            fail_msg("%s: %s", files[i].text, msg.text);
        assert_true(find(&list, "claude-opus-5-5")->input == 4);
        assert_null(find(&list, "a"));
        price_list_finish(&list);
    }
}

static void a_missing_file_is_fine_unless_asked_for(void **state)
{
    struct price_list list;
    struct ct_errmsg msg;
    const char *path = temp_path(*state, "none.ini");
    assert_int_equal(price_list_load(&list, path, false, &msg), CT_OK);
    price_list_finish(&list);
    assert_int_equal(price_list_load(&list, path, true, &msg), CT_ERR_NOT_FOUND);
    assert_non_null(find(&list, "claude-opus-5-5"));
    price_list_finish(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_built_in_prices_are_there),
        cmocka_unit_test_setup_teardown(the_users_come_first, make_temp_dir, remove_temp_dir),
        cmocka_unit_test_setup_teardown(a_bad_file_leaves_the_built_in_ones, make_temp_dir, remove_temp_dir),
        cmocka_unit_test_setup_teardown(a_missing_file_is_fine_unless_asked_for, make_temp_dir,
                                        remove_temp_dir),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
