/*
 * bench_program.h - what the benchmarks of the whole program measure with: recorded requests, senders, the
 * program, a sink, /proc.
 *
 * Everything here ends the process when something goes wrong: a benchmark has no use for half a figure.
 */
#ifndef CT_TESTS_BENCH_PROGRAM_H
#define CT_TESTS_BENCH_PROGRAM_H

#include "buf.h"

#include <stdatomic.h>
#include <sys/types.h>

#define CONNECTIONS_MAX 64

enum transport { TRANSPORT_HTTP, TRANSPORT_GRPC };

/* A recorded request's signal. */
enum { BENCH_LOGS, BENCH_TRACES, BENCH_METRICS, BENCH_SIGNALS };

void die(const char *what) __attribute__((noreturn));
/* For a child of a measurement: it ends when the measurement does, however that ends (where the system offers
 * it). */
void end_with_parent(void);
int dial(unsigned port); /* non-blocking, to 127.0.0.1 */

/* ----------------------------------------------------------------------------------------------- traffic */

struct recorded_request {
    struct buf bytes; /* head and body as they are sent; gRPC: the message with its prefix */
    size_t body_len;
    unsigned signal;
    char path[80];
    uint32_t *ids; /* where session ids stand in bytes */
    size_t id_count;
};

struct traffic {
    enum transport transport;
    struct recorded_request *requests; /* of every capture that came by that transport uncompressed */
    size_t count;
    size_t sessions; /* in one round */
    size_t body_bytes;
    size_t json; /* of the requests */
};

/* type: only content types with that in them; "" for all. */
void traffic_load(struct traffic *t, enum transport transport, const char *type);
void traffic_free(struct traffic *t);

/* Request number n, round and round, with session ids of its round, into out. Returns the body's bytes. */
size_t traffic_request(const struct traffic *t, uint64_t n, struct buf *out);

/* Distinct sessions in the first n requests, the last round counted whole. */
uint64_t traffic_sessions(const struct traffic *t, uint64_t n);

/* ----------------------------------------------------------------------------------------------- senders */

/* One HTTP/1.1 request and its answer, on a connection that is kept. */
struct exchange {
    int fd;
    struct buf out; /* the request: whole before exchange_begin() */
    size_t sent;
    char head[1024];
    size_t got;
    size_t length; /* of the whole response; 0: not known yet */
    int64_t began_ns;
};

void exchange_open(struct exchange *x, unsigned port);
void exchange_close(struct exchange *x);
void exchange_begin(struct exchange *x);
bool exchange_step(struct exchange *x); /* true when the answer, 200, is whole */

/* Connections with one request in flight on each. */
struct load;
struct load_figures {
    uint64_t requests;
    uint64_t bytes;  /* of bodies */
    double took;     /* seconds */
    double p50, p99; /* until the answer, microseconds */
};

struct load *load_open(const struct traffic *traffic, unsigned port, size_t connections);
void load_close(struct load *l);

/* On the first so many connections, until the time is over or that many were answered since load_open(). */
struct load_figures load_run(struct load *l, size_t connections, int64_t duration_ns, uint64_t most);

/* Sorts. q from 0 to 1. */
double quantile(int64_t *samples, size_t count, double q);

/* ------------------------------------------------------------------------------------------ large batches */

/*
 * Requests of 300 to 800 records each, log records or spans in protobuf, of some tens of sessions: one
 * recorded turn again and again, under ids, sequence numbers and times of its own each time.
 */
struct bulk;
struct bulk *bulk_load(void);
void bulk_free(struct bulk *b);
/* Appends the next request, head and body. Returns its records. */
size_t bulk_request(struct bulk *b, struct buf *out);

/* What was answered, seen by the parent of the process that sends, too. */
struct bulk_counters {
    _Atomic uint64_t requests, records;
};
struct bulk_counters *bulk_counters_create(void);

/*
 * Sends until it is killed: so many records each second (0: as many as are taken) on that many connections,
 * on each at most two requests that are not answered yet.
 */
void bulk_send(struct bulk *b, unsigned port, size_t connections, double per_second,
               struct bulk_counters *counters) __attribute__((noreturn));

/* --------------------------------------------------------------------------------------------- processes */

/*
 * A server in a process of its own that answers everything at once. Requests with a header X-Number are held
 * against the last one of their signal: each must be higher.
 */
struct sink;
struct sink *sink_create(enum transport transport); /* has a port, and refuses connections */
void sink_serve(struct sink *s);
void sink_stop(struct sink *s);
unsigned sink_port(const struct sink *s);
pid_t sink_pid(const struct sink *s);
uint64_t sink_requests(const struct sink *s);
uint64_t sink_bytes(const struct sink *s); /* of bodies */
uint64_t sink_disorder(const struct sink *s);

struct program {
    pid_t pid;
    unsigned http, grpc; /* ports */
    char folder[64];     /* state and socket */
};

struct program_options {
    unsigned upstream_http, upstream_grpc; /* ports; 0: none */
    const char *journal;                   /* "disk", "memory" */
    const char *fsync;                     /* "never", "interval", "always" */
    const char *const *more;               /* flags, ended by NULL; NULL: none */
};

/* In a new folder. */
void program_start(struct program *p, const char *path, const struct program_options *options);
/* In the folder of one that ended. */
void program_restart(struct program *p, const char *path, const struct program_options *options);
void program_end(struct program *p);
void program_remove(struct program *p); /* its folder */

/* Waits until the process has nothing left to do: its CPU time stands still. */
void process_settle(pid_t pid);
double process_cpu(pid_t pid); /* seconds, user and system */
size_t process_rss(pid_t pid); /* bytes */
/* How long it had something to do and no processor to do it on, because others had them; 0 where the system
 * does not say. */
int64_t process_held_up(pid_t pid);

/* "load average 1.25": what else the machine was doing. */
void print_machine(void);

#endif
