/* Requests from senders: check, keep, acknowledge. */
#include "clock.h"
#include "collector_private.h"
#include "grpc.h"
#include "log.h"
#include "respond.h"

#include <cjson/cJSON.h>
#include <stdio.h>

static const char hooks_path[] = "/hooks";

/* Appends the request as a frame. False when it could not be kept at all. */
static bool keep(struct collector *c, const struct receiver_view *view, enum frame_source source)
{
    struct frame_header headers[FRAME_HEADERS_MAX];
    if (view->header_count > FRAME_HEADERS_MAX)
        return false;
    for (size_t i = 0; i < view->header_count; i++)
        headers[i] = (struct frame_header){view->headers[i].name, view->headers[i].value};
    struct frame frame = {
        .wall_ns = clock_wall(),
        .mono_ns = clock_mono(),
        .source = source,
        .method = view->method,
        .path = view->path,
        .headers = headers,
        .header_count = view->header_count,
        .body = view->body,
    };
    /* A disk that refuses (CT_ERR_IO) still leaves the frame to the readers: it will be forwarded, and is
     * counted. */
    struct ct_errmsg msg = {"the journal could not be written"};
    enum ct_err err = journal_append(c->journal, &frame, &msg);
    if (err == CT_ERR_IO && !c->disk_refuses)
        log_warn("%s: forwarding goes on from memory", msg.text);
    c->disk_refuses = err == CT_ERR_IO;
    if (err != CT_OK && err != CT_ERR_IO)
        return false;
    c->received.requests++;
    c->received.bytes += view->body.len;
    return true;
}

static struct client *client_of(struct collector *c, const struct receiver_sender *sender,
                                enum client_encoding encoding)
{
    static const enum client_transport transports[] = {
        [RECEIVER_HTTP1] = CLIENT_HTTP1, [RECEIVER_HTTP2] = CLIENT_HTTP2, [RECEIVER_GRPC] = CLIENT_GRPC};
    struct client_key key = {.user_agent = sender->user_agent,
                             .transport = transports[sender->transport],
                             .encoding = encoding,
                             .local = sender->local};
    struct client *client = clients_row(&c->clients, &key, clock_wall());
    client->compressions |= client_compression_of(sender->encoding);
    return client;
}

void intake_refused(void *ctx, enum otlp_refusal why, const struct receiver_sender *sender)
{
    static const enum client_encoding encodings[] = {
        [OTLP_PROTOBUF] = CLIENT_PROTOBUF, [OTLP_JSON] = CLIENT_JSON};
    enum otlp_encoding read;
    enum client_encoding encoding = CLIENT_UNKNOWN;
    if (slice_eq_str(sender->path, hooks_path) || slice_eq_str(sender->path, INGEST_STATUSLINE_PATH))
        encoding = CLIENT_HOOK;
    else if (sender->transport == RECEIVER_GRPC)
        encoding = CLIENT_PROTOBUF;
    else if (otlp_encoding_parse(sender->content_type, &read))
        encoding = encodings[read];
    client_of(ctx, sender, encoding)->counts.refused[why]++;
    collector_changed(ctx);
}

void intake_unreadable(struct collector *c, const struct frame *frame)
{
    struct slice name = frame_header_get(frame, "User-Agent"), type = frame_header_get(frame, "Content-Type");
    enum otlp_encoding read;
    if (frame->source == FRAME_HOOK)
        clients_decode_error(&c->clients, name, CLIENT_HOOK);
    else if (frame->source == FRAME_OTLP_HTTP && otlp_encoding_parse(type, &read) && read == OTLP_JSON)
        clients_decode_error(&c->clients, name, CLIENT_JSON);
    else
        clients_decode_error(&c->clients, name, CLIENT_PROTOBUF);
}

#define BURN_MAX 160

/* What `claude-top statusline` shows beside what it was told: what the session burns, as far as it is known.
 */
static void burn_answer(const struct collector *c, struct slice query, char *out, size_t cap)
{
    static const char key[] = "session=";
    if (!slice_starts(query, SLICE_LIT(key)))
        return;
    const struct session *s = model_session(c->model, slice_sub(query, sizeof key - 1, query.len));
    if (!s)
        return;
    struct burn_rate burn = model_session_burn(s, clock_wall());
    snprintf(out, cap, "{\"burn\":{\"tokens_per_min\":%lld,\"cost_per_hour_usd\":%.6f,\"is_estimate\":%s}}",
             (long long)burn.tokens_per_min, (double)burn.cost_nano_usd_per_hour / 1e9,
             burn.is_estimate ? "true" : "false");
}

/* Nothing that we answer to a hook may change what Claude Code does: always 200 and an empty object. */
static void take_hook(struct collector *c, struct receiver_request *request)
{
    const struct receiver_view *view = receiver_request_view(request);
    bool is_line = slice_eq_str(view->path, INGEST_STATUSLINE_PATH);
    if (slice_eq_str(view->method, "POST")) {
        struct receiver_sender sender = receiver_request_sender(request);
        struct client_counts *counts = &client_of(c, &sender, CLIENT_HOOK)->counts;
        if (keep(c, view, FRAME_HOOK)) {
            c->received.hooks++;
            c->received.status_lines += is_line;
            counts->hooks++;
            counts->requests++;
            counts->bytes += view->body.len;
        } else {
            receiver_count_refusal(c->receiver, OTLP_REFUSED_JOURNAL);
            counts->refused[OTLP_REFUSED_JOURNAL]++;
        }
    }
    char answer[BURN_MAX] = "{}";
    if (is_line && view->local)
        burn_answer(c, view->query, answer, sizeof answer);
    receiver_reply(request, &(struct receiver_reply){.status = 200,
                                                     .content_type = "application/json",
                                                     .body = slice_str(answer)});
    collector_appended(c);
}

void intake_process_exit(struct collector *c, const char *session_id)
{
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "session_id", session_id);
    cJSON_AddStringToObject(json, "hook_event_name", "ProcessExit");
    char *body = cJSON_PrintUnformatted(json);
    struct frame frame = {.wall_ns = clock_wall(),
                          .mono_ns = clock_mono(),
                          .source = FRAME_HOOK,
                          .method = SLICE_LIT("POST"),
                          .path = SLICE_LIT(hooks_path),
                          .body = slice_str(body)};
    struct ct_errmsg msg;
    enum ct_err err = journal_append(c->journal, &frame, &msg);
    if (err == CT_OK || err == CT_ERR_IO)
        collector_appended(c);
    cJSON_free(body);
    cJSON_Delete(json);
}

/* How a request's body is to be read. */
struct shape {
    enum frame_source source;
    enum otlp_encoding encoding;
    enum otlp_compression compression;
    struct slice payload;
};

/* gRPC: the core has checked content type, framing and compression already (grpc.h). */
static bool shape_grpc(struct receiver_request *request, const struct receiver_view *view, struct shape *out)
{
    bool compressed;
    *out = (struct shape){.source = FRAME_OTLP_GRPC, .encoding = OTLP_PROTOBUF, .compression = OTLP_IDENTITY};
    if (!grpc_message_parse(view->body, &compressed, &out->payload) ||
        (compressed &&
         !otlp_compression_parse(receiver_header_get(view, "grpc-encoding"), &out->compression))) {
        receiver_refuse(request, OTLP_REFUSED_MALFORMED, "the gRPC message is not whole");
        return false;
    }
    return true;
}

static bool shape_http(struct receiver_request *request, const struct receiver_view *view, struct shape *out)
{
    *out = (struct shape){.source = FRAME_OTLP_HTTP, .payload = view->body};
    if (!slice_eq_str(view->method, "POST")) {
        receiver_refuse(request, OTLP_REFUSED_METHOD, "OTLP is sent by POST");
        return false;
    }
    if (!otlp_encoding_parse(receiver_header_get(view, "content-type"), &out->encoding)) {
        receiver_refuse(request, OTLP_REFUSED_CONTENT_TYPE,
                        "the content type must be application/x-protobuf or application/json");
        return false;
    }
    if (!otlp_compression_parse(receiver_header_get(view, "content-encoding"), &out->compression)) {
        receiver_refuse(request, OTLP_REFUSED_ENCODING, "the content encoding must be gzip, zstd or none");
        return false;
    }
    return true;
}

static void take_otlp(struct collector *c, struct receiver_request *request, enum otlp_signal signal)
{
    const struct receiver_view *view = receiver_request_view(request);
    struct shape shape;
    enum otlp_refusal why;
    struct otlp_counts counts;
    struct ct_errmsg msg;
    bool grpc = view->transport == RECEIVER_GRPC;
    if (!(grpc ? shape_grpc(request, view, &shape) : shape_http(request, view, &shape)))
        return;
    if (otlp_decode(c->checker, signal, shape.encoding, shape.compression, shape.payload, NULL, &counts, &why,
                    &msg)) {
        receiver_refuse(request, why, msg.text);
        return;
    }
    if (!keep(c, view, shape.source)) {
        receiver_refuse(request, OTLP_REFUSED_JOURNAL, "the request could not be kept, try again");
        return;
    }
    struct receiver_sender sender = receiver_request_sender(request);
    struct client_counts *sent =
        &client_of(c, &sender, shape.encoding == OTLP_JSON ? CLIENT_JSON : CLIENT_PROTOBUF)->counts;
    sent->requests++;
    sent->bytes += view->body.len;
    sent->logs += counts.logs;
    sent->spans += counts.spans;
    sent->metric_points += counts.points;
    sent->profiles += signal == OTLP_PROFILES;
    c->received.logs += counts.logs;
    c->received.spans += counts.spans;
    c->received.metric_points += counts.points;
    c->received.profiles += signal == OTLP_PROFILES;
    receiver_reply(request, &(struct receiver_reply){.status = 200,
                                                     .content_type = respond_content_type(shape.encoding),
                                                     .body = respond_success(shape.encoding)});
    collector_appended(c);
}

void intake_request(void *ctx, struct receiver_request *request)
{
    struct collector *c = ctx;
    const struct receiver_view *view = receiver_request_view(request);
    enum otlp_signal signal;
    if (slice_eq_str(view->path, hooks_path) || slice_eq_str(view->path, INGEST_STATUSLINE_PATH)) {
        take_hook(c, request);
    } else if (view->local) {
        control_request(c, request);
    } else if (otlp_signal_parse(view->path, &signal) &&
               grpc_path(view->path) == (view->transport == RECEIVER_GRPC)) {
        /* Nothing here reads profiles: without somebody to forward them to they would only be kept. */
        if (signal == OTLP_PROFILES && !forward_takes(c, FRAME_PROFILES))
            receiver_refuse(request, OTLP_REFUSED_PROFILES,
                            "profiles are not received, because no upstream takes them: give one "
                            "signals = profiles");
        else
            take_otlp(c, request, signal);
    } else {
        char words[RESPOND_MESSAGE_MAX];
        receiver_refuse(request, OTLP_REFUSED_PATH, respond_wrong_path(view->path, words, sizeof words));
    }
}
