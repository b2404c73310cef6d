/*
 * http_client.h - outgoing HTTP on a libuv loop: libcurl's multi interface, driven by its socket and timer
 * callbacks.
 *
 * No threads of ours (libcurl may resolve a host name in one of its own) and no timer while nothing runs. A
 * client is one pool of kept-alive connections; a transfer is one place for a request, used again and again.
 * Sockets and callbacks belong to the loop's thread.
 *
 * HTTP/1.1, or HTTP/2 when the client is made for it: with prior knowledge for http, by ALPN for https. A
 * connection carries one request at a time in both, and none of ours sends a PING. A request leaves with the
 * headers it is given and with Host and Content-Length (:authority and content-length in HTTP/2), nothing
 * else: libcurl's own Accept, Content-Type, Expect and User-Agent are suppressed. (Exceptions that the user
 * asks for: name and password in the URL become an Authorization header, unless the request has one.)
 * Redirects are not followed.
 *
 * A connection is used again for connection_age_ms after it was made and for HTTP_CLIENT_IDLE_S after its
 * last request (and in HTTP/2 for some hundred requests); then a new one is made and the name looked up
 * again, so that a change in DNS is noticed.
 *
 * The proxy variables of the environment apply as libcurl reads them (http_proxy, HTTPS_PROXY, ALL_PROXY,
 * NO_PROXY), unless the client is direct. A proxy in front of HTTP/2 is asked for a tunnel (CONNECT).
 *
 * The application ignores SIGPIPE: a TLS library may write to a connection that the peer has closed.
 */
#ifndef CT_OTLP_NET_HTTP_CLIENT_H
#define CT_OTLP_NET_HTTP_CLIENT_H

#include "errors.h"
#include "frame.h"
#include "slice.h"

#include <uv.h>

struct http_client;
struct http_transfer;

#define HTTP_CLIENT_TEXT_MAX 352 /* libcurl's 256 and a few words */
#define HTTP_CLIENT_IDLE_S   60

/* Of one answer: the headers below together. The largest is grpc-status-details-bin. */
#define HTTP_CLIENT_KEPT_MAX ((size_t)32 * 1024)
/* Of one answer: all headers and trailers, with those of interim answers (1xx). More ends the request, before
   libcurl's own and much larger limits do, which not every version has. */
#define HTTP_CLIENT_HEAD_MAX ((size_t)256 * 1024)

struct http_client_config {
    bool http2;
    bool direct;                /* past every proxy */
    uint32_t connection_age_ms; /* counted in whole seconds; 0: for ever */
    const char *ca_file;        /* PEM, instead of the system's; NULL: the system's */
    const char *cert_file;      /* PEM, the client's certificate and what signed it; NULL: none */
    const char *key_file;       /* PEM; NULL: it is in cert_file */
    /* Asked of every address before a connection is made to it; true: none is made. NULL: all are good. */
    bool (*is_own)(void *ctx, const struct sockaddr *address);
    void *ctx;
};

/* Everything here is borrowed until the request's end, except the URL and the headers, which are copied. */
struct http_request {
    const char *url;
    const struct frame_header *headers; /* in order; names as they shall be spelt (lower case in HTTP/2) */
    size_t header_count;
    bool get;                    /* GET, without a body; otherwise POST with */
    struct slice head;           /* the head */
    struct slice body;           /* and the body, one behind the other */
    uint32_t connect_timeout_ms; /* 0: libcurl's 300 s */
    uint32_t timeout_ms;         /* the whole request; 0: none */
    size_t response_bytes_max;   /* reading stops there, decompressed */
};

/* What is kept of an answer's headers and trailers: the last of each name. */
enum http_answer_header {
    HTTP_CONTENT_TYPE,
    HTTP_RETRY_AFTER,
    HTTP_GRPC_STATUS,
    HTTP_GRPC_MESSAGE,
    HTTP_GRPC_STATUS_DETAILS,
    HTTP_GRPC_ENCODING,
    HTTP_DATE,
    HTTP_ANSWER_HEADER_COUNT
};

/* Lives until the callback returns. */
struct http_result {
    int status;      /* of the final answer, also when its body was cut short; 0: none came */
    bool truncated;  /* the body is not whole, */
    bool over_limit; /* because it is larger than response_bytes_max; otherwise the connection broke */
    bool broke;      /* the connection was there, and the peer ended it or the request before the answer was
                        whole: not a refused connection, a failed handshake or a timeout */
    bool http2;      /* the answer came by it */
    struct slice headers[HTTP_ANSWER_HEADER_COUNT]; /* ptr NULL when absent */
    struct slice body;
    const char *failure; /* status 0, or broken: what happened, in a few words such as "connection refused",
                            not cleaned */
};

typedef void (*http_result_fn)(void *ctx, const struct http_result *result);

/* The configuration is copied. CT_ERR_USAGE when a file of it cannot be read. */
enum ct_err http_client_create(uv_loop_t *loop, const struct http_client_config *config,
                               struct http_client **out, struct ct_errmsg *msg);

struct http_transfer *http_transfer_create(struct http_client *client);

/*
 * Sends; the transfer must be free. fn is called once, never from within this call, unless the transfer is
 * cancelled first; it may start the next request on the same transfer. CT_ERR_FORMAT when a header cannot be
 * sent (a line break or NUL in it, or an empty name), CT_ERR_NOMEM: nothing was sent then.
 */
enum ct_err http_transfer_start(struct http_transfer *t, const struct http_request *request,
                                http_result_fn fn, void *ctx);

/* Ends a running request without a call of fn. */
void http_transfer_cancel(struct http_transfer *t);
void http_transfer_destroy(struct http_transfer *t); /* NULL is fine */

/*
 * Closes the connections, calls done when the last handle is gone, and frees the client. All transfers must
 * have been destroyed. Not legal inside a http_result_fn.
 */
void http_client_close(struct http_client *client, void (*done)(void *ctx), void *ctx);

#endif
