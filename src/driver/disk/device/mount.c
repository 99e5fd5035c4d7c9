/* SPDX-License-Identifier: MIT */
/*
 * Registration with the mount manager, for disks that ask for it: a volume name, and the drive letter in its hands.
 *
 * It gives a volume that arrives the links that it remembers, or the letter that the volume suggests, or any; a second letter
 * it refuses. Its links are asked for and deleted by the volume's unique id: to find them by the name of a device it would ask
 * that device, which answers nothing any more when it leaves.
 *
 * PASSIVE_LEVEL, in system threads, with no lock held: the mount manager asks the disk for its names meanwhile.
 */

#include "driver/disk/device/mount.h"
#include "core/base/platform.h"
#include "driver/disk/device/names.h"

#define MOUNT_MANAGER       L"\\Device\\MountPointManager"
#define DOS_DEVICES         L"\\DosDevices\\"
#define LETTER_BYTES        ((USHORT)(sizeof(DOS_DEVICES) - sizeof(WCHAR) + 2 * sizeof(WCHAR)))

/* mountmgr.h, which not every toolchain's kernel headers can include. */
#define CODE_CREATE_POINT   0x006DC000u
#define CODE_DELETE_POINTS  0x006DC004u
#define CODE_QUERY_POINTS   0x006D0008u
#define CODE_VOLUME_ARRIVAL 0x006D402Cu

/* Two names of up to NT_NAME_CHARACTERS, and the largest structure before them. */
#define MOUNT_REQUEST_SIZE  (2 * sizeof(WCHAR) * NT_NAME_CHARACTERS + 32)

#define POINTS_TAG          PLATFORM_TAG('B', 'd', 'M', 'p')
#define POINTS_SIZE         4096u
#define POINTS_MAXIMUM      0x10000u /* a few hundred links */

/* More letters than there are were given meanwhile. */
#define LETTERS             26u

/* What has failed for want of memory may do so only now. */
#define LEAVE_ATTEMPTS      4u
#define LEAVE_100NS         (100 * 10000)

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

/* ---- links ---- */

static void free_points(struct disk_mount *mount)
{
    if (mount->points != NULL) {
        platform_free(mount->points, mount->size, POINTS_TAG);
        mount->points = NULL;
    }
}

static NTSTATUS make_room(struct disk_mount *mount, ULONG size)
{
    void *points = platform_allocate(PLATFORM_POOL_PAGED, size, POINTS_TAG);
    if (points == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    free_points(mount);
    mount->points = points;
    mount->size = size;
    return STATUS_SUCCESS;
}

/* Asks for the volume's links, or deletes them: all, or the one of this name. What they are, or were, is in mount->points. */
static NTSTATUS find_points(HANDLE manager, ULONG code, const UNICODE_STRING *link, struct disk_mount *mount)
{
    struct mount_request request = {.length = sizeof(struct mount_point)};
    const UNICODE_STRING id = {sizeof(mount->identity), sizeof(mount->identity), (WCHAR *)&mount->identity};
    struct mount_point point = {.unique_id_length = id.Length};
    point.unique_id_offset = append(&request, &id);
    if (link != NULL) {
        point.link_length = link->Length;
        point.link_offset = append(&request, link);
    }
    RtlCopyMemory(request.bytes, &point, sizeof(point));
    NTSTATUS status = send(manager, code, &request, mount->points, mount->size);
    if (status == STATUS_BUFFER_OVERFLOW) { /* its beginning says how much there is */
        ULONG size = *(const ULONG *)mount->points;
        status = size > mount->size && size <= POINTS_MAXIMUM ? make_room(mount, size) : STATUS_BUFFER_OVERFLOW;
        if (NT_SUCCESS(status)) {
            status = send(manager, code, &request, mount->points, mount->size);
        }
    }
    return status;
}

/* Bytes of the reply as text; empty if they are not all there. */
static UNICODE_STRING text_at(const struct disk_mount *mount, ULONG offset, USHORT length)
{
    UNICODE_STRING text = {0};
    if (offset <= mount->size && length <= mount->size - offset) {
        text.Buffer = (WCHAR *)((unsigned char *)mount->points + offset);
        text.Length = text.MaximumLength = length;
    }
    return text;
}

static bool equal(const UNICODE_STRING *a, const UNICODE_STRING *b)
{
    return a->Length == b->Length && RtlCompareMemory(a->Buffer, b->Buffer, a->Length) == a->Length;
}

static bool is_letter(const UNICODE_STRING *link)
{
    static const WCHAR prefix[] = DOS_DEVICES;
    SIZE_T length = sizeof(prefix) - sizeof(WCHAR);
    return link->Length == LETTER_BYTES && RtlCompareMemory(link->Buffer, prefix, length) == length &&
           link->Buffer[LETTER_BYTES / sizeof(WCHAR) - 1] == L':';
}

/*
 * Looks through the links for a letter that is not wanted: another than `wanted`, or one that leads to what has been this volume
 * before. *has: it has the wanted one.
 */
static bool find_unwanted(const struct disk_mount *mount, const UNICODE_STRING *wanted, const UNICODE_STRING *device,
                          struct nt_name *unwanted, bool *has)
{
    struct {
        ULONG size, count;
    } header;
    RtlCopyMemory(&header, mount->points, sizeof(header));
    *has = false;
    for (ULONG i = 0; i < header.count && i < (mount->size - sizeof(header)) / sizeof(struct mount_point); i++) {
        struct mount_point point;
        RtlCopyMemory(&point, (unsigned char *)mount->points + sizeof(header) + i * sizeof(point), sizeof(point));
        UNICODE_STRING link = text_at(mount, point.link_offset, point.link_length);
        UNICODE_STRING leads_to = text_at(mount, point.device_offset, point.device_length);
        if (!is_letter(&link)) {
            continue;
        }
        if (!equal(&link, wanted) || !equal(&leads_to, device)) {
            nt_name_letter(unwanted, DOS_DEVICES, link.Buffer[LETTER_BYTES / sizeof(WCHAR) - 2]);
            return true;
        }
        *has = true;
    }
    return false;
}

/* `wanted` is the only letter, if it is not empty. */
static NTSTATUS arrange_letters(HANDLE manager, const UNICODE_STRING *wanted, const UNICODE_STRING *device,
                                struct disk_mount *mount)
{
    struct nt_name unwanted;
    bool has = false;
    NTSTATUS status = find_points(manager, CODE_QUERY_POINTS, NULL, mount);
    for (unsigned i = 0; NT_SUCCESS(status) && i < LETTERS && find_unwanted(mount, wanted, device, &unwanted, &has);
         i++) {
        status = find_points(manager, CODE_DELETE_POINTS, &unwanted.string, mount);
        if (NT_SUCCESS(status)) {
            status = find_points(manager, CODE_QUERY_POINTS, NULL, mount);
        }
    }
    return NT_SUCCESS(status) && !has && wanted->Length != 0 ? create_point(manager, wanted, device) : status;
}

NTSTATUS disk_mount_arrive(const struct disk *disk, struct disk_mount *mount)
{
    HANDLE manager;
    struct nt_name device;
    struct nt_name letter = {.string = {.Length = 0}};
    NT_IRQL_AT_MOST(PASSIVE_LEVEL);
    NTSTATUS status = open_manager(&manager);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    mount->identity = disk->identity;
    status = make_room(mount, POINTS_SIZE);
    if (NT_SUCCESS(status)) {
        disk_names_of_device(disk, &device);
        status = announce(manager, &device.string);
    }
    if (NT_SUCCESS(status)) {
        if (disk->drive_letter != 0) {
            nt_name_letter(&letter, DOS_DEVICES, disk->drive_letter);
        }
        status = arrange_letters(manager, &letter.string, &device.string, mount);
    }
    (void)ZwClose(manager);
    return status;
}

static NTSTATUS delete_points(struct disk_mount *mount)
{
    HANDLE manager;
    NTSTATUS status = open_manager(&manager);
    if (NT_SUCCESS(status)) {
        status = find_points(manager, CODE_DELETE_POINTS, NULL, mount);
        (void)ZwClose(manager);
    }
    return status;
}

void disk_mount_leave(struct disk_mount *mount)
{
    NT_IRQL_AT_MOST(PASSIVE_LEVEL);
    if (mount->points == NULL) {
        return;
    }
    for (unsigned i = 1; delete_points(mount) == STATUS_INSUFFICIENT_RESOURCES && i < LEAVE_ATTEMPTS; i++) {
        LARGE_INTEGER interval = {.QuadPart = -LEAVE_100NS};
        (void)KeDelayExecutionThread(KernelMode, FALSE, &interval);
    }
    free_points(mount);
}
