#include "arena.h"

#include <stdalign.h>
#include <stdlib.h>

#define ARENA_CHUNK (64u * 1024u)

struct arena_chunk {
    struct arena_chunk *next;
    size_t size;
    size_t used;
    alignas(max_align_t) char data[];
};

void arena_init(struct arena *a, size_t max)
{
    *a = (struct arena){.max = max};
}

void arena_finish(struct arena *a)
{
    while (a->head) {
        struct arena_chunk *next = a->head->next;
        free(a->head);
        a->head = next;
    }
    a->used = a->held = 0;
}

void arena_reset(struct arena *a)
{
    struct arena_chunk *keep = a->head;
    if (!keep)
        return;
    for (struct arena_chunk *c = keep->next; c;) {
        struct arena_chunk *next = c->next;
        free(c);
        c = next;
    }
    keep->next = NULL;
    keep->used = 0;
    a->held = keep->size;
    a->used = 0;
}

/* A quarter of what there is already: little is left over, and chunks stay few. */
static size_t chunk_size(const struct arena *a)
{
    size_t size = a->held / 4 > a->chunk ? a->held / 4 : a->chunk;
    return size < ARENA_CHUNK ? size : ARENA_CHUNK;
}

void *arena_alloc(struct arena *a, size_t size)
{
    const size_t align = alignof(max_align_t);
    if (size > a->max || size > SIZE_MAX - align)
        return NULL;
    size = (size + align - 1) / align * align;
    if (!a->head || a->head->size - a->head->used < size) {
        size_t least = a->chunk ? chunk_size(a) : ARENA_CHUNK;
        size_t room = size > least ? size : least;
        if (room > a->max - a->held)
            room = size;
        if (room > a->max - a->held)
            return NULL;
        struct arena_chunk *chunk = malloc(sizeof *chunk + room);
        if (!chunk)
            return NULL;
        chunk->next = a->head;
        chunk->size = room;
        chunk->used = 0;
        a->head = chunk;
        a->held += room;
    }
    void *ptr = a->head->data + a->head->used;
    a->head->used += size;
    a->used += size;
    return ptr;
}

struct slice arena_dup(struct arena *a, struct slice s)
{
    char *copy = arena_alloc(a, s.len + 1);
    if (!copy)
        return SLICE_NULL;
    if (s.len)
        memcpy(copy, s.ptr, s.len);
    copy[s.len] = '\0';
    return slice_make(copy, s.len);
}
