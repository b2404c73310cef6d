/*
 * core.h - the one interface of the HTTP cores (http1.h, h2.h, and h2_sniff.h, which chooses between them): a
 * connection's protocol without I/O.
 *
 * The host owns the socket and the clock. It feeds bytes, takes output, says what was sent and when the
 * deadline has passed; after every call it asks for output, state, deadline and wants_input again. The core
 * calls back with complete requests and refusals only from within feed, eof, sent, expire and the exchange
 * functions. It never keeps a clock: now is any monotonic millisecond count. Results do not depend on how the
 * bytes were cut.
 */
#ifndef CT_OTLP_CORE_H
#define CT_OTLP_CORE_H

#include "exchange.h"

/* The host feeds at most this much at once, so that what a core has to keep back is bounded. */
#define CORE_FEED_MAX ((size_t)64 * 1024)
/* After the last response the host half-closes and the peer has this long to read it before the socket goes:
   closing over unread input would make the kernel discard the response (RFC 9112, 9.6). */
#define CORE_LINGER_MS 1000
/* Retry-After of refusals for overload. */
#define CORE_RETRY_AFTER_S 1

/* WWW-Authenticate of refusals for want of a token (RFC 6750, 3). */
#define CORE_CHALLENGE "Bearer"

/* Shared by all connections of a host. */
struct core_env {
    const struct otlp_limits *limits;
    struct budget *budget;
    const char
        *date; /* the current IMF-fixdate (RFC 9110, 5.6.7), kept up by the host; "": no Date is sent */
    /* NULL, or asked as soon as a request's head is known: false with why and message (a string that lives
     * until the next call) turns it away before its body is read. It must not end the exchange. */
    bool (*admit)(void *ctx, const struct exchange *x, enum otlp_refusal *why, const char **message);
    void (*request)(void *ctx, struct exchange *x);    /* complete; the exchange is the host's now */
    void (*refused)(void *ctx, enum otlp_refusal why); /* answered by the core as far as that is possible */
    /* Besides refused, where the request's headers were known: whose it was. It may come before refused and
       from within the session: it counts and calls nothing. NULL: not wanted. */
    void (*blamed)(void *ctx, enum otlp_refusal why, const struct exchange *x);
};

enum core_state {
    CORE_OPEN,
    CORE_SHUT, /* all was said: half-close, go on feeding (input is dropped) until eof or the deadline */
    CORE_DEAD, /* close at once */
};

struct core_ops {
    void (*feed)(struct core *core, struct slice bytes, uint64_t now);
    void (*eof)(struct core *core, uint64_t now);
    bool (*wants_input)(const struct core *core);
    enum ct_err (*output)(struct core *core, struct buf *to);
    void (*sent)(struct core *core, size_t n, uint64_t now);
    enum core_state (*state)(const struct core *core);
    uint64_t (*deadline)(const struct core *core);
    void (*expire)(struct core *core, uint64_t now);
    void (*goaway)(struct core *core, uint64_t now);
    void (*destroy)(struct core *core);
    /* behind the exchange functions; x is of this core */
    void (*respond)(struct core *core, struct exchange *x, const struct exchange_reply *reply, uint64_t now);
    void (*stream_begin)(struct core *core, struct exchange *x, const char *content_type, uint64_t now);
    enum ct_err (*stream_write)(struct core *core, struct exchange *x, struct slice bytes, uint64_t now);
    size_t (*stream_pending)(const struct core *core, const struct exchange *x);
    void (*stream_end)(struct core *core, struct exchange *x, uint64_t now);
};

/* First member of every core. */
struct core {
    const struct core_ops *ops;
    const struct core_env *env;
    void *ctx; /* given to the callbacks of env */
};

/* Takes all of bytes (at most CORE_FEED_MAX). Legal also when input is not wanted. */
static inline void core_feed(struct core *c, struct slice bytes, uint64_t now)
{
    c->ops->feed(c, bytes, now);
}

/* The peer will send no more. Complete requests before it are still answered. */
static inline void core_eof(struct core *c, uint64_t now)
{
    c->ops->eof(c, now);
}

/* False: stop reading, so that the peer is held back. */
static inline bool core_wants_input(const struct core *c)
{
    return c->ops->wants_input(c);
}

/* Moves what is to be sent to the end of to, in order. On failure the connection is beyond help. */
static inline enum ct_err core_output(struct core *c, struct buf *to)
{
    return c->ops->output(c, to);
}

/* n bytes of the output have left. */
static inline void core_sent(struct core *c, size_t n, uint64_t now)
{
    c->ops->sent(c, n, now);
}

static inline enum core_state core_state(const struct core *c)
{
    return c->ops->state(c);
}

/* When expire is due; 0: never. */
static inline uint64_t core_deadline(const struct core *c)
{
    return c->ops->deadline(c);
}

/* Legal at any time; does nothing before the deadline. */
static inline void core_expire(struct core *c, uint64_t now)
{
    c->ops->expire(c, now);
}

/* Finish what runs, take nothing new. Streams end at once, with on_close. */
static inline void core_goaway(struct core *c, uint64_t now)
{
    c->ops->goaway(c, now);
}

/* Abandons every open exchange. NULL is fine. Not legal from within a callback. */
static inline void core_destroy(struct core *c)
{
    if (c)
        c->ops->destroy(c);
}

#endif
