#include "id_set.h"

#include "mem.h"

#include <stdlib.h>
#include <string.h>

#define CAP_FIRST 1024

static uint64_t number(const uint8_t id[8])
{
    uint64_t n = 0;
    for (int i = 0; i < 8; i++)
        n = n << 8 | id[i];
    return n;
}

void id_set_init(struct id_set *s)
{
    memset(s, 0, sizeof *s);
}

void id_set_finish(struct id_set *s)
{
    free(s->halves[0].slots);
    free(s->halves[1].slots);
    id_set_init(s);
}

/* Where n is, or the free slot where it would be. */
static size_t slot_of(const uint64_t *slots, size_t cap, uint64_t n)
{
    size_t i = (size_t)n & (cap - 1);
    while (slots[i] && slots[i] != n)
        i = (i + 1) & (cap - 1);
    return i;
}

bool id_set_has(const struct id_set *s, const uint8_t id[8])
{
    uint64_t n = number(id);
    for (int h = 0; h < 2 && n; h++)
        if (s->halves[h].cap && s->halves[h].slots[slot_of(s->halves[h].slots, s->halves[h].cap, n)])
            return true;
    return false;
}

static void grow(struct id_set *s)
{
    size_t cap = s->halves[0].cap ? 2 * s->halves[0].cap : CAP_FIRST;
    uint64_t *slots = mem_array(cap, sizeof *slots);
    for (size_t i = 0; i < s->halves[0].cap; i++)
        if (s->halves[0].slots[i])
            slots[slot_of(slots, cap, s->halves[0].slots[i])] = s->halves[0].slots[i];
    free(s->halves[0].slots);
    s->halves[0].slots = slots;
    s->halves[0].cap = cap;
}

void id_set_add(struct id_set *s, const uint8_t id[8])
{
    uint64_t n = number(id);
    if (n == 0 || id_set_has(s, id))
        return;
    if (s->halves[0].count == ID_SET_HALF_MAX) {
        s->forgotten += s->halves[1].count;
        free(s->halves[1].slots);
        s->halves[1] = s->halves[0];
        memset(&s->halves[0], 0, sizeof s->halves[0]);
    }
    if (2 * s->halves[0].count >= s->halves[0].cap)
        grow(s);
    s->halves[0].slots[slot_of(s->halves[0].slots, s->halves[0].cap, n)] = n;
    s->halves[0].count++;
}
