/* SPDX-License-Identifier: MIT */
/*
 * Removing disks and stopping drivers when something stands against it, with the real drivers. Wine has no file system on a
 * disk, grants every lock and does not say who has a file open: what a file system and Windows would answer to these two
 * questions is answered here, by functions that the linker puts in the place of the library's and the system's. All else is real.
 */
#include <windows.h>
#include <winioctl.h>
#include <winternl.h>

#include <stdio.h>
#include <string.h>

#include "lib/internal.h"
#include "lib/users.h"
#include "tests/harness/test.h"
#include "tests/wine/named_object.h"

#define NOBODY      0xFFFFFFFFu
#define PROCESS_IDS 47 /* FileProcessIdsUsingFileInformation */

/* ---- what Wine does not have ---- */

static uint32_t busy_disk = NOBODY; /* its file system has files open, and cannot be locked */
static HANDLE used_handle;          /* that of the file in `used_path` */
static wchar_t used_path[MAX_PATH]; /* the system knows who has this file open; empty: it does not tell at all */
static uint32_t user;
static unsigned locks;
static HANDLE locked[8]; /* the handles that these were taken through */

DWORD __real_device_control(HANDLE device, DWORD code, const void *input, DWORD input_length, void *output,
                            DWORD output_length, DWORD *returned);
DWORD __wrap_device_control(HANDLE device, DWORD code, const void *input, DWORD input_length, void *output,
                            DWORD output_length, DWORD *returned);

DWORD __wrap_device_control(HANDLE device, DWORD code, const void *input, DWORD input_length, void *output,
                            DWORD output_length, DWORD *returned)
{
    if (code == FSCTL_LOCK_VOLUME) {
        uint32_t reply[IMDISK_QUERY_DEVICE_MINIMUM / 4 + 1024];
        locked[locks++ % 8] = device;
        if (__real_device_control(device, IMDISK_IOCTL_QUERY_DEVICE, NULL, 0, reply, sizeof(reply), NULL) == 0 &&
            reply[0] == busy_disk) {
            return ERROR_ACCESS_DENIED;
        }
    }
    return __real_device_control(device, code, input, input_length, output, output_length, returned);
}

NTSTATUS NTAPI __real_NtQueryInformationFile(HANDLE file, IO_STATUS_BLOCK *io, void *buffer, ULONG length,
                                             FILE_INFORMATION_CLASS class);
NTSTATUS NTAPI __wrap_NtQueryInformationFile(HANDLE file, IO_STATUS_BLOCK *io, void *buffer, ULONG length,
                                             FILE_INFORMATION_CLASS class);

static bool is_used_file(HANDLE file)
{
    BY_HANDLE_FILE_INFORMATION a;
    BY_HANDLE_FILE_INFORMATION b;
    return used_handle != NULL && GetFileInformationByHandle(file, &a) && GetFileInformationByHandle(used_handle, &b) &&
           a.nFileIndexLow == b.nFileIndexLow && a.nFileIndexHigh == b.nFileIndexHigh;
}

NTSTATUS NTAPI __wrap_NtQueryInformationFile(HANDLE file, IO_STATUS_BLOCK *io, void *buffer, ULONG length,
                                             FILE_INFORMATION_CLASS class)
{
    struct {
        ULONG count;
        ULONG_PTR id[2];
    } *ids = buffer;
    if ((int)class != PROCESS_IDS || used_path[0] == 0) {
        return __real_NtQueryInformationFile(file, io, buffer, length, class);
    }
    ids->count = 1;
    ids->id[0] = GetCurrentProcessId(); /* who asks has it open, too */
    if (is_used_file(file)) {
        ids->count = 2;
        ids->id[1] = user;
    }
    return 0;
}

/* The image's medium fails. */
static DWORD medium_fails; /* with this error */

static BOOL WINAPI flush(HANDLE file);

extern BOOL(WINAPI *__real___imp_FlushFileBuffers)(HANDLE file);
extern BOOL(WINAPI *__wrap___imp_FlushFileBuffers)(HANDLE file);
BOOL(WINAPI *__wrap___imp_FlushFileBuffers)(HANDLE file) = flush;

static BOOL WINAPI flush(HANDLE file)
{
    if (medium_fails != 0) {
        SetLastError(medium_fails);
        return FALSE;
    }
    return __real___imp_FlushFileBuffers(file);
}

/* Files of this name are on the file system of this disk. */
#define INNER_IMAGE L"ballast-inner.img"
static uint32_t carrier = NOBODY;

NTSTATUS NTAPI __wrap_NtQueryObject(HANDLE handle, OBJECT_INFORMATION_CLASS class, void *buffer, ULONG length,
                                    ULONG *returned)
{
    return query_name_on_disk(handle, class, buffer, length, returned, carrier != NOBODY ? INNER_IMAGE : NULL, carrier);
}

/* ---- the cases ---- */

static uint32_t create(ballast_disk_type type, const wchar_t *image)
{
    ballast_disk_options options;
    ballast_error error = {0};
    uint32_t number = NOBODY;
    ballast_disk_options_initialize(&options);
    options.type = type;
    options.image = image;
    options.size = image == NULL ? 1 << 20 : 0;
    if (!CHECK_EQUAL(ballast_disk_create(&options, &number, &error), BALLAST_OK)) {
        test_note("%s", error.message);
    }
    return number;
}

/* It is there, nobody has it locked, and it can be written and read. */
static bool usable(uint32_t number)
{
    unsigned char block[512];
    unsigned char back[512];
    ballast_result result;
    OVERLAPPED overlapped = {.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL)};
    DWORD done = 0;
    HANDLE disk = open_disk(number, OPEN_WRITE, &result, NULL);
    if (disk == INVALID_HANDLE_VALUE) {
        CloseHandle(overlapped.hEvent);
        return false;
    }
    memset(block, (int)number + 1, sizeof(block));
    bool fine = (WriteFile(disk, block, sizeof(block), &done, &overlapped) || GetLastError() == ERROR_IO_PENDING) &&
                GetOverlappedResult(disk, &overlapped, &done, TRUE) && done == sizeof(block);
    fine = fine && (ReadFile(disk, back, sizeof(back), &done, &overlapped) || GetLastError() == ERROR_IO_PENDING) &&
           GetOverlappedResult(disk, &overlapped, &done, TRUE) && memcmp(block, back, sizeof(block)) == 0;
    CloseHandle(disk);
    CloseHandle(overlapped.hEvent);
    return fine;
}

static size_t count(void)
{
    size_t disks = 999;
    CHECK_EQUAL(ballast_disk_list(NULL, 0, &disks, NULL), BALLAST_OK);
    return disks;
}

static void says(const ballast_error *error, const char *text)
{
    if (!CHECK(strstr(error->message, text) != NULL)) {
        test_note("it says: %s", error->message);
    }
}

static void remove_busy(void)
{
    ballast_error error = {0};
    uint32_t disk = create(BALLAST_DISK_RAM, NULL);
    busy_disk = disk;
    CHECK_EQUAL(ballast_disk_remove(disk, 0, &error), BALLAST_BUSY);
    says(&error, "is in use, the system does not tell by whom");
    CHECK_EQUAL(error.code, ERROR_ACCESS_DENIED);
    CHECK(usable(disk));
    CHECK_EQUAL(ballast_disk_remove(disk, BALLAST_REMOVE_FORCE, &error), BALLAST_OK);
    CHECK_EQUAL(count(), 0);
    busy_disk = NOBODY;
}

/* What cannot be written is not dropped unasked. */
static void remove_unwritten(void)
{
    ballast_error error = {0};
    static const DWORD failures[] = {ERROR_WRITE_PROTECT, ERROR_ACCESS_DENIED, ERROR_IO_DEVICE};
    uint32_t disk = create(BALLAST_DISK_RAM, NULL);
    for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
        medium_fails = failures[i];
        CHECK_EQUAL(ballast_disk_remove(disk, 0, &error), BALLAST_BUSY);
        says(&error, "has not stored yet cannot be written");
    }
    CHECK_EQUAL(ballast_drivers_stop(1u << BALLAST_DRIVER_DISK, 1, NULL, &error), BALLAST_BUSY);
    CHECK(usable(disk));
    CHECK_EQUAL(ballast_disk_remove(disk, BALLAST_REMOVE_FORCE, &error), BALLAST_OK);
    CHECK_EQUAL(count(), 0);
    medium_fails = 0;
}

/* Another process, which stays as long as the case needs it. */
static void start_other(PROCESS_INFORMATION *other)
{
    STARTUPINFOW startup = {.cb = sizeof(startup)};
    wchar_t line[] = L"cmd.exe /c ping -n 60 127.0.0.1";
    memset(other, 0, sizeof(*other));
    CHECK(CreateProcessW(NULL, line, NULL, NULL, FALSE, CREATE_SUSPENDED, NULL, NULL, &startup, other));
    user = other->dwProcessId;
}

static void end_other(const PROCESS_INFORMATION *other)
{
    (void)TerminateProcess(other->hProcess, 0);
    CloseHandle(other->hThread);
    CloseHandle(other->hProcess);
}

/* A volume's root is a directory here, with the file in one below. */
static void users_are_found(void)
{
    wchar_t root[MAX_PATH];
    wchar_t text[USERS_TEXT_SIZE];
    wchar_t expected[64];
    struct users users = {.count = 0};
    PROCESS_INFORMATION other;
    start_other(&other);
    CHECK(GetTempPathW(MAX_PATH - 64, root) != 0);
    wcscat(root, L"ballast-users\\");
    CreateDirectoryW(root, NULL);
    (void)swprintf(used_path, MAX_PATH, L"%lsinner", root);
    CreateDirectoryW(used_path, NULL);
    wcscat(used_path, L"\\file");
    used_handle = CreateFileW(used_path, GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                              CREATE_ALWAYS, 0, NULL);
    CHECK(used_handle != INVALID_HANDLE_VALUE);
    users_of_volume(INVALID_HANDLE_VALUE, root, &users);
    CHECK_EQUAL(users.count, 1); /* not this process */
    CHECK_EQUAL(users.process[0], user);
    users_describe(&users, text);
    (void)swprintf(expected, 64, L"cmd.exe (process %u)", user);
    CHECK(wcscmp(text, expected) == 0);
    end_other(&other);
    CloseHandle(used_handle);
    used_handle = NULL;
    DeleteFileW(used_path);
    *wcsrchr(used_path, L'\\') = 0;
    RemoveDirectoryW(used_path);
    RemoveDirectoryW(root);
    used_path[0] = 0;
}

static void many_users(void)
{
    struct users users = {.count = 0};
    wchar_t text[USERS_TEXT_SIZE];
    for (uint32_t i = 0; i < 6; i++) {
        users_add(&users, 0x7FFFFF00 + i / 2 * 4);
    }
    CHECK_EQUAL(users.count, 3);
    CHECK(!users.more);
    for (uint32_t i = 0; i < 3; i++) {
        users_add(&users, 0x7FFFFE00 + i * 4);
    }
    CHECK_EQUAL(users.count, USERS_MOST);
    CHECK(users.more);
    users_describe(&users, text);
    CHECK(wcsncmp(text, L"a program (process 2147483392), ", 32) == 0);
    CHECK(wcsstr(text, L" and others") != NULL);
}

/* One of three is in use: nothing is removed, nothing stays locked, and the driver goes on. */
static void stop_busy(void)
{
    ballast_error error = {0};
    uint32_t stopped = 77;
    uint32_t first = create(BALLAST_DISK_RAM, NULL);
    uint32_t second = create(BALLAST_DISK_RAM, NULL);
    uint32_t third = create(BALLAST_DISK_RAM, NULL);
    busy_disk = first; /* locked last: the others are locked by then */
    locks = 0;
    CHECK_EQUAL(ballast_drivers_stop(1u << BALLAST_DRIVER_DISK, 1, &stopped, &error), BALLAST_BUSY);
    CHECK_EQUAL(locks, 3);
    for (unsigned i = 0; i < locks; i++) {
        DWORD flags;
        CHECK(!GetHandleInformation(locked[i], &flags)); /* closed, and so unlocked */
    }
    CHECK_EQUAL(stopped, 0);
    says(&error, "is in use");
    CHECK_EQUAL(count(), 3);
    CHECK(usable(first) && usable(second) && usable(third));
    busy_disk = NOBODY;
    CHECK_EQUAL(ballast_disk_remove(second, 0, NULL), BALLAST_OK);
    CHECK_EQUAL(ballast_disk_remove(first, 0, NULL), BALLAST_OK);
    CHECK_EQUAL(ballast_disk_remove(third, 0, NULL), BALLAST_OK);
}

/* The AI driver is open in this process, or in another: no disk goes, and both drivers run on. */
static void stop_open_ai(void)
{
    ballast_error error = {0};
    ballast_ai *ai;
    uint32_t disk = create(BALLAST_DISK_RAM, NULL);
    CHECK_EQUAL(ballast_ai_open(BALLAST_AI_OPEN_QUERIES, &ai, &error), BALLAST_OK);
    uint32_t both = 1u << BALLAST_DRIVER_DISK | 1u << BALLAST_DRIVER_AI;
    CHECK_EQUAL(ballast_drivers_stop(both, 1, NULL, &error), BALLAST_BUSY);
    says(&error, "has it open itself");
    CHECK(usable(disk));
    ballast_ai_close(ai);
    CHECK_EQUAL(ballast_disk_remove(disk, 0, NULL), BALLAST_OK);
}

/* An outer disk that is in use when the inner one has gone: no other disk goes with it. */
static void stop_busy_outer(void)
{
    ballast_error error = {0};
    wchar_t image[32];
    uint32_t other = create(BALLAST_DISK_RAM, NULL);
    uint32_t outer = create(BALLAST_DISK_RAM, NULL);
    (void)swprintf(image, 32, L"\\\\.\\ImDisk%u", outer);
    uint32_t inner = create(BALLAST_DISK_FILE, image);
    busy_disk = outer;
    CHECK_EQUAL(ballast_drivers_stop(1u << BALLAST_DRIVER_DISK, 1, NULL, &error), BALLAST_BUSY);
    says(&error, "is in use");
    CHECK(usable(outer) && usable(other) && !usable(inner));
    busy_disk = NOBODY;
    CHECK_EQUAL(ballast_disk_remove(outer, 0, NULL), BALLAST_OK);
    CHECK_EQUAL(ballast_disk_remove(other, 0, NULL), BALLAST_OK);
}

static void make_file(const wchar_t *path)
{
    static const unsigned char bytes[1 << 17];
    DWORD written = 0;
    HANDLE file = CreateFileW(path, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    CHECK(WriteFile(file, bytes, sizeof(bytes), &written, NULL) && written == sizeof(bytes));
    CloseHandle(file);
}

/* By path, but not if another file has the image's path by now: the one that the disk has open is elsewhere. */
static void images_on_file_systems(void)
{
    ballast_error error = {0};
    wchar_t image[MAX_PATH];
    wchar_t moved[MAX_PATH];
    CHECK(GetTempPathW(MAX_PATH - 32, image) != 0);
    (void)swprintf(moved, MAX_PATH, L"%lsballast-moved.img", image);
    wcscat(image, INNER_IMAGE);
    make_file(image);
    carrier = create(BALLAST_DISK_RAM, NULL);
    uint32_t inner = create(BALLAST_DISK_FILE, image);
    CHECK_EQUAL(ballast_disk_remove(carrier, 0, &error), BALLAST_BUSY);
    says(&error, "lies on it");
    CHECK(MoveFileW(image, moved));
    make_file(image);
    CHECK_EQUAL(ballast_disk_remove(carrier, BALLAST_REMOVE_FORCE, &error), BALLAST_OK);
    CHECK_EQUAL(count(), 1);
    carrier = NOBODY;
    CHECK_EQUAL(ballast_disk_remove(inner, 0, NULL), BALLAST_OK);
    CHECK(DeleteFileW(image) && DeleteFileW(moved));
}

static void wrong_arguments(void)
{
    CHECK_EQUAL(ballast_drivers_stop(1u << BALLAST_DRIVERS, 0, NULL, NULL), BALLAST_INVALID_ARGUMENT);
    CHECK_EQUAL(ballast_driver_stop(BALLAST_DRIVERS, 0, NULL), BALLAST_INVALID_ARGUMENT);
}

TEST_MAIN({"a disk in use is not removed, and who uses it is unknown", remove_busy},
          {"a disk that cannot write what it holds is not removed unasked", remove_unwritten},
          {"who has files open is found below the root, and named", users_are_found},
          {"of many users some are named", many_users},
          {"a disk in use keeps all from being removed, and all are usable", stop_busy},
          {"an AI driver that is open keeps all disks from being removed", stop_open_ai},
          {"an outer disk in use keeps all but the inner one", stop_busy_outer},
          {"an image on a disk's file system, and another file of its name", images_on_file_systems},
          {"drivers that there are not", wrong_arguments})
