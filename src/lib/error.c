/* SPDX-License-Identifier: MIT */
/* Error messages. */

#include "lib/internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <wchar.h>

/* Appends ": <the system's text>" without its line end and full stop. */
static void append_system_text(wchar_t *message, size_t size, DWORD code)
{
    wchar_t text[256];
    DWORD length = FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, NULL, code, 0, text,
                                  sizeof(text) / sizeof(text[0]), NULL);
    while (length != 0 && (text[length - 1] == L'\n' || text[length - 1] == L'\r' || text[length - 1] == L'.' ||
                           text[length - 1] == L' ')) {
        length--;
    }
    text[length] = 0;
    size_t used = wcslen(message);
    if (length != 0) {
        (void)swprintf(message + used, size - used, L": %ls (error %lu)", text, code);
    } else {
        (void)swprintf(message + used, size - used, L": error %lu", code);
    }
}

/* Converts to UTF-8, cutting at a character boundary if the text is too long. */
static void to_utf8(const wchar_t *text, char *utf8, int size)
{
    size_t length = wcslen(text);
    int written = 0;
    for (;;) {
        written = WideCharToMultiByte(CP_UTF8, 0, text, (int)length, utf8, size - 1, NULL, NULL);
        if (written != 0 || length == 0) {
            break;
        }
        length--;
    }
    utf8[written] = 0;
}

ballast_result error_set(ballast_error *error, ballast_result result, DWORD code, const wchar_t *format, ...)
{
    if (error != NULL) {
        wchar_t message[BALLAST_MESSAGE_SIZE];
        va_list arguments;
        va_start(arguments, format);
        if (vswprintf(message, BALLAST_MESSAGE_SIZE, format, arguments) < 0) {
            message[BALLAST_MESSAGE_SIZE - 1] = 0; /* too long: shortened */
        }
        va_end(arguments);
        if (code != 0) {
            append_system_text(message, BALLAST_MESSAGE_SIZE, code);
        }
        error->code = code;
        to_utf8(message, error->message, sizeof(error->message));
    }
    return result;
}

ballast_result result_of(DWORD code)
{
    switch (code) {
    case ERROR_SUCCESS:
        return BALLAST_OK;
    case ERROR_FILE_NOT_FOUND:
    case ERROR_PATH_NOT_FOUND:
    case ERROR_INVALID_DRIVE:
    case ERROR_BAD_PATHNAME:
    case ERROR_INVALID_NAME:
    case ERROR_NOT_FOUND:
    case ERROR_BAD_DEV_TYPE: /* Wine's word for a server that is not there */
    case ERROR_BAD_NETPATH:
    case ERROR_BAD_NET_NAME:
        return BALLAST_NOT_FOUND;
    case ERROR_ACCESS_DENIED:
    case ERROR_WRITE_PROTECT:
    case ERROR_PRIVILEGE_NOT_HELD:
        return BALLAST_NO_ACCESS;
    case ERROR_SHARING_VIOLATION:
    case ERROR_LOCK_VIOLATION:
    case ERROR_ALREADY_EXISTS:
    case ERROR_FILE_EXISTS:
    case ERROR_BUSY:
        return BALLAST_BUSY;
    default:
        return BALLAST_FAILED;
    }
}
