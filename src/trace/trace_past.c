/* What was sent before: told to another process, or to a journal whose frames go. */
#include "trace_private.h"

struct past {
    struct trace_exporter *x;
    bool (*keep)(void *ctx, struct slice ids);
    void *ctx;
    bool ok;
};

static void hand_over(struct past *p)
{
    if (p->ok && p->x->body.len)
        p->ok = p->keep(p->ctx, buf_slice(&p->x->body));
    buf_clear(&p->x->body);
}

static void remember(struct past *p, const uint8_t id[SPAN_ID_LEN])
{
    if (!id_set_has(p->x->sent, id))
        return;
    if (p->x->body.len + SPAN_ID_LEN > TRACE_REQUEST_MAX)
        hand_over(p);
    buf_append(&p->x->body, slice_make(id, SPAN_ID_LEN));
}

static void remember_nodes(struct past *p, const struct node *first)
{
    uint8_t id[SPAN_ID_LEN];
    for (const struct node *n = first; n; n = n->next) {
        trace_span_of_node(n, id);
        remember(p, id);
        if (has_permission_span(n)) {
            trace_span_of_permission(n, id);
            remember(p, id);
        }
        remember_nodes(p, n->first_child);
    }
}

bool trace_exporter_remember(struct trace_exporter *x, const struct model *m, int64_t since_ns,
                             bool (*keep)(void *ctx, struct slice ids), void *ctx)
{
    struct past p = {.x = x, .keep = keep, .ctx = ctx, .ok = true};
    uint8_t id[SPAN_ID_LEN];
    buf_clear(&x->body);
    for (const struct session *s = model_sessions(m); s && p.ok; s = s->next) {
        if (s->first_arrival_ns >= since_ns || !trace_is_synthesized(x->config.synthesize, s))
            continue;
        trace_span_of_session(s, id);
        remember(&p, id);
        remember_nodes(&p, s->first_child);
    }
    hand_over(&p);
    return p.ok;
}

static void sent_nodes(struct trace_exporter *x, const struct node *first)
{
    uint8_t id[SPAN_ID_LEN];
    for (const struct node *n = first; n; n = n->next) {
        trace_span_of_node(n, id);
        id_set_add(x->sent, id);
        trace_span_of_permission(n, id);
        id_set_add(x->sent, id);
        sent_nodes(x, n->first_child);
    }
}

void trace_exporter_sent_all(struct trace_exporter *x, const struct model *m)
{
    uint8_t id[SPAN_ID_LEN];
    for (const struct session *s = model_sessions(m); s; s = s->next) {
        trace_span_of_session(s, id);
        id_set_add(x->sent, id);
        sent_nodes(x, s->first_child);
    }
}
