/*
 * wire.h - a tiny protobuf writer for test payloads. A failed append aborts: tests give their buffers room.
 *
 *     size_t span = wire_open(&b, 2);
 *     wire_bytes(&b, 5, SLICE_LIT("name"));
 *     wire_close(&b, span);
 */
#ifndef CT_TESTS_OTLP_WIRE_H
#define CT_TESTS_OTLP_WIRE_H

#include "buf.h"

void wire_tag(struct buf *b, uint32_t field, unsigned type);
void wire_raw_varint(struct buf *b, uint64_t value);
void wire_raw(struct buf *b, struct slice bytes);

void wire_varint(struct buf *b, uint32_t field, uint64_t value);
void wire_fixed64(struct buf *b, uint32_t field, uint64_t value);
void wire_fixed32(struct buf *b, uint32_t field, uint32_t value);
void wire_double(struct buf *b, uint32_t field, double value);
void wire_bytes(struct buf *b, uint32_t field, struct slice bytes);

/* An embedded message: what is written between open and close is its content. */
size_t wire_open(struct buf *b, uint32_t field);
void wire_close(struct buf *b, size_t mark);

/* A KeyValue with a string value in the given field. */
void wire_attr(struct buf *b, uint32_t field, const char *key, const char *value);

#endif
