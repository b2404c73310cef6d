#include "doctor.h"

#include "text.h"

#include <stdarg.h>
#include <stdio.h>

#define URL_MAX     2048
#define HEADERS_MAX 40

void doctor_say(struct doctor *d, const char *group, enum doctor_level level, const char *remedy,
                const char *format, ...)
{
    char raw[DOCTOR_TEXT_MAX * 2];
    va_list args;
    if (d->count == DOCTOR_CHECKS_MAX) {
        d->dropped++;
        return;
    }
    struct doctor_check *c = &d->checks[d->count++];
    *c = (struct doctor_check){.group = group, .level = level};
    va_start(args, format);
    vsnprintf(raw, sizeof raw, format, args);
    va_end(args);
    text_clean(slice_str(raw), c->text, sizeof c->text);
    text_clean(slice_str(remedy ? remedy : ""), c->remedy, sizeof c->remedy);
}

/* ---- requests ---- */

static void end(struct doctor_probe *p, const struct http_result *r)
{
    if (p->over)
        return;
    p->over = true;
    p->d->running--;
    p->done(p, r);
}

static void on_result(void *ctx, const struct http_result *r)
{
    end(ctx, r);
}

struct doctor_probe *doctor_ask(struct doctor *d, const struct doctor_request *request,
                                void (*done)(struct doctor_probe *p, const struct http_result *r),
                                const void *about, const char *name)
{
    struct ct_errmsg msg;
    if (d->probe_count == DOCTOR_PROBES_MAX)
        return NULL;
    struct doctor_probe *p = &d->probes[d->probe_count++];
    *p = (struct doctor_probe){.d = d, .done = done, .about = about, .grpc = request->grpc};
    snprintf(p->name, sizeof p->name, "%s", name);
    struct http_result failed = {.failure = msg.text};
    d->running++;
    if (http_client_create(&d->loop, &request->client, &p->client, &msg)) {
        p->client = NULL;
        end(p, &failed);
        return p;
    }
    p->transfer = http_transfer_create(p->client);
    struct http_request http = {.url = request->url,
                                .get = request->get,
                                .headers = request->headers,
                                .header_count = request->header_count,
                                .body = request->body,
                                .connect_timeout_ms = DOCTOR_CONNECT_MS,
                                .timeout_ms = DOCTOR_MS,
                                .response_bytes_max = DOCTOR_ANSWER_MAX};
    enum ct_err err = http_transfer_start(p->transfer, &http, on_result, p);
    if (err) {
        ct_fail(&msg, err, "the request cannot be sent (%s)", ct_err_name(err));
        end(p, &failed);
    }
    return p;
}

#define SERVICE(package, version, name)                                                                      \
    "/opentelemetry.proto.collector." package "." version "." name "Service/Export"

static const struct {
    const char *signal, *http, *grpc;
} paths[] = {
    {"logs", "/v1/logs", SERVICE("logs", "v1", "Logs")},
    {"traces", "/v1/traces", SERVICE("trace", "v1", "Trace")},
    {"metrics", "/v1/metrics", SERVICE("metrics", "v1", "Metrics")},
    {"profiles", "/v1development/profiles", SERVICE("profiles", "v1development", "Profiles")},
};

static const char *path_of(const char *signal, bool grpc)
{
    size_t i = 0;
    while (i + 1 < sizeof paths / sizeof *paths && strcmp(paths[i].signal, signal) != 0)
        i++;
    return grpc ? paths[i].grpc : paths[i].http;
}

struct doctor_probe *doctor_ask_otlp(struct doctor *d, const struct http_client_config *client,
                                     const char *base, const char *signal, const char *protocol,
                                     const struct frame_header *extra, size_t extra_count,
                                     void (*done)(struct doctor_probe *p, const struct http_result *r),
                                     const void *about, const char *name)
{
    static const char empty_message[] = {0, 0, 0, 0, 0};
    char url[URL_MAX];
    struct frame_header headers[HEADERS_MAX];
    size_t count = 0;
    bool grpc = strcmp(protocol, "grpc") == 0, json = strcmp(protocol, "http/json") == 0;
    struct slice root = slice_str(base);
    while (root.len && root.ptr[root.len - 1] == '/')
        root.len--;
    snprintf(url, sizeof url, "%.*s%s", SLICE_ARG(root), path_of(signal, grpc));
    for (; count < extra_count && count < HEADERS_MAX - 2; count++)
        headers[count] = extra[count];
    headers[count++] =
        (struct frame_header){SLICE_LIT("content-type"), grpc   ? SLICE_LIT("application/grpc")
                                                         : json ? SLICE_LIT("application/json")
                                                                : SLICE_LIT("application/x-protobuf")};
    if (grpc)
        headers[count++] = (struct frame_header){SLICE_LIT("te"), SLICE_LIT("trailers")};
    struct doctor_request request = {.client = *client,
                                     .url = url,
                                     .grpc = grpc,
                                     .headers = headers,
                                     .header_count = count,
                                     .body = grpc   ? slice_make(empty_message, sizeof empty_message)
                                             : json ? SLICE_LIT("{}")
                                                    : SLICE_NULL};
    request.client.http2 = grpc;
    return doctor_ask(d, &request, done, about, name);
}

bool doctor_accepts(const struct doctor_probe *p, const struct http_result *r, char *why)
{
    struct slice grpc = r->headers[HTTP_GRPC_STATUS], message = r->headers[HTTP_GRPC_MESSAGE];
    char raw[DOCTOR_TEXT_MAX];
    if (r->status == 200 && (!p->grpc || slice_eq_str(grpc, "0")))
        return true;
    if (r->status == 200 && grpc.len)
        snprintf(raw, sizeof raw, "gRPC status %.*s %.*s", SLICE_ARG(slice_sub(grpc, 0, 8)),
                 SLICE_ARG(slice_sub(message, 0, 200)));
    else if (r->status == 200)
        snprintf(raw, sizeof raw, "what answers there is no gRPC server");
    else if (r->status)
        snprintf(raw, sizeof raw, "HTTP %d %.*s", r->status, SLICE_ARG(slice_sub(r->body, 0, 120)));
    else
        snprintf(raw, sizeof raw, "%s", r->failure ? r->failure : "no answer");
    text_clean(slice_str(raw), why, DOCTOR_TEXT_MAX);
    return false;
}
