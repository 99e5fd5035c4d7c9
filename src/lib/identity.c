/* SPDX-License-Identifier: MIT */
/* Identity of files, devices and disks; identity.h has the contract. */

#include "lib/identity.h"

#include <stdlib.h>
#include <winioctl.h>

#include "lib/object_name.h"
#include "lib/volumes.h"

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

static HANDLE open_native_for(UNICODE_STRING *name, ACCESS_MASK access, ULONG share, NTSTATUS *status)
{
    HANDLE handle;
    IO_STATUS_BLOCK io;
    OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(&attributes, name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    *status = NtOpenFile(&handle, access | SYNCHRONIZE, &attributes, &io, share, FILE_SYNCHRONOUS_IO_NONALERT);
    return *status >= 0 ? handle : INVALID_HANDLE_VALUE;
}

static HANDLE open_native(UNICODE_STRING *name, NTSTATUS *status)
{
    return open_native_for(name, FILE_READ_ATTRIBUTES, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, status);
}

/* A native path. */
static UNICODE_STRING image_name(const struct imdisk_create_data *disk)
{
    return (UNICODE_STRING){.Length = disk->file_name_length_bytes,
                            .MaximumLength = disk->file_name_length_bytes,
                            .Buffer = (wchar_t *)(uintptr_t)disk->file_name};
}

static HANDLE open_image_of(const struct imdisk_create_data *disk, NTSTATUS *status)
{
    UNICODE_STRING name = image_name(disk);
    return open_native(&name, status);
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

int identity_image_is_held(const struct imdisk_create_data *disk)
{
    NTSTATUS status; /* STATUS_SHARING_VIOLATION if it is; other failures tell nothing */
    UNICODE_STRING name = image_name(disk);
    HANDLE image = open_native_for(&name, FILE_READ_DATA, 0, &status);
    if (image != INVALID_HANDLE_VALUE) {
        CloseHandle(image);
    }
    return image == INVALID_HANDLE_VALUE;
}

static int is_gone(NTSTATUS status)
{
    return status == (NTSTATUS)0xC0000034 || status == (NTSTATUS)0xC000003A; /* OBJECT_NAME, OBJECT_PATH_NOT_FOUND */
}

static void push(struct identity_layers *layers, const struct identity_layer *layer)
{
    if (layers->count < IDENTITY_LAYERS) {
        layers->layer[layers->count++] = *layer;
    } else { /* too deep to be told */
        layers->layer[IDENTITY_LAYERS - 1].identity.known = 0;
    }
}

/* The image of a disk; its handle, or INVALID_HANDLE_VALUE when that is the end. */
static HANDLE push_image(HANDLE disk_handle, struct identity_layers *layers, const struct identity_layer *below)
{
    struct imdisk_create_data *disk;
    NTSTATUS status;
    HANDLE image = INVALID_HANDLE_VALUE;
    if (query_device(disk_handle, &disk) != 0) {
        return INVALID_HANDLE_VALUE;
    }
    if (has_image(disk)) {
        image = open_image_of(disk, &status);
        struct identity_layer layer = {
            .identity = {.kind = IDENTITY_FILE}, .end = UINT64_MAX, .carrier = below->carrier};
        if (image != INVALID_HANDLE_VALUE) {
            identify(image, &layer.identity);
        }
        if (layer.identity.kind == IDENTITY_FILE && layers->count == 1) {
            layer.begin = (uint64_t)disk->image_offset_bytes;
            layer.end = layer.begin + (uint64_t)disk->size_bytes;
        }
        if (image != INVALID_HANDLE_VALUE || !is_gone(status)) {
            push(layers, &layer);
        }
    }
    free(disk);
    return image;
}

/* A volume whose drives have no number for it lies on one or more of them; on more than are asked for: on any. */
static void push_drives(HANDLE volume, int carrier, struct identity_layers *layers)
{
    struct volume_drives drives;
    DWORD code = volume_drives(volume, &drives);
    for (size_t i = 0; code == 0 && i < drives.count; i++) {
        struct identity_layer layer = {
            .identity = {IDENTITY_DEVICE, 1, (uint64_t)FILE_DEVICE_DISK << 32 | drives.drive[i], 0},
            .end = UINT64_MAX,
            .carrier = carrier};
        push(layers, &layer);
    }
    if (code == ERROR_MORE_DATA) {
        push(layers,
             &(struct identity_layer){.identity = {.kind = IDENTITY_DEVICE}, .end = UINT64_MAX, .carrier = carrier});
    }
}

/* What is named before the third backslash of "\Device\HarddiskVolume3\x.img" or "\??\C:\x.img". */
static HANDLE open_volume_of(HANDLE file)
{
    NTSTATUS status;
    HANDLE volume = INVALID_HANDLE_VALUE;
    UNICODE_STRING *name = object_name(file);
    unsigned separators = 0;
    for (USHORT i = 0; name != NULL && i < name->Length / sizeof(wchar_t); i++) {
        separators += name->Buffer[i] == L'\\';
        if (separators == 3) {
            name->Length = (USHORT)(i * sizeof(wchar_t));
            volume = open_native(name, &status);
            break;
        }
    }
    free(name);
    return volume;
}

/*
 * The volume that a file lies on; its handle if it is one of our disks. A server's volume is none of ours, nor on a drive that is
 * here: what is neither a disk nor a device is left out.
 */
static HANDLE push_volume(HANDLE file, struct identity_layers *layers)
{
    HANDLE volume = open_volume_of(file);
    struct identity_layer layer = {.end = UINT64_MAX, .carrier = 1};
    if (volume == INVALID_HANDLE_VALUE) {
        return INVALID_HANDLE_VALUE;
    }
    identify(volume, &layer.identity);
    if (layer.identity.kind != IDENTITY_FILE && layer.identity.known) {
        push(layers, &layer);
    } else {
        push_drives(volume, 1, layers);
    }
    if (layer.identity.kind != IDENTITY_DISK) {
        CloseHandle(volume);
        volume = INVALID_HANDLE_VALUE;
    }
    return volume;
}

/* What the handle itself leads to. */
static void push_first(HANDLE handle, struct identity_layers *layers)
{
    struct identity_layer first = {.end = UINT64_MAX};
    identify(handle, &first.identity);
    if (!first.identity.known) {
        push_drives(handle, 0, layers); /* if it is a volume */
    }
    if (layers->count == 0) {
        push(layers, &first);
    }
    layers->own = layers->count;
}

void identity_layers(HANDLE handle, struct identity_layers *layers)
{
    HANDLE behind = handle;
    layers->count = 0;
    push_first(handle, layers);
    while (behind != INVALID_HANDLE_VALUE && layers->count < IDENTITY_LAYERS) {
        const struct identity_layer *last = &layers->layer[layers->count - 1];
        HANDLE next =
            last->identity.kind == IDENTITY_FILE ? push_volume(behind, layers) : push_image(behind, layers, last);
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
    /* A drive has the partitions. */
    int whole = a->kind == IDENTITY_DEVICE && (a->minor == 0 || b->minor == 0);
    return !a->known || !b->known || (a->major == b->major && (a->minor == b->minor || whole));
}

int identity_touch(const struct identity_layers *a, const struct identity_layers *b)
{
    for (size_t i = 0; i < a->count; i++) {
        for (size_t j = 0; j < b->count; j++) {
            const struct identity_layer *x = &a->layer[i];
            const struct identity_layer *y = &b->layer[j];
            int beside = x->carrier && y->carrier; /* two things on one volume */
            if (!beside && may_be_same(&x->identity, &y->identity) && x->begin < y->end && y->begin < x->end) {
                return 1;
            }
        }
    }
    return 0;
}

static enum identity_use is_behind(const struct identity_layers *opened, uint32_t number)
{
    struct identity_layers layers;
    ballast_result result;
    HANDLE disk = open_disk(number, OPEN_QUERY, &result, NULL);
    enum identity_use use = IDENTITY_UNUSED;
    if (disk == INVALID_HANDLE_VALUE) {
        return IDENTITY_UNUSED; /* removed meanwhile */
    }
    identity_layers(disk, &layers);
    CloseHandle(disk);
    for (size_t i = 1; i < layers.count; i++) {
        for (size_t j = 0; j < opened->own && use != IDENTITY_IS_IMAGE; j++) {
            const struct identity *behind = &layers.layer[i].identity;
            const struct identity *one = &opened->layer[j].identity;
            if (may_be_same(behind, one)) {
                use = behind->known && one->known ? IDENTITY_IS_IMAGE : IDENTITY_MAY_BE_IMAGE;
            }
        }
    }
    return use;
}

enum identity_use identity_is_image(const struct identity_layers *layers, uint32_t *number)
{
    ballast_result result;
    enum identity_use found = IDENTITY_UNUSED;
    uint32_t *numbers = disk_numbers(&result, NULL); /* without the driver there is no disk */
    for (uint32_t i = 0; numbers != NULL && i < numbers[0] && found != IDENTITY_IS_IMAGE; i++) {
        enum identity_use use = is_behind(layers, numbers[1 + i]);
        if (use > found) {
            found = use;
            *number = numbers[1 + i];
        }
    }
    free(numbers);
    return found;
}
