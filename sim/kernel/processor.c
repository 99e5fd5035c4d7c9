/* SPDX-License-Identifier: MIT */
/*
 * Four processors, on which threads wander: who asks gets another number each time, so that a driver that asks twice and expects
 * the same is found out.
 */

#include "sim/kernel/processor.h"

#define PROCESSORS 4u

ULONG sim_KeGetCurrentProcessorNumberEx(PVOID number)
{
    static __thread ULONG turn;
    UNREFERENCED_PARAMETER(number);
    return (turn++ + (ULONG)((uintptr_t)&turn >> 12)) % PROCESSORS;
}

ULONG sim_KeQueryMaximumProcessorCountEx(USHORT group)
{
    UNREFERENCED_PARAMETER(group);
    return PROCESSORS;
}

KAFFINITY sim_KeQueryActiveProcessors(void)
{
    return (1u << PROCESSORS) - 1;
}
