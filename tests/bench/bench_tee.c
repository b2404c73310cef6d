/*
 * bench_tee.c - how many requests a second a tee forwards to an upstream that answers at once.
 *
 *   bench_tee [requests] [body bytes]
 *
 * Journal in memory, upstream in the same process and on the same loop: what is measured is the tee, libcurl
 * and the loopback, with the upstream's share in it. All three signals, one request in flight in each.
 */
#include "clock.h"
#include "journal.h"
#include "mem.h"
#include "tee.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static const char reply[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

static uint64_t total = 20000;
static size_t body_bytes = 3000;
static uv_loop_t loop;
static uv_tcp_t server;
static struct tee *tee;

/* One connection of the upstream: it knows how long a body is, so that it only looks for the end of each
 * head. */
struct peer {
    uv_tcp_t tcp;
    size_t head_match; /* bytes of "\r\n\r\n" seen */
    size_t body_left;
    char room[65536];
};

static void on_peer_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void answer(struct peer *p)
{
    uv_buf_t out = uv_buf_init((char *)reply, sizeof reply - 1);
    if (uv_try_write((uv_stream_t *)&p->tcp, &out, 1) != (int)out.len)
        abort();
}

static void on_bytes(uv_stream_t *stream, ssize_t n, const uv_buf_t *bytes)
{
    struct peer *p = stream->data;
    if (n < 0) {
        uv_close((uv_handle_t *)stream, on_peer_closed);
        return;
    }
    for (size_t i = 0; i < (size_t)n;) {
        if (p->body_left) {
            size_t take = (size_t)n - i < p->body_left ? (size_t)n - i : p->body_left;
            i += take;
            p->body_left -= take;
            if (!p->body_left)
                answer(p);
            continue;
        }
        char c = bytes->base[i++];
        p->head_match = c == "\r\n\r\n"[p->head_match] ? p->head_match + 1 : c == '\r';
        if (p->head_match == 4) {
            p->head_match = 0;
            p->body_left = body_bytes;
        }
    }
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    (void)suggested;
    struct peer *p = handle->data;
    *out = uv_buf_init(p->room, sizeof p->room);
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct peer *p = mem_alloc(sizeof *p);
    if (status || uv_tcp_init(&loop, &p->tcp) || uv_accept(listener, (uv_stream_t *)&p->tcp))
        abort();
    p->tcp.data = p;
    uv_tcp_nodelay(&p->tcp, 1);
    uv_read_start((uv_stream_t *)&p->tcp, on_alloc, on_bytes);
}

static void on_stopped(void *ctx)
{
    (void)ctx;
    uv_close((uv_handle_t *)&server, NULL);
}

static void on_change(void *ctx)
{
    (void)ctx;
    if (tee && tee_stats(tee).forwarded_requests == total)
        uv_stop(&loop);
}

static unsigned listen_somewhere(void)
{
    struct sockaddr_in address;
    int size = sizeof address;
    uv_ip4_addr("127.0.0.1", 0, &address);
    if (uv_tcp_init(&loop, &server) || uv_tcp_bind(&server, (struct sockaddr *)&address, 0) ||
        uv_listen((uv_stream_t *)&server, 16, on_connection) ||
        uv_tcp_getsockname(&server, (struct sockaddr *)&address, &size))
        abort();
    return ntohs(address.sin_port);
}

static void fill(struct journal *journal)
{
    static const char *const paths[] = {"/v1/traces", "/v1/metrics", "/v1/logs"};
    static const struct frame_header headers[] = {
        {{"Content-Type", 12}, {"application/x-protobuf", 22}},
        {{"User-Agent", 10}, {"bench", 5}},
    };
    char *body = mem_alloc(body_bytes);
    for (uint64_t i = 0; i < total; i++) {
        struct ct_errmsg msg;
        struct frame f = {.wall_ns = 1,
                          .source = FRAME_OTLP_HTTP,
                          .method = SLICE_LIT("POST"),
                          .path = slice_str(paths[i % 3]),
                          .headers = headers,
                          .header_count = 2,
                          .body = {body, body_bytes}};
        if (journal_append(journal, &f, &msg))
            abort();
    }
    free(body);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        total = strtoull(argv[1], NULL, 10);
    if (argc > 2)
        body_bytes = strtoull(argv[2], NULL, 10);
    signal(SIGPIPE, SIG_IGN);
    uv_loop_init(&loop);
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%u", listen_somewhere());

    struct journal_config journal_config;
    struct journal *journal;
    struct tee_config config;
    struct ct_errmsg msg;
    journal_config_init(&journal_config);
    tee_config_init(&config);
    config.name = "bench";
    config.upstream_http = url;
    config.on_change = on_change;
    if (body_bytes == 0 || journal_open(&journal_config, &journal, &msg))
        abort();
    fill(journal);
    int64_t began = clock_mono();
    if (tee_create(&loop, journal, &config, &tee, &msg))
        abort();
    uv_run(&loop, UV_RUN_DEFAULT);
    double seconds = (double)(clock_mono() - began) / (double)NS_PER_SEC;
    printf("tee: %llu requests of %zu bytes in %.2f s, %.0f requests/s\n", (unsigned long long)total,
           body_bytes, seconds, (double)total / seconds);

    tee_stop(tee, 0, on_stopped, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    tee_destroy(tee);
    journal_close(journal);
    return uv_loop_close(&loop) ? 1 : 0;
}
