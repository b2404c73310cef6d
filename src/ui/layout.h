/*
 * layout.h - which columns stand where at a given width.
 *
 * Columns go by priority as the screen narrows, and the name gives way last; those that are shown only
 * because somebody asked for them come right behind the state. What is left over on wide screens first widens
 * the name and the state, then stays blank, so that a number never drifts too far from its name.
 */
#ifndef CT_UI_LAYOUT_H
#define CT_UI_LAYOUT_H

#include "columns.h"

struct layout {
    struct {
        int col;
        int width; /* 0: not shown */
    } columns[COLUMN_COUNT];
};

void layout_compute(struct layout *layout, const struct column_set *set, int cols);

/* The column at a screen column, gaps counted to the one on their right; COLUMN_COUNT: none. */
enum column layout_at(const struct layout *layout, int col);

#endif
