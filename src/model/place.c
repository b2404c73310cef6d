/*
 * Where a call belongs. The best evidence wins: the agent that made it, the span it ran in, its trace, its
 * prompt, and only then the time. (prompt.id is the process's current prompt, so it is wrong for what runs in
 * the background.)
 */
#include "model_private.h"

struct span_ref *span_ref_get(struct session_entry *s, const uint8_t id[8])
{
    struct slice key = slice_make(id, 8);
    struct span_ref *ref = session_index_get(s, INDEX_SPAN, key);
    if (ref)
        return ref;
    ref = (struct span_ref *)arena_alloc(&s->arena, sizeof *ref);
    if (!ref)
        return NULL;
    *ref = (struct span_ref){0};
    memcpy(ref->id, id, 8);
    session_index_put(s, INDEX_SPAN, key, ref);
    return ref;
}

static void wait_for(struct entry *n, struct span_ref *ref)
{
    if (n->waits_for)
        return; /* already in a list; that span's arrival places it again */
    n->waits_for = ref;
    n->next_waiter = ref->waiters;
    ref->waiters = n;
}

void place_waiters(struct session_entry *s, struct span_ref *ref)
{
    (void)s;
    struct entry *n = ref->waiters;
    ref->waiters = NULL;
    while (n) {
        struct entry *next = n->next_waiter;
        n->next_waiter = NULL;
        n->waits_for = NULL;
        place(n);
        n = next;
    }
}

void span_ref_own(struct session_entry *s, const uint8_t id[8], struct entry *owner)
{
    struct span_ref *ref = span_ref_get(s, id);
    if (!ref || ref->owner)
        return;
    ref->owner = owner;
    for (struct span_ref *w = ref->child_waits; w; w = w->next_wait) {
        if (!w->owner)
            w->owner = owner;
        tool_took_wait(owner, w);
    }
    tool_took_wait(owner, ref);
    place_waiters(s, ref);
}

struct entry *place_turn_at(struct session_entry *s, int64_t ns)
{
    struct node *n = s->last_turn ? &s->last_turn->pub : NULL;
    while (n && (n->kind != NODE_TURN || n->start_ns > ns))
        n = n->prev;
    return n ? as_entry(n) : NULL;
}

/* The newest call in the turn that starts agents, began before this one and has none yet. */
static struct entry *likely_spawner(const struct entry *agent, struct entry *turn)
{
    for (struct node *n = turn->pub.last_child; n; n = n->prev) {
        struct entry *tool = as_entry(n);
        if (n->kind != NODE_TOOL || !tool->spawns_agent || n->start_ns > agent->pub.start_ns)
            continue;
        bool taken = false;
        for (struct node *c = n->first_child; c; c = c->next)
            taken |= c->kind == NODE_AGENT && c != &agent->pub;
        if (!taken)
            return tool;
    }
    return NULL;
}

static struct entry *turn_for(struct entry *n)
{
    struct session_entry *s = (struct session_entry *)n->pub.session;
    struct event probe;
    event_init(&probe, EVENT_LLM, WITNESS_NONE);
    probe.start_ns = probe.time_ns = n->pub.start_ns;
    probe.ids.prompt_id = n->prompt_id;
    probe.ids.agent_id = n->agent_id.len || n->pub.kind == NODE_AGENT ? SLICE_LIT("agent") : SLICE_NULL;
    probe.ids.has_trace_id = n->pub.has_trace_id;
    memcpy(probe.ids.trace_id, n->pub.trace_id, sizeof probe.ids.trace_id);
    n->by_time = !n->pub.has_trace_id && n->prompt_id.len == 0;
    return n->by_time ? place_turn_at(s, n->pub.start_ns) : turn_get(s, &probe);
}

static struct entry *parent_of(struct entry *n)
{
    struct session_entry *s = (struct session_entry *)n->pub.session;
    if (n->pub.kind == NODE_AGENT && n->spawn_tool.len) {
        struct entry *tool = session_index_get(s, INDEX_TOOL, n->spawn_tool);
        if (tool && tool != n)
            return tool;
    }
    if (n->agent_id.len) {
        struct entry *agent = n->pub.kind == NODE_AGENT && !n->has_parent_span
                                  ? session_index_get(s, INDEX_AGENT, n->agent_id)
                              : n->pub.kind == NODE_AGENT ? NULL
                                                          : agent_get(s, n->agent_id);
        if (agent && agent != n)
            return agent;
    }
    if (n->has_parent_span) {
        struct span_ref *ref = span_ref_get(s, n->parent_span);
        if (ref && ref->owner && ref->owner != n)
            return ref->owner;
        if (ref)
            wait_for(n, ref);
        if (n->pub.kind == NODE_AGENT && n->agent_id.len) {
            struct entry *agent = session_index_get(s, INDEX_AGENT, n->agent_id);
            if (agent && agent != n)
                return agent;
        }
    }
    struct entry *turn = turn_for(n);
    if (n->pub.kind == NODE_AGENT && turn) {
        struct entry *tool = likely_spawner(n, turn);
        if (tool)
            return tool;
    }
    return turn;
}

void place(struct entry *n)
{
    struct entry *before = n->pub.parent ? as_entry(n->pub.parent) : NULL;
    struct entry *parent = parent_of(n);
    tree_link(n, parent);
    if (before != parent) {
        /* An agent counts from its first call on; a turn shows the model of its newest call. */
        for (struct entry *p = parent; p; p = p->pub.parent ? as_entry(p->pub.parent) : NULL)
            if (p->pub.kind == NODE_AGENT)
                call_refresh(p);
        if (before && before->pub.kind == NODE_AGENT)
            call_refresh(before);
    }
}
