/* SPDX-License-Identifier: MIT */
/*
 * Image files. The file is opened for asynchronous I/O, because NT serialises requests to a synchronous file object, and
 * each request waits for its own event. PASSIVE_LEVEL throughout, in system threads.
 */

#include "driver/disk/device/image.h"
#include "driver/disk/device/device.h"
#include "driver/nt/late.h"
#include "driver/nt/wine.h"

#include "core/disk/pass_through.h"
#include "core/disk/storage_abi.h"

#define IMAGE_TAG                PLATFORM_TAG('B', 'd', 'I', 'm')

/* A transfer to the file system at most; larger requests are split. */
#define IMAGE_MAXIMUM_TRANSFER   (16u << 20)

/* Not in every toolchain's ntifs.h. */
#define FSCTL_CODE_SET_SPARSE    0x000900C4u
#define FSCTL_CODE_SET_ZERO_DATA 0x000980C8u
#define FSCTL_CODE_QUERY_RANGES  0x000940CFu /* FSCTL_QUERY_ALLOCATED_RANGES */

struct zero_data_range { /* FILE_ZERO_DATA_INFORMATION */
    int64_t file_offset;
    int64_t beyond_final_zero;
};

struct allocated_range { /* FILE_ALLOCATED_RANGE_BUFFER */
    int64_t file_offset;
    int64_t length;
};

#define FILE_FS_SECTOR_SIZE_CLASS 11 /* FileFsSectorSizeInformation, Windows 8 and later */

struct sector_sizes { /* FILE_FS_SECTOR_SIZE_INFORMATION */
    ULONG logical;
    ULONG physical_for_atomicity;
    ULONG physical_for_performance;
    ULONG effective_for_atomicity;
    ULONG flags;
    ULONG offset_for_sector_alignment;
    ULONG offset_for_partition_alignment;
};

struct image {
    struct source source;
    HANDLE file;
    uint64_t length; /* bytes, of the whole file */
    uint64_t offset; /* of the disk in the file */
    ULONG host_sector;
    bool is_file; /* has an end of file that can be set; else a device */
    bool read_only;
    /* One event for each request that can be under way; `events_busy` has a bit for each. */
    HANDLE events[DISK_DEVICE_WORKERS];
    LONG events_busy;
};

/* ---- one I/O request ---- */

static unsigned claim_event(struct image *image)
{
    for (;;) {
        for (unsigned i = 0; i < DISK_DEVICE_WORKERS; i++) {
            if ((__atomic_fetch_or(&image->events_busy, 1 << i, __ATOMIC_ACQUIRE) & 1 << i) == 0) {
                return i;
            }
        }
        /* Not reached: no more threads use an image than it has events. */
        (void)ZwYieldExecution();
    }
}

static void release_event(struct image *image, unsigned event)
{
    __atomic_fetch_and(&image->events_busy, ~(1 << event), __ATOMIC_RELEASE);
}

static NTSTATUS wait_if_pending(NTSTATUS status, HANDLE event, const IO_STATUS_BLOCK *io)
{
    if (status == STATUS_PENDING) {
        (void)ZwWaitForSingleObject(event, FALSE, NULL);
        status = io->Status;
    }
    return status;
}

static NTSTATUS transfer_once(struct image *image, bool write, uint64_t offset, void *buffer, ULONG length)
{
    IO_STATUS_BLOCK io;
    LARGE_INTEGER position;
    NTSTATUS status;
    unsigned event = claim_event(image);
    HANDLE handle = image->events[event];
    position.QuadPart = (LONGLONG)offset;
    if (write) {
        status = ZwWriteFile(image->file, handle, NULL, NULL, &io, buffer, length, &position, NULL);
    } else {
        status = ZwReadFile(image->file, handle, NULL, NULL, &io, buffer, length, &position, NULL);
    }
    status = wait_if_pending(status, handle, &io);
    release_event(image, event);
    if (NT_SUCCESS(status) && io.Information != length) {
        status = STATUS_END_OF_FILE;
    }
    return status;
}

static NTSTATUS transfer(struct image *image, bool write, uint64_t offset, void *buffer, size_t length)
{
    unsigned char *bytes = buffer;
    NTSTATUS status = STATUS_SUCCESS;
    while (length != 0 && NT_SUCCESS(status)) {
        ULONG part = length < IMAGE_MAXIMUM_TRANSFER ? (ULONG)length : IMAGE_MAXIMUM_TRANSFER;
        status = transfer_once(image, write, offset, bytes, part);
        offset += part;
        bytes += part;
        length -= part;
    }
    return status;
}

typedef __typeof__(ZwFsControlFile) control_function; /* and ZwDeviceIoControlFile's */

static control_function *control_by(bool file_system)
{
    return file_system ? ZwFsControlFile : ZwDeviceIoControlFile;
}

/* A device or file-system control request; *returned is how much output there is. */
static NTSTATUS control_returning(struct image *image, bool file_system, ULONG code, void *input, ULONG input_length,
                                  void *output, ULONG output_length, ULONG_PTR *returned)
{
    IO_STATUS_BLOCK io = {.Information = 0};
    unsigned event = claim_event(image);
    HANDLE handle = image->events[event];
    NTSTATUS status =
        control_by(file_system)(image->file, handle, NULL, NULL, &io, code, input, input_length, output, output_length);
    status = wait_if_pending(status, handle, &io);
    release_event(image, event);
    *returned = io.Information;
    return status;
}

static NTSTATUS control(struct image *image, bool file_system, ULONG code, void *input, ULONG input_length,
                        void *output, ULONG output_length)
{
    ULONG_PTR unused;
    return control_returning(image, file_system, code, input, input_length, output, output_length, &unused);
}

/* NT 5.2 exports no ZwFlushBuffersFile: there the request is built by hand. */
static NTSTATUS flush_by_irp(HANDLE file)
{
    PFILE_OBJECT object;
    KEVENT done;
    IO_STATUS_BLOCK io;
    NTSTATUS status = ObReferenceObjectByHandle(file, 0, NULL, KernelMode, (PVOID *)&object, NULL);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    KeInitializeEvent(&done, NotificationEvent, FALSE);
    PDEVICE_OBJECT device = IoGetRelatedDeviceObject(object);
    PIRP irp = IoBuildSynchronousFsdRequest(IRP_MJ_FLUSH_BUFFERS, device, NULL, 0, NULL, &done, &io);
    if (irp == NULL) {
        status = STATUS_INSUFFICIENT_RESOURCES;
    } else {
        IoGetNextIrpStackLocation(irp)->FileObject = object;
        status = IoCallDriver(device, irp);
        if (status == STATUS_PENDING) {
            (void)KeWaitForSingleObject(&done, Executive, KernelMode, FALSE, NULL);
            status = io.Status;
        }
    }
    ObDereferenceObject(object);
    return status;
}

/* ---- opening ---- */

static NTSTATUS create_events(struct image *image)
{
    OBJECT_ATTRIBUTES attributes;
    NTSTATUS status = STATUS_SUCCESS;
    InitializeObjectAttributes(&attributes, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
    for (unsigned i = 0; i < DISK_DEVICE_WORKERS && NT_SUCCESS(status); i++) {
        status = ZwCreateEvent(&image->events[i], EVENT_ALL_ACCESS, &attributes, SynchronizationEvent, FALSE);
        if (!NT_SUCCESS(status)) {
            image->events[i] = NULL;
        }
    }
    return status;
}

static NTSTATUS open_file(struct image *image, const struct image_options *options)
{
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK io;
    UNICODE_STRING name = {.Length = options->name_length,
                           .MaximumLength = options->name_length,
                           .Buffer = (PWCH)(ULONG_PTR)options->name};
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE | OBJ_FORCE_ACCESS_CHECK,
                               NULL, NULL);
    ACCESS_MASK access = GENERIC_READ | (options->read_only ? 0 : GENERIC_WRITE);
    ULONG share = FILE_SHARE_READ | FILE_SHARE_DELETE | (options->share_write ? FILE_SHARE_WRITE : 0);
    /* Through: a write must not wait for dirty pages to become fewer, which may be those of disks that it keeps waiting. */
    ULONG flags = FILE_NON_DIRECTORY_FILE | FILE_RANDOM_ACCESS |
                  (options->buffered ? FILE_WRITE_THROUGH : FILE_NO_INTERMEDIATE_BUFFERING) |
                  (options->sparse ? FILE_OPEN_FOR_BACKUP_INTENT : 0);
    return ZwCreateFile(&image->file, access, &attributes, &io, NULL, FILE_ATTRIBUTE_NORMAL, share,
                        options->create ? FILE_OPEN_IF : FILE_OPEN, flags, NULL, 0);
}

/* The end of a file; the length of a device or of its partition. */
static NTSTATUS inspect_length(struct image *image)
{
    IO_STATUS_BLOCK io;
    FILE_STANDARD_INFORMATION standard;
    uint64_t length = 0;
    struct storage_partition partition = {.partition_length = 0};
    NTSTATUS status = ZwQueryInformationFile(image->file, &io, &standard, sizeof(standard), FileStandardInformation);
    image->is_file = NT_SUCCESS(status);
    if (image->is_file) {
        image->length = (uint64_t)standard.EndOfFile.QuadPart;
        return status;
    }
    if (NT_SUCCESS(control(image, false, IOCTL_DISK_GET_LENGTH_INFO, NULL, 0, &length, sizeof(length)))) {
        image->length = length;
        return STATUS_SUCCESS;
    }
    if (NT_SUCCESS(control(image, false, IOCTL_DISK_GET_PARTITION_INFO, NULL, 0, &partition, sizeof(partition)))) {
        image->length = (uint64_t)partition.partition_length;
        return STATUS_SUCCESS;
    }
    return status; /* neither: the first answer says more */
}

/* What a host says of a sector, if that is one. */
static ULONG sane_sector(ULONG size, ULONG otherwise)
{
    return size >= otherwise && size <= GEOMETRY_MAXIMUM_SECTOR && (size & (size - 1)) == 0 ? size : otherwise;
}

/* The file system's sectors, or those of a device without one; and what the medium below reads and writes at a time. */
static void inspect_sectors(struct image *image)
{
    IO_STATUS_BLOCK io;
    FILE_FS_SIZE_INFORMATION volume;
    struct sector_sizes sizes;
    struct storage_geometry geometry;
    image->host_sector = GEOMETRY_MINIMUM_SECTOR;
    if (NT_SUCCESS(ZwQueryVolumeInformationFile(image->file, &io, &volume, sizeof(volume), FileFsSizeInformation))) {
        image->host_sector = sane_sector(volume.BytesPerSector, image->host_sector);
    } else if (NT_SUCCESS(control(image, false, IOCTL_DISK_GET_DRIVE_GEOMETRY, NULL, 0, &geometry, sizeof(geometry)))) {
        image->host_sector = sane_sector(geometry.bytes_per_sector, image->host_sector);
    }
    image->source.block_size = image->host_sector;
    if (NT_SUCCESS(ZwQueryVolumeInformationFile(image->file, &io, &sizes, sizeof(sizes),
                                                (FS_INFORMATION_CLASS)FILE_FS_SECTOR_SIZE_CLASS))) {
        image->source.block_size = sane_sector(sizes.physical_for_performance, image->host_sector);
    }
}

/* Length, sectors and alignment of what was opened. Only the length must be known. */
static NTSTATUS inspect(struct image *image)
{
    IO_STATUS_BLOCK io;
    FILE_ALIGNMENT_INFORMATION alignment;
    inspect_sectors(image);
    if (NT_SUCCESS(ZwQueryInformationFile(image->file, &io, &alignment, sizeof(alignment), FileAlignmentInformation))) {
        image->source.buffer_alignment_mask = alignment.AlignmentRequirement;
    }
    return inspect_length(image);
}

NTSTATUS image_open(const struct image_options *options, struct image **image)
{
    NT_IRQL_AT_MOST(PASSIVE_LEVEL);
    struct image *opened = platform_allocate(PLATFORM_POOL_NONPAGED, sizeof(*opened), IMAGE_TAG);
    if (opened == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlZeroMemory(opened, sizeof(*opened));
    opened->read_only = options->read_only;
    NTSTATUS status = create_events(opened);
    if (!NT_SUCCESS(status)) {
        goto fail;
    }
    status = open_file(opened, options);
    if (!NT_SUCCESS(status)) {
        opened->file = NULL;
        goto fail;
    }
    status = inspect(opened);
    if (!NT_SUCCESS(status)) {
        goto fail;
    }
    if (options->sparse && NT_SUCCESS(control(opened, true, FSCTL_CODE_SET_SPARSE, NULL, 0, NULL, 0))) {
        opened->source.sparse = true;
    }
    *image = opened;
    return STATUS_SUCCESS;

fail:
    image_close(opened);
    return status;
}

void image_close(struct image *image)
{
    if (image->file != NULL) {
        (void)ZwClose(image->file);
    }
    for (unsigned i = 0; i < DISK_DEVICE_WORKERS; i++) {
        if (image->events[i] != NULL) {
            (void)ZwClose(image->events[i]);
        }
    }
    platform_free(image, sizeof(*image), IMAGE_TAG);
}

uint64_t image_length(const struct image *image)
{
    return image->length;
}

bool image_multiple_of_sector(const struct image *image, uint64_t bytes)
{
    return bytes % image->host_sector == 0;
}

uint32_t image_sector(const struct image *image)
{
    return image->host_sector;
}

NTSTATUS image_extend(struct image *image, uint64_t length)
{
    IO_STATUS_BLOCK io;
    FILE_END_OF_FILE_INFORMATION end;
    /* Others may have extended it since it was opened. */
    NTSTATUS status = inspect_length(image);
    if (!NT_SUCCESS(status) || length <= image->length) {
        return status;
    }
    if (!image->is_file) {
        return STATUS_INVALID_PARAMETER;
    }
    if (image->length == 0) { /* new: what has not been written must not be stored as zeros before what has */
        (void)control(image, true, FSCTL_CODE_SET_SPARSE, NULL, 0, NULL, 0);
    }
    end.EndOfFile.QuadPart = (LONGLONG)length;
    status = ZwSetInformationFile(image->file, &io, &end, sizeof(end), FileEndOfFileInformation);
    if (NT_SUCCESS(status)) {
        image->length = length;
    }
    return status;
}

NTSTATUS image_read(struct image *image, uint64_t offset, void *buffer, ULONG length)
{
    return transfer(image, false, offset, buffer, length);
}

/* ---- the source ---- */

/* The disk's size lies within the file, so a short transfer means that somebody has truncated it. */
static ballast_status map_status(NTSTATUS status)
{
    return status == STATUS_END_OF_FILE ? BALLAST_IO_DEVICE_ERROR : status;
}

static ballast_status source_read(struct source *source, uint64_t offset, void *buffer, size_t length)
{
    struct image *image = (struct image *)source;
    return map_status(transfer(image, false, image->offset + offset, buffer, length));
}

/* Makes the range a hole. False, and not sparse any more, if the file system cannot. */
static bool punch_hole(struct image *image, uint64_t offset, uint64_t length)
{
    struct zero_data_range range = {
        .file_offset = (int64_t)(image->offset + offset),
        .beyond_final_zero = (int64_t)(image->offset + offset + length),
    };
    NTSTATUS status = control(image, true, FSCTL_CODE_SET_ZERO_DATA, &range, sizeof(range), NULL, 0);
    if (status == STATUS_INVALID_DEVICE_REQUEST || status == STATUS_NOT_SUPPORTED) {
        __atomic_store_n(&image->source.sparse, false, __ATOMIC_RELAXED);
    }
    return NT_SUCCESS(status);
}

static ballast_status source_write(struct source *source, uint64_t offset, const void *buffer, size_t length)
{
    struct image *image = (struct image *)source;
    if (__atomic_load_n(&source->sparse, __ATOMIC_RELAXED) && platform_is_zero(buffer, length) &&
        punch_hole(image, offset, length)) {
        return BALLAST_SUCCESS;
    }
    return map_status(transfer(image, true, image->offset + offset, (void *)(ULONG_PTR)buffer, length));
}

/* In files that are not sparse the file system would write zeros, which is not what a trim is for. */
static ballast_status source_trim(struct source *source, uint64_t offset, uint64_t length)
{
    if (__atomic_load_n(&source->sparse, __ATOMIC_RELAXED)) {
        (void)punch_hole((struct image *)source, offset, length);
    }
    return BALLAST_SUCCESS;
}

static ballast_status source_flush(struct source *source)
{
    struct image *image = (struct image *)source;
    IO_STATUS_BLOCK io;
    if (image->read_only) {
        return BALLAST_SUCCESS;
    }
    return nt_late.flush_buffers_file != NULL ? nt_late.flush_buffers_file(image->file, &io)
                                              : flush_by_irp(image->file);
}

/* Grows the file if it has to. Shrinking a disk leaves its image as it is. */
static ballast_status source_resize(struct source *source, uint64_t size)
{
    struct image *image = (struct image *)source;
    if (image->offset != 0) {
        return BALLAST_INVALID_DEVICE_REQUEST;
    }
    return image_extend(image, size);
}

/* Where the file's first allocated range lies. What its file system does not tell may be data. */
static uint64_t source_extent(struct source *source, uint64_t offset, uint64_t length, bool *data)
{
    struct image *image = (struct image *)source;
    struct allocated_range asked = {.file_offset = (int64_t)(image->offset + offset), .length = (int64_t)length};
    struct allocated_range found = {.length = 0};
    ULONG_PTR returned = 0;
    *data = true;
    NTSTATUS status = control_returning(image, true, FSCTL_CODE_QUERY_RANGES, &asked, sizeof(asked), &found,
                                        sizeof(found), &returned);
    if (!NT_SUCCESS(status) && status != STATUS_BUFFER_OVERFLOW) { /* more ranges than the first */
        return length;
    }
    if (returned < sizeof(found) || found.length <= 0 || found.file_offset >= asked.file_offset + asked.length) {
        *data = false;
        return length;
    }
    if (found.file_offset > asked.file_offset) {
        *data = false;
        return (uint64_t)(found.file_offset - asked.file_offset);
    }
    uint64_t extent = (uint64_t)(found.file_offset + found.length - asked.file_offset);
    return extent < length ? extent : length;
}

static bool source_usage(struct source *source, struct source_usage *usage)
{
    (void)source;
    (void)usage;
    return false;
}

static void source_destroy(struct source *source)
{
    image_close((struct image *)source);
}

static const struct source_operations image_operations = {
    .read = source_read,
    .write = source_write,
    .trim = source_trim,
    .flush = source_flush,
    .resize = source_resize,
    .extent = source_extent,
    .usage = source_usage,
    .destroy = source_destroy,
};

struct source *image_source(struct image *image, uint64_t offset)
{
    image->source.operations = &image_operations;
    image->source.blocks = true;
    image->offset = offset;
    return &image->source;
}

struct image *image_behind(struct source *source)
{
    source = source_base(source);
    return source->operations == &image_operations ? (struct image *)source : NULL;
}

bool image_set_sparse(struct image *image)
{
    bool sparse = NT_SUCCESS(control(image, true, FSCTL_CODE_SET_SPARSE, NULL, 0, NULL, 0));
    if (sparse) {
        __atomic_store_n(&image->source.sparse, true, __ATOMIC_RELAXED);
    }
    return sparse;
}

/* ---- pass-through ---- */

#define CODE_WRITES(code) (((code) >> 14 & BALLAST_ACCESS_WRITE) != 0)

/* 100 ms: how often somebody who waits for an answer that may never come looks whether it is still wanted. */
#define PATIENCE          (-1000000)

static NTSTATUS wait_unless_cancelled(struct image *image, HANDLE event, const IO_STATUS_BLOCK *io,
                                      const struct request *request)
{
    LARGE_INTEGER patience = {.QuadPart = PATIENCE};
    IO_STATUS_BLOCK unused;
    while (ZwWaitForSingleObject(event, FALSE, &patience) == STATUS_TIMEOUT) {
        if (request_cancelled(request)) {
            (void)ZwCancelIoFile(image->file, &unused); /* of this thread, which has nothing else under way */
            (void)ZwWaitForSingleObject(event, FALSE, NULL);
            break;
        }
    }
    return io->Status;
}

NTSTATUS image_pass_through(struct image *image, bool file_system, struct request *request)
{
    IO_STATUS_BLOCK io = {.Information = 0};
    ULONG code;
    unsigned char *buffer = request->buffer;
    RtlCopyMemory(&code, buffer, sizeof(code));
    if (!pass_through_allowed(code, file_system)) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    /* To us the I/O manager lets all pass. */
    if (CODE_WRITES(code) && image->read_only) {
        return STATUS_ACCESS_DENIED;
    }
    unsigned event = claim_event(image);
    HANDLE handle = image->events[event];
    void *input = buffer + sizeof(code);
    ULONG input_length = (ULONG)(request->input_length - sizeof(code));
    ULONG output_length = (ULONG)request->output_length;
    NTSTATUS status =
        control_by(file_system)(image->file, handle, NULL, NULL, &io, code, input, input_length, buffer, output_length);
    if (status == STATUS_PENDING) {
        status = wait_unless_cancelled(image, handle, &io, request);
    }
    release_event(image, event);
    request->information = io.Information < output_length ? io.Information : output_length;
    return status;
}
