/* SPDX-License-Identifier: MIT */
/* What is mounted on a disk. */
#ifndef DRIVER_DISK_DEVICE_VOLUME_H
#define DRIVER_DISK_DEVICE_VOLUME_H

#include "driver/disk/device/device.h"

/*
 * VPB_MOUNTED, VPB_LOCKED: of the volume parameter block. 0 where there is none, as on disks that are no volumes and in Wine.
 * <= DISPATCH_LEVEL.
 */
USHORT disk_volume_flags(const struct disk_device *device);

/*
 * From now on nothing can be mounted, unless something is already that nobody has locked: false then. In one moment with the look,
 * so that no transfer of who is mounted fails. <= DISPATCH_LEVEL.
 */
bool disk_volume_refuse_mounts(struct disk_device *device);

/*
 * Whether a transfer comes from who would mount something on a disk whose removal has begun, or has just done so. What is mounted
 * is served until it is dismounted; after that there is nobody who had anything to save. <= DISPATCH_LEVEL.
 */
static inline bool disk_volume_too_late(const struct disk_device *device)
{
    LONG leaving = __atomic_load_n(&device->leaving, __ATOMIC_RELAXED);
    return leaving != 0 && (leaving == 2 || (disk_volume_flags(device) & VPB_MOUNTED) == 0);
}

#endif
