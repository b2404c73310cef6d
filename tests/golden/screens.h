/*
 * screens.h - what must hold for every drawn grid.
 */
#ifndef CT_TESTS_GOLDEN_SCREENS_H
#define CT_TESTS_GOLDEN_SCREENS_H

#include "buf.h"
#include "grid.h"

#define SCREEN_MAX (1024 * 1024)

/*
 * What is wrong with a screen, or NULL: every cell holds one clean cluster of its own width, a wide one is
 * followed by its empty half, and no byte could drive a terminal or turn its text around. The last is looked
 * for byte by byte, without text.h. The words live until the next call.
 */
const char *screen_problem(const struct grid *grid);

#endif
