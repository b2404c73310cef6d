/*
 * What the screen and the model keep between frames never shows: after any sequence of events, keys and time,
 * the screen is the one drawn with nothing kept, the fleet is that of a count of all sessions, and nothing
 * changes before the time at which the screen asks to be drawn again.
 */
#include "test.h"

#include "clock.h"
#include "ui_private.h"

#include <stdio.h>

#define START    INT64_C(1795350000000000000)
#define SESSIONS 12
#define PROMPTS  3
#define STEPS    700

struct world {
    struct model *model;
    struct ui *ui;
    struct ui_data data;
    struct grid grid, again;
    uint64_t random;
    int64_t newest_ns; /* of what was told */
    unsigned calls;
};

static unsigned pick(struct world *w, unsigned below)
{
    w->random = w->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(w->random >> 33) % below;
}

/* ---------------------------------------------------------------------------------------------- events */

struct texts {
    char session[40], prompt[40], call[40], agent[40];
};

static enum event_kind any_kind(struct world *w)
{
    static const enum event_kind kinds[] = {
        EVENT_PROMPT,     EVENT_LLM,  EVENT_LLM,     EVENT_LLM,        EVENT_TOOL,  EVENT_TOOL,  EVENT_TOOL,
        EVENT_PERMISSION, EVENT_TURN, EVENT_SESSION, EVENT_COMPACTION, EVENT_AGENT, EVENT_NOTICE};
    return kinds[pick(w, sizeof kinds / sizeof kinds[0])];
}

static void tell(struct world *w)
{
    static const char *const tools[] = {"Bash", "Read", "Task", "mcp__github__issue"};
    struct texts t;
    struct event e;
    unsigned session = pick(w, SESSIONS);
    int64_t now = w->data.now_ns - (int64_t)pick(w, 4) * NS_PER_SEC;
    event_init(&e, any_kind(w), (enum witness)(WITNESS_HOOK + pick(w, WITNESS_SPAN - WITNESS_HOOK + 1)));
    snprintf(t.session, sizeof t.session, "%08x-0000-4000-8000-000000000000", session * 0x9e3779b9u);
    snprintf(t.prompt, sizeof t.prompt, "prompt-%u-%u", session, pick(w, PROMPTS));
    snprintf(t.call, sizeof t.call, "call-%u-%u", session, pick(w, 3) ? w->calls : pick(w, w->calls + 1));
    snprintf(t.agent, sizeof t.agent, "agent-%u-%u", session, pick(w, 3));
    w->calls += pick(w, 2);
    e.time_ns = e.arrival_ns = now;
    e.ids.session_id = slice_str(t.session);
    e.ids.prompt_id = pick(w, 6) ? slice_str(t.prompt) : SLICE_NULL;
    if (e.kind == EVENT_LLM)
        e.ids.request_id = slice_str(t.call);
    if (e.kind == EVENT_TOOL || e.kind == EVENT_PERMISSION)
        e.ids.tool_use_id = slice_str(t.call);
    if (e.kind == EVENT_AGENT || pick(w, 5) == 0)
        e.ids.agent_id = slice_str(t.agent);
    e.name = slice_str(tools[pick(w, 4)]);
    e.detail = slice_str(t.call);
    e.model = e.kind == EVENT_LLM ? SLICE_LIT("claude-opus-4-5-20251101") : SLICE_NULL;
    e.title = pick(w, 20) == 0 ? slice_str(t.prompt) : SLICE_NULL;
    e.cwd = SLICE_LIT("/home/dev/web-ui");
    e.phase = pick(w, 3) ? PHASE_FINISHED : PHASE_STARTED;
    e.start_ns = now - (int64_t)pick(w, 900) * 10 * NS_PER_MS;
    if (e.phase == PHASE_FINISHED) {
        e.end_ns = now;
        e.duration_ns = now - e.start_ns;
    }
    e.failed = pick(w, 9) == 0;
    e.ended = e.kind == EVENT_SESSION && pick(w, 2);
    if (e.kind == EVENT_LLM)
        e.usage = (struct event_usage){600, 150, 21000, 900, 0, (int64_t)pick(w, 90) * 1000000};
    model_apply(w->model, &e);
}

/* ------------------------------------------------------------------------------------------ time and keys */

static void pass(struct world *w)
{
    static const int64_t spans[] = {33 * NS_PER_MS,        NS_PER_SEC,          11 * NS_PER_SEC,
                                    61 * NS_PER_SEC,       5 * 60 * NS_PER_SEC, 31 * 60 * NS_PER_SEC,
                                    13 * 3600 * NS_PER_SEC};
    unsigned n = pick(w, 40);
    unsigned which = n < 24 ? 0 : n < 32 ? 1 : n < 36 ? 2 : n < 37 ? 3 : n < 38 ? 4 : n < 39 ? 5 : 6;
    if (pick(w, 50) == 0)
        w->data.now_ns -= 2 * NS_PER_SEC; /* somebody set the clock */
    else
        w->data.now_ns += spans[which] + (int64_t)pick(w, 1000000);
}

static void press(struct world *w)
{
    static const char *const names[] = {"Down", "Up",  "PgDn", "Home", "End", "Enter", "*",   "+", "-",   "s",
                                        "S",    "F",   "1",    "2",    "3",   "4",     "6",   "1", "1",   "1",
                                        "/",    "Esc", "n",    "Tab",  "i",   "f",     "Esc", "a", "Left"};
    struct key key;
    const char *name = names[pick(w, sizeof names / sizeof names[0])];
    assert_true(key_parse(slice_str(name), &key));
    ui_key(w->ui, &w->data, &key);
}

/* ---------------------------------------------------------------------------------------------- checks */

static void assert_same(const struct world *w, unsigned step, const char *what)
{
    for (int row = 0; row < w->grid.rows; row++)
        for (int col = 0; col < w->grid.cols; col++) {
            const struct cell *a = grid_at(&w->grid, row, col), *b = grid_at(&w->again, row, col);
            if (a->len != b->len || a->role != b->role || a->flags != b->flags ||
                memcmp(a->text, b->text, a->len) != 0)
                fail_msg("step %u, view %d: %s: (%d, %d) is \"%.*s\", was \"%.*s\"", step, (int)w->ui->view,
                         what, row, col, (int)b->len, b->text, (int)a->len, a->text);
        }
}

static void draw_anew(struct world *w, unsigned step)
{
    rows_finish(&w->ui->rows);
    rows_init(&w->ui->rows);
    ui_draw(w->ui, &w->data, &w->again);
    assert_same(w, step, "drawn with nothing kept");
}

static void stays_until_woken(struct world *w, unsigned step)
{
    /* Of the other views some move at a pace of their own. */
    if (w->ui->view != UI_VIEW_TREE || w->ui->pane)
        return;
    int64_t now = w->data.now_ns, wake = ui_wake_ns(w->ui), due = model_due_ns(w->model);
    assert_true(wake == 0 || wake > now);
    int64_t until = wake ? wake : now + 3 * 3600 * NS_PER_SEC;
    until = due && due < until ? due : until;
    if (until <= now + 1)
        return;
    w->data.now_ns = now + 1 + (int64_t)((uint64_t)pick(w, 1u << 30) * 16 % (uint64_t)(until - now - 1));
    if (pick(w, 2))
        w->data.now_ns = until - 1;
    ui_draw(w->ui, &w->data, &w->again);
    assert_same(w, step, "drawn before it is due");
    w->data.now_ns = now;
}

static void fleet_is_that_of_all(const struct world *w)
{
    struct fleet fleet;
    int64_t sessions = 0, live = 0, waiting = 0, llm_calls = 0, cost = 0, now = w->data.now_ns;
    model_fleet(w->model, now, w->data.day_start_ns, &fleet);
    for (const struct session *s = model_sessions(w->model); s; s = s->next) {
        struct run_status status = model_session_status(s, now);
        bool waits = status.state == RUN_PERMISSION || status.state == RUN_INPUT;
        bool asks =
            status.state == RUN_PERMISSION || (waits && status.node && status.node->kind == NODE_TOOL);
        bool shown = s->real || s->announced;
        bool lives = shown && status.state != RUN_ENDED &&
                     now - s->last_arrival_ns < (asks ? WAITING_WITHIN_NS : LIVE_WITHIN_NS);
        live += lives;
        waiting += lives && waits;
        if (s->real) {
            sessions++;
            llm_calls += s->total.llm_calls;
            cost += s->total.cost_nano_usd;
        }
    }
    assert_int_equal(fleet.sessions, sessions);
    assert_int_equal(fleet.live, live);
    assert_int_equal(fleet.waiting, waiting);
    if (model_stats(w->model).evicted_sessions == 0) {
        assert_int_equal(fleet.total.llm_calls, llm_calls);
        assert_int_equal(fleet.total.cost_nano_usd, cost);
    }
}

static void run(uint64_t seed, size_t max_bytes, int cols, int rows)
{
    struct world w = {.random = seed};
    struct model_config config;
    model_config_init(&config);
    config.max_bytes = max_bytes;
    w.model = model_create(&config);
    w.data = (struct ui_data){.model = w.model, .now_ns = START, .day_start_ns = START - 3600 * NS_PER_SEC};
    w.ui = ui_create(NULL);
    grid_init(&w.grid, cols, rows);
    grid_init(&w.again, cols, rows);
    for (unsigned step = 0; step < STEPS; step++) {
        for (unsigned events = pick(&w, 6); events; events--)
            tell(&w);
        if (pick(&w, 3) == 0)
            pass(&w);
        for (unsigned keys = pick(&w, 3); keys; keys--)
            press(&w);
        ui_draw(w.ui, &w.data, &w.grid);
        fleet_is_that_of_all(&w);
        if (step % 3 == 0)
            draw_anew(&w, step);
        else if (step % 3 == 1)
            stays_until_woken(&w, step);
    }
    grid_finish(&w.grid);
    grid_finish(&w.again);
    ui_destroy(w.ui);
    model_destroy(w.model);
}

static void kept_rows_are_those_made_anew(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 6; seed++)
        run(seed, MODEL_MAX_BYTES_DEFAULT, 120, 40);
}

static void also_where_sessions_are_evicted(void **state)
{
    (void)state;
    for (uint64_t seed = 11; seed <= 14; seed++)
        run(seed, 120000, 200, 30);
}

/* While rows come, go and move, by every sort, the selection stays on its row as long as there is one, in
 * sight, and on its line of the screen where there is room above and below. */
static void hold_selection(uint64_t seed, size_t max_bytes)
{
    struct world w = {.random = seed};
    struct model_config config;
    struct key key;
    size_t kept = 0, lines = 0;
    model_config_init(&config);
    config.max_bytes = max_bytes;
    w.model = model_create(&config);
    w.data = (struct ui_data){.model = w.model, .now_ns = START, .day_start_ns = START - 3600 * NS_PER_SEC};
    w.ui = ui_create(NULL);
    grid_init(&w.grid, 120, 14);
    for (unsigned step = 0; step < STEPS; step++) {
        static const char *const moves[] = {"Down", "PgDn", "End", "Up", "*", "s", "S", "Enter"};
        if (step % 8 == 0 && key_parse(slice_str(moves[pick(&w, 8)]), &key)) {
            ui_key(w.ui, &w.data, &key);
            ui_draw(w.ui, &w.data, &w.grid);
        }
        struct ui_view before = ui_view(w.ui, &w.data);
        for (unsigned events = 1 + pick(&w, 9); events; events--)
            tell(&w);
        if (pick(&w, 3) == 0)
            pass(&w);
        ui_draw(w.ui, &w.data, &w.grid);
        struct ui_view after = ui_view(w.ui, &w.data);
        if (before.follow || before.session_id == 0 || after.rows == 0)
            continue;
        size_t height = (size_t)w.ui->body_rows;
        assert_true(after.selected >= after.top && after.selected < after.top + height);
        size_t at = rows_find(&w.ui->rows, before.session_id, before.node_id, after.selected);
        if (at == w.ui->rows.count)
            continue; /* gone, or folded away */
        assert_int_equal(after.session_id, before.session_id);
        assert_int_equal(after.node_id, before.node_id);
        kept++;
        if (before.top > 0 && after.top > 0 && after.top + height < after.rows) {
            assert_int_equal(after.selected - after.top, before.selected - before.top);
            lines++;
        }
    }
    assert_true(kept > 20 && lines > 5);
    grid_finish(&w.grid);
    ui_destroy(w.ui);
    model_destroy(w.model);
}

static void the_selection_stays_on_its_row(void **state)
{
    (void)state;
    for (uint64_t seed = 21; seed <= 30; seed++)
        hold_selection(seed, seed % 3 ? MODEL_MAX_BYTES_DEFAULT : 120000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kept_rows_are_those_made_anew),
        cmocka_unit_test(also_where_sessions_are_evicted),
        cmocka_unit_test(the_selection_stays_on_its_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
