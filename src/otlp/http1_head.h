/*
 * http1_head.h - one request head, checked strictly (RFC 9112, sections 2 to 6).
 *
 * The bytes are checked line by line here, then split by the system's parser; both have to agree about the
 * framing.
 */
#ifndef CT_OTLP_HTTP1_HEAD_H
#define CT_OTLP_HTTP1_HEAD_H

#include "http1_parser.h"

/* Why a request is refused. message is a constant that says it to people. */
struct http1_fault {
    enum otlp_refusal why;
    int status; /* 0: otlp_refusal_status(why) */
    const char *message;
};

enum http1_framing { HTTP1_NO_BODY, HTTP1_LENGTH, HTTP1_CHUNKED };

struct http1_head {
    struct http1_fields fields;
    struct slice method;
    struct slice host; /* ptr NULL: HTTP/1.0 without one */
    bool is_1_0;
    enum http1_framing framing;
    uint64_t length; /* HTTP1_LENGTH */
    bool expect_continue;
};

/*
 * raw is the head with its empty line; every line of it ends in CRLF (the caller has seen to that). Slices
 * point into it. Where the head is bad *out may be filled in part: its fields serve for choosing the answer's
 * encoding.
 */
bool http1_head_parse(struct slice raw, const struct otlp_limits *limits, struct http1_head *out,
                      struct http1_fault *fault);

/* A character of a token (RFC 9110, 5.6.2): methods and header names. */
bool http1_is_token(char c);

#endif
