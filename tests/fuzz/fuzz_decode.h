/*
 * fuzz_decode.h - what the protobuf and the JSON target have in common.
 *
 * The first byte of the input is the signal, the rest the body. A body that decodes is written anew in
 * protobuf, and that must decode to the same records.
 */
#ifndef CT_TESTS_FUZZ_DECODE_H
#define CT_TESTS_FUZZ_DECODE_H

#include "fuzz.h"
#include "sinks.h"

/* Records carry their resource along when they are written anew: more than these would only be slow. */
#define FUZZ_REWRITE_MAX 64

static inline int fuzz_decode(enum otlp_encoding encoding, const uint8_t *data, size_t size)
{
    static struct otlp_decoder *decoder;
    static struct buf first, second, rewritten;
    if (!decoder) {
        struct otlp_limits limits;
        otlp_limits_init(&limits);
        decoder = otlp_decoder_create(&limits);
        buf_init(&first, SIZE_MAX);
        buf_init(&second, SIZE_MAX);
        buf_init(&rewritten, SIZE_MAX);
    }
    if (size == 0)
        return 0;
    enum otlp_signal signal = (enum otlp_signal)(data[0] % OTLP_SIGNAL_COUNT);
    struct slice body = slice_make(data + 1, size - 1);
    struct otlp_counts checked = {0}, counts = {0};
    enum otlp_refusal why = OTLP_REFUSAL_COUNT;
    struct ct_errmsg msg = {""};
    enum ct_err err = otlp_decode(decoder, signal, encoding, OTLP_IDENTITY, body, NULL, &checked, &why, &msg);
    fuzz_check(err == CT_OK || err == CT_ERR_FORMAT || err == CT_ERR_LIMIT);
    fuzz_check((err == CT_OK) == (why == OTLP_REFUSAL_COUNT));
    fuzz_check((err == CT_OK) == (msg.text[0] == '\0'));

    struct otlp_sink sink = dump_sink(&first);
    buf_clear(&first);
    if (checked.logs + checked.spans + checked.points > FUZZ_REWRITE_MAX)
        return 0;
    fuzz_check(otlp_decode(decoder, signal, encoding, OTLP_IDENTITY, body, &sink, &counts, NULL, NULL) ==
               err);
    fuzz_check(memcmp(&counts, &checked, sizeof counts) == 0);
    if (err)
        return 0;

    sink = pb_sink(&rewritten);
    buf_clear(&rewritten);
    fuzz_check(otlp_decode(decoder, signal, encoding, OTLP_IDENTITY, body, &sink, NULL, NULL, NULL) == CT_OK);
    fuzz_check(decode_dump(decoder, signal, OTLP_PROTOBUF, buf_slice(&rewritten), &second, NULL, NULL) ==
               CT_OK);
    fuzz_check(slice_eq(buf_slice(&first), buf_slice(&second)));
    return 0;
}

static inline bool fuzz_decode_seed(enum otlp_encoding encoding, const struct capture_request *request,
                                    struct buf *out)
{
    return request->encoding == encoding && request->compression == OTLP_IDENTITY &&
           buf_append_char(out, (char)request->signal) == CT_OK && buf_append(out, request->body) == CT_OK;
}

#endif
