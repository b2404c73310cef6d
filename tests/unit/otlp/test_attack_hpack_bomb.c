/* A small header block that decodes to a huge one: one large table entry, referred to again and again. */
#include "test.h"

#include "h2_attack.h"

#define BUDGET ((size_t)1024 * 1024)
/* Of a stream, beside what the budget is charged for. */
#define SLACK ((size_t)2 * 1024)

/* An entry of nearly the whole dynamic table (4,096 bytes), then references to it, one byte each. */
static void bomb(struct attack *a, int32_t id, size_t references, bool end)
{
    struct buf block;
    static char value[4000];
    memset(value, 'x', sizeof value);
    buf_init(&block, 100000);
    peer_block(&block);
    buf_append(&block, slice_make("\x40\x01"
                                  "a",
                                  3));
    buf_append(&block, slice_make("\x7f\xa1\x1e", 3)); /* 127 + 0x21 + 0x1e * 128 = 4,000 */
    buf_append(&block, slice_make(value, sizeof value));
    for (size_t i = 0; i < references; i++)
        buf_append_char(&block, (char)0xbe);
    struct slice rest = buf_slice(&block);
    uint8_t type = NGHTTP2_HEADERS;
    while (rest.len) {
        struct slice piece = slice_sub(rest, 0, 16384);
        rest = slice_sub(rest, piece.len, rest.len);
        attack_frame(a, type, !rest.len && end ? NGHTTP2_FLAG_END_HEADERS : 0, id, piece);
        type = NGHTTP2_CONTINUATION;
    }
    buf_finish(&block);
}

static void ends_the_connection_before_it_is_large(void **state)
{
    (void)state;
    struct attack a;
    attack_init(&a);
    attack_open(&a);
    bomb(&a, 1, 60000, true); /* 240 MB */
    assert_false(attack_send(&a));
    attack_expect_over(&a, OTLP_REFUSED_HEADERS, ATTACK_CONNECTION_BYTES + ATTACK_BLOCK_BYTES);
    attack_finish(&a);
}

static void a_small_excess_costs_only_its_stream(void **state)
{
    (void)state;
    struct attack a;
    attack_init(&a);
    attack_open(&a);
    bomb(&a, 1, 20, true); /* 84 KB: above 64 KiB */
    assert_true(attack_send(&a));
    assert_int_equal(a.host.refused[OTLP_REFUSED_HEADERS], 1);
    assert_int_equal(a.headers, 1); /* answered */
    bomb(&a, 3, 5, true);
    attack_frame(&a, NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 3, slice_make("\0\0\0\0\0", 5));
    assert_true(attack_send(&a));
    assert_int_equal(a.host.requests, 1); /* the table is as it should be */
    assert_int_equal(a.goaway, ATTACK_NO_GOAWAY);
    attack_finish(&a);
}

static void in_many_streams_it_costs_no_more(void **state)
{
    (void)state;
    struct attack a;
    attack_init(&a);
    a.host.limits.budget_bytes = BUDGET; /* shared by all connections */
    attack_open(&a);
    for (int32_t id = 1; id < 2 * H2_STREAMS_MAX; id += 2) {
        bomb(&a, id, 12, true); /* 52 KB each, legal, and kept until the request ends */
        assert_true(attack_send(&a));
    }
    assert_true(a.host.refused[OTLP_REFUSED_OVERLOAD] > H2_STREAMS_MAX / 2);
    assert_in_range(memory_peak(), BUDGET * 7 / 8,
                    BUDGET + ATTACK_CONNECTION_BYTES + ATTACK_BLOCK_BYTES + H2_STREAMS_MAX * SLACK);
    attack_finish(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends_the_connection_before_it_is_large),
        cmocka_unit_test(a_small_excess_costs_only_its_stream),
        cmocka_unit_test(in_many_streams_it_costs_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
