/*
 * map.h - a hash table from bytes to pointers.
 *
 * Keys are borrowed: they must live, unchanged, as long as their entry (keep the key inside the value). Open
 * addressing with linear probing, at most 3/4 full, SipHash-1-3 with the seed given at init, because keys
 * come from the network. There is no iteration: whoever needs an order keeps a list, so that nothing on the
 * screen can depend on the seed.
 */
#ifndef CT_BASE_MAP_H
#define CT_BASE_MAP_H

#include "slice.h"

struct map_entry;

struct map {
    struct map_entry *entries;
    size_t cap;   /* 0 or a power of two */
    size_t count; /* live entries */
    size_t dirty; /* live entries and tombstones */
    uint64_t seed[2];
};

void map_init(struct map *m, uint64_t seed);
void map_finish(struct map *m); /* values are not touched */

void *map_get(const struct map *m, struct slice key); /* NULL when absent */

/* Adds or replaces; returns the value that was there before, or NULL. value is never NULL. */
void *map_put(struct map *m, struct slice key, void *value);

/* Returns the value that was removed, or NULL. */
void *map_remove(struct map *m, struct slice key);

/* SipHash-1-3 of the bytes. */
uint64_t map_hash(const uint64_t seed[2], struct slice key);

#endif
