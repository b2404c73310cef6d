/* The RED rows of one session or of several, from their calls. */
#include "mem.h"
#include "model_private.h"

#include <stdlib.h>

struct row {
    struct window_series series;
    struct red_counts counts;
    struct red_times times;
    struct red_minute minutes[RED_ROW_MINUTES];
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

/* The row of a series, made where there is none, or that of the rest. known: NULL instead of making one. */
static struct row *row_get(struct rows *rows, struct window_series series, bool known)
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
        return row_get(rows, (struct window_series){series.kind, rest}, known);
    if (known)
        return NULL;
    rows->of_kind[series.kind] += !is_rest;
    struct row *row = mem_alloc(sizeof *row);
    row->series = series;
    rows->items = mem_grow(rows->items, rows->count + 1, sizeof(struct row *));
    memmove(&rows->items[low + 1], &rows->items[low], (rows->count - low) * sizeof(struct row *));
    rows->items[low] = row;
    rows->count++;
    return row;
}

/* What a query looks at. */
struct query {
    int64_t now_ns, window_ns;
    int64_t first_minute; /* of the rows' minutes */
    bool of_sessions;     /* each has a row of its own */
};

static struct query query_for(int64_t now_ns, int64_t window_ns, bool of_sessions)
{
    return (struct query){now_ns, window_ns, now_ns / RED_MINUTE_NS - RED_ROW_MINUTES + 1, of_sessions};
}

static bool in_window(const struct query *q, int64_t time_ns)
{
    return q->window_ns <= 0 || (time_ns <= q->now_ns && time_ns > q->now_ns - q->window_ns);
}

static bool in_minutes(const struct query *q, int64_t time_ns)
{
    return time_ns <= q->now_ns && time_ns >= q->first_minute * RED_MINUTE_NS;
}

static void add_minute(struct row *row, const struct query *q, const struct red_share *share)
{
    if (!in_minutes(q, share->time_ns))
        return;
    struct red_minute *minute = &row->minutes[share->time_ns / RED_MINUTE_NS - q->first_minute];
    minute->count++;
    minute->errors += share->failed;
}

static void add(struct row *row, const struct red_share *share)
{
    row->counts.count++;
    row->counts.errors += share->failed;
    row->counts.retries += share->retries;
    if (share->duration_ns >= 0)
        histogram_add(&row->times.durations, share->duration_ns);
    if (share->ttft_ns >= 0)
        histogram_add(&row->times.ttft, share->ttft_ns);
}

/* The calls in the window make the rows; then the ones before it, as far as the minutes go, find theirs. */
static void add_session(struct rows *rows, const struct query *q, const struct session_entry *s, bool before)
{
    for (size_t i = 0; i < s->count; i++) {
        struct window_series series[WINDOW_SERIES_MAX];
        struct red_share share;
        size_t count = windows_red(s, s->made[i], series, &share);
        if (in_window(q, share.time_ns) == before || (before && !in_minutes(q, share.time_ns)))
            continue;
        for (size_t k = 0; k < count; k++) {
            if ((series[k].kind == RED_SESSION && !q->of_sessions) || series[k].name.len == 0)
                continue;
            struct row *row = row_get(rows, series[k], before);
            if (row)
                add_minute(row, q, &share);
            if (!before)
                add(row, &share);
        }
    }
}

/* Frees what was gathered. */
static size_t hand_out(struct rows *rows, const struct query *q, struct red_row *out, size_t max)
{
    size_t count = rows->count;
    for (size_t i = 0; i < count; i++) {
        struct row *row = rows->items[i];
        if (i < max) {
            red_row_fill(&out[i], row->series.kind, row->series.name, &row->counts, &row->times,
                         q->window_ns);
            memcpy(out[i].minutes, row->minutes, sizeof row->minutes);
        }
        free(row);
    }
    free(rows->items);
    return count;
}

/* Whether calls before the window are in the rows' minutes. */
static bool reaches_back(const struct query *q)
{
    return q->window_ns > 0 && q->window_ns < RED_WINDOW_MAX_NS;
}

size_t model_session_red(const struct session *session, int64_t now_ns, int64_t window_ns,
                         struct red_row *out, size_t max)
{
    const struct session_entry *s = (const struct session_entry *)session;
    struct rows rows = {0};
    struct query q = query_for(now_ns, window_ns, false);
    settle_session((struct session_entry *)session);
    for (int before = 0; before <= reaches_back(&q); before++)
        add_session(&rows, &q, s, before);
    return hand_out(&rows, &q, out, max);
}

size_t model_sessions_red(const struct model *m, bool (*takes)(const void *ctx, const struct session *s),
                          const void *ctx, int64_t now_ns, int64_t window_ns, struct red_row *out, size_t max)
{
    struct rows rows = {0};
    struct query q = query_for(now_ns, window_ns, true);
    int64_t reach = window_ns > RED_WINDOW_MAX_NS ? window_ns : RED_WINDOW_MAX_NS;
    for (int before = 0; before <= reaches_back(&q); before++)
        for (const struct session *s = model_sessions(m); s; s = s->next) {
            bool heard = window_ns <= 0 || s->last_activity_ns > now_ns - reach;
            if (heard && takes(ctx, s))
                add_session(&rows, &q, (const struct session_entry *)s, before);
        }
    return hand_out(&rows, &q, out, max);
}
