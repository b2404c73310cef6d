#include "deliver.h"

#include "clock.h"
#include "version.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define HEAD_MAX 512
#define READ_MAX 65536
/* The queue of a listening socket is full: asked again after this. */
#define RETRY_NS NS_PER_MS

/* False when the deadline came first. */
static bool wait_for(int fd, short events, int64_t deadline_ns)
{
    for (;;) {
        int64_t left = deadline_ns - clock_mono();
        if (left <= 0)
            return false;
        struct pollfd p = {.fd = fd, .events = events};
        int n = poll(&p, 1, (int)((left + NS_PER_MS - 1) / NS_PER_MS));
        if (n > 0)
            return (p.revents & POLLNVAL) == 0;
        if (n < 0 && errno != EINTR)
            return false;
    }
}

static bool connect_in_time(int fd, const struct sockaddr_un *addr, int64_t deadline_ns)
{
    while (connect(fd, (const struct sockaddr *)addr, sizeof *addr)) {
        if (errno != EAGAIN && errno != EINTR)
            return false;
        if (clock_mono() + RETRY_NS >= deadline_ns)
            return false;
        nanosleep(&(struct timespec){.tv_nsec = RETRY_NS}, NULL);
    }
    return true;
}

static bool send_all(int fd, struct slice data, int64_t deadline_ns)
{
    while (data.len) {
        ssize_t n = send(fd, data.ptr, data.len, MSG_NOSIGNAL);
        if (n > 0)
            data = slice_sub(data, (size_t)n, data.len);
        else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            if (!wait_for(fd, POLLOUT, deadline_ns))
                return false;
        } else if (n == 0 || errno != EINTR) {
            return false;
        }
    }
    return true;
}

/* The answer ends with the connection: it was asked to close. */
static bool read_reply(int fd, int64_t deadline_ns, struct buf *reply)
{
    struct buf in;
    buf_init(&in, DELIVER_REPLY_MAX);
    bool ok = deliver_read_all(fd, deadline_ns, &in);
    struct slice answer = buf_slice(&in);
    size_t at = slice_find_slice(answer, SLICE_LIT("\r\n\r\n"));
    ok = ok && at < answer.len && slice_starts(answer, SLICE_LIT("HTTP/1.")) &&
         slice_eq_str(slice_sub(answer, slice_find(answer, ' ') + 1, 3), "200") &&
         buf_append(reply, slice_sub(answer, at + 4, answer.len)) == CT_OK;
    buf_finish(&in);
    return ok;
}

bool deliver(const char *socket_path, const char *target, const char *header, struct slice body,
             int64_t deadline_ns, struct buf *reply)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    char head[HEAD_MAX];
    int n = snprintf(head, sizeof head,
                     "POST %s HTTP/1.1\r\nHost: claude-top\r\nContent-Type: application/json\r\n"
                     "User-Agent: claude-top/" CT_VERSION
                     "\r\nContent-Length: %zu\r\nConnection: close\r\n%s%s\r\n",
                     target, body.len, header ? header : "", header ? "\r\n" : "");
    if (n < 0 || (size_t)n >= sizeof head || !socket_path[0] || strlen(socket_path) >= sizeof addr.sun_path)
        return false;
    memcpy(addr.sun_path, socket_path, strlen(socket_path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0)
        return false;
    bool ok = fcntl(fd, F_SETFL, O_NONBLOCK) == 0 && connect_in_time(fd, &addr, deadline_ns) &&
              send_all(fd, slice_make(head, (size_t)n), deadline_ns) && send_all(fd, body, deadline_ns) &&
              (!reply || read_reply(fd, deadline_ns, reply));
    close(fd);
    return ok;
}

bool deliver_read_all(int fd, int64_t deadline_ns, struct buf *out)
{
    static char piece[READ_MAX];
    bool fits = true;
    for (;;) {
        if (!wait_for(fd, POLLIN, deadline_ns))
            return false;
        ssize_t n = read(fd, piece, sizeof piece);
        if (n == 0)
            return fits;
        if (n < 0 && errno != EINTR && errno != EAGAIN)
            return false;
        if (n > 0)
            fits = fits && buf_append(out, slice_make(piece, (size_t)n)) == CT_OK;
    }
}
