/* Senders that lie: circles, bottomless pits, stamps of another age, floods, and every mixture of ids. */
#include "test.h"

#include "tree_text.h"

#include "fresh.h" /* last: its s would shadow others */

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static size_t check_tree(const struct node *n, const struct node *parent, uint32_t depth)
{
    size_t count = 0;
    const struct node *before = NULL;
    for (; n; n = n->next) {
        assert_ptr_equal(n->parent, parent);
        assert_ptr_equal(n->prev, before);
        assert_int_equal(n->depth, depth);
        assert_true(depth < 64);
        if (before)
            assert_true(before->start_ns <= n->start_ns);
        before = n;
        count += 1 + check_tree(n->first_child, n, depth + 1);
    }
    return count;
}

static void agents_in_a_circle_hang_from_the_session(void **state)
{
    (void)state;
    story_tell(&s, with_agent(story_llm_log(500, 10, NULL, "r1"), "a1", "a2"));
    story_tell(&s, with_agent(story_llm_log(600, 10, NULL, "r2"), "a2", "a3"));
    story_tell(&s, with_agent(story_llm_log(700, 10, NULL, "r3"), "a3", "a1"));
    const struct session *session = story_session(&s);
    assert_int_equal(check_tree(session->first_child, NULL, 0), 6);
    assert_int_equal(session->total.llm_calls, 3);
    assert_int_equal(session->total.agents, 3);
    assert_null(story_node(&s, NODE_AGENT, "a1")->parent); /* always at the same place */
}

static void an_agent_that_is_its_own_parent_is_nobody_s(void **state)
{
    (void)state;
    story_tell(&s, with_agent(story_llm_log(500, 10, NULL, "r1"), "a1", "a1"));
    assert_int_equal(check_tree(story_session(&s)->first_child, NULL, 0), 2);
    struct event tool = story_tool_start(600, NULL, "Agent", "u1");
    story_tell(&s, with_agent(tool, "a1", NULL));
    struct event spawned = story_agent_start(610, NULL, "a1", "x");
    spawned.ids.tool_use_id = SLICE_LIT("u1"); /* started by a call of its own */
    story_tell(&s, spawned);
    assert_int_equal(check_tree(story_session(&s)->first_child, NULL, 0), 3);
}

static void spans_in_a_circle_do_no_harm(void **state)
{
    (void)state;
    static const char *const ids[] = {"s1", "s2", "s3"}, *const requests[] = {"r1", "r2", "r3"};
    for (int i = 0; i < 3; i++)
        story_tell(&s, with_span(story_llm_span(100 + i, 200, "t1", requests[i]), ids[i], ids[(i + 1) % 3]));
    story_tell(&s, with_span(story_llm_span(90, 200, "t1", "r9"), "s9", "s9"));
    assert_int_equal(story_session(&s)->total.llm_calls, 4);
    assert_int_equal(check_tree(story_session(&s)->first_child, NULL, 0), 5);
}

static void a_bottomless_pit_is_cut_into_pieces(void **state)
{
    (void)state;
    char agent[32], parent[32], request[32];
    for (int i = 0; i < 2000; i++) {
        snprintf(agent, sizeof agent, "a%d", i);
        snprintf(parent, sizeof parent, "a%d", i - 1);
        snprintf(request, sizeof request, "r%d", i);
        story_tell(&s, with_agent(story_llm_log(100 + i, 10, NULL, request), agent, i ? parent : NULL));
    }
    assert_int_equal(story_session(&s)->total.llm_calls, 2000);
    assert_int_equal(check_tree(story_session(&s)->first_child, NULL, 0), 4000);
}

static void one_span_claimed_by_two_has_always_the_same_owner(void **state)
{
    (void)state;
    for (int order = 0; order < 2; order++) {
        struct story st;
        story_open(&st);
        for (int i = 0; i < 2; i++) {
            struct event run = story_event(EVENT_TOOL, WITNESS_SPAN, 900);
            run.ids.tool_use_id = (i ^ order) ? SLICE_LIT("u1") : SLICE_LIT("u2");
            run.span_role = SPAN_ROLE_EXECUTION;
            story_tell(&st, with_span(with_trace(run, "t1"), "s-run", NULL));
        }
        story_tell(&st, with_span(story_llm_span(100, 200, "t1", "r1"), "s1", "s-run"));
        assert_child_of(story_node(&st, NODE_LLM, "r1"), story_node(&st, NODE_TOOL, "u1"));
        story_close(&st);
    }
}

static void stamps_of_the_future_are_pulled_back(void **state)
{
    (void)state;
    struct event e = story_llm_log(500, 100, "p1", "r1");
    e.time_ns = e.start_ns = e.end_ns = INT64_MAX - 5;
    story_tell(&s, e);
    assert_int_equal(story_node(&s, NODE_LLM, "r1")->end_ns, STORY_AT(500));
    assert_int_equal(story_session(&s)->last_activity_ns, STORY_AT(500));
    /* Told again later, it is still the same request, and no double. */
    e.ids.request_id = SLICE_NULL;
    story_tell(&s, e);
    e.arrival_ns = STORY_AT(9000);
    story_tell(&s, e);
    assert_int_equal(story_session(&s)->total.llm_calls, 2);
}

static void stamps_of_the_past_and_none_do_no_harm(void **state)
{
    (void)state;
    static const int64_t stamps[] = {INT64_MIN, -1, 0, 1};
    char request[8];
    for (size_t i = 0; i < 4; i++) {
        snprintf(request, sizeof request, "r%zu", i);
        struct event e = story_llm_log(500, 100, "p1", request);
        e.time_ns = e.start_ns = e.end_ns = stamps[i];
        e.duration_ns = INT64_MAX;
        story_tell(&s, e);
    }
    struct fleet f;
    struct red_row rows[4];
    assert_int_equal(story_session(&s)->total.llm_calls, 4);
    check_tree(story_session(&s)->first_child, NULL, 0);
    model_fleet(s.model, STORY_AT(1000), STORY_START, &f);
    model_red(s.model, STORY_AT(1000), 0, rows, 4);
    assert_int_equal(rows[0].count, 4);
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

enum disorder { NEWEST_FIRST, ODD_THEN_EVEN, SCATTERED };

static double flood(enum disorder how, int calls)
{
    struct story st;
    char request[32];
    story_open(&st);
    double from = seconds();
    for (int i = 0; i < calls; i++) {
        int64_t ms = how == NEWEST_FIRST    ? calls - i
                     : how == ODD_THEN_EVEN ? (i < calls / 2 ? 2 * i + 1 : 2 * (i - calls / 2))
                                            : (int64_t)i * 7919 % calls;
        snprintf(request, sizeof request, "r%d", i);
        story_tell(&st, story_llm_log(1000 + ms, 1, NULL, request));
    }
    assert_int_equal(story_session(&st)->total.llm_calls, calls);
    double took = seconds() - from;
    story_close(&st);
    return took;
}

static void disorder_costs_no_more_than_sorting(void **state)
{
    (void)state;
    for (int how = NEWEST_FIRST; how <= SCATTERED; how++) {
        double small = flood((enum disorder)how, 10000), large = flood((enum disorder)how, 80000);
        /* Eight times as many: 8 to 10 times the work when sorting, 64 times when walking lists. */
        if (large > 30 * small + 0.05)
            fail_msg("disorder %d: %.3f s for 10000 calls, %.3f s for 80000", how, small, large);
    }
}

static double flood_of_turns(int turns)
{
    struct story st;
    char name[32];
    story_open(&st);
    double from = seconds();
    for (int i = 0; i < turns; i++) {
        /* Every turn has a trace without proof, all at one time: each could be everybody's. */
        snprintf(name, sizeof name, "p%d", i);
        story_tell(&st, story_prompt(WITNESS_HOOK, 1000 + i % 3, name, NULL));
        snprintf(name, sizeof name, "t%d", i);
        story_tell(&st, story_turn_span(1000, 1000 + i, name, NULL));
        snprintf(name, sizeof name, "u%d", i);
        story_tell(&st, story_tool_start(1000, NULL, "Agent", name));
        snprintf(name, sizeof name, "a%d", i);
        story_tell(&st, story_agent_start(1000, NULL, name, "x"));
        story_tell(&st, story_ask(1000 + i, NULL, "Agent"));
        story_tell(&st,
                   story_stop(1000000 + (int64_t)i * 7919 % turns, NULL)); /* all of them end the last turn */
    }
    story_session(&st);
    double took = seconds() - from;
    story_close(&st);
    return took;
}

static void ambiguity_costs_no_more_than_its_bounds(void **state)
{
    (void)state;
    double small = flood_of_turns(2000), large = flood_of_turns(16000);
    if (large > 30 * small + 0.05)
        fail_msg("%.3f s for 2000 turns, %.3f s for 16000", small, large);
}

static size_t below(size_t n)
{
    return (size_t)rand() % n;
}

/* Times that often meet. */
static int64_t some_time(void)
{
    return (int64_t)below(40) * 200;
}

static const char *pick(const char *const *words, size_t n)
{
    size_t i = below(n + 1);
    return i < n ? words[i] : NULL;
}

/* Anything goes: few ids, so that everything collides with everything. */
static struct event anything(void)
{
    static const char *const ids[] = {"1", "2", "3", "4", "5"};
    static const char *const words[] = {"Bash", "Agent", "x", "mcp__a__b"};
    static const char *const sources[] = {"config", "user_reject", "notification"};
    struct event e = story_event((enum event_kind)below(EVENT_METRIC + 1),
                                 (enum witness)below(WITNESS_SPAN + 1), some_time());
    e.phase = (enum phase)below(PHASE_FINISHED + 1);
    e.ids.prompt_id = slice_str(pick(ids, 5));
    e.ids.request_id = slice_str(pick(ids, 5));
    e.ids.tool_use_id = slice_str(pick(ids, 5));
    e.ids.agent_id = below(2) ? slice_str(pick(ids, 3)) : SLICE_NULL;
    e.ids.parent_agent_id = below(3) ? SLICE_NULL : slice_str(pick(ids, 3));
    e.name = slice_str(pick(words, 4));
    e.detail = slice_str(pick(words, 4));
    e.source = slice_str(pick(sources, 3));
    e.model = slice_str(pick(ids, 2));
    e.agent_type = slice_str(pick(words, 4));
    e.title = slice_str(pick(words, 4));
    e.cwd = slice_str(pick(words, 4));
    e.error_type = below(4) ? SLICE_NULL : slice_str(pick(words, 4));
    e.span_role = (enum span_role)below(SPAN_ROLE_OTHER + 1);
    e.decision = (enum decision)below(DECISION_REJECTED + 1);
    e.start_ns = below(2) ? STORY_AT(some_time()) : 0;
    e.end_ns = below(2) ? STORY_AT(some_time()) : 0;
    e.duration_ns = below(2) ? (int64_t)below(1000000) : -1;
    e.wait_ns = below(3) ? -1 : (int64_t)below(1000000);
    e.attempts = (int32_t)below(3);
    e.usage.input_tokens = (int64_t)below(10) - 1;
    e.usage.cost_nano_usd = (int64_t)below(10) - 1;
    e.failed = below(4) == 0;
    e.background = below(4) == 0;
    e.spawns_agent = below(2) == 0;
    e.redacted = below(8) == 0;
    e.vague_name = below(8) == 0;
    e.auxiliary = below(4) == 0;
    e.ended = below(20) == 0;
    if (below(2))
        e = with_trace(e, ids[below(5)]);
    if (below(2))
        e = with_span(e, pick(ids, 5), pick(ids, 5));
    if (below(4) == 0)
        e.ids.session_id = SLICE_LIT("session-2");
    return e;
}

static void tell_all(struct story *st, const struct event *events, const size_t *order, size_t count,
                     bool look)
{
    struct model_config config;
    model_config_init(&config);
    /* The one that is looked at also leaves alone what it can, as early as it can. */
    config.freeze_above = look ? 1 : SIZE_MAX;
    config.freeze_after_ns = (int64_t)below(2000) * STORY_MS + 1;
    st->model = model_create(&config);
    for (size_t i = 0; i < count; i++) {
        model_apply(st->model, &events[order[i]]);
        if (look && below(4) == 0)
            model_sessions(st->model);
    }
    for (const struct session *one = model_sessions(st->model); one; one = one->next)
        check_tree(one->first_child, NULL, 0);
}

/* By time, as real senders' records come, but for what is up to 600 ms late. */
static void nearly_in_order(const struct event *events, size_t *order, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        for (size_t k = i; k > 0; k--) {
            size_t mine = order[k], before = order[k - 1];
            if (events[mine].time_ns + (int64_t)below(3) * 300 * STORY_MS >= events[before].time_ns)
                break;
            order[k] = before;
            order[k - 1] = mine;
        }
    }
}

static void anything_in_any_order_gives_the_same_tree(void **state)
{
    (void)state;
    static struct event events[60];
    size_t order[120];
    struct buf one, other;
    buf_init(&one, 1 << 22);
    buf_init(&other, 1 << 22);
    srand(20261122);
    for (int round = 0; round < 3000; round++) {
        struct story a, b;
        size_t count = 2 + below(58), told = count;
        for (size_t i = 0; i < count; i++) {
            events[i] = anything();
            order[i] = i;
        }
        tell_all(&a, events, order, count, false);
        for (size_t i = 0; i < count; i++)
            if (below(3) == 0)
                order[told++] = i;
        for (size_t i = told; i > 1; i--) {
            size_t k = below(i), swap = order[i - 1];
            order[i - 1] = order[k];
            order[k] = swap;
        }
        if (round % 2)
            nearly_in_order(events, order, told);
        tell_all(&b, events, order, told, true);
        buf_clear(&one);
        buf_clear(&other);
        tree_text(&one, a.model, STORY_AT(9000), TREE_WHOLE);
        tree_text(&other, b.model, STORY_AT(9000), TREE_WHOLE);
        const char *x = buf_cstr(&one), *y = buf_cstr(&other);
        size_t same = 0;
        while (x[same] && x[same] == y[same])
            same++;
        if (x[same] || y[same]) {
            while (same > 0 && x[same - 1] != '\n')
                same--;
            fail_msg("round %d\n  one   %.*s\n  other %.*s", round, (int)strcspn(x + same, "\n"), x + same,
                     (int)strcspn(y + same, "\n"), y + same);
        }
        story_close(&a);
        story_close(&b);
    }
    buf_finish(&one);
    buf_finish(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(agents_in_a_circle_hang_from_the_session),
        TEST(an_agent_that_is_its_own_parent_is_nobody_s),
        TEST(spans_in_a_circle_do_no_harm),
        TEST(a_bottomless_pit_is_cut_into_pieces),
        TEST(one_span_claimed_by_two_has_always_the_same_owner),
        TEST(stamps_of_the_future_are_pulled_back),
        TEST(stamps_of_the_past_and_none_do_no_harm),
        TEST(disorder_costs_no_more_than_sorting),
        TEST(ambiguity_costs_no_more_than_its_bounds),
        TEST(anything_in_any_order_gives_the_same_tree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
