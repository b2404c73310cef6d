/* What keys and clicks do in the tree: moving among its rows, folding, sorting by a column title. */
#include "ui_private.h"

static const struct row *selected_row(const struct ui *ui)
{
    return rows_at(&ui->rows, ui->selected_index);
}

void tree_move(struct ui *ui, const struct ui_data *data, int64_t by)
{
    if (ui->rows.count == 0)
        return;
    size_t height = ui->body_rows > 0 ? (size_t)ui->body_rows : 1;
    size_t from = ui->selected_index;
    /* After following, go on from what is on the screen. */
    if (ui->follow && (from < ui->top || from >= ui->top + height))
        from = by < 0 ? ui->top + height - 1 : ui->top;
    int64_t to = (int64_t)from + by, last = (int64_t)ui->rows.count - 1;
    ui_select(ui, data, (size_t)(to < 0 ? 0 : to > last ? last : to));
}

/* --------------------------------------------------------------------------------------------- folding */

struct below {
    const struct model *model;
    uint64_t session_id, node_id;
};

/* True for ids below a row, and for those that the model has dropped. */
static bool is_below(uint64_t id, const void *ctx)
{
    const struct below *b = ctx;
    if (id & 1)
        return model_session_by_id(b->model, id / 2) == NULL;
    const struct node *n = model_node_by_id(b->model, id / 2);
    if (!n)
        return true;
    if (n->session->id != b->session_id)
        return false;
    if (b->node_id == 0)
        return true;
    for (n = n->parent; n; n = n->parent)
        if (n->id == b->node_id)
            return true;
    return false;
}

/* Well before the limit the rows that the model has dropped make room. */
static void make_room(struct ui *ui, const struct ui_data *data)
{
    struct below nothing = {data->model, 0, 0};
    if (ui->folds.count >= FOLDS_MAX / 2)
        folds_prune(&ui->folds, 0, is_below, &nothing);
}

static void set_fold(struct ui *ui, const struct ui_data *data, const struct row *row, bool open)
{
    struct line id = {row->session_id, row->node_id};
    if (!row->has_children)
        return;
    ui_keep_revealed(ui, data);
    make_room(ui, data);
    ui->follow = false;
    folds_set(&ui->folds, id.session_id, id.node_id, open ? FOLD_OPEN : FOLD_CLOSED);
    ui_refresh(ui, data);
}

/* Everything below the row open, or (when it is already) the row folded. */
static void toggle_below(struct ui *ui, const struct ui_data *data, const struct row *row)
{
    struct below below = {data->model, row->session_id, row->node_id};
    if (!row->has_children)
        return;
    bool was_open = folds_get(&ui->folds, fold_id(below.session_id, below.node_id)) == FOLD_OPEN_BELOW;
    ui->search.reveal = 0;
    ui->follow = false;
    folds_prune(&ui->folds, below.session_id, is_below, &below);
    folds_set(&ui->folds, below.session_id, below.node_id, was_open ? FOLD_CLOSED : FOLD_OPEN_BELOW);
    ui_refresh(ui, data);
}

static void go_out(struct ui *ui, const struct ui_data *data, const struct row *row)
{
    if (row->has_children && row->open) {
        set_fold(ui, data, row, false);
        return;
    }
    if (!row->node)
        return;
    const struct node *parent = rows_parent(row->node);
    size_t at = rows_find(&ui->rows, row->session_id, parent ? parent->id : 0, 0);
    if (at < ui->rows.count)
        ui_select(ui, data, at);
}

static void go_in(struct ui *ui, const struct ui_data *data, const struct row *row)
{
    if (row->has_children && !row->open)
        set_fold(ui, data, row, true);
    else if (row->has_children)
        tree_move(ui, data, 1);
}

void tree_fold(struct ui *ui, const struct ui_data *data, enum action action)
{
    const struct row *row = selected_row(ui);
    if (!row)
        return;
    switch (action) {
    case ACTION_TOGGLE:
        set_fold(ui, data, row, !row->open);
        break;
    case ACTION_OPEN:
        set_fold(ui, data, row, true);
        break;
    case ACTION_FOLD:
        set_fold(ui, data, row, false);
        break;
    case ACTION_OPEN_ALL:
        toggle_below(ui, data, row);
        break;
    case ACTION_IN:
        go_in(ui, data, row);
        break;
    default:
        go_out(ui, data, row);
        break;
    }
}

/* ---------------------------------------------------------------------------------------------- clicks */

void tree_click(struct ui *ui, const struct ui_data *data, int line, int col, bool twice)
{
    if (line != 0 || twice || ui->paused || ui->rows.count == 0)
        return;
    enum column column = layout_at(&ui->layout, col);
    enum ui_sort sort = column < COLUMN_COUNT ? column_info(column)->sort : UI_SORT_COUNT;
    if (sort < UI_SORT_COUNT)
        ui_sort_by(ui, data, sort, sort == ui->sort && !ui->inverted);
}
