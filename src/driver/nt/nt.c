/* SPDX-License-Identifier: MIT */
/* nt.h's functions. */

#include "driver/nt/nt.h"

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
