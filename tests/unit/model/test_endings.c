/* How turns end when nobody says so: every kind of interruption as the client was seen to report it. */
#include "test.h"

#include "fresh.h"

static struct event ask_prompt(enum witness w, int64_t ms, const char *id)
{
    struct event e = story_prompt(w, ms, id, "do it");
    e.turn_kind = TURN_KIND_PROMPT;
    return e;
}

/* A turn before, from which it is known that hooks tell of stops and of the ends of tools. */
static void usual_turn(void)
{
    story_tell(&s, ask_prompt(WITNESS_HOOK, -9000, "p0"));
    story_tell(&s, story_tool_start(-8500, "p0", "Read", "u0"));
    story_tell(&s, story_tool_end(-8400, 90, "p0", "Read", "u0"));
    story_tell(&s, story_stop(-8000, "p0"));
}

static struct event tool_span(const char *name, const char *id, int64_t from, int64_t to)
{
    struct event e = story_event(EVENT_TOOL, WITNESS_SPAN, to);
    e.ids.tool_use_id = slice_str(id);
    e.name = slice_str(name);
    e.span_role = SPAN_ROLE_TOOL;
    e.phase = PHASE_STARTED;
    e.start_ns = STORY_AT(from);
    e.end_ns = STORY_AT(to);
    return with_trace(e, "t1");
}

static void escape_while_the_model_writes_leaves_only_the_span(void **state)
{
    (void)state;
    usual_turn();
    story_tell(&s, ask_prompt(WITNESS_HOOK, 0, "p1"));
    assert_int_equal(story_status(&s, 2000).state, RUN_THINKING);
    story_tell(&s, with_trace(ask_prompt(WITNESS_LOG, 0, "p1"), "t1"));
    story_tell(&s, story_turn_span(0, 3000, "t1", NULL));
    assert_status(4000, RUN_IDLE, 3000, "the turn was interrupted");
    assert_int_equal(story_turn(&s, 2)->state, NODE_INTERRUPTED);
    assert_slice_equal(story_turn(&s, 2)->end_reason, "interrupted");
}

static void escape_while_the_model_writes_shows_without_hooks(void **state)
{
    (void)state;
    story_tell(&s, with_trace(ask_prompt(WITNESS_LOG, 0, "p1"), "t1"));
    story_tell(&s, story_turn_span(0, 3000, "t1", NULL));
    assert_status(4000, RUN_IDLE, 3000, "the turn was interrupted");
}

static void escape_during_a_tool_is_a_failure_that_no_hook_tells_of(void **state)
{
    (void)state;
    usual_turn();
    story_tell(&s, ask_prompt(WITNESS_HOOK, 0, "p1"));
    story_tell(&s, story_tool_start(500, "p1", "Bash", "u1"));
    assert_status(2000, RUN_TOOL, 500, "a tool call without a result");
    story_tell(&s,
               failing(story_tool_log(3000, 2500, "p1", "Bash", "u1"), "ShellError", "Shell command failed"));
    assert_status(4000, RUN_IDLE, 3000, "the turn was interrupted");
    /* A tool that failed by itself has its hook, and the turn goes on. */
    story_tell(&s, failing(story_tool_end(3010, 2500, "p1", "Bash", "u1"), "tool_error", "exit 1"));
    assert_int_equal(story_status(&s, 4000).state, RUN_THINKING);
    assert_slice_equal(story_node(&s, NODE_TOOL, "u1")->error_message, "exit 1"); /* the hook's words */
    assert_slice_equal(story_node(&s, NODE_TOOL, "u1")->error_type, "ShellError");
}

static void a_call_after_the_failure_takes_the_interruption_back(void **state)
{
    (void)state;
    usual_turn();
    story_tell(&s, ask_prompt(WITNESS_HOOK, 0, "p1"));
    story_tell(&s, story_tool_start(500, "p1", "Bash", "u1"));
    story_tell(&s, failing(story_tool_log(3000, 2500, "p1", "Bash", "u1"), "ShellError", NULL));
    story_tell(&s, story_llm_log(5000, 1500, "p1", "r2"));
    assert_int_equal(story_turn(&s, 2)->state, NODE_RUNNING);
    assert_int_equal(story_turn(&s, 2)->end_ns, 0);
}

static void a_refusal_ends_the_turn_at_once(void **state)
{
    (void)state;
    story_tell(&s, ask_prompt(WITNESS_HOOK, 0, "p1"));
    story_tell(&s, story_tool_start(500, "p1", "Write", "u1"));
    story_tell(&s, story_ask(520, "p1", "Write"));
    story_tell(&s, story_decision(3000, "p1", "Write", "u1", DECISION_REJECTED, "user_reject"));
    assert_status(3500, RUN_IDLE, 3000, "the user refused a permission");
    assert_int_equal(story_turn(&s, 1)->total.wait_ns, 2480 * STORY_MS);
    /* One that came with advice goes on. */
    story_tell(&s, story_llm_log(6000, 2500, "p1", "r2"));
    assert_int_equal(story_status(&s, 6100).state, RUN_THINKING);
}

static void a_rule_that_refuses_lets_the_turn_go_on(void **state)
{
    (void)state;
    story_tell(&s, ask_prompt(WITNESS_HOOK, 0, "p1"));
    story_tell(&s, story_decision(600, "p1", "Write", "u1", DECISION_REJECTED, "config"));
    assert_int_equal(story_status(&s, 700).state, RUN_THINKING);
    assert_int_equal(story_turn(&s, 1)->state, NODE_RUNNING);
}

static void a_terminated_client_ends_its_turn_without_its_tool(void **state)
{
    (void)state;
    struct event wait = story_event(EVENT_SPAN, WITNESS_SPAN, 520);
    wait.span_role = SPAN_ROLE_WAIT;
    wait.decision = DECISION_ACCEPTED;
    wait.source = SLICE_LIT("config");
    wait.start_ns = STORY_AT(510);
    wait.end_ns = STORY_AT(520);
    story_tell(&s, with_trace(ask_prompt(WITNESS_LOG, 0, "p1"), "t1"));
    story_tell(&s, story_llm_span(10, 500, "t1", "r1"));
    story_tell(&s, with_span(with_trace(wait, "t1"), "s-wait", "s-tool"));
    story_tell(&s, story_turn_span(0, 3000, "t1", NULL));
    const struct node *unknown = story_turn(&s, 1)->last_child;
    assert_int_equal(unknown->kind, NODE_TOOL);
    assert_int_equal(unknown->state, NODE_UNKNOWN);
    assert_slice_equal(unknown->source, "config");
    assert_int_equal(story_session(&s)->total.tool_calls, 0);
    assert_int_equal(story_turn(&s, 1)->state, NODE_INTERRUPTED);
    /* Its span, late, takes the placeholder's place. */
    story_tell(&s, with_span(tool_span("Bash", "u1", 505, 2900), "s-tool", "s-turn"));
    assert_ptr_equal(story_turn(&s, 1)->last_child, story_node(&s, NODE_TOOL, "u1"));
    assert_ptr_equal(story_node(&s, NODE_TOOL, "u1")->prev, story_node(&s, NODE_LLM, "r1"));
    assert_int_equal(story_session(&s)->total.tool_calls, 1);
}

static void a_killed_client_is_silent_and_then_stale(void **state)
{
    (void)state;
    story_tell(&s, ask_prompt(WITNESS_HOOK, 0, "p1"));
    story_tell(&s, story_tool_start(500, "p1", "Bash", "u1"));
    assert_int_equal(story_status(&s, 600).state, RUN_TOOL);
    assert_int_equal(story_status(&s, 500 + STALE_AFTER_NS / STORY_MS + 1).state, RUN_STALE);
}

static struct event process_exit(int64_t ms)
{
    struct event e = story_event(EVENT_SESSION, WITNESS_HOOK, ms);
    e.phase = PHASE_FINISHED;
    e.ended = e.interrupted = true;
    return e;
}

static struct event session_end(int64_t ms)
{
    struct event e = process_exit(ms);
    e.interrupted = false;
    return e;
}

static void a_process_that_dies_takes_its_turn_with_it(void **state)
{
    (void)state;
    struct event asks = story_llm_log(400, 300, "p1", "r1");
    asks.wants_tools = true;
    story_tell(&s, ask_prompt(WITNESS_HOOK, 0, "p1"));
    story_tell(&s, asks);
    story_tell(&s, story_tool_start(500, "p1", "Bash", "u1"));
    story_tell(&s, process_exit(900));
    assert_status(1000, RUN_ENDED, 900, "its process is gone");
    assert_int_equal(story_turn(&s, 1)->state, NODE_INTERRUPTED);
    assert_slice_equal(story_turn(&s, 1)->end_reason, "session_end");
    assert_int_equal(story_node(&s, NODE_TOOL, "u1")->state, NODE_INTERRUPTED);
    assert_int_equal(story_node(&s, NODE_LLM, "r1")->state, NODE_DONE);
}

static void so_it_does_while_the_model_writes(void **state)
{
    (void)state;
    story_tell(&s, ask_prompt(WITNESS_HOOK, 0, "p1"));
    story_tell(&s, process_exit(900));
    assert_int_equal(story_turn(&s, 1)->state, NODE_INTERRUPTED);
    assert_slice_equal(story_turn(&s, 1)->end_reason, "session_end");
}

static void a_turn_that_had_stopped_was_over_before(void **state)
{
    (void)state;
    usual_turn();
    story_tell(&s, process_exit(900));
    assert_int_equal(story_turn(&s, 1)->state, NODE_DONE);
    assert_slice_equal(story_turn(&s, 1)->end_reason, "stop_hook");
}

static void a_closed_terminal_cuts_off_what_lacks_its_answer(void **state)
{
    (void)state;
    /* Log events alone: the first turn had its answer, the second is in a tool, the third got none. */
    story_tell(&s, ask_prompt(WITNESS_LOG, 0, "p1"));
    story_tell(&s, story_llm_log(900, 300, "p1", "r1"));
    story_tell(&s, ask_prompt(WITNESS_LOG, 2000, "p2"));
    story_tell(&s, story_llm_log(2900, 300, "p2", "r2"));
    story_tell(&s, story_tool_log(3500, 100, "p2", "Bash", "u2"));
    story_tell(&s, ask_prompt(WITNESS_LOG, 5000, "p3"));
    story_tell(&s, session_end(6000));
    assert_int_equal(story_turn(&s, 1)->state, NODE_DONE);
    assert_slice_equal(story_turn(&s, 1)->end_reason, "new_prompt");
    assert_int_equal(story_turn(&s, 2)->state, NODE_INTERRUPTED);
    assert_slice_equal(story_turn(&s, 2)->end_reason, "new_prompt");
    assert_int_equal(story_turn(&s, 3)->state, NODE_INTERRUPTED);
    assert_slice_equal(story_turn(&s, 3)->end_reason, "session_end");
}

static void hooks_alone_do_not_tell_of_answers(void **state)
{
    (void)state;
    /* No Stop hook is set up here: nothing says that the answer is missing. */
    story_tell(&s, ask_prompt(WITNESS_HOOK, 0, "p1"));
    story_tell(&s, story_tool_start(500, "p1", "Bash", "u1"));
    story_tell(&s, story_tool_end(800, 200, "p1", "Bash", "u1"));
    story_tell(&s, session_end(6000));
    assert_int_equal(story_turn(&s, 1)->state, NODE_DONE);
}

#define LONG_SILENCE ((LIVE_WITHIN_NS + INT64_C(60) * 1000000000) / STORY_MS)

static void at_last_silence_closes_what_is_open(void **state)
{
    (void)state;
    story_tell(&s, ask_prompt(WITNESS_HOOK, 0, "p1"));
    story_tell(&s, story_tool_start(500, "p1", "Bash", "u1"));
    model_advance(s.model, STORY_AT(500 + LIVE_WITHIN_NS / STORY_MS));
    assert_int_equal(story_turn(&s, 1)->state, NODE_RUNNING);
    assert_true(model_due_ns(s.model) <= STORY_AT(500 + LONG_SILENCE));
    model_advance(s.model, STORY_AT(500 + LONG_SILENCE));
    assert_int_equal(story_turn(&s, 1)->state, NODE_INTERRUPTED);
    assert_slice_equal(story_turn(&s, 1)->end_reason, "silence");
    assert_int_equal(story_turn(&s, 1)->end_ns, STORY_AT(500));
    assert_int_equal(story_node(&s, NODE_TOOL, "u1")->state, NODE_UNKNOWN);
    assert_int_equal(story_session(&s)->total.tool_calls, 1);
    assert_status(500 + LONG_SILENCE, RUN_STALE, 500, "nothing heard since");
    assert_int_equal(model_due_ns(s.model), 0);
    /* It was only slow. */
    story_tell(&s, story_tool_end(900 + LONG_SILENCE, LONG_SILENCE, "p1", "Bash", "u1"));
    assert_int_equal(story_turn(&s, 1)->state, NODE_RUNNING);
    assert_int_equal(story_node(&s, NODE_TOOL, "u1")->state, NODE_DONE);
}

static void who_waits_for_a_human_may_be_silent_for_long(void **state)
{
    (void)state;
    story_tell(&s, ask_prompt(WITNESS_HOOK, 0, "p1"));
    story_tell(&s, story_tool_start(500, "p1", "Bash", "u1"));
    story_tell(&s, story_ask(600, "p1", "Bash"));
    model_advance(s.model, STORY_AT(600 + LONG_SILENCE));
    assert_int_equal(story_turn(&s, 1)->state, NODE_RUNNING);
    assert_int_equal(story_node(&s, NODE_TOOL, "u1")->state, NODE_WAITING);
    model_advance(s.model, STORY_AT(600 + WAITING_WITHIN_NS / STORY_MS + 60000));
    assert_int_equal(story_turn(&s, 1)->state, NODE_INTERRUPTED);
    assert_int_equal(story_node(&s, NODE_TOOL, "u1")->state, NODE_UNKNOWN);
}

static void silence_closes_agents_in_the_background_too(void **state)
{
    (void)state;
    struct event spawned = story_agent_start(300, "p1", "a1", "Explore");
    spawned.background = true;
    story_tell(&s, ask_prompt(WITNESS_HOOK, 0, "p1"));
    story_tell(&s, spawned);
    story_tell(&s, with_agent(story_tool_start(500, "p1", "Bash", "u1"), "a1", NULL));
    story_tell(&s, story_stop(800, "p1"));
    assert_int_equal(story_node(&s, NODE_AGENT, "a1")->state, NODE_RUNNING);
    model_advance(s.model, STORY_AT(800 + LONG_SILENCE));
    assert_int_equal(story_turn(&s, 1)->state, NODE_DONE);
    assert_int_equal(story_node(&s, NODE_AGENT, "a1")->state, NODE_UNKNOWN);
    assert_int_equal(story_node(&s, NODE_TOOL, "u1")->state, NODE_UNKNOWN);
    assert_int_equal(story_status(&s, 800 + LONG_SILENCE).state, RUN_IDLE);
}

static void the_next_prompt_cuts_off_what_should_have_stopped(void **state)
{
    (void)state;
    usual_turn();
    story_tell(&s, ask_prompt(WITNESS_HOOK, 0, "p1"));
    story_tell(&s, story_tool_start(500, "p1", "Bash", "u1"));
    story_tell(&s, ask_prompt(WITNESS_HOOK, 9000, "p2"));
    assert_int_equal(story_turn(&s, 2)->state, NODE_INTERRUPTED);
    assert_slice_equal(story_turn(&s, 2)->end_reason, "new_prompt");
    assert_int_equal(story_node(&s, NODE_TOOL, "u1")->state, NODE_INTERRUPTED);
}

static void a_stop_that_a_hook_refuses_is_no_end(void **state)
{
    (void)state;
    story_tell(&s, ask_prompt(WITNESS_HOOK, 0, "p1"));
    story_tell(&s, story_stop(1000, "p1"));
    assert_int_equal(story_status(&s, 1100).state, RUN_IDLE);
    story_tell(&s, story_tool_start(1300, "p1", "Bash", "u1"));
    assert_status(1400, RUN_TOOL, 1300, "a tool call without a result");
    assert_int_equal(story_turn(&s, 1)->end_ns, 0);
    story_tell(&s, story_tool_end(1500, 190, "p1", "Bash", "u1"));
    story_tell(&s, story_stop(2000, "p1"));
    assert_status(2100, RUN_IDLE, 2000, "Stop hook");
    assert_int_equal(story_turn(&s, 1)->end_ns, STORY_AT(2000));
}

static void compacting_by_hand_ends_with_its_end(void **state)
{
    (void)state;
    struct event c = story_event(EVENT_COMPACTION, WITNESS_HOOK, 100);
    c.phase = PHASE_STARTED;
    c.source = SLICE_LIT("manual");
    c.ids.prompt_id = SLICE_LIT("p1");
    story_tell(&s, c);
    assert_status(200, RUN_COMPACTING, 100, "PreCompact hook");
    c.phase = PHASE_FINISHED;
    c.time_ns = c.arrival_ns = STORY_AT(4000);
    story_tell(&s, c);
    assert_status(4100, RUN_IDLE, 4000, "the compaction is done");
    assert_int_equal(story_turn(&s, 1)->turn_kind, TURN_KIND_COMPACT);
    assert_slice_equal(story_turn(&s, 1)->end_reason, "compacted");
}

static void compacting_on_the_way_lets_the_turn_go_on(void **state)
{
    (void)state;
    struct event c = story_event(EVENT_COMPACTION, WITNESS_HOOK, 100);
    c.phase = PHASE_STARTED;
    c.source = SLICE_LIT("auto");
    c.ids.prompt_id = SLICE_LIT("p1");
    story_tell(&s, ask_prompt(WITNESS_HOOK, 0, "p1"));
    story_tell(&s, c);
    c.phase = PHASE_FINISHED;
    c.time_ns = c.arrival_ns = STORY_AT(4000);
    story_tell(&s, c);
    assert_int_equal(story_status(&s, 4100).state, RUN_THINKING);
}

static void a_failed_request_is_retried_until_somebody_gives_up(void **state)
{
    (void)state;
    struct event error = failing(story_llm_log(900, 300, "p1", "r1"), "overloaded", "529");
    story_tell(&s, ask_prompt(WITNESS_LOG, 0, "p1"));
    story_tell(&s, error);
    assert_status(1000, RUN_RETRYING, 900, "a request failed and the turn is open");
    assert_ptr_equal(story_status(&s, 1000).node, story_node(&s, NODE_LLM, "r1"));
    assert_status(11000, RUN_FAILED, 900, "a request failed and nothing followed");
    struct event given_up = story_event(EVENT_TURN, WITNESS_LOG, 905);
    given_up.ids.prompt_id = SLICE_LIT("p1");
    given_up.gave_up = true;
    story_tell(&s, given_up);
    assert_status(1000, RUN_FAILED, 905, "the turn ended in an error");
    assert_slice_equal(story_turn(&s, 1)->end_reason, "api_error");
    assert_slice_equal(story_turn(&s, 1)->error_type, "overloaded");
}

static void what_no_retry_can_mend_is_an_end(void **state)
{
    (void)state;
    story_tell(&s, ask_prompt(WITNESS_LOG, 0, "p1"));
    story_tell(&s, failing(story_llm_log(900, 300, "p1", "r1"), "auth", "401"));
    assert_status(1000, RUN_FAILED, 900, "the turn ended in an error");
    story_tell(&s, story_llm_log(2000, 300, "p1", "r2")); /* it was mended after all */
    assert_int_equal(story_turn(&s, 1)->state, NODE_RUNNING);
}

static void a_permission_given_starts_the_clock_of_the_tool(void **state)
{
    (void)state;
    story_tell(&s, ask_prompt(WITNESS_HOOK, 0, "p1"));
    story_tell(&s, story_tool_start(100, "p1", "Bash", "u1"));
    story_tell(&s, story_ask(130, "p1", "Bash"));
    story_tell(&s, story_decision(8130, "p1", "Bash", "u1", DECISION_ACCEPTED, "user_temporary"));
    assert_status(9000, RUN_TOOL, 8130, "a tool call without a result");
}

static void a_question_waits_for_an_answer(void **state)
{
    (void)state;
    struct event start = story_tool_start(100, "p1", "AskUserQuestion", "u1");
    start.asks_user = true;
    story_tell(&s, ask_prompt(WITNESS_HOOK, 0, "p1"));
    story_tell(&s, start);
    story_tell(&s, story_ask(130, "p1", "AskUserQuestion"));
    assert_status(9000, RUN_INPUT, 130, "a question to the user");
    struct fleet fleet;
    model_fleet(s.model, STORY_AT(130 + 3600 * 1000), STORY_START, &fleet);
    assert_int_equal(fleet.waiting, 1); /* an hour later, too */
}

static void an_agent_in_the_background_keeps_the_session_at_work(void **state)
{
    (void)state;
    struct event spawned = story_agent_start(300, "p1", "a1", "Explore");
    spawned.background = true;
    story_tell(&s, ask_prompt(WITNESS_HOOK, 0, "p1"));
    story_tell(&s, spawned);
    story_tell(&s, story_stop(1000, "p1"));
    assert_status(1500, RUN_TOOL, 300, "an agent works in the background");
    assert_ptr_equal(story_status(&s, 1500).node, story_node(&s, NODE_AGENT, "a1"));
    assert_int_equal(story_turn(&s, 1)->state, NODE_DONE);
    story_tell(&s, story_agent_stop(5000, "p1", "a1", "Explore"));
    assert_status(5500, RUN_IDLE, 1000, "Stop hook");
}

static void the_response_of_a_background_agent_is_its_end(void **state)
{
    (void)state;
    struct event spawned = story_agent_start(300, "p1", "a1", "Explore");
    spawned.background = true;
    struct event asks = with_agent(story_llm_span(310, 500, "t1", "r1"), "a1", NULL);
    asks.wants_tools = true;
    story_tell(&s, with_trace(ask_prompt(WITNESS_LOG, 0, "p1"), "t1"));
    story_tell(&s, spawned);
    story_tell(&s, asks);
    assert_int_equal(story_node(&s, NODE_AGENT, "a1")->state, NODE_RUNNING);
    story_tell(&s, with_agent(story_llm_span(600, 900, "t1", "r2"), "a1", NULL));
    assert_int_equal(story_node(&s, NODE_AGENT, "a1")->state, NODE_DONE);
    assert_int_equal(story_node(&s, NODE_AGENT, "a1")->end_ns, STORY_AT(900));
}

static void tell_native(struct event e)
{
    e.native = true;
    story_tell(&s, e);
}

/* A prompt and its answers, known from log events alone. */
static void logged_turn(void)
{
    tell_native(ask_prompt(WITNESS_LOG, 0, "p1"));
    tell_native(story_llm_log(1000, 900, "p1", "r1"));
    tell_native(story_decision(1100, "p1", "Bash", "u1", DECISION_ACCEPTED, "config"));
    tell_native(story_tool_log(3000, 1900, "p1", "Bash", "u1"));
    struct event answer = story_llm_log(4000, 900, "p1", "r2");
    answer.arrival_ns = STORY_AT(8000); /* the exporter's interval */
    tell_native(answer);
}

static void at(int64_t ms)
{
    model_advance(s.model, STORY_AT(ms));
}

static void silence_after_an_answer_ends_what_only_the_log_tells_of(void **state)
{
    (void)state;
    const int64_t rest = REST_AFTER_NS / STORY_MS;
    logged_turn();
    assert_int_equal(story_turn(&s, 1)->state, NODE_RUNNING);
    assert_int_equal(model_due_ns(s.model), STORY_AT(8000 + rest));
    at(8000 + rest - 1);
    assert_int_equal(story_turn(&s, 1)->state, NODE_RUNNING);
    at(8000 + rest);
    assert_int_equal(story_turn(&s, 1)->state, NODE_DONE);
    assert_slice_equal(story_turn(&s, 1)->end_reason, "idle_after_stop_reason");
    assert_int_equal(story_turn(&s, 1)->end_ns,
                     STORY_AT(4000)); /* the last activity, not the end of the wait */
    assert_status(8000 + rest, RUN_IDLE, 4000, "nothing followed an answer that asked for no tool");
    /* Of the session something is heard, of the turn nothing: it stays over. */
    struct event metric = story_event(EVENT_METRIC, WITNESS_METRIC, 9000 + rest);
    metric.native = true;
    metric.metric_value = 1;
    story_tell(&s, metric);
    tell_native(story_event(EVENT_STARTUP, WITNESS_LOG, 9500 + rest));
    assert_int_equal(story_turn(&s, 1)->state, NODE_DONE);
    /* A permission that was asked for all the while: the turn goes on. */
    tell_native(story_decision(99000, "p1", "Write", "u2", DECISION_ACCEPTED, "user_temporary"));
    assert_int_equal(story_turn(&s, 1)->state, NODE_RUNNING);
    assert_int_equal(story_turn(&s, 1)->end_ns, 0);
    tell_native(story_tool_log(99500, 400, "p1", "Write", "u2"));
    at(99500 + 10 * rest);
    assert_int_equal(story_turn(&s, 1)->state, NODE_RUNNING); /* its result is not answered */
    /* The next prompt is the better reason. */
    tell_native(story_llm_log(700000, 900, "p1", "r3"));
    at(700000 + rest);
    assert_slice_equal(story_turn(&s, 1)->end_reason, "idle_after_stop_reason");
    tell_native(ask_prompt(WITNESS_LOG, 900000, "p2"));
    assert_slice_equal(story_turn(&s, 1)->end_reason, "new_prompt");
    assert_int_equal(story_turn(&s, 1)->end_ns, STORY_AT(700000));
    assert_int_equal(story_turn(&s, 1)->state, NODE_DONE);
}

static void silence_ends_nothing_that_may_go_on(void **state)
{
    (void)state;
    enum { TOOL, UNANSWERED, HOOKS, SPANS, OTHER, NO_IDS, FAILED, CASES };
    for (int i = 0; i < CASES; i++) {
        story_close(&s);
        story_open(&s);
        struct event answer = story_llm_log(2000, 900, "p1", i == NO_IDS ? NULL : "r1");
        answer.native = i != OTHER;
        answer.other_agent = i == OTHER;
        story_tell(&s, ask_prompt(WITNESS_LOG, 0, "p1"));
        story_tell(&s, i == FAILED ? failing(answer, "server", "no") : answer);
        if (i == TOOL) /* decided and without a result */
            tell_native(story_decision(2100, "p1", "Bash", "u1", DECISION_ACCEPTED, "config"));
        if (i == UNANSWERED) {
            tell_native(story_decision(2100, "p1", "Bash", "u1", DECISION_ACCEPTED, "config"));
            tell_native(story_tool_log(3000, 900, "p1", "Bash", "u1"));
        }
        if (i == HOOKS)
            tell_native(ask_prompt(WITNESS_HOOK, 0, "p1"));
        if (i == SPANS)
            tell_native(story_llm_span(1100, 2000, "t1", "r1"));
        at(2000 + 3 * (REST_AFTER_NS / STORY_MS));
        if (story_turn(&s, 1)->state != NODE_RUNNING)
            fail_msg("case %d is over: %.*s", i, SLICE_ARG(story_turn(&s, 1)->end_reason));
        at(4000 + (LIVE_WITHIN_NS + INT64_C(120000000000)) / STORY_MS);
        assert_slice_equal(story_turn(&s, 1)->end_reason, "silence");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(escape_while_the_model_writes_leaves_only_the_span),
        TEST(escape_while_the_model_writes_shows_without_hooks),
        TEST(escape_during_a_tool_is_a_failure_that_no_hook_tells_of),
        TEST(a_call_after_the_failure_takes_the_interruption_back),
        TEST(a_refusal_ends_the_turn_at_once),
        TEST(a_rule_that_refuses_lets_the_turn_go_on),
        TEST(a_terminated_client_ends_its_turn_without_its_tool),
        TEST(a_killed_client_is_silent_and_then_stale),
        TEST(a_process_that_dies_takes_its_turn_with_it),
        TEST(so_it_does_while_the_model_writes),
        TEST(a_turn_that_had_stopped_was_over_before),
        TEST(a_closed_terminal_cuts_off_what_lacks_its_answer),
        TEST(hooks_alone_do_not_tell_of_answers),
        TEST(at_last_silence_closes_what_is_open),
        TEST(who_waits_for_a_human_may_be_silent_for_long),
        TEST(silence_closes_agents_in_the_background_too),
        TEST(the_next_prompt_cuts_off_what_should_have_stopped),
        TEST(a_stop_that_a_hook_refuses_is_no_end),
        TEST(compacting_by_hand_ends_with_its_end),
        TEST(compacting_on_the_way_lets_the_turn_go_on),
        TEST(a_failed_request_is_retried_until_somebody_gives_up),
        TEST(what_no_retry_can_mend_is_an_end),
        TEST(a_permission_given_starts_the_clock_of_the_tool),
        TEST(a_question_waits_for_an_answer),
        TEST(an_agent_in_the_background_keeps_the_session_at_work),
        TEST(the_response_of_a_background_agent_is_its_end),
        TEST(silence_after_an_answer_ends_what_only_the_log_tells_of),
        TEST(silence_ends_nothing_that_may_go_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
