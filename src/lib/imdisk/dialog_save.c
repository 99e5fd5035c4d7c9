/* SPDX-License-Identifier: MIT */
/*
 * Saving with a file dialog and a progress dialog. A thread copies; the dialog's thread only shows how far it is, so that
 * Cancel answers at once.
 */

#include "lib/imdisk/internal.h"
#include "lib/imdisk/resource.h"
#include "lib/target.h"

#include <commctrl.h>
#include <commdlg.h>
#include <string.h>
#include <wchar.h>

#define MESSAGE_DONE  (WM_APP + 1)
#define TIMER_MS      200
#define PROGRESS_STEP 1000u /* steps of the bar */
#define PATH_SIZE     32768u

struct saving {
    HANDLE device;
    HANDLE file;
    DWORD buffer_size;
    HWND dialog;
    HANDLE thread;
    DWORD code;
    volatile LONG cancel;
    /* For the bar: steps, so that they are read and written at once. */
    volatile LONG step;
};

INT_PTR run_dialog(HWND window, int id, DLGPROC procedure, void *context)
{
    INITCOMMONCONTROLSEX controls = {.dwSize = sizeof(controls), .dwICC = ICC_PROGRESS_CLASS};
    (void)InitCommonControlsEx(&controls);
    SetLastError(NO_ERROR);
    INT_PTR result = DialogBoxParamW(library_instance, MAKEINTRESOURCEW(id), window, procedure, (LPARAM)context);
    if (result <= 0) {
        /* 0: the window is none; -1: no dialog could be made. Dialogs of this library end with other values. */
        SetLastError(window != NULL && !IsWindow(window) ? ERROR_INVALID_WINDOW_HANDLE
                                                         : ERROR_REQUIRES_INTERACTIVE_WINDOWSTATION);
        return -1;
    }
    return result;
}

static BOOL note_progress(void *context, uint64_t done, uint64_t total)
{
    struct saving *saving = context;
    uint64_t step = total >= PROGRESS_STEP ? done / (total / PROGRESS_STEP) : PROGRESS_STEP;
    InterlockedExchange(&saving->step, (LONG)(step < PROGRESS_STEP ? step : PROGRESS_STEP));
    return saving->cancel == 0;
}

static DWORD WINAPI save_thread(LPVOID context)
{
    struct saving *saving = context;
    saving->code = save_disk(saving->device, saving->file, saving->buffer_size, note_progress, saving);
    (void)PostMessageW(saving->dialog, MESSAGE_DONE, 0, 0);
    return 0;
}

static void start_saving(struct saving *saving)
{
    saving->thread = CreateThread(NULL, 0, save_thread, saving, 0, NULL);
    if (saving->thread == NULL) {
        saving->code = GetLastError();
        (void)PostMessageW(saving->dialog, MESSAGE_DONE, 0, 0);
    }
    (void)SetTimer(saving->dialog, 1, TIMER_MS, NULL);
}

static void show_progress(const struct saving *saving)
{
    wchar_t text[64];
    LONG step = saving->step;
    (void)swprintf(text, 64, L"%ld %% saved", step * 100 / (LONG)PROGRESS_STEP);
    (void)SetDlgItemTextW(saving->dialog, PROGRESS_TEXT, text);
    (void)SendDlgItemMessageW(saving->dialog, PROGRESS_BAR, PBM_SETPOS, (WPARAM)step, 0);
}

static INT_PTR CALLBACK progress_procedure(HWND dialog, UINT message, WPARAM wide, LPARAM parameter)
{
    struct saving *saving = (struct saving *)GetWindowLongPtrW(dialog, DWLP_USER);
    switch (message) {
    case WM_INITDIALOG:
        saving = (struct saving *)parameter;
        saving->dialog = dialog;
        (void)SetWindowLongPtrW(dialog, DWLP_USER, (LONG_PTR)saving);
        (void)SendDlgItemMessageW(dialog, PROGRESS_BAR, PBM_SETRANGE32, 0, PROGRESS_STEP);
        start_saving(saving);
        return TRUE;
    case WM_TIMER:
        show_progress(saving);
        return TRUE;
    case WM_COMMAND:
        if (LOWORD(wide) == IDCANCEL) {
            InterlockedExchange(&saving->cancel, 1); /* the thread says when it has seen it */
            (void)EnableWindow(GetDlgItem(dialog, IDCANCEL), FALSE);
            return TRUE;
        }
        return FALSE;
    case MESSAGE_DONE:
        (void)KillTimer(dialog, 1);
        (void)EndDialog(dialog, IDOK);
        return TRUE;
    default:
        return FALSE;
    }
}

/* Returns 0 or the Windows error code. */
static DWORD save_with_progress(HWND window, struct saving *saving)
{
    if (run_dialog(window, DIALOG_PROGRESS, progress_procedure, saving) < 0) {
        return GetLastError();
    }
    if (saving->thread != NULL) {
        (void)WaitForSingleObject(saving->thread, INFINITE);
        CloseHandle(saving->thread);
    }
    return saving->code;
}

/* Where windows cannot be made the file dialog returns as if it had been cancelled. */
static BOOL can_show_windows(void)
{
    HWND window = CreateWindowExW(0, L"STATIC", L"", WS_POPUP, 0, 0, 1, 1, NULL, NULL, library_instance, NULL);
    return window != NULL && DestroyWindow(window);
}

/* Returns 0 or the Windows error code. */
static DWORD ask_for_name(HWND window, BOOL is_cd, wchar_t *path)
{
    OPENFILENAMEW request = {
        .lStructSize = sizeof(request),
        .hwndOwner = window,
        .lpstrFilter =
            is_cd ? L"CD images (*.iso)\0*.iso\0All files\0*.*\0" : L"Images (*.img)\0*.img\0All files\0*.*\0",
        .lpstrFile = path,
        .nMaxFile = PATH_SIZE,
        .lpstrTitle = L"Save the virtual disk as an image",
        .Flags = OFN_OVERWRITEPROMPT | OFN_NOCHANGEDIR | OFN_PATHMUSTEXIST | OFN_HIDEREADONLY,
        .lpstrDefExt = is_cd ? L"iso" : L"img",
    };
    path[0] = 0;
    if (!can_show_windows()) {
        return ERROR_REQUIRES_INTERACTIVE_WINDOWSTATION;
    }
    if (GetSaveFileNameW(&request)) {
        return 0;
    }
    switch (CommDlgExtendedError()) {
    case 0:
        return ERROR_CANCELLED;
    case FNERR_BUFFERTOOSMALL:
        return ERROR_FILENAME_EXCED_RANGE;
    default:
        return ERROR_REQUIRES_INTERACTIVE_WINDOWSTATION;
    }
}

/* What is at `path` is replaced when all is saved, and stays what it is if not: half an image looks like a whole one. */
static DWORD save_to(HWND window, const wchar_t *path, struct saving *saving)
{
    struct target target;
    ballast_error error;
    if (target_begin(&target, path, TRUE, &error) != BALLAST_OK) {
        return error.code;
    }
    if (target_create(&target, &error) != BALLAST_OK) {
        target_abandon(&target);
        return error.code;
    }
    saving->file = target.handle;
    DWORD code = save_with_progress(window, saving);
    if (code != 0) {
        target_abandon(&target);
    } else if (target_commit(&target, &error) != BALLAST_OK) {
        code = error.code;
    }
    return code;
}

BOOL WINAPI ImDiskSaveImageFileInteractive(HANDLE device, HWND window, DWORD buffer_size, BOOL is_cd)
{
    struct saving saving = {.device = device, .buffer_size = buffer_size};
    wchar_t *path = HeapAlloc(GetProcessHeap(), 0, PATH_SIZE * sizeof(wchar_t));
    if (path == NULL) {
        return fail(ERROR_NOT_ENOUGH_MEMORY);
    }
    DWORD code = ask_for_name(window, is_cd, path);
    if (code == 0) {
        code = save_to(window, path, &saving);
    }
    HeapFree(GetProcessHeap(), 0, path);
    if (code == 0 || code == ERROR_CANCELLED || code == ERROR_REQUIRES_INTERACTIVE_WINDOWSTATION) {
        SetLastError(code);
        return code == 0;
    }
    return fail_shown(window, code, L"The virtual disk cannot be saved");
}
