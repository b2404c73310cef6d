#include "test.h"

#include "respond.h"

#include "partial_success.h"

#include <cjson/cJSON.h>
#include <stdlib.h>

static void rule_4_success_is_an_empty_response_in_either_encoding(void **state)
{
    (void)state;
    assert_slice_equal(respond_success(OTLP_PROTOBUF), "");
    assert_slice_equal(respond_success(OTLP_JSON), "{}");
}

static void rule_7_the_reply_uses_the_content_type_of_the_request(void **state)
{
    (void)state;
    static const struct {
        const char *request;
        const char *reply;
    } cases[] = {
        {"application/x-protobuf", "application/x-protobuf"},
        {"application/x-protobuf; charset=utf-8", "application/x-protobuf"},
        {"application/json", "application/json"},
        {"application/json;charset=UTF-8", "application/json"},
        {"text/plain", "application/json"}, /* a 415, for people to read */
        {"", "application/json"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        assert_string_equal(respond_content_type(respond_encoding(slice_str(cases[i].request))),
                            cases[i].reply);
}

static void rule_8_an_error_is_a_status_in_either_encoding(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 4096);
    assert_int_equal(respond_status(OTLP_JSON, 413, SLICE_LIT("say \"no\""), &b), CT_OK);
    assert_slice_equal(buf_slice(&b), "{\"code\":8,\"message\":\"say \\\"no\\\"\"}");
    buf_clear(&b);
    assert_int_equal(respond_status(OTLP_PROTOBUF, 400, SLICE_LIT("no"), &b), CT_OK);
    assert_slice_equal(buf_slice(&b), "\x08\x03\x12\x02no");
    buf_clear(&b);
    assert_int_equal(respond_status(OTLP_PROTOBUF, 503, SLICE_LIT(""), &b), CT_OK);
    assert_slice_equal(buf_slice(&b), "\x08\x0e");
    buf_finish(&b);
}

static void rule_8_the_code_follows_from_the_http_status(void **state)
{
    (void)state;
    static const int codes[][2] = {{200, 0},  {202, 0},  {400, 3},  {401, 16}, {403, 7},  {404, 5},
                                   {405, 12}, {408, 4},  {413, 8},  {415, 3},  {429, 14}, {431, 8},
                                   {500, 13}, {502, 14}, {503, 14}, {504, 14}, {302, 2}};
    for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++)
        assert_int_equal(respond_grpc_code(codes[i][0]), codes[i][1]);
}

static void messages_may_quote_anything(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 8192);
    char evil[2000];
    for (size_t i = 0; i < sizeof(evil); i++)
        evil[i] = (char)(i * 7);
    for (int encoding = 0; encoding < 2; encoding++) {
        buf_clear(&b);
        assert_int_equal(
            respond_status((enum otlp_encoding)encoding, 400, slice_make(evil, sizeof(evil)), &b), CT_OK);
        char message[RESPOND_MESSAGE_MAX];
        assert_int_equal(
            partial_success_status_message(encoding == OTLP_JSON, buf_slice(&b), message, sizeof(message)),
            CT_OK);
        assert_in_range(strlen(message), 100, RESPOND_MESSAGE_MAX - 1);
        for (const char *c = message; *c; c++)
            assert_true((unsigned char)*c >= 0x20 && *c != 0x7f);
    }
    buf_finish(&b);
}

static void rule_5_partial_success_says_how_many_and_why(void **state)
{
    (void)state;
    static const struct {
        enum otlp_signal signal;
        const char *json;
    } cases[] = {
        {OTLP_TRACES, "{\"partialSuccess\":{\"rejectedSpans\":\"3\",\"errorMessage\":\"why\"}}"},
        {OTLP_METRICS, "{\"partialSuccess\":{\"rejectedDataPoints\":\"3\",\"errorMessage\":\"why\"}}"},
        {OTLP_LOGS, "{\"partialSuccess\":{\"rejectedLogRecords\":\"3\",\"errorMessage\":\"why\"}}"},
        {OTLP_PROFILES, "{\"partialSuccess\":{\"rejectedProfiles\":\"3\",\"errorMessage\":\"why\"}}"},
    };
    struct buf b;
    buf_init(&b, 4096);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        buf_clear(&b);
        assert_int_equal(respond_partial(OTLP_JSON, cases[i].signal, 3, SLICE_LIT("why"), &b), CT_OK);
        assert_slice_equal(buf_slice(&b), cases[i].json);
        buf_clear(&b);
        assert_int_equal(respond_partial(OTLP_PROTOBUF, cases[i].signal, 3, SLICE_LIT("why"), &b), CT_OK);
        assert_slice_equal(buf_slice(&b), "\x0a\x07\x08\x03\x12\x03why");
    }
    buf_clear(&b); /* a warning */
    assert_int_equal(respond_partial(OTLP_PROTOBUF, OTLP_LOGS, 0, SLICE_LIT("why"), &b), CT_OK);
    assert_slice_equal(buf_slice(&b), "\x0a\x05\x12\x03why");
    buf_finish(&b);
}

static void rule_6_the_404_for_the_root_says_which_path_to_use(void **state)
{
    (void)state;
    char text[RESPOND_MESSAGE_MAX];
    struct slice root = slice_str(respond_wrong_path(SLICE_LIT("/"), text, sizeof(text)));
    assert_true(slice_find_slice(root, SLICE_LIT("/v1/traces")) < root.len);
    assert_true(slice_find_slice(root, SLICE_LIT("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")) < root.len);
    assert_true(root.len < RESPOND_MESSAGE_MAX - 1); /* not cut */

    char other[RESPOND_MESSAGE_MAX];
    struct slice wrong = slice_str(respond_wrong_path(SLICE_LIT("/v1/trace\x1b[2J"), other, sizeof(other)));
    assert_true(slice_find_slice(wrong, SLICE_LIT("/v1/trace")) < wrong.len);
    assert_true(slice_find(wrong, '\x1b') == wrong.len);
    assert_true(slice_find_slice(wrong, SLICE_LIT("OTEL_")) == wrong.len);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rule_4_success_is_an_empty_response_in_either_encoding),
        cmocka_unit_test(rule_7_the_reply_uses_the_content_type_of_the_request),
        cmocka_unit_test(rule_8_an_error_is_a_status_in_either_encoding),
        cmocka_unit_test(rule_8_the_code_follows_from_the_http_status),
        cmocka_unit_test(messages_may_quote_anything),
        cmocka_unit_test(rule_5_partial_success_says_how_many_and_why),
        cmocka_unit_test(rule_6_the_404_for_the_root_says_which_path_to_use),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
