#include "buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define BUF_FIRST_CAP 256

void buf_init(struct buf *b, size_t max)
{
    *b = (struct buf){.max = max};
}

void buf_finish(struct buf *b)
{
    free(b->data);
    b->data = NULL;
    b->len = b->cap = 0;
}

enum ct_err buf_reserve(struct buf *b, size_t extra)
{
    if (extra > b->max - b->len)
        return CT_ERR_LIMIT;
    size_t need = b->len + extra;
    if (need <= b->cap)
        return CT_OK;
    size_t cap = b->cap ? b->cap : BUF_FIRST_CAP;
    while (cap < need)
        cap = cap > b->max / 2 ? b->max : cap * 2;
    if (cap > b->max)
        cap = b->max;
    char *data = realloc(b->data, cap);
    if (!data)
        return CT_ERR_NOMEM;
    b->data = data;
    b->cap = cap;
    return CT_OK;
}

enum ct_err buf_append(struct buf *b, struct slice s)
{
    if (s.len == 0)
        return CT_OK;
    enum ct_err err = buf_reserve(b, s.len);
    if (err)
        return err;
    memcpy(b->data + b->len, s.ptr, s.len);
    b->len += s.len;
    return CT_OK;
}

enum ct_err buf_append_char(struct buf *b, char c)
{
    return buf_append(b, slice_make(&c, 1));
}

enum ct_err buf_printf(struct buf *b, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    enum ct_err err = n < 0 ? CT_ERR_FORMAT : buf_reserve(b, (size_t)n + 1);
    if (!err) {
        vsnprintf(b->data + b->len, (size_t)n + 1, format, again);
        b->len += (size_t)n;
    }
    va_end(again);
    return err;
}

void buf_consume(struct buf *b, size_t n)
{
    if (n >= b->len) {
        b->len = 0;
        return;
    }
    if (n == 0)
        return;
    memmove(b->data, b->data + n, b->len - n);
    b->len -= n;
}

const char *buf_cstr(struct buf *b)
{
    if (buf_reserve(b, 1))
        return NULL;
    b->data[b->len] = '\0';
    return b->data;
}
