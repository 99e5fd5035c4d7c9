/* SPDX-License-Identifier: MIT */
/* What the mount manager is told of disks. */
#ifndef DRIVER_DISK_DEVICE_MOUNT_H
#define DRIVER_DISK_DEVICE_MOUNT_H

#include "core/disk/disk.h"
#include "driver/nt/nt.h"

/* Room for what it says of a disk's links, kept from the arrival on, so that leaving needs no memory. */
struct disk_mount {
    struct disk_identity identity;
    void *points; /* NULL: it knows nothing of the disk */
    ULONG size;
};

/*
 * Tell the mount manager that a volume is there, whose only drive letter is the disk's if it has one, and that it is not there any
 * more: then it knows no link of it. Leaving undoes an arrival that has failed half-way. PASSIVE_LEVEL, no lock held.
 */
NTSTATUS disk_mount_arrive(const struct disk *disk, struct disk_mount *mount);
void disk_mount_leave(struct disk_mount *mount);

#endif
