#include "folds.h"

#include "mem.h"

#include <stdlib.h>

#define FOLDS_CAP_FIRST 64

void folds_init(struct folds *f)
{
    *f = (struct folds){.version = 1};
}

void folds_finish(struct folds *f)
{
    free(f->entries);
    folds_init(f);
}

/* The entry of id, or the free one where it would stand. cap is a power of two and never full. */
static struct fold_entry *slot(const struct folds *f, uint64_t id)
{
    size_t at = (size_t)((id * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & (f->cap - 1);
    while (f->entries[at].id != 0 && f->entries[at].id != id)
        at = (at + 1) & (f->cap - 1);
    return &f->entries[at];
}

enum fold folds_get(const struct folds *f, uint64_t id)
{
    return f->count ? (enum fold)slot(f, id)->fold : FOLD_AUTO;
}

/* Moves all that is not to be forgotten into a new table of cap entries. */
static void rebuild(struct folds *f, size_t cap, bool (*forget)(uint64_t id, const void *ctx),
                    const void *ctx)
{
    struct fold_entry *old = f->entries;
    size_t old_cap = f->cap;
    f->entries = mem_array(cap, sizeof(*f->entries));
    f->cap = cap;
    f->count = 0;
    for (size_t i = 0; i < old_cap; i++) {
        if (old[i].id == 0 || old[i].fold == FOLD_AUTO || (forget && forget(old[i].id, ctx)))
            continue;
        *slot(f, old[i].id) = old[i];
        f->count++;
    }
    free(old);
}

static void note(struct folds *f, uint64_t session_id)
{
    f->version++;
    f->recent[f->version % FOLDS_RECENT] = session_id;
}

bool folds_changed(const struct folds *f, uint64_t since, uint64_t out[FOLDS_RECENT], size_t *count)
{
    *count = 0;
    if (since > f->version || f->version - since > FOLDS_RECENT)
        return false;
    for (uint64_t v = since + 1; v <= f->version; v++) {
        uint64_t session_id = f->recent[v % FOLDS_RECENT];
        if (session_id == 0)
            return false;
        out[(*count)++] = session_id;
    }
    return true;
}

void folds_set(struct folds *f, uint64_t session_id, uint64_t node_id, enum fold fold)
{
    uint64_t id = fold_id(session_id, node_id);
    if (folds_get(f, id) == fold)
        return;
    bool full = f->count >= FOLDS_MAX;
    note(f, full ? 0 : session_id);
    if (full) {
        free(f->entries);
        f->entries = NULL;
        f->cap = f->count = 0;
    }
    if (f->cap == 0 || (f->count + 1) * 2 > f->cap)
        rebuild(f, f->cap ? f->cap * 2 : FOLDS_CAP_FIRST, NULL, NULL);
    struct fold_entry *e = slot(f, id);
    if (e->id == 0) {
        e->id = id;
        f->count++;
    }
    e->fold = (uint8_t)fold;
}

void folds_prune(struct folds *f, uint64_t session_id, bool (*forget)(uint64_t id, const void *ctx),
                 const void *ctx)
{
    if (f->cap == 0)
        return;
    rebuild(f, f->cap, forget, ctx);
    note(f, session_id);
}
