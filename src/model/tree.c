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

/* Things that a turn or an agent needs to know of what is right below it. */
static void tell_parent(struct entry *n)
{
    struct node *p = &n->pub;
    if (!p->parent)
        return;
    struct entry *parent = as_entry(p->parent);
    int64_t last = p->end_ns > p->last_ns ? p->end_ns : p->last_ns; /* its own, so far */
    if (last > parent->own_last_ns)
        parent->own_last_ns = last;
    if ((p->kind == NODE_LLM || p->kind == NODE_TOOL) && p->start_ns > parent->newest_call_ns)
        parent->newest_call_ns = p->start_ns;
    if (p->kind == NODE_LLM && !n->view->auxiliary &&
        (!parent->newest_llm || entry_cmp(n, parent->newest_llm) > 0))
        parent->newest_llm = n;
}

static bool newest_llm_failed(const struct entry *turn)
{
    return turn->newest_llm && turn->newest_llm->view->finished && turn->newest_llm->view->failed;
}

static void turn_end(struct node *p, struct slice reason, int64_t end_ns)
{
    p->end_reason = reason;
    if (p->end_ns)
        return;
    p->end_ns = end_ns;
    p->duration_ns = end_ns >= p->start_ns ? end_ns - p->start_ns : -1;
}

static bool has_hook_prompt(const struct entry *turn)
{
    bool has = turn->turn->has_hook_prompt;
    for (const struct entry *g = turn->guests; g; g = g->next_guest)
        has |= g->turn->has_hook_prompt;
    return has;
}

/* The next prompt ends a turn, unless the turn is seen to go on (two processes may share a session). */
static const struct entry *superseded_by(const struct session_entry *s, const struct entry *turn)
{
    size_t low = (size_t)turn->pub.number, high = s->turn_count;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (s->turns[mid]->pub.start_ns < turn->newest_call_ns)
            low = mid + 1;
        else
            high = mid;
    }
    return low < s->turn_count ? s->turns[low] : NULL;
}

static void turn_state(const struct session_entry *s, struct entry *turn)
{
    struct node *p = &turn->pub;
    const struct facts *f = turn->view;
    int64_t last = turn->own_last_ns > f->last_ns ? turn->own_last_ns : f->last_ns;
    if (last < p->start_ns)
        last = p->start_ns;
    bool stopped = f->texts[FACT_SOURCE].len > 0;
    bool cut = false;
    if (f->finished) {
        /* Where hooks tell of prompts and of stops, an end without a stop was the user's doing. */
        cut = !stopped && has_hook_prompt(turn) && s->saw_stop;
        if (!stopped)
            turn_end(p, cut ? SLICE_LIT("interrupted") : SLICE_LIT("span_end"), last);
    } else if (superseded_by(s, turn)) {
        turn_end(p, SLICE_LIT("new_prompt"), last);
    } else if (s->ended) {
        turn_end(p, SLICE_LIT("session_end"), last);
    }
    turn->closed = p->end_reason.len > 0 || f->finished;
    bool failed = f->failed || (turn->closed && newest_llm_failed(turn));
    if (failed && p->error_type.len == 0 && turn->newest_llm) {
        p->error_type = turn->newest_llm->pub.error_type;
        p->error_message = turn->newest_llm->pub.error_message;
    }
    p->state = failed ? NODE_FAILED : cut ? NODE_INTERRUPTED : turn->closed ? NODE_DONE : NODE_RUNNING;
}

static void agent_state(const struct session_entry *s, struct entry *n, bool closed_above)
{
    struct node *p = &n->pub;
    const struct entry *tool = p->parent && p->parent->kind == NODE_TOOL ? as_entry(p->parent) : NULL;
    if (tool && tool->finished && tool->pub.end_ns && n->newest_call_ns > tool->pub.end_ns + BACKGROUND_NS)
        p->background = true;
    bool done_with_tool = tool && tool->finished && !p->background;
    bool cut = p->background ? s->ended : closed_above;
    p->state = n->finished      ? n->view->failed ? NODE_FAILED : NODE_DONE
               : done_with_tool ? NODE_DONE
               : cut            ? NODE_INTERRUPTED
                                : NODE_RUNNING;
    n->closed = p->state != NODE_RUNNING;
}

static void tool_state(struct session_entry *s, struct entry *n, bool closed_above)
{
    struct node *p = &n->pub;
    p->state = n->finished                        ? n->view->failed ? NODE_FAILED : NODE_DONE
               : n->rejected                      ? NODE_REJECTED
               : closed_above                     ? NODE_INTERRUPTED
               : n->permission_ns && !n->accepted ? NODE_WAITING
                                                  : NODE_RUNNING;
    n->closed = closed_above;
    /* Of several that wait or run, the newest is shown; of those that began together, the last by key. */
    struct entry **slot = p->state == NODE_WAITING   ? &s->waiting_call
                          : p->state == NODE_RUNNING ? &s->running_call
                                                     : NULL;
    if (slot && (!*slot || entry_cmp(n, *slot) > 0))
        *slot = n;
}

static void node_state(struct session_entry *s, struct entry *n)
{
    struct node *p = &n->pub;
    bool closed_above = p->parent ? as_entry(p->parent)->closed : s->ended;
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
        p->state = n->finished || p->kind == NODE_EVENT ? n->view->failed ? NODE_FAILED : NODE_DONE
                   : closed_above                       ? NODE_INTERRUPTED
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
        c->tool_calls = 1;
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
    const struct entry *newest = NULL;
    s->pub.model = SLICE_NULL;
    for (size_t i = 0; i < count; i++) {
        struct entry *n = nodes[i];
        if (n->newest_llm)
            n->pub.model = n->newest_llm->pub.model;
        bool main = n->pub.kind == NODE_LLM && !n->view->auxiliary && !n->view->agent.to && n->pub.model.len;
        if (main && (!newest || entry_cmp(n, newest) > 0))
            newest = n;
    }
    if (newest)
        s->pub.model = newest->pub.model;
}

void derive_tree(struct session_entry *s, struct entry **preorder, size_t count)
{
    for (size_t i = 0; i < count; i++)
        tell_parent(preorder[i]);
    pick_models(s, preorder, count);
    for (size_t i = 0; i < count; i++) {
        node_state(s, preorder[i]);
        if (!preorder[i]->kept) /* a leaf's sums are its own */
            own_counters(preorder[i], &preorder[i]->pub.total);
    }
    s->pub.total = (struct counters){0};
    for (size_t i = count; i-- > 0;) {
        struct node *p = &preorder[i]->pub;
        counters_add(p->parent ? &p->parent->total : &s->pub.total, &p->total, 1);
        if (p->parent && p->last_ns > p->parent->last_ns)
            p->parent->last_ns = p->last_ns;
    }
}
