#include "journals.h"

#include "segment.h"

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

static void record(const char *path, size_t count, size_t body_len)
{
    struct recording *r;
    struct ct_errmsg msg = {""};
    if (recording_create(path, &r, &msg))
        fail_msg("%s", msg.text);
    for (size_t i = 1; i <= count; i++) {
        struct frame f;
        sample_frame(i, body_len, &f);
        assert_int_equal(recording_append(r, &f, &msg), CT_OK);
    }
    recording_close(r);
}

static struct recording *open_recording(const char *path)
{
    struct recording *r;
    struct ct_errmsg msg = {""};
    if (recording_open(path, &r, &msg))
        fail_msg("%s", msg.text);
    return r;
}

static void what_was_recorded_is_replayed(void **state)
{
    char *path = path_join(*state, "session.ctj");
    const mode_t umask_before = umask(0);
    record(path, 50, 700);
    umask(umask_before);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    struct recording *r = open_recording(path);
    struct frame f;
    for (uint64_t seq = 1; seq <= 50; seq++) {
        assert_int_equal(recording_next(r, &f), CT_OK);
        assert_int_equal(f.seq, seq);
        assert_int_equal(f.body.len, 700);
        assert_sample(&f);
    }
    assert_int_equal(recording_next(r, &f), CT_END);
    assert_int_equal(recording_next(r, &f), CT_END);
    struct ct_errmsg msg = {""};
    assert_int_equal(recording_append(r, &f, &msg), CT_ERR_USAGE);
    recording_close(r);
    recording_close(NULL);
    free(path);
}

static void numbers_of_a_journal_are_kept(void **state)
{
    char *path = path_join(*state, "a");
    struct recording *r;
    struct frame f;
    assert_int_equal(recording_create(path, &r, NULL), CT_OK);
    const uint64_t seqs[] = {70, 75, 0, 3};
    for (size_t i = 0; i < 4; i++) {
        sample_frame(seqs[i] ? seqs[i] : 76, 5, &f);
        f.seq = seqs[i];
        assert_int_equal(recording_append(r, &f, NULL), CT_OK);
    }
    assert_int_equal(recording_next(r, &f), CT_ERR_USAGE);
    recording_close(r);
    r = open_recording(path);
    const uint64_t expected[] = {70, 75, 76, 3};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(recording_next(r, &f), CT_OK);
        assert_int_equal(f.seq, expected[i]);
        assert_sample(&f);
    }
    recording_close(r);
    free(path);
}

static void a_copied_segment_is_a_recording(void **state)
{
    char *folder = path_join(*state, "journal");
    struct journal_config config;
    journal_config_init(&config);
    config.dir = folder;
    config.segment_bytes = 2000;
    struct journal *j = open_journal(&config);
    for (uint64_t seq = 1; seq <= 20; seq++)
        append_sample(j, seq, 500);
    char *segment = path_join(folder, "00000000000000000004.ctj");
    char *copy = path_join(*state, "copy");
    char *bytes;
    size_t len = file_read(segment, &bytes);
    file_write(copy, bytes, len);
    free(bytes);
    struct recording *r = open_recording(copy);
    struct frame f;
    for (uint64_t seq = 4; seq <= 6; seq++) {
        assert_int_equal(recording_next(r, &f), CT_OK);
        assert_int_equal(f.seq, seq);
        assert_sample(&f);
    }
    assert_int_equal(recording_next(r, &f), CT_END);
    recording_close(r);
    journal_close(j);
    free(copy);
    free(segment);
    free(folder);
}

/* Where each frame of a sound recording begins, by the lengths in it; the end comes last. */
static size_t frame_starts(const char *bytes, size_t len, size_t *starts)
{
    size_t n = 0;
    for (size_t at = SEGMENT_HEADER_BYTES; at < len; n++) {
        starts[n] = at;
        at += SEGMENT_ENVELOPE_BYTES + (unsigned char)bytes[at] + ((size_t)(unsigned char)bytes[at + 1] << 8);
        starts[n + 1] = at;
    }
    return n;
}

static void a_torn_tail_is_the_end(void **state)
{
    char *path = path_join(*state, "whole");
    char *cut = path_join(*state, "cut");
    record(path, 3, 30);
    char *bytes;
    size_t len = file_read(path, &bytes);
    size_t starts[4];
    assert_int_equal(frame_starts(bytes, len, starts), 3);
    for (size_t n = SEGMENT_HEADER_BYTES; n < len; n++) {
        file_write(cut, bytes, n);
        struct recording *r = open_recording(cut);
        struct frame f;
        for (size_t i = 0; starts[i + 1] <= n; i++) {
            assert_int_equal(recording_next(r, &f), CT_OK);
            assert_sample(&f);
        }
        assert_int_equal(recording_next(r, &f), CT_END);
        recording_close(r);
    }
    free(bytes);
    free(cut);
    free(path);
}

static void damage_inside_is_passed_over(void **state)
{
    char *path = path_join(*state, "whole");
    char *hurt = path_join(*state, "hurt");
    record(path, 3, 30);
    char *bytes;
    size_t len = file_read(path, &bytes);
    size_t starts[4];
    assert_int_equal(frame_starts(bytes, len, starts), 3);
    for (size_t at = starts[1]; at < starts[2]; at++) {
        bytes[at] ^= 0x40;
        file_write(hurt, bytes, len);
        struct recording *r = open_recording(hurt);
        struct frame f;
        assert_int_equal(recording_next(r, &f), CT_OK);
        assert_int_equal(recording_next(r, &f), CT_ERR_FORMAT);
        assert_int_equal(recording_next(r, &f), CT_OK);
        assert_int_equal(f.seq, 3);
        assert_sample(&f);
        assert_int_equal(recording_next(r, &f), CT_END);
        recording_close(r);
        bytes[at] ^= 0x40;
    }
    free(bytes);
    free(hurt);
    free(path);
}

static void refused(const char *path, enum ct_err expected, const char *words)
{
    struct recording *r;
    struct ct_errmsg msg = {""};
    assert_int_equal(recording_open(path, &r, &msg), expected);
    assert_null(r);
    if (!strstr(msg.text, words) || !strstr(msg.text, path))
        fail_msg("\"%s\" does not say \"%s\"", msg.text, words);
}

static void other_files_are_refused_with_words(void **state)
{
    char *path = path_join(*state, "other");
    refused(path, CT_ERR_NOT_FOUND, "No such file");
    refused(*state, CT_ERR_FORMAT, "is not a file");
    file_write(path, "", 0);
    refused(path, CT_ERR_FORMAT, "is not a claude-top recording");
    file_write(path, "{\"resourceLogs\":[]}       ", 26);
    refused(path, CT_ERR_FORMAT, "is not a claude-top recording");

    /* A header of version 2, with its right checksum. */
    static const char later[] = "\x89"
                                "CTJ\r\n\x1a\n\x02\x00\x00\x00\x78\x56\x34\x12\x16\x97\x60\x1a";
    file_write(path, later, SEGMENT_HEADER_BYTES);
    refused(path, CT_ERR_UNSUPPORTED, "later version");

    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    refused(path, CT_ERR_FORMAT, "is not a file");
    free(path);
}

static void nothing_is_overwritten(void **state)
{
    char *path = path_join(*state, "precious");
    file_write(path, "precious", 8);
    struct recording *r;
    struct ct_errmsg msg = {""};
    assert_int_equal(recording_create(path, &r, &msg), CT_ERR_IO);
    assert_null(r);
    assert_non_null(strstr(msg.text, "exists already"));
    char *bytes;
    assert_int_equal(file_read(path, &bytes), 8);
    assert_memory_equal(bytes, "precious", 8);
    free(bytes);
    free(path);
}

#define IN_FOLDER(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(what_was_recorded_is_replayed),   IN_FOLDER(numbers_of_a_journal_are_kept),
        IN_FOLDER(a_copied_segment_is_a_recording), IN_FOLDER(a_torn_tail_is_the_end),
        IN_FOLDER(damage_inside_is_passed_over),    IN_FOLDER(other_files_are_refused_with_words),
        IN_FOLDER(nothing_is_overwritten),
    };
    return cmocka_run_group_tests_name("journal/recording", tests, NULL, NULL);
}
