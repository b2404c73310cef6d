#include "census.h"

#include "model_private.h"

static bool waits(const struct run_status *status)
{
    return status->state == RUN_PERMISSION || status->state == RUN_INPUT;
}

/* How long its silence may last for it to be live; 0: it has ended. */
static int64_t live_within(const struct run_status *status)
{
    if (status->state == RUN_ENDED)
        return 0;
    bool asks = status->state == RUN_PERMISSION ||
                (status->state == RUN_INPUT && status->node && status->node->kind == NODE_TOOL);
    return asks ? WAITING_WITHIN_NS : LIVE_WITHIN_NS;
}

int64_t model_session_until_ns(const struct session *s, int64_t now_ns)
{
    struct run_status status = model_session_status(s, now_ns);
    int64_t within = live_within(&status), until = state_until_ns(s, now_ns);
    int64_t leaves = s->last_arrival_ns + within;
    if (within && leaves > now_ns && (until == 0 || leaves < until))
        until = leaves;
    return until;
}

static void take(struct census *c, struct census_share *share, int sign)
{
    c->live += share->live ? sign : 0;
    c->waiting += share->waiting ? sign : 0;
    if (!share->real)
        return;
    c->sessions += sign;
    counters_add(&c->total, &share->total, sign);
}

static void count(struct census *c, struct session_entry *s, int64_t now_ns)
{
    const struct session *pub = &s->pub;
    struct census_share *share = &s->census;
    take(c, share, -1);
    share->session = s;
    share->real = share->live = share->waiting = false;
    heap_set(&c->due, &share->due, 0);
    if (!pub->real && !pub->announced)
        return;
    struct run_status status = model_session_status(pub, now_ns);
    share->live = status.state != RUN_ENDED && now_ns - pub->last_arrival_ns < live_within(&status);
    share->waiting = share->live && waits(&status);
    share->real = pub->real;
    share->total = pub->total;
    take(c, share, 1);
    heap_set(&c->due, &share->due, model_session_until_ns(pub, now_ns));
}

void census_update(const struct model *m, int64_t now_ns)
{
    struct census *c = m->census;
    bool anew = now_ns < c->now_ns;
    for (const struct session *s = model_newest_change(m); s && (anew || s->revision > c->seen);
         s = s->changed_before)
        count(c, (struct session_entry *)s, now_ns);
    c->seen = model_revision(m);
    c->now_ns = now_ns;
    for (struct heap_node *due = heap_first(&c->due); due && due->at <= now_ns; due = heap_first(&c->due))
        count(c, ((struct census_share *)due)->session, now_ns);
}

void census_leave(struct session_entry *s)
{
    struct census *c = s->model->census;
    take(c, &s->census, -1);
    heap_set(&c->due, &s->census.due, 0);
}

void census_finish(struct census *c)
{
    heap_finish(&c->due);
}
