/* What alerts look at besides: failures of the last minutes, a call made again and again, telemetry that
 * should have come. */
#include "model_private.h"

#define FAILURE_BUCKETS   20
#define FAILURE_BUCKET_NS (FAILURES_NS / FAILURE_BUCKETS)

/* A ring of buckets by event time; the one that has just begun is in the window. */
struct failures {
    struct {
        int64_t bucket; /* time / FAILURE_BUCKET_NS; whose bucket this is */
        int64_t count;
    } buckets[FAILURE_BUCKETS];
};

static void change(struct failures *f, int64_t time_ns, int sign)
{
    int64_t at = time_ns / FAILURE_BUCKET_NS;
    size_t i = (uint64_t)at % FAILURE_BUCKETS;
    if (f->buckets[i].bucket < at) {
        f->buckets[i].bucket = at;
        f->buckets[i].count = 0;
    }
    if (f->buckets[i].bucket == at)
        f->buckets[i].count += sign;
}

void signs_share(struct session_entry *s, struct entry *e)
{
    const struct node *p = &e->pub;
    bool call = p->kind == NODE_LLM || p->kind == NODE_TOOL;
    int64_t now = 0;
    if (call && e->visible && p->state == NODE_FAILED)
        now = p->end_ns ? p->end_ns : p->start_ns;
    if (now == e->failure_ns)
        return;
    if (!s->signs.failures)
        s->signs.failures = session_alloc(s, sizeof *s->signs.failures);
    if (e->failure_ns)
        change(s->signs.failures, e->failure_ns, -1);
    if (now)
        change(s->signs.failures, now, 1);
    e->failure_ns = now;
}

static int64_t failures_within(const struct failures *f, int64_t now_ns)
{
    int64_t newest = now_ns / FAILURE_BUCKET_NS, count = 0;
    for (size_t i = 0; f && i < FAILURE_BUCKETS; i++)
        if (f->buckets[i].bucket <= newest && f->buckets[i].bucket > newest - FAILURE_BUCKETS)
            count += f->buckets[i].count;
    return count;
}

/* Hooks that a log event or a span follows within an exporter's interval; a call that has just begun may
 * run for hours before one does. */
static bool is_followed(const struct event *e)
{
    return e->kind == EVENT_PROMPT ||
           ((e->kind == EVENT_TOOL || e->kind == EVENT_TURN) && e->phase == PHASE_FINISHED);
}

void signs_apply(struct session_entry *s, const struct event *e)
{
    if (e->witness == WITNESS_LOG || e->witness == WITNESS_SPAN) {
        if (e->arrival_ns > s->signs.telemetry_arrival_ns)
            s->signs.telemetry_arrival_ns = e->arrival_ns;
        s->signs.owed_arrival_ns = 0;
    } else if (e->witness == WITNESS_HOOK && s->signs.owed_arrival_ns == 0 && is_followed(e)) {
        s->signs.owed_arrival_ns = e->arrival_ns;
    }
}

static bool same_input(const struct entry *a, const struct entry *b)
{
    const struct facts *x = a->view, *y = b->view;
    if (!slice_eq(a->pub.name, b->pub.name))
        return false;
    for (size_t i = 0; i < 2; i++)
        if (x->input_hash[i] && y->input_hash[i])
            return x->input_hash[i] == y->input_hash[i];
    return false;
}

/* The tool calls at the end of what runs, as far as they are the same. */
static void look_for_repeats(struct session_entry *s, const struct node *parent)
{
    const struct entry *newest = NULL;
    int32_t count = 0;
    for (const struct node *n = parent->last_child; n; n = n->prev) {
        if (n->kind != NODE_TOOL)
            continue;
        if (!newest)
            newest = (const struct entry *)n;
        else if (!same_input(newest, (const struct entry *)n))
            break;
        count++;
    }
    if (count > 1 && count > s->signs.repeats) {
        s->signs.repeats = count;
        s->signs.repeated = &newest->pub;
    }
}

void signs_settle(struct session_entry *s)
{
    s->signs.repeated = NULL;
    s->signs.repeats = 0;
    for (size_t i = s->live; i-- > 0;) {
        const struct entry *e = s->all[i];
        bool works = e->visible && (e->pub.state == NODE_RUNNING || e->pub.state == NODE_WAITING);
        if (works && (e->pub.kind == NODE_TURN || e->pub.kind == NODE_AGENT))
            look_for_repeats(s, &e->pub);
    }
}

void model_session_signs(const struct session *session, int64_t now_ns, struct session_signs *out)
{
    settle_session((struct session_entry *)session);
    const struct session_entry *s = (const struct session_entry *)session;
    bool quiet =
        s->status.state == RUN_TOOL || s->status.state == RUN_PERMISSION || s->status.state == RUN_INPUT;
    *out = (struct session_signs){
        .failures = failures_within(s->signs.failures, now_ns),
        .repeated = s->signs.repeated,
        .repeats = s->signs.repeats,
        .owed_since_ns = s->signs.owed_arrival_ns,
        .telemetry_ns = s->signs.telemetry_arrival_ns,
        .at_work = s->open_turn && !quiet,
    };
}
