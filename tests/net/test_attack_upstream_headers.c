/* An upstream that sends headers without end: one, many, interim answers (1xx), trailers. */
#include "test.h"

#include "villain.h"

#include "http_client.h"

/* libcurl keeps what it reads, too, and so does its line buffer; then there is what we keep. */
#define PEAK (VILLAIN_BASE_BYTES + 8 * HTTP_CLIENT_HEAD_MAX)

static char block[65536];

static void endless(const char *first, const char *again, enum upstream_outcome outcome)
{
    struct villain v;
    size_t filled = 0, len = strlen(again);
    for (; filled + len <= sizeof block; filled += len)
        memcpy(block + filled, again, len);
    villain_start(&v, UPSTREAM_PROTOCOL_HTTP);
    v.first = slice_str(first);
    v.again = slice_make(block, filled);
    villain_ask(&v);
    if (v.answer.outcome != outcome || !v.answer.text[0])
        fail_msg("%s: outcome %d, HTTP %d, \"%s\"", first, (int)v.answer.outcome, v.answer.status,
                 v.answer.text);
    villain_expect_peak(PEAK);
    villain_finish(&v);
}

static void one_without_end(void **state)
{
    (void)state;
    endless("HTTP/1.1 200 OK\r\nX: ", "x", UPSTREAM_TAKEN);
    endless("HTTP/1.1 503 No\r\nRetry-After: ", "1", UPSTREAM_RETRY);
    endless("HTTP/1.1 200 ", "reason ", UPSTREAM_RETRY); /* not even a status line */
    endless("x", "y", UPSTREAM_RETRY);
}

static void many_without_end(void **state)
{
    (void)state;
    endless("HTTP/1.1 200 OK\r\n", "X: y\r\n", UPSTREAM_TAKEN);
    endless("HTTP/1.1 200 OK\r\n", "Retry-After: 1\r\n", UPSTREAM_TAKEN);
    endless("HTTP/1.1 400 No\r\n", "Set-Cookie: a=b\r\n", UPSTREAM_REFUSED);
}

static void interim_answers_without_end(void **state)
{
    (void)state;
    endless("", "HTTP/1.1 100 Continue\r\n\r\n", UPSTREAM_RETRY);
    endless("", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", UPSTREAM_RETRY);
    endless("", "HTTP/1.1 102 Processing\r\n\r\n", UPSTREAM_RETRY);
}

static void trailers_without_end(void **state)
{
    (void)state;
    endless("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "T: t\r\n", UPSTREAM_TAKEN);
    endless("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nT: ", "t", UPSTREAM_TAKEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_without_end),
        cmocka_unit_test(many_without_end),
        cmocka_unit_test(interim_answers_without_end),
        cmocka_unit_test(trailers_without_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
