/* Spans of other services, and records that are known by their trace alone. */
#include "test.h"

#include "fresh.h"

#include <stdio.h>

static struct event named(struct event e, const char *service, const char *name)
{
    e.service_name = slice_str(service);
    e.name = slice_str(name);
    return e;
}

static struct event foreign(int64_t from, int64_t to, const char *trace, const char *span, const char *parent)
{
    struct event e = with_span(with_trace(story_event(EVENT_SPAN, WITNESS_SPAN, to), trace), span, parent);
    e.span_role = SPAN_ROLE_OTHER;
    e.phase = PHASE_FINISHED;
    e.start_ns = STORY_AT(from);
    e.end_ns = STORY_AT(to);
    e.duration_ns = (to - from) * STORY_MS;
    e.ids.session_id = SLICE_NULL;
    return named(e, "gateway", span);
}

static struct event request(void)
{
    return with_span(named(story_llm_span(500, 900, "t1", "r1"), "claude-code", NULL), "llm", "turn");
}

static const struct node *child(const struct node *n)
{
    assert_non_null(n);
    assert_non_null(n->first_child);
    return n->first_child;
}

static void check_gateway(void)
{
    const struct node *call = story_node(&s, NODE_LLM, "r1"), *span = child(call);
    assert_int_equal(span->kind, NODE_SPAN);
    assert_slice_equal(span->name, "proxy");
    assert_int_equal(span->duration_ns, 300 * STORY_MS);
    assert_slice_equal(child(span)->name, "connect");
    assert_int_equal(story_session(&s)->total.llm_calls, 1);
    assert_memory_equal(span->trace_id, call->trace_id, 16);
}

static void a_gateway_s_spans_hang_below_the_call_in_any_order(void **state)
{
    (void)state;
    const struct event told[] = {request(), foreign(550, 850, "t1", "proxy", "llm"),
                                 foreign(560, 600, "t1", "connect", "proxy")};
    static const int orders[][4] = {{0, 1, 2, 1}, {2, 1, 0, 0}, {1, 0, 2, 2}, {2, 0, 1, 0}};
    for (size_t i = 0; i < 4; i++) {
        story_close(&s);
        story_open(&s);
        for (size_t k = 0; k < 4; k++)
            story_tell(&s, told[orders[i][k]]);
        check_gateway();
    }
}

static void what_is_above_or_beside_the_session_is_not_shown(void **state)
{
    (void)state;
    story_tell(&s, foreign(100, 2000, "t1", "ci job", "ci"));
    story_tell(&s, with_span(story_turn_span(400, 1000, "t1", "hello"), "turn", "ci job"));
    story_tell(&s, request());
    story_tell(&s, foreign(550, 850, "t1", "elsewhere", "unknown"));
    story_tell(&s, foreign(550, 850, "t2", "proxy", "llm")); /* another trace */
    assert_null(story_node(&s, NODE_LLM, "r1")->first_child);
    assert_int_equal(story_session(&s)->first_child->kind, NODE_TURN);
    assert_null(story_session(&s)->first_child->next);
}

static void they_are_no_sign_of_life(void **state)
{
    (void)state;
    story_tell(&s, request());
    int64_t activity = story_session(&s)->last_activity_ns, arrival = story_session(&s)->last_arrival_ns;
    story_tell(&s, foreign(550, 90000, "t1", "proxy", "llm"));
    assert_non_null(story_node(&s, NODE_LLM, "r1")->first_child);
    assert_int_equal(story_session(&s)->last_activity_ns, activity);
    assert_int_equal(story_session(&s)->last_arrival_ns, arrival);
}

/* A gateway that follows the GenAI conventions tells of the same call once more. */
static void another_service_s_llm_call_is_not_counted_again(void **state)
{
    (void)state;
    struct event e = foreign(550, 850, "t1", "chat", "llm");
    e.kind = EVENT_LLM;
    e.span_role = SPAN_ROLE_LLM;
    story_tell(&s, with_usage(e, 10, 20, 5000));
    story_tell(&s, with_usage(request(), 10, 20, -1));
    assert_int_equal(story_session(&s)->total.llm_calls, 1);
    assert_int_equal(story_session(&s)->total.input_tokens, 10);
    assert_int_equal(child(story_node(&s, NODE_LLM, "r1"))->kind, NODE_SPAN);
}

/* A client that was told to withhold its session id names it on its turn's span alone. */
static void records_without_a_session_join_that_of_their_trace(void **state)
{
    (void)state;
    struct event call = named(with_trace(story_llm_log(900, 300, NULL, "r1"), "t1"), "claude-code", NULL);
    call.ids.session_id = SLICE_NULL;
    story_tell(&s, with_usage(call, 10, 20, 5000));
    assert_null(model_session(s.model, SLICE_LIT(STORY_SESSION)));
    story_tell(&s, named(story_turn_span(400, 1000, "t1", "hello"), "claude-code", NULL));
    assert_int_equal(story_session(&s)->total.llm_calls, 1);
    assert_int_equal(story_session(&s)->total.cost_nano_usd, 5000);
    assert_ptr_equal(story_node(&s, NODE_LLM, "r1")->parent, story_session(&s)->first_child);
}

static void their_number_is_bounded(void **state)
{
    (void)state;
    char id[9];
    story_tell(&s, request());
    for (int i = 0; i < 3000; i++) {
        snprintf(id, sizeof id, "f%07d", i);
        story_tell(&s, foreign(550, 850, "t1", id, "llm"));
    }
    struct model_stats stats = model_stats(s.model);
    assert_int_equal(stats.orphans, 3000);
    assert_int_equal(stats.refused_spans, 2000);
    for (int i = 0; i < 9000; i++) {
        snprintf(id, sizeof id, "g%07d", i);
        story_tell(&s, foreign(550, 850, id, id, "nobody"));
    }
    assert_int_equal(model_stats(s.model).orphans_given_up, 3000 + 9000 - 4096);
    assert_non_null(story_node(&s, NODE_LLM, "r1")->first_child);
}

/* A trace that everybody claims to be in costs no more than one that a few are in. */
static void crowded_traces_are_bounded(void **state)
{
    (void)state;
    char id[32];
    for (int i = 0; i < 100; i++) {
        snprintf(id, sizeof id, "s%d", i);
        story_tell(&s, in_session(request(), id));
        story_tell(&s, in_session(request(), id));
    }
    assert_int_equal(model_stats(s.model).crowded_traces, 84);
    story_tell(&s, foreign(550, 850, "t1", "proxy", "llm"));
    assert_non_null(model_session(s.model, SLICE_LIT("s0"))->first_child);
}

static void circles_hang_nowhere(void **state)
{
    (void)state;
    story_tell(&s, request());
    story_tell(&s, foreign(550, 850, "t1", "a", "b"));
    story_tell(&s, foreign(550, 850, "t1", "b", "a"));
    story_tell(&s, foreign(550, 850, "t1", "c", "c"));
    assert_null(story_node(&s, NODE_LLM, "r1")->first_child);
}

static void an_evicted_session_leaves_its_traces(void **state)
{
    (void)state;
    story_close(&s);
    story_open_with(&s, 64 * 1024);
    story_tell(&s, request());
    for (int i = 0; i < 200; i++) {
        char id[32];
        snprintf(id, sizeof id, "s%d", i);
        story_tell(&s, in_session(story_prompt(WITNESS_LOG, 100000 + i, "p", "a prompt"), id));
    }
    assert_null(model_session(s.model, SLICE_LIT(STORY_SESSION)));
    story_tell(&s, foreign(550, 850, "t1", "proxy", "llm"));
    assert_null(model_session(s.model, SLICE_LIT(STORY_SESSION)));
}

static struct event with_profile(struct event e, const char *id)
{
    memcpy(e.ids.profile_id, id, 8);
    e.ids.has_profile_id = true;
    return e;
}

static void check_profile(const struct node *n, const char *id)
{
    struct node_more more;
    model_node_more(n, &more);
    assert_int_equal(more.has_profile_id, id != NULL);
    if (id)
        assert_memory_equal(more.profile_id, id, 8);
}

static void profiles_stay_with_what_they_are_of(void **state)
{
    (void)state;
    struct event tool =
        with_span(named(story_tool_log(950, 20, "p", "Bash", "u1"), "claude-code", "Bash"), "tool", "turn");
    struct event execution = tool;
    tool.witness = execution.witness = WITNESS_SPAN;
    tool.span_role = SPAN_ROLE_TOOL;
    execution.span_role = SPAN_ROLE_EXECUTION;
    const struct event told[] = {
        with_profile(with_span(story_turn_span(400, 1000, "t1", "hello"), "turn", "x"), "of-turn."),
        request(), with_profile(foreign(550, 850, "t1", "proxy", "llm"), "of-proxy"),
        with_profile(with_trace(tool, "t1"), "of-tool2"),
        with_profile(with_trace(execution, "t1"), "of-tool1")};
    static const int orders[][5] = {{0, 1, 2, 3, 4}, {4, 3, 2, 1, 0}, {2, 4, 0, 3, 1}};
    for (size_t i = 0; i < 3; i++) {
        story_close(&s);
        story_open(&s);
        for (size_t k = 0; k < 10; k++)
            story_tell(&s, told[orders[i][k % 5]]);
        const struct node *call = story_node(&s, NODE_LLM, "r1");
        check_profile(story_turn(&s, 1), "of-turn.");
        check_profile(call, NULL);
        check_profile(child(call), "of-proxy");
        check_profile(story_node(&s, NODE_TOOL, "u1"), "of-tool1");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_gateway_s_spans_hang_below_the_call_in_any_order),
        TEST(what_is_above_or_beside_the_session_is_not_shown),
        TEST(they_are_no_sign_of_life),
        TEST(another_service_s_llm_call_is_not_counted_again),
        TEST(records_without_a_session_join_that_of_their_trace),
        TEST(their_number_is_bounded),
        TEST(crowded_traces_are_bounded),
        TEST(circles_hang_nowhere),
        TEST(an_evicted_session_leaves_its_traces),
        TEST(profiles_stay_with_what_they_are_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
