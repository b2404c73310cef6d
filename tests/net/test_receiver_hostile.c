/* Senders that go on after a refusal, or ask ahead. The hostile ones: test_attack_*.c. */
#include "test.h"

#include "net_server.h"

#include "clock.h"
#include "receiver_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#define HEAD "POST /v1/logs HTTP/1.1\r\nHost: localhost\r\n"

/* Deadlines that a test can wait for; the ones that are not under test are out of the way. */
static struct otlp_limits patient(void)
{
    struct otlp_limits limits;
    otlp_limits_init(&limits);
    limits.header_ms = limits.idle_ms = limits.keepalive_ms = limits.total_ms = 600000;
    return limits;
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
        cmocka_unit_test(a_413_reaches_a_sender_that_goes_on_sending),
        cmocka_unit_test(rule_9_pipelining_over_a_socket_keeps_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
