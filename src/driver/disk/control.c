/* SPDX-License-Identifier: MIT */
/*
 * Device control: the table of codes, and the handlers that need more than a disk's state.
 *
 * IRQL: dispatch <= DISPATCH_LEVEL. Handlers run in the caller's thread, unless their row says IN_WORKER: then in a
 * worker at PASSIVE_LEVEL, in the order of arrival.
 */

#include "core/disk/control.h"
#include "core/disk/medium.h"
#include "core/disk/storage.h"
#include "core/disk/storage_abi.h"
#include "ballast/version.h"
#include "driver/disk/driver.h"
#include "driver/nt/pool.h"
#include "driver/nt/wine.h"

/* Flags of the table's rows, besides the REQUEST_ ones. */
#define ON_CONTROL         0x0100u /* answered by the control device */
#define ON_DISK            0x0200u /* answered by disks */
#define IN_WORKER          0x0400u
#define AT_PASSIVE         0x0800u  /* refused above PASSIVE_LEVEL */
#define MODIFIES           0x1000u  /* needs a handle that may write, which the code itself does not say */
#define BARRIER            0x2000u  /* in a worker, with no other request of the disk at the same time */
#define IF_BLOCKING        0x4000u  /* in a worker only if the disk's source may block */
#define WRITES             0x8000u  /* a read-only disk refuses, before anything else is looked at */
#define REFRESHES          0x10000u /* in a worker, and changes what the disk says about itself */
#define READS              0x20000u /* needs a handle that may read: keeps a worker busy, which the code itself does not say */

#define DRIVER_TAG_NUMBERS PLATFORM_TAG('B', 'd', 'N', 'o')

static struct disk_device *device_of(struct disk *disk)
{
    return CONTAINING_RECORD(disk, struct disk_device, disk);
}

static PIRP irp_of(struct request *request)
{
    return CONTAINING_RECORD(request, struct disk_request, request)->irp;
}

/* Works for both targets: the control device's is NULL. */
static ballast_status query_driver(void *target, struct request *request)
{
    (void)target;
    /* Disks that come and go between the two calls only change how much of the room is used. */
    uint32_t capacity = disk_device_numbers(NULL, 0) + 16;
    uint32_t *numbers = platform_allocate(PLATFORM_POOL_NONPAGED, capacity * sizeof(*numbers), DRIVER_TAG_NUMBERS);
    if (numbers == NULL) {
        return BALLAST_INSUFFICIENT_RESOURCES;
    }
    uint32_t count = disk_device_numbers(numbers, capacity);
    ballast_status status = disk_query_driver(numbers, count < capacity ? count : capacity, request);
    platform_free(numbers, capacity * sizeof(*numbers), DRIVER_TAG_NUMBERS);
    return status;
}

static ballast_status query_driver_state(void *target, struct request *request)
{
    struct ballast_disk_driver_state *state = request->buffer;
    (void)target;
    RtlZeroMemory(state, sizeof(*state));
    state->header.size_bytes = sizeof(*state);
    state->header.version = BALLAST_DISK_DRIVER_STATE_VERSION;
    state->version = BALLAST_VERSION_NUMBER;
    state->disks = disk_device_numbers(NULL, 0);
    nt_pool_report(state->pool);
    request->information = sizeof(*state);
    return BALLAST_SUCCESS;
}

static ballast_status query_state(void *target, struct request *request)
{
    struct disk_device *device = device_of(target);
    KeEnterCriticalRegion();
    ballast_status status = disk_control_query_state(target, request);
    KeLeaveCriticalRegion();
    struct ballast_disk_state *state = request->buffer;
    state->requests_in_flight = (uint32_t)__atomic_load_n(&device->references, __ATOMIC_RELAXED) - 1;
    return status;
}

static ballast_status set_flags(void *target, struct request *request)
{
    struct disk *disk = target;
    PDEVICE_OBJECT object = device_of(disk)->object;
    struct imdisk_set_device_flags flags;
    RtlCopyMemory(&flags, request->buffer, sizeof(flags));
    uint32_t remaining =
        disk_change_flags(disk, flags.flags_to_change, flags.flag_values, disk_device_special(device_of(disk)));
    if (disk_removable(disk)) {
        object->Characteristics |= FILE_REMOVABLE_MEDIA;
    } else {
        object->Characteristics &= ~(ULONG)FILE_REMOVABLE_MEDIA;
    }
    uint32_t sparse = remaining & flags.flag_values & IMDISK_OPTION_SPARSE_FILE;
    struct image *image = image_behind(disk->source);
    if (sparse != 0 && image != NULL && image_set_sparse(image)) {
        remaining &= ~sparse;
    }
    if (request->output_length >= sizeof(flags)) {
        flags.flags_to_change = remaining;
        RtlCopyMemory(request->buffer, &flags, sizeof(flags));
        request->information = sizeof(flags);
    }
    return remaining == 0 ? BALLAST_SUCCESS : BALLAST_INVALID_DEVICE_REQUEST;
}

static ballast_status pass_through(void *target, struct request *request)
{
    const struct disk *disk = target;
    struct image *image = image_behind(disk->source);
    if (image == NULL) {
        return BALLAST_INVALID_DEVICE_REQUEST;
    }
    return image_pass_through(image, request->code == IMDISK_IOCTL_FSCTL_PASS_THROUGH, request);
}

static ballast_status eject(void *target, struct request *request)
{
    if (disk_device_special(device_of(target))) {
        return BALLAST_ACCESS_DENIED;
    }
    disk_device_remove(device_of(target), irp_of(request));
    return BALLAST_PENDING;
}

static ballast_status remove_device(void *target, struct request *request)
{
    uint32_t number;
    (void)target;
    RtlCopyMemory(&number, request->buffer, sizeof(number));
    struct disk_device *device = disk_device_find(number);
    if (device == NULL) {
        return BALLAST_OBJECT_NAME_NOT_FOUND;
    }
    ballast_status status = BALLAST_ACCESS_DENIED;
    if (!disk_device_special(device)) {
        disk_device_remove(device, irp_of(request));
        status = BALLAST_PENDING;
    }
    disk_device_release(device);
    return status;
}

#define ROW(name, flags, in, out, short_in, short_out, handler)                \
    {                                                                          \
        name, flags, in, out, BALLAST_##short_in, BALLAST_##short_out, handler \
    }
#define QUERY(name, out, short_out, handler) ROW(name, ON_DISK, 0, out, INVALID_PARAMETER, short_out, handler)
#define ACCEPT(name)                         QUERY(name, 0, INVALID_PARAMETER, disk_control_accept)
#define CHECK_VERIFY(name) \
    ROW(name, ON_DISK | IF_BLOCKING, 0, 0, INVALID_PARAMETER, INVALID_PARAMETER, disk_control_check_verify)
#define LINK_CHANGED(name) \
    ROW(name, ON_DISK, MOUNTDEV_COUNTED_SIZE, 0, INVALID_PARAMETER, INVALID_PARAMETER, disk_control_link_changed)

static const struct request_entry control_table[] = {
    /* ImDisk's */
    ROW(IMDISK_IOCTL_QUERY_VERSION, ON_CONTROL | ON_DISK, 0, 4, INVALID_PARAMETER, INVALID_PARAMETER,
        disk_control_query_version),
    ROW(IMDISK_IOCTL_QUERY_DRIVER, ON_CONTROL | ON_DISK, 0, 4, INVALID_PARAMETER, INVALID_PARAMETER, query_driver),
    ROW(IMDISK_IOCTL_CREATE_DEVICE, ON_CONTROL | AT_PASSIVE, IMDISK_CREATE_DATA_MINIMUM, 0, INVALID_PARAMETER,
        INVALID_PARAMETER, disk_create_device),
    ROW(IMDISK_IOCTL_REMOVE_DEVICE, ON_CONTROL, 4, 0, INVALID_PARAMETER, INVALID_PARAMETER, remove_device),
    QUERY(IMDISK_IOCTL_QUERY_DEVICE, IMDISK_QUERY_DEVICE_MINIMUM, BUFFER_TOO_SMALL, disk_control_query_device),
    ROW(IMDISK_IOCTL_SET_DEVICE_FLAGS, ON_DISK | IN_WORKER | BARRIER | AT_PASSIVE | MODIFIES | REFRESHES, 8, 0,
        INVALID_PARAMETER, INVALID_PARAMETER, set_flags),
    ROW(IMDISK_IOCTL_IOCTL_PASS_THROUGH, ON_DISK | IN_WORKER, 4, 0, INVALID_PARAMETER, INVALID_PARAMETER, pass_through),
    ROW(IMDISK_IOCTL_FSCTL_PASS_THROUGH, ON_DISK | IN_WORKER, 4, 0, INVALID_PARAMETER, INVALID_PARAMETER, pass_through),

    /* Ballast's */
    ROW(BALLAST_IOCTL_DISK_QUERY_STATE, ON_DISK | AT_PASSIVE, 0, sizeof(struct ballast_disk_state), INVALID_PARAMETER,
        BUFFER_TOO_SMALL, query_state),
    ROW(BALLAST_IOCTL_DISK_RESIZE, ON_DISK | IN_WORKER | REFRESHES, sizeof(struct ballast_disk_resize), 0,
        INVALID_PARAMETER, INVALID_PARAMETER, disk_control_resize),
    ROW(BALLAST_IOCTL_DISK_QUERY_DRIVER_STATE, ON_CONTROL, 0, sizeof(struct ballast_disk_driver_state),
        INVALID_PARAMETER, BUFFER_TOO_SMALL, query_driver_state),

    /* Windows' */
    QUERY(IOCTL_DISK_GET_LENGTH_INFO, 8, BUFFER_TOO_SMALL, disk_control_length),
    QUERY(IOCTL_DISK_GET_DRIVE_GEOMETRY, sizeof(struct storage_geometry), BUFFER_TOO_SMALL, disk_control_geometry),
    QUERY(IOCTL_CDROM_GET_DRIVE_GEOMETRY, sizeof(struct storage_geometry), BUFFER_TOO_SMALL, disk_control_geometry),
    QUERY(IOCTL_DISK_GET_MEDIA_TYPES, sizeof(struct storage_geometry), BUFFER_TOO_SMALL, disk_control_geometry),
    QUERY(IOCTL_STORAGE_GET_MEDIA_TYPES, sizeof(struct storage_geometry), BUFFER_TOO_SMALL, disk_control_geometry),
    QUERY(IOCTL_DISK_UPDATE_DRIVE_SIZE, sizeof(struct storage_geometry), BUFFER_TOO_SMALL, disk_control_geometry),
    QUERY(IOCTL_DISK_GET_PARTITION_INFO, sizeof(struct storage_partition), BUFFER_TOO_SMALL, disk_control_partition),
    QUERY(IOCTL_DISK_GET_PARTITION_INFO_EX, sizeof(struct storage_partition_ex), BUFFER_TOO_SMALL,
          disk_control_partition_ex),
    QUERY(IOCTL_STORAGE_GET_HOTPLUG_INFO, sizeof(struct storage_hotplug_info), INVALID_PARAMETER,
          disk_control_hotplug_info),
    QUERY(IOCTL_DISK_IS_WRITABLE, 0, INVALID_PARAMETER, disk_control_is_writable),
    CHECK_VERIFY(IOCTL_DISK_CHECK_VERIFY),
    CHECK_VERIFY(IOCTL_CDROM_CHECK_VERIFY),
    CHECK_VERIFY(IOCTL_STORAGE_CHECK_VERIFY),
    CHECK_VERIFY(IOCTL_STORAGE_CHECK_VERIFY2),
    ACCEPT(IOCTL_CDROM_GET_LAST_SESSION),
    QUERY(IOCTL_CDROM_READ_TOC, 0, INVALID_PARAMETER, disk_control_read_toc), /* looks at its length itself: CDs only */
    QUERY(IOCTL_DISK_GET_DRIVE_GEOMETRY_EX, GEOMETRY_EX_MINIMUM, BUFFER_TOO_SMALL, disk_control_geometry_ex),
    QUERY(IOCTL_DISK_GET_DRIVE_LAYOUT_EX, sizeof(struct storage_drive_layout), BUFFER_TOO_SMALL,
          disk_control_drive_layout),
    QUERY(IOCTL_STORAGE_GET_DEVICE_NUMBER, sizeof(struct storage_device_number), BUFFER_TOO_SMALL,
          disk_control_device_number),
    ROW(IOCTL_STORAGE_QUERY_PROPERTY, ON_DISK, sizeof(struct storage_property_query), 0, INVALID_PARAMETER,
        INVALID_PARAMETER, disk_control_property),
    QUERY(IOCTL_VOLUME_GET_VOLUME_DISK_EXTENTS, sizeof(struct storage_disk_extents), BUFFER_TOO_SMALL,
          disk_control_disk_extents),
    QUERY(IOCTL_VOLUME_GET_GPT_ATTRIBUTES, sizeof(uint64_t), BUFFER_TOO_SMALL, disk_control_gpt_attributes),
    QUERY(IOCTL_VOLUME_IS_DYNAMIC, sizeof(uint8_t), BUFFER_TOO_SMALL, disk_control_is_dynamic),
    ACCEPT(IOCTL_VOLUME_ONLINE),
    QUERY(IOCTL_MOUNTDEV_QUERY_UNIQUE_ID, MOUNTDEV_COUNTED_SIZE, INVALID_PARAMETER, disk_control_unique_id),
    QUERY(IOCTL_MOUNTDEV_QUERY_STABLE_GUID, sizeof(struct disk_identity), INVALID_PARAMETER, disk_control_stable_guid),
    QUERY(IOCTL_MOUNTDEV_QUERY_DEVICE_NAME, MOUNTDEV_COUNTED_SIZE, INVALID_PARAMETER, disk_control_device_name),
    QUERY(IOCTL_MOUNTDEV_QUERY_SUGGESTED_LINK_NAME, MOUNTDEV_SUGGESTED_SIZE, INVALID_PARAMETER,
          disk_control_suggested_link_name),
    LINK_CHANGED(IOCTL_MOUNTDEV_LINK_CREATED),
    LINK_CHANGED(IOCTL_MOUNTDEV_LINK_CREATED_OLD),
    LINK_CHANGED(IOCTL_MOUNTDEV_LINK_DELETED),
    LINK_CHANGED(IOCTL_MOUNTDEV_LINK_DELETED_OLD),
    ROW(IOCTL_DISK_VERIFY, ON_DISK | IN_WORKER | READS, sizeof(struct storage_verify), 0, INVALID_PARAMETER,
        INVALID_PARAMETER, disk_control_verify),
    ROW(IOCTL_DISK_FORMAT_TRACKS, ON_DISK | IN_WORKER | WRITES, sizeof(struct storage_format_tracks), 0,
        INVALID_PARAMETER, INVALID_PARAMETER, disk_control_format_tracks),
    ROW(IOCTL_DISK_FORMAT_TRACKS_EX, ON_DISK | IN_WORKER | WRITES, STORAGE_FORMAT_TRACKS_EX_SIZE, 0, INVALID_PARAMETER,
        INVALID_PARAMETER, disk_control_format_tracks_ex),
    ROW(IOCTL_DISK_SET_PARTITION_INFO, ON_DISK | WRITES, 1, 0, INVALID_PARAMETER, INVALID_PARAMETER,
        disk_control_accept),
    ROW(IOCTL_DISK_SET_PARTITION_INFO_EX, ON_DISK | WRITES, STORAGE_SET_PARTITION_EX_SIZE, 0, INVALID_PARAMETER,
        INVALID_PARAMETER, disk_control_set_partition_ex),
    ACCEPT(IOCTL_DISK_UPDATE_PROPERTIES),
    ACCEPT(IOCTL_DISK_MEDIA_REMOVAL),
    ACCEPT(IOCTL_STORAGE_MEDIA_REMOVAL),
    ROW(IOCTL_DISK_EJECT_MEDIA, ON_DISK | MODIFIES, 0, 0, INVALID_PARAMETER, INVALID_PARAMETER, eject),
    ROW(IOCTL_STORAGE_EJECT_MEDIA, ON_DISK | MODIFIES, 0, 0, INVALID_PARAMETER, INVALID_PARAMETER, eject),
    ROW(IOCTL_DISK_GROW_PARTITION, ON_DISK | IN_WORKER | REFRESHES | REQUEST_EXACT_INPUT,
        sizeof(struct storage_grow_partition), 0, BUFFER_TOO_SMALL, INVALID_PARAMETER, disk_control_grow),
    ROW(IOCTL_STORAGE_MANAGE_DATA_SET_ATTRIBUTES, ON_DISK | IN_WORKER, sizeof(struct storage_data_set_attributes), 0,
        INVALID_PARAMETER, INVALID_PARAMETER, disk_control_trim),
};

/* Removal makes a request that takes long as pointless as its caller does. */
static bool cancelled(const struct request *request)
{
    PIRP irp = CONTAINING_RECORD(request, struct disk_request, request)->irp;
    const struct disk_device *device = IoGetCurrentIrpStackLocation(irp)->DeviceObject->DeviceExtension;
    return irp->Cancel || __atomic_load_n(&device->removing, __ATOMIC_RELAXED) != 0;
}

static struct disk_request read_request(PIRP irp)
{
    struct disk_request request = {.request = nt_request(irp), .irp = irp};
    request.request.cancelled = cancelled;
    return request;
}

static const struct request_entry *find_row(uint32_t code, uint32_t role)
{
    return request_find(control_table, sizeof(control_table) / sizeof(control_table[0]), code, role);
}

/* Everything that is wrong with a request before its handler looks at it. */
static NTSTATUS check(const struct disk_device *device, const struct request_entry *row, const struct request *request,
                      const FILE_OBJECT *file)
{
    if ((row->flags & WRITES) != 0 && disk_read_only(&device->disk)) {
        return STATUS_MEDIA_WRITE_PROTECTED;
    }
    if ((row->flags & AT_PASSIVE) != 0 && nt_irql() > PASSIVE_LEVEL) {
        return STATUS_ACCESS_DENIED;
    }
    NTSTATUS status = request_check_lengths(row, request);
    if (NT_SUCCESS(status) &&
        (((row->flags & MODIFIES) != 0 && !nt_may_write(file)) || ((row->flags & READS) != 0 && !nt_may_read(file)))) {
        status = STATUS_ACCESS_DENIED;
    }
    return status;
}

static bool runs_in_worker(const struct disk_device *device, const struct request_entry *row)
{
    /* Rows of the control device, which is no disk, have neither flag. */
    return device != NULL &&
           ((row->flags & IN_WORKER) != 0 || ((row->flags & IF_BLOCKING) != 0 && device->disk.source->blocks));
}

/* Warnings come with output. */
static NTSTATUS complete(PIRP irp, NTSTATUS status, const struct request *request)
{
    return nt_complete(irp, status, NT_ERROR(status) ? 0 : request->information);
}

/* `device` is acquired, or NULL for the control device. Completes the request unless it is pended. */
static NTSTATUS dispatch(struct disk_device *device, uint32_t role, PIRP irp)
{
    struct disk_request request = read_request(irp);
    const struct request_entry *row = find_row(request.request.code, role);
    NTSTATUS status = STATUS_INVALID_DEVICE_REQUEST;
    if (row != NULL) {
        status = check(device, row, &request.request, IoGetCurrentIrpStackLocation(irp)->FileObject);
    }
    if (NT_SUCCESS(status) && runs_in_worker(device, row)) {
        IoMarkIrpPending(irp);
        nt_irp_queue_insert(&device->queue, irp, (row->flags & BARRIER) != 0);
        return STATUS_PENDING; /* the worker releases the device */
    }
    if (NT_SUCCESS(status)) {
        status = row->handler(device != NULL ? &device->disk : NULL, &request.request);
    }
    if (status != STATUS_PENDING) {
        (void)complete(irp, status, &request.request);
    }
    if (device != NULL) {
        disk_device_release(device);
    }
    return status;
}

NTSTATUS NTAPI disk_dispatch_device_control(PDEVICE_OBJECT object, PIRP irp)
{
    struct disk_device *device = object->DeviceExtension;
    switch (device_role(object)) {
    case DEVICE_CONTROL:
        return dispatch(NULL, ON_CONTROL, irp);
    case DEVICE_DISK:
        return disk_device_acquire(device) ? dispatch(device, ON_DISK, irp)
                                           : nt_complete(irp, STATUS_DEVICE_REMOVED, 0);
    default:
        return nt_complete(irp, STATUS_DEVICE_NOT_READY, 0);
    }
}

void disk_serve_control(struct disk_device *device, PIRP irp)
{
    struct disk_request request = read_request(irp);
    const struct request_entry *row = find_row(request.request.code, ON_DISK);
    KeEnterCriticalRegion();
    NTSTATUS status = row->handler(&device->disk, &request.request);
    KeLeaveCriticalRegion();
    if ((row->flags & REFRESHES) != 0) {
        disk_refresh();
    }
    (void)complete(irp, status, &request.request);
}
