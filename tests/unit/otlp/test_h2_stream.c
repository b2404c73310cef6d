/* Responses without a known end, over HTTP/2. */
#include "test.h"

#include "h2_peer.h"

#include <stdlib.h>

struct follow {
    struct peer p;
    struct peer_stream *s;
    struct exchange *x;
    unsigned drained;
    unsigned closed;
};

static void on_drain(void *ctx)
{
    ((struct follow *)ctx)->drained++;
}

static void on_close(void *ctx)
{
    ((struct follow *)ctx)->closed++;
}

static struct follow *open_stream(uint32_t window)
{
    static const struct peer_header get[] = {{":method", "GET"}, {NULL, NULL}};
    struct follow *f = calloc(1, sizeof *f);
    assert_non_null(f);
    peer_init(&f->p);
    f->p.host.hold = true;
    peer_open_window(&f->p, window);
    f->s = peer_post(&f->p, "/frames", NULL, get, SLICE_NULL);
    peer_run(&f->p);
    assert_int_equal(f->p.host.held_count, 1);
    f->x = f->p.host.held[0];
    f->p.host.held[0] = NULL;
    f->p.host.held_count = 0;
    assert_int_equal(
        exchange_stream_begin(f->x, "application/x-frames", on_drain, on_close, f, f->p.host.now), CT_OK);
    peer_run(&f->p);
    return f;
}

static void finish(struct follow *f)
{
    peer_finish(&f->p);
    free(f);
}

static void goes_out_as_it_is_written_and_ends(void **state)
{
    (void)state;
    struct follow *f = open_stream(65535);
    assert_int_equal(f->s->status, 200);
    assert_string_equal(f->s->content_type, "application/x-frames");
    for (int i = 0; i < 3; i++) {
        assert_int_equal(exchange_stream_write(f->x, SLICE_LIT("frame "), f->p.host.now), CT_OK);
        assert_int_equal(exchange_stream_write(f->x, SLICE_LIT(""), f->p.host.now), CT_OK);
        peer_run(&f->p);
        assert_int_equal(f->s->reply.len, 6 * (i + 1));
        assert_int_equal(core_deadline(f->p.host.core), 0); /* nothing waits: it may last */
    }
    exchange_stream_end(f->x, f->p.host.now);
    peer_run(&f->p);
    assert_true(f->s->closed);
    assert_slice_equal(buf_slice(&f->s->reply), "frame frame frame ");
    assert_int_equal(f->closed, 0);
    finish(f);
}

static void a_slow_reader_holds_the_writer_back(void **state)
{
    (void)state;
    static char block[100000];
    struct follow *f = open_stream(65535);
    f->p.host.stalled = true;
    size_t taken = 0;
    while (exchange_stream_write(f->x, slice_make(block, sizeof block), f->p.host.now) == CT_OK) {
        assert_in_range(++taken, 1, 20);
        host_pump(&f->p.host);
    }
    assert_int_equal(exchange_stream_write(f->x, SLICE_LIT("x"), f->p.host.now), CT_AGAIN);
    assert_in_range(exchange_stream_pending(f->x), EXCHANGE_STREAM_HIGH, EXCHANGE_STREAM_HIGH + sizeof block);
    assert_int_equal(f->drained, 0);
    host_unstall(&f->p.host);
    peer_run(&f->p);
    assert_int_equal(f->s->reply.len, taken * sizeof block);
    assert_int_equal(f->drained, 1); /* once for each time that it was full */
    exchange_stream_end(f->x, f->p.host.now);
    peer_run(&f->p);
    assert_true(f->s->closed);
    finish(f);
}

static void other_streams_pass_one_that_waits(void **state)
{
    (void)state;
    static char block[100000];
    struct follow *f = open_stream(0);
    assert_int_equal(exchange_stream_write(f->x, slice_make(block, sizeof block), f->p.host.now), CT_OK);
    peer_run(&f->p);
    assert_int_equal(f->s->reply.len, 0);
    f->p.host.hold = false;
    static const struct peer_header head[] = {{":method", "HEAD"}, {NULL, NULL}};
    struct peer_stream *other = peer_post(&f->p, "/status", NULL, head, SLICE_NULL); /* needs no window */
    peer_run(&f->p);
    assert_int_equal(other->status, 200);
    exchange_stream_end(f->x, f->p.host.now);
    finish(f);
}

static void a_reader_whose_window_stays_shut_is_dropped(void **state)
{
    (void)state;
    struct follow *f = open_stream(0);
    f->p.host.now += 1000000; /* nothing to send: no deadline */
    assert_int_equal(exchange_stream_write(f->x, SLICE_LIT("x"), f->p.host.now), CT_OK);
    peer_run(&f->p);
    host_expire_after(&f->p.host, f->p.host.limits.idle_ms);
    assert_int_equal(f->closed, 1);
    assert_int_equal(f->p.host.refused[OTLP_REFUSED_TIMEOUT], 1);
    peer_run(&f->p);
    assert_int_equal(f->s->code, NGHTTP2_CANCEL);
    assert_int_equal(core_state(f->p.host.core), CORE_OPEN);
    finish(f);
}

static void a_reader_that_leaves_is_told_once(void **state)
{
    (void)state;
    struct follow *f = open_stream(65535);
    nghttp2_submit_rst_stream(f->p.client, NGHTTP2_FLAG_NONE, f->s->id, NGHTTP2_CANCEL);
    peer_run(&f->p);
    assert_int_equal(f->closed, 1);
    host_eof(&f->p.host);
    assert_int_equal(f->closed, 1);
    assert_int_equal(core_state(f->p.host.core), CORE_DEAD);
    finish(f);

    f = open_stream(65535);
    host_eof(&f->p.host);
    assert_int_equal(f->closed, 1);
    finish(f);
}

static void goaway_ends_it_properly(void **state)
{
    (void)state;
    struct follow *f = open_stream(65535);
    assert_int_equal(exchange_stream_write(f->x, SLICE_LIT("last words"), f->p.host.now), CT_OK);
    core_goaway(f->p.host.core, f->p.host.now);
    assert_int_equal(f->closed, 1);
    peer_run(&f->p);
    assert_slice_equal(buf_slice(&f->s->reply), "last words");
    assert_int_equal(f->s->code, NGHTTP2_NO_ERROR);
    finish(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goes_out_as_it_is_written_and_ends),
        cmocka_unit_test(a_slow_reader_holds_the_writer_back),
        cmocka_unit_test(other_streams_pass_one_that_waits),
        cmocka_unit_test(a_reader_whose_window_stays_shut_is_dropped),
        cmocka_unit_test(a_reader_that_leaves_is_told_once),
        cmocka_unit_test(goaway_ends_it_properly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
