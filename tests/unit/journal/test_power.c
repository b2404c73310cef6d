/*
 * Power cuts: what docs/journal.md, "Durability", promises for each fsync policy, on a device that keeps only
 * what it was made to keep, or that and some of the rest.
 */
#include "folders.h"
#include "lossy_disk.h"

#include "cursor.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define SEQ_MAX 20000u
#define STEPS   120u
#define ROUNDS  5u
#define SEEDS   8u

struct world {
    char *folder;
    struct journal_config config;
    struct journal *j;
    struct cursor cursor;
    bool appended[SEQ_MAX];
    bool promised[SEQ_MAX]; /* whatever happens, it is there */
    uint64_t last;          /* number given out */
    uint64_t retired;       /* up to here the promise has ended */
    uint64_t saved, synced; /* the cursor's position */
    uint64_t kept, lost;    /* sums, for the message */
};

static void on_retire(void *ctx, struct journal *j, uint64_t first, uint64_t last)
{
    (void)j;
    (void)first;
    struct world *w = ctx;
    if (last > w->retired)
        w->retired = last;
}

static int begin(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->folder = folder_new();
    journal_config_init(&w->config);
    w->config.dir = w->folder;
    w->config.max_age_ns = 0;
    w->config.segment_bytes = 3000;
    w->config.on_retire = on_retire;
    w->config.ctx = w;
    lossy_begin(w->folder);
    *state = w;
    return 0;
}

static int end(void **state)
{
    struct world *w = *state;
    lossy_end();
    folder_drop(w->folder);
    free(w);
    return 0;
}

static void reset(struct world *w)
{
    lossy_end();
    folder_drop(w->folder);
    char *folder = folder_new();
    struct journal_config config = w->config;
    config.dir = folder;
    *w = (struct world){.folder = folder, .config = config, .kept = w->kept, .lost = w->lost};
    lossy_begin(folder);
}

static void start(struct world *w)
{
    w->j = open_journal(&w->config);
    assert_int_equal(cursor_open(&w->cursor, w->folder, "upstream", NULL), CT_OK);
}

static void cut(struct world *w, enum lossy_keeps keeps, unsigned seed)
{
    lossy_cut();
    journal_close(w->j);
    cursor_finish(&w->cursor);
    lossy_restart(keeps, seed);
}

static enum ct_err append(struct world *w, size_t body_len)
{
    struct frame f;
    sample_frame(w->last + 1, body_len, &f);
    enum ct_err err = journal_append(w->j, &f, NULL);
    assert_true(err == CT_OK || err == CT_ERR_IO);
    assert_int_equal(f.seq, w->last + 1);
    w->last = f.seq;
    assert_true(w->last < SEQ_MAX);
    w->appended[w->last] = true;
    w->promised[w->last] = err == CT_OK && w->config.fsync == JOURNAL_FSYNC_ALWAYS;
    return err;
}

static void save(struct world *w, uint64_t position)
{
    for (size_t i = 0; i < CURSOR_LANES; i++)
        w->cursor.done[i] = position;
    assert_int_equal(cursor_save(&w->cursor, NULL), CT_OK);
    w->saved = position;
}

static void promise_up_to(struct world *w, uint64_t seq)
{
    for (uint64_t i = 1; i <= seq; i++)
        w->promised[i] = w->appended[i];
}

/* What the application does once a second. between: appended while the pool is at it. */
static void sync_all(struct world *w, unsigned between)
{
    int fds[JOURNAL_SYNC_FDS_MAX + CURSOR_SYNC_FDS_MAX];
    uint64_t upto = w->last, position = w->saved;
    size_t n = journal_sync_take(w->j, fds);
    n += cursor_sync_take(&w->cursor, fds + n);
    while (between--)
        append(w, 100);
    assert_true(journal_sync_fds(fds, n));
    promise_up_to(w, upto);
    w->synced = position;
}

/* Opens after a cut and holds what is there against what was promised. */
static void check(struct world *w)
{
    start(w);
    static bool seen[SEQ_MAX];
    memset(seen, 0, sizeof seen);
    struct journal_reader *r = journal_reader_open(w->j, 0);
    struct frame f;
    uint64_t last = 0;
    enum ct_err err;
    while ((err = journal_reader_next(r, &f, NULL)) != CT_END) {
        if (err == CT_ERR_FORMAT)
            continue;
        assert_int_equal(err, CT_OK);
        assert_true(f.seq > last && f.seq <= w->last);
        assert_true(w->appended[f.seq]);
        assert_sample(&f);
        seen[f.seq] = true;
        last = f.seq;
    }
    journal_reader_close(r);
    for (uint64_t i = 1; i <= w->last; i++) {
        if (w->promised[i] && i > w->retired && !seen[i])
            fail_msg("frame %llu of %llu was promised", (unsigned long long)i, (unsigned long long)w->last);
        w->kept += seen[i];
        w->lost += w->appended[i] && !seen[i] && i > w->retired;
        w->appended[i] = w->promised[i] = seen[i]; /* recovery leaves it on the device */
    }
    uint64_t position = w->cursor.done[0];
    for (size_t i = 1; i < CURSOR_LANES; i++)
        assert_int_equal(w->cursor.done[i], position);
    assert_true(position >= w->synced && position <= w->saved);
    w->synced = w->saved = position;
    /* No number that a reader may have passed is given out again. */
    uint64_t next = journal_stats(w->j).last_seq;
    assert_true(next >= last && next >= position);
    w->last = next;
}

static void random_steps(struct world *w, unsigned *seed)
{
    for (unsigned i = 0; i < STEPS; i++) {
        *seed = *seed * 1103515245u + 12345u;
        unsigned what = (*seed >> 8) % 100, size = (*seed >> 16) % 400;
        if (what < 75)
            append(w, size);
        else if (what < 85)
            save(w, w->saved + (w->last - w->saved) / 2);
        else if (what < 95 && w->config.fsync != JOURNAL_FSYNC_NEVER)
            sync_all(w, what % 3);
    }
}

static void rounds(struct world *w, enum journal_fsync policy, uint64_t max_bytes)
{
    w->config.fsync = policy;
    w->config.max_bytes = max_bytes;
    for (unsigned seed = 1; seed <= SEEDS; seed++) {
        unsigned random = seed * 7919;
        reset(w);
        start(w);
        for (unsigned round = 0; round < ROUNDS; round++) {
            random_steps(w, &random);
            cut(w, random % 3 ? LOSSY_CHANCE : LOSSY_SYNCED, random);
            check(w);
        }
        journal_close(w->j);
        cursor_finish(&w->cursor);
    }
    print_message("# %llu frames read, %llu lost\n", (unsigned long long)w->kept,
                  (unsigned long long)w->lost);
}

static void always_keeps_every_answered_frame(void **state)
{
    struct world *w = *state;
    rounds(w, JOURNAL_FSYNC_ALWAYS, UINT64_C(1) << 30);
    assert_int_equal(w->lost, 0);
}

static void interval_keeps_what_was_there_at_the_last_sync(void **state)
{
    struct world *w = *state;
    rounds(w, JOURNAL_FSYNC_INTERVAL, UINT64_C(1) << 30);
    assert_true(w->lost > 0 && w->kept > w->lost);
}

static void never_keeps_the_journal_sound(void **state)
{
    struct world *w = *state;
    rounds(w, JOURNAL_FSYNC_NEVER, UINT64_C(1) << 30);
    assert_true(w->lost > 0);
}

static void retention_and_cuts(void **state)
{
    struct world *w = *state;
    rounds(w, JOURNAL_FSYNC_ALWAYS, 8000);
    rounds(w, JOURNAL_FSYNC_INTERVAL, 8000);
}

/* Exactly what the table says, on a device that keeps nothing that it need not. */
static void what_is_lost_is_what_the_table_says(void **state)
{
    struct world *w = *state;
    static const enum journal_fsync policies[] = {JOURNAL_FSYNC_NEVER, JOURNAL_FSYNC_INTERVAL,
                                                  JOURNAL_FSYNC_ALWAYS};
    static const uint64_t there[] = {0, 60, 100};
    for (size_t i = 0; i < 3; i++) {
        reset(w);
        w->config.fsync = policies[i];
        start(w);
        for (unsigned n = 1; n <= 100; n++) {
            append(w, 200);
            if (n == 50)
                save(w, 50);
            if (n == 60 && policies[i] != JOURNAL_FSYNC_NEVER)
                sync_all(w, 0);
            if (n == 90)
                save(w, 90);
        }
        cut(w, LOSSY_SYNCED, 0);
        w->kept = 0;
        check(w);
        assert_int_equal(w->kept, there[i]);
        assert_int_equal(w->saved, policies[i] == JOURNAL_FSYNC_NEVER ? 0 : 50);
        assert_int_equal(journal_stats(w->j).damaged_frames, 0);
        assert_int_equal(journal_stats(w->j).corrupt_segments, 0);
        assert_int_equal(journal_stats(w->j).last_seq, there[i]);
        journal_close(w->j);
        cursor_finish(&w->cursor);
    }
}

/* A clean end is an fsync, unless the policy is never. */
static void after_a_clean_end_all_is_there(void **state)
{
    struct world *w = *state;
    w->config.fsync = JOURNAL_FSYNC_INTERVAL;
    start(w);
    for (unsigned n = 0; n < 100; n++)
        append(w, 200);
    journal_close(w->j);
    promise_up_to(w, w->last);
    cursor_finish(&w->cursor);
    lossy_cut();
    lossy_restart(LOSSY_SYNCED, 0);
    check(w);
    assert_int_equal(w->kept, 100);
    journal_close(w->j);
    cursor_finish(&w->cursor);
}

/* The cursor came to the device by itself, the frames that it speaks of did not: new ones get other numbers.
 */
static void a_cursor_that_outlives_its_frames_hides_nothing(void **state)
{
    struct world *w = *state;
    w->config.fsync = JOURNAL_FSYNC_INTERVAL;
    start(w);
    for (unsigned n = 0; n < 40; n++)
        append(w, 200);
    save(w, 30);
    int fds[CURSOR_SYNC_FDS_MAX];
    assert_true(journal_sync_fds(fds, cursor_sync_take(&w->cursor, fds)));
    w->synced = 30;
    cut(w, LOSSY_SYNCED, 0);
    check(w);
    assert_int_equal(w->saved, 30);
    append(w, 10);
    assert_true(w->last > 30);
    journal_close(w->j);
    cursor_finish(&w->cursor);
}

/* With always, an fsync that fails is a disk that refuses: the frame is answered, kept in memory, tried
 * again. */
static void a_failed_fsync_with_always_takes_no_later_frame_with_it(void **state)
{
    struct world *w = *state;
    w->config.fsync = JOURNAL_FSYNC_ALWAYS;
    for (unsigned passed = 0; passed < 30; passed++) {
        reset(w);
        start(w);
        lossy_fail_syncs(passed, 1 + passed % 3);
        unsigned failed = 0;
        for (unsigned n = 0; n < 30; n++) {
            enum ct_err err = append(w, 400);
            failed += err == CT_ERR_IO;
            if (!err) {
                assert_int_equal(journal_stats(w->j).unsaved_frames, 0);
                promise_up_to(w, w->last); /* those that were refused came to the device before it */
            }
        }
        assert_true(failed > 0);
        assert_int_equal(journal_stats(w->j).unsaved_frames, 0);
        struct journal_reader *r = journal_reader_open(w->j, 0);
        uint64_t skipped = 0;
        assert_int_equal(read_samples(r, &skipped, NULL), 30);
        assert_int_equal(skipped, 0);
        journal_reader_close(r);
        cut(w, passed % 2 ? LOSSY_SYNCED : LOSSY_CHANCE, passed);
        check(w);
        journal_close(w->j);
        cursor_finish(&w->cursor);
    }
    assert_int_equal(w->lost, 0);
}

/* With interval, what the failed fsync was for may be lost; what a later one was for is not. */
static void a_failed_fsync_with_interval_ends_the_segment(void **state)
{
    struct world *w = *state;
    w->config.fsync = JOURNAL_FSYNC_INTERVAL;
    start(w);
    for (unsigned n = 0; n < 5; n++)
        append(w, 100);
    int fds[JOURNAL_SYNC_FDS_MAX];
    lossy_fail_syncs(0, 1); /* the segment's: its header never gets there */
    assert_false(journal_sync_fds(fds, journal_sync_take(w->j, fds)));
    journal_sync_failed(w->j);
    assert_int_equal(journal_stats(w->j).io_errors, 1);
    for (unsigned n = 0; n < 5; n++)
        append(w, 100);
    sync_all(w, 0);
    for (uint64_t i = 1; i <= 5; i++)
        w->promised[i] = false;
    cut(w, LOSSY_SYNCED, 0);
    check(w);
    assert_int_equal(w->lost, 5);
    journal_close(w->j);
    cursor_finish(&w->cursor);
}

/* Writes that fail in the middle, under always: what was answered with CT_OK is there, in order, once. */
static void refused_writes_and_cuts(void **state)
{
    static const int errors[] = {ENOSPC, EIO, EDQUOT};
    struct world *w = *state;
    w->config.fsync = JOURNAL_FSYNC_ALWAYS;
    for (unsigned passed = 0; passed < 40; passed++) {
        reset(w);
        start(w);
        lossy_fail_writes(passed, 1 + passed % 7, errors[passed % 3]);
        for (unsigned n = 0; n < 45; n++)
            if (append(w, 300) == CT_OK)
                promise_up_to(w, w->last);
        cut(w, LOSSY_CHANCE, passed);
        check(w);
        journal_close(w->j);
        cursor_finish(&w->cursor);
    }
}

#define CUT(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CUT(always_keeps_every_answered_frame),
        CUT(interval_keeps_what_was_there_at_the_last_sync),
        CUT(never_keeps_the_journal_sound),
        CUT(retention_and_cuts),
        CUT(what_is_lost_is_what_the_table_says),
        CUT(after_a_clean_end_all_is_there),
        CUT(a_cursor_that_outlives_its_frames_hides_nothing),
        CUT(a_failed_fsync_with_always_takes_no_later_frame_with_it),
        CUT(a_failed_fsync_with_interval_ends_the_segment),
        CUT(refused_writes_and_cuts),
    };
    return cmocka_run_group_tests_name("journal/power", tests, NULL, NULL);
}
