/* The flow: what comes in from whom, what is kept, where it goes, and everything that went wrong on the way.
 */
#include "clock.h"
#include "format.h"
#include "glyph.h"
#include "status.h"
#include "ui_flow.h"
#include "ui_private.h"
#include "wrap.h"

#include <stdio.h>

/* Lines are laid out one after the other; those above the first visible one are counted only. */
struct flow_sheet {
    struct grid *grid;
    struct area area; /* without the title line */
    int top, line;
    struct search_lines *search; /* NULL: nobody searches */
};

/* A column of a table: tables give up their last columns first. */
struct flow_column {
    const char *title;
    int width; /* 0: takes what is left */
    bool right;
};

#define COLUMNS_MAX 10
#define KEY_COLS    14

static int row_of(const struct flow_sheet *s)
{
    int row = s->line - s->top;
    return row >= 0 && row < s->area.rows ? s->area.row + row : -1;
}

/* What is said behind a title goes on below it. */
static void put_title(struct flow_sheet *s, const char *title, const char *more)
{
    int col = s->area.col + 1 + (int)text_width(slice_str(title)) + 2, end = s->area.col + s->area.cols - 1;
    struct slice whole = slice_str(more), rest = whole;
    if (s->line)
        s->line++;
    int row = row_of(s);
    if (row >= 0)
        grid_put(s->grid, row, s->area.col + 1, s->area.cols - 2, slice_str(title), ROLE_HELP_TITLE);
    search_note(s->search, s->line, slice_str(title));
    for (bool first = true; first || rest.len; first = false, s->line++) {
        struct slice line = wrap_next(&rest, end - col);
        search_note_part(s->search, s->line, line, whole);
        row = row_of(s);
        if (row >= 0)
            grid_put(s->grid, row, col, end - col, line, ROLE_DIM);
        col = s->area.col + 3;
    }
}

/* One fact; what is wrong has a role that says so. */
static void put_fact(struct flow_sheet *s, const char *key, const char *value, int role)
{
    int col = s->area.col + 3 + KEY_COLS, cols = s->area.col + s->area.cols - 1 - col;
    struct slice whole = slice_str(value), rest = whole;
    search_note(s->search, s->line, slice_str(key));
    for (bool first = true; rest.len; first = false, s->line++) {
        struct slice line = wrap_next(&rest, cols);
        search_note_part(s->search, s->line, line, whole);
        int row = row_of(s);
        if (row < 0)
            continue;
        if (first)
            grid_put(s->grid, row, s->area.col + 3, KEY_COLS - 1, slice_str(key), ROLE_DIM);
        grid_put(s->grid, row, col, cols, line, role);
    }
}

/* How many columns of a table fit; the one that takes what is left gets least at the least. */
static int columns_that_fit(const struct flow_column *columns, int count, int cols, int least, int *rest)
{
    for (;; count--) {
        int used = least;
        for (int i = 0; i < count; i++)
            used += columns[i].width ? columns[i].width + 2 : 0;
        if (used <= cols || count == 1) {
            *rest = cols - (used - least);
            return count;
        }
    }
}

struct flow_cell {
    char text[FORMAT_MAX + 8];
    struct slice slice; /* instead of text, when it has bytes */
    int role;
};

static void put_cells(struct flow_sheet *s, const struct flow_column *columns, int count, int rest,
                      const struct flow_cell *cells)
{
    int row = row_of(s), col = s->area.col + 3;
    for (int i = 0; i < count; i++) {
        int width = columns[i].width ? columns[i].width : rest;
        struct slice text = cells ? cells[i].slice.len ? cells[i].slice : slice_str(cells[i].text)
                                  : slice_str(columns[i].title);
        search_note(s->search, s->line, text);
        if (row < 0)
            continue;
        int role = cells ? cells[i].role : ROLE_COLUMN;
        if (columns[i].right)
            grid_put_right(s->grid, row, col, width, text, role);
        else
            grid_put(s->grid, row, col, width, text, role);
        col += width + 2;
    }
    s->line++;
}

static struct flow_cell number(uint64_t n, int role)
{
    struct flow_cell cell = {.role = role};
    if (n)
        format_count_wide((int64_t)n, cell.text);
    return cell;
}

static struct flow_cell words(struct slice text, int role)
{
    return (struct flow_cell){.slice = text, .role = role};
}

/* ------------------------------------------------------------------------------------------- sections */

static void put_received(struct flow_sheet *s, const struct ui_data *data, const struct ui_flow *f)
{
    const struct ui_received *r = &data->received;
    char text[200], n[8][FORMAT_MAX];
    put_title(s, "Receiving", "");
    snprintf(text, sizeof(text), "http %.*s   grpc %.*s",
             SLICE_ARG(data->http_address.len ? data->http_address : SLICE_LIT("off")),
             SLICE_ARG(data->grpc_address.len ? data->grpc_address : SLICE_LIT("off")));
    put_fact(s, "listens on", text, ROLE_TEXT);
    snprintf(text, sizeof(text), "%s in %s requests: %s spans, %s logs, %s metric points, %s hooks",
             format_bytes((int64_t)r->bytes, n[0]), format_count_wide((int64_t)r->requests, n[1]),
             format_count_wide((int64_t)r->spans, n[2]), format_count_wide((int64_t)r->logs, n[3]),
             format_count_wide((int64_t)r->metric_points, n[4]), format_count_wide((int64_t)r->hooks, n[5]));
    put_fact(s, "received", text, ROLE_TEXT);
    snprintf(text, sizeof(text), "%s open, %s since the start; %s of %s for bodies in use",
             format_count((int64_t)f->connections, n[0]),
             format_count_wide((int64_t)f->connections_total, n[1]),
             format_bytes((int64_t)f->budget_used, n[2]), format_bytes((int64_t)f->budget_max, n[3]));
    put_fact(s, "connections", text, ROLE_TEXT);
    for (size_t i = 0; i < f->refused_count; i++) {
        snprintf(text, sizeof(text), "%s %.*s", format_count_wide((int64_t)f->refused[i].count, n[0]),
                 SLICE_ARG(f->refused[i].name));
        put_fact(s, i ? "" : "refused", text, ROLE_WARNING);
    }
    if (r->decode_errors) {
        snprintf(text, sizeof(text), "%s passed on, but could not be read",
                 format_count_wide((int64_t)r->decode_errors, n[0]));
        put_fact(s, "not read", text, ROLE_WARNING);
    }
    if (f->lost_events > 0) {
        snprintf(text, sizeof(text), "%s events that the senders numbered never came",
                 format_count_wide(f->lost_events, n[0]));
        put_fact(s, "lost", text, ROLE_WARNING);
    }
}

static void put_clients(struct flow_sheet *s, const struct ui_data *data, const struct ui_flow *f)
{
    static const struct flow_column COLUMNS[] = {
        {"CLIENT", 0, false}, {"REQ", 5, true}, {"BYTES", 5, true}, {"LAST", 5, true},  {"REFUSED", 7, true},
        {"VIA", 5, false},    {"AS", 8, false}, {"LOGS", 5, true},  {"SPANS", 5, true}, {"POINTS", 6, true},
    };
    int rest, count = columns_that_fit(COLUMNS, COLUMNS_MAX, s->area.cols - 4, 14, &rest);
    rest = rest < 44 ? rest : 44;
    put_title(s, "Clients", f->client_count ? "" : "nobody has sent anything yet");
    if (f->client_count)
        put_cells(s, COLUMNS, count, rest, NULL);
    for (size_t i = 0; i < f->client_count; i++) {
        const struct ui_flow_client *c = &f->clients[i];
        struct flow_cell cells[COLUMNS_MAX] = {
            words(c->name.len ? c->name : SLICE_LIT("(no user agent)"), ROLE_CALL),
            number(c->requests, ROLE_TOKENS),
            {.role = ROLE_TOKENS},
            {.role = ROLE_TIME},
            number(c->refused, ROLE_WARNING),
            words(c->transport, ROLE_DETAIL),
            words(c->encoding, ROLE_DETAIL),
            number(c->logs, ROLE_TOKENS),
            number(c->spans, ROLE_TOKENS),
            number(c->metric_points, ROLE_TOKENS),
        };
        format_bytes((int64_t)c->bytes, cells[2].text);
        int64_t next;
        if (c->last_ns > 0 && data->now_ns >= c->last_ns)
            status_since(data->now_ns, data->day_start_ns, c->last_ns, cells[3].text, &next);
        put_cells(s, COLUMNS, count, rest, cells);
    }
}

static void put_kept(struct flow_sheet *s, const struct ui_flow *f)
{
    char text[160], n[4][FORMAT_MAX];
    put_title(s, "Kept", "");
    snprintf(text, sizeof(text), "%s in %s %s", format_bytes((int64_t)f->journal_bytes, n[0]),
             format_count((int64_t)f->journal_segments, n[1]),
             f->on_disk ? "segments on disk" : "segments in memory");
    put_fact(s, "journal", text, ROLE_TEXT);
    snprintf(text, sizeof(text), "%s of %s", format_bytes((int64_t)f->model_bytes, n[0]),
             format_bytes((int64_t)f->model_bytes_max, n[1]));
    put_fact(s, "model", text, ROLE_TEXT);
    if (f->model_evicted) {
        snprintf(text, sizeof(text), "%s oldest sessions made room",
                 format_count_wide((int64_t)f->model_evicted, n[0]));
        put_fact(s, "", text, ROLE_WARNING);
    }
    if (f->model_behind) {
        snprintf(text, sizeof(text), "%s requests are kept that the model has still to read",
                 format_count_wide((int64_t)f->model_behind, n[0]));
        put_fact(s, "", text, ROLE_TEXT);
    }
    if (f->unsaved) {
        snprintf(text, sizeof(text), "%s requests are only in memory: the disk refuses",
                 format_count_wide((int64_t)f->unsaved, n[0]));
        put_fact(s, "unsaved", text, ROLE_ERROR);
    }
    if (f->unsaved_dropped) {
        snprintf(text, sizeof(text), "%s requests, as the disk refused and memory ran out",
                 format_count_wide((int64_t)f->unsaved_dropped, n[0]));
        put_fact(s, "lost", text, ROLE_ERROR);
    }
    if (f->damaged || f->io_errors) {
        snprintf(text, sizeof(text), "%s damaged frames, %s errors of the disk",
                 format_count((int64_t)f->damaged, n[0]), format_count((int64_t)f->io_errors, n[1]));
        put_fact(s, "disk", text, ROLE_WARNING);
    }
}

/* How far what is shown can be trusted, the worst first. */
static void put_telemetry(struct flow_sheet *s, const struct telemetry *t)
{
    static const char *const WORDS[] = {
        [HEALTH_INFO] = "to know", [HEALTH_WARNING] = "warning", [HEALTH_ERROR] = "error"};
    char text[HEALTH_MESSAGE_MAX + 64], more[64] = "";
    put_title(s, "Telemetry", t->count ? "" : "complete, as far as can be told");
    for (size_t i = 0; i < t->count; i++) {
        const struct telemetry_item *item = &t->items[i];
        snprintf(text, sizeof(text), "%s%s%s", item->session, item->session[0] ? ": " : "", item->message);
        put_fact(s, WORDS[item->severity], text, (int)telemetry_role(item->severity));
    }
    if (t->all > t->count) {
        snprintf(more, sizeof(more), "%zu more: claude-top status", t->all - t->count);
        put_fact(s, "", more, ROLE_DIM);
    }
}

static struct flow_cell state_cell(const struct ui_flow_upstream *u)
{
    static const struct {
        const char *word;
        enum role role;
    } STATES[] = {
        [UI_UPSTREAM_NONE] = {"idle", ROLE_DIM},
        [UI_UPSTREAM_OK] = {"ok", ROLE_STATE_RUNNING},
        [UI_UPSTREAM_RETRYING] = {"retrying", ROLE_STATE_RETRYING},
        [UI_UPSTREAM_REJECTING] = {"rejects", ROLE_STATE_FAILED},
    };
    struct flow_cell cell = {.role = (int)STATES[u->state].role};
    snprintf(cell.text, sizeof(cell.text), "%s", STATES[u->state].word);
    return cell;
}

static void put_upstreams(struct flow_sheet *s, const struct ui_flow *f)
{
    static const struct flow_column COLUMNS[] = {
        {"UPSTREAM", 0, false}, {"STATE", 8, false}, {"SENT", 5, true}, {"WAIT", 5, true},
        {"OLDEST", 6, true},    {"LOST", 5, true},   {"REJ", 5, true},  {"HELD", 5, true},
        {"RETRY", 5, true},     {"BYTES", 5, true},
    };
    int rest, count = columns_that_fit(COLUMNS, COLUMNS_MAX, s->area.cols - 4, 12, &rest);
    rest = rest < 44 ? rest : 44;
    put_title(s, "Upstreams", f->upstream_count ? "" : "none: everything ends here (--upstream-http URL)");
    if (f->upstream_count)
        put_cells(s, COLUMNS, count, rest, NULL);
    for (size_t i = 0; i < f->upstream_count; i++) {
        const struct ui_flow_upstream *u = &f->upstreams[i];
        char name[160], text[FORMAT_MAX];
        snprintf(name, sizeof(name), "%.*s %.*s %.*s", SLICE_ARG(u->name), SLICE_ARG(u->protocol),
                 SLICE_ARG(u->address));
        struct flow_cell cells[COLUMNS_MAX] = {
            words(slice_str(name), ROLE_CALL),
            state_cell(u),
            number(u->sent, ROLE_TOKENS),
            number(u->queued, ROLE_STATE_RETRYING),
            {.role = ROLE_TIME},
            number(u->dropped, ROLE_STATE_FAILED),
            number(u->rejected, ROLE_STATE_FAILED),
            number(u->held, ROLE_WARNING),
            number(u->retries, ROLE_TOKENS),
            {.role = ROLE_TOKENS},
        };
        if (u->oldest_ns > 0)
            format_age(u->oldest_ns, cells[4].text);
        format_bytes((int64_t)u->sent_bytes, cells[9].text);
        put_cells(s, COLUMNS, count, rest, cells);
        int row = row_of(s);
        if (u->error.len == 0)
            continue;
        search_note(s->search, s->line, u->error);
        if (row >= 0) {
            struct pen pen = {s->grid, row, s->area.col + 5, s->area.col + s->area.cols - 1};
            pen_put(&pen, u->error, ROLE_STATE_FAILED);
            if (u->next_attempt_ns >= 0) {
                pen_str(&pen, "; next attempt in ", ROLE_DIM);
                pen_str(&pen, format_duration(u->next_attempt_ns, text), ROLE_DIM);
            }
        }
        s->line++;
    }
}

/* Ages and delays that are shown read differently then. */
static void wake_for_ages(struct ui *ui, const struct ui_data *data)
{
    const struct ui_flow *f = data->flow;
    for (size_t i = 0; i < f->client_count; i++) {
        int64_t last = f->clients[i].last_ns, next;
        char text[FORMAT_MAX];
        if (last <= 0 || data->now_ns < last)
            continue;
        status_since(data->now_ns, data->day_start_ns, last, text, &next);
        ui_wake_at(ui, next);
    }
    for (size_t i = 0; i < f->upstream_count; i++)
        if (f->upstreams[i].oldest_ns > 0 || f->upstreams[i].next_attempt_ns >= 0)
            ui_wake_at(ui, data->now_ns + NS_PER_SEC);
}

static int put_all(const struct ui *ui, const struct ui_data *data, struct flow_sheet *s)
{
    if (data->flow) {
        put_upstreams(s, data->flow);
        put_telemetry(s, &ui->telemetry);
        put_received(s, data, data->flow);
        put_clients(s, data, data->flow);
        put_kept(s, data->flow);
    } else {
        put_telemetry(s, &ui->telemetry);
        put_title(s, "Flow", "the collector keeps these numbers: claude-top status --json");
    }
    return s->line;
}

void flow_draw(struct ui *ui, const struct ui_data *data, struct grid *grid, struct area area)
{
    struct scrolled *text = &ui->flow;
    struct flow_sheet s = {grid, {area.row + 1, area.col, area.rows - 1, area.cols}, text->top, 0, NULL};
    if (scrolled_set(text, put_all(ui, data, &s),
                     area.rows - 1)) { /* there is less than there was: its end */
        grid_fill(grid, s.area.row, s.area.col, s.area.rows, s.area.cols, ROLE_TEXT);
        s.top = text->top;
        s.line = 0;
        put_all(ui, data, &s);
    }
    if (data->flow)
        wake_for_ages(ui, data);
    grid_put(grid, area.row, area.col + 1, area.cols - 2, SLICE_LIT("FLOW"), ROLE_COLUMN_SORT);
    if (text->hit > text->top && text->hit <= text->top + text->rows)
        grid_flag(grid, area.row + text->hit - text->top, area.col, 1, area.cols, CELL_SELECTED);
    if (s.line - s.top > s.area.rows && area.cols > 16) {
        char more[32];
        snprintf(more, sizeof(more), "more %s", glyph(GLYPH_OPEN));
        grid_put_right(grid, area.row, area.col, area.cols - 1, slice_str(more), ROLE_DIM);
    }
}

void flow_move(struct ui *ui, const struct ui_data *data, int64_t by)
{
    (void)data;
    scrolled_move(&ui->flow, by);
}

void flow_find(struct ui *ui, const struct ui_data *data, bool forward, bool inclusive)
{
    struct search_lines lines = {.ui = ui};
    struct flow_sheet s = {.area = {.cols = ui->body_cols}, .search = &lines};
    ui->flow.lines = put_all(ui, data, &s);
    search_lines_move(ui, &lines, &ui->flow, forward, inclusive);
}
