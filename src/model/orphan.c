/*
 * Events whose session is not known from themselves, but from their trace: spans of other services (a gateway
 * that got a request's traceparent), and records of a sender that was told not to send its session id.
 *
 * They may come before anything that tells whose trace it is, so they are held, up to a limit, oldest given
 * up first. They stay held after they were given: a second session may turn up in the same trace.
 */
#include "mem.h"
#include "model_private.h"

#include <stdlib.h>

struct home {
    struct home *next;
    struct session_entry *session;
};

struct orphan {
    struct orphan *next_of_trace;
    struct orphan *next; /* in order of arrival */
    struct trace_record *trace;
    struct event event; /* its texts stand behind it */
};

/* What is known of one trace: the sessions in it, and what waits for one. */
struct trace_record {
    uint8_t id[16];
    struct home *homes;
    struct orphan *first, *last;
};

static struct slice trace_key(const uint8_t id[16])
{
    return slice_make(id, 16);
}

static struct trace_record *trace_record(struct model *m, const uint8_t id[16])
{
    struct trace_record *t = map_get(&m->traces, trace_key(id));
    if (t)
        return t;
    t = mem_alloc(sizeof *t);
    memcpy(t->id, id, sizeof t->id);
    map_put(&m->traces, trace_key(t->id), t);
    return t;
}

static void drop_if_empty(struct model *m, struct trace_record *t)
{
    if (t->homes || t->first)
        return;
    map_remove(&m->traces, trace_key(t->id));
    free(t);
}

static void forget_oldest(struct model *m)
{
    struct orphan *o = m->oldest_orphan;
    struct trace_record *t = o->trace;
    m->oldest_orphan = o->next;
    if (!m->oldest_orphan)
        m->newest_orphan = NULL;
    m->orphan_count--;
    t->first = o->next_of_trace; /* the oldest of all is the oldest of its trace */
    if (!t->first)
        t->last = NULL;
    drop_if_empty(m, t);
    free(o);
}

static struct orphan *copy(const struct event *e)
{
    struct orphan *o;
    struct event own = *e;
    struct slice *const texts[] = {
        &own.ids.prompt_id,
        &own.ids.request_id,
        &own.ids.tool_use_id,
        &own.ids.agent_id,
        &own.service_name,
        &own.service_version,
        &own.name,
        &own.detail,
        &own.model,
        &own.query_source,
        &own.error_type,
        &own.error_message,
        &own.source,
        &own.agent_type,
        &own.cwd,
        &own.title,
        &own.ids.parent_agent_id,
        &own.parent_session_id,
    };
    size_t size = 0;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        size += texts[i]->len;
    o = mem_alloc(sizeof *o + size);
    char *at = (char *)(o + 1);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (texts[i]->len == 0)
            continue;
        memcpy(at, texts[i]->ptr, texts[i]->len);
        texts[i]->ptr = at;
        at += texts[i]->len;
    }
    own.attempt_ns = NULL; /* borrowed, and not worth a copy */
    own.attempt_count = 0;
    o->event = own;
    return o;
}

static void give(struct session_entry *s, const struct event *orphan)
{
    struct event e = *orphan;
    e.ids.session_id = s->pub.session_id;
    /* Another service's LLM call in this trace is the same call once more, seen from the other end. */
    bool own = (e.kind != EVENT_SPAN || e.span_role == SPAN_ROLE_WAIT) &&
               slice_eq(e.service_name, s->pub.service_name);
    if (own) {
        session_touch(s, &e);
        apply_event(s, &e);
    } else {
        foreign_apply(s, &e);
    }
    settle_mark(s);
    session_account(s);
    s->model->generation++;
}

static bool in_trace(const struct trace_record *t, const struct session_entry *s)
{
    const struct home *h = t->homes;
    while (h && h->session != s)
        h = h->next;
    return h != NULL;
}

void orphan_adopt(struct session_entry *s)
{
    while (s->new_traces) {
        struct entry *e = s->new_traces;
        s->new_traces = e->turn->next_new;
        struct trace_record *t = trace_record(s->model, e->turn->trace_id);
        if (in_trace(t, s))
            continue;
        struct home *h = mem_alloc(sizeof *h);
        *h = (struct home){t->homes, s};
        t->homes = h;
        for (const struct orphan *o = t->first; o; o = o->next_of_trace)
            give(s, &o->event);
    }
}

void orphan_apply(struct model *m, const struct event *e)
{
    if (!e->ids.has_trace_id || e->kind == EVENT_STARTUP || e->kind == EVENT_METRIC)
        return;
    while (m->orphan_count >= ORPHANS_MAX) {
        forget_oldest(m);
        m->stats.orphans_given_up++;
    }
    struct trace_record *t = trace_record(m, e->ids.trace_id);
    struct orphan *o = copy(e);
    o->trace = t;
    if (t->last)
        t->last->next_of_trace = o;
    else
        t->first = o;
    t->last = o;
    if (m->newest_orphan)
        m->newest_orphan->next = o;
    else
        m->oldest_orphan = o;
    m->newest_orphan = o;
    m->orphan_count++;
    m->stats.orphans++;
    for (const struct home *h = t->homes; h; h = h->next)
        give(h->session, &o->event);
}

void orphan_leave(struct session_entry *s)
{
    struct model *m = s->model;
    for (size_t i = 0; i < s->trace_count; i++) {
        struct trace_record *t = map_get(&m->traces, trace_key(s->traces[i]->turn->trace_id));
        for (struct home **h = t ? &t->homes : NULL; h && *h; h = &(*h)->next) {
            if ((*h)->session != s)
                continue;
            struct home *gone = *h;
            *h = gone->next;
            free(gone);
            break;
        }
        if (t)
            drop_if_empty(m, t);
    }
}

void orphan_finish(struct model *m)
{
    while (m->oldest_orphan)
        forget_oldest(m);
    map_finish(&m->traces);
}
