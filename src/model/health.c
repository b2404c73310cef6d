/* What is wrong with the telemetry itself, and what to do about it. */
#include "mem.h"
#include "model_private.h"

#include <stdarg.h>
#include <stdio.h>

/* Counts of a distance in time by its power of two, in four steps each, from a millisecond on: 12.5 % off at
 * most. */
#define DELAY_BUCKETS (4 * 32)

/* Arrival less event time, where that is positive, and where it is negative. */
struct delay {
    uint32_t late_count, early_count;
    uint16_t *early; /* NULL: none came before it was written */
    uint16_t late[DELAY_BUCKETS];
};

/* Late records close gaps, and the other signals come by their own intervals: nothing is judged sooner. */
#define JUDGE_AFTER_NS (INT64_C(15) * 1000000000)
/* Exporters wait this long at most, by default and with room to spare. */
#define EXPORT_MAX_NS (INT64_C(60) * 1000000000)
/* A clock that is ahead makes records that arrive before they were written. */
#define SKEW_AHEAD_NS (INT64_C(2) * 1000000000)
/* Fewer records say nothing about a clock. */
#define SKEW_RECORDS_MIN 8

static size_t delay_bucket(int64_t ns)
{
    uint64_t ms = (uint64_t)ns / 1000000;
    if (ms < 4)
        return (size_t)ms;
    int top = 63 - __builtin_clzll(ms);
    size_t bucket = (size_t)(top - 1) * 4 + (size_t)(ms >> (top - 2) & 3);
    return bucket < DELAY_BUCKETS ? bucket : DELAY_BUCKETS - 1;
}

/* The middle of what falls into it. */
static int64_t delay_middle(size_t bucket)
{
    if (bucket < 4)
        return (int64_t)bucket * 1000000 + 500000;
    int64_t step = INT64_C(250000) << (bucket / 4 + 1);
    return step * (4 + (int64_t)(bucket % 4)) + step / 2;
}

void delay_apply(struct session_entry *s, const struct event *e)
{
    if (e->stamp_ns <= 0 || e->arrival_ns <= 0 || (e->witness != WITNESS_LOG && e->witness != WITNESS_SPAN))
        return;
    if (!s->delay)
        s->delay = session_alloc(s, sizeof *s->delay);
    struct delay *d = s->delay;
    bool early = e->arrival_ns < e->stamp_ns;
    int64_t ns = early ? e->stamp_ns - e->arrival_ns : e->arrival_ns - e->stamp_ns;
    if (early && !d->early)
        d->early = session_alloc(s, DELAY_BUCKETS * sizeof *d->early);
    uint16_t *count = &(early ? d->early : d->late)[delay_bucket(ns)];
    if (*count == UINT16_MAX) /* enough is known of it */
        return;
    ++*count;
    ++*(early ? &d->early_count : &d->late_count);
}

/* The q-quantile of arrival less event time: the earliest first. */
static int64_t delay_quantile(const struct delay *d, double q)
{
    double left = q * ((double)d->early_count + d->late_count);
    for (size_t i = DELAY_BUCKETS; d->early && i-- > 0;) {
        left -= d->early[i];
        if (left < 0)
            return -delay_middle(i);
    }
    for (size_t i = 0; i < DELAY_BUCKETS; i++) {
        left -= d->late[i];
        if (left < 0)
            return delay_middle(i);
    }
    return delay_middle(DELAY_BUCKETS - 1);
}

static void clock_health(const struct session_entry *s, struct session_health *h)
{
    if (!s->delay || s->delay->early_count + s->delay->late_count < SKEW_RECORDS_MIN)
        return;
    int64_t median = delay_quantile(s->delay, 0.5), soonest = delay_quantile(s->delay, 0.05);
    h->has_clock = true;
    h->delay_ns = median;
    h->skew_ns = median < -SKEW_AHEAD_NS ? -median : soonest > EXPORT_MAX_NS ? -soonest : 0;
}

/* Both witnesses were there from the start, and nothing that they tell of is still on its way. */
static enum metrics_verdict verdict(const struct session_entry *s, int64_t now_ns)
{
    const struct metrics_part *m = s->metrics;
    if (!m || m->pub.as_of_ns == 0)
        return METRICS_NONE;
    bool saw_all =
        s->pub.has_logs && m->refused == 0 && (sequence_from_start(s) || m->first_ns >= s->pub.started_ns);
    bool settled = now_ns - m->last_arrival_ns >= JUDGE_AFTER_NS;
    if (!saw_all || !settled)
        return METRICS_PENDING;
    return metrics_compare(s);
}

void model_session_health(const struct session *session, int64_t now_ns, struct session_health *out)
{
    settle_session((struct session_entry *)session);
    const struct session_entry *s = (const struct session_entry *)session;
    bool telemetry = session->has_logs || session->has_spans;
    int64_t age = now_ns - session->first_arrival_ns;
    *out = (struct session_health){
        .lost_events = sequence_lost(s),
        .metrics = verdict(s, now_ns),
        .prompts_withheld = session->native && session->redacted,
        .tools_withheld = s->tools_withheld && !s->tools_told,
        .hooks_only =
            session->real && session->has_hooks && !telemetry && !session->has_metrics && age > EXPORT_MAX_NS,
        .metrics_only = session->has_metrics && s->metrics->pub.as_of_ns && !telemetry,
        .no_ids = s->saw_logs_without_sequence && !s->runs,
        .no_traces = session->real && session->native && session->has_logs && !session->has_spans &&
                     age > EXPORT_MAX_NS,
        .delta_metrics = s->metrics && s->metrics->saw_delta,
    };
    clock_health(s, out);
    out->lost_settled = out->lost_events > 0 && now_ns - s->gap_arrival_ns >= JUDGE_AFTER_NS;
}

struct list {
    struct health_item *items;
    size_t max, count; /* the worst first; count goes on beyond max */
};

/* What is lost of any session stands before what is missing, and that before settings. */
static int part_of(enum health_code code)
{
    return code <= HEALTH_METRICS_DISAGREE ? 0
           : code <= HEALTH_OLD_CLIENT     ? 1
           : code < HEALTH_DELTA_METRICS   ? 2
                                           : 3;
}

/* Into its place; of what has none, only the number is kept. */
__attribute__((format(printf, 5, 6))) static void say(struct list *l, enum health_severity severity,
                                                      enum health_code code, const struct session *s,
                                                      const char *format, ...)
{
    size_t kept = l->count < l->max ? l->count : l->max, at = kept;
    l->count++;
    while (at > 0 &&
           (l->items[at - 1].severity < severity ||
            (l->items[at - 1].severity == severity && part_of(l->items[at - 1].code) > part_of(code))))
        at--;
    if (at == l->max)
        return;
    size_t moved = (kept < l->max ? kept : l->max - 1) - at;
    struct health_item *item = &l->items[at];
    memmove(item + 1, item, moved * sizeof *item);
    va_list args;
    *item = (struct health_item){.severity = severity, .code = code, .session = s};
    va_start(args, format);
    vsnprintf(item->message, sizeof item->message, format, args);
    va_end(args);
}

/* Its events are numbered, so that a loss would show. */
static bool session_counts_events(const struct session *session)
{
    const struct session_entry *s = (const struct session_entry *)session;
    return s->runs != NULL;
}

static double usd(int64_t nano)
{
    return (double)nano / 1e9;
}

static void losses(struct list *l, const struct session *s, const struct session_health *h)
{
    if (h->lost_settled)
        say(l, HEALTH_ERROR, HEALTH_LOST_EVENTS, s,
            "%lld log events never came: event.sequence has gaps. The client gave up on a request, or was "
            "killed; totals are too low.",
            (long long)h->lost_events);
    if (h->metrics != METRICS_MORE && h->metrics != METRICS_LESS)
        return;
    double events = usd(s->total.cost_nano_usd), metrics = usd(model_session_metrics(s)->values[METRIC_COST]);
    bool known_loss = h->metrics == METRICS_MORE && h->lost_events > 0;
    if (h->metrics == METRICS_LESS)
        say(l, HEALTH_WARNING, HEALTH_METRICS_DISAGREE, s,
            "events $%.2f, metrics $%.2f: metrics were lost on their way; totals are from the events.",
            events, metrics);
    else if (known_loss || !session_counts_events(s))
        say(l, HEALTH_ERROR, HEALTH_METRICS_DISAGREE, s,
            "events $%.2f, metrics $%.2f: log events were lost; totals are too low.", events, metrics);
    else
        say(l, HEALTH_INFO, HEALTH_METRICS_DISAGREE, s,
            "events $%.2f, metrics $%.2f, and no event is missing: requests that were interrupted while they "
            "streamed are in the metrics alone.",
            events, metrics);
}

static void missing_signals(struct list *l, const struct session *s, const struct session_health *h)
{
    if (h->hooks_only)
        say(l, HEALTH_WARNING, HEALTH_HOOKS_ONLY, s,
            "only hooks are heard: tokens and costs are not known. Is CLAUDE_CODE_ENABLE_TELEMETRY=1 set "
            "where "
            "it was started? `claude-top setup` says how.");
    if (h->metrics_only)
        say(l, HEALTH_WARNING, HEALTH_METRICS_ONLY, s,
            "only metrics are heard ($%.2f): its calls are not known. Set OTEL_LOGS_EXPORTER=otlp; "
            "`claude-top setup` says how.",
            usd(model_session_metrics(s)->values[METRIC_COST]));
    if (h->no_traces)
        say(l, HEALTH_INFO, HEALTH_NO_TRACES, s,
            "it sends no spans: set OTEL_TRACES_EXPORTER=otlp and CLAUDE_CODE_ENHANCED_TELEMETRY_BETA=1 to "
            "see waits, retries and links to Tempo.");
    if (h->no_ids)
        say(l, HEALTH_INFO, HEALTH_OLD_CLIENT, s,
            "client %.*s sends events without ids and numbers: calls are joined by time, and losses cannot "
            "be "
            "seen. Update it.",
            SLICE_ARG(s->service_version));
}

static void settings(struct list *l, const struct session *s, const struct session_health *h)
{
    if (h->skew_ns > 0)
        say(l, HEALTH_WARNING, HEALTH_CLOCK_SKEW, s,
            "its clock is %.0f seconds ahead of this machine's: synchronise both (NTP).",
            (double)h->skew_ns / 1e9);
    else if (h->skew_ns < 0)
        say(l, HEALTH_WARNING, HEALTH_CLOCK_SKEW, s,
            "its records arrive %.0f seconds late: its clock is behind this machine's, or a collector in "
            "between holds them.",
            (double)-h->skew_ns / 1e9);
    if (h->prompts_withheld)
        say(l, HEALTH_INFO, HEALTH_PROMPTS_WITHHELD, s,
            "prompt texts are withheld by its privacy settings: OTEL_LOG_USER_PROMPTS=1 shows them.");
    if (h->tools_withheld)
        say(l, HEALTH_INFO, HEALTH_TOOLS_WITHHELD, s,
            "commands and paths of tools are withheld by its privacy settings: OTEL_LOG_TOOL_DETAILS=1 shows "
            "them.");
}

static int64_t last_heard(const struct session *session)
{
    const struct session_entry *s = (const struct session_entry *)session;
    int64_t metrics = s->metrics ? s->metrics->last_arrival_ns : 0;
    return metrics > session->last_arrival_ns ? metrics : session->last_arrival_ns;
}

/* Keeps the order of equals. */
size_t model_health(const struct model *m, int64_t now_ns, bool forwarding, struct health_item *out,
                    size_t max)
{
    struct list l = {out, max, 0};
    bool delta = false;
    for (const struct session *s = model_sessions(m); s; s = s->next) {
        struct session_health h;
        model_session_health(s, now_ns, &h);
        delta |= h.delta_metrics;
        if (!s->real && !h.metrics_only)
            continue;
        losses(&l, s, &h);
        if (now_ns - last_heard(s) > LIVE_WITHIN_NS)
            continue;
        missing_signals(&l, s, &h);
        settings(&l, s, &h);
    }
    if (delta && forwarding)
        say(&l, HEALTH_INFO, HEALTH_DELTA_METRICS, NULL,
            "metrics come with delta temporality, which Prometheus and Mimir refuse: set "
            "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=cumulative, or put "
            "otelcol.processor.deltatocumulative into Alloy.");
    return l.count;
}

int64_t model_lost_events(const struct model *m)
{
    int64_t lost = m->evicted_lost;
    for (const struct session_entry *s = m->first; s; s = (const struct session_entry *)s->pub.next)
        lost += sequence_lost(s);
    return lost;
}

const char *metrics_verdict_name(enum metrics_verdict verdict)
{
    static const char *const names[] = {[METRICS_NONE] = "none",
                                        [METRICS_PENDING] = "pending",
                                        [METRICS_AGREE] = "agree",
                                        [METRICS_MORE] = "more",
                                        [METRICS_LESS] = "less"};
    return names[verdict];
}

const char *health_severity_name(enum health_severity severity)
{
    static const char *const names[] = {
        [HEALTH_INFO] = "info", [HEALTH_WARNING] = "warning", [HEALTH_ERROR] = "error"};
    return names[severity];
}

const char *health_code_name(enum health_code code)
{
    static const char *const names[] = {
        [HEALTH_LOST_EVENTS] = "lost_events",
        [HEALTH_METRICS_DISAGREE] = "metrics_disagree",
        [HEALTH_HOOKS_ONLY] = "hooks_only",
        [HEALTH_METRICS_ONLY] = "metrics_only",
        [HEALTH_NO_TRACES] = "no_traces",
        [HEALTH_OLD_CLIENT] = "old_client",
        [HEALTH_CLOCK_SKEW] = "clock_skew",
        [HEALTH_PROMPTS_WITHHELD] = "prompts_withheld",
        [HEALTH_TOOLS_WITHHELD] = "tool_details_withheld",
        [HEALTH_DELTA_METRICS] = "delta_metrics",
    };
    return names[code];
}
