/* Our member in what Claude Code said, on a folder laid out as Git does. */
#include "test.h"

#include "whereabouts.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/ct-where-XXXXXX";

static int set_up(void **state)
{
    (void)state;
    char path[64];
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/.git", folder);
    if (mkdir(path, 0700))
        return -1;
    snprintf(path, sizeof path, "%s/.git/HEAD", folder);
    FILE *head = fopen(path, "w");
    return head && fputs("ref: refs/heads/a\"b\n", head) >= 0 && fclose(head) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    char path[64];
    snprintf(path, sizeof path, "%s/.git/HEAD", folder);
    unlink(path);
    snprintf(path, sizeof path, "%s/.git", folder);
    rmdir(path);
    return rmdir(folder);
}

static void expect(const char *json, const char *where, const char *told)
{
    struct buf out;
    buf_init(&out, 4096);
    assert_int_equal(whereabouts_add(slice_str(json), where, NULL, &out), CT_OK);
    assert_slice_equal(buf_slice(&out), told);
    buf_finish(&out);
}

static void an_object_gets_a_member(void **state)
{
    (void)state;
    expect("{\"a\":1}", folder, "{\"claude_top\":{\"branch\":\"a\\\"b\"},\"a\":1}");
    expect("\n { \"a\":{}} ", folder, "{\"claude_top\":{\"branch\":\"a\\\"b\"},\"a\":{}} ");
}

static void everything_else_stays_as_it_is(void **state)
{
    static const char *const texts[] = {"",   " ",           "{", "{}",         "{ }",
                                        "[]", "[{\"a\":1}]", "5", "x{\"a\":1}", "{a}"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        expect(texts[i], folder, texts[i]);
    expect("{\"a\":1}", "/", "{\"a\":1}");
    expect("{\"a\":1}", "/nowhere", "{\"a\":1}");
}

static void what_does_not_fit_is_an_error(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 30);
    assert_int_equal(whereabouts_add(SLICE_LIT("{\"a\":1}"), folder, NULL, &out), CT_ERR_LIMIT);
    buf_finish(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_object_gets_a_member),
        cmocka_unit_test(everything_else_stays_as_it_is),
        cmocka_unit_test(what_does_not_fit_is_an_error),
    };
    return cmocka_run_group_tests_name("whereabouts", tests, set_up, tear_down);
}
