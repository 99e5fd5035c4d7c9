/* SPDX-License-Identifier: MIT */
/*
 * File information about a disk as a whole, and notifications of page and dump files on it.
 *
 * IRQL: <= APC_LEVEL, as the system sends these. Nothing here blocks.
 */

#include "driver/disk/serve/information.h"
#include "driver/disk/device/device.h"

static NTSTATUS reply(PIRP irp, const void *data, ULONG size, ULONG_PTR *information)
{
    if (IoGetCurrentIrpStackLocation(irp)->Parameters.QueryFile.Length < size) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    RtlCopyMemory(irp->AssociatedIrp.SystemBuffer, data, size);
    *information = size;
    return STATUS_SUCCESS;
}

static NTSTATUS query(const struct disk *disk, PIRP irp, ULONG_PTR *information)
{
    const IO_STACK_LOCATION *stack = IoGetCurrentIrpStackLocation(irp);
    FILE_STANDARD_INFORMATION standard = {.NumberOfLinks = 1};
    FILE_POSITION_INFORMATION position;
    switch (stack->Parameters.QueryFile.FileInformationClass) {
    case FileStandardInformation:
        standard.AllocationSize.QuadPart = (LONGLONG)disk_size(disk);
        standard.EndOfFile = standard.AllocationSize;
        return reply(irp, &standard, sizeof(standard), information);
    case FilePositionInformation:
        position.CurrentByteOffset = stack->FileObject->CurrentByteOffset;
        return reply(irp, &position, sizeof(position), information);
    default:
        return STATUS_INVALID_DEVICE_REQUEST;
    }
}

/* The position is kept in the file object; the rest is accepted and means nothing to a disk. */
static NTSTATUS set(PIRP irp)
{
    const IO_STACK_LOCATION *stack = IoGetCurrentIrpStackLocation(irp);
    FILE_POSITION_INFORMATION position;
    switch (stack->Parameters.SetFile.FileInformationClass) {
    case FilePositionInformation:
        if (stack->Parameters.SetFile.Length < sizeof(position)) {
            return STATUS_INVALID_PARAMETER;
        }
        RtlCopyMemory(&position, irp->AssociatedIrp.SystemBuffer, sizeof(position));
        if (position.CurrentByteOffset.QuadPart < 0) {
            return STATUS_INVALID_PARAMETER;
        }
        stack->FileObject->CurrentByteOffset = position.CurrentByteOffset;
        return STATUS_SUCCESS;
    case FileBasicInformation:
    case FileDispositionInformation:
    case FileValidDataLengthInformation:
        return STATUS_SUCCESS;
    default:
        return STATUS_INVALID_DEVICE_REQUEST;
    }
}

/* The disk that a request is for, acquired; NULL with the status to refuse it with. */
static struct disk_device *disk_of(PDEVICE_OBJECT object, NTSTATUS *status)
{
    struct disk_device *device = object->DeviceExtension;
    enum device_role role = device_role(object);
    if (role != DEVICE_DISK) {
        *status = role == DEVICE_CONTROL ? STATUS_INVALID_DEVICE_REQUEST : STATUS_DEVICE_NOT_READY;
        return NULL;
    }
    *status = STATUS_DEVICE_REMOVED;
    return disk_device_acquire(device) ? device : NULL;
}

NTSTATUS NTAPI disk_dispatch_information(PDEVICE_OBJECT object, PIRP irp)
{
    NTSTATUS status;
    ULONG_PTR information = 0;
    struct disk_device *device = disk_of(object, &status);
    if (device == NULL) {
        return nt_complete(irp, status, 0);
    }
    const IO_STACK_LOCATION *stack = IoGetCurrentIrpStackLocation(irp);
    if (stack->FileObject == NULL) {
        status = STATUS_INVALID_PARAMETER;
    } else if (stack->MajorFunction == IRP_MJ_QUERY_INFORMATION) {
        status = query(&device->disk, irp, &information);
    } else {
        status = set(irp);
    }
    (void)nt_complete(irp, status, information);
    disk_device_release(device);
    return status;
}

/* ---- page and dump files ---- */

/*
 * A page file must not be on memory that is paged out to it, and nothing is written to a read-only disk. There are no
 * power notifications, so nothing would be awake to hibernate to.
 */
static NTSTATUS check_use(const struct disk *disk, DEVICE_USAGE_NOTIFICATION_TYPE type)
{
    if (type != DeviceUsageTypePaging && type != DeviceUsageTypeDumpFile) {
        return STATUS_NOT_SUPPORTED;
    }
    if (disk_read_only(disk)) {
        return STATUS_MEDIA_WRITE_PROTECTED;
    }
    return disk->in_memory && !disk->locked_memory ? STATUS_NOT_SUPPORTED : STATUS_SUCCESS;
}

static NTSTATUS notify_use(struct disk_device *device, const IO_STACK_LOCATION *stack)
{
    DEVICE_USAGE_NOTIFICATION_TYPE type = stack->Parameters.UsageNotification.Type;
    if (stack->Parameters.UsageNotification.InPath) {
        NTSTATUS status = check_use(&device->disk, type);
        if (NT_SUCCESS(status)) {
            __atomic_add_fetch(&device->special_files, 1, __ATOMIC_RELAXED);
        }
        return status;
    }
    if (type != DeviceUsageTypePaging && type != DeviceUsageTypeDumpFile) {
        return STATUS_NOT_SUPPORTED;
    }
    LONG files = __atomic_load_n(&device->special_files, __ATOMIC_RELAXED);
    while (files > 0 && !__atomic_compare_exchange_n(&device->special_files, &files, files - 1, true, __ATOMIC_RELAXED,
                                                     __ATOMIC_RELAXED)) {
    }
    return files > 0 ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
}

NTSTATUS NTAPI disk_dispatch_pnp(PDEVICE_OBJECT object, PIRP irp)
{
    NTSTATUS status;
    const IO_STACK_LOCATION *stack = IoGetCurrentIrpStackLocation(irp);
    if (stack->MinorFunction != IRP_MN_DEVICE_USAGE_NOTIFICATION || device_role(object) != DEVICE_DISK) {
        /* Not handled: who has sent it finds what it has put there. */
        return nt_complete(irp, irp->IoStatus.Status, irp->IoStatus.Information);
    }
    struct disk_device *device = disk_of(object, &status);
    if (device == NULL) {
        return nt_complete(irp, status, 0);
    }
    status = notify_use(device, stack);
    (void)nt_complete(irp, status, 0);
    disk_device_release(device);
    return status;
}
