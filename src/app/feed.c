#include "feed.h"

#include "flow_wire.h"
#include "mem.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define READ_BYTES     (256u * 1024u)
#define HEAD_MAX       4096u
#define GET_TIMEOUT_MS 30000L

static size_t on_body(char *data, size_t size, size_t count, void *ctx)
{
    return buf_append(ctx, slice_make(data, size * count)) == CT_OK ? size * count : 0;
}

enum ct_err feed_get(const char *socket_path, const char *target, struct buf *body, struct ct_errmsg *msg)
{
    return feed_get_within(socket_path, target, GET_TIMEOUT_MS, body, msg);
}

enum ct_err feed_get_within(const char *socket_path, const char *target, long ms, struct buf *body,
                            struct ct_errmsg *msg)
{
    char url[256];
    long status = 0;
    snprintf(url, sizeof url, "http://claude-top%s", target);
    CURL *curl = curl_easy_init();
    if (!curl)
        return ct_fail(msg, CT_ERR_NOMEM, "no memory for a request");
    curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, socket_path);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, ms);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
    CURLcode code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(curl);
    if (code == CURLE_COULDNT_CONNECT)
        return ct_fail(msg, CT_ERR_NOT_FOUND,
                       "no collector runs at %s: start one with claude-top or claude-top serve", socket_path);
    if (code != CURLE_OK)
        return ct_fail(msg, CT_ERR_IO, "asking the collector at %s: %s", socket_path,
                       curl_easy_strerror(code));
    if (status != 200)
        return ct_fail(msg, CT_ERR_UNSUPPORTED,
                       "the collector at %s answered with HTTP %ld: is it of this version?", socket_path,
                       status);
    return CT_OK;
}

struct feed {
    uv_poll_t poll;
    int fd;
    struct buf in;
    size_t used; /* bytes of in that were dealt with */
    bool past_head;
    struct feed_config config;
    bool ended;
    void (*stop_done)(void *ctx);
    void *stop_ctx;
};

static void end(struct feed *f, const char *why)
{
    if (f->ended)
        return;
    f->ended = true;
    uv_poll_stop(&f->poll);
    f->config.on_end(f->config.ctx, why);
}

/* HTTP/1.0: the head ends in an empty line, the body with the connection. */
static enum ct_err take_head(struct feed *f)
{
    struct slice in = slice_sub(buf_slice(&f->in), 0, HEAD_MAX);
    size_t at = slice_find_slice(in, SLICE_LIT("\r\n\r\n"));
    if (at == in.len)
        return in.len == HEAD_MAX ? CT_ERR_FORMAT : CT_AGAIN;
    struct slice status = slice_sub(in, slice_find(in, ' ') + 1, 3);
    f->used = at + 4;
    f->past_head = true;
    return slice_eq_str(status, "200") ? CT_OK : CT_ERR_UNSUPPORTED;
}

static enum ct_err take_frame(struct feed *f)
{
    struct slice in = slice_sub(buf_slice(&f->in), f->used, f->in.len);
    struct frame_header headers[FRAME_HEADERS_MAX];
    struct frame frame;
    size_t len = 0;
    if (in.len < 4)
        return CT_AGAIN;
    for (size_t i = 0; i < 4; i++)
        len |= (size_t)(uint8_t)in.ptr[i] << (8 * i);
    bool is_flow = f->config.on_flow && (len & CONTROL_FLOW_BIT);
    len &= is_flow ? ~(size_t)CONTROL_FLOW_BIT : SIZE_MAX;
    if (len > (is_flow ? FLOW_WIRE_MAX : FRAME_BYTES_MAX))
        return CT_ERR_FORMAT;
    if (in.len - 4 < len)
        return CT_AGAIN;
    if (is_flow) {
        f->used += 4 + len;
        f->config.on_flow(f->config.ctx, slice_sub(in, 4, len));
        return f->ended ? CT_END : CT_OK;
    }
    enum ct_err err = frame_decode(slice_sub(in, 4, len), &frame, headers);
    if (err)
        return err;
    f->used += 4 + len;
    f->config.on_frame(f->config.ctx, &frame);
    return f->ended ? CT_END : CT_OK;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct feed *f = poll->data;
    (void)events;
    if (status < 0) {
        end(f, uv_strerror(status));
        return;
    }
    if (buf_reserve(&f->in, READ_BYTES)) {
        end(f, "a frame from the collector is too large");
        return;
    }
    ssize_t n = read(f->fd, f->in.data + f->in.len, READ_BYTES);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        /* Reset: it was killed before it had read what we asked. */
        end(f, n == 0 || errno == ECONNRESET ? NULL : strerror(errno));
        return;
    }
    f->in.len += (size_t)n;
    enum ct_err err = CT_OK;
    while (err == CT_OK)
        err = f->past_head ? take_frame(f) : take_head(f);
    if (err == CT_END)
        return; /* stopped by the owner, or ended */
    buf_consume(&f->in, f->used);
    f->used = 0;
    if (err != CT_AGAIN)
        end(f, "the collector sent something else than frames: is it of this version?");
}

static enum ct_err connect_unix(const char *path, int *out, struct ct_errmsg *msg)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof addr.sun_path)
        return ct_fail(msg, CT_ERR_LIMIT, "%s: too long for a socket: choose a shorter --socket", path);
    memcpy(addr.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0)
        return ct_fail(msg, CT_ERR_IO, "socket: %s", strerror(errno));
    if (connect(fd, (struct sockaddr *)&addr, sizeof addr)) {
        int why = errno;
        close(fd);
        if (why == ENOENT || why == ECONNREFUSED)
            return ct_fail(msg, CT_ERR_NOT_FOUND,
                           "no collector runs at %s: start one with claude-top or claude-top serve", path);
        return ct_fail(msg, CT_ERR_IO, "%s: %s", path, strerror(why));
    }
    *out = fd;
    return CT_OK;
}

static enum ct_err send_request(int fd, const struct feed_config *config, struct ct_errmsg *msg)
{
    char request[160], from[24];
    if (config->from == FEED_FROM_NEW)
        snprintf(from, sizeof from, "new");
    else
        snprintf(from, sizeof from, "%llu", (unsigned long long)config->from);
    int n = snprintf(request, sizeof request, "GET /frames?from=%s%s HTTP/1.0\r\nHost: claude-top\r\n\r\n",
                     from, config->on_flow ? "&flow=1" : "");
    if (send(fd, request, (size_t)n, MSG_NOSIGNAL) != n)
        return ct_fail(msg, CT_ERR_IO, "%s: %s", config->socket, strerror(errno));
    return CT_OK;
}

enum ct_err feed_start(uv_loop_t *loop, const struct feed_config *config, struct feed **out,
                       struct ct_errmsg *msg)
{
    int fd = -1;
    enum ct_err err = connect_unix(config->socket, &fd, msg);
    if (err)
        return err;
    err = send_request(fd, config, msg);
    if (err) {
        close(fd);
        return err;
    }
    struct feed *f = mem_alloc(sizeof *f);
    f->fd = fd;
    f->config = *config;
    buf_init(&f->in, FRAME_BYTES_MAX + READ_BYTES + HEAD_MAX);
    uv_poll_init(loop, &f->poll, fd);
    f->poll.data = f;
    uv_poll_start(&f->poll, UV_READABLE, on_readable);
    *out = f;
    return CT_OK;
}

static void on_closed(uv_handle_t *handle)
{
    struct feed *f = handle->data;
    close(f->fd);
    buf_finish(&f->in);
    if (f->stop_done)
        f->stop_done(f->stop_ctx);
    free(f);
}

void feed_stop(struct feed *f, void (*done)(void *ctx), void *ctx)
{
    f->ended = true;
    f->stop_done = done;
    f->stop_ctx = ctx;
    uv_close((uv_handle_t *)&f->poll, on_closed);
}
