/* Recorded client bytes, cut anywhere, give the same requests and refusals; a connection may end at any byte.
 */
#include "test.h"

#include "capture.h"
#include "h2_peer.h"
#include "memory.h"

#include <stdlib.h>

/* A connection with a bit of everything. */
static void record(struct peer *p)
{
    static const struct peer_header gzip[] = {
        {"grpc-encoding", "gzip"}, {"grpc-timeout", "10S"}, {NULL, NULL}};
    static const struct peer_header origin[] = {{"origin", "null"}, {NULL, NULL}};
    static char big[3000];
    memset(big, 'b', sizeof big);
    peer_init(p);
    p->host.limits.body_bytes = 2500;
    peer_open(p);
    peer_call(p, PEER_LOGS, gzip, SLICE_LIT("first"))->end_apart = true;
    peer_run(p);
    peer_call(p, PEER_LOGS, gzip, slice_make(big, 2000))->frame_max = 300;
    peer_call(p, "/unknown", NULL, SLICE_LIT("second"));
    peer_call(p, PEER_LOGS, NULL, slice_make(big, sizeof big))->frame_max = 700;
    peer_call_raw(p, PEER_LOGS, NULL, slice_make("\0\0\0\0\2abc", 8));
    peer_post(p, "/v1/logs", "application/json", NULL, SLICE_LIT("{}"));
    peer_post(p, "/v1/logs", "application/json", origin, SLICE_LIT("{}"));
    nghttp2_submit_ping(p->client, NGHTTP2_FLAG_NONE, NULL);
    peer_run(p);
    struct peer_stream *half = peer_call_raw(p, PEER_LOGS, NULL, slice_make("\0\0\0\0\2", 5));
    peer_keep_open(half);
    peer_run(p);
    nghttp2_submit_rst_stream(p->client, NGHTTP2_FLAG_NONE, half->id, NGHTTP2_CANCEL);
    peer_call(p, PEER_LOGS, gzip, SLICE_LIT("last"));
    peer_run(p);
    nghttp2_submit_goaway(p->client, NGHTTP2_FLAG_NONE, 0, NGHTTP2_NO_ERROR, NULL, 0);
    peer_run(p);
    assert_int_equal(p->host.requests, 4);
}

static void replay(const struct peer *p, struct slice bytes, enum host_cut cut, unsigned seed, struct host *h)
{
    host_init(h);
    h->create = h2_create;
    h->limits = p->host.limits;
    host_open(h);
    host_feed(h, bytes, cut, seed);
}

static void requests_do_not_depend_on_how_bytes_are_cut(void **state)
{
    (void)state;
    struct peer p;
    record(&p);
    for (unsigned seed = 0; seed < 40; seed++) {
        struct host h;
        replay(&p, buf_slice(&p.sent), seed ? HOST_RANDOM : HOST_BYTES, seed, &h);
        assert_true(slice_eq(buf_slice(&h.log), buf_slice(&p.host.log)));
        assert_memory_equal(h.refused, p.host.refused, sizeof h.refused);
        assert_int_equal(core_state(h.core), core_state(p.host.core));
        host_finish(&h);
    }
    peer_finish(&p);
}

static void a_sender_may_disconnect_at_every_byte(void **state)
{
    (void)state;
    struct peer p;
    record(&p);
    size_t before = memory_used();
    for (size_t n = 0; n <= p.sent.len; n++) {
        struct host h;
        replay(&p, slice_sub(buf_slice(&p.sent), 0, n), HOST_WHOLE, 0, &h);
        size_t whole = h.log.len; /* what came is a beginning of what would have come */
        assert_true(slice_starts(buf_slice(&p.host.log), slice_make(h.log.data, whole)));
        if (n % 3) {
            host_eof(&h);
            assert_int_equal(core_state(h.core), CORE_DEAD);
        }
        host_finish(&h);
    }
    assert_in_range(memory_used(), 0, before + 65536); /* thousands of connections: the allocator's caches */
    peer_finish(&p);
}

/* The same with the handler still at work. */
static void a_sender_may_disconnect_while_its_request_is_handled(void **state)
{
    (void)state;
    struct peer p;
    record(&p);
    for (size_t n = 0; n <= p.sent.len; n += 7) {
        struct host h;
        host_init(&h);
        h.create = h2_create;
        h.limits = p.host.limits;
        h.hold = true;
        host_open(&h);
        host_feed(&h, slice_sub(buf_slice(&p.sent), 0, n), HOST_WHOLE, 0);
        if (n % 2) {
            host_eof(&h);
            for (size_t i = 0; i < h.held_count; i++)
                host_answer(&h, i, "late");
            assert_int_equal(core_state(h.core), CORE_DEAD);
        }
        host_finish(&h);
    }
    peer_finish(&p);
}

/* Sends every gRPC request of a capture, with its headers, over one connection. */
static void send_capture(struct peer *p, const struct capture *c)
{
    for (size_t i = 0; i < c->count; i++) {
        const struct frame *f = &c->frames[i];
        if (f->source != FRAME_OTLP_GRPC)
            continue;
        struct peer_header extra[16] = {{NULL, NULL}};
        char *texts[16];
        size_t count = 0;
        for (size_t k = 0; k < f->header_count; k++) {
            if (slice_eq_str(f->headers[k].name, "content-type") || slice_eq_str(f->headers[k].name, "te"))
                continue;
            char *text = malloc(f->headers[k].name.len + f->headers[k].value.len + 2);
            assert_non_null(text);
            memcpy(text, f->headers[k].name.ptr, f->headers[k].name.len);
            text[f->headers[k].name.len] = '\0';
            char *value = text + f->headers[k].name.len + 1;
            memcpy(value, f->headers[k].value.ptr, f->headers[k].value.len);
            value[f->headers[k].value.len] = '\0';
            extra[count] = (struct peer_header){text, value};
            texts[count++] = text;
            assert_true(count < 15);
        }
        char path[128] = "";
        assert_true(f->path.len < sizeof path);
        memcpy(path, f->path.ptr, f->path.len);
        struct peer_stream *s = peer_call_raw(p, path, extra, f->body);
        s->end_apart = true;
        peer_run(p);
        assert_int_equal(s->grpc_status, 0);
        struct slice log = buf_slice(&p->host.log);
        assert_true(log.len > f->body.len);
        assert_true(slice_eq(slice_sub(log, log.len - 1 - f->body.len, f->body.len), f->body));
        for (size_t k = 0; k < count; k++)
            free(texts[k]);
    }
}

static void every_grpc_capture_arrives_byte_for_byte_in_every_cut(void **state)
{
    (void)state;
    char **names = capture_names();
    unsigned grpc = 0;
    for (size_t i = 0; names[i]; i++) {
        struct capture c;
        capture_load(&c, names[i], CAPTURE_WITHOUT_HOOKS);
        if (c.grpc) {
            struct peer p;
            struct host h;
            grpc++;
            peer_init(&p);
            peer_open(&p);
            send_capture(&p, &c);
            for (unsigned seed = 0; seed < 4; seed++) {
                replay(&p, buf_slice(&p.sent), seed ? HOST_RANDOM : HOST_BYTES, seed, &h);
                assert_true(slice_eq(buf_slice(&h.log), buf_slice(&p.host.log)));
                host_finish(&h);
            }
            peer_finish(&p);
        }
        capture_free(&c);
    }
    assert_int_equal(grpc, 3);
    capture_names_free(names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_do_not_depend_on_how_bytes_are_cut),
        cmocka_unit_test(a_sender_may_disconnect_at_every_byte),
        cmocka_unit_test(a_sender_may_disconnect_while_its_request_is_handled),
        cmocka_unit_test(every_grpc_capture_arrives_byte_for_byte_in_every_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
