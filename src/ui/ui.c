#include "ui.h"

#include "clock.h"
#include "glyph.h"
#include "mem.h"
#include "ui_private.h"

#include <stdio.h>
#include <stdlib.h>

#define DAY_NS (24 * 3600 * NS_PER_SEC)

/* From here on the details stand beside the view, or below it; otherwise in its place. */
#define PANE_BESIDE_COLS 110
#define PANE_BELOW_ROWS  24
#define PANE_COLS_MAX    72

/* From here on there is room for a line that says what the worst alert is. */
#define ALERT_LINE_ROWS 16

struct ui *ui_create(const struct ui_config *config)
{
    static const struct ui_config DEFAULTS = {0};
    struct ui *ui = mem_alloc(sizeof(*ui));
    if (!config)
        config = &DEFAULTS;
    for (int i = 0; i < THEME_BUILTIN_COUNT; i++)
        theme_builtin(&ui->builtin[i], i);
    ui->themes = config->themes && config->theme_count > 0 ? config->themes : ui->builtin;
    ui->theme_count = ui->themes == ui->builtin ? THEME_BUILTIN_COUNT : config->theme_count;
    ui->theme = config->theme >= 0 && config->theme < ui->theme_count ? config->theme : 0;
    ui->ascii = config->ascii;
    if (config->keymap)
        ui->keymap = *config->keymap;
    else
        keymap_init(&ui->keymap);
    footer_init(ui);
    folds_init(&ui->folds);
    rows_init(&ui->rows);
    grid_init(&ui->last, 1, 1);
    attention_init(&ui->attention, &config->attention);
    ui->follow = true;
    ui->view = config->view < UI_VIEW_COUNT ? config->view : UI_VIEW_TREE;
    ui->pane = config->pane;
    ui->red.window = 2;
    columns_init(&ui->columns);
    if (config->columns)
        columns_parse(&ui->columns, slice_str(config->columns), NULL);
    ui->sort = config->sort < UI_SORT_COUNT ? config->sort : UI_SORT_ACTIVITY;
    snprintf(ui->window_title, sizeof(ui->window_title), "claude-top");
    struct ct_errmsg ignored;
    filter_parse(&ui->filter, config->filter, &ignored);
    return ui;
}

void ui_destroy(struct ui *ui)
{
    if (!ui)
        return;
    folds_finish(&ui->folds);
    rows_finish(&ui->rows);
    free(ui->turn.items);
    grid_finish(&ui->last);
    free(ui);
}

const struct theme *ui_theme(const struct ui *ui)
{
    return &ui->themes[ui->theme];
}

int64_t ui_wake_ns(const struct ui *ui)
{
    return ui->wake_ns;
}

const char *ui_window_title(const struct ui *ui)
{
    return ui->window_title;
}

int64_t ui_waiting(const struct ui *ui)
{
    return ui->fleet.waiting;
}

bool ui_take_notice(struct ui *ui, struct ui_notice *out)
{
    *out = ui->attention.notice;
    ui->attention.notice = (struct ui_notice){0};
    return out->bell || out->count > 0;
}

void ui_say(struct ui *ui, enum ui_severity severity, const char *text)
{
    ui->severity = severity;
    text_clean(slice_str(text), ui->message, sizeof(ui->message));
}

void ui_wake_at(struct ui *ui, int64_t at_ns)
{
    if (ui->wake_ns == 0 || at_ns < ui->wake_ns)
        ui->wake_ns = at_ns;
}

/* ----------------------------------------------------------------------------- rows and selection */

/* The selected row is folded away or gone: the nearest row above it in the tree, else whatever took its
 * place. */
static size_t find_stand_in(const struct ui *ui, const struct ui_data *data)
{
    const struct rows *r = &ui->rows;
    const struct node *n = model_node_by_id(data->model, ui->selected.node_id);
    for (n = n ? rows_shown(n) : NULL; n; n = rows_parent(n)) {
        size_t at = rows_find(r, n->session->id, n->id, ui->selected_index);
        if (at < r->count)
            return at;
    }
    size_t at = rows_find(r, ui->selected.session_id, 0, ui->selected_index);
    if (at < r->count)
        return at;
    return ui->selected_index < r->count ? ui->selected_index : r->count - 1;
}

/* What follow mode keeps in sight: the newest event of a session that waits for the human, else of the one
 * that was heard of last. */
static size_t newest_row(const struct rows *r)
{
    const struct order *newest = &r->order[r->newest];
    size_t best = newest->first;
    int64_t best_ns = INT64_MIN;
    for (size_t i = best; i < newest->first + newest->rows; i++) {
        const struct node *n = rows_at(r, i)->node;
        if (n && n->last_ns >= best_ns) {
            best = i;
            best_ns = n->last_ns;
        }
    }
    return best;
}

static void scroll_to(struct ui *ui, size_t index)
{
    size_t height = ui->body_rows > 0 ? (size_t)ui->body_rows : 1;
    if (index < ui->top)
        ui->top = index;
    else if (index >= ui->top + height)
        ui->top = index - height + 1;
}

static void clamp_scroll(struct ui *ui)
{
    size_t height = ui->body_rows > 0 ? (size_t)ui->body_rows : 1;
    size_t most = ui->rows.count > height ? ui->rows.count - height : 0;
    if (ui->top > most)
        ui->top = most;
}

static void select_row(struct ui *ui, size_t index)
{
    const struct row *row = rows_at(&ui->rows, index);
    ui->selected = (struct line){row->session_id, row->node_id};
    ui->selected_index = index;
}

void ui_refresh(struct ui *ui, const struct ui_data *data)
{
    struct rows_input in = {.model = data->model,
                            .now_ns = data->now_ns,
                            .folds = &ui->folds,
                            .sort = ui->sort,
                            .inverted = ui->inverted,
                            .filter = ui->filter.count ? &ui->filter : NULL,
                            .filter_version = ui->filter_version,
                            .here = data->here,
                            .here_count = data->here_count,
                            .reveal = ui->search.reveal};
    struct rows *r = &ui->rows;
    rows_update(r, &in);
    if (r->count == 0) {
        ui->selected = ui->settled = (struct line){0};
        ui->selected_index = ui->top = 0;
        return;
    }
    size_t before = ui->selected_index;
    bool same =
        ui->selected.session_id == ui->settled.session_id && ui->selected.node_id == ui->settled.node_id;
    if (ui->selected.session_id == 0) {
        select_row(ui, 0);
    } else {
        size_t at = rows_find(r, ui->selected.session_id, ui->selected.node_id, before);
        select_row(ui, at < r->count ? at : find_stand_in(ui, data));
    }
    if (ui->follow) {
        ui->top = 0;
        scroll_to(ui, newest_row(r));
    } else {
        /* The selected row stays on its screen line, except at the top: what moves up to there needs
         * attention. */
        if (same && ui->top > 0 && before >= ui->top)
            ui->top = ui->selected_index > before - ui->top ? ui->selected_index - (before - ui->top) : 0;
        scroll_to(ui, ui->selected_index);
    }
    clamp_scroll(ui);
    ui->settled = ui->selected;
}

void ui_select(struct ui *ui, const struct ui_data *data, size_t index)
{
    if (ui->rows.count == 0)
        return;
    ui_keep_revealed(ui, data);
    ui->follow = false;
    select_row(ui, index < ui->rows.count ? index : ui->rows.count - 1);
    scroll_to(ui, ui->selected_index);
    ui->settled = ui->selected;
}

bool ui_select_node(struct ui *ui, const struct ui_data *data, uint64_t session_id, uint64_t node_id)
{
    const struct node *n = node_id ? model_node_by_id(data->model, node_id) : NULL;
    size_t at = rows_find(&ui->rows, session_id, node_id, ui->selected_index);
    if (at == ui->rows.count && n) {
        folds_set(&ui->folds, n->session->id, 0, FOLD_OPEN);
        for (const struct node *p = rows_parent(n); p; p = rows_parent(p))
            folds_set(&ui->folds, p->session->id, p->id, FOLD_OPEN);
        ui_refresh(ui, data);
        at = rows_find(&ui->rows, session_id, node_id, ui->selected_index);
    }
    if (at == ui->rows.count)
        return false;
    ui_select(ui, data, at);
    return true;
}

const struct node *ui_selected_node(const struct ui *ui, const struct ui_data *data)
{
    return ui->selected.node_id ? model_node_by_id(data->model, ui->selected.node_id) : NULL;
}

bool ui_shows_settings(const struct ui *ui)
{
    return ui->dialog.kind == DIALOG_SETTINGS;
}

void ui_set_theme(struct ui *ui, int index)
{
    ui->theme = index >= 0 && index < ui->theme_count ? index : ui->theme;
}

void ui_set_sort(struct ui *ui, enum ui_sort sort)
{
    ui->sort = sort < UI_SORT_COUNT ? sort : ui->sort;
    ui->inverted = false;
}

enum ct_err ui_set_columns(struct ui *ui, const char *text, struct ct_errmsg *msg)
{
    return columns_parse(&ui->columns, slice_str(text), msg);
}

struct filter_context ui_filter_context(const struct ui *ui, const struct ui_data *data)
{
    return (struct filter_context){data->now_ns, data->here, data->here_count, ui->rows.last_id};
}

void ui_add_hit(struct ui *ui, int row, int from, int to, enum action action)
{
    struct hit hit = {.row = row, .from = from, .to = to};
    if (ui->hit_count < HITS_MAX && keymap_key(&ui->keymap, action, 0, &hit.key))
        ui->hits[ui->hit_count++] = hit;
}

unsigned ui_context(const struct ui *ui)
{
    if (ui->help)
        return CONTEXT_HELP;
    if (ui->dialog.kind)
        return dialog_context(ui);
    return ui->pane && ui->focused ? CONTEXT_DETAIL : view_of(ui->view)->context;
}

void ui_keep_revealed(struct ui *ui, const struct ui_data *data)
{
    const struct node *n = ui->search.reveal ? model_node_by_id(data->model, ui->search.reveal) : NULL;
    ui->search.reveal = 0;
    if (!n)
        return;
    folds_set(&ui->folds, n->session->id, 0, FOLD_OPEN);
    for (const struct node *p = rows_parent(n); p; p = rows_parent(p))
        folds_set(&ui->folds, p->session->id, p->id, FOLD_OPEN);
}

/* ------------------------------------------------------------------------------------- the screen */

static void draw_too_small(struct grid *grid)
{
    char text[64];
    struct slice title = SLICE_LIT("terminal too small");
    snprintf(text, sizeof(text), "%dx%d, needs %dx%d", grid->cols, grid->rows, UI_COLS_MIN, UI_ROWS_MIN);
    struct slice size = slice_str(text);
    int row = grid->rows > 2 ? grid->rows / 2 - 1 : 0;
    int title_col = (grid->cols - (int)title.len) / 2, size_col = (grid->cols - (int)size.len) / 2;
    grid_put(grid, row, title_col > 0 ? title_col : 0, grid->cols, title, ROLE_WARNING);
    grid_put(grid, row + 1, size_col > 0 ? size_col : 0, grid->cols, size, ROLE_DIM);
}

static void flag_selection(struct ui *ui, struct grid *grid)
{
    for (int i = 0; i < ui->body_rows && i < GRID_ROWS_MAX; i++) {
        const struct line *line = &ui->lines[i];
        if (line->session_id && line->session_id == ui->selected.session_id &&
            line->node_id == ui->selected.node_id)
            grid_flag(grid, ui->body_row + i, 0, 1, ui->body_cols, CELL_SELECTED);
    }
}

/* The frozen screen, cut or padded when the terminal has another size by now. */
static void copy_last(const struct grid *last, struct grid *grid)
{
    if (last->cols == grid->cols && last->rows == grid->rows) {
        grid_copy(grid, last);
        return;
    }
    for (int row = 0; row < grid->rows && row < last->rows; row++)
        for (int col = 0; col < grid->cols && col < last->cols; col++) {
            const struct cell *cell = grid_at(last, row, col);
            if (cell->width != 2 || col + 1 < grid->cols)
                *grid_at(grid, row, col) = *cell;
        }
}

static void draw_banner(struct ui *ui, struct grid *grid)
{
    struct key key;
    char name[KEY_NAME_MAX] = "", text[160];
    if (keymap_key(&ui->keymap, ACTION_PAUSE, 0, &key))
        key_name(&key, name);
    snprintf(text, sizeof(text),
             grid->cols >= 64 ? " PAUSED  the screen stands still, receiving goes on %s %s resumes"
                              : " PAUSED %s %s resumes",
             glyph(GLYPH_DOT), name);
    grid_fill(grid, 0, 0, 1, grid->cols, ROLE_BANNER);
    grid_put(grid, 0, 0, grid->cols, slice_str(text), ROLE_BANNER);
}

static void update_fleet(struct ui *ui, const struct ui_data *data)
{
    model_fleet(data->model, data->now_ns, data->day_start_ns, &ui->fleet);
    const struct fleet *f = &ui->fleet;
    if (f->until_ns)
        ui_wake_at(ui, f->until_ns);
    if (f->cost_today_nano_usd > 0 && data->day_start_ns + DAY_NS > data->now_ns)
        ui_wake_at(ui, data->day_start_ns + DAY_NS);
    int64_t due = attention_update(&ui->attention, data, f);
    if (due)
        ui_wake_at(ui, due);
    if (ui->attention.config.no_title)
        ui->window_title[0] = '\0';
    else if (f->waiting > 0)
        snprintf(ui->window_title, sizeof(ui->window_title), "%s %lld %s claude-top",
                 ui->ascii ? "!" : glyph(GLYPH_WAITING), (long long)f->waiting,
                 ui->ascii ? "-" : glyph(GLYPH_DOT));
    else
        snprintf(ui->window_title, sizeof(ui->window_title), "claude-top");
}

/* Low screens have the mark in the header alone. */
static bool has_alert_line(const struct ui *ui, const struct grid *grid)
{
    return ui->attention.loud > 0 && grid->rows >= ALERT_LINE_ROWS && ui->view != UI_VIEW_ALERTS;
}

/* Where the view's body and, when it is shown, the pane stand: beside each other on wide screens, the pane
 * below on high ones, in the place of the view where there is room for one only. */
static void lay_out(struct ui *ui, const struct grid *grid, struct area *pane)
{
    struct area body = {1, 0, grid->rows - 2 - has_alert_line(ui, grid), grid->cols};
    *pane = (struct area){0};
    if (ui->pane && view_of(ui->view)->shows_nodes) {
        if (grid->cols >= PANE_BESIDE_COLS) {
            int cols = grid->cols * 2 / 5;
            cols = cols < PANE_COLS_MAX ? cols : PANE_COLS_MAX;
            body.cols -= cols + 1;
            *pane = (struct area){1, body.cols + 1, body.rows, cols};
        } else if (grid->rows >= PANE_BELOW_ROWS) {
            int rows = body.rows * 2 / 5;
            body.rows -= rows;
            *pane = (struct area){1 + body.rows, 0, rows, grid->cols};
        } else {
            *pane = body;
        }
    }
    ui->pane_area = *pane;
    ui->body_row = 2;
    ui->body_rows = body.rows - 1;
    ui->body_cols = body.cols;
}

static void draw_body(struct ui *ui, const struct ui_data *data, struct grid *grid, struct area pane)
{
    struct area body = {1, 0, ui->body_rows + 1, ui->body_cols};
    bool covered = pane.cols == body.cols && pane.row == body.row;
    if (!covered)
        view_of(ui->view)->draw(ui, data, grid, body);
    bool in_pane = pane.cols && ui->focused; /* what is searched is where the keys go */
    for (int i = 0; !covered && !in_pane && ui->search.len && i < ui->body_rows; i++)
        search_flag(ui, grid, ui->body_row + i, 0, ui->body_cols);
    if (pane.cols == 0)
        return;
    if (pane.row == body.row && !covered)
        for (int row = 0; row < pane.rows; row++)
            grid_put(grid, pane.row + row, body.cols, 1, slice_str(glyph(GLYPH_GUIDE)), ROLE_TREE_LINE);
    detail_draw(ui, data, grid, pane);
    for (int row = 1; in_pane && ui->search.len && row < pane.rows; row++)
        search_flag(ui, grid, pane.row + row, pane.col, pane.col + pane.cols);
}

static void draw_live(struct ui *ui, const struct ui_data *data, struct grid *grid)
{
    struct area pane;
    lay_out(ui, grid, &pane);
    memset(ui->lines, 0, sizeof(ui->lines));
    ui->hit_count = 0;
    ui_refresh(ui, data);
    telemetry_refresh(ui, data);
    header_draw(ui, data, grid, 0);
    if (ui->rows.count == 0 && ui->filter.count && view_of(ui->view)->shows_nodes)
        grid_put(grid, 2, 3, grid->cols - 4, SLICE_LIT("No session passes the filter."), ROLE_DIM);
    else if (ui->rows.count == 0 && view_of(ui->view)->shows_nodes)
        welcome_draw(ui, data, grid, 1, grid->rows - 2);
    else
        draw_body(ui, data, grid, pane);
    if (has_alert_line(ui, grid))
        alert_line_draw(ui, data, grid, grid->rows - 2);
    grid_copy(&ui->last, grid);
}

void ui_draw(struct ui *ui, const struct ui_data *data, struct grid *grid)
{
    grid_clear(grid);
    ui->screen_rows = grid->rows;
    ui->wake_ns = 0;
    update_fleet(ui, data); /* title and notifications go on whatever can be seen */
    if (grid->cols < UI_COLS_MIN || grid->rows < UI_ROWS_MIN) {
        draw_too_small(grid);
        ui->wake_ns = attention_calls(&ui->attention) ? ui->attention.due_ns : 0;
        return;
    }
    if (ui->paused && ui->last.rows >= UI_ROWS_MIN) {
        copy_last(&ui->last, grid);
        ui->wake_ns = attention_calls(&ui->attention) ? ui->attention.due_ns : 0;
    } else {
        draw_live(ui, data, grid);
    }
    flag_selection(ui, grid);
    if (ui->help) {
        grid_fill(grid, 1, 0, grid->rows - 1, grid->cols, ROLE_TEXT);
        help_draw(ui, data, grid, 1, grid->rows - 2);
    } else if (ui->dialog.kind) {
        dialog_draw(ui, grid);
    }
    grid_fill(grid, grid->rows - 1, 0, 1, grid->cols, ROLE_FOOTER);
    while (ui->hit_count > 0 && ui->hits[ui->hit_count - 1].row == grid->rows - 1)
        ui->hit_count--; /* those of the footer before; the header's stay on a frozen screen */
    footer_draw(ui, data, grid, grid->rows - 1);
    if (ui->paused)
        draw_banner(ui, grid);
    if (ui->ascii)
        glyph_ascii_screen(grid);
}

struct ui_view ui_view(struct ui *ui, const struct ui_data *data)
{
    if (!ui->paused)
        ui_refresh(ui, data);
    return (struct ui_view){
        .view = ui->view,
        .pane = ui->pane,
        .focused = ui->focused,
        .session_id = ui->selected.session_id,
        .node_id = ui->selected.node_id,
        .rows = ui->rows.count,
        .selected = ui->selected_index,
        .top = ui->top,
        .sort = ui->sort,
        .inverted = ui->inverted,
        .follow = ui->follow,
        .paused = ui->paused,
        .help = ui->help,
        .dialog = ui->dialog.kind ? dialog_context(ui) : 0,
        .dialog_line = ui->dialog.cursor,
        .searching = ui->search.open,
        .search = ui->search.text,
        .hits = ui->search.hits,
        .hit = ui->search.hit,
    };
}
