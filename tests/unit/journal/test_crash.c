/* Two processes on one folder, and a writer that is killed at any moment. */
#include "journals.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS        25
#define REPORTS_MAX   400u
#define DEADLINE_MS   20000
#define SEGMENT_BYTES 40000u

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

/* Waits for exactly len bytes; 0 at the end of the pipe. */
static size_t take(int fd, void *out, size_t len)
{
    size_t got = 0;
    while (got < len) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        assert_int_equal(poll(&p, 1, DEADLINE_MS), 1);
        ssize_t n = read(fd, (char *)out + got, len - got);
        if (n <= 0)
            break;
        got += (size_t)n;
    }
    return got;
}

static void a_second_process_is_told_who_has_it(void **state)
{
    struct journal_config config;
    journal_config_init(&config);
    config.dir = *state;
    struct journal *j = open_journal(&config);
    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    const long parent = (long)getpid();
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct journal *second;
        struct ct_errmsg msg = {""};
        char pid[32];
        snprintf(pid, sizeof pid, "process %ld;", parent);
        if (journal_open(&config, &second, &msg) != CT_ERR_BUSY)
            _exit(1);
        if (!strstr(msg.text, pid) || !strstr(msg.text, "--state-dir"))
            _exit(2);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    append_sample(j, 1, 10); /* the attempt did no harm */
    journal_close(j);
    close(pipes[0]);
    close(pipes[1]);
}

/* Appends for ever, and reports each number through the pipe when the append has returned. */
static void write_until_killed(const struct journal_config *config, int out, unsigned seed)
{
    struct journal *j;
    if (journal_open(config, &j, NULL))
        _exit(1);
    for (;;) {
        struct frame f;
        seed = seed * 1103515245u + 12345u;
        sample_frame(journal_stats(j).last_seq + 1, (seed >> 8) % 9000, &f);
        if (journal_append(j, &f, NULL))
            _exit(2);
        if (write(out, &f.seq, sizeof f.seq) != (ssize_t)sizeof f.seq)
            _exit(3);
    }
}

static void what_was_reported_is_there_after_kill_9(void **state)
{
    struct journal_config config;
    journal_config_init(&config);
    config.dir = *state;
    config.segment_bytes = SEGMENT_BYTES;
    config.fsync = JOURNAL_FSYNC_NEVER;
    config.max_age_ns = 0;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    unsigned seed = (unsigned)now.tv_nsec;
    print_message("# seed %u\n", seed);

    uint64_t reported = 0;
    uint64_t torn = 0;
    for (int round = 0; round < ROUNDS; round++) {
        seed = seed * 1103515245u + 12345u;
        int pipes[2];
        assert_int_equal(pipe(pipes), 0);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            close(pipes[0]);
            write_until_killed(&config, pipes[1], seed);
        }
        close(pipes[1]);
        uint64_t seq;
        for (unsigned reports = 1 + (seed >> 8) % REPORTS_MAX; reports > 0; reports--) {
            assert_int_equal(take(pipes[0], &seq, sizeof seq), sizeof seq);
            assert_int_equal(seq, reported + 1);
            reported = seq;
        }
        assert_int_equal(kill(child, SIGKILL), 0);
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        while (take(pipes[0], &seq, sizeof seq) == sizeof seq) {
            assert_int_equal(seq, reported + 1);
            reported = seq;
        }
        close(pipes[0]);

        struct journal *j = open_journal(&config);
        struct journal_stats stats = journal_stats(j);
        assert_int_equal(stats.corrupt_segments, 0);
        /* One more may have been written, whose report did not get out. */
        assert_true(stats.last_seq == reported || stats.last_seq == reported + 1);
        torn += stats.torn_bytes;
        struct journal_reader *r = journal_reader_open(j, 0);
        uint64_t skipped = 0;
        assert_int_equal(read_samples(r, &skipped, NULL), stats.last_seq);
        assert_int_equal(skipped, 0);
        reported = stats.last_seq;
        journal_reader_close(r);
        journal_close(j);
    }
    print_message("# %d kills, %llu frames, %llu torn bytes\n", ROUNDS, (unsigned long long)reported,
                  (unsigned long long)torn);
    assert_true(folder_count(*state, ".ctj") > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_second_process_is_told_who_has_it, begin, end),
        cmocka_unit_test_setup_teardown(what_was_reported_is_there_after_kill_9, begin, end),
    };
    return cmocka_run_group_tests_name("journal/crash", tests, NULL, NULL);
}
