/*
 * alerts.h - what a person should know of now: money, errors, loops, silence, waits that last.
 *
 * Pure: the model, the limits and the time make the list. It says what holds; when somebody is told of it,
 * and what is silenced, is the screen's (ui/attention.h). Cost: one look at each session, a short one where
 * nothing was found and nothing has changed, none at its calls; the list is bounded. An alert goes by itself
 * when what it says no longer holds.
 */
#ifndef CT_MODEL_ALERTS_H
#define CT_MODEL_ALERTS_H

#include "model.h"

/* The worst first. */
enum alert_kind {
    ALERT_DAY_COST,     /* all sessions since midnight */
    ALERT_SESSION_COST, /* one session */
    ALERT_UPSTREAM,     /* a destination cannot be reached */
    ALERT_ERRORS,       /* failed calls of one session within FAILURES_NS */
    ALERT_LOOP,         /* the same tool call with the same input, in a row */
    ALERT_SILENT,       /* a session that is alive sends nothing */
    ALERT_CONTEXT,      /* nearly full, as the client says */
    ALERT_WAITING,      /* for the human, for long */
    ALERT_KIND_COUNT
};

/* What they begin at; 0: never. */
struct alert_limits {
    double session_usd, day_usd;
    int64_t errors;
    int64_t repeats;
    double context_percentage;
    int64_t silent_ns;
    int64_t upstream_ns;
    int64_t waiting_ns;
};

#define ALERT_TEXT_MAX     200
#define ALERT_NAME_MAX     32
#define ALERTS_MAX         64 /* the worst ones are kept; total counts all */
#define ALERTS_WAITING_MAX 64

struct alert {
    enum alert_kind kind;
    uint64_t session_id;       /* session.id; 0: it is about all */
    uint64_t node_id;          /* the call or turn that it is about; 0: none */
    char name[ALERT_NAME_MAX]; /* ALERT_UPSTREAM: which; "" when there is only one */
    int64_t since_ns;          /* 0: nobody knows */
    double value, limit;       /* in what the limit is: USD, calls, per cent, seconds */
    int level;                 /* rises as it gets worse: by the size of the step, see alerts.c */
    char text[ALERT_TEXT_MAX]; /* why, with its numbers */
};

/* A session that waits for the human now, however short. */
struct alert_waiting {
    uint64_t session_id;
    uint64_t node_id;
    int64_t since_ns;
    enum run_state state; /* RUN_PERMISSION or RUN_INPUT */
};

struct alert_upstream {
    struct slice name;
    int64_t away_ns; /* the oldest request that it did not take waits for so long; 0: it is not away */
    uint64_t queued;
};

struct alert_input {
    const struct model *model;
    const struct alert_limits *limits;
    int64_t now_ns;
    int64_t day_start_ns;      /* for day_usd */
    const struct fleet *fleet; /* model_fleet() of now and day_start_ns */
    const struct alert_upstream *upstreams;
    size_t upstream_count;
};

struct alerts {
    struct alert items[ALERTS_MAX]; /* the worst first, then by session in order of arrival */
    size_t count;
    uint64_t total;
    struct alert_waiting waiting[ALERTS_WAITING_MAX]; /* those that wait longest are not first: by arrival */
    size_t waiting_count;
    int64_t newest_arrival_ns; /* of all sessions: what is older than the program is history */
    int64_t due_ns;            /* when the list reads differently although nothing arrives; 0: never */
};

/* What the settings have built in. */
void alert_limits_init(struct alert_limits *limits);

void alerts_find(const struct alert_input *in, struct alerts *out);

const char *alert_kind_name(enum alert_kind kind); /* as in the JSON: "day_cost" … */
bool alert_kind_parse(struct slice name, enum alert_kind *out);
const char *alert_kind_words(enum alert_kind kind); /* for people: "budget of the day" … */

/* HEALTH_ERROR: money or telemetry is being lost. */
enum health_severity alert_severity(enum alert_kind kind);

#endif
