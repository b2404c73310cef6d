/*
 * folds.h - which rows the user opened or folded, by id. Rows that nobody touched follow the view's own rule.
 *
 * At most FOLDS_MAX rows are remembered; past that all are forgotten, for the view's own rule is a sound
 * answer for any row. The view prunes the ids that the model no longer knows well before.
 */
#ifndef CT_UI_FOLDS_H
#define CT_UI_FOLDS_H

#include "slice.h"

#define FOLDS_MAX    16384
#define FOLDS_RECENT 8

enum fold { FOLD_AUTO, FOLD_OPEN, FOLD_CLOSED, FOLD_OPEN_BELOW /* open, and so is everything below */ };

struct fold_entry {
    uint64_t id; /* 0: free */
    uint8_t fold;
};

struct folds {
    struct fold_entry *entries; /* open addressing, at most half full; owned */
    size_t cap;
    size_t count;
    uint64_t version;              /* raised by every change */
    uint64_t recent[FOLDS_RECENT]; /* session of change v at [v % FOLDS_RECENT]; 0: several */
};

/* Sessions and nodes count their ids apart; this makes one space of them. node_id 0: the session. */
static inline uint64_t fold_id(uint64_t session_id, uint64_t node_id)
{
    return node_id ? node_id * 2 : session_id * 2 + 1;
}

void folds_init(struct folds *f);
void folds_finish(struct folds *f);
enum fold folds_get(const struct folds *f, uint64_t id);

/* A row of that session, or the session's own (node_id 0). FOLD_AUTO forgets the row. */
void folds_set(struct folds *f, uint64_t session_id, uint64_t node_id, enum fold fold);

/* Forgets every row for which forget() is true: those of one session, and what no tree has any more. */
void folds_prune(struct folds *f, uint64_t session_id, bool (*forget)(uint64_t id, const void *ctx),
                 const void *ctx);

/*
 * The sessions whose rows changed since a version, at most FOLDS_RECENT of them; false: there are more, or it
 * is not known.
 */
bool folds_changed(const struct folds *f, uint64_t since, uint64_t out[FOLDS_RECENT], size_t *count);

#endif
