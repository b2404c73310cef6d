/*
 * receiver_internal.h - what receiver*.c, connection.c and listener*.c share.
 *
 * Lifetimes: a receiver lives until receiver_destroy() and the last unanswered request; a connection until
 * libuv has closed both of its handles; a listener until libuv has closed its poll handle; a request until it
 * is answered.
 */
#ifndef CT_OTLP_NET_RECEIVER_INTERNAL_H
#define CT_OTLP_NET_RECEIVER_INTERNAL_H

#include "core.h"
#include "receiver.h"

#include <sys/socket.h>
#include <sys/types.h>

/* One uv_write at a time carries this much, so that a slow reader's progress is seen (otlp_limits.idle_ms).
 */
#define CONNECTION_WRITE_MAX ((size_t)64 * 1024)
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
    uv_write_t write;
    uv_shutdown_t shut;
    size_t write_len;
    unsigned handles; /* not yet closed */
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
    char *input; /* CORE_FEED_MAX bytes; every read is used up before the next */
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

/* listener.c: listener_add takes fd, an already listening socket, also when it fails. */
enum ct_err listener_add(struct receiver *r, int fd, bool local, struct listener **out,
                         struct ct_errmsg *msg);
void listener_close_all(struct receiver *r);
void listener_retry(struct receiver *r);
bool listener_prepare_fd(int fd); /* close-on-exec and non-blocking */

/* listener_tcp.c: "127.0.0.1:4318" and the like into text of RECEIVER_ADDR_MAX bytes. */
void listener_format(const struct sockaddr_storage *address, char *text);

#endif
