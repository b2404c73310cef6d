#include "wire.h"

#include <stdio.h>
#include <stdlib.h>

void wire_raw(struct buf *b, struct slice bytes)
{
    if (buf_append(b, bytes)) {
        fprintf(stderr, "wire: the test's buffer is full at %zu bytes\n", b->len);
        abort();
    }
}

static size_t varint(uint64_t value, char out[10])
{
    size_t n = 0;
    while (value >= 0x80) {
        out[n++] = (char)(uint8_t)(value | 0x80);
        value >>= 7;
    }
    out[n++] = (char)(uint8_t)value;
    return n;
}

void wire_raw_varint(struct buf *b, uint64_t value)
{
    char bytes[10];
    wire_raw(b, slice_make(bytes, varint(value, bytes)));
}

void wire_tag(struct buf *b, uint32_t field, unsigned type)
{
    wire_raw_varint(b, (uint64_t)field << 3 | type);
}

void wire_varint(struct buf *b, uint32_t field, uint64_t value)
{
    wire_tag(b, field, 0);
    wire_raw_varint(b, value);
}

static void little_endian(struct buf *b, uint64_t value, size_t n)
{
    char bytes[8];
    for (size_t i = 0; i < n; i++)
        bytes[i] = (char)(uint8_t)(value >> (8 * i));
    wire_raw(b, slice_make(bytes, n));
}

void wire_fixed64(struct buf *b, uint32_t field, uint64_t value)
{
    wire_tag(b, field, 1);
    little_endian(b, value, 8);
}

void wire_fixed32(struct buf *b, uint32_t field, uint32_t value)
{
    wire_tag(b, field, 5);
    little_endian(b, value, 4);
}

void wire_double(struct buf *b, uint32_t field, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    wire_fixed64(b, field, bits);
}

void wire_bytes(struct buf *b, uint32_t field, struct slice bytes)
{
    wire_tag(b, field, 2);
    wire_raw_varint(b, bytes.len);
    wire_raw(b, bytes);
}

size_t wire_open(struct buf *b, uint32_t field)
{
    wire_tag(b, field, 2);
    return b->len;
}

void wire_close(struct buf *b, size_t mark)
{
    char bytes[10];
    size_t len = b->len - mark, n = varint(len, bytes);
    wire_raw(b, slice_make(bytes, n)); /* for the room */
    memmove(b->data + mark + n, b->data + mark, len);
    memcpy(b->data + mark, bytes, n);
}

void wire_attr(struct buf *b, uint32_t field, const char *key, const char *value)
{
    size_t attr = wire_open(b, field);
    wire_bytes(b, 1, slice_str(key));
    size_t any = wire_open(b, 2);
    wire_bytes(b, 1, slice_str(value));
    wire_close(b, any);
    wire_close(b, attr);
}
