#include "test.h"

#include "exchange.h"

#include <stdlib.h>

static struct exchange *make(struct budget *budget, size_t body_max)
{
    struct otlp_limits limits;
    otlp_limits_init(&limits);
    limits.body_bytes = body_max;
    struct exchange *x = exchange_create(NULL, &limits, budget, EXCHANGE_HTTP1);
    assert_non_null(x);
    return x;
}

static void targets_are_split_into_path_and_query(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {"/v1/logs", "/v1/logs", ""},
        {"/v1/logs?a=b?c", "/v1/logs", "a=b?c"},
        {"/?", "/", ""},
        {"*", "*", ""},
        {"http://127.0.0.1:4318/v1/logs?x", "/v1/logs", "x"},
        {"http://127.0.0.1:4318", "/", ""},
        {"http://a?x", "/", "x"},
        {"/redirect?to=http://b/c", "/redirect", "to=http://b/c"},
    };
    struct budget budget = {.max = 100};
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct exchange *x = make(&budget, 100);
        exchange_set_target(x, slice_str(cases[i][0]));
        assert_slice_equal(x->path, cases[i][1]);
        assert_slice_equal(x->query, cases[i][2]);
        exchange_destroy(x);
    }
}

#define H(name, value)                                                                                       \
    {                                                                                                        \
        SLICE_LIT(name), SLICE_LIT(value)                                                                    \
    }

static void rule_18_hop_by_hop_headers_are_left_out(void **state)
{
    (void)state;
    const struct http_header headers[] = {
        H("Host", "a"),
        H("User-Agent", "OTel"),
        H("connection", "keep-alive, X-Hop ,x-other"),
        H("Authorization", "Bearer t"),
        H("KEEP-ALIVE", "5"),
        H("Transfer-Encoding", "chunked"),
        H("TE", "trailers"),
        H("Trailer", "X"),
        H("Upgrade", "h2c"),
        H("Proxy-Authorization", "x"),
        H("Proxy-Connection", "x"),
        H("Content-Length", "5"),
        H("Expect", "100-continue"),
        H("X-Hop", "1"),
        H("x-OTHER", "2"),
        H("Connection", "X-Third"),
        H("X-Third", "3"),
        H("X-Hop-Not", "4"),
        H("Content-Type", "application/json"),
        H("Content-Encoding", "gzip"),
        H("X-Scope-OrgID", "tenant"),
        H("X-Scope-OrgID", "again"),
        H("Prox", "y"),
    };
    static const char *const kept[] = {"User-Agent",       "Authorization", "X-Hop-Not",     "Content-Type",
                                       "Content-Encoding", "X-Scope-OrgID", "X-Scope-OrgID", "Prox"};
    struct budget budget = {.max = 100};
    struct exchange *x = make(&budget, 100);
    assert_int_equal(exchange_set_headers(x, headers, sizeof(headers) / sizeof(*headers)), CT_OK);
    struct http_header out[EXCHANGE_HEADERS_MAX];
    size_t n = exchange_end_to_end(x, out);
    assert_int_equal(n, sizeof(kept) / sizeof(*kept));
    for (size_t i = 0; i < n; i++)
        assert_slice_equal(out[i].name, kept[i]);
    assert_slice_equal(out[5].value, "tenant"); /* values and order as they came */
    assert_slice_equal(out[6].value, "again");
    assert_slice_equal(exchange_header(x, "x-scope-orgid"), "tenant");
    assert_null(exchange_header(x, "X-Scope").ptr);
    exchange_destroy(x);
}

/* A Connection header of thousands of names would be compared with every header there is. */
static void only_so_many_names_are_hop_by_hop(void **state)
{
    (void)state;
    char list[4 * EXCHANGE_HOP_NAMES_MAX + 32] = ",, ,";
    for (int i = 0; i < EXCHANGE_HOP_NAMES_MAX - 1; i++)
        strcat(list, "x, ");
    strcat(list, "last, over");
    const struct http_header headers[] = {
        H("Over", "1"), H("Last", "1"), {SLICE_LIT("Connection"), slice_str(list)}, H("Content-Type", "a")};
    struct budget budget = {.max = 100};
    struct exchange *x = make(&budget, 100);
    struct http_header out[EXCHANGE_HEADERS_MAX];
    assert_int_equal(exchange_set_headers(x, headers, 4), CT_OK);
    assert_int_equal(exchange_end_to_end(x, out), 2);
    assert_slice_equal(out[0].name, "Over");
    assert_slice_equal(out[1].name, "Content-Type");
    exchange_destroy(x);
}

static void the_budget_pays_for_what_is_allocated_and_gets_it_back(void **state)
{
    (void)state;
    static char block[1000];
    struct budget budget = {.max = 1000000};
    struct exchange *x = make(&budget, 500000);
    for (size_t i = 0; i < 500; i++) {
        assert_int_equal(exchange_body_append(x, slice_make(block, sizeof(block))), CT_OK);
        assert_int_equal(budget.used, x->body.cap);
        assert_in_range(x->body.len, 1, budget.used);
    }
    assert_int_equal(x->body.cap, 500000); /* never past the limit */
    assert_int_equal(exchange_body_append(x, SLICE_LIT("x")), CT_ERR_LIMIT);
    assert_int_equal(x->body.len, 500000);

    struct exchange *y = make(&budget, 900000);
    enum ct_err err = CT_OK;
    while (!err)
        err = exchange_body_append(y, slice_make(block, sizeof(block)));
    assert_int_equal(err, CT_ERR_NOMEM);
    assert_int_equal(budget.used, x->body.cap + y->body.cap);
    exchange_destroy(x);
    assert_int_equal(budget.used, y->body.cap);
    assert_int_equal(exchange_body_append(y, slice_make(block, sizeof(block))), CT_OK);
    exchange_destroy(y);
    assert_int_equal(budget.used, 0);
}

static void an_announced_body_takes_no_more_than_it_said(void **state)
{
    (void)state;
    static char block[1000];
    static const size_t sizes[] = {1000, 65000, 66000, 200000};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        struct budget budget = {.max = 1000000};
        struct exchange *x = make(&budget, 500000);
        x->expected = sizes[i];
        for (size_t n = 0; n < sizes[i]; n += sizeof(block))
            assert_int_equal(exchange_body_append(x, slice_make(block, sizeof(block))), CT_OK);
        assert_int_equal(budget.used, sizes[i]);
        exchange_destroy(x);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(targets_are_split_into_path_and_query),
        cmocka_unit_test(rule_18_hop_by_hop_headers_are_left_out),
        cmocka_unit_test(only_so_many_names_are_hop_by_hop),
        cmocka_unit_test(the_budget_pays_for_what_is_allocated_and_gets_it_back),
        cmocka_unit_test(an_announced_body_takes_no_more_than_it_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
