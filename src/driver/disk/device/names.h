/* SPDX-License-Identifier: MIT */
/* The names of disks' objects, and the links to them by number and by drive letter. PASSIVE_LEVEL. */
#ifndef DRIVER_DISK_DEVICE_NAMES_H
#define DRIVER_DISK_DEVICE_NAMES_H

#include "core/base/disk_name.h"
#include "driver/disk/device/device.h"
#include "driver/nt/name.h"

void disk_names_write(const struct disk_name *of, struct nt_name *name);

/* The name of a disk's device object. */
void disk_names_of_device(const struct disk *disk, struct nt_name *name);

/*
 * The object of a volume has a name that is never used again while the system runs: the mount manager, and links that are
 * left over, take names for what was there once. "\\Device\\ImDisk<number>" is a link to it. STATUS_OBJECT_NAME_COLLISION:
 * something else is called so. number_mutex held.
 */
NTSTATUS disk_names_link_volume(const struct disk_name *name);
void disk_names_unlink_volume(uint32_t number);

/* Whether such a link was there that led to no disk any more; then it is not any more. number_mutex held. */
bool disk_names_remove_stale(uint32_t number);

/*
 * Makes the links to a device, except those that others have, and takes away those that were made. A volume's letter is the
 * mount manager's, unless that does not want it. number_mutex held.
 */
void disk_names_link(struct disk_device *device);
void disk_names_link_letter(struct disk_device *device);
void disk_names_unlink(const struct disk_device *device);

#endif
