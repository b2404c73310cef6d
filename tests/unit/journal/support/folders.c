#include "folders.h"

#include <stdio.h>
#include <stdlib.h>

static void on_retire(void *ctx, struct journal *j, uint64_t first, uint64_t last)
{
    (void)j;
    struct setup *s = ctx;
    if (!s->retired_first)
        s->retired_first = first;
    else
        assert_int_equal(first, s->retired_last + 1);
    s->retired_last = last;
}

int setup_begin(void **state)
{
    struct setup *s = calloc(1, sizeof *s);
    assert_non_null(s);
    s->folder = folder_new();
    journal_config_init(&s->config);
    s->config.dir = s->folder;
    s->config.fsync = JOURNAL_FSYNC_NEVER;
    s->config.max_age_ns = 0;
    s->config.on_retire = on_retire;
    s->config.ctx = s;
    *state = s;
    return 0;
}

int setup_end(void **state)
{
    struct setup *s = *state;
    folder_drop(s->folder);
    free(s);
    return 0;
}

void write_frames(const struct setup *s, uint64_t first, uint64_t last, size_t body_len)
{
    struct journal *j = open_journal(&s->config);
    for (uint64_t seq = first; seq <= last; seq++)
        append_sample(j, seq, body_len);
    journal_close(j);
}

char *segment_path(const struct setup *s, uint64_t first)
{
    char name[40];
    snprintf(name, sizeof name, "%020llu.ctj", (unsigned long long)first);
    return path_join(s->folder, name);
}
