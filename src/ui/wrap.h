/* wrap.h - long text on several lines. */
#ifndef CT_UI_WRAP_H
#define CT_UI_WRAP_H

#include "text.h"

/*
 * Takes the next line of at most cols columns off *rest, cut at a blank where there is one in its second
 * half (one that has no room in the line any more is dropped). At least one character is taken, so that it
 * ends; a character wider than cols is a line by itself.
 */
struct slice wrap_next(struct slice *rest, int cols);

#endif
