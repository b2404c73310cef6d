/* What opening a folder finds, who may read it, and what happens to files under a running journal. */
#include "folders.h"

#include "cursor.h"
#include "segment.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* The file that is appended to: what comes after it was noticed is safe again. */
static void a_removed_newest_file_is_noticed(void **state)
{
    struct setup *s = *state;
    struct journal *j = open_journal(&s->config);
    append_sample(j, 1, 60);
    char *path = segment_path(s, 1);
    assert_int_equal(unlink(path), 0);
    free(path);
    append_sample(j, 2, 60); /* goes with it */
    journal_retain(j, SAMPLE_WALL_NS, 0);
    assert_int_equal(journal_stats(j).io_errors, 1);
    append_sample(j, 3, 60);
    append_sample(j, 4, 60);
    struct journal_reader *r = journal_reader_open(j, 0);
    uint64_t skipped = 0;
    assert_int_equal(read_samples(r, &skipped, NULL), 2);
    assert_int_equal(skipped, 2);
    journal_reader_close(r);
    journal_retain(j, SAMPLE_WALL_NS, 1);
    assert_int_equal(journal_stats(j).io_errors, 1);
    journal_close(j);
    j = open_journal(&s->config);
    assert_int_equal(journal_stats(j).first_seq, 3);
    assert_int_equal(journal_stats(j).last_seq, 4);
    journal_close(j);
}

/* The whole folder: as a disk that refuses. */
static void a_removed_folder_keeps_frames_in_memory(void **state)
{
    struct setup *s = *state;
    char *inner = path_join(s->folder, "state");
    s->config.dir = inner;
    struct journal *j = open_journal(&s->config);
    append_sample(j, 1, 60);
    char *names[] = {path_join(inner, "00000000000000000001.ctj"), path_join(inner, "lock")};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(unlink(names[i]), 0);
        free(names[i]);
    }
    assert_int_equal(rmdir(inner), 0);
    journal_retain(j, SAMPLE_WALL_NS, 0);
    for (uint64_t seq = 2; seq <= 5; seq++) {
        struct frame f;
        sample_frame(seq, 60, &f);
        assert_int_equal(journal_append(j, &f, NULL), CT_ERR_IO);
        assert_int_equal(f.seq, seq);
    }
    struct journal_reader *r = journal_reader_open(j, 0);
    uint64_t skipped = 0;
    assert_int_equal(read_samples(r, &skipped, NULL), 4);
    assert_int_equal(skipped, 1);
    assert_int_equal(journal_stats(j).unsaved_frames, 4);
    journal_reader_close(r);
    journal_close(j);
    free(inner);
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
    assert_true(journal_sync_fds(fds, 2));
    assert_int_equal(close(fds[0]), -1); /* it has closed them */
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(restart_goes_on_where_it_was),
        IN_FOLDER(only_the_user_can_read_it),
        IN_FOLDER(nothing_leaks_into_child_processes),
        IN_FOLDER(a_second_journal_is_refused),
        IN_FOLDER(a_later_version_is_left_alone),
        IN_FOLDER(other_files_are_left_alone),
        IN_FOLDER(a_cursor_ahead_is_never_met_again),
        IN_FOLDER(size_counts_after_a_restart),
        IN_FOLDER(removed_files_are_skipped),
        IN_FOLDER(a_removed_newest_file_is_noticed),
        IN_FOLDER(a_removed_folder_keeps_frames_in_memory),
        IN_FOLDER(what_was_written_can_be_synced_elsewhere),
        IN_FOLDER(always_syncs_as_it_goes),
    };
    return cmocka_run_group_tests_name("journal/disk", tests, NULL, NULL);
}
