#undef _XOPEN_SOURCE /* ncursesw's pkg-config file asks for an older one */
#define _XOPEN_SOURCE 700
#include "term_color.h"

#include "palette.h"

#include <curses.h>
#include <stdio.h>
#include <term.h>

_Static_assert(sizeof(attr_t) <= sizeof(unsigned long), "attributes fit into struct term_look");

#define DIRECT_COLORS (1 << 24)

/* A number that is still the palette's gives SGR 3x, 9x or 38;5; an RGB value gives 38;2 or 38:2. */
static bool is_rgb(int number)
{
    const char *set = tigetstr("setaf");
    if (!set || set == (char *)-1)
        return false;
    const char *bytes = tparm(set, (long)number, 0L, 0L, 0L, 0L, 0L, 0L, 0L, 0L);
    return bytes && (strstr(bytes, "38:2") || strstr(bytes, "38;2"));
}

static int find_floor(void)
{
    static const int floors[] = {8, 16, 256};
    for (size_t i = 0; i < sizeof floors / sizeof floors[0]; i++) {
        if (is_rgb(floors[i]))
            return floors[i];
    }
    return 0;
}

void term_color_init(struct term_color *c, enum color_depth most)
{
    *c = (struct term_color){.depth = DEPTH_MONO};
    int colors = tigetnum("colors");
    /* Without colours neither start_color() nor pairs may be touched. */
    if (most == DEPTH_MONO || colors < 8 || !has_colors() || start_color() == ERR)
        return;
    c->colors = colors;
    c->has_default = use_default_colors() == OK;
    c->pair_max = COLOR_PAIRS - 1 < TERM_COLOR_PAIRS ? COLOR_PAIRS - 1 : TERM_COLOR_PAIRS;
#if defined(NCURSES_EXT_COLORS) && NCURSES_EXT_COLORS >= 20180127
    if (colors >= DIRECT_COLORS && tigetflag("RGB") > 0)
        c->direct_floor = find_floor();
    c->direct = c->direct_floor > 0;
#endif
    enum color_depth have = c->direct ? DEPTH_TRUE : colors >= 256 ? DEPTH_256 : DEPTH_16;
    c->depth = have < most ? have : most;
}

void term_color_reset(struct term_color *c)
{
    c->pair_count = 0;
}

/* The number that ncurses knows a colour by. Eight colours: the bright ones are bold. */
static int color_number(const struct term_color *c, struct color color, bool background, unsigned long *attrs)
{
    if (color.kind == COLOR_INDEX && c->direct && color.r >= 8)
        color = palette_rgb(color.r);
    if (color.kind == COLOR_INDEX) {
        if (color.r < c->colors)
            return color.r;
        if (!background)
            *attrs |= A_BOLD;
        return color.r % 8;
    }
    if (color.kind == COLOR_RGB && c->direct) {
        int value = color.r << 16 | color.g << 8 | color.b;
        return value < c->direct_floor ? value | c->direct_floor : value;
    }
    return c->has_default ? -1 : background ? COLOR_BLACK : COLOR_WHITE;
}

static bool set_pair(const struct term_color *c, short pair, int fg, int bg)
{
#if defined(NCURSES_EXT_COLORS) && NCURSES_EXT_COLORS >= 20180127
    (void)c;
    return init_extended_pair(pair, fg, bg) == OK;
#else
    (void)c;
    return init_pair(pair, (short)fg, (short)bg) == OK;
#endif
}

static short pair_for(struct term_color *c, int fg, int bg)
{
    if (c->has_default && fg == -1 && bg == -1)
        return 0;
    if (!c->has_default && fg == COLOR_WHITE && bg == COLOR_BLACK)
        return 0;
    for (int i = 1; i <= c->pair_count; i++) {
        if (c->pairs[i].fg == fg && c->pairs[i].bg == bg)
            return (short)i;
    }
    short next = (short)(c->pair_count + 1);
    if (next > c->pair_max || !set_pair(c, next, fg, bg)) {
        c->refused++;
        return 0;
    }
    c->pair_count = next;
    c->pairs[next].fg = fg;
    c->pairs[next].bg = bg;
    return next;
}

struct term_look term_color_look(struct term_color *c, struct style style)
{
    struct term_look look = {0, 0};
    look.attrs |= style.attrs & STYLE_BOLD ? A_BOLD : 0;
    look.attrs |= style.attrs & STYLE_DIM ? A_DIM : 0;
    look.attrs |= style.attrs & STYLE_UNDERLINE ? A_UNDERLINE : 0;
    look.attrs |= style.attrs & STYLE_REVERSE ? A_REVERSE : 0;
#ifdef A_ITALIC
    look.attrs |= style.attrs & STYLE_ITALIC ? A_ITALIC : 0;
#endif
    if (c->depth == DEPTH_MONO)
        return look;
    int fg = color_number(c, style.fg, false, &look.attrs);
    int bg = color_number(c, style.bg, true, &look.attrs);
    look.pair = pair_for(c, fg, bg);
    return look;
}
