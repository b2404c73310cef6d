/* Peers that ask and do not read: replies and streams that wait must be bounded, and end. */
#include "test.h"

#include "net_attack.h"

#include "exchange.h"
#include "http1.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* What one that does not read may hold: replies up to HTTP1_OUT_HIGH, requests up to HTTP1_AHEAD_MAX, and the
 * same again while a buffer grows or changes hands. */
#define UNREAD_BYTES (2 * ((size_t)HTTP1_OUT_HIGH + HTTP1_AHEAD_MAX))

/* With so little room in the kernel that it is soon full. */
static int connect_small(const struct net_server *s)
{
    int fd = net_connect(s), size = 4096;
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size), 0);
    return fd;
}

static void replies_that_are_not_read(void **state)
{
    (void)state;
    static char block[64 * 1024];
    struct otlp_limits limits = net_patient();
    struct net_server s;
    size_t filled = 0;
    limits.idle_ms = 300;
    for (; filled + sizeof NET_HEAD + 2 < sizeof block; filled += sizeof NET_HEAD + 1)
        memcpy(block + filled, NET_HEAD "\r\n", sizeof NET_HEAD + 1);
    net_server_start(&s, &limits);
    memory_watch();
    int fd = connect_small(&s);
    /* Requests without end until it is not read from any more, and then until it is dropped. */
    size_t at = 0;
    while (receiver_stats(s.r).refused[OTLP_REFUSED_TIMEOUT] == 0) {
        ssize_t n = send(fd, block + at, filled - at, MSG_NOSIGNAL);
        if (n > 0)
            at = (at + (size_t)n) % filled;
        net_bystander(&s);
    }
    net_until_connections(&s, 0);
    assert_int_equal(receiver_stats(s.r).refused[OTLP_REFUSED_TIMEOUT], 1);
    assert_int_equal(receiver_stats(s.r).body_bytes_held, 0);
    net_expect_peak(NET_BASE_BYTES + UNREAD_BYTES + NET_CONNECTION_BYTES);
    close(fd);
    net_server_finish(&s);
}

struct stream {
    struct net_server s;
    struct receiver_request *request;
    unsigned closed;
};

static void on_drain(void *ctx)
{
    (void)ctx;
}

static void on_close(void *ctx)
{
    struct stream *t = ctx;
    t->closed++;
    t->request = NULL;
}

static bool is_closed(void *ctx)
{
    return ((struct stream *)ctx)->closed > 0;
}

static void a_stream_that_is_not_read(void **state)
{
    (void)state;
    static char block[64 * 1024];
    struct otlp_limits limits = net_patient();
    struct stream t = {0};
    limits.idle_ms = 300;
    net_server_start(&t.s, &limits);
    memory_watch();
    t.s.hold = true;
    int fd = connect_small(&t.s);
    assert_true(net_send_str(&t.s, fd, "GET /frames HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    net_until_requests(&t.s, 1);
    t.request = t.s.held[0];
    t.s.held_count = 0;
    assert_int_equal(receiver_stream_begin(t.request, "text/plain", on_drain, on_close, &t), CT_OK);
    enum ct_err err = CT_OK;
    size_t written = 0;
    while (err == CT_OK) {
        err = receiver_stream_write(t.request, slice_make(block, sizeof block));
        written += sizeof block;
        assert_in_range(written, 0, (size_t)64 * 1024 * 1024); /* the kernel's buffers are smaller */
    }
    assert_int_equal(err, CT_AGAIN);
    assert_in_range(receiver_stream_pending(t.request), EXCHANGE_STREAM_HIGH,
                    EXCHANGE_STREAM_HIGH + 2 * sizeof block);
    net_bystander(&t.s);
    net_until(&t.s, is_closed, &t);
    net_until_connections(&t.s, 0);
    assert_int_equal(t.closed, 1);
    assert_int_equal(receiver_stats(t.s.r).refused[OTLP_REFUSED_TIMEOUT], 1);
    net_expect_peak(NET_BASE_BYTES + 4 * EXCHANGE_STREAM_HIGH);
    close(fd);
    net_server_finish(&t.s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies_that_are_not_read),
        cmocka_unit_test(a_stream_that_is_not_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
