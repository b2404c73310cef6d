/* Calls: LLM requests, tools, sub-agents, and what hangs from them. */
#include "model_private.h"

#include <stdio.h>

void call_remember_place(struct entry *n, const struct event *e)
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
void call_guess_start(struct entry *n, const struct event *e)
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
struct slice call_content_key(const struct event *e, char *out, size_t cap)
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
    struct slice key = e->ids.request_id.len ? e->ids.request_id : call_content_key(e, buffer, sizeof buffer);
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
    call_guess_start(n, e);
    call_remember_place(n, e);
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

void notice_apply(struct session_entry *s, const struct event *e)
{
    char buffer[320];
    struct slice key = call_content_key(e, buffer, sizeof buffer);
    struct entry *n = session_index_get(s, INDEX_OTHER, key);
    if (!n) {
        n = session_new_entry(s, e->kind == EVENT_COMPACTION ? NODE_COMPACTION : NODE_EVENT);
        session_index_put(s, INDEX_OTHER, key, n);
    }
    merge_common(n, e);
    call_guess_start(n, e);
    n->finished = true;
    call_remember_place(n, e);
    place(n);
    call_refresh(n);
    tree_note_time(n, e->time_ns);
}
