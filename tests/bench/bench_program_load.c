/* Senders: connections with one request in flight on each, over HTTP/1.1 and over gRPC. */
#include "bench_program.h"

#include "clock.h"
#include "mem.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <nghttp2/nghttp2.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define SAMPLES_MAX ((size_t)1 << 20)
#define ANSWER_MS   60000

struct connection {
    struct exchange http; /* over gRPC: the socket, the message, how much of it was sent, when */
    bool busy;
    nghttp2_session *session;
    struct slice pending; /* output of the session that the socket has not taken */
    bool answered;
    bool well; /* grpc-status 0 */
};

struct load {
    const struct traffic *traffic;
    struct connection *connections;
    size_t count;
    uint64_t requests, bytes;
    int64_t *samples; /* SAMPLES_MAX */
    size_t sample_count;
};

/* ------------------------------------------------------------------------------------------------- HTTP/1 */

void exchange_open(struct exchange *x, unsigned port)
{
    *x = (struct exchange){.fd = dial(port)};
    buf_init(&x->out, SIZE_MAX);
}

void exchange_close(struct exchange *x)
{
    close(x->fd);
    buf_finish(&x->out);
}

void exchange_begin(struct exchange *x)
{
    x->sent = x->got = x->length = 0;
    x->began_ns = clock_mono();
}

bool exchange_step(struct exchange *x)
{
    while (x->sent < x->out.len) {
        ssize_t n = send(x->fd, x->out.data + x->sent, x->out.len - x->sent, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        x->sent += (size_t)n;
    }
    ssize_t n = recv(x->fd, x->head + x->got, sizeof x->head - 1 - x->got, 0);
    if (n == 0)
        die("the server closed a connection");
    if (n < 0)
        return false;
    x->got += (size_t)n;
    x->head[x->got] = '\0';
    if (!x->length) {
        const char *end = strstr(x->head, "\r\n\r\n"), *length = strstr(x->head, "Content-Length: ");
        if (!end)
            return false;
        if (strncmp(x->head, "HTTP/1.1 200", 12) != 0 || !length)
            die(x->head);
        x->length = (size_t)(end + 4 - x->head) + strtoul(length + 16, NULL, 10);
    }
    return x->got >= x->length;
}

/* --------------------------------------------------------------------------------------------------- gRPC */

static ssize_t read_body(nghttp2_session *session, int32_t id, uint8_t *to, size_t length, uint32_t *flags,
                         nghttp2_data_source *source, void *ctx)
{
    struct exchange *x = &((struct connection *)ctx)->http;
    size_t n = x->out.len - x->sent < length ? x->out.len - x->sent : length;
    (void)session, (void)id, (void)source;
    memcpy(to, x->out.data + x->sent, n);
    x->sent += n;
    if (x->sent == x->out.len)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)n;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags, void *ctx)
{
    struct connection *c = ctx;
    (void)session, (void)frame, (void)flags;
    if (slice_eq_str(slice_make(name, name_len), "grpc-status"))
        c->well = slice_eq_str(slice_make(value, value_len), "0");
    return 0;
}

static int on_close(nghttp2_session *session, int32_t id, uint32_t code, void *ctx)
{
    struct connection *c = ctx;
    (void)session, (void)id;
    if (code || !c->well)
        die("a gRPC request was refused");
    c->answered = true;
    return 0;
}

static void open_grpc(struct connection *c)
{
    nghttp2_session_callbacks *callbacks;
    setsockopt(c->http.fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int)); /* as every gRPC client does */
    if (nghttp2_session_callbacks_new(&callbacks))
        die("no memory");
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    if (nghttp2_session_client_new(&c->session, callbacks, c) ||
        nghttp2_submit_settings(c->session, NGHTTP2_FLAG_NONE, NULL, 0))
        die("no memory");
    nghttp2_session_callbacks_del(callbacks);
}

#define NV(name, value)                                                                                      \
    {                                                                                                        \
        (uint8_t *)(uintptr_t)(name), (uint8_t *)(uintptr_t)(value), strlen(name), strlen(value), 0          \
    }

static void call(struct connection *c, const char *path)
{
    const nghttp2_nv headers[] = {
        NV(":method", "POST"),
        NV(":scheme", "http"),
        NV(":path", path),
        NV(":authority", "127.0.0.1:4317"),
        NV("user-agent", "OTel-OTLP-Exporter-JavaScript/0.208.0 grpc-node-js/1.14.4"),
        NV("content-type", "application/grpc"),
        NV("te", "trailers"),
    };
    nghttp2_data_provider body = {.read_callback = read_body};
    c->answered = c->well = false;
    if (nghttp2_submit_request(c->session, NULL, headers, sizeof headers / sizeof *headers, &body, NULL) < 0)
        die("a gRPC request cannot be made");
}

static bool step_grpc(struct connection *c)
{
    static uint8_t block[65536];
    ssize_t n = recv(c->http.fd, block, sizeof block, 0);
    if (n == 0 || (n < 0 && errno != EAGAIN) ||
        (n > 0 && nghttp2_session_mem_recv(c->session, block, (size_t)n) < 0))
        die("a gRPC connection broke");
    for (;;) {
        if (!c->pending.len) {
            const uint8_t *bytes;
            n = nghttp2_session_mem_send(c->session, &bytes);
            if (n <= 0)
                return c->answered;
            c->pending = slice_make(bytes, (size_t)n);
        }
        n = send(c->http.fd, c->pending.ptr, c->pending.len, MSG_NOSIGNAL);
        if (n < 0)
            return c->answered;
        c->pending = slice_sub(c->pending, (size_t)n, c->pending.len);
    }
}

/* --------------------------------------------------------------------------------------------------- load */

static void begin(struct load *l, struct connection *c, uint64_t *next)
{
    const struct traffic *t = l->traffic;
    const char *path = t->requests[*next % t->count].path;
    l->bytes += traffic_request(t, (*next)++, &c->http.out);
    c->busy = true;
    exchange_begin(&c->http);
    if (c->session) {
        call(c, path);
        step_grpc(c);
    }
}

static short wanted(const struct connection *c)
{
    if (c->session)
        return (short)(c->pending.len ? POLLIN | POLLOUT : POLLIN);
    return c->http.sent < c->http.out.len ? POLLOUT : POLLIN;
}

struct load *load_open(const struct traffic *traffic, unsigned port, size_t connections)
{
    struct load *l = mem_alloc(sizeof *l);
    *l = (struct load){.traffic = traffic, .count = connections};
    l->connections = mem_alloc(connections * sizeof *l->connections);
    l->samples = mem_alloc(SAMPLES_MAX * sizeof *l->samples);
    for (size_t i = 0; i < connections; i++) {
        exchange_open(&l->connections[i].http, port);
        if (traffic->transport == TRANSPORT_GRPC)
            open_grpc(&l->connections[i]);
    }
    return l;
}

void load_close(struct load *l)
{
    for (size_t i = 0; i < l->count; i++) {
        nghttp2_session_del(l->connections[i].session);
        exchange_close(&l->connections[i].http);
    }
    free(l->connections);
    free(l->samples);
    free(l);
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

double quantile(int64_t *samples, size_t count, double q)
{
    if (!count)
        return 0;
    qsort(samples, count, sizeof *samples, by_value);
    size_t at = (size_t)(q * (double)count);
    return (double)samples[at < count ? at : count - 1] / 1e3;
}

struct load_figures load_run(struct load *l, size_t connections, int64_t duration_ns, uint64_t most)
{
    struct pollfd fds[CONNECTIONS_MAX];
    uint64_t next = l->requests, before = l->requests, bytes = l->bytes;
    int64_t began = clock_mono(), end = began + duration_ns;
    size_t busy = connections;
    bool over = false;
    l->sample_count = 0;
    for (size_t i = 0; i < connections; i++)
        begin(l, &l->connections[i], &next);
    while (busy) {
        for (size_t i = 0; i < connections; i++) {
            struct connection *c = &l->connections[i];
            fds[i] = (struct pollfd){.fd = c->busy ? c->http.fd : -1, .events = wanted(c)};
        }
        if (poll(fds, connections, ANSWER_MS) <= 0)
            die("no answer for a minute");
        for (size_t i = 0; i < connections; i++) {
            struct connection *c = &l->connections[i];
            if (!fds[i].revents || !c->busy || !(c->session ? step_grpc(c) : exchange_step(&c->http)))
                continue;
            int64_t now = clock_mono();
            l->requests++;
            if (l->sample_count < SAMPLES_MAX)
                l->samples[l->sample_count++] = now - c->http.began_ns;
            over = over || now >= end || next >= most;
            c->busy = !over;
            if (over)
                busy--;
            else
                begin(l, c, &next);
        }
    }
    return (struct load_figures){
        .requests = l->requests - before,
        .bytes = l->bytes - bytes,
        .took = (double)(clock_mono() - began) / 1e9,
        .p50 = quantile(l->samples, l->sample_count, 0.5),
        .p99 = quantile(l->samples, l->sample_count, 0.99),
    };
}
