/*
 * Turns of a session that tells of none: what lies between two silences.
 *
 * A turn opens with the first request after quiet. It goes on while its last response asked for tools, while
 * a tool runs or its result has not been answered, and while less than the idle time has passed. A tool's
 * call or result never opens one. Its end is the last activity, not the end of the wait.
 */
#include "model_private.h"

#include <stdio.h>

struct quiet {
    struct entry *turn;       /* NULL: none yet */
    const struct entry *llm;  /* its newest request that is no housekeeping */
    int64_t last_ns;          /* newest activity */
    int64_t running_until_ns; /* of a tool whose result has not come */
    bool owed;                /* a tool was called since the newest request: its result will be answered */
    int64_t count;
};

static bool is_call(const struct entry *e)
{
    return e->visible && !e->made && !e->view->agent.to && !e->view->no_turn &&
           (e->pub.kind == NODE_LLM || e->pub.kind == NODE_TOOL);
}

static int64_t end_of(const struct entry *call)
{
    const struct node *p = &call->pub;
    return p->end_ns ? p->end_ns : p->duration_ns > 0 ? p->start_ns + p->duration_ns : p->start_ns;
}

/* Whether the turn is over at that time, but for the idle time. */
static bool rests(const struct quiet *q, int64_t ns)
{
    bool answered = !q->llm || (q->llm->finished && !q->llm->view->wants_tools);
    return answered && !q->owed && q->running_until_ns <= ns;
}

static void open_turn(struct session_entry *s, struct quiet *q, const struct entry *call)
{
    char key[32];
    int n = snprintf(key, sizeof key, "quiet:%08lld", (long long)q->count++);
    struct entry *e = settle_make(s, NODE_TURN, slice_make(key, (size_t)n), NULL);
    e->f.first_ns = e->f.last_ns = e->pub.start_ns = call->pub.start_ns;
    derive_facts(e);
    *q = (struct quiet){.turn = e, .count = q->count};
    turn_show(s, e);
}

static void close_turn(const struct session_entry *s, struct quiet *q, bool next)
{
    int64_t idle = s->model->config.turn_idle_end_ns, now = s->model->clock->now_ns;
    struct entry *turn = q->turn;
    if (!turn)
        return;
    turn->quiet_end_ns = 0;
    turn->quiet_due_ns = 0;
    if (next || (rests(q, now) && now >= q->last_ns + idle))
        turn->quiet_end_ns = q->last_ns;
    else if (rests(q, INT64_MAX))
        turn->quiet_due_ns = (q->running_until_ns > q->last_ns ? q->running_until_ns : q->last_ns) + idle;
}

static void note(struct quiet *q, const struct entry *call)
{
    int64_t end = end_of(call);
    if (end > q->last_ns)
        q->last_ns = end;
    if (call->pub.kind == NODE_TOOL) {
        q->owed = q->llm && call->finished && !call->rejected;
        /* One whose result was lost keeps nothing open for ever. */
        if (!call->finished && !call->rejected && call->pub.start_ns + STALE_AFTER_NS > q->running_until_ns)
            q->running_until_ns = call->pub.start_ns + STALE_AFTER_NS;
    } else if (!call->view->auxiliary) {
        q->llm = call;
        q->owed = false;
    }
}

/* What is known of prompts although they open no turns here is their title. */
static void entitle(struct session_entry *s)
{
    for (size_t i = 0; i < s->live; i++) {
        const struct entry *prompt = s->all[i];
        if (!prompt->turn || prompt->made || prompt->same_as || prompt->view->texts[FACT_DETAIL].len == 0)
            continue;
        struct entry *turn = turn_at(s, prompt->match_ns + s->model->config.turn_idle_end_ns);
        if (turn && turn->pub.start_ns >= prompt->match_ns && turn->pub.detail.len == 0)
            turn->pub.detail = prompt->view->texts[FACT_DETAIL];
    }
}

void quiet_settle(struct session_entry *s)
{
    struct quiet q = {0};
    size_t count = s->live; /* those that are made here come behind */
    int64_t idle = s->model->config.turn_idle_end_ns;
    for (size_t i = 0; i < count; i++) {
        const struct entry *e = s->all[i];
        if (!is_call(e))
            continue;
        int64_t start = e->pub.start_ns;
        bool opens = !q.turn || (e->pub.kind == NODE_LLM && rests(&q, start) && start >= q.last_ns + idle);
        if (opens) {
            close_turn(s, &q, true);
            open_turn(s, &q, e);
        }
        note(&q, e);
    }
    close_turn(s, &q, false);
    if (q.turn && q.turn->quiet_due_ns > s->model->clock->now_ns)
        s->due_ns = q.turn->quiet_due_ns;
    turns_number(s);
    entitle(s);
}
