/*
 * layout.h - which columns stand where at a given width.
 *
 * Columns go by priority as the screen narrows, and the name gives way last; what is left over on wide
 * screens first widens the name and the state, then stays blank, so that a number never drifts too far from
 * its name.
 */
#ifndef CT_UI_LAYOUT_H
#define CT_UI_LAYOUT_H

#include "ui.h"

enum column {
    COLUMN_NAME,
    COLUMN_STATE,
    COLUMN_MODEL,
    COLUMN_IN,
    COLUMN_OUT,
    COLUMN_CACHE,
    COLUMN_COST,
    COLUMN_TIME,
    COLUMN_LLM,
    COLUMN_TOOLS,
    COLUMN_ERRORS,
    COLUMN_AGENTS,
    COLUMN_TTFT,
    COLUMN_WAIT,
    COLUMN_ID,
    COLUMN_FOLDER,
    COLUMN_COUNT
};

struct layout {
    struct {
        int col;
        int width; /* 0: not shown */
    } columns[COLUMN_COUNT];
};

struct column_info {
    const char *title;
    const char *help;
    int width;         /* at least */
    int width_max;     /* when there is room */
    int priority;      /* small stays longest */
    bool right;        /* flush right */
    enum ui_sort sort; /* by which it sorts; UI_SORT_COUNT: none */
};

const struct column_info *column_info(enum column column);

void layout_compute(struct layout *layout, int cols);

/* The column at a screen column, gaps counted to the one on their right; COLUMN_COUNT: none. */
enum column layout_at(const struct layout *layout, int col);

#endif
