/* folders.h - a journal's folder for one test, and what was retired from it. */
#ifndef CT_TESTS_FOLDERS_H
#define CT_TESTS_FOLDERS_H

#include "journals.h"

struct setup {
    char *folder;
    struct journal_config config; /* in that folder, no fsync, no age, counting what is retired */
    uint64_t retired_first;       /* 0: nothing yet */
    uint64_t retired_last;
};

/* For cmocka: *state becomes a struct setup, and goes with its folder. */
int setup_begin(void **state);
int setup_end(void **state);

#define IN_FOLDER(f) cmocka_unit_test_setup_teardown(f, setup_begin, setup_end)

/* Opens, appends frames first..last to what is there, closes. */
void write_frames(const struct setup *s, uint64_t first, uint64_t last, size_t body_len);

/* The path of the segment that starts with that number; free() it. */
char *segment_path(const struct setup *s, uint64_t first);

#endif
