#include "test.h"

#include "clock.h"
#include "grpc_trailers.h"
#include "upstream_policy.h"

static void read_all(int http, const char *status, const char *message, const char *details,
                     struct grpc_trailers *out)
{
    grpc_trailers_read(http, slice_str(status), slice_str(message), slice_str(details), out);
}

static void codes(void **state)
{
    (void)state;
    struct grpc_trailers t;
    read_all(200, "0", NULL, NULL, &t);
    assert_true(t.has_status);
    assert_int_equal(t.code, GRPC_CODE_OK);
    read_all(200, " 14 ", NULL, NULL, &t);
    assert_int_equal(t.code, GRPC_CODE_UNAVAILABLE);
    read_all(503, "3", NULL, NULL, &t); /* a grpc-status wins over the HTTP status */
    assert_int_equal(t.code, 3);
    static const char *const wrong[] = {"", "-1", "x", "0x3", "3 4", "99999999999999999999", "4294967296"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        read_all(200, wrong[i], NULL, NULL, &t);
        if (t.code != GRPC_CODE_UNKNOWN || !t.has_status)
            fail_msg("\"%s\" is %d", wrong[i], t.code);
    }
    read_all(503, NULL, NULL, NULL, &t);
    assert_false(t.has_status);
    assert_int_equal(t.code, GRPC_CODE_UNAVAILABLE);
    read_all(200, NULL, NULL, NULL, &t);
    assert_int_equal(t.code, GRPC_CODE_UNKNOWN);
}

static void expect_decoded(const char *in, const char *out)
{
    char got[64];
    size_t n = grpc_percent_decode(slice_str(in), got, sizeof got);
    assert_string_equal(got, out);
    assert_int_equal(n, strlen(out));
}

static void percent(void **state)
{
    (void)state;
    expect_decoded("", "");
    expect_decoded("plain", "plain");
    expect_decoded("a%20b%25c%0a", "a b%c\n");
    expect_decoded("caf%C3%A9 caf%c3%a9", "caf\xc3\xa9 caf\xc3\xa9");
    expect_decoded("100%", "100%");
    expect_decoded("%4", "%4");
    expect_decoded("%zz%41", "%zzA");
    expect_decoded("%%41", "%A");
    char four[4];
    assert_int_equal(grpc_percent_decode(SLICE_LIT("%41%42%43%44"), four, sizeof four), 3);
    assert_string_equal(four, "ABC");
    assert_int_equal(grpc_percent_decode(SLICE_LIT("abc"), four, 1), 0);
}

static void expect_base64(const char *in, const char *out)
{
    uint8_t got[16];
    size_t len;
    if (!grpc_base64_decode(slice_str(in), got, sizeof got, &len))
        fail_msg("\"%s\" was not decoded", in);
    assert_int_equal(len, strlen(out));
    assert_memory_equal(got, out, len);
}

static void base64(void **state)
{
    (void)state;
    expect_base64("", "");
    expect_base64("QQ==", "A");
    expect_base64("QQ", "A");
    expect_base64("QUI=", "AB");
    expect_base64("QUI", "AB");
    expect_base64("QUJD", "ABC");
    expect_base64("QUJDRA", "ABCD");
    expect_base64("/+8=", "\xff\xef");
    expect_base64("QUJD,QQ", "ABC");
    expect_base64(" QUJD ", "ABC");
    static const char *const wrong[] = {"Q",     "QQ=",   "Q===", "====", "=",
                                        "QUJDR", "QU JD", "_-8=", "QR",   "QQ==QQ=="};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        uint8_t got[16];
        size_t len;
        if (grpc_base64_decode(slice_str(wrong[i]), got, sizeof got, &len))
            fail_msg("\"%s\" was taken for %zu bytes", wrong[i], len);
    }
    uint8_t three[3];
    size_t len;
    assert_true(grpc_base64_decode(SLICE_LIT("QUJD"), three, sizeof three, &len));
    assert_false(grpc_base64_decode(SLICE_LIT("QUJDRA"), three, sizeof three, &len));
}

/* Status{code 8, message "busy", details [RetryInfo{retry_delay 1 s 500000000 ns}]} */
static const char with_retry[] =
    "CAgSBGJ1c3kaNgoodHlwZS5nb29nbGVhcGlzLmNvbS9nb29nbGUucnBjLlJldHJ5SW5mbxIKCggIARCAyrXuAQ";

static void details(void **state)
{
    (void)state;
    struct grpc_trailers t;
    read_all(200, "8", "said", with_retry, &t);
    assert_true(t.retry.present && t.retry.has_delay);
    assert_int_equal(t.retry.delay_ns, 1500 * NS_PER_MS);
    assert_string_equal(t.message, "said");
    read_all(200, "8", NULL, with_retry, &t);
    assert_string_equal(t.message, "busy");
    static const char *const wrong[] = {"", "!", "CAgSBGJ1", "AAAA", "////"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        read_all(200, "8", "said", wrong[i], &t);
        if (t.retry.present || t.code != 8)
            fail_msg("details \"%s\"", wrong[i]);
        assert_string_equal(t.message, "said");
    }
    char large[40000];
    memset(large, 'A', sizeof large - 1);
    large[sizeof large - 1] = '\0';
    read_all(200, "8", NULL, large, &t);
    assert_false(t.retry.present);
}

/* Whatever stands there: nothing breaks (under the sanitizers), and texts end. */
static void any_bytes(void **state)
{
    (void)state;
    char text[300];
    uint32_t seed = 1;
    for (int round = 0; round < 3000; round++) {
        size_t n = (size_t)round % sizeof text;
        for (size_t i = 0; i < n; i++) {
            seed = seed * 1664525 + 1013904223;
            text[i] = round % 2 ? (char)(seed >> 24) : with_retry[(seed >> 16) % (sizeof with_retry - 1)];
        }
        struct grpc_trailers t;
        struct slice s = slice_make(text, n);
        grpc_trailers_read(200, s, s, s, &t);
        assert_true(memchr(t.message, '\0', sizeof t.message) != NULL);
        assert_true(t.retry.delay_ns >= 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes),   cmocka_unit_test(percent),   cmocka_unit_test(base64),
        cmocka_unit_test(details), cmocka_unit_test(any_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
