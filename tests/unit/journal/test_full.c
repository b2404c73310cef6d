/* A disk that refuses: full, limited, read-only. */
#define _GNU_SOURCE /* unshare() */
#include "journals.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOBODY 65534

static int begin(void **state)
{
    signal(SIGXFSZ, SIG_IGN);
    *state = folder_new();
    return 0;
}

static int end(void **state)
{
    folder_drop(*state);
    return 0;
}

static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void lift_limit(void)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static enum ct_err try_append(struct journal *j, uint64_t seq, size_t body_len, struct ct_errmsg *msg)
{
    struct frame f;
    sample_frame(seq, body_len, &f);
    enum ct_err err = journal_append(j, &f, msg);
    if (err == CT_OK || err == CT_ERR_IO)
        assert_int_equal(f.seq, seq);
    else
        assert_int_equal(f.seq, 0);
    return err;
}

static struct journal_config config_in(const char *folder)
{
    struct journal_config config;
    journal_config_init(&config);
    config.dir = folder;
    config.fsync = JOURNAL_FSYNC_NEVER;
    config.max_age_ns = 0;
    return config;
}

/* Every cut between two frames and inside one: the limit falls on each byte of a frame in turn. */
static void order_and_bytes_survive_a_limit_anywhere(void **state)
{
    struct journal_config config = config_in(*state);
    struct journal *j = open_journal(&config);
    struct journal_reader *r = journal_reader_open(j, 0);
    char *segment = path_join(*state, "00000000000000000001.ctj");
    uint64_t seq = 0;
    for (rlim_t extra = 0; extra < 300; extra += 3) {
        limit_files(journal_stats(j).bytes + extra); /* 0 for the first round: no file is left at all */
        uint64_t first = seq + 1;
        struct ct_errmsg msg = {""};
        while (seq < first + 4)
            if (try_append(j, ++seq, 50, &msg))
                break;
        /* From the first refusal on, all wait in memory, in order. */
        assert_true(journal_stats(j).unsaved_frames == 1);
        assert_int_equal(file_size(segment), journal_stats(j).bytes);
        assert_non_null(strstr(msg.text, "cannot write the journal"));
        assert_int_equal(try_append(j, ++seq, 50, NULL), CT_ERR_IO);
        assert_int_equal(journal_stats(j).unsaved_frames, 2);
        assert_int_equal(read_samples(r, NULL, NULL), seq + 1 - first);
        struct journal_reader *late = journal_reader_open(j, 0);
        assert_int_equal(read_samples(late, NULL, NULL), seq);
        journal_reader_close(late);

        lift_limit();
        if (extra % 2)
            append_sample(j, ++seq, 50);
        else
            journal_retain(j, 0, 0);
        assert_int_equal(journal_stats(j).unsaved_frames, 0);
        assert_int_equal(journal_stats(j).unsaved_bytes, 0);
        assert_int_equal(read_samples(r, NULL, NULL), extra % 2);
    }
    assert_true(journal_stats(j).io_errors > 0);
    assert_int_equal(journal_stats(j).unsaved_dropped, 0);
    journal_reader_close(r);
    journal_close(j);

    j = open_journal(&config);
    assert_int_equal(journal_stats(j).torn_bytes, 0);
    r = journal_reader_open(j, 0);
    uint64_t skipped = 0;
    assert_int_equal(read_samples(r, &skipped, NULL), seq);
    assert_int_equal(skipped, 0);
    journal_reader_close(r);
    journal_close(j);
    free(segment);
}

struct dropped {
    uint64_t first;
    uint64_t last;
    struct journal_reader *reader; /* must still be able to read them */
};

static void on_retire(void *ctx, struct journal *j, uint64_t first, uint64_t last)
{
    struct dropped *d = ctx;
    if (!d->first)
        d->first = first;
    else
        assert_int_equal(first, d->last + 1);
    d->last = last;
    struct journal_reader *r = journal_reader_open(j, first);
    struct frame f;
    assert_int_equal(journal_reader_next(r, &f, NULL), CT_OK);
    assert_int_equal(f.seq, first);
    journal_reader_close(r);
}

static void memory_for_unsaved_frames_is_bounded(void **state)
{
    struct journal_config config = config_in(*state);
    struct dropped dropped = {0};
    config.unsaved_max_bytes = 10000;
    config.on_retire = on_retire;
    config.ctx = &dropped;
    struct journal *j = open_journal(&config);
    append_sample(j, 1, 900);
    append_sample(j, 2, 900);
    struct journal_reader *r = journal_reader_open(j, 0);
    assert_int_equal(read_samples(r, NULL, NULL), 2);
    limit_files(journal_stats(j).bytes + 10);
    for (uint64_t seq = 3; seq <= 40; seq++)
        assert_int_equal(try_append(j, seq, 900, NULL), CT_ERR_IO);
    struct ct_errmsg msg = {""};
    assert_int_equal(try_append(j, 41, 10000, &msg), CT_ERR_LIMIT);
    struct journal_stats stats = journal_stats(j);
    assert_true(stats.unsaved_bytes <= config.unsaved_max_bytes);
    assert_true(stats.unsaved_bytes > config.unsaved_max_bytes - 1200); /* as many as fit */
    assert_true(stats.unsaved_frames >= 8);
    assert_int_equal(stats.unsaved_frames + stats.unsaved_dropped, 38);
    assert_int_equal(dropped.first, 3);
    assert_int_equal(dropped.last, 2 + stats.unsaved_dropped);
    assert_int_equal(stats.last_seq, 40);
    lift_limit();

    append_sample(j, 41, 900);
    assert_int_equal(journal_stats(j).unsaved_frames, 0);
    uint64_t skipped = 0;
    assert_int_equal(read_samples(r, &skipped, NULL), stats.unsaved_frames + 1);
    assert_int_equal(skipped, stats.unsaved_dropped);
    journal_reader_close(r);
    journal_close(j);

    /* The gap is on disk as well. */
    j = open_journal(&config);
    r = journal_reader_open(j, 0);
    skipped = 0;
    assert_int_equal(read_samples(r, &skipped, NULL), stats.unsaved_frames + 3);
    assert_int_equal(skipped, stats.unsaved_dropped);
    journal_reader_close(r);
    journal_close(j);
}

static void a_segment_that_cannot_start_waits(void **state)
{
    struct journal_config config = config_in(*state);
    config.segment_bytes = 1000;
    struct journal *j = open_journal(&config);
    limit_files(10);
    /* Not even the first one. */
    assert_int_equal(try_append(j, 1, 400, NULL), CT_ERR_IO);
    assert_int_equal(folder_count(*state, ".ctj"), 0);
    lift_limit();
    append_sample(j, 2, 400);
    /* 3 does not fit into the segment of 1 and 2, and the next one cannot be made; 4 would fit, but must not
     * pass. */
    limit_files(10);
    assert_int_equal(try_append(j, 3, 400, NULL), CT_ERR_IO);
    lift_limit();
    limit_files(1000);
    struct journal_reader *r = journal_reader_open(j, 0);
    assert_int_equal(try_append(j, 4, 1, NULL), CT_OK);
    lift_limit();
    uint64_t skipped = 0;
    assert_int_equal(read_samples(r, &skipped, NULL), 4);
    assert_int_equal(skipped, 0);
    journal_reader_close(r);
    journal_close(j);
    j = open_journal(&config);
    r = journal_reader_open(j, 0);
    assert_int_equal(read_samples(r, NULL, NULL), 4);
    journal_reader_close(r);
    journal_close(j);
}

static void closing_saves_what_it_can(void **state)
{
    struct journal_config config = config_in(*state);
    struct journal *j = open_journal(&config);
    limit_files(10);
    assert_int_equal(try_append(j, 1, 10, NULL), CT_ERR_IO);
    assert_int_equal(try_append(j, 2, 10, NULL), CT_ERR_IO);
    lift_limit();
    journal_close(j);
    j = open_journal(&config);
    assert_int_equal(journal_stats(j).last_seq, 2);
    journal_close(j);
}

/* In a child: 0 all well, otherwise the line that was not. */
#define CHECK(x)                                                                                             \
    do {                                                                                                     \
        if (!(x)) {                                                                                          \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #x);                                          \
            _exit(1);                                                                                        \
        }                                                                                                    \
    } while (0)

#define CANNOT_TEST 77

static int in_child(void (*body)(const char *folder), const char *folder)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        body(folder);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static size_t count_all(struct journal *j, uint64_t *skipped)
{
    struct journal_reader *r = journal_reader_open(j, 0);
    struct frame f;
    uint64_t gone;
    size_t n = 0;
    enum ct_err err;
    *skipped = 0;
    while ((err = journal_reader_next(r, &f, &gone)) == CT_OK) {
        CHECK(sample_matches(&f));
        *skipped += gone;
        n++;
    }
    CHECK(err == CT_END);
    journal_reader_close(r);
    return n;
}

static void on_small_disk(const char *folder)
{
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("ct-test", folder, "tmpfs", 0, "size=256k") != 0)
        _exit(CANNOT_TEST);
    struct journal_config config = config_in(folder);
    config.segment_bytes = 60000;
    struct journal *j;
    CHECK(journal_open(&config, &j, NULL) == CT_OK);

    /* Somebody else fills the disk up and makes room again, while we go on. */
    uint64_t seq = 0;
    struct frame f;
    for (int round = 0; round < 4; round++) {
        char *hog = path_join(folder, "hog");
        int fd = open(hog, O_CREAT | O_WRONLY, 0600);
        CHECK(fd >= 0);
        static const char zeros[4096];
        while (write(fd, zeros, sizeof zeros) == (ssize_t)sizeof zeros)
            ;
        CHECK(errno == ENOSPC);
        close(fd);
        enum ct_err err = CT_OK;
        for (int i = 0; i < 12; i++) {
            sample_frame(++seq, 1000, &f);
            err = journal_append(j, &f, NULL);
            CHECK(err == CT_OK || err == CT_ERR_IO);
            CHECK(f.seq == seq);
        }
        CHECK(err == CT_ERR_IO);
        CHECK(journal_stats(j).unsaved_frames > 0);
        uint64_t skipped;
        CHECK(count_all(j, &skipped) == seq && skipped == 0);
        CHECK(unlink(hog) == 0);
        free(hog);
        sample_frame(++seq, 1000, &f);
        CHECK(journal_append(j, &f, NULL) == CT_OK);
        CHECK(journal_stats(j).unsaved_frames == 0);
    }
    journal_close(j);
    CHECK(journal_open(&config, &j, NULL) == CT_OK);
    uint64_t skipped;
    CHECK(journal_stats(j).torn_bytes == 0);
    CHECK(count_all(j, &skipped) == seq && skipped == 0);
    journal_close(j);
}

static void a_full_disk_loses_nothing(void **state)
{
    int result = in_child(on_small_disk, *state);
    if (result == CANNOT_TEST)
        skip();
    assert_int_equal(result, 0);
}

static void in_readonly_folder(const char *folder)
{
    if (geteuid() == 0 && setuid(NOBODY) != 0)
        _exit(CANNOT_TEST);
    char *inner = path_join(folder, "state/deeper");
    struct journal_config config = config_in(folder);
    struct journal *j;
    struct ct_errmsg msg = {""};
    CHECK(journal_open(&config, &j, &msg) == CT_ERR_IO);
    CHECK(j == NULL);
    CHECK(strstr(msg.text, folder) && strstr(msg.text, "--state-dir") && strstr(msg.text, strerror(EACCES)));
    config.dir = inner;
    CHECK(journal_open(&config, &j, &msg) == CT_ERR_IO);
    CHECK(strstr(msg.text, "cannot create") && strstr(msg.text, "--state-dir"));
    free(inner);
}

static void a_readonly_folder_is_refused_with_words(void **state)
{
    assert_int_equal(chmod(*state, 0555), 0);
    int result = in_child(in_readonly_folder, *state);
    assert_int_equal(chmod(*state, 0700), 0);
    if (result == CANNOT_TEST)
        skip();
    assert_int_equal(result, 0);
}

static void a_file_instead_of_a_folder_is_refused(void **state)
{
    char *file = path_join(*state, "file");
    char *below = path_join(*state, "file/journal");
    file_write(file, "x", 1);
    const char *const dirs[] = {file, below, ""};
    const enum ct_err expected[] = {CT_ERR_IO, CT_ERR_IO, CT_ERR_USAGE};
    for (size_t i = 0; i < 3; i++) {
        struct journal_config config = config_in(dirs[i]);
        struct journal *j;
        struct ct_errmsg msg = {""};
        assert_int_equal(journal_open(&config, &j, &msg), expected[i]);
        assert_non_null(strstr(msg.text, "--state-dir"));
    }
    free(below);
    free(file);
}

#define IN_FOLDER(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(order_and_bytes_survive_a_limit_anywhere),
        IN_FOLDER(memory_for_unsaved_frames_is_bounded),
        IN_FOLDER(a_segment_that_cannot_start_waits),
        IN_FOLDER(closing_saves_what_it_can),
        IN_FOLDER(a_full_disk_loses_nothing),
        IN_FOLDER(a_readonly_folder_is_refused_with_words),
        IN_FOLDER(a_file_instead_of_a_folder_is_refused),
    };
    return cmocka_run_group_tests_name("journal/full", tests, NULL, NULL);
}
