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
 * A turn of the loop takes input for RECEIVER_TURN_NS, and for as long as the last piece takes beyond that;
 * what is there besides waits in the sockets for the next turn, whoever was not served yet comes first. So
 * neither a fast sender nor many of them hold up whatever else is on the loop.
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

#define RECEIVER_TURN_NS INT64_C(1000000)

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
    struct slice host; /* the Host header or :authority; may be empty */
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
 * Who may send over TCP, and how. The Unix socket is outside of all this: its file's mode, and the user at
 * the other end (the system's word for it), who has to be this process's own or root, are what guards it.
 */
#define RECEIVER_HOSTS_MAX 64
#define RECEIVER_TOKEN_MIN 16 /* below it a token could be guessed over the network */
#define RECEIVER_TOKEN_MAX 1024

struct receiver_security {
    /* Names besides our own (admission.h), at most RECEIVER_HOSTS_MAX; ends in NULL; NULL: none. */
    const char *const *allowed_hosts;
    /* Every request has to show it as a bearer (RFC 6750: letters, digits, -._~+/=); NULL or "": none. */
    const char *token;
    bool loopback_without_token; /* not those that arrive at a loopback address */
    bool allow_unauthenticated;  /* listen beyond the loopback with neither token nor client_ca */
    const char *tls_cert;        /* files, as in tls.h; NULL or "": no TLS */
    const char *tls_key;
    const char *tls_client_ca;
};

/*
 * To be called before anything listens; without it there is no token, no TLS and no name but our own. All of
 * it is copied. With a certificate every TCP port speaks TLS only: what is sent there in plain text is
 * answered with 400. CT_ERR_USAGE and what tls_context_create() returns, with words that say what to do;
 * *warning, about a certificate, is "" when there is nothing to say.
 *
 * A token that was shown is used up here: no handler sees it.
 */
enum ct_err receiver_secure(struct receiver *r, const struct receiver_security *security,
                            struct ct_errmsg *warning, struct ct_errmsg *msg);

/*
 * Listens on "127.0.0.1:4318", "[::1]:4318", "localhost:0". Port 0 picks a free one; the address in use goes
 * to bound (room for RECEIVER_ADDR_MAX bytes). CT_ERR_BUSY when the port is taken: the message names the
 * holder where the system tells (pid and command), and says how to choose another port. CT_ERR_USAGE for an
 * address beyond the loopback, unless senders have to show who they are or receiver_security allows it.
 */
#define RECEIVER_ADDR_MAX 64
enum ct_err receiver_listen(struct receiver *r, const char *address, char *bound, struct ct_errmsg *msg);

/* An already listening socket (LISTEN_FDS), under the same conditions. */
enum ct_err receiver_listen_fd(struct receiver *r, int fd, char *bound, struct ct_errmsg *msg);

/* A Unix socket, mode 0600 whatever the umask. A socket file that nobody listens on is replaced; one with a
 * listener is CT_ERR_BUSY. */
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
