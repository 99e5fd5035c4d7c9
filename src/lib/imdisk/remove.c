/* SPDX-License-Identifier: MIT */
/* Removing disks and changing them while they exist. */

#include "lib/imdisk/internal.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

static DWORD control(HANDLE device, DWORD code)
{
    return device_control(device, code, NULL, 0, NULL, 0, NULL);
}

/*
 * Flushes, locks and dismounts a volume. One that is in use is dismounted all the same if the API flag or the user says
 * so. Returns 0 or the Windows error code.
 */
static DWORD dismount(HWND window, HANDLE device, BOOL *forced)
{
    *forced = (ImDiskGetAPIFlags() & IMDISK_API_FORCE_DISMOUNT) != 0;
    show_status(window, L"Flushing file buffers...");
    (void)FlushFileBuffers(device); /* the lock fails if it mattered */
    show_status(window, L"Locking volume...");
    DWORD code = control(device, FSCTL_LOCK_VOLUME);
    if (code != 0 && !*forced) {
        if (ask(window, MB_YESNO | MB_ICONWARNING | MB_DEFBUTTON2,
                L"The volume is in use. Dismount it all the same? Programs may lose data that they have not saved.") !=
            IDYES) {
            return code;
        }
        *forced = TRUE;
    }
    show_status(window, L"Dismounting filesystem...");
    DWORD dismount_code = control(device, FSCTL_DISMOUNT_VOLUME);
    if (code != 0) {
        (void)control(device, FSCTL_LOCK_VOLUME); /* nobody shall mount it again meanwhile */
    }
    /* What no file system has mounted cannot be dismounted. */
    return *forced || dismount_code == ERROR_INVALID_FUNCTION || dismount_code == ERROR_NOT_SUPPORTED ? 0
                                                                                                      : dismount_code;
}

static BOOL is_memory_disk(const struct imdisk_create_data *data)
{
    return (data->flags & IMDISK_TYPE_MASK) == IMDISK_TYPE_VM ||
           (data->flags & (IMDISK_TYPE_MASK | IMDISK_SUBTYPE_MASK)) == (IMDISK_TYPE_FILE | IMDISK_FILE_AWE_ALLOC);
}

/* What would be lost. Returns 0 to go on, or the Windows error code. */
static DWORD offer_to_save(HWND window, HANDLE device)
{
    struct imdisk_create_data *data = query_disk(device);
    if (data == NULL) {
        return GetLastError();
    }
    BOOL lost = is_memory_disk(data) && (data->flags & IMDISK_IMAGE_MODIFIED) != 0;
    BOOL is_cd = (data->flags & IMDISK_DEVICE_TYPE_MASK) == IMDISK_DEVICE_TYPE_CD;
    free(data);
    if (!lost) {
        return 0;
    }
    int answer = ask(window, MB_YESNOCANCEL | MB_ICONQUESTION,
                     L"The virtual disk has been changed, and what is on it will be lost. Save it to an image?");
    if (answer == IDYES) {
        return ImDiskSaveImageFileInteractive(device, window, 0, is_cd) ? 0 : GetLastError();
    }
    return answer == IDNO ? 0 : ERROR_CANCELLED;
}

static DWORD eject(HWND window, HANDLE device, BOOL forced)
{
    show_status(window, L"Removing device...");
    DWORD code = control(device, IOCTL_STORAGE_EJECT_MEDIA);
    if (code != 0 && forced) {
        code = ImDiskForceRemoveDevice(device, 0) ? 0 : GetLastError();
    }
    return code;
}

/* Where a disk is mounted. */
struct mounted {
    wchar_t letter;                        /* 0: at none */
    wchar_t device[DISK_DEVICE_NAME_SIZE]; /* what the letter leads to */
};

/* The letter that was named, or the one that the disk was created with, if it leads there: else it is someone else's. */
static DWORD find_letter(HANDLE device, LPCWSTR mount_point, struct mounted *mounted)
{
    struct imdisk_create_data *data = query_disk(device);
    if (data == NULL) {
        return GetLastError();
    }
    BOOL named = mount_point != NULL && mount_point[0] != 0;
    wchar_t drive[] = {named ? drive_of(mount_point) : data->drive_letter, L':', 0};
    wchar_t target[MAX_PATH] = L"";
    disk_device_name(data->device_number, mounted->device);
    free(data);
    mounted->letter = drive_of(drive);
    if (mounted->letter != 0 &&
        (QueryDosDeviceW(drive, target, MAX_PATH) == 0 || wcscmp(target, mounted->device) != 0)) {
        mounted->letter = 0;
    }
    return 0;
}

/* What is left of the mount point when the disk is gone. Returns 0 or the Windows error code. */
static DWORD remove_mount_point(HWND window, LPCWSTR mount_point, const struct mounted *mounted)
{
    if (mounted->letter != 0) {
        show_status(window, L"Removing mount point...");
        (void)remove_drive_link(mounted->letter, mounted->device); /* the driver has removed its own */
        notify_drive_removed(mounted->letter);
    } else if (mount_point != NULL && mount_point[0] != 0 && mount_point[0] != L'\\' && drive_of(mount_point) == 0) {
        show_status(window, L"Removing mount point...");
        return ImDiskRemoveMountPoint(mount_point) ? 0 : GetLastError();
    }
    return 0;
}

BOOL WINAPI ImDiskRemoveDevice(HWND window, DWORD number, LPCWSTR mount_point)
{
    BOOL forced = FALSE;
    show_status(window, L"Opening device...");
    HANDLE device = open_disk_somehow(number, mount_point);
    if (device == INVALID_HANDLE_VALUE) {
        return fail_shown(window, GetLastError(), L"The virtual disk cannot be opened");
    }
    struct mounted mounted = {.letter = 0};
    DWORD code = find_letter(device, mount_point, &mounted);
    if (mounted.letter != 0) {
        (void)ImDiskNotifyRemovePending(window, mounted.letter);
    }
    if (code == 0) {
        code = dismount(window, device, &forced);
    }
    if (code == 0 && window != NULL) {
        code = offer_to_save(window, device);
    }
    if (code == 0) {
        code = eject(window, device, forced);
    }
    (void)control(device, FSCTL_UNLOCK_VOLUME);
    CloseHandle(device);
    if (code == 0) {
        code = remove_mount_point(window, mount_point, &mounted);
    }
    show_status(window, code == 0 ? L"Done." : L"");
    if (code == ERROR_CANCELLED) {
        return fail(code);
    }
    SetLastError(NO_ERROR);
    return code == 0 || fail_shown(window, code, L"The virtual disk cannot be removed");
}

BOOL WINAPI ImDiskForceRemoveDevice(HANDLE device, DWORD number)
{
    uint32_t wanted = number;
    if (device != NULL) {
        struct imdisk_create_data *data = query_disk(device);
        if (data == NULL) {
            return FALSE;
        }
        wanted = data->device_number;
        free(data);
    }
    UNICODE_STRING name;
    RtlInitUnicodeString(&name, CONTROL_DEVICE);
    HANDLE driver = ImDiskOpenDeviceByName(&name, GENERIC_READ | GENERIC_WRITE);
    if (driver == INVALID_HANDLE_VALUE) {
        return FALSE;
    }
    DWORD code = device_control(driver, IMDISK_IOCTL_REMOVE_DEVICE, &wanted, sizeof(wanted), NULL, 0, NULL);
    CloseHandle(driver);
    SetLastError(code);
    return code == 0;
}

BOOL WINAPI ImDiskChangeFlags(HWND window, DWORD number, LPCWSTR mount_point, DWORD change, DWORD values)
{
    struct imdisk_set_device_flags flags = {.flags_to_change = change, .flag_values = values};
    BOOL forced = FALSE;
    show_status(window, L"Opening device...");
    HANDLE device = open_disk_somehow(number, mount_point);
    if (device == INVALID_HANDLE_VALUE) {
        return fail_shown(window, GetLastError(), L"The virtual disk cannot be opened");
    }
    DWORD code = dismount(window, device, &forced);
    if (code == 0) {
        show_status(window, L"Setting new flags...");
        code =
            device_control(device, IMDISK_IOCTL_SET_DEVICE_FLAGS, &flags, sizeof(flags), &flags, sizeof(flags), NULL);
    }
    (void)control(device, FSCTL_UNLOCK_VOLUME);
    CloseHandle(device);
    SetLastError(NO_ERROR);
    return code == 0 || fail_shown(window, code, L"The flags of the virtual disk cannot be changed");
}

/* The file system's part. Returns 0 or the Windows error code. */
static DWORD extend_file_system(HANDLE device)
{
    LONGLONG size;
    DISK_GEOMETRY geometry;
    DWORD returned = 0;
    if (!ImDiskGetVolumeSize(device, &size)) {
        return GetLastError();
    }
    DWORD code = device_control(device, IOCTL_DISK_GET_DRIVE_GEOMETRY, NULL, 0, &geometry, sizeof(geometry), &returned);
    if (code != 0 || returned < sizeof(geometry) || geometry.BytesPerSector == 0) {
        return code != 0 ? code : ERROR_INVALID_DATA;
    }
    LONGLONG sectors = size / geometry.BytesPerSector;
    return device_control(device, FSCTL_EXTEND_VOLUME, &sectors, sizeof(sectors), NULL, 0, NULL);
}

BOOL WINAPI ImDiskExtendDevice(HWND window, DWORD number, const LARGE_INTEGER *bytes)
{
    if (bytes == NULL || bytes->QuadPart <= 0) {
        return fail_shown(window, ERROR_INVALID_PARAMETER, L"The virtual disk cannot be extended");
    }
    DISK_GROW_PARTITION grow = {.PartitionNumber = 1, .BytesToGrow = *bytes};
    HANDLE device = open_disk_somehow(number, NULL);
    if (device == INVALID_HANDLE_VALUE) {
        return fail_shown(window, GetLastError(), L"The virtual disk cannot be opened");
    }
    show_status(window, L"Extending disk size...");
    DWORD code = device_control(device, IOCTL_DISK_GROW_PARTITION, &grow, sizeof(grow), NULL, 0, NULL);
    if (code != 0) {
        CloseHandle(device);
        return fail_shown(window, code, L"The virtual disk cannot be extended");
    }
    show_status(window, L"Extending filesystem size...");
    code = extend_file_system(device);
    CloseHandle(device);
    if (code != 0) {
        (void)fail_shown(window, code, L"The disk is larger now, but its file system is not");
    }
    SetLastError(code);
    return TRUE;
}
