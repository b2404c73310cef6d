/*
 * A tool of which only the wait for its permission is known, because its own span never came: something was
 * asked and decided, by whom and for how long is known, but not what. It stands in the tree as unknown and
 * counts as no call.
 */
#include "model_private.h"

static void hold_place(struct session_entry *s, const struct span_ref *wait)
{
    struct entry *e = settle_make(s, NODE_TOOL, wait->parent->key, NULL);
    struct facts *f = &e->f;
    if (wait->start_ns > 0 && (f->first_ns == 0 || wait->start_ns < f->first_ns))
        f->first_ns = wait->start_ns;
    if (wait->end_ns > f->last_ns)
        f->last_ns = wait->end_ns;
    f->witnesses = 1u << WITNESS_SPAN;
    facts_link(&f->trace, wait->trace.to, wait->trace.ns);
    facts_set(f, FACT_WAIT, RANK_LEAST, wait->wait_ns);
    facts_text(s, f, FACT_SOURCE, RANK_LEAST, wait->start_ns, wait->source);
    derive_facts(e);
}

void placeholders_settle(struct session_entry *s)
{
    bool any = false;
    for (const struct span_ref *w = s->waits; w; w = w->next_wait) {
        if (w->owner || !w->parent || w->parent->owner)
            continue;
        hold_place(s, w);
        any = true;
    }
    if (any)
        sort_entries(s->model, s->all, s->live, entry_cmp);
}
