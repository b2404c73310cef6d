/*
 * signs.h - what alerts look at besides, kept while facts come and when a session is settled. Part of the
 * model's inside: model_session_signs() is what others ask.
 */
#ifndef CT_MODEL_SIGNS_H
#define CT_MODEL_SIGNS_H

#include "model.h"

struct session_entry;
struct entry;
struct failures;

/* Of one session. */
struct signs {
    struct failures *failures;    /* NULL until its first call failed */
    int64_t telemetry_arrival_ns; /* of the newest log event or span */
    int64_t owed_arrival_ns;      /* of the oldest hook since then that one should follow; 0: none */
    const struct node
        *repeated; /* the newest of repeats calls of one tool with one input in a row; or NULL */
    int32_t repeats;
};

void signs_apply(struct session_entry *s, const struct event *e);
void signs_share(struct session_entry *s, struct entry *e); /* its share of the failures */
void signs_settle(struct session_entry *s);

#endif
