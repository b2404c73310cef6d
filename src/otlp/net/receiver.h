/*
 * receiver.h - the listening sockets and their connections on a libuv loop.
 *
 * The receiver reads bytes, drives the sans-I/O cores (http1.h, h2.h; the first bytes of a connection
 * choose), enforces deadlines and the connection and byte budgets, and hands every complete request to one
 * handler. The handler answers with receiver_reply(), at once or later, exactly once; until then an HTTP/1
 * connection reads no further request, while an HTTP/2 connection goes on with its other streams. A request
 * whose sender has gone, or whose grpc-timeout has passed, is still answered by the handler; the reply is
 * dropped. The application ignores SIGPIPE.
 *
 * The handler sees requests whose HTTP is sound. Path, method, content type and content are the handler's
 * matter.
 */
#ifndef CT_OTLP_NET_RECEIVER_H
#define CT_OTLP_NET_RECEIVER_H

#include "errors.h"
#include "otlp_limits.h"
#include "slice.h"

#include <uv.h>

struct receiver;
struct receiver_request;

enum receiver_transport { RECEIVER_HTTP1, RECEIVER_HTTP2, RECEIVER_GRPC };

struct receiver_header {
    struct slice name; /* as spelt by the sender (HTTP/2: lower case) */
    struct slice value;
};

/* What the handler sees; all of it lives until the reply. */
struct receiver_view {
    enum receiver_transport transport;
    bool local; /* came over the Unix socket */
    struct slice method;
    struct slice path;  /* before '?' */
    struct slice query; /* after '?', may be empty */
    const struct receiver_header
        *headers; /* end-to-end headers: hop-by-hop ones, Host and Content-Length removed */
    size_t header_count;
    struct slice host; /* the Host header or :authority */
    struct slice
        body; /* de-chunked, otherwise as received; gRPC: one message with its 5-byte prefix (grpc.h) */
};

typedef void (*receiver_handler_fn)(void *ctx, struct receiver_request *request);

const struct receiver_view *receiver_request_view(const struct receiver_request *r);

/* The header of that name, case aside; ptr NULL when absent. */
struct slice receiver_header_get(const struct receiver_view *view, const char *name);

struct receiver_reply {
    int status;               /* HTTP status */
    const char *content_type; /* NULL: none is sent */
    struct slice body;        /* copied */
    uint32_t retry_after_s;   /* 0: no Retry-After */
    const char *allow;        /* the Allow header of a 405, or NULL */
    bool close;               /* close the connection after it */
};

/*
 * Sends the reply and releases the request: request and view are gone afterwards. To gRPC the status becomes
 * a grpc-status by grpc_code(); of a success the body is the message, without prefix; of a failure the words
 * are those of the google.rpc.Status in the body, and retry_after_s becomes RetryInfo.
 */
void receiver_reply(struct receiver_request *r, const struct receiver_reply *reply);

/* Counts and answers a refusal in the request's own encoding (google.rpc.Status, OTLP/HTTP rule 8). */
void receiver_refuse(struct receiver_request *r, enum otlp_refusal why, const char *message);

/*
 * A reply without a known end, chunked, for viewers that follow the journal. After receiver_stream_begin()
 * the request stays alive until receiver_stream_end() or until on_close was called (the peer has gone); after
 * either, no call on it is legal. CT_END from receiver_stream_begin(): the peer has gone already, the request
 * is released and nothing will be called.
 *
 * pending is what is not yet taken by the peer. receiver_stream_write() takes all of bytes or nothing:
 * CT_AGAIN while EXCHANGE_STREAM_HIGH (exchange.h) or more is pending, CT_END when the peer has gone and
 * on_close is about to come, CT_ERR_NOMEM or CT_ERR_LIMIT when there is no memory for them. A write that
 * leaves more than EXCHANGE_STREAM_LOW pending is followed by on_drain when it has fallen to that. A peer
 * that takes nothing for idle_ms is dropped. The callbacks never run inside receiver_stream_write().
 */
enum ct_err receiver_stream_begin(struct receiver_request *r, const char *content_type,
                                  void (*on_drain)(void *ctx), void (*on_close)(void *ctx), void *ctx);
enum ct_err receiver_stream_write(struct receiver_request *r, struct slice bytes);
size_t receiver_stream_pending(const struct receiver_request *r);
void receiver_stream_end(struct receiver_request *r);

/* Who sent a request, as far as its headers say; slices are NULL when absent. */
struct receiver_sender {
    enum receiver_transport transport;
    bool local;
    struct slice path; /* before '?' */
    struct slice user_agent;
    struct slice content_type;
    struct slice encoding; /* Content-Encoding, or grpc-encoding */
};

struct receiver_sender receiver_request_sender(const struct receiver_request *r); /* lives until the reply */

struct receiver_config {
    struct otlp_limits limits;
    receiver_handler_fn handler;
    /*
     * A request whose headers were known was refused, by whoever: stats.refused has it too, with those of
     * nobody. It counts and calls nothing. May be NULL.
     */
    void (*refused)(void *ctx, enum otlp_refusal why, const struct receiver_sender *sender);
    void *ctx;
};

struct receiver_stats {
    uint64_t connections_open;
    uint64_t connections_total;
    uint64_t requests; /* complete ones */
    uint64_t bytes;    /* read from senders */
    uint64_t body_bytes_held;
    uint64_t refused[OTLP_REFUSAL_COUNT];
};

struct receiver *receiver_create(uv_loop_t *loop, const struct receiver_config *config);

/*
 * Listens on "127.0.0.1:4318", "[::1]:4318", "localhost:0". Port 0 picks a free one; the address in use goes
 * to bound (room for RECEIVER_ADDR_MAX bytes). CT_ERR_BUSY when the port is taken: the message names the
 * holder where the system tells (pid and command), and says how to choose another port.
 */
#define RECEIVER_ADDR_MAX 64
enum ct_err receiver_listen(struct receiver *r, const char *address, char *bound, struct ct_errmsg *msg);

/* An already listening socket (LISTEN_FDS). */
enum ct_err receiver_listen_fd(struct receiver *r, int fd, char *bound, struct ct_errmsg *msg);

/* A Unix socket, mode 0600. A socket file that nobody listens on is replaced; one with a listener is
 * CT_ERR_BUSY. */
enum ct_err receiver_listen_unix(struct receiver *r, const char *path, struct ct_errmsg *msg);

/* For requests refused by the handler with a reply of its own making. */
void receiver_count_refusal(struct receiver *r, enum otlp_refusal why);

struct receiver_stats receiver_stats(const struct receiver *r);

/*
 * Stops listening, lets running requests finish for at most grace_ms, closes everything, then calls done
 * (once). receiver_destroy() is legal only after that.
 */
void receiver_stop(struct receiver *r, uint32_t grace_ms, void (*done)(void *ctx), void *ctx);
void receiver_destroy(struct receiver *r);

#endif
