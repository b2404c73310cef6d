/*
 * heap.h - things in order of a time: which of many is due first.
 *
 * A binary heap that is intrusive: the node lives in the thing, and remembers its place, so that its time can
 * be changed and it can be taken out, both in O(log n). A node is in one heap at most; zeroed, it is in none.
 * Nodes are borrowed: take one out before its thing goes.
 */
#ifndef CT_BASE_HEAP_H
#define CT_BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct heap_node {
    int64_t at;
    size_t place; /* 1-based; 0: in no heap */
};

struct heap {
    struct heap_node **nodes; /* owned; the nodes are not */
    size_t count, cap;
};

void heap_init(struct heap *h);
void heap_finish(struct heap *h);

/* Puts the node in, or moves it, to the time at; 0: takes it out. */
void heap_set(struct heap *h, struct heap_node *node, int64_t at);

/* The one with the smallest time, or NULL. */
static inline struct heap_node *heap_first(const struct heap *h)
{
    return h->count ? h->nodes[0] : NULL;
}

#endif
