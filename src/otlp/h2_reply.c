/* Answers: HTTP responses, and gRPC ones with their trailers. */
#include "h2_private.h"

#include "partial_success.h"
#include "respond.h"

#include <stdio.h>

/* :status, content-type, date or grpc-accept-encoding, content-length or grpc-status, allow or
   www-authenticate or grpc-message, retry-after or grpc-status-details-bin. */
#define FIELDS_MAX 8

struct fields {
    nghttp2_nv nv[FIELDS_MAX];
    size_t count;
};

/* The session copies both. */
static void add(struct fields *f, const char *name, struct slice value)
{
    f->nv[f->count++] = (nghttp2_nv){
        .name = (uint8_t *)(uintptr_t)name,
        .namelen = strlen(name),
        .value = (uint8_t *)(uintptr_t)(value.ptr ? value.ptr : ""),
        .valuelen = value.len,
    };
}

static void add_number(struct fields *f, const char *name, size_t n, char text[24])
{
    snprintf(text, 24, "%zu", n);
    add(f, name, slice_str(text));
}

static void submit_trailers(struct h2_stream *s)
{
    struct fields f = {.count = 0};
    add(&f, "grpc-status", SLICE_LIT("0"));
    if (nghttp2_submit_trailer(s->h->session, s->id, f.nv, f.count))
        h2_reset(s, NGHTTP2_INTERNAL_ERROR);
}

static ssize_t read_out(nghttp2_session *session, int32_t id, uint8_t *to, size_t length, uint32_t *flags,
                        nghttp2_data_source *source, void *ctx)
{
    struct h2_stream *s = source->ptr;
    (void)session, (void)id, (void)ctx;
    size_t n = h2_stream_unsent(s);
    if (!n && !s->out_ends) {
        s->deferred = true;
        return NGHTTP2_ERR_DEFERRED;
    }
    if (n > length)
        n = length;
    if (n) {
        memcpy(to, s->out.data + s->out_at, n);
        s->out_at += n;
        s->moved_ms = s->h->now;
    }
    if (s->out_at == s->out.len) {
        buf_finish(&s->out);
        s->out_at = 0;
        if (s->out_ends) {
            *flags |= NGHTTP2_DATA_FLAG_EOF;
            if (s->trailers) {
                *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
                submit_trailers(s);
            }
        }
    }
    return (ssize_t)n;
}

static void submit(struct h2_stream *s, const struct fields *f, bool with_body)
{
    nghttp2_data_provider body = {.source = {.ptr = s}, .read_callback = read_out};
    s->answered = true;
    s->moved_ms = s->h->now;
    if (nghttp2_submit_response(s->h->session, s->id, f->nv, f->count, with_body ? &body : NULL))
        h2_reset(s, NGHTTP2_INTERNAL_ERROR);
}

static void add_status(struct fields *f, int status, const char *content_type, char text[24])
{
    add_number(f, ":status", status >= 100 && status <= 999 ? (size_t)status : 500, text);
    if (content_type)
        add(f, "content-type", slice_str(content_type));
}

static void add_date(struct fields *f, const struct h2 *h)
{
    if (h->core.env->date && h->core.env->date[0])
        add(f, "date", slice_str(h->core.env->date));
}

static void reply_http(struct h2_stream *s, const struct exchange_reply *reply)
{
    struct fields f = {.count = 0};
    char status[24], length[24], after[24];
    bool bodiless = reply->status == 204 || reply->status == 304;
    bool with_body = !bodiless && !s->head_only && reply->body.len;
    add_status(&f, reply->status, reply->content_type, status);
    add_date(&f, s->h);
    if (reply->allow)
        add(&f, "allow", slice_str(reply->allow));
    if (reply->challenge)
        add(&f, "www-authenticate", slice_str(reply->challenge));
    if (reply->retry_after_s)
        add_number(&f, "retry-after", reply->retry_after_s, after);
    if (!bodiless)
        add_number(&f, "content-length", reply->body.len, length);
    if (with_body && buf_append(&s->out, reply->body)) {
        h2_reset(s, NGHTTP2_INTERNAL_ERROR);
        return;
    }
    s->out_ends = true;
    submit(s, &f, with_body);
}

static void reply_message(struct h2_stream *s, struct slice message)
{
    struct fields f = {.count = 0};
    uint8_t prefix[GRPC_PREFIX_BYTES];
    char status[24];
    add_status(&f, 200, "application/grpc", status);
    add(&f, "grpc-accept-encoding", slice_str(grpc_accept_encoding()));
    grpc_prefix_write((uint32_t)message.len, prefix);
    if (message.len > UINT32_MAX || buf_append(&s->out, slice_make(prefix, sizeof(prefix))) ||
        buf_append(&s->out, message)) {
        h2_reset(s, NGHTTP2_INTERNAL_ERROR);
        return;
    }
    s->out_ends = s->trailers = true;
    submit(s, &f, true);
}

/* The words of a failure: the reply's own, or those of the google.rpc.Status in its body. */
static struct slice failure_words(const struct exchange_reply *reply, char *text, size_t cap)
{
    text[0] = '\0';
    if (reply->message)
        return slice_str(reply->message);
    enum otlp_encoding encoding;
    if (reply->body.len && reply->content_type &&
        otlp_encoding_parse(slice_str(reply->content_type), &encoding))
        partial_success_status_message(encoding == OTLP_JSON, reply->body, text, cap);
    return slice_str(text);
}

/* Trailers-only: a single header block that is also the end. */
static void reply_failure(struct h2_stream *s, const struct exchange_reply *reply, int code)
{
    struct fields f = {.count = 0};
    char status[24], grpc_status[24], text[RESPOND_MESSAGE_MAX];
    struct buf message, details;
    buf_init(&message, (size_t)3 * RESPOND_MESSAGE_MAX);
    buf_init(&details, (size_t)4 * RESPOND_MESSAGE_MAX);
    struct slice words = failure_words(reply, text, sizeof(text));
    add_status(&f, 200, "application/grpc", status);
    add(&f, "grpc-accept-encoding", slice_str(grpc_accept_encoding()));
    add_number(&f, "grpc-status", (size_t)code, grpc_status);
    if (words.len && grpc_message_encode(words, &message) == CT_OK)
        add(&f, "grpc-message", buf_slice(&message));
    if (reply->retry_after_s && grpc_retry_details(code, words, reply->retry_after_s, &details) == CT_OK)
        add(&f, "grpc-status-details-bin", buf_slice(&details));
    submit(s, &f, false);
    buf_finish(&message);
    buf_finish(&details);
}

void h2_reply(struct h2_stream *s, const struct exchange_reply *reply)
{
    int code = grpc_code(reply->status);
    if (s->x->transport != EXCHANGE_GRPC)
        reply_http(s, reply);
    else if (code == GRPC_OK)
        reply_message(s, reply->body);
    else
        reply_failure(s, reply, code);
}

void h2_refuse(struct h2_stream *s, const struct h2_fault *fault)
{
    int status = fault->status ? fault->status : otlp_refusal_status(fault->why);
    const struct core *core = &s->h->core;
    h2_owe(s->h, fault->why);
    if (core->env->blamed)
        core->env->blamed(core->ctx, fault->why, s->x);
    struct exchange_reply reply = {
        .status = status,
        .message = fault->message,
        .retry_after_s = fault->why == OTLP_REFUSED_OVERLOAD ? CORE_RETRY_AFTER_S : 0,
        .allow = fault->why == OTLP_REFUSED_METHOD ? "POST" : NULL,
        .challenge = fault->why == OTLP_REFUSED_UNAUTHORIZED ? CORE_CHALLENGE : NULL,
    };
    if (s->x->transport == EXCHANGE_GRPC) {
        reply_failure(s, &reply, fault->code ? fault->code : grpc_code(status));
    } else {
        enum otlp_encoding encoding = respond_encoding(exchange_header(s->x, "content-type"));
        struct buf body;
        buf_init(&body, 2 * RESPOND_MESSAGE_MAX + 64);
        if (respond_status(encoding, status, slice_str(fault->message), &body) == CT_OK) {
            reply.content_type = respond_content_type(encoding);
            reply.body = buf_slice(&body);
        }
        reply_http(s, &reply);
        buf_finish(&body);
    }
    exchange_destroy(s->x);
    s->x = NULL;
}

void h2_reply_continue(struct h2_stream *s)
{
    struct fields f = {.count = 0};
    add(&f, ":status", SLICE_LIT("100"));
    nghttp2_submit_headers(s->h->session, NGHTTP2_FLAG_NONE, s->id, NULL, f.nv, f.count, NULL);
}

void h2_stream_head(struct h2_stream *s, const char *content_type)
{
    struct fields f = {.count = 0};
    char status[24];
    add_status(&f, 200, content_type, status);
    add_date(&f, s->h);
    if (s->head_only)
        s->out_ends = true;
    submit(s, &f, !s->head_only);
}

void h2_stream_resume(struct h2_stream *s)
{
    if (s->deferred && nghttp2_session_resume_data(s->h->session, s->id) == 0)
        s->deferred = false;
}

void h2_reset(struct h2_stream *s, uint32_t error_code)
{
    s->answered = s->reset = true;
    s->out_ends = true;
    if (nghttp2_submit_rst_stream(s->h->session, NGHTTP2_FLAG_NONE, s->id, error_code))
        h2_die(s->h);
}
