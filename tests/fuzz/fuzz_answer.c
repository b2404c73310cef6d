/*
 * What an upstream says: the body of its answer in both encodings, Retry-After, and gRPC's trailers. Byte 0
 * chooses; trailers are the input cut at NUL bytes: grpc-status, grpc-message, grpc-status-details-bin.
 *
 * Beyond not crashing: what is kept is cut to its size and ends, waits are not negative, what is no answer
 * says nothing, and all of it is fit to be cleaned and shown.
 */
#include "fuzz.h"

#include "grpc_trailers.h"
#include "text.h"
#include "upstream_policy.h"

#include <string.h>

#define NOW_NS INT64_C(1795350000000000000)

enum { BODY_PROTOBUF, BODY_JSON, RETRY_AFTER, TRAILERS, DECODERS, KINDS };

static void check_text(const char *text, size_t room)
{
    char clean[PARTIAL_SUCCESS_MESSAGE_MAX];
    fuzz_check(memchr(text, '\0', room));
    text_clean(slice_str(text), clean, sizeof clean);
    fuzz_check(text_is_clean(slice_str(clean)));
}

static void body(bool json, struct slice in)
{
    struct partial_success partial;
    char message[64];
    enum ct_err err = partial_success_parse(json, in, &partial);
    fuzz_check(err == CT_OK || err == CT_ERR_FORMAT || err == CT_ERR_LIMIT);
    check_text(partial.message, sizeof partial.message);
    fuzz_check(partial.populated == (partial.rejected > 0 || partial.message[0] != '\0'));
    fuzz_check(!err || !partial.populated);
    err = partial_success_status_message(json, in, message, sizeof message);
    fuzz_check(err == CT_OK || err == CT_ERR_FORMAT || err == CT_ERR_LIMIT);
    check_text(message, sizeof message);
    fuzz_check(!err || !message[0]);
    if (json)
        return;
    struct partial_success_retry retry;
    err = partial_success_status_retry(in, &retry);
    fuzz_check(err == CT_OK || err == CT_ERR_FORMAT);
    fuzz_check(!err || !retry.present);
    fuzz_check(!retry.has_delay || (retry.present && retry.delay_ns >= 0));
}

static void retry_after(struct slice in)
{
    const struct upstream_policy policy = {500, 30000, 300000};
    int64_t wait_ns = -1;
    if (!upstream_retry_after_parse(in, NOW_NS, &wait_ns))
        return;
    fuzz_check(wait_ns >= 0);
    int64_t chosen = upstream_policy_wait(&policy, 1, wait_ns, UINT64_MAX);
    fuzz_check(chosen >= 500 * INT64_C(1000000) && chosen <= 300000 * INT64_C(1000000));
    char text[UPSTREAM_WAIT_TEXT_MAX];
    fuzz_check(upstream_wait_text(wait_ns, text) && memchr(text, '\0', sizeof text));
}

static void trailers(struct slice in)
{
    struct slice values[3] = {SLICE_NULL, SLICE_NULL, SLICE_NULL};
    for (size_t i = 0; i < 3 && in.ptr; i++) {
        size_t end = i < 2 ? slice_find(in, '\0') : in.len;
        values[i] = slice_sub(in, 0, end);
        in = end < in.len ? slice_sub(in, end + 1, in.len) : SLICE_NULL;
    }
    struct grpc_trailers t;
    grpc_trailers_read(200, values[0], values[1], values[2], &t);
    check_text(t.message, sizeof t.message);
    fuzz_check(t.code >= 0 && (t.code <= 16 || (t.has_status && t.code <= INT16_MAX)));
    fuzz_check(!t.retry.has_delay || (t.retry.present && t.retry.delay_ns >= 0));
    fuzz_check(strlen(upstream_grpc_name(t.code)) > 0);
    enum upstream_outcome outcome = upstream_outcome_of_grpc(t.code, t.retry.present);
    fuzz_check((outcome == UPSTREAM_TAKEN) == (t.code == 0));
}

static void decoders(struct slice in)
{
    char text[100];
    uint8_t bytes[100];
    size_t len = SIZE_MAX;
    size_t n = grpc_percent_decode(in, text, sizeof text);
    fuzz_check(n < sizeof text && n <= in.len && text[n] == '\0');
    if (grpc_base64_decode(in, bytes, sizeof bytes, &len))
        fuzz_check(len <= sizeof bytes && len <= in.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    struct slice in = slice_make(data + 1, size - 1);
    switch (data[0] % KINDS) {
    case BODY_PROTOBUF:
        body(false, in);
        break;
    case BODY_JSON:
        body(true, in);
        break;
    case RETRY_AFTER:
        retry_after(in);
        break;
    case TRAILERS:
        trailers(in);
        break;
    default:
        decoders(in);
        break;
    }
    return 0;
}
