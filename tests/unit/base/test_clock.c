#include "clock.h"
#include "test.h"

static void writes_and_reads_rfc3339(void **state)
{
    (void)state;
    char text[CLOCK_RFC3339_MAX];
    int64_t ns;
    assert_string_equal(clock_rfc3339(INT64_C(1795350012461000000), text), "2026-11-22T12:20:12.461Z");
    assert_true(clock_parse_rfc3339(slice_str(text), &ns));
    assert_true(ns == INT64_C(1795350012461000000));
    assert_true(clock_parse_rfc3339(SLICE_LIT("2026-11-22T13:20:12.461+01:00"), &ns));
    assert_true(ns == INT64_C(1795350012461000000));
    assert_string_equal(clock_rfc3339(-1, text), "1969-12-31T23:59:59.999Z");
}

static void refuses_what_is_no_date(void **state)
{
    (void)state;
    int64_t ns;
    const char *bad[] = {"",
                         "2026",
                         "2026-13-01T00:00:00Z",
                         "2026-11-22T13:20:12",
                         "2026-11-22T13:20:12Zx",
                         "2026-11-22T13:20:12+1:00"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(clock_parse_rfc3339(slice_str(bad[i]), &ns));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_and_reads_rfc3339),
        cmocka_unit_test(refuses_what_is_no_date),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
