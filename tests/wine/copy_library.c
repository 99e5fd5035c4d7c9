/* SPDX-License-Identifier: MIT */
/*
 * Copies to drives and volumes, with the real driver. Wine has no partitions on a disk and grants every lock: here some disks
 * are a drive and the volumes on it, for which functions answer that the linker puts in the place of the library's and the
 * system's. All else is real.
 */
#include <windows.h>
#include <winioctl.h>
#include <winternl.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "lib/internal.h"
#include "tests/harness/test.h"

#define NOBODY 0xFFFFFFFFu
#define SIZE   (1u << 20)
#define DRIVE  7u /* as the system numbers it */

/* ---- what Wine does not have ---- */

enum { WHOLE, VOLUME, OTHER, SPANNED, DISKS };

static uint32_t number_of[DISKS];
static uint32_t busy = NOBODY;        /* cannot be locked */
static bool windows_on_drive;         /* what is no disk of ours lies on the drive */
static const wchar_t *name_on_volume; /* a file of this name lies on VOLUME */
static bool locked[DISKS];
static bool dismounted[DISKS];
static HANDLE locked_by[DISKS];
static uint32_t cached = NOBODY; /* its file system still holds what shall be written there */
static DWORD flush_fails;        /* the answer to flushes that may write */
static unsigned asked;           /* where there is data */

DWORD __real_device_control(HANDLE device, DWORD code, const void *input, DWORD input_length, void *output,
                            DWORD output_length, DWORD *returned);
DWORD __wrap_device_control(HANDLE device, DWORD code, const void *input, DWORD input_length, void *output,
                            DWORD output_length, DWORD *returned);

/* Which of the disks the handle leads to; DISKS: none. */
static unsigned disk_of(HANDLE device)
{
    uint32_t reply[IMDISK_QUERY_DEVICE_MINIMUM / 4 + 1024];
    unsigned i = 0;
    if (__real_device_control(device, IMDISK_IOCTL_QUERY_DEVICE, NULL, 0, reply, sizeof(reply), NULL) != 0) {
        return DISKS;
    }
    while (i < DISKS && number_of[i] != reply[0]) {
        i++;
    }
    return i;
}

static DWORD device_number(unsigned disk, STORAGE_DEVICE_NUMBER *number, DWORD *returned)
{
    static const DWORD drives[] = {DRIVE, DRIVE, DRIVE + 1, 0};
    static const DWORD partitions[] = {0, 1, 1, 0};
    *number = (STORAGE_DEVICE_NUMBER){FILE_DEVICE_DISK, drives[disk], partitions[disk]};
    *returned = sizeof(*number);
    return disk == SPANNED ? ERROR_INVALID_FUNCTION : 0;
}

static DWORD extents(unsigned disk, VOLUME_DISK_EXTENTS *reply)
{
    if (disk == WHOLE) {
        return ERROR_INVALID_FUNCTION;
    }
    reply->NumberOfDiskExtents = disk == SPANNED ? 2 : 1;
    reply->Extents[0].DiskNumber = disk == VOLUME ? DRIVE : DRIVE + 1;
    (&reply->Extents[0])[1].DiskNumber = DRIVE;
    return 0;
}

DWORD __wrap_device_control(HANDLE device, DWORD code, const void *input, DWORD input_length, void *output,
                            DWORD output_length, DWORD *returned)
{
    unsigned disk = disk_of(device);
    asked += code == BALLAST_IOCTL_DISK_QUERY_RANGES;
    if (disk == DISKS && code == IOCTL_VOLUME_GET_VOLUME_DISK_EXTENTS && windows_on_drive) {
        return extents(VOLUME, output);
    }
    if (disk == DISKS) {
        return __real_device_control(device, code, input, input_length, output, output_length, returned);
    }
    switch (code) {
    case IMDISK_IOCTL_QUERY_DEVICE:
        return ERROR_INVALID_FUNCTION; /* no disk of ours, as it were */
    case IOCTL_STORAGE_GET_DEVICE_NUMBER:
        return device_number(disk, output, returned);
    case IOCTL_VOLUME_GET_VOLUME_DISK_EXTENTS:
        return extents(disk, output);
    case FSCTL_LOCK_VOLUME:
        if (disk == WHOLE || number_of[disk] == busy) {
            return disk == WHOLE ? ERROR_INVALID_FUNCTION : ERROR_ACCESS_DENIED;
        }
        locked[disk] = true;
        locked_by[disk] = device;
        return 0;
    case FSCTL_DISMOUNT_VOLUME:
        dismounted[disk] = true;
        return 0;
    default:
        return __real_device_control(device, code, input, input_length, output, output_length, returned);
    }
}

uint32_t *__real_disk_numbers(ballast_result *result, ballast_error *error);
uint32_t *__wrap_disk_numbers(ballast_result *result, ballast_error *error);

/* Without those that are something else here. */
uint32_t *__wrap_disk_numbers(ballast_result *result, ballast_error *error)
{
    uint32_t *numbers = __real_disk_numbers(result, error);
    uint32_t count = 0;
    for (uint32_t i = 0; numbers != NULL && i < numbers[0]; i++) {
        bool ours = true;
        for (unsigned j = 0; j < DISKS; j++) {
            ours = ours && numbers[1 + i] != number_of[j];
        }
        numbers[1 + count] = numbers[1 + i];
        count += ours;
    }
    if (numbers != NULL) {
        numbers[0] = count;
    }
    return numbers;
}

static unsigned listed;

static BOOL WINAPI next_volume(HANDLE search, wchar_t *name, DWORD size)
{
    (void)search;
    if (++listed == DISKS) {
        SetLastError(ERROR_NO_MORE_FILES);
        return FALSE;
    }
    return swprintf(name, size, L"\\\\.\\ImDisk%u\\", number_of[listed]) > 0;
}

static HANDLE WINAPI first_volume(wchar_t *name, DWORD size)
{
    listed = WHOLE;
    return next_volume(NULL, name, size) ? (HANDLE)&listed : INVALID_HANDLE_VALUE;
}

static BOOL WINAPI end_volumes(HANDLE search)
{
    HANDLE begun = &listed;
    return search == begun;
}

extern HANDLE(WINAPI *__wrap___imp_FindFirstVolumeW)(wchar_t *name, DWORD size);
extern BOOL(WINAPI *__wrap___imp_FindNextVolumeW)(HANDLE search, wchar_t *name, DWORD size);
extern BOOL(WINAPI *__wrap___imp_FindVolumeClose)(HANDLE search);
HANDLE(WINAPI *__wrap___imp_FindFirstVolumeW)(wchar_t *name, DWORD size) = first_volume;
BOOL(WINAPI *__wrap___imp_FindNextVolumeW)(HANDLE search, wchar_t *name, DWORD size) = next_volume;
BOOL(WINAPI *__wrap___imp_FindVolumeClose)(HANDLE search) = end_volumes;

NTSTATUS NTAPI __real_NtQueryObject(HANDLE handle, OBJECT_INFORMATION_CLASS class, void *buffer, ULONG length,
                                    ULONG *returned);
NTSTATUS NTAPI __wrap_NtQueryObject(HANDLE handle, OBJECT_INFORMATION_CLASS class, void *buffer, ULONG length,
                                    ULONG *returned);

NTSTATUS NTAPI __wrap_NtQueryObject(HANDLE handle, OBJECT_INFORMATION_CLASS class, void *buffer, ULONG length,
                                    ULONG *returned)
{
    NTSTATUS status = __real_NtQueryObject(handle, class, buffer, length, returned);
    UNICODE_STRING *name = buffer;
    if (status >= 0 && class == (OBJECT_INFORMATION_CLASS)1 && name_on_volume != NULL &&
        name->Length > wcslen(name_on_volume) * sizeof(wchar_t) && wcsstr(name->Buffer, name_on_volume) != NULL) {
        wchar_t device[DISK_DEVICE_NAME_SIZE];
        disk_device_name(number_of[VOLUME], device);
        name->Buffer = (wchar_t *)(name + 1);
        (void)swprintf(name->Buffer, MAX_PATH, L"%ls\\%ls", device, name_on_volume);
        name->Length = (USHORT)(wcslen(name->Buffer) * sizeof(wchar_t));
    }
    return status;
}

/* ---- file systems that hold something ---- */

static BOOL WINAPI flush(HANDLE file);

extern BOOL(WINAPI *__real___imp_FlushFileBuffers)(HANDLE file);
extern BOOL(WINAPI *__wrap___imp_FlushFileBuffers)(HANDLE file);
BOOL(WINAPI *__wrap___imp_FlushFileBuffers)(HANDLE file) = flush;

static bool may_write(HANDLE file)
{
    PUBLIC_OBJECT_BASIC_INFORMATION basic = {0};
    return __real_NtQueryObject(file, ObjectBasicInformation, &basic, sizeof(basic), NULL) >= 0 &&
           (basic.GrantedAccess & FILE_WRITE_DATA) != 0;
}

static void write_sector(uint32_t disk, uint64_t offset)
{
    ballast_result result;
    unsigned char sector[512];
    DWORD done = 0;
    OVERLAPPED place = {.Offset = (DWORD)offset};
    HANDLE handle = open_disk(disk, OPEN_WRITE, &result, NULL);
    memset(sector, 0x5A, sizeof(sector));
    BOOL begun = WriteFile(handle, sector, sizeof(sector), NULL, &place);
    CHECK(begun || GetLastError() == ERROR_IO_PENDING);
    CHECK(GetOverlappedResult(handle, &place, &done, TRUE) && done == sizeof(sector));
    CloseHandle(handle);
}

/* As Windows: who only reads may not flush. */
static BOOL WINAPI flush(HANDLE file)
{
    uint32_t reply[IMDISK_QUERY_DEVICE_MINIMUM / 4 + 1024];
    if (!may_write(file) || flush_fails != 0) {
        SetLastError(may_write(file) ? flush_fails : ERROR_ACCESS_DENIED);
        return FALSE;
    }
    if (cached != NOBODY &&
        __real_device_control(file, IMDISK_IOCTL_QUERY_DEVICE, NULL, 0, reply, sizeof(reply), NULL) == 0 &&
        reply[0] == cached) {
        cached = NOBODY;
        write_sector(reply[0], SIZE / 2);
    }
    return __real___imp_FlushFileBuffers(file);
}

/* ---- the cases ---- */

static wchar_t image[MAX_PATH];
static wchar_t path_of[DISKS][32];
static unsigned char content[SIZE];

static void make_image(const wchar_t *path)
{
    DWORD done = 0;
    HANDLE file = CreateFileW(path, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    CHECK(file != INVALID_HANDLE_VALUE && WriteFile(file, content, SIZE, &done, NULL) && done == SIZE);
    CloseHandle(file);
}

static void begin(void)
{
    wchar_t directory[MAX_PATH - 32];
    memset(content, 0xA5, sizeof(content));
    CHECK(GetTempPathW(MAX_PATH - 32, directory) != 0);
    (void)swprintf(image, MAX_PATH, L"%lscopied.img", directory);
    make_image(image);
    for (unsigned i = 0; i < DISKS; i++) {
        number_of[i] = NOBODY;
        locked[i] = dismounted[i] = false;
    }
    for (unsigned i = 0; i < DISKS; i++) {
        ballast_disk_options options;
        ballast_disk_options_initialize(&options);
        options.size = SIZE;
        CHECK_EQUAL(ballast_disk_create(&options, &number_of[i], NULL), BALLAST_OK);
        (void)swprintf(path_of[i], 32, L"\\\\.\\ImDisk%u", number_of[i]);
    }
    busy = NOBODY;
    windows_on_drive = false;
    name_on_volume = NULL;
    cached = NOBODY;
    flush_fails = 0;
    asked = 0;
}

static void end(void)
{
    for (unsigned i = 0; i < DISKS; i++) {
        uint32_t number = number_of[i];
        number_of[i] = NOBODY; /* a disk of ours again */
        CHECK_EQUAL(ballast_disk_remove(number, BALLAST_REMOVE_FORCE, NULL), BALLAST_OK);
    }
    (void)DeleteFileW(image);
}

/* While it is written, all that lies on the drive is locked and dismounted, and by handles that are still open. */
static int look_at_locks(void *context, uint64_t done, uint64_t total)
{
    DWORD flags;
    unsigned *steps = context;
    (void)done;
    (void)total;
    *steps += 1;
    CHECK(locked[VOLUME] && dismounted[VOLUME] && GetHandleInformation(locked_by[VOLUME], &flags));
    CHECK(locked[SPANNED] && dismounted[SPANNED] && GetHandleInformation(locked_by[SPANNED], &flags));
    CHECK(!locked[OTHER] && !dismounted[OTHER]);
    return 0;
}

static ballast_result copy(const wchar_t *from, const wchar_t *to, ballast_progress *progress, ballast_error *error)
{
    unsigned steps = 0;
    ballast_endpoint source = {.path = from};
    ballast_endpoint target = {.path = to};
    ballast_result result = ballast_copy(&source, &target, BALLAST_COPY_OVERWRITE, progress, &steps, error);
    CHECK(progress == NULL || result != BALLAST_OK || steps != 0);
    return result;
}

static void refused(const wchar_t *from, const wchar_t *to, ballast_result expected, const char *text)
{
    ballast_error error = {0};
    ballast_hash before;
    ballast_hash after;
    ballast_endpoint target = {.path = to};
    CHECK_EQUAL(ballast_hash_endpoint(&target, NULL, NULL, &before, NULL), BALLAST_OK);
    CHECK_EQUAL(copy(from, to, NULL, &error), expected);
    if (!CHECK(strstr(error.message, text) != NULL)) {
        test_note("it says: %s", error.message);
    }
    CHECK_EQUAL(ballast_hash_endpoint(&target, NULL, NULL, &after, NULL), BALLAST_OK);
    CHECK_BYTES(after.sha256, before.sha256, sizeof(before.sha256));
}

static void volumes_of_a_drive_are_locked(void)
{
    ballast_error error = {0};
    begin();
    CHECK_EQUAL(copy(image, path_of[WHOLE], look_at_locks, &error), BALLAST_OK);
    test_note("%s", error.message);
    end();
}

static void a_drive_in_use_is_not_written(void)
{
    begin();
    busy = number_of[SPANNED];
    refused(image, path_of[WHOLE], BALLAST_BUSY, "cannot be locked");
    busy = NOBODY;
    windows_on_drive = true;
    refused(image, path_of[WHOLE], BALLAST_BUSY, "the system runs or starts from it");
    windows_on_drive = false;
    end();
}

/* And a volume on it, in both directions; but not the volume of another. */
static void a_drive_has_its_partitions(void)
{
    static const char text[] = "source and target are the same";
    begin();
    refused(path_of[WHOLE], path_of[VOLUME], BALLAST_INVALID_ARGUMENT, text);
    refused(path_of[VOLUME], path_of[WHOLE], BALLAST_INVALID_ARGUMENT, text);
    refused(path_of[WHOLE], path_of[SPANNED], BALLAST_INVALID_ARGUMENT, text);
    CHECK_EQUAL(copy(path_of[WHOLE], path_of[OTHER], NULL, NULL), BALLAST_OK);
    end();
}

static void a_file_lies_on_its_volume(void)
{
    static const char text[] = "one is stored in the other";
    ballast_hash hash;
    ballast_endpoint file = {.path = image};
    begin();
    name_on_volume = L"copied.img";
    refused(image, path_of[WHOLE], BALLAST_INVALID_ARGUMENT, text);
    refused(image, path_of[VOLUME], BALLAST_INVALID_ARGUMENT, text);
    refused(path_of[WHOLE], image, BALLAST_INVALID_ARGUMENT, text);
    CHECK(DeleteFileW(image)); /* what is not there yet */
    CHECK_EQUAL(copy(path_of[VOLUME], image, NULL, NULL), BALLAST_INVALID_ARGUMENT);
    CHECK_EQUAL(ballast_hash_endpoint(&file, NULL, NULL, &hash, NULL), BALLAST_NOT_FOUND);
    make_image(image);
    CHECK_EQUAL(copy(image, path_of[OTHER], NULL, NULL), BALLAST_OK);
    end();
}

/* A disk whose image lies on the drive, or is a volume of it. */
static void an_image_is_not_overwritten(void)
{
    ballast_disk_options options;
    uint32_t disk = NOBODY;
    wchar_t other[MAX_PATH];
    begin();
    ballast_disk_options_initialize(&options);
    options.type = BALLAST_DISK_FILE;
    options.flags = BALLAST_DISK_READ_ONLY | BALLAST_DISK_SHARED;
    options.image = path_of[VOLUME];
    options.size = SIZE;
    CHECK_EQUAL(ballast_disk_create(&options, &disk, NULL), BALLAST_OK);
    refused(image, path_of[WHOLE], BALLAST_BUSY, "is the image of disk");
    CHECK_EQUAL(ballast_disk_remove(disk, 0, NULL), BALLAST_OK);
    (void)swprintf(other, MAX_PATH, L"%ls.other", image);
    make_image(other);
    options.image = other;
    CHECK_EQUAL(ballast_disk_create(&options, &disk, NULL), BALLAST_OK);
    name_on_volume = L"copied.img.other";
    refused(image, path_of[WHOLE], BALLAST_BUSY, "or that lies on it");
    CHECK_EQUAL(ballast_disk_remove(disk, 0, NULL), BALLAST_OK);
    (void)DeleteFileW(other);
    end();
}

/* What is still held by a file system is no hole of the disk. */
static void sources_are_flushed_first(void)
{
    wchar_t path[32];
    uint32_t disk = NOBODY;
    ballast_disk_options options;
    ballast_hash empty;
    ballast_hash hash;
    begin();
    ballast_disk_options_initialize(&options);
    options.size = SIZE;
    CHECK_EQUAL(ballast_disk_create(&options, &disk, NULL), BALLAST_OK);
    (void)swprintf(path, 32, L"\\\\.\\ImDisk%u", disk);
    const ballast_endpoint ends[] = {{.disk = disk}, {.path = path}};
    CHECK_EQUAL(ballast_hash_endpoint(&ends[0], NULL, NULL, &empty, NULL), BALLAST_OK);
    for (size_t i = 0; i < 2; i++) {
        cached = disk;
        CHECK_EQUAL(ballast_hash_endpoint(&ends[i], NULL, NULL, &hash, NULL), BALLAST_OK);
        CHECK_EQUAL(cached, NOBODY);
        CHECK(memcmp(hash.sha256, empty.sha256, sizeof(hash.sha256)) != 0);
    }
    CHECK(asked != 0);
    asked = 0; /* where that fails, nobody knows what is a hole */
    flush_fails = ERROR_IO_DEVICE;
    CHECK_EQUAL(ballast_hash_endpoint(&ends[0], NULL, NULL, &hash, NULL), BALLAST_OK);
    CHECK_EQUAL(asked, 0);
    CHECK_EQUAL(ballast_disk_remove(disk, BALLAST_REMOVE_FORCE, NULL), BALLAST_OK);
    end();
}

/* Volumes without a file system refuse flushes: nothing is held there. */
static void targets_need_no_file_system(void)
{
    ballast_error error = {0};
    begin();
    flush_fails = ERROR_INVALID_FUNCTION;
    CHECK_EQUAL(copy(image, path_of[OTHER], NULL, &error), BALLAST_OK);
    test_note("%s", error.message);
    flush_fails = ERROR_IO_DEVICE;
    CHECK_EQUAL(copy(image, path_of[OTHER], NULL, &error), BALLAST_FAILED);
    flush_fails = 0;
    end();
}

/* In words, whichever of them a system answers. */
static void a_server_that_is_not_there_is_said(void)
{
    static const DWORD codes[] = {ERROR_BAD_NETPATH, ERROR_BAD_NET_NAME, ERROR_BAD_DEV_TYPE};
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        ballast_error error = {0};
        char bare[64];
        (void)snprintf(bare, sizeof(bare), "image 'a.img': error %lu", codes[i]);
        CHECK_EQUAL(error_set(&error, result_of(codes[i]), codes[i], L"image '%ls'", L"a.img"), BALLAST_NOT_FOUND);
        CHECK_EQUAL(error.code, codes[i]);
        CHECK(strncmp(error.message, "image 'a.img': ", 15) == 0 && strcmp(error.message, bare) != 0);
        test_note("it says: %s", error.message);
    }
}

TEST_MAIN({"sources_are_flushed_first", sources_are_flushed_first},
          {"targets_need_no_file_system", targets_need_no_file_system},
          {"volumes_of_a_drive_are_locked", volumes_of_a_drive_are_locked},
          {"a_drive_in_use_is_not_written", a_drive_in_use_is_not_written},
          {"a_drive_has_its_partitions", a_drive_has_its_partitions},
          {"a_file_lies_on_its_volume", a_file_lies_on_its_volume},
          {"an_image_is_not_overwritten", an_image_is_not_overwritten},
          {"a_server_that_is_not_there_is_said", a_server_that_is_not_there_is_said})
