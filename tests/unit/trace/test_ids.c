/* Ids that never change: links that were made once would lead nowhere. */
#include "test.h"

#include "fresh.h"
#include "id_set.h"
#include "trace_ids.h"

static const char *hex(const uint8_t *id, size_t n)
{
    static char text[2 * TRACE_ID_LEN + 1];
    slice_hex(id, n, text);
    return text;
}

static const struct session *session_called(const char *id)
{
    story_tell(&s, in_session(story_llm_log(900, 400, "p1", "r1"), id));
    return model_session(s.model, slice_str(id));
}

static void the_trace_of_a_uuid_is_the_uuid(void **state)
{
    (void)state;
    uint8_t id[TRACE_ID_LEN];
    trace_id_of_session(session_called("5B361009-2296-4fa5-8b60-f84746822666"), id);
    assert_string_equal(hex(id, sizeof id), "5b36100922964fa58b60f84746822666");
}

static void of_anything_else_it_is_a_hash_that_stays(void **state)
{
    (void)state;
    static const char *const others[] = {"session-1", "00000000-0000-0000-0000-000000000000",
                                         "5b361009-2296-4fa5-8b60-f8474682266g",
                                         "5b361009x2296-4fa5-8b60-f84746822666", "x"};
    uint8_t ids[5][TRACE_ID_LEN];
    for (size_t i = 0; i < 5; i++) {
        trace_id_of_session(session_called(others[i]), ids[i]);
        for (size_t k = 0; k < i; k++)
            assert_memory_not_equal(ids[i], ids[k], TRACE_ID_LEN);
    }
    assert_string_equal(hex(ids[0], TRACE_ID_LEN), "a8193e38f2efa998fa513245fe6d49a0");
}

static void spans_are_named_by_what_they_are_called(void **state)
{
    (void)state;
    uint8_t a[SPAN_ID_LEN], b[SPAN_ID_LEN];
    story_tell(&s, story_tool_log(1500, 500, "p1", "Bash", "u1"));
    story_tell(&s, story_llm_log(900, 400, "p1", "r1"));
    story_tell(&s, in_session(story_llm_log(900, 400, "p1", "r1"), "another"));
    const struct session *session = story_session(&s),
                         *another = model_session(s.model, SLICE_LIT("another"));
    trace_span_of_session(session, a);
    assert_string_equal(hex(a, sizeof a), "d7ae3c94ecb60061");
    trace_span_of_node(story_node(&s, NODE_LLM, "r1"), a);
    assert_string_equal(hex(a, sizeof a), "6fda0fce74b565fd");
    trace_span_of_node(another->first_child->first_child, b);
    assert_memory_not_equal(a, b, SPAN_ID_LEN); /* the same request id, another session */
    trace_span_of_node(story_node(&s, NODE_TOOL, "u1"), a);
    trace_span_of_permission(story_node(&s, NODE_TOOL, "u1"), b);
    assert_memory_not_equal(a, b, SPAN_ID_LEN);
}

static void a_model_that_heard_it_in_another_order_gives_the_same(void **state)
{
    (void)state;
    uint8_t first[3][SPAN_ID_LEN], second[3][SPAN_ID_LEN];
    const struct event told[] = {story_llm_log(900, 400, "p1", NULL),
                                 story_tool_log(1500, 500, "p1", "Bash", "u1"),
                                 story_prompt(WITNESS_LOG, 0, "p1", "go")};
    for (int round = 0; round < 2; round++) {
        uint8_t(*ids)[SPAN_ID_LEN] = round ? second : first;
        story_close(&s);
        story_open(&s);
        for (int i = 0; i < 3; i++)
            story_tell(&s, told[round ? 2 - i : i]);
        const struct node *turn = story_turn(&s, 1);
        trace_span_of_node(turn, ids[0]);
        trace_span_of_node(turn->first_child, ids[1]); /* a record without an id */
        trace_span_of_node(turn->first_child->next, ids[2]);
    }
    assert_memory_equal(first, second, sizeof first);
}

static void a_link_leads_to_native_spans_where_there_are_some(void **state)
{
    (void)state;
    struct trace_link_ids ids;
    const struct session *plain = session_called("plain");
    const struct trace_known autos = {TRACE_SYNTHESIZE_AUTO, NULL}, never = {TRACE_SYNTHESIZE_NEVER, NULL};
    assert_true(trace_link_ids(&autos, plain, NULL, &ids) && ids.synthesized && !ids.sent);
    assert_false(trace_link_ids(&never, plain, NULL, &ids));
    story_tell(&s, story_llm_span(500, 900, "t1", "r1"));
    const struct session *session = story_session(&s);
    assert_false(trace_is_synthesized(TRACE_SYNTHESIZE_AUTO, session));
    assert_true(trace_is_synthesized(TRACE_SYNTHESIZE_ALWAYS, session));
    assert_true(trace_link_ids(&autos, session, story_node(&s, NODE_LLM, "r1"), &ids));
    assert_false(ids.synthesized);
    assert_true(ids.sent);
    assert_memory_equal(ids.trace_id, "t1\0\0\0\0\0\0\0\0\0\0\0\0\0", TRACE_ID_LEN);
}

static void what_was_sent_is_known_by_its_ids(void **state)
{
    (void)state;
    struct id_set sent;
    struct trace_link_ids ids;
    const struct trace_known known = {TRACE_SYNTHESIZE_AUTO, &sent}, never = {TRACE_SYNTHESIZE_NEVER, &sent};
    id_set_init(&sent);
    story_tell(&s, story_llm_log(900, 400, "p1", "r1"));
    const struct session *session = story_session(&s);
    const struct node *call = story_node(&s, NODE_LLM, "r1");
    assert_true(trace_link_ids(&known, session, call, &ids) && !ids.sent);
    assert_false(trace_has_begun(&known, session));
    id_set_add(&sent, ids.span_id); /* a call is sent with its turn or after it */
    assert_false(trace_has_begun(&known, session));
    assert_true(trace_link_ids(&known, session, call->parent, &ids) && !ids.sent);
    id_set_add(&sent, ids.span_id);
    assert_true(trace_has_begun(&known, session));
    assert_false(trace_has_begun(&never, session));
    assert_true(trace_link_ids(&known, session, call, &ids) && ids.sent);
    assert_true(trace_link_ids(&known, session, NULL, &ids) && !ids.sent);
    id_set_finish(&sent);
}

static void a_log_record_that_names_a_trace_shows_that_spans_go_elsewhere(void **state)
{
    (void)state;
    story_tell(&s, with_trace(story_llm_log(900, 400, "p1", "r1"), "t1"));
    assert_false(trace_is_synthesized(TRACE_SYNTHESIZE_AUTO, story_session(&s)));
}

static void a_set_forgets_the_oldest(void **state)
{
    (void)state;
    struct id_set set;
    uint8_t id[8];
    id_set_init(&set);
    for (uint64_t i = 1; i <= 3 * ID_SET_HALF_MAX; i++) {
        uint64_t n = i * UINT64_C(0x9e3779b97f4a7c15);
        memcpy(id, &n, 8);
        assert_false(id_set_has(&set, id));
        id_set_add(&set, id);
        id_set_add(&set, id);
        assert_true(id_set_has(&set, id));
    }
    assert_int_equal(set.forgotten, ID_SET_HALF_MAX);
    assert_int_equal(set.halves[0].count + set.halves[1].count, 2 * ID_SET_HALF_MAX);
    memset(id, 0, sizeof id);
    id_set_add(&set, id);
    assert_false(id_set_has(&set, id)); /* no id is all zero */
    id_set_finish(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_trace_of_a_uuid_is_the_uuid),
        TEST(of_anything_else_it_is_a_hash_that_stays),
        TEST(spans_are_named_by_what_they_are_called),
        TEST(a_model_that_heard_it_in_another_order_gives_the_same),
        TEST(a_link_leads_to_native_spans_where_there_are_some),
        TEST(what_was_sent_is_known_by_its_ids),
        TEST(a_log_record_that_names_a_trace_shows_that_spans_go_elsewhere),
        cmocka_unit_test(a_set_forgets_the_oldest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
