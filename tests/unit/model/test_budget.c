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
    return model_session(st->model, slice_str(session)) != NULL;
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
    assert_int_equal(model_stats(st.model).refused_events, 50);
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
    assert_null(model_session_by_id(st.model, session_id));
    assert_null(model_node_by_id(st.model, node_id));
    fill(&st, "first", 900000, 1);
    assert_true(model_session(st.model, SLICE_LIT("first"))->id != session_id);
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
        cmocka_unit_test(many_small_sessions_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
