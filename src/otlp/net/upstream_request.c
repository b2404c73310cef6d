#include "upstream_request.h"

#include "mem.h"

#include <stdlib.h>

/* Where each signal goes in either transport. */
static const struct {
    struct slice http;
    struct slice grpc;
} paths[FRAME_SIGNAL_COUNT] = {
#define SERVICE(name) SLICE_LIT("/opentelemetry.proto.collector." name "/Export")
    [FRAME_TRACES] = {SLICE_LIT("/v1/traces"), SERVICE("trace.v1.TraceService")},
    [FRAME_METRICS] = {SLICE_LIT("/v1/metrics"), SERVICE("metrics.v1.MetricsService")},
    [FRAME_LOGS] = {SLICE_LIT("/v1/logs"), SERVICE("logs.v1.LogsService")},
    [FRAME_PROFILES] = {SLICE_LIT("/v1development/profiles"),
                        SERVICE("profiles.v1development.ProfilesService")},
#undef SERVICE
};

static bool is_media_type(struct slice value, const char *type)
{
    return slice_eq_nocase(slice_trim(slice_sub(value, 0, slice_find(value, ';'))), slice_str(type));
}

enum upstream_kind upstream_kind_of(const struct frame *f)
{
    if (frame_signal(f) == FRAME_SIGNAL_NONE)
        return UPSTREAM_KIND_NONE;
    if (f->source == FRAME_OTLP_GRPC)
        return UPSTREAM_KIND_GRPC;
    return is_media_type(frame_header_get(f, "content-type"), "application/x-protobuf")
               ? UPSTREAM_KIND_HTTP_PROTOBUF
               : UPSTREAM_KIND_HTTP_OTHER;
}

enum upstream_fit upstream_fit(enum upstream_protocol protocol, enum upstream_kind kind)
{
    switch (kind) {
    case UPSTREAM_KIND_HTTP_PROTOBUF:
        return protocol == UPSTREAM_PROTOCOL_HTTP ? UPSTREAM_FIT_NATIVE : UPSTREAM_FIT_CONVERTED;
    case UPSTREAM_KIND_HTTP_OTHER:
        return protocol == UPSTREAM_PROTOCOL_HTTP ? UPSTREAM_FIT_NATIVE : UPSTREAM_FIT_NONE;
    case UPSTREAM_KIND_GRPC:
        return protocol == UPSTREAM_PROTOCOL_GRPC ? UPSTREAM_FIT_NATIVE : UPSTREAM_FIT_CONVERTED;
    case UPSTREAM_KIND_NONE:
    case UPSTREAM_KIND_COUNT:
        break;
    }
    return UPSTREAM_FIT_NONE;
}

static bool is_one_of(struct slice name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (slice_eq_nocase(name, slice_str(names[i])))
            return true;
    }
    return false;
}
#define IS_ONE_OF(name, names) is_one_of((name), (names), sizeof(names) / sizeof *(names))

static bool begins_nocase(struct slice name, const char *prefix)
{
    struct slice wanted = slice_str(prefix);
    return slice_eq_nocase(slice_sub(name, 0, wanted.len), wanted);
}

/*
 * Headers of one hop (RFC 9110, 7.6.1; rule 18). The receiver has removed them already; a frame from anywhere
 * else must not be able to change the framing of our requests.
 */
static bool is_hop_by_hop(struct slice name)
{
    static const char *const names[] = {"connection", "keep-alive",     "transfer-encoding",
                                        "te",         "trailer",        "upgrade",
                                        "host",       "content-length", "http2-settings"};
    return IS_ONE_OF(name, names) || begins_nocase(name, "proxy-");
}

/* ------------------------------------------------------------------------------------------- added headers
 */

/* A token of RFC 9110, 5.6.2. */
static bool is_token(struct slice name)
{
    for (size_t i = 0; i < name.len; i++) {
        unsigned char c = (unsigned char)name.ptr[i];
        bool alnum = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (!alnum && (c == '\0' || !strchr("!#$%&'*+-.^_`|~", c)))
            return false;
    }
    return name.len > 0;
}

static bool is_reserved(struct slice name)
{
    static const char *const names[] = {"expect", "accept-encoding"};
    return is_hop_by_hop(name) || begins_nocase(name, "content-") || begins_nocase(name, "grpc-") ||
           IS_ONE_OF(name, names);
}

static enum ct_err add_line(struct upstream_added *a, const char *line, struct ct_errmsg *msg)
{
    struct slice text = slice_str(line);
    size_t colon = slice_find(text, ':');
    struct slice name = slice_trim(slice_sub(text, 0, colon));
    if (a->count == UPSTREAM_ADDED_MAX)
        return ct_fail(msg, CT_ERR_USAGE, "more than %d headers for the upstream", UPSTREAM_ADDED_MAX);
    /* Without a colon it may be a secret that lost its name: it is not repeated. */
    if (colon == text.len || !is_token(name))
        return ct_fail(msg, CT_ERR_USAGE, "header %zu for the upstream is none: it takes \"Name: value\"",
                       a->count + 1);
    if (is_reserved(name))
        return ct_fail(msg, CT_ERR_USAGE, "the header %.*s cannot be set for the upstream", SLICE_ARG(name));
    for (const char *p = line; *p; p++) {
        if (((unsigned char)*p < 0x20 && *p != '\t') || *p == 0x7f)
            return ct_fail(msg, CT_ERR_USAGE,
                           "the value of the upstream's header %.*s has control characters", SLICE_ARG(name));
    }
    char *kept = mem_strdup(text);
    a->text[a->count] = kept;
    a->list[a->count].name = slice_make(kept + (name.ptr - line), name.len);
    a->list[a->count].value = slice_trim(slice_make(kept + colon + 1, text.len - colon - 1));
    a->count++;
    return CT_OK;
}

enum ct_err upstream_added_init(struct upstream_added *a, const char *const *lines, struct ct_errmsg *msg)
{
    enum ct_err err = CT_OK;
    *a = (struct upstream_added){.count = 0};
    for (; lines && *lines && !err; lines++)
        err = add_line(a, *lines, msg);
    return err;
}

void upstream_added_finish(struct upstream_added *a)
{
    for (size_t i = 0; i < a->count; i++)
        free(a->text[i]);
    a->count = 0;
}

/* ------------------------------------------------------------------------------------------------ requests
 */

static void put(struct upstream_request *r, struct slice name, struct slice value)
{
    if (r->header_count < UPSTREAM_HEADERS_MAX)
        r->headers[r->header_count++] = (struct frame_header){name, value};
}

static bool is_replaced(const struct upstream_added *a, struct slice name)
{
    for (size_t i = 0; i < a->count; i++) {
        if (slice_eq_nocase(a->list[i].name, name))
            return true;
    }
    return false;
}

/* The sender's headers but for those of one hop, those that drop() names, and those that a replaces. */
static void put_headers(struct upstream_request *r, const struct frame *f, const struct upstream_added *a,
                        bool (*drop)(struct slice name))
{
    for (size_t i = 0; i < f->header_count && i < FRAME_HEADERS_MAX; i++) {
        struct slice name = f->headers[i].name;
        if (!is_hop_by_hop(name) && !is_replaced(a, name) && !(drop && drop(name)))
            put(r, name, f->headers[i].value);
    }
    for (size_t i = 0; i < a->count; i++)
        put(r, a->list[i].name, a->list[i].value);
}

/* A deadline that the sender gave its own call; this one is on our time. */
static bool is_sender_deadline(struct slice name)
{
    return slice_eq_nocase(name, SLICE_LIT("grpc-timeout"));
}

static bool is_grpc_only(struct slice name)
{
    return begins_nocase(name, "grpc-") || slice_eq_nocase(name, SLICE_LIT("content-type"));
}

static bool is_http_only(struct slice name)
{
    static const char *const names[] = {"accept", "accept-encoding", "expect"};
    return begins_nocase(name, "content-") || begins_nocase(name, "grpc-") || IS_ONE_OF(name, names);
}

/* The content coding, or nothing when there is none. */
static struct slice coding(struct slice value)
{
    value = slice_trim(value);
    return slice_eq_nocase(value, SLICE_LIT("identity")) ? SLICE_LIT("") : value;
}

static enum ct_err grpc_to_http(struct upstream_request *r, const struct frame *f,
                                const struct upstream_added *a, const char **words)
{
    bool compressed;
    if (!grpc_message_parse(f->body, &compressed, &r->body)) {
        *words = "not sent: not a gRPC message";
        return CT_ERR_FORMAT;
    }
    struct slice encoding = coding(frame_header_get(f, "grpc-encoding"));
    if (compressed && encoding.len == 0) {
        *words = "not sent: compressed, but not said how";
        return CT_ERR_FORMAT;
    }
    r->path = paths[frame_signal(f)].http;
    put(r, SLICE_LIT("content-type"), SLICE_LIT("application/x-protobuf"));
    if (compressed)
        put(r, SLICE_LIT("content-encoding"), encoding);
    put_headers(r, f, a, is_grpc_only);
    return CT_OK;
}

static void http_to_grpc(struct upstream_request *r, const struct frame *f, const struct upstream_added *a)
{
    struct slice encoding = coding(frame_header_get(f, "content-encoding"));
    r->path = paths[frame_signal(f)].grpc;
    grpc_prefix_write((uint32_t)f->body.len, r->prefix); /* FRAME_BYTES_MAX is far below */
    r->prefix[0] = encoding.len != 0;
    r->head = slice_make(r->prefix, sizeof r->prefix);
    put(r, SLICE_LIT("content-type"), SLICE_LIT("application/grpc"));
    put(r, SLICE_LIT("te"), SLICE_LIT("trailers"));
    if (encoding.len)
        put(r, SLICE_LIT("grpc-encoding"), encoding);
    put_headers(r, f, a, is_http_only);
}

enum ct_err upstream_request_make(struct upstream_request *r, enum upstream_protocol protocol,
                                  const struct frame *f, const struct upstream_added *a, const char **words)
{
    r->path = f->path;
    r->header_count = 0;
    r->head = SLICE_NULL;
    r->body = f->body;
    bool grpc = f->source == FRAME_OTLP_GRPC;
    if (protocol == UPSTREAM_PROTOCOL_HTTP && grpc)
        return grpc_to_http(r, f, a, words);
    if (protocol == UPSTREAM_PROTOCOL_HTTP) {
        put_headers(r, f, a, NULL);
    } else if (grpc) {
        if (!frame_header_get(f, "content-type").ptr)
            put(r, SLICE_LIT("content-type"), SLICE_LIT("application/grpc"));
        put(r, SLICE_LIT("te"), SLICE_LIT("trailers"));
        put_headers(r, f, a, is_sender_deadline);
    } else {
        http_to_grpc(r, f, a);
    }
    return CT_OK;
}

void upstream_request_empty(const struct frame *f, struct frame *out, struct frame_header *headers)
{
    static const char *const body_headers[] = {"content-encoding", "grpc-encoding", "content-md5",
                                               "content-digest", "digest"};
    static const char message[GRPC_PREFIX_BYTES]; /* not compressed, of no length */
    *out = *f;
    out->headers = headers;
    out->header_count = 0;
    for (size_t i = 0; i < f->header_count && i < FRAME_HEADERS_MAX; i++) {
        if (!IS_ONE_OF(f->headers[i].name, body_headers))
            headers[out->header_count++] = f->headers[i];
    }
    if (f->source == FRAME_OTLP_GRPC)
        out->body = slice_make(message, sizeof message);
    else
        out->body = upstream_kind_of(f) == UPSTREAM_KIND_HTTP_OTHER ? SLICE_LIT("{}") : SLICE_LIT("");
}
