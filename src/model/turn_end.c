/*
 * When and how a turn ended, if it did.
 *
 * Its span is proof. Before that: a stop (unless the turn is seen to go on, as a hook can make it), the
 * user's refusal, a tool that was cut off, the end of a compaction that the turn was about, a request that
 * was given up, the next prompt, the end of the session, silence after an answer that asked for nothing
 * more, and at last a long silence after anything else. An interrupted turn
 * fires no hook, so that it is known by what is missing after its last call. What is missing is known of
 * Claude Code alone: of other agents only what they say counts.
 */
#include "model_private.h"

static bool by_user(struct slice source)
{
    return slice_starts(source, SLICE_LIT("user"));
}

static int64_t greater(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* The newest stop as far as its clock can be compared with that of the call: hooks are stamped here. */
static bool begins_after(const struct entry *call, const int64_t stop_ns[2])
{
    int64_t start = call->pub.start_ns;
    bool sender = (call->view->witnesses & (1u << WITNESS_LOG | 1u << WITNESS_SPAN)) != 0;
    if (stop_ns[sender])
        return start > stop_ns[sender];
    return start > stop_ns[!sender] + CLOCK_SLACK_NS;
}

struct stop {
    bool given, failed;
};

static struct stop find_stop(const struct entry *turn)
{
    const struct turn_part *t = turn->parts;
    const int64_t newest[2] = {greater(t->stop_ns[0], t->failure_ns[0]),
                               greater(t->stop_ns[1], t->failure_ns[1])};
    struct stop stop = {.given = newest[0] || newest[1]};
    if (stop.given && turn->newest_call && begins_after(turn->newest_call, newest))
        return (struct stop){0}; /* a hook of the user's sent it on */
    stop.failed = greater(t->failure_ns[0], t->failure_ns[1]) > greater(t->stop_ns[0], t->stop_ns[1]);
    return stop;
}

static struct slice stop_reason(const struct entry *turn, const struct stop *stop)
{
    struct slice said = turn->view->texts[FACT_SOURCE];
    if (!slice_eq_str(said, "stop_hook") && !slice_eq_str(said, "stop_failure"))
        return said;
    return stop->failed ? SLICE_LIT("stop_failure") : SLICE_LIT("stop_hook");
}

/* Where hooks tell of prompts and of stops, an end without a stop was the user's doing. */
static bool misses_its_stop(const struct session_entry *s, const struct entry *turn)
{
    return turn->parts->has_hook_prompt && s->saw_stop;
}

static bool refused(const struct entry *turn)
{
    const struct entry *call = turn->newest_call;
    return call && !turn->pub.session->other_agent && call->pub.kind == NODE_TOOL && call->rejected &&
           !call->finished && by_user(call->pub.source) && turn->open_tools == 0;
}

/* Of a tool that the user breaks off, the log has a failure and the hooks, which tell of every other end,
 * have nothing. */
static bool broken_off(const struct session_entry *s, const struct entry *turn)
{
    const struct entry *call = turn->newest_call;
    if (!call || call->pub.kind != NODE_TOOL || turn->open_tools || !call->finished || !call->view->failed)
        return false;
    uint32_t hook = 1u << WITNESS_HOOK;
    return call->view->interrupted ||
           (s->saw_tool_ends && (call->view->witnesses & hook) && !(call->view->finished_by & hook));
}

static bool compacted(const struct entry *turn)
{
    const struct entry *c = turn->newest_compaction;
    return turn->pub.turn_kind == TURN_KIND_COMPACT && c && c->finished && !turn->newest_call;
}

/* The request that the turn is at has failed. */
static const struct entry *failed_request(const struct entry *turn)
{
    const struct entry *llm = turn->newest_call;
    return llm && llm->pub.kind == NODE_LLM && llm->finished && llm->view->failed ? llm : NULL;
}

static bool worth_another_try(struct slice error_type)
{
    return !slice_eq_str(error_type, "auth") && !slice_eq_str(error_type, "validation");
}

static bool gave_up(const struct entry *turn)
{
    const struct entry *llm = failed_request(turn);
    return llm && (turn->parts->gave_up_ns > llm->pub.start_ns || !worth_another_try(llm->pub.error_type));
}

bool call_is_retried(const struct entry *turn)
{
    return failed_request(turn) && !gave_up(turn);
}

/* A turn ends with a response that asks for nothing more; one whose last call is something else was cut off,
 * and so was a prompt that got no response. */
static bool lacks_an_answer(const struct entry *turn)
{
    const struct entry *call = turn->newest_call;
    if (turn->pub.session->other_agent)
        return false;
    bool asked = turn->view->turn_kind == TURN_KIND_PROMPT &&
                 (turn->parts->has_hook_prompt || turn->parts->has_log_prompt);
    if (!call)
        return asked && turn->pub.turn_kind == TURN_KIND_PROMPT;
    return call->pub.kind == NODE_TOOL || call->pub.wants_tools;
}

/* A shell command of the user's own ("!ls") has a span like any turn, but no record of a prompt. */
static bool is_bash(const struct entry *turn)
{
    return !turn->pub.session->other_agent && turn->parts->has_span && !turn->parts->has_hook_prompt &&
           !turn->parts->has_log_prompt && turn->logged_calls > 0;
}

static enum turn_kind kind_of(const struct entry *turn)
{
    enum turn_kind said = turn->view->turn_kind;
    const struct entry *c = turn->newest_compaction;
    bool manual = c && slice_eq_str(c->pub.source, "manual");
    if (said == TURN_KIND_NONE && manual && !turn->newest_call)
        return TURN_KIND_COMPACT;
    if (said == TURN_KIND_NONE)
        return is_bash(turn) ? TURN_KIND_BASH : TURN_KIND_PROMPT;
    return said == TURN_KIND_PROMPT && turn->notified ? TURN_KIND_NOTIFICATION : said;
}

/* The next prompt ends a turn, unless the turn is seen to go on (two processes may share a session). */
static bool superseded(const struct session_entry *s, const struct entry *turn)
{
    size_t low = (size_t)turn->pub.number, high = s->turn_count;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (s->turns[mid]->pub.start_ns < turn->newest_call_ns)
            low = mid + 1;
        else
            high = mid;
    }
    return low < s->turn_count;
}

/* The session or the next prompt ended it, not it itself: was it over by then? */
static bool was_cut_off(const struct session_entry *s, const struct entry *turn)
{
    if (misses_its_stop(s, turn) || turn->open_tools)
        return true;
    /* A process is watched where its hooks are set up, and a stop is among them. */
    if (s->ended && s->killed && turn->parts->has_hook_prompt && !turn->pub.session->other_agent)
        return true;
    /* Answers are known from telemetry alone. */
    return (s->pub.has_logs || s->pub.has_spans) && !failed_request(turn) && lacks_an_answer(turn);
}

/* What its calls are is known from log events alone, and by them it has its answer. Records without ids (old
 * clients) do not tell which answer asked for a tool, and no word comes before that has run. */
static bool has_its_answer(const struct session_entry *s, const struct entry *turn)
{
    const struct session *p = &s->pub;
    const struct entry *call = turn->newest_call;
    return p->native && !p->other_agent && p->has_logs && !p->has_hooks && !p->has_spans &&
           s->model->config.turn_mode != TURN_MODE_HOOKS && turn->parts->has_log_prompt && call &&
           call->pub.kind == NODE_LLM && call->key.ptr[0] == INDEX_REQUEST && call->finished &&
           !call->view->failed && !call->pub.wants_tools && turn->open_tools == 0;
}

/* When silence ends it, by its last word; 0: that does not. */
static int64_t rest_of(const struct session_entry *s, const struct entry *turn)
{
    if (!has_its_answer(s, turn))
        return 0;
    return greater(turn->newest_call->view->heard_ns, turn->view->heard_ns) + REST_AFTER_NS;
}

static struct slice end_of(const struct session_entry *s, const struct entry *turn, const struct stop *stop,
                           bool *cut)
{
    *cut = false;
    if (stop->given)
        return stop_reason(turn, stop);
    if (turn->view->texts[FACT_SOURCE].len && !turn->parts->stop_ns[0] && !turn->parts->stop_ns[1] &&
        !turn->parts->failure_ns[0] && !turn->parts->failure_ns[1])
        return turn->view->texts[FACT_SOURCE]; /* another producer's own words */
    if (refused(turn)) {
        *cut = true;
        return SLICE_LIT("user_reject");
    }
    if (broken_off(s, turn)) {
        *cut = true;
        return SLICE_LIT("interrupted");
    }
    if (turn->parts->has_span && s->model->config.turn_mode != TURN_MODE_HOOKS) {
        *cut = !failed_request(turn) && (misses_its_stop(s, turn) || lacks_an_answer(turn));
        return *cut ? SLICE_LIT("interrupted") : SLICE_LIT("span_end");
    }
    if (compacted(turn))
        return SLICE_LIT("compacted");
    if (gave_up(turn))
        return SLICE_LIT("api_error");
    bool next = superseded(s, turn), over = next || s->ended;
    bool rests = !over && turn->quiet_due_ns && turn->quiet_due_ns <= s->model->clock->now_ns;
    *cut = over ? was_cut_off(s, turn) : s->silent && !rests;
    return next        ? SLICE_LIT("new_prompt")
           : s->ended  ? SLICE_LIT("session_end")
           : rests     ? SLICE_LIT("idle_after_stop_reason")
           : s->silent ? SLICE_LIT("silence")
                       : SLICE_NULL;
}

/* A turn that lies between two silences. */
static void quiet_state(const struct session_entry *s, struct entry *turn)
{
    struct node *p = &turn->pub;
    p->turn_kind = TURN_KIND_PROMPT;
    p->end_reason = turn->quiet_end_ns ? SLICE_LIT("idle_after_stop_reason")
                    : s->ended         ? SLICE_LIT("session_end")
                    : s->silent        ? SLICE_LIT("silence")
                                       : SLICE_NULL;
    bool cut = !turn->quiet_end_ns && (turn->open_tools || lacks_an_answer(turn));
    turn->closed = p->end_reason.len > 0;
    turn->unheard = turn->closed && !turn->quiet_end_ns && !s->ended;
    p->end_ns = turn->closed ? greater(turn->own_last_ns, p->start_ns) : 0;
    p->duration_ns = turn->closed ? p->end_ns - p->start_ns : -1;
    const struct entry *request = turn->closed ? failed_request(turn) : NULL;
    if (request) {
        p->error_type = request->pub.error_type;
        p->error_message = request->pub.error_message;
    }
    p->state = request ? NODE_FAILED : !turn->closed ? NODE_RUNNING : cut ? NODE_INTERRUPTED : NODE_DONE;
}

void turn_state(const struct session_entry *s, struct entry *turn)
{
    struct node *p = &turn->pub;
    const struct facts *f = turn->view;
    struct stop stop = find_stop(turn);
    int64_t last = greater(greater(turn->own_last_ns, f->last_ns), p->start_ns);
    bool cut;
    if (turn->made) {
        quiet_state(s, turn);
        return;
    }
    p->turn_kind = kind_of(turn);
    turn->quiet_due_ns = rest_of(s, turn);
    p->end_reason = end_of(s, turn, &stop, &cut);
    turn->closed = p->end_reason.len > 0;
    turn->rested = turn->quiet_due_ns && slice_eq_str(p->end_reason, "idle_after_stop_reason");
    turn->unheard = slice_eq_str(p->end_reason, "silence");
    if (!turn->closed)
        p->end_ns = 0;
    else if (p->end_ns == 0 ||
             (!stop.given && !slice_eq_str(p->end_reason, "span_end") && !turn->parts->has_span))
        p->end_ns = last;
    p->duration_ns = p->end_ns && p->end_ns >= p->start_ns ? p->end_ns - p->start_ns : -1;
    const struct entry *request = turn->closed ? failed_request(turn) : NULL;
    bool said = f->failed && (stop.failed || !stop.given) && turn->closed;
    if (request && p->error_type.len == 0) {
        p->error_type = request->pub.error_type;
        p->error_message = request->pub.error_message;
    }
    p->state = said || request ? NODE_FAILED
               : cut           ? NODE_INTERRUPTED
               : turn->closed  ? NODE_DONE
                               : NODE_RUNNING;
}
