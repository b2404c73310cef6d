/*
 * The journal's readers on arbitrary bytes. The first byte says how the rest is taken: as a frame message, as
 * a whole segment, as what follows a sound header, or as frames with right checksums (so that what lies
 * behind the checksum is reached) with one byte changed afterwards.
 *
 * Beyond not crashing: slices stay inside the input, the scanner always advances, and what decodes encodes
 * again to something that decodes to the same.
 */
#include "fuzz.h"
#include "fuzz_frames.h"
#include "segment.h"

#define SALT       0x01020304u
#define FRAMES_MAX 16u

static void check_inside(struct slice s, struct slice whole)
{
    fuzz_check(s.len == 0 || (s.ptr >= whole.ptr && s.ptr + s.len <= whole.ptr + whole.len));
}

static void check_frame(const struct frame *f, struct slice whole)
{
    struct buf again;
    struct frame second;
    struct frame_header headers[FRAME_HEADERS_MAX];
    check_inside(f->method, whole);
    check_inside(f->path, whole);
    check_inside(f->body, whole);
    fuzz_check(f->header_count <= FRAME_HEADERS_MAX);
    for (size_t i = 0; i < f->header_count; i++) {
        check_inside(f->headers[i].name, whole);
        check_inside(f->headers[i].value, whole);
    }
    (void)frame_signal(f);
    (void)frame_header_get(f, "content-type");

    buf_init(&again, FRAME_BYTES_MAX);
    fuzz_check(frame_encode(f, &again) == CT_OK);
    fuzz_check(frame_decode(buf_slice(&again), &second, headers) == CT_OK);
    fuzz_check(second.seq == f->seq && second.wall_ns == f->wall_ns && second.mono_ns == f->mono_ns);
    fuzz_check(second.source == f->source && second.header_count == f->header_count);
    fuzz_check(slice_eq(second.method, f->method) && slice_eq(second.path, f->path) &&
               slice_eq(second.body, f->body));
    buf_finish(&again);
}

static void scan(struct slice segment, uint32_t salt, uint64_t seq_min)
{
    struct segment_scanner s;
    struct frame f;
    struct frame_header headers[FRAME_HEADERS_MAX];
    segment_scanner_init_memory(&s, segment, salt);
    s.seq_min = seq_min;
    uint64_t before = s.offset;
    enum ct_err err;
    while ((err = segment_next(&s, &f, headers)) != CT_END) {
        fuzz_check(err == CT_OK || err == CT_ERR_FORMAT);
        fuzz_check(s.offset > before && s.offset <= s.limit);
        before = s.offset;
        if (err == CT_OK)
            check_frame(&f, segment);
    }
    segment_scanner_finish(&s);
}

/* Cuts the input into payloads and seals each; returns an owned segment. */
static char *seal_all(struct slice in, size_t *len)
{
    char *out = malloc(SEGMENT_HEADER_BYTES + FRAMES_MAX * SEGMENT_ENVELOPE_BYTES + in.len);
    fuzz_check(out);
    segment_header_write(out, SALT);
    size_t at = SEGMENT_HEADER_BYTES;
    for (size_t i = 0; i < FRAMES_MAX && in.len > 0; i++) {
        size_t n = (uint8_t)in.ptr[0];
        in = slice_sub(in, 1, in.len);
        struct slice payload = slice_sub(in, 0, n);
        in = slice_sub(in, n, in.len);
        if (payload.len)
            memcpy(out + at + SEGMENT_ENVELOPE_BYTES, payload.ptr, payload.len);
        segment_seal(out + at + SEGMENT_ENVELOPE_BYTES, payload.len, SALT);
        at += SEGMENT_ENVELOPE_BYTES + payload.len;
    }
    *len = at;
    return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 4)
        return 0;
    struct slice in = slice_make(data + 4, size - 4);
    uint32_t salt;
    switch (data[0] % 4) {
    case 0: {
        struct frame f;
        struct frame_header headers[FRAME_HEADERS_MAX];
        if (frame_decode(in, &f, headers) == CT_OK)
            check_frame(&f, in);
        break;
    }
    case 1:
        if (segment_header_read(in, &salt) == CT_OK)
            scan(in, salt, 0);
        break;
    case 2: {
        char *segment = malloc(SEGMENT_HEADER_BYTES + in.len);
        fuzz_check(segment);
        segment_header_write(segment, SALT);
        if (in.len)
            memcpy(segment + SEGMENT_HEADER_BYTES, in.ptr, in.len);
        scan(slice_make(segment, SEGMENT_HEADER_BYTES + in.len), SALT, 0);
        free(segment);
        break;
    }
    default: {
        size_t len;
        char *segment = seal_all(in, &len);
        size_t at = SEGMENT_HEADER_BYTES + (data[1] | (size_t)data[2] << 8);
        if (at < len)
            segment[at] ^= (char)data[3];
        scan(slice_make(segment, len), SALT, data[3] & 1);
        free(segment);
        break;
    }
    }
    return 0;
}

/* A frame message, as mode 0 takes it. */
bool fuzz_seed(const struct capture_request *request, struct buf *out)
{
    return buf_append(out, slice_make("\0\0\0\0", 4)) == CT_OK && fuzz_frame_append(request, out);
}
