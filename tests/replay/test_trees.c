/*
 * The whole tree of a capture against trees/NAME.txt, which was written by hand from the capture's raw
 * records.
 */
#include "test.h"

#include "mem.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>

static char *read_tree(const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/tests/replay/trees/%s.txt", getenv("CT_SOURCE_ROOT"), name);
    FILE *f = fopen(path, "rb");
    if (!f)
        fail_msg("%s is missing", path);
    char *text = mem_alloc(1 << 16);
    size_t n = fread(text, 1, (1 << 16) - 1, f);
    fclose(f);
    text[n] = '\0';
    return text;
}

/* Shows the first line that differs: whole trees are too long to read. */
static void compare(const char *name, const char *got, const char *want)
{
    for (int line = 1; *got || *want; line++) {
        size_t g = strcspn(got, "\n"), w = strcspn(want, "\n");
        if (g != w || memcmp(got, want, g) != 0)
            fail_msg("%s.txt:%d\n  is   %.*s\n  want %.*s", name, line, (int)g, got, (int)w, want);
        got += g + (got[g] != '\0');
        want += w + (want[w] != '\0');
    }
}

static void check(void **state)
{
    const char *name = *state;
    struct capture c;
    struct world w;
    capture_load(&c, name, CAPTURE_WITH_HOOKS);
    world_open(&w);
    for (size_t i = 0; i < c.count; i++)
        assert_int_equal(world_feed(&w, &c.frames[i]), CT_OK);
    char *want = read_tree(name);
    compare(name, world_text(&w, TREE_SHAPE).ptr, want);
    free(want);
    world_close(&w);
    capture_free(&c);
}

int main(void)
{
    static char names[][40] = {"tools-json",
                               "interactive",
                               "interactive-grpc-default-intervals",
                               "subagent",
                               "subagents-background",
                               "denied-tool",
                               "failing-tool",
                               "terminated-mid-tool",
                               "rate-limited-then-ok",
                               "server-error-final",
                               "no-traces",
                               "old-2.0.76-subagent",
                               "http-hooks",
                               "resume",
                               "traceparent-in",
                               "interceptor-basic",
                               "interceptor-error",
                               "interceptor-permission",
                               "interceptor-posttool"};
    struct CMUnitTest tests[sizeof names / sizeof *names];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        tests[i] = (struct CMUnitTest){names[i], check, NULL, NULL, names[i]};
    return _cmocka_run_group_tests("trees", tests, sizeof names / sizeof *names, NULL, NULL);
}
