/*
 * Events whose session is not known from themselves, but from their trace or their prompt: spans of other
 * services (a gateway that got a request's traceparent), and records of a sender that was told not to send
 * its session id.
 *
 * They may come before anything that tells whose trace or prompt it is, so they are held, up to a limit,
 * oldest given up first. They stay held after they were given: a second session may turn up in the same
 * trace. What Claude Code itself sent and nobody claims is shown after a while in a session of its own with a
 * provisional id, one for each sender, and moves from there when its session becomes known.
 */
#include "mem.h"
#include "model_private.h"

#include <stdio.h>
#include <stdlib.h>

/* Of the sender's id, in a provisional session's. */
#define SENDER_SHOWN 8

struct home {
    struct home *next;
    struct session_entry *session;
};

struct orphan {
    struct orphan *next_of_trace;
    struct orphan *next; /* in order of arrival */
    struct trace_record *trace;
    bool shown;         /* in a provisional session */
    struct event event; /* its texts stand behind it */
};

/* What is known of one trace, or of one prompt: the sessions in it, and what waits for one. */
struct trace_record {
    struct slice key; /* 't' and the trace id, or 'p' and the prompt id; its bytes stand behind it */
    struct home *homes;
    size_t home_count;
    struct orphan *first, *last;
    struct trace_record *prompt;     /* TRACE: the prompt that an orphan of it named */
    struct trace_record *traces;     /* PROMPT: those that it is the prompt of … */
    struct trace_record *next_trace; /* … chained by this */
};

static struct slice record_key(char *out, char type, struct slice id)
{
    size_t n = id.len < ORPHAN_KEY_MAX - 1 ? id.len : ORPHAN_KEY_MAX - 1;
    out[0] = type;
    memcpy(out + 1, id.ptr, n);
    return slice_make(out, n + 1);
}

static struct trace_record *record_get(struct model *m, char type, struct slice id)
{
    char buffer[ORPHAN_KEY_MAX];
    struct slice key = record_key(buffer, type, id);
    struct trace_record *t = map_get(&m->traces, key);
    if (t)
        return t;
    t = mem_alloc(sizeof *t + key.len);
    memcpy(t + 1, key.ptr, key.len);
    t->key = slice_make(t + 1, key.len);
    map_put(&m->traces, t->key, t);
    return t;
}

static struct trace_record *trace_record(struct model *m, const uint8_t id[16])
{
    return record_get(m, 't', slice_make(id, 16));
}

/* The record of a turn's own id, or NULL. */
static struct trace_record *record_of(struct model *m, const struct entry *turn, bool make)
{
    char buffer[ORPHAN_KEY_MAX];
    bool prompt = turn->turn->kind == TURN_PROMPT;
    struct slice id = prompt ? slice_sub(turn->key, 1, turn->key.len) : slice_make(turn->turn->trace_id, 16);
    if (make)
        return record_get(m, prompt ? 'p' : 't', id);
    return map_get(&m->traces, record_key(buffer, prompt ? 'p' : 't', id));
}

static void drop_if_empty(struct model *m, struct trace_record *t)
{
    if (t->homes || t->first || t->traces)
        return;
    struct trace_record *prompt = t->prompt;
    for (struct trace_record **at = prompt ? &prompt->traces : NULL; at && *at; at = &(*at)->next_trace) {
        if (*at != t)
            continue;
        *at = t->next_trace;
        break;
    }
    map_remove(&m->traces, t->key);
    free(t);
    if (prompt)
        drop_if_empty(m, prompt);
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
        &own.sender,
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
               (e.native || slice_eq(e.service_name, s->pub.service_name));
    if (own) {
        session_touch(s, &e);
        apply_event(s, &e);
    } else {
        foreign_apply(s, &e);
    }
    settle_mark(s);
    session_account(s);
    eviction_heard(s);
    s->model->generation++;
}

/* The sessions that an orphan belongs to: those in its trace, else those of its prompt. */
static const struct home *homes_of(const struct trace_record *t)
{
    return t->homes || !t->prompt ? t->homes : t->prompt->homes;
}

static bool waits(const struct orphan *o)
{
    return o->event.native && !o->shown && !homes_of(o->trace);
}

static void show(struct model *m, struct orphan *o)
{
    char id[sizeof "unknown-" + SENDER_SHOWN];
    struct slice sender = slice_sub(o->event.sender, 0, SENDER_SHOWN);
    struct event e = o->event;
    snprintf(id, sizeof id, "unknown-%.*s", SLICE_ARG(sender));
    o->shown = true;
    e.ids.session_id = slice_str(id);
    struct session_entry *s = session_get(m, &e);
    if (!s)
        return;
    s->pub.provisional = true;
    give(s, &o->event);
    /* It is nobody's home: what it holds is still to be claimed. */
    s->new_traces = NULL;
}

/* Shows what nobody claimed until the time is up. */
static void show_older_than(struct model *m, int64_t arrival_ns)
{
    m->clock->orphan_due_ns = 0;
    for (struct orphan *o = m->oldest_orphan; o; o = o->next) {
        if (!waits(o))
            continue;
        if (o->event.arrival_ns <= arrival_ns) {
            show(m, o);
        } else if (m->clock->orphan_due_ns == 0) {
            m->clock->orphan_due_ns = o->event.arrival_ns + m->config.session_id_wait_ns;
        }
    }
}

void orphan_advance(struct model *m)
{
    if (m->clock->orphan_due_ns && m->clock->orphan_due_ns <= m->clock->now_ns)
        show_older_than(m, m->clock->now_ns - m->config.session_id_wait_ns);
}

/* A provisional session anew, without what was claimed. */
static void make_anew(struct model *m)
{
    struct session *next;
    for (struct session *s = m->first ? &m->first->pub : NULL; s; s = next) {
        next = s->next;
        if (s->provisional)
            session_take_back((struct session_entry *)s);
    }
    for (struct orphan *o = m->oldest_orphan; o; o = o->next)
        if (o->shown)
            show(m, o);
}

static bool give_all(struct session_entry *s, const struct trace_record *t)
{
    bool moved = false;
    for (struct orphan *o = t->first; o; o = o->next_of_trace) {
        moved |= o->shown;
        o->shown = false;
        give(s, &o->event);
    }
    return moved;
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
    bool moved = false;
    while (s->new_traces) {
        struct entry *e = s->new_traces;
        s->new_traces = e->turn->next_new;
        struct trace_record *t = record_of(s->model, e, true);
        if (in_trace(t, s))
            continue;
        if (t->home_count == TRACE_SESSIONS_MAX) {
            s->model->stats.crowded_traces++;
            continue;
        }
        t->home_count++;
        struct home *h = mem_alloc(sizeof *h);
        *h = (struct home){t->homes, s};
        t->homes = h;
        moved |= give_all(s, t);
        for (const struct trace_record *x = t->traces; x; x = x->next_trace)
            if (!x->homes)
                moved |= give_all(s, x);
    }
    if (moved)
        make_anew(s->model);
}

static struct trace_record *record_for(struct model *m, const struct event *e)
{
    if (!e->ids.has_trace_id)
        return record_get(m, 'p', e->ids.prompt_id);
    struct trace_record *t = trace_record(m, e->ids.trace_id);
    if (t->prompt || e->ids.prompt_id.len == 0 || e->ids.agent_id.len)
        return t;
    t->prompt = record_get(m, 'p', e->ids.prompt_id);
    t->next_trace = t->prompt->traces;
    t->prompt->traces = t;
    return t;
}

static size_t count_waiting(const struct model *m)
{
    size_t count = 0;
    for (const struct orphan *o = m->oldest_orphan; o; o = o->next)
        count += waits(o);
    return count;
}

void orphan_apply(struct model *m, const struct event *e)
{
    bool known = e->ids.has_trace_id || (e->native && e->ids.prompt_id.len);
    if (!known || e->kind == EVENT_STARTUP || e->kind == EVENT_METRIC)
        return;
    while (m->orphan_count >= ORPHANS_MAX) {
        m->stats.orphans_given_up += !m->oldest_orphan->shown;
        forget_oldest(m);
    }
    struct trace_record *t = record_for(m, e);
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
    for (const struct home *h = homes_of(t); h; h = h->next)
        give(h->session, &o->event);
    if (!waits(o))
        return;
    bool now = m->config.session_id_policy == SESSION_ID_EAGER ||
               count_waiting(m) > m->config.session_id_waiting_max;
    if (now)
        show_older_than(m, INT64_MAX);
    else if (m->clock->orphan_due_ns == 0)
        m->clock->orphan_due_ns = e->arrival_ns + m->config.session_id_wait_ns;
}

void orphan_leave(struct session_entry *s)
{
    struct model *m = s->model;
    for (size_t i = 0; i < s->count; i++) {
        const struct entry *e = s->made[i];
        bool keyed = e->turn && (e->turn->kind == TURN_PROMPT || e->turn->kind == TURN_TRACE);
        struct trace_record *t = keyed ? record_of(m, e, false) : NULL;
        for (struct home **h = t ? &t->homes : NULL; h && *h; h = &(*h)->next) {
            if ((*h)->session != s)
                continue;
            struct home *gone = *h;
            *h = gone->next;
            t->home_count--;
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
