/* Requests that are cancelled as soon as they are made (CVE-2023-44487), or made to be reset (CVE-2025-8671).
 */
#include "test.h"

#include "h2_attack.h"
#include "h2_guard.h"

/* Cancelled requests are the handler's until it has answered; all others leave nothing. */
#define PEAK        (2 * ATTACK_CONNECTION_BYTES)
#define HANDED_PEAK (ATTACK_CONNECTION_BYTES + (H2_RESETS_MAX + 1) * ATTACK_REQUEST_BYTES)
/* A frame that waits in the session. */
#define QUEUED_BYTES ((size_t)768)

static const struct slice no_error = {"\0\0\0\0", 4};
static const struct slice cancel = {"\0\0\0\10", 4};

static void flood(bool whole, struct slice code)
{
    struct attack a;
    attack_init(&a);
    a.host.hold = true;
    attack_open(&a);
    int32_t id = 1;
    do {
        attack_headers(&a, id, 0);
        if (whole)
            attack_frame(&a, NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, id, slice_make("\0\0\0\0\0", 5));
        attack_frame(&a, NGHTTP2_RST_STREAM, 0, id, code);
        id += 2;
        assert_in_range(id, 1, 10000);
    } while (attack_send(&a));
    assert_int_equal(id, 2 * (H2_RESETS_MAX + 1) + 1);
    assert_int_equal(a.host.requests, whole ? H2_RESETS_MAX + 1 : 0);
    attack_expect_over(&a, OTLP_REFUSED_FLOOD, whole ? HANDED_PEAK : PEAK);
    attack_finish(&a);
}

static void ends_the_connection(void **state)
{
    (void)state;
    flood(false, cancel);
    flood(true, cancel);
    flood(false, no_error);
}

static void in_one_packet_it_ends_the_connection_at_the_same_point(void **state)
{
    (void)state;
    struct attack a;
    attack_init(&a);
    a.host.hold = true;
    attack_open(&a);
    for (int32_t id = 1; id < 1000; id += 2) {
        attack_headers(&a, id, 0);
        attack_frame(&a, NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, id, slice_make("\0\0\0\0\0", 5));
        attack_frame(&a, NGHTTP2_RST_STREAM, 0, id, cancel);
    }
    assert_false(attack_send(&a));
    assert_int_equal(a.host.requests, H2_RESETS_MAX + 1);
    attack_expect_over(&a, OTLP_REFUSED_FLOOD, HANDED_PEAK);
    attack_finish(&a);
}

static void resets_that_we_were_made_to_send_count_as_well(void **state)
{
    (void)state;
    struct attack a;
    attack_init(&a);
    a.host.hold = true;
    attack_open(&a);
    int32_t id = 1;
    do {
        attack_headers(&a, id, 0);
        attack_frame(&a, NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, id, slice_make("\0\0\0\0\0", 5));
        attack_frame(&a, NGHTTP2_WINDOW_UPDATE, 0, id, slice_make("\x7f\xff\xff\xff", 4)); /* past 2^31 */
        id += 2;
        assert_in_range(id, 1, 10000);
    } while (attack_send(&a));
    assert_in_range(a.resets, H2_RESETS_MAX, H2_RESETS_MAX + 1);
    assert_int_equal(a.reset_code, NGHTTP2_FLOW_CONTROL_ERROR);
    assert_in_range(a.host.refused[OTLP_REFUSED_MALFORMED], H2_RESETS_MAX, H2_RESETS_MAX + 1);
    attack_expect_over(&a, OTLP_REFUSED_FLOOD, HANDED_PEAK);
    attack_finish(&a);
}

/* A peer that never acknowledges our SETTINGS may open any number of streams; those past the limit are
 * refused. */
static int32_t open_all_streams(struct attack *a)
{
    int32_t id = 1;
    attack_init(a);
    attack_open(a);
    for (; id < 2 * H2_STREAMS_MAX; id += 2)
        attack_headers(a, id, 0);
    assert_true(attack_send(a));
    return id;
}

static void streams_to_be_refused_count_as_well(void **state)
{
    (void)state;
    struct attack a;
    int32_t id = open_all_streams(&a);
    do {
        attack_headers(&a, id, 0);
        id += 2;
        assert_in_range(id, 1, 10000);
    } while (attack_send(&a));
    assert_int_equal(a.host.refused[OTLP_REFUSED_OVERLOAD], H2_RESETS_MAX + 1);
    attack_expect_over(&a, OTLP_REFUSED_FLOOD,
                       ATTACK_CONNECTION_BYTES + H2_STREAMS_MAX * ATTACK_STREAM_BYTES);
    attack_finish(&a);
}

/* Some output waits, far below H2_OUT_HIGH, so the host takes no more: refusals gather in the session. */
static void refusals_that_are_not_read_do_not_gather(void **state)
{
    (void)state;
    struct attack a;
    int32_t id = open_all_streams(&a);
    a.host.stalled = true;
    attack_frame(&a, NGHTTP2_PING, 0, 0, slice_make("12345678", 8));
    assert_true(attack_send(&a));
    size_t before = memory_used();
    while (core_wants_input(a.host.core)) {
        attack_headers(&a, id, 0);
        core_feed(a.host.core, buf_slice(&a.frames), a.host.now);
        buf_clear(&a.frames);
        id += 2;
        assert_in_range(id, 1, 2 * (H2_STREAMS_MAX + H2_QUEUE_HIGH + 10));
    }
    assert_in_range(memory_used() - before, 0, (H2_QUEUE_HIGH + 10) * QUEUED_BYTES);
    host_expire_after(&a.host, a.host.limits.idle_ms);
    assert_int_equal(core_state(a.host.core), CORE_DEAD);
    attack_finish(&a);
}

static void who_lets_requests_be_served_may_cancel_some(void **state)
{
    (void)state;
    struct attack a;
    attack_init(&a);
    attack_open(&a);
    for (int32_t id = 1; id < 4000; id += 4) {
        attack_headers(&a, id, 0);
        attack_frame(&a, NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, id, slice_make("\0\0\0\0\0", 5));
        attack_headers(&a, id + 2, 0);
        attack_frame(&a, NGHTTP2_RST_STREAM, 0, id + 2, cancel);
        assert_true(attack_send(&a));
    }
    assert_int_equal(a.host.requests, 1000);
    assert_int_equal(a.host.refused[OTLP_REFUSED_FLOOD], 0);
    attack_finish(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends_the_connection),
        cmocka_unit_test(in_one_packet_it_ends_the_connection_at_the_same_point),
        cmocka_unit_test(resets_that_we_were_made_to_send_count_as_well),
        cmocka_unit_test(streams_to_be_refused_count_as_well),
        cmocka_unit_test(refusals_that_are_not_read_do_not_gather),
        cmocka_unit_test(who_lets_requests_be_served_may_cancel_some),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
