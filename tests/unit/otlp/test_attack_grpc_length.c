/* A gRPC message that says it is huge, or whose length and body do not agree. */
#include "test.h"

#include "h2_attack.h"

#define BODY_BYTES ((size_t)1024 * 1024) /* otlp_limits.body_bytes here */
/* The connection and one stream: what is announced is never allocated. */
#define STREAM_BYTES ((size_t)96 * 1024)

static void start(struct attack *a)
{
    attack_init(a);
    a->host.limits.body_bytes = BODY_BYTES;
    attack_open(a);
    attack_headers(a, 1, 0);
}

static void a_huge_announcement_costs_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        enum otlp_refusal why;
    } prefixes[] = {
        {"\0\377\377\377\377", OTLP_REFUSED_BODY_SIZE},
        {"\1\377\377\377\377", OTLP_REFUSED_ENCODING}, /* compressed, and nobody said how */
        {"\0\200\0\0\0", OTLP_REFUSED_BODY_SIZE},
        {"\0\0\20\0\1", OTLP_REFUSED_BODY_SIZE},
    };
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        struct attack a;
        start(&a);
        attack_frame(&a, NGHTTP2_DATA, 0, 1, slice_make(prefixes[i].bytes, GRPC_PREFIX_BYTES));
        assert_true(attack_send(&a));
        assert_int_equal(a.host.refused[prefixes[i].why], 1);
        assert_int_equal(a.host.requests, 0);
        assert_int_equal(a.host.budget.used, 0);
        assert_in_range(memory_peak(), 0, STREAM_BYTES);
        host_serves_others(&a.host);
        /* The rest of it is dropped, and the connection goes on. */
        attack_frame(&a, NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 1, SLICE_LIT("the rest"));
        attack_headers(&a, 3, 0);
        attack_frame(&a, NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 3, slice_make("\0\0\0\0\0", 5));
        assert_true(attack_send(&a));
        assert_int_equal(a.host.requests, 1);
        attack_finish(&a);
    }
}

/* Announced within the limit and never sent: only what came is held. */
static void an_announcement_that_is_not_kept_costs_what_came(void **state)
{
    (void)state;
    struct attack a;
    start(&a);
    attack_frame(&a, NGHTTP2_DATA, 0, 1, slice_make("\0\0\17\0\0abc", 8));
    assert_true(attack_send(&a));
    assert_in_range(a.host.budget.used, 1, (size_t)64 * 1024);
    assert_in_range(memory_peak(), 0, STREAM_BYTES + 64 * 1024);
    attack_frame(&a, NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 1, SLICE_LIT("d"));
    assert_true(attack_send(&a));
    assert_int_equal(a.host.requests, 0);
    assert_int_equal(a.host.refused[OTLP_REFUSED_MALFORMED], 1);
    assert_int_equal(a.host.budget.used, 0);
    host_serves_others(&a.host);
    attack_finish(&a);
}

/* A message, and another, and another: unary calls have one. */
static void more_than_one_message(void **state)
{
    (void)state;
    struct attack a;
    start(&a);
    for (int i = 0; i < 100; i++)
        attack_frame(&a, NGHTTP2_DATA, 0, 1, slice_make("\0\0\0\0\0", 5));
    assert_true(attack_send(&a));
    assert_int_equal(a.host.requests, 0);
    assert_int_equal(a.host.refused[OTLP_REFUSED_MALFORMED], 1);
    assert_int_equal(a.host.budget.used, 0);
    assert_in_range(memory_peak(), 0, STREAM_BYTES);
    host_serves_others(&a.host);
    attack_finish(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_huge_announcement_costs_nothing),
        cmocka_unit_test(an_announcement_that_is_not_kept_costs_what_came),
        cmocka_unit_test(more_than_one_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
