#define _XOPEN_SOURCE 700 /* nftw, mkdtemp */
#include "app_fixture.h"

#include "keys.h"

static struct options o;

static enum ct_err read_keys(const char *dir, const char *text, struct keymap *map, struct ct_errmsg *msg)
{
    const char *path = temp_path(dir, "config.ini");
    const char *argv[] = {"claude-top", "--config", path, "--print-keys"};
    write_file(path, text, 0600);
    options_finish(&o);
    options_init(&o);
    struct env env = FAKE_ENV("HOME", dir);
    enum ct_err err = options_parse(&o, 4, argv, &env, msg);
    assert_int_equal(err, CT_OK);
    assert_int_equal(o.action, OPTIONS_PRINT_KEYS);
    return keys_read(&o, map, msg);
}

static void test_what_is_printed_is_read_again(void **state)
{
    struct keymap map, again;
    struct ct_errmsg msg = {""};
    struct buf out;
    buf_init(&out, 1u << 20);
    assert_int_equal(read_keys(*state, "[keys]\nsearch = / C-s\nquit =\n", &map, &msg), CT_OK);
    assert_int_equal(keys_print(&o, &out, &msg), CT_OK);
    assert_contains(buf_cstr(&out), "search = / C-s");
    assert_contains(buf_cstr(&out), "(line 2)");
    for (int a = ACTION_NONE + 1; a < ACTION_COUNT; a++)
        assert_contains(buf_cstr(&out), action_info((enum action)a)->name);
    assert_int_equal(read_keys(*state, buf_cstr(&out), &again, &msg), CT_OK);
    for (int a = ACTION_NONE + 1; a < ACTION_COUNT; a++)
        for (int i = 0; i < 8; i++) {
            struct key x, y;
            bool one = keymap_key(&map, (enum action)a, i, &x),
                 other = keymap_key(&again, (enum action)a, i, &y);
            assert_int_equal(one, other);
            if (one)
                assert_int_equal(x.code, y.code);
        }
    buf_finish(&out);
}

static void test_what_is_wrong_is_said_with_its_line(void **state)
{
    struct keymap map;
    struct ct_errmsg msg = {""};
    assert_int_equal(read_keys(*state, "[keys]\n\nserach = x\n", &map, &msg), CT_ERR_USAGE);
    assert_contains(msg.text, "config.ini:3: there is no action \"serach\"");
    assert_contains(msg.text, "did you mean search?");
    assert_int_equal(read_keys(*state, "[keys]\nsearch = Bogus\n", &map, &msg), CT_ERR_USAGE);
    assert_contains(msg.text, "config.ini:2: search: there is no key \"Bogus\"");
    assert_int_equal(read_keys(*state, "[keys]\nsearch = s\n", &map, &msg), CT_ERR_USAGE);
    assert_contains(msg.text, "the key s stands for sort and for search");
    /* In another place the same key is fine, and so is one that was taken away. */
    assert_int_equal(read_keys(*state, "[keys]\nsearch = s\nsort =\n", &map, &msg), CT_OK);
    assert_int_equal(read_keys(*state, "[keys]\nlink-copy = s\n", &map, &msg), CT_OK);
}

static int make_options(void **state)
{
    options_init(&o);
    return make_temp_dir(state);
}

static int remove_options(void **state)
{
    options_finish(&o);
    return remove_temp_dir(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_is_printed_is_read_again, make_options, remove_options),
        cmocka_unit_test_setup_teardown(test_what_is_wrong_is_said_with_its_line, make_options,
                                        remove_options),
    };
    return cmocka_run_group_tests_name("app/keys", tests, NULL, NULL);
}
