/* SPDX-License-Identifier: MIT */
/*
 * Read, write and flush. Sources that cannot block are served in the caller's thread; the others, and callers at
 * DISPATCH_LEVEL, through the device's queue.
 *
 * IRQL: dispatch routines <= DISPATCH_LEVEL, serving <= APC_LEVEL.
 */

#include "driver/disk/serve/transfer.h"
#include "driver/disk/device/refresh.h"
#include "driver/disk/device/volume.h"
#include "driver/nt/mapping.h"
#include "driver/nt/wine.h"

/* A second, in steps of 10 ms. */
#define PAGING_INTERVAL 100000
#define PAGING_ATTEMPTS 100

/* Parameters.Read and Parameters.Write have the same layout. */
static const IO_STACK_LOCATION *stack_of(PIRP irp)
{
    return IoGetCurrentIrpStackLocation(irp);
}

/* Without memory, and sent to get some. */
static bool may_wait(PIRP irp, NTSTATUS status)
{
    return status == STATUS_INSUFFICIENT_RESOURCES && (irp->Flags & IRP_PAGING_IO) != 0;
}

static NTSTATUS transfer_mapped(struct disk_device *device, PIRP irp, void *buffer, bool urgent, size_t *transferred)
{
    const IO_STACK_LOCATION *stack = stack_of(irp);
    ULONG length = stack->Parameters.Read.Length;
    uint64_t offset = (uint64_t)stack->Parameters.Read.ByteOffset.QuadPart;
    if (stack->MajorFunction == IRP_MJ_READ) {
        return disk_read(&device->disk, offset, buffer, length, transferred);
    }
    bool was_modified = (disk_flags(&device->disk) & IMDISK_IMAGE_MODIFIED) != 0;
    NTSTATUS status = (urgent ? disk_write_urgent : disk_write)(&device->disk, offset, buffer, length, transferred);
    if (!was_modified && *transferred != 0) {
        disk_refresh();
    }
    if (NT_SUCCESS(status) && (stack->Flags & SL_WRITE_THROUGH) != 0) {
        status = disk_flush(&device->disk);
    }
    return status;
}

static NTSTATUS transfer_once(struct disk_device *device, PIRP irp, bool urgent, size_t *transferred)
{
    NTSTATUS status = STATUS_INSUFFICIENT_RESOURCES;
    void *buffer = nt_map(irp);
    *transferred = 0;
    if (buffer != NULL) {
        return transfer_mapped(device, irp, buffer, urgent, transferred);
    }
    buffer = nt_map_reserved(&device->reserve, irp);
    if (buffer != NULL) {
        status = transfer_mapped(device, irp, buffer, urgent, transferred);
        nt_unmap_reserved(&device->reserve, irp);
    }
    return status;
}

/*
 * What cannot be paged out when memory is short is lost, so there is a reserve for such a request, and it waits a while for others
 * to give some back.
 */
static NTSTATUS transfer(struct disk_device *device, PIRP irp, size_t *transferred)
{
    LARGE_INTEGER interval = {.QuadPart = -PAGING_INTERVAL};
    NTSTATUS status = transfer_once(device, irp, false, transferred);
    if (may_wait(irp, status)) {
        status = transfer_once(device, irp, true, transferred);
    }
    for (unsigned i = 0; i < PAGING_ATTEMPTS && may_wait(irp, status); i++) {
        (void)KeDelayExecutionThread(KernelMode, FALSE, &interval);
        status = transfer_once(device, irp, true, transferred);
    }
    return status;
}

/*
 * Completes a request. Beyond the end of a disk that is not strict nothing is transferred, successfully, as with ImDisk:
 * programs find the end so. File systems and the memory manager take success for their data being safe.
 */
static NTSTATUS complete(PIRP irp, NTSTATUS status, size_t transferred)
{
    bool trusting = irp->RequestorMode == KernelMode || (irp->Flags & IRP_PAGING_IO) != 0;
    if (trusting && NT_SUCCESS(status) && transferred == 0 && stack_of(irp)->MajorFunction != IRP_MJ_FLUSH_BUFFERS &&
        stack_of(irp)->Parameters.Read.Length != 0) {
        status = BALLAST_NONEXISTENT_SECTOR;
    }
    return nt_complete(irp, status, transferred);
}

void disk_transfer_begin(const struct disk_device *device)
{
    if (device->blocks) {
        KeEnterCriticalRegion();
    } else {
        nt_late.enter_guarded_region();
    }
}

void disk_transfer_end(const struct disk_device *device)
{
    if (device->blocks) {
        KeLeaveCriticalRegion();
    } else {
        nt_late.leave_guarded_region();
    }
}

void disk_serve_transfer(struct disk_device *device, PIRP irp)
{
    NTSTATUS status;
    size_t transferred = 0;
    NT_IRQL_AT_MOST(APC_LEVEL);
    disk_transfer_begin(device);
    if (stack_of(irp)->MajorFunction == IRP_MJ_FLUSH_BUFFERS) {
        status = disk_flush(&device->disk);
    } else {
        status = transfer(device, irp, &transferred);
    }
    disk_transfer_end(device);
    (void)complete(irp, status, transferred);
}

/* Whether a request has to be carried out; otherwise *status is its result. */
static bool needs_service(const struct disk_device *device, PIRP irp, NTSTATUS *status)
{
    const IO_STACK_LOCATION *stack = stack_of(irp);
    if (stack->MajorFunction == IRP_MJ_FLUSH_BUFFERS) {
        return true;
    }
    *status = disk_check_transfer(&device->disk, stack->Parameters.Read.ByteOffset.QuadPart,
                                  stack->Parameters.Read.Length, stack->MajorFunction == IRP_MJ_WRITE);
    if (*status == BALLAST_PENDING && irp->MdlAddress == NULL) { /* built before DO_DIRECT_IO was set: Wine */
        *status = STATUS_DEVICE_NOT_READY;
    }
    return *status == BALLAST_PENDING;
}

/* A worker serves the request. The device may be going, but its extension stays, and with it what is looked at here. */
static NTSTATUS queue(struct disk_device *device, PIRP irp)
{
    NTSTATUS status = STATUS_SUCCESS;
    if (disk_volume_too_late(device) || nt_irp_queue_closed(&device->queue)) {
        return nt_complete(irp, STATUS_DEVICE_REMOVED, 0);
    }
    if (!needs_service(device, irp, &status)) {
        return complete(irp, status, 0);
    }
    IoMarkIrpPending(irp);
    nt_irp_queue_insert(&device->queue, irp, stack_of(irp)->MajorFunction == IRP_MJ_FLUSH_BUFFERS);
    return STATUS_PENDING;
}

/* Once for reading and once for writing, which is why it is short. Memory has nothing to write through. */
__attribute__((always_inline)) static inline NTSTATUS transfer_inside(struct disk_device *device,
                                                                      struct disk_lane *lane, PIRP irp, bool write)
{
    const IO_STACK_LOCATION *stack = stack_of(irp);
    ULONG length = stack->Parameters.Read.Length;
    int64_t offset = stack->Parameters.Read.ByteOffset.QuadPart;
    NTSTATUS status = disk_check_transfer(&device->disk, offset, length, write);
    if (status != BALLAST_PENDING) {
        return complete(irp, status, 0);
    }
    if (irp->MdlAddress == NULL) { /* as in needs_service */
        return nt_complete(irp, STATUS_DEVICE_NOT_READY, 0);
    }
    void *buffer = nt_map(irp);
    if (buffer == NULL) { /* a worker has a reserve */
        return queue(device, irp);
    }
    if (!write) {
        status = disk_read_inside(&device->disk, lane, (uint64_t)offset, buffer, length);
    } else {
        bool was_modified = (disk_flags(&device->disk) & IMDISK_IMAGE_MODIFIED) != 0;
        status = disk_write_inside(&device->disk, lane, (uint64_t)offset, buffer, length);
        if (status == BALLAST_RETRY || may_wait(irp, status)) {
            return queue(device, irp);
        }
        if (!was_modified && NT_SUCCESS(status)) {
            disk_refresh();
        }
    }
    return nt_complete(irp, status, NT_SUCCESS(status) ? length : 0);
}

static NTSTATUS serve_inside(struct disk_device *device, struct disk_lane *lane, uint32_t *inside, PIRP irp)
{
    UCHAR major = stack_of(irp)->MajorFunction;
    NTSTATUS status;
    if (major == IRP_MJ_READ) {
        status = transfer_inside(device, lane, irp, false);
        disk_leave_reading(&device->disk, inside);
        return status;
    }
    if (major == IRP_MJ_WRITE) {
        status = transfer_inside(device, lane, irp, true);
    } else {
        status = nt_complete(irp, disk_flush(&device->disk), 0);
    }
    disk_leave(&device->disk, inside);
    return status;
}

NTSTATUS NTAPI disk_dispatch_transfer(PDEVICE_OBJECT object, PIRP irp)
{
    struct disk_device *device = object->DeviceExtension;
    enum device_role role = device_role(object);
    if (role != DEVICE_DISK) {
        return nt_complete(irp, device_refusal(role), 0);
    }
    if (__atomic_load_n(&device->queues, __ATOMIC_RELAXED) != 0 || nt_irql() > APC_LEVEL) {
        return queue(device, irp);
    }
    /* In the caller's thread, within a guarded region from first to last: who is inside is not suspended. */
    nt_late.enter_guarded_region();
    struct disk_lane *lane = disk_lane(&device->disk);
    uint32_t *inside = disk_enter(&device->disk, lane);
    NTSTATUS status =
        inside != NULL ? serve_inside(device, lane, inside, irp) : nt_complete(irp, STATUS_DEVICE_REMOVED, 0);
    nt_late.leave_guarded_region();
    return status;
}
