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

static void slot_fold(struct red_slot *to, const struct red_slot *from)
{
    to->count += from->count;
    to->errors += from->errors;
    to->retries += from->retries;
    histogram_merge(&to->durations, &from->durations);
    histogram_merge(&to->ttft, &from->ttft);
}

/* Where the name is, or where it would be put. */
static size_t series_position(const struct red_table *t, enum red_kind kind, struct slice name, bool *found)
{
    size_t low = 0, high = t->count;
    while (low < high) {
        size_t mid = (low + high) / 2;
        int order = series_cmp(t->items[mid], kind, name);
        if (order == 0) {
            *found = true;
            return mid;
        }
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    *found = false;
    return low;
}

static void series_insert(struct red_table *t, struct red_series *s, enum red_kind kind, struct slice name)
{
    bool found;
    size_t at = series_position(t, kind, name, &found);
    t->items = mem_grow(t->items, t->count + 1, sizeof(struct red_series *));
    memmove(&t->items[at + 1], &t->items[at], (t->count - at) * sizeof(struct red_series *));
    t->items[at] = s;
    t->count++;
    s->kind = kind;
    s->name = mem_strdup(name);
}

static struct red_series *other(struct red_table *t, enum red_kind kind)
{
    bool found;
    struct slice name = SLICE_LIT("other");
    size_t at = series_position(t, kind, name, &found);
    if (found)
        return t->items[at];
    struct red_series *s = mem_alloc(sizeof *s);
    series_insert(t, s, kind, name);
    return s;
}

/* The series of that kind that was silent for longest, if longer than its minutes reach; its life goes to
 * "other". */
static struct red_series *recycle(struct red_table *t, enum red_kind kind, int64_t now_ns)
{
    size_t victim = t->count;
    for (size_t i = 0; i < t->count; i++)
        if (t->items[i]->kind == kind && strcmp(t->items[i]->name, "other") != 0 &&
            (victim == t->count || t->items[i]->last_ns < t->items[victim]->last_ns))
            victim = i;
    if (victim == t->count || t->items[victim]->last_ns + RED_MINUTES * MINUTE_NS > now_ns)
        return NULL;
    struct red_series *s = t->items[victim];
    memmove(&t->items[victim], &t->items[victim + 1], (t->count - victim - 1) * sizeof(struct red_series *));
    t->count--;
    slot_fold(&other(t, kind)->all, &s->all);
    free(s->name);
    *s = (struct red_series){.serial = s->serial + 1};
    return s;
}

static struct red_series *series_get(struct red_table *t, enum red_kind kind, struct slice name,
                                     int64_t time_ns)
{
    bool found;
    size_t at = series_position(t, kind, name, &found);
    if (found)
        return t->items[at];
    if (slice_eq_str(name, "other"))
        return other(t, kind);
    struct red_series *s = t->of_kind[kind] < RED_SERIES_MAX ? mem_alloc(sizeof *s) : NULL;
    if (s)
        t->of_kind[kind]++;
    else
        s = recycle(t, kind, time_ns);
    if (!s)
        return other(t, kind);
    series_insert(t, s, kind, name);
    return s;
}

void red_series_for(struct red_table *t, enum red_kind kind, struct slice name,
                    const struct red_share *before, struct red_share *now)
{
    struct red_series *s = before->series;
    bool same = s && s->serial == before->serial && series_cmp(s, kind, name) == 0;
    now->series = same ? s : series_get(t, kind, name, now->time_ns);
    now->serial = now->series->serial;
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

static bool same_share(const struct red_share *a, const struct red_share *b)
{
    return a->series == b->series && a->serial == b->serial && a->time_ns == b->time_ns &&
           a->duration_ns == b->duration_ns && a->ttft_ns == b->ttft_ns && a->retries == b->retries &&
           a->failed == b->failed;
}

void red_update(struct red_share *share, const struct red_share *now)
{
    if (same_share(share, now) || (!share->series && !now->series))
        return;
    if (share->series && share->serial == share->series->serial)
        series_change(share, -1);
    *share = *now;
    if (!share->series)
        return;
    series_change(share, 1);
    if (share->time_ns > share->series->last_ns)
        share->series->last_ns = share->time_ns;
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
    settle_model(m);
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
                slot_fold(&sum, slot);
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
