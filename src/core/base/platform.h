/* SPDX-License-Identifier: MIT */
/*
 * All that the core asks of the system it runs on. Implemented by src/driver/nt/platform.c for the kernel and by
 * platform_host.c for user mode (tools, tests).
 *
 * Kernel rules: unless a function says otherwise it may be called at IRQL <= APC_LEVEL.
 */
#ifndef CORE_BASE_PLATFORM_H
#define CORE_BASE_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- memory ---- */

enum platform_pool {
    PLATFORM_POOL_PAGED,    /* may be written to the page file; not for use at DISPATCH_LEVEL */
    PLATFORM_POOL_NONPAGED, /* always resident */
};

/* Names the owner of a block in pool statistics and debuggers: four ASCII characters. */
#define PLATFORM_TAG(a, b, c, d) ((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)(d) << 24)

/* Uninitialised memory aligned for any type, or NULL. Released by platform_free with the same size and tag. */
void *platform_allocate(enum platform_pool pool, size_t size, uint32_t tag);
void platform_free(void *block, size_t size, uint32_t tag);

/* The ranges must not overlap. Any IRQL if the memory is resident. */
static inline void platform_copy(void *to, const void *from, size_t size)
{
    __builtin_memcpy(to, from, size);
}

static inline void platform_zero(void *block, size_t size)
{
    __builtin_memset(block, 0, size);
}

static inline bool platform_is_zero(const void *block, size_t size)
{
    const unsigned char *bytes = (const unsigned char *)block;
    uint64_t word;
    for (; size >= sizeof(word); bytes += sizeof(word), size -= sizeof(word)) {
        __builtin_memcpy(&word, bytes, sizeof(word));
        if (word != 0) {
            return false;
        }
    }
    for (; size != 0; bytes++, size--) {
        if (*bytes != 0) {
            return false;
        }
    }
    return true;
}

/* ---- locks ---- */

/* Opaque storage, large enough for each implementation, which asserts it. */
struct platform_mutex {
    uint64_t storage[8];
};

struct platform_semaphore {
    uint64_t storage[8];
};

/* Not recursive. Kernel: the caller must be inside a critical region (KeEnterCriticalRegion); IRQL does not change. */
void platform_mutex_initialize(struct platform_mutex *mutex);
void platform_mutex_destroy(struct platform_mutex *mutex);
void platform_mutex_lock(struct platform_mutex *mutex);
void platform_mutex_unlock(struct platform_mutex *mutex);

void platform_semaphore_initialize(struct platform_semaphore *semaphore);
void platform_semaphore_destroy(struct platform_semaphore *semaphore);
void platform_semaphore_wait(struct platform_semaphore *semaphore);
void platform_semaphore_post(struct platform_semaphore *semaphore, uint32_t count);

/*
 * A spin lock, for a few instructions on memory that is resident. Its holder is not preempted: the IRQL is DISPATCH_LEVEL
 * until the unlock, which is given what the lock returned. Any IRQL up to that.
 */
struct platform_spin {
    uint64_t storage[8];
};

void platform_spin_initialize(struct platform_spin *spin);
void platform_spin_destroy(struct platform_spin *spin);
unsigned platform_spin_lock(struct platform_spin *spin);
void platform_spin_unlock(struct platform_spin *spin, unsigned irql);

/* ---- processors ---- */

/*
 * A number that threads which run at the same time seldom share, small where the system numbers its processors: which lane of
 * several to use. The thread may be elsewhere already when this returns. Any IRQL.
 */
unsigned platform_processor(void);

/* How many processors there can be. */
unsigned platform_processors(void);

#endif
