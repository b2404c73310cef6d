/* HTTP/2: requests, answers, flow control, goodbyes. */
#include "test.h"

#include "h2_peer.h"
#include "h2_sniff.h"

#include <stdio.h>
#include <stdlib.h>

static void repeat(struct buf *out, char c, size_t n)
{
    assert_int_equal(buf_reserve(out, n), CT_OK);
    memset(out->data + out->len, c, n);
    out->len += n;
}

static void otlp_http_is_received_over_http_2(void **state)
{
    (void)state;
    struct peer p;
    peer_init(&p);
    peer_open(&p);
    static const struct peer_header extra[] = {{"x-tenant", "a"}, {"content-length", "5"}, {NULL, NULL}};
    struct peer_stream *s = peer_post(&p, "/v1/logs?tenant=a", "application/json", extra, SLICE_LIT("hello"));
    peer_run(&p);
    assert_slice_equal(buf_slice(&p.host.log),
                       "request POST /v1/logs ? tenant=a @ localhost:4317 [content-type=application/json] "
                       "[x-tenant=a] [content-length=5] 5:hello\n");
    assert_int_equal(s->status, 200);
    assert_slice_equal(buf_slice(&s->reply), "ok");
    assert_string_equal(s->headers, "content-length=2\n");
    assert_true(s->closed);
    assert_int_equal(s->code, NGHTTP2_NO_ERROR);
    assert_int_equal(p.settings_acks, 1);
    peer_finish(&p);
}

static void methods_without_a_body(void **state)
{
    (void)state;
    struct peer p;
    peer_init(&p);
    peer_open(&p);
    static const struct peer_header get[] = {{":method", "GET"}, {NULL, NULL}};
    static const struct peer_header head[] = {{":method", "HEAD"}, {NULL, NULL}};
    struct peer_stream *a = peer_post(&p, "/status", NULL, get, SLICE_NULL);
    struct peer_stream *b = peer_post(&p, "/status", NULL, head, SLICE_NULL);
    peer_run(&p);
    assert_int_equal(p.host.requests, 2);
    assert_slice_equal(buf_slice(&a->reply), "ok");
    assert_slice_equal(buf_slice(&b->reply), "");
    assert_string_equal(b->headers, "content-length=2\n");
    assert_true(b->closed);
    peer_finish(&p);
}

static void rule_9_expect_100_continue_is_honoured(void **state)
{
    (void)state;
    struct peer p;
    peer_init(&p);
    peer_open(&p);
    static const struct peer_header extra[] = {{"expect", "100-continue"}, {NULL, NULL}};
    struct peer_stream *s = peer_post(&p, "/v1/logs", "application/json", extra, SLICE_LIT(""));
    peer_keep_open(s);
    peer_run(&p);
    assert_true(s->continued);
    peer_add(&p, s, SLICE_LIT("{}"), true);
    assert_int_equal(s->status, 200);
    peer_finish(&p);
}

static void answers_come_in_any_order(void **state)
{
    (void)state;
    struct peer p;
    peer_init(&p);
    p.host.hold = true;
    peer_open(&p);
    for (int i = 0; i < H2_STREAMS_MAX; i++)
        peer_call(&p, PEER_LOGS, NULL, SLICE_LIT("hello"));
    peer_run(&p);
    assert_int_equal(p.host.held_count, H2_STREAMS_MAX);
    for (size_t i = H2_STREAMS_MAX; i-- > 0;) {
        char text[8];
        snprintf(text, sizeof text, "%zu", i);
        host_answer(&p.host, i, text);
        peer_run(&p);
        assert_true(p.streams[i].closed);
        assert_int_equal(p.streams[i].grpc_status, 0);
        assert_slice_equal(slice_sub(buf_slice(&p.streams[i].reply), GRPC_PREFIX_BYTES, 8), text);
        assert_false(i && p.streams[i - 1].closed);
    }
    peer_finish(&p);
}

static void one_stream_too_many_is_refused_and_the_others_go_on(void **state)
{
    (void)state;
    struct peer p;
    peer_init(&p);
    p.host.hold = true;
    peer_open(&p);
    /* Sent before the client has seen our SETTINGS. */
    for (int i = 0; i < H2_STREAMS_MAX + 3; i++)
        peer_call(&p, PEER_LOGS, NULL, SLICE_LIT("hello"));
    peer_run(&p);
    assert_int_equal(p.host.held_count, H2_STREAMS_MAX);
    assert_int_equal(p.host.refused[OTLP_REFUSED_OVERLOAD], 3);
    for (size_t i = H2_STREAMS_MAX; i < H2_STREAMS_MAX + 3; i++)
        assert_int_equal(p.streams[i].code, NGHTTP2_REFUSED_STREAM); /* safe to send again (RFC 9113, 8.7) */
    host_answer(&p.host, 0, "");
    peer_run(&p);
    assert_int_equal(p.streams[0].grpc_status, 0);
    assert_int_equal(p.goaways, 0);
    peer_finish(&p);
}

/* A body far above every window arrives only if both windows are opened again and again. */
static void windows_are_opened_as_bodies_come(void **state)
{
    (void)state;
    struct peer p;
    struct buf body;
    buf_init(&body, SIZE_MAX / 2);
    repeat(&body, 'x', 3 * H2_CONNECTION_WINDOW);
    peer_init(&p);
    peer_open(&p);
    struct peer_stream *s = peer_call(&p, PEER_LOGS, NULL, buf_slice(&body));
    peer_run(&p);
    assert_int_equal(s->grpc_status, 0);
    assert_in_range(p.stream_updates, 11, 100);
    assert_in_range(p.connection_updates, 3, 100);
    /* What a refused stream had sent is given back too: else the connection would run dry. */
    for (int i = 0; i < 20; i++) {
        struct peer_stream *refused = peer_call(&p, "/unknown", NULL, buf_slice(&body));
        peer_run(&p);
        assert_int_equal(refused->grpc_status, GRPC_UNIMPLEMENTED);
        assert_true(refused->closed);
    }
    s = peer_call(&p, PEER_LOGS, NULL, buf_slice(&body));
    peer_run(&p);
    assert_int_equal(s->grpc_status, 0);
    peer_finish(&p);
    buf_finish(&body);
}

static void responses_wait_for_the_peers_window(void **state)
{
    (void)state;
    struct peer p;
    peer_init(&p);
    peer_open_window(&p, 7);
    struct peer_stream *a = peer_call(&p, PEER_LOGS, NULL, SLICE_LIT("a"));
    peer_run(&p);
    assert_int_equal(a->grpc_status, 0); /* 5 + 2 bytes fit */
    p.host.hold = true;
    struct peer_stream *b = peer_call(&p, PEER_LOGS, NULL, SLICE_LIT("b"));
    peer_run(&p);
    host_answer(&p.host, 0, "a longer answer");
    peer_run(&p); /* the client's session opens its window as it reads */
    assert_int_equal(b->grpc_status, 0);
    assert_int_equal(b->reply.len, GRPC_PREFIX_BYTES + 15);
    peer_finish(&p);
}

static void pings_are_acknowledged(void **state)
{
    (void)state;
    struct peer p;
    peer_init(&p);
    peer_open(&p);
    for (int i = 0; i < 10; i++)
        assert_int_equal(nghttp2_submit_ping(p.client, NGHTTP2_FLAG_NONE, NULL), 0);
    peer_run(&p);
    assert_int_equal(p.ping_acks, 10);
    peer_finish(&p);
}

static void header_tables_are_dynamic(void **state)
{
    (void)state;
    struct peer p;
    peer_init(&p);
    peer_open(&p);
    size_t sizes[4];
    static const struct peer_header extra[] = {
        {"user-agent", "OTel-OTLP-Exporter-JavaScript/0.208.0 grpc-node-js/1.14.4"}, {NULL, NULL}};
    peer_run(&p);
    for (size_t i = 0; i < 4; i++) {
        size_t before = p.sent.len;
        peer_call(&p, PEER_LOGS, extra, SLICE_LIT(""));
        peer_run(&p);
        sizes[i] = p.sent.len - before;
        assert_int_equal(p.streams[i].grpc_status, 0);
    }
    assert_true(sizes[0] > sizes[1] + 60); /* what was sent once is an index from then on */
    assert_int_equal(sizes[1], sizes[2]);
    struct slice log = buf_slice(&p.host.log);
    size_t line = slice_find(log, '\n') + 1;
    for (size_t i = 1; i < 4; i++)
        assert_true(slice_eq(slice_sub(log, 0, line), slice_sub(log, i * line, line)));
    peer_finish(&p);
}

static void trailers_of_a_request_are_ignored(void **state)
{
    (void)state;
    struct peer p;
    struct buf out;
    buf_init(&out, 4096);
    peer_init(&p);
    peer_open(&p);
    peer_greeting(&out);
    struct buf block;
    buf_init(&block, 1000);
    peer_block(&block);
    peer_frame(&out, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1, buf_slice(&block));
    peer_frame(&out, NGHTTP2_DATA, 0, 1, slice_make("\0\0\0\0\1x", 6));
    peer_frame(&out, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, 1,
               slice_make("\0\1a\1b", 5));
    peer_raw(&p, buf_slice(&out));
    assert_int_equal(p.host.requests, 1);
    assert_true(slice_find_slice(buf_slice(&p.host.log), SLICE_LIT("[a=b]")) == p.host.log.len);
    peer_finish(&p);
    buf_finish(&block);
    buf_finish(&out);
}

static void a_peer_that_says_goaway_gets_its_answers_and_the_end(void **state)
{
    (void)state;
    struct peer p;
    peer_init(&p);
    p.host.hold = true;
    peer_open(&p);
    struct peer_stream *s = peer_call(&p, PEER_LOGS, NULL, SLICE_LIT("x"));
    peer_run(&p);
    nghttp2_submit_goaway(p.client, NGHTTP2_FLAG_NONE, 0, NGHTTP2_NO_ERROR, NULL, 0);
    peer_run(&p);
    assert_int_equal(core_state(p.host.core), CORE_OPEN);
    host_answer(&p.host, 0, "y");
    peer_run(&p);
    assert_int_equal(s->grpc_status, 0);
    assert_int_equal(core_state(p.host.core), CORE_SHUT);
    host_eof(&p.host);
    assert_int_equal(core_state(p.host.core), CORE_DEAD);
    peer_finish(&p);
}

/* As grpc-go sends it: the last stream is one of its own. */
static void a_goaway_with_the_peers_own_stream_is_no_refusal(void **state)
{
    (void)state;
    struct peer p;
    peer_init(&p);
    peer_open(&p);
    struct peer_stream *s = peer_call(&p, PEER_LOGS, NULL, SLICE_LIT("x"));
    peer_run(&p);
    assert_int_equal(s->grpc_status, 0);
    peer_raw(&p, SLICE_LIT("\0\0\x08\x07\0\0\0\0\0\0\0\0\1\0\0\0\0"));
    for (size_t i = 0; i < OTLP_REFUSAL_COUNT; i++)
        assert_int_equal(p.host.refused[i], 0);
    assert_int_not_equal(core_state(p.host.core), CORE_OPEN);
    host_eof(&p.host);
    assert_int_equal(core_state(p.host.core), CORE_DEAD);
    peer_finish(&p);
}

static void goaway_serves_what_is_under_way_and_takes_no_more(void **state)
{
    (void)state;
    struct peer p;
    peer_init(&p);
    p.host.hold = true;
    peer_open(&p);
    struct peer_stream *a = peer_call(&p, PEER_LOGS, NULL, SLICE_LIT("a"));
    peer_run(&p);
    core_goaway(p.host.core, p.host.now);
    host_pump(&p.host);
    /* Sent before the notice was read. */
    struct peer_stream *b = peer_call(&p, PEER_LOGS, NULL, SLICE_LIT("b"));
    const uint8_t *bytes;
    ssize_t n;
    while ((n = nghttp2_session_mem_send(p.client, &bytes)) > 0)
        peer_raw(&p, slice_make(bytes, (size_t)n));
    assert_int_equal(p.host.held_count, 2);
    peer_run(&p); /* the notice, its PING, and the final GOAWAY */
    assert_int_equal(p.goaways, 2);
    assert_int_equal(p.goaway_code, NGHTTP2_NO_ERROR);
    assert_int_equal(p.goaway_last, b->id);
    host_answer(&p.host, 1, "");
    host_answer(&p.host, 0, "");
    peer_run(&p);
    assert_int_equal(a->grpc_status, 0);
    assert_int_equal(b->grpc_status, 0);
    assert_int_equal(core_state(p.host.core), CORE_SHUT);
    host_expire_after(&p.host, CORE_LINGER_MS);
    assert_int_equal(core_state(p.host.core), CORE_DEAD);
    peer_finish(&p);
}

static void goaway_does_not_wait_for_a_peer_that_says_nothing(void **state)
{
    (void)state;
    struct peer p;
    struct buf out;
    buf_init(&out, 4096);
    peer_init(&p);
    peer_open(&p);
    peer_greeting(&out);
    peer_raw(&p, buf_slice(&out));
    core_goaway(p.host.core, p.host.now);
    host_pump(&p.host);
    host_expire_after(&p.host, H2_NOTICE_MS);
    assert_int_equal(core_state(p.host.core), CORE_SHUT);
    peer_finish(&p);
    buf_finish(&out);
}

static void a_reply_may_end_the_connection(void **state)
{
    (void)state;
    struct peer p;
    peer_init(&p);
    p.host.hold = true;
    peer_open(&p);
    struct peer_stream *s = peer_call(&p, PEER_LOGS, NULL, SLICE_LIT("a"));
    peer_run(&p);
    struct exchange *x = p.host.held[0];
    p.host.held[0] = NULL;
    exchange_respond(x, &(struct exchange_reply){.status = 200, .close = true}, p.host.now);
    peer_run(&p);
    assert_int_equal(s->grpc_status, 0);
    assert_int_equal(p.goaways, 1);
    assert_false(nghttp2_session_want_read(p.client)); /* so it leaves */
    host_eof(&p.host);
    assert_int_equal(core_state(p.host.core), CORE_DEAD);
    peer_finish(&p);
}

static void a_half_closed_peer_still_gets_its_answers(void **state)
{
    (void)state;
    struct peer p;
    peer_init(&p);
    p.host.hold = true;
    peer_open(&p);
    struct peer_stream *whole = peer_call(&p, PEER_LOGS, NULL, SLICE_LIT("a"));
    struct peer_stream *half = peer_call(&p, PEER_LOGS, NULL, SLICE_LIT("b"));
    peer_keep_open(half);
    peer_run(&p);
    host_eof(&p.host);
    assert_int_equal(core_state(p.host.core), CORE_OPEN);
    host_answer(&p.host, 0, "");
    peer_run(&p);
    assert_int_equal(whole->grpc_status, 0);
    assert_int_equal(half->code, NGHTTP2_CANCEL);
    assert_int_equal(core_state(p.host.core), CORE_DEAD);
    peer_finish(&p);
}

static void a_request_outlives_its_stream_and_its_connection(void **state)
{
    (void)state;
    struct peer p;
    peer_init(&p);
    p.host.hold = true;
    peer_open(&p);
    struct peer_stream *a = peer_call(&p, PEER_LOGS, NULL, SLICE_LIT("a"));
    peer_call(&p, PEER_LOGS, NULL, SLICE_LIT("b"));
    peer_run(&p);
    nghttp2_submit_rst_stream(p.client, NGHTTP2_FLAG_NONE, a->id, NGHTTP2_CANCEL);
    peer_run(&p);
    assert_null(p.host.held[0]->core);
    assert_non_null(p.host.held[1]->core);
    assert_slice_equal(slice_sub(buf_slice(&p.host.held[0]->body), GRPC_PREFIX_BYTES, 1), "a");
    host_answer(&p.host, 0, "to nobody");
    host_answer(&p.host, 1, "");
    peer_run(&p);
    assert_int_equal(p.streams[1].grpc_status, 0);
    peer_call(&p, PEER_LOGS, NULL, SLICE_LIT("c"));
    peer_run(&p);
    assert_int_equal(p.host.held_count, 3); /* answered by host_finish(), after the connection */
    peer_finish(&p);
}

static void the_first_bytes_choose_the_protocol(void **state)
{
    (void)state;
    for (int cut = HOST_WHOLE; cut <= HOST_RANDOM; cut++) {
        struct peer p;
        peer_init(&p);
        p.host.create = h2_sniff_create;
        p.cut = (enum host_cut)cut;
        peer_open(&p);
        struct peer_stream *s = peer_call(&p, PEER_LOGS, NULL, SLICE_LIT("a"));
        peer_run(&p);
        assert_int_equal(s->grpc_status, 0);
        peer_finish(&p);

        static const char *const others[] = {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
                                             "PRINT / HTTP/1.1\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\rx",
                                             "PRI * HTTP/1.1\r\n\r\n"};
        for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
            struct host h;
            host_init(&h);
            h.create = h2_sniff_create;
            host_open(&h);
            host_feed(&h, slice_str(others[i]), (enum host_cut)cut, 1);
            assert_int_equal(h.requests, i == 0);
            assert_in_range(host_status(&h, 0), i ? 400 : 200, i ? 505 : 200);
            host_finish(&h);
        }
    }
}

static void half_a_preface_is_not_waited_for(void **state)
{
    (void)state;
    struct host h;
    host_init(&h);
    h.create = h2_sniff_create;
    host_open(&h);
    host_feed_str(&h, "PRI * HTTP/2.0\r\n");
    host_expire_after(&h, h.limits.header_ms);
    assert_int_equal(core_state(h.core), CORE_DEAD);
    assert_int_equal(h.refused[OTLP_REFUSED_TIMEOUT], 1);
    host_finish(&h);

    host_init(&h);
    h.create = h2_sniff_create;
    host_open(&h);
    host_feed_str(&h, "PRI *");
    host_eof(&h);
    assert_int_equal(core_state(h.core), CORE_DEAD);
    host_finish(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(otlp_http_is_received_over_http_2),
        cmocka_unit_test(methods_without_a_body),
        cmocka_unit_test(rule_9_expect_100_continue_is_honoured),
        cmocka_unit_test(answers_come_in_any_order),
        cmocka_unit_test(one_stream_too_many_is_refused_and_the_others_go_on),
        cmocka_unit_test(windows_are_opened_as_bodies_come),
        cmocka_unit_test(responses_wait_for_the_peers_window),
        cmocka_unit_test(pings_are_acknowledged),
        cmocka_unit_test(header_tables_are_dynamic),
        cmocka_unit_test(trailers_of_a_request_are_ignored),
        cmocka_unit_test(a_peer_that_says_goaway_gets_its_answers_and_the_end),
        cmocka_unit_test(a_goaway_with_the_peers_own_stream_is_no_refusal),
        cmocka_unit_test(goaway_serves_what_is_under_way_and_takes_no_more),
        cmocka_unit_test(goaway_does_not_wait_for_a_peer_that_says_nothing),
        cmocka_unit_test(a_reply_may_end_the_connection),
        cmocka_unit_test(a_half_closed_peer_still_gets_its_answers),
        cmocka_unit_test(a_request_outlives_its_stream_and_its_connection),
        cmocka_unit_test(the_first_bytes_choose_the_protocol),
        cmocka_unit_test(half_a_preface_is_not_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
