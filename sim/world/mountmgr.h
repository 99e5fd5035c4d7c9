/* SPDX-License-Identifier: MIT */
/* The mount manager. */
#ifndef SIM_WORLD_MOUNTMGR_H
#define SIM_WORLD_MOUNTMGR_H

#include "sim/api/mountmgr.h"

NTSTATUS sim_mount_control(ULONG code, const void *input, ULONG length, void *output, ULONG output_length,
                           ULONG_PTR *information);
void sim_mount_reset(void);

#endif
