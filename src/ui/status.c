#include "status.h"

#include "clock.h"
#include "format.h"
#include "rows.h"

#include <stdio.h>

#define MINUTE_NS (60 * NS_PER_SEC)
#define HOUR_NS   (60 * MINUTE_NS)
#define DAY_NS    (24 * HOUR_NS)

static const struct status_look RUN[] = {
    [RUN_STARTING] = {GLYPH_STARTING, ROLE_STATE_RUNNING, "starting", "start"},
    [RUN_THINKING] = {GLYPH_THINKING, ROLE_STATE_RUNNING, "thinking", "think"},
    [RUN_STREAMING] = {GLYPH_STREAMING, ROLE_STATE_RUNNING, "writing", "write"},
    [RUN_TOOL] = {GLYPH_RUNNING, ROLE_STATE_RUNNING, "tool", "tool"},
    [RUN_PERMISSION] = {GLYPH_WAITING, ROLE_STATE_WAITING, "permission", "permit"},
    [RUN_INPUT] = {GLYPH_INPUT, ROLE_STATE_WAITING, "your turn", "input"},
    [RUN_COMPACTING] = {GLYPH_COMPACTING, ROLE_STATE_RUNNING, "compacting", "shrink"},
    [RUN_RETRYING] = {GLYPH_RETRYING, ROLE_STATE_RETRYING, "retrying", "retry"},
    [RUN_FAILED] = {GLYPH_FAILED, ROLE_STATE_FAILED, "failed", "failed"},
    [RUN_IDLE] = {GLYPH_IDLE, ROLE_STATE_IDLE, "idle", "idle"},
    [RUN_ENDED] = {GLYPH_ENDED, ROLE_STATE_ENDED, "ended", "ended"},
    [RUN_STALE] = {GLYPH_STALE, ROLE_STATE_STALE, "silent", "silent"},
};

static const struct status_look NODE[] = {
    [NODE_UNKNOWN] = {GLYPH_UNKNOWN, ROLE_STATE_ENDED, "unknown", "unknown"},
    [NODE_RUNNING] = {GLYPH_RUNNING, ROLE_STATE_RUNNING, "running", "running"},
    [NODE_WAITING] = {GLYPH_WAITING, ROLE_STATE_WAITING, "waits for you", "waits"},
    [NODE_DONE] = {GLYPH_DONE, ROLE_STATE_DONE, "done", "done"},
    [NODE_FAILED] = {GLYPH_FAILED, ROLE_STATE_FAILED, "failed", "failed"},
    [NODE_REJECTED] = {GLYPH_REJECTED, ROLE_STATE_REJECTED, "rejected", "reject"},
    [NODE_INTERRUPTED] = {GLYPH_INTERRUPTED, ROLE_STATE_STALE, "interrupted", "stopped"},
};

#define RUN_COUNT  (sizeof(RUN) / sizeof(RUN[0]))
#define NODE_COUNT (sizeof(NODE) / sizeof(NODE[0]))

const struct status_look *status_of_run(enum run_state state)
{
    return &RUN[(size_t)state < RUN_COUNT ? state : RUN_STALE];
}

const struct status_look *status_of_node(enum node_state state)
{
    return &NODE[(size_t)state < NODE_COUNT ? state : NODE_UNKNOWN];
}

static bool is_below(const struct node *n, const struct node *ancestor)
{
    for (; n; n = n->parent)
        if (n == ancestor)
            return true;
    return false;
}

bool status_rests(const struct run_status *run)
{
    switch (run->state) {
    case RUN_STARTING:
    case RUN_IDLE:
    case RUN_FAILED:
    case RUN_STALE:
    case RUN_ENDED:
        return true;
    case RUN_INPUT:
        return !run->node || run->node->kind != NODE_TOOL;
    default:
        return false;
    }
}

/* The session's own words, or those of the open turn that its state is about. */
static struct status from_run(const struct run_status *run, bool with_age)
{
    struct status status = {.look = status_of_run(run->state)};
    const struct node *call = run->node;
    bool tool = call && call->kind == NODE_TOOL && call->name.len;
    switch (run->state) {
    case RUN_TOOL:
        if (tool) {
            status.word = call->name;
            status.detail = call->detail;
        } else if (call && call->kind == NODE_AGENT) {
            status.word = SLICE_LIT("agent");
            status.detail = call->name;
        }
        return status;
    case RUN_PERMISSION:
        if (tool && !with_age)
            status.word = call->name;
        break;
    case RUN_FAILED:
        if (call && call->error_type.len)
            status.word = call->error_type;
        break;
    default:
        break;
    }
    status.since_ns = run->since_ns;
    status.rests = status_rests(run);
    return status;
}

struct status status_make(const struct session *s, const struct node *n, const struct run_status *run)
{
    (void)s;
    if (!n)
        return from_run(run, true);
    struct status status = {.look = status_of_node(n->state)};
    const struct node *agent = rows_agent(n);
    switch (n->state) {
    case NODE_RUNNING:
    case NODE_WAITING:
        if (n->kind == NODE_TURN && is_below(run->node, n) && run->state != RUN_IDLE &&
            run->state != RUN_ENDED) {
            status = from_run(run, false);
            status.since_ns = 0;
        }
        break;
    case NODE_DONE:
        if (n->attempts > 1)
            status.count = n->attempts;
        else if (n->kind == NODE_AGENT || agent)
            status.word = SLICE_LIT("subagent");
        break;
    case NODE_FAILED:
        status.word = n->error_type;
        if (n->attempts > 1)
            status.count = n->attempts;
        break;
    default:
        break;
    }
    if (n->background && n->state == NODE_RUNNING)
        status.word = SLICE_LIT("background");
    return status;
}

int64_t status_session_time(const struct session *s, const struct run_status *run, int64_t now_ns,
                            bool *ticks)
{
    *ticks = !status_rests(run) && run->state != RUN_INPUT;
    return status_elapsed(*ticks ? now_ns : s->last_activity_ns, s->started_ns);
}

int64_t status_clock(const struct session *s, const struct run_status *run, int64_t now_ns)
{
    if (!status_rests(run))
        return now_ns;
    int64_t at = run->state == RUN_STALE ? s->last_arrival_ns + STALE_AFTER_NS : s->last_activity_ns;
    return at < now_ns ? at : now_ns; /* a sender's clock may be ahead */
}

int64_t status_age(int64_t now_ns, int64_t since_ns, int64_t *next_ns)
{
    int64_t age = status_elapsed(now_ns, since_ns);
    *next_ns = now_ns + format_age_next(age);
    if (age < FORMAT_AGE_MINUTES_FROM_NS)
        return age;
    age = status_elapsed(now_ns - now_ns % MINUTE_NS, since_ns);
    age = age > FORMAT_AGE_MINUTES_FROM_NS ? age : FORMAT_AGE_MINUTES_FROM_NS;
    int64_t changes = since_ns + age + format_age_next(age) + MINUTE_NS - 1;
    *next_ns = changes - changes % MINUTE_NS;
    return age;
}

bool status_since_is_age(int64_t now_ns, int64_t day_start_ns, int64_t since_ns)
{
    int64_t age = status_elapsed(now_ns, since_ns);
    return day_start_ns <= 0 || age < FORMAT_AGE_MINUTES_FROM_NS ||
           now_ns - now_ns % HOUR_NS - since_ns >= DAY_NS;
}

const char *status_since(int64_t now_ns, int64_t day_start_ns, int64_t since_ns, char *out, int64_t *next_ns)
{
    int64_t hour_ns = now_ns - now_ns % HOUR_NS, age = status_elapsed(now_ns, since_ns);
    if (age < FORMAT_AGE_MINUTES_FROM_NS || day_start_ns <= 0)
        return format_age(status_age(now_ns, since_ns, next_ns), out);
    bool days = hour_ns - since_ns >= DAY_NS;
    age = days ? (hour_ns - since_ns) / DAY_NS * DAY_NS : 0;
    int64_t changes = since_ns + age + DAY_NS + HOUR_NS - 1;
    *next_ns = changes - changes % HOUR_NS;
    if (days) {
        snprintf(out, FORMAT_MAX, "%lldd", (long long)(age / DAY_NS < 999 ? age / DAY_NS : 999));
        return out;
    }
    int64_t minutes = ((since_ns - day_start_ns) % DAY_NS + DAY_NS) % DAY_NS / MINUTE_NS;
    snprintf(out, FORMAT_MAX, "%02d:%02d", (int)(minutes / 60), (int)(minutes % 60));
    return out;
}
