/* Senders that are slow, leave, come in crowds, or find the process out of descriptors. */
#include "test.h"

#include "net_server.h"

#include "clock.h"
#include "receiver_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#define HEAD "POST /v1/logs HTTP/1.1\r\nHost: a\r\n"

/* Deadlines that a test can wait for; the ones that are not under test are out of the way. */
static struct otlp_limits patient(void)
{
    struct otlp_limits limits;
    otlp_limits_init(&limits);
    limits.header_ms = limits.idle_ms = limits.keepalive_ms = limits.total_ms = 600000;
    return limits;
}

static void ends_in_408(const struct otlp_limits *limits, const char *sent)
{
    struct net_server s;
    net_server_start(&s, limits);
    int fd = net_connect(&s);
    struct buf in;
    buf_init(&in, 100000);
    int64_t since = clock_mono();
    assert_true(net_send_str(&s, fd, sent));
    assert_true(net_read_all(&s, fd, &in));
    assert_true(clock_mono() - since >= 30 * NS_PER_MS);
    assert_true(net_has(&in, "HTTP/1.1 408 Request Timeout\r\n"));
    assert_true(net_has(&in, "Connection: close\r\n"));
    assert_int_equal(receiver_stats(s.r).refused[OTLP_REFUSED_TIMEOUT], 1);
    assert_int_equal(s.requests, 0);
    close(fd);
    net_until_connections(&s, 0);
    buf_finish(&in);
    net_server_finish(&s);
}

static void slow_headers_end_in_408(void **state)
{
    (void)state;
    struct otlp_limits limits = patient();
    limits.header_ms = 40;
    ends_in_408(&limits, HEAD "X-Slow: lor");
}

static void a_body_that_stops_ends_in_408(void **state)
{
    (void)state;
    struct otlp_limits limits = patient();
    limits.idle_ms = 40;
    ends_in_408(&limits, HEAD "Content-Length: 100\r\n\r\nhello");
    ends_in_408(&limits, HEAD "Transfer-Encoding: chunked\r\n\r\n5\r\nhel");
}

static void a_body_that_drips_ends_in_408(void **state)
{
    (void)state;
    struct otlp_limits limits = patient();
    limits.total_ms = 60;
    struct net_server s;
    net_server_start(&s, &limits);
    int fd = net_connect(&s);
    struct buf in;
    buf_init(&in, 100000);
    assert_true(net_send_str(&s, fd, HEAD "Content-Length: 10000000\r\n\r\n"));
    while (receiver_stats(s.r).refused[OTLP_REFUSED_TIMEOUT] == 0)
        assert_true(net_send_str(&s, fd, "x"));
    net_read_all(&s, fd, &in);
    assert_true(net_has(&in, "HTTP/1.1 408 "));
    close(fd);
    buf_finish(&in);
    net_server_finish(&s);
}

static void connections_without_a_request_are_closed_silently(void **state)
{
    (void)state;
    for (int had_one = 0; had_one < 2; had_one++) {
        struct otlp_limits limits = patient();
        *(had_one ? &limits.keepalive_ms : &limits.header_ms) = 40;
        struct net_server s;
        net_server_start(&s, &limits);
        int fd = net_connect(&s);
        struct buf in;
        buf_init(&in, 100000);
        if (had_one) {
            assert_true(net_send_str(&s, fd, HEAD "\r\n"));
            net_read_until(&s, fd, &in, "0 bytes");
        }
        size_t before = in.len;
        assert_true(net_read_all(&s, fd, &in));
        assert_int_equal(in.len, before);
        assert_int_equal(receiver_stats(s.r).refused[OTLP_REFUSED_TIMEOUT], 0);
        close(fd);
        buf_finish(&in);
        net_server_finish(&s);
    }
}

static void nothing_wakes_up_when_nothing_happens(void **state)
{
    (void)state;
    struct net_server s;
    net_server_start(&s, NULL);
    uv_run(&s.loop, UV_RUN_NOWAIT);
    assert_int_equal(uv_backend_timeout(&s.loop), -1); /* sleeps until a caller comes */

    struct otlp_limits limits;
    otlp_limits_init(&limits);
    int fd = net_connect(&s);
    struct buf in;
    buf_init(&in, 100000);
    assert_true(net_send_str(&s, fd, HEAD "\r\n"));
    net_read_until(&s, fd, &in, "0 bytes");
    uv_update_time(&s.loop);
    assert_in_range(uv_backend_timeout(&s.loop), limits.keepalive_ms - 5000,
                    limits.keepalive_ms); /* its deadline only */
    close(fd);
    net_until_connections(&s, 0);
    assert_int_equal(uv_backend_timeout(&s.loop), -1);
    buf_finish(&in);
    net_server_finish(&s);
}

static void a_sender_may_leave_at_any_byte(void **state)
{
    (void)state;
    static const char *const requests[] = {
        HEAD "Content-Type: application/json\r\nContent-Length: 12\r\n\r\nhello, world",
        HEAD "Transfer-Encoding: chunked\r\n\r\n5;x\r\nhello\r\n7\r\n, world\r\n0\r\nT: u\r\n\r\n",
        HEAD "Expect: 100-continue\r\nContent-Length: 3\r\n\r\nabc" HEAD "\r\n",
    };
    struct net_server s;
    net_server_start(&s, NULL);
    uint64_t whole = 0;
    for (size_t i = 0; i < 3; i++) {
        size_t len = strlen(requests[i]);
        for (size_t at = 0; at <= len; at++) {
            for (int how = 0; how < 2; how++) {
                int fd = net_connect(&s);
                net_send(&s, fd, slice_make(requests[i], at));
                if (how == 0)
                    close(fd);
                else
                    net_reset(fd);
                net_until_connections(&s, 0);
                whole += at == len;
            }
        }
    }
    assert_true(s.requests >= whole);
    assert_int_equal(receiver_stats(s.r).body_bytes_held, 0);
    for (int why = 0; why < OTLP_REFUSAL_COUNT; why++)
        assert_int_equal(receiver_stats(s.r).refused[why], 0);
    net_server_finish(&s);
}

static void a_413_reaches_a_sender_that_goes_on_sending(void **state)
{
    (void)state;
    struct otlp_limits limits = patient();
    limits.body_bytes = 1000;
    struct net_server s;
    net_server_start(&s, &limits);
    int fd = net_connect(&s);
    struct buf in;
    buf_init(&in, 100000);
    assert_true(net_send_str(&s, fd, HEAD "Content-Length: 3000000\r\n\r\n"));
    static char block[30000];
    for (int i = 0; i < 100; i++)
        assert_true(net_send(&s, fd, slice_make(block, sizeof(block)))); /* taken and dropped, not reset */
    assert_true(net_read_all(&s, fd, &in));
    assert_true(net_has(&in, "HTTP/1.1 413 Content Too Large\r\n"));
    assert_int_equal(receiver_stats(s.r).refused[OTLP_REFUSED_BODY_SIZE], 1);
    close(fd);
    net_until_connections(&s, 0);
    /* One that never closes is not waited for. */
    fd = net_connect(&s);
    assert_true(net_send_str(&s, fd, HEAD "Content-Length: 3000000\r\n\r\n"));
    net_until_refused(&s, OTLP_REFUSED_BODY_SIZE, 2);
    net_until_connections(&s, 0);
    close(fd);
    buf_finish(&in);
    net_server_finish(&s);
}

static void connections_over_the_cap_are_closed_and_counted(void **state)
{
    (void)state;
    struct otlp_limits limits = patient();
    limits.connections = 3;
    struct net_server s;
    net_server_start(&s, &limits);
    int fds[5];
    struct buf in;
    buf_init(&in, 100000);
    for (int i = 0; i < 5; i++)
        fds[i] = net_connect(&s);
    net_until_refused(&s, OTLP_REFUSED_CONNECTIONS, 2);
    assert_int_equal(receiver_stats(s.r).connections_open, 3);
    for (int i = 3; i < 5; i++) {
        net_read_all(&s, fds[i], &in);
        assert_int_equal(in.len, 0);
    }
    for (int i = 0; i < 3; i++) { /* those inside go on */
        buf_clear(&in);
        assert_true(net_send_str(&s, fds[i], HEAD "\r\n"));
        net_read_until(&s, fds[i], &in, "0 bytes");
    }
    close(fds[0]);
    net_until_connections(&s, 2);
    int late = net_connect(&s);
    buf_clear(&in);
    assert_true(net_send_str(&s, late, HEAD "\r\n"));
    net_read_until(&s, late, &in, "0 bytes");
    for (int i = 1; i < 5; i++)
        close(fds[i]);
    close(late);
    buf_finish(&in);
    net_server_finish(&s);
}

/* Lets the process open no further descriptor; returns what to restore. */
static struct rlimit exhaust(void)
{
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    struct rlimit now = before;
    int next = dup(0); /* the lowest free one: none below it is free */
    assert_true(next >= 0);
    close(next);
    now.rlim_cur = (rlim_t)next;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &now), 0);
    return before;
}

static bool is_paused(void *ctx)
{
    return ((struct net_server *)ctx)->r->paused;
}

static void survives_running_out_of_descriptors(void **state)
{
    (void)state;
    struct net_server s;
    net_server_start(&s, NULL);
    struct buf in;
    buf_init(&in, 100000);
    for (int reserve = 1; reserve >= 0; reserve--) {
        int fds[3];
        for (int i = 0; i < 3; i++)
            fds[i] = net_connect(&s); /* in the backlog: the loop has not run */
        if (!reserve) {
            close(s.r->reserve_fd); /* another thread was faster */
            s.r->reserve_fd = -1;
            int filler = dup(0);
            assert_true(filler >= 0);
            struct rlimit before = exhaust();
            net_until(&s, is_paused, &s);
            assert_int_equal(receiver_stats(s.r).connections_open, 0);
            assert_in_range(uv_backend_timeout(&s.loop), 0, LISTENER_RETRY_MS); /* waits, does not spin */
            assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
            close(filler);
            net_until_connections(&s, 3); /* those who waited are served */
            buf_clear(&in);
            assert_true(net_send_str(&s, fds[2], HEAD "\r\n"));
            net_read_until(&s, fds[2], &in, "0 bytes");
        } else {
            struct rlimit before = exhaust();
            net_until_refused(&s, OTLP_REFUSED_CONNECTIONS, 3); /* turned away, each one */
            for (int i = 0; i < 3; i++)
                net_read_all(&s, fds[i], &in);
            assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
            assert_int_equal(receiver_stats(s.r).connections_open, 0);
            int fd = net_connect(&s);
            buf_clear(&in);
            assert_true(net_send_str(&s, fd, HEAD "\r\n"));
            net_read_until(&s, fd, &in, "0 bytes");
            close(fd);
            net_until_connections(&s, 0);
        }
        for (int i = 0; i < 3; i++)
            close(fds[i]);
        net_until_connections(&s, 0);
    }
    buf_finish(&in);
    net_server_finish(&s);
}

static void rule_9_pipelining_over_a_socket_keeps_order(void **state)
{
    (void)state;
    struct net_server s;
    net_server_start(&s, NULL);
    struct buf out, in;
    buf_init(&out, SIZE_MAX / 2);
    buf_init(&in, SIZE_MAX / 2);
    for (unsigned i = 0; i < 2000; i++)
        assert_int_equal(buf_printf(&out, HEAD "Content-Length: %u\r\n\r\n%0*d", i + 1, (int)i + 1, 0),
                         CT_OK);
    int fd = net_connect(&s);
    assert_true(net_send(&s, fd, buf_slice(&out)));
    net_read_until(&s, fd, &in, "2000 bytes");
    struct slice rest = buf_slice(&in);
    for (unsigned i = 0; i < 2000; i++) {
        char text[32];
        snprintf(text, sizeof(text), "\r\n\r\n%u bytes", i + 1);
        size_t at = slice_find_slice(rest, slice_str(text));
        assert_true(at < rest.len);
        rest = slice_sub(rest, at + strlen(text), rest.len);
    }
    assert_int_equal(rest.len, 0);
    close(fd);
    buf_finish(&out);
    buf_finish(&in);
    net_server_finish(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slow_headers_end_in_408),
        cmocka_unit_test(a_body_that_stops_ends_in_408),
        cmocka_unit_test(a_body_that_drips_ends_in_408),
        cmocka_unit_test(connections_without_a_request_are_closed_silently),
        cmocka_unit_test(nothing_wakes_up_when_nothing_happens),
        cmocka_unit_test(a_sender_may_leave_at_any_byte),
        cmocka_unit_test(a_413_reaches_a_sender_that_goes_on_sending),
        cmocka_unit_test(connections_over_the_cap_are_closed_and_counted),
        cmocka_unit_test(survives_running_out_of_descriptors),
        cmocka_unit_test(rule_9_pipelining_over_a_socket_keeps_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
