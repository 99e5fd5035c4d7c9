/* SPDX-License-Identifier: MIT */
/* Removing disks; remove.h has the contract. */

#include "lib/remove.h"

#include <stdlib.h>
#include <wchar.h>
#include <winioctl.h>

#include "lib/nesting.h"
#include "lib/users.h"

void leave_current_directory(void)
{
    wchar_t path[MAX_PATH];
    UINT length = GetSystemDirectoryW(path, MAX_PATH);
    if (length != 0 && length < MAX_PATH) {
        (void)SetCurrentDirectoryW(path);
    }
}

static ballast_result force_removal(uint32_t number, ballast_error *error)
{
    ballast_result result;
    HANDLE control = open_control(1, &result, error);
    if (control == INVALID_HANDLE_VALUE) {
        return result;
    }
    DWORD code = device_control(control, IMDISK_IOCTL_REMOVE_DEVICE, &number, sizeof(number), NULL, 0, NULL);
    CloseHandle(control);
    return code == 0 ? BALLAST_OK : error_set(error, result_of(code), code, L"cannot remove disk %u", number);
}

ballast_result disk_in_use(HANDLE disk, uint32_t number, DWORD code, ballast_error *error)
{
    wchar_t root[32];
    wchar_t text[USERS_TEXT_SIZE];
    struct users users = {.count = 0};
    (void)swprintf(root, sizeof(root) / sizeof(root[0]), L"\\\\.\\ImDisk%u\\", number);
    bool told = users_of_volume(disk, root, &users);
    users_describe(&users, text);
    if (text[0] != 0) {
        return error_set(error, BALLAST_BUSY, code,
                         L"disk %u is in use by %ls; close its files, or remove it with force", number, text);
    }
    return error_set(
        error, BALLAST_BUSY, code,
        told ? L"disk %u is in use, by whom was not found; close its files, or remove it with force"
             : L"disk %u is in use, the system does not tell by whom; close its files, or remove it with force",
        number);
}

static bool is_read_only(HANDLE disk)
{
    struct imdisk_create_data *data;
    bool read_only = false;
    if (query_device(disk, &data) == 0) {
        read_only = (data->flags & IMDISK_OPTION_READ_ONLY) != 0;
        free(data);
    }
    return read_only;
}

/* RAW volumes, and file systems on read-only disks, refuse flushes: nothing waits to be written there. */
bool disk_flush_failed(HANDLE disk, DWORD *code)
{
    *code = FlushFileBuffers(disk) ? 0 : GetLastError();
    bool forbidden = *code == ERROR_ACCESS_DENIED || *code == ERROR_WRITE_PROTECT;
    return *code != 0 && !is_unsupported(*code) && !(forbidden && is_read_only(disk));
}

bool disk_store(HANDLE disk, HANDLE writable)
{
    DWORD code;
    bool opened = writable != INVALID_HANDLE_VALUE;
    bool stored = !disk_flush_failed(opened ? writable : disk, &code);
    if (opened) {
        CloseHandle(writable);
    }
    return stored;
}

ballast_result disk_not_stored(uint32_t number, DWORD code, ballast_error *error)
{
    return error_set(error, BALLAST_BUSY, code,
                     L"what disk %u has not stored yet cannot be written; removed with force, that is lost", number);
}

static bool may_change_disks(void)
{
    ballast_result result;
    HANDLE control = open_control(1, &result, NULL);
    if (control != INVALID_HANDLE_VALUE) {
        CloseHandle(control);
    }
    return control != INVALID_HANDLE_VALUE;
}

HANDLE disk_lock(uint32_t number, int force, ballast_result *result, ballast_error *error)
{
    DWORD code;
    HANDLE disk = open_disk(number, OPEN_WRITE, result, error);
    if (disk == INVALID_HANDLE_VALUE) {
        if (*result == BALLAST_NO_ACCESS && may_change_disks()) { /* the file system's answer while it is locked */
            *result = error_set(error, BALLAST_BUSY, 0, L"disk %u is in use: another program has locked it", number);
        }
        return disk;
    }
    if (disk_flush_failed(disk, &code) && !force) {
        CloseHandle(disk);
        *result = disk_not_stored(number, code, error);
        return INVALID_HANDLE_VALUE;
    }
    code = device_control(disk, FSCTL_LOCK_VOLUME, NULL, 0, NULL, 0, NULL);
    if (code != 0 && code != ERROR_INVALID_FUNCTION && !force) { /* no such function: no file system can be there */
        *result = disk_in_use(disk, number, code, error);
        CloseHandle(disk);
        return INVALID_HANDLE_VALUE;
    }
    return disk;
}

ballast_result disk_eject(HANDLE disk, uint32_t number, ballast_error *error)
{
    (void)device_control(disk, FSCTL_DISMOUNT_VOLUME, NULL, 0, NULL, 0, NULL);
    DWORD code = device_control(disk, IOCTL_STORAGE_EJECT_MEDIA, NULL, 0, NULL, 0, NULL);
    CloseHandle(disk);
    return code == 0 ? BALLAST_OK : error_set(error, result_of(code), code, L"cannot remove disk %u", number);
}

static ballast_result remove_alone(uint32_t number, int force, ballast_error *error)
{
    ballast_result result;
    HANDLE disk = disk_lock(number, force, &result, error);
    if (disk != INVALID_HANDLE_VALUE) {
        result = disk_eject(disk, number, error);
    }
    return force && result != BALLAST_OK && result != BALLAST_NOT_FOUND ? force_removal(number, error) : result;
}

static ballast_result clear_one(const struct nesting *nesting, uint32_t index, uint32_t outer, int force,
                                ballast_error *error)
{
    const struct nested_disk *disk = &nesting->disk[index];
    ballast_result result = BALLAST_OK;
    if (force && nesting_is_within(nesting, index, outer)) {
        result = remove_alone(disk->number, 1, error);
    } else if (!force && disk->carrier == outer) {
        result =
            error_set(error, BALLAST_BUSY, 0, L"disk %u is in use: the image of disk %u lies on it; remove that first",
                      nesting->disk[outer].number, disk->number);
    }
    return result == BALLAST_NOT_FOUND ? BALLAST_OK : result; /* gone meanwhile */
}

ballast_result disk_clear_inner(uint32_t number, int force, ballast_error *error)
{
    ballast_result result;
    struct nesting *nesting = nesting_read(&result, NULL);
    if (nesting == NULL) {
        return BALLAST_OK;
    }
    uint32_t outer = nesting_find(nesting, number);
    result = BALLAST_OK;
    for (uint32_t i = 0; outer != NESTING_NONE && i < outer && result == BALLAST_OK; i++) {
        result = clear_one(nesting, i, outer, force, error);
    }
    free(nesting);
    return result;
}

ballast_result ballast_disk_remove(uint32_t number, uint32_t flags, ballast_error *error)
{
    int force = (flags & BALLAST_REMOVE_FORCE) != 0;
    ballast_result result = disk_clear_inner(number, force, error);
    return result == BALLAST_OK ? remove_alone(number, force, error) : result;
}
