/*
 * red.h - rate, errors and duration by model, tool, MCP server and session, in constant memory per series.
 *
 * A series holds its whole life and RED_MINUTES single minutes by event time, each with counts and two
 * histograms. At most RED_SERIES_MAX series are kept; everything else is one series called "other" per kind.
 */
#ifndef CT_MODEL_RED_H
#define CT_MODEL_RED_H

#include "histogram.h"
#include "model.h"

#define RED_MINUTES    15
#define RED_SERIES_MAX 200

struct red_slot {
    int64_t minute;
    int64_t count, errors, retries;
    struct histogram durations, ttft;
};

struct red_series {
    enum red_kind kind;
    char *name; /* owned */
    struct red_slot all;
    struct red_slot minutes[RED_MINUTES];
};

struct red_table {
    struct red_series **items; /* by kind, then name */
    size_t count;
};

/* What a call added, so that it can be taken back. */
struct red_share {
    struct red_series *series; /* NULL: nothing */
    int64_t time_ns;
    int64_t duration_ns; /* -1: none */
    int64_t ttft_ns;     /* -1: none */
    int64_t retries;
    bool failed;
};

void red_finish(struct red_table *t);

/* Finds or makes the series. */
struct red_series *red_series_get(struct red_table *t, enum red_kind kind, struct slice name);

/* Replaces what *share says was counted by *now, and remembers that in *share. */
void red_update(struct red_share *share, const struct red_share *now);

#endif
