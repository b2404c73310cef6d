/*
 * Which entries are one turn.
 *
 * A turn has a prompt id (hooks, log events) and a trace id (spans, log events). The prompt's own log event
 * says both: proof. Where it is missing, a call that names both is a hint; without either, a prompt and a
 * trace are one when they began together and do not say different texts. Old clients give no ids: then a
 * hook's prompt and a log event's are joined by time alone.
 */
#include "mem.h"
#include "model_private.h"

#include <stdlib.h>

struct pool {
    struct entry **items;
    size_t count;
};

static int64_t began(const struct entry *turn)
{
    int64_t start = facts_time(&turn->f, FACT_START);
    return start ? start : turn->f.first_ns;
}

static bool say_the_same(const struct entry *host, const struct entry *guest)
{
    struct slice a = host->f.texts[FACT_DETAIL], b = guest->f.texts[FACT_DETAIL];
    return a.len == 0 || b.len == 0 || slice_eq(a, b);
}

static const struct match together = {TURN_MATCH_NS, say_the_same};

static bool has_trace(const struct entry *prompt)
{
    if (prompt->turn->proof.to)
        return true;
    for (const struct entry *g = prompt->guests; g; g = g->next_guest)
        if (g->turn->kind == TURN_TRACE)
            return true;
    return false;
}

static void join_by_proof(struct session_entry *s)
{
    for (size_t i = s->frozen.traces; i < s->trace_count; i++) {
        struct entry *trace = s->traces[i], *prompt = link_entry(&trace->turn->proof);
        if (prompt && link_entry(&prompt->turn->proof) == trace)
            match_join(prompt, trace);
    }
}

static void join_by_hint(struct session_entry *s, struct pool *prompts)
{
    for (size_t i = s->frozen.traces; i < s->trace_count; i++) {
        struct entry *trace = s->traces[i], *prompt = link_entry(&trace->turn->hint);
        if (trace->turn->proof.to || !prompt || prompt->turn->proof.to)
            continue;
        const struct link *mine = &trace->turn->hint;
        const struct link *best = prompt->best ? &prompt->best->turn->hint : NULL;
        if (!best || mine->ns < best->ns ||
            (mine->ns == best->ns && slice_cmp(trace->key, prompt->best->key) < 0))
            prompt->best = trace;
    }
    for (size_t i = 0; i < prompts->count; i++)
        if (prompts->items[i]->best)
            match_join(prompts->items[i], prompts->items[i]->best);
}

/* The trace's own span has not come (and may never): then it is that of the prompt that was open, if that one
 * has none. */
static void join_open(struct pool *prompts, struct pool *traces)
{
    for (size_t i = 0; i < prompts->count; i++)
        prompts->items[i]->best = NULL;
    for (size_t i = 0; i < traces->count; i++) {
        struct entry *trace = traces->items[i];
        size_t low = 0, high = prompts->count;
        while (low < high) {
            size_t mid = (low + high) / 2;
            if (prompts->items[mid]->match_ns <= trace->f.first_ns)
                low = mid + 1;
            else
                high = mid;
        }
        struct entry *prompt = low ? prompts->items[low - 1] : NULL;
        int64_t end = prompt ? facts_time(&prompt->f, FACT_END) : 0;
        if (!prompt || has_trace(prompt) || (end && end < trace->f.first_ns))
            continue;
        const struct entry *best = prompt->best;
        if (!best || trace->f.first_ns < best->f.first_ns ||
            (trace->f.first_ns == best->f.first_ns && slice_cmp(trace->key, best->key) < 0))
            prompt->best = trace;
    }
    for (size_t i = 0; i < prompts->count; i++)
        if (prompts->items[i]->best && !has_trace(prompts->items[i]))
            match_join(prompts->items[i], prompts->items[i]->best);
}

static bool is_free(const struct entry *trace)
{
    return !trace->same_as && !trace->turn->proof.to && !trace->turn->hint.to && trace->f.known;
}

static int by_match(const struct entry *a, const struct entry *b)
{
    if (a->match_ns != b->match_ns)
        return a->match_ns < b->match_ns ? -1 : 1;
    return slice_cmp(a->key, b->key);
}

static void join_by_time(struct session_entry *s, struct pool *prompts, struct pool *records,
                         struct pool *room)
{
    struct pool hosts = {room->items, 0};
    for (size_t i = 0; i < prompts->count; i++)
        if (prompts->items[i]->turn->kind == TURN_HOOK)
            hosts.items[hosts.count++] = prompts->items[i];
    match_nearest(s->model, &together, hosts.items, hosts.count, records->items, records->count);
    /* What is left of the records are prompts of their own. */
    size_t kept = 0;
    for (size_t i = 0; i < s->live; i++) {
        struct entry *e = s->all[i];
        if (e->turn && e->turn->kind == TURN_RECORD && !e->same_as)
            prompts->items[prompts->count++] = e;
    }
    hosts.count = 0;
    for (size_t i = 0; i < prompts->count; i++)
        if (prompts->items[i]->f.known && !has_trace(prompts->items[i]))
            hosts.items[hosts.count++] = prompts->items[i];
    struct pool traces = {room->items + hosts.count, 0};
    for (size_t i = s->frozen.traces; i < s->trace_count; i++) {
        struct entry *t = s->traces[i];
        if (is_free(t) && t->turn->has_span)
            traces.items[traces.count++] = t;
    }
    match_nearest(s->model, &together, hosts.items, hosts.count, traces.items, traces.count);
    traces.count = 0;
    for (size_t i = s->frozen.traces; i < s->trace_count; i++) {
        struct entry *t = s->traces[i];
        if (is_free(t) && !t->turn->has_span)
            traces.items[traces.count++] = t;
    }
    if (traces.count == 0)
        return;
    for (size_t i = 0; i < prompts->count; i++)
        if (prompts->items[i]->f.known)
            prompts->items[kept++] = prompts->items[i];
    prompts->count = kept;
    sort_entries(s->model, prompts->items, prompts->count, by_match);
    join_open(prompts, &traces);
}

static void newest(int64_t *slot, int64_t ns)
{
    if (ns > *slot)
        *slot = ns;
}

static void join_part(struct turn_part *to, const struct turn_part *from)
{
    to->has_span |= from->has_span;
    to->has_hook_prompt |= from->has_hook_prompt;
    to->has_log_prompt |= from->has_log_prompt;
    newest(&to->streaming_ns, from->streaming_ns);
    newest(&to->gave_up_ns, from->gave_up_ns);
    for (int i = 0; i < 2; i++) {
        newest(&to->stop_ns[i], from->stop_ns[i]);
        newest(&to->failure_ns[i], from->failure_ns[i]);
    }
}

/* What all entries of a turn say of its prompt and its end. */
static void turn_parts(struct entry *turn)
{
    if (!turn->parts)
        turn->parts = session_alloc((struct session_entry *)turn->pub.session, sizeof *turn->parts);
    *turn->parts = (struct turn_part){0};
    join_part(turn->parts, turn->turn);
    for (const struct entry *g = turn->guests; g; g = g->next_guest)
        join_part(turn->parts, g->turn);
}

static void turn_facts(struct entry *turn)
{
    struct node *p = &turn->pub;
    const struct turn_part *span = turn->turn->has_span ? turn->turn : NULL;
    const struct entry *proof = link_entry(&turn->turn->proof);
    const uint8_t *trace_id = turn->turn->kind == TURN_TRACE ? turn->turn->trace_id
                              : proof                        ? proof->turn->trace_id
                                                             : NULL;
    entry_view(turn);
    turn_parts(turn);
    for (const struct entry *g = turn->guests; g; g = g->next_guest) {
        if (g->turn->kind == TURN_TRACE) {
            trace_id = g->turn->trace_id;
            span = g->turn->has_span ? g->turn : span;
        }
    }
    p->has_trace_id = trace_id != NULL;
    if (trace_id)
        memcpy(p->trace_id, trace_id, sizeof p->trace_id);
    p->has_span_id = span && span->has_span_id;
    if (p->has_span_id)
        memcpy(p->span_id, span->span_id, sizeof p->span_id);
    p->key = turn->turn->kind == TURN_PROMPT ? slice_sub(turn->key, 1, turn->key.len) : SLICE_NULL;
    int64_t start = facts_time(turn->view, FACT_START);
    p->start_ns = start ? start : turn->view->first_ns;
}

struct entry *turn_at(const struct session_entry *s, int64_t ns)
{
    size_t low = 0, high = s->turn_count;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (s->turns[mid]->pub.start_ns <= ns)
            low = mid + 1;
        else
            high = mid;
    }
    return low ? s->turns[low - 1] : NULL;
}

void turns_notified(struct session_entry *s)
{
    for (size_t i = s->frozen.turns; i < s->turn_count; i++)
        s->turns[i]->notified = false;
    for (size_t i = 0; i < s->live; i++) {
        const struct entry *agent = s->all[i];
        if (agent->pub.kind != NODE_AGENT || !agent->visible || !agent->pub.background || !agent->pub.end_ns)
            continue;
        struct entry *turn = turn_at(s, agent->pub.end_ns + NOTIFIED_NS);
        /* Where the text is not withheld it says what it is. */
        if (turn && turn->pub.redacted && turn->pub.start_ns >= agent->pub.end_ns)
            turn->notified = true;
    }
}

struct entry *turn_of(const struct session_entry *s, struct entry *call)
{
    const struct facts *f = call->view;
    struct entry *trace = link_entry(&f->trace), *prompt = link_entry(&f->prompt);
    bool by_agent = f->agent.to || call->pub.kind == NODE_AGENT;
    call->by_time = false;
    if (f->no_turn)
        return NULL;
    /* Two prompts in one trace: the prompt tells them apart. */
    if (trace && prompt && !by_agent && link_entry(&prompt->turn->proof) == trace &&
        entry_root(prompt)->visible)
        return entry_root(prompt);
    if (trace && entry_root(trace)->visible)
        return entry_root(trace);
    if (prompt && entry_root(prompt)->visible)
        return entry_root(prompt);
    call->by_time = true;
    return turn_at(s, call->pub.start_ns);
}

static int by_key_backwards(const struct entry *a, const struct entry *b)
{
    return slice_cmp(b->key, a->key);
}

/* A stop that names no turn ends the one that ran then. */
static void apply_ends(struct session_entry *s, struct pool *ends)
{
    /* Guests stand by key: taken from the last, each is the first of those before it. */
    sort_entries(s->model, ends->items, ends->count, by_key_backwards);
    for (size_t i = 0; i < ends->count; i++) {
        struct entry *turn = turn_at(s, ends->items[i]->f.last_ns);
        if (turn)
            match_join(turn, ends->items[i]);
    }
    for (size_t i = s->frozen.turns; i < s->turn_count && ends->count; i++)
        if (s->turns[i]->guests)
            turn_facts(s->turns[i]);
}

void turns_number(struct session_entry *s)
{
    for (size_t i = s->frozen.turns; i < s->turn_count; i++)
        s->turns[i]->pub.number = (int32_t)(i + 1);
}

void turn_show(struct session_entry *s, struct entry *turn)
{
    if (s->turn_count == s->turn_cap) {
        s->turn_cap = s->turn_cap ? s->turn_cap * 2 : 4;
        s->turns = mem_grow(s->turns, s->turn_cap, sizeof(struct entry *));
    }
    s->turns[s->turn_count++] = turn;
}

/* Whether it is a turn by the rules that were asked for. */
static bool counts(const struct session_entry *s, const struct entry *turn)
{
    switch (s->model->config.turn_mode) {
    case TURN_MODE_HOOKS:
        return turn->parts->has_hook_prompt;
    case TURN_MODE_HEURISTIC:
        return false;
    default:
        return true;
    }
}

void turns_settle(struct session_entry *s)
{
    struct entry **room = mem_array(5 * s->live + 1, sizeof(struct entry *));
    struct pool prompts = {room, 0}, records = {room + s->live, 0}, ends = {room + 2 * s->live, 0};
    struct pool free_room = {room + 3 * s->live, 0};
    s->turn_count = s->frozen.turns;
    for (size_t i = 0; i < s->live; i++) {
        struct entry *e = s->all[i];
        if (!e->turn || e->made)
            continue;
        e->match_ns = began(e);
        struct pool *to = e->turn->kind == TURN_RECORD ? &records
                          : e->turn->kind == TURN_END  ? &ends
                                                       : &prompts;
        if (e->turn->kind != TURN_TRACE)
            to->items[to->count++] = e;
    }
    join_by_proof(s);
    join_by_hint(s, &prompts);
    join_by_time(s, &prompts, &records, &free_room);
    for (size_t i = 0; i < s->live; i++) {
        struct entry *e = s->all[i];
        if (!e->turn || e->same_as || e->made || e->turn->kind == TURN_END)
            continue;
        turn_facts(e);
        e->visible = e->view->known && counts(s, e);
        if (e->visible)
            turn_show(s, e);
    }
    if (s->turn_count) /* no list yet: a null pointer */
        sort_entries(s->model, s->turns + s->frozen.turns, s->turn_count - s->frozen.turns, entry_cmp);
    apply_ends(s, &ends);
    turns_number(s);
    said_settle(s);
    free(room);
}
