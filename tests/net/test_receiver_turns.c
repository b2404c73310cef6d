/* A turn of the loop takes so much of the senders' input, from all of them fairly. */
#include "test.h"

#include "clock.h"
#include "net_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define SENDERS    4
#define REQUESTS   12
#define BODY_BYTES 40000 /* more than half of what is read at once: a piece ends two requests at most */
#define ALL        (SENDERS * REQUESTS)

struct turns {
    size_t served[SENDERS];
    size_t apart;      /* most that one sender was before another that had more to say */
    uint64_t in_turn;  /* requests since the loop's turn began */
    uint64_t most;     /* requests in a turn */
    uint64_t happened; /* turns in which something was served */
    uv_prepare_t prepare;
};

/* Each request takes as long as a turn may. */
static void serve_slowly(struct net_server *s, const struct receiver_view *v)
{
    struct turns *t = s->ctx;
    int64_t until = clock_mono() + RECEIVER_TURN_NS;
    size_t sender = (size_t)(v->query.ptr[0] - '0');
    assert_int_equal(v->body.len, BODY_BYTES);
    while (clock_mono() < until)
        ;
    t->happened += t->in_turn == 0;
    t->in_turn++;
    t->most = t->in_turn > t->most ? t->in_turn : t->most;
    t->served[sender]++;
    for (size_t i = 0; i < SENDERS; i++)
        if (t->served[i] < REQUESTS && t->served[sender] > t->served[i] + t->apart)
            t->apart = t->served[sender] - t->served[i];
}

static void on_turn(uv_prepare_t *prepare)
{
    ((struct turns *)prepare->data)->in_turn = 0;
}

static void send_all(struct net_server *s, int fd, size_t sender)
{
    struct buf out;
    buf_init(&out, SIZE_MAX);
    for (size_t i = 0; i < REQUESTS; i++) {
        buf_printf(&out, "POST /v1/logs?%zu HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n",
                   sender, BODY_BYTES);
        assert_int_equal(buf_reserve(&out, BODY_BYTES), CT_OK);
        memset(out.data + out.len, 'x', BODY_BYTES);
        out.len += BODY_BYTES;
    }
    assert_true(net_send(s, fd, buf_slice(&out)));
    buf_finish(&out);
}

static void many_senders_share_the_turns(void **state)
{
    (void)state;
    struct turns t = {0};
    struct net_server s;
    int fds[SENDERS], large = 4 << 20;
    net_server_start(&s, NULL);
    s.inspect = serve_slowly;
    s.ctx = &t;
    uv_prepare_init(&s.loop, &t.prepare);
    t.prepare.data = &t;
    uv_prepare_start(&t.prepare, on_turn);
    for (size_t i = 0; i < SENDERS; i++) {
        fds[i] = net_connect(&s);
        setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &large, sizeof large);
    }
    for (size_t i = 0; i < SENDERS; i++)
        send_all(&s, fds[i], i);
    net_until_requests(&s, ALL);
    /* A turn ends with the piece that used it up, and that held two requests at most. */
    assert_in_range(t.most, 1, 2);
    assert_true(t.happened >= ALL / 2);
    for (size_t i = 0; i < SENDERS; i++)
        assert_int_equal(t.served[i], REQUESTS);
    uv_close((uv_handle_t *)&t.prepare, NULL);
    for (size_t i = 0; i < SENDERS; i++)
        close(fds[i]);
    net_until_connections(&s, 0);
    net_server_finish(&s);
}

/* Whoever was passed over comes first. */
static void nobody_is_passed_over_twice(void **state)
{
    (void)state;
    struct turns t = {0};
    struct net_server s;
    int fds[SENDERS];
    net_server_start(&s, NULL);
    s.inspect = serve_slowly;
    s.ctx = &t;
    for (size_t i = 0; i < SENDERS; i++)
        fds[i] = net_connect(&s);
    net_until_connections(&s, SENDERS);
    /* All there is waits in the sockets before the first of it is read. */
    for (size_t i = 0; i < SENDERS; i++)
        for (size_t k = 0; k < REQUESTS; k++) {
            char head[128];
            static char body[BODY_BYTES];
            int n = snprintf(head, sizeof head,
                             "POST /v1/logs?%zu HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n", i,
                             BODY_BYTES);
            assert_int_equal(send(fds[i], head, (size_t)n, MSG_NOSIGNAL), n);
            assert_int_equal(send(fds[i], body, sizeof body, MSG_NOSIGNAL), sizeof body);
        }
    net_until_requests(&s, ALL);
    assert_in_range(t.apart, 1, 4);
    for (size_t i = 0; i < SENDERS; i++)
        close(fds[i]);
    net_until_connections(&s, 0);
    net_server_finish(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_senders_share_the_turns),
        cmocka_unit_test(nobody_is_passed_over_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
