/* SETTINGS for us to apply and answer (CVE-2019-9515), and SETTINGS with thousands of entries
 * (CVE-2020-11080). */
#include "test.h"

#include "h2_attack.h"
#include "h2_guard.h"

static void ends_the_connection(void **state)
{
    (void)state;
    for (size_t at_once = 1; at_once <= 10000; at_once *= 100) {
        struct attack a;
        attack_init(&a);
        attack_open(&a);
        do {
            for (size_t i = 0; i < at_once; i++)
                attack_frame(&a, NGHTTP2_SETTINGS, 0, 0, slice_make("\0\4\0\0\1\0", i % 2 ? 6 : 0));
            assert_in_range(a.fed, 0, 1000000);
        } while (attack_send(&a));
        /* Ours, and acknowledgements of the preface's and of what came before the last packet. */
        assert_int_equal(a.settings, at_once == 1 ? 1 + H2_SETTINGS_MAX : 2);
        attack_expect_over(&a, OTLP_REFUSED_FLOOD, ATTACK_CONNECTION_BYTES);
        attack_finish(&a);
    }
}

static void thousands_of_entries_end_the_connection(void **state)
{
    (void)state;
    struct attack a;
    static char entries[6 * 2000];
    for (size_t i = 0; i < sizeof entries; i += 6)
        memcpy(entries + i, "\0\4\0\1\0\0", 6);
    attack_init(&a);
    attack_open(&a);
    attack_frame(&a, NGHTTP2_SETTINGS, 0, 0, slice_make(entries, sizeof entries));
    assert_false(attack_send(&a));
    assert_int_equal(a.goaway, NGHTTP2_ENHANCE_YOUR_CALM);
    assert_int_equal(a.host.refused[OTLP_REFUSED_FLOOD], 1);
    assert_in_range(memory_peak(), 0, ATTACK_CONNECTION_BYTES);
    attack_finish(&a);
}

static void a_change_now_and_then_is_fine(void **state)
{
    (void)state;
    struct attack a;
    attack_init(&a);
    attack_open(&a);
    for (int i = 0; i < 100; i++) {
        a.host.now += H2_GUARD_WINDOW_MS / H2_SETTINGS_MAX + 1;
        attack_frame(&a, NGHTTP2_SETTINGS, 0, 0, slice_make("\0\4\0\1\0\0", 6));
        assert_true(attack_send(&a));
    }
    assert_int_equal(a.settings, 102);
    attack_finish(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends_the_connection),
        cmocka_unit_test(thousands_of_entries_end_the_connection),
        cmocka_unit_test(a_change_now_and_then_is_fine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
