/* What opening a folder finds and repairs, and what happens to files under a running journal. */
#include "journals.h"

#include "cursor.h"
#include "segment.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct setup {
    char *folder;
    struct journal_config config;
    uint64_t retired_first;
    uint64_t retired_last;
};

static void on_retire(void *ctx, struct journal *j, uint64_t first, uint64_t last)
{
    (void)j;
    struct setup *s = ctx;
    if (!s->retired_first)
        s->retired_first = first;
    else
        assert_int_equal(first, s->retired_last + 1);
    s->retired_last = last;
}

static int begin(void **state)
{
    struct setup *s = calloc(1, sizeof *s);
    assert_non_null(s);
    s->folder = folder_new();
    journal_config_init(&s->config);
    s->config.dir = s->folder;
    s->config.fsync = JOURNAL_FSYNC_NEVER;
    s->config.max_age_ns = 0;
    s->config.on_retire = on_retire;
    s->config.ctx = s;
    *state = s;
    return 0;
}

static int end(void **state)
{
    struct setup *s = *state;
    folder_drop(s->folder);
    free(s);
    return 0;
}

/* Frames first..last in a folder that may hold some already. */
static void write_frames(const struct setup *s, uint64_t first, uint64_t last, size_t body_len)
{
    struct journal *j = open_journal(&s->config);
    for (uint64_t seq = first; seq <= last; seq++)
        append_sample(j, seq, body_len);
    journal_close(j);
}

static char *segment_path(const struct setup *s, uint64_t first)
{
    char name[40];
    snprintf(name, sizeof name, "%020llu.ctj", (unsigned long long)first);
    return path_join(s->folder, name);
}

static void restart_goes_on_where_it_was(void **state)
{
    struct setup *s = *state;
    s->config.segment_bytes = 5000;
    uint64_t seq = 1;
    for (int round = 0; round < 8; round++, seq += 7) {
        write_frames(s, seq, seq + 6, 400);
        struct journal *j = open_journal(&s->config);
        struct journal_stats stats = journal_stats(j);
        assert_int_equal(stats.first_seq, 1);
        assert_int_equal(stats.last_seq, seq + 6);
        assert_int_equal(stats.torn_bytes, 0);
        struct journal_reader *r = journal_reader_open(j, 0);
        uint64_t skipped = 0;
        assert_int_equal(read_samples(r, &skipped, NULL), seq + 6);
        assert_int_equal(skipped, 0);
        journal_reader_close(r);
        journal_close(j);
    }
    assert_true(folder_count(s->folder, ".ctj") > 3);
}

static void only_the_user_can_read_it(void **state)
{
    struct setup *s = *state;
    char *deep = path_join(s->folder, "a/b/journal");
    s->config.dir = deep;
    const mode_t masks[] = {0, 0177, 0777};
    for (size_t i = 0; i < sizeof masks / sizeof masks[0]; i++) {
        const mode_t before = umask(masks[i]);
        struct journal *j = open_journal(&s->config);
        append_sample(j, 1, 10);
        journal_close(j);
        umask(before);
        static const struct {
            const char *name;
            mode_t mode;
        } expected[] = {
            {"a", 0700},
            {"a/b", 0700},
            {"a/b/journal", 0700},
            {"a/b/journal/lock", 0600},
            {"a/b/journal/00000000000000000001.ctj", 0600},
        };
        for (size_t k = 5; k-- > 0;) {
            char *path = path_join(s->folder, expected[k].name);
            struct stat st;
            assert_int_equal(stat(path, &st), 0);
            assert_int_equal(st.st_mode & 07777, expected[k].mode);
            assert_int_equal(S_ISDIR(st.st_mode) ? rmdir(path) : unlink(path), 0);
            free(path);
        }
    }
    free(deep);
}

static void nothing_leaks_into_child_processes(void **state)
{
    struct setup *s = *state;
    struct journal *j = open_journal(&s->config);
    append_sample(j, 1, 10);
    struct journal_reader *r = journal_reader_open(j, 0);
    assert_int_equal(read_samples(r, NULL, NULL), 1);
    struct stat folder;
    assert_int_equal(stat(s->folder, &folder), 0);
    size_t ours = 0;
    for (int fd = 3; fd < 256; fd++) {
        struct stat st;
        if (fstat(fd, &st) != 0 || (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) ||
            st.st_dev != folder.st_dev || st.st_uid != geteuid() || st.st_mtime < folder.st_mtime - 60)
            continue;
        char link[64];
        char target[512];
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        ssize_t n = readlink(link, target, sizeof target - 1);
        if (n < 0 || !strstr((target[n] = '\0', target), s->folder))
            continue;
        ours++;
        assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    }
    assert_int_equal(ours, 4); /* folder, lock, writer, reader */
    journal_reader_close(r);
    journal_close(j);
}

static void a_second_journal_is_refused(void **state)
{
    struct setup *s = *state;
    struct journal *j = open_journal(&s->config);
    struct journal *second;
    struct ct_errmsg msg = {""};
    char pid[32];
    snprintf(pid, sizeof pid, "process %ld;", (long)getpid());
    assert_int_equal(journal_open(&s->config, &second, &msg), CT_ERR_BUSY);
    assert_null(second);
    assert_non_null(strstr(msg.text, pid));
    assert_non_null(strstr(msg.text, "--state-dir"));
    assert_non_null(strstr(msg.text, s->folder));
    journal_close(j);
    journal_close(open_journal(&s->config));
}

static void a_tail_torn_at_any_byte_is_cut(void **state)
{
    struct setup *s = *state;
    write_frames(s, 1, 4, 60);
    char *path = segment_path(s, 1);
    char *bytes;
    size_t len = file_read(path, &bytes);
    for (size_t n = 0; n <= len; n++) {
        /* Whole frames in the first n bytes, by the lengths in them. */
        size_t end = SEGMENT_HEADER_BYTES;
        uint64_t whole = 0;
        while (end + SEGMENT_ENVELOPE_BYTES <= n &&
               end + SEGMENT_ENVELOPE_BYTES + (unsigned char)bytes[end] <= n) {
            end += SEGMENT_ENVELOPE_BYTES + (unsigned char)bytes[end];
            whole++;
        }
        file_write(path, bytes, n);
        struct journal *j = open_journal(&s->config);
        struct journal_stats stats = journal_stats(j);
        assert_int_equal(file_size(path), whole ? end : 0);
        assert_int_equal(stats.last_seq, whole);
        assert_int_equal(stats.corrupt_segments, 0);
        assert_int_equal(stats.torn_bytes, n < SEGMENT_HEADER_BYTES ? n : n - end);
        struct journal_reader *r = journal_reader_open(j, 0);
        assert_int_equal(read_samples(r, NULL, NULL), whole);
        append_sample(j, whole + 1, 60);
        append_sample(j, whole + 2, 60);
        assert_int_equal(read_samples(r, NULL, NULL), 2);
        journal_reader_close(r);
        journal_close(j);

        j = open_journal(&s->config);
        assert_int_equal(journal_stats(j).torn_bytes, 0);
        assert_int_equal(journal_stats(j).last_seq, whole + 2);
        journal_close(j);
        if (whole == 0)
            continue;
        char *again;
        size_t now = file_read(path, &again);
        assert_true(now > end);
        assert_memory_equal(again, bytes, end); /* what was whole was not touched */
        free(again);
    }
    free(bytes);
    free(path);
}

/* Reads everything, with damage; every frame that comes is a true one. */
static uint64_t read_damaged(const struct setup *s, uint64_t *seen)
{
    struct journal *j = open_journal(&s->config);
    struct journal_reader *r = journal_reader_open(j, 1);
    uint64_t n = 0;
    *seen = 0;
    struct frame f;
    enum ct_err err;
    while ((err = journal_reader_next(r, &f, NULL)) != CT_END) {
        if (err == CT_ERR_FORMAT)
            continue;
        assert_int_equal(err, CT_OK);
        assert_sample(&f);
        assert_true(f.seq < 64 && !(*seen >> f.seq & 1));
        *seen |= UINT64_C(1) << f.seq;
        n++;
    }
    journal_reader_close(r);
    journal_close(j);
    return n;
}

static void flip_every_byte(struct setup *s, uint64_t segment, uint64_t first_in_it, uint64_t last,
                            bool newest)
{
    char *path = segment_path(s, segment);
    char *aside = malloc(strlen(path) + 16);
    assert_non_null(aside);
    sprintf(aside, "%s.corrupt", path);
    char *bytes;
    size_t len = file_read(path, &bytes);
    for (size_t at = 0; at < len; at++) {
        static const char masks[] = {1, (char)0x80};
        for (size_t m = 0; m < sizeof masks; m++) {
            bytes[at] ^= masks[m];
            file_write(path, bytes, len);
            uint64_t seen;
            uint64_t n = read_damaged(s, &seen);
            if (at < SEGMENT_HEADER_BYTES) {
                assert_int_equal(access(aside, F_OK), 0);
                assert_int_equal(n, newest ? first_in_it - 1 : last - 3);
                assert_int_equal(unlink(aside), 0);
            } else {
                assert_int_equal(n, last - 1); /* all but the one that was hit */
            }
            bytes[at] ^= masks[m];
        }
    }
    file_write(path, bytes, len);
    uint64_t seen;
    assert_int_equal(read_damaged(s, &seen), last);
    free(bytes);
    free(aside);
    free(path);
}

static void flips_in_the_newest_segment(void **state)
{
    struct setup *s = *state;
    s->config.segment_bytes = 600;
    write_frames(s, 1, 6, 60);
    assert_int_equal(folder_count(s->folder, ".ctj"), 2);
    flip_every_byte(s, 4, 4, 6, true);
}

static void flips_in_an_old_segment(void **state)
{
    struct setup *s = *state;
    s->config.segment_bytes = 600;
    write_frames(s, 1, 6, 60);
    flip_every_byte(s, 1, 1, 6, false);
}

static void damage_is_counted_and_skipped(void **state)
{
    struct setup *s = *state;
    write_frames(s, 1, 10, 100);
    char *path = segment_path(s, 1);
    char *bytes;
    size_t len = file_read(path, &bytes);
    bytes[len / 2] ^= 1;
    file_write(path, bytes, len);
    free(bytes);
    struct journal *j = open_journal(&s->config);
    assert_int_equal(journal_stats(j).torn_bytes, 0);
    struct journal_reader *r = journal_reader_open(j, 0);
    uint64_t skipped = 0;
    uint64_t damaged = 0;
    assert_int_equal(read_samples(r, &skipped, &damaged), 9);
    assert_int_equal(skipped, 1);
    assert_int_equal(damaged, 1);
    assert_int_equal(journal_stats(j).damaged_frames, 1);
    append_sample(j, 11, 5);
    assert_int_equal(read_samples(r, NULL, NULL), 1);
    journal_reader_close(r);
    journal_close(j);
    free(path);
}

static void corrupt_segments_are_set_aside(void **state)
{
    struct setup *s = *state;
    s->config.segment_bytes = 600;
    write_frames(s, 1, 12, 60); /* 1, 4, 7, 10 */
    char *path = segment_path(s, 4);
    for (int i = 0; i < 2; i++) {
        file_write(path, "this is not a segment, is it", 28);
        struct journal *j = open_journal(&s->config);
        assert_int_equal(journal_stats(j).corrupt_segments, 1);
        struct journal_reader *r = journal_reader_open(j, 0);
        uint64_t skipped = 0;
        assert_int_equal(read_samples(r, &skipped, NULL), 9);
        assert_int_equal(skipped, 3);
        journal_reader_close(r);
        journal_close(j);
    }
    assert_int_equal(folder_count(s->folder, "4.ctj.corrupt"), 1);
    assert_int_equal(folder_count(s->folder, "4.ctj.corrupt-2"), 1);
    free(path);

    /* The newest as well; its numbers are not given out again. */
    path = segment_path(s, 10);
    file_write(path, "this is not a segment, is it", 28);
    struct journal *j = open_journal(&s->config);
    assert_int_equal(journal_stats(j).corrupt_segments, 1);
    assert_true(journal_stats(j).last_seq >= 9);
    journal_close(j);
    j = open_journal(&s->config);
    append_sample(j, 11, 60);
    journal_close(j);
    free(path);

    /* They do not pile up. */
    for (uint64_t first = 20; first < 40; first++) {
        path = segment_path(s, first);
        file_write(path, "this is not a segment, is it", 28);
        free(path);
        journal_close(open_journal(&s->config));
    }
    journal_close(open_journal(&s->config));
    assert_int_equal(folder_count(s->folder, ".corrupt"), JOURNAL_CORRUPT_KEPT_MAX);
    assert_int_equal(folder_count(s->folder, "39.ctj.corrupt"), 1);
}

static void a_later_version_is_left_alone(void **state)
{
    struct setup *s = *state;
    static const char later[] = "\x89"
                                "CTJ\r\n\x1a\n\x02\x00\x00\x00\x78\x56\x34\x12\x16\x97\x60\x1a";
    char *path = segment_path(s, 3);
    file_write(path, later, SEGMENT_HEADER_BYTES);
    struct journal *j;
    struct ct_errmsg msg = {""};
    assert_int_equal(journal_open(&s->config, &j, &msg), CT_ERR_UNSUPPORTED);
    assert_non_null(strstr(msg.text, "later version"));
    char *bytes;
    assert_int_equal(file_read(path, &bytes), SEGMENT_HEADER_BYTES);
    free(bytes);
    free(path);
}

static void other_files_are_left_alone(void **state)
{
    struct setup *s = *state;
    static const char *const names[] = {"notes.ctj",
                                        "1.ctj",
                                        "00000000000000000000.ctj",
                                        "99999999999999999999.ctj",
                                        "0000000000000000000x.ctj",
                                        "x.cursor"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char *path = path_join(s->folder, names[i]);
        file_write(path, "mine", 4);
        free(path);
    }
    char *link = segment_path(s, 77);
    assert_int_equal(symlink("/dev/null", link), 0);
    write_frames(s, 1, 3, 10);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char *path = path_join(s->folder, names[i]);
        char *bytes;
        assert_int_equal(file_read(path, &bytes), 4);
        free(bytes);
        free(path);
    }
    free(link);
}

static void a_cursor_ahead_is_never_met_again(void **state)
{
    struct setup *s = *state;
    write_frames(s, 1, 5, 10);
    struct cursor c;
    assert_int_equal(cursor_open(&c, s->folder, "http", NULL), CT_OK);
    c.done[3] = 9; /* a power cut took 6 to 9 */
    assert_int_equal(cursor_save(&c, NULL), CT_OK);
    cursor_finish(&c);
    struct journal *j = open_journal(&s->config);
    assert_int_equal(journal_stats(j).last_seq, 9);
    append_sample(j, 10, 10);
    struct journal_reader *r = journal_reader_open(j, 0);
    uint64_t skipped = 0;
    assert_int_equal(read_samples(r, &skipped, NULL), 6);
    assert_int_equal(skipped, 4);
    journal_reader_close(r);
    journal_close(j);
    j = open_journal(&s->config);
    append_sample(j, 11, 10);
    journal_close(j);
}

static void age_counts_after_a_restart(void **state)
{
    struct setup *s = *state;
    s->config.segment_bytes = 600;
    write_frames(s, 1, 12, 60); /* 1, 4, 7, 10 */
    const int64_t now = SAMPLE_WALL_NS;
    for (uint64_t first = 1; first <= 10; first += 3) {
        char *path = segment_path(s, first);
        const struct timespec times[2] = {
            {0, UTIME_OMIT}, {.tv_sec = now / 1000000000 - (first < 7 ? 1000 : 10), .tv_nsec = 0}};
        assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
        free(path);
    }
    s->config.max_age_ns = 900 * SAMPLE_STEP_NS;
    struct journal *j = open_journal(&s->config);
    journal_retain(j, now);
    assert_int_equal(s->retired_first, 1);
    assert_int_equal(s->retired_last, 6);
    assert_int_equal(journal_stats(j).first_seq, 7);
    assert_int_equal(journal_stats(j).retired_frames, 6);
    assert_int_equal(folder_count(s->folder, ".ctj"), 2);
    journal_close(j);
}

static void size_counts_after_a_restart(void **state)
{
    struct setup *s = *state;
    s->config.segment_bytes = 600;
    write_frames(s, 1, 12, 60);
    s->config.max_bytes = 1500;
    struct journal *j = open_journal(&s->config);
    append_sample(j, 13, 60);
    assert_int_equal(s->retired_first, 1);
    assert_true(s->retired_last >= 6);
    assert_int_equal(journal_stats(j).first_seq, s->retired_last + 1);
    assert_true(journal_stats(j).bytes <= 1500);
    journal_close(j);
}

static void removed_files_are_skipped(void **state)
{
    struct setup *s = *state;
    s->config.segment_bytes = 600;
    write_frames(s, 1, 12, 60);
    struct journal *j = open_journal(&s->config);
    struct journal_reader *r = journal_reader_open(j, 0);
    char *path = segment_path(s, 4);
    assert_int_equal(unlink(path), 0);
    free(path);
    uint64_t skipped = 0;
    assert_int_equal(read_samples(r, &skipped, NULL), 9);
    assert_int_equal(skipped, 3);
    journal_reader_close(r);
    journal_close(j);
}

static void a_file_cut_by_others_is_damage(void **state)
{
    struct setup *s = *state;
    s->config.segment_bytes = 600;
    write_frames(s, 1, 6, 60);
    struct journal *j = open_journal(&s->config);
    char *path = segment_path(s, 1);
    assert_int_equal(truncate(path, 200), 0);
    free(path);
    struct journal_reader *r = journal_reader_open(j, 0);
    uint64_t skipped = 0;
    uint64_t damaged = 0;
    assert_int_equal(read_samples(r, &skipped, &damaged), 4);
    assert_int_equal(skipped, 2);
    assert_int_equal(damaged, 1);
    journal_reader_close(r);
    journal_close(j);
}

static void what_was_written_can_be_synced_elsewhere(void **state)
{
    struct setup *s = *state;
    s->config.fsync = JOURNAL_FSYNC_INTERVAL;
    s->config.segment_bytes = 600;
    struct journal *j = open_journal(&s->config);
    int fds[JOURNAL_SYNC_FDS_MAX];
    assert_int_equal(journal_sync_take(j, fds), 0);
    append_sample(j, 1, 60);
    assert_int_equal(journal_sync_take(j, fds), 2); /* the segment and the folder */
    struct stat st;
    assert_int_equal(fstat(fds[0], &st), 0);
    assert_true(S_ISREG(st.st_mode));
    assert_int_equal(fstat(fds[1], &st), 0);
    assert_true(S_ISDIR(st.st_mode));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(fsync(fds[i]), 0);
        assert_int_equal(close(fds[i]), 0);
    }
    assert_int_equal(journal_sync_take(j, fds), 0);

    append_sample(j, 2, 60);
    assert_int_equal(journal_sync_take(j, fds), 1);
    close(fds[0]);
    journal_sync_failed(j);
    assert_int_equal(journal_stats(j).io_errors, 1);
    size_t n = journal_sync_take(j, fds);
    assert_int_equal(n, 2);
    while (n)
        close(fds[--n]);

    /* However many segments were closed in between, it fits. */
    for (uint64_t seq = 3; seq <= 60; seq++)
        append_sample(j, seq, 60);
    n = journal_sync_take(j, fds);
    assert_int_equal(n, JOURNAL_SYNC_FDS_MAX);
    journal_close(j);
    while (n) {
        assert_int_equal(fsync(fds[--n]), 0);
        assert_int_equal(close(fds[n]), 0);
    }
    write_frames(s, 61, 61, 60);
}

static void always_syncs_as_it_goes(void **state)
{
    struct setup *s = *state;
    s->config.fsync = JOURNAL_FSYNC_ALWAYS;
    s->config.segment_bytes = 600;
    struct journal *j = open_journal(&s->config);
    int fds[JOURNAL_SYNC_FDS_MAX];
    for (uint64_t seq = 1; seq <= 10; seq++) {
        append_sample(j, seq, 60);
        assert_int_equal(journal_sync_take(j, fds), 0);
    }
    journal_close(j);
}

#define IN_FOLDER(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(restart_goes_on_where_it_was),
        IN_FOLDER(only_the_user_can_read_it),
        IN_FOLDER(nothing_leaks_into_child_processes),
        IN_FOLDER(a_second_journal_is_refused),
        IN_FOLDER(a_tail_torn_at_any_byte_is_cut),
        IN_FOLDER(flips_in_the_newest_segment),
        IN_FOLDER(flips_in_an_old_segment),
        IN_FOLDER(damage_is_counted_and_skipped),
        IN_FOLDER(corrupt_segments_are_set_aside),
        IN_FOLDER(a_later_version_is_left_alone),
        IN_FOLDER(other_files_are_left_alone),
        IN_FOLDER(a_cursor_ahead_is_never_met_again),
        IN_FOLDER(age_counts_after_a_restart),
        IN_FOLDER(size_counts_after_a_restart),
        IN_FOLDER(removed_files_are_skipped),
        IN_FOLDER(a_file_cut_by_others_is_damage),
        IN_FOLDER(what_was_written_can_be_synced_elsewhere),
        IN_FOLDER(always_syncs_as_it_goes),
    };
    return cmocka_run_group_tests_name("journal/disk", tests, NULL, NULL);
}
