/* What a session is doing: every state with who said so, since when, and about what. */
#include "test.h"

#include "fresh.h"

static struct event session_event(int64_t ms, enum phase phase)
{
    struct event e = story_event(EVENT_SESSION, WITNESS_HOOK, ms);
    e.phase = phase;
    e.ended = phase == PHASE_FINISHED;
    return e;
}

static struct event display(int64_t ms, const char *prompt)
{
    struct event e = story_event(EVENT_TURN, WITNESS_HOOK, ms);
    e.phase = PHASE_STARTED;
    e.ids.prompt_id = slice_str(prompt);
    return e;
}

static void a_session_without_a_prompt_is_starting(void **state)
{
    (void)state;
    story_tell(&s, session_event(0, PHASE_STARTED));
    assert_status(10, RUN_STARTING, 0, "no prompt yet");
    assert_false(story_session(&s)->real);
    assert_true(story_session(&s)->announced);
}

static void an_open_turn_without_a_tool_thinks(void **state)
{
    (void)state;
    story_tell(&s, story_prompt(WITNESS_HOOK, 100, "p1", NULL));
    assert_status(500, RUN_THINKING, 100, "the turn is open and no tool runs");
    story_tell(&s, story_tool_start(200, "p1", "Bash", "u1"));
    story_tell(&s, story_tool_end(400, 190, "p1", "Bash", "u1"));
    assert_status(500, RUN_THINKING, 400, "the turn is open and no tool runs");
    assert_int_equal(story_status(&s, 500).witness, WITNESS_HOOK);
}

static void shown_text_is_streaming_until_something_else_comes(void **state)
{
    (void)state;
    story_tell(&s, story_prompt(WITNESS_HOOK, 100, "p1", NULL));
    story_tell(&s, display(300, "p1"));
    assert_status(350, RUN_STREAMING, 300, "MessageDisplay hook");
    story_tell(&s, story_tool_start(400, "p1", "Bash", "u1"));
    assert_status(450, RUN_TOOL, 400, "a tool call without a result");
}

static void the_newest_tool_is_the_one_that_runs(void **state)
{
    (void)state;
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", NULL));
    story_tell(&s, story_tool_start(100, "p1", "Agent", "u1"));
    story_tell(&s, story_agent_start(110, "p1", "a1", "Explore"));
    story_tell(&s, with_agent(story_tool_start(200, "p1", "Bash", "u2"), "a1", NULL));
    assert_status(300, RUN_TOOL, 200, "a tool call without a result");
    assert_ptr_equal(story_status(&s, 300).node, story_node(&s, NODE_TOOL, "u2"));
    story_tell(&s, with_agent(story_tool_end(250, 40, "p1", "Bash", "u2"), "a1", NULL));
    assert_status(300, RUN_TOOL, 100, "a tool call without a result");
}

static void a_stop_makes_it_idle_and_the_next_prompt_busy(void **state)
{
    (void)state;
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", NULL));
    story_tell(&s, story_stop(900, "p1"));
    assert_status(5000, RUN_IDLE, 900, "Stop hook");
    story_tell(&s, story_prompt(WITNESS_HOOK, 6000, "p2", NULL));
    assert_status(6100, RUN_THINKING, 6000, "the turn is open and no tool runs");
}

static void the_span_of_a_turn_makes_it_idle(void **state)
{
    (void)state;
    story_tell(&s, with_trace(story_prompt(WITNESS_LOG, 0, "p1", NULL), "t1"));
    story_tell(&s, story_turn_span(0, 800, "t1", NULL));
    assert_status(5000, RUN_IDLE, 800, "the turn ended");
    assert_int_equal(story_status(&s, 5000).witness, WITNESS_LOG);
}

static void the_idle_notification_means_waiting_for_input(void **state)
{
    (void)state;
    struct event idle = story_event(EVENT_NOTICE, WITNESS_HOOK, 61000);
    idle.name = SLICE_LIT("idle_prompt");
    idle.ids.prompt_id = SLICE_LIT("p1");
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", NULL));
    story_tell(&s, story_stop(900, "p1"));
    story_tell(&s, idle);
    assert_status(62000, RUN_INPUT, 61000, "idle_prompt notification");
    story_tell(&s, story_prompt(WITNESS_HOOK, 70000, "p2", NULL));
    story_tell(&s, story_stop(71000, "p2"));
    assert_status(72000, RUN_IDLE, 71000, "Stop hook"); /* the old notification is about the old wait */
}

static void a_failed_turn_is_failed_until_the_next(void **state)
{
    (void)state;
    struct event stop = failing(story_stop(900, "p1"), "server", "500");
    stop.source = SLICE_LIT("stop_failure");
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", NULL));
    story_tell(&s, stop);
    assert_status(1000, RUN_FAILED, 900, "the turn ended in an error");
    assert_int_equal(story_turn(&s, 1)->state, NODE_FAILED);
    story_tell(&s, story_prompt(WITNESS_HOOK, 2000, "p2", NULL));
    assert_status(2100, RUN_THINKING, 2000, "the turn is open and no tool runs");
}

static void compaction_lasts_from_its_start_to_its_end(void **state)
{
    (void)state;
    struct event begun = story_event(EVENT_COMPACTION, WITNESS_HOOK, 500), done;
    begun.phase = PHASE_STARTED;
    begun.ids.prompt_id = SLICE_LIT("p1");
    done = begun;
    done.phase = PHASE_FINISHED;
    done.time_ns = done.arrival_ns = STORY_AT(2500);
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", NULL));
    story_tell(&s, begun);
    assert_status(1000, RUN_COMPACTING, 500, "PreCompact hook");
    story_tell(&s, done);
    assert_int_equal(story_status(&s, 3000).state, RUN_THINKING);
}

static void a_compaction_of_an_earlier_turn_is_over(void **state)
{
    (void)state;
    struct event begun = story_event(EVENT_COMPACTION, WITNESS_HOOK, 500);
    begun.phase = PHASE_STARTED;
    begun.ids.prompt_id = SLICE_LIT("p1");
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", NULL));
    story_tell(&s, begun);
    story_tell(&s, story_prompt(WITNESS_HOOK, 9000, "p2", NULL));
    assert_status(9100, RUN_THINKING, 9000, "the turn is open and no tool runs");
}

static void silence_in_an_open_turn_is_stale(void **state)
{
    (void)state;
    int64_t limit = STALE_AFTER_NS / STORY_MS;
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", NULL));
    story_tell(&s, story_tool_start(1000, "p1", "Bash", "u1"));
    assert_int_equal(story_status(&s, 1000 + limit).state, RUN_TOOL);
    assert_status(1001 + limit, RUN_STALE, 1000, "nothing heard since");
    story_tell(&s, story_stop(2000 + limit, "p1"));
    assert_int_equal(story_status(&s, 10 * limit).state,
                     RUN_IDLE); /* nothing is open: silence means nothing */
}

static void log_events_alone_are_idle_after_a_while(void **state)
{
    (void)state;
    int64_t quiet = INT64_C(10000);
    story_tell(&s, story_prompt(WITNESS_LOG, 0, "p1", NULL));
    story_tell(&s, story_llm_log(900, 500, "p1", "r1"));
    assert_int_equal(story_status(&s, 900 + quiet).state, RUN_THINKING);
    assert_status(901 + quiet, RUN_IDLE, 900, "quiet since the last event");
    /* Unless a tool was allowed and has no result. */
    story_tell(&s, story_decision(950, "p1", "Bash", "u1", DECISION_ACCEPTED, "config"));
    assert_int_equal(story_status(&s, 60000).state, RUN_TOOL);
}

static void an_ended_session_is_ended(void **state)
{
    (void)state;
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", NULL));
    story_tell(&s, session_event(1000, PHASE_FINISHED));
    assert_status(1100, RUN_ENDED, 1000, "SessionEnd hook");
    assert_slice_equal(story_turn(&s, 1)->end_reason, "session_end");
    /* Records of the end arrive after it. */
    story_tell(&s, story_llm_log(900, 100, "p1", "r1"));
    assert_int_equal(story_status(&s, 1200).state, RUN_ENDED);
}

static void a_resumed_session_is_not_ended(void **state)
{
    (void)state;
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", NULL));
    story_tell(&s, story_stop(900, "p1"));
    story_tell(&s, session_event(1000, PHASE_FINISHED));
    story_tell(&s, session_event(1400, PHASE_STARTED));
    assert_int_equal(story_status(&s, 1500).state, RUN_IDLE);
    story_tell(&s, session_event(2000, PHASE_FINISHED));
    assert_int_equal(story_status(&s, 2100).state, RUN_ENDED);
    /* Posted hooks do not tell of the start: the prompt does. */
    story_tell(&s, story_prompt(WITNESS_HOOK, 2500, "p2", NULL));
    assert_int_equal(story_status(&s, 2600).state, RUN_THINKING);
    /* Nor need there be any hooks. */
    story_tell(&s, session_event(3000, PHASE_FINISHED));
    story_tell(&s, story_prompt(WITNESS_LOG, 90000, "p3", NULL));
    assert_int_equal(story_status(&s, 90100).state, RUN_THINKING);
}

static void start_up_records_make_no_session(void **state)
{
    (void)state;
    story_tell(&s, story_event(EVENT_STARTUP, WITNESS_LOG, 0));
    story_tell(&s, story_event(EVENT_METRIC, WITNESS_METRIC, 10));
    assert_false(story_session(&s)->real);
    struct fleet fleet;
    model_fleet(s.model, STORY_AT(100), STORY_START, &fleet);
    assert_int_equal(fleet.sessions, 0);
    assert_int_equal(fleet.live, 0);
}

static void what_is_said_of_a_session_is_the_newest_word(void **state)
{
    (void)state;
    static const char *const versions[] = {"2.1.9", "2.1.330", "2.1.10"};
    for (int i = 2; i >= 0; i--) {
        struct event e = story_event(EVENT_STARTUP, WITNESS_LOG, i * 100);
        e.service_version = slice_str(versions[i]);
        e.cwd = i == 1 ? SLICE_LIT("/new") : i == 0 ? SLICE_LIT("/old") : SLICE_NULL;
        story_tell(&s, e);
    }
    const struct session *session = story_session(&s);
    assert_slice_equal(session->service_version, "2.1.10");
    assert_slice_equal(session->cwd, "/new");
    assert_int_equal(session->title.len, 0); /* nobody said one */
    struct event titled = story_event(EVENT_SESSION, WITNESS_LOG, 50);
    titled.title = SLICE_LIT("Fix the login");
    story_tell(&s, titled);
    assert_slice_equal(story_session(&s)->title, "Fix the login");
    struct event elsewhere = with_agent(story_tool_start(900, "p1", "Bash", "u1"), "a1", NULL);
    elsewhere.cwd = SLICE_LIT("/worktree");
    story_tell(&s, elsewhere);
    assert_slice_equal(story_session(&s)->cwd, "/new");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_session_without_a_prompt_is_starting),
        TEST(an_open_turn_without_a_tool_thinks),
        TEST(shown_text_is_streaming_until_something_else_comes),
        TEST(the_newest_tool_is_the_one_that_runs),
        TEST(a_stop_makes_it_idle_and_the_next_prompt_busy),
        TEST(the_span_of_a_turn_makes_it_idle),
        TEST(the_idle_notification_means_waiting_for_input),
        TEST(a_failed_turn_is_failed_until_the_next),
        TEST(compaction_lasts_from_its_start_to_its_end),
        TEST(a_compaction_of_an_earlier_turn_is_over),
        TEST(silence_in_an_open_turn_is_stale),
        TEST(log_events_alone_are_idle_after_a_while),
        TEST(an_ended_session_is_ended),
        TEST(a_resumed_session_is_not_ended),
        TEST(start_up_records_make_no_session),
        TEST(what_is_said_of_a_session_is_the_newest_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
