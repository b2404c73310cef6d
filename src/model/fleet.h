/*
 * fleet.h - recent totals over all sessions, in time windows that cost the same however much arrives.
 *
 * Two rings of buckets by event time: 5 s for the header's rates (15 minutes back), 15 min for today's cost
 * (26 hours back). A call's share can be taken back when a better witness changes it; what is older than a
 * ring is not counted in it.
 */
#ifndef CT_MODEL_FLEET_H
#define CT_MODEL_FLEET_H

#include <stdbool.h>
#include <stdint.h>

#include "burn.h"
#include "histogram.h"

#define FLEET_FINE_NS   (INT64_C(5) * 1000000000)
#define FLEET_FINE      180
#define FLEET_COARSE_NS (INT64_C(900) * 1000000000)
#define FLEET_COARSE    104
#define FLEET_MINUTES   16 /* one duration histogram a minute */

struct fleet_share {
    bool counted;
    int64_t time_ns;
    int64_t tokens;
    int64_t cost_nano_usd;
    bool cost_estimated;
    int64_t duration_ns;
    bool failed;
};

struct fleet_fine {
    int64_t bucket; /* time / FLEET_FINE_NS; whose bucket this is */
    int64_t tokens;
    int64_t calls;
    int64_t errors;
};

struct fleet_coarse {
    int64_t bucket;
    int64_t cost_nano_usd;
    int64_t estimated; /* calls */
};

struct fleet_minute {
    int64_t bucket;
    struct histogram durations;
};

struct fleet_windows {
    struct fleet_fine fine[FLEET_FINE];
    struct fleet_coarse coarse[FLEET_COARSE];
    struct fleet_minute minute[FLEET_MINUTES];
    struct burn burn;
};

/* Replaces what *share says was counted by *now, and remembers that in *share. session: its own burn; NULL
 * when neither counts. */
void fleet_update(struct fleet_windows *w, struct burn *session, struct fleet_share *share,
                  const struct fleet_share *now);

#endif
