/*
 * net_attack.h - hostile peers on sockets: what they cost, and a well-behaved sender who is served meanwhile.
 */
#ifndef CT_TESTS_NET_ATTACK_H
#define CT_TESTS_NET_ATTACK_H

#include "memory.h"
#include "net_server.h"

#define NET_HEAD "POST /v1/logs HTTP/1.1\r\nHost: localhost\r\n"

/* One connection: its handles, its core, and its buffers while nothing but small things are in them. */
#define NET_CONNECTION_BYTES ((size_t)24 * 1024)
/* The receiver, the loop and what the test itself reads into. */
#define NET_BASE_BYTES ((size_t)256 * 1024)

/* The defaults, with every deadline out of the way: a test sets those that it waits for. */
struct otlp_limits net_patient(void);

/* A new connection sends a request, gets its answer and leaves, whatever else is going on. */
void net_bystander(struct net_server *s);

/* Since memory_watch() at most so much was in use; says so when it was more. */
void net_expect_peak(size_t bytes);

/* As many connections as there are fds; the loop runs when the backlog fills up. */
void net_connect_all(struct net_server *s, int *fds, size_t count);
void net_close_all(int *fds, size_t count);

#endif
