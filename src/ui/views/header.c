/* The first line: what the whole fleet does, by priority as far as the width goes. */
#include "format.h"
#include "glyph.h"
#include "label.h"
#include "spark.h"
#include "ui_private.h"

#include <stdio.h>

#define PIECES_MAX 5
#define PIECE_MAX  80
/* Names from outside take no more columns than these. */
#define NAME_COLS   16
#define SOURCE_COLS 24

/* A group of words that stands or goes as one. */
struct segment {
    int priority; /* small stays longest; 0: not there */
    int count;
    struct {
        char text[PIECE_MAX];
        int role;
    } pieces[PIECES_MAX];
};

enum {
    SEGMENT_TITLE,
    SEGMENT_LIVE,
    SEGMENT_WAITING,
    SEGMENT_ALERTS,
    SEGMENT_COST,
    SEGMENT_TOKENS,
    SEGMENT_SPARK,
    SEGMENT_LLM,
    SEGMENT_ERRORS,
    SEGMENT_P95,
    SEGMENT_LIMIT,
    SEGMENT_HEALTH,
    SEGMENT_CONTEXT,
    SEGMENT_LIMITS,
    SEGMENT_SOURCE, /* from here on flush right */
    SEGMENT_UPSTREAM,
    SEGMENT_COUNT
};

static void add(struct segment *s, int role, const char *text)
{
    if (s->count == PIECES_MAX)
        return;
    text_clean(slice_str(text), s->pieces[s->count].text, PIECE_MAX);
    s->pieces[s->count++].role = role;
}

static int width_of(const struct segment *s)
{
    int width = 0;
    for (int i = 0; i < s->count; i++)
        width += (int)text_width(slice_str(s->pieces[i].text));
    return width;
}

static void spark(const struct fleet *f, char *out, size_t size)
{
    int64_t most = 0;
    size_t used = 0;
    for (int i = 0; i < FLEET_SPARK; i++)
        most = f->spark[i] > most ? f->spark[i] : most;
    for (int i = 0; i < FLEET_SPARK; i++) {
        const char *bar = glyph(spark_bar(f->spark[i], most));
        used += (size_t)snprintf(out + used, size - used, "%s", bar);
    }
}

static void upstream_segment(const struct ui_data *data, bool brief, struct segment *s)
{
    const struct ui_upstream *up = &data->upstream;
    char text[PIECE_MAX], number[FORMAT_MAX];
    s->priority = 3;
    if (up->state == UI_UPSTREAM_NONE) {
        /* A replay forwards nothing itself, and does not know whether somebody did. */
        if (data->source.len == 0 || data->flow)
            add(s, ROLE_HEADER_KEY, "no upstream");
        return;
    }
    int role = up->state == UI_UPSTREAM_OK ? ROLE_HEADER_GOOD : ROLE_HEADER_BAD;
    snprintf(text, sizeof(text), "%s ", glyph(GLYPH_LINK));
    add(s, role, text);
    if (!brief || (up->name.len && up->state != UI_UPSTREAM_OK)) {
        struct slice name = up->name.len ? text_prefix(up->name, NAME_COLS, NULL) : SLICE_LIT("upstream");
        snprintf(text, sizeof(text), "%.*s ", SLICE_ARG(name));
        add(s, ROLE_HEADER, text);
    }
    if (up->state == UI_UPSTREAM_OK && up->dropped == 0)
        snprintf(text, sizeof(text), "ok");
    else if (up->state == UI_UPSTREAM_RETRYING && up->queued)
        snprintf(text, sizeof(text), "down, %s wait",
                 format_count_wide((int64_t)(up->queued & INT64_MAX), number));
    else if (up->state == UI_UPSTREAM_RETRYING)
        snprintf(text, sizeof(text), "down");
    else if (up->state == UI_UPSTREAM_REJECTING)
        snprintf(text, sizeof(text), "refused %s",
                 format_count_wide((int64_t)(up->rejected & INT64_MAX), number));
    else
        text[0] = '\0';
    if (text[0])
        add(s, role, text);
    if (up->dropped) {
        snprintf(text, sizeof(text), "%s%s lost", text[0] ? ", " : "",
                 format_count_wide((int64_t)(up->dropped & INT64_MAX), number));
        add(s, ROLE_HEADER_BAD, text);
    }
    if (up->held) {
        bool why = !brief && up->held_for.len;
        snprintf(text, sizeof(text), ", %s held%s%.*s%s",
                 format_count_wide((int64_t)(up->held & INT64_MAX), number), why ? ": no " : "",
                 SLICE_ARG(why ? up->held_for : SLICE_NULL), why ? " upstream" : "");
        add(s, ROLE_HEADER_BAD, text);
    }
}

/* Limits that bit are never silent; the worst one is shown. */
static void limit_segment(const struct ui_data *data, struct segment *s)
{
    struct model_stats stats = model_stats(data->model);
    const struct {
        uint64_t count;
        const char *words;
        int priority;
        int role;
    } limits[] = {
        {data->unsaved, "not on disk", 1, ROLE_HEADER_BAD},
        {stats.refused_events, "events refused", 5, ROLE_HEADER_BAD},
        {data->received.refused, "refused", 10, ROLE_HEADER_BAD},
        {stats.evicted_sessions, "sessions evicted", 11, ROLE_HEADER_KEY},
    };
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        char text[PIECE_MAX], number[FORMAT_MAX];
        if (limits[i].count == 0)
            continue;
        snprintf(text, sizeof(text), "%s %s",
                 format_count_wide((int64_t)(limits[i].count & INT64_MAX), number), limits[i].words);
        s->priority = limits[i].priority;
        add(s, limits[i].role, text);
        return;
    }
}

static void alert_segment(const struct ui *ui, bool brief, struct segment *s)
{
    const struct attention *a = &ui->attention;
    char text[PIECE_MAX];
    if (a->loud == 0)
        return;
    s->priority = 2;
    snprintf(text, sizeof(text), "%s %zu%s%s", glyph(GLYPH_ALARM), a->loud, brief ? "" : " alert",
             brief || a->loud == 1 ? "" : "s");
    add(s, a->worst == HEALTH_ERROR ? ROLE_HEADER_BAD : ROLE_HEADER_ALERT, text);
}

/* Something is wrong with what we are told: the flow view says what. */
static void health_segment(const struct ui *ui, bool brief, struct segment *s)
{
    const struct telemetry *t = &ui->telemetry;
    char text[PIECE_MAX];
    if (t->serious == 0)
        return;
    s->priority = 5;
    snprintf(text, sizeof(text), brief ? "%s%zu" : "%s %zu telemetry", glyph(GLYPH_ALARM), t->serious);
    add(s, t->items[0].severity == HEALTH_ERROR ? ROLE_HEADER_BAD : ROLE_HEADER_ALERT, text);
}

static void add_percentage(struct segment *s, const char *key, double percentage)
{
    char number[FORMAT_MAX];
    if (percentage < 0)
        return;
    add(s, ROLE_HEADER_KEY, key);
    add(s, percentage >= LABEL_NEARLY_FULL ? ROLE_HEADER_ALERT : ROLE_HEADER,
        format_percentage(percentage, number));
}

/* What the status lines report: the account's limits, and a context that is nearly full. */
static void report_segments(const struct ui *ui, const struct ui_data *data, struct segment *segments)
{
    const struct telemetry *t = &ui->telemetry;
    struct segment *s = &segments[SEGMENT_LIMITS];
    double five = label_limit_percentage(&t->limits.five_hour, data->now_ns);
    double seven = label_limit_percentage(&t->limits.seven_day, data->now_ns);
    if (t->limits.reported_ns > 0) {
        bool near = five >= LABEL_NEARLY_FULL || seven >= LABEL_NEARLY_FULL;
        s->priority = near ? 5 : 9;
        add_percentage(s, "5h ", five);
        add_percentage(s, five >= 0 ? " 7d " : "7d ", seven);
    }
    s = &segments[SEGMENT_CONTEXT];
    if (t->fullest >= LABEL_NEARLY_FULL) {
        s->priority = 6;
        add_percentage(s, "context ", t->fullest);
    }
}

static void fleet_segments(const struct ui *ui, const struct ui_data *data, bool brief, bool narrow,
                           struct segment *segments)
{
    const struct fleet *f = &ui->fleet;
    char text[PIECE_MAX], number[FORMAT_MAX], bars[FLEET_SPARK * 4 + 1];
    struct segment *s = &segments[SEGMENT_LIVE];
    s->priority = 2;
    add(s, ROLE_HEADER, format_count_wide(f->live, number));
    /* A filter narrows what is listed, never what one is told of. */
    add(s, ROLE_HEADER_KEY, ui->filter.count ? " live in all" : " live");

    if (f->waiting > 0) {
        s = &segments[SEGMENT_WAITING];
        s->priority = 1;
        snprintf(text, sizeof(text), "%s %s waiting", glyph(GLYPH_WAITING),
                 format_count_wide(f->waiting, number));
        add(s, ROLE_HEADER_ALERT, text);
    }
    s = &segments[SEGMENT_COST];
    s->priority = 4;
    add(s, ROLE_HEADER_COST,
        format_cost(f->cost_today_nano_usd, f->cost_today_is_estimate ? COST_ESTIMATE : 0, number));
    if (!narrow || ui->telemetry.serious == 0) /* the mark of what is wrong needs the room */
        add(s, ROLE_HEADER_KEY, " today");

    s = &segments[SEGMENT_TOKENS];
    s->priority = 6;
    add(s, ROLE_HEADER, format_count_wide(f->tokens_per_min, number));
    add(s, ROLE_HEADER_KEY, " tok/min");

    s = &segments[SEGMENT_SPARK];
    s->priority = f->tokens_per_min > 0 ? 7 : 0;
    spark(f, bars, sizeof(bars));
    add(s, ROLE_HEADER_SPARK, bars);

    s = &segments[SEGMENT_LLM];
    s->priority = f->llm_per_min > 0 ? 10 : 0;
    add(s, ROLE_HEADER_KEY, "LLM ");
    add(s, ROLE_HEADER, format_count_wide(f->llm_per_min, number));
    add(s, ROLE_HEADER_KEY, "/min");

    s = &segments[SEGMENT_ERRORS];
    s->priority = f->llm_error_ratio >= 0 ? 8 : 0;
    add(s, ROLE_HEADER_KEY, "err ");
    add(s, f->llm_error_ratio > 0 ? ROLE_HEADER_BAD : ROLE_HEADER, format_ratio(f->llm_error_ratio, number));

    s = &segments[SEGMENT_P95];
    s->priority = f->llm_p95_ns >= 0 ? 9 : 0;
    add(s, ROLE_HEADER_KEY, "p95 ");
    add(s, ROLE_HEADER, format_duration(f->llm_p95_ns, number));

    limit_segment(data, &segments[SEGMENT_LIMIT]);
    health_segment(ui, brief, &segments[SEGMENT_HEALTH]);
    report_segments(ui, data, segments);
    if (data->source.len) {
        s = &segments[SEGMENT_SOURCE];
        s->priority = data->adrift ? 2 : 5;
        snprintf(text, sizeof(text), "%.*s", SLICE_ARG(text_prefix(data->source, SOURCE_COLS, NULL)));
        add(s, data->adrift ? ROLE_HEADER_BAD : ROLE_HEADER_KEY, text);
    }
}

static void draw_segment(struct pen *pen, const struct segment *s)
{
    for (int i = 0; i < s->count; i++)
        pen_str(pen, s->pieces[i].text, s->pieces[i].role);
}

/* A click leads to where there is more of it. */
static void add_hit(struct ui *ui, int row, int from, int to, int segment)
{
    static const enum action LEADS[SEGMENT_COUNT] = {
        [SEGMENT_TITLE] = ACTION_VIEW_TREE,    [SEGMENT_LIVE] = ACTION_VIEW_TREE,
        [SEGMENT_WAITING] = ACTION_VIEW_TREE,  [SEGMENT_LLM] = ACTION_VIEW_RED,
        [SEGMENT_ERRORS] = ACTION_VIEW_RED,    [SEGMENT_P95] = ACTION_VIEW_RED,
        [SEGMENT_LIMIT] = ACTION_VIEW_FLOW,    [SEGMENT_HEALTH] = ACTION_VIEW_FLOW,
        [SEGMENT_UPSTREAM] = ACTION_VIEW_FLOW,
    };
    if (LEADS[segment] != ACTION_NONE)
        ui_add_hit(ui, row, from, to, LEADS[segment]);
}

void header_draw(struct ui *ui, const struct ui_data *data, struct grid *grid, int row)
{
    struct segment segments[SEGMENT_COUNT] = {0};
    bool shown[SEGMENT_COUNT] = {false};
    int gap = grid->cols >= 100 ? 3 : 2, left = grid->cols - 2;
    segments[SEGMENT_TITLE].priority = grid->cols >= 72 ? 5 : 11;
    add(&segments[SEGMENT_TITLE], ROLE_HEADER_TITLE, "claude-top");
    fleet_segments(ui, data, grid->cols < 100, grid->cols < 60, segments);
    alert_segment(ui, grid->cols < 60, &segments[SEGMENT_ALERTS]);
    upstream_segment(data, grid->cols < 72, &segments[SEGMENT_UPSTREAM]);

    for (int p = 1; p <= 11; p++)
        for (int i = 0; i < SEGMENT_COUNT; i++) {
            if (segments[i].priority != p || segments[i].count == 0)
                continue;
            int width = width_of(&segments[i]) + (i == SEGMENT_SPARK ? 1 : gap);
            if (width > left + gap || (i == SEGMENT_SPARK && !shown[SEGMENT_TOKENS]))
                continue;
            shown[i] = true;
            left -= width;
        }

    grid_fill(grid, row, 0, 1, grid->cols, ROLE_HEADER);
    struct pen pen = {grid, row, 1, grid->cols - 1};
    for (int i = 0; i < SEGMENT_SOURCE; i++) {
        if (!shown[i])
            continue;
        if (pen.col > 1)
            pen.col += i == SEGMENT_SPARK ? 1 : gap;
        int from = pen.col;
        draw_segment(&pen, &segments[i]);
        add_hit(ui, row, from, pen.col, i);
    }
    int col = grid->cols - 1;
    for (int i = SEGMENT_COUNT - 1; i >= SEGMENT_SOURCE; i--) {
        if (!shown[i])
            continue;
        col -= width_of(&segments[i]);
        struct pen right = {grid, row, col, grid->cols - 1};
        draw_segment(&right, &segments[i]);
        add_hit(ui, row, col, right.col, i);
        col -= gap;
    }
}
