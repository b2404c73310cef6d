/*
 * From facts to the tree: a pure function of everything that is known of a session, run when a reader asks
 * after a change. Its cost is that of one pass over the session's entries that are not frozen (freeze.c),
 * whatever the order in which they came.
 */
#include "mem.h"
#include "model_private.h"

#include <stdlib.h>

void settle_mark(struct session_entry *s)
{
    if (s->dirty)
        return;
    struct model *m = s->model;
    s->dirty = true;
    s->dirty_prev = NULL;
    s->dirty_next = m->dirty;
    if (m->dirty)
        m->dirty->dirty_prev = s;
    m->dirty = s;
}

static void unmark(struct session_entry *s)
{
    s->dirty = false;
    if (s->dirty_prev)
        s->dirty_prev->dirty_next = s->dirty_next;
    else
        s->model->dirty = s->dirty_next;
    if (s->dirty_next)
        s->dirty_next->dirty_prev = s->dirty_prev;
    s->dirty_next = s->dirty_prev = NULL;
}

void settle_forget(struct session_entry *s)
{
    struct session_entry *before = (struct session_entry *)s->pub.changed_before;
    if (s->changed_after)
        s->changed_after->pub.changed_before = s->pub.changed_before;
    else if (s->model->changes.newest == s)
        s->model->changes.newest = before;
    if (before)
        before->changed_after = s->changed_after;
    s->pub.changed_before = NULL;
    s->changed_after = NULL;
}

/* To the head of the list of changes. */
void settle_revise(struct session_entry *s)
{
    struct model_changes *changes = &s->model->changes;
    settle_forget(s);
    s->pub.revision = ++changes->revision;
    if (changes->newest) {
        s->pub.changed_before = &changes->newest->pub;
        changes->newest->changed_after = s;
    }
    changes->newest = s;
}

const struct session *model_newest_change(const struct model *m)
{
    settle_model(m);
    return m->changes.newest ? &m->changes.newest->pub : NULL;
}

uint64_t model_revision(const struct model *m)
{
    settle_model(m);
    return m->changes.revision;
}

uint64_t model_departures(const struct model *m)
{
    return m->changes.departures;
}

void entry_view(struct entry *e)
{
    e->view = &e->f;
    if (!e->guests)
        return;
    if (!e->joined)
        e->joined = session_alloc((struct session_entry *)e->pub.session, sizeof *e->joined);
    *e->joined = e->f;
    for (const struct entry *g = e->guests; g; g = g->next_guest)
        facts_join(e->joined, &g->f);
    e->view = e->joined;
}

struct entry *settle_make(struct session_entry *s, enum node_kind kind, struct slice key,
                          struct entry *parent)
{
    struct entry *e = session_entry_get(s, kind, INDEX_MADE, key);
    if (kind == NODE_TURN && !e->turn) {
        e->turn = session_alloc(s, sizeof *e->turn);
        e->turn->kind = TURN_QUIET;
        e->parts = e->turn;
    }
    if (!e->visible) /* else it was made before in this settle */
        facts_init(&e->f);
    e->f.known = true;
    e->view = &e->f;
    e->made = e->visible = true;
    e->made_for = parent;
    return e;
}

/* Most of a long session has been settled before and has nothing new: its own fields need not be made again.
 */
static bool may_keep(const struct entry *e)
{
    return !e->changed && !e->made && !e->lent && e->alone && e->visible && !e->pub.first_child &&
           e->permission_ns == 0 && (e->pub.kind == NODE_LLM || e->pub.kind == NODE_TOOL);
}

static void forget(struct session_entry *s)
{
    for (size_t i = 0; i < s->live; i++) {
        struct entry *e = s->all[i];
        e->kept = may_keep(e);
        e->changed = e->lent = false;
        e->same_as = e->guests = e->next_guest = e->best = e->newest_llm = NULL;
        e->newest_call = e->newest_compaction = NULL;
        e->open_tools = e->logged_calls = 0;
        e->visited = e->closed = e->unheard = e->taken = false;
        e->newest_call_ns = e->own_last_ns = 0;
        e->permission_ns = 0;
        e->f.known &= !e->made;
        if (e->kept)
            continue;
        e->view = &e->f;
        e->visible = e->finished = false;
        e->permission_evidence = NULL;
    }
    s->spawner_count = 0;
    s->due_ns = 0;
    s->waiting_call = s->running_call = s->running_agent = NULL;
    s->pending_ask = NULL;
    s->ended = s->ended_ns > 0 && s->ended_ns >= s->last_hook_ns &&
               s->ended_ns >= s->pub.last_activity_ns - NS_SLACK;
}

static int by_first_word(const struct entry *a, const struct entry *b)
{
    if (a->f.first_ns != b->f.first_ns)
        return a->f.first_ns < b->f.first_ns ? -1 : 1;
    return slice_cmp(a->key, b->key);
}

static int models_cmp(const void *a, const void *b)
{
    const struct model_use *x = *(struct model_use *const *)a, *y = *(struct model_use *const *)b;
    if (x->first_ns != y->first_ns)
        return x->first_ns < y->first_ns ? -1 : 1;
    return slice_cmp(x->name, y->name);
}

static void settle_due(struct session_entry *s)
{
    struct model_clock *clock = s->model->clock;
    if (s->due_ns && (clock->due_ns == 0 || s->due_ns < clock->due_ns))
        clock->due_ns = s->due_ns;
}

void model_advance(const struct model *m, int64_t now_ns)
{
    struct model_clock *clock = m->clock;
    if (now_ns > clock->now_ns)
        clock->now_ns = now_ns;
    orphan_advance(clock->model);
    if (clock->due_ns == 0 || clock->due_ns > clock->now_ns)
        return;
    clock->due_ns = 0;
    for (struct session *x = m->first ? &m->first->pub : NULL; x; x = x->next) {
        struct session_entry *s = (struct session_entry *)x;
        if (s->due_ns && s->due_ns <= clock->now_ns)
            settle_mark(s);
        else
            settle_due(s);
    }
}

int64_t model_due_ns(const struct model *m)
{
    settle_model(m);
    const struct model_clock *clock = m->clock;
    bool orphan = clock->orphan_due_ns && (clock->due_ns == 0 || clock->orphan_due_ns < clock->due_ns);
    return orphan ? clock->orphan_due_ns : clock->due_ns;
}

/* Something that is not frozen is a part of something that is: that was not over after all. */
static bool reaches_back(const struct session_entry *s)
{
    if (s->frozen.before_ns == 0)
        return false;
    for (size_t i = 0; i < s->live; i++) {
        const struct entry *e = s->all[i];
        const struct node *p = &e->pub, *parent = e->visible ? p->parent : NULL;
        bool early = e->visible && p->start_ns < s->frozen.before_ns;
        if (early || (e->same_as && e->same_as->frozen) || (parent && as_entry(parent)->frozen))
            return true;
    }
    return s->thaw;
}

/* What is one thing, its fields, and what it hangs from. False: once more, with nothing frozen. */
static bool arrange(struct session_entry *s)
{
    forget(s);
    if (s->trace_count) /* no list yet: a null pointer, to which nothing may be added */
        sort_entries(s->model, s->traces + s->frozen.traces, s->trace_count - s->frozen.traces,
                     by_first_word);
    turns_settle(s);
    match_calls(s);
    for (size_t i = 0; i < s->live; i++) {
        struct entry *e = s->all[i];
        e->alone = !e->same_as && !e->guests;
        e->kept &= e->alone;
        if (e->kept)
            continue;
        if (!e->turn && !e->made) {
            entry_view(e);
            e->visible = !e->same_as && e->view->known;
        }
        if (e->visible)
            derive_facts(e);
    }
    foreign_settle(s);
    sort_entries(s->model, s->all, s->live, entry_cmp);
    if (s->turn_count == 0 && s->model->config.turn_mode != TURN_MODE_HOOKS) {
        quiet_settle(s);
        sort_entries(s->model, s->all, s->live, entry_cmp);
    }
    turns_notified(s);
    derive_waits(s);
    placeholders_settle(s);
    place_all(s);
    return !reaches_back(s);
}

void settle_session(struct session_entry *s)
{
    if (!s->dirty)
        return;
    unmark(s);
    if (s->model_count > 1)
        qsort(s->models, s->model_count, sizeof *s->models, models_cmp);
    if (s->thaw)
        freeze_undo(s);
    if (!arrange(s)) {
        /* What this pass found new is still new to the next. */
        for (size_t i = 0; i < s->live; i++)
            s->all[i]->changed = !s->all[i]->kept;
        freeze_undo(s);
        arrange(s);
    }
    struct entry **preorder = mem_array(s->live + 1, sizeof *preorder);
    derive_tree(s, preorder, place_link(s, preorder));
    free(preorder);
    for (size_t i = 0; i < s->live; i++)
        derive_windows(s, s->all[i]);
    state_settle(s);
    signs_settle(s);
    metrics_settle(s);
    settle_due(s);
    freeze_settle(s);
    session_account(s);
    settle_revise(s);
}

void settle_model(const struct model *m)
{
    /* Readers see a model that never changes under them: what is done here was due already. */
    while (m->dirty)
        settle_session(m->dirty);
}
