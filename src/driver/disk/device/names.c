/* SPDX-License-Identifier: MIT */
/* Names and links of disks; names.h has the contract. */

#include "driver/disk/device/names.h"

#define DEVICE_PREFIX L"\\Device\\ImDisk"
#define NUMBER_PREFIX L"\\DosDevices\\ImDisk"
#define LETTER_PREFIX L"\\DosDevices\\Global\\"

void disk_names_of_device(uint32_t number, struct nt_name *name)
{
    nt_name_number(name, DEVICE_PREFIX, number);
}

static void delete_link(const UNICODE_STRING *link)
{
    (void)IoDeleteSymbolicLink((PUNICODE_STRING)(ULONG_PTR)link);
}

/* The number in a link's target "\\Device\\ImDisk<n>"; false if it is another. */
static bool parse_target(const UNICODE_STRING *target, uint32_t *number)
{
    static const WCHAR prefix[] = DEVICE_PREFIX;
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

#define NO_DISK 0xFFFFFFFFu

/* The number of the disk, which need not exist, that a link leads to, or NO_DISK. Fails if there is no such link. */
static NTSTATUS follow_link(const UNICODE_STRING *link, uint32_t *number)
{
    OBJECT_ATTRIBUTES attributes;
    HANDLE handle;
    WCHAR text[NT_NAME_CHARACTERS];
    UNICODE_STRING target = {.MaximumLength = sizeof(text), .Buffer = text};
    InitializeObjectAttributes(&attributes, (PUNICODE_STRING)(ULONG_PTR)link, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE,
                               NULL, NULL);
    NTSTATUS status = ZwOpenSymbolicLinkObject(&handle, GENERIC_READ, &attributes);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = ZwQuerySymbolicLinkObject(handle, &target, NULL);
    (void)ZwClose(handle);
    if (status == STATUS_BUFFER_TOO_SMALL) { /* longer than the name of any disk */
        target.Length = 0;
        status = STATUS_SUCCESS;
    }
    if (NT_SUCCESS(status) && !parse_target(&target, number)) {
        *number = NO_DISK;
    }
    return status;
}

/* Whether a link leads to a disk that does not exist: a crash of the driver's process has left it, in Wine. */
static bool is_stale(const UNICODE_STRING *link, uint32_t new_number)
{
    uint32_t number;
    return NT_SUCCESS(follow_link(link, &number)) && number != NO_DISK &&
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

void disk_names_link(struct disk_device *device)
{
    struct nt_name link;
    struct nt_name target;
    disk_names_of_device(device->disk.number, &target);
    nt_name_number(&link, NUMBER_PREFIX, device->disk.number);
    device->number_linked = make_link(&link.string, &target.string, device->disk.number);
    if (device->disk.drive_letter != 0 && !disk_device_managed(device)) {
        nt_name_letter(&link, LETTER_PREFIX, device->disk.drive_letter);
        device->letter_linked = make_link(&link.string, &target.string, device->disk.number);
    }
}

/* Unless others have taken the name meanwhile. */
static void delete_ours(const UNICODE_STRING *link, const struct disk_device *device)
{
    uint32_t number;
    if (!NT_SUCCESS(follow_link(link, &number)) || number == device->disk.number) {
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
}
