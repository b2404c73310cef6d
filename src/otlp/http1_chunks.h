/*
 * http1_chunks.h - the chunked transfer coding (RFC 9112, 7.1), decoded strictly.
 *
 * Extensions and trailers are checked, bounded and dropped.
 */
#ifndef CT_OTLP_HTTP1_CHUNKS_H
#define CT_OTLP_HTTP1_CHUNKS_H

#include "http1_head.h"

/* Hex digits of one chunk size: more is an endless run of zeros. */
#define HTTP1_CHUNK_DIGITS_MAX 16
/* All extensions of one body: no client sends any, and they cost reading without a byte of body. */
#define HTTP1_CHUNK_EXTENSIONS_MAX ((size_t)4096)

struct http1_chunks {
    int state;
    unsigned digits;
    uint64_t left;     /* of the chunk's data */
    uint64_t room;     /* body bytes that are still allowed */
    size_t extensions; /* bytes so far */
    size_t trailers;   /* bytes so far */
    size_t trailers_max;
};

void http1_chunks_init(struct http1_chunks *c, uint64_t body_max, size_t trailers_max);

/*
 * Takes bytes off *in. CT_OK with data (part of *in, may be empty), CT_END when the body is complete (the
 * rest stays in *in), CT_ERR_FORMAT or CT_ERR_LIMIT with *fault set. Call it until *in is empty or it says
 * otherwise.
 */
enum ct_err http1_chunks_next(struct http1_chunks *c, struct slice *in, struct slice *data,
                              struct http1_fault *fault);

#endif
