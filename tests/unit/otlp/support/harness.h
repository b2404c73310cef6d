/*
 * harness.h - a decoder and buffers for a unit test, and one call that decodes and reports.
 *
 * Include "test.h" first. harness_set is the cmocka setup and teardown pair.
 */
#ifndef CT_TESTS_OTLP_HARNESS_H
#define CT_TESTS_OTLP_HARNESS_H

#include "sinks.h"
#include "wire.h"

#include <stdlib.h>

struct harness {
    struct otlp_limits limits;
    struct otlp_decoder *decoder;
    struct buf in;   /* the request that the test writes */
    struct buf dump; /* of the last decode */
    struct otlp_counts counts;
    enum otlp_refusal why;
    struct ct_errmsg msg;
};

static inline int harness_setup(void **state)
{
    struct harness *h = calloc(1, sizeof *h);
    if (!h)
        return -1;
    otlp_limits_init(&h->limits);
    h->decoder = otlp_decoder_create(&h->limits);
    buf_init(&h->in, (size_t)256 << 20);
    buf_init(&h->dump, (size_t)256 << 20);
    *state = h;
    return 0;
}

static inline int harness_teardown(void **state)
{
    struct harness *h = *state;
    otlp_decoder_destroy(h->decoder);
    buf_finish(&h->in);
    buf_finish(&h->dump);
    free(h);
    return 0;
}

/* Takes h->limits into use. */
static inline void harness_relimit(struct harness *h)
{
    otlp_decoder_destroy(h->decoder);
    h->decoder = otlp_decoder_create(&h->limits);
}

/* Decodes a copy of exactly the body's size, so that the sanitizer sees a read past its end. */
static inline enum ct_err harness_decode(struct harness *h, enum otlp_signal signal,
                                         enum otlp_encoding encoding, enum otlp_compression compression,
                                         struct slice body)
{
    struct otlp_sink sink = dump_sink(&h->dump);
    char *copy = malloc(body.len ? body.len : 1);
    assert_non_null(copy);
    if (body.len)
        memcpy(copy, body.ptr, body.len);
    buf_clear(&h->dump);
    h->why = OTLP_REFUSAL_COUNT;
    h->msg.text[0] = '\0';
    enum ct_err err = otlp_decode(h->decoder, signal, encoding, compression, slice_make(copy, body.len),
                                  &sink, &h->counts, &h->why, &h->msg);
    free(copy);
    return err;
}

static inline enum ct_err harness_pb(struct harness *h, enum otlp_signal signal)
{
    return harness_decode(h, signal, OTLP_PROTOBUF, OTLP_IDENTITY, buf_slice(&h->in));
}

static inline enum ct_err harness_json(struct harness *h, enum otlp_signal signal, const char *text)
{
    return harness_decode(h, signal, OTLP_JSON, OTLP_IDENTITY, slice_str(text));
}

#define assert_decodes(h, err, expected_dump)                                                                \
    do {                                                                                                     \
        enum ct_err err_ = (err);                                                                            \
        if (err_)                                                                                            \
            fail_msg("%s: %s", ct_err_name(err_), (h)->msg.text);                                            \
        assert_slice_equal(buf_slice(&(h)->dump), expected_dump);                                            \
    } while (0)

#define assert_refused(h, err, expected_err, expected_why)                                                   \
    do {                                                                                                     \
        enum ct_err err_ = (err);                                                                            \
        if (err_ != (expected_err) || (h)->why != (expected_why))                                            \
            fail_msg("%s, %s (%s), not %s, %s", ct_err_name(err_), otlp_refusal_name((h)->why),              \
                     (h)->msg.text, ct_err_name(expected_err), otlp_refusal_name(expected_why));             \
        assert_true((h)->msg.text[0] != '\0');                                                               \
    } while (0)

#endif
