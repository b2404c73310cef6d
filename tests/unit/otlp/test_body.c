#include "test.h"

#include "body.h"

#include <stdlib.h>

#include <zlib.h>
#ifdef HAVE_ZSTD
#include <zstd.h>
#endif

static struct slice gzip(struct slice plain, int level)
{
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    size_t room = deflateBound(&z, plain.len) + 64;
    char *out = malloc(room);
    assert_non_null(out);
    z.next_in = (z_const Bytef *)(uintptr_t)(plain.len ? plain.ptr : "");
    z.avail_in = (uInt)plain.len;
    z.next_out = (Bytef *)out;
    z.avail_out = (uInt)room;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    return slice_make(out, room - z.avail_out);
}

static char *filled(size_t len, int c)
{
    char *p = malloc(len);
    assert_non_null(p);
    memset(p, c, len);
    return p;
}

/* Bytes that do not compress. */
static char *noise(size_t len)
{
    char *p = malloc(len);
    uint64_t x = 88172645463325252u;
    assert_non_null(p);
    for (size_t i = 0; i < len; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        p[i] = (char)(uint8_t)x;
    }
    return p;
}

static struct slice join(struct slice a, struct slice b)
{
    char *p = malloc(a.len + b.len + 1);
    assert_non_null(p);
    memcpy(p, a.ptr, a.len);
    if (b.len)
        memcpy(p + a.len, b.ptr, b.len);
    return slice_make(p, a.len + b.len);
}

static void drop(struct slice s)
{
    free((void *)(uintptr_t)s.ptr);
}

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
        struct slice plain = slice_make(noise(sizes[i] + 1), sizes[i]), body = gzip(plain, 6);
        assert_int_equal(run(r, OTLP_GZIP, body), CT_OK);
        assert_true(slice_eq(r->out, plain));
        drop(plain);
        drop(body);
    }
}

static void gzip_members_are_joined(void **state)
{
    struct run *r = start(state, 0, 0);
    struct slice a = gzip(SLICE_LIT("one "), 6), b = gzip(SLICE_LIT("two"), 6), both = join(a, b);
    assert_int_equal(run(r, OTLP_GZIP, both), CT_OK);
    assert_slice_equal(r->out, "one two");
    struct slice none = gzip(SLICE_NULL, 6), three = join(both, none);
    assert_int_equal(run(r, OTLP_GZIP, three), CT_OK);
    assert_slice_equal(r->out, "one two");
    drop(a), drop(b), drop(both), drop(none), drop(three);
}

static void what_follows_the_last_member_is_refused(void **state)
{
    static const struct slice tails[] = {{"x", 1},    {"\0", 1},       {"\0\0\0\0\0\0\0\0", 8},
                                         {"\x1f", 1}, {"\x1f\x8b", 2}, {"\x1fxx", 3}};
    struct run *r = start(state, 0, 0);
    struct slice a = gzip(SLICE_LIT("one"), 6);
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
        struct slice body = join(a, tails[i]);
        check_refused(r, OTLP_GZIP, body, CT_ERR_FORMAT, OTLP_REFUSED_BAD_GZIP);
        drop(body);
    }
    drop(a);
}

static void gzip_that_is_cut_off_or_damaged_is_refused(void **state)
{
    struct run *r = start(state, 0, 0);
    struct slice whole = gzip(SLICE_LIT("some text that is long enough to be worth it, it, it, it"), 6);
    for (size_t len = 0; len < whole.len; len++) {
        struct slice part = join(slice_sub(whole, 0, len), SLICE_NULL);
        check_refused(r, OTLP_GZIP, part, CT_ERR_FORMAT, OTLP_REFUSED_BAD_GZIP);
        drop(part);
    }
    /* Magic, method, reserved flags, checksum and length. */
    static const struct {
        bool from_end;
        size_t at;
    } flips[] = {{false, 0}, {false, 1}, {false, 2}, {false, 3}, {true, 8}, {true, 4}, {true, 1}};
    for (size_t i = 0; i < sizeof flips / sizeof *flips; i++) {
        struct slice bad = join(whole, SLICE_NULL);
        char *bytes = (char *)(uintptr_t)bad.ptr;
        bytes[flips[i].from_end ? bad.len - flips[i].at : flips[i].at] ^= (char)0xe0;
        check_refused(r, OTLP_GZIP, bad, CT_ERR_FORMAT, OTLP_REFUSED_BAD_GZIP);
        drop(bad);
    }
    check_refused(r, OTLP_GZIP, SLICE_LIT("{\"resourceLogs\":[]}"), CT_ERR_FORMAT, OTLP_REFUSED_BAD_GZIP);
    assert_int_equal(run(r, OTLP_GZIP, whole), CT_OK); /* and the inflater is none the worse */
    drop(whole);
}

static void rule_2_a_gzip_bomb_is_stopped_by_size(void **state)
{
    struct run *r = start(state, 2000000, 100000);
    char *zeros = filled(2000001, 0);
    struct slice exact = gzip(slice_make(zeros, 2000000), 9), over = gzip(slice_make(zeros, 2000001), 9);
    assert_int_equal(run(r, OTLP_GZIP, exact), CT_OK);
    assert_int_equal(r->out.len, 2000000);
    check_refused(r, OTLP_GZIP, over, CT_ERR_LIMIT, OTLP_REFUSED_INFLATED);
    assert_non_null(strstr(r->msg.text, "inflated_bytes"));
    assert_true(r->in.out.cap <= 2000001);
    free(zeros);
    drop(exact), drop(over);
}

static void rule_2_a_gzip_bomb_is_stopped_by_ratio(void **state)
{
    struct run *r = start(state, 0, 200);
    char *zeros = filled((size_t)8 << 20, 0);
    /* Zeros shrink about a thousandfold: below the floor that passes, above it it is a bomb. */
    struct slice small = gzip(slice_make(zeros, OTLP_RATIO_FLOOR), 9);
    struct slice big = gzip(slice_make(zeros, (size_t)8 << 20), 9);
    assert_true(small.len * 200 < OTLP_RATIO_FLOOR);
    assert_int_equal(run(r, OTLP_GZIP, small), CT_OK);
    assert_int_equal(r->out.len, OTLP_RATIO_FLOOR);
    check_refused(r, OTLP_GZIP, big, CT_ERR_LIMIT, OTLP_REFUSED_INFLATED);
    assert_non_null(strstr(r->msg.text, "inflate_ratio"));
    assert_true(r->in.out.cap < (size_t)4 << 20); /* stopped early */
    free(zeros);
    drop(small), drop(big);
}

static void rule_2_members_count_together(void **state)
{
    struct run *r = start(state, 1000, 0);
    char *zeros = filled(600, 0);
    struct slice one = gzip(slice_make(zeros, 600), 9), two = join(one, one);
    assert_int_equal(run(r, OTLP_GZIP, one), CT_OK);
    check_refused(r, OTLP_GZIP, two, CT_ERR_LIMIT, OTLP_REFUSED_INFLATED);
    free(zeros);
    drop(one), drop(two);
}

static void a_huge_body_leaves_no_huge_buffer(void **state)
{
    struct run *r = start(state, 0, 0);
    struct slice big = slice_make(noise((size_t)4 << 20), (size_t)4 << 20), big_gzip = gzip(big, 1);
    struct slice small = gzip(SLICE_LIT("small"), 6);
    assert_int_equal(run(r, OTLP_GZIP, big_gzip), CT_OK);
    assert_true(r->in.out.cap >= big.len);
    inflater_trim(&r->in);
    assert_int_equal(r->in.out.cap, 0);
    assert_int_equal(run(r, OTLP_GZIP, small), CT_OK);
    const char *data = r->in.out.data;
    inflater_trim(&r->in);
    assert_int_equal(run(r, OTLP_GZIP, small), CT_OK);
    assert_ptr_equal(r->in.out.data, data); /* a small one is kept */
    drop(big), drop(big_gzip), drop(small);
}

#ifdef HAVE_ZSTD
static struct slice zstd(struct slice plain, int window_log)
{
    size_t room = ZSTD_compressBound(plain.len) + 64;
    char *out = malloc(room);
    ZSTD_CCtx *z = ZSTD_createCCtx();
    assert_non_null(out);
    assert_non_null(z);
    ZSTD_CCtx_setParameter(z, ZSTD_c_checksumFlag, 1);
    if (window_log) { /* a stream of unknown length, so that the frame asks for the whole window */
        ZSTD_CCtx_setParameter(z, ZSTD_c_windowLog, window_log);
        ZSTD_CCtx_setParameter(z, ZSTD_c_contentSizeFlag, 0);
    }
    ZSTD_inBuffer src = {plain.ptr, plain.len, 0};
    ZSTD_outBuffer dst = {out, room, 0};
    if (window_log)
        assert_false(ZSTD_isError(ZSTD_compressStream2(z, &dst, &src, ZSTD_e_continue)));
    assert_int_equal(ZSTD_compressStream2(z, &dst, &src, ZSTD_e_end), 0);
    ZSTD_freeCCtx(z);
    return slice_make(out, dst.pos);
}

static void zstd_frames_are_joined(void **state)
{
    static const size_t sizes[] = {0, 1, 100, 65536, 3000000};
    struct run *r = start(state, 0, 0);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct slice plain = slice_make(noise(sizes[i] + 1), sizes[i]), body = zstd(plain, 0);
        assert_int_equal(run(r, OTLP_ZSTD, body), CT_OK);
        assert_true(slice_eq(r->out, plain));
        drop(plain), drop(body);
    }
    struct slice a = zstd(SLICE_LIT("one "), 0), b = zstd(SLICE_LIT("two"), 0), both = join(a, b);
    assert_int_equal(run(r, OTLP_ZSTD, both), CT_OK);
    assert_slice_equal(r->out, "one two");
    drop(a), drop(b), drop(both);
}

static void zstd_that_is_cut_off_or_damaged_is_refused(void **state)
{
    struct run *r = start(state, 0, 0);
    struct slice whole = zstd(SLICE_LIT("some text that is long enough to be worth it, it, it, it"), 0);
    for (size_t len = 0; len < whole.len; len++) {
        struct slice part = join(slice_sub(whole, 0, len), SLICE_NULL);
        check_refused(r, OTLP_ZSTD, part, CT_ERR_FORMAT, OTLP_REFUSED_BAD_GZIP);
        drop(part);
    }
    struct slice bad = join(whole, SLICE_LIT("x"));
    check_refused(r, OTLP_ZSTD, bad, CT_ERR_FORMAT, OTLP_REFUSED_BAD_GZIP);
    drop(bad);
    bad = join(whole, SLICE_NULL);
    ((char *)(uintptr_t)bad.ptr)[bad.len - 1] ^= 1; /* the checksum */
    check_refused(r, OTLP_ZSTD, bad, CT_ERR_FORMAT, OTLP_REFUSED_BAD_GZIP);
    assert_int_equal(run(r, OTLP_ZSTD, whole), CT_OK);
    drop(bad), drop(whole);
}

static void rule_2_a_zstd_bomb_is_stopped(void **state)
{
    struct run *r = start(state, 0, 200);
    char *zeros = filled((size_t)8 << 20, 0);
    struct slice bomb = zstd(slice_make(zeros, (size_t)8 << 20), 0);
    check_refused(r, OTLP_ZSTD, bomb, CT_ERR_LIMIT, OTLP_REFUSED_INFLATED);
    assert_true(r->in.out.cap < (size_t)4 << 20);
    free(zeros);
    drop(bomb);
}

static void a_zstd_window_above_8_mib_is_refused(void **state)
{
    struct run *r = start(state, 0, 0);
    struct slice legal = zstd(SLICE_LIT("text"), 23), large = zstd(SLICE_LIT("text"), 24);
    assert_int_equal(run(r, OTLP_ZSTD, legal), CT_OK);
    assert_slice_equal(r->out, "text");
    inflater_trim(&r->in);
    assert_null(r->in.zstd); /* its window is given back */
    check_refused(r, OTLP_ZSTD, large, CT_ERR_LIMIT, OTLP_REFUSED_INFLATED);
    drop(legal), drop(large);
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
        unit(rule_2_a_gzip_bomb_is_stopped_by_size),
        unit(rule_2_a_gzip_bomb_is_stopped_by_ratio),
        unit(rule_2_members_count_together),
        unit(a_huge_body_leaves_no_huge_buffer),
#ifdef HAVE_ZSTD
        unit(zstd_frames_are_joined),
        unit(zstd_that_is_cut_off_or_damaged_is_refused),
        unit(rule_2_a_zstd_bomb_is_stopped),
        unit(a_zstd_window_above_8_mib_is_refused),
#else
        unit(zstd_that_is_not_compiled_in_is_refused),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
