/* What a session is doing now: read off the newest evidence, with its age. */
#include "model_private.h"

void open_add(struct session_entry *s, struct entry *n)
{
    if (n->is_open)
        return;
    n->is_open = true;
    n->open_next = s->open;
    n->open_prev = NULL;
    if (s->open)
        s->open->open_prev = n;
    s->open = n;
}

void open_remove(struct session_entry *s, struct entry *n)
{
    if (!n->is_open)
        return;
    n->is_open = false;
    if (n->open_prev)
        n->open_prev->open_next = n->open_next;
    else
        s->open = n->open_next;
    if (n->open_next)
        n->open_next->open_prev = n->open_prev;
    n->open_next = n->open_prev = NULL;
}

static enum witness best_witness(uint32_t witnesses)
{
    /* The live ones first: a hook speaks at once. */
    return witnesses & 1u << WITNESS_HOOK  ? WITNESS_HOOK
           : witnesses & 1u << WITNESS_LOG ? WITNESS_LOG
           : witnesses                     ? WITNESS_SPAN
                                           : WITNESS_NONE;
}

/* The waiting call, else the newest running one that is not merely the shell of a running sub-agent. */
static const struct entry *open_call(const struct session_entry *s)
{
    const struct entry *best = NULL;
    for (const struct entry *n = s->open; n; n = n->open_next) {
        bool waiting = n->pub.state == NODE_WAITING, best_waiting = best && best->pub.state == NODE_WAITING;
        if (!best || (waiting && !best_waiting) ||
            (waiting == best_waiting &&
             (n->pub.start_ns > best->pub.start_ns ||
              (n->pub.start_ns == best->pub.start_ns && slice_cmp(n->pub.key, best->pub.key) > 0))))
            best = n;
    }
    return best;
}

static struct run_status idle_status(const struct session_entry *s, const struct entry *turn)
{
    const struct node *p = &turn->pub;
    int64_t since = p->end_ns ? p->end_ns : p->last_ns;
    if (turn->failed_turn)
        return (struct run_status){RUN_FAILED, since, best_witness(p->witnesses),
                                   "the turn ended in an error", p};
    if (s->input_wanted_ns >= since && s->input_wanted_ns > 0)
        return (struct run_status){RUN_INPUT, s->input_wanted_ns, WITNESS_HOOK, "idle_prompt notification",
                                   p};
    const char *why = slice_eq_str(p->end_reason, "stop_hook") ? "Stop hook" : "the turn ended";
    return (struct run_status){RUN_IDLE, since, best_witness(p->witnesses), why, p};
}

struct run_status model_session_status(const struct session *session, int64_t now_ns)
{
    const struct session_entry *s = (const struct session_entry *)session;
    if (s->ended && s->ended_ns >= session->last_activity_ns - NS_SLACK)
        return (struct run_status){RUN_ENDED, s->ended_ns, WITNESS_HOOK, "SessionEnd hook", NULL};
    const struct entry *turn = s->last_turn;
    if (!turn)
        return (struct run_status){RUN_STARTING, session->started_ns, WITNESS_NONE, "no prompt yet", NULL};
    const struct entry *call = open_call(s);
    if (call && call->pub.state == NODE_WAITING)
        return (struct run_status){RUN_PERMISSION, call->permission_ns, WITNESS_HOOK,
                                   "PermissionRequest hook", &call->pub};
    if (s->pending_permission_ns > 0 && s->pending_permission_ns >= session->last_activity_ns)
        return (struct run_status){RUN_PERMISSION, s->pending_permission_ns, WITNESS_HOOK,
                                   "PermissionRequest hook", &turn->pub};
    bool over = turn->pub.state != NODE_RUNNING;
    if (over && !call)
        return idle_status(s, turn);
    int64_t last = session->last_activity_ns;
    if (s->compacting_ns > s->compacted_ns)
        return (struct run_status){RUN_COMPACTING, s->compacting_ns, WITNESS_HOOK, "PreCompact hook",
                                   &turn->pub};
    if (now_ns - session->last_arrival_ns > STALE_AFTER_NS)
        return (struct run_status){RUN_STALE, last, WITNESS_NONE, "nothing heard since", &turn->pub};
    if (call)
        return (struct run_status){RUN_TOOL, call->pub.start_ns, best_witness(call->pub.witnesses),
                                   "a tool call without a result", &call->pub};
    if (!session->has_hooks && !session->has_spans && now_ns - session->last_arrival_ns > QUIET_END_NS)
        return (struct run_status){RUN_IDLE, last, WITNESS_LOG, "quiet since the last event", &turn->pub};
    if (turn->streaming_ns > 0 && turn->streaming_ns >= turn->pub.last_ns)
        return (struct run_status){RUN_STREAMING, turn->streaming_ns, WITNESS_HOOK, "MessageDisplay hook",
                                   &turn->pub};
    return (struct run_status){RUN_THINKING, turn->pub.last_ns, best_witness(turn->pub.witnesses),
                               "the turn is open and no tool runs", &turn->pub};
}
