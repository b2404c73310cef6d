#include "test.h"

#include "clock.h"
#include "format.h"
#include "text.h"

#include <math.h>

#define MIN  (60 * NS_PER_SEC)
#define HOUR (60 * MIN)
#define DAY  (24 * HOUR)

struct sample {
    int64_t value;
    const char *text;
};

static void check(const char *(*format)(int64_t, char *), const struct sample *samples, size_t count,
                  size_t most)
{
    for (size_t i = 0; i < count; i++) {
        char out[FORMAT_MAX];
        assert_string_equal(format(samples[i].value, out), samples[i].text);
        assert_true(text_width(slice_str(out)) <= most);
    }
}

#define CHECK(format, samples, most) check(format, samples, sizeof(samples) / sizeof((samples)[0]), most)

static void counts(void **state)
{
    static const struct sample SAMPLES[] = {
        {-1, "–"},
        {INT64_MIN, "–"},
        {0, "0"},
        {7, "7"},
        {812, "812"},
        {999, "999"},
        {1000, "1.0k"},
        {1049, "1.0k"},
        {1050, "1.1k"},
        {3210, "3.2k"},
        {9949, "9.9k"},
        {9950, "10k"},
        {41499, "41k"},
        {41500, "42k"},
        {999499, "999k"},
        {999500, "1.0M"},
        {1234567, "1.2M"},
        {99499999, "99M"},
        {999500000, "1.0G"},
        {INT64_MAX, "9.2E"},
        {1200000000000, "1.2T"},
    };
    (void)state;
    CHECK(format_count, SAMPLES, 4);
}

static void wide_counts(void **state)
{
    static const struct sample SAMPLES[] = {
        {-1, "–"},       {999, "999"},     {12400, "12.4k"}, {99949, "99.9k"},
        {99950, "100k"}, {812000, "812k"}, {999500, "1.0M"},
    };
    (void)state;
    CHECK(format_count_wide, SAMPLES, 5);
}

static const char *exact_cost(int64_t nano, char *out)
{
    return format_cost(nano, 0, out);
}

static const char *least_cost(int64_t nano, char *out)
{
    return format_cost(nano, COST_AT_LEAST, out);
}

static const char *estimated_cost(int64_t nano, char *out)
{
    return format_cost(nano, COST_ESTIMATE, out);
}

static const char *estimated_least_cost(int64_t nano, char *out)
{
    return format_cost(nano, COST_AT_LEAST | COST_ESTIMATE, out);
}

static void costs(void **state)
{
    static const struct sample EXACT[] = {
        {-1, "–"},
        {0, "$0.00"},
        {1, "<$0.01"},
        {9999999, "<$0.01"},
        {10000000, "$0.01"},
        {2114999999, "$2.11"},
        {2115000000, "$2.12"},
        {99994999999, "$99.99"},
        {99995000000, "$100.0"},
        {999949999999, "$999.9"},
        {999950000000, "$1000"},
        {9999499999999, "$9999"},
        {12300000000000, "$12.3k"},
        {INT64_MAX, "$9.2G"},
    };
    static const struct sample LEAST[] = {{0, "?"},
                                          {5, ">$0.00"},
                                          {2110000000, "≥$2.11"},
                                          {123400000000, "≥$123.4"},
                                          {12300000000000, "≥$12.3k"}};
    (void)state;
    CHECK(exact_cost, EXACT, 7);
    CHECK(least_cost, LEAST, 7);
    static const struct sample ABOUT[] = {
        {-1, "–"}, {0, "~$0.00"}, {5, "~<$0.01"}, {120000000, "~$0.12"}, {12300000000000, "~$12.3k"}};
    static const struct sample BOTH[] = {{0, "?"}, {5, ">$0.00"}, {120000000, "≳$0.12"}};
    CHECK(estimated_cost, ABOUT, 7);
    CHECK(estimated_least_cost, BOTH, 7);
}

static void durations(void **state)
{
    static const struct sample SAMPLES[] = {
        {-1, "–"},
        {0, "0ms"},
        {1, "<1ms"},
        {999999, "<1ms"},
        {14 * NS_PER_MS, "14ms"},
        {NS_PER_SEC - 1, "999ms"},
        {6100 * NS_PER_MS, "6.1s"},
        {9999 * NS_PER_MS, "9.9s"},
        {10 * NS_PER_SEC, "10s"},
        {72 * NS_PER_SEC, "72s"},
        {100 * NS_PER_SEC, "1:40"},
        {245 * NS_PER_SEC, "4:05"},
        {HOUR, "1h00m"},
        {99 * HOUR, "99h00m"},
        {100 * HOUR, "4d04h"},
        {100 * DAY, "100d"},
        {INT64_MAX, "9999d"},
    };
    (void)state;
    CHECK(format_duration, SAMPLES, 6);
}

static void clocks(void **state)
{
    static const struct sample SAMPLES[] = {
        {-1, "–"},
        {0, "0:00"},
        {NS_PER_MS, "<0:01"},
        {999 * NS_PER_MS, "<0:01"},
        {48 * NS_PER_SEC, "0:48"},
        {761 * NS_PER_SEC, "12:41"},
        {HOUR + 2 * MIN + 41 * NS_PER_SEC, "1:02:41"},
        {10 * HOUR - 1, "9:59:59"},
        {10 * HOUR, "10h00m"},
        {101 * HOUR, "4d05h"},
    };
    (void)state;
    CHECK(format_clock, SAMPLES, 7);
}

static void ages(void **state)
{
    static const struct sample SAMPLES[] = {
        {-1, "–"},
        {0, "0s"},
        {72 * NS_PER_SEC, "72s"},
        {119 * NS_PER_SEC, "119s"},
        {120 * NS_PER_SEC, "2m"},
        {4 * MIN, "4m"},
        {120 * MIN, "2h"},
        {47 * HOUR, "47h"},
        {48 * HOUR, "2d"},
        {INT64_MAX, "999d"},
    };
    (void)state;
    CHECK(format_age, SAMPLES, 4);
}

/* The text changes exactly when the function says: never sooner, always by then. */
static void the_next_change_is_foretold(void **state)
{
    static const int64_t FROM[] = {0,          1, NS_PER_SEC / 2, 119 * NS_PER_SEC + 5, 2 * MIN, 3 * HOUR + 7,
                                   9 * DAY + 1};
    (void)state;
    for (size_t i = 0; i < sizeof(FROM) / sizeof(FROM[0]); i++) {
        char now[FORMAT_MAX], just_before[FORMAT_MAX], then[FORMAT_MAX];
        int64_t next = format_age_next(FROM[i]);
        assert_true(next >= 1);
        assert_string_equal(format_age(FROM[i], now), format_age(FROM[i] + next - 1, just_before));
        assert_string_not_equal(now, format_age(FROM[i] + next, then));
        next = format_clock_next(FROM[i]);
        assert_string_equal(format_clock(FROM[i], now), format_clock(FROM[i] + next - 1, just_before));
        assert_string_not_equal(now, format_clock(FROM[i] + next, then));
    }
}

static void ratios(void **state)
{
    static const struct {
        double value;
        const char *text;
    } SAMPLES[] = {
        {-1, "–"},        {1.5, "–"},      {0, "0%"},    {0.00001, "<0.1%"}, {0.012, "1.2%"},
        {0.0994, "9.9%"}, {0.0995, "10%"}, {0.5, "50%"}, {0.9999, "99%"},    {1, "100%"},
    };
    char out[FORMAT_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof(SAMPLES) / sizeof(SAMPLES[0]); i++)
        assert_string_equal(format_ratio(SAMPLES[i].value, out), SAMPLES[i].text);
    assert_string_equal(format_ratio(NAN, out), "–");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts), cmocka_unit_test(wide_counts),
        cmocka_unit_test(costs),  cmocka_unit_test(durations),
        cmocka_unit_test(clocks), cmocka_unit_test(ages),
        cmocka_unit_test(ratios), cmocka_unit_test(the_next_change_is_foretold),
    };
    return cmocka_run_group_tests_name("ui/format", tests, NULL, NULL);
}
