/* The processes of bench_program: the program itself, the sink, and what /proc says of them. */
#define _DEFAULT_SOURCE     /* MAP_ANONYMOUS */
#define _XOPEN_SOURCE   700 /* nftw() */
#include "bench_program.h"

#include "clock.h"
#include "mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define READY_MS  10000
#define SETTLE_MS 100

void die(const char *what)
{
    fprintf(stderr, "bench_program: %s\n", what);
    exit(1);
}

int dial(unsigned port)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) || fcntl(fd, F_SETFL, O_NONBLOCK))
        die("cannot connect");
    return fd;
}

/* -------------------------------------------------------------------------------------------------- sink */

struct sink {
    pid_t pid;
    unsigned port;
    atomic_uint_fast64_t *requests; /* shared with the process */
};

/* A connection of the sink: heads are gathered, bodies only counted. */
struct peer {
    char head[8192];
    size_t head_len;
    size_t body_left;
};

static size_t content_length(char *head)
{
    for (char *line = head; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (slice_eq_nocase(slice_make(line, strnlen(line, 15)), SLICE_LIT("content-length:")))
            return strtoul(line + 15, NULL, 10);
    }
    return 0;
}

/* False when the connection is over. */
static bool serve_peer(int fd, struct peer *p, atomic_uint_fast64_t *requests)
{
    static const char reply[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    static char room[262144];
    ssize_t n = recv(fd, room, sizeof room, 0);
    if (n <= 0)
        return n < 0 && errno == EAGAIN;
    for (size_t at = 0; at < (size_t)n;) {
        if (p->body_left) {
            size_t take = (size_t)n - at < p->body_left ? (size_t)n - at : p->body_left;
            at += take;
            p->body_left -= take;
        } else {
            if (p->head_len + 1 == sizeof p->head)
                return false;
            p->head[p->head_len++] = room[at++];
            if (p->head_len < 4 || memcmp(p->head + p->head_len - 4, "\r\n\r\n", 4) != 0)
                continue;
            p->head[p->head_len] = '\0';
            p->head_len = 0;
            p->body_left = content_length(p->head);
        }
        if (p->body_left)
            continue;
        atomic_fetch_add(requests, 1);
        if (send(fd, reply, sizeof reply - 1, MSG_NOSIGNAL) != sizeof reply - 1)
            return false;
    }
    return true;
}

static void run_sink(int listener, atomic_uint_fast64_t *requests)
{
    static struct pollfd fds[CONNECTIONS_MAX * 2];
    static struct peer peers[CONNECTIONS_MAX * 2];
    size_t count = 1;
    fds[0] = (struct pollfd){.fd = listener, .events = POLLIN};
    for (;;) {
        poll(fds, count, -1);
        for (size_t i = count; i-- > 1;) {
            if (!fds[i].revents || serve_peer(fds[i].fd, &peers[i], requests))
                continue;
            close(fds[i].fd);
            fds[i] = fds[--count];
            peers[i] = peers[count];
        }
        if (!fds[0].revents || count == sizeof fds / sizeof *fds)
            continue;
        int fd = accept(listener, NULL, NULL);
        if (fd < 0)
            continue;
        fds[count] = (struct pollfd){.fd = fd, .events = POLLIN};
        peers[count++] = (struct peer){.head_len = 0};
    }
}

struct sink *sink_start(void)
{
    struct sink *s = mem_alloc(sizeof *s);
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t size = sizeof at;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&at, sizeof at) || listen(listener, 64) ||
        getsockname(listener, (struct sockaddr *)&at, &size))
        die("the sink cannot listen");
    s->port = ntohs(at.sin_port);
    s->requests = mmap(NULL, sizeof *s->requests, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (s->requests == MAP_FAILED)
        die("no memory");
    s->pid = fork();
    if (s->pid == 0)
        run_sink(listener, s->requests);
    close(listener);
    return s;
}

void sink_stop(struct sink *s)
{
    kill(s->pid, SIGKILL);
    waitpid(s->pid, NULL, 0);
    munmap(s->requests, sizeof *s->requests);
    free(s);
}

unsigned sink_port(const struct sink *s)
{
    return s->port;
}

pid_t sink_pid(const struct sink *s)
{
    return s->pid;
}

uint64_t sink_requests(const struct sink *s)
{
    return atomic_load(s->requests);
}

/* ----------------------------------------------------------------------------------------------- program */

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

/* "ready http=127.0.0.1:PORT grpc= socket=…" */
static unsigned read_ready(int from)
{
    char line[512];
    size_t len = 0;
    struct pollfd p = {.fd = from, .events = POLLIN};
    while (len + 1 < sizeof line && poll(&p, 1, READY_MS) > 0) {
        ssize_t n = read(from, line + len, 1);
        if (n <= 0)
            break;
        if (line[len++] != '\n')
            continue;
        line[len] = '\0';
        const char *http = strstr(line, "http=127.0.0.1:");
        if (strncmp(line, "ready ", 6) == 0 && http)
            return (unsigned)strtoul(http + 15, NULL, 10);
        len = 0;
    }
    die("the program does not get ready");
}

void program_start(struct program *p, const char *path, unsigned upstream_port, bool memory)
{
    const char *base = getenv("TMPDIR");
    char socket_path[96], upstream[64];
    int out[2];
    snprintf(p->folder, sizeof p->folder, "%.40s/ct-bench-XXXXXX", base ? base : "/tmp");
    if (!mkdtemp(p->folder) || pipe(out))
        die("cannot make a folder");
    snprintf(socket_path, sizeof socket_path, "%s/s.sock", p->folder);
    snprintf(upstream, sizeof upstream, "http://127.0.0.1:%u", upstream_port);
    p->pid = fork();
    if (p->pid == 0) {
        dup2(out[1], STDOUT_FILENO);
        close(out[0]);
        close(out[1]);
        execl(path, path, "serve", "--http", "127.0.0.1:0", "--grpc", "", "--state-dir", p->folder,
              "--socket", socket_path, "--config", "/dev/null", "--journal", memory ? "memory" : "disk",
              "--upstream-http", upstream_port ? upstream : "", (char *)NULL);
        die(strerror(errno));
    }
    close(out[1]);
    p->port = read_ready(out[0]);
    close(out[0]);
}

void program_stop(struct program *p)
{
    int status = 0;
    kill(p->pid, SIGTERM);
    waitpid(p->pid, &status, 0);
    nftw(p->folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    if (!WIFEXITED(status) || WEXITSTATUS(status))
        die("the program did not end well");
}

/* -------------------------------------------------------------------------------------------------- /proc */

static void read_proc(pid_t pid, const char *file, char *out, size_t size)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%ld/%s", (long)pid, file);
    FILE *f = fopen(path, "r");
    size_t n = f ? fread(out, 1, size - 1, f) : 0;
    if (!n)
        die("cannot read /proc");
    out[n] = '\0';
    fclose(f);
}

double process_cpu(pid_t pid)
{
    char text[1024];
    read_proc(pid, "stat", text, sizeof text);
    /* The name may hold blanks: fields are counted from its closing bracket. utime and stime are 14 and 15.
     */
    char *at = strrchr(text, ')');
    for (int field = 2; at && field < 14; field++)
        at = strchr(at + 1, ' ');
    if (!at)
        die("cannot read /proc");
    unsigned long long user = strtoull(at, &at, 10), system = strtoull(at, NULL, 10);
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

size_t process_rss(pid_t pid)
{
    char text[256];
    read_proc(pid, "statm", text, sizeof text);
    char *second = strchr(text, ' ');
    if (!second)
        die("cannot read /proc");
    return strtoul(second, NULL, 10) * (size_t)sysconf(_SC_PAGESIZE);
}

void process_settle(pid_t pid)
{
    double before;
    do {
        before = process_cpu(pid);
        poll(NULL, 0, SETTLE_MS);
    } while (process_cpu(pid) > before);
}
