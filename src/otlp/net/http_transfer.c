#include "http_client_private.h"

#include "mem.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

/* A response buffer that one answer has grown past this is given back afterwards. */
#define RESPONSE_KEEP ((size_t)64 * 1024)

static const char *const kept_names[HTTP_ANSWER_HEADER_COUNT] = {
    [HTTP_CONTENT_TYPE] = "content-type",
    [HTTP_RETRY_AFTER] = "retry-after",
    [HTTP_GRPC_STATUS] = "grpc-status",
    [HTTP_GRPC_MESSAGE] = "grpc-message",
    [HTTP_GRPC_STATUS_DETAILS] = "grpc-status-details-bin",
    [HTTP_GRPC_ENCODING] = "grpc-encoding",
    [HTTP_DATE] = "date",
};

static struct slice kept_value(const struct http_transfer *t, size_t which)
{
    if (!t->values[which].has)
        return SLICE_NULL;
    /* Present but empty is not absent. */
    return t->kept.data ? slice_make(t->kept.data + t->values[which].at, t->values[which].len)
                        : SLICE_LIT("");
}

static void forget_headers(struct http_transfer *t)
{
    buf_clear(&t->kept);
    memset(t->values, 0, sizeof t->values);
}

/* Header and trailer fields, a line each. One that does not fit is as good as absent. */
static size_t on_header(char *data, size_t size, size_t count, void *userp)
{
    struct http_transfer *t = userp;
    struct slice line = slice_make(data, size * count);
    t->head_read += line.len;
    if (t->head_read > HTTP_CLIENT_HEAD_MAX)
        return 0;                                 /* ends the transfer */
    if (slice_starts(line, SLICE_LIT("HTTP/"))) { /* an answer begins; the last one counts */
        forget_headers(t);
        return line.len;
    }
    size_t colon = slice_find(line, ':');
    struct slice name = slice_sub(line, 0, colon), value = slice_sub(line, colon + 1, line.len);
    while (value.len && (value.ptr[value.len - 1] == '\n' || value.ptr[value.len - 1] == '\r'))
        value.len--;
    value = slice_trim(value);
    for (size_t i = 0; i < HTTP_ANSWER_HEADER_COUNT && colon < line.len; i++) {
        if (!slice_eq_nocase(name, slice_str(kept_names[i])))
            continue;
        size_t at = t->kept.len;
        t->values[i].has = buf_append(&t->kept, value) == CT_OK;
        t->values[i].at = at;
        t->values[i].len = value.len;
    }
    return line.len;
}

/* The request's body: head, then sending. */
static size_t on_send(char *out, size_t size, size_t count, void *userp)
{
    struct http_transfer *t = userp;
    size_t room = size * count, n = 0;
    if (t->sent < t->head.len) {
        n = t->head.len - t->sent < room ? t->head.len - t->sent : room;
        memcpy(out, t->head.ptr + t->sent, n);
    }
    size_t at = t->sent + n - t->head.len; /* in sending; only used once head is out */
    if (t->sent + n >= t->head.len && at < t->sending.len && n < room) {
        size_t more = t->sending.len - at < room - n ? t->sending.len - at : room - n;
        memcpy(out + n, t->sending.ptr + at, more);
        n += more;
    }
    t->sent += n;
    return n;
}

/* libcurl begins again, on a new connection: the kept one turned out to be closed. */
static int on_seek(void *userp, curl_off_t offset, int origin)
{
    struct http_transfer *t = userp;
    if (origin != SEEK_SET || offset < 0 || (size_t)offset > t->head.len + t->sending.len)
        return CURL_SEEKFUNC_FAIL;
    t->sent = (size_t)offset;
    return CURL_SEEKFUNC_OK;
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
    buf_init(&t->kept, HTTP_CLIENT_KEPT_MAX);
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

/*
 * libcurl 7.88 ends each HTTP/2 stream with a RST_STREAM that means nothing, which servers count: those on
 * nghttp2 allow a burst of 1000 a connection and 33 a second (CVE-2023-44487), then hang up in the middle of
 * a request. A connection that has served its share is closed after the answer instead. Any transfer may use
 * any connection, so that the share of each is small.
 */
#define HTTP2_SHARE 200

static bool ends_share(struct http_transfer *t)
{
    if (!t->client->http2 || ++t->used < HTTP2_SHARE)
        return false;
    t->used = 0;
    return true;
}

/*
 * libcurl 7.88 fails every request with prior knowledge that finds a connection to use again (curl issue
 * 10634): it wraps HTTP/2 around HTTP/2. There a request is first made without it and without leave to open a
 * socket, so that it goes out on a kept HTTP/2 connection or not at all, and then, with a new connection,
 * with it.
 */
static bool reuse_is_broken(void)
{
    unsigned version = curl_version_info(CURLVERSION_NOW)->version_num;
    return version >= 0x075800 && version < 0x080000;
}

static void name_address(const struct sockaddr *address, char *out, size_t cap)
{
    char host[INET6_ADDRSTRLEN] = "";
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)address;
        uv_ip4_name(v4, host, sizeof host);
        snprintf(out, cap, "%s:%u", host, ntohs(v4->sin_port));
    } else {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)address;
        uv_ip6_name(v6, host, sizeof host);
        snprintf(out, cap, "[%s]:%u", host, ntohs(v6->sin6_port));
    }
}

static curl_socket_t open_socket(void *userp, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)purpose;
    struct http_transfer *t = userp;
    const struct http_client *c = t->client;
    if (t->only_kept) {
        t->refused_socket = true;
        return CURL_SOCKET_BAD;
    }
    if (c->is_own && c->is_own(c->is_own_ctx, &address->addr)) {
        name_address(&address->addr, t->own, sizeof t->own);
        return CURL_SOCKET_BAD;
    }
    int fd = socket(address->family, address->socktype, address->protocol);
    if (fd >= 0)
        fcntl(fd, F_SETFD, FD_CLOEXEC);
    return fd;
}

static void set_prior_knowledge(struct http_transfer *t)
{
    CURL *e = t->easy;
    bool broken = reuse_is_broken();
    bool reuse = broken && t->warm;
    t->refused_socket = false;
    t->only_kept = reuse;
    curl_easy_setopt(e, CURLOPT_HTTP_VERSION,
                     (long)(reuse ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE));
    curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, broken && !reuse ? 1L : 0L);
}

/* No kept connection was there: once more, with a new one. */
static bool start_cold(struct http_transfer *t)
{
    if (!t->refused_socket)
        return false;
    t->warm = false;
    t->sent = 0;
    t->error[0] = '\0';
    set_prior_knowledge(t);
    return curl_multi_add_handle(t->client->multi, t->easy) == CURLM_OK;
}

static void set_connection_options(struct http_transfer *t, const struct http_request *r)
{
    const struct http_client *c = t->client;
    CURL *e = t->easy;
    /* A connection is reused while its age is not more than this many seconds. */
    long age = (long)((c->connection_age_ms + 999) / 1000);
    curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, t);
    bool secure = slice_eq_nocase(slice_sub(slice_str(r->url), 0, 6), SLICE_LIT("https:"));
    if (c->http2 && !secure)
        set_prior_knowledge(t);
    else
        curl_easy_setopt(e, CURLOPT_HTTP_VERSION,
                         (long)(c->http2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(e, CURLOPT_MAXAGE_CONN, (long)HTTP_CLIENT_IDLE_S);
#if LIBCURL_VERSION_NUM >= 0x075000
    curl_easy_setopt(e, CURLOPT_MAXLIFETIME_CONN, age);
#endif
    t->last = ends_share(t);
    curl_easy_setopt(e, CURLOPT_FORBID_REUSE, t->last ? 1L : 0L);
    if (c->direct)
        curl_easy_setopt(e, CURLOPT_PROXY, "");
    curl_easy_setopt(e, CURLOPT_HTTPPROXYTUNNEL, c->http2 ? 1L : 0L);
    curl_easy_setopt(e, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    if (c->ca_file) {
        curl_easy_setopt(e, CURLOPT_CAINFO, c->ca_file);
        curl_easy_setopt(e, CURLOPT_CAPATH, NULL);
    }
    curl_easy_setopt(e, CURLOPT_SSLCERT, c->cert_file);
    curl_easy_setopt(e, CURLOPT_SSLKEY, c->key_file);
    curl_easy_setopt(e, CURLOPT_KEYPASSWD,
                     ""); /* otherwise an encrypted key is asked about on the terminal */
}

static void set_body(struct http_transfer *t, const struct http_request *r)
{
    CURL *e = t->easy;
    if (r->get) {
        curl_easy_setopt(e, CURLOPT_HTTPGET, 1L);
        return;
    }
    curl_easy_setopt(e, CURLOPT_POST, 1L);
    curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)(r->head.len + r->body.len));
    if (r->head.len == 0) {
        curl_easy_setopt(e, CURLOPT_POSTFIELDS, r->body.len ? r->body.ptr : "");
        return;
    }
    t->head = r->head;
    t->sending = r->body;
    t->sent = 0;
    curl_easy_setopt(e, CURLOPT_READFUNCTION, on_send);
    curl_easy_setopt(e, CURLOPT_READDATA, t);
    curl_easy_setopt(e, CURLOPT_SEEKFUNCTION, on_seek);
    curl_easy_setopt(e, CURLOPT_SEEKDATA, t);
}

static void set_options(struct http_transfer *t, const struct http_request *r)
{
    CURL *e = t->easy;
    set_connection_options(t, r);
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
    curl_easy_setopt(e, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(e, CURLOPT_URL, r->url);
    curl_easy_setopt(e, CURLOPT_HTTPHEADER, t->headers);
    curl_easy_setopt(e, CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE); /* none of them is for a proxy */
    /* Whoever lets the upstream compress its answers has them decompressed here, to be read. (gRPC has its
     * own way.) */
    bool decode = !t->client->http2 && has_header(r, "Accept-Encoding");
    curl_easy_setopt(e, CURLOPT_ACCEPT_ENCODING, decode ? "" : NULL);
    set_body(t, r);
    curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)r->connect_timeout_ms);
    curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)r->timeout_ms);
    curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(e, CURLOPT_HEADERDATA, t);
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(e, CURLOPT_WRITEDATA, t);
}

void http_transfer_finish(struct http_transfer *t, CURLcode code)
{
    curl_multi_remove_handle(t->client->multi, t->easy);
    if (start_cold(t))
        return;
    long status = 0, version = 0;
    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(t->easy, CURLINFO_HTTP_VERSION, &version);
    t->warm = code == CURLE_OK && !t->last && version >= CURL_HTTP_VERSION_2_0;
    /* A status that came decides, whatever happened to the rest of the answer. */
    bool answered = status >= 200 && status <= 999;
    struct http_result result = {
        .status = answered ? (int)status : 0,
        .truncated = answered && code != CURLE_OK,
        .over_limit = answered && code == CURLE_WRITE_ERROR,
        .broke = http_failure_broke(code),
        .http2 = version >= CURL_HTTP_VERSION_2_0,
        .body = buf_slice(&t->body),
        .failure = code == CURLE_OK && answered ? "" : http_failure_text(t, code),
    };
    for (size_t i = 0; i < HTTP_ANSWER_HEADER_COUNT && answered; i++)
        result.headers[i] = kept_value(t, i);
    http_result_fn fn = t->fn;
    t->fn = NULL;
    fn(t->ctx, &result);
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
    forget_headers(t);
    t->refused_socket = t->only_kept = false;
    t->head_read = 0;
    t->error[0] = t->own[0] = '\0';
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
    buf_finish(&t->kept);
    free(t);
}
