/* The tree: column titles, then the rows that fit. */
#include "clock.h"
#include "format.h"
#include "glyph.h"
#include "label.h"
#include "ui_private.h"

#include <stdio.h>

#define INDENT       2
#define DAY_NS       (INT64_C(24) * 3600 * NS_PER_SEC)
#define BURN_TICK_NS (5 * NS_PER_SEC) /* what leaves the window lowers the rate */

/* Everything that one row's cells need. */
struct context {
    struct ui *ui;
    const struct ui_data *data;
    struct grid *grid;
    int line;
    const struct session *s;
    const struct node *n;    /* NULL: the session's row */
    const struct node *call; /* n, or the sub-agent that shares its row */
    const struct counters *total;
    struct run_status run;
};

/* ------------------------------------------------------------------------------------------------ name */

static void draw_guides(const struct context *c, const struct row *row, struct pen *pen)
{
    /* Deep trees must leave room for the name. */
    int most = c->ui->layout.columns[COLUMN_NAME].width / 2;
    int indent = (int)(row->depth < 64 ? row->depth : 64) * INDENT;
    indent = indent < most ? indent : most;
    for (int col = INDENT; col + 1 < indent; col += INDENT)
        grid_put(pen->grid, pen->row, pen->col + col, 1, slice_str(glyph(GLYPH_GUIDE)), ROLE_TREE_LINE);
    pen->col += indent;
}

static void draw_name(const struct context *c, const struct row *row)
{
    struct label label;
    int col = c->ui->layout.columns[COLUMN_NAME].col;
    struct pen pen = {c->grid, c->line, col, col + c->ui->layout.columns[COLUMN_NAME].width};
    draw_guides(c, row, &pen);
    if (row->has_children)
        grid_put(c->grid, c->line, pen.col, 1, slice_str(glyph(row->open ? GLYPH_OPEN : GLYPH_FOLDED)),
                 ROLE_TREE_FOLD);
    pen.col += 2;
    label_build(&label, c->s, c->n);
    for (int i = 0; i < label.count; i++)
        pen_put(&pen, label.pieces[i].text, (int)label.pieces[i].role);
}

/* ----------------------------------------------------------------------------------------------- state */

static void draw_state(const struct context *c)
{
    const struct layout *l = &c->ui->layout;
    if (c->n && c->n->kind == NODE_EVENT && c->n->state == NODE_DONE)
        return; /* a moment has no state */
    struct status status = status_make(c->s, c->n, &c->run);
    int col = l->columns[COLUMN_STATE].col, width = l->columns[COLUMN_STATE].width;
    int role = (int)status.look->role;
    char age[FORMAT_MAX + 8] = "";
    if (status.since_ns) {
        char text[FORMAT_MAX];
        int64_t next, now = c->data->now_ns;
        if (status.rests)
            status_since(now, c->data->day_start_ns, status.since_ns, text, &next);
        else
            format_age(status_age(now, status.since_ns, &next), text);
        snprintf(age, sizeof(age), " %s", text);
        ui_wake_at(c->ui, next);
    } else if (status.count > 1) {
        snprintf(age, sizeof(age), " %s%d", glyph(GLYPH_TIMES), (int)status.count);
    }
    int age_width = (int)text_width(slice_str(age));
    struct slice word = status.word.len ? status.word : slice_str(status.look->word);
    if (status.word.len == 0 && 2 + (int)word.len + age_width > width)
        word = slice_str(status.look->brief);
    if (2 + (int)word.len + age_width > width && status.rests) { /* half a word says less than no time */
        age[0] = '\0';
        age_width = 0;
    }

    struct pen pen = {c->grid, c->line, col, col + width};
    pen_str(&pen, glyph(status.look->glyph), role);
    pen_str(&pen, " ", role);
    pen.edge -= age_width;
    pen_put(&pen, word, role);
    if (status.detail.len && pen.edge - pen.col > 3) {
        pen_str(&pen, " ", ROLE_DETAIL);
        pen_put(&pen, status.detail, ROLE_DETAIL);
    }
    pen.edge += age_width;
    pen_str(&pen, age, role);
}

/* --------------------------------------------------------------------------------------------- numbers */

static void put_number(const struct context *c, enum column column, const char *text, int role)
{
    const struct layout *l = &c->ui->layout;
    grid_put_right(c->grid, c->line, l->columns[column].col, l->columns[column].width, slice_str(text), role);
}

/* Calls that were never made have no tokens; a zero would claim that they had. */
static void put_count(const struct context *c, enum column column, int64_t value, bool known, int role)
{
    char text[FORMAT_MAX];
    if (c->ui->layout.columns[column].width && known)
        put_number(c, column, format_count(value, text), role);
}

static bool is_open(const struct node *n)
{
    return n->state == NODE_RUNNING || n->state == NODE_WAITING;
}

/* -1: unknown. *ticks: it grows as time passes. */
static int64_t node_time(const struct context *c, const struct node *n, bool *ticks)
{
    *ticks = false;
    if (n->duration_ns >= 0)
        return n->duration_ns;
    if (n->start_ns <= 0)
        return -1;
    if (is_open(n)) {
        int64_t until = status_clock(c->s, &c->run, c->data->now_ns);
        *ticks = until == c->data->now_ns;
        return status_elapsed(until, n->start_ns);
    }
    if (n->end_ns > 0)
        return status_elapsed(n->end_ns, n->start_ns);
    return n->kind == NODE_TURN && n->last_ns > 0 ? status_elapsed(n->last_ns, n->start_ns) : -1;
}

static void draw_time(const struct context *c)
{
    char text[FORMAT_MAX];
    bool ticks;
    int64_t ns =
        c->n ? node_time(c, c->call, &ticks) : status_session_time(c->s, &c->run, c->data->now_ns, &ticks);
    if (ns < 0)
        return;
    bool clock = !c->n || c->n->kind == NODE_TURN;
    /* What may still grow is shown in whole seconds: tenths would only flicker. */
    bool brief = !clock && is_open(c->call) && ns < 10 * NS_PER_SEC;
    const char *words = clock   ? format_clock(ns, text)
                        : brief ? ns < NS_PER_SEC ? "<1s" : format_age(ns, text)
                                : format_duration(ns, text);
    put_number(c, COLUMN_TIME, words, ROLE_TIME);
    if (ticks)
        ui_wake_at(c->ui, c->data->now_ns + format_clock_next(ns));
}

static void draw_duration(const struct context *c, enum column column, int64_t ns)
{
    char text[FORMAT_MAX];
    if (c->ui->layout.columns[column].width && ns > 0)
        put_number(c, column, format_duration(ns, text), ROLE_TIME);
}

static void put_percentage(const struct context *c, enum column column, double percentage)
{
    char text[FORMAT_MAX];
    if (c->ui->layout.columns[column].width && percentage >= 0)
        put_number(c, column, format_percentage(percentage, text),
                   percentage >= LABEL_NEARLY_FULL ? ROLE_WARNING : ROLE_TOKENS);
}

/* The time of the day; of another day, how long ago that was. */
static void draw_started(const struct context *c)
{
    char text[FORMAT_MAX];
    int64_t at = c->n ? c->n->start_ns : c->s->started_ns, today = c->data->day_start_ns;
    if (at <= 0)
        return;
    if (today > 0 && at >= today && at < today + DAY_NS) {
        int64_t minutes = (at - today) / (60 * NS_PER_SEC);
        snprintf(text, sizeof(text), "%02d:%02d", (int)(minutes / 60), (int)(minutes % 60));
    } else {
        char age[FORMAT_MAX];
        snprintf(text, sizeof(text), "-%s", format_age(status_elapsed(c->data->now_ns, at), age));
    }
    put_number(c, COLUMN_STARTED, text, ROLE_TIME);
}

static void draw_numbers(const struct context *c)
{
    const struct counters *t = c->total;
    const struct layout *l = &c->ui->layout;
    char text[FORMAT_MAX];
    /* A call that has not come back, or never got an answer, has used tokens that nobody knows. */
    bool llm = c->n && c->n->kind == NODE_LLM;
    bool answered = !llm || (!is_open(c->n) && (c->n->state != NODE_FAILED || t->output_tokens > 0));
    bool used = t->llm_calls > 0 && answered;
    put_count(c, COLUMN_IN, t->input_tokens, used, ROLE_TOKENS);
    put_count(c, COLUMN_OUT, t->output_tokens, used, ROLE_TOKENS);
    put_count(c, COLUMN_CACHE, t->cache_read_tokens + t->cache_creation_tokens, used, ROLE_TOKENS);
    if (l->columns[COLUMN_COST].width && used)
        put_number(c, COLUMN_COST, format_cost(t->cost_nano_usd, label_cost_marks(t), text), ROLE_COST);
    if (l->columns[COLUMN_TIME].width)
        draw_time(c);
    bool group = !c->n || c->n->first_child;
    put_count(c, COLUMN_LLM, t->llm_calls, group && t->llm_calls > 0, ROLE_TOKENS);
    put_count(c, COLUMN_TOOLS, t->tool_calls, group && t->tool_calls > 0, ROLE_TOKENS);
    put_count(c, COLUMN_ERRORS, t->llm_errors + t->tool_errors, group && t->llm_errors + t->tool_errors > 0,
              ROLE_COUNT_ERROR);
    put_count(c, COLUMN_AGENTS, t->agents, group && t->agents > 0, ROLE_TOKENS);
    draw_duration(c, COLUMN_TTFT, c->n && c->n->kind == NODE_LLM ? c->n->ttft_ns : -1);
    draw_duration(c, COLUMN_WAIT, c->n && !group ? c->n->wait_ns : t->wait_ns);
    int64_t retries = llm && c->n->attempts > 1 ? c->n->attempts - 1 : group ? t->llm_retries : 0;
    put_count(c, COLUMN_RETRIES, retries, retries > 0, ROLE_STATE_RETRYING);
    if (l->columns[COLUMN_STARTED].width)
        draw_started(c);
}

/* What only a session's row has. */
static void draw_burn(const struct context *c)
{
    char text[FORMAT_MAX];
    struct burn_rate burn = model_session_burn(c->s, c->data->now_ns);
    if (burn.cost_nano_usd_per_hour <= 0)
        return;
    put_number(c, COLUMN_BURN,
               format_cost(burn.cost_nano_usd_per_hour, burn.is_estimate ? COST_ESTIMATE : 0, text),
               ROLE_COST);
    ui_wake_at(c->ui, c->data->now_ns + BURN_TICK_NS);
}

static void draw_session_numbers(const struct context *c)
{
    const struct layout *l = &c->ui->layout;
    const struct session_limits *limits = &c->s->limits;
    if (l->columns[COLUMN_BURN].width)
        draw_burn(c);
    if (c->s->context.reported_ns > 0)
        put_percentage(c, COLUMN_CONTEXT, c->s->context.used_percentage);
    if (limits->reported_ns > 0) {
        put_percentage(c, COLUMN_LIMIT_5H, label_limit_percentage(&limits->five_hour, c->data->now_ns));
        put_percentage(c, COLUMN_LIMIT_7D, label_limit_percentage(&limits->seven_day, c->data->now_ns));
    }
}

static void draw_texts(const struct context *c)
{
    const struct layout *l = &c->ui->layout;
    struct slice model = !c->n ? c->s->model : c->call->model;
    int width = l->columns[COLUMN_MODEL].width;
    if (width && model.len) {
        struct slice name = label_model(model);
        if ((int)text_width(name) > width)
            name = label_model_family(model);
        grid_put(c->grid, c->line, l->columns[COLUMN_MODEL].col, width, name, ROLE_MODEL);
    }
    if (c->n)
        return;
    if (l->columns[COLUMN_BRANCH].width)
        grid_put(c->grid, c->line, l->columns[COLUMN_BRANCH].col, l->columns[COLUMN_BRANCH].width,
                 c->s->branch, ROLE_DIM);
    if (l->columns[COLUMN_ID].width)
        grid_put(c->grid, c->line, l->columns[COLUMN_ID].col, l->columns[COLUMN_ID].width,
                 text_prefix(c->s->session_id, (size_t)l->columns[COLUMN_ID].width, NULL), ROLE_DIM);
    if (l->columns[COLUMN_FOLDER].width)
        grid_put(c->grid, c->line, l->columns[COLUMN_FOLDER].col, l->columns[COLUMN_FOLDER].width, c->s->cwd,
                 ROLE_DIM);
}

/* -------------------------------------------------------------------------------------- all of it */

static void draw_titles(struct ui *ui, struct grid *grid, int row)
{
    const struct layout *l = &ui->layout;
    for (int i = 0; i < COLUMN_COUNT; i++) {
        const struct column_info *info = column_info((enum column)i);
        int col = l->columns[i].col, width = l->columns[i].width;
        bool sorts = info->sort == ui->sort;
        int role = sorts ? ROLE_COLUMN_SORT : ROLE_COLUMN;
        struct slice title = slice_str(info->title);
        if (width == 0)
            continue;
        if (i == COLUMN_NAME)
            col += 2, width -= 2;
        if (i == COLUMN_NAME && (int)title.len > width)
            title = SLICE_LIT("SESSION");
        if (info->right)
            grid_put_right(grid, row, col, width, title, role);
        else
            grid_put(grid, row, col, width, title, role);
        if (sorts) {
            int mark = info->right ? col + width - (int)title.len - 1 : col + (int)title.len + 1;
            bool ascending = (ui->sort == UI_SORT_NAME || ui->sort == UI_SORT_STATE) != ui->inverted;
            grid_put(grid, row, mark, 1, slice_str(glyph(ascending ? GLYPH_UP : GLYPH_OPEN)),
                     ROLE_COLUMN_SORT);
        }
    }
}

static void draw_row(struct context *c, const struct row *row)
{
    c->n = row->node;
    c->call = row->node && rows_agent(row->node) ? rows_agent(row->node) : row->node;
    c->total = row->node ? &row->node->total : &row->session->total;
    if (c->s != row->session) {
        c->s = row->session;
        c->run = model_session_status(c->s, c->data->now_ns);
    }
    draw_name(c, row);
    draw_state(c);
    draw_texts(c);
    draw_numbers(c);
    if (!c->n)
        draw_session_numbers(c);
}

void tree_draw(struct ui *ui, const struct ui_data *data, struct grid *grid, struct area area)
{
    struct context c = {.ui = ui, .data = data, .grid = grid};
    layout_compute(&ui->layout, &ui->columns, area.cols);
    draw_titles(ui, grid, area.row);
    for (int i = 0; i < area.rows - 1 && ui->top + (size_t)i < ui->rows.count; i++) {
        const struct row *r = rows_at(&ui->rows, ui->top + (size_t)i);
        c.line = area.row + 1 + i;
        ui->lines[i] = (struct line){r->session_id, r->node_id};
        draw_row(&c, r);
        if (!r->node && (c.run.state == RUN_PERMISSION || c.run.state == RUN_INPUT) &&
            !ui->attention.config.no_highlight)
            grid_flag(grid, c.line, area.col, 1, area.cols, CELL_ATTENTION);
    }
    if (rows_until_ns(&ui->rows))
        ui_wake_at(ui, rows_until_ns(&ui->rows));
}
