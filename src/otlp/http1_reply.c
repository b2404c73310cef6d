#include "http1_reply.h"

#include <stdio.h>

static const char *reason(int status)
{
    static const struct {
        int status;
        const char *text;
    } table[] = {
        {200, "OK"},
        {202, "Accepted"},
        {204, "No Content"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {413, "Content Too Large"},
        {415, "Unsupported Media Type"},
        {417, "Expectation Failed"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
        {505, "HTTP Version Not Supported"},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
        if (table[i].status == status)
            return table[i].text;
    return ""; /* the phrase is optional (RFC 9112, 4) */
}

/* Appends the strings up to NULL; stays failed once it has. */
static void put(struct buf *out, enum ct_err *err, const char *const *parts)
{
    for (; *parts && !*err; parts++)
        *err = buf_append_str(out, *parts);
}

#define PUT(out, err, ...) put((out), (err), (const char *const[]){__VA_ARGS__, NULL})

static void put_head(struct buf *out, enum ct_err *err, int status, const char *content_type,
                     struct http1_reply_mode mode)
{
    char number[16];
    snprintf(number, sizeof(number), "%d", status);
    PUT(out, err, "HTTP/1.1 ", number, " ", reason(status), "\r\n");
    if (mode.date[0])
        PUT(out, err, "Date: ", mode.date, "\r\n");
    if (content_type)
        PUT(out, err, "Content-Type: ", content_type, "\r\n");
    if (!mode.keep_alive)
        PUT(out, err, "Connection: close\r\n");
    else if (mode.to_1_0)
        PUT(out, err, "Connection: keep-alive\r\n");
}

enum ct_err http1_write_reply(struct buf *out, const struct exchange_reply *reply,
                              struct http1_reply_mode mode)
{
    enum ct_err err = CT_OK;
    char number[32];
    put_head(out, &err, reply->status, reply->content_type, mode);
    if (reply->allow)
        PUT(out, &err, "Allow: ", reply->allow, "\r\n");
    if (reply->challenge)
        PUT(out, &err, "WWW-Authenticate: ", reply->challenge, "\r\n");
    if (reply->retry_after_s) {
        snprintf(number, sizeof(number), "%lu", (unsigned long)reply->retry_after_s);
        PUT(out, &err, "Retry-After: ", number, "\r\n");
    }
    bool bodiless = reply->status == 204 || reply->status == 304;
    if (!bodiless) {
        snprintf(number, sizeof(number), "%zu", reply->body.len);
        PUT(out, &err, "Content-Length: ", number, "\r\n");
    }
    PUT(out, &err, "\r\n");
    if (!err && !bodiless && !mode.head_only)
        err = buf_append(out, reply->body);
    return err;
}

enum ct_err http1_write_stream_head(struct buf *out, const char *content_type, struct http1_reply_mode mode)
{
    enum ct_err err = CT_OK;
    put_head(out, &err, 200, content_type, mode);
    if (!mode.to_1_0)
        PUT(out, &err, "Transfer-Encoding: chunked\r\n");
    PUT(out, &err, "\r\n");
    return err;
}

enum ct_err http1_write_chunk(struct buf *out, struct slice bytes)
{
    char head[24];
    int n = snprintf(head, sizeof(head), "%zx\r\n", bytes.len);
    enum ct_err err = buf_reserve(out, (size_t)n + bytes.len + 2);
    if (err)
        return err;
    err = buf_append(out, slice_make(head, (size_t)n));
    err = err ? err : buf_append(out, bytes);
    return err ? err : buf_append_str(out, "\r\n");
}

enum ct_err http1_write_last_chunk(struct buf *out)
{
    return buf_append_str(out, "0\r\n\r\n");
}

enum ct_err http1_write_continue(struct buf *out)
{
    return buf_append_str(out, "HTTP/1.1 100 Continue\r\n\r\n");
}
