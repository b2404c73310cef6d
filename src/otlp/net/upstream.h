/*
 * upstream.h - one destination of forwarded frames, whatever protocol it speaks.
 *
 * An upstream takes frames in slots, one at a time in each, and tells what came of it in terms that every
 * protocol shares: taken, refused for good, or to be tried again. The tee does the queueing, the waiting and
 * the counting. Which frames an upstream is for is its own matter: HTTP frames go to an HTTP upstream, so
 * that each leaves by the transport it came in by.
 */
#ifndef CT_OTLP_NET_UPSTREAM_H
#define CT_OTLP_NET_UPSTREAM_H

#include "frame.h"
#include "upstream_policy.h"

#include <uv.h>

#define UPSTREAM_TEXT_MAX 224

struct upstream_answer {
    enum upstream_outcome outcome;
    int status;                   /* HTTP status; 0: no answer came */
    int64_t wait_ns;              /* what a RETRY asks to wait; -1: it does not say */
    bool partial;                 /* TAKEN, with records rejected or a warning */
    uint64_t rejected_records;    /* of a partial success */
    char text[UPSTREAM_TEXT_MAX]; /* cleaned: what is wrong ("connection refused", "HTTP 400: …"); "" when all
                                     is well */
};

typedef void (*upstream_answer_fn)(void *ctx, const struct upstream_answer *answer);

struct upstream;

struct upstream_ops {
    /* Whether frames of this kind are for this protocol; others are passed over. */
    bool (*accepts)(const struct frame *f);

    /*
     * Sends f, whose bytes live until the answer, in a free slot. fn is called once, never from within this
     * call, unless the slot is cancelled first. Anything but CT_OK: nothing was sent and fn will not be
     * called; CT_ERR_NOMEM may pass, everything else is for good, and words (UPSTREAM_TEXT_MAX bytes) says
     * why.
     */
    enum ct_err (*send)(struct upstream *u, unsigned slot, const struct frame *f, upstream_answer_fn fn,
                        void *ctx, char *words);
    void (*cancel)(struct upstream *u, unsigned slot); /* fine when nothing runs there */

    /* Cancels all, calls done when the last handle is gone, and frees the upstream. */
    void (*close)(struct upstream *u, void (*done)(void *ctx), void *ctx);
};

struct upstream {
    const struct upstream_ops *ops;
};

struct upstream_http_config {
    const char *base_url; /* http or https; a query stays behind the path that is appended */
    unsigned slots;
    uint32_t connect_timeout_ms;
    uint32_t request_timeout_ms;
    size_t response_bytes_max;
};

/* OTLP/HTTP 1.1 by http_client.h. CT_ERR_USAGE when the URL is none, with the reason in msg. */
enum ct_err upstream_http_create(uv_loop_t *loop, const struct upstream_http_config *config,
                                 struct upstream **out, struct ct_errmsg *msg);

#endif
