/* Which host names are ours, and which Authorization header shows the token. */
#include "test.h"

#include "admission.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <unistd.h>

static struct ip_address arrived(const char *text)
{
    struct ip_address a = {.family = IP_NONE};
    if (text)
        assert_true(ip_address_parse(slice_str(text), strchr(text, ':') ? IP_V6 : IP_V4, &a));
    return a;
}

static bool allowed(const struct admission *a, const char *host, const char *at)
{
    struct ip_address address = arrived(at);
    /* A copy without anything behind it: reading on would be seen. */
    size_t len = strlen(host);
    char *copy = malloc(len ? len : 1);
    memcpy(copy, host, len);
    bool good = admission_host(a, slice_make(copy, len), &address);
    free(copy);
    return good;
}

static void our_own_names(void **state)
{
    (void)state;
    static const char *const good[] = {
        "localhost",
        "LOCALHOST",
        "localhost.",
        "localhost:4318",
        "localhost.:4318",
        "localhost:",
        "127.0.0.1",
        "127.0.0.1:1",
        "127.0.0.1.",
        "127.1.2.3",
        "127.255.255.255",
        "[::1]",
        "[::1]:4317",
        "[0:0::1]",
        "[::ffff:127.0.0.1]",
        "a.localhost",
        "a.b.LocalHost.:99999",
        "192.0.2.7",
        "192.0.2.7:80",
        "[::ffff:192.0.2.7]",
    };
    static const char *const bad[] = {
        "",
        ".",
        ":4318",
        "evil.example",
        "evil.example:4318",
        "evil.example.",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "evil.example.localhost.evil.example",
        "evillocalhost",
        ".localhost",
        "localhost..",
        "localhost.localdomain",
        "localhost@evil.example",
        "evil.example@localhost",
        "localhost:4318@evil.example",
        "localhost:4318:4318",
        "localhost:4318x",
        "localhost:-1",
        "localhost:123456",
        "localhost/",
        "localhost,evil.example",
        "localhost evil.example",
        " localhost",
        "localhost ",
        "http://localhost",
        "127.0.0.1,evil.example",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "127.0.0.01",
        "127.0.0.1..",
        "127.0.0.256",
        "0.0.0.0",
        "0",
        "[::]",
        "::1",
        "[::1",
        "::1]",
        "[]",
        "[::1]]",
        "[::1].",
        "[::1]x",
        "[::1%lo]",
        "[::1%25lo]",
        "[localhost]",
        "[127.0.0.1]",
        "[v1.localhost]",
        "[::1].evil.example",
        "[::2]",
        "[::ffff:192.0.2.8]",
        "192.0.2.8",
        "192.0.2.7.evil.example",
        "10.0.0.1",
        "host.docker.internal",
        "*",
        "xn--lcalhost-54a",
        "l\xc3\xb6"
        "calhost",
        "\xe2\x93\x9b"
        "ocalhost",
        "localhost\xe3\x80\x82",
        "\"localhost\"",
    };
    struct admission a;
    assert_int_equal(admission_init(&a, NULL, NULL, NULL), CT_OK);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (!allowed(&a, good[i], "192.0.2.7"))
            fail_msg("%s is ours", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (allowed(&a, bad[i], "192.0.2.7"))
            fail_msg("%s is not ours", bad[i]);
    assert_true(allowed(&a, "[::1]:", NULL)); /* an empty port is a port (RFC 3986, 3.2.3) */
    /* NUL ends nothing. */
    struct ip_address at = arrived(NULL);
    assert_false(admission_host(&a, slice_make("127.0.0.1\0.evil", 15), &at));
    assert_false(admission_host(&a, slice_make("localhost\0", 10), &at));
    char longest[400];
    memset(longest, 'a', sizeof longest);
    memcpy(longest + sizeof longest - 11, ".localhost", 11);
    assert_false(allowed(&a, longest, NULL));
    admission_finish(&a);
}

static void the_address_it_came_to(void **state)
{
    (void)state;
    struct admission a;
    assert_int_equal(admission_init(&a, NULL, NULL, NULL), CT_OK);
    assert_true(allowed(&a, "[2001:db8::1]:4318", "2001:db8::1"));
    assert_true(allowed(&a, "[2001:DB8:0::0:1]", "2001:db8::1"));
    assert_false(allowed(&a, "[2001:db8::2]", "2001:db8::1"));
    assert_true(allowed(&a, "192.0.2.1", "::ffff:192.0.2.1"));
    assert_false(allowed(&a, "192.0.2.1", NULL));
    assert_false(allowed(&a, "0.0.0.0", NULL));
    assert_false(allowed(&a, "[::]", NULL));
    admission_finish(&a);
}

static void this_machine(void **state)
{
    (void)state;
    char name[256] = "";
    struct admission a;
    assert_int_equal(gethostname(name, sizeof name - 8), 0);
    assert_int_equal(admission_init(&a, NULL, NULL, NULL), CT_OK);
    assert_true(allowed(&a, name, NULL));
    strcat(name, ":4318");
    assert_true(allowed(&a, name, NULL));
    strcpy(strchr(name, ':'), "x");
    assert_false(allowed(&a, name, NULL));
    admission_finish(&a);
}

static void names_from_the_settings(void **state)
{
    (void)state;
    static const char *const list[] = {"Top.Example.org.",
                                       "host.docker.internal:4318",
                                       "10.1.2.3",
                                       "2001:db8::9",
                                       "[2001:db8::10]",
                                       "under_score",
                                       NULL};
    static const char *const good[] = {"top.example.org", "TOP.EXAMPLE.ORG.:1", "host.docker.internal",
                                       "10.1.2.3:5",      "[2001:db8::9]",      "[2001:db8:0::10]:4318",
                                       "under_score"};
    static const char *const bad[] = {"a.top.example.org", "xtop.example.org", "example.org",
                                      "10.1.2.4",          "[2001:db8::11]",   "internal"};
    struct admission a;
    struct ct_errmsg msg;
    assert_int_equal(admission_init(&a, list, NULL, &msg), CT_OK);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (!allowed(&a, good[i], NULL))
            fail_msg("%s is allowed", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (allowed(&a, bad[i], NULL))
            fail_msg("%s is not allowed", bad[i]);
    admission_finish(&a);

    const char *const all[] = {"x", "*", NULL};
    assert_int_equal(admission_init(&a, all, NULL, &msg), CT_OK);
    assert_true(allowed(&a, "evil.example", NULL));
    admission_finish(&a);

    static const char *const wrong[] = {"http://x", "a b",           "x/",  "", ".x", "-x",
                                        "[::1",     "*.example.org", "x:y", "@"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const char *const one[] = {wrong[i], NULL};
        if (admission_init(&a, one, NULL, &msg) != CT_ERR_USAGE)
            fail_msg("%s is no host", wrong[i]);
        assert_non_null(strstr(msg.text, "allowed_hosts"));
        admission_finish(&a); /* legal, and nothing leaks */
    }
    const char *many[RECEIVER_HOSTS_MAX + 2];
    for (size_t i = 0; i <= RECEIVER_HOSTS_MAX; i++)
        many[i] = "x";
    many[RECEIVER_HOSTS_MAX + 1] = NULL;
    assert_int_equal(admission_init(&a, many, NULL, &msg), CT_ERR_USAGE);
    many[RECEIVER_HOSTS_MAX] = NULL;
    assert_int_equal(admission_init(&a, many, NULL, &msg), CT_OK);
    admission_finish(&a);
}

#define TOKEN "abcdefghijklmnop-._~+/=0"

static void tokens_that_are_none(void **state)
{
    (void)state;
    static const char *const wrong[] = {"short",
                                        "fifteen-chars15",
                                        "with blank in the middle",
                                        "with\ttab-in-the-middle",
                                        "w\xc3\xb6rd-of-many-letters",
                                        "dollar$dollar$dollar$",
                                        "quote\"quote\"quote\"",
                                        "percent%percent%percent",
                                        "comma,comma,comma,comma",
                                        "new\nline-new-line-new"};
    struct admission a;
    struct ct_errmsg msg;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        if (admission_init(&a, NULL, wrong[i], &msg) != CT_ERR_USAGE)
            fail_msg("\"%s\" is no token", wrong[i]);
        assert_null(strstr(msg.text, wrong[i])); /* it may be a secret with a mistake in it */
    }
    char longest[RECEIVER_TOKEN_MAX + 2];
    memset(longest, 'a', sizeof longest);
    longest[RECEIVER_TOKEN_MAX + 1] = '\0';
    assert_int_equal(admission_init(&a, NULL, longest, &msg), CT_ERR_USAGE);
    longest[RECEIVER_TOKEN_MAX] = '\0';
    assert_int_equal(admission_init(&a, NULL, longest, &msg), CT_OK);
    admission_finish(&a);
}

static void the_token(void **state)
{
    (void)state;
    static const char *const good[] = {"Bearer " TOKEN, "bearer " TOKEN, "BEARER  " TOKEN,
                                       "Bearer " TOKEN " "};
    static const char *const bad[] = {"",
                                      "Bearer",
                                      "Bearer ",
                                      TOKEN,
                                      "Bearer" TOKEN,
                                      "Basic " TOKEN,
                                      "Bearer " TOKEN "x",
                                      "Bearer x" TOKEN,
                                      "Bearer " TOKEN ", Bearer " TOKEN,
                                      "Bearer ABCDEFGHIJKLMNOP-._~+/=0",
                                      "Bearer abcdefghijklmnop-._~+/=1",
                                      "Bearer abcdefghijklmnop-._~+/="};
    struct admission a;
    struct ct_errmsg msg;
    assert_int_equal(admission_init(&a, NULL, TOKEN, &msg), CT_OK);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (!admission_is_token(&a, slice_str(good[i])))
            fail_msg("\"%s\" is the token", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (admission_is_token(&a, slice_str(bad[i])))
            fail_msg("\"%s\" is not the token", bad[i]);
    struct http_header headers[] = {{SLICE_LIT("x"), SLICE_LIT("Bearer " TOKEN)},
                                    {SLICE_LIT("AUTHORIZATION"), SLICE_LIT("Bearer " TOKEN)},
                                    {SLICE_LIT("Authorization"), SLICE_LIT("Bearer " TOKEN)}};
    struct exchange x = {.headers = headers, .header_count = 1};
    assert_false(admission_token(&a, &x));
    x.header_count = 2;
    assert_true(admission_token(&a, &x));
    x.header_count = 3; /* two of them: who is meant is not clear */
    assert_false(admission_token(&a, &x));
    admission_finish(&a);
    /* Where none is asked for, none is ours. */
    assert_int_equal(admission_init(&a, NULL, "", &msg), CT_OK);
    assert_false(admission_is_token(&a, SLICE_LIT("Bearer ")));
    admission_finish(&a);
}

/* :authority and Host, an absolute-form target and Host: a name that is not ours in either is enough. */
static void requests_that_name_two_hosts(void **state)
{
    (void)state;
    struct admission a;
    struct ip_address at = arrived("127.0.0.1");
    struct slice named;
    assert_int_equal(admission_init(&a, NULL, NULL, NULL), CT_OK);
    struct http_header host[] = {{SLICE_LIT("host"), SLICE_LIT("evil.example")}};
    struct exchange x = {.transport = EXCHANGE_HTTP2, .host = SLICE_LIT("localhost")};
    assert_true(admission_hosts(&a, &x, &at, &named));
    x.headers = host;
    x.header_count = 1;
    assert_false(admission_hosts(&a, &x, &at, &named));
    assert_true(slice_eq_str(named, "evil.example"));
    x = (struct exchange){.transport = EXCHANGE_GRPC}; /* HTTP/2 always has one */
    assert_false(admission_hosts(&a, &x, &at, &named));
    x = (struct exchange){.transport = EXCHANGE_HTTP1}; /* HTTP/1.0 need not */
    assert_true(admission_hosts(&a, &x, &at, &named));
    x.host = SLICE_LIT("");
    assert_false(admission_hosts(&a, &x, &at, &named));
    x.host = SLICE_LIT("localhost");
    x.authority = SLICE_LIT("evil.example");
    assert_false(admission_hosts(&a, &x, &at, &named));
    assert_true(slice_eq_str(named, "evil.example"));
    x.authority = SLICE_LIT("localhost:4318");
    assert_true(admission_hosts(&a, &x, &at, &named));
    x.host = SLICE_LIT("evil.example");
    assert_false(admission_hosts(&a, &x, &at, &named));
    x.authority = SLICE_LIT("");
    x.host = SLICE_LIT("localhost");
    assert_false(admission_hosts(&a, &x, &at, &named));
    admission_finish(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(our_own_names),
        cmocka_unit_test(the_address_it_came_to),
        cmocka_unit_test(this_machine),
        cmocka_unit_test(names_from_the_settings),
        cmocka_unit_test(tokens_that_are_none),
        cmocka_unit_test(the_token),
        cmocka_unit_test(requests_that_name_two_hosts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
