/* What the client says of its session as a whole: the newest word counts, and among words of one time the
 * greatest, so that the order in which they come does not matter. */
#include "model_private.h"

static int cmp(double a, double b)
{
    return (a > b) - (a < b);
}

static int limit_cmp(const struct session_limit *a, const struct session_limit *b)
{
    int order = cmp(a->used_percentage, b->used_percentage);
    return order ? order : cmp((double)a->resets_ns, (double)b->resets_ns);
}

static void take_context(struct session_context *to, const struct event *e)
{
    const struct event_report *r = &e->report;
    const struct session_context now = {.reported_ns = e->time_ns,
                                        .used_tokens = r->used_tokens,
                                        .window_tokens = r->window_tokens,
                                        .used_percentage = r->used_percentage};
    int order = cmp((double)now.used_tokens, (double)to->used_tokens);
    if (order == 0)
        order = cmp((double)now.window_tokens, (double)to->window_tokens);
    if (order == 0)
        order = cmp(now.used_percentage, to->used_percentage);
    if (now.reported_ns > to->reported_ns || (now.reported_ns == to->reported_ns && order > 0))
        *to = now;
}

static void take_limits(struct session_limits *to, const struct event *e)
{
    const struct event_report *r = &e->report;
    const struct session_limits now = {
        .reported_ns = e->time_ns,
        .five_hour = {r->five_hour.used_percentage, r->five_hour.resets_ns},
        .seven_day = {r->seven_day.used_percentage, r->seven_day.resets_ns},
    };
    int order = limit_cmp(&now.five_hour, &to->five_hour);
    if (order == 0)
        order = limit_cmp(&now.seven_day, &to->seven_day);
    if (now.reported_ns > to->reported_ns || (now.reported_ns == to->reported_ns && order > 0))
        *to = now;
}

void report_init(struct session *s)
{
    s->context = (struct session_context){.used_tokens = -1, .window_tokens = -1, .used_percentage = -1};
    s->limits = (struct session_limits){.five_hour.used_percentage = -1, .seven_day.used_percentage = -1};
    s->reported_cost_nano_usd = -1;
}

void report_apply(struct session_entry *s, const struct event *e)
{
    struct session *pub = &s->pub;
    struct report *r = &s->report;
    if (e->phase == PHASE_STARTED)
        facts_newest(s, &r->start_source, &pub->start_source, e->time_ns, e->source);
    if (e->ids.agent_id.len == 0) /* a sub-agent may have another model */
        facts_newest(s, &r->model, &r->model_id, e->time_ns, e->model);
    facts_newest(s, &r->model_name, &pub->model_name, e->time_ns, e->model_name);
    facts_newest(s, &r->branch, &pub->branch, e->time_ns, e->branch);
    if (e->report.tells_context)
        take_context(&pub->context, e);
    if (e->report.tells_limits)
        take_limits(&pub->limits, e);
    int64_t cost = e->report.cost_nano_usd;
    if (cost >= 0 &&
        (e->time_ns > r->cost_ns || (e->time_ns == r->cost_ns && cost > pub->reported_cost_nano_usd))) {
        r->cost_ns = e->time_ns;
        pub->reported_cost_nano_usd = cost;
    }
}
