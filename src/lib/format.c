/* SPDX-License-Identifier: MIT */
/* Formatting a disk by the system's own program. */

#include "lib/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

#define FORMAT_PROGRAM L"\\format.com"
#define FORMAT_MUTEX   L"ImDiskFormat" /* one at a time, as ImDisk does */

/* "C:\WINDOWS\system32\format.com" R: /fs:ntfs /q; the caller frees it. */
static wchar_t *command_line(const wchar_t *program, wchar_t letter, const wchar_t *parameters)
{
    size_t size = wcslen(program) + wcslen(parameters) + 16;
    wchar_t *line = malloc(size * sizeof(wchar_t));
    if (line != NULL) {
        (void)swprintf(line, size, L"\"%ls\" %lc: %ls", program, (wint_t)letter, parameters);
    }
    return line;
}

/* Waits for it. Returns 0 or the Windows error code; *status is the program's exit status. */
static DWORD run(const wchar_t *program, wchar_t *line, uint32_t flags, DWORD *status)
{
    PROCESS_INFORMATION process;
    STARTUPINFOW startup = {
        .cb = sizeof(startup),
        .dwFlags = STARTF_USESTDHANDLES,
        .hStdInput = GetStdHandle(STD_INPUT_HANDLE),
        .hStdOutput = GetStdHandle((flags & BALLAST_FORMAT_QUIET) != 0 ? STD_ERROR_HANDLE : STD_OUTPUT_HANDLE),
        .hStdError = GetStdHandle(STD_ERROR_HANDLE),
    };
    if (!CreateProcessW(program, line, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &process)) {
        return GetLastError();
    }
    (void)WaitForSingleObject(process.hProcess, INFINITE);
    DWORD code = GetExitCodeProcess(process.hProcess, status) ? 0 : GetLastError();
    CloseHandle(process.hThread);
    CloseHandle(process.hProcess);
    return code;
}

static ballast_result run_format(uint32_t number, wchar_t letter, const wchar_t *parameters, uint32_t flags,
                                 ballast_error *error)
{
    wchar_t program[MAX_PATH];
    DWORD status = 0;
    UINT length = GetSystemDirectoryW(program, MAX_PATH - 32);
    if (length == 0 || length >= MAX_PATH - 32) {
        return error_set(error, BALLAST_FAILED, GetLastError(), L"cannot find the system's directory");
    }
    wcscpy(program + length, FORMAT_PROGRAM);
    wchar_t *line = command_line(program, letter, parameters);
    DWORD code = line == NULL ? ERROR_NOT_ENOUGH_MEMORY : 0;
    if (code == 0) {
        HANDLE lock = lock_mutex(FORMAT_MUTEX);
        code = run(program, line, flags, &status);
        unlock_mutex(lock);
    }
    free(line);
    if (code != 0) {
        return error_set(error, BALLAST_FAILED, code, L"cannot run '%ls'; disk %u is not formatted", program, number);
    }
    if (interrupted()) { /* whatever the program makes of it */
        return error_set(error, BALLAST_INTERRUPTED, 0, L"interrupted; disk %u stays, and may not be formatted",
                         number);
    }
    if (status != 0) {
        return error_set(error, BALLAST_FAILED, 0, L"disk %u is not formatted; '%ls' ended with exit code %lu", number,
                         program, status);
    }
    return BALLAST_OK;
}

/* A letter for as long as formatting takes. */
static ballast_result borrow_letter(uint32_t number, wchar_t *letter, ballast_error *error)
{
    HANDLE lock = lock_mutex(LETTER_MUTEX);
    *letter = ballast_letter_free();
    ballast_result result =
        *letter != 0 ? ballast_letter_define(*letter, number, error)
                     : error_set(error, BALLAST_BUSY, 0, L"no drive letter is free to format disk %u by", number);
    unlock_mutex(lock);
    return result;
}

ballast_result ballast_disk_format(uint32_t number, wchar_t letter, const wchar_t *parameters, uint32_t flags,
                                   ballast_error *error)
{
    if (letter != 0) {
        return ballast_letter_leads_to(letter, number)
                   ? run_format(number, letter, parameters, flags, error)
                   : error_set(error, BALLAST_INVALID_ARGUMENT, 0, L"drive letter %lc: does not lead to disk %u",
                               (wint_t)letter, number);
    }
    ballast_result result = borrow_letter(number, &letter, error);
    if (result == BALLAST_OK) {
        result = run_format(number, letter, parameters, flags, error);
        ballast_letter_remove(letter, number);
    }
    return result;
}
