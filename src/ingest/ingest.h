/*
 * ingest.h - from a frame to model events: the only place that knows Claude Code's names, and other agents'.
 *
 * One file per producer: native_log.c, native_span.c, native_metric.c, hook.c and statusline.c (Claude
 * Code),
 * interceptor_span.c, genai.c, codex.c, gemini.c, foreign_span.c. Text is cleaned here, once (text_clean), on
 * its way into an event.
 */
#ifndef CT_INGEST_INGEST_H
#define CT_INGEST_INGEST_H

#include "decode.h"
#include "event.h"
#include "frame.h"

/* The path of status lines, among frames of FRAME_HOOK. */
#define INGEST_STATUSLINE_PATH "/statusline"

struct ingest;

typedef void (*ingest_emit_fn)(void *ctx, const struct event *event);

struct ingest_stats {
    uint64_t spans;
    uint64_t logs;
    uint64_t metric_points;
    uint64_t hooks; /* status lines included */
    uint64_t status_lines;
    uint64_t profiles;      /* requests; nothing is read in them */
    uint64_t foreign_spans; /* of senders that no producer knows; shown where they hang below a call */
    uint64_t foreign_logs;  /* … and passed over */
    uint64_t foreign_points;
    uint64_t decode_errors;
};

struct ingest *ingest_create(const struct otlp_limits *limits, ingest_emit_fn emit, void *ctx);
void ingest_destroy(struct ingest *in);

/* Decodes one frame and emits its events. A frame that cannot be decoded is counted, never an abort. */
enum ct_err ingest_frame(struct ingest *in, const struct frame *frame);

/*
 * The same in pieces: enough is asked between two records of a frame in protobuf, and true ends the piece
 * with CT_AGAIN. The next call is then for the same frame.
 */
enum ct_err ingest_piece(struct ingest *in, const struct frame *frame, bool (*enough)(void *ctx), void *ctx);

struct ingest_stats ingest_stats(const struct ingest *in);

#endif
