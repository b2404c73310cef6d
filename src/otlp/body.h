/*
 * body.h - a compressed request body to plain bytes, bounded.
 *
 * One inflater is reused for all bodies of a thread. Output grows as it is produced, never by what a header
 * promises, and stops at the smaller of
 *   - limits.inflated_bytes, and
 *   - limits.inflate_ratio times the body, but at least OTLP_RATIO_FLOOR.
 *
 * gzip: RFC 1952, any number of members, nothing after the last one. zstd: RFC 8878, any number of frames,
 * windows up to OTLP_ZSTD_WINDOW_LOG, compiled in when libzstd is there (HAVE_ZSTD).
 */
#ifndef CT_OTLP_BODY_H
#define CT_OTLP_BODY_H

#include "buf.h"
#include "decode.h"

/* Small bodies may compress by more than the ratio: repeated text does. */
#define OTLP_RATIO_FLOOR ((size_t)1024 * 1024)

/* An inflater keeps at most this much output room, and as much decompressor state, between bodies. */
#define OTLP_INFLATER_KEEP ((size_t)1024 * 1024)

/* 8 MiB, what RFC 8878 recommends decoders to support. libzstd allocates the window a frame asks for. */
#define OTLP_ZSTD_WINDOW_LOG 23

struct inflater {
    struct buf out;
    size_t inflated_bytes;
    size_t ratio;
    void *gzip; /* z_stream, made at the first gzip body */
    void *zstd; /* ZSTD_DCtx, likewise */
};

void inflater_init(struct inflater *in, const struct otlp_limits *limits);
void inflater_finish(struct inflater *in);

/*
 * Inflates body. *out borrows from in, or from body for OTLP_IDENTITY, until the next call on in. Errors,
 * with *why: CT_ERR_FORMAT (BAD_GZIP: damaged, cut off, or followed by something else), CT_ERR_LIMIT
 * (INFLATED), CT_ERR_NOMEM (OVERLOAD), CT_ERR_UNSUPPORTED (ENCODING: zstd is not compiled in).
 */
enum ct_err inflater_run(struct inflater *in, enum otlp_compression compression, struct slice body,
                         struct slice *out, enum otlp_refusal *why, struct ct_errmsg *msg);

/* Gives memory above OTLP_INFLATER_KEEP back; the last output is gone. */
void inflater_trim(struct inflater *in);

/* Whether this build knows the compression. */
bool otlp_compression_supported(enum otlp_compression compression);

#endif
