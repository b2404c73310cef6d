/*
 * age.c - retention by age, which must survive a wall clock that jumps.
 *
 * What arrived in this process ages by the uptime, which nobody sets. What an earlier process left ages from
 * its date: the date can be wrong, and so can the clock that it is compared with, so such a segment goes only
 * when uptime and wall clock both find it too old, and not in the first minutes, in which a clock that was
 * wrong at boot is set right.
 */
#include "journal_private.h"

/* Dates of found segments: none is from the future, and none is older than what came before it. */
static void date_found(struct journal *j, int64_t wall_ns, int64_t uptime_ns)
{
    int64_t date = 0;
    for (size_t i = 0; i < j->count; i++) {
        struct segment *s = &j->segments[i];
        if (s->wall_ns > date)
            date = s->wall_ns;
        if (date == 0 || date > wall_ns)
            date = wall_ns;
        if (!s->found)
            continue;
        s->wall_ns = date;
        s->uptime_ns = uptime_ns - (wall_ns - date);
        s->dated = true;
    }
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

int64_t journal_age(struct journal *j, int64_t wall_ns, int64_t uptime_ns)
{
    if (!j->aged) {
        j->aged = true;
        j->aged_from_ns = uptime_ns;
        date_found(j, wall_ns, uptime_ns);
    }
    for (size_t i = j->count; i-- > 0 && !j->segments[i].dated;) {
        j->segments[i].dated = true;
        j->segments[i].uptime_ns = uptime_ns;
    }
    int64_t max = j->config.max_age_ns;
    while (max > 0 && j->count > 1) {
        const struct segment *s = &j->segments[0];
        int64_t left = max - (uptime_ns - s->uptime_ns);
        if (s->found) {
            left = later(left, max - (wall_ns - s->wall_ns));
            left = later(left, j->aged_from_ns + JOURNAL_CLOCK_SETTLES_NS - uptime_ns);
        }
        if (left >= 0)
            return left + 1;
        journal_retire_oldest(j);
    }
    return 0;
}
