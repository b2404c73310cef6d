/*
 * RED: rate, errors and duration by model, tool, MCP server, sub-agent and session, of all sessions or of the
 * selected one, over 1, 5 or 15 minutes or everything.
 */
#include "clock.h"
#include "format.h"
#include "glyph.h"
#include "label.h"
#include "spark.h"
#include "ui_private.h"

#include <stdio.h>

#define NAME_COLS_MIN 12
#define NAME_COLS_MAX 40
#define WINDOW_COUNT  4
#define MINUTE_NS     (INT64_C(60) * NS_PER_SEC)

enum red_column {
    RED_CALLS,
    RED_RATE,
    RED_ERRORS,
    RED_ERROR_SHARE,
    RED_P50,
    RED_P95,
    RED_P99,
    RED_TTFT,
    RED_RETRIES,
    RED_SPARK,
    RED_COLUMN_COUNT
};

static const struct {
    const char *title;
    int width;
    int priority; /* small stays longest */
} COLUMNS[RED_COLUMN_COUNT] = {
    [RED_CALLS] = {"CALLS", 5, 1},   [RED_RATE] = {"/MIN", 5, 5},
    [RED_ERRORS] = {"ERR", 4, 6},    [RED_ERROR_SHARE] = {"ERR%", 5, 2},
    [RED_P50] = {"P50", 6, 4},       [RED_P95] = {"P95", 6, 3},
    [RED_P99] = {"P99", 6, 8},       [RED_TTFT] = {"TTFT95", 6, 7},
    [RED_RETRIES] = {"RETRY", 5, 9}, [RED_SPARK] = {"LAST 15 MIN", RED_ROW_MINUTES, 10},
};

static const struct {
    int64_t ns;
    const char *name;
} WINDOWS[WINDOW_COUNT] = {{INT64_C(60) * NS_PER_SEC, "1 min"},
                           {INT64_C(300) * NS_PER_SEC, "5 min"},
                           {INT64_C(900) * NS_PER_SEC, "15 min"},
                           {0, "all"}};

/* The groups in the order of the screen. */
static const struct {
    enum red_kind kind;
    const char *title;
} GROUPS[] = {{RED_LLM, "MODELS"},
              {RED_TOOL, "TOOLS"},
              {RED_MCP, "MCP SERVERS"},
              {RED_AGENT, "SUB-AGENTS"},
              {RED_SESSION, "SESSIONS"}};

#define GROUP_KINDS (sizeof(GROUPS) / sizeof(GROUPS[0]))

/* ------------------------------------------------------------------------------------------------ rows */

static const struct session *scope_of(const struct ui *ui, const struct ui_data *data)
{
    return ui->one_session ? model_session_by_id(data->model, ui->selected.session_id) : NULL;
}

static int64_t calls_by_minutes(const struct red_row *row)
{
    int64_t sum = 0;
    for (int i = 0; i < RED_ROW_MINUTES; i++)
        sum += row->minutes[i].count;
    return sum;
}

/* What a row is sorted by; unknown is less than everything. */
static double sort_key(enum red_column by, const struct red_row *row)
{
    switch (by) {
    case RED_RATE:
        return row->rate_per_min;
    case RED_ERRORS:
        return (double)row->errors;
    case RED_ERROR_SHARE:
        return row->count ? (double)row->errors / (double)row->count : -1;
    case RED_P50:
        return (double)row->p50_ns;
    case RED_P95:
        return (double)row->p95_ns;
    case RED_P99:
        return (double)row->p99_ns;
    case RED_TTFT:
        return (double)row->ttft_p95_ns;
    case RED_RETRIES:
        return (double)row->retries;
    case RED_SPARK:
        return (double)calls_by_minutes(row);
    default:
        return (double)row->count;
    }
}

static bool comes_before(const struct red_list *list, const struct red_row *a, const struct red_row *b)
{
    double x = sort_key((enum red_column)list->sort, a), y = sort_key((enum red_column)list->sort, b);
    return list->inverted ? x < y : x > y;
}

/* A session's row passes as the session does. Of the others, words and the keys of their own kind say which:
 * model: for models, tool: for tools and MCP servers, agent: for sub-agents, err for rows with errors. */
static bool passes(const struct filter *filter, const struct filter_context *c, const struct ui_data *data,
                   const struct red_row *row)
{
    static const enum filter_key KEYS[] = {[RED_LLM] = FILTER_MODEL,
                                           [RED_TOOL] = FILTER_TOOL,
                                           [RED_MCP] = FILTER_TOOL,
                                           [RED_AGENT] = FILTER_AGENT,
                                           [RED_SESSION] = FILTER_WORD};
    if (row->kind == RED_SESSION) {
        const struct session *s = model_session(data->model, row->name);
        return s && filter_session(filter, s, c);
    }
    return filter_name(filter, KEYS[row->kind], row->name, row->errors > 0);
}

struct narrowing {
    const struct filter *filter;
    struct filter_context context;
};

static bool takes(const void *ctx, const struct session *s)
{
    const struct narrowing *n = ctx;
    return filter_narrowed(n->filter, s, &n->context);
}

/* Of the selected session, of those that the filter names, or of all. */
static size_t ask(const struct ui *ui, const struct ui_data *data, struct red_row *rows, size_t max)
{
    const struct session *only = scope_of(ui, data);
    int64_t window = WINDOWS[ui->red.window].ns;
    if (only)
        return model_session_red(only, data->now_ns, window, rows, max);
    if (!filter_narrows(&ui->filter))
        return model_red(data->model, data->now_ns, window, rows, max);
    struct narrowing n = {&ui->filter, ui_filter_context(ui, data)};
    return model_sessions_red(data->model, takes, &n, data->now_ns, window, rows, max);
}

/* Rows by group, in the order of the sort; returns how many. */
static size_t collect(const struct ui *ui, const struct ui_data *data, struct red_row *rows)
{
    const struct filter *filter = ui->filter.count ? &ui->filter : NULL;
    struct filter_context context = ui_filter_context(ui, data);
    struct red_row all[RED_ROWS_MAX];
    size_t found = ask(ui, data, all, RED_ROWS_MAX);
    found = found < RED_ROWS_MAX ? found : RED_ROWS_MAX;
    size_t count = 0;
    for (size_t g = 0; g < GROUP_KINDS; g++) {
        size_t first = count;
        for (size_t i = 0; i < found; i++) {
            if (all[i].kind != GROUPS[g].kind || all[i].count == 0 ||
                (filter && !passes(filter, &context, data, &all[i])))
                continue;
            size_t at = count++;
            for (; at > first && comes_before(&ui->red, &all[i], &rows[at - 1]); at--)
                rows[at] = rows[at - 1];
            rows[at] = all[i];
        }
    }
    return count;
}

static bool same_row(const struct red_list *list, const struct red_row *row)
{
    return list->kind == (int)row->kind &&
           slice_eq(slice_make(list->name, list->name_len), slice_sub(row->name, 0, sizeof(list->name)));
}

static size_t find_selected(const struct red_list *list, const struct red_row *rows, size_t count)
{
    for (size_t i = 0; i < count && list->chosen; i++)
        if (same_row(list, &rows[i]))
            return i;
    return count;
}

static void choose(struct red_list *list, const struct red_row *row)
{
    list->chosen = true;
    list->kind = (int)row->kind;
    list->name_len = row->name.len < sizeof(list->name) ? row->name.len : sizeof(list->name);
    if (list->name_len)
        memcpy(list->name, row->name.ptr, list->name_len);
}

/* --------------------------------------------------------------------------------------------- layout */

struct red_layout {
    int name;                  /* width of the name column */
    int col[RED_COLUMN_COUNT]; /* 0: not shown */
};

static void lay_out(struct red_layout *l, struct area area)
{
    bool shown[RED_COLUMN_COUNT] = {false};
    int left = area.cols - 2 - NAME_COLS_MIN;
    for (int p = 1; p <= RED_COLUMN_COUNT; p++)
        for (int c = 0; c < RED_COLUMN_COUNT; c++)
            if (COLUMNS[c].priority == p && left >= COLUMNS[c].width + 2) {
                shown[c] = true;
                left -= COLUMNS[c].width + 2;
            }
    l->name = NAME_COLS_MIN + (left < NAME_COLS_MAX - NAME_COLS_MIN ? left : NAME_COLS_MAX - NAME_COLS_MIN);
    int col = area.col + 1 + l->name;
    for (int c = 0; c < RED_COLUMN_COUNT; c++) {
        l->col[c] = shown[c] ? col + 2 : 0;
        col += shown[c] ? COLUMNS[c].width + 2 : 0;
    }
}

static void put(struct grid *grid, int row, const struct red_layout *l, enum red_column c, const char *text,
                int role)
{
    if (l->col[c])
        grid_put_right(grid, row, l->col[c], COLUMNS[c].width, slice_str(text), role);
}

static void put_duration(struct grid *grid, int row, const struct red_layout *l, enum red_column c,
                         int64_t ns)
{
    char text[FORMAT_MAX];
    if (ns >= 0)
        put(grid, row, l, c, format_duration(ns, text), ROLE_TIME);
}

static struct slice name_of(const struct ui_data *data, const struct red_row *row)
{
    const struct session *s = row->kind == RED_SESSION ? model_session(data->model, row->name) : NULL;
    if (s)
        return label_session(s);
    return row->kind == RED_LLM ? label_model(row->name) : row->name;
}

/* Calls by minute, each row by its own measure; minutes with errors are told apart. */
static void draw_spark(struct grid *grid, int line, const struct red_layout *l, const struct red_row *row)
{
    int64_t most = 0;
    for (int i = 0; i < RED_ROW_MINUTES; i++)
        most = row->minutes[i].count > most ? row->minutes[i].count : most;
    for (int i = 0; i < RED_ROW_MINUTES && l->col[RED_SPARK]; i++) {
        const struct red_minute *minute = &row->minutes[i];
        int role = minute->errors > 0 ? ROLE_COUNT_ERROR : minute->count > 0 ? ROLE_TOKENS : ROLE_DIM;
        grid_put(grid, line, l->col[RED_SPARK] + i, 1, slice_str(glyph(spark_bar(minute->count, most))),
                 role);
    }
}

static void draw_row(const struct ui_data *data, struct grid *grid, int line, const struct red_layout *l,
                     const struct red_row *row, struct area area)
{
    static const int ROLES[] = {[RED_LLM] = ROLE_MODEL,
                                [RED_TOOL] = ROLE_CALL,
                                [RED_MCP] = ROLE_CALL,
                                [RED_SESSION] = ROLE_SESSION,
                                [RED_AGENT] = ROLE_AGENT};
    char text[FORMAT_MAX];
    double share = row->count ? (double)row->errors / (double)row->count : -1;
    grid_put(grid, line, area.col + 3, l->name - 2, name_of(data, row), ROLES[row->kind]);
    put(grid, line, l, RED_CALLS, format_count_wide(row->count, text), ROLE_TOKENS);
    if (row->rate_per_min > 0) {
        char rate[FORMAT_MAX];
        if (row->rate_per_min < 10)
            snprintf(rate, sizeof(rate), "%.1f", row->rate_per_min);
        else
            format_count_wide((int64_t)row->rate_per_min, rate);
        put(grid, line, l, RED_RATE, rate, ROLE_TOKENS);
    }
    if (row->errors)
        put(grid, line, l, RED_ERRORS, format_count(row->errors, text), ROLE_COUNT_ERROR);
    put(grid, line, l, RED_ERROR_SHARE, format_ratio(share, text), row->errors ? ROLE_COUNT_ERROR : ROLE_DIM);
    put_duration(grid, line, l, RED_P50, row->p50_ns);
    put_duration(grid, line, l, RED_P95, row->p95_ns);
    put_duration(grid, line, l, RED_P99, row->p99_ns);
    put_duration(grid, line, l, RED_TTFT, row->ttft_p95_ns);
    if (row->retries)
        put(grid, line, l, RED_RETRIES, format_count(row->retries, text), ROLE_STATE_RETRYING);
    draw_spark(grid, line, l, row);
}

static const char *group_title(enum red_kind kind)
{
    for (size_t g = 0; g < GROUP_KINDS; g++)
        if (GROUPS[g].kind == kind)
            return GROUPS[g].title;
    return "";
}

/* Lines on the screen before the row at index: the rows and the group titles above it. */
static size_t line_of(const struct red_row *rows, size_t index)
{
    size_t line = index;
    for (size_t i = 0; i <= index; i++)
        line += i == 0 || rows[i].kind != rows[i - 1].kind;
    return line;
}

static void draw_title(const struct ui *ui, struct grid *grid, const struct red_layout *l, struct area area)
{
    struct pen pen = {grid, area.row, area.col + 1, area.col + 1 + l->name};
    pen_str(&pen, "RED ", ROLE_COLUMN_SORT);
    pen_str(&pen, WINDOWS[ui->red.window].name, ROLE_COLUMN_SORT);
    for (int c = 0; c < RED_COLUMN_COUNT; c++) {
        bool sorts = c == ui->red.sort;
        put(grid, area.row, l, (enum red_column)c, COLUMNS[c].title, sorts ? ROLE_COLUMN_SORT : ROLE_COLUMN);
        if (sorts && l->col[c])
            grid_put(grid, area.row, l->col[c] + COLUMNS[c].width - (int)strlen(COLUMNS[c].title) - 1, 1,
                     slice_str(glyph(ui->red.inverted ? GLYPH_UP : GLYPH_OPEN)), ROLE_COLUMN_SORT);
    }
}

/* What leaves the window changes the numbers, and the bars move with the minutes. */
static void wake_for_time(struct ui *ui, const struct ui_data *data, const struct red_layout *l,
                          const struct red_row *rows, size_t count)
{
    int64_t now = data->now_ns;
    if (WINDOWS[ui->red.window].ns && count)
        ui_wake_at(ui, now - now % RED_WAKE_NS + RED_WAKE_NS);
    for (size_t i = 0; i < count && l->col[RED_SPARK]; i++)
        if (calls_by_minutes(&rows[i]) > 0) {
            ui_wake_at(ui, now - now % MINUTE_NS + MINUTE_NS);
            return;
        }
}

void red_draw(struct ui *ui, const struct ui_data *data, struct grid *grid, struct area area)
{
    struct red_row rows[RED_ROWS_MAX];
    struct red_layout l;
    struct red_list *list = &ui->red;
    size_t count = collect(ui, data, rows), selected = find_selected(list, rows, count);
    size_t height = (size_t)(area.rows - 1);
    const struct session *only = scope_of(ui, data);
    lay_out(&l, area);
    draw_title(ui, grid, &l, area);
    list->lines = 0;
    wake_for_time(ui, data, &l, rows, count);
    if (count == 0) {
        grid_put(grid, area.row + 2, area.col + 3, area.cols - 4,
                 ui->filter.count ? SLICE_LIT("No call that passes the filter has ended in this window.")
                                  : SLICE_LIT("No call has ended in this window."),
                 ROLE_DIM);
        return;
    }
    size_t total = line_of(rows, count - 1) + 1;
    if (selected < count) {
        size_t at = line_of(rows, selected), above = selected == 0 ? 0 : at;
        list->top = above < list->top ? above : list->top;
        list->top = at >= list->top + height ? at - height + 1 : list->top;
    }
    size_t most = total > height ? total - height : 0;
    list->top = list->top < most ? list->top : most;
    size_t line = 0;
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || rows[i].kind != rows[i - 1].kind) {
            struct pen pen = {grid, area.row + 1 + (int)(line - list->top), area.col + 1,
                              area.col + 1 + l.name};
            if (line >= list->top && line < list->top + height) {
                pen_str(&pen, group_title(rows[i].kind), ROLE_HELP_TITLE);
                pen_str(&pen, only ? " of " : "", ROLE_DIM);
                pen_put(&pen, only ? label_session(only) : SLICE_NULL, ROLE_SESSION);
            }
            line++;
        }
        if (line >= list->top && line < list->top + height) {
            int at = area.row + 1 + (int)(line - list->top);
            draw_row(data, grid, at, &l, &rows[i], area);
            if (i == selected)
                grid_flag(grid, at, 0, 1, area.cols, CELL_SELECTED);
        }
        line++;
    }
    list->lines = total;
}

/* ------------------------------------------------------------------------------------------------ keys */

void red_move(struct ui *ui, const struct ui_data *data, int64_t by)
{
    struct red_row rows[RED_ROWS_MAX];
    size_t count = collect(ui, data, rows), at = find_selected(&ui->red, rows, count);
    if (count == 0)
        return;
    int64_t from = at < count ? (int64_t)at : by > 0 ? -1 : (int64_t)count;
    int64_t to = from + by, last = (int64_t)count - 1;
    choose(&ui->red, &rows[to < 0 ? 0 : to > last ? last : to]);
}

/* The column at a screen column; RED_COLUMN_COUNT: none. */
static int column_at(const struct ui *ui, int col)
{
    struct red_layout l;
    lay_out(&l, (struct area){1, 0, ui->body_rows + 1, ui->body_cols});
    for (int c = 0; c < RED_COLUMN_COUNT; c++)
        if (l.col[c] && col >= l.col[c] - 1 && col < l.col[c] + COLUMNS[c].width)
            return c;
    return RED_COLUMN_COUNT;
}

void red_sort(struct ui *ui, int column, bool inverted)
{
    char text[64];
    struct red_list *list = &ui->red;
    list->sort = column < 0 ? (list->sort + 1) % RED_COLUMN_COUNT : column;
    list->inverted = inverted;
    snprintf(text, sizeof(text), "sorted by %s%s", COLUMNS[list->sort].title,
             inverted ? ", the other way round" : "");
    ui_say(ui, UI_INFO, text);
}

struct red_search {
    const struct ui *ui;
    const struct ui_data *data;
    const struct red_row *rows;
};

static bool is_hit(const void *ctx, size_t i)
{
    const struct red_search *s = ctx;
    return search_holds(s->ui, s->rows[i].name) || search_holds(s->ui, name_of(s->data, &s->rows[i]));
}

void red_find(struct ui *ui, const struct ui_data *data, bool forward, bool inclusive)
{
    struct red_row rows[RED_ROWS_MAX];
    size_t count = collect(ui, data, rows), at = find_selected(&ui->red, rows, count);
    size_t found =
        search_rows(ui, count, at, forward, inclusive, is_hit, &(struct red_search){ui, data, rows});
    if (found < count)
        choose(&ui->red, &rows[found]);
}

void red_click(struct ui *ui, const struct ui_data *data, int line, int col, bool twice)
{
    struct red_row rows[RED_ROWS_MAX];
    size_t count = collect(ui, data, rows), wanted = ui->red.top + (size_t)line - 1;
    if (line < 1) {
        int column = column_at(ui, col);
        if (column < RED_COLUMN_COUNT && !twice)
            red_sort(ui, column, column == ui->red.sort && !ui->red.inverted);
        return;
    }
    for (size_t i = 0; i < count; i++)
        if (line_of(rows, i) == wanted) {
            choose(&ui->red, &rows[i]);
            if (twice)
                red_enter(ui, data);
        }
}

struct line red_target(const struct ui *ui, const struct ui_data *data)
{
    const struct red_list *list = &ui->red;
    const struct session *s = list->chosen && list->kind == RED_SESSION
                                  ? model_session(data->model, slice_make(list->name, list->name_len))
                                  : NULL;
    return s ? (struct line){s->id, 0} : ui->selected;
}

/* A session's row leads to the session. */
void red_enter(struct ui *ui, const struct ui_data *data)
{
    struct red_row rows[RED_ROWS_MAX];
    size_t count = collect(ui, data, rows), at = find_selected(&ui->red, rows, count);
    if (at < count && rows[at].kind == RED_SESSION &&
        ui_select_node(ui, data, red_target(ui, data).session_id, 0))
        ui->view = UI_VIEW_TREE;
}

void red_next_window(struct ui *ui)
{
    char text[64];
    ui->red.window = (ui->red.window + 1) % WINDOW_COUNT;
    snprintf(text, sizeof(text), ui->red.window == WINDOW_COUNT - 1 ? "everything" : "the last %s",
             WINDOWS[ui->red.window].name);
    ui_say(ui, UI_INFO, text);
}
