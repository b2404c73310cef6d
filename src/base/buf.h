/*
 * buf.h - an owned, growable byte buffer with a ceiling.
 *
 * Invariants: len <= cap <= max, and data is NULL exactly when cap is 0. A failed append leaves the buffer as
 * it was. Growing past max returns CT_ERR_LIMIT; the system out of memory returns CT_ERR_NOMEM.
 */
#ifndef CT_BASE_BUF_H
#define CT_BASE_BUF_H

#include "errors.h"
#include "slice.h"

struct buf {
    char *data;
    size_t len;
    size_t cap;
    size_t max;
};

void buf_init(struct buf *b, size_t max);
void buf_finish(struct buf *b); /* frees; the buffer may be used again with the same max */

static inline struct slice buf_slice(const struct buf *b)
{
    return (struct slice){b->data, b->len};
}

static inline void buf_clear(struct buf *b)
{
    b->len = 0;
}

/* Makes room for extra more bytes after len. */
enum ct_err buf_reserve(struct buf *b, size_t extra);
enum ct_err buf_append(struct buf *b, struct slice s);
enum ct_err buf_append_char(struct buf *b, char c);
enum ct_err buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

static inline enum ct_err buf_append_str(struct buf *b, const char *s)
{
    return buf_append(b, slice_str(s));
}

/* Drops the first n bytes (n <= len), moving the rest down. */
void buf_consume(struct buf *b, size_t n);

/* The text with a NUL after it (not counted in len), or NULL when there is no room for it. */
const char *buf_cstr(struct buf *b);

#endif
