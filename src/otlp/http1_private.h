/*
 * http1_private.h - the state of the HTTP/1 core, shared by http1.c (the interface of core.h) and
 * http1_input.c (what arrives becomes requests).
 */
#ifndef CT_OTLP_HTTP1_PRIVATE_H
#define CT_OTLP_HTTP1_PRIVATE_H

#include "http1.h"
#include "http1_chunks.h"
#include "http1_reply.h"

/* Room that a buffer keeps when it is empty. */
#define KEEP_CAP ((size_t)32 * 1024)

enum phase {
    PHASE_IDLE,    /* between requests */
    PHASE_HEAD,    /* a request's first byte is here, the end of its head is not */
    PHASE_LENGTH,  /* in a body of known length */
    PHASE_CHUNKED, /* in a chunked body */
    PHASE_HANDED,  /* the host has the request */
    PHASE_STREAM,  /* the host streams the response */
    PHASE_DRAIN,   /* no more requests; what is to be sent is sent, input is dropped */
    PHASE_DEAD,
};

struct http1 {
    struct core core;
    enum phase phase;
    struct exchange *x; /* HEAD .. STREAM */
    struct buf in;      /* input kept back while a request is with the host */
    struct buf out;     /* output that the host has not taken */
    size_t taken;       /* output that the host has taken and not sent */

    bool running; /* input is being worked through: answers given meanwhile do not start it again */
    bool eof;     /* the peer has shut down its side */
    bool goaway;  /* this request is the last */
    bool had_one; /* a request was handed out */
    unsigned blanks;

    size_t line_start; /* HEAD: of the line being read, in x->head */
    bool is_1_0;
    bool keep_alive;
    bool head_only;
    uint64_t left; /* LENGTH */
    struct http1_chunks chunks;

    uint64_t quiet_ms; /* IDLE: since when; DRAIN: when all was sent */
    uint64_t first_ms; /* when the request's first byte came */
    uint64_t moved_ms; /* when the last byte of its body came */
    uint64_t sent_ms;  /* when output began to wait, or last moved */
};

static inline size_t http1_unsent(const struct http1 *h)
{
    return h->out.len + h->taken;
}

static inline void http1_die(struct http1 *h)
{
    h->phase = PHASE_DEAD;
}

/* To be called before output is written. */
static inline void http1_mark_output(struct http1 *h, uint64_t now)
{
    if (!http1_unsent(h))
        h->sent_ms = now;
}

static inline struct http1_reply_mode http1_mode(const struct http1 *h)
{
    return (struct http1_reply_mode){
        .date = h->core.env->date ? h->core.env->date : "",
        .to_1_0 = h->is_1_0,
        .keep_alive = h->keep_alive,
        .head_only = h->head_only,
    };
}

/* No more requests; what is to be sent is sent. */
void http1_enter_drain(struct http1 *h, uint64_t now);

/* Counts, answers for the handler and closes. */
void http1_refuse(struct http1 *h, enum otlp_refusal why, const char *message, uint64_t now);

/* Works through *in as far as it goes: takes off what was used. */
void http1_run(struct http1 *h, struct slice *in, uint64_t now);

/* Goes on with input that was kept back, and with what follows from eof. */
void http1_resume(struct http1 *h, uint64_t now);

#endif
