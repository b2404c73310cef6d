#include "otlp_pb_write.h"

#include <pb_encode.h>

#include <string.h>

/* Field numbers of opentelemetry-proto. */
enum {
    ANY_STRING = 1,
    ANY_BOOL = 2,
    ANY_INT = 3,
    ANY_DOUBLE = 4,
    ANY_ARRAY = 5,
    ANY_KVLIST = 6,
    ANY_BYTES = 7
};
enum { LIST_VALUES = 1 };
enum { KEY_VALUE_KEY = 1, KEY_VALUE_VALUE = 2 };
enum { RESOURCE_ATTRIBUTES = 1 };
enum { SCOPE_NAME = 1, SCOPE_VERSION = 2, SCOPE_ATTRIBUTES = 3 };
enum { REQUEST_RESOURCE_SPANS = 1 };
enum { RESOURCE_SPANS_RESOURCE = 1, RESOURCE_SPANS_SCOPE_SPANS = 2 };
enum { SCOPE_SPANS_SCOPE = 1, SCOPE_SPANS_SPANS = 2 };
enum { EVENT_TIME = 1, EVENT_NAME = 2, EVENT_ATTRIBUTES = 3 };
enum { LINK_TRACE_ID = 1, LINK_SPAN_ID = 2, LINK_ATTRIBUTES = 4 };
enum { STATUS_MESSAGE = 2, STATUS_CODE = 3 };
enum {
    SPAN_TRACE_ID = 1,
    SPAN_SPAN_ID = 2,
    SPAN_TRACE_STATE = 3,
    SPAN_PARENT_SPAN_ID = 4,
    SPAN_NAME = 5,
    SPAN_KIND = 6,
    SPAN_START = 7,
    SPAN_END = 8,
    SPAN_ATTRIBUTES = 9,
    SPAN_EVENTS = 11,
    SPAN_LINKS = 13,
    SPAN_STATUS = 15,
    SPAN_FLAGS = 16
};

typedef bool write_fn(pb_ostream_t *s, const void *arg);

/* A message inside a message: its length comes before it. */
static bool put_message(pb_ostream_t *s, uint32_t tag, write_fn *fill, const void *arg)
{
    pb_ostream_t sizing = PB_OSTREAM_SIZING;
    return fill(&sizing, arg) && pb_encode_tag(s, PB_WT_STRING, tag) &&
           pb_encode_varint(s, sizing.bytes_written) && fill(s, arg);
}

static bool put_bytes_always(pb_ostream_t *s, uint32_t tag, struct slice bytes)
{
    return pb_encode_tag(s, PB_WT_STRING, tag) &&
           pb_encode_string(s, (const pb_byte_t *)(bytes.ptr ? bytes.ptr : ""), bytes.len);
}

static bool put_bytes(pb_ostream_t *s, uint32_t tag, struct slice bytes)
{
    return bytes.len == 0 || put_bytes_always(s, tag, bytes);
}

static bool put_id(pb_ostream_t *s, uint32_t tag, bool has, const uint8_t *id, size_t len)
{
    return !has || put_bytes_always(s, tag, slice_make(id, len));
}

static bool put_fixed64(pb_ostream_t *s, uint32_t tag, uint64_t value)
{
    return value == 0 || (pb_encode_tag(s, PB_WT_64BIT, tag) && pb_encode_fixed64(s, &value));
}

static bool put_varint(pb_ostream_t *s, uint32_t tag, uint64_t value)
{
    return value == 0 || (pb_encode_tag(s, PB_WT_VARINT, tag) && pb_encode_varint(s, value));
}

static write_fn write_value, write_key_value;

struct list {
    const void *items;
    size_t count, size;
    write_fn *fill;
};

static bool write_list(pb_ostream_t *s, const void *arg)
{
    const struct list *list = arg;
    for (size_t i = 0; i < list->count; i++)
        if (!put_message(s, LIST_VALUES, list->fill, (const char *)list->items + i * list->size))
            return false;
    return true;
}

/* A oneof says which it is also where the value is 0 or empty. */
static bool write_value(pb_ostream_t *s, const void *arg)
{
    const struct otlp_value *v = arg;
    struct list list;
    switch (v->type) {
    case OTLP_VALUE_NONE:
        return true;
    case OTLP_VALUE_STRING:
        return put_bytes_always(s, ANY_STRING, v->str);
    case OTLP_VALUE_BYTES:
        return put_bytes_always(s, ANY_BYTES, v->str);
    case OTLP_VALUE_BOOL:
        return pb_encode_tag(s, PB_WT_VARINT, ANY_BOOL) && pb_encode_varint(s, v->boolean);
    case OTLP_VALUE_INT:
        return pb_encode_tag(s, PB_WT_VARINT, ANY_INT) && pb_encode_varint(s, (uint64_t)v->integer);
    case OTLP_VALUE_DOUBLE:
        return pb_encode_tag(s, PB_WT_64BIT, ANY_DOUBLE) && pb_encode_fixed64(s, &v->number);
    case OTLP_VALUE_ARRAY:
        list = (struct list){v->array.items, v->array.count, sizeof *v->array.items, write_value};
        return put_message(s, ANY_ARRAY, write_list, &list);
    case OTLP_VALUE_KVLIST:
        list = (struct list){v->kvlist.items, v->kvlist.count, sizeof *v->kvlist.items, write_key_value};
        return put_message(s, ANY_KVLIST, write_list, &list);
    }
    return false;
}

static bool write_key_value(pb_ostream_t *s, const void *arg)
{
    const struct otlp_attr *a = arg;
    return put_bytes(s, KEY_VALUE_KEY, a->key) && put_message(s, KEY_VALUE_VALUE, write_value, &a->value);
}

static bool put_attrs(pb_ostream_t *s, uint32_t tag, struct otlp_attrs attrs)
{
    for (size_t i = 0; i < attrs.count; i++)
        if (!put_message(s, tag, write_key_value, &attrs.items[i]))
            return false;
    return true;
}

static bool write_event(pb_ostream_t *s, const void *arg)
{
    const struct otlp_span_event *e = arg;
    return put_fixed64(s, EVENT_TIME, e->time_ns) && put_bytes(s, EVENT_NAME, e->name) &&
           put_attrs(s, EVENT_ATTRIBUTES, e->attrs);
}

static bool write_link(pb_ostream_t *s, const void *arg)
{
    const struct otlp_span_link *l = arg;
    return put_id(s, LINK_TRACE_ID, l->ids.has_trace_id, l->ids.trace_id, OTLP_TRACE_ID_LEN) &&
           put_id(s, LINK_SPAN_ID, l->ids.has_span_id, l->ids.span_id, OTLP_SPAN_ID_LEN) &&
           put_attrs(s, LINK_ATTRIBUTES, l->attrs);
}

static bool write_status(pb_ostream_t *s, const void *arg)
{
    const struct otlp_span *span = arg;
    return put_bytes(s, STATUS_MESSAGE, span->status_message) &&
           put_varint(s, STATUS_CODE, (uint64_t)span->status);
}

static bool write_span(pb_ostream_t *s, const void *arg)
{
    const struct otlp_span *span = arg;
    bool ok = put_id(s, SPAN_TRACE_ID, span->ids.has_trace_id, span->ids.trace_id, OTLP_TRACE_ID_LEN) &&
              put_id(s, SPAN_SPAN_ID, span->ids.has_span_id, span->ids.span_id, OTLP_SPAN_ID_LEN) &&
              put_bytes(s, SPAN_TRACE_STATE, span->trace_state) &&
              put_id(s, SPAN_PARENT_SPAN_ID, span->has_parent, span->parent_span_id, OTLP_SPAN_ID_LEN) &&
              put_bytes(s, SPAN_NAME, span->name) && put_varint(s, SPAN_KIND, (uint32_t)span->kind) &&
              put_fixed64(s, SPAN_START, span->start_ns) && put_fixed64(s, SPAN_END, span->end_ns) &&
              put_attrs(s, SPAN_ATTRIBUTES, span->attrs);
    for (size_t i = 0; ok && i < span->event_count; i++)
        ok = put_message(s, SPAN_EVENTS, write_event, &span->events[i]);
    for (size_t i = 0; ok && i < span->link_count; i++)
        ok = put_message(s, SPAN_LINKS, write_link, &span->links[i]);
    if (ok && (span->status != OTLP_STATUS_UNSET || span->status_message.len))
        ok = put_message(s, SPAN_STATUS, write_status, span);
    uint32_t flags = span->flags;
    return ok && (flags == 0 || (pb_encode_tag(s, PB_WT_32BIT, SPAN_FLAGS) && pb_encode_fixed32(s, &flags)));
}

static bool write_resource(pb_ostream_t *s, const void *arg)
{
    return put_attrs(s, RESOURCE_ATTRIBUTES, ((const struct otlp_resource *)arg)->attrs);
}

static bool write_scope(pb_ostream_t *s, const void *arg)
{
    const struct otlp_scope *scope = arg;
    return put_bytes(s, SCOPE_NAME, scope->name) && put_bytes(s, SCOPE_VERSION, scope->version) &&
           put_attrs(s, SCOPE_ATTRIBUTES, scope->attrs);
}

struct traces {
    const struct otlp_resource *resource;
    const struct otlp_scope *scope;
    struct slice spans;
};

static bool write_scope_spans(pb_ostream_t *s, const void *arg)
{
    const struct traces *t = arg;
    return put_message(s, SCOPE_SPANS_SCOPE, write_scope, t->scope) &&
           (t->spans.len == 0 || pb_write(s, (const pb_byte_t *)t->spans.ptr, t->spans.len));
}

static bool write_resource_spans(pb_ostream_t *s, const void *arg)
{
    const struct traces *t = arg;
    return put_message(s, RESOURCE_SPANS_RESOURCE, write_resource, t->resource) &&
           put_message(s, RESOURCE_SPANS_SCOPE_SPANS, write_scope_spans, t);
}

/* The size is known before anything is written, so that out has room for all of it or is left alone. */
static enum ct_err append_message(struct buf *out, uint32_t tag, write_fn *fill, const void *arg)
{
    pb_ostream_t sizing = PB_OSTREAM_SIZING;
    if (!put_message(&sizing, tag, fill, arg))
        return CT_ERR_LIMIT;
    enum ct_err err = buf_reserve(out, sizing.bytes_written);
    if (err)
        return err;
    pb_ostream_t s = pb_ostream_from_buffer((pb_byte_t *)out->data + out->len, sizing.bytes_written);
    if (!put_message(&s, tag, fill, arg))
        return CT_ERR_LIMIT;
    out->len += s.bytes_written;
    return CT_OK;
}

enum ct_err otlp_pb_write_span(const struct otlp_span *span, struct buf *out)
{
    return append_message(out, SCOPE_SPANS_SPANS, write_span, span);
}

enum ct_err otlp_pb_write_traces(const struct otlp_resource *resource, const struct otlp_scope *scope,
                                 struct slice spans, struct buf *out)
{
    struct traces t = {resource, scope, spans};
    return append_message(out, REQUEST_RESOURCE_SPANS, write_resource_spans, &t);
}
