/* SPDX-License-Identifier: MIT */
/*
 * Code that exists only for Wine, which runs drivers in user mode, without IRQLs or access checks on handles. Each
 * workaround says what it stands in for; on Windows it is a test of a constant false. late.c has what Wine lacks. Checks
 * that are harmless on Windows and needed in Wine stand where they belong and name it: device_role, a missing MDL, links
 * that a crashed driver has left.
 */
#ifndef DRIVER_NT_WINE_H
#define DRIVER_NT_WINE_H

#include "driver/nt/nt.h"

/* Set once by nt_wine_detect. */
extern bool nt_in_wine;

/* Before anything else of nt/ but the stack protector. PASSIVE_LEVEL. */
void nt_wine_detect(void);

/* KeGetCurrentIrql reads CR8, which Wine emulates by a trap (1.6 us) that always answers 0. */
static inline KIRQL nt_irql(void)
{
    return nt_in_wine ? PASSIVE_LEVEL : KeGetCurrentIrql();
}

/* For opening an object with the caller's rights, which Wine does not check and refuses to. */
static inline KPROCESSOR_MODE nt_caller_mode(void)
{
    return nt_in_wine ? KernelMode : UserMode;
}

#endif
