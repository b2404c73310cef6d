#include "map.h"
#include "test.h"

#include <stdio.h>

#define MANY 20000

static char keys[MANY][12];

static void holds_many_and_forgets_what_is_removed(void **state)
{
    (void)state;
    struct map m;
    map_init(&m, 42);
    for (int i = 0; i < MANY; i++) {
        snprintf(keys[i], sizeof keys[i], "key-%d", i);
        assert_null(map_put(&m, slice_str(keys[i]), keys[i]));
    }
    assert_int_equal(m.count, MANY);
    for (int i = 0; i < MANY; i += 2)
        assert_ptr_equal(map_remove(&m, slice_str(keys[i])), keys[i]);
    for (int i = 0; i < MANY; i++)
        assert_ptr_equal(map_get(&m, slice_str(keys[i])), i % 2 ? keys[i] : NULL);
    assert_ptr_equal(map_put(&m, slice_str(keys[1]), keys[0]), keys[1]);
    assert_int_equal(m.count, MANY / 2);
    map_finish(&m);
}

static void adding_and_removing_for_ever_does_not_grow(void **state)
{
    (void)state;
    struct map m;
    map_init(&m, 7);
    for (int i = 0; i < 200000; i++) {
        char *key = keys[i % MANY];
        snprintf(key, sizeof keys[0], "k%d", i);
        map_put(&m, slice_str(key), key);
        assert_ptr_equal(map_remove(&m, slice_str(key)), key);
    }
    assert_int_equal(m.count, 0);
    assert_true(m.cap <= 64);
    map_finish(&m);
}

static void empty_map_answers(void **state)
{
    (void)state;
    struct map m;
    map_init(&m, 0);
    assert_null(map_get(&m, SLICE_LIT("x")));
    assert_null(map_remove(&m, SLICE_LIT("x")));
    map_finish(&m);
}

static void hash_depends_on_seed_and_every_byte(void **state)
{
    (void)state;
    const uint64_t a[2] = {1, 2}, b[2] = {1, 3};
    char text[] = "0123456789abcdef";
    uint64_t h = map_hash(a, slice_str(text));
    assert_true(h != map_hash(b, slice_str(text)));
    for (size_t i = 0; text[i]; i++) {
        text[i] ^= 1;
        assert_true(h != map_hash(a, slice_str(text)));
        text[i] ^= 1;
    }
    assert_true(h != map_hash(a, slice_make(text, 15)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_many_and_forgets_what_is_removed),
        cmocka_unit_test(adding_and_removing_for_ever_does_not_grow),
        cmocka_unit_test(empty_map_answers),
        cmocka_unit_test(hash_depends_on_seed_and_every_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
