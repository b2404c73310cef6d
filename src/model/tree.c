/* States, from a parent down, and sums, from the children up. */
#include "model_private.h"

/* A background agent is known by calls that begin after the call that started it was over, by more than this.
 */
#define BACKGROUND_NS (INT64_C(20) * 1000000)

void counters_add(struct counters *to, const struct counters *from, int sign)
{
    to->turns += sign * from->turns;
    to->llm_calls += sign * from->llm_calls;
    to->llm_errors += sign * from->llm_errors;
    to->llm_retries += sign * from->llm_retries;
    to->tool_calls += sign * from->tool_calls;
    to->tool_errors += sign * from->tool_errors;
    to->tool_rejections += sign * from->tool_rejections;
    to->agents += sign * from->agents;
    to->input_tokens += sign * from->input_tokens;
    to->output_tokens += sign * from->output_tokens;
    to->cache_read_tokens += sign * from->cache_read_tokens;
    to->cache_creation_tokens += sign * from->cache_creation_tokens;
    to->cost_nano_usd += sign * from->cost_nano_usd;
    to->cost_unknown += sign * from->cost_unknown;
    to->cost_estimated += sign * from->cost_estimated;
    to->cost_estimated_nano_usd += sign * from->cost_estimated_nano_usd;
    to->wait_ns += sign * from->wait_ns;
}

static void newest_entry(struct entry **slot, struct entry *n)
{
    if (!*slot || entry_cmp(n, *slot) > 0)
        *slot = n;
}

/* Things that a turn or an agent needs to know of what is right below it. */
static void tell_parent(struct entry *n)
{
    struct node *p = &n->pub;
    if (!p->parent || p->kind == NODE_SPAN) /* another service's span is no word of this session */
        return;
    struct entry *parent = as_entry(p->parent);
    int64_t last = p->end_ns > p->last_ns ? p->end_ns : p->last_ns; /* its own, so far */
    if (last > parent->own_last_ns)
        parent->own_last_ns = last;
    if (p->kind == NODE_COMPACTION)
        newest_entry(&parent->newest_compaction, n);
    if (p->kind != NODE_LLM && p->kind != NODE_TOOL)
        return;
    if (p->start_ns > parent->newest_call_ns)
        parent->newest_call_ns = p->start_ns;
    parent->logged_calls += (n->view->witnesses & 1u << WITNESS_LOG) != 0;
    parent->open_tools += p->kind == NODE_TOOL && !n->made && !n->finished && !n->rejected;
    if (n->view->auxiliary)
        return;
    newest_entry(&parent->newest_call, n);
    if (p->kind == NODE_LLM)
        newest_entry(&parent->newest_llm, n);
}

/* Nobody says that an agent in the background is done, but its last response, as a span has it, asked for
 * nothing more. */
static bool has_answered(const struct entry *agent)
{
    const struct entry *llm = agent->newest_call;
    return llm && llm->pub.kind == NODE_LLM && llm->view->finished_by & 1u << WITNESS_SPAN &&
           !llm->view->failed && !llm->pub.wants_tools && agent->open_tools == 0;
}

/* It was closed by silence alone: then nobody knows how what was open in it went on. */
static bool is_unheard(const struct node *parent, const struct session_entry *s)
{
    return parent ? as_entry((struct node *)parent)->unheard : s->silent && !s->ended;
}

static void agent_state(struct session_entry *s, struct entry *n, bool closed_above)
{
    struct node *p = &n->pub;
    const struct entry *tool = p->parent && p->parent->kind == NODE_TOOL ? as_entry(p->parent) : NULL;
    const struct node *above = p->parent;
    bool over = above && above->end_ns && (above->kind == NODE_TURN || (tool && tool->finished));
    if (over && n->newest_call_ns > above->end_ns + BACKGROUND_NS)
        p->background = true;
    bool done_with_tool = tool && tool->finished && !p->background;
    bool cut = p->background ? s->ended || s->silent : closed_above;
    bool answered = !n->finished && has_answered(n);
    if (answered && p->end_ns == 0) {
        p->end_ns = n->newest_call->pub.end_ns;
        p->duration_ns = p->end_ns > p->start_ns ? p->end_ns - p->start_ns : p->duration_ns;
    }
    p->state = n->finished                  ? n->view->failed ? NODE_FAILED : NODE_DONE
               : done_with_tool || answered ? NODE_DONE
               : cut                        ? NODE_INTERRUPTED
                                            : NODE_RUNNING;
    n->closed = p->state != NODE_RUNNING;
    n->unheard =
        cut && p->state == NODE_INTERRUPTED && !s->ended && (p->background || is_unheard(p->parent, s));
    if (n->unheard)
        p->state = NODE_UNKNOWN;
    if (p->state == NODE_RUNNING && p->background)
        newest_entry(&s->running_agent, n);
}

static void tool_state(struct session_entry *s, struct entry *n, bool closed_above)
{
    struct node *p = &n->pub;
    n->closed = closed_above;
    if (n->made) {
        p->state = NODE_UNKNOWN;
        return;
    }
    n->unheard = closed_above && is_unheard(p->parent, s);
    p->state = n->finished                        ? n->view->failed ? NODE_FAILED : NODE_DONE
               : n->rejected                      ? NODE_REJECTED
               : closed_above                     ? n->unheard ? NODE_UNKNOWN : NODE_INTERRUPTED
               : n->permission_ns && !n->accepted ? NODE_WAITING
                                                  : NODE_RUNNING;
    /* Of several that wait or run, the newest is shown; of those that began together, the last by key. */
    struct entry **slot = p->state == NODE_WAITING   ? &s->waiting_call
                          : p->state == NODE_RUNNING ? &s->running_call
                                                     : NULL;
    if (slot)
        newest_entry(slot, n);
}

static void node_state(struct session_entry *s, struct entry *n)
{
    struct node *p = &n->pub;
    bool closed_above = p->parent ? as_entry(p->parent)->closed : s->ended || s->silent;
    switch (p->kind) {
    case NODE_TURN:
        turn_state(s, n);
        break;
    case NODE_AGENT:
        agent_state(s, n, closed_above);
        break;
    case NODE_TOOL:
        tool_state(s, n, closed_above);
        break;
    default:
        n->unheard = closed_above && is_unheard(p->parent, s);
        p->state = n->finished || p->kind == NODE_EVENT || p->kind == NODE_SPAN
                       ? n->view->failed ? NODE_FAILED : NODE_DONE
                   : closed_above ? n->unheard ? NODE_UNKNOWN : NODE_INTERRUPTED
                                  : NODE_RUNNING;
        n->closed = closed_above;
        break;
    }
}

static int64_t known(int64_t value)
{
    return value > 0 ? value : 0;
}

static void own_counters(const struct entry *n, struct counters *c)
{
    const struct node *p = &n->pub;
    const struct facts *f = n->view;
    *c = (struct counters){0};
    switch (p->kind) {
    case NODE_TURN:
        c->turns = 1;
        break;
    case NODE_LLM:
        c->llm_calls = 1;
        c->llm_errors = p->state == NODE_FAILED;
        c->llm_retries = p->attempts > 1 ? p->attempts - 1 : 0;
        c->input_tokens = known(facts_number(f, FACT_INPUT));
        c->output_tokens = known(facts_number(f, FACT_OUTPUT));
        c->cache_read_tokens = known(facts_number(f, FACT_CACHE_READ));
        c->cache_creation_tokens = known(facts_number(f, FACT_CACHE_CREATION));
        c->cost_nano_usd = known(n->cost_nano_usd);
        c->cost_unknown = n->cost_nano_usd < 0 && p->state != NODE_FAILED;
        c->cost_estimated = n->cost_estimated;
        c->cost_estimated_nano_usd = n->cost_estimated ? n->cost_nano_usd : 0;
        break;
    case NODE_TOOL:
        c->tool_calls = !n->made;
        c->tool_errors = p->state == NODE_FAILED;
        c->tool_rejections = p->state == NODE_REJECTED;
        c->wait_ns = known(p->wait_ns);
        break;
    case NODE_AGENT: /* one that only hooks announced and that did nothing proves little */
        c->agents = f->confirmed || p->first_child;
        break;
    default:
        break;
    }
}

static void pick_models(struct session_entry *s, struct entry **nodes, size_t count)
{
    struct entry *newest = s->frozen.newest_llm;
    s->pub.model = s->report.model_id;
    for (size_t i = 0; i < count; i++) {
        struct entry *n = nodes[i];
        if (n->newest_llm)
            n->pub.model = n->newest_llm->pub.model;
        bool main = n->pub.kind == NODE_LLM && !n->view->auxiliary && !n->view->agent.to && n->pub.model.len;
        if (main)
            newest_entry(&newest, n);
    }
    s->newest_llm = newest;
    if (newest)
        s->pub.model = newest->pub.model;
}

/* Long enough for any call there is; who waits for a human is silent by nature. In whole minutes, so that
 * many sessions fall silent together. */
static void find_silence(struct session_entry *s, struct entry **nodes, size_t count)
{
    static const int64_t minute_ns = INT64_C(60) * 1000000000;
    int64_t within = LIVE_WITHIN_NS;
    for (size_t i = 0; i < count; i++) {
        const struct entry *n = nodes[i];
        if (n->permission_ns && !n->finished && !n->accepted && !n->rejected)
            within = WAITING_WITHIN_NS;
    }
    int64_t due = (s->pub.last_arrival_ns + within) / minute_ns * minute_ns + minute_ns;
    s->silent = s->pub.last_arrival_ns > 0 && s->model->clock->now_ns >= due;
    s->silent_ns = s->silent ? 0 : due;
}

/* While anything is open, silence will end it. */
static void await_silence(struct session_entry *s, struct entry **nodes, size_t count)
{
    bool open = false;
    for (size_t i = 0; i < count; i++) {
        const struct entry *n = nodes[i];
        open |= n->pub.state == NODE_RUNNING || n->pub.state == NODE_WAITING;
        if (n->turn && !n->closed && n->quiet_due_ns > s->model->clock->now_ns &&
            (s->due_ns == 0 || n->quiet_due_ns < s->due_ns))
            s->due_ns = n->quiet_due_ns;
    }
    if (open && s->silent_ns && (s->due_ns == 0 || s->silent_ns < s->due_ns))
        s->due_ns = s->silent_ns;
}

/* An agent goes on when its human has answered what it asked, and so does the call that started it. */
static void let_wait(struct node *parent)
{
    if (parent && parent->state == NODE_RUNNING && (parent->kind == NODE_AGENT || parent->kind == NODE_TOOL))
        parent->state = NODE_WAITING;
}

void derive_tree(struct session_entry *s, struct entry **preorder, size_t count)
{
    for (size_t i = 0; i < count; i++)
        tell_parent(preorder[i]);
    find_silence(s, preorder, count);
    pick_models(s, preorder, count);
    for (size_t i = 0; i < count; i++) {
        node_state(s, preorder[i]);
        if (!preorder[i]->turn)
            preorder[i]->pub.number = preorder[i]->pub.parent ? preorder[i]->pub.parent->number : 0;
        if (!preorder[i]->kept) /* a leaf's sums are its own */
            own_counters(preorder[i], &preorder[i]->pub.total);
    }
    await_silence(s, preorder, count);
    s->pub.total = s->frozen.total;
    eviction_add_gone(s);
    for (size_t i = count; i-- > 0;) {
        struct node *p = &preorder[i]->pub;
        counters_add(p->parent ? &p->parent->total : &s->pub.total, &p->total, 1);
        if (p->parent && p->kind != NODE_SPAN && p->last_ns > p->parent->last_ns)
            p->parent->last_ns = p->last_ns;
        if (p->state == NODE_WAITING)
            let_wait(p->parent);
    }
}
