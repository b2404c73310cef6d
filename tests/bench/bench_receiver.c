/*
 * bench_receiver.c - requests per second of the receiver alone: loopback, keep-alive, a trivial handler.
 *
 * bench_receiver [SECONDS [CONNECTIONS [BODY_BYTES]]]. The sender is a forked process that keeps one request
 * in flight on each connection; both share the machine, so the figure is a lower bound for the receiver.
 */
#include "buf.h"
#include "clock.h"
#include "receiver.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define CONNECTIONS_MAX 64

struct sender {
    int fd;
    size_t sent;
    size_t got;
};

static const struct receiver_reply fine = {.status = 200, .content_type = "application/x-protobuf"};

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
    struct receiver *r = handle->data;
    receiver_stop(r, 0, on_done, NULL);
    uv_close((uv_handle_t *)handle, NULL);
}

static int dial(unsigned port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd, (struct sockaddr *)&to, sizeof(to)) && errno != EINPROGRESS)
        exit(1);
    return fd;
}

/* Sends what the socket takes and reads responses; every response is the same number of bytes. */
static void step(struct sender *s, struct slice request, size_t response)
{
    while (s->sent < request.len) {
        ssize_t n = send(s->fd, request.ptr + s->sent, request.len - s->sent, MSG_NOSIGNAL);
        if (n <= 0)
            return;
        s->sent += (size_t)n;
    }
    char block[4096];
    ssize_t n = recv(s->fd, block, sizeof(block), 0);
    if (n == 0 || (n < 0 && errno != EAGAIN))
        exit(1);
    if (n < 0)
        return;
    s->got += (size_t)n;
    if (s->got == response) {
        s->got = s->sent = 0;
        step(s, request, response);
    }
}

/* The length of a response, from one request. */
static size_t measure_response(unsigned port, struct slice request)
{
    struct sender s = {.fd = dial(port)};
    char block[4096];
    for (;;) {
        struct pollfd p = {.fd = s.fd, .events = s.sent < request.len ? POLLOUT : POLLIN};
        poll(&p, 1, 1000);
        if (s.sent < request.len) {
            ssize_t n = send(s.fd, request.ptr + s.sent, request.len - s.sent, MSG_NOSIGNAL);
            s.sent += n > 0 ? (size_t)n : 0;
            continue;
        }
        ssize_t n = recv(s.fd, block, sizeof(block), 0);
        if (n > 0) {
            close(s.fd);
            return (size_t)n;
        }
    }
}

static void send_for(unsigned port, double seconds, size_t connections, size_t body)
{
    struct buf request;
    buf_init(&request, SIZE_MAX / 2);
    buf_printf(
        &request,
        "POST /v1/logs HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nUser-Agent: "
        "OTel-OTLP-Exporter-JavaScript/0.208.0\r\n"
        "Content-Type: application/x-protobuf\r\nContent-Length: %zu\r\nConnection: keep-alive\r\n\r\n",
        port, body);
    for (size_t i = 0; i < body; i++)
        buf_append_char(&request, (char)i);
    size_t response = measure_response(port, buf_slice(&request));
    struct sender senders[CONNECTIONS_MAX] = {{0}};
    struct pollfd fds[CONNECTIONS_MAX];
    for (size_t i = 0; i < connections; i++)
        senders[i].fd = dial(port);
    int64_t end = clock_mono() + (int64_t)(seconds * 1e9);
    while (clock_mono() < end) {
        for (size_t i = 0; i < connections; i++)
            fds[i] = (struct pollfd){.fd = senders[i].fd,
                                     .events = senders[i].sent < request.len ? POLLOUT : POLLIN};
        poll(fds, connections, 100);
        for (size_t i = 0; i < connections; i++)
            if (fds[i].revents)
                step(&senders[i], buf_slice(&request), response);
    }
    buf_finish(&request);
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
    size_t body = argc > 3 ? strtoul(argv[3], NULL, 10) : 20000;
    if (connections < 1 || connections > CONNECTIONS_MAX || seconds <= 0)
        return 2;

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
        send_for((unsigned)strtoul(strrchr(bound, ':') + 1, NULL, 10), seconds, connections, body);
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
    printf("receiver: %.0f requests/s, %.0f MB/s, %zu-byte bodies, %zu connections, %.1f us of CPU each\n",
           (double)stats.requests / took, (double)stats.bytes / took / 1e6, body, connections,
           cpu * 1e6 / (double)stats.requests);
    receiver_destroy(r);
    uv_loop_close(&loop);
    return status == 0 && stats.requests > 0 ? 0 : 1;
}
