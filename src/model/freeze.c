/*
 * What of a long session is left alone.
 *
 * Settling is a pure function of all that is known of a session, at a cost of one pass over it. Of a session
 * that goes on for days nearly everything is over: its early turns have ended, and nothing that comes now can
 * change them. They are frozen: all turns before a moment, with everything in them and between them, when all
 * of it had ended by then and some time has passed. What is frozen stands in the tree as it is, with its sums
 * kept, and no pass looks at it.
 *
 * Whatever might reach back undoes it, for a full pass: an event that touches something frozen (an entry, a
 * span), one that is older than the moment, and the few facts about the session as a whole that say how turns
 * end. So the outcome is what it would be without freezing, which the tests hold against each other.
 */
#include "mem.h"
#include "model_private.h"

#include <stdlib.h>

/* Things without ids are joined when they are this close: none such may lie across the moment. */
#define FREEZE_GAP_NS (INT64_C(3) * 1000000000)

_Static_assert(sizeof((struct frozen *)0)->used / sizeof(int64_t) == METRICS_COMPARED, "one sum each");

/* What lies in one turn, by time. */
struct extent {
    int64_t first_ns, last_ns;
    bool open;
};

static void widen(struct extent *x, int64_t ns)
{
    if (ns <= 0)
        return;
    if (x->first_ns == 0 || ns < x->first_ns)
        x->first_ns = ns;
    if (ns > x->last_ns)
        x->last_ns = ns;
}

/* A tool call also reaches as far as a question about it may be asked, and the answer that asked for it. */
static void widen_tool(struct extent *x, const struct entry *e)
{
    if (e->pub.kind != NODE_TOOL)
        return;
    widen(x, ask_until(e));
    const struct entry *llm = asked_by(e->view);
    if (!llm || !llm->visible)
        return;
    widen(x, llm->pub.start_ns);
    widen(x, llm->pub.end_ns);
    widen(x, llm->pub.last_ns);
}

/* A trace that names a prompt, or a prompt a trace, which is another turn's so far: not for good, perhaps. */
static bool is_undecided(const struct entry *turn)
{
    const struct entry *root = entry_root((struct entry *)turn);
    const struct entry *proof = link_entry(&turn->turn->proof), *hint = link_entry(&turn->turn->hint);
    return (proof && entry_root((struct entry *)proof) != root) ||
           (hint && entry_root((struct entry *)hint) != root);
}

/* Its state may still change without anything being heard of it. */
static bool is_open(const struct entry *e)
{
    const struct node *p = &e->pub;
    return p->state == NODE_RUNNING || p->state == NODE_WAITING || p->state == NODE_UNKNOWN ||
           (e->turn &&
            (slice_eq_str(p->end_reason, "session_end") || e->unheard || e->rested || is_undecided(e))) ||
           (p->kind == NODE_COMPACTION && !e->finished);
}

/* Which turn it lies in, or, outside of them, after: an index among the turns that are not frozen; -1:
 * before. */
static ptrdiff_t lies_in(const struct session_entry *s, const struct entry *e)
{
    const struct node *n = &e->pub;
    while (n->parent)
        n = n->parent;
    if (n->kind == NODE_TURN)
        return n->number - 1 - (ptrdiff_t)s->frozen.turns;
    const struct entry *turn = turn_at(s, n->start_ns);
    return turn ? turn->pub.number - 1 - (ptrdiff_t)s->frozen.turns : -1;
}

static void measure(const struct session_entry *s, struct extent *extents)
{
    for (size_t i = 0; i < s->live; i++) {
        const struct entry *e = s->all[i];
        if (!e->visible)
            continue;
        ptrdiff_t at = lies_in(s, e) + 1;
        struct extent *x = &extents[at < 0 ? 0 : at];
        widen(x, e->pub.start_ns);
        widen(x, e->pub.end_ns);
        widen(x, e->pub.last_ns);
        widen_tool(x, e);
        x->open |= is_open(e);
    }
}

/* How many of the turns that are not frozen may be: those before one that began after all of theirs was over.
 */
static size_t choose(const struct session_entry *s, const struct extent *extents, size_t turns)
{
    int64_t now = s->pub.last_activity_ns - s->model->config.freeze_after_ns, last = 0;
    int64_t *least = mem_array(turns + 2, sizeof *least); /* first word of a turn and all after it */
    size_t best = 0;
    least[turns + 1] = INT64_MAX;
    for (size_t i = turns + 1; i-- > 0;) {
        int64_t first = extents[i].first_ns;
        least[i] = first && first < least[i + 1] ? first : least[i + 1];
    }
    if (s->metrics && s->metrics->pub.as_of_ns - METRIC_EDGE_NS < now)
        now = s->metrics->pub.as_of_ns - METRIC_EDGE_NS;
    for (size_t k = 0; k < turns; k++) {
        const struct extent *x = &extents[k]; /* extents[0] lies before the first turn */
        last = x->last_ns > last ? x->last_ns : last;
        if (x->open || last > now)
            break;
        const struct entry *next = s->turns[s->frozen.turns + k];
        int64_t begins = next->pub.start_ns;
        /* A trace that begins later is not taken for that of a prompt before this one. */
        bool sure = s->trace_count == 0 ||
                    (next->turn->kind == TURN_PROMPT && next->f.known && next->match_ns <= begins);
        bool fits = sure && last + (s->idless ? FREEZE_GAP_NS : 0) < begins && least[k + 1] >= begins;
        /* What begins together may yet turn out to be one turn. */
        fits = fits && (k == 0 || s->turns[s->frozen.turns + k - 1]->pub.start_ns + TURN_MATCH_NS <= begins);
        if (fits && k > 0)
            best = k;
    }
    free(least);
    return best;
}

static bool goes(const struct entry *e, int64_t before_ns)
{
    const struct entry *root = entry_root((struct entry *)e);
    if (root->visible)
        return root->pub.start_ns < before_ns;
    /* What nobody sees stays together with what it is one with, and that may have no time yet. */
    if (root != e || e->guests)
        return false;
    return !(e->turn && is_undecided(e)) && e->f.first_ns > 0 && e->f.first_ns < before_ns &&
           e->f.last_ns < before_ns;
}

static void add_up(struct session_entry *s, const struct entry *e)
{
    static const enum fact fields[METRICS_COMPARED] = {FACT_COST, FACT_INPUT, FACT_OUTPUT, FACT_CACHE_READ,
                                                       FACT_CACHE_CREATION};
    struct frozen *z = &s->frozen;
    if (!e->visible)
        return;
    if (!e->pub.parent) {
        counters_add(&z->total, &e->pub.total, 1);
        z->last_child = z->last_child && entry_cmp(as_entry(z->last_child), e) > 0 ? z->last_child
                                                                                   : (struct node *)&e->pub;
    }
    if (e->pub.kind != NODE_LLM)
        return;
    z->cost_unknown |= facts_number(e->view, FACT_COST) < 0 && !e->view->failed;
    for (size_t k = 0; k < METRICS_COMPARED; k++)
        if (facts_number(e->view, fields[k]) > 0)
            z->used[k] += facts_number(e->view, fields[k]);
    if (!e->view->auxiliary && !e->view->agent.to && e->pub.model.len &&
        (!z->newest_llm || entry_cmp(e, z->newest_llm) > 0))
        z->newest_llm = (struct entry *)e;
}

/* Frozen traces go to the front, both parts as they stand: oldest first. */
static bool split_traces(struct session_entry *s, int64_t before_ns)
{
    size_t front = s->frozen.traces;
    for (size_t i = front; i < s->trace_count; i++) {
        if (!goes(s->traces[i], before_ns) || s->traces[i]->f.first_ns >= before_ns)
            break;
        front++;
    }
    for (size_t i = front; i < s->trace_count; i++)
        if (goes(s->traces[i], before_ns))
            return false;
    s->frozen.traces = front;
    return true;
}

static void set_aside(struct session_entry *s)
{
    for (struct span_ref **at = &s->waits; *at;) {
        struct span_ref *w = *at;
        const struct entry *tool = w->owner ? w->owner : w->parent ? w->parent->owner : NULL;
        if (!tool || !tool->frozen) {
            at = &w->next_wait;
            continue;
        }
        *at = w->next_wait;
        w->next_wait = s->frozen.waits;
        s->frozen.waits = w;
    }
    for (struct ask **at = &s->asks; *at;) {
        struct ask *a = *at;
        bool over = a->ns < s->frozen.before_ns && a->ns < s->pub.last_activity_ns;
        if (!(a->of ? a->of->frozen : over)) {
            at = &a->next;
            continue;
        }
        *at = a->next;
        a->next = s->frozen.asks;
        s->frozen.asks = a;
    }
}

static void tie(struct entry *e)
{
    if (e && !e->frozen)
        e->tied = true;
}

static void tie_span(struct span_ref *ref)
{
    if (!ref)
        return;
    ref->tied = true;
    tie(ref->owner);
    if (ref->parent) {
        ref->parent->tied = true;
        tie(ref->parent->owner);
    }
}

/* What was frozen may point to what was not: a word of that changes what is frozen. */
static void tie_links(const struct entry *e)
{
    const struct facts *f = &e->f;
    const struct link *const entries[] = {&f->agent, &f->trace, &f->prompt, &f->spawner, &f->llm};
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++)
        tie(link_entry(entries[i]));
    tie_span(link_span(&f->parent_span));
    tie_span(link_span(&f->llm_span));
}

static void freeze(struct session_entry *s, size_t turns)
{
    struct frozen *z = &s->frozen;
    int64_t before_ns = s->turns[z->turns + turns]->pub.start_ns;
    if (!split_traces(s, before_ns))
        return;
    z->before_ns = before_ns;
    z->turns += turns;
    if (!z->first_child)
        z->first_child = s->pub.first_child;
    struct entry **gone = mem_array(s->live, sizeof(struct entry *));
    size_t live = 0, count = 0;
    for (size_t i = 0; i < s->live; i++) {
        struct entry *e = s->all[i];
        e->frozen = goes(e, before_ns);
        if (e->frozen) {
            add_up(s, e);
            gone[count++] = e;
        } else {
            s->all[live++] = e;
        }
    }
    for (size_t i = live; i < s->live; i++)
        tie_links(gone[i - live]);
    free(gone);
    s->model->stats.frozen_nodes += s->live - live;
    s->live = live;
    set_aside(s);
}

void freeze_settle(struct session_entry *s)
{
    size_t turns = s->turn_count - s->frozen.turns;
    bool quiet = s->turn_count && s->turns[0]->made;
    if (s->live <= s->model->config.freeze_above || turns < 2 || quiet)
        return;
    struct extent *extents = mem_array(turns + 1, sizeof *extents);
    measure(s, extents);
    size_t count = choose(s, extents, turns);
    free(extents);
    if (count)
        freeze(s, count);
}

void freeze_undo(struct session_entry *s)
{
    s->thaw = false;
    if (s->frozen.before_ns == 0)
        return;
    s->thaws++;
    while (s->frozen.waits) {
        struct span_ref *w = s->frozen.waits;
        s->frozen.waits = w->next_wait;
        w->next_wait = s->waits;
        s->waits = w;
    }
    while (s->frozen.asks) {
        struct ask *a = s->frozen.asks;
        s->frozen.asks = a->next;
        a->next = s->asks;
        s->asks = a;
    }
    s->frozen = (struct frozen){0};
    s->model->stats.frozen_nodes -= s->count - s->live;
    for (size_t i = 0; i < s->count; i++) {
        s->all[i] = s->made[i];
        s->all[i]->frozen = s->all[i]->tied = false;
    }
    s->live = s->count;
}

void freeze_check(struct session_entry *s, const struct event *e)
{
    int64_t before = s->frozen.before_ns;
    if (e->kind == EVENT_STARTUP && !e->ids.has_trace_id && e->ids.prompt_id.len == 0)
        return; /* it is in no turn */
    s->thaw |= (e->time_ns > 0 && e->time_ns < before) || (e->start_ns > 0 && e->start_ns < before) ||
               (e->end_ns > 0 && e->end_ns < before);
}
