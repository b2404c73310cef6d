/*
 * arena.h - memory for things that live and die together.
 *
 * Allocation is a pointer bump in chunks; nothing is freed alone. arena_reset() keeps one chunk for the next
 * round, so that a per-request arena allocates nothing once it is warm. The ceiling bounds the sum of all
 * chunks: past it arena_alloc() returns NULL, which the caller turns into CT_ERR_LIMIT.
 */
#ifndef CT_BASE_ARENA_H
#define CT_BASE_ARENA_H

#include "slice.h"

struct arena_chunk;

struct arena {
    struct arena_chunk *head; /* the chunk in use; older ones are behind it */
    size_t used;              /* bytes handed out since the last reset */
    size_t held;              /* bytes in all chunks */
    size_t max;               /* ceiling for held */
    size_t chunk; /* a smallest chunk: then they grow with what is held; 0: all have the usual size */
};

void arena_init(struct arena *a, size_t max);
void arena_finish(struct arena *a);
void arena_reset(struct arena *a);

/* size bytes aligned for any type, not zeroed; NULL at the ceiling. */
void *arena_alloc(struct arena *a, size_t size);

/* A NUL-terminated copy in the arena; ptr is NULL (and len 0) at the ceiling. */
struct slice arena_dup(struct arena *a, struct slice s);

#endif
