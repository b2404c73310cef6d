/* Headers without end: one that goes on and on, and ever more of them; in HTTP/1 and in HTTP/2. */
#include "test.h"

#include "h2_attack.h"
#include "http1_attack.h"

#define HEADER_BYTES ((size_t)64 * 1024) /* the default of otlp_limits.header_bytes */
/* The head grows by doubling, so that for a moment there are two; the rest is the connection itself. */
#define HTTP1_PEAK (HEADER_BYTES + HEADER_BYTES / 2 + 64 * 1024)
/* A whole header block waits in the session beside what was decoded. */
#define H2_PEAK (5 * HEADER_BYTES)
/* Read before it is noticed: what was announced as the limit, in pieces of what is fed at once. */
#define FED_MAX (HEADER_BYTES + CORE_FEED_MAX)

static void endless(const char *begin, const char *more)
{
    struct http1_attack a;
    http1_attack_open(&a, NULL);
    assert_int_equal(a.host.limits.header_bytes, HEADER_BYTES);
    assert_true(http1_attack_send(&a, begin));
    http1_attack_endlessly(&a, more);
    http1_attack_expect_over(&a, OTLP_REFUSED_HEADERS, 431, FED_MAX, HTTP1_PEAK);
    http1_attack_finish(&a);
}

static void a_target_without_end(void **state)
{
    (void)state;
    endless("POST /", "a");
}

static void a_value_without_end(void **state)
{
    (void)state;
    endless(HTTP1_ATTACK_POST "X: ", "a");
}

static void a_name_without_end(void **state)
{
    (void)state;
    endless(HTTP1_ATTACK_POST, "a");
}

static void headers_without_end(void **state)
{
    (void)state;
    endless(HTTP1_ATTACK_POST, "X: y\r\n");
}

/* Within the bytes, above the count: parsing and storing each costs more than its four bytes. */
static void many_small_headers(void **state)
{
    (void)state;
    struct http1_attack a;
    http1_attack_open(&a, NULL);
    assert_true(http1_attack_send(&a, HTTP1_ATTACK_POST));
    for (size_t i = 0; i < 10000; i++)
        assert_true(http1_attack_send(&a, "a:\r\n"));
    assert_false(http1_attack_send(&a, "\r\n") && core_state(a.host.core) == CORE_OPEN);
    http1_attack_expect_over(&a, OTLP_REFUSED_HEADERS, 431, FED_MAX, HTTP1_PEAK);
    http1_attack_finish(&a);
}

static void empty_lines_without_end(void **state)
{
    (void)state;
    struct http1_attack a;
    http1_attack_open(&a, NULL);
    http1_attack_endlessly(&a, "\r\n");
    http1_attack_expect_over(&a, OTLP_REFUSED_MALFORMED, 400, CORE_FEED_MAX, HTTP1_PEAK);
    http1_attack_finish(&a);
}

/* A call's header block with literal fields behind it, in as many frames as it takes. */
static void block_of(struct attack *a, size_t fields, size_t value_len)
{
    struct buf block;
    static char value[60000];
    assert_true(value_len <= sizeof value);
    memset(value, 'v', sizeof value);
    buf_init(&block, SIZE_MAX / 2);
    peer_block(&block);
    for (size_t i = 0; i < fields; i++) {
        buf_append(&block, slice_make("\0\1x", 3));
        if (value_len < 127) {
            buf_append_char(&block, (char)value_len);
        } else {
            size_t rest = value_len - 127; /* RFC 7541, 5.1 */
            buf_append_char(&block, 127);
            for (; rest >= 128; rest >>= 7)
                buf_append_char(&block, (char)(rest | 128));
            buf_append_char(&block, (char)rest);
        }
        buf_append(&block, slice_make(value, value_len));
    }
    struct slice rest = buf_slice(&block);
    for (uint8_t type = NGHTTP2_HEADERS; rest.len; type = NGHTTP2_CONTINUATION) {
        struct slice piece = slice_sub(rest, 0, 16384);
        rest = slice_sub(rest, piece.len, rest.len);
        attack_frame(a, type, rest.len ? 0 : NGHTTP2_FLAG_END_HEADERS, 1, piece);
    }
    buf_finish(&block);
    memory_watch();
}

/* Some more than the limit costs the stream: the sender is told which header list it may send. */
static void one_header_in_http2(void **state)
{
    (void)state;
    struct attack a;
    attack_init(&a);
    attack_open(&a);
    block_of(&a, 2, 40000);
    assert_true(attack_send(&a));
    assert_int_equal(a.host.refused[OTLP_REFUSED_HEADERS], 1);
    assert_int_equal(a.host.requests, 0);
    assert_int_equal(a.headers, 1); /* answered */
    assert_in_range(memory_peak(), 0, H2_PEAK);
    host_serves_others(&a.host);
    attack_finish(&a);
}

static void many_headers_in_http2(void **state)
{
    (void)state;
    struct attack a;
    attack_init(&a);
    attack_open(&a);
    block_of(&a, 1500, 1); /* 51 KB as the list is counted, 6 KB on the wire */
    assert_true(attack_send(&a));
    assert_int_equal(a.host.refused[OTLP_REFUSED_HEADERS], 1);
    assert_int_equal(a.host.requests, 0);
    assert_in_range(memory_peak(), 0, H2_PEAK);
    host_serves_others(&a.host);
    attack_finish(&a);
}

/* Far more is a bomb, and ends the connection. */
static void a_huge_block_in_http2(void **state)
{
    (void)state;
    struct attack a;
    attack_init(&a);
    attack_open(&a);
    block_of(&a, 8, 60000);
    assert_false(attack_send(&a));
    enum otlp_refusal why = a.host.refused[OTLP_REFUSED_HEADERS] ? OTLP_REFUSED_HEADERS : OTLP_REFUSED_FLOOD;
    attack_expect_over(&a, why, H2_PEAK);
    attack_finish(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_target_without_end),  cmocka_unit_test(a_value_without_end),
        cmocka_unit_test(a_name_without_end),    cmocka_unit_test(headers_without_end),
        cmocka_unit_test(many_small_headers),    cmocka_unit_test(empty_lines_without_end),
        cmocka_unit_test(one_header_in_http2),   cmocka_unit_test(many_headers_in_http2),
        cmocka_unit_test(a_huge_block_in_http2),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
