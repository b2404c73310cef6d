/*
 * view.h - the views that the keys 1 to 7 lead to: one table from which drawing, moving and clicking come.
 *
 * A view is a file in views/ and a line in view.c. It draws its body (a title line and the lines below it)
 * and nothing else: header, footer, messages, help and the frozen screen are ui.c's. A view whose lines stand
 * for rows of the model notes them in ui->lines, so that clicks, the selection and a frozen screen work by
 * themselves; it keeps no pointer into the model beyond a call.
 */
#ifndef CT_UI_VIEW_H
#define CT_UI_VIEW_H

#include "ui.h"

/* A row of the model, by id: what a click or a paused screen refers to. */
struct line {
    uint64_t session_id; /* 0: nothing there */
    uint64_t node_id;    /* 0: the session's own */
};

/* Further than any list is long: to the first or to the last line. */
#define MOVE_TO_END (INT64_C(1) << 30)

/* A box on the grid. */
struct area {
    int row, col, rows, cols;
};

struct view {
    const char *name; /* as settings and the help call it */
    unsigned context; /* enum key_context: which keys it listens to */
    bool shows_nodes; /* its lines are rows of the model: the details of the selected one may stand beside */
    void (*draw)(struct ui *ui, const struct ui_data *data, struct grid *grid, struct area area);
    /* Moves the selection, or scrolls; by is clamped by the view, so that huge values mean the ends. */
    void (*move)(struct ui *ui, const struct ui_data *data, int64_t by);
    /* Enter, where it does not fold; NULL: nothing happens. */
    void (*enter)(struct ui *ui, const struct ui_data *data);
    /* What links and copies are about; NULL: the row selected in the tree. */
    struct line (*target)(const struct ui *ui, const struct ui_data *data);
    /* Selects the next hit of the search among its rows, from the selected one (inclusive: that one counts),
     * and counts the hits; NULL: as the tree does it. */
    void (*find)(struct ui *ui, const struct ui_data *data, bool forward, bool inclusive);
    /* A click on a line that is not in ui->lines (line 0 is the title's); NULL: nothing happens. */
    void (*click)(struct ui *ui, const struct ui_data *data, int line, int col, bool twice);
};

const struct view *view_of(enum ui_view_id id);

/* The view by its name in view_of(); -1: there is none. */
int view_find(struct slice name);

#endif
