/* What is the same on disk and in memory: every test here runs in both modes. */
#include "journals.h"

#include <stdlib.h>

/* A sample with a body of this length is this long in a segment, for two-digit numbers. */
#define BODY 1000u

struct setup {
    char *folder; /* NULL: memory */
    struct journal_config config;
    struct journal *journal;
    /* from on_retire */
    uint64_t retired_next; /* the number that the next call should start with */
    uint64_t retired;
    struct journal_reader *behind; /* reads what is about to go */
};

static void on_retire(void *ctx, struct journal *j, uint64_t first, uint64_t last)
{
    struct setup *s = ctx;
    assert_int_equal(first, s->retired_next);
    assert_true(last >= first);
    s->retired_next = last + 1;
    s->retired += last - first + 1;

    /* Every one of them can still be read, by a new reader and by one that was there. */
    struct journal_reader *r = journal_reader_open(j, first);
    struct frame f;
    for (uint64_t seq = first; seq <= last; seq++) {
        uint64_t skipped;
        assert_int_equal(journal_reader_next(r, &f, &skipped), CT_OK);
        assert_int_equal(f.seq, seq);
        assert_int_equal(skipped, 0);
        assert_sample(&f);
        if (s->behind) {
            assert_int_equal(journal_reader_next(s->behind, &f, &skipped), CT_OK);
            assert_int_equal(f.seq, seq);
        }
    }
    journal_reader_close(r);

    sample_frame(99, 10, &f);
    assert_int_equal(journal_append(j, &f, NULL), CT_ERR_BUSY);
    assert_int_equal(f.seq, 0);
}

static struct setup *begin(bool disk)
{
    struct setup *s = calloc(1, sizeof *s);
    assert_non_null(s);
    journal_config_init(&s->config);
    s->folder = disk ? folder_new() : NULL;
    s->config.dir = s->folder;
    s->config.fsync = JOURNAL_FSYNC_NEVER;
    s->config.segment_bytes = 11 * BODY;
    s->config.max_age_ns = 0;
    s->config.on_retire = on_retire;
    s->config.ctx = s;
    s->retired_next = 1;
    return s;
}

static int on_disk(void **state)
{
    *state = begin(true);
    return 0;
}

static int in_memory(void **state)
{
    *state = begin(false);
    return 0;
}

static int end(void **state)
{
    struct setup *s = *state;
    journal_close(s->journal);
    if (s->folder)
        folder_drop(s->folder);
    free(s);
    return 0;
}

static void open_it(struct setup *s)
{
    s->journal = open_journal(&s->config);
}

static void append_up_to(struct setup *s, uint64_t last)
{
    for (uint64_t seq = journal_stats(s->journal).last_seq + 1; seq <= last; seq++)
        append_sample(s->journal, seq, BODY);
}

static void an_empty_journal_has_nothing(void **state)
{
    struct setup *s = *state;
    open_it(s);
    struct journal_stats stats = journal_stats(s->journal);
    assert_int_equal(stats.first_seq, 0);
    assert_int_equal(stats.last_seq, 0);
    assert_int_equal(stats.segments, 0);
    struct journal_reader *r = journal_reader_open(s->journal, 0);
    struct frame f;
    uint64_t skipped = 7;
    assert_int_equal(journal_reader_position(r), 1);
    assert_int_equal(journal_reader_next(r, &f, &skipped), CT_END);
    assert_int_equal(skipped, 0);
    append_sample(s->journal, 1, 0); /* what has no body is a frame, too */
    assert_int_equal(read_samples(r, NULL, NULL), 1);
    assert_int_equal(journal_reader_position(r), 2);
    assert_int_equal(journal_reader_next(r, &f, NULL), CT_END);
    journal_reader_close(r);
    journal_reader_close(NULL);
}

static void readers_follow_across_segments(void **state)
{
    struct setup *s = *state;
    open_it(s);
    struct journal_reader *live = journal_reader_open(s->journal, 0);
    for (uint64_t seq = 1; seq <= 60; seq++) {
        append_sample(s->journal, seq, BODY);
        if (seq % 7 == 0)
            assert_int_equal(read_samples(live, NULL, NULL), 7);
    }
    assert_true(journal_stats(s->journal).segments > 5);
    assert_int_equal(journal_stats(s->journal).first_seq, 1);
    assert_int_equal(journal_stats(s->journal).last_seq, 60);
    assert_int_equal(read_samples(live, NULL, NULL), 60 % 7);
    journal_reader_close(live);

    /* From any number on, and from one that is yet to come. */
    for (uint64_t from = 0; from <= 62; from++) {
        struct journal_reader *r = journal_reader_open(s->journal, from);
        uint64_t skipped = 0;
        assert_int_equal(read_samples(r, &skipped, NULL), from == 0 ? 60 : from > 60 ? 0 : 61 - from);
        assert_int_equal(skipped, 0);
        journal_reader_close(r);
    }
}

static void a_reader_ahead_waits_for_its_number(void **state)
{
    struct setup *s = *state;
    open_it(s);
    append_up_to(s, 3);
    struct journal_reader *r = journal_reader_open(s->journal, 6);
    struct frame f;
    assert_int_equal(journal_reader_next(r, &f, NULL), CT_END);
    append_up_to(s, 5);
    assert_int_equal(journal_reader_next(r, &f, NULL), CT_END);
    append_up_to(s, 6);
    assert_int_equal(journal_reader_next(r, &f, NULL), CT_OK);
    assert_int_equal(f.seq, 6);
    journal_reader_close(r);
}

static void sizes_of_all_kinds(void **state)
{
    struct setup *s = *state;
    s->config.segment_bytes = 300 * 1024;
    open_it(s);
    /* Around the read-ahead, and one that is larger than a segment. */
    const size_t sizes[] = {0, 1, 255, 256 * 1024 - 150, 256 * 1024, 3, 2 * 1024 * 1024, 10, 256 * 1024 + 1,
                            0};
    const size_t count = sizeof sizes / sizeof sizes[0];
    for (size_t i = 0; i < count; i++)
        append_sample(s->journal, i + 1, sizes[i]);
    struct journal_reader *r = journal_reader_open(s->journal, 0);
    struct frame f;
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(journal_reader_next(r, &f, NULL), CT_OK);
        assert_int_equal(f.seq, i + 1);
        assert_int_equal(f.body.len, sizes[i]);
        assert_sample(&f);
    }
    assert_int_equal(journal_reader_next(r, &f, NULL), CT_END);
    journal_reader_close(r);
}

static void size_takes_the_oldest_segments(void **state)
{
    struct setup *s = *state;
    s->config.max_bytes = 50 * BODY;
    open_it(s);
    struct journal_reader *r = journal_reader_open(s->journal, 0);
    struct frame f;
    for (uint64_t seq = 1; seq <= 200; seq++) {
        append_sample(s->journal, seq, BODY);
        struct journal_stats stats = journal_stats(s->journal);
        assert_true(stats.bytes <= s->config.max_bytes);
        assert_int_equal(stats.retired_frames, s->retired);
        assert_int_equal(stats.retired_frames, stats.first_seq - 1);
    }
    assert_true(s->retired > 140);
    /* The reader was at 1: it goes on at the oldest, and knows how many it missed. */
    uint64_t skipped = 0;
    assert_int_equal(journal_reader_next(r, &f, &skipped), CT_OK);
    assert_int_equal(skipped, s->retired);
    assert_int_equal(f.seq, s->retired + 1);
    assert_int_equal(skipped + 1 + read_samples(r, NULL, NULL), 200);
    journal_reader_close(r);
}

static void a_reader_can_save_what_goes(void **state)
{
    struct setup *s = *state;
    s->config.max_bytes = 50 * BODY;
    open_it(s);
    s->behind = journal_reader_open(s->journal, 0);
    append_up_to(s, 200);
    uint64_t skipped = 0;
    assert_int_equal(s->retired + read_samples(s->behind, &skipped, NULL), 200);
    assert_int_equal(skipped, 0);
    journal_reader_close(s->behind);
    s->behind = NULL;
}

static void a_frame_in_hand_outlives_retention(void **state)
{
    struct setup *s = *state;
    s->config.max_bytes = 50 * BODY;
    open_it(s);
    append_up_to(s, 2);
    struct journal_reader *r = journal_reader_open(s->journal, 2);
    struct frame f;
    assert_int_equal(journal_reader_next(r, &f, NULL), CT_OK);
    append_up_to(s, 200);
    assert_true(s->retired > 2);
    assert_int_equal(f.seq, 2);
    assert_sample(&f);
    journal_reader_close(r);
}

static void age_takes_segments_by_their_newest_frame(void **state)
{
    struct setup *s = *state;
    s->config.max_age_ns = 100 * SAMPLE_STEP_NS;
    open_it(s);
    append_up_to(s, 60);
    uint64_t segments = journal_stats(s->journal).segments;
    struct journal_reader *r = journal_reader_open(s->journal, 0);
    struct frame f;
    assert_int_equal(journal_reader_next(r, &f, NULL), CT_OK);

    /* All of it came now, at uptime 0. It stays while the newest frame of a segment is young enough. */
    assert_int_equal(journal_retain(s->journal, SAMPLE_WALL_NS, 0), 100 * SAMPLE_STEP_NS + 1);
    assert_int_equal(journal_retain(s->journal, SAMPLE_WALL_NS, 100 * SAMPLE_STEP_NS), 1);
    assert_int_equal(s->retired, 0);
    append_up_to(s, 61);
    journal_retain(s->journal, SAMPLE_WALL_NS, 100 * SAMPLE_STEP_NS);
    assert_int_equal(journal_retain(s->journal, SAMPLE_WALL_NS, 100 * SAMPLE_STEP_NS + 1), 0);
    assert_true(s->retired > 0);
    assert_true(segments > 2);
    assert_int_equal(journal_stats(s->journal).segments, 1);

    uint64_t skipped;
    uint64_t retired = s->retired;
    assert_int_equal(journal_reader_next(r, &f, &skipped), CT_OK);
    assert_int_equal(f.seq, retired + 1);
    assert_int_equal(skipped, retired - 1); /* frame 1 was read before */

    /* The newest segment never goes. */
    assert_int_equal(journal_retain(s->journal, SAMPLE_WALL_NS, 1000000 * SAMPLE_STEP_NS), 0);
    assert_int_equal(journal_stats(s->journal).segments, 1);
    assert_true(journal_stats(s->journal).first_seq > 50);
    journal_reader_close(r);
}

static void what_is_refused_takes_no_number(void **state)
{
    struct setup *s = *state;
    open_it(s);
    append_up_to(s, 1);
    struct frame f;
    struct ct_errmsg msg = {""};
    static struct frame_header headers[FRAME_HEADERS_MAX + 1];
    sample_frame(2, 10, &f);
    f.headers = headers;
    f.header_count = FRAME_HEADERS_MAX + 1;
    assert_int_equal(journal_append(s->journal, &f, &msg), CT_ERR_LIMIT);
    assert_int_equal(f.seq, 0);
    assert_true(strlen(msg.text) > 0);

    char *large = calloc(1, FRAME_BYTES_MAX);
    assert_non_null(large);
    sample_frame(2, 10, &f);
    f.body = slice_make(large, FRAME_BYTES_MAX);
    assert_int_equal(journal_append(s->journal, &f, &msg), CT_ERR_LIMIT);
    free(large);
    append_up_to(s, 2);
    struct journal_reader *r = journal_reader_open(s->journal, 0);
    assert_int_equal(read_samples(r, NULL, NULL), 2);
    journal_reader_close(r);
}

static void many_readers_at_once(void **state)
{
    struct setup *s = *state;
    s->config.max_bytes = 50 * BODY;
    open_it(s);
    enum { READERS = 40 };
    struct journal_reader *readers[READERS];
    uint64_t seen[READERS] = {0};
    uint64_t skipped[READERS] = {0};
    for (size_t i = 0; i < READERS; i++)
        readers[i] = journal_reader_open(s->journal, 1);
    for (uint64_t seq = 1; seq <= 300; seq++) {
        append_sample(s->journal, seq, BODY);
        size_t i = (size_t)(seq * 7 % READERS); /* each at its own pace */
        seen[i] += read_samples(readers[i], &skipped[i], NULL);
    }
    uint64_t missed = 0;
    for (size_t i = 0; i < READERS; i++) {
        seen[i] += read_samples(readers[i], &skipped[i], NULL);
        assert_int_equal(seen[i] + skipped[i], 300);
        missed += skipped[i];
        journal_reader_close(readers[i]);
    }
    assert_true(missed > 0);
}

static void sync_is_harmless(void **state)
{
    struct setup *s = *state;
    open_it(s);
    int fds[JOURNAL_SYNC_FDS_MAX];
    assert_int_equal(journal_sync(s->journal, NULL), CT_OK);
    assert_int_equal(journal_sync_take(s->journal, fds), 0);
    append_up_to(s, 20);
    assert_int_equal(journal_sync(s->journal, NULL), CT_OK);
    assert_int_equal(journal_sync_take(s->journal, fds), 0);
    assert_int_equal(journal_stats(s->journal).io_errors, 0);
}

#define BOTH(f)                                                                                              \
    cmocka_unit_test_setup_teardown(f, on_disk, end),                                                        \
    {                                                                                                        \
#f "_in_memory", f, in_memory, end, NULL                                                             \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(an_empty_journal_has_nothing),
        BOTH(readers_follow_across_segments),
        BOTH(a_reader_ahead_waits_for_its_number),
        BOTH(sizes_of_all_kinds),
        BOTH(size_takes_the_oldest_segments),
        BOTH(a_reader_can_save_what_goes),
        BOTH(a_frame_in_hand_outlives_retention),
        BOTH(age_takes_segments_by_their_newest_frame),
        BOTH(what_is_refused_takes_no_number),
        BOTH(many_readers_at_once),
        BOTH(sync_is_harmless),
    };
    return cmocka_run_group_tests_name("journal/journal", tests, NULL, NULL);
}
