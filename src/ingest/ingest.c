#include "ingest_private.h"

#include "mem.h"
#include "otlp_json_scan.h"
#include "text.h"

#include <cjson/cJSON.h>
#include <stdlib.h>

#define SCRATCH_MAX (1u << 20)

struct ingest *ingest_create(const struct otlp_limits *limits, ingest_emit_fn emit, void *ctx)
{
    struct ingest *in = mem_alloc(sizeof *in);
    in->decoder = otlp_decoder_create(limits);
    in->emit = emit;
    in->ctx = ctx;
    arena_init(&in->scratch, SCRATCH_MAX);
    buf_init(&in->json, INGEST_HOOK_MAX + INGEST_HOOK_MAX / 8 + 16);
    return in;
}

void ingest_destroy(struct ingest *in)
{
    if (!in)
        return;
    otlp_decoder_destroy(in->decoder);
    arena_finish(&in->scratch);
    buf_finish(&in->json);
    free(in);
}

struct slice ingest_clean(struct ingest *in, struct slice text, size_t max)
{
    if (!text.ptr)
        return SLICE_NULL;
    /* A byte becomes at most three, so room for that is enough; the ceiling is what the model keeps. */
    size_t room = text.len < max / 3 ? text.len * 3 + 4 : max;
    char *out = arena_alloc(&in->scratch, room);
    if (!out)
        return SLICE_NULL;
    return slice_make(out, text_clean(text, out, room));
}

void ingest_emit(struct ingest *in, struct event *e)
{
    e->arrival_ns = in->arrival_ns;
    e->stamp_ns = e->time_ns > 0 ? e->time_ns : -1;
    if (e->time_ns <= 0)
        e->time_ns = in->arrival_ns;
    in->emit(in->ctx, e);
}

struct cJSON *ingest_json(struct ingest *in, struct slice text)
{
    struct json_scan scan = {.max_depth = OTLP_JSON_DEPTH_MAX, .max_nodes = INGEST_JSON_NODES};
    if (text.len > INGEST_HOOK_MAX)
        return NULL;
    buf_clear(&in->json);
    if (json_scan_run(&scan, text, &in->json) != JSON_SOUND)
        return NULL;
    return scan.patched ? cJSON_ParseWithLength(in->json.data, in->json.len)
                        : cJSON_ParseWithLength(text.ptr, text.len);
}

/* event.name, or the field of the protocol, or (a body that is one word) the body. */
static struct slice event_name(const struct otlp_log *log)
{
    struct slice name = otlp_attr_text(log->attrs, "event.name");
    if (name.len == 0)
        name = log->event_name;
    if (name.len == 0 && log->body.type == OTLP_VALUE_STRING && log->body.str.len <= INGEST_NAME_MAX)
        name = log->body.str;
    return name;
}

static bool is_native(const struct otlp_scope *scope, struct slice name)
{
    return slice_starts(scope->name, SLICE_LIT("com.anthropic.claude_code")) ||
           slice_starts(name, SLICE_LIT("claude_code."));
}

/* What stands between may drop the scope, and even the resource. */
static bool is_nameless(const struct otlp_resource *resource, const struct otlp_scope *scope)
{
    struct slice service = otlp_attr_text(resource->attrs, "service.name");
    return scope->name.len == 0 && (service.len == 0 || slice_eq_str(service, "claude-code"));
}

static bool on_log(void *ctx, const struct otlp_resource *resource, const struct otlp_scope *scope,
                   const struct otlp_log *log)
{
    struct ingest *in = ctx;
    struct slice name = event_name(log);
    arena_reset(&in->scratch);
    in->stats.logs++;
    if (is_native(scope, name))
        native_log(in, resource, log, name);
    else if (slice_eq_str(scope->name, "claude-interceptor"))
        interceptor_log(in, resource, log, name);
    else if (slice_starts(name, SLICE_LIT("codex.")))
        codex_log(in, resource, log, name);
    else if (slice_starts(name, SLICE_LIT("gemini_cli.")))
        gemini_log(in, resource, log, name);
    else if (gemini_repeats(scope) || genai_log(in, resource, log, name))
        return true;
    else if (is_nameless(resource, scope))
        native_log(in, resource, log, name);
    else
        in->stats.foreign_logs++;
    return true;
}

static bool on_span(void *ctx, const struct otlp_resource *resource, const struct otlp_scope *scope,
                    const struct otlp_span *span)
{
    struct ingest *in = ctx;
    arena_reset(&in->scratch);
    in->stats.spans++;
    if (slice_eq_str(scope->name, "claude-top")) {
        in->stats.foreign_spans++; /* another one's, made from records that come here, too */
    } else if (is_native(scope, span->name)) {
        native_span(in, resource, span);
    } else if (interceptor_is(resource, scope, span->attrs)) {
        interceptor_span(in, resource, span);
    } else if (genai_span_is(span->attrs) && !gemini_repeats(scope)) {
        genai_span(in, resource, span);
    } else {
        in->stats.foreign_spans++;
        foreign_span(in, resource, span);
    }
    return true;
}

static bool on_point(void *ctx, const struct otlp_resource *resource, const struct otlp_scope *scope,
                     const struct otlp_point *point)
{
    struct ingest *in = ctx;
    arena_reset(&in->scratch);
    in->stats.metric_points++;
    if (native_metric_is(scope, point))
        native_metric(in, resource, point);
    else
        in->stats.foreign_points++;
    return true;
}

/* Length-Prefixed-Message of the gRPC protocol: a compressed flag, four bytes of length, the message. */
#define GRPC_PREFIX 5

static enum ct_err grpc_message(const struct frame *frame, struct slice *message,
                                enum otlp_compression *compression)
{
    const uint8_t *p = (const uint8_t *)frame->body.ptr;
    if (frame->body.len < GRPC_PREFIX || p[0] > 1)
        return CT_ERR_FORMAT;
    uint32_t length = (uint32_t)p[1] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 8 | p[4];
    if (length != frame->body.len - GRPC_PREFIX)
        return CT_ERR_FORMAT;
    *message = slice_sub(frame->body, GRPC_PREFIX, length);
    *compression = OTLP_IDENTITY;
    if (p[0] == 1 && !otlp_compression_parse(frame_header_get(frame, "grpc-encoding"), compression))
        return CT_ERR_UNSUPPORTED;
    return CT_OK;
}

static bool has_enough(void *ctx)
{
    struct ingest *in = ctx;
    return in->enough(in->enough_ctx);
}

static enum ct_err otlp_frame(struct ingest *in, const struct frame *frame)
{
    const struct otlp_sink sink = {.ctx = in,
                                   .from = in->from,
                                   .enough = in->enough ? has_enough : NULL,
                                   .log = on_log,
                                   .span = on_span,
                                   .point = on_point};
    struct otlp_counts counts = {0};
    enum otlp_signal signal;
    enum otlp_encoding encoding = OTLP_PROTOBUF;
    enum otlp_compression compression;
    struct slice body = frame->body;
    if (!otlp_signal_parse(frame->path, &signal))
        return CT_ERR_UNSUPPORTED;
    if (signal == OTLP_PROFILES) {
        in->stats.profiles++;
        return CT_OK;
    }
    if (frame->source == FRAME_OTLP_GRPC) {
        enum ct_err err = grpc_message(frame, &body, &compression);
        if (err)
            return err;
    } else if (!otlp_encoding_parse(frame_header_get(frame, "content-type"), &encoding) ||
               !otlp_compression_parse(frame_header_get(frame, "content-encoding"), &compression)) {
        return CT_ERR_UNSUPPORTED;
    }
    enum ct_err err =
        otlp_decode(in->decoder, signal, encoding, compression, body, &sink, &counts, NULL, NULL);
    in->from = err == CT_AGAIN ? counts.items : 0;
    return err;
}

enum ct_err ingest_frame(struct ingest *in, const struct frame *frame)
{
    return ingest_piece(in, frame, NULL, NULL);
}

enum ct_err ingest_piece(struct ingest *in, const struct frame *frame, bool (*enough)(void *ctx), void *ctx)
{
    in->enough = enough;
    in->enough_ctx = ctx;
    if (frame->source == FRAME_SYNTHESIZED) /* made from what the others tell */
        return CT_OK;
    in->arrival_ns = frame->wall_ns;
    arena_reset(&in->scratch);
    enum ct_err err = CT_ERR_UNSUPPORTED;
    if (frame->source == FRAME_HOOK) {
        in->stats.hooks++;
        bool line = slice_eq_str(frame->path, INGEST_STATUSLINE_PATH);
        in->stats.status_lines += line;
        err = line ? statusline_frame(in, frame) : hook_frame(in, frame);
    } else if (frame->source == FRAME_OTLP_HTTP || frame->source == FRAME_OTLP_GRPC) {
        err = otlp_frame(in, frame);
    }
    if (in->json.cap > INGEST_JSON_KEEP)
        buf_finish(&in->json);
    if (err && err != CT_AGAIN)
        in->stats.decode_errors++;
    return err;
}

struct ingest_stats ingest_stats(const struct ingest *in)
{
    return in->stats;
}
