/* SPDX-License-Identifier: MIT */
/* The processors, which drivers look up by name what asks for them. */
#ifndef SIM_KERNEL_PROCESSOR_H
#define SIM_KERNEL_PROCESSOR_H

#include <ntifs.h>

ULONG sim_KeGetCurrentProcessorNumberEx(PVOID number);
ULONG sim_KeQueryMaximumProcessorCountEx(USHORT group);
KAFFINITY sim_KeQueryActiveProcessors(void);

#endif
