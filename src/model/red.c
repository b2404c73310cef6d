#include "red.h"

#include "mem.h"
#include "model_private.h"

#include <stdlib.h>

#define MINUTE_NS (INT64_C(60) * 1000000000)

void red_finish(struct red_table *t)
{
    for (size_t i = 0; i < t->count; i++) {
        free(t->items[i]->name);
        free(t->items[i]);
    }
    free(t->items);
    *t = (struct red_table){0};
}

static int series_cmp(const struct red_series *s, enum red_kind kind, struct slice name)
{
    if (s->kind != kind)
        return s->kind < kind ? -1 : 1;
    return slice_cmp(slice_str(s->name), name);
}

struct red_series *red_series_get(struct red_table *t, enum red_kind kind, struct slice name)
{
    size_t low = 0, high = t->count;
    while (low < high) {
        size_t mid = (low + high) / 2;
        int order = series_cmp(t->items[mid], kind, name);
        if (order == 0)
            return t->items[mid];
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    if (t->count >= RED_SERIES_MAX && !slice_eq_str(name, "other"))
        return red_series_get(t, kind, SLICE_LIT("other"));
    t->items = mem_grow(t->items, t->count + 1, sizeof(struct red_series *));
    memmove(&t->items[low + 1], &t->items[low], (t->count - low) * sizeof(struct red_series *));
    struct red_series *s = mem_alloc(sizeof *s);
    s->kind = kind;
    s->name = mem_strdup(name);
    t->items[low] = s;
    t->count++;
    return s;
}

static void slot_change(struct red_slot *slot, const struct red_share *share, int sign)
{
    slot->count += sign;
    slot->errors += share->failed ? sign : 0;
    slot->retries += sign * share->retries;
    void (*change)(struct histogram *, int64_t) = sign > 0 ? histogram_add : histogram_remove;
    if (share->duration_ns >= 0)
        change(&slot->durations, share->duration_ns);
    if (share->ttft_ns >= 0)
        change(&slot->ttft, share->ttft_ns);
}

static void series_change(const struct red_share *share, int sign)
{
    slot_change(&share->series->all, share, sign);
    int64_t minute = share->time_ns / MINUTE_NS;
    struct red_slot *slot = &share->series->minutes[(uint64_t)minute % RED_MINUTES];
    if (slot->minute < minute) {
        *slot = (struct red_slot){.minute = minute};
    }
    if (slot->minute == minute)
        slot_change(slot, share, sign);
}

void red_update(struct red_share *share, const struct red_share *now)
{
    if (share->series)
        series_change(share, -1);
    *share = *now;
    if (share->series)
        series_change(share, 1);
}

static void row_fill(struct red_row *row, const struct red_series *s, const struct red_slot *sum,
                     double minutes)
{
    *row = (struct red_row){
        .kind = s->kind,
        .name = slice_str(s->name),
        .count = sum->count,
        .errors = sum->errors,
        .retries = sum->retries,
        .rate_per_min = minutes > 0 ? (double)sum->count / minutes : 0,
        .p50_ns = histogram_quantile(&sum->durations, 0.50),
        .p95_ns = histogram_quantile(&sum->durations, 0.95),
        .p99_ns = histogram_quantile(&sum->durations, 0.99),
        .ttft_p95_ns = histogram_quantile(&sum->ttft, 0.95),
    };
}

size_t model_red(const struct model *m, int64_t now_ns, int64_t window_ns, struct red_row *out, size_t max)
{
    size_t rows = 0;
    int64_t newest = now_ns / MINUTE_NS;
    int64_t wanted = window_ns / MINUTE_NS > RED_MINUTES ? RED_MINUTES : window_ns / MINUTE_NS;
    for (size_t i = 0; i < m->red.count; i++) {
        const struct red_series *s = m->red.items[i];
        struct red_slot sum = {0};
        if (window_ns == 0) {
            sum = s->all;
        } else {
            for (size_t k = 0; k < RED_MINUTES; k++) {
                const struct red_slot *slot = &s->minutes[k];
                if (slot->count == 0 || slot->minute > newest || slot->minute <= newest - wanted)
                    continue;
                sum.count += slot->count;
                sum.errors += slot->errors;
                sum.retries += slot->retries;
                histogram_merge(&sum.durations, &slot->durations);
                histogram_merge(&sum.ttft, &slot->ttft);
            }
        }
        if (sum.count == 0)
            continue;
        if (rows < max)
            row_fill(&out[rows], s, &sum, (double)wanted);
        rows++;
    }
    return rows;
}
