/* SPDX-License-Identifier: MIT */
/* The entries of the control panel and of rundll32. */

#include "lib/imdisk/internal.h"
#include "lib/imdisk/resource.h"

#include <cpl.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

static void describe(NEWCPLINFOW *info)
{
    *info = (NEWCPLINFOW){.dwSize = sizeof(*info), .hIcon = LoadIconW(NULL, (LPCWSTR)IDI_APPLICATION)};
    (void)LoadStringW(library_instance, STRING_NAME, info->szName, 32);
    (void)LoadStringW(library_instance, STRING_DESCRIPTION, info->szInfo, 64);
}

LONG CALLBACK CPlApplet(HWND window, UINT message, LPARAM parameter1, LPARAM parameter2)
{
    switch (message) {
    case CPL_INIT:     /* whether it can be used */
    case CPL_GETCOUNT: /* how many entries there are */
        return 1;
    case CPL_INQUIRE:
        if (parameter1 != 0 || parameter2 == 0) {
            return 1;
        }
        *(CPLINFO *)parameter2 =
            (CPLINFO){.idIcon = CPL_DYNAMIC_RES, .idName = STRING_NAME, .idInfo = STRING_DESCRIPTION};
        return 0;
    case CPL_NEWINQUIRE:
        if (parameter1 != 0 || parameter2 == 0) {
            return 1;
        }
        describe((NEWCPLINFOW *)parameter2);
        return 0;
    case CPL_DBLCLK:
        return parameter1 == 0 && disks_dialog(window) ? 0 : 1;
    default:
        return 0;
    }
}

/* The path in a command line, without quotes and spaces around it; free() it. NULL if there is none. */
static wchar_t *path_of(LPCWSTR command)
{
    while (command != NULL && *command == L' ') {
        command++;
    }
    if (command == NULL || *command == 0) {
        return NULL;
    }
    wchar_t *path = _wcsdup(command + (*command == L'"'));
    if (path == NULL) {
        return NULL;
    }
    wchar_t *quote = *command == L'"' ? wcschr(path, L'"') : NULL;
    size_t length = quote != NULL ? (size_t)(quote - path) : wcslen(path);
    while (length != 0 && path[length - 1] == L' ') {
        length--;
    }
    path[length] = 0;
    return path;
}

/* free() it; NULL for NULL and without memory. */
static wchar_t *wide_of(LPCSTR text)
{
    int size = text != NULL ? MultiByteToWideChar(CP_ACP, 0, text, -1, NULL, 0) : 0;
    wchar_t *wide = size > 0 ? malloc((size_t)size * sizeof(*wide)) : NULL;
    if (wide != NULL) {
        (void)MultiByteToWideChar(CP_ACP, 0, text, -1, wide, size);
    }
    return wide;
}

VOID CALLBACK RunDLL_MountFileW(HWND window, HINSTANCE instance, LPWSTR command, int show)
{
    (void)instance;
    (void)show;
    wchar_t *path = path_of(command);
    (void)create_dialog(window, path);
    free(path);
}

VOID CALLBACK RunDLL_MountFile(HWND window, HINSTANCE instance, LPSTR command, int show)
{
    wchar_t *wide = wide_of(command);
    RunDLL_MountFileW(window, instance, wide, show);
    free(wide);
}

/* Interactive even without a window: the desktop's. */
static HWND owner_of(HWND window)
{
    return window != NULL ? window : GetDesktopWindow();
}

/* The path of the drive that a command line names; free() it. NULL if there is none, which the user is told. */
static wchar_t *named_drive(HWND window, LPCSTR command, const wchar_t *what_to_do)
{
    wchar_t *wide = wide_of(command);
    wchar_t *path = path_of(wide);
    free(wide);
    if (path == NULL) {
        (void)fail_shown(owner_of(window), ERROR_INVALID_PARAMETER, what_to_do);
    }
    return path;
}

VOID CALLBACK RunDLL_RemoveDevice(HWND window, HINSTANCE instance, LPSTR command, int show)
{
    (void)instance;
    (void)show;
    wchar_t *path = named_drive(window, command, L"Name the drive that shall be removed");
    if (path == NULL) {
        return;
    }
    (void)ImDiskRemoveDevice(owner_of(window), 0, path);
    free(path);
}

VOID CALLBACK RunDLL_SaveImageFile(HWND window, HINSTANCE instance, LPSTR command, int show)
{
    (void)instance;
    (void)show;
    wchar_t *path = named_drive(window, command, L"Name the drive that shall be saved");
    if (path == NULL) {
        return;
    }
    HANDLE device = ImDiskOpenDeviceByMountPoint(path, GENERIC_READ);
    free(path);
    if (device == INVALID_HANDLE_VALUE) {
        (void)fail_shown(owner_of(window), GetLastError(), L"The drive cannot be opened");
        return;
    }
    struct imdisk_create_data *data = query_disk(device);
    BOOL is_cd = data != NULL && (data->flags & IMDISK_DEVICE_TYPE_MASK) == IMDISK_DEVICE_TYPE_CD;
    free(data);
    (void)ImDiskSaveImageFileInteractive(device, window, 0, is_cd);
    CloseHandle(device);
}
