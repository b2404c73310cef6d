/* Limits, each with the attack that it is for, and the parsers of paths and headers. */
#include "test.h"

#include "harness.h"

#include <stdio.h>
#include <zlib.h>

#define MILLION 1000000

static void repeat(struct buf *b, const char *text, size_t times)
{
    size_t len = strlen(text);
    for (size_t i = 0; i < times; i++)
        wire_raw(b, slice_make(text, len));
}

/* A log record in h->in whose body is nested depth values deep (1: a value that holds nothing). */
static void nested_pb(struct harness *h, size_t depth)
{
    struct buf value, outer;
    buf_init(&value, (size_t)16 << 20);
    buf_init(&outer, (size_t)16 << 20);
    for (size_t i = 1; i < depth; i++) {
        buf_clear(&outer);
        size_t list = wire_open(&outer, i % 2 ? 5 : 6);
        if (i % 2) {
            wire_bytes(&outer, 1, buf_slice(&value));
        } else {
            size_t pair = wire_open(&outer, 1);
            wire_bytes(&outer, 2, buf_slice(&value));
            wire_close(&outer, pair);
        }
        wire_close(&outer, list);
        struct buf swap = value;
        value = outer;
        outer = swap;
    }
    buf_clear(&h->in);
    size_t block = wire_open(&h->in, 1), scope_block = wire_open(&h->in, 2), record = wire_open(&h->in, 2);
    wire_bytes(&h->in, 5, buf_slice(&value));
    wire_close(&h->in, record);
    wire_close(&h->in, scope_block);
    wire_close(&h->in, block);
    buf_finish(&value);
    buf_finish(&outer);
}

#define LOG_OPEN  "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{"
#define LOG_CLOSE "}]}]}]}"

static enum ct_err nested_json(struct harness *h, size_t depth)
{
    buf_clear(&h->in);
    repeat(&h->in, LOG_OPEN "\"body\":", 1);
    for (size_t i = 1; i < depth; i++)
        repeat(&h->in,
               i % 2 ? "{\"arrayValue\":{\"values\":[" : "{\"kvlistValue\":{\"values\":[{\"value\":", 1);
    repeat(&h->in, "{}", 1);
    for (size_t i = depth; i-- > 1;)
        repeat(&h->in, i % 2 ? "]}}" : "}]}}", 1);
    repeat(&h->in, LOG_CLOSE, 1);
    return harness_decode(h, OTLP_LOGS, OTLP_JSON, OTLP_IDENTITY, buf_slice(&h->in));
}

static void values_nest_to_the_limit_and_no_deeper(void **state)
{
    struct harness *h = *state;
    nested_pb(h, 64);
    assert_int_equal(harness_pb(h, OTLP_LOGS), CT_OK);
    assert_int_equal(nested_json(h, 64), CT_OK);
    nested_pb(h, 65);
    assert_refused(h, harness_pb(h, OTLP_LOGS), CT_ERR_LIMIT, OTLP_REFUSED_NESTING);
    assert_refused(h, nested_json(h, 65), CT_ERR_LIMIT, OTLP_REFUSED_NESTING);
}

static void a_depth_bomb_is_refused_whatever_the_setting(void **state)
{
    struct harness *h = *state;
    for (int i = 0; i < 2; i++) {
        nested_pb(h, 10000);
        assert_refused(h, harness_pb(h, OTLP_LOGS), CT_ERR_LIMIT, OTLP_REFUSED_NESTING);
        assert_refused(h, nested_json(h, 10000), CT_ERR_LIMIT, OTLP_REFUSED_NESTING);
        /* Also where no key is known. */
        buf_clear(&h->in);
        repeat(&h->in, "{\"x\":", 1);
        repeat(&h->in, "[", MILLION);
        assert_refused(h, harness_decode(h, OTLP_LOGS, OTLP_JSON, OTLP_IDENTITY, buf_slice(&h->in)),
                       CT_ERR_LIMIT, OTLP_REFUSED_NESTING);
        h->limits.nesting = SIZE_MAX;
        harness_relimit(h);
    }
    nested_pb(h, 200);
    assert_int_equal(harness_pb(h, OTLP_LOGS), CT_OK);
    assert_int_equal(nested_json(h, 200), CT_OK);
}

static void a_million_attributes_are_refused(void **state)
{
    static const struct {
        enum otlp_signal signal;
        uint32_t path[4]; /* the fields that lead to the message with the attributes */
        uint32_t field;
    } places[] = {
        {OTLP_LOGS, {1, 1}, 1},          /* resource */
        {OTLP_LOGS, {1, 2, 1}, 3},       /* scope */
        {OTLP_LOGS, {1, 2, 2}, 6},       /* log record */
        {OTLP_TRACES, {1, 2, 2}, 9},     /* span */
        {OTLP_TRACES, {1, 2, 2, 11}, 3}, /* span event */
        {OTLP_TRACES, {1, 2, 2, 13}, 4}, /* span link */
    };
    struct harness *h = *state;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        static const size_t counts[] = {1024, 1025, MILLION};
        for (size_t c = 0; c < 3; c++) {
            size_t marks[4], depth = 0;
            buf_clear(&h->in);
            for (; depth < 4 && places[i].path[depth]; depth++)
                marks[depth] = wire_open(&h->in, places[i].path[depth]);
            for (size_t n = 0; n < counts[c]; n++)
                wire_bytes(&h->in, places[i].field, SLICE_NULL);
            while (depth-- > 0)
                wire_close(&h->in, marks[depth]);
            if (counts[c] == 1024)
                assert_int_equal(harness_pb(h, places[i].signal), CT_OK);
            else
                assert_refused(h, harness_pb(h, places[i].signal), CT_ERR_LIMIT, OTLP_REFUSED_ATTRIBUTES);
        }
    }
}

static void a_million_attributes_are_refused_in_json(void **state)
{
    static const char *const opens[] = {
        "{\"resourceLogs\":[{\"resource\":{\"attributes\":[{}",
        "{\"resourceLogs\":[{\"scopeLogs\":[{\"scope\":{\"attributes\":[{}",
        LOG_OPEN "\"attributes\":[{}",
    };
    static const char *const closes[] = {"]}}]}", "]}}]}]}", ("]" LOG_CLOSE)};
    struct harness *h = *state;
    for (size_t i = 0; i < 3; i++) {
        for (size_t count = 1024; count <= MILLION; count = count == 1024   ? 1025
                                                            : count == 1025 ? MILLION
                                                                            : SIZE_MAX) {
            buf_clear(&h->in);
            repeat(&h->in, opens[i], 1);
            repeat(&h->in, ",{}", count - 1);
            repeat(&h->in, closes[i], 1);
            enum ct_err err = harness_decode(h, OTLP_LOGS, OTLP_JSON, OTLP_IDENTITY, buf_slice(&h->in));
            if (count == 1024)
                assert_int_equal(err, CT_OK);
            else
                assert_refused(h, err, CT_ERR_LIMIT, OTLP_REFUSED_ATTRIBUTES);
        }
    }
}

static void attributes_of_events_and_links_count_for_their_span(void **state)
{
    struct harness *h = *state;
    for (size_t extra = 0; extra < 2; extra++) {
        buf_clear(&h->in);
        size_t block = wire_open(&h->in, 1), scope_block = wire_open(&h->in, 2), span = wire_open(&h->in, 2);
        for (size_t n = 0; n < 24 + extra; n++)
            wire_attr(&h->in, 9, "k", "v");
        for (size_t e = 0; e < 100; e++) {
            size_t child = wire_open(&h->in, e % 2 ? 11 : 13);
            for (size_t n = 0; n < 10; n++)
                wire_attr(&h->in, e % 2 ? 3 : 4, "k", "v");
            wire_close(&h->in, child);
        }
        wire_close(&h->in, span);
        wire_close(&h->in, scope_block);
        wire_close(&h->in, block);
        if (extra == 0)
            assert_int_equal(harness_pb(h, OTLP_TRACES), CT_OK);
        else
            assert_refused(h, harness_pb(h, OTLP_TRACES), CT_ERR_LIMIT, OTLP_REFUSED_ATTRIBUTES);
    }
}

/* Two bytes on the wire are forty in memory: empty array elements, events, links. */
static void an_array_bomb_is_refused(void **state)
{
    static const struct {
        enum otlp_signal signal;
        uint32_t path[5];
        uint32_t field;
    } places[] = {
        {OTLP_LOGS, {1, 2, 2, 5, 5}, 1}, /* ArrayValue in a body */
        {OTLP_LOGS, {1, 2, 2, 5, 6}, 1}, /* KeyValueList */
        {OTLP_TRACES, {1, 2, 2}, 11},    /* events */
        {OTLP_TRACES, {1, 2, 2}, 13},    /* links */
    };
    struct harness *h = *state;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        for (size_t over = 0; over < 2; over++) {
            size_t marks[5], depth = 0;
            buf_clear(&h->in);
            for (; depth < 5 && places[i].path[depth]; depth++)
                marks[depth] = wire_open(&h->in, places[i].path[depth]);
            for (size_t n = 0; n < 1024 * 64 + over; n++)
                wire_bytes(&h->in, places[i].field, SLICE_NULL);
            while (depth-- > 0)
                wire_close(&h->in, marks[depth]);
            if (over)
                assert_refused(h, harness_pb(h, places[i].signal), CT_ERR_LIMIT, OTLP_REFUSED_ATTRIBUTES);
            else
                assert_int_equal(harness_pb(h, places[i].signal), CT_OK);
        }
    }
    /* The same value again and again: each time it would take fresh room. */
    buf_clear(&h->in);
    size_t block = wire_open(&h->in, 1), scope_block = wire_open(&h->in, 2), record = wire_open(&h->in, 2);
    for (size_t n = 0; n < 70; n++) {
        size_t body = wire_open(&h->in, 5), list = wire_open(&h->in, 5);
        for (size_t k = 0; k < 1000; k++)
            wire_bytes(&h->in, 1, SLICE_NULL);
        wire_close(&h->in, list);
        wire_close(&h->in, body);
    }
    wire_close(&h->in, record);
    wire_close(&h->in, scope_block);
    wire_close(&h->in, block);
    assert_refused(h, harness_pb(h, OTLP_LOGS), CT_ERR_LIMIT, OTLP_REFUSED_ATTRIBUTES);
    /* In JSON. */
    buf_clear(&h->in);
    repeat(&h->in, LOG_OPEN "\"body\":{\"arrayValue\":{\"values\":[{}", 1);
    repeat(&h->in, ",{}", 1024 * 64);
    repeat(&h->in, "]}}" LOG_CLOSE, 1);
    assert_refused(h, harness_decode(h, OTLP_LOGS, OTLP_JSON, OTLP_IDENTITY, buf_slice(&h->in)), CT_ERR_LIMIT,
                   OTLP_REFUSED_ATTRIBUTES);
}

static void too_many_records_are_refused(void **state)
{
    struct harness *h = *state;
    h->limits.records = 1000;
    harness_relimit(h);
    for (size_t over = 0; over < 2; over++) {
        buf_clear(&h->in);
        size_t block = wire_open(&h->in, 1), scope_block = wire_open(&h->in, 2);
        for (size_t n = 0; n < 1000 + over; n++)
            wire_bytes(&h->in, 2, SLICE_NULL);
        wire_close(&h->in, scope_block);
        wire_close(&h->in, block);
        for (int signal = OTLP_TRACES; signal <= OTLP_LOGS; signal += 2) {
            enum ct_err err = harness_pb(h, (enum otlp_signal)signal);
            if (over)
                assert_refused(h, err, CT_ERR_LIMIT, OTLP_REFUSED_RECORDS);
            else
                assert_int_equal(err, CT_OK);
            assert_int_equal(h->counts.logs + h->counts.spans, 1000);
        }

        buf_clear(&h->in);
        repeat(&h->in,
               "{\"resourceMetrics\":[{\"scopeMetrics\":[{\"metrics\":[{\"gauge\":{\"dataPoints\":[{}", 1);
        repeat(&h->in, ",{}", 999 + over);
        repeat(&h->in, "]}}]}]}]}", 1);
        enum ct_err err = harness_decode(h, OTLP_METRICS, OTLP_JSON, OTLP_IDENTITY, buf_slice(&h->in));
        if (over)
            assert_refused(h, err, CT_ERR_LIMIT, OTLP_REFUSED_RECORDS);
        else
            assert_int_equal(err, CT_OK);
        assert_int_equal(h->counts.points, 1000);
    }
}

static void too_many_json_values_are_refused_before_they_are_parsed(void **state)
{
    struct harness *h = *state;
    h->limits.json_nodes = 1000;
    harness_relimit(h);
    for (size_t over = 0; over < 2; over++) {
        buf_clear(&h->in);
        repeat(&h->in, "{\"x\":[0", 1); /* the object, the array and its first element */
        repeat(&h->in, ",0", 997 + over);
        repeat(&h->in, "]}", 1);
        enum ct_err err = harness_decode(h, OTLP_LOGS, OTLP_JSON, OTLP_IDENTITY, buf_slice(&h->in));
        if (over)
            assert_refused(h, err, CT_ERR_LIMIT, OTLP_REFUSED_RECORDS);
        else
            assert_int_equal(err, CT_OK);
    }
}

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
        unit(values_nest_to_the_limit_and_no_deeper),
        unit(a_depth_bomb_is_refused_whatever_the_setting),
        unit(a_million_attributes_are_refused),
        unit(a_million_attributes_are_refused_in_json),
        unit(attributes_of_events_and_links_count_for_their_span),
        unit(an_array_bomb_is_refused),
        unit(too_many_records_are_refused),
        unit(too_many_json_values_are_refused_before_they_are_parsed),
        unit(a_sink_can_stop_the_decode),
        unit(every_argument_that_may_be_null),
        unit(rule_1_a_compressed_body_gives_the_same_records),
        cmocka_unit_test(rule_7_content_types),
        cmocka_unit_test(rule_7_content_encodings),
        cmocka_unit_test(rules_6_and_11_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
