/*
 * census.h - how many sessions there are, live and waiting, and their sums, kept as they change.
 *
 * A reader that looks thirty times a second must not go through all sessions for it. The census goes by the
 * list of changes (model_newest_change()) and by the times at which silence alone makes a difference, so that
 * bringing it up to date costs what has changed. It is as of the newest time asked for; a clock that steps
 * back is counted through anew.
 */
#ifndef CT_MODEL_CENSUS_H
#define CT_MODEL_CENSUS_H

#include "heap.h"
#include "model.h"

struct session_entry;

/* The list behind model_newest_change(). */
struct model_changes {
    struct session_entry *newest;
    uint64_t revision, departures;
};

struct census {
    uint64_t seen; /* revision up to which it knows */
    int64_t now_ns;
    struct heap due; /* sessions, by model_session_until_ns() */
    int64_t sessions, live, waiting;
    struct counters total; /* of the real ones */
};

/* What one session counts for. */
struct census_share {
    struct heap_node due; /* first */
    struct session_entry *session;
    bool real, live, waiting;
    struct counters total;
};

void census_finish(struct census *c);
void census_update(const struct model *m, int64_t now_ns);
void census_leave(struct session_entry *s); /* before it is evicted */

void settle_forget(struct session_entry *s); /* it leaves the list of changes */
/* state.c: when silence alone changes what a session does; 0: never. */
int64_t state_until_ns(const struct session *s, int64_t now_ns);

#endif
