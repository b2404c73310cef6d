/* The RED rows of one session, from its calls. */
#include "mem.h"
#include "model_private.h"

#include <stdlib.h>

struct row {
    struct window_series series;
    struct red_counts counts;
    struct red_times times;
};

struct rows {
    struct row **items; /* by kind, then name */
    size_t count;
    size_t of_kind[RED_AGENT + 1];
};

static int series_cmp(const struct window_series *a, const struct window_series *b)
{
    return a->kind != b->kind ? (a->kind < b->kind ? -1 : 1) : slice_cmp(a->name, b->name);
}

static struct row *row_get(struct rows *rows, struct window_series series)
{
    size_t low = 0, high = rows->count;
    while (low < high) {
        size_t mid = (low + high) / 2;
        int order = series_cmp(&rows->items[mid]->series, &series);
        if (order == 0)
            return rows->items[mid];
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    struct slice rest = SLICE_LIT("other");
    bool is_rest = slice_eq(series.name, rest);
    if (!is_rest && rows->of_kind[series.kind] == RED_SERIES_MAX)
        return row_get(rows, (struct window_series){series.kind, rest});
    rows->of_kind[series.kind] += !is_rest;
    struct row *row = mem_alloc(sizeof *row);
    row->series = series;
    rows->items = mem_grow(rows->items, rows->count + 1, sizeof(struct row *));
    memmove(&rows->items[low + 1], &rows->items[low], (rows->count - low) * sizeof(struct row *));
    rows->items[low] = row;
    rows->count++;
    return row;
}

static void add(struct rows *rows, struct window_series series, const struct red_share *share)
{
    struct row *row = row_get(rows, series);
    row->counts.count++;
    row->counts.errors += share->failed;
    row->counts.retries += share->retries;
    if (share->duration_ns >= 0)
        histogram_add(&row->times.durations, share->duration_ns);
    if (share->ttft_ns >= 0)
        histogram_add(&row->times.ttft, share->ttft_ns);
}

size_t model_session_red(const struct session *session, int64_t now_ns, int64_t window_ns,
                         struct red_row *out, size_t max)
{
    const struct session_entry *s = (const struct session_entry *)session;
    struct rows rows = {0};
    settle_session((struct session_entry *)session);
    for (size_t i = 0; i < s->count; i++) {
        struct window_series series[WINDOW_SERIES_MAX];
        struct red_share share;
        size_t count = windows_red(s, s->made[i], series, &share);
        if (window_ns > 0 && (share.time_ns > now_ns || share.time_ns <= now_ns - window_ns))
            continue;
        for (size_t k = 0; k < count; k++)
            if (series[k].kind != RED_SESSION && series[k].name.len)
                add(&rows, series[k], &share);
    }
    for (size_t i = 0; i < rows.count; i++) {
        struct row *row = rows.items[i];
        if (i < max)
            red_row_fill(&out[i], row->series.kind, row->series.name, &row->counts, &row->times, window_ns);
        free(row);
    }
    free(rows.items);
    return rows.count;
}
