#include "receiver_internal.h"

#include "mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool listener_prepare_fd(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

static void on_retry(uv_timer_t *timer)
{
    listener_retry(timer->data);
}

/* The system has no room for another socket: callers wait in the backlog, and nothing spins. */
static void pause_all(struct receiver *r)
{
    r->paused = true;
    for (struct listener *l = r->listeners; l; l = l->next)
        uv_poll_stop(&l->poll);
    uv_timer_start(&r->retry, on_retry, LISTENER_RETRY_MS, 0);
}

/* Gives the reserve up for a moment to take one caller and turn it away. False with errno EAGAIN when there
 * is none: without a descriptor accept() does not get as far as finding out. */
static bool turn_one_away(struct receiver *r, int fd)
{
    if (r->reserve_fd < 0)
        r->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (r->reserve_fd < 0)
        return false;
    close(r->reserve_fd);
    int caller = accept(fd, NULL, NULL), why = errno;
    if (caller >= 0) {
        close(caller);
        receiver_count_refusal(r, OTLP_REFUSED_CONNECTIONS);
    }
    r->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    errno = why;
    return caller >= 0 && r->reserve_fd >= 0;
}

static void on_callers(uv_poll_t *poll, int status, int events)
{
    (void)events;
    struct listener *l = poll->data;
    struct receiver *r = l->r;
    if (status < 0) {
        pause_all(r);
        return;
    }
    for (int i = 0; i < LISTENER_BURST && !r->stopping; i++) {
        int fd = accept(l->fd, NULL, NULL);
        if (fd >= 0) {
            if (r->stats.connections_open >= r->config.limits.connections || !listener_prepare_fd(fd)) {
                receiver_count_refusal(r, OTLP_REFUSED_CONNECTIONS);
                close(fd);
            } else if (l->local && !listener_peer_allowed(fd)) {
                receiver_count_refusal(r, OTLP_REFUSED_PEER);
                close(fd);
            } else {
                connection_accept(r, fd, l->local);
            }
            continue;
        }
        if (errno == EINTR || errno == ECONNABORTED)
            continue;
        if ((errno == EMFILE || errno == ENFILE) && turn_one_away(r, l->fd))
            continue;
        if (errno == EAGAIN || errno == EWOULDBLOCK)
            return;
        pause_all(r);
        return;
    }
}

void listener_retry(struct receiver *r)
{
    r->paused = false;
    for (struct listener *l = r->listeners; l; l = l->next)
        uv_poll_start(&l->poll, UV_READABLE, on_callers);
}

enum ct_err listener_add(struct receiver *r, int fd, bool local, struct listener **out, struct ct_errmsg *msg)
{
    struct listener *l = mem_alloc(sizeof(*l));
    l->r = r;
    l->fd = fd;
    l->local = local;
    int err = r->stopping ? UV_ECANCELED : uv_poll_init(r->loop, &l->poll, fd);
    if (err) {
        close(fd);
        free(l);
        return ct_fail(msg, CT_ERR_IO, "cannot watch a listening socket: %s", uv_strerror(err));
    }
    l->poll.data = l;
    l->next = r->listeners;
    r->listeners = l;
    r->handles++;
    if (!r->paused)
        uv_poll_start(&l->poll, UV_READABLE, on_callers);
    if (out)
        *out = l;
    return CT_OK;
}

static void on_closed(uv_handle_t *handle)
{
    struct listener *l = handle->data;
    struct receiver *r = l->r;
    free(l->path);
    free(l);
    receiver_handle_closed(r);
}

/* Removes the socket file unless somebody has put another one in its place. */
static void remove_path(const struct listener *l)
{
    struct stat st;
    if (l->path && lstat(l->path, &st) == 0 && st.st_dev == l->dev && st.st_ino == l->ino)
        unlink(l->path);
}

void listener_close_all(struct receiver *r)
{
    struct listener *l = r->listeners;
    r->listeners = NULL;
    uv_timer_stop(&r->retry);
    while (l) {
        struct listener *next = l->next;
        remove_path(l);
        uv_close((uv_handle_t *)&l->poll, on_closed);
        close(l->fd);
        l = next;
    }
}
