/* SPDX-License-Identifier: MIT */
/*
 * ballastnull.sys: floors for our drivers' benchmarks, one device for each way a request can take. All complete every
 * request successfully and with all bytes asked for.
 *
 *   \Device\BallastNull      at once, in the dispatch routine, and touches no data
 *   \Device\BallastNullCopy  the same, after one copy between the request's buffer and memory, at the request's offset
 *   \Device\BallastNullFile  in a thread of its own, after one ZwReadFile or ZwWriteFile of the file
 *                            C:\ballastnull.img, at the request's offset; absent without the file
 */

#include "driver/nt/irp_queue.h"
#include "driver/nt/thread.h"

#define NULL_TAG         PLATFORM_TAG('B', 'n', 'u', 'l')
#define NULL_FILE_PATH   L"\\??\\C:\\ballastnull.img"
#define NULL_COPY_LENGTH (64u << 20) /* as the disks that are measured */

enum null_kind { NULL_AT_ONCE, NULL_COPY, NULL_FILE, NULL_KINDS };

static const WCHAR *const device_names[NULL_KINDS] = {
    L"\\Device\\BallastNull",
    L"\\Device\\BallastNullCopy",
    L"\\Device\\BallastNullFile",
};
static const WCHAR *const link_names[NULL_KINDS] = {
    L"\\DosDevices\\BallastNull",
    L"\\DosDevices\\BallastNullCopy",
    L"\\DosDevices\\BallastNullFile",
};

static PDEVICE_OBJECT devices[NULL_KINDS];
static unsigned char *memory;
static HANDLE file;
static HANDLE file_event;
static struct nt_irp_queue queue;
static struct nt_thread thread;

DRIVER_INITIALIZE DriverEntry;

static bool is_transfer(const IO_STACK_LOCATION *stack)
{
    return stack->MajorFunction == IRP_MJ_READ || stack->MajorFunction == IRP_MJ_WRITE;
}

static ULONG_PTR all_bytes(const IO_STACK_LOCATION *stack)
{
    if (is_transfer(stack)) {
        return stack->Parameters.Read.Length;
    }
    return stack->MajorFunction == IRP_MJ_DEVICE_CONTROL ? stack->Parameters.DeviceIoControl.OutputBufferLength : 0;
}

static void *buffer_of(PIRP irp)
{
    return irp->MdlAddress == NULL ? NULL : MmGetSystemAddressForMdlSafe(irp->MdlAddress, NormalPagePriority);
}

static void copy(PIRP irp)
{
    const IO_STACK_LOCATION *stack = IoGetCurrentIrpStackLocation(irp);
    size_t length = stack->Parameters.Read.Length;
    unsigned char *bytes = memory + (size_t)stack->Parameters.Read.ByteOffset.QuadPart % NULL_COPY_LENGTH;
    void *buffer = buffer_of(irp);
    if (buffer == NULL || bytes + length > memory + NULL_COPY_LENGTH) {
        return;
    }
    if (stack->MajorFunction == IRP_MJ_READ) {
        platform_copy(buffer, bytes, length);
    } else {
        platform_copy(bytes, buffer, length);
    }
}

static void transfer_file(PIRP irp)
{
    const IO_STACK_LOCATION *stack = IoGetCurrentIrpStackLocation(irp);
    LARGE_INTEGER position = stack->Parameters.Read.ByteOffset;
    ULONG length = stack->Parameters.Read.Length;
    IO_STATUS_BLOCK io;
    NTSTATUS status;
    if (stack->MajorFunction == IRP_MJ_READ) {
        status = ZwReadFile(file, file_event, NULL, NULL, &io, buffer_of(irp), length, &position, NULL);
    } else {
        status = ZwWriteFile(file, file_event, NULL, NULL, &io, buffer_of(irp), length, &position, NULL);
    }
    if (status == STATUS_PENDING) {
        (void)ZwWaitForSingleObject(file_event, FALSE, NULL);
    }
}

static void serve(void *context)
{
    PIRP irp;
    bool spare_wanted;
    UNREFERENCED_PARAMETER(context);
    while ((irp = nt_irp_queue_take(&queue, &spare_wanted)) != NULL) {
        transfer_file(irp);
        (void)nt_complete(irp, STATUS_SUCCESS, all_bytes(IoGetCurrentIrpStackLocation(irp)));
        nt_irp_queue_done(&queue);
    }
}

/* cppcheck-suppress constParameter ; the type is the I/O manager's */
static NTSTATUS NTAPI dispatch(PDEVICE_OBJECT device, PIRP irp)
{
    const IO_STACK_LOCATION *stack = IoGetCurrentIrpStackLocation(irp);
    if (is_transfer(stack) && device == devices[NULL_FILE]) {
        IoMarkIrpPending(irp);
        nt_irp_queue_insert(&queue, irp, false);
        return STATUS_PENDING;
    }
    if (is_transfer(stack) && device == devices[NULL_COPY]) {
        copy(irp);
    }
    return nt_complete(irp, STATUS_SUCCESS, all_bytes(stack));
}

static void abandon(struct nt_irp_queue *from, PIRP irp, NTSTATUS status)
{
    UNREFERENCED_PARAMETER(from);
    (void)nt_complete(irp, status, 0);
}

static void delete_device(enum null_kind kind)
{
    UNICODE_STRING link;
    if (devices[kind] != NULL) {
        RtlInitUnicodeString(&link, link_names[kind]);
        (void)IoDeleteSymbolicLink(&link);
        IoDeleteDevice(devices[kind]);
        devices[kind] = NULL;
    }
}

static NTSTATUS create_device(PDRIVER_OBJECT object, enum null_kind kind)
{
    UNICODE_STRING name;
    UNICODE_STRING link;
    RtlInitUnicodeString(&name, device_names[kind]);
    RtlInitUnicodeString(&link, link_names[kind]);
    NTSTATUS status = IoCreateDevice(object, 0, &name, FILE_DEVICE_DISK, 0, FALSE, &devices[kind]);
    if (!NT_SUCCESS(status)) {
        devices[kind] = NULL;
        return status;
    }
    (void)IoDeleteSymbolicLink(&link);
    status = IoCreateSymbolicLink(&link, &name);
    if (!NT_SUCCESS(status)) {
        IoDeleteDevice(devices[kind]);
        devices[kind] = NULL;
        return status;
    }
    devices[kind]->Flags |= DO_DIRECT_IO;
    devices[kind]->Flags &= ~(ULONG)DO_DEVICE_INITIALIZING;
    return status;
}

static void NTAPI unload(PDRIVER_OBJECT object)
{
    UNREFERENCED_PARAMETER(object);
    for (unsigned kind = 0; kind < NULL_KINDS; kind++) {
        delete_device((enum null_kind)kind);
    }
    if (thread.handle != NULL) {
        nt_irp_queue_stop(&queue);
        nt_thread_join(&thread);
    }
    if (file_event != NULL) {
        (void)ZwClose(file_event);
    }
    if (file != NULL) {
        (void)ZwClose(file);
    }
    if (memory != NULL) {
        platform_free(memory, NULL_COPY_LENGTH, NULL_TAG);
    }
}

/* As ballastdisk.sys opens images: asynchronous, without the cache. */
static NTSTATUS open_file(void)
{
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK io;
    UNICODE_STRING path = RTL_CONSTANT_STRING(NULL_FILE_PATH);
    InitializeObjectAttributes(&attributes, &path, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    NTSTATUS status =
        ZwCreateFile(&file, GENERIC_READ | GENERIC_WRITE, &attributes, &io, NULL, FILE_ATTRIBUTE_NORMAL,
                     FILE_SHARE_READ | FILE_SHARE_WRITE, FILE_OPEN,
                     FILE_NON_DIRECTORY_FILE | FILE_RANDOM_ACCESS | FILE_NO_INTERMEDIATE_BUFFERING, NULL, 0);
    if (!NT_SUCCESS(status)) {
        file = NULL;
        return status;
    }
    InitializeObjectAttributes(&attributes, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
    status = ZwCreateEvent(&file_event, EVENT_ALL_ACCESS, &attributes, SynchronizationEvent, FALSE);
    if (!NT_SUCCESS(status)) {
        file_event = NULL;
        return status;
    }
    nt_irp_queue_initialize(&queue, abandon);
    return nt_thread_create(&thread, serve, NULL);
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT object, PUNICODE_STRING registry_path)
{
    NTSTATUS status = STATUS_INSUFFICIENT_RESOURCES;
    UNREFERENCED_PARAMETER(registry_path);
    memory = platform_allocate(PLATFORM_POOL_PAGED, NULL_COPY_LENGTH, NULL_TAG);
    if (memory != NULL) {
        RtlFillMemory(memory, NULL_COPY_LENGTH, 0xA5);
        status = create_device(object, NULL_AT_ONCE);
    }
    if (NT_SUCCESS(status)) {
        status = create_device(object, NULL_COPY);
    }
    if (NT_SUCCESS(status)) {
        status = open_file();
    }
    if (NT_SUCCESS(status)) {
        status = create_device(object, NULL_FILE);
    } else if (status == STATUS_OBJECT_NAME_NOT_FOUND) {
        status = STATUS_SUCCESS;
    }
    if (!NT_SUCCESS(status)) {
        unload(object);
        return status;
    }
    for (unsigned i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {
        object->MajorFunction[i] = dispatch;
    }
    object->DriverUnload = unload;
    return STATUS_SUCCESS;
}
