/* SPDX-License-Identifier: MIT */
/* What the files of imdisk.cpl share. */
#ifndef LIB_IMDISK_INTERNAL_H
#define LIB_IMDISK_INTERNAL_H

#include "ballast/imdisk.h"
#include "lib/internal.h"

#define CONTROL_DEVICE L"\\Device\\ImDiskCtl"
#define DISK_DEVICE    L"\\Device\\ImDisk"

/* Longest native name that a UNICODE_STRING can hold, in characters, without the zero. */
#define MAXIMUM_NAME   32766u

/* Room for the longest reply of QUERY_DEVICE. */
#define QUERY_SIZE     (IMDISK_QUERY_DEVICE_MINIMUM + 65536u)

/* What to do with a device that can be asked but not read. */
#define QUERY_ACCESS   (FILE_READ_ATTRIBUTES | SYNCHRONIZE)

extern HINSTANCE library_instance;

/* Sets the last error and returns FALSE. */
static inline BOOL fail(DWORD code)
{
    SetLastError(code);
    return FALSE;
}

/* As fail; and shows "what: the system's text" if there is a window. */
BOOL fail_shown(HWND window, DWORD code, const wchar_t *what);

/* What an interactive call is doing. */
void show_status(HWND window, const wchar_t *text);

/*
 * Asks in a message box. `style`: MB_*; the answer, 0 if there is no window or no display.
 */
int ask(HWND window, UINT style, const wchar_t *question);

/* The letter of "X:", "X:\" or "X:/", upper case; 0 if it is no drive. */
wchar_t drive_of(LPCWSTR mount_point);

/* The substitute name of a junction, without its trailing backslash; free() it. NULL and the last error. */
wchar_t *read_junction(LPCWSTR directory);

/* The reply of QUERY_DEVICE; free() it. NULL and the last error. */
struct imdisk_create_data *query_disk(HANDLE device);

/* By mount point if there is one, else by number: to read and write, to read, or to ask; what is possible. */
HANDLE open_disk_somehow(DWORD number, LPCWSTR mount_point);

/* The control device, after starting the driver and checking its version. INVALID_HANDLE_VALUE and the last error. */
HANDLE open_started_control(DWORD access);

/* Tells the shell and other windows that a drive letter has gone. */
void notify_drive_removed(wchar_t letter);

/* Removes the link of a drive letter, without telling anyone; if `target` is not NULL, only one that leads there. */
BOOL remove_drive_link(wchar_t letter, const wchar_t *target);

/* Reads or writes at an offset, whatever kind of handle it is. Returns 0 or the Windows error code. */
DWORD transfer(HANDLE handle, BOOL write, uint64_t offset, void *buffer, DWORD length, DWORD *done);

/* Whether to go on after `done` of `total` bytes have been copied. */
typedef BOOL copy_progress(void *context, uint64_t done, uint64_t total);

/* ImDiskSaveImageFile with a callback (optional). Returns 0 or the Windows error code. */
DWORD save_disk(HANDLE device, HANDLE file, DWORD buffer_size, copy_progress *progress, void *context);

/* "64 MiB" */
void format_size(uint64_t bytes, wchar_t *text, size_t size);

/* "64M"; FALSE if it is no size, or 2^63 and more. */
BOOL parse_size(const wchar_t *text, uint64_t *bytes);

/* The dialogs. FALSE with ERROR_CANCELLED, or why there is none. */
BOOL disks_dialog(HWND window);
BOOL create_dialog(HWND window, LPCWSTR image);

/* A dialog of this library; -1 and the last error if there is no display. */
INT_PTR run_dialog(HWND window, int id, DLGPROC procedure, void *context);

#endif
