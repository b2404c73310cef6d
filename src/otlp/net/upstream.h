/*
 * upstream.h - one destination of forwarded frames, by OTLP/HTTP 1.1 or by OTLP/gRPC.
 *
 * An upstream takes frames in slots, one at a time in each, and tells what came of it in terms that both
 * protocols share: taken, refused for good, or to be tried again. The tee does the queueing, the waiting and
 * the counting. What a frame becomes on its way out is upstream_request.h's matter, what an answer means
 * upstream_policy.h's.
 *
 * OTLP/gRPC: the method is called over HTTP/2 by POST. The outcome is that of grpc-status, in trailers or in
 * an answer of headers only; without one, of the HTTP status. An answer that breaks off before its
 * grpc-status came is a connection failure, because whether the request was taken is not known.
 *
 * OTLP/HTTP: the HTTP status decides as soon as it is there.
 */
#ifndef CT_OTLP_NET_UPSTREAM_H
#define CT_OTLP_NET_UPSTREAM_H

#include "frame.h"
#include "upstream_policy.h"
#include "upstream_request.h"

#include <uv.h>

#define UPSTREAM_TEXT_MAX 224

struct upstream_answer {
    enum upstream_outcome outcome;
    int status;                   /* HTTP status; 0: no answer came */
    int grpc_status;              /* google.rpc.Code; -1: not by gRPC, or no answer came */
    bool broke;                   /* RETRY: the connection was there, and ended without an outcome */
    int64_t wait_ns;              /* what a RETRY asks to wait; -1: it does not say */
    bool partial;                 /* TAKEN, with records rejected or a warning */
    uint64_t rejected_records;    /* of a partial success */
    char text[UPSTREAM_TEXT_MAX]; /* cleaned: what is wrong ("connection refused", "HTTP 400: …", "gRPC
                                     INVALID_ARGUMENT: …"); "" when all is well */
};

typedef void (*upstream_answer_fn)(void *ctx, const struct upstream_answer *answer);

struct upstream;

/* Everything but the URL and the files may be left out (NULL, 0). All of it is copied. */
struct upstream_config {
    enum upstream_protocol protocol;
    const char *base_url; /* http or https; a query stays behind the path that is appended */
    unsigned slots;
    uint32_t connect_timeout_ms;
    uint32_t request_timeout_ms;
    uint32_t connection_age_ms;
    size_t response_bytes_max;        /* of an answer; in gRPC also decompressed */
    const char *const *headers;       /* "Name: value", ended by NULL: upstream_added_init() */
    const char *const *own_addresses; /* where this program listens, "HOST:PORT", ended by NULL */
    const char *ca_file;              /* as in http_client.h */
    const char *cert_file;
    const char *key_file;
};

/*
 * CT_ERR_USAGE, with the reason in msg, when the URL is none or one of our own addresses, or when a header or
 * file is of no use.
 */
enum ct_err upstream_create(uv_loop_t *loop, const struct upstream_config *config, struct upstream **out,
                            struct ct_errmsg *msg);

/*
 * Sends f, which fits and whose bytes live until the answer, in a free slot. fn is called once, never from
 * within this call, unless the slot is cancelled first. Anything but CT_OK: nothing was sent and fn will not
 * be called; CT_ERR_NOMEM may pass, everything else is for good, and words (UPSTREAM_TEXT_MAX bytes) says
 * why.
 */
enum ct_err upstream_send(struct upstream *u, unsigned slot, const struct frame *f, upstream_answer_fn fn,
                          void *ctx, char *words);

/*
 * Sends what f would be without its content: an empty request of the same signal, transport, encoding and
 * sender, which whoever takes f's kind answers. As upstream_send().
 */
enum ct_err upstream_probe(struct upstream *u, unsigned slot, const struct frame *f, upstream_answer_fn fn,
                           void *ctx, char *words);
void upstream_cancel(struct upstream *u, unsigned slot); /* fine when nothing runs there */

/* Cancels all, calls done when the last handle is gone, and frees the upstream. */
void upstream_close(struct upstream *u, void (*done)(void *ctx), void *ctx);

#endif
