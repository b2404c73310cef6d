/*
 * burn.h - tokens and cost of the last five minutes (BURN_NS), in constant memory.
 *
 * A ring of buckets by event time. The window is the newest BURN_BUCKETS of them, the one that has just begun
 * included: it reaches back five minutes, less what is left of that one. A share can be taken out again; what
 * is older than the ring is not in it.
 */
#ifndef CT_MODEL_BURN_H
#define CT_MODEL_BURN_H

#include <stdbool.h>
#include <stdint.h>

#define BURN_BUCKETS   20
#define BURN_BUCKET_NS (INT64_C(15) * 1000000000)

struct burn {
    struct burn_bucket {
        int64_t bucket; /* time / BURN_BUCKET_NS; whose bucket this is */
        int64_t tokens;
        int64_t cost_nano_usd;
        int32_t estimated; /* calls */
    } buckets[BURN_BUCKETS];
};

struct burn_rate;

/* sign: 1 adds, -1 takes out what was added. */
void burn_change(struct burn *b, int64_t time_ns, int64_t tokens, int64_t cost_nano_usd, bool estimated,
                 int sign);

/* Returns when it reads differently though nothing is added; 0: never. */
int64_t burn_read(const struct burn *b, int64_t now_ns, struct burn_rate *out);

#endif
