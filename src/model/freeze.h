/*
 * freeze.h - the turns of a long session that are over for good.
 */
#ifndef CT_MODEL_FREEZE_H
#define CT_MODEL_FREEZE_H

#include "model.h"

struct ask;
struct entry;
struct session_entry;
struct span_ref;

/* The part of a session that settling leaves alone: see freeze.c. */
struct frozen {
    int64_t before_ns; /* everything in it is older; 0: there is nothing in it */
    size_t turns;      /* of session_entry.turns, from the first */
    size_t traces;     /* of session_entry.traces, the same */
    struct span_ref *waits;
    struct ask *asks;
    struct node *first_child, *last_child; /* right below the session */
    struct entry *newest_llm;              /* of the main conversation */
    struct counters total;
    int64_t used[5]; /* what metrics.c compares: METRICS_COMPARED of them */
    bool cost_unknown;
};

void freeze_settle(struct session_entry *s); /* after a settle: what will not change any more */
void freeze_undo(struct session_entry *s);
void freeze_check(struct session_entry *s, const struct event *e); /* does it reach back? */

#endif
