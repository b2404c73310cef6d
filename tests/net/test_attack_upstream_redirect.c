/* An upstream that sends us elsewhere: telemetry goes where the user said, and nowhere else. */
#include "test.h"

#include "villain.h"

#include <stdio.h>

static void redirected(unsigned status, const char *location)
{
    struct villain v;
    char answer[512];
    villain_start(&v, UPSTREAM_PROTOCOL_HTTP);
    snprintf(answer, sizeof answer,
             "HTTP/1.1 %u Moved\r\nLocation: %s\r\nRefresh: 0; url=%s\r\nContent-Length: 0\r\n\r\n", status,
             location ? location : v.elsewhere, location ? location : v.elsewhere);
    v.first = slice_str(answer);
    villain_ask(&v);
    assert_int_equal(v.answer.outcome, UPSTREAM_REFUSED);
    assert_int_equal(v.answer.status, status);
    assert_int_equal(v.connections, 1);
    assert_int_equal(v.strays, 0);
    villain_expect_peak(VILLAIN_BASE_BYTES);
    villain_finish(&v);
}

static void to_another_place_is_not_followed(void **state)
{
    (void)state;
    static const unsigned all[] = {300, 301, 302, 303, 307, 308};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        redirected(all[i], NULL);
}

static void to_a_file_is_not_followed(void **state)
{
    (void)state;
    redirected(302, "file:///etc/passwd");
    redirected(307, "gopher://127.0.0.1:1/_x");
    redirected(301, "scp://127.0.0.1/x");
    redirected(302, "//127.0.0.1/");
    redirected(302, "");
}

/* Nor does it go there by other means. */
static void by_alt_svc_or_authentication_is_not_followed(void **state)
{
    (void)state;
    static const char *const answers[] = {
        "HTTP/1.1 401 Who\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 401 Who\r\nWWW-Authenticate: Negotiate, NTLM\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 421 Not here\r\nAlt-Svc: h2=\"127.0.0.1:1\"\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 426 Upgrade\r\nUpgrade: h2c\r\nConnection: Upgrade\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        struct villain v;
        villain_start(&v, UPSTREAM_PROTOCOL_HTTP);
        v.first = slice_str(answers[i]);
        v.then = VILLAIN_HANGS_UP;
        villain_ask(&v);
        assert_int_not_equal(v.answer.outcome, UPSTREAM_TAKEN);
        assert_int_equal(v.connections, 1);
        assert_int_equal(v.strays, 0);
        villain_finish(&v);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(to_another_place_is_not_followed),
        cmocka_unit_test(to_a_file_is_not_followed),
        cmocka_unit_test(by_alt_svc_or_authentication_is_not_followed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
