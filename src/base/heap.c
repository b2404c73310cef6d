#include "heap.h"

#include "mem.h"

#include <stdlib.h>

void heap_init(struct heap *h)
{
    *h = (struct heap){0};
}

void heap_finish(struct heap *h)
{
    free(h->nodes);
    heap_init(h);
}

static void put(struct heap *h, size_t i, struct heap_node *node)
{
    h->nodes[i] = node;
    node->place = i + 1;
}

/* From place i, which is free, to where the node belongs. */
static void sift(struct heap *h, size_t i, struct heap_node *node)
{
    while (i > 0 && h->nodes[(i - 1) / 2]->at > node->at) {
        put(h, i, h->nodes[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    for (size_t child = 2 * i + 1; child < h->count; child = 2 * i + 1) {
        if (child + 1 < h->count && h->nodes[child + 1]->at < h->nodes[child]->at)
            child++;
        if (h->nodes[child]->at >= node->at)
            break;
        put(h, i, h->nodes[child]);
        i = child;
    }
    put(h, i, node);
}

static void take_out(struct heap *h, struct heap_node *node)
{
    size_t i = node->place - 1;
    struct heap_node *last = h->nodes[--h->count];
    node->place = 0;
    if (last != node)
        sift(h, i, last);
}

void heap_set(struct heap *h, struct heap_node *node, int64_t at)
{
    if (at == 0) {
        node->at = 0;
        if (node->place)
            take_out(h, node);
        return;
    }
    if (node->place && node->at == at)
        return;
    node->at = at;
    if (!node->place) {
        if (h->count == h->cap) {
            h->cap = h->cap ? 2 * h->cap : 64;
            h->nodes = mem_grow(h->nodes, h->cap, sizeof *h->nodes);
        }
        node->place = ++h->count;
    }
    sift(h, node->place - 1, node);
}
