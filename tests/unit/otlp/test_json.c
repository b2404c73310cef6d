#include "test.h"

#include "harness.h"

#include <stdio.h>

#define NO_HEAD  "resource={0} scope=0: version=0:{0}"
#define NO_IDS   "trace=0:00000000000000000000000000000000 span=0:0000000000000000"
#define IDS      "trace=1:0102030405060708090a0b0c0d0e0f10 span=1:1112131415161718"
#define LOG_HEAD "log " NO_HEAD " time=0 observed=0 severity=0 flags=0 severity_text=0: event=0: " NO_IDS " "

#define LOG(members)    "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{" members "}]}]}]}"
#define SPAN(members)   "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{" members "}]}]}]}"
#define METRIC(members) "{\"resourceMetrics\":[{\"scopeMetrics\":[{\"metrics\":[{" members "}]}]}]}"
#define BODY(members)   LOG("\"body\":{" members "}")

static void every_field_of_a_log_record(void **state)
{
    struct harness *h = *state;
    assert_decodes(
        h,
        harness_json(h, OTLP_LOGS,
                     "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{"
                     "\"timeUnixNano\":\"1795350012098000000\",\"observedTimeUnixNano\":\"5\","
                     "\"severityNumber\":17,\"severityText\":\"ERROR\",\"eventName\":\"name\","
                     "\"body\":{\"stringValue\":\"text\"},\"flags\":1,"
                     "\"attributes\":[{\"key\":\"a\",\"value\":{\"stringValue\":\"b\"}}],"
                     "\"traceId\":\"0102030405060708090A0b0c0d0e0f10\",\"spanId\":\"1112131415161718\"}],"
                     "\"scope\":{\"name\":\"n\",\"version\":\"v\",\"attributes\":[{\"key\":\"s\"}]}}],"
                     "\"resource\":{\"attributes\":[{\"key\":\"r\",\"value\":{\"intValue\":4}}]}}]}"),
        "log resource={1 1:r=i4} scope=1:n version=1:v{1 1:s=none} time=1795350012098000000 observed=5"
        " severity=17 flags=1 severity_text=5:ERROR event=4:name " IDS " body=s4:text attrs={1 1:a=s1:b}\n");
    assert_int_equal(h->counts.logs, 1);
}

static void every_field_of_a_span(void **state)
{
    struct harness *h = *state;
    assert_decodes(
        h,
        harness_json(
            h, OTLP_TRACES,
            SPAN("\"traceId\":\"0102030405060708090a0b0c0d0e0f10\",\"spanId\":\"1112131415161718\","
                 "\"parentSpanId\":\"2122232425262728\",\"traceState\":\"k=v\",\"name\":\"tool\",\"kind\":3,"
                 "\"startTimeUnixNano\":\"10\",\"endTimeUnixNano\":\"20\",\"droppedAttributesCount\":0,"
                 "\"attributes\":[{\"key\":\"a\",\"value\":{\"boolValue\":true}}],"
                 "\"events\":[{\"timeUnixNano\":\"15\",\"name\":\"e1\",\"attributes\":[{\"key\":\"x\"}]},{}],"
                 "\"links\":[{\"traceId\":\"0102030405060708090a0b0c0d0e0f10\","
                 "\"spanId\":\"1112131415161718\",\"attributes\":[{\"key\":\"l\"}]}],"
                 "\"status\":{\"code\":2,\"message\":\"boom\"},\"flags\":257")),
        "span " NO_HEAD " " IDS
        " parent=1:2122232425262728 state=3:k=v name=4:tool kind=3 start=10 end=20 status=2"
        " flags=257 message=4:boom attrs={1 1:a=true} event@15 name=2:e1{1 1:x=none} event@0 name=0:{0}"
        " link " IDS "{1 1:l=none}\n");
}

#define POINT(value)                                                                                         \
    "\"aggregationTemporality\":1,\"isMonotonic\":true,\"dataPoints\":[{\"startTimeUnixNano\":\"1\","        \
    "\"timeUnixNano\":\"2\",\"flags\":1,\"attributes\":[{\"key\":\"a\"}]," value "}]"
#define COUNT_AND_SUM "\"count\":\"7\",\"sum\":2.5"

static void every_kind_of_metric(void **state)
{
    static const struct {
        const char *text, *expected;
    } kinds[] = {
        {METRIC("\"gauge\":{" POINT("\"asDouble\":1.5") "},\"name\":\"m\",\"unit\":\"s\""),
         "type=1 temporality=0 monotonic=0 start=1 time=2 int=0:0 number=1.5 count=0 flags=1"},
        {METRIC("\"sum\":{" POINT("\"asInt\":\"-5\"") "},\"name\":\"m\",\"unit\":\"s\""),
         "type=2 temporality=1 monotonic=1 start=1 time=2 int=1:-5 number=-5 count=0 flags=1"},
        {METRIC("\"histogram\":{" POINT(COUNT_AND_SUM) "},\"name\":\"m\",\"unit\":\"s\""),
         "type=3 temporality=1 monotonic=0 start=1 time=2 int=0:0 number=2.5 count=7 flags=1"},
        {METRIC("\"exponentialHistogram\":{" POINT(COUNT_AND_SUM) "},\"name\":\"m\",\"unit\":\"s\""),
         "type=4 temporality=1 monotonic=0 start=1 time=2 int=0:0 number=2.5 count=7 flags=1"},
        {METRIC("\"summary\":{" POINT(COUNT_AND_SUM) "},\"name\":\"m\",\"unit\":\"s\""),
         "type=5 temporality=0 monotonic=0 start=1 time=2 int=0:0 number=2.5 count=7 flags=1"},
    };
    struct harness *h = *state;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        char expected[512];
        snprintf(expected, sizeof expected, "point " NO_HEAD " metric=1:m unit=1:s %s attrs={1 1:a=none}\n",
                 kinds[i].expected);
        assert_decodes(h, harness_json(h, OTLP_METRICS, kinds[i].text), expected);
    }
}

static void rule_10_ids_are_hex_of_any_case(void **state)
{
    struct harness *h = *state;
    assert_decodes(h,
                   harness_json(h, OTLP_LOGS,
                                LOG("\"traceId\":\"0102030405060708090A0B0c0d0e0f10\","
                                    "\"spanId\":\"1112131415161718\"")),
                   "log " NO_HEAD " time=0 observed=0 severity=0 flags=0 severity_text=0: event=0: " IDS
                   " body=none attrs={0}\n");
    static const char *const absent[] = {
        LOG("\"traceId\":\"\",\"spanId\":\"\""),
        LOG("\"traceId\":\"0102\",\"spanId\":\"ERITFBUWFxg=\""), /* the length of base64 */
        LOG("\"traceId\":\"0102030405060708090a0b0c0d0e0f1g\",\"spanId\":\"xx12131415161718\""),
        LOG("\"traceId\":\"00000000000000000000000000000000\",\"spanId\":\"0000000000000000\""),
        LOG("\"traceId\":null,\"spanId\":null"),
    };
    for (size_t i = 0; i < sizeof absent / sizeof *absent; i++)
        assert_decodes(h, harness_json(h, OTLP_LOGS, absent[i]), LOG_HEAD "body=none attrs={0}\n");
}

static void rule_10_other_bytes_are_base64(void **state)
{
    static const struct {
        const char *text, *expected;
    } values[] = {
        {BODY("\"bytesValue\":\"\""), "b0:"},
        {BODY("\"bytesValue\":\"Zg==\""), "b1:f"},
        {BODY("\"bytesValue\":\"Zm8=\""), "b2:fo"},
        {BODY("\"bytesValue\":\"Zm9v\""), "b3:foo"},
        {BODY("\"bytesValue\":\"Zm9vYg\""), "b4:foob"},
        {BODY("\"bytesValue\":\"_-8\""), "b2:\xff\xef"},
        {BODY("\"bytesValue\":\"/+8=\""), "b2:\xff\xef"},
    };
    struct harness *h = *state;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        char expected[512];
        snprintf(expected, sizeof expected, LOG_HEAD "body=%s attrs={0}\n", values[i].expected);
        assert_decodes(h, harness_json(h, OTLP_LOGS, values[i].text), expected);
    }
    static const char *const bad[] = {BODY("\"bytesValue\":\"Z\""),        BODY("\"bytesValue\":\"Zm9*\""),
                                      BODY("\"bytesValue\":\"Z===\""),     BODY("\"bytesValue\":\"====\""),
                                      BODY("\"bytesValue\":\"Zg==Zg==\""), BODY("\"bytesValue\":1")};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_refused(h, harness_json(h, OTLP_LOGS, bad[i]), CT_ERR_FORMAT, OTLP_REFUSED_DECODE);
}

static void rule_10_integers_are_strings_or_numbers_and_exact(void **state)
{
    static const struct {
        const char *text, *expected;
    } values[] = {
        {BODY("\"intValue\":4"), "i4"},
        {BODY("\"intValue\":\"4\""), "i4"},
        {BODY("\"intValue\":-0"), "i0"},
        {BODY("\"intValue\":1e3"), "i1000"},
        {BODY("\"intValue\":\"1e3\""), "i1000"},
        {BODY("\"intValue\":9007199254740993"), "i9007199254740993"}, /* 2^53 + 1 */
        {BODY("\"intValue\" : -9007199254740993 "), "i-9007199254740993"},
        {BODY("\"intValue\":9223372036854775807"), "i9223372036854775807"},
        {BODY("\"intValue\":\"-9223372036854775808\""), "i-9223372036854775808"},
        {BODY("\"arrayValue\":{\"values\":[{\"intValue\":1234567890123456789},{\"intValue\":"
              "1234567890123456787}]}"),
         "[2 i1234567890123456789 i1234567890123456787]"},
    };
    struct harness *h = *state;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        char expected[512];
        snprintf(expected, sizeof expected, LOG_HEAD "body=%s attrs={0}\n", values[i].expected);
        assert_decodes(h, harness_json(h, OTLP_LOGS, values[i].text), expected);
    }
    assert_decodes(
        h, harness_json(h, OTLP_LOGS, LOG("\"timeUnixNano\":18446744073709551615")),
        "log " NO_HEAD
        " time=18446744073709551615 observed=0 severity=0 flags=0 severity_text=0: event=0: " NO_IDS
        " body=none attrs={0}\n");
    static const char *const bad[] = {
        BODY("\"intValue\":1.5"),       BODY("\"intValue\":\"\""),
        BODY("\"intValue\":\"4x\""),    BODY("\"intValue\":\"0x10\""),
        BODY("\"intValue\":\" 4\""),    BODY("\"intValue\":9223372036854775808"),
        BODY("\"intValue\":1e300"),     BODY("\"intValue\":\"nan\""),
        BODY("\"intValue\":true"),      LOG("\"timeUnixNano\":-1"),
        LOG("\"timeUnixNano\":\"-1\""), LOG("\"timeUnixNano\":18446744073709551616"),
        LOG("\"flags\":4294967296"),    LOG("\"flags\":-1"),
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_refused(h, harness_json(h, OTLP_LOGS, bad[i]), CT_ERR_FORMAT, OTLP_REFUSED_DECODE);
}

static void doubles_are_numbers_or_strings(void **state)
{
    static const struct {
        const char *text, *expected;
    } values[] = {
        {BODY("\"doubleValue\":0.1"), "d0.10000000000000001"},
        {BODY("\"doubleValue\":\"0.5\""), "d0.5"},
        {BODY("\"doubleValue\":\"NaN\""), "dnan"},
        {BODY("\"doubleValue\":\"Infinity\""), "dinf"},
        {BODY("\"doubleValue\":\"-Infinity\""), "d-inf"},
        {BODY("\"doubleValue\":12345678901234567890"), "d12345678901234567000"},
        {BODY("\"doubleValue\":1E-3"), "d0.001"},
    };
    struct harness *h = *state;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        char expected[512];
        snprintf(expected, sizeof expected, LOG_HEAD "body=%s attrs={0}\n", values[i].expected);
        if (strstr(values[i].expected, "12345678901234567"))
            snprintf(expected, sizeof expected, LOG_HEAD "body=d%.17g attrs={0}\n", 12345678901234567890.0);
        assert_decodes(h, harness_json(h, OTLP_LOGS, values[i].text), expected);
    }
    static const char *const bad[] = {BODY("\"doubleValue\":\"inf\""), BODY("\"doubleValue\":\"nan\""),
                                      BODY("\"doubleValue\":\"0x1p3\""), BODY("\"doubleValue\":\"\""),
                                      BODY("\"doubleValue\":{}")};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_refused(h, harness_json(h, OTLP_LOGS, bad[i]), CT_ERR_FORMAT, OTLP_REFUSED_DECODE);
}

static void rule_10_enums_are_numbers_or_names(void **state)
{
    static const struct {
        const char *text, *expected;
    } spans[] = {
        {SPAN("\"kind\":\"SPAN_KIND_CLIENT\",\"status\":{\"code\":\"STATUS_CODE_ERROR\"}"),
         "kind=3 start=0 end=0 status=2"},
        {SPAN("\"kind\":\"SPAN_KIND_INTERNAL\",\"status\":{\"code\":\"STATUS_CODE_OK\"}"),
         "kind=1 start=0 end=0 status=1"},
        {SPAN("\"kind\":\"3\",\"status\":{\"code\":\"2\"}"), "kind=3 start=0 end=0 status=2"},
        {SPAN("\"kind\":\"SPAN_KIND_OF_THE_FUTURE\",\"status\":{\"code\":\"WHO_KNOWS\"}"),
         "kind=0 start=0 end=0 status=0"},
        {SPAN("\"kind\":77,\"status\":{\"code\":77}"), "kind=77 start=0 end=0 status=0"},
    };
    struct harness *h = *state;
    for (size_t i = 0; i < sizeof spans / sizeof *spans; i++) {
        char expected[512];
        snprintf(expected, sizeof expected,
                 "span " NO_HEAD " " NO_IDS
                 " parent=0:0000000000000000 state=0: name=0: %s flags=0 message=0:"
                 " attrs={0}\n",
                 spans[i].expected);
        assert_decodes(h, harness_json(h, OTLP_TRACES, spans[i].text), expected);
    }
    static const struct {
        const char *text;
        int expected;
    } logs[] = {
        {LOG("\"severityNumber\":\"SEVERITY_NUMBER_UNSPECIFIED\""), 0},
        {LOG("\"severityNumber\":\"SEVERITY_NUMBER_TRACE\""), 1},
        {LOG("\"severityNumber\":\"SEVERITY_NUMBER_INFO2\""), 10},
        {LOG("\"severityNumber\":\"SEVERITY_NUMBER_FATAL4\""), 24},
    };
    for (size_t i = 0; i < sizeof logs / sizeof *logs; i++) {
        char expected[512];
        snprintf(expected, sizeof expected,
                 "log " NO_HEAD " time=0 observed=0 severity=%d flags=0 severity_text=0: event=0: " NO_IDS
                 " body=none attrs={0}\n",
                 logs[i].expected);
        assert_decodes(h, harness_json(h, OTLP_LOGS, logs[i].text), expected);
    }
    assert_decodes(
        h,
        harness_json(h, OTLP_METRICS,
                     METRIC("\"sum\":{\"aggregationTemporality\":\"AGGREGATION_TEMPORALITY_CUMULATIVE\","
                            "\"dataPoints\":[{}]}")),
        "point " NO_HEAD " metric=0: unit=0: type=2 temporality=2 monotonic=0 start=0 time=0 int=0:0"
        " number=0 count=0 flags=0 attrs={0}\n");
}

static void rule_10_keys_are_lower_camel_case_only(void **state)
{
    struct harness *h = *state;
    assert_decodes(h, harness_json(h, OTLP_LOGS, LOG("\"severity_text\":\"x\",\"SeverityText\":\"y\"")),
                   LOG_HEAD "body=none attrs={0}\n");
    assert_decodes(h, harness_json(h, OTLP_LOGS, "{\"resource_logs\":[{\"scope_logs\":[]}]}"), "");
}

static void rule_3_unknown_keys_are_ignored(void **state)
{
    struct harness *h = *state;
    assert_decodes(h, harness_json(h, OTLP_LOGS, "{}"), "");
    assert_decodes(
        h, harness_json(h, OTLP_LOGS, " { \"x\" : [ { } , 1 , \"y\" , null , true , false , [ ] ] } \r\n\t"),
        "");
    assert_decodes(
        h,
        harness_json(h, OTLP_LOGS,
                     "{\"x\":1,\"resourceLogs\":[{\"x\":{},\"resource\":{\"x\":[]},\"scopeLogs\":[{\"x\":0,"
                     "\"scope\":{\"x\":0},\"logRecords\":[{\"x\":{\"key\":1},\"attributes\":[{\"x\":1,"
                     "\"value\":{\"x\":1}}]}]}]}]}"),
        LOG_HEAD "body=none attrs={1 0:=none}\n");
    assert_decodes(h, harness_json(h, OTLP_PROFILES, "{\"resourceProfiles\":[{}]}"), "");
}

static void the_first_of_equal_keys_wins(void **state)
{
    struct harness *h = *state;
    assert_decodes(h,
                   harness_json(h, OTLP_LOGS,
                                LOG("\"severityText\":null,\"severityText\":\"a\",\"severityText\":\"b\","
                                    "\"attributes\":[],\"attributes\":[{}],"
                                    "\"body\":{\"stringValue\":\"first\",\"intValue\":2}")),
                   "log " NO_HEAD " time=0 observed=0 severity=0 flags=0 severity_text=1:a event=0: " NO_IDS
                   " body=s5:first attrs={0}\n");
}

static void a_known_key_of_another_type_is_refused(void **state)
{
    static const char *const bad[] = {
        "{\"resourceLogs\":{}}",
        "{\"resourceLogs\":[1]}",
        "{\"resourceLogs\":[{\"resource\":[]}]}",
        "{\"resourceLogs\":[{\"resource\":{\"attributes\":{}}}]}",
        "{\"resourceLogs\":[{\"scopeLogs\":{}}]}",
        "{\"resourceLogs\":[{\"scopeLogs\":[null]}]}",
        "{\"resourceLogs\":[{\"scopeLogs\":[{\"scope\":1}]}]}",
        "{\"resourceLogs\":[{\"scopeLogs\":[{\"scope\":{\"name\":1}}]}]}",
        "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[[]]}]}]}",
        LOG("\"body\":\"text\""),
        LOG("\"severityText\":5"),
        LOG("\"severityNumber\":{}"),
        LOG("\"attributes\":[null]"),
        LOG("\"attributes\":[{\"key\":5}]"),
        LOG("\"attributes\":[{\"value\":5}]"),
        LOG("\"traceId\":5"),
        BODY("\"stringValue\":5"),
        BODY("\"boolValue\":\"true\""),
        BODY("\"arrayValue\":[]"),
        BODY("\"arrayValue\":{\"values\":{}}"),
        BODY("\"kvlistValue\":{\"values\":[5]}"),
    };
    struct harness *h = *state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_refused(h, harness_json(h, OTLP_LOGS, bad[i]), CT_ERR_FORMAT, OTLP_REFUSED_DECODE);
    assert_refused(h, harness_json(h, OTLP_TRACES, SPAN("\"events\":{}")), CT_ERR_FORMAT,
                   OTLP_REFUSED_DECODE);
    assert_refused(h, harness_json(h, OTLP_TRACES, SPAN("\"links\":[5]")), CT_ERR_FORMAT,
                   OTLP_REFUSED_DECODE);
    assert_refused(h, harness_json(h, OTLP_TRACES, SPAN("\"status\":2")), CT_ERR_FORMAT, OTLP_REFUSED_DECODE);
    assert_refused(h, harness_json(h, OTLP_METRICS, METRIC("\"sum\":[]")), CT_ERR_FORMAT,
                   OTLP_REFUSED_DECODE);
    assert_refused(h, harness_json(h, OTLP_METRICS, METRIC("\"gauge\":{\"dataPoints\":[{\"asInt\":1.5}]}")),
                   CT_ERR_FORMAT, OTLP_REFUSED_DECODE);
}

static void what_is_not_json_is_refused(void **state)
{
    static const struct slice bad[] = {
        {"", 0},
        {" ", 1},
        {"{", 1},
        {"}", 1},
        {"[]", 2}, /* JSON, but no request */
        {"\"x\"", 3},
        {"null", 4},
        {"{} x", 4},
        {"{}{}", 4},
        {"{},", 3},
        {"{\"1\":1,", 7}, /* cJSON before 1.7.17 reads past its end */
        {"{\"a\"}", 5},
        {"{\"a\":}", 6},
        {"{\"a\" 1}", 7},
        {"{\"a\":1,}", 8},
        {"{a:1}", 5},
        {"{\"a\":[1,]}", 10},
        {"{\"a\":[1}]}", 10},
        {"{\"a\":01}", 8},
        {"{\"a\":1.}", 8},
        {"{\"a\":.5}", 8},
        {"{\"a\":-}", 7},
        {"{\"a\":+1}", 8},
        {"{\"a\":1e}", 8},
        {"{\"a\":tru}", 9},
        {"{\"a\":NaN}", 9},
        {"{\"a\":\"\\x\"}", 10},
        {"{\"a\":\"\\u12\"}", 12},
        {"{\"a\":\"\\u12g4\"}", 14},
        {"{\"a\":\"\n\"}", 9},
        {"{\"a\":\"\0\"}", 9},
        {"{\"a\":\"b", 7},
        {"{\"a\":\"\\", 7},
        {"{\"a\":\"\\u", 8},
        {"{\"a\":1\0}", 8},
        {"\xef\xbb\xbf{}", 5},
        {"{\"a\":1111111111222222222233333333334444444444555555555566666666667777}",
         70}, /* a number of 64 digits */
    };
    struct harness *h = *state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        for (int signal = 0; signal < OTLP_SIGNAL_COUNT; signal++)
            assert_refused(h, harness_decode(h, (enum otlp_signal)signal, OTLP_JSON, OTLP_IDENTITY, bad[i]),
                           CT_ERR_FORMAT, OTLP_REFUSED_DECODE);
}

static void text_and_its_escapes(void **state)
{
    static const struct {
        const char *text, *expected;
    } values[] = {
        {BODY("\"stringValue\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), "s8:\"\\/\b\f\n\r\t"},
        {BODY("\"stringValue\":\"\\u00e9\\u20AC\\ud83d\\ude00\""), "s9:\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
        {BODY("\"stringValue\":\"\xc3\xa9\xff\""), "s3:\xc3\xa9\xff"}, /* invalid UTF-8 is passed on */
        /* What cJSON cannot do: a NUL becomes its picture, a lone surrogate (text cut by JavaScript) U+FFFD.
         */
        {BODY("\"stringValue\":\"a\\u0000b\""), "s5:a\xe2\x90\x80"
                                                "b"},
        {BODY("\"stringValue\":\"cut \\ud83d\""), "s7:cut \xef\xbf\xbd"},
        {BODY("\"stringValue\":\"\\ude00\\ud83d\\ud83d\\ude00\""),
         "s10:\xef\xbf\xbd\xef\xbf\xbd\xf0\x9f\x98\x80"},
        {BODY("\"stringValue\":\"\\ud83d\\n\""), "s4:\xef\xbf\xbd\n"},
        {BODY("\"stringValue\":\"\\ud83d\\u0000\\u0041\""), "s7:\xef\xbf\xbd\xe2\x90\x80"
                                                            "A"},
        {BODY("\"stringValue\":\"\\\\u0000\""), "s6:\\u0000"},
        {BODY("\"stringValue\":\"12345678901234567890\""), "s20:12345678901234567890"},
    };
    struct harness *h = *state;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        char expected[512];
        snprintf(expected, sizeof expected, LOG_HEAD "body=%s attrs={0}\n", values[i].expected);
        assert_decodes(h, harness_json(h, OTLP_LOGS, values[i].text), expected);
    }
    /* Keys are text too. */
    assert_decodes(h, harness_json(h, OTLP_LOGS, LOG("\"attributes\":[{\"\\u006bey\":\"k\\u0000\"}]")),
                   LOG_HEAD "body=none attrs={1 4:k\xe2\x90\x80=none}\n");
}

#define unit(test) cmocka_unit_test_setup_teardown(test, harness_setup, harness_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit(every_field_of_a_log_record),
        unit(every_field_of_a_span),
        unit(every_kind_of_metric),
        unit(rule_10_ids_are_hex_of_any_case),
        unit(rule_10_other_bytes_are_base64),
        unit(rule_10_integers_are_strings_or_numbers_and_exact),
        unit(doubles_are_numbers_or_strings),
        unit(rule_10_enums_are_numbers_or_names),
        unit(rule_10_keys_are_lower_camel_case_only),
        unit(rule_3_unknown_keys_are_ignored),
        unit(the_first_of_equal_keys_wins),
        unit(a_known_key_of_another_type_is_refused),
        unit(what_is_not_json_is_refused),
        unit(text_and_its_escapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
