/*
 * ui_private.h - the state behind struct ui, for the files of this folder.
 */
#ifndef CT_UI_UI_PRIVATE_H
#define CT_UI_UI_PRIVATE_H

#include "attention.h"
#include "columns.h"
#include "dialog.h"
#include "filter.h"
#include "layout.h"
#include "rows.h"
#include "status.h"
#include "telemetry.h"
#include "ui.h"
#include "view.h"

/* The rows of one turn, all unfolded, as the waterfall shows them. */
struct turn_rows {
    struct row *items; /* owned */
    size_t count, cap;
    size_t top;
    uint64_t turn_id; /* whose they are; 0: nobody's */
};

struct event_list {
    uint64_t selected; /* an event's number; 0: follows the newest */
    uint64_t bottom;   /* the last line's */
    uint64_t first;    /* the first line's, as drawn */
};

/* Rows of the RED view, at most. */
#define RED_ROWS_MAX 400
/* Its windows move at this pace. */
#define RED_WAKE_NS (INT64_C(5) * 1000000000)

struct red_list {
    bool chosen; /* kind and name are those of the selected row */
    int kind;
    char name[96];
    size_t name_len;
    int window; /* index of the windows: 1, 5, 15 minutes, everything */
    int sort;   /* column by which the rows of a group are sorted */
    bool inverted;
    size_t top, lines;
};

/* A text that is laid out in lines and scrolled. */
struct scrolled {
    int top, lines, rows; /* the first line in sight, how many there are, how many can be seen */
    int hit;              /* the line of the search's hit, counted from 1; 0: none */
};

struct search {
    bool open; /* the search line takes the keys */
    char text[UI_SEARCH_MAX];
    size_t len;
    struct line origin; /* the selection when the line was opened */
    size_t origin_top;
    bool origin_follow;
    struct event_list origin_events; /* the selections of the views that have their own */
    struct red_list origin_red;
    struct scrolled origin_detail, origin_flow;
    uint64_t reveal; /* the hit, shown although it lies in folded rows */
    size_t hits, hit;
};

/* What a click does: the same as a key. */
struct hit {
    int row, from, to; /* columns [from, to) */
    struct key key;
};

#define HITS_MAX 48

struct filter_line {
    bool open; /* it takes the keys */
    char text[FILTER_MAX];
    size_t len;
    char problem[CT_ERRMSG_MAX]; /* why the text is no filter; the one before stands */
};

/* A key and what it does, as the footer shows it. */
struct hint {
    char key[KEY_NAME_MAX];
    uint8_t action;
    uint8_t width; /* in columns, the gap to the next one included */
};

struct ui {
    struct keymap keymap;
    struct theme builtin[THEME_BUILTIN_COUNT];
    const struct theme *themes;
    int theme_count;
    int theme;
    bool ascii;
    struct hint hints[ACTION_COUNT]; /* by priority */
    int hint_count;

    struct folds folds;
    struct rows rows;
    struct line selected;  /* session_id 0: nothing yet */
    struct line settled;   /* the selection as of the last ui_refresh() */
    size_t selected_index; /* in rows, as of the last ui_refresh() */
    size_t top;
    bool follow;
    enum ui_sort sort;
    bool inverted;
    struct search search;
    struct filter filter;
    uint64_t filter_version; /* raised by every change of it */
    struct filter_line filter_line;

    enum ui_view_id view;
    struct turn_rows turn;
    struct event_list events;
    struct attention attention;
    struct red_list red;
    bool one_session;     /* events, and whatever else can, are of the selected session only */
    bool pane;            /* details beside or below a view of nodes */
    bool focused;         /* keys go to the pane */
    struct line detailed; /* what the details were last drawn of */
    struct scrolled detail, flow;
    int detail_cols;

    bool help;
    int help_top;
    int help_lines; /* as of the last drawing */
    int help_cols;
    uint8_t help_actions[GRID_ROWS_MAX]; /* what a click on a row does */

    struct column_set columns;
    struct dialog dialog;

    bool paused;
    struct grid last; /* the last screen drawn from data */
    struct line lines[GRID_ROWS_MAX];

    char message[UI_MESSAGE_MAX];
    enum ui_severity severity;

    /* As of the last drawing. */
    struct hit hits[HITS_MAX];
    int hit_count;
    struct area pane_area; /* of the details beside or below; no columns: there is none */
    struct layout layout;
    int screen_rows;
    int body_row, body_rows, body_cols; /* of the view's lines below its title */
    struct fleet fleet;
    struct telemetry telemetry;
    int64_t wake_ns;
    char window_title[64];
};

static inline struct slice search_text(const struct ui *ui)
{
    return slice_make(ui->search.text, ui->search.len);
}

/* Brings rows, selection and scroll up to date with the data. */
void ui_refresh(struct ui *ui, const struct ui_data *data);

/* The screen will read differently at this time: the earliest one wins. */
void ui_wake_at(struct ui *ui, int64_t at_ns);

/* Makes a row visible on the next drawing and selects it; follow mode ends. */
void ui_select(struct ui *ui, const struct ui_data *data, size_t index);

/* Selects a row by its ids, opening what hides it; false when the tree does not have it. */
bool ui_select_node(struct ui *ui, const struct ui_data *data, uint64_t session_id, uint64_t node_id);

/* The selected node, or NULL (a session's own row, or nothing). */
const struct node *ui_selected_node(const struct ui *ui, const struct ui_data *data);

/* Sorts the sessions, and says so. */
void ui_sort_by(struct ui *ui, const struct ui_data *data, enum ui_sort sort, bool inverted);

/* Keeps what the search revealed unfolded. */
void ui_keep_revealed(struct ui *ui, const struct ui_data *data);

/* -------------------------------------------------------------------------------------------- search.c */

/* True when the text holds the search text, case aside. */
bool search_holds(const struct ui *ui, struct slice text);

/* Flags the search text wherever it can be read in the columns [from, to) of a line. */
void search_flag(const struct ui *ui, struct grid *grid, int line, int from, int to);

/* Lines of a scrolled text that hold the search text, in order. Those beyond the limit are not found. */
#define SEARCH_LINES_MAX 1000

struct search_lines {
    const struct ui *ui;
    int count;
    int at[SEARCH_LINES_MAX];
};

/* What stands on a line, a part of it or all; lines NULL: nobody searches. */
void search_note(struct search_lines *lines, int line, struct slice text);

/* The same of a part of a longer text, which may hold the search text across its end: the line is where it
 * begins. */
void search_note_part(struct search_lines *lines, int line, struct slice part, struct slice whole);

/* Moves to the next of them, from the one before, else from the first line in sight. */
void search_lines_move(struct ui *ui, const struct search_lines *lines, struct scrolled *text, bool forward,
                       bool inclusive);

/*
 * For views with rows of their own: which of the rows is the next hit, of those that hit(ctx, i) says. at is
 * the selected one, count: none is. Counts the hits. Returns count when there is none.
 */
size_t search_rows(struct ui *ui, size_t count, size_t at, bool forward, bool inclusive,
                   bool (*hit)(const void *ctx, size_t i), const void *ctx);

/* True when a row's words hold the search text. */
bool search_matches(const struct ui *ui, const struct session *s, const struct node *n);

/*
 * Moves the selection to the next hit from the selection (forward or not; inclusive: the selected row itself
 * counts), in the order of the screen and around its ends, also inside folded rows. Counts the hits on the
 * way.
 */
void search_move(struct ui *ui, const struct ui_data *data, bool forward, bool inclusive);

/* -------------------------------------------------------------------------------- search_keys.c */

void search_open(struct ui *ui);
void search_forget(struct ui *ui); /* text, hits and what was revealed; the selection stays */
void search_step(struct ui *ui, const struct ui_data *data, bool forward);
void search_key(struct ui *ui, const struct ui_data *data,
                const struct key *key); /* while the line is open */

/* -------------------------------------------------------------------------------- filter_keys.c */

void filter_open(struct ui *ui);
void filter_forget(struct ui *ui, const struct ui_data *data); /* everything is shown again */
void filter_key(struct ui *ui, const struct ui_data *data,
                const struct key *key); /* while the line is open */

/* ---------------------------------------------------------------------------------------------- views/ */

/* Clicks on these columns of a row do what the key of an action does; nothing when it has no key. */
void ui_add_hit(struct ui *ui, int row, int from, int to, enum action action);

/* What the filter has to know beside itself. */
struct filter_context ui_filter_context(const struct ui *ui, const struct ui_data *data);

/* The context whose keys are listened to. */
unsigned ui_context(const struct ui *ui);

void header_draw(struct ui *ui, const struct ui_data *data, struct grid *grid, int row);
void footer_init(struct ui *ui); /* after the keymap changed */
void footer_draw(struct ui *ui, const struct ui_data *data, struct grid *grid, int row);
void tree_draw(struct ui *ui, const struct ui_data *data, struct grid *grid, struct area area);
void tree_move(struct ui *ui, const struct ui_data *data, int64_t by);
void tree_fold(struct ui *ui, const struct ui_data *data, enum action action);
void tree_click(struct ui *ui, const struct ui_data *data, int line, int col, bool twice);
void waterfall_draw(struct ui *ui, const struct ui_data *data, struct grid *grid, struct area area);
void waterfall_move(struct ui *ui, const struct ui_data *data, int64_t by);
void waterfall_find(struct ui *ui, const struct ui_data *data, bool forward, bool inclusive);
void red_draw(struct ui *ui, const struct ui_data *data, struct grid *grid, struct area area);
void red_move(struct ui *ui, const struct ui_data *data, int64_t by);
void red_click(struct ui *ui, const struct ui_data *data, int line, int col, bool twice);
void red_enter(struct ui *ui, const struct ui_data *data);
struct line red_target(const struct ui *ui, const struct ui_data *data);
void red_next_window(struct ui *ui);
void red_sort(struct ui *ui, int column, bool inverted); /* column -1: the next one */
void red_find(struct ui *ui, const struct ui_data *data, bool forward, bool inclusive);
void events_draw(struct ui *ui, const struct ui_data *data, struct grid *grid, struct area area);
void events_move(struct ui *ui, const struct ui_data *data, int64_t by);
void events_click(struct ui *ui, const struct ui_data *data, int line, int col, bool twice);
void events_enter(struct ui *ui, const struct ui_data *data);
void events_find(struct ui *ui, const struct ui_data *data, bool forward, bool inclusive);
struct line events_target(const struct ui *ui, const struct ui_data *data);
void flow_draw(struct ui *ui, const struct ui_data *data, struct grid *grid, struct area area);
void flow_move(struct ui *ui, const struct ui_data *data, int64_t by);
void flow_find(struct ui *ui, const struct ui_data *data, bool forward, bool inclusive);
void alerts_draw(struct ui *ui, const struct ui_data *data, struct grid *grid, struct area area);
void alerts_move(struct ui *ui, const struct ui_data *data, int64_t by);
void alerts_click(struct ui *ui, const struct ui_data *data, int line, int col, bool twice);
void alerts_enter(struct ui *ui, const struct ui_data *data);
void alerts_search(struct ui *ui, const struct ui_data *data, bool forward, bool inclusive);
struct line alerts_target(const struct ui *ui, const struct ui_data *data);
void alerts_silence(struct ui *ui, const struct ui_data *data, enum action action);
void alert_line_draw(struct ui *ui, const struct ui_data *data, struct grid *grid, int row);
void detail_draw(struct ui *ui, const struct ui_data *data, struct grid *grid, struct area area);
void detail_move(struct ui *ui, const struct ui_data *data, int64_t by);
void detail_find(struct ui *ui, const struct ui_data *data, bool forward, bool inclusive);

/* Scrolls by so many lines, as far as there are any. */
void scrolled_move(struct scrolled *text, int64_t by);
/* Says how many lines there are now; true when that brought the end into sight. */
bool scrolled_set(struct scrolled *text, int lines, int rows);
void help_draw(struct ui *ui, const struct ui_data *data, struct grid *grid, int row, int rows);
void welcome_draw(struct ui *ui, const struct ui_data *data, struct grid *grid, int row, int rows);

/* ------------------------------------------------------------------------------------------------- pen */

/* Writes runs of text one after the other, up to a right edge. */
struct pen {
    struct grid *grid;
    int row, col, edge;
};

static inline void pen_put(struct pen *pen, struct slice text, int role)
{
    int room = pen->edge - pen->col;
    if (room <= 0)
        return;
    /* No text takes more columns than bytes. */
    bool fits = text.len <= (size_t)room || text_prefix(text, (size_t)room, NULL).len == text.len;
    int used = grid_put(pen->grid, pen->row, pen->col, room, text, role);
    pen->col = fits ? pen->col + used : pen->edge; /* nothing follows an ellipsis */
}

static inline void pen_str(struct pen *pen, const char *text, int role)
{
    pen_put(pen, slice_str(text), role);
}

#endif
