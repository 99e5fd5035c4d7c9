/* SPDX-License-Identifier: MIT */
/* Creating disks. */

#include "lib/disk_image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <winternl.h>

void ballast_disk_options_initialize(ballast_disk_options *options)
{
    *options = (ballast_disk_options){
        .struct_size = sizeof(*options),
        .type = BALLAST_DISK_RAM,
        .number = BALLAST_AUTOMATIC_NUMBER,
    };
}

/* ---- create ---- */

static ballast_result check_drive_letter(wchar_t letter, ballast_error *error)
{
    wchar_t upper = (wchar_t)(letter & ~0x20);
    if (letter == 0) {
        return BALLAST_OK;
    }
    if (upper < L'A' || upper > L'Z') {
        return error_set(error, BALLAST_INVALID_ARGUMENT, 0, L"'%lc' is not a drive letter", letter);
    }
    if (letter_in_use(upper)) {
        return error_set(error, BALLAST_BUSY, 0, L"cannot create disk: drive letter %lc: is in use", upper);
    }
    return BALLAST_OK;
}

static ballast_result check_numbers(const ballast_disk_options *options, ballast_error *error)
{
    uint32_t sector = options->bytes_per_sector;
    if (options->number != BALLAST_AUTOMATIC_NUMBER && options->number >= IMDISK_MAXIMUM_DEVICES) {
        return error_set(error, BALLAST_INVALID_ARGUMENT, 0, L"disk number %u is too large; the largest is %u",
                         options->number, IMDISK_MAXIMUM_DEVICES - 1);
    }
    if (sector != 0 && ((sector & (sector - 1)) != 0 || sector < 512 || sector > 65536)) {
        return error_set(error, BALLAST_INVALID_ARGUMENT, 0,
                         L"a sector of %u bytes is impossible; it must be 512, 1024, ... or 65536 bytes", sector);
    }
    if (options->sectors_per_track > 65535 || options->tracks_per_cylinder > 65535) {
        return error_set(error, BALLAST_INVALID_ARGUMENT, 0,
                         L"sectors per track and tracks per cylinder must be at most 65535");
    }
    if (options->size > INT64_MAX || options->image_offset > INT64_MAX - options->size) {
        return error_set(error, BALLAST_INVALID_ARGUMENT, 0, L"size and offset together must be below 2^63 bytes");
    }
    if (options->size != 0 && options->size < BALLAST_MINIMUM_DISK_SIZE) {
        return error_set(error, BALLAST_INVALID_ARGUMENT, 0,
                         L"cannot create disk: a size of %llu bytes is too small; the smallest disk is %u bytes",
                         (unsigned long long)options->size, BALLAST_MINIMUM_DISK_SIZE);
    }
    return BALLAST_OK;
}

static ballast_result check_options(const ballast_disk_options *options, ballast_error *error)
{
    if (options->struct_size != sizeof(*options)) {
        return error_set(error, BALLAST_INVALID_ARGUMENT, 0, L"struct_size is not that of ballast_disk_options");
    }
    if (options->image == NULL && options->type == BALLAST_DISK_FILE) {
        return error_set(error, BALLAST_INVALID_ARGUMENT, 0, L"cannot create disk: a file disk needs an image");
    }
    if (options->image == NULL && options->size == 0) {
        return error_set(error, BALLAST_INVALID_ARGUMENT, 0,
                         L"cannot create disk: a RAM disk needs a size, or an image to be loaded");
    }
    if (options->partition != 0 && (options->image == NULL || options->size != 0)) {
        return error_set(error, BALLAST_INVALID_ARGUMENT, 0,
                         L"cannot create disk: a partition is one of an image, and has its own size");
    }
    if ((options->flags & BALLAST_DISK_READ_ONLY) != 0 && (options->flags & BALLAST_DISK_WRITABLE) != 0) {
        return error_set(error, BALLAST_INVALID_ARGUMENT, 0,
                         L"cannot create disk: read-only and writable exclude each other");
    }
    ballast_result result = check_numbers(options, error);
    return result == BALLAST_OK ? check_drive_letter(options->drive_letter, error) : result;
}

static uint32_t wire_flags(const ballast_disk_options *options)
{
    uint32_t flags = (uint32_t)options->device << 4;
    int locked = options->type == BALLAST_DISK_RAM && (options->flags & BALLAST_DISK_LOCKED_MEMORY) != 0;
    if (locked) {
        flags |= IMDISK_TYPE_FILE | IMDISK_FILE_AWE_ALLOC;
    } else if (options->type == BALLAST_DISK_RAM) {
        flags |= IMDISK_TYPE_VM;
    } else {
        flags |= IMDISK_TYPE_FILE;
        int buffered = (options->flags & (BALLAST_DISK_BUFFERED | BALLAST_DISK_BYTE_SWAP)) != 0;
        flags |= buffered ? IMDISK_FILE_BUFFERED_IO : IMDISK_FILE_QUEUED_IO;
    }
    flags |= (options->flags & BALLAST_DISK_READ_ONLY) != 0 ? IMDISK_OPTION_READ_ONLY : 0;
    flags |= (options->flags & BALLAST_DISK_REMOVABLE) != 0 ? IMDISK_OPTION_REMOVABLE : 0;
    flags |= (options->flags & BALLAST_DISK_SHARED) != 0 ? IMDISK_OPTION_SHARED_IMAGE : 0;
    flags |= (options->flags & BALLAST_DISK_SPARSE) != 0 ? IMDISK_OPTION_SPARSE_FILE : 0;
    flags |= (options->flags & BALLAST_DISK_BYTE_SWAP) != 0 ? IMDISK_OPTION_BYTE_SWAP : 0;
    flags |= (options->flags & BALLAST_DISK_STRICT_END) != 0 ? BALLAST_OPTION_STRICT_END : 0;
    flags |= (options->flags & BALLAST_DISK_MOUNT_MANAGER) != 0 ? BALLAST_OPTION_MOUNT_MANAGER : 0;
    flags |= (options->flags & BALLAST_DISK_PREFER_VOLUME) != 0 ? BALLAST_OPTION_PREFER_VOLUME : 0;
    flags |= (options->flags & BALLAST_DISK_SECTORS_512E) != 0 ? BALLAST_OPTION_SECTORS_512E : 0;
    flags |= (options->flags & BALLAST_DISK_RAW_IMAGE) != 0 ? BALLAST_OPTION_AS_IS : 0;
    return flags;
}

/* Allocates the request; NULL without memory. `name` is the native path, empty without image. */
static struct imdisk_create_data *build_request(const ballast_disk_options *options, const UNICODE_STRING *name,
                                                DWORD *length)
{
    *length = IMDISK_CREATE_DATA_SIZE + name->Length;
    struct imdisk_create_data *data = calloc(1, *length);
    if (data != NULL) {
        data->device_number = options->number;
        data->size_bytes = (int64_t)options->size;
        data->tracks_per_cylinder = options->tracks_per_cylinder;
        data->sectors_per_track = options->sectors_per_track;
        data->bytes_per_sector = options->bytes_per_sector;
        data->image_offset_bytes = (int64_t)options->image_offset;
        data->flags = wire_flags(options);
        data->drive_letter = options->drive_letter;
        data->file_name_length_bytes = name->Length;
        if (name->Length != 0) {
            memcpy(data->file_name, name->Buffer, name->Length);
        }
    }
    return data;
}

static ballast_result explain_create_failure(DWORD code, const ballast_disk_options *options, ballast_error *error)
{
    if (interrupted() && code == ERROR_OPERATION_ABORTED) {
        return error_set(error, BALLAST_INTERRUPTED, 0, L"interrupted; no disk was created");
    }
    if (code == ERROR_ALREADY_EXISTS) {
        return error_set(error, BALLAST_BUSY, code, L"cannot create disk: number %u is taken", options->number);
    }
    if (options->image != NULL) {
        return error_set(error, result_of(code), code, L"cannot create disk: image '%ls'", options->image);
    }
    return error_set(error, result_of(code), code, L"cannot create disk");
}

static ballast_result send_create(const ballast_disk_options *options, const UNICODE_STRING *name, uint32_t *number,
                                  ballast_error *error)
{
    ballast_result result;
    DWORD length;
    HANDLE control = open_control(1, &result, error);
    if (control == INVALID_HANDLE_VALUE) {
        return result;
    }
    struct imdisk_create_data *data = build_request(options, name, &length);
    if (data == NULL) {
        result = error_set(error, BALLAST_FAILED, ERROR_NOT_ENOUGH_MEMORY, L"cannot create disk");
    } else {
        DWORD code =
            device_control_interruptible(control, IMDISK_IOCTL_CREATE_DEVICE, data, length, data, length, NULL);
        result = code == 0 ? BALLAST_OK : explain_create_failure(code, options, error);
        if (code == 0) {
            *number = data->device_number;
        }
    }
    free(data);
    CloseHandle(control);
    return result;
}

ballast_result ballast_disk_create(const ballast_disk_options *options, uint32_t *number, ballast_error *error)
{
    UNICODE_STRING name = {0};
    ballast_disk_options resolved;
    ballast_result result = check_options(options, error);
    if (result == BALLAST_OK) {
        resolved = *options;
        result = options->image != NULL ? disk_image_resolve(&resolved, error) : BALLAST_OK;
    }
    if (result == BALLAST_OK) {
        result = ballast_driver_start(BALLAST_DRIVER_DISK, error);
    }
    if (result != BALLAST_OK) {
        return result;
    }
    /* Returns a BOOLEAN, whatever the header says. */
    if (options->image != NULL && !(BOOLEAN)RtlDosPathNameToNtPathName_U(options->image, &name, NULL, NULL)) {
        return error_set(error, BALLAST_INVALID_ARGUMENT, 0, L"'%ls' is not a path", options->image);
    }
    result = send_create(&resolved, &name, number, error);
    if (result == BALLAST_OK && options->drive_letter != 0) {
        /* The driver makes it, unless a link that leads nowhere is in its way. */
        (void)ballast_letter_define((wchar_t)(options->drive_letter & ~0x20), *number, NULL);
    }
    if (options->image != NULL) {
        RtlFreeUnicodeString(&name);
    }
    return result;
}
