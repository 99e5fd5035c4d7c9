/* SPDX-License-Identifier: MIT */
/* ballastai.sys: load and unload, entry points, handles, parameters. */

#include "driver/ai/driver.h"
#include "driver/nt/late.h"
#include "driver/nt/link.h"
#include "driver/nt/pool.h"
#include "driver/nt/registry.h"
#include "driver/nt/security.h"
#include "driver/nt/stack_protector.h"
#include "driver/nt/wine.h"

#define DEVICE_NAME         L"\\Device\\BallastAi"

/*
 * Everybody may open it for reading and writing, because the Codex clients do. What a user may do to others is limited
 * elsewhere: quotas of processes and users bound the pool, and feeding and configuring take other rights.
 */
#define ACCESS_EVERYONE     (FILE_GENERIC_READ | FILE_GENERIC_WRITE)

#define DEFAULT_LIFETIME_MS 10000u
#define MAXIMUM_LIFETIME_MS ((uint64_t)24 * 60 * 60 * 1000)
#define MAXIMUM_POOL_BYTES  ((uint64_t)1 << 40)
#define SMALL_SHARE         64u /* of a quota, for handles that were not opened for writing: 1 MiB */

DRIVER_INITIALIZE DriverEntry;

/* The first is ours; the others are the Codex clients', and another driver may have them already. */
static const WCHAR *const links[] = {L"\\DosDevices\\BallastAi", L"\\DosDevices\\AIDriver", L"\\DosDevices\\AI_Driver",
                                     L"\\DosDevices\\CodexAiDriver"};
#define LINKS (sizeof(links) / sizeof(links[0]))

/* ---- handles ---- */

static NTSTATUS NTAPI dispatch_create(PDEVICE_OBJECT object, PIRP irp)
{
    NTSTATUS status =
        __atomic_load_n(&ai_driver.ready, __ATOMIC_ACQUIRE) ? ai_file_open(object, irp) : STATUS_DEVICE_NOT_READY;
    return nt_complete(irp, status, 0);
}

/* The last handle is gone: nobody waits for what it has left in the queue. Wine does not send this. */
static NTSTATUS NTAPI dispatch_cleanup(PDEVICE_OBJECT object, PIRP irp)
{
    const struct ai_file *file = IoGetCurrentIrpStackLocation(irp)->FileObject->FsContext;
    UNREFERENCED_PARAMETER(object);
    if (file != NULL) {
        ai_service_abandon(file);
    }
    return nt_complete(irp, STATUS_SUCCESS, 0);
}

static NTSTATUS NTAPI dispatch_close(PDEVICE_OBJECT object, PIRP irp)
{
    PFILE_OBJECT file_object = IoGetCurrentIrpStackLocation(irp)->FileObject;
    struct ai_file *file = file_object->FsContext;
    UNREFERENCED_PARAMETER(object);
    file_object->FsContext = NULL;
    ai_file_release(file);
    return nt_complete(irp, STATUS_SUCCESS, 0);
}

/* ---- parameters ---- */

static NTSTATUS remember_path(void)
{
    return nt_registry_parameters_path(ai_driver.service_key, &ai_driver.parameters);
}

static void forget_path(void)
{
    nt_registry_path_free(&ai_driver.parameters);
}

/*
 * A number from the registry instead of the default that *value holds. One that is missing, no number or out of range
 * leaves it, which the debug output tells of the last; want of memory is an error, because it says nothing about the value.
 */
static NTSTATUS parameter(HANDLE key, const WCHAR *name, uint64_t minimum, uint64_t maximum, uint64_t *value)
{
    uint64_t found;
    NTSTATUS status = nt_registry_read_number(key, name, &found);
    if (!NT_SUCCESS(status)) {
        return status == STATUS_INSUFFICIENT_RESOURCES ? status : STATUS_SUCCESS;
    }
    if (found < minimum || found > maximum) {
        DbgPrint("ballastai: the value %ls is out of range and ignored\n", name);
    } else {
        *value = found;
    }
    return STATUS_SUCCESS;
}

struct parameters {
    uint64_t pool_bytes;
    uint64_t owner_bytes;   /* of a process; 0: a quarter of the pool */
    uint64_t user_bytes;    /* 0: as many as a process, but a quarter of the pool at least */
    uint64_t reserve_bytes; /* UINT64_MAX: an eighth of the pool */
    uint64_t lifetime_ms;
};

static NTSTATUS read_parameters(struct parameters *parameters)
{
    HANDLE key;
    NTSTATUS status = ai_open_parameters(&key);
    if (!NT_SUCCESS(status)) {
        return status == STATUS_INSUFFICIENT_RESOURCES ? status : STATUS_SUCCESS; /* no such key: defaults */
    }
    status = parameter(key, L"PoolBytes", BALLAST_AI_POOL_UNIT, MAXIMUM_POOL_BYTES, &parameters->pool_bytes);
    if (NT_SUCCESS(status)) {
        status = parameter(key, L"OwnerPoolBytes", BALLAST_AI_POOL_UNIT, MAXIMUM_POOL_BYTES, &parameters->owner_bytes);
    }
    if (NT_SUCCESS(status)) {
        status = parameter(key, L"UserPoolBytes", BALLAST_AI_POOL_UNIT, MAXIMUM_POOL_BYTES, &parameters->user_bytes);
    }
    if (NT_SUCCESS(status)) {
        status = parameter(key, L"ReservePoolBytes", 0, MAXIMUM_POOL_BYTES, &parameters->reserve_bytes);
    }
    if (NT_SUCCESS(status)) {
        status = parameter(key, L"SampleLifetimeMs", 1, MAXIMUM_LIFETIME_MS, &parameters->lifetime_ms);
    }
    (void)ZwClose(key);
    return status;
}

static uint64_t at_least(uint64_t bytes, uint64_t least)
{
    return bytes > least ? bytes : least;
}

static struct pool_limits limits_of(const struct parameters *parameters)
{
    uint64_t quarter = at_least(parameters->pool_bytes / 4, BALLAST_AI_POOL_UNIT);
    uint64_t owner = parameters->owner_bytes != 0 ? parameters->owner_bytes : quarter;
    uint64_t user = parameters->user_bytes != 0 ? parameters->user_bytes : at_least(owner, quarter);
    uint64_t reserve = parameters->pool_bytes / 8;
    if (parameters->reserve_bytes < parameters->pool_bytes) {
        reserve = parameters->reserve_bytes;
    }
    return (struct pool_limits){
        .total = parameters->pool_bytes,
        .process = owner,
        .user = user,
        .small_process = at_least(owner / SMALL_SHARE, BALLAST_AI_POOL_UNIT),
        .small_user = at_least(user / (SMALL_SHARE / 4), BALLAST_AI_POOL_UNIT),
        .reserve = reserve,
    };
}

static NTSTATUS start_pool(void)
{
    struct parameters parameters = {
        .pool_bytes = BALLAST_AI_DEFAULT_POOL_BYTES, .reserve_bytes = UINT64_MAX, .lifetime_ms = DEFAULT_LIFETIME_MS};
    NTSTATUS status = read_parameters(&parameters);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    ai_driver.sample_lifetime_ms = (uint32_t)parameters.lifetime_ms;
    struct pool_limits limits = limits_of(&parameters);
    return ai_pool_start(&limits);
}

/* ---- loading ---- */

static void delete_device(void)
{
    __atomic_store_n(&ai_driver.ready, false, __ATOMIC_RELEASE);
    for (size_t i = 0; i < LINKS; i++) {
        UNICODE_STRING link;
        RtlInitUnicodeString(&link, links[i]);
        if ((ai_driver.links & 1u << i) != 0) {
            (void)IoDeleteSymbolicLink(&link);
        }
    }
    IoDeleteDevice(ai_driver.device);
}

static NTSTATUS create_link(size_t i, PUNICODE_STRING device)
{
    UNICODE_STRING link;
    RtlInitUnicodeString(&link, links[i]);
    NTSTATUS status = nt_link_create(&link, device);
    if (NT_SUCCESS(status)) {
        ai_driver.links |= 1u << i;
    } else if (status == STATUS_OBJECT_NAME_COLLISION && i != 0) {
        DbgPrint("ballastai: %ls is another driver's already\n", links[i]);
        status = STATUS_SUCCESS;
    }
    return status;
}

static NTSTATUS create_device(void)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(DEVICE_NAME);
    NTSTATUS status = IoCreateDevice(ai_driver.object, 0, &name, FILE_DEVICE_UNKNOWN, FILE_DEVICE_SECURE_OPEN, FALSE,
                                     &ai_driver.device);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = nt_device_protect(ai_driver.device, ACCESS_EVERYONE, 0);
    for (size_t i = 0; i < LINKS && NT_SUCCESS(status); i++) {
        status = create_link(i, &name);
    }
    if (!NT_SUCCESS(status)) {
        delete_device();
        return status;
    }
    __atomic_store_n(&ai_driver.ready, true, __ATOMIC_RELEASE);
    ai_driver.device->Flags &= ~(ULONG)DO_DEVICE_INITIALIZING;
    return status;
}

static NTSTATUS start_work(void)
{
    return nt_work_thread_start(&ai_driver.work);
}

/* Handles may still be open, but only in Wine. */
static void stop_work(void)
{
    nt_work_thread_stop(&ai_driver.work);
    ai_file_free_all();
}

/* The steps of loading, and what undoes each. */
static const struct step {
    NTSTATUS (*start)(void);
    void (*stop)(void);
} steps[] = {
    {remember_path, forget_path},        {start_pool, ai_pool_stop},
    {ai_rules_load, ai_processes_stop},  {ai_inventory_start, ai_inventory_stop},
    {ai_probe_start, ai_probe_stop},     {start_work, stop_work},
    {ai_service_start, ai_service_stop}, {ai_feed_create, ai_feed_delete},
    {create_device, delete_device},
};
#define STEPS (sizeof(steps) / sizeof(steps[0]))

static void stop(size_t count)
{
    while (count-- > 0) {
        steps[count].stop();
    }
    nt_pool_report_leaks("ballastai");
}

static void NTAPI unload(PDRIVER_OBJECT object)
{
    UNREFERENCED_PARAMETER(object);
    NT_IRQL_AT_MOST(PASSIVE_LEVEL);
    stop(STEPS);
}

static NTSTATUS load(PDRIVER_OBJECT object, PUNICODE_STRING registry_path)
{
    NTSTATUS status = STATUS_SUCCESS;
    size_t done = 0;
    nt_wine_detect();
    nt_late_resolve();
    ai_driver = (struct ai_driver){
        .object = object, .service_key = registry_path, .clock_offset = nt_system_time() - nt_clock_100ns()};
    KeInitializeSpinLock(&ai_driver.files_lock);
    InitializeListHead(&ai_driver.files);
    for (size_t i = 0; i < PROCESS_BUCKETS; i++) {
        InitializeListHead(&ai_driver.clients[i]);
    }
    InitializeListHead(&ai_driver.users);
    /* What is not named here the I/O manager has set to refuse. */
    object->MajorFunction[IRP_MJ_CREATE] = dispatch_create;
    object->MajorFunction[IRP_MJ_CLEANUP] = dispatch_cleanup;
    object->MajorFunction[IRP_MJ_CLOSE] = dispatch_close;
    object->MajorFunction[IRP_MJ_DEVICE_CONTROL] = ai_dispatch_device_control;
    object->DriverUnload = unload;
    while (done < STEPS && NT_SUCCESS(status = steps[done].start())) {
        done++;
    }
    if (!NT_SUCCESS(status)) {
        stop(done);
    }
    return status;
}

NT_NO_STACK_PROTECTOR NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT object, PUNICODE_STRING registry_path)
{
    nt_stack_protector_seed();
    return load(object, registry_path);
}
