#define _XOPEN_SOURCE 700 /* nftw, mkdtemp */
#include "app_fixture.h"

#include "config.h"

struct seen {
    char text[4096];
    const char *stop_at; /* a key that is refused */
};

static enum ct_err note(void *ctx, struct slice section, struct slice key, struct slice value, unsigned line,
                        struct ct_errmsg *msg)
{
    struct seen *seen = ctx;
    if (seen->stop_at && slice_eq_str(key, seen->stop_at))
        return ct_fail(msg, CT_ERR_USAGE, "no such thing");
    size_t len = strlen(seen->text);
    snprintf(seen->text + len, sizeof seen->text - len, "%u:%.*s.%.*s=%.*s|", line, SLICE_ARG(section),
             SLICE_ARG(key), SLICE_ARG(value));
    return CT_OK;
}

static void test_lines(void **state)
{
    struct seen seen = {.stop_at = NULL};
    struct ct_errmsg msg = {""};
    const char *path = temp_path(*state, "config.ini");
    write_file(path,
               "\xef\xbb\xbf; a comment\n"
               "[ui]\n"
               "theme = light ; another\n"
               "   mouse=off\n"
               "# more\n"
               "\n"
               "[grafana]\r\n"
               "root_url: http://g/#a;b\r\n"
               "org_id =\n"
               "tempo_uid =;x",
               0600);
    assert_int_equal(config_read(path, note, &seen, &msg), CT_OK);
    assert_string_equal(seen.text, "3:ui.theme=light|4:ui.mouse=off|8:grafana.root_url=http://g/#a;b|"
                                   "9:grafana.org_id=|10:grafana.tempo_uid=|");
}

static void test_not_a_line(void **state)
{
    struct seen seen = {.stop_at = NULL};
    struct ct_errmsg msg;
    const char *path = temp_path(*state, "config.ini");
    write_file(path, "[ui]\n\nwhat is this\ntheme = x\n", 0600);
    assert_int_equal(config_read(path, note, &seen, &msg), CT_ERR_FORMAT);
    assert_contains(msg.text, "config.ini:3: neither");
}

static void test_handler_error(void **state)
{
    struct seen seen = {.stop_at = "b"};
    struct ct_errmsg msg;
    const char *path = temp_path(*state, "config.ini");
    write_file(path, "[x]\na=1\nb=2\nc=3\n", 0600);
    assert_int_equal(config_read(path, note, &seen, &msg), CT_ERR_USAGE);
    assert_contains(msg.text, "config.ini:3: no such thing");
    assert_string_equal(seen.text, "2:x.a=1|");
}

/* A longer line would otherwise be cut, or its rest taken for a line of its own. */
static void test_long_line(void **state)
{
    struct seen seen = {.stop_at = NULL};
    struct ct_errmsg msg;
    char text[100000];
    memset(text, 'a', sizeof text);
    memcpy(text, "[x]\nkey=", 8);
    text[sizeof text - 1] = '\0';
    const char *path = temp_path(*state, "config.ini");
    write_file(path, text, 0600);
    assert_int_equal(config_read(path, note, &seen, &msg), CT_ERR_FORMAT);
    assert_contains(msg.text, "config.ini:2: the line is longer");
    assert_string_equal(seen.text, "");
}

/* What stands behind a NUL would be dropped unseen, and a file of NULs would have no end. */
static void test_nul(void **state)
{
    static const char text[] = "[x]\na=1\nb=2\0c\nd=3\n";
    struct seen seen = {.stop_at = NULL};
    struct ct_errmsg msg;
    const char *path = temp_path(*state, "config.ini");
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, sizeof text - 1, file), sizeof text - 1);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(config_read(path, note, &seen, &msg), CT_ERR_FORMAT);
    assert_contains(msg.text, "config.ini:3: a NUL byte");
    assert_string_equal(seen.text, "2:x.a=1|");
    assert_int_equal(config_read("/dev/zero", note, &seen, &msg), CT_ERR_FORMAT);
}

static void test_missing(void **state)
{
    struct seen seen = {.stop_at = NULL};
    struct ct_errmsg msg;
    assert_int_equal(config_read(temp_path(*state, "none.ini"), note, &seen, &msg), CT_ERR_NOT_FOUND);
    assert_int_equal(config_read(*state, note, &seen, &msg), CT_ERR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_lines, make_temp_dir, remove_temp_dir),
        cmocka_unit_test_setup_teardown(test_not_a_line, make_temp_dir, remove_temp_dir),
        cmocka_unit_test_setup_teardown(test_handler_error, make_temp_dir, remove_temp_dir),
        cmocka_unit_test_setup_teardown(test_long_line, make_temp_dir, remove_temp_dir),
        cmocka_unit_test_setup_teardown(test_nul, make_temp_dir, remove_temp_dir),
        cmocka_unit_test_setup_teardown(test_missing, make_temp_dir, remove_temp_dir),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
