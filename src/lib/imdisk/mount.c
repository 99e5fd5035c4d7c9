/* SPDX-License-Identifier: MIT */
/* Drive letters, junctions, and telling others about them. */

#include "lib/imdisk/internal.h"

#include <dbt.h>
#include <shlobj.h>
#include <shlwapi.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define NOTIFY_TIMEOUT_MS 4000
#define EXPLORER_KEY      L"Software\\Microsoft\\Windows\\CurrentVersion\\Explorer\\"

/* The head of a reparse point, and of a junction's data; the Windows headers for programs lack them. */
struct reparse_head {
    DWORD tag;
    WORD length;
    WORD reserved;
};

struct junction_head {
    struct reparse_head head;
    WORD substitute_offset;
    WORD substitute_length;
    WORD print_offset;
    WORD print_length;
};
_Static_assert(sizeof(struct junction_head) == 16, "layout of the system");

WCHAR WINAPI ImDiskFindFreeDriveLetter(void)
{
    DWORD drives = GetLogicalDrives();
    for (wchar_t letter = L'D'; letter <= L'Z'; letter++) {
        wchar_t drive[] = {letter, L':', 0};
        wchar_t target[MAX_PATH];
        /* A link to nothing is no drive, but taken. */
        if ((drives >> (letter - L'A') & 1) == 0 && QueryDosDeviceW(drive, target, MAX_PATH) == 0) {
            return letter;
        }
    }
    return 0;
}

/* ---- drive letters ---- */

/* Wine has neither sessions nor, in DefineDosDevice, room for this name. */
static BOOL has_global_links(void)
{
    return GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "wine_get_version") == NULL;
}

static BOOL define_link(DWORD flags, const wchar_t *drive, LPCWSTR target)
{
    wchar_t global[16] = L"Global\\";
    wcscat(global, drive);
    if (has_global_links() && DefineDosDeviceW(flags, global, target)) {
        return TRUE;
    }
    return DefineDosDeviceW(flags, drive, target);
}

static BOOL create_drive(wchar_t letter, LPCWSTR target)
{
    wchar_t drive[] = {letter, L':', 0};
    wchar_t present[MAX_PATH];
    if (QueryDosDeviceW(drive, present, MAX_PATH) != 0) {
        return wcscmp(present, target) == 0 || fail(ERROR_ALREADY_ASSIGNED);
    }
    return define_link(DDD_RAW_TARGET_PATH | DDD_NO_BROADCAST_SYSTEM, drive, target);
}

BOOL remove_drive_link(wchar_t letter, const wchar_t *target)
{
    wchar_t drive[] = {letter, L':', 0};
    wchar_t present[MAX_PATH];
    if (QueryDosDeviceW(drive, present, MAX_PATH) == 0 || (target != NULL && wcscmp(present, target) != 0)) {
        return fail(ERROR_FILE_NOT_FOUND);
    }
    return define_link(DDD_RAW_TARGET_PATH | DDD_REMOVE_DEFINITION | DDD_EXACT_MATCH_ON_REMOVE |
                           DDD_NO_BROADCAST_SYSTEM,
                       drive, present);
}

/* ---- junctions ---- */

static HANDLE open_directory(LPCWSTR directory)
{
    return CreateFileW(directory, GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING,
                       FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
}

/* Returns 0 or the Windows error code. */
static DWORD set_junction(HANDLE directory, LPCWSTR target)
{
    /* Behind the head: the target, a backslash if it has none, a zero; an empty name to print, a zero. */
    size_t length = wcslen(target);
    size_t room = sizeof(struct junction_head) + (length + 3) * sizeof(wchar_t);
    if (length == 0 || room > MAXIMUM_REPARSE_DATA_BUFFER_SIZE) {
        return ERROR_INVALID_PARAMETER;
    }
    char *buffer = calloc(1, room);
    if (buffer == NULL) {
        return ERROR_NOT_ENOUGH_MEMORY;
    }
    struct junction_head *head = (struct junction_head *)(void *)buffer;
    wchar_t *path = (wchar_t *)(void *)(buffer + sizeof(*head));
    wcscpy(path, target);
    if (target[length - 1] != L'\\') {
        path[length++] = L'\\';
    }
    size_t used = sizeof(*head) + (length + 2) * sizeof(wchar_t);
    head->head.tag = IO_REPARSE_TAG_MOUNT_POINT;
    head->head.length = (WORD)(used - sizeof(head->head));
    head->substitute_length = (WORD)(length * sizeof(wchar_t));
    head->print_offset = (WORD)((length + 1) * sizeof(wchar_t));
    DWORD code = device_control(directory, FSCTL_SET_REPARSE_POINT, buffer, (DWORD)used, NULL, 0, NULL);
    free(buffer);
    return code;
}

BOOL WINAPI ImDiskCreateMountPoint(LPCWSTR mount_point, LPCWSTR target)
{
    if (mount_point == NULL || mount_point[0] == 0 || target == NULL || target[0] == 0) {
        return fail(ERROR_INVALID_PARAMETER);
    }
    if (drive_of(mount_point) != 0) {
        return create_drive(drive_of(mount_point), target);
    }
    HANDLE directory = open_directory(mount_point);
    if (directory == INVALID_HANDLE_VALUE) {
        return FALSE;
    }
    DWORD code = set_junction(directory, target);
    CloseHandle(directory);
    SetLastError(code);
    return code == 0;
}

BOOL WINAPI ImDiskRemoveMountPoint(LPCWSTR mount_point)
{
    struct reparse_head head = {.tag = IO_REPARSE_TAG_MOUNT_POINT};
    if (mount_point == NULL || mount_point[0] == 0) {
        return fail(ERROR_INVALID_PARAMETER);
    }
    wchar_t letter = drive_of(mount_point);
    if (letter != 0) {
        if (!remove_drive_link(letter, NULL)) {
            return FALSE;
        }
        notify_drive_removed(letter);
        return TRUE;
    }
    HANDLE directory = open_directory(mount_point);
    if (directory == INVALID_HANDLE_VALUE) {
        return FALSE;
    }
    DWORD code = device_control(directory, FSCTL_DELETE_REPARSE_POINT, &head, sizeof(head), NULL, 0, NULL);
    CloseHandle(directory);
    SetLastError(code);
    return code == 0;
}

/* ---- notifications ---- */

static BOOL may_notify(void)
{
    return (ImDiskGetAPIFlags() & IMDISK_API_NO_BROADCAST_NOTIFY) == 0;
}

/* Each window gets its time once: one that hangs must not hang us. */
static void broadcast(WPARAM event, LPARAM data)
{
    DWORD_PTR result;
    (void)SendMessageTimeoutW(HWND_BROADCAST, WM_DEVICECHANGE, event, data, SMTO_BLOCK | SMTO_ABORTIFHUNG,
                              NOTIFY_TIMEOUT_MS, &result);
}

static void broadcast_volume(WPARAM event, wchar_t letter, WORD flags)
{
    DEV_BROADCAST_VOLUME volume = {
        .dbcv_size = sizeof(volume),
        .dbcv_devicetype = DBT_DEVTYP_VOLUME,
        .dbcv_unitmask = 1u << (letter - L'A'),
        .dbcv_flags = flags,
    };
    broadcast(event, (LPARAM)&volume);
}

static void notify_shell(LONG event, wchar_t letter)
{
    wchar_t root[] = {letter, L':', L'\\', 0};
    SHChangeNotify(event, SHCNF_PATHW | SHCNF_FLUSHNOWAIT, root, NULL);
}

BOOL WINAPI ImDiskNotifyShellDriveLetter(HWND window, LPWSTR drive)
{
    (void)window;
    wchar_t letter = drive != NULL ? drive_of(drive) : 0;
    if (letter == 0) {
        return fail(ERROR_INVALID_PARAMETER);
    }
    if (may_notify()) {
        notify_shell(SHCNE_DRIVEADD, letter);
        broadcast_volume(DBT_DEVICEARRIVAL, letter, 0);
        broadcast_volume(DBT_DEVICEARRIVAL, letter, DBTF_MEDIA);
        broadcast(DBT_DEVNODES_CHANGED, 0);
    }
    return TRUE;
}

BOOL WINAPI ImDiskNotifyRemovePending(HWND window, WCHAR letter)
{
    (void)window;
    wchar_t upper = (wchar_t)(letter & ~0x20);
    if (upper < L'A' || upper > L'Z') {
        return fail(ERROR_INVALID_PARAMETER);
    }
    if (may_notify()) {
        broadcast_volume(DBT_DEVICEREMOVEPENDING, upper, 0);
    }
    return TRUE;
}

void notify_drive_removed(wchar_t letter)
{
    wchar_t mount_points[] = EXPLORER_KEY L"MountPoints\\?";
    wchar_t mount_points2[] = EXPLORER_KEY L"MountPoints2\\?";
    if (!may_notify()) {
        return;
    }
    notify_shell(SHCNE_DRIVEREMOVED, letter);
    /* Or Explorer shows the name and icon of what was there. */
    *wcschr(mount_points, L'?') = letter;
    *wcschr(mount_points2, L'?') = letter;
    (void)SHDeleteKeyW(HKEY_CURRENT_USER, mount_points);
    (void)SHDeleteKeyW(HKEY_CURRENT_USER, mount_points2);
    broadcast_volume(DBT_DEVICEREMOVECOMPLETE, letter, 0);
    broadcast_volume(DBT_DEVICEREMOVECOMPLETE, letter, DBTF_MEDIA);
    broadcast(DBT_DEVNODES_CHANGED, 0);
}
