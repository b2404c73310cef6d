#include "test.h"

#include "clients.h"

#include <stdio.h>
#include <stdlib.h>

static const struct client_key key = {.user_agent = {"a/1 (x)", 7}};

static void assert_product(const char *user_agent, const char *want)
{
    struct slice got = client_product(slice_str(user_agent));
    assert_int_equal(got.len, strlen(want));
    assert_memory_equal(got.ptr ? got.ptr : "", want, got.len);
}

static void test_product(void **state)
{
    (void)state;
    assert_product("OTel-OTLP-Exporter-JavaScript/0.208.0", "OTel-OTLP-Exporter-JavaScript/0.208.0");
    assert_product("OTel-OTLP-Exporter-JavaScript/0.208.0 grpc-node-js/1.14.4",
                   "OTel-OTLP-Exporter-JavaScript/0.208.0");
    assert_product("OTel OTLP Exporter Go/1.44.0", "OTel OTLP Exporter Go/1.44.0");
    assert_product("collector/1 (linux/amd64) grpc-go/2", "collector/1");
    assert_product("collector (linux/amd64)", "collector");
    assert_product("curl/7.88\tx", "curl/7.88");
    assert_product("no version at all", "no version at all");
    assert_product("", "");
    assert_product("(only a comment)", "");
    assert_product("   ", "");
    assert_int_equal(client_product(SLICE_NULL).len, 0);
}

static void test_long_names_are_cut(void **state)
{
    (void)state;
    static struct clients t;
    char name[4096];
    memset(name, 0xff, sizeof name); /* each byte takes three when it is cleaned */
    struct client_key long_key = {.user_agent = slice_make(name, sizeof name)};
    struct client *row = clients_row(&t, &long_key, 1);
    assert_int_equal(client_product(long_key.user_agent).len, CLIENT_NAME_MAX);
    assert_true(strlen(row->name) < sizeof row->name);
    assert_int_equal((unsigned char)row->name[0], 0xef);
    assert_ptr_equal(clients_row(&t, &long_key, 2), row);
    assert_int_equal(t.count, 1);
}

static void test_names_are_cleaned(void **state)
{
    (void)state;
    static struct clients t;
    struct client_key k = {.user_agent = SLICE_LIT("evil\033[2J/1")};
    assert_null(strchr(clients_row(&t, &k, 1)->name, '\033'));
}

static void test_each_of_the_key_makes_a_row(void **state)
{
    (void)state;
    static struct clients t;
    struct client_key keys[] = {key, key, key, key, key};
    keys[1].transport = CLIENT_GRPC;
    keys[2].encoding = CLIENT_HOOK;
    keys[3].local = true;
    keys[4].user_agent = SLICE_LIT("a/2");
    for (int round = 0; round < 3; round++)
        for (size_t i = 0; i < 5; i++)
            clients_row(&t, &keys[i], round + 1)->counts.requests++;
    assert_int_equal(t.count, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(t.rows[i].counts.requests, 3);
        assert_int_equal(t.rows[i].first_ns, 1);
        assert_int_equal(t.rows[i].last_ns, 3);
    }
    assert_string_equal(t.rows[0].name, "a/1");
    assert_string_equal(t.rows[4].name, "a/2");
}

static void row_number(struct clients *t, int n, int64_t now)
{
    char name[32];
    snprintf(name, sizeof name, "c/%d", n);
    struct client_key k = {.user_agent = slice_str(name)};
    struct client *row = clients_row(t, &k, now);
    assert_string_equal(row->name, name);
    row->counts.requests++;
    row->counts.bytes += 10;
    row->counts.spans += 2;
    row->counts.logs += 3;
    row->counts.metric_points += 4;
    row->counts.hooks += 5;
    row->counts.decode_errors += 6;
    row->counts.refused[OTLP_REFUSED_PATH] += 7;
}

static struct client_counts sum_of(const struct clients *t)
{
    struct client_counts sum = t->other;
    for (size_t i = 0; i < t->count; i++) {
        const struct client_counts *c = &t->rows[i].counts;
        sum.requests += c->requests;
        sum.bytes += c->bytes;
        sum.spans += c->spans;
        sum.logs += c->logs;
        sum.metric_points += c->metric_points;
        sum.hooks += c->hooks;
        sum.decode_errors += c->decode_errors;
        sum.refused[OTLP_REFUSED_PATH] += c->refused[OTLP_REFUSED_PATH];
    }
    return sum;
}

/* A sender that never gives the same name twice takes nobody's row who keeps talking, and no sum changes. */
static void test_a_flood_of_names(void **state)
{
    (void)state;
    static struct clients t;
    const int flood = 10000;
    for (int i = 1; i <= flood; i++) {
        row_number(&t, 0, 2 * i);
        row_number(&t, i, 2 * i + 1);
    }
    assert_int_equal(t.count, CLIENTS_MAX);
    assert_int_equal(t.folded, flood + 1 - CLIENTS_MAX);
    assert_int_equal(t.other.requests, flood + 1 - CLIENTS_MAX);
    assert_int_equal(t.rows[0].counts.requests, flood);
    struct client_counts sum = sum_of(&t);
    assert_int_equal(sum.requests, 2 * flood);
    assert_int_equal(sum.bytes, 20 * flood);
    assert_int_equal(sum.spans, 4 * flood);
    assert_int_equal(sum.logs, 6 * flood);
    assert_int_equal(sum.metric_points, 8 * flood);
    assert_int_equal(sum.hooks, 10 * flood);
    assert_int_equal(sum.decode_errors, 12 * flood);
    assert_int_equal(client_refused_total(&sum), 14 * flood);
}

static void test_decode_errors(void **state)
{
    (void)state;
    static struct clients t;
    struct client_key hook = {.user_agent = SLICE_LIT("axios/1"), .encoding = CLIENT_HOOK};
    struct client_key local = hook;
    local.local = true;
    clients_row(&t, &local, 5);
    clients_row(&t, &hook, 7);
    clients_decode_error(&t, SLICE_LIT("axios/1 more"), CLIENT_HOOK);
    assert_int_equal(t.rows[1].counts.decode_errors, 1);
    clients_row(&t, &local, 9);
    clients_decode_error(&t, SLICE_LIT("axios/1"), CLIENT_HOOK);
    assert_int_equal(t.rows[0].counts.decode_errors, 1);
    clients_decode_error(&t, SLICE_LIT("axios/1"), CLIENT_JSON);
    clients_decode_error(&t, SLICE_NULL, CLIENT_HOOK);
    assert_int_equal(t.other.decode_errors, 2);
    assert_int_equal(t.folded, 0);
}

static void test_compressions(void **state)
{
    (void)state;
    assert_int_equal(client_compression_of(SLICE_NULL), CLIENT_PLAIN);
    assert_int_equal(client_compression_of(SLICE_LIT("identity")), CLIENT_PLAIN);
    assert_int_equal(client_compression_of(SLICE_LIT("GZip")), CLIENT_GZIP);
    assert_int_equal(client_compression_of(SLICE_LIT("zstd")), CLIENT_ZSTD);
    assert_int_equal(client_compression_of(SLICE_LIT("br")), CLIENT_OTHER_COMPRESSION);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_product),           cmocka_unit_test(test_long_names_are_cut),
        cmocka_unit_test(test_names_are_cleaned), cmocka_unit_test(test_each_of_the_key_makes_a_row),
        cmocka_unit_test(test_a_flood_of_names),  cmocka_unit_test(test_decode_errors),
        cmocka_unit_test(test_compressions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
