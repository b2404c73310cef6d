#include "palette.h"

#include <stdlib.h>

/* The sixteen as xterm ships them; a user's own palette may differ, their hues rarely do. */
static const struct {
    const char *name;
    uint8_t r, g, b;
} SIXTEEN[16] = {
    {"black", 0, 0, 0},
    {"red", 205, 0, 0},
    {"green", 0, 205, 0},
    {"yellow", 205, 205, 0},
    {"blue", 0, 0, 238},
    {"magenta", 205, 0, 205},
    {"cyan", 0, 205, 205},
    {"white", 229, 229, 229},
    {"bright-black", 127, 127, 127},
    {"bright-red", 255, 0, 0},
    {"bright-green", 0, 255, 0},
    {"bright-yellow", 255, 255, 0},
    {"bright-blue", 92, 92, 255},
    {"bright-magenta", 255, 0, 255},
    {"bright-cyan", 0, 255, 255},
    {"bright-white", 255, 255, 255},
};

static const uint8_t CUBE[6] = {0, 95, 135, 175, 215, 255};

#define CUBE_FIRST PALETTE_SIXTEEN /* 6 x 6 x 6 colours */
#define GREY_FIRST 232             /* 24 greys: 8, 18 … 238 */

/* Below this spread between the channels a colour has no hue worth keeping. */
#define GREY_SPREAD 40

static struct color index_color(int index)
{
    return (struct color){COLOR_INDEX, (uint8_t)index, 0, 0};
}

struct color palette_rgb(uint8_t index)
{
    if (index < CUBE_FIRST)
        return (struct color){COLOR_RGB, SIXTEEN[index].r, SIXTEEN[index].g, SIXTEEN[index].b};
    if (index >= GREY_FIRST) {
        uint8_t v = (uint8_t)(8 + 10 * (index - GREY_FIRST));
        return (struct color){COLOR_RGB, v, v, v};
    }
    int i = index - CUBE_FIRST;
    return (struct color){COLOR_RGB, CUBE[i / 36], CUBE[i / 6 % 6], CUBE[i % 6]};
}

static int distance(struct color a, struct color b)
{
    int r = a.r - b.r, g = a.g - b.g, bl = a.b - b.b;
    return r * r + g * g + bl * bl;
}

static int cube_level(uint8_t v)
{
    int best = 0;
    for (int i = 1; i < 6; i++)
        if (abs(CUBE[i] - v) < abs(CUBE[best] - v))
            best = i;
    return best;
}

static struct color to_256(struct color c)
{
    int cube = CUBE_FIRST + 36 * cube_level(c.r) + 6 * cube_level(c.g) + cube_level(c.b);
    int mean = (c.r + c.g + c.b) / 3;
    int step = mean < 8 ? 0 : (mean - 8 + 5) / 10;
    int grey = GREY_FIRST + (step > 23 ? 23 : step);
    bool greyer = distance(palette_rgb((uint8_t)grey), c) < distance(palette_rgb((uint8_t)cube), c);
    return index_color(greyer ? grey : cube);
}

static struct color to_16(struct color c)
{
    int max = c.r > c.g ? c.r : c.g, min = c.r < c.g ? c.r : c.g;
    max = c.b > max ? c.b : max;
    min = c.b < min ? c.b : min;
    if (max - min < GREY_SPREAD) {
        int mean = (max + min) / 2;
        return index_color(mean < 50 ? 0 : mean < 160 ? 8 : mean < 235 ? 7 : 15);
    }
    int middle = (max + min) / 2;
    int hue = (c.r > middle ? 1 : 0) | (c.g > middle ? 2 : 0) | (c.b > middle ? 4 : 0);
    return index_color(hue + (max > 205 ? 8 : 0));
}

struct color palette_reduce(struct color color, enum color_depth depth)
{
    if (color.kind == COLOR_KEEP || color.kind == COLOR_DEFAULT)
        return color;
    switch (depth) {
    case DEPTH_TRUE:
        return color;
    case DEPTH_256:
        return color.kind == COLOR_RGB ? to_256(color) : color;
    case DEPTH_16:
        if (color.kind == COLOR_INDEX && color.r < CUBE_FIRST)
            return color;
        return to_16(color.kind == COLOR_RGB ? color : palette_rgb(color.r));
    case DEPTH_MONO:
        break;
    }
    return (struct color){COLOR_DEFAULT, 0, 0, 0};
}

bool palette_parse(struct slice text, struct color *out)
{
    uint8_t rgb[3];
    uint64_t index;
    if (slice_eq_str(text, "-")) {
        *out = (struct color){COLOR_KEEP, 0, 0, 0};
        return true;
    }
    if (slice_eq_str(text, "default")) {
        *out = (struct color){COLOR_DEFAULT, 0, 0, 0};
        return true;
    }
    if (text.len == 7 && text.ptr[0] == '#' && slice_unhex(slice_sub(text, 1, 6), rgb, 3)) {
        *out = (struct color){COLOR_RGB, rgb[0], rgb[1], rgb[2]};
        return true;
    }
    if (slice_to_u64(text, &index) && index <= 255) {
        *out = index_color((int)index);
        return true;
    }
    for (int i = 0; i < 16; i++)
        if (slice_eq_str(text, SIXTEEN[i].name)) {
            *out = index_color(i);
            return true;
        }
    return false;
}
