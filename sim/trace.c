/* SPDX-License-Identifier: MIT */
/*
 * The driver's memory accesses. clang's -fsanitize-coverage=trace-loads,trace-stores calls these functions for each load
 * and store of the driver and the core; calls of memcpy and memset come here through the linker's --wrap. Accesses by
 * threads that are not in driver code are nobody's business.
 */

#include "sim/api/copy.h"
#include "sim/ground/raw_lock.h"
#include "sim/ground/thread.h"
#include "sim/kernel/memory.h"
#include "sim/world/apc.h"

#include <time.h>

static void access(const void *address, size_t size, bool write)
{
    if (sim_self()->kernel_depth != 0) {
        sim_memory_accessed(address, size, write);
    }
}

/* Only here, where the driver's own code is: calls of memcpy may be the simulation's, which holds locks. */
static void traced(const void *address, size_t size, bool write)
{
    if (sim_self()->kernel_depth != 0) {
        sim_apc_deliver();
    }
    access(address, size, write);
}

static size_t held_size; /* atomic; 0: none */
static unsigned held;    /* atomic */

void sim_copy_hold(size_t size)
{
    __atomic_store_n(&held_size, size, __ATOMIC_RELAXED);
}

unsigned sim_copies_held(void)
{
    return __atomic_load_n(&held, __ATOMIC_RELAXED);
}

/* Nothing is ordered by this, as on a processor that runs something else. */
static void wait_while_held(size_t size)
{
    struct timespec time = {0, 1000000};
    if (__atomic_load_n(&held_size, __ATOMIC_RELAXED) != size || sim_self()->kernel_depth == 0) {
        return;
    }
    __atomic_add_fetch(&held, 1, __ATOMIC_RELAXED);
    while (__atomic_load_n(&held_size, __ATOMIC_RELAXED) == size) {
        (void)nanosleep(&time, NULL);
    }
    __atomic_sub_fetch(&held, 1, __ATOMIC_RELAXED);
}

#define TRACE(size, type)                            \
    void __sanitizer_cov_load##size(type *address);  \
    void __sanitizer_cov_store##size(type *address); \
    void __sanitizer_cov_load##size(type *address)   \
    {                                                \
        traced(address, size, false);                \
    }                                                \
    void __sanitizer_cov_store##size(type *address)  \
    {                                                \
        traced(address, size, true);                 \
    }

TRACE(1, uint8_t)
TRACE(2, uint16_t)
TRACE(4, uint32_t)
TRACE(8, uint64_t)
TRACE(16, void)

/* The compiler wants to count something before it traces loads and stores. */
void __sanitizer_cov_trace_pc_guard(uint32_t *guard);
void __sanitizer_cov_trace_pc_guard_init(uint32_t *start, uint32_t *stop);

__attribute__((weak)) void __sanitizer_cov_trace_pc_guard(uint32_t *guard)
{
    (void)guard;
}

__attribute__((weak)) void __sanitizer_cov_trace_pc_guard_init(uint32_t *start, uint32_t *stop)
{
    (void)start;
    (void)stop;
}

/* Who reads what others may be writing makes no race of the driver's, which orders no transfers. */
#define WRAP_COPY(name)                                           \
    void *__real_##name(void *to, const void *from, size_t size); \
    void *__wrap_##name(void *to, const void *from, size_t size); \
    void *__wrap_##name(void *to, const void *from, size_t size)  \
    {                                                             \
        bool unwatched = size != 0 && sim_self()->unordered;      \
        if (size != 0) {                                          \
            access(from, size, false);                            \
            access(to, size, true);                               \
            wait_while_held(size);                                \
        }                                                         \
        if (unwatched) {                                          \
            sim_unwatched_begin();                                \
        }                                                         \
        void *result = __real_##name(to, from, size);             \
        if (unwatched) {                                          \
            sim_unwatched_end();                                  \
        }                                                         \
        return result;                                            \
    }

#define WRAP_SET(name)                                    \
    void *__real_##name(void *to, int byte, size_t size); \
    void *__wrap_##name(void *to, int byte, size_t size); \
    void *__wrap_##name(void *to, int byte, size_t size)  \
    {                                                     \
        if (size != 0) {                                  \
            access(to, size, true);                       \
        }                                                 \
        return __real_##name(to, byte, size);             \
    }

WRAP_COPY(memcpy)
WRAP_COPY(memmove)
WRAP_SET(memset)
#ifdef SIM_ASAN
WRAP_COPY(__asan_memcpy)
WRAP_COPY(__asan_memmove)
WRAP_SET(__asan_memset)
#endif
