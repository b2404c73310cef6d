#include "test.h"

#include "frame.h"

#include <stdlib.h>

static void every_field_comes_back(void **state)
{
    (void)state;
    const struct frame_header headers[] = {
        {SLICE_LIT("Content-Encoding"), SLICE_LIT("gzip")},
        {SLICE_LIT("X-Empty"), SLICE_LIT("")},
        {SLICE_LIT("x-twice"), SLICE_LIT("1")},
        {SLICE_LIT("x-twice"), SLICE_LIT("2\xff")},
    };
    const struct frame in = {
        .seq = UINT64_MAX,
        .wall_ns = INT64_MIN,
        .mono_ns = -1,
        .source = FRAME_STATUSLINE,
        .method = SLICE_LIT("POST"),
        .path = SLICE_LIT("/v1/\x80\0traces"),
        .headers = headers,
        .header_count = 4,
        .body = SLICE_LIT("\0\xff\x80 body"),
    };
    struct buf bytes;
    buf_init(&bytes, 4096);
    assert_int_equal(frame_encode(&in, &bytes), CT_OK);
    struct frame out;
    struct frame_header room[FRAME_HEADERS_MAX];
    assert_int_equal(frame_decode(buf_slice(&bytes), &out, room), CT_OK);
    assert_true(out.seq == in.seq);
    assert_true(out.wall_ns == in.wall_ns);
    assert_true(out.mono_ns == in.mono_ns);
    assert_int_equal(out.source, in.source);
    assert_true(slice_eq(out.method, in.method));
    assert_true(slice_eq(out.path, in.path));
    assert_true(slice_eq(out.body, in.body));
    assert_int_equal(out.header_count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_true(slice_eq(out.headers[i].name, headers[i].name));
        assert_true(slice_eq(out.headers[i].value, headers[i].value));
    }
    assert_slice_equal(frame_header_get(&out, "X-Twice"), "1");
    assert_non_null(frame_header_get(&out, "x-empty").ptr);
    assert_null(frame_header_get(&out, "x").ptr);
    /* The slices point into the input. */
    assert_true(out.body.ptr > bytes.data && out.body.ptr < bytes.data + bytes.len);
    buf_finish(&bytes);
}

static void an_empty_frame_is_an_empty_message(void **state)
{
    (void)state;
    struct buf bytes;
    buf_init(&bytes, 64);
    const struct frame in = {0};
    assert_int_equal(frame_encode(&in, &bytes), CT_OK);
    assert_int_equal(bytes.len, 0);
    struct frame out;
    struct frame_header room[FRAME_HEADERS_MAX];
    assert_int_equal(frame_decode(SLICE_NULL, &out, room), CT_OK);
    assert_int_equal(out.header_count, 0);
    assert_int_equal(out.body.len, 0);
    buf_finish(&bytes);
}

static void encoding_appends(void **state)
{
    (void)state;
    struct buf bytes;
    buf_init(&bytes, 64);
    assert_int_equal(buf_append_str(&bytes, "before"), CT_OK);
    const struct frame in = {.seq = 5, .method = SLICE_LIT("GET")};
    assert_int_equal(frame_encode(&in, &bytes), CT_OK);
    assert_slice_equal(buf_slice(&bytes), "before\x08\x05\x2a\x03GET");
    buf_finish(&bytes);
}

static void limits_are_refused(void **state)
{
    (void)state;
    static struct frame_header headers[FRAME_HEADERS_MAX + 1];
    for (size_t i = 0; i <= FRAME_HEADERS_MAX; i++)
        headers[i] = (struct frame_header){SLICE_LIT("n"), SLICE_LIT("v")};
    struct buf bytes;
    buf_init(&bytes, FRAME_BYTES_MAX * 2u);
    struct frame in = {.seq = 1, .headers = headers, .header_count = FRAME_HEADERS_MAX + 1};
    assert_int_equal(frame_encode(&in, &bytes), CT_ERR_LIMIT);
    in.header_count = FRAME_HEADERS_MAX;
    assert_int_equal(frame_encode(&in, &bytes), CT_OK);

    /* One more header than fits, on the wire: field 7, an empty message. */
    struct frame out;
    struct frame_header room[FRAME_HEADERS_MAX];
    assert_int_equal(frame_decode(buf_slice(&bytes), &out, room), CT_OK);
    assert_int_equal(out.header_count, FRAME_HEADERS_MAX);
    assert_int_equal(buf_append(&bytes, slice_make("\x3a\x00", 2)), CT_OK);
    assert_int_equal(frame_decode(buf_slice(&bytes), &out, room), CT_ERR_FORMAT);

    /* seq 2 bytes, body's tag 1 and length 4: a body of that much less is the largest. */
    char *body = calloc(1, FRAME_BYTES_MAX + 1);
    assert_non_null(body);
    buf_clear(&bytes);
    in = (struct frame){.seq = 1, .body = slice_make(body, FRAME_BYTES_MAX - 7)};
    assert_int_equal(frame_encode(&in, &bytes), CT_OK);
    assert_int_equal(bytes.len, FRAME_BYTES_MAX);
    assert_int_equal(frame_decode(buf_slice(&bytes), &out, room), CT_OK);
    buf_clear(&bytes);
    in.body.len++;
    assert_int_equal(frame_encode(&in, &bytes), CT_ERR_LIMIT);
    assert_int_equal(bytes.len, 0);
    assert_int_equal(frame_decode(slice_make(body, FRAME_BYTES_MAX + 1), &out, room), CT_ERR_FORMAT);
    free(body);
    buf_finish(&bytes);
}

static void damage_is_found(void **state)
{
    (void)state;
    static const struct {
        const char *why;
        struct slice bytes;
    } bad[] = {
        {"a varint without an end", SLICE_LIT("\x08\xff")},
        {"a varint of 11 bytes", SLICE_LIT("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")},
        {"a field number 0", SLICE_LIT("\x00\x01")},
        {"seq as bytes", SLICE_LIT("\x0a\x01x")},
        {"wall_ns as varint", SLICE_LIT("\x10\x01")},
        {"wall_ns cut", SLICE_LIT("\x11\x01\x02\x03")},
        {"method longer than the message", SLICE_LIT("\x2a\x05POST")},
        {"a length above 32 bits", SLICE_LIT("\x2a\xff\xff\xff\xff\xff\x01POST")},
        {"a header longer than the message", SLICE_LIT("\x3a\x09\x0a\x01n")},
        {"a header's name longer than the header", SLICE_LIT("\x3a\x03\x0a\x05n\x12\x01v")},
        {"a header's name as varint", SLICE_LIT("\x3a\x02\x08\x01")},
        {"a group", SLICE_LIT("\x7b\x7c")},
        {"an unknown field cut", SLICE_LIT("\x7a\x02x")},
        {"a tag cut", SLICE_LIT("\x08\x01\xff")},
    };
    struct frame out;
    struct frame_header room[FRAME_HEADERS_MAX];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (frame_decode(bad[i].bytes, &out, room) != CT_ERR_FORMAT)
            fail_msg("%s went through", bad[i].why);
}

static void unknown_fields_are_skipped_and_the_last_value_counts(void **state)
{
    (void)state;
    struct frame out;
    struct frame_header room[FRAME_HEADERS_MAX];
    const struct slice bytes =
        SLICE_LIT("\x08\x01\xf8\x01\x7f\x7a\x02xy\x08\x02\x20\x63\x3a\x06\x0a\x01n\x1a\x01z"
                  "\xfd\x01\x01\x02\x03\x04\xf9\x01\x01\x02\x03\x04\x05\x06\x07\x08");
    assert_int_equal(frame_decode(bytes, &out, room), CT_OK);
    assert_int_equal(out.seq, 2);
    assert_int_equal(out.source, FRAME_SOURCE_UNKNOWN);
    assert_slice_equal(frame_header_get(&out, "N"), "");
}

static void every_truncation_is_refused_or_a_prefix(void **state)
{
    (void)state;
    const struct frame_header header = {SLICE_LIT("name"), SLICE_LIT("value")};
    const struct frame in = {.seq = 300,
                             .wall_ns = 1,
                             .mono_ns = 2,
                             .source = FRAME_HOOK,
                             .method = SLICE_LIT("POST"),
                             .path = SLICE_LIT("/hooks"),
                             .headers = &header,
                             .header_count = 1,
                             .body = SLICE_LIT("{}")};
    struct buf bytes;
    buf_init(&bytes, 4096);
    assert_int_equal(frame_encode(&in, &bytes), CT_OK);
    size_t whole = 0;
    for (size_t len = 0; len < bytes.len; len++) {
        /* An own copy of exactly that length, so that the sanitizer sees a read behind it. */
        char *copy = malloc(len + 1);
        assert_non_null(copy);
        memcpy(copy + 1, bytes.data, len);
        struct frame out;
        struct frame_header room[FRAME_HEADERS_MAX];
        whole += frame_decode(slice_make(copy + 1, len), &out, room) == CT_OK;
        free(copy);
    }
    assert_int_equal(whole, 8); /* a cut between two of the 8 fields cannot be told from a shorter message */
    buf_finish(&bytes);
}

static void signals_follow_from_the_path(void **state)
{
    (void)state;
    static const struct {
        enum frame_source source;
        const char *path;
        enum frame_signal signal;
    } rows[] = {
        {FRAME_OTLP_HTTP, "/v1/traces", FRAME_TRACES},
        {FRAME_OTLP_HTTP, "/v1/metrics", FRAME_METRICS},
        {FRAME_OTLP_HTTP, "/v1/logs", FRAME_LOGS},
        {FRAME_OTLP_HTTP, "/v1development/profiles", FRAME_PROFILES},
        {FRAME_OTLP_HTTP, "/v1/tracesx", FRAME_SIGNAL_NONE},
        {FRAME_OTLP_GRPC, "/v1/traces", FRAME_SIGNAL_NONE},
        {FRAME_OTLP_GRPC, "/opentelemetry.proto.collector.trace.v1.TraceService/Export", FRAME_TRACES},
        {FRAME_OTLP_GRPC, "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export", FRAME_METRICS},
        {FRAME_OTLP_GRPC, "/opentelemetry.proto.collector.logs.v1.LogsService/Export", FRAME_LOGS},
        {FRAME_OTLP_GRPC, "/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export",
         FRAME_PROFILES},
        {FRAME_HOOK, "/v1/traces", FRAME_SIGNAL_NONE},
        {FRAME_STATUSLINE, "", FRAME_SIGNAL_NONE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct frame f = {.source = rows[i].source, .path = slice_str(rows[i].path)};
        if (frame_signal(&f) != rows[i].signal)
            fail_msg("%s is %s", rows[i].path, frame_signal_name(frame_signal(&f)));
    }
    assert_string_equal(frame_signal_name(FRAME_LOGS), "logs");
    assert_string_equal(frame_signal_name((enum frame_signal)99), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_comes_back),
        cmocka_unit_test(an_empty_frame_is_an_empty_message),
        cmocka_unit_test(encoding_appends),
        cmocka_unit_test(limits_are_refused),
        cmocka_unit_test(damage_is_found),
        cmocka_unit_test(unknown_fields_are_skipped_and_the_last_value_counts),
        cmocka_unit_test(every_truncation_is_refused_or_a_prefix),
        cmocka_unit_test(signals_follow_from_the_path),
    };
    return cmocka_run_group_tests_name("journal/frame", tests, NULL, NULL);
}
