/*
 * palette.h - the colour ladder: 24 bits down to 256 colours, 16, none. Pure arithmetic, used by
 * theme_style().
 */
#ifndef CT_UI_PALETTE_H
#define CT_UI_PALETTE_H

#include "theme.h"

#define PALETTE_SIXTEEN 16 /* indexes below it are the terminal's sixteen, which users choose */

/* What the terminal shows for an index by xterm's defaults; the kind is COLOR_RGB. */
struct color palette_rgb(uint8_t index);

/*
 * The nearest colour that a terminal of that depth can show. COLOR_KEEP and COLOR_DEFAULT stay as they are;
 * at DEPTH_MONO everything else becomes COLOR_DEFAULT. Down to 16, the hue is kept rather than the distance:
 * a pale green is a bright green there, not a grey.
 */
struct color palette_reduce(struct color color, enum color_depth depth);

/* "#rrggbb", "0" to "255", "red", "bright-red", "default", "-". */
bool palette_parse(struct slice text, struct color *out);

#endif
