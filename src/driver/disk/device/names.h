/* SPDX-License-Identifier: MIT */
/* The names of disks: "\\Device\\ImDisk<n>", and the links to it by number and by drive letter. PASSIVE_LEVEL. */
#ifndef DRIVER_DISK_DEVICE_NAMES_H
#define DRIVER_DISK_DEVICE_NAMES_H

#include "driver/disk/device/device.h"
#include "driver/nt/name.h"

/* The name of a disk's device object. */
void disk_names_of_device(uint32_t number, struct nt_name *name);

/* Makes the links to a device, except those that others have, and takes away those that were made. number_mutex held. */
void disk_names_link(struct disk_device *device);
void disk_names_unlink(const struct disk_device *device);

#endif
