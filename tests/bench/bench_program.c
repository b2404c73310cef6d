/*
 * bench_program.c - the whole `claude-top serve` process as it ships, with recorded bodies over HTTP or gRPC.
 *
 *   bench_program CLAUDE_TOP http|grpc|fsync [ROUNDS [SECONDS [CONNECTIONS [json|protobuf]]]]
 *   bench_program CLAUDE_TOP memory [REQUESTS]
 *
 * Three processes: this client (keep-alive connections, one request in flight on each), the program, and a
 * sink that answers everything at once. Every round through the recordings is sent under session ids of its
 * own, so that the model grows as it would.
 *
 * The cases take turns, each with a fresh program, round after round: what else the machine does hits all of
 * them. A figure is the median of the rounds, a ratio the median of the ratios within each round. Linux only:
 * CPU time and memory of the program are read from /proc. CT_TEST_DATA names tests/data.
 */
#include "bench_program.h"

#include "clock.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#define ROUNDS_MAX 99
#define CASES_MAX  6
#define WARM_NS    (NS_PER_SEC / 4)
#define DRAIN_NS   (60 * NS_PER_SEC)

enum figure { PER_SECOND, MEGABYTES, CPU_US, P50_US, P99_US, FIGURES };

struct kase {
    const char *name;
    const char *journal; /* NULL: the sink itself */
    const char *fsync;
    bool tee;
    int against; /* the case that ratios are taken of; -1: none */
    double figures[ROUNDS_MAX][FIGURES];
};

struct bench {
    struct traffic traffic;
    const char *program;
    size_t rounds;
    int64_t duration_ns;
    size_t connections;
};

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* Of a figure, or of its ratio to that of another case in the same round. */
static double median(const struct kase *c, const struct kase *against, enum figure figure, size_t rounds)
{
    double values[ROUNDS_MAX];
    for (size_t i = 0; i < rounds; i++)
        values[i] = c->figures[i][figure] / (against ? against->figures[i][figure] : 1);
    qsort(values, rounds, sizeof *values, by_value);
    return rounds % 2 ? values[rounds / 2] : (values[rounds / 2 - 1] + values[rounds / 2]) / 2;
}

/*
 * Throughput with all connections, then latency with one. pid: whose CPU time is counted, with that of the
 * work which is done after the acknowledgement.
 */
static uint64_t measure(const struct bench *b, unsigned port, pid_t pid, double out[FIGURES])
{
    struct load *l = load_open(&b->traffic, port, b->connections);
    uint64_t sent = load_run(l, b->connections, WARM_NS, UINT64_MAX).requests;
    double cpu = process_cpu(pid);
    struct load_figures many = load_run(l, b->connections, b->duration_ns, UINT64_MAX);
    process_settle(pid);
    cpu = process_cpu(pid) - cpu;
    struct load_figures one = load_run(l, 1, b->duration_ns, UINT64_MAX);
    out[PER_SECOND] = (double)many.requests / many.took;
    out[MEGABYTES] = (double)many.bytes / many.took / 1e6;
    out[CPU_US] = cpu * 1e6 / (double)many.requests;
    out[P50_US] = one.p50;
    out[P99_US] = one.p99;
    load_close(l);
    return sent + many.requests + one.requests;
}

static void wait_for_sink(const struct sink *sink, uint64_t requests)
{
    int64_t began = clock_mono();
    while (sink_requests(sink) < requests) {
        if (clock_mono() - began > DRAIN_NS)
            die("not all requests reached the sink within a minute");
        poll(NULL, 0, 1);
    }
    if (sink_requests(sink) > requests)
        die("the sink got more than was sent");
}

static void run_case(const struct bench *b, struct kase *c, size_t round)
{
    enum transport transport = b->traffic.transport;
    bool grpc = transport == TRANSPORT_GRPC;
    struct sink *sink = NULL;
    if (c->tee || !c->journal) {
        sink = sink_create(transport);
        sink_serve(sink);
    }
    if (!c->journal) {
        measure(b, sink_port(sink), sink_pid(sink), c->figures[round]);
    } else {
        unsigned port = c->tee ? sink_port(sink) : 0;
        struct program_options options = {.upstream_http = grpc ? 0 : port,
                                          .upstream_grpc = grpc ? port : 0,
                                          .journal = c->journal,
                                          .fsync = c->fsync};
        struct program p;
        program_start(&p, b->program, &options);
        uint64_t sent = measure(b, grpc ? p.grpc : p.http, p.pid, c->figures[round]);
        if (sink)
            wait_for_sink(sink, sent);
        program_end(&p);
        program_remove(&p);
    }
    if (sink)
        sink_stop(sink);
}

static void run_cases(const struct bench *b, struct kase *cases, size_t count)
{
    for (size_t round = 0; round < b->rounds; round++)
        for (size_t i = 0; i < count; i++)
            run_case(b, &cases[i], round);
    for (size_t i = 0; i < count; i++) {
        const struct kase *c = &cases[i];
        printf(
            "%-28s %6.0f requests/s %6.1f MB/s %6.1f us CPU each; acknowledged p50 %5.0f us p99 %5.0f us\n",
            c->name, median(c, NULL, PER_SECOND, b->rounds), median(c, NULL, MEGABYTES, b->rounds),
            median(c, NULL, CPU_US, b->rounds), median(c, NULL, P50_US, b->rounds),
            median(c, NULL, P99_US, b->rounds));
    }
    for (size_t i = 0; i < count; i++) {
        const struct kase *c = &cases[i], *against = c->against < 0 ? NULL : &cases[c->against];
        if (against)
            printf("RATIO %s / %s: requests/s %.2f, CPU %.2f, p50 %.2f, p99 %.2f\n", c->name, against->name,
                   median(c, against, PER_SECOND, b->rounds), median(c, against, CPU_US, b->rounds),
                   median(c, against, P50_US, b->rounds), median(c, against, P99_US, b->rounds));
    }
}

static void measure_memory(const struct bench *b, uint64_t most)
{
    static const uint64_t marks[] = {1000, 10000, 100000, 1000000};
    const struct program_options options = {.journal = "disk", .fsync = "interval"};
    struct program p;
    program_start(&p, b->program, &options);
    printf("memory: %.1f MiB at the start", (double)process_rss(p.pid) / 1048576);
    struct load *l = load_open(&b->traffic, p.http, b->connections);
    uint64_t sent = 0;
    for (size_t i = 0; i < sizeof marks / sizeof *marks && sent < most; i++) {
        sent += load_run(l, b->connections, INT64_MAX / 2, marks[i] < most ? marks[i] : most).requests;
        process_settle(p.pid);
        printf(", %.1f MiB after %llu requests", (double)process_rss(p.pid) / 1048576,
               (unsigned long long)sent);
        fflush(stdout);
    }
    printf(" (%llu sessions sent)\n", (unsigned long long)traffic_sessions(&b->traffic, sent));
    load_close(l);
    program_end(&p);
    program_remove(&p);
}

static struct kase http_cases[] = {
    {.name = "sink alone", .against = -1},
    {.name = "no upstream, disk", .journal = "disk", .fsync = "interval", .against = 0},
    {.name = "tee, disk", .journal = "disk", .fsync = "interval", .tee = true, .against = 1},
    {.name = "no upstream, memory", .journal = "memory", .fsync = "interval", .against = 0},
    {.name = "tee, memory", .journal = "memory", .fsync = "interval", .tee = true, .against = 3},
};

static struct kase grpc_cases[] = {
    {.name = "gRPC sink alone", .against = -1},
    {.name = "gRPC, no upstream, disk", .journal = "disk", .fsync = "interval", .against = 0},
    {.name = "gRPC, tee, disk", .journal = "disk", .fsync = "interval", .tee = true, .against = 1},
};

static struct kase fsync_cases[] = {
    {.name = "fsync never", .journal = "disk", .fsync = "never", .tee = true, .against = -1},
    {.name = "fsync interval", .journal = "disk", .fsync = "interval", .tee = true, .against = 0},
    {.name = "fsync always", .journal = "disk", .fsync = "always", .tee = true, .against = 0},
};

#define COUNT(a) (sizeof(a) / sizeof *(a))

int main(int argc, char **argv)
{
    if (argc < 3)
        die("usage: bench_program CLAUDE_TOP http|grpc|fsync|memory [ROUNDS [SECONDS [CONNECTIONS [TYPE]]]]");
    const char *mode = argv[2];
    bool grpc = strcmp(mode, "grpc") == 0, memory = strcmp(mode, "memory") == 0;
    double seconds = argc > 4 ? strtod(argv[4], NULL) : 1;
    struct bench b = {
        .program = argv[1],
        .rounds = argc > 3 && !memory ? strtoul(argv[3], NULL, 10) : 5,
        .duration_ns = (int64_t)(seconds * 1e9),
        .connections = argc > 5 ? strtoul(argv[5], NULL, 10) : 4,
    };
    if (seconds <= 0 || b.rounds < 1 || b.rounds > ROUNDS_MAX || b.connections < 1 ||
        b.connections > CONNECTIONS_MAX)
        die("1 to 99 rounds of more than 0 seconds, on 1 to 64 connections");
    traffic_load(&b.traffic, grpc ? TRANSPORT_GRPC : TRANSPORT_HTTP, argc > 6 ? argv[6] : "");
    print_machine();
    printf("%zu recorded requests (%zu JSON), %zu bytes of body on average, %zu connections; medians of %zu "
           "rounds\n",
           b.traffic.count, b.traffic.json, b.traffic.body_bytes / b.traffic.count, b.connections, b.rounds);
    if (memory)
        measure_memory(&b, argc > 3 ? strtoull(argv[3], NULL, 10) : 100000);
    else if (grpc)
        run_cases(&b, grpc_cases, COUNT(grpc_cases));
    else if (strcmp(mode, "fsync") == 0)
        run_cases(&b, fsync_cases, COUNT(fsync_cases));
    else if (strcmp(mode, "http") == 0)
        run_cases(&b, http_cases, COUNT(http_cases));
    else
        die("http, grpc, fsync or memory");
    print_machine();
    traffic_free(&b.traffic);
    return 0;
}
