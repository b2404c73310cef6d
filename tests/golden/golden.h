/*
 * golden.h - compares a drawn screen with tests/golden/<name>.txt.
 *
 * UPDATE_GOLDEN=1 writes the file instead; look at the difference before you commit it.
 */
#ifndef CT_TESTS_GOLDEN_GOLDEN_H
#define CT_TESTS_GOLDEN_GOLDEN_H

#include "screens.h"

/* Fails the test at the first line that differs, and when screen_problem() finds something. */
void golden_check(const char *name, const struct grid *grid);

/* The same with what each cell looks like behind it, in the first theme: in 256 colours and in none. */
void golden_check_looks(const char *name, const struct grid *grid);

#endif
