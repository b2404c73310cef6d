/* What is known of a turn: when it began and ended, why, and what its end leaves behind. */
#include "model_private.h"

static struct node *turn_before(const struct node *n)
{
    do
        n = n->prev;
    while (n && n->kind != NODE_TURN);
    return (struct node *)n;
}

static struct node *turn_after(const struct node *n)
{
    do
        n = n->next;
    while (n && n->kind != NODE_TURN);
    return (struct node *)n;
}

/* Numbers in start order. Usually the newest turn is the last one and only it is visited. */
static void renumber(struct session_entry *s, struct node *from)
{
    struct node *before = turn_before(from);
    int32_t number = before ? before->number : 0;
    for (struct node *n = from; n; n = turn_after(n)) {
        n->number = ++number;
        s->last_turn = as_entry(n);
    }
}

/* Calls that only their time places follow when a turn begins, or turns out to have begun, elsewhere. */
static void replace_by_time(struct session_entry *s, struct entry *turn, int64_t since)
{
    struct node *before = turn_before(&turn->pub);
    struct node *lists[] = {before ? before->last_child : NULL, turn->pub.last_child};
    for (size_t i = 0; i < 2; i++) {
        for (struct node *n = lists[i], *prev; n && n->start_ns >= since; n = prev) {
            prev = n->prev;
            if (as_entry(n)->by_time)
                tree_link(as_entry(n), place_turn_at(s, n->start_ns));
        }
    }
    for (struct node *n = turn->pub.next, *next; n && n->kind != NODE_TURN; n = next) {
        next = n->next;
        if (as_entry(n)->by_time)
            tree_link(as_entry(n), place_turn_at(s, n->start_ns));
    }
}

static void moved(struct session_entry *s, struct entry *turn, int64_t start_before)
{
    struct node *n = &turn->pub;
    struct node *first = turn_before(n);
    renumber(s, first ? first : n);
    /* When it moved later, turns that it left behind need new numbers too. */
    if (start_before && start_before < n->start_ns) {
        struct node *head = n->session->first_child;
        while (head && head->kind != NODE_TURN)
            head = head->next;
        if (head)
            renumber(s, head);
    }
    replace_by_time(s, turn, start_before && start_before < n->start_ns ? start_before : n->start_ns);
    struct node *before = turn_before(n);
    if (before)
        turn_refresh(as_entry(before));
}

void turn_unlist(struct session_entry *s, struct entry *turn)
{
    struct node *after = turn_after(&turn->pub), *before = turn_before(&turn->pub);
    tree_set_self(turn, &(struct counters){0});
    tree_unlink(turn);
    map_remove(&s->model->nodes, slice_make(&turn->pub.id, sizeof turn->pub.id));
    s->model->stats.nodes--;
    if (s->last_turn == turn)
        s->last_turn = before ? as_entry(before) : NULL;
    if (after)
        renumber(s, after);
}

void turn_derive(struct entry *turn)
{
    struct session_entry *s = (struct session_entry *)turn->pub.session;
    struct node *p = &turn->pub;
    int64_t start = turn->span.known ? turn->span.start_ns : turn->prompt_ns ? turn->prompt_ns : p->start_ns;
    int64_t before = p->start_ns;
    p->end_ns = turn->span.known ? turn->span.end_ns : turn->prompt_end_ns;
    p->duration_ns = p->end_ns && p->end_ns >= start ? p->end_ns - start : -1;
    p->detail = turn->prompt_text.len ? turn->prompt_text : turn->span.detail;
    p->redacted |= turn->span.redacted;
    p->has_span_id = turn->span.has_span_id;
    memcpy(p->span_id, turn->span.span_id, sizeof p->span_id);
    turn->finished = turn->span.known || turn->prompt_end_ns;
    if (start != before) {
        p->start_ns = start;
        tree_reorder(turn);
    }
    if (start != before || p->number == 0)
        moved(s, turn, p->number == 0 ? 0 : before);
    tree_note_time(turn, p->end_ns);
    turn_refresh(turn);
}

/* Orphans of a turn that ended were cut off with it; what runs in the background goes on. */
static void close_open_calls(struct node *n)
{
    for (struct node *c = n->first_child; c; c = c->next) {
        if (c->kind == NODE_TOOL && (as_entry(c)->is_open || c->state == NODE_INTERRUPTED))
            call_refresh(as_entry(c));
        if (c->kind != NODE_AGENT || !c->background)
            close_open_calls(c);
    }
}

void turn_refresh(struct entry *turn)
{
    struct session_entry *s = (struct session_entry *)turn->pub.session;
    struct node *p = &turn->pub;
    bool over = turn->finished;
    if (!over) {
        bool session_over = s->ended && s->ended_ns >= p->last_ns;
        over = turn_after(p) != NULL || session_over;
        if (turn->rank[RANKED_END_REASON] == 0)
            p->end_reason = turn_after(p)  ? SLICE_LIT("new_prompt")
                            : session_over ? SLICE_LIT("session_end")
                                           : SLICE_NULL;
    } else if (turn->rank[RANKED_END_REASON] == 0) {
        p->end_reason = SLICE_LIT("span_end");
    }
    enum node_state before = p->state;
    p->state = turn->failed_turn ? NODE_FAILED : over ? NODE_DONE : NODE_RUNNING;
    if (p->state != before)
        close_open_calls(p);
}

static void span_facts(struct session_entry *s, struct entry *turn, const struct event *e)
{
    turn->span.known = true;
    turn->span.start_ns = e->start_ns;
    turn->span.end_ns = e->end_ns;
    turn->span.redacted = e->redacted;
    if (e->detail.len && !slice_eq(turn->span.detail, e->detail))
        turn->span.detail = session_keep(s, e->detail);
    if (e->ids.has_span_id) {
        memcpy(turn->span.span_id, e->ids.span_id, sizeof turn->span.span_id);
        turn->span.has_span_id = true;
        span_ref_own(s, e->ids.span_id, turn);
    }
    turn->pub.witnesses |= 1u << WITNESS_SPAN;
}

/* Text typed into a running turn is a further prompt of the same id: the first one is the turn's. */
static void prompt_facts(struct session_entry *s, struct entry *turn, const struct event *e)
{
    uint8_t rank = merge_rank(e);
    bool better =
        rank > turn->rank[RANKED_START] || (rank == turn->rank[RANKED_START] && e->time_ns < turn->prompt_ns);
    turn->confirmed = true;
    turn->pub.redacted |= e->redacted;
    turn->pub.witnesses |= 1u << e->witness;
    turn->prompt_witnesses |= 1u << e->witness;
    if (!better && turn->prompt_text.len)
        return;
    if (better) {
        turn->prompt_ns = e->time_ns;
        turn->rank[RANKED_START] = rank;
    }
    if (e->detail.len && !slice_eq(turn->prompt_text, e->detail))
        turn->prompt_text = session_keep(s, e->detail);
}

static void end_facts(struct entry *turn, const struct event *e)
{
    uint8_t rank = merge_rank(e);
    merge_time(turn, RANKED_END, rank, &turn->prompt_end_ns, e->end_ns, 0);
    merge_text(turn, RANKED_END_REASON, rank, &turn->pub.end_reason, e->source);
    if (e->failed) {
        turn->failed_turn = true;
        merge_text(turn, RANKED_ERROR, rank, &turn->pub.error_type, e->error_type);
        if (e->error_message.len)
            turn->pub.error_message =
                session_keep((struct session_entry *)turn->pub.session, e->error_message);
    }
    turn->pub.witnesses |= 1u << e->witness;
}

void turn_apply(struct session_entry *s, const struct event *e)
{
    struct entry *turn = turn_get(s, e);
    if (!turn)
        return;
    if (e->kind == EVENT_PROMPT)
        prompt_facts(s, turn, e);
    else if (e->witness == WITNESS_SPAN)
        span_facts(s, turn, e);
    else if (e->phase == PHASE_FINISHED)
        end_facts(turn, e);
    else if (e->time_ns > turn->streaming_ns)
        turn->streaming_ns = e->time_ns;
    /* A hook starts a turn at once, the log event some seconds later; with neither, calls prove that it ran.
     */
    turn->pub.source = turn->pub.witnesses & 1u << WITNESS_HOOK  ? SLICE_LIT("hook")
                       : turn->pub.witnesses & 1u << WITNESS_LOG ? SLICE_LIT("event")
                       : turn->span.known                        ? SLICE_LIT("span")
                                                                 : SLICE_LIT("heuristic");
    tree_note_time(turn, e->time_ns);
    turn_derive(turn);
}
