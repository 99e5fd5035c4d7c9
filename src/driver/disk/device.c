/* SPDX-License-Identifier: MIT */
/*
 * Disk devices: their objects and names, references, removal, and workers.
 *
 * Locks: devices_lock guards the list and is a leaf; number_mutex keeps two creations from choosing one number.
 */

#include "driver/disk/driver.h"
#include "driver/nt/name.h"
#include "driver/nt/security.h"
#include "driver/nt/wine.h"

/* What everybody may do with a disk device: query it, and traverse it to files of a mounted file system. */
#define DISK_ACCESS_EVERYONE (FILE_TRAVERSE | FILE_READ_ATTRIBUTES | READ_CONTROL | SYNCHRONIZE)

#define LETTER_PREFIX        L"\\DosDevices\\Global\\"

static void lock_numbers(void)
{
    NT_IRQL_AT_MOST(PASSIVE_LEVEL);
    KeEnterCriticalRegion();
    ExAcquireFastMutexUnsafe(&disk_driver.number_mutex);
}

static void unlock_numbers(void)
{
    ExReleaseFastMutexUnsafe(&disk_driver.number_mutex);
    KeLeaveCriticalRegion();
}

/* ---- references ---- */

bool disk_device_acquire(struct disk_device *device)
{
    LONG references = __atomic_load_n(&device->references, __ATOMIC_RELAXED);
    do {
        if (references == 0 || __atomic_load_n(&device->removing, __ATOMIC_RELAXED) != 0) {
            return false;
        }
    } while (!__atomic_compare_exchange_n(&device->references, &references, references + 1, true, __ATOMIC_ACQUIRE,
                                          __ATOMIC_RELAXED));
    return true;
}

void disk_device_release(struct disk_device *device)
{
    NT_IRQL_AT_MOST(DISPATCH_LEVEL);
    if (__atomic_sub_fetch(&device->references, 1, __ATOMIC_ACQ_REL) == 0) {
        nt_irp_queue_stop(&device->queue);
    }
}

struct disk_device *disk_device_find(uint32_t number)
{
    struct disk_device *found = NULL;
    KIRQL irql;
    KeAcquireSpinLock(&disk_driver.devices_lock, &irql);
    for (LIST_ENTRY *link = disk_driver.devices.Flink; link != &disk_driver.devices; link = link->Flink) {
        struct disk_device *device = CONTAINING_RECORD(link, struct disk_device, link);
        if (device->disk.number == number && disk_device_acquire(device)) {
            found = device;
            break;
        }
    }
    KeReleaseSpinLock(&disk_driver.devices_lock, irql);
    return found;
}

uint32_t disk_device_numbers(uint32_t *numbers, uint32_t capacity)
{
    KIRQL irql;
    uint32_t count = 0;
    KeAcquireSpinLock(&disk_driver.devices_lock, &irql);
    for (LIST_ENTRY *link = disk_driver.devices.Flink; link != &disk_driver.devices; link = link->Flink) {
        if (count < capacity) {
            numbers[count] = CONTAINING_RECORD(link, struct disk_device, link)->disk.number;
        }
        count++;
    }
    KeReleaseSpinLock(&disk_driver.devices_lock, irql);
    return count;
}

/* ---- removal ---- */

/*
 * Owners of the requests that wait for a device to be gone. An EJECT came through the device and can only be answered
 * while it is still there; a REMOVE came through the control device and is answered when the name is free.
 */
static void *ejects_of(struct disk_device *device)
{
    return device;
}

static void *removes_of(struct disk_device *device)
{
    return &device->finish;
}

void disk_device_remove(struct disk_device *device, PIRP irp)
{
    if (irp != NULL) {
        IoMarkIrpPending(irp);
        irp->Tail.Overlay.DriverContext[2] =
            IoGetCurrentIrpStackLocation(irp)->DeviceObject == device->object ? ejects_of(device) : removes_of(device);
        nt_irp_queue_insert(&disk_driver.removals, irp, false);
    }
    if (__atomic_exchange_n(&device->removing, 1, __ATOMIC_ACQ_REL) == 0) {
        nt_irp_queue_abandon_all(&device->queue, NULL, STATUS_DEVICE_REMOVED);
        disk_device_release(device); /* the reference of its existence; the caller's is still there */
    }
}

/* Any device that is not being removed yet, acquired. */
static struct disk_device *find_any(void)
{
    struct disk_device *found = NULL;
    KIRQL irql;
    KeAcquireSpinLock(&disk_driver.devices_lock, &irql);
    for (LIST_ENTRY *link = disk_driver.devices.Flink; link != &disk_driver.devices && found == NULL;
         link = link->Flink) {
        struct disk_device *device = CONTAINING_RECORD(link, struct disk_device, link);
        if (disk_device_acquire(device)) {
            found = device;
        }
    }
    KeReleaseSpinLock(&disk_driver.devices_lock, irql);
    return found;
}

void disk_device_remove_all(void)
{
    struct disk_device *device;
    while ((device = find_any()) != NULL) {
        disk_device_remove(device, NULL);
        disk_device_release(device);
    }
}

static void delete_link(const UNICODE_STRING *link)
{
    (void)IoDeleteSymbolicLink((PUNICODE_STRING)(ULONG_PTR)link);
}

/* The last act, in the driver's work thread: the disk is destroyed and its workers are leaving. */
static void finish(struct nt_work *work)
{
    struct disk_device *device = CONTAINING_RECORD(work, struct disk_device, finish);
    struct nt_name name;
    KIRQL irql;
    for (unsigned i = 0; i < DISK_DEVICE_WORKERS - 1; i++) {
        nt_thread_join(&device->helpers[i]);
    }
    struct create_job *creator = device->creator;
    if (disk_create_job_join(creator)) {
        disk_create_job_free(creator);
        creator = NULL;
    }
    if (device->mounted) {
        disk_mount_leave(&device->disk);
    }
    lock_numbers(); /* who hears of the ejection below and asks for the same number gets it */
    if (device->number_linked) {
        nt_name_number(&name, L"\\DosDevices\\ImDisk", device->disk.number);
        delete_link(&name.string);
    }
    if (device->letter_linked) {
        nt_name_letter(&name, LETTER_PREFIX, device->disk.drive_letter);
        delete_link(&name.string);
    }
    KeAcquireSpinLock(&disk_driver.devices_lock, &irql);
    RemoveEntryList(&device->link);
    KeReleaseSpinLock(&disk_driver.devices_lock, irql);
    /* Names them even when the extension is gone; no other device can take its place before unlock_numbers. */
    const void *removes = removes_of(device);
    disk_refresh();
    nt_irp_queue_abandon_all(&disk_driver.removals, ejects_of(device), STATUS_SUCCESS);
    IoDeleteDevice(device->object);
    nt_irp_queue_abandon_all(&disk_driver.removals, removes, STATUS_SUCCESS);
    unlock_numbers();
    if (creator != NULL) {
        disk_create_job_free(creator);
    }
    disk_driver_leave();
}

/* ---- workers ---- */

/* A queued request that will not be served: cancelled, or too late. */
static void abandon(struct nt_irp_queue *queue, PIRP irp, NTSTATUS status)
{
    struct disk_device *device = CONTAINING_RECORD(queue, struct disk_device, queue);
    (void)nt_complete(irp, status, 0);
    disk_device_release(device);
}

void disk_device_work(struct disk_device *device)
{
    bool spare_wanted;
    PIRP irp;
    nt_thread_raise_priority();
    while ((irp = nt_irp_queue_take(&device->queue, &spare_wanted)) != NULL) {
        if (spare_wanted) {
            disk_device_start_helper(device);
        }
        UCHAR major = IoGetCurrentIrpStackLocation(irp)->MajorFunction;
        if (major == IRP_MJ_DEVICE_CONTROL || major == IRP_MJ_INTERNAL_DEVICE_CONTROL) {
            disk_serve_control(device, irp);
        } else {
            disk_serve_transfer(device, irp);
        }
        nt_irp_queue_done(&device->queue);
        disk_device_release(device);
    }
    if (__atomic_sub_fetch(&device->workers_running, 1, __ATOMIC_ACQ_REL) == 0) {
        disk_destroy(&device->disk);
        nt_work_post(&disk_driver.work, &device->finish, finish);
    }
}

static void helper(void *context)
{
    disk_device_work(context);
}

void disk_device_start_helper(struct disk_device *device)
{
    LONG slot = __atomic_fetch_add(&device->helpers_tried, 1, __ATOMIC_RELAXED);
    if (slot >= DISK_DEVICE_WORKERS - 1) {
        __atomic_sub_fetch(&device->helpers_tried, 1, __ATOMIC_RELAXED);
        return;
    }
    __atomic_add_fetch(&device->workers_running, 1, __ATOMIC_RELAXED);
    if (!NT_SUCCESS(nt_thread_create(&device->helpers[slot], helper, device))) {
        __atomic_sub_fetch(&device->workers_running, 1, __ATOMIC_RELAXED);
    }
}

/* ---- creation ---- */

bool disk_device_number_taken(uint32_t number)
{
    bool found = false;
    KIRQL irql;
    KeAcquireSpinLock(&disk_driver.devices_lock, &irql);
    for (LIST_ENTRY *link = disk_driver.devices.Flink; link != &disk_driver.devices && !found; link = link->Flink) {
        found = CONTAINING_RECORD(link, struct disk_device, link)->disk.number == number;
    }
    KeReleaseSpinLock(&disk_driver.devices_lock, irql);
    return found;
}

#define BITMAP_BYTES (IMDISK_MAXIMUM_DEVICES / 8)
#define BITMAP_TAG   PLATFORM_TAG('B', 'd', 'B', 'm')

static void mark_taken_numbers(unsigned char *bitmap)
{
    KIRQL irql;
    KeAcquireSpinLock(&disk_driver.devices_lock, &irql);
    for (LIST_ENTRY *link = disk_driver.devices.Flink; link != &disk_driver.devices; link = link->Flink) {
        uint32_t number = CONTAINING_RECORD(link, struct disk_device, link)->disk.number;
        bitmap[number / 8] |= (unsigned char)(1u << number % 8);
    }
    KeReleaseSpinLock(&disk_driver.devices_lock, irql);
}

static NTSTATUS create_object(uint32_t number, enum disk_kind kind, bool removable, PDEVICE_OBJECT *object)
{
    struct nt_name name;
    DEVICE_TYPE type = FILE_DEVICE_DISK;
    /* SECURE_OPEN: or an open relative to a handle that may only query would not be checked at all. */
    ULONG characteristics = FILE_DEVICE_SECURE_OPEN | (removable ? FILE_REMOVABLE_MEDIA : 0);
    if (kind == DISK_KIND_FLOPPY) {
        characteristics |= FILE_FLOPPY_DISKETTE;
    } else if (kind == DISK_KIND_CD) {
        type = FILE_DEVICE_CD_ROM;
        characteristics |= FILE_READ_ONLY_DEVICE;
    } else if (kind == DISK_KIND_RAW) {
        type = FILE_DEVICE_UNKNOWN;
    }
    nt_name_number(&name, L"\\Device\\ImDisk", number);
    return IoCreateDevice(disk_driver.object, sizeof(struct disk_device), &name.string, type, characteristics, FALSE,
                          object);
}

/* The lowest number whose name is free, too. number_mutex held. */
static NTSTATUS create_automatic(const struct disk_parameters *parameters, bool removable, uint32_t *number,
                                 PDEVICE_OBJECT *object)
{
    unsigned char *bitmap = platform_allocate(PLATFORM_POOL_NONPAGED, BITMAP_BYTES, BITMAP_TAG);
    NTSTATUS status = STATUS_INSUFFICIENT_RESOURCES;
    if (bitmap == NULL) {
        return status;
    }
    platform_zero(bitmap, BITMAP_BYTES);
    status = STATUS_INVALID_PARAMETER; /* of the number that is next when all are taken */
    mark_taken_numbers(bitmap);
    for (*number = 0; *number < disk_driver.policy.maximum_devices; ++*number) {
        if ((bitmap[*number / 8] >> *number % 8 & 1) == 0) {
            status = create_object(*number, parameters->kind, removable, object);
            if (status != STATUS_OBJECT_NAME_COLLISION) {
                break;
            }
        }
    }
    platform_free(bitmap, BITMAP_BYTES, BITMAP_TAG);
    return status;
}

/* number_mutex held. */
static NTSTATUS create_numbered_object(const struct disk_parameters *parameters, bool removable, uint32_t *number,
                                       PDEVICE_OBJECT *object)
{
    if (parameters->number == IMDISK_AUTO_DEVICE_NUMBER) {
        return create_automatic(parameters, removable, number, object);
    }
    *number = parameters->number;
    return create_object(*number, parameters->kind, removable, object);
}

/* The number in a link's target "\\Device\\ImDisk<n>"; false if it is another. */
static bool parse_target(const UNICODE_STRING *target, uint32_t *number)
{
    static const WCHAR prefix[] = L"\\Device\\ImDisk";
    size_t skip = sizeof(prefix) / sizeof(WCHAR) - 1;
    size_t length = target->Length / sizeof(WCHAR);
    if (length <= skip || length > skip + 5 ||
        RtlCompareMemory(target->Buffer, prefix, skip * sizeof(WCHAR)) != skip * sizeof(WCHAR)) {
        return false;
    }
    *number = 0;
    for (size_t i = skip; i < length; i++) {
        if (target->Buffer[i] < L'0' || target->Buffer[i] > L'9') {
            return false;
        }
        *number = *number * 10 + (uint32_t)(target->Buffer[i] - L'0');
    }
    return true;
}

/* Whether a link leads to a disk that does not exist: a crash of the driver's process has left it, in Wine. */
static bool is_stale(const UNICODE_STRING *link, uint32_t new_number)
{
    OBJECT_ATTRIBUTES attributes;
    HANDLE handle;
    WCHAR text[NT_NAME_CHARACTERS];
    UNICODE_STRING target = {.MaximumLength = sizeof(text), .Buffer = text};
    uint32_t number;
    InitializeObjectAttributes(&attributes, (PUNICODE_STRING)(ULONG_PTR)link, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE,
                               NULL, NULL);
    if (!NT_SUCCESS(ZwOpenSymbolicLinkObject(&handle, GENERIC_READ, &attributes))) {
        return false;
    }
    NTSTATUS status = ZwQuerySymbolicLinkObject(handle, &target, NULL);
    (void)ZwClose(handle);
    return NT_SUCCESS(status) && parse_target(&target, &number) &&
           (number == new_number || !disk_device_number_taken(number));
}

/* A link that exists stays, and is not ours, unless it is stale. NAME_EXISTS is a success code in Wine. */
static bool make_link(const UNICODE_STRING *link, const UNICODE_STRING *target, uint32_t number)
{
    if (is_stale(link, number)) {
        delete_link(link);
    }
    return IoCreateSymbolicLink((PUNICODE_STRING)(ULONG_PTR)link, (PUNICODE_STRING)(ULONG_PTR)target) == STATUS_SUCCESS;
}

static void make_links(struct disk_device *device)
{
    struct nt_name link;
    struct nt_name target;
    nt_name_number(&target, L"\\Device\\ImDisk", device->disk.number);
    nt_name_number(&link, L"\\DosDevices\\ImDisk", device->disk.number);
    device->number_linked = make_link(&link.string, &target.string, device->disk.number);
    if (device->disk.drive_letter != 0 && !disk_mount_managed(&device->disk)) {
        nt_name_letter(&link, LETTER_PREFIX, device->disk.drive_letter);
        device->letter_linked = make_link(&link.string, &target.string, device->disk.number);
    }
}

static bool identity_taken(const struct disk_identity *identity)
{
    bool found = false;
    KIRQL irql;
    KeAcquireSpinLock(&disk_driver.devices_lock, &irql);
    for (LIST_ENTRY *link = disk_driver.devices.Flink; link != &disk_driver.devices && !found; link = link->Flink) {
        const struct disk_device *device = CONTAINING_RECORD(link, struct disk_device, link);
        found = RtlCompareMemory(&device->disk.identity, identity, sizeof(*identity)) == sizeof(*identity);
    }
    KeReleaseSpinLock(&disk_driver.devices_lock, irql);
    return found;
}

/* The first identity of these parameters that no disk has. number_mutex held. */
static struct disk_identity identify(const struct disk_parameters *parameters)
{
    uint32_t instance = 0;
    struct disk_identity identity = disk_identify(parameters, instance);
    while (identity_taken(&identity)) {
        identity = disk_identify(parameters, ++instance);
    }
    return identity;
}

static NTSTATUS create_numbered(const struct disk_parameters *parameters, struct source *source,
                                struct create_job *creator, struct disk_device **result)
{
    struct disk_parameters numbered = *parameters;
    PDEVICE_OBJECT object;
    KIRQL irql;
    bool removable = disk_kind_removable(parameters->kind, parameters->flags);
    NTSTATUS status = create_numbered_object(parameters, removable, &numbered.number, &object);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    struct disk_device *device = object->DeviceExtension;
    object->Flags |= DO_DIRECT_IO;
    object->AlignmentRequirement = source->buffer_alignment_mask;
    device->disk.identity = identify(&numbered);
    status = nt_device_protect(object, DISK_ACCESS_EVERYONE);
    if (NT_SUCCESS(status)) {
        status = disk_initialize(&device->disk, &numbered, source);
    }
    if (!NT_SUCCESS(status)) {
        IoDeleteDevice(object);
        return status;
    }
    device->object = object;
    device->creator = creator;
    device->references = 1;
    device->workers_running = 1;
    nt_irp_queue_initialize(&device->queue, abandon);
    make_links(device);

    KeAcquireSpinLock(&disk_driver.devices_lock, &irql);
    InsertHeadList(&disk_driver.devices, &device->link);
    KeReleaseSpinLock(&disk_driver.devices_lock, irql);
    device_ready(object, DEVICE_DISK);
    disk_refresh();
    *result = device;
    return STATUS_SUCCESS;
}

NTSTATUS disk_device_create(const struct disk_parameters *parameters, struct source *source, struct create_job *creator,
                            struct disk_device **device)
{
    lock_numbers();
    NTSTATUS status = STATUS_DELETE_PENDING;
    if (!disk_driver.unloading) {
        status = create_numbered(parameters, source, creator, device);
    }
    unlock_numbers();
    return status;
}

void disk_device_forbid_creation(void)
{
    lock_numbers();
    __atomic_store_n(&disk_driver.unloading, true, __ATOMIC_RELAXED);
    unlock_numbers();
}
