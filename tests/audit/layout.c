/* SPDX-License-Identifier: MIT */
/*
 * Where the drivers' compiler puts what NT's kernels put at fixed places, against published values, for x64 and x86; and
 * what the simulated kernel shares with them. Nothing here runs: a wrong offset does not compile.
 */

#include <ntifs.h>
#include <stddef.h>

#if defined(__LP64__) || defined(_WIN64)
#define AT(x64, x86) (x64)
#else
#define AT(x64, x86) (x86)
#endif

#define OFFSET(type, member, x64, x86) _Static_assert(offsetof(type, member) == AT(x64, x86), #type "." #member)
#define SIZE(type, x64, x86)           _Static_assert(sizeof(type) == AT(x64, x86), #type)

/* ---- what crosses the driver's border as data; the simulation has the same ---- */

SIZE(UNICODE_STRING, 16, 8);
OFFSET(UNICODE_STRING, Buffer, 8, 4);
SIZE(LIST_ENTRY, 16, 8);
SIZE(LARGE_INTEGER, 8, 8);
SIZE(IO_STATUS_BLOCK, 16, 8);
OFFSET(IO_STATUS_BLOCK, Information, 8, 4);
SIZE(IO_ERROR_LOG_PACKET, 48, 48);
OFFSET(IO_ERROR_LOG_PACKET, DumpDataSize, 2, 2);
OFFSET(IO_ERROR_LOG_PACKET, NumberOfStrings, 4, 4);
OFFSET(IO_ERROR_LOG_PACKET, StringOffset, 6, 6);
OFFSET(IO_ERROR_LOG_PACKET, ErrorCode, 12, 12);
OFFSET(IO_ERROR_LOG_PACKET, FinalStatus, 20, 20);
OFFSET(IO_ERROR_LOG_PACKET, DumpData, 40, 40);
OFFSET(KEY_VALUE_PARTIAL_INFORMATION, Type, 4, 4);
OFFSET(KEY_VALUE_PARTIAL_INFORMATION, DataLength, 8, 8);
OFFSET(KEY_VALUE_PARTIAL_INFORMATION, Data, 12, 12);
SIZE(FILE_STANDARD_INFORMATION, 24, 24);
OFFSET(FILE_STANDARD_INFORMATION, EndOfFile, 8, 8);
SIZE(FILE_END_OF_FILE_INFORMATION, 8, 8);

#ifdef LAYOUT_OF_KERNEL

/* ---- events: the ids in the message table ---- */

#include "driver/nt/events.h"
#include "events/events.h"

_Static_assert(NT_EVENT_PARAMETER == (ULONG)EVENT_PARAMETER, "events.mc");
_Static_assert(NT_EVENT_BOOT_DISK == (ULONG)EVENT_BOOT_DISK, "events.mc");
_Static_assert(NT_EVENT_REFRESH == (ULONG)EVENT_REFRESH, "events.mc");
_Static_assert(NT_EVENT_TAKEN_TWICE == (ULONG)EVENT_TAKEN_TWICE, "events.mc");
_Static_assert(NT_EVENT_NOT_DISMOUNTED == (ULONG)EVENT_NOT_DISMOUNTED, "events.mc");

/* ---- what the simulation lays out in its own way ---- */

SIZE(OBJECT_ATTRIBUTES, 48, 24);
OFFSET(OBJECT_ATTRIBUTES, ObjectName, 16, 8);
OFFSET(OBJECT_ATTRIBUTES, Attributes, 24, 12);
OFFSET(OBJECT_ATTRIBUTES, SecurityDescriptor, 32, 16);

/* ---- the kernel's own objects, which a driver reads and writes in place ---- */

OFFSET(DRIVER_OBJECT, DeviceObject, 0x08, 0x04);
OFFSET(DRIVER_OBJECT, DriverExtension, 0x30, 0x18);
OFFSET(DRIVER_OBJECT, DriverName, 0x38, 0x1C);
OFFSET(DRIVER_OBJECT, FastIoDispatch, 0x50, 0x28);
OFFSET(DRIVER_OBJECT, DriverUnload, 0x68, 0x34);
OFFSET(DRIVER_OBJECT, MajorFunction, 0x70, 0x38);
SIZE(DRIVER_OBJECT, 0x150, 0xA8);

OFFSET(DEVICE_OBJECT, ReferenceCount, 0x04, 0x04);
OFFSET(DEVICE_OBJECT, DriverObject, 0x08, 0x08);
OFFSET(DEVICE_OBJECT, NextDevice, 0x10, 0x0C);
OFFSET(DEVICE_OBJECT, AttachedDevice, 0x18, 0x10);
OFFSET(DEVICE_OBJECT, Flags, 0x30, 0x1C);
OFFSET(DEVICE_OBJECT, Characteristics, 0x34, 0x20);
OFFSET(DEVICE_OBJECT, Vpb, 0x38, 0x24);
OFFSET(DEVICE_OBJECT, DeviceExtension, 0x40, 0x28);
OFFSET(DEVICE_OBJECT, DeviceType, 0x48, 0x2C);
OFFSET(DEVICE_OBJECT, StackSize, 0x4C, 0x30);
OFFSET(DEVICE_OBJECT, AlignmentRequirement, 0x98, 0x5C);
OFFSET(DEVICE_OBJECT, SecurityDescriptor, 0x110, 0x98);
OFFSET(DEVICE_OBJECT, SectorSize, 0x130, 0xAC);
OFFSET(DEVICE_OBJECT, DeviceObjectExtension, 0x138, 0xB0);

OFFSET(VPB, Flags, 0x04, 0x04);
OFFSET(VPB, DeviceObject, 0x08, 0x08);
OFFSET(VPB, RealDevice, 0x10, 0x0C);
OFFSET(VPB, ReferenceCount, 0x1C, 0x14);

OFFSET(FILE_OBJECT, DeviceObject, 0x08, 0x04);
OFFSET(FILE_OBJECT, FsContext, 0x18, 0x0C);
OFFSET(FILE_OBJECT, FsContext2, 0x20, 0x10);
OFFSET(FILE_OBJECT, ReadAccess, 0x4A, 0x26);
OFFSET(FILE_OBJECT, WriteAccess, 0x4B, 0x27);
OFFSET(FILE_OBJECT, Flags, 0x50, 0x2C);
OFFSET(FILE_OBJECT, FileName, 0x58, 0x30);

OFFSET(IRP, MdlAddress, 0x08, 0x04);
OFFSET(IRP, Flags, 0x10, 0x08);
OFFSET(IRP, AssociatedIrp, 0x18, 0x0C);
OFFSET(IRP, IoStatus, 0x30, 0x18);
OFFSET(IRP, RequestorMode, 0x40, 0x20);
OFFSET(IRP, CurrentLocation, 0x43, 0x23);
OFFSET(IRP, Cancel, 0x44, 0x24);
OFFSET(IRP, CancelIrql, 0x45, 0x25);
OFFSET(IRP, UserIosb, 0x48, 0x28);
OFFSET(IRP, UserEvent, 0x50, 0x2C);
OFFSET(IRP, CancelRoutine, 0x68, 0x38);
OFFSET(IRP, UserBuffer, 0x70, 0x3C);
OFFSET(IRP, Tail.Overlay.DriverContext, 0x78, 0x40);
OFFSET(IRP, Tail.Overlay.Thread, 0x98, 0x50);
OFFSET(IRP, Tail.Overlay.ListEntry, 0xA8, 0x58);
OFFSET(IRP, Tail.Overlay.CurrentStackLocation, 0xB8, 0x60);
SIZE(IRP, 0xD0, 0x70);

OFFSET(IO_STACK_LOCATION, Control, 0x03, 0x03);
OFFSET(IO_STACK_LOCATION, Parameters.Read.Length, 0x08, 0x04);
OFFSET(IO_STACK_LOCATION, Parameters.Read.ByteOffset, 0x18, 0x0C);
OFFSET(IO_STACK_LOCATION, Parameters.DeviceIoControl.OutputBufferLength, 0x08, 0x04);
OFFSET(IO_STACK_LOCATION, Parameters.DeviceIoControl.InputBufferLength, 0x10, 0x08);
OFFSET(IO_STACK_LOCATION, Parameters.DeviceIoControl.IoControlCode, 0x18, 0x0C);
OFFSET(IO_STACK_LOCATION, DeviceObject, 0x28, 0x14);
OFFSET(IO_STACK_LOCATION, FileObject, 0x30, 0x18);
OFFSET(IO_STACK_LOCATION, CompletionRoutine, 0x38, 0x1C);
OFFSET(IO_STACK_LOCATION, Context, 0x40, 0x20);
SIZE(IO_STACK_LOCATION, 0x48, 0x24);

OFFSET(MDL, MdlFlags, 0x0A, 0x06);
OFFSET(MDL, MappedSystemVa, 0x18, 0x0C);
OFFSET(MDL, StartVa, 0x20, 0x10);
OFFSET(MDL, ByteCount, 0x28, 0x14);
OFFSET(MDL, ByteOffset, 0x2C, 0x18);
SIZE(MDL, 0x30, 0x1C);

SIZE(KEVENT, 0x18, 0x10);
SIZE(KSEMAPHORE, 0x20, 0x14);
SIZE(KTIMER, 0x40, 0x28);
SIZE(KDPC, 0x40, 0x20);
SIZE(FAST_MUTEX, 0x38, 0x20);
SIZE(SECURITY_SUBJECT_CONTEXT, 0x20, 0x10);
SIZE(SECURITY_CLIENT_CONTEXT, 0x48, 0x3C);

#endif
