/* SPDX-License-Identifier: MIT */
/* Workers; workers.h has the contract. */

#include "driver/disk/workers.h"
#include "driver/disk/end/removal.h"
#include "driver/disk/serve/control.h"
#include "driver/disk/serve/transfer.h"

/* A queued request that will not be served: cancelled, or too late. The device may be gone but for who has sent it. */
static void abandon(struct nt_irp_queue *queue, PIRP irp, NTSTATUS status)
{
    UNREFERENCED_PARAMETER(queue);
    (void)nt_complete(irp, status, 0);
}

void disk_workers_initialize(struct disk_device *device)
{
    device->workers_tried = 1;
    device->workers_running = 1;
    nt_irp_queue_initialize(&device->queue, abandon);
}

static void helper(void *context)
{
    disk_workers_serve(context);
}

void disk_workers_start_helper(struct disk_device *device)
{
    LONG slot = __atomic_fetch_add(&device->workers_tried, 1, __ATOMIC_RELAXED);
    if (slot >= DISK_DEVICE_WORKERS) {
        __atomic_sub_fetch(&device->workers_tried, 1, __ATOMIC_RELAXED);
        return;
    }
    __atomic_add_fetch(&device->workers_running, 1, __ATOMIC_RELAXED);
    if (!NT_SUCCESS(nt_thread_create(&device->workers[slot], helper, device))) {
        __atomic_sub_fetch(&device->workers_running, 1, __ATOMIC_RELAXED);
    }
}

static void serve(struct disk_device *device, PIRP irp)
{
    UCHAR major = IoGetCurrentIrpStackLocation(irp)->MajorFunction;
    if (major == IRP_MJ_DEVICE_CONTROL || major == IRP_MJ_INTERNAL_DEVICE_CONTROL) {
        disk_serve_control(device, irp);
    } else {
        disk_serve_transfer(device, irp);
    }
}

void disk_workers_serve(struct disk_device *device)
{
    bool spare_wanted;
    PIRP irp;
    nt_thread_raise_priority();
    while ((irp = nt_irp_queue_take(&device->queue, &spare_wanted)) != NULL) {
        if (spare_wanted) {
            disk_workers_start_helper(device);
        }
        serve(device, irp);
        nt_irp_queue_done(&device->queue);
    }
    if (__atomic_sub_fetch(&device->workers_running, 1, __ATOMIC_ACQ_REL) == 0) {
        disk_destroy(&device->disk);
        disk_removal_finish(device);
    }
}
