/*
 * stored.h - encoded frames held in memory, in order: the whole journal in memory mode, and on disk the
 * frames that the disk refused.
 *
 * A stored frame is reference-counted, because a reader may still show it to its caller when retention takes
 * it. In front of its payload is room for the segment header and the envelope, so that it can go to disk in
 * one write.
 */
#ifndef CT_JOURNAL_STORED_H
#define CT_JOURNAL_STORED_H

#include "segment.h"

struct stored {
    size_t refs;
    uint64_t seq;
    int64_t wall_ns;
    size_t len;   /* of the payload */
    char bytes[]; /* SEGMENT_ROOM, then the payload */
};

/* room: SEGMENT_ROOM bytes of anything and then the payload. NULL when there is no memory. One reference. */
struct stored *stored_create(const char *room, size_t len, uint64_t seq, int64_t wall_ns);
struct stored *stored_ref(struct stored *f);
void stored_unref(struct stored *f); /* NULL is fine */

static inline struct slice stored_payload(const struct stored *f)
{
    return slice_make(f->bytes + SEGMENT_ROOM, f->len);
}

/* Its size in a segment, which is also what it is charged in memory. */
static inline uint64_t stored_size(const struct stored *f)
{
    return SEGMENT_ENVELOPE_BYTES + (uint64_t)f->len;
}

/* First in, first out, by rising seq. */
struct stored_queue {
    struct stored **items;
    size_t head;
    size_t count;
    size_t cap;
    uint64_t bytes; /* sum of stored_size() */
};

void stored_queue_finish(struct stored_queue *q);

/* Makes room for one push; false when there is no memory. */
bool stored_queue_reserve(struct stored_queue *q);

/* Takes over the reference. stored_queue_reserve() comes first. */
void stored_queue_push(struct stored_queue *q, struct stored *f);

static inline struct stored *stored_queue_first(const struct stored_queue *q)
{
    return q->count ? q->items[q->head] : NULL;
}

void stored_queue_pop(struct stored_queue *q); /* drops the first; count > 0 */

/* The first frame with seq >= seq, or NULL. Borrowed. */
struct stored *stored_queue_find(const struct stored_queue *q, uint64_t seq);

#endif
