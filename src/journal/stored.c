#include "stored.h"

#include <stdlib.h>

#define QUEUE_FIRST_CAP 64u

struct stored *stored_create(const char *room, size_t len, uint64_t seq, int64_t wall_ns)
{
    struct stored *f = malloc(sizeof *f + SEGMENT_ROOM + len);
    if (!f)
        return NULL;
    f->refs = 1;
    f->seq = seq;
    f->wall_ns = wall_ns;
    f->len = len;
    memset(f->bytes, 0, SEGMENT_ROOM);
    memcpy(f->bytes + SEGMENT_ROOM, room + SEGMENT_ROOM, len);
    return f;
}

struct stored *stored_ref(struct stored *f)
{
    f->refs++;
    return f;
}

void stored_unref(struct stored *f)
{
    if (f && --f->refs == 0)
        free(f);
}

void stored_queue_finish(struct stored_queue *q)
{
    while (q->count)
        stored_queue_pop(q);
    free(q->items);
    *q = (struct stored_queue){0};
}

bool stored_queue_reserve(struct stored_queue *q)
{
    if (q->head + q->count < q->cap)
        return true;
    if (q->head > 0 && q->head >= q->cap / 2) {
        /* Half of the room is in front: each item moves at most once per such half. */
        memmove(q->items, q->items + q->head, q->count * sizeof(struct stored *));
        q->head = 0;
        return true;
    }
    size_t cap = q->cap ? q->cap * 2 : QUEUE_FIRST_CAP;
    struct stored **items = realloc(q->items, cap * sizeof(struct stored *));
    if (!items)
        return false;
    q->items = items;
    q->cap = cap;
    return true;
}

void stored_queue_push(struct stored_queue *q, struct stored *f)
{
    q->items[q->head + q->count++] = f;
    q->bytes += stored_size(f);
}

void stored_queue_pop(struct stored_queue *q)
{
    struct stored *f = q->items[q->head++];
    q->bytes -= stored_size(f);
    if (--q->count == 0)
        q->head = 0;
    stored_unref(f);
}

struct stored *stored_queue_find(const struct stored_queue *q, uint64_t seq)
{
    size_t low = 0;
    size_t high = q->count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (q->items[q->head + mid]->seq < seq)
            low = mid + 1;
        else
            high = mid;
    }
    return low < q->count ? q->items[q->head + low] : NULL;
}
