/* SPDX-License-Identifier: MIT */
/* The disks that the driver creates when it is loaded: ImDisk's registry values. */

#include "lib/internal.h"
#include "lib/parameters.h"

#include <string.h>
#include <wchar.h>

#define COUNT L"LoadDevices"

/* What is stored of disk n, as <name>n. */
static const wchar_t *const value_names[] = {L"FileName", L"Size", L"Flags", L"DriveLetter", L"ImageOffset"};

static void value_name(const wchar_t *name, uint32_t number, wchar_t text[32])
{
    (void)swprintf(text, 32, L"%ls%u", name, number);
}

static ballast_result registry_error(DWORD code, const wchar_t *what, ballast_error *error)
{
    return error_set(error, result_of(code), code, L"cannot %ls registry key 'HKLM\\%ls'", what, PARAMETERS_KEY);
}

/* 0 if there is none. */
static uint32_t load_devices(HKEY key)
{
    BYTE data[sizeof(uint32_t)];
    uint32_t count = 0;
    DWORD type = 0;
    DWORD size = sizeof(data);
    LONG code = RegQueryValueExW(key, COUNT, NULL, &type, data, &size);
    if (code == ERROR_SUCCESS && type == REG_DWORD && size == sizeof(data)) {
        memcpy(&count, data, sizeof(count));
    }
    return count;
}

static DWORD store_load_devices(HKEY key, uint32_t count)
{
    return (DWORD)RegSetValueExW(key, COUNT, 0, REG_DWORD, (const BYTE *)&count, sizeof(count));
}

/* Stores a value; removes it if it is empty or zero. */
static DWORD store(HKEY key, const wchar_t *name, uint32_t number, DWORD type, const void *data, DWORD size)
{
    static const unsigned char zeros[sizeof(uint64_t)];
    wchar_t text[32];
    LONG code;
    value_name(name, number, text);
    if (size == 0 || (type != REG_SZ && memcmp(data, zeros, size) == 0)) {
        code = RegDeleteValueW(key, text);
        return code == ERROR_FILE_NOT_FOUND ? ERROR_SUCCESS : (DWORD)code;
    }
    return (DWORD)RegSetValueExW(key, text, 0, type, data, size);
}

static DWORD store_text(HKEY key, const wchar_t *name, uint32_t number, const uint16_t *text, size_t length)
{
    DWORD code = ERROR_NOT_ENOUGH_MEMORY;
    wchar_t *copy = HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, (length + 1) * sizeof(wchar_t));
    if (copy != NULL) {
        memcpy(copy, text, length * sizeof(wchar_t));
        code = store(key, name, number, REG_SZ, copy, length == 0 ? 0 : (DWORD)((length + 1) * sizeof(wchar_t)));
        HeapFree(GetProcessHeap(), 0, copy);
    }
    return code;
}

ballast_result ballast_boot_disk_save(const struct imdisk_create_data *disk, ballast_error *error)
{
    HKEY key;
    uint32_t number = disk->device_number;
    uint16_t letter = disk->drive_letter;
    DWORD code = (DWORD)RegCreateKeyExW(HKEY_LOCAL_MACHINE, PARAMETERS_KEY, 0, NULL, 0, KEY_QUERY_VALUE | KEY_SET_VALUE,
                                        NULL, &key, NULL);
    if (code != ERROR_SUCCESS) {
        return registry_error(code, L"open", error);
    }
    uint32_t count = load_devices(key);
    if (number == IMDISK_AUTO_DEVICE_NUMBER) {
        number = count;
    }
    if (number >= IMDISK_MAXIMUM_DEVICES) {
        RegCloseKey(key);
        return error_set(error, BALLAST_INVALID_ARGUMENT, 0, L"cannot store disk %u; the largest number is %u", number,
                         IMDISK_MAXIMUM_DEVICES - 1);
    }
    code = store_text(key, L"FileName", number, disk->file_name, disk->file_name_length_bytes / sizeof(wchar_t));
    if (code == ERROR_SUCCESS) {
        code = store(key, L"Size", number, REG_QWORD, &disk->size_bytes, sizeof(disk->size_bytes));
    }
    if (code == ERROR_SUCCESS) {
        code = store(key, L"Flags", number, REG_DWORD, &disk->flags, sizeof(disk->flags));
    }
    if (code == ERROR_SUCCESS) {
        code = store_text(key, L"DriveLetter", number, &letter, letter != 0 ? 1 : 0);
    }
    if (code == ERROR_SUCCESS) {
        code =
            store(key, L"ImageOffset", number, REG_QWORD, &disk->image_offset_bytes, sizeof(disk->image_offset_bytes));
    }
    /* Last: a disk that is only half there must not be created. */
    if (code == ERROR_SUCCESS && number >= count) {
        code = store_load_devices(key, number + 1);
    }
    RegCloseKey(key);
    return code == ERROR_SUCCESS ? BALLAST_OK : registry_error(code, L"write to", error);
}

static int is_saved(HKEY key, uint32_t number)
{
    for (size_t i = 0; i < sizeof(value_names) / sizeof(value_names[0]); i++) {
        wchar_t text[32];
        value_name(value_names[i], number, text);
        if (RegQueryValueExW(key, text, NULL, NULL, NULL, NULL) == ERROR_SUCCESS) {
            return 1;
        }
    }
    return 0;
}

static DWORD delete_values(HKEY key, uint32_t number)
{
    for (size_t i = 0; i < sizeof(value_names) / sizeof(value_names[0]); i++) {
        wchar_t text[32];
        value_name(value_names[i], number, text);
        LONG code = RegDeleteValueW(key, text);
        if (code != ERROR_SUCCESS && code != ERROR_FILE_NOT_FOUND) {
            return (DWORD)code;
        }
    }
    return ERROR_SUCCESS;
}

ballast_result ballast_boot_disk_remove(uint32_t number, ballast_error *error)
{
    HKEY key;
    DWORD code = (DWORD)RegOpenKeyExW(HKEY_LOCAL_MACHINE, PARAMETERS_KEY, 0, KEY_QUERY_VALUE | KEY_SET_VALUE, &key);
    if (code == ERROR_FILE_NOT_FOUND) {
        return BALLAST_OK;
    }
    if (code != ERROR_SUCCESS) {
        return registry_error(code, L"open", error);
    }
    code = delete_values(key, number);
    if (code == ERROR_SUCCESS && number < IMDISK_MAXIMUM_DEVICES && load_devices(key) == number + 1) {
        uint32_t count = number;
        /* Holes below it count no longer, either. */
        while (count != 0 && !is_saved(key, count - 1)) {
            count--;
        }
        code = store_load_devices(key, count);
    }
    RegCloseKey(key);
    return code == ERROR_SUCCESS ? BALLAST_OK : registry_error(code, L"write to", error);
}
