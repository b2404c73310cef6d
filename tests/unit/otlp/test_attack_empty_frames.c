/* Frames that carry nothing (CVE-2019-9518), and others that only keep us busy. */
#include "test.h"

#include "h2_attack.h"
#include "h2_guard.h"

struct kind {
    uint8_t type, flags;
    int32_t id;
    struct slice payload;
    size_t most; /* frames until the end */
};

static void flood(const struct kind *k)
{
    struct attack a;
    attack_init(&a);
    attack_open(&a);
    attack_headers(&a, 1, 0);
    size_t sent = 0;
    while (attack_send(&a)) {
        attack_frame(&a, k->type, k->flags, k->id, k->payload);
        assert_in_range(++sent, 1, k->most + 1);
    }
    assert_in_range(sent, k->most - 2, k->most + 1);
    attack_expect_over(&a, OTLP_REFUSED_FLOOD, ATTACK_CONNECTION_BYTES);
    attack_finish(&a);
}

static void ends_the_connection(void **state)
{
    (void)state;
    static const char padding[200] = "\xc7"; /* 199 bytes of it */
    const struct kind kinds[] = {
        {NGHTTP2_DATA, 0, 1, SLICE_LIT(""), H2_EMPTY_MAX},
        {NGHTTP2_DATA, NGHTTP2_FLAG_PADDED, 1, {padding, sizeof padding}, H2_EMPTY_MAX},
        {NGHTTP2_WINDOW_UPDATE, 0, 1, {"\0\0\0\1", 4}, H2_CONTROL_MAX},
        {NGHTTP2_WINDOW_UPDATE, 0, 0, {"\0\0\0\1", 4}, H2_CONTROL_MAX},
        {NGHTTP2_PRIORITY, 0, 1, {"\0\0\0\3\7", 5}, H2_CONTROL_MAX},
        {NGHTTP2_PRIORITY, 0, 9, {"\0\0\0\1\7", 5}, H2_CONTROL_MAX},
        {0xbe, 0, 1, {"?", 1}, H2_CONTROL_MAX}, /* unknown types are ignored, not without end */
    };
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
        flood(&kinds[i]);
}

static void a_message_in_frames_of_one_byte_is_read(void **state)
{
    (void)state;
    struct attack a;
    attack_init(&a);
    attack_open(&a);
    attack_headers(&a, 1, 0);
    attack_frame(&a, NGHTTP2_DATA, 0, 1, slice_make("\0\0\0\x30\0", 5));
    for (size_t i = 0; i < 0x3000; i++) {
        attack_frame(&a, NGHTTP2_DATA, 0, 1, SLICE_LIT("x"));
        if (i % 100 == 0)
            attack_frame(&a, NGHTTP2_DATA, 0, 1, SLICE_LIT("")); /* legal, if it is not all there is */
    }
    attack_frame(&a, NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 1, SLICE_LIT(""));
    assert_true(attack_send(&a));
    assert_int_equal(a.host.requests, 1);
    attack_finish(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends_the_connection),
        cmocka_unit_test(a_message_in_frames_of_one_byte_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
