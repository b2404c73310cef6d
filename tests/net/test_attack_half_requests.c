/* Many connections that each hold half a request, each within its own limits: the global byte budget. */
#include "test.h"

#include "net_attack.h"

#include "h2_peer.h"

#include <unistd.h>

#define CROWD  100
#define BUDGET ((size_t)8 * 1024 * 1024)
#define HALF   ((size_t)256 * 1024) /* sent of each body, of twice as many announced */
/* Those who are let in fill the budget; a body that grows is there twice for a moment. */
#define PEAK (NET_BASE_BYTES + BUDGET + 2 * HALF + CROWD * NET_CONNECTION_BYTES)

static struct otlp_limits limited(void)
{
    struct otlp_limits limits = net_patient();
    limits.budget_bytes = BUDGET;
    limits.body_bytes = BUDGET / 4;
    limits.idle_ms = 2000;
    return limits;
}

static void half_bodies(const char *head, bool answered)
{
    static char block[64 * 1024];
    struct otlp_limits limits = limited();
    struct net_server s;
    struct buf in;
    int fds[CROWD];
    net_server_start(&s, &limits);
    buf_init(&in, 4096);
    memset(block, 'x', sizeof block);
    memory_watch();
    net_connect_all(&s, fds, CROWD);
    for (size_t i = 0; i < CROWD; i++)
        assert_true(net_send_str(&s, fds[i], head));
    for (size_t sent = 0; sent < HALF; sent += sizeof block)
        for (size_t i = 0; i < CROWD; i++) {
            net_send(&s, fds[i], slice_make(block, sizeof block)); /* false: it was sent away */
            assert_in_range(receiver_stats(s.r).body_bytes_held, 0, BUDGET);
        }
    uint64_t overload = receiver_stats(s.r).refused[OTLP_REFUSED_OVERLOAD];
    assert_in_range(overload, CROWD / 2, CROWD - 1);
    assert_true(receiver_stats(s.r).body_bytes_held > BUDGET / 2);
    net_bystander(&s); /* small ones have room that large ones cannot take */
    /* The others run out of time, and everything is there again. */
    net_until_refused(&s, OTLP_REFUSED_TIMEOUT, CROWD - overload);
    assert_int_equal(receiver_stats(s.r).body_bytes_held, 0);
    size_t told = 0;
    for (size_t i = 0; i < CROWD; i++) {
        buf_clear(&in);
        net_read_all(&s, fds[i], &in);
        told += net_has(&in, "HTTP/1.1 503 ") && net_has(&in, "Retry-After: 1\r\n");
    }
    if (answered)
        assert_int_equal(told, overload);
    net_close_all(fds, CROWD);
    net_until_connections(&s, 0);
    net_bystander(&s);
    net_expect_peak(PEAK);
    buf_finish(&in);
    net_server_finish(&s);
}

static void bodies_of_known_length(void **state)
{
    (void)state;
    half_bodies(NET_HEAD "Content-Length: 524288\r\n\r\n", true);
}

static void chunked_bodies(void **state)
{
    (void)state;
    half_bodies(NET_HEAD "Transfer-Encoding: chunked\r\n\r\n80000\r\n", true);
}

/* One stream on each connection, with as much as its windows allow. */
static void bodies_in_http2(void **state)
{
    (void)state;
    static char block[16384];
    struct otlp_limits limits = limited();
    struct net_server s;
    struct buf out, head;
    int fds[CROWD];
    net_server_start(&s, &limits);
    buf_init(&out, SIZE_MAX / 2);
    buf_init(&head, 1000);
    assert_int_equal(buf_reserve(&out, 2 * HALF), CT_OK);
    peer_greeting(&out);
    peer_block(&head);
    peer_frame(&out, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1, buf_slice(&head));
    block[2] = 8; /* a message of twice HALF */
    for (size_t sent = 0; sent < HALF; sent += sizeof block)
        peer_frame(&out, NGHTTP2_DATA, 0, 1, slice_make(block, sizeof block));
    memory_watch();
    net_connect_all(&s, fds, CROWD);
    for (size_t i = 0; i < CROWD; i++) {
        net_send(&s, fds[i], buf_slice(&out));
        assert_in_range(receiver_stats(s.r).body_bytes_held, 0, BUDGET);
    }
    uint64_t overload = receiver_stats(s.r).refused[OTLP_REFUSED_OVERLOAD];
    assert_in_range(overload, CROWD / 2, CROWD - 1);
    net_bystander(&s);
    net_until_refused(&s, OTLP_REFUSED_TIMEOUT, CROWD - overload);
    assert_int_equal(receiver_stats(s.r).body_bytes_held, 0);
    net_close_all(fds, CROWD);
    net_until_connections(&s, 0);
    net_bystander(&s);
    net_expect_peak(PEAK + CROWD * ((size_t)64 * 1024)); /* a session for each */
    buf_finish(&out);
    buf_finish(&head);
    net_server_finish(&s);
}

/* Heads are held too: as many as there may be connections, each up to its own limit. */
static void half_heads(void **state)
{
    (void)state;
    static char value[60000];
    struct otlp_limits limits = limited();
    struct net_server s;
    int fds[CROWD];
    limits.header_ms = 2000;
    memset(value, 'v', sizeof value);
    net_server_start(&s, &limits);
    memory_watch();
    net_connect_all(&s, fds, CROWD);
    for (size_t i = 0; i < CROWD; i++) {
        assert_true(net_send_str(&s, fds[i], NET_HEAD "X: "));
        assert_true(net_send(&s, fds[i], slice_make(value, sizeof value)));
    }
    net_bystander(&s);
    net_until_refused(&s, OTLP_REFUSED_TIMEOUT, CROWD);
    net_close_all(fds, CROWD);
    net_until_connections(&s, 0);
    net_expect_peak(NET_BASE_BYTES + CROWD * (NET_CONNECTION_BYTES + limits.header_bytes));
    net_server_finish(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_of_known_length),
        cmocka_unit_test(chunked_bodies),
        cmocka_unit_test(bodies_in_http2),
        cmocka_unit_test(half_heads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
