#define _XOPEN_SOURCE 700 /* nftw, mkdtemp, symlink */
#include "app_fixture.h"

#include "config_edit.h"

static enum ct_err edit(const char *text, const char *section, const char *key, const char *value,
                        struct buf *out)
{
    struct ct_errmsg msg;
    buf_clear(out);
    return config_edit_text("config.ini", slice_str(text), slice_str(section), slice_str(key),
                            slice_str(value), out, &msg);
}

static void test_one_key_changes_and_nothing_else(void **state)
{
    static const struct {
        const char *text, *section, *key, *value, *wanted;
    } CASES[] = {
        {"[ui]\ntheme = dark\n", "ui", "theme", "light", "[ui]\ntheme = light\n"},
        {"; mine\n\n[ui]\n  theme=dark   ; the best\nodd thing = 1\n# end", "ui", "theme", "light",
         "; mine\n\n[ui]\n  theme=light   ; the best\nodd thing = 1\n# end"},
        {"[ui]\r\ntheme : dark\r\n", "ui", "theme", "light", "[ui]\r\ntheme : light\r\n"},
        /* of two, the one that counts; of two sections, too */
        {"[ui]\ntheme = a\ntheme = b\n", "ui", "theme", "c", "[ui]\ntheme = a\ntheme = c\n"},
        {"[ui]\ntheme = a\n[x]\ntheme = y\n[ui]\ntheme = b\n[x]\n", "ui", "theme", "c",
         "[ui]\ntheme = a\n[x]\ntheme = y\n[ui]\ntheme = c\n[x]\n"},
        /* a key that is not there: behind the last one, before the blank lines and the next section's comment
         */
        {"[ui]\nmouse = on\n\n; more\n[grafana]\norg_id = 1\n", "ui", "theme", "c",
         "[ui]\nmouse = on\ntheme = c\n\n; more\n[grafana]\norg_id = 1\n"},
        {"[ui]\n[grafana]\n", "ui", "theme", "c", "[ui]\ntheme = c\n[grafana]\n"},
        {"[ui]\n;theme = dark\n", "ui", "theme", "c", "[ui]\ntheme = c\n;theme = dark\n"},
        /* a section that is not there */
        {"", "ui", "theme", "c", "[ui]\ntheme = c\n"},
        {"[x]\na = 1", "ui", "theme", "c", "[x]\na = 1\n\n[ui]\ntheme = c\n"},
        {"[x]\r\na = 1\r\n", "ui", "theme", "c", "[x]\r\na = 1\r\n\r\n[ui]\r\ntheme = c\r\n"},
        /* no value, or none any more */
        {"[ui]\ntheme =\n", "ui", "theme", "c", "[ui]\ntheme =c\n"},
        {"[ui]\ntheme = ; none\n", "ui", "theme", "c", "[ui]\ntheme = c ; none\n"},
        {"[ui]\ntheme = a ; x\n", "ui", "theme", "", "[ui]\ntheme =  ; x\n"},
        {"\xef\xbb\xbf[ui]\ntheme = a\n", "ui", "theme", "b", "\xef\xbb\xbf[ui]\ntheme = b\n"},
        {"[ui]\ntheme = a", "ui", "theme", "b", "[ui]\ntheme = b"},
        {"[grafana]\nroot_url = http://a/#x;y ; z\n", "grafana", "root_url", "http://b/;c",
         "[grafana]\nroot_url = http://b/;c ; z\n"},
    };
    struct buf out;
    (void)state;
    buf_init(&out, 65536);
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        assert_int_equal(edit(CASES[i].text, CASES[i].section, CASES[i].key, CASES[i].value, &out), CT_OK);
        assert_string_equal(buf_cstr(&out), CASES[i].wanted);
        /* Doing it again changes nothing. */
        char *once = strdup(buf_cstr(&out));
        assert_int_equal(edit(once, CASES[i].section, CASES[i].key, CASES[i].value, &out), CT_OK);
        assert_string_equal(buf_cstr(&out), once);
        free(once);
    }
    buf_finish(&out);
}

static void test_what_cannot_be_written_is_refused(void **state)
{
    static const struct {
        const char *text, *value;
        enum ct_err err;
    } CASES[] = {
        {"[ui]\nwhat is this\n", "x", CT_ERR_FORMAT},    {"[ui\n", "x", CT_ERR_FORMAT},
        {"[ui]\ntheme = a\n", "x\ny = z", CT_ERR_USAGE}, {"[ui]\ntheme = a\n", "a ; b", CT_ERR_USAGE},
        {"[ui]\ntheme = a\n", "; b", CT_ERR_USAGE},      {"[ui]\ntheme = a\n", " b", CT_ERR_USAGE},
    };
    struct buf out;
    (void)state;
    buf_init(&out, 65536);
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        assert_int_equal(edit(CASES[i].text, "ui", "theme", CASES[i].value, &out), CASES[i].err);
        assert_int_equal(out.len, 0);
    }
    buf_finish(&out);
}

static void assert_file(const char *path, const char *wanted, mode_t mode)
{
    char text[4096];
    struct stat st;
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    size_t n = fread(text, 1, sizeof text - 1, file);
    text[n] = '\0';
    fclose(file);
    assert_string_equal(text, wanted);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, mode);
}

static enum ct_err edit_file(const char *path, struct buf *seen, const char *value, struct ct_errmsg *msg)
{
    return config_edit_file(path, seen, SLICE_LIT("ui"), SLICE_LIT("theme"), slice_str(value), msg);
}

static void test_a_file_keeps_its_mode_and_its_place(void **state)
{
    struct ct_errmsg msg = {""};
    const char *real = temp_path(*state, "real.ini"), *link = temp_path(*state, "config.ini");
    struct stat st;
    write_file(real, "[ui]\ntheme = a\n", 0640);
    assert_int_equal(symlink(real, link), 0);
    assert_int_equal(edit_file(link, NULL, "b", &msg), CT_OK);
    assert_file(real, "[ui]\ntheme = b\n", 0640);
    assert_int_equal(lstat(link, &st), 0);
    assert_true(S_ISLNK(st.st_mode));
}

static void test_a_file_that_is_not_there_is_made(void **state)
{
    struct ct_errmsg msg = {""};
    const char *path = temp_path(*state, "new/folder/config.ini");
    assert_int_equal(edit_file(path, NULL, "b", &msg), CT_OK);
    assert_file(path, "[ui]\ntheme = b\n", 0600);
}

static void test_what_somebody_else_wrote_is_not_written_over(void **state)
{
    struct ct_errmsg msg = {""};
    struct buf seen;
    const char *path = temp_path(*state, "config.ini");
    buf_init(&seen, 65536);
    write_file(path, "[ui]\ntheme = a\n", 0600);
    assert_int_equal(config_edit_read(path, &seen, &msg), CT_OK);
    assert_int_equal(edit_file(path, &seen, "b", &msg), CT_OK);
    assert_int_equal(edit_file(path, &seen, "c", &msg), CT_OK); /* our own change is known */
    write_file(path, "[ui]\ntheme = theirs\n", 0600);
    assert_int_equal(edit_file(path, &seen, "d", &msg), CT_ERR_BUSY);
    assert_contains(msg.text, "changed meanwhile");
    assert_file(path, "[ui]\ntheme = theirs\n", 0600);
    buf_finish(&seen);
}

static void test_a_file_that_cannot_be_parsed_stays(void **state)
{
    struct ct_errmsg msg = {""};
    const char *path = temp_path(*state, "config.ini");
    write_file(path, "[ui]\nwhat is this\n", 0600);
    assert_int_equal(edit_file(path, NULL, "b", &msg), CT_ERR_FORMAT);
    assert_contains(msg.text, "config.ini:2:");
    assert_file(path, "[ui]\nwhat is this\n", 0600);
    write_file(path, "", 0600);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_not_equal(edit_file(path, NULL, "b", &msg), CT_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_key_changes_and_nothing_else),
        cmocka_unit_test(test_what_cannot_be_written_is_refused),
        cmocka_unit_test_setup_teardown(test_a_file_keeps_its_mode_and_its_place, make_temp_dir,
                                        remove_temp_dir),
        cmocka_unit_test_setup_teardown(test_a_file_that_is_not_there_is_made, make_temp_dir,
                                        remove_temp_dir),
        cmocka_unit_test_setup_teardown(test_what_somebody_else_wrote_is_not_written_over, make_temp_dir,
                                        remove_temp_dir),
        cmocka_unit_test_setup_teardown(test_a_file_that_cannot_be_parsed_stays, make_temp_dir,
                                        remove_temp_dir),
    };
    return cmocka_run_group_tests_name("app/config_edit", tests, NULL, NULL);
}
