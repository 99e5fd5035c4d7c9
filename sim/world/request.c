/* SPDX-License-Identifier: MIT */
/* Requests of processes to devices. */

#include "sim/world/request.h"

#include "sim/ground/options.h"
#include "sim/ground/thread.h"
#include "sim/ground/violation.h"
#include "sim/kernel/irp.h"
#include "sim/kernel/mdl.h"
#include "sim/kernel/memory.h"
#include "sim/world/fs.h"
#include "sim/world/paging.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

struct sim_request {
    struct sim_file *file;
    PIRP irp;      /* held by us until it is waited for */
    bool buffered; /* output goes through the system buffer */
    const void *input;
    ULONG input_length;
    void *output;
    ULONG output_length;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool done;
    NTSTATUS status;
    ULONG_PTR information;
    struct sim_request *next;
};

/* In the completing thread. */
static void completed(PIRP irp, void *context)
{
    struct sim_request *request = context;
    NTSTATUS status = irp->IoStatus.Status;
    ULONG_PTR information = NT_ERROR(status) ? 0 : irp->IoStatus.Information;
    if (request->buffered && information != 0) {
        void *buffer = irp->AssociatedIrp.SystemBuffer;
        if (information > request->output_length) {
            sim_violation("information", "%zu bytes returned, only %u asked for", (size_t)information,
                          request->output_length);
        }
        size_t unwritten = sim_system_buffer_unwritten(buffer, request->input_length, information);
        if (unwritten != information) {
            sim_violation("information", "%zu bytes returned, but byte %zu was never written", (size_t)information,
                          unwritten);
        }
        memcpy(request->output, buffer, information);
    }
    if (request->buffered) {
        sim_system_buffer_free(irp->AssociatedIrp.SystemBuffer);
    }
    pthread_mutex_lock(&request->mutex);
    request->status = status;
    request->information = information;
    request->done = true;
    pthread_cond_broadcast(&request->changed);
    pthread_mutex_unlock(&request->mutex);
}

struct sim_request *sim_request_create(struct sim_file *file, UCHAR major)
{
    struct sim_request *request = calloc(1, sizeof(*request));
    pthread_mutex_init(&request->mutex, NULL);
    pthread_cond_init(&request->changed, NULL);
    request->file = file;
    request->irp = sim_irp_create(&file->device->object, major, completed, request);
    sim_irp_hold(request->irp);
    const struct sim_process *requestor = file->process->sends_for;
    request->irp->Requestor = requestor != NULL ? requestor->object : file->process->object;
    IoGetCurrentIrpStackLocation(request->irp)->FileObject = &file->object;
    request->irp->Tail.Overlay.OriginalFileObject = &file->object;
    pthread_mutex_lock(&file->process->mutex);
    request->next = file->process->requests;
    file->process->requests = request;
    pthread_mutex_unlock(&file->process->mutex);
    return request;
}

struct sim_request *sim_request_end(struct sim_request *request, NTSTATUS status, ULONG_PTR information)
{
    request->status = status;
    request->information = information;
    request->done = true;
    sim_irp_release(request->irp); /* the reference that completion would drop */
    return request;
}

PIRP sim_request_irp(struct sim_request *request)
{
    return request->irp;
}

bool sim_requests_pending(const struct sim_file *file)
{
    pthread_mutex_lock(&file->process->mutex);
    const struct sim_request *request = file->process->requests;
    while (request != NULL && request->file != file) {
        request = request->next;
    }
    pthread_mutex_unlock(&file->process->mutex);
    return request != NULL;
}

struct sim_request *sim_request_send(struct sim_request *request)
{
    struct sim_thread *self = sim_self();
    self->administrator = request->file->process->administrator;
    self->user = request->file->process->user;
    self->token_flags = request->file->process->token_flags;
    self->of_administrator = request->file->process->of_administrator;
    self->token_level = request->file->process->token_level;
    self->process = request->file->process->object;
    if (request->file->process->cancels_first) {
        sim_irp_cancel(request->irp);
    }
    (void)sim_irp_dispatch(&request->file->device->object, request->irp);
    return request;
}

static struct sim_request *transfer_begin(struct sim_file *file, UCHAR major, uint64_t offset, void *buffer,
                                          ULONG length)
{
    struct sim_request *request = sim_request_create(file, major);
    bool write = major == IRP_MJ_WRITE;
    if ((file->granted & (write ? FILE_WRITE_DATA : FILE_READ_DATA)) == 0) {
        return sim_request_end(request, STATUS_ACCESS_DENIED, 0);
    }
    if (file->opened != NULL && !sim_fs_is_volume(file->opened)) {
        ULONG_PTR information;
        NTSTATUS status = sim_fs_transfer(file->opened, write, offset, buffer, length, &information);
        return sim_request_end(request, status, information);
    }
    ULONG sector = file->device->object.SectorSize != 0 ? file->device->object.SectorSize : 512;
    if (file->opened != NULL && (offset | length) % sector != 0) {
        return sim_request_end(request, STATUS_INVALID_PARAMETER, 0);
    }
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(request->irp);
    request->irp->RequestorMode = file->of_kernel ? KernelMode : UserMode;
    stack->Flags = write && file->write_through ? SL_WRITE_THROUGH : 0;
    stack->Parameters.Read.Length = length;
    stack->Parameters.Read.ByteOffset.QuadPart = (LONGLONG)offset;
    if ((file->device->object.Flags & DO_DIRECT_IO) != 0 && length != 0) {
        request->irp->MdlAddress = sim_mdl_create(buffer, length, !write);
    }
    /* What a driver that does direct I/O must not use. */
    request->irp->UserBuffer = (void *)(uintptr_t)0xDEAD0000DEAD0000u;
    request->irp->AssociatedIrp.SystemBuffer = request->irp->UserBuffer;
    return sim_request_send(request);
}

struct sim_request *sim_read_begin(struct sim_file *file, uint64_t offset, void *buffer, ULONG length)
{
    return transfer_begin(file, IRP_MJ_READ, offset, buffer, length);
}

struct sim_request *sim_write_begin(struct sim_file *file, uint64_t offset, const void *buffer, ULONG length)
{
    return transfer_begin(file, IRP_MJ_WRITE, offset, (void *)(uintptr_t)buffer, length);
}

NTSTATUS sim_paging_read(struct sim_file *file, uint64_t offset, void *buffer, ULONG length, ULONG_PTR *information)
{
    return sim_paging_transfer(&file->device->object, false, offset, buffer, length, information);
}

NTSTATUS sim_paging_write(struct sim_file *file, uint64_t offset, const void *buffer, ULONG length,
                          ULONG_PTR *information)
{
    return sim_paging_transfer(&file->device->object, true, offset, (void *)(uintptr_t)buffer, length, information);
}

void sim_file_write_through(struct sim_file *file)
{
    file->write_through = true;
}

void sim_file_of_kernel(struct sim_file *file)
{
    file->of_kernel = true;
}

static struct sim_request *control_begin(struct sim_file *file, UCHAR major, ULONG code, const void *input,
                                         ULONG input_length, void *output, ULONG output_length)
{
    struct sim_request *request = sim_request_create(file, major);
    ACCESS_MASK needed = code >> 14 & 3; /* FILE_READ_DATA and FILE_WRITE_DATA have the same values */
    if (major == IRP_MJ_DEVICE_CONTROL && !file->process->kernel && (file->granted & needed) != needed) {
        return sim_request_end(request, STATUS_ACCESS_DENIED, 0);
    }
    if ((code & 3) != 0) {
        return sim_request_end(request, STATUS_INVALID_DEVICE_REQUEST, 0); /* only METHOD_BUFFERED is used */
    }
    if (file->opened != NULL && major == IRP_MJ_FILE_SYSTEM_CONTROL) {
        return sim_request_end(request, sim_fs_control(file->opened, code), 0);
    }
    if (file->opened != NULL && !sim_fs_is_volume(file->opened)) {
        return sim_request_end(request, STATUS_INVALID_DEVICE_REQUEST, 0); /* files are no devices */
    }
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(request->irp);
    request->irp->RequestorMode = major == IRP_MJ_DEVICE_CONTROL ? UserMode : KernelMode;
    stack->Parameters.DeviceIoControl.IoControlCode = code;
    stack->Parameters.DeviceIoControl.InputBufferLength = input_length;
    stack->Parameters.DeviceIoControl.OutputBufferLength = output_length;
    request->buffered = true;
    request->input_length = input_length;
    request->output = output;
    request->output_length = output_length;
    request->irp->AssociatedIrp.SystemBuffer =
        sim_system_buffer_create(input, input_length, input_length > output_length ? input_length : output_length);
    return sim_request_send(request);
}

struct sim_request *sim_ioctl_begin(struct sim_file *file, ULONG code, const void *input, ULONG input_length,
                                    void *output, ULONG output_length)
{
    return control_begin(file, IRP_MJ_DEVICE_CONTROL, code, input, input_length, output, output_length);
}

NTSTATUS sim_internal_ioctl(struct sim_file *file, ULONG code, const void *input, ULONG input_length, void *output,
                            ULONG output_length, ULONG_PTR *information)
{
    return sim_request_wait(
        control_begin(file, IRP_MJ_INTERNAL_DEVICE_CONTROL, code, input, input_length, output, output_length),
        information);
}

NTSTATUS sim_fsctl(struct sim_file *file, ULONG code, const void *input, ULONG input_length, void *output,
                   ULONG output_length)
{
    return sim_request_wait(
        control_begin(file, IRP_MJ_FILE_SYSTEM_CONTROL, code, input, input_length, output, output_length), NULL);
}

NTSTATUS sim_query_information(struct sim_file *file, FILE_INFORMATION_CLASS information_class, void *buffer,
                               ULONG length, ULONG_PTR *information)
{
    struct sim_request *request = sim_request_create(file, IRP_MJ_QUERY_INFORMATION);
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(request->irp);
    stack->Parameters.QueryFile.Length = length;
    stack->Parameters.QueryFile.FileInformationClass = information_class;
    request->buffered = true;
    request->output = buffer;
    request->output_length = length;
    request->irp->AssociatedIrp.SystemBuffer = sim_system_buffer_create(NULL, 0, length);
    return sim_request_wait(sim_request_send(request), information);
}

NTSTATUS sim_set_information(struct sim_file *file, FILE_INFORMATION_CLASS information_class, const void *buffer,
                             ULONG length)
{
    struct sim_request *request = sim_request_create(file, IRP_MJ_SET_INFORMATION);
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(request->irp);
    stack->Parameters.SetFile.Length = length;
    stack->Parameters.SetFile.FileInformationClass = information_class;
    request->buffered = true;
    request->input_length = length;
    request->irp->AssociatedIrp.SystemBuffer = sim_system_buffer_create(buffer, length, length);
    return sim_request_wait(sim_request_send(request), NULL);
}

NTSTATUS sim_usage_notification(struct sim_file *file, DEVICE_USAGE_NOTIFICATION_TYPE type, bool in_path)
{
    struct sim_request *request = sim_request_create(file, IRP_MJ_PNP);
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(request->irp);
    stack->MinorFunction = IRP_MN_DEVICE_USAGE_NOTIFICATION;
    stack->Parameters.UsageNotification.InPath = in_path;
    stack->Parameters.UsageNotification.Type = type;
    return sim_request_wait(sim_request_send(request), NULL);
}

void sim_cancel(struct sim_request *request)
{
    if (!sim_request_done(request)) {
        sim_irp_cancel(request->irp); /* may have been completed meanwhile; we hold it */
    }
}

void sim_cancel_hold(bool on)
{
    sim_irp_cancel_hold(on);
}

bool sim_request_done(struct sim_request *request)
{
    pthread_mutex_lock(&request->mutex);
    bool done = request->done;
    pthread_mutex_unlock(&request->mutex);
    return done;
}

static void wait_done(struct sim_request *request)
{
    struct timespec deadline;
    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec += sim_get_options()->watchdog_seconds;
    pthread_mutex_lock(&request->mutex);
    while (!request->done) {
        if (pthread_cond_timedwait(&request->changed, &request->mutex, &deadline) != 0) {
            sim_violation("hang", "a request has not been completed for %u s", sim_get_options()->watchdog_seconds);
        }
    }
    pthread_mutex_unlock(&request->mutex);
}

static void free_request(struct sim_request *request)
{
    struct sim_process *process = request->file->process;
    pthread_mutex_lock(&process->mutex);
    struct sim_request **link = &process->requests;
    while (*link != request) {
        link = &(*link)->next;
    }
    *link = request->next;
    pthread_mutex_unlock(&process->mutex);
    sim_irp_release(request->irp);
    pthread_cond_destroy(&request->changed);
    pthread_mutex_destroy(&request->mutex);
    free(request);
}

NTSTATUS sim_request_wait(struct sim_request *request, ULONG_PTR *information)
{
    wait_done(request);
    NTSTATUS status = request->status;
    if (information != NULL) {
        *information = request->information;
    }
    free_request(request);
    return status;
}

NTSTATUS sim_read(struct sim_file *file, uint64_t offset, void *buffer, ULONG length, ULONG_PTR *information)
{
    return sim_request_wait(sim_read_begin(file, offset, buffer, length), information);
}

NTSTATUS sim_write(struct sim_file *file, uint64_t offset, const void *buffer, ULONG length, ULONG_PTR *information)
{
    return sim_request_wait(sim_write_begin(file, offset, buffer, length), information);
}

NTSTATUS sim_simple_request(struct sim_file *file, UCHAR major)
{
    return sim_request_wait(sim_request_send(sim_request_create(file, major)), NULL);
}

/* RAW has no such function. */
NTSTATUS sim_flush(struct sim_file *file)
{
    if (file->opened != NULL) {
        NTSTATUS status = sim_fs_is_raw(file->opened) ? STATUS_INVALID_DEVICE_REQUEST : sim_fs_flush(file->opened);
        if (!NT_SUCCESS(status)) {
            return status;
        }
    }
    return sim_simple_request(file, IRP_MJ_FLUSH_BUFFERS);
}

NTSTATUS sim_ioctl(struct sim_file *file, ULONG code, const void *input, ULONG input_length, void *output,
                   ULONG output_length, ULONG_PTR *information)
{
    return sim_request_wait(sim_ioctl_begin(file, code, input, input_length, output, output_length), information);
}

void sim_requests_cancel(struct sim_process *process)
{
    for (struct sim_request *request = process->requests; request != NULL; request = request->next) {
        sim_cancel(request);
    }
    while (process->requests != NULL) {
        (void)sim_request_wait(process->requests, NULL);
    }
}
