#include "memory.h"

#include <stdatomic.h>
#include <stdbool.h>

static size_t base;
static atomic_size_t most;
static atomic_bool watching;

static void look(size_t used)
{
    size_t before = atomic_load_explicit(&most, memory_order_relaxed);
    while (used > before && !atomic_compare_exchange_weak(&most, &before, used))
        continue;
}

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_SANITIZER 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define HAS_SANITIZER 1
#endif

#ifdef HAS_SANITIZER

/* <sanitizer/allocator_interface.h>, which not every gcc installs. */
size_t __sanitizer_get_current_allocated_bytes(void);
int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void *, size_t),
                                              void (*on_free)(const volatile void *));

static void on_malloc(const volatile void *block, size_t size)
{
    (void)block;
    (void)size;
    if (atomic_load_explicit(&watching, memory_order_relaxed))
        look(__sanitizer_get_current_allocated_bytes());
}

static void on_free(const volatile void *block)
{
    (void)block;
}

size_t memory_used(void)
{
    return __sanitizer_get_current_allocated_bytes();
}

static void install(void)
{
    static bool installed;
    if (!installed)
        __sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
    installed = true;
}

#else

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *block);

static atomic_size_t used;

static void *counted(void *block)
{
    if (block) {
        size_t size = malloc_usable_size(block);
        size_t now = atomic_fetch_add_explicit(&used, size, memory_order_relaxed) + size;
        if (atomic_load_explicit(&watching, memory_order_relaxed))
            look(now);
    }
    return block;
}

static void discount(size_t size)
{
    atomic_fetch_sub_explicit(&used, size, memory_order_relaxed);
}

void *malloc(size_t size)
{
    return counted(__libc_malloc(size));
}

void *calloc(size_t count, size_t size)
{
    return counted(__libc_calloc(count, size));
}

void *realloc(void *block, size_t size)
{
    size_t before = block ? malloc_usable_size(block) : 0;
    void *moved = __libc_realloc(block, size);
    if (moved || size == 0)
        discount(before);
    return counted(moved);
}

void *memalign(size_t alignment, size_t size)
{
    return counted(__libc_memalign(alignment, size));
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}

int posix_memalign(void **block, size_t alignment, size_t size)
{
    *block = memalign(alignment, size);
    return *block ? 0 : ENOMEM;
}

void free(void *block)
{
    if (block)
        discount(malloc_usable_size(block));
    __libc_free(block);
}

size_t memory_used(void)
{
    return atomic_load(&used);
}

static void install(void) {}

#endif

void memory_watch(void)
{
    install();
    base = memory_used();
    atomic_store(&most, base);
    atomic_store(&watching, true);
}

size_t memory_peak(void)
{
    size_t peak = atomic_load(&most);
    return peak > base ? peak - base : 0;
}

size_t memory_growth(void)
{
    size_t now = memory_used();
    return now > base ? now - base : 0;
}
