/* SPDX-License-Identifier: MIT */
/*
 * What there is once: the driver's object, its policy, the thread that works for it, and what keeps it loaded.
 *
 * Locks: number_mutex keeps two creations from choosing one number, and comes before all others.
 */
#ifndef DRIVER_DISK_DEVICE_DRIVER_H
#define DRIVER_DISK_DEVICE_DRIVER_H

#include "core/disk/create.h"
#include "core/disk/ram_reserve.h"
#include "driver/nt/work.h"

#define DISK_CONTROL_DEVICE L"\\Device\\ImDiskCtl"

struct disk_driver {
    PDRIVER_OBJECT object;
    PDEVICE_OBJECT control;
    struct disk_create_policy policy;
    FAST_MUTEX number_mutex;    /* held from choosing a number to having taken it; in a critical region */
    bool unloading;             /* atomic; set under number_mutex */
    PDRIVER_UNLOAD unload;      /* the driver object's while there is no disk */
    uint32_t held;              /* disks that hold the driver; number_mutex */
    uint64_t last_volume;       /* the last name of a volume's object; number_mutex */
    struct nt_work_thread work; /* creates and joins threads, deletes devices */
    LONG outstanding;           /* atomic: create jobs and devices, plus one until unload */
    struct ram_reserve reserve; /* of the RAM disks */
    KEVENT all_gone;            /* outstanding has become 0 */
};

extern struct disk_driver disk_driver;

/* In DriverEntry, before anything else here, and last in DriverUnload. */
void disk_driver_initialize(PDRIVER_OBJECT object, const struct disk_create_policy *policy);
void disk_driver_destroy(void);

/* Keep the driver loaded. disk_driver_leave may be the driver's last breath: touch nothing after it. Any IRQL. */
bool disk_driver_enter(void); /* false if it is being unloaded */
void disk_driver_stay(void);  /* for who has entered it */
void disk_driver_leave(void);

/*
 * A disk keeps the driver from being stopped: Windows would make all disks unreachable at once, and unload the driver when
 * nothing is open any more, which is never where a file system is mounted. Without a DriverUnload it refuses; a stop that
 * has been begun is found out by opening the control device, which also keeps DriverUnload from being called while there is
 * none. STATUS_DELETE_PENDING: it has been begun. For who has entered the driver, without number_mutex. PASSIVE_LEVEL.
 */
struct disk_hold;
NTSTATUS disk_driver_hold(struct disk_hold **result);

/* The one half of its end: a stop is accepted, and goes on when the other half, the handle, is closed. number_mutex held. */
void disk_driver_allow_stop(void);

/*
 * The other half. Who closes the last handle of a driver that is to be stopped runs its DriverUnload, or waits for it, which
 * waits for this driver's threads: so a work item closes it, some time. That keeps the image, too, until it has returned.
 * For who has entered the driver, without number_mutex. PASSIVE_LEVEL.
 */
void disk_driver_let_go(struct disk_hold *hold);

/* For unload: no device is created after the first, and none is left after the second. PASSIVE_LEVEL. */
void disk_driver_forbid_creation(void);
void disk_driver_wait_until_left(void);

/* PASSIVE_LEVEL; in a critical region between the two. */
void disk_driver_lock_numbers(void);
void disk_driver_unlock_numbers(void);

#endif
