#include "test.h"

#include "record.h"

#include <math.h>

#define ATTR_STRING(k, v)                                                                                    \
    {                                                                                                        \
        SLICE_LIT(k),                                                                                        \
        {                                                                                                    \
            .type = OTLP_VALUE_STRING, .str = SLICE_LIT(v)                                                   \
        }                                                                                                    \
    }
#define ATTR_INT(k, v)                                                                                       \
    {                                                                                                        \
        SLICE_LIT(k),                                                                                        \
        {                                                                                                    \
            .type = OTLP_VALUE_INT, .integer = (v)                                                           \
        }                                                                                                    \
    }
#define ATTR_DOUBLE(k, v)                                                                                    \
    {                                                                                                        \
        SLICE_LIT(k),                                                                                        \
        {                                                                                                    \
            .type = OTLP_VALUE_DOUBLE, .number = (v)                                                         \
        }                                                                                                    \
    }
#define ATTR_BOOL(k, v)                                                                                      \
    {                                                                                                        \
        SLICE_LIT(k),                                                                                        \
        {                                                                                                    \
            .type = OTLP_VALUE_BOOL, .boolean = (v)                                                          \
        }                                                                                                    \
    }

static const struct otlp_attr items[] = {
    ATTR_STRING("text", "hello"),
    ATTR_STRING("text", "second"),
    {SLICE_LIT("empty"), {.type = OTLP_VALUE_STRING}},
    ATTR_INT("int", 42),
    ATTR_INT("min", INT64_MIN),
    ATTR_DOUBLE("double", 1.5),
    ATTR_DOUBLE("whole", -4.0),
    ATTR_DOUBLE("huge", 1e300),
    ATTR_DOUBLE("2^63", 0x1p63),
    ATTR_DOUBLE("nan", NAN),
    ATTR_DOUBLE("inf", INFINITY),
    ATTR_BOOL("yes", true),
    ATTR_BOOL("no", false),
    ATTR_STRING("text int", "1234"),
    ATTR_STRING("text max", "9223372036854775807"),
    ATTR_STRING("text double", "0.25"),
    ATTR_STRING("text whole", "4.0"),
    ATTR_STRING("text true", "true"),
    ATTR_STRING("text false", "false"),
    ATTR_STRING("text True", "True"),
    ATTR_STRING("text nan", "nan"),
    ATTR_STRING("text inf", "inf"),
    ATTR_STRING("text hex", "0x10"),
    ATTR_STRING("text junk", "12 apples"),
    {SLICE_LIT("none"), {.type = OTLP_VALUE_NONE}},
    {SLICE_LIT("bytes"), {.type = OTLP_VALUE_BYTES, .str = SLICE_LIT("1")}},
};

static const struct otlp_attrs attrs = {items, sizeof items / sizeof *items};

static void get_finds_the_first(void **state)
{
    (void)state;
    assert_ptr_equal(otlp_attr_get(attrs, "text"), &items[0].value);
    assert_ptr_equal(otlp_attr_get(attrs, "bytes"), &items[attrs.count - 1].value);
    assert_null(otlp_attr_get(attrs, "tex"));
    assert_null(otlp_attr_get(attrs, ""));
    assert_null(otlp_attr_get((struct otlp_attrs){0}, "text"));
}

static void text_is_of_strings_only(void **state)
{
    (void)state;
    assert_slice_equal(otlp_attr_text(attrs, "text"), "hello");
    assert_slice_equal(otlp_attr_text(attrs, "empty"), "");
    assert_non_null(otlp_attr_text(attrs, "empty").ptr);
    static const char *const absent[] = {"int", "yes", "bytes", "none", "missing"};
    for (size_t i = 0; i < sizeof absent / sizeof *absent; i++)
        assert_null(otlp_attr_text(attrs, absent[i]).ptr);
}

static void integers_of_every_spelling(void **state)
{
    (void)state;
    static const struct {
        const char *key;
        int64_t expected;
    } good[] = {{"int", 42},        {"min", INT64_MIN},      {"whole", -4},
                {"text int", 1234}, {"text max", INT64_MAX}, {"text whole", 4}};
    static const char *const bad[] = {"double",    "huge",        "2^63",     "nan",      "inf",
                                      "yes",       "text double", "text nan", "text inf", "text hex",
                                      "text junk", "empty",       "none",     "bytes",    "missing"};
    int64_t value;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(otlp_attr_int(attrs, good[i].key, &value));
        assert_int_equal(value, good[i].expected);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (otlp_attr_int(attrs, bad[i], &value))
            fail_msg("%s is %lld", bad[i], (long long)value);
}

static void doubles_of_every_spelling(void **state)
{
    (void)state;
    static const struct {
        const char *key;
        double expected;
    } good[] = {{"int", 42},       {"double", 1.5},    {"huge", 1e300},
                {"inf", INFINITY}, {"text int", 1234}, {"text double", 0.25}};
    static const char *const bad[] = {"yes",       "text nan", "text inf", "text hex",
                                      "text junk", "empty",    "none",     "missing"};
    double value;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(otlp_attr_double(attrs, good[i].key, &value));
        assert_true(value == good[i].expected);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (otlp_attr_double(attrs, bad[i], &value))
            fail_msg("%s is %g", bad[i], value);
}

static void booleans_of_every_spelling(void **state)
{
    (void)state;
    static const char *const bad[] = {"text True", "text", "int", "empty", "none", "missing"};
    bool value;
    assert_true(otlp_attr_bool(attrs, "yes", &value) && value);
    assert_true(otlp_attr_bool(attrs, "no", &value) && !value);
    assert_true(otlp_attr_bool(attrs, "text true", &value) && value);
    assert_true(otlp_attr_bool(attrs, "text false", &value) && !value);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (otlp_attr_bool(attrs, bad[i], &value))
            fail_msg("%s is %d", bad[i], value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(get_finds_the_first),        cmocka_unit_test(text_is_of_strings_only),
        cmocka_unit_test(integers_of_every_spelling), cmocka_unit_test(doubles_of_every_spelling),
        cmocka_unit_test(booleans_of_every_spelling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
