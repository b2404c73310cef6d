#include "contrast.h"
#include "grid.h"
#include "palette.h"

static void lay_over(struct style *under, struct style over)
{
    if (over.fg.kind != COLOR_KEEP)
        under->fg = over.fg;
    if (over.bg.kind != COLOR_KEEP)
        under->bg = over.bg;
    under->attrs |= over.attrs;
}

/* The role whose name this one extends, else ROLE_TEXT. */
static enum role parent_role(int role)
{
    const char *name = role_name((enum role)role);
    const char *dot = strchr(name, '.');
    enum role parent;
    if (dot && role_parse(slice_make(name, (size_t)(dot - name)), &parent))
        return parent;
    return ROLE_TEXT;
}

static bool is_one_of_sixteen(struct color c)
{
    return c.kind == COLOR_INDEX && c.r < PALETTE_SIXTEEN;
}

/* On few colours a background often vanishes, or is a grey that nothing can be read on; where it says
 * something, reverse video says it instead. */
static bool background_lost(struct color wanted, struct color got)
{
    if (wanted.kind == COLOR_KEEP || wanted.kind == COLOR_DEFAULT || is_one_of_sixteen(wanted))
        return false;
    return got.kind == COLOR_DEFAULT || (got.kind == COLOR_INDEX && (got.r % 8 == 0 || got.r % 8 == 7));
}

static struct color resolve(struct color c)
{
    return c.kind == COLOR_KEEP ? (struct color){COLOR_DEFAULT, 0, 0, 0} : c;
}

/* The text's colour on one of the sixteen. */
static struct color readable(struct color fg, struct color bg, double least, bool light)
{
    const struct color black = {COLOR_INDEX, 0, 0, 0}, white = {COLOR_INDEX, 15, 0, 0};
    struct color paper = bg.kind != COLOR_DEFAULT ? bg : light ? white : black;
    struct color ink = fg.kind != COLOR_DEFAULT ? fg : light ? black : white;
    if (contrast_ratio(ink, paper) >= least)
        return fg;
    struct color sister = {COLOR_INDEX, (uint8_t)(ink.r ^ 8), 0, 0};
    if (contrast_ratio(sister, paper) >= least)
        return sister;
    if (bg.kind == COLOR_DEFAULT)
        return (struct color){COLOR_DEFAULT, 0, 0, 0};
    return contrast_ratio(black, paper) > contrast_ratio(white, paper) ? black : white;
}

/* Brings a style without COLOR_KEEP down to 16 colours or none. meaning: a background that must not get lost.
 */
static struct style reduce(const struct theme *theme, int role, struct style full, struct color meaning,
                           enum color_depth depth)
{
    struct style text = theme->roles[ROLE_TEXT];
    struct style style = {palette_reduce(full.fg, depth), palette_reduce(full.bg, depth), full.attrs};
    if (background_lost(meaning, style.bg)) {
        full.fg = resolve(text.fg);
        style.fg = palette_reduce(full.fg, depth);
        style.bg = palette_reduce(resolve(text.bg), depth);
        style.attrs |= STYLE_REVERSE;
    }
    if (depth == DEPTH_16 && !is_one_of_sixteen(full.fg))
        style.fg = readable(style.fg, style.bg, contrast_least((enum role)role), theme->light);
    if (style.fg.kind == COLOR_INDEX && style.bg.kind == COLOR_INDEX && style.fg.r == style.bg.r)
        style.fg = (struct color){COLOR_DEFAULT, 0, 0, 0};
    return style;
}

struct style theme_style(const struct theme *theme, int role, int flags, enum color_depth depth)
{
    struct style style = theme->roles[ROLE_TEXT];
    struct color meaning = {COLOR_KEEP, 0, 0, 0};
    if (role < 0 || role >= ROLE_COUNT)
        role = ROLE_TEXT;
    if (role != ROLE_TEXT) {
        enum role parent = parent_role(role);
        if (parent != ROLE_TEXT)
            lay_over(&style, theme->roles[parent]);
        lay_over(&style, theme->roles[role]);
    }
    if (role == ROLE_BANNER)
        meaning = theme->roles[role].bg;
    if (flags & CELL_ATTENTION) {
        struct style over = theme->roles[ROLE_ATTENTION];
        /* A tint becomes the loudest colour there is: the words and the bold face say enough. */
        if (depth == DEPTH_16 && !is_one_of_sixteen(over.bg))
            over.bg.kind = COLOR_KEEP;
        lay_over(&style, over);
    }
    if (flags & CELL_SELECTED) {
        lay_over(&style, theme->roles[ROLE_SELECTION]);
        meaning = theme->roles[ROLE_SELECTION].bg;
    }
    if (flags & CELL_MATCH) {
        lay_over(&style, theme->roles[ROLE_MATCH]);
        meaning = theme->roles[ROLE_MATCH].bg;
    }
    style.fg = resolve(style.fg);
    style.bg = resolve(style.bg);
    if (depth <= DEPTH_16)
        return reduce(theme, role, style, meaning, depth);
    style.fg = palette_reduce(style.fg, depth);
    style.bg = palette_reduce(style.bg, depth);
    return style;
}

/* Over this the colours of text are for dark paper, 0 to 1. */
#define LIGHT_INK 0.18

bool theme_looks_light(const struct theme *theme)
{
    double sum = 0;
    int count = 0;
    struct color paper = theme->roles[ROLE_TEXT].bg;
    if (paper.kind == COLOR_RGB || paper.kind == COLOR_INDEX)
        return contrast_luminance(paper) > LIGHT_INK;
    for (int role = 0; role < ROLE_COUNT; role++) {
        struct style s = theme_style(theme, role, 0, DEPTH_TRUE);
        if (s.fg.kind == COLOR_DEFAULT || s.bg.kind != COLOR_DEFAULT)
            continue;
        sum += contrast_luminance(s.fg);
        count++;
    }
    return count > 0 && sum / count < LIGHT_INK;
}

static bool color_equal(struct color a, struct color b)
{
    if (a.kind != b.kind)
        return false;
    if (a.kind == COLOR_RGB)
        return a.r == b.r && a.g == b.g && a.b == b.b;
    return a.kind != COLOR_INDEX || a.r == b.r;
}

bool style_equal(struct style a, struct style b)
{
    return color_equal(a.fg, b.fg) && color_equal(a.bg, b.bg) && a.attrs == b.attrs;
}
