/* SPDX-License-Identifier: MIT */
/*
 * The control codes that a disk answers itself: their table, and the handlers that need more than the disk's state. How a
 * device comes and goes is not known here.
 *
 * IRQL: dispatch <= DISPATCH_LEVEL. Handlers run in the caller's thread, unless their row says IN_WORKER: then in a
 * worker at PASSIVE_LEVEL, in the order of arrival.
 */

#include "driver/disk/serve/control.h"
#include "core/disk/control.h"
#include "core/disk/medium.h"
#include "core/disk/storage.h"
#include "core/disk/storage_abi.h"
#include "driver/disk/device/image.h"
#include "driver/disk/device/refresh.h"
#include "driver/disk/serve/transfer.h"

static ballast_status query_state(void *target, struct request *request)
{
    struct disk_device *device = disk_request_device(target);
    ballast_status status = disk_control_query_state(target, request);
    struct ballast_disk_state *state = request->buffer;
    /* What may block is queued, transfers of the others are just inside, and who asks holds a reference. */
    state->requests_in_flight = (uint32_t)__atomic_load_n(&device->references, __ATOMIC_RELAXED) - 1 +
                                nt_irp_queue_count(&device->queue) +
                                (device->blocks ? 0 : disk_transfers(&device->disk));
    return status;
}

static ballast_status query_ranges(void *target, struct request *request)
{
    const struct disk_device *device = disk_request_device(target);
    disk_transfer_begin(device);
    ballast_status status = disk_control_query_ranges(target, request);
    disk_transfer_end(device);
    return status;
}

static ballast_status set_flags(void *target, struct request *request)
{
    struct disk *disk = target;
    PDEVICE_OBJECT object = disk_request_device(disk)->object;
    struct imdisk_set_device_flags flags;
    RtlCopyMemory(&flags, request->buffer, sizeof(flags));
    uint32_t remaining = disk_change_flags(disk, flags.flags_to_change, flags.flag_values);
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

#define QUERY(name, out, short_out, handler) ROW(name, 0, 0, out, INVALID_PARAMETER, short_out, handler)
#define ACCEPT(name)                         QUERY(name, 0, INVALID_PARAMETER, disk_control_accept)
#define CHECK_VERIFY(name)                   ROW(name, IF_BLOCKING, 0, 0, INVALID_PARAMETER, INVALID_PARAMETER, disk_control_check_verify)
#define LINK_CHANGED(name) \
    ROW(name, 0, MOUNTDEV_COUNTED_SIZE, 0, INVALID_PARAMETER, INVALID_PARAMETER, disk_control_link_changed)

static const struct request_entry control_table[] = {
    /* ImDisk's */
    QUERY(IMDISK_IOCTL_QUERY_DEVICE, IMDISK_QUERY_DEVICE_MINIMUM, BUFFER_TOO_SMALL, disk_control_query_device),
    ROW(IMDISK_IOCTL_SET_DEVICE_FLAGS, IN_WORKER | BARRIER | AT_PASSIVE | MODIFIES | REFRESHES, 8, 0, INVALID_PARAMETER,
        INVALID_PARAMETER, set_flags),
    ROW(IMDISK_IOCTL_IOCTL_PASS_THROUGH, IN_WORKER, 4, 0, INVALID_PARAMETER, INVALID_PARAMETER, pass_through),
    ROW(IMDISK_IOCTL_FSCTL_PASS_THROUGH, IN_WORKER, 4, 0, INVALID_PARAMETER, INVALID_PARAMETER, pass_through),

    /* Ballast's */
    ROW(BALLAST_IOCTL_DISK_QUERY_STATE, AT_PASSIVE, 0, sizeof(struct ballast_disk_state), INVALID_PARAMETER,
        BUFFER_TOO_SMALL, query_state),
    ROW(BALLAST_IOCTL_DISK_RESIZE, IN_WORKER | REFRESHES, sizeof(struct ballast_disk_resize), 0, INVALID_PARAMETER,
        INVALID_PARAMETER, disk_control_resize),

    ROW(BALLAST_IOCTL_DISK_QUERY_RANGES, IF_BLOCKING | AT_PASSIVE, sizeof(struct ballast_disk_range_query),
        sizeof(struct ballast_disk_ranges), INVALID_PARAMETER, BUFFER_TOO_SMALL, query_ranges),

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
    ROW(IOCTL_STORAGE_QUERY_PROPERTY, 0, sizeof(struct storage_property_query), 0, INVALID_PARAMETER, INVALID_PARAMETER,
        disk_control_property),
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
    ROW(IOCTL_DISK_VERIFY, IN_WORKER | READS, sizeof(struct storage_verify), 0, INVALID_PARAMETER, INVALID_PARAMETER,
        disk_control_verify),
    ROW(IOCTL_DISK_FORMAT_TRACKS, IN_WORKER | WRITES, sizeof(struct storage_format_tracks), 0, INVALID_PARAMETER,
        INVALID_PARAMETER, disk_control_format_tracks),
    ROW(IOCTL_DISK_FORMAT_TRACKS_EX, IN_WORKER | WRITES, STORAGE_FORMAT_TRACKS_EX_SIZE, 0, INVALID_PARAMETER,
        INVALID_PARAMETER, disk_control_format_tracks_ex),
    ROW(IOCTL_DISK_SET_PARTITION_INFO, WRITES, 1, 0, INVALID_PARAMETER, INVALID_PARAMETER, disk_control_accept),
    ROW(IOCTL_DISK_SET_PARTITION_INFO_EX, WRITES, STORAGE_SET_PARTITION_EX_SIZE, 0, INVALID_PARAMETER,
        INVALID_PARAMETER, disk_control_set_partition_ex),
    ACCEPT(IOCTL_DISK_UPDATE_PROPERTIES),
    ACCEPT(IOCTL_DISK_MEDIA_REMOVAL),
    ACCEPT(IOCTL_STORAGE_MEDIA_REMOVAL),
    ROW(IOCTL_DISK_GROW_PARTITION, IN_WORKER | REFRESHES | REQUEST_EXACT_INPUT, sizeof(struct storage_grow_partition),
        0, BUFFER_TOO_SMALL, INVALID_PARAMETER, disk_control_grow),
    ROW(IOCTL_STORAGE_MANAGE_DATA_SET_ATTRIBUTES, IN_WORKER, sizeof(struct storage_data_set_attributes), 0,
        INVALID_PARAMETER, INVALID_PARAMETER, disk_control_trim),
};

const struct request_entry *disk_control_find(uint32_t code)
{
    return request_find(control_table, sizeof(control_table) / sizeof(control_table[0]), code, 0);
}

static bool runs_in_worker(const struct disk_device *device, const struct request_entry *row)
{
    return (row->flags & IN_WORKER) != 0 || ((row->flags & IF_BLOCKING) != 0 && device->disk.source->blocks);
}

NTSTATUS disk_control_dispatch(struct disk_device *device, const struct request_entry *row,
                               struct disk_request *request)
{
    NTSTATUS status = disk_request_check(device, row, request);
    if (NT_SUCCESS(status) && runs_in_worker(device, row)) {
        IoMarkIrpPending(request->irp);
        nt_irp_queue_insert(&device->queue, request->irp, (row->flags & BARRIER) != 0);
        status = STATUS_PENDING;
    } else {
        status = NT_SUCCESS(status) ? row->handler(&device->disk, &request->request) : status;
        (void)disk_request_complete(request, status);
    }
    disk_device_release(device);
    return status;
}

void disk_serve_control(struct disk_device *device, PIRP irp)
{
    struct disk_request request = disk_request_read(device, irp);
    const struct request_entry *row = disk_control_find(request.request.code);
    disk_transfer_begin(device);
    NTSTATUS status = row->handler(&device->disk, &request.request);
    disk_transfer_end(device);
    if ((row->flags & REFRESHES) != 0) {
        disk_refresh();
    }
    (void)disk_request_complete(&request, status);
}
