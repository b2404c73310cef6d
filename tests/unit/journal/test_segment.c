/* The bytes of a segment, and what the scanner makes of them when they are damaged. */
#include "journals.h"

#include "segment.h"

#include <stdio.h>
#include <stdlib.h>

#define SALT 0x5a17c0deu

static void add(struct buf *b, uint32_t salt, const struct frame *f)
{
    assert_int_equal(buf_append(b, slice_make("12345678", SEGMENT_ENVELOPE_BYTES)), CT_OK);
    size_t at = b->len;
    assert_int_equal(frame_encode(f, b), CT_OK);
    segment_seal(b->data + at, b->len - at, salt);
}

static void begin(struct buf *b, uint32_t salt)
{
    buf_init(b, FRAME_BYTES_MAX * 4u);
    assert_int_equal(buf_reserve(b, SEGMENT_HEADER_BYTES), CT_OK);
    segment_header_write(b->data, salt);
    b->len = SEGMENT_HEADER_BYTES;
}

/* count samples; starts[i] is where number i + 1 begins, starts[count] the end. */
static void fill(struct buf *b, size_t count, size_t body_len, size_t *starts)
{
    begin(b, SALT);
    for (size_t i = 0; i < count; i++) {
        struct frame f;
        sample_frame(i + 1, body_len, &f);
        f.seq = i + 1;
        starts[i] = b->len;
        add(b, SALT, &f);
    }
    starts[count] = b->len;
}

struct found {
    uint64_t seqs[64];
    size_t count;
    size_t damaged;
    enum segment_damage damage; /* of the last damage */
    uint64_t damaged_at;
};

static struct found scan_with(struct segment_scanner *s)
{
    struct found found = {0};
    struct frame f;
    struct frame_header headers[FRAME_HEADERS_MAX];
    enum ct_err err;
    while ((err = segment_next(s, &f, headers)) != CT_END) {
        if (err == CT_ERR_FORMAT) {
            found.damaged++;
            found.damage = s->damage;
            found.damaged_at = s->damaged_at;
            continue;
        }
        assert_int_equal(err, CT_OK);
        assert_sample(&f);
        assert_true(found.count < 64);
        found.seqs[found.count++] = f.seq;
    }
    return found;
}

/* Scans an own copy of exactly those bytes, so that the sanitizer sees a read behind them. */
static struct found scan(struct slice bytes)
{
    char *copy = malloc(bytes.len + 1);
    assert_non_null(copy);
    memcpy(copy + 1, bytes.ptr, bytes.len);
    struct segment_scanner s;
    segment_scanner_init_memory(&s, slice_make(copy + 1, bytes.len), SALT);
    struct found found = scan_with(&s);
    segment_scanner_finish(&s);
    free(copy);
    return found;
}

static void header_is_checked(void **state)
{
    (void)state;
    char header[SEGMENT_HEADER_BYTES];
    uint32_t salt = 0;
    segment_header_write(header, SALT);
    assert_int_equal(segment_header_read(slice_make(header, sizeof header), &salt), CT_OK);
    assert_int_equal(salt, SALT);
    for (size_t len = 0; len < sizeof header; len++)
        assert_int_equal(segment_header_read(slice_make(header, len), &salt), CT_ERR_FORMAT);
    for (size_t bit = 0; bit < 8 * sizeof header; bit++) {
        header[bit / 8] ^= (char)(1 << bit % 8);
        assert_int_equal(segment_header_read(slice_make(header, sizeof header), &salt), CT_ERR_FORMAT);
        header[bit / 8] ^= (char)(1 << bit % 8);
    }
}

/* The example in docs/journal.md: hex digits up to '#' on each line of the block that starts with ```hex. */
static size_t read_example(char *out, size_t cap)
{
    const char *root = getenv("CT_SOURCE_ROOT");
    assert_non_null(root);
    char *path = path_join(root, "docs/journal.md");
    char *text;
    size_t len = file_read(path, &text);
    free(path);
    struct slice rest = slice_make(text, len);
    size_t at = slice_find_slice(rest, SLICE_LIT("```hex\n"));
    assert_true(at < rest.len);
    rest = slice_sub(rest, at + 7, rest.len);
    rest = slice_sub(rest, 0, slice_find_slice(rest, SLICE_LIT("```")));
    size_t n = 0;
    while (rest.len) {
        size_t end = slice_find(rest, '\n');
        struct slice line = slice_sub(rest, 0, slice_find(slice_sub(rest, 0, end), '#'));
        rest = slice_sub(rest, end + 1, rest.len);
        while ((line = slice_trim(line)).len) {
            assert_true(n < cap);
            assert_true(slice_unhex(slice_sub(line, 0, 2), (uint8_t *)out + n++, 1));
            line = slice_sub(line, 2, line.len);
        }
    }
    free(text);
    return n;
}

static void the_documented_example_is_true(void **state)
{
    (void)state;
    char example[512];
    size_t len = read_example(example, sizeof example);
    uint32_t salt;
    assert_int_equal(segment_header_read(slice_make(example, len), &salt), CT_OK);
    assert_int_equal(salt, 0x12345678);

    struct segment_scanner s;
    segment_scanner_init_memory(&s, slice_make(example, len), salt);
    struct frame f;
    struct frame_header headers[FRAME_HEADERS_MAX];
    assert_int_equal(segment_next(&s, &f, headers), CT_OK);
    assert_int_equal(f.seq, 1);
    assert_true(f.wall_ns == INT64_C(1795353605123000000));
    assert_true(f.mono_ns == INT64_C(1000000000));
    assert_int_equal(f.source, FRAME_OTLP_HTTP);
    assert_slice_equal(f.method, "POST");
    assert_slice_equal(f.path, "/v1/logs");
    assert_int_equal(f.header_count, 1);
    assert_slice_equal(frame_header_get(&f, "content-type"), "application/json");
    assert_slice_equal(f.body, "{}");

    /* And our own writer makes the same bytes of it. */
    struct buf again;
    begin(&again, salt);
    add(&again, salt, &f);
    assert_int_equal(again.len, len);
    assert_memory_equal(again.data, example, len);
    buf_finish(&again);
    assert_int_equal(segment_next(&s, &f, headers), CT_END);
    segment_scanner_finish(&s);
}

static void a_tail_may_be_torn_anywhere(void **state)
{
    (void)state;
    struct buf b;
    size_t starts[6];
    fill(&b, 5, 40, starts);
    for (size_t len = SEGMENT_HEADER_BYTES; len <= b.len; len++) {
        size_t whole = 0;
        while (whole < 5 && starts[whole + 1] <= len)
            whole++;
        struct found found = scan(slice_make(b.data, len));
        assert_int_equal(found.count, whole);
        assert_int_equal(found.damaged, len > starts[whole]);
        if (found.damaged) {
            assert_int_equal(found.damage, SEGMENT_CUT_SHORT);
            assert_int_equal(found.damaged_at, starts[whole]);
        }
    }
    buf_finish(&b);
}

static void a_flipped_bit_costs_one_frame(void **state)
{
    (void)state;
    struct buf b;
    size_t starts[6];
    fill(&b, 5, 40, starts);
    for (size_t bit = 8 * SEGMENT_HEADER_BYTES; bit < 8 * b.len; bit++) {
        b.data[bit / 8] ^= (char)(1 << bit % 8);
        size_t hit = 0;
        while (starts[hit + 1] <= bit / 8)
            hit++;
        struct found found = scan(buf_slice(&b));
        assert_int_equal(found.count, 4);
        for (size_t i = 0; i < 4; i++)
            assert_int_equal(found.seqs[i], i < hit ? i + 1 : i + 2);
        assert_int_equal(found.damaged, 1);
        assert_int_equal(found.damaged_at, starts[hit]);
        b.data[bit / 8] ^= (char)(1 << bit % 8);
    }
    buf_finish(&b);
}

static void holes_are_searched_across(void **state)
{
    (void)state;
    struct buf b;
    size_t starts[41];
    fill(&b, 40, 300, starts);
    /* A device sector of zeros from anywhere in frame 11 on: all but what it touches is found again. */
    for (size_t at = starts[10]; at < starts[11]; at += 7) {
        char saved[512];
        memcpy(saved, b.data + at, sizeof saved);
        memset(b.data + at, 0, sizeof saved);
        size_t lost = 1;
        while (starts[10 + lost] < at + sizeof saved)
            lost++;
        struct found found = scan(buf_slice(&b));
        assert_int_equal(found.count, 40 - lost);
        assert_true(found.damaged >= 1);
        memcpy(b.data + at, saved, sizeof saved);
    }
    buf_finish(&b);
}

static void a_journal_inside_a_body_stays_inside(void **state)
{
    (void)state;
    /* A sender posts a segment of its own making as a body; it cannot know the salt. */
    struct buf inner;
    size_t starts[4];
    fill(&inner, 3, 20, starts);
    struct buf b;
    begin(&b, SALT ^ 1);
    struct frame f;
    sample_frame(50, 0, &f);
    f.seq = 50;
    f.body = buf_slice(&inner);
    add(&b, SALT ^ 1, &f);
    size_t second = b.len;
    sample_frame(51, 5, &f);
    f.seq = 51;
    add(&b, SALT ^ 1, &f);

    struct frame_header headers[FRAME_HEADERS_MAX];
    struct segment_scanner s;
    b.data[SEGMENT_HEADER_BYTES + 2] ^= 1; /* the length, so that only searching helps */
    segment_scanner_init_memory(&s, buf_slice(&b), SALT ^ 1);
    assert_int_equal(segment_next(&s, &f, headers), CT_ERR_FORMAT);
    assert_int_equal(s.offset, second);
    assert_int_equal(segment_next(&s, &f, headers), CT_OK);
    assert_int_equal(f.seq, 51);
    assert_int_equal(segment_next(&s, &f, headers), CT_END);
    segment_scanner_finish(&s);
    buf_finish(&inner);
    buf_finish(&b);
}

static void frames_that_do_not_belong_are_damage(void **state)
{
    (void)state;
    struct buf b;
    size_t starts[6];
    fill(&b, 5, 40, starts);
    struct segment_scanner s;
    segment_scanner_init_memory(&s, buf_slice(&b), SALT);
    s.seq_min = 2;
    s.seq_max = 4;
    struct found found = scan_with(&s);
    assert_int_equal(found.count, 3);
    assert_int_equal(found.seqs[0], 2);
    assert_int_equal(found.damaged, 2);
    assert_int_equal(found.damage, SEGMENT_FOREIGN);

    /* A sound envelope around something that is no frame. */
    buf_finish(&b);
    begin(&b, SALT);
    assert_int_equal(buf_append_str(&b, "12345678\x08\xff"), CT_OK);
    segment_seal(b.data + b.len - 2, 2, SALT);
    found = scan(buf_slice(&b));
    assert_int_equal(found.count, 0);
    assert_int_equal(found.damaged, 1);
    assert_int_equal(found.damage, SEGMENT_FOREIGN);
    buf_finish(&b);
}

static void a_length_beyond_the_limit_is_not_believed(void **state)
{
    (void)state;
    struct buf b;
    size_t starts[3];
    fill(&b, 2, 40, starts);
    const uint32_t lengths[] = {FRAME_BYTES_MAX + 1, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffff8};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        for (int k = 0; k < 4; k++)
            b.data[starts[0] + (size_t)k] = (char)(lengths[i] >> 8 * k & 0xff);
        struct found found = scan(buf_slice(&b));
        assert_int_equal(found.count, 1);
        assert_int_equal(found.seqs[0], 2);
        assert_int_equal(found.damaged, 1);
    }
    buf_finish(&b);
}

static void crafted_look_alikes_cannot_make_the_search_long(void **state)
{
    (void)state;
    /* 16 MiB in which every place looks like a frame of 64 KiB: 1 TiB of checksums if nothing stopped it. */
    struct buf b;
    begin(&b, SALT);
    const size_t size = 16u << 20;
    assert_int_equal(buf_reserve(&b, size), CT_OK);
    for (size_t i = 0; i + 12 <= size; i += 12)
        memcpy(b.data + b.len + i, "\x00\x00\x01\x00....\x08\x01xx", 12);
    b.len += size / 12 * 12;
    b.data[SEGMENT_HEADER_BYTES + 3] = 0x7f; /* the first one leads nowhere */
    struct found found = scan(buf_slice(&b));
    assert_int_equal(found.count, 0);
    assert_int_equal(found.damaged, 1);
    assert_int_equal(found.damage, SEGMENT_GIVEN_UP);
    buf_finish(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_is_checked),
        cmocka_unit_test(the_documented_example_is_true),
        cmocka_unit_test(a_tail_may_be_torn_anywhere),
        cmocka_unit_test(a_flipped_bit_costs_one_frame),
        cmocka_unit_test(holes_are_searched_across),
        cmocka_unit_test(a_journal_inside_a_body_stays_inside),
        cmocka_unit_test(frames_that_do_not_belong_are_damage),
        cmocka_unit_test(a_length_beyond_the_limit_is_not_believed),
        cmocka_unit_test(crafted_look_alikes_cannot_make_the_search_long),
    };
    return cmocka_run_group_tests_name("journal/segment", tests, NULL, NULL);
}
