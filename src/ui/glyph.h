/*
 * glyph.h - every character of ours that is not ASCII, with what stands for it on a terminal without UTF-8.
 *
 * Views draw the UTF-8 form only; glyph_ascii_screen() brings a finished grid down, and does the same to
 * other people's text. Every glyph takes one column, and states differ in both forms.
 */
#ifndef CT_UI_GLYPH_H
#define CT_UI_GLYPH_H

#include "grid.h"

#define GLYPHS(X)                                                                                            \
    X(GLYPH_STARTING, "◔", '^')                                                                              \
    X(GLYPH_THINKING, "◐", '%')                                                                              \
    X(GLYPH_STREAMING, "◕", '&')                                                                             \
    X(GLYPH_RUNNING, "●", '*')                                                                               \
    X(GLYPH_COMPACTING, "◒", '=')                                                                            \
    X(GLYPH_WAITING, "⏸", '!')                                                                             \
    X(GLYPH_INPUT, "❯", '>')                                                                                 \
    X(GLYPH_RETRYING, "↻", '@')                                                                              \
    X(GLYPH_FAILED, "✗", 'x')                                                                                \
    X(GLYPH_DONE, "✓", 'o')                                                                                  \
    X(GLYPH_REJECTED, "⊘", '/')                                                                              \
    X(GLYPH_INTERRUPTED, "■", '#')                                                                           \
    X(GLYPH_IDLE, "○", '.')                                                                                  \
    X(GLYPH_STALE, "◌", '?')                                                                                 \
    X(GLYPH_ENDED, "□", ',')                                                                                 \
    X(GLYPH_UNKNOWN, "◦", ':')                                                                               \
    X(GLYPH_FOLDED, "▸", '+')                                                                                \
    X(GLYPH_OPEN, "▾", '-')                                                                                  \
    X(GLYPH_UP, "▴", '^')                                                                                    \
    X(GLYPH_GUIDE, "│", '|')                                                                                 \
    X(GLYPH_RULE, "─", '-')                                                                                  \
    X(GLYPH_ARROW, "→", '>')                                                                                 \
    X(GLYPH_LINK, "⇄", '=')                                                                                  \
    X(GLYPH_DOT, "·", '-')                                                                                   \
    X(GLYPH_NONE, "–", '-')                                                                                  \
    X(GLYPH_AT_LEAST, "≥", '>')                                                                              \
    X(GLYPH_AT_LEAST_ABOUT, "≳", '>')                                                                        \
    X(GLYPH_ELLIPSIS, "…", '~')                                                                              \
    X(GLYPH_ENTER, "⏎", 'E')                                                                                 \
    X(GLYPH_CURSOR, "▏", '_')                                                                                \
    X(GLYPH_TIMES, "×", 'x')                                                                                 \
    X(GLYPH_BAR_1, "▁", '_')                                                                                 \
    X(GLYPH_BAR_2, "▂", '.')                                                                                 \
    X(GLYPH_BAR_3, "▃", ':')                                                                                 \
    X(GLYPH_BAR_4, "▄", '-')                                                                                 \
    X(GLYPH_BAR_5, "▅", '=')                                                                                 \
    X(GLYPH_BAR_6, "▆", '+')                                                                                 \
    X(GLYPH_BAR_7, "▇", '*')                                                                                 \
    X(GLYPH_BAR_8, "█", '#')                                                                                 \
    X(GLYPH_SHADE_1, "░", '.')                                                                               \
    X(GLYPH_SHADE_2, "▒", ':')                                                                               \
    X(GLYPH_SLIVER, "▎", '|')                                                                                \
    X(GLYPH_CORNER_1, "┌", '+')                                                                              \
    X(GLYPH_CORNER_2, "┐", '+')                                                                              \
    X(GLYPH_CORNER_3, "└", '+')                                                                              \
    X(GLYPH_CORNER_4, "┘", '+')                                                                              \
    X(GLYPH_ALARM, "▲", '!')                                                                                 \
    X(GLYPH_TICK, "┬", '+')

enum glyph {
#define GLYPH_ENUM(id, utf8, ascii) id,
    GLYPHS(GLYPH_ENUM)
#undef GLYPH_ENUM
        GLYPH_COUNT
};

const char *glyph(enum glyph g); /* UTF-8 */
char glyph_ascii(enum glyph g);

/* Replaces every non-ASCII cell: our glyphs by their stand-ins, other text by '?'. */
void glyph_ascii_screen(struct grid *grid);

#endif
