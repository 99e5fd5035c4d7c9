/* SPDX-License-Identifier: MIT */
/* Control requests; request.h has the contract. */

#include "driver/disk/device/request.h"
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

NTSTATUS disk_request_check(const struct disk_device *device, const struct request_entry *row,
                            const struct disk_request *request)
{
    const FILE_OBJECT *file = IoGetCurrentIrpStackLocation(request->irp)->FileObject;
    if ((row->flags & WRITES) != 0 && disk_read_only(&device->disk)) {
        return STATUS_MEDIA_WRITE_PROTECTED;
    }
    if ((row->flags & AT_PASSIVE) != 0 && nt_irql() > PASSIVE_LEVEL) {
        return STATUS_ACCESS_DENIED;
    }
    NTSTATUS status = request_check_lengths(row, &request->request);
    if (NT_SUCCESS(status) &&
        (((row->flags & MODIFIES) != 0 && !nt_may_write(file)) || ((row->flags & READS) != 0 && !nt_may_read(file)))) {
        status = STATUS_ACCESS_DENIED;
    }
    return status;
}

/* Warnings come with output. */
NTSTATUS disk_request_complete(const struct disk_request *request, NTSTATUS status)
{
    return nt_complete(request->irp, status, NT_ERROR(status) ? 0 : request->request.information);
}
