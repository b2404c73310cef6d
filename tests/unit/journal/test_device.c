/* A device that cannot give some of its blocks (EIO): for a moment, or for good. */
#include "folders.h"
#include "lossy_disk.h"

#include "segment.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define FRAMES 40u

static int begin(void **state)
{
    setup_begin(state);
    struct setup *s = *state;
    lossy_begin(s->folder);
    return 0;
}

static int end(void **state)
{
    lossy_end();
    return setup_end(state);
}

/* 1000 bytes and a little each, in segments of 15: 1, 16, 31. */
static void fill(struct setup *s)
{
    s->config.segment_bytes = 17000;
    write_frames(s, 1, FRAMES, 1000);
    assert_int_equal(folder_count(s->folder, ".ctj"), 3);
}

/* Reads to the end as the tees do: CT_ERR_IO is tried again. Returns the frames; *failures the tries. */
static size_t read_on(struct journal *j, uint64_t *skipped, unsigned *failures)
{
    struct journal_reader *r = journal_reader_open(j, 0);
    struct frame f;
    size_t n = 0;
    uint64_t gone;
    enum ct_err err;
    *skipped = 0;
    *failures = 0;
    while ((err = journal_reader_next(r, &f, &gone)) != CT_END) {
        *skipped += gone;
        if (err == CT_ERR_IO) {
            assert_true(++*failures < 50);
        } else if (err == CT_OK) {
            assert_sample(&f);
            n++;
        } else {
            assert_int_equal(err, CT_ERR_FORMAT);
        }
    }
    *skipped += gone;
    journal_reader_close(r);
    return n;
}

static void a_moment_loses_nothing(void **state)
{
    struct setup *s = *state;
    fill(s);
    struct journal *j = open_journal(&s->config);
    for (unsigned times = 1; times < SEGMENT_IO_TRIES; times++) {
        uint64_t skipped;
        unsigned failures;
        lossy_bad_block("00000000000000000001.ctj", 4096, 8192, times);
        assert_int_equal(read_on(j, &skipped, &failures), FRAMES);
        assert_int_equal(skipped, 0);
        lossy_bad_block("", 0, 0, 0);
    }
    assert_int_equal(journal_stats(j).damaged_frames, 0);
    journal_close(j);
}

static void a_bad_block_costs_the_frames_in_it(void **state)
{
    struct setup *s = *state;
    fill(s);
    struct journal *j = open_journal(&s->config);
    lossy_bad_block("00000000000000000001.ctj", 4096, 8192, UINT32_MAX);
    uint64_t skipped;
    unsigned failures;
    size_t n = read_on(j, &skipped, &failures);
    assert_true(failures > 0); /* it was tried again first */
    assert_int_equal(n + skipped, FRAMES);
    assert_true(skipped >= 4 && skipped <= 5); /* 4096 bytes, of about 1080 each */
    assert_true(journal_stats(j).damaged_frames > 0);
    append_sample(j, FRAMES + 1, 10);
    journal_close(j);
}

/* Nothing of it can be read: the others can. */
static void a_header_that_cannot_be_read_costs_its_segment(void **state)
{
    struct setup *s = *state;
    fill(s);
    struct journal *j = open_journal(&s->config);
    lossy_bad_block("00000000000000000016.ctj", 0, 512, UINT32_MAX);
    uint64_t skipped;
    unsigned failures;
    assert_int_equal(read_on(j, &skipped, &failures), FRAMES - 15);
    assert_int_equal(skipped, 15);
    assert_true(failures > 0 && failures < 2 * SEGMENT_IO_TRIES);
    journal_close(j);
}

/* Opening does not cut what it cannot read, nor add to it: when the device gives it again, it is there. */
static void opening_leaves_alone_what_it_cannot_read(void **state)
{
    struct setup *s = *state;
    fill(s);
    char *path = path_join(s->folder, "00000000000000000031.ctj");
    uint64_t size = file_size(path);
    assert_true(size > 4096);
    lossy_bad_block("00000000000000000031.ctj", 4096, UINT64_MAX, UINT32_MAX);
    struct journal *j = open_journal(&s->config);
    assert_int_equal(journal_stats(j).torn_bytes, 0);
    assert_int_equal(journal_stats(j).corrupt_segments, 0);
    assert_int_equal(file_size(path), size);
    append_sample(j, journal_stats(j).last_seq + 1, 10);
    assert_int_equal(file_size(path), size);
    assert_int_equal(folder_count(s->folder, ".ctj"), 4);
    uint64_t skipped;
    unsigned failures;
    assert_true(read_on(j, &skipped, &failures) >=
                33 + 1); /* what lies before the bad block, and the new one */
    journal_close(j);
    free(path);
}

static void opening_tries_again(void **state)
{
    struct setup *s = *state;
    fill(s);
    lossy_bad_block("00000000000000000031.ctj", 4096, 8192, SEGMENT_IO_TRIES - 1);
    struct journal *j = open_journal(&s->config);
    assert_int_equal(journal_stats(j).last_seq, FRAMES);
    append_sample(j, FRAMES + 1, 10);
    assert_int_equal(folder_count(s->folder, ".ctj"), 3);
    journal_close(j);
}

#define ON_DEVICE(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_DEVICE(a_moment_loses_nothing),
        ON_DEVICE(a_bad_block_costs_the_frames_in_it),
        ON_DEVICE(a_header_that_cannot_be_read_costs_its_segment),
        ON_DEVICE(opening_leaves_alone_what_it_cannot_read),
        ON_DEVICE(opening_tries_again),
    };
    return cmocka_run_group_tests_name("journal/device", tests, NULL, NULL);
}
