/* A flood that leaves the process without a descriptor (EMFILE): callers are turned away or wait, nothing
 * spins, and afterwards everything is as before. */
#include "test.h"

#include "net_attack.h"

#include "clock.h"
#include "receiver_internal.h"

#include <sys/resource.h>
#include <unistd.h>

#define CALLERS 20

/* Lets the process open no further descriptor; returns what to restore. */
static struct rlimit exhaust(void)
{
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    struct rlimit now = before;
    int next = dup(0); /* the lowest free one: none below it is free */
    assert_true(next >= 0);
    close(next);
    now.rlim_cur = (rlim_t)next;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &now), 0);
    return before;
}

static bool is_paused(void *ctx)
{
    return ((struct net_server *)ctx)->r->paused;
}

/* A normal request works, and then the loop sleeps until the next caller. */
static void is_as_before(struct net_server *s, int *fds)
{
    net_bystander(s);
    net_close_all(fds, CALLERS);
    net_until_connections(s, 0);
    net_bystander(s);
    net_until_connections(s, 0);
    assert_false(s->r->paused);
    assert_int_equal(uv_backend_timeout(&s->loop), -1);
    net_expect_peak(NET_BASE_BYTES + (CALLERS + 1) * NET_CONNECTION_BYTES);
}

/* The reserve is given up for a moment to take one and close it: they know at once. */
static void callers_are_turned_away(void **state)
{
    (void)state;
    struct net_server s;
    struct buf in;
    int fds[CALLERS];
    net_server_start(&s, NULL);
    buf_init(&in, 4096);
    memory_watch();
    net_connect_all(&s, fds, CALLERS); /* in the backlog: the loop has not run */
    struct rlimit before = exhaust();
    net_until_refused(&s, OTLP_REFUSED_CONNECTIONS, CALLERS);
    for (int i = 0; i < CALLERS; i++)
        net_read_all(&s, fds[i], &in);
    assert_int_equal(in.len, 0);
    assert_int_equal(receiver_stats(s.r).connections_open, 0);
    assert_int_equal(uv_backend_timeout(&s.loop), -1);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    is_as_before(&s, fds);
    buf_finish(&in);
    net_server_finish(&s);
}

/* Somebody else took the reserve's place: callers wait in the backlog, and are served later. */
static void without_a_reserve_callers_wait(void **state)
{
    (void)state;
    struct net_server s;
    struct buf in;
    int fds[CALLERS];
    net_server_start(&s, NULL);
    buf_init(&in, 4096);
    memory_watch();
    net_connect_all(&s, fds, CALLERS);
    close(s.r->reserve_fd);
    s.r->reserve_fd = -1;
    int filler = dup(0);
    assert_true(filler >= 0);
    struct rlimit before = exhaust();
    net_until(&s, is_paused, &s);
    assert_int_equal(receiver_stats(s.r).connections_open, 0);
    /* Each turn of the loop sleeps until the next attempt is due. */
    int64_t since = clock_mono();
    for (int turn = 0; turn < 3; turn++) {
        uv_run(&s.loop, UV_RUN_ONCE);
        net_until(&s, is_paused, &s);
    }
    assert_true(clock_mono() - since >= 2 * LISTENER_RETRY_MS * NS_PER_MS);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    close(filler);
    net_until_connections(&s, CALLERS);
    for (int i = 0; i < CALLERS; i++) {
        buf_clear(&in);
        assert_true(net_send_str(&s, fds[i], NET_HEAD "\r\n"));
        net_read_until(&s, fds[i], &in, "0 bytes");
    }
    assert_int_equal(receiver_stats(s.r).refused[OTLP_REFUSED_CONNECTIONS], 0);
    is_as_before(&s, fds);
    buf_finish(&in);
    net_server_finish(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(callers_are_turned_away),
        cmocka_unit_test(without_a_reserve_callers_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
