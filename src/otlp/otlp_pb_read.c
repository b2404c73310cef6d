#include "otlp_pb_read.h"

static bool broken(struct pbr *r, const pb_istream_t *stream)
{
    return walk_malformed(r->walk, "%s: %s", r->name, stream->errmsg ? stream->errmsg : "not protobuf");
}

bool pbr_wrong_wire(struct pbr *r)
{
    return walk_malformed(r->walk, "%s: field %u has wire type %u", r->name, (unsigned)r->tag,
                          (unsigned)r->wire);
}

static pb_istream_t stream_of(const struct pbr *r)
{
    return pb_istream_from_buffer((const pb_byte_t *)r->at, (size_t)(r->end - r->at));
}

/* Ends what was done with stream_of(). */
static bool took(struct pbr *r, const pb_istream_t *stream, bool well)
{
    r->at = r->end - stream->bytes_left;
    return well || broken(r, stream);
}

bool pbr_cut_off(struct pbr *r)
{
    return walk_malformed(r->walk, "%s: field %u is cut off", r->name, (unsigned)r->tag);
}

bool pbr_varint_slow(struct pbr *r, uint64_t *out)
{
    pb_istream_t stream = stream_of(r);
    return took(r, &stream, pb_decode_varint(&stream, out));
}

bool pbr_next_slow(struct pbr *r)
{
    bool eof = false;
    pb_istream_t stream = stream_of(r);
    if (!took(r, &stream, pb_decode_tag(&stream, &r->wire, &r->tag, &eof) || eof) || eof)
        return false;
    if (r->tag == 0)
        return walk_malformed(r->walk, "%s: field number 0", r->name);
    return true;
}

bool pbr_skip(struct pbr *r)
{
    struct slice bytes;
    uint64_t ignored;
    if (r->wire == PB_WT_STRING)
        return pbr_bytes(r, &bytes);
    if (r->wire == PB_WT_VARINT) /* pb_skip_field() would pass over one of any length */
        return pbr_take_varint(r, &ignored);
    if (r->wire != PB_WT_64BIT && r->wire != PB_WT_32BIT)
        return pbr_wrong_wire(r);
    pb_istream_t stream = stream_of(r);
    return took(r, &stream, pb_skip_field(&stream, r->wire));
}

bool pbr_expect(struct pbr *r, pb_wire_type_t wire)
{
    if (r->wire != wire)
        return pbr_wrong_wire(r);
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
        return pbr_cut_off(r);
    return true;
}

bool pbr_varint(struct pbr *r, uint64_t *out)
{
    return r->wire == PB_WT_VARINT ? pbr_take_varint(r, out) : pbr_wrong_wire(r);
}

bool pbr_fixed64(struct pbr *r, uint64_t *out)
{
    if (r->wire != PB_WT_64BIT)
        return pbr_wrong_wire(r);
    pb_istream_t stream = stream_of(r);
    return took(r, &stream, pb_decode_fixed64(&stream, out));
}

bool pbr_fixed32(struct pbr *r, uint32_t *out)
{
    if (r->wire != PB_WT_32BIT)
        return pbr_wrong_wire(r);
    pb_istream_t stream = stream_of(r);
    return took(r, &stream, pb_decode_fixed32(&stream, out));
}

bool pbr_double(struct pbr *r, double *out)
{
    if (r->wire != PB_WT_64BIT)
        return pbr_wrong_wire(r);
    pb_istream_t stream = stream_of(r);
    return took(r, &stream, pb_decode_fixed64(&stream, out));
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
