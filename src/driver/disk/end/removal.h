/* SPDX-License-Identifier: MIT */
/* How a device goes: removal, and its end. */
#ifndef DRIVER_DISK_END_REMOVAL_H
#define DRIVER_DISK_END_REMOVAL_H

#include "driver/disk/device/device.h"

/* Before any device. */
void disk_removal_initialize(void);

/*
 * Starts the removal of an acquired device, which stays acquired: what is mounted is dismounted first, unless who asks has
 * done that. Pends `irp`, if there is one, until the device is gone. <= DISPATCH_LEVEL.
 */
void disk_removal_start(struct disk_device *device, PIRP irp);

/* Starts the removal of all devices, on which nothing is mounted. <= DISPATCH_LEVEL. */
void disk_removal_start_all(void);

/*
 * The end of a device whose disk is destroyed and whose last worker calls this, and does not touch the device afterwards:
 * the driver's work thread joins the workers and deletes the device. <= DISPATCH_LEVEL.
 */
void disk_removal_finish(struct disk_device *device);

#endif
