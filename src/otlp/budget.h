/*
 * budget.h - one allowance of bytes shared by everything that gathers bodies.
 *
 * Threat: many senders, each within its own limit, together larger than memory. Whoever cannot take is
 * refused with OTLP_REFUSED_OVERLOAD. Not thread-safe: it belongs to the loop's thread.
 */
#ifndef CT_OTLP_BUDGET_H
#define CT_OTLP_BUDGET_H

#include <stdbool.h>
#include <stddef.h>

struct budget {
    size_t max;
    size_t used; /* never above max */
};

/* Takes n bytes, or none and false. */
static inline bool budget_take(struct budget *b, size_t n)
{
    if (n > b->max - b->used)
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
