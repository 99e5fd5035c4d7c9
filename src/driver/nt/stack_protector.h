/* SPDX-License-Identifier: MIT */
/* Seeding of the stack protector's guard. */
#ifndef DRIVER_NT_STACK_PROTECTOR_H
#define DRIVER_NT_STACK_PROTECTOR_H

#include "driver/nt/nt.h"

/* For DriverEntry and the seeding itself: a function under whose feet the guard changes must not check it. */
#ifdef __clang__
#define NT_NO_STACK_PROTECTOR __attribute__((no_stack_protector))
#else
#define NT_NO_STACK_PROTECTOR __attribute__((optimize("no-stack-protector")))
#endif

extern void *__stack_chk_guard;

/* First call of DriverEntry. */
void nt_stack_protector_seed(void);

#endif
