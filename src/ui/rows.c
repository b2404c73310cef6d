#include "rows.h"

#include "mem.h"

#include <stdlib.h>

/* What of a block has to be made again. */
enum mark {
    MARK_PLACE = 1, /* filter and sort key */
    MARK_ROWS = 2,
    MARK_MOVE = 4, /* it goes to another place whatever its key */
    MARK_GONE = 8, /* the model has evicted it */
};

#define MARK_ALL (MARK_PLACE | MARK_ROWS)

/* When more than one of this many sessions changed, sorting all is less work than moving each. */
#define SORT_ALL_FROM 8

bool rows_shows(const struct session *s)
{
    return s->real || s->announced;
}

/* ---------------------------------------------------------------------------------------------- blocks */

static void destroy_block(struct rows *r, struct block *b)
{
    heap_set(&r->due, &b->due, 0);
    map_remove(&r->index, slice_make(&b->session_id, sizeof b->session_id));
    free(b->rows);
    free(b);
}

static void drop_all(struct rows *r)
{
    while (r->block_count)
        destroy_block(r, r->blocks[--r->block_count]);
    r->count = r->sessions = r->newest = r->marked_count = 0;
    r->seen = 0;
}

void rows_init(struct rows *r)
{
    *r = (struct rows){0};
    heap_init(&r->due);
    map_init(&r->index, 0); /* the ids are the model's own, not the network's */
}

void rows_finish(struct rows *r)
{
    drop_all(r);
    free(r->blocks);
    free(r->marks);
    free(r->places);
    free(r->marked);
    free(r->order);
    free(r->scratch);
    free(r->fresh);
    heap_finish(&r->due);
    map_finish(&r->index);
    rows_init(r);
}

static struct block *find_block(const struct rows *r, uint64_t session_id)
{
    return map_get(&r->index, slice_make(&session_id, sizeof session_id));
}

static struct block *add_block(struct rows *r, const struct session *s)
{
    if (r->block_count == r->cap) {
        r->cap = r->cap ? r->cap * 2 : 64;
        r->blocks = mem_grow(r->blocks, r->cap, sizeof(*r->blocks));
        r->marks = mem_grow(r->marks, r->cap, sizeof(*r->marks));
        r->places = mem_grow(r->places, r->cap, sizeof(*r->places));
        r->marked = mem_grow(r->marked, r->cap, sizeof(*r->marked));
        r->order = mem_grow(r->order, r->cap, sizeof(*r->order));
        r->scratch = mem_grow(r->scratch, r->cap, sizeof(*r->scratch));
        r->fresh = mem_grow(r->fresh, r->cap, sizeof(*r->fresh));
    }
    struct block *b = mem_alloc(sizeof(*b));
    b->session = s;
    b->session_id = s->id;
    b->number = (uint32_t)r->block_count++;
    r->blocks[b->number] = b;
    r->marks[b->number] = 0;
    map_put(&r->index, slice_make(&b->session_id, sizeof b->session_id), b);
    return b;
}

static void mark(struct rows *r, const struct block *b, uint8_t what)
{
    if (r->marks[b->number] == 0)
        r->marked[r->marked_count++] = b->number;
    r->marks[b->number] |= what;
}

static void mark_session(struct rows *r, uint64_t session_id, uint8_t what)
{
    const struct block *b = session_id ? find_block(r, session_id) : NULL;
    if (b)
        mark(r, b, what);
}

static void mark_all(struct rows *r, uint8_t what)
{
    for (size_t i = 0; i < r->block_count; i++)
        mark(r, r->blocks[i], what);
}

/* Takes marked sessions out of the order. */
static void take_out_marked(struct rows *r)
{
    size_t kept = 0;
    for (size_t i = 0; i < r->sessions; i++) {
        if (r->marks[r->order[i].number])
            continue;
        if (kept != i)
            r->order[kept] = r->order[i];
        r->places[r->order[kept].number] = (uint32_t)kept;
        kept++;
    }
    r->sessions = kept;
}

/* Sessions that the model has evicted. */
static void drop_departed(struct rows *r, const struct model *m)
{
    for (size_t i = 0; i < r->block_count; i++)
        if (!model_session_by_id(m, r->blocks[i]->session_id))
            mark(r, r->blocks[i], MARK_GONE);
    take_out_marked(r);
    r->marked_count = 0;
    for (size_t i = r->block_count; i-- > 0;) {
        struct block *b = r->blocks[i], *last = r->blocks[r->block_count - 1];
        if (!(r->marks[i] & MARK_GONE))
            continue;
        r->marks[i] = 0;
        if (last != b) {
            if (last->shown)
                r->order[r->places[last->number]].number = b->number;
            r->places[i] = r->places[last->number];
            r->blocks[i] = last;
            last->number = b->number;
        }
        r->block_count--;
        destroy_block(r, b);
    }
}

/* ------------------------------------------------------------------------------------ what has changed */

static void mark_folded(struct rows *r, const struct folds *folds)
{
    uint64_t sessions[FOLDS_RECENT];
    size_t count;
    if (!folds_changed(folds, r->folds_version, sessions, &count)) {
        mark_all(r, MARK_ROWS);
        return;
    }
    for (size_t i = 0; i < count; i++)
        mark_session(r, sessions[i], MARK_ROWS);
}

static void mark_changed(struct rows *r, const struct rows_input *in)
{
    for (const struct session *s = model_newest_change(in->model); s && s->revision > r->seen;
         s = s->changed_before) {
        const struct block *b = find_block(r, s->id);
        mark(r, b ? b : add_block(r, s), MARK_ALL);
    }
    r->seen = model_revision(in->model);
    for (struct heap_node *due = heap_first(&r->due); due && due->at <= in->now_ns;
         due = heap_first(&r->due)) {
        heap_set(&r->due, due, 0);
        mark(r, (struct block *)due, MARK_ALL);
    }
}

static void mark_for_input(struct rows *r, const struct rows_input *in, const struct node *revealed)
{
    int64_t tick = order_tick_ns(in->sort);
    bool ticked = tick && in->now_ns / tick != r->now_ns / tick;
    uint64_t last_id = in->filter && filter_asks_last(in->filter) ? filter_last(in->model) : 0;
    if (in->now_ns < r->now_ns)
        mark_all(r, MARK_ALL);
    if (r->sort != in->sort || r->inverted != in->inverted)
        mark_all(r, MARK_MOVE);
    else if (r->filter_version != in->filter_version || r->last_id != last_id || ticked)
        mark_all(r, MARK_PLACE);
    if (r->folds_version != in->folds->version)
        mark_folded(r, in->folds);
    uint64_t session_id = revealed ? revealed->session->id : 0;
    if (r->reveal != in->reveal || r->revealed_session != session_id) {
        mark_session(r, r->revealed_session, MARK_ROWS);
        mark_session(r, session_id, MARK_ROWS);
    }
    r->now_ns = in->now_ns;
    r->last_id = last_id;
    r->sort = in->sort;
    r->inverted = in->inverted;
    r->filter_version = in->filter_version;
    r->folds_version = in->folds->version;
    r->reveal = in->reveal;
    r->revealed_session = session_id;
}

/* -------------------------------------------------------------------------------------------- the list */

static bool waits(const struct run_status *status)
{
    return status->state == RUN_PERMISSION || status->state == RUN_INPUT;
}

struct renewal {
    const struct rows_input *in;
    struct filter_context filter;
    struct block_input rows;
};

/* Makes a block again; true when its session has to be put into the order anew. */
static bool renew(struct rows *r, struct block *b, const struct renewal *how, struct order *o)
{
    const struct session *s = b->session;
    const struct rows_input *in = how->in;
    bool was_shown = b->shown;
    b->shown = rows_shows(s) && (!in->filter || filter_session(in->filter, s, &how->filter));
    heap_set(&r->due, &b->due, block_until_ns(s, in->now_ns));
    if ((r->marks[b->number] & MARK_ROWS) || b->count == 0)
        block_fill(b, &how->rows);
    if (!b->shown)
        return was_shown;
    struct run_status status = model_session_status(s, in->now_ns);
    *o = (struct order){.session = s,
                        .session_id = s->id,
                        .number = b->number,
                        .rows = b->count,
                        .waits = waits(&status),
                        .active_ns = s->last_activity_ns};
    order_set(o, &status, in->sort, in->now_ns);
    if (!was_shown || (r->marks[b->number] & MARK_MOVE))
        return true;
    const struct order *old = &r->order[r->places[b->number]];
    return old->rank != o->rank || old->key != o->key || in->sort == UI_SORT_NAME;
}

/* Sessions that are not in the order, all at once. */
static void put_in(struct rows *r, size_t count, const struct rows_input *in)
{
    if (count * SORT_ALL_FROM > r->sessions) {
        memcpy(r->order + r->sessions, r->fresh, count * sizeof(*r->fresh));
        r->sessions += count;
        order_sort(r->order, r->scratch, r->sessions, in->sort, in->inverted);
        return;
    }
    order_sort(r->fresh, r->scratch, count, in->sort, in->inverted);
    size_t end = r->sessions;
    for (size_t left = count; left-- > 0;) {
        size_t at = order_place(r->order, end, &r->fresh[left], in->sort, in->inverted);
        memmove(&r->order[at + left + 1], &r->order[at], (end - at) * sizeof(*r->order));
        r->order[at + left] = r->fresh[left];
        end = at;
    }
    r->sessions += count;
}

static void renew_marked(struct rows *r, const struct rows_input *in, const struct node *revealed)
{
    const struct renewal how = {
        .in = in,
        .filter = {.now_ns = in->now_ns,
                   .here = in->here,
                   .here_count = in->here_count,
                   .last_id = r->last_id},
        .rows = {.folds = in->folds, .revealed = revealed, .now_ns = in->now_ns},
    };
    size_t count = 0, moving = 0;
    for (size_t i = 0; i < r->marked_count; i++) {
        struct block *b = r->blocks[r->marked[i]];
        struct order *o = &r->fresh[count];
        if (renew(r, b, &how, o)) {
            moving++;
            count += b->shown;
            continue;
        }
        r->marks[b->number] = 0;
        if (b->shown)
            r->order[r->places[b->number]] = *o;
    }
    if (moving)
        take_out_marked(r);
    if (count)
        put_in(r, count, in);
    for (size_t i = 0; i < r->marked_count; i++)
        r->marks[r->marked[i]] = 0;
    r->marked_count = 0;
}

/* Where each session's rows begin, and which session is the newest. */
static void add_up(struct rows *r)
{
    r->count = r->newest = 0;
    r->ticks = false;
    for (size_t i = 0; i < r->sessions; i++) {
        struct order *o = &r->order[i];
        const struct order *newest = &r->order[r->newest];
        o->first = r->count;
        r->count += o->rows;
        r->places[o->number] = (uint32_t)i;
        r->ticks |= o->ticks;
        if (o->waits != newest->waits ? o->waits : o->active_ns > newest->active_ns)
            r->newest = i;
    }
}

void rows_update(struct rows *r, const struct rows_input *in)
{
    if (r->model != in->model)
        drop_all(r);
    r->model = in->model;
    const struct node *revealed = in->reveal ? model_node_by_id(in->model, in->reveal) : NULL;
    uint64_t departures = model_departures(in->model);
    bool departed = departures != r->departures;
    if (departed)
        drop_departed(r, in->model);
    r->departures = departures;
    mark_for_input(r, in, revealed);
    mark_changed(r, in);
    if (r->marked_count == 0 && !departed)
        return;
    renew_marked(r, in, revealed);
    add_up(r);
}

const struct row *rows_at(const struct rows *r, size_t index)
{
    if (index >= r->count)
        return NULL;
    size_t low = 0, high = r->sessions;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (r->order[middle].first <= index)
            low = middle;
        else
            high = middle;
    }
    const struct order *o = &r->order[low];
    return &r->blocks[o->number]->rows[index - o->first];
}

size_t rows_find(const struct rows *r, uint64_t session_id, uint64_t node_id, size_t hint)
{
    const struct row *row = rows_at(r, hint);
    if (row && row->session_id == session_id && row->node_id == node_id)
        return hint;
    const struct block *b = find_block(r, session_id);
    for (size_t i = 0; b && b->shown && i < b->count; i++)
        if (b->rows[i].node_id == node_id)
            return r->order[r->places[b->number]].first + i;
    return r->count;
}

int64_t rows_until_ns(const struct rows *r)
{
    int64_t until = heap_first(&r->due) ? heap_first(&r->due)->at : 0;
    int64_t tick = r->ticks ? order_tick_ns(r->sort) : 0;
    int64_t next = tick ? r->now_ns - r->now_ns % tick + tick : 0;
    return next && (until == 0 || next < until) ? next : until;
}
