#include "http1_private.h"

#include <stdlib.h>

/* Output that waits: one stream write past EXCHANGE_STREAM_HIGH, which may be a whole journal frame. */
#define OUTPUT_MAX ((size_t)256 * 1024 * 1024)
static struct http1 *self(struct core *core)
{
    return (struct http1 *)core;
}

static void http1_feed(struct core *core, struct slice bytes, uint64_t now)
{
    struct http1 *h = self(core);
    if (!h->in.len)
        http1_run(h, &bytes, now);
    if (!bytes.len || h->phase == PHASE_DRAIN || h->phase == PHASE_DEAD)
        return;
    if (buf_append(&h->in, bytes))
        http1_die(h);
    else if (h->in.len > bytes.len)
        http1_resume(h, now);
}

static void http1_eof(struct core *core, uint64_t now)
{
    struct http1 *h = self(core);
    h->eof = true;
    if (h->phase == PHASE_STREAM) {
        struct exchange *x = h->x;
        h->x = NULL;
        http1_die(h);
        exchange_abandon(x);
        return;
    }
    http1_resume(h, now);
}

static bool http1_wants_input(const struct core *core)
{
    const struct http1 *h = (const struct http1 *)core;
    if (h->eof || h->phase == PHASE_DEAD)
        return false;
    if (h->phase == PHASE_HANDED || h->phase == PHASE_STREAM)
        return h->in.len < HTTP1_AHEAD_MAX;
    return h->phase != PHASE_IDLE || http1_unsent(h) < HTTP1_OUT_HIGH;
}

static enum ct_err http1_output(struct core *core, struct buf *to)
{
    struct http1 *h = self(core);
    size_t n = h->out.len;
    if (!n)
        return CT_OK;
    if (!to->len) {
        struct buf swap = *to;
        *to = h->out;
        h->out = swap;
        h->out.max = OUTPUT_MAX;
        if (h->out.cap > KEEP_CAP)
            buf_finish(&h->out);
    } else {
        enum ct_err err = buf_append(to, buf_slice(&h->out));
        if (err) {
            http1_die(h);
            return err;
        }
        buf_clear(&h->out);
    }
    h->taken += n;
    return CT_OK;
}

static void http1_sent(struct core *core, size_t n, uint64_t now)
{
    struct http1 *h = self(core);
    h->taken -= n <= h->taken ? n : h->taken;
    h->sent_ms = now;
    if (h->phase == PHASE_DRAIN && !http1_unsent(h))
        h->quiet_ms = now;
    struct exchange *x = h->phase == PHASE_STREAM ? h->x : NULL;
    if (x && x->wants_drain && http1_unsent(h) <= EXCHANGE_STREAM_LOW) {
        x->wants_drain = false;
        if (x->on_drain)
            x->on_drain(x->stream_ctx);
    }
    if (h->in.len)
        http1_resume(h, now);
}

static enum core_state http1_state(const struct core *core)
{
    const struct http1 *h = (const struct http1 *)core;
    if (h->phase == PHASE_DEAD)
        return CORE_DEAD;
    if (h->phase != PHASE_DRAIN || http1_unsent(h))
        return CORE_OPEN;
    return h->eof ? CORE_DEAD : CORE_SHUT;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t http1_deadline(const struct core *core)
{
    const struct http1 *h = (const struct http1 *)core;
    const struct otlp_limits *limits = h->core.env->limits;
    uint64_t stalled = http1_unsent(h) ? h->sent_ms + limits->idle_ms : 0;
    switch (h->phase) {
    case PHASE_IDLE:
        return stalled ? stalled : h->quiet_ms + (h->had_one ? limits->keepalive_ms : limits->header_ms);
    case PHASE_HEAD:
        return h->first_ms + limits->header_ms;
    case PHASE_LENGTH:
    case PHASE_CHUNKED:
        return earlier(h->moved_ms + limits->idle_ms, h->first_ms + limits->total_ms);
    case PHASE_HANDED:
    case PHASE_STREAM:
        return stalled;
    case PHASE_DRAIN:
        return stalled ? stalled : h->quiet_ms + CORE_LINGER_MS;
    default:
        return 0;
    }
}

static void http1_expire(struct core *core, uint64_t now)
{
    struct http1 *h = self(core);
    uint64_t due = http1_deadline(core);
    if (!due || now < due)
        return;
    if (h->phase == PHASE_HEAD) {
        http1_refuse(h, OTLP_REFUSED_TIMEOUT, "the headers took too long", now);
    } else if (h->phase == PHASE_LENGTH || h->phase == PHASE_CHUNKED) {
        http1_refuse(h, OTLP_REFUSED_TIMEOUT, "the body took too long", now);
    } else {
        if (http1_unsent(h))
            h->core.env->refused(h->core.ctx, OTLP_REFUSED_TIMEOUT);
        http1_die(h);
    }
}

/* After a response: the next request, or the end. */
static void finish_response(struct http1 *h, bool keep, uint64_t now)
{
    h->x = NULL;
    if (h->phase == PHASE_DEAD)
        return;
    if (!keep || h->goaway) {
        http1_enter_drain(h, now);
        return;
    }
    h->phase = PHASE_IDLE;
    h->quiet_ms = now;
    http1_resume(h, now);
}

static void http1_respond(struct core *core, struct exchange *x, const struct exchange_reply *reply,
                          uint64_t now)
{
    struct http1 *h = self(core);
    if (h->x != x)
        return;
    h->keep_alive = h->keep_alive && !reply->close && !h->goaway;
    http1_mark_output(h, now);
    if (h->phase == PHASE_HANDED && http1_write_reply(&h->out, reply, http1_mode(h)))
        http1_die(h);
    finish_response(h, h->keep_alive, now);
}

static void http1_stream_begin(struct core *core, struct exchange *x, const char *content_type, uint64_t now)
{
    struct http1 *h = self(core);
    if (h->phase != PHASE_HANDED || h->x != x)
        return;
    h->phase = PHASE_STREAM;
    h->keep_alive = h->keep_alive && !h->is_1_0;
    http1_mark_output(h, now);
    if (http1_write_stream_head(&h->out, content_type, http1_mode(h)))
        http1_die(h);
}

static enum ct_err http1_stream_write(struct core *core, struct exchange *x, struct slice bytes, uint64_t now)
{
    struct http1 *h = self(core);
    if (h->phase != PHASE_STREAM || h->x != x)
        return CT_END;
    if (h->head_only)
        return CT_OK;
    http1_mark_output(h, now);
    return h->is_1_0 ? buf_append(&h->out, bytes) : http1_write_chunk(&h->out, bytes);
}

static size_t http1_stream_pending(const struct core *core, const struct exchange *x)
{
    (void)x;
    return http1_unsent((const struct http1 *)core);
}

static void http1_stream_end(struct core *core, struct exchange *x, uint64_t now)
{
    struct http1 *h = self(core);
    if (h->x != x)
        return;
    if (h->phase == PHASE_STREAM && !h->is_1_0 && !h->head_only) {
        http1_mark_output(h, now);
        if (http1_write_last_chunk(&h->out))
            http1_die(h);
    }
    finish_response(h, h->keep_alive, now);
}

static void http1_goaway(struct core *core, uint64_t now)
{
    struct http1 *h = self(core);
    h->goaway = true;
    if (h->phase == PHASE_STREAM) {
        struct exchange *x = h->x;
        http1_stream_end(core, x, now);
        exchange_abandon(x);
    } else if (h->phase == PHASE_IDLE && !h->running) {
        /* Nothing is owed to an idle peer; what is still to be sent to it is sent. */
        if (http1_unsent(h))
            http1_enter_drain(h, now);
        else
            http1_die(h);
    }
}

static void http1_destroy(struct core *core)
{
    struct http1 *h = self(core);
    struct exchange *x = h->x;
    h->x = NULL;
    h->phase = PHASE_DEAD;
    if (x)
        exchange_abandon(x);
    buf_finish(&h->in);
    buf_finish(&h->out);
    free(h);
}

static const struct core_ops ops = {
    .feed = http1_feed,
    .eof = http1_eof,
    .wants_input = http1_wants_input,
    .output = http1_output,
    .sent = http1_sent,
    .state = http1_state,
    .deadline = http1_deadline,
    .expire = http1_expire,
    .goaway = http1_goaway,
    .destroy = http1_destroy,
    .respond = http1_respond,
    .stream_begin = http1_stream_begin,
    .stream_write = http1_stream_write,
    .stream_pending = http1_stream_pending,
    .stream_end = http1_stream_end,
};

struct core *http1_create(const struct core_env *env, void *ctx, uint64_t now)
{
    struct http1 *h = calloc(1, sizeof(*h));
    if (!h)
        return NULL;
    h->core = (struct core){.ops = &ops, .env = env, .ctx = ctx};
    buf_init(&h->in, HTTP1_AHEAD_MAX + 2 * CORE_FEED_MAX);
    buf_init(&h->out, OUTPUT_MAX);
    h->quiet_ms = now;
    return &h->core;
}
