/* fresh.h - a story opened and closed around every test of a file: TEST(f) in the list, s inside. */
#ifndef CT_TESTS_MODEL_FRESH_H
#define CT_TESTS_MODEL_FRESH_H

#include "story.h"

static struct story s;

static int fresh_open(void **state)
{
    (void)state;
    story_open(&s);
    return 0;
}

static int fresh_close(void **state)
{
    (void)state;
    story_close(&s);
    return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fresh_open, fresh_close)

#endif
