/* SPDX-License-Identifier: MIT */
/* The user-mode side: processes and their handles. */

#include "sim/world/user.h"

#include "sim/api/process.h"

#include "sim/ground/chance.h"
#include "sim/ground/handle.h"
#include "sim/ground/violation.h"
#include "sim/kernel/device.h"
#include "sim/kernel/mm.h"
#include "sim/kernel/names.h"
#include "sim/kernel/process.h"
#include "sim/world/fs.h"
#include "sim/world/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sim_process *sim_process_create(bool administrator)
{
    struct sim_process *process = calloc(1, sizeof(*process));
    process->administrator = administrator;
    process->object = sim_eprocess_create();
    pthread_mutex_init(&process->mutex, NULL);
    return process;
}

void sim_process_set_kernel(struct sim_process *process)
{
    process->kernel = true;
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
    sim_eprocess_set_user(process->object, user);
    process->token_flags = flags;
}

void sim_process_open_to_all(struct sim_process *process)
{
    sim_eprocess_open_to_all(process->object);
}

void sim_process_exit_with(struct sim_process *process, NTSTATUS status)
{
    sim_eprocess_exit_with(process->object, status);
}

void sim_process_impersonate(struct sim_process *process, bool administrator, unsigned level)
{
    process->of_administrator = administrator;
    process->token_level = level;
}

void sim_process_cancels_first(struct sim_process *process, bool on)
{
    process->cancels_first = on;
}

void sim_process_send_for(struct sim_process *process, const struct sim_process *requestor)
{
    process->sends_for = requestor;
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
 * latter it leaves to the device without FILE_DEVICE_SECURE_OPEN, and to a file system, but not for restricted programs.
 */
static bool may_open(const struct sim_process *process, const struct sim_device *device, const char *rest,
                     ACCESS_MASK wanted)
{
    ACCESS_MASK granted =
        sim_device_granted(device, process->administrator, process->restriction, process->token_flags);
    ULONG characteristics = device->object.Characteristics;
    bool behind = rest[0] != 0;
    if (process->kernel) {
        return true;
    }
    if (behind && process->restriction == SIM_APP_CONTAINER) {
        return (characteristics & FILE_DEVICE_ALLOW_APPCONTAINER_TRAVERSAL) != 0;
    }
    if (behind && process->restriction == SIM_RESTRICTED_TOKEN) {
        return (granted & FILE_TRAVERSE) != 0;
    }
    if (behind && sim_fs_is_asked(device, rest, wanted)) {
        return true;
    }
    return (behind && (characteristics & FILE_DEVICE_SECURE_OPEN) == 0) || (granted & wanted) == wanted;
}

static struct sim_file *make_file(struct sim_process *process, struct sim_device *device, const char *rest,
                                  ACCESS_MASK granted)
{
    struct sim_file *file = calloc(1, sizeof(*file));
    file->process = process;
    file->device = device;
    file->granted = granted;
    file->object.DeviceObject = &device->object;
    file->object.FileName.Length = (USHORT)(strlen(rest) * sizeof(WCHAR));
    for (size_t i = 0; rest[i] != 0; i++) {
        file->name[i] = (unsigned char)rest[i];
    }
    file->object.FileName.Buffer = file->name;
    return file;
}

/* The device is open, and its driver is asked. */
static NTSTATUS ask_driver(struct sim_file *file)
{
    ACCESS_STATE state = {file->granted};
    IO_SECURITY_CONTEXT security = {&state, file->granted};
    struct sim_request *request = sim_request_create(file, IRP_MJ_CREATE);
    IoGetCurrentIrpStackLocation(sim_request_irp(request))->Parameters.Create.SecurityContext = &security;
    NTSTATUS status = sim_request_wait(sim_request_send(request), NULL);
    /* Who opens a device records this if it shares files by it: a file system, if it is not RAW. */
    file->object.ReadAccess = file->object.WriteAccess = FALSE;
    return status;
}

/* `rest` is the name behind the device's. */
static NTSTATUS open_device(struct sim_process *process, struct sim_device *device, const char *rest,
                            ACCESS_MASK access, struct sim_file **result)
{
    if ((device->object.Flags & DO_DEVICE_INITIALIZING) != 0) {
        return STATUS_NO_SUCH_DEVICE;
    }
    ACCESS_MASK wanted = map_access(access);
    if (!may_open(process, device, rest, wanted)) {
        return STATUS_ACCESS_DENIED;
    }
    if (!sim_device_open(device)) {
        return STATUS_NO_SUCH_DEVICE;
    }
    struct sim_file *file = make_file(process, device, rest, wanted);
    NTSTATUS status = sim_fs_is_asked(device, rest, wanted)
                          ? sim_fs_open(device, rest, &file->object, wanted, &file->opened)
                          : ask_driver(file);
    if (!NT_SUCCESS(status)) {
        sim_device_close(device);
        free(file);
        return status;
    }
    pthread_mutex_lock(&process->mutex);
    file->next = process->files;
    process->files = file;
    pthread_mutex_unlock(&process->mutex);
    *result = file;
    return status;
}

/* NULL if the path, or what it leads to, is no device's. */
static struct sim_device *device_at(const char *path)
{
    char resolved[SIM_PATH_SIZE];
    return sim_resolve_path(path, resolved, sizeof(resolved)) ? sim_device_find(resolved) : NULL;
}

NTSTATUS sim_create_file(struct sim_process *process, const char *path, ACCESS_MASK access, struct sim_file **file)
{
    const char *rest = "";
    struct sim_device *device = device_at(path);
    const char *separator = strrchr(path, '\\');
    if (device == NULL && separator != NULL) {
        char front[SIM_PATH_SIZE];
        (void)snprintf(front, sizeof(front), "%.*s", (int)(separator - path), path);
        rest = separator;
        device = device_at(front);
    }
    if (device == NULL) {
        return STATUS_OBJECT_NAME_NOT_FOUND;
    }
    NTSTATUS status = open_device(process, device, rest, access, file);
    sim_device_dereference(device);
    return status;
}

void sim_close_handle(struct sim_file *file)
{
    file->cleaned = true;
    (void)sim_simple_request(file, IRP_MJ_CLEANUP);
}

void sim_close(struct sim_file *file)
{
    struct sim_process *process = file->process;
    if (sim_requests_pending(file)) {
        sim_violation("test", "a file is closed while requests to it have not been waited for");
    }
    if (file->opened != NULL) {
        sim_fs_close(file->opened);
    } else {
        if (!file->cleaned) {
            sim_close_handle(file);
        }
        (void)sim_simple_request(file, IRP_MJ_CLOSE);
    }
    pthread_mutex_lock(&process->mutex);
    struct sim_file **link = &process->files;
    while (*link != file) {
        link = &(*link)->next;
    }
    *link = file->next;
    pthread_mutex_unlock(&process->mutex);
    sim_device_close(file->device);
    free(file);
}

void sim_kill_process(struct sim_process *process)
{
    sim_requests_cancel(process);
    bool unmapped_first = sim_chance(50);
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
