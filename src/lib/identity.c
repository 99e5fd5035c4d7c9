/* SPDX-License-Identifier: MIT */
/* Identity of files, devices and disks; identity.h has the contract. */

#include "lib/identity.h"

#include <stdlib.h>
#include <winioctl.h>
#include <winternl.h>

static void identify(HANDLE handle, struct identity *identity)
{
    BY_HANDLE_FILE_INFORMATION file;
    STORAGE_DEVICE_NUMBER device;
    struct imdisk_create_data *disk;
    DWORD returned = 0;
    *identity = (struct identity){.kind = IDENTITY_FILE};
    if (GetFileInformationByHandle(handle, &file)) { /* first: some systems answer for a file's device, too */
        identity->major = file.dwVolumeSerialNumber;
        identity->minor = (uint64_t)file.nFileIndexHigh << 32 | file.nFileIndexLow;
        identity->known = identity->minor != 0;
    } else if (query_device(handle, &disk) == 0) {
        *identity = (struct identity){.kind = IDENTITY_DISK, .known = 1, .major = disk->device_number};
        free(disk);
    } else if (device_control(handle, IOCTL_STORAGE_GET_DEVICE_NUMBER, NULL, 0, &device, sizeof(device), &returned) ==
                   0 &&
               returned == sizeof(device)) {
        *identity = (struct identity){.kind = IDENTITY_DEVICE,
                                      .known = 1,
                                      .major = (uint64_t)device.DeviceType << 32 | device.DeviceNumber,
                                      .minor = device.PartitionNumber};
    } else if (GetFileType(handle) != FILE_TYPE_DISK) {
        identity->kind = IDENTITY_DEVICE;
    }
}

/* The image's name is a native path. */
static HANDLE open_image_of(const struct imdisk_create_data *disk, NTSTATUS *status)
{
    HANDLE handle;
    IO_STATUS_BLOCK io;
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING name = {.Length = disk->file_name_length_bytes,
                           .MaximumLength = disk->file_name_length_bytes,
                           .Buffer = (wchar_t *)(uintptr_t)disk->file_name};
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    *status = NtOpenFile(&handle, FILE_READ_ATTRIBUTES | SYNCHRONIZE, &attributes, &io,
                         FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, FILE_SYNCHRONOUS_IO_NONALERT);
    return *status >= 0 ? handle : INVALID_HANDLE_VALUE;
}

static int has_image(const struct imdisk_create_data *disk)
{
    return (disk->flags & IMDISK_TYPE_MASK) == IMDISK_TYPE_FILE &&
           (disk->flags & IMDISK_SUBTYPE_MASK) != IMDISK_FILE_AWE_ALLOC && disk->file_name_length_bytes != 0;
}

HANDLE identity_open_image(const struct imdisk_create_data *disk)
{
    NTSTATUS status;
    return has_image(disk) ? open_image_of(disk, &status) : INVALID_HANDLE_VALUE;
}

static int is_gone(NTSTATUS status)
{
    return status == (NTSTATUS)0xC0000034 || status == (NTSTATUS)0xC000003A; /* OBJECT_NAME, OBJECT_PATH_NOT_FOUND */
}

/* Adds what the disk's bytes are stored in; its handle, or INVALID_HANDLE_VALUE when that is the end. */
static HANDLE add_image(HANDLE handle, struct identity_layers *layers)
{
    struct imdisk_create_data *disk;
    NTSTATUS status;
    HANDLE image = INVALID_HANDLE_VALUE;
    if (query_device(handle, &disk) != 0) {
        return INVALID_HANDLE_VALUE;
    }
    if (has_image(disk)) {
        image = open_image_of(disk, &status);
        struct identity_layer layer = {.identity = {.kind = IDENTITY_FILE}, .end = UINT64_MAX};
        if (image != INVALID_HANDLE_VALUE) {
            identify(image, &layer.identity);
        }
        if (layer.identity.kind == IDENTITY_FILE && layers->count == 1) {
            layer.begin = (uint64_t)disk->image_offset_bytes;
            layer.end = layer.begin + (uint64_t)disk->size_bytes;
        }
        if (image != INVALID_HANDLE_VALUE || !is_gone(status)) {
            layers->layer[layers->count++] = layer;
        }
    }
    free(disk);
    return image;
}

void identity_layers(HANDLE handle, struct identity_layers *layers)
{
    HANDLE behind = handle;
    layers->count = 1;
    layers->layer[0] = (struct identity_layer){.end = UINT64_MAX};
    identify(handle, &layers->layer[0].identity);
    while (behind != INVALID_HANDLE_VALUE && layers->count < IDENTITY_LAYERS) {
        HANDLE next = add_image(behind, layers);
        if (behind != handle) {
            CloseHandle(behind);
        }
        behind = next;
    }
    if (behind != handle && behind != INVALID_HANDLE_VALUE) {
        CloseHandle(behind);
    }
}

static int may_be_same(const struct identity *a, const struct identity *b)
{
    if (a->kind != b->kind) {
        return 0;
    }
    return !a->known || !b->known || (a->major == b->major && a->minor == b->minor);
}

int identity_touch(const struct identity_layers *a, const struct identity_layers *b)
{
    for (size_t i = 0; i < a->count; i++) {
        for (size_t j = 0; j < b->count; j++) {
            const struct identity_layer *x = &a->layer[i];
            const struct identity_layer *y = &b->layer[j];
            if (may_be_same(&x->identity, &y->identity) && x->begin < y->end && y->begin < x->end) {
                return 1;
            }
        }
    }
    return 0;
}

static int is_behind(const struct identity *identity, uint32_t number)
{
    struct identity_layers layers;
    ballast_result result;
    HANDLE disk = open_disk(number, OPEN_QUERY, &result, NULL);
    int found = 0;
    if (disk == INVALID_HANDLE_VALUE) {
        return 0; /* removed meanwhile */
    }
    identity_layers(disk, &layers);
    CloseHandle(disk);
    for (size_t i = 1; i < layers.count; i++) {
        found = found || may_be_same(&layers.layer[i].identity, identity);
    }
    return found;
}

int identity_is_image(const struct identity_layers *file, uint32_t *number)
{
    ballast_result result;
    int found = 0;
    uint32_t *numbers = disk_numbers(&result, NULL); /* without the driver there is no disk */
    for (uint32_t i = 0; numbers != NULL && i < numbers[0] && !found; i++) {
        found = is_behind(&file->layer[0].identity, numbers[1 + i]);
        *number = numbers[1 + i];
    }
    free(numbers);
    return found;
}
