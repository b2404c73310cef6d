/* Every limit and deadline of the HTTP/2 core bites, is counted, and lets pass what is just within it. */
#include "test.h"

#include "h2_attack.h"

#include <stdlib.h>
#include <string.h>

#define HEADER_OVERHEAD 32 /* RFC 9113, 6.5.2 */

/* What the headers of peer_call() add up to, as SETTINGS_MAX_HEADER_LIST_SIZE counts. */
static size_t call_header_bytes(void)
{
    static const char *const fields[] = {":methodPOST",
                                         ":schemehttp",
                                         (":path" PEER_LOGS),
                                         ":authoritylocalhost:4317",
                                         "content-typeapplication/grpc",
                                         "tetrailers"};
    size_t sum = 0;
    for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
        sum += strlen(fields[i]) + HEADER_OVERHEAD;
    return sum;
}

static void header_bytes(void **state)
{
    (void)state;
    for (size_t excess = 0; excess < 2; excess++) {
        struct peer p;
        char value[2000];
        peer_init(&p);
        p.host.limits.header_bytes = 1500;
        peer_open(&p);
        size_t n = 1500 - call_header_bytes() - HEADER_OVERHEAD - 1 + excess;
        memset(value, 'v', n);
        value[n] = '\0';
        const struct peer_header extra[] = {{"x", value}, {NULL, NULL}};
        struct peer_stream *s = peer_call(&p, PEER_LOGS, extra, SLICE_LIT("a"));
        peer_run(&p);
        assert_int_equal(s->grpc_status, excess ? 8 : 0);
        assert_int_equal(p.host.refused[OTLP_REFUSED_HEADERS], excess);
        struct peer_stream *http = peer_post(&p, "/v1/logs", "application/json", extra, SLICE_LIT("{}"));
        peer_run(&p);
        assert_int_equal(http->status, 200); /* a shorter path */
        peer_finish(&p);
    }
}

static void header_count(void **state)
{
    (void)state;
    for (size_t excess = 0; excess < 2; excess++) {
        struct peer p;
        struct peer_header extra[64] = {{NULL, NULL}};
        peer_init(&p);
        p.host.limits.header_count = 40;
        peer_open(&p);
        for (size_t i = 0; i < 38 + excess; i++) /* and content-type and te */
            extra[i] = (struct peer_header){"x-many", "y"};
        struct peer_stream *s = peer_call(&p, PEER_LOGS, extra, SLICE_LIT("a"));
        struct peer_stream *http = peer_post(&p, "/v1/logs", "application/json", extra, SLICE_LIT("{}"));
        peer_run(&p);
        assert_int_equal(s->grpc_status, excess ? 8 : 0);
        assert_int_equal(p.host.refused[OTLP_REFUSED_HEADERS], excess);
        assert_int_equal(http->status, 200); /* has no te */
        peer_finish(&p);
    }
}

static void http_bodies(void **state)
{
    (void)state;
    static char big[2000];
    struct peer p;
    peer_init(&p);
    p.host.limits.body_bytes = 1000;
    peer_open(&p);
    static const struct peer_header announced[] = {{"content-length", "1001"}, {NULL, NULL}};
    struct peer_stream *fits = peer_post(&p, "/v1/logs", "application/json", NULL, slice_make(big, 1000));
    struct peer_stream *over = peer_post(&p, "/v1/logs", "application/json", NULL, slice_make(big, 1001));
    struct peer_stream *early = peer_post(&p, "/v1/logs", "application/json", announced, SLICE_LIT(""));
    peer_keep_open(early);
    peer_run(&p);
    assert_int_equal(fits->status, 200);
    assert_int_equal(over->status, 413);
    assert_slice_equal(buf_slice(&over->reply), "{\"code\":8,\"message\":\"body too large\"}");
    assert_int_equal(early->status, 413);
    assert_true(early->closed); /* with RST_STREAM (NO_ERROR): the rest is not wanted */
    assert_int_equal(p.host.refused[OTLP_REFUSED_BODY_SIZE], 2);
    peer_finish(&p);
}

static void the_byte_budget_is_shared_and_comes_back(void **state)
{
    (void)state;
    static char big[30000];
    struct peer p;
    peer_init(&p);
    p.host.limits.budget_bytes = 100000;
    p.host.hold = true;
    peer_open(&p);
    for (int i = 0; i < 5; i++) {
        peer_post(&p, "/v1/logs", "application/json", NULL, slice_make(big, sizeof big));
        peer_run(&p);
    }
    size_t held = p.host.held_count;
    assert_in_range(held, 2, 3);
    assert_int_equal(p.host.refused[OTLP_REFUSED_OVERLOAD], 5 - held);
    assert_int_equal(p.streams[4].status, 503);
    assert_non_null(strstr(p.streams[4].headers, "retry-after=1\n"));
    host_answer(&p.host, 0, "");
    peer_run(&p);
    struct peer_stream *s = peer_post(&p, "/v1/logs", "application/json", NULL, slice_make(big, sizeof big));
    peer_run(&p);
    assert_int_equal(p.host.held_count, held + 1);
    host_answer(&p.host, held, "");
    peer_run(&p);
    assert_int_equal(s->status, 200);
    peer_finish(&p);
}

static void malformed_requests_cost_their_stream(void **state)
{
    (void)state;
    static const struct {
        struct peer_header header;
        const char *why;
    } cases[] = {
        {{"connection", "close"}, "hop-by-hop"},      {{"transfer-encoding", "chunked"}, "hop-by-hop"},
        {{"te", "gzip"}, "other than trailers"},      {{"content-length", "7"}, "is not the body's"},
        {{"content-length", "x"}, "is not a number"}, {{"x", "a\rb"}, "a CR in a value"},
        {{"x", " a"}, "a blank before a value"},      {{"X", "a"}, "an upper-case name"},
        {{":status", "200"}, "a response's"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct attack a;
        struct buf block;
        buf_init(&block, 1000);
        peer_block(&block);
        buf_append_char(&block, 0);
        buf_append_char(&block, (char)strlen(cases[i].header.name));
        buf_append_str(&block, cases[i].header.name);
        buf_append_char(&block, (char)strlen(cases[i].header.value));
        buf_append_str(&block, cases[i].header.value);
        attack_init(&a);
        attack_open(&a);
        attack_frame(&a, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1, buf_slice(&block));
        attack_frame(&a, NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 1, slice_make("\0\0\0\0\0", 5));
        assert_true(attack_send(&a));
        if (a.host.requests || a.resets != 1 || a.reset_code != NGHTTP2_PROTOCOL_ERROR ||
            a.host.refused[OTLP_REFUSED_MALFORMED] != 1)
            fail_msg("%s is let pass", cases[i].why);
        attack_headers(&a, 3, 0);
        attack_frame(&a, NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 3, slice_make("\0\0\0\0\0", 5));
        assert_true(attack_send(&a));
        assert_int_equal(a.host.requests, 1);
        buf_finish(&block);
        attack_finish(&a);
    }
}

static void malformed_frames_end_the_connection(void **state)
{
    (void)state;
    static char big[16385];
    static const struct {
        uint8_t type, flags;
        int32_t id;
        struct slice payload;
        uint32_t code;
    } cases[] = {
        {NGHTTP2_DATA, 0, 0, {"x", 1}, NGHTTP2_PROTOCOL_ERROR},
        {NGHTTP2_DATA, 0, 5, {"x", 1}, NGHTTP2_PROTOCOL_ERROR}, /* of an idle stream */
        {NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 2, {"x", 1}, NGHTTP2_PROTOCOL_ERROR},
        {NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1, {"\xff\xff\xff\xff", 4}, NGHTTP2_COMPRESSION_ERROR},
        {NGHTTP2_CONTINUATION, 0, 1, {"x", 1}, NGHTTP2_PROTOCOL_ERROR},
        {NGHTTP2_PING, 0, 0, {"1234567", 7}, NGHTTP2_FRAME_SIZE_ERROR},
        {NGHTTP2_SETTINGS, 0, 0, {"12345", 5}, NGHTTP2_FRAME_SIZE_ERROR},
        {NGHTTP2_PUSH_PROMISE, NGHTTP2_FLAG_END_HEADERS, 1, {"\0\0\0\2", 4}, NGHTTP2_PROTOCOL_ERROR},
        {NGHTTP2_WINDOW_UPDATE, 0, 0, {"\0\0\0\0", 4}, NGHTTP2_PROTOCOL_ERROR},
        {NGHTTP2_RST_STREAM, 0, 7, {"\0\0\0\0", 4}, NGHTTP2_PROTOCOL_ERROR},
        {NGHTTP2_DATA, 0, 1, {big, sizeof big}, NGHTTP2_FRAME_SIZE_ERROR},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct attack a;
        attack_init(&a);
        attack_open(&a);
        attack_frame(&a, cases[i].type, cases[i].flags, cases[i].id, cases[i].payload);
        assert_false(attack_send(&a));
        assert_int_equal(a.goaway, cases[i].code);
        assert_int_equal(a.host.refused[OTLP_REFUSED_MALFORMED], 1);
        assert_int_equal(core_state(a.host.core), CORE_SHUT);
        host_eof(&a.host);
        assert_int_equal(core_state(a.host.core), CORE_DEAD);
        attack_finish(&a);
    }
}

static void header_ms(void **state)
{
    (void)state;
    struct attack a;
    attack_init(&a);
    host_open(&a.host);
    host_feed_str(&a.host, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"); /* no SETTINGS */
    host_expire_after(&a.host, a.host.limits.header_ms);
    assert_int_equal(a.host.refused[OTLP_REFUSED_TIMEOUT], 1);
    host_expire_after(&a.host, CORE_LINGER_MS);
    assert_int_equal(core_state(a.host.core), CORE_DEAD);
    attack_finish(&a);
}

static void idle_ms_and_total_ms_of_a_body(void **state)
{
    (void)state;
    struct peer p;
    peer_init(&p);
    p.host.limits.idle_ms = 1000;
    p.host.limits.total_ms = 3500;
    peer_open(&p);
    struct peer_stream *grpc = peer_call_raw(&p, PEER_LOGS, NULL, slice_make("\0\0\0\0\x09", 5));
    peer_keep_open(grpc);
    peer_run(&p);
    for (int i = 0; i < 3; i++) { /* a byte a second is progress */
        p.host.now += 999;
        core_expire(p.host.core, p.host.now);
        peer_add(&p, grpc, SLICE_LIT("x"), false);
    }
    struct peer_stream *http = peer_post(&p, "/v1/logs", "application/json", NULL, SLICE_LIT("{"));
    peer_keep_open(http);
    peer_run(&p);
    host_expire_after(&p.host, 3500 - 3 * 999); /* but not for ever */
    peer_run(&p);
    assert_int_equal(grpc->grpc_status, 4);
    assert_string_equal(grpc->message, "the body took too long");
    assert_true(grpc->closed);
    host_expire_after(&p.host, 1000 - (3500 - 3 * 999));
    peer_run(&p);
    assert_int_equal(http->status, 408);
    assert_int_equal(p.host.refused[OTLP_REFUSED_TIMEOUT], 2);
    assert_int_equal(core_state(p.host.core), CORE_OPEN);
    peer_finish(&p);
}

static void keepalive_ms_ends_with_goaway_and_pings_put_it_off(void **state)
{
    (void)state;
    struct peer p;
    peer_init(&p);
    peer_open(&p);
    peer_call(&p, PEER_LOGS, NULL, SLICE_LIT("a"));
    peer_run(&p);
    p.host.now += p.host.limits.keepalive_ms - 1;
    core_expire(p.host.core, p.host.now);
    nghttp2_submit_ping(p.client, NGHTTP2_FLAG_NONE, NULL);
    peer_run(&p);
    host_expire_after(&p.host, p.host.limits.keepalive_ms);
    peer_run(&p);
    assert_int_equal(p.goaways, 1);
    assert_int_equal(p.goaway_code, NGHTTP2_NO_ERROR);
    assert_int_equal(core_state(p.host.core), CORE_SHUT);
    assert_int_equal(p.host.refused[OTLP_REFUSED_TIMEOUT], 0);
    peer_finish(&p);
}

static void a_handler_may_take_its_time(void **state)
{
    (void)state;
    struct peer p;
    peer_init(&p);
    p.host.hold = true;
    peer_open(&p);
    struct peer_stream *s = peer_call(&p, PEER_LOGS, NULL, SLICE_LIT("a"));
    peer_run(&p);
    assert_int_equal(core_deadline(p.host.core), 0);
    p.host.now += 10 * (uint64_t)p.host.limits.total_ms;
    core_expire(p.host.core, p.host.now);
    host_answer(&p.host, 0, "");
    peer_run(&p);
    assert_int_equal(s->grpc_status, 0);
    peer_finish(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_bytes),
        cmocka_unit_test(header_count),
        cmocka_unit_test(http_bodies),
        cmocka_unit_test(the_byte_budget_is_shared_and_comes_back),
        cmocka_unit_test(malformed_requests_cost_their_stream),
        cmocka_unit_test(malformed_frames_end_the_connection),
        cmocka_unit_test(header_ms),
        cmocka_unit_test(idle_ms_and_total_ms_of_a_body),
        cmocka_unit_test(keepalive_ms_ends_with_goaway_and_pings_put_it_off),
        cmocka_unit_test(a_handler_may_take_its_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
