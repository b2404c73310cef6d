#include "test.h"

#include "http1_host.h"

#include <stdio.h>

#define HEAD "POST /v1/logs HTTP/1.1\r\nHost: localhost:4318\r\n"

static void rule_7_a_body_of_known_length_and_a_chunked_one_are_the_same_request(void **state)
{
    (void)state;
    struct host h;
    host_init(&h);
    host_open(&h);
    host_feed_str(&h, HEAD "Content-Type: application/json\r\nContent-Length: 11\r\n\r\nhello world");
    host_feed_str(&h, HEAD "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
                           "5\r\nhello\r\n06;name=value\r\n world\r\n0\r\nX-Checksum: 1\r\n\r\n");
    assert_int_equal(h.requests, 2);
    assert_slice_equal(
        buf_slice(&h.log),
        "request POST /v1/logs ?  @ localhost:4318 [Host=localhost:4318] [Content-Type=application/json]"
        " [Content-Length=11] 11:hello world\n"
        "request POST /v1/logs ?  @ localhost:4318 [Host=localhost:4318] [Content-Type=application/json]"
        " [Transfer-Encoding=chunked] 11:hello world\n");
    assert_int_equal(core_state(h.core), CORE_OPEN);
    host_finish(&h);
}

static void rule_3_an_empty_body_is_a_request(void **state)
{
    (void)state;
    static const char *const heads[] = {"Content-Length: 0\r\n\r\n", "\r\n",
                                        "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"};
    struct host h;
    host_init(&h);
    host_open(&h);
    for (size_t i = 0; i < 3; i++) {
        host_feed_str(&h, HEAD);
        host_feed_str(&h, heads[i]);
        assert_int_equal(h.requests, i + 1);
        assert_int_equal(host_status(&h, i), 200);
    }
    host_finish(&h);
}

static void rule_9_keep_alive_follows_version_and_connection(void **state)
{
    (void)state;
    static const struct {
        const char *head;
        enum core_state after;
        const char *said;
    } cases[] = {
        {"POST / HTTP/1.1\r\nHost: a\r\n\r\n", CORE_OPEN, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"},
        {"POST / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\n", CORE_OPEN,
         "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"},
        {"POST / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n", CORE_SHUT,
         "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"},
        {"POST / HTTP/1.0\r\n\r\n", CORE_SHUT,
         "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"},
        {"POST / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", CORE_OPEN,
         "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok"},
        {"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", CORE_OPEN, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"},
        /* An upgrade is not taken up, which is legal; the request is answered. */
        {"POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n",
         CORE_OPEN, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct host h;
        host_init(&h);
        host_open(&h);
        host_feed_str(&h, cases[i].head);
        assert_slice_equal(buf_slice(&h.out), cases[i].said);
        assert_int_equal(core_state(h.core), cases[i].after);
        host_feed_str(&h, "POST / HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_int_equal(h.requests, cases[i].after == CORE_OPEN ? 2 : 1);
        host_eof(&h);
        assert_int_equal(core_state(h.core), CORE_DEAD);
        host_finish(&h);
    }
}

static void rule_9_expect_100_continue_is_honoured(void **state)
{
    (void)state;
    struct host h;
    host_init(&h);
    host_open(&h);
    host_feed_str(&h, HEAD "Expect: 100-Continue\r\nContent-Length: 2\r\n\r\n");
    assert_slice_equal(buf_slice(&h.out), "HTTP/1.1 100 Continue\r\n\r\n");
    host_feed_str(&h, "hi");
    assert_int_equal(h.requests, 1);
    assert_int_equal(host_status(&h, 1), 200);
    host_finish(&h);
}

static void rule_9_an_expectation_is_refused_before_the_body(void **state)
{
    (void)state;
    static const struct {
        const char *rest;
        int status;
    } cases[] = {
        {"Expect: 100-continue\r\nContent-Length: 101\r\n\r\n", 413},
        {"Expect: 200-maybe\r\nContent-Length: 1\r\n\r\n", 417},
        {"Expect: 100-continue\r\nOrigin: http://evil.example\r\nContent-Length: 1\r\n\r\n", 403},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct host h;
        host_init(&h);
        h.limits.body_bytes = 100;
        host_open(&h);
        host_feed_str(&h, HEAD);
        host_feed_str(&h, cases[i].rest);
        assert_int_equal(host_status(&h, 0), cases[i].status);
        assert_int_equal(core_state(h.core), CORE_SHUT);
        assert_int_equal(h.requests, 0);
        host_finish(&h);
    }
}

static void requests_of_web_pages_are_refused_before_their_body(void **state)
{
    (void)state;
    static const char *const headers[] = {"Origin: http://localhost:3000\r\n", "origin: null\r\n",
                                          "Sec-Fetch-Site: same-origin\r\n", "SEC-FETCH-SITE:none\r\n",
                                          "Origin:\r\n"};
    for (size_t i = 0; i < sizeof(headers) / sizeof(*headers); i++) {
        struct host h;
        host_init(&h);
        host_open(&h);
        host_feed_str(&h, HEAD);
        host_feed_str(&h, headers[i]);
        host_feed_str(&h, "Content-Length: 5\r\n\r\n");
        assert_int_equal(h.refused[OTLP_REFUSED_ORIGIN], 1);
        assert_int_equal(host_status(&h, 0), 403);
        host_finish(&h);
    }
}

static void rule_8_the_core_refuses_in_the_encoding_of_the_request(void **state)
{
    (void)state;
    struct host h;
    host_init(&h);
    host_open(&h);
    host_feed_str(&h, HEAD "Content-Type: application/x-protobuf\r\nContent-Length: x\r\n\r\n");
    assert_true(host_said(&h, "Content-Type: application/x-protobuf\r\n"));
    assert_true(host_said(&h, "\r\n\r\n\x08\x03\x12\x1e"
                              "Content-Length is not a number"));
    host_finish(&h);

    host_init(&h);
    host_open(&h);
    host_feed_str(&h, HEAD "Content-Type: application/json; charset=utf-8\r\nContent-Length: x\r\n\r\n");
    assert_true(host_said(&h, "Content-Type: application/json\r\n"));
    assert_true(host_said(&h, "\r\n\r\n{\"code\":3,\"message\":\"Content-Length is not a number\"}"));
    host_finish(&h);
}

static void pipelined_requests_are_handed_out_one_at_a_time_in_order(void **state)
{
    (void)state;
    struct host h;
    host_init(&h);
    h.hold = true;
    host_open(&h);
    for (int i = 0; i < 3; i++) {
        char text[120];
        snprintf(text, sizeof(text), "POST /%d HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n%d", i, i);
        host_feed_str(&h, text);
    }
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(h.requests, i + 1);
        assert_int_equal(h.held[i]->path.ptr[1], '0' + i);
        assert_int_equal(h.held[i]->body.data[0], '0' + i);
        host_answer(&h, i, "fine");
    }
    assert_int_equal(host_status(&h, 2), 200);
    assert_int_equal(h.requests, 3);
    host_finish(&h);
}

static void what_is_read_ahead_of_a_held_request_is_bounded(void **state)
{
    (void)state;
    struct host h;
    host_init(&h);
    h.hold = true;
    host_open(&h);
    host_feed_str(&h, HEAD "Content-Length: 0\r\n\r\n");
    assert_true(core_wants_input(h.core)); /* so that a peer that leaves is noticed */
    size_t ahead = 0;
    static const char next[] = "POST /next HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n";
    while (core_wants_input(h.core)) {
        host_feed_str(&h, next);
        ahead++;
        assert_true(ahead * sizeof(next) < HTTP1_AHEAD_MAX + CORE_FEED_MAX);
    }
    h.hold = false;
    host_answer(&h, 0, "");
    assert_int_equal(h.requests, 1 + ahead); /* all answered, without recursion into the stack */
    assert_true(core_wants_input(h.core));
    host_finish(&h);
}

static void a_peer_that_reads_no_responses_gets_no_further_requests_read(void **state)
{
    (void)state;
    struct host h;
    host_init(&h);
    h.stalled = true;
    host_open(&h);
    size_t sent = 0;
    while (core_wants_input(h.core) && sent < 100000) {
        host_feed_str(&h, "POST /a HTTP/1.1\r\nHost: a\r\n\r\n");
        sent++;
    }
    assert_in_range(sent, 100, 99999);
    assert_in_range(h.stuck.len, HTTP1_OUT_HIGH, HTTP1_OUT_HIGH + 1024);
    size_t before = h.requests;
    host_feed_str(&h, "POST /b HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_int_equal(h.requests, before);
    host_unstall(&h);
    assert_int_equal(h.requests, before + 1);
    assert_true(core_wants_input(h.core));
    host_finish(&h);
}

static void a_half_closed_peer_still_gets_its_answers(void **state)
{
    (void)state;
    struct host h;
    host_init(&h);
    h.hold = true;
    host_open(&h);
    host_feed_str(&h, "POST /a HTTP/1.1\r\nHost: a\r\n\r\nPOST /b HTTP/1.1\r\nHost: a\r\n\r\nPOST /c HT");
    host_eof(&h);
    assert_int_equal(core_state(h.core), CORE_OPEN);
    host_answer(&h, 0, "one");
    host_answer(&h, 1, "two");
    assert_true(host_said(&h, "one"));
    assert_true(host_said(&h, "two"));
    assert_int_equal(h.requests, 2); /* the third is not whole and never will be */
    assert_int_equal(core_state(h.core), CORE_DEAD);
    host_finish(&h);
}

static void a_request_outlives_its_connection(void **state)
{
    (void)state;
    struct host h;
    host_init(&h);
    h.hold = true;
    host_open(&h);
    host_feed_str(&h, HEAD "Content-Length: 5\r\n\r\nhello");
    core_destroy(h.core);
    h.core = NULL;
    assert_null(h.held[0]->core);
    assert_slice_equal(buf_slice(&h.held[0]->body), "hello");
    assert_true(h.budget.used > 0);
    struct exchange *x = h.held[0];
    h.held[0] = NULL;
    assert_int_equal(exchange_stream_begin(x, "text/plain", NULL, NULL, NULL, h.now), CT_END);
    assert_int_equal(h.budget.used, 0);
    host_finish(&h);
}

static void goaway_finishes_the_request_and_takes_no_other(void **state)
{
    (void)state;
    struct host h;
    host_init(&h);
    host_open(&h);
    host_feed_str(&h, HEAD "Content-Length: 5\r\n\r\nhe");
    core_goaway(h.core, h.now);
    assert_int_equal(core_state(h.core), CORE_OPEN);
    host_feed_str(&h, "llo" HEAD "\r\n");
    assert_int_equal(h.requests, 1);
    assert_true(host_said(&h, "Connection: close\r\n"));
    assert_int_equal(core_state(h.core), CORE_SHUT);
    host_finish(&h);

    host_init(&h);
    host_open(&h);
    host_feed_str(&h, HEAD "\r\n");
    core_goaway(h.core, h.now);
    assert_int_equal(core_state(h.core), CORE_DEAD); /* idle: nothing is owed */
    host_finish(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rule_7_a_body_of_known_length_and_a_chunked_one_are_the_same_request),
        cmocka_unit_test(rule_3_an_empty_body_is_a_request),
        cmocka_unit_test(rule_9_keep_alive_follows_version_and_connection),
        cmocka_unit_test(rule_9_expect_100_continue_is_honoured),
        cmocka_unit_test(rule_9_an_expectation_is_refused_before_the_body),
        cmocka_unit_test(requests_of_web_pages_are_refused_before_their_body),
        cmocka_unit_test(rule_8_the_core_refuses_in_the_encoding_of_the_request),
        cmocka_unit_test(pipelined_requests_are_handed_out_one_at_a_time_in_order),
        cmocka_unit_test(what_is_read_ahead_of_a_held_request_is_bounded),
        cmocka_unit_test(a_peer_that_reads_no_responses_gets_no_further_requests_read),
        cmocka_unit_test(a_half_closed_peer_still_gets_its_answers),
        cmocka_unit_test(a_request_outlives_its_connection),
        cmocka_unit_test(goaway_finishes_the_request_and_takes_no_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
