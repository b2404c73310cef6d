/* Sessions: their storage, index and eviction. */
#include "mem.h"
#include "model_private.h"

#include <stdlib.h>

/* A session's own arena has no ceiling: the model's byte budget is checked before every event. */
#define SESSION_ARENA_MAX (SIZE_MAX / 4)
/* Most sessions are small, and there may be very many of them. */
#define SESSION_ARENA_CHUNK 2048
#define INDEX_KEY_MAX       512
#define INDEX_ENTRY_BYTES   32 /* of a map, each */

/* What remains of an evicted session: enough to know its old records when they come again. */
#define TOMBSTONES_MAX 16384

struct tombstone {
    struct tombstone *next;
    int64_t last_activity_ns;
    struct slice session_id; /* owned, behind the struct */
};

void *session_alloc(struct session_entry *s, size_t size)
{
    void *ptr = arena_alloc(&s->arena, size);
    if (!ptr)
        abort(); /* as mem_alloc(): the size is ours, so the system has no memory left */
    return memset(ptr, 0, size);
}

struct slice session_keep(struct session_entry *s, struct slice text)
{
    char *copy = session_alloc(s, text.len + 1);
    if (text.len)
        memcpy(copy, text.ptr, text.len);
    return slice_make(copy, text.len);
}

static void remove_tombstone(struct model *m, struct tombstone *t)
{
    map_remove(&m->tombstones, t->session_id);
    m->tombstone_count--;
    free(t);
}

void session_finish_tombstones(struct model *m)
{
    while (m->oldest_tombstone) {
        struct tombstone *next = m->oldest_tombstone->next;
        remove_tombstone(m, m->oldest_tombstone);
        m->oldest_tombstone = next;
    }
    map_finish(&m->tombstones);
}

static void bury(struct model *m, const struct session *s)
{
    struct tombstone *t = map_get(&m->tombstones, s->session_id);
    if (t) {
        t->last_activity_ns = s->last_activity_ns;
        return;
    }
    t = mem_alloc(sizeof *t + s->session_id.len);
    memcpy(t + 1, s->session_id.ptr, s->session_id.len);
    t->session_id = slice_make(t + 1, s->session_id.len);
    t->last_activity_ns = s->last_activity_ns;
    map_put(&m->tombstones, t->session_id, t);
    if (m->newest_tombstone)
        m->newest_tombstone->next = t;
    else
        m->oldest_tombstone = t;
    m->newest_tombstone = t;
    if (++m->tombstone_count > TOMBSTONES_MAX) {
        struct tombstone *oldest = m->oldest_tombstone;
        m->oldest_tombstone = oldest->next;
        remove_tombstone(m, oldest);
    }
}

void session_arena_init(struct session_entry *s, size_t chunk)
{
    arena_init(&s->arena, SESSION_ARENA_MAX);
    s->arena.chunk = chunk;
    map_init(&s->index, s->model->config.hash_seed);
}

static struct session_entry *session_new(struct model *m, struct slice session_id)
{
    struct session_entry *s = mem_alloc(sizeof *s);
    s->model = m;
    session_arena_init(s, SESSION_ARENA_CHUNK);
    s->pub.session_id = session_keep(s, session_id);
    report_init(&s->pub);
    s->pub.id = ++m->numbers << 32;
    s->pub.prev = m->last ? &m->last->pub : NULL;
    if (m->last)
        m->last->pub.next = &s->pub;
    else
        m->first = s;
    m->last = s;
    map_put(&m->sessions, s->pub.session_id, s);
    map_put(&m->sessions_by_id, slice_make(&s->pub.id, sizeof s->pub.id), s);
    m->stats.sessions++;
    return s;
}

struct session_entry *session_get(struct model *m, const struct event *e)
{
    struct session_entry *s = map_get(&m->sessions, e->ids.session_id);
    if (s)
        return s;
    /* What an evicted session is known to have counted must not be counted again. */
    const struct tombstone *t = map_get(&m->tombstones, e->ids.session_id);
    if (t && e->time_ns <= t->last_activity_ns)
        return NULL;
    return session_new(m, e->ids.session_id);
}

void session_free_parts(struct session_entry *s)
{
    free(s->all);
    free(s->made);
    free(s->turns);
    free(s->spawners);
    free(s->models);
    free(s->traces);
    map_finish(&s->index);
    arena_finish(&s->arena);
}

void session_remove(struct model *m, struct session_entry *s)
{
    settle_session(s);
    orphan_leave(s);
    census_leave(s);
    settle_forget(s);
    m->changes.departures++;
    eviction_leave(s);
    m->stats.summaries -= s->pub.summary;
    m->evicted_lost += sequence_lost(s);
    if (s->pub.real) {
        counters_add(&m->evicted, &s->pub.total, 1);
        bury(m, &s->pub);
    }
    if (s->pub.prev)
        s->pub.prev->next = s->pub.next;
    else
        m->first = (struct session_entry *)s->pub.next;
    if (s->pub.next)
        s->pub.next->prev = s->pub.prev;
    else
        m->last = (struct session_entry *)s->pub.prev;
    map_remove(&m->sessions, s->pub.session_id);
    map_remove(&m->sessions_by_id, slice_make(&s->pub.id, sizeof s->pub.id));
    m->bytes -= s->bytes_counted;
    m->stats.sessions--;
    m->stats.nodes -= s->count;
    m->stats.frozen_nodes -= s->count - s->live;
    m->generation++;
    session_free_parts(s);
    free(s);
}

void session_take_back(struct session_entry *s)
{
    settle_session(s);
    for (size_t i = 0; i < s->count; i++) {
        s->made[i]->visible = s->made[i]->kept = false;
        derive_windows(s, s->made[i]);
    }
    s->pub.real = false;
    session_remove(s->model, s);
}

void session_account(struct session_entry *s)
{
    size_t pointers = 2 * s->cap + s->turn_cap + s->spawner_cap + s->model_cap + s->trace_cap;
    uint64_t held = s->arena.held + s->index.cap * INDEX_ENTRY_BYTES + pointers * sizeof(void *) + sizeof *s;
    s->model->bytes += held - s->bytes_counted;
    s->bytes_counted = held;
}

/* Keys are short ids; longer ones are hostile and share the room of their first bytes. */
static struct slice index_key(char *buffer, char type, struct slice id)
{
    size_t n = id.len < INDEX_KEY_MAX - 1 ? id.len : INDEX_KEY_MAX - 1;
    buffer[0] = type;
    if (n)
        memcpy(buffer + 1, id.ptr, n);
    return slice_make(buffer, n + 1);
}

void *session_index_get(const struct session_entry *s, char type, struct slice id)
{
    char buffer[INDEX_KEY_MAX];
    return map_get(&s->index, index_key(buffer, type, id));
}

struct slice session_index_put(struct session_entry *s, char type, struct slice id, void *value)
{
    char buffer[INDEX_KEY_MAX];
    struct slice key = session_keep(s, index_key(buffer, type, id));
    map_put(&s->index, key, value);
    return key;
}

static struct entry *new_entry(struct session_entry *s, enum node_kind kind)
{
    struct entry *n = session_alloc(s, sizeof *n);
    facts_init(&n->f);
    n->view = &n->f;
    n->pub.kind = kind;
    n->pub.session = &s->pub;
    n->pub.duration_ns = n->pub.ttft_ns = n->pub.wait_ns = -1;
    n->pub.tokens_before = n->pub.tokens_after = -1;
    if (s->count == s->cap) {
        s->cap = s->cap ? s->cap * 2 : 8;
        s->all = mem_grow(s->all, s->cap, sizeof *s->all);
        s->made = mem_grow(s->made, s->cap, sizeof *s->made);
    }
    s->all[s->live++] = s->made[s->count] = n;
    n->pub.id = s->pub.id | (s->ids_gone + ++s->count);
    s->model->stats.nodes++;
    return n;
}

struct entry *session_entry_get(struct session_entry *s, enum node_kind kind, char type, struct slice id)
{
    struct entry *n = session_index_get(s, type, id);
    if (!n) {
        n = new_entry(s, kind);
        n->key = session_index_put(s, type, id, n);
    }
    n->changed = true;
    s->thaw |= n->frozen || n->tied;
    return n;
}

struct span_ref *session_span_get(struct session_entry *s, const uint8_t id[8])
{
    struct slice key = slice_make(id, 8);
    struct span_ref *ref = session_index_get(s, INDEX_SPAN, key);
    if (ref) {
        s->thaw |= ref->owner && ref->owner->frozen;
        return ref;
    }
    ref = session_alloc(s, sizeof *ref);
    ref->wait_ns = -1;
    ref->key = session_index_put(s, INDEX_SPAN, key, ref);
    return ref;
}

static void span_owned(struct session_entry *s, struct span_ref *ref, struct entry *owner)
{
    s->thaw |= ref->tied && ref->owner != owner;
    ref->owner = owner;
}

/* Honest senders have one owner for a span; of several, always the same one wins. */
void session_span_own(struct session_entry *s, const uint8_t id[8], struct entry *owner)
{
    struct span_ref *ref = session_span_get(s, id);
    bool call = owner->pub.kind != NODE_SPAN;
    if (!ref->owner || (ref->owner->pub.kind == NODE_SPAN && call) ||
        ((ref->owner->pub.kind != NODE_SPAN) == call && slice_cmp(owner->key, ref->owner->key) < 0))
        span_owned(s, ref, owner);
}

/* Facts that every event carries about its session. */
void session_touch(struct session_entry *s, const struct event *e)
{
    struct session *pub = &s->pub;
    int64_t first = e->start_ns > 0 && e->start_ns < e->time_ns ? e->start_ns : e->time_ns;
    if (first > 0 && (pub->started_ns == 0 || first < pub->started_ns))
        pub->started_ns = first;
    /* A status line is drawn anew when nothing happens, too. */
    if (e->time_ns > pub->last_activity_ns && e->witness != WITNESS_STATUS)
        pub->last_activity_ns = e->time_ns;
    if (e->arrival_ns > pub->last_arrival_ns)
        pub->last_arrival_ns = e->arrival_ns;
    if (e->arrival_ns > 0 && (pub->first_arrival_ns == 0 || e->arrival_ns < pub->first_arrival_ns))
        pub->first_arrival_ns = e->arrival_ns;
    facts_newest(s, &s->service_name, &pub->service_name, e->time_ns, e->service_name);
    facts_newest(s, &s->service_version, &pub->service_version, e->time_ns, e->service_version);
    facts_newest(s, &s->title, &pub->title, e->time_ns, e->title);
    facts_newest(s, &s->parent_session, &pub->parent_session_id, e->time_ns, e->parent_session_id);
    if (e->ids.agent_id.len == 0) /* a sub-agent may work in a folder of its own */
        facts_newest(s, &s->cwd, &pub->cwd, e->time_ns, e->cwd);
    pub->has_spans |= e->witness == WITNESS_SPAN;
    pub->has_logs |= e->witness == WITNESS_LOG;
    pub->has_hooks |= e->witness == WITNESS_HOOK;
    pub->native |= e->native;
    pub->other_agent |= e->other_agent;
    pub->redacted |= e->redacted;
    s->saw_logs_without_sequence |= e->native && e->witness == WITNESS_LOG && e->sequence < 0;
    s->tools_told |= e->tools_told;
    s->tools_withheld |= e->tools_withheld;
    if (e->witness == WITNESS_HOOK && !e->ended && e->time_ns > s->last_hook_ns)
        s->last_hook_ns = e->time_ns;
    signs_apply(s, e);
}
