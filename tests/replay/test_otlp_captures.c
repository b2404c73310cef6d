/*
 * Every recorded request of the real client through both decoders: protobuf and JSON must give the same
 * records for the same data, and the records are as many as were sent.
 */
#include "test.h"

#include "captures.h"
#include "sinks.h"

#include <stdlib.h>

#define ROOM ((size_t)64 * 1024 * 1024)

static struct captures captures;
static struct otlp_decoder *decoder;

static enum ct_err decode(const struct capture_request *r, const struct otlp_sink *sink,
                          struct otlp_counts *counts)
{
    enum otlp_refusal why;
    struct ct_errmsg msg = {""};
    enum ct_err err =
        otlp_decode(decoder, r->signal, r->encoding, r->compression, r->body, sink, counts, &why, &msg);
    if (err)
        print_error("%s/%s: %s: %s\n", r->capture, r->body_name, ct_err_name(err), msg.text);
    return err;
}

static void the_records_of_each_capture_are_counted_right(void **state)
{
    (void)state;
    for (size_t i = 0; i < captures.count;) {
        const char *name = captures.requests[i].capture;
        struct otlp_counts sum = {0}, expected;
        for (; i < captures.count && strcmp(captures.requests[i].capture, name) == 0; i++) {
            struct otlp_counts counts;
            assert_int_equal(decode(&captures.requests[i], NULL, &counts), CT_OK);
            sum.logs += counts.logs;
            sum.spans += counts.spans;
            sum.points += counts.points;
        }
        assert_true(captures_expected(name, &expected));
        if (sum.logs != expected.logs || sum.spans != expected.spans || sum.points != expected.points)
            fail_msg("%s: %zu logs, %zu spans, %zu points, not %zu, %zu, %zu", name, sum.logs, sum.spans,
                     sum.points, expected.logs, expected.spans, expected.points);
    }
}

/* Writes the request anew in an encoding of our own making, decodes that, and compares the records. */
static void check_rewritten(const struct capture_request *r, enum otlp_encoding encoding,
                            struct slice expected)
{
    struct buf body, dump;
    enum otlp_refusal why;
    struct ct_errmsg msg = {""};
    buf_init(&body, ROOM);
    buf_init(&dump, ROOM);
    struct otlp_sink sink = encoding == OTLP_JSON ? json_sink(&body) : pb_sink(&body);
    assert_int_equal(decode(r, &sink, NULL), CT_OK);
    if (encoding == OTLP_JSON)
        json_sink_finish(&body);
    enum ct_err err = decode_dump(decoder, r->signal, encoding, buf_slice(&body), &dump, &why, &msg);
    if (err)
        fail_msg("%s/%s rewritten: %s", r->capture, r->body_name, msg.text);
    if (!slice_eq(buf_slice(&dump), expected))
        fail_msg("%s/%s: records differ\n%.*s\n%.*s", r->capture, r->body_name, SLICE_ARG(expected),
                 SLICE_ARG(buf_slice(&dump)));
    buf_finish(&body);
    buf_finish(&dump);
}

static void both_encodings_give_the_same_records(void **state)
{
    (void)state;
    struct buf dump;
    size_t encodings[2] = {0};
    buf_init(&dump, ROOM);
    for (size_t i = 0; i < captures.count; i++) {
        const struct capture_request *r = &captures.requests[i];
        struct otlp_sink sink = dump_sink(&dump);
        buf_clear(&dump);
        assert_int_equal(decode(r, &sink, NULL), CT_OK);
        assert_true(dump.len > 0);
        check_rewritten(r, OTLP_PROTOBUF, buf_slice(&dump));
        check_rewritten(r, OTLP_JSON, buf_slice(&dump));
        encodings[r->encoding]++;
    }
    assert_true(encodings[OTLP_PROTOBUF] > 0 && encodings[OTLP_JSON] > 0);
    buf_finish(&dump);
}

/* The first request of that kind, uncompressed into buf. */
static const struct capture_request *find(enum otlp_signal signal, enum otlp_encoding encoding,
                                          enum otlp_compression compression)
{
    const struct capture_request *best = NULL;
    for (size_t i = 0; i < captures.count; i++) {
        const struct capture_request *r = &captures.requests[i];
        if (r->signal == signal && r->encoding == encoding && r->compression == compression &&
            (!best || r->body.len < best->body.len))
            best = r;
    }
    assert_non_null(best);
    return best;
}

/* Cut off at every byte: never a crash, never a read past the end, and only a cut between fields may pass. */
static void a_cut_off_body_is_refused(void **state)
{
    (void)state;
    static const struct {
        enum otlp_encoding encoding;
        enum otlp_compression compression;
    } forms[] = {{OTLP_PROTOBUF, OTLP_IDENTITY}, {OTLP_PROTOBUF, OTLP_GZIP}, {OTLP_JSON, OTLP_IDENTITY}};
    for (int signal = OTLP_TRACES; signal <= OTLP_LOGS; signal++) {
        for (size_t f = 0; f < sizeof forms / sizeof *forms; f++) {
            const struct capture_request *r =
                find((enum otlp_signal)signal, forms[f].encoding, forms[f].compression);
            for (size_t len = 0; len < r->body.len; len++) {
                char *part = malloc(len ? len : 1);
                enum otlp_refusal why = OTLP_REFUSAL_COUNT;
                assert_non_null(part);
                memcpy(part, r->body.ptr, len);
                enum ct_err err = otlp_decode(decoder, r->signal, r->encoding, r->compression,
                                              slice_make(part, len), NULL, NULL, &why, NULL);
                free(part);
                if (len == 0 && r->encoding == OTLP_PROTOBUF && r->compression == OTLP_IDENTITY) {
                    assert_int_equal(err, CT_OK); /* an empty request */
                    continue;
                }
                assert_int_equal(err, CT_ERR_FORMAT);
                assert_int_equal(why,
                                 r->compression == OTLP_GZIP ? OTLP_REFUSED_BAD_GZIP : OTLP_REFUSED_DECODE);
            }
        }
    }
}

static int setup(void **state)
{
    (void)state;
    struct otlp_limits limits;
    otlp_limits_init(&limits);
    decoder = otlp_decoder_create(&limits);
    return captures_load(&captures) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    captures_free(&captures);
    otlp_decoder_destroy(decoder);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_records_of_each_capture_are_counted_right),
        cmocka_unit_test(both_encodings_give_the_same_records),
        cmocka_unit_test(a_cut_off_body_is_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
