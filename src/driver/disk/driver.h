/* SPDX-License-Identifier: MIT */
/*
 * ballastdisk.sys: the IRP shell around core/disk.
 *
 *   driver.c    load, unload, opening, the control device
 *   boot.c      parameters in the registry, disks created at load
 *   mount.c     the mount manager
 *   refresh.c   the event that tells of changes
 *   control.c   the table of control codes and the handlers that need more than a disk's state
 *   device.c    disk devices: creation of the device object, references, removal, workers
 *   create.c    CREATE_DEVICE, in a thread of its own
 *   transfer.c  read, write, flush
 *   information.c  file information, page files
 *   image.c     image files: opening, and the source over them
 *
 * A disk device lives from disk_device_create to its finish in device.c. One reference belongs to its existence and is
 * dropped by removal; each request under way holds another. Nothing polls: whoever drops the last reference sends the
 * workers home, the last worker destroys the disk, and the driver's work thread deletes the device.
 */
#ifndef DRIVER_DISK_DRIVER_H
#define DRIVER_DISK_DRIVER_H

#include "core/base/request.h"
#include "core/disk/disk.h"
#include "driver/nt/irp_queue.h"
#include "driver/nt/work.h"

/* Requests that one disk has in service at a time, if they have to wait for something. */
#define DISK_DEVICE_WORKERS 4

enum device_role {
    DEVICE_NOT_READY, /* fresh from IoCreateDevice, which zeroes extensions */
    DEVICE_CONTROL,
    DEVICE_DISK,
};

/* Opens every device extension; the control device has no more. */
struct device_extension {
    enum device_role role; /* atomic; set when the rest of the extension is */
};

/* Requests come to a device that is not ready only in Wine, which does not look at DO_DEVICE_INITIALIZING. */
static inline enum device_role device_role(const DEVICE_OBJECT *object)
{
    const struct device_extension *extension = object->DeviceExtension;
    return __atomic_load_n(&extension->role, __ATOMIC_ACQUIRE);
}

static inline void device_ready(DEVICE_OBJECT *object, enum device_role role)
{
    struct device_extension *extension = object->DeviceExtension;
    __atomic_store_n(&extension->role, role, __ATOMIC_RELEASE);
    object->Flags &= ~(ULONG)DO_DEVICE_INITIALIZING;
}

struct create_job;

struct disk_device {
    struct device_extension extension;
    PDEVICE_OBJECT object;
    LIST_ENTRY link;    /* in disk_driver.devices */
    LONG references;    /* atomic; 0: being torn down */
    LONG removing;      /* atomic; 1: no new requests */
    LONG special_files; /* atomic; page, dump files on the disk */
    bool number_linked; /* we made the link of its number */
    bool letter_linked; /* we made the drive letter's link */
    bool mounted;       /* the mount manager has been told of it; set by its creator */
    struct disk disk;   /* destroyed by the last worker */
    struct nt_irp_queue queue;
    struct create_job *creator; /* its thread is the first worker */
    struct nt_thread helpers[DISK_DEVICE_WORKERS - 1];
    LONG helpers_tried;   /* atomic */
    LONG workers_running; /* atomic */
    struct nt_work finish;
};

struct disk_driver {
    PDRIVER_OBJECT object;
    PDEVICE_OBJECT control;
    struct disk_create_policy policy;
    KSPIN_LOCK devices_lock;
    LIST_ENTRY devices;           /* newest first; those being removed included */
    FAST_MUTEX number_mutex;      /* held from choosing a number to having taken it; in a critical region */
    bool unloading;               /* atomic; set under number_mutex */
    struct nt_work_thread work;   /* creates and joins threads, deletes devices */
    struct nt_irp_queue removals; /* REMOVE and EJECT requests waiting for a device (the owner) to be gone */
    LONG outstanding;             /* atomic: create jobs and devices, plus one until unload */
    KEVENT all_gone;              /* outstanding has become 0 */
};

extern struct disk_driver disk_driver;

/* A control request on its way to a handler. */
struct disk_request {
    struct request request;
    PIRP irp;
};

/* ---- device.c ---- */

/*
 * Creates the device for a disk, takes the source over, and makes it visible with one reference. The calling thread must
 * become its first worker by disk_device_work. PASSIVE_LEVEL.
 */
NTSTATUS disk_device_create(const struct disk_parameters *parameters, struct source *source, struct create_job *creator,
                            struct disk_device **device);

/* One more worker, up to DISK_DEVICE_WORKERS. Doing without is harmless. Called by a worker of the device. */
void disk_device_start_helper(struct disk_device *device);

/* Serves requests until the device is removed; does not touch it afterwards. PASSIVE_LEVEL. */
void disk_device_work(struct disk_device *device);

/* False once the device is being removed. Any IRQL <= DISPATCH_LEVEL, as release. */
bool disk_device_acquire(struct disk_device *device);
void disk_device_release(struct disk_device *device);

/* The device with this number, acquired, or NULL. <= DISPATCH_LEVEL. */
struct disk_device *disk_device_find(uint32_t number);

/*
 * Starts the removal of an acquired device, which stays acquired, and pends `irp`, if there is one, until the device is
 * gone. <= DISPATCH_LEVEL.
 */
void disk_device_remove(struct disk_device *device, PIRP irp);

/* Whether a disk, being removed or not, has this number. <= DISPATCH_LEVEL. */
bool disk_device_number_taken(uint32_t number);

/* For unload: no device is created after this, PASSIVE_LEVEL; and starts the removal of all, <= DISPATCH_LEVEL. */
void disk_device_forbid_creation(void);
void disk_device_remove_all(void);

/* Copies up to `capacity` device numbers, newest first; returns how many devices there are. <= DISPATCH_LEVEL. */
uint32_t disk_device_numbers(uint32_t *numbers, uint32_t capacity);

/* ---- create.c ---- */

request_handler disk_create_device;

/*
 * Creates a disk without a request of anybody, from what boot.c has built. Takes the data over when it succeeds: the disk
 * is being created then, and a failure is reported by disk_boot_failed. PASSIVE_LEVEL.
 */
NTSTATUS disk_create_at_boot(struct imdisk_create_data *data, size_t size, ULONG length);

/*
 * Waits for the end of a creator's thread: false if its disk had to go again, and its request waits for that. Freeing the
 * job ends that request. In the work thread.
 */
bool disk_create_job_join(struct create_job *job);
void disk_create_job_free(struct create_job *job);

/* ---- boot.c ---- */

struct disk_boot {
    HANDLE key;     /* with the parameters; NULL: there are none */
    uint32_t disks; /* numbers below this are to be created, if they are described */
};

/* Reads the driver's parameters into its policy. `service` is the path of its key. PASSIVE_LEVEL, as all of these. */
NTSTATUS disk_boot_read_parameters(const UNICODE_STRING *service, struct disk_boot *boot);
void disk_boot_create_disks(const struct disk_boot *boot);
void disk_boot_end(struct disk_boot *boot);

/* Reports that a disk could not be created. */
void disk_boot_failed(uint32_t number, NTSTATUS status);
void disk_boot_request_free(struct imdisk_create_data *data, size_t size);

/* ---- refresh.c ---- */

/*
 * PASSIVE_LEVEL. Without the event, which anybody's object may be in the way of, the driver works all the same; that is
 * logged. Deleting pulses once more; no call of disk_refresh may follow or be under way.
 */
void disk_refresh_create(void);
void disk_refresh_delete(void);

/* Something has changed that those who wait for the event want to know. <= DISPATCH_LEVEL. */
void disk_refresh(void);

/* ---- mount.c ---- */

/* Whether the disk's drive letter is the mount manager's to make. Any IRQL. */
static inline bool disk_mount_managed(const struct disk *disk)
{
    return (disk_flags(disk) & BALLAST_OPTION_MOUNT_MANAGER) != 0;
}

/* Tell the mount manager that a volume is there, and that it is not any more. PASSIVE_LEVEL, no lock held. */
NTSTATUS disk_mount_arrive(const struct disk *disk);
void disk_mount_leave(const struct disk *disk);

/* ---- driver.c ---- */

/* Keep the driver loaded. disk_driver_leave may be the driver's last breath: touch nothing after it. */
bool disk_driver_enter(void); /* false if it is being unloaded */
void disk_driver_leave(void);

/* ---- control.c ---- */

NTSTATUS NTAPI disk_dispatch_device_control(PDEVICE_OBJECT object, PIRP irp);

/* Serves a queued control request in a worker and completes it. */
void disk_serve_control(struct disk_device *device, PIRP irp);

/* ---- transfer.c ---- */

NTSTATUS NTAPI disk_dispatch_transfer(PDEVICE_OBJECT object, PIRP irp);

/* Serves a queued read, write or flush in a worker and completes it. */
void disk_serve_transfer(struct disk_device *device, PIRP irp);

/* ---- information.c ---- */

NTSTATUS NTAPI disk_dispatch_information(PDEVICE_OBJECT object, PIRP irp);
NTSTATUS NTAPI disk_dispatch_pnp(PDEVICE_OBJECT object, PIRP irp);

/* Whether a page or dump file lives on the disk, which must not go then, or become read-only. Any IRQL. */
static inline bool disk_device_special(const struct disk_device *device)
{
    return __atomic_load_n(&device->special_files, __ATOMIC_RELAXED) != 0;
}

/* ---- image.c ---- */

struct image;

struct image_options {
    const uint16_t *name; /* native NT path */
    uint16_t name_length; /* bytes */
    bool read_only;
    bool share_write; /* others may have the file open for writing */
    bool buffered;    /* through the file system's cache */
    bool create;      /* if it does not exist */
    bool sparse;      /* make it a sparse file, holes where zeros are trimmed */
};

/* Opens an image with the access rights of the calling thread. Released by image_close. PASSIVE_LEVEL, all of them. */
NTSTATUS image_open(const struct image_options *options, struct image **image);
void image_close(struct image *image);

uint64_t image_length(const struct image *image);

/* Without the host's cache, only multiples of its sector size can be transferred, at such offsets. */
bool image_multiple_of_sector(const struct image *image, uint64_t bytes);

/* Extends the image if it is shorter by now; never cuts it. */
NTSTATUS image_extend(struct image *image, uint64_t length);

/* Fails with STATUS_END_OF_FILE when fewer than `length` bytes are there. */
NTSTATUS image_read(struct image *image, uint64_t offset, void *buffer, ULONG length);

/* A source over the image from `offset` on. Takes the image over. */
struct source *image_source(struct image *image, uint64_t offset);

/* The image under a disk's layers; NULL if there is none. Not to be closed. */
struct image *image_behind(struct source *source);

/* Makes the image sparse. False if its file system cannot. */
bool image_set_sparse(struct image *image);

/*
 * Sends the control request within `request` to the image: its code, then its input; `buffer` receives the output. Only
 * METHOD_BUFFERED, and only what the image's access allows.
 */
NTSTATUS image_pass_through(struct image *image, bool file_system, struct request *request);

#endif
