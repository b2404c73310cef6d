/* Nodes in order under their parents, and the sums that run up from them. */
#include "model_private.h"

void counters_add(struct counters *to, const struct counters *from, int sign)
{
    to->turns += sign * from->turns;
    to->llm_calls += sign * from->llm_calls;
    to->llm_errors += sign * from->llm_errors;
    to->llm_retries += sign * from->llm_retries;
    to->tool_calls += sign * from->tool_calls;
    to->tool_errors += sign * from->tool_errors;
    to->tool_rejections += sign * from->tool_rejections;
    to->agents += sign * from->agents;
    to->input_tokens += sign * from->input_tokens;
    to->output_tokens += sign * from->output_tokens;
    to->cache_read_tokens += sign * from->cache_read_tokens;
    to->cache_creation_tokens += sign * from->cache_creation_tokens;
    to->cost_nano_usd += sign * from->cost_nano_usd;
    to->cost_unknown += sign * from->cost_unknown;
    to->wait_ns += sign * from->wait_ns;
}

static bool is_linked(const struct entry *n)
{
    const struct node *p = &n->pub;
    return p->parent || p->prev || p->next || p->session->first_child == p;
}

/* The subtree that it is in has been linked to the session. */
static bool in_session(const struct entry *n)
{
    const struct node *top = &n->pub;
    while (top->parent)
        top = top->parent;
    return is_linked(as_entry(top));
}

static void add_up(struct entry *from, const struct counters *c, int sign)
{
    for (struct node *n = &from->pub; n; n = n->parent)
        counters_add(&n->total, c, sign);
    if (in_session(from)) /* until then its sums travel with it */
        counters_add(&from->pub.session->total, c, sign);
}

void tree_set_self(struct entry *n, const struct counters *self)
{
    add_up(n, &n->self, -1);
    n->self = *self;
    add_up(n, &n->self, 1);
}

bool tree_is_below(const struct entry *n, const struct entry *ancestor)
{
    for (const struct node *p = &n->pub; p; p = p->parent)
        if (p == &ancestor->pub)
            return true;
    return false;
}

/* Siblings stand by start time; those of one instant by kind, key and name, so that arrival never shows. */
static int node_cmp(const struct node *a, const struct node *b)
{
    if (a->start_ns != b->start_ns)
        return a->start_ns < b->start_ns ? -1 : 1;
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    int order = slice_cmp(a->key, b->key);
    return order ? order : slice_cmp(a->name, b->name);
}

static void insert(struct node **first, struct node **last, struct node *n)
{
    struct node *after = *last;
    if (*first && node_cmp(*first, n) > 0)
        after = NULL; /* the commonest disorder: everything comes newest first */
    while (after && node_cmp(after, n) > 0)
        after = after->prev;
    n->prev = after;
    n->next = after ? after->next : *first;
    if (n->next)
        n->next->prev = n;
    else
        *last = n;
    if (after)
        after->next = n;
    else
        *first = n;
}

static void take_out(struct node **first, struct node **last, struct node *n)
{
    if (n->prev)
        n->prev->next = n->next;
    else
        *first = n->next;
    if (n->next)
        n->next->prev = n->prev;
    else
        *last = n->prev;
    n->prev = n->next = NULL;
}

static void set_depth(struct node *n, uint32_t depth)
{
    n->depth = depth;
    for (struct node *c = n->first_child; c; c = c->next)
        set_depth(c, depth + 1);
}

static uint32_t height(const struct node *n)
{
    uint32_t most = 0;
    for (const struct node *c = n->first_child; c; c = c->next) {
        uint32_t h = height(c) + 1;
        if (h > most)
            most = h;
    }
    return most;
}

void tree_unlink(struct entry *n)
{
    if (!is_linked(n))
        return;
    struct node *parent = n->pub.parent;
    if (parent) {
        take_out(&parent->first_child, &parent->last_child, &n->pub);
        for (struct node *p = parent; p; p = p->parent)
            counters_add(&p->total, &n->pub.total, -1);
    } else {
        take_out(&n->pub.session->first_child, &n->pub.session->last_child, &n->pub);
    }
    if (!parent || in_session(as_entry(parent)))
        counters_add(&n->pub.session->total, &n->pub.total, -1);
    n->pub.parent = NULL;
}

void tree_link(struct entry *n, struct entry *parent)
{
    /* A cycle or a bottomless pit can only come from false ids: the node then hangs from the session. */
    if (parent && (tree_is_below(parent, n) || parent->pub.depth + 1 + height(&n->pub) >= TREE_DEPTH_MAX))
        parent = NULL;
    if (is_linked(n)) {
        if (n->pub.parent == (parent ? &parent->pub : NULL))
            return;
        tree_unlink(n);
    }
    struct session *s = n->pub.session;
    if (parent) {
        n->pub.parent = &parent->pub;
        insert(&parent->pub.first_child, &parent->pub.last_child, &n->pub);
        for (struct node *p = &parent->pub; p; p = p->parent)
            counters_add(&p->total, &n->pub.total, 1);
    } else {
        insert(&s->first_child, &s->last_child, &n->pub);
    }
    if (in_session(n))
        counters_add(&s->total, &n->pub.total, 1);
    set_depth(&n->pub, parent ? parent->pub.depth + 1 : 0);
    tree_note_time(n, n->pub.last_ns);
}

void tree_reorder(struct entry *n)
{
    if (!is_linked(n))
        return;
    struct node *parent = n->pub.parent;
    struct node **first = parent ? &parent->first_child : &n->pub.session->first_child;
    struct node **last = parent ? &parent->last_child : &n->pub.session->last_child;
    take_out(first, last, &n->pub);
    insert(first, last, &n->pub);
}

void tree_note_time(struct entry *n, int64_t ns)
{
    for (struct node *p = &n->pub; p; p = p->parent)
        if (ns > p->last_ns)
            p->last_ns = ns;
}
