/*
 * bench_program.c - the whole `claude-top serve` process as it ships, with recorded bodies over HTTP.
 *
 *   bench_program CLAUDE_TOP [SECONDS [REQUESTS [CONNECTIONS [json|protobuf]]]]
 *
 * Three processes: this client (keep-alive connections, one request in flight on each), the program, and a
 * sink that answers everything at once. Every round through the recordings is sent under session ids of its
 * own, so that the model grows as it would. Cases: without an upstream, with the tee to the sink, and both
 * with the journal in memory; the sink alone is what they are compared with. At the end REQUESTS requests are
 * sent to a fresh program to see what it holds in memory. CT_TEST_DATA names tests/data. Linux only: CPU time
 * and memory of the program are read from /proc.
 */
#include "bench_program.h"

#include "clock.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define SAMPLES_MAX ((size_t)1 << 20)
#define LATENCY_NS  (2 * NS_PER_SEC)
#define DRAIN_NS    (60 * NS_PER_SEC)

struct connection {
    int fd;
    struct buf out;
    size_t sent;
    char head[1024];
    size_t got;
    size_t length; /* of the whole response; 0: not known yet */
    int64_t began_ns;
};

struct load {
    const struct traffic *traffic;
    struct connection connections[CONNECTIONS_MAX];
    size_t count;
    uint64_t requests, bytes;
    int64_t *samples; /* SAMPLES_MAX */
    size_t sample_count;
};

static void begin(struct load *l, struct connection *c, uint64_t *next)
{
    l->bytes += traffic_request(l->traffic, (*next)++, &c->out);
    c->sent = c->got = c->length = 0;
    c->began_ns = clock_mono();
}

/* True when the response is whole. */
static bool step(struct connection *c)
{
    while (c->sent < c->out.len) {
        ssize_t n = send(c->fd, c->out.data + c->sent, c->out.len - c->sent, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        c->sent += (size_t)n;
    }
    ssize_t n = recv(c->fd, c->head + c->got, sizeof c->head - 1 - c->got, 0);
    if (n == 0)
        die("the server closed a connection");
    if (n < 0)
        return false;
    c->got += (size_t)n;
    c->head[c->got] = '\0';
    if (!c->length) {
        const char *end = strstr(c->head, "\r\n\r\n"), *length = strstr(c->head, "Content-Length: ");
        if (!end)
            return false;
        if (strncmp(c->head, "HTTP/1.1 200", 12) != 0 || !length)
            die(c->head);
        c->length = (size_t)(end + 4 - c->head) + strtoul(length + 16, NULL, 10);
    }
    return c->got >= c->length;
}

/* Keeps one request in flight on each connection until the time is over or that many were answered. */
static void run_load(struct load *l, size_t connections, int64_t duration_ns, uint64_t most)
{
    struct pollfd fds[CONNECTIONS_MAX];
    uint64_t next = l->requests;
    int64_t end = clock_mono() + duration_ns;
    size_t busy = connections;
    bool over = false;
    l->sample_count = 0;
    for (size_t i = 0; i < connections; i++)
        begin(l, &l->connections[i], &next);
    while (busy) {
        for (size_t i = 0; i < connections; i++) {
            struct connection *c = &l->connections[i];
            fds[i] = (struct pollfd){.fd = c->out.len ? c->fd : -1,
                                     .events = c->sent < c->out.len ? POLLOUT : POLLIN};
        }
        if (poll(fds, connections, 10000) <= 0)
            die("no answer for 10 s");
        for (size_t i = 0; i < connections; i++) {
            struct connection *c = &l->connections[i];
            if (!fds[i].revents || !step(c))
                continue;
            int64_t now = clock_mono();
            l->requests++;
            if (l->sample_count < SAMPLES_MAX)
                l->samples[l->sample_count++] = now - c->began_ns;
            over = over || now >= end || next >= most;
            if (over) {
                buf_clear(&c->out);
                busy--;
            } else {
                begin(l, c, &next);
            }
        }
    }
}

static void open_load(struct load *l, const struct traffic *traffic, unsigned port, size_t connections)
{
    *l = (struct load){
        .traffic = traffic, .count = connections, .samples = malloc(SAMPLES_MAX * sizeof(int64_t))};
    if (!l->samples)
        die("no memory");
    for (size_t i = 0; i < connections; i++) {
        buf_init(&l->connections[i].out, SIZE_MAX);
        l->connections[i].fd = dial(port);
    }
}

static void close_load(struct load *l)
{
    for (size_t i = 0; i < l->count; i++) {
        close(l->connections[i].fd);
        buf_finish(&l->connections[i].out);
    }
    free(l->samples);
}

/* ------------------------------------------------------------------------------------------------- cases */

struct figures {
    double per_second, megabytes, cpu_us, p50_us, p99_us;
};

struct setup {
    const struct traffic *traffic;
    const char *program;
    size_t connections;
    int64_t duration_ns;
};

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

/*
 * Throughput with all connections, then latency with one. pid: whose CPU time is counted, with that of the
 * work which is done after the acknowledgement.
 */
static struct figures measure(const struct setup *s, unsigned port, pid_t pid, uint64_t *requests)
{
    struct load l;
    struct figures f = {0};
    open_load(&l, s->traffic, port, s->connections);
    run_load(&l, s->connections, NS_PER_SEC / 2, UINT64_MAX); /* warm */
    uint64_t requests_before = l.requests, bytes_before = l.bytes;
    double cpu = process_cpu(pid);
    int64_t began = clock_mono();
    run_load(&l, s->connections, s->duration_ns, UINT64_MAX);
    double took = (double)(clock_mono() - began) / 1e9, count = (double)(l.requests - requests_before);
    f.per_second = count / took;
    f.megabytes = (double)(l.bytes - bytes_before) / took / 1e6;
    process_settle(pid);
    f.cpu_us = (process_cpu(pid) - cpu) * 1e6 / count;
    run_load(&l, 1, LATENCY_NS, UINT64_MAX);
    qsort(l.samples, l.sample_count, sizeof *l.samples, by_value);
    f.p50_us = (double)l.samples[l.sample_count / 2] / 1e3;
    f.p99_us = (double)l.samples[l.sample_count - 1 - l.sample_count / 100] / 1e3;
    *requests = l.requests;
    close_load(&l);
    return f;
}

static void print(const char *name, const struct figures *f, const struct figures *direct)
{
    printf("%-26s %6.0f requests/s %6.1f MB/s %6.1f us CPU each; acknowledged p50 %5.0f us p99 %5.0f us",
           name, f->per_second, f->megabytes, f->cpu_us, f->p50_us, f->p99_us);
    if (direct)
        printf(" (+%.0f, +%.0f)", f->p50_us - direct->p50_us, f->p99_us - direct->p99_us);
    putchar('\n');
    fflush(stdout);
}

static struct figures run_case(const struct setup *s, const char *name, struct sink *sink, bool memory,
                               const struct figures *direct)
{
    struct program p;
    uint64_t requests = 0, before = sink ? sink_requests(sink) : 0;
    program_start(&p, s->program, sink ? sink_port(sink) : 0, memory);
    struct figures f = measure(s, p.port, p.pid, &requests);
    print(name, &f, direct);
    int64_t began = clock_mono();
    while (sink && sink_requests(sink) - before < requests) {
        if (clock_mono() - began > DRAIN_NS) {
            printf("  %llu of %llu requests did not reach the sink within a minute\n",
                   (unsigned long long)(requests - (sink_requests(sink) - before)),
                   (unsigned long long)requests);
            break;
        }
        poll(NULL, 0, 1);
    }
    if (sink)
        printf("  the tee was done %.2f s after the last acknowledgement\n",
               (double)(clock_mono() - began) / 1e9);
    program_stop(&p);
    return f;
}

static void measure_memory(const struct setup *s, uint64_t most)
{
    static const uint64_t marks[] = {1000, 10000, 100000, 1000000};
    struct program p;
    struct load l;
    program_start(&p, s->program, 0, false);
    printf("memory: %.1f MiB at the start", (double)process_rss(p.pid) / 1048576);
    open_load(&l, s->traffic, p.port, s->connections);
    for (size_t i = 0; i < sizeof marks / sizeof *marks && l.requests < most; i++) {
        uint64_t mark = marks[i] < most ? marks[i] : most;
        run_load(&l, s->connections, INT64_MAX / 2, mark);
        process_settle(p.pid);
        printf(", %.1f MiB after %llu requests", (double)process_rss(p.pid) / 1048576,
               (unsigned long long)l.requests);
        fflush(stdout);
    }
    printf(" (%llu sessions sent)\n", (unsigned long long)traffic_sessions(s->traffic, l.requests));
    close_load(&l);
    program_stop(&p);
}

int main(int argc, char **argv)
{
    struct traffic traffic;
    if (argc < 2)
        die("usage: bench_program CLAUDE_TOP [SECONDS [REQUESTS [CONNECTIONS [json|protobuf]]]]");
    double seconds = argc > 2 ? strtod(argv[2], NULL) : 3;
    uint64_t most = argc > 3 ? strtoull(argv[3], NULL, 10) : 100000;
    size_t connections = argc > 4 ? strtoul(argv[4], NULL, 10) : 4;
    if (seconds <= 0 || connections < 1 || connections > CONNECTIONS_MAX)
        die("1 to 64 connections, more than 0 seconds");
    traffic_load(&traffic, argc > 5 ? argv[5] : "");
    struct setup s = {&traffic, argv[1], connections, (int64_t)(seconds * 1e9)};
    printf("%zu recorded requests (%zu JSON), %zu bytes of body on average, %zu connections\n", traffic.count,
           traffic.json, traffic.body_bytes / traffic.count, connections);

    struct sink *sink = sink_start();
    uint64_t ignored;
    struct figures direct = measure(&s, sink_port(sink), sink_pid(sink), &ignored);
    print("sink alone", &direct, NULL);
    struct figures plain = run_case(&s, "no upstream, disk", NULL, false, &direct);
    struct figures tee = run_case(&s, "tee, disk", sink, false, &direct);
    struct figures memory = run_case(&s, "no upstream, memory", NULL, true, &direct);
    struct figures both = run_case(&s, "tee, memory", sink, true, &direct);
    printf("with tee / without: %.2f of the requests/s, %.2f of the CPU on disk; %.2f and %.2f in memory\n",
           tee.per_second / plain.per_second, tee.cpu_us / plain.cpu_us, both.per_second / memory.per_second,
           both.cpu_us / memory.cpu_us);
    sink_stop(sink);
    if (most)
        measure_memory(&s, most);
    traffic_free(&traffic);
    return 0;
}
