/* test_dump - grids as text, as SGR sequences and as pictures. */
#include "test.h"

#include "dump.h"

#include <stdlib.h>

static const char *const TAGS[] = {"svg",  "title",    "rect", "style", "defs",
                                   "path", "clipPath", "g",    "text",  "use"};

static struct buf text_of(enum ct_err (*dump)(const struct grid *, struct buf *), const struct grid *g)
{
    struct buf out;
    buf_init(&out, DUMP_BYTES_MAX);
    assert_int_equal(dump(g, &out), CT_OK);
    assert_non_null(buf_cstr(&out));
    return out;
}

static struct buf svg_of(const struct grid *g, int theme_index, const char *title)
{
    struct theme theme;
    struct buf out;
    theme_builtin(&theme, theme_index);
    buf_init(&out, DUMP_BYTES_MAX);
    assert_int_equal(dump_svg(g, &theme, DEPTH_TRUE, slice_str(title), &out), CT_OK);
    assert_non_null(buf_cstr(&out));
    return out;
}

/* Well-formed as far as we write XML: known tags that close in order, no stray '<', '&' and no controls. */
static void assert_well_formed(struct slice xml)
{
    const char *open[16];
    size_t depth = 0;
    for (size_t i = 0; i < xml.len; i++) {
        uint8_t c = (uint8_t)xml.ptr[i];
        struct slice rest = slice_sub(xml, i, xml.len);
        assert_true(c >= 0x20 || c == '\n');
        if (c == '&')
            assert_true(slice_starts(rest, SLICE_LIT("&lt;")) || slice_starts(rest, SLICE_LIT("&gt;")) ||
                        slice_starts(rest, SLICE_LIT("&amp;")));
        assert_true(c != '>');
        if (c != '<')
            continue;
        size_t len = slice_find(rest, '>');
        assert_true(len < rest.len);
        bool closes = rest.ptr[1] == '/', alone = rest.ptr[len - 1] == '/';
        struct slice name = slice_sub(rest, closes ? 2 : 1, len);
        size_t known = 0;
        while (known < sizeof(TAGS) / sizeof(TAGS[0]) && !slice_starts(name, slice_str(TAGS[known])))
            known++;
        assert_true(known < sizeof(TAGS) / sizeof(TAGS[0]));
        if (closes) {
            assert_true(depth > 0);
            assert_true(slice_starts(name, slice_str(open[--depth])));
        } else if (!alone) {
            assert_true(depth < 16);
            open[depth++] = TAGS[known];
        }
        i += len;
    }
    assert_int_equal(depth, 0);
}

static void a_grid_is_a_line_a_row(void **state)
{
    struct grid g;
    (void)state;
    grid_init(&g, 8, 3);
    grid_put(&g, 0, 0, 8, SLICE_LIT("ab  c"), ROLE_TEXT);
    grid_put(&g, 1, 2, 6, SLICE_LIT("会x"), ROLE_TEXT);
    grid_flag(&g, 1, 0, 1, 8, CELL_SELECTED);
    struct buf out = text_of(dump_grid, &g);
    assert_string_equal(out.data, "|ab  c\n>  会x\n|\n");
    buf_finish(&out);
    grid_finish(&g);
}

static void colours_begin_and_end_with_each_line(void **state)
{
    struct grid g;
    struct theme theme;
    struct buf out;
    (void)state;
    theme_builtin(&theme, 0);
    theme.roles[ROLE_COST] = (struct style){{COLOR_RGB, 1, 2, 3}, {COLOR_INDEX, 4, 0, 0}, STYLE_BOLD};
    theme.roles[ROLE_TIME] =
        (struct style){{COLOR_INDEX, 9, 0, 0}, {COLOR_INDEX, 200, 0, 0}, STYLE_UNDERLINE};
    grid_init(&g, 4, 2);
    grid_put(&g, 0, 1, 2, SLICE_LIT("$1"), ROLE_COST);
    grid_put(&g, 1, 0, 2, SLICE_LIT("会"), ROLE_TIME);
    buf_init(&out, 4096);
    assert_int_equal(dump_ansi(&g, &theme, DEPTH_TRUE, &out), CT_OK);
    assert_string_equal(buf_cstr(&out), " \033[0;1;38;2;1;2;3;44m$1\033[0m \033[0m\n"
                                        "\033[0;4;91;48;5;200m会\033[0m  \033[0m\n");
    buf_finish(&out);
    grid_finish(&g);
}

static void text_of_a_picture_is_escaped(void **state)
{
    struct grid g;
    (void)state;
    grid_init(&g, 30, 1);
    grid_put(&g, 0, 0, 30, SLICE_LIT("<b>&\"'</text> a  b"), ROLE_TEXT);
    struct buf out = svg_of(&g, 0, "a <title> & more");
    assert_well_formed(buf_slice(&out));
    assert_non_null(strstr(out.data, ">&lt;b&gt;&amp;\"'&lt;/text&gt; a</text>"));
    assert_non_null(strstr(out.data, "<title>a &lt;title&gt; &amp; more</title>"));
    buf_finish(&out);
    grid_finish(&g);
}

static void letters_keep_to_their_cells(void **state)
{
    struct grid g;
    (void)state;
    grid_init(&g, 20, 2);
    grid_put(&g, 1, 3, 17, SLICE_LIT("ab 会é\xcc\x81x…"), ROLE_TEXT);
    struct buf out = svg_of(&g, 0, "");
    assert_well_formed(buf_slice(&out));
    /* row 1 begins at 20, its baseline is 15 below; column 3 at 30 */
    assert_non_null(strstr(out.data, "x=\"30\" y=\"35\" textLength=\"20\">ab</text>"));
    assert_non_null(
        strstr(out.data, "x=\"60\" y=\"35\" textLength=\"20\" lengthAdjust=\"spacingAndGlyphs\">会</text>"));
    assert_non_null(strstr(out.data, "x=\"90\" y=\"35\" textLength=\"10\">x</text>"));
    assert_non_null(
        strstr(out.data, "x=\"100\" y=\"35\" textLength=\"10\" lengthAdjust=\"spacingAndGlyphs\">…</text>"));
    assert_null(strstr(out.data, "<title>"));
    buf_finish(&out);
    grid_finish(&g);
}

static void bars_and_marks_are_shapes(void **state)
{
    struct grid g;
    (void)state;
    grid_init(&g, 20, 1);
    grid_put(&g, 0, 0, 20, SLICE_LIT("███▒▒▂▎──✓"), ROLE_BAR_LLM);
    struct buf out = svg_of(&g, 0, "");
    assert_well_formed(buf_slice(&out));
    assert_null(strstr(out.data, "<text "));
    assert_non_null(strstr(out.data, "x=\"0\" y=\"0\" width=\"30\" height=\"20\"/>"));
    assert_non_null(strstr(out.data, "x=\"30\" y=\"0\" width=\"20\" height=\"20\" fill-opacity=\"0.6\"/>"));
    assert_non_null(strstr(out.data, "x=\"50\" y=\"15\" width=\"10\" height=\"5\"/>"));
    assert_non_null(strstr(out.data, "x=\"60\" y=\"0\" width=\"2.5\" height=\"20\"/>"));
    assert_non_null(strstr(out.data, "x=\"70\" y=\"9.4\" width=\"20\" height=\"1.2\"/>"));
    assert_non_null(strstr(out.data, "<use "));
    buf_finish(&out);
    grid_finish(&g);
}

static void the_terminals_own_colours_go_with_the_theme(void **state)
{
    struct theme theme;
    struct grid g;
    (void)state;
    theme_builtin(&theme, theme_builtin_find(SLICE_LIT("dark")));
    assert_false(theme.light);
    theme_builtin(&theme, theme_builtin_find(SLICE_LIT("light")));
    assert_true(theme.light);
    grid_init(&g, 3, 1);
    struct buf dark = svg_of(&g, theme_builtin_find(SLICE_LIT("dark")), "");
    struct buf light = svg_of(&g, theme_builtin_find(SLICE_LIT("light")), "");
    assert_non_null(strstr(dark.data, "fill=\"#15181d\""));
    assert_non_null(strstr(light.data, "fill=\"#ffffff\""));
    buf_finish(&dark);
    buf_finish(&light);
    grid_finish(&g);
}

static void no_room_is_said(void **state)
{
    struct grid g;
    struct theme theme;
    struct buf out;
    (void)state;
    theme_builtin(&theme, 0);
    grid_init(&g, 10, 10);
    for (size_t room = 0; room < 100; room += 9) {
        buf_init(&out, room);
        assert_int_not_equal(dump_svg(&g, &theme, DEPTH_TRUE, SLICE_LIT("t"), &out), CT_OK);
        buf_clear(&out);
        assert_int_not_equal(dump_ansi(&g, &theme, DEPTH_TRUE, &out), CT_OK);
        buf_finish(&out);
    }
    grid_finish(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_grid_is_a_line_a_row),
        cmocka_unit_test(colours_begin_and_end_with_each_line),
        cmocka_unit_test(text_of_a_picture_is_escaped),
        cmocka_unit_test(letters_keep_to_their_cells),
        cmocka_unit_test(bars_and_marks_are_shapes),
        cmocka_unit_test(the_terminals_own_colours_go_with_the_theme),
        cmocka_unit_test(no_room_is_said),
    };
    return cmocka_run_group_tests_name("dump", tests, NULL, NULL);
}
