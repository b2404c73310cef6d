/* The events as they come, newest at the bottom: of all sessions, or of the selected one. */
#include "clock.h"
#include "format.h"
#include "glyph.h"
#include "label.h"
#include "ui_private.h"

#include <stdio.h>

#define DAY_NS        (INT64_C(24) * 3600 * NS_PER_SEC)
#define TIME_COLS     12 /* 14:02:31.417 */
#define TIME_BRIEF    8
#define SESSION_COLS  14
#define WITNESS_COLS  6
#define KIND_COLS     10
#define NAME_COLS_MAX 26
#define NAME_COLS_MIN 14  /* with less the name and the detail share a column */
#define SHARED_MAX    320 /* bytes of a name with its detail, more than a narrow line shows */
#define LAG_COLS      7
#define WIDE_FROM     72  /* sessions and milliseconds */
#define LAG_FROM      120 /* how late it came */

/* ---------------------------------------------------------------------------------------------- choice */

static bool shown(const struct ui *ui, const struct ui_data *data, const struct session *only,
                  const struct stream_item *item)
{
    if (ui->one_session && only && !slice_eq_str(only->session_id, item->session_id))
        return false;
    if (ui->filter.count == 0)
        return true;
    struct filter_context c = ui_filter_context(ui, data);
    return filter_event(&ui->filter, item, model_session(data->model, slice_str(item->session_id)), &c);
}

/* The session that "one session" is about, or NULL for all. */
static const struct session *only_session(const struct ui *ui, const struct ui_data *data)
{
    return ui->one_session ? model_session_by_id(data->model, ui->selected.session_id) : NULL;
}

/* The by-th shown event from number, or the last one on the way there. number itself need not be shown. */
static uint64_t step(const struct ui *ui, const struct ui_data *data, uint64_t number, int64_t by)
{
    const struct session *only = only_session(ui, data);
    uint64_t found = number, last = model_stream_last(data->model);
    int64_t left = by < 0 ? -by : by;
    for (uint64_t at = number; left > 0;) {
        at = by < 0 ? at - 1 : at + 1;
        const struct stream_item *item = at <= last ? model_stream_item(data->model, at) : NULL;
        if (!item)
            break;
        if (!shown(ui, data, only, item))
            continue;
        found = at;
        left--;
    }
    return found;
}

/* The newest shown event; 0: there is none. */
static uint64_t newest(const struct ui *ui, const struct ui_data *data)
{
    uint64_t end = model_stream_last(data->model) + 1, at = step(ui, data, end, -1);
    return at == end ? 0 : at;
}

/* ---------------------------------------------------------------------------------------------- lines */

struct columns {
    int time, session, witness, kind, name, detail, lag; /* widths; 0: not shown */
};

static void choose_columns(struct columns *c, int cols)
{
    bool wide = cols >= WIDE_FROM;
    *c = (struct columns){.time = wide ? TIME_COLS : TIME_BRIEF,
                          .session = wide ? SESSION_COLS : 0,
                          .witness = cols >= 50 ? WITNESS_COLS : 0,
                          .kind = KIND_COLS,
                          .lag = cols >= LAG_FROM ? LAG_COLS : 0};
    int left = cols - 2 - c->time - 1 - (c->session ? c->session + 1 : 0) -
               (c->witness ? c->witness + 1 : 0) - c->kind - 1 - (c->lag ? c->lag + 1 : 0);
    if (left / 3 >= NAME_COLS_MIN) {
        c->name = left / 3 < NAME_COLS_MAX ? left / 3 : NAME_COLS_MAX;
        c->detail = left - c->name - 1;
    } else { /* too little for both */
        c->name = 0;
        c->detail = left;
    }
}

static void put(struct grid *grid, int row, int *col, int width, struct slice text, int role)
{
    if (width <= 0)
        return;
    grid_put(grid, row, *col, width, text, role);
    *col += width + 1;
}

static void put_line(struct grid *grid, int row, const struct columns *c, const char *const texts[7],
                     const int roles[7])
{
    int col = 1, widths[7] = {c->time, c->session, c->witness, c->kind, c->name, c->detail, c->lag};
    for (int i = 0; i < 6; i++)
        put(grid, row, &col, widths[i], slice_str(texts[i]), roles[i]);
    if (c->lag)
        grid_put_right(grid, row, col, c->lag, slice_str(texts[6]), roles[6]);
}

/* The time of day where the screen is: midnight there is known. */
static const char *time_of_day(const struct ui_data *data, int64_t at_ns, bool brief, char out[16])
{
    int64_t ns = (at_ns - data->day_start_ns) % DAY_NS;
    ns = ns < 0 ? ns + DAY_NS : ns;
    int64_t s = ns / NS_PER_SEC;
    int n = snprintf(out, 16, "%02d:%02d:%02d", (int)(s / 3600), (int)(s / 60 % 60), (int)(s % 60));
    if (!brief)
        snprintf(out + n, 16 - (size_t)n, ".%03d", (int)(ns / NS_PER_MS % 1000));
    return out;
}

static int kind_role(const struct stream_item *item)
{
    if (item->failed)
        return ROLE_STATE_FAILED;
    switch (item->kind) {
    case EVENT_PROMPT:
    case EVENT_TURN:
        return ROLE_TURN;
    case EVENT_LLM:
        return ROLE_MODEL;
    case EVENT_AGENT:
        return ROLE_AGENT;
    case EVENT_PERMISSION:
        return ROLE_STATE_WAITING;
    case EVENT_TOOL:
        return ROLE_STATE_RUNNING;
    default:
        return ROLE_DETAIL;
    }
}

static void draw_item(const struct ui_data *data, struct grid *grid, int row, const struct columns *c,
                      const struct stream_item *item)
{
    char time[16], lag[FORMAT_MAX + 1] = "", session[STREAM_ID_MAX];
    const struct session *s = model_session(data->model, slice_str(item->session_id));
    struct slice label =
        text_prefix(s ? label_session(s) : slice_str(item->session_id), SESSION_COLS + 1, NULL);
    label.len = label.len < sizeof(session) ? label.len : 0;
    if (label.len)
        memcpy(session, label.ptr, label.len);
    session[label.len] = '\0';
    int64_t late = item->arrival_ns - item->time_ns;
    if (late >= NS_PER_SEC) {
        lag[0] = '+';
        format_duration(late, lag + 1);
    }
    int role = kind_role(item);
    char both[SHARED_MAX];
    bool prompt = item->kind == EVENT_PROMPT || item->kind == EVENT_TURN;
    snprintf(both, sizeof both, "%s%s%s", prompt && item->detail[0] ? "" : item->name,
             item->detail[0] && !prompt ? " " : "", item->detail);
    const char *texts[7] = {time_of_day(data, item->time_ns, c->time == TIME_BRIEF, time),
                            session,
                            witness_name((enum witness)item->witness),
                            event_kind_name((enum event_kind)item->kind),
                            item->name,
                            c->name ? item->detail : both,
                            lag};
    const int roles[7] = {ROLE_TIME, ROLE_SESSION, ROLE_DIM,
                          role,      ROLE_CALL,    item->failed ? ROLE_STATE_FAILED : ROLE_DETAIL,
                          ROLE_DIM};
    put_line(grid, row, c, texts, roles);
}

/* The shown events that end at bottom, newest first; bottom itself is one of them. */
static int collect(const struct ui *ui, const struct ui_data *data, uint64_t bottom, uint64_t *numbers,
                   int most)
{
    int count = 0;
    for (uint64_t at = bottom, before; count < most; at = before) {
        numbers[count++] = at;
        before = step(ui, data, at, -1);
        if (before == at)
            break;
    }
    return count;
}

void events_draw(struct ui *ui, const struct ui_data *data, struct grid *grid, struct area area)
{
    int count;
    static const char *const TITLES[7] = {"TIME", "SESSION", "BY", "EVENT", "NAME", "DETAIL", "LATE"};
    static const int ROLES[7] = {ROLE_COLUMN, ROLE_COLUMN, ROLE_COLUMN, ROLE_COLUMN,
                                 ROLE_COLUMN, ROLE_COLUMN, ROLE_COLUMN};
    struct columns c;
    uint64_t numbers[GRID_ROWS_MAX];
    int height = area.rows - 1 < GRID_ROWS_MAX ? area.rows - 1 : GRID_ROWS_MAX;
    const char *titles[7];
    choose_columns(&c, area.cols);
    memcpy(titles, TITLES, sizeof titles);
    titles[5] = c.name ? titles[5] : "WHAT";
    put_line(grid, area.row, &c, titles, ROLES);
    uint64_t end = newest(ui, data);
    if (end == 0) {
        grid_put(grid, area.row + 1, 1, area.cols - 2,
                 ui->filter.count  ? SLICE_LIT("No event passes the filter.")
                 : ui->one_session ? SLICE_LIT("No event of this session is kept any more.")
                                   : SLICE_LIT("Nothing has arrived yet."),
                 ROLE_DIM);
        return;
    }
    struct event_list *list = &ui->events;
    if (list->selected && !model_stream_item(data->model, list->selected))
        list->selected = list->bottom = step(ui, data, model_stream_last(data->model) - STREAM_ITEMS_MAX, 1);
    uint64_t bottom = list->selected ? list->bottom : end;
    if (list->selected > bottom)
        bottom = list->selected;
    /* From the bottom up; when that does not reach the selection, it becomes the first line; when it does not
     * fill the screen, what came later does. */
    for (int pass = 0; pass < 2; pass++) {
        count = collect(ui, data, bottom, numbers, height);
        bool above = list->selected && list->selected < numbers[count - 1];
        if (above)
            bottom = step(ui, data, list->selected, height - 1);
        else if (count < height)
            bottom = step(ui, data, bottom, height - count);
        else
            break;
    }
    count = collect(ui, data, bottom, numbers, height);
    list->bottom = bottom;
    for (int i = 0; i < count; i++) {
        int line = area.row + count - i;
        const struct stream_item *item = model_stream_item(data->model, numbers[i]);
        if (!item)
            continue;
        draw_item(data, grid, line, &c, item);
        if (numbers[i] == list->selected)
            grid_flag(grid, line, 0, 1, area.cols, CELL_SELECTED);
    }
    list->first = numbers[count - 1];
}

static bool is_hit(const struct ui *ui, const struct ui_data *data, const struct stream_item *item)
{
    const struct session *s = model_session(data->model, slice_str(item->session_id));
    return search_holds(ui, slice_str(item->name)) || search_holds(ui, slice_str(item->detail)) ||
           search_holds(ui, slice_str(event_kind_name((enum event_kind)item->kind))) ||
           search_holds(ui, slice_str(item->key)) || (s && search_holds(ui, label_session(s)));
}

/* ------------------------------------------------------------------------------------------------ keys */

void events_move(struct ui *ui, const struct ui_data *data, int64_t by)
{
    struct event_list *list = &ui->events;
    uint64_t end = newest(ui, data);
    if (end == 0)
        return;
    if (list->selected == 0 && by > 0)
        return; /* follows the newest already */
    uint64_t from = list->selected ? list->selected : end;
    uint64_t to = step(ui, data, from, by);
    if (list->selected == 0)
        list->bottom = end;
    /* Down from the newest one: back to following. */
    list->selected = by > 0 && (to == from || by >= MOVE_TO_END) ? 0 : to;
}

void events_click(struct ui *ui, const struct ui_data *data, int line, int col, bool twice)
{
    (void)col;
    struct event_list *list = &ui->events;
    if (line < 1 || list->first == 0)
        return;
    uint64_t first = list->first, at = line == 1 ? first : step(ui, data, first, line - 1);
    list->selected = at;
    if (twice)
        events_enter(ui, data);
}

/* Goes through the kept events as they came, those that are shown; the selected one, or the newest, is where
 * it starts. */
void events_find(struct ui *ui, const struct ui_data *data, bool forward, bool inclusive)
{
    const struct session *only = only_session(ui, data);
    uint64_t last = model_stream_last(data->model);
    uint64_t from = last > STREAM_ITEMS_MAX ? last - STREAM_ITEMS_MAX + 1 : 1;
    uint64_t here = ui->events.selected ? ui->events.selected : newest(ui, data);
    uint64_t ends[2] = {0, 0}, before = 0, after = 0; /* the first and the last hit; the nearest ones */
    size_t hits = 0, before_at = 0, after_at = 0;
    for (uint64_t at = from; at <= last; at++) {
        const struct stream_item *item = model_stream_item(data->model, at);
        if (!item || !shown(ui, data, only, item) || !is_hit(ui, data, item))
            continue;
        hits++;
        ends[0] = ends[0] ? ends[0] : at;
        ends[1] = at;
        if (at < here) {
            before = at;
            before_at = hits;
        } else if (!after && (at != here || inclusive)) {
            after = at;
            after_at = hits;
        }
    }
    uint64_t found = forward ? after : before;
    ui->search.hits = hits;
    ui->search.hit = found ? (forward ? after_at : before_at) : forward && hits ? 1 : hits;
    found = found ? found : ends[forward ? 0 : 1];
    if (!found)
        return;
    if (ui->events.selected == 0)
        ui->events.bottom = here;
    ui->events.selected = found;
}

static const struct node *find_key(const struct node *n, struct slice key)
{
    for (const struct node *top = n; n;) {
        if (slice_eq(n->key, key))
            return n;
        const struct node *next = n->first_child;
        while (!next && n) {
            next = n->next;
            n = n->parent;
            if (!n && !next)
                return NULL;
        }
        n = next;
        if (n == top)
            return NULL;
    }
    return NULL;
}

struct line events_target(const struct ui *ui, const struct ui_data *data)
{
    const struct stream_item *item = model_stream_item(data->model, ui->events.selected);
    const struct session *s = item ? model_session(data->model, slice_str(item->session_id)) : NULL;
    if (!s)
        return ui->selected;
    const struct node *n = item->key[0] ? find_key(s->first_child, slice_str(item->key)) : NULL;
    return (struct line){s->id, n ? rows_shown(n)->id : 0};
}

void events_enter(struct ui *ui, const struct ui_data *data)
{
    struct line target = events_target(ui, data);
    if (!target.session_id || !ui_select_node(ui, data, target.session_id, target.node_id))
        return;
    ui->view = UI_VIEW_TREE;
}
