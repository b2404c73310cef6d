#include "body.h"

#include <stdlib.h>

#include <zlib.h>
#ifdef HAVE_ZSTD
#include <zstd.h>
#include <zstd_errors.h>
#endif

/* Output room is made in steps of at least this much. */
#define STEP ((size_t)16 * 1024)

/* 15: the largest window; 16: a gzip header, not a zlib one. */
#define GZIP_ONLY (15 + 16)

struct job {
    struct inflater *in;
    struct slice body;
    size_t cap; /* bytes of output that are still legal */
    bool by_ratio;
    enum otlp_refusal *why;
    struct ct_errmsg *msg;
};

static enum ct_err refuse(const struct job *j, enum ct_err err, enum otlp_refusal why, const char *text)
{
    *j->why = why;
    return ct_fail(j->msg, err, "%s", text);
}

static enum ct_err no_memory(const struct job *j)
{
    return refuse(j, CT_ERR_NOMEM, OTLP_REFUSED_OVERLOAD, "no memory to decompress the body");
}

static enum ct_err too_big(const struct job *j)
{
    *j->why = OTLP_REFUSED_INFLATED;
    if (j->by_ratio)
        return ct_fail(j->msg, CT_ERR_LIMIT,
                       "the body inflates to more than %zu times its %zu bytes (inflate_ratio)", j->in->ratio,
                       j->body.len);
    return ct_fail(j->msg, CT_ERR_LIMIT, "the body inflates to more than %zu bytes (inflated_bytes)", j->cap);
}

/* Room for more output: one byte past the cap is let in, which tells "exactly at the cap" from "over it". */
static enum ct_err make_room(const struct job *j, size_t *room)
{
    struct buf *out = &j->in->out;
    if (out->len > j->cap)
        return too_big(j);
    size_t left = j->cap - out->len + 1;
    if (out->cap == out->len && buf_reserve(out, left < STEP ? left : STEP))
        return no_memory(j);
    *room = out->cap - out->len;
    if (*room > left)
        *room = left;
    return CT_OK;
}

static enum ct_err gunzip(const struct job *j)
{
    struct buf *out = &j->in->out;
    z_stream *z = j->in->gzip;
    if (!z) {
        z = calloc(1, sizeof *z);
        if (!z)
            return no_memory(j);
        if (inflateInit2(z, GZIP_ONLY) != Z_OK) {
            free(z);
            return no_memory(j);
        }
        j->in->gzip = z;
    } else {
        inflateReset(z);
    }

    size_t at = 0; /* input taken by the decompressor */
    for (;;) {
        size_t room = 0;
        enum ct_err err = make_room(j, &room);
        if (err)
            return err;
        size_t input = j->body.len - at;
        z->next_in = (z_const Bytef *)(uintptr_t)(input ? j->body.ptr + at : "");
        z->avail_in = input > UINT32_MAX ? UINT32_MAX : (uInt)input;
        z->next_out = (Bytef *)(out->data + out->len);
        z->avail_out = room > UINT32_MAX ? UINT32_MAX : (uInt)room;
        size_t given_in = z->avail_in, given_out = z->avail_out;
        int rc = inflate(z, Z_NO_FLUSH);
        size_t took = given_in - z->avail_in, made = given_out - z->avail_out;
        at += took;
        out->len += made;
        if (out->len > j->cap)
            return too_big(j);
        if (rc == Z_STREAM_END) {
            if (at == j->body.len)
                return CT_OK;
            if ((uint8_t)j->body.ptr[at] != 0x1f)
                return refuse(j, CT_ERR_FORMAT, OTLP_REFUSED_BAD_GZIP,
                              "bytes follow the end of the gzip body");
            inflateReset(z);
        } else if (rc == Z_MEM_ERROR) {
            return no_memory(j);
        } else if (rc != Z_OK && rc != Z_BUF_ERROR) {
            return refuse(j, CT_ERR_FORMAT, OTLP_REFUSED_BAD_GZIP, "the body is not gzip, or damaged");
        } else if (took == 0 && made == 0) {
            return refuse(j, CT_ERR_FORMAT, OTLP_REFUSED_BAD_GZIP, "the gzip body is cut off");
        }
    }
}

#ifdef HAVE_ZSTD
static enum ct_err unzstd(const struct job *j)
{
    struct buf *out = &j->in->out;
    ZSTD_DCtx *z = j->in->zstd;
    if (!z) {
        z = ZSTD_createDCtx();
        if (!z)
            return no_memory(j);
        j->in->zstd = z;
        if (ZSTD_isError(ZSTD_DCtx_setParameter(z, ZSTD_d_windowLogMax, OTLP_ZSTD_WINDOW_LOG)))
            return no_memory(j);
    } else {
        ZSTD_DCtx_reset(z, ZSTD_reset_session_only);
    }

    ZSTD_inBuffer src = {j->body.ptr, j->body.len, 0};
    size_t more = 1; /* 0 exactly at the end of a frame */
    while (src.pos < src.size || more != 0) {
        size_t room = 0;
        enum ct_err err = make_room(j, &room);
        if (err)
            return err;
        ZSTD_outBuffer dst = {out->data + out->len, room, 0};
        size_t before = src.pos;
        more = ZSTD_decompressStream(z, &dst, &src);
        if (ZSTD_isError(more)) {
            switch (ZSTD_getErrorCode(more)) {
            case ZSTD_error_memory_allocation:
                return no_memory(j);
            case ZSTD_error_frameParameter_windowTooLarge:
                return refuse(j, CT_ERR_LIMIT, OTLP_REFUSED_INFLATED,
                              "the zstd body asks for a window above 8 MiB");
            default:
                return refuse(j, CT_ERR_FORMAT, OTLP_REFUSED_BAD_GZIP, "the body is not zstd, or damaged");
            }
        }
        out->len += dst.pos;
        if (out->len > j->cap)
            return too_big(j);
        if (more != 0 && src.pos == before && dst.pos == 0)
            return refuse(j, CT_ERR_FORMAT, OTLP_REFUSED_BAD_GZIP, "the zstd body is cut off");
    }
    return CT_OK;
}
#endif

bool otlp_compression_supported(enum otlp_compression compression)
{
#ifdef HAVE_ZSTD
    return compression == OTLP_IDENTITY || compression == OTLP_GZIP || compression == OTLP_ZSTD;
#else
    return compression == OTLP_IDENTITY || compression == OTLP_GZIP;
#endif
}

void inflater_init(struct inflater *in, const struct otlp_limits *limits)
{
    size_t most = limits->inflated_bytes < SIZE_MAX / 2 ? limits->inflated_bytes : SIZE_MAX / 2;
    *in = (struct inflater){.inflated_bytes = most, .ratio = limits->inflate_ratio};
    buf_init(&in->out, most + 1);
}

static void drop_gzip(struct inflater *in)
{
    if (in->gzip)
        inflateEnd(in->gzip);
    free(in->gzip);
    in->gzip = NULL;
}

static void drop_zstd(struct inflater *in)
{
#ifdef HAVE_ZSTD
    ZSTD_freeDCtx(in->zstd);
#endif
    in->zstd = NULL;
}

void inflater_finish(struct inflater *in)
{
    buf_finish(&in->out);
    drop_gzip(in);
    drop_zstd(in);
}

void inflater_trim(struct inflater *in)
{
    if (in->out.cap > OTLP_INFLATER_KEEP)
        buf_finish(&in->out);
    else
        buf_clear(&in->out);
#ifdef HAVE_ZSTD
    if (in->zstd && ZSTD_sizeof_DCtx(in->zstd) > OTLP_INFLATER_KEEP)
        drop_zstd(in);
#endif
}

enum ct_err inflater_run(struct inflater *in, enum otlp_compression compression, struct slice body,
                         struct slice *out, enum otlp_refusal *why, struct ct_errmsg *msg)
{
    *out = SLICE_NULL;
    if (compression == OTLP_IDENTITY) {
        *out = body;
        return CT_OK;
    }
    struct job j = {.in = in, .body = body, .cap = in->inflated_bytes, .why = why, .msg = msg};
    size_t by_ratio = in->ratio && body.len > SIZE_MAX / in->ratio ? SIZE_MAX : body.len * in->ratio;
    if (by_ratio < OTLP_RATIO_FLOOR)
        by_ratio = OTLP_RATIO_FLOOR;
    if (by_ratio < j.cap) {
        j.cap = by_ratio;
        j.by_ratio = true;
    }
    buf_clear(&in->out);
    enum ct_err err;
    switch (compression) {
    case OTLP_GZIP:
        err = gunzip(&j);
        break;
#ifdef HAVE_ZSTD
    case OTLP_ZSTD:
        err = unzstd(&j);
        break;
#endif
    default:
        err =
            refuse(&j, CT_ERR_UNSUPPORTED, OTLP_REFUSED_ENCODING, "this build does not know the compression");
        break;
    }
    if (!err)
        *out = buf_slice(&in->out);
    return err;
}
