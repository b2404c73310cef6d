/*
 * bench_backlog.c - a backlog of many records drains in order while requests go on arriving, and what a start
 * with it takes. A test as well as a measurement: it fails when order, number or memory are not as they must
 * be.
 *
 *   bench_backlog CLAUDE_TOP [RECORDS [LIVE_SECONDS]]
 *
 * 1. The upstream is away. Recorded requests are sent as fast as they are taken, on one connection for each
 *    signal, until there are RECORDS records in them (default 1,000,000).
 * 2. Live traffic for LIVE_SECONDS (default 3), LIVE_PER_SECOND requests on each connection: its latency is
 * what the drain is compared with.
 * 3. The program is ended and started again on its journal: the time until it is ready, until it has answered
 *    a request, and until the model has read it all; live traffic goes on meanwhile.
 * 4. The upstream is there. Live traffic goes on until the backlog is gone. Each signal must come in order,
 * each request once, and the program's memory must stay below MEMORY_MAX, growing by at most GROWTH_MAX.
 */
#include "bench_program.h"

#include "clock.h"
#include "decode.h"
#include "mem.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#define LIVE_PER_SECOND 100
#define LIVE_GAP_NS     (NS_PER_SEC / LIVE_PER_SECOND)
#define SAMPLES_MAX     ((size_t)1 << 20)
#define DRAIN_NS        (1200 * NS_PER_SEC)
#define LOOK_NS         (50 * NS_PER_MS)
#define WINDOW_NS       (NS_PER_SEC / 2)
#define PAUSE_NS        (NS_PER_SEC / 4)
#define SHARE_RECORDS   10000 /* the least that is worth a figure */

/* The model's budget is 256 MiB by default (max-memory); the rest is the program, its buffers and its
 * allocator. */
#define MEMORY_MAX ((size_t)400 << 20)
#define GROWTH_MAX ((size_t)48 << 20)

/* A sanitizer keeps what was freed, and much beside it: then memory is only printed. */
#if defined(__SANITIZE_ADDRESS__)
#define MEMORY_IS_OURS false
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MEMORY_IS_OURS false
#endif
#endif
#ifndef MEMORY_IS_OURS
#define MEMORY_IS_OURS true
#endif

struct lane {
    struct exchange x;
    uint32_t *requests; /* of the traffic, those of this signal */
    size_t count;
    uint64_t sent; /* and answered */
    bool busy;
    int64_t due_ns; /* of the next one, when paced */
};

struct bench {
    struct traffic traffic;
    uint32_t *records; /* in each recorded request */
    struct lane lanes[BENCH_SIGNALS];
    uint64_t requests, bytes, recorded;
    int64_t *samples;
    size_t sample_count;
    size_t rss_max;
};

static void count_records(struct bench *b)
{
    struct otlp_limits limits;
    otlp_limits_init(&limits);
    struct otlp_decoder *decoder = otlp_decoder_create(&limits);
    static const enum otlp_signal signals[] = {
        [BENCH_LOGS] = OTLP_LOGS, [BENCH_TRACES] = OTLP_TRACES, [BENCH_METRICS] = OTLP_METRICS};
    b->records = mem_alloc(b->traffic.count * sizeof *b->records);
    for (size_t i = 0; i < b->traffic.count; i++) {
        const struct recorded_request *r = &b->traffic.requests[i];
        struct lane *lane = &b->lanes[r->signal];
        struct slice body = slice_sub(buf_slice(&r->bytes), r->bytes.len - r->body_len, r->bytes.len);
        struct otlp_counts counts;
        enum otlp_refusal why;
        struct ct_errmsg msg;
        enum otlp_encoding encoding = body.len && body.ptr[0] == '{' ? OTLP_JSON : OTLP_PROTOBUF;
        if (otlp_decode(decoder, signals[r->signal], encoding, OTLP_IDENTITY, body, NULL, &counts, &why,
                        &msg))
            die(msg.text);
        b->records[i] = (uint32_t)(counts.logs + counts.spans + counts.points);
        lane->requests = mem_grow(lane->requests, lane->count + 1, sizeof *lane->requests);
        lane->requests[lane->count++] = (uint32_t)i;
    }
    otlp_decoder_destroy(decoder);
}

/* The request with its number among those of its signal: X-Number goes through to the sink. */
static void begin(struct bench *b, struct lane *lane)
{
    uint32_t index = lane->requests[lane->sent % lane->count];
    uint64_t round = lane->sent / lane->count;
    b->bytes += traffic_request(&b->traffic, round * b->traffic.count + index, &lane->x.out);
    b->recorded += b->records[index];
    char number[40];
    int len = snprintf(number, sizeof number, "X-Number: %" PRIu64 "\r\n", lane->sent + 1);
    size_t at = slice_find_slice(buf_slice(&lane->x.out), SLICE_LIT("\r\n")) + 2;
    if (buf_append(&lane->x.out, slice_make(number, (size_t)len)))
        die("no memory");
    memmove(lane->x.out.data + at + len, lane->x.out.data + at, lane->x.out.len - at - (size_t)len);
    memcpy(lane->x.out.data + at, number, (size_t)len);
    exchange_begin(&lane->x);
    lane->busy = true;
}

static void answered(struct bench *b, struct lane *lane, int64_t now)
{
    lane->busy = false;
    lane->sent++;
    b->requests++;
    if (b->sample_count < SAMPLES_MAX)
        b->samples[b->sample_count++] = now - lane->x.began_ns;
}

/* Waits for answers and, when requests are paced, for the time of the next one. */
static void turn(struct bench *b, bool more, bool paced)
{
    struct pollfd fds[BENCH_SIGNALS];
    int64_t now = clock_mono(), wait_ns = LOOK_NS;
    for (size_t i = 0; i < BENCH_SIGNALS; i++) {
        struct lane *lane = &b->lanes[i];
        if (!lane->busy && more && (!paced || lane->due_ns <= now)) {
            lane->due_ns = now + LIVE_GAP_NS;
            begin(b, lane);
        }
        if (!lane->busy && more && lane->due_ns - now < wait_ns)
            wait_ns = lane->due_ns - now;
        fds[i] = (struct pollfd){.fd = lane->busy ? lane->x.fd : -1,
                                 .events = lane->x.sent < lane->x.out.len ? POLLOUT : POLLIN};
    }
    if (poll(fds, BENCH_SIGNALS, (int)(wait_ns / NS_PER_MS) + 1) < 0)
        die("poll");
    now = clock_mono();
    for (size_t i = 0; i < BENCH_SIGNALS; i++)
        if (fds[i].revents && exchange_step(&b->lanes[i].x))
            answered(b, &b->lanes[i], now);
}

static void finish_answers(struct bench *b)
{
    while (b->lanes[0].busy || b->lanes[1].busy || b->lanes[2].busy)
        turn(b, false, false);
}

static void connect_lanes(struct bench *b, unsigned port)
{
    for (size_t i = 0; i < BENCH_SIGNALS; i++)
        exchange_open(&b->lanes[i].x, port);
}

static void disconnect_lanes(struct bench *b)
{
    for (size_t i = 0; i < BENCH_SIGNALS; i++)
        exchange_close(&b->lanes[i].x);
}

static void print_latency(struct bench *b, const char *when)
{
    printf("live requests %s: acknowledged p50 %.0f us p99 %.0f us (%zu requests)\n", when,
           quantile(b->samples, b->sample_count, 0.5), quantile(b->samples, b->sample_count, 0.99),
           b->sample_count);
    fflush(stdout);
}

static void watch_memory(struct bench *b, pid_t pid)
{
    size_t rss = process_rss(pid);
    if (rss > b->rss_max)
        b->rss_max = rss;
}

static double mebibytes(size_t bytes)
{
    return (double)bytes / 1048576;
}

static void fill(struct bench *b, const struct program *p, uint64_t records)
{
    int64_t began = clock_mono(), look = began;
    while (b->recorded < records) {
        turn(b, true, false);
        if (clock_mono() > look) {
            watch_memory(b, p->pid);
            look = clock_mono() + LOOK_NS;
        }
    }
    finish_answers(b);
    double took = (double)(clock_mono() - began) / 1e9;
    printf("backlog: %" PRIu64 " records in %" PRIu64 " requests, %.0f MB, in %.1f s: %.0f requests/s\n",
           b->recorded, b->requests, (double)b->bytes / 1e6, took, (double)b->requests / took);
    process_settle(p->pid);
    watch_memory(b, p->pid);
    printf("memory with the upstream away: %.0f MiB, at most %.0f MiB\n", mebibytes(process_rss(p->pid)),
           mebibytes(b->rss_max));
    fflush(stdout);
}

static void live(struct bench *b, const struct program *p, double seconds, const char *when)
{
    int64_t end = clock_mono() + (int64_t)(seconds * 1e9);
    b->sample_count = 0;
    while (clock_mono() < end) {
        turn(b, true, true);
        watch_memory(b, p->pid);
    }
    finish_answers(b);
    print_latency(b, when);
}

/* With no request under way, the program uses CPU time only while the model is behind. */
static bool is_behind(const struct program *p)
{
    double cpu = process_cpu(p->pid);
    for (int64_t end = clock_mono() + PAUSE_NS; clock_mono() < end;) {
        poll(NULL, 0, 10);
        if (process_cpu(p->pid) > cpu)
            return true;
    }
    return false;
}

/* Live traffic, with a pause now and then, until the model has read all of the journal. */
static void restart(struct bench *b, struct program *p, const char *path,
                    const struct program_options *options)
{
    int64_t began = clock_mono();
    program_restart(p, path, options);
    double ready = (double)(clock_mono() - began) / 1e9;
    connect_lanes(b, p->http);
    b->sample_count = 0;
    begin(b, &b->lanes[0]);
    finish_answers(b);
    double first = (double)(clock_mono() - began) / 1e9;
    do {
        for (int64_t end = clock_mono() + WINDOW_NS; clock_mono() < end;) {
            turn(b, true, true);
            watch_memory(b, p->pid);
        }
        finish_answers(b);
    } while (is_behind(p));
    double caught_up = (double)(clock_mono() - began) / 1e9;
    printf("restart with the backlog: ready after %.3f s, the first request answered after %.3f s, the model "
           "caught "
           "up after about %.1f s (%.2f s CPU)\n",
           ready, first, caught_up, process_cpu(p->pid));
    print_latency(b, "while the model catches up");
}

static void drain(struct bench *b, const struct program *p, struct sink *sink)
{
    uint64_t backlog = b->requests;
    size_t before = process_rss(p->pid);
    int64_t began = clock_mono();
    b->rss_max = 0;
    b->sample_count = 0;
    sink_serve(sink);
    while (sink_requests(sink) < backlog) {
        if (clock_mono() - began > DRAIN_NS)
            die("the backlog does not drain");
        turn(b, true, true);
        watch_memory(b, p->pid);
    }
    double took = (double)(clock_mono() - began) / 1e9;
    finish_answers(b);
    printf("drained in %.1f s: %.0f requests/s, %.0f MB/s\n", took, (double)sink_requests(sink) / took,
           (double)sink_bytes(sink) / took / 1e6);
    print_latency(b, "while draining");
    while (sink_requests(sink) < b->requests) {
        if (clock_mono() - began > DRAIN_NS)
            die("the last requests do not come");
        poll(NULL, 0, 5);
    }
    process_settle(p->pid);
    watch_memory(b, p->pid);
    printf("sent %" PRIu64 ", received %" PRIu64 ", out of order or twice %" PRIu64 ", bytes sent %" PRIu64
           ", received %" PRIu64 "\n",
           b->requests, sink_requests(sink), sink_disorder(sink), b->bytes, sink_bytes(sink));
    printf("memory while draining: %.0f MiB before, at most %.0f MiB (limits: %.0f MiB, %.0f MiB more)\n",
           mebibytes(before), mebibytes(b->rss_max), mebibytes(MEMORY_MAX), mebibytes(GROWTH_MAX));
    if (sink_requests(sink) != b->requests || sink_bytes(sink) != b->bytes || sink_disorder(sink))
        die("what came is not what was sent");
    if (MEMORY_IS_OURS && b->rss_max > before + GROWTH_MAX)
        die("draining takes memory that grows");
}

int main(int argc, char **argv)
{
    static struct bench b;
    if (argc < 2)
        die("usage: bench_backlog CLAUDE_TOP [RECORDS [LIVE_SECONDS]]");
    uint64_t records = argc > 2 ? strtoull(argv[2], NULL, 10) : 1000000;
    double seconds = argc > 3 ? strtod(argv[3], NULL) : 3;
    if (records < SHARE_RECORDS || seconds <= 0)
        die("at least 10000 records and more than 0 seconds");
    b.samples = mem_alloc(SAMPLES_MAX * sizeof *b.samples);
    traffic_load(&b.traffic, TRANSPORT_HTTP, "");
    count_records(&b);
    print_machine();

    struct sink *sink = sink_create(TRANSPORT_HTTP);
    static const char *const more[] = {"--upstream-backoff-first",
                                       "50ms",
                                       "--upstream-backoff-max",
                                       "500ms",
                                       "--journal-max-bytes",
                                       "64GiB",
                                       NULL};
    struct program_options options = {
        .upstream_http = sink_port(sink), .journal = "disk", .fsync = "interval", .more = more};
    struct program p;
    program_start(&p, argv[1], &options);
    connect_lanes(&b, p.http);
    fill(&b, &p, records);
    live(&b, &p, seconds, "with the upstream away");
    disconnect_lanes(&b);
    program_end(&p);
    restart(&b, &p, argv[1], &options);
    live(&b, &p, seconds, "after it");
    size_t most = b.rss_max;
    drain(&b, &p, sink);
    if (b.rss_max > most)
        most = b.rss_max;
    live(&b, &p, seconds, "with the upstream there");
    disconnect_lanes(&b);
    program_end(&p);
    program_remove(&p);
    sink_stop(sink);
    printf("most memory at any time: %.0f MiB\n", mebibytes(most));
    print_machine();
    if (MEMORY_IS_OURS && most > MEMORY_MAX)
        die("the program takes more memory than it may");
    for (size_t i = 0; i < BENCH_SIGNALS; i++)
        free(b.lanes[i].requests);
    free(b.records);
    free(b.samples);
    traffic_free(&b.traffic);
    return 0;
}
