#include "trace_export.h"

#include "id_set.h"
#include "map.h"
#include "mem.h"
#include "otlp_pb_write.h"
#include "trace_private.h"

#include <stdlib.h>

/* Of one span's names, links and events; far more than the limits of trace_private.h can take. */
#define DRAFT_ARENA_MAX ((size_t)1 << 20)
/* After a request that could not be kept. */
#define REFUSED_WAIT_NS (INT64_C(5) * 1000000000)

/* What is remembered of a node: 0: it is not over; above: when it was seen to be (mono); SENT. */
#define SENT INT64_C(-1)

/* One run over one session. */
struct look {
    struct trace_exporter *x;
    const struct model *model;
    const struct session *session;
    struct record *record;
    int64_t mono_ns;
    enum trace_moment moment;
    bool whole;              /* everything goes, whatever its state */
    struct slice end_reason; /* of turns that are open then */
    int64_t due_ns;
    size_t bytes; /* of the run so far, all sessions */
    bool more, refused;
};

struct trace_exporter *trace_exporter_create(const struct trace_config *config)
{
    struct trace_exporter *x = mem_alloc(sizeof *x);
    x->config = *config;
    id_set_init(&x->own);
    x->sent = config->sent ? config->sent : &x->own;
    map_init(&x->by_id, 0);
    arena_init(&x->arena, DRAFT_ARENA_MAX);
    buf_init(&x->spans, 2 * TRACE_REQUEST_MAX);
    buf_init(&x->body, 2 * TRACE_REQUEST_MAX + 65536);
    x->draft.arena = &x->arena;
    return x;
}

static void free_record(struct record *r)
{
    free(r->marks);
    free(r);
}

void trace_exporter_destroy(struct trace_exporter *x)
{
    if (!x)
        return;
    while (x->records) {
        struct record *next = x->records->next;
        free_record(x->records);
        x->records = next;
    }
    map_finish(&x->by_id);
    id_set_finish(&x->own);
    arena_finish(&x->arena);
    buf_finish(&x->spans);
    buf_finish(&x->body);
    free(x->parts);
    free(x);
}

void trace_exporter_sent(struct trace_exporter *x, const uint8_t span_id[SPAN_ID_LEN])
{
    id_set_add(x->sent, span_id);
}

struct trace_stats trace_exporter_stats(const struct trace_exporter *x)
{
    struct trace_stats stats = x->stats;
    stats.forgotten = x->sent->forgotten;
    return stats;
}

static struct record *record_find(const struct trace_exporter *x, const struct session *s)
{
    return map_get(&x->by_id, slice_make(&s->id, sizeof s->id));
}

static struct record *record_of(struct trace_exporter *x, const struct session *s)
{
    struct record *r = record_find(x, s);
    if (r)
        return r;
    r = mem_alloc(sizeof *r);
    r->id = s->id;
    r->next = x->records;
    x->records = r;
    map_put(&x->by_id, slice_make(&r->id, sizeof r->id), r);
    return r;
}

/* Sessions that left the model, or that send spans of their own by now. */
static void forget_others(struct trace_exporter *x)
{
    for (struct record **at = &x->records; *at;) {
        struct record *r = *at;
        if (r->round == x->round) {
            at = &r->next;
            continue;
        }
        *at = r->next;
        map_remove(&x->by_id, slice_make(&r->id, sizeof r->id));
        free_record(r);
    }
}

/* ------------------------------------------------------------------------------------------------ requests
 */

static void put_text(struct otlp_attr *a, size_t *n, const char *key, struct slice value)
{
    if (value.len)
        a[(*n)++] = (struct otlp_attr){slice_str(key), {.type = OTLP_VALUE_STRING, .str = value}};
}

/* Keeps what was gathered as one request. */
static void flush(struct look *look)
{
    struct trace_exporter *x = look->x;
    struct otlp_attr attrs[5];
    size_t n = 0;
    if (x->part_count == 0)
        return;
    struct slice service = look->session->service_name;
    put_text(attrs, &n, "service.name", service.len ? service : SLICE_LIT("claude-code"));
    put_text(attrs, &n, "service.version", look->session->service_version);
    put_text(attrs, &n, "telemetry.sdk.name", SLICE_LIT("claude-top"));
    put_text(attrs, &n, "telemetry.sdk.language", SLICE_LIT("c"));
    put_text(attrs, &n, "telemetry.sdk.version", slice_str(x->config.version));
    const struct otlp_resource resource = {{attrs, n}};
    const struct otlp_scope scope = {.name = SLICE_LIT(TRACE_SCOPE_NAME),
                                     .version = slice_str(x->config.version)};
    buf_clear(&x->body);
    enum ct_err err = otlp_pb_write_traces(&resource, &scope, buf_slice(&x->spans), &x->body);
    const struct trace_request request = {buf_slice(&x->body), x->part_count};
    if (err || !x->config.emit(x->config.ctx, &request)) {
        x->stats.refused++;
        look->refused = true;
    } else {
        x->stats.requests++;
        x->stats.spans += x->part_count;
        x->stats.bytes += request.body.len;
        look->bytes += request.body.len;
        look->record->sent = true;
        for (size_t i = 0; i < x->part_count; i++) {
            id_set_add(x->sent, x->parts[i].id);
            if (x->parts[i].mark)
                *x->parts[i].mark = SENT;
        }
    }
    x->part_count = 0;
    buf_clear(&x->spans);
}

/* The draft is whole: into the request. */
static void gather(struct look *look, int64_t *mark)
{
    struct trace_exporter *x = look->x;
    if (otlp_pb_write_span(&x->draft.span, &x->spans)) {
        look->refused = true;
        return;
    }
    if (x->part_count == x->part_cap) {
        x->part_cap = x->part_cap ? 2 * x->part_cap : 64;
        x->parts = mem_grow(x->parts, x->part_cap, sizeof *x->parts);
    }
    struct part *part = &x->parts[x->part_count++];
    part->mark = mark;
    memcpy(part->id, x->draft.span.ids.span_id, SPAN_ID_LEN);
    if (x->spans.len >= TRACE_REQUEST_MAX - TRACE_REQUEST_MAX / 8)
        flush(look);
    arena_reset(&x->arena);
}

static bool has_room(struct look *look)
{
    if (look->moment != TRACE_NOW) /* there is no next run */
        return !look->refused;
    look->more |= look->bytes + look->x->spans.len >= TRACE_RUN_MAX;
    return !look->more && !look->refused;
}

/* -------------------------------------------------------------------------------------------------- nodes */

static int64_t *mark_of(struct record *r, const struct node *n)
{
    size_t at = (size_t)(n->id & UINT32_MAX);
    if (at >= r->mark_cap) {
        size_t cap = r->mark_cap ? r->mark_cap : 16;
        while (cap <= at)
            cap *= 2;
        r->marks = mem_grow(r->marks, cap, sizeof *r->marks);
        memset(r->marks + r->mark_cap, 0, (cap - r->mark_cap) * sizeof *r->marks);
        r->mark_cap = cap;
    }
    return &r->marks[at];
}

/* What hangs from the session and may still have something to send. */
static const struct node *first_of(const struct look *look)
{
    const struct record *r = look->record;
    const struct node *done = r->done_to ? model_node_by_id(look->model, r->done_to) : NULL;
    uint64_t thaws;
    model_session_settled(look->session, &thaws);
    return done && thaws == r->done_thaws ? done->next : look->session->first_child;
}

/* Nothing below is to be sent any more; that of the last run counts as sent by now. */
static bool is_done(const struct record *r, const struct node *n)
{
    if (is_exported_kind(n) && r->marks[n->id & UINT32_MAX] != SENT)
        return false;
    for (const struct node *c = n->first_child; c; c = c->next)
        if (!is_done(r, c))
            return false;
    return true;
}

/* What is over for good and sent is not looked at again. */
static void move_on(struct look *look)
{
    struct record *r = look->record;
    uint64_t thaws;
    const struct node *to = model_session_settled(look->session, &thaws), *n = first_of(look), *done = NULL;
    if (!to || (r->done_to == to->id && r->done_thaws == thaws))
        return;
    for (; n && is_done(r, n); n = n->next) {
        done = n;
        if (n == to)
            break;
    }
    if (done)
        r->done_to = done->id;
    if (r->done_thaws != thaws && !done)
        r->done_to = 0;
    r->done_thaws = thaws;
}

/* Room for every node of the session before any of its marks is pointed to. */
static void reserve_marks(struct record *r, const struct node *first)
{
    for (const struct node *n = first; n; n = n->next) {
        mark_of(r, n);
        reserve_marks(r, n->first_child);
    }
}

static bool is_sent(const struct trace_exporter *x, const struct node *n)
{
    uint8_t id[SPAN_ID_LEN];
    trace_span_of_node(n, id);
    return id_set_has(x->sent, id);
}

static bool is_over(const struct node *n)
{
    switch (n->state) {
    case NODE_UNKNOWN:
    case NODE_RUNNING:
    case NODE_WAITING:
        return false;
    case NODE_DONE:
    case NODE_FAILED:
    case NODE_REJECTED:
    case NODE_INTERRUPTED:
        break;
    }
    return n->kind != NODE_TURN || n->end_reason.len > 0;
}

static void due_at(struct look *look, int64_t ns)
{
    if (look->due_ns == 0 || ns < look->due_ns)
        look->due_ns = ns;
}

/* Something is over: has it been for long enough? */
static bool is_ripe(struct look *look, int64_t *mark)
{
    int64_t delay = look->x->config.delay_ns;
    if (*mark == 0)
        *mark = look->mono_ns;
    if (look->moment != TRACE_NOW || look->mono_ns - *mark >= delay)
        return true;
    due_at(look, *mark + delay);
    look->record->pending++;
    return false;
}

/* Of calls below n: how many there are, and how many of them were sent. */
static void count_sent(const struct trace_exporter *x, const struct node *first, size_t *calls, size_t *sent)
{
    for (const struct node *n = first; n; n = n->next) {
        if (n->kind == NODE_LLM || n->kind == NODE_TOOL) {
            ++*calls;
            *sent += is_sent(x, n);
        }
        count_sent(x, n->first_child, calls, sent);
    }
}

static bool is_another_name(const struct trace_exporter *x, const struct node *turn)
{
    size_t calls = 0, sent = 0;
    count_sent(x, turn->first_child, &calls, &sent);
    return calls > 0 && sent == calls;
}

/* A node with the wait before it, as far as they were not sent. */
static void send_node(struct look *look, const struct node *n, int64_t *mark)
{
    struct trace_exporter *x = look->x;
    uint8_t id[SPAN_ID_LEN];
    bool sent = is_sent(x, n);
    if (has_permission_span(n)) {
        trace_span_of_permission(n, id);
        if (!id_set_has(x->sent, id)) {
            draft_permission(&x->draft, n);
            gather(look, sent ? mark : NULL);
        }
    }
    if (sent || (n->kind == NODE_TURN && is_another_name(x, n))) {
        *mark = SENT;
        return;
    }
    draft_node(&x->draft, n, look->end_reason);
    gather(look, mark);
}

/* with_turn: it goes because its turn does. */
static void visit(struct look *look, const struct node *first, bool with_turn)
{
    for (const struct node *n = first; n && has_room(look); n = n->next) {
        int64_t *mark = mark_of(look->record, n);
        bool with_this = with_turn;
        if (*mark == SENT || !is_exported_kind(n)) {
            visit(look, n->first_child, with_turn);
            continue;
        }
        bool over = is_over(n);
        if (n->kind == NODE_TURN && !over && !look->whole) {
            look->record->has_open_turn = true;
            *mark = 0;
            continue;
        }
        if (!over && !look->whole) {
            *mark = 0;
        } else if (look->whole || with_turn || is_ripe(look, mark)) {
            with_this |= n->kind == NODE_TURN;
            send_node(look, n, mark);
        } else if (n->kind == NODE_TURN) {
            continue; /* its calls go with it */
        }
        visit(look, n->first_child, with_this);
    }
}

/* ----------------------------------------------------------------------------------------------- sessions */

static bool has_open_turn(const struct session *s)
{
    for (const struct node *n = s->first_child; n; n = n->next)
        if (n->kind == NODE_TURN && !is_over(n))
            return true;
    return false;
}

/* How long after its last word a session goes as it is. */
static int64_t patience(const struct session *s, const struct run_status *status)
{
    bool waits = status->state == RUN_PERMISSION || status->state == RUN_INPUT;
    return waits || has_open_turn(s) ? WAITING_WITHIN_NS : LIVE_WITHIN_NS;
}

/* Whether all of it goes now. */
static bool is_whole(struct look *look, int64_t wall_ns)
{
    struct record *r = look->record;
    struct run_status status = model_session_status(look->session, wall_ns);
    if (status.state == RUN_ENDED)
        return is_ripe(look, &r->session_mark);
    r->session_mark = 0;
    int64_t left = look->session->last_arrival_ns + patience(look->session, &status) - wall_ns;
    look->end_reason = SLICE_LIT("silence");
    if (left <= 0)
        return true;
    look->end_reason = SLICE_LIT("collector_exit");
    if (look->moment == TRACE_LAST)
        return true;
    due_at(look, look->mono_ns + left);
    return false;
}

static struct trace_words words_of(const struct trace_config *config, const struct session *s)
{
    bool told = s->has_logs || s->has_spans;
    switch (config->content) {
    case TRACE_CONTENT_ALWAYS:
        return (struct trace_words){true, true};
    case TRACE_CONTENT_NEVER:
        return (struct trace_words){false, false};
    case TRACE_CONTENT_AUTO:
        break;
    }
    bool tools = s->native ? model_session_tools_told(s) : told && !s->has_hooks;
    return (struct trace_words){.prompts = told && !s->redacted, .tools = tools};
}

static void send_session(struct look *look)
{
    struct trace_exporter *x = look->x;
    int64_t *mark = &look->record->session_mark;
    uint8_t id[SPAN_ID_LEN];
    trace_span_of_session(look->session, id);
    if (id_set_has(x->sent, id)) {
        *mark = SENT;
        return;
    }
    draft_session(&x->draft, look->session);
    gather(look, mark);
}

static void look_at(struct look *look, int64_t wall_ns)
{
    struct record *r = look->record;
    const struct session *s = look->session;
    bool changed = s->last_arrival_ns != r->arrival_ns || r->has_open_turn || look->moment != TRACE_NOW;
    if (!changed && (r->due_ns == 0 || r->due_ns > look->mono_ns)) {
        if (r->due_ns)
            due_at(look, r->due_ns);
        return;
    }
    int64_t others = look->due_ns;
    look->due_ns = 0;
    r->arrival_ns = s->last_arrival_ns;
    r->has_open_turn = false;
    r->pending = 0;
    look->x->draft.words = words_of(&look->x->config, s);
    const struct node *first = first_of(look);
    reserve_marks(r, first);
    look->whole = r->session_mark != SENT && is_whole(look, wall_ns);
    visit(look, first, false);
    if (look->whole && has_room(look))
        send_session(look);
    flush(look);
    move_on(look);
    if (look->more || look->refused)
        r->arrival_ns = 0; /* it is looked at again */
    r->due_ns = look->due_ns;
    if (others)
        due_at(look, others);
}

/* It sends its own spans, perhaps only by now; or nothing is known of it yet. */
static void leave_alone(struct trace_exporter *x, const struct session *s)
{
    if (!s->real)
        return;
    const struct record *r = record_find(x, s);
    x->stats.native++;
    x->stats.stopped += r && r->sent; /* the record goes with this run */
}

int64_t trace_exporter_run(struct trace_exporter *x, const struct model *m, int64_t wall_ns, int64_t mono_ns,
                           enum trace_moment moment)
{
    struct look look = {.x = x, .model = m, .mono_ns = mono_ns, .moment = moment};
    x->round++;
    x->stats.pending = x->stats.sessions = x->stats.native = 0;
    model_advance(m, wall_ns);
    for (const struct session *s = model_sessions(m); s; s = s->next) {
        if (!trace_is_synthesized(x->config.synthesize, s)) {
            leave_alone(x, s);
            continue;
        }
        x->stats.sessions++;
        look.session = s;
        look.record = record_of(x, s);
        look.record->round = x->round;
        if (has_room(&look))
            look_at(&look, wall_ns);
        x->stats.pending += look.record->pending;
    }
    forget_others(x);
    int64_t silence = model_due_ns(m);
    if (silence > wall_ns)
        due_at(&look, mono_ns + (silence - wall_ns));
    if (look.refused) {
        due_at(&look, mono_ns + REFUSED_WAIT_NS);
        return look.due_ns < mono_ns + REFUSED_WAIT_NS ? mono_ns + REFUSED_WAIT_NS : look.due_ns;
    }
    return look.more ? mono_ns : look.due_ns;
}
