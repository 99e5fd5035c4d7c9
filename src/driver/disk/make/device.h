/* SPDX-License-Identifier: MIT */
/* The device of a new disk: its number, identity, object, protection and names. */
#ifndef DRIVER_DISK_MAKE_DEVICE_H
#define DRIVER_DISK_MAKE_DEVICE_H

#include "driver/disk/device/device.h"

/*
 * Creates the device for a disk, takes the source over, and makes it visible with one reference. The calling thread must
 * become its first worker by disk_workers_serve. PASSIVE_LEVEL.
 */
NTSTATUS disk_device_create(const struct disk_parameters *parameters, struct source *source,
                            struct disk_device **device);

#endif
