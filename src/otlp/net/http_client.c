#include "http_client_private.h"

#include "mem.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

struct http_socket {
    uv_poll_t poll;
    struct http_client *client;
    curl_socket_t fd;
};

/* Hands out the results that libcurl has ready. A callback may start or cancel transfers, so ask anew each
 * time. */
static void take_results(struct http_client *c)
{
    CURLMsg *message;
    int left;
    while (!c->closing && (message = curl_multi_info_read(c->multi, &left)) != NULL) {
        if (message->msg != CURLMSG_DONE)
            continue;
        CURLcode code = message->data.result;
        struct http_transfer *t = NULL;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&t);
        http_transfer_finish(t, code);
    }
}

static void on_timer(uv_timer_t *timer)
{
    struct http_client *c = timer->data;
    int running;
    curl_multi_socket_action(c->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    take_results(c);
}

static int set_timer(CURLM *multi, long timeout_ms, void *userp)
{
    (void)multi;
    struct http_client *c = userp;
    if (c->closing)
        return 0;
    if (timeout_ms < 0) {
        uv_timer_stop(&c->timer);
        return 0;
    }
    uv_timer_start(&c->timer, on_timer, (uint64_t)timeout_ms, 0);
    return 0;
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct http_socket *s = poll->data;
    struct http_client *c = s->client;
    int flags = 0, running;
    if (status < 0)
        flags = CURL_CSELECT_ERR;
    if (events & UV_READABLE)
        flags |= CURL_CSELECT_IN;
    if (events & UV_WRITABLE)
        flags |= CURL_CSELECT_OUT;
    curl_multi_socket_action(c->multi, s->fd, flags, &running); /* may free s */
    take_results(c);
}

static void destroy(struct http_client *c)
{
    free(c->ca_file);
    free(c->cert_file);
    free(c->key_file);
    free(c);
    curl_global_cleanup();
}

static void on_handle_closed(struct http_client *c)
{
    if (--c->handles || !c->closing)
        return;
    void (*done)(void *) = c->done;
    void *ctx = c->done_ctx;
    destroy(c);
    done(ctx);
}

static void on_socket_closed(uv_handle_t *handle)
{
    struct http_socket *s = handle->data;
    struct http_client *c = s->client;
    free(s);
    on_handle_closed(c);
}

static void on_timer_closed(uv_handle_t *handle)
{
    on_handle_closed(handle->data);
}

static int set_socket(CURL *easy, curl_socket_t fd, int what, void *userp, void *socketp)
{
    (void)easy;
    struct http_client *c = userp;
    struct http_socket *s = socketp;
    if (what == CURL_POLL_REMOVE) {
        if (s) {
            /* Stopping takes the descriptor out of epoll at once: libcurl may close it when this returns. */
            uv_poll_stop(&s->poll);
            uv_close((uv_handle_t *)&s->poll, on_socket_closed);
            curl_multi_assign(c->multi, fd, NULL);
        }
        return 0;
    }
    if (!s) {
        s = mem_alloc(sizeof *s);
        s->client = c;
        s->fd = fd;
        s->poll.data = s;
        if (uv_poll_init_socket(c->loop, &s->poll, fd)) {
            /* An error told to libcurl would end this client for good; unwatched, the request runs into its
             * timeout. */
            free(s);
            return 0;
        }
        c->handles++;
        curl_multi_assign(c->multi, fd, s);
    }
    int events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
    uv_poll_start(&s->poll, events, on_poll);
    return 0;
}

static char *copy(const char *text)
{
    return text ? mem_strdup(slice_str(text)) : NULL;
}

static enum ct_err check_file(const char *path, const char *what, struct ct_errmsg *msg)
{
    if (!path || access(path, R_OK) == 0)
        return CT_OK;
    return ct_fail(msg, CT_ERR_USAGE, "cannot read the %s %.200s: %s", what, path, strerror(errno));
}

enum ct_err http_client_create(uv_loop_t *loop, const struct http_client_config *config,
                               struct http_client **out, struct ct_errmsg *msg)
{
    *out = NULL;
    enum ct_err err = check_file(config->ca_file, "upstream's CA certificates", msg);
    if (!err)
        err = check_file(config->cert_file, "client certificate", msg);
    if (!err)
        err = check_file(config->key_file, "client certificate's key", msg);
    if (!err && config->key_file && !config->cert_file)
        err = ct_fail(msg, CT_ERR_USAGE, "a key for the upstream needs its certificate too");
    if (err)
        return err;
    if (curl_global_init(CURL_GLOBAL_DEFAULT))
        return ct_fail(msg, CT_ERR_NOMEM, "libcurl could not be initialised");
    struct http_client *c = mem_alloc(sizeof *c);
    c->loop = loop;
    c->http2 = config->http2;
    c->direct = config->direct;
    c->connection_age_ms = config->connection_age_ms;
    c->is_own = config->is_own;
    c->is_own_ctx = config->ctx;
    c->ca_file = copy(config->ca_file);
    c->cert_file = copy(config->cert_file);
    c->key_file = copy(config->key_file);
    c->multi = curl_multi_init();
    if (!c->multi) {
        destroy(c);
        return ct_fail(msg, CT_ERR_NOMEM, "libcurl could not be initialised");
    }
    uv_timer_init(loop, &c->timer);
    c->timer.data = c;
    c->handles = 1;
    curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, set_socket);
    curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
    curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, set_timer);
    curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
    /* One request a connection: what one answer does (hang, break off) is no other lane's business. */
    curl_multi_setopt(c->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
    *out = c;
    return CT_OK;
}

void http_client_close(struct http_client *c, void (*done)(void *ctx), void *ctx)
{
    c->done = done;
    c->done_ctx = ctx;
    c->closing = true;
    curl_multi_cleanup(c->multi);
    uv_timer_stop(&c->timer);
    uv_close((uv_handle_t *)&c->timer, on_timer_closed);
}
