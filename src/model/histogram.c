#include "histogram.h"

static unsigned bucket_of(int64_t duration_ns)
{
    uint64_t us = duration_ns > 0 ? (uint64_t)duration_ns / 1000 : 0;
    if (us < HISTOGRAM_SUB)
        return (unsigned)us; /* the first octaves are exact to the microsecond */
    unsigned octave = 63 - (unsigned)__builtin_clzll(us);
    unsigned sub = (unsigned)(us >> (octave - 3)) & (HISTOGRAM_SUB - 1);
    unsigned bucket = (octave - 2) * HISTOGRAM_SUB + sub;
    return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

static int64_t middle_of(unsigned bucket)
{
    if (bucket < HISTOGRAM_SUB)
        return (int64_t)bucket * 1000 + 500;
    unsigned octave = bucket / HISTOGRAM_SUB + 2;
    uint64_t width = UINT64_C(1) << (octave - 3);
    uint64_t low = (UINT64_C(1) << octave) + (bucket % HISTOGRAM_SUB) * width;
    return (int64_t)(low * 1000 + width * 500);
}

void histogram_add(struct histogram *h, int64_t duration_ns)
{
    h->buckets[bucket_of(duration_ns)]++;
    h->count++;
}

void histogram_remove(struct histogram *h, int64_t duration_ns)
{
    uint32_t *bucket = &h->buckets[bucket_of(duration_ns)];
    if (*bucket == 0)
        return;
    (*bucket)--;
    h->count--;
}

void histogram_merge(struct histogram *to, const struct histogram *from)
{
    if (from->count == 0)
        return;
    to->count += from->count;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
        to->buckets[i] += from->buckets[i];
}

int64_t histogram_quantile(const struct histogram *h, double q)
{
    if (h->count == 0)
        return -1;
    /* The smallest value that at least q of all values do not exceed. */
    uint64_t rank = (uint64_t)(q * h->count);
    if ((double)rank < q * h->count || rank == 0)
        rank++;
    uint64_t seen = 0;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += h->buckets[i];
        if (seen >= rank)
            return middle_of(i);
    }
    return middle_of(HISTOGRAM_BUCKETS - 1);
}
