/* SPDX-License-Identifier: MIT */
/*
 * 64-bit atomics that compile to instructions on every target: on i686 without floating-point registers gcc turns
 * __atomic operations on 64 bits into library calls, but not the __sync ones. Relaxed where the target has it, unless the
 * name says otherwise. Any IRQL.
 */
#ifndef CORE_BASE_ATOMIC_H
#define CORE_BASE_ATOMIC_H

#include <stdbool.h>
#include <stdint.h>

#if UINTPTR_MAX > UINT32_MAX

static inline uint64_t atomic_load_u64(const uint64_t *value)
{
    return __atomic_load_n(value, __ATOMIC_RELAXED);
}

static inline void atomic_store_u64(uint64_t *value, uint64_t desired)
{
    __atomic_store_n(value, desired, __ATOMIC_RELAXED);
}

static inline uint64_t atomic_load_acquire_u64(const uint64_t *value)
{
    return __atomic_load_n(value, __ATOMIC_ACQUIRE);
}

static inline void atomic_store_release_u64(uint64_t *value, uint64_t desired)
{
    __atomic_store_n(value, desired, __ATOMIC_RELEASE);
}

#else /* full barriers, all of them */

static inline uint64_t atomic_load_u64(const uint64_t *value)
{
    return __sync_val_compare_and_swap((uint64_t *)(uintptr_t)value, 0, 0);
}

static inline void atomic_store_u64(uint64_t *value, uint64_t desired)
{
    uint64_t seen = 0;
    for (uint64_t expected = ~seen; expected != seen;) {
        expected = seen;
        seen = __sync_val_compare_and_swap(value, expected, desired);
    }
}

static inline uint64_t atomic_load_acquire_u64(const uint64_t *value)
{
    return atomic_load_u64(value);
}

static inline void atomic_store_release_u64(uint64_t *value, uint64_t desired)
{
    atomic_store_u64(value, desired);
}

#endif

/* A full barrier. Returns whether *value was `expected` and is `desired` now. */
static inline bool atomic_exchange_if_u64(uint64_t *value, uint64_t expected, uint64_t desired)
{
    return __sync_bool_compare_and_swap(value, expected, desired);
}

static inline void atomic_add_u64(uint64_t *value, uint64_t operand)
{
    (void)__sync_fetch_and_add(value, operand);
}

static inline void atomic_or_u64(uint64_t *value, uint64_t operand)
{
    (void)__sync_fetch_and_or(value, operand);
}

/* Returns the new value. */
static inline uint64_t atomic_and_u64(uint64_t *value, uint64_t operand)
{
    return __sync_and_and_fetch(value, operand);
}

#endif
