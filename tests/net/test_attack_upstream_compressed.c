/* An upstream whose answer inflates to far more than was sent. */
#include "test.h"

#include "compress.h"
#include "villain.h"

#include <stdio.h>

#define BOMB_BYTES ((size_t)64 * 1024 * 1024)
/* Decompressed bytes count against the limit; decompressors keep a window beside it. */
#define PEAK (VILLAIN_BASE_BYTES + 3 * VILLAIN_RESPONSE_BYTES + ((size_t)2 * 1024 * 1024))

static void answer_with(const char *coding, struct slice body)
{
    struct villain v;
    struct buf answer;
    buf_init(&answer, SIZE_MAX / 2);
    assert_int_equal(buf_printf(&answer,
                                "HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\n"
                                "Content-Encoding: %s\r\nContent-Length: %zu\r\n\r\n",
                                coding, body.len),
                     CT_OK);
    assert_int_equal(buf_append(&answer, body), CT_OK);
    villain_start(&v, UPSTREAM_PROTOCOL_HTTP);
    v.first = buf_slice(&answer);
    villain_ask(&v);
    /* Its status came: taken, and the answer could not be read. */
    assert_int_equal(v.answer.outcome, UPSTREAM_TAKEN);
    assert_int_equal(v.answer.status, 200);
    assert_true(v.answer.text[0] != '\0');
    villain_expect_peak(PEAK);
    villain_finish(&v);
    buf_finish(&answer);
}

static void gzip_bombs(void **state)
{
    (void)state;
    char *zeros = compress_filled(BOMB_BYTES, 0);
    struct slice bomb = compress_gzip(slice_make(zeros, BOMB_BYTES), 9), twice = compress_gzip(bomb, 9);
    free(zeros);
    answer_with("gzip", bomb);
    answer_with("gzip, gzip", twice);
    answer_with("gzip, gzip, gzip, gzip, gzip, gzip, gzip, gzip, gzip, gzip", twice);
    answer_with("gzip", SLICE_LIT("\x1f\x8b this is none"));
    compress_drop(bomb), compress_drop(twice);
}

#ifdef HAVE_ZSTD
static void zstd_bombs(void **state)
{
    (void)state;
    char *zeros = compress_filled(BOMB_BYTES, 0);
    struct slice bomb = compress_zstd(slice_make(zeros, BOMB_BYTES), 0);
    free(zeros);
    answer_with("zstd", bomb);
    compress_drop(bomb);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gzip_bombs),
#ifdef HAVE_ZSTD
        cmocka_unit_test(zstd_bombs),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
