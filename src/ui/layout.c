#include "layout.h"

/* The order is that of the screen. */
static const struct column_info COLUMNS[COLUMN_COUNT] = {
    [COLUMN_NAME] = {"SESSION / TURN / CALL", "", 0, 72, 0, false, UI_SORT_NAME},
    [COLUMN_STATE] = {"STATE", "what it does, and for how long", 12, 26, 1, false, UI_SORT_STATE},
    [COLUMN_MODEL] = {"MODEL", "model of the newest call", 6, 11, 4, false, UI_SORT_COUNT},
    [COLUMN_IN] = {"IN", "input tokens, without the cache", 4, 4, 6, true, UI_SORT_COUNT},
    [COLUMN_OUT] = {"OUT", "output tokens", 4, 4, 5, true, UI_SORT_TOKENS},
    [COLUMN_CACHE] = {"CACHE", "tokens read from and written to the cache", 5, 5, 7, true, UI_SORT_COUNT},
    [COLUMN_COST] = {"COST", "US dollars; a part may be unknown", 7, 7, 2, true, UI_SORT_COST},
    [COLUMN_TIME] = {"TIME", "from start to end, or to now", 7, 7, 3, true, UI_SORT_TIME},
    [COLUMN_LLM] = {"LLM", "LLM calls", 4, 4, 10, true, UI_SORT_COUNT},
    [COLUMN_TOOLS] = {"TOOLS", "tool calls", 5, 5, 9, true, UI_SORT_COUNT},
    [COLUMN_ERRORS] = {"ERR", "failed LLM and tool calls", 4, 4, 8, true, UI_SORT_COUNT},
    [COLUMN_AGENTS] = {"AGENTS", "sub-agents", 6, 6, 13, true, UI_SORT_COUNT},
    [COLUMN_TTFT] = {"TTFT", "time to the first token", 6, 6, 12, true, UI_SORT_COUNT},
    [COLUMN_WAIT] = {"WAIT", "time spent waiting for you", 6, 6, 11, true, UI_SORT_COUNT},
    [COLUMN_ID] = {"SESSION", "first characters of the session id", 8, 8, 14, false, UI_SORT_COUNT},
    [COLUMN_FOLDER] = {"FOLDER", "working folder of the session", 16, 44, 15, false, UI_SORT_COUNT},
};

#define MARGIN        1
#define FOLDER_WANTED 26 /* columns that the folder gets before the name grows */

const struct column_info *column_info(enum column column)
{
    return &COLUMNS[column];
}

/* Piecewise linear between the widths that people use: 40, 80, 120, 160. */
static int between(int cols, int c0, int v0, int c1, int v1)
{
    return v0 + (cols - c0) * (v1 - v0) / (c1 - c0);
}

static int name_floor(int cols)
{
    if (cols <= 40)
        return cols < 34 ? cols - 18 : 16 + (cols - 34) / 3;
    if (cols <= 80)
        return between(cols, 40, 18, 80, 26);
    return cols <= 160 ? between(cols, 80, 26, 160, 50) : 50;
}

static int state_wanted(int cols)
{
    if (cols <= 60)
        return 12;
    return cols >= 160 ? 24 : between(cols, 60, 12, 160, 24);
}

static int column_width(enum column c, int cols)
{
    return c == COLUMN_STATE ? state_wanted(cols) : COLUMNS[c].width;
}

/* Narrow screens keep one blank between columns, wide ones two. */
static int gap(enum column c, int cols)
{
    return c == COLUMN_STATE || c == COLUMN_ID || c == COLUMN_FOLDER ? 2 : cols >= 110 ? 2 : 1;
}

static enum column next_by_priority(int priority)
{
    for (int c = 0; c < COLUMN_COUNT; c++)
        if (COLUMNS[c].priority == priority)
            return (enum column)c;
    return COLUMN_COUNT;
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

void layout_compute(struct layout *l, int cols)
{
    *l = (struct layout){0};
    int left = cols - 2 * MARGIN - name_floor(cols);
    l->columns[COLUMN_NAME].width = name_floor(cols);
    for (int p = 1; p < COLUMN_COUNT; p++) {
        enum column c = next_by_priority(p);
        int width = column_width(c, cols);
        if (left < width + gap(c, cols))
            break; /* in strict order: a column never comes before one that matters more */
        l->columns[c].width = width;
        left -= width + gap(c, cols);
    }
    left = widen(l, COLUMN_MODEL, left, cols >= 100 ? COLUMNS[COLUMN_MODEL].width_max : 0);
    left = widen(l, COLUMN_FOLDER, left, FOLDER_WANTED);
    left = widen(l, COLUMN_NAME, left, COLUMNS[COLUMN_NAME].width_max);
    left = widen(l, COLUMN_STATE, left, COLUMNS[COLUMN_STATE].width_max);
    widen(l, COLUMN_FOLDER, left, COLUMNS[COLUMN_FOLDER].width_max);
    int col = MARGIN;
    for (int c = 0; c < COLUMN_COUNT; c++) {
        if (l->columns[c].width == 0)
            continue;
        col += c == COLUMN_NAME ? 0 : gap((enum column)c, cols);
        l->columns[c].col = col;
        col += l->columns[c].width;
    }
}

enum column layout_at(const struct layout *l, int col)
{
    for (int c = 0; c < COLUMN_COUNT; c++)
        if (l->columns[c].width && col < l->columns[c].col + l->columns[c].width)
            return (enum column)c;
    return COLUMN_COUNT;
}
