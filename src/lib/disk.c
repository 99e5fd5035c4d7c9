/* SPDX-License-Identifier: MIT */
/* Disks: listing, asking, resizing. */

#include "lib/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <winioctl.h>
#include <winternl.h>

#include "lib/look.h"

#define NT_PREFIX            L"\\??\\"
#define NT_PREFIX_UNC        L"\\??\\UNC\\"
#define NT_PREFIX_LENGTH     4
#define NT_PREFIX_UNC_LENGTH 8

static int compare_numbers(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;
    return left < right ? -1 : left > right;
}

/* Asks again with more room until the answer fits. The caller frees *reply, whose first element is the count. */
static DWORD query_numbers(HANDLE control, uint32_t **reply)
{
    for (uint32_t capacity = 64;; capacity *= 4) {
        DWORD returned = 0;
        DWORD size = (capacity + 1) * (DWORD)sizeof(uint32_t);
        uint32_t *buffer = malloc(size);
        if (buffer == NULL) {
            return ERROR_NOT_ENOUGH_MEMORY;
        }
        DWORD code = device_control(control, IMDISK_IOCTL_QUERY_DRIVER, NULL, 0, buffer, size, &returned);
        if (code == 0 && returned >= sizeof(uint32_t) && returned == (buffer[0] + 1) * sizeof(uint32_t)) {
            *reply = buffer;
            return 0;
        }
        free(buffer);
        if (code != 0 || capacity > IMDISK_MAXIMUM_DEVICES) {
            return code != 0 ? code : ERROR_INVALID_DATA;
        }
    }
}

uint32_t *disk_numbers(ballast_result *result, ballast_error *error)
{
    uint32_t *numbers = NULL;
    HANDLE control = open_control(0, result, error);
    if (control == INVALID_HANDLE_VALUE) {
        return NULL;
    }
    DWORD code = query_numbers(control, &numbers);
    CloseHandle(control);
    *result = code == 0 ? BALLAST_OK : error_set(error, result_of(code), code, L"cannot list disks");
    return numbers;
}

ballast_result ballast_disk_list(uint32_t *numbers, size_t capacity, size_t *count, ballast_error *error)
{
    ballast_result result;
    uint32_t *reply = disk_numbers(&result, error);
    if (reply == NULL) {
        return result;
    }
    qsort(reply + 1, reply[0], sizeof(uint32_t), compare_numbers);
    for (size_t i = 0; i < reply[0] && i < capacity; i++) {
        numbers[i] = reply[1 + i];
    }
    *count = reply[0];
    free(reply);
    return BALLAST_OK;
}

/* Room for the longest reply of QUERY_DEVICE. */
#define QUERY_SIZE (IMDISK_QUERY_DEVICE_MINIMUM + 65536)

DWORD query_device(HANDLE disk, struct imdisk_create_data **data)
{
    DWORD returned = 0;
    struct imdisk_create_data *reply = malloc(QUERY_SIZE);
    if (reply == NULL) {
        return ERROR_NOT_ENOUGH_MEMORY;
    }
    DWORD code = device_control(disk, IMDISK_IOCTL_QUERY_DEVICE, NULL, 0, reply, QUERY_SIZE, &returned);
    if (code == 0 && (returned < IMDISK_CREATE_DATA_MINIMUM ||
                      returned < IMDISK_CREATE_DATA_MINIMUM + (DWORD)reply->file_name_length_bytes)) {
        code = ERROR_INVALID_DATA;
    }
    if (code != 0) {
        free(reply);
        return code;
    }
    *data = reply;
    return 0;
}

/* The native path as a Win32 path where it has one; shortened if it does not fit. */
static void copy_image_path(const struct imdisk_create_data *data, wchar_t *path, size_t size)
{
    const wchar_t *name = (const wchar_t *)data->file_name;
    size_t length = data->file_name_length_bytes / sizeof(wchar_t);
    const wchar_t *prefix = L"";
    if (length >= NT_PREFIX_UNC_LENGTH && wcsncmp(name, NT_PREFIX_UNC, NT_PREFIX_UNC_LENGTH) == 0) {
        prefix = L"\\\\";
        name += NT_PREFIX_UNC_LENGTH;
        length -= NT_PREFIX_UNC_LENGTH;
    } else if (length >= NT_PREFIX_LENGTH && wcsncmp(name, NT_PREFIX, NT_PREFIX_LENGTH) == 0) {
        name += NT_PREFIX_LENGTH;
        length -= NT_PREFIX_LENGTH;
        if (length < 2 || name[1] != L':') { /* a device */
            prefix = L"\\\\.\\";
        }
    }
    (void)swprintf(path, size, L"%ls%.*ls", prefix, (int)(length < size - 3 ? length : size - 3), name);
}

/* The letter that leads to the disk: the wanted one if it does, else the first that does. */
static wchar_t find_letter(uint32_t number, wchar_t wanted)
{
    if (wanted != 0 && ballast_letter_leads_to(wanted, number)) {
        return wanted;
    }
    DWORD drives = GetLogicalDrives();
    for (wchar_t letter = L'A'; letter <= L'Z'; letter++) {
        if ((drives >> (letter - L'A') & 1) != 0 && ballast_letter_leads_to(letter, number)) {
            return letter;
        }
    }
    return 0;
}

static void fill_info(const struct imdisk_create_data *data, ballast_disk_info *info)
{
    uint32_t flags = data->flags;
    int locked = (flags & IMDISK_SUBTYPE_MASK) == IMDISK_FILE_AWE_ALLOC;
    *info = (ballast_disk_info){
        .struct_size = sizeof(*info),
        .number = data->device_number,
        .type = locked || (flags & IMDISK_TYPE_MASK) == IMDISK_TYPE_VM ? BALLAST_DISK_RAM : BALLAST_DISK_FILE,
        .device = (ballast_disk_device)((flags & IMDISK_DEVICE_TYPE_MASK) >> 4),
        .drive_letter = find_letter(data->device_number, data->drive_letter),
        .wanted_drive_letter = data->drive_letter,
        .size = (uint64_t)data->size_bytes,
        .image_offset = (uint64_t)data->image_offset_bytes,
        .bytes_per_sector = data->bytes_per_sector,
        .sectors_per_track = data->sectors_per_track,
        .tracks_per_cylinder = data->tracks_per_cylinder,
    };
    info->flags |= (flags & IMDISK_OPTION_READ_ONLY) != 0 ? BALLAST_DISK_READ_ONLY : 0;
    info->flags |= (flags & IMDISK_OPTION_REMOVABLE) != 0 ? BALLAST_DISK_REMOVABLE : 0;
    info->flags |= (flags & IMDISK_OPTION_SHARED_IMAGE) != 0 ? BALLAST_DISK_SHARED : 0;
    info->flags |= (flags & IMDISK_OPTION_SPARSE_FILE) != 0 ? BALLAST_DISK_SPARSE : 0;
    info->flags |= (flags & IMDISK_IMAGE_MODIFIED) != 0 ? BALLAST_DISK_MODIFIED : 0;
    info->flags |= (flags & BALLAST_OPTION_STRICT_END) != 0 ? BALLAST_DISK_STRICT_END : 0;
    info->flags |= (flags & BALLAST_OPTION_MOUNT_MANAGER) != 0 ? BALLAST_DISK_MOUNT_MANAGER : 0;
    info->flags |= (flags & BALLAST_OPTION_SECTORS_512E) != 0 ? BALLAST_DISK_SECTORS_512E : 0;
    info->flags |= locked ? BALLAST_DISK_LOCKED_MEMORY : 0;
    copy_image_path(data, info->image, BALLAST_IMAGE_PATH_SIZE);
}

/* Without statistics if the driver is not ours. */
static void fill_statistics(HANDLE disk, ballast_disk_info *info)
{
    struct ballast_disk_state state;
    DWORD returned = 0;
    if (device_control(disk, BALLAST_IOCTL_DISK_QUERY_STATE, NULL, 0, &state, sizeof(state), &returned) != 0 ||
        returned != sizeof(state)) {
        return;
    }
    info->read_requests = state.read_requests;
    info->write_requests = state.write_requests;
    info->flush_requests = state.flush_requests;
    info->trim_requests = state.trim_requests;
    info->failed_requests = state.failed_requests;
    info->read_bytes = state.read_bytes;
    info->written_bytes = state.written_bytes;
    info->trimmed_bytes = state.trimmed_bytes;
    info->memory_known = (state.valid & BALLAST_DISK_VALID_MEMORY) != 0;
    info->allocated_memory = state.allocated_bytes;
    info->overhead_memory = state.overhead_bytes;
    info->requests_in_flight = state.requests_in_flight;
}

ballast_result ballast_disk_query(uint32_t number, ballast_disk_info *info, ballast_error *error)
{
    ballast_result result;
    struct imdisk_create_data *data;
    if (info->struct_size != sizeof(*info)) {
        return error_set(error, BALLAST_INVALID_ARGUMENT, 0, L"struct_size is not that of ballast_disk_info");
    }
    HANDLE disk = open_disk(number, OPEN_QUERY, &result, error);
    if (disk == INVALID_HANDLE_VALUE) {
        return result;
    }
    DWORD code = query_device(disk, &data);
    if (code == 0) {
        fill_info(data, info);
        fill_statistics(disk, info);
        free(data);
        result = BALLAST_OK;
    } else {
        result = error_set(error, result_of(code), code, L"cannot query disk %u", number);
    }
    CloseHandle(disk);
    return result;
}

static ballast_result find_by_letter(wchar_t letter, uint32_t *number, ballast_error *error)
{
    wchar_t path[] = L"\\\\.\\X:";
    struct imdisk_create_data *data;
    path[4] = letter;
    HANDLE disk = CreateFileW(path, OPEN_QUERY, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING,
                              FILE_FLAG_OVERLAPPED, NULL);
    if (disk == INVALID_HANDLE_VALUE) {
        return error_set(error, BALLAST_NOT_FOUND, 0, L"there is no drive %lc:", letter);
    }
    DWORD code = query_device(disk, &data);
    CloseHandle(disk);
    if (code != 0) {
        return error_set(error, BALLAST_NOT_FOUND, 0, L"drive %lc: is not a Ballast disk", letter);
    }
    *number = data->device_number;
    free(data);
    return BALLAST_OK;
}

ballast_result ballast_disk_find(const wchar_t *name, uint32_t *number, ballast_error *error)
{
    wchar_t letter = ballast_letter_of(name);
    if (letter != 0) {
        return find_by_letter(letter, number, error);
    }
    wchar_t *end;
    unsigned long value = wcstoul(name, &end, 10);
    if (name[0] < L'0' || name[0] > L'9' || *end != 0 || wcslen(name) > 9) {
        return error_set(error, BALLAST_INVALID_ARGUMENT, 0, L"'%ls' is neither a disk number nor a drive letter",
                         name);
    }
    ballast_result result;
    HANDLE disk = open_disk((uint32_t)value, OPEN_QUERY, &result, error);
    if (disk == INVALID_HANDLE_VALUE) {
        HANDLE control = open_control(0, &result, error); /* "no driver" says more than "no disk" */
        if (control == INVALID_HANDLE_VALUE) {
            return result;
        }
        CloseHandle(control);
        return error_set(error, BALLAST_NOT_FOUND, 0, L"there is no disk %lu", value);
    }
    CloseHandle(disk);
    *number = (uint32_t)value;
    return BALLAST_OK;
}

/* ---- resizing ---- */

/* Where the data of a fixed VHD ends, which is a disk's image; 0: it is something else. */
static uint64_t footer_of(const wchar_t *image)
{
    uint64_t end = 0;
    struct look_options options = {.raw = false};
    struct look *look = image[0] != 0 ? malloc(sizeof(*look)) : NULL;
    if (look != NULL && look_at_path(image, &options, look, NULL) == BALLAST_OK && look->container == IMAGE_VHD_FIXED) {
        end = look->length;
    }
    free(look);
    return end;
}

/* The driver does not know, or does not say, why. */
static ballast_result resize_failed(const ballast_disk_info *info, uint64_t size, DWORD code, ballast_error *error)
{
    uint64_t footer = code == ERROR_INVALID_PARAMETER ? footer_of(info->image) : 0;
    if (footer != 0 && size > footer) {
        return error_set(
            error, BALLAST_FAILED, 0,
            L"cannot resize disk %u: its image is a fixed VHD, whose footer follows the %llu bytes of its data; "
            L"remove the disk, and give the image the size, by 'ballast image resize'",
            info->number, (unsigned long long)footer);
    }
    return error_set(error, result_of(code), code, L"cannot resize disk %u to %llu bytes", info->number,
                     (unsigned long long)size);
}

ballast_result ballast_disk_resize(uint32_t number, uint64_t size, uint32_t flags, ballast_error *error)
{
    ballast_result result;
    ballast_disk_info info = {.struct_size = sizeof(info)};
    int shrink = (flags & BALLAST_RESIZE_ALLOW_SHRINK) != 0;
    result = ballast_disk_query(number, &info, error);
    if (result != BALLAST_OK) {
        return result;
    }
    if (size < BALLAST_MINIMUM_DISK_SIZE) {
        return error_set(error, BALLAST_INVALID_ARGUMENT, 0,
                         L"cannot resize disk %u to %llu bytes; the smallest disk is %u bytes", number,
                         (unsigned long long)size, BALLAST_MINIMUM_DISK_SIZE);
    }
    if (info.image_offset != 0) {
        return error_set(
            error, BALLAST_FAILED, 0,
            L"cannot resize disk %u: it begins at byte %llu of its image, and what follows it there may be "
            L"somebody else's",
            number, (unsigned long long)info.image_offset);
    }
    if (size < info.size && !shrink) {
        return error_set(error, BALLAST_INVALID_ARGUMENT, 0,
                         L"cannot resize disk %u: it has %llu bytes, and shrinking it loses what lies behind the end",
                         number, (unsigned long long)info.size);
    }
    HANDLE disk = open_disk(number, OPEN_WRITE, &result, error);
    if (disk == INVALID_HANDLE_VALUE) {
        return result;
    }
    struct ballast_disk_resize request = {
        .header = {.size_bytes = sizeof(request),
                   .version = BALLAST_DISK_RESIZE_VERSION,
                   .flags = shrink ? BALLAST_DISK_RESIZE_ALLOW_SHRINK : 0},
        .size_bytes = size,
    };
    DWORD code = device_control(disk, BALLAST_IOCTL_DISK_RESIZE, &request, sizeof(request), NULL, 0, NULL);
    CloseHandle(disk);
    return code == 0 ? BALLAST_OK : resize_failed(&info, size, code, error);
}
