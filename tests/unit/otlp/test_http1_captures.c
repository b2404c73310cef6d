/* Every recorded body, however it is cut and framed, is the same request. */
#include "test.h"

#include "captures.h"
#include "http1_host.h"

#include <stdio.h>

static void head(struct buf *out, const struct capture_request *r, bool chunked)
{
    static const char *const paths[OTLP_SIGNAL_COUNT] = {"/v1/traces", "/v1/metrics", "/v1/logs",
                                                         "/v1development/profiles"};
    buf_printf(
        out,
        "POST %s HTTP/1.1\r\nHost: localhost:4318\r\nUser-Agent: OTel-OTLP-Exporter-JavaScript/0.208.0\r\n",
        paths[r->signal]);
    buf_printf(out, "Content-Type: application/%s\r\n", r->encoding == OTLP_JSON ? "json" : "x-protobuf");
    if (r->compression == OTLP_GZIP)
        buf_append_str(out, "Content-Encoding: gzip\r\n");
    if (chunked)
        buf_append_str(out, "Transfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n");
    else
        buf_printf(out, "Content-Length: %zu\r\nConnection: keep-alive\r\n\r\n", r->body.len);
}

/* In chunks of growing size, as a client that writes pieces sends it. */
static void write_chunked(struct buf *out, struct slice body)
{
    for (size_t n = 1; body.len; n = n * 3 + 1) {
        struct slice chunk = slice_sub(body, 0, n);
        buf_printf(out, "%zx\r\n", chunk.len);
        buf_append(out, chunk);
        buf_append_str(out, "\r\n");
        body = slice_sub(body, chunk.len, body.len);
    }
    buf_append_str(out, "0\r\n\r\n");
}

static void received(const struct capture_request *r, struct slice wire, enum host_cut cut, unsigned seed)
{
    struct host h;
    host_init(&h);
    h.hold = true;
    host_open(&h);
    host_feed(&h, wire, cut, seed);
    if (h.requests != 1)
        fail_msg("%s/%s: %.*s", r->capture, r->body_name, SLICE_ARG(buf_slice(&h.out)));
    const struct exchange *x = h.held[0];
    assert_true(slice_eq(buf_slice(&x->body), r->body));
    assert_slice_equal(exchange_header(x, "content-type"),
                       r->encoding == OTLP_JSON ? "application/json" : "application/x-protobuf");
    assert_slice_equal(exchange_header(x, "content-encoding"), r->compression == OTLP_GZIP ? "gzip" : "");
    assert_slice_equal(x->host, "localhost:4318");
    enum otlp_signal signal;
    assert_true(otlp_signal_parse(x->path, &signal));
    assert_int_equal(signal, r->signal);
    host_answer(&h, 0, "");
    assert_int_equal(core_state(h.core), CORE_OPEN);
    host_finish(&h);
}

static void every_body_in_every_cut(void **state)
{
    (void)state;
    struct captures captures;
    assert_true(captures_load(&captures));
    assert_true(captures.count > 200);
    struct buf wire;
    buf_init(&wire, SIZE_MAX / 2);
    for (size_t i = 0; i < captures.count; i++) {
        const struct capture_request *r = &captures.requests[i];
        for (int chunked = 0; chunked < 2; chunked++) {
            buf_clear(&wire);
            head(&wire, r, chunked);
            if (chunked)
                write_chunked(&wire, r->body);
            else
                buf_append(&wire, r->body);
            received(r, buf_slice(&wire), HOST_WHOLE, 0);
            received(r, buf_slice(&wire), HOST_BYTES, 0);
            received(r, buf_slice(&wire), HOST_RANDOM, (unsigned)(2 * i) + 1);
            received(r, buf_slice(&wire), HOST_RANDOM, (unsigned)(2 * i) + 77);
        }
    }
    buf_finish(&wire);
    captures_free(&captures);
}

/* All captures pipelined over one connection: the transcript does not depend on the cut. */
static void one_long_connection_in_every_cut(void **state)
{
    (void)state;
    struct captures captures;
    assert_true(captures_load(&captures));
    struct buf wire;
    buf_init(&wire, SIZE_MAX / 2);
    for (size_t i = 0; i < captures.count; i++) {
        head(&wire, &captures.requests[i], i % 2);
        if (i % 2)
            write_chunked(&wire, captures.requests[i].body);
        else
            buf_append(&wire, captures.requests[i].body);
    }
    struct host whole, cut;
    host_init(&whole);
    host_open(&whole);
    host_feed(&whole, buf_slice(&wire), HOST_WHOLE, 0);
    assert_int_equal(whole.requests, captures.count);
    for (unsigned seed = 0; seed < 3; seed++) {
        host_init(&cut);
        host_open(&cut);
        host_feed(&cut, buf_slice(&wire), seed ? HOST_RANDOM : HOST_BYTES, seed);
        assert_true(slice_eq(buf_slice(&whole.log), buf_slice(&cut.log)));
        assert_true(slice_eq(buf_slice(&whole.out), buf_slice(&cut.out)));
        host_finish(&cut);
    }
    host_finish(&whole);
    buf_finish(&wire);
    captures_free(&captures);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_body_in_every_cut),
        cmocka_unit_test(one_long_connection_in_every_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
