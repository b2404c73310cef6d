/*
 * bench_grpc.c - gRPC requests per second of the receiver alone: loopback, a trivial handler.
 *
 * bench_grpc [SECONDS [CONNECTIONS [STREAMS [MESSAGE_BYTES]]]]. The sender is a forked process with a
 * libnghttp2 client that keeps STREAMS calls in flight on each connection; both share the machine, so the
 * figure is a lower bound for the receiver.
 */
#include "clock.h"
#include "grpc.h"
#include "receiver.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <nghttp2/nghttp2.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define CONNECTIONS_MAX 64
#define STREAMS_MAX     100

static const struct receiver_reply fine = {.status = 200};

static void on_request(void *ctx, struct receiver_request *request)
{
    (void)ctx;
    receiver_reply(request, &fine);
}

static void on_done(void *ctx)
{
    (void)ctx;
}

static void on_child(uv_signal_t *handle, int signal)
{
    (void)signal;
    receiver_stop(handle->data, 0, on_done, NULL);
    uv_close((uv_handle_t *)handle, NULL);
}

struct sender {
    int fd;
    nghttp2_session *session;
    struct slice message;         /* with its prefix */
    size_t sent[2 * STREAMS_MAX]; /* of each body in flight, by stream id */
    struct slice pending;         /* output of the session that the socket has not taken */
};

static size_t *body_sent(struct sender *s, int32_t id)
{
    return &s->sent[(size_t)(id / 2) % (2 * STREAMS_MAX)];
}

static ssize_t read_body(nghttp2_session *session, int32_t id, uint8_t *to, size_t length, uint32_t *flags,
                         nghttp2_data_source *source, void *ctx)
{
    struct sender *s = ctx;
    size_t *at = body_sent(s, id);
    size_t n = s->message.len - *at < length ? s->message.len - *at : length;
    (void)session, (void)source;
    memcpy(to, s->message.ptr + *at, n);
    *at += n;
    if (*at == s->message.len)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)n;
}

static void call(struct sender *s)
{
#define NV(name, value)                                                                                      \
    {                                                                                                        \
        (uint8_t *)(uintptr_t)(name), (uint8_t *)(uintptr_t)(value), sizeof(name) - 1, sizeof(value) - 1, 0  \
    }
    static const nghttp2_nv headers[] = {
        NV(":method", "POST"),
        NV(":scheme", "http"),
        NV(":path", "/opentelemetry.proto.collector.logs.v1.LogsService/Export"),
        NV(":authority", "127.0.0.1:4317"),
        NV("grpc-accept-encoding", "identity,deflate,gzip"),
        NV("accept-encoding", "identity"),
        NV("user-agent", "OTel-OTLP-Exporter-JavaScript/0.208.0 grpc-node-js/1.14.4"),
        NV("content-type", "application/grpc"),
        NV("te", "trailers"),
    };
    nghttp2_data_provider body = {.read_callback = read_body};
    int32_t id =
        nghttp2_submit_request(s->session, NULL, headers, sizeof headers / sizeof *headers, &body, NULL);
    if (id < 0)
        exit(1);
    *body_sent(s, id) = 0;
}

static int on_close(nghttp2_session *session, int32_t id, uint32_t code, void *ctx)
{
    (void)session, (void)id;
    if (code)
        exit(1);
    call(ctx);
    return 0;
}

static void dial(struct sender *s, unsigned port, size_t streams)
{
    nghttp2_session_callbacks *callbacks;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    s->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(s->fd, (struct sockaddr *)&to, sizeof(to)) || nghttp2_session_callbacks_new(&callbacks))
        exit(1);
    setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int)); /* as every gRPC client does */
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    if (nghttp2_session_client_new(&s->session, callbacks, s) ||
        nghttp2_submit_settings(s->session, NGHTTP2_FLAG_NONE, NULL, 0))
        exit(1);
    nghttp2_session_callbacks_del(callbacks);
    for (size_t i = 0; i < streams; i++)
        call(s);
}

static void step(struct sender *s)
{
    static uint8_t block[65536];
    ssize_t n = recv(s->fd, block, sizeof block, MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN) ||
        (n > 0 && nghttp2_session_mem_recv(s->session, block, (size_t)n) < 0))
        exit(1);
    for (;;) {
        if (!s->pending.len) {
            const uint8_t *bytes;
            n = nghttp2_session_mem_send(s->session, &bytes);
            if (n <= 0)
                return;
            s->pending = slice_make(bytes, (size_t)n);
        }
        n = send(s->fd, s->pending.ptr, s->pending.len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0)
            return;
        s->pending = slice_sub(s->pending, (size_t)n, s->pending.len);
    }
}

static void send_for(unsigned port, double seconds, size_t connections, size_t streams, size_t message)
{
    struct buf body;
    uint8_t prefix[GRPC_PREFIX_BYTES];
    static struct sender senders[CONNECTIONS_MAX];
    struct pollfd fds[CONNECTIONS_MAX];
    buf_init(&body, SIZE_MAX / 2);
    grpc_prefix_write((uint32_t)message, prefix);
    buf_append(&body, slice_make(prefix, sizeof prefix));
    for (size_t i = 0; i < message; i++)
        buf_append_char(&body, (char)i);
    for (size_t i = 0; i < connections; i++) {
        senders[i].message = buf_slice(&body);
        dial(&senders[i], port, streams);
        step(&senders[i]);
    }
    int64_t end = clock_mono() + (int64_t)(seconds * 1e9);
    while (clock_mono() < end) {
        for (size_t i = 0; i < connections; i++)
            fds[i] = (struct pollfd){.fd = senders[i].fd,
                                     .events = (short)(senders[i].pending.len ? POLLIN | POLLOUT : POLLIN)};
        poll(fds, connections, 100);
        for (size_t i = 0; i < connections; i++)
            if (fds[i].revents)
                step(&senders[i]);
    }
}

static double cpu_seconds(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

int main(int argc, char **argv)
{
    double seconds = argc > 1 ? strtod(argv[1], NULL) : 2;
    size_t connections = argc > 2 ? strtoul(argv[2], NULL, 10) : 4;
    size_t streams = argc > 3 ? strtoul(argv[3], NULL, 10) : 8;
    size_t message = argc > 4 ? strtoul(argv[4], NULL, 10) : 20000;
    if (connections < 1 || connections > CONNECTIONS_MAX || streams < 1 || streams > STREAMS_MAX ||
        seconds <= 0)
        return 2;

    signal(SIGPIPE, SIG_IGN);
    uv_loop_t loop;
    uv_loop_init(&loop);
    struct receiver_config config = {.handler = on_request};
    otlp_limits_init(&config.limits);
    struct receiver *r = receiver_create(&loop, &config);
    char bound[RECEIVER_ADDR_MAX];
    struct ct_errmsg msg;
    if (receiver_listen(r, "127.0.0.1:0", bound, &msg)) {
        fprintf(stderr, "%s\n", msg.text);
        return 1;
    }
    uv_signal_t child_ended;
    uv_signal_init(&loop, &child_ended);
    child_ended.data = r;
    uv_signal_start(&child_ended, on_child, SIGCHLD);
    pid_t child = fork();
    if (child == 0) {
        send_for((unsigned)strtoul(strrchr(bound, ':') + 1, NULL, 10), seconds, connections, streams,
                 message);
        _exit(0);
    }
    int64_t start = clock_mono();
    double cpu = cpu_seconds();
    uv_run(&loop, UV_RUN_DEFAULT);
    double took = (double)(clock_mono() - start) / 1e9;
    cpu = cpu_seconds() - cpu;
    int status = 0;
    waitpid(child, &status, 0);

    struct receiver_stats stats = receiver_stats(r);
    printf("receiver, gRPC: %.0f requests/s, %.0f MB/s, %zu-byte messages, %zu connections with %zu streams, "
           "%.1f us of CPU each\n",
           (double)stats.requests / took, (double)stats.bytes / took / 1e6, message, connections, streams,
           cpu * 1e6 / (double)stats.requests);
    receiver_destroy(r);
    uv_loop_close(&loop);
    return status == 0 && stats.requests > 0 ? 0 : 1;
}
