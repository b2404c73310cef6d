#include "h2_private.h"

#include <stdlib.h>

static struct h2 *self(struct core *core)
{
    return (struct h2 *)core;
}

static void hand_out(struct h2 *h)
{
    struct h2_stream *s = h->complete;
    h->complete = NULL;
    s->x->state = EXCHANGE_HANDED;
    h->core.env->request(h->core.ctx, s->x);
}

/* Before the frame that begins here is read. */
static bool frame_allowed(struct h2 *h)
{
    if (!h2_guard_frame(&h->guard, &h->frames.frame, h->now)) {
        h->trip = true;
        h->trip_why = OTLP_REFUSED_FLOOD;
        return false;
    }
    if (h->frames.frame.type == NGHTTP2_HEADERS)
        h->block_ms = h->now;
    return true;
}

static void frame_read(struct h2 *h)
{
    uint8_t type = h->frames.frame.type;
    if ((type == NGHTTP2_HEADERS || type == NGHTTP2_CONTINUATION) &&
        h->frames.frame.flags & NGHTTP2_FLAG_END_HEADERS)
        h->block_ms = 0;
}

static void h2_feed(struct core *core, struct slice bytes, uint64_t now)
{
    struct h2 *h = self(core);
    struct slice piece;
    h->now = now;
    h->busy = true;
    while (h->phase == H2_OPEN && !h->trip && h2_frames_next(&h->frames, &bytes, &piece)) {
        if (h->frames.starts && !frame_allowed(h))
            break;
        ssize_t n = nghttp2_session_mem_recv(h->session, (const uint8_t *)piece.ptr, piece.len);
        if (n < 0) {
            h2_owe(h, n == NGHTTP2_ERR_FLOODED ? OTLP_REFUSED_FLOOD : OTLP_REFUSED_MALFORMED);
            h2_die(h);
            break;
        }
        if (h->frames.ends)
            frame_read(h);
        h2_report(h);
        if (h->complete)
            hand_out(h);
    }
    h->busy = false;
    h2_settle(h);
}

/* Requests that are whole are still answered; others will never be, and nobody reads a stream. */
static void h2_eof(struct core *core, uint64_t now)
{
    struct h2 *h = self(core);
    h->now = now;
    h->eof = true;
    for (struct h2_stream *s = h->streams; s; s = s->next) {
        if (!s->x || s->x->state == EXCHANGE_HANDED)
            continue;
        h2_reset(s, NGHTTP2_CANCEL);
        h2_abandon(s);
    }
    h2_settle(h);
}

static bool h2_wants_input(const struct core *core)
{
    const struct h2 *h = (const struct h2 *)core;
    if (h->eof || h->phase == H2_DEAD)
        return false;
    if (!h->taken)
        return true;
    return h->phase == H2_OPEN && h->taken < H2_OUT_HIGH &&
           nghttp2_session_get_outbound_queue_size(h->session) < H2_QUEUE_HIGH;
}

static enum ct_err h2_output(struct core *core, struct buf *to)
{
    struct h2 *h = self(core);
    if (h->busy || h->phase == H2_DEAD)
        return CT_OK;
    size_t before = to->len;
    enum ct_err err = CT_OK;
    h->busy = true;
    while (!err && to->len - before < H2_OUT_PIECE) {
        const uint8_t *bytes;
        ssize_t n = nghttp2_session_mem_send(h->session, &bytes);
        if (n == 0)
            break;
        err = n < 0 ? CT_ERR_NOMEM : buf_append(to, slice_make(bytes, (size_t)n));
    }
    h->busy = false;
    if (err)
        h2_die(h);
    if (!h->taken)
        h->sent_ms = h->now;
    h->taken += to->len - before;
    return err;
}

static struct h2_stream *next_drained(const struct h2 *h)
{
    struct h2_stream *s = h->streams;
    while (s && !(s->x && s->x->wants_drain && !s->closed && h2_stream_unsent(s) <= EXCHANGE_STREAM_LOW))
        s = s->next;
    return s;
}

static void h2_sent(struct core *core, size_t n, uint64_t now)
{
    struct h2 *h = self(core);
    h->now = now;
    h->sent_ms = now;
    h->taken -= n <= h->taken ? n : h->taken;
    if (h->phase == H2_DRAIN && !h->taken)
        h->quiet_ms = now;
    h2_settle(h);
    struct h2_stream *s;
    while (h->streaming && (s = next_drained(h)) != NULL) {
        s->x->wants_drain = false;
        if (s->x->on_drain)
            s->x->on_drain(s->x->stream_ctx);
    }
}

static bool has_handed(const struct h2 *h)
{
    for (const struct h2_stream *s = h->streams; s; s = s->next)
        if (s->x)
            return true;
    return false;
}

static enum core_state h2_state(const struct core *core)
{
    const struct h2 *h = (const struct h2 *)core;
    if (h->phase == H2_DEAD)
        return CORE_DEAD;
    if (h->taken || nghttp2_session_want_write(h->session))
        return CORE_OPEN;
    if (h->eof && !has_handed(h))
        return CORE_DEAD;
    return h->phase == H2_DRAIN ? CORE_SHUT : CORE_OPEN;
}

void h2_leave(struct h2 *h)
{
    if (h->left || h->phase != H2_OPEN)
        return;
    h->left = true;
    if (nghttp2_submit_goaway(h->session, NGHTTP2_FLAG_NONE,
                              nghttp2_session_get_last_proc_stream_id(h->session), NGHTTP2_NO_ERROR, NULL, 0))
        h2_die(h);
}

/*
 * First a notice, so that requests already on their way are served: the peer's PING acknowledgement, or
 * H2_NOTICE_MS, says that it has read it (RFC 9113, 6.8).
 */
static void say_notice(struct h2 *h)
{
    if (h->leaving || h->phase != H2_OPEN)
        return;
    h->leaving = true;
    h->notice_ms = h->now;
    if (nghttp2_submit_shutdown_notice(h->session))
        h2_die(h);
}

static void end_stream(struct h2_stream *s)
{
    s->out_ends = true;
    h2_stream_resume(s);
}

static void h2_goaway(struct core *core, uint64_t now)
{
    struct h2 *h = self(core);
    h->now = now;
    say_notice(h);
    for (struct h2_stream *s = h->streams; s; s = s->next) {
        if (!s->x || s->x->state != EXCHANGE_STREAMING)
            continue;
        end_stream(s);
        h2_abandon(s);
    }
}

static void h2_destroy(struct core *core)
{
    struct h2 *h = self(core);
    h->phase = H2_DEAD;
    h->busy = true;
    nghttp2_session_del(h->session);
    for (struct h2_stream *s = h->streams; s; s = s->next)
        h2_abandon(s);
    while (h->streams)
        h2_stream_free(h->streams);
    free(h);
}

/* The stream of x if it can still be answered. */
static struct h2_stream *answerable(struct h2 *h, const struct exchange *x, uint64_t now)
{
    struct h2_stream *s = x->core_stream;
    h->now = now;
    return h->phase == H2_OPEN && !s->closed ? s : NULL;
}

static void h2_respond(struct core *core, struct exchange *x, const struct exchange_reply *reply,
                       uint64_t now)
{
    struct h2 *h = self(core);
    struct h2_stream *s = answerable(h, x, now);
    if (s) {
        h2_guard_served(&h->guard);
        h2_reply(s, reply);
        if (reply->close)
            say_notice(h);
    }
    ((struct h2_stream *)x->core_stream)->x = NULL;
}

static void h2_stream_begin(struct core *core, struct exchange *x, const char *content_type, uint64_t now)
{
    struct h2 *h = self(core);
    struct h2_stream *s = answerable(h, x, now);
    if (!s)
        return;
    h2_guard_served(&h->guard);
    h->streaming = true;
    if (x->transport == EXCHANGE_GRPC) /* unary only: writes get CT_END, on_close follows */
        h2_reply(s, &(struct exchange_reply){.status = 501, .message = "the method does not stream"});
    else
        h2_stream_head(s, content_type);
    if (h->leaving)
        end_stream(s);
}

static enum ct_err h2_stream_write(struct core *core, struct exchange *x, struct slice bytes, uint64_t now)
{
    struct h2 *h = self(core);
    struct h2_stream *s = answerable(h, x, now);
    if (!s || x->transport == EXCHANGE_GRPC || (s->out_ends && !s->head_only))
        return CT_END;
    if (s->head_only)
        return CT_OK;
    if (!h2_stream_unsent(s))
        s->moved_ms = now;
    if (s->out_at > s->out.len / 2) {
        buf_consume(&s->out, s->out_at);
        s->out_at = 0;
    }
    enum ct_err err = buf_append(&s->out, bytes);
    if (!err)
        h2_stream_resume(s);
    return err;
}

static size_t h2_stream_pending(const struct core *core, const struct exchange *x)
{
    (void)core;
    return h2_stream_unsent(x->core_stream);
}

static void h2_stream_end(struct core *core, struct exchange *x, uint64_t now)
{
    struct h2_stream *s = answerable(self(core), x, now);
    if (s)
        end_stream(s);
    ((struct h2_stream *)x->core_stream)->x = NULL;
}

static const struct core_ops ops = {
    .feed = h2_feed,
    .eof = h2_eof,
    .wants_input = h2_wants_input,
    .output = h2_output,
    .sent = h2_sent,
    .state = h2_state,
    .deadline = h2_deadline,
    .expire = h2_expire,
    .goaway = h2_goaway,
    .destroy = h2_destroy,
    .respond = h2_respond,
    .stream_begin = h2_stream_begin,
    .stream_write = h2_stream_write,
    .stream_pending = h2_stream_pending,
    .stream_end = h2_stream_end,
};

struct core *h2_create(const struct core_env *env, void *ctx, uint64_t now)
{
    struct h2 *h = calloc(1, sizeof(*h));
    if (!h)
        return NULL;
    h->core = (struct core){.ops = &ops, .env = env, .ctx = ctx};
    h->now = h->start_ms = h->quiet_ms = now;
    h2_frames_init(&h->frames);
    h2_guard_init(&h->guard, now);
    h->session = h2_session_create(h);
    if (!h->session) {
        free(h);
        return NULL;
    }
    return &h->core;
}
