/* Retention by age, on clocks that jump: what arrived in this process, and what an earlier one left. */
#include "folders.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#define SECOND INT64_C(1000000000)
#define MINUTE (60 * SECOND)
#define DAY    (24 * 60 * MINUTE)
#define WEEK   (7 * DAY)
#define YEAR   (365 * DAY)

/* The machine has run for an hour when the process starts. */
#define UPTIME (60 * MINUTE)

static void set_date(const struct setup *s, uint64_t segment, int64_t wall_ns)
{
    char *path = segment_path(s, segment);
    const struct timespec times[2] = {{0, UTIME_OMIT}, {.tv_sec = wall_ns / SECOND, .tv_nsec = 0}};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    free(path);
}

/* Segments 1, 4, 7, 10 with these dates; the newest one's is that of frame 12. */
static struct journal *open_dated(struct setup *s, const int64_t dates[3])
{
    s->config.segment_bytes = 600;
    s->config.max_age_ns = WEEK;
    write_frames(s, 1, 12, 60);
    assert_int_equal(folder_count(s->folder, ".ctj"), 4);
    for (uint64_t i = 0; i < 3; i++)
        set_date(s, 1 + 3 * i, dates[i]);
    return open_journal(&s->config);
}

/* Frame 12 of the samples. */
static const int64_t now = SAMPLE_WALL_NS + 11 * SAMPLE_STEP_NS;

static void a_clock_that_jumps_takes_nothing_that_came_in_this_process(void **state)
{
    static const int64_t jumps[] = {YEAR, -YEAR, -MINUTE, MINUTE, 100 * YEAR, -50 * YEAR};
    struct setup *s = *state;
    s->config.segment_bytes = 600;
    s->config.max_age_ns = WEEK;
    struct journal *j = open_journal(&s->config);
    journal_retain(j, now, UPTIME);
    uint64_t seq = 0;
    int64_t uptime = UPTIME;
    for (size_t i = 0; i < sizeof jumps / sizeof *jumps; i++) {
        for (int n = 0; n < 6; n++)
            append_sample(j, ++seq, 60);
        uptime += MINUTE;
        journal_retain(j, now + jumps[i] + uptime, uptime);
        assert_int_equal(journal_stats(j).retired_frames, 0);
        journal_retain(j, now + uptime, uptime); /* and back */
    }
    assert_int_equal(journal_stats(j).retired_frames, 0);
    /* A week of uptime is a week, whatever the wall clock says: the first six came in the first minute. */
    uptime = UPTIME + MINUTE + WEEK;
    journal_retain(j, now - YEAR, uptime);
    assert_int_equal(journal_stats(j).retired_frames, 0);
    journal_retain(j, now - YEAR, uptime + 1);
    assert_int_equal(s->retired_first, 1);
    assert_int_equal(s->retired_last, 6);
    journal_close(j);
}

static void what_an_earlier_process_left_goes_by_its_date(void **state)
{
    struct setup *s = *state;
    struct journal *j =
        open_dated(s, (const int64_t[]){now - WEEK - DAY, now - WEEK - 2 * SECOND, now - WEEK + DAY});
    /* Not before the clock has had time to be set right. */
    assert_int_equal(journal_retain(j, now, UPTIME), JOURNAL_CLOCK_SETTLES_NS + 1);
    journal_retain(j, now + JOURNAL_CLOCK_SETTLES_NS, UPTIME + JOURNAL_CLOCK_SETTLES_NS);
    assert_int_equal(journal_stats(j).retired_frames, 0);
    int64_t later = JOURNAL_CLOCK_SETTLES_NS + 1;
    int64_t due = journal_retain(j, now + later, UPTIME + later);
    assert_int_equal(s->retired_first, 1);
    assert_int_equal(s->retired_last, 6);
    assert_int_equal(folder_count(s->folder, ".ctj"), 2);
    /* The next one is a day from it, less what has passed since. */
    assert_true(due > DAY - later - SECOND && due <= DAY - later + 2 * SECOND);
    later += due;
    journal_retain(j, now + later, UPTIME + later);
    assert_int_equal(s->retired_last, 9);
    assert_int_equal(folder_count(s->folder, ".ctj"), 1);
    journal_close(j);
}

static void a_clock_that_is_ahead_at_the_start_takes_nothing(void **state)
{
    struct setup *s = *state;
    struct journal *j = open_dated(s, (const int64_t[]){now - DAY, now - DAY, now - DAY});
    journal_retain(j, now + YEAR, UPTIME);
    /* It is set right before it has settled. */
    journal_retain(j, now + MINUTE, UPTIME + MINUTE);
    journal_retain(j, now + DAY, UPTIME + DAY);
    assert_int_equal(journal_stats(j).retired_frames, 0);
    /* By its true date a day was gone already when we started. */
    journal_retain(j, now + WEEK - DAY - MINUTE, UPTIME + WEEK - DAY - MINUTE);
    assert_int_equal(journal_stats(j).retired_frames, 0);
    journal_retain(j, now + WEEK - DAY + MINUTE, UPTIME + WEEK - DAY + MINUTE);
    assert_int_equal(s->retired_last, 9);
    journal_close(j);
}

static void a_clock_that_is_behind_at_the_start_takes_nothing(void **state)
{
    struct setup *s = *state;
    struct journal *j = open_dated(s, (const int64_t[]){now - 2 * DAY, now - DAY, now - DAY});
    journal_retain(j, now - YEAR, UPTIME);
    /* Set right, the dates seem a year old; but only a minute, then a day of uptime has passed. */
    journal_retain(j, now, UPTIME + MINUTE);
    journal_retain(j, now + DAY, UPTIME + DAY);
    assert_int_equal(journal_stats(j).retired_frames, 0);
    journal_retain(j, now + WEEK + MINUTE, UPTIME + WEEK + MINUTE);
    assert_int_equal(s->retired_last, 9);
    journal_close(j);
}

/* The clock stood at 1970 while segment 4 was written, and far ahead for segment 7. */
static void dates_are_held_against_their_neighbours(void **state)
{
    struct setup *s = *state;
    struct journal *j = open_dated(s, (const int64_t[]){now - DAY, 1000 * SECOND, now + YEAR});
    int64_t later = JOURNAL_CLOCK_SETTLES_NS + 1;
    journal_retain(j, now, UPTIME);
    journal_retain(j, now + later, UPTIME + later);
    assert_int_equal(journal_stats(j).retired_frames, 0);
    /* 4 is as old as 1; 7 counts from now. */
    later = WEEK - DAY + MINUTE;
    journal_retain(j, now + later, UPTIME + later);
    assert_int_equal(s->retired_last, 6);
    later = WEEK + MINUTE;
    journal_retain(j, now + later, UPTIME + later);
    assert_int_equal(s->retired_last, 9);
    journal_close(j);
}

/* The newest segment of the last process is appended to: its age is that of the new frame. */
static void an_append_makes_a_found_segment_young(void **state)
{
    struct setup *s = *state;
    struct journal *j = open_dated(s, (const int64_t[]){now - DAY, now - DAY, now - DAY});
    s->config.segment_bytes = 600;
    journal_retain(j, now + 2 * WEEK, UPTIME); /* two weeks in a drawer */
    append_sample(j, 13, 60);
    append_sample(j, 14, 60); /* starts the next segment at the latest */
    append_sample(j, 15, 60);
    append_sample(j, 16, 60);
    int64_t later = JOURNAL_CLOCK_SETTLES_NS + 1;
    journal_retain(j, now + 2 * WEEK + later, UPTIME + later);
    assert_int_equal(s->retired_first, 1);
    assert_true(s->retired_last >= 9 && s->retired_last <= 12);
    uint64_t kept = s->retired_last;
    later += WEEK - MINUTE;
    journal_retain(j, now + 2 * WEEK + later, UPTIME + later);
    assert_int_equal(s->retired_last, kept);
    journal_close(j);
}

static void without_a_limit_nothing_is_due(void **state)
{
    struct setup *s = *state;
    struct journal *j = open_dated(s, (const int64_t[]){now - YEAR, now - YEAR, now - YEAR});
    journal_close(j);
    s->config.max_age_ns = 0;
    j = open_journal(&s->config);
    assert_int_equal(journal_retain(j, now, UPTIME), 0);
    assert_int_equal(journal_retain(j, now + YEAR, UPTIME + YEAR), 0);
    assert_int_equal(journal_stats(j).retired_frames, 0);
    journal_close(j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(a_clock_that_jumps_takes_nothing_that_came_in_this_process),
        IN_FOLDER(what_an_earlier_process_left_goes_by_its_date),
        IN_FOLDER(a_clock_that_is_ahead_at_the_start_takes_nothing),
        IN_FOLDER(a_clock_that_is_behind_at_the_start_takes_nothing),
        IN_FOLDER(dates_are_held_against_their_neighbours),
        IN_FOLDER(an_append_makes_a_found_segment_young),
        IN_FOLDER(without_a_limit_nothing_is_due),
    };
    return cmocka_run_group_tests_name("journal/age", tests, NULL, NULL);
}
