/* SPDX-License-Identifier: MIT */
/* Names and links of disks; names.h has the contract. */

#include "driver/disk/device/names.h"

#define NUMBER_PREFIX L"\\DosDevices\\ImDisk"
#define LETTER_PREFIX L"\\DosDevices\\Global\\"

void disk_names_write(const struct disk_name *of, struct nt_name *name)
{
    _Static_assert(NT_NAME_CHARACTERS >= DISK_NAME_UNITS, "room for any name");
    USHORT length = (USHORT)(disk_name_write(of, (uint16_t *)name->text) * sizeof(WCHAR));
    name->string = (UNICODE_STRING){.Length = length, .MaximumLength = sizeof(name->text), .Buffer = name->text};
}

void disk_names_of_device(const struct disk *disk, struct nt_name *name)
{
    disk_names_write(&(struct disk_name){.number = disk->number, .volume = disk->volume}, name);
}

static void delete_link(const UNICODE_STRING *link)
{
    (void)IoDeleteSymbolicLink((PUNICODE_STRING)(ULONG_PTR)link);
}

static bool same(const struct disk_name *a, const struct disk_name *b)
{
    return a->volume == b->volume && (a->volume != 0 || a->number == b->number);
}

/* The disk, which need not exist, that a link leads to; *known false: to something else. Fails if there is no such link. */
static NTSTATUS follow_link(const UNICODE_STRING *link, struct disk_name *disk, bool *known)
{
    OBJECT_ATTRIBUTES attributes;
    HANDLE handle;
    WCHAR text[DISK_NAME_UNITS];
    UNICODE_STRING target = {.MaximumLength = sizeof(text), .Buffer = text};
    InitializeObjectAttributes(&attributes, (PUNICODE_STRING)(ULONG_PTR)link, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE,
                               NULL, NULL);
    NTSTATUS status = ZwOpenSymbolicLinkObject(&handle, GENERIC_READ, &attributes);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = ZwQuerySymbolicLinkObject(handle, &target, NULL);
    (void)ZwClose(handle);
    *known = NT_SUCCESS(status) && disk_name_parse((const uint16_t *)text, target.Length / sizeof(WCHAR), disk);
    return status == STATUS_BUFFER_TOO_SMALL ? STATUS_SUCCESS : status; /* longer than the name of any disk */
}

/* Whether a link leads to a disk that does not exist: a crash of the driver's process has left it, in Wine. */
static bool is_stale(const UNICODE_STRING *link, uint32_t new_number)
{
    struct disk_name disk;
    bool known;
    if (!NT_SUCCESS(follow_link(link, &disk, &known)) || !known) {
        return false;
    }
    return disk.volume != 0 ? !disk_device_volume_exists(disk.volume)
                            : disk.number == new_number || !disk_device_number_taken(disk.number);
}

static bool remove_stale(const UNICODE_STRING *link, uint32_t new_number)
{
    bool stale = is_stale(link, new_number);
    if (stale) {
        delete_link(link);
    }
    return stale;
}

/* A link that exists stays, and is not ours, unless it is stale. NAME_EXISTS is a success code in Wine. */
static NTSTATUS make_link(const UNICODE_STRING *link, const UNICODE_STRING *target, uint32_t number)
{
    (void)remove_stale(link, number);
    NTSTATUS status = IoCreateSymbolicLink((PUNICODE_STRING)(ULONG_PTR)link, (PUNICODE_STRING)(ULONG_PTR)target);
    return NT_SUCCESS(status) && status != STATUS_SUCCESS ? STATUS_OBJECT_NAME_COLLISION : status;
}

bool disk_names_remove_stale(uint32_t number)
{
    struct nt_name link;
    disk_names_write(&(struct disk_name){.number = number}, &link);
    return remove_stale(&link.string, number);
}

NTSTATUS disk_names_link_volume(const struct disk_name *name)
{
    struct nt_name link;
    struct nt_name target;
    disk_names_write(&(struct disk_name){.number = name->number}, &link);
    disk_names_write(name, &target);
    return make_link(&link.string, &target.string, name->number);
}

void disk_names_unlink_volume(uint32_t number)
{
    struct nt_name link;
    disk_names_write(&(struct disk_name){.number = number}, &link);
    delete_link(&link.string);
}

static bool link_device(const struct disk_device *device, const UNICODE_STRING *link)
{
    struct nt_name target;
    disk_names_of_device(&device->disk, &target);
    return NT_SUCCESS(make_link(link, &target.string, device->disk.number));
}

void disk_names_link_letter(struct disk_device *device)
{
    struct nt_name link;
    if (device->disk.drive_letter != 0) {
        nt_name_letter(&link, LETTER_PREFIX, device->disk.drive_letter);
        device->letter_linked = link_device(device, &link.string);
    }
}

void disk_names_link(struct disk_device *device)
{
    struct nt_name link;
    nt_name_number(&link, NUMBER_PREFIX, device->disk.number);
    device->number_linked = link_device(device, &link.string);
    if (device->disk.volume == 0) {
        disk_names_link_letter(device);
    }
}

/* Unless others have taken the name meanwhile. */
static void delete_ours(const UNICODE_STRING *link, const struct disk_device *device)
{
    const struct disk_name ours = {.number = device->disk.number, .volume = device->disk.volume};
    struct disk_name disk;
    bool known;
    if (!NT_SUCCESS(follow_link(link, &disk, &known)) || (known && same(&disk, &ours))) {
        delete_link(link);
    }
}

void disk_names_unlink(const struct disk_device *device)
{
    struct nt_name name;
    if (device->number_linked) {
        nt_name_number(&name, NUMBER_PREFIX, device->disk.number);
        delete_ours(&name.string, device);
    }
    if (device->letter_linked) {
        nt_name_letter(&name, LETTER_PREFIX, device->disk.drive_letter);
        delete_ours(&name.string, device);
    }
    if (device->disk.volume != 0) {
        disk_names_write(&(struct disk_name){.number = device->disk.number}, &name);
        delete_ours(&name.string, device);
    }
}
