/*
 * Spans of something else inside a call: a gateway's request, the work of a tool's own SDK. They are shown
 * below the call whose span they hang from, and only when that is known: of a whole distributed trace, a
 * session shows the part below its own spans.
 */
#include "model_private.h"

void foreign_apply(struct session_entry *s, const struct event *e)
{
    if (!e->ids.has_span_id || !e->ids.has_parent_span_id)
        return;
    struct slice id = slice_make(e->ids.span_id, sizeof e->ids.span_id);
    if (!session_index_get(s, INDEX_FOREIGN, id)) {
        if (s->foreign_count == FOREIGN_SPANS_MAX) {
            s->model->stats.refused_spans++;
            return;
        }
        s->foreign_count++;
    }
    struct entry *n = session_entry_get(s, NODE_SPAN, INDEX_FOREIGN, id);
    struct event facts = *e;
    facts.kind = EVENT_SPAN;
    facts.usage = (struct event_usage){-1, -1, -1, -1, -1, -1};
    facts_event(s, &n->f, &facts);
    facts_span(&n->f, e->ids.span_id);
    session_span_own(s, e->ids.span_id, n);
    struct span_ref *parent = session_span_get(s, e->ids.parent_span_id);
    facts_link(&n->f.parent_span, &parent->key, e->time_ns);
}

static struct entry *above(const struct entry *span)
{
    const struct span_ref *ref = link_span(&span->f.parent_span);
    struct entry *owner = !ref                          ? NULL
                          : ref->owner                  ? ref->owner
                          : ref->is_wait && ref->parent ? ref->parent->owner
                                                        : NULL;
    return owner ? entry_root(owner) : NULL;
}

void foreign_settle(struct session_entry *s)
{
    if (s->foreign_count == 0)
        return;
    for (size_t i = 0; i < s->live; i++) {
        struct entry *n = s->all[i];
        if (n->pub.kind != NODE_SPAN)
            continue;
        const struct entry *call = n;
        for (int depth = 0; call && call->pub.kind == NODE_SPAN; depth++)
            call = depth < TREE_DEPTH_MAX ? above(call) : NULL;
        n->visible = call && call->visible;
        if (!n->visible)
            continue;
        n->pub.has_trace_id = call->pub.has_trace_id;
        memcpy(n->pub.trace_id, call->pub.trace_id, sizeof n->pub.trace_id);
    }
}
