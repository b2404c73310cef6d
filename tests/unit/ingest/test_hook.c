/* Claude Code's hooks as it posts them. */
#include "test.h"

#include "hearing.h"

#include <stdio.h>

static struct hearing h;

static int setup(void **state)
{
    (void)state;
    hearing_open(&h);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    hearing_close(&h);
    return 0;
}

static const struct event *hook(const char *name, const char *fields)
{
    assert_int_equal(hear_hook(&h, name, fields), CT_OK);
    return heard(&h);
}

static void every_hook_says_where_and_when(void **state)
{
    (void)state;
    const struct event *e = hook("InstructionsLoaded", ",\"agent_id\":\"a1\"");
    assert_int_equal(e->kind, EVENT_STARTUP);
    assert_int_equal(e->witness, WITNESS_HOOK);
    assert_slice_equal(e->ids.session_id, "s1");
    assert_slice_equal(e->ids.prompt_id, "p1");
    assert_slice_equal(e->ids.agent_id, "a1");
    assert_slice_equal(e->cwd, "/srv/project");
    assert_int_equal(e->time_ns, HEARING_ARRIVAL);
}

static void sessions_start_and_end(void **state)
{
    (void)state;
    const struct event *e = hook("SessionStart", ",\"source\":\"resume\"");
    assert_int_equal(e->kind, EVENT_SESSION);
    assert_int_equal(e->phase, PHASE_STARTED);
    assert_slice_equal(e->source, "resume");
    assert_int_equal(e->branch.len, 0);
    e = hook("SessionStart", ",\"claude_top\":{\"branch\":\"feat/\\u001blogin\"}");
    assert_slice_equal(e->branch, "feat/\xe2\x90\x9blogin");
    e = hook("SessionEnd", ",\"reason\":\"clear\"");
    assert_true(e->ended);
    assert_slice_equal(e->source, "clear");
}

static void prompts_start_turns(void **state)
{
    (void)state;
    const struct event *e = hook("UserPromptSubmit", ",\"prompt\":\"fix it\"");
    assert_int_equal(e->kind, EVENT_PROMPT);
    assert_slice_equal(e->detail, "fix it");
}

static void stops_end_them(void **state)
{
    (void)state;
    const struct event *e = hook("Stop", ",\"stop_hook_active\":false");
    assert_int_equal(e->kind, EVENT_TURN);
    assert_int_equal(e->phase, PHASE_FINISHED);
    assert_slice_equal(e->source, "stop_hook");
    e = hook("StopFailure", ",\"error\":\"rate_limit\",\"last_assistant_message\":\"API Error: 429\"");
    assert_true(e->failed);
    assert_slice_equal(e->source, "stop_failure");
    assert_slice_equal(e->error_message, "API Error: 429");
    static const char *const types[][2] = {{"authentication_failed", "auth"},
                                           {"server_error", "server"},
                                           {"invalid_request", "validation"},
                                           {"rate_limit", "rate_limit"},
                                           {"unknown", "unknown"}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        char fields[64];
        snprintf(fields, sizeof fields, ",\"error\":\"%s\"", types[i][0]);
        assert_slice_equal(hook("StopFailure", fields)->error_type, types[i][1]);
    }
}

static void tools_start_and_finish(void **state)
{
    (void)state;
    const struct event *e =
        hook("PreToolUse",
             ",\"tool_name\":\"Bash\",\"tool_use_id\":\"u1\",\"tool_input\":{\"description\":\"list\","
             "\"command\":\"ls -la\"}");
    assert_int_equal(e->kind, EVENT_TOOL);
    assert_int_equal(e->phase, PHASE_STARTED);
    assert_slice_equal(e->detail, "ls -la");
    assert_int_equal(e->start_ns, HEARING_ARRIVAL);
    e = hook("PostToolUse", ",\"tool_name\":\"Bash\",\"tool_use_id\":\"u1\",\"duration_ms\":29.5");
    assert_int_equal(e->phase, PHASE_FINISHED);
    assert_int_equal(e->duration_ns, 29500000);
    assert_int_equal(e->start_ns, HEARING_ARRIVAL - 29500000);
    assert_false(e->failed);
    e = hook("PostToolUseFailure", ",\"tool_name\":\"Bash\",\"error\":\"Exit code 3\",\"is_interrupt\":true");
    assert_true(e->failed && e->interrupted);
    assert_slice_equal(e->error_message, "Exit code 3");
    e = hook("PermissionDenied", ",\"tool_name\":\"Bash\",\"tool_use_id\":\"u1\"");
    assert_int_equal(e->decision, DECISION_REJECTED);
}

static void the_detail_is_the_most_telling_input(void **state)
{
    (void)state;
    static const struct {
        const char *input, *detail;
    } wanted[] = {
        {"{\"content\":\"x\",\"file_path\":\"/a\"}", "/a"},
        {"{\"pattern\":\"foo\",\"path\":\"/src\"}", "foo"},
        {"{\"url\":\"https://example.org\",\"prompt\":\"read\"}", "https://example.org"},
        {"{\"query\":\"weather\"}", "weather"},
        {"{\"prompt\":\"long\",\"description\":\"Look around\"}", "Look around"},
        {"{\"a\":2}", ""},
        {"{\"command\":5,\"description\":\"d\"}", "d"},
        {"[\"command\"]", ""},
        {"null", ""},
    };
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        char fields[256];
        snprintf(fields, sizeof fields, ",\"tool_name\":\"X\",\"tool_input\":%s", wanted[i].input);
        assert_slice_equal(hook("PreToolUse", fields)->detail, wanted[i].detail);
    }
}

static void the_hook_after_an_agent_call_ties_the_two(void **state)
{
    (void)state;
    assert_int_equal(
        hear_hook(&h, "PostToolUse",
                  ",\"tool_name\":\"Agent\",\"tool_use_id\":\"u1\",\"agent_id\":\"a0\",\"tool_input\":{"
                  "\"description\":\"Look\",\"subagent_type\":\"Explore\"},\"tool_response\":{"
                  "\"isAsync\":true,\"agentId\":\"a1\"},\"duration_ms\":16"),
        CT_OK);
    assert_int_equal(h.count, 2);
    const struct event *agent = &h.events[0], *tool = &h.events[1];
    assert_int_equal(agent->kind, EVENT_AGENT);
    assert_slice_equal(agent->ids.agent_id, "a1");
    assert_slice_equal(agent->ids.parent_agent_id, "a0");
    assert_slice_equal(agent->ids.tool_use_id, "u1");
    assert_slice_equal(agent->detail, "Look");
    assert_true(agent->background);
    assert_int_equal(agent->end_ns, 0); /* it goes on */
    assert_int_equal(tool->kind, EVENT_TOOL);
    assert_slice_equal(tool->agent_type, "Explore");
    assert_int_equal(
        hear_hook(&h, "PostToolUse",
                  ",\"tool_name\":\"Agent\",\"tool_response\":{\"agentId\":\"a1\"},\"duration_ms\":16"),
        CT_OK);
    assert_int_equal(h.events[0].phase, PHASE_FINISHED);
    assert_int_equal(h.events[0].end_ns, HEARING_ARRIVAL);
}

static void permission_is_asked_twice(void **state)
{
    (void)state;
    const struct event *e =
        hook("PermissionRequest", ",\"tool_name\":\"Bash\",\"tool_input\":{\"command\":\"rm x\"}");
    assert_int_equal(e->kind, EVENT_PERMISSION);
    assert_slice_equal(e->name, "Bash");
    assert_slice_equal(e->detail, "rm x");
    assert_int_equal(
        hear_hook(&h, "Notification",
                  ",\"notification_type\":\"permission_prompt\",\"message\":\"Claude needs you\""),
        CT_OK);
    assert_int_equal(h.count, 2);
    assert_int_equal(h.events[0].kind, EVENT_PERMISSION);
    assert_int_equal(h.events[0].name.len, 0);
    assert_slice_equal(h.events[0].source, "notification");
    assert_int_equal(h.events[1].kind, EVENT_NOTICE);
    assert_slice_equal(h.events[1].detail, "Claude needs you");
    e = hook("Notification", ",\"notification_type\":\"idle_prompt\"");
    assert_int_equal(e->kind, EVENT_NOTICE);
    assert_slice_equal(e->name, "idle_prompt");
}

static void agents_start_and_stop(void **state)
{
    (void)state;
    const struct event *e = hook("SubagentStart", ",\"agent_id\":\"a1\",\"agent_type\":\"Explore\"");
    assert_int_equal(e->kind, EVENT_AGENT);
    assert_int_equal(e->phase, PHASE_STARTED);
    assert_slice_equal(e->name, "Explore");
    e = hook("SubagentStop", ",\"agent_id\":\"a1\",\"agent_type\":\"\"");
    assert_int_equal(e->phase, PHASE_FINISHED);
    assert_int_equal(e->name.len, 0);
}

static void displays_and_compactions_are_live(void **state)
{
    (void)state;
    const struct event *e = hook("MessageDisplay", ",\"final\":false,\"delta\":\"Hel\"");
    assert_int_equal(e->kind, EVENT_TURN);
    assert_int_equal(e->phase, PHASE_STARTED);
    e = hook("MessageDisplay", ",\"final\":true"); /* all of it is there: nothing streams */
    assert_int_equal(e->kind, EVENT_TURN);
    assert_int_equal(e->phase, PHASE_UNKNOWN);
    e = hook("PreCompact", ",\"trigger\":\"auto\"");
    assert_int_equal(e->kind, EVENT_COMPACTION);
    assert_int_equal(e->phase, PHASE_STARTED);
    assert_slice_equal(e->source, "auto");
    assert_int_equal(hook("PostCompact", "")->phase, PHASE_FINISHED);
}

static void what_is_no_hook_is_a_decode_error(void **state)
{
    (void)state;
    static const char *const bodies[] = {"",
                                         "null",
                                         "5",
                                         "\"Stop\"",
                                         "[]",
                                         "{}",
                                         "{\"session_id\":\"s1\"}",
                                         "{\"hook_event_name\":\"Stop\"}",
                                         "{\"session_id\":5,\"hook_event_name\":\"Stop\"}",
                                         "{\"session_id\":\"\",\"hook_event_name\":\"Stop\"}",
                                         "{\"session_id\":\"s1\",\"hook_event_name\":[]}",
                                         "{\"session_id\":\"s1\",\"hook_event_name\":\"Stop\"",
                                         "{\"session_id\":\"s1\",\"hook_event_name\":\"Stop\"}}",
                                         "{session_id:\"s1\"}",
                                         "{\"session_id\":\"s1\",\"hook_event_name\":\"Stop\",}",
                                         "\xff\xfe"};
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        if (hear_body(&h, FRAME_HOOK, "/hooks", slice_str(bodies[i])) != CT_ERR_FORMAT)
            fail_msg("accepted: %s", bodies[i]);
        assert_int_equal(h.count, 0);
    }
    assert_int_equal(ingest_stats(h.ingest).decode_errors, sizeof bodies / sizeof *bodies);
    assert_int_equal(ingest_stats(h.ingest).hooks, sizeof bodies / sizeof *bodies);
}

static void deep_and_endless_json_is_refused(void **state)
{
    (void)state;
    const struct {
        const char *unit;
        size_t times;
    } bombs[] = {{"[", 100000}, {"{\"a\":", 100000}, {"[0,", 5000}, {"[[]],", 1}};
    for (size_t b = 0; b < sizeof bombs / sizeof *bombs; b++) {
        buf_clear(&h.body);
        for (size_t i = 0; i < bombs[b].times; i++)
            assert_int_equal(buf_append_str(&h.body, bombs[b].unit), CT_OK);
        assert_int_equal(hear_body(&h, FRAME_HOOK, "/hooks", buf_slice(&h.body)), CT_ERR_FORMAT);
    }
    /* Sound, but with more values than anybody has, and with more bytes. */
    buf_clear(&h.body);
    buf_append_str(&h.body, "{\"session_id\":\"s1\",\"hook_event_name\":\"Stop\",\"x\":[0");
    for (int i = 0; i < 300000; i++)
        buf_append_str(&h.body, ",0");
    buf_append_str(&h.body, "]}");
    assert_int_equal(hear_body(&h, FRAME_HOOK, "/hooks", buf_slice(&h.body)), CT_ERR_FORMAT);
    buf_clear(&h.body);
    buf_append_str(&h.body, "{\"session_id\":\"s1\",\"hook_event_name\":\"Stop\",\"x\":\"");
    for (int i = 0; i < 17 * 1024; i++)
        buf_printf(&h.body, "%01024d", 0);
    buf_append_str(&h.body, "\"}");
    assert_int_equal(hear_body(&h, FRAME_HOOK, "/hooks", buf_slice(&h.body)), CT_ERR_LIMIT);
    assert_int_equal(h.count, 0);
    assert_int_equal(hook("Stop", "")->kind, EVENT_TURN); /* still at work */
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_hook_says_where_and_when),
        TEST(sessions_start_and_end),
        TEST(prompts_start_turns),
        TEST(stops_end_them),
        TEST(tools_start_and_finish),
        TEST(the_detail_is_the_most_telling_input),
        TEST(the_hook_after_an_agent_call_ties_the_two),
        TEST(permission_is_asked_twice),
        TEST(agents_start_and_stop),
        TEST(displays_and_compactions_are_live),
        TEST(what_is_no_hook_is_a_decode_error),
        TEST(deep_and_endless_json_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
