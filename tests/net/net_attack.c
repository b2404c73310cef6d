#include "test.h"

#include "net_attack.h"

#include "receiver_internal.h"

#include <unistd.h>

struct otlp_limits net_patient(void)
{
    struct otlp_limits limits;
    otlp_limits_init(&limits);
    limits.header_ms = limits.idle_ms = limits.keepalive_ms = limits.total_ms = 600000;
    return limits;
}

void net_bystander(struct net_server *s)
{
    struct buf in;
    bool held = s->hold;
    s->hold = false;
    buf_init(&in, 4096);
    int fd = net_connect(s);
    assert_true(net_send_str(s, fd, NET_HEAD "Connection: close\r\nContent-Length: 11\r\n\r\nwell-meant\n"));
    assert_true(net_read_all(s, fd, &in));
    assert_true(net_has(&in, "HTTP/1.1 200 OK\r\n"));
    assert_true(net_has(&in, "11 bytes"));
    close(fd);
    buf_finish(&in);
    s->hold = held;
}

void net_expect_peak(size_t bytes)
{
    size_t peak = memory_peak();
    if (peak > bytes)
        fail_msg("%zu bytes were in use, not %zu at most", peak, bytes);
}

void net_connect_all(struct net_server *s, int *fds, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        fds[i] = net_connect(s);
        if (i % (LISTENER_BACKLOG / 4) == LISTENER_BACKLOG / 4 - 1)
            uv_run(&s->loop, UV_RUN_NOWAIT);
    }
}

void net_close_all(int *fds, size_t count)
{
    for (size_t i = 0; i < count; i++)
        close(fds[i]);
}
