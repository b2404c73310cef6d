#include "test.h"

#include "body.h"
#include "compress.h"

struct run {
    struct inflater in;
    struct slice out;
    enum otlp_refusal why;
    struct ct_errmsg msg;
};

static struct run *start(void **state, size_t inflated_bytes, size_t ratio)
{
    struct run *r = calloc(1, sizeof *r);
    assert_non_null(r);
    struct otlp_limits limits;
    otlp_limits_init(&limits);
    if (inflated_bytes)
        limits.inflated_bytes = inflated_bytes;
    if (ratio)
        limits.inflate_ratio = ratio;
    inflater_init(&r->in, &limits);
    *state = r;
    return r;
}

static int finish(void **state)
{
    struct run *r = *state;
    if (r)
        inflater_finish(&r->in);
    free(r);
    return 0;
}

static enum ct_err run(struct run *r, enum otlp_compression compression, struct slice body)
{
    r->why = OTLP_REFUSAL_COUNT;
    r->msg.text[0] = '\0';
    return inflater_run(&r->in, compression, body, &r->out, &r->why, &r->msg);
}

static void check_refused(struct run *r, enum otlp_compression compression, struct slice body,
                          enum ct_err err, enum otlp_refusal why)
{
    assert_int_equal(run(r, compression, body), err);
    assert_string_equal(otlp_refusal_name(r->why), otlp_refusal_name(why));
    assert_true(r->msg.text[0] != '\0');
    assert_int_equal(r->out.len, 0);
}

static void rule_1_no_compression_borrows_the_body(void **state)
{
    struct run *r = start(state, 0, 0);
    struct slice body = SLICE_LIT("plain");
    assert_int_equal(run(r, OTLP_IDENTITY, body), CT_OK);
    assert_ptr_equal(r->out.ptr, body.ptr);
    assert_int_equal(r->out.len, body.len);
}

static void rule_1_gzip_of_any_size(void **state)
{
    static const size_t sizes[] = {0, 1, 100, 65535, 65536, 65537, 3000000};
    struct run *r = start(state, 0, 0);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct slice plain = slice_make(compress_noise(sizes[i] + 1), sizes[i]),
                     body = compress_gzip(plain, 6);
        assert_int_equal(run(r, OTLP_GZIP, body), CT_OK);
        assert_true(slice_eq(r->out, plain));
        compress_drop(plain);
        compress_drop(body);
    }
}

static void gzip_members_are_joined(void **state)
{
    struct run *r = start(state, 0, 0);
    struct slice a = compress_gzip(SLICE_LIT("one "), 6), b = compress_gzip(SLICE_LIT("two"), 6),
                 both = compress_join(a, b);
    assert_int_equal(run(r, OTLP_GZIP, both), CT_OK);
    assert_slice_equal(r->out, "one two");
    struct slice none = compress_gzip(SLICE_NULL, 6), three = compress_join(both, none);
    assert_int_equal(run(r, OTLP_GZIP, three), CT_OK);
    assert_slice_equal(r->out, "one two");
    compress_drop(a), compress_drop(b), compress_drop(both), compress_drop(none), compress_drop(three);
}

static void what_follows_the_last_member_is_refused(void **state)
{
    static const struct slice tails[] = {{"x", 1},    {"\0", 1},       {"\0\0\0\0\0\0\0\0", 8},
                                         {"\x1f", 1}, {"\x1f\x8b", 2}, {"\x1fxx", 3}};
    struct run *r = start(state, 0, 0);
    struct slice a = compress_gzip(SLICE_LIT("one"), 6);
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
        struct slice body = compress_join(a, tails[i]);
        check_refused(r, OTLP_GZIP, body, CT_ERR_FORMAT, OTLP_REFUSED_BAD_GZIP);
        compress_drop(body);
    }
    compress_drop(a);
}

static void gzip_that_is_cut_off_or_damaged_is_refused(void **state)
{
    struct run *r = start(state, 0, 0);
    struct slice whole =
        compress_gzip(SLICE_LIT("some text that is long enough to be worth it, it, it, it"), 6);
    for (size_t len = 0; len < whole.len; len++) {
        struct slice part = compress_join(slice_sub(whole, 0, len), SLICE_NULL);
        check_refused(r, OTLP_GZIP, part, CT_ERR_FORMAT, OTLP_REFUSED_BAD_GZIP);
        compress_drop(part);
    }
    /* Magic, method, reserved flags, checksum and length. */
    static const struct {
        bool from_end;
        size_t at;
    } flips[] = {{false, 0}, {false, 1}, {false, 2}, {false, 3}, {true, 8}, {true, 4}, {true, 1}};
    for (size_t i = 0; i < sizeof flips / sizeof *flips; i++) {
        struct slice bad = compress_join(whole, SLICE_NULL);
        char *bytes = (char *)(uintptr_t)bad.ptr;
        bytes[flips[i].from_end ? bad.len - flips[i].at : flips[i].at] ^= (char)0xe0;
        check_refused(r, OTLP_GZIP, bad, CT_ERR_FORMAT, OTLP_REFUSED_BAD_GZIP);
        compress_drop(bad);
    }
    check_refused(r, OTLP_GZIP, SLICE_LIT("{\"resourceLogs\":[]}"), CT_ERR_FORMAT, OTLP_REFUSED_BAD_GZIP);
    assert_int_equal(run(r, OTLP_GZIP, whole), CT_OK); /* and the inflater is none the worse */
    compress_drop(whole);
}

static void a_huge_body_leaves_no_huge_buffer(void **state)
{
    struct run *r = start(state, 0, 0);
    struct slice big = slice_make(compress_noise((size_t)4 << 20), (size_t)4 << 20),
                 big_gzip = compress_gzip(big, 1);
    struct slice small = compress_gzip(SLICE_LIT("small"), 6);
    assert_int_equal(run(r, OTLP_GZIP, big_gzip), CT_OK);
    assert_true(r->in.out.cap >= big.len);
    inflater_trim(&r->in);
    assert_int_equal(r->in.out.cap, 0);
    assert_int_equal(run(r, OTLP_GZIP, small), CT_OK);
    const char *data = r->in.out.data;
    inflater_trim(&r->in);
    assert_int_equal(run(r, OTLP_GZIP, small), CT_OK);
    assert_ptr_equal(r->in.out.data, data); /* a small one is kept */
    compress_drop(big), compress_drop(big_gzip), compress_drop(small);
}

#ifdef HAVE_ZSTD
static void zstd_frames_are_joined(void **state)
{
    static const size_t sizes[] = {0, 1, 100, 65536, 3000000};
    struct run *r = start(state, 0, 0);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct slice plain = slice_make(compress_noise(sizes[i] + 1), sizes[i]),
                     body = compress_zstd(plain, 0);
        assert_int_equal(run(r, OTLP_ZSTD, body), CT_OK);
        assert_true(slice_eq(r->out, plain));
        compress_drop(plain), compress_drop(body);
    }
    struct slice a = compress_zstd(SLICE_LIT("one "), 0), b = compress_zstd(SLICE_LIT("two"), 0),
                 both = compress_join(a, b);
    assert_int_equal(run(r, OTLP_ZSTD, both), CT_OK);
    assert_slice_equal(r->out, "one two");
    compress_drop(a), compress_drop(b), compress_drop(both);
}

static void zstd_that_is_cut_off_or_damaged_is_refused(void **state)
{
    struct run *r = start(state, 0, 0);
    struct slice whole =
        compress_zstd(SLICE_LIT("some text that is long enough to be worth it, it, it, it"), 0);
    for (size_t len = 0; len < whole.len; len++) {
        struct slice part = compress_join(slice_sub(whole, 0, len), SLICE_NULL);
        check_refused(r, OTLP_ZSTD, part, CT_ERR_FORMAT, OTLP_REFUSED_BAD_GZIP);
        compress_drop(part);
    }
    struct slice bad = compress_join(whole, SLICE_LIT("x"));
    check_refused(r, OTLP_ZSTD, bad, CT_ERR_FORMAT, OTLP_REFUSED_BAD_GZIP);
    compress_drop(bad);
    bad = compress_join(whole, SLICE_NULL);
    ((char *)(uintptr_t)bad.ptr)[bad.len - 1] ^= 1; /* the checksum */
    check_refused(r, OTLP_ZSTD, bad, CT_ERR_FORMAT, OTLP_REFUSED_BAD_GZIP);
    assert_int_equal(run(r, OTLP_ZSTD, whole), CT_OK);
    compress_drop(bad), compress_drop(whole);
}

#else
static void zstd_that_is_not_compiled_in_is_refused(void **state)
{
    struct run *r = start(state, 0, 0);
    check_refused(r, OTLP_ZSTD, SLICE_LIT("x"), CT_ERR_UNSUPPORTED, OTLP_REFUSED_ENCODING);
}
#endif

#define unit(test) cmocka_unit_test_teardown(test, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit(rule_1_no_compression_borrows_the_body),
        unit(rule_1_gzip_of_any_size),
        unit(gzip_members_are_joined),
        unit(what_follows_the_last_member_is_refused),
        unit(gzip_that_is_cut_off_or_damaged_is_refused),
        unit(a_huge_body_leaves_no_huge_buffer),
#ifdef HAVE_ZSTD
        unit(zstd_frames_are_joined),
        unit(zstd_that_is_cut_off_or_damaged_is_refused),
#else
        unit(zstd_that_is_not_compiled_in_is_refused),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
