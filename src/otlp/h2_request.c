/* Headers and bodies of one stream become an exchange. */
#include "h2_private.h"

#include "body.h"

#include <stdlib.h>

bool h2_request_begin(struct h2 *h, int32_t id)
{
    struct h2_stream *s = calloc(1, sizeof(*s));
    if (!s)
        return false;
    s->x = exchange_create(&h->core, h->core.env->limits, h->core.env->budget, EXCHANGE_HTTP2);
    if (!s->x) {
        free(s);
        return false;
    }
    s->x->stream_id = (uint32_t)id;
    s->x->core_stream = s;
    s->h = h;
    s->id = id;
    s->first_ms = s->moved_ms = h->now;
    buf_init(&s->out, H2_STREAM_OUT_MAX);
    s->next = h->streams;
    if (s->next)
        s->next->prev = s;
    h->streams = s;
    h->block = (struct h2_block){.stream = s};
    nghttp2_session_set_stream_user_data(h->session, id, s);
    return true;
}

static size_t fields_max(const struct h2 *h)
{
    size_t max = h->core.env->limits->header_count;
    return (max < EXCHANGE_HEADERS_MAX ? max : EXCHANGE_HEADERS_MAX) + H2_PSEUDO_MAX;
}

void h2_request_field(struct h2 *h, struct slice name, struct slice value)
{
    struct h2_block *b = &h->block;
    size_t most = h->core.env->limits->header_bytes;
    b->bytes += name.len + value.len + 32; /* RFC 9113, 6.5.2 */
    if (b->bytes / H2_HEADER_BOMB_RATIO > most) {
        h->trip = true;
        h->trip_why = OTLP_REFUSED_HEADERS;
    }
    if (b->bytes > most || b->count >= fields_max(h))
        b->over = true;
    struct exchange *x = b->stream ? b->stream->x : NULL;
    if (b->over || !x)
        return;
    if (buf_append(&x->head, name) || buf_append(&x->head, value)) {
        b->over = true;
        return;
    }
    b->fields[b->count].name = (uint32_t)name.len;
    b->fields[b->count].value = (uint32_t)value.len;
    b->count++;
}

/* The slices of an exchange point into its head, which grows no more. */
static bool fill(struct exchange *x, const struct h2_block *b, struct slice *target)
{
    struct http_header headers[EXCHANGE_HEADERS_MAX + H2_PSEUDO_MAX];
    size_t count = 0, at = 0;
    struct slice head = buf_slice(&x->head);
    x->method = *target = SLICE_LIT("");
    for (size_t i = 0; i < b->count; i++) {
        struct slice name = slice_sub(head, at, b->fields[i].name);
        at += name.len;
        struct slice value = slice_sub(head, at, b->fields[i].value);
        at += value.len;
        if (slice_eq_str(name, ":method"))
            x->method = value;
        else if (slice_eq_str(name, ":path"))
            *target = value;
        else if (slice_eq_str(name, ":authority"))
            x->host = value;
        else if (!name.len || name.ptr[0] != ':')
            headers[count++] = (struct http_header){name, value};
    }
    if (exchange_set_headers(x, headers, count))
        return false;
    if (!x->host.len)
        x->host = exchange_header(x, "host");
    return true;
}

static bool fail(struct h2_fault *fault, enum otlp_refusal why, const char *message)
{
    *fault = (struct h2_fault){.why = why, .message = message};
    return false;
}

static bool admit_size(const struct exchange *x, uint64_t length, struct h2_fault *fault)
{
    if (length > x->body_max)
        return fail(fault, OTLP_REFUSED_BODY_SIZE, "body too large");
    if (!budget_has_room(x->budget, length, length))
        return fail(fault, OTLP_REFUSED_OVERLOAD, "too much in flight, try again");
    return true;
}

/* What the headers of a gRPC request say (rules 11 to 13). */
static bool admit_grpc(struct h2_stream *s, struct h2_fault *fault)
{
    const struct exchange *x = s->x;
    enum otlp_signal signal;
    enum otlp_compression compression;
    if (!slice_eq_str(x->method, "POST"))
        return fail(fault, OTLP_REFUSED_METHOD, "gRPC requests are sent by POST");
    if (!grpc_method_parse(x->path, &signal))
        return fail(fault, OTLP_REFUSED_PATH,
                    "unknown service or method: the OTLP Export methods are served");
    if (!otlp_compression_parse(exchange_header(x, "grpc-encoding"), &compression) ||
        !otlp_compression_supported(compression)) {
        fail(fault, OTLP_REFUSED_ENCODING, "unknown grpc-encoding");
        fault->code = GRPC_UNIMPLEMENTED;
        return false;
    }
    struct slice timeout = exchange_header(x, "grpc-timeout");
    if (timeout.ptr) {
        uint64_t ms;
        if (!grpc_timeout_parse(timeout, &ms))
            return fail(fault, OTLP_REFUSED_MALFORMED, "grpc-timeout is not a timeout");
        s->deadline_ms = s->first_ms + ms;
    }
    return true;
}

/* What can be refused before any of the body is read. */
static bool admit(struct h2_stream *s, struct h2_fault *fault)
{
    struct exchange *x = s->x;
    struct slice content_type = exchange_header(x, "content-type");
    bool spoken = grpc_content_type_spoken(content_type);
    if (spoken)
        x->transport = EXCHANGE_GRPC;
    if (!exchange_head_allowed(x, &fault->why, &fault->message))
        return false;
    if (!spoken && (grpc_content_type(content_type) || grpc_path(x->path)))
        return fail(fault, OTLP_REFUSED_CONTENT_TYPE, "the content type of gRPC is application/grpc");
    struct slice announced = exchange_header(x, "content-length");
    uint64_t length;
    if (announced.ptr && slice_to_u64(announced, &length)) {
        if (!admit_size(x, length, fault))
            return false;
        x->expected = (size_t)length;
    }
    return !spoken || admit_grpc(s, fault);
}

void h2_request_head(struct h2_stream *s, bool end_stream)
{
    struct h2 *h = s->h;
    struct exchange *x = s->x;
    struct slice target;
    struct h2_fault fault = {0};
    if (!fill(x, &h->block, &target) || !exchange_charge_head(x)) {
        h2_refuse(s, &(struct h2_fault){.why = OTLP_REFUSED_OVERLOAD, .message = "no memory, try again"});
        return;
    }
    exchange_set_target(x, target);
    s->head_only = slice_eq_str(x->method, "HEAD");
    bool admitted = admit(s, &fault);
    if (h->block.over) /* after admit(), which has found out how to answer */
        admitted = fail(&fault, OTLP_REFUSED_HEADERS, "headers too large");
    if (!admitted) {
        h2_refuse(s, &fault);
        return;
    }
    if (end_stream)
        h2_request_end(s);
    else if (slice_eq_nocase(exchange_header(x, "expect"), SLICE_LIT("100-continue")))
        h2_reply_continue(s);
}

/* False when the message cannot become a good one. */
static bool follow_message(struct h2_stream *s, struct slice bytes, struct h2_fault *fault)
{
    struct exchange *x = s->x;
    bool had_prefix = grpc_reader_has_prefix(&s->message);
    switch (grpc_reader_take(&s->message, bytes)) {
    case GRPC_READ_FLAG:
        return fail(fault, OTLP_REFUSED_MALFORMED, "the flag byte of a gRPC message is 0 or 1");
    case GRPC_READ_SECOND:
        return fail(fault, OTLP_REFUSED_MALFORMED, "more than one gRPC message in a unary call");
    default:
        break;
    }
    if (had_prefix || !grpc_reader_has_prefix(&s->message))
        return true;
    enum otlp_compression compression = OTLP_IDENTITY;
    otlp_compression_parse(exchange_header(x, "grpc-encoding"), &compression);
    if (grpc_reader_compressed(&s->message) && compression == OTLP_IDENTITY) {
        fail(fault, OTLP_REFUSED_ENCODING, "a compressed gRPC message without grpc-encoding");
        fault->code = GRPC_INTERNAL;
        return false;
    }
    uint64_t length = GRPC_PREFIX_BYTES + (uint64_t)grpc_reader_length(&s->message);
    if (!admit_size(x, length, fault))
        return false;
    x->expected = (size_t)length;
    return true;
}

void h2_request_data(struct h2_stream *s, struct slice bytes)
{
    struct h2_fault fault = {0};
    s->moved_ms = s->h->now;
    if (s->x->transport == EXCHANGE_GRPC && !follow_message(s, bytes, &fault)) {
        h2_refuse(s, &fault);
        return;
    }
    enum ct_err err = exchange_body_append(s->x, bytes);
    if (err == CT_ERR_LIMIT)
        fail(&fault, OTLP_REFUSED_BODY_SIZE, "body too large");
    else if (err)
        fail(&fault, OTLP_REFUSED_OVERLOAD, "too much in flight, try again");
    if (err)
        h2_refuse(s, &fault);
}

void h2_request_end(struct h2_stream *s)
{
    if (s->x->transport == EXCHANGE_GRPC && (!grpc_reader_has_prefix(&s->message) || s->message.left)) {
        h2_refuse(s, &(struct h2_fault){.why = OTLP_REFUSED_MALFORMED,
                                        .message = s->message.have ? "the gRPC message is cut off"
                                                                   : "no gRPC message in the call"});
        return;
    }
    s->h->complete = s;
}
