/* SPDX-License-Identifier: MIT */
/* Volumes and drives; volumes.h has the contract. */

#include "lib/volumes.h"

#include <stdio.h>
#include <wchar.h>
#include <winioctl.h>

#define SHARED    (FILE_SHARE_READ | FILE_SHARE_WRITE)
#define NAME_SIZE (MAX_PATH + 32)

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

/* Whether the volume lies on the drive. Without an answer it is no volume of a disk, or its medium is out. */
static bool lies_on(HANDLE volume, uint32_t drive)
{
    struct volume_drives drives;
    STORAGE_DEVICE_NUMBER number;
    DWORD code = volume_drives(volume, &drives);
    for (size_t i = 0; i < drives.count; i++) {
        if (drives.drive[i] == drive) {
            return true;
        }
    }
    return code == ERROR_MORE_DATA || (device_number(volume, &number) == 0 && number.DeviceType == FILE_DEVICE_DISK &&
                                       number.DeviceNumber == drive);
}

static HANDLE open_volume(const wchar_t *name, DWORD access)
{
    return CreateFileW(name, access, SHARED, NULL, OPEN_EXISTING, FILE_FLAG_OVERLAPPED, NULL);
}

static bool named_lies_on(const wchar_t *name, uint32_t drive)
{
    HANDLE volume = open_volume(name, 0);
    bool on = volume != INVALID_HANDLE_VALUE && lies_on(volume, drive);
    if (volume != INVALID_HANDLE_VALUE) {
        CloseHandle(volume);
    }
    return on;
}

/* ---- the system's ---- */

static bool has_windows(uint32_t drive)
{
    wchar_t path[MAX_PATH];
    wchar_t name[] = L"\\\\.\\C:";
    UINT length = GetSystemWindowsDirectoryW(path, MAX_PATH);
    if (length < 2 || length >= MAX_PATH) {
        return true; /* who knows */
    }
    name[4] = path[0];
    return named_lies_on(name, drive);
}

/* What the firmware starts the system from: setup has written down which it is. */
static bool has_boot_files(uint32_t drive)
{
    static const wchar_t prefix[] = L"\\\\?\\GLOBALROOT";
    wchar_t name[NAME_SIZE];
    HKEY key;
    DWORD type = 0;
    DWORD size = sizeof(name) - sizeof(prefix);
    if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, L"SYSTEM\\Setup", 0, KEY_QUERY_VALUE, &key) != ERROR_SUCCESS) {
        return false;
    }
    wcscpy(name, prefix);
    wchar_t *value = name + wcslen(prefix);
    LSTATUS status = RegQueryValueExW(key, L"SystemPartition", NULL, &type, (BYTE *)value, &size);
    RegCloseKey(key);
    value[size / sizeof(wchar_t)] = 0;
    return status == ERROR_SUCCESS && type == REG_SZ && named_lies_on(name, drive);
}

/* ---- locking ---- */

static ballast_result add(struct volumes *volumes, const wchar_t *volume, const wchar_t *drive_name,
                          ballast_error *error)
{
    if (volumes->count == VOLUMES_MOST) {
        return error_set(error, BALLAST_BUSY, 0, L"%ls has more than %u volumes", drive_name, VOLUMES_MOST);
    }
    HANDLE handle = open_volume(volume, GENERIC_READ | GENERIC_WRITE);
    if (handle == INVALID_HANDLE_VALUE) {
        DWORD code = GetLastError();
        return error_set(error, BALLAST_BUSY, code, L"cannot open the volume '%ls' on %ls", volume, drive_name);
    }
    volumes->locked[volumes->count++] = handle;
    DWORD code = device_control(handle, FSCTL_LOCK_VOLUME, NULL, 0, NULL, 0, NULL);
    if (code == 0) {
        code = device_control(handle, FSCTL_DISMOUNT_VOLUME, NULL, 0, NULL, 0, NULL);
    }
    return code == 0 ? BALLAST_OK
                     : error_set(error, BALLAST_BUSY, code, L"%ls is in use: its volume '%ls' cannot be locked",
                                 drive_name, volume);
}

/* A volume that has gone meanwhile does not matter. One that cannot be looked at may lie anywhere. */
static ballast_result look_at_volume(struct volumes *volumes, wchar_t *volume, uint32_t drive,
                                     const wchar_t *drive_name, ballast_error *error)
{
    size_t length = wcslen(volume);
    if (length != 0 && volume[length - 1] == L'\\') {
        volume[length - 1] = 0; /* the volume, and not its root directory */
    }
    HANDLE handle = open_volume(volume, 0);
    if (handle == INVALID_HANDLE_VALUE) {
        DWORD code = GetLastError();
        return code == ERROR_FILE_NOT_FOUND || code == ERROR_PATH_NOT_FOUND
                   ? BALLAST_OK
                   : error_set(error, BALLAST_BUSY, code, L"cannot tell whether the volume '%ls' lies on %ls", volume,
                               drive_name);
    }
    bool on = lies_on(handle, drive);
    CloseHandle(handle);
    return on ? add(volumes, volume, drive_name, error) : BALLAST_OK;
}

static ballast_result lock_all(struct volumes *volumes, uint32_t drive, const wchar_t *drive_name, ballast_error *error)
{
    wchar_t volume[NAME_SIZE];
    ballast_result result = BALLAST_OK;
    HANDLE search = FindFirstVolumeW(volume, NAME_SIZE);
    BOOL found = search != INVALID_HANDLE_VALUE;
    while (found && result == BALLAST_OK) {
        result = look_at_volume(volumes, volume, drive, drive_name, error);
        found = FindNextVolumeW(search, volume, NAME_SIZE);
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

ballast_result volumes_lock(struct volumes *volumes, uint32_t drive, const wchar_t *name, ballast_error *error)
{
    volumes->count = 0;
    if (has_windows(drive) || has_boot_files(drive)) {
        return error_set(error, BALLAST_BUSY, 0, L"%ls is in use: the system runs or starts from it", name);
    }
    ballast_result result = lock_all(volumes, drive, name, error);
    if (result != BALLAST_OK) {
        volumes_unlock(volumes);
    }
    return result;
}

void volumes_unlock(struct volumes *volumes)
{
    while (volumes->count != 0) {
        CloseHandle(volumes->locked[--volumes->count]); /* which unlocks it */
    }
}
