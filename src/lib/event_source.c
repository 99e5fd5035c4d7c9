/* SPDX-License-Identifier: MIT */
/* The drivers as sources of events in the system's log: the texts are in their own binaries. */

#include "lib/internal.h"

#include <wchar.h>

#define EVENT_SOURCES L"SYSTEM\\CurrentControlSet\\Services\\EventLog\\System\\"
#define EVENT_FILES   L"%SystemRoot%\\System32\\drivers\\"

static void event_source_key(const wchar_t *service, wchar_t key[MAX_PATH])
{
    wcscpy(key, EVENT_SOURCES);
    wcscat(key, service);
}

static DWORD set_event_source(HKEY key, const wchar_t *binary)
{
    wchar_t file[MAX_PATH] = EVENT_FILES;
    DWORD types = EVENTLOG_ERROR_TYPE | EVENTLOG_WARNING_TYPE | EVENTLOG_INFORMATION_TYPE;
    wcscat(file, binary);
    DWORD size = (DWORD)((wcslen(file) + 1) * sizeof(wchar_t));
    LONG code = RegSetValueExW(key, L"EventMessageFile", 0, REG_EXPAND_SZ, (const BYTE *)file, size);
    if (code == 0) {
        code = RegSetValueExW(key, L"TypesSupported", 0, REG_DWORD, (const BYTE *)&types, sizeof(types));
    }
    return (DWORD)code;
}

ballast_result event_source_register(const wchar_t *service, const wchar_t *binary, ballast_error *error)
{
    wchar_t path[MAX_PATH];
    HKEY key;
    event_source_key(service, path);
    DWORD code = (DWORD)RegCreateKeyExW(HKEY_LOCAL_MACHINE, path, 0, NULL, 0, KEY_SET_VALUE, NULL, &key, NULL);
    if (code == 0) {
        code = set_event_source(key, binary);
        RegCloseKey(key);
    }
    return code == 0 ? BALLAST_OK
                     : error_set(error, result_of(code), code, L"cannot register event source '%ls'", service);
}

ballast_result event_source_unregister(const wchar_t *service, ballast_error *error)
{
    wchar_t path[MAX_PATH];
    event_source_key(service, path);
    DWORD code = (DWORD)RegDeleteKeyW(HKEY_LOCAL_MACHINE, path);
    return code == 0 || code == ERROR_FILE_NOT_FOUND
               ? BALLAST_OK
               : error_set(error, result_of(code), code, L"cannot remove event source '%ls'", service);
}
