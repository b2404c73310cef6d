/*
 * columns.h - the tree's columns: what there are, which of them are shown and in what order.
 *
 * A set holds every column once, shown or not; the name is always shown and always first. As text it is the
 * names of the shown ones in order, "state,model,cost": what `columns` in config.ini says. Which of the shown
 * ones have room is layout.h's matter.
 */
#ifndef CT_UI_COLUMNS_H
#define CT_UI_COLUMNS_H

#include "errors.h"
#include "ui.h"

enum column {
    COLUMN_NAME,
    COLUMN_STATE,
    COLUMN_MODEL,
    COLUMN_IN,
    COLUMN_OUT,
    COLUMN_CACHE,
    COLUMN_COST,
    COLUMN_BURN,
    COLUMN_TIME,
    COLUMN_CONTEXT,
    COLUMN_LLM,
    COLUMN_TOOLS,
    COLUMN_ERRORS,
    COLUMN_RETRIES,
    COLUMN_AGENTS,
    COLUMN_TTFT,
    COLUMN_WAIT,
    COLUMN_STARTED,
    COLUMN_LIMIT_5H,
    COLUMN_LIMIT_7D,
    COLUMN_BRANCH,
    COLUMN_ID,
    COLUMN_FOLDER,
    COLUMN_COUNT
};

struct column_info {
    const char *name; /* in config.ini */
    const char *title;
    const char *help;
    int width;         /* at least */
    int width_max;     /* when there is room */
    int priority;      /* small stays longest; 0: the name, or only shown when somebody asks for it */
    bool right;        /* flush right */
    enum ui_sort sort; /* by which it sorts; UI_SORT_COUNT: none */
};

const struct column_info *column_info(enum column column);

/* Shown when nobody chose. */
static inline bool column_is_standard(enum column column)
{
    return column == COLUMN_NAME || column_info(column)->priority > 0;
}

struct column_set {
    uint8_t order[COLUMN_COUNT]; /* enum column; the first is the name */
    bool shown[COLUMN_COUNT];    /* by enum column */
};

/* Text of a set, at most. */
#define COLUMNS_TEXT_MAX 192

void columns_init(struct column_set *c); /* the standard set */

/*
 * Names between commas or blanks, in the order of the screen; columns that are not named are not shown. Empty
 * text is the standard set. CT_ERR_USAGE for a name that does not exist or stands twice; *c is then as it
 * was.
 */
enum ct_err columns_parse(struct column_set *c, struct slice text, struct ct_errmsg *msg);

/* What columns_parse() reads, "" for the standard set. out holds COLUMNS_TEXT_MAX bytes. */
const char *columns_format(const struct column_set *c, char *out);

/* Place in the order; the name's place is 0. */
int columns_place(const struct column_set *c, enum column column);

/* Moves the column at a place by so many places, as far as there are others; returns its new place. The name
 * stays first. */
int columns_move(struct column_set *c, int place, int by);

#endif
