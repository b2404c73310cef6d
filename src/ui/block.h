/*
 * block.h - the rows of one session, and when they stop being right by themselves.
 *
 * Under a session the newest turn comes first; within a turn calls stand in the order they happened. A tool
 * call whose only child is the sub-agent it started is one row with it.
 */
#ifndef CT_UI_BLOCK_H
#define CT_UI_BLOCK_H

#include "folds.h"
#include "heap.h"
#include "order.h"

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

struct block {
    struct heap_node due; /* first: something of it changes then although nothing arrives */
    uint64_t session_id;
    const struct session *session;
    struct row *rows; /* owned */
    uint32_t count, cap;
    uint32_t number; /* its index among all blocks */
    bool shown;      /* it is a session, and passes the filter */
};

struct block_input {
    const struct folds *folds;
    const struct node *revealed; /* its ancestors are open whatever the folds say; NULL: none */
    int64_t now_ns;
};

void block_fill(struct block *b, const struct block_input *in);

/* When the rows, the state or the place of a session change by silence alone; 0: never. */
int64_t block_until_ns(const struct session *s, int64_t now_ns);

/* The node as the tree shows it: a sub-agent that shares its tool call's row is that tool call. */
const struct node *rows_shown(const struct node *n);
/* The sub-agent that shares this tool call's row, or NULL. */
const struct node *rows_agent(const struct node *n);
const struct node *rows_first_child(const struct node *n);
const struct node *rows_parent(const struct node *n); /* NULL: hangs from the session */

/* Whether a row that nobody folded or opened starts open. */
bool rows_open_by_default(const struct session *s, const struct node *n, int64_t now_ns);

#endif
