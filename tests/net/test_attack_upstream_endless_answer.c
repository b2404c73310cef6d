/* An upstream whose answer never ends: read up to the limit, and no further. */
#include "test.h"

#include "villain.h"

#define OK "HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\n"
/* The answer's buffer doubles up to the limit: for a moment there are the old and the new one. */
#define PEAK (VILLAIN_BASE_BYTES + 3 * VILLAIN_RESPONSE_BYTES)
/* The kernel's buffers take what nobody reads. */
#define SENT_MAX (VILLAIN_RESPONSE_BYTES + (size_t)24 * 1024 * 1024)
/* libcurl reads the extensions of chunks until the request's time is up, and tells nobody. */
#define SENT_ANY SIZE_MAX

static void endless(const char *first, const char *again, enum upstream_outcome outcome, size_t sent)
{
    static char block[65536];
    struct villain v;
    size_t filled = 0, len = strlen(again);
    for (; filled + len <= sizeof block; filled += len)
        memcpy(block + filled, again, len);
    villain_start(&v, UPSTREAM_PROTOCOL_HTTP);
    v.first = slice_str(first);
    v.again = slice_make(block, filled);
    villain_ask(&v);
    assert_int_equal(v.answer.outcome, outcome);
    assert_true(v.answer.text[0] != '\0');
    assert_in_range(v.sent, 0, sent);
    villain_expect_peak(PEAK);
    villain_ask(&v); /* and again, on a new connection: this one is of no use any more */
    assert_int_equal(v.connections, 2);
    villain_expect_peak(PEAK);
    villain_finish(&v);
}

/* The status came, so that what was sent is taken: it must not be sent again because of the rest. */
static void after_a_success(void **state)
{
    (void)state;
    endless(OK "\r\n", "x", UPSTREAM_TAKEN, SENT_MAX);
    endless(OK "Content-Length: 9000000000000000000\r\n\r\n", "x", UPSTREAM_TAKEN, SENT_MAX);
    endless(OK "Transfer-Encoding: chunked\r\n\r\n", "10\r\n0123456789abcdef\r\n", UPSTREAM_TAKEN, SENT_MAX);
}

static void after_a_failure(void **state)
{
    (void)state;
    endless("HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n\r\n", "x", UPSTREAM_REFUSED, SENT_MAX);
    endless("HTTP/1.1 503 Service Unavailable\r\n\r\n", "x", UPSTREAM_RETRY, SENT_MAX);
}

static void chunks_that_never_become_any(void **state)
{
    (void)state;
    endless(OK "Transfer-Encoding: chunked\r\n\r\n", "0", UPSTREAM_TAKEN, SENT_MAX);
    endless(OK "Transfer-Encoding: chunked\r\n\r\n1;", "e", UPSTREAM_TAKEN, SENT_ANY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(after_a_success),
        cmocka_unit_test(after_a_failure),
        cmocka_unit_test(chunks_that_never_become_any),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
