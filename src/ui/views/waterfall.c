/*
 * The waterfall: one turn, its calls on a time axis. Bars say when a call ran; inside a bar the wait for the
 * human and the time to the first token look different from the work.
 */
#include "clock.h"
#include "format.h"
#include "glyph.h"
#include "label.h"
#include "mem.h"
#include "ui_private.h"

#include <stdio.h>

#define NAME_COLS_MIN 14
#define NAME_COLS_MAX 46
#define TIME_COLS     7
#define TIME_FROM     56 /* narrower screens leave the durations out */
#define TICK_COLS     9  /* between two labels of the axis, at least */
#define INDENT_MAX    8

/* Where time lies on the screen. */
struct axis {
    int64_t from_ns, to_ns;
    int col, cols;
    int64_t now_ns; /* up to which what is open lasts */
};

/* ------------------------------------------------------------------------------------------------ rows */

static void add_row(struct turn_rows *t, const struct node *n, uint32_t depth)
{
    if (t->count == t->cap) {
        t->cap = t->cap ? 2 * t->cap : 64;
        t->items = mem_grow(t->items, t->cap, sizeof(*t->items));
    }
    t->items[t->count++] =
        (struct row){n->session, n, n->session->id, n->id, depth, n->first_child != NULL, true};
}

/* The turn and all below it, without recursion: agents nest as deep as they like. */
static void collect(struct turn_rows *t, const struct node *turn)
{
    uint32_t depth = 0;
    const struct node *n = turn;
    t->count = 0;
    while (n) {
        add_row(t, n, depth);
        const struct node *next = rows_first_child(n);
        if (next) {
            depth++;
        } else {
            for (next = n; next && next != turn && !next->next; depth--)
                next = rows_parent(next);
            next = !next || next == turn ? NULL : next->next;
        }
        n = next;
    }
}

/* What hangs from the session directly and holds the selection; of a session's own row its newest turn. */
static const struct node *selected_turn(const struct ui *ui, const struct ui_data *data)
{
    const struct node *n = ui_selected_node(ui, data);
    if (n) {
        while (n->parent)
            n = n->parent;
        return n;
    }
    const struct session *s = model_session_by_id(data->model, ui->selected.session_id);
    for (n = s ? s->last_child : NULL; n && n->kind != NODE_TURN; n = n->prev)
        ;
    return n ? n : s ? s->last_child : NULL;
}

static size_t find_row(const struct turn_rows *t, uint64_t node_id)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->items[i].node_id == node_id)
            return i;
    return t->count;
}

static void scroll(struct ui *ui, const struct node *turn, size_t height)
{
    struct turn_rows *t = &ui->turn;
    if (t->turn_id != turn->id) {
        t->turn_id = turn->id;
        t->top = 0;
    }
    size_t at = find_row(t, ui->selected.node_id), most = t->count > height ? t->count - height : 0;
    if (at < t->count && at < t->top)
        t->top = at;
    else if (at < t->count && at >= t->top + height)
        t->top = at - height + 1;
    t->top = t->top < most ? t->top : most;
}

/* ------------------------------------------------------------------------------------------------ time */

static bool is_open(const struct node *n)
{
    return n->state == NODE_RUNNING || n->state == NODE_WAITING;
}

static int64_t start_of(const struct node *n)
{
    if (n->start_ns > 0)
        return n->start_ns;
    return n->end_ns > 0 && n->duration_ns >= 0 ? n->end_ns - n->duration_ns : n->last_ns;
}

static int64_t end_of(const struct node *n, int64_t now_ns)
{
    int64_t start = start_of(n);
    if (is_open(n))
        return now_ns > start ? now_ns : start;
    if (n->end_ns > 0)
        return n->end_ns;
    if (n->duration_ns >= 0)
        return start + n->duration_ns;
    return n->last_ns > start ? n->last_ns : start;
}

static void find_span(const struct turn_rows *t, int64_t now_ns, struct axis *axis)
{
    axis->from_ns = axis->to_ns = 0;
    for (size_t i = 0; i < t->count; i++) {
        const struct node *n = t->items[i].node, *agent = rows_agent(n);
        int64_t start = start_of(n), end = end_of(n, now_ns);
        if (start <= 0)
            continue;
        if (agent && end_of(agent, now_ns) > end)
            end = end_of(agent, now_ns);
        axis->from_ns = axis->from_ns == 0 || start < axis->from_ns ? start : axis->from_ns;
        axis->to_ns = end > axis->to_ns ? end : axis->to_ns;
    }
}

/* The column of a time, 0 to cols. */
static int place(const struct axis *axis, int64_t at_ns)
{
    int64_t span = axis->to_ns - axis->from_ns;
    if (span <= 0 || at_ns <= axis->from_ns)
        return 0;
    if (at_ns >= axis->to_ns)
        return axis->cols;
    return (int)((double)(at_ns - axis->from_ns) / (double)span * axis->cols);
}

static int64_t tick_step(const struct axis *axis)
{
    static const int64_t SECONDS[] = {1,   2,   5,    10,   15,   30,    60,    120,   300,
                                      600, 900, 1800, 3600, 7200, 21600, 43200, 86400, 172800};
    int most = axis->cols / TICK_COLS > 0 ? axis->cols / TICK_COLS : 1;
    int64_t wanted = (axis->to_ns - axis->from_ns) / most;
    for (int64_t step = NS_PER_MS; step < NS_PER_SEC; step *= 10) {
        if (step >= wanted)
            return step;
        if (2 * step >= wanted)
            return 2 * step;
        if (5 * step >= wanted)
            return 5 * step;
    }
    for (size_t i = 0; i < sizeof(SECONDS) / sizeof(SECONDS[0]); i++)
        if (SECONDS[i] * NS_PER_SEC >= wanted)
            return SECONDS[i] * NS_PER_SEC;
    return wanted;
}

static void draw_axis(const struct axis *axis, struct grid *grid, int row)
{
    int64_t step = tick_step(axis);
    for (int64_t at = 0; axis->from_ns + at <= axis->to_ns && step > 0; at += step) {
        char text[FORMAT_MAX];
        struct pen pen = {grid, row, axis->col + place(axis, axis->from_ns + at), axis->col + axis->cols};
        if (pen.edge - pen.col < TICK_COLS - 2)
            break;
        pen_str(&pen, glyph(GLYPH_GUIDE), ROLE_AXIS);
        pen_str(&pen, at ? format_duration(at, text) : "0", ROLE_AXIS);
    }
}

/* ------------------------------------------------------------------------------------------------ bars */

static int bar_role(const struct node *n)
{
    if (n->state == NODE_FAILED)
        return ROLE_BAR_FAILED;
    switch (n->kind) {
    case NODE_LLM:
        return ROLE_BAR_LLM;
    case NODE_TOOL:
        return rows_agent(n) ? ROLE_BAR_AGENT : ROLE_BAR_TOOL;
    case NODE_AGENT:
        return ROLE_BAR_AGENT;
    case NODE_PERMISSION:
        return ROLE_BAR_WAIT;
    default:
        return ROLE_BAR_OTHER;
    }
}

static void fill_bar(const struct axis *axis, struct grid *grid, int row, int64_t from, int64_t to,
                     enum glyph g, int role)
{
    for (int col = place(axis, from), end = place(axis, to); col < end; col++)
        grid_put(grid, row, axis->col + col, 1, slice_str(glyph(g)), role);
}

static void draw_bar(const struct axis *axis, struct grid *grid, int row, const struct node *n,
                     int64_t now_ns)
{
    int64_t start = start_of(n), end = end_of(n, now_ns);
    const struct node *agent = rows_agent(n);
    if (start <= 0)
        return;
    if (agent && end_of(agent, now_ns) > end)
        end = end_of(agent, now_ns);
    int role = bar_role(n);
    /* A turn frames its calls; it does no work of its own. */
    bool frame = n->kind == NODE_TURN;
    fill_bar(axis, grid, row, start, end, frame ? GLYPH_RULE : GLYPH_BAR_8, role);
    if (n->kind == NODE_LLM && n->ttft_ns > 0)
        fill_bar(axis, grid, row, start, start + n->ttft_ns < end ? start + n->ttft_ns : end, GLYPH_SHADE_2,
                 role);
    if (n->state == NODE_WAITING && !frame)
        fill_bar(axis, grid, row, start, end, GLYPH_SHADE_1, ROLE_BAR_WAIT);
    else if (n->kind == NODE_TOOL && n->wait_ns > 0)
        fill_bar(axis, grid, row, start, start + n->wait_ns < end ? start + n->wait_ns : end, GLYPH_SHADE_1,
                 ROLE_BAR_WAIT);
    /* What is shorter than a column is still there. */
    if (place(axis, start) == place(axis, end) && !frame) {
        int col = place(axis, start);
        grid_put(grid, row, axis->col + (col < axis->cols ? col : axis->cols - 1), 1,
                 slice_str(glyph(GLYPH_SLIVER)), role);
    }
}

/* ----------------------------------------------------------------------------------------------- lines */

static void draw_line(struct ui *ui, const struct ui_data *data, struct grid *grid, const struct axis *axis,
                      int line, const struct row *row)
{
    const struct node *n = row->node;
    const struct status_look *look = status_of_node(n->state);
    struct label label;
    struct pen pen = {grid, line, 1, axis->col - 1};
    pen_str(&pen, glyph(look->glyph), (int)look->role);
    pen.col += 1 + (int)(row->depth < INDENT_MAX ? row->depth : INDENT_MAX);
    label_build(&label, n->session, n);
    for (int i = 0; i < label.count; i++)
        pen_put(&pen, label.pieces[i].text, (int)label.pieces[i].role);
    draw_bar(axis, grid, line, n, axis->now_ns);
    if (is_open(n) && axis->now_ns == data->now_ns)
        ui_wake_at(ui, data->now_ns + NS_PER_SEC);
    int64_t took = is_open(n) ? end_of(n, axis->now_ns) - start_of(n) : n->duration_ns;
    if (took >= 0 && ui->body_cols >= TIME_FROM) {
        char text[FORMAT_MAX];
        grid_put_right(grid, line, axis->col + axis->cols, TIME_COLS, slice_str(format_duration(took, text)),
                       ROLE_TIME);
    }
}

void waterfall_draw(struct ui *ui, const struct ui_data *data, struct grid *grid, struct area area)
{
    const struct node *turn = selected_turn(ui, data);
    struct axis axis;
    if (!turn) {
        ui->turn.count = 0;
        grid_put(grid, area.row + 1, 2, area.cols - 3, SLICE_LIT("This session has no turn yet."), ROLE_DIM);
        return;
    }
    int name = area.cols * 2 / 5;
    name = name < NAME_COLS_MIN ? NAME_COLS_MIN : name > NAME_COLS_MAX ? NAME_COLS_MAX : name;
    axis.col = name + 2;
    axis.cols = area.cols - axis.col - 1 - (area.cols >= TIME_FROM ? TIME_COLS : 0);
    collect(&ui->turn, turn);
    struct run_status run = model_session_status(turn->session, data->now_ns);
    axis.now_ns = status_clock(turn->session, &run, data->now_ns);
    find_span(&ui->turn, axis.now_ns, &axis);
    scroll(ui, turn, (size_t)(area.rows - 1));
    struct pen pen = {grid, area.row, 1, axis.col - 1};
    pen_put(&pen, label_session(turn->session), ROLE_COLUMN_SORT);
    draw_axis(&axis, grid, area.row);
    for (int i = 0; i < area.rows - 1 && ui->turn.top + (size_t)i < ui->turn.count; i++) {
        const struct row *row = &ui->turn.items[ui->turn.top + (size_t)i];
        ui->lines[i] = (struct line){row->session_id, row->node_id};
        draw_line(ui, data, grid, &axis, area.row + 1 + i, row);
    }
}

void waterfall_move(struct ui *ui, const struct ui_data *data, int64_t by)
{
    const struct node *turn = selected_turn(ui, data);
    if (!turn)
        return;
    collect(&ui->turn, turn);
    size_t at = find_row(&ui->turn, ui->selected.node_id);
    int64_t to = (at < ui->turn.count ? (int64_t)at : -1) + by, last = (int64_t)ui->turn.count - 1;
    const struct row *row = &ui->turn.items[to < 0 ? 0 : to > last ? last : to];
    ui_select_node(ui, data, row->session_id, row->node_id);
}

struct turn_search {
    const struct ui *ui;
    const struct turn_rows *turn;
};

static bool is_hit(const void *ctx, size_t i)
{
    const struct turn_search *s = ctx;
    return search_matches(s->ui, s->turn->items[i].session, s->turn->items[i].node);
}

void waterfall_find(struct ui *ui, const struct ui_data *data, bool forward, bool inclusive)
{
    const struct node *turn = selected_turn(ui, data);
    if (!turn)
        return;
    collect(&ui->turn, turn);
    size_t at = find_row(&ui->turn, ui->selected.node_id), count = ui->turn.count;
    size_t found =
        search_rows(ui, count, at, forward, inclusive, is_hit, &(struct turn_search){ui, &ui->turn});
    if (found < count)
        ui_select_node(ui, data, ui->turn.items[found].session_id, ui->turn.items[found].node_id);
}
