/* SPDX-License-Identifier: MIT */
/*
 * ballastnull.sys: the floor for our drivers' benchmarks. Its device completes every request at once, successfully and
 * with all bytes asked for, and touches no data.
 */

#include "driver/nt/nt.h"

#define NULL_DEVICE L"\\Device\\BallastNull"
#define NULL_LINK   L"\\DosDevices\\BallastNull"

DRIVER_INITIALIZE DriverEntry;

static NTSTATUS NTAPI complete(PDEVICE_OBJECT device, PIRP irp)
{
    const IO_STACK_LOCATION *stack = IoGetCurrentIrpStackLocation(irp);
    ULONG_PTR information = 0;
    UNREFERENCED_PARAMETER(device);
    if (stack->MajorFunction == IRP_MJ_READ || stack->MajorFunction == IRP_MJ_WRITE) {
        information = stack->Parameters.Read.Length;
    } else if (stack->MajorFunction == IRP_MJ_DEVICE_CONTROL) {
        information = stack->Parameters.DeviceIoControl.OutputBufferLength;
    }
    return nt_complete(irp, STATUS_SUCCESS, information);
}

static void NTAPI unload(PDRIVER_OBJECT object)
{
    UNICODE_STRING link = RTL_CONSTANT_STRING(NULL_LINK);
    (void)IoDeleteSymbolicLink(&link);
    IoDeleteDevice(object->DeviceObject);
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT object, PUNICODE_STRING registry_path)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(NULL_DEVICE);
    UNICODE_STRING link = RTL_CONSTANT_STRING(NULL_LINK);
    PDEVICE_OBJECT device;
    UNREFERENCED_PARAMETER(registry_path);
    NTSTATUS status = IoCreateDevice(object, 0, &name, FILE_DEVICE_DISK, 0, FALSE, &device);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    (void)IoDeleteSymbolicLink(&link);
    status = IoCreateSymbolicLink(&link, &name);
    if (!NT_SUCCESS(status)) {
        IoDeleteDevice(device);
        return status;
    }
    for (unsigned i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {
        object->MajorFunction[i] = complete;
    }
    object->DriverUnload = unload;
    device->Flags |= DO_DIRECT_IO;
    device->Flags &= ~(ULONG)DO_DEVICE_INITIALIZING;
    return STATUS_SUCCESS;
}
