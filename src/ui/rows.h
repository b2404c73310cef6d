/*
 * rows.h - the tree as a flat list of rows: sessions in the order of the sort, below them what is unfolded.
 *
 * The list is cached: it is rebuilt when the model, the folds, the sort or (for states that are about
 * silence) the second changed. Building takes O(sessions log sessions + rows). The pointers in a row are good
 * until the model changes; the ids for ever.
 *
 * Under a session the newest turn comes first; within a turn calls stand in the order they happened. A tool
 * call whose only child is the sub-agent it started is one row with it.
 */
#ifndef CT_UI_ROWS_H
#define CT_UI_ROWS_H

#include "filter.h"
#include "folds.h"
#include "model.h"
#include "ui.h"

/* A finished sub-agent with more calls than this starts folded. */
#define ROWS_AGENT_CALLS_OPEN 12

struct row {
    const struct session *session;
    const struct node *node; /* NULL: the session's own row */
    uint64_t session_id;
    uint64_t node_id;
    uint32_t depth;
    bool has_children;
    bool open;
};

struct order {
    const struct session *session;
    struct run_status status;
    int64_t rank; /* small first */
    int64_t key;  /* large first */
};

struct rows {
    struct row *items; /* owned */
    size_t count, cap;
    struct order *order; /* owned, as is scratch: the sessions in order */
    struct order *scratch;
    size_t sessions, order_cap;

    /* What the list was built from. */
    bool valid;
    uint64_t generation, folds_version;
    int64_t second;
    enum ui_sort sort;
    bool inverted;
    uint64_t reveal, filter_version;
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

/* Brings the list up to date; true when it was rebuilt. */
bool rows_update(struct rows *r, const struct rows_input *in);

/* The index of a row, looking near hint first; r->count when it is not in the list. */
size_t rows_find(const struct rows *r, uint64_t session_id, uint64_t node_id, size_t hint);

/* Shown in the tree at all. */
bool rows_shows(const struct session *s);

/* The node as the tree shows it: a sub-agent that shares its tool call's row is that tool call. */
const struct node *rows_shown(const struct node *n);
/* The sub-agent that shares this tool call's row, or NULL. */
const struct node *rows_agent(const struct node *n);
const struct node *rows_first_child(const struct node *n);
const struct node *rows_parent(const struct node *n); /* NULL: hangs from the session */

/* Whether a row that nobody folded or opened starts open. */
bool rows_open_by_default(const struct session *s, const struct node *n, int64_t now_ns);

#endif
