/*
 * What goes when the budget of bytes bites, and what remains of it.
 *
 * A session that is given up keeps its place, its id and its sums, as a summary: what was counted of it stays
 * counted, its calls are gone. Late records of it are not applied, since their calls may be among those that
 * were counted; they are counted as late. What begins after all that it knew of makes it a session with a
 * tree again, whose sums go on from those of the summary.
 *
 * Who goes first: sessions that never were any, ended ones, then the one heard of longest ago. Each of these
 * sorts is a list in the order in which its sessions were last heard of.
 */
#include "mem.h"
#include "model_private.h"

#include <stdlib.h>

/* Distinct models that a summary names. */
#define SUMMARY_MODELS_MAX 8
#define SUMMARY_CHUNK      256
/* Of the budget, what summaries may take: one part in so many. */
#define SUMMARIES_SHARE 8

enum sort { SORT_NEVER_REAL, SORT_ENDED, SORT_OPEN };

_Static_assert(SORT_OPEN + 1 == EVICTION_SORTS, "a list for each, and that of the summaries");

static size_t sort_of(const struct session_entry *s)
{
    bool over = s->ended_ns > 0 && s->ended_ns >= s->last_hook_ns;
    return s->pub.summary                      ? EVICTION_SORTS
           : !s->pub.real && !s->pub.announced ? SORT_NEVER_REAL
           : over                              ? SORT_ENDED
                                               : SORT_OPEN;
}

void eviction_leave(struct session_entry *s)
{
    struct eviction_list *list = &s->model->eviction[s->sort];
    if (!s->sorted)
        return;
    *(s->older ? &s->older->newer : &list->oldest) = s->newer;
    *(s->newer ? &s->newer->older : &list->newest) = s->older;
    s->older = s->newer = NULL;
    s->sorted = false;
    s->model->summary_bytes -= s->summary_bytes;
    s->summary_bytes = 0;
}

void eviction_heard(struct session_entry *s)
{
    size_t sort = sort_of(s);
    struct eviction_list *list = &s->model->eviction[sort];
    if (s->sorted && s->sort == sort && list->newest == s && !s->pub.summary)
        return;
    eviction_leave(s);
    s->sort = sort;
    s->sorted = true;
    s->older = list->newest;
    *(list->newest ? &list->newest->newer : &list->oldest) = s;
    list->newest = s;
    s->summary_bytes = s->pub.summary ? s->bytes_counted : 0;
    s->model->summary_bytes += s->summary_bytes;
}

static struct session_entry *victim(const struct model *m, const struct session_entry *keep)
{
    for (size_t i = 0; i < EVICTION_SORTS; i++) {
        struct session_entry *s = m->eviction[i].oldest;
        if (s == keep)
            s = s->newer;
        if (s)
            return s;
    }
    return NULL;
}

static void drop_oldest_summary(struct model *m)
{
    struct session_entry *s = m->eviction[EVICTION_SORTS].oldest;
    m->stats.dropped_summaries++;
    session_remove(m, s);
}

/* The turn that its calls may go on in: it is counted already. */
static struct slice newest_turn(const struct session_entry *s)
{
    return s->turn_count ? s->turns[s->turn_count - 1]->key : SLICE_NULL;
}

static void keep_models(struct session_entry *s, const struct session_entry *old)
{
    size_t from = old->model_count > SUMMARY_MODELS_MAX ? old->model_count - SUMMARY_MODELS_MAX : 0;
    s->model_count = s->model_cap = old->model_count - from;
    s->models = s->model_count ? mem_array(s->model_count, sizeof *s->models) : NULL;
    for (size_t i = 0; i < s->model_count; i++) {
        s->models[i] = session_alloc(s, sizeof **s->models);
        *s->models[i] =
            (struct model_use){session_keep(s, old->models[from + i]->name), old->models[from + i]->first_ns};
    }
}

/* The texts, which lay among what goes. */
static void keep_texts(struct session_entry *s)
{
    struct session *p = &s->pub;
    struct slice *const texts[] = {
        &p->session_id,      &p->service_name, &p->service_version, &p->title,        &p->cwd,
        &p->model,           &p->model_name,   &p->branch,          &p->start_source, &p->parent_session_id,
        &s->report.model_id, &s->cut_turn};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        *texts[i] = texts[i]->len ? session_keep(s, *texts[i]) : SLICE_NULL;
}

static void summarize(struct model *m, struct session_entry *s)
{
    settle_session(s);
    orphan_leave(s);
    struct session_entry old = *s;
    m->stats.nodes -= s->count;
    m->stats.frozen_nodes -= s->count - s->live;
    map_remove(&m->sessions, s->pub.session_id);

    *s = (struct session_entry){.pub = old.pub,
                                .model = m,
                                .sort = old.sort,
                                .sorted = old.sorted,
                                .older = old.older,
                                .newer = old.newer,
                                .changed_after = old.changed_after,
                                .census = old.census,
                                .bytes_counted = old.bytes_counted,
                                .ended_ns = old.ended_ns,
                                .killed = old.killed,
                                .ended_by = old.ended_by,
                                .last_hook_ns = old.last_hook_ns,
                                .saw_stop = old.saw_stop,
                                .saw_tool_ends = old.saw_tool_ends,
                                .tools_told = old.tools_told,
                                .tools_withheld = old.tools_withheld,
                                .report = old.report,
                                .cwd = old.cwd,
                                .title = old.title,
                                .service_name = old.service_name,
                                .service_version = old.service_version,
                                .parent_session = old.parent_session,
                                .lost_given_up = sequence_lost(&old),
                                .ended = old.ended,
                                .status = old.status,
                                .ids_gone = old.ids_gone + old.count,
                                .cut_turn = newest_turn(&old)};
    session_arena_init(s, SUMMARY_CHUNK);
    s->pub.summary = true;
    s->pub.first_child = s->pub.last_child = NULL;
    s->pub.has_metrics = false;
    s->pub.gone = s->pub.total;
    s->pub.gone_until_ns = s->pub.last_activity_ns;
    keep_texts(s);
    keep_models(s, &old);
    s->status.node = NULL;
    if (old.open_turn) {
        s->status = (struct run_status){RUN_STALE, s->pub.last_activity_ns, WITNESS_NONE,
                                        "its calls are no longer kept", NULL};
    }
    map_put(&m->sessions, s->pub.session_id, s);
    session_free_parts(&old);
    session_account(s);
    eviction_heard(s);
    m->stats.summaries++;
    m->stats.evicted_sessions++;
    settle_revise(s);
    m->generation++;
}

bool eviction_make_room(struct model *m, const struct session_entry *keep)
{
    while (m->bytes > m->config.max_bytes) {
        struct session_entry *s = victim(m, keep);
        if (s && (s->pub.real || s->pub.announced)) {
            summarize(m, s);
        } else if (s) {
            m->stats.evicted_sessions++;
            session_remove(m, s);
        } else {
            return false;
        }
        while (m->stats.summaries > m->config.summaries_max ||
               m->summary_bytes > m->config.max_bytes / SUMMARIES_SHARE)
            drop_oldest_summary(m);
    }
    return true;
}

static bool begins_something(const struct event *e)
{
    return e->kind == EVENT_PROMPT || e->kind == EVENT_LLM || e->kind == EVENT_TOOL ||
           (e->kind == EVENT_SESSION && e->phase == PHASE_STARTED);
}

/* It can count nothing twice: how the session itself ended. */
static void note_end(struct session_entry *s, const struct event *e)
{
    session_touch(s, e);
    session_ended(s, e);
    s->ended = s->ended_ns >= s->pub.last_activity_ns;
    if (s->ended)
        state_settle(s);
    session_account(s);
    eviction_heard(s);
    settle_revise(s);
    s->model->generation++;
}

bool eviction_admits(struct session_entry *s, const struct event *e)
{
    if (s->pub.gone_until_ns == 0)
        return true;
    int64_t since = e->start_ns > 0 && e->start_ns < e->time_ns ? e->start_ns : e->time_ns;
    bool metric = e->kind == EVENT_METRIC || e->witness == WITNESS_STATUS;
    if (!s->pub.summary && (since > s->pub.gone_until_ns || metric))
        return true;
    if (s->pub.summary && since > s->pub.gone_until_ns && begins_something(e) && !metric) {
        s->pub.summary = false;
        s->model->stats.summaries--;
        eviction_heard(s); /* it is none of the summaries that may be dropped */
        return true;
    }
    if (s->pub.summary && e->ended && e->time_ns >= s->ended_ns)
        note_end(s, e);
    else if (!metric)
        s->model->stats.late_events++;
    return false;
}

void eviction_add_gone(struct session_entry *s)
{
    if (s->pub.gone_until_ns == 0)
        return;
    counters_add(&s->pub.total, &s->pub.gone, 1);
    struct entry *turn = s->cut_turn.len ? map_get(&s->index, s->cut_turn) : NULL;
    if (turn && entry_root(turn)->visible)
        s->pub.total.turns--;
}
