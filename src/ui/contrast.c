#include "contrast.h"

#include "grid.h"
#include "palette.h"

#include <math.h>

/* sRGB, IEC 61966-2-1. */
static double linear(uint8_t v)
{
    double x = v / 255.0;
    return x <= 0.04045 ? x / 12.92 : pow((x + 0.055) / 1.055, 2.4);
}

double contrast_luminance(struct color color)
{
    struct color c = color.kind == COLOR_INDEX ? palette_rgb(color.r) : color;
    return 0.2126 * linear(c.r) + 0.7152 * linear(c.g) + 0.0722 * linear(c.b);
}

double contrast_ratio(struct color a, struct color b)
{
    double x = contrast_luminance(a), y = contrast_luminance(b);
    return (fmax(x, y) + 0.05) / (fmin(x, y) + 0.05);
}

double contrast_least(enum role role)
{
    return role == ROLE_TREE_LINE ? CONTRAST_GUIDE : CONTRAST_TEXT;
}

bool contrast_meets(enum role role, int flags)
{
    struct slice name = slice_str(role_name(role));
    if (role == ROLE_ATTENTION || role == ROLE_SELECTION || role == ROLE_MATCH)
        return false; /* they lie over others, which are looked at */
    bool bar = role == ROLE_BANNER || slice_starts(name, SLICE_LIT("header")) ||
               slice_starts(name, SLICE_LIT("footer"));
    return flags == 0 || !bar;
}

size_t contrast_find(const struct theme *theme, struct color ink, struct color paper, enum color_depth depth,
                     double scale, struct contrast_finding *out, size_t cap)
{
    size_t count = 0;
    const int all = CELL_SELECTED | CELL_MATCH | CELL_ATTENTION;
    for (int i = 0; i < ROLE_COUNT; i++)
        for (int flags = 0; flags <= all; flags++) {
            enum role role = (enum role)i;
            if (!contrast_meets(role, flags))
                continue;
            struct style s = theme_style(theme, i, flags, depth);
            double ratio = contrast_ratio(s.fg.kind == COLOR_DEFAULT ? ink : s.fg,
                                          s.bg.kind == COLOR_DEFAULT ? paper : s.bg);
            double least = contrast_least(role) * scale;
            if (ratio >= least)
                continue;
            if (count < cap)
                out[count] = (struct contrast_finding){role, flags, ratio, least};
            count++;
        }
    return count;
}
