/*
 * otlp_pb_read.h - one protobuf message, field by field, over nanopb's primitives.
 *
 *     pbr_init(&r, w, "Span", bytes);
 *     while (pbr_next(&r))
 *         switch (r.tag) { … every case consumes the field: pbr_bytes(), pbr_fixed64(), pbr_expect(),
 * pbr_skip() … } if (w->err) …
 *
 * The first failure goes to the walk and ends the loop. A known field of another wire type, a group, field
 * number 0 and anything cut off are failures; unknown fields are skipped (OTLP rule 3). Internal to
 * otlp_pb*.c. Wire format: protobuf.dev/programming-guides/encoding.
 */
#ifndef CT_OTLP_PB_READ_H
#define CT_OTLP_PB_READ_H

#include "walk.h"

#include <pb_decode.h>

struct pbr {
    const char *at; /* the next byte */
    const char *end;
    struct walk *walk;
    const char *name; /* of the message, for people */
    uint32_t tag;
    pb_wire_type_t wire;
};

static inline void pbr_init(struct pbr *r, struct walk *w, const char *name, struct slice bytes)
{
    /* nanopb adds to the pointer it is given, and NULL + 0 is not defined in C. */
    const char *start = bytes.ptr ? bytes.ptr : "";
    *r = (struct pbr){.at = start, .end = start + bytes.len, .walk = w, .name = name};
}

/* Most tags and lengths are one byte, which needs no call of nanopb. */
static inline bool pbr_one_byte(struct pbr *r, uint8_t *out)
{
    if (r->at == r->end || (uint8_t)*r->at > 0x7f)
        return false;
    *out = (uint8_t)*r->at++;
    return true;
}

/* A tag, a varint and a length of any size, and what is wrong with one. */
bool pbr_next_slow(struct pbr *r);
bool pbr_varint_slow(struct pbr *r, uint64_t *out);
bool pbr_wrong_wire(struct pbr *r);
bool pbr_cut_off(struct pbr *r);

/* Reads the next field's tag. False at the end and after a failure. */
static inline bool pbr_next(struct pbr *r)
{
    uint8_t byte;
    if (r->walk->err || r->at == r->end)
        return false;
    if ((uint8_t)*r->at <= 7 || !pbr_one_byte(r, &byte))
        return pbr_next_slow(r);
    r->tag = byte >> 3;
    r->wire = (pb_wire_type_t)(byte & 7);
    return true;
}

static inline bool pbr_take_varint(struct pbr *r, uint64_t *out)
{
    uint8_t byte;
    if (!pbr_one_byte(r, &byte))
        return pbr_varint_slow(r, out);
    *out = byte;
    return true;
}

/* Passes over the field, whatever it is. */
bool pbr_skip(struct pbr *r);

/* Passes over a field of the specification that no record carries, after checking its wire type. */
bool pbr_expect(struct pbr *r, pb_wire_type_t wire);

/* Likewise for a repeated fixed64 or double: packed or not. */
bool pbr_expect_fixed64s(struct pbr *r);

/* A string, bytes, an embedded message: a part of the body. */
static inline bool pbr_bytes(struct pbr *r, struct slice *out)
{
    uint64_t len;
    if (r->wire != PB_WT_STRING)
        return pbr_wrong_wire(r), false;
    if (!pbr_take_varint(r, &len))
        return false;
    if (len > (size_t)(r->end - r->at))
        return pbr_cut_off(r), false;
    *out = slice_make(r->at, (size_t)len);
    r->at += len;
    return true;
}
bool pbr_varint(struct pbr *r, uint64_t *out);
bool pbr_fixed64(struct pbr *r, uint64_t *out);
bool pbr_fixed32(struct pbr *r, uint32_t *out);
bool pbr_double(struct pbr *r, double *out);

/* Varints that are wider than their field keep their low bits, as protobuf has it. */
static inline bool pbr_int32(struct pbr *r, int32_t *out)
{
    uint64_t wide = 0;
    if (!pbr_varint(r, &wide))
        return false;
    *out = (int32_t)(uint32_t)wide;
    return true;
}

static inline bool pbr_uint32(struct pbr *r, uint32_t *out)
{
    uint64_t wide = 0;
    if (!pbr_varint(r, &wide))
        return false;
    *out = (uint32_t)wide;
    return true;
}

static inline bool pbr_boolean(struct pbr *r, bool *out)
{
    uint64_t wide = 0;
    if (!pbr_varint(r, &wide))
        return false;
    *out = wide != 0;
    return true;
}

/* An id of len bytes; *has is false when it has another length or is all zero. */
bool pbr_id(struct pbr *r, uint8_t *id, size_t len, bool *has);

/* Fills *out with the KeyValues in field tag of the message; count is how many there are (charged here). */
bool pbr_attrs(struct walk *w, const char *name, struct slice message, uint32_t tag, size_t count,
               struct otlp_attrs *out);

/* An AnyValue over *out: fields of the message that are absent leave *out as it was (protobuf's merge). */
bool pbr_value(struct walk *w, struct slice message, size_t depth, struct otlp_value *out);

/* The signals' records: a LogRecord, a Span, a Metric. */
bool pbr_log_record(struct walk *w, struct slice message);
bool pbr_span(struct walk *w, struct slice message);
bool pbr_metric(struct walk *w, struct slice message);

#endif
