/* What a session is doing now: read off the newest evidence, with its age. */
#include "model_private.h"

static enum witness best_witness(uint32_t witnesses)
{
    /* The live ones first: a hook speaks at once. */
    return witnesses & 1u << WITNESS_HOOK  ? WITNESS_HOOK
           : witnesses & 1u << WITNESS_LOG ? WITNESS_LOG
           : witnesses                     ? WITNESS_SPAN
                                           : WITNESS_NONE;
}

static const char *end_evidence(struct slice reason)
{
    static const struct {
        const char *reason, *words;
    } ends[] = {
        {"stop_hook", "Stop hook"},
        {"user_reject", "the user refused a permission"},
        {"interrupted", "the turn was interrupted"},
        {"compacted", "the compaction is done"},
        {"idle_after_stop_reason", "nothing followed an answer that asked for no tool"},
    };
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (slice_eq_str(reason, ends[i].reason))
            return ends[i].words;
    return "the turn ended";
}

static struct run_status idle_status(const struct session_entry *s, const struct entry *turn)
{
    const struct node *p = &turn->pub;
    int64_t since = p->end_ns ? p->end_ns : p->last_ns;
    if (turn->unheard)
        return (struct run_status){RUN_STALE, s->pub.last_activity_ns, WITNESS_NONE, "nothing heard since",
                                   p};
    if (p->state == NODE_FAILED)
        return (struct run_status){RUN_FAILED, since, best_witness(p->witnesses),
                                   "the turn ended in an error", p};
    if (s->input_wanted_ns >= since && s->input_wanted_ns > 0)
        return (struct run_status){RUN_INPUT, s->input_wanted_ns, WITNESS_HOOK, "idle_prompt notification",
                                   p};
    return (struct run_status){RUN_IDLE, since, best_witness(p->witnesses), end_evidence(p->end_reason), p};
}

const char *ask_evidence(const struct ask *ask)
{
    return ask->notified ? "permission_prompt notification" : "PermissionRequest hook";
}

/* A prompt for permission that no call is known for stands until anything else is heard. */
static bool asks_unplaced(const struct session_entry *s)
{
    return s->pending_ask && s->pending_ask->ns >= s->pub.last_activity_ns;
}

/* What waited for a permission runs since that was given. */
static int64_t running_since(const struct entry *call)
{
    return call->decided_ns > call->pub.start_ns ? call->decided_ns : call->pub.start_ns;
}

static struct run_status open_status(const struct session_entry *s, const struct entry *turn)
{
    const struct node *p = &turn->pub;
    const struct entry *call = s->running_call;
    if (s->compacting_ns > s->compacted_ns && s->compacting_ns >= p->start_ns)
        return (struct run_status){RUN_COMPACTING, s->compacting_ns, WITNESS_HOOK, "PreCompact hook", p};
    if (call)
        return (struct run_status){RUN_TOOL, running_since(call), best_witness(call->pub.witnesses),
                                   "a tool call without a result", &call->pub};
    if (s->running_agent && p->state != NODE_RUNNING)
        return (struct run_status){RUN_TOOL, s->running_agent->pub.start_ns,
                                   best_witness(s->running_agent->pub.witnesses),
                                   "an agent works in the background", &s->running_agent->pub};
    if (call_is_retried(turn))
        return (struct run_status){RUN_RETRYING, turn->newest_call->pub.end_ns,
                                   best_witness(turn->newest_call->pub.witnesses),
                                   "a request failed and the turn is open", &turn->newest_call->pub};
    if (turn->parts->streaming_ns > 0 && turn->parts->streaming_ns >= p->last_ns)
        return (struct run_status){RUN_STREAMING, turn->parts->streaming_ns, WITNESS_HOOK,
                                   "MessageDisplay hook", p};
    return (struct run_status){RUN_THINKING, p->last_ns, best_witness(p->witnesses),
                               "the turn is open and no tool runs", p};
}

void state_settle(struct session_entry *s)
{
    const struct entry *turn = s->turn_count ? s->turns[s->turn_count - 1] : NULL;
    const struct entry *waits = s->waiting_call;
    struct run_status *out = &s->status;
    s->open_turn = NULL;
    if (s->ended) {
        const char *evidence = s->killed                     ? "its process is gone"
                               : s->ended_by == WITNESS_HOOK ? "SessionEnd hook"
                               : s->ended_by == WITNESS_LOG  ? "the user left it by a command"

                                                            : "the session's span ended";
        *out = (struct run_status){RUN_ENDED, s->ended_ns, s->ended_by, evidence, NULL};
    } else if (waits) {
        bool question = waits->view->asks_user;
        *out = (struct run_status){question ? RUN_INPUT : RUN_PERMISSION, waits->permission_ns, WITNESS_HOOK,
                                   question ? "a question to the user" : waits->permission_evidence,
                                   &waits->pub};
    } else if (asks_unplaced(s)) {
        *out = (struct run_status){RUN_PERMISSION, s->pending_ask->ns, WITNESS_HOOK,
                                   ask_evidence(s->pending_ask), turn ? &turn->pub : NULL};
    } else if (!turn) {
        *out = (struct run_status){RUN_STARTING, s->pub.started_ns, WITNESS_NONE, "no prompt yet", NULL};
    } else if (turn->pub.state != NODE_RUNNING && !s->running_call && !s->running_agent) {
        *out = idle_status(s, turn);
    } else {
        s->open_turn = &turn->pub;
        *out = open_status(s, turn);
    }
}

int64_t state_until_ns(const struct session *session, int64_t now_ns)
{
    const struct session_entry *s = (const struct session_entry *)session;
    bool quiet = s->status.state == RUN_THINKING || s->status.state == RUN_STREAMING ||
                 s->status.state == RUN_RETRYING;
    int64_t silent = session->last_arrival_ns + QUIET_END_NS + 1;
    if (quiet && !session->has_hooks && !session->has_spans && silent > now_ns)
        return silent;
    int64_t stale = session->last_arrival_ns + STALE_AFTER_NS + 1;
    return s->open_turn && stale > now_ns ? stale : 0;
}

struct run_status model_session_status(const struct session *session, int64_t now_ns)
{
    settle_session((struct session_entry *)session);
    const struct session_entry *s = (const struct session_entry *)session;
    int64_t last = session->last_activity_ns, silence = now_ns - session->last_arrival_ns;
    if (s->open_turn && silence > STALE_AFTER_NS)
        return (struct run_status){RUN_STALE, last, WITNESS_NONE, "nothing heard since", s->open_turn};
    /* Log events alone never say that a turn is over. */
    bool works = s->status.state == RUN_THINKING || s->status.state == RUN_STREAMING;
    if (works && !session->has_hooks && !session->has_spans && silence > QUIET_END_NS)
        return (struct run_status){RUN_IDLE, last, WITNESS_LOG, "quiet since the last event", s->open_turn};
    if (s->status.state == RUN_RETRYING && !session->has_hooks && !session->has_spans &&
        silence > QUIET_END_NS)
        return (struct run_status){RUN_FAILED, s->status.since_ns, WITNESS_LOG,
                                   "a request failed and nothing followed", s->status.node};
    return s->status;
}
