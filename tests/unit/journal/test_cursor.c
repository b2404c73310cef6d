#include "journals.h"

#include "cursor.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

/* docs/journal.md, "Cursor" */
#define COPY_BYTES  92u
#define COPY_STRIDE 512u

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

static void any_damage_to_the_only_copy_reads_as_nothing_done(void **state)
{
    const char *folder = *state;
    save(folder, "http", 1000);
    char *file = path_join(folder, "http.cursor");
    char *bytes;
    size_t len = file_read(file, &bytes);
    assert_int_equal(len, COPY_STRIDE + COPY_BYTES); /* the first goes to the second place */
    for (size_t bit = 8 * COPY_STRIDE; bit < 8 * len; bit++) {
        bytes[bit / 8] ^= (char)(1 << bit % 8);
        file_write(file, bytes, len);
        assert_int_equal(load(folder, "http"), 0);
        bytes[bit / 8] ^= (char)(1 << bit % 8);
    }
    for (size_t n = 0; n < len; n++) {
        file_write(file, bytes, n);
        assert_int_equal(load(folder, "http"), 0);
    }
    file_write(file, bytes, len);
    assert_int_equal(load(folder, "http"), 1000);
    free(bytes);
    free(file);
}

/* A power cut or a kill hits the copy that is being written: the other one is there. */
static void any_damage_to_one_copy_leaves_the_other(void **state)
{
    const char *folder = *state;
    char *file = path_join(folder, "http.cursor");
    for (uint64_t round = 1; round <= 2; round++) {
        save(folder, "http", 1000 * round);
        save(folder, "http", 1000 * round + 1);
        save(folder, "http", 1000 * round + 2);
        char *bytes;
        size_t len = file_read(file, &bytes);
        unsigned found[2] = {0};
        for (size_t at = 0; at < len; at++) {
            if (at == COPY_BYTES)
                at = COPY_STRIDE;
            bytes[at] ^= 0x10;
            file_write(file, bytes, len);
            uint64_t got = load(folder, "http");
            assert_true(got == 1000 * round + 1 || got == 1000 * round + 2);
            found[got - (1000 * round + 1)]++;
            bytes[at] ^= 0x10;
        }
        assert_int_equal(found[0], COPY_BYTES);
        assert_int_equal(found[1], COPY_BYTES);
        file_write(file, bytes, len);
        free(bytes);
    }
    free(file);
}

/* A cursor of version 1 (one copy, without a generation) counts until it is replaced. */
static void the_version_before_is_read(void **state)
{
    unsigned char bytes[84] = {0x89, 'C', 'T', 'C', '\r', '\n', 0x1a, '\n', 1, 0, 0, 0, CURSOR_LANES};
    for (unsigned i = 0; i < CURSOR_LANES; i++)
        bytes[16 + 8 * i] = (unsigned char)(40 + i);
    unsigned long crc = crc32(0, bytes, 80);
    for (unsigned i = 0; i < 4; i++)
        bytes[80 + i] = (unsigned char)(crc >> (8 * i));
    char *path = path_join(*state, "old.cursor");
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, sizeof bytes, file), sizeof bytes);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(load(*state, "old"), 40);
    for (uint64_t at = 50; at < 53; at++) {
        save(*state, "old", at);
        assert_int_equal(load(*state, "old"), at);
    }
    free(path);
}

static void what_could_not_be_saved_leaves_the_old_place(void **state)
{
    const char *folder = *state;
    struct cursor c;
    struct ct_errmsg msg = {""};
    assert_int_equal(cursor_open(&c, folder, "http", NULL), CT_OK);
    char *file = path_join(folder, "http.cursor");
    assert_int_equal(mkdir(file, 0700), 0); /* in the way */
    c.done[0] = 99;
    assert_int_equal(cursor_save(&c, &msg), CT_ERR_IO);
    assert_non_null(strstr(msg.text, "http.cursor"));
    int fds[CURSOR_SYNC_FDS_MAX];
    assert_int_equal(cursor_sync_take(&c, fds), 0);
    assert_int_equal(rmdir(file), 0);
    assert_int_equal(cursor_save(&c, NULL), CT_OK);
    assert_int_equal(cursor_sync_take(&c, fds), 2); /* the file, and the folder that it is new in */
    assert_true(journal_sync_fds(fds, 2));
    assert_int_equal(cursor_sync_take(&c, fds), 0);
    assert_int_equal(cursor_save(&c, NULL), CT_OK);
    assert_int_equal(cursor_sync_take(&c, fds), 1);
    assert_true(journal_sync_fds(fds, 1));
    cursor_finish(&c);
    free(file);
}

/* Both copies have their place: a disk that has become full does not refuse the next ones. */
static void a_full_disk_does_not_stop_a_cursor(void **state)
{
    struct cursor c;
    assert_int_equal(cursor_open(&c, *state, "http", NULL), CT_OK);
    for (uint64_t i = 1; i <= 2; i++) {
        c.done[0] = i;
        assert_int_equal(cursor_save(&c, NULL), CT_OK);
    }
    char *file = path_join(*state, "http.cursor");
    uint64_t size = file_size(file);
    for (uint64_t i = 3; i <= 20; i++) {
        c.done[0] = i;
        assert_int_equal(cursor_save(&c, NULL), CT_OK);
        assert_int_equal(file_size(file), size);
        assert_int_equal(folder_count(*state, ""), 3); /* itself, ".", ".." */
    }
    cursor_finish(&c);
    free(file);
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
        IN_FOLDER(the_version_before_is_read),
        IN_FOLDER(any_damage_to_the_only_copy_reads_as_nothing_done),
        IN_FOLDER(any_damage_to_one_copy_leaves_the_other),
        IN_FOLDER(names_stay_in_the_folder),
        IN_FOLDER(what_could_not_be_saved_leaves_the_old_place),
        IN_FOLDER(a_full_disk_does_not_stop_a_cursor),
        cmocka_unit_test(nothing_is_kept_in_memory_mode),
    };
    return cmocka_run_group_tests_name("journal/cursor", tests, NULL, NULL);
}
