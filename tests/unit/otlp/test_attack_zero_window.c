/* A peer that asks for answers and never lets them go: by its windows, or by not reading. */
#include "test.h"

#include "h2_attack.h"

#define PEAK (ATTACK_CONNECTION_BYTES + H2_STREAMS_MAX * ATTACK_STREAM_BYTES)

static void request(struct attack *a, int32_t id)
{
    attack_headers(a, id, 0);
    attack_frame(a, NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, id, slice_make("\0\0\0\0\0", 5));
}

static void stalled_answers_are_dropped_and_their_streams_freed(void **state)
{
    (void)state;
    struct attack a;
    attack_init(&a);
    attack_open(&a);
    attack_frame(&a, NGHTTP2_SETTINGS, 0, 0, slice_make("\0\4\0\0\0\0", 6)); /* windows of 0 */
    attack_frame(&a, NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, SLICE_LIT(""));
    for (int32_t id = 1; id < 2 * H2_STREAMS_MAX; id += 2)
        request(&a, id);
    assert_true(attack_send(&a));
    assert_int_equal(a.host.requests, H2_STREAMS_MAX);
    assert_int_equal(a.headers, H2_STREAMS_MAX); /* headers need no window */
    assert_in_range(memory_peak(), 0, PEAK);
    host_expire_after(&a.host, a.host.limits.idle_ms);
    assert_int_equal(a.host.refused[OTLP_REFUSED_TIMEOUT], H2_STREAMS_MAX);
    attack_frame(&a, NGHTTP2_SETTINGS, 0, 0, slice_make("\0\4\0\0\1\0", 6));
    request(&a, 2 * H2_STREAMS_MAX + 1);
    assert_true(attack_send(&a));
    assert_int_equal(a.resets, H2_STREAMS_MAX);
    assert_int_equal(a.headers, H2_STREAMS_MAX + 2); /* with the trailers */
    assert_int_equal(core_state(a.host.core), CORE_OPEN);
    attack_finish(&a);
}

/* The reset of a stalled stream cannot leave either: its deadline must not come again and again. */
static void both_stalls_together_do_not_spin(void **state)
{
    (void)state;
    struct attack a;
    attack_init(&a);
    attack_open(&a);
    attack_frame(&a, NGHTTP2_SETTINGS, 0, 0, slice_make("\0\4\0\0\0\0", 6));
    request(&a, 1);
    assert_true(attack_send(&a));
    a.host.now += 1000;
    a.host.stalled = true;
    attack_frame(&a, NGHTTP2_PING, 0, 0, slice_make("12345678", 8));
    assert_true(attack_send(&a));
    host_expire_after(&a.host, a.host.limits.idle_ms - 1000);
    assert_int_equal(a.host.refused[OTLP_REFUSED_TIMEOUT], 1);
    host_expire_after(&a.host, 1000);
    assert_int_equal(a.host.refused[OTLP_REFUSED_TIMEOUT], 2);
    assert_int_equal(core_state(a.host.core), CORE_DEAD);
    attack_finish(&a);
}

static void a_window_that_opens_byte_by_byte_is_not_a_stall(void **state)
{
    (void)state;
    struct attack a;
    attack_init(&a);
    attack_open(&a);
    attack_frame(&a, NGHTTP2_SETTINGS, 0, 0, slice_make("\0\4\0\0\0\0", 6));
    request(&a, 1);
    assert_true(attack_send(&a));
    for (int i = 0; i < 7; i++) { /* prefix and "ok" */
        a.host.now += a.host.limits.idle_ms - 1;
        core_expire(a.host.core, a.host.now);
        assert_int_equal(a.headers, 1);
        attack_frame(&a, NGHTTP2_WINDOW_UPDATE, 0, 1, slice_make("\0\0\0\1", 4));
        assert_true(attack_send(&a));
    }
    assert_int_equal(a.headers, 2);
    assert_int_equal(a.host.refused[OTLP_REFUSED_TIMEOUT], 0);
    attack_finish(&a);
}

static void a_peer_that_reads_nothing_is_not_read_from_and_dropped(void **state)
{
    (void)state;
    struct attack a;
    attack_init(&a);
    attack_open(&a);
    a.host.stalled = true;
    int32_t id = 1;
    while (core_wants_input(a.host.core) && core_state(a.host.core) == CORE_OPEN && id < 2 * H2_STREAMS_MAX) {
        request(&a, id);
        attack_send(&a);
        id += 2;
    }
    assert_in_range(memory_peak(), 0, PEAK);
    host_expire_after(&a.host, a.host.limits.idle_ms);
    assert_int_equal(core_state(a.host.core), CORE_DEAD);
    assert_int_equal(a.host.refused[OTLP_REFUSED_TIMEOUT], 1);
    attack_finish(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stalled_answers_are_dropped_and_their_streams_freed),
        cmocka_unit_test(both_stalls_together_do_not_spin),
        cmocka_unit_test(a_window_that_opens_byte_by_byte_is_not_a_stall),
        cmocka_unit_test(a_peer_that_reads_nothing_is_not_read_from_and_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
