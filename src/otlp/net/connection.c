#include "clock.h"
#include "h2_sniff.h"
#include "receiver_internal.h"

#include <stdlib.h>
#include <unistd.h>

static void on_closed(uv_handle_t *handle)
{
    struct connection *c = handle->data;
    struct receiver *r = c->r;
    if (--c->handles)
        return;
    core_destroy(c->core); /* streams get their on_close here */
    connection_wire_finish(c);
    for (struct receiver_request *q = c->requests; q; q = q->next)
        q->c = NULL; /* their answers will be dropped */
    if (c->prev)
        c->prev->next = c->next;
    else
        r->connections = c->next;
    if (c->next)
        c->next->prev = c->prev;
    buf_finish(&c->out);
    free(c);
    r->stats.connections_open--;
    if (r->stopping && !r->connections)
        receiver_connections_gone(r);
    receiver_handle_closed(r);
}

void connection_close(struct connection *c)
{
    if (c->closing)
        return;
    c->closing = true;
    receiver_turn_leave(c);
    uv_close(&c->io.handle, on_closed);
    uv_close((uv_handle_t *)&c->timer, on_closed);
}

/* A handshake has the time that the first request's head has: the core waits for both. */
static uint64_t deadline(const struct connection *c)
{
    return c->wire == WIRE_FAILED ? c->failed_ms + CORE_LINGER_MS : core_deadline(c->core);
}

static void on_timer(uv_timer_t *timer)
{
    struct connection *c = timer->data;
    uint64_t now = receiver_now(c->r), due = deadline(c);
    c->armed_ms = 0;
    if (due && now >= due)
        connection_wire_broken(c, OTLP_REFUSED_TIMEOUT);
    core_expire(c->core, now);
    connection_pump(c);
}

/* The only timer of a connection follows the core's deadline: nothing wakes up in between. */
static void arm(struct connection *c)
{
    uint64_t due = deadline(c);
    if (due == c->armed_ms)
        return;
    c->armed_ms = due;
    uint64_t now = uv_now(c->r->loop);
    if (due)
        uv_timer_start(&c->timer, on_timer, due > now ? due - now : 0, 0);
    else
        uv_timer_stop(&c->timer);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    (void)suggested;
    struct connection *c = handle->data;
    /* Without a buffer nothing is read, and on_read() gets UV_ENOBUFS. */
    *buf =
        receiver_turn_may_read(c) ? uv_buf_init(c->r->input, (unsigned)CORE_FEED_MAX) : uv_buf_init(NULL, 0);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct connection *c = stream->data;
    struct receiver *r = c->r;
    if (c->closing || n == 0 || n == UV_ENOBUFS)
        return;
    if (n > 0) {
        int64_t began = clock_mono();
        r->stats.bytes += (uint64_t)n;
        connection_wire_feed(c, slice_make(buf->base, (size_t)n));
        connection_pump(c);
        receiver_turn_spent(r, clock_mono() - began);
        return;
    }
    connection_wire_broken(c, OTLP_REFUSED_TLS);
    if (n != UV_EOF) {
        connection_close(c);
        return;
    }
    core_eof(c->core, receiver_now(r));
    connection_pump(c);
}

static void on_written(uv_write_t *write, int status)
{
    struct connection *c = write->data;
    c->writing = false;
    if (c->closing)
        return;
    if (status) {
        connection_close(c);
        return;
    }
    connection_wire_sent(c, c->write_len);
    connection_pump(c);
}

static void on_shut(uv_shutdown_t *shut, int status)
{
    (void)shut;
    (void)status; /* a peer that has gone shows in the next read */
}

/* Sends what fits now; the rest goes when the socket takes it. False when the peer has gone. */
static bool flush(struct connection *c)
{
    while (!c->writing) {
        struct slice next;
        if (!connection_wire_next(c, &next))
            return false;
        if (!next.len)
            return true;
        uv_buf_t piece = uv_buf_init((char *)(uintptr_t)next.ptr, (unsigned)next.len);
        int n = uv_try_write(&c->io.stream, &piece, 1);
        if (n == UV_EAGAIN || n == 0) {
            c->write.data = c;
            c->write_len = next.len;
            if (uv_write(&c->write, &c->io.stream, &piece, 1, on_written))
                return false;
            c->writing = true;
        } else if (n < 0) {
            return false;
        } else {
            connection_wire_sent(c, (size_t)n);
        }
    }
    return true;
}

static void read_as_wanted(struct connection *c)
{
    bool want = connection_wire_wants_input(c);
    if (want == c->reading)
        return;
    c->reading = want;
    if (want)
        uv_read_start(&c->io.stream, on_alloc, on_read);
    else
        uv_read_stop(&c->io.stream);
    if (!want)
        receiver_turn_leave(c);
}

void connection_pump(struct connection *c)
{
    if (c->pumping || c->closing)
        return;
    c->pumping = true;
    bool alive = flush(c);
    c->pumping = false;
    if (c->closing)
        return;
    enum core_state state = c->wire == WIRE_FAILED ? CORE_SHUT : core_state(c->core);
    if (!alive || state == CORE_DEAD) {
        connection_close(c);
        return;
    }
    if (state == CORE_SHUT && !c->half_closed) {
        c->half_closed = true;
        connection_wire_end(c);
        if (!flush(c)) {
            connection_close(c);
            return;
        }
        uv_shutdown(&c->shut, &c->io.stream, on_shut);
    }
    read_as_wanted(c);
    arm(c);
}

void connection_accept(struct receiver *r, int fd, bool local)
{
    struct connection *c = calloc(1, sizeof(*c));
    if (!c)
        goto close_fd;
    c->core = h2_sniff_create(&r->env, c, receiver_now(r));
    if (!c->core)
        goto free_connection;
    c->r = r;
    c->local = local;
    c->handles = 2;
    buf_init(&c->out, SIZE_MAX / 2);
    connection_wire_init(c);
    int err = local ? uv_pipe_init(r->loop, &c->io.pipe, 0) : uv_tcp_init(r->loop, &c->io.tcp);
    if (err)
        goto destroy_core;
    uv_timer_init(r->loop, &c->timer);
    c->io.handle.data = c->timer.data = c;
    c->next = r->connections;
    if (c->next)
        c->next->prev = c;
    r->connections = c;
    r->handles++;
    r->stats.connections_open++;
    r->stats.connections_total++;
    err = local ? uv_pipe_open(&c->io.pipe, fd) : uv_tcp_open(&c->io.tcp, fd);
    if (err) {
        close(fd);
        connection_close(c);
        return;
    }
    if (!local) {
        struct sockaddr_storage at;
        int len = sizeof(at);
        uv_tcp_nodelay(&c->io.tcp, 1);
        if (uv_tcp_getsockname(&c->io.tcp, (struct sockaddr *)&at, &len) == 0)
            c->local_address = ip_address_of(&at);
    }
    connection_pump(c);
    return;
destroy_core:
    core_destroy(c->core);
free_connection:
    free(c);
close_fd:
    close(fd);
}
