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

struct request nt_request(PIRP irp)
{
    const IO_STACK_LOCATION *stack = IoGetCurrentIrpStackLocation(irp);
    NT_IRQL_AT_MOST(DISPATCH_LEVEL);
    return (struct request){
        .code = stack->Parameters.DeviceIoControl.IoControlCode,
        .buffer = irp->AssociatedIrp.SystemBuffer,
        .input_length = stack->Parameters.DeviceIoControl.InputBufferLength,
        .output_length = stack->Parameters.DeviceIoControl.OutputBufferLength,
    };
}
