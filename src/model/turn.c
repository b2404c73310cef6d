/* Turns: one prompt each, whoever tells of it first. */
#include "model_private.h"

int64_t turn_end(const struct entry *turn)
{
    return turn->pub.end_ns;
}

static struct entry *turn_by_trace(struct session_entry *s, const struct event *e)
{
    return e->ids.has_trace_id ? session_index_get(s, INDEX_TRACE, slice_make(e->ids.trace_id, 16)) : NULL;
}

static void set_trace(struct session_entry *s, struct entry *turn, const uint8_t trace_id[16], bool weak)
{
    memcpy(turn->pub.trace_id, trace_id, 16);
    turn->pub.has_trace_id = true;
    turn->weak_trace = weak;
    session_index_put(s, INDEX_TRACE, slice_make(trace_id, 16), turn);
}

static void set_prompt(struct session_entry *s, struct entry *turn, struct slice prompt_id)
{
    turn->pub.key = turn->prompt_id = session_keep(s, prompt_id);
    session_index_put(s, INDEX_PROMPT, prompt_id, turn);
    tree_reorder(turn);
}

static void renumber(struct session_entry *s, struct node *from)
{
    struct node *p = from;
    do
        p = p->prev;
    while (p && p->kind != NODE_TURN);
    int32_t number = p ? p->number : 0;
    for (struct node *n = from; n; n = n->next) {
        if (n->kind != NODE_TURN)
            continue;
        number++;
        if (n != from && n->number == number)
            return; /* the rest is right already */
        n->number = number;
        s->last_turn = as_entry(n);
    }
}

/* Calls that only their time places: those after this turn's start move from the turn before into it. */
static void adopt_by_time(struct session_entry *s, struct entry *turn)
{
    struct node *before = turn->pub.prev;
    while (before && before->kind != NODE_TURN)
        before = before->prev;
    struct node *list_end = before ? before->last_child : NULL;
    for (struct node *n = list_end, *prev; n && n->start_ns >= turn->pub.start_ns; n = prev) {
        prev = n->prev;
        if (as_entry(n)->by_time)
            tree_link(as_entry(n), place_turn_at(s, n->start_ns));
    }
    for (struct node *n = turn->pub.next, *next; n && n->kind != NODE_TURN; n = next) {
        next = n->next;
        if (as_entry(n)->by_time && n->start_ns >= turn->pub.start_ns)
            tree_link(as_entry(n), place_turn_at(s, n->start_ns));
    }
}

void turn_started(struct session_entry *s, struct entry *turn)
{
    struct node *last = s->pub.last_child;
    while (last && last->kind != NODE_TURN)
        last = last->prev;
    struct node *first = s->pub.first_child;
    while (first && first->kind != NODE_TURN)
        first = first->next;
    if (first && (first == &turn->pub || turn->pub.number == 0))
        renumber(s, turn->pub.number == 0 ? &turn->pub : first);
    else if (first)
        renumber(s, first);
    s->last_turn = last ? as_entry(last) : NULL;
    adopt_by_time(s, turn);
    struct node *before = turn->pub.prev;
    while (before && before->kind != NODE_TURN)
        before = before->prev;
    if (before)
        turn_refresh(as_entry(before));
}

/* Another turn that lacks what this one knows, began at about the same time and does not say another text. */
static struct entry *turn_match(struct session_entry *s, const struct event *e, int64_t start)
{
    struct entry *best = NULL;
    int64_t best_gap = TURN_MATCH_NS;
    bool wants_prompt = e->ids.prompt_id.len > 0, wants_trace = e->ids.has_trace_id;
    for (struct node *n = s->last_turn ? &s->last_turn->pub : NULL; n; n = n->prev) {
        if (n->kind != NODE_TURN)
            continue;
        if (n->start_ns + TURN_MATCH_NS < start)
            break;
        struct entry *t = as_entry(n);
        int64_t gap = n->start_ns > start ? n->start_ns - start : start - n->start_ns;
        bool fits = wants_prompt
                        ? t->prompt_id.len == 0 && (!wants_trace || !n->has_trace_id || t->weak_trace)
                    : wants_trace ? !n->has_trace_id || t->weak_trace
                                  : !(n->witnesses & 1u << e->witness);
        if (!wants_prompt && !wants_trace && (t->prompt_id.len || n->has_trace_id))
            fits = false;
        if (n->detail.len && e->detail.len && !slice_eq(n->detail, e->detail))
            fits = false;
        if (fits && gap < best_gap) {
            best = t;
            best_gap = gap;
        }
    }
    return best;
}

/* Moves everything of from into to and takes from out of the tree. */
static void turn_merge(struct session_entry *s, struct entry *to, struct entry *from)
{
    if (to == from)
        return;
    while (from->pub.first_child)
        tree_link(as_entry(from->pub.first_child), to);
    struct event e;
    event_init(&e, EVENT_TURN, WITNESS_NONE);
    e.detail = from->pub.detail;
    tree_set_self(from, &(struct counters){0});
    tree_unlink(from);
    if (from->pub.start_ns && (to->rank[RANKED_START] < from->rank[RANKED_START] || !to->pub.start_ns)) {
        to->pub.start_ns = from->pub.start_ns;
        to->rank[RANKED_START] = from->rank[RANKED_START];
        tree_reorder(to);
    }
    if (from->rank[RANKED_END] > to->rank[RANKED_END]) {
        to->pub.end_ns = from->pub.end_ns;
        to->rank[RANKED_END] = from->rank[RANKED_END];
    }
    if (from->rank[RANKED_DURATION] > to->rank[RANKED_DURATION]) {
        to->pub.duration_ns = from->pub.duration_ns;
        to->rank[RANKED_DURATION] = from->rank[RANKED_DURATION];
    }
    if (from->rank[RANKED_END_REASON] > to->rank[RANKED_END_REASON]) {
        to->pub.end_reason = from->pub.end_reason;
        to->rank[RANKED_END_REASON] = from->rank[RANKED_END_REASON];
    }
    if (from->rank[RANKED_DETAIL] > to->rank[RANKED_DETAIL]) {
        to->pub.detail = from->pub.detail;
        to->rank[RANKED_DETAIL] = from->rank[RANKED_DETAIL];
    }
    to->finished |= from->finished;
    to->confirmed |= from->confirmed;
    to->failed_turn |= from->failed_turn;
    to->pub.witnesses |= from->pub.witnesses;
    if (from->streaming_ns > to->streaming_ns)
        to->streaming_ns = from->streaming_ns;
    if (from->pub.has_span_id && !to->pub.has_span_id) {
        memcpy(to->pub.span_id, from->pub.span_id, 8);
        to->pub.has_span_id = true;
    }
    if (from->pub.has_span_id) {
        struct span_ref *ref = span_ref_get(s, from->pub.span_id);
        if (ref && ref->owner == from)
            ref->owner = to;
    }
    if (from->pub.has_trace_id)
        set_trace(s, to, from->pub.trace_id, from->weak_trace && !to->confirmed);
    if (from->prompt_id.len)
        set_prompt(s, to, from->prompt_id);
    map_remove(&s->model->nodes, slice_make(&from->pub.id, sizeof from->pub.id));
    s->model->stats.nodes--;
    if (s->last_turn == from)
        s->last_turn = to;
    turn_started(s, to);
}

/* Better evidence gives a trace to another turn: its calls go with it. */
static void take_trace_back(struct session_entry *s, struct entry *from, struct entry *to,
                            const uint8_t trace_id[16])
{
    from->pub.has_trace_id = false;
    from->weak_trace = false;
    set_trace(s, to, trace_id, false);
    for (struct node *n = from->pub.first_child, *next; n; n = next) {
        next = n->next;
        if (n->has_trace_id && memcmp(n->trace_id, trace_id, 16) == 0)
            place(as_entry(n));
    }
}

static struct entry *turn_new(struct session_entry *s, const struct event *e, int64_t start)
{
    struct entry *turn = session_new_entry(s, NODE_TURN);
    turn->pub.start_ns = start;
    turn->pub.last_ns = start;
    if (e->ids.prompt_id.len)
        set_prompt(s, turn, e->ids.prompt_id);
    if (e->ids.has_trace_id)
        set_trace(s, turn, e->ids.trace_id, false);
    tree_link(turn, NULL);
    tree_set_self(turn, &(struct counters){.turns = 1});
    turn_started(s, turn);
    return turn;
}

/*
 * The turn that an event belongs to. Only a prompt's own record ties a prompt id to a trace id for good; a
 * call with both, or one whose trace is not known yet, ties them until better is known.
 */
struct entry *turn_get(struct session_entry *s, const struct event *e, bool create)
{
    bool own = e->kind == EVENT_PROMPT;
    bool agents = e->ids.agent_id.len > 0;
    int64_t start = e->start_ns ? e->start_ns : e->time_ns;
    struct entry *by_trace = turn_by_trace(s, e);
    struct entry *by_prompt = e->ids.prompt_id.len && (!agents || !e->ids.has_trace_id)
                                  ? session_index_get(s, INDEX_PROMPT, e->ids.prompt_id)
                                  : NULL;
    if (own && by_trace && by_trace != by_prompt) {
        bool free_of_prompt = by_trace->prompt_id.len == 0;
        if (by_prompt && free_of_prompt) {
            turn_merge(s, by_prompt, by_trace);
            set_trace(s, by_prompt, e->ids.trace_id, false);
        } else if (!by_prompt && free_of_prompt) {
            if (e->ids.prompt_id.len)
                set_prompt(s, by_trace, e->ids.prompt_id);
            return by_trace;
        } else if (by_trace->weak_trace) {
            if (!by_prompt)
                by_prompt = turn_new(s, &(struct event){.ids = {.prompt_id = e->ids.prompt_id}}, start);
            take_trace_back(s, by_trace, by_prompt, e->ids.trace_id);
        } else if (!by_prompt) {
            by_prompt = turn_new(s, &(struct event){.ids = {.prompt_id = e->ids.prompt_id}}, start);
        }
        return by_prompt;
    }
    if (own && by_prompt) {
        if (e->ids.has_trace_id && (!by_prompt->pub.has_trace_id || by_prompt->weak_trace))
            set_trace(s, by_prompt, e->ids.trace_id, false);
        return by_prompt;
    }
    if (by_trace)
        return by_trace;
    if (by_prompt) {
        if (e->ids.has_trace_id && !by_prompt->pub.has_trace_id)
            set_trace(s, by_prompt, e->ids.trace_id, true);
        return by_prompt;
    }
    if (!create)
        return NULL;
    if (e->ids.has_trace_id && e->kind != EVENT_PROMPT && e->kind != EVENT_TURN && !agents) {
        /* A call's span came before anything that names its turn: the open turn without a trace is the likely
         * one. */
        struct entry *at = place_turn_at(s, start);
        if (at && !at->pub.has_trace_id && at->prompt_id.len && !turn_end(at)) {
            set_trace(s, at, e->ids.trace_id, true);
            return at;
        }
    }
    struct entry *match = own || e->kind == EVENT_TURN ? turn_match(s, e, start) : NULL;
    if (match) {
        if (e->ids.prompt_id.len && match->prompt_id.len == 0)
            set_prompt(s, match, e->ids.prompt_id);
        if (e->ids.has_trace_id && (!match->pub.has_trace_id || match->weak_trace))
            set_trace(s, match, e->ids.trace_id, !own);
        return match;
    }
    return turn_new(s, e, start);
}

/* Orphans of a turn that ended were cut off with it; what runs in the background goes on. */
static void close_open_calls(struct node *n)
{
    for (struct node *c = n->first_child; c; c = c->next) {
        struct entry *e = as_entry(c);
        if (c->kind == NODE_TOOL && e->is_open)
            call_refresh(e);
        if (c->kind != NODE_AGENT || !c->background)
            close_open_calls(c);
    }
}

void turn_refresh(struct entry *turn)
{
    struct session_entry *s = (struct session_entry *)turn->pub.session;
    struct node *p = &turn->pub;
    struct node *later = p->next;
    while (later && later->kind != NODE_TURN)
        later = later->next;
    bool over = turn->finished;
    if (!over && later) {
        over = true;
        if (p->end_reason.len == 0)
            p->end_reason = SLICE_LIT("new_prompt");
    } else if (!over && s->ended && s->ended_ns >= p->last_ns) {
        over = true;
        if (p->end_reason.len == 0)
            p->end_reason = SLICE_LIT("session_end");
    } else if (!over && slice_eq_str(p->end_reason, "new_prompt")) {
        p->end_reason = SLICE_NULL;
    }
    p->state = turn->failed_turn ? NODE_FAILED : over ? NODE_DONE : NODE_RUNNING;
    if (over)
        close_open_calls(p);
}

void turn_apply(struct session_entry *s, const struct event *e)
{
    struct entry *turn = NULL;
    char key[32];
    struct slice once = SLICE_NULL;
    if (e->ids.prompt_id.len == 0 && !e->ids.has_trace_id) {
        /* Old clients: the record itself is the key, so that the same one twice is still one prompt. */
        memcpy(key, &e->witness, sizeof e->witness);
        memcpy(key + sizeof e->witness, &e->time_ns, sizeof e->time_ns);
        once = slice_make(key, sizeof e->witness + sizeof e->time_ns);
        turn = session_index_get(s, INDEX_OTHER, once);
        if (!turn && e->kind != EVENT_PROMPT)
            turn = place_turn_at(s, e->time_ns);
        if (!turn && e->kind != EVENT_PROMPT)
            return;
    }
    if (!turn)
        turn = turn_get(s, e, true);
    if (once.ptr && e->kind == EVENT_PROMPT)
        session_index_put(s, INDEX_OTHER, once, turn);

    int64_t start_before = turn->pub.start_ns;
    struct event facts = *e;
    facts.name = SLICE_NULL;
    if (e->kind == EVENT_PROMPT) {
        /* Text typed into a running turn is a second prompt of the same id: the first one stays its start. */
        facts.start_ns =
            turn->rank[RANKED_START] >= merge_rank(e) && turn->pub.start_ns < e->time_ns ? 0 : e->time_ns;
        facts.phase = PHASE_UNKNOWN;
        if (turn->confirmed && turn->rank[RANKED_START] == merge_rank(&facts) &&
            turn->pub.start_ns < e->time_ns)
            facts.detail = SLICE_NULL;
        if (facts.start_ns && turn->rank[RANKED_START] == merge_rank(&facts) &&
            facts.start_ns < turn->pub.start_ns)
            turn->rank[RANKED_START] = turn->rank[RANKED_DETAIL] = 0;
    }
    facts.source = SLICE_NULL;
    facts.ids.has_trace_id = false;
    merge_common(turn, &facts);
    if (e->kind == EVENT_PROMPT || e->span_role == SPAN_ROLE_TURN)
        turn->confirmed = true;
    if (e->kind == EVENT_TURN && e->phase == PHASE_FINISHED) {
        merge_text(turn, RANKED_END_REASON, merge_rank(e), &turn->pub.end_reason, e->source);
        turn->failed_turn |= e->failed;
    }
    if (e->kind == EVENT_TURN && e->phase == PHASE_STARTED && e->time_ns > turn->streaming_ns)
        turn->streaming_ns = e->time_ns;
    if (e->ids.has_span_id && (e->span_role == SPAN_ROLE_TURN)) {
        memcpy(turn->pub.span_id, e->ids.span_id, 8);
        turn->pub.has_span_id = true;
        span_ref_own(s, e->ids.span_id, turn);
    }
    static const char *const start_sources[] = {[WITNESS_NONE] = "",
                                                [WITNESS_METRIC] = "",
                                                [WITNESS_HOOK] = "hook",
                                                [WITNESS_LOG] = "event",
                                                [WITNESS_SPAN] = "span"};
    if (e->kind == EVENT_PROMPT || e->span_role == SPAN_ROLE_TURN)
        merge_text(turn, RANKED_SOURCE, merge_rank(e), &turn->pub.source,
                   slice_str(start_sources[e->witness]));
    tree_note_time(turn, e->time_ns);
    if (turn->pub.start_ns != start_before)
        turn_started(s, turn);
    turn_refresh(turn);
}
