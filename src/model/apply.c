/* Events to facts: finds or makes the thing that an event is about and joins what is said of it. */
#include "mem.h"
#include "model_private.h"

#include <stdio.h>

/* A record that gives no id of its own is told apart by its content. */
static struct slice content_key(const struct event *e, char *out, size_t cap)
{
    int64_t stamp = e->stamp_ns ? e->stamp_ns : e->time_ns;
    int n = snprintf(out, cap, "%d:%d:%d:%lld:%lld:%lld:%lld:%lld:%lld:%.*s:%.*s:%.*s", (int)e->kind,
                     (int)e->witness, (int)e->phase, (long long)stamp, (long long)e->duration_ns,
                     (long long)e->usage.input_tokens, (long long)e->usage.output_tokens,
                     (long long)e->usage.cache_read_tokens, (long long)e->usage.cost_nano_usd,
                     SLICE_ARG(slice_sub(e->model, 0, 64)), SLICE_ARG(slice_sub(e->name, 0, 64)),
                     SLICE_ARG(slice_sub(e->source, 0, 32)));
    return slice_make(out, n > 0 && (size_t)n < cap ? (size_t)n : 0);
}

#define CONTENT_KEY_MAX 384

static struct entry *entry_by_content(struct session_entry *s, enum node_kind kind, const struct event *e)
{
    char buffer[CONTENT_KEY_MAX];
    return session_entry_get(s, kind, INDEX_CONTENT, content_key(e, buffer, sizeof buffer));
}

static struct entry *agent_get(struct session_entry *s, struct slice agent_id)
{
    return session_entry_get(s, NODE_AGENT, INDEX_AGENT, agent_id);
}

/* Where it says that it belongs. */
static void learn_place(struct session_entry *s, struct facts *f, const struct event *e)
{
    struct entry *trace = turn_by_trace(s, &e->ids);
    if (trace)
        facts_link(&f->trace, &trace->key, e->time_ns);
    if (e->ids.prompt_id.len) {
        struct entry *prompt = turn_by_prompt(s, e->ids.prompt_id);
        facts_link(&f->prompt, &prompt->key, e->time_ns);
    }
    /* What an execution runs in is its own tool. */
    if (e->ids.has_parent_span_id && e->span_role != SPAN_ROLE_EXECUTION) {
        struct span_ref *ref = session_span_get(s, e->ids.parent_span_id);
        facts_link(&f->parent_span, &ref->key, e->time_ns);
    }
}

/* A call also tells of the agent that made it. */
static void agent_learn(struct session_entry *s, const struct event *e)
{
    if (e->ids.agent_id.len == 0)
        return;
    struct entry *agent = agent_get(s, e->ids.agent_id);
    facts_heard(&agent->f, e);
    agent->f.known = true;
    learn_place(s, &agent->f, e);
    if (e->ids.parent_agent_id.len) {
        struct entry *parent = agent_get(s, e->ids.parent_agent_id);
        facts_link(&agent->f.agent, &parent->key, e->time_ns);
    }
}

static void call_place(struct session_entry *s, struct entry *n, const struct event *e)
{
    learn_place(s, &n->f, e);
    if (e->ids.agent_id.len) {
        struct entry *agent = agent_get(s, e->ids.agent_id);
        facts_link(&n->f.agent, &agent->key, e->time_ns);
    }
    agent_learn(s, e);
}

static void model_used(struct session_entry *s, struct slice name, int64_t ns)
{
    if (name.len == 0)
        return;
    struct model_use *use = session_index_get(s, INDEX_MODEL, name);
    if (use) {
        use->first_ns = ns < use->first_ns ? ns : use->first_ns;
        return;
    }
    use = session_alloc(s, sizeof *use);
    *use = (struct model_use){session_keep(s, name), ns};
    session_index_put(s, INDEX_MODEL, name, use);
    if (s->model_count == s->model_cap) {
        s->model_cap = s->model_cap ? s->model_cap * 2 : 4;
        s->models = mem_grow(s->models, s->model_cap, sizeof *s->models);
    }
    s->models[s->model_count++] = use;
}

static void take_span(struct session_entry *s, struct entry *n, const uint8_t id[8])
{
    facts_span(&n->f, id);
    session_span_own(s, id, n);
}

static void llm_apply(struct session_entry *s, const struct event *e)
{
    struct event facts = *e;
    struct entry *n = e->ids.request_id.len ? session_entry_get(s, NODE_LLM, INDEX_REQUEST, e->ids.request_id)
                                            : entry_by_content(s, NODE_LLM, e);
    s->idless |= e->ids.request_id.len == 0;
    facts.name = e->query_source;
    facts_event(s, &n->f, &facts);
    call_place(s, n, e);
    facts_attempts(s, &n->f, e);
    if (e->ids.has_span_id && e->span_role == SPAN_ROLE_LLM)
        take_span(s, n, e->ids.span_id);
    model_used(s, e->model, e->start_ns > 0 ? e->start_ns : e->time_ns);
}

static void tool_spans(struct session_entry *s, struct entry *n, const struct event *e)
{
    if (!e->ids.has_span_id)
        return;
    if (e->span_role == SPAN_ROLE_TOOL)
        take_span(s, n, e->ids.span_id);
    session_span_own(s, e->ids.span_id, n);
    if (e->span_role == SPAN_ROLE_EXECUTION && e->ids.has_parent_span_id)
        session_span_own(s, e->ids.parent_span_id, n);
}

static void tool_apply(struct session_entry *s, const struct event *e)
{
    bool idless = e->ids.tool_use_id.len == 0;
    struct entry *n = idless ? entry_by_content(s, NODE_TOOL, e)
                             : session_entry_get(s, NODE_TOOL, INDEX_TOOL, e->ids.tool_use_id);
    s->idless |= idless;
    if (e->witness == WITNESS_HOOK && e->phase == PHASE_FINISHED && !s->saw_tool_ends)
        s->saw_tool_ends = s->thaw = true;
    /* A start that was reckoned from the end leaves out the wait: any word of the start itself is better. */
    struct event facts = *e;
    facts.start_ns = 0;
    facts_event(s, &n->f, &facts);
    facts_heard(&n->f, e);
    facts_set(&n->f, FACT_START, e->phase == PHASE_FINISHED ? (uint8_t)(1 + e->witness) : facts_rank(e),
              e->start_ns);
    tool_spans(s, n, e);
    call_place(s, n, e);
    if (e->ids.request_id.len) {
        struct entry *llm = session_entry_get(s, NODE_LLM, INDEX_REQUEST, e->ids.request_id);
        facts_link(&n->f.llm, &llm->key, e->time_ns);
    }
    if (e->ids.has_asked_by) {
        struct span_ref *llm = session_span_get(s, e->ids.asked_by_span_id);
        facts_link(&n->f.llm_span, &llm->key, e->time_ns);
    }
}

static void agent_apply(struct session_entry *s, const struct event *e)
{
    if (e->ids.agent_id.len == 0)
        return;
    struct entry *n = agent_get(s, e->ids.agent_id);
    /* A stop without a type may be the end of a compaction: it proves no agent. */
    bool proves = e->phase != PHASE_FINISHED || e->name.len || e->ids.tool_use_id.len;
    bool known = n->f.known;
    facts_event(s, &n->f, e);
    n->f.known = known || proves;
    n->f.confirmed |= e->witness == WITNESS_LOG && e->phase == PHASE_FINISHED;
    if (!proves)
        return;
    agent_learn(s, e);
    if (e->ids.tool_use_id.len) {
        struct entry *tool = session_entry_get(s, NODE_TOOL, INDEX_TOOL, e->ids.tool_use_id);
        facts_link(&n->f.spawner, &tool->key, e->time_ns);
    }
}

/* Spans that are no call: they only tie other spans to one. */
static void span_apply(struct session_entry *s, const struct event *e)
{
    if (e->span_role != SPAN_ROLE_WAIT) {
        foreign_apply(s, e);
        return;
    }
    if (!e->ids.has_span_id)
        return;
    struct span_ref *ref = session_span_get(s, e->ids.span_id);
    if (!ref->is_wait) {
        s->thaw |= ref->tied;
        ref->is_wait = true;
        ref->next_wait = s->waits;
        s->waits = ref;
    }
    if (e->start_ns > 0 && (ref->start_ns == 0 || e->start_ns < ref->start_ns))
        ref->start_ns = e->start_ns;
    struct entry *trace = turn_by_trace(s, &e->ids);
    if (trace)
        facts_link(&ref->trace, &trace->key, e->time_ns);
    if (e->end_ns > ref->end_ns)
        ref->end_ns = e->end_ns;
    if (e->wait_ns > ref->wait_ns)
        ref->wait_ns = e->wait_ns;
    if (e->source.len && (ref->source.len == 0 || slice_cmp(e->source, ref->source) < 0))
        ref->source = session_keep(s, e->source);
    ref->accepted |= e->decision == DECISION_ACCEPTED;
    ref->rejected |= e->decision == DECISION_REJECTED;
    if (e->ids.has_parent_span_id) {
        struct span_ref *parent = session_span_get(s, e->ids.parent_span_id);
        if (!ref->parent || slice_cmp(parent->key, ref->parent->key) < 0) {
            s->thaw |= ref->tied;
            ref->parent = parent;
        }
    }
}

static void permission_apply(struct session_entry *s, const struct event *e)
{
    char buffer[CONTENT_KEY_MAX];
    struct slice key = content_key(e, buffer, sizeof buffer);
    if (session_index_get(s, INDEX_ASK, key))
        return;
    struct ask *ask = session_alloc(s, sizeof *ask);
    *ask = (struct ask){.next = s->asks,
                        .ns = e->time_ns,
                        .tool = session_keep(s, e->name),
                        .detail = session_keep(s, e->detail),
                        .notified = slice_eq_str(e->source, "notification")};
    s->asks = ask;
    session_index_put(s, INDEX_ASK, key, ask);
}

static void notice_apply(struct session_entry *s, const struct event *e)
{
    if (slice_eq_str(e->name, "idle_prompt") && e->time_ns > s->input_wanted_ns)
        s->input_wanted_ns = e->time_ns;
    struct entry *n = entry_by_content(s, NODE_EVENT, e);
    facts_event(s, &n->f, e);
    learn_place(s, &n->f, e);
}

static void compaction_apply(struct session_entry *s, const struct event *e)
{
    int64_t *newest = e->phase == PHASE_FINISHED ? &s->compacted_ns : &s->compacting_ns;
    if (e->time_ns > *newest)
        *newest = e->time_ns;
    struct entry *n = entry_by_content(s, NODE_COMPACTION, e);
    s->idless = true;
    facts_event(s, &n->f, e);
    learn_place(s, &n->f, e);
}

void session_ended(struct session_entry *s, const struct event *e)
{
    if (!e->ended || e->time_ns < s->ended_ns || (e->time_ns == s->ended_ns && e->witness >= s->ended_by))
        return;
    s->ended_ns = e->time_ns;
    s->ended_by = e->witness;
    s->killed = e->interrupted;
}

static void session_apply(struct session_entry *s, const struct event *e)
{
    s->pub.announced |= e->phase == PHASE_STARTED || e->witness == WITNESS_STATUS;
    report_apply(s, e);
    session_ended(s, e);
}

void apply_event(struct session_entry *s, const struct event *e)
{
    freeze_check(s, e);
    if (e->kind != EVENT_SPAN || e->span_role == SPAN_ROLE_WAIT)
        turn_mention(s, e);
    switch (e->kind) {
    case EVENT_STARTUP:
    case EVENT_METRIC:
        return;
    case EVENT_SESSION:
        session_apply(s, e);
        return;
    case EVENT_PROMPT:
    case EVENT_TURN:
        turn_apply(s, e);
        break;
    case EVENT_LLM:
        llm_apply(s, e);
        break;
    case EVENT_TOOL:
        tool_apply(s, e);
        break;
    case EVENT_AGENT:
        agent_apply(s, e);
        return;
    case EVENT_PERMISSION:
        permission_apply(s, e);
        return;
    case EVENT_NOTICE:
        notice_apply(s, e);
        return;
    case EVENT_COMPACTION:
        compaction_apply(s, e);
        return;
    case EVENT_SPAN:
        span_apply(s, e);
        return;
    }
    s->pub.real = true;
}
