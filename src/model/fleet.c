#include "fleet.h"

#include "model_private.h"

#define MINUTE_NS (INT64_C(60) * 1000000000)

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

void model_fleet(const struct model *m, int64_t now_ns, int64_t day_start_ns, struct fleet *out)
{
    model_advance(m, now_ns);
    settle_model(m);
    *out = (struct fleet){.llm_error_ratio = -1, .llm_p95_ns = -1, .total = m->evicted};
    for (const struct session *s = model_sessions(m); s; s = s->next) {
        if (!s->real && !s->announced)
            continue;
        struct run_status status = model_session_status(s, now_ns);
        bool waits = status.state == RUN_PERMISSION ||
                     (status.state == RUN_INPUT && status.node && status.node->kind == NODE_TOOL);
        int64_t within = waits ? WAITING_WITHIN_NS : LIVE_WITHIN_NS;
        bool live = status.state != RUN_ENDED && now_ns - s->last_arrival_ns < within;
        out->live += live;
        out->waiting += live && (status.state == RUN_PERMISSION || status.state == RUN_INPUT);
        if (s->real) {
            out->sessions++;
            counters_add(&out->total, &s->total, 1);
        }
    }
    int64_t newest = now_ns / FLEET_FINE_NS;
    int64_t calls = 0, errors = 0;
    for (size_t i = 0; i < FLEET_FINE; i++) {
        const struct fleet_fine *b = &m->fleet.fine[i];
        int64_t age = newest - b->bucket;
        if (b->bucket == 0 || age < 0)
            continue;
        if (age < FLEET_SPARK) {
            out->spark[FLEET_SPARK - 1 - age] = b->tokens;
            out->tokens_per_min += b->tokens;
            out->llm_per_min += b->calls;
        }
        if (age < 60) {
            calls += b->calls;
            errors += b->errors;
        }
    }
    if (calls > 0)
        out->llm_error_ratio = (double)errors / (double)calls;
    for (size_t i = 0; i < FLEET_COARSE; i++) {
        const struct fleet_coarse *b = &m->fleet.coarse[i];
        if (b->bucket != 0 && b->bucket * FLEET_COARSE_NS >= day_start_ns &&
            b->bucket * FLEET_COARSE_NS <= now_ns) {
            out->cost_today_nano_usd += b->cost_nano_usd;
            out->cost_today_is_estimate |= b->estimated > 0;
        }
    }
    burn_read(&m->fleet.burn, now_ns, &out->burn);
    struct histogram recent = {0};
    for (size_t i = 0; i < FLEET_MINUTES; i++) {
        int64_t age = now_ns / MINUTE_NS - m->fleet.minute[i].bucket;
        if (age >= 0 && age < 5)
            histogram_merge(&recent, &m->fleet.minute[i].durations);
    }
    out->llm_p95_ns = histogram_quantile(&recent, 0.95);
}
