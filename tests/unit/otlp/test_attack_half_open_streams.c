/* One HTTP/2 connection with as many half-sent requests as it may have, each in its body. */
#include "test.h"

#include "h2_attack.h"

#define HALF_BYTES ((size_t)256 * 1024) /* of each body */
#define BUDGET     ((size_t)4 * 1024 * 1024)
/* The session's own state of one stream, and what a stream's exchange holds beside its body. */
#define STREAM_BYTES ((size_t)8 * 1024)
/* The budget counts what bodies hold; while one grows there are for a moment the old and the new one. */
#define PEAK (BUDGET + HALF_BYTES + H2_STREAMS_MAX * STREAM_BYTES)

static void piece_of_body(struct attack *a, int32_t id, bool first)
{
    static char block[16384];
    memset(block, 0, sizeof block);
    block[2] = 8; /* twice the half is announced */
    attack_frame(a, NGHTTP2_DATA, 0, id,
                 first ? slice_make(block, sizeof block) : slice_make(block + 5, sizeof block - 5));
}

static void open_all(struct attack *a)
{
    for (int32_t id = 1; id < 2 * H2_STREAMS_MAX; id += 2)
        attack_headers(a, id, 0);
    assert_true(attack_send(a));
}

static void headers_alone_cost_little_and_time_out(void **state)
{
    (void)state;
    struct attack a;
    attack_init(&a);
    attack_open(&a);
    open_all(&a);
    assert_in_range(memory_peak(), 0, H2_STREAMS_MAX * STREAM_BYTES);
    assert_in_range(a.host.budget.used, 1, H2_STREAMS_MAX * STREAM_BYTES); /* their heads */
    host_serves_others(&a.host);
    host_expire_after(&a.host, a.host.limits.idle_ms);
    assert_int_equal(a.host.refused[OTLP_REFUSED_TIMEOUT], H2_STREAMS_MAX);
    assert_int_equal(a.host.requests, 0);
    assert_int_equal(a.host.budget.used, 0);
    attack_finish(&a);
}

static void bodies_share_the_budget(void **state)
{
    (void)state;
    struct attack a;
    attack_init(&a);
    a.host.limits.budget_bytes = BUDGET;
    attack_open(&a);
    open_all(&a);
    for (size_t sent = 0; sent < HALF_BYTES; sent += 16384)
        for (int32_t id = 1; id < 2 * H2_STREAMS_MAX; id += 2) {
            piece_of_body(&a, id, sent == 0);
            assert_true(attack_send(&a));
            assert_in_range(a.host.budget.used, 0, BUDGET);
        }
    assert_true(a.host.refused[OTLP_REFUSED_OVERLOAD] > H2_STREAMS_MAX / 2);
    assert_in_range(memory_peak(), BUDGET / 2, PEAK);
    /* Those who were let in hold some of it until their time is up; then it is all there again. */
    host_expire_after(&a.host, a.host.limits.idle_ms);
    assert_int_equal(a.host.budget.used, 0);
    assert_int_equal(a.host.refused[OTLP_REFUSED_TIMEOUT] + a.host.refused[OTLP_REFUSED_OVERLOAD],
                     H2_STREAMS_MAX);
    host_serves_others(&a.host);
    assert_int_equal(core_state(a.host.core), CORE_OPEN);
    attack_finish(&a);
}

/* A drop of every body now and then is no progress for ever. */
static void dripping_bodies_end(void **state)
{
    (void)state;
    struct attack a;
    attack_init(&a);
    attack_open(&a);
    open_all(&a);
    for (int32_t id = 1; id < 2 * H2_STREAMS_MAX; id += 2)
        attack_frame(&a, NGHTTP2_DATA, 0, id, slice_make("\0\0\0\1\0", 5)); /* 256 bytes follow */
    assert_true(attack_send(&a));
    uint64_t end = a.host.now + a.host.limits.total_ms;
    while (a.host.now + a.host.limits.idle_ms / 2 < end) {
        a.host.now += a.host.limits.idle_ms / 2;
        core_expire(a.host.core, a.host.now);
        for (int32_t id = 1; id < 2 * H2_STREAMS_MAX; id += 2)
            attack_frame(&a, NGHTTP2_DATA, 0, id, slice_make("\0", 1));
        assert_true(attack_send(&a));
    }
    assert_int_equal(a.host.refused[OTLP_REFUSED_TIMEOUT], 0);
    host_expire_after(&a.host, end - a.host.now);
    assert_int_equal(a.host.refused[OTLP_REFUSED_TIMEOUT], H2_STREAMS_MAX);
    assert_in_range(memory_peak(), 0, H2_STREAMS_MAX * (STREAM_BYTES + 16 * 1024)); /* a body's first room */
    host_serves_others(&a.host);
    attack_finish(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_alone_cost_little_and_time_out),
        cmocka_unit_test(bodies_share_the_budget),
        cmocka_unit_test(dripping_bodies_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
