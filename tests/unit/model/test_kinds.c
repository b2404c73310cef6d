/* What a turn is about, and prompts that open none. */
#include "test.h"

#include "fresh.h"

static struct event kind(struct event e, enum turn_kind k)
{
    e.turn_kind = k;
    return e;
}

static struct event withheld(struct event e)
{
    e.redacted = true;
    return e;
}

static void the_surest_word_on_the_kind_wins(void **state)
{
    (void)state;
    story_tell(&s, kind(story_prompt(WITNESS_HOOK, 0, "p1", "/review it"), TURN_KIND_PROMPT));
    assert_int_equal(story_turn(&s, 1)->turn_kind, TURN_KIND_PROMPT);
    story_tell(&s, kind(story_prompt(WITNESS_LOG, 5, "p1", "/review it"), TURN_KIND_COMMAND));
    assert_int_equal(story_turn(&s, 1)->turn_kind, TURN_KIND_COMMAND);
    assert_string_equal(turn_kind_name(story_turn(&s, 1)->turn_kind), "command");
}

static void a_span_without_a_prompt_but_with_a_request_is_the_shell(void **state)
{
    (void)state;
    story_tell(&s, with_trace(story_llm_log(800, 300, NULL, "r1"), "t1"));
    assert_int_equal(story_turn(&s, 1)->turn_kind, TURN_KIND_PROMPT);
    story_tell(&s, story_turn_span(0, 900, "t1", "echo bang"));
    assert_int_equal(story_turn(&s, 1)->turn_kind, TURN_KIND_BASH);
    assert_slice_equal(story_turn(&s, 1)->detail, "echo bang");
    assert_int_equal(story_turn(&s, 1)->state, NODE_DONE);
    /* Unless the logs are what is missing. */
    story_tell(&s, story_llm_span(5100, 5500, "t2", "r2"));
    story_tell(&s, story_turn_span(5000, 5600, "t2", "hello"));
    assert_int_equal(story_turn(&s, 2)->turn_kind, TURN_KIND_PROMPT);
}

static void a_withheld_prompt_right_behind_an_agent_is_its_notification(void **state)
{
    (void)state;
    struct event spawned = story_agent_start(300, "p1", "a1", "Explore");
    struct event done = story_agent_stop(5000, "p1", "a1", "Explore");
    spawned.background = done.background = true;
    story_tell(&s, kind(withheld(story_prompt(WITNESS_LOG, 0, "p1", NULL)), TURN_KIND_PROMPT));
    story_tell(&s, spawned);
    story_tell(&s, kind(withheld(story_prompt(WITNESS_LOG, 5090, "p2", NULL)), TURN_KIND_PROMPT));
    assert_int_equal(story_turn(&s, 2)->turn_kind, TURN_KIND_PROMPT);
    story_tell(&s, done);
    assert_int_equal(story_turn(&s, 1)->turn_kind, TURN_KIND_PROMPT);
    assert_int_equal(story_turn(&s, 2)->turn_kind, TURN_KIND_NOTIFICATION);
    /* Where the text is there, it says what it is. */
    story_tell(&s, kind(story_prompt(WITNESS_HOOK, 5095, "p2", "thanks"), TURN_KIND_PROMPT));
    assert_int_equal(story_turn(&s, 2)->turn_kind, TURN_KIND_PROMPT);
}

static size_t typed_in(const struct node *turn, const char *text)
{
    size_t count = 0;
    for (const struct node *n = turn->first_child; n; n = n->next)
        count += n->kind == NODE_EVENT && slice_eq_str(n->name, "prompt") && slice_eq_str(n->detail, text);
    return count;
}

static void what_is_typed_into_a_turn_is_an_event_of_it(void **state)
{
    (void)state;
    const struct event told[] = {
        story_prompt(WITNESS_HOOK, 0, "p1", "first"),
        with_trace(story_prompt(WITNESS_LOG, 5, "p1", "first"), "t1"),
        story_prompt(WITNESS_HOOK, 900, "p1", "and this"),
        with_trace(story_prompt(WITNESS_LOG, 905, "p1", "and this"), "t1"),
        with_trace(story_prompt(WITNESS_LOG, 2000, "p1", "and that"), "t1"),
    };
    for (size_t from = 0; from < 5; from++) {
        story_close(&s);
        story_open(&s);
        for (size_t i = 0; i < 10; i++) { /* each twice */
            story_tell(&s, told[(from + i * 2) % 5]);
            story_session(&s);
        }
        const struct node *turn = story_turn(&s, 1);
        assert_int_equal(story_session(&s)->total.turns, 1);
        assert_slice_equal(turn->detail, "first");
        assert_int_equal(typed_in(turn, "first"), 0);
        assert_int_equal(typed_in(turn, "and this"), 1);
        assert_int_equal(typed_in(turn, "and that"), 1);
        assert_int_equal(turn->first_child->start_ns, STORY_AT(905)); /* the record's time */
    }
}

static void a_hook_gives_its_text_to_a_withheld_record(void **state)
{
    (void)state;
    story_tell(&s, withheld(story_prompt(WITNESS_LOG, 5, "p1", NULL)));
    story_tell(&s, withheld(story_prompt(WITNESS_LOG, 905, "p1", NULL)));
    assert_int_equal(typed_in(story_turn(&s, 1), ""), 1);
    assert_true(story_turn(&s, 1)->first_child->redacted);
    story_tell(&s, story_prompt(WITNESS_HOOK, 0, "p1", "first"));
    story_tell(&s, story_prompt(WITNESS_HOOK, 900, "p1", "second"));
    assert_int_equal(typed_in(story_turn(&s, 1), "second"), 1);
    assert_null(story_turn(&s, 1)->first_child->next);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_surest_word_on_the_kind_wins),
        TEST(a_span_without_a_prompt_but_with_a_request_is_the_shell),
        TEST(a_withheld_prompt_right_behind_an_agent_is_its_notification),
        TEST(what_is_typed_into_a_turn_is_an_event_of_it),
        TEST(a_hook_gives_its_text_to_a_withheld_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
