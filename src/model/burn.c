#include "burn.h"

#include "model_private.h"

_Static_assert(BURN_BUCKETS *BURN_BUCKET_NS == BURN_NS, "the ring is the window");

void burn_change(struct burn *b, int64_t time_ns, int64_t tokens, int64_t cost_nano_usd, bool estimated,
                 int sign)
{
    int64_t at = time_ns / BURN_BUCKET_NS;
    struct burn_bucket *bucket = &b->buckets[(uint64_t)at % BURN_BUCKETS];
    if (bucket->bucket < at)
        *bucket = (struct burn_bucket){.bucket = at};
    if (bucket->bucket != at)
        return;
    bucket->tokens += sign * tokens;
    bucket->cost_nano_usd += sign * cost_nano_usd;
    bucket->estimated += estimated ? sign : 0;
}

int64_t burn_read(const struct burn *b, int64_t now_ns, struct burn_rate *out)
{
    int64_t newest = now_ns / BURN_BUCKET_NS, tokens = 0, cost = 0, oldest = 0;
    *out = (struct burn_rate){0};
    for (size_t i = 0; b && i < BURN_BUCKETS; i++) {
        const struct burn_bucket *bucket = &b->buckets[i];
        if (bucket->bucket > newest || bucket->bucket <= newest - BURN_BUCKETS)
            continue;
        if ((bucket->tokens || bucket->cost_nano_usd) && (oldest == 0 || bucket->bucket < oldest))
            oldest = bucket->bucket;
        tokens += bucket->tokens;
        cost += bucket->cost_nano_usd;
        out->is_estimate |= bucket->estimated > 0;
    }
    out->tokens_per_min = tokens / 5;
    out->cost_nano_usd_per_hour = cost < INT64_MAX / 12 ? cost * 12 : INT64_MAX;
    return oldest ? (oldest + BURN_BUCKETS) * BURN_BUCKET_NS : 0;
}

struct burn_rate model_session_burn(const struct session *session, int64_t now_ns)
{
    struct burn_rate rate;
    settle_session((struct session_entry *)session);
    burn_read(((const struct session_entry *)session)->burn, now_ns, &rate);
    return rate;
}
