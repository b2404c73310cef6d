/*
 * The HTTP/1 core as a socket would feed it. Byte 0 chooses what the host does, bytes 1 to 4 are the seed of
 * its choices, the rest is what the peer sends.
 *
 * Without HOST_AWKWARD the host answers at once, and the same bytes whole, one at a time and cut at random
 * must give the same requests, refusals and responses, and as many responses as requests and refusals. With
 * it the host holds requests back, streams, stalls, lets deadlines pass and says goodbye in the middle: then
 * only what must always hold is checked (each exchange ends once, every byte of the budget comes back).
 */
#include "fuzz.h"
#include "http1.h"

#define HEADER_BYTES 2048
#define HEADER_COUNT 24
#define BODY_BYTES   4096
#define HELD_MAX     4
#define STREAM_BLOCK 600

enum { HOST_AWKWARD = 1, HOST_TIGHT = 2, HOST_GOES = 4 };
enum cut { CUT_NOT, CUT_BYTES, CUT_RANDOM };

struct host {
    struct otlp_limits limits;
    struct budget budget;
    struct core_env env;
    struct core *core;
    uint64_t now;
    uint32_t random;
    unsigned mode;
    bool replying;
    struct buf log;       /* what the core said */
    struct buf out;       /* what was sent to the peer */
    struct buf head_only; /* one byte for each request: was it HEAD */
    size_t requests, refusals, unended;
    size_t unsent; /* taken from the core, not yet said to be sent */
    struct exchange *held[HELD_MAX];
    struct exchange *stream;
};

static uint32_t choose(struct host *h, uint32_t below)
{
    h->random = h->random * 1664525u + 1013904223u;
    return (h->random >> 8) % below;
}

/* Reads every byte, so that the sanitizer sees a slice that points nowhere. */
static void note(struct host *h, const char *what, struct slice bytes)
{
    fuzz_check(buf_printf(&h->log, "%s %zu ", what, bytes.len) == CT_OK);
    fuzz_check(buf_append(&h->log, bytes) == CT_OK && buf_append_char(&h->log, '\n') == CT_OK);
}

static void end(struct host *h, struct exchange *x, bool close)
{
    exchange_respond(x, &(struct exchange_reply){.status = 200, .body = SLICE_LIT("ok"), .close = close},
                     h->now);
    h->unended--;
}

static void on_stream_close(void *ctx)
{
    struct host *h = ctx;
    fuzz_check(h->stream);
    h->stream = NULL;
    h->unended--;
}

static void on_stream_drain(void *ctx)
{
    fuzz_check(((struct host *)ctx)->stream);
}

static void begin_stream(struct host *h, struct exchange *x)
{
    enum ct_err err =
        exchange_stream_begin(x, "application/octet-stream", on_stream_drain, on_stream_close, h, h->now);
    fuzz_check(err == CT_OK || err == CT_END);
    if (err == CT_OK)
        h->stream = x;
    else
        h->unended--;
}

static void on_request(void *ctx, struct exchange *x)
{
    struct host *h = ctx;
    struct http_header kept[EXCHANGE_HEADERS_MAX];
    h->requests++;
    h->unended++;
    note(h, "method", x->method);
    note(h, "path", x->path);
    note(h, "query", x->query);
    note(h, "host", x->host);
    fuzz_check(x->header_count <= HEADER_COUNT && x->body.len <= BODY_BYTES && x->state == EXCHANGE_HANDED);
    for (size_t i = 0; i < x->header_count; i++) {
        note(h, "name", x->headers[i].name);
        note(h, "value", x->headers[i].value);
        fuzz_check(x->headers[i].name.len > 0);
        for (size_t k = 0; k < x->headers[i].value.len; k++)
            fuzz_check(x->headers[i].value.ptr[k] != '\r' && x->headers[i].value.ptr[k] != '\n');
    }
    fuzz_check(exchange_end_to_end(x, kept) <= x->header_count);
    note(h, "body", buf_slice(&x->body));
    buf_append_char(&h->head_only, slice_eq_str(x->method, "HEAD"));
    if (!(h->mode & HOST_AWKWARD)) {
        end(h, x, false);
        return;
    }
    uint32_t choice = choose(h, 4);
    if (choice == 0 && !h->stream) {
        begin_stream(h, x);
        return;
    }
    for (size_t i = 0; choice < 3 && i < HELD_MAX; i++) {
        if (!h->held[i]) {
            h->held[i] = x;
            return;
        }
    }
    end(h, x, choose(h, 8) == 0);
}

static void on_refused(void *ctx, enum otlp_refusal why)
{
    struct host *h = ctx;
    fuzz_check(why < OTLP_REFUSAL_COUNT);
    h->refusals += otlp_refusal_status(why) != 0;
    note(h, "refused", slice_str(otlp_refusal_name(why)));
}

static void open_host(struct host *h, unsigned mode, uint32_t seed)
{
    *h = (struct host){.mode = mode, .random = seed, .now = 1000};
    otlp_limits_init(&h->limits);
    h->limits.header_bytes = HEADER_BYTES;
    h->limits.header_count = HEADER_COUNT;
    h->limits.body_bytes = BODY_BYTES;
    h->budget.max = mode & HOST_TIGHT && mode & HOST_AWKWARD ? BODY_BYTES : 16 * BODY_BYTES;
    h->env = (struct core_env){
        .limits = &h->limits, .budget = &h->budget, .date = "", .request = on_request, .refused = on_refused};
    buf_init(&h->log, SIZE_MAX);
    buf_init(&h->out, SIZE_MAX);
    buf_init(&h->head_only, SIZE_MAX);
    h->core = http1_create(&h->env, h, h->now);
    fuzz_check(h->core);
}

static void send_output(struct host *h)
{
    for (;;) {
        size_t before = h->out.len;
        fuzz_check(core_output(h->core, &h->out) == CT_OK);
        h->unsent += h->out.len - before;
        if (h->mode & HOST_AWKWARD && choose(h, 3) == 0)
            return; /* the peer takes nothing for now */
        if (!h->unsent)
            return;
        size_t n = h->mode & HOST_AWKWARD ? 1 + choose(h, (uint32_t)h->unsent) : h->unsent;
        h->unsent -= n;
        core_sent(h->core, n, h->now);
    }
}

/* One thing that a host may do between two reads. */
static void disturb(struct host *h)
{
    static const char block[STREAM_BLOCK];
    uint64_t due = core_deadline(h->core);
    size_t i = choose(h, HELD_MAX);
    switch (choose(h, 6)) {
    case 0:
        if (h->held[i]) {
            struct exchange *x = h->held[i];
            h->held[i] = NULL;
            end(h, x, choose(h, 8) == 0);
        }
        break;
    case 1:
        if (h->stream)
            exchange_stream_write(h->stream, slice_make(block, choose(h, STREAM_BLOCK)), h->now);
        break;
    case 2:
        if (h->stream) {
            struct exchange *x = h->stream;
            h->stream = NULL;
            exchange_stream_end(x, h->now);
            h->unended--;
        }
        break;
    case 3:
        h->now += choose(h, 5000);
        core_expire(h->core, h->now);
        break;
    case 4:
        if (due && choose(h, 4) == 0) {
            h->now = due > h->now ? due : h->now;
            core_expire(h->core, h->now);
        }
        break;
    default:
        if (h->mode & HOST_GOES && choose(h, 16) == 0)
            core_goaway(h->core, h->now);
    }
}

static void feed(struct host *h, struct slice bytes, enum cut cut)
{
    while (bytes.len && core_state(h->core) != CORE_DEAD) {
        size_t n = cut == CUT_NOT     ? CORE_FEED_MAX
                   : cut == CUT_BYTES ? 1
                                      : 1 + choose(h, choose(h, 2) ? 8 : 900);
        n = n < bytes.len ? n : bytes.len;
        char *piece = malloc(n);
        fuzz_check(piece);
        memcpy(piece, bytes.ptr, n);
        core_feed(h->core, slice_make(piece, n), h->now);
        free(piece);
        bytes = slice_sub(bytes, n, bytes.len);
        if (h->mode & HOST_AWKWARD)
            disturb(h);
        send_output(h);
        /* A host that heeds the core stops reading until something has moved. */
        for (int i = 0; h->mode & HOST_AWKWARD && i < 64 && !core_wants_input(h->core); i++) {
            disturb(h);
            send_output(h);
        }
    }
    core_eof(h->core, h->now);
    send_output(h);
}

static void finish(struct host *h)
{
    core_destroy(h->core);
    fuzz_check(!h->stream);
    for (size_t i = 0; i < HELD_MAX; i++)
        if (h->held[i])
            end(h, h->held[i], false);
    fuzz_check(h->unended == 0);
    fuzz_check(h->budget.used == 0);
}

static void forget(struct host *h)
{
    buf_finish(&h->log);
    buf_finish(&h->out);
    buf_finish(&h->head_only);
}

/* The number of final responses in what was sent; each must be whole. */
static size_t count_responses(const struct host *h)
{
    struct slice rest = buf_slice(&h->out);
    size_t count = 0;
    while (rest.len) {
        size_t head = slice_find_slice(rest, SLICE_LIT("\r\n\r\n"));
        fuzz_check(slice_starts(rest, SLICE_LIT("HTTP/1.1 ")) && head < rest.len);
        struct slice lines = slice_sub(rest, 0, head);
        rest = slice_sub(rest, head + 4, rest.len);
        if (lines.ptr[9] == '1')
            continue;
        size_t at = slice_find_slice(lines, SLICE_LIT("\r\nContent-Length: "));
        fuzz_check(at < lines.len);
        size_t length = strtoul(lines.ptr + at + 18, NULL, 10);
        bool head_only = count < h->head_only.len && h->head_only.data[count];
        if (!head_only && lines.ptr[9] != '2') {
            /* A refused HEAD has no body either, and the connection ends behind it. */
            fuzz_check(rest.len == length || rest.len == 0);
            length = rest.len;
        }
        if (!head_only) {
            fuzz_check(length <= rest.len);
            rest = slice_sub(rest, length, rest.len);
        }
        count++;
    }
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 5)
        return 0;
    unsigned mode = data[0] & (HOST_AWKWARD | HOST_TIGHT | HOST_GOES);
    uint32_t seed = data[1] | (uint32_t)data[2] << 8 | (uint32_t)data[3] << 16 | (uint32_t)data[4] << 24;
    struct slice bytes = slice_make(data + 5, size - 5);
    struct host whole, other;
    open_host(&whole, mode, seed);
    feed(&whole, bytes, mode & HOST_AWKWARD ? CUT_RANDOM : CUT_NOT);
    finish(&whole);
    if (!(mode & HOST_AWKWARD)) {
        fuzz_check(count_responses(&whole) == whole.requests + whole.refusals);
        for (int cut = CUT_BYTES; cut <= CUT_RANDOM; cut++) {
            open_host(&other, mode, seed);
            feed(&other, bytes, (enum cut)cut);
            finish(&other);
            fuzz_check(slice_eq(buf_slice(&other.log), buf_slice(&whole.log)));
            fuzz_check(slice_eq(buf_slice(&other.out), buf_slice(&whole.out)));
            forget(&other);
        }
    }
    forget(&whole);
    return 0;
}

bool fuzz_seed(const struct capture_request *request, struct buf *out)
{
    static const char *const paths[] = {"/v1/traces", "/v1/metrics", "/v1/logs", "/v1/profiles"};
    if (request->body.len > BODY_BYTES || request->signal > OTLP_LOGS)
        return false;
    return buf_append(out, SLICE_LIT("\0seed")) == CT_OK &&
           buf_printf(out,
                      "POST %s HTTP/1.1\r\nHost: 127.0.0.1:4318\r\nContent-Type: %s\r\n%sUser-Agent: "
                      "OTel-OTLP-Exporter-JavaScript/0.208.0\r\nContent-Length: %zu\r\nConnection: "
                      "keep-alive\r\n\r\n",
                      paths[request->signal],
                      request->encoding == OTLP_JSON ? "application/json" : "application/x-protobuf",
                      request->compression == OTLP_GZIP ? "Content-Encoding: gzip\r\n" : "",
                      request->body.len) == CT_OK &&
           buf_append(out, request->body) == CT_OK;
}
