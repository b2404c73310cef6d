/*
 * model.h - sessions, turns and calls, as far as they are known.
 *
 * Pure: no I/O, no clock, no randomness (the hash seed is given). model_apply() notes what one event says;
 * everything else is a query. Structures are read-only for everybody but src/model; pointers stay valid until
 * the next model_apply() that evicts (see model_generation()), so a frame may hold them, a longer-lived
 * reader keeps the 64-bit id. What was applied shows in them from the next query on: each brings the trees of
 * the sessions that changed up to date, at a cost of one pass over what of those sessions is not over for
 * good (freeze.c). Apply a batch, then look.
 *
 * Facts merge by key (session id, prompt id, trace id, request id, tool_use_id, agent id, span id), so that
 * order and duplication of what arrives do not matter.
 */
#ifndef CT_MODEL_MODEL_H
#define CT_MODEL_MODEL_H

#include "event.h"
#include "prices.h"
#include "stream.h"

struct model;

/* What becomes of Claude Code's records that name no session until it is known whose they are. */
enum session_id_policy {
    SESSION_ID_BUFFER, /* held for a while, then shown under a provisional id */
    SESSION_ID_EAGER   /* shown under it at once */
};

#define MODEL_SESSION_ID_WAIT_NS     (INT64_C(5) * 1000000000)
#define MODEL_SESSION_ID_WAITING_MAX 200

/* What opens and closes a turn. */
enum turn_mode {
    TURN_MODE_AUTO,     /* the best evidence that a session has: prompt ids and traces, hooks, else silence */
    TURN_MODE_HOOKS,    /* only prompts and stops that hooks tell of */
    TURN_MODE_HEURISTIC /* only silence: see quiet.c */
};

#define MODEL_FREEZE_ABOVE     2048
#define MODEL_FREEZE_AFTER_NS  (INT64_C(60) * 1000000000)
#define MODEL_TURN_IDLE_END_NS (INT64_C(1500) * 1000000)

struct model_config {
    uint64_t hash_seed;
    /* Of sessions with more entries than this, turns that ended this long ago are left alone by what keeps
     * the trees up to date, unless something is heard of them. */
    size_t freeze_above;
    int64_t freeze_after_ns;
    enum session_id_policy session_id_policy;
    int64_t session_id_wait_ns;    /* held for this long at most … */
    size_t session_id_waiting_max; /* … and this many of them together */
    enum turn_mode turn_mode;
    int64_t turn_idle_end_ns; /* TURN_MODE_HEURISTIC, and AUTO where it comes to that */
    size_t max_bytes;     /* all sessions together; oldest ended ones go first (evict.c). Default 256 MiB */
    size_t summaries_max; /* of sessions that went; the oldest of these go altogether */
    const struct price_table *prices; /* for calls without a cost; borrowed, lives longer. NULL: none */
};

#define MODEL_MAX_BYTES_DEFAULT (256u * 1024u * 1024u)
#define MODEL_SUMMARIES_MAX     4096

/* Sums over a subtree; a call seen by several witnesses counts once. */
struct counters {
    int64_t turns;
    int64_t llm_calls;
    int64_t llm_errors;  /* calls that failed in the end */
    int64_t llm_retries; /* attempts beyond the first */
    int64_t tool_calls;
    int64_t tool_errors;
    int64_t tool_rejections;
    int64_t agents;
    int64_t input_tokens;
    int64_t output_tokens;
    int64_t cache_read_tokens;
    int64_t cache_creation_tokens;
    int64_t cost_nano_usd;           /* reported and estimated */
    int64_t cost_unknown;            /* LLM calls that nobody knows a cost or a price of */
    int64_t cost_estimated;          /* LLM calls whose cost is an estimate (prices.h) */
    int64_t cost_estimated_nano_usd; /* their part of cost_nano_usd */
    int64_t wait_ns;                 /* time spent waiting for the human */
};

enum node_kind {
    NODE_TURN,
    NODE_LLM,
    NODE_TOOL,
    NODE_AGENT,
    NODE_PERMISSION,
    NODE_COMPACTION,
    NODE_HOOK,
    NODE_EVENT,
    NODE_SPAN /* of another service, inside a call: a gateway's request, a tool's own work */
};

/* How a node stands. The order is the order of evidence: a later one is never taken back by an earlier one.
 */
enum node_state {
    NODE_UNKNOWN, /* known only as somebody's parent, or open when its session fell silent */
    NODE_RUNNING,
    NODE_WAITING, /* for the human's permission; of an agent: something in it does */
    NODE_DONE,
    NODE_FAILED,
    NODE_REJECTED,
    NODE_INTERRUPTED, /* its turn ended without it */
};

struct session;

struct node {
    uint64_t id; /* unique in this model, never used again: what a selection holds on to */
    enum node_kind kind;
    enum node_state state;
    struct session *session;
    struct node *parent; /* NULL: hangs from the session (turns, and calls of no turn) */
    struct node *first_child, *last_child, *next, *prev; /* siblings by start time */

    struct slice key;    /* prompt id, request id, tool_use_id or agent id; may be empty */
    struct slice name;   /* TURN: ""; LLM: query source; TOOL: tool name; AGENT: agent type */
    struct slice detail; /* TURN: prompt; TOOL: command, path, pattern …; AGENT: description */
    struct slice model;  /* LLM (and TURN, AGENT: that of their newest call) */
    struct slice source; /* TURN: start source; TOOL: decision source; COMPACTION: trigger */
    struct slice
        end_reason; /* TURN: stop_hook, stop_failure, span_end, interrupted, user_reject, compacted,
                       api_error, new_prompt, session_end, idle_after_stop_reason, silence …; "" while open */
    struct slice error_type;
    struct slice error_message;

    int64_t start_ns;                    /* event time; 0: unknown */
    int64_t end_ns;                      /* 0: unknown or still open */
    int64_t duration_ns;                 /* -1: unknown */
    int64_t ttft_ns;                     /* LLM; -1: unknown */
    int64_t wait_ns;                     /* TOOL: the human's own time; -1: unknown */
    int64_t last_ns;                     /* newest event time in the subtree */
    int64_t tokens_before, tokens_after; /* COMPACTION; -1: unknown */
    int32_t attempts;                    /* LLM; at least 1 once known, else 0 */
    int32_t number; /* of the turn, in start order: 1, 2, 3 …; calls have that of theirs, 0: they are of no
                       prompt */
    enum turn_kind turn_kind;  /* TURN */
    const int64_t *attempt_ns; /* LLM: when each attempt began, attempt_count of them */
    size_t attempt_count;      /* may be fewer than attempts, or none */
    bool wants_tools;
    bool background;
    bool redacted;
    uint32_t witnesses; /* bit 1 << enum witness */
    uint32_t depth;     /* 0 directly under the session */

    uint8_t trace_id[16];
    uint8_t span_id[8];
    bool has_trace_id;
    bool has_span_id;

    struct counters total; /* this node and all below it */
};

/* What a session is doing, and why we say so. */
enum run_state {
    RUN_STARTING,
    RUN_THINKING, /* waits for the model */
    RUN_STREAMING,
    RUN_TOOL,
    RUN_PERMISSION, /* waits for the human's permission */
    RUN_INPUT,      /* waits for the human's answer (idle prompt notification) */
    RUN_COMPACTING,
    RUN_RETRYING,
    RUN_FAILED,
    RUN_IDLE, /* the last turn ended; nothing is asked of anybody */
    RUN_ENDED,
    RUN_STALE, /* a turn is open but nothing was heard for STALE_AFTER_NS */
};

const char *
run_state_name(enum run_state s); /* "waiting for permission" is "permission": one lower-case word */
const char *node_kind_name(enum node_kind k);   /* as in the JSON: "turn", "llm" … */
const char *turn_kind_name(enum turn_kind k);   /* as in the JSON: "prompt", "command" … */
const char *node_state_name(enum node_state s); /* as in the JSON: "running", "ok" … */

struct run_status {
    enum run_state state;
    int64_t since_ns;        /* event time of the evidence */
    enum witness witness;    /* who said so */
    const char *evidence;    /* e.g. "PermissionRequest hook"; static */
    const struct node *node; /* the call it is about, or NULL */
};

/* What the client said of its own, last; nothing of it is reckoned here. */
struct session_context {
    int64_t reported_ns;   /* 0: never, and so nothing is known */
    int64_t used_tokens;   /* the newest prompt's; -1: unknown, also below */
    int64_t window_tokens; /* how many fit */
    double used_percentage;
};

struct session_limit {
    double used_percentage; /* of the plan's allowance; -1: unknown */
    int64_t resets_ns;      /* 0: unknown */
};

struct session_limits {
    int64_t reported_ns; /* 0: never: plans without limits say nothing */
    struct session_limit five_hour, seven_day;
};

/* alerts.c's own: nothing is to be found in a session of that revision, by those limits, at those times. */
struct alerts_calm {
    uint64_t revision, limits;
    int64_t from_ns, until_ns; /* before until_ns */
};

struct session {
    uint64_t id;
    struct slice session_id;
    struct slice service_name;
    struct slice service_version;
    struct slice title; /* "" when nobody said one */
    struct slice cwd;
    struct slice model;        /* that of the newest LLM call; before the first, what the client said */
    struct slice model_name;   /* for people, as the client says */
    struct slice branch;       /* as the client says */
    struct slice start_source; /* of its newest start: startup, resume, fork, compact, clear */
    struct session_context context;
    struct session_limits limits;
    int64_t reported_cost_nano_usd; /* the client's own sum of what its process spent; -1: unknown */
    bool provisional; /* its id is ours: its sender names none, and nothing tells yet whose it is */
    bool real;        /* something beyond start-up records was seen; others are not sessions */
    bool
        announced; /* a SessionStart hook or its status line was seen: may be shown before its first prompt */
    bool has_spans, has_logs, has_hooks;   /* which witnesses it has */
    bool has_metrics;                      /* counters of the client came; they alone make no session real */
    bool native;                           /* Claude Code's own telemetry or hooks */
    bool other_agent;                      /* of an agent that is not Claude Code */
    bool redacted;                         /* prompts are withheld by the client */
    int64_t started_ns;                    /* first event */
    int64_t last_activity_ns;              /* newest event time */
    int64_t first_arrival_ns;              /* oldest arrival */
    int64_t last_arrival_ns;               /* newest arrival */
    struct slice parent_session_id;        /* it is a sub-agent of that one; "" when nobody says so */
    struct node *first_child, *last_child; /* turns, and calls of no turn, by start time */
    struct session *next, *prev;           /* all sessions in order of first arrival */
    struct alerts_calm calm;
    uint64_t revision;                    /* model_newest_change() */
    const struct session *changed_before; /* likewise; NULL: none */
    struct counters total;                /* of all its calls, also of those that are no longer kept */
    /* The budget of bytes was over and its tree went: this is what remains (evict.c). It has no children.
     * When it goes on it has a tree again, of what came since. */
    bool summary;
    struct counters gone;  /* of total, the calls that are no longer kept */
    int64_t gone_until_ns; /* … which are those until then; 0: none went */
};

void model_config_init(struct model_config *config);
struct model *model_create(const struct model_config *config);
void model_destroy(struct model *m);

void model_apply(struct model *m, const struct event *e);

/*
 * What depends on time alone, such as a turn that silence ends. The model's time is the newest arrival or
 * what is said here, whichever is later, so that a replay comes to the same. model_due_ns(): when there will
 * be something new although nothing arrives; 0: never.
 */
void model_advance(const struct model *m, int64_t now_ns);
int64_t model_due_ns(const struct model *m);

/* Raised by every change that a reader could see. */
uint64_t model_generation(const struct model *m);

/*
 * For readers that keep what they made of a session: whatever changes in it or below it gives it a new
 * revision, greater than all before, and the first place in the list of changes. What is new since a
 * revision:
 *
 *     for (s = model_newest_change(m); s && s->revision > seen; s = s->changed_before) …
 *     seen = model_revision(m);
 *
 * An evicted session is in no list; model_departures() counts them. Silence, too, changes what
 * model_session_status() says and whether model_fleet() counts a session as live, without a new revision:
 * model_session_until_ns() is when it next does, later than now; 0: never.
 */
const struct session *model_newest_change(const struct model *m);
uint64_t model_revision(const struct model *m);
uint64_t model_departures(const struct model *m);
int64_t model_session_until_ns(const struct session *s, int64_t now_ns);

/* All sessions, also those that are not real. Follow ->next. */
const struct session *model_sessions(const struct model *m);
const struct session *model_session(const struct model *m, struct slice session_id);
const struct session *model_session_by_id(const struct model *m, uint64_t id);
const struct node *model_node_by_id(const struct model *m, uint64_t id); /* NULL when evicted */

/* now: wall clock, for states that are about silence. */
struct run_status model_session_status(const struct session *s, int64_t now_ns);

/* The newest events as they came: the number of the newest (0: none), and one by its number (stream.h). */
uint64_t model_stream_last(const struct model *m);
const struct stream_item *model_stream_item(const struct model *m, uint64_t number);

/* Distinct models / trace ids of a session, oldest first. Returns how many there are; fills at most max. */
size_t model_session_models(const struct session *s, struct slice *out, size_t max);
size_t model_session_traces(const struct session *s, uint8_t (*out)[16], size_t max);

/* No word for this long in an open turn makes it stale. */
#define STALE_AFTER_NS (INT64_C(10) * 60 * 1000000000)
/* In a session of log events alone nobody says that a turn is over. One whose last answer asked for no tool,
 * with none running, is when nothing was heard of it for this long: unless somebody was asked for a
 * permission all the while, of which its log says nothing either, and then what follows opens it again. */
#define REST_AFTER_NS (INT64_C(60) * 1000000000)
/* A session with no word for this long is not counted as live, whatever its state, and what is open in it is
 * taken as cut off. */
#define LIVE_WITHIN_NS (INT64_C(30) * 60 * 1000000000)
/* Who waits for a human is silent by nature: it counts for this long. */
#define WAITING_WITHIN_NS (INT64_C(12) * 3600 * 1000000000)

/* Failures are counted over this long (signs.c). */
#define FAILURES_NS (INT64_C(5) * 60 * 1000000000)

/* What alerts (alerts.h) look at besides: in constant time, reckoned when the session changed. */
struct session_signs {
    int64_t failures;            /* calls of models and tools that failed within FAILURES_NS */
    const struct node *repeated; /* newest call of a tool that got one input again and again, in a turn or
                                    agent that is still at work; NULL: none */
    int64_t repeats;             /* so many times in a row, 0 or at least 2 */
    int64_t owed_since_ns;       /* arrival of the oldest hook since the last telemetry that some should have
                                    followed; 0: none is owed */
    int64_t telemetry_ns;        /* arrival of the newest log event or span; 0: none came */
    bool at_work; /* a turn is open, and no tool runs and nobody is waited for: silence means something */
};

void model_session_signs(const struct session *s, int64_t now_ns, struct session_signs *out);

/*
 * The client's own counters, by enum metric: what it says that it used and did. For comparison only, they are
 * in no total.
 */
struct session_metrics {
    int64_t values[METRIC_COUNT];
    int64_t as_of_ns; /* event time of the newest export */
};

/* NULL when none came. */
const struct session_metrics *model_session_metrics(const struct session *s);

enum metrics_verdict {
    METRICS_NONE,
    METRICS_PENDING, /* one of the two may still be on its way, or was not there from the start */
    METRICS_AGREE,
    METRICS_MORE, /* they count more than the events: also requests that were interrupted while they streamed
                   */
    METRICS_LESS
};

const char *metrics_verdict_name(enum metrics_verdict verdict); /* as in the JSON: "none", "agree" … */

/* How well the telemetry of a session tells of it. */
struct session_health {
    int64_t lost_events; /* log events that never came, by the gaps in event.sequence */
    bool lost_settled;   /* late ones would have come by now */
    enum metrics_verdict metrics;
    bool has_clock; /* the two below are known */
    int64_t
        delay_ns; /* median of arrival less event time: the exporter's interval, and the clocks' difference */
    int64_t skew_ns; /* of that, what no exporter explains: above 0 its clock is ahead; 0: none */
    bool prompts_withheld, tools_withheld; /* by the client's privacy settings */
    bool hooks_only;                       /* it posts hooks but no telemetry */
    bool metrics_only;                     /* it sends metrics but neither logs nor spans */
    bool no_ids;                           /* an old client, whose events cannot be told apart or counted */
    bool no_traces;
    bool delta_metrics;
};

void model_session_health(const struct session *s, int64_t now_ns, struct session_health *out);

enum health_severity { HEALTH_INFO, HEALTH_WARNING, HEALTH_ERROR };

enum health_code {
    HEALTH_LOST_EVENTS,
    HEALTH_METRICS_DISAGREE,
    HEALTH_HOOKS_ONLY,
    HEALTH_METRICS_ONLY,
    HEALTH_NO_TRACES,
    HEALTH_OLD_CLIENT,
    HEALTH_CLOCK_SKEW,
    HEALTH_PROMPTS_WITHHELD,
    HEALTH_TOOLS_WITHHELD,
    HEALTH_DELTA_METRICS
};

const char *health_severity_name(enum health_severity severity); /* as in the JSON: "info" … */
const char *health_code_name(enum health_code code);             /* as in the JSON: "lost_events" … */

#define HEALTH_MESSAGE_MAX 320

struct health_item {
    enum health_severity severity;
    enum health_code code;
    const struct session *session;    /* NULL: it is about all */
    char message[HEALTH_MESSAGE_MAX]; /* what is wrong and what to do, in words */
};

/*
 * What is worth a word, the worst first. Sessions not heard of for LIVE_WITHIN_NS are named only where they
 * lost something. forwarding: there is an upstream. Returns how many there are; fills at most max.
 */
size_t model_health(const struct model *m, int64_t now_ns, bool forwarding, struct health_item *out,
                    size_t max);

/* Of all sessions, evicted ones included. */
int64_t model_lost_events(const struct model *m);

#define FLEET_SPARK 12 /* columns of the header's sparkline, 5 s each */

/* Over the last BURN_NS, by when calls ended. What is younger than that burns little, not much: nothing is
 * extrapolated. */
struct burn_rate {
    int64_t tokens_per_min; /* fresh ones, see struct fleet */
    int64_t cost_nano_usd_per_hour;
    bool is_estimate; /* a part of the cost is */
};

#define BURN_NS (INT64_C(5) * 60 * 1000000000)

struct burn_rate model_session_burn(const struct session *s, int64_t now_ns);

struct fleet {
    int64_t sessions; /* real ones */
    int64_t live;     /* not ended, heard of within LIVE_WITHIN_NS; waiting ones within WAITING_WITHIN_NS */
    int64_t waiting;  /* for permission or input */
    struct counters total;
    int64_t cost_today_nano_usd; /* since day_start_ns */
    bool cost_today_is_estimate; /* a part of it is */
    struct burn_rate burn;       /* of all sessions */
    /* Tokens that the model had to work for: input, output, cache creation. Cache reads are most of all
     * tokens and say how long the conversations are, not how much is done. Last minute. */
    int64_t tokens_per_min;
    int64_t spark[FLEET_SPARK]; /* the same per 5 s, oldest first */
    int64_t llm_per_min;
    double llm_error_ratio; /* last 5 minutes; -1: no calls */
    int64_t llm_p95_ns;     /* last 5 minutes; -1: no calls */
    int64_t until_ns;       /* as of when any of these differs though nothing arrives; 0: never */
};

/* Its cost is that of what has changed since it was asked last, see model_newest_change(). */
void model_fleet(const struct model *m, int64_t now_ns, int64_t day_start_ns, struct fleet *out);

/*
 * One row of the RED table. What is counted, when it ended: LLM calls by model (RED_LLM) and by session
 * (RED_SESSION), tool calls by tool (RED_TOOL) and by MCP server (RED_MCP), runs of sub-agents by agent type
 * (RED_AGENT). Rejected and interrupted calls are no calls that ended. "other" stands for the names past the
 * limit (red.h).
 */
enum red_kind { RED_LLM, RED_TOOL, RED_MCP, RED_SESSION, RED_AGENT };

const char *red_kind_name(enum red_kind k); /* as in the JSON: "llm", "tool" … */

#define RED_ROW_MINUTES 15

struct red_minute {
    int32_t count, errors;
};

struct red_row {
    enum red_kind kind;
    struct slice name;
    int64_t count;
    int64_t errors;
    int64_t retries;                  /* LLM calls: attempts beyond the first */
    double rate_per_min;              /* 0 without a window */
    int64_t p50_ns, p95_ns, p99_ns;   /* within 6.25 % (histogram.h); -1: no durations */
    int64_t ttft_p50_ns, ttft_p95_ns; /* time to the first token, LLM calls; -1: none */
    /* Whatever the window: by the clock, oldest first; the last one is not over. */
    struct red_minute minutes[RED_ROW_MINUTES];
};

#define RED_WINDOW_MAX_NS (INT64_C(15) * 60 * 1000000000)

/* Rows by kind, then by name. window_ns: how far back from now, at most RED_WINDOW_MAX_NS; 0: everything.
 * Returns how many there are. Its cost does not depend on the number of calls. */
size_t model_red(const struct model *m, int64_t now_ns, int64_t window_ns, struct red_row *out, size_t max);

/* The same of one session, without its RED_SESSION row; any window. One pass over the session's calls, as
 * settling it is. */
size_t model_session_red(const struct session *s, int64_t now_ns, int64_t window_ns, struct red_row *out,
                         size_t max);

/* The same of those sessions that takes(ctx, s) says, each with a RED_SESSION row. One pass over the calls of
 * those that were heard of in the window and the last RED_ROW_MINUTES. */
size_t model_sessions_red(const struct model *m, bool (*takes)(const void *ctx, const struct session *s),
                          const void *ctx, int64_t now_ns, int64_t window_ns, struct red_row *out,
                          size_t max);

/* What few readers want to know of a node. */
struct node_more {
    struct slice identity; /* the same in every process that hears the same of it; "": it has none of its
                              own, as it was inferred from others */
    const struct node
        *asked_by;       /* TOOL: the LLM call that asked for it, as far as somebody says so; or NULL */
    int64_t decided_ns;  /* TOOL: it was allowed or refused; 0: unknown */
    int32_t http_status; /* LLM; 0: unknown */
    bool auxiliary;      /* LLM: housekeeping of the client, such as naming the session */
    bool has_profile_id; /* its sender profiles its spans, and this one's profile is called so */
    uint8_t profile_id[8];
};

void model_node_more(const struct node *n, struct node_more *out);

/*
 * Of a long session, the last of what hangs from it that is over for good, as everything before it is
 * (freeze.c); NULL: nothing is. That holds as long as *thaws is the same: what nobody expected to hear of was
 * heard of then.
 */
const struct node *model_session_settled(const struct session *s, uint64_t *thaws);

/* What tools are asked to do is in the client's own telemetry, too. */
bool model_session_tools_told(const struct session *s);

struct model_stats {
    uint64_t events;
    uint64_t bytes;
    uint64_t sessions;
    uint64_t nodes;
    uint64_t frozen_nodes;     /* of those, what settling leaves alone */
    uint64_t evicted_sessions; /* given up for the byte budget, some more than once */
    uint64_t summaries;        /* kept of those now … */
    uint64_t
        dropped_summaries; /* … and those that went too: by summaries_max, or over an eighth of max_bytes */
    uint64_t late_events;  /* of calls that are no longer kept: not applied */
    uint64_t refused_events;   /* the session alone is over the byte budget, or its summary went */
    uint64_t orphans;          /* events that came without a session id, to be known by their trace */
    uint64_t orphans_given_up; /* of those, the ones that waited longest when there were too many */
    uint64_t crowded_traces;   /* sessions that are too many in one trace to be looked for in it */
    uint64_t refused_spans;    /* of other services, beyond the limit of a session */
};

struct model_stats model_stats(const struct model *m);

#endif
