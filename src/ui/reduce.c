/* What keys do: state and effects. One case for each action of the keymap. */
#include "ui_private.h"

#include <stdio.h>

static const char *const SORT_NAMES[UI_SORT_COUNT] = {
    [UI_SORT_ACTIVITY] = "attention, then activity",
    [UI_SORT_STATE] = "state",
    [UI_SORT_NAME] = "name",
    [UI_SORT_COST] = "cost",
    [UI_SORT_TOKENS] = "tokens",
    [UI_SORT_TIME] = "time",
};

static const struct row *selected_row(const struct ui *ui)
{
    return ui->rows.count ? &ui->rows.items[ui->selected_index] : NULL;
}

/* ---------------------------------------------------------------------------------------------- moving */

/* On a frozen screen the selection moves among the rows that are on it. */
static void move_paused(struct ui *ui, int by)
{
    int at = -1, last = -1;
    for (int i = 0; i < ui->body_rows && ui->lines[i].session_id; i++) {
        last = i;
        if (ui->lines[i].session_id == ui->selected.session_id &&
            ui->lines[i].node_id == ui->selected.node_id)
            at = i;
    }
    if (last < 0)
        return;
    at = at < 0 ? 0 : at + by;
    ui->selected = ui->lines[at < 0 ? 0 : at > last ? last : at];
}

static void move(struct ui *ui, const struct ui_data *data, int64_t by)
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

static void scroll_help(struct ui *ui, int by)
{
    int most = ui->help_lines > ui->body_rows + 1 ? ui->help_lines - ui->body_rows - 1 : 0;
    ui->help_top += by;
    ui->help_top = ui->help_top > most ? most : ui->help_top;
    ui->help_top = ui->help_top < 0 ? 0 : ui->help_top;
}

static void move_by(struct ui *ui, const struct ui_data *data, int by)
{
    if (ui->help)
        scroll_help(ui, by);
    else if (ui->paused)
        move_paused(ui, by);
    else
        move(ui, data, by);
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
        folds_prune(&ui->folds, is_below, &nothing);
}

static void set_fold(struct ui *ui, const struct ui_data *data, const struct row *row, bool open)
{
    uint64_t id = fold_id(row->session_id, row->node_id);
    if (!row->has_children)
        return;
    ui_keep_revealed(ui, data);
    make_room(ui, data);
    ui->follow = false;
    folds_set(&ui->folds, id, open ? FOLD_OPEN : FOLD_CLOSED);
    ui_refresh(ui, data);
}

/* Everything below the row open, or (when it is already) the row folded. */
static void toggle_below(struct ui *ui, const struct ui_data *data, const struct row *row)
{
    struct below below = {data->model, row->session_id, row->node_id};
    uint64_t id = fold_id(row->session_id, row->node_id);
    if (!row->has_children)
        return;
    bool was_open = folds_get(&ui->folds, id) == FOLD_OPEN_BELOW;
    ui->search.reveal = 0;
    ui->follow = false;
    folds_prune(&ui->folds, is_below, &below);
    folds_set(&ui->folds, id, was_open ? FOLD_CLOSED : FOLD_OPEN_BELOW);
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
        move(ui, data, 1);
}

static void fold_action(struct ui *ui, const struct ui_data *data, enum action action)
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

/* --------------------------------------------------------------------------------------- the rest */

static void set_sort(struct ui *ui, const struct ui_data *data, enum ui_sort sort, bool inverted)
{
    char text[80];
    ui->sort = sort;
    ui->inverted = inverted;
    snprintf(text, sizeof(text), "sorted by %s%s", SORT_NAMES[sort], inverted ? ", the other way round" : "");
    ui_say(ui, UI_INFO, text);
    ui_refresh(ui, data);
}

static void toggle_pause(struct ui *ui, const struct ui_data *data)
{
    ui->paused = !ui->paused;
    if (!ui->paused)
        ui_refresh(ui, data);
}

/* Backs out of one thing at a time, the most recent kind first. */
static void back(struct ui *ui, const struct ui_data *data, bool had_message)
{
    if (ui->search.len)
        search_forget(ui);
    else if (ui->paused)
        toggle_pause(ui, data);
    else if (!had_message)
        ui->follow = true;
}

static void ask_link(struct ui *ui, struct ui_effects *effects, enum ui_effect what, enum ui_link link)
{
    if (ui->selected.session_id == 0) {
        ui_say(ui, UI_INFO, "no session to link to yet");
        return;
    }
    effects->what |= what;
    effects->link = link;
    effects->session_id = ui->selected.session_id;
    effects->node_id = ui->selected.node_id;
}

static void copy_id(struct ui *ui, const struct ui_data *data, struct ui_effects *effects)
{
    const struct session *s = model_session_by_id(data->model, ui->selected.session_id);
    if (!s || s->session_id.len == 0) {
        ui_say(ui, UI_INFO, "no session id to copy");
        return;
    }
    if (s->session_id.len >= sizeof(effects->copy)) {
        ui_say(ui, UI_WARNING, "this session id is too long to copy");
        return;
    }
    memcpy(effects->copy, s->session_id.ptr, s->session_id.len);
    effects->copy[s->session_id.len] = '\0';
    effects->what |= UI_COPY_TEXT;
}

static void on_mouse(struct ui *ui, const struct ui_data *data, const struct key *key)
{
    if (key->mouse == MOUSE_WHEEL_UP || key->mouse == MOUSE_WHEEL_DOWN) {
        move_by(ui, data, key->mouse == MOUSE_WHEEL_UP ? -3 : 3);
        return;
    }
    if (ui->help || ui->search.open || (key->mouse != MOUSE_PRESS && key->mouse != MOUSE_DOUBLE))
        return;
    if (key->row == ui->body_row - 1 && key->mouse == MOUSE_PRESS && !ui->paused && ui->rows.count) {
        enum column column = layout_at(&ui->layout, key->col);
        enum ui_sort sort = column < COLUMN_COUNT ? column_info(column)->sort : UI_SORT_COUNT;
        if (sort < UI_SORT_COUNT)
            set_sort(ui, data, sort, sort == ui->sort && !ui->inverted);
        return;
    }
    int line = key->row - ui->body_row;
    if (line < 0 || line >= ui->body_rows || line >= GRID_ROWS_MAX || ui->lines[line].session_id == 0)
        return;
    struct line at = ui->lines[line];
    if (ui->paused) {
        ui->selected = at;
        return;
    }
    size_t index = rows_find(&ui->rows, at.session_id, at.node_id, ui->top + (size_t)line);
    if (index >= ui->rows.count)
        return;
    ui_select(ui, data, index);
    if (key->mouse == MOUSE_DOUBLE)
        fold_action(ui, data, ACTION_TOGGLE);
}

/* What a frozen screen has no use for: everything that would have to draw it anew. */
static bool needs_live(enum action action)
{
    switch (action) {
    case ACTION_FOLLOW:
    case ACTION_TOGGLE:
    case ACTION_IN:
    case ACTION_OUT:
    case ACTION_OPEN:
    case ACTION_FOLD:
    case ACTION_OPEN_ALL:
    case ACTION_SEARCH:
    case ACTION_NEXT:
    case ACTION_PREVIOUS:
    case ACTION_SORT:
    case ACTION_INVERT:
        return true;
    default:
        return false;
    }
}

static void on_action(struct ui *ui, const struct ui_data *data, enum action action, bool had_message,
                      struct ui_effects *effects)
{
    int page = ui->body_rows > 1 ? ui->body_rows - 1 : 1;
    switch (action) {
    case ACTION_HELP:
        ui->help = true;
        ui->help_top = 0;
        break;
    case ACTION_CLOSE:
        ui->help = false;
        break;
    case ACTION_UP:
        move_by(ui, data, -1);
        break;
    case ACTION_DOWN:
        move_by(ui, data, 1);
        break;
    case ACTION_PAGE_UP:
        move_by(ui, data, -page);
        break;
    case ACTION_PAGE_DOWN:
        move_by(ui, data, page);
        break;
    case ACTION_FIRST:
        ui->follow = false;
        move_by(ui, data, -(1 << 30));
        break;
    case ACTION_LAST:
        ui->follow = false;
        move_by(ui, data, 1 << 30);
        break;
    case ACTION_FOLLOW:
        ui->follow = !ui->follow;
        ui_say(ui, UI_INFO, ui->follow ? "following the newest activity" : "not following");
        break;
    case ACTION_TOGGLE:
    case ACTION_IN:
    case ACTION_OUT:
    case ACTION_OPEN:
    case ACTION_FOLD:
    case ACTION_OPEN_ALL:
        fold_action(ui, data, action);
        break;
    case ACTION_SEARCH:
        search_open(ui);
        break;
    case ACTION_NEXT:
    case ACTION_PREVIOUS:
        search_step(ui, data, action == ACTION_NEXT);
        break;
    case ACTION_BACK:
        back(ui, data, had_message);
        break;
    case ACTION_SORT:
        set_sort(ui, data, (enum ui_sort)((ui->sort + 1) % UI_SORT_COUNT), false);
        break;
    case ACTION_INVERT:
        set_sort(ui, data, ui->sort, !ui->inverted);
        break;
    case ACTION_PAUSE:
        toggle_pause(ui, data);
        break;
    case ACTION_THEME:
        ui->theme = (ui->theme + 1) % ui->theme_count;
        char text[64];
        snprintf(text, sizeof(text), "theme %s", ui_theme(ui)->name);
        ui_say(ui, UI_INFO, text);
        effects->what |= UI_REPAINT;
        break;
    case ACTION_MOUSE:
        effects->what |= UI_TOGGLE_MOUSE;
        break;
    case ACTION_REPAINT:
        effects->what |= UI_REPAINT;
        break;
    case ACTION_TEMPO:
        ask_link(ui, effects, UI_OPEN_LINK, UI_LINK_TEMPO);
        break;
    case ACTION_LOKI:
        ask_link(ui, effects, UI_OPEN_LINK, UI_LINK_LOKI);
        break;
    case ACTION_MIMIR:
        ask_link(ui, effects, UI_OPEN_LINK, UI_LINK_MIMIR);
        break;
    case ACTION_COPY_LINK:
        ask_link(ui, effects, UI_COPY_LINK, UI_LINK_TEMPO);
        break;
    case ACTION_COPY_ID:
        copy_id(ui, data, effects);
        break;
    case ACTION_SUSPEND:
        effects->what |= UI_SUSPEND;
        break;
    case ACTION_QUIT:
        effects->what |= UI_QUIT;
        break;
    default: /* those of the search line are taken before */
        break;
    }
}

struct ui_effects ui_key(struct ui *ui, const struct ui_data *data, const struct key *key)
{
    struct ui_effects effects = {.what = UI_REDRAW};
    bool had_message = ui->message[0] != '\0';
    if (key->code == KEYCODE_RESIZE)
        return effects;
    if (!ui->paused)
        ui_refresh(ui, data);
    if (key->code == KEYCODE_MOUSE) {
        on_mouse(ui, data, key);
        return effects;
    }
    ui->message[0] = '\0';
    if (ui->search.open) {
        search_key(ui, data, key);
        return effects;
    }
    enum action action = keymap_lookup(&ui->keymap, ui->help ? CONTEXT_HELP : CONTEXT_TREE, key);
    if (action == ACTION_NONE) {
        effects.what = had_message ? UI_REDRAW : 0;
        return effects;
    }
    if (ui->paused && needs_live(action)) {
        ui_say(ui, UI_INFO, "the screen is paused: resume first");
        return effects;
    }
    on_action(ui, data, action, had_message, &effects);
    return effects;
}
