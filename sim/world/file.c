/* SPDX-License-Identifier: MIT */
/*
 * Zw: files on the volume of volume.c. Reads and writes of an asynchronous file complete in the call or later, in another
 * thread, as the seed decides. Events and links are in zw_objects.c.
 */

#include "sim/world/file.h"

#include "sim/ground/activity.h"
#include "sim/ground/chance.h"
#include "sim/ground/fault.h"
#include "sim/ground/handle.h"
#include "sim/ground/options.h"
#include "sim/ground/raw_lock.h"
#include "sim/ground/thread.h"
#include "sim/ground/violation.h"
#include "sim/ground/waitable.h"
#include "sim/kernel/boot.h"
#include "sim/kernel/irp.h"
#include "sim/kernel/memory.h"
#include "sim/kernel/rtl.h"
#include "sim/world/device_file.h"
#include "sim/world/mountmgr.h"
#include "sim/world/volume.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NAME_SIZE                     1024
#define VOLUME_PREFIX                 "\\??\\C:\\"
#define FSCTL_SET_SPARSE              0x000900C4u
#define IOCTL_DISK_GET_DRIVE_GEOMETRY 0x00070000u
#define IOCTL_DISK_GET_LENGTH_INFO    0x0007405Cu
#define IOCTL_DISK_GET_PARTITION_INFO 0x00074004u
#define FSCTL_SET_ZERO_DATA           0x000980C8u
#define FSCTL_QUERY_RANGES            0x000940CFu /* FSCTL_QUERY_ALLOCATED_RANGES */
#define FSCTL_GET_COMPRESSION         0x0009003Cu
#define FSCTL_REQUEST_OPLOCK          0x00090000u /* level 1: ends when somebody else opens the file, or when it is cancelled */

/* ---- files ---- */

struct file {
    struct sim_node *node;
    ACCESS_MASK access;
    ULONG share, options;
    unsigned pending;        /* atomic */
    LONG references;         /* atomic: handle, pending requests, references by pointer */
    PIO_STATUS_BLOCK oplock; /* of the request for one that is under way; NULL: none */
    struct sim_waitable *oplock_event;
    FILE_OBJECT object; /* what ObReferenceObjectByHandle gives */
};

static void release_file(struct file *file)
{
    if (!sim_drop_reference(&file->references)) {
        return;
    }
    sim_node_close(file->node, file->access, file->share);
    free(file);
}

void sim_file_handle_closed(void *object)
{
    struct file *file = object;
    if (__atomic_load_n(&file->pending, __ATOMIC_RELAXED) != 0) {
        sim_violation("file", "a file is closed while requests to it are under way");
    }
    release_file(file);
}

void *sim_file_reference_object(void *object)
{
    struct file *file = object;
    __atomic_add_fetch(&file->references, 1, __ATOMIC_RELAXED);
    return &file->object;
}

void sim_file_dereference_object(void *object)
{
    release_file(CONTAINING_RECORD(object, struct file, object));
}

static ACCESS_MASK map_generic(ACCESS_MASK access)
{
    return access | ((access & GENERIC_READ) != 0 ? FILE_GENERIC_READ : 0) |
           ((access & GENERIC_WRITE) != 0 ? FILE_GENERIC_WRITE : 0);
}

NTSTATUS ZwCreateFile(PHANDLE handle, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes, PIO_STATUS_BLOCK io,
                      PLARGE_INTEGER allocation_size, ULONG file_attributes, ULONG share, ULONG disposition,
                      ULONG options, PVOID extended_attributes, ULONG extended_length)
{
    sim_check_irql("ZwCreateFile", PASSIVE_LEVEL);
    sim_check_apcs("ZwCreateFile");
    char path[NAME_SIZE];
    UNREFERENCED_PARAMETER(allocation_size);
    UNREFERENCED_PARAMETER(file_attributes);
    UNREFERENCED_PARAMETER(extended_attributes);
    UNREFERENCED_PARAMETER(extended_length);
    if (!sim_narrow(attributes->ObjectName, path, sizeof(path))) {
        return STATUS_OBJECT_NAME_INVALID;
    }
    if (sim_fault("ZwCreateFile")) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    if (strcasecmp(path, "\\Device\\MountPointManager") == 0) {
        *handle = sim_handle_create(SIM_HANDLE_MOUNT_MANAGER, NULL, attributes->Attributes, "ZwCreateFile");
        return STATUS_SUCCESS;
    }
    if (strncasecmp(path, VOLUME_PREFIX, strlen(VOLUME_PREFIX)) != 0) {
        struct sim_device_file *device_file;
        bool checked = (attributes->Attributes & OBJ_FORCE_ACCESS_CHECK) != 0;
        NTSTATUS opened = sim_device_file_open(path, access, checked, &device_file);
        if (NT_SUCCESS(opened)) {
            *handle = sim_handle_create(SIM_HANDLE_DEVICE_FILE, device_file, attributes->Attributes, "ZwCreateFile");
        }
        return opened;
    }
    if (!sim_boot_has_volumes()) {
        return STATUS_OBJECT_NAME_NOT_FOUND;
    }
    if ((attributes->Attributes & OBJ_FORCE_ACCESS_CHECK) != 0 && !sim_self()->administrator) {
        return STATUS_ACCESS_DENIED; /* the volume is the administrators' */
    }
    struct file *file = calloc(1, sizeof(*file));
    file->access = map_generic(access);
    file->share = share;
    file->options = options;
    file->references = 1;
    NTSTATUS status =
        sim_node_open(path + strlen(VOLUME_PREFIX), disposition == FILE_OPEN_IF, file->access, share, &file->node);
    if (!NT_SUCCESS(status)) {
        free(file);
        return status;
    }
    io->Status = status;
    *handle = sim_handle_create(SIM_HANDLE_FILE, file, attributes->Attributes, "ZwCreateFile");
    return status;
}

/* ---- reading and writing ---- */

struct transfer {
    struct file *file;
    struct sim_waitable *event; /* NULL: none */
    PIO_STATUS_BLOCK io;
    void *buffer;
    ULONG length;
    uint64_t offset;
    bool write;
};

static void finish_transfer(struct transfer *transfer)
{
    ULONG_PTR information;
    struct file *file = transfer->file;
    NTSTATUS status = sim_node_transfer(file->node, transfer->write, transfer->offset, transfer->buffer,
                                        transfer->length, (file->options & FILE_WRITE_THROUGH) != 0, &information);
    transfer->io->Information = information;
    transfer->io->Status = status;
    struct sim_waitable *event = transfer->event;
    __atomic_sub_fetch(&file->pending, 1, __ATOMIC_RELEASE);
    release_file(file);
    free(transfer);
    if (event != NULL) {
        sim_waitable_signal(event, 1); /* last: with it may go everything */
    }
}

static void *finish_later(void *context)
{
    sim_delay();
    finish_transfer(context);
    sim_activity_add(-1);
    return NULL;
}

static bool aligned(const struct file *file, const struct transfer *transfer)
{
    ULONG sector = sim_get_options()->sector_size;
    return (file->options & FILE_NO_INTERMEDIATE_BUFFERING) == 0 ||
           ((transfer->offset | transfer->length) % sector == 0 && (uintptr_t)transfer->buffer % 2 == 0);
}

static NTSTATUS begin_transfer(const char *function, HANDLE handle, HANDLE event, PIO_STATUS_BLOCK io, void *buffer,
                               ULONG length, PLARGE_INTEGER offset, bool write)
{
    sim_check_irql(function, PASSIVE_LEVEL);
    sim_check_apcs(function);
    if (sim_handle_kind(handle, function) == SIM_HANDLE_DEVICE_FILE) {
        return sim_fault(function)
                   ? STATUS_INSUFFICIENT_RESOURCES
                   : sim_device_file_transfer(sim_handle_object(handle, SIM_HANDLE_DEVICE_FILE, function), write, io,
                                              buffer, length, (uint64_t)offset->QuadPart);
    }
    struct file *file = sim_handle_object(handle, SIM_HANDLE_FILE, function);
    if ((file->access & (write ? FILE_WRITE_DATA : FILE_READ_DATA)) == 0) {
        return STATUS_ACCESS_DENIED;
    }
    if ((file->options & FILE_SYNCHRONOUS_IO_NONALERT) == 0 && (offset == NULL || event == NULL)) {
        sim_violation("file", "%s on an asynchronous file without an offset, or without an event to wait for",
                      function);
    }
    if (write && (file->options & (FILE_NO_INTERMEDIATE_BUFFERING | FILE_WRITE_THROUGH)) == 0) {
        sim_violation("throttle",
                      "%s leaves dirty pages: it waits while there are too many, maybe of the driver's disks",
                      function);
    }
    if (sim_fault(function)) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    struct transfer *transfer = malloc(sizeof(*transfer));
    *transfer = (struct transfer){.file = file,
                                  .event = event != NULL ? sim_handle_object(event, SIM_HANDLE_EVENT, function) : NULL,
                                  .io = io,
                                  .buffer = buffer,
                                  .length = length,
                                  .offset = (uint64_t)offset->QuadPart,
                                  .write = write};
    if (!aligned(file, transfer)) {
        free(transfer);
        return STATUS_INVALID_PARAMETER;
    }
    if (transfer->event != NULL) {
        sim_waitable_clear(transfer->event);
    }
    __atomic_add_fetch(&file->pending, 1, __ATOMIC_RELAXED);
    __atomic_add_fetch(&file->references, 1, __ATOMIC_RELAXED);
    pthread_t thread;
    if ((file->options & FILE_SYNCHRONOUS_IO_NONALERT) == 0 && sim_chance(25)) {
        sim_activity_add(1);
        if (pthread_create(&thread, NULL, finish_later, transfer) != 0) {
            sim_violation("test", "no more threads");
        }
        pthread_detach(thread);
        return STATUS_PENDING;
    }
    finish_transfer(transfer);
    return io->Status;
}

NTSTATUS ZwReadFile(HANDLE file, HANDLE event, PIO_APC_ROUTINE apc, PVOID apc_context, PIO_STATUS_BLOCK io,
                    PVOID buffer, ULONG length, PLARGE_INTEGER offset, PULONG key)
{
    UNREFERENCED_PARAMETER(apc);
    UNREFERENCED_PARAMETER(apc_context);
    UNREFERENCED_PARAMETER(key);
    return begin_transfer("ZwReadFile", file, event, io, buffer, length, offset, false);
}

NTSTATUS ZwWriteFile(HANDLE file, HANDLE event, PIO_APC_ROUTINE apc, PVOID apc_context, PIO_STATUS_BLOCK io,
                     PVOID buffer, ULONG length, PLARGE_INTEGER offset, PULONG key)
{
    UNREFERENCED_PARAMETER(apc);
    UNREFERENCED_PARAMETER(apc_context);
    UNREFERENCED_PARAMETER(key);
    return begin_transfer("ZwWriteFile", file, event, io, buffer, length, offset, true);
}

/* ---- control, information ---- */

/*
 * Codes with METHOD_BUFFERED whose input holds pointers or handles: who handles them trusts them as much as the one that
 * asks, and a Zw function asks as the kernel. Passed on for a user they read and write where the user wants.
 */
static void check_trusted(ULONG code)
{
    static const ULONG codes[] = {
        0x0004D004, 0x0004D014, 0x0004D044, 0x0004D048, /* IOCTL_SCSI_PASS_THROUGH, _DIRECT, _EX, _DIRECT_EX */
        0x0004D02C, 0x0004D030,                         /* IOCTL_ATA_PASS_THROUGH, _DIRECT */
        0x00090074, 0x000900FC, 0x00098344, 0x000983E8, /* FSCTL_MOVE_FILE, MARK_HANDLE, DUPLICATE_EXTENTS, _EX */
    };
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (codes[i] == code) {
            sim_violation("pass-through", "code 0x%08x, whose input holds a pointer or a handle, as the kernel's",
                          code);
        }
    }
}

static NTSTATUS device_control(const struct sim_node *node, ULONG code, void *output, ULONG length)
{
    const struct {
        int64_t cylinders;
        ULONG media_type, tracks_per_cylinder, sectors_per_track, bytes_per_sector;
    } geometry = {1, 12, 1, 1, sim_get_options()->sector_size};
    uint64_t size = sim_node_size(node);
    uint64_t partition[4] = {0, size}; /* PARTITION_INFORMATION */
    const struct {
        ULONG code;
        bool answered;
        const void *reply;
        size_t length;
    } replies[] = {
        {IOCTL_DISK_GET_DRIVE_GEOMETRY, true, &geometry, sizeof(geometry)},
        {IOCTL_DISK_GET_LENGTH_INFO, !sim_get_options()->raw_partition, &size, sizeof(size)},
        {IOCTL_DISK_GET_PARTITION_INFO, sim_get_options()->raw_partition, partition, sizeof(partition)},
    };
    for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
        if (code == replies[i].code && replies[i].answered && length >= replies[i].length) {
            memcpy(output, replies[i].reply, replies[i].length);
            return STATUS_SUCCESS;
        }
    }
    return STATUS_INVALID_DEVICE_REQUEST;
}

NTSTATUS ZwDeviceIoControlFile(HANDLE file, HANDLE event, PIO_APC_ROUTINE apc, PVOID apc_context, PIO_STATUS_BLOCK io,
                               ULONG code, PVOID input, ULONG input_length, PVOID output, ULONG output_length)
{
    sim_check_irql("ZwDeviceIoControlFile", PASSIVE_LEVEL);
    sim_check_apcs("ZwDeviceIoControlFile");
    UNREFERENCED_PARAMETER(event);
    UNREFERENCED_PARAMETER(apc);
    UNREFERENCED_PARAMETER(apc_context);
    check_trusted(code);
    if (sim_handle_kind(file, "ZwDeviceIoControlFile") == SIM_HANDLE_MOUNT_MANAGER) {
        io->Status = sim_mount_control(code, input, input_length, output, output_length, &io->Information);
        return io->Status;
    }
    if (sim_handle_kind(file, "ZwDeviceIoControlFile") == SIM_HANDLE_DEVICE_FILE) {
        return sim_device_file_control(sim_handle_object(file, SIM_HANDLE_DEVICE_FILE, "ZwDeviceIoControlFile"), false,
                                       io, code, input, input_length, output, output_length);
    }
    const struct file *object = sim_handle_object(file, SIM_HANDLE_FILE, "ZwDeviceIoControlFile");
    io->Status = sim_get_options()->raw_device ? device_control(object->node, code, output, output_length)
                                               : STATUS_INVALID_DEVICE_REQUEST; /* files are no devices */
    return io->Status;
}

static NTSTATUS zero_data(struct sim_node *node, const int64_t *range, ULONG length)
{
    if (length < 2 * sizeof(*range) || range[0] < 0 || range[1] < range[0]) {
        return STATUS_INVALID_PARAMETER;
    }
    return sim_node_zero(node, range[0], range[1]) ? STATUS_SUCCESS : STATUS_NOT_SUPPORTED;
}

/* As many ranges as there is room for; a warning if there are more. */
static NTSTATUS query_ranges(const struct sim_node *node, const int64_t *asked, ULONG length, int64_t *found,
                             ULONG room, ULONG_PTR *information)
{
    if (length < 2 * sizeof(*asked) || asked[0] < 0 || asked[1] < 0 || asked[1] > INT64_MAX - asked[0]) {
        return STATUS_INVALID_PARAMETER;
    }
    int64_t limit = asked[0] + asked[1];
    int64_t start = asked[0];
    int64_t end = limit;
    for (; sim_node_data(node, &start, &end); start = end, end = limit) {
        if (room - *information < 2 * sizeof(*found)) {
            return *information != 0 ? STATUS_BUFFER_OVERFLOW : STATUS_BUFFER_TOO_SMALL;
        }
        found[0] = start;
        found[1] = end - start;
        sim_memory_accessed(found, 2 * sizeof(*found), true);
        found += 2;
        *information += 2 * sizeof(*found);
    }
    return STATUS_SUCCESS;
}

NTSTATUS ZwFsControlFile(HANDLE handle, HANDLE event, PIO_APC_ROUTINE apc, PVOID apc_context, PIO_STATUS_BLOCK io,
                         ULONG code, PVOID input, ULONG input_length, PVOID output, ULONG output_length)
{
    sim_check_irql("ZwFsControlFile", PASSIVE_LEVEL);
    sim_check_apcs("ZwFsControlFile");
    if (sim_handle_kind(handle, "ZwFsControlFile") == SIM_HANDLE_DEVICE_FILE) {
        return sim_fault("ZwFsControlFile")
                   ? STATUS_INSUFFICIENT_RESOURCES
                   : sim_device_file_control(sim_handle_object(handle, SIM_HANDLE_DEVICE_FILE, "ZwFsControlFile"), true,
                                             io, code, input, input_length, output, output_length);
    }
    struct file *file = sim_handle_object(handle, SIM_HANDLE_FILE, "ZwFsControlFile");
    UNREFERENCED_PARAMETER(apc);
    UNREFERENCED_PARAMETER(apc_context);
    io->Information = 0;
    check_trusted(code);
    if (sim_fault("ZwFsControlFile")) {
        io->Status = STATUS_INSUFFICIENT_RESOURCES;
    } else if (code == FSCTL_SET_SPARSE) {
        sim_node_set_sparse(file->node);
        io->Status = STATUS_SUCCESS;
    } else if (code == FSCTL_SET_ZERO_DATA) {
        io->Status = zero_data(file->node, input, input_length);
    } else if (code == FSCTL_QUERY_RANGES) {
        io->Status = query_ranges(file->node, input, input_length, output, output_length, &io->Information);
    } else if (code == FSCTL_GET_COMPRESSION && output_length >= sizeof(USHORT)) {
        memset(output, 0, sizeof(USHORT));
        sim_memory_accessed(output, sizeof(USHORT), true);
        io->Information = sizeof(USHORT);
        io->Status = STATUS_SUCCESS;
    } else if (code == FSCTL_REQUEST_OPLOCK && sim_volume_has_oplocks() && event != NULL && file->oplock == NULL) {
        file->oplock = io;
        file->oplock_event = sim_handle_object(event, SIM_HANDLE_EVENT, "ZwFsControlFile");
        sim_waitable_clear(file->oplock_event);
        return STATUS_PENDING;
    } else {
        io->Status = STATUS_INVALID_DEVICE_REQUEST;
    }
    return io->Status;
}

NTSTATUS ZwCancelIoFile(HANDLE handle, PIO_STATUS_BLOCK io)
{
    sim_check_irql("ZwCancelIoFile", PASSIVE_LEVEL);
    if (sim_handle_kind(handle, "ZwCancelIoFile") == SIM_HANDLE_DEVICE_FILE) {
        io->Status = STATUS_SUCCESS; /* whose requests have ended when their functions return */
        return STATUS_SUCCESS;
    }
    struct file *file = sim_handle_object(handle, SIM_HANDLE_FILE, "ZwCancelIoFile");
    if (file->oplock != NULL) {
        file->oplock->Status = STATUS_CANCELLED;
        file->oplock->Information = 0;
        file->oplock = NULL;
        sim_waitable_signal(file->oplock_event, 1);
    }
    io->Status = STATUS_SUCCESS;
    return STATUS_SUCCESS;
}

/* NULL: it is a device's, which does not answer this. */
static const struct file *file_asked(HANDLE handle, const char *function)
{
    sim_check_irql(function, PASSIVE_LEVEL);
    sim_check_apcs(function);
    return sim_handle_kind(handle, function) == SIM_HANDLE_DEVICE_FILE
               ? NULL
               : sim_handle_object(handle, SIM_HANDLE_FILE, function);
}

NTSTATUS ZwQueryInformationFile(HANDLE handle, PIO_STATUS_BLOCK io, PVOID information, ULONG length,
                                FILE_INFORMATION_CLASS information_class)
{
    const struct file *file = file_asked(handle, "ZwQueryInformationFile");
    if (file == NULL) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    if (sim_fault("ZwQueryInformationFile")) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    if (sim_get_options()->raw_device) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    if (information_class == FileStandardInformation && length >= sizeof(FILE_STANDARD_INFORMATION)) {
        *(FILE_STANDARD_INFORMATION *)information =
            (FILE_STANDARD_INFORMATION){.EndOfFile.QuadPart = (LONGLONG)sim_node_size(file->node), .NumberOfLinks = 1};
    } else if (information_class == FileAlignmentInformation && length >= sizeof(FILE_ALIGNMENT_INFORMATION)) {
        *(FILE_ALIGNMENT_INFORMATION *)information = (FILE_ALIGNMENT_INFORMATION){.AlignmentRequirement = 1};
    } else {
        return STATUS_INVALID_PARAMETER;
    }
    io->Status = STATUS_SUCCESS;
    return STATUS_SUCCESS;
}

NTSTATUS ZwSetInformationFile(HANDLE handle, PIO_STATUS_BLOCK io, PVOID information, ULONG length,
                              FILE_INFORMATION_CLASS information_class)
{
    const struct file *file = file_asked(handle, "ZwSetInformationFile");
    if (file == NULL) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    if (sim_fault("ZwSetInformationFile")) {
        return STATUS_DISK_FULL;
    }
    if (information_class != FileEndOfFileInformation || length < sizeof(FILE_END_OF_FILE_INFORMATION)) {
        return STATUS_INVALID_PARAMETER;
    }
    const FILE_END_OF_FILE_INFORMATION *end = information;
    uint64_t limit = sim_get_options()->file_limit;
    if (limit != 0 && (uint64_t)end->EndOfFile.QuadPart > limit) {
        io->Status = STATUS_DISK_FULL;
        return io->Status;
    }
    io->Status = sim_node_resize(file->node, end->EndOfFile.QuadPart) ? STATUS_SUCCESS : STATUS_DISK_FULL;
    return io->Status;
}

NTSTATUS ZwQueryVolumeInformationFile(HANDLE handle, PIO_STATUS_BLOCK io, PVOID information, ULONG length,
                                      FS_INFORMATION_CLASS information_class)
{
    if (file_asked(handle, "ZwQueryVolumeInformationFile") == NULL) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    if (sim_fault("ZwQueryVolumeInformationFile")) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    if (sim_get_options()->raw_device) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    if (information_class == FileFsSectorSizeInformation && length >= sizeof(FILE_FS_SECTOR_SIZE_INFORMATION) &&
        !sim_get_options()->nt52) {
        ULONG logical = sim_get_options()->sector_size;
        ULONG physical = sim_get_options()->physical_sector_size;
        *(FILE_FS_SECTOR_SIZE_INFORMATION *)information = (FILE_FS_SECTOR_SIZE_INFORMATION){
            .LogicalBytesPerSector = logical,
            .PhysicalBytesPerSectorForAtomicity = physical,
            .PhysicalBytesPerSectorForPerformance = physical,
            .FileSystemEffectivePhysicalBytesPerSectorForAtomicity = physical,
        };
        io->Status = STATUS_SUCCESS;
        return STATUS_SUCCESS;
    }
    if (information_class != FileFsSizeInformation || length < sizeof(FILE_FS_SIZE_INFORMATION)) {
        return STATUS_INVALID_PARAMETER;
    }
    *(FILE_FS_SIZE_INFORMATION *)information =
        (FILE_FS_SIZE_INFORMATION){.SectorsPerAllocationUnit = 8, .BytesPerSector = sim_get_options()->sector_size};
    io->Status = STATUS_SUCCESS;
    return STATUS_SUCCESS;
}

/* ---- flushing, by the function or, where that does not exist, by a request to the file system's device ---- */

NTSTATUS sim_ZwFlushBuffersFile(HANDLE file, PIO_STATUS_BLOCK io)
{
    sim_check_irql("ZwFlushBuffersFile", PASSIVE_LEVEL);
    sim_check_apcs("ZwFlushBuffersFile");
    if (sim_fault("ZwFlushBuffersFile")) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    if (sim_handle_kind(file, "ZwFlushBuffersFile") == SIM_HANDLE_DEVICE_FILE) {
        return sim_device_file_flush(sim_handle_object(file, SIM_HANDLE_DEVICE_FILE, "ZwFlushBuffersFile"), io);
    }
    (void)sim_handle_object(file, SIM_HANDLE_FILE, "ZwFlushBuffersFile");
    io->Status = sim_volume_flush();
    return io->Status;
}

static void *flush_later(void *context)
{
    PIRP irp = context;
    sim_delay();
    irp->IoStatus.Status = sim_volume_flush();
    irp->IoStatus.Information = 0;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    sim_activity_add(-1);
    return NULL;
}

static NTSTATUS file_system_flush(PDEVICE_OBJECT device, PIRP irp)
{
    pthread_t thread;
    UNREFERENCED_PARAMETER(device);
    if (IoGetCurrentIrpStackLocation(irp)->FileObject == NULL) {
        sim_violation("file", "a flush request without its file object");
    }
    if (sim_chance(50)) {
        IoMarkIrpPending(irp);
        sim_activity_add(1);
        if (pthread_create(&thread, NULL, flush_later, irp) != 0) {
            sim_violation("test", "no more threads");
        }
        pthread_detach(thread);
        return STATUS_PENDING;
    }
    NTSTATUS status = sim_volume_flush();
    irp->IoStatus.Status = status;
    irp->IoStatus.Information = 0;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return status;
}

static DRIVER_OBJECT file_system = {.MajorFunction = {[IRP_MJ_FLUSH_BUFFERS] = file_system_flush}};
static DEVICE_OBJECT file_system_device = {.DriverObject = &file_system};

PDEVICE_OBJECT IoGetRelatedDeviceObject(PFILE_OBJECT file)
{
    sim_check_irql("IoGetRelatedDeviceObject", DISPATCH_LEVEL);
    return file->DeviceObject != NULL ? file->DeviceObject : &file_system_device;
}
