/*
 * bench_program.h - what bench_program.c measures with: recorded requests, the program, a sink, /proc.
 *
 * Everything here ends the process when something goes wrong: a benchmark has no use for half a figure.
 */
#ifndef CT_TESTS_BENCH_PROGRAM_H
#define CT_TESTS_BENCH_PROGRAM_H

#include "buf.h"

#include <sys/types.h>

#define CONNECTIONS_MAX 64

void die(const char *what) __attribute__((noreturn));
int dial(unsigned port); /* non-blocking, to 127.0.0.1 */

/* ----------------------------------------------------------------------------------------------- traffic */

struct recorded_request {
    struct buf bytes; /* head and body as they are sent */
    size_t body_len;
    uint32_t *ids; /* where session ids stand in bytes */
    size_t id_count;
};

struct traffic {
    struct recorded_request *requests; /* of every capture that came by HTTP uncompressed */
    size_t count;
    size_t sessions; /* in one round */
    size_t body_bytes;
    size_t json; /* of the requests */
};

/* type: only content types with that in them; "" for all. */
void traffic_load(struct traffic *t, const char *type);
void traffic_free(struct traffic *t);

/* Request number n, round and round, with session ids of its round, into out. Returns the body's bytes. */
size_t traffic_request(const struct traffic *t, uint64_t n, struct buf *out);

/* Distinct sessions in the first n requests, the last round counted whole. */
uint64_t traffic_sessions(const struct traffic *t, uint64_t n);

/* --------------------------------------------------------------------------------------------- processes */

/* An HTTP server that reads a request and answers 200, in a process of its own. */
struct sink;
struct sink *sink_start(void);
void sink_stop(struct sink *s);
unsigned sink_port(const struct sink *s);
pid_t sink_pid(const struct sink *s);
uint64_t sink_requests(const struct sink *s);

struct program {
    pid_t pid;
    unsigned port;
    char folder[64]; /* state and socket; removed by program_stop() */
};

/* upstream_port 0: no upstream. memory: where the journal is kept. */
void program_start(struct program *p, const char *path, unsigned upstream_port, bool memory);
void program_stop(struct program *p);

/* Waits until the process has nothing left to do: its CPU time stands still. */
void process_settle(pid_t pid);
double process_cpu(pid_t pid); /* seconds, user and system */
size_t process_rss(pid_t pid); /* bytes */

#endif
