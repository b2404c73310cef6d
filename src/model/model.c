/* The model as a whole: dispatch, budget, queries. */
#include "mem.h"
#include "model_private.h"

#include <stdlib.h>

/* Stamps further ahead of their arrival than this come from a wrong clock and are pulled back to the arrival.
 */
#define FUTURE_MAX_NS (INT64_C(60) * 1000000000)

void model_config_init(struct model_config *config)
{
    *config = (struct model_config){.max_bytes = MODEL_MAX_BYTES_DEFAULT,
                                    .summaries_max = MODEL_SUMMARIES_MAX,
                                    .turn_idle_end_ns = MODEL_TURN_IDLE_END_NS,
                                    .freeze_above = MODEL_FREEZE_ABOVE,
                                    .freeze_after_ns = MODEL_FREEZE_AFTER_NS,
                                    .session_id_wait_ns = MODEL_SESSION_ID_WAIT_NS,
                                    .session_id_waiting_max = MODEL_SESSION_ID_WAITING_MAX};
}

struct model *model_create(const struct model_config *config)
{
    struct model *m = mem_alloc(sizeof *m);
    m->config = *config;
    m->clock = mem_alloc(sizeof *m->clock);
    m->clock->model = m;
    m->census = mem_alloc(sizeof *m->census);
    map_init(&m->sessions, config->hash_seed);
    map_init(&m->sessions_by_id, config->hash_seed);
    map_init(&m->tombstones, config->hash_seed);
    map_init(&m->traces, config->hash_seed);
    return m;
}

void model_destroy(struct model *m)
{
    if (!m)
        return;
    while (m->first)
        session_remove(m, m->first);
    map_finish(&m->sessions);
    map_finish(&m->sessions_by_id);
    session_finish_tombstones(m);
    orphan_finish(m);
    red_finish(&m->red);
    stream_finish(&m->stream);
    free(m->scratch);
    census_finish(m->census);
    free(m->census);
    free(m->clock);
    free(m);
}

static int64_t pull_back(int64_t ns, int64_t arrival)
{
    return arrival > 0 && ns > arrival + FUTURE_MAX_NS ? arrival : ns;
}

void model_apply(struct model *m, const struct event *event)
{
    struct event e = *event;
    if (e.stamp_ns == 0)
        e.stamp_ns = e.time_ns;
    if (e.time_ns <= 0)
        e.time_ns = e.arrival_ns;
    e.time_ns = pull_back(e.time_ns, e.arrival_ns);
    e.start_ns = pull_back(e.start_ns, e.arrival_ns);
    e.end_ns = pull_back(e.end_ns, e.arrival_ns);
    model_advance(m, e.arrival_ns);
    const struct session *named = map_get(&m->sessions, e.ids.session_id);
    if (e.ids.session_id.len == 0 || (named && named->provisional)) {
        orphan_apply(m, &e);
        return;
    }
    struct session_entry *s = session_get(m, &e);
    if (s && !eviction_admits(s, &e))
        return;
    if (!s || !eviction_make_room(m, s)) {
        m->stats.refused_events++;
        return;
    }
    m->stats.events++;
    if (e.kind == EVENT_METRIC) {
        /* What the counters say is no word of what the session does now. */
        metrics_apply(s, &e);
    } else {
        stream_add(&m->stream, &e);
        session_touch(s, &e);
        sequence_apply(s, &e);
        delay_apply(s, &e);
        apply_event(s, &e);
        orphan_adopt(s);
    }
    settle_mark(s);
    session_account(s);
    eviction_heard(s);
    m->generation++;
}

uint64_t model_generation(const struct model *m)
{
    return m->generation;
}

const struct session *model_sessions(const struct model *m)
{
    settle_model(m);
    return m->first ? &m->first->pub : NULL;
}

const struct session *model_session(const struct model *m, struct slice session_id)
{
    settle_model(m);
    return map_get(&m->sessions, session_id);
}

const struct session *model_session_by_id(const struct model *m, uint64_t id)
{
    settle_model(m);
    return map_get(&m->sessions_by_id, slice_make(&id, sizeof id));
}

const struct node *model_node_by_id(const struct model *m, uint64_t id)
{
    uint64_t serial = id & UINT32_MAX, session = id - serial;
    const struct session_entry *s = map_get(&m->sessions_by_id, slice_make(&session, sizeof session));
    if (!s || serial <= s->ids_gone || serial - s->ids_gone > s->count)
        return NULL;
    settle_model(m);
    const struct entry *e = entry_root(s->made[serial - s->ids_gone - 1]);
    return e->visible ? &e->pub : NULL;
}

const struct stream_item *model_stream_item(const struct model *m, uint64_t number)
{
    return stream_item(&m->stream, number);
}

uint64_t model_stream_last(const struct model *m)
{
    return m->stream.last;
}

size_t model_session_models(const struct session *session, struct slice *out, size_t max)
{
    settle_session((struct session_entry *)session);
    const struct session_entry *s = (const struct session_entry *)session;
    for (size_t i = 0; i < s->model_count && i < max; i++)
        out[i] = s->models[i]->name;
    return s->model_count;
}

size_t model_session_traces(const struct session *session, uint8_t (*out)[16], size_t max)
{
    settle_session((struct session_entry *)session);
    const struct session_entry *s = (const struct session_entry *)session;
    size_t count = 0;
    for (size_t i = 0; i < s->trace_count; i++) {
        const uint8_t *id = s->traces[i]->turn->trace_id;
        /* Turns of one trace stand next to each other but for what two senders interleave. */
        if (count > 0 && memcmp(id, s->traces[i - 1]->turn->trace_id, 16) == 0)
            continue;
        if (count < max)
            memcpy(out[count], id, 16);
        count++;
    }
    return count;
}

struct model_stats model_stats(const struct model *m)
{
    struct model_stats stats = m->stats;
    stats.bytes = m->bytes;
    return stats;
}
