/* SPDX-License-Identifier: MIT */
/* What the mount manager is told of disks. */
#ifndef DRIVER_DISK_DEVICE_MOUNT_H
#define DRIVER_DISK_DEVICE_MOUNT_H

#include "core/disk/disk.h"
#include "driver/nt/nt.h"

/* Tell the mount manager that a volume is there, and that it is not any more. PASSIVE_LEVEL, no lock held. */
NTSTATUS disk_mount_arrive(const struct disk *disk);
void disk_mount_leave(const struct disk *disk);

#endif
