#include "sinks.h"
#include "wire.h"

static void value(struct buf *b, uint32_t field, const struct otlp_value *v);

static void attr(struct buf *b, uint32_t field, const struct otlp_attr *a)
{
    size_t mark = wire_open(b, field);
    wire_bytes(b, 1, a->key);
    if (a->value.type != OTLP_VALUE_NONE)
        value(b, 2, &a->value);
    wire_close(b, mark);
}

static void attrs(struct buf *b, uint32_t field, struct otlp_attrs list)
{
    for (size_t i = 0; i < list.count; i++)
        attr(b, field, &list.items[i]);
}

static void value(struct buf *b, uint32_t field, const struct otlp_value *v)
{
    size_t mark = wire_open(b, field), list;
    switch (v->type) {
    case OTLP_VALUE_NONE:
        break;
    case OTLP_VALUE_STRING:
        wire_bytes(b, 1, v->str);
        break;
    case OTLP_VALUE_BOOL:
        wire_varint(b, 2, v->boolean);
        break;
    case OTLP_VALUE_INT:
        wire_varint(b, 3, (uint64_t)v->integer);
        break;
    case OTLP_VALUE_DOUBLE:
        wire_double(b, 4, v->number);
        break;
    case OTLP_VALUE_BYTES:
        wire_bytes(b, 7, v->str);
        break;
    case OTLP_VALUE_ARRAY:
        list = wire_open(b, 5);
        for (size_t i = 0; i < v->array.count; i++)
            value(b, 1, &v->array.items[i]);
        wire_close(b, list);
        break;
    case OTLP_VALUE_KVLIST:
        list = wire_open(b, 6);
        for (size_t i = 0; i < v->kvlist.count; i++)
            attr(b, 1, &v->kvlist.items[i]);
        wire_close(b, list);
        break;
    }
    wire_close(b, mark);
}

static void id(struct buf *b, uint32_t field, bool has, const uint8_t *bytes, size_t len)
{
    if (has)
        wire_bytes(b, field, slice_make(bytes, len));
}

/* Opens a block and a scope block and writes the scope; the resource comes last, in close_blocks(). */
static void open_blocks(struct buf *b, const struct otlp_scope *s, size_t marks[2])
{
    marks[0] = wire_open(b, 1);
    marks[1] = wire_open(b, 2);
    size_t scope = wire_open(b, 1);
    wire_bytes(b, 1, s->name);
    wire_bytes(b, 2, s->version);
    attrs(b, 3, s->attrs);
    wire_close(b, scope);
}

static bool close_blocks(struct buf *b, const struct otlp_resource *r, const size_t marks[2])
{
    wire_close(b, marks[1]);
    size_t resource = wire_open(b, 1);
    attrs(b, 1, r->attrs);
    wire_close(b, resource);
    wire_close(b, marks[0]);
    return true;
}

static bool on_log(void *ctx, const struct otlp_resource *r, const struct otlp_scope *s,
                   const struct otlp_log *log)
{
    struct buf *b = ctx;
    size_t marks[2];
    open_blocks(b, s, marks);
    size_t record = wire_open(b, 2);
    wire_fixed64(b, 1, log->time_ns);
    wire_varint(b, 2, (uint64_t)(int64_t)log->severity_number);
    wire_bytes(b, 3, log->severity_text);
    if (log->body.type != OTLP_VALUE_NONE)
        value(b, 5, &log->body);
    attrs(b, 6, log->attrs);
    wire_fixed32(b, 8, log->flags);
    id(b, 9, log->ids.has_trace_id, log->ids.trace_id, OTLP_TRACE_ID_LEN);
    id(b, 10, log->ids.has_span_id, log->ids.span_id, OTLP_SPAN_ID_LEN);
    wire_fixed64(b, 11, log->observed_time_ns);
    wire_bytes(b, 12, log->event_name);
    wire_close(b, record);
    return close_blocks(b, r, marks);
}

static bool on_span(void *ctx, const struct otlp_resource *r, const struct otlp_scope *s,
                    const struct otlp_span *span)
{
    struct buf *b = ctx;
    size_t marks[2];
    open_blocks(b, s, marks);
    size_t record = wire_open(b, 2);
    id(b, 1, span->ids.has_trace_id, span->ids.trace_id, OTLP_TRACE_ID_LEN);
    id(b, 2, span->ids.has_span_id, span->ids.span_id, OTLP_SPAN_ID_LEN);
    wire_bytes(b, 3, span->trace_state);
    id(b, 4, span->has_parent, span->parent_span_id, OTLP_SPAN_ID_LEN);
    wire_bytes(b, 5, span->name);
    wire_varint(b, 6, (uint64_t)(int64_t)span->kind);
    wire_fixed64(b, 7, span->start_ns);
    wire_fixed64(b, 8, span->end_ns);
    attrs(b, 9, span->attrs);
    for (size_t i = 0; i < span->event_count; i++) {
        size_t event = wire_open(b, 11);
        wire_fixed64(b, 1, span->events[i].time_ns);
        wire_bytes(b, 2, span->events[i].name);
        attrs(b, 3, span->events[i].attrs);
        wire_close(b, event);
    }
    for (size_t i = 0; i < span->link_count; i++) {
        const struct otlp_ids *ids = &span->links[i].ids;
        size_t link = wire_open(b, 13);
        id(b, 1, ids->has_trace_id, ids->trace_id, OTLP_TRACE_ID_LEN);
        id(b, 2, ids->has_span_id, ids->span_id, OTLP_SPAN_ID_LEN);
        attrs(b, 4, span->links[i].attrs);
        wire_close(b, link);
    }
    size_t status = wire_open(b, 15);
    wire_bytes(b, 2, span->status_message);
    wire_varint(b, 3, span->status);
    wire_close(b, status);
    wire_fixed32(b, 16, span->flags);
    wire_close(b, record);
    return close_blocks(b, r, marks);
}

static bool on_point(void *ctx, const struct otlp_resource *r, const struct otlp_scope *s,
                     const struct otlp_point *p)
{
    static const uint32_t data_field[] = {0, 5, 7, 9, 10, 11};
    static const uint32_t attr_field[] = {0, 7, 7, 9, 1, 7};
    static const uint32_t flags_field[] = {0, 8, 8, 10, 10, 8};
    struct buf *b = ctx;
    size_t marks[2];
    open_blocks(b, s, marks);
    size_t metric = wire_open(b, 2);
    wire_bytes(b, 1, p->metric_name);
    wire_bytes(b, 3, p->unit);
    size_t data = wire_open(b, data_field[p->type]), point = wire_open(b, 1);
    wire_fixed64(b, 2, p->start_ns);
    wire_fixed64(b, 3, p->time_ns);
    if (p->type == OTLP_METRIC_GAUGE || p->type == OTLP_METRIC_SUM) {
        if (p->is_int)
            wire_fixed64(b, 6, (uint64_t)p->integer);
        else
            wire_double(b, 4, p->number);
    } else {
        wire_fixed64(b, 4, p->count);
        wire_double(b, 5, p->number);
    }
    attrs(b, attr_field[p->type], p->attrs);
    wire_varint(b, flags_field[p->type], p->flags);
    wire_close(b, point);
    if (p->type != OTLP_METRIC_GAUGE && p->type != OTLP_METRIC_SUMMARY)
        wire_varint(b, 2, p->temporality);
    if (p->type == OTLP_METRIC_SUM)
        wire_varint(b, 3, p->monotonic);
    wire_close(b, data);
    wire_close(b, metric);
    return close_blocks(b, r, marks);
}

struct otlp_sink pb_sink(struct buf *out)
{
    return (struct otlp_sink){.ctx = out, .log = on_log, .span = on_span, .point = on_point};
}
