/* Nothing to show yet: what to do next. Gives way to the tree by itself. */
#include "format.h"
#include "glyph.h"
#include "ui_private.h"

#include <stdio.h>

#define LINES_MAX 20
#define LINE_MAX  120

#define USUAL_HTTP "127.0.0.1:4318"

struct page {
    struct {
        char text[LINE_MAX];
        int role;
        int indent;
    } lines[LINES_MAX];
    int count;
};

static void add(struct page *page, int role, int indent, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void add(struct page *page, int role, int indent, const char *format, ...)
{
    char text[LINE_MAX];
    va_list args;
    if (page->count == LINES_MAX)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    text_clean(slice_str(text), page->lines[page->count].text, LINE_MAX);
    page->lines[page->count].role = role;
    page->lines[page->count++].indent = indent;
}

static void add_listening(struct page *page, const struct ui_data *data)
{
    struct slice http = data->http_address, grpc = data->grpc_address;
    if (http.len)
        add(page, ROLE_TEXT, 0, "Listening on  %.*s  OTLP/HTTP and hooks", SLICE_ARG(http));
    if (grpc.len)
        add(page, ROLE_TEXT, 0, "%s%.*s  OTLP/gRPC", http.len ? "              " : "Listening on  ",
            SLICE_ARG(grpc));
    if (!http.len && !grpc.len)
        add(page, ROLE_TEXT, 0, "Listening on nothing%s%.*s", data->source.len ? ": " : "",
            SLICE_ARG(data->source));
    add(page, ROLE_TEXT, 0, "%s", "");
}

static void first_run(struct page *page, const struct ui_data *data)
{
    struct slice http = data->http_address;
    add(page, ROLE_HELP_TITLE, 0, "Nothing received yet");
    add(page, ROLE_TEXT, 0, "%s", "");
    add_listening(page, data);
    add(page, ROLE_TEXT, 0, "In the shell where you start Claude Code:");
    add(page, ROLE_TEXT, 0, "%s", "");
    /* setup knows the default port; any other has to be said. */
    bool usual = http.len == 0 || slice_eq_str(http, USUAL_HTTP);
    add(page, ROLE_HELP_KEY, 2, "eval \"$(claude-top setup --print-env%s%.*s)\"", usual ? "" : " --http ",
        SLICE_ARG(usual ? SLICE_NULL : http));
    add(page, ROLE_HELP_KEY, 2, "claude");
    add(page, ROLE_TEXT, 0, "%s", "");
    add(page, ROLE_DIM, 0, "For every session:  put the first line into your shell's start-up file");
    add(page, ROLE_DIM, 0, "Only a look?        claude-top demo");
    add(page, ROLE_TEXT, 0, "%s", "");
    add(page, ROLE_DIM, 0, "This screen changes when the first request arrives.");
}

static void no_session_yet(struct page *page, const struct ui_data *data)
{
    const struct ui_received *r = &data->received;
    char a[FORMAT_MAX], b[FORMAT_MAX], c[FORMAT_MAX], d[FORMAT_MAX], e[FORMAT_MAX];
    add(page, ROLE_HELP_TITLE, 0, "Connected, no session yet");
    add(page, ROLE_TEXT, 0, "%s", "");
    add_listening(page, data);
    add(page, ROLE_TEXT, 0, "Received  %s requests",
        format_count_wide((int64_t)(r->requests & INT64_MAX), a));
    add(page, ROLE_DIM, 10, "%s logs  %s spans  %s points  %s hooks",
        format_count_wide((int64_t)(r->logs & INT64_MAX), b),
        format_count_wide((int64_t)(r->spans & INT64_MAX), c),
        format_count_wide((int64_t)(r->metric_points & INT64_MAX), d),
        format_count_wide((int64_t)(r->hooks & INT64_MAX), e));
    if (r->refused || r->decode_errors)
        add(page, ROLE_WARNING, 10, "%s refused  %s not understood",
            format_count_wide((int64_t)(r->refused & INT64_MAX), a),
            format_count_wide((int64_t)(r->decode_errors & INT64_MAX), b));
    add(page, ROLE_TEXT, 0, "%s", "");
    add(page, ROLE_DIM, 0, "The first prompt makes a session appear here.");
}

void welcome_draw(struct ui *ui, const struct ui_data *data, struct grid *grid, int row, int rows)
{
    struct page page = {.count = 0};
    (void)ui;
    if (data->received.requests + data->received.hooks == 0)
        first_run(&page, data);
    else
        no_session_yet(&page, data);
    int width = 0, count = page.count;
    for (int i = 0; i < count; i++) {
        int w = page.lines[i].indent + (int)text_width(slice_str(page.lines[i].text));
        width = w > width ? w : width;
    }
    bool narrow = grid->cols < width + 2; /* then without indents */
    int col = grid->cols > width + 2 ? (grid->cols - width) / 2 : 1;
    bool tight = rows < count; /* then without the empty lines */
    int at = tight ? row : row + (rows - count) / 3;
    for (int i = 0; i < count && at < row + rows; i++) {
        if (tight && page.lines[i].text[0] == '\0')
            continue;
        int from = narrow ? col : col + page.lines[i].indent;
        grid_put(grid, at++, from, grid->cols - from - 1, slice_str(page.lines[i].text), page.lines[i].role);
    }
}
