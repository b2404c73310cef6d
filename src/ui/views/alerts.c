/* The alerts, the worst first: what, whose, why, and what is silenced. Also the line above the footer. */
#include "format.h"
#include "glyph.h"
#include "ui_private.h"
#include "wrap.h"

#include <stdio.h>

/* From here on each stands on one line. */
#define ONE_LINE_FROM 100
/* Narrower lines leave out what kind it is: the numbers say more. */
#define WORDS_FROM 72
#define WORDS_COLS 22
#define ABOUT_COLS 26

static int role_of(const struct alert *alert)
{
    return alert_severity(alert->kind) == HEALTH_ERROR ? ROLE_ERROR : ROLE_WARNING;
}

#define NONE_COLS_MAX 72 /* of the words when there is none: longer lines are hard to read */

static size_t selected(const struct attention *a)
{
    for (size_t i = 0; a->chosen && i < a->found.count; i++)
        if (a->found.items[i].kind == a->chosen_kind && attention_key(&a->found.items[i]) == a->chosen_key)
            return i;
    return 0;
}

static void choose(struct attention *a, size_t at)
{
    if (a->found.count == 0)
        return;
    const struct alert *alert = &a->found.items[at < a->found.count ? at : a->found.count - 1];
    a->chosen = true;
    a->chosen_kind = alert->kind;
    a->chosen_key = attention_key(alert);
}

/* Why it makes no noise; "" when it does. */
static const char *silence_words(const struct ui *ui, size_t at, char out[64])
{
    const struct attention *a = &ui->attention;
    char left[FORMAT_MAX];
    out[0] = '\0';
    if (!a->silenced[at])
        return out;
    switch (attention_silence_of(a, &a->found.items[at])) {
    case SILENCE_THIS:
        return "silenced";
    case SILENCE_CHANGE:
        return "silenced until it changes";
    case SILENCE_NONE:
        break;
    }
    snprintf(out, 64, "silenced for %s", format_duration(a->silent_until_ns - a->looked_ns, left));
    return out;
}

static int rows_each(const struct grid *grid)
{
    return grid->cols >= ONE_LINE_FROM ? 1 : 2;
}

static void draw_one(const struct ui *ui, const struct ui_data *data, struct grid *grid, struct area area,
                     int row, size_t at)
{
    const struct alert *alert = &ui->attention.found.items[at];
    char text[64];
    bool quiet = ui->attention.silenced[at], one = rows_each(grid) == 1;
    int role = quiet ? ROLE_DIM : role_of(alert), edge = area.col + area.cols - 1;
    struct slice about = attention_about(alert, data->model);
    struct pen pen = {grid, row, area.col + 1, edge};
    pen_str(&pen, glyph(GLYPH_ALARM), role);
    pen.col++;
    pen_str(&pen, alert_kind_words(alert->kind), role);
    pen.col = one && pen.col < area.col + 3 + WORDS_COLS ? area.col + 3 + WORDS_COLS : pen.col + 2;
    int col = pen.col;
    struct pen whom = {grid, row, col, one && col + ABOUT_COLS < edge ? col + ABOUT_COLS : edge};
    pen_put(&whom, about, quiet ? ROLE_DIM : ROLE_SESSION);
    struct pen why = {grid, one ? row : row + 1, one ? col + ABOUT_COLS + 2 : area.col + 3, edge};
    const char *silence = silence_words(ui, at, text);
    pen_str(&why, silence, ROLE_STATE_STALE);
    why.col += silence[0] ? 2 : 0;
    pen_str(&why, alert->text, quiet ? ROLE_DIM : ROLE_TEXT);
}

static void draw_none(const struct ui *ui, const struct ui_data *data, struct grid *grid, struct area area)
{
    static const char *const lines[] = {
        "Nothing to see to.",
        "",
        "An alert stands here while a budget is used up, calls fail in numbers, a tool does the same again "
        "and again, a context is nearly full, telemetry goes silent, an upstream stays away, or a session "
        "waits for you for long. The limits are settings: claude-top --help, section Alerts.",
    };
    struct slice rest;
    int row = area.row + 1, cols = area.cols - 4 < NONE_COLS_MAX ? area.cols - 4 : NONE_COLS_MAX;
    (void)ui;
    (void)data;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0] && row < area.row + area.rows; i++) {
        rest = slice_str(lines[i]);
        if (rest.len == 0)
            row++;
        while (rest.len && row < area.row + area.rows)
            grid_put(grid, row++, area.col + 3, cols, wrap_next(&rest, cols),
                     i == 0 ? ROLE_STATE_DONE : ROLE_DIM);
    }
}

void alerts_draw(struct ui *ui, const struct ui_data *data, struct grid *grid, struct area area)
{
    struct attention *a = &ui->attention;
    char text[80];
    struct pen pen = {grid, area.row, area.col + 1, area.col + area.cols - 1};
    pen_str(&pen, "ALERTS", ROLE_COLUMN_SORT);
    if (a->found.total) {
        size_t silent = a->found.count - a->loud;
        pen.col += 2;
        snprintf(text, sizeof text, "%llu%s", (unsigned long long)a->found.total, silent ? ", " : "");
        pen_str(&pen, text, ROLE_COLUMN);
        if (silent)
            snprintf(text, sizeof text, "%zu silenced", silent);
        pen_str(&pen, silent ? text : "", ROLE_COLUMN);
        if (a->found.total > a->found.count) {
            snprintf(text, sizeof text, ", the worst %zu are shown", a->found.count);
            pen_str(&pen, text, ROLE_COLUMN);
        }
    }
    if (a->found.count == 0) {
        draw_none(ui, data, grid, area);
        return;
    }
    int each = rows_each(grid), room = (area.rows - 1) / each, at = (int)selected(a);
    room = room > 0 ? room : 1;
    a->top = at < a->top ? at : at >= a->top + room ? at - room + 1 : a->top;
    if (a->top + room > (int)a->found.count)
        a->top = (int)a->found.count > room ? (int)a->found.count - room : 0;
    for (int i = 0; i < room && a->top + i < (int)a->found.count; i++) {
        int row = area.row + 1 + i * each;
        if (row + each > area.row + area.rows + (each == 2 && room == 1))
            break;
        draw_one(ui, data, grid, area, row, (size_t)(a->top + i));
        if (a->top + i == at)
            grid_flag(grid, row, area.col, each, area.cols, CELL_SELECTED);
    }
}

void alerts_move(struct ui *ui, const struct ui_data *data, int64_t by)
{
    struct attention *a = &ui->attention;
    int64_t at = (int64_t)selected(a) + by;
    (void)data;
    choose(a, at < 0 ? 0 : (size_t)at);
}

struct alert_search {
    const struct ui *ui;
    const struct ui_data *data;
};

static bool is_hit(const void *ctx, size_t i)
{
    const struct alert_search *s = ctx;
    const struct alert *alert = &s->ui->attention.found.items[i];
    return search_holds(s->ui, slice_str(alert_kind_words(alert->kind))) ||
           search_holds(s->ui, slice_str(alert->text)) ||
           search_holds(s->ui, attention_about(alert, s->data->model));
}

void alerts_search(struct ui *ui, const struct ui_data *data, bool forward, bool inclusive)
{
    struct attention *a = &ui->attention;
    size_t count = a->found.count, at = selected(a);
    size_t found = search_rows(ui, count, at, forward, inclusive, is_hit, &(struct alert_search){ui, data});
    if (found < count)
        choose(a, found);
}

static bool jump(struct ui *ui, const struct ui_data *data)
{
    const struct attention *a = &ui->attention;
    if (a->found.count == 0)
        return false;
    const struct alert *alert = &a->found.items[selected(a)];
    if (alert->kind == ALERT_UPSTREAM) {
        ui->view = UI_VIEW_FLOW;
        return true;
    }
    if (alert->session_id == 0) {
        ui_say(ui, UI_INFO, "it is about all sessions");
        return false;
    }
    bool there = (alert->node_id && ui_select_node(ui, data, alert->session_id, alert->node_id)) ||
                 ui_select_node(ui, data, alert->session_id, 0);
    if (!there) {
        ui_say(ui, UI_INFO, ui->filter.count ? "the filter hides this session" : "this session is gone");
        return false;
    }
    ui->view = UI_VIEW_TREE;
    return true;
}

void alerts_enter(struct ui *ui, const struct ui_data *data)
{
    jump(ui, data);
}

void alerts_click(struct ui *ui, const struct ui_data *data, int line, int col, bool twice)
{
    struct attention *a = &ui->attention;
    (void)col;
    int each = ui->last.cols >= ONE_LINE_FROM ? 1 : 2, at = a->top + (line - 1) / each;
    if (line < 1 || at >= (int)a->found.count)
        return;
    choose(a, (size_t)at);
    if (twice)
        jump(ui, data);
}

/* What links and copies are about. */
struct line alerts_target(const struct ui *ui, const struct ui_data *data)
{
    const struct attention *a = &ui->attention;
    (void)data;
    if (a->found.count == 0)
        return (struct line){0};
    const struct alert *alert = &a->found.items[selected(a)];
    return (struct line){alert->session_id, alert->node_id};
}

void alerts_silence(struct ui *ui, const struct ui_data *data, enum action action)
{
    struct attention *a = &ui->attention;
    if (action == ACTION_SILENCE_ALL) {
        attention_silence_all(a, data->now_ns);
        ui_say(ui, UI_INFO, a->silent_until_ns ? "all alerts are silent for an hour" : "alerts speak again");
        return;
    }
    if (a->found.count == 0)
        return;
    const struct alert *alert = &a->found.items[selected(a)];
    choose(a, selected(a));
    attention_silence(a, alert, action == ACTION_SILENCE ? SILENCE_THIS : SILENCE_CHANGE);
}

/* The worst that is not silenced, on one line. */
void alert_line_draw(struct ui *ui, const struct ui_data *data, struct grid *grid, int row)
{
    const struct attention *a = &ui->attention;
    size_t at = 0;
    while (at < a->found.count && a->silenced[at])
        at++;
    if (at == a->found.count)
        return;
    const struct alert *alert = &a->found.items[at];
    char more[48] = "", name[KEY_NAME_MAX] = "";
    struct key key;
    if (keymap_key(&ui->keymap, ACTION_VIEW_ALERTS, 0, &key))
        key_name(&key, name);
    if (a->loud > 1)
        snprintf(more, sizeof more, "and %zu more%s%s", a->loud - 1, name[0] ? ": " : "", name);
    int role = role_of(alert), room = more[0] ? (int)strlen(more) + 3 : 1;
    struct pen pen = {grid, row, 1, grid->cols - room};
    struct slice about = attention_about(alert, data->model);
    pen_str(&pen, glyph(GLYPH_ALARM), role);
    pen.col++;
    pen_put(&pen, about, role);
    pen_str(&pen, about.len ? ": " : "", role);
    if (grid->cols >= WORDS_FROM) {
        pen_str(&pen, alert_kind_words(alert->kind), role);
        pen_str(&pen, ": ", role);
    }
    pen_str(&pen, alert->text, ROLE_TEXT);
    if (more[0])
        grid_put_right(grid, row, grid->cols - room, room - 1, slice_str(more), ROLE_DIM);
}
