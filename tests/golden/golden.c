#include "test.h"

#include "golden.h"

#include "dump.h"

#include <stdio.h>
#include <stdlib.h>

static void golden_path(const char *name, char *out, size_t size)
{
    const char *root = getenv("CT_SOURCE_ROOT");
    assert_non_null(root);
    snprintf(out, size, "%s/tests/golden/%s.txt", root, name);
}

static void read_file(const char *path, struct buf *out)
{
    char chunk[4096];
    size_t n;
    FILE *file = fopen(path, "r");
    if (!file)
        fail_msg("%s is missing: run with UPDATE_GOLDEN=1, look at it, commit it", path);
    while ((n = fread(chunk, 1, sizeof(chunk), file)) > 0)
        assert_int_equal(buf_append(out, slice_make(chunk, n)), CT_OK);
    fclose(file);
}

static void write_file(const char *path, struct slice text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text.ptr, 1, text.len, file), text.len);
    assert_int_equal(fclose(file), 0);
}

static struct slice next_line(struct slice *rest)
{
    struct slice line = slice_sub(*rest, 0, slice_find(*rest, '\n'));
    *rest = slice_sub(*rest, line.len + 1, rest->len);
    return line;
}

static void compare(const char *path, struct slice expected, struct slice actual)
{
    for (int number = 1; expected.len || actual.len; number++) {
        struct slice want = next_line(&expected), got = next_line(&actual);
        if (!slice_eq(want, got))
            fail_msg("%s:%d\n  expected %.*s\n  drawn    %.*s\n(UPDATE_GOLDEN=1 accepts what is drawn)", path,
                     number, SLICE_ARG(want), SLICE_ARG(got));
    }
}

/* Lines of SGR sequences that people can read: an escape is "^[" and a screen starts with its name. */
static void add_looks(const struct grid *grid, const char *title, enum color_depth depth, struct buf *text)
{
    struct buf ansi;
    struct theme theme;
    theme_builtin(&theme, 0);
    buf_init(&ansi, SCREEN_MAX);
    assert_int_equal(dump_ansi(grid, &theme, depth, &ansi), CT_OK);
    assert_int_equal(buf_printf(text, "\n%s\n", title), CT_OK);
    for (struct slice rest = buf_slice(&ansi); rest.len;) {
        size_t at = slice_find(rest, '\033');
        assert_int_equal(buf_append(text, slice_sub(rest, 0, at)), CT_OK);
        if (at < rest.len)
            assert_int_equal(buf_append_str(text, "^["), CT_OK);
        rest = slice_sub(rest, at + 1, rest.len);
    }
    buf_finish(&ansi);
}

static void check(const char *name, const struct grid *grid, bool looks)
{
    const char *update = getenv("UPDATE_GOLDEN");
    const char *problem = screen_problem(grid);
    char path[512];
    struct buf text, expected;
    if (problem)
        fail_msg("%s: %s", name, problem);
    buf_init(&text, SCREEN_MAX);
    buf_init(&expected, SCREEN_MAX);
    assert_int_equal(dump_grid(grid, &text), CT_OK);
    if (looks) {
        add_looks(grid, "256 colours", DEPTH_256, &text);
        add_looks(grid, "monochrome", DEPTH_MONO, &text);
    }
    golden_path(name, path, sizeof(path));
    if (update && update[0] == '1') {
        write_file(path, buf_slice(&text));
    } else {
        read_file(path, &expected);
        compare(path, buf_slice(&expected), buf_slice(&text));
    }
    buf_finish(&text);
    buf_finish(&expected);
}

void golden_check(const char *name, const struct grid *grid)
{
    check(name, grid, false);
}

void golden_check_looks(const char *name, const struct grid *grid)
{
    check(name, grid, true);
}
