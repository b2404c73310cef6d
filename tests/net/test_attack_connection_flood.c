/* More connections than may be open: the rest is turned away at once, and counted. */
#include "test.h"

#include "net_attack.h"

#include "clock.h"

#include <unistd.h>

#define CAP   100
#define FLOOD 300

static void those_over_the_cap_are_closed_and_counted(void **state)
{
    (void)state;
    struct otlp_limits limits = net_patient();
    limits.connections = CAP;
    struct net_server s;
    int fds[FLOOD];
    struct buf in;
    net_server_start(&s, &limits);
    buf_init(&in, 4096);
    memory_watch();
    net_connect_all(&s, fds, FLOOD);
    net_until_refused(&s, OTLP_REFUSED_CONNECTIONS, FLOOD - CAP);
    assert_int_equal(receiver_stats(s.r).connections_open, CAP);
    for (size_t i = CAP; i < FLOOD; i++) {
        net_read_all(&s, fds[i], &in);
        assert_int_equal(in.len, 0);
    }
    for (size_t i = 0; i < CAP; i++) { /* those inside go on */
        buf_clear(&in);
        assert_true(net_send_str(&s, fds[i], NET_HEAD "\r\n"));
        net_read_until(&s, fds[i], &in, "0 bytes");
    }
    net_expect_peak(NET_BASE_BYTES + CAP * NET_CONNECTION_BYTES);
    close(fds[0]);
    net_until_connections(&s, CAP - 1);
    for (int i = 0; i < 3; i++) { /* one place is enough, again and again */
        net_bystander(&s);
        net_until_connections(&s, CAP - 1);
    }
    net_close_all(fds + 1, FLOOD - 1);
    net_until_connections(&s, 0);
    assert_int_equal(receiver_stats(s.r).refused[OTLP_REFUSED_CONNECTIONS], FLOOD - CAP);
    buf_finish(&in);
    net_server_finish(&s);
}

/* Opened and reset before they are accepted, while they are, and after. */
static void connections_that_are_reset_at_once(void **state)
{
    (void)state;
    struct net_server s;
    net_server_start(&s, NULL);
    memory_watch();
    for (int i = 0; i < 3000; i++) {
        int fd = net_connect(&s);
        if (i % 3)
            uv_run(&s.loop, UV_RUN_NOWAIT);
        net_reset(fd);
        if (i % 50 == 0)
            net_bystander(&s);
    }
    net_until_connections(&s, 0);
    net_expect_peak(NET_BASE_BYTES + 50 * NET_CONNECTION_BYTES);
    for (int why = 0; why < OTLP_REFUSAL_COUNT; why++)
        assert_int_equal(receiver_stats(s.r).refused[why], 0);
    net_server_finish(&s);
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
    buf_init(&in, 4096);
    assert_true(net_send_str(&s, fd, NET_HEAD "\r\n"));
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(those_over_the_cap_are_closed_and_counted),
        cmocka_unit_test(connections_that_are_reset_at_once),
        cmocka_unit_test(nothing_wakes_up_when_nothing_happens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
