/* SPDX-License-Identifier: MIT */
/* Removing disks; remove.h has the contract. */

#include "lib/remove.h"

#include <stdlib.h>
#include <wchar.h>
#include <winioctl.h>

#include "lib/nesting.h"
#include "lib/users.h"

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

/* What stands against locking, and who it is if the system tells. */
static ballast_result in_use(HANDLE disk, uint32_t number, DWORD code, ballast_error *error)
{
    wchar_t root[32];
    wchar_t text[USERS_TEXT_SIZE];
    struct users users = {.count = 0};
    (void)swprintf(root, sizeof(root) / sizeof(root[0]), L"\\\\.\\ImDisk%u\\", number);
    users_of_volume(disk, root, &users);
    users_describe(&users, text);
    if (users.count != 0) {
        return error_set(error, BALLAST_BUSY, code,
                         L"disk %u is in use by %ls; close its files, or remove it with force", number, text);
    }
    return error_set(error, BALLAST_BUSY, code,
                     L"disk %u is in use, the system does not tell by whom; close its files, or remove it with force",
                     number);
}

/* RAW volumes, and drivers of read-only disks, refuse flushes: nothing waits to be written there. */
static bool flush_failed(HANDLE disk, DWORD *code)
{
    *code = FlushFileBuffers(disk) ? 0 : GetLastError();
    return *code != 0 && *code != ERROR_INVALID_FUNCTION && *code != ERROR_NOT_SUPPORTED &&
           *code != ERROR_ACCESS_DENIED && *code != ERROR_WRITE_PROTECT;
}

HANDLE disk_lock(uint32_t number, int force, ballast_result *result, ballast_error *error)
{
    DWORD code;
    HANDLE disk = open_disk(number, OPEN_WRITE, result, error);
    if (disk == INVALID_HANDLE_VALUE) {
        return disk;
    }
    if (flush_failed(disk, &code) && !force) {
        CloseHandle(disk);
        *result =
            error_set(error, BALLAST_BUSY, code,
                      L"what disk %u has not stored yet cannot be written; removed with force, that is lost", number);
        return INVALID_HANDLE_VALUE;
    }
    code = device_control(disk, FSCTL_LOCK_VOLUME, NULL, 0, NULL, 0, NULL);
    if (code != 0 && code != ERROR_INVALID_FUNCTION && !force) { /* no such function: no file system can be there */
        *result = in_use(disk, number, code, error);
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

ballast_result disk_check_inner(uint32_t number, ballast_error *error)
{
    ballast_result result;
    struct nesting *nesting = nesting_read(&result, NULL);
    if (nesting == NULL) {
        return BALLAST_OK;
    }
    uint32_t outer = nesting_find(nesting, number);
    result = BALLAST_OK;
    for (uint32_t i = 0; outer != NESTING_NONE && i < outer && result == BALLAST_OK; i++) {
        if (nesting->disk[i].carrier == outer) {
            result = error_set(error, BALLAST_BUSY, 0,
                               L"disk %u is in use: the image of disk %u lies on it; remove that first", number,
                               nesting->disk[i].number);
        }
    }
    free(nesting);
    return result;
}

ballast_result disk_remove_inner(uint32_t number, ballast_error *error)
{
    ballast_result result;
    struct nesting *nesting = nesting_read(&result, NULL);
    if (nesting == NULL) {
        return BALLAST_OK;
    }
    uint32_t outer = nesting_find(nesting, number);
    result = BALLAST_OK;
    for (uint32_t i = 0; outer != NESTING_NONE && i < outer && result == BALLAST_OK; i++) {
        if (nesting_is_within(nesting, i, outer)) {
            result = remove_alone(nesting->disk[i].number, 1, error);
            result = result == BALLAST_NOT_FOUND ? BALLAST_OK : result; /* gone meanwhile */
        }
    }
    free(nesting);
    return result;
}

ballast_result ballast_disk_remove(uint32_t number, uint32_t flags, ballast_error *error)
{
    int force = (flags & BALLAST_REMOVE_FORCE) != 0;
    ballast_result result = force ? disk_remove_inner(number, error) : disk_check_inner(number, error);
    return result == BALLAST_OK ? remove_alone(number, force, error) : result;
}
