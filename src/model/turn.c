/*
 * Which turn something belongs to.
 *
 * A turn has a prompt id (hooks, log events) and a trace id (spans, log events). Only the prompt's own log
 * event says both for certain. Until it comes, or when it never does, the two are joined by a guess (weak):
 * the same call names both, or they began together and do not say different texts. Evidence undoes a guess:
 * the trace takes its span's facts and its calls along, so that nothing of the guess remains.
 */
#include "model_private.h"

static struct slice trace_key(const uint8_t trace_id[16])
{
    return slice_make(trace_id, 16);
}

static void set_trace(struct session_entry *s, struct entry *turn, const uint8_t trace_id[16], bool weak)
{
    uint8_t id[16];
    memcpy(id, trace_id, 16); /* trace_id may be the turn's own */
    memcpy(turn->pub.trace_id, id, 16);
    turn->pub.has_trace_id = true;
    turn->weak_trace = weak;
    session_index_put(s, INDEX_TRACE, trace_key(id), turn);
}

static void set_prompt(struct session_entry *s, struct entry *turn, struct slice prompt_id)
{
    turn->pub.key = turn->prompt_id = session_keep(s, prompt_id);
    session_index_put(s, INDEX_PROMPT, prompt_id, turn);
    tree_reorder(turn);
}

static struct entry *turn_new(struct session_entry *s, int64_t start)
{
    struct entry *turn = session_new_entry(s, NODE_TURN);
    turn->pub.start_ns = turn->pub.last_ns = start;
    tree_link(turn, NULL);
    tree_set_self(turn, &(struct counters){.turns = 1});
    turn_derive(turn);
    return turn;
}

static void move_span(struct session_entry *s, struct entry *from, struct entry *to)
{
    to->span = from->span;
    from->span = (struct turn_span){0};
    from->pub.witnesses &= ~(1u << WITNESS_SPAN);
    if (!to->span.known)
        return;
    to->pub.witnesses |= 1u << WITNESS_SPAN;
    struct span_ref *ref = to->span.has_span_id ? span_ref_get(s, to->span.span_id) : NULL;
    if (ref && ref->owner == from)
        ref->owner = to;
}

/* The calls of a trace, to another turn. */
static void move_calls(struct entry *from, struct entry *to, const uint8_t trace_id[16])
{
    for (struct node *n = from->pub.first_child, *next; n; n = next) {
        next = n->next;
        if (n->has_trace_id && memcmp(n->trace_id, trace_id, 16) == 0)
            tree_link(as_entry(n), to);
    }
}

/* Takes the trace of a guess away from a prompt; returns the turn that has it now. */
static struct entry *split(struct session_entry *s, struct entry *turn)
{
    uint8_t id[16];
    memcpy(id, turn->pub.trace_id, 16);
    struct entry *t = turn_new(s, turn->span.known ? turn->span.start_ns : turn->pub.start_ns);
    turn->pub.has_trace_id = false;
    turn->weak_trace = false;
    set_trace(s, t, id, false);
    move_span(s, turn, t);
    move_calls(turn, t, id);
    turn_derive(turn);
    turn_derive(t);
    return t;
}

/* Makes one turn of a prompt without a trace and a trace without a prompt. */
static void join(struct session_entry *s, struct entry *p, struct entry *t, bool weak)
{
    if (p == t)
        return;
    while (t->pub.first_child)
        tree_link(as_entry(t->pub.first_child), p);
    move_span(s, t, p);
    if (t->streaming_ns > p->streaming_ns)
        p->streaming_ns = t->streaming_ns;
    set_trace(s, p, t->pub.trace_id, weak);
    turn_unlist(s, t);
    turn_derive(p);
}

static int64_t gap_between(int64_t a, int64_t b)
{
    return a > b ? a - b : b - a;
}

/* The turn nearest in time that lacks what this one has and does not say another text. */
static struct entry *match(struct session_entry *s, int64_t start, struct slice text, bool want_trace,
                           bool want_prompt)
{
    struct entry *best = NULL;
    int64_t best_gap = TURN_MATCH_NS;
    for (struct node *n = s->last_turn ? &s->last_turn->pub : NULL; n; n = n->prev) {
        struct entry *t = as_entry(n);
        if (n->kind != NODE_TURN)
            continue;
        if (n->start_ns + TURN_MATCH_NS < start)
            break;
        bool fits = n->has_trace_id == want_trace && (t->prompt_id.len > 0) == want_prompt;
        if (n->detail.len && text.len && !slice_eq(n->detail, text))
            fits = false;
        if (fits && gap_between(n->start_ns, start) < best_gap) {
            best = t;
            best_gap = gap_between(n->start_ns, start);
        }
    }
    return best;
}

/* The prompt's own record: with a trace id it is evidence, from a hook it is a prompt id alone. */
static struct entry *get_for_prompt(struct session_entry *s, const struct event *e)
{
    int64_t start = e->start_ns ? e->start_ns : e->time_ns;
    const uint8_t *id = e->ids.trace_id;
    struct entry *p = session_index_get(s, INDEX_PROMPT, e->ids.prompt_id);
    if (!e->ids.has_trace_id) {
        if (p)
            return p;
        p = match(s, start, e->detail, true, false);
        bool guess = p != NULL;
        if (!p)
            p = turn_new(s, start);
        set_prompt(s, p, e->ids.prompt_id);
        p->weak_trace = guess;
        return p;
    }
    struct entry *t = session_index_get(s, INDEX_TRACE, trace_key(id));
    if (t && t != p && t->prompt_id.len) {
        if (!t->weak_trace)
            return p ? p
                     : get_for_prompt(
                           s, &(struct event){.start_ns = start, .ids = {.prompt_id = e->ids.prompt_id}});
        t = split(s, t);
    }
    if (p && p->pub.has_trace_id && memcmp(p->pub.trace_id, id, 16) != 0) {
        if (!p->weak_trace)
            return p; /* one prompt in two traces: the first evidence stands */
        split(s, p);
    }
    if (p && t) {
        join(s, p, t, false);
    } else if (t) {
        set_prompt(s, t, e->ids.prompt_id);
        p = t;
    } else {
        if (!p) {
            p = turn_new(s, start);
            set_prompt(s, p, e->ids.prompt_id);
        }
        set_trace(s, p, id, false);
    }
    p->weak_trace = false;
    return p;
}

static struct entry *get_for_span(struct session_entry *s, const struct event *e)
{
    struct entry *t = session_index_get(s, INDEX_TRACE, trace_key(e->ids.trace_id));
    if (t)
        return t;
    t = match(s, e->start_ns, e->detail, false, true);
    bool guess = t != NULL;
    if (!t)
        t = turn_new(s, e->start_ns);
    set_trace(s, t, e->ids.trace_id, guess);
    return t;
}

static struct entry *get_for_call(struct session_entry *s, const struct event *e)
{
    int64_t start = e->start_ns ? e->start_ns : e->time_ns;
    struct entry *t =
        e->ids.has_trace_id ? session_index_get(s, INDEX_TRACE, trace_key(e->ids.trace_id)) : NULL;
    if (t)
        return t;
    /* prompt.id is the process's newest prompt: not that of an agent in the background. */
    bool trust_prompt = e->ids.prompt_id.len > 0 && (e->ids.agent_id.len == 0 || !e->ids.has_trace_id);
    struct entry *p = trust_prompt ? session_index_get(s, INDEX_PROMPT, e->ids.prompt_id) : NULL;
    if (!e->ids.has_trace_id) {
        if (!p) {
            p = turn_new(s, start);
            set_prompt(s, p, e->ids.prompt_id);
        }
        return p;
    }
    if (!p && !trust_prompt && e->ids.agent_id.len == 0) {
        /* A call's span came before anything that names its turn: the open turn without a trace is the likely
         * one. */
        p = place_turn_at(s, start);
        if (p && (p->prompt_id.len == 0 || p->prompt_end_ns))
            p = NULL;
    }
    if (p && p->pub.has_trace_id)
        p = NULL;
    bool guess = p != NULL;
    if (!p) {
        p = turn_new(s, start);
        if (trust_prompt && !session_index_get(s, INDEX_PROMPT, e->ids.prompt_id)) {
            set_prompt(s, p, e->ids.prompt_id);
            guess = true;
        }
    }
    set_trace(s, p, e->ids.trace_id, guess);
    return p;
}

/* Old clients give a prompt no id: the record itself is the key, so that the same one twice is still one
 * prompt. */
static struct entry *get_by_record(struct session_entry *s, const struct event *e)
{
    char key[sizeof e->witness + sizeof e->time_ns];
    memcpy(key, &e->witness, sizeof e->witness);
    memcpy(key + sizeof e->witness, &e->time_ns, sizeof e->time_ns);
    struct slice once = slice_make(key, sizeof key);
    struct entry *turn = session_index_get(s, INDEX_OTHER, once);
    if (!turn) {
        turn = match(s, e->time_ns, e->detail, false, false);
        if (turn && turn->prompt_witnesses & 1u << e->witness)
            turn = NULL; /* the same witness twice means two prompts */
        if (!turn)
            turn = turn_new(s, e->time_ns);
        session_index_put(s, INDEX_OTHER, once, turn);
    }
    return turn;
}

struct entry *turn_get(struct session_entry *s, const struct event *e)
{
    if (e->ids.prompt_id.len == 0 && !e->ids.has_trace_id)
        return e->kind == EVENT_PROMPT ? get_by_record(s, e)
                                       : place_turn_at(s, e->start_ns ? e->start_ns : e->time_ns);
    if (e->kind == EVENT_PROMPT && e->ids.prompt_id.len)
        return get_for_prompt(s, e);
    if (e->kind == EVENT_TURN && e->witness == WITNESS_SPAN && e->ids.has_trace_id)
        return get_for_span(s, e);
    return get_for_call(s, e);
}
