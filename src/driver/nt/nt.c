/* SPDX-License-Identifier: MIT */
/* nt.h's functions. */

#include "driver/nt/nt.h"

NTSTATUS nt_complete(PIRP irp, NTSTATUS status, ULONG_PTR information)
{
    NT_IRQL_AT_MOST(DISPATCH_LEVEL);
    irp->IoStatus.Status = status;
    irp->IoStatus.Information = information;
    IoCompleteRequest(irp, NT_SUCCESS(status) && information != 0 ? IO_DISK_INCREMENT : IO_NO_INCREMENT);
    return status;
}
