/* Tool calls: decision, wait, execution and result as one node; and the spans and prompts that belong to
 * them. */
#include "model_private.h"

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

/* Two nodes turn out to be one call: the facts of from go to to, by rank, and from leaves the tree. */
static void tool_absorb(struct session_entry *s, struct entry *to, struct entry *from)
{
    const struct {
        enum ranked field;
        int64_t *to, *from;
    } numbers[] = {
        {RANKED_START, &to->pub.start_ns, &from->pub.start_ns},
        {RANKED_END, &to->pub.end_ns, &from->pub.end_ns},
        {RANKED_DURATION, &to->pub.duration_ns, &from->pub.duration_ns},
        {RANKED_WAIT, &to->pub.wait_ns, &from->pub.wait_ns},
    };
    const struct {
        enum ranked field;
        struct slice *to, *from;
    } texts[] = {
        {RANKED_DETAIL, &to->pub.detail, &from->pub.detail},
        {RANKED_SOURCE, &to->pub.source, &from->pub.source},
        {RANKED_ERROR, &to->pub.error_message, &from->pub.error_message},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (from->rank[numbers[i].field] > to->rank[numbers[i].field]) {
            *numbers[i].to = *numbers[i].from;
            to->rank[numbers[i].field] = from->rank[numbers[i].field];
        }
    }
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (from->rank[texts[i].field] > to->rank[texts[i].field]) {
            *texts[i].to = *texts[i].from;
            to->rank[texts[i].field] = from->rank[texts[i].field];
        }
    }
    to->finished |= from->finished;
    to->failed |= from->failed;
    to->pub.witnesses |= from->pub.witnesses;
    from->pub.witnesses = 0;
    from->finished = from->failed = false;
    call_refresh(from);
    red_update(&from->red_share, &(struct red_share){.duration_ns = -1, .ttft_ns = -1});
    open_remove(s, from);
    while (from->pub.first_child)
        tree_link(as_entry(from->pub.first_child), to);
    tree_unlink(from);
    from->merged_into = to;
    map_remove(&s->model->nodes, slice_make(&from->pub.id, sizeof from->pub.id));
    s->model->stats.nodes--;
    tree_reorder(to);
}

static struct entry *tool_get(struct session_entry *s, const struct event *e)
{
    char buffer[320];
    bool idless = e->ids.tool_use_id.len == 0;
    char type = idless ? INDEX_OTHER : INDEX_TOOL;
    struct slice key = idless ? call_content_key(e, buffer, sizeof buffer) : e->ids.tool_use_id;
    bool no_ids =
        e->phase == PHASE_FINISHED && e->witness != WITNESS_SPAN && (idless || e->ids.prompt_id.len == 0);
    struct entry *n = session_index_get(s, type, key);
    while (n && n->merged_into)
        n = n->merged_into;
    if (n) {
        struct entry *same = no_ids && !idless && !n->finished ? tool_match(s, e, true) : NULL;
        if (same)
            tool_absorb(s, n, same);
        return n;
    }
    if (no_ids)
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
    call_guess_start(n, e);
    call_remember_place(n, e);
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
