/* Sorting entries: a natural merge sort, because what arrives is nearly in order and is sorted again and
 * again. */
#include "mem.h"
#include "model_private.h"

int entry_cmp(const struct entry *a, const struct entry *b)
{
    if (a->pub.start_ns != b->pub.start_ns)
        return a->pub.start_ns < b->pub.start_ns ? -1 : 1;
    if (a->pub.kind != b->pub.kind)
        return a->pub.kind < b->pub.kind ? -1 : 1;
    return slice_cmp(a->key, b->key);
}

/* The end of the run in order that begins at from. */
static size_t run_end(struct entry **items, size_t from, size_t count, entry_cmp_fn cmp)
{
    size_t i = from + 1;
    while (i < count && cmp(items[i - 1], items[i]) <= 0)
        i++;
    return i < count ? i : count;
}

static void merge(struct entry **out, struct entry **a, size_t na, struct entry **b, size_t nb,
                  entry_cmp_fn cmp)
{
    while (na && nb) {
        if (cmp(*a, *b) <= 0) {
            *out++ = *a++;
            na--;
        } else {
            *out++ = *b++;
            nb--;
        }
    }
    if (na)
        memcpy(out, a, na * sizeof(struct entry *));
    if (nb)
        memcpy(out + na, b, nb * sizeof(struct entry *));
}

/* Everything newest first is the commonest disorder: turned round, it is one run. */
static void reverse(struct entry **items, size_t count)
{
    for (size_t i = 0; i < count / 2; i++) {
        struct entry *e = items[i];
        items[i] = items[count - 1 - i];
        items[count - 1 - i] = e;
    }
}

void sort_entries(struct model *m, struct entry **items, size_t count, entry_cmp_fn cmp)
{
    if (count < 2 || run_end(items, 0, count, cmp) == count)
        return;
    if (cmp(items[0], items[1]) > 0 && cmp(items[count / 2], items[count - 1]) > 0)
        reverse(items, count);
    if (m->scratch_cap < count) {
        m->scratch_cap = count + count / 2;
        m->scratch = mem_grow(m->scratch, m->scratch_cap, sizeof(struct entry *));
    }
    for (size_t runs = 2; runs > 1;) {
        runs = 0;
        for (size_t from = 0; from < count;) {
            size_t middle = run_end(items, from, count, cmp);
            size_t end = middle < count ? run_end(items, middle, count, cmp) : count;
            merge(m->scratch + from, items + from, middle - from, items + middle, end - middle, cmp);
            from = end;
            runs++;
        }
        memcpy(items, m->scratch, count * sizeof(struct entry *));
    }
}
