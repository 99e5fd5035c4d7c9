/* SPDX-License-Identifier: MIT */
/*
 * File information about a disk as a whole, and what becomes of page and dump files on it.
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
        *status = device_refusal(role);
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
 * Whatever serves paging must get along without memory that is paged itself, and without new memory, which there is none of
 * then: images are files of other file systems, and memory comes as it is written. Dumps and hibernation need a disk
 * when nothing of the system runs. So such files are refused, and those that were never there do not go.
 */
NTSTATUS NTAPI disk_dispatch_pnp(PDEVICE_OBJECT object, PIRP irp)
{
    NTSTATUS status = irp->IoStatus.Status; /* of what is not handled: who has sent it finds what it has put there */
    UCHAR minor = IoGetCurrentIrpStackLocation(irp)->MinorFunction;
    if (minor == IRP_MN_DEVICE_USAGE_NOTIFICATION && device_role(object) == DEVICE_DISK) {
        status = STATUS_NOT_SUPPORTED;
    }
    return nt_complete(irp, status, irp->IoStatus.Information);
}
