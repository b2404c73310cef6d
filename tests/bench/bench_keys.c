/*
 * bench_keys.c - how soon a key is answered on the screen while telemetry arrives.
 *
 *   bench_keys CLAUDE_TOP [RECORDS_PER_SECOND [SECONDS [CONNECTIONS]]]
 *
 * The whole program as it ships, on a pseudo-terminal of 200x60, and a sender in a process of its own over
 * loopback: nothing at first; then large batches at so many records a second (100,000; 0: as many as are
 * taken); then recorded requests as small as the client sends them, as many as are taken. The key is C-l,
 * "send every cell again": the most that a key can ask for, and the only one whose answer, an erased screen,
 * cannot be mistaken for that of the telemetry. Time runs from writing the key to reading the answer's first
 * bytes.
 *
 * Before that, bytes to the terminal when a turn at work has one answered request more.
 */
#define _DEFAULT_SOURCE     /* TIOCSCTTY */
#define _XOPEN_SOURCE   700 /* posix_openpt() */
#include "bench_program.h"

#include "clock.h"

#include <arpa/inet.h>
#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define COLS        200
#define ROWS        60
#define KEYS_MAX    4000
#define KEY_EVERY   37 /* milliseconds: no divisor of a frame's */
#define ANSWER_MS   5000
#define DEADLINE_S  240 /* of all of it: a program that no longer answers is no reason to measure for ever */
#define BYTES_COUNT 30
#define QUIET_MS    1500
#define SLICE_NS    (5 * NS_PER_MS)
#define ERASED      "\033[H\033[2J"
#define STATUS_MAX  ((size_t)1 << 30)
#define LISTEN_FD   3 /* sd_listen_fds(3) */

struct pane {
    pid_t pid;
    int master;
    unsigned port;
    char folder[64], socket[96];
    char seen[1 << 16];
};

static void become_program(const struct pane *p, const char *path, int slave, int listener)
{
    char pid[32], state[96];
    setsid();
    ioctl(slave, TIOCSCTTY, 0);
    for (int fd = 0; fd <= 2; fd++)
        dup2(slave, fd);
    if (listener == LISTEN_FD)
        fcntl(listener, F_SETFD, 0);
    else
        dup2(listener, LISTEN_FD);
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    snprintf(state, sizeof state, "%s/state", p->folder);
    setenv("LISTEN_PID", pid, 1);
    setenv("LISTEN_FDS", "1", 1);
    setenv("TERM", "xterm-256color", 1);
    setenv("LC_ALL", "C.UTF-8", 1);
    execl(path, path, "--state-dir", state, "--socket", p->socket, "--config", "/dev/null", "--upstream-http",
          "", "--upstream-grpc", "", (char *)NULL);
    _exit(127);
}

static void pane_open(struct pane *p, const char *path)
{
    const char *base = getenv("TMPDIR");
    struct sockaddr_in at = {.sin_family = AF_INET};
    struct winsize size = {.ws_row = ROWS, .ws_col = COLS};
    socklen_t len = sizeof at;
    snprintf(p->folder, sizeof p->folder, "%.40s/ct-bench-XXXXXX", base ? base : "/tmp");
    if (!mkdtemp(p->folder))
        die("cannot make a folder");
    snprintf(p->socket, sizeof p->socket, "%s/s.sock", p->folder);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (listener < 0 || bind(listener, (struct sockaddr *)&at, sizeof at) || listen(listener, 64) ||
        getsockname(listener, (struct sockaddr *)&at, &len))
        die("cannot listen");
    p->port = ntohs(at.sin_port);
    p->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (p->master < 0 || grantpt(p->master) || unlockpt(p->master) || ioctl(p->master, TIOCSWINSZ, &size))
        die("no pseudo-terminal");
    int slave = open(ptsname(p->master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    p->pid = fork();
    if (p->pid == 0) {
        end_with_parent();
        become_program(p, path, slave, listener);
    }
    close(slave);
    close(listener);
}

static void pane_close(struct pane *p)
{
    struct program remains = {.pid = p->pid};
    kill(p->pid, SIGTERM);
    waitpid(p->pid, NULL, 0);
    close(p->master);
    snprintf(remains.folder, sizeof remains.folder, "%s", p->folder);
    program_remove(&remains);
}

/* Reads what comes within ms, or until it holds what (NULL: all of it). Returns the bytes, -1: not found. */
static long pane_read(struct pane *p, int64_t until_ns, const char *what)
{
    size_t kept = 0;
    long bytes = 0;
    for (;;) {
        int64_t left = until_ns - clock_mono();
        struct pollfd fd = {.fd = p->master, .events = POLLIN};
        if (left <= 0 || poll(&fd, 1, (int)(left / NS_PER_MS) + 1) <= 0)
            return what ? -1 : bytes;
        ssize_t n = read(p->master, p->seen + kept, sizeof p->seen - 1 - kept);
        if (n <= 0)
            die("the program has gone");
        bytes += n;
        kept += (size_t)n;
        p->seen[kept] = '\0';
        struct slice all = slice_make(p->seen, kept);
        if (what && slice_find_slice(all, slice_str(what)) < all.len)
            return bytes;
        /* What may be the beginning of it stays. */
        size_t tail = kept < 16 ? kept : 16;
        memmove(p->seen, p->seen + kept - tail, tail);
        kept = what ? tail : 0;
    }
}

static double number(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItem(object, name);
    return cJSON_IsNumber(item) ? item->valuedouble : 0;
}

/* Records that the program has received. */
static double records(const struct pane *p, const char *path)
{
    char command[512];
    snprintf(command, sizeof command, "'%s' status --json --socket '%s'", path, p->socket);
    FILE *f = popen(command, "r");
    char *text = malloc(STATUS_MAX);
    size_t len = f && text ? fread(text, 1, STATUS_MAX, f) : 0;
    /* The trees of all sessions stand before it, and may be long. */
    struct slice all = slice_make(text, len);
    size_t at = slice_find_slice(all, SLICE_LIT("\"flow\":"));
    cJSON *status = at < len ? cJSON_ParseWithLength(text + at + 7, len - at - 7) : NULL;
    const cJSON *received = cJSON_GetObjectItem(status, "received");
    if (!received)
        die("no status");
    double sum = number(received, "spans") + number(received, "logs") + number(received, "metric_points") +
                 number(received, "hooks");
    cJSON_Delete(status);
    free(text);
    pclose(f);
    return sum;
}

/* Sends until it is killed, as much as is taken. */
static void send_for_ever(const struct traffic *traffic, unsigned port, size_t connections,
                          struct bulk_counters *counters)
{
    struct load *l = load_open(traffic, port, connections);
    for (;;) {
        struct load_figures f = load_run(l, connections, SLICE_NS, UINT64_MAX);
        atomic_fetch_add(&counters->requests, f.requests);
    }
}

/* own: the same less what the program waited for a processor. */
static size_t press(struct pane *p, double seconds, int64_t *samples, int64_t *own)
{
    size_t count = 0;
    int64_t end = clock_mono() + (int64_t)(seconds * 1e9);
    while (clock_mono() < end && count < KEYS_MAX) {
        pane_read(p, clock_mono() + KEY_EVERY * NS_PER_MS, NULL);
        int64_t held_up = process_held_up(p->pid), began = clock_mono();
        if (write(p->master, "\f", 1) != 1)
            die("the terminal takes no key");
        if (pane_read(p, began + ANSWER_MS * NS_PER_MS, ERASED) < 0)
            die("a key was not answered");
        samples[count] = clock_mono() - began;
        held_up = process_held_up(p->pid) - held_up;
        own[count] = samples[count] > held_up ? samples[count] - held_up : 0;
        count++;
    }
    return count;
}

static void report_times(const char *what, int64_t *samples, size_t count)
{
    double p50 = quantile(samples, count, 0.5), p95 = quantile(samples, count, 0.95),
           p99 = quantile(samples, count, 0.99);
    printf("    %-28s p50 %6.2f ms, p95 %6.2f ms, p99 %6.2f ms, max %6.2f ms\n", what, p50 / 1e3, p95 / 1e3,
           p99 / 1e3, (double)samples[count - 1] / 1e6);
}

/* each: records in a request; 0: the sender counts them itself. */
static void report_keys(struct pane *p, const char *what, double seconds, struct bulk_counters *counters,
                        double each)
{
    static int64_t samples[KEYS_MAX], own[KEYS_MAX];
    uint64_t requests = counters->requests, records = counters->records;
    double cpu = process_cpu(p->pid);
    int64_t began = clock_mono();
    size_t count = press(p, seconds, samples, own);
    double took = (double)(clock_mono() - began) / 1e9;
    double arrived =
        each > 0 ? (double)(counters->requests - requests) * each : (double)(counters->records - records);
    cpu = process_cpu(p->pid) - cpu;
    printf("%-26s %7.0f records/s, CPU %3.0f%%; %zu keys answered\n", what, arrived / took, cpu / took * 100,
           count);
    report_times("in all", samples, count);
    report_times("with a processor to itself", own, count);
    fflush(stdout);
}

static void end_sender(pid_t sender, const struct pane *p)
{
    kill(sender, SIGKILL);
    waitpid(sender, NULL, 0);
    process_settle(p->pid);
}

static void under_bulk(struct pane *p, double rate, double seconds, size_t connections)
{
    struct bulk_counters *counters = bulk_counters_create();
    struct bulk *bulk = bulk_load();
    char what[64];
    pid_t sender = fork();
    if (sender == 0) {
        end_with_parent();
        bulk_send(bulk, p->port, connections, rate, counters);
    }
    pane_read(p, clock_mono() + QUIET_MS * NS_PER_MS, NULL);
    snprintf(what, sizeof what, rate > 0 ? "%.0f records/s wanted" : "large batches, all it takes", rate);
    report_keys(p, what, seconds, counters, 0);
    end_sender(sender, p);
    bulk_free(bulk);
}

static void under_small(struct pane *p, const char *path, const struct traffic *traffic, double seconds,
                        size_t connections)
{
    struct bulk_counters *counters = bulk_counters_create();
    struct load *l = load_open(traffic, p->port, 1);
    load_run(l, 1, NS_PER_SEC * 60, traffic->count);
    load_close(l);
    double each = records(p, path) / (double)traffic->count;
    report_keys(p, "nothing arrives", seconds, counters, each);
    pid_t sender = fork();
    if (sender == 0) {
        end_with_parent();
        send_for_ever(traffic, p->port, connections, counters);
    }
    pane_read(p, clock_mono() + QUIET_MS * NS_PER_MS, NULL);
    report_keys(p, "small requests, all taken", seconds, counters, each);
    end_sender(sender, p);
}

/* One log record of Claude Code, as it sends it; more: further attributes. */
static void post_event(struct exchange *x, unsigned session, const char *name, unsigned number,
                       const char *more)
{
    struct buf body;
    long long now = (long long)clock_wall();
    buf_init(&body, SIZE_MAX);
    buf_printf(
        &body,
        "{\"resourceLogs\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":"
        "{\"stringValue\":\"claude-code\"}}]},\"scopeLogs\":[{\"scope\":{\"name\":"
        "\"com.anthropic.claude_code.events\"},\"logRecords\":[{\"timeUnixNano\":\"%lld\",\"body\":"
        "{\"stringValue\":\"claude_code.%s\"},\"attributes\":[{\"key\":\"event.name\",\"value\":"
        "{\"stringValue\":\"%s\"}},{\"key\":\"session.id\",\"value\":{\"stringValue\":"
        "\"5a5a5a5a-0000-4000-8000-%012d\"}},{\"key\":\"prompt.id\",\"value\":{\"stringValue\":"
        "\"prompt-of-this-turn\"}},{\"key\":\"event.sequence\",\"value\":{\"intValue\":\"%u\"}}%s]}]}]}]}",
        now, name, name, (int)session, number, more);
    buf_clear(&x->out);
    buf_printf(
        &x->out,
        "POST /v1/logs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nUser-Agent: bench\r\n"
        "Content-Length: %zu\r\n\r\n%.*s",
        body.len, (int)body.len, body.data);
    buf_finish(&body);
    exchange_begin(x);
    while (!exchange_step(x))
        ;
}

#define TEXT(key, value)   ",{\"key\":\"" key "\",\"value\":{\"stringValue\":\"" value "\"}}"
#define NUMBER(key, value) ",{\"key\":\"" key "\",\"value\":{\"intValue\":\"" value "\"}}"

/* A turn at work, and one answered request of it more each time: the bytes of all frames that it causes, of
 * which one may be an age's. */
static void report_bytes(struct pane *p, unsigned session, const char *keys, const char *what)
{
    struct exchange x = {0};
    int64_t bytes[BYTES_COUNT];
    char more[512];
    exchange_open(&x, p->port);
    post_event(&x, session, "user_prompt", 1, TEXT("prompt", "fix the flaky login test"));
    pane_read(p, clock_mono() + 150 * NS_PER_MS, NULL);
    if (write(p->master, keys, strlen(keys)) != (ssize_t)strlen(keys))
        die("the terminal takes no key");
    for (unsigned n = 0; n < BYTES_COUNT; n++) {
        snprintf(more, sizeof more,
                 TEXT("model", "claude-opus-4-5") TEXT("request_id", "req_%03u%03u")
                     NUMBER("input_tokens", "%u") NUMBER("output_tokens", "%u")
                         NUMBER("cache_read_tokens", "21000") NUMBER("duration_ms", "%u")
                             TEXT("cost_usd", "0.012%u"),
                 session, n, 600 + n, 150 + n * 7 % 40, 1000 + n * 37 % 700, n % 10);
        pane_read(p, clock_mono() + 150 * NS_PER_MS, NULL);
        post_event(&x, session, "api_request", n + 2, more);
        bytes[n] = pane_read(p, clock_mono() + 150 * NS_PER_MS, NULL);
        if (getenv("CT_BENCH_FRAMES"))
            fprintf(stderr, "%lld: %s\n", (long long)bytes[n], p->seen);
    }
    exchange_close(&x);
    double p50 = quantile(bytes, BYTES_COUNT, 0.5) * 1e3;
    printf("%-32s bytes to the terminal: p50 %.0f, most %lld\n", what, p50,
           (long long)bytes[BYTES_COUNT - 1]);
}

int main(int argc, char **argv)
{
    if (argc < 2)
        die("usage: bench_keys CLAUDE_TOP [RECORDS_PER_SECOND [SECONDS [CONNECTIONS]]]");
    const char *path = argv[1];
    alarm(DEADLINE_S);
    double rate = argc > 2 ? strtod(argv[2], NULL) : 100000, seconds = argc > 3 ? strtod(argv[3], NULL) : 15;
    size_t connections = argc > 4 ? strtoul(argv[4], NULL, 10) : 4;
    static struct pane p;
    struct traffic traffic;
    traffic_load(&traffic, TRANSPORT_HTTP, "");
    print_machine();
    pane_open(&p, path);
    pane_read(&p, clock_mono() + QUIET_MS * NS_PER_MS, NULL);
    report_bytes(&p, 1, "", "an answered request more, open");
    report_bytes(&p, 2, "-", "and folded");
    under_small(&p, path, &traffic, seconds / 2, connections);
    under_bulk(&p, rate, seconds, connections);
    print_machine();
    pane_close(&p);
    traffic_free(&traffic);
    return 0;
}
