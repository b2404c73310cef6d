/* Sinks, arguments, compressed bodies, and the parsers of paths and headers. The limits: test_attack_*.c. */
#include "test.h"

#include "harness.h"

#include <zlib.h>

#define LOG_OPEN  "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{"
#define LOG_CLOSE "}]}]}]}"

static bool stop_at_three(void *ctx, const struct otlp_resource *r, const struct otlp_scope *s,
                          const struct otlp_log *log)
{
    (void)r, (void)s, (void)log;
    return ++*(size_t *)ctx < 3;
}

static void a_sink_can_stop_the_decode(void **state)
{
    struct harness *h = *state;
    buf_clear(&h->in);
    size_t block = wire_open(&h->in, 1), scope_block = wire_open(&h->in, 2);
    for (size_t n = 0; n < 10; n++)
        wire_bytes(&h->in, 2, SLICE_NULL);
    wire_close(&h->in, scope_block);
    wire_close(&h->in, block);
    size_t calls = 0;
    struct otlp_sink sink = {.ctx = &calls, .log = stop_at_three};
    assert_refused(h,
                   otlp_decode(h->decoder, OTLP_LOGS, OTLP_PROTOBUF, OTLP_IDENTITY, buf_slice(&h->in), &sink,
                               &h->counts, &h->why, &h->msg),
                   CT_ERR_LIMIT, OTLP_REFUSED_OVERLOAD);
    assert_int_equal(calls, 3);
}

static void every_argument_that_may_be_null(void **state)
{
    struct harness *h = *state;
    struct otlp_sink empty = {0};
    buf_clear(&h->in);
    size_t block = wire_open(&h->in, 1), scope_block = wire_open(&h->in, 2);
    wire_bytes(&h->in, 2, SLICE_NULL);
    wire_close(&h->in, scope_block);
    wire_close(&h->in, block);
    struct slice body = buf_slice(&h->in);
    assert_int_equal(
        otlp_decode(h->decoder, OTLP_LOGS, OTLP_PROTOBUF, OTLP_IDENTITY, body, NULL, NULL, NULL, NULL),
        CT_OK);
    assert_int_equal(
        otlp_decode(h->decoder, OTLP_LOGS, OTLP_PROTOBUF, OTLP_IDENTITY, body, &empty, NULL, NULL, NULL),
        CT_OK);
    assert_int_equal(
        otlp_decode(h->decoder, OTLP_LOGS, OTLP_JSON, OTLP_IDENTITY, body, NULL, NULL, NULL, NULL),
        CT_ERR_FORMAT);
    assert_int_equal(otlp_decode(h->decoder, OTLP_LOGS, OTLP_JSON, OTLP_GZIP, body, NULL, NULL, NULL, NULL),
                     CT_ERR_FORMAT);
    otlp_decoder_destroy(NULL);
}

static void rule_1_a_compressed_body_gives_the_same_records(void **state)
{
    struct harness *h = *state;
    static const char text[] = LOG_OPEN "\"severityText\":\"x\"" LOG_CLOSE;
    Bytef packed[512];
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (z_const Bytef *)(uintptr_t)text;
    z.avail_in = sizeof text - 1;
    z.next_out = packed;
    z.avail_out = sizeof packed;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    size_t len = sizeof packed - z.avail_out;
    deflateEnd(&z);
    struct buf first;
    buf_init(&first, 4096);
    assert_int_equal(harness_json(h, OTLP_LOGS, text), CT_OK);
    assert_int_equal(buf_append(&first, buf_slice(&h->dump)), CT_OK);
    assert_int_equal(harness_decode(h, OTLP_LOGS, OTLP_JSON, OTLP_GZIP, slice_make(packed, len)), CT_OK);
    assert_true(first.len > 0 && slice_eq(buf_slice(&first), buf_slice(&h->dump)));
    buf_finish(&first);
    assert_refused(h, harness_decode(h, OTLP_LOGS, OTLP_JSON, OTLP_GZIP, slice_make(packed, len - 1)),
                   CT_ERR_FORMAT, OTLP_REFUSED_BAD_GZIP);
    h->limits.inflated_bytes = sizeof text - 2;
    harness_relimit(h);
    assert_refused(h, harness_decode(h, OTLP_LOGS, OTLP_JSON, OTLP_GZIP, slice_make(packed, len)),
                   CT_ERR_LIMIT, OTLP_REFUSED_INFLATED);
}

static void rule_7_content_types(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        int expected; /* -1: unknown */
    } types[] = {
        {"application/json", OTLP_JSON},
        {"application/x-protobuf", OTLP_PROTOBUF},
        {"Application/JSON; charset=utf-8", OTLP_JSON},
        {" application/x-protobuf ;a=b", OTLP_PROTOBUF},
        {"", -1},
        {"text/plain", -1},
        {"application/jsonx", -1},
        {"application/json application/x-protobuf", -1},
        {"application/grpc", -1},
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        enum otlp_encoding encoding;
        bool known = otlp_encoding_parse(slice_str(types[i].value), &encoding);
        if ((known ? (int)encoding : -1) != types[i].expected)
            fail_msg("\"%s\"", types[i].value);
    }
}

static void rule_7_content_encodings(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        int expected;
    } values[] = {
        {"", OTLP_IDENTITY},   {"identity", OTLP_IDENTITY},
        {"gzip", OTLP_GZIP},   {" GZIP ", OTLP_GZIP},
        {"x-gzip", OTLP_GZIP},
#ifdef HAVE_ZSTD
        {"zstd", OTLP_ZSTD},
#else
        {"zstd", -1},
#endif
        {"deflate", -1},       {"br", -1},
        {"gzip, gzip", -1},    {"snappy", -1},
    };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        enum otlp_compression compression;
        bool known = otlp_compression_parse(slice_str(values[i].value), &compression);
        if ((known ? (int)compression : -1) != values[i].expected)
            fail_msg("\"%s\"", values[i].value);
    }
}

static void rules_6_and_11_paths(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        int expected;
    } paths[] = {
        {"/v1/traces", OTLP_TRACES},
        {"/v1/metrics", OTLP_METRICS},
        {"/v1/logs", OTLP_LOGS},
        {"/v1development/profiles", OTLP_PROFILES},
        {"/opentelemetry.proto.collector.trace.v1.TraceService/Export", OTLP_TRACES},
        {"/opentelemetry.proto.collector.metrics.v1.MetricsService/Export", OTLP_METRICS},
        {"/opentelemetry.proto.collector.logs.v1.LogsService/Export", OTLP_LOGS},
        {"/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export", OTLP_PROFILES},
        {"/", -1},
        {"", -1},
        {"/v1/traces/", -1},
        {"/V1/traces", -1},
        {"/v1/profiles", -1},
        {"/opentelemetry.proto.collector.trace.v1.TraceService/export", -1},
    };
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        enum otlp_signal signal;
        bool known = otlp_signal_parse(slice_str(paths[i].path), &signal);
        if ((known ? (int)signal : -1) != paths[i].expected)
            fail_msg("\"%s\"", paths[i].path);
    }
}

#define unit(test) cmocka_unit_test_setup_teardown(test, harness_setup, harness_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit(a_sink_can_stop_the_decode),
        unit(every_argument_that_may_be_null),
        unit(rule_1_a_compressed_body_gives_the_same_records),
        cmocka_unit_test(rule_7_content_types),
        cmocka_unit_test(rule_7_content_encodings),
        cmocka_unit_test(rules_6_and_11_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
