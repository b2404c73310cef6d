/*
 * id_set.h - the span ids that were sent: a set that forgets the oldest when it is full.
 *
 * Two halves of ID_SET_HALF_MAX ids each. When the newer one is full, the older one goes and they change
 * places, so that the newest ID_SET_HALF_MAX at least are known, in at most 8 MiB. Ids are hashes already and
 * are not hashed again.
 */
#ifndef CT_TRACE_ID_SET_H
#define CT_TRACE_ID_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ID_SET_HALF_MAX ((size_t)262144)

struct id_set {
    struct {
        uint64_t *slots; /* 0: free */
        size_t cap;      /* 0 or a power of two */
        size_t count;
    } halves[2]; /* the newer one first */
    uint64_t forgotten;
};

void id_set_init(struct id_set *s);
void id_set_finish(struct id_set *s);
bool id_set_has(const struct id_set *s, const uint8_t id[8]);
void id_set_add(struct id_set *s, const uint8_t id[8]);

#endif
