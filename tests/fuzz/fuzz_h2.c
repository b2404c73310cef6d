/*
 * The HTTP cores behind the sniff on arbitrary bytes, with a host that answers now, later or never.
 *
 * The first byte says how the rest is taken. Bit 0: as a script; otherwise as the bytes of a client. Bit 1:
 * the client's preface and SETTINGS come first. Bit 2: requests are held. Bit 3: small limits.
 *
 * A script is made of steps: type, flags, stream, length, and as many bytes. Types below 0xf0 are frames, so
 * that lengths are right and the interesting states are near; the others are what the host and the clock do.
 *
 * Beyond not crashing: what is handed out is whole and within its memory and limits, output is made of
 * frames, every deadline that passes is gone or replaced, the byte budget comes back, and for plain bytes the
 * requests do not depend on how they are cut.
 */
#include "fuzz.h"

#include "grpc.h"
#include "h2.h"
#include "h2_frames.h"
#include "h2_sniff.h"

#include <nghttp2/nghttp2.h>

#define SCRIPT   1
#define GREETING 2
#define HOLD     4
#define SMALL    8

#define HELD_MAX 16

struct host {
    struct otlp_limits limits;
    struct budget budget;
    struct core_env env;
    struct core *core;
    uint64_t now;
    bool hold, stalled, http2;
    struct exchange *held[HELD_MAX];
    size_t held_count;
    struct exchange *stream;
    size_t stuck;
    size_t requests, request_bytes;
    size_t refused[OTLP_REFUSAL_COUNT];
};

static void check_slice(const struct exchange *x, struct slice s)
{
    struct slice head = buf_slice(&x->head);
    bool inside = s.len && head.len && s.ptr >= head.ptr && s.ptr + s.len <= head.ptr + head.len;
    fuzz_check(s.len == 0 || inside || (s.len == 1 && s.ptr[0] == '/'));
}

static void check_request(const struct host *h, const struct exchange *x)
{
    fuzz_check(x->state == EXCHANGE_HANDED && x->core);
    fuzz_check(x->header_count <= h->limits.header_count && x->head.len <= h->limits.header_bytes);
    fuzz_check(x->body.len <= h->limits.body_bytes && x->charged >= x->body.len);
    fuzz_check(h->budget.used <= h->budget.max);
    check_slice(x, x->method);
    check_slice(x, x->path);
    check_slice(x, x->query);
    check_slice(x, x->host);
    for (size_t i = 0; i < x->header_count; i++) {
        check_slice(x, x->headers[i].name);
        check_slice(x, x->headers[i].value);
        fuzz_check(x->headers[i].name.len && x->headers[i].name.ptr[0] != ':');
    }
    if (x->transport == EXCHANGE_GRPC) {
        bool compressed;
        struct slice payload;
        enum otlp_signal signal;
        fuzz_check(grpc_message_parse(buf_slice(&x->body), &compressed, &payload));
        fuzz_check(grpc_method_parse(x->path, &signal));
    }
}

static void answer(struct host *h, struct exchange *x, int status)
{
    exchange_respond(x,
                     &(struct exchange_reply){.status = status,
                                              .content_type = "text/plain",
                                              .body = SLICE_LIT("an answer"),
                                              .message = status == 200 ? NULL : "na\xc3\xafve",
                                              .retry_after_s = status == 503,
                                              .close = status == 500},
                     h->now);
}

static void on_request(void *ctx, struct exchange *x)
{
    struct host *h = ctx;
    check_request(h, x);
    h->requests++;
    h->request_bytes += x->body.len;
    if (h->hold && h->held_count < HELD_MAX)
        h->held[h->held_count++] = x;
    else
        answer(h, x, 200);
}

static void on_refused(void *ctx, enum otlp_refusal why)
{
    struct host *h = ctx;
    fuzz_check((unsigned)why < OTLP_REFUSAL_COUNT);
    h->refused[why]++;
}

static void on_drain(void *ctx)
{
    struct host *h = ctx;
    fuzz_check(h->stream);
}

static void on_close(void *ctx)
{
    struct host *h = ctx;
    fuzz_check(h->stream);
    h->stream = NULL;
}

static void host_open(struct host *h, uint8_t mode)
{
    *h = (struct host){.now = 1000, .hold = mode & HOLD, .http2 = mode & GREETING};
    otlp_limits_init(&h->limits);
    if (mode & SMALL) {
        h->limits.header_bytes = 300;
        h->limits.header_count = 4;
        h->limits.body_bytes = 200;
        h->limits.budget_bytes = 2000;
    }
    h->budget = budget_make(h->limits.budget_bytes, h->limits.body_bytes);
    h->env = (struct core_env){.limits = &h->limits,
                               .budget = &h->budget,
                               .date = "Sun, 22 Nov 2026 13:00:00 GMT",
                               .request = on_request,
                               .refused = on_refused};
    h->core = h2_sniff_create(&h->env, h, h->now);
    fuzz_check(h->core);
}

static void check_frames(struct slice out)
{
    while (out.len) {
        fuzz_check(out.len >= H2_FRAME_HEAD_BYTES);
        const uint8_t *b = (const uint8_t *)out.ptr;
        size_t length = (size_t)b[0] << 16 | (size_t)b[1] << 8 | b[2];
        fuzz_check(length <= 16384 && out.len >= H2_FRAME_HEAD_BYTES + length);
        out = slice_sub(out, H2_FRAME_HEAD_BYTES + length, out.len);
    }
}

static void pump(struct host *h)
{
    for (;;) {
        struct buf out;
        buf_init(&out, SIZE_MAX / 2);
        fuzz_check(h->stalled || core_output(h->core, &out) == CT_OK);
        size_t n = out.len;
        if (h->http2)
            check_frames(buf_slice(&out));
        buf_finish(&out);
        if (!n)
            return;
        core_sent(h->core, n, h->now);
    }
}

static void feed(struct host *h, struct slice bytes)
{
    while (bytes.len && core_state(h->core) != CORE_DEAD) {
        struct slice piece = slice_sub(bytes, 0, CORE_FEED_MAX);
        core_feed(h->core, piece, h->now);
        pump(h);
        bytes = slice_sub(bytes, piece.len, bytes.len);
    }
}

static void greet(struct host *h)
{
    feed(h, SLICE_LIT(H2_PREFACE));
    feed(h, slice_make("\0\0\0\4\0\0\0\0\0", 9));
}

/* A deadline that has passed must be gone: the host's timer would spin on it. */
static void pass_deadline(struct host *h)
{
    uint64_t due = core_deadline(h->core);
    if (!due)
        return;
    if (due > h->now)
        h->now = due;
    core_expire(h->core, h->now);
    pump(h);
    uint64_t next = core_deadline(h->core);
    fuzz_check(core_state(h->core) == CORE_DEAD || !next || next > h->now);
}

static void begin_stream(struct host *h)
{
    if (h->stream || !h->held_count)
        return;
    struct exchange *x = h->held[--h->held_count];
    h->stream = x;
    if (exchange_stream_begin(x, "text/plain", on_drain, on_close, h, h->now) == CT_END)
        h->stream = NULL;
}

static void act(struct host *h, uint8_t type, struct slice payload)
{
    static const int statuses[] = {200, 400, 404, 413, 503, 500, 204};
    uint8_t choice = payload.len ? (uint8_t)payload.ptr[0] : 0;
    switch (type & 15) {
    case 0:
        if (h->held_count)
            answer(h, h->held[--h->held_count], statuses[choice % (sizeof statuses / sizeof *statuses)]);
        break;
    case 1:
        h->now += choice * 50u;
        core_expire(h->core, h->now);
        break;
    case 2:
        pass_deadline(h);
        break;
    case 3:
        core_eof(h->core, h->now);
        break;
    case 4:
        core_goaway(h->core, h->now);
        break;
    case 5:
        begin_stream(h);
        break;
    case 6:
        if (h->stream)
            exchange_stream_write(h->stream, payload, h->now);
        break;
    case 7:
        if (h->stream)
            exchange_stream_end(h->stream, h->now);
        h->stream = NULL;
        break;
    case 8:
        h->stalled = !h->stalled;
        break;
    default: /* bytes as they are */
        feed(h, payload);
        break;
    }
    pump(h);
}

static void run_script(struct host *h, struct slice in)
{
    while (in.len >= 4 && core_state(h->core) != CORE_DEAD) {
        const uint8_t *b = (const uint8_t *)in.ptr;
        struct slice payload = slice_sub(in, 4, b[3]);
        char frame[H2_FRAME_HEAD_BYTES + 255] = {0};
        if (b[0] >= 0xf0) {
            act(h, b[0], payload);
        } else {
            frame[2] = (char)payload.len;
            frame[3] = (char)b[0];
            frame[4] = (char)b[1];
            frame[8] = (char)b[2];
            if (payload.len)
                memcpy(frame + H2_FRAME_HEAD_BYTES, payload.ptr, payload.len);
            feed(h, slice_make(frame, H2_FRAME_HEAD_BYTES + payload.len));
        }
        in = slice_sub(in, 4 + payload.len, in.len);
    }
}

static void finish(struct host *h)
{
    h->stalled = false;
    pump(h);
    for (int i = 0; i < 1000 && core_state(h->core) != CORE_DEAD && core_deadline(h->core); i++)
        pass_deadline(h);
    struct exchange *stream = h->stream;
    core_destroy(h->core);
    fuzz_check(!stream || !h->stream);
    for (size_t i = 0; i < h->held_count; i++) {
        fuzz_check(!h->held[i]->core);
        answer(h, h->held[i], 200);
    }
    fuzz_check(h->budget.used == 0);
}

/* Whole, or byte by byte. */
static void run_bytes(struct host *h, uint8_t mode, struct slice in, size_t piece)
{
    host_open(h, mode);
    if (mode & GREETING)
        greet(h);
    for (; in.len; in = slice_sub(in, piece, in.len))
        feed(h, slice_sub(in, 0, piece));
    finish(h);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct host h, cut;
    if (size == 0)
        return 0;
    uint8_t mode = data[0];
    struct slice in = slice_make(data + 1, size - 1);
    if (mode & SCRIPT) {
        host_open(&h, mode);
        if (mode & GREETING)
            greet(&h);
        run_script(&h, in);
        finish(&h);
        return 0;
    }
    run_bytes(&h, mode, in, SIZE_MAX / 4);
    run_bytes(&cut, mode, in, 1);
    /* Requests that are refused for want of room depend on what was answered, and so sent, in between. */
    if (!h.refused[OTLP_REFUSED_OVERLOAD] && !cut.refused[OTLP_REFUSED_OVERLOAD])
        fuzz_check(h.requests == cut.requests && h.request_bytes == cut.request_bytes);
    return 0;
}

/* Requests above this only make the fuzzer slow. */
#define SEED_BODY_MAX 4000

static void put_frame(struct buf *out, uint8_t type, uint8_t flags, struct slice payload)
{
    const uint8_t head[H2_FRAME_HEAD_BYTES] = {(uint8_t)(payload.len >> 16),
                                               (uint8_t)(payload.len >> 8),
                                               (uint8_t)payload.len,
                                               type,
                                               flags,
                                               0,
                                               0,
                                               0,
                                               1};
    fuzz_check(buf_append(out, slice_make(head, sizeof head)) == CT_OK && buf_append(out, payload) == CT_OK);
}

static void put_literal(struct buf *out, const char *name, const char *text)
{
    fuzz_check(buf_printf(out, "%c%c%s%c%s", 0x40, (int)strlen(name), name, (int)strlen(text), text) ==
               CT_OK);
}

/* The request as a gRPC call: preface, SETTINGS, HEADERS and one DATA frame. */
bool fuzz_seed(const struct capture_request *request, struct buf *out)
{
    static const char *const services[OTLP_SIGNAL_COUNT] = {[OTLP_TRACES] = "trace.v1.TraceService",
                                                            [OTLP_METRICS] = "metrics.v1.MetricsService",
                                                            [OTLP_LOGS] = "logs.v1.LogsService"};
    struct buf block, body;
    uint8_t prefix[GRPC_PREFIX_BYTES];
    char path[100];
    if (request->body.len > SEED_BODY_MAX || request->encoding != OTLP_PROTOBUF || !services[request->signal])
        return false;
    buf_init(&block, 1000);
    buf_init(&body, 2 * SEED_BODY_MAX);
    snprintf(path, sizeof path, "/opentelemetry.proto.collector.%s/Export", services[request->signal]);
    put_literal(&block, ":method", "POST");
    put_literal(&block, ":scheme", "http");
    put_literal(&block, ":path", path);
    put_literal(&block, ":authority", "localhost:4317");
    put_literal(&block, "content-type", "application/grpc");
    put_literal(&block, "grpc-timeout", "9978m");
    if (request->compression == OTLP_GZIP)
        put_literal(&block, "grpc-encoding", "gzip");
    grpc_prefix_write((uint32_t)request->body.len, prefix);
    prefix[0] = request->compression == OTLP_GZIP;
    fuzz_check(buf_append(&body, slice_make(prefix, sizeof prefix)) == CT_OK &&
               buf_append(&body, request->body) == CT_OK);
    fuzz_check(buf_append_char(out, GREETING) == CT_OK);
    put_frame(out, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, buf_slice(&block));
    put_frame(out, NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, buf_slice(&body));
    buf_finish(&block);
    buf_finish(&body);
    return true;
}
