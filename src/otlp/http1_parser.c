#include "http1_parser.h"

#ifdef HAVE_LLHTTP
#include <llhttp.h>
typedef llhttp_t parser_type;
typedef llhttp_settings_t settings_type;
#define FLAG_LENGTH F_CONTENT_LENGTH
#else
#include <http_parser.h>
typedef http_parser parser_type;
typedef http_parser_settings settings_type;
#define FLAG_LENGTH F_CONTENTLENGTH
#endif

#ifndef HAVE_LLHTTP
/* Heads are bounded by otlp_limits.header_bytes; the library's own global bound must not be the lower one. */
#define LIBRARY_HEAD_MAX (UINT32_C(1) << 30)
#endif

struct run {
    struct http1_fields *out;
    size_t max_headers;
    bool too_many;
    bool complete;
};

static int on_url(parser_type *p, const char *at, size_t len)
{
    struct run *run = p->data;
    run->out->target = slice_make(at, len);
    return 0;
}

static int on_field(parser_type *p, const char *at, size_t len)
{
    struct run *run = p->data;
    if (run->out->header_count == run->max_headers) {
        run->too_many = true;
        return -1;
    }
    run->out->headers[run->out->header_count++] =
        (struct http_header){.name = slice_make(at, len), .value = SLICE_LIT("")};
    return 0;
}

static int on_value(parser_type *p, const char *at, size_t len)
{
    struct run *run = p->data;
    if (run->out->header_count)
        run->out->headers[run->out->header_count - 1].value = slice_trim(slice_make(at, len));
    return 0;
}

static int on_headers_complete(parser_type *p)
{
    struct run *run = p->data;
    run->complete = true;
    run->out->chunked = p->flags & F_CHUNKED;
    run->out->has_length = p->flags & FLAG_LENGTH;
#ifdef HAVE_LLHTTP
    run->out->keep_alive = llhttp_should_keep_alive(p) != 0;
#else
    run->out->keep_alive = http_should_keep_alive(p) != 0;
#endif
    return 2; /* no body here, whatever the head says: the framing is ours */
}

enum http1_parsed http1_parser_run(struct slice head, size_t max_headers, struct http1_fields *out)
{
    struct run run = {.out = out, .max_headers = max_headers};
    out->target = SLICE_NULL;
    out->header_count = 0;
    out->keep_alive = out->chunked = out->has_length = false;

    parser_type parser;
    settings_type settings;
#ifdef HAVE_LLHTTP
    llhttp_settings_init(&settings);
#else
    http_parser_settings_init(&settings);
#endif
    settings.on_url = on_url;
    settings.on_header_field = on_field;
    settings.on_header_value = on_value;
    settings.on_headers_complete = on_headers_complete;
#ifdef HAVE_LLHTTP
    llhttp_init(&parser, HTTP_REQUEST, &settings);
    parser.data = &run;
    bool bad_method = llhttp_execute(&parser, head.ptr, head.len) == HPE_INVALID_METHOD;
#else
    http_parser_set_max_header_size(LIBRARY_HEAD_MAX);
    http_parser_init(&parser, HTTP_REQUEST);
    parser.data = &run;
    http_parser_execute(&parser, &settings, head.ptr, head.len);
    bool bad_method = HTTP_PARSER_ERRNO(&parser) == HPE_INVALID_METHOD;
#endif
    if (run.complete)
        return HTTP1_PARSED;
    if (run.too_many)
        return HTTP1_PARSED_HEADERS;
    return bad_method ? HTTP1_PARSED_METHOD : HTTP1_PARSED_MALFORMED;
}
