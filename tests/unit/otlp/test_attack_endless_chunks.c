/* A chunked body that never ends: digits of a size, extensions, trailers, chunks of one byte, chunks without
 * end. */
#include "test.h"

#include "http1_attack.h"
#include "http1_chunks.h"

/* One connection without a body worth naming. */
#define CONNECTION_BYTES ((size_t)192 * 1024)
#define BODY_BYTES       ((size_t)1024 * 1024)
/* A body grows by doubling, so that for a moment there are the old and the new one; the last step stops at
 * the limit. */
#define BODY_PEAK (2 * BODY_BYTES + CONNECTION_BYTES)

static void endless(const char *begin, const char *more, enum otlp_refusal why, int status, size_t fed,
                    size_t peak)
{
    struct otlp_limits limits;
    struct http1_attack a;
    otlp_limits_init(&limits);
    limits.body_bytes = BODY_BYTES;
    http1_attack_open(&a, &limits);
    assert_true(http1_attack_send(&a, begin));
    http1_attack_endlessly(&a, more);
    http1_attack_expect_over(&a, why, status, fed, peak);
    assert_int_equal(a.host.budget.used, 0);
    http1_attack_finish(&a);
}

static void digits_of_a_size(void **state)
{
    (void)state;
    endless(HTTP1_ATTACK_TE, "0", OTLP_REFUSED_MALFORMED, 400, CORE_FEED_MAX, CONNECTION_BYTES);
    endless(HTTP1_ATTACK_TE, "1", OTLP_REFUSED_MALFORMED, 400, CORE_FEED_MAX, CONNECTION_BYTES);
}

static void one_extension(void **state)
{
    (void)state;
    endless(HTTP1_ATTACK_TE "1;", "e", OTLP_REFUSED_MALFORMED, 400,
            HTTP1_CHUNK_EXTENSIONS_MAX + CORE_FEED_MAX, CONNECTION_BYTES);
}

/* A byte of body for each keeps any deadline and any limit on one extension at bay (CVE-2023-39326). */
static void an_extension_of_each_chunk(void **state)
{
    (void)state;
    endless(HTTP1_ATTACK_TE, "1;0123456789abcdef\r\nx\r\n", OTLP_REFUSED_MALFORMED, 400,
            2 * HTTP1_CHUNK_EXTENSIONS_MAX + CORE_FEED_MAX, CONNECTION_BYTES);
}

/* Six bytes on the wire for one of body: more is read than kept. */
static void chunks_of_one_byte(void **state)
{
    (void)state;
    endless(HTTP1_ATTACK_TE, "1\r\nx\r\n", OTLP_REFUSED_BODY_SIZE, 413, 6 * BODY_BYTES + CORE_FEED_MAX,
            BODY_PEAK);
}

static void chunks_without_end(void **state)
{
    (void)state;
    endless(HTTP1_ATTACK_TE, "40\r\n0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\r\n",
            OTLP_REFUSED_BODY_SIZE, 413, 2 * BODY_BYTES, BODY_PEAK);
}

static void one_chunk_without_end(void **state)
{
    (void)state;
    endless(HTTP1_ATTACK_TE "100000\r\n", "x", OTLP_REFUSED_SMUGGLING, 400, BODY_BYTES + CORE_FEED_MAX,
            BODY_PEAK);
    struct http1_attack a;
    http1_attack_open(&a, NULL);
    assert_false(http1_attack_send(&a, HTTP1_ATTACK_TE "7fffffffffffffff\r\n"));
    http1_attack_expect_over(&a, OTLP_REFUSED_BODY_SIZE, 413, CORE_FEED_MAX, CONNECTION_BYTES);
    http1_attack_finish(&a);
}

static void one_trailer(void **state)
{
    (void)state;
    endless(HTTP1_ATTACK_TE "0\r\nT: ", "t", OTLP_REFUSED_HEADERS, 431, 3 * CORE_FEED_MAX, CONNECTION_BYTES);
}

static void trailers_without_end(void **state)
{
    (void)state;
    endless(HTTP1_ATTACK_TE "0\r\n", "T: t\r\n", OTLP_REFUSED_HEADERS, 431, 3 * CORE_FEED_MAX,
            CONNECTION_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digits_of_a_size),
        cmocka_unit_test(one_extension),
        cmocka_unit_test(an_extension_of_each_chunk),
        cmocka_unit_test(chunks_of_one_byte),
        cmocka_unit_test(chunks_without_end),
        cmocka_unit_test(one_chunk_without_end),
        cmocka_unit_test(one_trailer),
        cmocka_unit_test(trailers_without_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
