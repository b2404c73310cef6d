/* A sender that leaves at every byte of what it says: HTTP/1 with each framing and encoding, hooks, HTTP/2
 * and gRPC; by FIN and by RST. */
#include "test.h"

#include "net_attack.h"

#include "h2_frames.h"
#include "h2_peer.h"

#include <unistd.h>

#define PB "\x0a\x06\x12\x04\x12\x02\x18\x09"
/* The preface less its second half is a request of HTTP/1, of a version that is not spoken. */
#define WORDS_OF_HTTP1 (H2_PREFACE_BYTES - sizeof "PRI * HTTP/2.0\r\n\r\n" + 1)
#define JSON           "{\"resourceLogs\":[]}"

/* With each kind of goodbye; now and then somebody else is served. */
static void at_every_byte(struct net_server *s, struct slice whole)
{
    for (size_t at = 0; at <= whole.len; at++) {
        for (int how = 0; how < 2; how++) {
            int fd = net_connect(s);
            net_send(s, fd, slice_sub(whole, 0, at));
            if (how == 0)
                close(fd);
            else
                net_reset(fd);
        }
        if (at % 64 == 0)
            net_bystander(s);
        net_until_connections(s, 0);
    }
    assert_int_equal(receiver_stats(s->r).body_bytes_held, 0);
}

static void start(struct net_server *s)
{
    net_server_start(s, NULL);
    memory_watch();
}

/* What was there is given back, and leaving is no offence that counts as a refusal. */
static void finish(struct net_server *s, uint64_t malformed)
{
    net_bystander(s);
    net_expect_peak(NET_BASE_BYTES + 4 * NET_CONNECTION_BYTES);
    for (int why = 0; why < OTLP_REFUSAL_COUNT; why++)
        if (receiver_stats(s->r).refused[why] != (why == OTLP_REFUSED_MALFORMED ? malformed : 0))
            fail_msg("%s", otlp_refusal_name((enum otlp_refusal)why));
    net_server_finish(s);
}

static void in_http1(void **state)
{
    (void)state;
    static const char *const requests[] = {
        NET_HEAD "Content-Type: application/x-protobuf\r\nContent-Length: 8\r\n\r\n" PB,
        NET_HEAD "Content-Type: application/json\r\nContent-Length: 19\r\n\r\n" JSON,
        NET_HEAD "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
                 "a;x\r\n{\"resource\r\n9\r\nLogs\":[]}\r\n0\r\nT: u\r\n\r\n",
        NET_HEAD "Expect: 100-continue\r\nContent-Length: 3\r\n\r\nabc" NET_HEAD "\r\n",
        "POST /hooks HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
        "49\r\n\r\n"
        "{\"hook_event_name\":\"Stop\",\"session_id\":\"abcdefg\"}",
    };
    struct net_server s;
    start(&s);
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        uint64_t before = s.requests;
        at_every_byte(&s, slice_str(requests[i]));
        assert_true(s.requests > before); /* those that came whole */
    }
    finish(&s, 0);
}

/* A call or a post, whole: greeting, headers, body in two pieces. */
static void in_http2(const char *content_type)
{
    struct net_server s;
    struct buf out, block;
    buf_init(&out, 10000);
    buf_init(&block, 1000);
    peer_block(&block);
    struct slice grpc = SLICE_LIT("application/grpc");
    size_t at = slice_find_slice(buf_slice(&block), grpc);
    assert_true(at < block.len);
    if (!slice_eq_str(grpc, content_type)) {
        block.len = at - 1; /* its length byte */
        buf_append_char(&block, (char)strlen(content_type));
        buf_append_str(&block, content_type);
        /* Not below a gRPC service then. */
        struct slice path = SLICE_LIT(PEER_LOGS);
        size_t start_at = slice_find_slice(buf_slice(&block), path);
        assert_true(start_at < block.len);
        block.data[start_at + 1] = 'x';
    }
    peer_greeting(&out);
    peer_frame(&out, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1, buf_slice(&block));
    peer_frame(&out, NGHTTP2_DATA, 0, 1, slice_make("\0\0\0\0\6ab", 7));
    peer_frame(&out, NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 1, SLICE_LIT("cdef"));
    start(&s);
    at_every_byte(&s, buf_slice(&out));
    assert_true(s.requests > 0);
    finish(&s, WORDS_OF_HTTP1);
    buf_finish(&out);
    buf_finish(&block);
}

static void in_http2_with_a_post(void **state)
{
    (void)state;
    in_http2("application/json");
}

static void in_grpc(void **state)
{
    (void)state;
    in_http2("application/grpc");
}

/* The handler is still at work when the sender leaves: its answer is dropped. */
static void while_the_handler_works(void **state)
{
    (void)state;
    for (int how = 0; how < 2; how++) {
        struct net_server s;
        start(&s);
        s.hold = true;
        for (int i = 0; i < NET_HELD_MAX; i++) {
            int fd = net_connect(&s);
            assert_true(net_send_str(&s, fd, NET_HEAD "Content-Length: 5\r\n\r\nhello"));
            net_until_requests(&s, (uint64_t)i + 1);
            if (how == 0)
                close(fd);
            else
                net_reset(fd);
        }
        s.hold = false;
        if (how == 1)
            net_until_connections(&s, 0);
        for (size_t i = 0; i < s.held_count; i++)
            receiver_reply(s.held[i], &(struct receiver_reply){.status = 200, .body = SLICE_LIT("late")});
        s.held_count = 0;
        net_until_connections(&s, 0);
        assert_int_equal(receiver_stats(s.r).body_bytes_held, 0);
        net_bystander(&s);
        net_expect_peak(NET_BASE_BYTES + (NET_HELD_MAX + 1) * NET_CONNECTION_BYTES);
        net_server_finish(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_http1),
        cmocka_unit_test(in_http2_with_a_post),
        cmocka_unit_test(in_grpc),
        cmocka_unit_test(while_the_handler_works),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
