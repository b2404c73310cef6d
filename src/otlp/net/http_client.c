#include "http_client.h"

#include "buf.h"
#include "mem.h"

#include <ctype.h>
#include <curl/curl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* The value of a Retry-After header that is kept: an HTTP date has 29 characters. */
#define RETRY_AFTER_MAX 64

/* A response buffer that one answer has grown past this is given back afterwards. */
#define RESPONSE_KEEP ((size_t)64 * 1024)

struct http_client {
    uv_loop_t *loop;
    CURLM *multi;
    uv_timer_t timer;
    size_t handles; /* libuv handles that are not closed yet */
    bool closing;
    void (*done)(void *ctx);
    void *done_ctx;
};

struct http_socket {
    uv_poll_t poll;
    struct http_client *client;
    curl_socket_t fd;
};

struct http_transfer {
    struct http_client *client;
    CURL *easy;
    struct curl_slist *headers;
    struct buf line; /* one header line while headers are built */
    struct buf body; /* of the answer */
    char retry_after[RETRY_AFTER_MAX];
    size_t retry_after_len;
    bool has_retry_after;
    char error[CURL_ERROR_SIZE];
    char words[HTTP_CLIENT_TEXT_MAX];
    uint32_t connect_timeout_ms;
    uint32_t timeout_ms;
    http_result_fn fn; /* NULL: free */
    void *ctx;
};

static void say_timeout(struct http_transfer *t, const char *what, uint32_t ms)
{
    if (ms % 1000)
        snprintf(t->words, sizeof t->words, "%s within %" PRIu32 " ms", what, ms);
    else
        snprintf(t->words, sizeof t->words, "%s within %" PRIu32 " s", what, ms / 1000);
}

/* What happened to a request that brought no HTTP status. */
static const char *describe(struct http_transfer *t, CURLcode code)
{
    char *words = t->words;
    size_t cap = sizeof t->words;
    long os = 0;
    double connected = 0;
    switch (code) {
    case CURLE_COULDNT_CONNECT:
        curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &os);
        if (os) {
            snprintf(words, cap, "%s", strerror((int)os));
            words[0] = (char)tolower((unsigned char)words[0]);
        } else {
            snprintf(words, cap, "no connection: %s", t->error);
        }
        break;
    case CURLE_COULDNT_RESOLVE_HOST:
        snprintf(words, cap, "host name not found");
        break;
    case CURLE_COULDNT_RESOLVE_PROXY:
        snprintf(words, cap, "host name of the proxy not found");
        break;
    case CURLE_OPERATION_TIMEDOUT:
        curl_easy_getinfo(t->easy, CURLINFO_PRETRANSFER_TIME, &connected);
        if (connected > 0)
            say_timeout(t, "no answer", t->timeout_ms);
        else
            say_timeout(t, "no connection", t->connect_timeout_ms ? t->connect_timeout_ms : t->timeout_ms);
        break;
    case CURLE_GOT_NOTHING:
        snprintf(words, cap, "connection closed without an answer");
        break;
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
        snprintf(words, cap, "connection lost");
        break;
    case CURLE_UNSUPPORTED_PROTOCOL: /* HTTP/0.9 is off: any bytes without a status line */
    case CURLE_WEIRD_SERVER_REPLY:
        snprintf(words, cap, "the answer is not HTTP/1");
        break;
    default:
        snprintf(words, cap, "%s", t->error[0] ? t->error : curl_easy_strerror(code));
    }
    return words;
}

static void finish_transfer(struct http_transfer *t, CURLcode code)
{
    curl_multi_remove_handle(t->client->multi, t->easy);
    long status = 0;
    const char *content_type = NULL;
    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(t->easy, CURLINFO_CONTENT_TYPE, &content_type);
    /* A status that came decides, whatever happened to the rest of the answer. */
    bool answered = status >= 200 && status <= 999;
    struct http_result result = {
        .status = answered ? (int)status : 0,
        .truncated = answered && code != CURLE_OK,
        .content_type = slice_str(answered ? content_type : NULL),
        .retry_after =
            answered && t->has_retry_after ? slice_make(t->retry_after, t->retry_after_len) : SLICE_NULL,
        .body = buf_slice(&t->body),
        .failure = answered ? "" : describe(t, code),
    };
    http_result_fn fn = t->fn;
    t->fn = NULL;
    fn(t->ctx, &result);
}

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
        finish_transfer(t, code);
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

static void on_handle_closed(struct http_client *c)
{
    if (--c->handles || !c->closing)
        return;
    void (*done)(void *) = c->done;
    void *ctx = c->done_ctx;
    free(c);
    curl_global_cleanup();
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

enum ct_err http_client_create(uv_loop_t *loop, struct http_client **out, struct ct_errmsg *msg)
{
    *out = NULL;
    if (curl_global_init(CURL_GLOBAL_DEFAULT))
        return ct_fail(msg, CT_ERR_NOMEM, "libcurl could not be initialised");
    struct http_client *c = mem_alloc(sizeof *c);
    c->loop = loop;
    c->multi = curl_multi_init();
    if (!c->multi) {
        free(c);
        curl_global_cleanup();
        return ct_fail(msg, CT_ERR_NOMEM, "libcurl could not be initialised");
    }
    uv_timer_init(loop, &c->timer);
    c->timer.data = c;
    c->handles = 1;
    curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, set_socket);
    curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
    curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, set_timer);
    curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
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

static size_t on_header(char *data, size_t size, size_t count, void *userp)
{
    struct http_transfer *t = userp;
    struct slice line = slice_make(data, size * count);
    if (slice_starts(line, SLICE_LIT("HTTP/"))) { /* an answer begins; the last one counts */
        t->has_retry_after = false;
        return line.len;
    }
    size_t colon = slice_find(line, ':');
    if (colon < line.len && slice_eq_nocase(slice_sub(line, 0, colon), SLICE_LIT("retry-after"))) {
        struct slice value = slice_sub(line, colon + 1, line.len);
        while (value.len && (value.ptr[value.len - 1] == '\n' || value.ptr[value.len - 1] == '\r'))
            value.len--;
        value = slice_trim(value);
        if (value.len <= sizeof t->retry_after) {
            if (value.len)
                memcpy(t->retry_after, value.ptr, value.len);
            t->retry_after_len = value.len;
            t->has_retry_after = true;
        }
    }
    return line.len;
}

static size_t on_body(char *data, size_t size, size_t count, void *userp)
{
    struct http_transfer *t = userp;
    size_t n = size * count;
    /* Taking less than was offered ends the transfer: the limit, or no memory. */
    return buf_append(&t->body, slice_make(data, n)) ? 0 : n;
}

struct http_transfer *http_transfer_create(struct http_client *client)
{
    struct http_transfer *t = mem_alloc(sizeof *t);
    t->client = client;
    buf_init(&t->line, FRAME_BYTES_MAX);
    buf_init(&t->body, 0);
    return t;
}

static bool sendable(struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '\0' || s.ptr[i] == '\r' || s.ptr[i] == '\n')
            return false;
    }
    return true;
}

static enum ct_err add_line(struct http_transfer *t, const char *line)
{
    struct curl_slist *more = line ? curl_slist_append(t->headers, line) : NULL;
    if (!more)
        return CT_ERR_NOMEM;
    t->headers = more;
    return CT_OK;
}

static enum ct_err add_header(struct http_transfer *t, struct slice name, struct slice value)
{
    /* A name that ends early would read as a line with another name or none. */
    if (name.len == 0 || !sendable(name) || !sendable(value) || slice_find(name, ':') < name.len ||
        slice_find(name, ';') < name.len)
        return CT_ERR_FORMAT;
    value = slice_trim(value);
    buf_clear(&t->line);
    enum ct_err err = buf_append(&t->line, name);
    /* "Name;" is how libcurl is told to send a header without a value; "Name:" would remove it. */
    if (!err)
        err = buf_append_str(&t->line, value.len ? ": " : ";");
    if (!err)
        err = buf_append(&t->line, value);
    return err ? err : add_line(t, buf_cstr(&t->line));
}

static bool has_header(const struct http_request *r, const char *name)
{
    for (size_t i = 0; i < r->header_count; i++) {
        if (slice_eq_nocase(r->headers[i].name, slice_str(name)))
            return true;
    }
    return false;
}

static enum ct_err build_headers(struct http_transfer *t, const struct http_request *r)
{
    static const char *const added_by_curl[] = {"Accept", "Content-Type", "Expect", "User-Agent"};
    enum ct_err err = CT_OK;
    for (size_t i = 0; i < r->header_count && !err; i++)
        err = add_header(t, r->headers[i].name, r->headers[i].value);
    for (size_t i = 0; i < sizeof added_by_curl / sizeof *added_by_curl && !err; i++) {
        if (has_header(r, added_by_curl[i]))
            continue;
        char line[32];
        snprintf(line, sizeof line, "%s:", added_by_curl[i]);
        err = add_line(t, line);
    }
    return err;
}

static void drop_headers(struct http_transfer *t)
{
    curl_slist_free_all(t->headers);
    t->headers = NULL;
}

static void set_options(struct http_transfer *t, const struct http_request *r)
{
    CURL *e = t->easy;
    curl_easy_setopt(e, CURLOPT_PRIVATE, (char *)t);
    curl_easy_setopt(e, CURLOPT_ERRORBUFFER, t->error);
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
#if LIBCURL_VERSION_NUM >= 0x075700
    /* A request that ends while its host name is being resolved leaves that to the thread it is in: waiting
     * for a name server that does not answer would stop the loop. */
    curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L);
#endif
#if LIBCURL_VERSION_NUM >= 0x075500
    curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    curl_easy_setopt(e, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
    curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(e, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(e, CURLOPT_URL, r->url);
    curl_easy_setopt(e, CURLOPT_HTTPHEADER, t->headers);
    curl_easy_setopt(e, CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE); /* none of them is for a proxy */
    /* Whoever lets the upstream compress its answers has them decompressed here, to be read. */
    curl_easy_setopt(e, CURLOPT_ACCEPT_ENCODING, has_header(r, "Accept-Encoding") ? "" : NULL);
    curl_easy_setopt(e, CURLOPT_POST, 1L);
    curl_easy_setopt(e, CURLOPT_POSTFIELDS, r->body.len ? r->body.ptr : "");
    curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body.len);
    curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)r->connect_timeout_ms);
    curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)r->timeout_ms);
    curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(e, CURLOPT_HEADERDATA, t);
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(e, CURLOPT_WRITEDATA, t);
}

enum ct_err http_transfer_start(struct http_transfer *t, const struct http_request *request,
                                http_result_fn fn, void *ctx)
{
    if (!t->easy)
        t->easy = curl_easy_init();
    if (!t->easy)
        return CT_ERR_NOMEM;
    drop_headers(t);
    enum ct_err err = build_headers(t, request);
    if (err)
        return err;
    if (t->body.cap > RESPONSE_KEEP)
        buf_finish(&t->body);
    buf_clear(&t->body);
    t->body.max = request->response_bytes_max;
    t->has_retry_after = false;
    t->error[0] = '\0';
    t->connect_timeout_ms = request->connect_timeout_ms;
    t->timeout_ms = request->timeout_ms;
    curl_easy_reset(t->easy); /* keeps connections; leaves nothing of the last request */
    set_options(t, request);
    if (curl_multi_add_handle(t->client->multi, t->easy))
        return CT_ERR_NOMEM;
    t->fn = fn;
    t->ctx = ctx;
    return CT_OK;
}

bool http_transfer_running(const struct http_transfer *t)
{
    return t->fn != NULL;
}

void http_transfer_cancel(struct http_transfer *t)
{
    if (!t->fn)
        return;
    t->fn = NULL;
    curl_multi_remove_handle(t->client->multi, t->easy);
}

void http_transfer_destroy(struct http_transfer *t)
{
    if (!t)
        return;
    http_transfer_cancel(t);
    curl_easy_cleanup(t->easy);
    drop_headers(t);
    buf_finish(&t->line);
    buf_finish(&t->body);
    free(t);
}
