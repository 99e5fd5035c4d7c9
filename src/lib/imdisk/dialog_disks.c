/* SPDX-License-Identifier: MIT */
/* The list of disks, and what can be done with them. */

#include "lib/imdisk/internal.h"
#include "lib/imdisk/resource.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define REFRESH_MS 1000
#define ROW_SIZE   512

static const int selection_buttons[] = {DISKS_REMOVE, DISKS_SAVE, DISKS_EXTEND, DISKS_READ_ONLY};

/* ---- rows ---- */

static const wchar_t *kind_of(const struct imdisk_create_data *data)
{
    BOOL locked =
        (data->flags & (IMDISK_TYPE_MASK | IMDISK_SUBTYPE_MASK)) == (IMDISK_TYPE_FILE | IMDISK_FILE_AWE_ALLOC);
    switch (data->flags & IMDISK_TYPE_MASK) {
    case IMDISK_TYPE_VM:
        return L"memory";
    case IMDISK_TYPE_PROXY:
        return L"server";
    default:
        return locked ? L"locked memory" : L"file";
    }
}

static void describe(const struct imdisk_create_data *data, wchar_t *text, size_t size)
{
    wchar_t bytes[32];
    wchar_t letter[] = {data->drive_letter != 0 ? data->drive_letter : L'-', data->drive_letter != 0 ? L':' : 0, 0};
    int length = data->file_name_length_bytes / (int)sizeof(wchar_t);
    format_size((uint64_t)data->size_bytes, bytes, 32);
    (void)swprintf(text, size, L"%lu\t%ls\t%ls\t%ls%ls%ls\t%.*ls", (unsigned long)data->device_number, letter, bytes,
                   kind_of(data), (data->flags & IMDISK_OPTION_READ_ONLY) != 0 ? L", read-only" : L"",
                   (data->flags & IMDISK_IMAGE_MODIFIED) != 0 ? L", modified" : L"", length < 256 ? length : 256,
                   (const wchar_t *)data->file_name);
    text[size - 1] = 0;
}

static void row_of(DWORD number, wchar_t *text, size_t size)
{
    HANDLE device = ImDiskOpenDeviceByNumber(number, QUERY_ACCESS);
    struct imdisk_create_data *data = device != INVALID_HANDLE_VALUE ? query_disk(device) : NULL;
    if (data != NULL) {
        describe(data, text, size);
    } else {
        (void)swprintf(text, size, L"%lu\t-\tis being removed", (unsigned long)number);
    }
    free(data);
    if (device != INVALID_HANDLE_VALUE) {
        CloseHandle(device);
    }
}

static int compare_numbers(const void *a, const void *b)
{
    ULONG left = *(const ULONG *)a;
    ULONG right = *(const ULONG *)b;
    return left < right ? -1 : left > right;
}

/* The number of the selected disk; -1 if none is. */
static LONG_PTR selected_disk(HWND dialog)
{
    LRESULT row = SendDlgItemMessageW(dialog, DISKS_LIST, LB_GETCURSEL, 0, 0);
    return row == LB_ERR ? -1 : SendDlgItemMessageW(dialog, DISKS_LIST, LB_GETITEMDATA, (WPARAM)row, 0);
}

static void enable_buttons(HWND dialog)
{
    BOOL enabled = selected_disk(dialog) >= 0;
    for (size_t i = 0; i < sizeof(selection_buttons) / sizeof(selection_buttons[0]); i++) {
        (void)EnableWindow(GetDlgItem(dialog, selection_buttons[i]), enabled);
    }
}

/* Whether the row is already what it should be: then the list is left alone, and does not flicker. */
static BOOL row_is(HWND list, LRESULT row, const wchar_t *text)
{
    wchar_t present[ROW_SIZE];
    LRESULT length = SendMessageW(list, LB_GETTEXTLEN, (WPARAM)row, 0);
    return length != LB_ERR && length < ROW_SIZE && SendMessageW(list, LB_GETTEXT, (WPARAM)row, (LPARAM)present) >= 0 &&
           wcscmp(present, text) == 0;
}

static void put_row(HWND list, LRESULT row, DWORD number, LONG_PTR selected)
{
    wchar_t text[ROW_SIZE];
    row_of(number, text, ROW_SIZE);
    if (row_is(list, row, text)) {
        return;
    }
    (void)SendMessageW(list, LB_DELETESTRING, (WPARAM)row, 0);
    (void)SendMessageW(list, LB_INSERTSTRING, (WPARAM)row, (LPARAM)text);
    (void)SendMessageW(list, LB_SETITEMDATA, (WPARAM)row, (LPARAM)number);
    if (selected == (LONG_PTR)number) {
        (void)SendMessageW(list, LB_SETCURSEL, (WPARAM)row, 0);
    }
}

static void refresh(HWND dialog)
{
    HWND list = GetDlgItem(dialog, DISKS_LIST);
    LONG_PTR selected = selected_disk(dialog);
    ULONG *numbers = calloc(IMDISK_MAXIMUM_DEVICES + 2, sizeof(*numbers));
    ULONG count = 0;
    if (numbers != NULL && ImDiskGetDeviceListEx(IMDISK_MAXIMUM_DEVICES + 2, numbers)) {
        count = numbers[0];
        qsort(numbers + 1, count, sizeof(*numbers), compare_numbers);
    }
    for (ULONG i = 0; i < count; i++) {
        put_row(list, (LRESULT)i, numbers[1 + i], selected);
    }
    while (SendMessageW(list, LB_GETCOUNT, 0, 0) > (LRESULT)count) {
        (void)SendMessageW(list, LB_DELETESTRING, count, 0);
    }
    free(numbers);
    enable_buttons(dialog);
}

/* ---- actions ---- */

static INT_PTR CALLBACK extend_procedure(HWND dialog, UINT message, WPARAM wide, LPARAM parameter)
{
    if (message == WM_INITDIALOG) {
        (void)SetWindowLongPtrW(dialog, DWLP_USER, parameter);
        return TRUE;
    }
    if (message != WM_COMMAND) {
        return FALSE;
    }
    if (LOWORD(wide) == IDOK) {
        wchar_t text[32] = L"";
        uint64_t *bytes = (uint64_t *)GetWindowLongPtrW(dialog, DWLP_USER);
        (void)GetDlgItemTextW(dialog, EXTEND_SIZE, text, 32);
        if (parse_size(text, bytes) && *bytes != 0) {
            (void)EndDialog(dialog, IDOK);
        } else {
            (void)fail_shown(dialog, ERROR_INVALID_PARAMETER, L"This is not a size");
        }
        return TRUE;
    }
    if (LOWORD(wide) == IDCANCEL) {
        (void)EndDialog(dialog, IDCANCEL);
        return TRUE;
    }
    return FALSE;
}

static void extend(HWND dialog, DWORD number)
{
    uint64_t bytes = 0;
    if (run_dialog(dialog, DIALOG_EXTEND, extend_procedure, &bytes) == IDOK) {
        LARGE_INTEGER grow = {.QuadPart = (LONGLONG)bytes};
        (void)ImDiskExtendDevice(dialog, number, &grow);
    }
}

static void save(HWND dialog, DWORD number)
{
    HANDLE device = ImDiskOpenDeviceByNumber(number, GENERIC_READ);
    if (device == INVALID_HANDLE_VALUE) {
        (void)fail_shown(dialog, GetLastError(), L"The virtual disk cannot be opened");
        return;
    }
    struct imdisk_create_data *data = query_disk(device);
    BOOL is_cd = data != NULL && (data->flags & IMDISK_DEVICE_TYPE_MASK) == IMDISK_DEVICE_TYPE_CD;
    free(data);
    (void)ImDiskSaveImageFileInteractive(device, dialog, 0, is_cd);
    CloseHandle(device);
}

static void toggle_read_only(HWND dialog, DWORD number)
{
    HANDLE device = ImDiskOpenDeviceByNumber(number, QUERY_ACCESS);
    struct imdisk_create_data *data = device != INVALID_HANDLE_VALUE ? query_disk(device) : NULL;
    if (device != INVALID_HANDLE_VALUE) {
        CloseHandle(device);
    }
    if (data == NULL) {
        (void)fail_shown(dialog, GetLastError(), L"The virtual disk cannot be opened");
        return;
    }
    (void)ImDiskChangeFlags(dialog, number, NULL, IMDISK_OPTION_READ_ONLY, ~data->flags & IMDISK_OPTION_READ_ONLY);
    free(data);
}

static BOOL command(HWND dialog, int id)
{
    LONG_PTR number = selected_disk(dialog);
    switch (id) {
    case IDCANCEL:
        (void)EndDialog(dialog, IDCANCEL);
        return TRUE;
    case DISKS_CREATE:
        (void)create_dialog(dialog, NULL);
        break;
    case DISKS_REMOVE:
        (void)(number >= 0 && ImDiskRemoveDevice(dialog, (DWORD)number, NULL));
        break;
    case DISKS_SAVE:
        if (number >= 0) {
            save(dialog, (DWORD)number);
        }
        break;
    case DISKS_EXTEND:
        if (number >= 0) {
            extend(dialog, (DWORD)number);
        }
        break;
    case DISKS_READ_ONLY:
        if (number >= 0) {
            toggle_read_only(dialog, (DWORD)number);
        }
        break;
    case DISKS_LIST:
        enable_buttons(dialog);
        return TRUE;
    default:
        return FALSE;
    }
    (void)SetWindowTextW(dialog, L"Virtual disks"); /* the calls above say there what they do */
    refresh(dialog);
    return TRUE;
}

static INT_PTR CALLBACK disks_procedure(HWND dialog, UINT message, WPARAM wide, LPARAM parameter)
{
    static const INT tabs[] = {24, 44, 100, 190};
    (void)parameter;
    switch (message) {
    case WM_INITDIALOG:
        (void)SendDlgItemMessageW(dialog, DISKS_LIST, LB_SETTABSTOPS, 4, (LPARAM)tabs);
        (void)SendDlgItemMessageW(dialog, DISKS_LIST, LB_SETHORIZONTALEXTENT, 1200, 0);
        refresh(dialog);
        (void)SetTimer(dialog, 1, REFRESH_MS, NULL);
        return TRUE;
    case WM_TIMER:
        refresh(dialog);
        return TRUE;
    case WM_COMMAND:
        return command(dialog, LOWORD(wide));
    default:
        return FALSE;
    }
}

BOOL disks_dialog(HWND window)
{
    return run_dialog(window, DIALOG_DISKS, disks_procedure, NULL) >= 0;
}
