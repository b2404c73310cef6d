/* Bodies that come slowly, or stop: "R-U-Dead-Yet". What they have brought so far is held, so it must end. */
#include "test.h"

#include "net_attack.h"

#include <unistd.h>

#define CROWD 100
/* The first room of a body. */
#define BODY_BYTES ((size_t)16 * 1024)

static void ends_in_408(const struct otlp_limits *limits, const char *head, const char *more)
{
    struct net_server s;
    int fds[CROWD];
    struct buf in;
    net_server_start(&s, limits);
    buf_init(&in, 4096);
    memory_watch();
    net_connect_all(&s, fds, CROWD);
    for (size_t i = 0; i < CROWD; i++)
        assert_true(net_send_str(&s, fds[i], head));
    net_bystander(&s);
    while (more && receiver_stats(s.r).refused[OTLP_REFUSED_TIMEOUT] == 0)
        for (size_t i = 0; i < CROWD; i++)
            net_send_str(&s, fds[i], more);
    net_until_refused(&s, OTLP_REFUSED_TIMEOUT, CROWD);
    net_bystander(&s);
    assert_int_equal(receiver_stats(s.r).body_bytes_held, 0);
    for (size_t i = 0; i < CROWD; i++) {
        buf_clear(&in);
        net_read_all(&s, fds[i], &in);
        assert_true(net_has(&in, "HTTP/1.1 408 Request Timeout\r\n"));
    }
    net_close_all(fds, CROWD);
    net_until_connections(&s, 0);
    assert_int_equal(s.requests, 2);
    net_expect_peak(NET_BASE_BYTES + CROWD * (NET_CONNECTION_BYTES + BODY_BYTES));
    buf_finish(&in);
    net_server_finish(&s);
}

static void bodies_that_stop(void **state)
{
    (void)state;
    struct otlp_limits limits = net_patient();
    limits.idle_ms = 150;
    ends_in_408(&limits, NET_HEAD "Content-Length: 100000\r\n\r\nhello", NULL);
    ends_in_408(&limits, NET_HEAD "Transfer-Encoding: chunked\r\n\r\n5\r\nhel", NULL);
    ends_in_408(&limits, NET_HEAD "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nT: ", NULL);
}

static void bodies_that_drip(void **state)
{
    (void)state;
    struct otlp_limits limits = net_patient();
    limits.total_ms = 300;
    ends_in_408(&limits, NET_HEAD "Content-Length: 100000\r\n\r\nhello", "x");
    ends_in_408(&limits, NET_HEAD "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "1\r\nx\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_that_stop),
        cmocka_unit_test(bodies_that_drip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
