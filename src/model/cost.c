/* What a call cost: what was reported, else what the price table says. */
#include "model_private.h"

void derive_cost(struct entry *e)
{
    const struct facts *f = e->view;
    if (e->pub.kind != NODE_LLM)
        return;
    e->cost_nano_usd = facts_number(f, FACT_COST);
    e->cost_estimated = false;
    if (e->cost_nano_usd >= 0)
        return;
    const struct event_usage usage = {
        .input_tokens = facts_number(f, FACT_INPUT),
        .output_tokens = facts_number(f, FACT_OUTPUT),
        .cache_read_tokens = facts_number(f, FACT_CACHE_READ),
        .cache_creation_tokens = facts_number(f, FACT_CACHE_CREATION),
        .cache_creation_1h_tokens = facts_number(f, FACT_CACHE_CREATION_1H),
    };
    const struct session_entry *s = (const struct session_entry *)e->pub.session;
    e->cost_nano_usd = price_estimate(s->model->config.prices, f->texts[FACT_MODEL], &usage);
    e->cost_estimated = e->cost_nano_usd >= 0;
}
