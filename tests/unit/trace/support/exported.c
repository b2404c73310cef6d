#include "test.h"

#include "exported.h"

#include "mem.h"

#include <stdio.h>
#include <stdlib.h>

static struct slice text_of(struct exported *x, const struct otlp_value *v)
{
    char text[64] = "";
    switch (v->type) {
    case OTLP_VALUE_STRING:
        return arena_dup(&x->arena, v->str);
    case OTLP_VALUE_BOOL:
        return v->boolean ? SLICE_LIT("true") : SLICE_LIT("false");
    case OTLP_VALUE_INT:
        snprintf(text, sizeof text, "%lld", (long long)v->integer);
        break;
    case OTLP_VALUE_DOUBLE:
        snprintf(text, sizeof text, "%.9g", v->number);
        break;
    case OTLP_VALUE_ARRAY:
        return v->array.count ? text_of(x, &v->array.items[0]) : SLICE_NULL;
    case OTLP_VALUE_NONE:
    case OTLP_VALUE_BYTES:
    case OTLP_VALUE_KVLIST:
        fail_msg("an attribute of a kind that is never sent");
    }
    return arena_dup(&x->arena, slice_str(text));
}

static bool on_span(void *ctx, const struct otlp_resource *resource, const struct otlp_scope *scope,
                    const struct otlp_span *span)
{
    struct exported *x = ctx;
    x->service_name = arena_dup(&x->arena, otlp_attr_text(resource->attrs, "service.name"));
    x->scope = arena_dup(&x->arena, scope->name);
    if (x->count == x->cap) {
        x->cap = x->cap ? 2 * x->cap : 64;
        x->spans = mem_grow(x->spans, x->cap, sizeof *x->spans);
    }
    struct exported_span *s = &x->spans[x->count++];
    *s = (struct exported_span){.name = arena_dup(&x->arena, span->name),
                                .ids = span->ids,
                                .has_parent = span->has_parent,
                                .kind = span->kind,
                                .start_ns = (int64_t)span->start_ns,
                                .end_ns = (int64_t)span->end_ns,
                                .status = span->status,
                                .message = arena_dup(&x->arena, span->status_message),
                                .attr_count = span->attrs.count,
                                .link_count = span->link_count,
                                .events = span->event_count,
                                .request = x->requests};
    memcpy(s->parent, span->parent_span_id, sizeof s->parent);
    assert_true(span->ids.has_trace_id && span->ids.has_span_id);
    s->attrs = arena_alloc(&x->arena, (s->attr_count + 1) * sizeof *s->attrs);
    s->links = arena_alloc(&x->arena, (s->link_count + 1) * sizeof *s->links);
    for (size_t i = 0; i < s->attr_count; i++)
        s->attrs[i] = (struct exported_attr){arena_dup(&x->arena, span->attrs.items[i].key),
                                             text_of(x, &span->attrs.items[i].value)};
    for (size_t i = 0; i < s->link_count; i++)
        s->links[i] = (struct exported_link){
            arena_dup(&x->arena, otlp_attr_text(span->links[i].attrs, "link.type")), span->links[i].ids};
    return true;
}

static bool on_request(void *ctx, const struct trace_request *request)
{
    struct exported *x = ctx;
    struct otlp_counts counts;
    struct ct_errmsg msg;
    const struct otlp_sink sink = {.ctx = x, .span = on_span};
    if (x->requests >= x->refuse_after)
        return false;
    x->requests++;
    if (request->body.len > x->largest)
        x->largest = request->body.len;
    if (otlp_decode(x->decoder, OTLP_TRACES, OTLP_PROTOBUF, OTLP_IDENTITY, request->body, &sink, &counts,
                    NULL, &msg))
        fail_msg("our own bytes: %s", msg.text);
    assert_int_equal(counts.spans, request->spans);
    return true;
}

void exported_open(struct exported *x)
{
    struct otlp_limits limits;
    otlp_limits_init(&limits);
    *x = (struct exported){.refuse_after = SIZE_MAX};
    x->config = (struct trace_config){.version = "1.2.3", .emit = on_request, .ctx = x};
    x->decoder = otlp_decoder_create(&limits);
    arena_init(&x->arena, (size_t)256 << 20);
    x->exporter = trace_exporter_create(&x->config);
}

void exported_again(struct exported *x)
{
    trace_exporter_destroy(x->exporter);
    x->exporter = trace_exporter_create(&x->config);
    for (size_t i = 0; i < x->count; i++)
        trace_exporter_sent(x->exporter, x->spans[i].ids.span_id);
}

void exported_close(struct exported *x)
{
    trace_exporter_destroy(x->exporter);
    otlp_decoder_destroy(x->decoder);
    arena_finish(&x->arena);
    free(x->spans);
}

int64_t exported_run(struct exported *x, const struct model *m, int64_t wall_ns, enum trace_moment moment)
{
    return trace_exporter_run(x->exporter, m, wall_ns, wall_ns, moment);
}

const struct exported_span *exported_find(const struct exported *x, const char *name)
{
    for (size_t i = 0; i < x->count; i++)
        if (slice_eq_str(x->spans[i].name, name))
            return &x->spans[i];
    return NULL;
}

const struct exported_span *exported_span(const struct exported *x, const char *name)
{
    const struct exported_span *s = exported_find(x, name);
    if (!s) {
        for (size_t i = 0; i < x->count; i++)
            print_message("# %.*s\n", SLICE_ARG(x->spans[i].name));
        fail_msg("no span is called %s", name);
    }
    return s;
}

size_t exported_named(const struct exported *x, const char *prefix)
{
    size_t n = 0;
    for (size_t i = 0; i < x->count; i++)
        n += slice_starts(x->spans[i].name, slice_str(prefix));
    return n;
}

const char *exported_attr(const struct exported_span *s, const char *key)
{
    for (size_t i = 0; i < s->attr_count; i++)
        if (slice_eq_str(s->attrs[i].key, key))
            return s->attrs[i].text.ptr;
    return NULL;
}

static const struct exported_span *by_id(const struct exported *x, const uint8_t id[SPAN_ID_LEN])
{
    for (size_t i = 0; i < x->count; i++)
        if (memcmp(x->spans[i].ids.span_id, id, SPAN_ID_LEN) == 0)
            return &x->spans[i];
    return NULL;
}

const struct exported_span *exported_parent(const struct exported *x, const struct exported_span *s)
{
    return s->has_parent ? by_id(x, s->parent) : NULL;
}

const struct exported_span *exported_linked(const struct exported *x, const struct exported_span *s,
                                            const char *type)
{
    for (size_t i = 0; i < s->link_count; i++)
        if (slice_eq_str(s->links[i].type, type))
            return by_id(x, s->links[i].ids.span_id);
    return NULL;
}

void exported_distinct(const struct exported *x)
{
    for (size_t i = 0; i < x->count; i++) {
        const struct exported_span *s = &x->spans[i];
        if (by_id(x, s->ids.span_id) != s)
            fail_msg("%.*s was sent twice", SLICE_ARG(s->name));
        if (s->has_parent && !exported_parent(x, s))
            fail_msg("%.*s hangs from nothing", SLICE_ARG(s->name));
        assert_true(s->end_ns >= s->start_ns && s->start_ns > 0);
    }
}
