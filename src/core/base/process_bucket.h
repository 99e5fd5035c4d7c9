/* SPDX-License-Identifier: MIT */
/* Where records of processes are looked for: in tables of PROCESS_BUCKETS lists, by the process's address. */
#ifndef CORE_BASE_PROCESS_BUCKET_H
#define CORE_BASE_PROCESS_BUCKET_H

#include <stdint.h>

#define PROCESS_BUCKET_BITS 6
#define PROCESS_BUCKETS     (1u << PROCESS_BUCKET_BITS)

/* Multiplicative (Fibonacci) hashing: 2^64 divided by the golden ratio; the highest bits are the best. */
static inline uint32_t process_bucket(const void *process)
{
    return (uint32_t)(((uint64_t)(uintptr_t)process * 0x9E3779B97F4A7C15u) >> (64 - PROCESS_BUCKET_BITS));
}

#endif
