/* SPDX-License-Identifier: MIT */
/* A driver with ImDisk's names and an interface version that nobody understands: programs must refuse to talk to it. */

#include "driver/nt/nt.h"

#include "ballast/disk_abi.h"

#define OLD_VERSION 0x0102u

static const UNICODE_STRING names[] = {RTL_CONSTANT_STRING(L"\\Device\\ImDiskCtl"),
                                       RTL_CONSTANT_STRING(L"\\Device\\ImDisk0")};
static const UNICODE_STRING links[] = {RTL_CONSTANT_STRING(L"\\DosDevices\\ImDiskCtl"),
                                       RTL_CONSTANT_STRING(L"\\DosDevices\\ImDisk0")};

#define DEVICES (sizeof(names) / sizeof(names[0]))

DRIVER_INITIALIZE DriverEntry;

static NTSTATUS NTAPI answer(PDEVICE_OBJECT device, PIRP irp)
{
    const IO_STACK_LOCATION *stack = IoGetCurrentIrpStackLocation(irp);
    UNREFERENCED_PARAMETER(device);
    if (stack->MajorFunction != IRP_MJ_DEVICE_CONTROL) {
        return nt_complete(irp, STATUS_SUCCESS, 0);
    }
    if (stack->Parameters.DeviceIoControl.IoControlCode != IMDISK_IOCTL_QUERY_VERSION ||
        stack->Parameters.DeviceIoControl.OutputBufferLength < sizeof(ULONG)) {
        return nt_complete(irp, STATUS_INVALID_DEVICE_REQUEST, 0);
    }
    *(ULONG *)irp->AssociatedIrp.SystemBuffer = OLD_VERSION;
    return nt_complete(irp, STATUS_SUCCESS, sizeof(ULONG));
}

static void NTAPI unload(PDRIVER_OBJECT object)
{
    for (size_t i = 0; i < DEVICES; i++) {
        (void)IoDeleteSymbolicLink((PUNICODE_STRING)(ULONG_PTR)&links[i]);
    }
    while (object->DeviceObject != NULL) {
        IoDeleteDevice(object->DeviceObject);
    }
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT object, PUNICODE_STRING registry_path)
{
    UNREFERENCED_PARAMETER(registry_path);
    for (unsigned i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {
        object->MajorFunction[i] = answer;
    }
    object->DriverUnload = unload;
    for (size_t i = 0; i < DEVICES; i++) {
        PDEVICE_OBJECT device;
        NTSTATUS status =
            IoCreateDevice(object, 0, (PUNICODE_STRING)(ULONG_PTR)&names[i], FILE_DEVICE_DISK, 0, FALSE, &device);
        if (NT_SUCCESS(status)) {
            status = IoCreateSymbolicLink((PUNICODE_STRING)(ULONG_PTR)&links[i], (PUNICODE_STRING)(ULONG_PTR)&names[i]);
        }
        if (!NT_SUCCESS(status)) {
            unload(object);
            return status;
        }
        device->Flags &= ~(ULONG)DO_DEVICE_INITIALIZING;
    }
    return STATUS_SUCCESS;
}
