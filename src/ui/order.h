/*
 * order.h - the order of the sessions: which key each sorts by, and a total order of them.
 *
 * Small enough that ten thousand of them are gone through without touching a session.
 */
#ifndef CT_UI_ORDER_H
#define CT_UI_ORDER_H

#include "model.h"
#include "ui.h"

struct order {
    const struct session *session;
    uint64_t session_id;
    int64_t key;       /* large first */
    int32_t rank;      /* small first */
    uint32_t number;   /* of its block, see rows.h */
    uint32_t rows;     /* that it has, its own included */
    bool waits;        /* for the human */
    bool ticks;        /* its key changes as time passes */
    size_t first;      /* index of its own row */
    int64_t active_ns; /* newest event */
};

/* rank, key and ticks; the rest stays. */
void order_set(struct order *o, const struct run_status *status, enum ui_sort sort, int64_t now_ns);

/* Keys change by themselves at multiples of this; 0: they do not. */
int64_t order_tick_ns(enum ui_sort sort);

/* By rank, key and, where it sorts by that, name; the older session first among equals: rows with equal keys
 * never swap. */
int order_cmp(const struct order *a, const struct order *b, enum ui_sort sort, bool inverted);

/* Sorts; scratch has room for as many. */
void order_sort(struct order *items, struct order *scratch, size_t count, enum ui_sort sort, bool inverted);

/* Where o belongs in what is sorted. */
size_t order_place(const struct order *items, size_t count, const struct order *o, enum ui_sort sort,
                   bool inverted);

#endif
