#include "receiver_internal.h"

#include "respond.h"

#include <stdlib.h>

static void request_unlink(struct receiver_request *q)
{
    struct connection *c = q->c;
    if (!c)
        return;
    if (q->prev)
        q->prev->next = q->next;
    else
        c->requests = q->next;
    if (q->next)
        q->next->prev = q->prev;
    q->c = NULL;
}

/* Leaves the exchange to the caller, who calls receiver_release() when that has ended too. */
static void request_free(struct receiver_request *q)
{
    request_unlink(q);
    free(q);
}

static const enum receiver_transport transports[] = {
    [EXCHANGE_HTTP1] = RECEIVER_HTTP1, [EXCHANGE_HTTP2] = RECEIVER_HTTP2, [EXCHANGE_GRPC] = RECEIVER_GRPC};

static struct receiver_sender sender_of(const struct exchange *x, bool local)
{
    return (struct receiver_sender){
        .transport = transports[x->transport],
        .local = local,
        .path = x->path,
        .user_agent = exchange_header(x, "User-Agent"),
        .content_type = exchange_header(x, "Content-Type"),
        .encoding = exchange_header(x, x->transport == EXCHANGE_GRPC ? "grpc-encoding" : "Content-Encoding"),
    };
}

void receiver_blame(struct receiver *r, enum otlp_refusal why, const struct exchange *x, bool local)
{
    if (!r->config.refused)
        return;
    struct receiver_sender sender = sender_of(x, local);
    r->config.refused(r->config.ctx, why, &sender);
}

void receiver_request_arrived(void *connection, struct exchange *x)
{
    struct connection *c = connection;
    struct receiver *r = c->r;
    struct receiver_request *q = calloc(1, sizeof(*q) + x->header_count * sizeof(q->headers[0]));
    if (!q) {
        receiver_count_refusal(r, OTLP_REFUSED_OVERLOAD);
        receiver_blame(r, OTLP_REFUSED_OVERLOAD, x, c->local);
        exchange_respond(
            x, &(struct exchange_reply){.status = 503, .retry_after_s = CORE_RETRY_AFTER_S, .close = true},
            receiver_now(r));
        return;
    }
    struct http_header kept[EXCHANGE_HEADERS_MAX];
    size_t all = exchange_end_to_end(x, kept), count = 0;
    for (size_t i = 0; i < all; i++)
        if (!connection_consumes(c, &kept[i]))
            q->headers[count++] = (struct receiver_header){kept[i].name, kept[i].value};
    q->view = (struct receiver_view){
        .transport = transports[x->transport],
        .local = c->local,
        .method = x->method,
        .path = x->path,
        .query = x->query,
        .headers = q->headers,
        .header_count = count,
        .host = x->host.ptr ? x->host : SLICE_LIT(""),
        .body = buf_slice(&x->body),
    };
    q->r = r;
    q->x = x;
    x->host_ctx = q;
    r->users++;
    r->stats.requests++;
    q->c = c;
    q->next = c->requests;
    if (q->next)
        q->next->prev = q;
    c->requests = q;
    r->config.handler(r->config.ctx, q);
}

const struct receiver_view *receiver_request_view(const struct receiver_request *r)
{
    return &r->view;
}

struct receiver_sender receiver_request_sender(const struct receiver_request *r)
{
    return sender_of(r->x, r->view.local);
}

struct slice receiver_header_get(const struct receiver_view *view, const char *name)
{
    struct slice wanted = slice_str(name);
    for (size_t i = 0; i < view->header_count; i++)
        if (slice_eq_nocase(view->headers[i].name, wanted))
            return view->headers[i].value;
    return SLICE_NULL;
}

static void respond(struct receiver_request *q, const struct exchange_reply *reply)
{
    struct receiver *r = q->r;
    struct connection *c = q->c;
    struct exchange *x = q->x;
    uint64_t now = receiver_now(r);
    request_free(q);
    exchange_respond(x, reply, now);
    if (c)
        connection_pump(c);
    receiver_release(r);
}

void receiver_reply(struct receiver_request *r, const struct receiver_reply *reply)
{
    respond(r, &(struct exchange_reply){
                   .status = reply->status,
                   .content_type = reply->content_type,
                   .body = reply->body,
                   .retry_after_s = reply->retry_after_s,
                   .allow = reply->allow,
                   .close = reply->close,
               });
}

void receiver_refuse(struct receiver_request *r, enum otlp_refusal why, const char *message)
{
    receiver_count_refusal(r->r, why);
    receiver_blame(r->r, why, r->x, r->view.local);
    int status = otlp_refusal_status(why) ? otlp_refusal_status(why) : 503;
    bool wait = why == OTLP_REFUSED_OVERLOAD || why == OTLP_REFUSED_JOURNAL;
    enum otlp_encoding encoding = respond_encoding(receiver_header_get(&r->view, "Content-Type"));
    struct buf body;
    buf_init(&body, 2 * RESPOND_MESSAGE_MAX + 64);
    bool said = respond_status(encoding, status, slice_str(message ? message : ""), &body) == CT_OK;
    respond(r, &(struct exchange_reply){
                   .status = status,
                   .content_type = said ? respond_content_type(encoding) : NULL,
                   .body = said ? buf_slice(&body) : SLICE_NULL,
                   .message = message,
                   .retry_after_s = wait ? CORE_RETRY_AFTER_S : 0,
                   .allow = why == OTLP_REFUSED_METHOD ? "POST" : NULL,
                   .challenge = why == OTLP_REFUSED_UNAUTHORIZED ? CORE_CHALLENGE : NULL,
               });
    buf_finish(&body);
}

static void stream_drained(void *ctx)
{
    struct receiver_request *q = ctx;
    /* The writer sees for itself how much is pending when its call returns. */
    if (!q->in_write && q->on_drain)
        q->on_drain(q->stream_ctx);
}

static void stream_closed(void *ctx)
{
    struct receiver_request *q = ctx;
    void (*on_close)(void *) = q->on_close;
    void *stream_ctx = q->stream_ctx;
    struct receiver *r = q->r;
    request_free(q);
    if (on_close)
        on_close(stream_ctx);
    receiver_release(r); /* never the last one: the owner still waits for the connection's end */
}

enum ct_err receiver_stream_begin(struct receiver_request *r, const char *content_type,
                                  void (*on_drain)(void *ctx), void (*on_close)(void *ctx), void *ctx)
{
    struct receiver *owner = r->r;
    r->on_drain = on_drain;
    r->on_close = on_close;
    r->stream_ctx = ctx;
    enum ct_err err =
        exchange_stream_begin(r->x, content_type, stream_drained, stream_closed, r, receiver_now(owner));
    if (err) {
        request_free(r);
        receiver_release(owner);
    } else {
        connection_pump(r->c);
    }
    return err;
}

enum ct_err receiver_stream_write(struct receiver_request *r, struct slice bytes)
{
    if (r->c->closing)
        return CT_END;
    enum ct_err err = exchange_stream_write(r->x, bytes, receiver_now(r->r));
    if (!err) {
        r->in_write = true;
        connection_pump(r->c);
        r->in_write = false;
    }
    return err;
}

size_t receiver_stream_pending(const struct receiver_request *r)
{
    return exchange_stream_pending(r->x);
}

void receiver_stream_end(struct receiver_request *r)
{
    struct receiver *owner = r->r;
    struct connection *c = r->c;
    struct exchange *x = r->x;
    uint64_t now = receiver_now(owner);
    request_free(r);
    exchange_stream_end(x, now);
    connection_pump(c);
    receiver_release(owner);
}
