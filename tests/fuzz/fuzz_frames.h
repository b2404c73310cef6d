/* fuzz_frames.h - recorded requests as frame messages, for targets that read frames. */
#ifndef CT_TESTS_FUZZ_FRAMES_H
#define CT_TESTS_FUZZ_FRAMES_H

#include "frame.h"
#include "fuzz.h"

/* Appends the message that the request's frame is in the journal; false when it would be none. */
static inline bool fuzz_frame_append(const struct capture_request *request, struct buf *out)
{
    static const char *const paths[] = {"/v1/traces", "/v1/metrics", "/v1/logs"};
    const char *type = request->encoding == OTLP_JSON ? "application/json" : "application/x-protobuf";
    const char *coding = request->compression == OTLP_GZIP ? "gzip" : "identity";
    const struct frame_header headers[] = {{SLICE_LIT("Content-Type"), slice_str(type)},
                                           {SLICE_LIT("Content-Encoding"), slice_str(coding)}};
    if (request->signal > OTLP_LOGS)
        return false;
    const struct frame frame = {.seq = 1,
                                .wall_ns = INT64_C(1795350000000000000),
                                .mono_ns = 1,
                                .source = FRAME_OTLP_HTTP,
                                .method = SLICE_LIT("POST"),
                                .path = slice_str(paths[request->signal]),
                                .headers = headers,
                                .header_count = 2,
                                .body = request->body};
    return frame_encode(&frame, out) == CT_OK;
}

#endif
