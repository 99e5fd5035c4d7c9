/* SPDX-License-Identifier: MIT */
/* Control requests; request.h has the contract. */

#include "driver/disk/device/request.h"
#include "driver/nt/security.h"
#include "driver/nt/wine.h"

/* Removal makes a request that takes long as pointless as its caller does. */
static bool cancelled(const struct request *request)
{
    PIRP irp = disk_request_irp(request);
    const struct disk_device *device = IoGetCurrentIrpStackLocation(irp)->DeviceObject->DeviceExtension;
    return irp->Cancel || __atomic_load_n(&device->removing, __ATOMIC_RELAXED) != 0;
}

struct disk_request disk_request_read(const struct disk_device *device, PIRP irp)
{
    struct disk_request request = {.request = nt_request(irp), .irp = irp};
    request.request.cancelled = device != NULL ? cancelled : NULL;
    return request;
}

/* The rights that the code itself does not say. */
static NTSTATUS check_sender(const struct request_entry *row, PIRP irp)
{
    ACCESS_MASK access =
        ((row->flags & MODIFIES) != 0 ? FILE_WRITE_DATA : 0) | ((row->flags & READS) != 0 ? FILE_READ_DATA : 0);
    return access == 0 ? STATUS_SUCCESS : nt_check_sender(IoGetCurrentIrpStackLocation(irp)->DeviceObject, irp, access);
}

NTSTATUS disk_request_check(const struct disk_device *device, const struct request_entry *row,
                            const struct disk_request *request)
{
    if ((row->flags & WRITES) != 0 && disk_read_only(&device->disk)) {
        return STATUS_MEDIA_WRITE_PROTECTED;
    }
    if ((row->flags & AT_PASSIVE) != 0 && nt_irql() > PASSIVE_LEVEL) {
        return STATUS_ACCESS_DENIED;
    }
    NTSTATUS status = request_check_lengths(row, &request->request);
    return NT_SUCCESS(status) ? check_sender(row, request->irp) : status;
}

/* Warnings come with output. */
NTSTATUS disk_request_complete(const struct disk_request *request, NTSTATUS status)
{
    return nt_complete(request->irp, status, NT_ERROR(status) ? 0 : request->request.information);
}
