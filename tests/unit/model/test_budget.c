/* Memory: the budget holds, what is given up is chosen well, and nothing given up is counted twice. */
#include "test.h"

#include "story.h"

#include <stdio.h>

#define BUDGET (512u * 1024u)

static void fill(struct story *st, const char *session, int64_t ms, int calls)
{
    char request[64], prompt[64];
    for (int i = 0; i < calls; i++) {
        snprintf(request, sizeof request, "r-%s-%lld-%d", session, (long long)ms, i);
        snprintf(prompt, sizeof prompt, "p-%s-%d", session, i / 10);
        struct event e = story_llm_log(ms + i, 1, prompt, request);
        story_tell(st, in_session(with_usage(e, 1, 1, 1), session));
    }
}

static void end(struct story *st, const char *session, int64_t ms)
{
    struct event e = in_session(story_event(EVENT_SESSION, WITNESS_HOOK, ms), session);
    e.ended = true;
    story_tell(st, e);
}

static bool is_there(const struct story *st, const char *session)
{
    const struct session *s = model_session(st->model, slice_str(session));
    return s && !s->summary;
}

static void the_budget_holds(void **state)
{
    (void)state;
    struct story st;
    char name[16];
    story_open_with(&st, BUDGET);
    for (int i = 0; i < 200; i++) {
        snprintf(name, sizeof name, "s%d", i);
        fill(&st, name, i * 1000, 30);
        /* One event may go over it: that of a chunk. */
        assert_true(model_stats(st.model).bytes < BUDGET + 128 * 1024);
    }
    assert_true(model_stats(st.model).evicted_sessions > 100);
    assert_int_equal(model_stats(st.model).refused_events, 0);
    struct fleet fleet;
    model_fleet(st.model, STORY_AT(300000), STORY_START, &fleet);
    assert_int_equal(fleet.total.llm_calls, 200 * 30); /* also of those given up */
    assert_int_equal(fleet.total.input_tokens, 200 * 30);
    story_close(&st);
}

static void ended_sessions_go_first_then_the_oldest(void **state)
{
    (void)state;
    struct story st;
    story_open_with(&st, BUDGET);
    fill(&st, "oldest", 0, 60);
    fill(&st, "ended", 1000, 60);
    end(&st, "ended", 2000);
    fill(&st, "newer", 3000, 60);
    int64_t ms = 10000;
    while (is_there(&st, "ended") && is_there(&st, "oldest"))
        fill(&st, "big", ms++, 1);
    assert_true(is_there(&st, "oldest"));
    while (is_there(&st, "oldest") && is_there(&st, "newer"))
        fill(&st, "big", ms++, 1);
    assert_true(is_there(&st, "newer"));
    story_close(&st);
}

static void start_up_records_go_before_anything(void **state)
{
    (void)state;
    struct story st;
    char name[16];
    story_open_with(&st, BUDGET);
    fill(&st, "real", 0, 20);
    for (int i = 0; i < 2000; i++) {
        snprintf(name, sizeof name, "phantom%d", i);
        story_tell(&st, in_session(story_event(EVENT_STARTUP, WITNESS_LOG, 1000 + i), name));
    }
    assert_true(is_there(&st, "real"));
    assert_true(model_stats(st.model).evicted_sessions > 0);
    story_close(&st);
}

static void a_session_alone_over_the_budget_is_refused_and_counted(void **state)
{
    (void)state;
    struct story st;
    story_open_with(&st, BUDGET);
    fill(&st, "small", 0, 5);
    fill(&st, "huge", 1000, 5000);
    struct model_stats stats = model_stats(st.model);
    assert_true(stats.refused_events > 0);
    assert_true(stats.bytes < BUDGET + 128 * 1024);
    assert_int_equal(stats.events + stats.refused_events, 5005);
    const struct session *s_huge = model_session(st.model, SLICE_LIT("huge"));
    assert_int_equal((uint64_t)s_huge->total.llm_calls + stats.refused_events, 5000);
    story_close(&st);
}

static void what_was_given_up_is_not_counted_again(void **state)
{
    (void)state;
    struct story st;
    story_open_with(&st, BUDGET);
    fill(&st, "first", 0, 50);
    end(&st, "first", 100);
    fill(&st, "second", 1000, 50);
    for (int64_t ms = 10000; is_there(&st, "first"); ms++)
        fill(&st, "third", ms, 1);
    struct fleet before, after;
    model_fleet(st.model, STORY_AT(20000), STORY_START, &before);
    fill(&st, "first", 0, 50); /* delivered again */
    model_fleet(st.model, STORY_AT(20000), STORY_START, &after);
    assert_int_equal(after.total.llm_calls, before.total.llm_calls);
    assert_int_equal(model_stats(st.model).late_events, 50);
    assert_int_equal(model_stats(st.model).refused_events, 0);
    /* What is new of it counts. */
    struct event e = in_session(story_llm_log(5000, 1, "p-new", "r-new"), "first");
    story_tell(&st, e);
    model_fleet(st.model, STORY_AT(20000), STORY_START, &after);
    assert_int_equal(after.total.llm_calls, before.total.llm_calls + 1);
    story_close(&st);
}

static void ids_of_what_is_gone_find_nothing(void **state)
{
    (void)state;
    struct story st;
    story_open_with(&st, BUDGET);
    fill(&st, "first", 0, 5);
    const struct session *first = model_session(st.model, SLICE_LIT("first"));
    uint64_t session_id = first->id, node_id = first->first_child->id;
    assert_ptr_equal(model_session_by_id(st.model, session_id), first);
    assert_ptr_equal(model_node_by_id(st.model, node_id), first->first_child);
    assert_null(model_node_by_id(st.model, session_id));
    assert_null(model_node_by_id(st.model, session_id + 1000000));
    assert_null(model_session_by_id(st.model, node_id));
    uint64_t generation = model_generation(st.model);
    for (int i = 0; is_there(&st, "first"); i++)
        fill(&st, "second", 1000 + i * 100, 100);
    assert_true(model_generation(st.model) > generation);
    assert_ptr_equal(model_session_by_id(st.model, session_id), first); /* its summary */
    assert_null(model_node_by_id(st.model, node_id));
    fill(&st, "first", 900000, 1);
    model_sessions(st.model);
    assert_int_equal(first->id, session_id);
    assert_null(model_node_by_id(st.model, node_id));
    assert_true(first->first_child && first->first_child->id > node_id);
    assert_ptr_equal(model_node_by_id(st.model, first->first_child->id), first->first_child);
    story_close(&st);
}

/* Fills the budget with another session until that one is a summary. */
static const struct session *give_up(struct story *st, const char *session, int64_t ms)
{
    while (is_there(st, session))
        fill(st, "filler", ms++, 1);
    return model_session(st->model, slice_str(session));
}

static void a_summary_says_what_the_session_came_to(void **state)
{
    (void)state;
    struct story st;
    story_open_with(&st, BUDGET);
    fill(&st, "first", 0, 20);
    struct event e = in_session(story_llm_log(500, 1, "p-last", "r-last"), "first");
    e.model = SLICE_LIT("the-model");
    e.cwd = SLICE_LIT("/srv/first");
    e.title = SLICE_LIT("a title");
    story_tell(&st, e);
    end(&st, "first", 600);
    struct counters before = model_session(st.model, SLICE_LIT("first"))->total;
    const struct session *s = give_up(&st, "first", 10000);
    struct slice used[4];
    assert_memory_equal(&s->total, &before, sizeof before);
    assert_memory_equal(&s->gone, &before, sizeof before);
    assert_null(s->first_child);
    assert_slice_equal(s->session_id, "first");
    assert_slice_equal(s->cwd, "/srv/first");
    assert_slice_equal(s->title, "a title");
    assert_slice_equal(s->model, "the-model");
    assert_int_equal(model_session_models(s, used, 4), 2);
    assert_slice_equal(used[1], "the-model");
    assert_int_equal(s->started_ns, STORY_AT(-1));
    assert_int_equal(s->last_activity_ns, STORY_AT(600));
    assert_int_equal(model_session_status(s, STORY_AT(20000)).state, RUN_ENDED);
    assert_null(model_session_status(s, STORY_AT(20000)).node);
    assert_int_equal(model_stats(st.model).summaries, 1);
    story_close(&st);
}

static void a_summary_that_goes_on_has_a_tree_again(void **state)
{
    (void)state;
    struct story st;
    story_open_with(&st, BUDGET);
    fill(&st, "first", 0, 25);
    const struct session *s = give_up(&st, "first", 10000);
    assert_int_equal(model_session_status(s, STORY_AT(10000)).state, RUN_STALE);
    int64_t turns = s->total.turns;
    /* A call that began before, a stop: no word of anything new. */
    uint64_t late = model_stats(st.model).late_events;
    struct event e = in_session(story_tool_end(20000, 19990, "p-first-2", "Bash", "u1"), "first");
    e.start_ns = STORY_AT(10);
    story_tell(&st, e);
    story_tell(&st, in_session(story_stop(20001, "p-first-2"), "first"));
    assert_true(s->summary);
    assert_int_equal(model_stats(st.model).late_events, late + 2);
    /* The turn that was open goes on, and is counted already; then comes another one. */
    e = in_session(with_usage(story_llm_log(20100, 1, "p-first-2", "r-new"), 3, 2, 1), "first");
    story_tell(&st, e);
    assert_int_equal(model_session(st.model, SLICE_LIT("first"))->total.llm_calls, 26);
    assert_false(s->summary);
    assert_int_equal(s->total.turns, turns);
    assert_int_equal(s->total.input_tokens, 28);
    story_tell(&st, in_session(story_prompt(WITNESS_HOOK, 20200, "p-next", "more"), "first"));
    model_sessions(st.model);
    assert_int_equal(s->total.turns, turns + 1);
    assert_int_equal(s->gone.llm_calls, 25);
    story_tell(&st, e); /* again: one call is one call */
    fill(&st, "first", 0, 25);
    model_sessions(st.model);
    assert_int_equal(s->total.llm_calls, 26);
    /* And it can go once more. */
    give_up(&st, "first", 30000);
    assert_int_equal(s->total.llm_calls, 26);
    assert_int_equal(s->total.turns, turns + 1);
    struct fleet fleet;
    model_fleet(st.model, STORY_AT(40000), STORY_START, &fleet);
    const struct session *filler = model_session(st.model, SLICE_LIT("filler"));
    assert_int_equal(fleet.total.llm_calls, 26 + filler->total.llm_calls);
    story_close(&st);
}

static void the_end_of_a_summary_is_still_noted(void **state)
{
    (void)state;
    struct story st;
    story_open_with(&st, BUDGET);
    fill(&st, "first", 0, 25);
    const struct session *s = give_up(&st, "first", 10000);
    end(&st, "first", 20000);
    assert_true(s->summary);
    assert_int_equal(model_session_status(s, STORY_AT(20000)).state, RUN_ENDED);
    assert_int_equal(model_stats(st.model).late_events, 0);
    story_close(&st);
}

static void summaries_have_a_limit_of_their_own(void **state)
{
    (void)state;
    struct model_config config;
    struct story st;
    char name[16];
    model_config_init(&config);
    config.max_bytes = BUDGET;
    config.summaries_max = 5;
    st.model = model_create(&config);
    for (int i = 0; i < 200; i++) {
        snprintf(name, sizeof name, "s%d", i);
        fill(&st, name, i * 1000, 30);
    }
    struct model_stats stats = model_stats(st.model);
    assert_int_equal(stats.summaries, 5);
    assert_int_equal(stats.dropped_summaries, stats.evicted_sessions - 5);
    assert_null(model_session(st.model, SLICE_LIT("s0")));
    fill(&st, "s0", 0, 30); /* nothing of it is known any more, but that it was counted */
    assert_int_equal(model_stats(st.model).refused_events, 30);
    struct fleet fleet;
    model_fleet(st.model, STORY_AT(300000), STORY_START, &fleet);
    assert_int_equal(fleet.total.llm_calls, 200 * 30);
    story_close(&st);
}

static void many_small_sessions_fit(void **state)
{
    (void)state;
    struct story st;
    char name[16];
    story_open(&st);
    for (int i = 0; i < 10000; i++) {
        snprintf(name, sizeof name, "s%d", i);
        fill(&st, name, i, 2);
    }
    assert_int_equal(model_stats(st.model).evicted_sessions, 0);
    assert_int_equal(model_stats(st.model).sessions, 10000);
    story_close(&st);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_budget_holds),
        cmocka_unit_test(ended_sessions_go_first_then_the_oldest),
        cmocka_unit_test(start_up_records_go_before_anything),
        cmocka_unit_test(a_session_alone_over_the_budget_is_refused_and_counted),
        cmocka_unit_test(what_was_given_up_is_not_counted_again),
        cmocka_unit_test(ids_of_what_is_gone_find_nothing),
        cmocka_unit_test(a_summary_says_what_the_session_came_to),
        cmocka_unit_test(a_summary_that_goes_on_has_a_tree_again),
        cmocka_unit_test(the_end_of_a_summary_is_still_noted),
        cmocka_unit_test(summaries_have_a_limit_of_their_own),
        cmocka_unit_test(many_small_sessions_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
