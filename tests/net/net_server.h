/*
 * net_server.h - a receiver on a loop of its own in the test's thread, and plain sockets against it.
 *
 * Nothing here sleeps: every wait runs the loop until a condition holds, and fails the test after
 * NET_DEADLINE_MS.
 */
#ifndef CT_TESTS_NET_SERVER_H
#define CT_TESTS_NET_SERVER_H

#include "buf.h"
#include "receiver.h"

#define NET_DEADLINE_MS 20000
#define NET_HELD_MAX    8

struct net_server {
    uv_loop_t loop;
    struct receiver *r;
    char bound[RECEIVER_ADDR_MAX];
    unsigned port;
    bool hold; /* requests are kept in held; else answered at once with 200 and the length of the body */
    struct receiver_request *held[NET_HELD_MAX];
    size_t held_count;
    uint64_t requests;
    void (*inspect)(struct net_server *s, const struct receiver_view *view); /* may be NULL */
    void *ctx;                                                               /* the test's own */
    unsigned done; /* receiver_stop() has called back */
};

/* limits NULL: the defaults. Listens on 127.0.0.1:0. */
void net_server_start(struct net_server *s, const struct otlp_limits *limits);
void net_server_open(struct net_server *s, const struct otlp_limits *limits); /* without listening */
/* With receiver_secure(), which has to have nothing to say. */
void net_server_start_secure(struct net_server *s, const struct otlp_limits *limits,
                             const struct receiver_security *security);
void net_server_stop(struct net_server *s, uint32_t grace_ms); /* starts it */
void net_server_finish(struct net_server *s); /* stops if needed, waits, checks that nothing is left */

/* Runs the loop until cond holds. */
void net_until(struct net_server *s, bool (*cond)(void *ctx), void *ctx);
void net_until_connections(struct net_server *s, uint64_t open);
void net_until_requests(struct net_server *s, uint64_t requests);
void net_until_refused(struct net_server *s, enum otlp_refusal why, uint64_t count);

int net_connect(const struct net_server *s); /* to the IPv4 port; non-blocking from then on */
int net_connect_unix(const char *path);
void net_reset(int fd); /* closes with RST */

/* Sends all of it, running the loop. False when the server has closed. */
bool net_send(struct net_server *s, int fd, struct slice bytes);
bool net_send_str(struct net_server *s, int fd, const char *text);

/* Reads into in until text is in it. */
void net_read_until(struct net_server *s, int fd, struct buf *in, const char *text);
/* Reads until the server closes; true when it did so properly (FIN). */
bool net_read_all(struct net_server *s, int fd, struct buf *in);

bool net_has(const struct buf *in, const char *text);

#endif
