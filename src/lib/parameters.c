/* SPDX-License-Identifier: MIT */
/* ImDisk's `Parameters` beyond the end of a service; parameters.h has the contract. */

#include "lib/parameters.h"

#include <stdbool.h>
#include <stdlib.h>

#define SERVICE_KEY      L"SYSTEM\\CurrentControlSet\\Services\\ImDisk"
#define SAVED_KEY        L"SOFTWARE\\Ballast\\ImDisk"

/* How long the service manager may take to delete a service that nobody has open. */
#define DELETION_STEP_MS 20
#define DELETION_STEPS   250

#define VALUE_NAME_SIZE  16384 /* characters, as the registry allows */

static ballast_result registry_error(DWORD code, const wchar_t *what, ballast_error *error)
{
    return error_set(error, result_of(code), code, L"cannot %ls the parameters in 'HKLM\\%ls'", what, PARAMETERS_KEY);
}

/* Copies value number `index`. ERROR_NO_MORE_ITEMS: there is none. */
static DWORD copy_value(HKEY from, HKEY to, DWORD index, wchar_t *name, BYTE *data, DWORD size)
{
    DWORD type;
    DWORD name_length = VALUE_NAME_SIZE;
    DWORD code = (DWORD)RegEnumValueW(from, index, name, &name_length, NULL, &type, data, &size);
    return code == 0 ? (DWORD)RegSetValueExW(to, name, 0, type, data, size) : code;
}

static DWORD copy_values(HKEY from, HKEY to)
{
    DWORD longest = 0;
    DWORD code = (DWORD)RegQueryInfoKeyW(from, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, &longest, NULL, NULL);
    wchar_t *name = malloc(VALUE_NAME_SIZE * sizeof(wchar_t));
    BYTE *data = malloc((size_t)longest + 1);
    if (name == NULL || data == NULL) {
        code = ERROR_NOT_ENOUGH_MEMORY;
    }
    for (DWORD i = 0; code == 0; i++) {
        code = copy_value(from, to, i, name, data, longest);
    }
    free(name);
    free(data);
    return code == ERROR_NO_MORE_ITEMS ? 0 : code;
}

/* ERROR_FILE_NOT_FOUND: there is no such key. */
static DWORD copy_key(const wchar_t *from_path, const wchar_t *to_path)
{
    HKEY from;
    HKEY to;
    DWORD code = (DWORD)RegOpenKeyExW(HKEY_LOCAL_MACHINE, from_path, 0, KEY_READ, &from);
    if (code != 0) {
        return code;
    }
    code = (DWORD)RegCreateKeyExW(HKEY_LOCAL_MACHINE, to_path, 0, NULL, 0, KEY_WRITE, NULL, &to, NULL);
    if (code == 0) {
        code = copy_values(from, to);
        RegCloseKey(to);
    }
    RegCloseKey(from);
    return code;
}

ballast_result parameters_save(ballast_error *error)
{
    (void)RegDeleteKeyW(HKEY_LOCAL_MACHINE, SAVED_KEY); /* older than what there is now */
    DWORD code = copy_key(PARAMETERS_KEY, SAVED_KEY);
    return code == 0 || code == ERROR_FILE_NOT_FOUND ? BALLAST_OK : registry_error(code, L"save", error);
}

static bool exists(const wchar_t *path)
{
    HKEY key;
    bool found = RegOpenKeyExW(HKEY_LOCAL_MACHINE, path, 0, KEY_READ, &key) == 0;
    if (found) {
        RegCloseKey(key);
    }
    return found;
}

/* Whether the key is a service's, still. */
static bool service_remains(void)
{
    HKEY key;
    if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, SERVICE_KEY, 0, KEY_READ, &key) != 0) {
        return false;
    }
    bool remains = RegQueryValueExW(key, L"ImagePath", NULL, NULL, NULL, NULL) == 0;
    RegCloseKey(key);
    return remains;
}

ballast_result parameters_restore(ballast_error *error)
{
    for (int i = 0; i < DELETION_STEPS && service_remains(); i++) {
        Sleep(DELETION_STEP_MS);
    }
    if (service_remains()) {
        return error_set(error, BALLAST_BUSY, 0,
                         L"service 'ImDisk' goes when the last program that has it open ends; its parameters are in "
                         L"'HKLM\\%ls' until 'ballast driver uninstall' puts them back",
                         SAVED_KEY);
    }
    /* There were none to be saved, or there are newer ones. */
    DWORD code = exists(SAVED_KEY) && !exists(PARAMETERS_KEY) ? copy_key(SAVED_KEY, PARAMETERS_KEY) : 0;
    if (code == 0) {
        (void)RegDeleteKeyW(HKEY_LOCAL_MACHINE, SAVED_KEY);
    }
    return code == 0 ? BALLAST_OK : registry_error(code, L"put back", error);
}
