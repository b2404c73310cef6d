#include "label.h"
#include "ui_private.h"

/* Beyond this much of a row's name only its own detail is searched. */
#define SEARCH_NAME_MAX 512

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* Plain ASCII is most of what is looked for; a key press goes through every name there is. */
static bool holds_ascii(struct slice text, struct slice needle)
{
    for (size_t from = 0; from + needle.len <= text.len; from++) {
        size_t i = 0;
        while (i < needle.len && lower(text.ptr[from + i]) == lower(needle.ptr[i]))
            i++;
        if (i == needle.len)
            return true;
    }
    return false;
}

static bool holds(struct slice text, struct slice needle)
{
    for (size_t i = 0; i < needle.len; i++)
        if ((uint8_t)needle.ptr[i] >= 0x80)
            return text.len && text_find_nocase(text, needle) < text.len;
    return holds_ascii(text, needle);
}

/* Where it stands; text.len: nowhere. */
static size_t find(struct slice text, struct slice needle)
{
    return text.len && needle.len ? text_find_nocase(text, needle) : text.len;
}

void search_note(struct search_lines *lines, int line, struct slice text)
{
    if (lines)
        search_note_part(lines, line, text, text);
}

void search_note_part(struct search_lines *lines, int line, struct slice part, struct slice whole)
{
    if (!lines || lines->count == SEARCH_LINES_MAX ||
        (lines->count > 0 && lines->at[lines->count - 1] == line))
        return;
    size_t from = (size_t)(part.ptr - whole.ptr);
    struct slice rest = slice_sub(whole, from, whole.len);
    if (rest.len && find(rest, search_text(lines->ui)) < part.len)
        lines->at[lines->count++] = line;
}

static bool is_noted(const void *ctx, size_t line)
{
    const struct search_lines *lines = ctx;
    int low = 0, high = lines->count;
    while (low < high) {
        int mid = (low + high) / 2;
        if (lines->at[mid] == (int)line)
            return true;
        if (lines->at[mid] < (int)line)
            low = mid + 1;
        else
            high = mid;
    }
    return false;
}

void search_lines_move(struct ui *ui, const struct search_lines *lines, struct scrolled *text, bool forward,
                       bool inclusive)
{
    size_t count = (size_t)text->lines, at = (size_t)(text->hit > 0 ? text->hit - 1 : text->top);
    size_t found =
        search_rows(ui, count, at, forward, inclusive || (forward && text->hit == 0), is_noted, lines);
    if (found >= count)
        return;
    int line = (int)found;
    text->hit = line + 1;
    if (line < text->top || line >= text->top + text->rows)
        text->top = line - text->rows / 3;
    scrolled_move(text, 0);
}

void scrolled_move(struct scrolled *text, int64_t by)
{
    int64_t most = text->lines > text->rows ? text->lines - text->rows : 0, to = text->top + by;
    text->top = (int)(to < 0 ? 0 : to > most ? most : to);
}

bool scrolled_set(struct scrolled *text, int lines, int rows)
{
    int before = text->top;
    text->lines = lines;
    text->rows = rows;
    scrolled_move(text, 0);
    return text->top != before;
}

bool search_holds(const struct ui *ui, struct slice text)
{
    struct slice needle = search_text(ui);
    return needle.len && holds(text, needle);
}

size_t search_rows(struct ui *ui, size_t count, size_t at, bool forward, bool inclusive,
                   bool (*hit)(const void *ctx, size_t i), const void *ctx)
{
    size_t first = count, last = count, before = count, after = count;
    size_t before_at = 0, after_at = 0, hits = 0;
    for (size_t i = 0; i < count; i++) {
        if (!hit(ctx, i))
            continue;
        hits++;
        first = first == count ? i : first;
        last = i;
        if (at < count && i < at) {
            before = i;
            before_at = hits;
        } else if (after == count && (i != at || inclusive)) {
            after = i;
            after_at = hits;
        }
    }
    bool around = forward ? after == count : before == count;
    ui->search.hits = hits;
    ui->search.hit = hits == 0 ? 0 : around ? (forward ? 1 : hits) : forward ? after_at : before_at;
    return around ? (forward ? first : last) : forward ? after : before;
}

static bool name_holds(const struct session *s, const struct node *n, struct slice needle)
{
    struct label label;
    char name[SEARCH_NAME_MAX];
    size_t len = 0;
    label_build(&label, s, n);
    for (int i = 0; i < label.count; i++) {
        struct slice text = label.pieces[i].text;
        size_t take = text.len < sizeof(name) - len ? text.len : sizeof(name) - len;
        memcpy(name + len, text.ptr, take);
        len += take;
    }
    return holds(slice_make(name, len), needle);
}

bool search_matches(const struct ui *ui, const struct session *s, const struct node *n)
{
    struct slice needle = search_text(ui);
    if (needle.len == 0)
        return false;
    if (name_holds(s, n, needle))
        return true;
    if (!n)
        return holds(s->session_id, needle) || holds(s->cwd, needle) || holds(s->model, needle);
    return holds(n->detail, needle) || holds(n->model, needle) || holds(n->error_type, needle) ||
           holds(n->error_message, needle) || holds(n->key, needle);
}

/* A walk over everything there is, in the order of the screen with nothing folded. */
struct walk {
    struct ui *ui;
    bool inclusive;
    struct line from;
    bool past;                 /* the walk has come to the row it starts from */
    size_t count;              /* hits so far */
    struct line first, last;   /* of all hits */
    struct line before, after; /* the nearest hits around from */
    size_t before_at, after_at;
    bool has_before, has_after;
};

static void visit(struct walk *w, const struct session *s, const struct node *n)
{
    struct line here = {s->id, n ? n->id : 0};
    bool is_from = here.session_id == w->from.session_id && here.node_id == w->from.node_id;
    bool counts_here = is_from && w->inclusive;
    w->past = w->past || is_from;
    if (!search_matches(w->ui, s, n))
        return;
    w->count++;
    if (w->count == 1)
        w->first = here;
    w->last = here;
    if (!w->past) {
        w->before = here;
        w->before_at = w->count;
        w->has_before = true;
    } else if ((!is_from || counts_here) && !w->has_after) {
        w->after = here;
        w->after_at = w->count;
        w->has_after = true;
    }
}

static void visit_subtree(struct walk *w, const struct session *s, const struct node *top)
{
    const struct node *n = top;
    for (;;) {
        visit(w, s, n);
        const struct node *child = rows_first_child(n);
        if (child) {
            n = child;
            continue;
        }
        while (n != top && !n->next)
            n = rows_parent(n);
        if (n == top)
            return;
        n = n->next;
    }
}

static void choose(struct ui *ui, const struct ui_data *data, struct line hit, size_t at)
{
    ui->search.hit = at;
    ui->search.reveal = hit.node_id;
    ui->follow = false;
    ui->selected = hit;
    ui_refresh(ui, data);
}

void search_move(struct ui *ui, const struct ui_data *data, bool forward, bool inclusive)
{
    struct walk w = {.ui = ui, .inclusive = inclusive, .from = ui->selected};
    ui_refresh(ui, data);
    ui->search.hits = ui->search.hit = 0;
    if (ui->search.len == 0)
        return;
    if (ui->pane && ui->focused) {
        detail_find(ui, data, forward, inclusive);
        return;
    }
    if (view_of(ui->view)->find) {
        view_of(ui->view)->find(ui, data, forward, inclusive);
        return;
    }
    for (size_t i = 0; i < ui->rows.sessions; i++) {
        const struct session *s = ui->rows.order[i].session;
        visit(&w, s, NULL);
        for (const struct node *n = s->last_child; n; n = n->prev)
            visit_subtree(&w, s, n);
    }
    ui->search.hits = w.count;
    if (w.count == 0)
        return;
    if (forward)
        choose(ui, data, w.has_after ? w.after : w.first, w.has_after ? w.after_at : 1);
    else
        choose(ui, data, w.has_before ? w.before : w.last, w.has_before ? w.before_at : w.count);
}

void search_flag(const struct ui *ui, struct grid *grid, int line, int from, int to)
{
    char text[GRID_COLS_MAX * 4 + 1];
    int columns[GRID_COLS_MAX * 4 + 1]; /* of each byte */
    size_t len = 0;
    struct slice needle = search_text(ui);
    for (int col = from; col < to; col++) {
        const struct cell *cell = grid_at(grid, line, col);
        if (len + cell->len > sizeof(text) - 1)
            break;
        for (int i = 0; i < cell->len; i++) {
            text[len] = cell->text[i];
            columns[len++] = col;
        }
    }
    columns[len] = to;
    struct slice rest = slice_make(text, len);
    for (size_t at = text_find_nocase(rest, needle); at < rest.len; at = text_find_nocase(rest, needle)) {
        size_t start = (size_t)(rest.ptr - text) + at, width = text_width(needle);
        grid_flag(grid, line, columns[start], 1, (int)width, CELL_MATCH);
        /* Folding keeps the number of characters, not always that of bytes: step over the first one only. */
        struct text_cluster first;
        rest = slice_sub(rest, at, rest.len);
        text_next(&rest, &first);
    }
}
