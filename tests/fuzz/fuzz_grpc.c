/*
 * gRPC's framing and header values on arbitrary bytes. The first byte says how the rest is taken: as a body
 * cut in pieces, as a header value, or as the words of a failure.
 *
 * Beyond not crashing: how a body is cut does not matter, and what is written for a header is visible ASCII.
 */
#include "fuzz.h"
#include "grpc.h"
#include "respond.h"

static enum grpc_reading read_in_pieces(struct slice body, size_t piece, struct grpc_reader *r)
{
    enum grpc_reading reading = GRPC_READ_MORE;
    *r = (struct grpc_reader){0};
    while (body.len && (reading == GRPC_READ_MORE || reading == GRPC_READ_WHOLE)) {
        struct slice part = slice_sub(body, 0, piece);
        reading = grpc_reader_take(r, part);
        body = slice_sub(body, part.len, body.len);
        piece = piece * 5 % 17 + 1;
    }
    return reading;
}

static void body(struct slice in)
{
    struct grpc_reader whole, cut;
    enum grpc_reading reading = read_in_pieces(in, SIZE_MAX / 8, &whole);
    for (size_t piece = 1; piece < 8; piece++) {
        fuzz_check(read_in_pieces(in, piece, &cut) == reading);
        if (reading == GRPC_READ_MORE || reading == GRPC_READ_WHOLE)
            fuzz_check(cut.have == whole.have && (cut.have < GRPC_PREFIX_BYTES || cut.left == whole.left));
    }
    bool compressed;
    struct slice payload;
    bool one = grpc_message_parse(in, &compressed, &payload);
    fuzz_check(one == (reading == GRPC_READ_WHOLE));
    if (one) {
        fuzz_check(payload.len == in.len - GRPC_PREFIX_BYTES && payload.len == grpc_reader_length(&whole));
        fuzz_check(compressed == (in.ptr[0] == 1));
    }
}

static void value(struct slice in)
{
    uint64_t ms;
    enum otlp_signal signal;
    if (grpc_timeout_parse(in, &ms))
        fuzz_check(in.len <= 9 && ms <= UINT64_C(99999999) * 3600000);
    if (grpc_content_type_spoken(in))
        fuzz_check(grpc_content_type(in) && respond_encoding(in) == OTLP_PROTOBUF);
    if (grpc_method_parse(in, &signal))
        fuzz_check(grpc_path(in));
}

static void check_visible(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        fuzz_check(s.ptr[i] >= 0x20 && s.ptr[i] <= 0x7e);
}

static void words(struct slice in)
{
    struct buf out;
    buf_init(&out, (size_t)4 * RESPOND_MESSAGE_MAX);
    fuzz_check(grpc_message_encode(in, &out) == CT_OK);
    check_visible(buf_slice(&out));
    buf_clear(&out);
    fuzz_check(grpc_retry_details(GRPC_UNAVAILABLE, in, (uint32_t)in.len, &out) == CT_OK);
    check_visible(buf_slice(&out));
    buf_finish(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct slice in = slice_make(data + 1, size - 1);
    switch (data[0] % 3) {
    case 0:
        body(in);
        break;
    case 1:
        value(in);
        break;
    default:
        words(in);
        break;
    }
    return 0;
}

bool fuzz_seed(const struct capture_request *request, struct buf *out)
{
    uint8_t prefix[GRPC_PREFIX_BYTES];
    grpc_prefix_write((uint32_t)request->body.len, prefix);
    return buf_append_char(out, 0) == CT_OK && buf_append(out, slice_make(prefix, sizeof prefix)) == CT_OK &&
           buf_append(out, request->body) == CT_OK;
}
