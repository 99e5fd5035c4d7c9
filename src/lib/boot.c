/* SPDX-License-Identifier: MIT */
/* The disks that the driver creates when it is loaded; boot.h has the contract. */

#include "lib/boot.h"
#include "lib/parameters.h"

#include <string.h>
#include <wchar.h>

#define COUNT L"LoadDevices"

/* What is stored of disk n, as <name>n. */
static const wchar_t *const value_names[] = {L"FileName", L"Size", L"Flags", L"DriveLetter", L"ImageOffset"};
enum { VALUE_NAME, VALUE_SIZE, VALUE_FLAGS, VALUE_LETTER, VALUE_OFFSET, VALUES };

static void value_name(int value, uint32_t number, wchar_t text[32])
{
    (void)swprintf(text, 32, L"%ls%u", value_names[value], number);
}

static DWORD load_count(HKEY key, uint32_t *count)
{
    DWORD type = 0;
    DWORD size = sizeof(*count);
    *count = 0;
    DWORD code = (DWORD)RegQueryValueExW(key, COUNT, NULL, &type, (BYTE *)count, &size);
    if (code == ERROR_FILE_NOT_FOUND) {
        *count = 0;
        return 0;
    }
    if (code == ERROR_MORE_DATA || (code == 0 && (type != REG_DWORD || size != sizeof(*count)))) {
        return ERROR_INVALID_DATA;
    }
    return code;
}

static DWORD store_count(HKEY key, uint32_t count)
{
    return (DWORD)RegSetValueExW(key, COUNT, 0, REG_DWORD, (const BYTE *)&count, sizeof(count));
}

static DWORD delete_value(HKEY key, int value, uint32_t number)
{
    wchar_t text[32];
    value_name(value, number, text);
    DWORD code = (DWORD)RegDeleteValueW(key, text);
    return code == ERROR_FILE_NOT_FOUND ? 0 : code;
}

/* Stores a value; removes it if it is empty or zero. */
static DWORD store(HKEY key, int value, uint32_t number, DWORD type, const void *data, DWORD size)
{
    static const unsigned char zeros[sizeof(uint64_t)];
    wchar_t text[32];
    if (size == 0 || (type != REG_SZ && memcmp(data, zeros, size) == 0)) {
        return delete_value(key, value, number);
    }
    value_name(value, number, text);
    return (DWORD)RegSetValueExW(key, text, 0, type, data, size);
}

static DWORD store_text(HKEY key, int value, uint32_t number, const uint16_t *text, size_t length)
{
    DWORD code = ERROR_NOT_ENOUGH_MEMORY;
    wchar_t *copy = HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, (length + 1) * sizeof(wchar_t));
    if (copy != NULL) {
        memcpy(copy, text, length * sizeof(wchar_t));
        code = store(key, value, number, REG_SZ, copy, length == 0 ? 0 : (DWORD)((length + 1) * sizeof(wchar_t)));
        HeapFree(GetProcessHeap(), 0, copy);
    }
    return code;
}

static DWORD store_values(HKEY key, uint32_t number, const struct imdisk_create_data *disk)
{
    uint16_t letter = disk->drive_letter;
    DWORD code = store_text(key, VALUE_NAME, number, disk->file_name, disk->file_name_length_bytes / sizeof(wchar_t));
    if (code == 0) {
        code = store(key, VALUE_SIZE, number, REG_QWORD, &disk->size_bytes, sizeof(disk->size_bytes));
    }
    if (code == 0) {
        code = store(key, VALUE_FLAGS, number, REG_DWORD, &disk->flags, sizeof(disk->flags));
    }
    if (code == 0) {
        code = store_text(key, VALUE_LETTER, number, &letter, letter != 0 ? 1 : 0);
    }
    if (code == 0) {
        code = store(key, VALUE_OFFSET, number, REG_QWORD, &disk->image_offset_bytes, sizeof(disk->image_offset_bytes));
    }
    return code;
}

DWORD boot_disks_count(uint32_t *count)
{
    HKEY key;
    *count = 0;
    DWORD code = (DWORD)RegOpenKeyExW(HKEY_LOCAL_MACHINE, PARAMETERS_KEY, 0, KEY_QUERY_VALUE, &key);
    if (code == 0) {
        code = load_count(key, count);
        RegCloseKey(key);
    }
    return code == ERROR_FILE_NOT_FOUND ? 0 : code;
}

DWORD boot_disk_store(const struct imdisk_create_data *disk, uint32_t *number)
{
    HKEY key;
    uint32_t count;
    DWORD code = (DWORD)RegCreateKeyExW(HKEY_LOCAL_MACHINE, PARAMETERS_KEY, 0, NULL, 0, KEY_QUERY_VALUE | KEY_SET_VALUE,
                                        NULL, &key, NULL);
    if (code != 0) {
        return code;
    }
    code = load_count(key, &count);
    uint32_t chosen = *number == IMDISK_AUTO_DEVICE_NUMBER ? count : *number;
    if (code == 0 && chosen >= IMDISK_MAXIMUM_DEVICES) {
        code = ERROR_INVALID_PARAMETER;
    }
    if (code == 0) {
        code = store_values(key, chosen, disk);
    }
    /* Last: a disk that is only half there must not be created. */
    if (code == 0 && chosen >= count) {
        code = store_count(key, chosen + 1);
    }
    if (code == 0) {
        *number = chosen;
    }
    RegCloseKey(key);
    return code;
}

static bool is_stored(HKEY key, uint32_t number)
{
    for (int value = 0; value < VALUES; value++) {
        wchar_t text[32];
        value_name(value, number, text);
        if (RegQueryValueExW(key, text, NULL, NULL, NULL, NULL) == ERROR_SUCCESS) {
            return true;
        }
    }
    return false;
}

DWORD boot_disk_delete(uint32_t number, bool holes)
{
    HKEY key;
    uint32_t count;
    DWORD code = (DWORD)RegOpenKeyExW(HKEY_LOCAL_MACHINE, PARAMETERS_KEY, 0, KEY_QUERY_VALUE | KEY_SET_VALUE, &key);
    if (code != 0) {
        return code;
    }
    code = load_count(key, &count);
    for (int value = 0; code == 0 && value < VALUES; value++) {
        code = delete_value(key, value, number);
    }
    if (code == 0 && number < IMDISK_MAXIMUM_DEVICES && count == number + 1) {
        count = number;
        while (holes && count != 0 && !is_stored(key, count - 1)) {
            count--;
        }
        code = store_count(key, count);
    }
    RegCloseKey(key);
    return code;
}

static ballast_result boot_result(DWORD code, ballast_error *error)
{
    return code == 0
               ? BALLAST_OK
               : error_set(error, result_of(code), code, L"cannot write to registry key 'HKLM\\%ls'", PARAMETERS_KEY);
}

ballast_result ballast_boot_disk_save(const struct imdisk_create_data *disk, ballast_error *error)
{
    uint32_t number = disk->device_number;
    DWORD code = boot_disk_store(disk, &number);
    if (code == ERROR_INVALID_PARAMETER) {
        return error_set(error, BALLAST_INVALID_ARGUMENT, 0, L"cannot store disk %u; the largest number is %u", number,
                         IMDISK_MAXIMUM_DEVICES - 1);
    }
    return boot_result(code, error);
}

ballast_result ballast_boot_disk_remove(uint32_t number, ballast_error *error)
{
    DWORD code = boot_disk_delete(number, true);
    return boot_result(code == ERROR_FILE_NOT_FOUND ? 0 : code, error);
}
