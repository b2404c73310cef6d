/* A grid as SVG. A cell is 10 by 20 units; the picture's own size makes that a 14 pixel font. */
#include "dump.h"

#include "mem.h"
#include "palette.h"

#include <stdio.h>
#include <stdlib.h>

#define CELL_W   10
#define CELL_H   20
#define BASELINE 15
#define PAD_X    14 /* around the screen */
#define PAD_Y    12
#define SCALE    0.84 /* pixels of the picture for a unit */

/* The fonts that terminals use, where they are; a letter takes 0.6 of the size in nearly all of them. */
#define FONT_SIZE "16.6"
#define FONTS                                                                                                \
    "ui-monospace,SFMono-Regular,'SF Mono',Menlo,'Cascadia Mono',Consolas,'DejaVu Sans Mono',"               \
    "'Liberation Mono',monospace"

/* The edge of the picture, with round corners. */
#define FRAME         "<rect x=\"%g\" y=\"%g\" width=\"%d\" height=\"%d\" rx=\"10\""
#define FRAME_ARGS(g) -PAD_X + 0.5, -PAD_Y + 0.5, UNITS_WIDE(g) - 1, UNITS_HIGH(g) - 1
#define UNITS_WIDE(g) ((g)->cols * CELL_W + 2 * PAD_X)
#define UNITS_HIGH(g) ((g)->rows * CELL_H + 2 * PAD_Y)

/* Characters whose look says something are drawn in their cell: fonts disagree about them, or lack them. All
 * are filled; a hole is a path the other way round. */
#define RING "M1,10a4,4 0 1 0 8,0a4,4 0 1 0-8,0zM2.2,10a2.8,2.8 0 1 1 5.6,0a2.8,2.8 0 1 1-5.6,0z"
static const struct shape {
    const char *text, *path;
} SHAPES[] = {
    {"●", "M1,10a4,4 0 1 0 8,0a4,4 0 1 0-8,0z"},
    {"○", RING},
    {"◔", RING "M5,10V7a3,3 0 0 1 3,3z"},
    {"◐", RING "M5,7a3,3 0 0 0 0,6z"},
    {"◕", RING "M5,10V7a3,3 0 1 1-3,3z"},
    {"◒", RING "M2,10a3,3 0 0 0 6,0z"},
    {"◌", "M4.3,5.7h1.4v1.4h-1.4zM4.3,12.9h1.4v1.4h-1.4zM.7,9.3h1.4v1.4h-1.4zM7.9,9.3h1.4v1.4h-1.4z"
          "M1.8,6.8h1.4v1.4h-1.4zM6.8,6.8h1.4v1.4h-1.4zM1.8,11.8h1.4v1.4h-1.4zM6.8,11.8h1.4v1.4h-1.4z"},
    {"◦", "M2.8,10a2.2,2.2 0 1 0 4.4,0a2.2,2.2 0 1 0-4.4,0zM3.8,10a1.2,1.2 0 1 1 2.4,0a1.2,1.2 0 1 1-2.4,0z"},
    {"■", "M1.5,6.5h7v7h-7z"},
    {"□", "M1.5,6.5h7v7h-7zM2.7,7.7v4.6h4.6v-4.6z"},
    {"⏸", "M2,5.5h2.3v9h-2.3zM5.7,5.5h2.3v9h-2.3z"},
    {"▸", "M2.5,6l5.5,4l-5.5,4z"},
    {"▾", "M1,7.5h8l-4,5.5z"},
    {"▴", "M1,12.5h8l-4-5.5z"},
    {"✓", "M1,10.4l1.2-1.1l2,2l4.2-5.3l1.3,1l-5.4,6.8z"},
    {"✗", "M1.6,7.6l1.2-1.2l2.2,2.2l2.2-2.2l1.2,1.2l-2.2,2.2l2.2,2.2l-1.2,1.2l-2.2-2.2l-2.2,2.2l-1.2-1.2l2.2-"
          "2.2z"},
    {"❯", "M2.6,5.6l1.3-.9l3.7,5.3l-3.7,5.3l-1.3-.9l3-4.4z"},
    {"→", "M.8,9.4h5.4v-2.4l3,3l-3,3v-2.4h-5.4z"},
    {"│", "M4.4,0h1.2v20h-1.2z"},
    {"┬", "M0,9.4h10v1.2h-4.4v9.4h-1.2v-9.4h-4.4z"},
};
#define SHAPE_COUNT (sizeof(SHAPES) / sizeof(SHAPES[0]))

/* What a cell looks like once the terminal's own colours are known. */
struct look {
    uint32_t fg, bg;
    uint8_t attrs;
};

#define LOOKS_MAX (ROLE_COUNT * 8) /* every role with every set of flags */

struct svg {
    const struct grid *grid;
    const struct theme *theme;
    enum color_depth depth;
    struct buf *out;
    enum ct_err err; /* of the first write that failed */
    uint32_t fg, bg; /* the terminal's own */
    struct look looks[LOOKS_MAX];
    size_t look_count;
    bool shape_used[SHAPE_COUNT];
};

#define PUT(s, ...)                                                                                          \
    do {                                                                                                     \
        if (!(s)->err)                                                                                       \
            (s)->err = buf_printf((s)->out, __VA_ARGS__);                                                    \
    } while (0)

/* ---------------------------------------------------------------------------------------------- colours */

static uint32_t rgb(struct color c, uint32_t own)
{
    if (c.kind == COLOR_INDEX)
        c = palette_rgb(c.r);
    return c.kind == COLOR_RGB ? (uint32_t)c.r << 16 | (uint32_t)c.g << 8 | c.b : own;
}

static struct look look_of(const struct svg *s, const struct cell *cell)
{
    struct style style = theme_style(s->theme, cell->role, cell->flags, s->depth);
    struct look look = {rgb(style.fg, s->fg), rgb(style.bg, s->bg), (uint8_t)(style.attrs & ~STYLE_REVERSE)};
    if (style.attrs & STYLE_REVERSE)
        look = (struct look){look.bg, look.fg, look.attrs};
    return look;
}

/* The number of the class for the text of a look. */
static size_t class_of(struct svg *s, struct look look)
{
    size_t i = 0;
    while (i < s->look_count && (s->looks[i].fg != look.fg || s->looks[i].attrs != look.attrs))
        i++;
    if (i == s->look_count && i < LOOKS_MAX)
        s->looks[s->look_count++] = look;
    return i < LOOKS_MAX ? i : 0;
}

/* ------------------------------------------------------------------------------------------------ cells */

static bool is_blank(const struct cell *cell)
{
    return cell->len == 1 && cell->text[0] == ' ';
}

/* Letters that every such font has, one column wide: they can stand in one run. */
static bool is_plain(const struct cell *cell)
{
    return cell->width == 1 && (cell->len == 1 || (cell->len == 2 && (uint8_t)cell->text[0] < 0xcd));
}

static int shape_of(const struct cell *cell)
{
    for (size_t i = 0; i < SHAPE_COUNT; i++)
        if (slice_eq_str(slice_make(cell->text, cell->len), SHAPES[i].text))
            return (int)i;
    return -1;
}

/* Block elements (U+2581 to U+2593) and the horizontal line, as a box in the cell: they join their
 * neighbours. */
static bool block_of(const struct cell *cell, double box[4], double *opacity)
{
    const uint8_t *b = (const uint8_t *)cell->text;
    *opacity = 1;
    if (cell->len != 3 || b[0] != 0xe2)
        return false;
    int cp = 0x2000 | (b[1] & 0x3f) << 6 | (b[2] & 0x3f);
    box[0] = box[1] = 0;
    box[2] = CELL_W;
    box[3] = CELL_H;
    if (cp == 0x2500) { /* ─ */
        box[1] = 9.4;
        box[3] = 1.2;
    } else if (cp >= 0x2581 && cp <= 0x2588) { /* the lower eighths */
        box[3] = CELL_H * (cp - 0x2580) / 8.0;
        box[1] = CELL_H - box[3];
    } else if (cp >= 0x2589 && cp <= 0x258f) { /* the left ones */
        box[2] = CELL_W * (0x2590 - cp) / 8.0;
    } else if (cp >= 0x2591 && cp <= 0x2593) {
        *opacity = 0.3 * (cp - 0x2590);
    } else {
        return false;
    }
    return true;
}

static bool same_text(const struct cell *a, const struct cell *b)
{
    return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

static bool same_look(struct look a, struct look b)
{
    return a.fg == b.fg && a.bg == b.bg && a.attrs == b.attrs;
}

static void put_block(struct svg *s, int row, int col, int cols, const double box[4], double opacity)
{
    const struct cell *cell = grid_at(s->grid, row, col);
    PUT(s, "<rect class=\"c%zu b\" x=\"%g\" y=\"%g\" width=\"%g\" height=\"%g\"",
        class_of(s, look_of(s, cell)), col * CELL_W + box[0], row * CELL_H + box[1],
        (cols - 1) * CELL_W + box[2], box[3]);
    if (opacity < 1)
        PUT(s, " fill-opacity=\"%g\"", opacity);
    PUT(s, "/>");
}

/* XML knows no control characters and no U+FFFE and U+FFFF; clean text has none but the last. */
static void put_text(struct svg *s, const struct cell *cell)
{
    const char *p = cell->text;
    if (cell->len == 3 && memcmp(p, "\xef\xbf\xbe", 2) == 0 && (uint8_t)p[2] >= 0xbe)
        PUT(s, "\xef\xbf\xbd");
    else if (cell->len == 1 && *p == '<')
        PUT(s, "&lt;");
    else if (cell->len == 1 && *p == '>')
        PUT(s, "&gt;");
    else if (cell->len == 1 && *p == '&')
        PUT(s, "&amp;");
    else
        PUT(s, "%.*s", (int)cell->len, p);
}

/* A run of letters that look the same; a single blank between two words belongs to it. */
static int run_end(const struct svg *s, int row, int col, struct look look)
{
    int end = col + 1;
    for (int at = end; at < s->grid->cols; at++) {
        const struct cell *cell = grid_at(s->grid, row, at);
        double box[4], opacity;
        if (!is_plain(cell) || !same_look(look_of(s, cell), look) || shape_of(cell) >= 0 ||
            block_of(cell, box, &opacity) || (is_blank(cell) && is_blank(cell - 1)))
            break;
        if (!is_blank(cell))
            end = at + 1;
    }
    return end;
}

static int put_run(struct svg *s, int row, int col)
{
    const struct cell *cell = grid_at(s->grid, row, col);
    struct look look = look_of(s, cell);
    int end = is_plain(cell) ? run_end(s, row, col, look) : col + cell->width;
    PUT(s, "<text class=\"c%zu\" x=\"%d\" y=\"%d\" textLength=\"%d\"%s>", class_of(s, look), col * CELL_W,
        row * CELL_H + BASELINE, (end - col) * CELL_W,
        is_plain(cell) ? "" : " lengthAdjust=\"spacingAndGlyphs\"");
    for (int at = col; at < end; at++)
        put_text(s, grid_at(s->grid, row, at));
    PUT(s, "</text>");
    return end;
}

static int put_cell(struct svg *s, int row, int col)
{
    const struct cell *cell = grid_at(s->grid, row, col);
    double box[4], opacity;
    int shape;
    if (cell->width == 0 || is_blank(cell))
        return col + 1;
    if (block_of(cell, box, &opacity)) {
        int end = col + 1;
        while (box[2] >= CELL_W && end < s->grid->cols && same_text(grid_at(s->grid, row, end), cell) &&
               same_look(look_of(s, grid_at(s->grid, row, end)), look_of(s, cell)))
            end++;
        put_block(s, row, col, end - col, box, opacity);
        return end;
    }
    shape = shape_of(cell);
    if (shape < 0)
        return put_run(s, row, col);
    s->shape_used[shape] = true;
    PUT(s, "<use class=\"c%zu\" href=\"#s%d\" x=\"%d\" y=\"%d\"/>", class_of(s, look_of(s, cell)), shape,
        col * CELL_W, row * CELL_H);
    return col + 1;
}

/* What reaches the edge of the screen reaches that of the picture. */
static void put_background(struct svg *s, int row, int col, int end, uint32_t bg)
{
    int left = col == 0 ? -PAD_X : col * CELL_W, top = row == 0 ? -PAD_Y : row * CELL_H;
    int right = end * CELL_W + (end == s->grid->cols ? PAD_X : 0);
    int bottom = (row + 1) * CELL_H + (row + 1 == s->grid->rows ? PAD_Y : 0);
    PUT(s, "<rect class=\"b\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"#%06x\"/>", left, top,
        right - left, bottom - top, bg);
}

static void put_backgrounds(struct svg *s, int row)
{
    for (int col = 0, end; col < s->grid->cols; col = end) {
        uint32_t bg = look_of(s, grid_at(s->grid, row, col)).bg;
        for (end = col + 1; end < s->grid->cols && look_of(s, grid_at(s->grid, row, end)).bg == bg; end++)
            ;
        if (bg != s->bg)
            put_background(s, row, col, end, bg);
    }
}

/* ---------------------------------------------------------------------------------------------- picture */

static void put_head(struct svg *s, struct slice title)
{
    int w = UNITS_WIDE(s->grid), h = UNITS_HIGH(s->grid);
    PUT(s,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"%.0f\" height=\"%.0f\" "
        "viewBox=\"%d %d %d %d\">\n",
        w * SCALE, h * SCALE, -PAD_X, -PAD_Y, w, h);
    if (title.len) {
        PUT(s, "<title>");
        for (size_t i = 0; i < title.len; i++)
            put_text(s, &(struct cell){.text = {title.ptr[i]}, .len = 1});
        PUT(s, "</title>\n");
    }
}

static void put_styles(struct svg *s)
{
    PUT(s, "<style>text{font:" FONT_SIZE "px " FONTS ";white-space:pre}.b{shape-rendering:crispEdges}");
    for (size_t i = 0; i < s->look_count; i++) {
        const struct look *l = &s->looks[i];
        PUT(s, "\n.c%zu{fill:#%06x%s%s%s%s}", i, l->fg, l->attrs & STYLE_BOLD ? ";font-weight:bold" : "",
            l->attrs & STYLE_DIM ? ";fill-opacity:.66" : "",
            l->attrs & STYLE_ITALIC ? ";font-style:italic" : "",
            l->attrs & STYLE_UNDERLINE ? ";text-decoration:underline" : "");
    }
    PUT(s, "</style>\n<defs>\n");
    for (size_t i = 0; i < SHAPE_COUNT; i++)
        if (s->shape_used[i])
            PUT(s, "<path id=\"s%zu\" d=\"%s\"/>\n", i, SHAPES[i].path);
    PUT(s,
        "<clipPath id=\"frame\">" FRAME "/></clipPath>\n</defs>\n<g clip-path=\"url(#frame)\">\n" FRAME
        " fill=\"#%06x\"/>\n",
        FRAME_ARGS(s->grid), FRAME_ARGS(s->grid), s->bg);
}

enum ct_err dump_svg(const struct grid *grid, const struct theme *theme, enum color_depth depth,
                     struct slice title, struct buf *out)
{
    struct buf body;
    struct svg *s = mem_alloc(sizeof(*s));
    bool light = theme->light;
    buf_init(&body, DUMP_BYTES_MAX);
    s->grid = grid;
    s->theme = theme;
    s->depth = depth;
    s->out = &body;
    s->fg = rgb(theme->roles[ROLE_TEXT].fg, light ? 0x1f2328 : 0xdfe3e9);
    s->bg = rgb(theme->roles[ROLE_TEXT].bg, light ? 0xffffff : 0x15181d);
    for (int row = 0; row < grid->rows; row++) {
        put_backgrounds(s, row);
        for (int col = 0; col < grid->cols;)
            col = put_cell(s, row, col);
        PUT(s, "\n");
    }
    s->out = out; /* the body says which styles and shapes there are */
    put_head(s, title);
    put_styles(s);
    if (!s->err)
        s->err = buf_append(out, buf_slice(&body));
    PUT(s, "</g>\n" FRAME " fill=\"none\" stroke=\"#%06x\"/>\n</svg>\n", FRAME_ARGS(grid),
        light ? 0xd0d7deu : 0x30363du);
    enum ct_err err = s->err;
    buf_finish(&body);
    free(s);
    return err;
}
