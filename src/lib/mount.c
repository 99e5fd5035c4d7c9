/* SPDX-License-Identifier: MIT */
/* Drive letters and directories that lead to disks, and telling applications about letters. */

#include "lib/internal.h"

#include <dbt.h>
#include <shlobj.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>
#include <winioctl.h>

#include "core/base/mount_point.h"
#include "core/base/disk_name.h"

/* A window that does not answer is not waited for longer. */
#define BROADCAST_WAIT_MS 4000

static void write_name(uint32_t number, wchar_t name[DISK_DEVICE_NAME_SIZE])
{
    const struct disk_name by_number = {.number = number};
    name[disk_name_write(&by_number, (uint16_t *)name)] = 0;
}

static bool is_disk(const wchar_t *name)
{
    struct disk_name disk;
    return disk_name_parse((const uint16_t *)name, wcslen(name), &disk);
}

void disk_device_name(uint32_t number, wchar_t name[DISK_DEVICE_NAME_SIZE])
{
    wchar_t link[16];
    (void)swprintf(link, sizeof(link) / sizeof(link[0]), L"ImDisk%u", number);
    if (QueryDosDeviceW(link, name, DISK_DEVICE_NAME_SIZE) == 0 || !is_disk(name)) {
        write_name(number, name);
    }
}

/* ---- letters ---- */

static int is_letter(wchar_t letter)
{
    return letter >= L'A' && letter <= L'Z';
}

wchar_t ballast_letter_of(const wchar_t *text)
{
    wchar_t upper = (wchar_t)(text[0] & ~0x20);
    if (!is_letter(upper) || (text[1] != 0 && text[1] != L':')) {
        return 0;
    }
    const wchar_t *rest = text + (text[1] == L':' ? 2 : 1);
    bool root = text[1] == L':' && (rest[0] == L'\\' || rest[0] == L'/') && rest[1] == 0;
    return rest[0] == 0 || root ? upper : 0;
}

int letter_in_use(wchar_t letter)
{
    wchar_t path[] = {L'\\', L'\\', L'.', L'\\', letter, L':', 0};
    if ((GetLogicalDrives() >> (letter - L'A') & 1) == 0) {
        return 0;
    }
    HANDLE drive =
        CreateFileW(path, 0, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, OPEN_EXISTING, 0, NULL);
    DWORD code = drive == INVALID_HANDLE_VALUE ? GetLastError() : 0;
    if (code == 0) {
        CloseHandle(drive);
    }
    return code != ERROR_FILE_NOT_FOUND && code != ERROR_PATH_NOT_FOUND;
}

wchar_t ballast_letter_free(void)
{
    DWORD used = GetLogicalDrives();
    for (wchar_t letter = L'D'; letter <= L'Z'; letter++) {
        if ((used >> (letter - L'A') & 1) == 0) {
            return letter;
        }
    }
    return 0;
}

int ballast_letter_leads_to(wchar_t letter, uint32_t number)
{
    wchar_t drive[] = {letter, L':', 0};
    wchar_t name[DISK_DEVICE_NAME_SIZE];
    wchar_t by_number[DISK_DEVICE_NAME_SIZE]; /* of a volume this is a link */
    wchar_t target[1024];                     /* several names, the present one first; longer lists fail */
    disk_device_name(number, name);
    write_name(number, by_number);
    return is_letter(letter) && QueryDosDeviceW(drive, target, sizeof(target) / sizeof(target[0])) != 0 &&
           (_wcsicmp(target, name) == 0 || _wcsicmp(target, by_number) == 0);
}

/* Removes the link of a letter that leads nowhere: not everywhere a new one takes its place. */
static void remove_stale(wchar_t letter)
{
    static const DWORD flags = DDD_REMOVE_DEFINITION | DDD_RAW_TARGET_PATH | DDD_EXACT_MATCH_ON_REMOVE;
    const wchar_t global[] = {L'G', L'l', L'o', L'b', L'a', L'l', L'\\', letter, L':', 0};
    wchar_t target[1024];
    if (QueryDosDeviceW(global + 7, target, sizeof(target) / sizeof(target[0])) != 0) {
        (void)DefineDosDeviceW(flags, global, target);
        (void)DefineDosDeviceW(flags, global + 7, target);
    }
}

ballast_result ballast_letter_define(wchar_t letter, uint32_t number, ballast_error *error)
{
    wchar_t global[] = {L'G', L'l', L'o', L'b', L'a', L'l', L'\\', letter, L':', 0};
    wchar_t name[DISK_DEVICE_NAME_SIZE];
    disk_device_name(number, name);
    if (!is_letter(letter)) {
        return error_set(error, BALLAST_INVALID_ARGUMENT, 0, L"'%lc' is not a drive letter", letter);
    }
    if (ballast_letter_leads_to(letter, number)) {
        return BALLAST_OK;
    }
    if (letter_in_use(letter)) {
        return error_set(error, BALLAST_BUSY, 0, L"drive letter %lc: is in use", letter);
    }
    remove_stale(letter);
    /* For all sessions, or, where nobody but the system may do that, for this one. */
    if (!DefineDosDeviceW(DDD_RAW_TARGET_PATH, global, name) &&
        !DefineDosDeviceW(DDD_RAW_TARGET_PATH, global + 7, name)) {
        DWORD code = GetLastError();
        return error_set(error, result_of(code), code, L"cannot make drive letter %lc: lead to disk %u", letter,
                         number);
    }
    return BALLAST_OK;
}

void ballast_letter_remove(wchar_t letter, uint32_t number)
{
    static const DWORD flags = DDD_REMOVE_DEFINITION | DDD_RAW_TARGET_PATH | DDD_EXACT_MATCH_ON_REMOVE;
    if (ballast_letter_leads_to(letter, number)) {
        const wchar_t global[] = {L'G', L'l', L'o', L'b', L'a', L'l', L'\\', letter, L':', 0};
        wchar_t name[DISK_DEVICE_NAME_SIZE];
        disk_device_name(number, name);
        (void)DefineDosDeviceW(flags, global, name);
        (void)DefineDosDeviceW(flags, global + 7, name);
    }
}

/* ---- notifications ---- */

/* The window system is loaded for this alone: most programs that use this library have no window. */
typedef LRESULT WINAPI send_function(HWND window, UINT message, WPARAM w, LPARAM l, UINT flags, UINT wait_ms,
                                     PDWORD_PTR answer);
typedef void WINAPI change_function(LONG event, UINT flags, LPCVOID first, LPCVOID second);

struct shell {
    HMODULE user;
    HMODULE shell;
    send_function *send;     /* SendMessageTimeoutW */
    change_function *change; /* SHChangeNotify */
};

static void *function_of(HMODULE module, const char *name)
{
    return module != NULL ? (void *)(uintptr_t)GetProcAddress(module, name) : NULL;
}

static void shell_load(struct shell *shell)
{
    shell->user = LoadLibraryW(L"user32.dll");
    shell->shell = LoadLibraryW(L"shell32.dll");
    shell->send = (send_function *)(uintptr_t)function_of(shell->user, "SendMessageTimeoutW");
    shell->change = (change_function *)(uintptr_t)function_of(shell->shell, "SHChangeNotify");
}

static void shell_unload(struct shell *shell)
{
    if (shell->shell != NULL) {
        FreeLibrary(shell->shell);
    }
    if (shell->user != NULL) {
        FreeLibrary(shell->user);
    }
}

static void broadcast(const struct shell *shell, WPARAM event, DEV_BROADCAST_VOLUME *volume)
{
    DWORD_PTR answer = 0;
    if (shell->send != NULL) {
        (void)shell->send(HWND_BROADCAST, WM_DEVICECHANGE, event, (LPARAM)volume, SMTO_BLOCK | SMTO_ABORTIFHUNG,
                          BROADCAST_WAIT_MS, &answer);
    }
}

void ballast_letter_notify(wchar_t letter, ballast_letter_event event)
{
    struct shell shell;
    DEV_BROADCAST_VOLUME volume = {
        .dbcv_size = sizeof(volume),
        .dbcv_devicetype = DBT_DEVTYP_VOLUME,
        .dbcv_unitmask = is_letter(letter) ? 1u << (letter - L'A') : 0,
    };
    if (volume.dbcv_unitmask == 0) {
        return;
    }
    shell_load(&shell);
    if (event == BALLAST_LETTER_LEAVING) {
        broadcast(&shell, DBT_DEVICEREMOVEPENDING, &volume);
    } else {
        WPARAM change = event == BALLAST_LETTER_ARRIVED ? DBT_DEVICEARRIVAL : DBT_DEVICEREMOVECOMPLETE;
        if (shell.change != NULL) {
            const wchar_t root[] = {letter, L':', L'\\', 0};
            shell.change(event == BALLAST_LETTER_ARRIVED ? SHCNE_DRIVEADD : SHCNE_DRIVEREMOVED, SHCNF_PATHW, root,
                         NULL);
        }
        broadcast(&shell, change, &volume);
        volume.dbcv_flags = DBTF_MEDIA;
        broadcast(&shell, change, &volume);
        broadcast(&shell, DBT_DEVNODES_CHANGED, NULL);
    }
    shell_unload(&shell);
}

/* ---- directories ---- */

static HANDLE open_directory(const wchar_t *path, DWORD access)
{
    return CreateFileW(path, access, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING,
                       FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
}

static ballast_result directory_error(DWORD code, const wchar_t *what, const wchar_t *directory, ballast_error *error)
{
    return error_set(error, result_of(code), code, L"cannot %ls mount point '%.200ls'", what, directory);
}

ballast_result ballast_mount_point_create(const wchar_t *directory, uint32_t number, ballast_error *error)
{
    wchar_t target[DISK_DEVICE_NAME_SIZE + 1];
    unsigned char data[512];
    disk_device_name(number, target);
    wcscat(target, L"\\");
    HANDLE handle = open_directory(directory, GENERIC_READ | GENERIC_WRITE);
    if (handle == INVALID_HANDLE_VALUE) {
        return directory_error(GetLastError(), L"open", directory, error);
    }
    size_t length = mount_point_build((const uint16_t *)target, wcslen(target), data, sizeof(data));
    DWORD done = 0;
    DWORD code = 0;
    /* This is also what finds out that it is no directory, or not empty. */
    if (!DeviceIoControl(handle, FSCTL_SET_REPARSE_POINT, data, (DWORD)length, NULL, 0, &done, NULL)) {
        code = GetLastError();
    }
    CloseHandle(handle);
    return code == 0 ? BALLAST_OK : directory_error(code, L"create", directory, error);
}

ballast_result ballast_mount_point_target(const wchar_t *directory, wchar_t *target, size_t size, ballast_error *error)
{
    unsigned char data[MOUNT_POINT_MAXIMUM_DATA];
    wchar_t found[MOUNT_POINT_MAXIMUM_DATA / sizeof(wchar_t)];
    DWORD length = 0;
    DWORD code = 0;
    HANDLE handle = open_directory(directory, 0);
    if (handle == INVALID_HANDLE_VALUE) {
        return directory_error(GetLastError(), L"open", directory, error);
    }
    if (!DeviceIoControl(handle, FSCTL_GET_REPARSE_POINT, NULL, 0, data, sizeof(data), &length, NULL)) {
        code = GetLastError();
    }
    CloseHandle(handle);
    if (code == ERROR_NOT_A_REPARSE_POINT || is_unsupported(code)) {
        return error_set(error, BALLAST_INVALID_ARGUMENT, 0, L"'%.200ls' is not a mount point", directory);
    }
    if (code != 0) {
        return directory_error(code, L"read", directory, error);
    }
    if (!mount_point_parse(data, length, (uint16_t *)found, sizeof(found) / sizeof(found[0])) ||
        wcslen(found) >= size) {
        return error_set(error, BALLAST_INVALID_ARGUMENT, 0, L"'%.200ls' is not a mount point that leads to a disk",
                         directory);
    }
    wcscpy(target, found);
    return BALLAST_OK;
}

ballast_result ballast_mount_point_remove(const wchar_t *directory, ballast_error *error)
{
    wchar_t target[MAX_PATH];
    DWORD header[2] = {MOUNT_POINT_TAG, 0}; /* and no data */
    DWORD done = 0;
    DWORD code = 0;
    ballast_result result = ballast_mount_point_target(directory, target, MAX_PATH, error);
    if (result != BALLAST_OK) {
        return result;
    }
    if (!is_disk(target)) {
        return error_set(error, BALLAST_INVALID_ARGUMENT, 0,
                         L"mount point '%.200ls' leads to '%.200ls', which is not ours", directory, target);
    }
    HANDLE handle = open_directory(directory, GENERIC_READ | GENERIC_WRITE);
    if (handle == INVALID_HANDLE_VALUE) {
        return directory_error(GetLastError(), L"open", directory, error);
    }
    if (!DeviceIoControl(handle, FSCTL_DELETE_REPARSE_POINT, header, sizeof(header), NULL, 0, &done, NULL)) {
        code = GetLastError();
    }
    CloseHandle(handle);
    return code == 0 ? BALLAST_OK : directory_error(code, L"remove", directory, error);
}
