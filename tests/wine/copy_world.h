/* SPDX-License-Identifier: MIT */
/*
 * What Wine does not have: it has no partitions on a disk and grants every lock. Here some disks are a drive and the volumes on it,
 * for which functions answer that the linker puts in the place of the library's and the system's. For copy_library.c only.
 */
#ifndef TESTS_WINE_COPY_WORLD_H
#define TESTS_WINE_COPY_WORLD_H

#include <windows.h>
#include <winioctl.h>
#include <winternl.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "lib/internal.h"
#include "tests/harness/test.h"
#include "tests/wine/named_object.h"

#define NOBODY 0xFFFFFFFFu
#define SIZE   (1u << 20)
#define DRIVE  7u /* as the system numbers it */

enum { WHOLE, VOLUME, OTHER, SPANNED, DISKS };

static uint32_t number_of[DISKS];

/* What is not as usual: begin() resets it. */
static struct {
    unsigned busy;         /* this one cannot be locked */
    unsigned busy_tries;   /* so often */
    bool windows_on_drive; /* what is no disk of ours lies on the drive */
    DWORD windows_unknown; /* answers this when it is asked where it lies */
    DWORD windows_number;  /* or this, if that was its number */
    bool windows_locked;   /* and cannot be opened */
    bool images_locked;    /* images of disks cannot */
    const wchar_t *name;   /* a file of this name lies on a volume: */
    unsigned volume;       /* this one */
    bool superfloppy;      /* VOLUME says that it is partition 0 */
    bool removable;        /* WHOLE says where it lies, as a volume does */
    bool many;             /* SPANNED has more parts than anybody asks for */
    unsigned late;         /* is listed only from the second time on */
    void (*when_locked)(void);
} world;

static bool locked[DISKS];
static bool dismounted[DISKS];
static HANDLE locked_by[DISKS];
static uint32_t cached = NOBODY; /* its file system still holds what shall be written there */
static DWORD flush_fails;        /* the answer to flushes that may write */
static unsigned asked;           /* where there is data */
static unsigned lock_tries;
static unsigned updates; /* of the drive's partitions */
static unsigned slept;   /* ms */
static unsigned lists;
static HANDLE opened[64]; /* for access to the content, some closed by now */
static unsigned opens;

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
    bool whole = disk == VOLUME && world.superfloppy;
    *number = (STORAGE_DEVICE_NUMBER){FILE_DEVICE_DISK, drives[disk], whole ? 0 : partitions[disk]};
    *returned = sizeof(*number);
    return disk == SPANNED ? ERROR_INVALID_FUNCTION : 0;
}

static DWORD extents(unsigned disk, VOLUME_DISK_EXTENTS *reply)
{
    if (disk == WHOLE && !world.removable) {
        return ERROR_INVALID_FUNCTION;
    }
    reply->NumberOfDiskExtents = disk == SPANNED ? 2 : 1;
    reply->Extents[0].DiskNumber = disk == VOLUME || disk == WHOLE ? DRIVE : DRIVE + 1;
    (&reply->Extents[0])[1].DiskNumber = DRIVE;
    return disk == SPANNED && world.many ? ERROR_MORE_DATA : 0;
}

/* By others than the handle: who wants to lock a volume must be the only one. */
static bool is_open(unsigned disk, HANDLE handle)
{
    bool open = false;
    for (unsigned i = 0; i < opens; i++) {
        open = open || (opened[i] != handle && disk_of(opened[i]) == disk);
    }
    return open;
}

static DWORD lock(unsigned disk, HANDLE device)
{
    lock_tries += disk != WHOLE;
    if (disk == WHOLE && world.busy != WHOLE) {
        return ERROR_INVALID_FUNCTION;
    }
    if (is_open(disk, device) || (disk == world.busy && world.busy_tries != 0 && world.busy_tries--)) {
        return ERROR_ACCESS_DENIED;
    }
    if (world.when_locked != NULL) {
        void (*hook)(void) = world.when_locked;
        world.when_locked = NULL;
        hook();
    }
    locked[disk] = true;
    locked_by[disk] = device;
    return 0;
}

DWORD __wrap_device_control(HANDLE device, DWORD code, const void *input, DWORD input_length, void *output,
                            DWORD output_length, DWORD *returned)
{
    unsigned disk = disk_of(device);
    asked += code == BALLAST_IOCTL_DISK_QUERY_RANGES;
    if (disk == DISKS && code == IOCTL_VOLUME_GET_VOLUME_DISK_EXTENTS && world.windows_on_drive) {
        return extents(VOLUME, output);
    }
    if (disk == DISKS && world.windows_unknown != 0 &&
        (code == IOCTL_VOLUME_GET_VOLUME_DISK_EXTENTS || code == IOCTL_STORAGE_GET_DEVICE_NUMBER)) {
        bool number = code == IOCTL_STORAGE_GET_DEVICE_NUMBER && world.windows_number != 0;
        return number ? world.windows_number : world.windows_unknown;
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
        return lock(disk, device);
    case FSCTL_DISMOUNT_VOLUME:
        dismounted[disk] = true;
        return 0;
    case IOCTL_DISK_UPDATE_PROPERTIES:
        updates++;
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
    if (++listed == world.late && lists == 1) {
        listed++;
    }
    if (listed == DISKS) {
        SetLastError(ERROR_NO_MORE_FILES);
        return FALSE;
    }
    return swprintf(name, size, L"\\\\.\\ImDisk%u\\", number_of[listed]) > 0;
}

static HANDLE WINAPI first_volume(wchar_t *name, DWORD size)
{
    listed = WHOLE;
    lists++;
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

extern HANDLE(WINAPI *__real___imp_CreateFileW)(const wchar_t *name, DWORD access, DWORD share,
                                                SECURITY_ATTRIBUTES *security, DWORD disposition, DWORD flags,
                                                HANDLE template);
extern HANDLE(WINAPI *__wrap___imp_CreateFileW)(const wchar_t *name, DWORD access, DWORD share,
                                                SECURITY_ATTRIBUTES *security, DWORD disposition, DWORD flags,
                                                HANDLE template);

static HANDLE WINAPI create_file(const wchar_t *name, DWORD access, DWORD share, SECURITY_ATTRIBUTES *security,
                                 DWORD disposition, DWORD flags, HANDLE template)
{
    if (world.windows_locked && _wcsicmp(name, L"\\\\.\\C:") == 0) {
        SetLastError(ERROR_ACCESS_DENIED);
        return INVALID_HANDLE_VALUE;
    }
    HANDLE handle = __real___imp_CreateFileW(name, access, share, security, disposition, flags, template);
    if (handle != INVALID_HANDLE_VALUE && access != 0 && opens < sizeof(opened) / sizeof(opened[0])) {
        opened[opens++] = handle;
    }
    return handle;
}

HANDLE(WINAPI *__wrap___imp_CreateFileW)
(const wchar_t *name, DWORD access, DWORD share, SECURITY_ATTRIBUTES *security, DWORD disposition, DWORD flags,
 HANDLE template) = create_file;

extern void(WINAPI *__wrap___imp_Sleep)(DWORD time);

/* No test waits for it. */
static void WINAPI sleep_not(DWORD time)
{
    slept += time;
}

void(WINAPI *__wrap___imp_Sleep)(DWORD time) = sleep_not;

NTSTATUS NTAPI __wrap_NtQueryObject(HANDLE handle, OBJECT_INFORMATION_CLASS class, void *buffer, ULONG length,
                                    ULONG *returned)
{
    return query_name_on_disk(handle, class, buffer, length, returned, world.name, number_of[world.volume]);
}

NTSTATUS NTAPI __real_NtOpenFile(HANDLE *handle, ACCESS_MASK access, OBJECT_ATTRIBUTES *attributes, IO_STATUS_BLOCK *io,
                                 ULONG share, ULONG options);
NTSTATUS NTAPI __wrap_NtOpenFile(HANDLE *handle, ACCESS_MASK access, OBJECT_ATTRIBUTES *attributes, IO_STATUS_BLOCK *io,
                                 ULONG share, ULONG options);

NTSTATUS NTAPI __wrap_NtOpenFile(HANDLE *handle, ACCESS_MASK access, OBJECT_ATTRIBUTES *attributes, IO_STATUS_BLOCK *io,
                                 ULONG share, ULONG options)
{
    return world.images_locked ? (NTSTATUS)0xC0000022 /* STATUS_ACCESS_DENIED */
                               : __real_NtOpenFile(handle, access, attributes, io, share, options);
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

#endif
