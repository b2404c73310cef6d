/*
 * http_client.h - outgoing HTTP/1.1 on a libuv loop: libcurl's multi interface, driven by its socket and
 * timer callbacks.
 *
 * No threads of ours (libcurl may resolve a host name in one of its own) and no timer while nothing runs. A
 * client is one pool of kept-alive connections; a transfer is one place for a request, used again and again.
 * Sockets and callbacks belong to the loop's thread.
 *
 * A request leaves with the headers it is given and with Host and Content-Length, nothing else: libcurl's own
 * Accept, Content-Type, Expect and User-Agent are suppressed. (Exceptions that the user asks for: name and
 * password in the URL become an Authorization header, unless the request has one.) Redirects are not
 * followed.
 *
 * libcurl's defaults stay in force: CA store, and the proxy variables of the environment. http_proxy,
 * HTTPS_PROXY and ALL_PROXY apply to loopback upstreams too, unless NO_PROXY names them
 * ("localhost,127.0.0.1").
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

#define HTTP_CLIENT_TEXT_MAX 288 /* libcurl's 256 and a few words */

/* Everything here is borrowed until the request's end, except the URL and the headers, which are copied. */
struct http_request {
    const char *url;
    const struct frame_header *headers; /* in order; names as they shall be spelt */
    size_t header_count;
    struct slice body;           /* sent by POST */
    uint32_t connect_timeout_ms; /* 0: libcurl's 300 s */
    uint32_t timeout_ms;         /* the whole request; 0: none */
    size_t response_bytes_max;   /* reading stops there, decompressed */
};

/* Lives until the callback returns. */
struct http_result {
    int status;                /* of the final answer, also when its body was cut short; 0: none came */
    bool truncated;            /* the body is not whole: over the limit, or the connection broke */
    struct slice content_type; /* ptr NULL when absent */
    struct slice retry_after;  /* likewise */
    struct slice body;
    const char
        *failure; /* status 0: what happened, in a few words such as "connection refused", not cleaned */
};

typedef void (*http_result_fn)(void *ctx, const struct http_result *result);

enum ct_err http_client_create(uv_loop_t *loop, struct http_client **out, struct ct_errmsg *msg);

struct http_transfer *http_transfer_create(struct http_client *client);

/*
 * Sends; the transfer must be free. fn is called once, never from within this call, unless the transfer is
 * cancelled first; it may start the next request on the same transfer. CT_ERR_FORMAT when a header cannot be
 * sent (a line break or NUL in it, or an empty name), CT_ERR_NOMEM: nothing was sent then.
 */
enum ct_err http_transfer_start(struct http_transfer *t, const struct http_request *request,
                                http_result_fn fn, void *ctx);
bool http_transfer_running(const struct http_transfer *t);

/* Ends a running request without a call of fn. */
void http_transfer_cancel(struct http_transfer *t);
void http_transfer_destroy(struct http_transfer *t); /* NULL is fine */

/*
 * Closes the connections, calls done when the last handle is gone, and frees the client. All transfers must
 * have been destroyed. Not legal inside a http_result_fn.
 */
void http_client_close(struct http_client *client, void (*done)(void *ctx), void *ctx);

#endif
