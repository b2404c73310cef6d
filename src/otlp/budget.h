/*
 * budget.h - one allowance of bytes shared by everything that gathers bodies.
 *
 * Threat: many senders, each within its own limit, together larger than memory. Whoever cannot take is
 * refused with OTLP_REFUSED_OVERLOAD. So that a few large bodies that never become whole do not turn
 * everybody else away, a part of the budget is for small ones. Not thread-safe: it belongs to the loop's
 * thread.
 */
#ifndef CT_OTLP_BUDGET_H
#define CT_OTLP_BUDGET_H

#include <stdbool.h>
#include <stddef.h>

/* What counts as small. With the defaults the reserve has room for one such body on every connection. */
#define BUDGET_SMALL_BYTES ((size_t)64 * 1024)
/* The reserve is this part of the budget, but never so much that the largest legal body would not fit. */
#define BUDGET_RESERVE_PART 8

struct budget {
    size_t max;
    size_t used;    /* never above max */
    size_t reserve; /* of max: for small ones only */
};

/* largest: otlp_limits.body_bytes. */
static inline struct budget budget_make(size_t max, size_t largest)
{
    size_t spare = max > largest ? max - largest : 0, part = max / BUDGET_RESERVE_PART;
    return (struct budget){.max = max, .reserve = part < spare ? part : spare};
}

/* Whether there is room for n bytes of something that is whole bytes long with them. */
static inline bool budget_has_room(const struct budget *b, size_t n, size_t whole)
{
    size_t top = whole > BUDGET_SMALL_BYTES ? b->max - b->reserve : b->max;
    return b->used <= top && n <= top - b->used;
}

/* Takes n bytes, or none and false. */
static inline bool budget_take(struct budget *b, size_t n, size_t whole)
{
    if (!budget_has_room(b, n, whole))
        return false;
    b->used += n;
    return true;
}

/* Gives back what was taken. */
static inline void budget_give(struct budget *b, size_t n)
{
    b->used -= n <= b->used ? n : b->used;
}

#endif
