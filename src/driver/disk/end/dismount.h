/* SPDX-License-Identifier: MIT */
/* The file system on a disk that is to be removed. */
#ifndef DRIVER_DISK_END_DISMOUNT_H
#define DRIVER_DISK_END_DISMOUNT_H

#include "driver/disk/device/device.h"

/*
 * Whether a file system is mounted that nobody has locked. Programs that lock, dismount and eject do so on one handle,
 * which would keep everybody else from locking: what they have locked is theirs. <= DISPATCH_LEVEL.
 */
bool disk_dismount_needed(const struct disk_device *device);

/*
 * Locks the file system and dismounts it; if others have files open, it waits a while for them, and then takes the files from
 * them. What it has not written yet it writes. Until the handle that this returns is closed nothing is mounted again if it
 * could be locked. NULL: the volume could not be opened, or nothing is mounted any more; or the file system hangs: when it has neither written
 * anything nor waited for the disk for half a minute, who asks it is left alone with it. PASSIVE_LEVEL, no lock held; blocks.
 */
HANDLE disk_dismount(struct disk_device *device);

/*
 * When nothing can be read any more: dismounts what somebody had read enough to mount before, or has ejected without dismounting
 * it. Neither has anything to write. As disk_dismount.
 */
HANDLE disk_dismount_last(struct disk_device *device);

/* Whether who asks a file system that hangs lets the driver go (disk_driver_let_go), instead of who ends the device. Work thread. */
bool disk_dismount_holds_driver(struct disk_device *device);

#endif
