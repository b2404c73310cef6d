#include "rows.h"

#include "clock.h"
#include "label.h"
#include "mem.h"
#include "status.h"

#include <stdlib.h>

void rows_init(struct rows *r)
{
    *r = (struct rows){0};
}

void rows_finish(struct rows *r)
{
    free(r->items);
    free(r->order);
    free(r->scratch);
    rows_init(r);
}

bool rows_shows(const struct session *s)
{
    return s->real || s->announced;
}

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

/* ----------------------------------------------------------------------------------------------- order */

/* What needs a person first, then what runs, then what ran. */
static int64_t attention_rank(enum run_state state)
{
    switch (state) {
    case RUN_PERMISSION:
    case RUN_INPUT:
        return 0;
    case RUN_FAILED:
        return 1;
    case RUN_STARTING:
    case RUN_THINKING:
    case RUN_STREAMING:
    case RUN_TOOL:
    case RUN_COMPACTING:
    case RUN_RETRYING:
        return 2;
    case RUN_STALE:
    case RUN_IDLE:
        return 3;
    case RUN_ENDED:
        break;
    }
    return 4;
}

/* Within a rank: waiting ones by how long, running ones by age (they would swap places with every event if
 * newest activity counted), the others by newest activity. */
static int64_t attention_key(const struct order *o)
{
    if (o->rank == 0)
        return -o->status.since_ns;
    return o->rank == 2 ? -o->session->started_ns : o->session->last_activity_ns;
}

static int64_t tokens_of(const struct counters *c)
{
    return c->input_tokens + c->output_tokens + c->cache_read_tokens + c->cache_creation_tokens;
}

static void set_keys(struct order *o, enum ui_sort sort, int64_t now_ns)
{
    const struct session *s = o->session;
    bool ticks;
    o->rank = o->key = 0;
    switch (sort) {
    case UI_SORT_ACTIVITY:
        o->rank = attention_rank(o->status.state);
        o->key = attention_key(o);
        break;
    case UI_SORT_STATE:
        o->rank = attention_rank(o->status.state) * 16 + (int64_t)o->status.state;
        break;
    case UI_SORT_NAME:
        break;
    case UI_SORT_COST:
        o->key = s->total.cost_nano_usd;
        break;
    case UI_SORT_TOKENS:
        o->key = tokens_of(&s->total);
        break;
    case UI_SORT_TIME:
        o->key = status_session_time(s, &o->status, now_ns, &ticks);
        break;
    case UI_SORT_BURN:
        o->key = model_session_burn(s, now_ns).cost_nano_usd_per_hour;
        break;
    case UI_SORT_COUNT:
        break;
    }
}

/* A total order, so that rows with equal keys never swap. */
static int compare(const struct order *a, const struct order *b, enum ui_sort sort, bool inverted)
{
    int c = 0;
    if (a->rank != b->rank)
        c = a->rank < b->rank ? -1 : 1;
    else if (a->key != b->key)
        c = a->key > b->key ? -1 : 1;
    else if (sort == UI_SORT_NAME)
        c = slice_cmp(label_session(a->session), label_session(b->session));
    if (c != 0)
        return inverted ? -c : c;
    return a->session->id < b->session->id ? -1 : a->session->id > b->session->id;
}

/* Bottom-up merge sort in place and scratch: qsort() may allocate, and need not be stable. */
static void sort_order(struct rows *r, enum ui_sort sort, bool inverted)
{
    struct order *from = r->order, *to = r->scratch;
    for (size_t run = 1; run < r->sessions; run *= 2) {
        for (size_t start = 0; start < r->sessions; start += 2 * run) {
            size_t middle = start + run < r->sessions ? start + run : r->sessions;
            size_t end = middle + run < r->sessions ? middle + run : r->sessions;
            size_t a = start, b = middle;
            for (size_t i = start; i < end; i++) {
                bool left = a < middle && (b == end || compare(&from[a], &from[b], sort, inverted) <= 0);
                to[i] = left ? from[a++] : from[b++];
            }
        }
        struct order *swap = from;
        from = to;
        to = swap;
    }
    r->order = from;
    r->scratch = to;
}

static void collect_sessions(struct rows *r, const struct rows_input *in)
{
    size_t count = 0;
    for (const struct session *s = model_sessions(in->model); s; s = s->next)
        count += rows_shows(s);
    if (count > r->order_cap) {
        r->order_cap = count + count / 2 + 16;
        r->order = mem_grow(r->order, r->order_cap, sizeof(*r->order));
        r->scratch = mem_grow(r->scratch, r->order_cap, sizeof(*r->scratch));
    }
    struct filter_context context = {.now_ns = in->now_ns, .here = in->here, .here_count = in->here_count};
    if (in->filter && filter_asks_last(in->filter))
        context.last_id = filter_last(in->model);
    r->sessions = 0;
    for (const struct session *s = model_sessions(in->model); s; s = s->next) {
        if (!rows_shows(s) || (in->filter && !filter_session(in->filter, s, &context)))
            continue;
        struct order *o = &r->order[r->sessions++];
        *o = (struct order){.session = s, .status = model_session_status(s, in->now_ns)};
        set_keys(o, in->sort, in->now_ns);
    }
    sort_order(r, in->sort, in->inverted);
}

/* ------------------------------------------------------------------------------------------------ rows */

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

struct building {
    struct rows *rows;
    const struct rows_input *in;
    const struct node *revealed;
};

/* below: an ancestor is FOLD_OPEN_BELOW. */
static struct row *add_row(struct building *b, const struct session *s, const struct node *n, uint32_t depth,
                           bool below)
{
    struct rows *r = b->rows;
    if (r->count == r->cap) {
        r->cap = r->cap ? r->cap * 2 : 256;
        r->items = mem_grow(r->items, r->cap, sizeof(*r->items));
    }
    struct row *row = &r->items[r->count++];
    *row =
        (struct row){.session = s, .node = n, .session_id = s->id, .node_id = n ? n->id : 0, .depth = depth};
    row->has_children = (n ? rows_first_child(n) : s->first_child) != NULL;
    if (!row->has_children)
        return row;
    enum fold fold = folds_get(b->in->folds, fold_id(s->id, row->node_id));
    if (fold == FOLD_AUTO)
        row->open = below || rows_open_by_default(s, n, b->in->now_ns);
    else
        row->open = fold != FOLD_CLOSED;
    row->open = row->open || is_ancestor_of(s, n, b->revealed);
    return row;
}

static bool opens_below(const struct building *b, const struct session *s, const struct node *n)
{
    return folds_get(b->in->folds, fold_id(s->id, n ? n->id : 0)) == FOLD_OPEN_BELOW;
}

/* One child of the session and what is open below it. */
static void add_subtree(struct building *b, const struct session *s, const struct node *top, bool below)
{
    const struct node *n = top;
    uint32_t depth = 1;
    /* The shallowest depth whose row is FOLD_OPEN_BELOW; everything deeper inherits it. */
    uint32_t below_depth = below ? 0 : UINT32_MAX;
    for (;;) {
        struct row *row = add_row(b, s, n, depth, below_depth < depth);
        if (row->open) {
            if (below_depth > depth && opens_below(b, s, n))
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

bool rows_update(struct rows *r, const struct rows_input *in)
{
    uint64_t generation = model_generation(in->model);
    int64_t second = in->now_ns / NS_PER_SEC;
    if (r->valid && r->generation == generation && r->folds_version == in->folds->version &&
        r->second == second && r->sort == in->sort && r->inverted == in->inverted &&
        r->reveal == in->reveal && r->filter_version == in->filter_version)
        return false;
    r->valid = true;
    r->generation = generation;
    r->folds_version = in->folds->version;
    r->second = second;
    r->sort = in->sort;
    r->inverted = in->inverted;
    r->reveal = in->reveal;
    r->filter_version = in->filter_version;

    struct building b = {r, in, in->reveal ? model_node_by_id(in->model, in->reveal) : NULL};
    collect_sessions(r, in);
    r->count = 0;
    for (size_t i = 0; i < r->sessions; i++) {
        const struct session *s = r->order[i].session;
        if (!add_row(&b, s, NULL, 0, false)->open)
            continue;
        bool below = opens_below(&b, s, NULL);
        for (const struct node *n = s->last_child; n; n = n->prev)
            add_subtree(&b, s, n, below);
    }
    return true;
}

size_t rows_find(const struct rows *r, uint64_t session_id, uint64_t node_id, size_t hint)
{
    if (hint < r->count && r->items[hint].session_id == session_id && r->items[hint].node_id == node_id)
        return hint;
    for (size_t i = 0; i < r->count; i++)
        if (r->items[i].session_id == session_id && r->items[i].node_id == node_id)
            return i;
    return r->count;
}
