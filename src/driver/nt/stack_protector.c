/* SPDX-License-Identifier: MIT */
/*
 * The run-time part of -fstack-protector-strong, which the toolchain supplies for user mode only. The guard is a constant
 * until nt_stack_protector_seed gives it a value that differs from load to load.
 */

#include "driver/nt/stack_protector.h"

void *__stack_chk_guard = (void *)(ULONG_PTR)0x0AFF0D00u;

__attribute__((noreturn)) void __stack_chk_fail(void);

void __stack_chk_fail(void)
{
    KeBugCheckEx(0xF7 /* DRIVER_OVERRAN_STACK_BUFFER */, (ULONG_PTR)__builtin_return_address(0), 0, 0, 0);
    __builtin_unreachable();
}

NT_NO_STACK_PROTECTOR void nt_stack_protector_seed(void)
{
    LARGE_INTEGER counter = KeQueryPerformanceCounter(NULL);
    uint64_t seed = ((uint64_t)counter.QuadPart ^ (ULONG_PTR)&counter) * 0x9E3779B97F4A7C15ull;
    __stack_chk_guard = (void *)(ULONG_PTR)(seed & ~0xFFull); /* a zero byte stops string overruns */
}
