/* Calls: LLM requests, tools, sub-agents, and what hangs from them. */
#include "model_private.h"

#include <stdio.h>

static void remember_place(struct entry *n, const struct event *e)
{
    struct session_entry *s = (struct session_entry *)n->pub.session;
    if (e->ids.prompt_id.len && n->prompt_id.len == 0)
        n->prompt_id = session_keep(s, e->ids.prompt_id);
    if (e->ids.agent_id.len && n->agent_id.len == 0 && n->pub.kind != NODE_AGENT)
        n->agent_id = session_keep(s, e->ids.agent_id);
    if (e->ids.has_parent_span_id && (!n->has_parent_span || e->witness == WITNESS_SPAN)) {
        memcpy(n->parent_span, e->ids.parent_span_id, 8);
        n->has_parent_span = true;
    }
    if (e->ids.request_id.len && n->request_id.len == 0)
        n->request_id = session_keep(s, e->ids.request_id);
}

/* Until a witness says when it began, the earliest word of it stands for its start. */
static void guess_start(struct entry *n, const struct event *e)
{
    int64_t first = e->start_ns > 0 ? e->start_ns : e->time_ns;
    if (n->rank[RANKED_START] || first <= 0 || (n->pub.start_ns && n->pub.start_ns <= first))
        return;
    n->pub.start_ns = first;
    tree_reorder(n);
}

static bool turn_is_over(const struct entry *n)
{
    const struct node *p = n->pub.parent;
    while (p && p->kind != NODE_TURN) {
        if (p->kind == NODE_AGENT && p->background)
            return as_entry(p)->finished;
        p = p->parent;
    }
    return p ? p->state == NODE_DONE || p->state == NODE_FAILED
             : ((struct session_entry *)n->pub.session)->ended;
}

static enum node_state call_state(const struct entry *n)
{
    if (n->rejected && !n->finished)
        return NODE_REJECTED;
    if (n->finished)
        return n->failed ? NODE_FAILED : NODE_DONE;
    if (n->pub.witnesses == 0)
        return NODE_UNKNOWN;
    if (n->pub.kind == NODE_TOOL && turn_is_over(n))
        return NODE_INTERRUPTED;
    if (n->pub.kind == NODE_TOOL && n->permission_ns && !n->accepted)
        return NODE_WAITING;
    return NODE_RUNNING;
}

static bool agent_counts(const struct entry *n)
{
    return n->confirmed || n->pub.first_child != NULL;
}

static int64_t known(int64_t value)
{
    return value > 0 ? value : 0;
}

static void windows_refresh(struct entry *n, const struct counters *self)
{
    struct session_entry *s = (struct session_entry *)n->pub.session;
    int64_t time_ns = n->pub.end_ns ? n->pub.end_ns : n->pub.start_ns;
    bool llm = n->pub.kind == NODE_LLM, over = n->pub.state == NODE_DONE || n->pub.state == NODE_FAILED;
    if (!over || (!llm && n->pub.kind != NODE_TOOL))
        return;
    struct red_share red = {.time_ns = time_ns,
                            .duration_ns = n->pub.duration_ns,
                            .ttft_ns = n->pub.ttft_ns,
                            .retries = self->llm_retries,
                            .failed = n->pub.state == NODE_FAILED};
    struct slice name = llm ? n->pub.model : n->pub.name;
    enum red_kind kind = llm ? RED_LLM : slice_starts(name, SLICE_LIT("mcp__")) ? RED_MCP : RED_TOOL;
    if (name.len)
        red.series = red_series_get(&s->model->red, kind, name);
    red_update(&n->red_share, &red);
    if (!llm)
        return;
    struct fleet_share fleet = {
        .counted = true,
        .time_ns = time_ns,
        .tokens =
            self->input_tokens + self->output_tokens + self->cache_read_tokens + self->cache_creation_tokens,
        .cost_nano_usd = self->cost_nano_usd,
        .duration_ns = n->pub.duration_ns,
        .failed = red.failed,
    };
    fleet_update(&s->model->fleet, &n->fleet_share, &fleet);
}

void call_refresh(struct entry *n)
{
    struct session_entry *s = (struct session_entry *)n->pub.session;
    struct counters self = {0};
    n->pub.state = call_state(n);
    bool seen = n->pub.witnesses != 0;
    switch (n->pub.kind) {
    case NODE_LLM:
        self.llm_calls = seen;
        self.llm_errors = n->pub.state == NODE_FAILED;
        self.llm_retries = n->pub.attempts > 1 ? n->pub.attempts - 1 : 0;
        self.input_tokens = known(n->usage.input_tokens);
        self.output_tokens = known(n->usage.output_tokens);
        self.cache_read_tokens = known(n->usage.cache_read_tokens);
        self.cache_creation_tokens = known(n->usage.cache_creation_tokens);
        self.cost_nano_usd = known(n->usage.cost_nano_usd);
        self.cost_unknown = seen && n->usage.cost_nano_usd < 0 && n->pub.state != NODE_FAILED;
        break;
    case NODE_TOOL:
        self.tool_calls = seen;
        self.tool_errors = n->pub.state == NODE_FAILED;
        self.tool_rejections = n->pub.state == NODE_REJECTED;
        self.wait_ns = known(n->pub.wait_ns);
        break;
    case NODE_AGENT:
        self.agents = agent_counts(n);
        break;
    default:
        break;
    }
    tree_set_self(n, &self);
    windows_refresh(n, &self);
    if (n->pub.kind == NODE_TOOL && (n->pub.state == NODE_RUNNING || n->pub.state == NODE_WAITING))
        open_add(s, n);
    else
        open_remove(s, n);
}

/* The newest model used below a turn or an agent is the one it shows. */
static void show_model(struct entry *n)
{
    for (struct node *p = n->pub.parent; p; p = p->parent) {
        if (p->kind != NODE_TURN && p->kind != NODE_AGENT)
            continue;
        struct entry *e = as_entry(p);
        if (n->pub.model.len && n->pub.start_ns >= e->model_ns) {
            p->model = n->pub.model;
            e->model_ns = n->pub.start_ns;
        }
    }
    struct session_entry *s = (struct session_entry *)n->pub.session;
    name_list_add(s, &s->models, n->pub.model, n->pub.start_ns);
    if (n->pub.model.len && n->pub.start_ns >= s->model_ns) {
        s->pub.model = n->pub.model;
        s->model_ns = n->pub.start_ns;
    }
}

/* A key for records of clients that give no ids: the record's own content. */
static struct slice content_key(const struct event *e, char *out, size_t cap)
{
    int n = snprintf(out, cap, "%d:%lld:%lld:%lld:%lld:%.*s%.*s", (int)e->kind, (long long)e->time_ns,
                     (long long)e->duration_ns, (long long)e->usage.input_tokens,
                     (long long)e->usage.output_tokens, SLICE_ARG(slice_sub(e->model, 0, 64)),
                     SLICE_ARG(slice_sub(e->name, 0, 64)));
    return slice_make(out, n > 0 && (size_t)n < cap ? (size_t)n : 0);
}

/* A failed request without an id, once in the log and once as a span: the same model at the same instant. */
static struct entry *llm_match(struct session_entry *s, const struct event *e)
{
    struct entry *turn = place_turn_at(s, e->end_ns ? e->end_ns : e->time_ns);
    for (struct node *n = turn ? turn->pub.last_child : NULL; n; n = n->prev) {
        int64_t gap = n->end_ns > e->end_ns ? n->end_ns - e->end_ns : e->end_ns - n->end_ns;
        if (n->kind == NODE_LLM && as_entry(n)->idless && !(n->witnesses & 1u << e->witness) &&
            gap < LLM_MATCH_NS && slice_eq(n->model, e->model) && as_entry(n)->failed == e->failed)
            return as_entry(n);
    }
    return NULL;
}

void llm_apply(struct session_entry *s, const struct event *e)
{
    char buffer[320];
    char type = e->ids.request_id.len ? INDEX_REQUEST : INDEX_OTHER;
    struct slice key = e->ids.request_id.len ? e->ids.request_id : content_key(e, buffer, sizeof buffer);
    struct entry *n = session_index_get(s, type, key);
    if (!n && type == INDEX_OTHER && (n = llm_match(s, e)) != NULL)
        session_index_put(s, type, key, n);
    if (!n) {
        n = session_new_entry(s, NODE_LLM);
        n->idless = type == INDEX_OTHER;
        n->pub.key = type == INDEX_REQUEST ? session_keep(s, key) : SLICE_NULL;
        session_index_put(s, type, key, n);
    }
    struct event facts = *e;
    facts.name = e->query_source;
    merge_common(n, &facts);
    guess_start(n, e);
    remember_place(n, e);
    if (n->pub.attempts == 0)
        n->pub.attempts = 1;
    if (e->ids.has_span_id && e->span_role == SPAN_ROLE_LLM) {
        memcpy(n->pub.span_id, e->ids.span_id, 8);
        n->pub.has_span_id = true;
        span_ref_own(s, e->ids.span_id, n);
    }
    place(n);
    call_refresh(n);
    show_model(n);
    tree_note_time(n, e->time_ns);
}

/* Old clients' results carry no id, their hooks do: the same name ended at the same time is the same call. */
static struct entry *tool_match(struct session_entry *s, const struct event *e, bool want_idless)
{
    struct entry *best = NULL;
    int64_t best_gap = TOOL_MATCH_NS;
    int64_t end = e->end_ns ? e->end_ns : e->time_ns;
    struct entry *turn = place_turn_at(s, end);
    struct node *n = turn ? turn->pub.last_child : s->pub.last_child;
    for (; n; n = n->prev) {
        struct entry *t = as_entry(n);
        if (n->kind != NODE_TOOL || t->idless != want_idless || !slice_eq(n->name, e->name))
            continue;
        int64_t other = n->end_ns ? n->end_ns : n->start_ns;
        int64_t gap = other > end ? other - end : end - other;
        bool free_here = !(n->witnesses & 1u << e->witness);
        if (free_here && n->end_ns && gap < best_gap) {
            best = t;
            best_gap = gap;
        }
    }
    return best;
}

static struct entry *tool_get(struct session_entry *s, const struct event *e)
{
    char buffer[320];
    bool idless = e->ids.tool_use_id.len == 0;
    char type = idless ? INDEX_OTHER : INDEX_TOOL;
    struct slice key = idless ? content_key(e, buffer, sizeof buffer) : e->ids.tool_use_id;
    struct entry *n = session_index_get(s, type, key);
    if (n)
        return n;
    if (e->phase == PHASE_FINISHED && e->witness != WITNESS_SPAN && (idless || e->ids.prompt_id.len == 0))
        n = tool_match(s, e, !idless);
    if (!n)
        n = session_new_entry(s, NODE_TOOL);
    if (!idless) {
        n->idless = false;
        n->pub.key = session_keep(s, key);
    } else if (n->pub.key.len == 0) {
        n->idless = true;
    }
    session_index_put(s, type, key, n);
    return n;
}

void tool_took_wait(struct entry *tool, const struct span_ref *wait)
{
    if (!wait->is_wait || tool->pub.kind != NODE_TOOL)
        return;
    merge_time(tool, RANKED_WAIT, UINT8_MAX, &tool->pub.wait_ns, wait->wait_ns, -1);
    tool->accepted |= wait->decision == DECISION_ACCEPTED;
    tool->rejected |= wait->decision == DECISION_REJECTED;
    call_refresh(tool);
}

static void ask_permission(struct session_entry *s, struct entry *tool, int64_t ns)
{
    (void)s;
    if (tool->permission_ns == 0 || ns < tool->permission_ns)
        tool->permission_ns = ns;
    call_refresh(tool);
}

void tool_apply(struct session_entry *s, const struct event *e)
{
    struct entry *n = tool_get(s, e);
    /* An old client's call is seen by its hook and by its record: then the record's finished time stays. */
    merge_common(n, e);
    guess_start(n, e);
    remember_place(n, e);
    if (e->ids.has_span_id) {
        if (e->span_role == SPAN_ROLE_TOOL) {
            memcpy(n->pub.span_id, e->ids.span_id, 8);
            n->pub.has_span_id = true;
        }
        span_ref_own(s, e->ids.span_id, n);
    }
    if (e->span_role == SPAN_ROLE_EXECUTION && e->ids.has_parent_span_id)
        span_ref_own(s, e->ids.parent_span_id, n);
    if (e->wait_ns >= 0)
        merge_time(n, RANKED_WAIT, merge_rank(e), &n->pub.wait_ns, e->wait_ns, -1);
    n->spawns_agent |= e->spawns_agent;
    place(n);
    call_refresh(n);
    if (n->request_id.len) {
        struct entry *llm = session_index_get(s, INDEX_REQUEST, n->request_id);
        if (llm)
            llm->pub.wants_tools = true;
    }
    if (s->pending_permission_ns && n->is_open && slice_eq(n->pub.name, s->pending_permission_tool) &&
        n->pub.start_ns <= s->pending_permission_ns) {
        ask_permission(s, n, s->pending_permission_ns);
        s->pending_permission_ns = 0;
    }
    tree_note_time(n, e->time_ns);
}

struct entry *agent_get(struct session_entry *s, struct slice agent_id)
{
    struct entry *n = session_index_get(s, INDEX_AGENT, agent_id);
    if (n)
        return n;
    n = session_new_entry(s, NODE_AGENT);
    n->pub.key = session_keep(s, agent_id);
    session_index_put(s, INDEX_AGENT, agent_id, n);
    return n;
}

/* What a call says about the agent that made it. */
static void agent_learn(struct session_entry *s, const struct event *e)
{
    struct entry *agent = agent_get(s, e->ids.agent_id);
    bool placed = agent->pub.parent != NULL && as_entry(agent->pub.parent)->pub.kind == NODE_TOOL;
    if (e->ids.prompt_id.len && agent->prompt_id.len == 0)
        agent->prompt_id = session_keep(s, e->ids.prompt_id);
    if (e->ids.parent_agent_id.len && agent->agent_id.len == 0)
        agent->agent_id = session_keep(s, e->ids.parent_agent_id);
    if (e->ids.has_trace_id && !agent->pub.has_trace_id) {
        memcpy(agent->pub.trace_id, e->ids.trace_id, 16);
        agent->pub.has_trace_id = true;
    }
    if (e->ids.has_parent_span_id && !agent->has_parent_span) {
        memcpy(agent->parent_span, e->ids.parent_span_id, 8);
        agent->has_parent_span = true;
        placed = false;
    }
    agent->pub.witnesses |= 1u << e->witness;
    guess_start(agent, e);
    if (!placed)
        place(agent);
    call_refresh(agent);
}

void agent_apply(struct session_entry *s, const struct event *e)
{
    /* A stop without a type is the end of a compaction, not of an agent. */
    if (e->phase == PHASE_FINISHED && e->name.len == 0 && e->ids.tool_use_id.len == 0 &&
        !session_index_get(s, INDEX_AGENT, e->ids.agent_id))
        return;
    struct entry *n = agent_get(s, e->ids.agent_id);
    merge_common(n, e);
    if (e->ids.tool_use_id.len && n->spawn_tool.len == 0)
        n->spawn_tool = session_keep(s, e->ids.tool_use_id);
    if (e->witness == WITNESS_LOG && e->phase == PHASE_FINISHED)
        n->confirmed = true;
    agent_learn(s, e);
    place(n);
    call_refresh(n);
    tree_note_time(n, e->time_ns);
}

void permission_apply(struct session_entry *s, const struct event *e)
{
    struct entry *tool = e->ids.tool_use_id.len ? session_index_get(s, INDEX_TOOL, e->ids.tool_use_id) : NULL;
    for (struct entry *n = s->open; n && !tool; n = n->open_next) {
        bool same = slice_eq(n->pub.name, e->name) && n->pub.start_ns <= e->time_ns && !n->accepted;
        if (same && e->detail.len && n->pub.detail.len && !slice_eq(e->detail, n->pub.detail))
            same = false;
        if (same)
            tool = n;
    }
    if (tool) {
        ask_permission(s, tool, e->time_ns);
        tree_note_time(tool, e->time_ns);
        return;
    }
    if (e->time_ns > s->pending_permission_ns && e->name.len) {
        s->pending_permission_ns = e->time_ns;
        s->pending_permission_tool = session_keep(s, e->name);
    }
}

void notice_apply(struct session_entry *s, const struct event *e)
{
    char buffer[320];
    struct slice key = content_key(e, buffer, sizeof buffer);
    struct entry *n = session_index_get(s, INDEX_OTHER, key);
    if (!n) {
        n = session_new_entry(s, e->kind == EVENT_COMPACTION ? NODE_COMPACTION : NODE_EVENT);
        session_index_put(s, INDEX_OTHER, key, n);
    }
    merge_common(n, e);
    guess_start(n, e);
    n->finished = true;
    remember_place(n, e);
    place(n);
    call_refresh(n);
    tree_note_time(n, e->time_ns);
}

/* Spans that are no call: they only tie other spans to one. */
void span_apply(struct session_entry *s, const struct event *e)
{
    if (!e->ids.has_span_id)
        return;
    struct span_ref *ref = span_ref_get(s, e->ids.span_id);
    if (!ref)
        return;
    if (e->span_role == SPAN_ROLE_WAIT) {
        ref->is_wait = true;
        ref->wait_ns = e->wait_ns;
        ref->decision = e->decision;
        if (ref->owner)
            tool_took_wait(ref->owner, ref);
    }
    if (e->ids.has_parent_span_id && !ref->has_parent) {
        memcpy(ref->parent, e->ids.parent_span_id, 8);
        ref->has_parent = true;
        struct span_ref *parent = span_ref_get(s, e->ids.parent_span_id);
        if (parent && parent->owner && !ref->owner) {
            span_ref_own(s, e->ids.span_id, parent->owner);
        } else if (parent && ref->owner && !parent->owner && ref->is_wait) {
            span_ref_own(s, e->ids.parent_span_id, ref->owner);
        } else if (parent && !parent->owner) {
            ref->next_wait = parent->child_waits;
            parent->child_waits = ref;
        }
    }
}

/* Calls of an agent also tell where the agent belongs. */
void call_learn_agent(struct session_entry *s, const struct event *e)
{
    if (e->ids.agent_id.len && (e->kind == EVENT_LLM || e->kind == EVENT_TOOL))
        agent_learn(s, e);
}
