#include "test.h"

#include "upstream_target.h"

#include <uv.h>

static enum ct_err make(const char *url, const char *own, struct upstream_target *t, struct ct_errmsg *msg)
{
    const char *const addresses[] = {own, NULL};
    *msg = (struct ct_errmsg){{0}};
    return upstream_target_init(t, url, addresses, msg);
}

static void urls(void **state)
{
    (void)state;
    static const struct {
        const char *base, *url;
    } good[] = {
        {"http://127.0.0.1:14318", "http://127.0.0.1:14318/v1/logs"},
        {"http://h/", "http://h/v1/logs"},
        {"https://h:4317/a/b//", "https://h:4317/a/b/v1/logs"},
        {"http://h/x?tenant=a#frag", "http://h/x/v1/logs?tenant=a"},
        {"http://u:p@[::1]:9", "http://u:p@[::1]:9/v1/logs"},
    };
    struct upstream_target t;
    struct ct_errmsg msg;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(make(good[i].base, NULL, &t, &msg), CT_OK);
        char *url = upstream_target_url(&t, SLICE_LIT("/v1/logs"));
        assert_string_equal(url, good[i].url);
        curl_free(url);
        upstream_target_finish(&t);
    }
    static const char *const bad[] = {NULL, "", "h:1", "ftp://h", "http://", "http://h:x", "http://h:99999",
                                      "/v1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(make(bad[i], NULL, &t, &msg), CT_ERR_USAGE);
        assert_non_null(strstr(msg.text, "is no upstream"));
        upstream_target_finish(&t);
    }
}

static void loopback(void **state)
{
    (void)state;
    static const char *const yes[] = {"http://127.0.0.1", "http://127.9.9.9:1",  "http://[::1]:1",
                                      "http://LOCALHOST", "http://x.localhost.", "http://0.0.0.0:4318",
                                      "http://0x7f.1"};
    static const char *const no[] = {"http://127.0.0.1.example", "http://10.0.0.1",
                                     "http://localhost.example", "http://[2001:db8::1]",
                                     "http://notlocalhost"};
    struct upstream_target t;
    struct ct_errmsg msg;
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
        assert_int_equal(make(yes[i], NULL, &t, &msg), CT_OK);
        if (!t.loopback)
            fail_msg("%s is on the loopback", yes[i]);
        upstream_target_finish(&t);
    }
    for (size_t i = 0; i < sizeof no / sizeof *no; i++) {
        assert_int_equal(make(no[i], NULL, &t, &msg), CT_OK);
        if (t.loopback)
            fail_msg("%s is not on the loopback", no[i]);
        upstream_target_finish(&t);
    }
}

static bool refused(const char *url, const char *own)
{
    struct upstream_target t;
    struct ct_errmsg msg;
    enum ct_err err = make(url, own, &t, &msg);
    upstream_target_finish(&t);
    if (err)
        assert_non_null(strstr(msg.text, "claude-top itself"));
    return err != CT_OK;
}

static void ourselves(void **state)
{
    (void)state;
    assert_true(refused("http://127.0.0.1:4318", "127.0.0.1:4318"));
    assert_true(refused("http://localhost:4318/x", "[::1]:4318"));
    assert_true(refused("http://0.0.0.0:4318", "127.0.0.1:4318"));
    assert_true(refused("http://127.0.0.1:4318", "0.0.0.0:4318"));
    assert_true(refused("http://h.example", "h.example:80"));
    assert_true(refused("https://h.example.", "H.example:443"));
    assert_true(refused("http://10.1.2.3:4318", "10.1.2.3:4318"));
    assert_false(refused("http://127.0.0.1:4319", "127.0.0.1:4318"));
    assert_false(refused("http://10.1.2.3:4318", "127.0.0.1:4318"));
    assert_false(refused("http://h.example:4318", "0.0.0.0:4318"));
    assert_false(refused("http://127.0.0.1:4318", "10.1.2.3:4318"));
    assert_false(refused("http://127.0.0.1:4318", ""));
    assert_false(refused("http://127.0.0.1:4318", "nonsense"));
}

/* What listens on every address listens on each of this machine's, and on its name. */
static void this_machine(void **state)
{
    (void)state;
    char name[UV_MAXHOSTNAMESIZE], url[UV_MAXHOSTNAMESIZE + 32];
    size_t size = sizeof name;
    assert_int_equal(uv_os_gethostname(name, &size), 0);
    snprintf(url, sizeof url, "http://%s:4318", name);
    assert_true(refused(url, "[::]:4318"));
    assert_false(refused(url, "[::]:4317"));
    uv_interface_address_t *list;
    int count, seen = 0;
    assert_int_equal(uv_interface_addresses(&list, &count), 0);
    for (int i = 0; i < count; i++) {
        char address[64];
        if (list[i].address.address4.sin_family != AF_INET)
            continue;
        uv_ip4_name(&list[i].address.address4, address, sizeof address);
        snprintf(url, sizeof url, "http://%s:4318", address);
        assert_true(refused(url, "0.0.0.0:4318"));
        seen++;
    }
    uv_free_interface_addresses(list, count);
    assert_true(seen > 0);
}

static bool takes(const char *own, const char *host, int port)
{
    struct upstream_target t;
    struct ct_errmsg msg;
    struct sockaddr_storage address;
    assert_int_equal(make("http://collector.example:9", own, &t, &msg), CT_OK);
    if (strchr(host, ':'))
        assert_int_equal(uv_ip6_addr(host, port, (struct sockaddr_in6 *)(void *)&address), 0);
    else
        assert_int_equal(uv_ip4_addr(host, port, (struct sockaddr_in *)(void *)&address), 0);
    bool own_one = upstream_target_is_own(&t, (const struct sockaddr *)(const void *)&address);
    upstream_target_finish(&t);
    return own_one;
}

/* Which connections our own sockets would take. */
static void own_sockets(void **state)
{
    (void)state;
    static const struct {
        const char *own, *peer;
        bool taken;
    } cases[] = {
        {"127.0.0.1:4318", "127.0.0.1", true},
        {"127.0.0.1:4318", "0.0.0.0", true},
        {"127.0.0.1:4318", "::ffff:127.0.0.1", true},
        {"127.0.0.1:4318", "127.0.1.1", false},
        {"127.0.0.1:4318", "::1", false},
        {"127.0.0.1:4317", "127.0.0.1", false},
        {"[::1]:4318", "::1", true},
        {"[::1]:4318", "::", true},
        {"[::1]:4318", "127.0.0.1", false},
        {"0.0.0.0:4318", "127.3.2.1", true},
        {"0.0.0.0:4318", "::1", false},
        {"0.0.0.0:4318", "192.0.2.1", false},
        {"[::]:4318", "::1", true},
        {"[::]:4318", "127.0.0.1", true},
        {"[::]:4318", "2001:db8::1", false},
        {"192.0.2.7:4318", "192.0.2.7", true},
        {"192.0.2.7:4318", "192.0.2.8", false},
        {"name:4318", "127.0.0.1", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (takes(cases[i].own, cases[i].peer, 4318) != cases[i].taken)
            fail_msg("%s and %s", cases[i].own, cases[i].peer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls),      cmocka_unit_test(own_sockets),  cmocka_unit_test(loopback),
        cmocka_unit_test(ourselves), cmocka_unit_test(this_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
