/* gRPC's framing, timeouts, codes and words. Rules: the OTLP transport rules 11 to 14. */
#include "test.h"

#include "grpc.h"
#include "respond.h"

#include <stdlib.h>

static void rule_11_methods(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        enum otlp_signal signal;
    } known[] = {
        {"/opentelemetry.proto.collector.trace.v1.TraceService/Export", OTLP_TRACES},
        {"/opentelemetry.proto.collector.metrics.v1.MetricsService/Export", OTLP_METRICS},
        {"/opentelemetry.proto.collector.logs.v1.LogsService/Export", OTLP_LOGS},
        {"/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export", OTLP_PROFILES},
    };
    enum otlp_signal signal;
    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
        assert_true(grpc_method_parse(slice_str(known[i].path), &signal));
        assert_int_equal(signal, known[i].signal);
        assert_true(grpc_path(slice_str(known[i].path)));
    }
    static const char *const unknown[] = {"/v1/logs", "/", "",
                                          "/opentelemetry.proto.collector.logs.v1.LogsService/export",
                                          "/opentelemetry.proto.collector.logs.v1.LogsService/Export/"};
    for (size_t i = 0; i < sizeof(unknown) / sizeof(*unknown); i++)
        assert_false(grpc_method_parse(slice_str(unknown[i]), &signal));
    assert_int_equal(grpc_code(404), GRPC_UNIMPLEMENTED);
}

static void rule_12_content_types(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        bool grpc, spoken;
    } cases[] = {
        {"application/grpc", true, true},         {"Application/GRPC ; a=b", true, true},
        {"application/grpc+proto", true, true},   {"application/grpc+json", true, false},
        {"application/grpc-web", true, false},    {"application/grpcx", false, false},
        {"application/x-protobuf", false, false}, {"", false, false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        assert_int_equal(grpc_content_type(slice_str(cases[i].type)), cases[i].grpc);
        assert_int_equal(grpc_content_type_spoken(slice_str(cases[i].type)), cases[i].spoken);
    }
    assert_int_equal(respond_encoding(SLICE_LIT("application/grpc")), OTLP_PROTOBUF);
}

static enum grpc_reading read_cut(struct slice bytes, size_t first, size_t second, struct grpc_reader *r)
{
    enum grpc_reading last = GRPC_READ_MORE;
    struct slice parts[] = {slice_sub(bytes, 0, first), slice_sub(bytes, first, second),
                            slice_sub(bytes, first + second, bytes.len)};
    *r = (struct grpc_reader){0};
    for (size_t i = 0; i < 3; i++) {
        if (i && !parts[i].len)
            continue;
        last = grpc_reader_take(r, parts[i]);
        if (last == GRPC_READ_FLAG || last == GRPC_READ_SECOND)
            return last;
    }
    return last;
}

static void rule_12_a_message_is_read_wherever_it_is_cut(void **state)
{
    (void)state;
    static const struct {
        struct slice bytes;
        enum grpc_reading end;
    } cases[] = {
        {{"\0\0\0\0\0", 5}, GRPC_READ_WHOLE},
        {{"\1\0\0\0\3abc", 8}, GRPC_READ_WHOLE},
        {{"\0\0\0\0\3ab", 7}, GRPC_READ_MORE},
        {{"\0\0\0", 3}, GRPC_READ_MORE},
        {{"", 0}, GRPC_READ_MORE},
        {{"\0\0\0\0\3abcd", 9}, GRPC_READ_SECOND},
        {{"\0\0\0\0\0\0", 6}, GRPC_READ_SECOND},
        {{"\2\0\0\0\0", 5}, GRPC_READ_FLAG},
        {{"\377\0\0\0\0", 5}, GRPC_READ_FLAG},
        {{"\0\377\377\377\377abc", 8}, GRPC_READ_MORE},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct slice bytes = cases[i].bytes;
        struct grpc_reader r;
        for (size_t first = 0; first <= bytes.len; first++)
            for (size_t second = 0; first + second <= bytes.len; second++)
                assert_int_equal(read_cut(bytes, first, second, &r), cases[i].end);
        bool compressed;
        struct slice payload;
        assert_int_equal(grpc_message_parse(bytes, &compressed, &payload), cases[i].end == GRPC_READ_WHOLE);
    }
    bool compressed;
    struct slice payload;
    assert_true(grpc_message_parse(cases[1].bytes, &compressed, &payload));
    assert_true(compressed);
    assert_slice_equal(payload, "abc");

    struct grpc_reader r = {0};
    assert_int_equal(grpc_reader_take(&r, slice_make("\0\1\2\3\4", 5)), GRPC_READ_MORE);
    assert_int_equal(grpc_reader_length(&r), 0x01020304);
    uint8_t prefix[GRPC_PREFIX_BYTES];
    grpc_prefix_write(0xfedcba98u, prefix);
    assert_memory_equal(prefix, "\0\xfe\xdc\xba\x98", 5);
}

static void rule_13_timeouts(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t ms;
    } good[] = {
        {"9978m", 9978}, {"10S", 10000}, {"1H", 3600000},
        {"2M", 120000},  {"1u", 1},      {"1001u", 2},
        {"1n", 1},       {"0m", 0},      {"99999999H", 359999996400000},
        {"1000000n", 1},
    };
    static const char *const bad[] = {"", "m", "10", "10s", "-1m", "1.5S", "123456789m", " 1m", "1m ", "1mm"};
    uint64_t ms;
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
        assert_true(grpc_timeout_parse(slice_str(good[i].text), &ms));
        assert_int_equal(ms, good[i].ms);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_false(grpc_timeout_parse(slice_str(bad[i]), &ms));
}

static void rule_13_messages_are_percent_encoded(void **state)
{
    (void)state;
    static const struct {
        const char *text, *encoded;
    } cases[] = {
        {"plain words, ~!", "plain words, ~!"},
        {"100%", "100%25"},
        {"caf\xc3\xa9", "caf%C3%A9"},
        {"a\r\nb", "a%E2%86%B5b"}, /* cleaned: no header can be smuggled in */
        {"\x1b[31m", "%E2%90%9B[31m"},
        {"", ""},
    };
    struct buf b;
    buf_init(&b, 4096);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        buf_clear(&b);
        assert_int_equal(grpc_message_encode(slice_str(cases[i].text), &b), CT_OK);
        assert_slice_equal(buf_slice(&b), cases[i].encoded);
    }
    char evil[3000];
    for (size_t i = 0; i < sizeof(evil); i++)
        evil[i] = (char)(i * 37);
    buf_clear(&b);
    assert_int_equal(grpc_message_encode(slice_make(evil, sizeof(evil)), &b), CT_OK);
    assert_in_range(b.len, 100, 3 * RESPOND_MESSAGE_MAX);
    for (size_t i = 0; i < b.len; i++)
        assert_in_range(b.data[i], 0x20, 0x7e);
    buf_finish(&b);
}

static void rule_14_retry_info(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 4096);
    assert_int_equal(grpc_retry_details(GRPC_UNAVAILABLE, SLICE_LIT("wait"), 1, &b), CT_OK);
    /* Status{code 14, message "wait", details Any{type_url, RetryInfo{Duration{1 s}}}} */
    assert_slice_equal(buf_slice(&b),
                       "CA4SBHdhaXQaMAoodHlwZS5nb29nbGVhcGlzLmNvbS9nb29nbGUucnBjLlJldHJ5SW5mbxIECgII"
                       "AQ");
    char longest[4000];
    memset(longest, 'x', sizeof(longest));
    for (size_t n = 0; n < 6; n++) { /* every remainder of base64, and the longest message */
        buf_clear(&b);
        assert_int_equal(grpc_retry_details(GRPC_UNAVAILABLE,
                                            slice_make(longest, n == 5 ? sizeof(longest) : n), UINT32_MAX,
                                            &b),
                         CT_OK);
        assert_int_not_equal(b.len % 4, 1);
    }
    buf_finish(&b);
}

static void rules_2_and_14_codes_follow_from_what_the_handler_answers(void **state)
{
    (void)state;
    static const int cases[][2] = {
        {200, GRPC_OK},
        {204, GRPC_OK},
        {400, GRPC_INVALID_ARGUMENT},
        {403, GRPC_PERMISSION_DENIED},
        {404, GRPC_UNIMPLEMENTED},
        {405, GRPC_UNIMPLEMENTED},
        {408, GRPC_DEADLINE_EXCEEDED},
        {413, GRPC_RESOURCE_EXHAUSTED},
        {429, GRPC_UNAVAILABLE},
        {431, GRPC_RESOURCE_EXHAUSTED},
        {500, GRPC_INTERNAL},
        {501, GRPC_UNIMPLEMENTED},
        {503, GRPC_UNAVAILABLE},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        assert_int_equal(grpc_code(cases[i][0]), cases[i][1]);
    for (int why = 0; why < OTLP_REFUSAL_COUNT; why++) {
        int status = otlp_refusal_status((enum otlp_refusal)why);
        if (status)
            assert_int_not_equal(grpc_code(status), GRPC_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rule_11_methods),
        cmocka_unit_test(rule_12_content_types),
        cmocka_unit_test(rule_12_a_message_is_read_wherever_it_is_cut),
        cmocka_unit_test(rule_13_timeouts),
        cmocka_unit_test(rule_13_messages_are_percent_encoded),
        cmocka_unit_test(rule_14_retry_info),
        cmocka_unit_test(rules_2_and_14_codes_follow_from_what_the_handler_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
