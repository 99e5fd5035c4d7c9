/* SPDX-License-Identifier: MIT */
/* Removal of devices; removal.h has the contract. */

#include "driver/disk/end/removal.h"
#include "driver/disk/device/driver.h"
#include "driver/disk/device/mount.h"
#include "driver/disk/device/names.h"
#include "driver/disk/device/refresh.h"
#include "driver/disk/device/volume.h"
#include "driver/disk/end/dismount.h"

/* How often something may be mounted again. */
#define MOUNTED_AGAIN   3

/* Half a minute at least for memory for a thread, as dismount.c has. */
#define THREAD_ATTEMPTS 300
#define INTERVAL_100NS  (100 * 10000ll)

/* REMOVE and EJECT requests waiting for a device (the owner) to be gone. */
static struct nt_irp_queue removals;

static void abandon(struct nt_irp_queue *queue, PIRP irp, NTSTATUS status)
{
    UNREFERENCED_PARAMETER(queue);
    (void)nt_complete(irp, status, 0);
}

void disk_removal_initialize(void)
{
    nt_irp_queue_initialize(&removals, abandon);
}

/*
 * Owners of the requests that wait for a device to be gone. An EJECT came through the device and can only be answered
 * while it is still there; a REMOVE came through the control device and is answered when the name is free.
 */
static void *ejects_of(struct disk_device *device)
{
    return device;
}

static void *removes_of(struct disk_device *device)
{
    return &device->ending;
}

static void closed(struct epoch_owner *owner, struct epoch_item *item)
{
    UNREFERENCED_PARAMETER(item);
    disk_device_release(CONTAINING_RECORD(owner, struct disk_device, closing.owner));
}

/* In the driver's work thread, since it may give memory back, which takes an IRQL < DISPATCH_LEVEL. */
static void close(struct nt_work *work)
{
    struct disk_device *device = CONTAINING_RECORD(work, struct disk_device, ending);
    device->closing.owner.give_back = closed;
    device->closing.item.owner = &device->closing.owner;
    disk_close(&device->disk, &device->closing.item);
}

/* No request is taken from now on. For who holds a reference, which stays; what has been done is not done again. */
static void leave(struct disk_device *device)
{
    if (__atomic_exchange_n(&device->removing, 1, __ATOMIC_ACQ_REL) == 0) {
        __atomic_store_n(&device->queues, 1, __ATOMIC_RELAXED);
        nt_irp_queue_close(&device->queue);
        nt_work_post(&disk_driver.work, &device->ending, close);
    }
}

/*
 * While the file system writes what it has in memory the disk serves it as ever. If mounts can be refused afterwards, who is mounting
 * something finds out when he reads from the disk, before he has anything to write.
 */
static void dismount_and_leave(void *context)
{
    struct disk_device *device = context;
    unsigned again = 0;
    enum disk_dismounted done = disk_dismount(device, DISK_REMOVAL_LIMIT_100NS);
    while (done != DISK_NOT_DISMOUNTED && !disk_volume_refuse_mounts(device)) {
        if (again++ == MOUNTED_AGAIN) {
            disk_dismount_failed(device, STATUS_DEVICE_BUSY);
            break;
        }
        disk_dismount_end(device, done);
        done = disk_dismount(device, DISK_REMOVAL_LIMIT_100NS);
    }
    leave(device);
    disk_dismount_end(device, done); /* and with it the lock: too late to mount anything */
    disk_device_release(device);
}

/* In the work thread, which tries again when it has done what else there is to do. */
static void begin_dismount(struct nt_work *work)
{
    struct disk_device *device = CONTAINING_RECORD(work, struct disk_device, leave);
    LARGE_INTEGER interval = {.QuadPart = -INTERVAL_100NS};
    NTSTATUS status = nt_thread_create(&device->leaver, dismount_and_leave, device);
    if (NT_SUCCESS(status)) {
        return;
    }
    if (++device->leave_attempts < THREAD_ATTEMPTS) {
        (void)KeDelayExecutionThread(KernelMode, FALSE, &interval);
        nt_work_post(&disk_driver.work, &device->leave, begin_dismount);
        return;
    }
    disk_dismount_failed(device, status);
    leave(device);
    disk_device_release(device);
}

void disk_removal_start(struct disk_device *device, PIRP irp)
{
    bool ejected = irp != NULL && IoGetCurrentIrpStackLocation(irp)->DeviceObject == device->object;
    if (irp != NULL) {
        IoMarkIrpPending(irp);
        irp->Tail.Overlay.DriverContext[2] = ejected ? ejects_of(device) : removes_of(device);
        nt_irp_queue_insert(&removals, irp, false);
    }
    if (__atomic_exchange_n(&device->leaving, 1, __ATOMIC_ACQ_REL) != 0) {
        return;
    }
    __atomic_store_n(&device->queues, 1, __ATOMIC_RELAXED); /* where it is seen who would mount something now */
    /* Who ejects what is locked has locked it. Others wait for who has. */
    bool needed = ejected ? disk_dismount_needed(device) : (disk_volume_flags(device) & VPB_MOUNTED) != 0;
    needed = needed || !disk_volume_refuse_mounts(device);
    if (needed && disk_device_acquire(device)) {
        nt_work_post(&disk_driver.work, &device->leave, begin_dismount);
    } else {
        leave(device);
    }
}

/* Nothing is mounted: a file system would keep the driver loaded. */
void disk_removal_start_all(void)
{
    struct disk_device *device;
    while ((device = disk_device_find_older(NULL)) != NULL) {
        leave(device);
        disk_device_release(device);
    }
}

/* Nothing has to be opened any more to dismount what is mounted. NULL: the driver is kept for who has been left alone. */
static struct disk_hold *let_be_stopped(struct disk_device *device)
{
    if (disk_dismount_holds_driver(device)) {
        return NULL;
    }
    disk_driver_allow_stop();
    return device->hold;
}

static bool locked(const struct disk_device *device)
{
    return disk_volume_flags(device) == (VPB_MOUNTED | VPB_LOCKED);
}

/* The last act, in the driver's work thread: the disk is destroyed and its workers are leaving. */
static void finish(struct nt_work *work)
{
    struct disk_device *device = CONTAINING_RECORD(work, struct disk_device, ending);
    PDEVICE_OBJECT object = device->object;
    PKEVENT gone = device->gone;
    for (unsigned i = 0; i < DISK_DEVICE_WORKERS; i++) {
        nt_thread_join(&device->workers[i]);
    }
    nt_thread_join(&device->leaver);
    nt_reserve_delete(&device->reserve);
    disk_mount_leave(&device->mount);
    /*
     * Who hears of the ejection below and asks for the same number gets it: he waits here, since its name is free only when the device
     * is deleted. So do others who create disks, and the work thread's other work: for nine seconds at most, three for a thread
     * and three for each of two questions, if there is no memory and a file system that hangs.
     */
    disk_driver_lock_numbers();
    disk_names_unlink(device);
    disk_device_unlist(device);
    disk_refresh();
    if (locked(device)) { /* by who ejects it, and unlocks it when he hears of that */
        nt_irp_queue_abandon_all(&removals, ejects_of(device), STATUS_SUCCESS);
    }
    enum disk_dismounted done = disk_dismount_last(device);
    /* Others may stop the driver when they hear of it: the service manager asks once. */
    struct disk_hold *hold = done == DISK_NOT_MOUNTED ? let_be_stopped(device) : NULL;
    nt_irp_queue_abandon_all(&removals, ejects_of(device), STATUS_SUCCESS);
    ObReferenceObject(object);
    IoDeleteDevice(object);
    disk_dismount_end(device, done);
    if (done != DISK_NOT_MOUNTED) {
        hold = let_be_stopped(device);
    }
    nt_irp_queue_abandon_all(&removals, removes_of(device), STATUS_SUCCESS);
    ObDereferenceObject(object);
    disk_driver_unlock_numbers();
    if (hold != NULL) {
        disk_driver_let_go(hold);
    }
    if (gone != NULL) {
        (void)KeSetEvent(gone, IO_NO_INCREMENT, FALSE);
    }
    disk_driver_leave();
}

void disk_removal_finish(struct disk_device *device)
{
    nt_work_post(&disk_driver.work, &device->ending, finish);
}
