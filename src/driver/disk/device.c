/* SPDX-License-Identifier: MIT */
/*
 * Disk devices: their objects and names, references, removal, and workers.
 *
 * Locks: devices_lock guards the list and is a leaf; number_mutex keeps two creations from choosing one number.
 */

#include "driver/disk/driver.h"
#include "driver/nt/security.h"
#include "driver/nt/wine.h"

/* "\DosDevices\Global\X:" and "\DosDevices\ImDisk64000" with their zero. */
#define NAME_CHARACTERS      32

/* What everybody may do with a disk device: query it, and traverse it to files of a mounted file system. */
#define DISK_ACCESS_EVERYONE (FILE_TRAVERSE | FILE_READ_ATTRIBUTES | READ_CONTROL | SYNCHRONIZE)

struct name {
    WCHAR text[NAME_CHARACTERS];
    UNICODE_STRING string;
};

/* "<prefix><number>" */
static void number_name(struct name *name, const WCHAR *prefix, uint32_t number)
{
    UNICODE_STRING digits;
    name->string = (UNICODE_STRING){.MaximumLength = sizeof(name->text), .Buffer = name->text};
    (void)RtlAppendUnicodeToString(&name->string, prefix);
    digits = (UNICODE_STRING){.MaximumLength = (USHORT)(sizeof(name->text) - name->string.Length),
                              .Buffer = name->text + name->string.Length / sizeof(WCHAR)};
    (void)RtlIntegerToUnicodeString(number, 10, &digits);
    name->string.Length = (USHORT)(name->string.Length + digits.Length);
}

static void letter_name(struct name *name, uint16_t letter)
{
    const WCHAR suffix[] = {letter, L':', 0};
    name->string = (UNICODE_STRING){.MaximumLength = sizeof(name->text), .Buffer = name->text};
    (void)RtlAppendUnicodeToString(&name->string, L"\\DosDevices\\Global\\");
    (void)RtlAppendUnicodeToString(&name->string, suffix);
}

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

NTSTATUS disk_device_remove(struct disk_device *device, PIRP irp)
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
    return STATUS_PENDING;
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
        (void)disk_device_remove(device, NULL);
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
    struct name name;
    KIRQL irql;
    for (unsigned i = 0; i < DISK_DEVICE_WORKERS - 1; i++) {
        nt_thread_join(&device->helpers[i]);
    }
    disk_create_job_free(device->creator);
    lock_numbers(); /* who hears of the ejection below and asks for the same number gets it */
    number_name(&name, L"\\DosDevices\\ImDisk", device->disk.number);
    delete_link(&name.string);
    if (device->letter_linked) {
        letter_name(&name, device->disk.drive_letter);
        delete_link(&name.string);
    }
    KeAcquireSpinLock(&disk_driver.devices_lock, &irql);
    RemoveEntryList(&device->link);
    KeReleaseSpinLock(&disk_driver.devices_lock, irql);
    /* Names them even when the extension is gone; no other device can take its place before unlock_numbers. */
    const void *removes = removes_of(device);
    nt_irp_queue_abandon_all(&disk_driver.removals, ejects_of(device), STATUS_SUCCESS);
    IoDeleteDevice(device->object);
    nt_irp_queue_abandon_all(&disk_driver.removals, removes, STATUS_SUCCESS);
    unlock_numbers();
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

static void start_helper(struct disk_device *device);

void disk_device_work(struct disk_device *device)
{
    bool more_wanted;
    PIRP irp;
    while ((irp = nt_irp_queue_take(&device->queue, &more_wanted)) != NULL) {
        if (more_wanted) {
            start_helper(device);
        }
        if (IoGetCurrentIrpStackLocation(irp)->MajorFunction == IRP_MJ_DEVICE_CONTROL) {
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

/* One more worker, up to DISK_DEVICE_WORKERS. Doing without is harmless. Called by a worker that holds a request. */
static void start_helper(struct disk_device *device)
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

static bool number_in_use(uint32_t number)
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

static NTSTATUS create_object(uint32_t number, enum disk_kind kind, bool removable, PDEVICE_OBJECT *object)
{
    struct name name;
    DEVICE_TYPE type = FILE_DEVICE_DISK;
    ULONG characteristics = removable ? FILE_REMOVABLE_MEDIA : 0;
    if (kind == DISK_KIND_FLOPPY) {
        characteristics |= FILE_FLOPPY_DISKETTE;
    } else if (kind == DISK_KIND_CD) {
        type = FILE_DEVICE_CD_ROM;
        characteristics |= FILE_READ_ONLY_DEVICE;
    } else if (kind == DISK_KIND_RAW) {
        type = FILE_DEVICE_UNKNOWN;
    }
    number_name(&name, L"\\Device\\ImDisk", number);
    return IoCreateDevice(disk_driver.object, sizeof(struct disk_device), &name.string, type, characteristics, FALSE,
                          object);
}

/*
 * An automatic number is the lowest free one. The name of a removed disk stays taken while somebody has it open: such
 * numbers are passed over. number_mutex held.
 */
static NTSTATUS create_numbered_object(const struct disk_parameters *parameters, bool removable, uint32_t *number,
                                       PDEVICE_OBJECT *object)
{
    if (parameters->number != IMDISK_AUTO_DEVICE_NUMBER) {
        *number = parameters->number;
        return create_object(*number, parameters->kind, removable, object);
    }
    NTSTATUS status = STATUS_INSUFFICIENT_RESOURCES;
    for (*number = 0; *number < disk_driver.policy.maximum_devices; ++*number) {
        if (!number_in_use(*number)) {
            status = create_object(*number, parameters->kind, removable, object);
            if (status != STATUS_OBJECT_NAME_COLLISION) {
                break;
            }
        }
    }
    return status;
}

/* Whether an existing link is a disk's of ours: left behind by a crash, and nobody else's to lose. */
static bool links_to_disk(const UNICODE_STRING *link)
{
    static const WCHAR prefix[] = L"\\Device\\ImDisk";
    OBJECT_ATTRIBUTES attributes;
    HANDLE handle;
    WCHAR text[NAME_CHARACTERS];
    UNICODE_STRING target = {.MaximumLength = sizeof(text), .Buffer = text};
    InitializeObjectAttributes(&attributes, (PUNICODE_STRING)(ULONG_PTR)link, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE,
                               NULL, NULL);
    if (!NT_SUCCESS(ZwOpenSymbolicLinkObject(&handle, GENERIC_READ, &attributes))) {
        return false;
    }
    NTSTATUS status = ZwQuerySymbolicLinkObject(handle, &target, NULL);
    (void)ZwClose(handle);
    return NT_SUCCESS(status) && target.Length > sizeof(prefix) - sizeof(WCHAR) &&
           RtlCompareMemory(text, prefix, sizeof(prefix) - sizeof(WCHAR)) == sizeof(prefix) - sizeof(WCHAR);
}

/* Links that exist belong to others, unless they are ours from before a crash. NAME_EXISTS is a success code in Wine. */
static bool make_link(const UNICODE_STRING *link, const UNICODE_STRING *target)
{
    if (links_to_disk(link)) {
        delete_link(link);
    }
    return IoCreateSymbolicLink((PUNICODE_STRING)(ULONG_PTR)link, (PUNICODE_STRING)(ULONG_PTR)target) == STATUS_SUCCESS;
}

static void make_links(struct disk_device *device)
{
    struct name link;
    struct name target;
    number_name(&target, L"\\Device\\ImDisk", device->disk.number);
    number_name(&link, L"\\DosDevices\\ImDisk", device->disk.number);
    (void)make_link(&link.string, &target.string);
    if (device->disk.drive_letter != 0) {
        letter_name(&link, device->disk.drive_letter);
        device->letter_linked = make_link(&link.string, &target.string);
    }
}

static NTSTATUS create_numbered(const struct disk_parameters *parameters, struct source *source,
                                struct create_job *creator, struct disk_device **result)
{
    struct disk_parameters numbered = *parameters;
    PDEVICE_OBJECT object;
    KIRQL irql;
    bool removable = parameters->kind == DISK_KIND_FLOPPY || parameters->kind == DISK_KIND_CD ||
                     (parameters->flags & IMDISK_OPTION_REMOVABLE) != 0;
    NTSTATUS status = create_numbered_object(parameters, removable, &numbered.number, &object);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    struct disk_device *device = object->DeviceExtension;
    object->Flags |= DO_DIRECT_IO;
    object->AlignmentRequirement = source->buffer_alignment_mask;
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
