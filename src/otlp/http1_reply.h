/*
 * http1_reply.h - writes HTTP/1 response heads and chunks (RFC 9112, sections 4 and 7.1).
 */
#ifndef CT_OTLP_HTTP1_REPLY_H
#define CT_OTLP_HTTP1_REPLY_H

#include "exchange.h"

struct http1_reply_mode {
    const char *date; /* IMF-fixdate or "" */
    bool to_1_0;      /* the request was HTTP/1.0 */
    bool keep_alive;
    bool head_only; /* HEAD: the body is left out, its length is not */
};

enum ct_err http1_write_reply(struct buf *out, const struct exchange_reply *reply,
                              struct http1_reply_mode mode);

/* The head of a 200 without a known length: chunked, or until close for HTTP/1.0. */
enum ct_err http1_write_stream_head(struct buf *out, const char *content_type, struct http1_reply_mode mode);

/* One chunk; bytes is not empty. All or nothing. */
enum ct_err http1_write_chunk(struct buf *out, struct slice bytes);

enum ct_err http1_write_last_chunk(struct buf *out);
enum ct_err http1_write_continue(struct buf *out);

#endif
