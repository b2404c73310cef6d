#include "arena.h"
#include "test.h"

static void bumps_resets_and_stops_at_its_ceiling(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 1 << 20);
    struct slice s = arena_dup(&a, SLICE_LIT("kept"));
    for (int i = 0; i < 1000; i++)
        assert_non_null(arena_alloc(&a, 100));
    assert_slice_equal(s, "kept");
    assert_true(s.ptr[s.len] == '\0');
    assert_non_null(arena_alloc(&a, 500000));
    assert_null(arena_alloc(&a, 500000));
    assert_null(arena_alloc(&a, SIZE_MAX));
    assert_true(a.held <= a.max);
    arena_reset(&a);
    assert_int_equal(a.used, 0);
    assert_non_null(arena_alloc(&a, 400000));
    arena_finish(&a);
}

static void aligns_for_any_type(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 1 << 20);
    for (size_t n = 1; n < 64; n++)
        assert_int_equal((uintptr_t)arena_alloc(&a, n) % _Alignof(max_align_t), 0);
    arena_finish(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bumps_resets_and_stops_at_its_ceiling),
        cmocka_unit_test(aligns_for_any_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
