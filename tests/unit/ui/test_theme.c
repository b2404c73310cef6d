#include "test.h"

#include "glyph.h"
#include "palette.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* --------------------------------------------------------------------------------------------- palette */

static struct color rgb(uint8_t r, uint8_t g, uint8_t b)
{
    return (struct color){COLOR_RGB, r, g, b};
}

static int reduced(struct color c, enum color_depth depth)
{
    struct color out = palette_reduce(c, depth);
    assert_int_equal(out.kind, COLOR_INDEX);
    return out.r;
}

static void colours_parse(void **state)
{
    struct color c;
    (void)state;
    assert_true(palette_parse(SLICE_LIT("#fF8001"), &c));
    assert_int_equal(c.kind, COLOR_RGB);
    assert_int_equal(c.r << 16 | c.g << 8 | c.b, 0xff8001);
    assert_true(palette_parse(SLICE_LIT("255"), &c));
    assert_int_equal(c.kind, COLOR_INDEX);
    assert_int_equal(c.r, 255);
    assert_true(palette_parse(SLICE_LIT("bright-cyan"), &c));
    assert_int_equal(c.r, 14);
    assert_true(palette_parse(SLICE_LIT("default"), &c));
    assert_int_equal(c.kind, COLOR_DEFAULT);
    assert_true(palette_parse(SLICE_LIT("-"), &c));
    assert_int_equal(c.kind, COLOR_KEEP);
    static const char *const BAD[] = {"",        "256", "-1",   "#12345", "#1234567",
                                      "#gggggg", "Red", "bold", "0x10"};
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++)
        assert_false(palette_parse(slice_str(BAD[i]), &c));
}

static void the_ladder_keeps_what_it_can(void **state)
{
    (void)state;
    assert_int_equal(reduced(rgb(0, 0, 0), DEPTH_256), 16);
    assert_int_equal(reduced(rgb(255, 255, 255), DEPTH_256), 231);
    assert_int_equal(reduced(rgb(255, 0, 0), DEPTH_256), 196);
    assert_int_equal(reduced(rgb(0x33, 0x3c, 0x4d), DEPTH_256), 237);
    assert_int_equal(reduced(rgb(128, 128, 128), DEPTH_256), 244);
    /* Hue before distance: pale green is green, amber is yellow, slate is no colour. */
    assert_int_equal(reduced(rgb(0x86, 0xd9, 0x93), DEPTH_16), 10);
    assert_int_equal(reduced(rgb(0xff, 0xb4, 0x54), DEPTH_16), 11);
    assert_int_equal(reduced(rgb(0xb0, 0x0d, 0x1c), DEPTH_16), 1);
    assert_int_equal(reduced(rgb(0x84, 0x8c, 0x99), DEPTH_16), 8);
    assert_int_equal(reduced((struct color){COLOR_INDEX, 196, 0, 0}, DEPTH_16), 9);
    assert_int_equal(reduced((struct color){COLOR_INDEX, 5, 0, 0}, DEPTH_16), 5);
    assert_int_equal(palette_reduce(rgb(1, 2, 3), DEPTH_MONO).kind, COLOR_DEFAULT);
    assert_int_equal(palette_reduce(rgb(1, 2, 3), DEPTH_TRUE).kind, COLOR_RGB);
}

static void every_index_survives_256_colours(void **state)
{
    (void)state;
    for (int i = 16; i < 256; i++) {
        struct color c = palette_rgb((uint8_t)i), back = palette_rgb((uint8_t)reduced(c, DEPTH_256));
        assert_int_equal(c.r << 16 | c.g << 8 | c.b, back.r << 16 | back.g << 8 | back.b);
    }
}

/* ---------------------------------------------------------------------------------------------- themes */

static char folder[] = "/tmp/claude-top-theme-XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

/* Loads a file with that text. */
static enum ct_err load(struct theme *theme, const char *text, struct ct_errmsg *msg)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/test.ini", folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
    enum ct_err err = theme_load(theme, path, msg);
    unlink(path);
    return err;
}

static bool same_looks(const struct theme *a, const struct theme *b)
{
    for (int i = 0; i < ROLE_COUNT; i++)
        if (!style_equal(a->roles[i], b->roles[i]))
            return false;
    return true;
}

static void a_theme_changes_what_it_names(void **state)
{
    struct theme theme, light;
    struct ct_errmsg msg = {""};
    (void)state;
    theme_builtin(&light, 1);
    assert_int_equal(
        load(&theme,
             "; a comment\n[theme]\nname = paper\nbase = light\n[roles]\ncost = 94 , - , bold,italic ; why\n"
             "dim=default\nselection = -,bright-blue\nmatch = -,-,underline\n",
             &msg),
        CT_OK);
    assert_string_equal(theme.name, "paper");
    assert_int_equal(theme.roles[ROLE_COST].fg.kind, COLOR_INDEX);
    assert_int_equal(theme.roles[ROLE_COST].fg.r, 94);
    assert_int_equal(theme.roles[ROLE_COST].bg.kind, COLOR_KEEP);
    assert_int_equal(theme.roles[ROLE_COST].attrs, STYLE_BOLD | STYLE_ITALIC);
    assert_int_equal(theme.roles[ROLE_SELECTION].bg.r, 12);
    assert_int_equal(theme.roles[ROLE_MATCH].attrs, STYLE_UNDERLINE);
    assert_true(style_equal(theme.roles[ROLE_MODEL], light.roles[ROLE_MODEL]));
}

static void an_unnamed_theme_is_called_after_its_file(void **state)
{
    struct theme theme;
    struct ct_errmsg msg;
    (void)state;
    assert_int_equal(load(&theme, "[roles]\ncost = red\n", &msg), CT_OK);
    assert_string_equal(theme.name, "test");
}

static void mistakes_name_their_line_and_give_the_default(void **state)
{
    static const struct {
        const char *text;
        const char *where;
        const char *what;
    } BAD[] = {
        {"[roles]\ncost = red\ncots = red\n", ":3:", "cots"},
        {"[roles]\ncost = reddish\n", ":2:", "reddish"},
        {"[roles]\ncost = red,blue,green\n", ":2:", "green"},
        {"[roles]\ncost = red,bold,blue\n", ":2:", "blue"},
        {"[roles]\ncost = red,\n", ":2:", "fg[,bg]"},
        {"[roles]\ncost =\n", ":2:", "fg[,bg]"},
        {"[roles]\ncost = red\ncost = blue\n", ":3:", "twice"},
        {"[roles]\ncost = red\n blue\n", ":3:", "twice"},
        {"[roles]\ncost\n", ":2:", "role = colour"},
        {"[roles\n", ":1:", "[section]"},
        {"[colors]\nred = 1\n", ":2:", "[colors]"},
        {"cost = red\n", ":1:", "sections"},
        {"[theme]\nname = a-name-that-is-much-too-long-for-a-theme\n", ":2:", "name"},
        {"[theme]\nbase = neon\n", ":2:", "dark, light"},
        {"[theme]\nauthor = me\n", ":2:", "author"},
        {"[roles]\ncost = red\n[theme]\nbase = light\n", ":4:", "before"},
    };
    struct theme theme, standard;
    (void)state;
    theme_builtin(&standard, 0);
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        struct ct_errmsg msg = {""};
        assert_int_equal(load(&theme, BAD[i].text, &msg), CT_ERR_FORMAT);
        if (!strstr(msg.text, BAD[i].where) || !strstr(msg.text, BAD[i].what) || strchr(msg.text, '\n'))
            fail_msg("%s gave: %s", BAD[i].text, msg.text);
        assert_true(same_looks(&theme, &standard));
        assert_string_equal(theme.name, "dark");
    }
}

static void a_missing_file_gives_the_default(void **state)
{
    struct theme theme, standard;
    struct ct_errmsg msg;
    (void)state;
    theme_builtin(&standard, 0);
    assert_int_equal(theme_load(&theme, "/nowhere/x.ini", &msg), CT_ERR_IO);
    assert_non_null(strstr(msg.text, "/nowhere/x.ini"));
    assert_true(same_looks(&theme, &standard));
    assert_int_equal(theme_load(&theme, folder, &msg), CT_ERR_IO);
}

static void roles_have_names_of_their_own(void **state)
{
    enum role found;
    (void)state;
    for (int i = 0; i < ROLE_COUNT; i++) {
        assert_true(role_parse(slice_str(role_name((enum role)i)), &found));
        assert_int_equal(found, i);
    }
    assert_false(role_parse(SLICE_LIT("nothing"), &found));
}

/* The files in themes/ are the built-in themes, and name every role where they have no base to fall back on.
 */
static void shipped_themes_are_the_builtin_ones(void **state)
{
    static const char *const NAMES[THEME_BUILTIN_COUNT] = {"dark",       "light",         "dusk",
                                                           "colorblind", "high-contrast", "mono"};
    (void)state;
    for (int i = 0; i < THEME_BUILTIN_COUNT; i++) {
        char path[512];
        struct theme file, builtin;
        struct ct_errmsg msg = {""};
        snprintf(path, sizeof(path), "%s/themes/%s.ini", getenv("CT_SOURCE_ROOT"), NAMES[i]);
        if (theme_load(&file, path, &msg) != CT_OK)
            fail_msg("%s", msg.text);
        theme_builtin(&builtin, i);
        assert_string_equal(builtin.name, NAMES[i]);
        assert_string_equal(theme_builtin_name(i), NAMES[i]);
        assert_int_equal(theme_builtin_find(slice_str(NAMES[i])), i);
        assert_true(same_looks(&file, &builtin));
        for (int role = 0; role < ROLE_COUNT; role++)
            assert_true(builtin.roles[role].fg.kind != COLOR_KEEP ||
                        builtin.roles[role].bg.kind != COLOR_KEEP);
    }
}

/* ----------------------------------------------------------------------------------------------- looks */

/* The header and the footer are never selected. */
static bool is_on_a_bar(int role)
{
    struct slice name = slice_str(role_name((enum role)role));
    return slice_starts(name, SLICE_LIT("header")) || slice_starts(name, SLICE_LIT("footer"));
}

static void mono_has_no_colour(void **state)
{
    (void)state;
    struct theme theme;
    theme_builtin(&theme, theme_builtin_find(SLICE_LIT("mono")));
    for (int role = 0; role < ROLE_COUNT; role++)
        for (int flags = 0; flags <= (CELL_SELECTED | CELL_MATCH | CELL_ATTENTION); flags++) {
            struct style s = theme_style(&theme, role, flags, DEPTH_TRUE);
            assert_int_equal(s.fg.kind, COLOR_DEFAULT);
            assert_int_equal(s.bg.kind, COLOR_DEFAULT);
        }
}

static void styles_are_layered(void **state)
{
    struct theme theme;
    struct ct_errmsg msg;
    (void)state;
    assert_int_equal(load(&theme,
                          "[roles]\ntext = 1,2\nheader = 3,4\nheader.cost = 5,-,bold\ndim = -\n"
                          "selection = -,6,underline\nmatch = 7,8\n",
                          &msg),
                     CT_OK);
    struct style s = theme_style(&theme, ROLE_HEADER_COST, 0, DEPTH_256);
    assert_int_equal(s.fg.r, 5);
    assert_int_equal(s.bg.r, 4);
    assert_int_equal(s.attrs, STYLE_BOLD);
    s = theme_style(&theme, ROLE_DIM, 0, DEPTH_256);
    assert_int_equal(s.fg.r, 1);
    assert_int_equal(s.bg.r, 2);
    s = theme_style(&theme, ROLE_HEADER_COST, CELL_SELECTED, DEPTH_256);
    assert_int_equal(s.fg.r, 5);
    assert_int_equal(s.bg.r, 6);
    assert_int_equal(s.attrs, STYLE_BOLD | STYLE_UNDERLINE);
    s = theme_style(&theme, ROLE_DIM, CELL_SELECTED | CELL_MATCH, DEPTH_256);
    assert_int_equal(s.fg.r, 7);
    assert_int_equal(s.bg.r, 8);
    s = theme_style(&theme, -5, 0, DEPTH_256);
    assert_int_equal(s.fg.r, 1);
}

/* No style asks for more than the terminal has, and a selected row never looks like its neighbours. */
static void every_depth_gets_only_what_it_shows(void **state)
{
    (void)state;
    for (int t = 0; t < THEME_BUILTIN_COUNT; t++) {
        struct theme theme;
        theme_builtin(&theme, t);
        for (int depth = DEPTH_MONO; depth <= DEPTH_TRUE; depth++)
            for (int role = 0; role < ROLE_COUNT; role++)
                for (int flags = 0; flags <= (CELL_SELECTED | CELL_MATCH | CELL_ATTENTION); flags++) {
                    struct style s = theme_style(&theme, role, flags, (enum color_depth)depth);
                    const struct color *both[] = {&s.fg, &s.bg};
                    for (int i = 0; i < 2; i++) {
                        assert_int_not_equal(both[i]->kind, COLOR_KEEP);
                        if (depth == DEPTH_MONO)
                            assert_int_equal(both[i]->kind, COLOR_DEFAULT);
                        if (depth < DEPTH_TRUE)
                            assert_int_not_equal(both[i]->kind, COLOR_RGB);
                        if (depth == DEPTH_16 && both[i]->kind == COLOR_INDEX)
                            assert_true(both[i]->r < 16);
                    }
                    bool over = role == ROLE_BANNER || role == ROLE_SELECTION || role == ROLE_MATCH ||
                                is_on_a_bar(role);
                    if ((flags & ~CELL_ATTENTION) && !over &&
                        style_equal(s, theme_style(&theme, role, 0, (enum color_depth)depth)))
                        fail_msg("%s at depth %d: %s looks the same with flags %d", theme.name, depth,
                                 role_name((enum role)role), flags);
                }
    }
}

static void glyphs_take_one_column_in_both_forms(void **state)
{
    (void)state;
    for (int i = 0; i < GLYPH_COUNT; i++) {
        assert_int_equal(text_width(slice_str(glyph((enum glyph)i))), 1);
        assert_true(text_is_clean(slice_str(glyph((enum glyph)i))));
        assert_true(glyph_ascii((enum glyph)i) > ' ' && glyph_ascii((enum glyph)i) < 0x7f);
    }
}

static void a_file_without_end_is_no_theme(void **state)
{
    (void)state;
    struct theme theme;
    struct ct_errmsg msg;
    assert_int_equal(theme_load(&theme, "/dev/zero", &msg), CT_ERR_FORMAT);
    assert_non_null(strstr(msg.text, "not a theme"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_without_end_is_no_theme),
        cmocka_unit_test(colours_parse),
        cmocka_unit_test(the_ladder_keeps_what_it_can),
        cmocka_unit_test(every_index_survives_256_colours),
        cmocka_unit_test(a_theme_changes_what_it_names),
        cmocka_unit_test(an_unnamed_theme_is_called_after_its_file),
        cmocka_unit_test(mistakes_name_their_line_and_give_the_default),
        cmocka_unit_test(a_missing_file_gives_the_default),
        cmocka_unit_test(roles_have_names_of_their_own),
        cmocka_unit_test(shipped_themes_are_the_builtin_ones),
        cmocka_unit_test(mono_has_no_colour),
        cmocka_unit_test(styles_are_layered),
        cmocka_unit_test(every_depth_gets_only_what_it_shows),
        cmocka_unit_test(glyphs_take_one_column_in_both_forms),
    };
    return cmocka_run_group_tests_name("ui/theme", tests, make_folder, remove_folder);
}
