/* SPDX-License-Identifier: MIT */
/*
 * Every export of imdisk.cpl, called as ImDisk programs do: by name. The current directory holds the images that
 * imdisk_cpl.sh has made; the driver is installed. Disks are those of this program alone.
 */

#include "tests/wine/imdisk_cpl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define PARAMETERS_KEY L"SYSTEM\\CurrentControlSet\\Services\\ImDisk\\Parameters"

static bool in_wine(void)
{
    return GetProcAddress(GetModuleHandleA("ntdll.dll"), "wine_get_version") != NULL;
}

/* ---- disks and names ---- */

static void remove_disk(DWORD number)
{
    CHECK(CALL(ImDiskForceRemoveDevice)(NULL, number));
}

static void query(DWORD number, struct imdisk_create_data **data)
{
    static _Alignas(8) unsigned char buffer[70000];
    memset(buffer, 0, sizeof(buffer));
    *data = (struct imdisk_create_data *)(void *)buffer;
    CHECK(CALL(ImDiskQueryDevice)(number, *data, sizeof(buffer)));
}

static void write_byte(DWORD number)
{
    unsigned char sector[512] = {0x5A};
    DWORD done = 0;
    HANDLE disk = CALL(ImDiskOpenDeviceByNumber)(number, GENERIC_READ | GENERIC_WRITE);
    CHECK(disk != INVALID_HANDLE_VALUE && WriteFile(disk, sector, sizeof(sector), &done, NULL) && done == 512);
    CloseHandle(disk);
}

/* 64 KiB of name. */
static wchar_t *long_name(void)
{
    wchar_t *name = malloc(65537 * sizeof(*name));
    for (size_t i = 0; i < 65536; i++) {
        name[i] = L"C:\\x"[i < 3 ? i : 3];
    }
    name[65536] = 0;
    return name;
}

/* ---- the library ---- */

void versions_services_and_flags(void)
{
    ULONG library = 0;
    ULONG driver = 0;
    wchar_t imdisk[] = L"ImDisk";
    wchar_t missing[] = L"NoSuchService";
    wchar_t empty[] = L"";
    CHECK(CALL(ImDiskStartService)(imdisk)); /* not running yet: the script has only installed it */
    CHECK(CALL(ImDiskStartService)(imdisk));
    CHECK_FAILS(CALL(ImDiskStartService)(missing), ERROR_SERVICE_DOES_NOT_EXIST);
    CHECK_FAILS(CALL(ImDiskStartService)(empty), ERROR_INVALID_PARAMETER);
    CHECK(CALL(ImDiskGetVersion)(&library, &driver));
    CHECK_EQUAL(library, 0x0212);
    CHECK_EQUAL(driver, 0x0103);
    CHECK(CALL(ImDiskGetVersion)(NULL, NULL));
    CHECK_EQUAL(CALL(ImDiskSetAPIFlags)(0x8000000000000003u), 0);
    CHECK_EQUAL(CALL(ImDiskGetAPIFlags)(), 0x8000000000000003u);
    CHECK_EQUAL(CALL(ImDiskSetAPIFlags)(IMDISK_API_NO_BROADCAST_NOTIFY), 0x8000000000000003u);
    CHECK(CALL(ImDiskIsProcessElevated)() || !in_wine());
}

void formatted_text(void)
{
    LPWSTR wide = CALL(ImDiskAllocPrintF)(L"%1!s! has %2!u! disks%0", L"This", 3);
    LPSTR narrow = CALL(ImDiskAllocPrintFA)("%1!s!-%2!s!%0", "a", "b");
    CHECK(wide != NULL && wcscmp(wide, L"This has 3 disks") == 0);
    CHECK(narrow != NULL && strcmp(narrow, "a-b") == 0);
    LocalFree(wide);
    LocalFree(narrow);
    CHECK_FAILS(CALL(ImDiskAllocPrintF)(NULL), ERROR_INVALID_PARAMETER);
    CHECK_FAILS(CALL(ImDiskAllocPrintFA)(NULL), ERROR_INVALID_PARAMETER);
    CHECK_FAILS(CALL(ImDiskMsgBoxPrintF)(NULL, MB_OK, NULL, NULL), ERROR_INVALID_PARAMETER);
}

/* The answer to a question of this style when `typed` is what the user types. */
static int console_answer(UINT style, const char *typed, char *printed, DWORD size)
{
    HANDLE input_read;
    HANDLE input_write;
    HANDLE output_read;
    HANDLE output_write;
    DWORD done = 0;
    HANDLE input = GetStdHandle(STD_INPUT_HANDLE);
    HANDLE output = GetStdHandle(STD_ERROR_HANDLE);
    CHECK(CreatePipe(&input_read, &input_write, NULL, 4096) && CreatePipe(&output_read, &output_write, NULL, 4096));
    CHECK(typed[0] == 0 || WriteFile(input_write, typed, (DWORD)strlen(typed), &done, NULL));
    CloseHandle(input_write);
    SetStdHandle(STD_INPUT_HANDLE, input_read);
    SetStdHandle(STD_ERROR_HANDLE, output_write);
    int answer = CALL(ImDiskConsoleMessageW)(NULL, L"Text", L"Caption", style);
    SetStdHandle(STD_INPUT_HANDLE, input);
    SetStdHandle(STD_ERROR_HANDLE, output);
    CloseHandle(output_write);
    done = 0;
    CHECK(ReadFile(output_read, printed, size - 1, &done, NULL));
    printed[done] = 0;
    CloseHandle(output_read);
    CloseHandle(input_read);
    return answer;
}

void console_messages(void)
{
    static const struct {
        UINT style;
        const char *typed;
        int answer;
    } rows[] = {
        {MB_OK, "", IDOK},
        {MB_OKCANCEL, "o\n", IDOK},
        {MB_OKCANCEL, "", IDCANCEL},
        {MB_YESNO, "Y\r\n", IDYES},
        {MB_YESNO | MB_ICONWARNING, "what\nno\n", IDNO},
        {MB_YESNO, "", IDNO},
        {MB_YESNOCANCEL, "y\n", IDYES},
        {MB_YESNOCANCEL, "x\n", IDCANCEL},
        {MB_RETRYCANCEL, "r\n", IDRETRY},
        {MB_ABORTRETRYIGNORE, "i\n", IDIGNORE},
        {MB_ABORTRETRYIGNORE, "", IDABORT},
    };
    char printed[512];
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        test_note("row %u", (unsigned)i);
        CHECK_EQUAL(console_answer(rows[i].style, rows[i].typed, printed, sizeof(printed)), rows[i].answer);
        CHECK(strncmp(printed, "Caption: Text", 13) == 0);
    }
    CHECK_EQUAL(CALL(ImDiskConsoleMessageA)(NULL, "# text", NULL, MB_OK), IDOK);
    CHECK_EQUAL(CALL(ImDiskConsoleMessageA)(NULL, NULL, NULL, MB_OK), IDOK);
}

void paths_become_win32(void)
{
    static const struct {
        const wchar_t *native, *win32;
    } rows[] = {
        {L"\\??\\C:\\x.img", L"C:\\x.img"},
        {L"\\??\\UNC\\server\\share", L"\\\\server\\share"},
        {L"\\DosDevices\\D:\\y", L"D:\\y"},
        {L"\\DosDevices\\UNC\\s\\t", L"\\\\s\\t"},
        {L"\\Device\\Harddisk0", L"\\Device\\Harddisk0"},
        {L"\\??", L"\\??"},
        {L"", L""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        wchar_t buffer[64];
        wchar_t *path = wcscpy(buffer, rows[i].native);
        CALL(ImDiskNativePathToWin32)(&path);
        test_note("row %u", (unsigned)i);
        CHECK(wcscmp(path, rows[i].win32) == 0);
    }
}

void the_refresh_event_opens(void)
{
    DWORD flags = 0;
    HANDLE event = CALL(ImDiskOpenRefreshEvent)(FALSE);
    HANDLE inherited = CALL(ImDiskOpenRefreshEvent)(TRUE);
    CHECK(event != NULL && inherited != NULL);
    CHECK(GetHandleInformation(inherited, &flags) && (flags & HANDLE_FLAG_INHERIT) != 0);
    CHECK(GetHandleInformation(event, &flags) && (flags & HANDLE_FLAG_INHERIT) == 0);
    CHECK_EQUAL(WaitForSingleObject(event, 0), WAIT_TIMEOUT);
    CloseHandle(event);
    CloseHandle(inherited);
}

/* ---- disks ---- */

void disks_are_listed(void)
{
    ULONG list[8];
    DWORD far_number = 100;
    DISK_GEOMETRY geometry = {.Cylinders.QuadPart = 2 * MIB};
    CHECK(CALL(ImDiskGetDeviceListEx)(3, list));
    CHECK_EQUAL(list[0], 0);
    DWORD first = create_memory_disk(MIB, NULL);
    DWORD second = create_memory_disk(3 * MIB, NULL);
    CHECK_EQUAL(CALL(ImDiskGetDeviceList)(), 1ull << first | 1ull << second);
    CHECK(CALL(ImDiskGetDeviceListEx)(8, list));
    CHECK_EQUAL(list[0], 2);
    CHECK_EQUAL(list[1], second); /* newest first */
    CHECK_EQUAL(list[2], first);
    CHECK(CALL(ImDiskCreateDeviceEx)(NULL, &far_number, &geometry, NULL, 0, NULL, FALSE, NULL));
    CHECK_EQUAL(far_number, 100);
    CHECK_FAILS(CALL(ImDiskGetDeviceList)(), ERROR_INVALID_PARAMETER);
    CHECK_FAILS(CALL(ImDiskGetDeviceListEx)(3, list), ERROR_MORE_DATA);
    CHECK_EQUAL(list[0], 3);
    CHECK_FAILS(CALL(ImDiskGetDeviceListEx)(2, list), ERROR_INVALID_PARAMETER);
    remove_disk(far_number);
    remove_disk(second);
    remove_disk(first);
    CHECK_EQUAL(CALL(ImDiskGetDeviceList)(), 0);
}

void disks_are_opened(void)
{
    wchar_t letter[] = L"#:";
    wchar_t device[48];
    UNICODE_STRING name;
    LONGLONG size = 0;
    DWORD number = create_memory_disk(MIB, letter);
    wchar_t plain[40];
    wchar_t slash[40];
    CHECK(letter[0] >= L'D' && letter[0] <= L'Z');
    (void)_snwprintf(device, 48, L"\\Device\\ImDisk%lu", (unsigned long)number);
    (void)_snwprintf(plain, 40, L"\\\\.\\ImDisk%lu", (unsigned long)number);
    (void)_snwprintf(slash, 40, L"\\\\?\\ImDisk%lu\\", (unsigned long)number);
    RtlInitUnicodeString(&name, device);
    wchar_t root[] = {letter[0], L':', L'\\', 0};
    HANDLE handles[] = {
        CALL(ImDiskOpenDeviceByName)(&name, GENERIC_READ),
        CALL(ImDiskOpenDeviceByNumber)(number, GENERIC_READ),
        CALL(ImDiskOpenDeviceByMountPoint)(plain, GENERIC_READ),
        CALL(ImDiskOpenDeviceByMountPoint)(slash, GENERIC_READ),
        CALL(ImDiskOpenDeviceByMountPoint)(letter, GENERIC_READ),
        CALL(ImDiskOpenDeviceByMountPoint)(root, GENERIC_READ),
        CALL(ImDiskOpenDeviceByNumber)(number, FILE_READ_ATTRIBUTES),
    };
    for (size_t i = 0; i < sizeof(handles) / sizeof(handles[0]); i++) {
        test_note("handle %u", (unsigned)i);
        CHECK(handles[i] != INVALID_HANDLE_VALUE);
        CHECK(CALL(ImDiskCheckDriverVersion)(handles[i]));
        CHECK(CALL(ImDiskGetVolumeSize)(handles[i], &size) && size == MIB);
        CloseHandle(handles[i]);
    }
    HANDLE other = CreateFileW(L"fat.img", GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    SetLastError(0);
    CHECK(!CALL(ImDiskCheckDriverVersion)(other) && GetLastError() != NO_ERROR);
    SetLastError(0);
    CHECK(!CALL(ImDiskGetVolumeSize)(other, &size) && GetLastError() != NO_ERROR);
    CloseHandle(other);
    CHECK(CALL(ImDiskRemoveDevice)(NULL, 0, letter));
    CHECK_EQUAL(CALL(ImDiskGetDeviceList)(), 0);
}

void what_is_not_there_is_not_opened(void)
{
    UNICODE_STRING none = {0};
    wchar_t *name = long_name();
    static _Alignas(8) unsigned char data[128];
    CHECK_FAILS(CALL(ImDiskOpenDeviceByNumber)(63999, GENERIC_READ) != INVALID_HANDLE_VALUE, ERROR_FILE_NOT_FOUND);
    CHECK_FAILS(CALL(ImDiskOpenDeviceByName)(&none, GENERIC_READ) != INVALID_HANDLE_VALUE, ERROR_INVALID_PARAMETER);
    CHECK_FAILS(CALL(ImDiskOpenDeviceByMountPoint)(name, 0) != INVALID_HANDLE_VALUE, ERROR_FILENAME_EXCED_RANGE);
    CHECK_FAILS(CALL(ImDiskOpenDeviceByMountPoint)(L"", 0) != INVALID_HANDLE_VALUE, ERROR_INVALID_PARAMETER);
    CHECK(CALL(ImDiskOpenDeviceByMountPoint)(L"\\\\.\\ImDisk63999", 0) == INVALID_HANDLE_VALUE);
    CHECK(CALL(ImDiskOpenDeviceByMountPoint)(L"directory", 0) == INVALID_HANDLE_VALUE);
    CHECK(CALL(ImDiskOpenDeviceByMountPoint)(L"no such directory", 0) == INVALID_HANDLE_VALUE);
    CHECK_FAILS(CALL(ImDiskQueryDevice)(63999, (struct imdisk_create_data *)(void *)data, sizeof(data)),
                ERROR_FILE_NOT_FOUND);
    CHECK_FAILS(CALL(ImDiskQueryDevice)(0, (struct imdisk_create_data *)(void *)data, 55), ERROR_INVALID_PARAMETER);
    CHECK_FAILS(CALL(ImDiskForceRemoveDevice)(NULL, 63999), ERROR_FILE_NOT_FOUND);
    CHECK_FAILS(CALL(ImDiskForceRemoveDevice)(NULL, 0xFFFFFFFF), ERROR_FILE_NOT_FOUND);
    CHECK_FAILS(CALL(ImDiskRemoveDevice)(NULL, 63999, NULL), ERROR_FILE_NOT_FOUND);
    CHECK_FAILS(CALL(ImDiskChangeFlags)(NULL, 63999, NULL, 1, 1), ERROR_FILE_NOT_FOUND);
    SetLastError(0);
    CHECK(!CALL(ImDiskRemoveDevice)(NULL, 0, L"C:") && GetLastError() != 0); /* not ours: it stays */
    CHECK(GetFileAttributesW(L"C:\\") != INVALID_FILE_ATTRIBUTES);
    free(name);
}

void image_disks_are_created(void)
{
    struct imdisk_create_data *data;
    LARGE_INTEGER offset = {.QuadPart = 2048 * 512};
    DISK_GEOMETRY geometry = {.Cylinders.QuadPart = 16384 * 512};
    DWORD number = IMDISK_AUTO_DEVICE_NUMBER;
    wchar_t path[MAX_PATH];
    wchar_t native[MAX_PATH + 8];
    unsigned char boot[512];
    DWORD done;
    CHECK(CALL(ImDiskCreateDevice)(NULL, NULL, NULL, IMDISK_TYPE_FILE | IMDISK_OPTION_READ_ONLY, L"fat.img", FALSE,
                                   NULL));
    query(0, &data);
    CHECK_EQUAL(data->size_bytes, 1440 * 1024);
    CHECK_EQUAL(data->flags & IMDISK_DEVICE_TYPE_MASK, IMDISK_DEVICE_TYPE_FD);
    CHECK_EQUAL(data->sectors_per_track, 18);
    remove_disk(0);
    /* The first partition of an image, by its native name. */
    CHECK(GetFullPathNameW(L"mbr.img", MAX_PATH, path, NULL) != 0);
    (void)_snwprintf(native, MAX_PATH + 8, L"\\??\\%ls", path);
    CHECK(CALL(ImDiskCreateDeviceEx)(NULL, &number, &geometry, &offset, IMDISK_OPTION_READ_ONLY, native, TRUE, NULL));
    query(number, &data);
    CHECK_EQUAL(data->image_offset_bytes, offset.QuadPart);
    CHECK_EQUAL(data->size_bytes, geometry.Cylinders.QuadPart);
    CHECK_EQUAL(data->file_name_length_bytes, wcslen(native) * 2);
    HANDLE disk = CALL(ImDiskOpenDeviceByNumber)(number, GENERIC_READ);
    CHECK(ReadFile(disk, boot, 512, &done, NULL) && memcmp(boot + 82, "FAT", 3) * memcmp(boot + 54, "FAT", 3) == 0);
    CHECK(CALL(ImDiskForceRemoveDevice)(disk, 12345)); /* the handle's disk */
    CloseHandle(disk);
    CHECK_EQUAL(CALL(ImDiskGetDeviceList)(), 0);
}

void impossible_disks_are_refused(void)
{
    static const LONGLONG sizes[] = {-1, INT64_MIN, 0, 1, 65536};
    DISK_GEOMETRY geometry = {.Cylinders.QuadPart = MIB};
    LARGE_INTEGER offset = {.QuadPart = INT64_MAX};
    wchar_t taken[] = L"C:";
    wchar_t *name = long_name();
    DWORD number = 64000;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        DISK_GEOMETRY absurd = {.Cylinders.QuadPart = sizes[i]};
        test_note("size %lld", (long long)sizes[i]);
        CHECK_FAILS(CALL(ImDiskCreateDevice)(NULL, &absurd, NULL, IMDISK_TYPE_VM, NULL, FALSE, NULL),
                    ERROR_INVALID_PARAMETER);
    }
    CHECK_FAILS(CALL(ImDiskCreateDeviceEx)(NULL, &number, &geometry, NULL, 0, NULL, FALSE, NULL),
                ERROR_INVALID_PARAMETER);
    CHECK_EQUAL(number, 64000);
    CHECK_FAILS(CALL(ImDiskCreateDevice)(NULL, &geometry, NULL, 0, NULL, FALSE, taken), ERROR_ALREADY_ASSIGNED);
    CHECK_FAILS(CALL(ImDiskCreateDevice)(NULL, NULL, NULL, 0, L"none.img", FALSE, NULL), ERROR_FILE_NOT_FOUND);
    CHECK_FAILS(CALL(ImDiskCreateDevice)(NULL, NULL, &offset, IMDISK_OPTION_READ_ONLY, L"fat.img", FALSE, NULL),
                ERROR_INVALID_PARAMETER);
    CHECK_FAILS(CALL(ImDiskCreateDevice)(NULL, NULL, NULL, 0, name, TRUE, NULL), ERROR_FILENAME_EXCED_RANGE);
    CHECK_FAILS(CALL(ImDiskCreateDevice)(NULL, NULL, NULL, 0, name, FALSE, NULL), ERROR_FILENAME_EXCED_RANGE);
    CHECK_EQUAL(CALL(ImDiskGetDeviceList)(), 0);
    free(name);
}

void flags_and_sizes_change(void)
{
    struct imdisk_create_data *data;
    LARGE_INTEGER grow = {.QuadPart = MIB};
    DWORD number = create_memory_disk(MIB, NULL);
    CHECK(CALL(ImDiskChangeFlags)(NULL, number, NULL, IMDISK_OPTION_READ_ONLY, IMDISK_OPTION_READ_ONLY));
    query(number, &data);
    CHECK((data->flags & IMDISK_OPTION_READ_ONLY) != 0);
    CHECK_FAILS(CALL(ImDiskExtendDevice)(NULL, number, &grow), ERROR_WRITE_PROTECT);
    CHECK(CALL(ImDiskChangeFlags)(NULL, number, NULL, IMDISK_OPTION_READ_ONLY, 0));
    CHECK_FAILS(CALL(ImDiskChangeFlags)(NULL, number, NULL, 0x80000000u, 0), ERROR_INVALID_FUNCTION);
    CHECK(CALL(ImDiskExtendDevice)(NULL, number, &grow)); /* there is no file system: that is not grown */
    query(number, &data);
    CHECK_EQUAL(data->size_bytes, 2 * MIB);
    static const LONGLONG absurd[] = {0, -1, INT64_MIN, INT64_MAX};
    for (size_t i = 0; i < sizeof(absurd) / sizeof(absurd[0]); i++) {
        grow.QuadPart = absurd[i];
        SetLastError(0);
        CHECK(!CALL(ImDiskExtendDevice)(NULL, number, &grow) && GetLastError() != 0);
    }
    query(number, &data);
    CHECK_EQUAL(data->size_bytes, 2 * MIB);
    CHECK(CALL(ImDiskRemoveDevice)(NULL, number, NULL));
    CHECK_EQUAL(CALL(ImDiskGetDeviceList)(), 0);
}

/* ---- mount points ---- */

void letters_are_mount_points(void)
{
    wchar_t drive[] = {CALL(ImDiskFindFreeDriveLetter)(), L':', 0};
    wchar_t bad[] = L"1:";
    wchar_t device[40];
    DWORD number = create_memory_disk(MIB, NULL);
    (void)_snwprintf(device, 40, L"\\Device\\ImDisk%lu", (unsigned long)number);
    CHECK(drive[0] >= L'D' && drive[0] <= L'Z');
    CHECK(CALL(ImDiskCreateMountPoint)(drive, device));
    HANDLE disk = CALL(ImDiskOpenDeviceByMountPoint)(drive, GENERIC_READ);
    CHECK(disk != INVALID_HANDLE_VALUE && CALL(ImDiskCheckDriverVersion)(disk));
    CloseHandle(disk);
    CHECK(CALL(ImDiskFindFreeDriveLetter)() != drive[0]);
    CHECK_FAILS(CALL(ImDiskCreateMountPoint)(drive, L"\\Device\\Null"), ERROR_ALREADY_ASSIGNED);
    CHECK_EQUAL(CALL(ImDiskSetAPIFlags)(0), IMDISK_API_NO_BROADCAST_NOTIFY);
    CHECK(CALL(ImDiskNotifyShellDriveLetter)(NULL, drive));
    CHECK(CALL(ImDiskNotifyRemovePending)(NULL, drive[0]));
    CHECK(CALL(ImDiskRemoveMountPoint)(drive)); /* with notifications */
    CALL(ImDiskSetAPIFlags)(IMDISK_API_NO_BROADCAST_NOTIFY);
    CHECK(CALL(ImDiskOpenDeviceByMountPoint)(drive, GENERIC_READ) == INVALID_HANDLE_VALUE);
    CHECK_FAILS(CALL(ImDiskRemoveMountPoint)(drive), ERROR_FILE_NOT_FOUND);
    CHECK_FAILS(CALL(ImDiskNotifyShellDriveLetter)(NULL, bad), ERROR_INVALID_PARAMETER);
    CHECK_FAILS(CALL(ImDiskNotifyRemovePending)(NULL, L'1'), ERROR_INVALID_PARAMETER);
    CHECK_FAILS(CALL(ImDiskCreateMountPoint)(L"", device), ERROR_INVALID_PARAMETER);
    remove_disk(number);
}

/* The driver reports the letter a disk was given even if another disk has it. */
void letters_of_other_disks_stay(void)
{
    static _Alignas(8) unsigned char buffer[IMDISK_CREATE_DATA_SIZE];
    struct imdisk_create_data *data = (struct imdisk_create_data *)(void *)buffer;
    wchar_t drive[] = L"#:";
    UNICODE_STRING name;
    DWORD done;
    DWORD first = create_memory_disk(MIB, drive);
    RtlInitUnicodeString(&name, L"\\Device\\ImDiskCtl");
    HANDLE control = CALL(ImDiskOpenDeviceByName)(&name, GENERIC_READ | GENERIC_WRITE);
    memset(buffer, 0, sizeof(buffer));
    data->device_number = IMDISK_AUTO_DEVICE_NUMBER;
    data->size_bytes = MIB;
    data->drive_letter = drive[0];
    CHECK(DeviceIoControl(control, IMDISK_IOCTL_CREATE_DEVICE, buffer, sizeof(buffer), buffer, sizeof(buffer), &done,
                          NULL));
    CloseHandle(control);
    CHECK(data->device_number != first && data->drive_letter == drive[0]);
    CHECK(CALL(ImDiskRemoveDevice)(NULL, data->device_number, NULL));
    HANDLE disk = CALL(ImDiskOpenDeviceByMountPoint)(drive, GENERIC_READ);
    CHECK(disk != INVALID_HANDLE_VALUE);
    CloseHandle(disk);
    CHECK(CALL(ImDiskRemoveDevice)(NULL, first, NULL));
    CHECK(CALL(ImDiskOpenDeviceByMountPoint)(drive, GENERIC_READ) == INVALID_HANDLE_VALUE);
    CHECK_EQUAL(CALL(ImDiskGetDeviceList)(), 0);
}

void directories_are_mount_points(void)
{
    wchar_t device[40];
    wchar_t directory[] = L"directory";
    DISK_GEOMETRY geometry = {.Cylinders.QuadPart = MIB};
    DWORD number = create_memory_disk(MIB, NULL);
    (void)_snwprintf(device, 40, L"\\Device\\ImDisk%lu", (unsigned long)number);
    SetLastError(0);
    BOOL mounted = CALL(ImDiskCreateMountPoint)(directory, device);
    if (mounted) {
        HANDLE disk = CALL(ImDiskOpenDeviceByMountPoint)(directory, GENERIC_READ);
        CHECK(disk != INVALID_HANDLE_VALUE && CALL(ImDiskCheckDriverVersion)(disk));
        CloseHandle(disk);
        CHECK(CALL(ImDiskRemoveMountPoint)(directory));
    } else {
        CHECK(GetLastError() != 0);
        SetLastError(0);
        CHECK(!CALL(ImDiskRemoveMountPoint)(directory) && GetLastError() != 0);
        /* A disk whose mount point fails is not left behind. */
        CHECK(!CALL(ImDiskCreateDevice)(NULL, &geometry, NULL, IMDISK_TYPE_VM, NULL, FALSE, directory));
        CHECK_EQUAL(CALL(ImDiskGetDeviceList)(), 1ull << number);
    }
    remove_disk(number);
    if (!mounted && in_wine()) {
        test_skip("Wine 8 has no junctions");
    }
}

/* ---- saving ---- */

void disks_are_saved(void)
{
    struct imdisk_create_data *data;
    LARGE_INTEGER size = {.QuadPart = 1440 * 1024};
    DWORD length;
    CHECK(CALL(ImDiskCreateDevice)(NULL, NULL, NULL, IMDISK_TYPE_VM, L"fat.img", FALSE, NULL));
    write_byte(0);
    query(0, &data);
    CHECK((data->flags & IMDISK_IMAGE_MODIFIED) != 0);
    HANDLE disk = CALL(ImDiskOpenDeviceByNumber)(0, GENERIC_READ);
    HANDLE file = CreateFileW(L"saved.img", GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    CHECK(CALL(ImDiskSaveImageFile)(disk, file, 1, NULL)); /* the buffer becomes a sensible one */
    query(0, &data);
    CHECK((data->flags & IMDISK_IMAGE_MODIFIED) == 0);
    size.QuadPart++;
    CHECK_FAILS(CALL(ImDiskAdjustImageFileSize)(file, &size), ERROR_DISK_OPERATION_FAILED);
    size.QuadPart = -1;
    CHECK_FAILS(CALL(ImDiskAdjustImageFileSize)(file, &size), ERROR_INVALID_PARAMETER);
    size.QuadPart = 100000;
    CHECK(CALL(ImDiskAdjustImageFileSize)(file, &size));
    CHECK_EQUAL(GetFileSize(file, NULL), 100000);
    CloseHandle(file);
    CloseHandle(disk);
    unsigned char *saved = read_file(L"saved.img", &length);
    unsigned char *image = read_file(L"fat.img", &length);
    CHECK_EQUAL(saved[0], 0x5A);
    CHECK_BYTES(saved + 512, image + 512, 100000 - 512);
    free(saved);
    free(image);
    remove_disk(0);
}

static BOOL cancelled;

static LRESULT CALLBACK cancelling_window(HWND window, UINT message, WPARAM wide, LPARAM parameter)
{
    if (message == WM_APP) {
        cancelled = TRUE;
        return 0;
    }
    return DefWindowProcW(window, message, wide, parameter);
}

/* The cancelling message is dispatched by the library while it copies. */
void saving_is_cancelled(void)
{
    WNDCLASSW class = {.lpfnWndProc = cancelling_window, .lpszClassName = L"cancelling"};
    DWORD number = create_memory_disk(64 * MIB, NULL);
    struct imdisk_create_data *data;
    CHECK(RegisterClassW(&class) != 0);
    HWND window = CreateWindowExW(0, L"cancelling", L"", 0, 0, 0, 0, 0, HWND_MESSAGE, NULL, NULL, NULL);
    CHECK(window != NULL && PostMessageW(window, WM_APP, 0, 0));
    write_byte(number);
    HANDLE disk = CALL(ImDiskOpenDeviceByNumber)(number, GENERIC_READ);
    HANDLE file = CreateFileW(L"saved.img", GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    cancelled = FALSE;
    CHECK_FAILS(CALL(ImDiskSaveImageFile)(disk, file, 65536, &cancelled), ERROR_CANCELLED);
    CHECK(GetFileSize(file, NULL) < 64 * MIB);
    CHECK_FAILS(CALL(ImDiskSaveImageFile)(disk, file, 65536, &cancelled), ERROR_CANCELLED);
    query(number, &data);
    CHECK((data->flags & IMDISK_IMAGE_MODIFIED) != 0); /* it has not been saved */
    cancelled = FALSE;
    CHECK(PostMessageW(window, WM_APP, 0, 0) && CALL(ImDiskFlushWindowMessages)(window) && cancelled);
    DestroyWindow(window);
    CloseHandle(file);
    CloseHandle(disk);
    remove_disk(number);
}

/* ---- registry ---- */

static DWORD value_size(HKEY key, const wchar_t *name, DWORD *type)
{
    DWORD size = 0;
    return RegQueryValueExW(key, name, NULL, type, NULL, &size) == 0 ? size : 0;
}

void boot_disks_are_configured(void)
{
    static _Alignas(8) unsigned char buffer[128];
    struct imdisk_create_data *data = (struct imdisk_create_data *)(void *)buffer;
    DWORD count = 99;
    DWORD type = 0;
    HKEY key;
    if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, PARAMETERS_KEY, 0, KEY_READ, &key) == 0) {
        RegCloseKey(key);
        test_skip("boot disks are configured here, and shall stay");
        return;
    }
    CHECK(CALL(ImDiskGetRegistryAutoLoadDevices)(&count) && count == 0);
    data->device_number = IMDISK_AUTO_DEVICE_NUMBER;
    data->size_bytes = MIB;
    data->drive_letter = L'R';
    data->flags = IMDISK_TYPE_VM;
    data->file_name_length_bytes = 10;
    memcpy(data->file_name, L"a.img", 10);
    CHECK(CALL(ImDiskSaveRegistrySettings)(data));
    CHECK_EQUAL(data->device_number, 0); /* written back */
    data->device_number = 3;
    data->size_bytes = 0;
    CHECK(CALL(ImDiskSaveRegistrySettings)(data));
    CHECK(CALL(ImDiskGetRegistryAutoLoadDevices)(&count) && count == 4);
    CHECK(RegOpenKeyExW(HKEY_LOCAL_MACHINE, PARAMETERS_KEY, 0, KEY_READ | KEY_WRITE, &key) == 0);
    CHECK_EQUAL(value_size(key, L"FileName0", &type), 12);
    CHECK_EQUAL(type, REG_SZ);
    CHECK_EQUAL(value_size(key, L"Size0", &type), 8);
    CHECK_EQUAL(type, REG_QWORD);
    CHECK_EQUAL(value_size(key, L"Size3", &type), 0); /* zero is not written */
    CHECK_EQUAL(value_size(key, L"Flags3", &type), 4);
    CHECK_EQUAL(value_size(key, L"DriveLetter0", &type), 4);
    CHECK_EQUAL(value_size(key, L"ImageOffset0", &type), 0);
    CHECK(CALL(ImDiskRemoveRegistrySettings)(0)); /* not the last one: the count stays */
    CHECK(CALL(ImDiskGetRegistryAutoLoadDevices)(&count) && count == 4);
    CHECK_EQUAL(value_size(key, L"FileName0", &type), 0);
    CHECK(CALL(ImDiskRemoveRegistrySettings)(3));
    CHECK(CALL(ImDiskGetRegistryAutoLoadDevices)(&count) && count == 3);
    data->device_number = 64000;
    CHECK_FAILS(CALL(ImDiskSaveRegistrySettings)(data), ERROR_INVALID_PARAMETER);
    data->device_number = 1;
    data->size_bytes = -1;
    CHECK_FAILS(CALL(ImDiskSaveRegistrySettings)(data), ERROR_INVALID_PARAMETER);
    CHECK_FAILS(CALL(ImDiskSaveRegistrySettings)(NULL), ERROR_INVALID_PARAMETER);
    CHECK(RegSetValueExW(key, L"LoadDevices", 0, REG_SZ, (const BYTE *)L"x", 4) == 0);
    CHECK_FAILS(CALL(ImDiskGetRegistryAutoLoadDevices)(&count), ERROR_INVALID_DATA);
    RegCloseKey(key);
    CHECK(RegDeleteKeyW(HKEY_LOCAL_MACHINE, PARAMETERS_KEY) == 0);
}
