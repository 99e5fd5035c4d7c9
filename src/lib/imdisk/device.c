/* SPDX-License-Identifier: MIT */
/* Opening disks, listing them, asking them. */

#include "lib/imdisk/internal.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define OPEN_SYNCHRONOUS 0x20u /* FILE_SYNCHRONOUS_IO_NONALERT */
#define DOS_DEVICES      L"\\DosDevices\\"
#define DOS_DEVICES_SIZE 12u

/* MOUNTPOINT reparse data; the Windows headers for programs lack it. */
struct reparse_data {
    DWORD tag;
    WORD length;
    WORD reserved;
    WORD substitute_offset;
    WORD substitute_length;
    WORD print_offset;
    WORD print_length;
    wchar_t path[1];
};
_Static_assert(offsetof(struct reparse_data, path) == 16, "layout of the system");

HANDLE WINAPI ImDiskOpenDeviceByName(PUNICODE_STRING name, DWORD access)
{
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK io;
    HANDLE device;
    if (name == NULL || name->Buffer == NULL || name->Length == 0) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return INVALID_HANDLE_VALUE;
    }
    InitializeObjectAttributes(&attributes, name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    NTSTATUS status = NtOpenFile(&device, access | SYNCHRONIZE, &attributes, &io, FILE_SHARE_READ | FILE_SHARE_WRITE,
                                 OPEN_SYNCHRONOUS);
    if (status < 0) {
        SetLastError(RtlNtStatusToDosError(status));
        return INVALID_HANDLE_VALUE;
    }
    return device;
}

static HANDLE open_by_text(const wchar_t *text, DWORD access)
{
    UNICODE_STRING name;
    if (wcslen(text) > MAXIMUM_NAME) {
        SetLastError(ERROR_FILENAME_EXCED_RANGE);
        return INVALID_HANDLE_VALUE;
    }
    RtlInitUnicodeString(&name, text);
    return ImDiskOpenDeviceByName(&name, access);
}

HANDLE WINAPI ImDiskOpenDeviceByNumber(DWORD number, DWORD access)
{
    wchar_t name[32];
    (void)swprintf(name, 32, DISK_DEVICE L"%lu", (unsigned long)number);
    return open_by_text(name, access);
}

wchar_t drive_of(LPCWSTR mount_point)
{
    wchar_t upper = (wchar_t)(mount_point[0] & ~0x20);
    return upper >= L'A' && upper <= L'Z' && mount_point[1] == L':' &&
                   (mount_point[2] == 0 || ((mount_point[2] == L'\\' || mount_point[2] == L'/') && mount_point[3] == 0))
               ? upper
               : 0;
}

/* ---- junctions ---- */

static wchar_t *substitute_name(const struct reparse_data *data, DWORD returned)
{
    size_t room = returned > offsetof(struct reparse_data, path) ? returned - offsetof(struct reparse_data, path) : 0;
    size_t length = data->substitute_length / sizeof(wchar_t);
    if (room == 0 || data->tag != IO_REPARSE_TAG_MOUNT_POINT) {
        SetLastError(ERROR_NOT_A_REPARSE_POINT);
        return NULL;
    }
    if (data->substitute_offset > room || data->substitute_length > room - data->substitute_offset || length == 0) {
        SetLastError(ERROR_INVALID_REPARSE_DATA);
        return NULL;
    }
    wchar_t *name = malloc((length + 1) * sizeof(wchar_t));
    if (name == NULL) {
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
        return NULL;
    }
    memcpy(name, (const char *)data->path + data->substitute_offset, length * sizeof(wchar_t));
    length -= name[length - 1] == L'\\';
    name[length] = 0;
    return name;
}

wchar_t *read_junction(LPCWSTR directory)
{
    HANDLE handle = CreateFileW(directory, FILE_READ_ATTRIBUTES, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                                OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
    if (handle == INVALID_HANDLE_VALUE) {
        return NULL;
    }
    DWORD returned = 0;
    wchar_t *name = NULL;
    struct reparse_data *data = calloc(1, MAXIMUM_REPARSE_DATA_BUFFER_SIZE);
    DWORD code = data == NULL ? ERROR_NOT_ENOUGH_MEMORY
                              : device_control(handle, FSCTL_GET_REPARSE_POINT, NULL, 0, data,
                                               MAXIMUM_REPARSE_DATA_BUFFER_SIZE, &returned);
    CloseHandle(handle);
    SetLastError(code);
    if (code == 0) {
        name = substitute_name(data, returned);
        code = GetLastError();
    }
    free(data);
    SetLastError(code);
    return name;
}

/* "\\?\Name" and "\\.\Name", without or with a backslash at the end, but no path behind it. */
static BOOL is_device_path(LPCWSTR path)
{
    if (wcsncmp(path, L"\\\\?\\", 4) != 0 && wcsncmp(path, L"\\\\.\\", 4) != 0) {
        return FALSE;
    }
    const wchar_t *end = wcschr(path + 4, L'\\');
    return path[4] != 0 && (end == NULL || end[1] == 0);
}

HANDLE WINAPI ImDiskOpenDeviceByMountPoint(LPCWSTR mount_point, DWORD access)
{
    if (mount_point == NULL || mount_point[0] == 0) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return INVALID_HANDLE_VALUE;
    }
    size_t length = wcslen(mount_point);
    if (length > MAXIMUM_NAME - DOS_DEVICES_SIZE) {
        SetLastError(ERROR_FILENAME_EXCED_RANGE);
        return INVALID_HANDLE_VALUE;
    }
    wchar_t *name;
    if (drive_of(mount_point) != 0 || is_device_path(mount_point)) {
        const wchar_t *device = drive_of(mount_point) != 0 ? mount_point : mount_point + 4;
        name = malloc((DOS_DEVICES_SIZE + length + 1) * sizeof(wchar_t));
        if (name == NULL) {
            SetLastError(ERROR_NOT_ENOUGH_MEMORY);
            return INVALID_HANDLE_VALUE;
        }
        wcscpy(name, DOS_DEVICES);
        wcscat(name, device);
        length = wcslen(name);
        name[length - (name[length - 1] == L'\\')] = 0;
    } else {
        name = read_junction(mount_point);
        if (name == NULL) {
            return INVALID_HANDLE_VALUE;
        }
    }
    HANDLE device = open_by_text(name, access);
    DWORD code = GetLastError();
    free(name);
    SetLastError(code);
    return device;
}

static HANDLE open_either(DWORD number, LPCWSTR mount_point, DWORD access)
{
    return mount_point != NULL && mount_point[0] != 0 ? ImDiskOpenDeviceByMountPoint(mount_point, access)
                                                      : ImDiskOpenDeviceByNumber(number, access);
}

BOOL WINAPI ImDiskCheckDriverVersion(HANDLE device)
{
    uint32_t version = 0;
    DWORD returned = 0;
    DWORD code = device_control(device, IMDISK_IOCTL_QUERY_VERSION, NULL, 0, &version, sizeof(version), &returned);
    if (code == 0 && returned < sizeof(version)) {
        code = ERROR_INVALID_FUNCTION; /* some other driver's code */
    }
    SetLastError(code);
    return code == 0 && version == IMDISK_VERSION;
}

HANDLE open_disk_somehow(DWORD number, LPCWSTR mount_point)
{
    static const DWORD rights[] = {GENERIC_READ | GENERIC_WRITE, GENERIC_READ, FILE_READ_ATTRIBUTES};
    HANDLE disk = INVALID_HANDLE_VALUE;
    for (size_t i = 0; i < 3 && disk == INVALID_HANDLE_VALUE; i++) {
        disk = open_either(number, mount_point, rights[i]);
        if (disk == INVALID_HANDLE_VALUE && result_of(GetLastError()) == BALLAST_NOT_FOUND) {
            break;
        }
    }
    if (disk != INVALID_HANDLE_VALUE && !ImDiskCheckDriverVersion(disk)) {
        DWORD code = GetLastError() != NO_ERROR ? GetLastError() : ERROR_REVISION_MISMATCH;
        CloseHandle(disk);
        SetLastError(code);
        return INVALID_HANDLE_VALUE;
    }
    return disk;
}

/* ---- queries ---- */

static HANDLE open_control_for_query(void)
{
    return open_by_text(CONTROL_DEVICE, QUERY_ACCESS);
}

ULONGLONG WINAPI ImDiskGetDeviceList(void)
{
    uint64_t bitmap = 0;
    DWORD returned = 0;
    HANDLE control = open_control_for_query();
    if (control == INVALID_HANDLE_VALUE) {
        return 0;
    }
    DWORD code = device_control(control, IMDISK_IOCTL_QUERY_DRIVER, NULL, 0, &bitmap, sizeof(bitmap), &returned);
    CloseHandle(control);
    SetLastError(code);
    return code == 0 && returned >= sizeof(bitmap) ? bitmap : 0;
}

BOOL WINAPI ImDiskGetDeviceListEx(ULONG count, PULONG list)
{
    DWORD returned = 0;
    /* With room for less the driver would answer with a bitmap. */
    if (list == NULL || count < 3) {
        return fail(ERROR_INVALID_PARAMETER);
    }
    HANDLE control = open_control_for_query();
    if (control == INVALID_HANDLE_VALUE) {
        return FALSE;
    }
    DWORD size = count < IMDISK_MAXIMUM_DEVICES + 3 ? count * (DWORD)sizeof(ULONG)
                                                    : (IMDISK_MAXIMUM_DEVICES + 3) * (DWORD)sizeof(ULONG);
    DWORD code = device_control(control, IMDISK_IOCTL_QUERY_DRIVER, NULL, 0, list, size, &returned);
    CloseHandle(control);
    if (code != 0 || returned < sizeof(ULONG)) {
        return fail(code != 0 ? code : ERROR_INVALID_DATA);
    }
    if (list[0] >= returned / sizeof(ULONG)) {
        return fail(ERROR_MORE_DATA);
    }
    SetLastError(NO_ERROR);
    return TRUE;
}

static BOOL query(HANDLE device, struct imdisk_create_data *data, ULONG size)
{
    DWORD returned = 0;
    DWORD code = device_control(device, IMDISK_IOCTL_QUERY_DEVICE, NULL, 0, data, size, &returned);
    if (code == 0 && (returned < IMDISK_CREATE_DATA_MINIMUM ||
                      returned < IMDISK_CREATE_DATA_MINIMUM + (DWORD)data->file_name_length_bytes)) {
        code = ERROR_INVALID_PARAMETER;
    }
    SetLastError(code);
    return code == 0;
}

BOOL WINAPI ImDiskQueryDevice(DWORD number, struct imdisk_create_data *data, ULONG size)
{
    if (data == NULL || size < IMDISK_CREATE_DATA_SIZE) {
        return fail(ERROR_INVALID_PARAMETER);
    }
    HANDLE device = ImDiskOpenDeviceByNumber(number, QUERY_ACCESS);
    if (device == INVALID_HANDLE_VALUE) {
        return FALSE;
    }
    BOOL known = query(device, data, size);
    DWORD code = GetLastError();
    CloseHandle(device);
    SetLastError(code);
    return known;
}

struct imdisk_create_data *query_disk(HANDLE device)
{
    struct imdisk_create_data *data = malloc(QUERY_SIZE);
    if (data == NULL) {
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
    } else if (!query(device, data, QUERY_SIZE)) {
        DWORD code = GetLastError();
        free(data);
        SetLastError(code);
        data = NULL;
    }
    return data;
}

/* ---- sizes ---- */

static BOOL size_by_geometry(HANDLE device, uint64_t *size)
{
    DISK_GEOMETRY geometry;
    DWORD returned = 0;
    DWORD code = device_control(device, IOCTL_DISK_GET_DRIVE_GEOMETRY, NULL, 0, &geometry, sizeof(geometry), &returned);
    if (code != 0 || returned < sizeof(geometry)) {
        return fail(code != 0 ? code : ERROR_INVALID_DATA);
    }
    uint64_t product = (uint64_t)geometry.Cylinders.QuadPart;
    if (geometry.Cylinders.QuadPart < 0 || __builtin_mul_overflow(product, geometry.TracksPerCylinder, &product) ||
        __builtin_mul_overflow(product, geometry.SectorsPerTrack, &product) ||
        __builtin_mul_overflow(product, geometry.BytesPerSector, &product) || product > INT64_MAX) {
        return fail(ERROR_ARITHMETIC_OVERFLOW);
    }
    *size = product;
    return TRUE;
}

BOOL WINAPI ImDiskGetVolumeSize(HANDLE device, PLONGLONG size)
{
    GET_LENGTH_INFORMATION length;
    PARTITION_INFORMATION partition;
    DWORD returned = 0;
    uint64_t product;
    if (size == NULL) {
        return fail(ERROR_INVALID_PARAMETER);
    }
    if (disk_length(device, &product) == 0) { /* Ballast's own, which needs no right to read */
        *size = (LONGLONG)product;
        return TRUE;
    }
    (void)device_control(device, IOCTL_DISK_UPDATE_PROPERTIES, NULL, 0, NULL, 0, NULL);
    if (device_control(device, IOCTL_DISK_GET_LENGTH_INFO, NULL, 0, &length, sizeof(length), &returned) == 0 &&
        returned >= sizeof(length)) {
        *size = length.Length.QuadPart;
        return TRUE;
    }
    if (device_control(device, IOCTL_DISK_GET_PARTITION_INFO, NULL, 0, &partition, sizeof(partition), &returned) == 0 &&
        returned >= sizeof(partition)) {
        *size = partition.PartitionLength.QuadPart;
        return TRUE;
    }
    if (!size_by_geometry(device, &product)) {
        return FALSE;
    }
    *size = (LONGLONG)product;
    return TRUE;
}
