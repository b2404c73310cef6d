#include "test.h"

#include "contrast.h"
#include "grid.h"
#include "palette.h"

#include <math.h>

static struct color rgb(uint32_t c)
{
    return (struct color){COLOR_RGB, (uint8_t)(c >> 16), (uint8_t)(c >> 8), (uint8_t)c};
}

/* By WCAG's own examples. */
static void the_contrast_is_that_of_wcag(void **state)
{
    (void)state;
    assert_true(fabs(contrast_ratio(rgb(0), rgb(0xffffff)) - 21.0) < 1e-9);
    assert_true(fabs(contrast_ratio(rgb(0x777777), rgb(0xffffff)) - 4.478) < 1e-3);
    assert_true(fabs(contrast_ratio(rgb(0xffffff), rgb(0x767676)) - 4.542) < 1e-3);
    assert_true(fabs(contrast_ratio(rgb(0xff0000), rgb(0xff0000)) - 1.0) < 1e-9);
    assert_true(fabs(contrast_luminance((struct color){COLOR_INDEX, 231, 0, 0}) - 1.0) < 1e-9);
}

/* -------------------------------------------------------------------------------------------- to be read */

#define AAA (7.0 / CONTRAST_TEXT)

static const struct {
    const char *theme;
    double scale;
    uint32_t ink, paper;
    enum color_depth least; /* the sixteen are xterm's: its own paper */
} SCREENS[] = {
    {"dark", 1, 0xffffff, 0x000000, DEPTH_16},
    {"dark", 1, 0xd4d4d4, 0x1e1e1e, DEPTH_256},
    {"dark", 1, 0xabb2bf, 0x282c34, DEPTH_256},
    {"light", 1, 0x000000, 0xffffff, DEPTH_16},
    {"light", 1, 0x24292f, 0xfaf8f2, DEPTH_256},
    {"light", 1, 0x073642, 0xfdf6e3, DEPTH_256},
    {"light", 1, 0x4c4f69, 0xeff1f5, DEPTH_256},
    {"colorblind", 1, 0xffffff, 0x000000, DEPTH_16},
    {"colorblind", 1, 0xd4d4d4, 0x1e1e1e, DEPTH_256},
    {"colorblind", 1, 0xabb2bf, 0x282c34, DEPTH_256},
    /* These bring their own. */
    {"dusk", 1, 0x000000, 0xffffff, DEPTH_16},
    {"dusk", 1, 0xffffff, 0x000000, DEPTH_16},
    {"high-contrast", AAA, 0x000000, 0xffffff, DEPTH_256},
    {"high-contrast", AAA, 0xffffff, 0x000000, DEPTH_256},
    {"high-contrast", 1, 0xffffff, 0x000000, DEPTH_16},
};

static void every_theme_can_be_read(void **state)
{
    static const char *const DEPTHS[] = {"none", "16", "256", "truecolour"};
    size_t poor = 0;
    (void)state;
    for (size_t i = 0; i < sizeof SCREENS / sizeof SCREENS[0]; i++) {
        struct theme theme;
        theme_builtin(&theme, theme_builtin_find(slice_str(SCREENS[i].theme)));
        for (int depth = (int)SCREENS[i].least; depth <= DEPTH_TRUE; depth++) {
            struct contrast_finding found[ROLE_COUNT * 8];
            size_t count = contrast_find(&theme, rgb(SCREENS[i].ink), rgb(SCREENS[i].paper),
                                         (enum color_depth)depth, SCREENS[i].scale, found, ROLE_COUNT * 8);
            for (size_t k = 0; k < count; k++)
                print_message("%s on #%06x at %s: %s with flags %d has %.2f, less than %.1f\n",
                              SCREENS[i].theme, SCREENS[i].paper, DEPTHS[depth], role_name(found[k].role),
                              found[k].flags, found[k].ratio, found[k].least);
            poor += count;
        }
    }
    assert_int_equal(poor, 0);
}

static void what_cannot_be_read_is_found(void **state)
{
    struct theme theme;
    struct contrast_finding found[2];
    (void)state;
    theme_builtin(&theme, 0);
    theme.roles[ROLE_COST].fg = rgb(0x333333);
    theme.roles[ROLE_HEADER_KEY].fg = rgb(0x333333);
    size_t count = contrast_find(&theme, rgb(0xffffff), rgb(0), DEPTH_TRUE, 1, found, 2);
    assert_int_equal(count, 5); /* the header once; cost plain, selected, waiting and both */
    assert_int_equal(found[0].role, ROLE_HEADER_KEY);
    assert_int_equal(found[1].role, ROLE_COST);
    assert_int_equal(found[1].flags, 0);
    assert_true(found[1].ratio > 1 && found[1].ratio < 2);
    assert_true(found[1].least == CONTRAST_TEXT);
    /* With sixteen colours it is given another. */
    assert_int_equal(contrast_find(&theme, rgb(0xffffff), rgb(0), DEPTH_16, 1, found, 2), 0);
}

/* A theme for light paper is known by its paper, or by its ink. */
static void light_themes_are_known(void **state)
{
    (void)state;
    for (int i = 0; i < THEME_BUILTIN_COUNT; i++) {
        struct theme theme;
        theme_builtin(&theme, i);
        assert_int_equal(theme.light, strcmp(theme.name, "light") == 0);
        theme.roles[ROLE_TEXT].bg = rgb(0xfaf8f2);
        assert_true(theme_looks_light(&theme));
        theme.roles[ROLE_TEXT].bg = (struct color){COLOR_INDEX, 234, 0, 0};
        assert_false(theme_looks_light(&theme));
    }
}

/* -------------------------------------------------------------------------------------- to be told apart */

struct linear {
    double r, g, b;
};

static double linear_of(uint8_t v)
{
    double x = v / 255.0;
    return x <= 0.04045 ? x / 12.92 : pow((x + 0.055) / 1.055, 2.4);
}

/* Machado, Oliveira, Fernandes 2009: no red cones, no green ones. */
static const double SEES[3][3][3] = {
    {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
    {{0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216}, {-0.003882, -0.048116, 1.051998}},
    {{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}},
};

static double clamp(double x)
{
    return x < 0 ? 0 : x > 1 ? 1 : x;
}

static double lab_f(double t)
{
    return t > 216.0 / 24389 ? cbrt(t) : (24389.0 / 27 * t + 16) / 116;
}

/* CIE L*a*b*, D65, of what somebody sees. */
static void lab_of(struct color color, int eyes, double lab[3])
{
    struct color c = color.kind == COLOR_INDEX ? palette_rgb(color.r) : color;
    double in[3] = {linear_of(c.r), linear_of(c.g), linear_of(c.b)}, l[3];
    for (int i = 0; i < 3; i++)
        l[i] = clamp(SEES[eyes][i][0] * in[0] + SEES[eyes][i][1] * in[1] + SEES[eyes][i][2] * in[2]);
    double x = lab_f((0.4124564 * l[0] + 0.3575761 * l[1] + 0.1804375 * l[2]) / 0.95047);
    double y = lab_f(0.2126729 * l[0] + 0.7151522 * l[1] + 0.0721750 * l[2]);
    double z = lab_f((0.0193339 * l[0] + 0.1191920 * l[1] + 0.9503041 * l[2]) / 1.08883);
    lab[0] = 116 * y - 16;
    lab[1] = 500 * (x - y);
    lab[2] = 200 * (y - z);
}

/* Delta E of 1976; 2.3 can just be noticed. */
static double difference(struct color a, struct color b, int eyes)
{
    double p[3], q[3];
    lab_of(a, eyes, p);
    lab_of(b, eyes, q);
    return sqrt((p[0] - q[0]) * (p[0] - q[0]) + (p[1] - q[1]) * (p[1] - q[1]) +
                (p[2] - q[2]) * (p[2] - q[2]));
}

static int too_near(const char *name, const enum role *roles, size_t count, double least)
{
    static const char *const EYES[] = {"usual eyes", "no red cones", "no green cones"};
    struct theme theme;
    int near = 0;
    theme_builtin(&theme, theme_builtin_find(slice_str(name)));
    for (size_t i = 0; i < count; i++)
        for (size_t k = i + 1; k < count; k++)
            for (int eyes = 0; eyes < 3; eyes++) {
                double d = difference(theme.roles[roles[i]].fg, theme.roles[roles[k]].fg, eyes);
                if (d >= least)
                    continue;
                print_message("%s, %s: %s and %s differ by %.1f, less than %g\n", name, EYES[eyes],
                              role_name(roles[i]), role_name(roles[k]), d, least);
                near++;
            }
    return near;
}

#define NEAR(name, least, ...)                                                                               \
    too_near(name, (const enum role[]){__VA_ARGS__},                                                         \
             sizeof((const enum role[]){__VA_ARGS__}) / sizeof(enum role), least)

/* In every theme waiting, working and failed; in the one that is made for it, whatever has a colour of its
 * own. Glyphs and words say the same once more. */
static void colours_that_matter_differ_for_everybody(void **state)
{
    static const char *const COLOURED[] = {"dark", "light", "dusk", "high-contrast", "colorblind"};
    int near = 0;
    (void)state;
    for (size_t i = 0; i < sizeof COLOURED / sizeof COLOURED[0]; i++) {
        near += NEAR(COLOURED[i], 10, ROLE_STATE_WAITING, ROLE_STATE_RUNNING, ROLE_STATE_FAILED);
        near += NEAR(COLOURED[i], 10, ROLE_BAR_LLM, ROLE_BAR_TOOL, ROLE_BAR_WAIT, ROLE_BAR_FAILED);
        near += NEAR(COLOURED[i], 10, ROLE_HEADER_GOOD, ROLE_HEADER_BAD, ROLE_HEADER_ALERT);
    }
    near += NEAR("colorblind", 15, ROLE_STATE_WAITING, ROLE_STATE_RUNNING, ROLE_STATE_FAILED,
                 ROLE_STATE_RETRYING, ROLE_STATE_REJECTED, ROLE_STATE_STALE);
    near +=
        NEAR("colorblind", 15, ROLE_BAR_LLM, ROLE_BAR_TOOL, ROLE_BAR_AGENT, ROLE_BAR_WAIT, ROLE_BAR_FAILED);
    assert_int_equal(near, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_contrast_is_that_of_wcag),
        cmocka_unit_test(every_theme_can_be_read),
        cmocka_unit_test(what_cannot_be_read_is_found),
        cmocka_unit_test(light_themes_are_known),
        cmocka_unit_test(colours_that_matter_differ_for_everybody),
    };
    return cmocka_run_group_tests_name("ui/contrast", tests, NULL, NULL);
}
