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
    uv_close(&c->io.handle, on_closed);
    uv_close((uv_handle_t *)&c->timer, on_closed);
}

static void on_timer(uv_timer_t *timer)
{
    struct connection *c = timer->data;
    c->armed_ms = 0;
    core_expire(c->core, receiver_now(c->r));
    connection_pump(c);
}

/* The only timer of a connection follows the core's deadline: nothing wakes up in between. */
static void arm(struct connection *c)
{
    uint64_t due = core_deadline(c->core);
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
    *buf = uv_buf_init(c->r->input, (unsigned)CORE_FEED_MAX);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct connection *c = stream->data;
    if (c->closing || n == 0)
        return;
    if (n > 0) {
        c->r->stats.bytes += (uint64_t)n;
        core_feed(c->core, slice_make(buf->base, (size_t)n), receiver_now(c->r));
    } else if (n == UV_EOF) {
        core_eof(c->core, receiver_now(c->r));
    } else {
        connection_close(c);
        return;
    }
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
    c->out_sent += c->write_len;
    core_sent(c->core, c->write_len, receiver_now(c->r));
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
        if (c->out_sent == c->out.len) {
            if (c->out.cap > CONNECTION_WRITE_MAX)
                buf_finish(&c->out);
            buf_clear(&c->out);
            c->out_sent = 0;
            if (core_output(c->core, &c->out))
                return false;
            if (!c->out.len)
                return true;
        }
        size_t left = c->out.len - c->out_sent;
        if (left > CONNECTION_WRITE_MAX)
            left = CONNECTION_WRITE_MAX;
        uv_buf_t piece = uv_buf_init(c->out.data + c->out_sent, (unsigned)left);
        int n = uv_try_write(&c->io.stream, &piece, 1);
        if (n == UV_EAGAIN || n == 0) {
            c->write.data = c;
            c->write_len = left;
            if (uv_write(&c->write, &c->io.stream, &piece, 1, on_written))
                return false;
            c->writing = true;
        } else if (n < 0) {
            return false;
        } else {
            c->out_sent += (size_t)n;
            core_sent(c->core, (size_t)n, receiver_now(c->r));
        }
    }
    return true;
}

static void read_as_wanted(struct connection *c)
{
    bool want = core_wants_input(c->core);
    if (want == c->reading)
        return;
    c->reading = want;
    if (want)
        uv_read_start(&c->io.stream, on_alloc, on_read);
    else
        uv_read_stop(&c->io.stream);
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
    enum core_state state = core_state(c->core);
    if (!alive || state == CORE_DEAD) {
        connection_close(c);
        return;
    }
    if (state == CORE_SHUT && !c->half_closed) {
        c->half_closed = true;
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
    if (!local)
        uv_tcp_nodelay(&c->io.tcp, 1);
    connection_pump(c);
    return;
destroy_core:
    core_destroy(c->core);
free_connection:
    free(c);
close_fd:
    close(fd);
}
