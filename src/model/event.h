/*
 * event.h - what ingest tells the model: facts about one thing that happened, as one witness saw it.
 *
 * The same call is usually reported several times (a hook, a log event, a span), in any order, sometimes
 * twice. An event is therefore not "append this" but "this is known about the call with that key". The model
 * merges facts so that the result does not depend on their order.
 *
 * Everything is borrowed for the duration of model_apply(). Text is clean (text.h). A slice with ptr NULL, a
 * number below zero (int64 fields marked "-1: unknown") and an id without its has_ flag mean "this witness
 * does not say". An event without a session id, but with a trace, is held until the session of that trace is
 * known (orphan.c).
 */
#ifndef CT_MODEL_EVENT_H
#define CT_MODEL_EVENT_H

#include "slice.h"

/* Where a fact comes from. The order is the order of trust where two disagree: later wins. */
enum witness { WITNESS_NONE, WITNESS_METRIC, WITNESS_STATUS, WITNESS_HOOK, WITNESS_LOG, WITNESS_SPAN };

enum event_kind {
    EVENT_STARTUP,    /* a record that proves only that a process runs: never makes a session by itself */
    EVENT_SESSION,    /* facts about the session: start, end, folder, title */
    EVENT_PROMPT,     /* the user's prompt was submitted, or was typed into a running turn */
    EVENT_TURN,       /* facts about a turn as a whole: its span, its stop */
    EVENT_LLM,        /* one API request with its retries */
    EVENT_TOOL,       /* one tool call: decision, wait, execution, result */
    EVENT_AGENT,      /* a sub-agent */
    EVENT_PERMISSION, /* a permission prompt is shown (no tool id known) */
    EVENT_NOTICE,     /* anything else that belongs in the tree: notification, hook run */
    EVENT_COMPACTION,
    EVENT_SPAN,  /* a span that is no call itself but links ids, or something else's work inside a call */
    EVENT_METRIC /* a counter of the client, for cross-checks only */
};

/* What the witness says about how far the thing has come. */
enum phase {
    PHASE_UNKNOWN,
    PHASE_STARTED,
    PHASE_DECIDED, /* tools: allowed or rejected */
    PHASE_FINISHED,
};

/* What a turn is about. The order is the order of certainty where witnesses disagree: later wins. */
enum turn_kind {
    TURN_KIND_NONE,
    TURN_KIND_PROMPT,       /* something that a human asked for */
    TURN_KIND_BASH,         /* a shell command that the user ran himself ("!ls") */
    TURN_KIND_COMMAND,      /* a slash command */
    TURN_KIND_COMPACT,      /* the one that shortens the conversation */
    TURN_KIND_NOTIFICATION, /* the client's own word that something in the background is done */
    TURN_KIND_BACKGROUND,   /* what calls of no prompt belong to, which hang from the session */
};

enum decision { DECISION_UNKNOWN, DECISION_ACCEPTED, DECISION_REJECTED };

/* Counters of the client. */
enum metric {
    METRIC_OTHER, /* proves that metrics come, no more */
    METRIC_COST,  /* nano USD */
    METRIC_INPUT,
    METRIC_OUTPUT,
    METRIC_CACHE_READ,
    METRIC_CACHE_CREATION,
    METRIC_LINES_ADDED,
    METRIC_LINES_REMOVED,
    METRIC_ACTIVE_CLI,  /* ns */
    METRIC_ACTIVE_USER, /* ns */
    METRIC_COMMITS,
    METRIC_PULL_REQUESTS,
    METRIC_EDITS_ACCEPTED,
    METRIC_EDITS_REJECTED,
    METRIC_COUNT
};

struct event_ids {
    struct slice session_id;
    struct slice prompt_id;
    struct slice request_id;
    struct slice tool_use_id;
    struct slice agent_id;
    struct slice parent_agent_id;
    uint8_t trace_id[16];
    uint8_t span_id[8];        /* spans: their own id; log records: the span they were written in */
    uint8_t parent_span_id[8]; /* spans only */
    bool has_trace_id;
    bool has_span_id;
    bool has_parent_span_id;

    /* A sender that puts its whole session into one trace: the trace alone names no turn, but the span of
     * the turn does. */
    bool trace_is_session;
    bool has_turn_span_id;
    bool turn_unsure; /* that span may be the session's own: it proves no turn */
    uint8_t turn_span_id[8];
    /* A span of the call that asked for this one. */
    uint8_t asked_by_span_id[8];
    bool has_asked_by;
    /* What a profiler that knows spans calls the profile of this one; mostly its own span id. */
    uint8_t profile_id[8];
    bool has_profile_id;
};

struct event_usage {
    int64_t input_tokens; /* -1: unknown, also below */
    int64_t output_tokens;
    int64_t cache_read_tokens;
    int64_t cache_creation_tokens;
    int64_t cache_creation_1h_tokens; /* of those, the ones that are kept for an hour */
    int64_t cost_nano_usd;            /* 1e-9 USD: sums do not depend on their order */
};

/* What the client's status line says of its session. */
struct event_limit {
    double used_percentage; /* of the plan's allowance; -1: unknown */
    int64_t resets_ns;      /* 0: unknown */
};

struct event_report {
    bool tells_context;     /* the next three are its word, also where they are unknown */
    int64_t used_tokens;    /* -1: unknown, also below */
    int64_t window_tokens;  /* how many fit */
    double used_percentage; /* by the client's own reckoning */
    bool tells_limits;      /* the next two are */
    struct event_limit five_hour, seven_day;
    int64_t cost_nano_usd; /* the client's own sum */
};

enum span_role {
    SPAN_ROLE_NONE,
    SPAN_ROLE_TURN,
    SPAN_ROLE_LLM,
    SPAN_ROLE_TOOL,
    SPAN_ROLE_WAIT,
    SPAN_ROLE_EXECUTION,
    SPAN_ROLE_OTHER
};

struct event {
    enum event_kind kind;
    enum witness witness;
    enum phase phase;
    int64_t time_ns;     /* event time: when it happened, for finished things when they ended; 0: unknown */
    int64_t stamp_ns;    /* the sender's own, tells records without ids apart; 0: is time_ns, -1: none */
    int64_t arrival_ns;  /* when we received it */
    int64_t start_ns;    /* 0: unknown */
    int64_t end_ns;      /* 0: unknown */
    int64_t duration_ns; /* -1: unknown */
    int64_t sequence;    /* event.sequence of the process; -1: none */
    struct event_ids ids;
    enum span_role span_role; /* spans */

    struct slice service_name;
    struct slice service_version;
    struct slice record; /* what the sender calls the record: for people who look at the stream */
    struct slice name;   /* tool name, agent type, notice type, metric name */
    struct slice detail; /* prompt text, command, path, description, message */
    struct slice model;
    struct slice query_source; /* who asked for an LLM call: main, subagent, title, compaction … */
    struct slice error_type;
    struct slice error_message;
    struct slice source;     /* decision source, start source, trigger, end reason */
    struct slice agent_type; /* EVENT_TOOL that spawns an agent: of which type */
    uint64_t input_hash;     /* EVENT_TOOL: the same for the same input, by one witness; 0: unknown */
    struct slice cwd;
    struct slice title;
    struct slice sender;            /* without a session id: what else tells who sent it */
    struct slice parent_session_id; /* EVENT_SESSION: whose sub-agent it is */

    struct slice model_name;    /* EVENT_SESSION: the model's name for people */
    struct slice branch;        /* EVENT_SESSION */
    struct event_report report; /* EVENT_SESSION */

    struct event_usage usage;
    int64_t ttft_ns;     /* -1: unknown */
    int64_t wait_ns;     /* the human's own time; -1: unknown */
    int32_t attempts;    /* requests made for one call; 0: unknown */
    int32_t http_status; /* 0: unknown */
    enum decision decision;
    enum turn_kind turn_kind;  /* EVENT_PROMPT, EVENT_TURN */
    const int64_t *attempt_ns; /* EVENT_LLM: when each attempt began; attempt_count of them */
    size_t attempt_count;
    bool failed;      /* the thing ended in an error */
    bool wants_tools; /* LLM: the response asked for tools */
    bool interrupted;
    bool ended;        /* EVENT_SESSION: the session is over */
    bool background;   /* EVENT_AGENT, EVENT_TOOL: runs on behind its call */
    bool spawns_agent; /* EVENT_TOOL: this tool starts sub-agents */
    bool vague_name;   /* the name stands for one that the client withholds: any other is better */
    bool auxiliary; /* EVENT_LLM: housekeeping of the client, such as naming the session: not its own model */
    bool gave_up;   /* EVENT_TURN: the client makes no further attempt at its request */
    bool asks_user; /* EVENT_TOOL: its permission prompt is a question to the user */
    bool redacted;  /* the prompt text was withheld by the client's privacy settings */
    bool native;    /* from Claude Code itself */
    bool other_agent;                /* from an agent that is not Claude Code */
    bool no_turn;                    /* its sender says that it belongs to no prompt */
    bool tools_told, tools_withheld; /* what tools are asked to do is in the log, or is not */
    int64_t tokens_before;           /* compaction; -1: unknown */
    int64_t tokens_after;

    enum metric metric;
    int64_t metric_value;   /* in the metric's unit, >= 0 */
    uint64_t metric_series; /* the same number for the same name and attributes */
    bool cumulative;        /* since start_ns; else what was new between start_ns and time_ns */
};

/* An event with every field unknown. */
void event_init(struct event *e, enum event_kind kind, enum witness witness);

#endif
