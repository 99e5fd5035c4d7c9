/* SPDX-License-Identifier: MIT */
/* Looking at an image by its path or handle: files and devices as core/image/look.h wants to read them. */

#include "lib/look.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <winioctl.h>

/* Devices transfer whole sectors: reads are widened to multiples of this, and are at most twice as long. */
#define DEVICE_UNIT 4096u

struct reading {
    HANDLE file;
    int device;
};

/* Up to `length` bytes; how many there were. */
static DWORD read_some(HANDLE file, uint64_t offset, void *buffer, DWORD length)
{
    DWORD done = 0;
    OVERLAPPED overlapped = {.Offset = (DWORD)offset, .OffsetHigh = (DWORD)(offset >> 32)};
    overlapped.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (overlapped.hEvent == NULL) {
        return 0;
    }
    if (!ReadFile(file, buffer, length, &done, &overlapped) &&
        (GetLastError() != ERROR_IO_PENDING || !GetOverlappedResult(file, &overlapped, &done, TRUE))) {
        done = 0;
    }
    CloseHandle(overlapped.hEvent);
    return done;
}

static bool read_device(HANDLE device, uint64_t offset, void *buffer, uint32_t length)
{
    _Alignas(16) unsigned char block[3 * DEVICE_UNIT];
    uint64_t begin = offset / DEVICE_UNIT * DEVICE_UNIT;
    DWORD skipped = (DWORD)(offset - begin);
    DWORD wide = (skipped + length + DEVICE_UNIT - 1) / DEVICE_UNIT * DEVICE_UNIT;
    if (wide > sizeof(block)) {
        return false;
    }
    DWORD done = read_some(device, begin, block, wide);
    /* Near the end some devices read nothing rather than less. */
    for (DWORD part = wide; done < skipped + length && part > 512; part -= 512) {
        done = read_some(device, begin, block, part - 512);
    }
    if (done < skipped + length) {
        return false;
    }
    memcpy(buffer, block + skipped, length);
    return true;
}

static bool read_image(void *context, uint64_t offset, void *buffer, uint32_t length)
{
    const struct reading *reading = context;
    return reading->device ? read_device(reading->file, offset, buffer, length)
                           : read_some(reading->file, offset, buffer, length) == length;
}

DWORD image_file_length(HANDLE file, uint64_t *length, int *device)
{
    LARGE_INTEGER size;
    DWORD type = GetFileType(file);
    if (type == FILE_TYPE_CHAR || type == FILE_TYPE_PIPE) {
        return ERROR_SEEK_ON_DEVICE; /* a read would wait for somebody to write */
    }
    *device = type != FILE_TYPE_DISK || !GetFileSizeEx(file, &size) || size.QuadPart == 0;
    if (!*device) {
        *length = (uint64_t)size.QuadPart;
        return 0;
    }
    DWORD code = device_control(file, IOCTL_DISK_GET_LENGTH_INFO, NULL, 0, length, sizeof(*length), NULL);
    if (code != 0 && GetFileSizeEx(file, &size)) { /* an empty file */
        *length = (uint64_t)size.QuadPart;
        *device = 0;
        code = 0;
    }
    return code;
}

HANDLE image_file_open(const wchar_t *path)
{
    return CreateFileW(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, OPEN_EXISTING,
                       0, NULL);
}

bool image_denies_writing(DWORD code, HANDLE reading)
{
    return (code == ERROR_ACCESS_DENIED || code == ERROR_WRITE_PROTECT) && reading != INVALID_HANDLE_VALUE;
}

bool image_is_directory(const wchar_t *path)
{
    DWORD attributes = GetFileAttributesW(path);
    return attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
}

DWORD look_at_handle(HANDLE file, const wchar_t *name, const struct look_options *options, struct look *look)
{
    struct reading reading = {.file = file};
    struct image_reader reader = {.read = read_image, .context = &reading};
    struct look_options named = *options;
    DWORD code = image_file_length(file, &reader.length, &reading.device);
    if (code != 0) {
        return code;
    }
    named.name = (const uint16_t *)name;
    named.name_length = wcslen(name);
    return look_at_image(&reader, &named, look) ? 0 : ERROR_HANDLE_EOF;
}

ballast_result look_at_path(const wchar_t *path, const struct look_options *options, struct look *look,
                            ballast_error *error)
{
    HANDLE file = image_file_open(path);
    DWORD code = file == INVALID_HANDLE_VALUE ? GetLastError() : 0;
    if (code == 0) {
        code = look_at_handle(file, path, options, look);
        CloseHandle(file);
    }
    if (code == ERROR_HANDLE_EOF) {
        return error_set(error, BALLAST_INVALID_ARGUMENT, 0, L"there is nothing in '%ls' to look at", path);
    }
    if (code == ERROR_ACCESS_DENIED && image_is_directory(path)) {
        return error_set(error, BALLAST_INVALID_ARGUMENT, 0, L"cannot look at '%ls': it is a directory", path);
    }
    return code == 0 ? BALLAST_OK : error_set(error, result_of(code), code, L"cannot look at '%ls'", path);
}

void look_refusal(const wchar_t *path, const struct look *look, wchar_t *text, size_t size)
{
    const char *name = image_container_name(look->container);
    (void)swprintf(text, size, L"'%.200ls' is %hs %hs, which cannot be served: %hs", path,
                   strchr("AEae", name[0]) != NULL ? "an" : "a", name, image_container_advice(look->container));
    text[size - 1] = 0;
}
