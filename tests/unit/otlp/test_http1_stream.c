/* Responses without a known end. */
#include "test.h"

#include "http1_host.h"

#include <stdlib.h>

struct stream {
    struct host h;
    unsigned drained;
    unsigned closed;
};

static void on_drain(void *ctx)
{
    ((struct stream *)ctx)->drained++;
}

static void on_close(void *ctx)
{
    ((struct stream *)ctx)->closed++;
}

static struct exchange *open_stream(struct stream *s, const char *request)
{
    *s = (struct stream){0};
    host_init(&s->h);
    s->h.hold = true;
    host_open(&s->h);
    host_feed_str(&s->h, request);
    assert_int_equal(s->h.held_count, 1);
    struct exchange *x = s->h.held[0];
    s->h.held[0] = NULL;
    assert_int_equal(exchange_stream_begin(x, "application/x-frames", on_drain, on_close, s, s->h.now),
                     CT_OK);
    host_pump(&s->h);
    return x;
}

#define GET "GET /frames HTTP/1.1\r\nHost: a\r\n\r\n"

static void is_chunked_and_the_connection_goes_on_after_it(void **state)
{
    (void)state;
    struct stream s;
    struct exchange *x = open_stream(&s, GET);
    assert_int_equal(exchange_stream_write(x, SLICE_LIT("hello world, hello"), s.h.now), CT_OK);
    assert_int_equal(exchange_stream_write(x, SLICE_LIT(""), s.h.now), CT_OK); /* not the last chunk */
    assert_int_equal(exchange_stream_write(x, SLICE_LIT("!"), s.h.now), CT_OK);
    exchange_stream_end(x, s.h.now);
    host_pump(&s.h);
    assert_slice_equal(buf_slice(&s.h.out), "HTTP/1.1 200 OK\r\nContent-Type: application/x-frames\r\n"
                                            "Transfer-Encoding: chunked\r\n\r\n"
                                            "12\r\nhello world, hello\r\n1\r\n!\r\n0\r\n\r\n");
    s.h.hold = false;
    host_feed_str(&s.h, GET);
    assert_int_equal(s.h.requests, 2);
    assert_int_equal(s.closed, 0);
    host_finish(&s.h);
}

static void to_http_1_0_it_ends_with_the_connection(void **state)
{
    (void)state;
    struct stream s;
    struct exchange *x = open_stream(&s, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    assert_int_equal(exchange_stream_write(x, SLICE_LIT("hello"), s.h.now), CT_OK);
    exchange_stream_end(x, s.h.now);
    host_pump(&s.h);
    assert_slice_equal(buf_slice(&s.h.out), "HTTP/1.1 200 OK\r\nContent-Type: application/x-frames\r\n"
                                            "Connection: close\r\n\r\nhello");
    assert_int_equal(core_state(s.h.core), CORE_SHUT);
    host_finish(&s.h);
}

static void a_slow_reader_holds_the_writer_back(void **state)
{
    (void)state;
    static char block[100000];
    struct stream s;
    struct exchange *x = open_stream(&s, GET);
    s.h.stalled = true;
    size_t taken = 0;
    while (exchange_stream_write(x, slice_make(block, sizeof(block)), s.h.now) == CT_OK) {
        taken++;
        assert_in_range(taken, 1, 20);
        host_pump(&s.h);
    }
    assert_int_equal(exchange_stream_write(x, SLICE_LIT("x"), s.h.now), CT_AGAIN);
    assert_in_range(exchange_stream_pending(x), EXCHANGE_STREAM_HIGH,
                    EXCHANGE_STREAM_HIGH + sizeof(block) + 20);
    core_sent(s.h.core, EXCHANGE_STREAM_HIGH / 2, s.h.now);
    assert_int_equal(s.drained, 0);
    size_t rest = exchange_stream_pending(x) - EXCHANGE_STREAM_LOW;
    core_sent(s.h.core, rest, s.h.now);
    assert_int_equal(s.drained, 1);
    core_sent(s.h.core, 1000, s.h.now);
    assert_int_equal(s.drained, 1); /* once for each time that it was full */
    assert_int_equal(exchange_stream_write(x, SLICE_LIT("x"), s.h.now), CT_OK);
    exchange_stream_end(x, s.h.now);
    assert_int_equal(s.closed, 0);
    host_finish(&s.h);
}

static void a_reader_that_takes_nothing_is_dropped(void **state)
{
    (void)state;
    struct stream s;
    struct exchange *x = open_stream(&s, GET);
    assert_int_equal(core_deadline(s.h.core), 0); /* nothing to send: it may last */
    s.h.stalled = true;
    assert_int_equal(exchange_stream_write(x, SLICE_LIT("x"), s.h.now), CT_OK);
    host_pump(&s.h);
    host_expire_after(&s.h, s.h.limits.idle_ms);
    assert_int_equal(core_state(s.h.core), CORE_DEAD);
    assert_int_equal(s.h.refused[OTLP_REFUSED_TIMEOUT], 1);
    assert_int_equal(exchange_stream_write(x, SLICE_LIT("x"), s.h.now), CT_END);
    assert_int_equal(s.closed, 0);
    host_finish(&s.h);
    assert_int_equal(s.closed, 1);
}

static void a_reader_that_leaves_is_told_once(void **state)
{
    (void)state;
    struct stream s;
    open_stream(&s, GET);
    host_eof(&s.h);
    assert_int_equal(s.closed, 1);
    assert_int_equal(core_state(s.h.core), CORE_DEAD);
    host_finish(&s.h);
    assert_int_equal(s.closed, 1);
}

static void goaway_ends_it_properly(void **state)
{
    (void)state;
    struct stream s;
    struct exchange *x = open_stream(&s, GET);
    assert_int_equal(exchange_stream_write(x, SLICE_LIT("x"), s.h.now), CT_OK);
    core_goaway(s.h.core, s.h.now);
    host_pump(&s.h);
    assert_int_equal(s.closed, 1);
    assert_true(host_said(&s.h, "1\r\nx\r\n0\r\n\r\n"));
    assert_int_equal(core_state(s.h.core), CORE_SHUT);
    host_finish(&s.h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_chunked_and_the_connection_goes_on_after_it),
        cmocka_unit_test(to_http_1_0_it_ends_with_the_connection),
        cmocka_unit_test(a_slow_reader_holds_the_writer_back),
        cmocka_unit_test(a_reader_that_takes_nothing_is_dropped),
        cmocka_unit_test(a_reader_that_leaves_is_told_once),
        cmocka_unit_test(goaway_ends_it_properly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
