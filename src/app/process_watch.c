#define _GNU_SOURCE /* syscall */
#include "process_watch.h"

#include "mem.h"
#include "process_identity.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SESSION_ID_MAX 160
/* Hooks that name a process are small; a larger body is none of ours. */
#define BODY_MAX (1u << 20)

struct watched {
    struct watched *next; /* newest first */
    struct process_watch *owner;
    char session_id[SESSION_ID_MAX + 1];
    char identity[PROCESS_HEADER_MAX];
    int fd; /* of the process; -1: it is gone */
    uv_poll_t poll;
};

struct process_watch {
    uv_loop_t *loop;
    void (*on_exit)(void *ctx, const char *session_id);
    void *ctx;
    struct watched *first;
    unsigned closing; /* handles whose close callback has not come */
    bool stopped;
    void (*done)(void *ctx);
    void *done_ctx;
};

struct process_watch *process_watch_create(uv_loop_t *loop,
                                           void (*on_exit)(void *ctx, const char *session_id), void *ctx)
{
    struct process_watch *w = mem_alloc(sizeof *w);
    *w = (struct process_watch){.loop = loop, .on_exit = on_exit, .ctx = ctx};
    return w;
}

static void end_if_stopped(struct process_watch *w)
{
    if (!w->stopped || w->closing)
        return;
    void (*done)(void *) = w->done;
    void *ctx = w->done_ctx;
    free(w);
    done(ctx);
}

static void on_closed(uv_handle_t *handle)
{
    struct watched *e = handle->data;
    struct process_watch *w = e->owner;
    close(e->fd);
    free(e);
    w->closing--;
    end_if_stopped(w);
}

static void forget(struct process_watch *w, struct watched *e)
{
    for (struct watched **at = &w->first; *at; at = &(*at)->next)
        if (*at == e) {
            *at = e->next;
            break;
        }
    if (e->fd < 0) {
        free(e);
        return;
    }
    w->closing++;
    uv_close((uv_handle_t *)&e->poll, on_closed);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct watched *e = poll->data;
    struct process_watch *w = e->owner;
    char session_id[SESSION_ID_MAX + 1];
    (void)status;
    (void)events;
    memcpy(session_id, e->session_id, sizeof session_id);
    forget(w, e);
    w->on_exit(w->ctx, session_id);
}

static int open_process(const char *identity)
{
#if defined(SYS_pidfd_open)
    char *end, now[PROCESS_HEADER_MAX];
    long pid = strtol(identity, &end, 10);
    if (pid <= 0 || *end != ' ')
        return -1;
    int fd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
    if (fd < 0)
        return -1;
    /* Asked after it was opened: from here on the number cannot be used again unnoticed. */
    if (process_identity_of(pid, now) && strcmp(now, identity) == 0)
        return fd;
    close(fd);
#else
    (void)identity;
#endif
    return -1;
}

static bool can_watch(void)
{
#if defined(SYS_pidfd_open)
    return true;
#else
    return false;
#endif
}

static void add(struct process_watch *w, const char *session_id, const char *identity)
{
    size_t count = 0;
    struct watched *same = NULL, *oldest = NULL;
    for (struct watched *e = w->first; e; e = e->next) {
        same = strcmp(e->session_id, session_id) == 0 ? e : same;
        oldest = e;
        count++;
    }
    if (same && strcmp(same->identity, identity) == 0)
        return;
    if (same)
        forget(w, same);
    else if (count == PROCESS_WATCH_MAX)
        forget(w, oldest);
    struct watched *e = mem_alloc(sizeof *e);
    e->owner = w;
    memcpy(e->session_id, session_id, strlen(session_id) + 1);
    memcpy(e->identity, identity, strlen(identity) + 1);
    e->fd = open_process(identity);
    if (e->fd >= 0 && uv_poll_init(w->loop, &e->poll, e->fd)) {
        close(e->fd);
        free(e);
        return;
    }
    e->poll.data = e;
    if (e->fd >= 0)
        uv_poll_start(&e->poll, UV_READABLE, on_poll);
    e->next = w->first;
    w->first = e;
}

void process_watch_frame(struct process_watch *w, const struct frame *frame)
{
    char identity[PROCESS_HEADER_MAX];
    if (frame->source != FRAME_HOOK || w->stopped || !can_watch())
        return;
    struct slice header = frame_header_get(frame, PROCESS_HEADER);
    if (header.len == 0 || header.len >= sizeof identity || frame->body.len > BODY_MAX)
        return;
    memcpy(identity, header.ptr, header.len);
    identity[header.len] = '\0';
    cJSON *json = cJSON_ParseWithLength(frame->body.ptr, frame->body.len);
    const char *session = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "session_id"));
    if (session && session[0] && strlen(session) <= SESSION_ID_MAX)
        add(w, session, identity);
    cJSON_Delete(json);
}

void process_watch_settled(struct process_watch *w)
{
    for (struct watched *e = w->first, *next; e; e = next) {
        char session_id[SESSION_ID_MAX + 1];
        next = e->next;
        if (e->fd >= 0)
            continue;
        memcpy(session_id, e->session_id, sizeof session_id);
        forget(w, e);
        w->on_exit(w->ctx, session_id);
    }
}

void process_watch_stop(struct process_watch *w, void (*done)(void *ctx), void *ctx)
{
    if (!w) {
        done(ctx);
        return;
    }
    w->stopped = true;
    w->done = done;
    w->done_ctx = ctx;
    while (w->first)
        forget(w, w->first);
    end_if_stopped(w);
}
