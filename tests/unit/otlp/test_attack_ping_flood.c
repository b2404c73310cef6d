/* PINGs for us to answer (CVE-2019-9512). */
#include "test.h"

#include "h2_attack.h"
#include "h2_guard.h"

static void ping(struct attack *a, uint8_t flags)
{
    attack_frame(a, NGHTTP2_PING, flags, 0, slice_make("12345678", 8));
}

static void ends_the_connection(void **state)
{
    (void)state;
    for (size_t at_once = 1; at_once <= 10000; at_once *= 100) {
        struct attack a;
        attack_init(&a);
        attack_open(&a);
        do {
            for (size_t i = 0; i < at_once; i++)
                ping(&a, 0);
            assert_in_range(a.fed, 0, 1000000);
        } while (attack_send(&a));
        /* Answered, unless the end comes with the first of them. */
        assert_int_equal(a.pings, at_once <= H2_PINGS_MAX ? H2_PINGS_MAX : 0);
        attack_expect_over(&a, OTLP_REFUSED_FLOOD, ATTACK_CONNECTION_BYTES);
        attack_finish(&a);
    }
}

static void a_peer_that_pings_and_never_reads_is_held_back_or_sent_away(void **state)
{
    (void)state;
    struct attack a;
    attack_init(&a);
    attack_open(&a);
    a.host.stalled = true;
    do
        ping(&a, 0);
    while (attack_send(&a) && a.fed < 1000000 && core_wants_input(a.host.core) &&
           !a.host.refused[OTLP_REFUSED_FLOOD]);
    assert_int_equal(a.host.refused[OTLP_REFUSED_FLOOD], 1);
    assert_in_range(memory_peak(), 0, ATTACK_CONNECTION_BYTES);
    host_expire_after(&a.host, a.host.limits.idle_ms);
    assert_int_equal(core_state(a.host.core), CORE_DEAD);
    attack_finish(&a);
}

static void pings_now_and_then_are_fine(void **state)
{
    (void)state;
    struct attack a;
    attack_init(&a);
    attack_open(&a);
    for (int i = 0; i < 2000; i++) {
        ping(&a, 0);
        assert_true(attack_send(&a));
        a.host.now += H2_GUARD_WINDOW_MS / H2_PINGS_MAX + 2;
    }
    assert_int_equal(a.pings, 2000);
    attack_finish(&a);
}

/* As clients that measure the bandwidth do: a PING for every answer. */
static void pings_with_every_request_are_fine(void **state)
{
    (void)state;
    struct attack a;
    attack_init(&a);
    attack_open(&a);
    for (int32_t id = 1; id < 4000; id += 2) {
        attack_headers(&a, id, 0);
        attack_frame(&a, NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, id, slice_make("\0\0\0\0\0", 5));
        ping(&a, 0);
        assert_true(attack_send(&a));
    }
    assert_int_equal(a.pings, 2000);
    attack_finish(&a);
}

static void acknowledgements_without_end_are_a_flood_too(void **state)
{
    (void)state;
    struct attack a;
    attack_init(&a);
    attack_open(&a);
    do {
        ping(&a, NGHTTP2_FLAG_ACK);
        assert_in_range(a.fed, 0, (H2_CONTROL_MAX + 2) * 17 + 100);
    } while (attack_send(&a));
    attack_expect_over(&a, OTLP_REFUSED_FLOOD, ATTACK_CONNECTION_BYTES);
    attack_finish(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends_the_connection),
        cmocka_unit_test(a_peer_that_pings_and_never_reads_is_held_back_or_sent_away),
        cmocka_unit_test(pings_now_and_then_are_fine),
        cmocka_unit_test(pings_with_every_request_are_fine),
        cmocka_unit_test(acknowledgements_without_end_are_a_flood_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
