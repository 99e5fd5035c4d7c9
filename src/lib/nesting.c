/* SPDX-License-Identifier: MIT */
/* Disks on disks; nesting.h has the contract. */

#include "lib/nesting.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "lib/identity.h"
#include "lib/object_name.h"

uint32_t nesting_find(const struct nesting *nesting, uint32_t number)
{
    for (uint32_t i = 0; i < nesting->count; i++) {
        if (nesting->disk[i].number == number) {
            return i;
        }
    }
    return NESTING_NONE;
}

/* By the name that the object manager has for an open file: its device's, and behind that the path. */
static uint32_t find_by_name(const struct nesting *nesting, const UNICODE_STRING *name)
{
    for (uint32_t i = 0; i < nesting->count; i++) {
        size_t length = wcslen(nesting->disk[i].device);
        if (name->Length / sizeof(wchar_t) > length && name->Buffer[length] == L'\\' &&
            _wcsnicmp(name->Buffer, nesting->disk[i].device, length) == 0) {
            return i;
        }
    }
    return NESTING_NONE;
}

/* The disk that the file of an image lies on, or that a handle to a device leads to. */
static uint32_t disk_under(const struct nesting *nesting, HANDLE image, const struct imdisk_create_data *disk)
{
    struct imdisk_create_data *data;
    uint32_t found = NESTING_NONE;
    if (query_device(image, &data) == 0) {
        found = nesting_find(nesting, data->device_number);
        free(data);
        return found;
    }
    UNICODE_STRING *name = object_name(image);
    if (name != NULL) {
        found = find_by_name(nesting, name);
    }
    free(name);
    return found != NESTING_NONE && identity_image_is_held(disk) ? found : NESTING_NONE;
}

/* Never on a disk of ours, and opening it waits for a server that may not be there any more. */
static bool is_remote(const wchar_t *name, size_t length)
{
    static const wchar_t *const prefixes[] = {L"\\??\\UNC\\", L"\\Device\\Mup\\", L"\\Device\\LanmanRedirector\\"};
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        size_t prefix = wcslen(prefixes[i]);
        if (length >= prefix && _wcsnicmp(name, prefixes[i], prefix) == 0) {
            return true;
        }
    }
    if (length >= 6 && _wcsnicmp(name, L"\\??\\", 4) == 0 && name[5] == L':') {
        wchar_t root[] = {name[4], L':', L'\\', 0};
        return GetDriveTypeW(root) == DRIVE_REMOTE;
    }
    return false;
}

static uint32_t carrier_of(const struct nesting *nesting, uint32_t index)
{
    struct imdisk_create_data *data;
    ballast_result result;
    uint32_t carrier = NESTING_NONE;
    HANDLE disk = open_disk(nesting->disk[index].number, OPEN_QUERY, &result, NULL);
    if (disk == INVALID_HANDLE_VALUE) {
        return NESTING_NONE; /* removed meanwhile */
    }
    DWORD code = query_device(disk, &data);
    CloseHandle(disk);
    if (code != 0) {
        return NESTING_NONE;
    }
    HANDLE image = is_remote((const wchar_t *)data->file_name, data->file_name_length_bytes / sizeof(wchar_t))
                       ? INVALID_HANDLE_VALUE
                       : identity_open_image(data);
    if (image != INVALID_HANDLE_VALUE) {
        carrier = disk_under(nesting, image, data);
        CloseHandle(image);
    }
    free(data);
    /* The image was opened when the disk was made, on one that was there. */
    return carrier != NESTING_NONE && carrier > index ? carrier : NESTING_NONE;
}

struct nesting *nesting_read(ballast_result *result, ballast_error *error)
{
    uint32_t *numbers = disk_numbers(result, error);
    if (numbers == NULL) {
        return NULL;
    }
    struct nesting *nesting = calloc(1, sizeof(*nesting) + numbers[0] * sizeof(nesting->disk[0]));
    if (nesting == NULL) {
        *result = error_set(error, BALLAST_FAILED, ERROR_NOT_ENOUGH_MEMORY, L"cannot list disks");
    } else {
        nesting->count = numbers[0];
        for (uint32_t i = 0; i < nesting->count; i++) {
            nesting->disk[i].number = numbers[1 + i];
            disk_device_name(numbers[1 + i], nesting->disk[i].device);
        }
        for (uint32_t i = 0; i < nesting->count; i++) {
            nesting->disk[i].carrier = carrier_of(nesting, i);
        }
    }
    free(numbers);
    return nesting;
}

bool nesting_carries(const struct nesting *nesting, uint32_t index)
{
    for (uint32_t i = 0; i < index; i++) {
        if (nesting->disk[i].carrier == index) {
            return true;
        }
    }
    return false;
}

bool nesting_is_within(const struct nesting *nesting, uint32_t index, uint32_t outer)
{
    while (index != NESTING_NONE && index != outer) {
        index = nesting->disk[index].carrier;
    }
    return index == outer;
}
