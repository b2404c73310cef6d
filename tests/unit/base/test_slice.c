#include "test.h"

static void sub_is_clamped(void **state)
{
    (void)state;
    assert_slice_equal(slice_sub(SLICE_LIT("hello"), 1, 3), "ell");
    assert_slice_equal(slice_sub(SLICE_LIT("hello"), 3, 99), "lo");
    assert_int_equal(slice_sub(SLICE_LIT("hello"), 99, 1).len, 0);
}

static void finds(void **state)
{
    (void)state;
    assert_int_equal(slice_find(SLICE_LIT("a:b"), ':'), 1);
    assert_int_equal(slice_find(SLICE_LIT("ab"), ':'), 2);
    assert_int_equal(slice_find_slice(SLICE_LIT("aaab"), SLICE_LIT("aab")), 1);
    assert_int_equal(slice_find_slice(SLICE_LIT("aaa"), SLICE_LIT("aaaa")), 3);
    assert_int_equal(slice_find_slice(SLICE_LIT("abc"), SLICE_LIT("")), 0);
    assert_int_equal(slice_find_slice(SLICE_NULL, SLICE_LIT("x")), 0);
}

static void compares(void **state)
{
    (void)state;
    assert_true(slice_eq_nocase(SLICE_LIT("Content-Type"), SLICE_LIT("content-tYPE")));
    assert_false(slice_eq_nocase(SLICE_LIT("a"), SLICE_LIT("ab")));
    assert_true(slice_cmp(SLICE_LIT("a"), SLICE_LIT("ab")) < 0);
    assert_true(slice_cmp(SLICE_LIT("b"), SLICE_LIT("ab")) > 0);
    assert_int_equal(slice_cmp(SLICE_NULL, SLICE_LIT("")), 0);
    assert_slice_equal(slice_trim(SLICE_LIT(" \tx y\t ")), "x y");
}

static void numbers_are_whole_and_in_range(void **state)
{
    (void)state;
    uint64_t u;
    int64_t i;
    double d;
    assert_true(slice_to_u64(SLICE_LIT("18446744073709551615"), &u));
    assert_true(u == UINT64_MAX);
    assert_false(slice_to_u64(SLICE_LIT("18446744073709551616"), &u));
    assert_false(slice_to_u64(SLICE_LIT(""), &u));
    assert_false(slice_to_u64(SLICE_LIT("1 "), &u));
    assert_true(slice_to_i64(SLICE_LIT("-9223372036854775808"), &i));
    assert_true(i == INT64_MIN);
    assert_false(slice_to_i64(SLICE_LIT("9223372036854775808"), &i));
    assert_true(slice_to_double(SLICE_LIT("0.25"), &d));
    assert_true(d == 0.25);
    assert_false(slice_to_double(SLICE_LIT("0.25x"), &d));
    assert_false(slice_to_double(SLICE_LIT(" 1"), &d));
}

static void hex_both_ways(void **state)
{
    (void)state;
    uint8_t bytes[3];
    char text[7];
    assert_true(slice_unhex(SLICE_LIT("00aBfF"), bytes, 3));
    slice_hex(bytes, 3, text);
    assert_string_equal(text, "00abff");
    assert_false(slice_unhex(SLICE_LIT("00aBf"), bytes, 3));
    assert_false(slice_unhex(SLICE_LIT("00aBfg"), bytes, 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sub_is_clamped), cmocka_unit_test(finds),
        cmocka_unit_test(compares),       cmocka_unit_test(numbers_are_whole_and_in_range),
        cmocka_unit_test(hex_both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
