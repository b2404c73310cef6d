/*
 * Where a call belongs. The best evidence wins: the agent that made it, the span it ran in, its trace, its
 * prompt, and only then the time. (prompt.id is the process's current prompt, so it is wrong for what runs in
 * the background.)
 */
#include "mem.h"
#include "model_private.h"

#include <stdlib.h>

/* How long after an agent's call was over the agent may still be seen to begin: background agents do. */
#define SPAWN_LAG_NS (INT64_C(5) * 1000000000)
/* Calls that start agents, looked at for one agent of unknown origin. */
#define SPAWN_WALK 64

static struct entry *span_owner(const struct span_ref *ref)
{
    struct entry *owner = ref->owner ? ref->owner : ref->is_wait && ref->parent ? ref->parent->owner : NULL;
    owner = owner ? entry_root(owner) : NULL;
    return owner && owner->visible ? owner : NULL;
}

static struct entry *visible_agent(const struct facts *f, const struct entry *self)
{
    struct entry *agent = link_entry(&f->agent);
    return agent && agent != self && agent->visible ? agent : NULL;
}

static struct entry *call_parent(const struct session_entry *s, struct entry *n)
{
    const struct facts *f = n->view;
    struct entry *agent = visible_agent(f, n);
    if (agent)
        return agent;
    struct entry *owner = f->parent_span.to ? span_owner(link_span(&f->parent_span)) : NULL;
    return owner && owner != n ? owner : turn_of(s, n);
}

/* The tool call that an agent is known to run in. */
static struct entry *agent_spawner(const struct entry *agent)
{
    const struct facts *f = agent->view;
    struct entry *tool = f->spawner.to ? entry_root(link_entry(&f->spawner)) : NULL;
    if (tool && tool->visible)
        return tool;
    tool = f->parent_span.to ? span_owner(link_span(&f->parent_span)) : NULL;
    return tool && tool->pub.kind == NODE_TOOL ? tool : NULL;
}

/*
 * The oldest call of its surroundings that starts agents, may have started this one and has none yet; one for
 * the same type of agent before others.
 */
static struct entry *likely_spawner(const struct session_entry *s, const struct entry *agent,
                                    const struct entry *scope)
{
    struct slice type = agent->view->texts[FACT_NAME];
    size_t low = 0, high = s->spawner_count;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (s->spawners[mid]->pub.start_ns <= agent->pub.start_ns + CLOCK_SLACK_NS)
            low = mid + 1;
        else
            high = mid;
    }
    struct entry *best = NULL;
    bool best_same = false;
    for (size_t i = low; i > 0 && i + SPAWN_WALK > low; i--) {
        struct entry *tool = s->spawners[i - 1];
        int64_t end = facts_time(tool->view, FACT_END);
        struct slice wanted = tool->view->texts[FACT_AGENT_TYPE];
        bool same = wanted.len && slice_eq(wanted, type), other = wanted.len && type.len && !same;
        bool fits = !tool->taken && tool->pub.parent == &scope->pub && !other &&
                    (end == 0 || end + SPAWN_LAG_NS >= agent->pub.start_ns);
        if (fits && (!best || same >= best_same)) {
            best = tool;
            best_same = same;
        }
    }
    return best;
}

static void place_agents(struct session_entry *s)
{
    for (size_t i = 0; i < s->live; i++) {
        struct entry *n = s->all[i];
        if (!n->visible || n->pub.kind != NODE_AGENT)
            continue;
        struct entry *tool = agent_spawner(n);
        n->pub.parent = tool ? &tool->pub : NULL;
        if (tool)
            tool->taken = true;
    }
    for (size_t i = 0; i < s->live; i++) {
        struct entry *n = s->all[i];
        if (!n->visible || n->pub.kind != NODE_AGENT || n->pub.parent)
            continue;
        struct entry *scope = visible_agent(n->view, n);
        if (!scope)
            scope = turn_of(s, n);
        if (!scope)
            continue;
        struct entry *tool = likely_spawner(s, n, scope);
        if (tool)
            tool->taken = true;
        n->pub.parent = tool ? &tool->pub : &scope->pub;
    }
}

static void add_spawner(struct session_entry *s, struct entry *tool)
{
    if (s->spawner_count == s->spawner_cap) {
        s->spawner_cap = s->spawner_cap ? s->spawner_cap * 2 : 4;
        s->spawners = mem_grow(s->spawners, s->spawner_cap, sizeof(struct entry *));
    }
    s->spawners[s->spawner_count++] = tool;
}

struct entry *asked_by(const struct facts *f)
{
    struct entry *llm = link_entry(&f->llm);
    if (llm)
        return entry_root(llm);
    llm = f->llm_span.to ? link_span(&f->llm_span)->owner : NULL;
    return llm && entry_root(llm)->pub.kind == NODE_LLM ? entry_root(llm) : NULL;
}

void place_all(struct session_entry *s)
{
    for (size_t i = 0; i < s->live; i++) {
        struct entry *n = s->all[i];
        if (!n->visible || n->pub.kind == NODE_AGENT)
            continue;
        struct entry *parent = n->turn ? NULL : n->made_for ? n->made_for : call_parent(s, n);
        n->pub.parent = parent ? &parent->pub : NULL;
        if (n->pub.kind != NODE_TOOL)
            continue;
        if (n->view->spawns_agent)
            add_spawner(s, n);
        struct entry *llm = asked_by(n->view);
        if (llm && !llm->pub.wants_tools)
            llm->pub.wants_tools = llm->lent = true;
    }
    place_agents(s);
}

static void append(struct node *n)
{
    struct node **first = n->parent ? &n->parent->first_child : &n->session->first_child;
    struct node **last = n->parent ? &n->parent->last_child : &n->session->last_child;
    n->prev = *last;
    n->next = NULL;
    if (*last)
        (*last)->next = n;
    else
        *first = n;
    *last = n;
}

static void cut_off(struct node *n)
{
    struct node *parent = n->parent;
    if (n->prev)
        n->prev->next = n->next;
    else
        parent->first_child = n->next;
    if (n->next)
        n->next->prev = n->prev;
    else
        parent->last_child = n->prev;
    n->parent = n->prev = n->next = NULL;
}

struct walk {
    struct entry **out;
    size_t count;
};

/* Everything below a root, parents first. What would lie too deep becomes a root itself, done with
 * afterwards. */
static void walk_from(struct walk *w, struct node *root)
{
    struct node *deep = NULL; /* chained by ->next */
    root->depth = 0;
    for (struct node *n = root; n;) {
        as_entry(n)->visited = true;
        w->out[w->count++] = as_entry(n);
        struct node *next = n->first_child;
        if (next && n->depth + 1 >= TREE_DEPTH_MAX) {
            while (n->first_child) {
                struct node *c = n->first_child;
                cut_off(c);
                c->next = deep;
                deep = c;
            }
            next = NULL;
        }
        while (!next && n != root) {
            next = n->next;
            n = n->parent;
        }
        if (next)
            next->depth = next->parent->depth + 1;
        n = next;
    }
    while (deep) {
        struct node *n = deep;
        deep = n->next;
        n->next = NULL;
        walk_from(w, n);
    }
}

/* False ids can make a circle. It is opened at its first node, which then hangs from the session. */
static struct node *open_circle(struct entry *inside)
{
    struct node *slow = &inside->pub, *fast = &inside->pub;
    do {
        slow = slow->parent;
        fast = fast->parent->parent;
    } while (slow != fast);
    struct node *first = slow;
    for (struct node *n = slow->parent; n != slow; n = n->parent)
        if (entry_cmp(as_entry(n), as_entry(first)) < 0)
            first = n;
    cut_off(first);
    return first;
}

/* The session's children but for those that are frozen, which come first. */
static void no_children(struct session_entry *s)
{
    s->pub.first_child = s->frozen.first_child;
    s->pub.last_child = s->frozen.last_child;
    if (s->pub.last_child)
        s->pub.last_child->next = NULL;
}

size_t place_link(struct session_entry *s, struct entry **preorder)
{
    struct walk w = {preorder, 0};
    size_t visible = 0;
    no_children(s);
    for (size_t i = 0; i < s->live; i++)
        s->all[i]->pub.first_child = s->all[i]->pub.last_child = NULL;
    for (size_t i = 0; i < s->live; i++) {
        struct entry *n = s->all[i];
        if (n->visible) {
            append(&n->pub);
            visible++;
        }
    }
    struct node *frozen = s->frozen.last_child;
    for (struct node *n = frozen ? frozen->next : s->pub.first_child; n; n = n->next)
        walk_from(&w, n);
    for (size_t i = 0; i < s->live && w.count < visible; i++)
        if (s->all[i]->visible && !s->all[i]->visited)
            walk_from(&w, open_circle(s->all[i]));
    /* Roots that were cut off stand among the others by their start. */
    no_children(s);
    for (size_t i = 0; i < s->live; i++)
        if (s->all[i]->visible && !s->all[i]->pub.parent)
            append(&s->all[i]->pub);
    return w.count;
}
