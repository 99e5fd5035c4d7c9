/* SPDX-License-Identifier: MIT */
/* Image files of Windows; host_file.h has the contract. */

#include "cli/ballast/host_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <windows.h>
#include <winioctl.h>

#include "lib/target.h"

#define SECONDS_OF_2000 12591158400ull /* from 1601 */
#define MOST_AT_ONCE    (64u << 20)

/* RtlGenRandom, which no header of NT 5.2's declares. */
BOOLEAN NTAPI SystemFunction036(PVOID buffer, ULONG length);

struct host_file {
    struct source source;
    HANDLE handle;
    HANDLE event;
    bool created;
    bool stored; /* its file system had no data of it in memory when it was opened, and knows which ranges have any */
    struct target target; /* of a new file */
};

static DWORD last_failure;

static ballast_status failed(DWORD code)
{
    last_failure = code;
    return code == ERROR_NOT_ENOUGH_MEMORY ? BALLAST_INSUFFICIENT_RESOURCES : BALLAST_IO_DEVICE_ERROR;
}

void host_file_failure(ballast_error *error)
{
    (void)error_set(error, BALLAST_FAILED, last_failure, L"the system refused");
}

/* Returns 0 or the Windows error code. */
static DWORD transfer(const struct host_file *file, bool write, uint64_t offset, unsigned char *bytes, DWORD length)
{
    DWORD done = 0;
    OVERLAPPED overlapped = {.Offset = (DWORD)offset, .OffsetHigh = (DWORD)(offset >> 32), .hEvent = file->event};
    BOOL good = write ? WriteFile(file->handle, bytes, length, &done, &overlapped)
                      : ReadFile(file->handle, bytes, length, &done, &overlapped);
    if (!good && GetLastError() == ERROR_IO_PENDING) {
        good = GetOverlappedResult(file->handle, &overlapped, &done, TRUE);
    }
    DWORD cut = write ? ERROR_DISK_FULL : ERROR_HANDLE_EOF;
    return !good ? GetLastError() : done != length ? cut : 0;
}

static ballast_status transfer_all(struct source *source, bool write, uint64_t offset, unsigned char *bytes,
                                   size_t length)
{
    const struct host_file *file = (const struct host_file *)source;
    while (length != 0) {
        DWORD part = length < MOST_AT_ONCE ? (DWORD)length : MOST_AT_ONCE;
        DWORD code = transfer(file, write, offset, bytes, part);
        if (code != 0) {
            return failed(code);
        }
        offset += part;
        bytes += part;
        length -= part;
    }
    return BALLAST_SUCCESS;
}

static ballast_status file_read(struct source *source, uint64_t offset, void *buffer, size_t length)
{
    return transfer_all(source, false, offset, buffer, length);
}

static ballast_status file_write(struct source *source, uint64_t offset, const void *buffer, size_t length)
{
    return transfer_all(source, true, offset, (unsigned char *)(uintptr_t)buffer, length);
}

static ballast_status file_resize(struct source *source, uint64_t size)
{
    const struct host_file *file = (const struct host_file *)source;
    LARGE_INTEGER place = {.QuadPart = (LONGLONG)size};
    return SetFilePointerEx(file->handle, place, NULL, FILE_BEGIN) && SetEndOfFile(file->handle)
               ? BALLAST_SUCCESS
               : failed(GetLastError());
}

static ballast_status file_flush(struct source *source)
{
    return FlushFileBuffers(((const struct host_file *)source)->handle) ? BALLAST_SUCCESS : failed(GetLastError());
}

static ballast_status file_trim(struct source *source, uint64_t offset, uint64_t length)
{
    FILE_ZERO_DATA_INFORMATION range = {.FileOffset.QuadPart = (LONGLONG)offset,
                                        .BeyondFinalZero.QuadPart = (LONGLONG)(offset + length)};
    (void)device_control(((const struct host_file *)source)->handle, FSCTL_SET_ZERO_DATA, &range, sizeof(range), NULL,
                         0, NULL);
    return BALLAST_SUCCESS;
}

static uint64_t file_extent(struct source *source, uint64_t offset, uint64_t length, bool *data)
{
    FILE_ALLOCATED_RANGE_BUFFER asked = {.FileOffset.QuadPart = (LONGLONG)offset, .Length.QuadPart = (LONGLONG)length};
    FILE_ALLOCATED_RANGE_BUFFER found;
    const struct host_file *file = (const struct host_file *)source;
    DWORD returned = 0;
    DWORD code = file->stored ? device_control(file->handle, FSCTL_QUERY_ALLOCATED_RANGES, &asked, sizeof(asked),
                                               &found, sizeof(found), &returned)
                              : ERROR_NOT_SUPPORTED;
    *data = code != 0 && code != ERROR_MORE_DATA;
    if (*data || returned < sizeof(found)) {
        return length;
    }
    uint64_t begin = (uint64_t)found.FileOffset.QuadPart;
    uint64_t end = begin + (uint64_t)found.Length.QuadPart;
    *data = begin <= offset;
    uint64_t run = (*data ? end : begin) - offset;
    return run != 0 && run < length ? run : length;
}

static bool file_usage(struct source *source, struct source_usage *usage)
{
    (void)source;
    (void)usage;
    return false;
}

static void file_destroy(struct source *source)
{
    struct host_file *file = (struct host_file *)source;
    if (file->created) {
        target_abandon(&file->target);
    } else if (file->handle != INVALID_HANDLE_VALUE) {
        CloseHandle(file->handle);
    }
    CloseHandle(file->event);
    free(file);
}

static struct host_file *make(void)
{
    static const struct source_operations operations = {
        .read = file_read,
        .write = file_write,
        .trim = file_trim,
        .flush = file_flush,
        .resize = file_resize,
        .extent = file_extent,
        .usage = file_usage,
        .destroy = file_destroy,
    };
    struct host_file *file = calloc(1, sizeof(*file));
    if (file != NULL) {
        *file = (struct host_file){.source = {.operations = &operations, .blocks = true},
                                   .handle = INVALID_HANDLE_VALUE,
                                   .event = CreateEventW(NULL, TRUE, FALSE, NULL)};
    }
    if (file != NULL && file->event == NULL) {
        free(file);
        file = NULL;
    }
    return file;
}

static DWORD measure(HANDLE handle, struct vhd_file *opened)
{
    LARGE_INTEGER size;
    FILETIME written;
    if (!GetFileSizeEx(handle, &size) || !GetFileTime(handle, NULL, NULL, &written)) {
        return GetLastError();
    }
    uint64_t seconds = ((uint64_t)written.dwHighDateTime << 32 | written.dwLowDateTime) / 10000000;
    opened->length = (uint64_t)size.QuadPart;
    opened->modified = seconds > SECONDS_OF_2000 ? (uint32_t)(seconds - SECONDS_OF_2000) : 0;
    return 0;
}

/* Before it is opened for good, which keeps writers out. Who may not write cannot flush. */
static bool store(const wchar_t *path)
{
    HANDLE handle = CreateFileW(path, OPEN_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                                OPEN_EXISTING, 0, NULL);
    bool stored = handle != INVALID_HANDLE_VALUE && FlushFileBuffers(handle);
    if (handle != INVALID_HANDLE_VALUE) {
        CloseHandle(handle);
    }
    return stored;
}

ballast_result host_file_open(const wchar_t *path, bool writable, struct vhd_file *opened, ballast_error *error)
{
    struct host_file *file = make();
    DWORD code = file == NULL ? ERROR_NOT_ENOUGH_MEMORY : 0;
    if (code == 0) {
        file->stored = store(path);
        file->handle = CreateFileW(path, writable ? GENERIC_READ | GENERIC_WRITE : GENERIC_READ,
                                   FILE_SHARE_READ | (writable ? 0 : FILE_SHARE_DELETE), NULL, OPEN_EXISTING,
                                   FILE_FLAG_OVERLAPPED, NULL);
        code = file->handle == INVALID_HANDLE_VALUE ? GetLastError() : measure(file->handle, opened);
    }
    ballast_result result =
        code == 0 ? BALLAST_OK : error_set(error, result_of(code), code, L"cannot open '%ls'", path);
    if (result == BALLAST_OK && writable) {
        result = target_check_unused(file->handle, path, error);
    }
    if (result == BALLAST_OK) {
        opened->source = &file->source;
    } else if (file != NULL) {
        file_destroy(&file->source);
    }
    return result;
}

ballast_result host_file_create(const wchar_t *path, bool replace, struct vhd_file *created, ballast_error *error)
{
    struct host_file *file = make();
    if (file == NULL) {
        return error_set(error, BALLAST_FAILED, ERROR_NOT_ENOUGH_MEMORY, L"cannot create '%ls'", path);
    }
    ballast_result result = target_begin(&file->target, path, replace, error);
    if (result == BALLAST_OK) {
        file->created = true;
        result = target_create(&file->target, error);
    }
    if (result != BALLAST_OK) {
        file_destroy(&file->source);
        return result;
    }
    file->handle = file->target.handle;
    *created = (struct vhd_file){.source = &file->source};
    return BALLAST_OK;
}

ballast_result host_file_commit(struct source *source, ballast_error *error)
{
    struct host_file *file = (struct host_file *)source;
    ballast_result result = BALLAST_OK;
    if (!FlushFileBuffers(file->handle)) {
        DWORD code = GetLastError();
        result = error_set(error, result_of(code), code, L"cannot write '%ls'", file->target.path);
    } else {
        result = target_commit(&file->target, error);
        file->created = false;
        file->handle = INVALID_HANDLE_VALUE;
    }
    file_destroy(source);
    return result;
}

bool host_file_same(const wchar_t *one, const wchar_t *other)
{
    BY_HANDLE_FILE_INFORMATION information[2] = {0};
    const wchar_t *paths[] = {one, other};
    bool found = true;
    for (int i = 0; i < 2; i++) {
        HANDLE handle = CreateFileW(paths[i], 0, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                                    OPEN_EXISTING, 0, NULL);
        found = found && handle != INVALID_HANDLE_VALUE && GetFileInformationByHandle(handle, &information[i]);
        if (handle != INVALID_HANDLE_VALUE) {
            CloseHandle(handle);
        }
    }
    return found && information[0].dwVolumeSerialNumber == information[1].dwVolumeSerialNumber &&
           information[0].nFileIndexHigh == information[1].nFileIndexHigh &&
           information[0].nFileIndexLow == information[1].nFileIndexLow;
}

uint32_t host_time(void)
{
    FILETIME now;
    GetSystemTimeAsFileTime(&now);
    return (uint32_t)(((uint64_t)now.dwHighDateTime << 32 | now.dwLowDateTime) / 10000000 - SECONDS_OF_2000);
}

bool host_unique(uint8_t id[16])
{
    return SystemFunction036(id, 16) != 0;
}

const wchar_t *host_last_separator(const wchar_t *path)
{
    const wchar_t *last = NULL;
    for (; *path != 0; path++) {
        last = *path == L'\\' || *path == L'/' || *path == L':' ? path : last;
    }
    return last;
}
