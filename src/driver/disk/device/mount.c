/* SPDX-License-Identifier: MIT */
/*
 * Registration with the mount manager, for disks that ask for it: a volume name, and the drive letter in its hands.
 *
 * PASSIVE_LEVEL, in system threads, with no lock held: the mount manager asks the disk for its names meanwhile.
 */

#include "core/disk/storage_abi.h"
#include "driver/disk/device/mount.h"
#include "driver/disk/device/names.h"

#define MOUNT_MANAGER       L"\\Device\\MountPointManager"

/* mountmgr.h, which not every toolchain's kernel headers can include. */
#define CODE_CREATE_POINT   0x006DC000u
#define CODE_DELETE_POINTS  0x006DC004u
#define CODE_VOLUME_ARRIVAL 0x006D402Cu

/* Two names of up to NT_NAME_CHARACTERS, and the largest structure before them. */
#define MOUNT_REQUEST_SIZE  (2 * sizeof(WCHAR) * NT_NAME_CHARACTERS + 32)

struct mount_create_point { /* MOUNTMGR_CREATE_POINT_INPUT */
    USHORT link_offset, link_length;
    USHORT device_offset, device_length;
};

struct mount_point { /* MOUNTMGR_MOUNT_POINT */
    ULONG link_offset;
    USHORT link_length;
    ULONG unique_id_offset;
    USHORT unique_id_length;
    ULONG device_offset;
    USHORT device_length;
};
_Static_assert(sizeof(struct mount_point) == 24, "wire layout");

struct mount_request {
    _Alignas(8) unsigned char bytes[MOUNT_REQUEST_SIZE];
    ULONG length;
};

static NTSTATUS open_manager(HANDLE *manager)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(MOUNT_MANAGER);
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK io;
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    return ZwCreateFile(manager, GENERIC_READ | GENERIC_WRITE | SYNCHRONIZE, &attributes, &io, NULL,
                        FILE_ATTRIBUTE_NORMAL, FILE_SHARE_READ | FILE_SHARE_WRITE, FILE_OPEN,
                        FILE_SYNCHRONOUS_IO_NONALERT | FILE_NON_DIRECTORY_FILE, NULL, 0);
}

/* Appends a name; returns where it is. */
static USHORT append(struct mount_request *request, const UNICODE_STRING *name)
{
    USHORT offset = (USHORT)request->length;
    RtlCopyMemory(request->bytes + offset, name->Buffer, name->Length);
    request->length += name->Length;
    return offset;
}

static NTSTATUS send(HANDLE manager, ULONG code, struct mount_request *request, void *output, ULONG output_length)
{
    IO_STATUS_BLOCK io;
    NTSTATUS status = ZwDeviceIoControlFile(manager, NULL, NULL, NULL, &io, code, request->bytes, request->length,
                                            output, output_length);
    return status;
}

static NTSTATUS announce(HANDLE manager, const UNICODE_STRING *device)
{
    struct mount_request request = {.length = sizeof(USHORT)}; /* MOUNTMGR_TARGET_NAME */
    RtlCopyMemory(request.bytes, &device->Length, sizeof(USHORT));
    (void)append(&request, device);
    return send(manager, CODE_VOLUME_ARRIVAL, &request, NULL, 0);
}

static NTSTATUS create_point(HANDLE manager, const UNICODE_STRING *link, const UNICODE_STRING *device)
{
    struct mount_request request = {.length = sizeof(struct mount_create_point)};
    struct mount_create_point point = {.link_length = link->Length, .device_length = device->Length};
    point.link_offset = append(&request, link);
    point.device_offset = append(&request, device);
    RtlCopyMemory(request.bytes, &point, sizeof(point));
    return send(manager, CODE_CREATE_POINT, &request, NULL, 0);
}

NTSTATUS disk_mount_arrive(const struct disk *disk)
{
    HANDLE manager;
    struct nt_name device;
    struct nt_name link;
    NT_IRQL_AT_MOST(PASSIVE_LEVEL);
    NTSTATUS status = open_manager(&manager);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    disk_names_of_device(disk->number, &device);
    status = announce(manager, &device.string);
    if (NT_SUCCESS(status) && disk->drive_letter != 0) {
        nt_name_letter(&link, L"\\DosDevices\\", disk->drive_letter);
        status = create_point(manager, &link.string, &device.string);
    }
    (void)ZwClose(manager);
    return status;
}

/* Only the letter: what the mount manager knows of the volume itself makes its name the same the next time. */
void disk_mount_leave(const struct disk *disk)
{
    struct mount_request request = {.length = sizeof(struct mount_point)};
    struct mount_point point = {.link_offset = 0};
    struct nt_name link;
    HANDLE manager;
    unsigned char deleted[256]; /* MOUNTMGR_MOUNT_POINTS, of which nothing is wanted */
    NT_IRQL_AT_MOST(PASSIVE_LEVEL);
    if (disk->drive_letter == 0 || !NT_SUCCESS(open_manager(&manager))) {
        return;
    }
    nt_name_letter(&link, L"\\DosDevices\\", disk->drive_letter);
    point.link_length = link.string.Length;
    point.link_offset = append(&request, &link.string);
    RtlCopyMemory(request.bytes, &point, sizeof(point));
    (void)send(manager, CODE_DELETE_POINTS, &request, deleted, sizeof(deleted));
    (void)ZwClose(manager);
}
