#include "journals.h"

#include "cursor.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int begin(void **state)
{
    *state = folder_new();
    return 0;
}

static int end(void **state)
{
    folder_drop(*state);
    return 0;
}

static void save(const char *folder, const char *name, uint64_t first)
{
    struct cursor c;
    struct ct_errmsg msg = {""};
    assert_int_equal(cursor_open(&c, folder, name, &msg), CT_OK);
    for (size_t i = 0; i < CURSOR_LANES; i++)
        c.done[i] = first + i;
    if (cursor_save(&c, &msg))
        fail_msg("%s", msg.text);
    cursor_finish(&c);
}

/* The first lane; checks the others against it. */
static uint64_t load(const char *folder, const char *name)
{
    struct cursor c;
    assert_int_equal(cursor_open(&c, folder, name, NULL), CT_OK);
    uint64_t first = c.done[0];
    for (size_t i = 1; i < CURSOR_LANES; i++)
        assert_int_equal(c.done[i], first ? first + i : 0);
    cursor_finish(&c);
    return first;
}

static void positions_come_back(void **state)
{
    char *folder = path_join(*state, "made/on/the/way");
    assert_int_equal(load(folder, "http"), 0);
    save(folder, "http", 7);
    save(folder, "grpc-2_B", UINT64_C(1) << 60);
    assert_int_equal(load(folder, "http"), 7);
    assert_true(load(folder, "grpc-2_B") == UINT64_C(1) << 60);
    save(folder, "http", 8);
    assert_int_equal(load(folder, "http"), 8);
    assert_int_equal(folder_count(folder, ".cursor"), 2);
    assert_int_equal(folder_count(folder, ".tmp"), 0);
    char *file = path_join(folder, "http.cursor");
    struct stat st;
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    free(file);
    free(folder);
}

static void any_damage_reads_as_nothing_done(void **state)
{
    const char *folder = *state;
    save(folder, "http", 1000);
    char *file = path_join(folder, "http.cursor");
    char *bytes;
    size_t len = file_read(file, &bytes);
    for (size_t bit = 0; bit < 8 * len; bit++) {
        bytes[bit / 8] ^= (char)(1 << bit % 8);
        file_write(file, bytes, len);
        assert_int_equal(load(folder, "http"), 0);
        bytes[bit / 8] ^= (char)(1 << bit % 8);
    }
    for (size_t n = 0; n < len; n++) {
        file_write(file, bytes, n);
        assert_int_equal(load(folder, "http"), 0);
    }
    char *longer = realloc(bytes, len + 1);
    assert_non_null(longer);
    longer[len] = 0;
    file_write(file, longer, len + 1);
    assert_int_equal(load(folder, "http"), 0);
    file_write(file, longer, len);
    assert_int_equal(load(folder, "http"), 1000);
    free(longer);
    free(file);
}

static void what_could_not_be_saved_leaves_the_old_file(void **state)
{
    const char *folder = *state;
    save(folder, "http", 5);
    /* A folder in the way of the new file. */
    char *tmp = path_join(folder, "http.cursor.tmp");
    assert_int_equal(mkdir(tmp, 0700), 0);
    struct cursor c;
    struct ct_errmsg msg = {""};
    assert_int_equal(cursor_open(&c, folder, "http", NULL), CT_OK);
    c.done[0] = 99;
    assert_int_equal(cursor_save(&c, &msg), CT_ERR_IO);
    assert_non_null(strstr(msg.text, "http.cursor"));
    cursor_finish(&c);
    assert_int_equal(load(folder, "http"), 5);
    free(tmp);
}

static void names_stay_in_the_folder(void **state)
{
    static const char *const bad[] = {"",    "..",  "a/b",      "/etc/x",
                                      "a.b", "a b", "\xc3\xa4", "12345678901234567890123456789012345678901"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct cursor c;
        struct ct_errmsg msg = {""};
        assert_int_equal(cursor_open(&c, *state, bad[i], &msg), CT_ERR_USAGE);
        assert_true(strlen(msg.text) > 0);
        cursor_finish(&c);
    }
}

static void nothing_is_kept_in_memory_mode(void **state)
{
    (void)state;
    struct cursor c;
    assert_int_equal(cursor_open(&c, NULL, "http", NULL), CT_OK);
    assert_null(c.path);
    c.done[0] = 5;
    assert_int_equal(cursor_save(&c, NULL), CT_OK);
    cursor_finish(&c);
    assert_int_equal(cursor_open(&c, NULL, "http", NULL), CT_OK);
    assert_int_equal(c.done[0], 0);
    cursor_finish(&c);
}

#define IN_FOLDER(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(positions_come_back),
        IN_FOLDER(any_damage_reads_as_nothing_done),
        IN_FOLDER(names_stay_in_the_folder),
        IN_FOLDER(what_could_not_be_saved_leaves_the_old_file),
        cmocka_unit_test(nothing_is_kept_in_memory_mode),
    };
    return cmocka_run_group_tests_name("journal/cursor", tests, NULL, NULL);
}
