/* SPDX-License-Identifier: MIT */
/* Shutdown; shutdown.h has the contract. The system waits for the request, so a thread of its own may take its time. */

#include "driver/disk/end/shutdown.h"
#include "driver/disk/device/driver.h"
#include "driver/disk/end/dismount.h"
#include "driver/nt/late.h"

static struct {
    PIRP irp;
    struct nt_work work;
    struct nt_thread thread;
} shutdown;

NTSTATUS disk_shutdown_register(PDEVICE_OBJECT control)
{
    NT_IRQL_AT_MOST(PASSIVE_LEVEL);
    shutdown.irp = NULL;
    shutdown.thread.handle = NULL;
    return nt_late.register_shutdown_notification != NULL ? nt_late.register_shutdown_notification(control)
                                                          : STATUS_SUCCESS;
}

void disk_shutdown_unregister(PDEVICE_OBJECT control)
{
    if (nt_late.register_shutdown_notification != NULL) {
        nt_late.unregister_shutdown_notification(control);
    }
}

/* What the file system on the disk holds goes to the disk, and what the image's holds of that goes to its medium. */
static void save(struct disk_device *device)
{
    enum disk_dismounted done =
        disk_dismount_needed(device) ? disk_dismount(device, DISK_SHUTDOWN_LIMIT_100NS) : DISK_NOT_MOUNTED;
    (void)disk_flush(&device->disk);
    disk_dismount_end(device, done);
}

/* The newest disk first: an image may lie on an older one, but not on a newer. */
static void save_all(void *context)
{
    struct disk_device *device = disk_device_find_older(NULL);
    UNREFERENCED_PARAMETER(context);
    while (device != NULL) {
        save(device);
        struct disk_device *older = disk_device_find_older(device);
        disk_device_release(device);
        device = older;
    }
    (void)nt_complete(shutdown.irp, STATUS_SUCCESS, 0);
}

/* In the work thread, which does it itself if there is no other: nothing is removed any more that could wait for it. */
static void begin(struct nt_work *work)
{
    UNREFERENCED_PARAMETER(work);
    if (!NT_SUCCESS(nt_thread_create(&shutdown.thread, save_all, NULL))) {
        save_all(NULL);
    }
}

NTSTATUS NTAPI disk_dispatch_shutdown(PDEVICE_OBJECT object, PIRP irp)
{
    PIRP none = NULL;
    /* From the kernel, and once. */
    if (device_role(object) != DEVICE_CONTROL || irp->RequestorMode != KernelMode ||
        !__atomic_compare_exchange_n(&shutdown.irp, &none, irp, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
        return nt_complete(irp, STATUS_INVALID_DEVICE_REQUEST, 0);
    }
    IoMarkIrpPending(irp);
    nt_work_post(&disk_driver.work, &shutdown.work, begin);
    return STATUS_PENDING;
}

void disk_shutdown_join(void)
{
    nt_thread_join(&shutdown.thread);
}
