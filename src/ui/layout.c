#include "layout.h"

#define MARGIN        1
#define FOLDER_WANTED 26 /* columns that the folder gets before the name grows */

/* Piecewise linear between the widths that people use: 40, 80, 120, 160. */
static int between(int cols, int c0, int v0, int c1, int v1)
{
    return v0 + (cols - c0) * (v1 - v0) / (c1 - c0);
}

static int name_floor(int cols)
{
    /* A split of 40 columns has just enough for the state and the cost beside it. */
    if (cols <= 40)
        return cols < 34 ? cols - 18 : 16;
    if (cols <= 80)
        return between(cols, 40, 16, 80, 26);
    return cols <= 160 ? between(cols, 80, 26, 160, 40) : 40;
}

static int state_wanted(int cols)
{
    if (cols <= 60)
        return 12;
    return cols >= 160 ? 24 : between(cols, 60, 12, 160, 24);
}

static int column_width(enum column c, int cols)
{
    return c == COLUMN_STATE ? state_wanted(cols) : column_info(c)->width;
}

/* Narrow screens keep one blank between columns, wide ones two. */
static int gap(enum column c, int cols)
{
    return c == COLUMN_STATE || c == COLUMN_BRANCH || c == COLUMN_ID || c == COLUMN_FOLDER ? 2
           : cols >= 110                                                                   ? 2
                                                                                           : 1;
}

/* The shown columns but for the name, those that matter most first. */
static int by_priority(const struct column_set *set, enum column out[COLUMN_COUNT])
{
    int count = 0;
    if (set->shown[COLUMN_STATE])
        out[count++] = COLUMN_STATE;
    for (int i = 0; i < COLUMN_COUNT; i++)
        if (set->shown[set->order[i]] && !column_is_standard((enum column)set->order[i]))
            out[count++] = (enum column)set->order[i];
    for (int p = column_info(COLUMN_STATE)->priority + 1; p < COLUMN_COUNT; p++)
        for (int c = 0; c < COLUMN_COUNT; c++)
            if (set->shown[c] && column_info((enum column)c)->priority == p)
                out[count++] = (enum column)c;
    return count;
}

static int widen(struct layout *l, enum column c, int left, int most)
{
    int room = most - l->columns[c].width;
    if (l->columns[c].width == 0 || room <= 0 || left <= 0)
        return left;
    int more = room < left ? room : left;
    l->columns[c].width += more;
    return left - more;
}

void layout_compute(struct layout *l, const struct column_set *set, int cols)
{
    enum column ranked[COLUMN_COUNT];
    int count = by_priority(set, ranked);
    *l = (struct layout){0};
    int left = cols - 2 * MARGIN - name_floor(cols);
    l->columns[COLUMN_NAME].width = name_floor(cols);
    for (int i = 0; i < count; i++) {
        enum column c = ranked[i];
        int width = column_width(c, cols);
        if (left >= width + gap(c, cols)) {
            l->columns[c].width = width;
            left -= width + gap(c, cols);
        } else if (column_is_standard(c)) {
            break; /* in strict order: a column never comes before one that matters more */
        }
    }
    left = widen(l, COLUMN_MODEL, left, cols >= 100 ? column_info(COLUMN_MODEL)->width_max : 0);
    left = widen(l, COLUMN_FOLDER, left, FOLDER_WANTED);
    left = widen(l, COLUMN_BRANCH, left, column_info(COLUMN_BRANCH)->width_max);
    left = widen(l, COLUMN_NAME, left, column_info(COLUMN_NAME)->width_max);
    left = widen(l, COLUMN_STATE, left, column_info(COLUMN_STATE)->width_max);
    widen(l, COLUMN_FOLDER, left, column_info(COLUMN_FOLDER)->width_max);
    int col = MARGIN;
    for (int i = 0; i < COLUMN_COUNT; i++) {
        enum column c = (enum column)set->order[i];
        if (l->columns[c].width == 0)
            continue;
        col += c == COLUMN_NAME ? 0 : gap(c, cols);
        l->columns[c].col = col;
        col += l->columns[c].width;
    }
}

enum column layout_at(const struct layout *l, int col)
{
    enum column found = COLUMN_COUNT;
    for (int c = 0; c < COLUMN_COUNT; c++)
        if (l->columns[c].width && col < l->columns[c].col + l->columns[c].width &&
            (found == COLUMN_COUNT || l->columns[c].col < l->columns[found].col))
            found = (enum column)c;
    return found;
}
