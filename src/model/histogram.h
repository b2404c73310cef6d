/*
 * histogram.h - durations in constant memory, with a stated error.
 *
 * Log-linear: HISTOGRAM_SUB equal buckets in each power of two of microseconds. A quantile is the middle of
 * its bucket: at most 1 / (2 * HISTOGRAM_SUB) = 6.25 % off. Durations below 1 µs and above
 * 2^HISTOGRAM_OCTAVES µs (about 71 minutes) fall into the first and last bucket. Values can be taken out
 * again.
 */
#ifndef CT_MODEL_HISTOGRAM_H
#define CT_MODEL_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_SUB     8
#define HISTOGRAM_OCTAVES 32
#define HISTOGRAM_BUCKETS (HISTOGRAM_OCTAVES * HISTOGRAM_SUB)

struct histogram {
    uint32_t count;
    uint32_t buckets[HISTOGRAM_BUCKETS];
};

void histogram_add(struct histogram *h, int64_t duration_ns);
void histogram_remove(struct histogram *h, int64_t duration_ns); /* one that was added */
void histogram_merge(struct histogram *to, const struct histogram *from);

/* q in 0 .. 1; -1 when empty. */
int64_t histogram_quantile(const struct histogram *h, double q);

#endif
