#include "test.h"

#include "net_server.h"

#include "clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void on_request(void *ctx, struct receiver_request *request)
{
    struct net_server *s = ctx;
    const struct receiver_view *view = receiver_request_view(request);
    s->requests++;
    if (s->inspect)
        s->inspect(s, view);
    if (s->hold) {
        assert_true(s->held_count < NET_HELD_MAX);
        s->held[s->held_count++] = request;
        return;
    }
    char text[32];
    int n = snprintf(text, sizeof(text), "%zu bytes", view->body.len);
    receiver_reply(request, &(struct receiver_reply){.status = 200,
                                                     .content_type = "text/plain",
                                                     .body = slice_make(text, (size_t)n)});
}

void net_server_open(struct net_server *s, const struct otlp_limits *limits)
{
    *s = (struct net_server){0};
    assert_int_equal(uv_loop_init(&s->loop), 0);
    struct receiver_config config = {.handler = on_request, .ctx = s};
    otlp_limits_init(&config.limits);
    if (limits)
        config.limits = *limits;
    s->r = receiver_create(&s->loop, &config);
}

static void listen_on_loopback(struct net_server *s)
{
    struct ct_errmsg msg = {""};
    enum ct_err err = receiver_listen(s->r, "127.0.0.1:0", s->bound, &msg);
    if (err)
        fail_msg("%s: %s", ct_err_name(err), msg.text);
    s->port = (unsigned)strtoul(strrchr(s->bound, ':') + 1, NULL, 10);
    assert_in_range(s->port, 1, 65535);
}

void net_server_start(struct net_server *s, const struct otlp_limits *limits)
{
    net_server_open(s, limits);
    listen_on_loopback(s);
}

void net_server_start_secure(struct net_server *s, const struct otlp_limits *limits,
                             const struct receiver_security *security)
{
    struct ct_errmsg warning = {""}, msg = {""};
    net_server_open(s, limits);
    if (receiver_secure(s->r, security, &warning, &msg) || warning.text[0])
        fail_msg("%s%s", msg.text, warning.text);
    listen_on_loopback(s);
}

static void on_done(void *ctx)
{
    struct net_server *s = ctx;
    s->done++;
}

void net_server_stop(struct net_server *s, uint32_t grace_ms)
{
    receiver_stop(s->r, grace_ms, on_done, s);
}

static bool is_done(void *ctx)
{
    return ((struct net_server *)ctx)->done > 0;
}

void net_server_finish(struct net_server *s)
{
    net_server_stop(s, 0);
    net_until(s, is_done, s);
    assert_int_equal(s->done, 1);
    struct receiver_stats stats = receiver_stats(s->r);
    assert_int_equal(stats.connections_open, 0);
    if (!s->held_count)
        assert_int_equal(stats.body_bytes_held, 0);
    receiver_destroy(s->r);
    uv_run(&s->loop, UV_RUN_NOWAIT);
    assert_int_equal(uv_loop_close(&s->loop), 0); /* no handle was forgotten */
}

/* What a callback has just begun to watch is in the backend only after one more turn: no long waits. */
#define TURN_MS 2

/* One turn of the loop, which waits for the loop or fd at most until a timer is due. */
static void turn(struct net_server *s, int fd, short events)
{
    if (uv_run(&s->loop, UV_RUN_NOWAIT) == 0 && fd < 0)
        return;
    struct pollfd fds[] = {{.fd = uv_backend_fd(&s->loop), .events = POLLIN}, {.fd = fd, .events = events}};
    int timeout = uv_backend_timeout(&s->loop);
    poll(fds, fd < 0 ? 1 : 2, timeout < 0 || timeout > TURN_MS ? TURN_MS : timeout);
    uv_run(&s->loop, UV_RUN_NOWAIT);
}

static void check_deadline(int64_t since)
{
    if (clock_mono() - since > NET_DEADLINE_MS * NS_PER_MS)
        fail_msg("nothing happened for %d ms", NET_DEADLINE_MS);
}

void net_until(struct net_server *s, bool (*cond)(void *ctx), void *ctx)
{
    int64_t since = clock_mono();
    uv_run(&s->loop, UV_RUN_NOWAIT);
    while (!cond(ctx)) {
        turn(s, -1, 0);
        check_deadline(since);
    }
}

struct wanted {
    struct net_server *s;
    uint64_t value;
    enum otlp_refusal why;
};

static bool has_connections(void *ctx)
{
    struct wanted *w = ctx;
    return receiver_stats(w->s->r).connections_open == w->value;
}

static bool has_requests(void *ctx)
{
    struct wanted *w = ctx;
    return w->s->requests == w->value;
}

static bool has_refused(void *ctx)
{
    struct wanted *w = ctx;
    return receiver_stats(w->s->r).refused[w->why] >= w->value;
}

void net_until_connections(struct net_server *s, uint64_t open)
{
    net_until(s, has_connections, &(struct wanted){.s = s, .value = open});
}

void net_until_requests(struct net_server *s, uint64_t requests)
{
    net_until(s, has_requests, &(struct wanted){.s = s, .value = requests});
}

void net_until_refused(struct net_server *s, enum otlp_refusal why, uint64_t count)
{
    net_until(s, has_refused, &(struct wanted){.s = s, .value = count, .why = why});
}

int net_connect(const struct net_server *s)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)s->port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    int on = 1; /* pieces go out as they are cut */
    assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)), 0);
    return fd;
}

int net_connect_unix(const char *path)
{
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    snprintf(to.sun_path, sizeof(to.sun_path), "%s", path);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

void net_reset(int fd)
{
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
    close(fd);
}

bool net_send(struct net_server *s, int fd, struct slice bytes)
{
    int64_t since = clock_mono();
    while (bytes.len) {
        ssize_t n = send(fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);
        if (n > 0)
            bytes = slice_sub(bytes, (size_t)n, bytes.len);
        else if (errno != EAGAIN && errno != EWOULDBLOCK)
            return false;
        turn(s, fd, POLLOUT);
        check_deadline(since);
    }
    return true;
}

bool net_send_str(struct net_server *s, int fd, const char *text)
{
    return net_send(s, fd, slice_str(text));
}

/* What is there now: 1 something, 0 nothing yet, -1 closed, -2 reset. */
static int read_some(int fd, struct buf *in)
{
    char block[65536];
    ssize_t n = recv(fd, block, sizeof(block), 0);
    if (n > 0) {
        assert_int_equal(buf_append(in, slice_make(block, (size_t)n)), CT_OK);
        return 1;
    }
    if (n == 0)
        return -1;
    return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -2;
}

void net_read_until(struct net_server *s, int fd, struct buf *in, const char *text)
{
    int64_t since = clock_mono();
    while (!net_has(in, text)) {
        if (read_some(fd, in) < 0)
            fail_msg("closed before \"%s\": %.*s", text, SLICE_ARG(buf_slice(in)));
        turn(s, fd, POLLIN);
        check_deadline(since);
    }
}

bool net_read_all(struct net_server *s, int fd, struct buf *in)
{
    int64_t since = clock_mono();
    for (;;) {
        int got = read_some(fd, in);
        if (got < 0)
            return got == -1;
        turn(s, fd, POLLIN);
        check_deadline(since);
    }
}

bool net_has(const struct buf *in, const char *text)
{
    return slice_find_slice(buf_slice(in), slice_str(text)) < in->len;
}
