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
    [UI_SORT_BURN] = "cost of the last minutes",
};

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

static void scroll_help(struct ui *ui, int by)
{
    int rows = ui->screen_rows - 2, most = ui->help_lines > rows ? ui->help_lines - rows : 0;
    ui->help_top += by;
    ui->help_top = ui->help_top > most ? most : ui->help_top;
    ui->help_top = ui->help_top < 0 ? 0 : ui->help_top;
}

/* The pane, but not where it stands in the place of the view. */
static bool in_pane(const struct ui *ui, const struct key *key)
{
    struct area a = ui->pane_area;
    return ui->pane && view_of(ui->view)->shows_nodes && key->row >= a.row && key->row < a.row + a.rows &&
           key->col >= a.col && key->col < a.col + a.cols;
}

static void move_by(struct ui *ui, const struct ui_data *data, int by)
{
    if (ui->help)
        scroll_help(ui, by);
    else if (ui->pane && ui->focused)
        detail_move(ui, data, by);
    else if (ui->paused)
        move_paused(ui, by);
    else
        view_of(ui->view)->move(ui, data, by);
}

/* ----------------------------------------------------------------------------------------------- views */

static void show_view(struct ui *ui, enum ui_view_id id)
{
    ui->view = id;
    ui->focused = false;
}

static void toggle_pane(struct ui *ui)
{
    if (!view_of(ui->view)->shows_nodes)
        show_view(ui, UI_VIEW_TREE);
    else
        ui->pane = !ui->pane;
    ui->focused = false;
}

static void move_focus(struct ui *ui)
{
    if (!view_of(ui->view)->shows_nodes) {
        show_view(ui, UI_VIEW_TREE);
    } else if (!ui->pane) {
        ui->pane = true;
        ui->focused = false;
    } else {
        ui->focused = !ui->focused;
    }
}

/* --------------------------------------------------------------------------------------- the rest */

void ui_sort_by(struct ui *ui, const struct ui_data *data, enum ui_sort sort, bool inverted)
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
    else if (ui->pane && ui->focused)
        ui->focused = false;
    else if (ui->filter.count)
        filter_forget(ui, data);
    else if (ui->view != UI_VIEW_TREE)
        show_view(ui, UI_VIEW_TREE);
    else if (!had_message)
        ui->follow = true;
}

static struct line target_of(const struct ui *ui, const struct ui_data *data)
{
    return view_of(ui->view)->target ? view_of(ui->view)->target(ui, data) : ui->selected;
}

static void ask_link(struct ui *ui, const struct ui_data *data, struct ui_effects *effects,
                     enum ui_effect what, const char *link)
{
    struct line target = target_of(ui, data);
    const struct red_list *red = &ui->red;
    if (ui->view == UI_VIEW_RED && red->chosen && red->kind != RED_SESSION && red->name_len) {
        target = (struct line){ui->one_session ? target.session_id : 0, 0};
        effects->red_kind = red->kind;
        memcpy(effects->red_name, red->name, red->name_len);
    } else if (target.session_id == 0) {
        ui_say(ui, UI_INFO, "no session to link to yet");
        return;
    }
    effects->what |= (unsigned)what;
    effects->link = link;
    effects->session_id = target.session_id;
    effects->node_id = target.node_id;
    ui->dialog.link_target = *effects;
}

static void copy_id(struct ui *ui, const struct ui_data *data, struct ui_effects *effects)
{
    const struct session *s = model_session_by_id(data->model, target_of(ui, data).session_id);
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
        int by = key->mouse == MOUSE_WHEEL_UP ? -3 : 3;
        bool focused = ui->focused;
        ui->focused = in_pane(ui, key); /* what is under the mouse moves */
        move_by(ui, data, by);
        ui->focused = focused;
        return;
    }
    if (ui->help || ui->search.open || ui->filter_line.open ||
        (key->mouse != MOUSE_PRESS && key->mouse != MOUSE_DOUBLE))
        return;
    ui->focused = in_pane(ui, key);
    if (ui->focused)
        return;
    int line = key->row - ui->body_row;
    if (line < -1 || line >= ui->body_rows || line >= GRID_ROWS_MAX || key->col >= ui->body_cols)
        return;
    if (line < 0 || ui->lines[line].session_id == 0) {
        if (view_of(ui->view)->click)
            view_of(ui->view)->click(ui, data, line + 1, key->col, key->mouse == MOUSE_DOUBLE);
        return;
    }
    struct line at = ui->lines[line];
    if (ui->paused) {
        ui->selected = at;
        return;
    }
    if (ui_select_node(ui, data, at.session_id, at.node_id) && key->mouse == MOUSE_DOUBLE &&
        ui->view == UI_VIEW_TREE)
        tree_fold(ui, data, ACTION_TOGGLE);
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
    case ACTION_FILTER:
    case ACTION_NEXT:
    case ACTION_PREVIOUS:
    case ACTION_SORT:
    case ACTION_INVERT:
    case ACTION_COLUMNS:
    case ACTION_VIEW_TREE:
    case ACTION_VIEW_WATERFALL:
    case ACTION_VIEW_RED:
    case ACTION_WINDOW:
    case ACTION_VIEW_EVENTS:
    case ACTION_VIEW_DETAIL:
    case ACTION_VIEW_FLOW:
    case ACTION_VIEW_ALERTS:
    case ACTION_SILENCE:
    case ACTION_SILENCE_CHANGE:
    case ACTION_SILENCE_ALL:
    case ACTION_PANE:
    case ACTION_SCOPE:
    case ACTION_ENTER:
        return true;
    default:
        return false;
    }
}

static void on_action(struct ui *ui, const struct ui_data *data, enum action action, bool had_message,
                      struct ui_effects *effects)
{
    int rows = ui->pane && ui->focused ? ui->detail.rows : ui->body_rows, page = rows > 1 ? rows - 1 : 1;
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
        move_by(ui, data, -(int)MOVE_TO_END);
        break;
    case ACTION_LAST:
        ui->follow = false;
        move_by(ui, data, (int)MOVE_TO_END);
        break;
    case ACTION_VIEW_TREE:
        show_view(ui, UI_VIEW_TREE);
        break;
    case ACTION_VIEW_WATERFALL:
        show_view(ui, UI_VIEW_WATERFALL);
        break;
    case ACTION_VIEW_RED:
        show_view(ui, UI_VIEW_RED);
        break;
    case ACTION_WINDOW:
        red_next_window(ui);
        break;
    case ACTION_VIEW_EVENTS:
        show_view(ui, UI_VIEW_EVENTS);
        break;
    case ACTION_SCOPE:
        ui->one_session = !ui->one_session;
        ui_say(ui, UI_INFO, ui->one_session ? "the selected session only" : "all sessions");
        break;
    case ACTION_ENTER:
        if (view_of(ui->view)->enter)
            view_of(ui->view)->enter(ui, data);
        break;
    case ACTION_VIEW_DETAIL:
        show_view(ui, ui->view == UI_VIEW_DETAIL ? UI_VIEW_TREE : UI_VIEW_DETAIL);
        break;
    case ACTION_VIEW_FLOW:
        show_view(ui, UI_VIEW_FLOW);
        break;
    case ACTION_VIEW_ALERTS:
        show_view(ui, ui->view == UI_VIEW_ALERTS ? UI_VIEW_TREE : UI_VIEW_ALERTS);
        break;
    case ACTION_SILENCE:
    case ACTION_SILENCE_CHANGE:
    case ACTION_SILENCE_ALL:
        alerts_silence(ui, data, action);
        break;
    case ACTION_PANE:
        toggle_pane(ui);
        break;
    case ACTION_FOCUS:
        move_focus(ui);
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
        tree_fold(ui, data, action);
        break;
    case ACTION_SEARCH:
        search_open(ui);
        break;
    case ACTION_FILTER:
        filter_open(ui);
        break;
    case ACTION_NEXT:
    case ACTION_PREVIOUS:
        search_step(ui, data, action == ACTION_NEXT);
        break;
    case ACTION_BACK:
        back(ui, data, had_message);
        break;
    case ACTION_SORT:
    case ACTION_INVERT:
        if (ui->view == UI_VIEW_RED)
            red_sort(ui, action == ACTION_SORT ? -1 : ui->red.sort,
                     action == ACTION_INVERT && !ui->red.inverted);
        else if (action == ACTION_SORT)
            ui_sort_by(ui, data, (enum ui_sort)((ui->sort + 1) % UI_SORT_COUNT), false);
        else
            ui_sort_by(ui, data, ui->sort, !ui->inverted);
        break;
    case ACTION_PAUSE:
        toggle_pause(ui, data);
        break;
    case ACTION_THEME:
        ui->theme = (ui->theme + 1) % ui->theme_count;
        char text[64];
        snprintf(text, sizeof(text), "theme %s", ui_theme(ui)->name);
        ui_say(ui, UI_INFO, text);
        effects->what |= UI_REPAINT | UI_KEEP_THEME;
        break;
    case ACTION_MOUSE:
        effects->what |= UI_TOGGLE_MOUSE;
        break;
    case ACTION_REPAINT:
        effects->what |= UI_REPAINT;
        break;
    case ACTION_TEMPO:
        ask_link(ui, data, effects, UI_OPEN_LINK, "tempo");
        break;
    case ACTION_LOKI:
        ask_link(ui, data, effects, UI_OPEN_LINK, "loki");
        break;
    case ACTION_MIMIR:
        ask_link(ui, data, effects, UI_OPEN_LINK, "mimir");
        break;
    case ACTION_PROFILES:
        ask_link(ui, data, effects, UI_OPEN_LINK, "profiles");
        break;
    case ACTION_DASHBOARD:
        ask_link(ui, data, effects, UI_OPEN_LINK, "dashboard");
        break;
    case ACTION_LINKS:
        ask_link(ui, data, effects, UI_LIST_LINKS, "");
        break;
    case ACTION_COLUMNS:
        dialog_open(ui, DIALOG_COLUMNS);
        break;
    case ACTION_SETTINGS:
        effects->what |= UI_LIST_SETTINGS;
        break;
    case ACTION_COPY_LINK:
        ask_link(ui, data, effects, UI_COPY_LINK, "tempo");
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

/* The key that a click on the header or the footer stands for. */
static const struct key *key_of_click(const struct ui *ui, const struct key *key)
{
    if (key->code != KEYCODE_MOUSE || (key->mouse != MOUSE_PRESS && key->mouse != MOUSE_DOUBLE))
        return NULL;
    for (int i = 0; i < ui->hit_count; i++)
        if (ui->hits[i].row == key->row && key->col >= ui->hits[i].from && key->col < ui->hits[i].to)
            return &ui->hits[i].key;
    return NULL;
}

/* A line of the help does what it says, where the view below listens to it. */
static void click_help(struct ui *ui, const struct ui_data *data, const struct key *key,
                       struct ui_effects *effects)
{
    bool press = key->mouse == MOUSE_PRESS && key->row > 0 && key->row + 1 < ui->screen_rows;
    enum action action = press && key->row < GRID_ROWS_MAX && key->col < ui->help_cols
                             ? (enum action)ui->help_actions[key->row]
                             : ACTION_NONE;
    if (action == ACTION_NONE)
        return;
    ui->help = false;
    if (!(action_info(action)->contexts & ui_context(ui)) || ui->dialog.kind)
        ui_say(ui, UI_INFO, "that key does nothing in this view");
    else if (ui->paused && needs_live(action))
        ui_say(ui, UI_INFO, "the screen is paused: resume first");
    else
        on_action(ui, data, action, false, effects);
}

struct ui_effects ui_key(struct ui *ui, const struct ui_data *data, const struct key *key)
{
    struct ui_effects effects = {.what = UI_REDRAW};
    const struct key *meant = key_of_click(ui, key);
    key = meant ? meant : key;
    bool had_message = ui->message[0] != '\0';
    if (key->code == KEYCODE_RESIZE)
        return effects;
    if (!ui->paused)
        ui_refresh(ui, data);
    if (key->code == KEYCODE_MOUSE && ui->dialog.kind && !ui->help) {
        dialog_mouse(ui, data, key, &effects);
        return effects;
    }
    if (key->code == KEYCODE_MOUSE) {
        on_mouse(ui, data, key);
        if (ui->help)
            click_help(ui, data, key, &effects);
        return effects;
    }
    ui->message[0] = '\0';
    if (ui->search.open) {
        search_key(ui, data, key);
        return effects;
    }
    if (ui->filter_line.open) {
        filter_key(ui, data, key);
        return effects;
    }
    if (ui->dialog.kind && !ui->help) {
        dialog_key(ui, data, key, &effects);
        return effects;
    }
    enum action action = keymap_lookup(&ui->keymap, ui_context(ui), key);
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
