/* test.h - what every cmocka test includes: cmocka wants these four headers before its own. */
#ifndef CT_TESTS_TEST_H
#define CT_TESTS_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "slice.h"

/* Compares a slice with a C string and shows both on failure. */
#define assert_slice_equal(actual, expected)                                                                 \
    do {                                                                                                     \
        struct slice slice_ = (actual);                                                                      \
        const char *text_ = (expected);                                                                      \
        if (!slice_eq_str(slice_, text_))                                                                    \
            fail_msg("\"%.*s\" is not \"%s\"", SLICE_ARG(slice_), text_);                                    \
    } while (0)

#endif
