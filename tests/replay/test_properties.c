/*
 * The tree depends on what was heard, not on how: any order, any repetition, any company. Of every capture,
 * many seeded random plays of many random parts are compared as whole text, every field and time included.
 */
#include "test.h"

#include "mem.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>

/* xorshift64*: the same everywhere. */
static uint64_t random_state = 88172645463325252u;

static size_t random_below(size_t n)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (size_t)((random_state * UINT64_C(2685821657736338717)) >> 33) % n;
}

/* The recordings of the interceptor have one session id: of those, one at a time. */
static bool has_own_id(const struct capture *c)
{
    return strncmp(c->name, "interceptor-", 12) != 0 || strcmp(c->name, "interceptor-permission") == 0;
}

struct play {
    const struct frame **frames;
    size_t count;
};

static void play_add(struct play *p, const struct frame *f)
{
    p->frames = mem_grow(p->frames, p->count + 1, sizeof *p->frames);
    p->frames[p->count++] = f;
}

static void play_shuffle(struct play *p)
{
    for (size_t i = p->count; i > 1; i--) {
        size_t k = random_below(i);
        const struct frame *f = p->frames[i - 1];
        p->frames[i - 1] = p->frames[k];
        p->frames[k] = f;
    }
}

static void play_run(const struct play *p, struct world *w, bool look_now_and_then)
{
    world_open(w);
    for (size_t i = 0; i < p->count; i++) {
        assert_int_equal(world_feed(w, p->frames[i]), CT_OK);
        if (look_now_and_then && random_below(3) == 0)
            model_sessions(w->model);
    }
}

static void assert_same(const char *name, const char *what, struct world *a, struct world *b)
{
    const char *x = world_text(a, TREE_WHOLE).ptr, *y = world_text(b, TREE_WHOLE).ptr;
    const char *head = x;
    for (; *x || *y;) {
        size_t n = strcspn(x, "\n"), m = strcspn(y, "\n");
        if (strncmp(x, "session", 7) == 0)
            head = x;
        if (n != m || memcmp(x, y, n) != 0)
            fail_msg("%s, %s, in %.*s:\n  one   %.*s\n  other %.*s", name, what, 20, head, (int)n, x, (int)m,
                     y);
        x += n + (x[n] != '\0');
        y += m + (y[m] != '\0');
    }
}

/* The part in its own order, and again disordered, with repetitions, looked at in between. */
static void check_part(const char *name, const char *what, const struct play *part, int rounds)
{
    struct world straight, other;
    play_run(part, &straight, false);
    for (int i = 0; i < rounds; i++) {
        struct play disordered = {0};
        for (size_t k = 0; k < part->count; k++)
            for (size_t times = 1 + (size_t)(random_below(4) == 0) + (size_t)(random_below(9) == 0);
                 times > 0; times--)
                play_add(&disordered, part->frames[k]);
        play_shuffle(&disordered);
        play_run(&disordered, &other, true);
        assert_same(name, what, &straight, &other);
        world_close(&other);
        free(disordered.frames);
    }
    world_close(&straight);
}

static void each_capture(void (*check)(const struct capture *c))
{
    char **names = capture_names();
    for (char **name = names; *name; name++) {
        struct capture c;
        capture_load(&c, *name, CAPTURE_WITH_HOOKS);
        check(&c);
        capture_free(&c);
    }
    capture_names_free(names);
}

static void whole(const struct capture *c)
{
    struct play all = {0};
    for (size_t i = 0; i < c->count; i++)
        play_add(&all, &c->frames[i]);
    check_part(c->name, "whole", &all, 12);
    free(all.frames);
}

static void any_order_and_repetition_gives_the_same_tree(void **state)
{
    (void)state;
    each_capture(whole);
}

/* Losing anything must not make what is left depend on its order. */
static void random_parts(const struct capture *c)
{
    for (int round = 0; round < 12; round++) {
        struct play part = {0};
        size_t keep = 1 + random_below(9);
        for (size_t i = 0; i < c->count; i++)
            if (random_below(10) < keep)
                play_add(&part, &c->frames[i]);
        check_part(c->name, "a random part", &part, 3);
        free(part.frames);
    }
}

static void so_does_any_part(void **state)
{
    (void)state;
    each_capture(random_parts);
}

static void beginnings(const struct capture *c)
{
    for (size_t n = 1; n <= c->count; n += 1 + c->count / 24) {
        struct play part = {0};
        for (size_t i = 0; i < n; i++)
            play_add(&part, &c->frames[i]);
        check_part(c->name, "a beginning", &part, 2);
        free(part.frames);
    }
}

static void so_does_any_beginning(void **state)
{
    (void)state;
    each_capture(beginnings);
}

static void without(const struct capture *c, enum frame_signal lost, struct play *out)
{
    *out = (struct play){0};
    for (size_t i = 0; i < c->count; i++)
        if (frame_signal(&c->frames[i]) != lost)
            play_add(out, &c->frames[i]);
}

static const char *kind_of_parent(const struct node *n)
{
    return n->parent ? node_kind_name(n->parent->kind) : "session";
}

static const struct node *find_key(const struct node *n, enum node_kind kind, struct slice key)
{
    for (; n; n = n->next) {
        if (n->kind == kind && key.len && slice_eq(n->key, key))
            return n;
        const struct node *below = find_key(n->first_child, kind, key);
        if (below)
            return below;
    }
    return NULL;
}

static struct slice key_of_turn(const struct node *n)
{
    while (n && n->kind != NODE_TURN)
        n = n->parent;
    return n ? n->key : SLICE_NULL;
}

/* Whatever is left stands where it stood, and nothing is there that was not. */
static void check_subset(const char *name, const char *lost, const struct session *whole_session,
                         const struct node *n)
{
    for (; n; n = n->next) {
        const struct node *was = find_key(whole_session->first_child, n->kind, n->key);
        if (n->key.len && !was)
            fail_msg("%s without %s: %s %.*s is new", name, lost, node_kind_name(n->kind), SLICE_ARG(n->key));
        if (was && n->kind != NODE_TURN) {
            if (strcmp(kind_of_parent(was), kind_of_parent(n)) != 0)
                fail_msg("%s without %s: %s %.*s hangs from a %s, not a %s", name, lost,
                         node_kind_name(n->kind), SLICE_ARG(n->key), kind_of_parent(n), kind_of_parent(was));
            if (was->parent && was->parent->kind != NODE_TURN && !slice_eq(was->parent->key, n->parent->key))
                fail_msg("%s without %s: %s %.*s hangs from another %s", name, lost, node_kind_name(n->kind),
                         SLICE_ARG(n->key), kind_of_parent(n));
            struct slice turn = key_of_turn(n);
            if (turn.len && !slice_eq(turn, key_of_turn(was)))
                fail_msg("%s without %s: %s %.*s is in another turn", name, lost, node_kind_name(n->kind),
                         SLICE_ARG(n->key));
        }
        check_subset(name, lost, whole_session, n->first_child);
    }
}

static void assert_equal_count(const char *name, const char *lost, const char *what, int64_t got,
                               int64_t want)
{
    if (got != want)
        fail_msg("%s without %s: %s is %lld, not %lld", name, lost, what, (long long)got, (long long)want);
}

static void compare_totals(const char *name, enum frame_signal lost, const struct session *w,
                           const struct session *p)
{
    const char *word = lost == FRAME_SIGNAL_NONE ? "hooks" : frame_signal_name(lost);
    const struct counters *a = &p->total, *b = &w->total;
    bool logs = lost == FRAME_LOGS, traces = lost == FRAME_TRACES;
    /* Old clients tell of calls in their log alone. */
    bool has_spans = w->has_spans;
    if (!logs || has_spans) {
        assert_equal_count(name, word, "turns", a->turns, b->turns);
        assert_equal_count(name, word, "llm_calls", a->llm_calls, b->llm_calls);
        assert_equal_count(name, word, "llm_errors", a->llm_errors, b->llm_errors);
        assert_equal_count(name, word, "input_tokens", a->input_tokens, b->input_tokens);
        assert_equal_count(name, word, "output_tokens", a->output_tokens, b->output_tokens);
    }
    assert_true(a->tool_calls <= b->tool_calls && a->agents <= b->agents && a->turns <= b->turns);
    if (!logs) {
        assert_equal_count(name, word, "tool_calls", a->tool_calls, b->tool_calls);
        assert_equal_count(name, word, "tool_errors", a->tool_errors, b->tool_errors);
        assert_equal_count(name, word, "tool_rejections", a->tool_rejections, b->tool_rejections);
        assert_equal_count(name, word, "agents", a->agents, b->agents);
        assert_equal_count(name, word, "cost", a->cost_nano_usd, b->cost_nano_usd);
    }
    if (!logs && !traces)
        assert_equal_count(name, word, "llm_retries", a->llm_retries, b->llm_retries);
}

static void losing_one_signal(const struct capture *c)
{
    struct play all;
    struct world w;
    without(c, FRAME_SIGNAL_COUNT, &all);
    play_run(&all, &w, false);
    for (int lost = FRAME_SIGNAL_NONE; lost <= FRAME_LOGS; lost++) {
        struct play part;
        struct world p;
        without(c, (enum frame_signal)lost, &part);
        check_part(c->name, "a lost signal", &part, 4);
        play_run(&part, &p, false);
        for (const struct session *s = model_sessions(p.model); s; s = s->next) {
            const struct session *was = model_session(w.model, s->session_id);
            assert_non_null(was);
            if (!s->real)
                continue;
            check_subset(c->name,
                         lost == FRAME_SIGNAL_NONE ? "hooks" : frame_signal_name((enum frame_signal)lost),
                         was, s->first_child);
            /* The interceptor's log has the ends of turns alone. */
            if (lost != FRAME_TRACES || strncmp(c->name, "interceptor-", 12) != 0)
                compare_totals(c->name, (enum frame_signal)lost, was, s);
        }
        world_close(&p);
        free(part.frames);
    }
    world_close(&w);
    free(all.frames);
}

static void a_lost_signal_takes_only_what_it_alone_knew(void **state)
{
    (void)state;
    each_capture(losing_one_signal);
}

/* Two captures at once: each session is what it is alone. */
static void company_changes_nothing(void **state)
{
    (void)state;
    char **names = capture_names();
    size_t count = 0;
    while (names[count])
        count++;
    struct capture *all = mem_array(count, sizeof *all);
    struct play together = {0};
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        capture_load(&all[used], names[i], CAPTURE_WITH_HOOKS);
        if (has_own_id(&all[used]))
            used++;
        else
            capture_free(&all[used]);
    }
    for (size_t i = 0; i < used; i++)
        for (size_t k = 0; k < all[i].count; k++)
            play_add(&together, &all[i].frames[k]);
    for (int round = 0; round < 3; round++) {
        struct world crowd;
        play_shuffle(&together);
        play_run(&together, &crowd, true);
        size_t sessions = 0;
        for (size_t i = 0; i < used; i++) {
            struct world alone;
            struct play one;
            without(&all[i], FRAME_SIGNAL_COUNT, &one);
            play_run(&one, &alone, false);
            for (const struct session *s = model_sessions(alone.model); s; s = s->next) {
                const struct session *in_crowd = model_session(crowd.model, s->session_id);
                assert_non_null(in_crowd);
                assert_memory_equal(&s->total, &in_crowd->total, sizeof s->total);
                sessions++;
            }
            world_close(&alone);
            free(one.frames);
        }
        size_t in_crowd = 0;
        for (const struct session *s = model_sessions(crowd.model); s; s = s->next)
            in_crowd++;
        assert_int_equal(in_crowd, sessions);
        world_close(&crowd);
    }
    for (size_t i = 0; i < used; i++)
        capture_free(&all[i]);
    free(all);
    free(together.frames);
    capture_names_free(names);
}

static void none_open(const struct capture *c, size_t cut, const struct node *n)
{
    for (; n; n = n->next) {
        if (n->state == NODE_RUNNING || n->state == NODE_WAITING)
            fail_msg("%s, cut after %zu frames: %s %.*s is %s", c->name, cut, node_kind_name(n->kind),
                     SLICE_ARG(n->key), node_state_name(n->state));
        none_open(c, cut, n->first_child);
    }
}

/* Whatever was the last that was heard: once its process is gone, or silent for long, nothing of it runs. */
static void cut_off(const struct capture *c)
{
    for (size_t n = 1; n <= c->count; n += 1 + c->count / 24) {
        for (int by_silence = 0; by_silence < 2; by_silence++) {
            struct world w;
            world_open(&w);
            for (size_t i = 0; i < n; i++)
                assert_int_equal(world_feed(&w, &c->frames[i]), CT_OK);
            int64_t late = w.newest_ns + WAITING_WITHIN_NS + INT64_C(60) * 1000000000;
            if (by_silence)
                model_advance(w.model, late);
            for (const struct session *s = model_sessions(w.model); s; s = s->next) {
                struct event e;
                event_init(&e, EVENT_SESSION, WITNESS_HOOK);
                e.ids.session_id = s->session_id;
                e.time_ns = e.arrival_ns = w.newest_ns + 1000000000;
                e.phase = PHASE_FINISHED;
                e.ended = e.interrupted = true;
                if (!by_silence && !s->provisional)
                    model_apply(w.model, &e);
                if (by_silence || !s->provisional)
                    none_open(c, n, model_session(w.model, s->session_id)->first_child);
                enum run_state state = model_session_status(s, late).state;
                assert_true(state == RUN_ENDED || (by_silence || s->provisional));
                assert_true(state == RUN_ENDED || state == RUN_IDLE || state == RUN_STALE ||
                            state == RUN_FAILED || state == RUN_STARTING || state == RUN_INPUT ||
                            s->provisional);
            }
            world_close(&w);
        }
    }
}

static void nothing_runs_on_that_was_cut_off(void **state)
{
    (void)state;
    each_capture(cut_off);
}

/* What is left alone of long sessions is what it would be: the least of it, after the least time. */
static void frozen(const struct capture *c, struct play *p, uint64_t *frozen_nodes)
{
    struct model_config config;
    struct world all, some;
    model_config_init(&config);
    config.freeze_above = SIZE_MAX;
    world_open_with(&all, &config);
    config.freeze_above = 1;
    config.freeze_after_ns = (int64_t)random_below(3) * INT64_C(700000000) + 1;
    world_open_with(&some, &config);
    for (size_t i = 0; i < p->count; i++) {
        assert_int_equal(world_feed(&all, p->frames[i]), CT_OK);
        assert_int_equal(world_feed(&some, p->frames[i]), CT_OK);
        if (random_below(3) == 0)
            model_sessions(some.model);
        *frozen_nodes += model_stats(some.model).frozen_nodes;
    }
    assert_same(c->name, "frozen", &all, &some);
    world_close(&all);
    world_close(&some);
}

static uint64_t frozen_nodes;

static void frozen_capture(const struct capture *c)
{
    struct play p = {0};
    for (size_t i = 0; i < c->count; i++)
        play_add(&p, &c->frames[i]);
    for (int round = 0; round < 6; round++)
        frozen(c, &p, &frozen_nodes);
    for (int round = 0; round < 12; round++) {
        /* Late by a few places, as the senders' batches are. */
        for (size_t i = 0; i + 1 < p.count; i++) {
            size_t k = i + random_below(p.count - i < 6 ? p.count - i : 6);
            const struct frame *f = p.frames[i];
            p.frames[i] = p.frames[k];
            p.frames[k] = f;
        }
        frozen(c, &p, &frozen_nodes);
    }
    play_shuffle(&p);
    frozen(c, &p, &frozen_nodes);
    free(p.frames);
}

static void what_is_left_alone_is_what_it_would_be(void **state)
{
    (void)state;
    each_capture(frozen_capture);
    assert_true(frozen_nodes > 1000);
}

/* A frame that is read record by record, with looks at the model in between, is what it is in one go. */
static bool always(void *ctx)
{
    ++*(size_t *)ctx;
    return true;
}

static void so_does_reading_in_pieces(void **state)
{
    (void)state;
    char **names = capture_names();
    size_t pieces = 0, asked = 0;
    for (char **name = names; *name; name++) {
        struct capture c;
        struct world whole, parts;
        capture_load(&c, *name, CAPTURE_WITH_HOOKS);
        world_open(&whole);
        world_open(&parts);
        for (size_t i = 0; i < c.count; i++) {
            enum ct_err err;
            assert_int_equal(world_feed(&whole, &c.frames[i]), CT_OK);
            while ((err = ingest_piece(parts.ingest, &c.frames[i], always, &asked)) == CT_AGAIN) {
                model_sessions(parts.model);
                pieces++;
            }
            assert_int_equal(err, CT_OK);
        }
        parts.newest_ns = whole.newest_ns;
        struct slice want = world_text(&whole, TREE_WHOLE), is = world_text(&parts, TREE_WHOLE);
        assert_int_equal(is.len, want.len);
        assert_memory_equal(is.ptr, want.ptr, is.len);
        struct ingest_stats a = ingest_stats(whole.ingest), b = ingest_stats(parts.ingest);
        assert_memory_equal(&a, &b, sizeof a);
        world_close(&parts);
        world_close(&whole);
        capture_free(&c);
    }
    capture_names_free(names);
    assert_true(pieces > 100 && asked >= pieces); /* there are captures in protobuf */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_order_and_repetition_gives_the_same_tree),
        cmocka_unit_test(so_does_reading_in_pieces),
        cmocka_unit_test(so_does_any_part),
        cmocka_unit_test(so_does_any_beginning),
        cmocka_unit_test(a_lost_signal_takes_only_what_it_alone_knew),
        cmocka_unit_test(company_changes_nothing),
        cmocka_unit_test(nothing_runs_on_that_was_cut_off),
        cmocka_unit_test(what_is_left_alone_is_what_it_would_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
