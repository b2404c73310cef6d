#include "mem.h"

#include <stdio.h>
#include <stdlib.h>

static void *must(void *ptr)
{
    if (ptr)
        return ptr;
    static const char words[] = "claude-top: out of memory\n";
    fputs(words, stderr);
    abort();
}

void *mem_alloc(size_t size)
{
    return must(calloc(1, size ? size : 1));
}

void *mem_array(size_t count, size_t size)
{
    return must(calloc(count ? count : 1, size ? size : 1));
}

void *mem_grow(void *ptr, size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size)
        return must(NULL);
    return must(realloc(ptr, count && size ? count * size : 1));
}

char *mem_strdup(struct slice s)
{
    char *copy = mem_alloc(s.len + 1);
    if (s.len)
        memcpy(copy, s.ptr, s.len);
    return copy;
}
