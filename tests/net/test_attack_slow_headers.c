/* Headers that come slowly, or not at all: connections that are held open for nothing ("slow loris"). */
#include "test.h"

#include "net_attack.h"

#include "clock.h"

#include <unistd.h>

#define CROWD 100

static struct otlp_limits hurried(void)
{
    struct otlp_limits limits = net_patient();
    limits.header_ms = 400;
    return limits;
}

/* Each sends a byte of its head now and then, which buys no time. */
static void a_crowd_that_drips_is_sent_away(void **state)
{
    (void)state;
    static const char head[] = NET_HEAD "X-Slow: loris-loris-loris-loris-loris-loris-loris-loris-loris";
    struct otlp_limits limits = hurried();
    struct net_server s;
    int fds[CROWD];
    struct buf in;
    net_server_start(&s, &limits);
    buf_init(&in, 4096);
    memory_watch();
    net_connect_all(&s, fds, CROWD);
    for (size_t at = 0; receiver_stats(s.r).refused[OTLP_REFUSED_TIMEOUT] == 0;
         at = (at + 1) % (sizeof head - 1))
        for (size_t i = 0; i < CROWD; i++)
            net_send(&s, fds[i], slice_make(head + at, 1)); /* the last of them may be too late */
    net_until_refused(&s, OTLP_REFUSED_TIMEOUT, CROWD);
    net_bystander(&s);
    for (size_t i = 0; i < CROWD; i++) {
        buf_clear(&in);
        net_read_all(&s, fds[i], &in);
        assert_true(net_has(&in, "HTTP/1.1 408 Request Timeout\r\n"));
        assert_true(net_has(&in, "Connection: close\r\n"));
    }
    net_close_all(fds, CROWD);
    net_until_connections(&s, 0);
    assert_int_equal(receiver_stats(s.r).refused[OTLP_REFUSED_TIMEOUT], CROWD);
    assert_int_equal(s.requests, 1); /* the bystander's */
    net_expect_peak(NET_BASE_BYTES + CROWD * NET_CONNECTION_BYTES);
    buf_finish(&in);
    net_server_finish(&s);
}

static void stops(const char *sent)
{
    struct otlp_limits limits = hurried();
    struct net_server s;
    struct buf in;
    net_server_start(&s, &limits);
    buf_init(&in, 4096);
    memory_watch();
    int fd = net_connect(&s);
    int64_t since = clock_mono();
    assert_true(net_send_str(&s, fd, sent));
    assert_true(net_read_all(&s, fd, &in));
    assert_true(clock_mono() - since >= 300 * NS_PER_MS);
    assert_int_equal(receiver_stats(s.r).refused[OTLP_REFUSED_TIMEOUT], 1);
    assert_int_equal(receiver_stats(s.r).body_bytes_held, 0);
    net_bystander(&s);
    net_expect_peak(NET_BASE_BYTES + 2 * NET_CONNECTION_BYTES);
    close(fd);
    buf_finish(&in);
    net_server_finish(&s);
}

static void one_that_stops_is_sent_away(void **state)
{
    (void)state;
    stops("P");
    stops(NET_HEAD);
    stops(NET_HEAD "X: y\r\n\r");
}

static void one_that_stops_in_http2_is_sent_away(void **state)
{
    (void)state;
    stops("PRI * HTTP/2.0\r\n\r\nSM\r\n");     /* the preface is not whole */
    stops("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"); /* no SETTINGS */
}

/* Those who never say anything go without a word, and are no refusal: nothing was asked. */
static void who_says_nothing_is_closed_silently(void **state)
{
    (void)state;
    for (int had_one = 0; had_one < 2; had_one++) {
        struct otlp_limits limits = net_patient();
        *(had_one ? &limits.keepalive_ms : &limits.header_ms) = 40;
        struct net_server s;
        net_server_start(&s, &limits);
        int fd = net_connect(&s);
        struct buf in;
        buf_init(&in, 4096);
        if (had_one) {
            assert_true(net_send_str(&s, fd, NET_HEAD "\r\n"));
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_crowd_that_drips_is_sent_away),
        cmocka_unit_test(one_that_stops_is_sent_away),
        cmocka_unit_test(one_that_stops_in_http2_is_sent_away),
        cmocka_unit_test(who_says_nothing_is_closed_silently),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
