/* Torn tails, flipped bits and damaged headers in a folder: what opening repairs and what reading passes
 * over. */
#include "folders.h"

#include "segment.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(a_tail_torn_at_any_byte_is_cut), IN_FOLDER(flips_in_the_newest_segment),
        IN_FOLDER(flips_in_an_old_segment),        IN_FOLDER(damage_is_counted_and_skipped),
        IN_FOLDER(corrupt_segments_are_set_aside), IN_FOLDER(a_file_cut_by_others_is_damage),
    };
    return cmocka_run_group_tests_name("journal/damage", tests, NULL, NULL);
}
