/* SPDX-License-Identifier: MIT */
/*
 * CREATE_DEVICE. The request is pended and carried out in a thread of its own, since opening and loading an image takes
 * time; a success makes that thread the disk's first worker. Everything here but disk_create_device runs at
 * PASSIVE_LEVEL in system threads.
 */

#include "core/disk/control.h"
#include "core/disk/ram.h"
#include "core/disk/swap.h"
#include "driver/disk/driver.h"
#include "driver/nt/late.h"
#include "driver/nt/wine.h"

#define CREATE_TAG_JOB    PLATFORM_TAG('B', 'd', 'J', 'b')
#define CREATE_TAG_BUFFER PLATFORM_TAG('B', 'd', 'B', 'f')

/* How much of an image is loaded at a time, between looks at whether anybody still wants it. */
#define LOAD_BLOCK        (1u << 20)

/* What is read to find a BPB: a multiple of all sector sizes, and less than the smallest image. */
#define PROBE_LENGTH      4096u

struct create_job {
    struct nt_work work;
    struct nt_thread thread;
    PIRP irp; /* NULL: a disk created at boot */
    /* The request: in the IRP's buffer, or owned. */
    struct imdisk_create_data *input;
    ULONG input_length;
    size_t owned_size;              /* 0: not owned */
    NTSTATUS undone;                /* why the disk that was created had to go again; STATUS_SUCCESS: it had not */
    SECURITY_CLIENT_CONTEXT client; /* of the creator, whose rights open the image */
    bool has_client;
};

/* ---- impersonation ---- */

static NTSTATUS capture_client(struct create_job *job)
{
    SECURITY_QUALITY_OF_SERVICE quality = {
        .Length = sizeof(quality),
        .ImpersonationLevel = SecurityImpersonation,
        .ContextTrackingMode = SECURITY_STATIC_TRACKING,
        .EffectiveOnly = FALSE,
    };
    if (nt_in_wine) {
        return STATUS_SUCCESS; /* it cannot impersonate */
    }
    if (nt_late.create_client_security == NULL || nt_late.impersonate_client == NULL ||
        nt_late.revert_to_self == NULL || nt_late.token_type == NULL || nt_late.dereference_primary_token == NULL) {
        return STATUS_NOT_SUPPORTED;
    }
    NTSTATUS status = nt_late.create_client_security(PsGetCurrentThread(), &quality, FALSE, &job->client);
    job->has_client = NT_SUCCESS(status);
    return status;
}

/* What SeDeleteClientSecurity does, which is a macro over functions that Wine lacks. */
static void release_client(struct create_job *job)
{
    if (!job->has_client) {
        return;
    }
    if (nt_late.token_type(job->client.ClientToken) == TokenPrimary) {
        nt_late.dereference_primary_token(job->client.ClientToken);
    } else {
        ObDereferenceObject(job->client.ClientToken);
    }
    job->has_client = false;
}

static NTSTATUS open_as_client(struct create_job *job, const struct image_options *options, struct image **image)
{
    if (!job->has_client) {
        return image_open(options, image);
    }
    NTSTATUS status = nt_late.impersonate_client(&job->client, NULL);
    if (NT_SUCCESS(status)) {
        status = image_open(options, image);
        nt_late.revert_to_self();
    }
    return status;
}

/* ---- building the source ---- */

static NTSTATUS load_block(struct create_job *job, struct image *image, const struct disk_parameters *parameters,
                           struct source *store, uint64_t disk_offset, unsigned char *buffer, ULONG length)
{
    if ((job->irp != NULL && job->irp->Cancel) || __atomic_load_n(&disk_driver.unloading, __ATOMIC_RELAXED)) {
        return STATUS_CANCELLED;
    }
    NTSTATUS status = image_read(image, parameters->image_offset + disk_offset, buffer, length);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    if (parameters->byte_swap) { /* once, so that no layer is needed; blocks are of whole pairs */
        swap_pairs(buffer, length);
    }
    return store->operations->write(store, disk_offset, buffer, length);
}

/* Copies the image into memory, as far as both reach. The rest of a larger disk is zeros. */
static NTSTATUS load(struct create_job *job, struct image *image, const struct disk_parameters *parameters,
                     struct source *store)
{
    uint64_t available = 0;
    if (image_length(image) > parameters->image_offset) {
        available = image_length(image) - parameters->image_offset;
    }
    if (available > parameters->geometry.size_bytes) {
        available = parameters->geometry.size_bytes;
    }
    unsigned char *buffer = platform_allocate(PLATFORM_POOL_PAGED, LOAD_BLOCK, CREATE_TAG_BUFFER);
    if (buffer == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    NTSTATUS status = STATUS_SUCCESS;
    KeEnterCriticalRegion();
    for (uint64_t done = 0; done < available && NT_SUCCESS(status); done += LOAD_BLOCK) {
        ULONG length = available - done < LOAD_BLOCK ? (ULONG)(available - done) : LOAD_BLOCK;
        status = load_block(job, image, parameters, store, done, buffer, length);
    }
    KeLeaveCriticalRegion();
    platform_free(buffer, LOAD_BLOCK, CREATE_TAG_BUFFER);
    return status;
}

/* The image may be NULL. It stays the caller's. */
static NTSTATUS create_memory(struct create_job *job, struct image *image, const struct disk_parameters *parameters,
                              struct source **source)
{
    NTSTATUS status = ram_create(parameters->locked_memory ? PLATFORM_POOL_NONPAGED : PLATFORM_POOL_PAGED, source);
    if (NT_SUCCESS(status) && image != NULL) {
        status = load(job, image, parameters, *source);
        if (!NT_SUCCESS(status)) {
            (*source)->operations->destroy(*source);
        }
    }
    return status;
}

static struct image_options image_options(const struct disk_parameters *parameters)
{
    bool read_only = (parameters->flags & IMDISK_OPTION_READ_ONLY) != 0 || parameters->in_memory;
    return (struct image_options){
        .name = parameters->image_name,
        .name_length = parameters->image_name_length,
        .read_only = read_only,
        .share_write = read_only || (parameters->flags & IMDISK_OPTION_SHARED_IMAGE) != 0,
        .buffered = parameters->in_memory || (parameters->flags & IMDISK_SUBTYPE_MASK) == IMDISK_FILE_BUFFERED_IO,
        .create = !read_only && parameters->requested_size != 0,
        .sparse = !read_only && (parameters->flags & IMDISK_OPTION_SPARSE_FILE) != 0,
    };
}

/* Through the host's cache, any size and offset can be reached. */
static NTSTATUS reopen_buffered(struct create_job *job, struct image_options *options, struct image **image)
{
    image_close(*image);
    *image = NULL;
    options->buffered = true;
    return open_as_client(job, options, image);
}

/* The geometry, from the image's BPB if it has one. An image that ends before has none. */
static NTSTATUS probe(struct image *image, struct disk_parameters *parameters)
{
    unsigned char *buffer = platform_allocate(PLATFORM_POOL_NONPAGED, PROBE_LENGTH, CREATE_TAG_BUFFER);
    if (buffer == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    NTSTATUS status = image_read(image, parameters->image_offset, buffer, PROBE_LENGTH);
    if (parameters->byte_swap && NT_SUCCESS(status)) {
        swap_pairs(buffer, PROBE_LENGTH);
    }
    if (NT_SUCCESS(status) || status == STATUS_END_OF_FILE) {
        disk_parameters_resolve_geometry(parameters, NT_SUCCESS(status) ? buffer : NULL);
        status = STATUS_SUCCESS;
    }
    platform_free(buffer, PROBE_LENGTH, CREATE_TAG_BUFFER);
    return status;
}

/* Opens the image and learns from it what the parameters lack. *image is the caller's even after a failure. */
static NTSTATUS open_image(struct create_job *job, struct disk_parameters *parameters, struct image **image)
{
    struct image_options options = image_options(parameters);
    uint64_t required = 0;
    NTSTATUS status = open_as_client(job, &options, image);
    if (NT_SUCCESS(status)) {
        status = disk_parameters_resolve_size(parameters, image_length(*image), &required);
    }
    if (NT_SUCCESS(status) && required > image_length(*image)) {
        status = image_extend(*image, required);
    }
    if (NT_SUCCESS(status) && !options.buffered &&
        !image_multiple_of_sector(*image, parameters->image_offset | parameters->geometry.size_bytes)) {
        status = reopen_buffered(job, &options, image);
    }
    if (NT_SUCCESS(status)) {
        status = probe(*image, parameters);
    }
    if (NT_SUCCESS(status) && !options.buffered &&
        !image_multiple_of_sector(*image, parameters->geometry.bytes_per_sector)) {
        status = reopen_buffered(job, &options, image);
    }
    return status;
}

/* Takes the image over, even when it fails. */
static NTSTATUS create_file_source(struct image *image, const struct disk_parameters *parameters,
                                   struct source **source)
{
    struct source *base = image_source(image, parameters->image_offset);
    if (!parameters->byte_swap) {
        *source = base;
        return STATUS_SUCCESS;
    }
    NTSTATUS status = swap_create(base, parameters->geometry.size_bytes, source);
    if (!NT_SUCCESS(status)) {
        base->operations->destroy(base);
    }
    return status;
}

static NTSTATUS create_source(struct create_job *job, struct disk_parameters *parameters, struct source **source)
{
    struct image *image = NULL;
    NTSTATUS status;
    if (parameters->image_name_length != 0) {
        status = open_image(job, parameters, &image);
    } else {
        uint64_t unused;
        status = disk_parameters_resolve_size(parameters, 0, &unused);
        disk_parameters_resolve_geometry(parameters, NULL);
    }
    if (!NT_SUCCESS(status)) {
        goto out;
    }
    if (parameters->in_memory) {
        status = create_memory(job, image, parameters, source);
    } else {
        status = create_file_source(image, parameters, source);
        image = NULL;
    }

out:
    if (image != NULL) {
        image_close(image);
    }
    return status;
}

/* ---- the job ---- */

static NTSTATUS create_disk(struct create_job *job, struct disk_device **device)
{
    struct disk_create_policy policy = disk_driver.policy;
    struct disk_parameters parameters;
    struct source *source;
    if (job->irp == NULL) {
        policy.disallowed_drive_letters = 0; /* for users, not for who configures the driver */
    }
    NTSTATUS status = disk_parameters_parse(job->input, job->input_length, &policy, &parameters);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    if (parameters.number != IMDISK_AUTO_DEVICE_NUMBER && disk_device_number_taken(parameters.number)) {
        return STATUS_OBJECT_NAME_COLLISION; /* before the image is touched; who comes between is found out later */
    }
    status = create_source(job, &parameters, &source);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = disk_device_create(&parameters, source, job, device);
    if (!NT_SUCCESS(status)) {
        source->operations->destroy(source);
    }
    return status;
}

/* The request's input becomes its output, with what was left to the driver filled in. */
static ULONG_PTR write_reply(const struct create_job *job, const struct disk_device *device)
{
    const IO_STACK_LOCATION *stack = IoGetCurrentIrpStackLocation(job->irp);
    ULONG input_length = stack->Parameters.DeviceIoControl.InputBufferLength;
    ULONG output_length = stack->Parameters.DeviceIoControl.OutputBufferLength;
    unsigned char *buffer = job->irp->AssociatedIrp.SystemBuffer;
    if (output_length < input_length) {
        return 0;
    }
    RtlZeroMemory(buffer + input_length, output_length - input_length);
    disk_write_create_data(&device->disk, disk_flags(&device->disk), (struct imdisk_create_data *)buffer);
    return output_length;
}

/* Ends the request, or what takes its place. */
static void finish_request(struct create_job *job, NTSTATUS status, ULONG_PTR information)
{
    if (job->irp != NULL) {
        (void)nt_complete(job->irp, status, information);
    } else if (!NT_SUCCESS(status)) {
        disk_boot_failed(job->input->device_number, status);
    }
}

static void free_failed_job(struct nt_work *work)
{
    disk_create_job_free(CONTAINING_RECORD(work, struct create_job, work));
    disk_driver_leave();
}

/* Whoever holds the device now, it is gone soon: as if it had never been. */
static void undo(struct disk_device *device)
{
    if (disk_device_acquire(device)) {
        disk_device_remove(device, NULL);
        disk_device_release(device);
    }
}

static NTSTATUS register_volume(struct disk_device *device)
{
    NTSTATUS status = STATUS_SUCCESS;
    if (disk_mount_managed(&device->disk)) {
        disk_device_start_helper(device); /* somebody may want to read it meanwhile */
        status = disk_mount_arrive(&device->disk);
        device->mounted = true; /* maybe in part */
    }
    return status;
}

static void create_thread(void *context)
{
    struct create_job *job = context;
    struct disk_device *device = NULL;
    NTSTATUS status = create_disk(job, &device);
    release_client(job);
    if (!NT_SUCCESS(status)) {
        finish_request(job, status, 0);
        nt_work_post(&disk_driver.work, &job->work, free_failed_job);
        return;
    }
    status = register_volume(device);
    if (!NT_SUCCESS(status)) {
        job->undone = status; /* told when its number is free again */
        undo(device);
    } else {
        finish_request(job, status, job->irp != NULL ? write_reply(job, device) : 0);
    }
    disk_device_work(device);
}

/* Runs in the work thread, which also joins the threads: so it cannot look for one that is not there yet. */
static void start_job(struct nt_work *work)
{
    struct create_job *job = CONTAINING_RECORD(work, struct create_job, work);
    NTSTATUS status = nt_thread_create(&job->thread, create_thread, job);
    if (!NT_SUCCESS(status)) {
        release_client(job);
        finish_request(job, status, 0);
        free_failed_job(work);
    }
}

bool disk_create_job_join(struct create_job *job)
{
    nt_thread_join(&job->thread);
    return NT_SUCCESS(job->undone);
}

void disk_create_job_free(struct create_job *job)
{
    PIRP irp = job->irp;
    NTSTATUS undone = job->undone;
    nt_thread_join(&job->thread);
    if (irp == NULL && !NT_SUCCESS(undone)) {
        finish_request(job, undone, 0);
    }
    if (job->owned_size != 0) {
        disk_boot_request_free(job->input, job->owned_size);
    }
    platform_free(job, sizeof(*job), CREATE_TAG_JOB);
    if (irp != NULL && !NT_SUCCESS(undone)) { /* last: who hears of it finds no memory of it */
        (void)nt_complete(irp, undone, 0);
    }
}

ballast_status disk_create_device(void *target, struct request *request)
{
    PIRP irp = CONTAINING_RECORD(request, struct disk_request, request)->irp;
    (void)target;
    struct create_job *job = platform_allocate(PLATFORM_POOL_NONPAGED, sizeof(*job), CREATE_TAG_JOB);
    if (job == NULL) {
        return BALLAST_INSUFFICIENT_RESOURCES;
    }
    RtlZeroMemory(job, sizeof(*job));
    job->irp = irp;
    job->input = request->buffer;
    job->input_length = (ULONG)request->input_length;
    NTSTATUS status = capture_client(job);
    if (!NT_SUCCESS(status)) {
        platform_free(job, sizeof(*job), CREATE_TAG_JOB);
        return status;
    }
    if (!disk_driver_enter()) {
        release_client(job);
        platform_free(job, sizeof(*job), CREATE_TAG_JOB);
        return STATUS_DELETE_PENDING;
    }
    IoMarkIrpPending(irp);
    nt_work_post(&disk_driver.work, &job->work, start_job);
    return BALLAST_PENDING;
}

NTSTATUS disk_create_at_boot(struct imdisk_create_data *data, size_t size, ULONG length)
{
    struct create_job *job = platform_allocate(PLATFORM_POOL_NONPAGED, sizeof(*job), CREATE_TAG_JOB);
    if (job == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlZeroMemory(job, sizeof(*job));
    if (!disk_driver_enter()) {
        platform_free(job, sizeof(*job), CREATE_TAG_JOB);
        return STATUS_DELETE_PENDING;
    }
    job->input = data;
    job->input_length = length;
    job->owned_size = size;
    nt_work_post(&disk_driver.work, &job->work, start_job);
    return STATUS_SUCCESS;
}
