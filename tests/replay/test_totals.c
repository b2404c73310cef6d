/*
 * Every capture gives its expected totals: alone, with hooks, twice, with the signals in another order,
 * backwards, and interleaved with another capture.
 */
#include "test.h"

#include "mem.h"
#include "world.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static void feed(struct world *w, const struct frame *f)
{
    assert_int_equal(world_feed(w, f), CT_OK);
}

/* The recordings of the interceptor have one session id: of those, one at a time. */
static bool has_own_id(const struct capture *c)
{
    return strncmp(c->name, "interceptor-", 12) != 0 || strcmp(c->name, "interceptor-permission") == 0;
}

static int64_t number(const cJSON *o, const char *key)
{
    const cJSON *v = cJSON_GetObjectItem(o, key);
    return v ? (int64_t)v->valuedouble : 0;
}

static void check_count(const char *capture, const char *how, const char *name, int64_t got, int64_t want)
{
    if (got != want)
        fail_msg("%s (%s): %s is %lld, expected %lld", capture, how, name, (long long)got, (long long)want);
}

static int models_cmp(const void *a, const void *b)
{
    return slice_cmp(*(const struct slice *)a, *(const struct slice *)b);
}

static void check_session(const struct capture *c, const char *how, const struct session *s,
                          const cJSON *want)
{
    const struct counters *t = &s->total;
    check_count(c->name, how, "turns", t->turns, number(want, "turns"));
    check_count(c->name, how, "llm_calls", t->llm_calls, number(want, "llm_calls"));
    check_count(c->name, how, "llm_errors", t->llm_errors, number(want, "llm_errors"));
    check_count(c->name, how, "tool_calls", t->tool_calls, number(want, "tool_calls"));
    check_count(c->name, how, "tool_errors", t->tool_errors, number(want, "tool_errors"));
    check_count(c->name, how, "tool_rejections", t->tool_rejections, number(want, "tool_rejections"));
    check_count(c->name, how, "agents", t->agents, number(want, "agents"));
    check_count(c->name, how, "input_tokens", t->input_tokens, number(want, "input_tokens"));
    check_count(c->name, how, "output_tokens", t->output_tokens, number(want, "output_tokens"));
    check_count(c->name, how, "cache_read_tokens", t->cache_read_tokens, number(want, "cache_read_tokens"));
    check_count(c->name, how, "cache_creation_tokens", t->cache_creation_tokens,
                number(want, "cache_creation_tokens"));
    /* The file has six decimals; old clients' costs have seven and more. */
    int64_t cost = llround(cJSON_GetObjectItem(want, "cost_usd")->valuedouble * 1e9);
    if (llabs(t->cost_nano_usd - cost) > 1000)
        check_count(c->name, how, "cost in nano USD", t->cost_nano_usd, cost);
    struct slice models[16];
    size_t n = model_session_models(s, models, 16);
    const cJSON *names = cJSON_GetObjectItem(want, "models");
    check_count(c->name, how, "number of models", (int64_t)n, cJSON_GetArraySize(names));
    qsort(models, n, sizeof *models, models_cmp);
    for (size_t i = 0; i < n; i++)
        assert_slice_equal(models[i], cJSON_GetStringValue(cJSON_GetArrayItem(names, (int)i)));
}

/* Whole telemetry, in any order: nothing is missed, and the client's own counters say the same. */
static void check_health(const struct capture *c, const char *how, const struct world *w,
                         const struct session *s)
{
    struct session_health h;
    model_session_health(s, w->newest_ns + INT64_C(60) * 1000000000, &h);
    check_count(c->name, how, "lost events", h.lost_events, 0);
    const struct session_metrics *m = model_session_metrics(s);
    if (!m) {
        check_count(c->name, how, "verdict without metrics", h.metrics, METRICS_NONE);
        return;
    }
    /* Here a request was interrupted while it streamed: no event tells of it, the metrics do. */
    bool interrupted = strcmp(c->name, "interactive-grpc-default-intervals") == 0;
    const struct counters *t = &s->total;
    int64_t more = interrupted ? INT64_C(25236000) : 0;
    check_count(c->name, how, "verdict", h.metrics, interrupted ? METRICS_MORE : METRICS_AGREE);
    check_count(c->name, how, "metric cost", m->values[METRIC_COST], t->cost_nano_usd + more);
    if (interrupted)
        return;
    check_count(c->name, how, "metric input", m->values[METRIC_INPUT], t->input_tokens);
    check_count(c->name, how, "metric output", m->values[METRIC_OUTPUT], t->output_tokens);
    check_count(c->name, how, "metric cache read", m->values[METRIC_CACHE_READ], t->cache_read_tokens);
    check_count(c->name, how, "metric cache creation", m->values[METRIC_CACHE_CREATION],
                t->cache_creation_tokens);
}

/* Totals are the sum of what the tree shows. */
static void sum_calls(const struct node *n, struct counters *sum)
{
    for (; n; n = n->next) {
        sum->turns += n->kind == NODE_TURN;
        sum->llm_calls += n->kind == NODE_LLM;
        sum->tool_calls += n->kind == NODE_TOOL && n->state != NODE_UNKNOWN;
        sum_calls(n->first_child, sum);
    }
}

static void check(const struct capture *c, const char *how, const struct world *w, size_t others)
{
    const cJSON *sessions = cJSON_GetObjectItem(c->expected, "sessions");
    size_t real = 0;
    for (const struct session *s = model_sessions(w->model); s; s = s->next)
        real += s->real;
    check_count(c->name, how, "number of sessions", (int64_t)real,
                cJSON_GetArraySize(sessions) + (int64_t)others);
    for (const cJSON *want = sessions->child; want; want = want->next) {
        const char *id = cJSON_GetStringValue(cJSON_GetObjectItem(want, "session_id"));
        const struct session *s = model_session(w->model, slice_str(id));
        if (!s)
            fail_msg("%s (%s): session %s is missing", c->name, how, id);
        check_session(c, how, s, want);
        struct counters sum = {0};
        sum_calls(s->first_child, &sum);
        check_count(c->name, how, "turns in the tree", sum.turns, s->total.turns);
        check_count(c->name, how, "LLM calls in the tree", sum.llm_calls, s->total.llm_calls);
        check_count(c->name, how, "tool calls in the tree", sum.tool_calls, s->total.tool_calls);
        check_health(c, how, w, s);
    }
}

typedef void (*order_fn)(struct world *w, const struct capture *c);

static void in_order(struct world *w, const struct capture *c)
{
    for (size_t i = 0; i < c->count; i++)
        feed(w, &c->frames[i]);
}

static void twice(struct world *w, const struct capture *c)
{
    in_order(w, c);
    in_order(w, c);
}

static void backwards(struct world *w, const struct capture *c)
{
    for (size_t i = c->count; i-- > 0;)
        feed(w, &c->frames[i]);
}

static void by_signal(struct world *w, const struct capture *c, const enum frame_signal order[4])
{
    for (int k = 0; k < 4; k++)
        for (size_t i = 0; i < c->count; i++)
            if (frame_signal(&c->frames[i]) == order[k])
                feed(w, &c->frames[i]);
}

static void traces_first(struct world *w, const struct capture *c)
{
    by_signal(w, c, (enum frame_signal[]){FRAME_TRACES, FRAME_LOGS, FRAME_METRICS, FRAME_SIGNAL_NONE});
}

static void logs_first(struct world *w, const struct capture *c)
{
    by_signal(w, c, (enum frame_signal[]){FRAME_LOGS, FRAME_TRACES, FRAME_SIGNAL_NONE, FRAME_METRICS});
}

static void hooks_last(struct world *w, const struct capture *c)
{
    by_signal(w, c, (enum frame_signal[]){FRAME_METRICS, FRAME_TRACES, FRAME_LOGS, FRAME_SIGNAL_NONE});
}

static void shuffled(struct world *w, const struct capture *c)
{
    size_t *order = mem_array(c->count, sizeof *order);
    for (size_t i = 0; i < c->count; i++) {
        size_t k = (size_t)rand() % (i + 1);
        order[i] = order[k];
        order[k] = i;
    }
    for (size_t i = 0; i < c->count; i++)
        feed(w, &c->frames[order[i]]);
    free(order);
}

static const struct {
    const char *name;
    order_fn run;
    int rounds;
} orders[] = {
    {"in order", in_order, 1},         {"twice", twice, 1},           {"backwards", backwards, 1},
    {"traces first", traces_first, 1}, {"logs first", logs_first, 1}, {"hooks last", hooks_last, 1},
    {"shuffled", shuffled, 20},
};

static void every_order(enum capture_hooks hooks)
{
    char **names = capture_names();
    size_t checked = 0;
    srand(7);
    for (char **name = names; *name; name++) {
        struct capture c;
        capture_load(&c, *name, hooks);
        for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
            for (int round = 0; round < orders[i].rounds; round++) {
                struct world w;
                world_open(&w);
                orders[i].run(&w, &c);
                check(&c, orders[i].name, &w, 0);
                world_close(&w);
                checked++;
            }
        }
        capture_free(&c);
    }
    capture_names_free(names);
    assert_true(checked > 100);
}

static void telemetry_alone_gives_the_expected_totals(void **state)
{
    (void)state;
    every_order(CAPTURE_WITHOUT_HOOKS);
}

static void hooks_beside_it_change_no_total(void **state)
{
    (void)state;
    every_order(CAPTURE_WITH_HOOKS);
}

static void interleaved_captures_do_not_mix(void **state)
{
    (void)state;
    char **names = capture_names();
    struct capture before = {0};
    for (char **name = names; *name; name++) {
        struct capture c;
        capture_load(&c, *name, CAPTURE_WITH_HOOKS);
        if (!has_own_id(&c)) {
            capture_free(&c);
            continue;
        }
        if (before.count) {
            struct world w;
            world_open(&w);
            for (size_t i = 0; i < c.count || i < before.count; i++) {
                if (i < c.count)
                    feed(&w, &c.frames[i]);
                if (i < before.count)
                    feed(&w, &before.frames[i]);
            }
            check(&c, "interleaved", &w,
                  (size_t)cJSON_GetArraySize(cJSON_GetObjectItem(before.expected, "sessions")));
            check(&before, "interleaved", &w,
                  (size_t)cJSON_GetArraySize(cJSON_GetObjectItem(c.expected, "sessions")));
            world_close(&w);
            capture_free(&before);
        }
        before = c;
    }
    if (before.count)
        capture_free(&before);
    capture_names_free(names);
}

/* Takes the session id off a request as OTEL_METRICS_INCLUDE_SESSION_ID=false does; false: it is compressed.
 */
static bool withhold(struct frame *f, struct buf *out)
{
    static const char key[] = "session.id";
    if (f->source == FRAME_HOOK)
        return true;
    if (frame_header_get(f, "content-encoding").len ||
        slice_eq_str(frame_header_get(f, "grpc-encoding"), "gzip"))
        return false;
    assert_int_equal(buf_append(out, f->body), CT_OK);
    f->body = buf_slice(out);
    struct slice rest = f->body;
    for (size_t at; (at = slice_find_slice(rest, slice_str(key))) < rest.len;
         rest = slice_sub(rest, at + 1, rest.len))
        out->data[rest.ptr - out->data + (ptrdiff_t)at] = 'x';
    return true;
}

/* Whose records they are then follows from the traces, whose main spans name their conversation, and from
 * hooks' prompts; old clients send neither. */
static void withheld_session_ids(enum capture_hooks hooks)
{
    char **names = capture_names();
    size_t checked = 0;
    for (char **name = names; *name; name++) {
        struct capture c;
        struct world w;
        bool plain = true, spans = false;
        capture_load(&c, *name, hooks);
        struct buf *bodies = mem_array(c.count + 1, sizeof *bodies);
        world_open(&w);
        for (size_t i = 0; i < c.count; i++) {
            buf_init(&bodies[i], 64u << 20);
            plain &= withhold(&c.frames[i], &bodies[i]);
            spans |= frame_signal(&c.frames[i]) == FRAME_TRACES;
        }
        bool foreign = strncmp(*name, "interceptor-", 12) == 0;
        for (size_t i = 0; plain && spans && !foreign && i < c.count; i++)
            feed(&w, &c.frames[i]);
        const cJSON *sessions = cJSON_GetObjectItem(c.expected, "sessions");
        for (const cJSON *want = sessions->child; plain && spans && !foreign && want; want = want->next) {
            const char *id = cJSON_GetStringValue(cJSON_GetObjectItem(want, "session_id"));
            const struct session *s = model_session(w.model, slice_str(id));
            if (!s)
                fail_msg("%s: session %s is missing", c.name, id);
            check_session(&c, "without session ids", s, want);
            checked++;
        }
        for (const struct session *s = model_sessions(w.model); s; s = s->next)
            if (s->provisional && s->real)
                fail_msg("%s: something is left in %.*s", c.name, SLICE_ARG(s->session_id));
        world_close(&w);
        for (size_t i = 0; i < c.count; i++)
            buf_finish(&bodies[i]);
        free(bodies);
        capture_free(&c);
    }
    capture_names_free(names);
    assert_true(checked > 10);
}

static void withheld_session_ids_change_no_total(void **state)
{
    (void)state;
    withheld_session_ids(CAPTURE_WITHOUT_HOOKS);
    withheld_session_ids(CAPTURE_WITH_HOOKS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(telemetry_alone_gives_the_expected_totals),
        cmocka_unit_test(hooks_beside_it_change_no_total),
        cmocka_unit_test(interleaved_captures_do_not_mix),
        cmocka_unit_test(withheld_session_ids_change_no_total),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
