/* A header block that never ends (CVE-2024-27316, CVE-2024-28182). */
#include "test.h"

#include "h2_attack.h"
#include "h2_guard.h"

/* Literals of names and values without end. */
static void flood(size_t piece)
{
    struct attack a;
    static char block[16384];
    for (size_t i = 0; i < sizeof block; i += 4)
        memcpy(block + i, "\0\1a\0", 4);
    attack_init(&a);
    attack_open(&a);
    attack_frame(&a, NGHTTP2_HEADERS, 0, 1, slice_make(block, 4));
    size_t sent = 0;
    while (attack_send(&a)) {
        attack_frame(&a, NGHTTP2_CONTINUATION, 0, 1, slice_make(block, piece));
        assert_in_range(++sent, 1, H2_CONTINUATIONS_MAX + 1);
    }
    if (a.host.refused[OTLP_REFUSED_FLOOD])
        attack_expect_over(&a, OTLP_REFUSED_FLOOD, ATTACK_CONNECTION_BYTES + ATTACK_BLOCK_BYTES);
    else
        attack_expect_over(&a, OTLP_REFUSED_HEADERS, ATTACK_CONNECTION_BYTES + ATTACK_BLOCK_BYTES);
    attack_finish(&a);
}

static void ends_the_connection_whatever_the_size_of_the_frames(void **state)
{
    (void)state;
    static const size_t pieces[] = {0, 4, 100, 4096, 16384};
    for (size_t i = 0; i < sizeof(pieces) / sizeof(*pieces); i++)
        flood(pieces[i]);
}

static void a_block_in_as_many_frames_as_are_allowed_is_read(void **state)
{
    (void)state;
    struct attack a;
    struct buf block;
    buf_init(&block, 1000);
    peer_block(&block);
    struct slice rest = buf_slice(&block);
    size_t piece = block.len / 8 + 1; /* the library itself allows 8 */
    attack_init(&a);
    attack_open(&a);
    for (size_t i = 0; rest.len; i++) {
        struct slice part = slice_sub(rest, 0, piece);
        rest = slice_sub(rest, part.len, rest.len);
        attack_frame(&a, i ? NGHTTP2_CONTINUATION : NGHTTP2_HEADERS, rest.len ? 0 : NGHTTP2_FLAG_END_HEADERS,
                     1, part);
    }
    attack_frame(&a, NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 1, slice_make("\0\0\0\0\0", 5));
    assert_true(attack_send(&a));
    assert_int_equal(a.host.requests, 1);
    buf_finish(&block);
    attack_finish(&a);
}

static void a_block_that_is_not_gone_on_with_times_out(void **state)
{
    (void)state;
    struct attack a;
    attack_init(&a);
    attack_open(&a);
    attack_frame(&a, NGHTTP2_HEADERS, 0, 1, slice_make("\0\1a\0", 4));
    assert_true(attack_send(&a));
    host_expire_after(&a.host, a.host.limits.header_ms);
    assert_int_equal(core_state(a.host.core), CORE_SHUT);
    assert_int_equal(a.host.refused[OTLP_REFUSED_TIMEOUT], 1);
    attack_finish(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends_the_connection_whatever_the_size_of_the_frames),
        cmocka_unit_test(a_block_in_as_many_frames_as_are_allowed_is_read),
        cmocka_unit_test(a_block_that_is_not_gone_on_with_times_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
