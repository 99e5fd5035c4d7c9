/* SPDX-License-Identifier: MIT */
/* Disks that the driver creates when it is loaded: values of its Parameters key. */

#include "lib/imdisk/internal.h"

#include <string.h>
#include <wchar.h>

#include "lib/parameters.h"

#define COUNT_VALUE L"LoadDevices"

/* Names of the values of one disk, before its number. */
static const wchar_t *const names[] = {L"FileName", L"Size", L"Flags", L"DriveLetter", L"ImageOffset"};

/* 0 if there is none yet. Returns 0 or the Windows error code. */
static LONG read_count(HKEY key, DWORD *count)
{
    DWORD type = 0;
    DWORD size = sizeof(*count);
    *count = 0;
    LONG code = RegQueryValueExW(key, COUNT_VALUE, NULL, &type, (BYTE *)count, &size);
    if (code == ERROR_FILE_NOT_FOUND) {
        *count = 0;
        return 0;
    }
    if (code == ERROR_MORE_DATA || (code == 0 && (type != REG_DWORD || size != sizeof(*count)))) {
        return ERROR_INVALID_DATA;
    }
    return code;
}

static LONG write_count(HKEY key, DWORD count)
{
    return RegSetValueExW(key, COUNT_VALUE, 0, REG_DWORD, (const BYTE *)&count, sizeof(count));
}

static void value_name(wchar_t text[32], const wchar_t *name, DWORD number)
{
    (void)swprintf(text, 32, L"%ls%lu", name, (unsigned long)number);
}

static LONG delete_value(HKEY key, const wchar_t *name, DWORD number)
{
    wchar_t text[32];
    value_name(text, name, number);
    LONG code = RegDeleteValueW(key, text);
    return code == ERROR_FILE_NOT_FOUND ? 0 : code;
}

/* Deleted if it is empty. */
static LONG write_value(HKEY key, const wchar_t *name, DWORD number, DWORD type, const void *data, DWORD size)
{
    wchar_t text[32];
    value_name(text, name, number);
    return size == 0 ? delete_value(key, name, number) : RegSetValueExW(key, text, 0, type, data, size);
}

static LONG write_string(HKEY key, const wchar_t *name, DWORD number, const uint16_t *text, size_t length)
{
    wchar_t buffer[32768];
    memcpy(buffer, text, length * sizeof(wchar_t));
    buffer[length] = 0;
    return write_value(key, name, number, REG_SZ, buffer, length != 0 ? (DWORD)((length + 1) * sizeof(wchar_t)) : 0);
}

static LONG write_disk(HKEY key, DWORD number, const struct imdisk_create_data *data)
{
    uint64_t size = (uint64_t)data->size_bytes;
    uint64_t offset = (uint64_t)data->image_offset_bytes;
    LONG code = write_string(key, names[0], number, data->file_name, data->file_name_length_bytes / sizeof(wchar_t));
    if (code == 0) {
        code = write_value(key, names[1], number, REG_QWORD, &size, size != 0 ? sizeof(size) : 0);
    }
    if (code == 0) {
        code = write_value(key, names[2], number, REG_DWORD, &data->flags, data->flags != 0 ? sizeof(DWORD) : 0);
    }
    if (code == 0) {
        code = write_string(key, names[3], number, &data->drive_letter, data->drive_letter != 0);
    }
    if (code == 0) {
        code = write_value(key, names[4], number, REG_QWORD, &offset, offset != 0 ? sizeof(offset) : 0);
    }
    return code;
}

BOOL WINAPI ImDiskSaveRegistrySettings(struct imdisk_create_data *data)
{
    HKEY key;
    DWORD count;
    if (data == NULL || data->file_name_length_bytes % sizeof(wchar_t) != 0 || data->size_bytes < 0 ||
        data->image_offset_bytes < 0) {
        return fail(ERROR_INVALID_PARAMETER);
    }
    LONG code = RegCreateKeyExW(HKEY_LOCAL_MACHINE, PARAMETERS_KEY, 0, NULL, 0, KEY_QUERY_VALUE | KEY_SET_VALUE, NULL,
                                &key, NULL);
    if (code != 0) {
        return fail((DWORD)code);
    }
    code = read_count(key, &count);
    DWORD number = data->device_number == IMDISK_AUTO_DEVICE_NUMBER ? count : data->device_number;
    if (code == 0 && number >= IMDISK_MAXIMUM_DEVICES) {
        code = ERROR_INVALID_PARAMETER;
    }
    if (code == 0) {
        code = write_disk(key, number, data);
    }
    /* Last: a disk that is only half there is not looked at. */
    if (code == 0 && number >= count) {
        code = write_count(key, number + 1);
    }
    RegCloseKey(key);
    if (code == 0) {
        data->device_number = number; /* which an automatic one has become */
    }
    SetLastError((DWORD)code);
    return code == 0;
}

BOOL WINAPI ImDiskRemoveRegistrySettings(DWORD number)
{
    HKEY key;
    DWORD count;
    LONG code = RegOpenKeyExW(HKEY_LOCAL_MACHINE, PARAMETERS_KEY, 0, KEY_QUERY_VALUE | KEY_SET_VALUE, &key);
    if (code != 0) {
        return fail((DWORD)code);
    }
    code = read_count(key, &count);
    if (code == 0 && count != 0 && number == count - 1) {
        code = write_count(key, count - 1);
    }
    for (size_t i = 0; code == 0 && i < sizeof(names) / sizeof(names[0]); i++) {
        code = delete_value(key, names[i], number);
    }
    RegCloseKey(key);
    SetLastError((DWORD)code);
    return code == 0;
}

BOOL WINAPI ImDiskGetRegistryAutoLoadDevices(LPDWORD count)
{
    HKEY key;
    DWORD found = 0;
    if (count == NULL) {
        return fail(ERROR_INVALID_PARAMETER);
    }
    LONG code = RegOpenKeyExW(HKEY_LOCAL_MACHINE, PARAMETERS_KEY, 0, KEY_QUERY_VALUE, &key);
    if (code == 0) {
        code = read_count(key, &found);
        RegCloseKey(key);
    } else if (code == ERROR_FILE_NOT_FOUND) {
        code = 0; /* nothing is configured */
    }
    if (code == 0) {
        *count = found;
    }
    SetLastError((DWORD)code);
    return code == 0;
}
