/* Late replies, streams, and the end of the receiver. */
#include "test.h"

#include "net_server.h"

#include "exchange.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEAD "POST /v1/logs HTTP/1.1\r\nHost: localhost\r\n"

static const struct receiver_reply fine = {.status = 200, .body = {"fine", 4}};

static void a_reply_may_come_later(void **state)
{
    (void)state;
    struct net_server s;
    net_server_start(&s, NULL);
    s.hold = true;
    int fd = net_connect(&s);
    struct buf in;
    buf_init(&in, 100000);
    assert_true(net_send_str(&s, fd, HEAD "Content-Length: 5\r\n\r\nhello" HEAD "\r\n"));
    net_until_requests(&s, 1);
    assert_slice_equal(receiver_request_view(s.held[0])->body, "hello");
    assert_true(receiver_stats(s.r).body_bytes_held >= 5);
    receiver_reply(s.held[0], &fine);
    net_until_requests(&s, 2); /* the next one only now */
    assert_int_equal(receiver_stats(s.r).body_bytes_held, 0);
    net_read_until(&s, fd, &in, "fine");
    receiver_reply(s.held[1], &(struct receiver_reply){.status = 429, .retry_after_s = 7, .close = true});
    s.held_count = 0;
    assert_true(net_read_all(&s, fd, &in));
    assert_true(net_has(&in, "HTTP/1.1 429 Too Many Requests\r\n"));
    assert_true(net_has(&in, "\r\nRetry-After: 7\r\n")); /* rule 8 */
    assert_true(net_has(&in, "\r\nConnection: close\r\n"));
    close(fd);
    buf_finish(&in);
    net_server_finish(&s);
}

static void a_reply_after_the_sender_has_gone_is_dropped(void **state)
{
    (void)state;
    struct net_server s;
    net_server_start(&s, NULL);
    s.hold = true;
    for (int how = 0; how < 3; how++) {
        int fd = net_connect(&s);
        assert_true(net_send_str(&s, fd, HEAD "Content-Length: 5\r\n\r\nhello"));
        net_until_requests(&s, (uint64_t)how + 1);
        net_reset(fd);
        net_until_connections(&s, 0); /* noticed while the handler works */
        assert_slice_equal(receiver_request_view(s.held[0])->body, "hello");
        assert_true(receiver_stats(s.r).body_bytes_held >= 5);
        if (how == 0)
            receiver_reply(s.held[0], &fine);
        else if (how == 1)
            receiver_refuse(s.held[0], OTLP_REFUSED_DECODE, "words");
        else
            assert_int_equal(receiver_stream_begin(s.held[0], "text/plain", NULL, NULL, NULL), CT_END);
        s.held_count = 0;
        assert_int_equal(receiver_stats(s.r).body_bytes_held, 0);
    }
    net_server_finish(&s);
}

static void a_reply_may_outlive_the_receiver(void **state)
{
    (void)state;
    struct net_server s;
    net_server_start(&s, NULL);
    s.hold = true;
    int fd = net_connect(&s);
    assert_true(net_send_str(&s, fd, HEAD "Content-Length: 5\r\n\r\nhello"));
    net_until_requests(&s, 1);
    struct receiver_request *late = s.held[0];
    net_server_finish(&s); /* destroys it */
    assert_slice_equal(receiver_request_view(late)->body, "hello");
    close(fd);
    /* The loop's clock is all that a reply still reads. */
    assert_int_equal(uv_loop_init(&s.loop), 0);
    receiver_reply(late, &fine);
    assert_int_equal(uv_loop_close(&s.loop), 0);
}

struct stream {
    struct net_server s;
    struct receiver_request *request;
    struct buf sent;
    size_t total; /* to be written */
    unsigned drained;
    unsigned closed;
};

/* Writes numbered lines until the peer cannot take more. */
static void fill(struct stream *t)
{
    while (t->sent.len < t->total) {
        size_t before = t->sent.len;
        for (int i = 0; i < 1000; i++)
            buf_printf(&t->sent, "%08zu\n", t->sent.len);
        enum ct_err err =
            receiver_stream_write(t->request, slice_sub(buf_slice(&t->sent), before, t->sent.len));
        if (err) {
            assert_int_equal(err, CT_AGAIN);
            t->sent.len = before;
            assert_true(receiver_stream_pending(t->request) >= EXCHANGE_STREAM_HIGH);
            return;
        }
    }
    receiver_stream_end(t->request);
    t->request = NULL;
}

static void on_drain(void *ctx)
{
    struct stream *t = ctx;
    t->drained++;
    assert_true(receiver_stream_pending(t->request) <= EXCHANGE_STREAM_LOW);
    if (t->total)
        fill(t);
}

static void on_close(void *ctx)
{
    struct stream *t = ctx;
    t->closed++;
    t->request = NULL;
}

/* A server with one stream begun over fd. */
static int stream_open(struct stream *t)
{
    *t = (struct stream){0};
    buf_init(&t->sent, SIZE_MAX / 2);
    net_server_start(&t->s, NULL);
    t->s.hold = true;
    int fd = net_connect(&t->s);
    assert_true(net_send_str(&t->s, fd, "GET /frames HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    net_until_requests(&t->s, 1);
    t->request = t->s.held[0];
    t->s.held_count = 0;
    assert_int_equal(receiver_stream_begin(t->request, "application/x-frames", on_drain, on_close, t), CT_OK);
    return fd;
}

/* The body of one chunked response. */
static void unchunk(struct slice response, struct buf *out)
{
    size_t at = slice_find_slice(response, SLICE_LIT("\r\n\r\n"));
    response = slice_sub(response, at + 4, response.len);
    for (;;) {
        size_t n = strtoul(response.ptr, NULL, 16);
        size_t line = slice_find(response, '\n') + 1;
        assert_true(line + n + 2 <= response.len);
        if (!n)
            return;
        buf_append(out, slice_sub(response, line, n));
        response = slice_sub(response, line + n + 2, response.len);
    }
}

static void a_stream_reaches_a_slow_reader_whole(void **state)
{
    (void)state;
    struct stream t;
    int fd = stream_open(&t);
    t.total = 20u << 20;
    fill(&t);
    assert_non_null(t.request); /* the reader has not read: not all of it went */
    assert_true(t.sent.len < t.total);
    struct buf in, body;
    buf_init(&in, SIZE_MAX / 2);
    buf_init(&body, SIZE_MAX / 2);
    net_read_until(&t.s, fd, &in, "\r\n0\r\n\r\n");
    assert_true(t.drained > 1);
    assert_int_equal(t.closed, 0);
    unchunk(buf_slice(&in), &body);
    assert_true(body.len >= t.total);
    assert_true(slice_eq(buf_slice(&body), buf_slice(&t.sent)));
    /* And the connection goes on. */
    t.s.hold = false;
    buf_clear(&in);
    assert_true(net_send_str(&t.s, fd, HEAD "\r\n"));
    net_read_until(&t.s, fd, &in, "0 bytes");
    close(fd);
    buf_finish(&in);
    buf_finish(&body);
    buf_finish(&t.sent);
    net_server_finish(&t.s);
}

static bool is_closed(void *ctx)
{
    return ((struct stream *)ctx)->closed > 0;
}

static void a_stream_whose_reader_leaves_is_closed_once(void **state)
{
    (void)state;
    for (int how = 0; how < 3; how++) {
        struct stream t;
        int fd = stream_open(&t);
        assert_int_equal(receiver_stream_write(t.request, SLICE_LIT("hello")), CT_OK);
        if (how == 0)
            close(fd);
        else if (how == 1)
            net_reset(fd);
        else
            assert_int_equal(shutdown(fd, SHUT_WR), 0);
        net_until(&t.s, is_closed, &t);
        net_until_connections(&t.s, 0);
        assert_int_equal(t.closed, 1);
        if (how == 2)
            close(fd);
        buf_finish(&t.sent);
        net_server_finish(&t.s);
        assert_int_equal(t.closed, 1);
    }
}

static void writing_to_a_reader_that_has_gone_ends_in_on_close(void **state)
{
    (void)state;
    struct stream t;
    int fd = stream_open(&t);
    net_reset(fd);
    /* The loop has not run: the write finds out. */
    enum ct_err err = receiver_stream_write(t.request, SLICE_LIT("hello"));
    assert_true(err == CT_OK || err == CT_END);
    assert_int_equal(t.closed, 0); /* never from within the write */
    assert_int_equal(receiver_stream_write(t.request, SLICE_LIT("hello")), CT_END);
    net_until(&t.s, is_closed, &t);
    buf_finish(&t.sent);
    net_server_finish(&t.s);
    assert_int_equal(t.closed, 1);
}

static bool is_done(void *ctx)
{
    return ((struct net_server *)ctx)->done > 0;
}

static void stopping_lets_running_requests_finish(void **state)
{
    (void)state;
    struct net_server s;
    net_server_start(&s, NULL);
    s.hold = true;
    struct buf in;
    buf_init(&in, 100000);
    int idle = net_connect(&s);
    int held = net_connect(&s);
    int half = net_connect(&s);
    assert_true(net_send_str(&s, half, HEAD "Content-Length: 5\r\n\r\nhel"));
    assert_true(net_send_str(&s, held, HEAD "Content-Length: 5\r\n\r\nhello"));
    net_until_requests(&s, 1);
    net_until_connections(&s, 3);
    net_server_stop(&s, 600000);
    assert_true(net_read_all(&s, idle, &in)); /* at once */
    assert_int_equal(in.len, 0);
    net_until_connections(&s, 2);
    assert_int_equal(s.done, 0);
    receiver_reply(s.held[0], &fine);
    assert_true(net_read_all(&s, held, &in));
    assert_true(net_has(&in, "Connection: close\r\n"));
    assert_true(net_has(&in, "fine"));
    close(held);
    assert_true(net_send_str(&s, half, "lo"));
    net_until_requests(&s, 2);
    receiver_reply(s.held[1], &fine);
    s.held_count = 0;
    buf_clear(&in);
    assert_true(net_read_all(&s, half, &in));
    assert_true(net_has(&in, "fine"));
    close(half);
    net_until(&s, is_done, &s);
    close(idle);
    buf_finish(&in);
    net_server_finish(&s);
}

static void stopping_does_not_wait_longer_than_the_grace(void **state)
{
    (void)state;
    struct net_server s;
    net_server_start(&s, NULL);
    s.hold = true;
    struct buf in;
    buf_init(&in, 100000);
    int fd = net_connect(&s);
    assert_true(net_send_str(&s, fd, HEAD "Content-Length: 5\r\n\r\nhello"));
    net_until_requests(&s, 1);
    net_server_stop(&s, 30);
    net_until(&s, is_done, &s);
    assert_int_equal(receiver_stats(s.r).connections_open, 0);
    net_read_all(&s, fd, &in);
    assert_int_equal(in.len, 0);
    receiver_reply(s.held[0], &fine); /* dropped */
    s.held_count = 0;
    close(fd);
    buf_finish(&in);
    net_server_finish(&s);
}

static void stopping_ends_streams_properly(void **state)
{
    (void)state;
    struct stream t;
    int fd = stream_open(&t);
    struct buf in;
    buf_init(&in, 100000);
    assert_int_equal(receiver_stream_write(t.request, SLICE_LIT("hello")), CT_OK);
    net_server_stop(&t.s, 600000);
    assert_int_equal(t.closed, 1);
    assert_true(net_read_all(&t.s, fd, &in));
    assert_true(net_has(&in, "5\r\nhello\r\n0\r\n\r\n"));
    close(fd);
    net_until(&t.s, is_done, &t.s);
    buf_finish(&in);
    buf_finish(&t.sent);
    net_server_finish(&t.s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reply_may_come_later),
        cmocka_unit_test(a_reply_after_the_sender_has_gone_is_dropped),
        cmocka_unit_test(a_reply_may_outlive_the_receiver),
        cmocka_unit_test(a_stream_reaches_a_slow_reader_whole),
        cmocka_unit_test(a_stream_whose_reader_leaves_is_closed_once),
        cmocka_unit_test(writing_to_a_reader_that_has_gone_ends_in_on_close),
        cmocka_unit_test(stopping_lets_running_requests_finish),
        cmocka_unit_test(stopping_does_not_wait_longer_than_the_grace),
        cmocka_unit_test(stopping_ends_streams_properly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
