/*
 * mem.h - allocation of sizes that this program chooses.
 *
 * These never return NULL: when the system has no memory for a small fixed structure, the process ends with
 * one line and abort(). A size that comes from the network never reaches these functions; it goes through
 * buf.h or a byte budget, whose calls can fail.
 */
#ifndef CT_BASE_MEM_H
#define CT_BASE_MEM_H

#include "slice.h"

void *mem_alloc(size_t size);                         /* zeroed */
void *mem_array(size_t count, size_t size);           /* zeroed, overflow-checked */
void *mem_grow(void *ptr, size_t count, size_t size); /* realloc; new bytes are not zeroed */
char *mem_strdup(struct slice s);                     /* NUL-terminated copy; free() it */

#endif
