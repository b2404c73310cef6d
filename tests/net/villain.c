#include "test.h"

#include "villain.h"

#include "clock.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct place {
    uv_tcp_t tcp; /* first: listening */
    struct villain *v;
    unsigned port;
    bool evil;
};

/* A connection of a client. */
struct caller {
    uv_tcp_t tcp; /* first */
    uv_timer_t timer;
    struct villain *v;
    uv_write_t write;
    size_t writing;
    struct buf heard;
    unsigned handles;
    bool evil, answered;
};

struct villain_state {
    struct place evil, good, elsewhere;
    struct upstream *upstreams[2]; /* to the evil and to the good one */
    unsigned closed;
    bool answered, good_answered;
    char input[65536];
};

static void on_caller_closed(uv_handle_t *handle)
{
    struct caller *c = handle->data;
    if (--c->handles)
        return;
    buf_finish(&c->heard);
    free(c);
}

static void hang_up(struct caller *c)
{
    if (uv_is_closing((uv_handle_t *)&c->tcp))
        return;
    uv_close((uv_handle_t *)&c->tcp, on_caller_closed);
    uv_close((uv_handle_t *)&c->timer, on_caller_closed);
}

static void say(struct caller *c, struct slice words);

static void go_on(struct caller *c)
{
    if (c->v->again.len)
        say(c, c->v->again);
    else if (c->v->then == VILLAIN_HANGS_UP)
        hang_up(c);
}

static void on_time(uv_timer_t *timer)
{
    go_on(timer->data);
}

static void on_written(uv_write_t *write, int status)
{
    struct caller *c = write->data;
    if (status) {
        hang_up(c);
        return;
    }
    c->v->sent += c->writing;
    if (!c->evil)
        return;
    if (c->v->again_every_ms)
        uv_timer_start(&c->timer, on_time, c->v->again_every_ms, 0);
    else
        go_on(c);
}

static void say(struct caller *c, struct slice words)
{
    uv_buf_t piece = uv_buf_init((char *)(uintptr_t)words.ptr, (unsigned)words.len);
    c->write.data = c;
    c->writing = words.len;
    if (uv_write(&c->write, (uv_stream_t *)&c->tcp, &piece, 1, on_written))
        hang_up(c);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct caller *c = handle->data;
    (void)suggested;
    *buf = uv_buf_init(c->v->state->input, sizeof c->v->state->input);
}

static void on_heard(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct caller *c = stream->data;
    if (n < 0) {
        hang_up(c);
        return;
    }
    if (c->answered || buf_append(&c->heard, slice_make(buf->base, (size_t)n)))
        return;
    /* In HTTP/2 the client's preface is enough to begin. */
    bool http2 = slice_starts(buf_slice(&c->heard), SLICE_LIT("PRI * "));
    if (!http2 && slice_find_slice(buf_slice(&c->heard), SLICE_LIT("\r\n\r\nhello")) == c->heard.len)
        return;
    c->answered = c->evil;
    buf_clear(&c->heard);
    say(c, c->evil ? c->v->first : SLICE_LIT("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
}

static void on_caller(uv_stream_t *listening, int status)
{
    struct place *place = listening->data;
    struct caller *c = calloc(1, sizeof *c);
    assert_int_equal(status, 0);
    assert_non_null(c);
    c->v = place->v;
    c->evil = place->evil;
    c->handles = 2;
    buf_init(&c->heard, (size_t)1024 * 1024);
    uv_tcp_init(&c->v->loop, &c->tcp);
    uv_timer_init(&c->v->loop, &c->timer);
    c->tcp.data = c->timer.data = c;
    assert_int_equal(uv_accept(listening, (uv_stream_t *)&c->tcp), 0);
    if (place == &c->v->state->evil)
        c->v->connections++;
    if (place == &c->v->state->elsewhere)
        c->v->strays++;
    uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_heard);
}

static void open_place(struct villain *v, struct place *place, bool evil)
{
    struct sockaddr_in address;
    struct sockaddr_storage bound;
    int len = sizeof bound;
    place->v = v;
    place->evil = evil;
    assert_int_equal(uv_tcp_init(&v->loop, &place->tcp), 0);
    place->tcp.data = place;
    assert_int_equal(uv_ip4_addr("127.0.0.1", 0, &address), 0);
    assert_int_equal(uv_tcp_bind(&place->tcp, (struct sockaddr *)&address, 0), 0);
    assert_int_equal(uv_listen((uv_stream_t *)&place->tcp, 16, on_caller), 0);
    assert_int_equal(uv_tcp_getsockname(&place->tcp, (struct sockaddr *)&bound, &len), 0);
    place->port = ntohs(((struct sockaddr_in *)&bound)->sin_port);
}

static struct upstream *open_upstream(struct villain *v, enum upstream_protocol protocol, unsigned port)
{
    char url[64];
    struct ct_errmsg msg = {""};
    struct upstream *u;
    snprintf(url, sizeof url, "http://127.0.0.1:%u", port);
    struct upstream_config config = {.protocol = protocol,
                                     .base_url = url,
                                     .slots = 1,
                                     .connect_timeout_ms = VILLAIN_TIMEOUT_MS,
                                     .request_timeout_ms = VILLAIN_TIMEOUT_MS,
                                     .response_bytes_max = VILLAIN_RESPONSE_BYTES};
    enum ct_err err = upstream_create(&v->loop, &config, &u, &msg);
    if (err)
        fail_msg("%s", msg.text);
    return u;
}

void villain_start(struct villain *v, enum upstream_protocol protocol)
{
    *v = (struct villain){.protocol = protocol};
    signal(SIGPIPE, SIG_IGN); /* as the application does */
    assert_int_equal(uv_loop_init(&v->loop), 0);
    v->state = calloc(1, sizeof *v->state);
    assert_non_null(v->state);
    open_place(v, &v->state->evil, true);
    open_place(v, &v->state->good, false);
    open_place(v, &v->state->elsewhere, false);
    snprintf(v->elsewhere, sizeof v->elsewhere, "http://127.0.0.1:%u/", v->state->elsewhere.port);
    v->state->upstreams[0] = open_upstream(v, protocol, v->state->evil.port);
    v->state->upstreams[1] = open_upstream(v, UPSTREAM_PROTOCOL_HTTP, v->state->good.port);
    memory_watch();
}

static void run_until(struct villain *v, bool (*done)(const struct villain_state *s))
{
    int64_t since = clock_mono();
    while (!done(v->state)) {
        uv_run(&v->loop, UV_RUN_ONCE);
        if (clock_mono() - since > VILLAIN_DEADLINE_MS * NS_PER_MS)
            fail_msg("nothing happened for %d ms", VILLAIN_DEADLINE_MS);
    }
}

static void on_answer(void *ctx, const struct upstream_answer *answer)
{
    struct villain *v = ctx;
    assert_false(v->state->answered);
    v->state->answered = true;
    v->answer = *answer;
}

static void on_good_answer(void *ctx, const struct upstream_answer *answer)
{
    struct villain *v = ctx;
    v->state->good_answered = true;
    assert_int_equal(answer->outcome, UPSTREAM_TAKEN);
    assert_int_equal(answer->status, 200);
}

static bool good_is_answered(const struct villain_state *s)
{
    return s->good_answered;
}

static bool both_are_answered(const struct villain_state *s)
{
    return s->answered && s->good_answered;
}

void villain_ask(struct villain *v)
{
    static const struct frame_header headers[] = {{{"Content-Type", 12}, {"application/x-protobuf", 22}},
                                                  {{"Accept-Encoding", 15}, {"gzip, zstd", 10}}};
    static const struct frame_header grpc_headers[] = {{{"content-type", 12}, {"application/grpc", 16}},
                                                       {{"te", 2}, {"trailers", 8}}};
    struct frame http = {.source = FRAME_OTLP_HTTP,
                         .method = SLICE_LIT("POST"),
                         .path = SLICE_LIT("/v1/logs"),
                         .headers = headers,
                         .header_count = 2,
                         .body = SLICE_LIT("hello")};
    struct frame grpc = {.source = FRAME_OTLP_GRPC,
                         .method = SLICE_LIT("POST"),
                         .path = SLICE_LIT("/opentelemetry.proto.collector.logs.v1.LogsService/Export"),
                         .headers = grpc_headers,
                         .header_count = 2,
                         .body = slice_make("\0\0\0\0\5hello", 10)};
    char words[UPSTREAM_TEXT_MAX];
    struct villain_state *s = v->state;
    s->answered = s->good_answered = false;
    enum ct_err err = upstream_send(s->upstreams[0], 0, v->protocol == UPSTREAM_PROTOCOL_GRPC ? &grpc : &http,
                                    on_answer, v, words);
    if (err)
        fail_msg("%s", words);
    /* The other one is asked when the villain has begun, and is not kept waiting by it. */
    assert_int_equal(upstream_send(s->upstreams[1], 0, &http, on_good_answer, v, words), CT_OK);
    run_until(v, good_is_answered);
    run_until(v, both_are_answered);
}

static void on_closed(void *ctx)
{
    struct villain *v = ctx;
    v->state->closed++;
}

static bool are_closed(const struct villain_state *s)
{
    return s->closed == 2;
}

void villain_finish(struct villain *v)
{
    struct villain_state *s = v->state;
    for (int i = 0; i < 2; i++)
        upstream_close(s->upstreams[i], on_closed, v);
    run_until(v, are_closed);
    uv_close((uv_handle_t *)&s->evil.tcp, NULL);
    uv_close((uv_handle_t *)&s->good.tcp, NULL);
    uv_close((uv_handle_t *)&s->elsewhere.tcp, NULL);
    while (uv_run(&v->loop, UV_RUN_NOWAIT)) /* callers notice that their client has gone */
        continue;
    assert_int_equal(uv_loop_close(&v->loop), 0);
    free(s);
}

void villain_expect_peak(size_t bytes)
{
    size_t peak = memory_peak();
    if (peak > bytes)
        fail_msg("%zu bytes were in use, not %zu at most", peak, bytes);
}
