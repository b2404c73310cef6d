/* Every limit of the HTTP/1 core bites, is counted, and lets pass what is just within it. */
#include "test.h"

#include "http1_chunks.h"
#include "http1_host.h"

#include <stdio.h>
#include <stdlib.h>

#define P "POST /v1/logs HTTP/1.1\r\nHost: a\r\n"

static void repeat(struct buf *out, const char *text, size_t times)
{
    for (size_t i = 0; i < times; i++)
        assert_int_equal(buf_append_str(out, text), CT_OK);
}

/* Feeds bytes in every cut and expects one refusal of that kind and status, or a request when status is 200.
 */
static void expect(const struct otlp_limits *limits, struct slice bytes, enum otlp_refusal why, int status)
{
    for (unsigned seed = 0; seed < 4; seed++) {
        struct host h;
        host_init(&h);
        if (limits)
            h.limits = *limits;
        host_open(&h);
        host_feed(&h, bytes, seed == 0 ? HOST_WHOLE : seed == 1 ? HOST_BYTES : HOST_RANDOM, seed);
        assert_int_equal(host_status(&h, 0), status);
        assert_int_equal(h.requests, status == 200);
        assert_int_equal(h.refused[why], status != 200);
        host_finish(&h);
    }
}

static void header_bytes(void **state)
{
    (void)state;
    struct otlp_limits limits;
    otlp_limits_init(&limits);
    static const char fixed[] = P "X: \r\n\r\n";
    for (size_t over = 0; over < 2; over++) {
        limits.header_bytes = 1000;
        struct buf b;
        buf_init(&b, 10000);
        buf_append_str(&b, P "X: ");
        repeat(&b, "x", 1000 - (sizeof(fixed) - 1) + over);
        buf_append_str(&b, "\r\n\r\n");
        expect(&limits, buf_slice(&b), OTLP_REFUSED_HEADERS, over ? 431 : 200);
        buf_finish(&b);
    }
}

static void an_endless_request_line(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, SIZE_MAX / 2);
    buf_append_str(&b, "POST /");
    repeat(&b, "a", 70000);
    expect(NULL, buf_slice(&b), OTLP_REFUSED_HEADERS, 431);
    buf_finish(&b);
}

static void header_count(void **state)
{
    (void)state;
    struct otlp_limits limits;
    otlp_limits_init(&limits);
    for (size_t max = 10; max <= 10000; max *= 1000) {
        limits.header_count = max; /* the second is cut to EXCHANGE_HEADERS_MAX */
        size_t room = max < EXCHANGE_HEADERS_MAX ? max : EXCHANGE_HEADERS_MAX;
        for (size_t over = 0; over < 2; over++) {
            struct buf b;
            buf_init(&b, 10000);
            buf_append_str(&b, P);
            repeat(&b, "X: y\r\n", room - 1 + over);
            buf_append_str(&b, "\r\n");
            expect(&limits, buf_slice(&b), OTLP_REFUSED_HEADERS, over ? 431 : 200);
            buf_finish(&b);
        }
    }
}

static void rule_2_a_body_over_the_limit_is_413(void **state)
{
    (void)state;
    struct otlp_limits limits;
    otlp_limits_init(&limits);
    limits.body_bytes = 10;
    expect(&limits, SLICE_LIT(P "Content-Length: 10\r\n\r\n0123456789"), OTLP_REFUSED_BODY_SIZE, 200);
    expect(&limits, SLICE_LIT(P "Content-Length: 11\r\n\r\n"), OTLP_REFUSED_BODY_SIZE, 413);
    expect(&limits, SLICE_LIT(P "Content-Length: 9223372036854775807\r\n\r\n"), OTLP_REFUSED_BODY_SIZE, 413);
    expect(&limits, SLICE_LIT(P "Transfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n"),
           OTLP_REFUSED_BODY_SIZE, 200);
    expect(&limits, SLICE_LIT(P "Transfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n6\r\n"),
           OTLP_REFUSED_BODY_SIZE, 413);
}

static void chunk_extensions_and_trailers(void **state)
{
    (void)state;
    for (size_t over = 0; over < 2; over++) {
        struct buf b;
        buf_init(&b, SIZE_MAX / 2);
        buf_append_str(&b, P "Transfer-Encoding: chunked\r\n\r\n1;");
        repeat(&b, "e", HTTP1_CHUNK_EXTENSIONS_MAX + over);
        buf_append_str(&b, "\r\nx\r\n0\r\n\r\n");
        expect(NULL, buf_slice(&b), OTLP_REFUSED_MALFORMED, over ? 400 : 200);
        buf_clear(&b);

        /* Spread over many chunks, too. */
        buf_append_str(&b, P "Transfer-Encoding: chunked\r\n\r\n");
        repeat(&b, "1;e\r\nx\r\n", HTTP1_CHUNK_EXTENSIONS_MAX + over);
        buf_append_str(&b, "0\r\n\r\n");
        expect(NULL, buf_slice(&b), OTLP_REFUSED_MALFORMED, over ? 400 : 200);
        buf_clear(&b);

        struct otlp_limits limits;
        otlp_limits_init(&limits);
        limits.header_bytes = 1000;
        buf_append_str(&b, P "Transfer-Encoding: chunked\r\n\r\n0\r\nT: ");
        repeat(&b, "t", 1000 - 5 + over); /* "T: ", and two CRs: LFs cannot be added to */
        buf_append_str(&b, "\r\n\r\n");
        expect(&limits, buf_slice(&b), OTLP_REFUSED_HEADERS, over ? 431 : 200);
        buf_finish(&b);
    }
}

static void the_budget_is_shared_refuses_with_503_and_recovers(void **state)
{
    (void)state;
    struct host a, b;
    host_init(&a);
    a.limits.budget_bytes = 100000;
    a.hold = true;
    host_open(&a);
    struct buf body;
    buf_init(&body, SIZE_MAX / 2);
    repeat(&body, "0123456789", 6000);
    host_feed_str(&a, P "Content-Length: 60000\r\n\r\n");
    assert_int_equal(a.budget.used, 0); /* announcing costs nothing */
    host_feed(&a, buf_slice(&body), HOST_RANDOM, 1);
    assert_int_equal(a.budget.used, 60000);

    for (int chunked = 0; chunked < 2; chunked++) {
        host_init(&b);
        host_open(&b);
        b.env.budget = &a.budget;
        host_feed_str(&b, chunked ? P "Transfer-Encoding: chunked\r\n\r\nea60\r\n"
                                  : P "Content-Length: 60000\r\n\r\n");
        host_feed(&b, buf_slice(&body), HOST_RANDOM, 2);
        assert_int_equal(b.refused[OTLP_REFUSED_OVERLOAD], 1);
        assert_int_equal(host_status(&b, 0), 503);
        assert_true(host_said(&b, "Retry-After: 1\r\n")); /* rule 8 */
        assert_int_equal(a.budget.used, 60000);
        host_finish(&b);
    }
    host_answer(&a, 0, "ok");
    assert_int_equal(a.budget.used, 0);
    host_feed_str(&a, P "Content-Length: 60000\r\n\r\n");
    host_feed(&a, buf_slice(&body), HOST_RANDOM, 3);
    assert_int_equal(a.requests, 2);
    buf_finish(&body);
    host_finish(&a);
}

static void a_part_of_the_budget_is_for_small_bodies(void **state)
{
    (void)state;
    struct budget b = budget_make(1000000, 800000);
    assert_int_equal(b.reserve, 125000);
    assert_int_equal(budget_make(1000000, 900000).reserve, 100000); /* the largest body must fit */
    assert_int_equal(budget_make(1000000, 2000000).reserve, 0);
    assert_false(budget_take(&b, 875001, 875001));
    assert_true(budget_take(&b, 875000, 875000));
    assert_false(budget_take(&b, 1, BUDGET_SMALL_BYTES + 1)); /* one more byte of something large */
    assert_true(budget_take(&b, BUDGET_SMALL_BYTES, BUDGET_SMALL_BYTES));
    assert_true(budget_take(&b, 125000 - BUDGET_SMALL_BYTES, 125000 - BUDGET_SMALL_BYTES));
    assert_false(budget_take(&b, 1, 1));
    assert_false(budget_has_room(&b, SIZE_MAX, SIZE_MAX));
    budget_give(&b, b.used);
    assert_true(budget_has_room(&b, 875000, 875000));
}

static void deadline_of_the_first_head_counts_from_accept(void **state)
{
    (void)state;
    struct host h;
    host_init(&h);
    host_open(&h);
    host_expire_after(&h, h.limits.header_ms);
    assert_int_equal(core_state(h.core), CORE_DEAD);
    assert_int_equal(h.out.len, 0);
    assert_int_equal(h.refused[OTLP_REFUSED_TIMEOUT], 0); /* nothing was asked */
    host_finish(&h);
}

static void deadline_of_a_head_counts_from_its_first_byte(void **state)
{
    (void)state;
    struct host h;
    host_init(&h);
    host_open(&h);
    h.now += 5000;
    host_feed_str(&h, "P");
    uint64_t due = h.now + h.limits.header_ms;
    for (int i = 0; i < 9; i++) {
        h.now += 1000;
        host_feed_str(&h, "O"); /* a slow loris gains nothing by sending */
        assert_int_equal(core_deadline(h.core), due);
    }
    host_expire_after(&h, 1000);
    assert_int_equal(host_status(&h, 0), 408);
    assert_int_equal(h.refused[OTLP_REFUSED_TIMEOUT], 1);
    assert_int_equal(core_state(h.core), CORE_SHUT);
    host_expire_after(&h, CORE_LINGER_MS);
    assert_int_equal(core_state(h.core), CORE_DEAD);
    host_finish(&h);
}

static void deadline_of_a_body_that_stops(void **state)
{
    (void)state;
    for (int chunked = 0; chunked < 2; chunked++) {
        struct host h;
        host_init(&h);
        host_open(&h);
        host_feed_str(&h, chunked ? P "Transfer-Encoding: chunked\r\n\r\n9\r\nx"
                                  : P "Content-Length: 9\r\n\r\nx");
        h.now += h.limits.idle_ms - 1;
        host_feed_str(&h, "y");
        host_expire_after(&h, h.limits.idle_ms);
        assert_int_equal(host_status(&h, 0), 408);
        assert_int_equal(h.refused[OTLP_REFUSED_TIMEOUT], 1);
        host_finish(&h);
    }
}

static void deadline_of_a_body_that_drips(void **state)
{
    (void)state;
    struct host h;
    host_init(&h);
    host_open(&h);
    host_feed_str(&h, P "Content-Length: 1000\r\n\r\n");
    uint64_t end = h.now + h.limits.total_ms;
    while (h.now + h.limits.idle_ms / 2 < end) {
        h.now += h.limits.idle_ms / 2;
        host_feed_str(&h, "z");
    }
    host_expire_after(&h, end - h.now);
    assert_int_equal(host_status(&h, 0), 408);
    host_finish(&h);
}

static void deadline_between_requests_is_silent(void **state)
{
    (void)state;
    struct host h;
    host_init(&h);
    host_open(&h);
    host_feed_str(&h, P "\r\n");
    size_t said = h.out.len;
    host_expire_after(&h, h.limits.keepalive_ms);
    assert_int_equal(core_state(h.core), CORE_DEAD);
    assert_int_equal(h.out.len, said);
    assert_int_equal(h.refused[OTLP_REFUSED_TIMEOUT], 0);
    host_finish(&h);
}

static void no_deadline_while_the_handler_works(void **state)
{
    (void)state;
    struct host h;
    host_init(&h);
    h.hold = true;
    host_open(&h);
    host_feed_str(&h, P "\r\n");
    assert_int_equal(core_deadline(h.core), 0);
    h.now += 1000000;
    core_expire(h.core, h.now);
    assert_int_equal(core_state(h.core), CORE_OPEN);
    host_answer(&h, 0, "late");
    assert_true(host_said(&h, "late"));
    host_finish(&h);
}

static void deadline_of_a_response_that_is_not_taken(void **state)
{
    (void)state;
    struct host h;
    host_init(&h);
    h.hold = true;
    h.stalled = true;
    host_open(&h);
    host_feed_str(&h, P "\r\n");
    h.now += 500000;
    host_answer(&h, 0, "late");
    h.now += 1000;
    core_sent(h.core, 1, h.now);
    host_expire_after(&h, h.limits.idle_ms);
    assert_int_equal(core_state(h.core), CORE_DEAD);
    assert_int_equal(h.refused[OTLP_REFUSED_TIMEOUT], 1);
    host_finish(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_bytes),
        cmocka_unit_test(an_endless_request_line),
        cmocka_unit_test(header_count),
        cmocka_unit_test(rule_2_a_body_over_the_limit_is_413),
        cmocka_unit_test(chunk_extensions_and_trailers),
        cmocka_unit_test(the_budget_is_shared_refuses_with_503_and_recovers),
        cmocka_unit_test(a_part_of_the_budget_is_for_small_bodies),
        cmocka_unit_test(deadline_of_the_first_head_counts_from_accept),
        cmocka_unit_test(deadline_of_a_head_counts_from_its_first_byte),
        cmocka_unit_test(deadline_of_a_body_that_stops),
        cmocka_unit_test(deadline_of_a_body_that_drips),
        cmocka_unit_test(deadline_between_requests_is_silent),
        cmocka_unit_test(no_deadline_while_the_handler_works),
        cmocka_unit_test(deadline_of_a_response_that_is_not_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
