/* SPDX-License-Identifier: MIT */
/* Moving data between disks and images. */

#include "lib/imdisk/internal.h"
#include "lib/ranges.h"
#include "lib/remove.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define DEFAULT_BUFFER (512u << 10)
#define MAXIMUM_BUFFER (16u << 20)
#define BUFFER_UNIT    65536u /* a multiple of every sector size */

DWORD transfer(HANDLE handle, BOOL write, uint64_t offset, void *buffer, DWORD length, DWORD *done)
{
    DWORD code = 0;
    OVERLAPPED overlapped = {.Offset = (DWORD)offset, .OffsetHigh = (DWORD)(offset >> 32)};
    overlapped.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
    *done = 0;
    if (overlapped.hEvent == NULL) {
        return GetLastError();
    }
    if (!(write ? WriteFile(handle, buffer, length, done, &overlapped)
                : ReadFile(handle, buffer, length, done, &overlapped))) {
        code = GetLastError();
        if (code == ERROR_IO_PENDING) {
            code = GetOverlappedResult(handle, &overlapped, done, TRUE) ? 0 : GetLastError();
        }
    }
    CloseHandle(overlapped.hEvent);
    return code;
}

BOOL WINAPI ImDiskReadFileHandle(HANDLE handle, LPVOID buffer, LARGE_INTEGER offset, DWORD length, LPDWORD done)
{
    DWORD count = 0;
    if (buffer == NULL || offset.QuadPart < 0) {
        return fail(ERROR_INVALID_PARAMETER);
    }
    DWORD code = transfer(handle, FALSE, (uint64_t)offset.QuadPart, buffer, length, &count);
    if (code != 0) {
        return fail(code);
    }
    if (done != NULL) {
        *done = count;
    }
    return TRUE;
}

BOOL WINAPI ImDiskAdjustImageFileSize(HANDLE file, const LARGE_INTEGER *size)
{
    LARGE_INTEGER present;
    if (size == NULL || size->QuadPart < 0) {
        return fail(ERROR_INVALID_PARAMETER);
    }
    if (!GetFileSizeEx(file, &present)) {
        return FALSE;
    }
    if (present.QuadPart < size->QuadPart) {
        return fail(ERROR_DISK_OPERATION_FAILED);
    }
    return SetFilePointerEx(file, *size, NULL, FILE_BEGIN) && SetEndOfFile(file);
}

VOID WINAPI ImDiskNativePathToWin32(LPWSTR *path)
{
    static const wchar_t *const prefixes[] = {L"\\??\\", L"\\DosDevices\\"};
    for (size_t i = 0; path != NULL && *path != NULL && i < 2; i++) {
        size_t length = wcslen(prefixes[i]);
        if (_wcsnicmp(*path, prefixes[i], length) != 0) {
            continue;
        }
        if (_wcsnicmp(*path + length, L"UNC\\", 4) == 0) {
            *path += length + 2; /* "C\server" */
            (*path)[0] = L'\\';
        } else {
            *path += length;
        }
        return;
    }
}

/* ---- saving ---- */

/* Everything that was asked for, or an error. */
static DWORD transfer_all(HANDLE handle, BOOL write, uint64_t offset, unsigned char *buffer, DWORD length)
{
    while (length != 0) {
        DWORD done = 0;
        DWORD code = transfer(handle, write, offset, buffer, length, &done);
        if (code == 0 && (done == 0 || done > length)) {
            code = write ? ERROR_WRITE_FAULT : ERROR_HANDLE_EOF;
        }
        if (code != 0) {
            return code;
        }
        offset += done;
        buffer += done;
        length -= done;
    }
    return 0;
}

struct saving {
    HANDLE device;
    HANDLE file;
    bool stored;   /* the file system holds nothing that the disk does not have */
    uint64_t base; /* the file is written from where it stands */
    BOOL fresh;    /* what lies behind reads as zeros when the file is extended */
    unsigned char *buffer;
    DWORD buffer_size;
};

/* The disk holds nothing from `offset` on. */
static DWORD save_zeros(const struct saving *saving, uint64_t offset, DWORD length)
{
    if (saving->fresh) {
        return 0;
    }
    memset(saving->buffer, 0, length);
    return transfer_all(saving->file, TRUE, saving->base + offset, saving->buffer, length);
}

static DWORD save_data(const struct saving *saving, uint64_t offset, DWORD length)
{
    DWORD code = transfer_all(saving->device, FALSE, offset, saving->buffer, length);
    return code != 0 ? code : transfer_all(saving->file, TRUE, saving->base + offset, saving->buffer, length);
}

/* Data from where the range begins, or nothing up to there; at most a buffer of it. *length is how much. */
static DWORD save_some(const struct saving *saving, struct ranges *ranges, uint64_t done, DWORD *length)
{
    struct ballast_disk_range range = ranges_next(ranges, done);
    uint64_t begin = range.offset_bytes / BUFFER_UNIT * BUFFER_UNIT;
    uint64_t end = (range.offset_bytes + range.length_bytes + BUFFER_UNIT - 1) / BUFFER_UNIT * BUFFER_UNIT;
    BOOL hole = range.length_bytes == 0 || begin > done;
    uint64_t limit = range.length_bytes == 0 ? ranges->length : hole ? begin : end;
    limit = limit < ranges->length ? limit : ranges->length;
    *length = limit - done < saving->buffer_size ? (DWORD)(limit - done) : saving->buffer_size;
    return hole ? save_zeros(saving, done, *length) : save_data(saving, done, *length);
}

static DWORD copy_blocks(struct saving *saving, uint64_t total, copy_progress *progress, void *context)
{
    struct ranges ranges;
    LARGE_INTEGER zero = {.QuadPart = 0};
    LARGE_INTEGER place;
    LARGE_INTEGER size;
    if (SetFilePointerEx(saving->file, zero, &place, FILE_CURRENT) && GetFileSizeEx(saving->file, &size)) {
        saving->base = (uint64_t)place.QuadPart;
        saving->fresh = size.QuadPart <= place.QuadPart;
    }
    ranges_begin(&ranges, saving->device, 1, saving->stored, total);
    for (uint64_t done = 0; done < total;) {
        DWORD length;
        DWORD code = save_some(saving, &ranges, done, &length);
        if (code != 0) {
            return code;
        }
        done += length;
        if (progress != NULL && !progress(context, done, total)) {
            return ERROR_CANCELLED;
        }
    }
    place.QuadPart = (LONGLONG)(saving->base + total);
    return !saving->fresh || (SetFilePointerEx(saving->file, place, NULL, FILE_BEGIN) && SetEndOfFile(saving->file))
               ? 0
               : GetLastError();
}

/* The right to write, which the handle for saving need not have. */
static HANDLE open_writable(HANDLE device)
{
    struct imdisk_create_data *data = query_disk(device);
    HANDLE writable = data != NULL ? ImDiskOpenDeviceByNumber(data->device_number, GENERIC_READ | GENERIC_WRITE)
                                   : INVALID_HANDLE_VALUE;
    free(data);
    return writable;
}

/* The disk is as saved now. */
static void clear_modified(HANDLE device)
{
    struct imdisk_set_device_flags flags = {.flags_to_change = IMDISK_IMAGE_MODIFIED};
    if (device_control(device, IMDISK_IOCTL_SET_DEVICE_FLAGS, &flags, sizeof(flags), &flags, sizeof(flags), NULL) ==
        0) {
        return;
    }
    HANDLE writable = open_writable(device);
    if (writable != INVALID_HANDLE_VALUE) {
        flags = (struct imdisk_set_device_flags){.flags_to_change = IMDISK_IMAGE_MODIFIED};
        (void)device_control(writable, IMDISK_IOCTL_SET_DEVICE_FLAGS, &flags, sizeof(flags), &flags, sizeof(flags),
                             NULL);
        CloseHandle(writable);
    }
}

DWORD save_disk(HANDLE device, HANDLE file, DWORD buffer_size, copy_progress *progress, void *context)
{
    LONGLONG total;
    DWORD size = buffer_size == 0 ? DEFAULT_BUFFER : buffer_size;
    size = size > MAXIMUM_BUFFER ? MAXIMUM_BUFFER : (size + BUFFER_UNIT - 1) / BUFFER_UNIT * BUFFER_UNIT;
    if (!ImDiskGetVolumeSize(device, &total)) {
        return GetLastError();
    }
    if (total <= 0) {
        return ERROR_INVALID_DATA;
    }
    unsigned char *buffer = VirtualAlloc(NULL, size, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
    if (buffer == NULL) {
        return GetLastError();
    }
    bool stored = disk_store(device, open_writable(device));
    /* Or Windows hides the sectors behind the file system's end. */
    (void)device_control(device, FSCTL_ALLOW_EXTENDED_DASD_IO, NULL, 0, NULL, 0, NULL);
    struct saving saving = {.device = device, .file = file, .stored = stored, .buffer = buffer, .buffer_size = size};
    DWORD code = copy_blocks(&saving, (uint64_t)total, progress, context);
    VirtualFree(buffer, 0, MEM_RELEASE);
    if (code == 0) {
        clear_modified(device);
    }
    return code;
}

static BOOL look_at_cancel(void *context, uint64_t done, uint64_t total)
{
    const volatile BOOL *cancel = context;
    (void)done;
    (void)total;
    (void)ImDiskFlushWindowMessages(NULL);
    return !*cancel;
}

BOOL WINAPI ImDiskSaveImageFile(HANDLE device, HANDLE file, DWORD buffer_size, LPBOOL cancel)
{
    if (cancel != NULL && *cancel) {
        return fail(ERROR_CANCELLED);
    }
    DWORD code = save_disk(device, file, buffer_size, cancel != NULL ? look_at_cancel : NULL, cancel);
    SetLastError(code);
    return code == 0;
}
