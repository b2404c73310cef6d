/*
 * h2_private.h - the state of the HTTP/2 core, shared by h2.c (the interface of core.h), h2_session.c (what
 * the session reports), h2_request.c (headers and bodies become exchanges) and h2_reply.c (answers).
 *
 * Lifetimes: a stream lives from its first header until the session has closed it and its exchange has ended.
 * Callbacks of the session never call the host: they leave marks, which h2_settle() works off after the
 * session has returned.
 */
#ifndef CT_OTLP_H2_PRIVATE_H
#define CT_OTLP_H2_PRIVATE_H

#include "grpc.h"
#include "h2.h"
#include "h2_frames.h"
#include "h2_guard.h"

#include <nghttp2/nghttp2.h>

/* Response bytes of one stream: a stream write past EXCHANGE_STREAM_HIGH may be a whole journal frame. */
#define H2_STREAM_OUT_MAX ((size_t)256 * 1024 * 1024)
/* :method, :scheme, :authority, :path; nghttp2 refuses others and repetitions. */
#define H2_PSEUDO_MAX 4

enum h2_phase {
    H2_OPEN,
    H2_DRAIN, /* what is to be sent is sent, input is dropped */
    H2_DEAD,
};

struct h2_stream {
    struct h2 *h;
    struct h2_stream *prev, *next;
    int32_t id;
    struct exchange *x; /* until it has ended */
    bool answered;      /* a response is submitted, or the stream was reset by us */
    bool closed;        /* by the session */
    bool reset;         /* RST_STREAM is submitted: no deadline would make it leave sooner */
    bool head_only;     /* HEAD */

    /* request */
    struct grpc_reader message;
    uint64_t first_ms;    /* when it began */
    uint64_t moved_ms;    /* when the last byte of its body came, or of its response went */
    uint64_t deadline_ms; /* by grpc-timeout; 0: none */

    /* response */
    struct buf out;
    size_t out_at; /* before it: taken by the session */
    bool out_ends; /* nothing will be added */
    bool deferred; /* the session waits for more */
    bool trailers; /* gRPC: grpc-status follows the message */
};

/* The header block being read; there is at most one on a connection. */
struct h2_block {
    struct h2_stream *stream; /* NULL: trailers, or a stream that is not read */
    size_t bytes;             /* as SETTINGS_MAX_HEADER_LIST_SIZE counts */
    size_t count;
    bool over; /* past a limit: the rest is not kept */
    struct {
        uint32_t name, value; /* lengths; the bytes follow each other in the exchange's head */
    } fields[EXCHANGE_HEADERS_MAX + H2_PSEUDO_MAX];
};

struct h2 {
    struct core core;
    enum h2_phase phase;
    nghttp2_session *session;
    struct h2_stream *streams;
    struct h2_frames frames;
    struct h2_guard guard;
    struct h2_block block;
    struct h2_stream *complete; /* its request ended with the frame just read */
    enum otlp_refusal trip_why; /* with trip */
    bool trip;                  /* the frame just read is the peer's last */
    bool busy;                  /* input is being worked through, or the session runs: no output */
    bool eof;
    bool greeted;   /* the peer's SETTINGS are here */
    bool leaving;   /* goaway: the notice is submitted */
    bool noticed;   /* goaway: the peer has acknowledged it */
    bool left;      /* goaway: the final one is submitted */
    bool farewell;  /* the peer's GOAWAY is not valid: what the session says to it is no refusal */
    bool streaming; /* there was a stream: on_drain may be due */
    bool settling;
    size_t closed_count;               /* streams that h2_settle() has to look at */
    unsigned owed[OTLP_REFUSAL_COUNT]; /* refusals that h2_report() is to tell the host */
    bool owes;                         /* any */
    size_t taken;                      /* output that the host has taken and not sent */
    uint64_t now;                      /* of the call being worked on */
    uint64_t start_ms;
    uint64_t quiet_ms; /* OPEN: the last sign of life without a stream; DRAIN: when all was sent */
    uint64_t block_ms; /* when the header block being read began; 0: none */
    uint64_t sent_ms;  /* when output began to wait, or last moved */
    uint64_t notice_ms;
};

/* Why the core answers in place of the handler. */
struct h2_fault {
    enum otlp_refusal why;
    int status; /* HTTP; 0: otlp_refusal_status(why) */
    int code;   /* gRPC; 0: grpc_code() of the HTTP status */
    const char *message;
};

/* h2_time.c */
uint64_t h2_deadline(const struct core *core);
void h2_expire(struct core *core, uint64_t now);

/* h2.c: the final GOAWAY; what runs is finished. */
void h2_leave(struct h2 *h);

/* h2_session.c */
nghttp2_session *h2_session_create(struct h2 *h);
void h2_stream_free(struct h2_stream *s);
/* Notes a refusal, for h2_report() to tell the host once the session has returned. */
void h2_owe(struct h2 *h, enum otlp_refusal why);
void h2_report(struct h2 *h);
/* Works off what the session's callbacks have left: ends exchanges whose streams are gone, reports refusals,
   sends floods away, notices that the session is over. Not from within the session. */
void h2_settle(struct h2 *h);
/* Takes the exchange off the stream; the host learns that the peer has gone. Not from within the session. */
void h2_abandon(struct h2_stream *s);
/* Says goodbye with that error code (RFC 9113, 7); h2_settle() drops what runs. Not from within the session.
 */
void h2_end(struct h2 *h, uint32_t error_code);
void h2_die(struct h2 *h);

/* h2_request.c */
bool h2_request_begin(struct h2 *h, int32_t id);
void h2_request_field(struct h2 *h, struct slice name, struct slice value);
void h2_request_head(struct h2_stream *s, bool end_stream);
void h2_request_data(struct h2_stream *s, struct slice bytes);
void h2_request_end(struct h2_stream *s);

/* h2_reply.c: the exchange stays the caller's. */
void h2_reply(struct h2_stream *s, const struct exchange_reply *reply);
void h2_refuse(struct h2_stream *s, const struct h2_fault *fault); /* counts, answers, ends the exchange */
void h2_reply_continue(struct h2_stream *s);
void h2_stream_head(struct h2_stream *s, const char *content_type);
void h2_stream_resume(struct h2_stream *s);
void h2_reset(struct h2_stream *s, uint32_t error_code);

static inline size_t h2_stream_unsent(const struct h2_stream *s)
{
    return s->out.len - s->out_at;
}

/* Output that the host has and the peer has not. */
static inline bool h2_is_stalled(const struct h2 *h)
{
    return h->taken > 0;
}

/* A response that the peer's window holds back. */
static inline bool h2_is_blocked(const struct h2_stream *s)
{
    return s->answered && !s->closed && !s->reset && (h2_stream_unsent(s) || !s->x);
}

#endif
