/* Details: everything that is known about the selected row, as the whole screen or as a pane beside it. */
#include "clock.h"
#include "format.h"
#include "glyph.h"
#include "label.h"
#include "ui_private.h"
#include "wrap.h"

#include <stdio.h>

#define KEY_COLS  15
#define KEY_FROM  34 /* narrower panes put the value below its key */
#define IDS_SHOWN 8
#define VALUE_MAX 160

/* Writes lines of keys and values from the first visible one on, and counts them all. */
struct sheet {
    struct grid *grid;
    struct area area;
    int top;
    int line;                    /* the next one, counted from the first */
    struct search_lines *search; /* NULL: nobody searches */
};

static bool visible(const struct sheet *s)
{
    return s->line >= s->top && s->line - s->top < s->area.rows;
}

static int row_of(const struct sheet *s)
{
    return s->area.row + s->line - s->top;
}

/* Columns for a value: beside its key, or below it. */
static int value_cols(const struct sheet *s)
{
    return s->area.cols - (s->area.cols >= KEY_FROM ? KEY_COLS : 2) - 2;
}

static void put(struct sheet *s, const char *key, struct slice value, int role)
{
    bool beside = s->area.cols >= KEY_FROM;
    int indent = beside ? KEY_COLS : 2, cols = value_cols(s);
    if (value.len == 0 || cols < 1)
        return;
    if (visible(s))
        grid_put(s->grid, row_of(s), s->area.col + 1, beside ? KEY_COLS - 1 : s->area.cols - 2,
                 slice_str(key), ROLE_DIM);
    search_note(s->search, s->line, slice_str(key));
    if (!beside && key[0])
        s->line++;
    for (struct slice rest = value; rest.len; s->line++) {
        struct slice line = wrap_next(&rest, cols);
        search_note_part(s->search, s->line, line, value);
        if (visible(s))
            grid_put(s->grid, row_of(s), s->area.col + 1 + indent, cols, line, role);
    }
}

static void put_str(struct sheet *s, const char *key, const char *value, int role)
{
    put(s, key, slice_str(value), role);
}

static void put_title(struct sheet *s, const char *title)
{
    s->line++;
    if (visible(s))
        grid_put(s->grid, row_of(s), s->area.col + 1, s->area.cols - 2, slice_str(title), ROLE_HELP_TITLE);
    search_note(s->search, s->line, slice_str(title));
    s->line++;
}

/* --------------------------------------------------------------------------------------------- values */

static void put_count(struct sheet *s, const char *key, int64_t value)
{
    char text[32];
    if (value <= 0)
        return;
    snprintf(text, sizeof(text), "%lld", (long long)value);
    put_str(s, key, text, ROLE_TOKENS);
}

/* How long ago first where both do not stand in one line. */
static void put_time(struct sheet *s, const char *key, int64_t at_ns, int64_t now_ns)
{
    char text[CLOCK_RFC3339_MAX + FORMAT_MAX + 8], stamp[CLOCK_RFC3339_MAX], age[FORMAT_MAX];
    if (at_ns <= 0)
        return;
    clock_rfc3339(at_ns, stamp);
    format_age(now_ns - at_ns, age);
    if (now_ns < at_ns)
        snprintf(text, sizeof(text), "%s", stamp);
    else
        snprintf(text, sizeof(text), "%s  %s ago", stamp, age);
    if (now_ns < at_ns || (int)text_width(slice_str(text)) <= value_cols(s)) {
        put_str(s, key, text, ROLE_TIME);
        return;
    }
    snprintf(text, sizeof(text), "%s ago", age);
    put_str(s, key, text, ROLE_TIME);
    bool whole = (int)strlen(stamp) <= value_cols(s);
    snprintf(text, sizeof(text), whole ? "%s" : "%.19sZ", stamp); /* without milliseconds */
    put_str(s, "", text, ROLE_TIME);
}

static void put_duration(struct sheet *s, const char *key, int64_t ns)
{
    char text[FORMAT_MAX];
    if (ns >= 0)
        put_str(s, key, format_duration(ns, text), ROLE_TIME);
}

static void put_hex(struct sheet *s, const char *key, bool present, const uint8_t *id, size_t len)
{
    char hex[2 * 16 + 1];
    if (!present)
        return;
    slice_hex(id, len, hex);
    put_str(s, key, hex, ROLE_TEXT);
}

static void put_totals(struct sheet *s, const struct counters *t)
{
    char text[FORMAT_MAX];
    put_title(s, "Tokens and cost");
    put_count(s, "input", t->input_tokens);
    put_count(s, "output", t->output_tokens);
    put_count(s, "cache read", t->cache_read_tokens);
    put_count(s, "cache write", t->cache_creation_tokens);
    if (t->llm_calls > 0)
        put_str(s, "cost", format_cost(t->cost_nano_usd, label_cost_marks(t), text), ROLE_COST);
    if (t->cost_estimated > 0 && t->cost_estimated < t->llm_calls)
        put_str(s, "of it estimated", format_cost(t->cost_estimated_nano_usd, COST_ESTIMATE, text),
                ROLE_COST);
    put_count(s, "without price", t->cost_unknown);
}

static void put_calls(struct sheet *s, const struct counters *t)
{
    put_title(s, "Calls");
    put_count(s, "turns", t->turns);
    put_count(s, "LLM calls", t->llm_calls);
    put_count(s, "LLM failed", t->llm_errors);
    put_count(s, "LLM retries", t->llm_retries);
    put_count(s, "tool calls", t->tool_calls);
    put_count(s, "tools failed", t->tool_errors);
    put_count(s, "rejected", t->tool_rejections);
    put_count(s, "sub-agents", t->agents);
    if (t->wait_ns > 0)
        put_duration(s, "human wait", t->wait_ns);
}

/* ---------------------------------------------------------------------------------------------- session */

/* What the client says of its context and its plan. */
static void put_reports(struct sheet *sheet, const struct session *s, int64_t now_ns)
{
    const struct session_context *c = &s->context;
    char text[VALUE_MAX], a[FORMAT_MAX], b[FORMAT_MAX], d[FORMAT_MAX];
    if (c->reported_ns > 0 && c->used_percentage >= 0) {
        snprintf(text, sizeof(text), "%s", format_percentage(c->used_percentage, a));
        if (c->used_tokens >= 0 && c->window_tokens > 0)
            snprintf(text, sizeof(text), "%s: %s of %s tokens", a, format_count(c->used_tokens, b),
                     format_count(c->window_tokens, d));
        put_str(sheet, "context", text, c->used_percentage >= LABEL_NEARLY_FULL ? ROLE_WARNING : ROLE_TOKENS);
    }
    const struct {
        const char *key;
        const struct session_limit *limit;
    } limits[] = {{"5 h limit", &s->limits.five_hour}, {"7 d limit", &s->limits.seven_day}};
    for (size_t i = 0; s->limits.reported_ns > 0 && i < 2; i++) {
        const struct session_limit *limit = limits[i].limit;
        double used = label_limit_percentage(limit, now_ns);
        if (used < 0)
            continue;
        snprintf(text, sizeof(text), "%s%s%s", format_percentage(used, a),
                 limit->resets_ns > 0 ? " used, anew in " : " used",
                 limit->resets_ns > 0 ? format_age(limit->resets_ns - now_ns, b) : "");
        put_str(sheet, limits[i].key, text, used >= LABEL_NEARLY_FULL ? ROLE_WARNING : ROLE_TOKENS);
    }
    if (s->context.reported_ns > 0)
        put_time(sheet, "reported", s->context.reported_ns, now_ns);
}

static void put_burn(struct sheet *sheet, const struct session *s, int64_t now_ns)
{
    struct burn_rate burn = model_session_burn(s, now_ns);
    char text[VALUE_MAX], a[FORMAT_MAX], b[FORMAT_MAX];
    if (burn.cost_nano_usd_per_hour <= 0 && burn.tokens_per_min <= 0)
        return;
    snprintf(text, sizeof(text), "%s an hour, %s tokens a minute",
             format_cost(burn.cost_nano_usd_per_hour, burn.is_estimate ? COST_ESTIMATE : 0, a),
             format_count_wide(burn.tokens_per_min, b));
    put_str(sheet, "last 5 min", text, ROLE_COST);
}

/* How far all this can be trusted. */
static void put_health(struct sheet *sheet, const struct session *s, int64_t now_ns)
{
    static const struct {
        const char *words;
        enum role role;
    } VERDICTS[] = {
        [METRICS_NONE] = {"none came", ROLE_DIM},
        [METRICS_PENDING] = {"not yet to be compared with the events", ROLE_DIM},
        [METRICS_AGREE] = {"agree with the events", ROLE_TEXT},
        [METRICS_MORE] = {"count more than the events", ROLE_WARNING},
        [METRICS_LESS] = {"count less than the events", ROLE_WARNING},
    };
    struct session_health h;
    char text[VALUE_MAX], a[FORMAT_MAX];
    model_session_health(s, now_ns, &h);
    put_title(sheet, "Telemetry");
    snprintf(text, sizeof(text), "%s%s%s%s", s->has_hooks ? "hooks " : "", s->has_logs ? "logs " : "",
             s->has_spans ? "traces " : "", s->has_metrics ? "metrics" : "");
    put_str(sheet, "seen through", text, ROLE_TEXT);
    if (h.lost_events > 0) {
        snprintf(text, sizeof(text), "%lld events never came%s", (long long)h.lost_events,
                 h.lost_settled ? "" : " so far");
        put_str(sheet, "lost", text, h.lost_settled ? ROLE_ERROR : ROLE_WARNING);
    }
    if (s->native)
        put_str(sheet, "metrics", VERDICTS[h.metrics].words, (int)VERDICTS[h.metrics].role);
    if (h.has_clock)
        put_duration(sheet, "delay", h.delay_ns > 0 ? h.delay_ns : 0);
    if (h.skew_ns != 0) {
        snprintf(text, sizeof(text), "its clock is %s %s",
                 format_duration(h.skew_ns < 0 ? -h.skew_ns : h.skew_ns, a),
                 h.skew_ns > 0 ? "ahead" : "behind");
        put_str(sheet, "clock", text, ROLE_WARNING);
    }
    const struct {
        bool holds;
        const char *key, *words;
        enum role role;
    } facts[] = {
        {h.hooks_only, "missing", "it posts hooks but sends no telemetry", ROLE_WARNING},
        {h.metrics_only, "missing", "it sends metrics but neither logs nor traces", ROLE_WARNING},
        {h.no_traces && !h.hooks_only && !h.metrics_only, "missing", "traces", ROLE_DIM},
        {h.no_ids, "old client", "its events cannot be told apart or counted", ROLE_DIM},
        {h.prompts_withheld, "privacy", "prompts are withheld by the client", ROLE_TEXT},
        {h.tools_withheld, "privacy", "details of tools are withheld by the client", ROLE_TEXT},
        {h.delta_metrics, "temporality", "delta, which Prometheus and Mimir refuse", ROLE_WARNING},
    };
    for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
        if (facts[i].holds)
            put_str(sheet, facts[i].key, facts[i].words, (int)facts[i].role);
}

static void put_session(struct sheet *sheet, const struct ui_data *data, const struct session *s)
{
    struct run_status run = model_session_status(s, data->now_ns);
    const struct status_look *look = status_of_run(run.state);
    struct slice models[IDS_SHOWN];
    uint8_t traces[IDS_SHOWN][16];
    char text[VALUE_MAX], age[FORMAT_MAX];
    put(sheet, "session", label_session(s), ROLE_SESSION);
    snprintf(text, sizeof(text), "%s %s", glyph(look->glyph), look->word);
    put_str(sheet, "state", text, (int)look->role);
    if (run.evidence) {
        int64_t now = data->now_ns, today = data->day_start_ns, next;
        const char *word = status_since_is_age(now, today, run.since_ns) ? ", for " : ", since ";
        snprintf(text, sizeof(text), "%s%s%s", run.evidence, run.since_ns > 0 ? word : "",
                 run.since_ns > 0 ? status_since(now, today, run.since_ns, age, &next) : "");
        put_str(sheet, "because", text, ROLE_TEXT);
    }
    put(sheet, "folder", s->cwd, ROLE_TEXT);
    put(sheet, "id", s->session_id, ROLE_TEXT);
    put(sheet, "service", s->service_name, ROLE_TEXT);
    put(sheet, "version", s->service_version, ROLE_TEXT);
    put_time(sheet, "started", s->started_ns, data->now_ns);
    put_time(sheet, "last heard", s->last_activity_ns, data->now_ns);
    put(sheet, "branch", s->branch, ROLE_TEXT);
    put(sheet, "begun by", s->start_source, ROLE_TEXT);
    put(sheet, "sub-agent of", s->parent_session_id, ROLE_TEXT);
    if (s->provisional)
        put_str(sheet, "provisional", "its sender names no session", ROLE_DIM);
    put_reports(sheet, s, data->now_ns);
    if (s->gone_until_ns)
        put_str(sheet, "summary",
                s->summary ? "its calls went when memory was full; their sums are kept"
                           : "its earlier calls went when memory was full; their sums are kept",
                ROLE_TEXT);
    size_t count = model_session_models(s, models, IDS_SHOWN);
    for (size_t i = 0; i < count && i < IDS_SHOWN; i++)
        put(sheet, i ? "" : "models", models[i], ROLE_MODEL);
    put(sheet, "model in use", s->model_name, ROLE_MODEL);
    put_totals(sheet, &s->total);
    put_burn(sheet, s, data->now_ns);
    put_calls(sheet, &s->total);
    put_health(sheet, s, data->now_ns);
    count = model_session_traces(s, traces, IDS_SHOWN);
    if (count)
        put_title(sheet, "Traces");
    for (size_t i = 0; i < count && i < IDS_SHOWN; i++)
        put_hex(sheet, i ? "" : "trace ids", true, traces[i], sizeof(traces[i]));
}

/* ------------------------------------------------------------------------------------------------ node */

static const char *kind_title(enum node_kind kind)
{
    static const char *const TITLES[] = {
        [NODE_TURN] = "turn",       [NODE_LLM] = "LLM call",          [NODE_TOOL] = "tool call",
        [NODE_AGENT] = "sub-agent", [NODE_PERMISSION] = "permission", [NODE_COMPACTION] = "compaction",
        [NODE_HOOK] = "hook",       [NODE_EVENT] = "event",           [NODE_SPAN] = "span of another service",
    };
    return TITLES[kind];
}

static const char *key_title(enum node_kind kind)
{
    return kind == NODE_TURN   ? "prompt id"
           : kind == NODE_LLM  ? "request id"
           : kind == NODE_TOOL ? "tool use id"
                               : "id";
}

static void put_witnesses(struct sheet *sheet, const struct node *n)
{
    static const struct {
        enum witness witness;
        const char *name;
    } NAMES[] = {{WITNESS_HOOK, "hook"}, {WITNESS_LOG, "log event"}, {WITNESS_SPAN, "span"}};
    char text[VALUE_MAX] = "";
    size_t used = 0;
    for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++)
        if (n->witnesses & (1u << NAMES[i].witness))
            used +=
                (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", used ? ", " : "", NAMES[i].name);
    put_str(sheet, "seen by", text, ROLE_TEXT);
}

static void put_what(struct sheet *sheet, const struct node *n)
{
    const struct status_look *look = status_of_node(n->state);
    char text[VALUE_MAX];
    if (n->kind == NODE_TURN)
        snprintf(text, sizeof(text), "turn #%d", (int)n->number);
    else
        snprintf(text, sizeof(text), "%s", kind_title(n->kind));
    put_str(sheet, "what", text, ROLE_SESSION);
    snprintf(text, sizeof(text), "%s %s", glyph(look->glyph), look->word);
    put_str(sheet, "state", text, (int)look->role);
    put(sheet, n->kind == NODE_LLM ? "asked by" : "name", n->name, ROLE_CALL);
    put(sheet, "model", n->model, ROLE_MODEL);
    put(sheet, n->kind == NODE_TURN ? "prompt" : "detail", n->detail, ROLE_TURN);
    if (n->redacted && n->detail.len == 0)
        put_str(sheet, "prompt", "withheld by the client's privacy settings", ROLE_DIM);
    put(sheet, "error", n->error_type, ROLE_STATE_FAILED);
    put(sheet, n->error_type.len ? "" : "error", n->error_message, ROLE_STATE_FAILED);
    put(sheet,
        n->kind == NODE_TOOL   ? "decided by"
        : n->kind == NODE_TURN ? "begun by"
                               : "source",
        n->source, ROLE_TEXT);
    put(sheet, "ended by", n->end_reason, ROLE_TEXT);
}

/* What few calls have. */
static void put_more(struct sheet *sheet, const struct ui_data *data, const struct node *n)
{
    struct node_more more;
    char text[VALUE_MAX];
    model_node_more(n, &more);
    put_count(sheet, "HTTP status", more.http_status);
    put_time(sheet, "decided", more.decided_ns, data->now_ns);
    if (more.asked_by)
        put(sheet, "asked for in", more.asked_by->key, ROLE_TEXT);
    if (more.auxiliary)
        put_str(sheet, "purpose", "housekeeping of the client", ROLE_TEXT);
    if (n->kind != NODE_TURN && n->number > 0) {
        snprintf(text, sizeof(text), "#%d", (int)n->number);
        put_str(sheet, "turn", text, ROLE_TURN);
    }
}

static void put_node(struct sheet *sheet, const struct ui_data *data, const struct node *n)
{
    put_what(sheet, n);
    put_time(sheet, "started", n->start_ns, data->now_ns);
    put_time(sheet, "ended", n->end_ns, data->now_ns);
    put_duration(sheet, "took", n->duration_ns);
    put_duration(sheet, "first token", n->ttft_ns > 0 ? n->ttft_ns : -1);
    put_duration(sheet, "human wait", n->wait_ns > 0 ? n->wait_ns : -1);
    if (n->attempts > 1)
        put_count(sheet, "attempts", n->attempts);
    for (size_t i = 0; n->attempts > 1 && i < n->attempt_count && i < IDS_SHOWN; i++)
        put_time(sheet, i ? "" : "each from", n->attempt_ns[i], data->now_ns);
    put_more(sheet, data, n);
    put_count(sheet, "tokens before", n->tokens_before);
    put_count(sheet, "tokens after", n->tokens_after);
    if (n->background)
        put_str(sheet, "background", "it runs on behind its call", ROLE_TEXT);
    if (n->total.llm_calls)
        put_totals(sheet, &n->total);
    if (n->first_child)
        put_calls(sheet, &n->total);
    put_title(sheet, "Identity");
    put(sheet, key_title(n->kind), n->key, ROLE_TEXT);
    put_hex(sheet, "trace id", n->has_trace_id, n->trace_id, sizeof(n->trace_id));
    put_hex(sheet, "span id", n->has_span_id, n->span_id, sizeof(n->span_id));
    struct node_more more;
    model_node_more(n, &more);
    put_hex(sheet, "profile id", more.has_profile_id, more.profile_id, sizeof(more.profile_id));
    put(sheet, "session", n->session->session_id, ROLE_TEXT);
    put_witnesses(sheet, n);
}

/* ----------------------------------------------------------------------------------------------- links */

/* The key that leads there. */
static const char *link_key(const struct ui *ui, const char *name, char out[KEY_NAME_MAX])
{
    static const struct {
        const char *name;
        enum action action;
    } KEYS[] = {{"tempo", ACTION_TEMPO},
                {"loki", ACTION_LOKI},
                {"mimir", ACTION_MIMIR},
                {"profiles", ACTION_PROFILES},
                {"dashboard", ACTION_DASHBOARD}};
    enum action action = ACTION_LINKS;
    struct key key;
    for (size_t i = 0; i < sizeof(KEYS) / sizeof(KEYS[0]); i++)
        if (strcmp(KEYS[i].name, name) == 0)
            action = KEYS[i].action;
    return keymap_key(&ui->keymap, action, 0, &key) ? key_name(&key, out) : "";
}

static void put_links(struct sheet *sheet, const struct ui *ui, const struct ui_data *data)
{
    const struct ui_link_item *items = NULL;
    struct line row = ui->selected;
    size_t count = data->links ? data->links(data->links_ctx, data, row.session_id, row.node_id, &items) : 0;
    if (count)
        put_title(sheet, "Links");
    for (size_t i = 0; i < count; i++) {
        char text[VALUE_MAX], key[KEY_NAME_MAX];
        bool none = items[i].url[0] == '\0';
        snprintf(text, sizeof(text), "%s%s%s", items[i].title,
                 none               ? ": "
                 : items[i].help[0] ? " "
                                    : "",
                 none ? items[i].why : items[i].help);
        put_str(sheet, none ? "" : link_key(ui, items[i].name, key), text, none ? ROLE_DIM : ROLE_TEXT);
    }
}

/* Lays out all of it; returns how many lines that takes. */
static int put_all(const struct ui *ui, const struct ui_data *data, struct sheet *sheet)
{
    const struct node *n = ui_selected_node(ui, data);
    const struct session *s = model_session_by_id(data->model, ui->selected.session_id);
    if (n)
        put_node(sheet, data, n);
    else if (s)
        put_session(sheet, data, s);
    else
        put_str(sheet, "", "Nothing is selected.", ROLE_DIM);
    if (s)
        put_links(sheet, ui, data);
    return sheet->line;
}

void detail_draw(struct ui *ui, const struct ui_data *data, struct grid *grid, struct area area)
{
    struct scrolled *text = &ui->detail;
    bool same =
        ui->detailed.session_id == ui->selected.session_id && ui->detailed.node_id == ui->selected.node_id;
    ui->detailed = ui->selected;
    ui->detail_cols = area.cols;
    if (!same)
        text->top = text->hit = 0;
    struct sheet sheet = {grid, {area.row + 1, area.col, area.rows - 1, area.cols}, text->top, 0, NULL};
    bool active = ui->view == UI_VIEW_DETAIL || ui->focused;
    grid_put(grid, area.row, area.col + 1, area.cols - 2, SLICE_LIT("DETAILS"),
             active ? ROLE_COLUMN_SORT : ROLE_COLUMN);
    /* Scrolled to what was the end of a text that has become shorter: its end is as far as it goes. */
    if (scrolled_set(text, put_all(ui, data, &sheet), area.rows - 1)) {
        grid_fill(grid, area.row + 1, area.col, area.rows - 1, area.cols, ROLE_TEXT);
        sheet.top = text->top;
        sheet.line = 0;
        put_all(ui, data, &sheet);
    }
    if (active && text->hit > text->top && text->hit <= text->top + text->rows)
        grid_flag(grid, area.row + text->hit - text->top, area.col, 1, area.cols, CELL_SELECTED);
    if (text->lines > text->top + text->rows && area.cols > 16) {
        char more[32];
        snprintf(more, sizeof(more), "more %s", glyph(GLYPH_OPEN));
        grid_put_right(grid, area.row, area.col, area.cols - 1, slice_str(more), ROLE_DIM);
    }
}

void detail_move(struct ui *ui, const struct ui_data *data, int64_t by)
{
    (void)data;
    scrolled_move(&ui->detail, by);
}

void detail_find(struct ui *ui, const struct ui_data *data, bool forward, bool inclusive)
{
    struct search_lines lines = {.ui = ui};
    struct sheet sheet = {.area = {.cols = ui->detail_cols}, .search = &lines};
    ui->detail.lines = put_all(ui, data, &sheet);
    search_lines_move(ui, &lines, &ui->detail, forward, inclusive);
}
