/*
 * red.h - rate, errors and duration by model, tool, MCP server and session, in constant memory per series.
 *
 * A series holds its whole life and RED_MINUTES single minutes by event time, each with counts and two
 * histograms. At most RED_SERIES_MAX series of a kind are kept; when there are more, one that was silent for
 * longer than the minutes reach is folded into "other", and if there is none, the new one is.
 */
#ifndef CT_MODEL_RED_H
#define CT_MODEL_RED_H

#include "histogram.h"
#include "model.h"

#define RED_MINUTES    15
#define RED_SERIES_MAX 64 /* of each kind, and "other" */

struct red_slot {
    int64_t minute;
    int64_t count, errors, retries;
    struct histogram durations, ttft;
};

struct red_series {
    enum red_kind kind;
    char *name;      /* owned */
    uint32_t serial; /* raised when the storage is given to another name */
    int64_t last_ns; /* newest call */
    struct red_slot all;
    struct red_slot minutes[RED_MINUTES];
};

struct red_table {
    struct red_series **items; /* by kind, then name */
    size_t count;
    size_t of_kind[RED_SESSION + 1]; /* not counting "other" */
};

/* What a call added, so that it can be taken back. */
struct red_share {
    struct red_series *series; /* NULL: nothing */
    int64_t time_ns;
    int64_t duration_ns; /* -1: none */
    int64_t ttft_ns;     /* -1: none */
    uint32_t serial;     /* of the series then: another one is not to be touched */
    int32_t retries;
    bool failed;
};

void red_finish(struct red_table *t);

/* Finds or makes the series for now, which stays the one of before while that is still its name's. */
void red_series_for(struct red_table *t, enum red_kind kind, struct slice name,
                    const struct red_share *before, struct red_share *now);

/* Replaces what *share says was counted by *now, and remembers that in *share. */
void red_update(struct red_share *share, const struct red_share *now);

#endif
