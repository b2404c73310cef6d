#include "fixture.h"

#include "mem.h"

#include <stdio.h>
#include <stdlib.h>

/* ------------------------------------------------------------------------ the model's own queries */

uint64_t model_generation(const struct model *m)
{
    return m->generation;
}

const struct session *model_sessions(const struct model *m)
{
    return m->first;
}

const struct session *model_session_by_id(const struct model *m, uint64_t id)
{
    for (const struct session *s = m->first; s; s = s->next)
        if (s->id == id)
            return s;
    return NULL;
}

const struct node *model_node_by_id(const struct model *m, uint64_t id)
{
    return id > 0 && id <= m->by_id_cap ? m->by_id[id - 1] : NULL;
}

/* A new generation changes all of them. */
const struct session *model_newest_change(const struct model *m)
{
    struct model *own = (struct model *)m;
    if (own->revised == own->generation)
        return own->newest_change;
    own->revised = own->generation;
    own->newest_change = NULL;
    for (struct session *s = own->first; s; s = s->next) {
        s->revision = ++own->revision;
        s->changed_before = own->newest_change;
        own->newest_change = s;
    }
    return own->newest_change;
}

uint64_t model_revision(const struct model *m)
{
    return m->revision;
}

uint64_t model_departures(const struct model *m)
{
    return m->generation;
}

int64_t model_session_until_ns(const struct session *s, int64_t now_ns)
{
    int64_t stale = s->last_arrival_ns + STALE_AFTER_NS + 1;
    return stale > now_ns ? stale : 0;
}

struct run_status model_session_status(const struct session *s, int64_t now_ns)
{
    (void)now_ns;
    return ((const struct fixture_session *)s)->status;
}

void model_session_health(const struct session *s, int64_t now_ns, struct session_health *out)
{
    (void)now_ns;
    *out = ((const struct fixture_session *)s)->health;
}

size_t model_health(const struct model *m, int64_t now_ns, bool forwarding, struct health_item *out,
                    size_t max)
{
    (void)now_ns;
    (void)forwarding;
    for (size_t i = 0; i < m->health_count && i < max && i < 32; i++)
        out[i] = m->health[i];
    return m->health_count;
}

struct burn_rate model_session_burn(const struct session *s, int64_t now_ns)
{
    (void)now_ns;
    return ((const struct fixture_session *)s)->burn;
}

void model_session_signs(const struct session *s, int64_t now_ns, struct session_signs *out)
{
    (void)now_ns;
    *out = ((const struct fixture_session *)s)->signs;
}

void model_fleet(const struct model *m, int64_t now_ns, int64_t day_start_ns, struct fleet *out)
{
    (void)now_ns;
    (void)day_start_ns;
    *out = m->fleet;
}

const struct session *model_session(const struct model *m, struct slice session_id)
{
    for (const struct session *s = m->first; s; s = s->next)
        if (slice_eq(s->session_id, session_id))
            return s;
    return NULL;
}

uint64_t model_stream_last(const struct model *m)
{
    return m->stream.last;
}

const struct stream_item *model_stream_item(const struct model *m, uint64_t number)
{
    return stream_item(&m->stream, number);
}

size_t model_red(const struct model *m, int64_t now_ns, int64_t window_ns, struct red_row *out, size_t max)
{
    (void)now_ns;
    size_t count = window_ns == 60 * NS_PER_SEC ? 0 : m->red_count;
    for (size_t i = 0; i < count && i < max; i++)
        out[i] = m->red[i];
    return count;
}

size_t model_session_red(const struct session *s, int64_t now_ns, int64_t window_ns, struct red_row *out,
                         size_t max)
{
    (void)now_ns;
    (void)window_ns;
    if (max)
        out[0] = (struct red_row){.kind = RED_LLM,
                                  .name = s->model,
                                  .count = 7,
                                  .p50_ns = 3 * NS_PER_SEC,
                                  .p95_ns = -1,
                                  .p99_ns = -1,
                                  .ttft_p50_ns = -1,
                                  .ttft_p95_ns = -1};
    return 1;
}

size_t model_sessions_red(const struct model *m, bool (*takes)(const void *ctx, const struct session *s),
                          const void *ctx, int64_t now_ns, int64_t window_ns, struct red_row *out, size_t max)
{
    size_t count = 0;
    for (const struct session *s = model_sessions(m); s; s = s->next) {
        struct red_row row;
        if (!takes(ctx, s))
            continue;
        model_session_red(s, now_ns, window_ns, &row, 1);
        if (count < max)
            out[count] = row;
        count++;
    }
    return count;
}

struct model_stats model_stats(const struct model *m)
{
    return m->stats;
}

/* -------------------------------------------------------------------------------------------- building */

void fixture_event(struct fixture *f, const struct session *s, enum event_kind kind, enum witness witness,
                   const char *name, const char *detail, const char *key, int64_t ago_ns)
{
    struct event e = {.kind = kind, .witness = witness};
    e.time_ns = FIXTURE_NOW - ago_ns;
    e.arrival_ns = e.time_ns + (witness == WITNESS_HOOK ? 0 : 4 * SEC + 300 * NS_PER_MS);
    e.ids.session_id = s->session_id;
    e.ids.tool_use_id = slice_str(key);
    e.name = slice_str(name);
    e.detail = slice_str(detail);
    stream_add(&f->model.stream, &e);
    f->model.generation++;
}

static size_t links_of(void *ctx, const struct ui_data *data, uint64_t session_id, uint64_t node_id,
                       const struct ui_link_item **items);

void fixture_init(struct fixture *f)
{
    *f = (struct fixture){.data = {.links = links_of}};
    f->model.generation = 1;
    f->model.fleet.llm_error_ratio = -1;
    f->model.fleet.llm_p95_ns = -1;
    f->data.model = &f->model;
    f->data.now_ns = FIXTURE_NOW;
    f->data.day_start_ns = FIXTURE_NOW - 14 * HOUR;
    f->data.http_address = SLICE_LIT("127.0.0.1:4318");
    f->data.grpc_address = SLICE_LIT("127.0.0.1:4317");
    f->data.version = SLICE_LIT("0.1.0");
    f->data.upstream = (struct ui_upstream){.state = UI_UPSTREAM_OK, .name = SLICE_LIT("alloy")};
}

void fixture_finish(struct fixture *f)
{
    stream_finish(&f->model.stream);
    while (f->model.sessions) {
        struct fixture_session *s = f->model.sessions;
        f->model.sessions = s->link;
        free(s);
    }
    while (f->model.nodes) {
        struct fixture_node *n = f->model.nodes;
        f->model.nodes = n->link;
        free(n);
    }
    free(f->model.by_id);
}

struct session *fixture_session(struct fixture *f, const char *id, const char *title, const char *cwd)
{
    struct fixture_session *made = mem_alloc(sizeof(*made));
    struct session *s = &made->pub;
    made->link = f->model.sessions;
    f->model.sessions = made;
    s->id = ++f->model.next_id;
    s->session_id = slice_str(id);
    s->title = slice_str(title);
    s->cwd = slice_str(cwd);
    s->real = true;
    s->started_ns = FIXTURE_NOW;
    s->prev = f->model.last;
    if (f->model.last)
        f->model.last->next = s;
    else
        f->model.first = s;
    f->model.last = s;
    fixture_state(s, RUN_IDLE, 0, NULL);
    return s;
}

void fixture_state(struct session *s, enum run_state state, int64_t ago_ns, const struct node *node)
{
    struct fixture_session *made = (struct fixture_session *)s;
    made->status = (struct run_status){state, FIXTURE_NOW - ago_ns, WITNESS_HOOK, "made by hand", node};
}

static void remember_node(struct fixture *f, struct node *n)
{
    struct model *m = &f->model;
    n->id = ++m->next_id;
    if (n->id > m->by_id_cap) {
        size_t cap = m->by_id_cap ? m->by_id_cap * 2 : 1024;
        while (cap < n->id)
            cap *= 2;
        m->by_id = mem_grow(m->by_id, cap, sizeof(struct node *));
        memset(m->by_id + m->by_id_cap, 0, (cap - m->by_id_cap) * sizeof(struct node *));
        m->by_id_cap = cap;
    }
    m->by_id[n->id - 1] = n;
}

struct node *fixture_node(struct fixture *f, struct session *s, struct node *parent, enum node_kind kind,
                          enum node_state state, int64_t ago_ns)
{
    struct fixture_node *made = mem_alloc(sizeof(*made));
    struct node *n = &made->pub;
    struct node **first = parent ? &parent->first_child : &s->first_child;
    struct node **last = parent ? &parent->last_child : &s->last_child;
    made->link = f->model.nodes;
    f->model.nodes = made;
    n->kind = kind;
    n->state = state;
    n->session = s;
    n->parent = parent;
    n->start_ns = FIXTURE_NOW - ago_ns;
    n->last_ns = n->start_ns;
    n->duration_ns = n->ttft_ns = n->wait_ns = -1;
    n->prev = *last;
    if (*last)
        (*last)->next = n;
    else
        *first = n;
    *last = n;
    remember_node(f, n);
    return n;
}

static void lasts(struct node *n, int64_t duration_ns)
{
    n->duration_ns = duration_ns;
    if (duration_ns < 0)
        return;
    n->end_ns = n->start_ns + duration_ns;
    n->last_ns = n->end_ns;
}

struct node *fixture_turn(struct fixture *f, struct session *s, int number, const char *prompt,
                          enum node_state state, int64_t ago_ns, int64_t duration_ns)
{
    struct node *n = fixture_node(f, s, NULL, NODE_TURN, state, ago_ns);
    n->number = number;
    n->detail = slice_str(prompt);
    ((struct fixture_node *)n)->self.turns = 1;
    lasts(n, duration_ns);
    return n;
}

struct node *fixture_llm(struct fixture *f, struct session *s, struct node *parent, const char *model,
                         bool tools, int64_t ago_ns, int64_t duration_ns, int64_t in, int64_t out,
                         int64_t cache, double cents)
{
    struct node *n = fixture_node(f, s, parent, NODE_LLM, duration_ns < 0 ? NODE_RUNNING : NODE_DONE, ago_ns);
    struct counters *c = &((struct fixture_node *)n)->self;
    n->model = slice_str(model);
    n->wants_tools = tools;
    n->attempts = 1;
    n->ttft_ns = duration_ns > 0 ? duration_ns / 4 : -1;
    lasts(n, duration_ns);
    c->llm_calls = 1;
    c->input_tokens = in;
    c->output_tokens = out;
    c->cache_read_tokens = cache;
    c->cost_nano_usd = (int64_t)(cents * 1e7);
    return n;
}

struct node *fixture_tool(struct fixture *f, struct session *s, struct node *parent, const char *name,
                          const char *detail, enum node_state state, int64_t ago_ns, int64_t duration_ns)
{
    struct node *n = fixture_node(f, s, parent, NODE_TOOL, state, ago_ns);
    struct counters *c = &((struct fixture_node *)n)->self;
    n->name = slice_str(name);
    n->detail = slice_str(detail);
    lasts(n, duration_ns);
    c->tool_calls = 1;
    c->tool_errors = state == NODE_FAILED;
    c->tool_rejections = state == NODE_REJECTED;
    return n;
}

/* -------------------------------------------------------------------------------------------- settling */

static void add(struct counters *to, const struct counters *c)
{
    to->turns += c->turns;
    to->llm_calls += c->llm_calls;
    to->llm_errors += c->llm_errors;
    to->llm_retries += c->llm_retries;
    to->tool_calls += c->tool_calls;
    to->tool_errors += c->tool_errors;
    to->tool_rejections += c->tool_rejections;
    to->agents += c->agents;
    to->input_tokens += c->input_tokens;
    to->output_tokens += c->output_tokens;
    to->cache_read_tokens += c->cache_read_tokens;
    to->cache_creation_tokens += c->cache_creation_tokens;
    to->cost_nano_usd += c->cost_nano_usd;
    to->cost_unknown += c->cost_unknown;
    to->wait_ns += c->wait_ns;
}

static void settle(struct node *n, uint32_t depth)
{
    n->depth = depth;
    n->total = ((struct fixture_node *)n)->self;
    if (n->kind == NODE_TOOL && n->wait_ns > 0)
        n->total.wait_ns += n->wait_ns;
    for (struct node *c = n->first_child; c; c = c->next) {
        settle(c, depth + 1);
        add(&n->total, &c->total);
        n->last_ns = c->last_ns > n->last_ns ? c->last_ns : n->last_ns;
        if (c->model.len && c->kind == NODE_LLM && n->kind != NODE_LLM)
            n->model = c->model;
    }
}

void fixture_settle(struct fixture *f)
{
    for (struct session *s = f->model.first; s; s = s->next) {
        s->total = (struct counters){0};
        s->last_activity_ns = 0;
        for (struct node *n = s->first_child; n; n = n->next) {
            settle(n, 0);
            add(&s->total, &n->total);
            s->last_activity_ns = n->last_ns > s->last_activity_ns ? n->last_ns : s->last_activity_ns;
            s->started_ns = n->start_ns < s->started_ns ? n->start_ns : s->started_ns;
            s->model = n->model.len ? n->model : s->model;
        }
        if (s->last_activity_ns == 0)
            s->last_activity_ns = s->started_ns;
        s->last_arrival_ns = s->last_activity_ns;
    }
    f->model.generation++;
}

/* What the application shows when the ui asks for a list. */
static const struct ui_link_item LINKS[] = {
    {"tempo", "Trace", "in Tempo", "",
     "http://localhost:3000/explore?schemaVersion=1&panes=%7B%22tra%22%3A%7B%22datasource%22%3A%22tempo%22%2C"
     "%22queries%22%3A%5B%7B%22refId%22%3A%22A%22%7D%5D%7D%7D&orgId=1",
     false},
    {"loki", "Logs", "in Loki", "",
     "http://localhost:3000/explore?schemaVersion=1&panes=%7B%22log%22%7D&orgId=1", false},
    {"mimir", "Metrics", "in Mimir, with exemplars", "", "http://localhost:3000/explore?x=1", false},
    {"split", "Trace and logs", "side by side", "no trace known: this session sends none", "", false},
};

static size_t links_of(void *ctx, const struct ui_data *data, uint64_t session_id, uint64_t node_id,
                       const struct ui_link_item **items)
{
    (void)ctx;
    (void)data;
    (void)node_id;
    *items = LINKS;
    return session_id ? sizeof(LINKS) / sizeof(LINKS[0]) : 0;
}

static const struct ui_setting SETTINGS[] = {
    {"Screen", "theme", "colours: the name of a theme, or a file", "dark", "dark", "dark|light|colorblind",
     "built-in", false, true},
    {"Screen", "mouse", "take the mouse", "on", "on", "on|off", "by a flag", true, true},
    {"Screen", "columns", "the columns of the tree", "state,cost", "", "", "config.ini", false, true},
    {"Screen", "ascii", "draw with ASCII only", "auto", "auto", "auto|on|off", "built-in", false, false},
    {"Grafana", "grafana-url", "where Grafana is", "http://localhost:3000", "http://localhost:3000", "",
     "built-in", false, true},
};

void fixture_answer(struct ui *ui, const struct ui_effects *effects)
{
    if (effects->what & UI_LIST_LINKS)
        ui_show_links(ui, "#7 fix the flaky login test", LINKS, sizeof(LINKS) / sizeof(LINKS[0]));
    if (effects->what & UI_LIST_SETTINGS)
        ui_show_settings(ui, SETTINGS, sizeof(SETTINGS) / sizeof(SETTINGS[0]));
}

struct ui_effects fixture_keys(struct ui *ui, const struct fixture *f, const char *script)
{
    struct ui_effects effects = {0};
    struct slice rest = slice_str(script);
    for (rest = slice_trim(rest); rest.len; rest = slice_trim(rest)) {
        struct slice word = slice_sub(rest, 0, slice_find(rest, ' '));
        struct key key;
        rest = slice_sub(rest, word.len, rest.len);
        if (slice_starts(word, SLICE_LIT("text:"))) {
            struct text_cluster c;
            for (word = slice_sub(word, 5, word.len); text_next(&word, &c);)
                effects = ui_key(ui, &f->data, &(struct key){.code = c.base});
        } else if (key_parse(word, &key)) {
            effects = ui_key(ui, &f->data, &key);
        } else {
            fprintf(stderr, "no such key: %.*s\n", SLICE_ARG(word));
            abort();
        }
        fixture_answer(ui, &effects);
    }
    return effects;
}

/* Spans of other services are profiled under their own ids, nothing else is. */
void model_node_more(const struct node *n, struct node_more *out)
{
    *out = (struct node_more){.has_profile_id = n->kind == NODE_SPAN};
    memcpy(out->profile_id, n->span_id, sizeof out->profile_id);
}

size_t model_session_models(const struct session *s, struct slice *out, size_t max)
{
    if (s->model.len == 0)
        return 0;
    if (max > 0)
        out[0] = s->model;
    return 1;
}

size_t model_session_traces(const struct session *s, uint8_t (*out)[16], size_t max)
{
    (void)s;
    (void)out;
    (void)max;
    return 0;
}
