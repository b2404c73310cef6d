#include "test.h"

#include "clock.h"
#include "upstream_policy.h"

#define MS(n) ((n)*NS_PER_MS)
#define S(n)  ((n)*NS_PER_SEC)

/* Sun, 22 Nov 2026 13:20:05 GMT */
#define NOW S(INT64_C(1795353605))

static const struct upstream_policy policy = {
    .backoff_first_ms = 500, .backoff_max_ms = 30000, .retry_after_max_ms = 300000};

/* Rule 15: what is sent again, what never. */
static void statuses(void **state)
{
    (void)state;
    static const int retried[] = {0, 429, 502, 503, 504};
    static const int taken[] = {200, 202, 204, 299};
    static const int refused[] = {100, 199, 300, 302, 304, 400, 401, 403, 404,
                                  408, 413, 415, 500, 501, 505, 507, 999};
    for (size_t i = 0; i < sizeof retried / sizeof *retried; i++)
        assert_int_equal(upstream_outcome_of_http(retried[i]), UPSTREAM_RETRY);
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        assert_int_equal(upstream_outcome_of_http(taken[i]), UPSTREAM_TAKEN);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        assert_int_equal(upstream_outcome_of_http(refused[i]), UPSTREAM_REFUSED);
}

static void grpc_codes(void **state)
{
    (void)state;
    static const int retried[] = {1, 4, 10, 11, 14, 15};
    for (int code = -2; code < 20; code++) {
        bool again = false;
        for (size_t i = 0; i < sizeof retried / sizeof *retried; i++)
            again |= code == retried[i];
        enum upstream_outcome want = again ? UPSTREAM_RETRY : code == 0 ? UPSTREAM_TAKEN : UPSTREAM_REFUSED;
        assert_int_equal(upstream_outcome_of_grpc(code, false), want);
        assert_int_equal(upstream_outcome_of_grpc(code, true), code == 8 ? UPSTREAM_RETRY : want);
    }
    assert_string_equal(upstream_grpc_name(0), "OK");
    assert_string_equal(upstream_grpc_name(8), "RESOURCE_EXHAUSTED");
    assert_string_equal(upstream_grpc_name(14), "UNAVAILABLE");
    assert_string_equal(upstream_grpc_name(16), "UNAUTHENTICATED");
    assert_string_equal(upstream_grpc_name(17), "UNKNOWN");
    assert_string_equal(upstream_grpc_name(-1), "UNKNOWN");
}

/* Without a grpc-status: those of the HTTP mapping that are tried again are those of rule 15. */
static void grpc_codes_of_http(void **state)
{
    (void)state;
    static const int pairs[][2] = {{200, 2},  {302, 2}, {400, 13}, {401, 16}, {403, 7},  {404, 12},
                                   {429, 14}, {500, 2}, {502, 14}, {503, 14}, {504, 14}, {505, 2}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        assert_int_equal(upstream_grpc_code_of_http(pairs[i][0]), pairs[i][1]);
        assert_int_equal(upstream_outcome_of_grpc(pairs[i][1], false) == UPSTREAM_RETRY, pairs[i][1] == 14);
    }
}

static void expect_wait(const char *value, int64_t wait_ns)
{
    int64_t got = -1;
    if (!upstream_retry_after_parse(slice_str(value), NOW, &got))
        fail_msg("\"%s\" was not understood", value);
    if (got != wait_ns)
        fail_msg("\"%s\" is %lld ns, not %lld", value, (long long)got, (long long)wait_ns);
}

static void retry_after_seconds(void **state)
{
    (void)state;
    expect_wait("0", 0);
    expect_wait("2", S(2));
    expect_wait(" 120 ", S(120));
    expect_wait("007", S(7));
    expect_wait("9223372036854775807", INT64_MAX);
    expect_wait("99999999999999999999999", INT64_MAX);
}

static void retry_after_dates(void **state)
{
    (void)state;
    expect_wait("Sun, 22 Nov 2026 13:20:35 GMT", S(30));
    expect_wait("Sunday, 22-Nov-26 13:20:35 GMT", S(30));
    expect_wait("Sun Nov 22 13:20:35 2026", S(30));
    expect_wait("Sun, 22 Nov 2026 13:20:05 GMT", 0);
    expect_wait("Sun, 22 Nov 2026 13:20:04 GMT", 0);
    expect_wait("Thu, 01 Jan 1970 00:00:00 GMT", 0);
    expect_wait("Wed, 22 Nov 2028 13:20:05 GMT", S(INT64_C(731) * 86400));
}

static void retry_after_nonsense(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        " ",
        "-1",
        "1.5",
        "+3",
        "2s",
        "soon",
        "Monday",
        "1e3",
        "Sun, 99 Nov 2026 13:20:35 GMT",
        "a long sentence that is certainly not any date at all, however it is read"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        int64_t got;
        if (upstream_retry_after_parse(slice_str(wrong[i]), NOW, &got))
            fail_msg("\"%s\" was taken for a wait of %lld ns", wrong[i], (long long)got);
    }
    int64_t got;
    assert_false(upstream_retry_after_parse(slice_make("Sun, 22 Nov 2026 13:20:35 GMT\0", 30), NOW, &got));
}

/* random = 0 gives the shortest wait; the longest is found by walking all ceilings. */
static void backoff_range(void **state)
{
    (void)state;
    static const int64_t ceiling_ms[] = {1000, 2000, 4000, 8000, 16000, 30000, 30000};
    for (uint32_t failures = 1; failures <= 7; failures++) {
        int64_t ceiling = MS(ceiling_ms[failures - 1]), width = ceiling - MS(500) + 1;
        assert_int_equal(upstream_policy_wait(&policy, failures, -1, 0), MS(500));
        assert_int_equal(upstream_policy_wait(&policy, failures, -1, (uint64_t)width - 1), ceiling);
        assert_int_equal(upstream_policy_wait(&policy, failures, -1, (uint64_t)width), MS(500));
        int64_t any = upstream_policy_wait(&policy, failures, -1, UINT64_MAX);
        assert_true(any >= MS(500) && any <= ceiling);
    }
    int64_t late = upstream_policy_wait(&policy, UINT32_MAX, -1, (uint64_t)(MS(30000) - MS(500)));
    assert_int_equal(late, MS(30000));
}

static void backoff_of_odd_settings(void **state)
{
    (void)state;
    struct upstream_policy zero = {0}, crossed = {.backoff_first_ms = 1000, .backoff_max_ms = 10};
    struct upstream_policy huge = {UINT32_MAX, UINT32_MAX, UINT32_MAX};
    assert_int_equal(upstream_policy_wait(&zero, 5, -1, 12345), 0);
    assert_int_equal(upstream_policy_wait(&crossed, 5, -1, 12345), MS(1000));
    assert_int_equal(upstream_policy_wait(&huge, 40, -1, UINT64_MAX), MS(INT64_C(4294967295)));
}

/* Rule 16: Retry-After wins over backoff, within its bounds. */
static void asked_wait(void **state)
{
    (void)state;
    assert_int_equal(upstream_policy_wait(&policy, 1, S(2), 99), S(2));
    assert_int_equal(upstream_policy_wait(&policy, 30, S(2), UINT64_MAX), S(2));
    assert_int_equal(upstream_policy_wait(&policy, 1, S(200), 0), S(200));
    assert_int_equal(upstream_policy_wait(&policy, 1, INT64_MAX, 0), S(300));
    assert_int_equal(upstream_policy_wait(&policy, 1, 0, 0), MS(500));
    struct upstream_policy low_cap = {
        .backoff_first_ms = 500, .backoff_max_ms = 1000, .retry_after_max_ms = 10};
    assert_int_equal(upstream_policy_wait(&low_cap, 1, S(9), 0), MS(500));
}

static void wait_texts(void **state)
{
    (void)state;
    char text[UPSTREAM_WAIT_TEXT_MAX];
    assert_string_equal(upstream_wait_text(0, text), "0 ms");
    assert_string_equal(upstream_wait_text(1, text), "1 ms");
    assert_string_equal(upstream_wait_text(MS(250), text), "250 ms");
    assert_string_equal(upstream_wait_text(S(2), text), "2 s");
    assert_string_equal(upstream_wait_text(MS(2400), text), "2 s");
    assert_string_equal(upstream_wait_text(S(119), text), "119 s");
    assert_string_equal(upstream_wait_text(S(300), text), "5 min");
    assert_string_equal(upstream_wait_text(INT64_MAX, text), "153722867 min");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statuses),           cmocka_unit_test(grpc_codes),
        cmocka_unit_test(grpc_codes_of_http), cmocka_unit_test(retry_after_seconds),
        cmocka_unit_test(retry_after_dates),  cmocka_unit_test(retry_after_nonsense),
        cmocka_unit_test(backoff_range),      cmocka_unit_test(backoff_of_odd_settings),
        cmocka_unit_test(asked_wait),         cmocka_unit_test(wait_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
