#include "sinks.h"

#include "base64.h"

#include <math.h>

static void text(struct buf *b, struct slice s)
{
    buf_append_char(b, '"');
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (c == '"' || c == '\\')
            buf_printf(b, "\\%c", c);
        else if (c < 0x20)
            buf_printf(b, "\\u%04x", c);
        else
            buf_append_char(b, (char)c);
    }
    buf_append_char(b, '"');
}

static void number(struct buf *b, double value)
{
    if (isnan(value))
        buf_append_str(b, "\"NaN\"");
    else if (isinf(value))
        buf_append_str(b, value < 0 ? "\"-Infinity\"" : "\"Infinity\"");
    else
        buf_printf(b, "%.17g", value);
}

static void base64(struct buf *b, struct slice s)
{
    buf_append_char(b, '"');
    base64_encode(s, BASE64_PADDED, b);
    buf_append_char(b, '"');
}

static void value(struct buf *b, const struct otlp_value *v);

static void attrs(struct buf *b, const struct otlp_attr *items, size_t count)
{
    buf_append_char(b, '[');
    for (size_t i = 0; i < count; i++) {
        buf_append_str(b, i ? ",{\"key\":" : "{\"key\":");
        text(b, items[i].key);
        if (items[i].value.type != OTLP_VALUE_NONE) {
            buf_append_str(b, ",\"value\":");
            value(b, &items[i].value);
        }
        buf_append_char(b, '}');
    }
    buf_append_char(b, ']');
}

static void value(struct buf *b, const struct otlp_value *v)
{
    buf_append_char(b, '{');
    switch (v->type) {
    case OTLP_VALUE_NONE:
        break;
    case OTLP_VALUE_STRING:
        buf_append_str(b, "\"stringValue\":");
        text(b, v->str);
        break;
    case OTLP_VALUE_BOOL:
        buf_printf(b, "\"boolValue\":%s", v->boolean ? "true" : "false");
        break;
    case OTLP_VALUE_INT: /* a bare number, as Claude Code has it, also above 2^53 */
        buf_printf(b, "\"intValue\":%lld", (long long)v->integer);
        break;
    case OTLP_VALUE_DOUBLE:
        buf_append_str(b, "\"doubleValue\":");
        number(b, v->number);
        break;
    case OTLP_VALUE_BYTES:
        buf_append_str(b, "\"bytesValue\":");
        base64(b, v->str);
        break;
    case OTLP_VALUE_ARRAY:
        buf_append_str(b, "\"arrayValue\":{\"values\":[");
        for (size_t i = 0; i < v->array.count; i++) {
            if (i)
                buf_append_char(b, ',');
            value(b, &v->array.items[i]);
        }
        buf_append_str(b, "]}");
        break;
    case OTLP_VALUE_KVLIST:
        buf_append_str(b, "\"kvlistValue\":{\"values\":");
        attrs(b, v->kvlist.items, v->kvlist.count);
        buf_append_char(b, '}');
        break;
    }
    buf_append_char(b, '}');
}

static void field(struct buf *b, const char *name, struct slice s)
{
    buf_printf(b, ",\"%s\":", name);
    text(b, s);
}

static void time_field(struct buf *b, const char *name, uint64_t ns)
{
    buf_printf(b, ",\"%s\":\"%llu\"", name, (unsigned long long)ns);
}

static void id(struct buf *b, const char *name, bool has, const uint8_t *bytes, size_t len)
{
    char hex[2 * OTLP_TRACE_ID_LEN + 1] = "";
    if (has)
        slice_hex(bytes, len, hex);
    buf_printf(b, ",\"%s\":\"%s\"", name, hex);
}

static void attr_field(struct buf *b, struct otlp_attrs list)
{
    buf_append_str(b, ",\"attributes\":");
    attrs(b, list.items, list.count);
}

/* Up to the record's opening brace and a first member, so that all others can begin with a comma. */
static void open_blocks(struct buf *b, const char *blocks, const char *scope_blocks, const char *records)
{
    if (b->len == 0)
        buf_printf(b, "{\"%s\":[", blocks);
    else
        buf_append_char(b, ',');
    buf_printf(b, "{\"%s\":[{\"%s\":[{\"_\":0", scope_blocks, records);
}

/* The scope and the resource stand behind the record. */
static bool close_blocks(struct buf *b, const struct otlp_resource *r, const struct otlp_scope *s)
{
    buf_append_str(b, "}],\"scope\":{\"schema\":[{}]");
    field(b, "name", s->name);
    field(b, "version", s->version);
    attr_field(b, s->attrs);
    buf_append_str(b, "}}],\"resource\":{\"_\":null");
    attr_field(b, r->attrs);
    return !buf_append_str(b, "}}");
}

static bool on_log(void *ctx, const struct otlp_resource *r, const struct otlp_scope *s,
                   const struct otlp_log *log)
{
    struct buf *b = ctx;
    open_blocks(b, "resourceLogs", "scopeLogs", "logRecords");
    time_field(b, "timeUnixNano", log->time_ns);
    time_field(b, "observedTimeUnixNano", log->observed_time_ns);
    buf_printf(b, ",\"severityNumber\":%d,\"flags\":%u", log->severity_number, log->flags);
    field(b, "severityText", log->severity_text);
    field(b, "eventName", log->event_name);
    if (log->body.type != OTLP_VALUE_NONE) {
        buf_append_str(b, ",\"body\":");
        value(b, &log->body);
    }
    id(b, "traceId", log->ids.has_trace_id, log->ids.trace_id, OTLP_TRACE_ID_LEN);
    id(b, "spanId", log->ids.has_span_id, log->ids.span_id, OTLP_SPAN_ID_LEN);
    attr_field(b, log->attrs);
    return close_blocks(b, r, s);
}

static bool on_span(void *ctx, const struct otlp_resource *r, const struct otlp_scope *s,
                    const struct otlp_span *span)
{
    struct buf *b = ctx;
    open_blocks(b, "resourceSpans", "scopeSpans", "spans");
    id(b, "traceId", span->ids.has_trace_id, span->ids.trace_id, OTLP_TRACE_ID_LEN);
    id(b, "spanId", span->ids.has_span_id, span->ids.span_id, OTLP_SPAN_ID_LEN);
    id(b, "parentSpanId", span->has_parent, span->parent_span_id, OTLP_SPAN_ID_LEN);
    field(b, "traceState", span->trace_state);
    field(b, "name", span->name);
    time_field(b, "startTimeUnixNano", span->start_ns);
    time_field(b, "endTimeUnixNano", span->end_ns);
    buf_printf(b, ",\"kind\":%d,\"flags\":%u,\"status\":{\"code\":%d", span->kind, span->flags,
               (int)span->status);
    field(b, "message", span->status_message);
    buf_append_str(b, "},\"events\":[");
    for (size_t i = 0; i < span->event_count; i++) {
        buf_append_str(b, i ? ",{\"_\":0" : "{\"_\":0");
        time_field(b, "timeUnixNano", span->events[i].time_ns);
        field(b, "name", span->events[i].name);
        attr_field(b, span->events[i].attrs);
        buf_append_char(b, '}');
    }
    buf_append_str(b, "],\"links\":[");
    for (size_t i = 0; i < span->link_count; i++) {
        const struct otlp_ids *ids = &span->links[i].ids;
        buf_append_str(b, i ? ",{\"_\":0" : "{\"_\":0");
        id(b, "traceId", ids->has_trace_id, ids->trace_id, OTLP_TRACE_ID_LEN);
        id(b, "spanId", ids->has_span_id, ids->span_id, OTLP_SPAN_ID_LEN);
        attr_field(b, span->links[i].attrs);
        buf_append_char(b, '}');
    }
    buf_append_char(b, ']');
    attr_field(b, span->attrs);
    return close_blocks(b, r, s);
}

static bool on_point(void *ctx, const struct otlp_resource *r, const struct otlp_scope *s,
                     const struct otlp_point *p)
{
    static const char *const data[] = {"", "gauge", "sum", "histogram", "exponentialHistogram", "summary"};
    struct buf *b = ctx;
    open_blocks(b, "resourceMetrics", "scopeMetrics", "metrics");
    field(b, "name", p->metric_name);
    field(b, "unit", p->unit);
    buf_printf(b, ",\"%s\":{\"dataPoints\":[{\"_\":0", data[p->type]);
    time_field(b, "startTimeUnixNano", p->start_ns);
    time_field(b, "timeUnixNano", p->time_ns);
    buf_printf(b, ",\"flags\":%u", p->flags);
    if (p->type != OTLP_METRIC_GAUGE && p->type != OTLP_METRIC_SUM) {
        buf_printf(b, ",\"count\":%llu,\"sum\":", (unsigned long long)p->count);
        number(b, p->number);
    } else if (p->is_int) {
        buf_printf(b, ",\"asInt\":\"%lld\"", (long long)p->integer);
    } else {
        buf_append_str(b, ",\"asDouble\":");
        number(b, p->number);
    }
    attr_field(b, p->attrs);
    buf_append_str(b, "}]");
    if (p->type != OTLP_METRIC_GAUGE && p->type != OTLP_METRIC_SUMMARY)
        buf_printf(b, ",\"aggregationTemporality\":%d", (int)p->temporality);
    if (p->type == OTLP_METRIC_SUM)
        buf_printf(b, ",\"isMonotonic\":%s", p->monotonic ? "true" : "false");
    buf_append_char(b, '}');
    return close_blocks(b, r, s);
}

struct otlp_sink json_sink(struct buf *out)
{
    return (struct otlp_sink){.ctx = out, .log = on_log, .span = on_span, .point = on_point};
}

void json_sink_finish(struct buf *out)
{
    buf_append_str(out, out->len ? "]}" : "{}");
}
