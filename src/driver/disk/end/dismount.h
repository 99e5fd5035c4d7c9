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

enum disk_dismounted {
    DISK_NOT_MOUNTED, /* (any more) */
    DISK_DISMOUNTED,  /* and until disk_dismount_end nothing is mounted again, if it could be locked */
    DISK_NOT_DISMOUNTED,
};

/*
 * Some file systems write for ever, and some requests never end. A removal has time, since what is not written by then is lost; at the
 * system's end somebody waits before the screen, and other disks are to be saved, too: so long for each.
 */
#define DISK_REMOVAL_LIMIT_100NS  (30ll * 60 * 10000000)
#define DISK_SHUTDOWN_LIMIT_100NS (3ll * 60 * 10000000)

/*
 * Locks the file system and dismounts it; if others have files open, it waits a while for them, and then takes the files from
 * them. What it has not written yet it writes.
 *
 * Who asks is a thread of its own, and is left alone with a file system that hangs: that has asked the disk for nothing, nor waited
 * for it, for half a minute, or only read, flushed and trimmed for ten. A file system that writes is waited for, and so is a disk that
 * is slow itself, up to the limit. If there is no memory for a thread for half a minute nobody asks. What is not dismounted, or hangs
 * when it is let go, is logged, once.
 * PASSIVE_LEVEL, no lock held; blocks.
 */
enum disk_dismounted disk_dismount(struct disk_device *device, int64_t limit_100ns);

/*
 * When nothing can be read any more: dismounts what somebody had read enough to mount before, or has ejected without dismounting
 * it. Neither has anything to write, so that three seconds are enough; number_mutex may be held. Otherwise as disk_dismount.
 */
enum disk_dismounted disk_dismount_last(struct disk_device *device);

/* Logs that it was not, once. PASSIVE_LEVEL. */
void disk_dismount_failed(struct disk_device *device, NTSTATUS status);

/* Lets go what has been locked; three seconds, as before: unlocking writes nothing. The device is still there. PASSIVE_LEVEL; blocks. */
void disk_dismount_end(struct disk_device *device, enum disk_dismounted done);

/* Whether who asks a file system that hangs lets the driver go (disk_driver_let_go), instead of who ends the device. Work thread. */
bool disk_dismount_holds_driver(struct disk_device *device);

#endif
