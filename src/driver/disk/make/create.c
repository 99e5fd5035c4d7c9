/* SPDX-License-Identifier: MIT */
/*
 * Creation of disks. A request is pended and carried out in a thread of its own, since opening and loading an image takes
 * time. After a success that thread is handed over to the device and becomes its first worker.
 */

#include "driver/disk/make/create.h"
#include "core/disk/control.h"
#include "driver/disk/device/driver.h"
#include "driver/disk/device/names.h"
#include "driver/disk/device/refresh.h"
#include "driver/disk/end/removal.h"
#include "driver/disk/make/device.h"
#include "driver/disk/make/source.h"
#include "driver/disk/workers.h"
#include "driver/nt/log.h"
#include "driver/nt/name.h"

#define CREATE_TAG_JOB     PLATFORM_TAG('B', 'd', 'J', 'b')
#define CREATE_TAG_REQUEST PLATFORM_TAG('B', 'd', 'B', 'o')

struct create_job {
    struct nt_work work;
    struct nt_thread thread;
    PIRP irp; /* NULL: a disk created at boot */
    /* The request: in the IRP's buffer, or owned. */
    struct imdisk_create_data *input;
    ULONG input_length;
    size_t owned_size; /* 0: not owned */
    struct disk_client client;
    struct disk_device *device; /* that was created */
    NTSTATUS undone;            /* why it had to go again */
    KEVENT gone;                /* it has */
};

struct imdisk_create_data *disk_create_allocate(size_t size)
{
    return platform_allocate(PLATFORM_POOL_PAGED, size, CREATE_TAG_REQUEST);
}

void disk_create_free(struct imdisk_create_data *data, size_t size)
{
    platform_free(data, size, CREATE_TAG_REQUEST);
}

void disk_create_report(uint32_t number, NTSTATUS status)
{
    struct nt_name name;
    nt_name_number(&name, L"ImDisk", number);
    name.text[name.string.Length / sizeof(WCHAR)] = 0;
    nt_log_failure(disk_driver.object, NT_EVENT_BOOT_DISK, name.text, status);
}

static void free_job(struct create_job *job)
{
    if (job->owned_size != 0) {
        disk_create_free(job->input, job->owned_size);
    }
    platform_free(job, sizeof(*job), CREATE_TAG_JOB);
}

static NTSTATUS create_disk(struct create_job *job)
{
    struct source_request request = {.client = &job->client, .irp = job->irp};
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
    status = disk_source_create(&request, &parameters, &source);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = disk_device_create(&parameters, source, &job->device);
    if (!NT_SUCCESS(status)) {
        source->operations->destroy(source);
    }
    return status;
}

/* The request's input becomes its output, with what was left to the driver filled in. */
static ULONG_PTR write_reply(const struct create_job *job)
{
    const struct disk *disk = &job->device->disk;
    const IO_STACK_LOCATION *stack = IoGetCurrentIrpStackLocation(job->irp);
    ULONG input_length = stack->Parameters.DeviceIoControl.InputBufferLength;
    ULONG output_length = stack->Parameters.DeviceIoControl.OutputBufferLength;
    unsigned char *buffer = job->irp->AssociatedIrp.SystemBuffer;
    if (output_length < input_length) {
        return 0;
    }
    RtlZeroMemory(buffer + input_length, output_length - input_length);
    disk_write_create_data(disk, disk_flags(disk), (struct imdisk_create_data *)buffer);
    return output_length;
}

/* Ends the request, or what takes its place. */
static void finish_request(struct create_job *job, NTSTATUS status, ULONG_PTR information)
{
    if (job->irp != NULL) {
        (void)nt_complete(job->irp, status, information);
    } else if (!NT_SUCCESS(status)) {
        disk_create_report(job->input->device_number, status);
    }
}

/* The ends of a job, in the work thread, which has also begun it. */

static void end_failed(struct nt_work *work)
{
    struct create_job *job = CONTAINING_RECORD(work, struct create_job, work);
    nt_thread_join(&job->thread);
    free_job(job);
    disk_driver_leave();
}

static void end_undone(struct nt_work *work)
{
    struct create_job *job = CONTAINING_RECORD(work, struct create_job, work);
    PIRP irp = job->irp;
    NTSTATUS undone = job->undone;
    nt_thread_join(&job->thread);
    if (irp == NULL) {
        finish_request(job, undone, 0);
    }
    free_job(job);
    if (irp != NULL) { /* last: who hears of it finds no memory of it */
        (void)nt_complete(irp, undone, 0);
    }
    disk_driver_leave();
}

/* Before the device can end, because its first worker has posted this. */
static void hand_over(struct nt_work *work)
{
    struct create_job *job = CONTAINING_RECORD(work, struct create_job, work);
    nt_thread_move(&job->device->workers[0], &job->thread);
    free_job(job);
    disk_driver_leave();
}

/* ---- the thread ---- */

/* Who only preferred a volume has a disk with its own letter. */
static void do_without_mount_manager(struct disk_device *device)
{
    disk_mount_leave(&device->mount);
    disk_driver_lock_numbers();
    __atomic_and_fetch(&device->disk.flags, ~BALLAST_OPTION_MOUNT_MANAGER, __ATOMIC_RELAXED);
    disk_names_link_letter(device);
    disk_driver_unlock_numbers();
    disk_refresh();
}

static NTSTATUS register_volume(struct disk_device *device)
{
    NTSTATUS status = STATUS_SUCCESS;
    if (device->disk.volume != 0) {
        disk_workers_start_helper(device); /* somebody may want to read it meanwhile */
        status = disk_mount_arrive(&device->disk, &device->mount);
    }
    if (!NT_SUCCESS(status) && (disk_flags(&device->disk) & BALLAST_OPTION_PREFER_VOLUME) != 0) {
        do_without_mount_manager(device);
        status = STATUS_SUCCESS;
    }
    return status;
}

/*
 * Whoever holds the device now, it is gone soon: as if it had never been. The request ends when its number is free again.
 */
static void undo(struct create_job *job, NTSTATUS status)
{
    struct disk_device *device = job->device;
    job->undone = status;
    KeInitializeEvent(&job->gone, NotificationEvent, FALSE);
    device->gone = &job->gone;
    if (disk_device_acquire(device)) {
        disk_removal_start(device, NULL);
        disk_device_release(device);
    }
    disk_workers_serve(device);
    (void)KeWaitForSingleObject(&job->gone, Executive, KernelMode, FALSE, NULL);
    nt_work_post(&disk_driver.work, &job->work, end_undone);
}

static void create_thread(void *context)
{
    struct create_job *job = context;
    NTSTATUS status = create_disk(job);
    disk_client_release(&job->client);
    if (!NT_SUCCESS(status)) {
        finish_request(job, status, 0);
        nt_work_post(&disk_driver.work, &job->work, end_failed);
        return;
    }
    struct disk_device *device = job->device;
    status = register_volume(device);
    if (!NT_SUCCESS(status)) {
        undo(job, status);
        return;
    }
    finish_request(job, status, job->irp != NULL ? write_reply(job) : 0);
    nt_work_post(&disk_driver.work, &job->work, hand_over);
    disk_workers_serve(device);
}

/* In the work thread, which also ends jobs: so it cannot look for a thread that is not there yet. */
static void begin(struct nt_work *work)
{
    struct create_job *job = CONTAINING_RECORD(work, struct create_job, work);
    NTSTATUS status = nt_thread_create(&job->thread, create_thread, job);
    if (!NT_SUCCESS(status)) {
        disk_client_release(&job->client);
        finish_request(job, status, 0);
        end_failed(work);
    }
}

static struct create_job *allocate_job(struct imdisk_create_data *input, ULONG length)
{
    struct create_job *job = platform_allocate(PLATFORM_POOL_NONPAGED, sizeof(*job), CREATE_TAG_JOB);
    if (job != NULL) {
        RtlZeroMemory(job, sizeof(*job));
        job->input = input;
        job->input_length = length;
    }
    return job;
}

NTSTATUS disk_create_start(PIRP irp, const struct request *request)
{
    struct create_job *job = allocate_job(request->buffer, (ULONG)request->input_length);
    if (job == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    job->irp = irp;
    NTSTATUS status = disk_client_capture(&job->client);
    if (NT_SUCCESS(status) && !disk_driver_enter()) {
        disk_client_release(&job->client);
        status = STATUS_DELETE_PENDING;
    }
    if (!NT_SUCCESS(status)) {
        free_job(job);
        return status;
    }
    IoMarkIrpPending(irp);
    nt_work_post(&disk_driver.work, &job->work, begin);
    return STATUS_PENDING;
}

NTSTATUS disk_create_at_boot(struct imdisk_create_data *data, size_t size, ULONG length)
{
    struct create_job *job = allocate_job(data, length);
    if (job == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    if (!disk_driver_enter()) {
        free_job(job);
        return STATUS_DELETE_PENDING;
    }
    job->owned_size = size;
    nt_work_post(&disk_driver.work, &job->work, begin);
    return STATUS_SUCCESS;
}
