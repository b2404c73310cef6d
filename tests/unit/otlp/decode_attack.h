/*
 * decode_attack.h - a body that must be refused, what it may cost, and that the next one is decoded all the
 * same.
 *
 * Include "test.h" first. A test builds the body in h->in (harness.h).
 */
#ifndef CT_TESTS_OTLP_DECODE_ATTACK_H
#define CT_TESTS_OTLP_DECODE_ATTACK_H

#include "harness.h"
#include "memory.h"

#define MILLION 1000000

#define LOG_OPEN  "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{"
#define LOG_CLOSE "}]}]}]}"

/* What a decoder and one of its arenas hold at the least: their first chunks. */
#define DECODER_BYTES ((size_t)128 * 1024)

static inline void attack_repeat(struct buf *b, const char *text, size_t times)
{
    size_t len = strlen(text);
    for (size_t i = 0; i < times; i++)
        wire_raw(b, slice_make(text, len));
}

/* The same decoder serves the next sender. */
static inline void attack_decoder_is_sound(struct harness *h)
{
    struct slice body = SLICE_LIT(LOG_OPEN "\"severityText\":\"fine\"" LOG_CLOSE);
    struct otlp_counts counts;
    assert_int_equal(
        otlp_decode(h->decoder, OTLP_LOGS, OTLP_JSON, OTLP_IDENTITY, body, NULL, &counts, NULL, NULL), CT_OK);
    assert_int_equal(counts.logs, 1);
}

/*
 * Decodes h->in as the receiver's check does, without a sink. Refused with err and why (CT_OK: taken), at
 * peak bytes above the body at most, of which the decoder keeps no more than it is said to.
 */
static inline void attack_decode(struct harness *h, enum otlp_signal signal, enum otlp_encoding encoding,
                                 enum otlp_compression compression, enum ct_err err, enum otlp_refusal why,
                                 size_t peak)
{
    /* Of exactly the body's size, so that the sanitizer sees a read past its end. */
    char *copy = malloc(h->in.len + !h->in.len);
    assert_non_null(copy);
    memcpy(copy, h->in.data, h->in.len);
    h->why = OTLP_REFUSAL_COUNT;
    h->msg.text[0] = '\0';
    memory_watch();
    enum ct_err got = otlp_decode(h->decoder, signal, encoding, compression, slice_make(copy, h->in.len),
                                  NULL, &h->counts, &h->why, &h->msg);
    size_t most = memory_peak();
    free(copy);
    if (got != err || (err && h->why != why) || most > peak)
        fail_msg("%s, %s (%s), not %s, %s; %zu bytes, not %zu at most", ct_err_name(got),
                 otlp_refusal_name(h->why), h->msg.text, ct_err_name(err), otlp_refusal_name(why), most,
                 peak);
    assert_true((err == CT_OK) == (h->msg.text[0] == '\0'));
    attack_decoder_is_sound(h);
}

#define attack_unit(test) cmocka_unit_test_setup_teardown(test, harness_setup, harness_teardown)

#endif
