/*
 * memory.h - what this process has allocated, for tests that say how much something may cost.
 *
 * Everything counts that comes from malloc() and its kin, in whatever library, from any thread. Under
 * AddressSanitizer its allocator is asked; otherwise (glibc) the program that is linked with this has a
 * malloc() of its own, which counts and passes on.
 */
#ifndef CT_TESTS_SUPPORT_MEMORY_H
#define CT_TESTS_SUPPORT_MEMORY_H

#include <stddef.h>

/* Bytes that are allocated and not freed. */
size_t memory_used(void);

/* Begins to watch; what is in use now is the base. */
void memory_watch(void);

/* The most that was in use above the base since memory_watch(). */
size_t memory_peak(void);

/* What is in use now above the base; 0 when it is less. */
size_t memory_growth(void);

#endif
