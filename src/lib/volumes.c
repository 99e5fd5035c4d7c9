/* SPDX-License-Identifier: MIT */
/* Volumes and drives; volumes.h has the contract. */

#include "lib/volumes.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <winioctl.h>

#include "lib/object_name.h"

#define SHARED     (FILE_SHARE_READ | FILE_SHARE_WRITE)
#define NAME_SIZE  (MAX_PATH + 32)

/* Indexers and the like hold a fresh volume for moments. */
#define LOCK_TRIES 40u
#define LOCK_PAUSE 250u /* ms */

struct extents {
    DWORD count;
    DISK_EXTENT extent[VOLUMES_MOST];
};

DWORD volume_drives(HANDLE volume, struct volume_drives *drives)
{
    struct extents extents = {.count = 0};
    DWORD code = device_control(volume, IOCTL_VOLUME_GET_VOLUME_DISK_EXTENTS, NULL, 0, &extents, sizeof(extents), NULL);
    drives->count = 0;
    if (code == 0 && extents.count > VOLUMES_MOST) {
        code = ERROR_MORE_DATA;
    }
    for (DWORD i = 0; code == 0 && i < extents.count; i++) {
        drives->drive[drives->count++] = extents.extent[i].DiskNumber;
    }
    return code;
}

static DWORD device_number(HANDLE handle, STORAGE_DEVICE_NUMBER *number)
{
    DWORD returned = 0;
    DWORD code = device_control(handle, IOCTL_STORAGE_GET_DEVICE_NUMBER, NULL, 0, number, sizeof(*number), &returned);
    return code == 0 && returned != sizeof(*number) ? ERROR_INVALID_DATA : code;
}

bool volumes_is_drive(HANDLE handle, uint32_t *drive)
{
    STORAGE_DEVICE_NUMBER number;
    if (device_number(handle, &number) != 0 || number.DeviceType != FILE_DEVICE_DISK || number.PartitionNumber != 0) {
        return false;
    }
    *drive = number.DeviceNumber;
    return true;
}

/*
 * Whether the volume lies on the drive. What is on none knows neither code: a RAM disk that Windows was started from, and many
 * virtual disks. Without an answer its medium is out, say, and who knows: `unknown`.
 */
static bool lies_on(HANDLE volume, uint32_t drive, bool unknown)
{
    struct volume_drives drives;
    STORAGE_DEVICE_NUMBER number;
    DWORD code = volume_drives(volume, &drives);
    for (size_t i = 0; i < drives.count; i++) {
        if (drives.drive[i] == drive) {
            return true;
        }
    }
    if (code == ERROR_MORE_DATA) {
        return true; /* who knows */
    }
    DWORD number_code = device_number(volume, &number);
    if (number_code == 0) {
        return number.DeviceType == FILE_DEVICE_DISK && number.DeviceNumber == drive;
    }
    return code != 0 && unknown && !(is_unsupported(code) && is_unsupported(number_code));
}

static HANDLE open_volume(const wchar_t *name, DWORD access)
{
    return CreateFileW(name, access, SHARED, NULL, OPEN_EXISTING, FILE_FLAG_OVERLAPPED, NULL);
}

static bool is_gone(DWORD code)
{
    return code == ERROR_FILE_NOT_FOUND || code == ERROR_PATH_NOT_FOUND;
}

/* ---- the system's ---- */

/* What cannot be told may be. */
static bool may_lie_on(const wchar_t *name, uint32_t drive)
{
    HANDLE volume = open_volume(name, 0);
    if (volume == INVALID_HANDLE_VALUE) {
        return !is_gone(GetLastError());
    }
    bool on = lies_on(volume, drive, true);
    CloseHandle(volume);
    return on;
}

static bool has_windows(uint32_t drive)
{
    wchar_t path[MAX_PATH];
    wchar_t name[] = L"\\\\.\\C:";
    UINT length = GetSystemWindowsDirectoryW(path, MAX_PATH);
    if (length < 2 || length >= MAX_PATH) {
        return true;
    }
    name[4] = path[0];
    return may_lie_on(name, drive);
}

/* The device that this value names, as on systems that started from it. Without the value nothing is known of it. */
static bool has_boot_files(uint32_t drive)
{
    wchar_t name[NAME_SIZE] = L"\\\\?\\GLOBALROOT";
    size_t prefix = wcslen(name);
    DWORD size = (DWORD)((NAME_SIZE - prefix) * sizeof(wchar_t));
    LSTATUS status = RegGetValueW(HKEY_LOCAL_MACHINE, L"SYSTEM\\Setup", L"SystemPartition", RRF_RT_REG_SZ, NULL,
                                  name + prefix, &size);
    return status == ERROR_SUCCESS ? may_lie_on(name, drive) : status != ERROR_FILE_NOT_FOUND;
}

/* ---- locking ---- */

ballast_result volume_lock(HANDLE handle, const wchar_t *name, const wchar_t *volume, ballast_error *error)
{
    DWORD code = device_control(handle, FSCTL_LOCK_VOLUME, NULL, 0, NULL, 0, NULL);
    for (unsigned i = 1; i < LOCK_TRIES && (code == ERROR_ACCESS_DENIED || code == ERROR_SHARING_VIOLATION); i++) {
        if (interrupted()) {
            return error_set(error, BALLAST_INTERRUPTED, 0, L"interrupted; %ls is in use, and as it was", name);
        }
        Sleep(LOCK_PAUSE);
        code = device_control(handle, FSCTL_LOCK_VOLUME, NULL, 0, NULL, 0, NULL);
    }
    if (code != 0 && volume != NULL) {
        return error_set(error, BALLAST_BUSY, code, L"%ls is in use: its volume '%ls' cannot be locked", name, volume);
    }
    return code == 0 ? BALLAST_OK : error_set(error, BALLAST_BUSY, code, L"%ls is in use", name);
}

static bool same_object(HANDLE a, HANDLE b)
{
    UNICODE_STRING *x = object_name(a);
    UNICODE_STRING *y = object_name(b);
    bool same = x != NULL && y != NULL && x->Length != 0 && x->Length == y->Length &&
                memcmp(x->Buffer, y->Buffer, x->Length) == 0;
    free(x);
    free(y);
    return same;
}

static ballast_result add(struct volumes *volumes, const wchar_t *volume, bool own, const wchar_t *drive_name,
                          ballast_error *error)
{
    if (volumes->count == VOLUMES_MOST) {
        return error_set(error, BALLAST_BUSY, 0, L"%ls has more than %u volumes", drive_name, VOLUMES_MOST);
    }
    HANDLE handle = own ? volumes->drive : open_volume(volume, GENERIC_READ | GENERIC_WRITE);
    if (handle == INVALID_HANDLE_VALUE) {
        DWORD code = GetLastError();
        return error_set(error, BALLAST_BUSY, code, L"cannot open the volume '%ls' on %ls", volume, drive_name);
    }
    struct volume *added = &volumes->locked[volumes->count++];
    added->handle = handle;
    wcscpy(added->name, volume);
    volumes->own = volumes->own || own;
    return volume_lock(handle, drive_name, volume, error);
}

static bool is_locked(const struct volumes *volumes, const wchar_t *volume)
{
    size_t i = 0;
    while (i < volumes->count && wcscmp(volumes->locked[i].name, volume) != 0) {
        i++;
    }
    return i != volumes->count;
}

/* A volume that has gone meanwhile does not matter. One that cannot be looked at may lie anywhere. */
static ballast_result look_at_volume(struct volumes *volumes, wchar_t *volume, uint32_t drive,
                                     const wchar_t *drive_name, ballast_error *error)
{
    size_t length = wcslen(volume);
    if (length != 0 && volume[length - 1] == L'\\') {
        volume[length - 1] = 0; /* the volume, and not its root directory */
    }
    if (is_locked(volumes, volume)) {
        return BALLAST_OK;
    }
    HANDLE handle = open_volume(volume, 0);
    if (handle == INVALID_HANDLE_VALUE) {
        DWORD code = GetLastError();
        return is_gone(code) ? BALLAST_OK
                             : error_set(error, BALLAST_BUSY, code, L"cannot tell whether the volume '%ls' lies on %ls",
                                         volume, drive_name);
    }
    bool on = lies_on(handle, drive, false);
    bool own = on && same_object(handle, volumes->drive);
    CloseHandle(handle);
    return on ? add(volumes, volume, own, drive_name, error) : BALLAST_OK;
}

static ballast_result lock_listed(struct volumes *volumes, uint32_t drive, const wchar_t *drive_name,
                                  ballast_error *error)
{
    wchar_t volume[VOLUME_NAME_SIZE];
    ballast_result result = BALLAST_OK;
    HANDLE search = FindFirstVolumeW(volume, VOLUME_NAME_SIZE);
    BOOL found = search != INVALID_HANDLE_VALUE;
    while (found && result == BALLAST_OK) {
        result = look_at_volume(volumes, volume, drive, drive_name, error);
        found = FindNextVolumeW(search, volume, VOLUME_NAME_SIZE);
    }
    DWORD code = GetLastError();
    if (search != INVALID_HANDLE_VALUE) {
        FindVolumeClose(search);
    }
    if (result == BALLAST_OK && code != ERROR_NO_MORE_FILES) {
        result = error_set(error, BALLAST_BUSY, code, L"cannot list the volumes on %ls", drive_name);
    }
    return result;
}

ballast_result volumes_lock(struct volumes *volumes, HANDLE handle, uint32_t drive, const wchar_t *name,
                            ballast_error *error)
{
    size_t before;
    ballast_result result = BALLAST_OK;
    volumes->drive = handle;
    volumes->own = false;
    volumes->count = 0;
    if (has_windows(drive) || has_boot_files(drive)) {
        return error_set(error, BALLAST_BUSY, 0, L"%ls is in use: the system runs or starts from it", name);
    }
    do { /* until no other has appeared */
        before = volumes->count;
        result = lock_listed(volumes, drive, name, error);
    } while (result == BALLAST_OK && volumes->count != before);
    if (result != BALLAST_OK) {
        volumes_unlock(volumes);
    }
    return result;
}

ballast_result volumes_dismount(const struct volumes *volumes, const wchar_t *name, ballast_error *error)
{
    for (size_t i = 0; i < volumes->count; i++) {
        const struct volume *volume = &volumes->locked[i];
        DWORD code = device_control(volume->handle, FSCTL_DISMOUNT_VOLUME, NULL, 0, NULL, 0, NULL);
        if (code != 0) {
            return error_set(error, BALLAST_BUSY, code, L"%ls is in use: its volume '%ls' cannot be dismounted", name,
                             volume->name);
        }
    }
    return BALLAST_OK;
}

void volumes_unlock(struct volumes *volumes)
{
    while (volumes->count != 0) {
        HANDLE handle = volumes->locked[--volumes->count].handle;
        if (handle != volumes->drive) {
            CloseHandle(handle); /* which unlocks it */
        }
    }
}
