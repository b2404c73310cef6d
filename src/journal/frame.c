#include "frame.h"

#include "frame.pb-c.h"

#include <pb_decode.h>

_Static_assert(FRAME_SYNTHESIZED == (int)CT__JOURNAL__V1__SOURCE__SOURCE_SYNTHESIZED,
               "frame.h and frame.proto agree");

enum frame_field {
    FIELD_SEQ = 1,
    FIELD_WALL_NS = 2,
    FIELD_MONO_NS = 3,
    FIELD_SOURCE = 4,
    FIELD_METHOD = 5,
    FIELD_PATH = 6,
    FIELD_HEADERS = 7,
    FIELD_BODY = 8,
};

enum header_field { HEADER_NAME = 1, HEADER_VALUE = 2 };

static const struct {
    const char *http;
    const char *grpc;
    const char *name;
} signals[FRAME_SIGNAL_COUNT] = {
    [FRAME_SIGNAL_NONE] = {NULL, NULL, "none"},
    [FRAME_TRACES] = {"/v1/traces", "/opentelemetry.proto.collector.trace.v1.TraceService/Export", "traces"},
    [FRAME_METRICS] = {"/v1/metrics", "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
                       "metrics"},
    [FRAME_LOGS] = {"/v1/logs", "/opentelemetry.proto.collector.logs.v1.LogsService/Export", "logs"},
    [FRAME_PROFILES] = {"/v1development/profiles",
                        "/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export",
                        "profiles"},
};

enum frame_signal frame_signal(const struct frame *f)
{
    bool grpc = f->source == FRAME_OTLP_GRPC;
    if (!grpc && f->source != FRAME_OTLP_HTTP && f->source != FRAME_SYNTHESIZED)
        return FRAME_SIGNAL_NONE;
    for (int i = FRAME_SIGNAL_NONE + 1; i < FRAME_SIGNAL_COUNT; i++)
        if (slice_eq_str(f->path, grpc ? signals[i].grpc : signals[i].http))
            return (enum frame_signal)i;
    return FRAME_SIGNAL_NONE;
}

const char *frame_signal_name(enum frame_signal signal)
{
    return (unsigned)signal < FRAME_SIGNAL_COUNT ? signals[signal].name : "unknown";
}

struct slice frame_header_get(const struct frame *f, const char *name)
{
    struct slice wanted = slice_str(name);
    for (size_t i = 0; i < f->header_count; i++) {
        if (!slice_eq_nocase(f->headers[i].name, wanted))
            continue;
        struct slice value = f->headers[i].value;
        return value.ptr ? value : SLICE_LIT(""); /* present but empty is not absent */
    }
    return SLICE_NULL;
}

static ProtobufCBinaryData binary(struct slice s)
{
    return (ProtobufCBinaryData){s.len, (uint8_t *)s.ptr}; /* packing only reads it */
}

enum ct_err frame_encode(const struct frame *f, struct buf *out)
{
    if (f->header_count > FRAME_HEADERS_MAX)
        return CT_ERR_LIMIT;
    /* protobuf-c writes lengths as 32 bits: nothing that cannot fit may reach it. */
    if (f->method.len > FRAME_BYTES_MAX || f->path.len > FRAME_BYTES_MAX || f->body.len > FRAME_BYTES_MAX)
        return CT_ERR_LIMIT;

    Ct__Journal__V1__Header headers[FRAME_HEADERS_MAX];
    Ct__Journal__V1__Header *pointers[FRAME_HEADERS_MAX];
    for (size_t i = 0; i < f->header_count; i++) {
        if (f->headers[i].name.len > FRAME_BYTES_MAX || f->headers[i].value.len > FRAME_BYTES_MAX)
            return CT_ERR_LIMIT;
        ct__journal__v1__header__init(&headers[i]);
        headers[i].name = binary(f->headers[i].name);
        headers[i].value = binary(f->headers[i].value);
        pointers[i] = &headers[i];
    }

    Ct__Journal__V1__Frame message = CT__JOURNAL__V1__FRAME__INIT;
    message.seq = f->seq;
    message.wall_ns = f->wall_ns;
    message.mono_ns = f->mono_ns;
    message.source = (Ct__Journal__V1__Source)f->source;
    message.method = binary(f->method);
    message.path = binary(f->path);
    message.n_headers = f->header_count;
    message.headers = pointers;
    message.body = binary(f->body);

    size_t size = ct__journal__v1__frame__get_packed_size(&message);
    if (size > FRAME_BYTES_MAX)
        return CT_ERR_LIMIT;
    enum ct_err err = buf_reserve(out, size);
    if (err || size == 0)
        return err;
    out->len += ct__journal__v1__frame__pack(&message, (uint8_t *)out->data + out->len);
    return CT_OK;
}

/* A length-delimited field as a slice of whole, over which s was made. */
static bool read_bytes(pb_istream_t *s, struct slice whole, struct slice *out)
{
    uint32_t len;
    if (!pb_decode_varint32(s, &len) || len > s->bytes_left)
        return false;
    *out = slice_make(whole.ptr + (whole.len - s->bytes_left), len);
    return pb_read(s, NULL, len);
}

/* The next field's number and wire type. False at the end, and then *ok says whether the end is a clean one.
 */
static bool next_field(pb_istream_t *s, uint32_t *tag, pb_wire_type_t *type, bool *ok)
{
    bool eof = false;
    *ok = true;
    if (pb_decode_tag(s, type, tag, &eof) && *tag != 0)
        return true;
    *ok = eof && s->bytes_left == 0;
    return false;
}

static bool read_header(struct slice bytes, struct frame_header *out)
{
    pb_istream_t s = pb_istream_from_buffer((const pb_byte_t *)bytes.ptr, bytes.len);
    uint32_t tag;
    pb_wire_type_t type;
    bool ok;
    *out = (struct frame_header){0};
    while (next_field(&s, &tag, &type, &ok)) {
        if (tag == HEADER_NAME || tag == HEADER_VALUE)
            ok = type == PB_WT_STRING && read_bytes(&s, bytes, tag == HEADER_NAME ? &out->name : &out->value);
        else
            ok = pb_skip_field(&s, type);
        if (!ok)
            return false;
    }
    return ok;
}

static enum frame_source source_of(uint64_t value)
{
    return value <= FRAME_SYNTHESIZED ? (enum frame_source)value : FRAME_SOURCE_UNKNOWN;
}

/* One field of the message into *f. */
static bool read_field(pb_istream_t *s, struct slice whole, uint32_t tag, pb_wire_type_t type,
                       struct frame *f, struct frame_header *headers)
{
    uint64_t number;
    struct slice bytes;
    switch (tag) {
    case FIELD_SEQ:
        return type == PB_WT_VARINT && pb_decode_varint(s, &f->seq);
    case FIELD_WALL_NS:
        return type == PB_WT_64BIT && pb_decode_fixed64(s, &f->wall_ns);
    case FIELD_MONO_NS:
        return type == PB_WT_64BIT && pb_decode_fixed64(s, &f->mono_ns);
    case FIELD_SOURCE:
        if (type != PB_WT_VARINT || !pb_decode_varint(s, &number))
            return false;
        f->source = source_of(number);
        return true;
    case FIELD_METHOD:
        return type == PB_WT_STRING && read_bytes(s, whole, &f->method);
    case FIELD_PATH:
        return type == PB_WT_STRING && read_bytes(s, whole, &f->path);
    case FIELD_HEADERS:
        return type == PB_WT_STRING && f->header_count < FRAME_HEADERS_MAX && read_bytes(s, whole, &bytes) &&
               read_header(bytes, &headers[f->header_count++]);
    case FIELD_BODY:
        return type == PB_WT_STRING && read_bytes(s, whole, &f->body);
    default:
        return pb_skip_field(s, type);
    }
}

enum ct_err frame_decode(struct slice bytes, struct frame *out, struct frame_header *headers)
{
    *out = (struct frame){.headers = headers};
    if (bytes.len > FRAME_BYTES_MAX)
        return CT_ERR_FORMAT;
    pb_istream_t s = pb_istream_from_buffer((const pb_byte_t *)bytes.ptr, bytes.len);
    uint32_t tag;
    pb_wire_type_t type;
    bool ok;
    while (next_field(&s, &tag, &type, &ok))
        if (!read_field(&s, bytes, tag, type, out, headers))
            return CT_ERR_FORMAT;
    return ok ? CT_OK : CT_ERR_FORMAT;
}
