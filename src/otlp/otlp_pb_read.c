#include "otlp_pb_read.h"

void pbr_init(struct pbr *r, struct walk *w, const char *name, struct slice bytes)
{
    /* nanopb adds to the pointer it is given, and NULL + 0 is not defined in C. */
    const char *start = bytes.ptr ? bytes.ptr : "";
    *r = (struct pbr){
        .stream = pb_istream_from_buffer((const pb_byte_t *)start, bytes.len),
        .end = start + bytes.len,
        .walk = w,
        .name = name,
    };
}

static bool broken(struct pbr *r)
{
    return walk_malformed(r->walk, "%s: %s", r->name, r->stream.errmsg ? r->stream.errmsg : "not protobuf");
}

static bool wrong_wire(struct pbr *r)
{
    return walk_malformed(r->walk, "%s: field %u has wire type %u", r->name, (unsigned)r->tag,
                          (unsigned)r->wire);
}

bool pbr_next(struct pbr *r)
{
    bool eof = false;
    if (r->walk->err)
        return false;
    if (!pb_decode_tag(&r->stream, &r->wire, &r->tag, &eof)) {
        if (!eof)
            broken(r);
        return false;
    }
    if (r->tag == 0)
        return walk_malformed(r->walk, "%s: field number 0", r->name);
    return true;
}

bool pbr_skip(struct pbr *r)
{
    if (r->wire != PB_WT_VARINT && r->wire != PB_WT_64BIT && r->wire != PB_WT_STRING &&
        r->wire != PB_WT_32BIT)
        return wrong_wire(r);
    if (r->wire == PB_WT_VARINT) { /* pb_skip_field() would pass over one of any length */
        uint64_t ignored;
        return pb_decode_varint(&r->stream, &ignored) || broken(r);
    }
    return pb_skip_field(&r->stream, r->wire) || broken(r);
}

bool pbr_expect(struct pbr *r, pb_wire_type_t wire)
{
    if (r->wire != wire)
        return wrong_wire(r);
    return pbr_skip(r);
}

bool pbr_expect_fixed64s(struct pbr *r)
{
    struct slice packed;
    if (r->wire == PB_WT_64BIT)
        return pbr_skip(r);
    if (!pbr_bytes(r, &packed))
        return false;
    if (packed.len % 8 != 0)
        return walk_malformed(r->walk, "%s: field %u is cut off", r->name, (unsigned)r->tag);
    return true;
}

bool pbr_bytes(struct pbr *r, struct slice *out)
{
    uint64_t len;
    if (r->wire != PB_WT_STRING)
        return wrong_wire(r);
    if (!pb_decode_varint(&r->stream, &len))
        return broken(r);
    if (len > r->stream.bytes_left)
        return walk_malformed(r->walk, "%s: field %u is cut off", r->name, (unsigned)r->tag);
    *out = slice_make(r->end - r->stream.bytes_left, (size_t)len);
    return pb_read(&r->stream, NULL, (size_t)len) || broken(r);
}

bool pbr_varint(struct pbr *r, uint64_t *out)
{
    if (r->wire != PB_WT_VARINT)
        return wrong_wire(r);
    return pb_decode_varint(&r->stream, out) || broken(r);
}

bool pbr_fixed64(struct pbr *r, uint64_t *out)
{
    if (r->wire != PB_WT_64BIT)
        return wrong_wire(r);
    return pb_decode_fixed64(&r->stream, out) || broken(r);
}

bool pbr_fixed32(struct pbr *r, uint32_t *out)
{
    if (r->wire != PB_WT_32BIT)
        return wrong_wire(r);
    return pb_decode_fixed32(&r->stream, out) || broken(r);
}

bool pbr_double(struct pbr *r, double *out)
{
    if (r->wire != PB_WT_64BIT)
        return wrong_wire(r);
    return pb_decode_fixed64(&r->stream, out) || broken(r);
}

bool pbr_id(struct pbr *r, uint8_t *id, size_t len, bool *has)
{
    struct slice bytes;
    if (!pbr_bytes(r, &bytes))
        return false;
    *has = walk_id(id, len, bytes);
    return true;
}

static bool pbr_attr(struct walk *w, struct slice message, size_t depth, struct otlp_attr *out)
{
    struct pbr r;
    struct slice value;
    *out = (struct otlp_attr){0};
    pbr_init(&r, w, "KeyValue", message);
    while (pbr_next(&r)) {
        switch (r.tag) {
        case 1:
            pbr_bytes(&r, &out->key);
            break;
        case 2:
            if (pbr_bytes(&r, &value))
                pbr_value(w, value, depth, &out->value);
            break;
        default:
            pbr_skip(&r);
        }
    }
    return !w->err;
}

/* ArrayValue and KeyValueList: field 1 is repeated, there is no other. */
static bool count_items(struct walk *w, const char *name, struct slice message, size_t *count)
{
    struct pbr r;
    *count = 0;
    pbr_init(&r, w, name, message);
    while (pbr_next(&r)) {
        if (r.tag == 1)
            *count += pbr_expect(&r, PB_WT_STRING);
        else
            pbr_skip(&r);
    }
    return !w->err;
}

static bool read_array(struct walk *w, struct slice message, size_t depth, struct otlp_value *out)
{
    struct pbr r;
    struct slice item;
    size_t count, i = 0;
    void *room;
    if (!count_items(w, "ArrayValue", message, &count) ||
        !walk_array(w, count, sizeof(struct otlp_value), &room))
        return false;
    struct otlp_value *items = room;
    pbr_init(&r, w, "ArrayValue", message);
    while (pbr_next(&r)) {
        if (r.tag != 1) {
            pbr_skip(&r);
        } else if (pbr_bytes(&r, &item)) {
            items[i] = (struct otlp_value){0};
            pbr_value(w, item, depth, &items[i++]);
        }
    }
    *out = (struct otlp_value){.type = OTLP_VALUE_ARRAY, .array = {items, count}};
    return !w->err;
}

static bool read_kvlist(struct walk *w, struct slice message, size_t depth, struct otlp_value *out)
{
    struct pbr r;
    struct slice item;
    size_t count, i = 0;
    void *room;
    if (!count_items(w, "KeyValueList", message, &count) ||
        !walk_array(w, count, sizeof(struct otlp_attr), &room))
        return false;
    struct otlp_attr *items = room;
    pbr_init(&r, w, "KeyValueList", message);
    while (pbr_next(&r)) {
        if (r.tag != 1)
            pbr_skip(&r);
        else if (pbr_bytes(&r, &item))
            pbr_attr(w, item, depth, &items[i++]);
    }
    *out = (struct otlp_value){.type = OTLP_VALUE_KVLIST, .kvlist = {items, count}};
    return !w->err;
}

bool pbr_value(struct walk *w, struct slice message, size_t depth, struct otlp_value *out)
{
    struct pbr r;
    struct slice bytes;
    uint64_t wide;
    if (!walk_depth(w, depth))
        return false;
    pbr_init(&r, w, "AnyValue", message);
    while (pbr_next(&r)) {
        switch (r.tag) {
        case 1:
            if (pbr_bytes(&r, &bytes))
                *out = (struct otlp_value){.type = OTLP_VALUE_STRING, .str = bytes};
            break;
        case 2:
            if (pbr_varint(&r, &wide))
                *out = (struct otlp_value){.type = OTLP_VALUE_BOOL, .boolean = wide != 0};
            break;
        case 3:
            if (pbr_varint(&r, &wide))
                *out = (struct otlp_value){.type = OTLP_VALUE_INT, .integer = (int64_t)wide};
            break;
        case 4: {
            double number;
            if (pbr_double(&r, &number))
                *out = (struct otlp_value){.type = OTLP_VALUE_DOUBLE, .number = number};
            break;
        }
        case 5:
            if (pbr_bytes(&r, &bytes))
                read_array(w, bytes, depth + 1, out);
            break;
        case 6:
            if (pbr_bytes(&r, &bytes))
                read_kvlist(w, bytes, depth + 1, out);
            break;
        case 7:
            if (pbr_bytes(&r, &bytes))
                *out = (struct otlp_value){.type = OTLP_VALUE_BYTES, .str = bytes};
            break;
        default:
            pbr_skip(&r);
        }
    }
    return !w->err;
}

bool pbr_attrs(struct walk *w, const char *name, struct slice message, uint32_t tag, size_t count,
               struct otlp_attrs *out)
{
    struct pbr r;
    struct slice item;
    size_t i = 0;
    void *room;
    *out = (struct otlp_attrs){0};
    if (count == 0)
        return true;
    if (!walk_charge(w, count) || !walk_array(w, count, sizeof(struct otlp_attr), &room))
        return false;
    struct otlp_attr *items = room;
    pbr_init(&r, w, name, message);
    while (pbr_next(&r)) {
        if (r.tag != tag)
            pbr_skip(&r);
        else if (pbr_bytes(&r, &item))
            pbr_attr(w, item, 1, &items[i++]);
    }
    *out = (struct otlp_attrs){items, count};
    return !w->err;
}
