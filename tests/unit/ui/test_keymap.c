#include "test.h"

#include "keymap.h"

static struct key key(const char *name)
{
    struct key k;
    if (!key_parse(slice_str(name), &k))
        fail_msg("no key \"%s\"", name);
    return k;
}

static enum action lookup(const struct keymap *map, unsigned context, const char *name)
{
    struct key k = key(name);
    return keymap_lookup(map, context, &k);
}

static void key_names_read_and_write_alike(void **state)
{
    static const char *const NAMES[] = {"q",         "C-c", "F1",   "F10",  "F12", "PgUp", "PgDn",  "Space",
                                        "Enter",     "Esc", "Tab",  "+",    "*",   "?",    "Home",  "End",
                                        "Backspace", "Up",  "Down", "Left", "Ins", "Del",  "S-Tab", "ä",
                                        "会",        "C-a", "C-z",  "-",    "F"};
    (void)state;
    for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++) {
        char out[KEY_NAME_MAX];
        struct key k = key(NAMES[i]);
        assert_string_equal(key_name(&k, out), NAMES[i]);
    }
    assert_int_equal(key("escape").code, KEYCODE_ESC);
    assert_int_equal(key("pageup").code, KEYCODE_PAGE_UP);
    assert_int_equal(key("c-C").code, 3);
    assert_int_equal(key("f12").code, KEYCODE_F12);
}

static void what_is_no_key_is_refused(void **state)
{
    static const char *const NAMES[] = {"",    "qq",   "F0",   "F13",  "F01",   "C-",
                                        "C-1", "C-ab", "\033", "\xff", "Bogus", "e\xcc\x81"};
    struct key k;
    (void)state;
    for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++)
        if (key_parse(slice_str(NAMES[i]), &k))
            fail_msg("\"%s\" was taken for a key", NAMES[i]);
}

static void scripts_are_keys_in_a_row(void **state)
{
    static const char *const GOOD = "jä<Enter> <c-f><lt><F10>/x", *const WANT =
                                                                      "j ä Enter Space C-f < F10 / x ";
    static const char *const BAD[] = {"<", "<Bogus>", "<Enter", "\x1b", "<>"};
    struct slice rest = slice_str(GOOD);
    struct key k;
    char got[128] = "", name[KEY_NAME_MAX];
    (void)state;
    while (key_script_next(&rest, &k)) {
        strcat(got, key_name(&k, name));
        strcat(got, " ");
    }
    assert_string_equal(got, WANT);
    assert_int_equal(rest.len, 0);
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        rest = slice_str(BAD[i]);
        assert_false(key_script_next(&rest, &k));
        assert_int_equal(rest.len, strlen(BAD[i]));
    }
}

static void default_keys_have_one_meaning_each(void **state)
{
    struct keymap map;
    struct ct_errmsg msg = {""};
    (void)state;
    keymap_init(&map);
    if (keymap_check(&map, &msg) != CT_OK)
        fail_msg("%s", msg.text);
    assert_true(map.count < KEYMAP_BINDINGS_MAX);
}

static void every_action_is_explained_and_reachable(void **state)
{
    struct keymap map;
    struct key first;
    (void)state;
    keymap_init(&map);
    for (int a = ACTION_NONE + 1; a < ACTION_COUNT; a++) {
        const struct action_info *info = action_info((enum action)a);
        assert_true(strlen(info->name) > 0 && strlen(info->help) > 0);
        assert_true(info->contexts != 0);
        assert_true((int)info->group < GROUP_COUNT);
        assert_int_equal(info->label[0] == '\0', info->priority == 0);
        assert_true(keymap_key(&map, (enum action)a, 0, &first));
        assert_true(strlen(key_group_name(info->group)) > 0);
    }
}

static void a_key_means_what_its_context_says(void **state)
{
    struct keymap map;
    (void)state;
    keymap_init(&map);
    assert_int_equal(lookup(&map, CONTEXT_TREE, "q"), ACTION_QUIT);
    assert_int_equal(lookup(&map, CONTEXT_HELP, "q"), ACTION_CLOSE);
    assert_int_equal(lookup(&map, CONTEXT_SEARCH, "q"), ACTION_NONE);
    assert_int_equal(lookup(&map, CONTEXT_SEARCH, "Enter"), ACTION_ACCEPT);
    assert_int_equal(lookup(&map, CONTEXT_TREE, "Enter"), ACTION_TOGGLE);
    assert_int_equal(lookup(&map, CONTEXT_TREE, "l"), ACTION_LOKI);
    assert_int_equal(lookup(&map, CONTEXT_TREE, "F10"), ACTION_QUIT);
}

static void keys_can_be_given_and_taken(void **state)
{
    struct keymap map;
    struct key k;
    (void)state;
    keymap_init(&map);
    assert_int_equal(keymap_bind(&map, SLICE_LIT("quit"), SLICE_LIT("x  F9"), NULL), CT_OK);
    assert_int_equal(lookup(&map, CONTEXT_TREE, "q"), ACTION_NONE);
    assert_int_equal(lookup(&map, CONTEXT_TREE, "x"), ACTION_QUIT);
    assert_int_equal(lookup(&map, CONTEXT_TREE, "F9"), ACTION_QUIT);
    assert_true(keymap_key(&map, ACTION_QUIT, 1, &k));
    assert_int_equal(k.code, KEYCODE_F1 + 8);
    assert_false(keymap_key(&map, ACTION_QUIT, 2, &k));
    assert_int_equal(keymap_bind(&map, SLICE_LIT("quit"), SLICE_LIT(""), NULL), CT_OK);
    assert_false(keymap_key(&map, ACTION_QUIT, 0, &k));
}

static void two_actions_may_swap_keys(void **state)
{
    struct keymap map;
    (void)state;
    keymap_init(&map);
    assert_int_equal(keymap_bind(&map, SLICE_LIT("loki"), SLICE_LIT("L"), NULL), CT_OK);
    assert_int_equal(keymap_bind(&map, SLICE_LIT("in"), SLICE_LIT("Right l"), NULL), CT_OK);
    assert_int_equal(keymap_check(&map, NULL), CT_OK);
    assert_int_equal(lookup(&map, CONTEXT_TREE, "l"), ACTION_IN);
}

static void mistakes_leave_the_map_alone_and_say_what_to_do(void **state)
{
    struct keymap map;
    struct ct_errmsg msg;
    char many[4 * KEYMAP_BINDINGS_MAX] = "";
    (void)state;
    keymap_init(&map);
    int count = map.count;
    assert_int_equal(keymap_bind(&map, SLICE_LIT("fly"), SLICE_LIT("x"), &msg), CT_ERR_NOT_FOUND);
    assert_non_null(strstr(msg.text, "fly"));
    assert_int_equal(keymap_bind(&map, SLICE_LIT("quit"), SLICE_LIT("x Hyper-q"), &msg), CT_ERR_USAGE);
    assert_non_null(strstr(msg.text, "Hyper-q"));
    for (int i = 0; i < KEYMAP_BINDINGS_MAX + 1; i++)
        strcat(many, "x ");
    assert_int_equal(keymap_bind(&map, SLICE_LIT("quit"), slice_str(many), &msg), CT_ERR_LIMIT);
    assert_int_equal(map.count, count);
    assert_int_equal(lookup(&map, CONTEXT_TREE, "q"), ACTION_QUIT);

    assert_int_equal(keymap_bind(&map, SLICE_LIT("quit"), SLICE_LIT("t"), &msg), CT_OK);
    assert_int_equal(keymap_check(&map, &msg), CT_ERR_USAGE);
    assert_non_null(strstr(msg.text, "tempo"));
    assert_non_null(strstr(msg.text, "quit"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(key_names_read_and_write_alike),
        cmocka_unit_test(what_is_no_key_is_refused),
        cmocka_unit_test(scripts_are_keys_in_a_row),
        cmocka_unit_test(default_keys_have_one_meaning_each),
        cmocka_unit_test(every_action_is_explained_and_reachable),
        cmocka_unit_test(a_key_means_what_its_context_says),
        cmocka_unit_test(keys_can_be_given_and_taken),
        cmocka_unit_test(two_actions_may_swap_keys),
        cmocka_unit_test(mistakes_leave_the_map_alone_and_say_what_to_do),
    };
    return cmocka_run_group_tests_name("ui/keymap", tests, NULL, NULL);
}
