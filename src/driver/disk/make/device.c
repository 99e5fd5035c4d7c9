/* SPDX-License-Identifier: MIT */
/* New disk devices; device.h has the contract. */

#include "driver/disk/make/device.h"
#include "driver/disk/device/driver.h"
#include "driver/disk/device/names.h"
#include "driver/disk/device/refresh.h"
#include "driver/disk/workers.h"
#include "driver/nt/clock.h"
#include "driver/nt/late.h"
#include "driver/nt/security.h"

/*
 * What everybody may do with a disk device, programs with restricted tokens included: query it, and traverse it to files of
 * a mounted file system.
 */
#define DISK_ACCESS_EVERYONE (FILE_TRAVERSE | FILE_READ_ATTRIBUTES | READ_CONTROL | SYNCHRONIZE)

#define BITMAP_BYTES         (IMDISK_MAXIMUM_DEVICES / 8)
#define BITMAP_TAG           PLATFORM_TAG('B', 'd', 'B', 'm')

/* Never used before while the system runs, not even by this driver when it was loaded earlier. number_mutex held. */
static uint64_t next_volume(void)
{
    uint64_t now = nt_clock_100ns();
    disk_driver.last_volume = now > disk_driver.last_volume ? now : disk_driver.last_volume + 1;
    return disk_driver.last_volume;
}

static NTSTATUS create_device(const struct disk_name *as, enum disk_kind kind, bool removable, PDEVICE_OBJECT *object)
{
    struct nt_name name;
    DEVICE_TYPE type = FILE_DEVICE_DISK;
    /* SECURE_OPEN: or an open relative to a handle that may only query would not be checked at all. */
    ULONG characteristics = FILE_DEVICE_SECURE_OPEN | nt_late.app_container_traversal;
    characteristics |= removable ? FILE_REMOVABLE_MEDIA : 0;
    if (kind == DISK_KIND_FLOPPY) {
        characteristics |= FILE_FLOPPY_DISKETTE;
    } else if (kind == DISK_KIND_CD) {
        type = FILE_DEVICE_CD_ROM;
        characteristics |= FILE_READ_ONLY_DEVICE;
    } else if (kind == DISK_KIND_RAW) {
        type = FILE_DEVICE_UNKNOWN;
    }
    disk_names_write(as, &name);
    return IoCreateDevice(disk_driver.object, disk_device_extension_size(), &name.string, type, characteristics, FALSE,
                          object);
}

static NTSTATUS create_object(const struct disk_name *name, enum disk_kind kind, bool removable, PDEVICE_OBJECT *object)
{
    NTSTATUS status = create_device(name, kind, removable, object);
    if (status == STATUS_OBJECT_NAME_COLLISION && disk_names_remove_stale(name->number)) {
        status = create_device(name, kind, removable, object);
    }
    if (NT_SUCCESS(status) && name->volume != 0) {
        status = disk_names_link_volume(name);
        if (!NT_SUCCESS(status)) {
            IoDeleteDevice(*object);
        }
    }
    return status;
}

/* The lowest number whose name is free, too. number_mutex held. */
static NTSTATUS create_automatic(const struct disk_parameters *parameters, bool removable, struct disk_name *name,
                                 PDEVICE_OBJECT *object)
{
    unsigned char *bitmap = platform_allocate(PLATFORM_POOL_NONPAGED, BITMAP_BYTES, BITMAP_TAG);
    NTSTATUS status = STATUS_INSUFFICIENT_RESOURCES;
    if (bitmap == NULL) {
        return status;
    }
    platform_zero(bitmap, BITMAP_BYTES);
    status = STATUS_INVALID_PARAMETER; /* of the number that is next when all are taken */
    disk_device_mark_numbers(bitmap);
    for (name->number = 0; name->number < disk_driver.policy.maximum_devices; ++name->number) {
        if ((bitmap[name->number / 8] >> name->number % 8 & 1) == 0) {
            status = create_object(name, parameters->kind, removable, object);
            if (status != STATUS_OBJECT_NAME_COLLISION) {
                break;
            }
        }
    }
    platform_free(bitmap, BITMAP_BYTES, BITMAP_TAG);
    return status;
}

/* number_mutex held. */
static NTSTATUS create_named_object(const struct disk_parameters *parameters, bool removable, struct disk_name *name,
                                    PDEVICE_OBJECT *object)
{
    *name = (struct disk_name){.number = parameters->number};
    if ((parameters->flags & BALLAST_OPTION_MOUNT_MANAGER) != 0) {
        name->volume = next_volume();
    }
    return parameters->number == IMDISK_AUTO_DEVICE_NUMBER ? create_automatic(parameters, removable, name, object)
                                                           : create_object(name, parameters->kind, removable, object);
}

/* The first identity of these parameters that no disk has. number_mutex held. */
static struct disk_identity identify(const struct disk_parameters *parameters)
{
    uint32_t instance = 0;
    struct disk_identity identity = disk_identify(parameters, instance);
    while (disk_device_identity_taken(&identity)) {
        identity = disk_identify(parameters, ++instance);
    }
    return identity;
}

static NTSTATUS create_numbered(const struct disk_parameters *parameters, struct source *source, struct disk_hold *hold,
                                struct disk_device **result)
{
    struct disk_parameters numbered = *parameters;
    struct disk_name name;
    PDEVICE_OBJECT object;
    bool removable = disk_kind_removable(parameters->kind, parameters->flags);
    NTSTATUS status = create_named_object(parameters, removable, &name, &object);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    numbered.number = name.number;
    struct disk_device *device = object->DeviceExtension;
    object->Flags |= DO_DIRECT_IO;
    object->AlignmentRequirement = source->buffer_alignment_mask;
    object->SectorSize = (USHORT)numbered.geometry.bytes_per_sector; /* 0: it does not fit, and nobody believes it */
    device->disk.volume = name.volume;
    device->disk.identity = identify(&numbered);
    status = nt_device_protect(object, DISK_ACCESS_EVERYONE, DISK_ACCESS_EVERYONE);
    if (NT_SUCCESS(status)) {
        status = disk_initialize(&device->disk, &numbered, source, disk_device_lanes(device));
    }
    if (!NT_SUCCESS(status)) {
        if (name.volume != 0) {
            disk_names_unlink_volume(name.number);
        }
        IoDeleteDevice(object);
        return status;
    }
    device->object = object;
    device->hold = hold;
    device->references = 1;
    device->blocks = source->blocks;
    device->queues = source->blocks;
    nt_reserve_create(&device->reserve);
    disk_workers_initialize(device);
    disk_names_link(device);
    disk_device_list(device);
    disk_refresh();
    *result = device;
    return STATUS_SUCCESS;
}

static NTSTATUS create_held(const struct disk_parameters *parameters, struct source *source, struct disk_hold *hold,
                            struct disk_device **device)
{
    NTSTATUS status = STATUS_DELETE_PENDING;
    disk_driver_lock_numbers();
    if (disk_driver_enter()) {
        status = create_numbered(parameters, source, hold, device);
        if (!NT_SUCCESS(status)) {
            disk_driver_leave(); /* not the last: the creation itself keeps the driver loaded */
        }
    }
    if (!NT_SUCCESS(status)) {
        disk_driver_allow_stop();
    }
    disk_driver_unlock_numbers();
    if (!NT_SUCCESS(status)) {
        disk_driver_let_go(hold);
    }
    return status;
}

NTSTATUS disk_device_create(const struct disk_parameters *parameters, struct source *source,
                            struct disk_device **device)
{
    struct disk_hold *hold;
    NTSTATUS status = disk_driver_hold(&hold);
    return NT_SUCCESS(status) ? create_held(parameters, source, hold, device) : status;
}
