/*
 * What is said of turns. A turn is known by its prompt id (hooks, log events), by its trace id (spans, log
 * events), or, with old clients, by nothing at all. Each of these gets an entry of its own; turn.c decides
 * which of them are one turn.
 */
#include "mem.h"
#include "model_private.h"

#include <stdio.h>

static struct entry *turn_get(struct session_entry *s, char type, struct slice id, enum turn_proof kind)
{
    struct entry *n = session_entry_get(s, NODE_TURN, type, id);
    if (!n->turn) {
        n->turn = session_alloc(s, sizeof *n->turn);
        n->turn->kind = kind;
        if (kind == TURN_PROMPT) {
            n->turn->next_new = s->new_traces;
            s->new_traces = n;
        }
    }
    return n;
}

struct entry *turn_by_prompt(struct session_entry *s, struct slice prompt_id)
{
    return turn_get(s, INDEX_PROMPT, prompt_id, TURN_PROMPT);
}

/* Where a trace holds a whole session, a turn's trace is the part of it below the turn's own span. */
struct entry *turn_by_trace(struct session_entry *s, const struct event_ids *ids)
{
    uint8_t key[16 + 8];
    if (!ids->has_trace_id || (ids->trace_is_session && !ids->has_turn_span_id))
        return NULL;
    memcpy(key, ids->trace_id, 16);
    memcpy(key + 16, ids->turn_span_id, 8);
    struct entry *n = turn_get(s, INDEX_TRACE, slice_make(key, ids->trace_is_session ? 24 : 16), TURN_TRACE);
    if (n->pub.has_trace_id)
        return n;
    memcpy(n->turn->trace_id, ids->trace_id, 16);
    n->pub.has_trace_id = true;
    if (s->trace_count == s->trace_cap) {
        s->trace_cap = s->trace_cap ? s->trace_cap * 2 : 4;
        s->traces = mem_grow(s->traces, s->trace_cap, sizeof *s->traces);
    }
    s->traces[s->trace_count++] = n;
    n->turn->next_new = s->new_traces;
    s->new_traces = n;
    return n;
}

/* A record without ids is itself the key, so that the same one twice is still one. */
static struct entry *turn_by_record(struct session_entry *s, const struct event *e, enum turn_proof kind)
{
    char key[64];
    int64_t stamp = e->stamp_ns ? e->stamp_ns : e->time_ns;
    int n = snprintf(key, sizeof key, "turn:%d:%d:%lld", (int)kind, (int)e->witness, (long long)stamp);
    return turn_get(s, INDEX_CONTENT, slice_make(key, (size_t)n), kind);
}

static void started_by(struct entry *turn, const struct event *e)
{
    int64_t ns = e->start_ns > 0 ? e->start_ns : e->time_ns;
    if (ns > 0 && (turn->f.first_ns == 0 || ns < turn->f.first_ns))
        turn->f.first_ns = ns;
}

void turn_mention(struct session_entry *s, const struct event *e)
{
    bool by_agent = e->ids.agent_id.len > 0;
    bool is_call = e->kind == EVENT_LLM || e->kind == EVENT_TOOL || e->kind == EVENT_AGENT ||
                   e->kind == EVENT_COMPACTION || e->kind == EVENT_PROMPT || e->kind == EVENT_TURN;
    struct entry *trace = turn_by_trace(s, &e->ids);
    if (trace && !e->ids.turn_unsure) {
        started_by(trace, e);
        trace->f.known |= is_call;
        if (e->ids.has_turn_span_id)
            session_span_own(s, e->ids.turn_span_id, trace);
    }
    /* prompt.id is the process's newest prompt: not that of an agent in the background. */
    if (e->ids.prompt_id.len == 0 || (by_agent && trace))
        return;
    struct entry *prompt = turn_by_prompt(s, e->ids.prompt_id);
    if (is_call) {
        prompt->f.known = true;
        started_by(prompt, e);
    }
    if (trace)
        facts_link(&trace->turn->hint, &prompt->key, e->time_ns);
}

static void prompt_apply(struct session_entry *s, const struct event *e)
{
    struct entry *trace = turn_by_trace(s, &e->ids);
    struct entry *turn = e->ids.prompt_id.len         ? turn_by_prompt(s, e->ids.prompt_id)
                         : trace                      ? trace
                         : e->witness == WITNESS_HOOK ? turn_by_record(s, e, TURN_HOOK)
                                                      : turn_by_record(s, e, TURN_RECORD);
    if (e->ids.prompt_id.len && trace) {
        facts_link(&turn->turn->proof, &trace->key, e->time_ns);
        facts_link(&trace->turn->proof, &turn->key, e->time_ns);
    }
    struct event facts = *e;
    facts.start_ns = e->time_ns;
    facts.phase = PHASE_STARTED;
    facts.source = SLICE_NULL;
    facts_event(s, &turn->f, &facts);
    turn->f.confirmed = true;
    said_add(s, turn, e);
    turn->turn->has_hook_prompt |= e->witness == WITNESS_HOOK;
    turn->turn->has_log_prompt |= e->witness == WITNESS_LOG;
}

static bool span_comes_before(const struct event *e, const struct turn_part *t)
{
    if (!t->has_span || e->start_ns != t->span_start_ns)
        return !t->has_span || e->start_ns < t->span_start_ns;
    if (!e->ids.has_span_id || !t->has_span_id)
        return e->ids.has_span_id;
    return memcmp(e->ids.span_id, t->span_id, sizeof t->span_id) < 0;
}

static void span_apply(struct session_entry *s, const struct event *e)
{
    struct entry *trace = turn_by_trace(s, &e->ids);
    if (!trace)
        return;
    struct turn_part *t = trace->turn;
    struct event facts = *e;
    /* A prompt's own text, which its record has, is better than the span's. */
    facts.detail = SLICE_NULL;
    facts.duration_ns = -1;
    facts_event(s, &trace->f, &facts);
    facts_text(s, &trace->f, FACT_DETAIL, RANK_LEAST, e->time_ns, e->detail);
    trace->f.confirmed = true;
    /* Of several in one trace (a parent handed to more than one process) the first stands for the turn. */
    if (span_comes_before(e, t)) {
        t->has_span = true;
        t->span_start_ns = e->start_ns;
        t->has_span_id = e->ids.has_span_id;
        memcpy(t->span_id, e->ids.span_id, sizeof t->span_id);
    }
    if (e->ids.has_span_id)
        session_span_own(s, e->ids.span_id, trace);
}

static void end_apply(struct session_entry *s, struct entry *turn, const struct event *e)
{
    facts_event(s, &turn->f, e);
    turn->f.confirmed = true;
    int64_t *ends = e->failed ? turn->turn->failure_ns : turn->turn->stop_ns;
    int64_t *newest = &ends[e->witness != WITNESS_HOOK];
    if (e->time_ns > *newest)
        *newest = e->time_ns;
    if (e->witness == WITNESS_HOOK && !s->saw_stop)
        s->saw_stop = s->thaw = true;
}

void turn_apply(struct session_entry *s, const struct event *e)
{
    if (e->kind == EVENT_PROMPT) {
        prompt_apply(s, e);
        return;
    }
    if (e->witness == WITNESS_SPAN) {
        span_apply(s, e);
        return;
    }
    if (e->ids.agent_id.len) /* a sub-agent's stop is not its turn's, nor is what it shows */
        return;
    struct entry *trace = turn_by_trace(s, &e->ids);
    struct entry *turn = e->ids.prompt_id.len ? turn_by_prompt(s, e->ids.prompt_id)
                         : trace              ? trace
                                              : turn_by_record(s, e, TURN_END);
    if (e->phase == PHASE_FINISHED) {
        end_apply(s, turn, e);
        return;
    }
    facts_heard(&turn->f, e);
    turn->f.known = turn->f.confirmed = true;
    if (e->gave_up && e->time_ns > turn->turn->gave_up_ns)
        turn->turn->gave_up_ns = e->time_ns;
    if (e->phase == PHASE_STARTED && e->time_ns > turn->turn->streaming_ns)
        turn->turn->streaming_ns = e->time_ns;
}
