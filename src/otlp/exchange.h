/*
 * exchange.h - one request and its answer, whatever the HTTP version.
 *
 * A core (core.h) makes an exchange, fills it and hands it out complete; from then on it belongs to the host,
 * which ends it with exactly one of exchange_respond() and exchange_stream_begin() .. exchange_stream_end().
 * When the peer goes first, the exchange stays with the host as an orphan (core is NULL): its answer is
 * dropped. Every slice points into the exchange's own memory and lives until it ends.
 */
#ifndef CT_OTLP_EXCHANGE_H
#define CT_OTLP_EXCHANGE_H

#include "budget.h"
#include "buf.h"
#include "otlp_limits.h"
#include "slice.h"

struct core;

/* Storing and scanning cost; otlp_limits.header_count is cut to it. */
#define EXCHANGE_HEADERS_MAX 128
/* Names in Connection headers that are looked at: each is compared with every header, and 64 KiB hold 30,000.
 */
#define EXCHANGE_HOP_NAMES_MAX 32
/* A stream takes no further write while this much waits for its peer, and asks for more below the low mark.
 */
#define EXCHANGE_STREAM_HIGH ((size_t)1024 * 1024)
#define EXCHANGE_STREAM_LOW  ((size_t)256 * 1024)

struct http_header {
    struct slice name;
    struct slice value; /* without surrounding blanks */
};

enum exchange_transport { EXCHANGE_HTTP1, EXCHANGE_HTTP2, EXCHANGE_GRPC };
enum exchange_state { EXCHANGE_RECEIVING, EXCHANGE_HANDED, EXCHANGE_STREAMING };

struct exchange {
    enum exchange_transport transport;
    enum exchange_state state;
    struct slice method;
    struct slice path;           /* before '?' */
    struct slice query;          /* after it, or empty */
    struct slice host;           /* Host or :authority; ptr NULL: there is none (in HTTP/1: of HTTP/1.0) */
    struct slice authority;      /* of an absolute-form target, which stands above Host; ptr NULL: none */
    struct http_header *headers; /* all of them in the sender's order, pseudo-headers left out */
    size_t header_count;
    struct buf body; /* grown by exchange_body_append() only; for gRPC the message with its 5-byte prefix */
    void *host_ctx;  /* the host's own */

    struct core *core;  /* NULL: the peer has gone */
    uint32_t stream_id; /* HTTP/2 */
    void *core_stream;  /* the core's own */
    struct buf head;    /* what the slices above point into */
    struct budget *budget;
    size_t charged;      /* bytes taken from the budget for body */
    size_t head_charged; /* by exchange_charge_head() */
    size_t body_max;     /* otlp_limits.body_bytes */
    size_t expected;     /* announced length of the body; 0: unknown */

    void (*on_drain)(void *ctx); /* STREAMING */
    void (*on_close)(void *ctx);
    void *stream_ctx;
    bool wants_drain;
};

struct exchange_reply {
    int status;               /* HTTP status; gRPC: turned into grpc-status, 200 is 0 */
    const char *content_type; /* NULL: none is sent; ignored for gRPC */
    struct slice body;        /* copied; gRPC: the message, its prefix is the core's matter */
    const char *message;      /* gRPC: grpc-message of a failure; may be NULL */
    uint32_t retry_after_s;   /* 0: no Retry-After */
    const char *allow;        /* the Allow header of a 405, or NULL */
    const char *challenge;    /* the WWW-Authenticate header of a 401, or NULL */
    bool close;               /* end the connection after it */
};

/* For cores. NULL when there is no memory. */
struct exchange *exchange_create(struct core *core, const struct otlp_limits *limits, struct budget *budget,
                                 enum exchange_transport transport);
void exchange_destroy(struct exchange *x); /* NULL is fine; gives the budget back */

/* Copies the array, not the bytes. */
enum ct_err exchange_set_headers(struct exchange *x, const struct http_header *headers, size_t count);

/* Splits an origin-form or absolute-form target (RFC 9112, 3.2) into authority, path and query. */
void exchange_set_target(struct exchange *x, struct slice target);

/*
 * Adds to the body. CT_ERR_LIMIT past body_max (OTLP_REFUSED_BODY_SIZE), CT_ERR_NOMEM when the budget or the
 * system has no more (OTLP_REFUSED_OVERLOAD). The budget is charged with what is allocated, not what is
 * announced: announcing costs a sender nothing.
 */
enum ct_err exchange_body_append(struct exchange *x, struct slice bytes);

/*
 * For cores that hold many heads at once: takes from the budget what head and headers hold, both complete.
 * False when the budget has no more.
 */
bool exchange_charge_head(struct exchange *x);

/*
 * What every core asks as soon as the headers are known. False with *why and *message set for a request that
 * a web page caused (an Origin or Sec-Fetch-Site header): a page that somebody reads must not be able to post
 * to their loopback. And for what the host does not admit (core.h).
 */
bool exchange_head_allowed(const struct exchange *x, enum otlp_refusal *why, const char **message);

/* The peer has gone: HANDED becomes an orphan; STREAMING ends with on_close; RECEIVING is destroyed. */
void exchange_abandon(struct exchange *x);

/* The value of the first header of that name, case aside; ptr NULL when absent. */
struct slice exchange_header(const struct exchange *x, const char *name);

/*
 * The end-to-end headers (RFC 9110, 7.6.1): without Connection, the first EXCHANGE_HOP_NAMES_MAX that it
 * names, Keep-Alive, Transfer-Encoding, TE, Trailer, Upgrade, Proxy-*, and without Host, Content-Length and
 * Expect, which belong to this hop's framing. Writes at most header_count entries and returns their number.
 */
size_t exchange_end_to_end(const struct exchange *x, struct http_header *out);

/* For the host; now in ms. Both end the exchange. */
void exchange_respond(struct exchange *x, const struct exchange_reply *reply, uint64_t now);
void exchange_stream_end(struct exchange *x, uint64_t now);

/*
 * Starts a 200 of unknown length. CT_END: the peer has gone, the exchange is ended and nothing will be
 * called. Otherwise it lives until exchange_stream_end() or on_close, whichever is first.
 */
enum ct_err exchange_stream_begin(struct exchange *x, const char *content_type, void (*on_drain)(void *ctx),
                                  void (*on_close)(void *ctx), void *ctx, uint64_t now);

/* CT_AGAIN: EXCHANGE_STREAM_HIGH waits already, on_drain will come. CT_END: the peer has gone, on_close will
 * come. */
enum ct_err exchange_stream_write(struct exchange *x, struct slice bytes, uint64_t now);
size_t exchange_stream_pending(const struct exchange *x);

#endif
