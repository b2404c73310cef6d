/* Every recorded body through a real socket, in pieces that end anywhere. */
#include "test.h"

#include "captures.h"
#include "net_server.h"

#include <unistd.h>

static const struct capture_request *expected;

static void inspect(struct net_server *s, const struct receiver_view *view)
{
    (void)s;
    assert_true(slice_eq(view->body, expected->body));
    assert_slice_equal(receiver_header_get(view, "Content-Encoding"),
                       expected->compression == OTLP_GZIP ? "gzip" : "");
}

static void rule_7_bodies_arrive_as_they_were_sent(void **state)
{
    (void)state;
    struct captures captures;
    assert_true(captures_load(&captures));
    assert_true(captures.count > 200);
    struct net_server s;
    net_server_start(&s, NULL);
    s.inspect = inspect;
    struct buf out, in;
    buf_init(&out, SIZE_MAX / 2);
    buf_init(&in, SIZE_MAX / 2);
    int fd = net_connect(&s);
    unsigned seed = 1;
    for (size_t i = 0; i < captures.count; i++) {
        expected = &captures.requests[i];
        buf_clear(&out);
        buf_printf(&out, "POST /v1/logs HTTP/1.1\r\nHost: localhost\r\n%s",
                   expected->compression == OTLP_GZIP ? "Content-Encoding: gzip\r\n" : "");
        if (i % 2) { /* as 2.0.76 sends */
            buf_printf(&out, "Transfer-Encoding: chunked\r\n\r\n%zx\r\n", expected->body.len);
            buf_append(&out, expected->body);
            buf_append_str(&out, "\r\n0\r\n\r\n");
        } else {
            buf_printf(&out, "Content-Length: %zu\r\n\r\n", expected->body.len);
            buf_append(&out, expected->body);
        }
        for (struct slice rest = buf_slice(&out); rest.len;) {
            seed = seed * 1664525u + 1013904223u;
            struct slice piece = slice_sub(rest, 0, 1 + (seed >> 8) % 20000);
            assert_true(net_send(&s, fd, piece));
            rest = slice_sub(rest, piece.len, rest.len);
        }
        buf_clear(&in);
        net_read_until(&s, fd, &in, " bytes");
        assert_true(net_has(&in, "HTTP/1.1 200 OK\r\n"));
        assert_int_equal(s.requests, i + 1);
    }
    assert_int_equal(receiver_stats(s.r).connections_total, 1);
    close(fd);
    buf_finish(&out);
    buf_finish(&in);
    net_server_finish(&s);
    captures_free(&captures);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rule_7_bodies_arrive_as_they_were_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
