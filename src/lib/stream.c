/* SPDX-License-Identifier: MIT */
/* Ends of copies; stream.h has the contract. */

#include "lib/stream.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>
#include <winioctl.h>

#include "lib/look.h"
#include "lib/remove.h"

static int is_disk(const ballast_endpoint *endpoint)
{
    return endpoint->path == NULL;
}

const wchar_t *stream_name(const struct stream *stream, wchar_t *text, size_t size)
{
    if (is_disk(stream->endpoint)) {
        (void)swprintf(text, size, L"disk %u", stream->endpoint->disk);
    } else if (swprintf(text, size, L"'%ls'", stream->endpoint->path) < 0) {
        text[size - 1] = 0;
    }
    return text;
}

/* ---- opening ---- */

static ballast_result begin(struct stream *stream, const ballast_endpoint *endpoint, ballast_error *error)
{
    *stream = (struct stream){.endpoint = endpoint,
                              .handle = INVALID_HANDLE_VALUE,
                              .sector = 1,
                              .target = {.handle = INVALID_HANDLE_VALUE, .old = INVALID_HANDLE_VALUE}};
    stream->overlapped.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
    return stream->overlapped.hEvent != NULL
               ? BALLAST_OK
               : error_set(error, BALLAST_FAILED, GetLastError(), L"cannot create an event");
}

static ballast_result open_disk_stream(struct stream *stream, int write, ballast_error *error)
{
    uint32_t number = stream->endpoint->disk;
    ballast_disk_info info = {.struct_size = sizeof(info)};
    ballast_result result = ballast_disk_query(number, &info, error);
    if (result != BALLAST_OK) {
        return result;
    }
    if (write && (info.flags & BALLAST_DISK_READ_ONLY) != 0) {
        return error_set(error, BALLAST_NO_ACCESS, 0, L"disk %u is read-only", number);
    }
    stream->handle = open_disk(number, write ? OPEN_WRITE : OPEN_READ, &result, error);
    stream->length = info.size;
    stream->sector = info.bytes_per_sector != 0 ? info.bytes_per_sector : 1;
    stream->device = 1;
    return stream->handle == INVALID_HANDLE_VALUE ? result : BALLAST_OK;
}

static ballast_result failed_to_open(const struct stream *stream, DWORD code, ballast_error *error)
{
    if (code == ERROR_ACCESS_DENIED && image_is_directory(stream->endpoint->path)) {
        return error_set(error, BALLAST_INVALID_ARGUMENT, 0, L"cannot open '%ls': it is a directory",
                         stream->endpoint->path);
    }
    return error_set(error, result_of(code), code, L"cannot open '%ls'", stream->endpoint->path);
}

/* A path that leads to a file or to a device. */
static ballast_result open_path(struct stream *stream, DWORD access, ballast_error *error)
{
    DISK_GEOMETRY geometry;
    /* A disk may be using the image. */
    stream->handle = CreateFileW(stream->endpoint->path, access, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                                 NULL, OPEN_EXISTING, FILE_FLAG_OVERLAPPED, NULL);
    if (stream->handle == INVALID_HANDLE_VALUE) {
        return failed_to_open(stream, GetLastError(), error);
    }
    DWORD code = image_file_length(stream->handle, &stream->length, &stream->device);
    if (code != 0) {
        return error_set(error, result_of(code), code, L"cannot get the size of '%ls'", stream->endpoint->path);
    }
    if (stream->device) {
        code =
            device_control(stream->handle, IOCTL_DISK_GET_DRIVE_GEOMETRY, NULL, 0, &geometry, sizeof(geometry), NULL);
        stream->sector = code == 0 && geometry.BytesPerSector != 0 ? geometry.BytesPerSector : 512;
    }
    return BALLAST_OK;
}

/* What is flushed before where there is data is asked for. */
static bool store(const struct stream *stream)
{
    ballast_result ignored;
    HANDLE writable = is_disk(stream->endpoint) ? open_disk(stream->endpoint->disk, OPEN_WRITE, &ignored, NULL)
                                                : CreateFileW(stream->endpoint->path, OPEN_WRITE,
                                                              FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                                                              NULL, OPEN_EXISTING, 0, NULL);
    return disk_store(stream->handle, writable);
}

static void prepare(struct stream *stream, bool stored)
{
    /* Or Windows hides the sectors behind the file system's end. */
    if (stream->device) {
        (void)device_control(stream->handle, FSCTL_ALLOW_EXTENDED_DASD_IO, NULL, 0, NULL, 0, NULL);
    }
    int ours = stream->layers.layer[0].identity.kind == IDENTITY_DISK;
    ranges_begin(&stream->ranges, stream->handle, ours, stored, stream->length);
}

ballast_result stream_open(struct stream *stream, const ballast_endpoint *endpoint, ballast_error *error)
{
    ballast_result result = begin(stream, endpoint, error);
    if (result == BALLAST_OK) {
        result = is_disk(endpoint) ? open_disk_stream(stream, 0, error) : open_path(stream, GENERIC_READ, error);
    }
    if (result != BALLAST_OK) {
        stream_close(stream);
        return result;
    }
    identity_layers(stream->handle, &stream->layers);
    prepare(stream, store(stream));
    return BALLAST_OK;
}

/* ---- targets ---- */

static ballast_result check_different(const struct stream *stream, const struct stream *source, ballast_error *error)
{
    wchar_t from[300];
    wchar_t to[300];
    if (!identity_touch(&stream->layers, &source->layers)) {
        return BALLAST_OK;
    }
    return error_set(error, BALLAST_INVALID_ARGUMENT, 0,
                     L"source and target are the same, or one is stored in the other: %ls and %ls",
                     stream_name(source, from, 300), stream_name(stream, to, 300));
}

static ballast_result open_file_target(struct stream *stream, uint32_t flags, const struct stream *source,
                                       ballast_error *error)
{
    struct target *target = &stream->target;
    ballast_result result = target_begin(target, stream->endpoint->path, (flags & BALLAST_COPY_OVERWRITE) != 0, error);
    if (result == BALLAST_OK && target->old != INVALID_HANDLE_VALUE) {
        identity_layers(target->old, &stream->layers);
        result = check_different(stream, source, error);
    }
    if (result == BALLAST_OK) {
        result = target_create(target, error);
        stream->handle = target->handle;
        if (result == BALLAST_OK && target->old == INVALID_HANDLE_VALUE) { /* it may lie on the source */
            identity_layers(target->handle, &stream->layers);
            result = check_different(stream, source, error);
        }
    }
    return result;
}

/* \\.\ and \\?\ with something that is no file. */
static int leads_to_device(const ballast_endpoint *endpoint)
{
    int device = 0;
    uint64_t length;
    if (is_disk(endpoint) ||
        (wcsncmp(endpoint->path, L"\\\\.\\", 4) != 0 && wcsncmp(endpoint->path, L"\\\\?\\", 4) != 0)) {
        return is_disk(endpoint);
    }
    HANDLE handle = CreateFileW(endpoint->path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                                NULL, OPEN_EXISTING, 0, NULL);
    if (handle != INVALID_HANDLE_VALUE) {
        device = image_file_length(handle, &length, &device) == 0 && device;
        CloseHandle(handle);
    }
    return device;
}

static ballast_result check_unused(const struct stream *stream, ballast_error *error)
{
    uint32_t number;
    wchar_t name[300];
    enum identity_use use = identity_is_image(&stream->layers, &number);
    if (use == IDENTITY_UNUSED) {
        return BALLAST_OK;
    }
    return error_set(error, BALLAST_BUSY, 0,
                     use == IDENTITY_IS_IMAGE ? L"%ls is in use: it is the image of disk %u, or that lies on it"
                                              : L"%ls may be in use: whether disk %u lies on it cannot be told",
                     stream_name(stream, name, 300), number);
}

/*
 * A drive that is none of the volumes that the system lists may have one all the same, which it does not list. Others have none
 * and know no locks, which does not matter.
 */
static ballast_result lock_drive(const struct stream *stream, const wchar_t *name, bool *locked, ballast_error *error)
{
    DWORD code = device_control(stream->handle, FSCTL_LOCK_VOLUME, NULL, 0, NULL, 0, NULL);
    ballast_result result = BALLAST_OK;
    *locked = code == 0;
    if (code != 0 && !is_unsupported(code)) {
        result = volume_lock(stream->handle, name, NULL, error);
        *locked = result == BALLAST_OK;
    }
    return result;
}

/*
 * Nobody else writes to what is locked; and its file system, if there is one, shall not either. A whole drive has none itself:
 * those of its volumes count. What a disk has taken as its image before all was locked stays as it is.
 */
static ballast_result lock(struct stream *stream, ballast_error *error)
{
    wchar_t text[300];
    const wchar_t *name = stream_name(stream, text, 300);
    uint32_t number;
    bool drive = volumes_is_drive(stream->handle, &number);
    ballast_result result = drive ? volumes_lock(&stream->volumes, stream->handle, number, name, error)
                                  : volume_lock(stream->handle, name, NULL, error);
    bool locked = true;
    if (result == BALLAST_OK && drive && !stream->volumes.own) {
        result = lock_drive(stream, name, &locked, error);
    }
    if (result == BALLAST_OK) {
        result = check_unused(stream, error);
    }
    if (result == BALLAST_OK) {
        result = volumes_dismount(&stream->volumes, name, error);
    }
    if (result == BALLAST_OK) {
        stream->dismounted = device_control(stream->handle, FSCTL_DISMOUNT_VOLUME, NULL, 0, NULL, 0, NULL) == 0;
        stream->drive = drive;
        stream->locked = locked;
    }
    return result;
}

static ballast_result open_device_target(struct stream *stream, uint32_t flags, const struct stream *source,
                                         ballast_error *error)
{
    ballast_result result;
    if (is_disk(stream->endpoint)) {
        result = open_disk_stream(stream, 1, error);
    } else if ((flags & BALLAST_COPY_OVERWRITE) == 0) {
        result = error_set(error, BALLAST_BUSY, ERROR_FILE_EXISTS, L"'%ls' is a device, and has a content",
                           stream->endpoint->path);
    } else {
        result = open_path(stream, GENERIC_READ | GENERIC_WRITE, error);
    }
    if (result == BALLAST_OK) {
        identity_layers(stream->handle, &stream->layers);
        result = check_different(stream, source, error);
    }
    if (result == BALLAST_OK) {
        result = check_unused(stream, error);
    }
    return result == BALLAST_OK ? lock(stream, error) : result;
}

ballast_result stream_open_target(struct stream *stream, const ballast_endpoint *endpoint, uint32_t flags,
                                  const struct stream *source, ballast_error *error)
{
    ballast_result result = begin(stream, endpoint, error);
    if (result == BALLAST_OK) {
        result = leads_to_device(endpoint) ? open_device_target(stream, flags, source, error)
                                           : open_file_target(stream, flags, source, error);
    }
    if (result != BALLAST_OK) {
        stream_close(stream);
        return result;
    }
    prepare(stream, true); /* locking a device has stored what was held of it */
    return BALLAST_OK;
}

ballast_result stream_commit(struct stream *stream, ballast_error *error)
{
    ballast_result result = BALLAST_OK;
    DWORD code;
    if (disk_flush_failed(stream->handle, &code)) {
        wchar_t name[300];
        result = error_set(error, result_of(code), code, L"cannot flush %ls", stream_name(stream, name, 300));
    } else if (!stream->device) {
        result = target_commit(&stream->target, error);
        stream->handle = INVALID_HANDLE_VALUE;
    }
    stream_close(stream);
    return result;
}

void stream_close(struct stream *stream)
{
    if (stream->locked) {
        /* The file system, if there is one, must read the new content. */
        (void)device_control(stream->handle, FSCTL_DISMOUNT_VOLUME, NULL, 0, NULL, 0, NULL);
        (void)device_control(stream->handle, FSCTL_UNLOCK_VOLUME, NULL, 0, NULL, 0, NULL);
    }
    if (stream->drive) { /* its partitions may be others now */
        (void)device_control(stream->handle, IOCTL_DISK_UPDATE_PROPERTIES, NULL, 0, NULL, 0, NULL);
    }
    volumes_unlock(&stream->volumes);
    if (stream->target.path != NULL) {
        target_abandon(&stream->target);
    } else if (stream->handle != INVALID_HANDLE_VALUE) {
        CloseHandle(stream->handle);
    }
    if (stream->overlapped.hEvent != NULL) {
        CloseHandle(stream->overlapped.hEvent);
    }
}

/* ---- requests ---- */

static DWORD round_up(DWORD length, DWORD sector)
{
    return (length + sector - 1) / sector * sector;
}

static void set_offset(struct stream *stream, uint64_t offset)
{
    stream->overlapped.Offset = (DWORD)offset;
    stream->overlapped.OffsetHigh = (DWORD)(offset >> 32);
}

static DWORD wait_transfer(struct stream *stream, int done, DWORD length)
{
    DWORD count = 0;
    if (!done && GetLastError() != ERROR_IO_PENDING) {
        return GetLastError();
    }
    if (!GetOverlappedResult(stream->handle, &stream->overlapped, &count, TRUE)) {
        return GetLastError();
    }
    return count >= length ? 0 : ERROR_HANDLE_EOF;
}

/* Buffers have room for whole sectors. A disk whose size is no multiple of its sector is read to its very end. */
static DWORD transfer_length(const struct stream *stream, uint64_t offset, DWORD length)
{
    DWORD rounded = round_up(length, stream->sector);
    return offset + rounded <= stream->length ? rounded : length;
}

DWORD stream_read(struct stream *stream, uint64_t offset, void *buffer, DWORD length)
{
    set_offset(stream, offset);
    BOOL done = ReadFile(stream->handle, buffer, transfer_length(stream, offset, length), NULL, &stream->overlapped);
    return wait_transfer(stream, done, length);
}

static DWORD complete_sector(struct stream *stream, uint64_t offset, unsigned char *buffer, DWORD length)
{
    DWORD whole = length / stream->sector * stream->sector;
    if (whole == length || offset + round_up(length, stream->sector) > stream->length) {
        return 0;
    }
    unsigned char *sector = VirtualAlloc(NULL, stream->sector, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
    if (sector == NULL) {
        return ERROR_NOT_ENOUGH_MEMORY;
    }
    DWORD code = stream_read(stream, offset + whole, sector, stream->sector);
    if (code == 0) {
        memcpy(buffer + length, sector + (length - whole), stream->sector - (length - whole));
    }
    VirtualFree(sector, 0, MEM_RELEASE);
    return code;
}

DWORD stream_start_write(struct stream *stream, uint64_t offset, unsigned char *buffer, DWORD length, int *started)
{
    DWORD code = complete_sector(stream, offset, buffer, length);
    if (code != 0) {
        return code;
    }
    set_offset(stream, offset);
    *started = WriteFile(stream->handle, buffer, transfer_length(stream, offset, length), NULL, &stream->overlapped);
    return *started || GetLastError() == ERROR_IO_PENDING ? 0 : GetLastError();
}

DWORD stream_end_write(struct stream *stream, int started, DWORD length)
{
    if (!started) {
        SetLastError(ERROR_IO_PENDING);
    }
    DWORD code = wait_transfer(stream, started, length);
    return code == ERROR_HANDLE_EOF && !stream->device ? ERROR_DISK_FULL : code; /* a file has no end but the disk's */
}
