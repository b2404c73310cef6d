/* Lost log events: gaps in event.sequence, process by process, whatever the order. */
#include "test.h"

#include "fresh.h"

#include <stdio.h>

#include <stdlib.h>

static void number_in(const char *session, int64_t sequence, int64_t ms)
{
    struct event e = in_session(story_event(EVENT_STARTUP, WITNESS_LOG, ms), session);
    e.sequence = sequence;
    story_tell(&s, e);
}

static void number(int64_t sequence, int64_t ms)
{
    number_in(STORY_SESSION, sequence, ms);
}

static int64_t lost(void)
{
    struct session_health h;
    model_session_health(story_session(&s), STORY_AT(0), &h);
    return h.lost_events;
}

static void nothing_is_lost_while_numbers_follow_each_other(void **state)
{
    (void)state;
    for (int64_t i = 7; i < 40; i++) /* what was before the first may be another session's */
        number(i, i * 10);
    assert_int_equal(lost(), 0);
}

static void a_gap_is_a_loss_until_what_is_late_closes_it(void **state)
{
    (void)state;
    for (int64_t i = 0; i < 20; i++)
        if (i < 5 || i > 8)
            number(i, i * 10);
    assert_int_equal(lost(), 4);
    number(6, 60);
    assert_int_equal(lost(), 3);
    number(6, 60); /* twice is harmless */
    assert_int_equal(lost(), 3);
    number(8, 80);
    number(5, 50);
    number(7, 70);
    assert_int_equal(lost(), 0);
    assert_int_equal(model_lost_events(s.model), 0);
}

static void any_order_gives_the_same(void **state)
{
    (void)state;
    enum { COUNT = 64 };
    int64_t order[COUNT];
    srand(5);
    for (int round = 0; round < 50; round++) {
        story_close(&s);
        story_open(&s);
        for (int i = 0; i < COUNT; i++)
            order[i] = i;
        for (int i = COUNT; i > 1; i--) {
            int k = rand() % i;
            int64_t swap = order[i - 1];
            order[i - 1] = order[k];
            order[k] = swap;
        }
        for (int i = 0; i < COUNT; i++)
            if (order[i] < 20 || order[i] > 25)
                number(order[i], order[i] * 10);
        assert_int_equal(lost(), 6);
    }
}

static void a_resumed_session_begins_anew(void **state)
{
    (void)state;
    for (int64_t i = 0; i < 30; i++)
        number(i, i * 10);
    for (int64_t i = 0; i < 50; i++) /* another process, from 0, and past where the first one was */
        number(i, 100000 + i * 10);
    assert_int_equal(lost(), 0);
    number(52, 100600);
    assert_int_equal(lost(), 2);
    number(2, 20); /* a repetition from the first process */
    assert_int_equal(lost(), 2);
}

static void two_processes_at_once_are_told_apart(void **state)
{
    (void)state;
    for (int64_t i = 0; i < 40; i++) {
        number(500 + i, 1000 + i * 10);
        if (i != 20)
            number(i, 1005 + i * 10);
    }
    assert_int_equal(lost(), 1);
}

static void numbers_go_on_over_a_clear_and_back(void **state)
{
    (void)state;
    for (int64_t i = 0; i < 60; i++)
        number_in(i >= 20 && i < 45 ? "other" : STORY_SESSION, i, i * 10);
    assert_int_equal(lost(), 0);
    assert_int_equal(model_lost_events(s.model), 0);
    for (int64_t i = 70; i < 90; i++) /* and a real loss */
        number(i, i * 10);
    assert_int_equal(lost(), 10);
}

static void another_session_s_numbers_hide_no_loss(void **state)
{
    (void)state;
    for (int64_t i = 0; i < 60; i++) {
        number_in("other", i, i * 10);
        if (i < 20 || i >= 30)
            number(i, i * 10 + 1);
    }
    assert_int_equal(lost(), 10);
}

static void gaps_beyond_the_limit_are_losses_for_good(void **state)
{
    (void)state;
    for (int64_t i = 0; i < 2000; i += 2)
        number(i, i * 10);
    assert_int_equal(lost(), 999);
    for (int64_t i = 1; i < 2000; i += 2)
        number(i, i * 10);
    assert_true(lost() > 0 && lost() < 999); /* the newest could still be closed */
}

static void hostile_numbers_end_nowhere(void **state)
{
    (void)state;
    number(INT64_MAX, 10);
    number(0, 20);
    number(INT64_MAX / 4, 30);
    number(INT64_MAX / 8, 40);
    number(-5, 50);
    assert_int_equal(lost(), 0); /* a jump of that size is another process */
    for (int64_t i = 0; i < 1000; i++)
        number(rand() % 100000, rand() % 5000);
    assert_true(lost() >= 0);
}

static void a_loss_outlives_its_session(void **state)
{
    (void)state;
    story_close(&s);
    story_open_with(&s, 64 * 1024);
    number(0, 10);
    number(4, 40);
    story_tell(&s, story_prompt(WITNESS_LOG, 50, "p1", "x"));
    assert_int_equal(model_lost_events(s.model), 3);
    for (int i = 0; i < 200; i++) {
        char id[32];
        snprintf(id, sizeof id, "s%d", i);
        story_tell(&s, in_session(story_prompt(WITNESS_LOG, 100000 + i, "p", "a prompt"), id));
    }
    assert_null(model_session(s.model, SLICE_LIT(STORY_SESSION)));
    assert_int_equal(model_lost_events(s.model), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_is_lost_while_numbers_follow_each_other),
        TEST(a_gap_is_a_loss_until_what_is_late_closes_it),
        TEST(any_order_gives_the_same),
        TEST(a_resumed_session_begins_anew),
        TEST(two_processes_at_once_are_told_apart),
        TEST(numbers_go_on_over_a_clear_and_back),
        TEST(another_session_s_numbers_hide_no_loss),
        TEST(gaps_beyond_the_limit_are_losses_for_good),
        TEST(hostile_numbers_end_nowhere),
        TEST(a_loss_outlives_its_session),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
