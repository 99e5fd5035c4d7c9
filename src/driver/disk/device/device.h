/* SPDX-License-Identifier: MIT */
/*
 * Disk devices: what one is, their list, and their references.
 *
 * One reference belongs to those who are inside the disk, and is dropped when removal has closed it and they are out; who asks
 * for something else holds one. What is queued holds none: removal closes the queue, and the device stays as long as its
 * workers. Nothing polls: dropping the last reference stops the queue, which sends them home, and the last of them sees to
 * the device's end.
 */
#ifndef DRIVER_DISK_DEVICE_DEVICE_H
#define DRIVER_DISK_DEVICE_DEVICE_H

#include "core/disk/disk.h"
#include "driver/disk/device/mount.h"
#include "driver/nt/irp_queue.h"
#include "driver/nt/mapping.h"
#include "driver/nt/work.h"

/* Requests that one disk has in service at a time, if they have to wait for something. */
#define DISK_DEVICE_WORKERS 4

enum device_role {
    DEVICE_NOT_READY, /* fresh from IoCreateDevice, which zeroes extensions */
    DEVICE_CONTROL,
    DEVICE_NAME, /* is only opened */
    DEVICE_DISK,
};

/* Opens every device extension; those of devices that are no disks have no more. */
struct device_extension {
    enum device_role role; /* atomic; set when the rest of the extension is */
};

/* Requests come to a device that is not ready only in Wine, which does not look at DO_DEVICE_INITIALIZING. */
static inline enum device_role device_role(const DEVICE_OBJECT *object)
{
    const struct device_extension *extension = object->DeviceExtension;
    return __atomic_load_n(&extension->role, __ATOMIC_ACQUIRE);
}

/* What a device that is no disk says to requests that are a disk's. */
static inline NTSTATUS device_refusal(enum device_role role)
{
    return role == DEVICE_NOT_READY ? STATUS_DEVICE_NOT_READY : STATUS_INVALID_DEVICE_REQUEST;
}

static inline void device_ready(DEVICE_OBJECT *object, enum device_role role)
{
    struct device_extension *extension = object->DeviceExtension;
    __atomic_store_n(&extension->role, role, __ATOMIC_RELEASE);
    object->Flags &= ~(ULONG)DO_DEVICE_INITIALIZING;
}

/* Given back when the disk has been closed and nobody is inside. */
struct disk_closing {
    struct epoch_owner owner;
    struct epoch_item item;
};

struct disk_device;
struct disk_hold;

/* Who asks the file system on the disk. It may hang, and then he is left alone with it. */
struct disk_asker {
    LONG state; /* atomic; enum in end/dismount.c */
    struct nt_thread thread;
    HANDLE (*question)(struct disk_device *device);
    NTSTATUS status;     /* of the last thing that failed */
    KEVENT changed;      /* auto-reset; his state has */
    KEVENT close;        /* auto-reset; what he has locked */
    struct nt_work work; /* his end, when he has been left alone */
    ULONG reported;      /* atomic; the last event of the file system; 0: none */
    bool holds_driver;   /* instead of the device, which has gone meanwhile; the work thread's */
};

struct disk_device {
    struct device_extension extension;
    PDEVICE_OBJECT object;
    LIST_ENTRY link;    /* in the list of devices */
    LONG references;    /* atomic; 0: being torn down */
    LONG removing;      /* atomic; 1: no new requests */
    bool blocks;        /* its source does; late requests may still look */
    LONG queues;        /* atomic; 1: no transfer is served in its caller's thread: it blocks, or is being removed */
    bool number_linked; /* we made the link of its number */
    bool letter_linked; /* we made the drive letter's link */
    struct disk_mount mount; /* its first worker's, and then that of who ends it */
    struct disk disk;        /* destroyed by the last worker */
    struct disk_closing closing;
    struct nt_irp_queue queue;
    struct nt_reserve reserve;                     /* for paging */
    struct nt_thread workers[DISK_DEVICE_WORKERS]; /* the first is who made the disk, if it has been handed over */
    LONG workers_tried;                            /* atomic */
    LONG workers_running;                          /* atomic */
    PKEVENT gone;                                  /* set when the device is gone; set here by a worker, or NULL */
    LONG leaving;                                  /* atomic; 1: its removal has begun; 2: nothing may be mounted */
    struct nt_work leave;
    unsigned leave_attempts; /* to have a thread that dismounts; the work thread's */
    struct nt_thread leaver; /* dismounts what is on it */
    struct disk_asker asker;
    struct nt_work ending;  /* closing the disk, and later finishing */
    struct disk_hold *hold; /* of the driver */
};

/* Before any device. */
void disk_device_initialize_list(void);

/* Takes a device that has been built into the list and opens it to requests. number_mutex held. <= DISPATCH_LEVEL. */
void disk_device_list(struct disk_device *device);
void disk_device_unlist(struct disk_device *device);

/* What a device object of a disk has behind it: the device, and the disk's lanes, which late requests may still look at. */
ULONG disk_device_extension_size(void);
void *disk_device_lanes(struct disk_device *device);

/* False once the device is being removed. Any IRQL <= DISPATCH_LEVEL, as release. */
bool disk_device_acquire(struct disk_device *device);
void disk_device_release(struct disk_device *device);

/* The device with this number, acquired, or NULL. <= DISPATCH_LEVEL. */
struct disk_device *disk_device_find(uint32_t number);

/*
 * The newest device that is older than `than`, which is acquired, or NULL: than any; and is not being removed yet. Acquired, or
 * NULL. <= DISPATCH_LEVEL.
 */
struct disk_device *disk_device_find_older(const struct disk_device *than);

/* Whether a disk, being removed or not, has this number, this volume's name, or this identity. <= DISPATCH_LEVEL. */
bool disk_device_number_taken(uint32_t number);
bool disk_device_volume_exists(uint64_t volume);
bool disk_device_identity_taken(const struct disk_identity *identity);

/* Copies up to `capacity` device numbers, newest first; returns how many devices there are. <= DISPATCH_LEVEL. */
uint32_t disk_device_numbers(uint32_t *numbers, uint32_t capacity);

/* Sets the bit of each number that is taken, of as many as IMDISK_MAXIMUM_DEVICES. <= DISPATCH_LEVEL. */
void disk_device_mark_numbers(unsigned char *bitmap);

#endif
