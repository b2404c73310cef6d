/*
 * What the client's own counters say: never counted into a total, only held beside it.
 *
 * A series is a name with its attributes. A delta point adds what was new between two times, once, however
 * often and in whatever order it comes; of a cumulative series the greatest value since each start counts,
 * and the starts (processes) add up.
 */
#include "model_private.h"

/* Series of one session: 4 token types, by model, query source, agent, skill … */
#define METRIC_SERIES_MAX 256
/* Separate stretches of time of one series. Beyond, the two oldest become one: what is late for the gap
 * between them is then taken for a repetition. */
#define METRIC_STRETCHES_MAX 16
/* A cost is a decimal number that went through binary ones. */
#define METRIC_COST_SLACK INT64_C(1000)

struct stretch {
    int64_t start_ns, end_ns;
    int64_t value; /* cumulative */
};

struct metric_series {
    struct stretch *stretches; /* by start */
    size_t count, cap;
};

static struct metric_series *series_get(struct session_entry *s, const struct event *e)
{
    struct slice key = slice_make(&e->metric_series, sizeof e->metric_series);
    struct metric_series *series = session_index_get(s, INDEX_SERIES, key);
    if (series)
        return series;
    if (s->metrics->series_count == METRIC_SERIES_MAX) {
        s->metrics->refused++;
        return NULL;
    }
    s->metrics->series_count++;
    series = session_alloc(s, sizeof *series);
    session_index_put(s, INDEX_SERIES, key, series);
    return series;
}

static size_t first_from(const struct metric_series *series, int64_t start_ns)
{
    size_t i = 0;
    while (i < series->count && series->stretches[i].start_ns < start_ns)
        i++;
    return i;
}

static void take_out(struct metric_series *series, size_t i)
{
    series->count--;
    memmove(&series->stretches[i], &series->stretches[i + 1],
            (series->count - i) * sizeof *series->stretches);
}

/* Most series have one stretch: room is made as it is needed, and what is outgrown stays in the arena. */
static void make_room(struct session_entry *s, struct metric_series *series)
{
    if (series->count < series->cap || series->cap == METRIC_STRETCHES_MAX)
        return;
    series->cap = series->cap ? series->cap * 4 : 1;
    struct stretch *grown = session_alloc(s, series->cap * sizeof *grown);
    if (series->count)
        memcpy(grown, series->stretches, series->count * sizeof *grown);
    series->stretches = grown;
}

static struct stretch *put_in(struct session_entry *s, struct metric_series *series, size_t i,
                              int64_t start_ns, int64_t end_ns)
{
    make_room(s, series);
    if (series->count == METRIC_STRETCHES_MAX) {
        series->stretches[1].start_ns = series->stretches[0].start_ns;
        series->stretches[1].value += series->stretches[0].value;
        take_out(series, 0);
        i = i > 0 ? i - 1 : 0;
    }
    memmove(&series->stretches[i + 1], &series->stretches[i],
            (series->count - i) * sizeof *series->stretches);
    series->stretches[i] = (struct stretch){start_ns, end_ns, 0};
    series->count++;
    return &series->stretches[i];
}

/* What a delta point adds: 0 when its time was counted before. */
static int64_t delta(struct session_entry *s, struct metric_series *series, const struct event *e)
{
    int64_t start = e->start_ns, end = e->time_ns;
    size_t i = first_from(series, start);
    struct stretch *before = i > 0 ? &series->stretches[i - 1] : NULL;
    struct stretch *after = i < series->count ? &series->stretches[i] : NULL;
    if ((before && before->end_ns >= end) || (after && after->start_ns == start && after->end_ns >= end))
        return 0;
    bool joins_before = before && before->end_ns == start, joins_after = after && after->start_ns == end;
    if (joins_before && joins_after) {
        before->end_ns = after->end_ns;
        take_out(series, i);
    } else if (joins_before) {
        before->end_ns = end;
    } else if (joins_after) {
        after->start_ns = start;
    } else {
        put_in(s, series, i, start, end);
    }
    return e->metric_value;
}

/* By how much a cumulative point raises what is known since its start. */
static int64_t cumulative(struct session_entry *s, struct metric_series *series, const struct event *e)
{
    size_t i = first_from(series, e->start_ns);
    struct stretch *known = i < series->count && series->stretches[i].start_ns == e->start_ns
                                ? &series->stretches[i]
                                : put_in(s, series, i, e->start_ns, e->time_ns);
    int64_t more = e->metric_value - known->value;
    if (more <= 0)
        return 0;
    known->value = e->metric_value;
    return more;
}

void metrics_apply(struct session_entry *s, const struct event *e)
{
    if (!s->metrics) {
        s->metrics = session_alloc(s, sizeof *s->metrics);
        s->thaw = true; /* the calls that were frozen were not added up */
    }
    struct metrics_part *m = s->metrics;
    s->pub.has_metrics = true;
    if (e->arrival_ns > m->last_arrival_ns)
        m->last_arrival_ns = e->arrival_ns;
    facts_newest(s, &s->service_name, &s->pub.service_name, e->time_ns, e->service_name);
    facts_newest(s, &s->service_version, &s->pub.service_version, e->time_ns, e->service_version);
    if (e->cumulative)
        m->saw_cumulative = true;
    else
        m->saw_delta = true;
    if (e->metric == METRIC_OTHER || e->metric >= METRIC_COUNT || e->start_ns <= 0 || e->metric_value < 0)
        return;
    if (e->time_ns > m->pub.as_of_ns)
        m->pub.as_of_ns = e->time_ns;
    if (m->first_ns == 0 || e->start_ns < m->first_ns)
        m->first_ns = e->start_ns;
    struct metric_series *series = series_get(s, e);
    /* No honest sender comes near this bound. */
    if (series && m->pub.values[e->metric] < INT64_MAX / 2)
        m->pub.values[e->metric] += e->cumulative ? cumulative(s, series, e) : delta(s, series, e);
}

const struct session_metrics *model_session_metrics(const struct session *session)
{
    const struct session_entry *s = (const struct session_entry *)session;
    return s->metrics && s->metrics->pub.as_of_ns ? &s->metrics->pub : NULL;
}

/* The calls that the newest export must, and those that it may have counted. */
void metrics_settle(struct session_entry *s)
{
    static const enum fact fields[METRICS_COMPARED] = {FACT_COST, FACT_INPUT, FACT_OUTPUT, FACT_CACHE_READ,
                                                       FACT_CACHE_CREATION};
    struct metrics_part *m = s->metrics;
    if (!m)
        return;
    memset(m->least, 0, sizeof m->least);
    memset(m->most, 0, sizeof m->most);
    m->cost_unknown = s->frozen.cost_unknown;
    for (size_t k = 0; k < METRICS_COMPARED; k++)
        m->least[k] = m->most[k] = s->frozen.used[k];
    for (size_t i = 0; i < s->live; i++) {
        const struct entry *e = s->all[i];
        if (e->pub.kind != NODE_LLM || !e->visible)
            continue;
        int64_t end = e->pub.end_ns ? e->pub.end_ns : e->pub.last_ns;
        /* A call without a cost: events cannot be held against the metrics. */
        m->cost_unknown |= facts_number(e->view, FACT_COST) < 0 && !e->view->failed;
        for (size_t k = 0; k < METRICS_COMPARED; k++) {
            int64_t value = facts_number(e->view, fields[k]);
            if (value <= 0 || end > m->pub.as_of_ns + METRIC_EDGE_NS)
                continue;
            m->most[k] += value;
            if (end <= m->pub.as_of_ns - METRIC_EDGE_NS)
                m->least[k] += value;
        }
    }
}

enum metrics_verdict metrics_compare(const struct session_entry *s)
{
    static const enum metric metrics[METRICS_COMPARED] = {METRIC_COST, METRIC_INPUT, METRIC_OUTPUT,
                                                          METRIC_CACHE_READ, METRIC_CACHE_CREATION};
    const struct metrics_part *m = s->metrics;
    enum metrics_verdict verdict = METRICS_AGREE;
    for (size_t k = 0; k < METRICS_COMPARED; k++) {
        if (metrics[k] == METRIC_COST && m->cost_unknown)
            continue;
        int64_t slack = metrics[k] == METRIC_COST ? METRIC_COST_SLACK : 0;
        int64_t value = m->pub.values[metrics[k]];
        if (value + slack < m->least[k])
            return METRICS_LESS;
        if (value > m->most[k] + slack)
            verdict = METRICS_MORE;
    }
    return verdict;
}
