/* What is shown of an entry by itself: its fields and the human's wait. */
#include "mem.h"
#include "model_private.h"

#include <stdlib.h>

/* Tool calls looked at for one permission prompt. */
#define ASK_WALK 128
/* From a call to the last of its prompts' witnesses: the notification comes seconds after the hook. */
#define ASK_LAG_NS (INT64_C(10) * 1000000000)

static void text_fields(struct node *p, const struct facts *f)
{
    p->name = f->texts[FACT_NAME];
    p->detail = f->texts[FACT_DETAIL];
    p->model = f->texts[FACT_MODEL];
    p->source = f->texts[FACT_SOURCE];
    p->error_type = f->texts[FACT_ERROR_TYPE];
    p->error_message = f->texts[FACT_ERROR_MESSAGE];
}

void derive_facts(struct entry *e)
{
    const struct facts *f = e->view;
    struct node *p = &e->pub;
    text_fields(p, f);
    p->end_ns = facts_time(f, FACT_END);
    p->wait_ns = facts_number(f, FACT_WAIT);
    p->tokens_before = facts_number(f, FACT_TOKENS_BEFORE);
    p->tokens_after = facts_number(f, FACT_TOKENS_AFTER);
    p->wants_tools = f->wants_tools;
    p->background = f->background;
    p->redacted = f->redacted && p->detail.len == 0; /* another witness may have said it */
    p->witnesses = f->witnesses;
    p->last_ns = f->last_ns;
    e->finished = f->finished;
    if (e->turn) { /* the rest stands in turn.c */
        p->model = SLICE_NULL;
        p->end_reason = SLICE_NULL;
        p->source = f->witnesses & 1u << WITNESS_HOOK  ? SLICE_LIT("hook")
                    : f->witnesses & 1u << WITNESS_LOG ? SLICE_LIT("event")
                    : f->witnesses                     ? SLICE_LIT("span")
                                                       : SLICE_LIT("heuristic");
        p->duration_ns = p->end_ns && p->end_ns >= p->start_ns ? p->end_ns - p->start_ns : -1;
        return;
    }
    const struct entry *trace = link_entry(&f->trace);
    int64_t start = facts_time(f, FACT_START);
    p->start_ns = start ? start : f->first_ns;
    p->duration_ns = facts_number(f, FACT_DURATION);
    p->ttft_ns = facts_number(f, FACT_TTFT);
    p->attempt_ns = f->attempt_ns;
    p->attempt_count = f->attempt_count;
    p->attempts = p->kind == NODE_LLM && f->attempts < 1 ? 1 : f->attempts;
    bool keyless = e->made || e->key.ptr[0] == INDEX_CONTENT;
    p->key = keyless ? SLICE_NULL : slice_sub(e->key, 1, e->key.len);
    p->has_trace_id = trace != NULL;
    if (trace)
        memcpy(p->trace_id, trace->turn->trace_id, sizeof p->trace_id);
    p->has_span_id = f->has_span_id;
    memcpy(p->span_id, f->span_id, sizeof p->span_id);
    if (p->kind == NODE_AGENT) {
        bool restarted = p->end_ns && f->restarted_ns > p->end_ns;
        e->finished = f->finished && !restarted;
        if (restarted)
            p->end_ns = 0;
        if (p->end_ns > p->start_ns && p->duration_ns < 0)
            p->duration_ns = p->end_ns - p->start_ns;
    }
    e->decided_ns = f->decided_ns;
    e->accepted = f->accepted;
    e->rejected = f->rejected;
    derive_cost(e);
}

static int asks_cmp(const void *a, const void *b)
{
    const struct ask *x = *(struct ask *const *)a, *y = *(struct ask *const *)b;
    if (x->ns != y->ns)
        return x->ns < y->ns ? -1 : 1;
    if (x->notified != y->notified)
        return x->notified ? 1 : -1;
    int order = slice_cmp(x->tool, y->tool);
    return order ? order : slice_cmp(x->detail, y->detail);
}

/* One of which neither a decision nor an end is known was cut off, at the latest when the next turn began: it
 * may be one of an earlier turn's agent, that asks as soon as it is called. */
int64_t ask_until(const struct entry *tool)
{
    int64_t decided = tool->view->decided_ns, end = tool->pub.end_ns;
    int64_t first = decided && (end == 0 || decided < end) ? decided : end;
    return first ? first + CLOCK_SLACK_NS : tool->pub.start_ns + ASK_LAG_NS;
}

/* The tool was there when the prompt was shown, and nothing had been decided yet. */
static bool may_ask(const struct session_entry *s, const struct entry *tool, const struct ask *ask)
{
    if (!tool->visible || tool->pub.kind != NODE_TOOL ||
        (ask->tool.len && !slice_eq(tool->pub.name, ask->tool)))
        return false;
    if (ask->ns <= ask_until(tool))
        return true;
    const struct entry *turn = turn_at(s, ask->ns);
    return !tool->view->decided_ns && !tool->pub.end_ns &&
           (!turn || turn->pub.start_ns <= tool->pub.start_ns);
}

/* Higher is likelier: begun before the prompt, not asked about yet, and for the same thing. */
static int likeness(const struct entry *tool, const struct ask *ask)
{
    bool began = tool->pub.start_ns <= ask->ns;
    bool repeated = tool->permission_ns != 0;
    bool same = ask->detail.len && slice_eq(ask->detail, tool->pub.detail);
    return 4 * began + 2 * same + (ask->notified ? repeated : !repeated);
}

static void settle_ask(struct session_entry *s, struct ask *ask)
{
    size_t low = 0, high = s->live;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (s->all[mid]->pub.start_ns <= ask->ns + CLOCK_SLACK_NS)
            low = mid + 1;
        else
            high = mid;
    }
    struct entry *best = NULL;
    for (size_t i = low; i > 0 && i + ASK_WALK > low; i--) {
        struct entry *tool = s->all[i - 1];
        if (may_ask(s, tool, ask) && (!best || likeness(tool, ask) > likeness(best, ask)))
            best = tool;
    }
    ask->of = best;
    if (!best) {
        s->pending_ask = ask;
        return;
    }
    if (best->permission_ns)
        return;
    best->kept = false;
    best->permission_ns = ask->ns;
    best->permission_evidence = ask_evidence(ask);
}

static void settle_asks(struct session_entry *s)
{
    size_t count = 0;
    for (const struct ask *a = s->asks; a; a = a->next)
        count++;
    if (count == 0)
        return;
    struct ask **asks = mem_array(count, sizeof *asks);
    count = 0;
    for (struct ask *a = s->asks; a; a = a->next)
        asks[count++] = a;
    qsort(asks, count, sizeof *asks, asks_cmp);
    for (size_t i = 0; i < count; i++)
        settle_ask(s, asks[i]);
    free(asks);
}

/* Without the client's own measure: from the prompt to the decision, or to the run that followed it. */
static void reckon_wait(struct entry *tool)
{
    struct node *p = &tool->pub;
    int64_t until = 0;
    if (tool->view->decided_ns)
        until = slice_starts(p->source, SLICE_LIT("user")) ? tool->view->decided_ns : 0;
    else if (tool->finished && p->end_ns && p->duration_ns >= 0)
        until = p->end_ns - p->duration_ns;
    if (p->wait_ns < 0 && tool->permission_ns && until > tool->permission_ns)
        p->wait_ns = until - tool->permission_ns;
}

static void lend_wait(struct entry *tool, const struct span_ref *w)
{
    struct node *p = &tool->pub;
    bool unsaid = tool->view->texts[FACT_SOURCE].len == 0 && w->source.len &&
                  (p->source.len == 0 || slice_cmp(w->source, p->source) < 0);
    tool->lent |= unsaid || w->end_ns > tool->decided_ns || w->wait_ns > p->wait_ns ||
                  w->accepted > tool->accepted || w->rejected > tool->rejected;
    tool->kept &= !tool->lent;
    if (unsaid)
        p->source = w->source;
    if (w->wait_ns > p->wait_ns)
        p->wait_ns = w->wait_ns;
    if (w->end_ns > tool->decided_ns)
        tool->decided_ns = w->end_ns;
    tool->accepted |= w->accepted;
    tool->rejected |= w->rejected;
}

void derive_waits(struct session_entry *s)
{
    for (const struct span_ref *w = s->waits; w; w = w->next_wait) {
        struct entry *tool = w->owner ? w->owner : w->parent ? w->parent->owner : NULL;
        tool = tool ? entry_root(tool) : NULL;
        if (!tool || !tool->visible || tool->pub.kind != NODE_TOOL)
            continue;
        s->thaw |= tool->frozen;
        lend_wait(tool, w);
    }
    settle_asks(s);
    for (size_t i = 0; i < s->live; i++)
        if (s->all[i]->permission_ns)
            reckon_wait(s->all[i]);
}
