#include "http1_head.h"

/* The headers that decide where the body ends, as they stand in the lines. */
struct framing {
    struct slice length; /* the last of its name */
    struct slice coding;
    unsigned lengths;
    unsigned codings;
};

static bool fail(struct http1_fault *fault, enum otlp_refusal why, const char *message)
{
    *fault = (struct http1_fault){.why = why, .message = message};
    return false;
}

bool http1_is_token(char c)
{
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
        return true;
    return c && strchr("!#$%&'*+-.^_`|~", c);
}

static bool is_control(char c)
{
    return (unsigned char)c < 0x20 || c == 0x7f;
}

static size_t token_length(struct slice s)
{
    size_t n = 0;
    while (n < s.len && http1_is_token(s.ptr[n]))
        n++;
    return n;
}

static bool check_request_line(struct slice line, struct http1_head *out, struct http1_fault *fault)
{
    size_t method = token_length(line);
    struct slice rest = slice_sub(line, method, line.len);
    if (!method || !rest.len || rest.ptr[0] != ' ')
        return fail(fault, OTLP_REFUSED_MALFORMED, "not an HTTP request line");
    out->method = slice_sub(line, 0, method);

    rest = slice_sub(rest, 1, rest.len);
    size_t target = slice_find(rest, ' ');
    struct slice version = slice_sub(rest, target + 1, rest.len);
    if (!target || !slice_starts(version, SLICE_LIT("HTTP/")))
        return fail(fault, OTLP_REFUSED_MALFORMED, "not an HTTP request line");
    for (size_t i = 0; i < target; i++)
        if (is_control(rest.ptr[i]) || (unsigned char)rest.ptr[i] >= 0x80 || rest.ptr[i] == '#')
            return fail(fault, OTLP_REFUSED_MALFORMED, "illegal character in the request target");

    out->is_1_0 = slice_eq_str(version, "HTTP/1.0");
    if (!out->is_1_0 && !slice_eq_str(version, "HTTP/1.1")) {
        *fault =
            (struct http1_fault){OTLP_REFUSED_MALFORMED, 505, "only HTTP/1.0 and HTTP/1.1 are spoken here"};
        return false;
    }
    return true;
}

static bool check_header_line(struct slice line, struct framing *framing, struct http1_fault *fault)
{
    if (line.ptr[0] == ' ' || line.ptr[0] == '\t')
        return fail(fault, OTLP_REFUSED_SMUGGLING, "a header goes on in the next line (obs-fold)");
    size_t name = token_length(line);
    struct slice rest = slice_sub(line, name, line.len);
    if (rest.len && (rest.ptr[0] == ' ' || rest.ptr[0] == '\t'))
        return fail(fault, OTLP_REFUSED_SMUGGLING, "a blank before the colon of a header");
    if (!name || !rest.len || rest.ptr[0] != ':')
        return fail(fault, OTLP_REFUSED_MALFORMED, "illegal header name");
    for (size_t i = 1; i < rest.len; i++)
        if (is_control(rest.ptr[i]) && rest.ptr[i] != '\t')
            return fail(fault, OTLP_REFUSED_MALFORMED, "control character in a header value");
    if (slice_eq_nocase(slice_sub(line, 0, name), SLICE_LIT("content-length"))) {
        framing->length = slice_trim(slice_sub(rest, 1, rest.len));
        framing->lengths++;
    } else if (slice_eq_nocase(slice_sub(line, 0, name), SLICE_LIT("transfer-encoding"))) {
        framing->coding = slice_trim(slice_sub(rest, 1, rest.len));
        framing->codings++;
    }
    return true;
}

static bool check_lines(struct slice raw, struct http1_head *out, struct framing *framing,
                        struct http1_fault *fault)
{
    for (size_t count = 0;; count++) {
        size_t end = slice_find(raw, '\n');
        if (end == raw.len || end == 0 || raw.ptr[end - 1] != '\r')
            return fail(fault, OTLP_REFUSED_SMUGGLING, "a line that does not end in CR LF");
        struct slice line = slice_sub(raw, 0, end - 1);
        raw = slice_sub(raw, end + 1, raw.len);
        if (!line.len)
            return count > 0 || fail(fault, OTLP_REFUSED_MALFORMED, "no request line");
        if (slice_find(line, '\r') < line.len)
            return fail(fault, OTLP_REFUSED_SMUGGLING, "a CR within a line");
        if (count == 0 ? !check_request_line(line, out, fault) : !check_header_line(line, framing, fault))
            return false;
    }
}

static bool decide_framing(const struct framing *framing, struct http1_head *out, struct http1_fault *fault)
{
    if (framing->lengths > 1)
        return fail(fault, OTLP_REFUSED_SMUGGLING, "several Content-Length headers");
    if (framing->codings > 1)
        return fail(fault, OTLP_REFUSED_SMUGGLING, "several Transfer-Encoding headers");
    if (framing->lengths && framing->codings)
        return fail(fault, OTLP_REFUSED_SMUGGLING, "Content-Length together with Transfer-Encoding");
    if (framing->codings) {
        if (out->is_1_0)
            return fail(fault, OTLP_REFUSED_SMUGGLING, "Transfer-Encoding in HTTP/1.0");
        if (!slice_eq_nocase(framing->coding, SLICE_LIT("chunked")))
            return fail(fault, OTLP_REFUSED_SMUGGLING, "a Transfer-Encoding other than chunked");
        out->framing = HTTP1_CHUNKED;
    } else if (framing->lengths) {
        if (!slice_to_u64(framing->length, &out->length))
            return fail(fault, OTLP_REFUSED_SMUGGLING, "Content-Length is not a number");
        out->framing = HTTP1_LENGTH;
    }
    return true;
}

static bool find_host(struct http1_head *out, struct http1_fault *fault)
{
    size_t count = 0;
    for (size_t i = 0; i < out->fields.header_count; i++) {
        if (slice_eq_nocase(out->fields.headers[i].name, SLICE_LIT("host"))) {
            out->host = out->fields.headers[i].value;
            count++;
        }
    }
    if (count == 1 && !out->host.ptr)
        out->host = SLICE_LIT(""); /* one that names nobody is not the same as none */
    if (count > 1 || (count == 0 && !out->is_1_0))
        return fail(fault, OTLP_REFUSED_MALFORMED, count ? "several Host headers" : "no Host header");
    return true;
}

static bool find_expectation(struct http1_head *out, struct http1_fault *fault)
{
    for (size_t i = 0; i < out->fields.header_count; i++) {
        const struct http_header *h = &out->fields.headers[i];
        if (out->is_1_0 || !slice_eq_nocase(h->name, SLICE_LIT("expect")))
            continue;
        if (!slice_eq_nocase(h->value, SLICE_LIT("100-continue"))) {
            *fault =
                (struct http1_fault){OTLP_REFUSED_MALFORMED, 417, "only Expect: 100-continue is understood"};
            return false;
        }
        out->expect_continue = true;
    }
    return true;
}

bool http1_head_parse(struct slice raw, const struct otlp_limits *limits, struct http1_head *out,
                      struct http1_fault *fault)
{
    out->fields.header_count = 0;
    out->fields.target = SLICE_LIT("");
    out->method = SLICE_LIT("");
    out->host = SLICE_NULL;
    out->length = 0;
    out->framing = HTTP1_NO_BODY;
    out->is_1_0 = out->expect_continue = false;

    struct framing framing = {.lengths = 0};
    if (!check_lines(raw, out, &framing, fault))
        return false;
    size_t max = limits->header_count < EXCHANGE_HEADERS_MAX ? limits->header_count : EXCHANGE_HEADERS_MAX;
    enum http1_parsed parsed = http1_parser_run(raw, max, &out->fields);
    if (parsed == HTTP1_PARSED_HEADERS)
        return fail(fault, OTLP_REFUSED_HEADERS, "too many headers");
    /* Parsers stop at bad framing headers, each in its own way; our words for what is wrong come first. */
    if (!decide_framing(&framing, out, fault))
        return false;
    if (parsed == HTTP1_PARSED_METHOD)
        return fail(fault, OTLP_REFUSED_METHOD, "unknown method");
    if (parsed != HTTP1_PARSED)
        return fail(fault, OTLP_REFUSED_MALFORMED, "not an HTTP request");
    if (out->fields.chunked != (out->framing == HTTP1_CHUNKED) ||
        out->fields.has_length != (out->framing == HTTP1_LENGTH))
        return fail(fault, OTLP_REFUSED_SMUGGLING, "framing that can be understood in two ways");
    return find_host(out, fault) && find_expectation(out, fault);
}
