#include "fleet.h"

#include "model_private.h"

#define MINUTE_NS (INT64_C(60) * 1000000000)
/* How far back the share of errors and the quantile of durations go. */
#define FLEET_ERRORS      60 /* fine buckets */
#define FLEET_P95_MINUTES 5

static void change(struct fleet_windows *w, struct burn *session, const struct fleet_share *share, int sign)
{
    struct burn *const burns[] = {&w->burn, session};
    for (size_t i = 0; i < 2; i++)
        burn_change(burns[i], share->time_ns, share->tokens, share->cost_nano_usd, share->cost_estimated,
                    sign);
    int64_t at = share->time_ns / FLEET_FINE_NS;
    struct fleet_fine *fine = &w->fine[(uint64_t)at % FLEET_FINE];
    if (fine->bucket < at)
        *fine = (struct fleet_fine){.bucket = at};
    if (fine->bucket == at) {
        fine->tokens += sign * share->tokens;
        fine->calls += sign;
        fine->errors += share->failed ? sign : 0;
    }
    at = share->time_ns / FLEET_COARSE_NS;
    struct fleet_coarse *coarse = &w->coarse[(uint64_t)at % FLEET_COARSE];
    if (coarse->bucket < at)
        *coarse = (struct fleet_coarse){.bucket = at};
    if (coarse->bucket == at) {
        coarse->cost_nano_usd += sign * share->cost_nano_usd;
        coarse->estimated += share->cost_estimated ? sign : 0;
    }
    at = share->time_ns / MINUTE_NS;
    struct fleet_minute *minute = &w->minute[(uint64_t)at % FLEET_MINUTES];
    if (minute->bucket < at)
        *minute = (struct fleet_minute){.bucket = at};
    if (minute->bucket == at && share->duration_ns >= 0) {
        if (sign > 0)
            histogram_add(&minute->durations, share->duration_ns);
        else
            histogram_remove(&minute->durations, share->duration_ns);
    }
}

static bool same_share(const struct fleet_share *a, const struct fleet_share *b)
{
    return a->counted == b->counted && a->time_ns == b->time_ns && a->tokens == b->tokens &&
           a->cost_nano_usd == b->cost_nano_usd && a->cost_estimated == b->cost_estimated &&
           a->duration_ns == b->duration_ns && a->failed == b->failed;
}

void fleet_update(struct fleet_windows *w, struct burn *session, struct fleet_share *share,
                  const struct fleet_share *now)
{
    if (same_share(share, now))
        return;
    if (share->counted)
        change(w, session, share, -1);
    *share = *now;
    if (share->counted)
        change(w, session, share, 1);
}

/* The window that a bucket is in ends at ends_ns; of several the first one counts. */
static void until(struct fleet *out, int64_t now_ns, int64_t ends_ns)
{
    if (ends_ns > now_ns && (out->until_ns == 0 || ends_ns < out->until_ns))
        out->until_ns = ends_ns;
}

static void read_fine(const struct fleet_windows *w, int64_t now_ns, struct fleet *out)
{
    int64_t newest = now_ns / FLEET_FINE_NS, calls = 0, errors = 0;
    for (size_t i = 0; i < FLEET_FINE; i++) {
        const struct fleet_fine *b = &w->fine[i];
        int64_t age = newest - b->bucket;
        if (b->bucket == 0 || (b->tokens == 0 && b->calls == 0))
            continue;
        if (age < 0) {
            until(out, now_ns, b->bucket * FLEET_FINE_NS);
            continue;
        }
        if (age < FLEET_SPARK) {
            out->spark[FLEET_SPARK - 1 - age] = b->tokens;
            out->tokens_per_min += b->tokens;
            out->llm_per_min += b->calls;
            /* The sparkline moves on as long as there is anything on it. */
            until(out, now_ns, (newest + 1) * FLEET_FINE_NS);
        }
        if (age < FLEET_ERRORS) {
            calls += b->calls;
            errors += b->errors;
            until(out, now_ns, (b->bucket + FLEET_ERRORS) * FLEET_FINE_NS);
        }
    }
    if (calls > 0)
        out->llm_error_ratio = (double)errors / (double)calls;
}

static void read_durations(const struct fleet_windows *w, int64_t now_ns, struct fleet *out)
{
    struct histogram recent = {0};
    for (size_t i = 0; i < FLEET_MINUTES; i++) {
        int64_t age = now_ns / MINUTE_NS - w->minute[i].bucket;
        if (age < 0 || age >= FLEET_P95_MINUTES || w->minute[i].durations.count == 0)
            continue;
        histogram_merge(&recent, &w->minute[i].durations);
        until(out, now_ns, (w->minute[i].bucket + FLEET_P95_MINUTES) * MINUTE_NS);
    }
    out->llm_p95_ns = histogram_quantile(&recent, 0.95);
}

void model_fleet(const struct model *m, int64_t now_ns, int64_t day_start_ns, struct fleet *out)
{
    model_advance(m, now_ns);
    census_update(m, now_ns);
    const struct census *census = m->census;
    *out = (struct fleet){.sessions = census->sessions,
                          .live = census->live,
                          .waiting = census->waiting,
                          .total = m->evicted,
                          .llm_error_ratio = -1};
    counters_add(&out->total, &census->total, 1);
    if (census->due.count)
        until(out, now_ns, heap_first(&census->due)->at);
    read_fine(&m->fleet, now_ns, out);
    for (size_t i = 0; i < FLEET_COARSE; i++) {
        const struct fleet_coarse *b = &m->fleet.coarse[i];
        if (b->bucket != 0 && b->bucket * FLEET_COARSE_NS >= day_start_ns &&
            b->bucket * FLEET_COARSE_NS <= now_ns) {
            out->cost_today_nano_usd += b->cost_nano_usd;
            out->cost_today_is_estimate |= b->estimated > 0;
        }
    }
    int64_t burn_until = burn_read(&m->fleet.burn, now_ns, &out->burn);
    if (burn_until)
        until(out, now_ns, burn_until);
    read_durations(&m->fleet, now_ns, out);
}
