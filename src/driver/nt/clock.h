/* SPDX-License-Identifier: MIT */
/*
 * Monotonic time from the performance counter. The system time is slower to read than a whole request takes on Wine
 * (its user-mode page is reached by a trap), and goes back when somebody sets the clock. Any IRQL.
 */
#ifndef DRIVER_NT_CLOCK_H
#define DRIVER_NT_CLOCK_H

#include "driver/nt/nt.h"

/* Counter ticks in units of which there are `per_second`; exact as long as a second's ticks times that fit 64 bits. */
static inline uint64_t nt_clock(uint64_t per_second)
{
    LARGE_INTEGER frequency = {.QuadPart = 0};
    uint64_t count = (uint64_t)KeQueryPerformanceCounter(&frequency).QuadPart;
    uint64_t ticks = (uint64_t)frequency.QuadPart;
    return count / ticks * per_second + count % ticks * per_second / ticks;
}

static inline uint64_t nt_clock_100ns(void)
{
    return nt_clock(10000000);
}

static inline uint64_t nt_clock_ns(void)
{
    return nt_clock(1000000000);
}

/* 100 ns since 1601 UTC. */
static inline uint64_t nt_system_time(void)
{
    LARGE_INTEGER time = {.QuadPart = 0};
    KeQuerySystemTime(&time);
    return (uint64_t)time.QuadPart;
}

#endif
