/* SPDX-License-Identifier: MIT */
/* A mounted file system, and handles of drivers to devices. */
#ifndef SIM_WORLD_MOUNTED_H
#define SIM_WORLD_MOUNTED_H

#include "sim/api/mounted.h"
#include "sim/kernel/device.h"

/* What a driver opens by a device's name. */
NTSTATUS sim_volume_handle_open(const char *path, void **object);
void sim_volume_handle_closed(void *object);
NTSTATUS sim_volume_handle_control(void *object, ULONG code);

/* `who` is a handle on `device`. */
NTSTATUS sim_mounted_control(struct sim_device *device, const void *who, ULONG code);
void sim_mounted_closed(const void *who);

void sim_mounted_reset(void);

#endif
