/*
 * spark.h - a row of bars, as high as its values are.
 */
#ifndef CT_UI_SPARK_H
#define CT_UI_SPARK_H

#include "glyph.h"

#include <stdint.h>

/* The bar of a value among values up to most. Something is never drawn as nothing: the lowest bar stands for
 * zero alone, and for what is less. */
static inline enum glyph spark_bar(int64_t value, int64_t most)
{
    int level = most <= 0 || value <= 0 ? 0 : 1 + (int)((double)value / (double)most * 6.999);
    return (enum glyph)(GLYPH_BAR_1 + (level > 7 ? 7 : level));
}

#endif
