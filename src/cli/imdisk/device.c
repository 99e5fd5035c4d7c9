/* SPDX-License-Identifier: MIT */
/* Opening the driver and its disks, and what both removing and changing a disk begin with. */

#include "cli/imdisk/imdisk.h"

#include <stdlib.h>
#include <winioctl.h>
#include <winternl.h>

#include "lib/remove.h"
#include "lib/service.h"

#define CONTROL_PATH L"\\\\.\\ImDiskCtl"
#define NAME_SIZE    200

static HANDLE open_path(const wchar_t *path, DWORD access)
{
    return CreateFileW(path, access, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, FILE_FLAG_OVERLAPPED,
                       NULL);
}

HANDLE open_native(const wchar_t *path, DWORD access)
{
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK io;
    HANDLE handle = INVALID_HANDLE_VALUE;
    RtlInitUnicodeString(&name, path);
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    NTSTATUS status = NtOpenFile(&handle, access | SYNCHRONIZE, &attributes, &io,
                                 FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, FILE_SYNCHRONOUS_IO_NONALERT);
    if (status < 0) {
        SetLastError(RtlNtStatusToDosError(status));
        return INVALID_HANDLE_VALUE;
    }
    return handle;
}

/* ---- the version ---- */

enum version_check { VERSION_RIGHT, VERSION_WRONG, VERSION_NONE };

static enum version_check check_version(HANDLE device, uint32_t *version)
{
    DWORD returned = 0;
    *version = 0;
    DWORD code = device_control(device, IMDISK_IOCTL_QUERY_VERSION, NULL, 0, version, sizeof(*version), &returned);
    if (code != 0 || returned < sizeof(*version)) {
        return VERSION_NONE;
    }
    return *version == IMDISK_VERSION ? VERSION_RIGHT : VERSION_WRONG;
}

static enum imdisk_exit wrong_version(uint32_t version)
{
    complain(L"Error: the driver has interface version 0x%04x; this program needs 0x%04x.", version, IMDISK_VERSION);
    return IMDISK_WRONG_VERSION;
}

/* ---- the control device ---- */

static enum imdisk_exit control_failure(DWORD code)
{
    ballast_error error;
    if (result_of(code) == BALLAST_NOT_FOUND) {
        (void)service_absent(BALLAST_DRIVER_DISK, &error);
        (void)fail(0, &error);
    } else if (code == ERROR_ACCESS_DENIED) {
        complain(L"Error: access to the driver is denied; creating and removing disks needs administrator rights.");
    } else {
        (void)error_set(&error, BALLAST_FAILED, code, L"cannot open the driver");
        (void)fail(0, &error);
    }
    return IMDISK_DRIVER_INACCESSIBLE;
}

enum imdisk_exit driver_open(bool start, HANDLE *control)
{
    uint32_t version;
    ballast_error error;
    *control = open_path(CONTROL_PATH, OPEN_WRITE);
    if (*control == INVALID_HANDLE_VALUE && start && result_of(GetLastError()) == BALLAST_NOT_FOUND) {
        ballast_result started = ballast_driver_start(BALLAST_DRIVER_DISK, &error);
        *control = open_path(CONTROL_PATH, OPEN_WRITE);
        if (*control == INVALID_HANDLE_VALUE && started != BALLAST_OK) {
            return fail(IMDISK_NO_DRIVER, &error);
        }
    }
    if (*control == INVALID_HANDLE_VALUE) {
        return control_failure(GetLastError());
    }
    if (check_version(*control, &version) == VERSION_RIGHT) {
        return IMDISK_DONE;
    }
    CloseHandle(*control);
    return wrong_version(version);
}

/* ---- disks ---- */

const wchar_t *target_name(const struct arguments *arguments)
{
    static wchar_t name[NAME_SIZE];
    if (arguments->mount_point == NULL) {
        (void)swprintf(name, NAME_SIZE, L"disk %u", arguments->number);
    } else if (swprintf(name, NAME_SIZE, L"'%ls'", arguments->mount_point) < 0) {
        name[NAME_SIZE - 1] = 0;
    }
    return name;
}

/* A path of a device, as Win32 or as native one. */
struct device_path {
    wchar_t text[MAX_PATH];
    bool native;
};

static HANDLE open_device(const struct device_path *path, DWORD access)
{
    return path->native ? open_native(path->text, access) : open_path(path->text, access);
}

bool is_device_name(const wchar_t *mount_point)
{
    return wcsncmp(mount_point, L"\\\\?\\", 4) == 0 || wcsncmp(mount_point, L"\\\\.\\", 4) == 0;
}

static enum imdisk_exit not_a_mount_point(const wchar_t *mount_point)
{
    complain(L"Not a mount point: '%ls'", mount_point);
    return IMDISK_BAD_MOUNT_POINT;
}

static enum imdisk_exit find_device(const struct arguments *arguments, wchar_t letter, struct device_path *path)
{
    const wchar_t *mount_point = arguments->mount_point;
    ballast_error error;
    *path = (struct device_path){.native = false};
    if (mount_point == NULL) {
        (void)swprintf(path->text, MAX_PATH, L"\\\\.\\ImDisk%u", arguments->number);
    } else if (letter != 0) {
        (void)swprintf(path->text, MAX_PATH, L"\\\\.\\%lc:", (wint_t)letter);
    } else if (is_device_name(mount_point) && wcslen(mount_point) < MAX_PATH) {
        wcscpy(path->text, mount_point);
        size_t last = wcslen(path->text) - 1;
        path->text[last] = path->text[last] == L'\\' ? 0 : path->text[last];
    } else {
        path->native = true;
        if (ballast_mount_point_target(mount_point, path->text, MAX_PATH, &error) != BALLAST_OK) {
            return error.code == 0 || result_of(error.code) == BALLAST_NOT_FOUND ? not_a_mount_point(mount_point)
                                                                                 : fail(IMDISK_BAD_MOUNT_POINT, &error);
        }
    }
    return IMDISK_DONE;
}

static enum imdisk_exit open_failure(const struct arguments *arguments, DWORD code)
{
    ballast_error error;
    if (result_of(code) == BALLAST_NOT_FOUND && arguments->mount_point != NULL) {
        return not_a_mount_point(arguments->mount_point);
    }
    if (result_of(code) == BALLAST_NOT_FOUND) {
        complain(L"No such device.");
        return IMDISK_NOT_FOUND;
    }
    (void)error_set(&error, BALLAST_FAILED, code, L"cannot open %ls", target_name(arguments));
    return fail(IMDISK_INACCESSIBLE, &error);
}

/* Room for the longest reply of QUERY_DEVICE. */
#define QUERY_SIZE (IMDISK_QUERY_DEVICE_MINIMUM + 65536)

static enum imdisk_exit query_target(const struct arguments *arguments, struct target *target)
{
    DWORD returned = 0;
    uint32_t version;
    ballast_error error;
    enum version_check check = check_version(target->handle, &version);
    if (check == VERSION_WRONG) {
        return wrong_version(version);
    }
    if (check == VERSION_NONE) {
        complain(L"Error: %ls is not an ImDisk virtual disk.", target_name(arguments));
        return IMDISK_WRONG_VERSION; /* that it has none is all that ImDisk can tell */
    }
    target->data = calloc(1, QUERY_SIZE);
    if (target->data == NULL) {
        complain(L"Error: not enough memory.");
        return IMDISK_FATAL;
    }
    DWORD code =
        device_control(target->handle, IMDISK_IOCTL_QUERY_DEVICE, NULL, 0, target->data, QUERY_SIZE, &returned);
    bool cut = returned < IMDISK_CREATE_DATA_MINIMUM ||
               returned < IMDISK_CREATE_DATA_MINIMUM + (DWORD)target->data->file_name_length_bytes;
    /* Invalid function: the control device, or another that knows the version alone. */
    if (code == ERROR_INVALID_FUNCTION || (code == 0 && cut)) {
        complain(L"Error: %ls is not an ImDisk virtual disk.", target_name(arguments));
        return IMDISK_WRONG_VERSION; /* that it has none is all that ImDisk can tell */
    }
    if (code != 0) {
        (void)error_set(&error, BALLAST_FAILED, code, L"cannot query %ls", target_name(arguments));
        return fail(IMDISK_INACCESSIBLE, &error);
    }
    return IMDISK_DONE;
}

enum imdisk_exit target_open(const struct arguments *arguments, struct target *target)
{
    static const DWORD accesses[] = {OPEN_WRITE, OPEN_READ, OPEN_QUERY};
    struct device_path path;
    wchar_t letter = arguments->mount_point != NULL ? mount_point_letter(arguments->mount_point) : 0;
    *target = (struct target){.handle = INVALID_HANDLE_VALUE, .letter = letter};
    enum imdisk_exit result = find_device(arguments, letter, &path);
    if (result != IMDISK_DONE) {
        return result;
    }
    /* Looking at a disk must not disturb it. */
    size_t first = arguments->mode == MODE_LIST ? 2 : 0;
    for (size_t i = first; i < 3 && target->handle == INVALID_HANDLE_VALUE; i++) {
        target->access = accesses[i];
        target->handle = open_device(&path, accesses[i]);
    }
    if (target->handle == INVALID_HANDLE_VALUE) {
        return open_failure(arguments, GetLastError());
    }
    result = query_target(arguments, target);
    if (result != IMDISK_DONE) {
        target_close(target);
    }
    return result;
}

void target_close(struct target *target)
{
    free(target->data);
    target->data = NULL;
    if (target->handle != INVALID_HANDLE_VALUE) {
        CloseHandle(target->handle);
        target->handle = INVALID_HANDLE_VALUE;
    }
}

enum imdisk_exit target_quiesce(const struct arguments *arguments, const struct target *target, bool force,
                                bool *locked)
{
    ballast_error error;
    *locked = false;
    say(L"Flushing file buffers...\n");
    DWORD code;
    uint32_t number = target->data->device_number;
    bool flushed = (target->access & GENERIC_WRITE) == 0 || !disk_flush_failed(target->handle, &code);
    if (!flushed && !force) {
        (void)disk_not_stored(number, code, &error);
        return fail(IMDISK_INACCESSIBLE, &error);
    }
    say(L"Locking volume...\n");
    code = device_control(target->handle, FSCTL_LOCK_VOLUME, NULL, 0, NULL, 0, NULL);
    *locked = code == 0;
    if (code != 0 && !force) {
        (void)disk_in_use(target->handle, number, code, &error);
        return fail(IMDISK_INACCESSIBLE, &error);
    }
    if (code != 0) {
        complain(L"Warning: the volume cannot be locked; it is dismounted nevertheless.");
    }
    say(L"Dismounting filesystem...\n");
    code = device_control(target->handle, FSCTL_DISMOUNT_VOLUME, NULL, 0, NULL, 0, NULL);
    /* Invalid function: there is no file system that could be dismounted. */
    if (code != 0 && code != ERROR_INVALID_FUNCTION && !force) {
        (void)device_control(target->handle, FSCTL_UNLOCK_VOLUME, NULL, 0, NULL, 0, NULL);
        (void)error_set(&error, BALLAST_BUSY, code, L"cannot dismount %ls", target_name(arguments));
        return fail(IMDISK_INACCESSIBLE, &error);
    }
    return IMDISK_DONE;
}
