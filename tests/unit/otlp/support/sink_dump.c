#include "sinks.h"

#include <stdlib.h>

static void text(struct buf *b, struct slice s)
{
    buf_printf(b, "%zu:", s.len);
    buf_append(b, s);
}

static void value(struct buf *b, const struct otlp_value *v);

static void attrs(struct buf *b, const struct otlp_attr *items, size_t count)
{
    buf_printf(b, "{%zu", count);
    for (size_t i = 0; i < count; i++) {
        buf_append_char(b, ' ');
        text(b, items[i].key);
        buf_append_char(b, '=');
        value(b, &items[i].value);
    }
    buf_append_char(b, '}');
}

static void value(struct buf *b, const struct otlp_value *v)
{
    switch (v->type) {
    case OTLP_VALUE_NONE:
        buf_append_str(b, "none");
        break;
    case OTLP_VALUE_STRING:
        buf_append_char(b, 's');
        text(b, v->str);
        break;
    case OTLP_VALUE_BOOL:
        buf_append_str(b, v->boolean ? "true" : "false");
        break;
    case OTLP_VALUE_INT:
        buf_printf(b, "i%lld", (long long)v->integer);
        break;
    case OTLP_VALUE_DOUBLE:
        buf_printf(b, "d%.17g", v->number);
        break;
    case OTLP_VALUE_BYTES:
        buf_append_char(b, 'b');
        text(b, v->str);
        break;
    case OTLP_VALUE_ARRAY:
        buf_printf(b, "[%zu", v->array.count);
        for (size_t i = 0; i < v->array.count; i++) {
            buf_append_char(b, ' ');
            value(b, &v->array.items[i]);
        }
        buf_append_char(b, ']');
        break;
    case OTLP_VALUE_KVLIST:
        attrs(b, v->kvlist.items, v->kvlist.count);
        break;
    }
}

static void field(struct buf *b, const char *name, struct slice s)
{
    buf_printf(b, " %s=", name);
    text(b, s);
}

static void id(struct buf *b, const char *name, bool has, const uint8_t *bytes, size_t len)
{
    char hex[2 * OTLP_TRACE_ID_LEN + 1];
    slice_hex(bytes, len, hex);
    buf_printf(b, " %s=%d:%s", name, has, hex);
}

static void ids(struct buf *b, const struct otlp_ids *i)
{
    id(b, "trace", i->has_trace_id, i->trace_id, OTLP_TRACE_ID_LEN);
    id(b, "span", i->has_span_id, i->span_id, OTLP_SPAN_ID_LEN);
}

static void head(struct buf *b, const char *what, const struct otlp_resource *r, const struct otlp_scope *s)
{
    buf_printf(b, "%s resource=", what);
    attrs(b, r->attrs.items, r->attrs.count);
    field(b, "scope", s->name);
    field(b, "version", s->version);
    attrs(b, s->attrs.items, s->attrs.count);
}

static bool on_log(void *ctx, const struct otlp_resource *r, const struct otlp_scope *s,
                   const struct otlp_log *log)
{
    struct buf *b = ctx;
    head(b, "log", r, s);
    buf_printf(b, " time=%llu observed=%llu severity=%d flags=%u", (unsigned long long)log->time_ns,
               (unsigned long long)log->observed_time_ns, log->severity_number, log->flags);
    field(b, "severity_text", log->severity_text);
    field(b, "event", log->event_name);
    ids(b, &log->ids);
    buf_append_str(b, " body=");
    value(b, &log->body);
    buf_append_str(b, " attrs=");
    attrs(b, log->attrs.items, log->attrs.count);
    return !buf_append_char(b, '\n');
}

static bool on_span(void *ctx, const struct otlp_resource *r, const struct otlp_scope *s,
                    const struct otlp_span *span)
{
    struct buf *b = ctx;
    head(b, "span", r, s);
    ids(b, &span->ids);
    id(b, "parent", span->has_parent, span->parent_span_id, OTLP_SPAN_ID_LEN);
    field(b, "state", span->trace_state);
    field(b, "name", span->name);
    buf_printf(b, " kind=%d start=%llu end=%llu status=%d flags=%u", span->kind,
               (unsigned long long)span->start_ns, (unsigned long long)span->end_ns, (int)span->status,
               span->flags);
    field(b, "message", span->status_message);
    buf_append_str(b, " attrs=");
    attrs(b, span->attrs.items, span->attrs.count);
    for (size_t i = 0; i < span->event_count; i++) {
        const struct otlp_span_event *e = &span->events[i];
        buf_printf(b, " event@%llu", (unsigned long long)e->time_ns);
        field(b, "name", e->name);
        attrs(b, e->attrs.items, e->attrs.count);
    }
    for (size_t i = 0; i < span->link_count; i++) {
        buf_append_str(b, " link");
        ids(b, &span->links[i].ids);
        attrs(b, span->links[i].attrs.items, span->links[i].attrs.count);
    }
    return !buf_append_char(b, '\n');
}

static bool on_point(void *ctx, const struct otlp_resource *r, const struct otlp_scope *s,
                     const struct otlp_point *p)
{
    struct buf *b = ctx;
    head(b, "point", r, s);
    field(b, "metric", p->metric_name);
    field(b, "unit", p->unit);
    buf_printf(b, " type=%d temporality=%d monotonic=%d start=%llu time=%llu", (int)p->type,
               (int)p->temporality, p->monotonic, (unsigned long long)p->start_ns,
               (unsigned long long)p->time_ns);
    buf_printf(b, " int=%d:%lld number=%.17g count=%llu flags=%u attrs=", p->is_int, (long long)p->integer,
               p->number, (unsigned long long)p->count, p->flags);
    attrs(b, p->attrs.items, p->attrs.count);
    return !buf_append_char(b, '\n');
}

struct otlp_sink dump_sink(struct buf *out)
{
    return (struct otlp_sink){.ctx = out, .log = on_log, .span = on_span, .point = on_point};
}

enum ct_err decode_dump(struct otlp_decoder *d, enum otlp_signal signal, enum otlp_encoding encoding,
                        struct slice body, struct buf *dump, enum otlp_refusal *why, struct ct_errmsg *msg)
{
    struct otlp_sink sink = dump_sink(dump);
    buf_clear(dump);
    return otlp_decode(d, signal, encoding, OTLP_IDENTITY, body, &sink, NULL, why, msg);
}
