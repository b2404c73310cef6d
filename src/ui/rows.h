/*
 * rows.h - the tree as a flat list of rows: sessions in the order of the sort, below them what is unfolded.
 *
 * The rows of each session are a block (block.h) that is kept until something that it depends on changes: the
 * session's revision, its folds, the filter, or time where silence means something. Sessions whose place may
 * have changed are taken out of the order and put where they belong. So bringing the list up to date costs
 * what has changed, and one pass over small entries, not the number of rows. The outcome is the same as that
 * of a list made afresh, but for the order in which it came about.
 *
 * The pointers in a row are good until the model changes; the ids for ever.
 */
#ifndef CT_UI_ROWS_H
#define CT_UI_ROWS_H

#include "block.h"
#include "filter.h"
#include "map.h"

struct rows {
    size_t count;        /* of rows */
    struct order *order; /* owned: the sessions that are shown, in order */
    size_t sessions;     /* in it */
    bool ticks;          /* some session's place changes as time passes */
    size_t newest;       /* index in it: a session that waits for the human, else the one heard of last */

    struct block **blocks; /* owned, as each is: of all sessions, by number */
    size_t block_count, cap;
    struct map index;              /* session id -> block */
    struct heap due;               /* blocks */
    uint8_t *marks;                /* of blocks: what has to be made again */
    uint32_t *places;              /* of blocks that are shown: index in the order */
    uint32_t *marked;              /* blocks that have marks … */
    size_t marked_count;           /* … and how many */
    struct order *scratch, *fresh; /* owned; room for sorting, and for those that move */

    /* What the list was built from. */
    const struct model *model;
    uint64_t seen, departures, folds_version;
    int64_t now_ns;
    enum ui_sort sort;
    bool inverted;
    uint64_t reveal, revealed_session, filter_version, last_id;
};

void rows_init(struct rows *r);
void rows_finish(struct rows *r);

struct rows_input {
    const struct model *model;
    int64_t now_ns;
    const struct folds *folds;
    enum ui_sort sort;
    bool inverted;
    const struct filter *filter; /* NULL: all */
    uint64_t filter_version;
    const struct slice *here; /* as in struct ui_data */
    size_t here_count;
    uint64_t reveal; /* node.id whose ancestors are shown open, whatever the folds say; 0: none */
};

/* Brings the list up to date. */
void rows_update(struct rows *r, const struct rows_input *in);

/* One row, good until the next rows_update(); NULL: there are not so many. */
const struct row *rows_at(const struct rows *r, size_t index);

/* The index of a row, looking at hint first; r->count when it is not in the list. */
size_t rows_find(const struct rows *r, uint64_t session_id, uint64_t node_id, size_t hint);

/* When the list changes although nothing arrives; 0: never. */
int64_t rows_until_ns(const struct rows *r);

/* Shown in the tree at all. */
bool rows_shows(const struct session *s);

#endif
