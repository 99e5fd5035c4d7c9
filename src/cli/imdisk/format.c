/* SPDX-License-Identifier: MIT */
/* imdisk -a -p: formatting by the system's own program. */

#include "cli/imdisk/imdisk.h"

#include <stdlib.h>

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
static DWORD run(const wchar_t *program, wchar_t *line, bool quiet, DWORD *status)
{
    PROCESS_INFORMATION process;
    STARTUPINFOW startup = {
        .cb = sizeof(startup),
        .dwFlags = STARTF_USESTDHANDLES,
        .hStdInput = GetStdHandle(STD_INPUT_HANDLE),
        /* With -n standard output has the number alone. */
        .hStdOutput = GetStdHandle(quiet ? STD_ERROR_HANDLE : STD_OUTPUT_HANDLE),
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

static enum imdisk_exit run_format(const struct arguments *arguments, wchar_t letter)
{
    wchar_t program[MAX_PATH];
    ballast_error error;
    DWORD status = 0;
    UINT length = GetSystemDirectoryW(program, MAX_PATH - 32);
    wcscpy(program + length, FORMAT_PROGRAM);
    wchar_t *line = command_line(program, letter, arguments->format);
    DWORD code = line == NULL ? ERROR_NOT_ENOUGH_MEMORY : 0;
    if (code == 0) {
        HANDLE lock = lock_mutex(FORMAT_MUTEX);
        code = run(program, line, arguments->numeric, &status);
        unlock_mutex(lock);
    }
    free(line);
    if (code != 0) {
        (void)error_set(&error, BALLAST_FAILED, code, L"cannot run '%ls'; the disk is not formatted", program);
        return fail(IMDISK_FORMAT_FAILED, &error);
    }
    if (status != 0) {
        complain(L"Error: formatting failed; '%ls' ended with exit code %lu. The disk stays.", program, status);
        return IMDISK_FORMAT_FAILED;
    }
    return IMDISK_DONE;
}

/* A letter for as long as formatting takes. */
static enum imdisk_exit borrow_letter(uint32_t number, wchar_t *letter)
{
    ballast_error error;
    enum imdisk_exit result = IMDISK_DONE;
    HANDLE lock = lock_mutex(LETTER_MUTEX);
    *letter = ballast_letter_free();
    if (*letter == 0) {
        complain(L"Error: no drive letter is free to format the disk by.");
        result = IMDISK_NO_LETTER;
    } else if (ballast_letter_define(*letter, number, &error) != BALLAST_OK) {
        result = fail(IMDISK_FORMAT_FAILED, &error);
    }
    unlock_mutex(lock);
    return result;
}

enum imdisk_exit format_disk(const struct arguments *arguments, uint32_t number, wchar_t letter)
{
    if (letter != 0) {
        if (!arguments->numeric) {
            say(L"Formatting disk %lc:...\n", (wint_t)letter);
        }
        return run_format(arguments, letter);
    }
    enum imdisk_exit result = borrow_letter(number, &letter);
    if (result != IMDISK_DONE) {
        return result;
    }
    if (!arguments->numeric) {
        say(L"Formatting disk %u, as %lc: meanwhile...\n", number, (wint_t)letter);
    }
    result = run_format(arguments, letter);
    ballast_letter_remove(letter, number);
    return result;
}
