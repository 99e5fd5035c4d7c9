/* SPDX-License-Identifier: MIT */
/* A system that starts. */
#ifndef SIM_KERNEL_BOOT_H
#define SIM_KERNEL_BOOT_H

#include "sim/api/boot.h"

#include <ntifs.h>

void sim_boot_reset(void);
bool sim_boot_has_volumes(void);

/* The directory of named events, and the link \Global in it to itself, which comes after it, with sessions only. */
bool sim_boot_has_directory(void);
bool sim_boot_has_sessions(void);

/* The driver could not be loaded: nobody calls it again. */
void sim_boot_forget(void);

VOID sim_IoRegisterBootDriverReinitialization(PDRIVER_OBJECT driver, PDRIVER_REINITIALIZE routine, PVOID context);

#endif
