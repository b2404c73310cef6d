/* The ring of the newest events: numbers, what falls out, how text is cut. */
#include "test.h"

#include "stream.h"
#include "text.h"

static void add(struct stream *s, const char *session, const char *detail)
{
    struct event e;
    event_init(&e, EVENT_TOOL, WITNESS_HOOK);
    e.ids.session_id = slice_str(session);
    e.detail = slice_str(detail);
    stream_add(s, &e);
}

static void the_ring_keeps_the_newest(void **state)
{
    struct stream s = {0};
    (void)state;
    assert_null(stream_item(&s, 0));
    assert_null(stream_item(&s, 1));
    for (int i = 0; i < STREAM_ITEMS_MAX + 5; i++)
        add(&s, "s", i % 2 ? "odd" : "even");
    assert_int_equal(s.last, STREAM_ITEMS_MAX + 5);
    assert_null(stream_item(&s, 5));
    assert_null(stream_item(&s, s.last + 1));
    for (uint64_t n = 6; n <= s.last; n++) {
        assert_int_equal(stream_item(&s, n)->number, n);
        assert_string_equal(stream_item(&s, n)->detail, n % 2 ? "even" : "odd");
    }
    stream_finish(&s);
}

static void text_is_cut_at_a_character(void **state)
{
    char text[4 * STREAM_DETAIL_MAX];
    (void)state;
    for (size_t lead = 0; lead < 4; lead++) {
        struct stream s = {0};
        size_t len = 0;
        while (len < lead)
            text[len++] = 'a';
        while (len + 4 < sizeof(text)) {
            memcpy(text + len, "\xf0\x9f\x8d\x8b", 4);
            len += 4;
        }
        text[len] = '\0';
        add(&s, text, text);
        const struct stream_item *item = stream_item(&s, 1);
        assert_true(text_is_clean(slice_str(item->detail)));
        assert_true(text_is_clean(slice_str(item->session_id)));
        assert_in_range(strlen(item->detail), STREAM_DETAIL_MAX - 4, STREAM_DETAIL_MAX - 1);
        stream_finish(&s);
    }
}

static void a_failure_says_its_error(void **state)
{
    struct stream s = {0};
    struct event e;
    (void)state;
    event_init(&e, EVENT_LLM, WITNESS_LOG);
    e.model = SLICE_LIT("opus");
    e.query_source = SLICE_LIT("main");
    e.failed = true;
    e.detail = SLICE_LIT("detail");
    e.error_message = SLICE_LIT("overloaded");
    e.ids.prompt_id = SLICE_LIT("p1");
    e.ids.request_id = SLICE_LIT("r1");
    stream_add(&s, &e);
    assert_string_equal(stream_item(&s, 1)->name, "opus");
    assert_string_equal(stream_item(&s, 1)->detail, "overloaded");
    assert_string_equal(stream_item(&s, 1)->key, "r1");
    for (int k = EVENT_STARTUP; k <= EVENT_METRIC; k++)
        assert_true(strcmp(event_kind_name((enum event_kind)k), "event") != 0);
    stream_finish(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_ring_keeps_the_newest),
        cmocka_unit_test(text_is_cut_at_a_character),
        cmocka_unit_test(a_failure_says_its_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
