#include "block.h"

#include "mem.h"

#define ROWS_FIRST 4

const struct node *rows_agent(const struct node *n)
{
    const struct node *child = n->kind == NODE_TOOL ? n->first_child : NULL;
    return child && child->kind == NODE_AGENT && !child->next ? child : NULL;
}

const struct node *rows_first_child(const struct node *n)
{
    const struct node *agent = rows_agent(n);
    return agent ? agent->first_child : n->first_child;
}

const struct node *rows_shown(const struct node *n)
{
    return n->parent && rows_agent(n->parent) == n ? n->parent : n;
}

const struct node *rows_parent(const struct node *n)
{
    return n->parent ? rows_shown(n->parent) : NULL;
}

static bool is_active(const struct node *n)
{
    return n->state == NODE_RUNNING || n->state == NODE_WAITING;
}

static bool is_newest_turn(const struct session *s, const struct node *n)
{
    const struct node *last = s->last_child;
    while (last && last->kind != NODE_TURN)
        last = last->prev;
    return last == n;
}

bool rows_open_by_default(const struct session *s, const struct node *n, int64_t now_ns)
{
    if (!n)
        return s->last_activity_ns >= now_ns - LIVE_WITHIN_NS &&
               model_session_status(s, now_ns).state != RUN_ENDED;
    if (n->kind == NODE_TURN)
        return is_active(n) || is_newest_turn(s, n);
    return is_active(n) || n->total.llm_calls + n->total.tool_calls <= ROWS_AGENT_CALLS_OPEN;
}

static bool is_ancestor_of(const struct session *s, const struct node *n, const struct node *revealed)
{
    if (!revealed || revealed->session != s)
        return false;
    if (!n)
        return true;
    for (const struct node *p = revealed->parent; p; p = p->parent)
        if (p == n)
            return true;
    return false;
}

/* below: an ancestor is FOLD_OPEN_BELOW. */
static struct row *add_row(struct block *b, const struct block_input *in, const struct node *n,
                           uint32_t depth, bool below)
{
    const struct session *s = b->session;
    if (b->count == b->cap) {
        b->cap = b->cap ? b->cap * 2 : ROWS_FIRST;
        b->rows = mem_grow(b->rows, b->cap, sizeof(*b->rows));
    }
    struct row *row = &b->rows[b->count++];
    *row =
        (struct row){.session = s, .node = n, .session_id = s->id, .node_id = n ? n->id : 0, .depth = depth};
    row->has_children = (n ? rows_first_child(n) : s->first_child) != NULL;
    if (!row->has_children)
        return row;
    enum fold fold = folds_get(in->folds, fold_id(s->id, row->node_id));
    if (fold == FOLD_AUTO)
        row->open = below || rows_open_by_default(s, n, in->now_ns);
    else
        row->open = fold != FOLD_CLOSED;
    row->open = row->open || is_ancestor_of(s, n, in->revealed);
    return row;
}

static bool opens_below(const struct block_input *in, const struct session *s, const struct node *n)
{
    return folds_get(in->folds, fold_id(s->id, n ? n->id : 0)) == FOLD_OPEN_BELOW;
}

/* One child of the session and what is open below it. */
static void add_subtree(struct block *b, const struct block_input *in, const struct node *top, bool below)
{
    const struct node *n = top;
    uint32_t depth = 1;
    /* The shallowest depth whose row is FOLD_OPEN_BELOW; everything deeper inherits it. */
    uint32_t below_depth = below ? 0 : UINT32_MAX;
    for (;;) {
        struct row *row = add_row(b, in, n, depth, below_depth < depth);
        if (row->open) {
            if (below_depth > depth && opens_below(in, b->session, n))
                below_depth = depth;
            n = rows_first_child(n);
            depth++;
            continue;
        }
        while (n != top && !n->next) {
            n = rows_parent(n);
            depth--;
            if (below_depth == depth)
                below_depth = UINT32_MAX;
        }
        if (n == top)
            return;
        n = n->next;
    }
}

void block_fill(struct block *b, const struct block_input *in)
{
    b->count = 0;
    if (!add_row(b, in, NULL, 0, false)->open)
        return;
    bool below = opens_below(in, b->session, NULL);
    for (const struct node *n = b->session->last_child; n; n = n->prev)
        add_subtree(b, in, n, below);
}

int64_t block_until_ns(const struct session *s, int64_t now_ns)
{
    int64_t until = model_session_until_ns(s, now_ns);
    int64_t folds = s->last_activity_ns + LIVE_WITHIN_NS + 1; /* rows_open_by_default() */
    return folds > now_ns && (until == 0 || folds < until) ? folds : until;
}
