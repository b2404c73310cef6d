/*
 * fuzz.h - what a fuzz target is.
 *
 * A target defines LLVMFuzzerTestOneInput() and aborts (fuzz_check) when something that must hold does not.
 * With -Dfuzz=true and clang it is linked with libFuzzer:
 *
 *     CC=clang meson setup build-fuzz -Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false
 *     ninja -C build-fuzz tests/fuzz/fuzz_pb
 *     build-fuzz/tests/fuzz/fuzz_pb -max_total_time=180 some-folder tests/fuzz/corpus/pb
 *
 * Otherwise standalone.c runs it over the files of tests/fuzz/corpus/<target> and over the captures, as a
 * plain test. What a fuzzer finds becomes a file of the corpus.
 */
#ifndef CT_TESTS_FUZZ_H
#define CT_TESTS_FUZZ_H

#include "buf.h"
#include "captures.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Turns a recorded request into an input of the target; false when it is none for it. Optional. */
bool fuzz_seed(const struct capture_request *request, struct buf *out) __attribute__((weak));

#define fuzz_check(condition)                                                                                \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #condition);                    \
            abort();                                                                                         \
        }                                                                                                    \
    } while (0)

#endif
