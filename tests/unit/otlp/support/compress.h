/*
 * compress.h - compressed bodies for tests. Include "test.h" first; what is returned is freed with
 * compress_drop(), or free() for char *.
 */
#ifndef CT_TESTS_OTLP_COMPRESS_H
#define CT_TESTS_OTLP_COMPRESS_H

#include "body.h"

#include <stdlib.h>

#include <zlib.h>
#ifdef HAVE_ZSTD
#include <zstd.h>
#endif

static inline struct slice compress_gzip(struct slice plain, int level)
{
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    size_t room = deflateBound(&z, plain.len) + 64;
    char *out = malloc(room);
    assert_non_null(out);
    z.next_in = (z_const Bytef *)(uintptr_t)(plain.len ? plain.ptr : "");
    z.avail_in = (uInt)plain.len;
    z.next_out = (Bytef *)out;
    z.avail_out = (uInt)room;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    return slice_make(out, room - z.avail_out);
}

static inline char *compress_filled(size_t len, int c)
{
    char *p = malloc(len);
    assert_non_null(p);
    memset(p, c, len);
    return p;
}

/* Bytes that do not compress. */
static inline char *compress_noise(size_t len)
{
    char *p = malloc(len);
    uint64_t x = 88172645463325252u;
    assert_non_null(p);
    for (size_t i = 0; i < len; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        p[i] = (char)(uint8_t)x;
    }
    return p;
}

static inline struct slice compress_join(struct slice a, struct slice b)
{
    char *p = malloc(a.len + b.len + 1);
    assert_non_null(p);
    memcpy(p, a.ptr, a.len);
    if (b.len)
        memcpy(p + a.len, b.ptr, b.len);
    return slice_make(p, a.len + b.len);
}

static inline void compress_drop(struct slice s)
{
    free((void *)(uintptr_t)s.ptr);
}

#ifdef HAVE_ZSTD
/* window_log 0: as the library chooses. */
static inline struct slice compress_zstd(struct slice plain, int window_log)
{
    size_t room = ZSTD_compressBound(plain.len) + 64;
    char *out = malloc(room);
    ZSTD_CCtx *z = ZSTD_createCCtx();
    assert_non_null(out);
    assert_non_null(z);
    ZSTD_CCtx_setParameter(z, ZSTD_c_checksumFlag, 1);
    if (window_log) { /* a stream of unknown length, so that the frame asks for the whole window */
        ZSTD_CCtx_setParameter(z, ZSTD_c_windowLog, window_log);
        ZSTD_CCtx_setParameter(z, ZSTD_c_contentSizeFlag, 0);
    }
    ZSTD_inBuffer src = {plain.ptr, plain.len, 0};
    ZSTD_outBuffer dst = {out, room, 0};
    if (window_log)
        assert_false(ZSTD_isError(ZSTD_compressStream2(z, &dst, &src, ZSTD_e_continue)));
    assert_int_equal(ZSTD_compressStream2(z, &dst, &src, ZSTD_e_end), 0);
    ZSTD_freeCCtx(z);
    return slice_make(out, dst.pos);
}
#endif

#endif
