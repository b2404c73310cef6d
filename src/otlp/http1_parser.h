/*
 * http1_parser.h - the seam to the system's HTTP/1 head parser: llhttp, or http_parser where there is none.
 *
 * Nothing else includes their headers. One whole head goes in at once, so that every field comes out in one
 * piece.
 */
#ifndef CT_OTLP_HTTP1_PARSER_H
#define CT_OTLP_HTTP1_PARSER_H

#include "exchange.h"

struct http1_fields {
    struct slice target;
    struct http_header headers[EXCHANGE_HEADERS_MAX];
    size_t header_count;
    bool keep_alive; /* by version and Connection (RFC 9112, 9.3) */
    bool chunked;    /* as the library understood Transfer-Encoding */
    bool has_length; /* as it understood Content-Length */
};

enum http1_parsed {
    HTTP1_PARSED,
    HTTP1_PARSED_METHOD,  /* a method that it does not know */
    HTTP1_PARSED_HEADERS, /* more than max_headers */
    HTTP1_PARSED_MALFORMED,
};

/* head ends in its empty line; the slices of out point into it. max_headers: at most EXCHANGE_HEADERS_MAX. */
enum http1_parsed http1_parser_run(struct slice head, size_t max_headers, struct http1_fields *out);

#endif
