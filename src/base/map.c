#include "map.h"

#include "mem.h"

#include <stdlib.h>

#define MAP_FIRST_CAP 16

struct map_entry {
    struct slice key;
    uint64_t hash;
    void *value; /* NULL: never used (hash 0) or a tombstone (hash 1) */
};

static uint64_t rotl(uint64_t x, int bits)
{
    return x << bits | x >> (64 - bits);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotl(v[1], 13) ^ v[0];
    v[0] = rotl(v[0], 32);
    v[2] += v[3];
    v[3] = rotl(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotl(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotl(v[1], 17) ^ v[2];
    v[2] = rotl(v[2], 32);
}

uint64_t map_hash(const uint64_t seed[2], struct slice key)
{
    uint64_t v[4] = {seed[0] ^ 0x736f6d6570736575u, seed[1] ^ 0x646f72616e646f6du,
                     seed[0] ^ 0x6c7967656e657261u, seed[1] ^ 0x7465646279746573u};
    size_t at = 0;
    for (; at + 8 <= key.len; at += 8) {
        uint64_t word;
        memcpy(&word, key.ptr + at, 8);
        v[3] ^= word;
        sip_round(v);
        v[0] ^= word;
    }
    uint64_t last = (uint64_t)key.len << 56;
    for (size_t i = 0; at + i < key.len; i++)
        last |= (uint64_t)(uint8_t)key.ptr[at + i] << (8 * i);
    v[3] ^= last;
    sip_round(v);
    v[0] ^= last;
    v[2] ^= 0xff;
    sip_round(v);
    sip_round(v);
    sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

void map_init(struct map *m, uint64_t seed)
{
    *m = (struct map){.seed = {seed, seed * 0x9e3779b97f4a7c15u + 1}};
}

void map_finish(struct map *m)
{
    free(m->entries);
    m->entries = NULL;
    m->cap = m->count = m->dirty = 0;
}

/* The entry that holds key, or else the first one that may take it. */
static struct map_entry *find(const struct map *m, struct slice key, uint64_t hash)
{
    struct map_entry *tombstone = NULL;
    for (size_t i = (size_t)hash & (m->cap - 1);; i = (i + 1) & (m->cap - 1)) {
        struct map_entry *e = &m->entries[i];
        if (e->value) {
            if (e->hash == hash && slice_eq(e->key, key))
                return e;
        } else if (e->hash == 0) {
            return tombstone ? tombstone : e;
        } else if (!tombstone) {
            tombstone = e;
        }
    }
}

static uint64_t entry_hash(const struct map *m, struct slice key)
{
    return map_hash(m->seed, key) | 2; /* 0 and 1 mark unused entries */
}

void *map_get(const struct map *m, struct slice key)
{
    if (m->count == 0)
        return NULL;
    return find(m, key, entry_hash(m, key))->value;
}

static void resize(struct map *m, size_t cap)
{
    struct map old = *m;
    m->entries = mem_array(cap, sizeof *m->entries);
    m->cap = cap;
    m->dirty = m->count;
    for (size_t i = 0; i < old.cap; i++)
        if (old.entries[i].value)
            *find(m, old.entries[i].key, old.entries[i].hash) = old.entries[i];
    free(old.entries);
}

void *map_put(struct map *m, struct slice key, void *value)
{
    if ((m->dirty + 1) * 4 > m->cap * 3) {
        size_t cap = m->cap ? m->cap : MAP_FIRST_CAP;
        while ((m->count + 1) * 2 > cap)
            cap *= 2;
        resize(m, cap);
    }
    uint64_t hash = entry_hash(m, key);
    struct map_entry *e = find(m, key, hash);
    void *before = e->value;
    if (!before) {
        m->count++;
        if (e->hash == 0)
            m->dirty++;
    }
    *e = (struct map_entry){key, hash, value};
    return before;
}

void *map_remove(struct map *m, struct slice key)
{
    if (m->count == 0)
        return NULL;
    struct map_entry *e = find(m, key, entry_hash(m, key));
    void *value = e->value;
    if (!value)
        return NULL;
    *e = (struct map_entry){.hash = 1};
    m->count--;
    return value;
}
