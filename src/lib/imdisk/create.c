/* SPDX-License-Identifier: MIT */
/* Creating disks. */

#include "lib/imdisk/internal.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

/* "#:" is replaced by a letter. Fails if there is none left, or the letter is taken. */
static BOOL choose_letter(LPWSTR mount_point, wchar_t *letter)
{
    if (mount_point[0] == L'#' && mount_point[1] == L':' && mount_point[2] == 0) {
        wchar_t free_letter = ImDiskFindFreeDriveLetter();
        if (free_letter == 0) {
            return fail(ERROR_NO_MORE_ITEMS);
        }
        mount_point[0] = free_letter;
    }
    *letter = drive_of(mount_point);
    if (*letter != 0 && (GetLogicalDrives() >> (*letter - L'A') & 1) != 0) {
        return fail(ERROR_ALREADY_ASSIGNED);
    }
    return TRUE;
}

/* The image's native name; RtlFreeUnicodeString it unless `native`. */
static BOOL native_name(LPCWSTR file, BOOL native, UNICODE_STRING *name)
{
    *name = (UNICODE_STRING){0};
    if (file == NULL || file[0] == 0) {
        return TRUE;
    }
    if (wcslen(file) > MAXIMUM_NAME) {
        return fail(ERROR_FILENAME_EXCED_RANGE);
    }
    if (native) {
        RtlInitUnicodeString(name, file);
    } else if (!(BOOLEAN)RtlDosPathNameToNtPathName_U(file, name, NULL,
                                                      NULL)) { /* a BOOLEAN, whatever the header says */
        return fail(ERROR_INVALID_NAME);
    }
    if (name->Length > IMDISK_MAXIMUM_FILE_NAME_LENGTH - IMDISK_CREATE_DATA_SIZE) {
        if (!native) {
            RtlFreeUnicodeString(name);
        }
        return fail(ERROR_FILENAME_EXCED_RANGE);
    }
    return TRUE;
}

/* NULL without memory. */
static struct imdisk_create_data *build_request(DWORD number, const DISK_GEOMETRY *geometry,
                                                const LARGE_INTEGER *offset, DWORD flags, const UNICODE_STRING *name,
                                                wchar_t letter)
{
    struct imdisk_create_data *data = calloc(1, IMDISK_CREATE_DATA_SIZE + (size_t)name->Length);
    if (data == NULL) {
        return NULL;
    }
    data->device_number = number;
    if (geometry != NULL) {
        data->size_bytes = geometry->Cylinders.QuadPart;
        data->media_type = (uint32_t)geometry->MediaType;
        data->tracks_per_cylinder = geometry->TracksPerCylinder;
        data->sectors_per_track = geometry->SectorsPerTrack;
        data->bytes_per_sector = geometry->BytesPerSector;
    }
    data->image_offset_bytes = offset != NULL ? offset->QuadPart : 0;
    data->flags = flags;
    data->drive_letter = letter;
    data->file_name_length_bytes = name->Length;
    if (name->Length != 0) {
        memcpy(data->file_name, name->Buffer, name->Length);
    }
    return data;
}

/* Sends the request, which becomes the reply. Returns 0 or the Windows error code. */
static DWORD send_request(HWND window, struct imdisk_create_data *data)
{
    DWORD size = IMDISK_CREATE_DATA_SIZE + data->file_name_length_bytes;
    show_status(window, L"Opening the ImDisk Virtual Disk Driver...");
    HANDLE control = open_started_control(GENERIC_READ | GENERIC_WRITE);
    if (control == INVALID_HANDLE_VALUE) {
        return GetLastError();
    }
    show_status(window, L"Creating virtual disk...");
    DWORD code = device_control(control, IMDISK_IOCTL_CREATE_DEVICE, data, size, data, size, NULL);
    CloseHandle(control);
    return code;
}

/*
 * A directory becomes a junction; a letter has its link from the driver, unless that could not make it, and is announced.
 * A disk without its mount point is removed again. Returns 0 or the Windows error code.
 */
static DWORD mount(HWND window, DWORD number, LPWSTR mount_point, wchar_t letter)
{
    wchar_t target[32];
    if (mount_point == NULL || mount_point[0] == 0) {
        return 0;
    }
    show_status(window, L"Creating mount point...");
    (void)swprintf(target, 32, DISK_DEVICE L"%lu", (unsigned long)number);
    if (!ImDiskCreateMountPoint(mount_point, target)) {
        DWORD code = GetLastError();
        (void)ImDiskForceRemoveDevice(NULL, number);
        return code;
    }
    if (letter != 0) {
        wchar_t drive[] = {letter, L':', 0};
        (void)ImDiskNotifyShellDriveLetter(window, drive);
    }
    return 0;
}

BOOL WINAPI ImDiskCreateDeviceEx(HWND window, LPDWORD number, PDISK_GEOMETRY geometry, PLARGE_INTEGER offset,
                                 DWORD flags, LPCWSTR file, BOOL native, LPWSTR mount_point)
{
    wchar_t letter = 0;
    UNICODE_STRING name;
    DWORD code;
    if (mount_point != NULL && !choose_letter(mount_point, &letter)) {
        return fail_shown(window, GetLastError(), L"The drive letter cannot be used");
    }
    if (!native_name(file, native, &name)) {
        return fail_shown(window, GetLastError(), L"The name of the image cannot be used");
    }
    DWORD wanted = number != NULL ? *number : IMDISK_AUTO_DEVICE_NUMBER;
    struct imdisk_create_data *data = build_request(wanted, geometry, offset, flags, &name, letter);
    if (!native && name.Buffer != NULL) {
        RtlFreeUnicodeString(&name);
    }
    if (data == NULL) {
        return fail_shown(window, ERROR_NOT_ENOUGH_MEMORY, L"The virtual disk cannot be created");
    }
    code = send_request(window, data);
    DWORD created = data->device_number;
    free(data);
    if (code == 0) {
        code = mount(window, created, mount_point, letter);
    }
    if (code != 0) {
        return fail_shown(window, code, L"The virtual disk cannot be created");
    }
    if (number != NULL) {
        *number = created;
    }
    SetLastError(NO_ERROR);
    return TRUE;
}

BOOL WINAPI ImDiskCreateDevice(HWND window, PDISK_GEOMETRY geometry, PLARGE_INTEGER offset, DWORD flags, LPCWSTR file,
                               BOOL native, LPWSTR mount_point)
{
    return ImDiskCreateDeviceEx(window, NULL, geometry, offset, flags, file, native, mount_point);
}
