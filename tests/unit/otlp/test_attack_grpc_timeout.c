/* grpc-timeout that is no time, or one that would overflow, or one that is over before it begins. */
#include "test.h"

#include "h2_attack.h"

#define STREAM_BYTES ((size_t)96 * 1024) /* the connection and one stream */
#define HOUR_MS      UINT64_C(3600000)

static void call(struct attack *a, int32_t id, const char *timeout)
{
    struct buf block;
    buf_init(&block, 1000);
    peer_block(&block);
    buf_append_char(&block, 0);
    buf_append_char(&block, (char)strlen("grpc-timeout"));
    buf_append_str(&block, "grpc-timeout");
    buf_append_char(&block, (char)strlen(timeout));
    assert_int_equal(buf_append_str(&block, timeout), CT_OK);
    attack_frame(a, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, id, buf_slice(&block));
    buf_finish(&block);
    attack_frame(a, NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, id, slice_make("\0\0\0\0\0", 5));
    assert_true(attack_send(a));
}

static void nonsense_costs_its_call(void **state)
{
    (void)state;
    static const char *const nonsense[] = {
        "",           "soon",
        "m",          "10",
        "-1S",        "+1S",
        "1.5S",       "1e3S",
        "0x1S",       "1 S",
        "1S,2S",      "1SS",
        "999999999S", "18446744073709551616H",
        "\xc2\xb2S",  "99999999999999999999999999999999999999999999999999999999999999999H"};
    struct attack a;
    attack_init(&a);
    attack_open(&a);
    int32_t id = 1;
    for (size_t i = 0; i < sizeof nonsense / sizeof *nonsense; i++, id += 2) {
        call(&a, id, nonsense[i]);
        if (a.host.requests != 0 || a.host.refused[OTLP_REFUSED_MALFORMED] != i + 1)
            fail_msg("\"%s\": %zu requests, %u refused", nonsense[i], a.host.requests,
                     a.host.refused[OTLP_REFUSED_MALFORMED]);
    }
    assert_in_range(memory_peak(), 0, STREAM_BYTES);
    assert_int_equal(a.host.budget.used, 0);
    host_serves_others(&a.host);
    attack_headers(&a, id, 0);
    attack_frame(&a, NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, id, slice_make("\0\0\0\0\0", 5));
    assert_true(attack_send(&a));
    assert_int_equal(a.host.requests, 1);
    attack_finish(&a);
}

/* The longest one there is must not wrap round into the past, nor move the deadlines of others. */
static void the_longest_is_long(void **state)
{
    (void)state;
    struct attack a;
    attack_init(&a);
    a.host.hold = true;
    a.host.now = UINT64_MAX / 4; /* a clock that has been running for a while */
    attack_open(&a);
    call(&a, 1, "99999999H");
    assert_int_equal(a.host.requests, 1);
    assert_int_equal(core_deadline(a.host.core), a.host.now + 99999999 * HOUR_MS);
    a.host.now += 10 * HOUR_MS;
    core_expire(a.host.core, a.host.now);
    host_answer(&a.host, 0, "");
    assert_true(attack_send(&a));
    assert_int_equal(a.host.refused[OTLP_REFUSED_TIMEOUT], 0);
    attack_finish(&a);
}

/* As many calls as there may be, over before they begin: each is answered once and none spins. */
static void the_shortest_are_answered_at_once(void **state)
{
    (void)state;
    static const char *const short_ones[] = {"0S", "0n", "1n", "00000000H"};
    struct attack a;
    attack_init(&a);
    a.host.hold = true;
    attack_open(&a);
    for (int32_t i = 0; i < H2_STREAMS_MAX; i++)
        call(&a, 2 * i + 1, short_ones[i % 4]);
    a.host.now += 2;
    core_expire(a.host.core, a.host.now);
    host_pump(&a.host);
    assert_true(attack_send(&a));
    assert_in_range(memory_peak(), 0, H2_STREAMS_MAX * STREAM_BYTES / 8);
    for (size_t i = 0; i < a.host.held_count; i++) /* orphans: what the handler says is dropped */
        host_answer(&a.host, i, "late");
    uint64_t due = core_deadline(a.host.core);
    assert_true(due == 0 || due > a.host.now);
    assert_int_equal(a.host.budget.used, 0);
    host_serves_others(&a.host);
    attack_finish(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nonsense_costs_its_call),
        cmocka_unit_test(the_longest_is_long),
        cmocka_unit_test(the_shortest_are_answered_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
