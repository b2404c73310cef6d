/*
 * red.h - rate, errors and duration by model, tool, MCP server, session and agent type, in constant memory
 * per series.
 *
 * A series holds its whole life and three rings by event time:
 *   - counts of RED_TICKS times 5 s: how many calls a window had, to the tick;
 *   - histograms of RED_MINUTES single minutes and of RED_FINE times 10 s: their durations. A window takes as
 *     many whole slots as it has and the one that has just begun, so that its quantiles may be of calls up to
 *     a slot older than the window.
 * A query sums slots, whatever the number of calls. At most RED_SERIES_MAX series of a kind are kept; when
 * there are more, one that was silent for longer than the rings reach is folded into "other", and if there is
 * none, the new one is.
 */
#ifndef CT_MODEL_RED_H
#define CT_MODEL_RED_H

#include "histogram.h"
#include "model.h"

#define RED_TICK_NS    (INT64_C(5) * 1000000000)
#define RED_TICKS      180 /* the longest window, 15 minutes */
#define RED_MINUTE_NS  (INT64_C(60) * 1000000000)
#define RED_MINUTES    16
#define RED_FINE_NS    (INT64_C(10) * 1000000000)
#define RED_FINE       7  /* for windows of up to a minute */
#define RED_SERIES_MAX 64 /* of each kind, and "other" */

struct red_counts {
    int64_t count, errors, retries;
};

struct red_times {
    struct histogram durations, ttft;
};

struct red_tick {
    int64_t at; /* time / RED_TICK_NS; whose tick this is */
    int32_t count, errors, retries;
};

struct red_slot {
    int64_t at;
    struct red_times times;
};

struct red_series {
    enum red_kind kind;
    char *name;      /* owned */
    uint32_t serial; /* raised when the storage is given to another name */
    int64_t last_ns; /* newest call */
    struct red_counts all;
    struct red_times all_times;
    struct red_tick ticks[RED_TICKS];
    struct red_slot minutes[RED_MINUTES];
    struct red_slot fine[RED_FINE];
};

struct red_table {
    struct red_series **items; /* by kind, then name */
    size_t count;
    size_t of_kind[RED_AGENT + 1]; /* not counting "other" */
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

/* A row of these sums; window_ns as for model_red(). */
void red_row_fill(struct red_row *row, enum red_kind kind, struct slice name, const struct red_counts *counts,
                  const struct red_times *times, int64_t window_ns);

#endif
