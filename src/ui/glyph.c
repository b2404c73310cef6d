#include "glyph.h"

static const struct {
    const char *utf8;
    char ascii;
} TABLE[GLYPH_COUNT] = {
#define GLYPH_ENTRY(id, utf8, ascii) [id] = {utf8, ascii},
    GLYPHS(GLYPH_ENTRY)
#undef GLYPH_ENTRY
};

const char *glyph(enum glyph g)
{
    return TABLE[g].utf8;
}

char glyph_ascii(enum glyph g)
{
    return TABLE[g].ascii;
}

static char stand_in(const struct cell *cell)
{
    for (int i = 0; i < GLYPH_COUNT; i++)
        if (slice_eq_str(slice_make(cell->text, cell->len), TABLE[i].utf8))
            return TABLE[i].ascii;
    return '?';
}

void glyph_ascii_screen(struct grid *grid)
{
    size_t count = (size_t)grid->cols * (size_t)grid->rows;
    for (size_t i = 0; i < count; i++) {
        struct cell *cell = &grid->cells[i];
        if (cell->len == 1 && (uint8_t)cell->text[0] < 0x80)
            continue;
        cell->text[0] = cell->len == 0 ? ' ' : stand_in(cell);
        cell->len = 1;
        cell->width = 1;
    }
}
