/* The deadlines of a connection and of its streams. */
#include "h2_private.h"

/* 0 is never. */
static uint64_t earlier(uint64_t a, uint64_t b)
{
    if (!a || !b)
        return a ? a : b;
    return a < b ? a : b;
}

static uint64_t stream_deadline(const struct h2_stream *s, const struct otlp_limits *limits)
{
    if (s->x && s->x->state == EXCHANGE_RECEIVING)
        return earlier(earlier(s->moved_ms + limits->idle_ms, s->first_ms + limits->total_ms),
                       s->deadline_ms);
    if (s->x && s->x->state == EXCHANGE_HANDED)
        return s->deadline_ms;
    return h2_is_blocked(s) ? s->moved_ms + limits->idle_ms : 0;
}

static uint64_t connection_deadline(const struct h2 *h)
{
    const struct otlp_limits *limits = h->core.env->limits;
    if (h2_is_stalled(h))
        return h->sent_ms + limits->idle_ms;
    if (h->phase == H2_DRAIN)
        return h->quiet_ms + CORE_LINGER_MS;
    if (!h->greeted)
        return h->start_ms + limits->header_ms;
    uint64_t due = h->block_ms ? h->block_ms + limits->header_ms : 0;
    if (h->leaving && !h->left)
        due = earlier(due, h->notice_ms + H2_NOTICE_MS);
    if (!h->streams)
        due = earlier(due, h->quiet_ms + limits->keepalive_ms);
    return due;
}

uint64_t h2_deadline(const struct core *core)
{
    const struct h2 *h = (const struct h2 *)core;
    if (h->phase == H2_DEAD)
        return 0;
    uint64_t due = connection_deadline(h);
    if (h->phase == H2_OPEN)
        for (const struct h2_stream *s = h->streams; s; s = s->next)
            due = earlier(due, stream_deadline(s, h->core.env->limits));
    return due;
}

static void expire_stream(struct h2_stream *s)
{
    struct h2 *h = s->h;
    bool by_sender = s->deadline_ms && h->now >= s->deadline_ms;
    struct h2_fault fault = {.why = OTLP_REFUSED_TIMEOUT,
                             .message = by_sender ? "grpc-timeout has passed" : "the body took too long"};
    if (s->x && s->x->state == EXCHANGE_RECEIVING) {
        h2_refuse(s, &fault);
        return;
    }
    h2_owe(h, OTLP_REFUSED_TIMEOUT);
    if (s->x && s->x->state == EXCHANGE_HANDED)
        h2_reply(s, &(struct exchange_reply){.status = otlp_refusal_status(OTLP_REFUSED_TIMEOUT),
                                             .message = fault.message});
    else
        h2_reset(s, NGHTTP2_CANCEL);
    h2_abandon(s);
}

static void expire_connection(struct h2 *h)
{
    bool waits = h->phase == H2_OPEN && h->leaving && !h->left && !h2_is_stalled(h);
    if (waits && h->now >= h->notice_ms + H2_NOTICE_MS) {
        h2_leave(h);
    } else if (h2_is_stalled(h) || h->phase == H2_DRAIN) {
        if (h2_is_stalled(h))
            h2_owe(h, OTLP_REFUSED_TIMEOUT);
        h2_die(h);
    } else {
        if (!h->greeted || h->block_ms)
            h2_owe(h, OTLP_REFUSED_TIMEOUT);
        h2_end(h, NGHTTP2_NO_ERROR); /* also after keepalive_ms without a request */
    }
}

void h2_expire(struct core *core, uint64_t now)
{
    struct h2 *h = (struct h2 *)core;
    uint64_t due = h2_deadline(core);
    if (!due || now < due)
        return;
    h->now = now;
    uint64_t connection_due = connection_deadline(h);
    /* Streams are not freed before h2_settle(). */
    if (h->phase == H2_OPEN)
        for (struct h2_stream *s = h->streams; s; s = s->next) {
            uint64_t stream_due = stream_deadline(s, h->core.env->limits);
            if (stream_due && now >= stream_due)
                expire_stream(s);
        }
    if (connection_due && now >= connection_due)
        expire_connection(h);
    h2_settle(h);
}
