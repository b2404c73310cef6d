/*
 * Gaps in event.sequence: log events that never came.
 *
 * Every process counts its events from 0, whatever sessions they belong to, and a session may be continued by
 * other processes. No record says which process wrote it, so they are told apart by order: within a process
 * the numbers rise with the time. A record that fits nowhere into the known processes is another one's.
 *
 * Only numbers between two that came can be missed: what a process wrote before the first one may belong to
 * another session, or to a time when nobody listened.
 */
#include "model_private.h"

/* Further ahead than this is another process, not a loss. */
#define SEQUENCE_JUMP_MAX INT64_C(1000000)

/* Numbers that came without a gap, and when they were written. */
struct stretch {
    int64_t low, high;
    int64_t low_ns, high_ns;
};

struct sequence_run {
    struct sequence_run *next; /* the one that was made before */
    struct stretch *stretches; /* by number */
    size_t count, cap;
    int64_t given_up; /* numbers in gaps that were too many to remember */
};

/* Where the number would stand; stretches before i are below it, or contain it when *inside. */
static size_t find(const struct sequence_run *run, int64_t number, bool *inside)
{
    size_t i = run->count;
    while (i > 0 && run->stretches[i - 1].low > number)
        i--;
    *inside = i > 0 && run->stretches[i - 1].high >= number;
    return i;
}

/* Numbers between it and what is known of the run; -1: it cannot be of that process. */
static int64_t distance(const struct sequence_run *run, int64_t number, int64_t ns)
{
    bool inside;
    size_t i = find(run, number, &inside);
    const struct stretch *below = i > 0 ? &run->stretches[i - 1] : NULL;
    const struct stretch *above = i < run->count ? &run->stretches[i] : NULL;
    if (inside)
        return below->low_ns <= ns && ns <= below->high_ns ? 0 : -1;
    if ((below && below->high_ns > ns) || (above && above->low_ns < ns))
        return -1;
    int64_t down = below ? number - below->high : INT64_MAX, up = above ? above->low - number : INT64_MAX;
    int64_t nearest = down < up ? down : up;
    return nearest > SEQUENCE_JUMP_MAX ? -1 : nearest;
}

static void remove_stretch(struct sequence_run *run, size_t i)
{
    run->count--;
    memmove(&run->stretches[i], &run->stretches[i + 1], (run->count - i) * sizeof *run->stretches);
}

/* Makes room by closing the oldest gap: nothing of it will be heard of any more. */
static void close_oldest_gap(struct sequence_run *run)
{
    struct stretch *first = &run->stretches[0], *second = &run->stretches[1];
    run->given_up += second->low - first->high - 1;
    first->high = second->high;
    first->high_ns = second->high_ns;
    remove_stretch(run, 1);
}

/* Most processes lose nothing: room is made as it is needed, and what is outgrown stays in the arena. */
static void make_room(struct session_entry *s, struct sequence_run *run)
{
    if (run->count < run->cap)
        return;
    run->cap = run->cap ? run->cap * 4 : 1;
    if (run->cap > SEQUENCE_GAPS_MAX + 1)
        run->cap = SEQUENCE_GAPS_MAX + 1;
    struct stretch *grown = session_alloc(s, run->cap * sizeof *grown);
    if (run->count)
        memcpy(grown, run->stretches, run->count * sizeof *grown);
    run->stretches = grown;
}

static void add(struct session_entry *s, struct sequence_run *run, int64_t number, int64_t ns)
{
    bool inside;
    size_t i = find(run, number, &inside);
    if (inside)
        return;
    struct stretch *below = i > 0 ? &run->stretches[i - 1] : NULL;
    struct stretch *above = i < run->count ? &run->stretches[i] : NULL;
    bool joins_below = below && below->high + 1 == number, joins_above = above && above->low - 1 == number;
    if (joins_below && joins_above) {
        below->high = above->high;
        below->high_ns = above->high_ns;
        remove_stretch(run, i);
    } else if (joins_below) {
        below->high = number;
        below->high_ns = ns;
    } else if (joins_above) {
        above->low = number;
        above->low_ns = ns;
    } else {
        make_room(s, run);
        memmove(&run->stretches[i + 1], &run->stretches[i], (run->count - i) * sizeof *run->stretches);
        run->stretches[i] = (struct stretch){number, number, ns, ns};
        if (++run->count > SEQUENCE_GAPS_MAX)
            close_oldest_gap(run);
    }
}

/* Numbers of [low, high] that other processes of the session wrote in that time: none of them is missing. */
static int64_t elsewhere(const struct session_entry *s, const struct sequence_run *self, int64_t low,
                         int64_t high, int64_t from_ns, int64_t to_ns)
{
    int64_t found = 0;
    for (const struct sequence_run *run = s->runs; run; run = run->next) {
        for (size_t i = 0; run != self && i < run->count; i++) {
            const struct stretch *x = &run->stretches[i];
            int64_t first = x->low > low ? x->low : low, last = x->high < high ? x->high : high;
            if (first <= last && x->high_ns >= from_ns && x->low_ns <= to_ns)
                found += last - first + 1;
        }
    }
    return found;
}

/* The process may have gone on with another session and come back: then that one has exactly the numbers that
 * are missing here, from the first or up to the last. */
static int64_t in_other_sessions(const struct session_entry *s, const struct stretch *a,
                                 const struct stretch *b)
{
    int64_t found = 0;
    for (const struct session *p = &s->model->first->pub; p; p = p->next) {
        const struct session_entry *other = (const struct session_entry *)p;
        for (const struct sequence_run *run = other == s ? NULL : other->runs; run; run = run->next) {
            for (size_t i = 0; i < run->count; i++) {
                const struct stretch *x = &run->stretches[i];
                bool follows = x->low == a->high + 1 && x->low_ns >= a->high_ns && x->high < b->low;
                bool leads = x->high == b->low - 1 && x->high_ns <= b->low_ns && x->low > a->high;
                if ((follows || leads) && x->low_ns <= b->low_ns && x->high_ns >= a->high_ns)
                    found += x->high - x->low + 1;
            }
        }
    }
    return found;
}

static int64_t lost_in(const struct session_entry *s, const struct sequence_run *run)
{
    int64_t lost = run->given_up;
    for (size_t i = 1; i < run->count; i++) {
        const struct stretch *a = &run->stretches[i - 1], *b = &run->stretches[i];
        int64_t gap = b->low - a->high - 1;
        int64_t others =
            elsewhere(s, run, a->high + 1, b->low - 1, a->high_ns, b->low_ns) + in_other_sessions(s, a, b);
        lost += gap > others ? gap - others : 0;
    }
    return lost;
}

int64_t sequence_lost(const struct session_entry *s)
{
    int64_t lost = s->lost_given_up;
    for (const struct sequence_run *run = s->runs; run; run = run->next)
        lost += lost_in(s, run);
    return lost;
}

bool sequence_from_start(const struct session_entry *s)
{
    for (const struct sequence_run *run = s->runs; run; run = run->next)
        if (run->stretches[0].low == 0)
            return true;
    return false;
}

static struct sequence_run *new_run(struct session_entry *s)
{
    struct sequence_run *run;
    if (s->run_count < SEQUENCE_RUNS_MAX) {
        s->run_count++;
        run = session_alloc(s, sizeof *run);
    } else {
        struct sequence_run **oldest = &s->runs;
        while ((*oldest)->next)
            oldest = &(*oldest)->next;
        run = *oldest;
        s->lost_given_up += lost_in(s, run);
        *oldest = NULL;
        run->count = 0;
        run->given_up = 0;
    }
    run->next = s->runs;
    s->runs = run;
    return run;
}

void sequence_apply(struct session_entry *s, const struct event *e)
{
    if (e->witness != WITNESS_LOG || e->sequence < 0 || e->sequence > INT64_MAX / 4 || e->stamp_ns <= 0)
        return;
    struct sequence_run *best = NULL;
    int64_t best_distance = 0;
    for (struct sequence_run *run = s->runs; run; run = run->next) {
        int64_t d = distance(run, e->sequence, e->stamp_ns);
        if (d >= 0 && (!best || d < best_distance)) {
            best = run;
            best_distance = d;
        }
    }
    if (!best)
        best = new_run(s);
    int64_t gaps = (int64_t)best->count;
    add(s, best, e->sequence, e->stamp_ns);
    if ((int64_t)best->count > gaps)
        s->gap_arrival_ns = e->arrival_ns;
}
