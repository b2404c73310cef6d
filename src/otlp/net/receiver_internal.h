/*
 * receiver_internal.h - what receiver*.c, connection.c and listener*.c share.
 *
 * Lifetimes: a receiver lives until receiver_destroy() and the last unanswered request; a connection until
 * libuv has closed both of its handles; a listener until libuv has closed its poll handle; a request until it
 * is answered.
 */
#ifndef CT_OTLP_NET_RECEIVER_INTERNAL_H
#define CT_OTLP_NET_RECEIVER_INTERNAL_H

#include "admission.h"
#include "core.h"
#include "receiver.h"
#include "tls.h"

#include <sys/socket.h>
#include <sys/types.h>

/* One uv_write at a time carries this much, so that a slow reader's progress is seen (otlp_limits.idle_ms).
 */
#define CONNECTION_WRITE_MAX ((size_t)64 * 1024)
/* The words of a refusal; what they quote is cut to fit. */
#define CONNECTION_WORDS_MAX 256
/* Accepted in one go before other descriptors get their turn. */
#define LISTENER_BURST   32
#define LISTENER_BACKLOG 256
/* When the system has no descriptors, sockets or memory: the pause before accepting is tried again. */
#define LISTENER_RETRY_MS 200
#define RECEIVER_DATE_MAX 40

struct listener {
    struct receiver *r;
    struct listener *next;
    uv_poll_t poll;
    int fd;
    bool local;
    char *path; /* a Unix socket of our own making, removed at the end; else NULL */
    dev_t dev;  /* of that file */
    ino_t ino;
};

/* What a connection speaks below HTTP. */
enum connection_wire {
    WIRE_PLAIN,
    WIRE_UNDECIDED, /* on a TLS port, before the first byte */
    WIRE_TLS,
    WIRE_REFUSED, /* plain text on a TLS port: every request is turned away */
    WIRE_FAILED,  /* TLS that failed: the alert is sent, input is dropped for CORE_LINGER_MS */
};

struct connection {
    struct receiver *r;
    struct connection *prev, *next;
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } io;
    uv_timer_t timer;
    uint64_t armed_ms; /* when the timer fires; 0: not armed */
    struct core *core;
    struct receiver_request *requests; /* with the handler */
    struct buf out;
    size_t out_sent; /* bytes of out that have left */
    enum connection_wire wire;
    struct tls *tls;                 /* WIRE_TLS, WIRE_FAILED */
    struct buf sealed;               /* TLS: what goes over the wire next */
    size_t sealed_sent;              /* bytes of sealed that have left */
    size_t sealed_plain;             /* bytes of out, behind out_sent, that are in sealed */
    uint64_t failed_ms;              /* WIRE_FAILED: since when */
    struct ip_address local_address; /* that it arrived at; IP_NONE on a Unix socket */
    uv_write_t write;
    uv_shutdown_t shut;
    size_t write_len;
    unsigned handles;    /* not yet closed */
    uint64_t turn_round; /* it was served last */
    bool turn_owed;
    bool local;
    bool reading;
    bool writing;
    bool half_closed;
    bool pumping;
    bool closing;
};

struct receiver_request {
    struct receiver *r;
    struct connection *c; /* NULL: it is gone */
    struct receiver_request *prev, *next;
    struct exchange *x;
    struct receiver_view view;
    void (*on_drain)(void *ctx);
    void (*on_close)(void *ctx);
    void *stream_ctx;
    bool in_write;
    struct receiver_header headers[];
};

struct receiver {
    uv_loop_t *loop;
    struct receiver_config config;
    struct budget budget;
    struct core_env env;
    struct receiver_stats stats;
    struct listener *listeners;
    struct connection *connections;
    char *input;      /* CORE_FEED_MAX bytes; every read is used up before the next */
    uint64_t turn_ms; /* uv_now() of the turn of the loop that turn_ns belongs to */
    int64_t turn_ns;  /* spent on input in it */
    uint64_t
        turn_round;   /* in which each connection that has input is served once before any is served twice */
    size_t turn_owed; /* connections that had input when the time was up, and were not served in this round */
    struct admission admission;
    struct tls_context *tls; /* NULL: TCP ports speak plain text */
    bool loopback_without_token;
    bool allow_unauthenticated;
    bool client_certificates; /* TLS asks for them */
    char words[CONNECTION_WORDS_MAX];
    char date[RECEIVER_DATE_MAX];
    uint64_t date_second; /* of uv_now() when date was made */
    int reserve_fd;       /* given up for a moment to turn a caller away when descriptors run out */
    bool paused;          /* accepting waits for the retry timer */
    uv_timer_t retry;
    uv_timer_t grace;
    unsigned handles; /* timers, listeners and connections not yet closed */
    size_t users;     /* the owner and every unanswered request */
    bool stopping;
    void (*done)(void *ctx);
    void *done_ctx;
};

/* receiver_turn.c: a turn of the loop takes input for RECEIVER_TURN_NS, from all connections fairly. */
bool receiver_turn_may_read(struct connection *c); /* asked before every read */
void receiver_turn_spent(struct receiver *r, int64_t ns);
void receiver_turn_leave(struct connection *c); /* it wants no input any more, or was served */

/* receiver.c */
uint64_t receiver_now(struct receiver *r); /* also keeps the date up */
void receiver_handle_closed(struct receiver *r);
void receiver_connections_gone(struct receiver *r); /* while stopping */
void receiver_release(struct receiver *r);

/* receiver_request.c */
void receiver_request_arrived(void *connection, struct exchange *x);
void receiver_blame(struct receiver *r, enum otlp_refusal why, const struct exchange *x, bool local);

/* connection.c */
void connection_accept(struct receiver *r, int fd, bool local); /* takes fd */
void connection_pump(struct connection *c);                     /* after every call into the core */
void connection_close(struct connection *c);

/* connection_wire.c: between the core and the socket, which is where TLS is. */
void connection_wire_init(struct connection *c);
void connection_wire_finish(struct connection *c);
/* Bytes of the socket for the core. */
void connection_wire_feed(struct connection *c, struct slice bytes);
/* What goes into the socket next, empty when there is nothing; false when the connection is beyond help. */
bool connection_wire_next(struct connection *c, struct slice *piece);
/* That n bytes of it have left. */
void connection_wire_sent(struct connection *c, size_t n);
/* All was said: what has to stand before the end of the stream joins the output. */
void connection_wire_end(struct connection *c);
/* The peer has gone, or is late. */
void connection_wire_broken(struct connection *c, enum otlp_refusal why);
bool connection_wire_wants_input(const struct connection *c);

/* connection_admit.c: which requests are let in (core.h, admit). */
bool connection_admit(void *connection, const struct exchange *x, enum otlp_refusal *why,
                      const char **message);
/* That header was for us alone. */
bool connection_consumes(const struct connection *c, const struct http_header *header);

/* listener.c: listener_add takes fd, an already listening socket, also when it fails. */
enum ct_err listener_add(struct receiver *r, int fd, bool local, struct listener **out,
                         struct ct_errmsg *msg);
void listener_close_all(struct receiver *r);
void listener_retry(struct receiver *r);
bool listener_prepare_fd(int fd); /* close-on-exec and non-blocking */

/* listener_tcp.c: "127.0.0.1:4318" and the like into text of RECEIVER_ADDR_MAX bytes. */
void listener_format(const struct sockaddr_storage *address, char *text);

/* listener_unix.c: whether the user at the other end may come in. */
bool listener_peer_allowed(int fd);

#endif
