#include "ingest_private.h"

#include "mem.h"
#include "otlp_json_scan.h"
#include "text.h"

#include <cjson/cJSON.h>
#include <math.h>
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

struct slice ingest_attr(struct ingest *in, struct otlp_attrs attrs, const char *key, size_t max)
{
    return ingest_clean(in, otlp_attr_text(attrs, key), max);
}

int64_t ingest_ms(struct otlp_attrs attrs, const char *key)
{
    double ms;
    if (!otlp_attr_double(attrs, key, &ms) || !(ms >= 0) || ms > 1e12)
        return -1;
    return (int64_t)(ms * 1e6);
}

static void tokens(struct otlp_attrs attrs, const char *key, int64_t *out)
{
    int64_t value;
    if (otlp_attr_int(attrs, key, &value) && value >= 0 && value <= INT64_C(1000000000000))
        *out = value;
}

void ingest_usage(struct otlp_attrs attrs, struct event_usage *usage)
{
    double usd;
    int64_t micros;
    tokens(attrs, "input_tokens", &usage->input_tokens);
    tokens(attrs, "output_tokens", &usage->output_tokens);
    tokens(attrs, "cache_read_tokens", &usage->cache_read_tokens);
    tokens(attrs, "cache_creation_tokens", &usage->cache_creation_tokens);
    tokens(attrs, "cache_creation_1h_tokens", &usage->cache_creation_1h_tokens);
    if (otlp_attr_double(attrs, "cost_usd", &usd) && usd >= 0 && usd < 1e6)
        usage->cost_nano_usd = llround(usd * 1e9);
    else if (otlp_attr_int(attrs, "cost_usd_micros", &micros) && micros >= 0 &&
             micros < INT64_C(1000000000000))
        usage->cost_nano_usd = micros * 1000;
}

struct slice ingest_error_type(int64_t status)
{
    if (status == 401 || status == 403)
        return SLICE_LIT("auth");
    if (status == 429)
        return SLICE_LIT("rate_limit");
    if (status == 408 || status == 504)
        return SLICE_LIT("timeout");
    if (status == 529)
        return SLICE_LIT("overloaded");
    if (status >= 400 && status < 500)
        return SLICE_LIT("validation");
    if (status >= 500 && status < 600)
        return SLICE_LIT("server");
    return SLICE_NULL;
}

/* What stands between <name> and </name>; ptr NULL when it is not there. */
static struct slice element(struct slice text, struct slice open, struct slice close)
{
    size_t from = slice_find_slice(text, open);
    if (from == text.len)
        return SLICE_NULL;
    struct slice rest = slice_sub(text, from + open.len, text.len);
    size_t to = slice_find_slice(rest, close);
    return to == rest.len ? SLICE_NULL : slice_trim(slice_sub(rest, 0, to));
}

/* "/compact" and "/review all": a slash and one word, which is no path. */
static bool is_command(struct slice text)
{
    size_t n = 1;
    if (text.len < 2 || text.ptr[0] != '/')
        return false;
    while (n < text.len && text.ptr[n] != ' ' && text.ptr[n] != '\n') {
        char c = text.ptr[n++];
        bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == ':';
        if (!letter)
            return false;
    }
    return n > 1;
}

enum turn_kind ingest_turn_kind(struct slice text)
{
    if (slice_starts(text, SLICE_LIT("<task-notification>")))
        return TURN_KIND_NOTIFICATION;
    if (!is_command(text))
        return TURN_KIND_NONE;
    struct slice word = slice_sub(text, 0, slice_find(text, ' '));
    return slice_eq_str(word, "/compact") ? TURN_KIND_COMPACT : TURN_KIND_COMMAND;
}

void ingest_prompt(struct ingest *in, struct slice raw, struct event *e)
{
    struct slice text = slice_trim(raw);
    if (slice_eq_str(text, "<REDACTED>")) {
        e->redacted = true;
        return;
    }
    e->turn_kind = ingest_turn_kind(text);
    if (e->turn_kind == TURN_KIND_NOTIFICATION) {
        /* The client's own XML is nothing that a person wrote or wants to read. */
        raw = element(text, SLICE_LIT("<summary>"), SLICE_LIT("</summary>"));
        if (raw.len == 0)
            raw = SLICE_LIT("a background task is done");
    }
    e->detail = ingest_clean(in, raw, INGEST_DETAIL_MAX);
}

bool ingest_asks_user(struct slice tool_name)
{
    return slice_eq_str(tool_name, "AskUserQuestion");
}

bool ingest_spawns_agent(struct slice tool_name)
{
    return slice_eq_str(tool_name, "Agent") || slice_eq_str(tool_name, "Task");
}

struct slice ingest_tool_detail(struct ingest *in, const struct cJSON *input)
{
    static const char *const keys[] = {"command",     "full_command", "file_path", "notebook_path",
                                       "pattern",     "url",          "query",     "skill",
                                       "description", "path",         "prompt"};
    const cJSON *best = NULL;
    size_t best_rank = sizeof keys / sizeof *keys;
    for (const cJSON *item = cJSON_IsObject(input) ? input->child : NULL; item; item = item->next) {
        for (size_t i = 0; i < best_rank; i++) {
            if (cJSON_IsString(item) && item->string && strcmp(item->string, keys[i]) == 0) {
                best = item;
                best_rank = i;
                break;
            }
        }
    }
    return best ? ingest_clean(in, slice_str(best->valuestring), INGEST_DETAIL_MAX) : SLICE_NULL;
}

struct slice ingest_tool_detail_text(struct ingest *in, struct slice json)
{
    if (json.len == 0 || json.ptr[0] != '{')
        return SLICE_NULL;
    cJSON *input = ingest_json(in, json);
    struct slice detail = ingest_tool_detail(in, input);
    cJSON_Delete(input);
    return detail;
}

struct slice ingest_json_text(struct ingest *in, struct slice json, const char *key, size_t max)
{
    if (json.len == 0 || json.ptr[0] != '{')
        return SLICE_NULL;
    cJSON *object = ingest_json(in, json);
    const char *value = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
    struct slice text = value ? ingest_clean(in, slice_str(value), max) : SLICE_NULL;
    cJSON_Delete(object);
    return text;
}

bool ingest_is_auxiliary(struct slice query_source)
{
    return slice_eq_str(query_source, "generate_session_title") || slice_eq_str(query_source, "compact");
}

bool ingest_common(struct ingest *in, const struct otlp_resource *resource, struct otlp_attrs attrs,
                   const struct otlp_ids *ids, struct event *e)
{
    e->ids.agent_id = ingest_attr(in, attrs, "agent_id", INGEST_ID_MAX);
    e->ids.parent_agent_id = ingest_attr(in, attrs, "parent_agent_id", INGEST_ID_MAX);
    e->ids.session_id = ingest_attr(in, attrs, "session.id", INGEST_ID_MAX);
    if (e->ids.session_id.len == 0)
        e->ids.session_id = ingest_attr(in, resource->attrs, "session.id", INGEST_ID_MAX);
    /* A client told not to send session.id still names the main conversation on its spans. */
    if (e->ids.session_id.len == 0 && e->ids.agent_id.len == 0)
        e->ids.session_id = ingest_attr(in, attrs, "gen_ai.conversation.id", INGEST_ID_MAX);
    if (e->ids.session_id.len == 0)
        return false;
    e->ids.prompt_id = ingest_attr(in, attrs, "prompt.id", INGEST_ID_MAX);
    e->ids.request_id = ingest_attr(in, attrs, "request_id", INGEST_ID_MAX);
    e->ids.tool_use_id = ingest_attr(in, attrs, "tool_use_id", INGEST_ID_MAX);
    e->service_name = ingest_attr(in, resource->attrs, "service.name", INGEST_NAME_MAX);
    e->service_version = ingest_attr(in, resource->attrs, "service.version", INGEST_NAME_MAX);
    if (ids->has_trace_id) {
        memcpy(e->ids.trace_id, ids->trace_id, sizeof e->ids.trace_id);
        e->ids.has_trace_id = true;
    }
    otlp_attr_int(attrs, "event.sequence", &e->sequence);
    return true;
}

static bool on_log(void *ctx, const struct otlp_resource *resource, const struct otlp_scope *scope,
                   const struct otlp_log *log)
{
    struct ingest *in = ctx;
    arena_reset(&in->scratch);
    in->stats.logs++;
    return native_log(in, resource, scope, log);
}

static bool on_span(void *ctx, const struct otlp_resource *resource, const struct otlp_scope *scope,
                    const struct otlp_span *span)
{
    struct ingest *in = ctx;
    arena_reset(&in->scratch);
    in->stats.spans++;
    return native_span(in, resource, scope, span);
}

static bool on_point(void *ctx, const struct otlp_resource *resource, const struct otlp_scope *scope,
                     const struct otlp_point *point)
{
    (void)resource;
    (void)scope;
    (void)point;
    ((struct ingest *)ctx)->stats.metric_points++;
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

static enum ct_err otlp_frame(struct ingest *in, const struct frame *frame)
{
    const struct otlp_sink sink = {.ctx = in, .log = on_log, .span = on_span, .point = on_point};
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
    return otlp_decode(in->decoder, signal, encoding, compression, body, &sink, NULL, NULL, NULL);
}

enum ct_err ingest_frame(struct ingest *in, const struct frame *frame)
{
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
    if (err)
        in->stats.decode_errors++;
    return err;
}

struct ingest_stats ingest_stats(const struct ingest *in)
{
    return in->stats;
}
