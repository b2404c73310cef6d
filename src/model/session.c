/* Sessions: their storage, index and eviction. */
#include "mem.h"
#include "model_private.h"

#include <stdlib.h>

/* A session's own arena has no ceiling: the model's byte budget is checked after every event. */
#define SESSION_ARENA_MAX (SIZE_MAX / 4)
#define INDEX_KEY_MAX     512

static void *session_alloc(struct session_entry *s, size_t size)
{
    void *ptr = arena_alloc(&s->arena, size);
    if (!ptr)
        abort(); /* as mem_alloc(): the size is ours, so the system has no memory left */
    return ptr;
}

struct slice session_keep(struct session_entry *s, struct slice text)
{
    char *copy = session_alloc(s, text.len + 1);
    if (text.len)
        memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    return slice_make(copy, text.len);
}

struct session_entry *session_get(struct model *m, struct slice session_id)
{
    struct session_entry *s = map_get(&m->sessions, session_id);
    if (s)
        return s;
    s = mem_alloc(sizeof *s);
    s->model = m;
    arena_init(&s->arena, SESSION_ARENA_MAX);
    map_init(&s->index, m->config.hash_seed);
    s->pub.session_id = session_keep(s, session_id);
    s->pub.id = ++m->next_id;
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

static void forget_nodes(struct model *m, struct node *n)
{
    while (n) {
        struct node *next = n->next;
        struct entry *e = as_entry(n);
        /* Windows keep what happened; only the way to take it back is lost. */
        e->fleet_share.counted = false;
        e->red_share.series = NULL;
        forget_nodes(m, n->first_child);
        map_remove(&m->nodes, slice_make(&n->id, sizeof n->id));
        m->stats.nodes--;
        n = next;
    }
}

static void name_list_finish(struct name_list *list)
{
    free(list->items);
    free(list->first_ns);
}

void session_evict(struct model *m, struct session_entry *s)
{
    if (s->pub.real)
        counters_add(&m->evicted, &s->pub.total, 1);
    forget_nodes(m, s->pub.first_child);
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
    m->generation++;
    name_list_finish(&s->models);
    name_list_finish(&s->traces);
    map_finish(&s->index);
    arena_finish(&s->arena);
    free(s);
}

void session_account(struct session_entry *s)
{
    uint64_t held = s->arena.held + s->index.cap * 32 + sizeof *s;
    s->model->bytes += held - s->bytes_counted;
    s->bytes_counted = held;
}

/* Keys are short ids; longer ones are hostile and share the room of their first bytes and length. */
static struct slice index_key(char *buffer, char type, struct slice key)
{
    size_t n = key.len < INDEX_KEY_MAX - 1 ? key.len : INDEX_KEY_MAX - 1;
    buffer[0] = type;
    if (n)
        memcpy(buffer + 1, key.ptr, n);
    return slice_make(buffer, n + 1);
}

void *session_index_get(const struct session_entry *s, char type, struct slice key)
{
    char buffer[INDEX_KEY_MAX];
    return map_get(&s->index, index_key(buffer, type, key));
}

void session_index_put(struct session_entry *s, char type, struct slice key, void *value)
{
    char buffer[INDEX_KEY_MAX];
    struct slice k = index_key(buffer, type, key);
    /* A replaced entry keeps its old key bytes alive in the arena; the new one needs its own. */
    map_put(&s->index, session_keep(s, k), value);
}

struct entry *session_new_entry(struct session_entry *s, enum node_kind kind)
{
    struct entry *n = session_alloc(s, sizeof *n);
    *n = (struct entry){0};
    n->pub.id = ++s->model->next_id;
    n->pub.kind = kind;
    n->pub.session = &s->pub;
    n->pub.duration_ns = n->pub.ttft_ns = n->pub.wait_ns = -1;
    n->usage = (struct event_usage){-1, -1, -1, -1, -1};
    map_put(&s->model->nodes, slice_make(&n->pub.id, sizeof n->pub.id), n);
    s->model->stats.nodes++;
    return n;
}

void name_list_add(struct session_entry *s, struct name_list *list, struct slice name, int64_t ns)
{
    if (name.len == 0)
        return;
    size_t i;
    for (i = 0; i < list->count; i++)
        if (slice_eq(list->items[i], name))
            break;
    struct slice kept = i < list->count ? list->items[i] : session_keep(s, name);
    if (i == list->count) {
        if (list->count == list->cap) {
            list->cap = list->cap ? list->cap * 2 : 4;
            list->items = mem_grow(list->items, list->cap, sizeof *list->items);
            list->first_ns = mem_grow(list->first_ns, list->cap, sizeof *list->first_ns);
        }
        list->count++;
    } else if (ns >= list->first_ns[i]) {
        return;
    }
    /* Oldest first; names seen at the same time in their own order. */
    while (i > 0 && (list->first_ns[i - 1] > ns ||
                     (list->first_ns[i - 1] == ns && slice_cmp(list->items[i - 1], kept) > 0))) {
        list->items[i] = list->items[i - 1];
        list->first_ns[i] = list->first_ns[i - 1];
        i--;
    }
    list->items[i] = kept;
    list->first_ns[i] = ns;
}

/* Facts that every event carries about its session. */
void session_touch(struct session_entry *s, const struct event *e)
{
    struct session *pub = &s->pub;
    int64_t first = e->start_ns > 0 && e->start_ns < e->time_ns ? e->start_ns : e->time_ns;
    if (first > 0 && (pub->started_ns == 0 || first < pub->started_ns))
        pub->started_ns = first;
    if (e->time_ns > pub->last_activity_ns)
        pub->last_activity_ns = e->time_ns;
    if (e->arrival_ns > pub->last_arrival_ns)
        pub->last_arrival_ns = e->arrival_ns;
    if (e->service_name.len && (pub->service_name.len == 0))
        pub->service_name = session_keep(s, e->service_name);
    if (e->service_version.len && slice_cmp(e->service_version, pub->service_version) > 0)
        pub->service_version = session_keep(s, e->service_version);
    if (e->cwd.len && e->time_ns >= s->cwd_ns && !slice_eq(e->cwd, pub->cwd)) {
        pub->cwd = session_keep(s, e->cwd);
        s->cwd_ns = e->time_ns;
    }
    if (e->title.len && e->time_ns >= s->title_ns && !slice_eq(e->title, pub->title)) {
        pub->title = session_keep(s, e->title);
        s->title_ns = e->time_ns;
    }
    if (e->ids.has_trace_id && e->kind != EVENT_METRIC)
        name_list_add(s, &s->traces, slice_make(e->ids.trace_id, 16), first);
    pub->has_spans |= e->witness == WITNESS_SPAN;
    pub->has_logs |= e->witness == WITNESS_LOG;
    pub->has_hooks |= e->witness == WITNESS_HOOK;
    pub->redacted |= e->redacted;
}
