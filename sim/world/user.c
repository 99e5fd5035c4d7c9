/* SPDX-License-Identifier: MIT */
/* The user-mode side: processes, handles, requests. */

#include "sim/api/process.h"

#include "sim/ground/chance.h"
#include "sim/ground/options.h"
#include "sim/ground/thread.h"
#include "sim/ground/violation.h"
#include "sim/kernel/device.h"
#include "sim/kernel/irp.h"
#include "sim/kernel/mdl.h"
#include "sim/kernel/memory.h"
#include "sim/kernel/mm.h"
#include "sim/kernel/names.h"
#include "sim/world/mounted.h"
#include "sim/world/paging.h"
#include "sim/kernel/process.h"
#include "sim/ground/handle.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_SIZE 512

struct sim_process {
    PEPROCESS object;
    bool administrator;
    enum sim_restriction restriction;
    uint32_t user;
    unsigned token_flags;
    pthread_mutex_t mutex; /* files, requests */
    struct sim_file *files;
    struct sim_request *requests;
};

struct sim_file {
    struct sim_process *process;
    struct sim_device *device;
    ACCESS_MASK granted;
    bool write_through, of_kernel;
    FILE_OBJECT object;
    WCHAR name[PATH_SIZE];
    struct sim_file *next;
};

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

struct sim_process *sim_process_create(bool administrator)
{
    struct sim_process *process = calloc(1, sizeof(*process));
    process->administrator = administrator;
    process->object = sim_eprocess_create();
    pthread_mutex_init(&process->mutex, NULL);
    return process;
}

void sim_process_restrict(struct sim_process *process, enum sim_restriction restriction)
{
    process->restriction = restriction;
}

uint32_t sim_process_id(struct sim_process *process)
{
    return sim_eprocess_id(process->object);
}

void sim_process_set(struct sim_process *process, uint32_t id, bool narrow, size_t lock_limit)
{
    sim_eprocess_set(process->object, id, narrow, lock_limit);
}

void sim_process_set_token(struct sim_process *process, uint32_t user, unsigned flags)
{
    process->user = user;
    process->token_flags = flags;
}

void sim_process_hide(struct sim_process *process, bool on)
{
    sim_eprocess_hide(process->object, on);
}

void sim_process_hold(struct sim_process *process, bool on)
{
    sim_eprocess_hold(process->object, on);
}

unsigned sim_process_waiting(struct sim_process *process)
{
    return sim_eprocess_waiting(process->object);
}

bool sim_process_map_own(struct sim_process *process, uint64_t address, size_t size)
{
    return sim_eprocess_map_own(process->object, address, size);
}

void sim_process_unlock(struct sim_process *process, uint64_t address)
{
    sim_eprocess_unlock(process->object, address);
}

uint64_t sim_process_create_time(struct sim_process *process)
{
    return sim_eprocess_create_time(process->object);
}

uint64_t sim_process_open_process(struct sim_process *process, struct sim_process *target, bool query)
{
    return sim_user_handle_create(process->object, target->object, query);
}

void *sim_process_memory(struct sim_process *process, uint64_t address, size_t size, bool write)
{
    return sim_eprocess_memory(process->object, address, size, write);
}

unsigned sim_process_views(struct sim_process *process)
{
    return sim_eprocess_views(process->object);
}

bool sim_process_unmap(struct sim_process *process, uint64_t address)
{
    return sim_eprocess_unmap(process->object, address);
}

/* ---- requests ---- */

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

static struct sim_request *new_request(struct sim_file *file, UCHAR major)
{
    struct sim_request *request = calloc(1, sizeof(*request));
    pthread_mutex_init(&request->mutex, NULL);
    pthread_cond_init(&request->changed, NULL);
    request->file = file;
    request->irp = sim_irp_create(&file->device->object, major, completed, request);
    sim_irp_hold(request->irp);
    request->irp->Requestor = file->process->object;
    IoGetCurrentIrpStackLocation(request->irp)->FileObject = &file->object;
    request->irp->Tail.Overlay.OriginalFileObject = &file->object;
    pthread_mutex_lock(&file->process->mutex);
    request->next = file->process->requests;
    file->process->requests = request;
    pthread_mutex_unlock(&file->process->mutex);
    return request;
}

/* Ends a request that the I/O manager refuses itself. */
static struct sim_request *refuse(struct sim_request *request, NTSTATUS status)
{
    request->status = status;
    request->done = true;
    sim_irp_release(request->irp); /* the reference that completion would drop */
    return request;
}

static struct sim_request *send(struct sim_request *request)
{
    struct sim_thread *self = sim_self();
    self->administrator = request->file->process->administrator;
    self->user = request->file->process->user;
    self->token_flags = request->file->process->token_flags;
    self->process = request->file->process->object;
    (void)sim_irp_dispatch(&request->file->device->object, request->irp);
    return request;
}

static struct sim_request *transfer_begin(struct sim_file *file, UCHAR major, uint64_t offset, void *buffer,
                                          ULONG length)
{
    struct sim_request *request = new_request(file, major);
    bool write = major == IRP_MJ_WRITE;
    if ((file->granted & (write ? FILE_WRITE_DATA : FILE_READ_DATA)) == 0) {
        return refuse(request, STATUS_ACCESS_DENIED);
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
    return send(request);
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
    struct sim_request *request = new_request(file, major);
    ACCESS_MASK needed = code >> 14 & 3; /* FILE_READ_DATA and FILE_WRITE_DATA have the same values */
    if (major == IRP_MJ_DEVICE_CONTROL && (file->granted & needed) != needed) {
        return refuse(request, STATUS_ACCESS_DENIED);
    }
    if ((code & 3) != 0) {
        return refuse(request, STATUS_INVALID_DEVICE_REQUEST); /* only METHOD_BUFFERED is used */
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
    return send(request);
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

NTSTATUS sim_query_information(struct sim_file *file, FILE_INFORMATION_CLASS information_class, void *buffer,
                               ULONG length, ULONG_PTR *information)
{
    struct sim_request *request = new_request(file, IRP_MJ_QUERY_INFORMATION);
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(request->irp);
    stack->Parameters.QueryFile.Length = length;
    stack->Parameters.QueryFile.FileInformationClass = information_class;
    request->buffered = true;
    request->output = buffer;
    request->output_length = length;
    request->irp->AssociatedIrp.SystemBuffer = sim_system_buffer_create(NULL, 0, length);
    return sim_request_wait(send(request), information);
}

NTSTATUS sim_set_information(struct sim_file *file, FILE_INFORMATION_CLASS information_class, const void *buffer,
                             ULONG length)
{
    struct sim_request *request = new_request(file, IRP_MJ_SET_INFORMATION);
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(request->irp);
    stack->Parameters.SetFile.Length = length;
    stack->Parameters.SetFile.FileInformationClass = information_class;
    request->buffered = true;
    request->input_length = length;
    request->irp->AssociatedIrp.SystemBuffer = sim_system_buffer_create(buffer, length, length);
    return sim_request_wait(send(request), NULL);
}

NTSTATUS sim_usage_notification(struct sim_file *file, DEVICE_USAGE_NOTIFICATION_TYPE type, bool in_path)
{
    struct sim_request *request = new_request(file, IRP_MJ_PNP);
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(request->irp);
    stack->MinorFunction = IRP_MN_DEVICE_USAGE_NOTIFICATION;
    stack->Parameters.UsageNotification.InPath = in_path;
    stack->Parameters.UsageNotification.Type = type;
    return sim_request_wait(send(request), NULL);
}

void sim_cancel(struct sim_request *request)
{
    if (!sim_request_done(request)) {
        sim_irp_cancel(request->irp); /* may have been completed meanwhile; we hold it */
    }
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
    return sim_request_wait(send(new_request(file, major)), NULL);
}

NTSTATUS sim_flush(struct sim_file *file)
{
    return sim_simple_request(file, IRP_MJ_FLUSH_BUFFERS);
}

NTSTATUS sim_ioctl(struct sim_file *file, ULONG code, const void *input, ULONG input_length, void *output,
                   ULONG output_length, ULONG_PTR *information)
{
    return sim_request_wait(sim_ioctl_begin(file, code, input, input_length, output, output_length), information);
}

NTSTATUS sim_fs_control(struct sim_file *file, ULONG code)
{
    return sim_mounted_control(file->device, file, code);
}

/* ---- handles ---- */

static ACCESS_MASK map_access(ACCESS_MASK access)
{
    ACCESS_MASK mapped = access & ~(GENERIC_READ | GENERIC_WRITE | GENERIC_EXECUTE | GENERIC_ALL);
    mapped |= (access & GENERIC_READ) != 0 ? FILE_GENERIC_READ : 0;
    mapped |= (access & GENERIC_WRITE) != 0 ? FILE_GENERIC_WRITE : 0;
    mapped |= (access & GENERIC_ALL) != 0 ? FILE_ALL_ACCESS : 0;
    return mapped;
}

/*
 * What the I/O manager checks before a device is asked to open: the access to it, or that names behind it may be reached. The
 * latter it leaves to the device without FILE_DEVICE_SECURE_OPEN, but not for restricted programs.
 */
static bool may_open(const struct sim_process *process, const struct sim_device *device, bool behind,
                     ACCESS_MASK wanted)
{
    ACCESS_MASK granted =
        sim_device_granted(device, process->administrator, process->restriction, process->token_flags);
    ULONG characteristics = device->object.Characteristics;
    if (behind && process->restriction == SIM_APP_CONTAINER) {
        return (characteristics & FILE_DEVICE_ALLOW_APPCONTAINER_TRAVERSAL) != 0;
    }
    if (behind && process->restriction == SIM_RESTRICTED_TOKEN) {
        return (granted & FILE_TRAVERSE) != 0;
    }
    return (behind && (characteristics & FILE_DEVICE_SECURE_OPEN) == 0) || (granted & wanted) == wanted;
}

/* `rest` is the name behind the device's. */
static NTSTATUS open_device(struct sim_process *process, struct sim_device *device, const char *rest,
                            ACCESS_MASK access, struct sim_file **result)
{
    if ((device->object.Flags & DO_DEVICE_INITIALIZING) != 0) {
        return STATUS_NO_SUCH_DEVICE;
    }
    ACCESS_MASK wanted = map_access(access);
    if (!may_open(process, device, rest[0] != 0, wanted)) {
        return STATUS_ACCESS_DENIED;
    }
    struct sim_file *file = calloc(1, sizeof(*file));
    file->process = process;
    file->device = device;
    file->granted = wanted;
    file->object.DeviceObject = &device->object;
    file->object.FileName.Length = (USHORT)(strlen(rest) * sizeof(WCHAR));
    for (size_t i = 0; rest[i] != 0; i++) {
        file->name[i] = (unsigned char)rest[i];
    }
    file->object.FileName.Buffer = file->name;
    if (!sim_device_open(device)) {
        free(file);
        return STATUS_NO_SUCH_DEVICE;
    }
    ACCESS_STATE state = {wanted};
    IO_SECURITY_CONTEXT security = {&state, wanted};
    struct sim_request *request = new_request(file, IRP_MJ_CREATE);
    IoGetCurrentIrpStackLocation(request->irp)->Parameters.Create.SecurityContext = &security;
    NTSTATUS status = sim_request_wait(send(request), NULL);
    if (!NT_SUCCESS(status)) {
        sim_device_close(device);
        free(file);
        return status;
    }
    /* The open of a volume is the file system's. It sets these if it shares files by them, which RAW does not. */
    file->object.ReadAccess = file->object.WriteAccess = FALSE;
    pthread_mutex_lock(&process->mutex);
    file->next = process->files;
    process->files = file;
    pthread_mutex_unlock(&process->mutex);
    *result = file;
    return status;
}

NTSTATUS sim_create_file(struct sim_process *process, const char *path, ACCESS_MASK access, struct sim_file **file)
{
    char resolved[PATH_SIZE];
    const char *rest = "";
    if (!sim_resolve_path(path, resolved, sizeof(resolved))) {
        return STATUS_OBJECT_NAME_NOT_FOUND;
    }
    struct sim_device *device = sim_device_find(resolved);
    char *separator = strrchr(resolved, '\\');
    if (device == NULL && separator != NULL) {
        rest = strrchr(path, '\\');
        *separator = 0;
        device = sim_device_find(resolved);
    }
    if (device == NULL) {
        return STATUS_OBJECT_NAME_NOT_FOUND;
    }
    NTSTATUS status = open_device(process, device, rest, access, file);
    sim_device_dereference(device);
    return status;
}

static void check_no_requests(const struct sim_file *file)
{
    pthread_mutex_lock(&file->process->mutex);
    for (const struct sim_request *request = file->process->requests; request != NULL; request = request->next) {
        if (request->file == file) {
            sim_violation("test", "a file is closed while requests to it have not been waited for");
        }
    }
    pthread_mutex_unlock(&file->process->mutex);
}

void sim_close(struct sim_file *file)
{
    struct sim_process *process = file->process;
    check_no_requests(file);
    (void)sim_simple_request(file, IRP_MJ_CLEANUP);
    (void)sim_simple_request(file, IRP_MJ_CLOSE);
    pthread_mutex_lock(&process->mutex);
    struct sim_file **link = &process->files;
    while (*link != file) {
        link = &(*link)->next;
    }
    *link = file->next;
    pthread_mutex_unlock(&process->mutex);
    sim_mounted_closed(file);
    sim_device_close(file->device);
    free(file);
}

void sim_kill_process(struct sim_process *process)
{
    for (struct sim_request *request = process->requests; request != NULL; request = request->next) {
        sim_cancel(request);
    }
    while (process->requests != NULL) {
        (void)sim_request_wait(process->requests, NULL);
    }
    bool unmapped_first = sim_chance(50);
    sim_eprocess_hold(process->object, false);
    sim_process_notify_exit(process->object);
    if (unmapped_first) {
        sim_eprocess_exit(process->object);
    }
    while (process->files != NULL) {
        sim_close(process->files);
    }
    if (!unmapped_first) {
        sim_eprocess_exit(process->object);
    }
    sim_user_handles_close(process->object);
    sim_eprocess_dereference(process->object);
    pthread_mutex_destroy(&process->mutex);
    free(process);
}
