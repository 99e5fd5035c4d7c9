/* SPDX-License-Identifier: MIT */
/*
 * For tests: file systems on the driver's disks. What opens a disk for more than its attributes mounts one, as the options
 * say; then the handle is the file system's, and the driver sees no IRP_MJ_CREATE.
 *
 * RAW passes aligned reads and writes and control codes on, and does not record in the file object what it has been opened for. The
 * other has files too: "\Device\X\0" to "7" are 64 KiB each, at 64 KiB, 128 KiB ... of the disk. They are cached; a lazy
 * writer writes their pages back. Both take the codes that lock, unlock and dismount, through a handle to the volume.
 */
#ifndef SIM_API_FILE_SYSTEM_H
#define SIM_API_FILE_SYSTEM_H

#include <ntifs.h>

enum sim_file_system {
    SIM_NO_FILE_SYSTEM, /* handles are the driver's */
    SIM_RAW,
    SIM_FILES,
};

#define SIM_FILE_SIZE           65536u

#define FSCTL_LOCK_VOLUME       0x00090018u
#define FSCTL_UNLOCK_VOLUME     0x0009001Cu
#define FSCTL_DISMOUNT_VOLUME   0x00090020u
#define FSCTL_IS_VOLUME_MOUNTED 0x00090028u

/* Whether one is mounted on the device of this path. */
bool sim_is_mounted(const char *path);

/* Pages that have been written to files, and not to the disk yet; pages that could not be written, since sim_reset. */
unsigned sim_dirty_pages(void);
unsigned long sim_lost_pages(void);
unsigned long sim_lost_pages_to(NTSTATUS status);

/* How often a volume has been locked, and how often that, or opening one beside its lock, was refused, since sim_reset. */
unsigned sim_volume_locks(void);
unsigned sim_volume_lock_refusals(void);

/* The lazy writer rests while this is on. */
void sim_hold_lazy_writer(bool on);

/* What takes until tests let it go on. */
enum sim_hold {
    SIM_HOLD_MOUNTING = 1, /* who has read what he needs to mount something */
    SIM_HOLD_LOCKING = 2,
    SIM_HOLD_DISMOUNTING = 4,
    SIM_HOLD_CLOSING = 8, /* what has been locked */
    SIM_HOLD_HANGS = 16,  /* with one of these: longer than anybody waits. Who locks or dismounts always does */
    SIM_HOLD_READS = 32,  /* with one of these: who is held up reads from the disk all the while */
    SIM_HOLD_WRITES = 64, /* and writes what he has read */
};
/* The n-th look from now on of the driver at what is mounted waits, before it sees anything, until this is 0; whether one does. */
void sim_hold_look(unsigned n);
bool sim_look_is_held(void);

void sim_hold_file_systems(unsigned what); /* 0: nothing (any more) */
unsigned sim_file_systems_held(void);      /* threads */

#endif
