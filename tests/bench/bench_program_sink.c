/* The sink: an HTTP/1.1 or gRPC server in a process of its own, and what it counts. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "bench_program.h"

#include "mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <nghttp2/nghttp2.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PEERS_MAX (CONNECTIONS_MAX * 2)

struct counts {
    atomic_uint_fast64_t requests, bytes, disorder;
    uint64_t last[BENCH_SIGNALS]; /* X-Number */
};

struct sink {
    enum transport transport;
    int listener;
    pid_t pid;
    unsigned port;
    struct counts *counts; /* shared with the process */
};

/* HTTP/1.1: heads are gathered, bodies only counted. */
struct peer {
    struct counts *counts;
    int fd;
    char head[8192];
    size_t head_len;
    size_t body_left;
    nghttp2_session *session; /* gRPC */
};

/* ------------------------------------------------------------------------------------------------- HTTP/1 */

static const char *header(const char *head, const char *name)
{
    size_t len = strlen(name);
    for (const char *line = head; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (slice_eq_nocase(slice_make(line, strnlen(line, len)), slice_str(name)))
            return line + len;
    }
    return NULL;
}

static void count_head(struct peer *p)
{
    const char *length = header(p->head, "content-length:"), *number = header(p->head, "x-number:");
    p->body_left = length ? strtoul(length, NULL, 10) : 0;
    atomic_fetch_add(&p->counts->bytes, p->body_left);
    if (!number)
        return;
    uint64_t n = strtoull(number, NULL, 10);
    unsigned signal = strstr(p->head, "/v1/logs ")     ? BENCH_LOGS
                      : strstr(p->head, "/v1/traces ") ? BENCH_TRACES
                                                       : BENCH_METRICS;
    if (n <= p->counts->last[signal])
        atomic_fetch_add(&p->counts->disorder, 1);
    p->counts->last[signal] = n;
}

/* False when the connection is over. */
static bool serve_http(struct peer *p)
{
    static const char reply[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    static char room[262144];
    ssize_t n = recv(p->fd, room, sizeof room, 0);
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
            count_head(p);
        }
        if (p->body_left)
            continue;
        atomic_fetch_add(&p->counts->requests, 1);
        if (send(p->fd, reply, sizeof reply - 1, MSG_NOSIGNAL) != sizeof reply - 1)
            return false;
    }
    return true;
}

/* --------------------------------------------------------------------------------------------------- gRPC */

#define NV(name, value)                                                                                      \
    {                                                                                                        \
        (uint8_t *)(uintptr_t)(name), (uint8_t *)(uintptr_t)(value), sizeof(name) - 1, sizeof(value) - 1, 0  \
    }

/* The empty message of every Export…ServiceResponse, then the status. */
static ssize_t read_reply(nghttp2_session *session, int32_t id, uint8_t *to, size_t length, uint32_t *flags,
                          nghttp2_data_source *source, void *ctx)
{
    static const nghttp2_nv status[] = {NV("grpc-status", "0")};
    (void)source, (void)ctx;
    if (length < 5)
        return NGHTTP2_ERR_DEFERRED;
    memset(to, 0, 5);
    *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
    return nghttp2_submit_trailer(session, id, status, 1) ? NGHTTP2_ERR_CALLBACK_FAILURE : 5;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *bytes, size_t len,
                   void *ctx)
{
    struct peer *p = ctx;
    (void)session, (void)flags, (void)id, (void)bytes;
    atomic_fetch_add(&p->counts->bytes, len);
    return 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *ctx)
{
    static const nghttp2_nv headers[] = {NV(":status", "200"), NV("content-type", "application/grpc")};
    struct peer *p = ctx;
    if (frame->hd.type != NGHTTP2_DATA || !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
        return 0;
    nghttp2_data_provider body = {.read_callback = read_reply};
    atomic_fetch_add(&p->counts->requests, 1);
    return nghttp2_submit_response(session, frame->hd.stream_id, headers, 2, &body)
               ? NGHTTP2_ERR_CALLBACK_FAILURE
               : 0;
}

static bool flush_grpc(struct peer *p)
{
    const uint8_t *bytes;
    ssize_t n;
    while ((n = nghttp2_session_mem_send(p->session, &bytes)) > 0)
        if (send(p->fd, bytes, (size_t)n, MSG_NOSIGNAL) != n)
            return false;
    return n == 0;
}

static bool serve_grpc(struct peer *p)
{
    static uint8_t room[262144];
    ssize_t n = recv(p->fd, room, sizeof room, 0);
    if (n <= 0)
        return n < 0 && errno == EAGAIN;
    return nghttp2_session_mem_recv(p->session, room, (size_t)n) == n && flush_grpc(p);
}

static bool open_grpc(struct peer *p)
{
    static const nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1 << 20}};
    nghttp2_session_callbacks *callbacks;
    if (nghttp2_session_callbacks_new(&callbacks))
        return false;
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    bool well = nghttp2_session_server_new(&p->session, callbacks, p) == 0 &&
                nghttp2_submit_settings(p->session, NGHTTP2_FLAG_NONE, settings, 1) == 0 && flush_grpc(p);
    nghttp2_session_callbacks_del(callbacks);
    return well;
}

/* ------------------------------------------------------------------------------------------------ process */

static void run(const struct sink *s)
{
    static struct pollfd fds[PEERS_MAX + 1];
    static struct peer *peers[PEERS_MAX + 1];
    size_t count = 1;
    fds[0] = (struct pollfd){.fd = s->listener, .events = POLLIN};
    for (;;) {
        poll(fds, count, -1);
        for (size_t i = count; i-- > 1;) {
            struct peer *p = peers[i];
            if (!fds[i].revents || (p->session ? serve_grpc(p) : serve_http(p)))
                continue;
            close(p->fd);
            nghttp2_session_del(p->session);
            free(p);
            fds[i] = fds[--count];
            peers[i] = peers[count];
        }
        if (!fds[0].revents || count == sizeof fds / sizeof *fds)
            continue;
        int fd = accept(s->listener, NULL, NULL);
        if (fd < 0)
            continue;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
        struct peer *p = mem_alloc(sizeof *p);
        p->fd = fd;
        p->counts = s->counts;
        if (s->transport == TRANSPORT_GRPC && !open_grpc(p))
            die("no memory");
        fds[count] = (struct pollfd){.fd = fd, .events = POLLIN};
        peers[count++] = p;
    }
}

struct sink *sink_create(enum transport transport)
{
    struct sink *s = mem_alloc(sizeof *s);
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t size = sizeof at;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    s->transport = transport;
    s->listener = socket(AF_INET, SOCK_STREAM, 0);
    if (s->listener < 0 || bind(s->listener, (struct sockaddr *)&at, sizeof at) ||
        getsockname(s->listener, (struct sockaddr *)&at, &size))
        die("the sink cannot have a port");
    s->port = ntohs(at.sin_port);
    s->counts = mmap(NULL, sizeof *s->counts, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (s->counts == MAP_FAILED)
        die("no memory");
    return s;
}

void sink_serve(struct sink *s)
{
    if (listen(s->listener, 64))
        die("the sink cannot listen");
    s->pid = fork();
    if (s->pid == 0) {
        end_with_parent();
        run(s);
    }
    close(s->listener);
}

void sink_stop(struct sink *s)
{
    kill(s->pid, SIGKILL);
    waitpid(s->pid, NULL, 0);
    munmap(s->counts, sizeof *s->counts);
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
    return atomic_load(&s->counts->requests);
}

uint64_t sink_bytes(const struct sink *s)
{
    return atomic_load(&s->counts->bytes);
}

uint64_t sink_disorder(const struct sink *s)
{
    return atomic_load(&s->counts->disorder);
}
