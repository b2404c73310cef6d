/* An upstream that takes a request and answers slowly, partly or never: it has its time, and no longer. */
#include "test.h"

#include "villain.h"

#include "clock.h"

static void takes_its_time(const char *first, const char *again, enum upstream_outcome outcome)
{
    struct villain v;
    villain_start(&v, UPSTREAM_PROTOCOL_HTTP);
    v.first = slice_str(first);
    v.again = slice_str(again);
    v.again_every_ms = 20;
    int64_t since = clock_mono();
    villain_ask(&v);
    assert_true(clock_mono() - since >= (VILLAIN_TIMEOUT_MS - 100) * NS_PER_MS);
    if (v.answer.outcome != outcome)
        fail_msg("\"%s\": outcome %d, \"%s\"", first, (int)v.answer.outcome, v.answer.text);
    assert_int_equal(v.connections, 1);
    villain_expect_peak(VILLAIN_BASE_BYTES);
    villain_finish(&v);
}

static void before_its_status(void **state)
{
    (void)state;
    takes_its_time("H", "", UPSTREAM_RETRY);
    takes_its_time("HTTP/1.1 2", "0", UPSTREAM_RETRY);
    takes_its_time("HTTP/1.1 100 Continue\r\n", "X: y\r\n", UPSTREAM_RETRY);
}

/* The status decides, although the rest never comes. */
static void behind_its_status(void **state)
{
    (void)state;
    takes_its_time("HTTP/1.1 200 OK\r\n", "X: y\r\n", UPSTREAM_TAKEN);
    takes_its_time("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", "x", UPSTREAM_TAKEN);
    takes_its_time("HTTP/1.1 503 Busy\r\nContent-Length: 100000\r\n\r\n", "x", UPSTREAM_RETRY);
}

static void hanging_up_anywhere(void **state)
{
    (void)state;
    static const char whole[] = "HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: "
                                "4\r\n\r\n\x0a\x02\x08\x01";
    size_t status_line = sizeof "HTTP/1.1 200 OK\r\n" - 1;
    for (size_t n = 1; n < sizeof whole - 1; n++) {
        struct villain v;
        villain_start(&v, UPSTREAM_PROTOCOL_HTTP);
        v.first = slice_make(whole, n);
        v.then = VILLAIN_HANGS_UP;
        villain_ask(&v);
        if (v.answer.outcome != (n < status_line ? UPSTREAM_RETRY : UPSTREAM_TAKEN))
            fail_msg("after %zu bytes: outcome %d, \"%s\"", n, (int)v.answer.outcome, v.answer.text);
        villain_expect_peak(VILLAIN_BASE_BYTES);
        villain_finish(&v);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(before_its_status),
        cmocka_unit_test(behind_its_status),
        cmocka_unit_test(hanging_up_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
