/* The model as a whole: dispatch, budget, queries. */
#include "mem.h"
#include "model_private.h"

#include <stdlib.h>

/* Stamps further ahead of their arrival than this come from a wrong clock and are pulled back to the arrival.
 */
#define FUTURE_MAX_NS (INT64_C(60) * 1000000000)

void model_config_init(struct model_config *config)
{
    *config = (struct model_config){.max_bytes = MODEL_MAX_BYTES_DEFAULT};
}

struct model *model_create(const struct model_config *config)
{
    struct model *m = mem_alloc(sizeof *m);
    m->config = *config;
    map_init(&m->sessions, config->hash_seed);
    map_init(&m->sessions_by_id, config->hash_seed);
    map_init(&m->nodes, config->hash_seed);
    return m;
}

void model_destroy(struct model *m)
{
    if (!m)
        return;
    while (m->first)
        session_evict(m, m->first);
    map_finish(&m->sessions);
    map_finish(&m->sessions_by_id);
    map_finish(&m->nodes);
    red_finish(&m->red);
    free(m);
}

static int64_t pull_back(int64_t ns, int64_t arrival)
{
    return arrival > 0 && ns > arrival + FUTURE_MAX_NS ? arrival : ns;
}

/* The oldest session that has ended, else the one that was heard of longest ago; never the one being written.
 */
static struct session_entry *eviction_victim(struct model *m, const struct session_entry *keep)
{
    struct session_entry *victim = NULL;
    for (struct session *s = m->first ? &m->first->pub : NULL; s; s = s->next) {
        struct session_entry *e = (struct session_entry *)s;
        if (e == keep)
            continue;
        bool better = !victim || (e->ended && !victim->ended) ||
                      (e->ended == victim->ended && s->last_arrival_ns < victim->pub.last_arrival_ns);
        if (better)
            victim = e;
    }
    return victim;
}

static void session_apply(struct session_entry *s, const struct event *e)
{
    if (e->phase == PHASE_STARTED) {
        s->pub.announced = true;
        if (s->ended && e->time_ns > s->ended_ns)
            s->ended = false;
    }
    if (e->ended && e->time_ns >= s->ended_ns) {
        s->ended = true;
        s->ended_ns = e->time_ns;
        if (s->last_turn)
            turn_refresh(s->last_turn);
    }
}

static void notice_note(struct session_entry *s, const struct event *e)
{
    if (slice_eq_str(e->name, "idle_prompt") && e->time_ns > s->input_wanted_ns)
        s->input_wanted_ns = e->time_ns;
}

static void compaction_note(struct session_entry *s, const struct event *e)
{
    int64_t *slot = e->phase == PHASE_FINISHED ? &s->compacted_ns : &s->compacting_ns;
    if (e->time_ns > *slot)
        *slot = e->time_ns;
}

static void dispatch(struct session_entry *s, const struct event *e)
{
    call_learn_agent(s, e);
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
        break;
    case EVENT_PERMISSION:
        permission_apply(s, e);
        break;
    case EVENT_NOTICE:
        notice_note(s, e);
        return;
    case EVENT_COMPACTION:
        compaction_note(s, e);
        if (e->phase == PHASE_FINISHED && e->witness == WITNESS_LOG)
            notice_apply(s, e);
        break;
    case EVENT_SPAN:
        span_apply(s, e);
        return;
    }
    s->pub.real |=
        e->kind == EVENT_PROMPT || e->kind == EVENT_TURN || e->kind == EVENT_LLM || e->kind == EVENT_TOOL;
}

void model_apply(struct model *m, const struct event *event)
{
    struct event e = *event;
    if (e.ids.session_id.len == 0)
        return;
    e.time_ns = pull_back(e.time_ns, e.arrival_ns);
    e.start_ns = pull_back(e.start_ns, e.arrival_ns);
    e.end_ns = pull_back(e.end_ns, e.arrival_ns);
    struct session_entry *s = session_get(m, e.ids.session_id);
    while (m->bytes > m->config.max_bytes) {
        struct session_entry *victim = eviction_victim(m, s);
        if (!victim) {
            m->stats.refused_events++;
            return;
        }
        session_evict(m, victim);
        m->stats.evicted_sessions++;
    }
    m->stats.events++;
    session_touch(s, &e);
    dispatch(s, &e);
    session_account(s);
    m->generation++;
}

uint64_t model_generation(const struct model *m)
{
    return m->generation;
}

const struct session *model_sessions(const struct model *m)
{
    return m->first ? &m->first->pub : NULL;
}

const struct session *model_session(const struct model *m, struct slice session_id)
{
    return map_get(&m->sessions, session_id);
}

const struct session *model_session_by_id(const struct model *m, uint64_t id)
{
    return map_get(&m->sessions_by_id, slice_make(&id, sizeof id));
}

const struct node *model_node_by_id(const struct model *m, uint64_t id)
{
    return map_get(&m->nodes, slice_make(&id, sizeof id));
}

size_t model_session_models(const struct session *s, struct slice *out, size_t max)
{
    const struct name_list *list = &((const struct session_entry *)s)->models;
    for (size_t i = 0; i < list->count && i < max; i++)
        out[i] = list->items[i];
    return list->count;
}

size_t model_session_traces(const struct session *s, uint8_t (*out)[16], size_t max)
{
    const struct name_list *list = &((const struct session_entry *)s)->traces;
    for (size_t i = 0; i < list->count && i < max; i++)
        memcpy(out[i], list->items[i].ptr, 16);
    return list->count;
}

struct model_stats model_stats(const struct model *m)
{
    struct model_stats stats = m->stats;
    stats.bytes = m->bytes;
    return stats;
}
