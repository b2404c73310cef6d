/* What the tests of src/app share: an environment of their own, a temporary folder, small files. */
#ifndef CT_TESTS_APP_FIXTURE_H
#define CT_TESTS_APP_FIXTURE_H

#include "test.h"

#include "options.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct fake_env {
    const char *pairs[24]; /* name, value, name, value … NULL */
};

static inline const char *fake_env_get(void *ctx, const char *name)
{
    const struct fake_env *env = ctx;
    for (size_t i = 0; env->pairs[i]; i += 2) {
        if (strcmp(env->pairs[i], name) == 0)
            return env->pairs[i + 1];
    }
    return NULL;
}

static inline const char *fake_env_item(void *ctx, size_t i)
{
    const struct fake_env *env = ctx;
    return env->pairs[2 * i]; /* the names alone */
}

#define FAKE_ENV(...) ((struct env){fake_env_get, &(struct fake_env){{__VA_ARGS__, NULL}}, fake_env_item})

static inline int make_temp_dir(void **state)
{
    const char *base = getenv("TMPDIR");
    char path[4096];
    snprintf(path, sizeof path, "%s/ct-test-XXXXXX", base ? base : "/tmp");
    if (!mkdtemp(path))
        return -1;
    *state = strdup(path);
    return 0;
}

static inline int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static inline int remove_temp_dir(void **state)
{
    int err = nftw(*state, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    free(*state);
    return err;
}

/* dir/name; the text lives until the next call with another slot. */
static inline const char *temp_path(const char *dir, const char *name)
{
    static char paths[4][4200];
    static unsigned slot;
    char *path = paths[slot++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", dir, name);
    return path;
}

static inline void write_file(const char *path, const char *text, mode_t mode)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}

#define assert_contains(text, part)                                                                          \
    do {                                                                                                     \
        const char *text_ = (text), *part_ = (part);                                                         \
        if (!strstr(text_, part_))                                                                           \
            fail_msg("\"%s\" is not in: %s", part_, text_);                                                  \
    } while (0)

#endif
