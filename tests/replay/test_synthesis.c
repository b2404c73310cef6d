/*
 * The spans that are made of every capture are a matter of what was heard, not of how: any order, any
 * repetition, and restarts at any point give the same spans with the same ids, each once; and they add up to
 * what was expected.
 */
#include "test.h"

#include "exported.h"
#include "mem.h"
#include "world.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define ROUNDS   3
#define DELAY_NS (INT64_C(10) * 1000000000)
/* Hooks are stamped when they arrive, everything else where it happens. */
#define SLACK_NS (INT64_C(1) * 1000000000)

/* xorshift64*: the same everywhere. */
static uint64_t random_state = 88172645463325252u;

static size_t random_below(size_t n)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (size_t)((random_state * UINT64_C(2685821657736338717)) >> 33) % n;
}

static void open_exporter(struct exported *x, int64_t delay_ns)
{
    exported_open(x);
    x->config.synthesize = TRACE_SYNTHESIZE_ALWAYS;
    x->config.content = TRACE_CONTENT_ALWAYS;
    x->config.delay_ns = delay_ns;
    exported_again(x);
}

/* What came so far, in an order; and what was exported of it. */
struct play {
    const struct frame **frames;
    size_t count;
    struct world world;
    struct exported x;
};

static void play_open(struct play *p, int64_t delay_ns)
{
    *p = (struct play){.count = 0};
    world_open(&p->world);
    open_exporter(&p->x, delay_ns);
}

static void play_close(struct play *p)
{
    world_close(&p->world);
    exported_close(&p->x);
    free(p->frames);
}

static void play_feed(struct play *p, const struct frame *f)
{
    p->frames = mem_grow(p->frames, p->count + 1, sizeof *p->frames);
    p->frames[p->count++] = f;
    assert_int_equal(world_feed(&p->world, f), CT_OK);
}

/* Killed and started anew: the journal has the frames, and the requests that were kept. */
static void play_restart(struct play *p)
{
    world_close(&p->world);
    world_open(&p->world);
    for (size_t i = 0; i < p->count; i++)
        assert_int_equal(world_feed(&p->world, p->frames[i]), CT_OK);
    exported_again(&p->x);
}

/* Everything, as at the end of all. */
static void play_end(struct play *p)
{
    exported_run(&p->x, p->world.model, p->world.newest_ns + DELAY_NS, TRACE_LAST);
}

static int span_cmp(const void *a, const void *b)
{
    const struct exported_span *x = *(const struct exported_span *const *)a;
    const struct exported_span *y = *(const struct exported_span *const *)b;
    return memcmp(&x->ids.span_id, &y->ids.span_id, SPAN_ID_LEN);
}

static const struct exported_span **by_id(const struct exported *x)
{
    const struct exported_span **list = mem_array(x->count + 1, sizeof(void *));
    for (size_t i = 0; i < x->count; i++)
        list[i] = &x->spans[i];
    qsort(list, x->count, sizeof(void *), span_cmp);
    return list;
}

static void check_whole_span(const char *name, const char *how, const struct exported_span *a,
                             const struct exported_span *b)
{
    bool same = slice_eq(a->name, b->name) && memcmp(a->ids.trace_id, b->ids.trace_id, TRACE_ID_LEN) == 0 &&
                a->has_parent == b->has_parent && memcmp(a->parent, b->parent, SPAN_ID_LEN) == 0 &&
                a->start_ns == b->start_ns && a->end_ns == b->end_ns && a->status == b->status &&
                a->attr_count == b->attr_count && a->link_count == b->link_count && a->events == b->events;
    for (size_t i = 0; same && i < a->attr_count; i++)
        same = slice_eq(a->attrs[i].key, b->attrs[i].key) && slice_eq(a->attrs[i].text, b->attrs[i].text);
    if (!same)
        fail_msg("%s, %s: %.*s is not what it was", name, how, SLICE_ARG(a->name));
}

/* The same ids, each once; whole: the same in all they say. */
static void check_same(const char *name, const char *how, const struct exported *want,
                       const struct exported *got, bool whole)
{
    const struct exported_span **a = by_id(want), **b = by_id(got);
    for (size_t i = 0, k = 0; i < want->count || k < got->count; i++, k++) {
        int order = i == want->count ? 1 : k == got->count ? -1 : span_cmp(&a[i], &b[k]);
        if (order < 0)
            fail_msg("%s, %s: %.*s is missing", name, how, SLICE_ARG(a[i]->name));
        if (order > 0)
            fail_msg("%s, %s: %.*s is new, or there twice", name, how, SLICE_ARG(b[k]->name));
        if (whole)
            check_whole_span(name, how, a[i], b[k]);
    }
    free(a);
    free(b);
}

static void each_capture(void (*check)(const struct capture *c, struct play *straight))
{
    char **names = capture_names();
    for (char **name = names; *name; name++) {
        struct capture c;
        struct play straight;
        capture_load(&c, *name, CAPTURE_WITH_HOOKS);
        play_open(&straight, 0);
        for (size_t i = 0; i < c.count; i++)
            play_feed(&straight, &c.frames[i]);
        play_end(&straight);
        check(&c, &straight);
        play_close(&straight);
        capture_free(&c);
    }
    capture_names_free(names);
}

/* ------------------------------------------------------------------------------------------- what they are
 */

static const char *word(const struct exported_span *s, const char *key)
{
    const char *text = exported_attr(s, key);
    return text ? text : "";
}

/* It goes on behind what it hangs from. */
static bool is_background(const struct exported *x, const struct exported_span *s)
{
    for (; s; s = exported_parent(x, s))
        if (exported_attr(s, "agent.background") || exported_attr(s, "tool.background"))
            return true;
    return false;
}

static void check_place(const struct capture *c, const struct exported *x, const struct exported_span *s)
{
    const struct exported_span *parent = exported_parent(x, s);
    if (!s->has_parent) {
        if (!strstr(s->name.ptr, "Session"))
            fail_msg("%s: %.*s is a root", c->name, SLICE_ARG(s->name));
        return;
    }
    if (!parent)
        fail_msg("%s: %.*s hangs from nothing", c->name, SLICE_ARG(s->name));
    assert_memory_equal(parent->ids.trace_id, s->ids.trace_id, TRACE_ID_LEN);
    if (s->start_ns + SLACK_NS < parent->start_ns)
        fail_msg("%s: %.*s begins %lld ms before %.*s", c->name, SLICE_ARG(s->name),
                 (long long)((parent->start_ns - s->start_ns) / 1000000), SLICE_ARG(parent->name));
    if (s->end_ns > parent->end_ns + SLACK_NS && !is_background(x, s))
        fail_msg("%s: %.*s ends %lld ms after %.*s", c->name, SLICE_ARG(s->name),
                 (long long)((s->end_ns - parent->end_ns) / 1000000), SLICE_ARG(parent->name));
    if (s->end_ns < s->start_ns)
        fail_msg("%s: %.*s ends before it begins", c->name, SLICE_ARG(s->name));
}

/* Sums over the spans of a session; of its own span the attribute. */
static double sum(const struct exported *x, const char *session, const char *kind, const char *key)
{
    double n = 0;
    for (size_t i = 0; i < x->count; i++) {
        const struct exported_span *s = &x->spans[i];
        if (strcmp(word(s, "session.id"), session) == 0 &&
            strcmp(word(s, "openinference.span.kind"), kind) == 0)
            n += key ? atof(word(s, key)) : 1;
    }
    return n;
}

static double failed(const struct exported *x, const char *session, const char *kind)
{
    double n = 0;
    for (size_t i = 0; i < x->count; i++) {
        const struct exported_span *s = &x->spans[i];
        n += s->status == OTLP_STATUS_ERROR && strcmp(word(s, "session.id"), session) == 0 &&
             strcmp(word(s, "openinference.span.kind"), kind) == 0;
    }
    return n;
}

static void check_sum(const struct capture *c, const char *what, double got, const cJSON *want,
                      const char *key)
{
    const cJSON *number = cJSON_GetObjectItem(want, key);
    double expected = cJSON_IsNumber(number) ? number->valuedouble : 0;
    if (fabs(got - expected) > 2e-6)
        fail_msg("%s: %s of the spans is %.9g, expected %.9g", c->name, what, got, expected);
}

static void check_sums(const struct capture *c, const struct exported *x, const cJSON *want)
{
    static const struct {
        const char *key, *attribute, *of_session;
    } sums[] = {
        {"input_tokens", "gen_ai.usage.input_tokens", "gen_ai.usage.input_tokens"},
        {"output_tokens", "gen_ai.usage.output_tokens", "gen_ai.usage.output_tokens"},
        {"cache_read_tokens", "gen_ai.usage.cache_read_input_tokens", "gen_ai.usage.cache_read_input_tokens"},
        {"cache_creation_tokens", "gen_ai.usage.cache_creation_input_tokens",
         "gen_ai.usage.cache_creation_input_tokens"},
        {"cost_usd", "gen_ai.usage.cost_usd", "gen_ai.usage.cost_usd"},
        {"llm_calls", NULL, "session.api_call_count"}};
    const char *id = cJSON_GetObjectItem(want, "session_id")->valuestring;
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++) {
        check_sum(c, sums[i].key, sum(x, id, "LLM", sums[i].attribute), want, sums[i].key);
        check_sum(c, sums[i].of_session, sum(x, id, "CHAIN", sums[i].of_session), want, sums[i].key);
    }
    check_sum(c, "llm_errors", failed(x, id, "LLM"), want, "llm_errors");
    check_sum(c, "tool_errors", failed(x, id, "TOOL"), want, "tool_errors");
    check_sum(c, "tool_calls", sum(x, id, "TOOL", NULL), want, "tool_calls");
    check_sum(c, "turns", sum(x, id, "CHAIN", "session.turn_count"), want, "turns");
}

static void whole(const struct capture *c, struct play *straight)
{
    const cJSON *want;
    for (size_t i = 0; i < straight->x.count; i++)
        check_place(c, &straight->x, &straight->x.spans[i]);
    exported_distinct(&straight->x);
    cJSON_ArrayForEach(want, cJSON_GetObjectItem(c->expected, "sessions")) check_sums(c, &straight->x, want);
}

static void each_capture_is_whole_and_adds_up(void **state)
{
    (void)state;
    each_capture(whole);
}

/* ------------------------------------------------------------------------------------------ how it was heard
 */

static const struct frame **shuffled(const struct capture *c, size_t *count)
{
    const struct frame **frames = mem_array(3 * c->count + 1, sizeof(void *));
    *count = 0;
    for (size_t i = 0; i < c->count; i++)
        for (size_t times = 1 + (size_t)(random_below(4) == 0) + (size_t)(random_below(9) == 0); times > 0;
             times--)
            frames[(*count)++] = &c->frames[i];
    for (size_t i = *count; i > 1; i--) {
        size_t k = random_below(i);
        const struct frame *f = frames[i - 1];
        frames[i - 1] = frames[k];
        frames[k] = f;
    }
    return frames;
}

/* Nothing is due before all of it came; killed and started anew at random points meanwhile, and between the
 * requests of the end. */
static void disordered(const struct capture *c, struct play *straight)
{
    for (int round = 0; round < ROUNDS; round++) {
        struct play p;
        size_t count;
        const struct frame **frames = shuffled(c, &count);
        play_open(&p, INT64_C(3600) * 1000000000);
        for (size_t i = 0; i < count; i++) {
            play_feed(&p, frames[i]);
            if (random_below(4) == 0)
                exported_run(&p.x, p.world.model, p.world.newest_ns, TRACE_NOW);
            if (random_below(12) == 0)
                play_restart(&p);
        }
        p.x.refuse_after = p.x.requests + random_below(3);
        play_end(&p);
        p.x.refuse_after = SIZE_MAX;
        play_restart(&p);
        play_end(&p);
        check_same(c->name, "disordered", &straight->x, &p.x, true);
        play_close(&p);
        free(frames);
    }
}

static void any_order_repetition_and_restarts_give_the_same_spans(void **state)
{
    (void)state;
    each_capture(disordered);
}

/* As it was heard, spans going out meanwhile, killed and started anew at random points. */
static void in_time(const struct capture *c, struct play *straight)
{
    for (int round = 0; round < ROUNDS; round++) {
        struct play p;
        play_open(&p, DELAY_NS);
        for (size_t i = 0; i < c->count; i++) {
            int64_t now = p.world.newest_ns, then = c->frames[i].wall_ns;
            for (int64_t due = now; now && due && due < then;) {
                int64_t next = exported_run(&p.x, p.world.model, due, TRACE_NOW);
                due = next > due ? next : 0;
            }
            play_feed(&p, &c->frames[i]);
            if (random_below(5) == 0)
                play_restart(&p);
        }
        play_end(&p);
        check_same(c->name, "in time", &straight->x, &p.x, false);
        exported_distinct(&p.x);
        play_close(&p);
    }
}

static void what_goes_out_in_time_is_the_same_set(void **state)
{
    (void)state;
    each_capture(in_time);
}

static bool is_call(const struct exported_span *s)
{
    const char *kind = word(s, "openinference.span.kind");
    return strcmp(kind, "LLM") == 0 || strcmp(kind, "TOOL") == 0;
}

/* Spans that go out far too early, of half of what there is, in the wrong order: turns may then go by another
 * name, but no call is lost, and nothing is there twice. */
static void too_early(const struct capture *c, struct play *straight)
{
    for (int round = 0; round < ROUNDS; round++) {
        struct play p;
        size_t count, calls = 0;
        const struct frame **frames = shuffled(c, &count);
        play_open(&p, 0);
        for (size_t i = 0; i < count; i++) {
            play_feed(&p, frames[i]);
            if (random_below(3) == 0)
                exported_run(&p.x, p.world.model, p.world.newest_ns, TRACE_NOW);
            if (random_below(12) == 0)
                play_restart(&p);
        }
        play_end(&p);
        const struct exported_span **list = by_id(&p.x);
        for (size_t i = 1; i < p.x.count; i++)
            if (span_cmp(&list[i - 1], &list[i]) == 0)
                fail_msg("%s, too early: %.*s is there twice", c->name, SLICE_ARG(list[i]->name));
        for (size_t i = 0; i < straight->x.count; i++) {
            const struct exported_span *s = &straight->x.spans[i];
            const char *key = exported_attr(s, "request_id") ? "request_id" : "gen_ai.tool.call.id";
            if (!is_call(s) || !exported_attr(s, key))
                continue;
            calls++;
            if (!bsearch(&s, list, p.x.count, sizeof *list, span_cmp))
                fail_msg("%s, too early: %.*s is missing", c->name, SLICE_ARG(s->name));
        }
        assert_true(calls > 0 || strncmp(c->name, "old-", 4) == 0 ||
                    strncmp(c->name, "interceptor-", 12) == 0 || strcmp(c->name, "server-error-final") == 0);
        play_close(&p);
        free(list);
        free(frames);
    }
}

static void nothing_is_lost_or_sent_twice_that_goes_out_too_early(void **state)
{
    (void)state;
    each_capture(too_early);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_capture_is_whole_and_adds_up),
        cmocka_unit_test(any_order_repetition_and_restarts_give_the_same_spans),
        cmocka_unit_test(what_goes_out_in_time_is_the_same_set),
        cmocka_unit_test(nothing_is_lost_or_sent_twice_that_goes_out_too_early),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
