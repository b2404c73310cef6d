#include "red.h"

#include "mem.h"
#include "model_private.h"

#include <stdlib.h>

_Static_assert(RED_TICKS *RED_TICK_NS == RED_WINDOW_MAX_NS, "the ticks hold the longest window");
_Static_assert(RED_ROW_MINUTES *RED_MINUTE_NS <= RED_TICKS * RED_TICK_NS, "and the minutes of a row");
_Static_assert((RED_MINUTES - 1) * RED_MINUTE_NS == RED_WINDOW_MAX_NS, "and the one that has just begun");

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

static void counts_fold(struct red_counts *to, const struct red_counts *from)
{
    to->count += from->count;
    to->errors += from->errors;
    to->retries += from->retries;
}

static void times_fold(struct red_times *to, const struct red_times *from)
{
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

/* The series of that kind that was silent for longest, if longer than its rings reach; its life goes to
 * "other". */
static struct red_series *recycle(struct red_table *t, enum red_kind kind, int64_t now_ns)
{
    size_t victim = t->count;
    for (size_t i = 0; i < t->count; i++)
        if (t->items[i]->kind == kind && strcmp(t->items[i]->name, "other") != 0 &&
            (victim == t->count || t->items[i]->last_ns < t->items[victim]->last_ns))
            victim = i;
    if (victim == t->count || t->items[victim]->last_ns + RED_MINUTES * RED_MINUTE_NS > now_ns)
        return NULL;
    struct red_series *s = t->items[victim];
    memmove(&t->items[victim], &t->items[victim + 1], (t->count - victim - 1) * sizeof(struct red_series *));
    t->count--;
    struct red_series *rest = other(t, kind);
    counts_fold(&rest->all, &s->all);
    times_fold(&rest->all_times, &s->all_times);
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

static void times_change(struct red_times *times, const struct red_share *share, int sign)
{
    void (*change)(struct histogram *, int64_t) = sign > 0 ? histogram_add : histogram_remove;
    if (share->duration_ns >= 0)
        change(&times->durations, share->duration_ns);
    if (share->ttft_ns >= 0)
        change(&times->ttft, share->ttft_ns);
}

static void ring_change(struct red_slot *ring, size_t slots, int64_t step_ns, const struct red_share *share,
                        int sign)
{
    int64_t at = share->time_ns / step_ns;
    struct red_slot *slot = &ring[(uint64_t)at % slots];
    if (slot->at < at)
        *slot = (struct red_slot){.at = at};
    if (slot->at == at)
        times_change(&slot->times, share, sign);
}

static void series_change(const struct red_share *share, int sign)
{
    struct red_series *s = share->series;
    int errors = share->failed ? sign : 0, retries = sign * share->retries;
    counts_fold(&s->all, &(struct red_counts){sign, errors, retries});
    times_change(&s->all_times, share, sign);
    ring_change(s->minutes, RED_MINUTES, RED_MINUTE_NS, share, sign);
    ring_change(s->fine, RED_FINE, RED_FINE_NS, share, sign);
    int64_t at = share->time_ns / RED_TICK_NS;
    struct red_tick *tick = &s->ticks[(uint64_t)at % RED_TICKS];
    if (tick->at < at)
        *tick = (struct red_tick){.at = at};
    if (tick->at != at)
        return;
    tick->count += sign;
    tick->errors += errors;
    tick->retries += retries;
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

void red_row_fill(struct red_row *row, enum red_kind kind, struct slice name, const struct red_counts *counts,
                  const struct red_times *times, int64_t window_ns)
{
    *row = (struct red_row){
        .kind = kind,
        .name = name,
        .count = counts->count,
        .errors = counts->errors,
        .retries = counts->retries,
        .rate_per_min = window_ns > 0 ? (double)counts->count * (double)RED_MINUTE_NS / (double)window_ns : 0,
        .p50_ns = histogram_quantile(&times->durations, 0.50),
        .p95_ns = histogram_quantile(&times->durations, 0.95),
        .p99_ns = histogram_quantile(&times->durations, 0.99),
        .ttft_p50_ns = histogram_quantile(&times->ttft, 0.50),
        .ttft_p95_ns = histogram_quantile(&times->ttft, 0.95),
    };
}

static void counts_sum(const struct red_series *s, int64_t now_ns, int64_t window_ns, struct red_counts *sum)
{
    int64_t newest = now_ns / RED_TICK_NS, wanted = (window_ns + RED_TICK_NS - 1) / RED_TICK_NS;
    for (size_t i = 0; i < RED_TICKS; i++) {
        const struct red_tick *tick = &s->ticks[i];
        if (tick->at <= newest && tick->at > newest - wanted)
            counts_fold(sum, &(struct red_counts){tick->count, tick->errors, tick->retries});
    }
}

/* The ring of ticks holds as much as these minutes: the one that runs is not over. */
static void minutes_fill(const struct red_series *s, int64_t now_ns, struct red_minute *minutes)
{
    const int64_t each = RED_MINUTE_NS / RED_TICK_NS, now = now_ns / RED_TICK_NS;
    const int64_t first = now_ns / RED_MINUTE_NS - RED_ROW_MINUTES + 1;
    for (size_t i = 0; i < RED_TICKS; i++) {
        const struct red_tick *tick = &s->ticks[i];
        if (tick->at > now || tick->at < first * each || tick->count <= 0)
            continue;
        struct red_minute *minute = &minutes[tick->at / each - first];
        minute->count += tick->count;
        minute->errors += tick->errors;
    }
}

/* The whole slots of the window, and the one that has just begun. */
static void ring_sum(const struct red_slot *ring, size_t slots, int64_t step_ns, int64_t now_ns,
                     int64_t window_ns, struct red_times *sum)
{
    int64_t newest = now_ns / step_ns, wanted = (window_ns + step_ns - 1) / step_ns + 1;
    for (size_t i = 0; i < slots; i++)
        if (ring[i].at <= newest && ring[i].at > newest - wanted)
            times_fold(sum, &ring[i].times);
}

size_t model_red(const struct model *m, int64_t now_ns, int64_t window_ns, struct red_row *out, size_t max)
{
    size_t rows = 0;
    settle_model(m);
    if (window_ns > RED_WINDOW_MAX_NS)
        window_ns = RED_WINDOW_MAX_NS;
    for (size_t i = 0; i < m->red.count; i++) {
        const struct red_series *s = m->red.items[i];
        struct red_counts counts = {0};
        if (window_ns > 0)
            counts_sum(s, now_ns, window_ns, &counts);
        else
            counts = s->all;
        if (counts.count == 0)
            continue;
        if (rows < max) {
            struct red_times times = {0};
            if (window_ns == 0)
                times = s->all_times;
            else if (window_ns <= RED_MINUTE_NS)
                ring_sum(s->fine, RED_FINE, RED_FINE_NS, now_ns, window_ns, &times);
            else
                ring_sum(s->minutes, RED_MINUTES, RED_MINUTE_NS, now_ns, window_ns, &times);
            red_row_fill(&out[rows], s->kind, slice_str(s->name), &counts, &times, window_ns);
            minutes_fill(s, now_ns, out[rows].minutes);
        }
        rows++;
    }
    return rows;
}
